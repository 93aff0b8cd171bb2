"""Delta tables as the input, in folders and in a catalog, to files and to tables."""

import datetime
import decimal
import os
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from conftest import KINDS, ROOT, skip_aloud
from loading import read_back

FULL = bool(os.environ.get("PYFORGE_TEST_FULL"))
TYPES = ("SELECT CAST(1 AS TINYINT) AS y, CAST(2 AS SMALLINT) AS s, 3 AS i, CAST(4 AS BIGINT) AS l, CAST(0.5 AS FLOAT) AS f, 1.5D AS d, true AS b, "
         "'x' AS t, X'00FF' AS x, DATE'2024-01-31' AS day, TIMESTAMP'2024-01-31T10:20:30.123456Z' AS at, "
         "TIMESTAMP_NTZ'2024-01-31 10:20:30' AS wall, CAST(1.25 AS DECIMAL(10,2)) AS n "
         "UNION ALL SELECT " + ", ".join(["NULL"] * 13))


@pytest.fixture
def forge(package, session):
    from pyforge_cli.extensions.databricks import PyForgeDatabricks

    return PyForgeDatabricks(spark_session=session)


def make(spark, name, sql=TYPES):
    """In the catalog by its name, in a folder by its path."""
    frame = spark.classic.sql(sql)
    writer = frame.write.format("delta")
    writer.saveAsTable(name) if isinstance(name, str) else writer.save(str(name))


def rows_of(path):
    return sorted(pyarrow.parquet.read_table(path).to_pylist(), key=lambda row: str(row))


@pytest.mark.parametrize("place", ["folder", "table"])
def test_types(spark, package, forge, folder, table, place):
    name = table() if place == "table" else folder / "in.delta"
    make(spark, name)
    how = {"from_": "delta"} if place == "table" else {}
    done = forge.convert(name, folder / "out.parquet", progress=False, **how)
    assert done, done.get("error")
    assert done["processing_engine"].startswith("spark") and done["input_format"] == "delta" and done["row_count"] == 2
    read = pyarrow.parquet.read_table(folder / "out.parquet")
    assert [str(field.type) for field in read.schema] == [
        "int8", "int16", "int32", "int64", "float", "double", "bool", "string", "binary", "date32[day]", "timestamp[us, tz=UTC]", "timestamp[us]", "decimal128(10, 2)"]
    full = max(read.to_pylist(), key=lambda row: row["i"] or 0)
    utc = datetime.timezone.utc
    assert list(full.values()) == [1, 2, 3, 4, 0.5, 1.5, True, "x", b"\0\xff", datetime.date(2024, 1, 31), datetime.datetime(2024, 1, 31, 10, 20, 30, 123456, utc),
                                   datetime.datetime(2024, 1, 31, 10, 20, 30), decimal.Decimal("1.25")]
    assert not [entry for entry in folder.iterdir() if entry.name.startswith(".pyforge")]


@pytest.mark.parametrize("session", KINDS if FULL else ["serverless"], indirect=True)
def test_what_the_log_says(spark, forge, folder, package):
    """Rows that were deleted, files that were replaced, columns that came later: of all that only the log tells."""
    place = folder / "in.delta"
    make(spark, place, "SELECT id, CAST(id % 3 AS INT) AS part FROM range(10)")
    spark.classic.sql(f"DELETE FROM delta.`{place}` WHERE id = 4")
    spark.classic.sql("SELECT 99L AS id, 1 AS part, 'new' AS more").write.format("delta").mode("append").option("mergeSchema", "true").save(str(place))
    done = forge.convert(place, progress=False)
    assert done and done["output_path"] == str(folder / "in.parquet"), done.get("error")
    assert sorted(row["id"] for row in rows_of(folder / "in.parquet")) == [0, 1, 2, 3, 5, 6, 7, 8, 9, 99]
    done = forge.convert(place, folder / "out.csv", progress=False)
    assert done and len((folder / "out.csv").read_text().splitlines()) == 11
    done = forge.convert(place, folder / "out.xlsx", progress=False)
    assert done and done["row_count"] == 10, done.get("error")


@pytest.mark.parametrize("session", KINDS if FULL else ["serverless"], indirect=True)
def test_to_tables(spark, forge, folder, table, session):
    from pyforge_cli.extensions.databricks.tables import path_target, table_target

    place, name = folder / "in.delta", table()
    make(spark, place, "SELECT id, TIMESTAMP'2024-01-31T10:20:30Z' AS at FROM range(3)")
    spark.classic.sql(f"CREATE TABLE {name} (id BIGINT, at TIMESTAMP) USING delta PARTITIONED BY (id)")
    for mode, rows in (("append", 3), ("append", 6), ("overwrite", 3)):
        done = forge.convert(place, table=name, mode=mode, progress=False)
        assert done, done.get("error")
        assert read_back(session, table_target(name)).num_rows == rows
    spark.classic.sql("SELECT 7L AS id, TIMESTAMP'2024-01-31T10:20:30Z' AS at, 'x' AS more").write.format("delta").mode("append").option("mergeSchema", "true").save(str(place))
    assert not forge.convert(place, table=name, mode="append", progress=False)
    assert forge.convert(place, table=name, mode="append", merge_schema=True, progress=False)
    read = read_back(session, table_target(name))
    assert read.column_names == ["id", "at", "more"] and read.num_rows == 7
    assert set(read["at"].to_pylist()) == {datetime.datetime(2024, 1, 31, 10, 20, 30, tzinfo=datetime.timezone.utc)}
    done = forge.convert(name, folder / "copy.delta", from_="delta", output_format="delta", progress=False)
    assert done and read_back(session, path_target(folder / "copy.delta")).num_rows == 7, done.get("error")


@pytest.mark.parametrize("session", ["classic"], indirect=True)
def test_what_is_refused(spark, forge, folder, table, package):
    for source, how, why in [
        (folder / "none.delta", {"from_": "delta"}, "there is no table"),
        ("spark_catalog.default.no_such_table", {"from_": "delta", "output_path": folder / "out.parquet"}, "there is no table"),
        ("spark_catalog.default.no_such_table", {"from_": "delta"}, "name it: output_path="),
        (folder / "none.delta", {"from_": "delta", "engine": "native"}, "by no other engine"),
    ]:
        done = forge.convert(source, progress=False, **how)
        assert not done and why in str(done["error"]) + str(done), (source, done.get("error"))
    assert not list(folder.iterdir())


def golden():
    place = Path(os.environ.get("PYFORGE_TEST_DATA") or ROOT.parent / "shared" / "data") / "delta-golden"
    tables = sorted(path.parent for path in place.glob("*/_delta_log"))
    return tables if FULL else tables[::6]


@pytest.mark.parametrize("session", ["classic"], indirect=True)
@pytest.mark.parametrize("place", golden() or [None], ids=lambda place: place.name if place else "none")
def test_golden_tables(spark, forge, folder, place):
    """Rows and columns as Spark counts them; what Spark does not read fails with its reason."""
    if place is None:
        skip_aloud("NO TEST DATA: Delta's golden tables are not read")
    done = forge.convert(place, folder / "out.parquet", progress=False)
    try:
        frame = spark.classic.read.format("delta").load(str(place))
        rows = frame.count()
    except Exception:
        assert not done and not list(folder.iterdir())
        return
    assert done or "cannot" in str(done["error"]) or "Spark did not read" in str(done["error"]), done["error"]
    if done:
        read = pyarrow.parquet.read_table(folder / "out.parquet")
        assert read.num_rows == rows and read.column_names == frame.columns
