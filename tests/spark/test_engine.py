"""The engine over the tables: from a file to a table, and what it says."""

import threading
import time

import pytest
from conftest import ROOT

from loading import overwrites_tables, read_back


@pytest.fixture
def engine(package):
    from pyforge_cli.extensions.databricks import engine

    return engine


@pytest.fixture
def csv(folder):
    path = folder / "sales.csv"
    path.write_text("id,name\n1,a\n2,b\n")
    return path


class Job:
    """As the core gives it."""

    replace, engines_only, merge_schema, staging, timezone = False, True, False, None, "UTC"
    input_format = "csv"

    def __init__(self, input, output="", output_format="parquet", table=None, mode="error"):
        self.input, self.output, self.output_format, self.table, self.mode = str(input), str(output), output_format, table, mode
        self.input_bytes, self.data_bytes = 12 << 20, None

    def option(self, name):
        return None


class Context:
    def __init__(self, package, job, cancelled=lambda: False):
        self.package, self.job, self.cancelled, self.warnings = package, job, cancelled, []

    def convert_native(self, path, **options):
        return self.package.convert(self.job.input, path, **options)

    def progress(self, **state):
        if self.cancelled():
            raise KeyboardInterrupt

    def warn(self, text):
        self.warnings.append(text)


@pytest.mark.parametrize("kind, display", [("classic", "spark"), ("connect", "spark (connect)")])
def test_a_job_to_a_table_and_to_delta(spark, shared_connect, package, engine, table, folder, csv, kind, display):
    session = spark.classic if kind == "classic" else shared_connect
    name = table()
    for job in (Job(csv, table=name), Job(csv, folder / "out.delta", "delta")):
        runs = engine.SparkEngine(session)
        assert runs.takes(job) == (True, f"a table is written through the session of Spark ({kind}, given)")
        done = runs.run(job, Context(package, job))
        assert (done["rows_written"], done["rows_read"], done["display"]) == (2, 2, display)
    from pyforge_cli.extensions.databricks.tables import path_target, table_target

    for target in (table_target(name), path_target(folder / "out.delta")):
        assert sorted(read_back(session, target)["id"].to_pylist()) == [1, 2]
    assert sorted(place.name for place in folder.iterdir()) == ["out.delta", "sales.csv"]


def test_what_fails_says_what_follows(spark, package, engine, table, folder, csv):
    from pyforge_cli.extensions import EngineError

    name = table()
    runs = engine.SparkEngine(spark.classic)
    runs.run(Job(csv, table=name), Context(package, Job(csv)))
    job = Job(csv, table=name)
    with pytest.raises(EngineError) as refused:
        runs.run(job, Context(package, job))
    assert (refused.value.outcome, refused.value.status) == ("ends", "PF_EXISTS") and "--mode" in refused.value.remedy
    assert [place.name for place in folder.iterdir()] == ["sales.csv"]
    job = Job(csv, table=name, mode="overwrite")
    if overwrites_tables(spark.classic):
        assert runs.run(job, Context(package, job))["rows_written"] == 2
        return
    with pytest.raises(EngineError) as refused:
        runs.run(job, Context(package, job))
    assert (refused.value.outcome, refused.value.status) == ("falls back", "PF_UNSUPPORTED") and "drop the table" in refused.value.remedy
    assert spark.classic.table(name).count() == 2


@pytest.mark.parametrize("kind", ["classic", "connect"])
def test_a_cancel_stops_spark(spark, shared_connect, package, engine, table, folder, csv, kind, monkeypatch):
    from pyforge_cli.extensions.databricks import tables

    session = spark.classic if kind == "classic" else shared_connect
    began, whole = threading.Event(), tables._Write.call

    def slow(self):
        self.frame = self.frame.selectExpr("id", "name || coalesce(java_method('java.lang.Thread', 'sleep', 20000L), '') AS name")
        began.set()
        whole(self)

    monkeypatch.setattr(tables._Write, "call", slow)
    name, start = table(), time.monotonic()
    job = Job(csv, table=name)
    with pytest.raises(KeyboardInterrupt):
        engine.SparkEngine(session).run(job, Context(package, job, lambda: began.is_set() and time.monotonic() - start > 3))
    assert [place.name for place in folder.iterdir()] == ["sales.csv"]
    assert not session.catalog.tableExists(name)


def test_the_notebook_api(spark, shared_connect, package, table, folder, csv):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks
    from pyforge_cli.extensions.databricks.tables import path_target

    forge, name = PyForgeDatabricks(spark_session=shared_connect), table()
    done = forge.convert(csv, table=name, progress=False)
    assert done and done["row_count"] == 2 and done["processing_engine"] == "spark (connect)", done.get("error")
    assert [(column["name"], column["type"]) for column in done["columns"]] == [("id", "int64"), ("name", "string")]
    again = forge.convert(csv, table=name, progress=False)
    assert not again and "exists" in again["error"] and 'mode="append"' in again["error"]
    done = forge.convert(csv, format="delta", progress=False)
    assert done and path_target(folder / "sales.delta").frame(spark.classic).count() == 2, done.get("error")


def test_through_the_core(spark, package, table, csv):
    """Names, modes and the native engine's options by the package's own functions, with the active session."""
    name = table()
    done = package.convert(csv, table=name)
    told = [(column["name"], column["type"], column["null_count"]) for column in done.columns]
    assert told == [("id", "int64", 0), ("name", "string", 0)] and "<br>name: string</td>" in done._repr_html_()
    assert (done["row_count"], done["output_path"]) == (2, name) and done["processing_engine"] in ("spark", "spark (connect)")
    assert [(attempt["engine"], attempt["ok"]) for attempt in done["attempts"]] == [("spark", True)]
    with pytest.raises(FileExistsError):
        package.convert(csv, table=name)
    assert package.convert(csv, table=name, mode="append", column_names="snake")["row_count"] == 2
    assert spark.classic.table(name).count() == 4
    if overwrites_tables(spark.classic):
        assert package.convert(csv, table=name, force=True) and spark.classic.table(name).count() == 2


def test_what_is_appended_has_the_types_of_the_table(spark, package, table, folder):
    """A file shows less of its columns than the table holds: no fraction, no zero in front, no value or no row at all."""
    name = table()
    (folder / "first.csv").write_text("id,price,code,day,at\n1,2.5,A7,2024-01-02,2024-01-02 03:04:05\n")
    assert package.convert(folder / "first.csv", table=name)["row_count"] == 1
    for number, (text, rows) in enumerate([
        ("id,price,code,day,at\n", 0),
        ("id,price,code,day,at\n2,3,007,,\n", 1),
        ("code,id\n8,3\n", 1),
        ("id,day\n5,01/02/2024\n6,31/12/2024\n", 2),
    ]):
        (folder / f"more{number}.csv").write_text(text)
        assert package.convert(folder / f"more{number}.csv", table=name, mode="append")["row_count"] == rows
    found = [tuple(row) for row in spark.classic.table(name).orderBy("id").select("id", "price", "code", "day").collect()]
    assert [(row[0], row[1], row[2], str(row[3])) for row in found] == [
        (1, 2.5, "A7", "2024-01-02"), (2, 3.0, "007", "None"), (3, None, "8", "None"), (5, None, None, "2024-02-01"), (6, None, None, "2024-12-31")]
    (folder / "bad.csv").write_text("id,price\n4,dear\n")
    with pytest.raises(package.BadDataError, match=r"row 1.*'dear' is not of the declared type float64, which the column is in"):
        package.convert(folder / "bad.csv", table=name, mode="append")
    assert package.convert(folder / "bad.csv", table=name, mode="append", schema={"price": "float64"}, on_error="null")["row_count"] == 1
    assert spark.classic.table(name).count() == 6


def test_xml_that_is_appended_has_the_types_of_the_table(spark, package, table, folder):
    name = table()
    for mode, rows in (("error", "<row><price>2.5</price><code>A7</code></row>" * 2), ("append", "<row><price>4</price><code>009</code></row><row><code>1</code></row>")):
        (folder / "a.xml").write_text(f"<rows>{rows}</rows>")
        assert package.convert(folder / "a.xml", table=name, mode=mode)["row_count"] == 2
    assert [tuple(row) for row in spark.classic.table(name).tail(2)] == [(4.0, "009"), (None, "1")]


def test_sheets_of_a_workbook_in_tables(spark, package, table):
    """One of them, or one table of several; which one is never guessed."""
    workbook, one, both, all_of_them = ROOT / "examples" / "quarters.xlsx", table(), table(), table()
    with pytest.raises(package.OptionError, match="3 sheets, and one is written: Q1, Q2, Regions"):
        package.convert(workbook, table=one)
    assert not spark.classic.catalog.tableExists(one)
    counts = {name: package.convert(workbook, table=one, sheet=name, mode=mode)["row_count"] for name, mode in (("Q1", "error"), ("Q2", "append"))}
    assert all(counts.values()) and spark.classic.table(one).count() == sum(counts.values())
    done = package.convert(workbook, table=both, sheets=["Q1", "Q2"], combine=True, sheet_column=True)
    assert done["row_count"] == sum(counts.values())
    assert {row["_sheet"]: row["count"] for row in spark.classic.table(both).groupBy("_sheet").count().collect()} == counts
    done = package.convert(workbook, table=all_of_them, combine_by="name")
    assert done["row_count"] == spark.classic.table(all_of_them).count() > sum(counts.values())


def test_times_of_a_workbook_are_text_in_a_table(spark, package, table, folder, caplog):
    (folder / "times.csv").write_text("id,at\n1,08:30:00\n2,\n3,23:59:59.5\n")
    package.convert(folder / "times.csv", folder / "times.xlsx", schema={"at": "time"})
    assert package.info(folder / "times.xlsx")["columns"][1]["type"] == "time"
    name = table()
    for mode, count in (("error", 3), ("append", 6)):
        done = package.convert(folder / "times.xlsx", table=name, mode=mode)
        assert done["row_count"] == 3 and "a table has no times of day, they are text: at" in caplog.text
        assert spark.classic.table(name).count() == count
    assert [tuple(row) for row in spark.classic.table(name).distinct().orderBy("id").collect()] == [(1, "08:30:00"), (2, None), (3, "23:59:59.5")]


def test_types_of_the_table_under_other_names(spark, package, table, folder):
    """A name that Delta refuses is repaired, and letter case does not count."""
    name = table()
    (folder / "first.csv").write_text("id,unit price,code\n1,2.5,A7\n")
    package.convert(folder / "first.csv", table=name)
    (folder / "more.csv").write_text("ID,unit price,Code\n2,3,007\n")
    assert package.convert(folder / "more.csv", table=name, mode="append")["row_count"] == 1
    assert [tuple(row) for row in spark.classic.table(name).orderBy("id").collect()] == [(1, 2.5, "A7"), (2, 3.0, "007")]


def test_a_table_that_is_there_is_refused_before_the_file_is_read(spark, package, table, csv, folder):
    name = table()
    package.convert(csv, table=name)
    (folder / "bad.csv").write_bytes(b"a,b\n1,2,3,4\n\"x")
    with pytest.raises(FileExistsError, match="exists"):
        package.convert(folder / "bad.csv", table=name)
