"""Settings from files and the environment, what they change in the command and in the package, reports, and logs as records."""

import contextlib
import datetime
import gzip
import hashlib
import json
import os
import pathlib
import re

import pyarrow
import pyarrow.parquet
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SALES = "id,name,amount\n1,a,1.5\n2,b,\n3,c,2.25\n"

# Prints the record of one conversion; what is logged goes to standard error.
SCRIPT = """
import json, logging, sys
import pyforge_cli
from pyforge_cli._api import attempt
logging.basicConfig(format="%(levelname)s %(message)s")
arguments = json.loads(sys.argv[1])
try:
    result = attempt(*arguments["places"], **arguments["options"])
    print(json.dumps({**result, "error": result["error_details"]}))
except pyforge_cli.PyForgeError as error:
    print(json.dumps({"success": False, "error": {"message": error.message, "source": error.source, "line": error.line, "hint": error.remedy}}))
"""


def in_keywords(text):
    """What the command says in the words of the package; options of the command alone have none."""
    for name in set(re.findall(r"--([a-z-]+)", text)) - {"verbose", "jobs", "log-json", "tpyes"}:
        text = text.replace(f"--{name}", name.replace("-", "_") + "=")
    return text.replace("pyforge options", "pyforge_cli.config()")


@pytest.fixture(params=["command", "api"])
def convert(request, tmp_path):
    """convert(INPUT, [OUTPUT], env={...}, OPTION=VALUE) -> (record, standard error), by the command or by the package."""
    if request.param == "api":
        run_python = request.getfixturevalue("run_python")

        def by_api(*places, env=None, **options):
            done = run_python(SCRIPT, json.dumps({"places": places, "options": options}), env=env)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout), done.stderr

        by_api.said = in_keywords
        return by_api
    pyforge = request.getfixturevalue("pyforge")

    def by_command(*places, env=None, **options):
        words = [f"--{name.replace('_', '-')}" if value is True else f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        done = pyforge("convert", *places, *words, "--json", env=env, cwd=tmp_path)
        return json.loads(done.stdout), done.stderr.decode()

    by_command.said = str
    return by_command


@pytest.fixture
def user_file(tmp_path):
    """Writes the user's file of settings; gives the environment in which it is found."""

    def write_file(text):
        path = tmp_path / "xdg" / "pyforge" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}

    return write_file


def types_of(record):
    return [column["type"] for column in record["columns"]]


def metadata(path):
    return pyarrow.parquet.ParquetFile(path).metadata


# ---- what each variable does


def test_types(convert, write):
    write("a.csv", SALES)
    assert types_of(convert("a.csv")[0]) == ["int64", "string", "float64"]
    assert types_of(convert("a.csv", force=True, env={"PYFORGE_TYPES": "string"})[0]) == ["string"] * 3


def test_compat(convert, write, tmp_path):
    write("a.csv", SALES)
    record, _ = convert("a.csv", env={"PYFORGE_COMPAT": "1.0"})
    assert types_of(record) == ["string"] * 3
    assert (tmp_path / "a.txt").read_bytes()[:4] == b"PAR1"


def test_compression(convert, write, tmp_path):
    write("a.csv", "id\n" + "".join(f"{row}\n" for row in range(5000)))
    convert("a.csv", env={"PYFORGE_COMPRESSION": "zstd"})
    assert metadata(tmp_path / "a.parquet").row_group(0).column(0).compression == "ZSTD"
    convert("a.csv", force=True, compression="gzip", env={"PYFORGE_COMPRESSION": "zstd"})
    assert metadata(tmp_path / "a.parquet").row_group(0).column(0).compression == "GZIP"


def test_max_memory(convert, write):
    write("a.csv", SALES)
    record, _ = convert("a.csv", env={"PYFORGE_MAX_MEMORY": "1M"})
    assert not record["success"] and convert.said("--memory is out of range") in record["error"]["message"]
    assert record["error"]["source"] == "PYFORGE_MAX_MEMORY"
    assert convert("a.csv", env={"PYFORGE_MAX_MEMORY": "32M"})[0]["success"]


def test_parallel_workers(convert, write):
    write("a.csv", SALES)
    assert convert("a.csv", env={"PYFORGE_PARALLEL_WORKERS": "3"})[0]["threads"] == 3
    assert convert("a.csv", force=True, threads=2, env={"PYFORGE_PARALLEL_WORKERS": "3"})[0]["threads"] == 2


def test_force_core(convert, write, user_file):
    write("a.csv", SALES)
    env = user_file('engine = "spark"\n')
    assert "Spark" in convert("a.csv", env=env)[0]["error"]["message"]
    assert convert("a.csv", env={**env, "PYFORGE_FORCE_CORE": "1"})[0]["processing_engine"] == "native"
    assert convert("a.csv", force=True, force_core=True, env=env)[0]["success"]
    assert not convert("a.csv", force=True, env={**env, "PYFORGE_FORCE_CORE": "0"})[0]["success"]
    assert not convert("a.csv", force=True, engine="spark", env={"PYFORGE_FORCE_CORE": "1"})[0]["success"]


def test_output_dir(convert, write, tmp_path):
    write("in/a.csv", SALES)
    env = {"PYFORGE_OUTPUT_DIR": str(tmp_path / "new" / "out")}
    assert convert("in/a.csv", env=env)[0]["output_path"] == str(tmp_path / "new" / "out" / "a.parquet")
    assert metadata(tmp_path / "new" / "out" / "a.parquet").num_rows == 3
    assert convert("in/a.csv", "b.csv", env=env)[0]["output_path"] == "b.csv"
    assert (tmp_path / "b.csv").is_file()


def test_temp_dir(convert, tmp_path):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"id": [1, 2]}), path)
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress(path.read_bytes()))
    record, _ = convert("b.parquet.gz", "b.csv", env={"PYFORGE_TEMP_DIR": str(tmp_path / "nowhere")})
    assert str(tmp_path / "nowhere") in record["error"]["message"]
    assert convert("b.parquet.gz", "b.csv", temp_dir=str(tmp_path), env={"PYFORGE_TEMP_DIR": str(tmp_path / "nowhere")})[0]["success"]


def test_log_level(convert, write):
    write("a.csv", "a;b\n1;2\n")
    assert "Input format" not in convert("a.csv")[1]
    assert "Input format: csv" in convert("a.csv", force=True, env={"PYFORGE_LOG_LEVEL": "info"})[1]
    assert "delimiter: ;" not in convert("a.csv", force=True, env={"PYFORGE_LOG_LEVEL": "info"})[1]
    assert "delimiter: ;" in convert("a.csv", force=True, env={"PYFORGE_LOG_LEVEL": "debug"})[1]
    unused = {"force": True, "row_group_size": 10}
    assert "has no effect" in convert("a.csv", "c.csv", **unused)[1]
    assert "has no effect" not in convert("a.csv", "c.csv", **unused, env={"PYFORGE_LOG_LEVEL": "error"})[1]


def test_a_warning_is_logged_once(convert, write):
    write("a.csv", SALES)
    assert convert("a.csv", "c.csv", row_group_size=10)[1].count("has no effect") == 1


def test_raise_on_error(run_python):
    script = "from pyforge_cli.extensions.databricks import forge; print(forge.convert('none.csv').get('success'))"
    assert run_python(script).stdout.strip() == "False"
    raised = run_python(script, env={"PYFORGE_RAISE_ON_ERROR": "1"})
    assert raised.returncode == 1 and "NotFoundError" in raised.stderr


# ---- files


def test_each_later_origin_wins(convert, write, tmp_path, user_file):
    write("a.csv", SALES)
    write("named.toml", "threads = 2\n")
    env = {"PYFORGE_CONFIG": str(tmp_path / "named.toml")}
    assert convert("a.csv", force=True, env=env)[0]["threads"] == 2
    env.update(user_file("threads = 3\n"))
    assert convert("a.csv", force=True, env=env)[0]["threads"] == 3
    env["PYFORGE_PARALLEL_WORKERS"] = "4"
    assert convert("a.csv", force=True, env=env)[0]["threads"] == 4
    assert convert("a.csv", force=True, threads=5, env=env)[0]["threads"] == 5


def test_home_is_where_the_user_file_lies_without_xdg(convert, write, tmp_path):
    write("a.csv", SALES)
    write("home/.config/pyforge/config.toml", 'types = "string"\n')
    env = {"XDG_CONFIG_HOME": None, "HOME": str(tmp_path / "home")}
    assert types_of(convert("a.csv", env=env)[0]) == ["string"] * 3
    assert types_of(convert("a.csv", force=True, env={**env, "XDG_CONFIG_HOME": "relative"})[0]) == ["string"] * 3
    assert types_of(convert("a.csv", force=True, env={**env, "HOME": None})[0]) == ["int64", "string", "float64"]


def test_tables_arrays_and_flags(convert, write, tmp_path, user_file):
    write("a.csv", "id;v\n1;NA\n2;-\n")
    env = user_file('force = true\nmax_rejects = 0.5\n[csv]\ndelimiter = ";"\nnull-values = ["NA", "-"]\n[extension.aws]\nregion = "x"\n')
    assert convert("a.csv", env=env)[0]["success"]
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pydict() == {"id": [1, 2], "v": [None, None]}
    assert convert("a.csv", env=env)[0]["success"], "force = true replaces the output"
    env = user_file("force = false\n")
    assert not convert("a.csv", env=env)[0]["success"]
    assert convert("a.csv", env=env, force=True)[0]["success"]


def test_a_list_is_replaced_by_a_later_origin(convert, write, tmp_path, user_file):
    write("a.csv", "id,v\n1,NA\n2,-\n")
    env = user_file('null-values = "NA"\n')
    convert("a.csv", env=env)
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet")["v"].to_pylist() == [None, "-"]
    convert("a.csv", env=env, force=True, null_values="-")
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet")["v"].to_pylist() == ["NA", None]


REFUSED = [
    ('tpyes = "string"', 1, "there is no option --tpyes", "did you mean --types?"),
    ('\ntypes = "text"', 2, "--types cannot be 'text'", "it takes infer or string"),
    ("\n\nthreads = -1", 3, "--threads is out of range", "0 (all cores)"),
    ("threads = 1.5", 1, "--threads cannot be '1.5'", "a whole number"),
    ('force = "maybe"', 1, "--force cannot be 'maybe'", "yes or no"),
    ('memory = ["1G"]', 1, "takes one value, not an array", ""),
    ("[cvs]", 1, "no format 'cvs'", "[FORMAT]"),
    ("verbose = true", 1, "--verbose is for the command line only", 'log-level = "debug"'),
    ("\njobs = 2", 2, "--jobs is for the command line only", "where the command is called"),
    ("[csv]\nlog_json = true", 2, "--log-json is for the command line only", "where the command is called"),
    ('[csv]\ndelimeter = ";"', 2, "'csv' has no option 'delimeter'", "did you mean --delimiter?"),
    ('[csv]\ncompression = "zstd"', 2, "'csv' has no option 'compression'", "pyforge options"),
    ("types: string", 1, "'=' is missing", "TOML"),
    ("a = 1\na = 2", 2, "given twice", "TOML"),
]


@pytest.mark.parametrize("text, line, message, hint", REFUSED)
def test_what_is_wrong_in_a_file_is_refused_with_its_line(convert, write, tmp_path, user_file, text, line, message, hint):
    write("a.csv", SALES)
    record, _ = convert("a.csv", env=user_file(text))
    error = record["error"]
    assert not record["success"] and convert.said(message) in error["message"] and convert.said(hint) in (error["hint"] or "")
    assert error["source"].endswith("config.toml") and error["line"] == line
    assert not (tmp_path / "a.parquet").exists()


def test_every_option_of_the_command_alone_is_told_as_one(pyforge, write, tmp_path):
    """What the command line takes of convert and a file does not: none of them is "no option"."""
    tables = json.loads(pyforge("options", "--json").stdout)
    listed = [option["name"] for table in tables if table["owner"].startswith("command line") for option in table["options"]]
    listed = sorted({name for name in listed if name != "format"})  # of info; of convert a file may say it
    assert {"jobs", "verbose"} <= set(listed)
    source, alone = write("sales.csv", SALES), set()
    for name in listed:
        said = pyforge("convert", source, env={"PYFORGE_CONFIG": write("settings.toml", f"{name} = []\n")}).stderr.decode()
        assert "there is no option" not in said, (name, said)
        if "for the command line only" in said:
            alone.add(name)
    documented = (ROOT / "docs" / "settings.md").read_text().split("Not for files and the environment")[1].split("which tell")[0]
    assert alone - {"help", "version", "no-extensions", "list-extensions"} == set(re.findall("--([a-z-]+)", documented))


def test_a_wrong_file_is_wrong_usage(pyforge, write, user_file):
    path = write("a.csv", SALES)
    done = pyforge("convert", path, env=user_file("x"))
    assert done.returncode == 2 and b"config.toml: line 1: '=' is missing" in done.stderr
    assert pyforge("config", env=user_file("x")).returncode == 2


def test_a_named_file_must_be_there(convert, write, tmp_path):
    write("a.csv", SALES)
    record, _ = convert("a.csv", env={"PYFORGE_CONFIG": str(tmp_path / "none.toml")})
    assert "none.toml" in record["error"]["message"] and "PYFORGE_CONFIG" in record["error"]["hint"]
    assert convert("a.csv", env={"PYFORGE_CONFIG": ""})[0]["success"]


def test_a_file_of_the_user_that_cannot_be_read_is_passed_over(convert, pyforge, write, tmp_path):
    write("a.csv", SALES)
    (tmp_path / "xdg" / "pyforge" / "config.toml").mkdir(parents=True)
    env = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert convert("a.csv", env=env)[0]["success"]
    files = json.loads(pyforge("config", "--json", env=env).stdout)["files"]
    assert [file["read"] for file in files if file["named_by"] == "user"] == [False]
    assert any("cannot read" in (file["problem"] or "") for file in files)


def test_settings_in_a_pipe_do_not_hold_up(convert, write, tmp_path):
    write("a.csv", SALES)
    os.mkfifo(tmp_path / "fifo")
    record, _ = convert("a.csv", env={"PYFORGE_CONFIG": str(tmp_path / "fifo")})
    assert "it is no file" in record["error"]["message"] and "PYFORGE_CONFIG" in record["error"]["hint"]
    (tmp_path / "xdg" / "pyforge").mkdir(parents=True)
    (tmp_path / "fifo").rename(tmp_path / "xdg" / "pyforge" / "config.toml")
    assert convert("a.csv", env={"XDG_CONFIG_HOME": str(tmp_path / "xdg")})[0]["success"]


def test_validate_takes_what_settings_say_of_ragged_rows(pyforge, write, user_file):
    path = write("a.csv", "a,b\n" + "1,2\n" * 9 + "1,2,3\n")
    assert pyforge("validate", path).returncode == 1
    assert pyforge("validate", path, env=user_file('ragged = "extend"\n')).returncode == 0
    assert pyforge("validate", path, env=user_file('[csv]\nragged = "extend"\n')).returncode == 0
    assert pyforge("validate", path, "--ragged", "fail", env=user_file('ragged = "extend"\n')).returncode == 1


def test_a_variable_with_a_bad_value_is_named(convert, write):
    write("a.csv", SALES)
    record, _ = convert("a.csv", env={"PYFORGE_LOG_LEVEL": "loud", "PYFORGE_PARALLEL_WORKERS": "two"})
    assert "PYFORGE_PARALLEL_WORKERS cannot be 'two'" in record["error"]["message"]


# ---- config


def settings_by_name(pyforge, *words, env):
    shown = json.loads(pyforge("config", "--json", *words, env=env).stdout)
    return {(row["owner"], row["name"]): row for row in shown["settings"]}


def test_config_shows_which_origin_won(pyforge, user_file, tmp_path):
    env = {**user_file('threads = 3\nmemory = "1024M"\n[csv]\ndelimiter = ";"\n'), "PYFORGE_PARALLEL_WORKERS": "4"}
    rows = settings_by_name(pyforge, "--types", "string", env=env)
    path = str(tmp_path / "xdg" / "pyforge" / "config.toml")

    def won(name, owner="convert"):
        row = rows[owner, name]
        return row["value"], row["source"], row["place"], row["line"]

    assert won("threads") == ("4", "environment", "PYFORGE_PARALLEL_WORKERS", None)
    assert won("memory") == ("1G", "file", path, 2)
    assert won("types") == ("string", "option", None, None)
    assert won("compat") == ("none", "default", None, None)
    assert won("delimiter", "csv reader") == (";", "file", path, 4)


def test_config_for_people(pyforge, user_file):
    text = pyforge("config", env={**user_file("threads = 3\n"), "PYFORGE_TYPES": "string"}).stdout.decode()
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert any(line.startswith("threads 3 /") and line.endswith("config.toml, line 1") for line in lines)
    assert "types string PYFORGE_TYPES" in lines and "compat none default" in lines
    assert any(line.endswith("config.toml: read") for line in lines)


def test_config_of_the_package(package, monkeypatch):
    monkeypatch.setenv("PYFORGE_TYPES", "string")
    shown = package.config(threads=3)
    rows = {row["name"]: row for row in shown["settings"] if row["owner"] == "convert"}
    assert rows["types"]["source"] == "environment" and rows["types"]["value"] == "string"
    assert rows["threads"]["source"] == "option" and rows["threads"]["value"] == "3"
    with pytest.raises(package.UnknownOptionError):
        package.config(tpyes="string")


# ---- secrets


def test_a_password_is_shown_nowhere(pyforge, write, tmp_path, user_file):
    path = write("a.csv", SALES)
    env = user_file('password = "s3cret"\n')
    seen = []
    for words in (["convert", path, "-v"], ["convert", path, "--log-json", "-v", "--force"], ["convert", path, "--explain"],
                  ["convert", path, "--json", "--force", "--password", "s3cret", "--report-dir", tmp_path / "reports"],
                  ["config", "--password", "s3cret"], ["config", "--json"]):
        done = pyforge(*words, env=env)
        assert done.returncode in (0, 4)
        seen += [done.stdout, done.stderr]
    seen += [report.read_bytes() for report in (tmp_path / "reports").iterdir()]
    assert not any(b"s3cret" in text for text in seen)
    assert any(b"***" in text for text in seen)


# ---- reports


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def reports_in(folder):
    return [json.loads(path.read_text()) for path in sorted(folder.iterdir())]


def test_report(convert, write, tmp_path):
    # More than one piece of the sum, and not a whole number of its blocks.
    path = write("a.csv", "id,text\n" + "".join(f"{row},{'x' * (row % 50)}\n" for row in range(60000)))
    folder = tmp_path / "reports" / "of today"
    before = datetime.datetime.now(datetime.timezone.utc)
    record, _ = convert("a.csv", env={"PYFORGE_REPORT_DIR": str(folder)})
    report, = reports_in(folder)
    assert report["report"] == 1 and report["success"] is True and report["engine"] == "native" and report["exit_code"] == 0
    assert report["input"] == {"path": "a.csv", "real_path": str(path), "size": path.stat().st_size, "sha256": sha256(path), "sha256_missing": None}
    output = tmp_path / "a.parquet"
    assert report["output"]["real_path"] == str(output) and report["output"]["sha256"] == sha256(output)
    assert report["output"]["size"] == output.stat().st_size
    assert report["rows_read"] == report["rows_written"] == 60000 and report["rows_rejected"] == 0 and report["rejects"] is None
    assert report["result"]["columns"] == record["columns"]
    assert {row["name"]: row["place"] for row in report["settings"]}["report-dir"] == "PYFORGE_REPORT_DIR"
    started, finished = (datetime.datetime.fromisoformat(report[name].replace("Z", "+00:00")[:19] + "+00:00") for name in ("started", "finished"))
    assert before.replace(microsecond=0) <= started <= finished


def test_report_of_a_failure(convert, write, tmp_path):
    write("a.csv", "a,b\n1,2,3\n")
    env = {"PYFORGE_REPORT_DIR": str(tmp_path / "reports")}
    convert("none.csv", env=env)
    convert("a.csv", env=env, ragged="fail")
    convert("a.csv", env={**env, "PYFORGE_TYPES": "x"})
    reports = reports_in(tmp_path / "reports")
    assert [report["success"] for report in reports] == [False] * 3
    assert [report["output"] for report in reports] == [None] * 3
    assert [report["result"]["error"]["code"] for report in reports] == ["PF_NOT_FOUND", "PF_BAD_DATA", "PF_BAD_OPTION"]
    assert reports[0]["input"]["sha256"] is None and reports[1]["input"]["sha256"] == sha256(tmp_path / "a.csv")
    assert all(report["engine"] == "none" and report["rows_written"] == 0 for report in reports)


def test_report_of_rejects(convert, write, tmp_path):
    write("a.csv", "a,b\n" + "1,2\n" * 30 + "1,2,3\n")
    convert("a.csv", ragged="reject", report_dir=str(tmp_path / "reports"))
    report, = reports_in(tmp_path / "reports")
    assert report["rows_rejected"] == 1 and report["rows_read"] == 31 and report["rows_written"] == 30
    assert report["rejects"]["sha256"] == sha256(tmp_path / "a.parquet.rejects.csv")


def test_report_of_pipes(pyforge, tmp_path):
    done = pyforge("convert", "-", "-", "--from", "csv", "--to", "csv", input=SALES, env={"PYFORGE_REPORT_DIR": str(tmp_path / "reports")})
    report, = reports_in(tmp_path / "reports")
    assert done.returncode == 0 and report["rows_written"] == 3
    for side in ("input", "output"):
        assert report[side]["path"] == "-" and report[side]["sha256"] is None and report[side]["sha256_missing"]


def test_a_report_leaves_a_pipe_to_its_reader(pyforge, write, tmp_path):
    write("a.csv", "id,b\n" + "1,2\n" * 9 + "x,2\n")
    for name in ("out", "rejects"):
        os.mkfifo(tmp_path / name)
    with contextlib.ExitStack() as readers:
        # open for reading before and after, so that nothing is lost with the writer
        pipes = [readers.enter_context(open(os.open(tmp_path / name, os.O_RDONLY | os.O_NONBLOCK), "rb")) for name in ("out", "rejects")]
        done = pyforge("convert", "a.csv", "out", "--to", "csv", "--force", "--rejects", "rejects", "--schema", "id:int64",
                       "--on-error", "reject", "--max-rejects", "100%", "--report-dir", "reports", cwd=tmp_path)
        assert done.returncode == 3, done.stderr
        written, rejected = (pipe.read() for pipe in pipes)
    assert written == b"id,b\n" + b"1,2\n" * 9 and b'"x,2"' in rejected
    report, = reports_in(tmp_path / "reports")
    for side in ("output", "rejects"):
        assert report[side]["sha256"] is None and report[side]["sha256_missing"] == "it is no file"
    assert report["rejects"]["size"] is None


def test_a_folder_that_takes_no_report_is_an_error_before_the_work(convert, write, tmp_path):
    write("a.csv", SALES)
    blocker = write("blocker", "")
    record, _ = convert("a.csv", env={"PYFORGE_REPORT_DIR": str(blocker)})
    assert not record["success"] and "blocker" in record["error"]["message"] and "report" in record["error"]["hint"]
    assert not (tmp_path / "a.parquet").exists()


def test_reports_of_one_process_have_names_of_their_own(run_python, write, tmp_path):
    write("a.csv", SALES)
    script = "import pyforge_cli\nfor n in range(20): pyforge_cli.convert('a.csv', f'{n}.csv', report_dir='reports')"
    done = run_python(script)
    assert done.returncode == 0, done.stderr
    assert len(reports_in(tmp_path / "reports")) == 20
    assert all(path.name.startswith("pyforge-2") for path in (tmp_path / "reports").iterdir())


# ---- records


def records(done):
    return [json.loads(line) for line in done.stderr.decode().splitlines()]


def test_messages_as_records(pyforge, write):
    path = write("a.csv", SALES)
    done = pyforge("convert", path, "--log-json", "-v", "--row-group-size", "10", "--to", "csv", "--force", path.with_name("b.csv"))
    found = records(done)
    assert done.returncode == 0 and {record["level"] for record in found} == {"debug", "info", "warning"}
    for record in found:
        assert datetime.datetime.strptime(record["time"], "%Y-%m-%dT%H:%M:%S.%fZ") and record["command"] == "convert"
    assert any("has no effect" in record["message"] for record in found if record["level"] == "warning")
    assert "3 rows" in found[-1]["message"]


def test_an_error_as_a_record_has_its_place(pyforge, write):
    path = write('a"\n\udcff.csv'.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"), "a,b\n1,2\n1,2,3\n")
    done = pyforge("--log-json", "convert", path, "--ragged", "fail")
    record = records(done)[-1]
    assert done.returncode == 1 and record["level"] == "error" and record["code"] == "PF_BAD_DATA"
    assert record["line"] == 3 and record["row"] == 2 and "hint" in record
    assert record["source"].endswith('a"\n\udcff.csv')


def test_wrong_usage_as_a_record(pyforge):
    done = pyforge("convert", "--log-json", "--tpyes", "x", "a.csv")
    record, = records(done)
    assert done.returncode == 2 and record["code"] == "PF_BAD_OPTION" and record["hint"] == "did you mean --types?"


def test_no_progress_and_no_words_beside_records(pyforge, write):
    path = write("a.csv", SALES)
    assert records(pyforge("convert", path, "--log-json", "--quiet")) == []
    assert records(pyforge("info", path.with_name("none.csv"), "--log-json"))[0]["level"] == "error"
    assert records(pyforge("validate", path.with_name("none.csv"), "--log-json"))[0]["code"] == "PF_NOT_FOUND"
