"""Reading workbooks: what parts mean, what is refused, and that real files give what other programs read."""

import datetime
import os
import random
import zipfile
from pathlib import Path

import openpyxl
import pyarrow.parquet as parquet
import pytest
import xlsx_make
import xlsxwriter
from oracle import type_name

EXCEPTIONS = Path(__file__).with_name("xlsx_read_exceptions.tsv")
FULL = os.environ.get("PYFORGE_TEST_FULL") == "1"


def header(*names):
    cells = "".join(f'<c r="{chr(65 + i)}1" t="inlineStr"><is><t>{name}</t></is></c>' for i, name in enumerate(names))
    return f'<row r="1">{cells}</row>'


def read(pyforge, path, *options):
    out = path.with_suffix(".parquet")
    out.unlink(missing_ok=True)
    done = pyforge("convert", path, out, "--force", *options)
    assert done.returncode == 0, done.stderr.decode()
    return parquet.ParquetFile(out).read(), done.stderr.decode()


def refused(pyforge, path, *options):
    out = path.with_suffix(".parquet")
    out.unlink(missing_ok=True)
    done = pyforge("convert", path, out, "--force", *options)
    assert done.returncode not in (0, -6, -11), done.stderr.decode()
    assert not out.exists()
    return done.stderr.decode()


# ---- one column of cells: what becomes of each

CELLS = [
    # rows of the column v, from row 2 on; type; values
    ("whole numbers", ["<c><v>1</v></c>", '<c t="n"><v>-20</v></c>'], "int64", [1, -20]),
    ("whole numbers with a point", ["<c><v>1.0</v></c>", "<c><v>2E3</v></c>", "<c><v>-0</v></c>"], "int64", [1, 2000, 0]),
    ("artefacts stay", ["<c><v>0.30000000000000004</v></c>", "<c><v>1</v></c>"], "float64", [0.30000000000000004, 1.0]),
    ("17 digits are shortened", ["<c><v>3.1400000000000001</v></c>", "<c><v>4.3999999999999995</v></c>"], "float64", [3.14, 4.3999999999999995]),
    ("beyond 2^53 a double", ["<c><v>9007199254740994</v></c>", "<c><v>123456789012345678</v></c>"], "float64", [9007199254740994.0, 1.2345678901234568e17]),
    ("2^53 itself", ["<c><v>9007199254740992</v></c>"], "int64", [2**53]),
    ("tiny and huge", ["<c><v>1E-300</v></c>", "<c><v>1.5E+300</v></c>"], "float64", [1e-300, 1.5e300]),
    ("blanks around", ["<c><v> 5\n</v></c>"], "int64", [5]),
    ("comment and CDATA in a value", ["<c><v>1<!-- x -->2</v></c>", "<c><v><![CDATA[7]]></v></c>"], "int64", [12, 7]),
    ("booleans", ['<c t="b"><v>1</v></c>', '<c t="b"><v>0</v></c>', '<c t="b"/>'], "bool", [True, False]),
    ("dates", ['<c s="1"><v>45000</v></c>', '<c s="1"><v>1</v></c>'], "date32", [datetime.date(2023, 3, 15), datetime.date(1900, 1, 1)]),
    ("timestamps", ['<c s="2"><v>45000.5</v></c>', '<c s="2"><v>45000</v></c>'], "timestamp", [datetime.datetime(2023, 3, 15, 12), datetime.datetime(2023, 3, 15)]),
    ("the day that never was", ['<c s="1"><v>60</v></c>', '<c s="1"><v>61</v></c>'], "string", ["60", "1900-03-01"]),
    ("times", ['<c s="3"><v>0.5</v></c>'], "string", ["12:00:00"]),
    ("durations", ['<c s="4"><v>1.5</v></c>'], "string", ["36:00:00"]),
    ("dates of ISO cells", ['<c t="d"><v>2024-02-29T10:20:30</v></c>'], "timestamp", [datetime.datetime(2024, 2, 29, 10, 20, 30)]),
    ("texts that look like numbers", ['<c t="s"><v>0</v></c>', '<c t="str"><v>17</v></c>'], "string", ["00123", "17"]),
    ("text cells alone", ['<c t="inlineStr"><is><t>1</t></is></c>', '<c t="inlineStr"><is><t>2</t></is></c>'], "string", ["1", "2"]),
    ("numbers and texts", ["<c><v>1</v></c>", '<c t="inlineStr"><is><t>x</t></is></c>', '<c s="1"><v>45000</v></c>'], "string", ["1", "x", "2023-03-15"]),
    ("errors among numbers", ["<c><v>1</v></c>", '<c t="e"><v>#N/A</v></c>', "<c><v>2</v></c>"], "int64", [1, None, 2]),
    ("errors among texts", ['<c t="str"><v>a</v></c>', '<c t="e"><v>#DIV/0!</v></c>'], "string", ["a", "#DIV/0!"]),
    ("errors after numbers, texts later", ["<c><v>1</v></c>", '<c t="e"><v>#REF!</v></c>', '<c t="str"><v>b</v></c>'], "string", ["1", "#REF!", "b"]),
    ("empty texts among numbers", ["<c><v>1</v></c>", '<c t="str"><v></v></c>', "<c><v>2</v></c>"], "int64", [1, None, 2]),
    ("empty texts among texts", ['<c t="str"><v>a</v></c>', '<c t="str"><v/></c>', '<c t="str"><v>b</v></c>'], "string", ["a", "", "b"]),
    ("formulas", ["<c><f>A1</f><v>3</v></c>", "<c><f>A1</f></c>", "<c><f/><v></v></c>", "<c><v>4</v></c>"], "int64", [3, None, None, 4]),
    ("references", ['<c t="str"><v>&lt;a&gt; &amp; &quot;b&quot; &apos;&#65;&#x20AC;&#x1F600;</v></c>'], "string", ["<a> & \"b\" 'A\u20ac\U0001f600"]),
    ("line ends", ['<c t="str"><v>a\r\nb\rc\nd</v></c>'], "string", ["a\nb\nc\nd"]),
    ("escapes", ['<c t="str"><v>a_x000D_b_x005F_x0041_ _x12_ _xD83D__xDE00_</v></c>'], "string", ["a\rb_x0041_ _x12_ \U0001f600"]),
    ("rich text", ['<c t="inlineStr"><is><r><rPr><b/></rPr><t>bo</t></r><r><t xml:space="preserve">ld </t></r><rPh sb="0" eb="1"><t>no</t></rPh></is></c>'], "string", ["bold "]),
    ("other elements", ['<c><extLst><ext uri="x"><a><v>9</v></a></ext></extLst><v>5</v></c>'], "int64", [5]),
]


@pytest.mark.parametrize(("cells", "kind", "values"), [case[1:] for case in CELLS], ids=[case[0] for case in CELLS])
def test_cells(pyforge, tmp_path, cells, kind, values):
    rows = "".join(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c>{cell}</row>' for r, cell in enumerate(cells, 2))
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", header("n", "v") + rows, texts=["00123"]))
    assert type_name(table.schema.field("v").type) == kind
    expected = values + [None] * (len(cells) - len(values))
    assert table.column("v").to_pylist() == expected


def test_what_is_counted(pyforge, tmp_path):
    rows = "".join(f"<row><c><v>{n}</v></c><c><f>A1</f></c><c t='e'><v>#N/A</v></c></row>" for n in range(3))
    rows += "<row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c></row>"
    table, said = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", header("a", "b", "c") + rows))
    assert table.column("b").to_pylist() == [None, None, None, 2]
    assert table.column("c").to_pylist() == [None, None, None, 3]
    assert "3 formulas have no calculated value" in said
    assert "column 'c': 3 error values" in said


# ---- rows and columns

SHEETS = [
    ("no references at all", "<row><c t='str'><v>a</v></c><c t='str'><v>b</v></c></row><row><c/><c><v>2</v></c></row><row><c><v>1</v></c></row>", {"a": [None, 1], "b": [2, None]}),
    ("rows that are not there", header("a", "b") + '<row r="2"><c><v>1</v></c></row><row r="5"><c r="B5"><v>2</v></c></row>', {"a": [1, None, None, None], "b": [None, None, None, 2]}),
    ("blank rows at the end", header("a") + '<row r="2"><c><v>1</v></c></row><row r="3"/><row r="4"><c s="1"/></row>', {"a": [1]}),
    ("blank rows and columns before", '<row r="4"><c r="C4" t="str"><v>x</v></c><c r="D4" t="str"><v>y</v></c></row><row r="5"><c r="D5"><v>1</v></c></row>', {"x": [None], "y": [1]}),
    ("a column without a name", header("a") + '<row r="2"><c r="A2"><v>1</v></c><c r="C2"><v>3</v></c></row>', {"a": [1], "column_2": [3]}),
    ("a name without a column", header("a", "b", "c") + '<row r="2"><c r="C2"><v>3</v></c></row>', {"a": [None], "b": [None], "c": [3]}),
    ("a blank name between", '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="C1" t="str"><v>c</v></c></row><row r="2"><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c></row>', {"a": [1], "column_2": [2], "c": [3]}),
    ("names that occur twice", header("a", "a") + '<row r="2"><c><v>1</v></c><c><v>2</v></c></row>', {"a": [1], "a_2": [2]}),
    ("cells out of order", header("a", "b") + '<row r="2"><c r="B2"><v>2</v></c><c r="A2"><v>1</v></c></row>', {"a": [1], "b": [2]}),
    ("a title", '<row r="1"><c r="A1" t="str"><v>Sales</v></c></row><row r="3"><c t="str"><v>a</v></c><c t="str"><v>b</v></c></row><row r="4"><c><v>1</v></c><c><v>2</v></c></row>', {"a": [1], "b": [2]}),
    ("no header", "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c><c><v>4</v></c></row>", {"column_1": [1, 3], "column_2": [2, 4]}),
    ("years as names", '<row><c t="str"><v>who</v></c><c><v>2020</v></c><c><v>2021</v></c></row><row><c t="str"><v>x</v></c><c><v>1</v></c><c><v>2</v></c></row>', {"who": ["x"], "2020": [1], "2021": [2]}),
    ("elements between rows", header("a") + "<!-- <row><c><v>9</v></c></row> --><?x <row/>?>\n <row r='2'><c><v>1</v></c></row>", {"a": [1]}),
    ("other elements in rows", header("a") + "<row r='2'><extLst><ext><a/><b>x</b></ext></extLst><c><v>1</v></c></row>", {"a": [1]}),
    ("single quotes and blanks", header("a") + "<row  r = '2' spans='1:1' ><c\n r = 'A2' ><v >1</v ></c ></row >", {"a": [1]}),
]


@pytest.mark.parametrize(("rows", "values"), [case[1:] for case in SHEETS], ids=[case[0] for case in SHEETS])
def test_rows(pyforge, tmp_path, rows, values):
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", rows))
    assert table.to_pydict() == values


def test_prefixes(pyforge, tmp_path):
    rows = header("a", "b") + '<row r="2"><c><v>1</v></c><c t="inlineStr"><is><t>x</t></is></c></row><row/>'
    for name in ("worksheet", "sheetData", "row", "c", "v", "is", "t"):
        rows = rows.replace(f"<{name} ", f"<x:{name} ").replace(f"<{name}>", f"<x:{name}>").replace(f"</{name}>", f"</x:{name}>").replace(f"<{name}/>", f"<x:{name}/>")
    part = f'<x:worksheet xmlns:x="{xlsx_make.MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", part))
    assert table.to_pydict() == {"a": [1], "b": ["x"]}


def test_options(pyforge, tmp_path):
    rows = header("a", "b") + "".join(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c><c r="B{r}" t="str"><v>t{r}</v></c></row>' for r in (2, 4, 5))
    path = xlsx_make.book(tmp_path / "a.xlsx", rows, header("z") + '<row r="2"><c r="A2"><v>1</v></c></row>')
    assert read(pyforge, path, "--sheet", "1")[0].to_pydict() == {"a": [2, None, 4, 5], "b": ["t2", None, "t4", "t5"]}
    assert read(pyforge, path, "--drop-blank-rows", "--sheet", "1")[0].to_pydict() == {"a": [2, 4, 5], "b": ["t2", "t4", "t5"]}
    assert read(pyforge, path, "--sheet", "s2")[0].to_pydict() == {"z": [1]}
    assert read(pyforge, path, "--sheet", "2")[0].to_pydict() == {"z": [1]}
    assert read(pyforge, path, "--range", "B1:B4", "--sheet", "1")[0].to_pydict() == {"b": ["t2", None, "t4"]}
    assert read(pyforge, path, "--range", "S2!A1:B9")[0].to_pydict() == {"z": [1]}
    assert read(pyforge, path, "--header", "no", "--sheet", "1")[0].to_pydict() == {"column_1": ["a", "2", None, "4", "5"], "column_2": ["b", "t2", None, "t4", "t5"]}
    assert read(pyforge, path, "--header", "1-2", "--sheet", "1")[0].column_names == ["a_2", "b_t2"]
    assert read(pyforge, path, "--columns", "b", "--sheet", "1")[0].to_pydict() == {"b": ["t2", None, "t4", "t5"]}
    assert "there is no sheet 'S3'" in refused(pyforge, path, "--sheet", "S3")
    assert "is neither a range of cells nor a name" in refused(pyforge, path, "--range", "nowhere")


def test_wider_further_down(pyforge, tmp_path):
    """A value right of everything seen so far, behind the first block, and one at the far end of the sheet."""
    rows = [header("a", "b")]
    for r in range(2, 60000):
        extra = f'<c r="D{r}"><v>9</v></c>' if r == 50000 else ""
        rows.append(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c><c r="B{r}"><v>1</v></c>{extra}</row>')
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", "".join(rows)))
    assert table.column_names == ["a", "b", "column_3"]
    assert table.num_rows == 59998
    assert table.column(2).null_count == 59997
    assert table.column(2)[49998].as_py() == 9
    far = header("a") + '<row r="2"><c r="A2"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>7</v></c></row>'
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", far), "--memory", "100M")
    assert (table.num_rows, table.num_columns) == (1048575, 2)
    assert table.column(1)[1048574].as_py() == 7


def test_dimension_says_nothing(pyforge, tmp_path):
    part = xlsx_make.sheet(header("a") + '<row r="2"><c r="A2"><v>1</v></c></row>').replace("<sheetData>", '<dimension ref="A1:XFD999999999"/><sheetData>')
    assert read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", part))[0].to_pydict() == {"a": [1]}


# ---- blocks: whatever the form of the rows, where the sheet is cut must not show

FORMS = {
    "with references": lambda r, a, b: f'<row r="{r}"><c r="A{r}"><v>{a}</v></c><c r="B{r}" t="str"><v>{b}</v></c></row>',
    "without references": lambda r, a, b: f'<row><c><v>{a}</v></c><c t="str"><v>{b}</v></c></row>',
    "some rows numbered": lambda r, a, b: f"<row{f' r=' + chr(34) + str(r) + chr(34) if r % 1000 == 0 else ''}><c><v>{a}</v></c><c t='str'><v>{b}</v></c></row>",
    "with comments": lambda r, a, b: f'<row r="{r}"><!-- </row><row> --><c r="A{r}"><v>{a}</v></c><c r="B{r}" t="str"><v>{b}</v></c></row>',
    "with blank rows": lambda r, a, b: f'<row r="{r}"/>' if r % 3 == 0 else f'<row r="{r}"><c r="A{r}"><v>{a}</v></c><c r="B{r}" t="str"><v>{b}</v></c></row>',
}


@pytest.mark.parametrize("form", FORMS)
def test_blocks(pyforge, tmp_path, form):
    count = 60000
    rows = [header("a", "b")]
    expected = {"a": [], "b": []}
    for r in range(2, count):
        blank = form == "with blank rows" and r % 3 == 0
        rows.append(FORMS[form](r, r * 7, f"text tD {r}"))
        expected["a"].append(None if blank else r * 7)
        expected["b"].append(None if blank else f"text tD {r}")
    if form == "with blank rows":
        rows += [f'<row r="{r}"/>' for r in range(count, 200000)]
        while expected["a"][-1] is None:
            expected["a"].pop()
            expected["b"].pop()
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", "".join(rows)))
    assert table.to_pydict() == expected


def test_long_row(pyforge, tmp_path):
    text = "x" * 32767
    rows = header("a", "b") + "".join(f'<row><c t="str"><v>{text}</v></c>{"<c/>" * 300000}</row>' for _ in range(1))
    assert "more cells than a sheet has columns" in refused(pyforge, xlsx_make.book(tmp_path / "a.xlsx", rows))
    wide = "".join(f"<c><v>{i}</v></c>" for i in range(16384))
    names = "".join(f'<c t="str"><v>c{i}</v></c>' for i in range(16384))
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", f"<row>{names}</row><row>{wide}</row>"))
    assert table.num_columns == 16384
    assert table.column(16383).to_pylist() == [16383]


def test_many_strings(pyforge, tmp_path):
    """More strings than a segment has, with and without room for them in memory."""
    count = 100000
    texts = [f"string {n} " + "x" * 200 for n in range(count)]
    rows = header("n", "s") + "".join(f'<row><c><v>{n}</v></c><c t="s"><v>{count - 1 - n}</v></c></row>' for n in range(count))
    path = xlsx_make.book(tmp_path / "a.xlsx", rows, texts=texts)
    for options in ([], ["--memory", "48M"]):
        table, _ = read(pyforge, path, *options)
        assert table.column("s").to_pylist() == texts[::-1]


# ---- what is refused

A1 = header("a")
BAD = [
    ("not closed row", A1 + "<row><c><v>1</v></c>", "row"),
    ("not closed cell", A1 + "<row><c><v>1</v></row>", "closing tag"),
    ("crossing", A1 + "<row><c><v>1</c></v></row>", "closing tag"),
    ("unknown entity", A1 + '<row><c t="str"><v>&nope;</v></c></row>', "cell A2 of sheet 'S1': an entity is not known"),
    ("a number that is none", A1 + "<row><c><v>12x</v></c></row>", "cell A2 of sheet 'S1': what should be a number is none"),
    ("infinity", A1 + "<row><c><v>1e999</v></c></row>", "what should be a number is none"),
    ("shared string beyond", A1 + '<row><c t="s"><v>5</v></c></row>', "shared string that is not in the workbook"),
    ("shared string huge", A1 + '<row><c t="s"><v>99999999999999999999</v></c></row>', "shared string"),
    ("shared string negative", A1 + '<row><c t="s"><v>-1</v></c></row>', "shared string"),
    ("unknown type", A1 + '<row><c t="zz"><v>5</v></c></row>', "the type of the cell is not known"),
    ("row zero", A1 + '<row r="0"><c><v>5</v></c></row>', "row"),
    ("row beyond", A1 + '<row r="1048577"><c><v>5</v></c></row>', "row"),
    ("row twice", A1 + '<row r="2"><c><v>5</v></c></row><row r="2"><c><v>6</v></c></row>', "row"),
    ("rows backwards", A1 + '<row r="5"><c><v>5</v></c></row><row r="4"><c><v>6</v></c></row>', "row"),
    ("cell of another row", A1 + '<row r="2"><c r="A3"><v>5</v></c></row>', "does not fit its row"),
    ("cell beyond", A1 + '<row r="2"><c r="XFE2"><v>5</v></c></row>', "does not fit its row"),
    ("cell twice", A1 + '<row r="2"><c r="A2"><v>5</v></c><c r="A2"><v>6</v></c></row>', "the cell occurs twice"),
    ("attribute twice", A1 + '<row r="2"><c t="n" t="s"><v>0</v></c></row>', "an attribute occurs twice"),
    ("attribute without quotes", A1 + "<row r=2><c><v>0</v></c></row>", "row"),
    ("text among rows", A1 + "abc<row/>", "text stands where only elements may"),
    ("text among cells", A1 + "<row>abc</row>", "text stands where only elements may"),
    ("element in a value", A1 + "<row><c><v>1<b/></v></c></row>", "an element stands where only text may"),
    ("two values", A1 + "<row><c><v>1</v><v>2</v></c></row>", "a cell has two values"),
    ("a boolean that is none", A1 + '<row><c t="b"><v>2</v></c></row>', "neither"),
    ("nested too deep", A1 + "<row><c>" + "<a>" * 100 + "</a>" * 100 + "</c></row>", "nested too deep"),
    ("something else among rows", A1 + "<column/>", "no row stands among the rows"),
]


@pytest.mark.parametrize(("rows", "said"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_refused(pyforge, tmp_path, rows, said):
    path = xlsx_make.book(tmp_path / "a.xlsx", xlsx_make.sheet(rows), texts=["x"])
    assert said in refused(pyforge, path)


def test_refused_parts(pyforge, tmp_path):
    good = header("a") + "<row><c><v>1</v></c></row>"
    whole = xlsx_make.sheet(good)
    path = tmp_path / "a.xlsx"
    assert "UTF-8" in refused(pyforge, xlsx_make.book(path, good, extra={"xl/worksheets/sheet1.xml": whole.encode().replace(b">a<", b">\xff<")}))
    assert "sheet1.xml" in refused(pyforge, xlsx_make.book(path, whole[:-40]))
    assert "sharedStrings" in refused(pyforge, xlsx_make.book(path, good, texts="<sst><si><t>a</si></sst>"))
    assert "sharedStrings" in refused(pyforge, xlsx_make.book(path, good, texts=f'<sst xmlns="{xlsx_make.MAIN}"><si><t>a&b;</t></si></sst>'))
    assert "has no values" in refused(pyforge, xlsx_make.book(path, "<row/><row><c/></row>"))


# ---- against openpyxl


def text_of(value):
    """A value as openpyxl gives it, as the text that a column of strings has."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return "0" if value == 0 else str(int(value)) if float(value).is_integer() and abs(value) <= 2**53 else repr(float(value))
    fraction = f".{value.microsecond:06d}".rstrip("0").rstrip(".") if not isinstance(value, datetime.timedelta) else ""
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d}" if value.time() == datetime.time() else f"{value:%Y-%m-%d %H:%M:%S}{fraction}"
    if isinstance(value, datetime.time):
        return f"{value:%H:%M:%S}{fraction}"
    micros = round(value / datetime.timedelta(microseconds=1))
    seconds, micros = divmod(abs(micros), 10**6)
    text = f"{'-' if value < datetime.timedelta() else ''}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return text + (f".{micros:06d}".rstrip("0") if micros else "")


def same(ours, theirs):
    if ours == theirs or (ours is not None and theirs is not None and ours.removesuffix(" 00:00:00") == theirs):
        return True
    try:
        return float(ours) == float(theirs)
    except (TypeError, ValueError):
        return False


def trim(rows):
    """Without blank rows at both ends, and without blank columns."""
    rows = [list(row) for row in rows]
    while rows and not any(value is not None for value in rows[-1]):
        rows.pop()
    while rows and not any(value is not None for value in rows[0]):
        rows.pop(0)
    width = max(map(len, rows), default=0)
    keep = [c for c in range(width) if any(c < len(row) and row[c] is not None for row in rows)]
    return [[row[c] if c < len(row) else None for c in keep] for row in rows]


def differences(pyforge, path, out, sheet, number):
    """Cells in which we and openpyxl differ: (row, column, ours, theirs)."""
    theirs = trim([[text_of(cell.value) for cell in row] for row in sheet.iter_rows()])
    out.unlink(missing_ok=True)
    done = pyforge("convert", path, out, "--force", "--sheet", str(number), "--header", "no", "--types", "string")
    if done.returncode != 0 and not theirs and b"has no values" in done.stderr:
        return []
    assert done.returncode == 0, done.stderr.decode()
    columns = parquet.ParquetFile(out).read().columns
    ours = trim(zip(*[column.to_pylist() for column in columns]))
    assert [len(row) for row in ours] == [len(row) for row in theirs]
    return [(r, c, a, b) for r, (x, y) in enumerate(zip(ours, theirs)) for c, (a, b) in enumerate(zip(x, y)) if not same(a, b)]


def exceptions():
    found = {}
    for line in EXCEPTIONS.read_text().splitlines()[1:]:
        file, kind, reason = line.split("\t")
        found[file] = (kind, reason)
    return found


def corpus():
    folder = Path(os.environ.get("PYFORGE_TEST_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data") / "xlsx"
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".xlsx", ".xlsm", ".xltx", ".xls", ".xlsb"))
    return [pytest.param(path, id=path.name) for path in files] or [pytest.param(None, id="no test data")]


@pytest.mark.parametrize("path", corpus())
def test_corpus(pyforge, test_data, tmp_path, path):
    """Equal to openpyxl, or in the table of exceptions with the reason; what is in the table has to differ."""
    kind, _ = exceptions().get(path.name, ("equal", ""))
    out = tmp_path / "out.parquet"
    if kind == "refused":
        done = pyforge("convert", path, out, "--force")
        assert done.returncode in (1, 4), done.stderr.decode()
        assert not out.exists()
        return
    if kind == "oracle":
        assert pyforge("convert", path, out, "--force").returncode == 0
        with pytest.raises((KeyError, TypeError, ValueError, zipfile.BadZipFile)):
            openpyxl.load_workbook(path, data_only=True)
        return
    workbook = openpyxl.load_workbook(path, data_only=True)
    found = []
    for number, name in enumerate(workbook.sheetnames, 1):
        if hasattr(workbook[name], "iter_rows"):
            found += differences(pyforge, path, out, workbook[name], number)
    assert bool(found) == (kind == "differs"), found[:5]


def random_cell(chance, sheet, formats, row, column):
    kind = chance.randrange(9)
    if kind == 0:
        sheet.write_number(row, column, chance.randrange(-(10**6), 10**6))
    elif kind == 1:
        sheet.write_number(row, column, chance.random() * 10 ** chance.randrange(-8, 20))
    elif kind == 2:
        sheet.write_string(row, column, "".join(chance.choice("ab <>&\"'_x\u00e9\u20ac\U0001f600\n\t0019") for _ in range(chance.randrange(1, 60))))
    elif kind == 3:
        sheet.write_boolean(row, column, chance.random() < 0.5)
    elif kind == 4:
        sheet.write_datetime(row, column, datetime.datetime(1901, 1, 1) + datetime.timedelta(days=chance.randrange(80000)), formats[0])
    elif kind == 5:
        sheet.write_datetime(row, column, datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=chance.randrange(2 * 10**9)), formats[1])
    elif kind == 6:
        sheet.write_formula(row, column, "=1+1", None, chance.choice([2, "text", True, "#N/A"]))
    elif kind == 7:
        sheet.write_rich_string(row, column, "a", formats[2], "bold & <b>", "c")


@pytest.mark.parametrize("seed", range(6 if FULL else 2))
def test_random(pyforge, tmp_path, seed):
    chance = random.Random(seed)
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as workbook:
        formats = [workbook.add_format(form) for form in ({"num_format": "yyyy-mm-dd"}, {"num_format": "d.m.yyyy h:mm:ss"}, {"bold": True})]
        sheet = workbook.add_worksheet()
        for row in range(400):
            for column in range(12):
                random_cell(chance, sheet, formats, row, column)
    workbook = openpyxl.load_workbook(path, data_only=True)
    assert differences(pyforge, path, tmp_path / "out.parquet", workbook.worksheets[0], 1) == []


# ---- damage


def small_book(tmp_path):
    rows = header("a", "b") + "".join(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c><c r="B{r}" t="s"><v>{r % 5}</v></c></row>' for r in range(2, 300))
    return xlsx_make.book(tmp_path / "a.xlsx", rows, texts=[f"t{n}" for n in range(5)])


def outcome(pyforge, path):
    """The table, or None where it is refused; anything else fails."""
    out = path.with_suffix(".parquet")
    out.unlink(missing_ok=True)
    done = pyforge("convert", path, out, "--force", "--from", "excel")
    assert done.returncode >= 0, done.stderr.decode()
    if done.returncode != 0:
        assert not out.exists()
        assert b"pyforge: error" in done.stderr and b"runtime error" not in done.stderr, done.stderr.decode()
        return None
    return parquet.ParquetFile(out).read().to_pydict()


def test_truncated(pyforge, tmp_path):
    whole = small_book(tmp_path).read_bytes()
    cut = tmp_path / "cut.xlsx"
    for size in range(0, len(whole), 1 if FULL else 97):
        cut.write_bytes(whole[:size])
        assert outcome(pyforge, cut) is None, size


def test_damaged_archive(pyforge, tmp_path):
    """1 % of the bytes changed: checksums see to it that the table is right or refused."""
    path = small_book(tmp_path)
    whole = path.read_bytes()
    good = outcome(pyforge, path)
    hurt = tmp_path / "hurt.xlsx"
    for seed in range(300 if FULL else 40):
        chance = random.Random(seed)
        bytes_ = bytearray(whole)
        for _ in range(max(1, len(bytes_) // (100 if seed % 2 else 10000))):
            bytes_[chance.randrange(len(bytes_))] = chance.randrange(256)
        hurt.write_bytes(bytes_)
        assert outcome(pyforge, hurt) in (None, good), seed


def test_damaged_parts(pyforge, tmp_path):
    """The same inside the parts, where no checksum helps: no crash, no hang."""
    path = small_book(tmp_path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    hurt = tmp_path / "hurt.xlsx"
    for seed in range(600 if FULL else 60):
        chance = random.Random(seed)
        name = chance.choice(list(parts))
        bytes_ = bytearray(parts[name])
        for _ in range(chance.choice([1, 1, max(1, len(bytes_) // 100)])):
            bytes_[chance.randrange(len(bytes_))] = chance.choice(b"<>/\"'&;= 0a\x00\xff")
        with zipfile.ZipFile(hurt, "w", zipfile.ZIP_DEFLATED) as archive:
            for other, body in parts.items():
                archive.writestr(other, bytes(bytes_) if other == name else body)
        outcome(pyforge, hurt)
