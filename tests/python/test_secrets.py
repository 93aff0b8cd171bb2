"""Secrets in locations are used and not shown: not by the command, the package or forge, in no message, log, result or report."""

import json
import os
import re
import subprocess
import sys

import pytest
from conftest import clean_environment

LOCATIONS = [
    "https://user:SECRET@host/x.parquet",
    "https://user:SEC RET@host/x.csv",
    "s3://AK:SEC/RET@bucket/x.csv",
    "s3:/AK:SECRET@bucket/x.csv",
    "abfss://container@account.net/x.csv?sig=SECRET&se=2026",
    "jdbc:x://u:pSECRET@host",
    "https://user:SECRET@host/*.csv",
    "https://user:SECRET@host/" + "long/" * 150 + "x.csv?sig=SECRET",
    "https://user:" + "SECRET" * 150 + "@host/x.csv",
]
IDS = ["password", "blank", "slash", "one slash", "signature", "jdbc", "pattern", "long", "long password"]
GOOD = "a,b\n1,2\n"


def secrets(text):
    """The lines that have one, cut to what is around it."""
    return [line[max(0, found.start() - 80) : found.end() + 40] for line in text.splitlines() if (found := re.search("SECRET|SEC[/ ]|RET@", line))]


@pytest.fixture
def env(tmp_path):
    return clean_environment({"PYFORGE_REPORT_DIR": str(tmp_path / "reports"), "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")})


@pytest.mark.parametrize("location", LOCATIONS, ids=IDS)
def test_command(pyforge_path, tmp_path, env, location):
    (tmp_path / "in.csv").write_text(GOOD)
    calls = [
        ["convert", location, "out.parquet", "--verbose"],
        ["convert", location, "--verbose", "--json"],
        ["convert", location, "--log-json", "--json"],
        ["convert", location, "in.csv", "out/", "--json"],
        ["convert", location, "--explain"],
        ["convert", location, "in.csv", "out/", "--explain"],
        ["convert", location, "in.csv", "out/", "--explain", "--json"],
        ["convert", "in.csv", location, "--verbose", "--json"],
        ["convert", "in.csv", location, "--force", "--explain", "--json"],
        ["convert", "in.csv", "o.parquet", "--rejects", location, "--verbose", "--json", "--force"],
        ["convert", "in.csv", "in.csv", location, "--json"],
        ["convert", "in.csv", "o.parquet", "--report-dir", location, "--force"],
        ["convert", "in.csv", "o.parquet", "--output-dir", location],
        ["convert", "in.csv", "--output-dir", location, "--verbose", "--json"],
        ["config", "--output-dir", location],
        ["config", "--output-dir", location, "--json"],
        ["info", location], ["info", location, "--json"], ["validate", location], ["validate", location, "--json"],
        ["info", "in.csv", location],
    ]  # fmt: skip
    for call in calls:
        done = subprocess.run([pyforge_path, *call], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert (call[0], secrets(done.stdout + done.stderr)) == (call[0], []), call
    for report in (tmp_path / "reports").glob("*"):
        assert secrets(report.read_text()) == []


def test_a_file_that_is_called_so(pyforge_path, tmp_path, env):
    """./ in front makes it the name of a file: it is used as it is, and shown as the location it looks like."""
    (tmp_path / "https:" / "u:SECRET@h").mkdir(parents=True)
    (tmp_path / "https:" / "u:SECRET@h" / "x.csv").write_text(GOOD)
    done = subprocess.run([pyforge_path, "convert", "./https:/u:SECRET@h/x.csv", "--verbose", "--json"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and (tmp_path / "https:" / "u:SECRET@h" / "x.parquet").exists(), done.stderr
    assert secrets(done.stdout + done.stderr) == []
    assert json.loads(done.stdout)["input_path"] == "./https:/u:***@h/x.csv"
    (report,) = (tmp_path / "reports").glob("*")
    assert secrets(report.read_text()) == [] and json.loads(report.read_text())["input"]["sha256"]


PACKAGE = r"""
import contextlib, io, logging, sys, traceback
import pyforge_cli
location = sys.argv[1]
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
calls = [
    lambda: pyforge_cli.convert(location, "out.parquet"), lambda: pyforge_cli.convert("in.csv", location),
    lambda: pyforge_cli.explain(location, "out.parquet"), lambda: pyforge_cli.info(location), lambda: pyforge_cli.validate(location),
    lambda: pyforge_cli.read(location), lambda: pyforge_cli.files([location, "in.csv"], "out") and None,
]
for call in calls:
    try:
        print(call())
    except Exception as error:
        print(str(error), repr(error), error.args, vars(error), getattr(error, "remedy", ""), getattr(error, "source", ""))
"""

FORGE = r"""
import logging, sys
from pyforge_cli.extensions.databricks import forge
location = sys.argv[1]
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
for given in (lambda: forge.convert(location), lambda: forge.convert("in.csv", location), lambda: forge.batch_convert([location, "in.csv"], "out"),
              lambda: forge.get_info(location), lambda: forge.validate(location), lambda: forge.convert(location, verbose=True)):
    try:
        result = given()
    except Exception as error:
        print(error, repr(error), vars(error))
        continue
    print(result, repr(result), result._repr_html_() if hasattr(result, "_repr_html_") else "")
    for one in result if isinstance(result, list) else [result]:
        print(dict(one) if isinstance(one, dict) else one, getattr(one, "exception", ""), one._repr_html_() if hasattr(one, "_repr_html_") else "")
try:
    print(forge.preview(location))
except Exception as error:
    print(error)
print(forge.get_statistics())
"""


@pytest.mark.parametrize("script", [PACKAGE, FORGE], ids=["package", "forge"])
@pytest.mark.parametrize("location", LOCATIONS, ids=IDS)
def test_python(tmp_path, env, package_folder, script, location):
    (tmp_path / "in.csv").write_text(GOOD)
    done = subprocess.run([sys.executable, "-c", script, location], cwd=tmp_path, env={**env, "PYTHONPATH": os.fspath(package_folder)}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert secrets(done.stdout + done.stderr) == []
    for report in (tmp_path / "reports").glob("*"):
        assert secrets(report.read_text()) == []
