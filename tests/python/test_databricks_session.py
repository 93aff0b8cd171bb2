"""The session of Spark at hand, without Spark: stand-ins in pyspark's place, each in a process of its own."""

import pytest

# Modules of a pyspark whose sessions only count how they were asked for.
STAND_INS = """
import sys, types

def module(name, **names):
    made = types.ModuleType(name)
    made.__dict__.update(names)
    sys.modules[name] = made
    return made

def session_class(where, active=None):
    class SparkSession:
        version = "4.1.1"
        started = 0
        def __getattr__(self, name):
            raise AssertionError(name + " was touched")
        @classmethod
        def getActiveSession(cls):
            return active and cls()
    SparkSession.__module__ = where
    return SparkSession

Classic = session_class("pyspark.sql.session", CLASSIC_ACTIVE)
Connect = session_class("pyspark.sql.connect.session", CONNECT_ACTIVE)
from pyforge_cli.extensions.databricks.session import is_session, kind_of, session_at_hand
"""


@pytest.fixture
def asked(run_python):
    def run(script, classic=False, connect=False):
        head = STAND_INS.replace("CLASSIC_ACTIVE", str(classic)).replace("CONNECT_ACTIVE", str(connect))
        done = run_python(head + script)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    return run


def test_nothing_is_imported_and_nothing_started(asked):
    assert asked("""
assert session_at_hand() is None
assert not {"pyspark", "IPython", "databricks"} & set(sys.modules)
""") == ""


def test_the_session_given(asked):
    assert asked("""
for session, kind in ((Classic(), "classic"), (Connect(), "connect")):
    found = session_at_hand(session)
    print(found.kind, found.found, found.session is session)
print(session_at_hand(Connect(), is_serverless=True).kind)
""").splitlines() == ["classic given True", "connect given True", "serverless"]


def test_the_notebook_comes_before_the_active_one(asked):
    assert asked("""
module("pyspark"); module("pyspark.sql"); module("pyspark.sql.session", SparkSession=Classic)
class Shell:
    user_ns = {"spark": Connect()}
module("IPython", get_ipython=lambda: Shell)
print(session_at_hand().kind, session_at_hand().found)
Shell.user_ns = {"spark": "a text of that name"}
print(session_at_hand().kind, session_at_hand().found)
sys.modules["IPython"].get_ipython = lambda: None
spark = Connect()
print(session_at_hand().kind, session_at_hand().found)
""", classic=True).splitlines() == ["connect notebook", "classic active", "connect notebook"]


def test_the_active_one_where_pyspark_is_in_use(asked):
    script = """
module("pyspark"); module("pyspark.sql")
module("pyspark.sql.session", SparkSession=Classic); module("pyspark.sql.connect"); module("pyspark.sql.connect.session", SparkSession=Connect)
found = session_at_hand()
print(found and (found.kind, found.found))
"""
    assert asked(script, classic=True) == "('classic', 'active')"
    assert asked(script, classic=True, connect=True) == "('connect', 'active')"
    assert asked(script) == "None"


def test_on_databricks_pyspark_may_be_imported(asked, tmp_path):
    assert asked(f"""
import pathlib
place = pathlib.Path({str(tmp_path)!r}, "site", "pyspark", "sql")
place.mkdir(parents=True)
(place.parent / "__init__.py").write_text("")
(place / "__init__.py").write_text("")
(place / "session.py").write_text("class SparkSession:\\n    version = '3.5'\\n    @classmethod\\n    def getActiveSession(cls): return cls()\\n")
sys.path.insert(0, str(place.parent.parent))
print(session_at_hand())
print(session_at_hand(on_databricks=True).kind)
""").splitlines() == ["None", "classic"]


def test_a_session_that_does_not_answer(asked):
    assert asked("""
class Broken(Connect):
    @property
    def version(self):
        raise ConnectionError("gone")
print(session_at_hand(Broken()).kind)

class Wrapper:
    def __init__(self, session):
        self.session = session
    @property
    def __class__(self):
        return self.session.__class__
print(kind_of(Wrapper(Connect())), is_session(Wrapper(Classic())), is_session("x"), is_session(None))
""").splitlines() == ["connect", "connect True False False"]


def test_why_there_is_no_session_is_told(asked):
    script = """
import os
os.environ["PYSPARK_GATEWAY_PORT"] = "1"
class Builder:
    def getOrCreate(self):
        raise RuntimeError("[JAVA_GATEWAY_EXITED] the gateway is gone\\n  at line 7")
Classic.builder = Builder()
module("pyspark"); module("pyspark.sql", SparkSession=Classic); module("pyspark.sql.session", SparkSession=Classic)
why = []
print(session_at_hand(on_databricks=True, why=why), why)
from pyforge_cli.extensions.databricks import engine, environment
environment.facts = lambda: {"is_databricks": True, "is_serverless": False}
class Job:
    engines_only = True
print(engine.SparkEngine().takes(Job)[1])
"""
    told = asked(script).splitlines()
    assert told[0] == "None ['RuntimeError: [JAVA_GATEWAY_EXITED] the gateway is gone']"
    assert "none is at hand (RuntimeError: [JAVA_GATEWAY_EXITED] the gateway is gone); run this in" in told[1]


@pytest.mark.parametrize("remote, found", [("sc://127.0.0.1:1", "('connect', 'remote')"), ("local[2]", "None"), ("", "None")])
def test_a_server_in_the_environment_is_used_where_spark_is_asked_for(asked, remote, found):
    assert asked(f"""
import os
os.environ["SPARK_REMOTE"] = {remote!r}
class Builder:
    def getOrCreate(self):
        return Connect()
Classic.builder = Builder()
module("pyspark.sql.session", SparkSession=Classic); module("pyspark.sql", SparkSession=Classic)
print(session_at_hand())
found = session_at_hand(asked=True)
print(found and (found.kind, found.found))
""").splitlines() == ["None", found]
