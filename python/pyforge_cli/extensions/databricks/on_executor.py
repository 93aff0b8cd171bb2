"""What runs on executors of Spark: the native reader over the bytes of a file, which Spark has read. No path is opened here.

Functions here are named to Spark, not sent: the package that an executor has is the one that works there.
"""

import io
import json
import os

# Rows that come back. A file is given back in parts, as neither a row nor a message of a server may be of any size.
SCHEMA = "path string, part int, report string, content binary"
PART = 8 << 20
# Formats with types of their own.
_TYPED = (".dbf",)


class _File(bytes):
    """The bytes of a file and what it is called, as messages and the search for its format want it."""

    name = "input"


def convert(path, content, options, declared=None):
    """(report, bytes of the output). What fails tells why; the driver, which has the file too, says the rest. declared: types of columns, where
    the file has them."""
    import pyforge_cli

    file, output = _File(content), io.BytesIO()
    file.name = os.path.basename(path)
    if declared and not path.lower().endswith(_TYPED):
        options = {**options, "schema": declared, "schema_missing": "ignore"}
    try:
        result = pyforge_cli.convert(file, output, **options)
    except Exception as error:
        told = str(error).strip().split("\n")[0]
        return {"error": f"{type(error).__name__}: {told}"[:400]}, b""
    kept = ("row_count", "rows_read", "rows_rejected", "rows_left_out", "output_size_bytes", "columns", "warnings")
    return {name: result[name] for name in kept}, output.getbuffer()


def _rows(path, report, output):
    """The rows of a file, the first with the report."""
    for part, at in enumerate(range(0, max(len(output), 1), PART)):
        yield path, part, json.dumps(report) if part == 0 else None, bytes(output[at : at + PART])


def _batch(rows):
    import pyarrow

    kinds = (("path", pyarrow.string()), ("part", pyarrow.int32()), ("report", pyarrow.string()), ("content", pyarrow.binary()))
    return pyarrow.RecordBatch.from_pydict(
        {name: pyarrow.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(kinds)})


def converted(batches, options, declared=None):
    """Files in, as Spark's source binaryFile has them; rows of SCHEMA out, a batch of their own each."""
    for batch in batches:
        paths, contents = batch.column(batch.schema.names.index("path")), batch.column(batch.schema.names.index("content"))
        for at in range(batch.num_rows):
            path = paths[at].as_py()
            report, output = convert(path, contents[at].as_buffer(), options, declared)
            for row in _rows(path, report, output):
                yield _batch([row])


__all__ = ["PART", "SCHEMA", "convert", "converted"]
