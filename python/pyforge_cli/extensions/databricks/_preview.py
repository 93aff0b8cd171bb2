"""The first rows of a table, of which no more is read than they take."""

import os
import re

import pyforge_cli
from pyforge_cli._api import shown
from pyforge_cli.extensions.databricks._html import Preview
from pyforge_cli.extensions.databricks.spark_errors import failure

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
_OF_THE_OUTPUT = ("to", "format", "output_format")
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


def _types_of(columns, records, schema):
    """What rows of text would be as columns; schema: what was declared of them, or None."""
    quoted = ['"' + name.replace('"', '""') + '"' for name in columns]
    lines = [",".join(quoted)]
    for record in records:
        lines.append(",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in record))
    text = "\n".join(lines).encode() + b"\n"
    told = {"from_": "csv", "delimiter": ",", "quote": '"', "header": "yes", "encoding": "utf-8", "log_level": "error"}
    try:
        with pyforge_cli.read(text, **told, schema=schema) as table:
            return table.schema.types
    except pyforge_cli.PyForgeError:  # it is about columns that were left out, or tells how the file writes its values
        if schema is None:
            raise
    with pyforge_cli.read(text, **told) as table:
        return table.schema.types


def _declared(schema, columns):
    """Of a schema the part about these columns."""
    return {name: type for name, type in schema.items() if name in columns} if isinstance(schema, dict) else schema


def preview(path, rows, options):
    """See PyForgeDatabricks.preview."""
    if not isinstance(rows, int) or rows < 1:
        raise failure("option", f"rows must be at least 1, not {rows!r}", "it takes a whole number, as in rows=20")
    # what the output would be like decides nothing of what is shown
    options = {name: value for name, value in options.items() if name not in _OF_THE_OUTPUT}
    head = _Head(rows)
    try:
        pyforge_cli.convert(path, head, **{"max_rejects": "100%", **options, **_PREVIEW})
    except _Enough:
        pass
    columns, *records = head.records()
    # its notes were told with the rows
    quiet = {**options, "force": True, "log_level": "error"}
    format = pyforge_cli.explain(path, os.devnull, to="csv", **quiet)["input_format"]
    if format == "csv":
        # Of the rows shown: those of the whole file are known when all of it is read.
        types = _types_of(columns, records[:rows], _declared(options.get("schema"), columns))
        # no value, but for text: so the table has it, too
        for record in records:
            record[:] = [None if value == "" and type != "string" else value for value, type in zip(record, types)]
    else:
        with pyforge_cli.read(path, **{**options, "log_level": "error"}) as table:
            types = table.schema.types
    return Preview(shown(path), columns, types, records[:rows], head.complete and len(records) <= rows)


__all__ = ["preview"]
