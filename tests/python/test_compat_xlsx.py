"""--compat 1.0 reproduces each sheet that pyforge-cli 1.0.9 wrote, except those in compat_xlsx_exceptions.tsv.

A record (PYFORGE_TEST_DATA/original/xlsx/**.json) is a run over a whole workbook; what it wrote, a file a sheet, is compared sheet by
sheet: names, types, number of rows, and up to 200 rows as texts. An exception names the defect of the original that it comes from (X
numbers of the compatibility specification), and has to be one. What concerns the workbook as a whole (which sheets are left out, which
are combined, names of files, exit codes) is not replayed here.
"""

import json
import os
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
import xlsx_make
from conftest import ROOT
from oracle import type_name

EXCEPTIONS = Path(__file__).with_name("compat_xlsx_exceptions.tsv")
FIRST_ROWS = 200


def exceptions():
    found = {}
    for line in EXCEPTIONS.read_text().splitlines()[1:]:
        file, sheet, defect, reason = line.split("\t")
        found[file, sheet] = f"{defect}: {reason}"
    return found


def sheets():
    """(record, name of the output, sheet), the files of sheets that were combined left out."""
    folder = Path(os.environ.get("PYFORGE_TEST_DATA") or ROOT.parent / "shared" / "data") / "original" / "xlsx"
    found = []
    for path in sorted(folder.rglob("*.json")):
        record = json.loads(path.read_text())
        stem = Path(record["arguments"][1]).stem
        for name in record["outputs"]:
            sheet = Path(name).stem.removeprefix(f"{stem}_")
            if sheet != stem:
                found.append(pytest.param(path, name, sheet, id=f"{path.stem}-{sheet}"))
    return found or [pytest.param(None, None, None, id="no test data")]


def seen(path):
    table = parquet.ParquetFile(path).read()
    rows = zip(*[column.slice(0, FIRST_ROWS).to_pylist() for column in table.columns])
    return {"schema": [[field.name, type_name(field.type)] for field in table.schema], "row_count": table.num_rows, "first_rows": [list(row) for row in rows]}


def convert(pyforge, source, folder, *options):
    done = pyforge("convert", source, folder / "out.parquet", "--compat", "1.0", *options)
    assert done.returncode == 0, done.stderr.decode()
    found = list(folder.rglob("*.parquet"))
    return seen(next(path for path in found if path.is_file()))


@pytest.mark.parametrize("path, name, sheet", sheets())
def test_recorded_sheet(pyforge, path, name, sheet, test_data, tmp_path):
    record = json.loads(path.read_text())
    ours = convert(pyforge, test_data / record["input"], tmp_path, "--sheet", sheet)
    reason = exceptions().get((Path(record["input"]).name, sheet))
    differs = [what for what in ("schema", "row_count", "first_rows") if ours[what] != record["outputs"][name][what]]
    if reason is None:
        assert not differs, (differs[0], ours[differs[0]][:3] if differs[0] != "row_count" else ours, record["outputs"][name][differs[0]])
    else:
        assert differs, f"reproduced after all, so it is no exception: {reason}"


def test_exceptions_are_of_sheets_that_are_there(test_data):
    there = {(Path(json.loads(case.values[0].read_text())["input"]).name, case.values[2]) for case in sheets()}
    assert set(exceptions()) <= there


@pytest.mark.parametrize("file, names", [
    ("apache+poi/test-data__spreadsheet__56644.xlsx", ["Sample Type", "Material"]),  # the first sheet is a form
    ("apache+poi/test-data__spreadsheet__DataTableCities.xlsx", ["Big Cities", "Unnamed: 1"]),  # the first sheet is a list of two rows
])
def test_the_first_sheet_that_was_taken_for_a_table(pyforge, test_data, tmp_path, file, names):
    assert [name for name, _ in convert(pyforge, test_data / "xlsx" / file, tmp_path)["schema"]][:2] == names


def test_a_sheet_alone_is_read_though_it_was_left_out(pyforge, tmp_path):
    """X5: a sheet with one row of data was left out."""
    rows = '<row r="1"><c r="A1" t="str"><v>n</v></c><c r="B1" t="str"><v>v</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'
    assert convert(pyforge, xlsx_make.book(tmp_path / "a.xlsx", rows), tmp_path)["first_rows"] == [["1", ""]]


# Cells of a column, and the texts that Python made of them.
TEXTS = [
    ("numbers", ["<c><v>39.93</v></c>", "<c><v>1E-05</v></c>", "<c><v>1E-10</v></c>", "<c><v>1E+20</v></c>", "<c><v>1.234567890123457E+17</v></c>",
                 "<c><v>0.1</v></c>", "<c><v>123456789012345678</v></c>", "<c><v>-7</v></c>", "<c><v>1.5E-7</v></c>"],
     ["39.93", "0.00001", "1E-10", "1E+20", "1.234567890123457E+17", "0.1", "123456789012345678", "-7", "1.5E-7"]),
    ("booleans", ['<c t="b"><v>1</v></c>', '<c t="b"><v>0</v></c>'], ["True", "False"]),
    ("dates", ['<c s="1"><v>45418</v></c>', '<c s="1"><v>45418.25</v></c>', '<c s="2"><v>45418.5</v></c>', '<c s="1"><v>0</v></c>'],
     ["2024-05-06T00:00:00", "2024-05-06T06:00:00", "2024-05-06T12:00:00", "00:00:00"]),
    ("fractions of a second", ['<c s="2"><v>45418.5000057870</v></c>', '<c s="3"><v>0.5000057870370371</v></c>'], ["2024-05-06T12:00:00.500000", "12:00:00.500000"]),
    ("times", ['<c s="3"><v>0.297326388888889</v></c>', '<c s="3"><v>0</v></c>'], ["07:08:09", "00:00:00"]),
    ("dates of ISO cells", ['<c t="d"><v>2024-02-29T10:20:30</v></c>', '<c t="d"><v>2024-02-29</v></c>'], ["2024-02-29T10:20:30", "2024-02-29T00:00:00"]),
    ("errors", ['<c t="e"><v>#N/A</v></c>', "<c><v>1</v></c>"], ["#N/A", "1"]),
    ("nothing", ["<c/>", '<c t="str"><v></v></c>', "<c><f>A1</f></c>", "<c><v>1</v></c>"], ["", "", "", "1"]),
]


@pytest.mark.parametrize("cells, texts", [case[1:] for case in TEXTS], ids=[case[0] for case in TEXTS])
def test_texts_of_values(pyforge, tmp_path, cells, texts):
    head = '<row r="1"><c r="A1" t="str"><v>n</v></c><c r="B1" t="str"><v>v</v></c></row>'
    rows = "".join(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c>{cell}</row>' for r, cell in enumerate(cells, 2))
    ours = convert(pyforge, xlsx_make.book(tmp_path / "a.xlsx", head + rows), tmp_path)
    assert ours["schema"] == [["n", "string"], ["v", "string"]]
    assert [row[1] for row in ours["first_rows"]] == texts


def test_rows_without_any_value_go(pyforge, tmp_path):
    rows = ['<row r="1"><c r="A1" t="str"><v>n</v></c><c r="B1" t="str"><v>v</v></c></row>', '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>', '<row r="3"/>',
            '<row r="4"><c r="A4" t="str"><v xml:space="preserve"> </v></c></row>', '<row r="7"><c r="B7"><v>3</v></c></row>']
    assert convert(pyforge, xlsx_make.book(tmp_path / "a.xlsx", "".join(rows)), tmp_path)["first_rows"] == [["1", "2"], [" ", ""], ["", "3"]]


def test_rows_above_the_header_are_told(pyforge, tmp_path):
    """X3: the fullest of the first rows won as header, and what stood above it vanished without a word."""
    def row(number, *values):
        return f'<row r="{number}">' + "".join(f'<c r="{"ABC"[i]}{number}" t="str"><v>{value}</v></c>' for i, value in enumerate(values)) + "</row>"

    rows = row(1, "Sales.", "Sales.") + row(2, "x", "x") + row(4, "id", "name", "city") + row(5, "1", "b", "c") + row(6, "2", "b", "c") + row(7, "3", "b", "c")
    done = pyforge("convert", xlsx_make.book(tmp_path / "a.xlsx", rows), tmp_path / "a.parquet", "--compat", "1.0")
    assert done.returncode == 0 and parquet.read_table(tmp_path / "a.parquet").to_pydict() == {"id": ["1", "2", "3"], "name": ["b"] * 3, "city": ["c"] * 3}
    assert "the header of sheet 'S1' is taken to be row 4; 2 rows with values above it are left out (--header 1 begins there)" in done.stderr.decode()
