"""DatabaseFileDetector of 1.0.9: tells Access and DBF files by their first bytes."""

from enum import Enum
from pathlib import Path
from typing import NamedTuple, Optional


class DatabaseType(Enum):
    MDB = "mdb"
    ACCDB = "accdb"
    DBF = "dbf"
    UNKNOWN = "unknown"


class DatabaseInfo(NamedTuple):
    file_type: DatabaseType
    version: Optional[str] = None
    is_password_protected: bool = False
    encoding: Optional[str] = None
    estimated_size: int = 0
    creator: Optional[str] = None
    error_message: Optional[str] = None


# First byte of a DBF file -> what wrote it.
_DBF = {0x02: "FoxBASE", 0x03: "dBASE III", 0x30: "Visual FoxPro", 0x31: "Visual FoxPro", 0x43: "dBASE IV", 0x83: "dBASE III with memo",
        0x8B: "dBASE IV with memo", 0xF5: "FoxPro with memo"}


class DatabaseFileDetector:
    def detect_file_type(self, path):
        return self.get_database_info(path).file_type

    def get_database_info(self, path):
        try:
            size = Path(path).stat().st_size
            with open(path, "rb") as file:
                head = file.read(64)
        except OSError as error:
            return DatabaseInfo(DatabaseType.UNKNOWN, error_message=str(error))
        if head[4:19] == b"Standard Jet DB":
            return DatabaseInfo(DatabaseType.MDB, "Jet 3" if head[20:21] == b"\0" else "Jet 4", estimated_size=size)
        if head[4:19] == b"Standard ACE DB":
            return DatabaseInfo(DatabaseType.ACCDB, "ACE", estimated_size=size)
        if len(head) >= 32 and head[0] in _DBF and Path(path).suffix.lower() == ".dbf":
            return DatabaseInfo(DatabaseType.DBF, _DBF[head[0]], estimated_size=size)
        return DatabaseInfo(DatabaseType.UNKNOWN, estimated_size=size, error_message="neither an Access nor a DBF file")


__all__ = ["DatabaseFileDetector", "DatabaseInfo", "DatabaseType"]
