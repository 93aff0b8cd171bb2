"""The package pyforge_cli: every public call, what it takes, gives and raises."""

import ast
import gzip
import io
import json
import logging
import os
import pathlib
import pickle
import re
import subprocess
import sys

import pyarrow
import pyarrow.parquet
import pytest

from conftest import ROOT

SALES = "id,name,amount,when\n1,a,1.5,2024-01-02\n2,b,,2024-01-03\n3,\"c, d\",2.25,\n"
SALES_TYPES = ["int64", "string", "float64", "date"]


@pytest.fixture
def sales(write):
    return write("sales.csv", SALES)


# ---- convert


def test_convert_writes_beside_the_input(package, sales):
    result = package.convert(sales)
    assert result.output_path == str(sales.with_suffix(".parquet"))
    assert pyarrow.parquet.read_table(result.output_path).num_rows == 3


def test_result_has_both_spellings_and_attributes(package, sales):
    result = package.convert(str(sales))
    assert result["success"] is True and result.success is True and bool(result)
    assert result.row_count == result["rows_processed"] == 3
    assert result.processing_engine == result.converter_used == "native"
    assert result.duration == result["duration_seconds"] >= 0
    assert result.error is None and result.warnings == [] and result.exit_code == 0
    assert [attempt["engine"] for attempt in result.attempts] == ["native"]
    assert [column["type"] for column in result.columns] == SALES_TYPES
    assert "3 rows" in result.summary
    assert result.raise_for_error() is result
    assert "row_count" in dir(result)
    with pytest.raises(AttributeError):
        result.nothing_of_the_kind  # noqa: B018
    json.dumps(result)
    assert pickle.loads(pickle.dumps(result)) == result


def test_result_shows_itself(package, sales):
    result = package.convert(sales)
    assert repr(result).startswith("ConversionResult(success=True")
    assert "row_count=3" in repr(result)
    html = result._repr_html_()
    assert html.startswith("<table>") and "row_count" in html and "amount: float64" in html


def test_html_says_why_a_column_is_text(package, write):
    source = write("a.csv", "a\n1\nN/A\n")
    for shown in (package.convert(source), package.info(source)):
        html = shown._repr_html_()
        assert "a: string (row 2: &#x27;N/A&#x27; does not fit int64)" in html and "{" not in html, html


def test_html_is_escaped(package, write):
    result = package.convert(write("a.csv", "<script>,b\n1,2\n"))
    assert "<script>" not in result._repr_html_()


def test_html_shows_what_matters(package, write, tmp_path):
    """Whole numbers in groups of three; what was rejected and what was warned of stands out, and is not there when there is nothing."""
    good = package.convert(write("good.csv", "a\n" + "1\n" * 12_345))._repr_html_()
    assert "<td>12,345</td>" in good and "rows_rejected" not in good and "#8a4b00" not in good
    result = package.convert(write("bad.csv", "<b>,<b>\n" + "1,2\n" * 2000 + "1,2,<b>\n" * 2), tmp_path / "o.parquet")
    html = result._repr_html_()
    assert result.rows_rejected == 2 and result.warnings
    for part in ("rows_rejected", "warnings", "rejects_path"):
        assert f"color:#8a4b00'><th style='text-align:left'>{part}</th>" in html, part
    assert "<b>" not in html
    info = package.info(tmp_path / "good.csv")._repr_html_()
    assert "12,345" in info


def test_compression_reaches_the_library(package, write, tmp_path):
    source = write("long.csv", "a\n" + "the same text\n" * 5000)
    package.convert(source, tmp_path / "o.parquet", compression="zstd", use_dictionary=False)
    assert pyarrow.parquet.ParquetFile(tmp_path / "o.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("options, check", [
    ({"row_group_size": 2}, lambda file: file.metadata.num_row_groups == 2),
    ({"use_dictionary": False}, lambda file: "RLE_DICTIONARY" not in file.metadata.row_group(0).column(1).encodings),
    ({"columns": ["id", "when"]}, lambda file: file.schema_arrow.names == ["id", "when"]),
    ({"columns": "name"}, lambda file: file.schema_arrow.names == ["name"]),
    ({"schema": {"id": "string"}}, lambda file: file.schema_arrow.field("id").type == pyarrow.string()),
    ({"types": "string"}, lambda file: set(file.schema_arrow.types) == {pyarrow.string()}),
    ({"header": False}, lambda file: file.metadata.num_rows == 4),
    ({"null_values": ["a", "b"]}, lambda file: file.read()["name"].null_count == 2),
    ({"from_": "csv"}, lambda file: file.metadata.num_rows == 3),
    ({"memory": "64M", "threads": 1, "max_rejects": 0.5, "force": None}, lambda file: file.metadata.num_rows == 3),
])
def test_keywords_reach_the_library(package, sales, tmp_path, options, check):
    package.convert(sales, tmp_path / "out.parquet", **options)
    assert check(pyarrow.parquet.ParquetFile(tmp_path / "out.parquet"))


def test_names_with_commas_are_quoted(package, write, tmp_path):
    source = write("odd.csv", '"a, b","c""d",e\n1,2,3\n')
    package.convert(source, tmp_path / "o.parquet", columns=["a, b", 'c"d'])
    assert pyarrow.parquet.read_schema(tmp_path / "o.parquet").names == ["a, b", 'c"d']


def test_paths_as_options(package, write, tmp_path):
    source = write("bad.csv", "a,b\n1,2\n1,2,3\n" + "4,5\n" * 50)
    result = package.convert(source, tmp_path / "o.parquet", rejects=tmp_path / "r.csv")
    assert result.rejects_path == str(tmp_path / "r.csv") and (tmp_path / "r.csv").exists() and result.exit_code == 3
    assert "rows_rejected=1" in repr(result)


def test_numpy_numbers_are_numbers(package, sales, tmp_path):
    numpy = pytest.importorskip("numpy")
    package.convert(sales, tmp_path / "o.parquet", row_group_size=numpy.int64(2), use_dictionary=numpy.bool_(True))
    assert pyarrow.parquet.ParquetFile(tmp_path / "o.parquet").metadata.num_row_groups == 2


def test_words_are_utf8_whatever_the_locale(run_python, write):
    write("a.csv", "größe,b\n1,2\n")
    done = run_python("""
import pyforge_cli
assert [column["name"] for column in pyforge_cli.convert("a.csv", columns="gr\\xf6\\xdfe").columns] == ["gr\\xf6\\xdfe"]
""", env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"})
    assert done.returncode == 0, done.stderr


def test_paths_that_are_no_utf8(package, tmp_path):
    source = os.fsencode(tmp_path) + b"/\xff.csv"
    with open(source, "wb") as file:
        file.write(b"a\n1\n")
    result = package.convert(os.fsdecode(source))
    assert os.path.exists(os.fsencode(tmp_path) + b"/\xff.parquet")
    assert result.success


def test_explain_does_nothing(package, sales):
    plan = package.explain(sales)
    assert isinstance(plan, dict) and plan
    assert not sales.with_suffix(".parquet").exists()


# ---- bytes and file objects


def test_bytes_in(package, tmp_path):
    for content in (SALES.encode(), bytearray(SALES.encode()), memoryview(gzip.compress(SALES.encode()))):
        result = package.convert(content, tmp_path / "o.parquet", force=True)
        assert result.row_count == 3


def test_bytes_need_an_output(package):
    with pytest.raises(package.PyForgeError):
        package.convert(SALES.encode())


def test_file_objects_in_and_out(package, sales, tmp_path):
    with open(sales, "rb") as source, open(tmp_path / "o.parquet", "wb") as target:
        result = package.convert(source, target)
        assert result.row_count == 3
    assert pyarrow.parquet.read_table(tmp_path / "o.parquet").num_rows == 3


def test_memory_to_memory(package):
    target = io.BytesIO()
    package.convert(io.BytesIO(SALES.encode()), target, format="parquet")
    assert pyarrow.parquet.read_table(io.BytesIO(target.getvalue())).num_rows == 3
    again = io.BytesIO()
    package.convert(io.BytesIO(target.getvalue()), again, format="csv")
    assert again.getvalue().decode().splitlines()[0] == "id,name,amount,when"


def test_the_end_of_a_file_object_is_asked_for_once(package, tmp_path):
    """A terminal, or a socket, that has told of its end would wait for more."""
    pieces = [b"a,b\n", b"1,2\n", b""]

    class Ends:
        def read(self, size):
            return pieces.pop(0)

    assert package.convert(Ends(), tmp_path / "o.parquet", from_="csv").row_count == 1


@pytest.mark.parametrize("place", ["input", "output"])
def test_text_files_are_refused(package, sales, tmp_path, place):
    with open(sales) as text:
        arguments = (text, tmp_path / "o.parquet") if place == "input" else (sales, text)
        with pytest.raises(TypeError, match="text mode"):
            package.convert(*arguments)
    with pytest.raises(TypeError, match="text mode"):
        package.read(io.StringIO("a\n1\n"))


def test_a_file_object_that_gives_text_is_refused(package, tmp_path):
    class Odd:
        def read(self, size):
            return "text"

    with pytest.raises(TypeError, match="binary mode"):
        package.convert(Odd(), tmp_path / "o.parquet", from_="csv")


@pytest.mark.parametrize("method", ["read", "write"])
def test_an_exception_of_a_file_object_comes_through(package, sales, tmp_path, method):
    class Broken:
        def read(self, size):
            raise ZeroDivisionError("on purpose")

        write = read

    arguments = (Broken(), tmp_path / "o.parquet") if method == "read" else (sales, Broken())
    options = {"from_": "csv"} if method == "read" else {"format": "parquet"}
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        package.convert(*arguments, **options)
    assert not (tmp_path / "o.parquet").exists()


@pytest.mark.parametrize("answer, error", [(None, BlockingIOError), (b"x" * (1 << 22), ValueError), (7, TypeError)])
def test_a_file_object_that_answers_nonsense(package, tmp_path, answer, error):
    class Odd:
        def read(self, size):
            return answer

    if answer == 7:
        error = (TypeError, ValueError)
    with pytest.raises(error):
        package.convert(Odd(), tmp_path / "o.parquet", from_="csv")


def test_short_writes_are_continued(package, sales):
    class Slow(io.BytesIO):
        def write(self, data):
            return super().write(bytes(data)[:7])

    target, whole = Slow(), io.BytesIO()
    package.convert(sales, target, format="csv")
    package.convert(sales, whole, format="csv")
    assert target.getvalue() == whole.getvalue()


@pytest.mark.parametrize("arguments", [(1,), (None,), ("a.csv", 1), ("-",), ("a.csv", "-"), ([],)])
def test_what_is_no_place_is_refused(package, arguments):
    with pytest.raises((TypeError, ValueError)):
        package.convert(*arguments)


# ---- errors


def test_refuses_an_output_that_exists(package, sales):
    package.convert(sales)
    with pytest.raises(package.OutputExistsError) as caught:
        package.convert(sales)
    assert isinstance(caught.value, FileExistsError)
    assert caught.value.status == "PF_EXISTS"
    assert caught.value.result.exit_code == 4
    assert package.convert(sales, force=True).success


@pytest.mark.parametrize("call", ["convert", "info", "validate", "read"])
def test_input_that_is_not_there(package, tmp_path, call):
    with pytest.raises(FileNotFoundError) as caught:
        getattr(package, call)(tmp_path / "none.csv")
    assert isinstance(caught.value, package.NotFoundError) and isinstance(caught.value, package.PyForgeError)
    assert "none.csv" in str(caught.value)


def test_error_tells_its_place(package, write):
    source = write("bad.csv", "a,b\n1,2\n1,2,3\n")
    with pytest.raises(package.BadDataError) as caught:
        package.convert(source, ragged="fail")
    error = caught.value
    assert isinstance(error, ValueError)
    assert (error.row, error.line, error.status) == (2, 3, "PF_BAD_DATA")
    assert error.source.endswith("bad.csv") and error.message and error.remedy
    assert "row 2 (line 3)" in str(error) and "hint: " in str(error)
    failed = error.result
    assert not failed and failed.success is False and failed.error == str(error)
    assert failed.get("row_count") == 0 and failed.get("processing_engine") == "none"
    assert failed.error_details["line"] == 3
    for key in ("output_path", "row_count", "rows_processed"):
        with pytest.raises(package.BadDataError):
            failed[key]
    with pytest.raises(package.BadDataError):
        failed.output_path  # noqa: B018
    with pytest.raises(package.BadDataError):
        failed.raise_for_error()
    assert "bad.csv" in repr(failed) and "color:#b00020" in failed._repr_html_()
    assert pickle.loads(pickle.dumps(error)).line == 3


def test_unknown_keyword(package, sales):
    with pytest.raises(TypeError, match="did you mean compression") as caught:
        package.convert(sales, compresion="zstd")
    assert isinstance(caught.value, package.UnknownOptionError)
    with pytest.raises(TypeError, match="skip_rows"):
        package.read(sales, skip_row=1)


def test_bad_value(package, sales):
    with pytest.raises(package.OptionError, match="zstd") as caught:
        package.convert(sales, compression="zst")
    assert isinstance(caught.value, ValueError)
    with pytest.raises(TypeError, match="compression cannot be of type object"):
        package.convert(sales, compression=object())


def test_texts_with_a_null_byte_are_refused(package, sales):
    for options in ({"columns": "a\0b"}, {"col\0umns": "a"}):
        with pytest.raises(ValueError, match="null"):
            package.convert(sales, **options)
    with pytest.raises(ValueError, match="null"):
        package.convert("a\0b.csv")


def test_every_error_class_is_what_it_says(package):
    expected = {
        "OutOfMemoryError": MemoryError, "StorageError": OSError, "BadDataError": ValueError, "UnsupportedError": ValueError,
        "LimitError": ValueError, "OptionError": ValueError, "NotFoundError": FileNotFoundError, "OutputExistsError": FileExistsError,
        "RejectedError": ValueError, "InternalError": RuntimeError, "UnknownOptionError": TypeError,
    }
    for name, also in expected.items():
        found = getattr(package, name)
        assert issubclass(found, package.PyForgeError) and issubclass(found, also), name
        made = found("on purpose")
        assert made.row is None and made.status is None and str(made) == "on purpose"
        assert type(pickle.loads(pickle.dumps(made))) is found


def test_memory_error_is_not_spoilt(package):
    """MemoryError keeps dead instances for reuse; ours must not get among them."""
    for _ in range(100):
        del [package.OutOfMemoryError("x") for _ in range(50)][:]
        assert all(type(MemoryError()) is MemoryError for _ in range(50))


# ---- info, validate, formats


def test_info(package, sales):
    known = package.info(sales)
    assert known.rows == known.row_count == 3
    assert [column["type"] for column in known.columns] == SALES_TYPES
    assert known.delimiter == ","
    assert known["file_size"] == known.size == len(SALES)
    assert package.info(SALES.encode()).rows == 3


def test_validate(package, sales, write):
    good = package.validate(sales)
    assert good and good.valid and good.is_valid and good.issues == [] and good.path == str(sales) and good.rows == 3
    assert repr(good).startswith("ValidationResult(valid=True") and json.loads(json.dumps(good))["is_valid"] is True
    assert good.raise_for_error() is good
    bad = package.validate(write("bad.csv", "a,b\n1,2\n1,2,3\n"))
    assert not bad and bad.is_valid is False and "line 3" in bad.issues[0]
    with pytest.raises(package.BadDataError):
        bad.raise_for_error()


def test_config(package, monkeypatch):
    monkeypatch.setenv("PYFORGE_COMPRESSION", "zstd")
    rows = {(row["owner"], row["name"]): row for row in package.config(threads=3)["settings"]}
    assert rows["parquet writer", "compression"]["value"] == "zstd" and rows["convert", "threads"]["value"] in (3, "3")


def test_formats(package):
    known = {entry.name: entry for entry in package.formats()}
    assert ".csv" in known["csv"].suffixes and known["parquet"].reads and known["parquet"].writes


# ---- progress and messages


def test_progress(package, tmp_path, write):
    source = write("big.csv", "a,b\n" + "".join(f"{i},{i}.5\n" for i in range(200_000)))
    seen = []
    package.convert(source, tmp_path / "o.parquet", progress=seen.append)
    assert seen and seen[-1].rows > 0 and seen[-1].bytes_total == source.stat().st_size
    assert 0 <= seen[0].share <= 1 and seen[-1].share == 1.0
    assert [step.seconds for step in seen] == sorted(step.seconds for step in seen)
    with pytest.raises(TypeError, match="progress"):
        package.convert(source, tmp_path / "p.parquet", progress=1)


def test_an_exception_in_progress_ends_the_conversion(package, tmp_path, write):
    source = write("big.csv", "a,b\n" + "".join(f"{i},{i}.5\n" for i in range(200_000)))

    def stop(progress):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        package.convert(source, tmp_path / "o.parquet", progress=stop)
    assert not (tmp_path / "o.parquet").exists()


def test_messages_go_to_logging(package, sales, tmp_path, caplog):
    with caplog.at_level(logging.DEBUG, logger="pyforge_cli"):
        package.convert(sales, tmp_path / "o.parquet")
    assert any(record.name == "pyforge_cli" and "3 rows" in record.getMessage() for record in caplog.records)


def test_an_exception_in_a_log_handler_does_not_get_lost(package, write, tmp_path, monkeypatch):
    from pyforge_cli import _api

    def fail(level, message):
        raise LookupError("in the log")

    monkeypatch.setattr(_api, "_messages", lambda options: (fail, 0))
    with pytest.raises(LookupError, match="in the log"):
        package.convert(write("a.csv", "a,b\n1,2\n"), tmp_path / "b.csv", row_group_size=10)


@pytest.mark.parametrize("variable, level, printed", [
    (None, None, "WARNING"),
    ("error", None, ""),
    ("debug", None, "DEBUG"),
    ("error", "INFO", "INFO"),
    ("debug", "ERROR", ""),
])
def test_log_level_of_settings_and_of_python(run_python, write, variable, level, printed):
    """A level set in Python decides; else the setting does. The warning is about an option without effect."""
    write("a.csv", "a,b\n1,2\n")
    done = run_python(f"""
import logging, pyforge_cli
logging.basicConfig(format="%(levelname)s %(name)s")
if {level!r}:
    logging.getLogger("pyforge_cli").setLevel({level!r})
pyforge_cli.convert("a.csv", "b.csv", row_group_size=10)
""", env={"PYFORGE_LOG_LEVEL": variable})
    assert done.returncode == 0, done.stderr
    levels = {line.split()[0] for line in done.stderr.splitlines()}
    assert (printed in levels) if printed else not levels, done.stderr
    assert printed == "DEBUG" or "DEBUG" not in levels


def test_log_level_as_keyword(run_python, write):
    write("a.csv", "a,b\n1,2\n")
    call = "import pyforge_cli; pyforge_cli.convert('a.csv', 'b.csv', row_group_size=10, force=True, {})"
    quiet, usual = run_python(call.format("log_level='error'")), run_python(call.format(""))
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert usual.returncode == 0 and "no effect" in usual.stderr, "without a handler, warnings are printed as logging does"


# ---- the stubs


def keywords_of(name):
    tree = ast.parse((ROOT / "python" / "pyforge_cli" / "__init__.pyi").read_text())
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return [argument.arg for argument in function.args.kwonlyargs if argument.arg != "progress"]


@pytest.mark.parametrize("call", ["convert", "explain", "config", "info", "validate", "read", "write"])
def test_every_keyword_of_the_stub_is_known(package, tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    names = keywords_of(call)
    assert len(names) > 10
    arguments = {"write": [pyarrow.table({"a": [1]}), tmp_path / "o.parquet"], "config": []}.get(call, [tmp_path / "none.csv"])
    for name in names:
        for value in (True, "1"):
            try:
                getattr(package, call)(*arguments, **{name: value})
            except package.UnknownOptionError:
                pytest.fail(f"{call}({name}=) is in the stub and unknown to the library")
            except package.PyForgeError:
                pass


def test_every_public_name_is_in_the_stub(package):
    stub = (ROOT / "python" / "pyforge_cli" / "__init__.pyi").read_text()
    missing = [name for name in package.__all__ if f"class {name}" not in stub and f"def {name}" not in stub and f"{name}:" not in stub]
    assert not missing
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError):
        package.nothing_of_the_kind  # noqa: B018


TYPED = """
import pyforge_cli
result = pyforge_cli.convert("a.csv", compression="zstd", row_group_size=1000, use_dictionary=True, columns=["a"], from_="csv")
count: int = result.row_count
with pyforge_cli.read(b"a") as table:
    names: list[str] = table.schema.names
pyforge_cli.write(table, "a.parquet", force=True)
"""


def test_stubs_are_checked_by_mypy(package_folder, tmp_path):
    if subprocess.run([sys.executable, "-m", "mypy", "--version"], capture_output=True).returncode != 0:
        pytest.skip("NO MYPY: type hints go unchecked")
    assert pathlib.Path(package_folder, "pyforge_cli", "py.typed").is_file()
    wrong = {"compresion='zstd'": "Unexpected keyword", "compression='zst'": "incompatible type", "force='yes'": "incompatible type"}
    (tmp_path / "good.py").write_text(TYPED)
    for number, code in enumerate(wrong):
        (tmp_path / f"bad{number}.py").write_text(f"import pyforge_cli\npyforge_cli.convert('a.csv', {code})\n")

    def check(name):
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", tmp_path / name]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "MYPYPATH": package_folder})

    good = check("good.py")
    assert good.returncode == 0, good.stdout
    for number, (code, message) in enumerate(wrong.items()):
        done = check(f"bad{number}.py")
        assert done.returncode == 1 and message in done.stdout, (code, done.stdout)


# ---- the documentation


@pytest.mark.parametrize("page, least, printed", [("python.md", 9, "Converted 3 rows using native"), ("migration.md", 1, "")])
def test_the_examples_of_the_page_run(run_python, page, least, printed):
    text = (ROOT / "docs" / page).read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= least
    done = run_python("\n".join(blocks))
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout


def test_a_file_without_room_is_an_error(package, sales):
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with open(read_end, "rb"), open(write_end, "wb", buffering=0) as target:
        with pytest.raises(BlockingIOError, match="took nothing"):
            package.convert(b"a,b\n" + b"1,some text\n" * 50_000, target, from_="csv", to="csv")


@pytest.mark.parametrize("answer, error", [(0, BlockingIOError), (None, None)])
def test_writers_that_do_not_count(package, sales, answer, error):
    class Writer:
        taken = b""

        def write(self, data):
            self.taken += bytes(data)
            return answer

    target = Writer()
    if error:
        with pytest.raises(error):
            package.convert(sales, target, to="csv")
    else:
        package.convert(sales, target, to="csv")
        assert target.taken.count(b"\n") > 1


def test_files_of_patterns_and_folders(package, tmp_path, monkeypatch):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("a.csv", "b.csv", "deep/a.csv"):
        (tmp_path / "in" / name).write_text("x\n1\n")
    monkeypatch.chdir(tmp_path)
    assert package.files("in/*.csv", "out") == [("in/a.csv", "out/a.parquet"), ("in/b.csv", "out/b.parquet")]
    assert package.files([tmp_path / "in"], recursive=True)[-1] == (f"{tmp_path}/in/deep/a.csv", f"{tmp_path}/in/deep/a.parquet")
    assert package.files(["in/a.csv", "in/deep/a.csv"], "out", format="csv") == [
        ("in/a.csv", "out/a_csv.csv"), ("in/deep/a.csv", "out/a_csv_2.csv")]  # fmt: skip
    odd = os.fsdecode(b"in/\xff.csv")
    with open(odd, "w") as file:
        file.write("x\n1\n")
    assert odd in dict(package.files("in/*.csv"))
    with pytest.raises(package.NotFoundError, match="no file matches"):
        package.files("none/*.csv")
    with pytest.raises(TypeError, match="did you mean"):
        package.files("in/*.csv", formt="csv")
    with pytest.raises(ValueError):
        package.files("-")
