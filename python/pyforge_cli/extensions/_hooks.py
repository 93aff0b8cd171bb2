"""Hooks: the methods of both frameworks of pyforge-cli 1.x, called as each of them documents it, and what they answer, applied."""

import contextlib
import json
import re
import sys

from pyforge_cli._options import text_of
from pyforge_cli.errors import PyForgeError
from pyforge_cli.extensions.base import BaseExtension

_VARIABLE = 0x04 | 0x08  # flags of code with *arguments, with **arguments

# In the order of enum pf_hook.
ENVIRONMENT, PARAMETERS, PERFORMANCE, PRE, POST, ERROR = range(6)
WORDS = ("environment", "parameters", "performance", "pre", "post", "error")

_METHODS = {
    ENVIRONMENT: ("hook_environment_detection",),
    PARAMETERS: ("enhance_convert_command", "hook_parameter_enhancement"),
    PERFORMANCE: ("hook_performance_optimization",),
    PRE: ("hook_pre_conversion",),
    POST: ("hook_post_conversion", "post_conversion_hook"),
    ERROR: ("hook_error_handling", "hook_post_conversion"),
}

# What is in a hook's dictionary besides options of the conversion.
_NOT_OPTIONS = {"input_file", "output_file", "converter", "success", "error", "context", "operation"}


def is_own(extension, name):
    """Whether the extension has a method of its own, and not BaseExtension's, which does nothing."""
    method = getattr(extension, name, None)
    return callable(method) and getattr(method, "__func__", method) is not getattr(BaseExtension, name, None)


def hooks_of(extension):
    """{hook: [names of methods]}; an attribute hooks of the extension's says which are wanted, else those that it has are."""
    wanted = getattr(extension, "hooks", None)
    found = {kind: [name for name in names if is_own(extension, name)] for kind, names in _METHODS.items()}
    return {kind: names for kind, names in found.items() if names and (wanted is None or WORDS[kind] in wanted)}


def call_hook(names, extension, call):
    """Calls the methods of one hook. call: what the binding lets a hook ask and do."""
    # what a hook prints must not get into data that goes to standard output
    with contextlib.redirect_stdout(sys.stderr) if call.places()[1] == "-" else contextlib.nullcontext():
        for name in names:
            _CALLS[name](name, getattr(extension, name), call)


# ---- calling


def _signature(method):
    import inspect

    return inspect.signature(method)


def _takes(method):
    """The names of the arguments of a plain method, which has no other kinds of them; else None, and its signature has to be asked for."""
    function = getattr(method, "__func__", None)
    code = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__") or hasattr(function, "__signature__"):
        return None
    if code.co_flags & _VARIABLE or code.co_kwonlyargcount or getattr(code, "co_posonlyargcount", 0):
        return None
    return code.co_varnames[1 : code.co_argcount]


def call_method(method, values, more):
    """Calls a method whose documented arguments are values, in order. It may ask for fewer, for some of more, by any names, for all
    of them by **, or, having one argument of a name of its own, for a dictionary of all."""
    if _takes(method) == tuple(values):
        return method(*values.values())
    parameters = list(_signature(method).parameters.values())
    places = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    known = {**more, **values}
    if len(parameters) == 1 and len(places) == 1 and places[0].name not in known and len(values) > 1:
        return method(known)
    positional, keywords, order = [], {}, list(values)
    for at, one in enumerate(places):
        if one.name in known and one.kind is not one.POSITIONAL_ONLY and not positional:
            keywords[one.name] = known.pop(one.name)
        elif at < len(order) and order[at] in known and one.default is one.empty:
            positional.append(known.pop(order[at]))
        elif one.name in known:
            positional.append(known.pop(one.name))
    return _call(method, parameters, positional, keywords, known, values)


def _call(method, parameters, positional, keywords, left, values):
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and one.name in left:
            keywords[one.name] = left.pop(one.name)
        elif one.kind is one.VAR_POSITIONAL and not keywords:
            positional.extend(left.pop(name) for name in values if name in left)
        elif one.kind is one.VAR_KEYWORD:
            keywords.update(left)
    if positional and keywords:
        # a name may stand before those that were given by place
        bound = _signature(method).bind_partial(**keywords)
        for name, value in zip((one.name for one in parameters if one.name not in bound.arguments), positional):
            keywords[name] = value
        positional = []
    return method(*positional, **keywords)


def _file(text):
    """A location as a hook sees it: a Path, the text of a location of a storage scheme, or None."""
    if not text:
        return None
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", text):
        return text
    from pathlib import Path

    return Path(text)


def _places(call):
    source, target = call.places()
    return {"input_file": _file(source), "output_file": _file(target)}


def _options(call):
    """The options given, by their names as keywords; flags as True and False, the rest as texts."""
    options = {}
    for name, text in json.loads(call.options() or "{}").items():
        is_flag = call.is_flag(name)
        options[name.replace("-", "_")] = text.lower() in ("yes", "true", "1", "on") if is_flag else text
    return options


# ---- answers


def _opened(name, answer, call):
    """The answer without a HookResult around it; what that says is noted."""
    if not (hasattr(answer, "success") and hasattr(answer, "data") and hasattr(answer, "stop_processing")):
        return answer
    message = str(answer.message or "")
    if not answer.success:
        raise RuntimeError(message or f"{name}() answered that it failed")
    if message:
        call.note(message)
    return answer.data


def _changed(name, answer, given):
    """The options that an answer holds; given are those the method got, which it may have changed in place."""
    if answer is None or isinstance(answer, bool):
        return given
    if not isinstance(answer, dict):
        raise TypeError(f"{name}() answered with {type(answer).__name__}, a dictionary of options or None was expected")
    inner = answer.get("options")
    return inner if isinstance(inner, dict) else answer


def _apply(call, before, after):
    for name, value in after.items():
        if not isinstance(name, str):
            raise TypeError(f"{name!r} is no name of an option")
        if name in _NOT_OPTIONS or name in before and before[name] == value or value is None:
            continue
        _set(call, name.rstrip("_"), value)


def _set(call, name, value):
    """What is wrong with it, the library notes."""
    if not isinstance(value, bool):
        call.set(name, text_of(name, value))
    elif not call.is_flag(name):
        call.set(name, "yes" if value else "no")
    else:
        call.set(name if value else f"no-{name}", None)


# ---- the hooks


def _environment(name, method, call):
    answer = _opened(name, method(), call)
    if answer is None:
        return
    if not isinstance(answer, dict):
        raise TypeError(f"{name}() answered with {type(answer).__name__}, a dictionary was expected")
    for key, value in answer.items():
        call.fact(str(key), json.dumps(value, default=str))


def _enhance(name, method, call):
    """Options; or, as the second framework had it, a context of click's, None here, and the options by **."""
    before = {**_options(call), **_places(call)}
    given = dict(before)
    if _takes(method) is None and any(one.kind is one.VAR_KEYWORD for one in _signature(method).parameters.values()):
        answer = method(None, **given)
    else:
        answer = call_method(method, {"options": given}, {})
    _apply(call, before, _changed(name, _opened(name, answer, call), given))


def _before(name, method, call):
    before = _options(call)
    given = dict(before)
    answer = call_method(method, {**_places(call), "options": given}, {"converter": None})
    _apply(call, before, _changed(name, _opened(name, answer, call), given))


def _parameters(name, method, call):
    before = _options(call)
    given = dict(before)
    answer = method({"input_file": _places(call)["input_file"], "options": given})
    _apply(call, before, _changed(name, _opened(name, answer, call), given))


def _performance(name, method, call):
    before = _options(call)
    given = dict(before)
    answer = call_method(method, {"operation": "convert", "options": given}, _places(call))
    _apply(call, before, _changed(name, _opened(name, answer, call), given))


def _after(name, method, call):
    text = call.result()
    record = json.loads(text) if text else {"success": False, "error": str(call.error() or "")}
    places = _places(call)
    if record.get("output_path"):
        places["output_file"] = _file(record["output_path"])
    success = bool(record.get("success"))
    more = {"converter": record.get("processing_engine"), "conversion_result": success, "metadata": record, "result": record}
    _opened(name, call_method(method, {**places, "options": _options(call), "success": success}, more), call)


def _result(name, method, call):
    if call.result():
        _opened(name, method(json.loads(call.result())), call)


def _error(name, method, call):
    """True, or a dictionary with handled, recovery_success or retry: the conversion is tried once more, with the options changed."""
    before = _options(call)
    given = dict(before)
    error = call.error() or PyForgeError("the conversion failed")
    places = _places(call)
    context = {**places, "operation": "convert", "options": given, "status": error.status, "error": error, "row": error.row}
    answer = call_method(method, {"error": error, "context": context}, {**places, "options": given, "converter": None})
    answer = _opened(name, answer, call)
    after, again = given, answer is True
    if isinstance(answer, dict):
        again = any(answer.get(key) for key in ("retry", "handled", "recovery_success"))
        after = answer["options"] if isinstance(answer.get("options"), dict) else given
    elif answer is not None and not isinstance(answer, bool):
        raise TypeError(f"{name}() answered with {type(answer).__name__}, True, False or a dictionary was expected")
    _apply(call, before, after)
    if again:
        call.retry()


_CALLS = {
    "hook_environment_detection": _environment,
    "enhance_convert_command": _enhance,
    "hook_parameter_enhancement": _parameters,
    "hook_performance_optimization": _performance,
    "hook_pre_conversion": _before,
    "hook_post_conversion": _after,
    "post_conversion_hook": _result,
    "hook_error_handling": _error,
}
