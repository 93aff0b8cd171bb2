"""A Delta table as the input. What its log says only Spark reads, with all its features; from the staging folder it is converted as any Parquet file."""

import os
import time

from pyforge_cli import _api
from pyforge_cli.errors import PyForgeError
from pyforge_cli.extensions.databricks.identifiers import parse_table
from pyforge_cli.extensions.databricks.spark_errors import explain, failure, is_not_there
from pyforge_cli.extensions.databricks.staging import Staging, process_path, spark_path, staging_base
from pyforge_cli.extensions.databricks.tables import path_target, table_target

_LOG = "_delta_log"


def is_delta(source, options):
    """Whether a table is meant: by from_="delta", or a folder with a log of Delta."""
    if not isinstance(source, (str, os.PathLike)):
        return False
    said = options.get("from_") or options.get("input_format")
    return said == "delta" or (said is None and os.path.isdir(os.path.join(process_path(source), _LOG)))


def _is_name(source):
    """catalog.schema.table and the like, and no folder."""
    text = os.fspath(source)
    if not isinstance(text, str) or "/" in text or os.path.isdir(process_path(source)):
        return False
    try:
        return len(parse_table(text)) > 1
    except PyForgeError:
        return False


def target_of(source, on_databricks):
    """The table as a TableTarget or a PathTarget."""
    return table_target(os.fspath(source)) if _is_name(source) else path_target(source, on_databricks)


def _output_beside(source, format):
    path = process_path(source).rstrip("/")
    return f"{path[:-len('.delta')] if path.endswith('.delta') else path}.{ {'excel': 'xlsx'}.get(format, format) or 'parquet'}"


def _frame(at_hand, target):
    try:
        return target.frame(at_hand.session)
    except Exception as error:
        if is_not_there(error):
            raise failure("missing", f"there is no table {target.name}, or it is not granted to you",
                          "check the name; a folder of Delta has a folder _delta_log in it") from error
        raise explain(error, target) from error


def _patched(result, source, at_hand, size, seconds):
    result["input_path"] = os.fspath(source)
    result["input_format"] = "delta"
    result["processing_engine"] = "spark" if at_hand.kind == "classic" else f"spark ({at_hand.kind})"
    result["engine_reason"] = "a Delta table is read by Spark"
    result["file_size_bytes"] = size
    result["duration"] = (result.get("duration") or 0) + seconds
    return result


def convert(at_hand, source, output, options, progress, *, on_databricks=False, why=None):
    """The result of converting a Delta table; raises what keeps it from beginning."""
    from pyforge_cli.extensions.databricks import reading

    if options.get("engine") == "native":
        raise failure("unsupported", "a Delta table is read by Spark, and by no other engine", "leave out engine= and force_core=")
    if at_hand is None:
        raise failure("unsupported", f"a Delta table is read through a session of Spark, and none is at hand{f' ({why[0]})' if why else ''}",
                      "run this in a notebook or a job of Databricks, or give a session: PyForgeDatabricks(spark_session=spark)")
    options = {name: value for name, value in options.items() if name not in ("from_", "input_format", "engine", "force_pyspark")}
    named = _is_name(source)
    if output is None and options.get("table") is None:
        if named:
            raise failure("option", f"there is no folder beside the table {os.fspath(source)} for the output", "name it: output_path=")
        output = _output_beside(source, options.get("format"))
    target, started = target_of(source, on_databricks), time.monotonic()
    places = [output, None if named else source]
    with Staging(staging_base(options.get("staging"), places, on_databricks), on_databricks) as staging:
        folder = os.path.join(os.path.dirname(os.fspath(staging.file)), "read")
        # one part, so that it is one file; no order of rows is promised by Delta
        reading.write_parts(at_hand, lambda: _frame(at_hand, target).coalesce(1), f"{staging.spark_path}/read", lambda: None, staging.lost, target.name)
        parts = reading.parts_of(folder)
        if len(parts) != 1:
            raise failure("server", f"Spark has written {len(parts)} files for {target.name} where one was expected", "run it again")
        seconds = time.monotonic() - started
        result = _api.attempt(parts[0], output, progress=progress, int96_instants=True, **options)
        return _patched(result, source, at_hand, os.path.getsize(parts[0]), seconds)


__all__ = ["convert", "is_delta", "target_of"]
