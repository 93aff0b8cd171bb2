"""Spark reads the input: every file either gives the table that the native engine gives, or is refused with the reason."""

import os

import pyarrow
import pyarrow.parquet
import pytest
from conftest import KINDS

import xml_cases
from csv_cases import EQUAL, REFUSED
from loading import overwrites_tables, read_back, same_tables
from parquet_cases import PARQUET, PARQUET_REFUSED

FULL = bool(os.environ.get("PYFORGE_TEST_FULL"))


def spread(cases, sample=None):
    """(case, kind of session): all with all in the full run, else a fixed sample of them, with one kind each in turn."""
    cases = list(cases)
    if FULL:
        return [(case, kind) for case in cases for kind in KINDS]
    if sample is not None and len(cases) > sample:
        cases = [cases[number * len(cases) // sample] for number in range(sample)]
    return [(case, KINDS[number % len(KINDS)]) for number, case in enumerate(cases)]


@pytest.fixture
def forge(package, session):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    return PyForgeDatabricks(spark_session=session)


def source(folder, content, name="in.csv"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def parquet(path):
    return pyarrow.parquet.read_table(path)


@pytest.mark.parametrize("case, session", spread(EQUAL, 40), indirect=["session"])
def test_the_same_parquet(package, forge, folder, case):
    content, options = EQUAL[case]
    path = source(folder, content)
    package.convert(path, folder / "native.parquet", engine="native", **options)
    done = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
    assert done, done.get("error")
    assert done["processing_engine"].startswith("spark"), done["attempts"]
    same_tables(parquet(folder / "spark.parquet"), parquet(folder / "native.parquet"))
    assert sorted(place.name for place in folder.iterdir()) == ["in.csv", "native.parquet", "spark.parquet"]


def parquet_source(folder, make):
    path = folder / "in.parquet"
    pyarrow.parquet.write_table(pyarrow.table(make()), path, row_group_size=20_000)
    return path


@pytest.mark.parametrize("case, session", spread(PARQUET, 6), indirect=["session"])
def test_the_same_of_parquet(package, forge, folder, case):
    path = parquet_source(folder, PARQUET[case])
    for out in ("parquet", "csv"):
        package.convert(path, folder / f"native.{out}", engine="native")
        done = forge.convert(path, folder / f"spark.{out}", engine="spark", progress=False)
        if case == "no rows":
            assert not done and "no rows" in done["error"]
            return
        assert done and done["processing_engine"].startswith("spark"), done.get("error")
        if out == "parquet":
            same_tables(parquet(folder / "spark.parquet"), parquet(folder / "native.parquet"))
        else:
            assert (folder / "spark.csv").read_bytes() == (folder / "native.csv").read_bytes()


@pytest.mark.parametrize("case", PARQUET_REFUSED)
def test_what_is_refused_of_parquet(spark, package, folder, case):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    make, why = PARQUET_REFUSED[case]
    refused = PyForgeDatabricks(spark_session=spark.classic).convert(parquet_source(folder, make), folder / "out.parquet", engine="spark", progress=False)
    assert not refused and why in refused["error"], refused.get("error")
    assert [place.name for place in folder.iterdir()] == ["in.parquet"]


def reads_xml(spark):
    if spark.classic.version.startswith("3."):
        pytest.skip("Spark has a reader of XML from 4.0 on")


@pytest.mark.parametrize("case, session", spread(xml_cases.EQUAL, 20), indirect=["session"])
def test_the_same_of_xml(package, spark, forge, folder, case):
    reads_xml(spark)
    content, options = xml_cases.EQUAL[case]
    path = source(folder, content, "in.xml")
    package.convert(path, folder / "native.parquet", engine="native", **options)
    done = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
    assert done, done.get("error")
    assert done["processing_engine"].startswith("spark"), done["attempts"]
    same_tables(parquet(folder / "spark.parquet"), parquet(folder / "native.parquet"))


@pytest.mark.parametrize("case", xml_cases.REFUSED)
def test_what_is_refused_of_xml(package, spark, folder, case):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    content, options, why = xml_cases.REFUSED[case]
    path, forge = source(folder, content, "in.xml"), PyForgeDatabricks(spark_session=spark.classic)
    refused = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
    assert not refused and why in refused["error"], refused.get("error")
    assert [place.name for place in folder.iterdir()] == ["in.xml"]


@pytest.mark.parametrize("case, session", spread(EQUAL, 8), indirect=["session"])
def test_the_same_csv(package, forge, folder, case):
    """CSV to CSV keeps each text as it stands."""
    content, options = EQUAL[case]
    path = source(folder, content)
    package.convert(path, folder / "native.csv", engine="native", **options)
    done = forge.convert(path, folder / "spark.csv", engine="spark", progress=False, **options)
    assert done and done["processing_engine"].startswith("spark"), done.get("error")
    assert (folder / "spark.csv").read_bytes() == (folder / "native.csv").read_bytes()


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(package, spark, folder, case):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    content, options, why = REFUSED[case]
    path = source(folder, content)
    forge = PyForgeDatabricks(spark_session=spark.classic)
    refused = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False, **options)
    assert not refused and why in refused["error"], refused.get("error")
    assert [place.name for place in folder.iterdir()] == ["in.csv"]
    done = forge.convert(path, folder / "auto.parquet", force_pyspark=True, progress=False, **options)
    assert done and done["processing_engine"] == "native" and any(why in text for text in done["warnings"]), done["warnings"]


@pytest.mark.parametrize("size, session", [(1, "classic"), (40, "serverless")], indirect=["session"])
def test_a_large_document_in_pieces(spark, package, forge, folder, monkeypatch, size):
    """Pieces are read by tasks of their own; rows stand in the order of the document."""
    reads_xml(spark)
    from pyforge_cli.extensions.databricks import reading

    monkeypatch.setattr(reading, "PIECE", 1 << 20)
    seen = []
    cut_into = reading.cut_into
    monkeypatch.setattr(reading, "cut_into", lambda plan, path, folder, watch: seen.append(cut_into(plan, path, folder, watch)) or
                        seen.extend(sorted(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))) or seen[0])
    rows = [f"<r k='{n}'><a>größe {n}</a><b>{'x' * (n % 97)}</b></r>\n" for n in range(80_000)]
    groups = ["<g>\n" + "".join(rows[at:at + 80_000 // size]) + "</g>\n" for at in range(0, 80_000, 80_000 // size)]
    path = source(folder, "<?xml version='1.0'?><root>" + "".join(groups) + "</root>", "in.xml")
    package.convert(path, folder / "native.parquet", engine="native")
    done = forge.convert(path, folder / "spark.parquet", engine="spark", progress=False)
    assert done and done["processing_engine"].startswith("spark"), done.get("error")
    assert seen[0] is True and len(seen) > 4 and len(set(seen[1:])) == len(seen) - 1
    same_tables(parquet(folder / "spark.parquet"), parquet(folder / "native.parquet"))
    assert sorted(place.name for place in folder.iterdir()) == ["in.xml", "native.parquet", "spark.parquet"]


def test_the_plan_is_explained(package, spark, folder):
    from pyforge_cli import _api, _pyforge
    from pyforge_cli.extensions.databricks.session import session_given

    path, out = source(folder, "id;day\n1;31/01/2024\n2;01/02/2024\n"), folder / "out.parquet"
    with session_given(spark.classic):
        told = package.explain(path, out, engine="spark")
        text = _pyforge.explain(_api._source(path), _api._sink(out), _api.settings({"engine": "spark"}), *_api._messages({}), None, False)
    assert told["engine"] == "spark" and told["remote"]["refusal"] is None
    assert told["remote"]["read"]["options"]["sep"] == ";" and told["remote"]["read"]["schema"] == "c0 STRING, c1 STRING"
    assert told["remote"]["expressions"][0] == "CAST(NULLIF(c0, '') AS BIGINT)" and told["remote"]["rows_written"] == 2
    assert "reads csv, sep ';'" in text and "id = CAST(NULLIF(c0, '') AS BIGINT)" in text and "writes parquet, mode" in text
    assert package.explain(path, out)["remote"] is None
    assert [place.name for place in folder.iterdir()] == ["in.csv"]


WIDE = ("id,name,when,at,instant,share,yes,a b\n"
        "1,x,31/01/2024,2024-01-31 10:20:30,2024-01-31T10:20:30+02:00,0.5,true,007\n"
        "2,,01/02/2024,1883-11-18 12:01:00,0001-01-02T00:00:00Z,,FALSE,8\n"
        "3,\"q \"\"z\"\"\",,,,1e300,,\n")


def as_written(package, session, target, spark_reads, path, **options):
    """What is in the table after a conversion to it; (its result, the table)"""
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    how = {"engine": "spark"} if spark_reads else {}
    done = PyForgeDatabricks(spark_session=session).convert(path, progress=False, **how, **options)
    assert done, done.get("error")
    return done, read_back(session, target)


@pytest.mark.parametrize("place, session", spread(["delta", "table"]), indirect=["session"])
def test_tables_are_the_same(package, session, table, folder, place):
    from pyforge_cli.extensions.databricks.tables import path_target, table_target

    path, read = source(folder, WIDE), []
    for spark_reads in (False, True):
        name, out = table(), folder / f"out{spark_reads}.delta"
        options = {"table": name} if place == "table" else {"output_path": out, "output_format": "delta"}
        done, rows = as_written(package, session, table_target(name) if place == "table" else path_target(out), spark_reads, path, **options)
        read.append((rows, done["columns"], done["row_count"], [text for text in done["warnings"] if "engine" not in text]))
    (ours, columns, count, warnings), (theirs, *of_theirs) = read
    assert [columns, count, warnings] == of_theirs and count == 3
    same_tables(theirs.sort_by("id"), ours.sort_by("id"))


@pytest.mark.parametrize("session", KINDS if FULL else ["serverless"], indirect=True)
def test_what_a_table_gets_more(package, session, table, folder):
    """Appended to a table whose columns have other types the file is read natively, and a note says so."""
    from pyforge_cli.extensions.databricks.tables import table_target

    name = table()
    path = source(folder, "id,share\n1,0.5\n2,1.5\n")
    as_written(package, session, table_target(name), True, path, table=name)
    path.write_text("id,share\n3,2.5\n")
    done, rows = as_written(package, session, table_target(name), True, path, table=name, mode="append")
    assert not any("natively" in text for text in done["warnings"]) and rows.num_rows == 3
    path.write_text("id,share\n4,3\n")
    done, rows = as_written(package, session, table_target(name), True, path, table=name, mode="append")
    assert any("other types than the values show" in text for text in done["warnings"]), done["warnings"]
    assert sorted(rows["share"].to_pylist()) == [0.5, 1.5, 2.5, 3.0]
    if overwrites_tables(session):
        done, rows = as_written(package, session, table_target(name), True, path, table=name, mode="overwrite")
        assert rows.num_rows == 1


@pytest.mark.parametrize("session", KINDS if FULL else ["classic"], indirect=True)
def test_a_refused_file_is_a_table_all_the_same(package, session, table, folder):
    from pyforge_cli.extensions.databricks.tables import table_target

    name = table()
    path = source(folder, 'id,text\n1,"a\r\nb"\n2,c\n')
    done, rows = as_written(package, session, table_target(name), True, path, table=name)
    assert any("read natively, and not by Spark" in text and "CR in it" in text for text in done["warnings"]), done["warnings"]
    assert sorted(rows["text"].to_pylist()) == ["a\r\nb", "c"]


SAID = {"gone": "Spark did not read", "rows": "rows where", "nulls": "nulls in the column 'name'", "type": "does not have the columns"}


@pytest.mark.parametrize("fault, session", spread(SAID), indirect=["session"])
def test_when_spark_does_otherwise(package, session, table, folder, monkeypatch, fault):
    """A server that fails, or gives another table than was read: the native engine has the file, and a table gets what it read."""
    from pyforge_cli.extensions.databricks import PyForgeDatabricks, reading
    from pyforge_cli.extensions.databricks.tables import table_target

    whole, said = reading.frame, SAID[fault]

    def frame(spark, plan, path, whole_instants):
        made = whole(spark, plan, path, whole_instants)
        if fault == "gone":
            return made.selectExpr("no_such_column")
        if fault == "rows":
            return made.limit(1)
        return made.selectExpr("c0", "CAST(NULL AS STRING) AS c1" if fault == "nulls" else "1.5D AS c1")

    monkeypatch.setattr(reading, "frame", frame)
    path, forge = source(folder, "id,name\n1,a\n2,b\n"), PyForgeDatabricks(spark_session=session)
    done = forge.convert(path, folder / "out.parquet", force_pyspark=True, progress=False)
    assert done and done["processing_engine"] == "native" and said in done["attempts"][0]["reason"], done["attempts"]
    assert parquet(folder / "out.parquet").to_pydict() == {"id": [1, 2], "name": ["a", "b"]}
    refused = forge.convert(path, folder / "other.parquet", engine="spark", progress=False)
    assert not refused and said in refused["error"]
    assert sorted(place.name for place in folder.iterdir()) == ["in.csv", "out.parquet"]
    name = table()
    done, rows = as_written(package, session, table_target(name), True, path, table=name)
    assert any("read natively, and not by Spark" in text for text in done["warnings"]) and rows.num_rows == 2


@pytest.mark.parametrize("kind", ["classic", "connect"])
def test_a_cancel_ends_the_reading(spark, shared_connect, package, folder, monkeypatch, kind):
    import threading
    import time

    from pyforge_cli.extensions.databricks import reading
    from pyforge_cli.extensions.databricks.session import session_given

    began, whole = threading.Event(), reading.frame

    def frame(*how):
        began.set()
        return whole(*how).selectExpr("c0", "c1 || coalesce(java_method('java.lang.Thread', 'sleep', 20000L), '') AS c1")

    def progress(state):
        if began.is_set() and time.monotonic() - start > 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(reading, "frame", frame)
    path, start = source(folder, "id,name\n1,a\n2,b\n"), time.monotonic()
    with session_given(spark.classic if kind == "classic" else shared_connect), pytest.raises(KeyboardInterrupt):
        package.convert(path, folder / "out.parquet", engine="spark", progress=progress)
    assert time.monotonic() - start < 15
    assert [place.name for place in folder.iterdir()] == ["in.csv"]
