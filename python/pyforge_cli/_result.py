"""What the functions give back: dictionaries whose keys are also attributes."""


# Of a list, such as the columns of a wide table.
_MOST_SHOWN = 50


class Record(dict):
    """A dictionary whose keys are also attributes, and which a notebook shows as a table."""

    # Keys of a second name, which are answered but not shown twice.
    _also = ()
    # Keys that a reader must not miss.
    _marked = ("rows_rejected", "rejects_path", "warnings", "issues")

    def __getattr__(self, name):
        if name.startswith("__") or name not in self:
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'")
        return self[name]

    def __dir__(self):
        return sorted({*super().__dir__(), *(key for key in self if isinstance(key, str) and key.isidentifier())})

    def _shown(self):
        """(key, value) of what people want to see."""
        return [(key, value) for key, value in self.items() if key not in self._also and value not in (None, [], {})]

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{key}={_short(value)}' for key, value in self._shown())})"

    def _repr_html_(self):
        rows = ""
        for key, value in self._shown():
            colour = ";color:#8a4b00" if key in self._marked and value not in (0, None, []) else ""
            rows += f"<tr style='text-align:left{colour}'><th style='text-align:left'>{_html(key)}</th><td>{_html(value)}</td></tr>"
        return f"<table>{rows}</table>"


def _column(column):
    """A column in words: "zip: string, 3 nulls (row 2: '00123' has a leading zero)"."""
    nulls, because = column.get("null_count"), column.get("text_because")
    text = f"{column['name']}: {column['type']}"
    if nulls:
        text += f", {nulls:,} null{'' if nulls == 1 else 's'}"
    if not because:
        return text
    where = "" if because["row"] is None else f"row {because['row']:,}: "
    return f"{text} ({where}{because['reason']})"


def _table(table):
    """An output of several in words: "Jan: 20 rows, 3 columns -> sales_parquet/sales_Jan.parquet"."""
    rows, columns = table["row_count"] or 0, len(table["columns"])
    return (
        f"{', '.join(table['sources'])}: {rows:,} row{'' if rows == 1 else 's'}, {columns:,} column{'' if columns == 1 else 's'}"
        f" -> {table['output_path']}"
    )


def _short(value):
    """repr() of a value, of a long list its beginning."""
    if isinstance(value, list) and len(value) > _MOST_SHOWN:
        return f"[{', '.join(map(repr, value[:_MOST_SHOWN]))}, ... {len(value) - _MOST_SHOWN:,} more]"
    return repr(value)


def _html(value):
    """Text for a notebook's cell: escaped, whole numbers in groups of three."""
    from html import escape

    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, list):
        more = [f"... {len(value) - _MOST_SHOWN:,} more"] if len(value) > _MOST_SHOWN else []
        return "<br>".join([_html(item) for item in value[:_MOST_SHOWN]] + more)
    if isinstance(value, dict) and {"name", "type"} <= set(value):
        return escape(_column(value))
    if isinstance(value, dict) and {"sources", "row_count"} <= set(value):
        return escape(_table(value))
    if isinstance(value, dict) and {"name", "reason"} == set(value):
        return escape(f"{value['name']}: {value['reason']}")
    return escape(str(value))


class ConversionResult(Record):
    """What a conversion did, complete whether it succeeded or failed. It is true when it succeeded.

    Keys, each also an attribute: success, input_path, output_path, output_format, row_count (also rows_processed), rows_read,
    rows_rejected, rows_left_out, processing_engine (also converter_used), duration (also duration_seconds), file_size_bytes,
    output_size_bytes, columns, tables, tables_left_out, warnings, rejects_path, attempts, error (text or None), error_details.

    Of an input with several tables, output_path is the folder of the outputs, columns is empty, and tables has for each output its name,
    sources, output_path, row_count, rows_rejected, rejects_path and columns.

    Of a failed conversion, output_path and row_count raise the conversion's own error; .get() does not.
    """

    _told = ("success", "input_path", "output_path", "row_count", "rows_rejected", "columns", "tables", "tables_left_out", "processing_engine",
             "duration", "warnings", "rejects_path")
    _withheld = ("output_path", "row_count", "rows_processed")

    def __init__(self, record=(), exit_code=0, summary="", exception=None):
        super().__init__(record)
        details = self.get("error")
        self["error_details"] = details
        self["error"] = str(exception) if exception is not None else None
        self.__dict__.update(exit_code=exit_code, summary=summary, exception=exception)

    def __getitem__(self, key):
        if key in self._withheld and self.exception is not None:
            raise self.exception
        return super().__getitem__(key)

    def __bool__(self):
        return self.get("success") is True

    def raise_for_error(self):
        """Raises the error of a failed conversion; else gives the result itself."""
        if self.exception is not None:
            raise self.exception
        return self

    def _shown(self):
        if self.exception is not None:
            return [("success", False), ("input_path", self.get("input_path")), ("error", self.get("error"))]
        none = {"rows_rejected": 0, "warnings": [], "rejects_path": None, "tables_left_out": []}
        if len(self.get("tables") or []) > 1:
            none["columns"] = []
        else:
            none["tables"] = self.get("tables")
        return [(key, self[key]) for key in self._told if key in self and (key not in none or self[key] != none[key])]

    def _repr_html_(self):
        if self.exception is None:
            return super()._repr_html_()
        return f"<div style='color:#b00020'><b>Conversion failed</b><pre style='color:inherit'>{_html(self.get('error'))}</pre></div>"


class FileInfo(Record):
    """What is known of a file: file_name, file_size, file_type, rows (also row_count), column_count, columns, and what its format
    has to tell besides."""

    _also = ("row_count", "estimated_rows", "size")

    def __init__(self, record=()):
        super().__init__(record)
        if "rows" in self:
            self["row_count"] = self["rows"]
        if "file_size" in self:
            self["size"] = self["file_size"]


class ValidationResult(Record):
    """Whether a file is what its format asks for: valid (also is_valid), path, issues, warnings, rows. It is true when valid."""

    _also = ("is_valid", "input_path", "error")

    def __init__(self, record=(), exception=None):
        super().__init__(record)
        self["path"] = self.get("input_path")
        self["is_valid"] = self.get("valid")
        self["issues"] = [] if exception is None else [str(exception)]
        self.setdefault("warnings", [])
        self.__dict__["exception"] = exception

    def __bool__(self):
        return self.get("valid") is True

    def _repr_html_(self):
        if self:
            return super()._repr_html_()
        return f"<div style='color:#b00020'><b>Not valid</b></div>{super()._repr_html_()}"

    def raise_for_error(self):
        """Raises what is wrong with an invalid file; else gives the result itself."""
        if self.exception is not None:
            raise self.exception
        return self
