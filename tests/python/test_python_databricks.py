"""Parts of the Databricks extension that need no Spark: facts without its native half, sessions that fail, folders left over."""

import os
import subprocess
import sys
import time

import pytest

from test_databricks_session import asked  # noqa: F401  the fixture


@pytest.fixture
def staging(package):
    from pyforge_cli.extensions.databricks import staging

    return staging


def test_facts_without_the_native_half(run_python):
    done = run_python("""
import pyforge_cli
from pyforge_cli.extensions.databricks import environment
known = environment.get_environment_info()
assert known["reason"] == "the extension databricks is not loaded", known
assert (known["is_databricks"], known["compute_type"], known["signals"]) == (False, "unknown", {})
import importlib.util
def broken(name): raise ValueError(name)
importlib.util.find_spec = broken
assert environment.get_environment_info()["has_pyspark"] is False
""", env={"PYFORGE_DISABLE_EXTENSIONS": "databricks"})
    assert done.returncode == 0, done.stderr


def test_sessions_that_fail_count_as_none(asked):  # noqa: F811
    assert asked("""
class Fails:
    @staticmethod
    def getActiveSession():
        raise RuntimeError("no context")
module("pyspark"); module("pyspark.sql"); module("pyspark.sql.session", SparkSession=Fails)
print(session_at_hand())
import os
os.environ.pop("PYSPARK_GATEWAY_PORT", None)
os.environ.pop("SPARK_REMOTE", None)
why = []
print(session_at_hand(on_databricks=True, why=why), why)
os.environ["SPARK_REMOTE"] = "sc://x"
class Builder:
    answer = Connect()
    def getOrCreate(self): return self.answer
Fails.builder = Builder()
sys.modules["pyspark.sql"].SparkSession = Fails
found = session_at_hand(on_databricks=True)
print(found.kind, found.found)
Builder.answer = "no session"
print(session_at_hand(on_databricks=True))
class Silent:
    @property
    def builder(self): raise RuntimeError()
sys.modules["pyspark.sql"].SparkSession = Silent()
print(session_at_hand(on_databricks=True, why=why), why)
""").splitlines() == ["None", "None []", "connect existing", "None", "None ['RuntimeError']"]


def test_folders_left_over_are_taken_away(staging, tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, own, start, _ = staging._pyforge.owner_name().split("-")
    parent = os.getppid()
    old = time.time() - staging.LEFT_OVER_SECONDS - 60
    folders = {
        "of a process that ended": (f"{host}-{ended.pid}-0-0abc", None, False),
        "of this process": (f"{host}-{own}-{start}-0abd", None, True),
        "of a process that had this one's number": (f"{host}-{own}-{int(start) - 1}-0abe", None, False),
        "of a process that runs": (f"{host}-{parent}-0-0abf", None, True),
        "of a process that had its number": (f"{host}-{parent}-1-0ac0", None, False),
        "of a container that is called alike": (f"0badc0de-{ended.pid}-0-0abc", None, True),
        "of another machine, old": ("0badc0de-7-0-0abc", old, False),
        "of another machine, new": ("0badc0de-8-0-0abc", None, True),
        "of nobody known": ("something", old, True),
    }
    for name, modified, _ in folders.values():
        folder = tmp_path / (staging.PREFIX + name)
        folder.mkdir()
        if modified:
            os.utime(folder, (modified, modified))
    with staging.Staging(str(tmp_path)) as made:
        assert made.file.parent.is_dir() and os.stat(made.folder).st_mode & 0o777 == 0o700
        assert staging._pyforge.owner_of(os.path.basename(made.folder)[len(staging.PREFIX):].encode()) == "lives"
        left = {case: (tmp_path / (staging.PREFIX + name)).exists() for case, (name, _, _) in folders.items()}
    assert left == {case: stays for case, (_, _, stays) in folders.items()}
    assert not os.path.exists(made.folder)


def test_a_folder_that_somebody_else_removes(staging, tmp_path):
    assert staging._is_left_over(f"{staging.PREFIX}0badc0de-1-0-0abc", str(tmp_path / "gone")) is False


def test_a_folder_that_cannot_be_removed_is_told(staging, monkeypatch, tmp_path):
    told = []
    with staging.Staging(str(tmp_path), note=told.append) as made:
        monkeypatch.setattr(staging.shutil, "rmtree", lambda folder, ignore_errors: None)
        monkeypatch.setattr(staging.time, "sleep", lambda seconds: None)
    assert told == [f"{made.folder} could not be removed; it holds a copy of the data"]
