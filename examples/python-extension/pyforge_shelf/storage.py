"""The storage scheme "shelf": locations as shelf:reports/may.parquet, which lie below one folder."""

import errno
import os
import secrets


def folder():
    """Of the shelf; the variable PYFORGE_SHELF names another."""
    return os.environ.get("PYFORGE_SHELF") or os.path.expanduser("~/.pyforge-shelf")


class ShelfScheme:
    name = "shelf"
    description = "A folder of one's own"
    # open() gives files that have seek(), so formats may read at any place of them.
    seekable = True

    def _path(self, location):
        """Of the file system. What is not below the folder is not on the shelf."""
        parts = [part for part in location.partition(":")[2].split("/") if part]
        if any(part in (".", "..") for part in parts):
            raise ValueError(f"{location}: '.' and '..' are no names on the shelf")
        return os.path.join(folder(), *parts)

    def stat(self, location):
        """What is known of a location; FileNotFoundError when there is nothing."""
        return self._known(os.stat(self._path(location)))

    @staticmethod
    def _known(stat):
        directory = (stat.st_mode & 0o170000) == 0o040000
        return {"size": None if directory else stat.st_size, "modified": stat.st_mtime, "directory": directory}

    def open(self, location):
        """A binary file object."""
        return open(self._path(location), "rb")

    def list(self, location):
        """The entries of a directory: whole locations, each with what stat() tells of it."""
        above = location.rstrip("/")
        above += "" if above.endswith(":") else "/"
        try:
            entries = sorted(os.scandir(self._path(location)), key=lambda entry: entry.name)
        except FileNotFoundError:
            if location.rstrip("/") == "shelf:":
                return []
            raise
        return [(above + entry.name, self._known(entry.stat())) for entry in entries if not entry.name.startswith(".")]

    def make_directory(self, location):
        os.makedirs(self._path(location), exist_ok=True)

    def remove(self, location):
        path = self._path(location)
        if os.path.isdir(path):
            os.rmdir(path)
        else:
            os.remove(path)

    def create(self, location, replace):
        """A file object with write(), commit() and abort(). Nothing is seen at the location before commit()."""
        return ShelfFile(self._path(location), replace)


class ShelfFile:
    """A file under a hidden name until commit()."""

    def __init__(self, path, replace):
        if not replace and os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "there is a file already", path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.path = path
        self.replace = replace
        self.hidden = os.path.join(os.path.dirname(path), f".shelf-{secrets.token_hex(8)}")
        self.file = open(self.hidden, "xb")

    def write(self, data):
        return self.file.write(data)

    def commit(self):
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        if self.replace:
            os.replace(self.hidden, self.path)
        else:
            # unlike replace, link fails when somebody else was faster
            os.link(self.hidden, self.path)
            os.remove(self.hidden)

    def abort(self):
        self.file.close()
        if os.path.lexists(self.hidden):
            os.remove(self.hidden)
