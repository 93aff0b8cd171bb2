"""Workbooks of several sheets: which are read, what their outputs are called, which become one, and that all appear or none."""
import csv
import json
import signal
import subprocess
import time

import pytest

import xlsx_make
from conftest import clean_environment

openpyxl = pytest.importorskip("openpyxl")
pq = pytest.importorskip("pyarrow.parquet")

DONE, FAILED, USAGE, REJECTED, REFUSED = 0, 1, 2, 3, 4
JAN = [["id", "v"], [1, 1.5], [2, 2.5]]
FEB = [["ID ", "V"], [3, 3.5], [4, "n/a"]]
OTHER = [["v", "name"], [9, "x"]]


def book(path, sheets, hidden=(), very=()):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if name in hidden else "veryHidden" if name in very else "visible"
    workbook.save(path)
    return path


@pytest.fixture
def sales(tmp_path):
    return book(tmp_path / "sales.xlsx", {"Jan": JAN, "Feb": FEB, "Other": OTHER, "Empty": [], "Hid": [["a"], [1]]}, hidden=["Hid"])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def check(process, code=DONE):
    assert process.returncode == code, process.stderr.decode()
    return process.stderr.decode()


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


# ---- what is made of them


def test_each_sheet_has_a_file(pyforge, sales):
    said = check(pyforge("convert", sales)).splitlines()
    folder = sales.with_name("sales_parquet")
    assert names(sales.parent) == ["sales.xlsx", "sales_parquet"]
    assert names(folder) == ["sales_Feb.parquet", "sales_Jan.parquet", "sales_Other.parquet"]
    assert pq.read_table(folder / "sales_Jan.parquet").to_pydict() == {"id": [1, 2], "v": [1.5, 2.5]}
    assert pq.read_table(folder / "sales_Feb.parquet").to_pydict() == {"ID": [3, 4], "V": ["3.5", "n/a"]}
    assert "5 rows, 3 tables" in said[0]
    assert said[1:] == [
        "  Jan: 2 rows, 2 columns -> sales_Jan.parquet",
        "  Feb: 2 rows, 2 columns -> sales_Feb.parquet",
        "  Other: 1 row, 2 columns -> sales_Other.parquet",
        "  Empty: left out, it has no values",
        "  Hid: left out, it is hidden",
    ]


def test_record(pyforge, sales):
    record = json.loads(pyforge("convert", sales, "--json").stdout)
    assert record["success"] is True and record["row_count"] == 5 and record["columns"] == []
    assert record["output_path"] == str(sales.with_name("sales_parquet")) + "/"
    assert [(one["name"], one["row_count"], one["rows_rejected"], one["rejects_path"]) for one in record["tables"]] == [
        ("Jan", 2, 0, None), ("Feb", 2, 0, None), ("Other", 1, 0, None)]
    assert [column["type"] for column in record["tables"][1]["columns"]] == ["int64", "string"]
    assert record["tables"][0]["output_path"].endswith("sales_parquet/sales_Jan.parquet")
    assert record["tables_left_out"] == [{"name": "Empty", "reason": "it has no values"}, {"name": "Hid", "reason": "it is hidden"}]
    assert record["output_size_bytes"] == sum(path.stat().st_size for path in sales.with_name("sales_parquet").iterdir())


def test_record_of_one(pyforge, sales):
    record = json.loads(pyforge("convert", sales, "--sheet", "Feb", "--json").stdout)
    assert record["output_path"] == str(sales.with_suffix(".parquet")) and len(record["columns"]) == 2
    assert [(one["name"], one["sources"], one["output_path"]) for one in record["tables"]] == [
        ("Feb", ["Feb"], str(sales.with_suffix(".parquet")))]


SELECTED = [
    ("Feb", ["Feb"]),
    ("feb,OTHER", ["Feb", "Other"]),
    ("3", ["Other"]),
    ("1,Other", ["Jan", "Other"]),
    ("*", ["Feb", "Jan", "Other"]),
    ("?eb", ["Feb"]),
    ("[JF]*", ["Feb", "Jan"]),
    ("/^(jan|feb)$/", ["Feb", "Jan"]),
    ("'/a{1,2}n/',Hid", ["Hid", "Jan"]),
    ("Hid", ["Hid"]),
    ("5", ["Hid"]),
]


@pytest.mark.parametrize(("wanted", "read"), SELECTED)
def test_selection(pyforge, sales, wanted, read):
    record = json.loads(pyforge("convert", sales, "--tables", wanted, "--json").stdout)
    assert sorted(one["name"] for one in record["tables"]) == read
    assert [one["name"] for one in record["tables_left_out"]] in ([], ["Empty"])


@pytest.mark.parametrize(("wanted", "says"), [
    ("Mar", "there is no sheet 'Mar'"), ("6", "there is no sheet '6'"), ("Jan,0", "there is no sheet '0'"),
    ("H*", "no visible sheet has a name that matches 'H*'"), ("/^x/", "no visible sheet has a name that matches '/^x/'")])
def test_no_such_table(pyforge, sales, wanted, says):
    said = check(pyforge("convert", sales, "--tables", wanted), USAGE)
    assert says in said and "the input has: Jan, Feb, Other, Empty, Hid" in said
    assert names(sales.parent) == ["sales.xlsx"]


def test_bad_selections(pyforge, sales):
    assert "is no regular expression" in check(pyforge("convert", sales, "--tables", "/(/"), USAGE)
    assert "--tables 'Jan,,Feb' is not a list of names" in check(pyforge("convert", sales, "--tables", "Jan,,Feb"), USAGE)
    assert "the sheet 'Empty' has no values" in check(pyforge("convert", sales, "--tables", "Empty"), FAILED)
    assert "--combine and --separate" in check(pyforge("convert", sales, "--combine", "--separate"), USAGE)
    assert names(sales.parent) == ["sales.xlsx"]


def test_a_name_may_look_like_a_list_or_number(pyforge, tmp_path):
    path = book(tmp_path / "a.xlsx", {"x": JAN, "a,b": FEB, "1": OTHER})
    for wanted, name in (("a,b", "a,b"), ("'a,b'", "a,b"), ("1", "1"), ("2", "a,b")):
        record = json.loads(pyforge("convert", path, tmp_path / "o.csv", "--tables", wanted, "--force", "--json").stdout)
        assert [one["name"] for one in record["tables"]] == [name]


def test_range_names_the_sheet(pyforge, sales):
    record = json.loads(pyforge("convert", sales, "--range", "Other!A1:A9", "--json").stdout)
    assert [one["name"] for one in record["tables"]] == ["Other"] and record["tables_left_out"] == []
    assert pq.read_table(sales.with_suffix(".parquet")).to_pydict() == {"v": [9]}


# ---- names


def test_names_of_files(pyforge, tmp_path):
    sheets = {" Q1  <a> ": JAN, "a|b": JAN, "A_B": JAN, "\u00fcber \U0001f600": JAN, '"': JAN, "..": JAN}
    check(pyforge("convert", book(tmp_path / "x.y.xlsx", sheets), "-f", "csv"))
    assert names(tmp_path / "x.y_csv") == sorted(
        ["x.y_Q1_a.csv", "x.y_a_b.csv", "x.y_A_B_2.csv", "x.y_\u00fcber_\U0001f600.csv", "x.y_table.csv", "x.y_...csv"])


@pytest.mark.parametrize(("output", "made"), [
    ("out/", "out/sales_Jan.parquet"), ("there", "there/sales_Jan.parquet"), ("new", "new/sales_Jan.parquet"),
    ("o.csv", "o.csv/sales_Jan.csv"), ("deep/er/o.parquet", "deep/er/o.parquet/sales_Jan.parquet")])
def test_output_is_a_folder(pyforge, sales, output, made):
    (sales.parent / "there").mkdir()
    check(pyforge("convert", sales, output, cwd=sales.parent))
    assert (sales.parent / made).is_file()


def test_output_dir(pyforge, sales, tmp_path):
    check(pyforge("convert", sales, "--output-dir", tmp_path / "o", "-f", "csv"))
    assert names(tmp_path / "o" / "sales_csv") == ["sales_Feb.csv", "sales_Jan.csv", "sales_Other.csv"]


def test_a_file_in_the_place_of_the_folder(pyforge, sales):
    (sales.parent / "o.csv").write_text("old")
    said = check(pyforge("convert", sales, sales.parent / "o.csv", "--force"), REFUSED)
    assert "a file is where the folder" in said and (sales.parent / "o.csv").read_text() == "old"


def test_what_takes_one_table(pyforge, sales, tmp_path):
    assert "standard output takes one" in check(pyforge("convert", sales, "-", "--to", "csv"), USAGE)
    assert "--rejects names one file" in check(pyforge("convert", sales, "--rejects", tmp_path / "r.csv"), USAGE)
    done = pyforge("convert", sales, "-", "--to", "csv", "--combine-by", "name")
    check(done)
    assert done.stdout.decode().splitlines()[0] == "id,v,name" and len(done.stdout.splitlines()) == 6


# ---- several as one


def test_combine(pyforge, sales):
    """What Feb has, decides the type of Jan's rows as well."""
    said = check(pyforge("convert", sales, "--combine", "--sheet-column"))
    folder = sales.with_name("sales_parquet")
    assert names(folder) == ["sales_Jan.parquet", "sales_Other.parquet"]
    assert pq.read_table(folder / "sales_Jan.parquet").to_pydict() == {
        "id": [1, 2, 3, 4], "v": ["1.5", "2.5", "3.5", "n/a"], "_sheet": ["Jan", "Jan", "Feb", "Feb"]}
    assert "  Jan, Feb: 4 rows, 3 columns -> sales_Jan.parquet" in said


def test_combined_to_one_is_a_file(pyforge, sales):
    check(pyforge("convert", sales, "--tables", "Jan,Feb", "--combine"))
    assert names(sales.parent) == ["sales.parquet", "sales.xlsx"]
    assert pq.read_table(sales.with_suffix(".parquet")).num_rows == 4


def test_combine_by_name(pyforge, sales):
    check(pyforge("convert", sales, "--combine-by", "name", "--sheet-column"))
    assert pq.read_table(sales.with_suffix(".parquet")).to_pydict() == {
        "id": [1, 2, 3, 4, None], "v": ["1.5", "2.5", "3.5", "n/a", "9"], "name": [None, None, None, None, "x"],
        "_sheet": ["Jan", "Jan", "Feb", "Feb", "Other"]}


def test_columns_and_schema_are_those_of_the_whole(pyforge, sales):
    check(pyforge("convert", sales, "--combine-by", "name", "--columns", "_sheet,name", "--sheet-column"))
    assert pq.read_table(sales.with_suffix(".parquet")).to_pydict() == {
        "name": [None, None, None, None, "x"], "_sheet": ["Jan", "Jan", "Feb", "Feb", "Other"]}
    check(pyforge("convert", sales, "--force", "--combine-by", "name", "--schema", "v:float64,name:string", "--on-error", "null"))
    assert pq.read_table(sales.with_suffix(".parquet")).column("v").to_pylist() == [1.5, 2.5, 3.5, None, 9]


def test_column_of_names_is_text_and_has_a_name_of_its_own(pyforge, tmp_path):
    path = book(tmp_path / "a.xlsx", {"2021": [["_sheet"], [1]], "2022": [["_SHEET"], [2]]})
    check(pyforge("convert", path, "--combine", "--sheet-column"))
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == {"_sheet": [1, 2], "_sheet_2": ["2021", "2022"]}


def test_columns_that_are_alike_go_by_their_names(pyforge, tmp_path):
    """Of two that differ in case alone, a value is under the name that it was under."""
    path = book(tmp_path / "a.xlsx", {"x": [["a", "A"], [1, 2]], "y": [["A", "a"], [3, 4]]})
    for how in (["--combine"], ["--combine-by", "name"]):
        check(pyforge("convert", path, "--force", *how))
        assert [column.to_pylist() for column in pq.read_table(tmp_path / "a.parquet").columns] == [[1, 4], [2, 3]]


def test_columns_without_a_name_go_by_their_place(pyforge, tmp_path):
    """Blank columns are left out right of the names; what stands behind them is under the letter it has in the sheet."""
    path = book(tmp_path / "a.xlsx", {"x": [["a"], [1, None, 2]], "y": [["a"], [3, 4, 5]]})
    check(pyforge("convert", path, "--combine-by", "name"))
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == {"a": [1, 3], "column_3": [2, 5], "column_2": [None, 4]}


def test_wider_further_down(pyforge, tmp_path):
    """A value right of all names, behind the first block of the second sheet."""
    head = '<row r="1"><c r="A1" t="str"><v>a</v></c></row>'
    rows = "".join(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c></row>' for r in range(2, 60000))
    stray = '<row r="60000"><c r="A60000"><v>1</v></c><c r="C60000"><v>7</v></c></row>'
    path = xlsx_make.book(tmp_path / "a.xlsx", head + rows, head + rows + stray)
    for how in ([], ["--types", "string"]):
        check(pyforge("convert", path, "--combine", "--force", *how))
        table = pq.read_table(tmp_path / "a.parquet")
        assert table.num_rows == 2 * 59998 + 1 and table.column_names == ["a", "column_3"]
        assert table.column(1).null_count == table.num_rows - 1
        record = json.loads(pyforge("convert", path, tmp_path / "o.xlsx", "--force", "--json", *how).stdout)
        assert [(len(one["columns"]), one["row_count"]) for one in record["tables"]] == [(1, 59998), (2, 59999)]
        sheets = openpyxl.load_workbook(tmp_path / "o.xlsx", read_only=True)
        assert [(sheet.title, sum(1 for _ in sheet.rows)) for sheet in sheets] == [("S1", 59999), ("S2", 60000)]


# ---- one file for all


def test_workbook_to_workbook(pyforge, sales, tmp_path):
    said = check(pyforge("convert", sales, tmp_path / "o.xlsx"))
    written = openpyxl.load_workbook(tmp_path / "o.xlsx")
    assert {sheet.title: [[cell.value for cell in row] for row in sheet] for sheet in written} == {
        "Jan": JAN, "Feb": [["ID", "V"], [3, "3.5"], [4, "n/a"]], "Other": OTHER}
    assert "  Other: 1 row, 2 columns\n" in said
    assert written["Other"].auto_filter.ref == "A1:B2" and written["Jan"].auto_filter.ref == "A1:B3"
    again = json.loads(pyforge("convert", tmp_path / "o.xlsx", tmp_path / "p.xlsx", "--json").stdout)
    assert [(one["name"], one["row_count"]) for one in again["tables"]] == [("Jan", 2), ("Feb", 2), ("Other", 1)]
    assert again["output_size_bytes"] == (tmp_path / "p.xlsx").stat().st_size


@pytest.mark.parametrize(("sheets", "expected"), [
    ([[["id", "ID"], [1, 2]], [["ID", "id"], [20, 10]]], {"id": [1, 10], "ID": [2, 20]}),
    ([[["id"], [1]], [["ID", "id"], [20, 10]]], {"id": [1, 10], "ID": [None, 20]}),
    ([[["Id"], [1]], [["id", "Id"], [20, 10]]], {"Id": [1, 10], "id": [None, 20]}),
    ([[["id", "x"], [1, 2]], [["X", "ID"], [20, 10]]], {"id": [1, 10], "x": [2, 20]}),
], ids=["swapped", "one more", "the other way", "in other letters"])
def test_names_that_differ_in_case(pyforge, tmp_path, sheets, expected):
    """Columns called exactly alike meet first: none takes the place of another."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    check(pyforge("convert", tmp_path / "a.xlsx", tmp_path / "a.parquet", "--combine-by", "name"))
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == expected


def test_workbook_of_combined(pyforge, sales, tmp_path):
    check(pyforge("convert", sales, tmp_path / "o.xlsx", "--combine", "--types", "string"))
    written = openpyxl.load_workbook(tmp_path / "o.xlsx")
    assert [(sheet.title, sheet.max_row, sheet.max_column) for sheet in written] == [("Jan", 5, 2), ("Other", 2, 2)]


# ---- all or none


def broken(path):
    """Three sheets, and what the last has is no number."""
    head = '<row r="1"><c r="A1" t="str"><v>a</v></c></row>'
    good = head + "".join(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c></row>' for r in range(2, 5000))
    return xlsx_make.book(path, good, good, good + '<row r="5000"><c r="A5000"><v>1x</v></c></row>')


@pytest.mark.parametrize("how", [[], ["-f", "csv"], ["--combine"], ["-f", "excel"]])
def test_failure_leaves_nothing(pyforge, tmp_path, how):
    path = broken(tmp_path / "a.xlsx")
    before = names(tmp_path)
    output = [tmp_path / "o.xlsx"] if "excel" in how else []
    said = check(pyforge("convert", path, *output, *how), FAILED)
    assert "cell A5000 of sheet 'S3'" in said and names(tmp_path) == before


def test_failure_leaves_what_was_there(pyforge, tmp_path):
    path = book(tmp_path / "a.xlsx", {"S1": JAN, "S2": JAN, "S3": JAN})
    check(pyforge("convert", path, "-f", "csv"))
    before = {name: (tmp_path / "a_csv" / name).read_bytes() for name in names(tmp_path / "a_csv")}
    check(pyforge("convert", broken(path), "-f", "csv", "--force"), FAILED)
    assert {name: (tmp_path / "a_csv" / name).read_bytes() for name in names(tmp_path / "a_csv")} == before


def test_combine_says_what_differs(pyforge, sales):
    said = check(pyforge("convert", sales, "--combine"))
    assert "sheets whose columns differ stay apart: column 1 is 'id' in 'Jan' and 'v' in 'Other' (--combine-by name makes one table of all)" in said
    assert "stay apart" not in check(pyforge("convert", sales, "--combine", "--sheet", "Jan,Feb", "--force"))
    assert "stay apart" not in check(pyforge("convert", sales, "--combine-by", "name", "--force"))
    said = check(pyforge("convert", sales, "-", "--to", "csv", "--combine"), USAGE)
    assert "make one of them with --combine-by name" in said


def test_a_folder_keeps_the_format_of_its_name(pyforge, sales, tmp_path):
    check(pyforge("convert", sales, tmp_path / "all.csv"))
    assert names(tmp_path / "all.csv") == ["sales_Feb.csv", "sales_Jan.csv", "sales_Other.csv"]
    check(pyforge("convert", sales, tmp_path / "all.csv", "--sheet", "Jan"))
    assert rows_of(tmp_path / "all.csv" / "sales.csv") == [["id", "v"], ["1", "1.5"], ["2", "2.5"]]
    (tmp_path / "plain").mkdir()
    check(pyforge("convert", sales, tmp_path / "plain", "--sheet", "Jan"))
    assert names(tmp_path / "plain") == ["sales.parquet"]


def test_the_name_of_a_sheet_that_is_written_is_not_one_to_read(pyforge, sales, tmp_path, package):
    assert "name the sheet to read with --sheet" in check(pyforge("convert", sales, tmp_path / "a.parquet", "--sheet-name", "Feb"), USAGE)
    assert "but the workbook gets 3 sheets" in check(pyforge("convert", sales, tmp_path / "a.xlsx", "--sheet-name", "Feb"), USAGE)
    assert not (tmp_path / "a.xlsx").exists() and not (tmp_path / "a.parquet").exists()
    check(pyforge("convert", sales, tmp_path / "a.xlsx", "--sheet", "Feb", "--sheet-name", "Two"))
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames == ["Two"]
    with pytest.raises(package.OptionError, match="name the sheet to read with sheet="):
        package.read(sales, sheet_name="Feb")


def test_only_plain_workbooks_are_written(pyforge, sales, tmp_path):
    for name in ("a.xlsm", "a.xltx"):
        said = check(pyforge("convert", sales, tmp_path / name, "--to", "excel"), USAGE)
        assert f"named .{name[2:]}, and only .xlsx is written" in said
        assert "no format that is written" in check(pyforge("convert", sales, tmp_path / name), REFUSED)
        assert not (tmp_path / name).exists()


def test_files_of_open_workbooks_are_no_inputs(pyforge, sales, tmp_path):
    (tmp_path / "~$sales.xlsx").write_bytes(b"\x05somebody")
    for source in (tmp_path, f"{tmp_path}/*.xlsx"):
        said = check(pyforge("convert", source, f"{tmp_path}/out/", "--force"))
        assert "1 file" in said or "sales" in said
    assert check(pyforge("convert", tmp_path / "~$sales.xlsx", tmp_path / "x.parquet"), FAILED)


def test_existing_outputs(pyforge, sales):
    folder = sales.with_name("sales_parquet")
    folder.mkdir()
    (folder / "mine.txt").write_text("kept")
    (folder / "sales_Other.parquet").write_text("old")
    said = check(pyforge("convert", sales), REFUSED)
    assert "sales_Other.parquet already exists" in said and names(folder) == ["mine.txt", "sales_Other.parquet"]
    check(pyforge("convert", sales, "--force"))
    assert names(folder) == ["mine.txt", "sales_Feb.parquet", "sales_Jan.parquet", "sales_Other.parquet"]
    assert pq.read_table(folder / "sales_Other.parquet").num_rows == 1


def test_an_output_that_cannot_be_made(pyforge, sales):
    folder = sales.with_name("sales_csv")
    folder.mkdir()
    (folder / "sales_Feb.csv").mkdir()
    said = check(pyforge("convert", sales, "-f", "csv", "--force"), REFUSED)
    assert "sales_Feb.csv already exists" in said and names(folder) == ["sales_Feb.csv"]


def test_killed_between_outputs(pyforge, pyforge_path, tmp_path):
    """However far it came: all of the outputs, or none."""
    head = '<row r="1"><c r="A1" t="str"><v>a</v></c></row>'
    rows = head + "".join(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c><c r="B{r}" t="str"><v>x{r}</v></c></row>' for r in range(2, 40000))
    path = xlsx_make.book(tmp_path / "a.xlsx", *[rows] * 6)
    for wait in (0.01, 0.03, 0.06, 0.1):
        process = subprocess.Popen([pyforge_path, "convert", path], env=clean_environment(), stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        folder = tmp_path / "a_parquet"
        seen = [name for name in names(folder) if name.endswith(".parquet") and not name.startswith(".")] if folder.exists() else []
        assert len(seen) in (0, 6)
    check(pyforge("convert", path, "--force"))
    assert names(tmp_path / "a_parquet") == [f"a_S{n}.parquet" for n in range(1, 7)]


def test_fifty_sheets(pyforge, tmp_path):
    path = book(tmp_path / "a.xlsx", {f"sheet {n}": [["n", "text"]] + [[n * 100 + r, f"t{r}"] for r in range(30)] for n in range(50)})
    check(pyforge("convert", path, "--threads", "2"))
    assert len(names(tmp_path / "a_parquet")) == 50
    assert pq.read_table(tmp_path / "a_parquet" / "a_sheet_49.parquet").column("n").to_pylist() == list(range(4900, 4930))
    check(pyforge("convert", path, "--combine", "--threads", "1"))
    assert pq.read_table(tmp_path / "a.parquet").column("n").to_pylist() == [n * 100 + r for n in range(50) for r in range(30)]


# ---- rejected rows


def test_rejects_beside_each_output(pyforge, sales):
    path = book(sales.parent / "b.xlsx", {"x": [["v"], [1], ["a"], [2]], "y": [["v"], [3]], "z": [["v"], ["b"], [4]]})
    record = json.loads(pyforge("convert", path, "-f", "csv", "--schema", "v:int64", "--on-error", "reject", "--max-rejects", "1", "--json").stdout)
    folder = path.with_name("b_csv")
    assert names(folder) == ["b_x.csv", "b_x.csv.rejects.csv", "b_y.csv", "b_z.csv", "b_z.csv.rejects.csv"]
    assert [(one["row_count"], one["rows_rejected"], one["rejects_path"] is not None) for one in record["tables"]] == [
        (2, 1, True), (1, 0, False), (1, 1, True)]
    assert rows_of(folder / "b_x.csv.rejects.csv")[1][0] == "2"
    check(pyforge("convert", path, "-f", "csv", "--combine", "--schema", "v:int64", "--on-error", "reject", "--max-rejects", "3"), REJECTED)
    rejects = rows_of(path.with_name("b.csv.rejects.csv"))
    assert [(row[0], row[5].split(":")[0]) for row in rejects[1:]] == [("2", "table 'x'"), ("1", "table 'z'")]


# ---- everything else that reads


def test_validate_reads_every_table(pyforge, tmp_path, sales):
    check(pyforge("validate", sales))
    said = check(pyforge("validate", broken(tmp_path / "b.xlsx")), FAILED)
    assert "cell A5000 of sheet 'S3'" in said
    check(pyforge("validate", tmp_path / "b.xlsx", "--sheet", "S1"))


def test_explain(pyforge, sales):
    said = pyforge("convert", sales, "--explain", "--combine").stdout.decode()
    assert "table     Jan, Feb -> " in said and "            v: string" in said and "left out  Hid: it is hidden" in said
    record = json.loads(pyforge("convert", sales, "--explain", "--json").stdout)
    assert [one["name"] for one in record["tables"]] == ["Jan", "Feb", "Other"]
    assert record["tables"][2]["columns"][1]["name"] == "name"
    assert names(sales.parent) == ["sales.xlsx"]


def test_info_is_of_one(pyforge, sales):
    record = json.loads(pyforge("info", sales, "--format", "json").stdout)
    assert record["sheet"] == "Jan" and record["sheet_count"] == 5 and record["rows"] == 2
    assert "only the sheet 'Jan' is read" in pyforge("info", sales).stderr.decode()


def test_report(pyforge, sales, tmp_path):
    check(pyforge("convert", sales, "--report-dir", tmp_path / "reports"))
    report = json.loads(next((tmp_path / "reports").iterdir()).read_text())
    assert [path["path"].rsplit("_", 1)[1] for path in report["outputs"]] == ["Jan.parquet", "Feb.parquet", "Other.parquet"]
    assert all(path["sha256"] for path in report["outputs"]) and len(report["result"]["tables"]) == 3


def test_bulk(pyforge, tmp_path):
    (tmp_path / "in").mkdir()
    book(tmp_path / "in" / "a.xlsx", {"x": JAN, "y": OTHER})
    book(tmp_path / "in" / "b.xlsx", {"x": JAN})
    (tmp_path / "in" / "c.csv").write_text("a\n1\n")
    check(pyforge("convert", tmp_path / "in", "--output-dir", tmp_path / "out"))
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.parquet")) == [
        "a_parquet/a_x.parquet", "a_parquet/a_y.parquet", "b.parquet", "c.parquet"]


def test_notes_name_their_file_once(pyforge, tmp_path):
    for name in ("a", "b"):
        book(tmp_path / f"{name}.xlsx", {"S": [["A title"], [None], ["id", "v", "w"], [1, 2, 3], [4, 5, 6]]})
    said = check(pyforge("convert", tmp_path / "a.xlsx", tmp_path / "b.xlsx", f"{tmp_path}/out/"))
    assert said.count("the header of sheet 'S' is taken to be row 3") == 2 and "a.xlsx: " + str(tmp_path) not in said


def test_formats_of_one_table(pyforge, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    said = check(pyforge("convert", path, "--combine", "--tables", "x"))
    assert "option --combine has no effect here" in said and "option --tables has no effect here" in said
    record = json.loads(pyforge("convert", path, "--force", "--json").stdout)
    assert record["tables"] == [] and record["tables_left_out"] == []


def test_package(package, sales):
    result = package.convert(str(sales))
    assert [table["name"] for table in result["tables"]] == ["Jan", "Feb", "Other"]
    result = package.convert(str(sales), combine_by="name", sheet_column=True)
    assert result["output_path"].endswith("sales.parquet") and result["tables"][0]["sources"] == ["Jan", "Feb", "Other"]


# ---- --compat 1.0


@pytest.mark.parametrize(("words", "made"), [
    ([], ["sales.txt/sales.parquet", "sales.txt/sales_Other.parquet"]),
    (["-f", "parquet"], ["sales_parquet/sales.parquet", "sales_parquet/sales_Other.parquet"]),
    (["out", "-f", "parquet"], ["out/sales.parquet", "out/sales_Other.parquet"]),
    (["out", "-f", "parquet", "--separate"], ["out/sales_Feb.parquet", "out/sales_Jan.parquet", "out/sales_Other.parquet"]),
    (["out.parquet", "--tables", "1"], ["out.parquet"]),
    (["out", "-f", "parquet", "--tables", "1"], ["out/sales_Jan.parquet"]),
])
def test_compat(pyforge, sales, words, made):
    check(pyforge("convert", sales.name, *words, "--compat", "1.0", cwd=sales.parent))
    assert sorted(str(path.relative_to(sales.parent)) for path in sales.parent.rglob("*.parquet") if path.is_file()) == sorted(made)


def test_compat_reads_what_was_too_small(pyforge, tmp_path):
    """1.0.9 left out a sheet of one column, and one with one row of data."""
    path = book(tmp_path / "a.xlsx", {"t": [["x", "y"], [1, 2], [3, 4]], "column": [["only"], [1], [2], [3]], "row": [["u", "v"], [1, 2]]})
    record = json.loads(pyforge("convert", path, tmp_path / "out", "-f", "parquet", "--compat", "1.0", "--json").stdout)
    assert [(one["name"], one["row_count"]) for one in record["tables"]] == [("t", 2), ("column", 3), ("row", 1)]


def test_compat_keeps_every_group(pyforge, tmp_path):
    """Of two groups that were combined, 1.0.9 lost the first."""
    path = book(tmp_path / "a.xlsx", {"a": [["x", "y"], [1, 2], [3, 4]], "b": [["x", "y"], [5, 6], [7, 8]], "c": [["u", "v"], [1, 2]], "d": [["u", "v"], [3, 4]]})
    record = json.loads(pyforge("convert", path, tmp_path / "out", "-f", "parquet", "--compat", "1.0", "--json").stdout)
    assert [(one["sources"], one["row_count"]) for one in record["tables"]] == [(["a", "b"], 4), (["c", "d"], 2)]
    assert names(tmp_path / "out") == ["a.parquet", "a_c.parquet"]
    assert pq.read_table(tmp_path / "out" / "a.parquet").column("x").to_pylist() == ["1", "3", "5", "7"]


# ---- commits that fail


def test_a_place_that_is_taken_meanwhile(package, sales):
    folder = sales.with_name("sales_parquet")

    def take(_):
        folder.mkdir(exist_ok=True)
        (folder / "sales_Feb.parquet").write_text("another's")

    with pytest.raises(package.OutputExistsError):
        package.convert(str(sales), progress=take)
    assert names(folder) == ["sales_Feb.parquet"] and (folder / "sales_Feb.parquet").read_text() == "another's"
