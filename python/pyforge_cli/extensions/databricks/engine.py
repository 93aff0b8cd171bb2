"""The engine spark: tables and Delta through the session of Spark that is at hand. The data are read natively.

The core asks it about every conversion once it is loaded, so what only tables need is imported with the first of them.
"""

import os
import sys
import threading

from pyforge_cli.errors import BadDataError, PyForgeError
from pyforge_cli.extensions.base import EngineError, Option
from pyforge_cli.extensions.databricks.identifiers import COLUMN_NAMES
from pyforge_cli.extensions.databricks.operation import interrupt_until
from pyforge_cli.extensions.databricks.waiting import answer, begin, wait

# How long an interrupted write is waited for, in seconds.
_LAST_WAIT = 30.0
# Formats without types of their own, whose columns can be declared.
_TEXTS = ("csv", "excel", "xml")
_REMEDY = "run this in a notebook or a job of Databricks, or give a session: PyForgeDatabricks(spark_session=spark)"

# The largest file that an executor gets, and the most that one task gets: both are in the memory of one process there.
EXECUTOR_FILE_SIZE = "128M"

OPTIONS = (
    Option("column-names", "choice", choices=COLUMN_NAMES, default="repair", help="What becomes of names that Delta refuses."),
    Option("executor-file-size", "size", default=EXECUTOR_FILE_SIZE, help="Larger files of a batch stay on the driver, and not on Spark's executors."),
)


def _write(at_hand, watch, **how):
    from pyforge_cli.extensions.databricks.tables import write_table

    state, stop = {}, threading.Event()

    def begins(write):
        state["write"] = write
        if stop.is_set():
            write.cancel()

    done = begin("pyforge-spark", lambda: write_table(at_hand.session, kind=at_hand.kind, watch=begins, **how), state)
    try:
        wait(done, watch)
    except BaseException as cancelled:
        stop.set()
        _end(state, done, cancelled)
    return answer(state)


def _end(state, done, cancelled):
    """After a cancel: raises it when nothing is written, returns when all is, and else raises that this is not known."""
    write = state.get("write")
    if write is not None and write.cancel():
        interrupt_until(done, write.interrupt, _LAST_WAIT)
    ended = done.is_set()  # asked before state is looked at: then it is complete
    if "answer" in state:
        return
    unknown = state.get("error")
    if getattr(unknown, "failure", None) != "unknown":
        if write is None or not write.is_calling or ended:
            raise cancelled
        unknown = write.unknown("it was cancelled, and Spark did not say that it has stopped")
    raise unknown from cancelled


def _existing(at_hand, target, job, watch):
    """The fields of the table, None when there is no such table; one that must not be there is refused before the file is read."""
    from pyforge_cli.extensions.databricks.tables import existing_fields

    state = {}
    wait(begin("pyforge-spark-types", lambda: existing_fields(at_hand.session, target, job.mode), state), watch)
    return answer(state)


def _is_typed_by_values(job):
    """Whether the file leaves its types to its values, and the user does."""
    return (job.input_format in _TEXTS and job.option("schema") is None and job.option("types") != "string" and
            job.option("compat") != "1.0")


def _corrections(columns, wanted, column_names, fields):
    """The columns, under their names in the file, that need another type than they were read with: that of the table's column they become,
    and text for times of day, which Delta has not."""
    from pyforge_cli.extensions.databricks.identifiers import table_columns

    names, _ = table_columns([column["name"] for column in columns], column_names, [found.name for found in fields])
    theirs = {name.lower(): kind for name, kind in wanted.items()}
    found = {}
    for column, name in zip(columns, names):
        kind = theirs.get(name.lower(), "string" if column["type"] == "time" else None)
        if kind is not None and kind != column["type"]:
            found[column["name"]] = kind
    return found


def _converted(convert, path, declared, target):
    from pyforge_cli.extensions.databricks.spark_errors import failure

    try:
        return convert(path, **declared)
    except BadDataError as error:
        if not declared:
            raise
        told = str(error).split("\n")[0]
        raise failure("data", f"{told}, which the column is in {target.name}" if "declared type" in told else told,
                      "declare another type with --schema, or choose --on-error null or reject") from error


def _read(convert, job, fields, column_names, note):
    """The result of convert(**options), whose columns have the types of the table's. What a file shows of a column may be less than the
    table holds: a number without a fraction, or nothing at all."""
    from pyforge_cli.extensions.databricks.tables import declared_types

    if not _is_typed_by_values(job):
        return convert()
    wanted = declared_types(fields)
    result = convert(schema=wanted, schema_missing="ignore") if wanted else convert()
    corrections = _corrections(result["columns"], wanted, column_names, fields)
    if not corrections:
        return result
    times = [column["name"] for column in result["columns"] if column["type"] == "time" and corrections.get(column["name"]) == "string"]
    if times:
        note(f"a table has no times of day, they are text: {', '.join(times)}")
    return convert(schema={**wanted, **corrections}, schema_missing="ignore", force=True)


def load_table(at_hand, job, convert, *, on_databricks=False, note, watch=lambda: None, renew=None):
    """Native conversion into the staging folder, then the table: (the conversion's result, TableWrite).

    convert(path, **options): the native conversion to Parquet. note(text): something the user should know. watch(): raises when it is to end.
    """
    from pyforge_cli.extensions.databricks.staging import Staging, staging_base
    from pyforge_cli.extensions.databricks.tables import path_target, table_target

    target = table_target(job.table) if job.table else path_target(job.output, on_databricks)
    places = [job.input, None if job.table else job.output]
    column_names = job.option("column-names") or "repair"
    fields = _existing(at_hand, target, job, watch) or ()
    with Staging(staging_base(job.staging, places, on_databricks), on_databricks, note) as staging:
        result = _read(lambda **more: _converted(convert, os.fspath(staging.file), more, target), job, fields, column_names, note)
        watch()
        written = _write(at_hand, watch, staged=staging.spark_path, target=target, mode=job.mode, merge_schema=job.merge_schema,
                         timezone=job.timezone or "UTC", rows=result["row_count"], columns=result["columns"],
                         column_names=column_names, renew=renew)
    for text in written.notes:
        note(text)
    return result, written


def _at_hand(given, why=None):
    """(SparkAtHand or None, whether this is Databricks); why: a list to which goes why there is none"""
    from pyforge_cli.extensions.databricks.environment import facts
    from pyforge_cli.extensions.databricks.session import session_at_hand

    known = facts()
    inside = known["is_databricks"]
    return session_at_hand(given, on_databricks=inside, is_serverless=known["is_serverless"], why=why), inside


def _brought():
    """The module of what executors have made, where there is a batch that uses them."""
    return sys.modules.get("pyforge_cli.extensions.databricks.brought")


def _told(why):
    return f" ({why[0]})" if why else ""


class SparkEngine:
    name = "spark"
    description = "Tables and Delta through the session of Spark at hand"
    priority = 10
    formats = ("delta",)
    tables = True

    def __init__(self, given=None):
        self._given = given

    def takes(self, job):
        brought = _brought() and _brought().takes(job)
        if brought:
            return brought
        if not job.engines_only:
            return False, "Spark is for tables and Delta only"
        why = []
        at_hand, _ = _at_hand(self._given, why)
        if at_hand is None:
            return False, f"tables and Delta need a session of Spark, and none is at hand{_told(why)}; {_REMEDY}"
        return True, f"a table is written through the session of Spark ({at_hand.kind}, {at_hand.found})"

    def run(self, job, context):
        brought = _brought() and _brought().run(job, context)
        if brought:
            return brought
        why = []
        at_hand, on_databricks = _at_hand(self._given, why)
        if at_hand is None:
            raise EngineError(f"tables and Delta need a session of Spark, and none is at hand{_told(why)}", "falls back", remedy=_REMEDY,
                              status="PF_UNSUPPORTED")

        def load(convert):
            return load_table(
                at_hand, job, convert, on_databricks=on_databricks, note=context.warn, watch=lambda: context.progress(step="writing"),
                renew=lambda: getattr(_at_hand(self._given)[0], "session", None))

        def convert(path, **more):
            return context.convert_native(path, format="parquet", **more)

        try:
            result, written = _brought().load(job, context, load, convert) if _brought() else load(convert)
        except PyForgeError as error:
            if getattr(error, "failure", None) is None:
                raise
            raise EngineError(error.message, error.failure, remedy=error.remedy, status=error.status) from error
        return {
            "rows_written": result["row_count"] if written.rows is None else written.rows,
            "rows_read": result["rows_read"],
            "rows_rejected": result["rows_rejected"],
            "rows_left_out": result["rows_left_out"],
            "bytes_written": result["output_size_bytes"],
            "columns": [{**column, "name": name} for column, name in zip(result["columns"], written.columns)],
            "display": "spark" if at_hand.kind == "classic" else f"spark ({at_hand.kind})",
        }


__all__ = ["OPTIONS", "SparkEngine", "load_table"]
