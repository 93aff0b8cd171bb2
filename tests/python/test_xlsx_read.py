"""Reading workbooks: what parts mean, what is refused, and that real files give what other programs read."""

import datetime
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pyarrow.parquet as parquet
import pytest
import python_calamine
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
    ("blanks around texts", ['<c t="str"><v> a </v></c>', '<c t="str"><v xml:space="preserve"> b </v></c>', '<c t="inlineStr"><is><t>\n c\t</t></is></c>',
                             '<c t="inlineStr"><is><t xml:space="preserve"> d </t></is></c>', '<c t="s"><v>1</v></c>', '<c t="s"><v>2</v></c>',
                             '<c t="inlineStr"><is><t>&#10;&#32;e&#9;</t></is></c>', '<c t="inlineStr"><is><t>_x0020_f_x0020_</t></is></c>'],
     "string", ["a", " b ", "c", " d ", "g", " h ", "e", " f "]),
    ("blanks alone", ['<c t="str"><v> </v></c>', '<c t="inlineStr"><is><t>\n</t></is></c>', '<c t="s"><v>3</v></c>', '<c t="str"><v>x</v></c>'], "string", ["", "", "", "x"]),
    ("blanks around", ["<c><v> 5\n</v></c>"], "int64", [5]),
    ("comment and CDATA in a value", ["<c><v>1<!-- x -->2</v></c>", "<c><v><![CDATA[7]]></v></c>"], "int64", [12, 7]),
    ("booleans", ['<c t="b"><v>1</v></c>', '<c t="b"><v>0</v></c>', '<c t="b"/>'], "bool", [True, False]),
    ("dates", ['<c s="1"><v>45000</v></c>', '<c s="1"><v>1</v></c>'], "date32", [datetime.date(2023, 3, 15), datetime.date(1900, 1, 1)]),
    ("timestamps", ['<c s="2"><v>45000.5</v></c>', '<c s="2"><v>45000</v></c>'], "timestamp", [datetime.datetime(2023, 3, 15, 12), datetime.datetime(2023, 3, 15)]),
    ("the day that never was", ['<c s="1"><v>60</v></c>', '<c s="1"><v>61</v></c>'], "string", ["60", "1900-03-01"]),
    ("what Excel shows as ####", ['<c s="1"><v>20240115</v></c>', '<c s="1"><v>61</v></c>', '<c s="1"><v>-5</v></c>'], "date32", [None, datetime.date(1900, 3, 1), None]),
    ("dates among timestamps", ['<c s="1"><v>45000</v></c>', '<c s="1"><v>45000.25</v></c>', '<c s="2"><v>45001</v></c>'], "timestamp",
     [datetime.datetime(2023, 3, 15), datetime.datetime(2023, 3, 15, 6), datetime.datetime(2023, 3, 16)]),
    ("timestamps, then dates", ['<c s="2"><v>45000.25</v></c>', '<c s="1"><v>45001</v></c>', "<c/>", '<c s="1"><v>45002</v></c>'], "timestamp",
     [datetime.datetime(2023, 3, 15, 6), datetime.datetime(2023, 3, 16), None, datetime.datetime(2023, 3, 17)]),
    ("dates, timestamps and errors", ['<c s="1"><v>45000</v></c>', '<c t="e"><v>#N/A</v></c>', '<c s="2"><v>45000.25</v></c>'], "timestamp",
     [datetime.datetime(2023, 3, 15), None, datetime.datetime(2023, 3, 15, 6)]),
    ("dates, timestamps and a text", ['<c s="1"><v>45000</v></c>', '<c s="2"><v>45000.25</v></c>', '<c t="str"><v>2023-03-16</v></c>'], "string",
     ["2023-03-15", "2023-03-15 06:00:00", "2023-03-16"]),
    ("dates, timestamps and a number", ['<c s="1"><v>45000</v></c>', '<c s="2"><v>45000.25</v></c>', "<c><v>7</v></c>"], "string",
     ["2023-03-15", "2023-03-15 06:00:00", "7"]),
    ("no dates under the format of dates", ['<c s="1"><v>0</v></c>', '<c s="1"><v>45000</v></c>', '<c s="1"><v>-3</v></c>'], "date32", [None, datetime.date(2023, 3, 15), None]),
    ("the same under that of timestamps", ['<c s="2"><v>45000.25</v></c>', '<c s="2"><v>0.0</v></c>', '<c s="2"><v>-0.5</v></c>'], "timestamp",
     [datetime.datetime(2023, 3, 15, 6), None, None]),
    ("the same among texts", ['<c s="1"><v>0</v></c>', '<c s="1"><v>-3</v></c>', '<c t="str"><v>x</v></c>'], "string", ["0", "-3", "x"]),
    ("nothing but no dates", ['<c s="1"><v>0</v></c>', '<c s="1"><v>-3</v></c>'], "string", ["0", "-3"]),
    ("times under the format of timestamps", ['<c s="2"><v>0.5</v></c>', '<c s="1"><v>0.25</v></c>'], "time", [datetime.time(12), datetime.time(6)]),
    ("timestamps under the format of times", ['<c s="3"><v>45000.5</v></c>', '<c s="3"><v>45001.75</v></c>'], "timestamp",
     [datetime.datetime(2023, 3, 15, 12), datetime.datetime(2023, 3, 16, 18)]),
    ("durations, negative and of days", ['<c s="4"><v>-0.5</v></c>', '<c s="4"><v>100</v></c>', '<c s="4"><v>0</v></c>'], "string", ["-12:00:00", "2400:00:00", "0:00:00"]),
    ("times", ['<c s="3"><v>0.5</v></c>', '<c s="3"/>', '<c s="3"><v>0.123456789</v></c>'], "time", [datetime.time(12), None, datetime.time(2, 57, 46, 666570)]),
    ("times and a timestamp", ['<c s="3"><v>0.5</v></c>', '<c s="3"><v>45000.5</v></c>'], "string", ["12:00:00", "2023-03-15 12:00:00"]),
    ("durations like times", ['<c s="4"><v>0.5</v></c>', '<c s="4"><v>0.75</v></c>'], "string", ["12:00:00", "18:00:00"]),
    ("durations", ['<c s="4"><v>1.5</v></c>'], "string", ["36:00:00"]),
    ("dates of ISO cells", ['<c t="d"><v>2024-02-29T10:20:30</v></c>'], "timestamp", [datetime.datetime(2024, 2, 29, 10, 20, 30)]),
    ("dates of ISO cells under the format of dates", ['<c t="d" s="1"><v>2024-02-29T00:00:00</v></c>', '<c t="d" s="1"><v></v></c>', '<c t="d" s="1"><v>2024-03-01</v></c>'], "date32",
     [datetime.date(2024, 2, 29), None, datetime.date(2024, 3, 1)]),
    ("ISO dates of all lengths", ['<c t="d"><v>2024-02-29T10:20</v></c>', '<c t="d"><v>2024-02-29T10:20:30.1234567</v></c>', '<c t="d"><v> 2024-12-31T23:59:59.9999999 </v></c>',
      '<c t="d"><v>2024-02-29 00:00:00.0000000</v></c>'], "timestamp",
     [datetime.datetime(2024, 2, 29, 10, 20), datetime.datetime(2024, 2, 29, 10, 20, 30, 123457), datetime.datetime(2025, 1, 1), datetime.datetime(2024, 2, 29)]),
    ("times of ISO cells", ['<c t="d"><v>10:20:30</v></c>', '<c t="d" s="3"><v>T10:20</v></c>', '<c t="d"><v>23:59:59.50</v></c>'], "time",
     [datetime.time(10, 20, 30), datetime.time(10, 20), datetime.time(23, 59, 59, 500000)]),
    ("durations of ISO cells", ['<c t="d"><v>PT26H30M</v></c>', '<c t="d"><v>-P1DT0.5S</v></c>', '<c t="d"><v>PT90M</v></c>'], "string", ["26:30:00", "-24:00:00.5", "1:30:00"]),
    ("ISO dates that are no day, and other forms", ['<c t="d"><v>2024-02-30</v></c>', '<c t="d"><v>2024-W09-4</v></c>', '<c t="d"><v>2024-01-01T25:00:00</v></c>', '<c t="d"><v>20240101</v></c>',
      '<c t="d"><v>P1Y</v></c>'], "string", ["2024-02-30", "2024-W09-4", "2024-01-01T25:00:00", "20240101", "P1Y"]),
    ("a timestamp in little room", ['<c s="2"><v>2.5</v></c>'], "timestamp", [datetime.datetime(1900, 1, 2, 12)]),
    ("styles that are not there", ['<c s="99"><v>1</v></c>', '<c s="999999"/>'], "int64", [1]),
    ("a string without a type", ["<c><is><t>x</t></is></c>"], "string", ["x"]),
    ("blanks around numbers of shared strings", ['<c t="s"><v> 0 </v></c>', '<c t="s"><v> </v></c>'], "string", ["00123"]),
    ("an error without a text", ['<c t="e"><v></v></c>', "<c><v>1</v></c>"], "int64", [None, 1]),
    ("a boolean in words", ['<c t="b"><v>true</v></c>', '<c t="b"><v>false</v></c>'], "bool", [True, False]),
    ("half an escape", ['<c t="str"><v>_xD83D_ _xD83D_x _xDE00_ _xZZZZ_</v></c>'], "string", ["_xD83D_ _xD83D_x _xDE00_ _xZZZZ_"]),
    ("comments and CDATA in texts", ['<c t="str"><v>a<!-- b -->c<?d e?><![CDATA[<f\r\n>]]></v></c>'], "string", ["ac<f\n>"]),
    ("comments among rich runs", ['<c t="inlineStr"><is><r><!-- x --><rPr><b/></rPr><t>a</t></r><ext><![CDATA[<y]]><!-- z --><w a="1"/></ext><r><t/></r></is></c>'], "string", ["a"]),
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
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", header("n", "v") + rows, texts=["00123", " g ", '<t xml:space="preserve"> h </t>', " "]))
    assert type_name(table.schema.field("v").type) == kind
    expected = values + [None] * (len(cells) - len(values))
    assert table.column("v").to_pylist() == expected


def test_digits_that_a_double_does_not_keep_are_told(pyforge, tmp_path):
    values = ["12345678901234567", "9007199254740992", "9007199254740994", "123456789012345678901234", "1e20", "-9007199254740993"]
    rows = "".join(f'<row r="{r}"><c r="A{r}"><v>{value}</v></c></row>' for r, value in enumerate(values, 2))
    table, told = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", header("n") + rows))
    assert table.column("n").to_pylist() == [float(value) for value in values]
    assert "3 whole numbers have more digits than a spreadsheet keeps of a number, and are rounded" in told


def test_numbers_of_many_digits(pyforge, tmp_path):
    """As a number each is its double, as text what is printed for that, whatever digits stand in the file."""
    drawn = random.Random(20261123)
    values = ["0.1234567890123456", "0.10000000000000001", "0.30000000000000004", "0.010000000000000002", "0.012345678901234567",
              "12345678.123456789", "0.12345678901234560", "0.00000012345678901234567", "-0.04136040136922514", "99999999.000000001",
              "0.99999999999999999", "0.0000010000000000000002"]  # fmt: skip
    for _ in range(3000):
        value = drawn.random() * 10 ** drawn.randint(-3, 7)
        values += [repr(value), f"{value:.17g}", f"{value:.16g}"]
    rows = "".join(f'<row r="{r}"><c r="A{r}"><v>{value}</v></c></row>' for r, value in enumerate(values, 2))
    path = xlsx_make.book(tmp_path / "a.xlsx", header("n") + rows)
    table, _ = read(pyforge, path)
    assert table.column("n").to_pylist() == [float(value) for value in values]
    table, _ = read(pyforge, path, "--types", "string")
    for value, text in zip(values, table.column("n").to_pylist()):
        digits, shortest = (shown.partition("e")[0].replace(".", "").strip("-0") for shown in (text, repr(float(value))))
        assert float(text) == float(value) and digits == shortest, value
        assert ("e" in text) == (abs(float(value)) < 1e-6) and not text.endswith("0"), value


@pytest.mark.parametrize("late", [False, True], ids=["timestamps first", "dates first"])
def test_dates_among_timestamps_of_other_blocks(pyforge, tmp_path, late):
    """What a block has seen alone must not decide: dates for 60,000 rows, timestamps for 60,000, or the other way round."""
    count = 60000
    rows = [header("n", "v")]
    for r in range(2, 2 * count):
        timestamp = (r > count) == late
        rows.append(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c><c r="B{r}" s="{2 if timestamp else 1}"><v>{30000 + r % 9000}{".25" if timestamp else ""}</v></c></row>')
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", "".join(rows)))
    assert type_name(table.schema.field("v").type) == "timestamp"
    first, last = table.column("v")[0].as_py(), table.column("v")[-1].as_py()
    assert (first.hour, last.hour) == ((0, 6) if late else (6, 0))
    assert table.column("v").null_count == 0


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
    ("a column without a name", header("a") + '<row r="2"><c r="A2"><v>1</v></c><c r="C2"><v>3</v></c></row>', {"a": [1], "column_3": [3]}),
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


ENCODINGS = {
    "utf-16, little end first, with a mark": lambda text: b"\xff\xfe" + text.replace("UTF-8", "UTF-16").encode("utf-16-le"),
    "utf-16, big end first, with a mark": lambda text: b"\xfe\xff" + text.replace("UTF-8", "UTF-16").encode("utf-16-be"),
    "utf-16 without a mark": lambda text: text.replace("UTF-8", "UTF-16LE").encode("utf-16-le"),
    "utf-8 with a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1 as declared": lambda text: text.replace("UTF-8", "ISO-8859-1").replace("\U0001f600", "?").encode("latin-1"),
}


@pytest.mark.parametrize("form", ENCODINGS)
def test_encodings_of_parts(pyforge, tmp_path, form):
    count = 30000
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n'
    rows = header("a", "b", "c") + "".join(
        f'<row r="{r}"><c r="A{r}"><v>{r}</v></c><c r="B{r}" t="str"><v>\u00e9\U0001f600 {r}</v></c><c r="C{r}" t="s"><v>{r % 2}</v></c></row>' for r in range(2, count)
    )
    encode = ENCODINGS[form]
    parts = {
        "xl/worksheets/sheet1.xml": encode(declared + xlsx_make.sheet(rows).split("\n", 1)[1]),
        "xl/workbook.xml": encode(declared + xlsx_make.workbook(["S1"])),
        "xl/styles.xml": encode(declared + xlsx_make.styles()),
        "xl/sharedStrings.xml": encode(declared + xlsx_make.shared(["\u00fc", "x"]).split("\n", 1)[-1]),
    }
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", rows, texts=["x"], extra=parts))
    smile = "?" if form.startswith("latin") else "\U0001f600"
    assert table.column("a").to_pylist() == list(range(2, count))
    assert table.column("b").to_pylist() == [f"\u00e9{smile} {r}" for r in range(2, count)]
    assert table.column("c").to_pylist() == ["\u00fcx"[r % 2] for r in range(2, count)]


def test_encodings_that_are_none(pyforge, tmp_path):
    rows = header("a") + '<row r="2"><c r="A2"><v>1</v></c></row>'
    whole = xlsx_make.sheet(rows)
    half = b"\xff\xfe" + whole.replace("UTF-8", "UTF-16").encode("utf-16-le")
    path = tmp_path / "a.xlsx"
    assert "sheet1.xml" in refused(pyforge, xlsx_make.book(path, rows, extra={"xl/worksheets/sheet1.xml": half[:-1]}))
    lone = half.replace("1</v>".encode("utf-16-le"), b"\x00\xd8<\x00")
    assert "sheet1.xml" in refused(pyforge, xlsx_make.book(path, rows, extra={"xl/worksheets/sheet1.xml": lone}))
    unknown = whole.replace("UTF-8", "klingon").encode()
    assert 'in the encoding "klingon"' in refused(pyforge, xlsx_make.book(path, rows, extra={"xl/worksheets/sheet1.xml": unknown}))


def test_blanks_that_the_whole_part_keeps(pyforge, tmp_path):
    rows = header("a") + '<row r="2"><c r="A2" t="str"><v> x </v></c></row><row r="3"><c r="A3" t="s"><v>0</v></c></row>'
    path = xlsx_make.book(tmp_path / "a.xlsx", xlsx_make.sheet(rows, attributes=' xml:space="preserve"'), texts=f'<sst xmlns="{xlsx_make.MAIN}" xml:space="preserve"><si><t> y </t></si></sst>')
    assert read(pyforge, path)[0].to_pydict() == {"a": [" x ", " y "]}


def test_blanks_are_kept_for_compat(pyforge, tmp_path):
    rows = header("a", "b") + "".join(f'<row r="{r}"><c r="A{r}" t="str"><v> x </v></c><c r="B{r}" t="s"><v>0</v></c></row>' for r in (2, 3))
    path = xlsx_make.book(tmp_path / "a.xlsx", rows, texts=[" y "])
    done = pyforge("convert", path, tmp_path / "out.parquet", "--compat", "1.0")
    assert done.returncode == 0, done.stderr.decode()
    found = next(iter((tmp_path / "out.parquet").glob("*.parquet"))) if (tmp_path / "out.parquet").is_dir() else tmp_path / "out.parquet"
    assert parquet.ParquetFile(found).read().to_pydict() == {"a": [" x "] * 2, "b": [" y "] * 2}


MARKUP = "http://schemas.openxmlformats.org/markup-compatibility/2006"


@pytest.mark.parametrize(("rows", "values"), [
    ('<row r="2"><mc:AlternateContent><mc:Choice Requires="x14"><c r="A2"><v>9</v></c></mc:Choice><mc:Fallback><c r="A2"><v>1</v></c></mc:Fallback></mc:AlternateContent>'
     '<c r="B2"><v>2</v></c></row>', {"a": [1], "b": [2]}),
    ('<row r="2"><c r="A2"><mc:AlternateContent><mc:Choice Requires="x14"><v>9</v></mc:Choice><mc:Fallback><v>1</v></mc:Fallback></mc:AlternateContent></c></row>', {"a": [1], "b": [None]}),
    ('<row r="2"><c r="A2" t="inlineStr"><is><mc:AlternateContent><mc:Choice Requires="x14"><t>9</t></mc:Choice><mc:Fallback/></mc:AlternateContent><t>x</t></is></c></row>',
     {"a": ["x"], "b": [None]}),
    ('<row r="2"><c r="A2"><v>1</v></c><mc:AlternateContent><mc:Choice Requires="x14"/></mc:AlternateContent></row>', {"a": [1], "b": [None]}),
], ids=["cells", "values", "texts", "no fallback"])
def test_alternate_content(pyforge, tmp_path, rows, values):
    before = '<mc:AlternateContent><mc:Choice Requires="x14"><sheetPr/></mc:Choice><mc:Fallback><sheetPr/></mc:Fallback></mc:AlternateContent>'
    part = f'<worksheet xmlns="{xlsx_make.MAIN}" xmlns:mc="{MARKUP}">{before}<sheetData>{header("a", "b")}{rows}</sheetData></worksheet>'
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", part))
    assert table.to_pydict() == values


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
    assert "--range is of the sheet 'S2', but 'S1' is named too" in refused(pyforge, path, "--range", "S2!A1:B9", "--sheet", "S1")
    assert read(pyforge, path, "--range", "S2!A1:B9", "--sheet", "s2")[0].to_pydict() == {"z": [1]}
    assert "the sheet 'S2' has no values in the range" in refused(pyforge, path, "--range", "S2!D1:E9")


def cells(row, numbered=True, **values):
    """A row as XML; columns A, B, ... by name, None for an empty <v/>."""
    made = ""
    for column, value in values.items():
        place = f' r="{column}{row}"' if numbered else ""
        made += f"<c{place}><v/></c>" if value is None else f'<c{place} t="str"><v>{value}</v></c>'
    return f'<row r="{row}">{made}</row>' if numbered else f"<row>{made}</row>"


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("comment", ["", "<!-- x -->"], ids=["plain", "comment"])
def test_rows_behind_the_last_value(pyforge, tmp_path, numbered, comment):
    """Rows with values beside or below the range, and with cells that are empty, are no rows of the table."""
    rows = cells(1, numbered, A="a", B="b", C="c") + comment + cells(2, numbered, A="1", B="2", C="3")
    rows += cells(3, numbered, A="x", B=None, C="y") + cells(4, numbered, A="4", B=None, C=None)
    path = xlsx_make.book(tmp_path / "a.xlsx", rows)
    assert read(pyforge, path)[0].to_pydict() == {"a": ["1", "x", "4"], "b": ["2", None, None], "c": ["3", "y", None]}
    assert read(pyforge, path, "--range", "B1:C9")[0].to_pydict() == {"b": ["2", None], "c": ["3", "y"]}
    assert read(pyforge, path, "--range", "B1:B9")[0].to_pydict() == {"b": ["2"]}
    assert read(pyforge, path, "--range", "A1:B3")[0].to_pydict() == {"a": ["1", "x"], "b": ["2", None]}
    assert read(pyforge, path, "--range", "B1:B3")[0].to_pydict() == {"b": ["2"]}


def test_columns_below_the_range(pyforge, tmp_path):
    rows = cells(1, A="a") + cells(2, A="1") + cells(5, A="5", B="note")
    assert read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", rows), "--range", "A1:B3")[0].to_pydict() == {"a": ["1"]}


def test_formulas_without_values_at_the_end(pyforge, tmp_path):
    """A row of formulas that nobody calculated is a row: its values are missing."""
    formula = '<row r="{0}"><c r="A{0}"><f>B{0}</f>{1}</c></row>'
    rows = cells(1, A="a") + cells(2, A="1")
    for empty in ("", "<v></v>", "<v/>"):
        path = xlsx_make.book(tmp_path / "a.xlsx", rows + formula.format(3, empty) + formula.format(4, empty) + cells(5, A=None))
        assert read(pyforge, path)[0].to_pydict() == {"a": ["1", None, None]}


def test_table_far_below(pyforge, tmp_path):
    """Blank rows, formulas and columns beside the range do not hide the header, however many there are."""
    many = "".join(cells(r, D="beside") for r in range(1, 200))
    table = "".join(cells(200 + i, A=f"{i}" if i else "a", B=f"t{i}" if i else "b", D="beside") for i in range(3))
    path = xlsx_make.book(tmp_path / "a.xlsx", many + table)
    assert read(pyforge, path, "--range", "A1:B999")[0].to_pydict() == {"a": ["1", "2"], "b": ["t1", "t2"]}
    assert read(pyforge, path, "--range", "A:B", "--header", "200")[0].to_pydict() == {"a": ["1", "2"], "b": ["t1", "t2"]}
    assert read(pyforge, path, "--range", "A:B", "--header", "201")[0].to_pydict() == {"1": ["2"], "t1": ["t2"]}
    blank = "".join(f'<row r="{r}"><c r="A{r}"><v></v></c></row>' for r in range(1, 200))
    assert read(pyforge, xlsx_make.book(tmp_path / "b.xlsx", blank + table), "--columns", "a,b")[0].to_pydict() == {"a": ["1", "2"], "b": ["t1", "t2"]}
    formulas = "".join(f'<row r="{r}"><c r="F{r}"><f>A1</f></c></row>' for r in range(1, 5000))
    below = "".join(cells(6000 + i, A=f"{i}" if i else "a", B=f"t{i}" if i else "b") for i in range(3))
    assert read(pyforge, xlsx_make.book(tmp_path / "c.xlsx", formulas + below))[0].to_pydict() == {"a": ["1", "2"], "b": ["t1", "t2"]}
    assert "row 190 is not among the rows that have values" in refused(pyforge, path, "--range", "A:B", "--header", "190")


def test_header_far_below(pyforge, tmp_path):
    rows = cells(1, A="title") + "".join(cells(r, A=f"{r}", B="x") for r in range(2, 500))
    path = xlsx_make.book(tmp_path / "a.xlsx", rows)
    table = read(pyforge, path, "--header", "140")[0]
    assert table.column_names == ["140", "x"] and table.column(0).to_pylist() == [str(r) for r in range(141, 500)]
    assert read(pyforge, path, "--header", "140-141")[0].column_names == ["140_141", "x_x"]


def test_names_and_tables(pyforge, tmp_path):
    """--range takes what the workbook calls its ranges; of a table, without its totals."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("It's one")
        sheet.add_table("B3:C6", {"name": "Prices", "data": [["x", 1], ["y", 2]], "total_row": True,
                                  "columns": [{"header": "k", "total_string": "all"}, {"header": "v", "total_function": "sum"}]})
        other = workbook.add_worksheet("Sheet 2")
        other.write_row(0, 0, ["p", "q"])
        other.write_row(1, 0, [7, 8])
        other.write_row(2, 0, [9, 10])
        workbook.define_name("Part", "='Sheet 2'!$A$1:$B$2")
        workbook.add_chartsheet("Chart")
    assert read(pyforge, path, "--range", "prices")[0].to_pydict() == {"k": ["x", "y"], "v": [1, 2]}
    assert read(pyforge, path, "--range", "Part")[0].to_pydict() == {"p": [7], "q": [8]}
    assert read(pyforge, path, "--range", "'Sheet 2'!B1:B3")[0].to_pydict() == {"q": [8, 10]}
    assert read(pyforge, path, "--sheet", "2", "--range", "A2:B3", "--header", "no")[0].to_pydict() == {"column_1": [7, 9], "column_2": [8, 10]}
    assert "has no cells" in refused(pyforge, path, "--sheet", "Chart")
    assert "there is no sheet 'Prices'" in refused(pyforge, path, "--range", "Prices!X")
    assert read(pyforge, path, "--range", "2!B1:B3")[0].to_pydict() == {"q": [8, 10]}
    assert "the workbook has Prices, Part" in refused(pyforge, path, "--range", "Price")
    said = refused(pyforge, path, "--range", "Sheet 3!A1:B2")
    assert "there is no sheet 'Sheet 3'" in said and "the workbook has: It's one, Sheet 2, Chart" in said
    assert "the sheet 'Chart' is a chart or a macro sheet: it has no cells" in refused(pyforge, path, "--range", "Chart!A1:B2")


@pytest.mark.parametrize(("option", "said"), [("0-2", "is not known"), ("3-2", "is not known"), ("maybe", "is not known"), ("1048577", "is not known"), ("1x", "is not known"),
                                              ("900", "is not among the rows that have values")])
def test_headers_that_are_none(pyforge, tmp_path, option, said):
    path = xlsx_make.book(tmp_path / "a.xlsx", header("a") + '<row r="2"><c r="A2"><v>1</v></c></row>')
    assert said in refused(pyforge, path, "--header", option)


def test_other_things_among_shared_strings(pyforge, tmp_path):
    texts = f'<sst xmlns="{xlsx_make.MAIN}"><!-- a --><si><t>x</t></si><?b c?><si><t>y<!-- z --></t></si>\n<ext/><si/><si><t><![CDATA[<w>]]></t></si></sst>'
    rows = header("a") + "".join(f'<row r="{r}"><c r="A{r}" t="s"><v> {r - 2} </v></c></row>' for r in range(2, 6))
    path = xlsx_make.book(tmp_path / "a.xlsx", rows, texts=texts)
    assert read(pyforge, path)[0].to_pydict() == {"a": ["x", "y", "", "<w>"]}
    for bad in ("<si>text</si>", "<![CDATA[x]]>", "<!DOCTYPE x>", "<si><r>x</r></si>", "<si><t>x</r></si>", "</si>"):
        path = xlsx_make.book(tmp_path / "b.xlsx", rows, texts=texts.replace("<ext/>", bad))
        assert "sharedStrings" in refused(pyforge, path)


def test_wider_further_down(pyforge, tmp_path):
    """A value right of everything seen so far, behind the first block, and one at the far end of the sheet."""
    rows = [header("a", "b")]
    for r in range(2, 60000):
        extra = f'<c r="D{r}"><v>9</v></c>' if r == 50000 else ""
        rows.append(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c><c r="B{r}"><v>1</v></c>{extra}</row>')
    table, _ = read(pyforge, xlsx_make.book(tmp_path / "a.xlsx", "".join(rows)))
    assert table.column_names == ["a", "b", "column_4"]
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


# ---- merged cells


def merged(rows, *ranges):
    cells = "".join(f'<mergeCell ref="{one}"/>' for one in ranges)
    return xlsx_make.sheet(rows, after=f'<phoneticPr fontId="1"/><mergeCells count="{len(ranges)}">{cells}</mergeCells><pageMargins left="1"/>')


def cell(reference, value):
    return f'<c r="{reference}" t="str"><v>{value}</v></c>' if isinstance(value, str) else f'<c r="{reference}"><v>{value}</v></c>'


def row(number, **cells):
    return f'<row r="{number}">' + "".join(cell(f"{column}{number}", value) for column, value in cells.items()) + "</row>"


ABC = row(1, A="a", B="b", C="c")
MERGED = [
    ("down, along, and both", ABC + row(2, A="x", B=1, C=2) + row(3, B=3, C=4) + row(4, A="y", B=5) + row(5, A="z"), ["A2:A3", "B4:C4", "A5:C5"], [],
     {"a": ["x", "x", "y", "z"], "b": ["1", "3", "5", "z"], "c": ["2", "4", "5", "z"]}),
    ("no ranges at all", ABC + row(2, A=1), [], [], {"a": [1], "b": [None], "c": [None]}),
    ("rows that are not there", ABC + row(2, A="x", B=1) + row(5, B=2), ["A2:A5"], [], {"a": ["x"] * 4, "b": [1, None, None, 2], "c": [None] * 4}),
    ("blank rows stay blank", ABC + row(2, A="x", B=1) + row(5, B=2), ["A2:A9"], ["--drop-blank-rows"], {"a": ["x"] * 2, "b": [1, 2], "c": [None] * 2}),
    ("no rows are added", ABC + row(2, A="x", B=1), ["A2:A9"], [], {"a": ["x"], "b": [1], "c": [None]}),
    ("empty ranges", ABC + row(2, A="x") + row(3, B=1), ["B2:F2", "D3:F3", "A9:F9"], [], {"a": ["x", None], "b": [None, 1], "c": [None, None]}),
    ("columns that only ranges give values to", row(1, A="a") + row(2, A=7), ["A2:C2"], [], {"a": [7], "column_2": [7], "column_3": [7]}),
    ("a header of two rows", row(1, A="id", B="2024") + row(2, B="q1", C="q2") + row(3, A=1, B=2, C=3), ["A1:A2", "B1:C1"], ["--header", "1-2"],
     {"id": [1], "2024_q1": [2], "2024_q2": [3]}),
    ("a title above", row(1, A="Sales") + row(2, A="a", B="b", C="c") + row(3, A=1, B=2, C=3), ["A1:C1"], [], {"a": [1], "b": [2], "c": [3]}),
    ("the first column is not read", ABC + row(2, A=1, C=3), ["A2:B2"], ["--columns", "b,c"], {"b": [1], "c": [3]}),
    ("it lies outside of the range", ABC + row(2, A=1, C=3), ["A2:B2"], ["--range", "B1:C2"], {"b": [1], "c": [3]}),
    ("it begins above the range", row(1, A=5, B=1) + row(2, B=2) + row(3, B=3), ["A1:A3"], ["--range", "A2:B3", "--header", "no"], {"column_1": [5, 5], "column_2": [2, 3]}),
    ("its rows alone, at the head of the range", row(1, A=5, B=1) + row(2) + row(4, B=3), ["A1:A3"], ["--range", "A2:B4", "--header", "no"],
     {"column_1": [5, 5, None], "column_2": [None, None, 3]}),
    ("its rows alone, which are not there", row(1, A=5, B=1) + row(6, B=3) + row(7, B=4), ["A1:A4"], ["--range", "A3:B7"],
     {"column_1": [5, 5, None, None, None], "column_2": [None, None, None, 3, 4]}),
    ("its rows alone, beside the range", row(1, A=5, B=1) + row(4, B=3), ["A1:A3"], ["--range", "B2:B4", "--header", "no"], {"column_1": [3]}),
    ("its rows alone, of blank ones", row(1, A=5, B=1) + row(2) + row(4, B=3), ["A1:A3"], ["--range", "A2:B4", "--header", "no", "--drop-blank-rows"],
     {"column_1": [None], "column_2": [3]}),
    ("its rows alone, above names", row(1, A=5, B=1) + row(4, A="a", B="b") + row(5, A=1, B=3), ["A1:B3"], ["--range", "A2:B5"], {"a": [1], "b": [3]}),
    ("cells that have a value of their own keep it", ABC + row(2, A="x", B="y"), ["A2:C2"], [], {"a": ["x"], "b": ["y"], "c": ["x"]}),
    ("dates, errors, booleans", ABC + '<row r="2"><c r="A2" s="1"><v>45000</v></c><c r="B2" t="e"><v>#N/A</v></c><c r="C2" t="b"><v>1</v></c></row>' + row(3) + row(4, B=4),
     ["A2:A4", "B2:B3", "C2:C4"], [], {"a": [datetime.date(2023, 3, 15)] * 3, "b": [None, None, 4], "c": [True] * 3}),
    ("single cells", ABC + row(2, A=1), ["A2:A2", "B2"], [], {"a": [1], "b": [None], "c": [None]}),
]


@pytest.mark.parametrize(("rows", "ranges", "options", "values"), [case[1:] for case in MERGED], ids=[case[0] for case in MERGED])
def test_fill_merged(pyforge, tmp_path, rows, ranges, options, values):
    path = xlsx_make.book(tmp_path / "a.xlsx", merged(rows, *ranges))
    assert read(pyforge, path, "--fill-merged", *options)[0].to_pydict() == values


def test_merged_cells_are_not_filled_unless_asked(pyforge, tmp_path):
    path = xlsx_make.book(tmp_path / "a.xlsx", merged(ABC + row(2, A="x", B=1) + row(3, B=2), "A2:A3"))
    assert read(pyforge, path)[0].to_pydict() == {"a": ["x", None], "b": [1, 2], "c": [None, None]}


def test_merged_over_blocks(pyforge, tmp_path):
    """Ranges that are longer than a block, and one in each row; with and without room."""
    count = 60000
    rows = [ABC]
    for r in range(2, count):
        group = f'<c r="A{r}" t="s"><v>{(r // 7000) % 3}</v></c>' if r % 7000 == 2 else ""
        rows.append(f'<row r="{r}">{group}<c r="B{r}"><v>{r}</v></c></row>')
    tops = [r for r in range(2, count) if r % 7000 == 2]
    ranges = [f"A{top}:A{min(top + 6999, count - 1)}" for top in tops] + [f"B{r}:C{r}" for r in range(2, count)]
    path = xlsx_make.book(tmp_path / "a.xlsx", merged("".join(rows), *ranges), texts=["x", "y", "z"])
    for options in ([], ["--memory", "32M"], ["--threads", "1"]):
        table, _ = read(pyforge, path, "--fill-merged", *options)
        numbers = list(range(2, count))
        assert table.to_pydict() == {"a": ["xyz"[((r - 2) // 7000 * 7000 + 2) // 7000 % 3] for r in numbers], "b": numbers, "c": numbers}


@pytest.mark.parametrize(("ranges", "said"), [
    (["A2:B3", "B3:C4"], "overlap, in row 3"), (["A0:B3"], "a merged range is none"), (["A2:XFE3"], "a merged range is none"),
], ids=["overlap", "row 0", "beyond"])
def test_merged_refused(pyforge, tmp_path, ranges, said):
    path = xlsx_make.book(tmp_path / "a.xlsx", merged(ABC + row(2, A=1) + row(3, A=1), *ranges))
    assert said in refused(pyforge, path, "--fill-merged")
    assert read(pyforge, path)[0].num_rows == 2


def test_merged_tail_that_is_damaged(pyforge, tmp_path):
    whole = merged(ABC + row(2, A=1), "A2:B2")
    for cut in ("</mergeCells>", '"1"/><mergeCells', "</worksheet>"):
        path = xlsx_make.book(tmp_path / "a.xlsx", whole[: whole.index(cut)])
        assert "behind its rows" in refused(pyforge, path, "--fill-merged")


def test_merged_as_openpyxl_merges(pyforge, tmp_path):
    """Many ranges at random: the cells are those that openpyxl says are merged."""
    chance = random.Random(7)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([f"c{n}" for n in range(9)])
    for r in range(2, 300):
        for c in range(1, 10):
            sheet.cell(r, c, f"{r}.{c}")
    taken = set()
    for _ in range(200):
        top, left, height, width = chance.randrange(2, 290), chance.randrange(1, 9), chance.randrange(1, 10), chance.randrange(1, 4)
        area = [(r, c) for r in range(top, top + height) for c in range(left, min(left + width, 10))]
        if taken.isdisjoint(area) and len(area) > 1:
            taken.update(area)
            sheet.merge_cells(start_row=area[0][0], start_column=area[0][1], end_row=area[-1][0], end_column=area[-1][1])
    expected = [[sheet.cell(r, c).value for c in range(1, 10)] for r in range(2, 300)]
    for one in sheet.merged_cells.ranges:
        for r, c in one.cells:
            expected[r - 2][c - 1] = sheet.cell(one.min_row, one.min_col).value
    book.save(tmp_path / "a.xlsx")
    table, _ = read(pyforge, tmp_path / "a.xlsx", "--fill-merged", "--header", "yes")
    assert [list(one) for one in zip(*[column.to_pylist() for column in table.columns])] == expected


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
    ("a declaration among cells", A1 + "<row><!ELEMENT a></row>", "row"),
    ("an instruction without an end", A1 + "<row><c><?x </c></row>", "row"),
    ("an attribute without an end", A1 + '<row><c t="s></c></row>', "the value of an attribute is not closed"),
    ("a tag in an attribute", A1 + '<row><c t="<"><v>1</v></c></row>', "the value of an attribute is not closed"),
    ("attributes not parted", A1 + '<row><c t="n"s="0"><v>1</v></c></row>', "attributes are not parted by a blank"),
    ("a closing tag with attributes", A1 + '<row><c><v>1</v a="b"></c></row>', "a closing tag has attributes"),
    ("too many attributes", A1 + "<row><c " + " ".join(f'a{n}="1"' for n in range(80)) + "><v>1</v></c></row>", "too many attributes"),
    ("an attribute alone", A1 + "<row><c t><v>1</v></c></row>", "an attribute has no value"),
    ("a tag without a name", A1 + "<row>< ><v>1</v></row>", "a tag has no name"),
    ("a reference to no character", A1 + '<row><c t="str"><v>&#xD800;</v></c></row>', "an entity is not known"),
    ("a reference beyond all characters", A1 + '<row><c t="str"><v>&#x110000;</v></c></row>', "an entity is not known"),
    ("a reference of letters", A1 + '<row><c t="str"><v>&#12z;</v></c></row>', "an entity is not known"),
    ("an element not closed within others", A1 + "<row><c><f><a><b></a></f><v>1</v></c></row>", "closing tag"),
    ("CDATA that is not closed", A1 + '<row><c t="str"><v><![CDATA[x</v></c></row>', "row"),
    ("a run that is not closed", A1 + '<row><c t="inlineStr"><is><r><t>x</t></is></c></row>', "closing tag"),
    ("an element in a text", A1 + '<row><c t="inlineStr"><is><t>x<b/></t></is></c></row>', "an element stands where only text may"),
    ("a style that is none", A1 + '<row><c s="x"><v>1</v></c></row>', "the style of the cell"),
    ("an ISO date that is none", A1 + '<row><c t="d"><v>x</v></c></row>', "what should be a date is none"),
    ("an ISO date too long", A1 + '<row><c t="d"><v>2024-01-01T00:00:00.00000000000000000000000000</v></c></row>', "what should be a date is none"),
    ("a closing tag among cells", A1 + "<row></c></row>", "a closing tag has no opening one"),
    ("an element among rows that is not closed", A1 + "<row><ext><a></row>", "a closing tag has no opening one"),
    ("nested too deep", A1 + "<row><c><extLst>" + "<a>" * 100 + "</a>" * 100 + "</extLst></c></row>", "nested too deep"),
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


# ---- against openpyxl and calamine


def text_of(value):
    """A value as openpyxl or calamine gives it, as the text that a column of strings has."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return "0" if value == 0 else str(int(value)) if float(value).is_integer() and abs(value) <= 2**53 else repr(float(value))
    if type(value) is datetime.date:
        return f"{value:%Y-%m-%d}"
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


def by_openpyxl(path):
    """The values of each worksheet by its number, as openpyxl has them."""
    workbook = openpyxl.load_workbook(path, data_only=True)
    sheets = [(number, workbook[name]) for number, name in enumerate(workbook.sheetnames, 1)]
    return {number: [[cell.value for cell in row] for row in sheet.iter_rows()] for number, sheet in sheets if hasattr(sheet, "iter_rows")}


def by_calamine(path):
    """The same by calamine, which has an empty text where there is no value, and sheets of charts without cells."""
    workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    kinds = [one.typ for one in workbook.sheets_metadata]
    sheets = [number for number, kind in enumerate(kinds, 1) if kind == python_calamine.SheetTypeEnum.WorkSheet]
    return {number: [[None if value == "" else value for value in row] for row in workbook.get_sheet_by_index(number - 1).to_python()] for number in sheets}


ORACLES = {"openpyxl": by_openpyxl, "calamine": by_calamine}


def differences(pyforge, path, out, values, number, empty):
    """Cells in which we and an oracle differ: (row, column, ours, theirs). empty: what an empty text is to it."""
    theirs = trim([[text_of(value) for value in row] for row in values])
    out.unlink(missing_ok=True)
    done = pyforge("convert", path, out, "--force", "--sheet", str(number), "--header", "no", "--types", "string")
    if done.returncode != 0 and not theirs and b"has no values" in done.stderr:
        return []
    assert done.returncode == 0, done.stderr.decode()
    columns = parquet.ParquetFile(out).read().columns
    ours = trim([[empty if value == "" else value for value in row] for row in zip(*[column.to_pylist() for column in columns])])
    if [len(row) for row in ours] != [len(row) for row in theirs]:
        return [(0, 0, f"{len(ours)} rows", f"{len(theirs)} rows")]
    return [(r, c, a, b) for r, (x, y) in enumerate(zip(ours, theirs)) for c, (a, b) in enumerate(zip(x, y)) if not same(a, b)]


def exceptions():
    """(file, oracle) -> kind. Oracle "" is for what we refuse ourselves."""
    found = {}
    for line in EXCEPTIONS.read_text().splitlines()[1:]:
        file, oracle, kind, right, reason = line.split("\t")
        assert right in ("pyforge", *ORACLES) and reason
        found[file, oracle] = kind
    return found


def corpus():
    folder = Path(os.environ.get("PYFORGE_TEST_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data") / "xlsx"
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".xlsx", ".xlsm", ".xltx", ".xls", ".xlsb"))
    return [pytest.param(path, id=path.name) for path in files] or [pytest.param(None, id="no test data")]


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("path", corpus())
def test_corpus(pyforge, test_data, tmp_path, path, oracle):
    """Equal to the oracle, or in the table of exceptions with the reason; what is in the table has to differ."""
    kind = exceptions().get((path.name, oracle), "equal")
    out = tmp_path / "out.parquet"
    if (path.name, "") in exceptions():
        done = pyforge("convert", path, out, "--force")
        assert done.returncode in (1, 4), done.stderr.decode()
        assert not out.exists()
        return
    if kind == "refused by it":
        assert pyforge("convert", path, out, "--force").returncode == 0
        with pytest.raises((KeyError, TypeError, ValueError, zipfile.BadZipFile, python_calamine.CalamineError)):
            ORACLES[oracle](path)
        return
    found = []
    for number, values in ORACLES[oracle](path).items():
        found += differences(pyforge, path, out, values, number, None if oracle == "calamine" else "")
    assert bool(found) == (kind == "differs"), found[:5]


def test_exceptions_are_of_files_that_are_there(test_data):
    names = {path.name for path in (test_data / "xlsx").rglob("*")}
    assert {file for file, _ in exceptions()} <= names
    assert {oracle for _, oracle in exceptions()} <= {"", *ORACLES}


def test_the_guide_has_the_outcomes(test_data):
    """The table in docs/excel.md is that of scripts/excel_outcomes.py."""
    done = subprocess.run([sys.executable, EXCEPTIONS.parents[2] / "scripts" / "excel_outcomes.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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
    for oracle, read_all in ORACLES.items():
        found = differences(pyforge, path, tmp_path / "out.parquet", read_all(path)[1], 1, None if oracle == "calamine" else "")
        # calamine has no errors
        assert [one for one in found if not (oracle == "calamine" and one[2] == "#N/A")] == []


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


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_parts(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return path


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_wrong_checksum(pyforge, tmp_path, part):
    """In both places where the archive says it; the error names the part."""
    path = small_book(tmp_path)
    whole = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        crc = archive.getinfo(part).CRC
    assert whole.count(crc.to_bytes(4, "little")) == 2
    hurt = tmp_path / "hurt.xlsx"
    hurt.write_bytes(bytes(whole).replace(crc.to_bytes(4, "little"), (crc ^ 0x40).to_bytes(4, "little")))
    said = refused(pyforge, hurt)
    assert part in said and "checksum" in said


@pytest.mark.parametrize(("part", "said"), [
    ("_rels/.rels", None), ("[Content_Types].xml", None), ("xl/_rels/workbook.xml.rels", "relationship"), ("xl/workbook.xml", "workbook.xml"),
    ("xl/worksheets/sheet1.xml", "sheet1.xml"), ("xl/sharedStrings.xml", "shared string that is not in the workbook"), ("xl/styles.xml", None),
])
def test_missing_parts(pyforge, tmp_path, part, said):
    """Refused with its name, or read where nothing of the cells depends on it."""
    parts = parts_of(small_book(tmp_path))
    del parts[part]
    path = write_parts(tmp_path / "hurt.xlsx", parts)
    if said is None:
        assert outcome(pyforge, path)["a"][0] == 2
    else:
        assert said in refused(pyforge, path, "--from", "excel")


def test_relationships_in_a_circle(pyforge, tmp_path):
    """Parts that lead to themselves and to each other: each is read once, or not at all."""
    parts = parts_of(small_book(tmp_path))
    main = xlsx_make.relations([("rId1", "officeDocument", "xl/workbook.xml"), ("rId2", "officeDocument", "_rels/.rels")])
    back = xlsx_make.relations([("rId1", "worksheet", "sheet1.xml"), ("rId2", "table", "sheet1.xml"), ("rId3", "table", "../workbook.xml"), ("rId4", "table", "_rels/sheet1.xml.rels")])
    parts["_rels/.rels"] = main.encode()
    parts["xl/worksheets/_rels/sheet1.xml.rels"] = back.encode()
    done = outcome(pyforge, write_parts(tmp_path / "a.xlsx", parts))
    assert done is None or done["a"][0] == 2
    for target in ("workbook.xml", "_rels/workbook.xml.rels", "../xl/workbook.xml", "styles.xml"):
        parts["xl/_rels/workbook.xml.rels"] = xlsx_make.relations([("rId1", "worksheet", target)]).encode()
        assert refused(pyforge, write_parts(tmp_path / "b.xlsx", parts), "--from", "excel")
    parts["_rels/.rels"] = xlsx_make.relations([("rId1", "officeDocument", "_rels/.rels")]).encode()
    parts.pop("[Content_Types].xml")
    assert refused(pyforge, write_parts(tmp_path / "c.xlsx", parts), "--from", "excel")


def bomb(path, rows):
    """A sheet of the same row again and again, with references of no rows: it packs to nothing."""
    body = f"<worksheet xmlns=\"{xlsx_make.MAIN}\"><sheetData>" + "<row><c><v>1</v></c></row>" * rows + "</sheetData></worksheet>"
    return xlsx_make.book(path, body)


LIMITS = [
    (["--max-unpacked", "4M"], "xl/worksheets/sheet1.xml has", "--max-unpacked"),
    (["--max-cells", "100000"], "the sheet 'S1' has more than 100000 cells", "--max-cells"),
]


@pytest.mark.parametrize(("options", "said", "remedy"), LIMITS, ids=["bytes", "cells"])
def test_limits(pyforge, tmp_path, options, said, remedy):
    path = bomb(tmp_path / "a.xlsx", 200000)
    told = refused(pyforge, path, *options)
    assert said in told and remedy in told
    assert read(pyforge, path, "--header", "no")[0].num_rows == 200000


def test_limit_of_growth(pyforge, tmp_path):
    path = bomb(tmp_path / "a.xlsx", 1048000 * 3)
    assert "expands to more than 50 times its size" in refused(pyforge, path, "--max-expansion", "50")
    assert "row" in refused(pyforge, path)  # more rows than a sheet has


def test_limit_of_strings(pyforge, tmp_path):
    rows = header("a") + '<row r="2"><c r="A2" t="s"><v>0</v></c></row>'
    path = xlsx_make.book(tmp_path / "a.xlsx", rows, texts=["x" * 1000] * 5000)
    assert "xl/sharedStrings.xml has" in refused(pyforge, path, "--max-unpacked", "1M")
    assert read(pyforge, path, "--max-unpacked", "8M")[0].num_rows == 1


def test_limit_of_rows(pyforge, tmp_path):
    path = xlsx_make.book(tmp_path / "a.xlsx", header("a") + f'<row r="2"><c r="A2" t="str"><v>{"x" * 3000000}</v></c></row>')
    assert "the row that begins at byte" in refused(pyforge, path, "--max-record", "2M")
    assert read(pyforge, path)[0].num_rows == 1


def test_nothing_of_the_rows_but_much_around(pyforge, tmp_path):
    """Hostile heads and tails: much before the rows, and behind them, within little memory."""
    much = "<x/>" * 3_000_000
    rows = header("a") + '<row r="2"><c r="A2"><v>1</v></c></row>'
    whole = xlsx_make.sheet(rows)
    path = xlsx_make.book(tmp_path / "a.xlsx", whole.replace("<sheetData>", f"{much}<sheetData>", 1).replace("</worksheet>", f"{much}</worksheet>"))
    assert read(pyforge, path, "--memory", "64M")[0].to_pydict() == {"a": [1]}
    assert read(pyforge, path, "--fill-merged", "--memory", "128M")[0].to_pydict() == {"a": [1]}
