"""The engine spark: tables, Delta and large files through the session of Spark that is at hand. Types come from the native reading.

The core asks it about every conversion once it is loaded, so what only tables need is imported with the first of them.
"""

import os
import sys
import threading
import time

from pyforge_cli.errors import BadDataError, PyForgeError
from pyforge_cli.extensions.base import EngineError, Option
from pyforge_cli.extensions.databricks.identifiers import COLUMN_NAMES
from pyforge_cli.extensions.databricks.operation import answer, begin, interrupt_until, wait

# How long an interrupted write is waited for, in seconds.
_LAST_WAIT = 30.0
# Formats that Spark has no reader for.
_NOT_SPARKS = ("excel", "dbf")
# Formats without types of their own, whose columns can be declared.
_TEXTS = ("csv", "excel", "xml")
_OTHER_WRITERS = ("DELTA_CONCURRENT", "DELTA_PROTOCOL_CHANGED", "DELTA_METADATA_CHANGED")
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


def _native(job, convert, target, fields, column_names, note, staging):
    """(result, folder for Spark, names of its columns): the native engine's Parquet in the staging folder."""
    result = _read(lambda **more: _converted(convert, os.fspath(staging.file), more, target), job, fields, column_names, note)
    return result, staging.spark_path, None


def _by_spark(at_hand, job, plan, staging, watch, whole_instants=False):
    """(result, folder, parts): what Spark makes of the input in the staging folder."""
    from pyforge_cli.extensions.databricks import reading
    from pyforge_cli.extensions.databricks.staging import spark_path

    folder = os.path.join(os.path.dirname(os.fspath(staging.file)), "read")
    reading.read_into(at_hand, plan, spark_path(job.input, staging.on_databricks), f"{staging.spark_path}/read", watch, whole_instants)
    parts = reading.parts_of(folder)
    return {
        "row_count": plan["rows_written"],
        "rows_read": plan["rows_read"],
        "rows_rejected": 0,
        "rows_left_out": plan["rows_left_out"],
        "columns": plan["columns"],
        "output_size_bytes": sum(os.path.getsize(part) for part in parts),
    }, folder, parts


def _plan_of(job):
    """The plan of the whole input, read natively; raises when Spark would not give the same table."""
    from pyforge_cli.extensions.databricks.spark_errors import failure

    plan = job.remote(whole=True)
    if plan["refusal"] is not None:
        raise failure("unsupported", f"Spark would not give the same table: {plan['refusal']}", "leave out --engine, or write --engine native")
    return plan


def _read_for_table(at_hand, job, fields, column_names, note, staging, watch):
    """What _native gives, by Spark; None = Spark cannot, and why is noted."""
    from pyforge_cli.extensions.databricks import reading
    from pyforge_cli.extensions.databricks.tables import declared_types

    try:
        plan = _plan_of(job)
        if _is_typed_by_values(job) and _corrections(plan["columns"], declared_types(fields), column_names, fields):
            note("the input was read natively, and not by Spark: the table has columns of other types than the values show")
            return None
        result, _, parts = _by_spark(at_hand, job, plan, staging, watch)
        reading.check_parts(parts, plan)
    except PyForgeError as error:
        if getattr(error, "failure", None) != "falls back":
            raise
        note(f"the input was read natively, and not by Spark: {error.message}")
        return None
    return result, f"{staging.spark_path}/read", [column["name"] for column in plan["columns"]]


def load_table(at_hand, job, convert, *, on_databricks=False, note, watch=lambda: None, renew=None, by_spark=False):
    """Into the staging folder, natively or by Spark, then the table: (what was read, TableWrite).

    convert(path, **options): the native conversion to Parquet. note(text): something the user should know. watch(): raises when it is to end.
    """
    from pyforge_cli.extensions.databricks.staging import Staging, staging_base
    from pyforge_cli.extensions.databricks.tables import path_target, table_target

    target = table_target(job.table) if job.table else path_target(job.output, on_databricks)
    places = [job.input, None if job.table else job.output]
    column_names = job.option("column-names") or "repair"
    fields = _existing(at_hand, target, job, watch) or ()
    with Staging(staging_base(job.staging, places, on_databricks), on_databricks, note) as staging:
        made = _read_for_table(at_hand, job, fields, column_names, note, staging, watch) if by_spark else None
        result, staged, names = made or _native(job, convert, target, fields, column_names, note, staging)
        watch()
        written = _write(at_hand, watch, staged=staged, target=target, mode=job.mode, merge_schema=job.merge_schema,
                         timezone=job.timezone or "UTC", rows=result["row_count"], columns=result["columns"],
                         column_names=column_names, renew=renew, names=names)
    for text in written.notes:
        note(text)
    return result, written


def _convert_file(at_hand, job, context, on_databricks):
    """Spark reads, what it has written is joined natively as the output: what was read."""
    from pyforge_cli.extensions.databricks.staging import Staging, staging_base

    plan = _plan_of(job)
    with Staging(staging_base(job.staging, [job.input, job.output], on_databricks), on_databricks, context.warn) as staging:
        result, _, parts = _by_spark(at_hand, job, plan, staging, lambda: context.progress(step="reading"), whole_instants=True)
        context.join(parts, result["columns"])
    return result


def _at_hand(given, why=None, asked=True):
    """(SparkAtHand or None, whether this is Databricks); why: a list to which goes why there is none; asked: whether only Spark will do, or it is
    asked for"""
    from pyforge_cli.extensions.databricks.environment import facts
    from pyforge_cli.extensions.databricks.session import session_at_hand

    known = facts()
    inside = known["is_databricks"]
    return session_at_hand(given, on_databricks=inside, is_serverless=known["is_serverless"], why=why, asked=asked), inside


def _brought():
    """The module of what executors have made, where this is a conversion of a batch that they have seen."""
    module = sys.modules.get("pyforge_cli.extensions.databricks.brought")
    return module if module is not None and module.is_here() else None


def _told(why):
    return f" ({why[0]})" if why else ""


def _may_pass(error):
    """Whether a table was certainly not written for a reason that may be over: a connection that was lost, another writer. There is no other
    engine that could do it."""
    condition = getattr(error, "condition", None)
    return getattr(error, "failure", None) == "falls back" and error.status == "PF_IO" and (condition is None or condition.startswith(_OTHER_WRITERS))


def _is_asked_for(job):
    return job.option("engine") == "spark" or job.option("force-pyspark") == "yes"


def _bytes_of(job):
    return job.input_bytes if job.data_bytes is None else job.data_bytes


class SparkEngine:
    name = "spark"
    description = "Tables, Delta and large files through the session of Spark at hand"
    priority = 10
    formats = ("delta",)
    tables = True

    def __init__(self, given=None):
        from pyforge_cli.extensions.databricks.choice import Rates

        self._given = given
        self._rates = Rates()
        self._tried = []  # the session whose executors were last found to have the package

    def _decide(self, job, at_hand, on_databricks):
        """Whether Spark reads the input."""
        from pyforge_cli.extensions.databricks import choice
        from pyforge_cli.extensions.databricks.staging import spark_path

        facts = dict(format=job.input_format, bytes=_bytes_of(job), compute=at_hand.kind,
                     spark_cores=choice.spark_cores(at_hand), cores=choice.cores_here(), forced=_is_asked_for(job),
                     sees_input=spark_path(job.input, on_databricks) is not None, threshold=choice.threshold())
        decision = choice.decide(choice.Facts(**facts), self._rates)
        if not decision.spark:
            return decision
        plan = job.remote()  # a look at the beginning of the input
        splits = plan["read"]["options"].get("multiLine") != "true"
        return choice.decide(choice.Facts(**facts, refusal=plan["refusal"], splits=splits), self._rates)

    def takes(self, job):
        from pyforge_cli.extensions.databricks import choice

        brought = _brought() and _brought().takes(job)
        if brought:
            return brought
        if not job.engines_only and not _is_asked_for(job) and choice.is_small(job.input_format, _bytes_of(job), choice.threshold()):
            return False, "small enough for the native engine"
        why = []
        at_hand, on_databricks = _at_hand(self._given, why, job.engines_only or _is_asked_for(job))
        if at_hand is None and job.engines_only:
            return False, f"tables and Delta need a session of Spark, and none is at hand{_told(why)}; {_REMEDY}"
        if at_hand is None:
            return False, f"no session of Spark is at hand{_told(why)}"
        if job.engines_only:
            return True, f"a table is written through the session of Spark ({at_hand.kind}, {at_hand.found})"
        if job.input_format in _NOT_SPARKS and _is_asked_for(job):
            left = self._executors(job, at_hand, on_databricks).left()
            return (False, left.reason) if left else (True, f"an executor of the session reads it natively ({at_hand.kind}, {at_hand.found})")
        decision = self._decide(job, at_hand, on_databricks)
        return decision.spark, decision.reason

    def _executors(self, job, at_hand, on_databricks):
        from pyforge_cli.extensions.databricks.executors import OneFile

        return OneFile(at_hand, on_databricks, job, self._tried)

    def _table(self, at_hand, job, context, on_databricks):
        """(what was read, rows written, columns)"""
        def once(at_hand, convert, by_spark):
            return load_table(
                at_hand, job, convert, on_databricks=on_databricks, note=context.warn, watch=lambda: context.progress(step="writing"),
                renew=lambda: getattr(_at_hand(self._given)[0], "session", None), by_spark=by_spark)

        def load(convert, by_spark):
            try:
                return once(at_hand, convert, by_spark)
            except PyForgeError as error:
                if not _may_pass(error):
                    raise
                context.warn(f"it was tried once more, as nothing was written: {error.message}")
                return once(_at_hand(self._given)[0] or at_hand, convert, by_spark)

        def convert(path, **more):
            return context.convert_native(path, format="parquet", **more)

        brought = _brought()
        if brought:
            result, written = brought.load(job, context, lambda convert: load(convert, False), convert)
        else:
            result, written = load(convert, self._decide(job, at_hand, on_databricks).spark)
        columns = [{**column, "name": name} for column, name in zip(result["columns"], written.columns)]
        return result, result["row_count"] if written.rows is None else written.rows, columns

    def run(self, job, context):
        brought = _brought() and _brought().run(job, context)
        if brought:
            return brought
        why = []
        at_hand, on_databricks = _at_hand(self._given, why)
        if at_hand is None:
            raise EngineError(f"tables and Delta need a session of Spark, and none is at hand{_told(why)}", "falls back", remedy=_REMEDY,
                              status="PF_UNSUPPORTED")
        started = time.monotonic()
        try:
            if job.input_format in _NOT_SPARKS and not job.engines_only:
                return self._executors(job, at_hand, on_databricks).run(context)
            if job.engines_only:
                result, rows, columns = self._table(at_hand, job, context, on_databricks)
            else:
                result = _convert_file(at_hand, job, context, on_databricks)
                rows, columns = result["row_count"], result["columns"]
                self._learn(at_hand, job, time.monotonic() - started)
        except PyForgeError as error:
            if getattr(error, "failure", None) is None:
                raise
            raise EngineError(error.message, error.failure, remedy=error.remedy, status=error.status) from error
        return {
            "rows_written": rows,
            "rows_read": result["rows_read"],
            "rows_rejected": result["rows_rejected"],
            "rows_left_out": result["rows_left_out"],
            "bytes_written": result["output_size_bytes"] if job.engines_only else 0,
            "columns": columns,
            "display": "spark" if at_hand.kind == "classic" else f"spark ({at_hand.kind})",
        }

    def _learn(self, at_hand, job, seconds):
        from pyforge_cli.extensions.databricks.choice import spark_cores

        self._rates.learn(job.input_format, job.input_bytes, spark_cores(at_hand), seconds)


__all__ = ["OPTIONS", "SparkEngine", "load_table"]
