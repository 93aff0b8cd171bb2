"""A zip archive with one file is an input as that file is."""
import io
import json
import zipfile

import pyarrow.parquet as pq
import pytest

ROWS = "id,day\n" + "".join(f"{i},2024-01-{i % 28 + 1:02d}\n" for i in range(1000))


def archive(*files, method=zipfile.ZIP_DEFLATED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as out:
        for name, text in files:
            out.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("files", [[("sales.csv", ROWS)], [("in/a/folder.csv", ROWS)], [("in/", ""), ("in/sales.csv", ROWS)],
                                   [("tab.tsv", ROWS.replace(",", "\t"))], [("a.csv", ROWS), ("__MACOSX/._a.csv", b"\0\5")]])
def test_the_one_file_is_read(pyforge, write, tmp_path, files, method):
    source = write("sales.zip", archive(*files, method=method))
    done = pyforge("convert", source)
    assert done.returncode == 0, done.stderr.decode()
    table = pq.read_table(tmp_path / "sales.parquet")
    assert table.num_rows == 1000 and [str(kind) for kind in table.schema.types] == ["int64", "date32[day]"]


def test_every_format_and_a_second_pass(pyforge, write, tmp_path):
    """Parquet reads anywhere in the file; CSV to Excel reads it twice."""
    assert pyforge("convert", write("x.csv", ROWS), tmp_path / "x.parquet").returncode == 0
    packed = write("y.parquet.zip", archive(("x.parquet", (tmp_path / "x.parquet").read_bytes())))
    assert pyforge("convert", packed, tmp_path / "y.csv").returncode == 0
    assert (tmp_path / "y.csv").read_text() == ROWS
    assert pyforge("convert", write("x.csv.zip", archive(("x.csv", ROWS))), "--force").returncode == 0
    assert pyforge("convert", write("z.zip", archive(("x.csv", ROWS))), tmp_path / "z.xlsx").returncode == 0


def test_from_a_pipe(pyforge, tmp_path):
    done = pyforge("convert", "-", tmp_path / "x.csv", input=archive(("x.csv", ROWS)))
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "x.csv").read_text() == ROWS


def test_info_tells_of_it(pyforge, write):
    told = json.loads(pyforge("info", write("x.zip", archive(("x.csv", ROWS))), "--format", "json").stdout)
    assert told["compression"] == "zip" if "compression" in told else "zip" in json.dumps(told)


@pytest.mark.parametrize("content, expected", [
    (archive(("a.csv", ROWS), ("b.csv", ROWS)), "holds 2 files, and one is what can be looked into: a.csv, b.csv"),
    (archive(*[(f"{i}.csv", "a\n") for i in range(20)]), "7.csv, ..."),
    (archive(("d/", "")), "holds no file"),
    (archive(("a.csv", ROWS))[:-30], "it was cut short"),
    (archive(("a.csv", ROWS)).replace(b"\x01\x02\x14\x03\x14\x00\x00\x00", b"\x01\x02\x14\x03\x14\x00\x01\x00"),
     "'a.csv' of the zip archive is encrypted"),
], ids=["two", "many", "none", "cut", "encrypted"])
def test_what_cannot_be_read_is_told(pyforge, write, tmp_path, content, expected):
    done = pyforge("convert", write("x.zip", content), tmp_path / "x.parquet")
    assert done.returncode != 0 and expected in done.stderr.decode(), done.stderr.decode()
    assert not (tmp_path / "x.parquet").exists()


def test_damage_is_found(pyforge, write, tmp_path):
    content = bytearray(archive(("a.csv", ROWS), method=zipfile.ZIP_STORED))
    content[5000] ^= 1
    done = pyforge("convert", write("x.zip", bytes(content)), tmp_path / "x.csv")
    assert done.returncode != 0 and "checksum (CRC-32) is another" in done.stderr.decode()
    assert not (tmp_path / "x.csv").exists()


def test_an_output_is_not_packed(pyforge, write, tmp_path):
    done = pyforge("convert", write("x.csv", ROWS), tmp_path / "y.csv.zip")
    assert done.returncode != 0 and b"compressed output is not written here" in done.stderr
