"""The first rows of a table, of which no more is read than they take."""

import os
import re

import pyforge_cli
from pyforge_cli.extensions.databricks._html import Preview

# How preview has the library write rows, whatever the settings files say; an unquoted NULL is a null.
_PREVIEW = {
    "format": "csv",
    "engine": "native",
    "output_delimiter": ",",
    "output_quote": '"',
    "output_header": "yes",
    "output_null": "NULL",
    "output_encoding": "utf-8",
    "line_ending": "lf",
    "bom": False,
    "escape_formulas": False,
}
_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^,\n"]*))([,\n])')


class _Enough(Exception):
    """Raised by a sink that has what it wanted."""


class _Head:
    """Takes the text of a table until there are some rows of it."""

    def __init__(self, rows):
        self._wanted, self._bytes, self.complete = rows + 1, bytearray(), True

    def write(self, piece):
        self._bytes += piece
        # A line may be a part of a row, never more than one.
        if self._bytes.count(b"\n") > self._wanted and len(self.records()) > self._wanted:
            self.complete = False
            raise _Enough
        return len(piece)

    def records(self):
        """The whole records so far, as lists of texts, with None for null."""
        text = self._bytes[: self._bytes.rfind(b"\n") + 1].decode()
        records, record = [], []
        for quoted, plain, end in _FIELD.findall(text):
            record.append(quoted.replace('""', '"') if quoted else None if plain == "NULL" else plain)
            if end == "\n":
                records.append(record)
                record = []
            if len(records) > self._wanted:
                break
        return records


def _types_of(columns, records):
    """What rows of text would be as columns."""
    quoted = ['"' + name.replace('"', '""') + '"' for name in columns]
    lines = [",".join(quoted)]
    for record in records:
        lines.append(",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in record))
    text = "\n".join(lines).encode() + b"\n"
    with pyforge_cli.read(text, from_="csv", delimiter=",", quote='"', header="yes", encoding="utf-8") as table:
        return table.schema.types


def preview(path, rows, options):
    """See PyForgeDatabricks.preview."""
    if rows < 1:
        raise ValueError(f"rows must be at least 1, not {rows}")
    head = _Head(rows)
    try:
        pyforge_cli.convert(path, head, **{"max_rejects": "100%", **options, **_PREVIEW})
    except _Enough:
        pass
    columns, *records = head.records()
    format = pyforge_cli.explain(path, os.devnull, force=True, to="csv", **options)["input_format"]
    if format == "csv":
        # Of the rows shown: those of the whole file are known when all of it is read.
        types = _types_of(columns, records[:rows])
    else:
        with pyforge_cli.read(path, **options) as table:
            types = table.schema.types
    return Preview(str(path), columns, types, records[:rows], head.complete and len(records) <= rows)


__all__ = ["preview"]
