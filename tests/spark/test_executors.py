"""Batches over executors: what the native reader makes there is what it makes here, file by file."""

import os
import threading
import time
from pathlib import Path

import pyarrow.parquet
import pytest
from conftest import ROOT

FULL = bool(os.environ.get("PYFORGE_TEST_FULL"))
BOOKS = 200 if FULL else 8
one_kind = pytest.mark.parametrize("session", ["serverless"], indirect=True)


@pytest.fixture
def executors(package):
    from pyforge_cli.extensions.databricks import executors

    return executors


@pytest.fixture
def forge(package, session):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    return PyForgeDatabricks(spark_session=session)


@pytest.fixture
def connected(package, shared_connect):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    return PyForgeDatabricks(spark_session=shared_connect)


def text_of(number):
    """A table that has something of everything, and other columns in every third."""
    head = ["id,code,amount,day,at,note", "id,name", "a;b;c"][number % 3]
    rows = [[f"{row},{row:05d},{row * 1.25},2024-01-{row % 28 + 1:02d},2024-01-01 10:{row % 60:02d}:00,\"text, {row} é\"", f"{row},n{row}",
             f"{row};{row}.5;x"][number % 3] for row in range(number, number + 40)]
    return "\n".join([head, *rows]) + "\n"


def workbooks(package, folder, count):
    folder.mkdir()
    for number in range(count):
        path = folder / f"book {number:03d}.csv"
        path.write_text(text_of(number))
        package.convert(path, path.with_suffix(".xlsx"), log_level="error")
        path.unlink()
    return folder


def files_below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def both(forge, source, folder, **options):
    """The batch with Spark and without: both outputs and both results."""
    spark, native = folder / "spark", folder / "native"
    done = forge.batch_convert(source, spark, engine="spark", progress=False, **options)
    other = forge.batch_convert(source, native, engine="native", progress=False, **options)
    assert [Path(result["input_path"]) for result in done] == [Path(result["input_path"]) for result in other]
    return done, other, files_below(spark), files_below(native)


def test_workbooks_are_what_the_driver_makes_of_them(forge, package, folder):
    source = workbooks(package, folder / "books", BOOKS)
    done, other, spark, native = both(forge, source, folder)
    assert done.converted == BOOKS and {result["processing_engine"] for result in done} == {"spark (executors)"}, done[0]
    assert len(spark) == BOOKS and spark == native
    for ours, theirs in zip(done, other):
        for name in ("row_count", "rows_read", "columns", "output_size_bytes", "file_size_bytes", "warnings", "output_format"):
            assert ours[name] == theirs[name], name
    # nothing else is left, neither beside the files nor beside their outputs
    assert sorted(path.name for path in folder.iterdir()) == ["books", "native", "spark"]
    assert all(path.suffix == ".xlsx" for path in source.iterdir())


@one_kind
def test_every_format_in_odd_places(forge, package, folder):
    source = folder / "a b"
    (source / "ü #%41 +").mkdir(parents=True)
    (source / "one.csv").write_text("a;b\n1;2,5\n")
    (source / "ü #%41 +" / "two'é.tsv").write_text("a\tb\n007\tx\n")
    (source / "ü #%41 +" / "three.xml").write_text("<rows><row><a>1</a></row><row><a>2</a></row></rows>")
    package.convert(ROOT / "examples" / "sales.csv", source / "four.xlsx")
    import gzip

    (source / "five.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    dbf = next(iter(sorted((ROOT / "tests").rglob("*.dbf"))), None) or next(iter(sorted((ROOT / "examples").rglob("*.dbf"))))
    (source / "six.dbf").write_bytes(dbf.read_bytes())
    done, other, spark, native = both(forge, source, folder, recursive=True)
    assert spark == native and len(spark) == 6
    assert {result["processing_engine"] for result in done} == {"spark (executors)"}, [(r["input_path"], r["warnings"]) for r in done]


@one_kind
def test_bad_files_are_what_they_are_natively(forge, package, folder, caplog):
    source = workbooks(package, folder / "books", 195 if FULL else 5)
    for number in range(5 if FULL else 3):
        whole = (source / f"book {number:03d}.xlsx").read_bytes()
        (source / f"x{number}.xlsx").write_bytes([b"no workbook", whole[: len(whole) // 2], whole.replace(b"sheet1", b"sheex1")][number % 3])
    done, other, spark, native = both(forge, source, folder)
    assert done.failed == (5 if FULL else 3) and spark == native
    for ours, theirs in zip(done, other):
        assert bool(ours) == bool(theirs) and ours["error"] == theirs["error"] and ours.exit_code == theirs.exit_code
    assert done.exit_code == 3


@one_kind
def test_rows_that_are_rejected_and_several_sheets_are_for_the_driver(forge, package, folder):
    source = folder / "in"
    source.mkdir()
    (source / "long.csv").write_text("a,b\n" + "1,2\n" * 30 + "1,2,3\n")
    (source / "quarters.xlsx").write_bytes((ROOT / "examples" / "quarters.xlsx").read_bytes())
    (source / "good.csv").write_text("a\n1\n")
    done, other, spark, native = both(forge, source, folder)
    assert spark == native and any(name.endswith("rejects.csv") for name in spark) and any("Q1" in name for name in spark)
    assert [result["processing_engine"] for result in done] == ["spark (executors)", "native", "native"]
    assert "rejected rows" in done[1]["warnings"][0]
    done, other, spark, native = both(forge, source / "quarters.xlsx", folder / "one", combine_by="name", sheet_column=True)
    assert spark == native and done[0]["processing_engine"] == "spark (executors)", done[0]


@one_kind
def test_options_and_settings_reach_the_executors(forge, package, folder, monkeypatch):
    source = folder / "in"
    source.mkdir()
    for number in range(3):
        (source / f"{number}.csv").write_text("day|x\n01/02/2024|1,5\n")
    monkeypatch.setenv("PYFORGE_DELIMITER", "|")
    done, other, spark, native = both(forge, source, folder, csv_options={"decimal": ","}, schema={"day": "date(dmy)"}, compression="zstd", memory="512M")
    assert spark == native and {result["processing_engine"] for result in done} == {"spark (executors)"}, done[0]
    assert [column["type"] for column in done[0]["columns"]] == ["date", "float64"]
    done, other, spark, native = both(forge, str(source / "*.csv"), folder / "csv", format="csv", output_delimiter=";")
    assert spark == native and b"day;x" in spark["0.csv"] and done[0]["processing_engine"] == "spark (executors)"


@one_kind
def test_large_files_stay_on_the_driver(forge, package, folder):
    source = folder / "in"
    source.mkdir()
    package.convert(b"a,b\n" + b"1,2\n" * 2000, source / "large.xlsx")
    for number in range(4):
        (source / f"{number}.csv").write_text("a,b\n" + "1,2\n" * 100)
    done, other, spark, native = both(forge, source, folder, executor_file_size="1K")
    assert spark == native
    assert [result["processing_engine"] for result in done] == ["spark (executors)"] * 4 + ["native"]
    assert "and executors get files of 1.02 KB at most" in done[4]["warnings"][0]


@one_kind
def test_a_table_for_each_file(spark, forge, package, folder, table):
    source = workbooks(package, folder / "books", BOOKS // 4)
    for path in sorted(source.iterdir()):
        path.rename(source / f"{table().rpartition('.')[2]}.xlsx")
    done = forge.batch_convert(source, table="spark_catalog.default.{stem}", engine="spark", progress=False)
    assert done.converted == BOOKS // 4, done.failures
    for path in source.iterdir():
        native = package.read(path).to_arrow()
        assert spark.classic.table(f"spark_catalog.default.{path.stem}").count() == native.num_rows == 40
    assert not any("on the driver" in text for result in done for text in result["warnings"])
    if FULL:
        all_of_them = table()
        done = forge.batch_convert(source, table=all_of_them, merge_schema=True, engine="spark", progress=False)
        assert done.converted == BOOKS // 4 and spark.classic.table(all_of_them).count() == 40 * (BOOKS // 4), done.failures
        again = forge.batch_convert(source, table="spark_catalog.default.{stem}", mode="append", engine="spark", progress=False)
        assert again.converted == BOOKS // 4 and spark.classic.table(f"spark_catalog.default.{path.stem}").count() == 80
        delta = forge.batch_convert(source, folder / "delta", format="delta", engine="spark", progress=False)
        assert delta.converted == BOOKS // 4, delta.failures


# ---- one table of all


def written(folder, texts):
    source = folder / "in"
    source.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (source / f"{number}.csv").write_text(text)
    return source


def rows_of(spark, name, order="id"):
    return [tuple(row) for row in spark.classic.table(name).orderBy(order).collect()]


def test_one_table_of_many_files_is_one_commit(spark, forge, folder, table):
    """Types are those that all files show: no number of the first keeps the texts of a later one out, and the other way round."""
    name = table()
    source = written(folder, ["id,code,price,at,none\n1,7,1,08:30:00,\n", "id,code,price,at,none\n2,007,2.5,09:00:00,\n", "id,code,price,at,none\n3,A,,,x\n",
                              "id,code,price,at,none\n4,,1e3,,\n"])
    done = forge.batch_convert(source, table=name, engine="spark", progress=False)
    assert done and [result["row_count"] for result in done] == [1, 1, 1, 1], done.failures
    assert rows_of(spark, name) == [(1, "7", 1.0, "08:30:00", None), (2, "007", 2.5, "09:00:00", None), (3, "A", None, None, "x"), (4, None, 1000.0, None, None)]
    assert spark.classic.sql(f"DESCRIBE HISTORY {name}").count() == 1
    assert "4 files were written to the table by one commit" in done[0]["warnings"] and len(done[0]["columns"]) == 5
    if not FULL:
        return
    # others that are appended have the table's types, whatever they show themselves, and other columns are a commit of their own
    more = written(folder, ["id,code,price,at,none\n5,1,1,10:00:00,2\n", "code,id\n9,6\n", "id,code,price,at,none\n7,2,3,,\n", "id,wrong\n8,x\n"])
    done = forge.batch_convert(more, table=name, mode="append", engine="spark", progress=False)
    assert [bool(result) for result in done] == [True, True, True, False] and "has no column 'wrong'" in done[3]["error"]
    assert rows_of(spark, name)[4:] == [(5, "1", 1.0, "10:00:00", "2"), (6, "9", None, None, None), (7, "2", 3.0, None, None)]
    assert spark.classic.sql(f"DESCRIBE HISTORY {name}").count() == 3


@one_kind
def test_a_bad_file_among_those_of_one_table(spark, forge, folder, table):
    name = table()
    source = written(folder, ["id,a\n1,x\n", "id,a\n2,y\n", "id,a\n3,z\n"])
    (source / "1.csv").write_bytes(b"PK\x03\x04 this is no table")
    done = forge.batch_convert(source, table=name, engine="spark", progress=False)
    assert [bool(result) for result in done] == [True, False, True] and rows_of(spark, name) == [(1, "x"), (3, "z")]
    again = forge.batch_convert(source, table=name, engine="spark", progress=False)
    assert again.failed == 3 and "exists" in again[0]["error"] and rows_of(spark, name) == [(1, "x"), (3, "z")]


@pytest.mark.parametrize("kinds, wanted", [
    (["int64"], "int64"), (["int8", "int32"], "int64"), (["int64", "float64"], "float64"), (["float32", "float64"], "float64"),
    (["decimal(10,2)", "decimal(9,4)"], "decimal(12,4)"), (["decimal(10,2)", "int64"], "decimal(21,2)"), (["decimal(38,0)", "decimal(38,9)"], "string"),
    (["bool", "int64"], "string"), (["date", "timestamp"], "string"), (["string", "int64"], "string"), (["timestamp", "timestamptz"], "string"),
])
def test_a_type_for_all(package, kinds, wanted):
    from pyforge_cli.extensions.databricks.one_table import common

    assert common(kinds) == common(reversed(kinds)) == wanted


def test_a_file_of_another_type_after_all_is_for_the_driver(package, answers):
    """As one whose types cannot be declared."""
    from pyforge_cli.extensions.databricks.one_table import OneTable

    def brought(kind):
        return answers.Brought({**REPORT, "columns": [{"name": "a", "type": kind, "null_count": 0}]}, [], {}, "parquet")

    given = {0: brought("int64"), 1: brought("string"), 2: brought("int64"), 3: answers.Left("it is large")}
    OneTable({"table": "t"}).group(given)
    assert given[0].group is given[2].group and given[1].reason == "its column 'a' has another type than in the files before it"
    assert OneTable({"table": "t", "types": "string"}).differing(given) == []


# ---- what goes wrong


def small(folder, count=3):
    source = folder / "in"
    source.mkdir()
    for number in range(count):
        (source / f"{number}.csv").write_text(f"a,b\n{number},x\n")
    return source


def on_the_driver(done, why, folder):
    """All is converted, natively, and each result says why; nothing else is left."""
    assert done and {result["processing_engine"] for result in done} == {"native"}
    assert all(why in " ".join(result["warnings"]) for result in done), done[0]["warnings"]
    assert not [path for path in folder.rglob(".pyforge*")]


@one_kind
def test_another_version_on_the_executors(forge, package, folder, monkeypatch):
    monkeypatch.setattr(package, "__version__", "0.0.1")
    source = small(folder)
    on_the_driver(forge.batch_convert(source, folder / "out", engine="spark", progress=False), "and the driver 0.0.1", folder)


@one_kind
def test_a_package_that_is_not_on_the_executors(forge, package, executors, folder, monkeypatch):
    def probe():
        def missing(batches):
            import nothing_of_the_kind  # noqa: F401

        return missing

    monkeypatch.setattr(executors, "_probe", probe)
    done = forge.batch_convert(small(folder), folder / "out", engine="spark", progress=False)
    on_the_driver(done, "a first try on an executor failed: ModuleNotFoundError: No module named 'nothing_of_the_kind'", folder)


def test_executors_that_end_in_the_middle(connected, package, executors, folder, monkeypatch):
    def function(options, declared):
        def ends(batches):
            import os

            for _ in batches:
                os._exit(3)
            yield None

        return ends

    monkeypatch.setattr(executors, "_function", function)
    done = connected.batch_convert(small(folder), folder / "out", engine="spark", progress=False)
    on_the_driver(done, "the executors failed: ", folder)


@one_kind
def test_an_interrupt_ends_what_runs_there(forge, package, executors, folder, monkeypatch):
    began = folder / "began"

    def function(options, declared):
        place = str(began)

        def slow(batches):
            import time

            for _ in batches:
                open(place, "w").close()
                time.sleep(60)
            yield None

        return slow

    monkeypatch.setattr(executors, "_function", function)
    from pyforge_cli.extensions.databricks import progress

    def update(self, share, words):
        if began.exists():
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.Bar, "update", update)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        forge.batch_convert(small(folder), folder / "out", engine="spark", progress=False)
    assert time.monotonic() - start < 40
    assert sorted(path.name for path in folder.iterdir()) == ["began", "in"]


def test_what_came_back_is_lost(connected, package, executors, folder, monkeypatch):
    """The staging folder goes away before the outputs are placed: each is made here then."""
    whole, rows = executors._outputs, []

    def outputs(place, *more):
        found = whole(place, *more)
        for path in Path(place).iterdir():
            if path.suffix == ".parquet":
                told = pyarrow.parquet.ParquetFile(path).metadata
                rows.append((told.num_rows, told.num_row_groups))
            path.unlink()
        return found

    monkeypatch.setattr(executors, "_outputs", outputs)
    source = small(folder)
    for number in range(3):
        (source / f"{number}.csv").write_text("a\n" + "\n".join(os.urandom(30_000).hex() for _ in range(50)) + "\n")
    done = connected.batch_convert(source, folder / "out", engine="spark", progress=False)
    # the driver reads one output without its neighbours
    assert sum(count for count, _ in rows) == sum(groups for _, groups in rows) == 3
    on_the_driver(done, "could not be read back", folder)


def test_no_place_that_spark_can_write_to(connected, package, folder):
    source = small(folder)
    (folder / "file").write_text("")
    done = connected.batch_convert(source, folder / "out", engine="spark", staging=folder / "file" / "x", progress=False)
    on_the_driver(done, "cannot stage there", folder)


def test_an_output_that_exists_stays(connected, package, folder):
    source, out = small(folder), folder / "out"
    out.mkdir()
    (out / "1.parquet").write_text("mine")
    done = connected.batch_convert(source, out, engine="spark", force=False, progress=False)
    assert done.failed == 1 and "exists" in done[1]["error"] and (out / "1.parquet").read_text() == "mine"


def test_without_a_session_it_is_said(package, folder):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks, session

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "session_at_hand", lambda *given, **more: None)
        done = PyForgeDatabricks().batch_convert(small(folder), folder / "out", engine="spark", progress=False)
    assert done.failed == 3


# ---- one file


def test_a_workbook_that_spark_is_asked_for_is_read_by_an_executor(connected, package, folder, monkeypatch):
    source = workbooks(package, folder / "books", 2)
    from pyforge_cli.extensions.databricks import executors

    tries = []
    whole = executors.why_not
    monkeypatch.setattr(executors, "why_not", lambda session: tries.append(1) or whole(session))
    for number, path in enumerate(sorted(source.iterdir())):
        done = connected.convert(path, folder / "spark.parquet", engine="spark", progress=False, force=True)
        assert done and done["processing_engine"] == "spark (executors)", done["error"]
        other = connected.convert(path, folder / "native.parquet", engine="native", progress=False, force=True)
        assert (folder / "spark.parquet").read_bytes() == (folder / "native.parquet").read_bytes()
        for name in ("row_count", "rows_read", "columns", "output_size_bytes", "warnings"):
            assert done[name] == other[name], name
    assert len(tries) == 1  # of the session, not of each file
    assert sorted(path.name for path in folder.iterdir()) == ["books", "native.parquet", "spark.parquet"]


def test_one_file_that_no_executor_has(connected, package, folder, monkeypatch):
    source = workbooks(package, folder / "books", 1) / "book 000.xlsx"
    out = folder / "out.parquet"
    done = connected.convert(source, out, engine="spark", executor_file_size=10, progress=False)
    assert not done and "executors get files of 10 bytes at most" in done["error"] and not out.exists()
    (folder / "bad.xlsx").write_bytes(source.read_bytes()[:900])
    answers = [connected.convert(folder / "bad.xlsx", out, progress=False, **how) for how in ({"engine": "spark"}, {"force_pyspark": True}, {})]
    assert not any(answers) and len({done["error"] for done in answers}) == 1
    from pyforge_cli.extensions.databricks import executors

    whole = executors._function
    monkeypatch.setattr(executors, "_function", lambda options, declared: whole({**options, "format": "none"}, declared))
    done = connected.convert(source, out, engine="spark", progress=False)
    assert not done and "the executors could not convert it: " in done["error"] and "'none'" in done["error"] and not out.exists(), done["error"]
    monkeypatch.setattr(executors, "_function", lambda *given: lambda batches: (1 / 0 for batch in batches))
    done = connected.convert(source, out, force_pyspark=True, progress=False)
    assert done["processing_engine"] == "native" and "the executors failed: " in done["warnings"][0], done["warnings"]
    assert not list(folder.rglob(".pyforge*"))


def test_an_interrupt_of_one_file(connected, package, folder, monkeypatch):
    source = workbooks(package, folder / "books", 1) / "book 000.xlsx"
    from pyforge_cli.extensions.databricks import executors

    def slow(options, declared):
        def sleeps(batches):
            import time

            time.sleep(60)
            yield from ()

        return sleeps

    monkeypatch.setattr(executors, "_function", slow)

    def told(state):
        if time.monotonic() - start > 2:
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        connected.convert(source, folder / "out.parquet", engine="spark", progress=told)
    assert time.monotonic() - start < 50 and sorted(path.name for path in folder.iterdir()) == ["books"]


# ---- without Spark


@pytest.mark.parametrize("text, size", [("128M", 128 << 20), ("134217728b", 128 << 20), ("128MB", 128 << 20), (5, 5), ("1g", 1 << 30)])
def test_sizes(executors, text, size):
    assert executors.bytes_of(text) == size


def test_a_size_that_is_none(executors):
    with pytest.raises(ValueError, match="executor_file_size is 'much'"):
        executors.bytes_of("much")


class Job:
    """As the core gives it."""

    def __init__(self, **options):
        self.options, self.output_format, self.engines_only = options, "parquet", False

    def option(self, name):
        return None


class Context:
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


REPORT = {"columns": [{"name": "a", "type": "int64"}], "output_size_bytes": 3, "warnings": [], "row_count": 1, "rows_read": 1, "rows_rejected": 0,
          "rows_left_out": 0}


@pytest.fixture
def answers(package):
    from pyforge_cli.extensions.databricks import brought

    return brought


def test_what_was_asked_otherwise_is_not_taken(answers):
    """As by a hook that sets an option when the executors have the files already."""
    brought = answers.Brought(REPORT, [], {"delimiter": ";"}, "parquet")
    assert brought.differs(Job(delimiter=";", threads="2")) is None
    assert brought.differs(Job(delimiter="|")) == brought.differs(Job()) == "--delimiter was changed since the executors read it"
    with answers.of_file(brought):
        assert answers.takes(Job(delimiter=";"))[0] and answers.takes(Job(delimiter="|")) == (False, brought.differs(Job()))
    other = Job(delimiter=";")
    other.output_format = "csv"
    assert "wrote parquet" in brought.differs(other)
    assert answers.takes(Job()) is None and answers.run(Job(), None) is None
    assert answers.load(Job(), None, lambda convert: convert("x"), lambda path: "made here") == "made here"


@pytest.mark.parametrize("asked, parts, why", [
    ({"schema": {"a": "string"}}, [], "the table has string for 'a', which the executors found to be int64"),
    ({}, [("not there", 0, 0)], "could not be read back"),
    ({}, [], "0 bytes of 3 came back"),
])
def test_a_table_whose_file_is_made_here_after_all(answers, folder, asked, parts, why):
    job, context, made = Job(), Context(), []
    job.engines_only = True

    def convert(path, **options):
        made.append(options)
        return "made here"

    def load(convert):
        return convert(folder / "out", **asked)

    brought = answers.Brought(REPORT, parts, {}, "parquet")
    with answers.of_file(brought):
        assert answers.takes(job) is None and answers.run(job, context) is None
        assert answers.load(job, context, load, convert) == "made here"
    assert made == [{**asked, "force": True}] and why in context.warnings[0]
    with answers.of_file(answers.Left("it is large")):
        assert answers.load(job, context, load, convert) == "made here" and context.warnings[-1] == "read on the driver: it is large"
    group = answers.Group()
    for member in (group.add(brought), group.add(brought)):
        with answers.of_file(member):
            assert answers.load(job, context, load, convert) == "made here" and why in context.warnings[-1]


@pytest.mark.parametrize("outcome", ["ends", "unknown", "falls back"])
def test_a_commit_of_a_group_that_fails(package, answers, outcome):
    """It is tried again, file by file, only where it is known that nothing was written."""
    error = package.BadDataError("no")
    error.message, error.failure = "no", outcome

    def load(convert):
        if convert is native:
            return "made here"
        raise error

    def native(path, **options):
        raise AssertionError

    group, context = answers.Group(), Context()
    for member in [group.add(answers.Brought(REPORT, [], {}, "parquet")) for _ in range(3)]:
        with answers.of_file(member):
            if outcome == "falls back":
                assert answers.load(Job(), context, load, native) == "made here"
                assert context.warnings[-1] == "read on the driver: no"
            else:
                with pytest.raises(package.BadDataError):
                    answers.load(Job(), context, load, native)


def test_the_first_try(package, executors, monkeypatch):
    import pyarrow

    class Session:
        """Does here what executors do."""

        def range(self, count):
            return self

        def mapInArrow(self, function, schema):
            self.rows = [row for batch in function([pyarrow.RecordBatch.from_pydict({"id": [0]})]) for row in batch.to_pylist()]
            return self

        def collect(self):
            return self.rows

    assert executors.why_not(Session()) is None
    monkeypatch.setitem(__import__("sys").modules, "pyforge_cli._pyforge", None)
    monkeypatch.delattr(package, "_pyforge", raising=False)
    assert "the package does not work on the executors: ModuleNotFoundError" in executors.why_not(Session())
    assert executors.size_of_tasks(None) is None and "AttributeError" not in executors.why_not(None)


def test_the_function_that_is_sent(executors):
    import pyarrow

    batch = pyarrow.RecordBatch.from_pydict({"path": ["a.csv"], "content": [b"a\n1\n"]})
    assert [given.num_rows for given in executors._function({"format": "csv"}, {})([batch])] == [1]


def test_a_batch_of_nothing_for_the_executors(connected, package, folder):
    package.convert(ROOT / "examples" / "sales.csv", folder / "in" / "a.parquet")
    done = connected.batch_convert(folder / "in", folder / "out", format="csv", engine="spark", progress=False)
    assert done and "executors" not in done[0]["processing_engine"]


@pytest.mark.parametrize("size, count, spark_cores, chosen", [
    (1 << 30, 1, 64, False),     # one file is no batch
    (1 << 30, 100, None, True),  # cores that nobody tells: by the size
    ((1 << 30) - 1, 100, None, False),
    (10 << 30, 100, 64, True),
    (10 << 30, 100, 2, False),   # as many as are here
    (100 << 20, 100, 64, False), # done before they begin
    (10 << 30, 2, 64, False),    # two files, two tasks
])
def test_when_a_batch_goes_to_executors_unasked(package, size, count, spark_cores, chosen):
    from pyforge_cli.extensions.databricks.choice import decide_batch

    assert decide_batch(size, count, spark_cores, 2, 1 << 30) is chosen


def test_executors_unasked(connected, package, folder, monkeypatch):
    monkeypatch.setenv("PYFORGE_SPARK_THRESHOLD", "10")
    done = connected.batch_convert(small(folder), folder / "out", progress=False)
    assert {result["processing_engine"] for result in done} == {"spark (executors)"}
    for options in ({"force_core": True}, {"engine": "native"}):
        done = connected.batch_convert(folder / "in", folder / "other", progress=False, **options)
        assert {result["processing_engine"] for result in done} == {"native"} and done[0]["warnings"] == []
    monkeypatch.setenv("PYFORGE_FORCE_CORE", "1")
    assert connected.batch_convert(folder / "in", folder / "core", progress=False)[0]["processing_engine"] == "native"


def test_groups_hold_no_more_than_they_may(executors):
    sizes = {number: (number * 7919) % 97 + 1 for number in range(200)}
    groups = executors.grouped(sizes, 100)
    assert sorted(number for group in groups for number in group) == list(range(200))
    assert all(sum(sizes[number] for number in group) <= 100 for group in groups)
    assert len(groups) < 1.3 * sum(sizes.values()) / 100


def test_files_for_the_driver(executors, folder):
    def why(name, size=3, on_databricks=False):
        path = folder / name
        path.write_text("x,y")
        answer = executors.left(str(path), size, 10, on_databricks, {})
        return answer and answer.reason

    assert why("a.csv") is None and why("b.xlsx") is None and why("c.dbf") is None
    assert "Parquet" in why("a.parquet") and "no file of this name" in why("_a.csv") and "no file of this name" in why("a[1].csv")
    assert "11 bytes" in why("d.csv", 11) and "Spark does not see it" in why("a.csv", 3, True)
    (folder / "c.FPT").write_text("x")
    assert "files beside it" in why("c.dbf")
    assert executors.left(str(folder / "not there"), -1, 10, False, {}).reason == "it is no file"
    assert executors._siblings("/not/there/c.dbf", {}) is False


def test_what_an_executor_gives_back(package, monkeypatch):
    """In this process, as no measure of what runs reaches an executor's."""
    import io
    import json

    import pyarrow

    from pyforge_cli.extensions.databricks import on_executor

    monkeypatch.setattr(on_executor, "PART", 100)
    batch = pyarrow.RecordBatch.from_pydict({"path": ["file:/a/b.csv", "dbfs:/c.xlsx"], "content": [b"a,b\n1,x\n2,y\n", b"nothing"]})
    rows = [row for given in on_executor.converted([batch], {"format": "parquet", "threads": 1}, {"b": "string"}) for row in given.to_pylist()]
    good = [row for row in rows if row["path"] == "file:/a/b.csv"]
    assert [row["part"] for row in good] == list(range(len(good))) and len(good) >= 3
    report = json.loads(good[0]["report"])
    output = b"".join(row["content"] for row in good)
    assert report["row_count"] == 2 and report["output_size_bytes"] == len(output) and all(row["report"] is None for row in good[1:])
    assert pyarrow.parquet.read_table(io.BytesIO(output)).to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    [bad] = rows[len(good):]
    assert "c.xlsx" in json.loads(bad["report"])["error"] and bad["content"] == b""
