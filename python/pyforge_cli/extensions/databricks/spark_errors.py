"""What Spark says when it fails, in the user's words: what it was, its class and SQLSTATE, and what to do.

Nothing of pyspark is imported: exceptions are told by what they have.
"""

import re

from pyforge_cli import errors
from pyforge_cli._api import shown

ENDS, FALLS_BACK, UNKNOWN = "ends", "falls back", "unknown"

# kind: (class, status, what follows from it)
_KINDS = {
    "option": (errors.OptionError, "PF_BAD_OPTION", ENDS),
    "data": (errors.BadDataError, "PF_BAD_DATA", ENDS),
    "exists": (errors.OutputExistsError, "PF_EXISTS", ENDS),
    "missing": (errors.NotFoundError, "PF_NOT_FOUND", ENDS),
    "refused": (errors.StorageError, "PF_IO", ENDS),
    "server": (errors.StorageError, "PF_IO", FALLS_BACK),
    "unsupported": (errors.UnsupportedError, "PF_UNSUPPORTED", FALLS_BACK),
    "internal": (errors.InternalError, "PF_INTERNAL", ENDS),
    "unknown": (errors.StorageError, "PF_IO", UNKNOWN),
}


def failure(kind, message, remedy="", condition=None, sqlstate=None):
    """An exception of the package with what the engine needs besides: failure, one of ENDS, FALLS_BACK and UNKNOWN."""
    kind_class, status, follows = _KINDS[kind]
    message, remedy = shown(message), shown(remedy)
    error = kind_class(f"{message}\n  hint: {remedy}" if remedy else message)
    error.message, error.remedy, error.status = message, remedy, status
    error.failure, error.condition, error.sqlstate = follows, condition, sqlstate
    return error


# ---- what an exception is

_CONDITION = re.compile(r"\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]")
_CAUSE = re.compile(r"^Caused by: (?:[a-z]\w*\.)+[A-Z][\w$]*: *(.+)$", re.MULTILINE)
_DENIED = re.compile(r"permission[ _]denied|access denied|not authorized|does not have (?:permission|privilege|access)", re.IGNORECASE)
_OF_A_TASK = re.compile(r"TASK_WRITE_FAILED|Job aborted|Task failed")
_OF_GRPC = re.compile(r"<_\w+ of RPC that terminated with:\s+status = StatusCode\.(\w+)\s+details = \"(.*)\"")
_SQLSTATE = re.compile(r"SQLSTATE:? *([0-9A-Z]{5})\b")
# The server's answer is that it knows nothing of the call, or not any more: it tells nothing of what became of it.
_ABOUT_THE_CALL = ("INVALID_HANDLE", "INVALID_CURSOR", "SESSION_CHANGED", "SESSION_CLOSED")
# Refused before anything was begun.
_BEFORE_THE_WRITE = ("AnalysisException", "ParseException", "UnresolvedException")


def _family(error):
    return {kind.__name__ for kind in type(error).__mro__}


def _asked(error, *names):
    for name in names:
        method = getattr(error, name, None)
        if callable(method):
            try:
                value = method()
            except Exception:  # what cannot be asked is not known
                continue
            if isinstance(value, str) and value:
                return value
    return None


def condition_of(error):
    """Spark's error class, as TABLE_OR_VIEW_NOT_FOUND, or None."""
    # getErrorClass warns from 4.0 on; before, there is no other
    asked = _asked(error, "getCondition") if hasattr(error, "getCondition") else _asked(error, "getErrorClass")
    found = None if asked else _CONDITION.search(str(error))
    return asked or (found[1] if found else None)


def sqlstate_of(error):
    found = _SQLSTATE.search(str(error))
    return _asked(error, "getSqlState") or (found[1] if found else None)


def is_answer(error):
    """Whether the server has answered; without an answer it is not known what became of the call."""
    condition = condition_of(error)
    if condition is not None:
        return not condition.startswith(_ABOUT_THE_CALL) and not _is_connection(error)
    family = _family(error)
    if "Py4JJavaError" in family or family & set(_BEFORE_THE_WRITE):
        return True
    # What a Spark Connect server throws without an error class has its Java class in front.
    return "SparkConnectGrpcException" in family and bool(re.match(r"\((?:[a-z]\w*\.)+[A-Z]\w+\)", str(error)))


def _is_connection(error):
    return bool(_family(error) & {"Py4JNetworkError", "RetriesExceeded", "ConnectionError", "RpcError"})


def is_of_python(error):
    """An exception of Python's own that tells of no connection."""
    return type(error).__module__ == "builtins" and not isinstance(error, (OSError, EOFError))


def is_before_the_write(error):
    """An answer that was given before anything was written."""
    return is_answer(error) and bool(_family(error) & set(_BEFORE_THE_WRITE))


def is_not_there(error):
    condition = condition_of(error) or ""
    text = str(error)
    return condition.startswith(("TABLE_OR_VIEW_NOT_FOUND", "PATH_NOT_FOUND", "DELTA_TABLE_NOT_FOUND", "DELTA_PATH_DOES_NOT_EXIST",
                                 "DELTA_MISSING_DELTA_TABLE", "DELTA_TABLE_ONLY_OPERATION")) or (
        bool(_family(error) & set(_BEFORE_THE_WRITE)) and ("is not a Delta table" in text or "Table or view not found" in text))


def _root(error):
    """The last cause, where what stands in front says only that a task failed."""
    told, cause = [str(error)], error
    for _ in range(8):
        told.append(str(getattr(cause, "_stackTrace", None) or getattr(cause, "_stacktrace", None) or ""))
        cause = getattr(cause, "_cause", None) or getattr(cause, "cause", None)
        if not isinstance(cause, Exception):
            break
        told.append(f"Caused by: java.lang.Exception: {cause}")
    causes = _CAUSE.findall("\n".join(told))
    return causes[-1].strip() if causes else None


def first_line(error):
    """What it says, without class, stack and advice for Spark's own developers."""
    text = str(error).split("\n\nJVM stacktrace", 1)[0]
    root = _root(error) if _OF_A_TASK.search(text) else None
    if root:
        text = root
    call = _OF_GRPC.search(text)
    if call:
        text = f"{call[2].strip() or 'the call failed'} ({call[1]})"
    java = re.search(r"^:? *((?:[a-z]\w*\.)+[A-Z]\w*: .*)$", text, re.MULTILINE) if "Py4JJavaError" in _family(error) else None
    lines = [line.strip() for line in (java[1] if java else text).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    line = _SQLSTATE.sub("", _CONDITION.sub("", line, 1)).strip()
    line = re.sub(r"^\(?(?:[a-z]\w*\.)+[A-Z]\w*\)?:? *", "", line) or line
    return line if len(line) <= 400 else line[:397] + "..."


# ---- what it means

# (beginning of the error class or of the SQLSTATE, kind, message, remedy). {name} the target, {grants} statements for it.
_MEANINGS = (
    ("TABLE_OR_VIEW_ALREADY_EXISTS", "exists", "{name} exists",
     "--mode append adds to it, --mode overwrite replaces its rows"),
    ("TABLE_ALREADY_EXISTS", "exists", "{name} exists", "--mode append adds to it, --mode overwrite replaces its rows"),
    ("DELTA_PATH_EXISTS", "exists", "{name} exists", "--mode append adds to it, --mode overwrite replaces its rows"),
    ("PATH_ALREADY_EXISTS", "exists", "{name} exists", "--mode append adds to it, --mode overwrite replaces its rows"),
    ("SCHEMA_NOT_FOUND", "missing", "the schema of {name} is not there",
     "create it (CREATE SCHEMA {schema};) or name another; SHOW SCHEMAS lists those you may see"),
    ("CATALOG_NOT_FOUND", "missing", "the catalog of {name} is not there", "SHOW CATALOGS lists those you may see"),
    ("NO_SUCH_CATALOG", "missing", "the catalog of {name} is not there", "SHOW CATALOGS lists those you may see"),
    ("REQUIRES_SINGLE_PART_NAMESPACE", "missing", "the catalog of {name} is not there", "SHOW CATALOGS lists those you may see"),
    ("INVALID_SCHEMA_OR_RELATION_NAME", "option", "this catalog does not take the name {name}", "use letters, digits and _"),
    ("DELTA_METADATA_MISMATCH", "data", "the columns do not fit the table {name}",
     "--merge-schema adds columns that are new to the table"),
    ("DELTA_SCHEMA_MISMATCH", "data", "the columns do not fit the table {name}",
     "--merge-schema adds columns that are new to the table"),
    ("DELTA_FAILED_TO_MERGE_FIELDS", "data", "the types of the columns do not fit the table {name}",
     "declare the types the table has: --schema 'COLUMN:TYPE'"),
    ("DELTA_INVALID_CHARACTERS_IN_COLUMN_NAME", "data", "Delta refuses the name of a column of {name}",
     "--column-names repair replaces the characters by _"),
    ("COLUMN_ALREADY_EXISTS", "data", "{name} was not written, as two columns differ in case only, and Delta takes them for one",
     "rename one of them in the file, or leave it out (--columns)"),
    ("USER_RAISED_EXCEPTION", "data", "a value does not fit {name}", "declare the type: --schema 'COLUMN:TYPE'; or change the table's"),
    ("_LEGACY_ERROR_TEMP_1113", "unsupported", "this version of Spark cannot overwrite the table {name}", "drop the table before, or append"),
    ("INCONSISTENT_BEHAVIOR_CROSS_VERSION", "data", "this session refuses to write dates before 1582 or timestamps before 1900 to {name}",
     "set spark.sql.parquet.datetimeRebaseModeInWrite and spark.sql.parquet.int96RebaseModeInWrite to CORRECTED in the session"),
    ("DELTA_DUPLICATE_COLUMNS_FOUND", "data", "two columns of {name} have one name", "rename one, or leave it out (--columns)"),
    ("DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION", "exists", "the folder of {name} is not empty",
     "remove what lies there, or name another table"),
    ("DELTA_CONCURRENT", "server", "another writer changed {name} at the same time", "run it again"),
    ("DELTA_PROTOCOL_CHANGED", "server", "another writer changed {name} at the same time", "run it again"),
    ("DELTA_METADATA_CHANGED", "server", "another writer changed {name} at the same time", "run it again"),
    ("DATA_SOURCE_NOT_FOUND", "unsupported", "{name} was not written, as this Spark has no Delta", "start it with Delta's jars, or write Parquet"),
    ("INSUFFICIENT_PERMISSIONS", "refused", "no permission for {name}", "check the name, or have it granted: {grants}"),
    ("INSUFFICIENT_PRIVILEGES", "refused", "no permission for {name}", "check the name, or have it granted: {grants}"),
    ("PERMISSION_DENIED", "refused", "no permission for {name}", "check the name, or have it granted: {grants}"),
    ("UC_", "refused", "Unity Catalog refused {name}", "check the name, or have it granted: {grants}"),
    ("TABLE_OR_VIEW_NOT_FOUND", "missing", "{name} is not there", "SHOW TABLES IN {schema}; lists those you may see"),
    ("OPERATION_CANCELED", "server", "the operation on {name} was cancelled on the server", "run it again"),
    ("42501", "refused", "no permission for {name}", "check the name, or have it granted: {grants}"),
)


def explain(error, target):
    """The exception to raise in its place. target: has name, schema and grants(), which are put into the text."""
    condition, state = condition_of(error), sqlstate_of(error)
    text = str(error)
    if condition is None and _DENIED.search(text):
        condition = "PERMISSION_DENIED"
    said = first_line(error)
    if _OF_A_TASK.search(text) and "USER_RAISED_EXCEPTION" in f"{text} {_root(error)}":
        condition, state = "USER_RAISED_EXCEPTION", "P0001"
    elif "RebaseModeInWrite" in f"{text} {_root(error)}" or "WRITE_ANCIENT_DATETIME" in f"{text} {_root(error)}":
        condition = "INCONSISTENT_BEHAVIOR_CROSS_VERSION.WRITE_ANCIENT_DATETIME"
    tail = " ".join(part for part in (condition, state and f"SQLSTATE {state}") if part)
    for begins, kind, message, remedy in _MEANINGS:
        if (condition or "").startswith(begins) or (state or "") == begins:
            places = {"name": target.name, "schema": target.schema, "grants": target.grants()}
            return failure(kind, f"{message.format(**places)}: {said} [{tail}]", remedy.format(**places), condition, state)
    return failure("server", f"Spark did not write {target.name}: {said}" + (f" [{tail}]" if tail else ""),
                   "the session's log has more", condition, state)


__all__ = ["ENDS", "FALLS_BACK", "UNKNOWN", "condition_of", "explain", "failure", "first_line", "is_answer", "is_before_the_write",
           "is_not_there", "is_of_python", "sqlstate_of"]
