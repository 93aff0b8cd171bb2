"""Commands of extensions: a callable that takes the words, an old one that takes its arguments, or a command of click."""

import inspect
import sys

_TAKES_WORDS = {"argv", "args", "words", "arguments"}


class Command:
    def __init__(self, name, function):
        self.name = name
        self.function = function
        self.is_click = _is_click(function)

    def facts(self):
        """(name, summary, help)"""
        text = self._help()
        lines = text.strip().splitlines()
        return self.name, lines[0].rstrip(".") if lines else "", text or None

    def _help(self):
        if not self.is_click:
            return inspect.getdoc(self.function) or ""
        import click

        with click.Context(self.function, info_name=f"pyforge {self.name}") as context:
            about = (self.function.get_short_help_str(200) or "").strip()
            return f"{about}\n\n{self.function.get_help(context)}"

    def run(self, words):
        """(exit code, what is to be said of a failure)"""
        try:
            return _code(self._call(words)), ""
        except SystemExit as end:
            return _exit(end)
        except _Usage as error:
            return 2, f"Usage: pyforge {self.name} {error}\n"
        except Exception as error:
            from pyforge_cli.extensions._bridge import logger

            logger().debug("the command %s failed", self.name, exc_info=True)
            return 1, f"Error: {self.name}: {type(error).__name__}: {error}\n"
        finally:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None and not stream.closed:
                    stream.flush()

    def _call(self, words):
        if self.is_click:
            return self.function.main(args=list(words), prog_name=f"pyforge {self.name}")
        if _takes_words(self.function):
            return self.function(list(words))
        try:
            bound = inspect.signature(self.function).bind(*words)
        except TypeError as error:
            raise _Usage(" ".join(_shown(self.function))) from error
        return self.function(*bound.args, **bound.kwargs)


class _Usage(Exception):
    pass


def _is_click(function):
    """Whether it is a command of click. Who made one has imported click."""
    click = sys.modules.get("click")
    kind = getattr(click, "Command", None)
    return kind is not None and isinstance(function, kind)


def _takes_words(function):
    """Whether the function's one argument is the list of words; else it has arguments of its own, which are given as texts."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return True
    needed = [one for one in parameters if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    if parameters and parameters[0].name in _TAKES_WORDS and parameters[0].kind is not inspect.Parameter.VAR_POSITIONAL:
        return len(needed) <= 1
    return False


def _shown(function):
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.VAR_KEYWORD or one.kind is one.KEYWORD_ONLY:
            continue
        name = one.name.upper()
        yield f"[{name}...]" if one.kind is one.VAR_POSITIONAL else name if one.default is one.empty else f"[{name}]"


def _code(answer):
    if isinstance(answer, bool):
        return 0 if answer else 1
    return answer if isinstance(answer, int) else 0


def _exit(end):
    if end.code is None or isinstance(end.code, int):
        return end.code or 0, ""
    return 1, f"{end.code}\n"


def commands_of(given):
    """[(name, callable), ...] of what get_commands() gives: a dictionary, or a list of commands."""
    if isinstance(given, dict):
        return list(given.items())
    return [(getattr(one, "name", None) or one.__name__.replace("_", "-"), one) for one in given]
