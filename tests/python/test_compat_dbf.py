"""--compat 1.0 reproduces the recorded runs of pyforge-cli 1.0.9 on dBase tables, except those in compat_dbf_exceptions.tsv, each of which
names the defect of the original that it comes from, and has to be one."""

import json
import os
import shutil
from pathlib import Path

import dbf_make
import pyarrow.parquet as parquet
import pytest
from conftest import ROOT
from dbf_make import field, table
from test_compat_csv import difference

EXCEPTIONS = Path(__file__).with_name("compat_dbf_exceptions.tsv")


def exceptions():
    return {line.split("\t")[0]: line for line in EXCEPTIONS.read_text().splitlines()[1:]}


def records():
    folder = Path(os.environ.get("PYFORGE_TEST_DATA") or ROOT.parent / "shared" / "data") / "original" / "dbf"
    found = [pytest.param(path, id=path.name.removesuffix(".json")) for path in sorted(folder.rglob("*.json"))]
    return found or [pytest.param(None, id="no test data")]


@pytest.mark.parametrize("path", records())
def test_recorded_run(pyforge, path, test_data, tmp_path):
    record = json.loads(path.read_text())
    shutil.copy(test_data / record["input"], tmp_path / record["arguments"][1])
    done = pyforge(*record["arguments"], "--compat", "1.0", cwd=tmp_path)
    found = difference(record, done.returncode, done.stderr.decode(), tmp_path)
    known = exceptions().get(path.name.removesuffix(".json"))
    if known is None:
        assert found is None, found
    else:
        assert found is not None, f"listed, but reproduced: {known}"


TEXTS = [
    # described, stored, text
    (field("V", "N", 5), b"   12", "12"), (field("V", "N", 5), b"     ", ""), (field("V", "N", 9, 3), b"  100.000", "100.0"),
    (field("V", "N", 9, 3), b"    1.500", "1.5"), (field("V", "L", 1), b"T", "true"), (field("V", "L", 1), b"f", "false"), (field("V", "L", 1), b"?", ""),
    (field("V", "D", 8), b"20240131", "2024-01-31"), (field("V", "D", 8), b"", ""), (field("V", "I", 4), b"\x07\0\0\0", "7"),
    (field("V", "T", 8), dbf_make.moment(19782, 36610123), "2024-02-29 10:10:10"), (field("V", "T", 8), bytes(8), ""),
    (field("V", "Y", 8), (123456).to_bytes(8, "little"), "12.3456"), (field("V", "B", 8), b"\0\0\0\0\0\0\xf8\x3f", "1.5"), (field("V", "C", 8), b"  ab", "  ab"),
]


@pytest.mark.parametrize("described, stored, text", TEXTS)
def test_texts(pyforge, tmp_path, described, stored, text):
    (tmp_path / "t.dbf").write_bytes(table([described], [[stored]], version=0x30))
    done = pyforge("convert", "t.dbf", "out", "--compat", "1.0", "-f", "parquet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert parquet.ParquetFile(tmp_path / "out" / "t.parquet").read().to_pydict() == {"V": [text]}


@pytest.mark.parametrize("words, written", [
    (["in/t.dbf", "-f", "parquet"], "in/t_parquet/t.parquet"), (["in/t.dbf"], "in/t.txt/t.parquet"), (["in/t.dbf", "x.parquet", "-f", "parquet"], "x.parquet/t.parquet"),
    (["in/t.dbf", "-f", "parquet", "--output-dir", "o"], "o/t_parquet/t.parquet"), (["in/t.dbf", "x.csv", "-f", "csv"], "x.csv"),
])
def test_places(pyforge, tmp_path, words, written):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.dbf").write_bytes(table([field("V", "N", 3)], [[b"  1"]]))
    done = pyforge("convert", *words, "--compat", "1.0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".dbf"] == [written]
