"""What the package says where something is not as it was meant: hints in keywords, kinds of errors, values that are kept."""

import datetime
import decimal
import json
import os
import re

import duckdb
import pandas
import pyarrow
import pytest
from conftest import ROOT

GOOD = b"a,b\n1,2\n"
LONG_ROW = b"a,b\n1,2\n1,2,3\n"


def failure(function, *args, **options):
    with pytest.raises(Exception) as caught:
        function(*args, **options)
    return caught.value


@pytest.mark.parametrize(
    "content, options, hint",
    [
        (LONG_ROW, {"ragged": "fail"}, 'ragged="reject"'),
        (b'a\n"1\n', {}, 'quote="none"'),
        (GOOD, {"compression": "snappy", "compression_level": 4}, "leave out compression_level="),
        (b"a\n1\nx\n", {"schema": {"a": "int64"}, "on_error": "fail"}, 'on_error="null"'),
        (b"a\nx\n", {"schema": {"a": "int64"}, "on_error": "reject"}, "with pyforge_cli.info();"),
    ],
)
def test_hints_speak_keywords(package, tmp_path, content, options, hint):
    error = failure(package.convert, content, tmp_path / "out.parquet", **options)
    assert hint in error.remedy and "--" not in error.remedy


def piped(content):
    """A file object that can be read once only."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return os.fdopen(reading, "rb")


SAYS_KEYWORDS = [
    # what was done; what has to be said of it
    (lambda p, out: p.convert(GOOD, out, to="zzz"), "option to= cannot be 'zzz'"),
    (lambda p, out: p.convert(GOOD, out, format="zzz"), "option format= cannot be 'zzz'"),
    (lambda p, out: p.convert(GOOD, out, output_format="zzz"), "option output_format= cannot be 'zzz'"),
    (lambda p, out: p.convert(GOOD, out, input_format="zzz"), "option input_format= cannot be 'zzz'"),
    (lambda p, out: p.convert(GOOD, out, from_="zzz"), "option from_= cannot be 'zzz'"),
    (lambda p, out: p.convert(GOOD, out, fromat="csv"), "did you mean format= or from_=?"),
    (lambda p, out: p.convert(GOOD, out, mergeschema=True), "did you mean merge_schema=True?"),
    (lambda p, out: p.convert(piped(b"a,b\n1,2,3\n"), out, ragged="extend"), 'ragged="extend" reads the input twice'),
]


@pytest.mark.parametrize("call, says", SAYS_KEYWORDS)
def test_what_is_said_has_keywords_only(package, tmp_path, call, says):
    error = failure(call, package, tmp_path / "out.parquet")
    assert says is None or says in str(error), error
    assert "--" not in str(error), error


def test_hints_with_commands_name_functions(package):
    """Each can be called as it is named."""
    named = re.findall(r'"(?:help\()?pyforge_cli\.(\w+)', (ROOT / "src" / "convert" / "keywords.c").read_text())
    assert {"convert", "info", "config"} <= set(named) and all(callable(getattr(package, name)) for name in named), named


# Options of the command alone, of other commands, and of other programs.
OF_THE_COMMAND = {"help", "json", "explain", "recursive", "write", "version", "list-extensions", "no-extensions"}


def test_options_in_texts_are_keywords(package, pyforge):
    """What hints, warnings and errors advise is an option of convert(), also where it is told by an extension."""
    tables = json.loads(pyforge("options", "--json").stdout)
    known = set()
    for option in [option for table in tables if table["owner"] != "command line" for option in table["options"]]:
        known |= {option["name"], *option["aliases"], *(["no-" + option["name"]] if option["kind"] == "flag" else [])}
    wrong = []
    for path in [*(ROOT / "src").rglob("*.c"), *(ROOT / "extensions" / "databricks").glob("*.[ch]")]:
        if path.parent.name == "cli" or "commands" in path.name:
            continue
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        for literal in re.findall(r'"(?:[^"\\\n]|\\.)*"', text):
            names = re.findall(r"(?<![\w-])--([a-z][a-z-]*)", literal)
            wrong += [f"{path.name}: {literal}" for name in names if name not in known | OF_THE_COMMAND]
    assert not wrong, "\n".join(wrong)


def test_the_record_of_a_failure_says_what_its_exception_says(package, tmp_path):
    """Notebooks show the record."""
    for options in ({"format": "zzz"}, {"to": "zzz"}, {"schema": {"a": "int64"}, "ragged": "extend", "compression": "snappy", "compression_level": 4}):
        error = failure(package.convert, GOOD, tmp_path / "out.parquet", **options)
        details = error.result.error_details
        assert (details["message"], details["hint"]) == (error.message, error.remedy or None)
        told = json.dumps(error.result)
        assert "--" not in told and error.message in str(error), told


def test_the_verdict_of_validate_speaks_keywords(package):
    verdict = package.validate(LONG_ROW, ragged="fail")
    assert "--" not in json.dumps(verdict), dict(verdict)


def test_an_output_that_exists(package, tmp_path):
    package.convert(GOOD, tmp_path / "out.parquet")
    error = failure(package.convert, GOOD, tmp_path / "out.parquet")
    assert "force=True" in str(error) and "--force" not in str(error)


@pytest.mark.parametrize("options", [{"columns": ["z"]}, {"schema": {"z": "int64"}}])
def test_a_column_that_is_missing_is_no_missing_file(package, options):
    error = failure(package.read, GOOD, **options)
    assert isinstance(error, package.OptionError) and not isinstance(error, FileNotFoundError)


def test_names_of_options_are_looked_at_first(package):
    assert isinstance(failure(package.read, GOOD, dtype=str), package.UnknownOptionError)
    assert "cannot be of type type" in str(failure(package.read, GOOD, delimiter=str))


@pytest.mark.parametrize("given", [".", "*.csv", ["a.csv"]])
def test_several_files_are_led_to_files(package, tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    assert "pyforge_cli.files(" in str(failure(package.convert, given))


def test_rejected_rows_are_among_the_warnings(package, tmp_path):
    result = package.convert(LONG_ROW + b"1,2\n" * 100, tmp_path / "out.parquet")
    assert result.rows_rejected == 1
    assert result.warnings == [f"1 row was rejected and kept in {result.rejects_path}"]


def test_whole_numbers_with_nulls_stay_whole_in_pandas(package):
    text = b"big,truth,plain\n9007199254740993,true,1\n,,2\n-9223372036854775808,false,3\n"
    frame = package.read(text).to_pandas()
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "boolean", "int64"]
    assert frame["big"].to_list() == [9007199254740993, pandas.NA, -9223372036854775808]
    assert frame["truth"].to_list() == [True, pandas.NA, False]
    assert str(package.read(text).to_pandas(types_mapper={}.get)["big"].dtype) == "float64"


def test_a_decimal_that_is_too_long_is_refused_on_writing(package, tmp_path):
    for value in (10**38, -(10**38), 2**127 - 1):
        table = duckdb.sql(f"select 1::hugeint as a union all select {value}::hugeint").arrow()
        table = getattr(table, "read_all", lambda table=table: table)()
        if not table.schema.field("a").type.equals(pyarrow.decimal128(38, 0)):
            pytest.skip("this DuckDB gives its hugeint as something else")
        error = failure(package.write, table, tmp_path / "out.parquet")
        assert isinstance(error, package.BadDataError)
        assert (error.row, error.column, error.column_name) == (2, 1, "a")
    longest = pyarrow.table({"a": pyarrow.array([decimal.Decimal(10**38 - 1), None, decimal.Decimal(1 - 10**38)], pyarrow.decimal128(38, 0))})
    package.write(longest, tmp_path / "out.parquet")
    assert package.read(tmp_path / "out.parquet").to_arrow().equals(longest)


def test_a_stream_that_fails_under_its_consumer(package, tmp_path):
    path = tmp_path / "many.csv"
    path.write_bytes(b"a\n" + b"1\n" * 3_000_000)
    table = package.read(path, memory="64M")
    with open(path, "r+b") as file:
        file.truncate(1000)
    error = failure(table.to_arrow)
    assert isinstance(error, package.PyForgeError)


def test_a_frame_that_is_no_table(package, tmp_path):
    frame = pandas.DataFrame({"a": [1, "x", datetime.date(2024, 1, 1)]})
    error = failure(package.write, frame, tmp_path / "out.parquet")
    assert isinstance(error, TypeError) and "pandas.DataFrame cannot be given as an Arrow table" in str(error)


def test_binary_in_a_csv_is_told(package, tmp_path):
    result = package.write(pyarrow.table({"a": [b"\x00\x01"], "b": [1]}), tmp_path / "out.csv")
    assert result.warnings == ["column 'a' is binary and was written as base64"]
    assert (tmp_path / "out.csv").read_text() == "a,b\nAAE=,1\n"


def test_a_report_that_cannot_be_written_is_told_once(package, tmp_path):
    (tmp_path / "file").touch()
    error = failure(package.convert, GOOD, tmp_path / "out.parquet", report_dir=tmp_path / "file" / "reports")
    assert error.result.warnings == []


def test_wide_tables_are_shown_in_part(package, tmp_path):
    wide = ",".join(f"c{number}" for number in range(2000)) + "\n" + ",".join(["1"] * 2000) + "\n"
    result = package.convert(wide.encode(), tmp_path / "out.parquet")
    assert len(repr(result)) < 10_000 and "1,950 more" in repr(result)
    assert result._repr_html_().count("<br>") == 50


def test_notebooks_show_why_a_column_is_text(package, tmp_path):
    content = b"zip,n\n00123,1\n,\n"
    for shown in (package.convert(content, tmp_path / "out.parquet"), package.info(content)):
        text = shown._repr_html_()
        assert "zip: string, 1 null (" in text and "n: int64, 1 null" in text
    assert "Not valid" in package.validate(LONG_ROW)._repr_html_()


def test_no_names_of_others(package):
    assert "import_module" not in dir(package)


def test_warnings_speak_keywords(package, tmp_path, caplog):
    """In results and in the log; what they quote of the input stays as it is."""
    content = b"a,--force\n" + b"1,x\n" * 300 + b"1,2,3\n4\n"
    source = tmp_path / "in.csv"
    source.write_bytes(content)
    said = {}
    with caplog.at_level("WARNING", logger="pyforge_cli"):
        said["convert"] = package.convert(source, tmp_path / "out.parquet", row_group_size=5, output_delimiter="tab").warnings
        said["read"] = package.read(source).warnings
        said["one column"] = package.read(b"a b\n1\n2\n3\n", delimiter=";").warnings
        said["validate"] = package.validate(source).warnings
        said["info"] = package.info(source)["warnings"] if "warnings" in package.info(source) else []
        said["explain"] = package.explain(source, tmp_path / "out.csv", row_group_size=5)["warnings"]
    told = [text for texts in said.values() for text in texts] + [record.getMessage() for record in caplog.records]
    assert 'ragged="fail"' in "".join(said["convert"]) and "rejects=PATH" in "".join(said["read"])
    assert any("without delimiter= it is detected" in text for text in said["one column"]), said
    assert any("row_group_size=" in text for text in said["explain"]), said
    assert not [text for text in told if "--" in text.replace("'--force'", "")], told
    assert len(caplog.records) > 5


def test_warnings_of_commands_speak_options(pyforge, tmp_path):
    (tmp_path / "in.csv").write_bytes(b"a,b\n" + b"1,x\n" * 30 + b"4\n")
    assert b"--ragged fail" in pyforge("convert", tmp_path / "in.csv").stderr
