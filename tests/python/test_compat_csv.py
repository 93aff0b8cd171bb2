"""--compat 1.0 reproduces the recorded runs of pyforge-cli 1.0.9, except those in compat_csv_exceptions.tsv.

A record (PYFORGE_TEST_DATA/original/csv/**.json) holds the arguments, the exit code, and of each Parquet file written the schema, the number
of rows and up to 200 rows as texts. An exception names the defect of the original that it comes from, and has to be one: a listed file that
is reproduced after all fails.
"""

import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from conftest import ROOT, run_pyforge
from oracle import type_name

EXCEPTIONS = Path(__file__).with_name("compat_csv_exceptions.tsv")
FIRST_ROWS = 200


def exceptions():
    found = {}
    for line in EXCEPTIONS.read_text().splitlines()[1:]:
        file, defect, reason = line.split("\t")
        found[file] = f"{defect}: {reason}"
    return found


def records():
    """Known when tests are collected, so that each file is a test of its own."""
    folder = Path(os.environ.get("PYFORGE_TEST_DATA") or ROOT.parent / "shared" / "data") / "original" / "csv"
    found = sorted(folder.rglob("*.json"))
    return [pytest.param(path, id=path.relative_to(folder).as_posix().removesuffix(".json")) for path in found] or [
        pytest.param(None, id="no test data")]


def seen(path):
    """What a record holds of a Parquet file."""
    table = parquet.ParquetFile(path).read()
    rows = table.slice(0, FIRST_ROWS).to_pylist() if table.num_columns == len(set(table.schema.names)) else []
    return {
        "schema": [[field.name, type_name(field.type)] for field in table.schema],
        "row_count": table.num_rows,
        "first_rows": [[row[name] for name in table.schema.names] for row in rows],
    }


def difference(record, done, folder):
    """The first thing that is not as recorded; None when all is."""
    if done.returncode != record["exit"]:
        return f"exit code {done.returncode}, recorded {record['exit']}: {done.stderr.decode()[:300]}"
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    if written != set(record["outputs"]):
        return f"outputs {sorted(written)}, recorded {sorted(record['outputs'])}"
    for name, recorded in record["outputs"].items():
        ours = seen(folder / name)
        for what in ("schema", "row_count", "first_rows"):
            if ours[what] != recorded[what]:
                pairs = zip(ours[what], recorded[what]) if what != "row_count" else [(ours[what], recorded[what])]
                first = next((pair for pair in pairs if pair[0] != pair[1]), (len(ours[what]), len(recorded[what])) if what != "row_count" else None)
                return f"{name}, {what}: {str(first[0])[:300]}, recorded {str(first[1])[:300]}"
    return None


@pytest.mark.parametrize("path", records())
def test_recorded_run(path, test_data, tmp_path):
    record = json.loads(path.read_text())
    command, source, *rest = record["arguments"]
    shutil.copy(test_data / record["input"], tmp_path / source)
    done = run_pyforge(command, source, *rest, "--compat", "1.0", cwd=tmp_path)
    found = difference(record, done, tmp_path)
    reason = exceptions().get(record["input"].removeprefix("csv/"))
    if reason is None:
        assert found is None, found
    else:
        assert found is not None, f"reproduced after all, so it is no exception: {reason}"


def test_exceptions_are_of_files_that_are_there(test_data):
    recorded = {json.loads(path.read_text())["input"].removeprefix("csv/") for path in (test_data / "original" / "csv").rglob("*.json")}
    assert set(exceptions()) <= recorded


def test_switch_from_the_environment(pyforge, write, tmp_path):
    path = write("a.csv", "id,name,city\n007,,Oslo\n8,x,Rome\n")
    done = pyforge("convert", path, tmp_path / "out.parquet", env={"PYFORGE_COMPAT": "1.0"})
    assert done.returncode == 0, done.stderr.decode()
    assert seen(tmp_path / "out.parquet") == {
        "schema": [["id", "string"], ["name", "string"], ["city", "string"]],
        "row_count": 2,
        "first_rows": [["007", "", "Oslo"], ["8", "x", "Rome"]],
    }
