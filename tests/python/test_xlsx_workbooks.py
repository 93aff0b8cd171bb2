"""Real workbooks: each opens with the sheets, tables and names that it has, or is refused by its kind (tests/python/xlsx_workbooks.tsv).

What the list says of sheets and tables was compared with openpyxl and calamine when it was written."""
import json
import pathlib

import pytest

LIST = pathlib.Path(__file__).with_name("xlsx_workbooks.tsv")
EXPECTED = {file: (outcome, facts.split(" | ") if facts else []) for file, outcome, facts in
            (line.split("\t") for line in LIST.read_text(encoding="utf-8").splitlines()[1:])}


def facts_of(shown):
    """The facts of the workbook itself as the list has them."""
    return [f"{shown['date_system']}"] + [value for name, value in shown.items() if name.startswith(("sheet_", "range_"))]


def test_the_list_has_every_workbook(test_data):
    files = {path.relative_to(test_data / "xlsx").as_posix() for path in (test_data / "xlsx").rglob("*") if path.is_file()}
    assert files == set(EXPECTED)


@pytest.mark.parametrize("file", EXPECTED)
def test_workbook(pyforge, test_data, file):
    outcome, facts = EXPECTED[file]
    done = pyforge("info", "--format", "json", test_data / "xlsx" / file)
    if outcome == "opens":
        assert done.returncode == 0, done.stderr.decode()
        assert facts_of(json.loads(done.stdout)) == facts
    else:
        assert done.returncode != 0
        assert outcome in done.stderr.decode()
        assert done.stdout == b""
