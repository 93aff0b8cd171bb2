"""The exceptions. They are made, and chosen, in the binding (python/errors.c)."""

from pyforge_cli._pyforge import (
    BadDataError,
    InternalError,
    LimitError,
    NotFoundError,
    OptionError,
    OutOfMemoryError,
    OutputExistsError,
    PyForgeError,
    RejectedError,
    StorageError,
    UnknownOptionError,
    UnsupportedError,
)

__all__ = [
    "BadDataError",
    "InternalError",
    "LimitError",
    "NotFoundError",
    "OptionError",
    "OutOfMemoryError",
    "OutputExistsError",
    "PyForgeError",
    "RejectedError",
    "StorageError",
    "UnknownOptionError",
    "UnsupportedError",
]
