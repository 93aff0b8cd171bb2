"""The command line: streams, exit codes, messages, names of outputs, help, signals."""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import threading
import time

import pytest

from conftest import clean_environment

SALES = "id,name,amount\n1,anna,1.50\n2,bo,2.25\n3,eve,10.00\n"
DONE, FAILED, USAGE, REJECTED, REFUSED = 0, 1, 2, 3, 4

RESULT_KEYS = {
    "tables", "tables_left_out",
    "success", "input_path", "output_path", "output_format", "row_count", "rows_processed", "rows_read", "rows_rejected",
    "rows_left_out", "rows_short", "processing_engine", "converter_used", "duration", "duration_seconds", "file_size_bytes",
    "output_size_bytes", "columns", "warnings", "rejects_path", "attempts", "columns_repaired", "peak_memory_bytes", "threads",
    "error", "engine_reason", "fallback_used", "outcome_unknown", "environment",
}
ERROR_KEYS = {"code", "message", "source", "row", "line", "column", "column_name", "offset", "hint"}


@pytest.fixture
def sales(write):
    return write("sales.csv", SALES)


def is_parquet(path):
    content = pathlib.Path(path).read_bytes()
    return len(content) > 12 and content[:4] == b"PAR1" and content[-4:] == b"PAR1"


def names_in(folder):
    return sorted(entry.name for entry in pathlib.Path(folder).iterdir())


def check(process, code, stdout=b""):
    """Compares code and standard output; what was said on standard error is in the failure."""
    assert process.returncode == code, process.stderr.decode(errors="replace")
    if stdout is not None:
        assert process.stdout == stdout, process.stderr.decode(errors="replace")
    return process.stderr.decode(errors="replace")


# ---- streams: nothing but the answer on standard output


def test_version(pyforge):
    for option in ("--version", "-V"):
        process = pyforge(option)
        assert check(process, DONE, b"pyforge, version 2.0.0-dev\n") == ""


def test_no_arguments_is_help(pyforge):
    process = pyforge()
    assert check(process, DONE, None) == ""
    assert process.stdout.startswith(b"Usage: pyforge")
    assert process.stdout == pyforge("--help").stdout == pyforge("-h").stdout == pyforge("help").stdout


def check_answer(process):
    check(process, DONE, None)
    return process.stdout.decode()


def test_summary_goes_to_stderr(pyforge, sales):
    said = check(pyforge("convert", sales), DONE)
    assert "sales.csv -> " in said and "3 rows, 3 columns" in said and "native engine" in said
    assert is_parquet(sales.with_suffix(".parquet"))


def test_quiet_says_nothing(pyforge, sales):
    assert check(pyforge("convert", sales, "--quiet"), DONE) == ""
    assert check(pyforge("-q", "convert", sales, "--force"), DONE) == ""


@pytest.mark.parametrize("before", [True, False])
def test_verbose_before_and_after_the_command(pyforge, sales, before):
    words = ["-v", "convert", sales] if before else ["convert", sales, "--verbose"]
    said = check(pyforge(*words), DONE)
    assert "Input file: " in said and "Auto-generated output file: " in said


def test_json_is_one_line_on_stdout(pyforge, sales):
    process = pyforge("convert", sales, "--json")
    said = check(process, DONE, None)
    assert "native engine" in said
    assert process.stdout.count(b"\n") == 1
    record = json.loads(process.stdout)
    assert set(record) == RESULT_KEYS
    assert record["success"] is True and record["error"] is None
    assert record["row_count"] == record["rows_processed"] == record["rows_read"] == 3
    assert record["processing_engine"] == record["converter_used"] == "native"
    assert record["duration"] == record["duration_seconds"] > 0
    assert record["output_path"] == str(sales.with_suffix(".parquet"))
    assert record["file_size_bytes"] == len(SALES)
    assert record["output_size_bytes"] == sales.with_suffix(".parquet").stat().st_size
    assert [column["name"] for column in record["columns"]] == ["id", "name", "amount"]
    assert record["columns"][0]["type"] == "int64"
    assert record["attempts"] == [
        {"engine": "native", "ok": True, "reason": "", "status": "PF_OK", "failure": "", "seconds": record["attempts"][0]["seconds"]}]
    assert record["threads"] >= 1 and record["peak_memory_bytes"] > 0


def test_failed_json_has_every_key(pyforge, write):
    for path in ("gone.csv", write("paper.pdf", b"%PDF-1.7" + bytes(200))):
        process = pyforge("convert", path, "--json")
        record = json.loads(process.stdout)
        assert set(record) == RESULT_KEYS
        assert record["success"] is False and record["row_count"] == 0 and record["processing_engine"] == "none"
        assert set(record["error"]) == ERROR_KEYS
        assert record["error"]["code"] in ("PF_NOT_FOUND", "PF_UNSUPPORTED")


def test_output_to_stdout(pyforge, sales):
    process = pyforge("convert", sales, "-", "--to", "csv", "--json")
    said = check(process, DONE, None)
    assert process.stdout.decode() == SALES
    assert json.loads(said.splitlines()[0])["output_path"] == "-"
    assert names_in(sales.parent) == ["sales.csv"]


def test_json_does_not_mix_with_data(pyforge):
    for words in (["-", "-", "--to", "csv"], ["-", "--to", "csv"]):
        process = pyforge("convert", *words, "--json", input=SALES)
        said = check(process, DONE, SALES.encode())
        assert json.loads(said.splitlines()[0])["success"] is True


def test_info_of_a_pipe_has_the_dialect(pyforge):
    process = pyforge("info", "-", input=SALES.replace(",", "\t"))
    assert check(process, DONE, None) == ""
    assert re.search(r"^Delimiter: +tab$", process.stdout.decode().replace("\\t", "tab"), re.M)
    assert json.loads(pyforge("info", "-", "--json", input=SALES).stdout)["encoding"] == "utf-8"


def test_notes_of_info_come_once(pyforge, write):
    path = write("x.csv", "Report\nid;b;c\n1;2;3\n4;5;6\n")
    said = check(pyforge("info", path, "--compression", "zstd"), DONE, None).splitlines()
    assert len(said) == len(set(said)) == 2


def test_binary_to_stdout(pyforge, sales, tmp_path):
    process = pyforge("convert", sales, "-", "--to", "parquet")
    check(process, DONE, None)
    (tmp_path / "out").write_bytes(process.stdout)
    assert is_parquet(tmp_path / "out")


def test_from_stdin(pyforge, tmp_path):
    check(pyforge("convert", "-", "out.parquet", "--from", "csv", input=SALES, cwd=tmp_path), DONE)
    assert is_parquet(tmp_path / "out.parquet")
    check(pyforge("convert", "-", "detected.parquet", input=SALES, cwd=tmp_path), DONE)
    assert (tmp_path / "detected.parquet").read_bytes() == (tmp_path / "out.parquet").read_bytes()
    process = pyforge("convert", "-", "--from", "csv", "--to", "csv", input=SALES)
    check(process, DONE, SALES.encode())
    said = check(pyforge("convert", "-", "--from", "csv", input=SALES), USAGE)
    assert "--to" in said


def test_stdin_from_a_file_is_detected(pyforge_path, sales, tmp_path):
    with open(sales, "rb") as file:
        process = subprocess.run([pyforge_path, "convert", "-", "out.parquet"], stdin=file, capture_output=True, cwd=tmp_path,
                                 env=clean_environment(), check=False)
    check(process, DONE)
    assert is_parquet(tmp_path / "out.parquet")


# ---- names of outputs


@pytest.mark.parametrize(
    "given, made",
    [
        ([], "sales.parquet"),
        (["-f", "csv", "--force"], None),  # the output would be the input
        (["out.parquet"], "out.parquet"),
        (["out"], "out"),
        (["new/deep/out.parquet"], "new/deep/out.parquet"),
        (["new/"], "new/sales.parquet"),
        (["."], "sales.parquet"),
        (["new/", "--to=csv"], "new/sales.csv"),
        (["out.txt", "--compat", "1.0"], "out.txt"),
        (["--compat=1.0"], "sales.txt"),
        (["--compat=1.0", "-f", "TXT"], "sales.txt"),
        (["--compat=1.0", "-fparquet"], "sales.parquet"),
        (["name with [brackets] & blanks.parquet"], "name with [brackets] & blanks.parquet"),
    ],
)
def test_names_of_outputs(pyforge, sales, given, made):
    process = pyforge("convert", sales.name, *given, cwd=sales.parent)
    if made is None:
        assert "the output is the input itself" in check(process, REFUSED)
        assert sales.read_text() == SALES
        return
    check(process, DONE)
    path = sales.parent / made
    assert is_parquet(path) != made.endswith(".csv")


def test_suffix_of_the_output_names_the_delimiter(pyforge, sales):
    for name, mark in (("out.tsv", "\t"), ("out.TAB", "\t"), ("out.psv", "|"), ("out.csv", ",")):
        check(pyforge("convert", sales, sales.parent / name), DONE)
        assert (sales.parent / name).read_text() == SALES.replace(",", mark)
    check(pyforge("convert", sales, sales.parent / "semi.tsv", "--output-delimiter", ";"), DONE)
    assert (sales.parent / "semi.tsv").read_text() == SALES.replace(",", ";")


def test_compressed_input_loses_both_suffixes(pyforge, write):
    import gzip

    path = write("x.csv.gz", gzip.compress(SALES.encode()))
    check(pyforge("convert", path), DONE)
    assert is_parquet(path.parent / "x.parquet")


def test_compat_by_environment(pyforge, sales):
    process = pyforge("convert", sales, "--json", env={"PYFORGE_COMPAT": "1.0"})
    check(process, DONE, None)
    record = json.loads(process.stdout)
    assert record["output_path"].endswith("sales.txt")
    assert {column["type"] for column in record["columns"]} == {"string"}


def test_folders_made_for_a_failed_conversion_go(pyforge, sales):
    check(pyforge("convert", sales, sales.parent / "new/deep/x.parquet", "--columns", "nothing"), USAGE)
    assert names_in(sales.parent) == ["sales.csv"]


def test_awkward_names(pyforge, tmp_path):
    names = (b"a b.csv", b"br[bold].csv", b"caf\xc3\xa9.csv", b"\xff\xfe.csv", b"-dash.csv", b"new\nline.csv", b"qu'ote\".csv")
    for name in names:
        source = os.path.join(os.fsencode(tmp_path), name)
        with open(source, "wb") as file:
            file.write(SALES.encode())
        process = pyforge("convert", "--json", "--", name, cwd=tmp_path)
        check(process, DONE, None)
        assert os.fsencode(json.loads(process.stdout)["input_path"]) == name
        assert is_parquet(os.path.join(tmp_path, os.fsdecode(name[:-4] + b".parquet")))
        # A name cannot steer the terminal.
        assert process.stderr.count(b"\n") == 1


@pytest.mark.parametrize("target", ["abfss://data@account.dfs.core.windows.net/out.parquet", "s3://bucket/out.csv", "gs:/bucket/out.parquet",
                                    "file://host/out.parquet"])
@pytest.mark.parametrize("more", [[], ["--no-extensions"]], ids=["", "no extensions"])
def test_stores_are_no_folders(pyforge, sales, target, more):
    """An output that is meant for a store never lands on the disk, under a name that looks like it."""
    scheme = target.split(":")[0]
    for words in ([sales, target], [sales, "--rejects", target], [target], [target.rsplit("/", 1)[0] + "/*.csv"]):
        said = check(pyforge("convert", *words, *more), USAGE)
        assert f"{scheme}:/" in said and "hint" in said, said
    assert not (sales.parent / f"{scheme}:").exists() and names_in(sales.parent) == ["sales.csv"]


@pytest.mark.parametrize("prefix", ["file:", "file://", "FILE:"])
def test_file_in_front_of_a_path(pyforge, sales, tmp_path, prefix):
    there = tmp_path / "there"
    check(pyforge("convert", f"{prefix}{sales}", f"{prefix}{there}/a.parquet", "--rejects", f"{prefix}{there}/r.csv"), DONE)
    check(pyforge("convert", f"{prefix}{sales}", "--output-dir", f"{prefix}{there}/b"), DONE)
    check(pyforge("convert", f"{prefix}{sales.parent}/s*.csv", "--output-dir", f"{prefix}{there}/c"), DONE)
    check(pyforge("info", f"{prefix}{sales}"), DONE, None)
    assert sorted(str(path.relative_to(there)) for path in there.rglob("*.parquet")) == ["a.parquet", "b/sales.parquet", "c/sales.parquet"]
    check(pyforge("convert", f"{prefix}{sales}", sales, "--force"), REFUSED)


# ---- exit codes


def test_missing_input(pyforge):
    said = check(pyforge("convert", "gone.csv"), USAGE)
    assert said == "pyforge: error: Path 'gone.csv' does not exist.\n"
    check(pyforge("info", "gone.csv"), USAGE)
    check(pyforge("validate", "gone.csv"), USAGE)


@pytest.mark.parametrize("command", ["convert", "info", "validate"])
def test_unsupported_input(pyforge, write, command):
    path = write("data.json", '{"a": 1}\n')
    assert "Unsupported input format '.json'" in check(pyforge(command, path), REFUSED)
    check(pyforge(command, path, "--compat", "1.0"), DONE)
    if command == "convert":  # a folder stands for the files in it
        assert "no file with the suffix of a format" in check(pyforge(command, path.parent), USAGE)
    else:
        assert "directory" in check(pyforge(command, path.parent), REFUSED)


def test_output_exists(pyforge, sales):
    target = sales.with_suffix(".parquet")
    target.write_text("old")
    said = check(pyforge("convert", sales), REFUSED)
    assert f"Output file {target} already exists. Use --force to overwrite." in said
    assert target.read_text() == "old"
    check(pyforge("convert", sales, "--compat", "1.0", "-f", "parquet"), DONE)
    assert target.read_text() == "old"
    check(pyforge("convert", sales, "--force"), DONE)
    assert is_parquet(target)


def test_output_is_input_through_links(pyforge, sales):
    for make in (os.link, os.symlink):
        link = sales.parent / "link.csv"
        make(sales, link)
        said = check(pyforge("convert", sales, link, "--force"), REFUSED)
        assert "the output is the input itself" in said
        link.unlink()
    assert sales.read_text() == SALES


def test_rejected_rows(pyforge, write):
    path = write("ragged.csv", SALES * 1 + "4,too,1.00,many\n" + "".join(f"{i},n{i},1.00\n" for i in range(5, 40)))
    process = pyforge("convert", path, "--json")
    said = check(process, REJECTED, None)
    record = json.loads(process.stdout)
    rejects = pathlib.Path(record["rejects_path"])
    assert record["success"] is True and record["rows_rejected"] == 1 and record["row_count"] == 38
    assert rejects == path.parent / "ragged.parquet.rejects.csv" and b"too" in rejects.read_bytes()
    assert "1 row rejected" in said
    assert is_parquet(path.with_suffix(".parquet"))


def test_rejects_of_an_earlier_conversion(pyforge, write):
    path = write("x.csv", "a,b\n1,2,3\n1,2\n")
    check(pyforge("convert", path, "--max-rejects", "60%"), REJECTED)
    words = ["convert", "x.csv", "out.parquet", "--max-rejects", "60%", "--rejects", "x.parquet.rejects.csv"]
    said = check(pyforge(*words, cwd=path.parent), REFUSED)
    assert "x.parquet.rejects.csv: the place for rejected rows is taken" in said and "--force" in said
    path.write_text("a,b\n1,2\n")
    assert "x.parquet.rejects.csv is of an earlier conversion" in check(pyforge("convert", path, "--force"), DONE)


def test_too_many_rejects_fail(pyforge, write):
    path = write("ragged.csv", "a,b\n1,2\n1,2,3\n1,2,3\n")
    said = check(pyforge("convert", path), FAILED)
    assert "--max-rejects" in said
    assert names_in(path.parent) == ["ragged.csv"]
    check(pyforge("convert", path, "--max-rejects", "100%"), REJECTED)


@pytest.mark.parametrize("most, code", [
    ("2", REJECTED), ("1", FAILED), ("0", FAILED), ("0%", FAILED), ("60%", FAILED), ("67 %", REJECTED), ("0.67", REJECTED),
    ("1.0", REJECTED), ("3", REJECTED), ("-1", USAGE), ("1.5", USAGE), ("101%", USAGE), ("few", USAGE), ("", USAGE), ("nan", USAGE),
])
def test_max_rejects_is_a_share_or_a_count(pyforge, write, most, code):
    path = write("ragged.csv", "a,b\n1,2\n1,2,3\n1,2,3\n")
    said = check(pyforge("convert", path, "--max-rejects", most), code)
    if code == USAGE:
        assert "--max-rejects" in said and "10%" in said
    if most == "1":
        assert "2 of 3 rows were rejected, more than --max-rejects allows (1); the first: the row has 3 fields" in said


def test_bad_value_has_its_place(pyforge, write):
    path = write("bad.csv", 'id,amount\n1,2\n2,"3\n4"\n5,six\n')
    process = pyforge("convert", path, "--schema", "amount:string,id:int64", "--json")
    check(process, DONE, None)
    path = write("bad.csv", 'id,note,amount\n1,"two\nlines",2\n5,x,six\n')
    process = pyforge("convert", path, "--schema", "amount:int64", "--json", "--force")
    said = check(process, FAILED, None)
    error = json.loads(process.stdout)["error"]
    assert (error["row"], error["line"], error["column"], error["column_name"]) == (2, 4, 3, "amount")
    assert error["code"] == "PF_BAD_DATA"
    assert f"pyforge: error: {path}: row 2 (line 4), column 3 'amount': " in said
    assert "  hint: " in said


# ---- the command line itself


@pytest.mark.parametrize(
    "words, says",
    [
        (["convert"], "Missing argument 'INPUT_FILE'."),
        (["convert", "sales.csv", "a", "b"], "the last argument is the folder for the outputs, and 'b' is none"),
        (["convert", "sales.csv", "--delimeter", ";"], "did you mean --delimiter?"),
        (["convert", "sales.csv", "--verbos"], "did you mean --verbose?"),
        (["convert", "sales.csv", "--compr", "zstd"], "did you mean --compression"),
        (["convert", "sales.csv", "--forc"], "did you mean --force"),
        (["convert", "sales.csv", "--no-such-thing"], "pyforge convert --help"),
        (["convert", "sales.csv", "-Z"], "there is no option -Z"),
        (["convert", "sales.csv", "-c"], "option -c needs a value"),
        (["convert", "sales.csv", "--types"], "option --types needs a value"),
        (["convert", "sales.csv", "--types", "guess"], "infer or string"),
        (["convert", "sales.csv", "-c", "lzo"], "option -c cannot be 'lzo'"),
        (["convert", "sales.csv", "--threads=many"], "a whole number"),
        (["convert", "sales.csv", "--f", "csv"], "there is no option --f"),
        (["convert", "sales.csv", "--force=perhaps"], "yes or no"),
        (["convert", "sales.csv", "--to", "dbf"], "option --to cannot be 'dbf'"),
        (["convert", "sales.csv", "--from", "orc"], "--from cannot be 'orc'"),
        (["convert", "sales.csv", "--columns", "id,gone"], "gone"),
        (["info"], "Missing argument 'INPUT_FILE'."),
        (["info", "sales.csv", "--format", "yaml"], "table or json"),
        (["conver", "sales.csv"], "did you mean convert?"),
        (["--frobnicate"], "there is no option --frobnicate"),
        (["help", "nothing"], "there is no command 'nothing'"),
    ],
)
def test_wrong_command_lines(pyforge, sales, words, says):
    said = check(pyforge(*words, cwd=sales.parent), USAGE)
    assert said.startswith("pyforge: error: ")
    assert says in said
    assert names_in(sales.parent) == ["sales.csv"]


@pytest.mark.parametrize(
    "words",
    [
        ["-fparquet"], ["-f", "PARQUET"], ["--format=parquet"], ["--to", "parquet"], ["--output-format", "parquet"],
        ["-c", "GZIP"], ["-cgzip"], ["--compression=gzip"], ["-qcgzip"], ["-qc", "gzip"],
        ["--on-error", "skip"], ["--max_rejects", "5%"], ["--memory", "64MiB"], ["--no-force"], ["--force=no"], ["-v", "-q"],
    ],
)
def test_spellings(pyforge, sales, words):
    check(pyforge("convert", *words, sales), DONE)
    assert is_parquet(sales.with_suffix(".parquet"))


def test_two_dashes_end_options(pyforge, write):
    path = write("--force", SALES)
    check(pyforge("convert", "--from", "csv", "--", path.name, "out.parquet", cwd=path.parent), DONE)
    assert is_parquet(path.parent / "out.parquet")


def test_options_of_other_formats_are_accepted(pyforge, sales):
    said = check(
        pyforge("convert", sales, "-p", "1-3", "-m", "--tables", "a,b", "--combine", "--flatten-strategy", "aggressive",
                "--array-handling", "json_string", "--namespace-handling", "strip", "--force-pyspark"), DONE)
    assert "note: option -p has no effect here" in said
    assert "note: option --flatten-strategy has no effect here" in said
    assert "note: Spark is not part of this version; the native engine was used" in said


def test_spark_engine_is_refused(pyforge, sales):
    assert "--engine native" in check(pyforge("convert", sales, "--engine", "spark"), REFUSED)
    check(pyforge("convert", sales, "--engine", "native"), DONE)


@pytest.mark.parametrize("words", [["mdf-tools", "status"], ["install", "mdf-tools"], ["install", "sample-datasets", "x"]])
def test_commands_of_other_versions(pyforge, words):
    assert "not in this version" in check(pyforge(*words), REFUSED)


@pytest.mark.parametrize("name, value", [("PYFORGE_TYPES", "guess"), ("PYFORGE_COMPAT", "0.9"), ("PYFORGE_MAX_MEMORY", "much")])
def test_bad_environment(pyforge, sales, name, value):
    said = check(pyforge("convert", sales, env={name: value}), USAGE)
    assert name in said and value in said


def test_types_by_environment(pyforge, sales):
    process = pyforge("convert", sales, "--json", env={"PYFORGE_TYPES": "string"})
    assert {column["type"] for column in json.loads(process.stdout)["columns"]} == {"string"}
    process = pyforge("convert", sales, "--json", "--force", "--types", "infer", env={"PYFORGE_TYPES": "string"})
    assert json.loads(process.stdout)["columns"][0]["type"] == "int64"


# ---- help


@pytest.mark.parametrize("command", ["convert", "info", "validate", "formats", "options", "help"])
def test_help_of_commands(pyforge, command):
    process = pyforge(command, "--help")
    assert check(process, DONE, None) == ""
    text = process.stdout.decode()
    assert text.startswith(f"Usage: pyforge {command}") and "Examples:" in text
    assert text == pyforge("help", command).stdout.decode() == pyforge(command, "gone", "--nothing", "-h").stdout.decode()
    assert max(len(line) for line in text.splitlines() if not line.startswith("  pyforge")) <= 100


def test_help_is_wrapped_to_the_width(pyforge):
    text = pyforge("convert", "--help", env={"COLUMNS": "72"}).stdout.decode()
    options = text[: text.index("Examples:")]
    assert max(len(line) for line in options.splitlines()) <= 72


def test_help_names_every_option(pyforge):
    text = pyforge("convert", "--help").stdout.decode()
    for table in json.loads(pyforge("options", "--json").stdout):
        if table["owner"].startswith("command line: ") and not table["owner"].endswith("convert"):
            continue
        for option in table["options"]:
            if option["name"] not in ("version", "list-extensions"):  # of the program, not of a command
                assert re.search(rf"--(\[no-\])?{option['name']}\b", text), option["name"]


def test_examples_of_help_work(pyforge, pyforge_path, tmp_path):
    shell = {"PATH": f"{os.path.dirname(pyforge_path)}:{os.environ['PATH']}"}
    for number, command in enumerate(("convert", "info", "validate", "formats", "options", "help")):
        text = pyforge(command, "--help").stdout.decode()
        for example in text[text.index("Examples:\n") + 10 :].splitlines():
            folder = tmp_path / f"{number}-{abs(hash(example))}"
            folder.mkdir()
            (folder / "sales.csv").write_text("zip,id,amount\n00123,1,1.50\n00456,2,2.25\n")
            (folder / "export.dat").write_text(SALES)
            subprocess.run("gzip -k sales.csv && mkdir in && cp sales.csv in", shell=True, cwd=folder, check=True)
            subprocess.run([pyforge_path, "-q", "convert", "sales.csv", "kept.parquet"], cwd=folder, check=True)
            if "sales.parquet" in example.split(">")[0].split()[2:3]:
                (folder / "kept.parquet").rename(folder / "sales.parquet")
                (folder / "sales.csv").unlink()
            process = subprocess.run(["sh", "-c", example], cwd=folder, env=clean_environment(shell), capture_output=True,
                                     check=False)
            assert process.returncode == DONE, (example, process.stderr)


# ---- formats, options, explain, info, validate


@pytest.mark.parametrize("words, hint", [
    (["convert", "x.csv", "--output", "y"], "pyforge convert INPUT OUTPUT"),
    (["convert", "x.csv", "-o", "y"], "pyforge convert INPUT OUTPUT"),
    (["convert", "x.csv", "--overwrite"], "did you mean --force?"),
    (["convert", "x.csv", "--na-values", "NA"], "did you mean --null-values?"),
    (["convert", "x.csv", "--delimeter", ","], "did you mean --delimiter?"),
    (["version"], "pyforge --version"),
    (["data.csv"], "pyforge convert data.csv"),
    (["data/x"], "pyforge convert data/x"),
    (["convrt"], "did you mean convert?"),
])
def test_words_of_other_programs(pyforge, words, hint):
    assert hint in check(pyforge(*words), USAGE)


def test_formats_line_up(pyforge):
    lines = pyforge("formats").stdout.decode().splitlines()[2:]
    at = lines[0].index("Description")
    assert len(lines) > 2 and all(line[at - 2 : at] == "  " and line[at] != " " for line in lines)


def test_formats(pyforge):
    process = pyforge("formats")
    check(process, DONE, None)
    assert process.stdout.startswith(b"Supported Formats\n")
    listed = {entry["name"]: entry for entry in json.loads(pyforge("formats", "--json").stdout)}
    assert listed["csv"]["reads"] and listed["csv"]["writes"] and ".tsv" in listed["csv"]["suffixes"]
    assert listed["parquet"]["writes"] and ".parquet" in listed["parquet"]["suffixes"]


def test_options_table(pyforge):
    tables = {table["owner"]: table["options"] for table in json.loads(pyforge("options", "--json").stdout)}
    assert {"command line", "convert", "csv reader", "parquet writer"} <= set(tables)
    compression = next(option for option in tables["parquet writer"] if option["name"] == "compression")
    assert compression["kind"] == "choice" and compression["default"] == "snappy" and "c" in compression["aliases"]
    assert {"snappy", "gzip", "zstd", "none"} <= set(compression["choices"])
    for options in tables.values():
        for option in options:
            assert option["help"].endswith(".")


def test_explain_does_nothing(pyforge, sales):
    words = ["convert", sales, "new/out.parquet", "--columns", "id,amount", "--schema", "amount:decimal(12,2)", "-c", "zstd"]
    process = pyforge(*words, "--explain", cwd=sales.parent)
    assert check(process, DONE, None) == ""
    text = process.stdout.decode()
    for part in ("csv, by content", "parquet, by suffix", "compression zstd", "new/out.parquet", "amount decimal(12,2)"):
        assert part in text
    plan = json.loads(pyforge(*words, "--explain", "--json", "--threads", "3", cwd=sales.parent).stdout)
    assert plan["input_format"] == "csv" and plan["output_format"] == "parquet" and plan["engine"] == "native"
    assert plan["threads"] == 3 and plan["memory_bytes"] == 256 << 20
    assert plan["writer_options"]["compression"] == "zstd" and plan["facts"]["delimiter"] == ","
    assert names_in(sales.parent) == ["sales.csv"]


def test_explain_of_an_output_that_exists(pyforge, sales):
    (sales.parent / "out.parquet").write_text("old")
    words = ["convert", sales, sales.parent / "out.parquet", "--explain"]
    assert "exists: --force replaces it" in pyforge(*words).stdout.decode()
    assert "replaces the file that is there" in pyforge(*words, "--force").stdout.decode()
    for more, refused in ([], True), (["--force"], False):
        plan = json.loads(pyforge(*words, *more, "--json").stdout)
        assert plan["output_exists"] is True and plan["output_refused"] is refused and plan["options"]["force"] is not refused
    assert (sales.parent / "out.parquet").read_text() == "old"
    check(pyforge("convert", sales, sales, "--to", "csv", "--explain"), REFUSED)


def test_explain_tells_types(pyforge, write):
    path = write("x.csv", "id,day,zip\n1,2024-01-31,007\n2,2024-02-01,12\n")
    text = check_answer(pyforge("convert", path, "--explain"))
    assert re.search(r"id: int64\n +day: date\n +zip: string\n", text)
    assert pyforge("convert", "-", "x.parquet", "--explain", input=path.read_bytes(), cwd=path.parent).stdout.count(b"int64") == 1
    columns = json.loads(pyforge("convert", path, "--explain", "--json").stdout)["columns"]
    assert [(column["name"], column["type"]) for column in columns] == [("id", "int64"), ("day", "date"), ("zip", "string")]
    text = check_answer(pyforge("convert", path, "--explain", "--schema", "day:int64"))
    assert "fails     in row 1: '2024-01-31' is not of the declared type int64" in text
    plan = json.loads(pyforge("convert", path, "--explain", "--json", "--schema", "day:int64").stdout)
    assert plan["error"]["row"] == 1 and plan["error"]["column_name"] == "day"


def test_explain_tells_notes_once(pyforge, write):
    process = pyforge("convert", write("semi.csv", "Report\n" + SALES.replace(",", ";")), "--explain")
    assert check(process, DONE, None) == ""
    assert process.stdout.count(b"if it is a title") == 1 and process.stdout.count(b"the delimiter is ;") == 1


def test_info_of_csv(pyforge, write):
    path = write("sales.csv", SALES.replace(",", ";"))
    process = pyforge("info", path)
    assert check(process, DONE, None) == ""
    text = process.stdout.decode()
    assert re.search(r"^File Name: +sales.csv$", text, re.M)
    assert re.search(rf"^File Size: +{len(SALES)} bytes$", text, re.M)
    assert re.search(r"^Delimiter: +;$", text, re.M)
    assert re.search(r"^Rows: +3$", text, re.M)
    record = json.loads(pyforge("info", path, "-f", "json").stdout)
    for words in (["--format=JSON"], ["--json"]):
        assert record == json.loads(pyforge("info", path, *words).stdout)
    assert record["file_name"] == "sales.csv" and record["file_size"] == len(SALES) and record["file_type"] == "CSV"
    assert record["encoding"] == "utf-8" and record["delimiter"] == ";" and record["has_header"] is True
    assert record["rows"] == 3 and [column["name"] for column in record["columns"]] == ["id", "name", "amount"]
    assert abs(record["last_modified"] - path.stat().st_mtime) < 1e-3


def test_info_of_parquet(pyforge, sales):
    sales.write_text(SALES + "".join(f"{i},a text much like the one before and the one after {i},9.00\n" for i in range(1000)))
    check(pyforge("convert", sales, "-c", "zstd"), DONE)
    record = json.loads(pyforge("info", sales.with_suffix(".parquet"), "--json").stdout)
    assert record["file_type"] == "PARQUET" and record["rows"] == 1003 and record["column_count"] == 3
    assert record["columns"][0] == {"name": "id", "type": "int64", "null_count": 0, "text_because": None}
    assert record["row_groups"] == 1 and "pyforge" in record["created_by"]
    assert "zstd" in json.dumps(record).lower()


def test_info_lines_up_wide_names(pyforge, write):
    path = write("wide.csv", "id,\u540d\u524d,caf\u00e9\n1,x,2\n")
    lines = pyforge("info", path).stdout.decode().splitlines()
    table = lines[lines.index(next(line for line in lines if "Name" in line and "Type" in line)) :]
    width = {"\u540d": 2, "\u524d": 2}

    def column_of(line, word):
        return sum(width.get(letter, 1) for letter in line[: line.rindex(word)])

    assert column_of(table[1], "int64") == column_of(table[2], "string") == column_of(table[3], "int64")


def test_validate(pyforge, sales, write):
    process = pyforge("validate", sales)
    assert check(process, DONE, "✓ sales.csv is a valid .CSV file\n".encode()) == ""
    bad = write("bad.csv", 'a,b\n1,2\n3,"4\n')
    said = check(pyforge("validate", bad), FAILED)
    assert "bad.csv" in said and "line 3" in said
    check(pyforge("validate", bad, "--compat", "1.0"), DONE)
    ragged = write("ragged.csv", "a,b\n1,2\n1,2,3\n")
    assert "row 2" in check(pyforge("validate", ragged), FAILED)
    check(pyforge("convert", sales, write("x/y", "").parent / "sales.parquet"), DONE)
    check(pyforge("validate", sales.parent / "x/sales.parquet"), DONE, "✓ sales.parquet is a valid .PARQUET file\n".encode())


def test_validate_json(pyforge, sales, write):
    record = json.loads(check_answer(pyforge("validate", sales, "--json")))
    assert record == {"valid": True, "input_path": str(sales), "file_type": "csv", "rows": 3, "rows_short": 0, "warnings": [],
                      "error": None}
    process = pyforge("validate", write("bad.csv", "a,b\n1,2\n1,2,3\n"), "--json")
    assert "row 2" in check(process, FAILED, None)
    record = json.loads(process.stdout)
    assert process.stdout.count(b"\n") == 1 and record["valid"] is False
    assert set(record["error"]) == ERROR_KEYS and record["error"]["row"] == 2 and record["error"]["line"] == 3
    process = pyforge("validate", "gone.csv", "--json")
    check(process, USAGE, None)
    assert json.loads(process.stdout)["error"]["code"] == "PF_NOT_FOUND"
    short = write("short.csv", "a,b,c\n1,2,3\n1,2\n4,5,6\n")
    record = json.loads(check_answer(pyforge("validate", short, "--json")))
    assert record["valid"] is True and record["rows_short"] == 1 and "1 row has fewer fields" in record["warnings"][0]
    check(pyforge("validate", short, "--ragged", "fail"), FAILED)


def test_validate_quietly(pyforge, sales, write):
    assert check(pyforge("validate", sales, "-q"), DONE) == ""
    assert "row 1" in check(pyforge("validate", write("bad.csv", "a,b\n1,2,3\n"), "-q"), FAILED)


# ---- what is told of rows, columns and headers


def test_short_rows_are_counted(pyforge, write):
    path = write("short.csv", "a,b,c\n1,2,3\n1,2\n4\n5,6,7\n8,9,10\n")
    process = pyforge("convert", path, "--json")
    assert "note: 2 rows have fewer fields than there are columns" in check(process, DONE, None)
    assert json.loads(process.stdout)["rows_short"] == 2
    process = pyforge("info", path)
    assert check(process, DONE, None).count("2 rows have fewer fields") == 1
    assert re.search(r"^Short Rows: +2$", process.stdout.decode(), re.M)
    said = check(pyforge("convert", path, "--force", "--ragged", "fail"), FAILED)
    assert "row 2 (line 3): the row has 2 fields, but the table has 3 columns" in said
    check(pyforge("convert", path, "--force", "--ragged", "fail-long"), DONE)
    path.write_text("a,b,c\n1,2,3\n1,2,3,4\n")
    assert "row 2 (line 3)" in check(pyforge("convert", path, "--force", "--ragged", "fail-long"), FAILED)


def test_header_among_the_rows(pyforge, write):
    path = write("twice.csv", "id,name\n1,anna\nid,name\n2,bo\n")
    assert "note: 1 row is the header once more" in check(pyforge("convert", path), DONE)
    path.write_text("id,name\n" + "1,anna\n" * 5000 + "id,name\r\n2,bo\nid,name")
    assert "note: 2 rows are the header once more" in check(pyforge("info", path), DONE, None)


def test_changed_names_are_told(pyforge, write):
    path = write("names.csv", "id, id ,name,,name\n1,2,3,4,5\n")
    said = check(pyforge("convert", path, "--header", "yes"), DONE)
    assert said.count("column names that are empty, occur twice") == 1
    assert "' id ' is called 'id_2', column 4 is called 'column_4', 'name' is called 'name_2'" in said
    path.write_text(",".join(["x"] * 9) + "\n" + ",".join("1" * 9) + "\n")
    assert "'x' is called 'x_5' and 4 more" in check(pyforge("convert", path, "--force", "--header", "yes"), DONE)
    assert "column names" not in check(pyforge("convert", path, "--force", "--header", "no"), DONE)
    assert "column names" not in check(pyforge("convert", path, "--force", "--compat", "1.0"), DONE)


def test_first_lines_that_are_no_header(pyforge, write):
    path = write("title.csv", "Report of sales\nid;b;c\n1;2;3\n4;5;6\n7;8;9\n")
    said = check(pyforge("convert", path), FAILED)
    assert "the header on line 1 has 1 field, but most rows have 3; if it is a title, --header N" in said
    assert "--header" not in check(pyforge("convert", path, "--header", "2"), DONE)
    path = write("sep.csv", "sep=;\nid;b\n1;2\n3;4\n")
    assert check(pyforge("info", path), DONE, None).count("the first line, 'sep=;', names the delimiter") == 1
    assert "sep=" not in check(pyforge("convert", path, "--skip-rows", "1"), DONE)
    check(pyforge("convert", path, path.with_suffix(".out.csv"), "--quiet"), DONE)
    assert path.with_suffix(".out.csv").read_text() == "id,b\n1,2\n3,4\n"


def test_guesses_that_lose_nothing(pyforge, write, tmp_path):
    """A guessed escape leaves plain fields alone, and an apostrophe is no quote."""
    rows = '1,\\\\srv\\share,x\n2,\\\\srv2\\pub,"he said \\"hi\\", ok"\n3,C:\\dir\\,last\n'
    path = write("escape.csv", "id,path,note\n" + rows)
    assert "note: the escape in quoted fields is \\" in check(pyforge("convert", path, tmp_path / "out.csv"), DONE)
    assert (tmp_path / "out.csv").read_text() == "id,path,note\n" + rows.replace('\\"', '""')
    assert "the escape in" not in check(pyforge("convert", path, tmp_path / "out.csv", "--force", "--escape", "\\"), DONE)
    assert "C:\\dir,last" in (tmp_path / "out.csv").read_text()
    for text in ("n,t\n1,it's\n2,don't\n3,'quoted'\n", "n,t\n1,'open\n2,close'\n3,x\n"):
        assert "quote" not in check(pyforge("convert", write("q.csv", text), tmp_path / "q.out.csv", "--force"), DONE)
        assert (tmp_path / "q.out.csv").read_text() == text


def test_lines_that_are_no_rows(pyforge, write):
    path = write("one.csv", "# made by hand\na,b\n1,2\n")
    assert "1 line of '#' before the first row was left out" in check(pyforge("convert", path), DONE)
    path = write("two.csv", "a\n1\n\n2\n\n")
    assert "note: 2 lines were left out as empty" in check(pyforge("convert", path), DONE)
    path = write("three.csv", "a,b\n1,2\n\n3,4\n")
    assert "left out" not in check(pyforge("convert", path), DONE)


def test_delimiter_that_never_occurs(pyforge, write):
    path = write("semi.csv", "a;b\n1;2\n")
    said = check(pyforge("convert", path, "-d", ","), DONE)
    assert "only one column: the delimiter ',' never occurs" in said and "1 row, 1 column" in said
    assert "never occurs" not in check(pyforge("convert", path, "--force", "-d", ";"), DONE)
    assert "never occurs" not in check(pyforge("convert", write("one.csv", "a\nx\n")), DONE)


def test_failed_conversions_tell_notes(pyforge, write):
    path = write("semi.csv", "a;b\n1;2;3\n")
    said = check(pyforge("convert", path), FAILED)
    assert said.index("note: the delimiter is ;") < said.index("error: ") and "the only row was rejected" in said
    assert "note:" not in check(pyforge("convert", path, "-q"), FAILED)


def test_why_a_column_is_text(pyforge, write):
    path = write("why.csv", "id,size,day,zip,name,none,late\n1,5,2024-01-31,007,anna,,\n2,N/A,2024-02-30,12,bo,,\n"
                 + "3,6,2024-02-01,13,eve,,4\n" * 70000 + "4,7,2024-02-01,14,jo,,x\n")
    text = check_answer(pyforge("info", path))
    for line in (r"size +string +0  row 2: 'N/A' does not fit int64", r"day +string +0  row 2: '2024-02-30' does not fit date",
                 r"zip +string +0  row 1: '007' fits no type", r"name +string +0", r"none +string +70,003",
                 r"late +string +2  row 70,003: 'x' does not fit int64", r"id +int64 +0"):
        assert re.search(rf"^ +\d  {line}$", text, re.M), line
    for command in (["info", path, "--json"], ["convert", path, "--json"]):
        columns = {column["name"]: column for column in json.loads(check_answer(pyforge(*command)))["columns"]}
        assert columns["size"]["text_because"] == {"row": 2, "reason": "'N/A' does not fit int64"}, command
        assert columns["late"]["text_because"]["row"] == 70003 and columns["late"]["null_count"] == 2, command
        assert columns["id"]["text_because"] is None and columns["none"]["text_because"] is None
    said = check(pyforge("convert", path, "--force", "-v"), DONE)
    assert "Column 'late' is text: row 70003: 'x' does not fit int64" in said
    path.write_text("d\n01/02/2024\n03/04/2024\n")
    assert "dates whose day and month may stand in either order" in check_answer(pyforge("info", path))


def test_why_is_the_same_with_any_threads(pyforge, write):
    path = write("late.csv", "a,b\n" + "1,2\n" * 900000 + "x,2\n" + "1,y\n" * 200000)
    answers = {check_answer(pyforge("info", path, "--threads", threads)) for threads in ("1", "2", "4")}
    assert len(answers) == 1
    text = answers.pop()
    assert "row 900,001: 'x' does not fit int64" in text and "row 900,002: 'y' does not fit int64" in text


# ---- values: dates, numbers, nulls


def values_of(pyforge, path, *words):
    """The output as CSV lines, typed on the way."""
    check(pyforge("convert", path, path.with_suffix(".parquet"), "--force", "--header", "yes", *words), DONE)
    return check_answer(pyforge("convert", path.with_suffix(".parquet"), "-", "--to", "csv")).splitlines()[1:]


def test_order_of_day_and_month(pyforge, write):
    path = write("d.csv", "d\n01/02/2024\n03/04/2024\n2024-05-06\n")
    said = check(pyforge("convert", path, "--schema", "d:date"), FAILED)
    assert "row 1 (line 2), column 1 'd': in '01/02/2024' either day or month may stand first" in said and "date(dmy)" in said
    assert values_of(pyforge, path, "--schema", "d:date(dmy)") == ["2024-02-01", "2024-04-03", "2024-05-06"]
    assert values_of(pyforge, path, "--schema", "d:DATE(MDY)") == ["2024-01-02", "2024-03-04", "2024-05-06"]
    path.write_text("d\n1.2.2024 10:30\n31.12.2024\n")
    assert values_of(pyforge, path, "--schema", "d:timestamp(dmy)") == ["2024-02-01 10:30:00", "2024-12-31 00:00:00"]
    assert "'31.12.2024' is not of" in check(pyforge("convert", path, "--force", "--schema", "d:timestamp(mdy)"), FAILED)
    for wrong in ("d:int64(dmy)", "d:time(dmy)", "d:date(ymd)", "d:(dmy)"):
        assert "--schema" in check(pyforge("convert", path, "--schema", wrong), USAGE)


@pytest.mark.parametrize("texts, words, values", [
    (["1,5", "2,25", "3"], ["--decimal", ","], ["1.5", "2.25", "3"]),
    (["1.234,50", "0,25", "999"], ["--decimal", ",", "--thousands", "."], ["1234.5", "0.25", "999"]),
    (["1,234", "12", "1,234,567"], ["--thousands", ","], ["1234", "12", "1234567"]),
    (["1 234,5", "-12"], ["--decimal", ",", "--thousands", "space"], ["1234.5", "-12"]),
    (["1\u202f234", "12"], ["--thousands", "\u202f"], ["1234", "12"]),
    (["2024", "2023"], ["--thousands", "."], None),
    (["2024", "2023"], ["--decimal", ",", "--thousands", "."], ["2024", "2023"]),
    # not as one pattern would print it: text
    (["1234", "1.235"], ["--decimal", ",", "--thousands", "."], "string"),
    (["1.5", "2"], ["--decimal", ","], "string"),
    (["1.23", "2"], ["--decimal", ",", "--thousands", "."], "string"),
    (["1234.567", "2"], ["--decimal", ",", "--thousands", "."], "string"),
    (["0,5", "007,5"], ["--decimal", ","], "string"),
    (["1,5", "2,25"], [], "string"),
    (["31.01.2024", "01.02.2024"], ["--decimal", ",", "--thousands", "."], ["2024-01-31", "2024-02-01"]),
])
def test_numbers_in_other_forms(pyforge, write, texts, words, values):
    path = write("n.csv", "n;m\n" + "".join(f"{text};x\n" for text in texts))
    if values is None:
        assert "--decimal , --thousands ." in check(pyforge("convert", path, "-d", ";", *words), USAGE)
        return
    process = pyforge("convert", path, "--json", "-d", ";", "--header", "yes", *words)
    check(process, DONE, None)
    column = json.loads(process.stdout)["columns"][0]
    if values == "string":
        assert column["type"] == "string"
        values = [f'"{text}"' if "," in text else text for text in texts]
    assert [line.removesuffix(",x") for line in values_of(pyforge, path, "-d", ";", *words)] == values


def test_numbers_in_other_forms_when_declared(pyforge, write):
    path = write("n.csv", "n;m;t\n1.234,50;+7;1,5\n-0,5; 1.000 ;1.5\n")
    words = ["-d", ";", "--decimal", ",", "--thousands", ".", "--schema", "n:decimal(12,2),m:int32,t:string"]
    assert values_of(pyforge, path, *words) == ['1234.50,7,"1,5"', "-0.50,1000,1.5"]
    path.write_text("n;m\n1.5;2\n")
    said = check(pyforge("convert", path, "--force", "-d", ";", "--decimal", ",", "--schema", "n:float64"), FAILED)
    assert "'1.5' is not of the declared type float64" in said
    for wrong in (["--decimal", "1"], ["--decimal", "ab"], ["--decimal", ",", "--thousands", ","], ["--thousands", "7"]):
        check(pyforge("convert", path, "--force", *wrong), USAGE)


def test_null_values(pyforge, write):
    path = write("n.csv", "a,b\n1,NA\nN/A,2\n3, x\n")
    for words in (["--null-values", "NA, N/A , x"], ["--null-values", "NA", "--null-values", "N/A,x"]):
        assert values_of(pyforge, path, *words) == ["1,", ",2", "3, x"]
    path.write_text("a,b\n1, \n2,3\n")
    assert values_of(pyforge, path, "--null-values", " ,NA") == ["1,", "2,3"]


def test_columns_that_were_misspelt(pyforge, sales):
    for words in (["--columns", "id,Amout"], ["--schema", "amonut:int64"], ["--columns", "AMOUNT"]):
        said = check(pyforge("convert", sales, *words), USAGE)
        assert "there is no column" in said and "did you mean 'amount'?" in said
    assert "the columns begin with 'id', 'name'" in check(pyforge("convert", sales, "--columns", "quantity"), USAGE)


def test_notes_on_what_is_unusual(pyforge, write):
    path = write("semi.csv", SALES.replace(",", ";"))
    assert "note: the delimiter is ;" in check(pyforge("convert", path), DONE)
    assert "note:" not in check(pyforge("convert", path, "--force", "--delimiter", ";"), DONE)


def test_replacing_a_file_of_version_1_warns(pyforge, sales):
    target = sales.with_suffix(".parquet")
    check(pyforge("convert", sales, target, "--types", "string"), DONE)
    process = pyforge("convert", sales, target, "--force", "--json")
    said = check(process, DONE, None)
    warning = json.loads(process.stdout)["warnings"][-1]
    assert "held text only" in warning and "id int64" in warning and "--types string" in warning
    assert warning in said
    process = pyforge("convert", sales, target, "--force", "--json")
    assert json.loads(process.stdout)["warnings"] == []


# ---- terminals, pipes, signals


def run_on_terminal(command, stream, env=None, feed=None, cwd=None):
    """Runs command with stream ("stdout" or "stderr") being a terminal; gives code and what the terminal saw."""
    mine, theirs = pty.openpty()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: theirs}
    process = subprocess.Popen(command, env=clean_environment(env), cwd=cwd, **pipes)
    os.close(theirs)
    feeder = threading.Thread(target=feed, args=(process.stdin,)) if feed else None
    if feeder:
        feeder.start()
    else:
        process.stdin.close()
    seen = b""
    while True:
        try:
            part = os.read(mine, 65536)
        except OSError:  # the other end was closed
            part = b""
        if not part:
            break
        seen += part
    os.close(mine)
    code = process.wait(timeout=60)
    if feeder:
        feeder.join()
    return code, seen


def feed_slowly(stdin):
    with stdin:
        stdin.write(b"id,name\n")
        for _ in range(30):
            stdin.write(b"1,a\n" * 300000)
            stdin.flush()
            time.sleep(0.05)


@pytest.mark.parametrize("words, drawn", [([], True), (["--quiet"], False), (["--progress", "never"], False)])
def test_progress_bar_on_a_terminal_only(pyforge_path, tmp_path, words, drawn):
    command = [pyforge_path, "convert", "-", "out.parquet", "--from", "csv", *words]
    code, seen = run_on_terminal(command, "stderr", feed=feed_slowly, cwd=tmp_path)
    assert code == DONE
    assert (b"reading" in seen) == drawn
    if drawn:
        last = seen.decode().replace("\r\n", "\n").rsplit("\r", 1)[-1]
        assert last.startswith("standard input -> out.parquet: ") and last.count("\n") == 1
        assert seen.count(b"reading") < 60
    assert b"\x1b" not in seen


def test_progress_bar_of_a_file_has_rate_and_time_left(pyforge_path, write):
    rows = "".join(f"{i},a text of {i * 7919 % 1000003} words and {i * 104729 % 99991} more\n" for i in range(100000))
    path = write("slow.csv", "id,text\n" + rows)
    slowly = ["--threads", "1", "-c", "gzip", "--compression-level", "12", "--row-group-size", "5000"]
    command = [pyforge_path, "convert", path, *slowly]
    code, seen = run_on_terminal(command, "stderr")
    assert code == DONE
    bars = [line for line in seen.decode().split("\r") if line.startswith("reading")]
    bar = re.compile(r"reading +\d+% \[#*\.*\] \d+ MB of \d+ MB, \d+ MB/s, \d+:\d\d left *$")
    assert bars and all(bar.match(line) and len(line) < 80 for line in bars)


def test_no_progress_bar_in_a_pipe(pyforge_path, tmp_path):
    process = subprocess.Popen([pyforge_path, "convert", "-", "out.parquet", "--from", "csv"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=clean_environment())
    feeder = threading.Thread(target=feed_slowly, args=(process.stdin,))
    feeder.start()
    said = process.stderr.read()
    feeder.join()
    assert process.wait() == DONE and b"\r" not in said and said.count(b"\n") == 1


def test_binary_output_to_a_terminal_is_refused(pyforge_path, sales):
    command = [pyforge_path, "convert", sales.name, "-", "--to", "parquet"]
    code, seen = run_on_terminal(command, "stdout", cwd=sales.parent)
    assert code == USAGE and seen == b""
    code, seen = run_on_terminal([*command[:-1], "csv"], "stdout", cwd=sales.parent)
    assert code == DONE and seen.replace(b"\r\n", b"\n").decode() == SALES


def test_closed_pipe_is_quiet(pyforge_path, write):
    path = write("long.csv", "id,name\n" + "1,some text that takes room\n" * 200000)
    process = subprocess.Popen([pyforge_path, "convert", path, "-", "--to", "csv"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=clean_environment())
    process.stdout.read(10)
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=60) == 141
    assert said == b""


def test_full_standard_output_is_an_error(pyforge_path, sales):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    for words in (["formats"], ["convert", sales, "-", "--to", "csv"]):
        with open("/dev/full", "wb") as full:
            process = subprocess.run([pyforge_path, *words], stdout=full, stderr=subprocess.PIPE, env=clean_environment(),
                                     check=False)
        assert process.returncode == FAILED
        assert b"No space left" in process.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_leave_nothing_behind(pyforge_path, tmp_path, number):
    process = subprocess.Popen([pyforge_path, "convert", "-", "new/out.parquet", "--from", "csv"], stdin=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd=tmp_path, env=clean_environment(), bufsize=0)

    is_reading = threading.Event()

    def feed():
        try:
            process.stdin.write(b"id,name\n")
            while True:
                process.stdin.write(b"1,a\n" * 100000)
                is_reading.set()  # more than a pipe holds: someone reads it
        except OSError:
            pass

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert is_reading.wait(timeout=60)
    process.send_signal(number)
    said = process.stderr.read()
    assert process.wait(timeout=60) == 128 + number
    feeder.join()
    process.stdin.close()
    assert b"interrupted; nothing was written" in said
    assert names_in(tmp_path) == []


def test_an_interrupted_pipe_was_written_to(pyforge_path, tmp_path):
    process = subprocess.Popen([pyforge_path, "convert", "-", "-", "--from", "csv", "--to", "csv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd=tmp_path, env=clean_environment(), bufsize=0)

    def feed():
        try:
            process.stdin.write(b"id,name\n")
            while True:
                process.stdin.write(b"1,a\n" * 100000)
        except OSError:
            pass

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert process.stdout.read(8) == b"id,name\n"
    process.send_signal(signal.SIGINT)
    process.stdout.close()
    said = process.stderr.read()
    code = process.wait(timeout=60)
    feeder.join()
    process.stdin.close()
    assert b"nothing was written" not in said and code in (128 + signal.SIGINT, 128 + signal.SIGPIPE)


def test_ignored_interrupt_stays_ignored(pyforge_path, sales):
    script = 'trap "" INT; "$0" convert "$1" & child=$!; kill -INT $child; wait $child'
    process = subprocess.run(["sh", "-c", script, pyforge_path, str(sales)], capture_output=True, env=clean_environment(),
                             check=False)
    assert process.returncode == DONE, process.stderr


def test_start_is_quick(pyforge_path):
    """Within 10 ms of the smallest program; the least of many runs, as others may be using the machine."""
    program = pathlib.Path(pyforge_path).read_bytes()
    if any(mark in program for mark in (b"__asan_init", b"__tsan_init", b"__gcov_")):
        pytest.skip("a build with sanitizers or coverage starts slowly")

    def least(command):
        best = float("inf")
        for _ in range(40):
            begin = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            best = min(best, time.perf_counter() - begin)
        return best

    assert least([pyforge_path, "--version"]) - least(["/bin/true"]) < 0.010


def test_validate_counts_rows_set_aside(pyforge, write):
    path = write("ragged.csv", "a,b\n1,2\n1,2,3\n5,6\n8,9\n")
    assert "row 2 (line 3)" in check(pyforge("validate", path), FAILED)
    assert json.loads(pyforge("validate", path, "--json").stdout)["rows"] == 1
    said = check(pyforge("validate", path, "--ragged", "reject"), FAILED)
    assert ("ragged.csv: row 2 (line 3): 1 of 4 rows were rejected, more than --max-rejects allows (10 %): "
            "the row has 3 fields, but the table has 2 columns") in said
    said = check(pyforge("validate", path, "--ragged", "reject", "--max-rejects", "50%"), DONE, None)
    assert "1 row is set aside, the first on line 3" in said


def test_types_asked_for_with_compat(pyforge, write, tmp_path):
    path = write("types.csv", "a\n1\n")
    out = tmp_path / "out.parquet"
    check(pyforge("convert", path, out, "--compat", "1.0"), DONE)
    assert json.loads(pyforge("info", out, "--json").stdout)["columns"][0]["type"] == "string"
    check(pyforge("convert", path, out, "--compat", "1.0", "--types", "infer", "--force"), DONE)
    assert json.loads(pyforge("info", out, "--json").stdout)["columns"][0]["type"] == "int64"


def test_shifted_text_is_refused(pyforge, tmp_path):
    path = tmp_path / "shifted.csv"
    path.write_bytes("名前,b\nテスト,2\n".encode("iso-2022-jp"))
    assert "--encoding iso-2022-jp" in check(pyforge("convert", path, "-", "--to", "csv"), FAILED)
    check(pyforge("convert", path, "-", "--to", "csv", "--encoding", "iso-2022-jp"), DONE, "名前,b\nテスト,2\n".encode())


@pytest.mark.parametrize("words, code", [("convert t.csv - --to csv", 1), ("info t.csv", 1), ("convert t.csv t.parquet --json", 5)])
def test_standard_output_that_is_closed_is_an_error(pyforge_path, write, words, code):
    path = write("t.csv", "a,b\n1,2\n")
    done = subprocess.run(["sh", "-c", f'exec "{pyforge_path}" {words} >&-'], cwd=os.path.dirname(path), env=clean_environment({}),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == code and "error" in done.stderr, done


def test_zstd_that_begins_with_a_frame_to_be_skipped(pyforge, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    path = tmp_path / "parallel.csv.zst"
    frame = pyarrow.compress(b"a,b\n1,2\n", codec="zstd", asbytes=True)
    path.write_bytes(b"\x50\x2a\x4d\x18\x04\x00\x00\x00" + len(frame).to_bytes(4, "little") + frame)
    check(pyforge("convert", path, "-", "--to", "csv"), DONE, b"a,b\n1,2\n")
