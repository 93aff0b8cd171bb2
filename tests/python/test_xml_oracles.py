"""Every real XML file: its leaf values as lxml finds them are in the table, column by column, or the file is refused as lxml refuses it.
What docs/xml.md says of each file (section "Real files") is what is compared with; tests/spark compares rows with Spark's reader."""

import collections
import json
import re
from pathlib import Path

import lxml.etree
import pyarrow.parquet as parquet
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "xml.md"
BLANKS = " \t\r\n"
# The one way in which a file is read that lxml refuses.
MARK = "﻿".encode()


def outcomes():
    """The table of the page: file, row, rows, leaf values, what lxml and Spark make of it."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Real files\n")[2]
    rows = [[cell.strip().strip("`") for cell in line.strip("|\n").split("|")] for line in section.splitlines() if re.match(r"\| `", line)]
    assert rows and all(len(row) == 6 for row in rows), rows
    return {row[0]: dict(zip(("file", "row", "rows", "values", "lxml", "spark"), row)) for row in rows}


OUTCOMES = outcomes()


def path_of(test_data, name):
    found = list((test_data / "xml").glob(f"*/*__{name}"))
    assert len(found) == 1, (name, found)
    return found[0]


def prefixed(name, element):
    """{uri}local as it is written in the document, without the prefix that is declared nowhere: the default namespace."""
    if not name.startswith("{"):
        return name
    uri, _, local = name[1:].partition("}")
    prefix = next((key for key, value in element.nsmap.items() if value == uri and key is not None), None)
    if prefix is None:
        return local
    return f"{prefix}:{local}"


def leaves(element, path, found, rows, row):
    """(path, value) of attributes, of elements without children, and of texts beside children; row: that it is in, or None."""
    path = f"{path}_{prefixed(element.tag, element)}" if path else prefixed(element.tag, element)
    if row is None and element.tag.rpartition("}")[2] == rows:
        row = element
    for name, value in element.attrib.items():
        found.append((f"{path}@{prefixed(name, element)}", value, row))
    elements = [child for child in element if isinstance(child.tag, str)]
    texts = [text.strip(BLANKS) for text in [element.text, *(child.tail for child in element)] if text is not None]
    if elements:
        texts = [text for text in texts if text]
        if texts:
            found.append((path, " ".join(texts), row))
    elif any(texts) or not element.attrib:
        found.append((path, "".join(texts), row))
    for child in elements:
        leaves(child, path, found, rows, row)
    return found


def parse(content):
    return lxml.etree.fromstring(content, lxml.etree.XMLParser(resolve_entities=True, no_network=True, remove_blank_text=False))


def written(pyforge, path, out, *options):
    done = pyforge("convert", path, out, "--force", "--types", "string", *options)
    assert done.returncode == 0, done.stderr.decode()
    assert "accounted" not in done.stderr.decode()
    return parquet.read_table(out), done.stderr.decode()


def test_every_file_is_in_the_table(test_data):
    there = sorted(path.name.rpartition("__")[2] for path in (test_data / "xml").glob("*/*"))
    assert there == sorted(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_leaf_values_are_those_of_lxml(pyforge, test_data, tmp_path, name):
    told = OUTCOMES[name]
    path = path_of(test_data, name)
    content = path.read_bytes()
    if told["rows"] == "refused":
        with pytest.raises(lxml.etree.XMLSyntaxError):
            parse(content)
        done = pyforge("convert", path, tmp_path / "out.parquet")
        assert done.returncode == 1 and told["row"] in done.stderr.decode(), done.stderr.decode()
        assert not (tmp_path / "out.parquet").exists()
        return
    if told["lxml"] != "same":
        with pytest.raises(lxml.etree.XMLSyntaxError):
            parse(content)
        content = content.replace(MARK, b"", 1)
    found = leaves(parse(content), "", [], told["row"], None)
    assert len(found) == int(told["values"])

    table, _ = written(pyforge, path, tmp_path / "out.parquet")
    assert table.num_rows == int(told["rows"])
    values = {column: {value for value in table[column].to_pylist() if value is not None} for column in table.column_names}
    expected = collections.defaultdict(set)
    for column, value, _ in found:
        expected[column].add(value)
    assert values == expected


@pytest.mark.parametrize("name", [name for name, told in OUTCOMES.items() if told["rows"] != "refused"])
def test_every_one_of_them_is_there_once(pyforge, test_data, tmp_path, name):
    """With lists in place of rows: as many as the document has, but what stands around the rows, which is in each of them."""
    told = OUTCOMES[name]
    path = path_of(test_data, name)
    found = leaves(parse(path.read_bytes().replace(MARK * 2, MARK)), "", [], told["row"], None)
    per_row = collections.Counter((column, id(row)) for column, _, row in found)
    repeated = {column for (column, _), count in per_row.items() if count > 1}
    table, _ = written(pyforge, path, tmp_path / "out.parquet", "--row-tag", told["row"], "--array-handling", "json_string")
    expected = collections.Counter((column, value) for column, value, row in found if row is not None)
    got = collections.Counter()
    inside = {column for column, _ in expected}
    for column in set(table.column_names) & inside:
        for value in table[column].to_pylist():
            if value is not None:
                got.update((column, one) for one in (json.loads(value) if column in repeated else [value]))
    assert got == expected
