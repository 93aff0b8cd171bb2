"""Engines: extensions in Python that carry out conversions, what becomes of those that fail, and [extensions] in settings files."""

import json
import textwrap
import time

import pyarrow.parquet
import pytest

from test_extensions_python import Site

ENGINE = """
    from pyforge_cli.extensions import BaseExtension, EngineError

    class Engine:
        name = "{name}"
        description = "for tests"

        def takes(self, job):
            {takes}

        def run(self, job, context):
            {run}

    class Ext(BaseExtension):
        name = "{name}"
        description = "for tests"
        licence = "MIT"

        def is_available(self):
            return True

        def initialize(self):
            return True

        def get_engines(self):
            return [Engine()]
"""


def body(text):
    return textwrap.indent(textwrap.dedent(text).strip(), " " * 12).strip()


@pytest.fixture
def site(tmp_path, package_folder):
    made = Site(tmp_path, package_folder)
    (tmp_path / "in.csv").write_text("id,name\n1,a\n2,b\n3,c\n")
    return made


def install(site, run, takes="return True, 'it is Tuesday'", name="mock"):
    site.install(name, ENGINE.format(name=name, takes=body(takes), run=body(run)))


def convert(site, *words, check=0, output="out.parquet", **more):
    done = site.run("convert", "in.csv", output, "--json", *words, check=check, **more)
    record = json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None
    return record, done


def ids(site, output="out.parquet"):
    return pyarrow.parquet.read_table(site.folder / output)["id"].to_pylist()


def left(site):
    return sorted(path.name for path in site.folder.iterdir() if path.name not in ("site", "home", "in.csv"))


# ---- engines that do it

DONE = {
    "a table": "import pyarrow; table = pyarrow.table(context.read()); context.write(table); return table.num_rows",
    "natively": "return {**context.convert_native(), 'display': 'mock (2 cores)'}",
    "staged": """
        context.convert_native("staged.parquet")
        context.place("staged.parquet")
        import os
        os.remove("staged.parquet")
        return {"rows_written": 3, "rows_read": 3, "display": "mock (2 cores)"}
    """,
}


@pytest.mark.parametrize("how", DONE)
def test_succeeds(site, how):
    install(site, DONE[how])
    record, _ = convert(site)
    assert ids(site) == [1, 2, 3]
    assert left(site) == ["out.parquet"]
    assert record["processing_engine"] == ("mock" if how == "a table" else "mock (2 cores)")
    assert record["fallback_used"] is False and record["row_count"] == 3
    assert [attempt["engine"] for attempt in record["attempts"]] == ["mock"]
    assert record["engine_reason"] == "it is Tuesday"
    assert record["output_size_bytes"] == (site.folder / "out.parquet").stat().st_size
    native = [("id", "int64"), ("name", "string")]
    assert [(column["name"], column["type"]) for column in record["columns"]] == ([] if how == "staged" else native)


TELLS = "return {{**context.convert_native(), 'columns': {columns}}}"


@pytest.mark.parametrize(
    "columns, told",
    [
        ([{"name": "ü\n", "type": "struct<a: int8>"}], [("ü\n", "struct<a: int8>", None, None)]),
        (
            [{"name": "a", "type": "string", "null_count": 0, "text_because": {"row": None, "reason": "odd"}}],
            [("a", "string", 0, {"row": None, "reason": "odd"})],
        ),
        (({"name": "a", "type": "int8", "null_count": 2, "text_because": None, "more": 1},), [("a", "int8", 2, None)]),
        ([], []),
        (None, [("id", "int64", 0, None), ("name", "string", 0, None)]),
    ],
)
def test_columns(site, columns, told):
    """As the engine tells them; else those that the core wrote for it."""
    install(site, TELLS.format(columns=columns))
    record, done = convert(site)
    assert [(c["name"], c["type"], c["null_count"], c["text_because"]) for c in record["columns"]] == told
    assert record["warnings"] == [] and ids(site) == [1, 2, 3]
    counted = f", {len(told)} column{'' if len(told) == 1 else 's'}, "
    assert (counted in done.stderr) == bool(told)


@pytest.mark.parametrize(
    "columns",
    [
        "5",
        "'ab'",
        "[{'name': 'a'}]",
        "[{'name': 'a', 'type': None}]",
        "[{'name': 'a', 'type': ''}]",
        "[{'name': 1, 'type': 'int8'}]",
        "[{'name': '\\ud800', 'type': 'int8'}]",
        "[{'name': 'a\\0b', 'type': 'int8'}]",
        "[{'name': 'a', 'type': 'int8', 'null_count': 'many'}]",
        "[{'name': 'a', 'type': 'int8', 'null_count': 2**64}]",
        "[{'name': 'a', 'type': 'int8', 'null_count': -2}]",
        "[{'name': 'a', 'type': 'int8', 'text_because': 'odd'}]",
        "[{'name': 'a', 'type': 'int8'}] * 100_001",
    ],
)
@pytest.mark.parametrize("before", ["", "[{'name': 'z', 'type': 'int8'}] + "])
def test_columns_that_are_none(site, columns, before):
    """Half a list is none, and what was written stays."""
    if before and not columns.startswith("["):
        pytest.skip("no lists")
    install(site, TELLS.format(columns=before + columns))
    record, _ = convert(site)
    assert record["columns"] == [] and record["processing_engine"] == "mock" and ids(site) == [1, 2, 3]
    (warning,) = record["warnings"]
    assert "what the engine tells of its columns is no list of names and types" in warning


def test_columns_after_the_end(site):
    install(
        site,
        """
        global kept
        kept = job
        return context.convert_native()
        """,
        takes="""
        if "kept" in globals():
            try:
                kept._handle.column("a", "int8", 0, None, 0)
            except ValueError as error:
                return False, str(error)
        try:
            job._handle.column("a", "int8", 0, None, 0)
        except Exception as error:
            return True, type(error).__name__ + ": " + str(error)
        """,
    )
    code = (
        "import pyforge_cli\n"
        "for force in (False, True):\n"
        "    done = pyforge_cli.convert('in.csv', 'out.parquet', force=force)\n"
        "    print(done['engine_reason'], [c['name'] for c in done.columns], '<br>name: string</td>' in done._repr_html_(), sep=' | ')\n"
    )
    first, second = site.python(code).stdout.splitlines()
    assert first.startswith("OptionError: columns are told while the engine runs") and first.endswith(" | ['id', 'name'] | True")
    assert "this engine's call has ended" in second


def test_job(site):
    install(
        site,
        """
        import json
        context.progress(1, bytes_read=4)
        context.warn("slow today")
        facts = [job.input, job.input_format, job.output, job.output_format, job.input_bytes, job.data_bytes, job.replace, job.options]
        print(json.dumps(facts), job.option("types"), job.option("row-group-size"), flush=True)
        return context.convert_native()
        """,
    )
    record, done = convert(site, "--types", "string", "--force")
    told, *options = done.stdout.splitlines()[0].rpartition("]")[0] + "]", *done.stdout.splitlines()[0].rpartition("]")[2].split()
    assert json.loads(told) == ["in.csv", "csv", "out.parquet", "parquet", 20, 20, True, {"types": "string", "force": "yes"}]
    assert options == ["string", "None"]
    assert pyarrow.parquet.read_table(site.folder / "out.parquet")["id"].to_pylist() == ["1", "2", "3"]
    assert "slow today" in record["warnings"]


@pytest.mark.parametrize("how", ["natively", "staged"])
def test_warnings_of_what_is_done_natively(site, how):
    """They are the conversion's, each of them once."""
    (site.folder / "in.csv").write_text("id,name\n" + "1,a\n" * 3 + "1,2,3\n")
    install(site, DONE[how].replace('{"rows_written": 3, "rows_read": 3,', '{"rows_written": 3, "rows_read": 4, "rows_rejected": 1,'))
    record, done = convert(site, "--pages", "1", "--max-rejects", "50%", check=3)
    pages, rejected = "option --pages has no effect here (csv to parquet)", "1 row was rejected and kept in "
    assert [text[:len(rejected)] for text in record["warnings"]] == [pages[:len(rejected)], rejected], record["warnings"]
    assert done.stderr.count(pages) == 1 and done.stderr.count(rejected) == 1, done.stderr


def test_summary_names_it(site):
    install(site, DONE["natively"])
    done = site.run("convert", "in.csv", "out.parquet")
    assert "mock (2 cores) engine" in done.stdout + done.stderr


# ---- engines that do not

FALLS_BACK = {
    "refuses": ("raise AssertionError", "return False, 'needs 1 GB'"),
    "raises": ("raise RuntimeError('the cluster is away')", "return True"),
    "raises nonsense": ("return object()", "return True"),
    "raises what looks like data": ("int('x')", "return True"),
    "falls back": ("raise EngineError('time-out', 'falls back')", "return True"),
    "raises when asked": ("raise AssertionError", "raise KeyError('x')"),
    "answers nonsense": ("raise AssertionError", "return 1, 2, 3, 4"),
    "writes nothing": ("return 3", "return True"),
}


@pytest.mark.parametrize("how", FALLS_BACK)
def test_falls_back(site, how):
    run, takes = FALLS_BACK[how]
    install(site, run, takes)
    record, done = convert(site)
    asked_only = "AssertionError" in run
    assert ids(site) == [1, 2, 3]
    assert record["processing_engine"] == "native"
    assert record["fallback_used"] is not asked_only
    assert [attempt["engine"] for attempt in record["attempts"]] == (["native"] if asked_only else ["mock", "native"])
    if asked_only:
        assert record["engine_reason"].startswith("mock: ")
    else:
        assert record["attempts"][0]["failure"] == "falls back"
        assert any("the engine mock failed, native was used" in warning for warning in record["warnings"])
        assert record["duration"] - record["attempts"][0]["seconds"] < 1
    assert left(site) == ["out.parquet"]


def test_ends(site):
    install(site, "raise EngineError('no permission on the target', 'ends', remedy='ask for WRITE VOLUME')")
    record, done = convert(site, check=1)
    assert "no permission on the target" in done.stderr and "ask for WRITE VOLUME" in done.stderr
    assert left(site) == []
    assert record is None or record["attempts"][0]["failure"] == "ends"


def test_outcome_unknown(site):
    (site.folder / "out.parquet").write_bytes(b"old")
    install(site, "raise EngineError('the answer was lost', 'unknown', remedy='look at the history of the table')")
    record, done = convert(site, "--force", check=1)
    assert "outcome unknown: the engine mock failed" in done.stderr and "the history of the table" in done.stderr
    assert (site.folder / "out.parquet").read_bytes() == b"old"
    assert left(site) == ["out.parquet"]


def test_no_second_attempt_after_an_unknown_outcome(site):
    install(site, "raise EngineError('the answer was lost', 'unknown')")
    site.install(
        "again",
        """
        from pyforge_cli.extensions import BaseExtension

        class Ext(BaseExtension):
            name = "again"
            def is_available(self): return True
            def initialize(self): return True
            def hook_error_handling(self, error, context):
                context["options"]["engine"] = "native"
                return True
        """,
    )
    convert(site, check=1)
    assert left(site) == []


def test_written_and_failed(site):
    install(site, "context.convert_native(); raise RuntimeError('late')")
    _, done = convert(site, check=1)
    assert "outcome unknown" in done.stderr
    assert ids(site) == [1, 2, 3]


def test_named_engine_has_no_fallback(site):
    install(site, "raise RuntimeError('the cluster is away')")
    _, done = convert(site, "--engine", "mock", check=1)
    assert "the cluster is away" in done.stderr
    assert left(site) == []


def test_force_core(site):
    install(site, DONE["natively"])
    assert convert(site, "--force-core")[0]["processing_engine"] == "native"
    assert convert(site, "--force", env={"PYFORGE_FORCE_CORE": "1"})[0]["processing_engine"] == "native"


def test_cancelled(site):
    install(
        site,
        """
        import _thread, time
        _thread.interrupt_main()
        for _ in range(200):
            time.sleep(0.01)
        return 3
        """,
    )
    done = site.python(
        """
        import pyforge_cli
        try:
            pyforge_cli.convert("in.csv", "out.parquet")
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert done.stdout == "interrupted\n"
    assert left(site) == []


def test_result_in_python(site):
    install(site, "raise RuntimeError('the cluster is away')")
    done = site.python(
        """
        import pyforge_cli
        result = pyforge_cli.convert("in.csv", "out.parquet")
        print(result.processing_engine, result.fallback_used, [attempt["engine"] for attempt in result.attempts])
        """
    )
    assert done.stdout == "native True ['mock', 'native']\n"


def test_explain(site):
    install(site, "raise AssertionError", "return False, 'needs 1 GB'")
    assert "not       mock: needs 1 GB" in site.run("convert", "in.csv", "--explain").stdout


@pytest.mark.parametrize(
    "run, code, said",
    [
        (DONE["natively"], 0, "ok      engine mock: converts a small file, or says why not"),
        ("context.check_cancel(); return context.convert_native()", 0, "ok      engine mock: ends when it is cancelled, and leaves nothing"),
        ("raise EngineError('the cluster is away')", 0, "the cluster is away"),
        (DONE["natively"], 0, "ok      engine mock: tells which columns it has written"),
        (DONE["staged"], 0, "ok      engine mock: tells which columns it has written - it tells of none"),
        (TELLS.format(columns=[{"name": "id", "type": "int64"}]), 1, "FAILED  engine mock: tells which columns it has written"),
        ("context.convert_native(); raise RuntimeError('late')", 1, "FAILED  engine mock: leaves nothing when it has failed"),
        ("context.convert_native(); return 2", 1, "FAILED  engine mock: leaves nothing when it has failed"),
    ],
)
def test_conformance(site, run, code, said):
    install(site, run)
    assert said in site.run("extensions", "test", "mock", check=code).stdout


# ---- [extensions]

SETTINGS = """
    from pyforge_cli.extensions import BaseExtension

    class Ext(BaseExtension):
        name = "tuned"

        def is_available(self):
            return True

        def initialize(self):
            return True

        def get_commands(self):
            return {"tuned": lambda argv: print(self.settings)}
"""


def configure(site, text):
    folder = site.folder / "home" / "config" / "pyforge"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(textwrap.dedent(text))


def test_own_settings(site):
    site.install("tuned", SETTINGS)
    configure(site, '[extensions.tuned]\nhost = "a\\"b"\nretries = 3\nratio = 0.5\non = true\nnames = ["a", "b"]\n[extensions.other]\nx = 1\n')
    told = {"host": 'a"b', "retries": 3, "ratio": 0.5, "on": True, "names": ["a", "b"]}
    assert site.run("tuned").stdout == f"{told}\n"
    site.run("convert", "in.csv", "out.parquet")


@pytest.mark.parametrize(
    "text, env, state",
    [
        ('[extensions]\ndisable = ["tuned"]\n', {}, "disabled"),
        ('[extensions]\ndisable = "tuned"\n', {}, "disabled"),
        ('[extensions]\ndisable = ["*"]\nenable = ["tuned"]\n', {}, "loaded"),
        ('[extensions]\nenable = ["tuned"]\n', {"PYFORGE_DISABLE_EXTENSIONS": "tuned"}, "disabled"),
        ("", {}, "loaded"),
        ("", {"DATABRICKS_EXTENSION_DISABLED": "1"}, "loaded"),
    ],
)
def test_enable_and_disable(site, text, env, state):
    site.install("tuned", SETTINGS)
    configure(site, text)
    row = site.rows(env=env)["tuned"][0]
    assert row["state"] == state, row
    if state == "disabled" and not env:
        assert "config.toml, [extensions] disable" in row["reason"]


@pytest.mark.parametrize("value, disabled", [("1", True), ("true", True), ("0", False), ("false", False), ("", False)])
def test_variable_of_databricks(site, value, disabled):
    site.install("databricks", SETTINGS.replace('"tuned"', '"databricks"'))
    row = site.rows(env={"DATABRICKS_EXTENSION_DISABLED": value})["databricks"][0]
    assert (row["state"] == "disabled") is disabled
    assert not disabled or "DATABRICKS_EXTENSION_DISABLED" in row["reason"]


@pytest.mark.parametrize(
    "text, said",
    [
        ('[extensions]\ndisabled = ["a"]\n', "[extensions] has no 'disabled'"),
        ("[extensions]\ndisable = 3\n", "takes names of extensions"),
        ("[extensions]\ndisable = [3]\n", "takes names of extensions"),
        ("[extensionz]\ndisable = []\n", "there is no format 'extensionz'"),
    ],
)
def test_wrong_settings(site, text, said):
    configure(site, text)
    done = site.run("convert", "in.csv", "out.parquet", check=2)
    assert said in done.stderr and "config.toml" in done.stderr


# ---- targets that are no files

TABLES = """
    import json, pathlib
    rows = context.convert_native("staged.parquet")["row_count"]
    kept = dict(vars(job))
    kept.pop("_handle")
    pathlib.Path("log.json").write_text(json.dumps(kept))
    return {"rows_written": rows, "bytes_written": 77, "display": "mock (2 cores)"}
"""


def install_tables(site, run=TABLES, takes="return True, 'a session is there'", name="mock", formats=("delta",), tables=True):
    source = ENGINE.format(name=name, takes=body(takes), run=body(run))
    source = source.replace("        description =", f"        formats = {formats!r}\n        tables = {tables!r}\n        description =", 1)
    site.install(name, source)


def job_of(site):
    return json.loads((site.folder / "log.json").read_text())


def table(site, *words, check=0, **more):
    # The package's own extension has an engine that writes tables, too.
    done = site.run("convert", "in.csv", "--json", *words, check=check, env={"PYFORGE_DISABLE_EXTENSIONS": "databricks"}, **more)
    return (json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None), done


def test_a_table_is_written_by_an_engine(site):
    install_tables(site)
    record, _ = table(site, "--table", "main.sales.orders", "--mode", "append", "--merge-schema", "--staging", "st", "--timezone", "Europe/Paris",
                      "--delimiter", ",")
    assert (record["output_path"], record["output_format"], record["row_count"]) == ("main.sales.orders", "delta", 3)
    assert (record["processing_engine"], record["output_size_bytes"], record["warnings"]) == ("mock (2 cores)", 77, [])
    job = job_of(site)
    assert (job["engines_only"], job["table"], job["mode"], job["merge_schema"]) == (True, "main.sales.orders", "append", True)
    assert (job["staging"], job["timezone"], job["replace"], job["output"]) == ("st", "Europe/Paris", False, "main.sales.orders")
    assert pyarrow.parquet.read_table(site.folder / "staged.parquet")["id"].to_pylist() == [1, 2, 3]


@pytest.mark.parametrize("words, mode, replace", [
    ((), "error", False), (("--force",), "overwrite", True), (("--mode", "overwrite"), "overwrite", True),
    (("--force", "--mode", "append"), "append", False),
])
def test_modes(site, words, mode, replace):
    install_tables(site)
    table(site, "--table", "t", *words)
    assert (job_of(site)["mode"], job_of(site)["replace"], job_of(site)["staging"], job_of(site)["timezone"]) == (mode, replace, None, "UTC")


@pytest.mark.parametrize("words, output", [
    (("out", "--to", "delta"), "out"), (("there", "--to", "DELTA"), "there"), (("--to", "delta"), "in.delta"),
    (("--to", "delta", "--output-dir", "there"), "there/in.delta"), (("out.parquet", "--to", "delta"), "out.parquet"),
])
def test_a_format_that_only_an_engine_writes(site, words, output):
    install_tables(site)
    (site.folder / "there").mkdir()
    record, _ = table(site, *words)
    assert (record["output_path"], record["output_format"]) == (output, "delta")
    assert (job_of(site)["output"], job_of(site)["table"], job_of(site)["engines_only"]) == (output, None, True)


NO_ENGINE = "no engine here writes"


@pytest.mark.parametrize("how, words, code, message", [
    (None, ("--table", "t"), 4, f"{NO_ENGINE} tables: it needs a Spark session"),
    (None, ("out", "--to", "delta"), 4, f"{NO_ENGINE} delta: it needs a Spark session"),
    ({"tables": False}, ("--table", "t"), 4, f"{NO_ENGINE} tables"),
    ({"formats": ()}, ("out", "--to", "delta"), 4, f"{NO_ENGINE} delta"),
    ({}, ("--table", "t", "--to", "csv"), 4, f"{NO_ENGINE} tables of this format"),
    ({"takes": "return False, 'no session is at hand'"}, ("--table", "t"), 4, "mock: no session is at hand"),
    ({"takes": "return False, 'no session is at hand'"}, ("--table", "t", "--engine", "mock"), 4, "no session is at hand"),
    ({}, ("--table", "t", "--engine", "native"), 4, "the native engine writes files, and no tables"),
    ({}, ("out", "--to", "delta", "--force-core"), 4, "the native engine writes files, and no delta"),
    ({}, ("out.parquet", "--table", "t"), 2, "an output and a table are named"),
    ({}, ("--table", ""), 2, "names no table"),
    ({}, ("-", "--to", "delta"), 2, "delta is written to a place that has a name"),
    ({}, ("--table", "t", "--mode", "upsert"), 2, "--mode"),
    ({}, ("--table", "t", "--on-error", "reject"), 2, "name a file for them with --rejects"),
    ({}, ("out", "--to", "nothing"), 2, "option --to cannot be 'nothing'"),
])
def test_what_cannot_be_written_is_refused(site, how, words, code, message):
    if how is not None:
        install_tables(site, **how)
    _, done = table(site, *words, check=code)
    assert message in done.stderr.replace("\n", " "), done.stderr
    assert not (site.folder / "log.json").exists()


def test_an_input_that_is_read_once_goes_to_no_table(site):
    install_tables(site)
    done = site.python("""
        import io, pyforge_cli
        try:
            pyforge_cli.convert(io.BytesIO(b"a,b\\n1,2\\n"), table="t")
        except pyforge_cli.PyForgeError as error:
            print(error.status, error.message)
    """)
    assert done.stdout.startswith("PF_UNSUPPORTED only an engine of an extension writes this")


def test_options_of_tables_have_no_effect_on_files(site):
    record, _ = table(site, "out.parquet", "--mode", "append", "--merge-schema", "--timezone", "UTC")
    told = [text for text in record["warnings"] if "has no effect here" in text]
    assert [text.split()[1] for text in told] == ["--mode", "--merge-schema", "--timezone"]


@pytest.mark.parametrize("run, failure, tried", [
    ("raise EngineError('gone', 'unknown')", "unknown", 1), ("raise EngineError('no', 'ends')", "ends", 1),
    ("raise EngineError('busy')", "falls back", 2), ("from pyforge_cli import PyForgeError; open('nowhere/x')", "falls back", 2),
])
def test_a_failure_is_not_written_twice(site, run, failure, tried):
    install_tables(site, run, takes="return True, '', 10", name="first")
    install_tables(site, name="second")
    record, done = table(site, "--table", "t", "--report-dir", "reports", check=None)
    attempts = record["attempts"]
    assert (attempts[0]["engine"], attempts[0]["failure"], len(attempts)) == ("first", failure, tried)
    assert "native" not in [attempt["engine"] for attempt in attempts]
    assert (done.returncode == 0) == (tried == 2)


def test_a_table_is_explained(site):
    install_tables(site)
    done = site.run("convert", "in.csv", "--table", "t", "--explain")
    assert "engine    mock: a session is there" in done.stdout and "native" not in done.stdout


# ---- when they are loaded

LOADED = """
    import pathlib
    pathlib.Path("loaded-" + __name__).touch()
"""


def promise(site, name, adds, source):
    site.install(name, textwrap.dedent(LOADED) + textwrap.dedent(source), manifest=f"name = {name!r}\nadds = {json.dumps(adds)}\n")


@pytest.fixture
def promised(site):
    """An engine for tables and delta called spark, one that is asked about everything, and an extension that has an option only."""
    source = ENGINE.format(name="spark", takes=body("return job.engines_only, 'for tables'"), run=body("return 3"))
    source = source.replace("        description =", "        formats = ('delta',)\n        tables = True\n        description =", 1)
    promise(site, "spark", ["engine spark tables delta"], source)
    promise(site, "asked", ["engine asked"], ENGINE.format(name="asked", takes=body("return False, 'never'"), run=body("return 3")))
    promise(site, "option", ["options colour"], """
        from pyforge_cli.extensions import BaseExtension, Option

        class Ext(BaseExtension):
            name = "option"
            description = "for tests"
            licence = "MIT"

            def is_available(self):
                return True

            def initialize(self):
                return True

            def get_options(self):
                return [Option("colour", "text", help="Of a test.")]
    """)
    return site


@pytest.mark.parametrize("words, loaded", [
    (["out.parquet"], ["asked"]),
    (["out.parquet", "--engine", "native"], []),
    (["out.parquet", "--colour", "red"], ["asked", "option"]),
    (["--table", "t"], ["asked", "spark"]),
    (["--table", "t", "--to", "delta"], ["asked", "spark"]),
    (["out", "--to", "delta"], ["asked", "spark"]),
    (["--table", "t", "--engine", "spark"], ["asked", "spark"]),
    (["out.parquet", "--force-pyspark"], ["asked", "spark"]),
])
def test_is_loaded_for_what_it_is_for(promised, words, loaded):
    record, _ = table(promised, *words)
    assert sorted(path.name for path in promised.folder.glob("loaded-*")) == [f"loaded-{name}_module" for name in loaded]
    assert record["processing_engine"] == ("spark" if "--table" in words or "delta" in words else "native")
    told = [text for text in record["warnings"] if "native engine was used" in text]
    assert told == (["the native engine was used, and not Spark: for tables"] if "--force-pyspark" in words else [])


def test_the_packages_own_engine(site, package_folder):
    """Spark is found by what its manifest says, and no plain conversion loads it."""
    site.package_folder = package_folder
    env = {"PYTHONPATH": package_folder}
    forced, _ = convert(site, "--force-pyspark", env=env)
    assert "the native engine was used, and not Spark: no session of Spark is at hand" in ", ".join(forced["warnings"])
    plain, _ = convert(site, "--force", env=env)
    assert plain["warnings"] == [] and "spark" not in plain["engine_reason"]


def test_a_good_load_takes_away_an_ending_noted_meanwhile(promised):
    """This process has looked for endings before another one noted one."""
    promised.python("""
        import pathlib
        import pyforge_cli

        pyforge_cli.convert("in.csv", "out.parquet")
        noted = pathlib.Path("home/state/pyforge/crashed-spark")
        noted.write_text("1 1700000000000000000")
        result = pyforge_cli.convert("in.csv", table="t")
        assert result["processing_engine"] == "spark" and not noted.exists()
    """)
