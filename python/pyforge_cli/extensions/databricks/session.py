"""The session of Spark that is at hand. None is ever started, and outside Databricks nothing of pyspark is imported where it is not used
already, unless Spark is asked for and SPARK_REMOTE names a server."""

import contextlib
import os
import sys
import threading

# Where the classes of sessions live. A wrapper counts as what it says its class is.
_CONNECT = ("pyspark.sql.connect.", "databricks.connect")
_CLASSIC = ("pyspark.sql.session", "pyspark.sql.classic.")


class SparkAtHand:
    """session; kind: "classic" (its driver's JVM is next door), "connect", or "serverless"; found: where, "given", "notebook", "active",
    "existing" or "remote"."""

    def __init__(self, session, kind, found):
        self.session, self.kind, self.found = session, kind, found


def _modules(session):
    return [f"{kind.__module__}." for kind in getattr(session.__class__, "__mro__", ())]


def is_session(value):
    return any(module.startswith(_CONNECT + _CLASSIC) for module in _modules(value))


def kind_of(session, is_serverless=False):
    """What the session is, by its class alone: a Connect session is not asked for a JVM."""
    if is_serverless:
        return "serverless"
    return "connect" if any(module.startswith(_CONNECT) for module in _modules(session)) else "classic"


def _of_the_notebook():
    """The variable spark of IPython, which Databricks notebooks are, else of the main module."""
    shell = sys.modules.get("IPython")
    if shell is not None:
        try:
            names = shell.get_ipython().user_ns
        except Exception:  # IPython is imported, but no shell runs
            names = {}
        if is_session(names.get("spark")):
            return names["spark"]
    value = getattr(sys.modules.get("__main__"), "spark", None)
    return value if is_session(value) else None


def _active(may_import):
    """The session that pyspark holds as the active one."""
    if "pyspark" not in sys.modules and not may_import:
        return None
    places = [name for name in ("pyspark.sql.connect.session", "pyspark.sql.session") if name in sys.modules]
    if not places and may_import:
        places = ["pyspark.sql.session"]
    for name in places:
        try:
            kind = __import__(name, fromlist=["SparkSession"]).SparkSession
            found = kind.getActiveSession()
        except Exception:  # pyspark's ways to say that there is none
            found = None
        if is_session(found):
            return found
    return None


def _existing(is_serverless, why):
    """Of a job's process on Databricks, whose threads need not have an active session. Where neither a JVM nor a server waits for this
    process, as in %sh on classic compute, pyspark would start one: there is none then."""
    if is_serverless or os.environ.get("SPARK_REMOTE") or os.environ.get("PYSPARK_GATEWAY_PORT"):
        return _got_or_made(why)
    return None


def _of_the_server(why):
    """That of the Connect server which the environment names; local[...] there would have pyspark start one."""
    return _got_or_made(why) if os.environ.get("SPARK_REMOTE", "").startswith("sc://") else None


def _got_or_made(why):
    try:
        from pyspark.sql import SparkSession

        session = SparkSession.builder.getOrCreate()
    except Exception as error:  # whatever pyspark lacks here, it is no session
        said = str(error).strip().splitlines()
        why.append(f"{type(error).__name__}: {said[0][:200]}" if said else type(error).__name__)
        return None
    return session if is_session(session) else None


_given = threading.local()


@contextlib.contextmanager
def session_given(session):
    """Conversions that this thread starts meanwhile have this session; None = that at hand."""
    before = getattr(_given, "session", None)
    _given.session = session
    try:
        yield
    finally:
        _given.session = before


def session_at_hand(given=None, *, on_databricks=False, is_serverless=False, why=None, asked=False):
    """The session given, else the notebook's, else the active one, else on Databricks that of the process, else, where Spark is asked for, of the
    server in SPARK_REMOTE, as SparkAtHand; None = there is none, and what pyspark said of that is appended to why."""
    why = [] if why is None else why
    given = getattr(_given, "session", None) if given is None else given
    if given is not None:
        return SparkAtHand(given, kind_of(given, is_serverless), "given")
    places = [(_of_the_notebook, "notebook"), (lambda: _active(on_databricks), "active")]
    if on_databricks:
        places.append((lambda: _existing(is_serverless, why), "existing"))
    elif asked:
        places.append((lambda: _of_the_server(why), "remote"))
    for find, found in places:
        session = find()
        if session is not None:
            return SparkAtHand(session, kind_of(session, is_serverless), found)
    return None


__all__ = ["SparkAtHand", "is_session", "kind_of", "session_at_hand", "session_given"]
