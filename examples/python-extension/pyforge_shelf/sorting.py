"""An engine: another way to carry out a conversion. This one sorts the rows, which PyForge itself does not."""

import pyarrow

from pyforge_cli.extensions import EngineError


class SortEngine:
    name = "shelf-sort"
    description = "Rows in the order of a column"

    def takes(self, job):
        """Whether the job is for it, and why; users see the reason with --explain. Nothing is started here."""
        return job.option("shelf-sort") is not None, "rows are sorted where --shelf-sort asks for it"

    def run(self, job, context):
        table = pyarrow.table(context.read())
        column = job.option("shelf-sort")
        if column not in table.column_names:
            # every engine would fail like this, so nothing else is tried
            raise EngineError(f"there is no column {column!r} to sort by", "ends", remedy="name one of the input's columns", status="PF_BAD_OPTION")
        context.write(table.sort_by(column))
        return table.num_rows
