"""Names of sheets, of files and of cells: those that differ in case only, that clash, or that are not what they seem."""

import json

import openpyxl
import pytest
import xlsx_make
from test_xlsx_read import read, refused
from xlsx_make import RELATIONS


def column(name, *values):
    cells = "".join(f'<row><c t="inlineStr"><is><t>{value}</t></is></c></row>' for value in (name, *values))
    return xlsx_make.sheet(cells)


def book(path, sheets, names=""):
    """sheets: name -> the texts of its only column. names: XML of defined names."""
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, 1))
    part = f'<workbook xmlns="{xlsx_make.MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets><definedNames>{names}</definedNames></workbook>'
    return xlsx_make.book(path, *[column(*texts) for texts in sheets.values()], extra={"xl/workbook.xml": part})


def test_case_tells_sheets_apart(pyforge, tmp_path):
    path = book(tmp_path / "b.xlsx", {"Data": ["a", "1"], "DATA": ["a", "2"], "Other": ["a", "3"], "Ärger": ["a", "4"]})
    for name, value in (("Data", "1"), ("DATA", "2"), ("other", "3"), ("ÄRGER", "4"), ("ärger", "4")):
        assert read(pyforge, path, "--sheet", name)[0].column("a").to_pylist() == [value]
        assert read(pyforge, path, "--range", f"{name}!A1:A2")[0].column("a").to_pylist() == [value]
    for option in (("--sheet", "data"), ("--range", "data!A1:A2")):
        said = refused(pyforge, path, *option)
        assert "2 sheets are called 'data' but for the case of letters" in said


def test_quoted_sheets(pyforge, tmp_path):
    path = book(tmp_path / "b.xlsx", {"It's": ["a", "1"], "a!b": ["a", "2"]})
    assert read(pyforge, path, "--range", "'It''s'!A1:A2")[0].column("a").to_pylist() == ["1"]
    assert read(pyforge, path, "--range", "'a!b'!A1:A2")[0].column("a").to_pylist() == ["2"]
    assert read(pyforge, path, "--range", "a!b!A1:A2")[0].column("a").to_pylist() == ["2"]
    assert "names no sheet before its '!'" in refused(pyforge, path, "--range", "!A1")


def test_names_of_cells(pyforge, tmp_path):
    names = (
        "<definedName name='all'>One!$A$1:$A$2</definedName><definedName name='all' localSheetId='1'>Two!$A$1:$A$3</definedName>"
        "<definedName name='local' localSheetId='0'>One!$A$1:$A$2</definedName><definedName name='local' localSheetId='1'>Two!$A$1:$A$2</definedName>"
        "<definedName name='only' localSheetId='1'>Two!$A$1:$A$2</definedName><definedName name='rate'>0.19</definedName>"
        "<definedName name='two'>One!$A$1,Two!$A$1</definedName>"
    )
    path = book(tmp_path / "b.xlsx", {"One": ["a", "1"], "Two": ["b", "2", "3"]}, names)
    assert read(pyforge, path, "--range", "all")[0].to_pydict() == {"a": ["1"]}
    assert read(pyforge, path, "--range", "Two!all")[0].to_pydict() == {"b": ["2", "3"]}
    assert read(pyforge, path, "--range", "only")[0].to_pydict() == {"b": ["2"]}
    assert read(pyforge, path, "--range", "one!LOCAL")[0].to_pydict() == {"a": ["1"]}
    said = refused(pyforge, path, "--range", "local")
    assert "2 sheets have a name that is called so" in said and "Sheet!local" in said
    for name in ("rate", "two"):
        assert f"'{name}' is a name in the workbook, but not of one range of cells" in refused(pyforge, path, "--range", name)


def test_a_name_that_is_no_text(pyforge, tmp_path, write):
    write("a.csv", "x\n1\n")
    done = pyforge("convert", tmp_path / "a.csv", tmp_path / "a.xlsx", "--sheet-name", b"\xff\xfe")
    assert done.returncode == 2 and b"--sheet-name: the name is not UTF-8" in done.stderr
    assert not (tmp_path / "a.xlsx").exists()


def test_sheets_alike_are_told(pyforge, tmp_path):
    path = book(tmp_path / "b.xlsx", {"Ä": ["a", "1"], "ä": ["a", "2"]})
    done = pyforge("convert", path, tmp_path / "out.xlsx", "--sheets", "all")
    assert done.returncode == 0, done.stderr.decode()
    assert openpyxl.load_workbook(tmp_path / "out.xlsx").sheetnames == ["Ä", "ä_2"]
    assert "a sheet called 'ä' is there already: this one is called 'ä_2'" in done.stderr.decode()


@pytest.mark.parametrize("names", [("a", "a.csv.rejects"), ("a.csv.rejects", "A")])
def test_rejected_rows_have_a_file_of_their_own(pyforge, tmp_path, names):
    path = book(tmp_path / "b.xlsx", {name: ["n", "1", "x"] for name in names})
    for force in ([], ["--force"]):
        done = pyforge("convert", path, f"{tmp_path}/out/", "--to", "csv", "--sheets", "all", "--schema", "n:int64", "--on-error", "reject", "--max-rejects", "100%", "--json", *force)
        assert done.returncode == 3, done.stderr.decode()
    outputs = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert len({name.lower() for name in outputs}) == 4
    assert sum(name.endswith(".csv.rejects.csv") for name in outputs) >= 2
    assert [table["row_count"] for table in json.loads(done.stdout)["tables"]] == [1, 1]
    for name in outputs:
        if not name.endswith(".rejects.csv"):
            assert (tmp_path / "out" / name).read_text() == "n\n1\n"


def test_formulas_that_nobody_calculated(pyforge, tmp_path):
    """A program that writes formulas and calculates nothing: there are no values, but the sheet is not empty."""
    workbook = openpyxl.Workbook()
    workbook.active.title = "Sums"
    for number in range(1, 9):
        workbook.active.append([f"=1+{number}", f"=A{number}*2"])
    path = tmp_path / "f.xlsx"
    workbook.save(path)
    said = refused(pyforge, path)
    assert "the sheet 'Sums' has no values" in said and "open and save the file in a spreadsheet program" in said
    said = pyforge("info", path).stderr.decode()
    assert "open and save the file in a spreadsheet program" in said
    workbook.create_sheet("Data").append(["a"])
    workbook["Data"].append([1])
    workbook.save(path)
    done = pyforge("convert", path, tmp_path / "f.parquet", "--sheets", "all", "--force")
    assert done.returncode == 0 and "Sums: left out, it has formulas that nobody has calculated, and no values" in done.stderr.decode()


def test_alike_names_are_listed(pyforge, tmp_path):
    path = book(tmp_path / "b.xlsx", {"Data": ["a", "1"], "DATA": ["a", "2"], "Other": ["a", "3"]})
    for option in (("--sheet", "data"), ("--range", "data!A1:A2")):
        said = refused(pyforge, path, *option)
        assert "Data, DATA" in said and "Other" not in said


def test_a_line_of_info_stays_one(pyforge, tmp_path):
    path = tmp_path / "b.xlsx"
    workbook = openpyxl.Workbook()
    workbook.active.append(["a\nb", "c"])
    workbook.active.append([1, 2])
    workbook.save(path)
    said = pyforge("info", path).stdout.decode()
    assert "1  a␊b   int64" in said


def test_validate_tells_sheets(pyforge, tmp_path):
    path = book(tmp_path / "b.xlsx", {"One": ["a", "1"], "Two": ["b", "2", "3"]})
    workbook = openpyxl.load_workbook(path)
    workbook.create_sheet("Sums").append(["=1+1"])
    workbook.save(path)
    said = pyforge("validate", path).stdout.decode()
    assert "b.xlsx is a valid .XLSX file: 2 sheets with 3 rows; left out: 'Sums': it has formulas" in said
    told = json.loads(pyforge("validate", path, "--json").stdout)
    assert [(table["name"], table["rows"]) for table in told["tables"]] == [("One", 1), ("Two", 2)]
    assert [table["name"] for table in told["tables_left_out"]] == ["Sums"]
    told = json.loads(pyforge("validate", path, "--sheet", "Two", "--json").stdout)
    assert [(table["name"], table["rows"]) for table in told["tables"]] == [("Two", 2)]
    assert "valid .XLSX file\n" in pyforge("validate", path, "--compat", "1.0").stdout.decode()


def test_names_over_names(pyforge, tmp_path):
    path = tmp_path / "b.xlsx"
    workbook = openpyxl.Workbook()
    for row in (["north", None, "south", None, None, None], ["a", "b", "c", "d", "e", "f"], [1, 2, 3, 4, 5, 6]):
        workbook.active.append(row)
    workbook.active.merge_cells("A1:B1")
    workbook.active.merge_cells("C1:D1")
    workbook.save(path)
    assert "--header 1-2 --fill-merged joins both" in pyforge("info", path).stderr.decode()
    told = json.loads(pyforge("info", path, "--json", "--header", "1-2", "--fill-merged").stdout)
    assert [column["name"] for column in told["columns"]][:4] == ["north_a", "north_b", "south_c", "south_d"]
    workbook.active.unmerge_cells("A1:B1")
    workbook.active.unmerge_cells("C1:D1")
    for column, name in enumerate("uvwxyz", 1):
        workbook.active.cell(1, column).value = name
    workbook.save(path)
    assert "--fill-merged" not in pyforge("info", path).stderr.decode()


@pytest.mark.parametrize("command", ["info", "validate"])
def test_help_names_the_sheets(pyforge, command):
    said = pyforge(command, "--help").stdout.decode()
    assert "--tables" in said and "--combine" in said


def test_options_of_sheets(package, tmp_path):
    path = tmp_path / "b.xlsx"
    workbook = openpyxl.Workbook()
    for row in (["a", "b"], ["x", "y"], [1, 2]):
        workbook.active.append(row)
    workbook.save(path)
    assert [column["name"] for column in package.info(path, header=(1, 2))["columns"]] == [
        column["name"] for column in package.info(path, header="1-2")["columns"]
    ]
    assert [column["name"] for column in package.info(path, header=[2])["columns"]] == ["x", "y"]
    for rows in ((), (1, 3), (2, 1), ("1", "2")):
        with pytest.raises(TypeError, match="rows that follow one another"):
            package.info(path, header=rows)
    for option in ("sheets", "sheet", "tables"):
        for nothing in ([], "", " "):
            with pytest.raises(TypeError, match=f"option {option} is empty"):
                package.info(path, **{option: nothing})


BATCH = """
import json, sys, pyforge_cli
from pyforge_cli.extensions.databricks import forge
done = {source: pyforge_cli.convert(source, target)["output_path"] for source, target in pyforge_cli.files("*.xlsx", "out")}
again = [result["output_path"] for result in forge.batch_convert("*.xlsx")]
one = pyforge_cli.convert("m.xlsx", "named.parquet")["output_path"]
print(json.dumps([done, again, one]))
"""


def test_several_sheets_of_several_files(run_python, tmp_path):
    """A folder takes the place of a file that nobody has named, as for one workbook alone; one that is named keeps its name."""
    book(tmp_path / "m.xlsx", {"A": ["a", "1"], "B": ["b", "2"]})
    book(tmp_path / "n.xlsx", {"A": ["a", "1"]})
    done = run_python(BATCH)
    assert done.returncode == 0, done.stderr
    converted, again, one = json.loads(done.stdout.splitlines()[-1])
    assert converted == {"m.xlsx": "out/m_parquet/", "n.xlsx": "out/n.parquet"}
    assert again == ["m_parquet/", "n.parquet"] and one == "named.parquet/"
    assert sorted(file.name for file in (tmp_path / "m_parquet").iterdir()) == ["m_A.parquet", "m_B.parquet"]


def test_many_sheets_alike(pyforge, tmp_path):
    """Excel's 31 characters make them alike; each gets the next number, without trying all."""
    long = "a name of thirty-one characters"
    assert len(long) == 31
    count = 1200
    path = book(tmp_path / "b.xlsx", {f"{long}{number}": ["a", "1"] for number in range(count)})
    done = pyforge("convert", path, tmp_path / "o.xlsx", "--sheets", "all", "--header", "yes", "--quiet")
    assert done.returncode == 0, done.stderr.decode()
    names = openpyxl.load_workbook(tmp_path / "o.xlsx", read_only=True).sheetnames
    assert len({name.lower() for name in names}) == count and names[1].endswith("_2") and names[-1].endswith(f"_{count}")


@pytest.mark.parametrize("rows, header, expected", [
    ([["Anna", "Berlin"], ["Bob", "Rome"], ["Cy", "Oslo"]], 0, {"column_1": ["Anna", "Bob", "Cy"], "column_2": ["Berlin", "Rome", "Oslo"]}),
    ([["1", "2"], ["x", "y"]], 1, {"1": ["x"], "2": ["y"]}),
    ([["a", "b"], ["c", "d"], ["x", "y"]], 2, {"a_c": ["x"], "b_d": ["y"]}),
])
def test_a_table_says_which_rows_are_its_header(pyforge, tmp_path, rows, header, expected):
    cells = ['<row r="1"><c r="A1" t="str"><v>Title</v></c></row>']
    for number, row in enumerate(rows, 2):
        cells.append(f'<row r="{number}">' + "".join(f'<c r="{"AB"[at]}{number}" t="str"><v>{text}</v></c>' for at, text in enumerate(row)) + "</row>")
    table = f'<table xmlns="{xlsx_make.MAIN}" id="1" displayName="Staff" ref="A2:B{len(rows) + 1}" headerRowCount="{header}"/>'
    rels = f'<Relationships xmlns="{xlsx_make.PACKAGE}/relationships"><Relationship Id="t" Type="{RELATIONS}/table" Target="../tables/t.xml"/></Relationships>'
    path = xlsx_make.book(tmp_path / "b.xlsx", "".join(cells), extra={"xl/tables/t.xml": table, "xl/worksheets/_rels/sheet1.xml.rels": rels})
    assert read(pyforge, path, "--range", "Staff")[0].to_pydict() == expected
    assert read(pyforge, path, "--range", "Staff", "--header", "no")[0].num_rows == len(rows)
