"""The backends of 1.0.9 that read Access through Java or ODBC. The names are accepted; nothing of theirs is needed any more."""

from abc import ABC, abstractmethod

from pyforge_cli.errors import UnsupportedError


class DatabaseBackend(ABC):
    @abstractmethod
    def is_available(self):
        """Whether connect can be called."""

    @abstractmethod
    def connect(self, db_path, password=None):
        """True when connected."""

    @abstractmethod
    def list_tables(self):
        """Names of tables."""

    @abstractmethod
    def read_table(self, table_name):
        """The table's rows."""

    @abstractmethod
    def close(self):
        """Ends the connection."""

    def get_connection_info(self):
        return {"backend": type(self).__name__, "available": self.is_available()}


class _NotHere(DatabaseBackend):
    def is_available(self):
        return False

    def _refuse(self):
        raise UnsupportedError(f"{type(self).__name__} is not in this version; pyforge_cli.read() reads what it can without Java and ODBC")

    def connect(self, db_path, password=None):
        self._refuse()

    def list_tables(self):
        self._refuse()

    def read_table(self, table_name):
        self._refuse()

    def close(self):
        """There is nothing to close."""


class UCanAccessBackend(_NotHere):
    pass


class UCanAccessSubprocessBackend(_NotHere):
    pass


class PyODBCBackend(_NotHere):
    pass


__all__ = ["DatabaseBackend", "PyODBCBackend", "UCanAccessBackend", "UCanAccessSubprocessBackend"]
