"""Workbooks we write, as others read them: openpyxl, calamine and pandas; and what their XML and archive are like."""
import datetime
import decimal
import math
import re
import zipfile

import openpyxl
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine

D = decimal.Decimal
DAY = datetime.date
TIME = datetime.datetime

# column type, values, what the cells hold (numbers compared as numbers)
TYPES = {
    "int8": (pa.int8(), [-128, 0, None, 127], [-128, 0, None, 127]),
    "int16": (pa.int16(), [-32768, 32767, None, 5], [-32768, 32767, None, 5]),
    "int32": (pa.int32(), [-(2**31), 2**31 - 1, None, 5], [-(2**31), 2**31 - 1, None, 5]),
    "uint8": (pa.uint8(), [0, 255, None, 1], [0, 255, None, 1]),
    "uint32": (pa.uint32(), [0, 2**32 - 1, None, 1], [0, 2**32 - 1, None, 1]),
    "uint16": (pa.uint16(), [0, 65535, None, 1], [0, 65535, None, 1]),
    "int64": (pa.int64(), [999_999_999_999_999, 1_000_000_000_000_000, None, -(2**63)],
              [999_999_999_999_999, "1000000000000000", None, str(-(2**63))]),
    "uint64": (pa.uint64(), [2**64 - 1, 7, None, 0], [str(2**64 - 1), 7, None, 0]),
    "float32": (pa.float32(), [0.1, -2.5, None, float("nan")], [0.1, -2.5, None, "NaN"]),
    "float64": (pa.float64(), [1e300, float("inf"), None, float("-inf")], [1e300, "inf", None, "-inf"]),
    "decimal": (pa.decimal128(20, 2), [D("-12.50"), D("0.01"), None, D("123456789012345678.90")],
                [-12.5, 0.01, None, "123456789012345678.90"]),
    "decimals": (pa.decimal128(20, 13), [D("-12.5000000000001"), D("0.0000000000001"), None, D(3)], [-12.5000000000001, 1e-13, None, 3]),
    "whole": (pa.decimal128(10, 0), [D(-12), D(0), None, D(3)], [-12, 0, None, 3]),
    "bool": (pa.bool_(), [True, False, None, True], [True, False, None, True]),
    "date": (pa.date32(), [DAY(1900, 3, 1), DAY(9999, 12, 31), None, DAY(1899, 12, 31)],
             [DAY(1900, 3, 1), DAY(9999, 12, 31), None, "1899-12-31"]),
    "timestamp": (pa.timestamp("us"), [TIME(2024, 2, 29, 23, 59, 59), TIME(1970, 1, 1), None, TIME(1850, 1, 1, 12)],
                  [TIME(2024, 2, 29, 23, 59, 59), TIME(1970, 1, 1), None, "1850-01-01 12:00:00"]),
    "millis": (pa.timestamp("us"), [TIME(2024, 2, 29, 23, 59, 59, 123000), TIME(2199, 1, 1, 0, 0, 0, 1000), None, TIME(2199, 1, 1, 0, 0, 0, 1)],
               [TIME(2024, 2, 29, 23, 59, 59, 123000), TIME(2199, 1, 1, 0, 0, 0, 1000), None, "2199-01-01 00:00:00.000001"]),
    "time": (pa.time64("us"), [datetime.time(0, 0), datetime.time(13, 45, 1), None, datetime.time(23, 59, 59)],
             [datetime.time(0, 0), datetime.time(13, 45, 1), None, datetime.time(23, 59, 59)]),
    "fine": (pa.time64("us"), [datetime.time(0, 0, 0, 500000), datetime.time(13, 45, 1, 250000), None, datetime.time(6, 0)],
             [datetime.time(0, 0, 0, 500000), datetime.time(13, 45, 1, 250000), None, datetime.time(6, 0)]),
    "text": (pa.string(), ["00123", "=1+1", None, "a <b> & \"c\" 'd'\n\té€😀"], ["00123", "=1+1", None, "a <b> & \"c\" 'd'\n\té€😀"]),
    "binary": (pa.binary(), [b"\x00\xff", b"abc", None, b"12345678"], ["AP8=", "YWJj", None, "MTIzNDU2Nzg="]),
}


@pytest.fixture
def to_xlsx(pyforge, tmp_path):
    def convert(table, *options, name="t.xlsx", fails=False):
        source = tmp_path / "t.parquet"
        pq.write_table(table, source)
        target = tmp_path / name
        done = pyforge("convert", source, target, "--force", *options)
        assert (done.returncode != 0) == fails, done.stderr.decode()
        return done.stderr.decode() if fails else (target, done.stderr.decode())

    return convert


def all_types():
    return pa.table({name: pa.array(values, type=kind) for name, (kind, values, _) in TYPES.items()})


def same(got, expected):
    if isinstance(expected, TIME) and isinstance(got, TIME):
        return abs(got - expected) < datetime.timedelta(microseconds=1000)
    if isinstance(expected, DAY) and isinstance(got, TIME):
        return got == TIME(expected.year, expected.month, expected.day)
    if isinstance(expected, datetime.time) and isinstance(got, datetime.time):
        return abs(TIME.combine(DAY.min, got) - TIME.combine(DAY.min, expected)) < datetime.timedelta(microseconds=1000)
    if isinstance(expected, TIME) and isinstance(got, DAY):  # calamine: a timestamp at midnight
        return expected == TIME(got.year, got.month, got.day)
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        return isinstance(got, (int, float)) and not isinstance(got, bool) and math.isclose(got, expected, rel_tol=0, abs_tol=0)
    return type(got) is type(expected) and got == expected


def check(names, rows, empty):
    assert names == list(TYPES)
    for name, column in zip(names, zip(*rows)):
        for got, expected in zip(column, TYPES[name][2], strict=True):
            assert got == empty if expected is None else same(got, expected), f"{name}: {got!r} for {expected!r}"


def test_openpyxl_reads_every_type(to_xlsx):
    path, _ = to_xlsx(all_types())
    names, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    check(list(names), rows, None)


def test_calamine_reads_every_type(to_xlsx):
    path, _ = to_xlsx(all_types())
    names, *rows = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    check(names, rows, "")


@pytest.mark.parametrize("engine", ["openpyxl", "calamine"])
def test_pandas_reads_every_type(to_xlsx, engine):
    """The values as cells have them; left to itself, pandas makes numbers of texts that look like some."""
    path, _ = to_xlsx(all_types())
    frame = pandas.read_excel(path, engine=engine, dtype=object)
    assert list(frame.columns) == list(TYPES) and len(frame) == 4
    for name, (_, _, expected) in TYPES.items():
        for got, value in zip(frame[name].tolist(), expected, strict=True):
            got = got.to_pydatetime() if isinstance(got, pandas.Timestamp) else got
            assert pandas.isna(got) if value in (None, "NaN") else same(got, value), f"{name}: {got!r} for {value!r}"


# Columns by the type that they are written from: what reading them back makes of them, and how it differs from what was written.
BACK = {
    "int8": pa.int64(), "int16": pa.int64(), "int32": pa.int64(), "uint8": pa.int64(), "uint16": pa.int64(), "uint32": pa.int64(),
    "float32": pa.float64(), "whole": pa.int64(), "decimals": pa.float64(), "bool": pa.bool_(), "text": pa.string(), "binary": pa.string(),
    "time": pa.time64("us"), "fine": pa.time64("us"),
    # with values that Excel cannot hold, which are texts
    "int64": pa.string(), "uint64": pa.string(), "float64": pa.string(), "decimal": pa.string(), "date": pa.string(), "timestamp": pa.string(), "millis": pa.string(),
}


def as_text(value):
    """What a column of several kinds holds for a value: as it is shown, dates in ISO form."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (TIME, datetime.time)):
        text = value.isoformat(" ") if isinstance(value, TIME) else value.isoformat()
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value) if isinstance(value, DAY) else f"{value:g}" if isinstance(value, float) else str(value)


def test_we_read_back_every_type(pyforge, to_xlsx, tmp_path):
    path, _ = to_xlsx(all_types())
    done = pyforge("convert", path, tmp_path / "back.parquet")
    assert done.returncode == 0, done.stderr.decode()
    back = pq.read_table(tmp_path / "back.parquet")
    assert back.column_names == list(TYPES) and set(BACK) == set(TYPES)
    for name, (_, _, expected) in TYPES.items():
        assert back[name].type == (pa.string() if "NaN" in expected else BACK[name]), name
        values = [as_text(value) for value in expected] if back[name].type == pa.string() else expected
        for got, value in zip(back[name].to_pylist(), values, strict=True):
            both = isinstance(got, str) and isinstance(value, str) and name in ("float64", "float32") and float(got) == float(value)
            assert got == value or both, f"{name}: {got!r} for {value!r}"


def test_what_is_not_kept_as_it_is_is_told(to_xlsx):
    _, told = to_xlsx(all_types())
    assert "4 numbers of more than 15 digits are written as text" in told
    assert "3 values NaN, inf or -inf are written as text" in told
    assert "3 dates or times that Excel cannot hold are written as text" in told
    zoned = pa.table({"at": pa.array([TIME(2024, 1, 1)], type=pa.timestamp("us", tz="UTC"))})
    assert "the times of column 'at' are written as they are in UTC" in to_xlsx(zoned)[1]
    assert "note" not in to_xlsx(pa.table({"a": [1]}))[1]


@pytest.mark.parametrize("text", ["", " a", "a ", "\n", "_x000D_", "_x", "_", "a\r\nb", "\x01\x1f", "\ufffe\uffff", "]]>", "&amp;",
                                  "x" * 32767, "\x01" * 32767, "😀" * 16383, "&" * 32767])
def test_texts_come_back(to_xlsx, text):
    path, _ = to_xlsx(pa.table({"before": ["plain"], "text": [text], "after": ["plain"]}))
    sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert sheet[1][0] == sheet[1][2] == "plain"
    # calamine resolves escapes of characters, but those of U+FFFE and U+FFFF it keeps
    assert sheet[1][1].replace("_xFFFE_", "\ufffe").replace("_xFFFF_", "\uffff") == text


def test_a_text_too_long_is_refused_with_its_place(to_xlsx):
    table = pa.table({"id": [1, 2], "note": ["short", "x" * 32768]})
    told = to_xlsx(table, fails=True)
    assert "32768 characters is too long for a cell of Excel" in told and "row 2" in told and "note" in told
    assert "too long" in to_xlsx(pa.table({"note": ["😀" * 16384]}), fails=True)
    assert "as base64" in to_xlsx(pa.table({"b": pa.array([b"x" * 30000])}), fails=True)


def test_no_formula_comes_of_data(to_xlsx):
    path, _ = to_xlsx(pa.table({"=A1": ["=1+1", "+1", "@x", "-1", "=cmd|' /C calc'!A0"]}))
    sheet = sheet_of(path)
    assert "<f>" not in sheet and len(re.findall('t="inlineStr"', sheet)) == len(re.findall("<c ", sheet)) == 6


def sheet_of(path, number=1):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.read(f"xl/worksheets/sheet{number}.xml").decode()


def test_header_is_styled_frozen_and_filtered_unless_told_otherwise(to_xlsx):
    table = pa.table({"name": ["a rather long text in a cell"], "b": [1]})
    path, _ = to_xlsx(table)
    sheet = openpyxl.load_workbook(path).active
    assert sheet["A1"].font.b and not sheet["A2"].font.b and sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:B2"
    assert sheet.column_dimensions["A"].width > 25 > sheet.column_dimensions["B"].width
    path, _ = to_xlsx(table, "--header-style", "no", "--freeze-header", "no", "--autofilter", "no", "--column-width", "no")
    sheet = openpyxl.load_workbook(path).active
    assert not sheet["A1"].font.b and sheet.freeze_panes is None and sheet.auto_filter.ref is None
    assert "<cols>" not in sheet_of(path)


@pytest.mark.parametrize("given, name", [("Sales", "Sales"), ("a/b:c*d?e[f]\\g", "a_b_c_d_e_f__g"), ("'x'", "_x_"), ("x" * 40, "x" * 31),
                                         ("é" * 32, "é" * 31), ("😀" * 16, "😀" * 15), ("history", "history_"), ("", "Sheet1"),
                                         ('a"<&>', 'a"<&>')])
def test_names_of_sheets(to_xlsx, given, name):
    path, told = to_xlsx(pa.table({"a": [1]}), "--sheet-name", given)
    assert openpyxl.load_workbook(path).sheetnames == [name]
    assert ("does not take" in told) == (given != name)


def test_no_rows_and_one_column(to_xlsx):
    path, _ = to_xlsx(pa.table({"a": pa.array([], type=pa.int64())}))
    assert [list(row) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)] == [["a"]]


def test_too_many_columns_are_refused(pyforge, write, tmp_path):
    names = ",".join(f"c{i}" for i in range(16385))
    source = write("wide.csv", names + "\n" + ",".join("1" * 16385) + "\n")
    done = pyforge("convert", source, tmp_path / "wide.xlsx")
    assert done.returncode != 0 and b"has 16385 columns; a sheet of Excel has 16384" in done.stderr
    assert not (tmp_path / "wide.xlsx").exists()


def test_rows_beyond_a_sheet_go_on_in_the_next(pyforge, write, tmp_path):
    rows = 1_048_575 + 3
    source = write("long.csv", "n\n" + "\n".join(map(str, range(rows))) + "\n")
    done = pyforge("convert", source, tmp_path / "long.xlsx", "--sheet-name", "N")
    assert done.returncode == 0 and b"go on in 'N_2'" in done.stderr
    book = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "long.xlsx"))
    assert book.sheet_names == ["N", "N_2"]
    assert book.get_sheet_by_name("N_2").to_python() == [["n"], [1048575.0], [1048576.0], [1048577.0]]
    first = book.get_sheet_by_name("N").to_python()
    assert len(first) == 1_048_576 and first[-1] == [1048574.0]


def test_bytes_do_not_depend_on_how_the_work_was_cut(pyforge, write, tmp_path):
    source = write("x.csv", "a,b,c\n" + "".join(f"{i},text {i % 97},2024-01-{i % 28 + 1:02d}\n" for i in range(150_000)))
    wanted = None
    for how in ([], ["--threads", "1"], ["--memory", "32M"]):
        assert pyforge("convert", source, tmp_path / "x.xlsx", "--force", *how).returncode == 0
        content = (tmp_path / "x.xlsx").read_bytes()
        wanted = wanted or content
        assert content == wanted
    assert len(re.findall("<row ", sheet_of(tmp_path / "x.xlsx"))) == 150_001
    frame = pandas.read_excel(tmp_path / "x.xlsx", engine="calamine")
    assert frame["a"].tolist() == list(range(150_000)) and frame["b"][149_999] == f"text {149_999 % 97}"


def test_long_texts_end_a_unit_sooner(pyforge, write, tmp_path):
    """More than 16 MiB of texts: pieces end by bytes, again the same ones whatever the blocks were."""
    source = write("x.csv", "a,b\n" + "".join(f"{i},{chr(97 + i % 26) * (20_000 + i)}\n" for i in range(1000)))
    wanted = None
    for how in ([], ["--threads", "1"], ["--memory", "32M"]):
        assert pyforge("convert", source, tmp_path / "x.xlsx", "--force", *how).returncode == 0
        content = (tmp_path / "x.xlsx").read_bytes()
        wanted = wanted or content
        assert content == wanted
    rows = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "x.xlsx")).get_sheet_by_index(0).to_python()
    assert [len(row[1]) for row in rows[1:]] == list(range(20_000, 21_000))


def test_it_is_written_in_order_to_a_pipe(pyforge, write, tmp_path):
    source = write("x.csv", "a,b\n1,x\n")
    done = pyforge("convert", source, "-", "--format", "xlsx")
    assert done.returncode == 0 and done.stdout.startswith(b"PK")
    (tmp_path / "x.xlsx").write_bytes(done.stdout)
    assert openpyxl.load_workbook(tmp_path / "x.xlsx").active["B2"].value == "x"


def test_format_names_and_the_name_of_the_output(pyforge, write, tmp_path):
    source = write("x.csv", "a,b\n1,x\n")
    for name in ("excel", "xlsx"):
        assert pyforge("convert", source, "--format", name, "--force").returncode == 0
        assert openpyxl.load_workbook(tmp_path / "x.xlsx").active["A2"].value == 1


def test_we_read_back_what_we_wrote(pyforge, to_xlsx, tmp_path):
    """Types and values: integers are int64 again, decimals doubles, everything else is what it was."""
    kept = {"int64": pa.array([1, None, -999_999_999_999_999]), "float64": pa.array([0.1, None, 1e300]), "bool": pa.array([True, None, False]),
            "date": pa.array([DAY(1900, 3, 1), None, DAY(9999, 12, 31)]),
            "timestamp": pa.array([TIME(2024, 2, 29, 23, 59, 59, 123456), None, TIME(1900, 3, 1)], type=pa.timestamp("us")),
            "text": pa.array(["00123", None, "a\r\n<b> _x0041_"])}
    path, _ = to_xlsx(pa.table(kept))
    done = pyforge("convert", path, tmp_path / "back.parquet")
    assert done.returncode == 0, done.stderr.decode()
    back = pq.read_table(tmp_path / "back.parquet")
    for name, column in kept.items():
        assert back[name].type == column.type and back[name].to_pylist() == column.to_pylist(), name
