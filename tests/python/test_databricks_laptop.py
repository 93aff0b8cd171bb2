"""The lines of the mission, verbatim, on recorded environments; and the command as a task of a job calls it."""

import importlib
import os
import re
import threading

import pytest

from conftest import ROOT

LINES = """
from pyforge_cli.extensions.databricks import forge
result = forge.convert("sales_data.csv")
print(f"Converted {result['row_count']:,} rows using {result['processing_engine']}")
"""
CLASSIC = {
    "DATABRICKS_RUNTIME_VERSION": "15.4", "DB_HOME": "/databricks", "SPARK_HOME": "/databricks/spark", "DB_IS_DRIVER": "TRUE",
    "DB_INSTANCE_TYPE": "i3.xlarge", "SPARK_LOCAL_IP": "10.0.0.1", "DATABRICKS_TOKEN": "planted-token",
}
SERVERLESS = {
    "DATABRICKS_RUNTIME_VERSION": "client.4.1", "DATABRICKS_ENV_VERSION": "4", "IS_SERVERLESS": "TRUE", "SPARK_CONNECT_MODE_ENABLED": "1",
    "SPARK_REMOTE": "unix:///databricks/sparkconnect/grpc.sock;user_id=1;session_id=0", "DATABRICKS_TOKEN": "planted-token",
}
STANDARD = {**CLASSIC, "DATABRICKS_RUNTIME_VERSION": "16.4", "SPARK_REMOTE": "unix:///databricks/sparkconnect/grpc.sock"}
ENVIRONMENTS = {"laptop": {}, "classic": CLASSIC, "standard": STANDARD, "serverless": SERVERLESS}
NAMES = {"classic": "Databricks Classic", "standard": "Databricks Classic", "serverless": "Databricks Serverless"}


@pytest.mark.parametrize("place", ENVIRONMENTS)
def test_the_lines_on_a_good_file(run_python, tmp_path, place):
    (tmp_path / "sales_data.csv").write_text("id,amount\n" + "".join(f"{at},{at / 4}\n" for at in range(1234)))
    done = run_python(LINES, env=ENVIRONMENTS[place])
    assert (done.returncode, done.stdout) == (0, "Converted 1,234 rows using native\n"), done
    if place == "laptop":
        assert done.stderr == ""
    else:
        assert re.fullmatch(rf"Detected {NAMES[place]} - native engine \([\d.]+ KB; small enough for the native engine\)\n", done.stderr)
    assert "planted" not in done.stdout + done.stderr
    assert (tmp_path / "sales_data.parquet").exists()


@pytest.mark.parametrize("place", ENVIRONMENTS)
@pytest.mark.parametrize("content, reason", [
    (None, "does not exist"),
    (b"PK\x03\x04 no table", "the zip archive is damaged"),
    (b"id,amount\n" + b"1,2,3\n" * 9 + b"1,2\n", "rows"),
])
def test_the_lines_on_a_broken_file(run_python, tmp_path, place, content, reason):
    if content is not None:
        (tmp_path / "sales_data.csv").write_bytes(content)
    done = run_python(LINES, env=ENVIRONMENTS[place])
    assert done.returncode == 1 and "Converted" not in done.stdout
    # The last thing that is seen is the reason, by a name that says what it is.
    assert re.search(r"\n(pyforge_cli\.)?\w*(\.errors\.)?\w+Error: ", done.stderr) and reason in done.stderr.rsplit("Error: ", 1)[1], done.stderr
    assert "KeyError" not in done.stderr and "planted" not in done.stderr and not (tmp_path / "sales_data.parquet").exists()


# ---- as a wheel task calls it


@pytest.fixture
def entry(package):
    """The function of the entry point pyforge, from where the wheel has it."""
    text = (ROOT / "pyproject.toml").read_text()
    module, name = re.search(r'^pyforge = "([\w.]+):(\w+)"$', text, re.MULTILINE).groups()
    return getattr(importlib.import_module(module), name)


def in_thread(function):
    """What a function gives or raises in a thread that is not the main one."""
    told = []

    def call():
        try:
            told.append(function())
        except BaseException as error:
            told.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join(60)
    return told[0]


def test_a_wheel_task(entry, tmp_path, write, monkeypatch, capsys):
    source = write("a.csv", "a\n1\n")
    monkeypatch.setattr("sys.argv", ["python", "convert", str(source), str(tmp_path / "out.parquet")])
    assert in_thread(entry) is None, "success: nothing, so that the task is green"
    assert (tmp_path / "out.parquet").exists()
    refused = in_thread(entry)
    assert isinstance(refused, SystemExit) and refused.code == 4, "failure: red"
    monkeypatch.setattr("sys.argv", ["python", "convert", str(tmp_path / "none.csv")])
    failed = in_thread(entry)
    assert isinstance(failed, SystemExit) and failed.code == 2
    assert "does not exist" in capsys.readouterr().err


def test_a_wheel_task_in_a_process_of_its_own(run_python, tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    script = "import sys; sys.argv[1:1] = ['convert']; from pyforge_cli.__main__ import main; print(main())"
    done = run_python(script, "a.csv", env=SERVERLESS)
    assert (done.returncode, done.stdout) == (0, "None\n") and (tmp_path / "a.parquet").exists()
    done = run_python(script, "none.csv", env=SERVERLESS)
    assert done.returncode == 2 and done.stdout == "" and "planted" not in done.stderr


def test_a_batch_as_a_task(run_python, tmp_path):
    """A Python task that ends as its batch does."""
    for at in range(6):
        (tmp_path / f"{at}.csv").write_text("a\n1\n")
    (tmp_path / "bad.csv").write_bytes(b"PK\x03\x04 no table")
    done = run_python(
        "from pyforge_cli.extensions.databricks import forge\n"
        "done = forge.batch_convert('*.csv', 'out')\nprint(done)\nraise SystemExit(done.exit_code)", env=CLASSIC)
    assert done.returncode == 3 and "6 of 7 files converted, 1 failed" in done.stdout and "bad.csv: " in done.stdout
    assert "Detected Databricks Classic - native engine" in done.stderr and os.listdir(tmp_path / "out")
