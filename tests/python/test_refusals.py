"""What is refused before the work begins: names that promise another content, contradictions, wrong values; and what a ragged file says."""
import json
import subprocess

import pyarrow.parquet
import pytest

DONE, FAILED, USAGE, REFUSED = 0, 1, 2, 4
ROWS = "a,b\n1,2\n3,4\n"
PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>a, b, c\n1, 2, 3\n</body></html>\n"


def said_by(process, code):
    said = process.stderr.decode()
    assert process.returncode == code, said
    return said


# ---- content that is not what the name promises


@pytest.mark.parametrize("name, content, code, says", [
    ("a.parquet", ROWS, FAILED, "'.parquet' says that it is parquet, but the content looks like text, such as CSV"),
    ("a.arrow", ROWS, FAILED, "'.arrow' says that it is an Arrow file, but the content looks like text"),
    ("a.xlsx", ROWS, REFUSED, "it is text, such as CSV, not a workbook"),
    ("a.csv", PAGE, FAILED, "it is a web page (HTML), titled 'Sign in', not a table"),
    ("a.parquet", PAGE, FAILED, "it is a web page (HTML), titled 'Sign in', not a table"),
    ("a.xls", PAGE, REFUSED, "it is a web page (HTML), titled 'Sign in', not a workbook"),
    ("a.html", PAGE, REFUSED, "Unsupported input format '.html': this is a web page (HTML)"),
])  # fmt: skip
def test_a_name_that_promises_another_content(pyforge, write, tmp_path, name, content, code, says):
    source, out = write(name, content), tmp_path / "out.csv"
    said = said_by(pyforge("convert", source, out), code)
    assert says in said and not out.exists()
    assert ("a download that failed" in said) == (content is PAGE and name != "a.html")
    assert says in said_by(pyforge("info", source), code)
    if content is ROWS:
        said_by(pyforge("convert", source, out, "--from", "csv"), DONE)
        assert out.read_text() == ROWS


def test_a_page_from_a_pipe_and_one_that_is_meant(pyforge_path, pyforge, write, tmp_path):
    piped = subprocess.run([pyforge_path, "convert", "-", tmp_path / "o.parquet"], input=PAGE.encode(), capture_output=True)
    assert piped.returncode == FAILED and b"web page" in piped.stderr
    said_by(pyforge("convert", write("a.csv", PAGE), tmp_path / "o.parquet", "--from", "csv"), DONE)


def test_text_called_xls_is_converted_and_said(pyforge, write, tmp_path):
    source, out = write("a.xls", "a\tb\n1\t2\n"), tmp_path / "out.csv"
    record = json.loads(pyforge("convert", source, out, "--json").stdout)
    assert "the input is called a workbook, but it is text: it is read as csv" in record["warnings"]
    assert out.read_text() == "a,b\n1,2\n"


def test_what_only_begins_like_a_page(pyforge, write, tmp_path):
    said_by(pyforge("convert", write("a.csv", "<DATE>,<OPEN>\n2024-01-02,1.5\n"), tmp_path / "o.parquet"), DONE)
    assert pyarrow.parquet.read_table(tmp_path / "o.parquet").column_names == ["<DATE>", "<OPEN>"]


def test_a_page_in_python(package, tmp_path):
    (tmp_path / "a.parquet").write_text(PAGE)
    with pytest.raises(package.BadDataError) as caught:
        package.read(tmp_path / "a.parquet")
    assert "titled 'Sign in'" in str(caught.value) and 'from_="csv"' in caught.value.remedy


# ---- rows of other lengths


def test_a_ragged_file_tells_its_place(pyforge, package, write, tmp_path):
    source = write("ragged.csv", 'a,b\n1,"2\n2"\n3,4,5\n')
    for options, at in (((), "; the first: the row has 3 fields"), (("--ragged", "fail"), "the row has 3 fields")):
        done = pyforge("convert", source, tmp_path / "o.parquet", "--json", *options)
        error = json.loads(done.stdout)["error"]
        assert (error["row"], error["line"]) == (2, 4)
        assert at.lstrip("; ").removeprefix("the first: ") in error["message"]
        assert "ragged.csv: row 2 (line 4): " in said_by(done, FAILED)
        with pytest.raises(package.PyForgeError) as caught:
            package.convert(source, tmp_path / "o.parquet", **({"ragged": "fail"} if options else {}))
        assert (caught.value.row, caught.value.line) == (2, 4) and "row 2 (line 4)" in str(caught.value)
        assert "--" not in str(caught.value)


# ---- contradictions


def test_a_suffix_and_a_format_that_differ(pyforge, package, write, tmp_path):
    source, out = write("a.csv", ROWS), tmp_path / "out.csv"
    said = said_by(pyforge("convert", source, out, "--to", "parquet"), USAGE)
    assert "the output is named .csv, and --to is parquet" in said and "name it *.parquet" in said
    with pytest.raises(package.OptionError, match="the output is named .csv, and format= is parquet"):
        package.convert(source, out, format="parquet")
    assert not out.exists()
    said_by(pyforge("convert", source, tmp_path / "out.tsv", "--to", "csv"), DONE)
    said_by(pyforge("convert", source, tmp_path / "out.dat", "--to", "parquet"), DONE)
    said_by(pyforge("convert", source, out, "--to", "parquet", "--compat", "1.0"), DONE)
    assert out.read_bytes()[:4] == b"PAR1"


def test_an_option_given_twice(pyforge, package, write, tmp_path):
    source = write("a.csv", ROWS)
    record = json.loads(pyforge("convert", source, tmp_path / "1.parquet", "--delimiter", ";", "--sep", ",", "--json").stdout)
    assert [column["name"] for column in record["columns"]] == ["a", "b"]
    assert "option --delimiter is given twice: ',' counts, ';' does not" in record["warnings"]
    for same in (("-c", "gzip", "--compression", "GZIP"), ("--null-values", "x", "--null-values", "y")):
        record = json.loads(pyforge("convert", source, tmp_path / "2.parquet", "--force", "--json", *same).stdout)
        assert record["success"] and not record["warnings"]
    with pytest.raises(package.OptionError) as caught:
        package.convert(source, tmp_path / "3.parquet", delimiter=";", sep=",")
    assert "delimiter= is ';' and sep= is ',', and they are one option" in str(caught.value)
    assert package.convert(source, tmp_path / "3.parquet", delimiter=",", sep=",").success


def test_a_secret_given_twice_is_not_shown(pyforge, write, tmp_path):
    said = said_by(pyforge("convert", write("a.csv", ROWS), tmp_path / "1.parquet", "--password", "one1", "--password", "two2"), DONE)
    assert "given twice" in said and "one1" not in said and "two2" not in said


# ---- wrong values


WRONG = [
    ("--columns", "a,,"), ("--schema", "a:thing"), ("--max-rejects", "x"), ("--memory", "1"), ("--threads", "-1"),
    ("--from", "thing"), ("--to", "thing"), ("--engine", "thing"), ("--header", "thing"), ("--encoding", "thing"),
    ("--skip-rows", "-1"), ("--delimiter", "much-too-long"), ("--row-group-size", "0"), ("--compression-level", "99"),
    ("--timezone", "Berlin"), ("--table", "main.bronze.{name}"), ("--decimal", "x"),
]  # fmt: skip


@pytest.mark.parametrize("option, value", WRONG)
def test_a_wrong_value_is_one_error(pyforge, write, tmp_path, option, value):
    """Of many files, and before any of them is opened."""
    for number in range(3):
        write(f"in/{number}.csv", ROWS)
    said = said_by(pyforge("convert", tmp_path / "in", f"{tmp_path}/out/", option, value), USAGE)
    assert said.count("error: ") == 1 and "files converted" not in said
    assert not (tmp_path / "out").exists()
    said = said_by(pyforge("convert", tmp_path / "gone.csv", option, value), USAGE)
    assert said.count("error: ") == 1 and "does not exist" not in said


def test_a_wrong_value_of_the_environment_is_one_error(pyforge, write, tmp_path):
    for number in range(3):
        write(f"in/{number}.csv", ROWS)
    said = said_by(pyforge("convert", tmp_path / "in", f"{tmp_path}/out/", env={"PYFORGE_MAX_MEMORY": "1K"}), USAGE)
    assert said.count("error: ") == 1 and "PYFORGE_MAX_MEMORY" in said


@pytest.mark.parametrize("zone, near", [("Berlin", "Europe/Berlin"), ("america/new york", "America/New_York"), ("Asia/Tokio", "Asia/Tokyo")])
def test_a_zone_is_looked_up_at_once(package, zone, near):
    with pytest.raises(package.OptionError) as caught:
        package.read(b"a\n1\n", timezone=zone)
    assert str(caught.value) == f"option timezone= cannot be '{zone}': there is no such time zone\n  hint: did you mean {near}?"


@pytest.mark.parametrize("zone", ["UTC", "Z", "+02:00", "-3:30", "UTC+2", "GMT-5", "Europe/Berlin", "CET", "Asia/Calcutta"])
def test_zones_that_are_known(package, zone):
    package.read(b"a\n1\n", timezone=zone).close()


# ---- declared columns


@pytest.mark.parametrize("content", ["a,b\n1,\n2,\n", "a,b\n"])
def test_declared_types_stand_without_values(pyforge, write, tmp_path, content):
    """Whole numbers of a column of doubles, nothing but nulls, and no row at all."""
    out = tmp_path / "o.parquet"
    said_by(pyforge("convert", write("a.csv", content), out, "--schema", "a:double,b:decimal(12,2)"), DONE)
    assert [str(field.type) for field in pyarrow.parquet.read_schema(out)] == ["double", "decimal128(12, 2)"]


def test_declared_columns_that_are_missing(pyforge, write, tmp_path):
    source, out = write("a.csv", "a,b\n1,\n"), tmp_path / "o.parquet"
    declared = ("--schema", "a:double,b:date,c:int64")
    assert "there is no column 'c'" in said_by(pyforge("convert", source, out, *declared), USAGE)
    said_by(pyforge("convert", source, out, *declared, "--schema-missing", "ignore"), DONE)
    assert [str(field.type) for field in pyarrow.parquet.read_schema(out)] == ["double", "date32[day]"]
