"""Writing a table through a session of Spark: from Parquet that the native engine made, once and never twice.

Every write carries a token: as userMetadata of its commit, as the application of a Delta transaction, and, where a table is made, as
its property pyforge.write (the commit that makes a table keeps no userMetadata). An answer that is lost is looked up by it.
"""

import os
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import List, Optional

from pyforge_cli import __version__
from pyforge_cli._options import text_of
from pyforge_cli.extensions.databricks.identifiers import parse_table, quote, quote_all, table_columns
from pyforge_cli.extensions.databricks.session import Operation, kind_of
from pyforge_cli.extensions.databricks.spark_errors import (
    condition_of,
    explain,
    failure,
    first_line,
    is_answer,
    is_before_the_write,
    is_not_there,
    is_of_python,
)
from pyforge_cli.extensions.databricks.staging import PREFIX, as_read, process_path, spark_path

MODES = ("error", "append", "overwrite")
TOKEN_PROPERTY = "pyforge.write"
# How long a lost answer is looked for, in seconds.
PATIENCE = 120.0
# The same where the exception is none of a connection: that does not come back.
_PATIENCE_OF_PYTHON = 10.0
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-/]*|[+-]\d{1,2}:\d{2}")
_HISTORY_FIRST = 10
# As the native half has it: who reads the statements puts a name there.
_PRINCIPAL = "`USER_OR_GROUP`"


# ---- targets


@dataclass(frozen=True)
class TableTarget:
    parts: tuple

    @property
    def sql(self):
        return quote_all(self.parts)

    name = sql

    @property
    def schema(self):
        return quote_all(self.parts[:-1]) or "the current schema"

    def grants(self):
        if len(self.parts) < 3:
            return f"ask the owner for: GRANT SELECT, MODIFY ON TABLE {self.sql} TO {_PRINCIPAL};"
        catalog, schema = quote(self.parts[0]), quote_all(self.parts[:2])
        return (f"ask the owner for: GRANT USE CATALOG ON CATALOG {catalog} TO {_PRINCIPAL}; GRANT USE SCHEMA, CREATE TABLE ON SCHEMA "
                f"{schema} TO {_PRINCIPAL}; GRANT SELECT, MODIFY ON TABLE {self.sql} TO {_PRINCIPAL};")

    def frame(self, session):
        return session.table(self.sql)


@dataclass(frozen=True)
class PathTarget:
    path: str  # for Spark
    here: Optional[str] = None  # for this process

    @property
    def sql(self):
        return "delta." + quote(self.path)

    @property
    def name(self):
        return self.path

    schema = "default"

    def grants(self):
        volume = re.match(r"/Volumes/([^/]+)/([^/]+)/([^/]+)", self.path)
        if volume is None:
            return "ask the owner of the folder for the right to write there"
        catalog, schema, name = (quote(part) for part in volume.groups())
        return (f"ask the owner for: GRANT USE CATALOG ON CATALOG {catalog} TO {_PRINCIPAL}; GRANT USE SCHEMA ON SCHEMA {catalog}.{schema} "
                f"TO {_PRINCIPAL}; GRANT READ VOLUME, WRITE VOLUME ON VOLUME {catalog}.{schema}.{name} TO {_PRINCIPAL};")

    def frame(self, session):
        return session.read.format("delta").load(self.path)


def table_target(name):
    return TableTarget(parse_table(name))


def path_target(location, on_databricks=False):
    path = spark_path(location, on_databricks)
    if path is None:
        raise failure("option", f"Spark does not see {process_path(location)}",
                      "write the Delta table to a volume, /Volumes/catalog/schema/volume/folder, or use --table")
    if "\n" in path or "\0" in path or "${" in path:
        raise failure("option", f"{path!r} cannot be named to Spark", "use a path without line ends and '${'")
    return PathTarget(path, process_path(location))


# ---- the outcome


@dataclass
class TableWrite:
    target: str
    rows: Optional[int]  # as the table's history has it; None = it tells no number
    version: Optional[int]  # of the table
    created: bool
    token: str
    columns: List[str]
    notes: List[str] = field(default_factory=list)


# ---- types: what the table has against what comes

_INTEGERS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
_WIDER = {("float", "double"), ("void", "string")}


def _type_of(field):
    return field.dataType.simpleString() if field is not None else None


def _few(names):
    return ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")


def _decimal(name):
    found = re.fullmatch(r"decimal\((\d+),(\d+)\)", name)
    return (int(found[1]), int(found[2])) if found else None


def conversion(ours, theirs, expression):
    """The expression that gives a column of type ours as theirs without loss, else None. An integer out of range ends the write."""
    if ours == theirs:
        return expression
    if (ours, theirs) in _WIDER:
        return f"CAST({expression} AS {theirs})"
    if ours in _INTEGERS and theirs in _INTEGERS:
        if _INTEGERS[ours] <= _INTEGERS[theirs]:
            return f"CAST({expression} AS {theirs})"
        most = 2 ** (_INTEGERS[theirs] - 1)
        return (f"CASE WHEN {expression} IS NULL OR {expression} BETWEEN {-most} AND {most - 1} THEN CAST({expression} AS {theirs}) "
                f"ELSE CAST(raise_error(concat('the value ', {expression}, ' does not fit {theirs}')) AS {theirs}) END")
    mine, other = _decimal(ours), _decimal(theirs)
    if mine and other and other[1] >= mine[1] and other[0] - other[1] >= mine[0] - mine[1]:
        return f"CAST({expression} AS {theirs})"
    if ours in _INTEGERS and other and other[0] - other[1] >= 19:
        return f"CAST({expression} AS {theirs})"
    return None


_DECLARED = {"tinyint": "int8", "smallint": "int16", "int": "int32", "bigint": "int64", "float": "float32", "double": "float64",
             "boolean": "bool", "string": "string", "date": "date", "timestamp": "timestamptz", "timestamp_ntz": "timestamp", "binary": "binary"}


def existing_fields(session, target, mode):
    """The fields of the table, or None when there is no such table; with mode "error" one that is there is refused."""
    fields = _Write(session, None, target, mode, False, None).existing()
    if fields is not None and mode == "error":
        raise _exists(target)
    return fields


def _exists(target):
    return failure("exists", f"{target.name} exists", "--mode append adds to it, --mode overwrite replaces its rows")


def declared_types(fields):
    """What a schema can declare of a table's columns, {name: type}. Days and timestamps are left to the file: the order of day and month,
    and whether there is a zone, is seen there over the whole column."""
    theirs = {found.name: found.dataType.simpleString() for found in fields}
    return {name: kind if _decimal(kind) else _DECLARED[kind] for name, kind in theirs.items()
            if (_decimal(kind) or kind in _DECLARED) and not kind.startswith(("timestamp", "date"))}


def _declaration(name, theirs):
    """What makes a column fit a table's type, to be typed as it stands where there is such a type to declare."""
    declared = theirs if _decimal(theirs) else _DECLARED.get(theirs)
    if declared is None:
        return f"no column of a file can be declared as {theirs}; leave it out with --columns, or write another table"
    if "'" in name:  # no shell takes it as it stands
        return f"declare the column as {declared} with --schema, or write another table"
    return f"declare its type: --schema '{text_of('schema', {name: declared})}'; or write another table"


def instant(expression, spark_type, is_local, zone):
    """A timestamp as an instant: one without a zone is read in zone, whatever the session's is."""
    if spark_type == "timestamp_ntz":
        return (f"make_timestamp_ltz(year({expression}), month({expression}), day({expression}), hour({expression}), "
                f"minute({expression}), extract(SECOND FROM {expression}), '{zone}')")
    # a Spark that does not know of timestamps without a zone takes them for instants of UTC
    return f"to_utc_timestamp({expression}, '{zone}')" if is_local and zone != "UTC" else expression


def wall_clock(expression, spark_type):
    """A timestamp without a zone as Spark's own type of that: nothing is read into it, whatever the session's zone is."""
    if spark_type == "timestamp_ntz":
        return expression
    return f"TIMESTAMP_NTZ'1970-01-01 00:00:00' + make_dt_interval(0, 0, 0, CAST(unix_micros({expression}) AS DECIMAL(20,0)) * 0.000001)"


# ---- writing


class _Cancelled(Exception):
    """The write is not to begin any more."""


class _Write(Operation):
    """One write: its frame, its token, and what became of it."""

    def __init__(self, session, kind, target, mode, merge_schema, token):
        super().__init__(session, kind, token or f"pyforge-{uuid.uuid4().hex}")
        self.target = target
        self.lock, self.is_calling, self.is_cancelled = threading.Lock(), False, False
        self.mode, self.merge_schema = mode, merge_schema
        self.notes, self.columns = [], []
        self.empty = set()  # columns of the file without any value
        self.frame, self.properties = None, {}
        self.creates = False

    # -- what there is

    def existing(self):
        """The fields of the table, or None when there is no such table."""
        try:
            return list(self.target.frame(self.session).schema.fields)
        except Exception as error:
            if is_not_there(error):
                return None
            raise explain(error, self.target) from error

    def check_name(self):
        """Catalogs of Spark's own find a bad name only after they have written the data."""
        if not isinstance(self.target, TableTarget) or all(re.fullmatch(r"[A-Za-z0-9_]+", part) for part in self.target.parts[-2:]):
            return
        catalog = self.target.parts[0] if len(self.target.parts) == 3 else self.current_catalog()
        if catalog.lower() in ("spark_catalog", "hive_metastore"):
            raise failure("option", f"the catalog {catalog} does not take the name {self.target.name}",
                          "use letters without accents, digits and _, or a catalog of Unity Catalog")

    def current_catalog(self):
        try:
            return self.session.catalog.currentCatalog()
        except Exception:  # before 3.4 it cannot be asked
            return "spark_catalog"

    def check_folder(self):
        """Spark makes a table in a folder whatever else lies there, and VACUUM would remove that."""
        here = getattr(self.target, "here", None)
        if here is None:
            return
        try:
            found = sorted(name for name in os.listdir(here) if not name.startswith(PREFIX))
        except NotADirectoryError:
            raise failure("exists", f"{here} is a file, where a folder for a Delta table was expected", "name another folder") from None
        except OSError:  # it is not there, or only Spark may look
            return
        if found and "_delta_log" not in found:
            raise failure("exists", f"the folder {here} is no Delta table, and holds other files, {found[0]!r} among them",
                          "name an empty folder, or one that is not there")

    # -- the frame

    def prepare(self, staged, native, zone, column_names, existing):
        try:
            read = self.session.read.option("datetimeRebaseMode", "CORRECTED").parquet(as_read(staged))
            fields = list(read.schema.fields)
        except Exception as error:
            if is_not_there(error):
                raise failure("missing", f"Spark does not see the staged data in {staged}",
                              "name a folder that Spark can read: --staging /Volumes/catalog/schema/volume/folder") from error
            raise explain(error, self.target) from error
        names, notes = table_columns([found.name for found in fields], column_names, [found.name for found in existing or ()])
        if column_names == "map" and existing is None:
            self.properties["delta.columnMapping.mode"] = "name"
        local, expressions, self.columns = [], [], names
        there = {found.name.lower(): found for found in existing or ()}
        for number, (found, name) in enumerate(zip(fields, names)):
            spark_type = found.dataType.simpleString()
            is_local = spark_type == "timestamp_ntz" or (spark_type == "timestamp" and native.get(found.name) == "timestamp")
            column = f"c{number}"
            if is_local and _type_of(there.get(name.lower())) == "timestamp_ntz":
                column, spark_type = wall_clock(column, spark_type), "timestamp_ntz"
            elif is_local:
                local.append(name)
                column, spark_type = instant(column, spark_type, True, zone), "timestamp"
            if found.name in self.empty and there.get(name.lower()) is not None:
                column, spark_type = f"CAST(NULL AS {_type_of(there[name.lower()])})", _type_of(there[name.lower()])
            expressions.append(self.fitted(column, spark_type, name, there.get(name.lower())) + f" AS c{number}")
        if local:
            notes.append(f"timestamps without a zone are read as {zone}: {_few(local)}")
        come = {name.lower() for name in names}
        missing = [found.name for found in existing or () if found.name.lower() not in come]
        if missing:
            notes.append(f"columns of the table that are not in the file get null, or their default: {_few(missing)}")
        self.notes += notes
        self.check_new_columns(names, existing, there)
        # by position, so that no name of a column is ever read as a statement
        plain = [f"c{number}" for number in range(len(fields))]
        try:
            self.frame = read.toDF(*plain).selectExpr(*expressions).toDF(*names)
        except Exception as error:
            raise explain(error, self.target) from error

    def fitted(self, column, spark_type, name, there):
        if there is None:
            return column
        theirs = _type_of(there)
        fitting = conversion(spark_type, theirs, column)
        if fitting is None:
            raise failure("data", f"the column {name!r} is {spark_type} in the file and {theirs} in {self.target.name}",
                          _declaration(name, theirs))
        return fitting

    def check_new_columns(self, names, existing, there):
        new = [name for name in names if name.lower() not in there]
        if existing is not None and new and not self.merge_schema:
            more = f", nor {len(new) - 1} more of what comes" if len(new) > 1 else ""
            raise failure("data", f"{self.target.name} has no column {new[0]!r}{more}",
                          "--merge-schema adds columns that are new to the table; --columns leaves them out", "DELTA_METADATA_MISMATCH")

    # -- the call

    def options(self):
        options = {"userMetadata": f"pyforge {__version__} {self.token}", "txnAppId": self.token, "txnVersion": "1"}
        if self.merge_schema and not self.creates:
            options["mergeSchema"] = "true"
        return options

    def prepared(self):
        """The call that writes. Nothing is written before it is made."""
        try:
            return self.writer()
        except Exception as error:
            raise explain(error, self.target) from error

    def writer(self):
        if self.creates and isinstance(self.target, TableTarget):
            writer = self.frame.writeTo(self.target.sql).using("delta").tableProperty(TOKEN_PROPERTY, self.token)
            for name, value in self.properties.items():
                writer = writer.tableProperty(name, value)
            for name, value in self.options().items():
                writer = writer.option(name, value)
            return writer.create
        writer = self.frame.write.format("delta").mode(self.mode)
        for name, value in {**self.options(), **(self.properties if self.creates else {})}.items():
            writer = writer.option(name, value)
        if isinstance(self.target, TableTarget):
            return lambda: writer.saveAsTable(self.target.sql)
        return lambda: writer.save(self.target.path)

    def call(self):
        self.prepared()()

    # -- its beginning and its end

    def begin(self):
        """Nothing is written before this, nor ever after a cancel() that came first."""
        with self.lock:
            if self.is_cancelled:
                raise _Cancelled
            self.is_calling = True

    def cancel(self):
        """From any thread: the write is not to begin. False = it has not, and will not; True = it has, and interrupt() may stop it."""
        with self.lock:
            self.is_cancelled = True
            return self.is_calling

    def unknown(self, why):
        return failure(
            "unknown",
            f"while {self.target.name} was written {why}, and it could not be told whether the rows are in the table",
            f"look for {self.token} in DESCRIBE HISTORY {self.target.sql}: if it is there all rows are; if it is not and Spark runs nothing "
            "any more, none are. Do not run it again before",
        )

    # -- history

    def history(self, limit=None):
        rows = self.session.sql(f"DESCRIBE HISTORY {self.target.sql}" + (f" LIMIT {int(limit)}" if limit else ""))
        return rows.select("version", "operationParameters", "userMetadata", "operationMetrics").collect()

    def commit(self):
        """The row of the history that has the token, else None. Raises when the history cannot be had."""
        for limit in (_HISTORY_FIRST, None):
            try:
                rows = self.history(limit)
            except Exception as error:
                if is_not_there(error):
                    return None
                raise
            for row in rows:
                if self.token in (row["userMetadata"] or "") or self.token in _property_of(row):
                    return row
            if limit is None or len(rows) < limit:
                return None
        return None

    def fence(self):
        """A commit without rows under the write's own transaction: if the write has not been committed by then, Delta refuses it
        from then on; if it has been, this one does nothing."""
        empty = self.target.frame(self.session).limit(0)
        writer = empty.write.format("delta").mode("append").option("userMetadata", "pyforge: a lost write was looked for")
        writer = writer.option("txnAppId", self.token).option("txnVersion", "1")
        if isinstance(self.target, TableTarget):
            writer.saveAsTable(self.target.sql)
        else:
            writer.save(self.target.path)


def _property_of(row):
    """What a commit that made a table says of the token; later ones repeat the table's properties and do not count."""
    parameters = row["operationParameters"] or {}
    return str(parameters.get("properties") or "") if row["version"] == 0 else ""


def _resolve(write, error, patience, renew):
    """After an answer that says nothing: the commit if it was made, None if it was not and never will be; else raises."""
    end, pause, why = time.monotonic() + patience, 0.2, error
    while True:
        try:
            row = write.commit()
            if row is not None:
                return row
            if write.creates and write.existing() is None:
                if write.interrupt():
                    return write.commit()
            else:
                # a table that somebody else has made is not made again
                if not (write.creates and isinstance(write.target, TableTarget)):
                    write.fence()
                return write.commit()
        except BaseException as problem:  # the session may come back
            if not isinstance(problem, Exception):
                raise write.unknown(_how_ended(error)) from problem
            why = problem
            if renew is not None and not is_answer(problem):
                write.session = _renewed(renew) or write.session
        if time.monotonic() >= end:
            raise write.unknown(_how_ended(error)) from why
        time.sleep(pause)
        pause = min(pause * 2, 5.0, max(0.05, end - time.monotonic()))


def _how_ended(error):
    if is_of_python(error):
        return f"the call ended with {type(error).__name__}: {first_line(error)}"
    return f"the connection to Spark was lost ({first_line(error)})"


def _renewed(renew):
    try:
        return renew()
    except Exception:  # there is none yet
        return None


def _carry_out(write, patience, renew):
    """Makes the call; gives the row of the history when that was asked already, else None."""
    write.prepared()  # what is wrong with it shows before anything can have been written
    tagged = write.tagged(True)
    try:
        write.begin()
        write.call()
        return None
    except _Cancelled:
        raise
    except Exception as error:
        if is_before_the_write(error) and "ALREADY_EXISTS" not in (condition_of(error) or ""):
            raise explain(error, write.target) from error
        if is_answer(error):
            # after the commit Spark may fail at what comes then, and a call that was sent twice finds its own table
            row = _looked_up(write)
            if row is None:
                raise explain(error, write.target) from error
            write.notes.append(f"Spark reported {first_line(error)}, but the history of the table shows the write as version {row['version']}")
            return row
        row = _resolve(write, error, min(patience, _PATIENCE_OF_PYTHON) if is_of_python(error) else patience, renew)
        if row is None and is_of_python(error):
            raise explain(error, write.target) from error
        if row is None:
            raise failure("server", f"the connection to Spark was lost before {write.target.name} was written: {first_line(error)}",
                          "nothing was written; run it again") from error
        write.notes.append(f"Spark's answer was lost; the history of the table shows the write as version {row['version']}")
        return row
    except BaseException as error:
        if not write.is_calling:
            raise
        write.interrupt()
        raise write.unknown(_how_ended(error)) from error
    finally:
        if tagged:
            write.tagged(False)


def _looked_up(write):
    try:
        return write.commit()
    except BaseException:  # the server's own answer says that it failed
        return None


def _metric(row):
    try:
        return int((row["operationMetrics"] or {})["numOutputRows"])
    except (KeyError, TypeError, ValueError):
        return None


def _counted(write):
    rows = write.target.frame(write.session).count()
    if not isinstance(rows, int):
        raise TypeError(f"count() gave {rows!r}")
    return rows


def _verify(write, row, expected):
    """(rows, version) as the table has them; a number that differs from the native engine's is an error. The rows are in by now, so that
    nothing else which goes wrong here, not even the end of the interpreter, is a failure of the write."""
    if row is None:
        try:
            row = write.commit()
        except BaseException as error:
            write.notes.append(f"the rows could not be counted afterwards: {first_line(error)}")
    rows = _metric(row) if row is not None else None
    version = row["version"] if row is not None else None
    if rows is None and write.creates:
        try:
            rows = _counted(write)
        except BaseException as error:
            write.notes.append(f"the rows could not be counted afterwards: {first_line(error)}")
    if rows is not None and expected is not None and rows != expected:
        back = f"drop {write.target.name}"
        if version:
            back = (f"where DESCRIBE HISTORY {write.target.sql} shows {version} as the last version, RESTORE TABLE {write.target.sql} TO "
                    f"VERSION AS OF {version - 1}; takes it back. It takes back what came later, too, whoever wrote that")
        raise failure("internal", f"{write.target.name} got {rows} rows where {expected} were read", back)
    if rows is None:
        write.notes.append("the table's history does not tell how many rows were written")
    return rows, version


def write_table(session, staged, target, mode="error", *, merge_schema=False, timezone="UTC", rows=None, columns=(), column_names="repair",
                token=None, patience=PATIENCE, renew=None, kind=None, watch=None):
    """Writes the Parquet file or folder staged, a path for Spark, to a TableTarget or PathTarget; gives a TableWrite.

    rows, columns: what the native engine wrote, [{"name": ..., "type": ..., "null_count": ...}]. renew(): a new session after the old one was lost.
    watch(write): told of the write before it begins; write.cancel() keeps it from beginning, write.interrupt() ends it.
    Raises errors of pyforge_cli with failure, condition and sqlstate.
    """
    if mode not in MODES:
        raise failure("option", f"the mode is {mode!r}", f"it takes {', '.join(MODES)}")
    if not _ZONE.fullmatch(timezone):
        raise failure("option", f"{timezone!r} is not a time zone", "as in Europe/Berlin, UTC or +02:00")
    native = {column["name"]: column["type"] for column in columns}
    times = [name for name, kind_of_column in native.items() if kind_of_column == "time"]
    if times:
        raise failure("unsupported", f"the column {times[0]!r} is a time of day, and Delta has no such type",
                      f"write it as text: --schema '{times[0]}:string'")
    write = _Write(session, kind or kind_of(session), target, mode, merge_schema, token)
    if write.kind == "classic":
        session.createDataFrame([], "a int")  # makes it the session of this thread, without which Spark 3.5 does not find the catalog's tables
    write.empty = {column["name"] for column in columns if rows is not None and column.get("null_count") == rows}
    if watch is not None:
        watch(write)
    write.check_name()
    for attempt in (1, 2):
        existing = write.existing()
        if existing is not None and mode == "error":
            raise _exists(target)
        write.creates, write.notes = existing is None, []
        if write.creates:
            write.check_folder()
        write.prepare(staged, native, timezone, column_names, existing)
        try:
            row = _carry_out(write, patience, renew)
            break
        except FileExistsError:
            # somebody else made the table in between
            if mode == "error" or attempt == 2:
                raise
    count, version = _verify(write, row, rows)
    return TableWrite(target.name, count, version, write.creates, write.token, write.columns, write.notes)


__all__ = ["MODES", "PathTarget", "TableTarget", "TableWrite", "declared_types", "existing_fields", "path_target", "table_target", "write_table"]
