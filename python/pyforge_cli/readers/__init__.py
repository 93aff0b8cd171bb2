"""Table discovery of 1.0.9 over pyforge_cli.info()."""

from pathlib import Path

import pyforge_cli


class _TableDiscovery:
    """The tables of a file, by what info() tells of it."""

    def __init__(self, path=None):
        self.path = path
        self._info = None

    def connect(self, path=None, password=None):
        self.path = path if path is not None else self.path
        self._info = pyforge_cli.info(self.path, password=password)
        return True

    def list_tables(self):
        if self._info is None:
            self.connect()
        tables = self._info.get("tables")
        if tables is None:
            return [Path(self.path).stem]
        return [table["name"] if isinstance(table, dict) else table for table in tables]

    def get_summary(self):
        tables = self.list_tables()
        return {"file": str(self.path), "total_tables": len(tables), "tables": tables, "total_records": self._info.get("rows")}

    def close(self):
        self._info = None


class DBFTableDiscovery(_TableDiscovery):
    pass


class MDBTableDiscovery(_TableDiscovery):
    pass


def discover_dbf_tables(path):
    return DBFTableDiscovery(path).list_tables()


def discover_mdb_tables(path, password=None):
    found = MDBTableDiscovery(path)
    found.connect(password=password)
    return found.list_tables()


def get_dbf_summary(path):
    return DBFTableDiscovery(path).get_summary()


def get_mdb_summary(path, password=None):
    found = MDBTableDiscovery(path)
    found.connect(password=password)
    return found.get_summary()


__all__ = ["DBFTableDiscovery", "MDBTableDiscovery", "discover_dbf_tables", "discover_mdb_tables", "get_dbf_summary", "get_mdb_summary"]
