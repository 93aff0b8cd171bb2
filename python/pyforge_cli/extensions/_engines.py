"""An engine written in Python as what the binding calls, and the job and its context as an engine's author sees them."""

import json
import os
import time

from pyforge_cli.errors import PyForgeError
from pyforge_cli.extensions.base import EngineError, ExtensionLoadError

_BY_STATUS, _FALLS_BACK, _ENDS, _UNKNOWN = range(4)
_OUTCOMES = {"falls back": _FALLS_BACK, "ends": _ENDS, "unknown": _UNKNOWN}

# Options that the conversion has settled, or that are its own.
_OUTER = {"engine", "force-core", "force-pyspark", "report-dir", "log-level", "output-dir", "from", "format", "table", "mode", "merge-schema", "staging", "timezone"}


class Job:
    """A conversion, decided.

    input, output: locations. input_format, output_format: names of formats. options: all that were given, {name: text}, with '-' in
    names. input_bytes: as stored; data_bytes: an estimate, decompressed; None = not known. replace: what is at the output may be
    replaced.

    engines_only: what is written is no file: the output is the name of a table, or the place of data in a format that only engines write.
    table: its name, or None. mode: "error", "append" or "overwrite", for what is there already. merge_schema: new columns may be added.
    staging: a folder for data on their way, or None. timezone: of timestamps that have none.
    """

    def __init__(self, handle):
        self._handle = handle
        input, self.input_format, output, self.output_format, options, stored, data, self.replace, target = handle.facts()
        self.input, self.output = input, output
        self.engines_only, table, self.mode, self.merge_schema, staging, self.timezone = target
        self.table, self.staging = table or None, staging or None
        self.options = json.loads(options)
        self.input_bytes = None if stored < 0 else stored
        self.data_bytes = None if data < 0 else data

    def remote(self, whole=False):
        """How Spark carries out the job with the result of the native engine, as a dictionary; its "refusal" is None, or why Spark would
        not. whole: the input is read to its end for that, while the engine runs; else its beginning tells."""
        return json.loads(self._handle.remote(whole))

    def option(self, name):
        """The value of an option in force, by any of its names, as text; None = it was not given."""
        return self._handle.option(name)

    def __repr__(self):
        return f"Job({self.input!r} -> {self.output!r})"


class Context:
    """What an engine may have done by the core while it runs."""

    def __init__(self, job, handle):
        self.job = job
        self._handle = handle
        self._started = time.monotonic()
        self._written = None  # rows of the output, where the core wrote it
        self._columns = None  # and its columns

    def progress(self, rows=0, *, bytes_read=0, bytes_total=None, step="reading"):
        """Tells how far the run is. Raises when the conversion is to end; to be called every now and then."""
        total = self.job.input_bytes if bytes_total is None else bytes_total
        self._handle.progress(bytes_read, -1 if total is None else total, rows, time.monotonic() - self._started, step)

    def check_cancel(self):
        """Raises when the conversion is to end."""
        self.progress()

    def warn(self, text):
        """A warning of the result."""
        self._handle.warn(" ".join(str(text).split()))

    def _options(self, more):
        options = {name.replace("-", "_"): value for name, value in self.job.options.items() if name not in _OUTER}
        options.update({"engine": "native", "report_dir": "", "from": self.job.input_format, "progress": self._on_progress}, **more)
        return options

    def _making(self):
        # what it warns of is in its result, and is told by the conversion that this engine carries out
        return {"log_level": "error", "format": "parquet" if self.job.engines_only else self.job.output_format}

    def _file(self, output):
        if output is None and self.job.engines_only:
            raise ValueError("the output is no file: name one")
        return self.job.output if output is None else output

    def _on_progress(self, state):
        self._handle.progress(state.bytes_read, -1 if state.bytes_total is None else state.bytes_total, state.rows, state.seconds, state.step)

    def read(self, **options):
        """The input as the native reader gives it, with the job's options: an object with __arrow_c_stream__. options: other values."""
        from pyforge_cli import read

        given = self._options(options)
        given.pop("progress")
        return read(self.job.input, **given)

    def convert_native(self, output=None, **options):
        """The native conversion, with the job's options, to another place or to the output. Gives its result; raises when it fails."""
        from pyforge_cli import convert

        return self._noted(output, convert(self.job.input, self._file(output), **self._options({**self._making(), **options})))

    def _noted(self, output, result):
        for text in result.warnings:
            if not text.startswith("option "):  # those of options are the plan's, which has told them
                self.warn(text)
        if not self.job.engines_only and self._file(output) == self.job.output:
            self._written, self._columns = result.row_count, result.columns
        return result

    def tell_columns(self, columns):
        """What is written, for the result: dictionaries as results have them; None = what the core itself has written to the output. The
        output is there by now, so a list that is none is a warning."""
        try:
            for column in [_column(column) for column in (self._columns or () if columns is None else columns)]:
                self._handle.column(*column)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError, PyForgeError) as error:
            self.warn(f"what the engine tells of its columns is no list of names and types: {type(error).__name__}: {error}")

    def check_rows(self, told):
        """What the engine tells of rows against what the core itself has written to the output."""
        if self._written is not None and told != self._written:
            raise ValueError(f"run() tells of {told} rows written, and the core wrote {self._written}")

    def write(self, table, output=None, **options):
        """Anything with __arrow_c_stream__ as the output, whole or not at all, with the job's options. Gives the result."""
        from pyforge_cli import write

        given = self._options({**self._making(), **options})
        given.pop("from")
        return self._noted(output, write(table, self._file(output), **given))

    def join(self, paths, columns):
        """Parquet files that Spark has written by job.remote(whole=True) become the output in the types of the plan, whole or not at all.
        columns: those of the plan."""
        self._handle.join([os.fspath(path) for path in paths])
        self._columns = columns

    def place(self, path):
        """A finished local file becomes the output, whole or not at all. The file stays where it is."""
        self._handle.place(os.fspath(path))


def _count(answer, *names, default=0):
    for name in names:
        value = answer.get(name)
        if value is not None:
            return int(value)
    return default


def _column(told):
    """What the binding takes of a column as results have them."""
    nulls, because = told.get("null_count"), told.get("text_because") or {}
    return told["name"], told["type"], -1 if nulls is None else nulls, because.get("reason"), because.get("row") or 0


def _one_line(text):
    return " ".join(str(text).split())


class Engine:
    def __init__(self, engine):
        self.engine = engine
        self.failure = _BY_STATUS

    def facts(self):
        """(name, description, formats, whether it writes tables)"""
        engine = self.engine
        name = getattr(engine, "name", None)
        if not isinstance(name, str) or not name:
            raise ExtensionLoadError(f"the engine {type(engine).__name__} has no name")
        for method in ("takes", "run"):
            if not callable(getattr(engine, method, None)):
                raise ExtensionLoadError(f"the engine {name} has no {method}()")
        formats = getattr(engine, "formats", None) or ()
        if isinstance(formats, str) or not all(isinstance(format, str) and format for format in formats):
            raise ExtensionLoadError(f"the formats of the engine {name} are no list of names")
        description = str(getattr(engine, "description", "") or (type(engine).__doc__ or name).strip().split("\n")[0])
        return name, description, list(formats), bool(getattr(engine, "tables", False))

    def takes(self, handle):
        """(whether, reason, priority); the author's takes() gives whether, or (whether, reason), or (whether, reason, priority)."""
        answer = self.engine.takes(Job(handle))
        parts = answer if isinstance(answer, tuple) else (answer,)
        if not 1 <= len(parts) <= 3:
            raise TypeError(f"takes() answered with {len(parts)} values, (whether, reason) was expected")
        good, reason, priority = (*parts, *("", getattr(self.engine, "priority", 0))[len(parts) - 1 :])
        return bool(good), _one_line(reason or ""), max(-(2**31), min(2**31 - 2, int(priority)))

    def run(self, handle):
        """(rows read, written, rejected, left out, bytes written, display name)"""
        self.failure = _BY_STATUS
        job = Job(handle)
        try:
            context = Context(job, handle)
            answer = self.engine.run(job, context)
            outcome = self._outcome(answer)
            context.check_rows(outcome[1])
            context.tell_columns(answer.get("columns") if isinstance(answer, dict) else None)
            return outcome
        except BaseException as error:
            self.failure = _failure_of(error)
            raise

    def _outcome(self, answer):
        """What run() gives: a number of rows, a dictionary, or the result of a conversion."""
        if isinstance(answer, int) and not isinstance(answer, bool):
            answer = {"rows_written": answer}
        if not isinstance(answer, dict):
            raise TypeError(f"run() answered with {type(answer).__name__}, a dictionary was expected")
        if answer.get("success") is False:
            raise PyForgeError(str(answer.get("error") or "the conversion failed"))
        written = _count(answer, "rows_written", "row_count")
        rejected, left_out = _count(answer, "rows_rejected"), _count(answer, "rows_left_out")
        read = _count(answer, "rows_read", default=written + rejected + left_out)
        size = _count(answer, "bytes_written", "output_size_bytes")
        return read, written, rejected, left_out, size, _one_line(answer.get("display") or getattr(self.engine, "display", "") or "")


def _failure_of(error):
    """Errors of the library say by their status what follows; whatever else an engine raises is its own trouble, not the data's."""
    if isinstance(error, EngineError):
        return _OUTCOMES[error.outcome]
    if isinstance(error, PyForgeError) and error.status:
        return _BY_STATUS
    if isinstance(error, FileExistsError) or not isinstance(error, Exception):
        return _ENDS
    return _FALLS_BACK
