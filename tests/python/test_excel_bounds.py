"""Workbooks that are small as files and large to read: long shared strings, and very many merged ranges."""

import pyarrow.parquet as parquet
import pytest
import xlsx_make


@pytest.mark.parametrize(("count", "length"), [(16_000, 2_000), (1_000, 32_000), (3, 9_000_000), (40_000, 700)])
def test_long_shared_strings_need_no_more_memory_than_is_allowed(pyforge, tmp_path, count, length):
    """Of 30 MB of texts, some of which are read: from the scratch file, in which each stands whole and where it is looked for."""
    def text(number):
        return f"{number:07d}" + "abcdefg"[number % 7] * (length - 7 - number % 3)

    chosen = sorted({0, 1, count - 1, *range(count // 7, count, count // 3)}) if length < 1_000_000 else [1]
    rows = "".join(f'<row><c t="s"><v>{number}</v></c><c><v>{number}</v></c></row>' for number in chosen)
    texts = "".join(f"<si><t>{text(number)}</t></si>" for number in range(count))
    path = xlsx_make.book(tmp_path / "s.xlsx", rows, texts=f'<sst xmlns="{xlsx_make.MAIN}">{texts}</sst>')
    memory = "24M" if length < 1_000_000 else "160M"
    done = pyforge("convert", path, tmp_path / "s.parquet", "--header", "no", "--memory", memory, "--threads", "1")
    assert done.returncode == 0, done.stderr.decode()
    assert parquet.read_table(tmp_path / "s.parquet").column(0).to_pylist() == [text(number) for number in chosen]


def merged_around(reach, width, ranges_a_row):
    """A range from A1 down, ranges in 60 rows above the header in row 100, and a header cell over 8,008 columns."""
    rows = ['<row r="1"><c r="A1" t="str"><v>tall</v></c></row>']
    rows.append('<row r="100"><c r="A100" t="str"><v>a</v></c><c r="B100" t="str"><v>wide</v></c></row>')
    rows.append('<row r="101">' + "".join(f'<c r="{xlsx_make.letters(n)}101"><v>{n}</v></c>' for n in range(2, 8010)) + "</row>")
    ranges = [f"A1:A{reach}", "B100:KVA100"]
    lefts = range(2, 2 + width * ranges_a_row, width)
    columns = [(xlsx_make.letters(left), xlsx_make.letters(left + width - 1)) for left in lefts]
    for row in range(2, 62):
        ranges += [f"{left}{row}:{right}{row}" if width > 1 else f"{left}{row}" for left, right in columns]
    cells = "".join(f'<mergeCell ref="{one}"/>' for one in ranges)
    return xlsx_make.sheet("".join(rows), after=f"<mergeCells>{cells}</mergeCells>")


@pytest.mark.parametrize(("width", "ranges_a_row"), [(1, 16_000), (2, 8_000)])
def test_a_tall_range_among_very_many(pyforge, tmp_path, width, ranges_a_row):
    """What it costs to look for the ranges of a row is counted in tests/unit/test_xlsx_read.c."""
    path = xlsx_make.book(tmp_path / "a.xlsx", merged_around(500, width, ranges_a_row))
    done = pyforge("convert", path, tmp_path / "a.parquet", "--fill-merged", "--header", "100")
    assert done.returncode == 0, done.stderr.decode()
    names = parquet.read_schema(tmp_path / "a.parquet").names
    assert names[:3] == ["a", "wide", "wide_2"] and len(names) == 8009
    table = parquet.read_table(tmp_path / "a.parquet", columns=["a", "wide", names[-1]])
    assert table.to_pylist() == [{"a": "tall", "wide": 2, names[-1]: 8009}]


def test_ranges_in_many_groups_fill_their_own_cells(pyforge, tmp_path):
    """Tall ranges among small ones: none is passed over with the group it stands in, or taken for its neighbour."""
    rows = ['<row r="1">' + "".join(f'<c r="{xlsx_make.letters(n)}1" t="str"><v>n{n}</v></c>' for n in range(1, 6)) + "</row>"]
    ranges = ["A2:A3000", "E1500:E1600"]
    for row in range(2, 3001):
        cells = f'<c r="A{row}" t="str"><v>tall</v></c>' if row == 2 else ""
        cells += f'<c r="B{row}"><v>{row}</v></c>'
        cells += '<c r="E1500" t="str"><v>late</v></c>' if row == 1500 else ""
        rows.append(f'<row r="{row}">{cells}</row>')
        if row % 2 == 0:
            ranges += [f"B{row}:C{row}", f"D{row}:D{row + 1}" if row < 3000 else "D3000"]
    after = "<mergeCells>" + "".join(f'<mergeCell ref="{one}"/>' for one in ranges) + "</mergeCells>"
    path = xlsx_make.book(tmp_path / "g.xlsx", xlsx_make.sheet("".join(rows), after=after))
    done = pyforge("convert", path, tmp_path / "g.parquet", "--fill-merged")
    assert done.returncode == 0, done.stderr.decode()
    got = parquet.read_table(tmp_path / "g.parquet").to_pylist()
    assert [one["n1"] for one in got] == ["tall"] * 2999
    assert [one["n3"] for one in got] == [None if row % 2 else row for row in range(2, 3001)]
    assert [one["n5"] for one in got] == ["late" if 1500 <= row <= 1600 else None for row in range(2, 3001)]
