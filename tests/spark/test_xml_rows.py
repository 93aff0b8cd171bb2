"""Rows of XML as Spark's own reader finds them: of every real file, the values of each row, but for what docs/xml.md says of it."""

import os
import re
from pathlib import Path

import pyarrow.parquet
import pytest

from conftest import ROOT, skip_aloud

PAGE = ROOT / "docs" / "xml.md"


def outcomes():
    section = PAGE.read_text(encoding="utf-8").partition("\n## Real files\n")[2]
    rows = [[cell.strip().strip("`") for cell in line.strip("|\n").split("|")] for line in section.splitlines() if re.match(r"\| `", line)]
    return [(row[0], row[1], row[2], row[5]) for row in rows]


# What the page says of Spark's rows -> the row without that.
FAULTS = {
    "declarations of namespaces are values": lambda row, document: [one for one in row if not re.search(f'xmlns(:\\w+)?="{re.escape(one)}"', document)],
    "markup of an element that is a text elsewhere": lambda row, _: [re.sub("<[^>]*>", "", one) for one in row],
}


@pytest.fixture(scope="module")
def files():
    folder = Path(os.environ.get("PYFORGE_TEST_DATA") or ROOT.parent / "shared" / "data") / "xml"
    if not folder.is_dir():
        skip_aloud(f"NO TEST DATA at {folder}: rows of XML are not compared with Spark's")
    return {path.name.rpartition("__")[2]: path for path in folder.glob("*/*")}


def values(what, found):
    """Texts in a row of Spark's, however deep, without the blanks around them."""
    if what is None:
        return found
    if isinstance(what, (list, tuple)):  # a Row is one too
        for one in what:
            values(one, found)
    else:
        text = str(what).strip(" \t\r\n")
        if text:
            found.append(text)
    return found


def rows_of_spark(session, path, row):
    frame = session.read.format("xml").option("rowTag", row).option("inferSchema", "false").option("mode", "PERMISSIVE").load(str(path))
    return [sorted(values(one, [])) for one in frame.collect()]


def rows_of_ours(package, path, row, folder):
    out = folder / "out.parquet"
    package.convert(str(path), str(out), force=True, row_tag=row, types="string", nested=True)
    return [sorted(values(list_of(one), [])) for one in pyarrow.parquet.read_table(out).to_pylist()]


def list_of(what):
    if isinstance(what, dict):
        return [list_of(one) for one in what.values()]
    if isinstance(what, list):
        return [list_of(one) for one in what]
    return what


@pytest.mark.parametrize("name, row, rows, told", outcomes(), ids=[row[0] for row in outcomes()])
def test_rows_are_those_of_spark(spark, package, files, folder, name, row, rows, told):
    if spark.classic.version.startswith("3."):
        pytest.skip("Spark has a reader of XML from 4.0 on")
    path = files[name]
    if rows == "refused":
        pytest.skip("pyforge refuses it, as tests/python/test_xml_oracles.py shows")
    ours, theirs = rows_of_ours(package, path, row, folder), rows_of_spark(spark.classic, path, row)
    if told != "same":
        assert ours != theirs
        document = path.read_text(encoding="utf-8")
        theirs = [sorted(FAULTS[told](row, document)) for row in theirs]
    assert ours == theirs
