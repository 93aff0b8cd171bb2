"""Workbooks whose tables turn out wider than they seemed, and those that fill the memory they are allowed."""

import os
import threading

import pyarrow.parquet as parquet
import pytest
import xlsx_make

ROWS = 40_000


@pytest.fixture(scope="module")
def wide_late(tmp_path_factory):
    """A value in a third column in the last row."""
    rows = ["<row><c t='str'><v>a</v></c><c t='str'><v>b</v></c></row>"]
    rows += [f"<row><c><v>{number}</v></c><c t='str'><v>x{number}</v></c></row>" for number in range(ROWS - 1)]
    rows.append("<row><c><v>1</v></c><c/><c><v>7</v></c></row>")
    return xlsx_make.book(tmp_path_factory.mktemp("wide") / "w.xlsx", "".join(rows))


def check_csv(text):
    lines = text.decode().splitlines()
    assert lines[0] == "a,b,column_3" and lines[-1] == "1,,7" and len(lines) == ROWS + 1


def test_standard_output_has_every_row_once(pyforge, wide_late):
    done = pyforge("convert", wide_late, "-", "--to", "csv")
    assert done.returncode == 0, done.stderr.decode()
    check_csv(done.stdout)


@pytest.mark.parametrize("options", [(), ("--types", "string")])
def test_a_workbook_on_standard_output_is_whole(pyforge, wide_late, tmp_path, options):
    done = pyforge("convert", wide_late, "-", "--to", "xlsx", *options)
    assert done.returncode == 0, done.stderr.decode()
    (tmp_path / "w.xlsx").write_bytes(done.stdout)
    done = pyforge("convert", tmp_path / "w.xlsx", "-", "--to", "csv")
    check_csv(done.stdout)


def test_a_pipe_has_every_row_once(pyforge, wide_late, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    done = pyforge("convert", wide_late, tmp_path / "pipe", "--to", "csv")
    reader.join()
    assert done.returncode == 0, done.stderr.decode()
    check_csv(got[0])


def test_a_file_object_has_every_row_once(run_python, wide_late, tmp_path):
    script = """
import io, pyforge_cli, sys
out = io.BytesIO()
pyforge_cli.convert(sys.argv[1], out, to="csv")
open(sys.argv[2], "wb").write(out.getvalue())
"""
    done = run_python(script, wide_late, tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    check_csv((tmp_path / "out.csv").read_bytes())


def test_threads_do_not_decide_whether_memory_is_enough(pyforge, tmp_path):
    """Long shared strings: what several threads hold of them at once depends on which is first."""
    texts = [f"{number:05d}" + "x" * 900 for number in range(12_000)]
    rows = "".join(f'<row><c t="s"><v>{number}</v></c><c t="s"><v>{number * 7 % 12_000}</v></c></row>' for number in range(12_000))
    path = xlsx_make.book(tmp_path / "s.xlsx", rows, texts=texts)
    for memory in ("16M", "20M", "24M", "32M", "40M", "48M", "64M"):
        codes = {}
        for threads in ("1", "4", "4", "16"):
            done = pyforge("convert", path, tmp_path / "s.parquet", "--force", "--header", "no", "--memory", memory, "--threads", threads)
            codes.setdefault(done.returncode, done.stderr.decode())
            if done.returncode == 0:
                assert parquet.read_metadata(tmp_path / "s.parquet").num_rows == 12_000
            else:
                assert "raise --memory" in done.stderr.decode()
        assert len(codes) == 1, (memory, codes)
    assert 0 in codes


def test_memory_grows_with_the_sheets_and_not_with_their_square(pyforge, tmp_path):
    count = 2000
    path = xlsx_make.book(tmp_path / "m.xlsx", *[f"<row><c><v>{number}</v></c></row>" for number in range(count)])
    done = pyforge("convert", path, tmp_path / "out.xlsx", "--sheets", "all", "--header", "no", "--memory", "48M", "--quiet")
    assert done.returncode == 0, done.stderr.decode()


def test_cells_far_out_are_limited(pyforge, tmp_path):
    """Names of columns in the first row, and one value in the last cell of all: 17 billion cells."""
    names = "".join(f'<c r="{xlsx_make.letters(number)}1" t="str"><v>c{number}</v></c>' for number in range(1, 16385))
    path = xlsx_make.book(tmp_path / "f.xlsx", f'<row r="1">{names}</row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    done = pyforge("convert", path, tmp_path / "f.csv", "--max-cells", "5000000")
    assert done.returncode == 1 and b"has more than 5000000 cells" in done.stderr and b"--max-cells" in done.stderr
    options = pyforge("convert", "--help").stdout.decode()
    assert "500000000" in options.replace(",", "")


def test_as_many_columns_as_there_can_be(pyforge, tmp_path):
    """A block has two or three rows of so many: what holds them must count, not their values alone."""
    names = [xlsx_make.letters(number) for number in range(1, 16385)]
    rows = "".join(f'<row r="{row}">' + "".join(f'<c r="{name}{row}"><v>{row}</v></c>' for name in names) + "</row>" for row in range(1, 61))
    path = xlsx_make.book(tmp_path / "w.xlsx", rows)
    done = pyforge("convert", path, tmp_path / "w.parquet", "--header", "no", "--memory", "160M")
    assert done.returncode == 0, done.stderr.decode()
    assert parquet.read_metadata(tmp_path / "w.parquet").num_rows == 60
