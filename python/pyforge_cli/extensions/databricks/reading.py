"""Spark reads the input by the plan that the core has made, and writes Parquet in parts: at a place of its own, never at the target.

Every column is read as text, by position, and made into its type by the plan's expressions; the types were settled by the native reading of
the whole input, whose counts the parts have to have.
"""

import os
import re
import uuid

from pyforge_cli.extensions.databricks.operation import Operation
from pyforge_cli.extensions.databricks.spark_errors import condition_of, failure, first_line, sqlstate_of
from pyforge_cli.extensions.databricks.staging import as_read

# How long a reading that was interrupted is waited for, in seconds, until its folder is removed.
_LAST_WAIT = 10.0
_PART = re.compile(r"part-\d+.*\.parquet\Z")


def _expression(expression, type, whole_instants):
    return f"unix_micros({expression})" if whole_instants and type.startswith("timestamptz") else expression


def frame(session, plan, path, whole_instants):
    """What the plan says as a DataFrame whose columns are c0, c1, ... whole_instants: those with a zone as microseconds since 1970."""
    read = plan["read"]
    reader = session.read.format(read["format"])
    if read["schema"] is not None:
        reader = reader.schema(read["schema"])
    for name, value in read["options"].items():
        reader = reader.option(name, value)
    made = [f"{_expression(expression, column['type'], whole_instants)} AS c{number}"
            for number, (expression, column) in enumerate(zip(plan["expressions"], plan["columns"]))]
    loaded = reader.load(as_read(path))
    if read["columns"]:
        loaded = loaded.selectExpr(*read["columns"])
    return loaded.toDF(*[f"c{number}" for number in range(len(loaded.columns))]).selectExpr(*made)


def read_into(at_hand, plan, path, folder, watch, whole_instants=False):
    """Carries out the plan's reading of path into folder, both as Spark names them. Nothing is at folder before."""
    operation = Operation(at_hand.session, at_hand.kind, f"pyforge-{uuid.uuid4().hex}")

    def carry_out():
        if at_hand.kind == "classic":
            at_hand.session.createDataFrame([], "a int")  # makes it the session of this thread
        frame(at_hand.session, plan, path, whole_instants).write.mode("error").parquet(folder)

    try:
        operation.run(carry_out, watch, _LAST_WAIT)
    except Exception as error:
        if operation.is_ended:
            raise
        operation.interrupt()  # one whose answer was lost may be at work
        tail = " ".join(part for part in (condition_of(error), sqlstate_of(error) and f"SQLSTATE {sqlstate_of(error)}") if part)
        raise failure("server", f"Spark did not read {path}: {first_line(error)}" + (f" [{tail}]" if tail else ""),
                      "the session's log has more", condition_of(error), sqlstate_of(error)) from error


def parts_of(folder):
    """The parts that Spark has written, in the order of the input's rows."""
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if _PART.match(name))


def _wrong(why):
    return failure("server", f"Spark has written {why}", "choose the native engine: --engine native")


def check_parts(parts, plan):
    """Parts have the types, rows and nulls that the native reading has found, by their own footers."""
    from pyforge_cli import info

    rows, nulls = 0, [0] * len(plan["columns"])
    for part in parts:
        told = info(part)
        rows += told["rows"]
        for number, (column, wanted) in enumerate(zip(told["columns"], plan["columns"])):
            # what Spark writes for instants has no zone
            if column["type"].replace("timestamptz", "timestamp") != wanted["type"].replace("timestamptz", "timestamp"):
                raise _wrong(f"the column {wanted['name']!r} as {column['type']} where it is {wanted['type']}")
            nulls[number] += column["null_count"] or 0
    if rows != plan["rows_written"]:
        raise _wrong(f"{rows} rows where {plan['rows_written']} were read")
    for column, found in zip(plan["columns"], nulls):
        if column["null_count"] is not None and column["null_count"] != found:
            raise _wrong(f"{found} nulls in the column {column['name']!r} where there are {column['null_count']}")


__all__ = ["check_parts", "frame", "parts_of", "read_into"]
