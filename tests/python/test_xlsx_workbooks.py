"""Real workbooks: each opens with the sheets, tables and names that it has, or is refused by its kind (tests/python/xlsx_workbooks.tsv).

What the list says of sheets and tables was compared with openpyxl and calamine when it was written."""
import json
import pathlib

import pytest
import xlsx_make

LIST = pathlib.Path(__file__).with_name("xlsx_workbooks.tsv")
EXPECTED = {file: (outcome, facts.split(" | ") if facts else []) for file, outcome, facts in
            (line.split("\t") for line in LIST.read_text(encoding="utf-8").splitlines()[1:])}


def facts_of(shown):
    """The facts of the workbook itself as the list has them."""
    return [f"{shown['date_system']}"] + [value for name, value in shown.items() if name.startswith(("sheet_", "range_")) and name != "sheet_count"]


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


def sheet_of(value):
    return f'<row r="1"><c r="A1" t="str"><v>n</v></c></row><row r="2"><c r="A2"><v>{value}</v></c></row>'


@pytest.mark.parametrize("state, first, facts", [
    (None, "", ["S1, visible", "S2, visible"]),
    ("hidden", sheet_of(1), ["S1, hidden", "S2, visible"]),
    ("veryHidden", sheet_of(1), ["S1, very hidden", "S2, visible"]),
], ids=["empty", "hidden", "very hidden"])
def test_the_first_sheet_is_not_the_one(pyforge, tmp_path, state, first, facts):
    """info lists all sheets, and what is read is the first that is visible and has values."""
    names = xlsx_make.workbook(["S1", "S2"])
    names = names.replace('name="S1"', f'name="S1" state="{state}"') if state else names
    path = xlsx_make.book(tmp_path / "a.xlsx", first, sheet_of(2), extra={"xl/workbook.xml": names})
    done = pyforge("info", "--format", "json", path)
    assert done.returncode == 0, done.stderr.decode()
    shown = json.loads(done.stdout)
    assert [shown["sheet_1"], shown["sheet_2"]] == facts
    assert [f"{sheet['name']}, {sheet['visibility']}" for sheet in shown["sheets"]] == facts
    assert shown["excel_sheets"] == ["S1", "S2"] and shown["sheet_count"] == 2 and shown["ranges"] == []
    assert shown["rows"] == 1 and shown["columns"][0]["name"] == "n"
    done = pyforge("convert", path, "-", "--to", "csv", "--quiet")
    assert done.stdout == b"n\n2\n", done.stderr.decode()


WRONG = [("--range", "A1:"), ("--range", "5"), ("--range", "Sheet1!1x"), ("--range", "!A1"), ("--range", "'A1"), ("--range", "A1 B2"), ("--range", ""), ("--header", "3-2"),
         ("--header", "maybe"), ("--header", "1048577")]  # fmt: skip


@pytest.mark.parametrize("option, value", WRONG)
def test_a_wrong_value_is_one_error(pyforge, tmp_path, option, value):
    """Of many workbooks, and before any of them is opened."""
    for number in range(3):
        xlsx_make.book(tmp_path / f"{number}.xlsx", sheet_of(1))
    for source in (tmp_path, tmp_path / "gone.xlsx"):
        done = pyforge("convert", source, f"{tmp_path}/out/", option, value)
        said = done.stderr.decode()
        assert done.returncode == 2 and said.count("error: ") == 1 and option in said, said
        assert "not exist" not in said and not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["A1:B", "B", "S1!A1:B2", "'S1'!A:B", "Prices", "_1.x\\?", "Größe"])
def test_a_name_may_be_one_of_the_workbook(pyforge, tmp_path, value):
    """What is no range of cells is looked up in the workbook before it is called wrong."""
    path = xlsx_make.book(tmp_path / "a.xlsx", sheet_of(1))
    said = pyforge("convert", path, "-", "--to", "csv", "--range", value).stderr.decode()
    assert "error" not in said or "in the workbook" in said or "no sheet" in said, said
