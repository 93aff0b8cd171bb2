"""The functions of the package. The keywords of each are the options of the command line, with _ for - (docs/options.md)."""

import io
import json
import logging
import os
from typing import NamedTuple

from pyforge_cli import _pyforge
from pyforge_cli._options import settings
from pyforge_cli._result import ConversionResult, FileInfo, ValidationResult
from pyforge_cli._table import Table

logger = logging.getLogger("pyforge_cli")

# The library's levels, in its order, as those of logging; then "as the setting log-level says", then "nothing".
_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
_AS_SET = len(_LEVELS)
_NOTHING = _AS_SET + 1


# What is wrong with an input, and not with the call.
_INVALID = (_pyforge.BadDataError, _pyforge.UnsupportedError, _pyforge.LimitError, _pyforge.RejectedError)


class Progress(NamedTuple):
    """What a conversion has done so far."""

    bytes_read: int
    bytes_total: int  # of the input as stored; -1 = not known
    rows: int
    seconds: float
    step: str

    @property
    def share(self):
        """From 0 to 1, or None when the size of the input is not known."""
        return min(1.0, self.bytes_read / self.bytes_total) if self.bytes_total > 0 else None


class Format(NamedTuple):
    name: str
    description: str
    suffixes: tuple
    reads: bool
    writes: bool


def _log(level, message):
    logger.log(_LEVELS[level], "%s", message)


def _log_anyway(level, message):
    """The setting log-level has chosen: the record is given to the handlers whatever the logger's level is."""
    record = logger.makeRecord(logger.name, _LEVELS[level], __file__, 0, "%s", (message,), None)
    if logger.hasHandlers():
        logger.handle(record)
    elif logging.lastResort is not None:
        logging.lastResort.emit(record)


def _messages(options):
    """(function, least level) for the binding. Who has set a level in Python decides; else the setting log-level does, which is
    an option, PYFORGE_LOG_LEVEL, or a line in a file of settings."""
    if options.get("log_level") is not None or logger.getEffectiveLevel() == logging.WARNING:
        return _log_anyway, _AS_SET
    return _log, next((at for at, level in enumerate(_LEVELS) if logger.isEnabledFor(level)), _NOTHING)


def _watcher(progress):
    if progress is None:
        return None
    if not callable(progress):
        raise TypeError(f"progress must be a function of one argument, not {type(progress).__name__}")
    return lambda *counts: progress(Progress(*counts))


def _path(place, what):
    path = os.fsdecode(place)
    if path == "-":
        raise ValueError(f"{what} '-' is for the command line; give a file object such as sys.stdin.buffer, or './-' for a file of this name")
    return path


def shown(place):
    """A path or location as it may be shown or kept: without the secrets that stand in it."""
    text = str(place)
    return _pyforge.shown(text.encode(errors="backslashreplace")) if ":/" in text else text


def process_path(place):
    """A location as this process opens it: the path of a mounted volume for dbfs:/Volumes/..., /x for file:/x, any other as it is."""
    return _pyforge.process_path(_path(place, "input"), None, settings({}), *_messages({}), None)


def _is_text_file(file):
    return isinstance(file, io.TextIOBase) or hasattr(file, "encoding") and hasattr(file, "buffer")


def _source(place):
    """A path as text, content as bytes, or a binary file object."""
    if isinstance(place, (str, os.PathLike)):
        return _path(place, "input")
    if isinstance(place, bytes):
        return place  # of a class of its own, too, which may have a name
    if isinstance(place, (bytearray, memoryview)):
        return bytes(place)
    if _is_text_file(place):
        raise TypeError("the input file object is in text mode: open it with 'rb', or give its .buffer")
    if callable(getattr(place, "read", None)):
        return place
    several = "; for several files: for source, target in pyforge_cli.files(...)" if isinstance(place, (list, tuple, set)) else ""
    raise TypeError(f"the input must be a path, bytes, or a binary file object, not {type(place).__name__}{several}")


class _Derived(str):
    """An output that files() has named: of a workbook with several sheets its place is a folder's, as of convert() without an output."""

    __slots__ = ()
    pyforge_derived = True


def _sink(place):
    if place is None or isinstance(place, _Derived):
        return place
    if isinstance(place, (str, os.PathLike)):
        return _path(place, "output")
    if _is_text_file(place):
        raise TypeError("the output file object is in text mode: open it with 'wb', or give its .buffer")
    if callable(getattr(place, "write", None)):
        return place
    raise TypeError(f"the output must be a path or a binary file object, not {type(place).__name__}")


def _converted(record):
    text, code, summary, error = record
    result = ConversionResult(json.loads(text), code, summary, error)
    if error is not None:
        error.result = result
    else:
        logger.info("%s", summary)
    return result


def attempt(source, output=None, *, progress=None, **options):
    """convert() that gives the result of a failed conversion instead of raising. Wrong arguments are raised all the same."""
    return _converted(_pyforge.convert(_source(source), _sink(output), settings(options), *_messages(options), _watcher(progress)))


def convert(input, output=None, *, progress=None, **options):
    """Convert a file to another format.

    input: a path, bytes, or a binary file object. output: a path, a folder, or a binary file object; without it the output lies
    beside the input and is called as the input is. An output that exists is refused unless force=True. progress: a function that
    is called with a Progress now and then.

    Gives a ConversionResult; a conversion that fails raises a PyForgeError, whose .result is the record.
    """
    return attempt(input, output, progress=progress, **options).raise_for_error()


def explain(input, output=None, **options):
    """What convert() would do with the same arguments, as a dictionary; nothing is done."""
    text = _pyforge.explain(_source(input), _sink(output), settings(options), *_messages(options), None, True)
    return json.loads(text)


def files(inputs, folder=None, *, recursive=False, **options):
    """The files that inputs stand for, each with the output it would be converted to: a list of (input, output).

    inputs: a path, a folder, a pattern ("in/*.csv", "in/**/*.csv"), or several of them. folder: where the outputs go; without it each lies
    beside its input. Outputs are called as their inputs, and no two alike. recursive: of folders, also those below.
    """
    places = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    encoded = [os.fsencode(_path(place, "input")) for place in places]
    where = None if folder is None else os.fsencode(folder)
    pairs = _pyforge.files(encoded, where, recursive, settings(options), *_messages(options))
    return [(source, _Derived(output)) for source, output in pairs]


def config(**options):
    """Every option with its value in force and where that comes from: default, a file of settings, the environment, or options."""
    text = _pyforge.config(None, None, settings(options), *_messages(options), None, True)
    return json.loads(text)


def environment():
    """What extensions know of the machine: {extension: {name: facts}}. Nothing is started for it."""
    return json.loads(_pyforge.environment(None, None, settings({}), *_messages({}), None))


def info(input, *, progress=None, **options):
    """What is known of a file without converting it: format, columns and their types, rows, dialect, row groups."""
    text = _pyforge.info(_source(input), None, settings(options), *_messages(options), _watcher(progress), True)
    return FileInfo(json.loads(text))


def validate(input, *, progress=None, **options):
    """Read the whole input and say whether it is what its format asks for.

    Gives a ValidationResult; it is true when the input is valid, else .issues tells what is wrong. An input that is not there, or
    a wrong option, raises.
    """
    text, error = _pyforge.validate(_source(input), None, settings(options), *_messages(options), _watcher(progress))
    if error is not None and not isinstance(error, _INVALID):
        raise error
    return ValidationResult(json.loads(text), error)


def read(input, *, progress=None, **options):
    """The input's table as an Arrow stream: pyarrow.table(x), polars.DataFrame(x) and DuckDB take it without copying.

    Types are settled over the whole input first, then the data comes batch by batch, once. Rows that cannot be read are set aside as by
    convert(): more than max_rejects of them raise RejectedError, fewer are counted in the table's rows_rejected and told in its
    warnings, and rejects="PATH" keeps them.
    """
    return Table(_pyforge.read(_source(input), settings(options), *_messages(options), _watcher(progress)))


def _capsule(table):
    kind = f"{type(table).__module__.partition('.')[0]}.{type(table).__name__}"
    index = getattr(table, "index", None) if kind == "pandas.DataFrame" else None
    if type(index).__name__ == "RangeIndex" and index.name is not None:
        table = table.reset_index()  # pandas gives no index that counts evenly, not even one that is a column of the user's
    method = getattr(table, "__arrow_c_stream__", None)
    if method is not None:
        try:
            return method()
        except Exception as error:
            if isinstance(error, _pyforge.PyForgeError) or type(error).__module__.partition(".")[0] not in ("pyarrow", "polars"):
                raise
            raise TypeError(f"this {kind} cannot be given as an Arrow table: {error}") from error
    if kind == "pandas.DataFrame":
        raise TypeError("this pandas has no __arrow_c_stream__: update it to 2.2, or write pyarrow.Table.from_pandas(frame)")
    raise TypeError(f"{kind} has no __arrow_c_stream__: give a table of pyarrow, Polars, DuckDB or pandas >= 2.2, or make one of it")


def write(data, output, *, progress=None, **options):
    """Write a table to a file: anything with __arrow_c_stream__, that is of pyarrow, Polars, DuckDB, pandas >= 2.2, or read().

    output: a path, whose suffix names the format unless format= does, or a binary file object. Gives and raises what convert() does.
    """
    capsule = _capsule(data)
    return _converted(
        _pyforge.write(capsule, _sink(output), settings(options), *_messages(options), _watcher(progress))
    ).raise_for_error()


def formats():
    """The formats that are read and written."""
    return [Format(name, about, tuple(suffixes.split()), reads, writes) for name, about, suffixes, reads, writes in _pyforge.formats()]
