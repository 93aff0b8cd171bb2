"""Workbooks we write, as LibreOffice reads them and saves them again; and workbooks that LibreOffice made, as we read them.

LibreOffice is installed by `make check-full` alone; without it these tests are skipped, aloud."""
import csv
import datetime
import os
import shutil
import subprocess
import warnings

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

DAY = datetime.date
TIME = datetime.datetime

# column type, two values that a null goes between (or three), and what the cells hold where that differs
TYPES = {
    "bool": (pa.bool_(), [True, False]),
    "whole": (pa.int64(), [999_999_999_999_999, 2, -999_999_999_999_999]),
    "long": (pa.int64(), [2**63 - 1, -(2**63)], ["9223372036854775807", "-9223372036854775808"]),
    "double": (pa.float64(), [1e300, -0.1]),
    "tiny": (pa.float64(), [2.2250738585072014e-308, 0.1, 1.7976931348623157e308]),
    "decimal": (pa.decimal128(10, 2), ["-12.50", "0.01"], [-12.5, 0.01]),
    "date": (pa.date32(), [DAY(1900, 3, 1), DAY(9999, 12, 31)]),
    "old": (pa.date32(), [DAY(1899, 12, 31), DAY(1900, 2, 28)], ["1899-12-31", "1900-02-28"]),
    "time": (pa.time64("us"), [datetime.time(0, 0), datetime.time(23, 59, 59)]),
    "timestamp": (pa.timestamp("us"), [TIME(2024, 2, 29, 23, 59, 59), TIME(1970, 1, 1, 0, 0, 1)]),
    "utc": (pa.timestamp("us", tz="UTC"), [TIME(2024, 2, 29, 23, 59, 59), TIME(1970, 1, 1, 0, 0, 1)],
            [TIME(2024, 2, 29, 23, 59, 59), TIME(1970, 1, 1, 0, 0, 1)]),
    "formula": (pa.string(), ["=1+1", "@x"]),
    "number": (pa.string(), ["00123", "1e5"]),
    "quotes": (pa.string(), ["'a'", '"b"']),
    "escape": (pa.string(), ["_x000D_", "a_x0041_"]),
    "lines": (pa.string(), ["a\nb", "tab\tin"]),
    "unicode": (pa.string(), ["é€😀", "ﬁ Ω"]),
    "blanks": (pa.string(), [" a ", "b  c"]),
    "text_long": (pa.string(), ["x" * 32767, "<&>"]),
}

# LibreOffice saves the smallest double with 14 digits; what we wrote is compared exactly, what it saved as far as it goes.
ROUNDED = {"tiny"}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """office(path, format) -> what LibreOffice saves path as, in a profile of its own."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        message = "NO LIBREOFFICE (libreoffice-calc): scripts/install.sh full gets it; what it makes of workbooks is not tested"
        warnings.warn(message, stacklevel=2)
        pytest.skip(message)
    base = tmp_path_factory.mktemp("office")

    def convert(path, kind):
        folder = base / f"out{len(list(base.iterdir()))}"
        folder.mkdir()
        done = subprocess.run([program, f"-env:UserInstallation={(base / 'profile').as_uri()}", "--headless", "--norestore",
                               "--convert-to", kind, "--outdir", folder, path],
                              capture_output=True, timeout=300, env={**os.environ, "HOME": str(base)}, check=False)
        made = list(folder.iterdir())
        assert made, done.stderr.decode() + done.stdout.decode()
        return made[0]

    return convert


def with_null(values):
    return values if len(values) == 3 else [values[0], None, values[1]]


def make(column):
    kind, values, *_ = column
    return pa.array(with_null(values)).cast(kind) if pa.types.is_decimal(kind) else pa.array(with_null(values), type=kind)


@pytest.fixture
def written(pyforge, tmp_path):
    pq.write_table(pa.table({name: make(column) for name, column in TYPES.items()}), tmp_path / "t.parquet")
    done = pyforge("convert", tmp_path / "t.parquet", tmp_path / "t.xlsx")
    assert done.returncode == 0, done.stderr.decode()
    return tmp_path / "t.xlsx"


def read_back(pyforge, path, target):
    done = pyforge("convert", path, target, "--force")
    assert done.returncode == 0, done.stderr.decode()
    return pq.read_table(target)


def test_every_type_survives_being_saved_by_libreoffice(pyforge, office, written, tmp_path):
    """Read by us and by openpyxl, values and types are the same before and after. LibreOffice makes formulas of
    booleans: their values count. openpyxl resolves escapes in shared strings (theirs), not in inline ones (ours)."""
    saved = office(written, "xlsx")
    before, after = (read_back(pyforge, path, tmp_path / "back.parquet") for path in (written, saved))
    assert after.schema.names == before.schema.names == list(TYPES)
    for name, (_, *values) in TYPES.items():
        assert after[name].type == before[name].type, name
        expected = with_null(values[-1])
        assert before[name].to_pylist() == expected, name
        assert after[name].to_pylist() == (pytest.approx(expected, rel=1e-14, abs=0) if name in ROUNDED else expected), name
    ours, theirs = (list(openpyxl.load_workbook(path, data_only=True).active.iter_rows(values_only=True))
                    for path in (written, saved))
    for name, mine, other in zip(TYPES, zip(*ours), zip(*theirs), strict=True):
        assert [type(value) for value in mine] == [type(value) for value in other], name
        expected = (name, *with_null(TYPES[name][1])) if name == "escape" else mine
        assert other == expected or name in ROUNDED, name


def test_sheets_and_their_names(pyforge, office, write, tmp_path):
    sources = [write(f"{name}.csv", f"a\n{name}\n") for name in ("x", "y")]
    for number, name in enumerate(["It's & <ok>", "été 😀"]):
        done = pyforge("convert", sources[number], tmp_path / "n.xlsx", "--force", "--sheet-name", name)
        assert done.returncode == 0, done.stderr.decode()
        assert openpyxl.load_workbook(office(tmp_path / "n.xlsx", "xlsx")).sheetnames == [name]


def test_a_workbook_of_libreoffice(pyforge, office, write, tmp_path):
    """Formulas, booleans, dates and errors that LibreOffice wrote itself are what its own CSV of them shows."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [["n", "sum", "flag", "day", "bad", "text"], [1, "=A2*2.5", "=A2=1", DAY(2024, 2, 29), 1, "a"],
                [2, "=A3*2.5", "=A3=1", DAY(1999, 1, 1), "=1/0", "00123"]]:
        sheet.append(row)
    for cell in ("D2", "D3"):
        sheet[cell].number_format = "yyyy-mm-dd"
    book.save(tmp_path / "made.xlsx")
    saved = office(office(tmp_path / "made.xlsx", "ods"), "xlsx")
    table = read_back(pyforge, saved, tmp_path / "made.parquet")
    assert table.to_pydict() == {"n": [1, 2], "sum": [2.5, 5.0], "flag": [True, False],
                                 "day": [DAY(2024, 2, 29), DAY(1999, 1, 1)], "bad": [1, None], "text": ["a", "00123"]}
    with open(office(saved, "csv"), encoding="utf-8", newline="") as shown:
        rows = list(csv.reader(shown))
    assert rows[1:] == [["1", "2.5", "TRUE", "2024-02-29", "1", "a"], ["2", "5", "FALSE", "1999-01-01", "#DIV/0!", "00123"]]
