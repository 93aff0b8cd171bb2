"""A format written in Python as what the binding calls."""

import io
import threading

from pyforge_cli import _pyforge
from pyforge_cli.extensions._files import SinkFile, Source, SourceFile
from pyforge_cli.extensions.base import ExtensionLoadError

_UNTYPED, _READ_AT = 1, 2
_PROBES, _READS, _WRITES, _HAS_TABLES = 1, 2, 4, 8
_BUFFER = 1 << 18


class Format:
    def __init__(self, format):
        self.format = format
        self.seekable = bool(getattr(format, "seekable", False))

    def facts(self):
        """(name, description, suffixes, flags, options of reading, options of writing, what it does)"""
        format = self.format
        name = getattr(format, "name", None)
        if not isinstance(name, str) or not name:
            raise ExtensionLoadError(f"the format {type(format).__name__} has no name")
        does = sum(bit for bit, method in ((_PROBES, "probe"), (_READS, "read"), (_WRITES, "write"), (_HAS_TABLES, "tables")) if _has(format, method))
        if not does & (_READS | _WRITES):
            raise ExtensionLoadError(f"the format {name} can neither read nor write: it has neither read() nor write()")
        if does & _HAS_TABLES and not self.seekable:
            raise ExtensionLoadError(f"the format {name} has tables(), which takes seekable = True")
        suffixes = [str(suffix).lower().lstrip(".") for suffix in getattr(format, "suffixes", ())]
        flags = (_UNTYPED if getattr(format, "untyped", False) else 0) | (_READ_AT if self.seekable else 0)
        return (
            name,
            str(getattr(format, "description", "") or (type(format).__doc__ or name).strip().split("\n")[0]),
            suffixes,
            flags,
            [option.row(f"{name} input") for option in getattr(format, "read_options", ())],
            [option.row(f"{name} output") for option in getattr(format, "write_options", ())],
            does,
        )

    def probe(self, head):
        score = self.format.probe(head)
        return 100 if score is True else int(score or 0)

    def open(self, source, options):
        return _Reading(self, source, options)

    def create(self, sink, schema, options):
        return _Writing(self.format, SinkFile(sink), schema, options)


def _has(format, method):
    return callable(getattr(format, method, None))


def stream_of(table, of):
    """The Arrow stream of an object, in a capsule."""
    method = getattr(table, "__arrow_c_stream__", None)
    if method is None:
        raise TypeError(f"{of} gave {type(table).__name__}, which has no __arrow_c_stream__")
    return method()


class _Reading:
    """A file that is read, perhaps several times: the library has then brought it to its start."""

    def __init__(self, format, source, options):
        self.format = format
        self.source = source
        self.options = options
        self.file = self.given = None
        self.names = None
        if _has(format.format, "tables"):
            self.names = [str(name).encode() for name in format.format.tables(self._file(), **options)]

    def _file(self):
        self.file = Source(SourceFile(self.source, self.format.seekable), _BUFFER)
        return self.file

    def table(self, index):
        return self.names[index] if index < len(self.names) else None

    def read(self, index):
        options = dict(self.options)
        if self.names is not None and index < len(self.names):
            options["table"] = self.names[index].decode()
        self.given = self.format.format.read(self._file(), **options)
        return stream_of(self.given, "read()")

    def close(self):
        close = getattr(self.given, "close", None)
        self.given = self.file = None
        if callable(close):
            close()


class _Cancelled(Exception):
    pass


class _Table:
    """The batches that are written, as what Arrow libraries take."""

    def __init__(self, schema, step):
        self._schema = schema
        self._step = step

    def __arrow_c_stream__(self, requested_schema=None):
        if self._schema is None:
            raise ValueError("this table was taken before")
        schema, self._schema = self._schema, None
        return _pyforge.stream_of(schema, self._step)


class _Writing:
    """A file that is written. The author's write() pulls batches and the library pushes them, so write() has a thread of its own; of
    the two, one always waits for the other."""

    def __init__(self, format, sink, schema, options):
        self._ours, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._batch = None
        self._cancelled = self._done = False
        self._error = None
        self._arguments = (format, _Table(schema, self._next), sink, options)
        self._thread = threading.Thread(target=self._run, name=f"pyforge {format.name}", daemon=True)
        self._thread.start()
        self._wait()

    def _run(self):
        format, table, sink, options = self._arguments
        try:
            buffered = io.BufferedWriter(sink, _BUFFER)
            format.write(table, buffered, **options)
            if not buffered.closed:
                buffered.flush()
        except BaseException as error:
            self._error = error
        self._done = True
        self._ours.release()

    def _next(self):
        """On write()'s thread: the next batch, or None after the last."""
        self._ours.release()
        self._theirs.acquire()
        if self._cancelled:
            raise _Cancelled("the conversion has ended")
        batch, self._batch = self._batch, None
        return batch

    def _wait(self):
        """Until write() asks for a batch or has ended."""
        self._ours.acquire()
        if self._done and self._error is not None:
            error, self._error = self._error, None
            raise error

    def _give(self, batch):
        if self._done:
            raise ValueError("write() returned before it had read all rows")
        self._batch = batch
        self._theirs.release()
        self._wait()

    def add(self, batch):
        self._give(batch)

    def finish(self):
        while not self._done:
            self._give(None)
        self._thread.join()
        if self._batch is not None:
            raise ValueError("write() returned before it had read all rows")

    def discard(self):
        if not self._done:
            self._cancelled = True
            while not self._done:
                self._theirs.release()
                self._ours.acquire()
        self._thread.join()


