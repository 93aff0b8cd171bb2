"""Between extensions as their authors write them and the binding (python/extension*.c), which calls few methods of few objects.

What an author may do in more than one way, and what pyforge-cli 1.x and its two extension frameworks allowed, is settled here. Every
process that calls a hook imports this: what only some extensions need is imported where it is needed.
"""

import atexit
import importlib
import json
import os
import re
import stat
import sys

from pyforge_cli import _pyforge
from pyforge_cli.extensions._hooks import call_hook, hooks_of, is_own
from pyforge_cli.extensions.base import ExtensionLoadError, is_converter

# What the library should think of an exception: by class, the first that fits.
_STATUS = (
    (MemoryError, "PF_NO_MEMORY"),
    (FileNotFoundError, "PF_NOT_FOUND"),
    (FileExistsError, "PF_EXISTS"),
    (NotImplementedError, "PF_UNSUPPORTED"),
    (OSError, "PF_IO"),
    (ImportError, "PF_UNSUPPORTED"),
    (ValueError, "PF_BAD_DATA"),
    (EOFError, "PF_BAD_DATA"),
)


def describe(error, log):
    """(status, message, remedy, trace) of an exception. log: there is no conversion whose log would get the trace."""
    # that something is not there, or is there already, is an answer
    is_answer = isinstance(error, (FileNotFoundError, FileExistsError))
    trace = "" if is_answer else _trace(error)
    trace = trace.replace("\0", " ").encode("utf-8", "backslashreplace").decode()
    if log and trace:
        logger().debug("%s", trace)
    if isinstance(error, _pyforge.PyForgeError) and error.status:
        return error.status, _one_line(error.message), _one_line(error.remedy), trace
    status = next((name for kind, name in _STATUS if isinstance(error, kind)), "PF_INTERNAL")
    remedy = getattr(error, "remedy", "")
    text = _one_line(str(error))
    if isinstance(error, ExtensionLoadError):
        return "PF_BAD_DATA", text, _one_line(remedy), trace
    name = type(error).__name__
    return status, f"{name}: {text}" if text else name, _one_line(remedy) if isinstance(remedy, str) else "", trace


def _trace(error):
    import traceback

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def logger():
    import logging

    return logging.getLogger("pyforge_cli.extensions")


def _one_line(text):
    return " ".join(str(text).split()).encode("utf-8", "backslashreplace").decode().replace("\0", " ")


def load(name, entry):
    """The bridge of the extension that an entry point, "module:Class", or a plug-in's path names."""
    if entry.startswith("/"):
        from pyforge_cli.extensions._converters import plugin_extension

        extension = plugin_extension(name, entry)
    else:
        extension = _extension_of(name, _found(entry))
    bridge = Bridge(name, extension)
    atexit.unregister(_pyforge.extensions_close)
    atexit.register(_pyforge.extensions_close, True)
    return bridge


def _found(entry):
    module, _, attribute = entry.partition(":")
    try:
        found = importlib.import_module(module.strip())
    except ImportError as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else None
        problem = ExtensionLoadError(f"{entry} cannot be imported: {type(error).__name__}: {error}")
        if missing and (module == missing or module.startswith(missing + ".")):
            problem.remedy = "its entry point names what is not there; install or remove its package again"
        elif missing:
            problem.remedy = f"install {missing.partition('.')[0]}"
        raise problem from error
    except Exception as error:
        raise ExtensionLoadError(f"importing {module} failed: {type(error).__name__}: {error}") from error
    for part in filter(None, attribute.strip().split(".")):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            problem = ExtensionLoadError(f"{module} has no {attribute}")
            problem.remedy = "its entry point names what is not there; install or remove its package again"
            raise problem from error
    return found


def _extension_of(name, found):
    """An object with the methods of BaseExtension."""
    if is_converter(found):
        from pyforge_cli.extensions._converters import converter_formats

        return converter_formats(name, [(name, found)])
    if isinstance(found, type):
        try:
            extension = found()
        except Exception as error:
            raise ExtensionLoadError(f"making a {found.__name__} failed: {type(error).__name__}: {error}") from error
    else:
        extension = found
    if not callable(getattr(extension, "initialize", None)):
        kind = type(extension).__name__
        problem = ExtensionLoadError(f"{kind} is no extension: it has no initialize()")
        problem.remedy = "derive it from pyforge_cli.extensions.BaseExtension"
        raise problem
    return extension


def _text(value, default=""):
    return value if isinstance(value, str) else default


class Bridge:
    """What the binding calls of one extension."""

    def __init__(self, name, extension):
        self.name = name
        self.extension = extension
        self.commands = {}
        self.kept = []  # the binding borrows what initialise() gives
        self.hooks = hooks_of(extension)

    def facts(self):
        """(version, description, licence, hooks, hook order)"""
        extension = self.extension
        description = _text(getattr(extension, "description", "")) or (type(extension).__doc__ or "").strip().split("\n")[0]
        details = getattr(extension, "get_details", None)
        if details is not None:
            told = _one_line(details())
            description = f"{description} | {told}" if told else description
        version = getattr(extension, "version", None) or getattr(extension, "__version__", None)
        hooks = sum(1 << kind for kind in self.hooks)
        order = getattr(extension, "hook_order", 0)
        return _text(version), description, _text(getattr(extension, "licence", "")), hooks, order if isinstance(order, int) else 0

    def available(self):
        check = getattr(self.extension, "is_available", None)
        good = check is None or bool(check())
        reason = "" if good else _one_line(getattr(self.extension, "unavailable_reason", ""))
        return good, reason or "it says that it is not available here"

    def library(self):
        """The path of its native half, its attribute native; None = it has none. A file of the package is trusted as that is."""
        native = getattr(self.extension, "native", None)
        if not native:
            return None
        module = sys.modules.get(type(self.extension).__module__)
        beside = os.path.dirname(os.path.abspath(getattr(module, "__file__", None) or ""))
        path = os.path.join(beside, os.fspath(native))
        folders = [beside, *_folders_of(type(self.extension).__module__)]
        real = os.path.realpath(path)
        if not any(real.startswith(os.path.join(os.path.realpath(folder), "")) for folder in folders):
            problem = ExtensionLoadError(f"its library {path} is not in the folder of its package")
            problem.remedy = "put it beside the module, and name it by its file name"
            raise problem
        if not os.path.isfile(real):
            problem = ExtensionLoadError(f"its library {path} is not there")
            problem.remedy = "install the whole package again, for this system"
            raise problem
        for place in (real, os.path.dirname(real)):
            if os.stat(place).st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
                problem = ExtensionLoadError(f"its library {path} may be replaced by anybody: {place} may be written to by all")
                problem.remedy = f"chmod o-w {place}"
                raise problem
        return real

    def initialise(self, settings="{}"):
        """[(kind, what the binding takes for it), ...]; settings: [extensions.NAME] of the settings files, as JSON"""
        known = json.loads(settings)
        if known:  # else what the extension's class says stays
            self.extension.settings = known
        if self.extension.initialize() is False:
            raise ExtensionLoadError("its initialize() answered False")
        self.extension.initialized = True
        additions = [*self._places(), *self._work()]
        self.kept = additions
        return additions

    def _places(self):
        """What data are read from and written to."""
        formats = _list(self.extension, "get_formats")
        if formats:
            from pyforge_cli.extensions._formats import Format

            yield from (("format", Format(format)) for format in formats)
        converters = _pairs(self.extension, "get_converters")
        if converters:
            from pyforge_cli.extensions._converters import converter_formats

            for name, converter in converters:
                yield from (("format", format) for format in converter_formats(name, [(name, converter)]).adapters())
        schemes = _list(self.extension, "get_schemes")
        if schemes:
            from pyforge_cli.extensions._schemes import Scheme

            yield from (("scheme", Scheme(scheme)) for scheme in schemes)

    def _work(self):
        """What is done: engines, options, commands and probes."""
        engines = _list(self.extension, "get_engines")
        if engines:
            from pyforge_cli.extensions._engines import Engine

            yield from (("engine", Engine(engine)) for engine in engines)
        options = [option.row(self.name) for option in _list(self.extension, "get_options")]
        if options:
            yield "options", options
        given = self.extension.get_commands() if hasattr(self.extension, "get_commands") else None
        if given:
            from pyforge_cli.extensions._commands import Command, commands_of

            for name, function in commands_of(given):
                self.commands[name] = command = Command(name, function)
                yield "command", command.facts()
        for name, probe in _pairs(self.extension, "get_probes"):
            yield "probe", (name, _Probe(probe))

    def hook(self, kind, call):
        call_hook(self.hooks[kind], self.extension, call)

    def command(self, words):
        return self.commands[words[0]].run(words[1:])

    def shutdown(self):
        """hook_shutdown(), which was called undeclared, then its shutdown() or else its cleanup(): BaseExtension's shutdown() calls
        that."""
        for name in ("hook_shutdown", "shutdown" if is_own(self.extension, "shutdown") else "cleanup"):
            method = getattr(self.extension, name, None)
            if callable(method):
                method()
        self.extension.initialized = False


def _folders_of(module):
    """The folders of the package that a module is of, the outermost."""
    package = sys.modules.get(module.partition(".")[0])
    return [os.fspath(folder) for folder in getattr(package, "__path__", ())]


class _Probe:
    def __init__(self, function):
        self.function = function

    def __call__(self):
        known = self.function()
        return None if known is None else json.dumps(known, default=str)


def _list(extension, method):
    """What a method of the extension gives, as a list; a method that is not there gives none."""
    function = getattr(extension, method, None)
    if function is None:
        return []
    given = function()
    if given is None:
        return []
    if isinstance(given, dict):
        return list(given.values())
    if isinstance(given, (list, tuple)):
        return list(given)
    raise ExtensionLoadError(f"its {method}() gave {type(given).__name__}, a list was expected")


def _pairs(extension, method):
    function = getattr(extension, method, None)
    given = function() if function is not None else None
    if not given:
        return []
    if isinstance(given, dict):
        return list(given.items())
    if isinstance(given, (list, tuple)):
        return [(_name_of(item), item) for item in given]
    raise ExtensionLoadError(f"its {method}() gave {type(given).__name__}, a dictionary was expected")


def _name_of(item):
    name = getattr(item, "PLUGIN_NAME", None) or getattr(item, "name", None) or getattr(item, "__name__", None) or type(item).__name__
    return re.sub(r"[^a-z0-9.+-]+", "-", str(name).lower()).strip("-.+")
