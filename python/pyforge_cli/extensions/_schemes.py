"""A storage scheme written in Python as what the binding calls."""

import threading

from pyforge_cli.extensions.base import ExtensionLoadError

_READS_AT, _LISTS, _MAKES_DIRECTORIES, _REMOVES, _CREATES, _IDENTIFIES = 1, 2, 4, 8, 16, 32
_DOES = (
    (_LISTS, "list"),
    (_MAKES_DIRECTORIES, "make_directory"),
    (_REMOVES, "remove"),
    (_CREATES, "create"),
    (_IDENTIFIES, "identity"),
)


def _facts(known):
    """What stat() and list() tell of a location: a number of bytes; a dictionary of size, modified (seconds) and directory; or an
    object with these."""
    if known is None:
        return -1, 0, False
    if isinstance(known, int) and not isinstance(known, bool):
        return known, 0, False
    ask = known.get if isinstance(known, dict) else lambda name, default: getattr(known, name, default)
    size, modified = ask("size", None), ask("modified", None)
    return -1 if size is None else int(size), 0 if modified is None else int(modified * 1e9), bool(ask("directory", False))


class Scheme:
    def __init__(self, scheme):
        self.scheme = scheme

    def facts(self):
        """(name, description, paths that it claims, what it does)"""
        scheme = self.scheme
        name = getattr(scheme, "name", None)
        if not isinstance(name, str) or not name:
            raise ExtensionLoadError(f"the storage scheme {type(scheme).__name__} has no name")
        for method in ("stat", "open"):
            if not callable(getattr(scheme, method, None)):
                raise ExtensionLoadError(f"the storage scheme {name} has no {method}()")
        does = sum(bit for bit, method in _DOES if callable(getattr(scheme, method, None)))
        if getattr(scheme, "seekable", False):
            does |= _READS_AT
        paths = getattr(scheme, "paths", None) or ()
        if isinstance(paths, str) or not all(isinstance(path, str) for path in paths):
            raise ExtensionLoadError(f"the paths of the storage scheme {name} are no list of texts")
        return name, str(getattr(scheme, "description", "") or (type(scheme).__doc__ or name).strip().split("\n")[0]), list(paths), does

    def stat(self, location):
        return _facts(self.scheme.stat(location))

    def open(self, location):
        return _Reading(self.scheme.open(location))

    def list(self, location):
        """Entries are whole locations, or pairs of one and what stat() would tell of it."""
        for entry in self.scheme.list(location):
            if isinstance(entry, str):
                yield entry, self.stat(entry)
            else:
                place, known = entry
                yield place, _facts(known)

    def identity(self, location):
        text = self.scheme.identity(location)
        if not isinstance(text, str):
            raise TypeError(f"identity() answered with {type(text).__name__}, a text was expected")
        return text

    def make_directory(self, location):
        self.scheme.make_directory(location)

    def remove(self, location):
        self.scheme.remove(location)

    def create(self, location, replace):
        return _Writing(self.scheme.create(location, replace))


class _Reading:
    """A file that is read one after another and, by several threads, at any place."""

    def __init__(self, file):
        self.file = file
        self.at = None  # where read() goes on, once read_at() has moved the file
        self.lock = threading.Lock()

    def read(self, size):
        with self.lock:
            if self.at is not None:
                self.file.seek(self.at)
                self.at = None
            data = self.file.read(size)
        if data is None:
            raise BlockingIOError("read() gave None: the file is non-blocking and has nothing yet")
        return bytes(data)

    def read_at(self, offset, size):
        direct = getattr(self.file, "read_at", None)
        if direct is not None:
            return bytes(direct(offset, size))
        with self.lock:
            if self.at is None:
                self.at = self.file.tell()
            self.file.seek(offset)
            parts = []
            while size > 0:
                part = self.file.read(size)
                if not part:
                    raise EOFError(f"the file ends at byte {self.file.tell()}, {size} more were expected")
                parts.append(part)
                size -= len(part)
        return b"".join(parts)

    def close(self):
        close = getattr(self.file, "close", None)
        if close is not None:
            close()


class _Writing:
    def __init__(self, file):
        for method in ("write", "commit", "abort"):
            if not callable(getattr(file, method, None)):
                raise TypeError(f"create() gave {type(file).__name__}, which has no {method}()")
        self.file = file
        self.committed = False

    def write(self, data):
        view = memoryview(data)
        while view:
            count = self.file.write(view)
            if count is not None and not 0 < count <= len(view):
                raise OSError(f"write() took {count} of {len(view)} bytes")
            view = view[len(view) if count is None else count :]

    def commit(self):
        self.file.commit()
        self.committed = True

    def discard(self):
        if not self.committed:
            self.file.abort()
