"""What forge gives back, and how a notebook shows it. Everything that comes from files and errors is escaped."""

from html import escape

from pyforge_cli._result import ConversionResult, Record, _table
from pyforge_cli.errors import PyForgeError
from pyforge_cli.extensions.databricks.progress import size_text, time_text

RED, AMBER = "#b00020", "#8a5a00"
_ROWS_SHOWN = 100


def _lines(texts, color):
    return "".join(f"<div style='color:{color}'>{escape(str(text))}</div>" for text in texts)


def _cells(values, tag="td"):
    return "".join(f"<{tag} style='text-align:left'>{value}</{tag}>" for value in values)


def _noted(result):
    """What a reader must not miss of a conversion that succeeded."""
    notes = []
    if result.get("rows_rejected"):
        where = f", kept in {result['rejects_path']}" if result.get("rejects_path") else ""
        notes.append(f"{result['rows_rejected']:,} rows rejected{where}")
    # The rejected rows are a warning, too.
    return notes + [text for text in result.get("warnings") or [] if not (notes and "rejected" in text)]


class Conversion(ConversionResult):
    """What forge.convert did: a ConversionResult that a notebook shows in a few lines, in red when it failed."""

    @classmethod
    def of(cls, result):
        """The same result; its error leads to it."""
        self = cls.__new__(cls)
        dict.__init__(self, dict.items(result))
        self.__dict__.update(result.__dict__)
        if self.exception is not None:
            self.exception.result = self
        return self

    def told(self):
        """One line: what was done, by what, how fast."""
        rows, seconds = self.get("row_count") or 0, self.get("duration") or 0
        took = f"in {time_text(seconds)}, " if seconds else ""
        # The output of a run on Spark may be no file that has a size.
        sizes = f", {size_text(self.get('file_size_bytes') or 0)}"
        if self.get("output_size_bytes"):
            sizes += f" to {size_text(self.get('output_size_bytes'))}"
        tables = self.get("tables") or []
        held = f"{len(tables):,} tables" if len(tables) > 1 else f"{len(self.get('columns') or []):,} columns"
        return f"{rows:,} rows, {held}{sizes}, {took}{self.get('processing_engine')} engine"

    def __repr__(self):
        """A few lines, as print() shows it; what is known besides stands under its keys."""
        if self.exception is not None:
            details = self.get("error_details") or {}
            hint = f"\n  hint: {details['hint']}" if details.get("hint") else ""
            return f"Conversion failed: {self.get('input_path')}: {details.get('message') or self.get('error')}{hint}"
        lines = [f"{self.get('output_path') or self.get('input_path')}: {self.told()}"]
        return "\n".join(lines + [f"  {text}" for text in _noted(self)])

    def _attempts(self):
        failed = [attempt for attempt in self.get("attempts") or [] if isinstance(attempt, dict) and not attempt.get("ok")]
        return [f"{attempt.get('engine')}: {attempt.get('reason')} (after {time_text(attempt.get('seconds') or 0)})" for attempt in failed]

    def _repr_html_(self):
        if self.exception is not None:
            details = self.get("error_details") or {}
            hint = f"<div>{escape(str(details['hint']))}</div>" if details.get("hint") else ""
            attempts = self._attempts()
            return (
                f"<div style='color:{RED}'><b>Conversion failed: {escape(str(self.get('input_path')))}</b>"
                f"<pre style='color:inherit;white-space:pre-wrap'>{escape(details.get('message') or self.get('error') or '')}</pre>{hint}"
                f"{_lines(attempts, RED) if len(attempts) > 1 else ''}</div>"
            )
        tables = self.get("tables") or []
        lines = [_table(table) for table in tables] if len(tables) > 1 else []
        lines += [f"{table['name']}: left out, {table['reason']}" for table in self.get("tables_left_out") or []]
        columns = "".join(
            f"<tr>{_cells((escape(str(column.get('name'))), escape(str(column.get('type')))))}</tr>" for column in self.get("columns") or []
        )
        return (
            f"<div><b>{escape(str(self.get('output_path') or self.get('input_path')))}</b></div><div>{escape(self.told())}</div>"
            f"{_lines(lines, 'inherit')}{_lines(_noted(self), AMBER)}{_lines(self._attempts(), AMBER)}"
            f"<details><summary>columns</summary><table><tr>{_cells(('column', 'type'), 'th')}</tr>{columns}</table></details>"
        )


def _failure_line(failure):
    """What failed and why; an error mostly names the file itself."""
    place, error = str(failure["input_path"]), str(failure["error"])
    return error if error.startswith(place) else f"{place}: {error}"


class Batch(list):
    """What forge.batch_convert did: a list of results in the order of the files, and a summary.

    summary has total, converted, failed, rows, bytes, seconds, exit_code (0 all, 3 some of them or rows rejected, 1 none) and failures, a
    list of input_path and error. Its keys are attributes of the batch, too. It is true when all files were converted.
    """

    def __init__(self, results, seconds=0.0):
        super().__init__(results)
        failed = [result for result in self if not result]
        code = 0
        if failed:
            code = 1 if len(failed) == len(self) else 3
        elif any(result.exit_code for result in self):
            code = 3
        self.summary = Record(
            total=len(self),
            converted=len(self) - len(failed),
            failed=len(failed),
            rows=sum(result.get("row_count") or 0 for result in self),
            bytes=sum(result.get("file_size_bytes") or 0 for result in self),
            seconds=seconds,
            exit_code=code,
            failures=[{"input_path": result.get("input_path"), "error": result.get("error")} for result in failed],
        )

    def __getattr__(self, name):
        summary = self.__dict__.get("summary", {})
        if name in summary:
            return summary[name]
        raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'")

    def __bool__(self):
        return self.summary.failed == 0 and len(self) > 0

    def told(self):
        """One line."""
        s = self.summary
        failed = f", {s.failed:,} failed" if s.failed else ""
        return f"{s.converted:,} of {s.total:,} files converted{failed}, {s.rows:,} rows, {size_text(s.bytes)}, {time_text(s.seconds)}"

    def raise_for_error(self):
        """Raises an error that names what failed; else gives the batch itself."""
        s = self.summary
        if s.failed:
            first = s.failures[0]
            raise PyForgeError(f"{s.failed} of {s.total} files failed, the first is {_failure_line(first)}")
        return self

    def __repr__(self):
        lines = [self.told(), *(f"  {_failure_line(failure)}" for failure in self.summary.failures)]
        return "\n".join(lines)

    def _row(self, result):
        if not result:
            return f"<tr style='color:{RED}'>{_cells((escape(str(result.get('input_path'))), 'failed', escape(str(result.get('error')))))}</tr>"
        notes = f"<br>{_lines(_noted(result), AMBER)}" if _noted(result) else ""
        rows = f"{result.get('row_count') or 0:,}"
        return f"<tr>{_cells((escape(str(result.get('input_path'))), rows, escape(str(result.get('output_path'))) + notes))}</tr>"

    def _repr_html_(self):
        # Failures first, then what has something to tell: a long batch is shown in part.
        ordered = sorted(self, key=lambda result: (bool(result), not result or not _noted(result)))
        rows = "".join(self._row(result) for result in ordered[:_ROWS_SHOWN])
        more = len(self) - _ROWS_SHOWN
        rest = f"<div>and {more:,} more</div>" if more > 0 else ""
        color = f" style='color:{RED}'" if self.summary.failed else ""
        return (
            f"<div{color}><b>{escape(self.told())}</b></div>"
            f"<table><tr>{_cells(('file', 'rows', 'output'), 'th')}</tr>{rows}</table>{rest}"
        )


class Preview:
    """The first rows of a table: columns (names), types, and rows, lists of texts with None for null. complete: there are no more."""

    def __init__(self, path, columns, types, rows, complete):
        self.path, self.columns, self.types, self.rows, self.complete = path, columns, types, rows, complete

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        """Rows as dictionaries."""
        return (dict(zip(self.columns, row)) for row in self.rows)

    def __repr__(self):
        widths = [min(30, max(len(text) for text in column)) for column in zip(*self._texts())] or [0]
        return "\n".join("  ".join(f"{text[:width]:{width}}" for text, width in zip(row, widths)).rstrip() for row in self._texts())

    def _texts(self):
        return [self.columns, *(["null" if value is None else value.replace("\n", " ") for value in row] for row in self.rows)]

    def _repr_html_(self):
        null = "<i style='color:#888'>null</i>"
        head = _cells((f"{escape(name)}<br><small>{escape(kind)}</small>" for name, kind in zip(self.columns, self.types)), "th")
        rows = "".join(f"<tr>{_cells(null if value is None else escape(value) for value in row)}</tr>" for row in self.rows)
        count = f"{len(self.rows):,} rows" if self.complete else f"the first {len(self.rows):,} rows"
        return f"<div>{escape(self.path)}: {count}</div><table><tr>{head}</tr>{rows}</table>"


__all__ = ["Batch", "Conversion", "Preview"]
