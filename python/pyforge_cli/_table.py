"""The table that read() gives: an Arrow stream that can be taken once."""

import importlib
import json
from typing import NamedTuple

from pyforge_cli._pyforge import BadDataError, OutOfMemoryError, PyForgeError, StorageError

# Arrow's format strings of the types that the library makes; the words are those of its option schema.
_TYPES = {
    "n": "null",
    "b": "bool",
    "c": "int8",
    "C": "uint8",
    "s": "int16",
    "S": "uint16",
    "i": "int32",
    "I": "uint32",
    "l": "int64",
    "L": "uint64",
    "e": "float16",
    "f": "float32",
    "g": "float64",
    "u": "string",
    "U": "string",
    "z": "binary",
    "Z": "binary",
    "tdD": "date",
    "ttu": "time",
    "tsu:": "timestamp",
    "tsu:UTC": "timestamptz",
}


def _type_of(text):
    if text in _TYPES:
        return _TYPES[text]
    if text.startswith("d:"):
        return "decimal(" + text[2:] + ")"
    return text


class Field(NamedTuple):
    name: str
    type: str
    nullable: bool


class Schema(tuple):
    """The fields of a table, in order."""

    @property
    def names(self):
        return [field.name for field in self]

    @property
    def types(self):
        return [field.type for field in self]

    def __repr__(self):
        return "Schema(" + ", ".join(f"{field.name}: {field.type}" for field in self) + ")"

    def _repr_html_(self):
        from html import escape

        rows = "".join(f"<tr><td>{escape(field.name)}</td><td>{escape(field.type)}</td></tr>" for field in self)
        return f"<table><tr><th>column</th><th>type</th></tr>{rows}</table>"


class Table:
    """A table read from a file, as an Arrow stream. It is read while it is consumed, so it can be consumed once."""

    def __init__(self, stream):
        self._stream = stream
        self._schema = Schema(Field(name, _type_of(text), nullable) for name, text, nullable in stream.fields())
        self._record = json.loads(stream.record())

    @property
    def schema(self):
        return self._schema

    @property
    def rows_rejected(self):
        """Rows that could not be read as rows of the table and are not in it; rejects="PATH" keeps them there."""
        return self._record["rows_rejected"]

    @property
    def rows_left_out(self):
        """Lines that are no rows: those without anything in them, and comments."""
        return self._record["rows_left_out"]

    @property
    def rows_short(self):
        """Rows that had fewer fields than there are columns, and got nulls."""
        return self._record["rows_short"]

    @property
    def warnings(self):
        """What is worth knowing of the reading; the log was told, too."""
        return list(self._record["warnings"])

    @property
    def rejects_path(self):
        """Where the rows lie that were rejected; None when there are none, or they were not kept."""
        return self._record["rejects_path"]

    def _open(self):
        if self._stream is None:
            raise PyForgeError("this table was consumed or closed; call read() again, or keep what was made of it")
        return self._stream

    def __arrow_c_stream__(self, requested_schema=None):
        """The stream in a capsule. A requested schema is not followed, as the interface allows."""
        capsule = self._open().take()
        self._stream = None
        return capsule

    def __arrow_c_schema__(self):
        return self._open().schema()

    def to_arrow(self):
        """A pyarrow.Table; needs pyarrow."""
        return _consumed_by(_needed("pyarrow", "to_arrow").table, self)

    def to_pandas(self, **options):
        """A pandas.DataFrame; needs pandas and pyarrow. Keywords are those of pyarrow.Table.to_pandas.

        Columns of whole numbers or truth values that have nulls get the nullable types of pandas (Int64, boolean), which keep every
        value; types_mapper= decides otherwise.
        """
        pandas = _needed("pandas", "to_pandas")
        table = _consumed_by(_needed("pyarrow", "to_pandas").table, self)
        frame = table.to_pandas(**options)
        if "types_mapper" not in options and len(frame.columns) == table.num_columns:
            _keep_values(pandas, table, frame)
        return frame

    def to_polars(self):
        """A polars.DataFrame; needs Polars."""
        return _consumed_by(_needed("polars", "to_polars").DataFrame, self)

    def close(self):
        """Lets go of the input. Also done by what consumes the table."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def __repr__(self):
        state = "" if self._stream is not None else ", consumed"
        return f"Table({', '.join(f'{field.name}: {field.type}' for field in self._schema)}{state})"

    def _repr_html_(self):
        return self._schema._repr_html_()


def _keep_values(pandas, table, frame):
    """pyarrow makes float64 of whole numbers with nulls, which rounds those beyond 2**53, and objects of truth values."""
    kinds = {f"{sign}int{bits}": getattr(pandas, f"{sign.upper()}Int{bits}Dtype") for sign in ("", "u") for bits in (8, 16, 32, 64)}
    kinds["bool"] = pandas.BooleanDtype
    for at, column in enumerate(table.columns):
        kind = kinds.get(str(column.type))
        if kind is not None and column.null_count > 0:
            dtype = kind()
            frame.isetitem(at, column.to_pandas(types_mapper=lambda unused, dtype=dtype: dtype).array)


def _consumed_by(consumer, table):
    """What the consumer makes of the table, which is closed then, however it ends; a stream that fails under it is an error of ours,
    whatever it was made into."""
    try:
        return consumer(table)
    except Exception as error:
        _run_something()
        if isinstance(error, PyForgeError) or type(error).__name__ == "ImportError":
            raise
        if isinstance(error, MemoryError):
            raise OutOfMemoryError(str(error)) from error
        if isinstance(error, OSError):
            raise StorageError(str(error)) from error
        raise BadDataError(str(error)) from error
    finally:
        table.close()


def _run_something():
    """The interpreter raises here what a signal's handler raised while the consumer pulled: KeyboardInterrupt, before the consumer's own
    error of a stream that was interrupted."""


def _needed(library, method):
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise ImportError(f"{method}() needs {library}: pip install {library}") from error
