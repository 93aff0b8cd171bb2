"""--compat 1.0 reproduces the recorded runs of pyforge-cli 1.0.9, except those in compat_csv_exceptions.tsv.

A record (PYFORGE_TEST_DATA/original/csv/**.json) holds the arguments, the exit code, and of each Parquet file written the schema, the number
of rows and up to 200 rows as texts. An exception names the defect of the original that it comes from (a section or X number of the
compatibility specification; 2.1: a refusal where nothing need be refused), and has to be one: a listed file that is reproduced after all
fails. What holds for the command holds for the console script and for convert() of the package: a third of the
records goes through each of them, all with PYFORGE_TEST_FULL=1.
"""

import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from conftest import ROOT
from oracle import type_name

EXCEPTIONS = Path(__file__).with_name("compat_csv_exceptions.tsv")
FIRST_ROWS = 200
FULL = os.environ.get("PYFORGE_TEST_FULL") == "1"
# Of the original's formats, in PYFORGE_TEST_DATA/original, those that are replayed, by the suffix of their files: here, in
# test_compat_dbf.py, test_compat_xml.py, and in test_compat_xlsx.py, which compares sheet by sheet.
REPLAYED = {".csv", ".dbf", ".xlsx", ".xml"}
NOT_YET = {".mdb", ".pdf"}


def exceptions():
    found = {}
    for line in EXCEPTIONS.read_text().splitlines()[1:]:
        file, defect, reason = line.split("\t")
        found[file] = f"{defect}: {reason}"
    return found


def records():
    """Known when tests are collected, so that each file is a test of its own."""
    folder = Path(os.environ.get("PYFORGE_TEST_DATA") or ROOT.parent / "shared" / "data") / "original" / "csv"
    ways = {"command": through_command, "console": through_console, "package": through_package}
    found = []
    for number, path in enumerate(sorted(folder.rglob("*.json"))):
        name = path.relative_to(folder).as_posix().removesuffix(".json")
        for place, (way, run) in enumerate(ways.items()):
            if FULL or way == "command" or number % 3 == place:
                found.append(pytest.param(run, path, id=f"{way}-{name}"))
    return found or [pytest.param(None, None, id="no test data")]


# ---- the ways: (request, arguments of the record, folder) -> (exit code, what it said)


def through_command(request, words, folder):
    done = request.getfixturevalue("pyforge")(*words, "--compat", "1.0", cwd=folder)
    return done.returncode, done.stderr.decode()


def through_console(request, words, folder):
    done = request.getfixturevalue("console")(*words, env={"PYFORGE_COMPAT": "1.0"}, cwd=folder)
    return done.returncode, done.stderr.decode()


def through_package(request, words, folder):
    package = request.getfixturevalue("package")
    command, source, target, *options = words
    assert (command, options) == ("convert", ["--force", "-f", "parquet"])
    request.getfixturevalue("monkeypatch").chdir(folder)
    try:
        result = package.convert(source, target, force=True, format="parquet", compat="1.0")
    except package.PyForgeError as error:
        return error.result.exit_code, str(error)
    return result.exit_code, result.summary


# ---- the comparison


def seen(path):
    """What a record holds of a Parquet file."""
    table = parquet.ParquetFile(path).read()
    rows = table.slice(0, FIRST_ROWS).to_pylist() if table.num_columns == len(set(table.schema.names)) else []
    return {
        "schema": [[field.name, type_name(field.type)] for field in table.schema],
        "row_count": table.num_rows,
        "first_rows": [[row[name] for name in table.schema.names] for row in rows],
    }


def difference(record, code, said, folder):
    """The first thing that is not as recorded; None when all is."""
    if code != record["exit"]:
        return f"exit code {code}, recorded {record['exit']}: {said[:300]}"
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


@pytest.mark.parametrize("run, path", records())
def test_recorded_run(request, run, path, test_data, tmp_path):
    record = json.loads(path.read_text())
    shutil.copy(test_data / record["input"], tmp_path / record["arguments"][1])
    code, said = run(request, record["arguments"], tmp_path)
    found = difference(record, code, said, tmp_path)
    reason = exceptions().get(record["input"].removeprefix("csv/"))
    if reason is None:
        assert found is None, found
    else:
        assert found is not None, f"reproduced after all, so it is no exception: {reason}"


def test_every_format_there_is_is_replayed(pyforge, test_data):
    there = {suffix for one in json.loads(pyforge("formats", "--json").stdout) if one["reads"] for suffix in one["suffixes"]}
    recorded = {"." + folder.name for folder in (test_data / "original").iterdir()}
    assert recorded == REPLAYED | NOT_YET and REPLAYED <= there
    assert not NOT_YET & there, "this version reads it: its recorded runs have to be replayed"


def test_exceptions_are_of_files_that_are_there(test_data):
    recorded = {json.loads(path.read_text())["input"].removeprefix("csv/") for path in (test_data / "original" / "csv").rglob("*.json")}
    assert set(exceptions()) <= recorded


@pytest.mark.parametrize("text, names, rows", [
    ("a,b,c,d\n1\n2\n3,4\n5\n", ["a", "b", "c", "d"], [["1", "", "", ""], ["2", "", "", ""], ["3", "4", "", ""], ["5", "", "", ""]]),
    ("id;name;note\n1;x\nplain\n2\n\n3\n", ["id", "name", "note"], [["1", "x", ""], ["plain", "", ""], ["2", "", ""], ["3", "", ""]]),
    ("note\nhello, world\nname\nbar\n", ["note"], [["hello, world"], ["name"], ["bar"]]),
    ("note name\nhello, big world\na b\nc\n", ["note name"], [["hello, big world"], ["a b"], ["c"]]),
    ("a,b\nx\n1,2,3\ny\nz\n", ["a,b"], [["x"], ["1,2,3"], ["y"], ["z"]]),
], ids=["short rows", "short rows, semicolon", "a comma in a text", "blanks", "a row too long"])
def test_delimiter_where_none_fits(pyforge, write, tmp_path, text, names, rows):
    done = pyforge("convert", write("a.csv", text), tmp_path / "out.parquet", "--compat", "1.0")
    assert done.returncode == 0, done.stderr.decode()
    found = seen(tmp_path / "out.parquet")
    assert ([name for name, _ in found["schema"]], found["first_rows"]) == (names, rows)


def test_switch_from_the_environment(pyforge, write, tmp_path):
    path = write("a.csv", "id,name,city\n007,,Oslo\n8,x,Rome\n")
    done = pyforge("convert", path, tmp_path / "out.parquet", env={"PYFORGE_COMPAT": "1.0"})
    assert done.returncode == 0, done.stderr.decode()
    assert seen(tmp_path / "out.parquet") == {
        "schema": [["id", "string"], ["name", "string"], ["city", "string"]],
        "row_count": 2,
        "first_rows": [["007", "", "Oslo"], ["8", "x", "Rome"]],
    }
