"""What is said although a conversion goes well, and what is refused although it could be tried: forms of numbers, nulls that do not come
back, meanings that the library has no type for, records that get lost."""
import json
import os
import resource
import signal
import subprocess

import pytest

from conftest import clean_environment

DONE, FAILED, USAGE, UNTOLD = 0, 1, 2, 5


def said_by(process, code=DONE):
    assert process.returncode == code, process.stderr.decode(errors="replace")
    return process.stderr.decode()


# ---- numbers in another form


@pytest.mark.parametrize("values, options", [
    (["1,5", "2,25", "3"], "--decimal ,"),
    (["7", "1234", "1,5"], "--decimal ,"),
    (["1.234,50", "0,25"], "--decimal , --thousands ."),
    (["1 234,5", "7"], "--decimal , --thousands space"),
    (["1,234.5", "12,345"], "--thousands ,"),
    (["1'234.5", "7"], "--thousands \"'\""),
    (["1,234", "12,345"], "--decimal , or --thousands ,"),
    # the options would not make numbers of these
    (["1,5", "1.5"], None),
    (["1.5", "1,5"], None),
    (["1234", "1,234.5"], None),
    (["1,5", "n/a"], None),
    (["0,5", "007,5"], None),
    (["2024-01-31", "1,5"], None),
    (["true", "1,5"], None),
    (["192.168.100.101", "192.168.100.102"], None),
    (["555 123 456", "555 123 457"], None),
    (["anna", "bo"], None),
    (["1.5", "2"], None),
])
def test_text_that_would_be_numbers(pyforge, write, values, options):
    path = write("n.csv", "n;m\n" + "".join(f"{value};x\n" for value in values))
    said = said_by(pyforge("convert", path, "--json", "-d", ";", "--header", "yes"))
    if options is None:
        assert "read as text" not in said
        return
    assert "note: column 'n' was read as text, but all values are numbers with" in said and f": {options} reads them" in said
    words = options.split(" or ")[0].replace('"', "").split()
    process = pyforge("convert", path, "--json", "--force", "-d", ";", "--header", "yes", *words)
    assert "read as text" not in said_by(process)
    assert json.loads(process.stdout)["columns"][0]["type"] in ("int64", "float64")


def test_text_that_would_be_numbers_is_told_once_for_all_columns(pyforge, write):
    path = write("n.csv", "id;a;b;c\n" + "".join(f"{i};{i},5;{i},25;x\n" for i in range(200_000)))
    for threads in ("1", "2"):
        said = said_by(pyforge("convert", path, "--force", "--threads", threads))
        assert said.count("read as text") == 1 and "columns 'a', 'b' were read as text" in said
    assert "columns 'a', 'b' were read as text" in said_by(pyforge("info", path))
    assert "read as text" not in said_by(pyforge("convert", path, "--force", "--types", "string"))
    # the last value of all
    path.write_text(path.read_text() + "7;x;1,5;x\n")
    assert "column 'b' was read as text" in said_by(pyforge("convert", path, "--force"))


@pytest.mark.parametrize("words, message", [
    (["--decimal", "'", "--quote", "'"], "--decimal and the quote"),
    (["--thousands", '"'], "--thousands and the quote"),
    (["--decimal", ",", "--thousands", ","], "--thousands and --decimal"),
    (["-d", ",", "--quote", "none", "--decimal", ","], "--decimal and --delimiter"),
    (["-d", ",", "--quote", "none", "--thousands", ","], "--thousands and --delimiter"),
    (["--max-rejects", "1%%"], "--max-rejects cannot be '1%%'"),
    (["--max-rejects", "1 %%"], "--max-rejects"),
    (["--max-rejects", "1%x"], "--max-rejects"),
    (["--max-rejects", "%"], "--max-rejects"),
])
def test_options_that_exclude_each_other(pyforge, write, words, message):
    assert message in said_by(pyforge("convert", write("n.csv", "a,b\n1,2\n"), *words), USAGE)


@pytest.mark.parametrize("words", [["--decimal", ","], ["-d", ",", "--decimal", ","], ["-d", ",", "--thousands", ","]])
def test_marks_that_are_delimiters_part_what_is_not_in_quotes(pyforge, write, words):
    path = write("n.csv", "a,b\n1,234\n12,345\n")
    process = pyforge("convert", path, "--json", "--force", *words)
    mark = words[-2]
    assert f"the delimiter is ',', as {mark} is: numbers with it that are not in quotes are parted there" in said_by(process)
    assert [column["type"] for column in json.loads(process.stdout)["columns"]] == ["int64", "int64"]
    # quotes, or another delimiter: nothing to tell
    path.write_text('a,b\n"1,5",x\n"2,25",y\n')
    process = pyforge("convert", path, "--json", "--force", *words)
    assert "parted" not in said_by(process)
    assert json.loads(process.stdout)["columns"][0]["type"] == ("float64" if mark == "--decimal" else "string")
    path.write_text("a;b\n1,234;x\n2,250;y\n")
    if words[0] != "-d":
        assert "parted" not in said_by(pyforge("convert", path, "--json", "--force", *words))


def test_marks_that_are_delimiters_stand_in_quotes(pyforge, write):
    path = write("n.csv", 'a,b\n"1,234",x\n"12,345",y\n')
    process = pyforge("convert", path, "--json", "-d", ",", "--thousands", ",")
    assert said_by(process) and json.loads(process.stdout)["columns"][0]["type"] == "int64"


# ---- values that do not come back


def test_nulls_of_the_only_column(pyforge, write):
    path = write("n.csv", 'a,b\nx,1\n,2\n"",3\n,4\n')
    process = pyforge("convert", path, "-", "--to", "csv", "--columns", "a")
    assert process.stdout == b'a\nx\n""\n""\n""\n'
    assert '2 nulls of the only column \'a\' are written "", which may read back as an empty text' in said_by(process)
    process = pyforge("convert", path, "-", "--to", "csv", "--columns", "a", "--output-null", "NA")
    assert "only column" not in said_by(process) and process.stdout == b'a\nx\nNA\n""\nNA\n'
    back = pyforge("convert", "-", "-", "--from", "csv", "--to", "csv", "--null-values", "NA", "--output-null", "-", input=process.stdout)
    assert back.stdout == b'a\nx\n-\n""\n-\n'
    # of other types an empty text is null
    path.write_text("a,b\n1,1\n,2\n")
    for source, target in ((path, "n.parquet"), (path.with_name("n.parquet"), "back.csv"), (path.with_name("back.csv"), "back.parquet")):
        assert "only column" not in said_by(pyforge("convert", source, path.with_name(target), "--columns", "a"))
    assert path.with_name("back.csv").read_bytes() == b'a\n1\n""\n'
    columns = json.loads(pyforge("info", path.with_name("back.parquet"), "--json").stdout)["columns"]
    assert [(column["type"], column["null_count"]) for column in columns] == [("int64", 1)]


# ---- Parquet


@pytest.fixture(scope="session")
def arrow_file(tmp_path_factory):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({
        "d": pyarrow.array([1, 2, None], pyarrow.duration("ms")),
        "z": pyarrow.array([0, None, None], pyarrow.timestamp("us", tz="Europe/Berlin")),
        "u": pyarrow.array([0, 1, 2], pyarrow.timestamp("us", tz="UTC")),
        "seconds": pyarrow.array([1, 2, 3], pyarrow.duration("s")),
        "n": pyarrow.array([1, 2, 3], pyarrow.int64()),
    })
    folder = tmp_path_factory.mktemp("arrow")

    def make(name, **options):
        path = folder / name
        parquet.write_table(table, path, row_group_size=2, **options)
        return path

    return make


def test_meanings_that_only_arrow_has(pyforge, arrow_file):
    said = said_by(pyforge("convert", arrow_file("d.parquet"), "-", "--to", "csv"))
    assert "2 columns of durations are read as whole numbers: 'd' (milliseconds), 'seconds' (" in said
    assert "column 'z': the instants are kept in UTC, its zone 'Europe/Berlin' is not\n" in said
    said = said_by(pyforge("convert", arrow_file("plain.parquet", store_schema=False), "-", "--to", "csv"))
    assert "durations" not in said and "zone" not in said


def test_arrow_schemas_that_are_not_sound(pyforge, arrow_file, tmp_path):
    """Damage in it is neither an error nor read: only notes come from it."""
    content = arrow_file("whole.parquet").read_bytes()
    rows = pyforge("convert", arrow_file("whole.parquet"), "-", "--to", "csv").stdout
    begin = content.index(b"ARROW:schema") + len(b"ARROW:schema")
    path = tmp_path / "bad.parquet"
    for at in range(begin + 4, len(content) - 60, 31):
        damaged = bytearray(content)
        if chr(damaged[at]) not in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/":
            continue
        damaged[at] = ord("/")
        path.write_bytes(damaged)
        process = pyforge("convert", path, "-", "--to", "csv")
        assert said_by(process) and process.stdout == rows


def test_info_counts_nulls(pyforge, arrow_file):
    columns = json.loads(pyforge("info", arrow_file("n.parquet"), "--json").stdout)["columns"]
    assert [column["null_count"] for column in columns] == [1, 2, 0, 0, 0]
    lines = [line.split() for line in pyforge("info", arrow_file("n.parquet")).stdout.decode().splitlines()]
    assert ["2", "z", "timestamptz", "2"] in lines and ["5", "n", "int64", "0"] in lines
    columns = json.loads(pyforge("info", arrow_file("none.parquet", write_statistics=False), "--json").stdout)["columns"]
    assert [column["null_count"] for column in columns] == [None] * 5


# ---- records


def test_lost_record_of_a_conversion_that_is_done(pyforge_path, write, tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    path, out = write("n.csv", "a,b\n1,2\n"), tmp_path / "out.parquet"

    def run(*words):
        with open("/dev/full", "wb") as full:
            return subprocess.run([pyforge_path, *words], stdout=full, stderr=subprocess.PIPE, env=clean_environment(), check=False)

    for quiet in ([], ["-q"]):
        said = said_by(run("convert", path, out, "--json", "--force", *quiet), UNTOLD)
        assert out.exists() and "the conversion is done and its output is in place" in said and "No space left" in said
        out.unlink()
    for words in (["convert", path, out, "--explain"], ["info", path], ["convert", "--help"]):
        said = said_by(run(*words), FAILED)
        assert "conversion is done" not in said and not out.exists()


def test_lost_report_is_told_under_quiet(pyforge_path, write, tmp_path):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    path = write("n.csv", "a,b\n1,2\n")
    for quiet in ([], ["--quiet"]):
        process = subprocess.run([pyforge_path, "convert", path, "-", "--to", "csv", "--report-dir", tmp_path / "reports", *quiet],
                                 capture_output=True, env=clean_environment(), preexec_fn=limit, check=False)
        assert said_by(process).count("note: no report was written: ") == 1 and process.stdout == b"a,b\n1,2\n"


# ---- settings and words


def test_no_settings_file(pyforge, write, tmp_path):
    folder = tmp_path / "home" / "pyforge"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('output-null = "-"\n')
    path = write("n.csv", "a,b\n1,\n")
    for named, text in ({}, b"a,b\n1,-\n"), ({"PYFORGE_CONFIG": "/dev/null"}, b"a,b\n1,\n"):
        process = pyforge("convert", path, "-", "--to", "csv", env={"XDG_CONFIG_HOME": str(tmp_path / "home"), **named})
        assert said_by(process) and process.stdout == text


@pytest.mark.parametrize("command", ["convert", "info", "validate", "formats", "options", "config", "extensions", "help"])
def test_version_behind_a_command(pyforge, command):
    for words in (["--version"], ["-V"], ["x.csv", "--version"]):
        assert pyforge(command, *words).stdout == pyforge("--version").stdout
    assert pyforge("convert", "--", "--version").returncode == USAGE
