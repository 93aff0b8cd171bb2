"""forge: what a notebook calls, what it gives back, and what is seen of it."""

import builtins
import io
import json
import logging
import os
import sys
import threading
import time
import types

import pytest
from conftest import ROOT
from test_databricks_volumes import extensions  # noqa: F401  (a fixture)

TOKENS = {
    "DATABRICKS_TOKEN": "dapi-planted-0123456789",
    "DATABRICKS_CLIENT_SECRET": "dose-planted-0123456789",
    "SPARK_REMOTE": "sc://host:443/;token=planted-in-remote;x-databricks-cluster-id=1",
    "AWS_SECRET_ACCESS_KEY": "planted-aws-key",
}


@pytest.fixture
def forge(package):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    return PyForgeDatabricks()


@pytest.fixture
def many(tmp_path):
    """Makes files of one shape: many(name, rows)."""

    def make(name, rows=3):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("id,city\n" + "".join(f"{at},Bern {at}\n" for at in range(rows)))
        return path

    return make


class Kernel:
    """What IPython is to the package: a shell with a kernel, and displays that can be updated."""

    def __init__(self, monkeypatch, kernel=True):
        self.shown = []
        ipython = types.ModuleType("IPython")
        ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object()) if kernel else types.SimpleNamespace()
        display = types.ModuleType("IPython.display")
        display.HTML = lambda text: text
        display.display = self.display
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", display)

    def display(self, html, display_id=None):
        assert display_id is True
        self.shown.append([html])
        return types.SimpleNamespace(update=self.shown[-1].append)


@pytest.fixture
def kernel(monkeypatch):
    return Kernel(monkeypatch)


@pytest.fixture
def at_once(package, monkeypatch):
    """Progress is shown from the beginning, and every time."""
    from pyforge_cli.extensions.databricks import progress

    monkeypatch.setattr(progress, "_SHOWN_AFTER", 0.0)
    monkeypatch.setattr(progress._Cell, "every", 0.0)
    monkeypatch.setattr(progress._Lines, "every", 0.0)
    return progress


# ---- convert


def test_nested_options(forge, write):
    source = write("a.csv", "a;b\n1;2\n")
    result = forge.convert(source, csv_options={"delimiter": ";"}, excel_options=None, xml_options={}, force_core=True)
    assert [column["name"] for column in result.columns] == ["a", "b"] and result.processing_engine == "native"
    with pytest.raises(TypeError, match="csv_options must be a dictionary"):
        forge.convert(source, csv_options="delimiter=;")
    with pytest.raises(TypeError, match="delimiter"):
        forge.convert(source, csv_options={"delimeter": ";"})


def test_a_result_in_a_notebook(forge, write):
    source = write("<b>.csv", "a,<i>x</i>\n1,2\n3,4,5\n" + "6,7\n" * 20)
    html = forge.convert(source)._repr_html_()
    assert "21 rows, 2 columns" in html and "native engine" in html
    assert "1 rows rejected, kept in" in html and html.count("rejected") <= 3
    assert "&lt;i&gt;x&lt;/i&gt;" in html and "<i>" not in html and "<b>.csv" not in html
    failed = forge.convert("no<such>.csv")
    html = failed._repr_html_()
    assert "#b00020" in html and "Conversion failed" in html and "no&lt;such&gt;.csv" in html and "<such>" not in html
    assert not failed and failed.get("row_count") == 0 and failed["processing_engine"] == "none" and failed["attempts"] == []
    assert failed.exception.result is failed


def test_warnings_are_seen(forge, write):
    from pyforge_cli.extensions.databricks._html import Conversion

    result = forge.convert(write("a.csv", "a\n1\n"))
    result["warnings"] = ["a <w> came"]
    result["attempts"] = [
        {"engine": "spark", "ok": False, "reason": "no <s>", "seconds": 0.5}, {"engine": "native", "ok": True, "reason": "", "seconds": 1},
    ]
    html = result._repr_html_()
    assert "a &lt;w&gt; came" in html and "spark: no &lt;s&gt; (after 0.5 s)" in html
    failed = Conversion.of(forge.convert("none.csv"))
    failed["attempts"] = [{"engine": name, "ok": False, "reason": "broken", "seconds": 90} for name in ("spark", "native")]
    assert "native: broken (after 1 min 30 s)" in failed._repr_html_()
    failed["error_details"] = {"message": "it broke", "hint": "mend it"}
    assert "<div>mend it</div>" in failed._repr_html_()


def test_an_error_of_a_conversion_that_never_began(forge, write, monkeypatch):
    """The library raises before there is a record."""
    import pyforge_cli
    from pyforge_cli import _api

    def attempt(*given, **options):
        raise pyforge_cli.StorageError("the disk is gone")

    monkeypatch.setattr(_api, "attempt", attempt)
    result = forge.convert("a.csv", "b.parquet")
    assert result.get("output_path") == "b.parquet" and result["error"] == "the disk is gone" and result.exit_code == 1
    assert forge.get_statistics().failed_conversions == 1


def test_raising(forge, monkeypatch):
    with pytest.raises(FileNotFoundError):
        forge.convert("none.csv", raise_on_error=True)
    monkeypatch.setenv("PYFORGE_RAISE_ON_ERROR", "yes")
    with pytest.raises(FileNotFoundError):
        forge.convert("none.csv")
    assert not forge.convert("none.csv", raise_on_error=False)


@pytest.mark.parametrize("variables, name", [
    ({"DATABRICKS_RUNTIME_VERSION": "client.4.1", "DATABRICKS_ENV_VERSION": "4"}, "Databricks Serverless"),
    ({"DATABRICKS_RUNTIME_VERSION": "15.4"}, "Databricks Classic"),
    ({}, None),
])
def test_what_did_the_work_is_told(forge, write, monkeypatch, capsys, variables, name):
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    forge.convert(write("a.csv", "a\n1\n"))
    forge.convert("none.csv")
    forge.convert(write("a.csv", "a\n1\n"), progress=False)
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if line.startswith("Detected")]
    assert out == ""
    if name is None:
        assert lines == []
    else:
        assert len(lines) == 1 and lines[0].startswith(f"Detected {name} - native engine (4 bytes")
        assert "faster" not in err and "Spark optimization" not in err


def test_in_a_notebook_it_is_told_in_the_cell(forge, write, monkeypatch, capsys, kernel):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "15.4")
    result = forge.convert(write("a.csv", "a\n1\n"))
    assert capsys.readouterr().out.startswith("Detected Databricks Classic - native engine")
    result["processing_engine"] = result["converter_used"] = "spark (serverless)"
    forge._announce([result])
    assert capsys.readouterr().out == "Detected Databricks Classic - using Spark optimization (4 bytes)\n"
    result["processing_engine"], result["engine_reason"] = "native", "spark: small enough for the native engine; other: no"
    forge._announce([result])
    assert capsys.readouterr().out == "Detected Databricks Classic - native engine (4 bytes; small enough for the native engine)\n"
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.delitem(sys.modules, "IPython")
    forge._announce([result])


# ---- progress


def told(read=0, total=100, rows=5, seconds=1.0):
    import pyforge_cli

    return pyforge_cli.Progress(read, total, rows, seconds, "reading")


def test_words_of_progress(at_once):
    assert at_once.words_of(told(50_000_000, 100_000_000, 1234567, 2.0)) == "50%, 50 MB of 100 MB, 1,234,567 rows, 25 MB/s, 2 s left"
    assert at_once.words_of(told(1500, -1, 0, 0.0)) == "1.5 KB"
    assert at_once.words_of(told(100, 100, 0, 1.0)) == "100%, 100 bytes of 100 bytes, 100 bytes/s"
    assert [at_once.time_text(seconds) for seconds in (0.004, 9.4, 59, 200)] == ["0.004 s", "9.4 s", "59 s", "3 min 20 s"]
    assert [at_once.size_text(size) for size in (0, 999, 12_300_000, 1_250_000_000)] == ["0 bytes", "999 bytes", "12.3 MB", "1.25 GB"]


def test_a_bar_in_a_cell(at_once, kernel):
    bar = at_once.Bar("a<b>.csv")
    bar(told(50))
    bar(told(75))
    bar.end("3 rows")
    (updates,) = kernel.shown
    assert len(updates) == 3 and all("a&lt;b&gt;.csv" in html for html in updates)
    assert "value='0.5000'" in updates[0] and "value='1.0000'" in updates[2] and "3 rows" in updates[2]
    bar.end("broken", failed=True)
    assert "#b00020" in updates[3] and "<progress" not in updates[3]


def test_a_bar_is_updated_a_few_times_a_second(package, kernel):
    from pyforge_cli.extensions.databricks.progress import Bar

    now = [0.0]
    bar = Bar("a.csv", clock=lambda: now[0])
    for at in range(1000):
        now[0] = at / 500
        bar(told(at, 1000))
    assert 5 <= len(kernel.shown[0]) <= 8
    quick = Bar("b.csv", clock=lambda: 0.0)
    quick(told(1))
    quick.end("done")
    assert len(kernel.shown) == 1, "what is done at once shows no bar"


@pytest.mark.parametrize("broken", ["import", "display", "update", "get_ipython"])
def test_a_front_end_that_breaks_is_left_alone(at_once, kernel, monkeypatch, broken):
    def fail(*unused, **also):
        raise RuntimeError("broken")

    if broken == "import":
        monkeypatch.delattr(sys.modules["IPython.display"], "HTML")
    elif broken == "get_ipython":
        sys.modules["IPython"].get_ipython = fail
    elif broken == "display":
        sys.modules["IPython.display"].display = fail
    else:
        sys.modules["IPython.display"].display = lambda html, display_id: types.SimpleNamespace(update=fail)
    bar = at_once.Bar("a.csv")
    bar(told(50))
    bar(told(60))
    bar.end("done")
    assert not bar.is_seen


def test_lines_where_there_is_no_notebook(at_once, capsys, monkeypatch):
    quiet = at_once.Bar("a.csv")
    quiet(told(50))
    quiet.end("done")
    assert capsys.readouterr() == ("", "") and not quiet.is_seen, "nothing in jobs and pipes"
    never = at_once.Bar("a.csv", False)
    assert not never.is_seen
    asked = at_once.Bar("a.csv", True)
    asked(told(50))
    asked.end("3 rows")
    assert capsys.readouterr().err == "a.csv: 50%, 50 bytes of 100 bytes, 5 rows, 50 bytes/s, 1 s left\na.csv: 3 rows\n"
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    assert at_once.Bar("a.csv").is_seen, "a terminal where somebody types"
    terminal.close()
    monkeypatch.setattr(sys, "stderr", None)
    assert not at_once.Bar("a.csv").is_seen


def test_progress_of_a_conversion(forge, many, kernel, at_once):
    source = many("big.csv", 300_000)
    assert forge.convert(source)
    (updates,) = kernel.shown
    assert "big.csv" in updates[0] and "300,000 rows" in updates[-1]
    seen = []
    assert forge.convert(source, progress=seen.append)
    assert seen and seen[0].bytes_total == source.stat().st_size
    assert forge.convert(source, progress=False)
    assert len(kernel.shown) == 1


# ---- batch


def test_two_hundred_files_with_five_bad(forge, many, tmp_path, caplog):
    for at in range(195):
        many(f"in/{at:03}.csv", at % 7 + 1)
    for at in range(5):
        (tmp_path / "in" / f"bad{at}.csv").write_bytes(b"PK\x03\x04 no table")
    done = forge.batch_convert(str(tmp_path / "in" / "*.csv"), tmp_path / "out")
    assert (done.total, done.converted, done.failed, done.exit_code) == (200, 195, 5, 3)
    assert done.summary.rows == sum(at % 7 + 1 for at in range(195)) and not done
    assert [os.path.basename(failure["input_path"]) for failure in done.failures] == [f"bad{at}.csv" for at in range(5)]
    assert all(failure["error"] for failure in done.failures)
    assert [result["input_path"] for result in done] == sorted(str(path) for path in (tmp_path / "in").iterdir())
    assert len(list((tmp_path / "out").iterdir())) == 195
    assert repr(done).startswith("195 of 200 files converted, 5 failed") and "bad4.csv" in repr(done)
    html = done._repr_html_()
    assert html.count("#b00020") == 6 and html.index("bad0.csv") < html.index("000.csv") and "and 100 more" in html
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 5
    with pytest.raises(forge_error(), match="5 of 200 files failed, the first is .*bad0.csv"):
        done.raise_for_error()
    with pytest.raises(forge_error(), match="1 of 1 files failed"):
        forge.batch_convert(tmp_path / "in" / "bad0.csv", raise_on_error=True)
    with pytest.raises(AttributeError):
        done.nothing_of_the_kind  # noqa: B018
    json.dumps(done), json.dumps(done.summary)


def forge_error():
    import pyforge_cli

    return pyforge_cli.PyForgeError


def test_exit_codes_of_a_batch(forge, many, tmp_path):
    good = many("a.csv")
    rejected = tmp_path / "r.csv"
    rejected.write_text("a,b\n" + "1,2\n" * 30 + "1,2,3\n")
    whole = forge.batch_convert(good)
    assert whole.exit_code == 0 and whole.raise_for_error() is whole
    assert forge.batch_convert([good, rejected]).exit_code == 3
    assert forge.batch_convert(rejected)._repr_html_().count("rejected") >= 1
    nothing = forge.batch_convert(str(tmp_path / "*.none"))
    assert nothing.exit_code == 1 and "no file matches" in nothing[0]["error"] and "no file matches" in nothing[0]._repr_html_()
    assert forge.batch_convert([str(tmp_path / "*.none"), good]).exit_code == 3
    with pytest.raises(TypeError, match="needs a pattern"):
        forge.batch_convert()
    assert forge.batch_convert(file_patterns=[good], output_format="csv", output_dir=tmp_path / "o")[0].output_path.endswith("a.csv")


def test_trees(forge, many, tmp_path):
    for name in ("in/a.csv", "in/2024/a.csv", "in/2024/05/a.csv", "in/2024/b.tsv"):
        many(name)
    (tmp_path / "in" / "readme.md").write_text("no table")
    (tmp_path / "in" / "x.parquet.rejects.csv").write_text("line,offset\n")

    def made(*given, **options):
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        done = forge.batch_convert(*given, out, **options)
        assert done, done
        return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())

    tree = ["2024/05/a.parquet", "2024/a.parquet", "a.parquet"]
    assert made(str(tmp_path / "in" / "**" / "*.csv")) == tree
    assert made(tmp_path / "in", recursive=True) == sorted([*tree, "2024/b.parquet"])
    assert made(tmp_path / "in") == ["a.parquet"]
    assert made(str(tmp_path / "in" / "*.rejects.csv")) == ["x.parquet.rejects.parquet"], "taken where they are asked for"
    beside = forge.batch_convert(tmp_path / "in", recursive=True)
    assert {os.path.dirname(result.output_path) for result in beside} == {os.path.dirname(result["input_path"]) for result in beside}


def test_no_collisions(forge, many, tmp_path):
    many("in/a.csv"), many("in/a.tsv"), many("in/x/a.csv"), many("in/b.csv")
    files = [tmp_path / "in" / name for name in ("a.csv", "a.tsv", "x/a.csv", "b.csv")]
    done = forge.batch_convert(files, tmp_path / "out")
    assert done and len({result.output_path for result in done}) == 4 == len(list((tmp_path / "out").iterdir()))
    kept = {path: path.read_bytes() for path in files}
    onto = forge.batch_convert(files, tmp_path / "in", format="csv")
    assert [failure["input_path"] for failure in onto.failures] == [str(files[3])] and "the input itself" in onto.failures[0]["error"]
    assert {path: path.read_bytes() for path in files} == kept, "no input is replaced"


@pytest.mark.parametrize("given, seen", [
    ("/Volumes/c/s/v/*.csv", "/Volumes/c/s/v/*.csv"),
    ("dbfs:/Volumes/c/s/v/a.csv", "/Volumes/c/s/v/a.csv"),
    ("/dbfs/Volumes/c/s/v", "/Volumes/c/s/v"),
    ("dbfs:/tmp/a.csv", "/dbfs/tmp/a.csv"),
    ("file:/tmp/a.csv", "/tmp/a.csv"),
    ("file:///tmp/a.csv", "/tmp/a.csv"),
    ("/dbfs/tmp/a.csv", "/dbfs/tmp/a.csv"),
    ("dbfs:///Volumes/c/s/v/a.csv", "/Volumes/c/s/v/a.csv"),
    ("DBFS:/Volumes/c/s/v/a.csv", "/Volumes/c/s/v/a.csv"),
    ("File:/tmp/a.csv", "/tmp/a.csv"),
    ("/dbfs//./Volumes/c/s/v/x/../a.csv", "/Volumes/c/s/v/a.csv"),
    ("/Volumes/c/s/v/../w/a.csv", "/Volumes/c/s/v/../w/a.csv"),
    ("/dbfsx/a.csv", "/dbfsx/a.csv"),
    ("../a.csv", "../a.csv"),
    ("a.csv", "a.csv"),
])
def test_paths_of_databricks(package, given, seen):
    from pyforge_cli.extensions.databricks.batch import process_path

    assert process_path(given) == seen


def test_a_place_that_is_wrong_is_told_by_its_own_name(forge, tmp_path, many):
    """And not by that of the rejected rows beside it, of which nobody has spoken."""
    source = many("a.csv")
    result = forge.convert(source, "/Volumes/main/x.parquet")
    assert "x.parquet" in result["error"] and "rejects" not in result["error"], result["error"]


@pytest.mark.parametrize("how", [{"table": "a.b.c"}, {"format": "delta"}])
def test_a_workbook_of_several_sheets_is_no_table(forge, how):
    """What comes next is said with the sheets there are, whether there is a session or not."""
    result = forge.convert(ROOT / "examples" / "quarters.xlsx", **how)
    assert "the input has 3 sheets, and one is written: Q1, Q2, Regions" in result["error"], result["error"]
    hint = result["error_details"]["hint"]
    assert "sheet=" in hint and "combine=True" in hint and 'combine_by="name"' in hint
    for chosen in ({"sheet": "Q1"}, {"sheets": ["Q1", "Q2"], "combine": True}, {"combine_by": "name"}):
        assert "need a session of Spark" in forge.convert(ROOT / "examples" / "quarters.xlsx", **how, **chosen)["error"]


def test_failures_of_a_batch_are_told_once(forge, tmp_path):
    done = forge.batch_convert(str(tmp_path / "*.none"))
    assert repr(done).count("*.none") == 1, repr(done)
    with pytest.raises(Exception) as raised:
        done.raise_for_error()
    assert str(raised.value).count("*.none") == 1, raised.value


def test_paths_with_wildcards_in_them(forge, tmp_path, many):
    many("in/a[1].csv")
    many("in [x]/b.csv")
    assert forge.batch_convert(tmp_path / "in" / "a[1].csv", tmp_path / "out")
    assert forge.batch_convert(tmp_path / "in [x]", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a[1].parquet", "b.parquet"]


def test_cores_are_shared(package, monkeypatch):
    from pyforge_cli.extensions.databricks.batch import Run, cores

    used, most, lock, together = [], [0], threading.Lock(), [0]

    def convert(index, threads, progress):
        with lock:
            together[0] += threads
            most[0] = max(most[0], together[0])
            used.append(threads)
        time.sleep(0.01)
        with lock:
            together[0] -= threads
        return True

    class NoBar:
        def update(self, share, words):
            assert 0 <= share <= 1 and words()

    def run(sizes, threads, parallel=True):
        used.clear()
        most[0] = 0
        assert Run(convert, sizes, threads, parallel, NoBar()).go() == [True] * len(sizes)
        return used

    assert run([100], 8) == [8]
    assert run([100, 100], 8) == [4, 4] and most[0] <= 8
    assert run([10_000] + [1] * 50, 8)[0] >= 7 and most[0] <= 16
    run([100] * 40, 4)
    assert most[0] <= 4
    assert run([5, 5, -1], 6, parallel=False) == [6, 6, 6]
    assert cores() >= 1
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert cores() == os.cpu_count()


def test_files_are_converted_at_the_same_time(forge, many, tmp_path, monkeypatch):
    """Each waits for the other: one after the other they would wait for ever."""
    sources = [many("a.csv"), many("b.csv")]
    meeting = threading.Barrier(2, timeout=30)
    attempt = forge._attempt

    def slow(*given):
        meeting.wait()
        return attempt(*given)

    monkeypatch.setattr(forge, "_attempt", slow)
    assert forge.batch_convert(sources, tmp_path / "out", threads=2).converted == 2


def test_an_interrupted_batch_leaves_nothing(forge, many, tmp_path, monkeypatch):
    sources = [many(f"in/{at}.csv", 100_000) for at in range(6)]
    from pyforge_cli.extensions.databricks import progress

    def interrupt(bar, share, words):
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.Bar, "update", interrupt)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        forge.batch_convert(sources, out, threads=2, progress=False)
    made = list(out.iterdir()) if out.exists() else []  # it may end before the first
    assert all(path.suffix == ".parquet" and path.stat().st_size for path in made), "only whole files"
    assert len(made) < len(sources)


def test_a_running_conversion_is_ended(package, many, tmp_path):
    import pyforge_cli
    from pyforge_cli.extensions.databricks.batch import Run, _Stopped

    source = many("big.csv", 400_000)

    class Bar:
        def update(self, share, words):
            raise KeyboardInterrupt

    ended = []

    def convert(index, threads, progress):
        def slowed(told):
            time.sleep(0.3)
            progress(told)

        try:
            return pyforge_cli.convert(source, tmp_path / f"{index}.parquet", threads=1, progress=slowed)
        except _Stopped:
            ended.append(index)
            raise

    with pytest.raises(KeyboardInterrupt):
        Run(convert, [1, 1, 1], 2, True, Bar()).go()
    assert ended and not list(tmp_path.glob("*.parquet*"))


def test_an_unknown_option_ends_a_batch(forge, many, tmp_path):
    with pytest.raises(TypeError, match="compression"):
        forge.batch_convert([many("a.csv"), many("b.csv")], tmp_path / "out", compresion="zstd")


@pytest.fixture
def tables(package, monkeypatch):
    """What the engine is asked for: [(input, table, output, mode, merge schema, staging), ...]; tables.error is what it raises."""
    from pyforge_cli.extensions.databricks import engine, session

    asked = types.SimpleNamespace(calls=[], error=None, columns=None)

    def takes(self, job):
        return job.engines_only, "stands for Spark"

    def run(self, job, context):
        asked.calls.append((os.path.basename(job.input), job.table, job.output, job.mode, job.merge_schema, job.staging))
        asked.spark = session.session_at_hand().session
        if asked.error is not None:
            raise asked.error
        context.warn("timestamps are read as UTC")
        import pyforge_cli

        return {"rows_written": pyforge_cli.info(job.input)["rows"], "display": "spark (connect)", "columns": asked.columns}

    monkeypatch.setattr(engine.SparkEngine, "takes", takes)
    monkeypatch.setattr(engine.SparkEngine, "run", run)
    return asked


@pytest.mark.parametrize("wrong", [{"memory": "1KB"}, {"format": "exe"}, {"threads": 10**9}, {"threads": -1}, {"threads": "x"}])
def test_a_wrong_value_ends_a_batch_before_its_first_file(forge, many, tmp_path, wrong):
    many("a.csv")
    with pytest.raises(ValueError, match=f"option {next(iter(wrong))}= "):
        forge.batch_convert(f"{tmp_path}/*.csv", tmp_path / "out", **wrong)
    assert forge.stats["total"] == 0 and not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["-3", "two", "1025", "1.5"])
def test_threads_of_a_batch_from_the_environment(forge, many, tmp_path, monkeypatch, value):
    many("a.csv")
    monkeypatch.setenv("PYFORGE_PARALLEL_WORKERS", value)
    with pytest.raises(ValueError, match="PYFORGE_PARALLEL_WORKERS"):
        forge.batch_convert(f"{tmp_path}/*.csv", tmp_path / "out")


def test_a_batch_of_other_things_than_text(forge, many, tmp_path):
    source = many("a.csv")
    assert forge.batch_convert(os.fsencode(source), tmp_path / "out").converted == 1
    with pytest.raises(TypeError, match="table must be the name"):
        forge.batch_convert(source, table=5)
    with pytest.raises(TypeError, match="takes a path"):
        forge.get_info(os.fsencode(source))


def test_a_refused_path_is_of_no_volume(forge):
    known = forge.get_info("/Volumes/a/b/../../../etc/passwd")
    assert known["error"] and known["is_volume"] is False and "volume" not in known


def test_tables_of_a_batch(forge, many, tables):
    files = [many("a.csv", 2), many("b.csv", 1)]
    forge.spark = object()
    assert forge.batch_convert(files, table="main.bronze.{stem}", threads=1)
    assert sorted(call[:2] for call in tables.calls) == [("a.csv", "main.bronze.a"), ("b.csv", "main.bronze.b")]
    tables.calls.clear()
    assert forge.batch_convert(files, table="main.bronze.t", mode="overwrite")
    assert [(call[1], call[3]) for call in tables.calls] == [("main.bronze.t", "overwrite"), ("main.bronze.t", "append")]


@pytest.mark.parametrize("pattern, name, table", [
    ("main.bronze.{stem}", "a.csv", "main.bronze.a"),
    ("bronze.{stem}", "silver.customers.csv", "bronze.`silver.customers`"),
    ("bronze.{stem}", "b c.csv", "bronze.`b c`"),
    ("bronze.{stem}", "x.csv.gz", "bronze.x"),
    ("bronze.{stem}", "`; DROP TABLE x.csv", "bronze.```; DROP TABLE x`"),
    ("main.bronze.raw_{stem}_v1", "a.b.csv", "main.bronze.`raw_a.b_v1`"),
    ("bronze.`old {stem}`", "a`b.csv", "bronze.`old a``b`"),
    ("{stem}.{stem}", "a.b.csv", "`a.b`.`a.b`"),
])
def test_names_of_files_stay_one_part_of_the_name_of_a_table(package, pattern, name, table):
    from pyforge_cli.extensions.databricks.batch import tables
    from pyforge_cli.extensions.databricks.identifiers import parse_table

    assert tables(pattern, [f"/in.x/{name}"]) == [table]
    assert len(parse_table(table)) == pattern.count(".") + 1


def test_two_files_of_one_table_are_refused_before_anything_is_written(forge, many, tables):
    files = [many("sales.csv"), many("sub/Sales.csv"), many("b.csv")]
    with pytest.raises(ValueError, match="would both be the table bronze.Sales") as refused:
        forge.batch_convert(files, table="bronze.{stem}")
    assert "sub/Sales.csv" in str(refused.value) and tables.calls == []
    with pytest.raises(ValueError, match="needs backticks"):
        forge.batch_convert(files, table="bad name.{stem}")


def test_one_table_takes_the_files_in_their_order(forge, many, tables):
    files = [many("small.csv", 1), many("large.csv", 500), many("middle.csv", 20)]
    forge.spark = object()
    assert forge.batch_convert(files, table="bronze.t", threads=4)
    assert [(call[0], call[3]) for call in tables.calls] == [("small.csv", "error"), ("large.csv", "append"), ("middle.csv", "append")]


def test_a_table_is_overwritten_only_when_this_call_says_so(forge, many, tables, tmp_path, monkeypatch):
    import pyforge_cli
    from pyforge_cli.extensions.databricks.session import session_given

    source = many("a.csv")
    forge.spark = object()
    for options, mode in (({"mode": None}, "error"), ({"csv_options": {"mode": None}}, "error"), ({"mode": "append"}, "append")):
        assert forge.convert(source, table="t", **options)
        assert tables.calls.pop()[3] == mode, options
    settings = tmp_path / "settings.toml"
    settings.write_text("force = true\n")
    monkeypatch.setenv("PYFORGE_CONFIG", str(settings))
    for options, mode in (({}, "error"), ({"force": True}, "overwrite"), ({"force": False}, "error"), ({"mode": "overwrite"}, "overwrite")):
        with session_given(forge.spark):
            assert pyforge_cli.convert(source, table="t", **options)
        assert tables.calls.pop()[3] == mode, options
    # nor is a table that a settings file names, by the force that forge implies
    settings.write_text('table = "t"\n')
    assert forge.convert(source) and tables.calls.pop()[1:4] == ("t", "t", "error")
    settings.write_text("force = true\n")
    # a Delta table by its path is an output like others
    with session_given(forge.spark):
        assert pyforge_cli.convert(source, tmp_path / "d", format="delta") and tables.calls.pop()[3] == "overwrite"


def test_a_table(forge, many, tables, tmp_path, monkeypatch, capsys):
    source = many("a.csv", 2)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "15.4")
    forge.spark = object()
    result = forge.convert(source, table="main.default.t", merge_schema=True, staging="/Volumes/x", threads=2)
    assert result["row_count"] == 2 and tables.spark is forge.spark, result
    assert tables.calls == [("a.csv", "main.default.t", "main.default.t", "error", True, "/Volumes/x")]
    assert "Detected Databricks Classic - using Spark optimization (" in capsys.readouterr().err
    assert "timestamps are read as UTC" in result._repr_html_() and "spark (connect) engine" in result.told()
    assert [(attempt["engine"], attempt["ok"]) for attempt in result["attempts"]] == [("spark", True)]
    assert forge.convert(source, format="delta")
    assert forge.convert(source, tmp_path / "d", output_format="Delta", mode="append")
    assert [call[1:4] for call in tables.calls[1:]] == [(None, str(tmp_path / "a.delta"), "overwrite"), (None, str(tmp_path / "d"), "append")]
    for wrong in ({"force_core": True}, {"output_path": "a.parquet"}):
        refused = forge.convert(source, table="t", **wrong)
        assert not refused and refused.exit_code in (2, 4) and refused["error"], wrong
    assert len(tables.calls) == 3
    from pyforge_cli.extensions import EngineError

    tables.error = EngineError("outcome unknown: the connection was lost", "unknown", remedy="look for x in the history")
    lost = forge.convert(source, table="t")
    assert not lost and lost["outcome_unknown"] is True and "outcome unknown" in lost._repr_html_() and "look for x" in lost._repr_html_()


def test_when_spark_always_fails(forge, many, monkeypatch, tmp_path):
    """Each attempt of an engine that stands for Spark fails; what native can read is converted all the same, at once."""
    from pyforge_cli.extensions.databricks import engine

    def run(self, job, context):
        raise RuntimeError("the server is gone")

    monkeypatch.setattr(engine.SparkEngine, "takes", lambda self, job: (True, "stands for Spark"))
    monkeypatch.setattr(engine.SparkEngine, "run", run)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "client.4.1")
    sources = [many(f"{at}.csv", 10 + at) for at in range(20)]
    for at, source in enumerate(sources):
        began = time.monotonic()
        result = forge.convert(source, progress=False)
        assert time.monotonic() - began < 1
        assert result and result["row_count"] == 10 + at and result["processing_engine"] == "native" and result["fallback_used"]
        assert [(attempt["engine"], attempt["ok"]) for attempt in result["attempts"]] == [("spark", False), ("native", True)]
        (fallen,) = result["fallback_history"]
        assert fallen["converter"] == "spark" and "the server is gone" in fallen["reason"]
    done = forge.batch_convert(sources, tmp_path / "out", progress=False)
    assert done.converted == 20 and all(result["fallback_used"] for result in done)


def test_a_table_without_a_session(forge, many):
    result = forge.convert(many("a.csv"), table="main.default.t")
    assert not result and "session of Spark" in result["error"] and result["outcome_unknown"] is False
    assert result["processing_engine"] == "none"


def test_progress_of_a_batch(forge, many, tmp_path, kernel, at_once):
    sources = [many(f"{at}.csv", 100_000) for at in range(4)] + [tmp_path / "none.csv"]
    done = forge.batch_convert(sources, tmp_path / "out", threads=2)
    assert done.exit_code == 3
    (updates,) = kernel.shown
    assert any("of 5 files" in html for html in updates) and "4 of 5 files converted, 1 failed" in updates[-1]


# ---- preview, info, and the rest


def test_preview(forge, write):
    source = write("a.csv", 'id,n<b>,t\n1,"x,""y""\nz",\n2,NULL,"NULL"\n3,,""\n4,<i>,d\n')
    shown = forge.preview(source, rows=3)
    assert shown.columns == ["id", "n<b>", "t"] and shown.types == ["int64", "string", "string"]
    assert shown.rows == [["1", 'x,"y"\nz', None], ["2", "NULL", "NULL"], ["3", None, ""]]
    assert not shown.complete and len(shown) == 3 and list(shown)[1] == {"id": "2", "n<b>": "NULL", "t": "NULL"}
    whole = forge.preview(source)
    assert whole.complete and len(whole) == 4
    html = whole._repr_html_()
    assert "&lt;i&gt;" in html and "<i>" not in html.replace("<i style", "") and "null</i>" in html and "4 rows" in html
    assert "the first 3 rows" in shown._repr_html_() and repr(shown).splitlines()[0].split() == ["id", "n<b>", "t"]
    with pytest.raises(FileNotFoundError):
        forge.preview("none.csv")
    with pytest.raises(ValueError, match="at least 1"):
        forge.preview(source, rows=0)
    assert forge.preview(write("empty.csv", "a,b\n")).rows == []
    assert forge.preview(write("s.csv", "a;b\n1;2\n"), csv_options={"delimiter": ";"}).columns == ["a", "b"]


def test_preview_shows_what_was_declared(forge, write):
    source = write("s.csv", 'a,b\n1,2\n"",""\n')
    shown = forge.preview(source, schema={"a": "int64", "b": "string"})
    assert shown.types == ["int64", "string"] and shown.rows == [["1", "2"], [None, ""]]
    assert forge.preview(source, columns=["b"], schema="a:int64,b:string").columns == ["b"]
    plain = forge.preview(source, to="parquet")
    assert plain.types == ["int64", "int64"] and plain.rows == [["1", "2"], [None, None]]
    for rows in (1.5, "5", None):
        with pytest.raises(ValueError, match="at least 1"):
            forge.preview(source, rows=rows)


def test_preview_tells_its_notes_once(run_python, write):
    source = write("l.csv", "a;\xe9\n1;\xe4\xf6\n".encode("latin-1"))
    done = run_python("import sys\nfrom pyforge_cli.extensions.databricks import forge\nforge.preview(sys.argv[1])", source)
    lines = [line for line in done.stderr.splitlines() if "l.csv" in line or "encoding" in line]
    assert done.returncode == 0 and len(lines) == len(set(lines)), done.stderr


def test_preview_reads_the_first_rows_only(forge, many, tmp_path):
    source = many("big.csv", 2_000_000)
    parquet = forge.convert(source)["output_path"]
    first = forge.preview(parquet, rows=2)
    assert first.types == ["int64", "string"] and first.rows == [["0", "Bern 0"], ["1", "Bern 1"]] and not first.complete
    with source.open("r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b'"\xff\xff')
    started = time.perf_counter()
    assert forge.preview(source, rows=2).rows == first.rows, "what is wrong at the end is not seen"
    assert time.perf_counter() - started < 5


def test_preview_of_rows_that_are_rejected(forge, write):
    assert forge.preview(write("a.csv", "a,b\n1,2\n1,2,3\n1,2,3\n5,6\n")).rows == [["1", "2"], ["5", "6"]]


def test_info_of_volumes(forge, write, monkeypatch):
    for form in ("dbfs:///Volumes", "DBFS:/Volumes", "/dbfs/Volumes", "/Volumes", "dbfs:/Volumes"):
        known = forge.get_info(f"{form}/main/default/bronze/none.csv")
        assert (known["is_volume"], known["catalog"], known["schema"], known["volume"]) == (True, "main", "default", "bronze"), form
    assert known["exists"] is False and known["error"] and known["format"] == "csv"
    here = forge.get_info(write("a.CSV", "a\n1\n"))
    assert here["exists"] and here["modified"].startswith("20") and here["format"] == "csv" and "error" not in here
    for wrong in (forge.get_info, forge.validate):
        with pytest.raises(TypeError, match="delimiter"):
            wrong("a.csv", delimeter=";")
    assert forge.validate("none.csv").issues and not forge.validate("none.csv")


def test_facts_of_the_native_half(run_python, extensions):  # noqa: F811
    script = """
import time
from pyforge_cli.extensions.databricks import DatabricksExtension, forge
known = forge.get_environment_info()
assert known["compute_type"] == "serverless" and known["is_serverless"] and known["is_databricks"] and known["serverless_version"] == "4"
assert known["signals"]["compute_type"] == known["reason"] == "DATABRICKS_ENV_VERSION" and known["python_version"] and known["detected_at"]
times = []
for _ in range(5):
    started = time.perf_counter()
    forge.get_environment_info()
    times.append(1000 * (time.perf_counter() - started))
print(min(times))
"""
    env = {"PYFORGE_EXTENSION_PATH": extensions, "DATABRICKS_ENV_VERSION": "4", "DATABRICKS_RUNTIME_VERSION": "client.4.1"}
    done = run_python(script, env=env)
    assert done.returncode == 0, done.stderr
    print(f"get_environment_info(): {float(done.stdout):.2f} ms")
    assert float(done.stdout) < 5


def test_a_wrong_place_for_many_is_no_missing_pattern(forge, monkeypatch, many):
    import pyforge_cli

    def files(*given, **options):
        raise pyforge_cli.NotFoundError("the temporary folder is gone")

    monkeypatch.setattr(pyforge_cli, "files", files)
    with pytest.raises(FileNotFoundError, match="temporary folder"):
        forge.batch_convert(many("a.csv"))


def test_the_rest(forge):
    told = forge.install_sample_datasets("/Volumes/main/default/v", formats=["csv"])
    assert told["success"] is False and "later version" in told["error"] and told["total_files"] == 0
    assert forge.initialize() and forge.environment is forge.environment
    assert forge.get_statistics().success_rate == 0.0
    assert forge.get_environment_info()["compute_type"] == forge.environment["compute_type"]


# ---- secrets


def test_no_secret_is_told(run_python, tmp_path, write):
    """Planted tokens are looked for in everything that is said, kept or given to others."""
    write("a.csv", "a\n1\n")
    write("bad.csv", b"PK\x03\x04 no table")
    script = """
import json, logging, os, subprocess, sys
logging.basicConfig(level=logging.DEBUG)
started = []
kept = subprocess.Popen.__init__
subprocess.Popen.__init__ = lambda self, *given, **how: (started.append((given, how.get("env"))), kept(self, *given, **how))[1]
from pyforge_cli.extensions.databricks import DatabricksExtension, forge
results = [forge.convert("a.csv", report_dir="reports"), forge.convert("bad.csv"), forge.convert("none.csv"), forge.convert("a.csv", compression="x")]
done = forge.batch_convert("*.csv", "out")
for thing in (*results, done, done.summary, forge.get_info("a.csv"), forge.validate("bad.csv"), forge.preview("a.csv"),
              forge.get_environment_info(), forge.get_statistics()):
    print(repr(thing), getattr(thing, "_repr_html_", str)())
print(json.dumps([dict.items.__call__(result).__repr__() for result in results]))
extension = DatabricksExtension()
print(extension.get_environment(), extension.hook_environment_detection())
print("children", started)
"""
    env = {**TOKENS, "DATABRICKS_RUNTIME_VERSION": "15.4", "DATABRICKS_HOST": "https://example.invalid"}
    done = run_python(script, env=env)
    assert done.returncode == 0 and "children []" in done.stdout, done
    texts = [done.stdout, done.stderr, *(path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*") if path.is_file())]
    assert len(texts) > 4
    for name, secret in {**TOKENS, "SPARK_REMOTE": "planted-in-remote"}.items():
        assert not [text for text in texts if secret in text], name


# ---- without the rest of the world


@pytest.mark.parametrize("condition", ["absent", "broken"])
def test_import_is_quick_and_needs_nothing(run_python, tmp_path, condition):
    script = """
import sys, time
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pyspark", "databricks", "IPython", "pandas", "pyarrow", "numpy", "delta", "ipywidgets"):
            raise {error}
sys.meta_path.insert(0, Refuse())
started = time.process_time()
from pyforge_cli.extensions.databricks import forge, PyForgeDatabricks, DatabricksExtension
took = 1000 * (time.process_time() - started)
open("a.csv", "w").write("a,b\\n1,2\\n")
result = forge.convert("a.csv", progress=True)
assert result["row_count"] == 1 and forge.preview("a.csv").rows == [["1", "2"]]
assert forge.get_environment_info()["is_databricks"] is False
assert forge.batch_convert("*.csv", "out").converted == 1
print(took)
""".replace("{error}", "ImportError(name)" if condition == "absent" else "RuntimeError('broken installation')")
    times = []  # of the processor: the machine may have other work
    for _ in range(5):
        done = run_python(script)
        assert done.returncode == 0, done.stderr
        times.append(float(done.stdout))
    print(f"import of forge: {min(times):.0f} ms")
    assert min(times) < 100, times


def test_import_loads_next_to_nothing(run_python):
    """By this the import stays quick on a busy machine, where a time says little: what a method needs is imported by it."""
    script = """
import sys
before = set(sys.modules)
from pyforge_cli.extensions.databricks import forge
loaded = {name for name in set(sys.modules) - before if name.startswith("pyforge_cli") or name in {heavy}}
print(sorted(loaded))
assert not any("_databricks.so" in line for line in open("/proc/self/maps")), "the native half is loaded"
import pyforge_cli
from pyforge_cli.extensions.databricks import PyForgeDatabricks, __version__
assert __version__ == pyforge_cli.__version__ and isinstance(forge, PyForgeDatabricks)
""".replace("{heavy}", repr({
        "_pyforge", "abc", "asyncio", "concurrent.futures", "contextlib", "dataclasses", "datetime", "html", "inspect", "json", "logging",
        "pathlib", "pyspark", "databricks", "re", "shutil", "tempfile", "typing", "urllib", "uuid"}))
    done = run_python(script)
    assert done.returncode == 0, done.stderr
    names = ("pyforge_cli", "pyforge_cli.extensions", "pyforge_cli.extensions.databricks", "pyforge_cli.extensions.databricks.api")
    assert done.stdout.strip() == str(sorted(names))


def test_in_a_folder_that_is_gone(run_python, write):
    """A notebook's folder may be removed or renamed while it runs."""
    source = write("a.csv", "a\n1\n")
    done = run_python("""
import os, sys
os.mkdir("gone")
os.chdir("gone")
os.rmdir("../gone")
from pyforge_cli.extensions.databricks import forge
result = forge.convert(sys.argv[1])
assert result and result["row_count"] == 1, result
assert forge.get_environment_info()["compute"] == "none"
""", source)
    assert done.returncode == 0, done.stderr


def test_names_of_the_package(package, capsys):
    from pyforge_cli.extensions import databricks
    from pyforge_cli.extensions.databricks import DatabricksExtension, PyForgeDatabricks, __version__, forge

    assert isinstance(forge, PyForgeDatabricks) and __version__ == package.__version__
    assert DatabricksExtension().get_notebook_api() is forge and DatabricksExtension().initialize()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        databricks.nothing  # noqa: B018
    from pyforge_cli.extensions.databricks.converters import SparkCSVConverter, SparkExcelConverter, SparkXMLConverter

    assert all(".csv" in SparkCSVConverter().supported_inputs for kind in (SparkExcelConverter, SparkXMLConverter) if kind())
    assert builtins.print


# ---- what cannot be meant


def test_a_result_prints_in_a_few_lines(forge, many, tmp_path):
    source = many("sales.csv", 1200)
    good = forge.convert(source, tmp_path / "out.parquet")
    assert str(good).startswith(f"{tmp_path / 'out.parquet'}: 1,200 rows, 2 columns, ") and len(str(good).splitlines()) == 1
    assert "native engine" in str(good) and good["columns"][0]["name"] == "id"
    failed = forge.convert(tmp_path / "none.csv")
    assert str(failed).startswith(f"Conversion failed: {tmp_path / 'none.csv'}: ") and len(str(failed).splitlines()) <= 3


def test_inputs_that_contradict_each_other(forge, many, tmp_path):
    source = many("in/sales.csv")
    folder = source.parent
    for wanted in ({}, {"table": "main.default.sales"}):
        failed = forge.convert(folder, **wanted)
        assert "is a folder" in failed.error and "forge.batch_convert()" in failed.error and "pyforge_cli" not in failed.error
    with pytest.raises(TypeError, match="forge.batch_convert"):
        forge.convert([source])
    for pattern in (folder / "*.csv", f"{folder}/sale?.csv"):
        failed = forge.convert(pattern)
        assert "is a pattern" in failed.error and "forge.batch_convert()" in failed.error and failed.exit_code == 2
    assert "table= writes a Delta table" in forge.convert(source, format="parquet", table="main.default.sales").error
    for call in ({"delimiter": ";", "csv_options": {"delimiter": ","}}, {"csv_options": {"header": "yes"}, "xml_options": {"header": "no"}}):
        with pytest.raises(forge_error(), match="is given twice"):
            forge.convert(source, **call)
    assert [path.name for path in folder.iterdir()] == ["sales.csv"]


@pytest.mark.parametrize("patterns, options, says", [
    ([], {}, "the list of files is empty"),
    (iter(()), {}, "the list of files is empty"),
    ("in/*.csv", {"table": "main.default.{stem}", "mode": "replace"}, "option mode= cannot be 'replace'"),
    ("in/*.csv", {"table": "main.default.{name}"}, r"has \{name\}"),
    ("in/*.csv", {"schema": {"id": "foo"}}, "the type 'foo', which is not known"),
    ("in/*.csv", {"encoding": "klingon"}, '^the encoding "klingon" is not known'),
    ("in/*.csv", {"table": "main.default.{stem}", "encoding": "klingon"}, '^the encoding "klingon" is not known'),
    ("in/*.csv", {"compression": "gzip", "compression_level": 99}, "gzip has levels 1 to 12"),
    ("in/*.csv", {"csv_options": {"skip_rows": -1}}, "skip_rows= cannot be negative"),
])
def test_a_batch_that_is_wrong_fails_before_its_first_file(forge, many, tmp_path, monkeypatch, patterns, options, says):
    monkeypatch.chdir(tmp_path)
    many("in/a.csv"), many("in/b.csv")
    with pytest.raises(forge_error(), match=says):
        forge.batch_convert(patterns, **options)
    assert forge.get_statistics()["total_conversions"] == 0


@pytest.mark.parametrize("option", [{"schema": {}}, {"columns": []}, {"columns": ()}])
def test_an_empty_declaration_is_a_mistake(forge, many, option):
    with pytest.raises(TypeError, match="is empty: leave it out"):
        forge.convert(many("sales.csv"), **option)


def test_a_pattern_s_marks_in_a_name_are_no_pattern(forge, many):
    assert forge.convert(many("sales[1].csv"))["row_count"]


def test_a_result_on_bytes_that_are_not_of_the_encoding_speaks_of_keywords(forge, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b\n\xff\xfe\x81,2\n")
    error = forge.convert(tmp_path / "a.csv").error
    assert "is not UTF-8" in error and "encoding=" in error and "--" not in error


def test_the_columns_of_a_table_are_in_the_result(forge, many, tables, package):
    forge.spark = object()
    source = many("a.csv")
    tables.columns = [{"name": "id", "type": "int64", "null_count": 0}]
    assert forge.convert(source, table="main.default.t")["columns"] == [{**tables.columns[0], "text_because": None}]
    tables.columns = None
    assert forge.convert(source, table="main.default.t")["columns"] == []
    tables.columns, told = [{"name": "x", "type": "int8"}], forge.convert(source)["columns"]
    assert [column["name"] for column in told] != ["x"]


def test_calls_of_one_file_say_how_to_make_them_for_several(forge, many):
    source = many("in/sales.csv")
    for place, word in ((source.parent, "is a folder"), (source.parent / "*.csv", "is a pattern")):
        info, checked = forge.get_info(place), forge.validate(place)
        assert word in info["error"] and "[forge.get_info(path) for path in " in info["error"]
        assert not checked and word in str(checked["issues"]) and "[forge.validate(path) for path in " in str(checked["issues"])
        with pytest.raises(Exception, match=word) as refused:
            forge.preview(place)
        assert "[forge.preview(path) for path in " in str(refused.value)
    for call in (forge.get_info, forge.validate, forge.preview):
        with pytest.raises(TypeError, match=r"takes one file, not list: call it for each"):
            call([source])
