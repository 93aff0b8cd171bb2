"""The engine spark: tables and Delta through the session of Spark that is at hand. The data are read natively."""

import os
import threading
import time
from dataclasses import dataclass
from typing import Optional

from pyforge_cli.errors import PyForgeError
from pyforge_cli.extensions.base import EngineError, Option
from pyforge_cli.extensions.databricks.environment import get_environment_info
from pyforge_cli.extensions.databricks.identifiers import COLUMN_NAMES
from pyforge_cli.extensions.databricks.session import session_at_hand
from pyforge_cli.extensions.databricks.spark_errors import failure
from pyforge_cli.extensions.databricks.staging import Staging, staging_base
from pyforge_cli.extensions.databricks.tables import MODES, path_target, table_target, write_table

THRESHOLD_BYTES = 1 << 30
_YES = {"1", "true", "yes"}
# How long an interrupted write is waited for, in seconds.
_LAST_WAIT = 30.0

OPTIONS = (
    Option("table", help="Write a table: catalog.schema.table.", unit="NAME"),
    Option("mode", "choice", choices=MODES, default="error", help="What becomes of a table or Delta folder that is there."),
    Option("merge-schema", "flag", help="Add columns that are new to the table."),
    Option("staging", help="A folder that Spark can see, for the data on its way to the table.", unit="FOLDER"),
    Option("timezone", default="UTC", help="The zone that timestamps without one are of, in tables and Delta.", unit="ZONE"),
    Option("column-names", "choice", choices=COLUMN_NAMES, default="repair", help="What becomes of names that Delta refuses."),
)


@dataclass
class TableSettings:
    table: Optional[str] = None
    mode: str = "error"
    merge_schema: bool = False
    staging: Optional[str] = None
    timezone: str = "UTC"
    column_names: str = "repair"

    @classmethod
    def of(cls, value):
        """value(name) gives an option's text, or None; names are as on the command line."""
        found = {name: value(name.replace("_", "-")) for name in ("table", "mode", "staging", "timezone", "column_names")}
        merge = str(value("merge-schema") or "").lower() in _YES
        return cls(merge_schema=merge, **{name: text for name, text in found.items() if text})

    def target(self, output, on_databricks):
        if self.table:
            return table_target(self.table)
        return path_target(output, on_databricks)


def size_text(size):
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def threshold():
    """From which size on work is Spark's: PYFORGE_SPARK_THRESHOLD (10M, 1G, bytes), else 1 GB."""
    text = os.environ.get("PYFORGE_SPARK_THRESHOLD", "").strip().upper().rstrip("B")
    factor = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:], 1)
    try:
        return int(float(text.rstrip("KMG")) * factor)
    except (ValueError, OverflowError):
        return THRESHOLD_BYTES


def _write(at_hand, watch, **how):
    """write_table on a thread of its own, so that the calling one can be asked to end. watch() raises then."""
    state, done = {}, threading.Event()

    def work():
        try:
            state["written"] = write_table(at_hand.session, kind=at_hand.kind, watch=lambda write: state.update(write=write), **how)
        except BaseException as error:
            state["error"] = error
        finally:
            done.set()

    threading.Thread(target=work, name="pyforge-spark", daemon=True).start()
    try:
        while not done.wait(0.2):
            watch()
    except BaseException:
        if "write" in state:
            state["write"].interrupt()
        done.wait(_LAST_WAIT)
        # what was finished before it could be stopped is done
        if "written" not in state:
            raise
    if "error" in state:
        raise state["error"]
    return state["written"]


def load_table(at_hand, convert, source, output, settings, *, on_databricks=False, note, watch=lambda: None, renew=None):
    """Native conversion into the staging folder, then the table: (the conversion's result, TableWrite).

    convert(path): the native conversion to Parquet. note(text): something the user should know. watch(): raises when it is to end.
    """
    target = settings.target(output, on_databricks)
    places = [source, None if settings.table else output]
    with Staging(staging_base(settings.staging, places, on_databricks), on_databricks, note) as staging:
        result = convert(os.fspath(staging.file))
        watch()
        written = _write(at_hand, watch, staged=staging.spark_path, target=target, mode=settings.mode, merge_schema=settings.merge_schema,
                         timezone=settings.timezone, rows=result["row_count"], columns=result["columns"], column_names=settings.column_names,
                         renew=renew)
    for text in written.notes:
        note(text)
    return result, written


class SparkEngine:
    name = "spark"
    description = "Tables and Delta through the session of Spark at hand"
    priority = 10

    def __init__(self, given=None):
        self._given = given

    def _at_hand(self):
        facts = get_environment_info()
        return session_at_hand(self._given, on_databricks=facts["is_databricks"], is_serverless=facts["is_serverless"]), facts["is_databricks"]

    def takes(self, job):
        size = job.data_bytes if job.data_bytes is not None else job.input_bytes
        if not job.option("table") and job.output_format != "delta":
            if size is not None and size < threshold():
                return False, f"Spark from {size_text(threshold())}"
            return False, "Spark is for tables and Delta only"
        at_hand, _ = self._at_hand()
        if at_hand is None:
            return False, "tables and Delta need a session of Spark, and none is at hand"
        return True, f"a table is written through the session of Spark ({at_hand.kind}, {at_hand.found})"

    def run(self, job, context):
        at_hand, on_databricks = self._at_hand()
        if at_hand is None:
            raise EngineError("tables and Delta need a session of Spark, and none is at hand", "falls back",
                              remedy="run this in a notebook, or give a session: PyForgeDatabricks(spark_session=spark)", status="PF_UNSUPPORTED")
        settings = TableSettings.of(job.option)
        if job.replace and job.option("mode") is None:
            settings.mode = "overwrite"
        try:
            result, written = load_table(
                at_hand, lambda path: context.convert_native(path, format="parquet"), job.input, job.output, settings,
                on_databricks=on_databricks, note=context.warn, watch=lambda: context.progress(step="writing"),
                renew=lambda: getattr(self._at_hand()[0], "session", None))
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
            "display": "spark" if at_hand.kind == "classic" else f"spark ({at_hand.kind})",
        }


def convert_to_table(source, table=None, output=None, *, spark=None, progress=None, **options):
    """A table without the core's engines: a record as conversions give it, with the keys table, table_version and target. Raises.

    table: its name; or output: a folder for Delta. options: mode, merge_schema, staging, timezone, column_names, and those of convert.
    """
    import pyforge_cli

    given = {name: options.pop(name, None) for name in ("mode", "merge_schema", "staging", "timezone", "column_names")}
    settings = TableSettings(table=table, **{name: value for name, value in given.items() if value is not None})
    if table is None and output is None:
        raise failure("option", "there is neither a table nor a folder to write", "table='catalog.schema.table', or an output and format='delta'")
    facts = get_environment_info()
    at_hand = session_at_hand(spark, on_databricks=facts["is_databricks"], is_serverless=facts["is_serverless"])
    if at_hand is None:
        raise failure("unsupported", "tables and Delta need a session of Spark, and none is at hand",
                      "run this in a notebook, or give a session: PyForgeDatabricks(spark_session=spark)")
    began, notes = time.monotonic(), []
    for name in ("format", "engine", "force", "output_format"):
        options.pop(name, None)
    result, written = load_table(
        at_hand, lambda path: pyforge_cli.convert(source, path, format="parquet", engine="native", progress=progress, **options), source, output,
        settings, on_databricks=facts["is_databricks"], note=notes.append,
        renew=lambda: getattr(session_at_hand(spark, on_databricks=facts["is_databricks"]), "session", None))
    seconds, rows = time.monotonic() - began, result["row_count"] if written.rows is None else written.rows
    engine = "spark" if at_hand.kind == "classic" else f"spark ({at_hand.kind})"
    result.update(
        output_path=written.target, target=written.target, table=table, table_version=written.version, output_format="delta",
        row_count=rows, rows_processed=rows, processing_engine=engine, converter_used=engine, duration=seconds, duration_seconds=seconds,
        warnings=[*result["warnings"], *notes],
        columns=[{**column, "name": name} for column, name in zip(result["columns"], written.columns)],
        attempts=[{"engine": "spark", "ok": True, "reason": "", "seconds": seconds}],
    )
    return result


__all__ = ["OPTIONS", "SparkEngine", "TableSettings", "convert_to_table", "load_table", "threshold"]
