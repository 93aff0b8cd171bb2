"""Tables through real Spark with Delta: what the native engine reads is what the table holds."""

import decimal
from datetime import date, datetime, timezone

import pyarrow
import pyarrow.parquet
import pytest

from loading import load, overwrites_tables, read_back, same

CSV = "id,name,amount,day,at\n1,Ana,2.5,2024-01-01,2024-01-01 10:00:00\n2,,,,\n3,Łukasz 😀,1e300,1000-02-03,1582-10-10 01:02:03.000004\n"


@pytest.fixture
def tables(package):
    from pyforge_cli.extensions.databricks import tables

    return tables


# What is decided before Spark is asked, or by Spark alike for all, is tried with one of them.
one_kind = pytest.mark.parametrize("session", ["connect"], indirect=True)
two_kinds = pytest.mark.parametrize("session", ["classic", "connect"], indirect=True)


@pytest.fixture
def csv(folder):
    path = folder / "sales.csv"
    path.write_text(CSV)
    return path


def more(folder, text, name="more.csv"):
    path = folder / name
    path.write_text(text)
    return path


def test_create_append_overwrite(session, tables, table, folder, csv):
    target = tables.table_target(table())
    written, staged = load(session, csv, target, folder)
    assert (written.rows, written.version, written.created) == (3, 0, True)
    assert written.notes == ["timestamps without a zone are read as UTC: at"]
    same(read_back(session, target), staged, by="id")

    with pytest.raises(FileExistsError) as refused:
        load(session, csv, target, folder)
    assert "--mode append" in refused.value.remedy and refused.value.failure == "ends"

    written, _ = load(session, more(folder, "id,name\n7,x\n8,y\n"), target, folder, "append")
    assert (written.rows, written.version, written.created) == (2, 1, False)
    assert sorted(read_back(session, target)["id"].to_pylist()) == [1, 2, 3, 7, 8]

    if not overwrites_tables(session):
        with pytest.raises(ValueError) as refused:
            load(session, csv, target, folder, "overwrite")
        assert "cannot overwrite" in str(refused.value) and target.frame(session).count() == 5
        return
    written, staged = load(session, csv, target, folder, "overwrite")
    assert (written.rows, written.version) == (3, 2)
    same(read_back(session, target), staged, by="id")


@two_kinds
@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_append_and_overwrite_make_a_table_that_is_not_there(session, tables, table, folder, csv, mode):
    target = tables.table_target(table())
    written, staged = load(session, csv, target, folder, mode)
    assert written.created and written.rows == 3
    same(read_back(session, target), staged, by="id")


@two_kinds
def test_a_path(session, tables, folder, csv):
    target = tables.path_target(str(folder / "a b [x] `q` ü.delta"))
    written, staged = load(session, csv, target, folder)
    assert (written.rows, written.version, written.created) == (3, 0, True)
    same(read_back(session, target), staged, by="id")
    with pytest.raises(FileExistsError):
        load(session, csv, target, folder)
    (folder / "mine").mkdir()
    (folder / "mine" / "book.xlsx").write_text("mine")
    with pytest.raises(FileExistsError, match="book.xlsx"):
        load(session, csv, tables.path_target(str(folder / "mine")), folder, "overwrite")
    written, _ = load(session, csv, target, folder, "append")
    assert (written.rows, written.version) == (3, 1)
    written, _ = load(session, csv, target, folder, "overwrite")
    assert (written.rows, written.version) == (3, 2)
    same(read_back(session, target), staged, by="id")


@two_kinds
def test_schema_merge(session, tables, table, folder, csv):
    target = tables.table_target(table())
    load(session, csv, target, folder)
    wider = more(folder, "ID,extra,name\n9,true,z\n")
    with pytest.raises(ValueError) as refused:
        load(session, wider, target, folder, "append")
    assert "'extra'" in str(refused.value) and "--merge-schema" in refused.value.remedy
    written, _ = load(session, wider, target, folder, "append", merge_schema=True)
    assert written.rows == 1
    read = read_back(session, target)
    assert read.column_names == ["id", "name", "amount", "day", "at", "extra"]
    assert read.filter(pyarrow.compute.equal(read["id"], 9)).to_pylist() == [
        {"id": 9, "name": "z", "amount": None, "day": None, "at": None, "extra": True}]


@two_kinds
def test_types_that_do_not_fit_are_refused_before_anything_is_written(session, tables, table, folder):
    target = tables.table_target(table())
    session.sql(f"CREATE TABLE {target.sql} (a INT, b DATE, c STRING) USING delta")
    for text, named in (("a\n1.5\n", "double"), ("b\n2024-01-01 10:00:00\n", "timestamp"), ("c\n12\n", "bigint"), ("a\nx\n", "string")):
        with pytest.raises(ValueError) as refused:
            load(session, more(folder, text), target, folder, "append", merge_schema=True)
        assert named in str(refused.value) and "--schema" in refused.value.remedy
    # a wide integer goes into a narrow column as long as its values do
    written, _ = load(session, more(folder, "a\n2147483647\n-2147483648\n"), target, folder, "append")
    assert written.rows == 2
    with pytest.raises(Exception) as refused:
        load(session, more(folder, "a\n2147483648\n"), target, folder, "append")
    assert "2147483648" in str(refused.value)
    assert sorted(read_back(session, target)["a"].to_pylist()) == [-2147483648, 2147483647]


@two_kinds
def test_a_column_keeps_its_name_before_another_is_repaired(session, tables, table, folder):
    target = tables.table_target(table())
    session.sql(f"CREATE TABLE {target.sql} (a_b INT) USING delta")
    load(session, more(folder, "a b,a_b\n100,1\n"), target, folder, "append", merge_schema=True)
    assert read_back(session, target).to_pylist() == [{"a_b": 1, "a_b_2": 100}]
    with pytest.raises(ValueError, match="cannot be told which"):
        load(session, more(folder, "a b\n7\n"), target, folder, "append")
    load(session, more(folder, "a_b,a b\n2,200\n"), target, folder, "append")
    assert sorted(row["a_b"] for row in read_back(session, target).to_pylist()) == [1, 2]


@two_kinds
def test_a_float_goes_into_a_double(session, tables, table, folder):
    target = tables.table_target(table())
    session.sql(f"CREATE TABLE {target.sql} (f DOUBLE, t STRING) USING delta")
    source = folder / "float.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"f": pyarrow.array([1.5, None, 0.1], pyarrow.float32())}), source)
    written, _ = load(session, source, target, folder, "append")
    assert written.notes == ["columns of the table that are not in the file get null, or their default: t"]
    read = sorted(str(value) for value in read_back(session, target)["f"].to_pylist())
    assert read == ["0.10000000149011612", "1.5", "None"]


@two_kinds
def test_a_timestamp_without_a_zone_stays_so_where_the_table_has_such(session, tables, table, folder):
    target = tables.table_target(table())
    session.sql(f"CREATE TABLE {target.sql} (id BIGINT, at TIMESTAMP_NTZ) USING delta")
    # 02:30 is a time that New York, the zone of the session, left out
    texts = ["2024-03-10 02:30:00.000001", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "1883-11-18 12:01:00"]
    source = more(folder, "id,at\n" + "".join(f"{number},{text}\n" for number, text in enumerate(texts)) + "9,\n")
    written, staged = load(session, source, target, folder, "append", timezone="Europe/Berlin")
    assert written.notes == []
    read = target.frame(session).selectExpr("id", "CAST(at AS STRING) AS at").orderBy("id").collect()
    assert [row["at"] for row in read] == [*texts, None]


def every_type(folder):
    """Parquet of every type there is, with nulls and the ends of each."""
    at = datetime(2024, 3, 31, 2, 30, 0, 123456)
    columns = {
        "id": pyarrow.array(range(5), pyarrow.int64()),
        "flag": pyarrow.array([True, False, None, True, False]),
        "i8": pyarrow.array([-128, 127, None, 0, 1], pyarrow.int8()),
        "i16": pyarrow.array([-32768, 32767, None, 0, 1], pyarrow.int16()),
        "i32": pyarrow.array([-(2**31), 2**31 - 1, None, 0, 1], pyarrow.int32()),
        "i64": pyarrow.array([-(2**63), 2**63 - 1, None, 0, 1], pyarrow.int64()),
        "f32": pyarrow.array([1.5, float("-inf"), None, float("nan"), -0.0], pyarrow.float32()),
        "f64": pyarrow.array([5e-324, 1.7976931348623157e308, None, float("nan"), -0.0], pyarrow.float64()),
        "dec": pyarrow.array([decimal.Decimal("12345678901234567890.12"), decimal.Decimal("-0.01"), None, 0, 1], pyarrow.decimal128(22, 2)),
        "day": pyarrow.array([date(1, 1, 1), date(9999, 12, 31), None, date(1582, 10, 10), date(1970, 1, 1)]),
        "at": pyarrow.array([at, datetime(1, 1, 1), None, datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1582, 10, 10, 1)],
                            pyarrow.timestamp("us")),
        "utc": pyarrow.array([at, datetime(1, 1, 2), None, datetime(9999, 12, 30), datetime(1582, 10, 10, 1)], pyarrow.timestamp("us", "UTC")),
        "text": pyarrow.array(["", "a\0b", None, "😀 Łódź \t\r\n", "' \" ` \\ ${x}"]),
        "bytes": pyarrow.array([b"", b"\0\xff", None, b"x", b"y"], pyarrow.binary()),
        "nothing": pyarrow.array([None] * 5, pyarrow.string()),
    }
    path = folder / "types.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_every_type(session, tables, table, folder):
    target = tables.table_target(table())
    written, staged = load(session, every_type(folder), target, folder)
    assert written.rows == 5
    same(read_back(session, target), staged, by="id")


@one_kind
@pytest.mark.parametrize("zone", ["Europe/Berlin", "+05:30"])
def test_timestamps_without_a_zone_are_of_the_zone_asked_for(session, tables, table, folder, zone):
    target = tables.table_target(table())
    texts = ["2024-03-31 02:30:00", "2024-10-27 02:30:00", "2024-07-01 12:00:00.5", "1900-01-01 00:00:00"]
    source = more(folder, "id,at\n" + "".join(f"{number},{text}\n" for number, text in enumerate(texts)))
    written, staged = load(session, source, target, folder, timezone=zone)
    assert written.notes == [f"timestamps without a zone are read as {zone}: at"]
    read = read_back(session, target).sort_by("id")["at"].to_pylist()
    if zone == "+05:30":
        assert read[2] == datetime(2024, 7, 1, 6, 30, 0, 500000, tzinfo=timezone.utc)
        return
    # the first is a time that Berlin's clocks left out, the second one they showed twice: the earlier offset counts
    assert read[:3] == [datetime(2024, 3, 31, 1, 30, tzinfo=timezone.utc), datetime(2024, 10, 27, 0, 30, tzinfo=timezone.utc),
                        datetime(2024, 7, 1, 10, 0, 0, 500000, tzinfo=timezone.utc)]


def test_a_spark_that_takes_them_for_instants(spark, tables, table, folder, csv):
    """As those before 3.4 do, and any where spark.sql.parquet.inferTimestampNTZ.enabled is off."""
    session = spark.classic.newSession()
    session.conf.set("spark.sql.parquet.inferTimestampNTZ.enabled", "false")
    for zone in ("UTC", "Europe/Berlin"):
        target = tables.table_target(table())
        written, staged = load(session, csv, target, folder, timezone=zone)
        assert written.notes == [f"timestamps without a zone are read as {zone}: at"]
        read = read_back(session, target).sort_by("id")["at"].to_pylist()
        assert read[0] == datetime(2024, 1, 1, 10 if zone == "UTC" else 9, tzinfo=timezone.utc)


def test_such_a_spark_writes_a_column_without_a_zone(spark, tables, table, folder):
    session = spark.classic.newSession()
    session.conf.set("spark.sql.parquet.inferTimestampNTZ.enabled", "false")
    target = tables.table_target(table())
    session.sql(f"CREATE TABLE {target.sql} (id BIGINT, at TIMESTAMP_NTZ) USING delta")
    texts = ["2024-03-10 02:30:00.000001", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "1883-11-18 12:01:00"]
    source = more(folder, "id,at\n" + "".join(f"{number},{text}\n" for number, text in enumerate(texts)) + "9,\n")
    load(session, source, target, folder, "append")
    read = target.frame(session).selectExpr("id", "CAST(at AS STRING) AS at").orderBy("id").collect()
    assert [row["at"] for row in read] == [*texts, None]


@two_kinds
def test_an_empty_table(session, tables, table, folder):
    target = tables.table_target(table())
    written, staged = load(session, more(folder, "a,b\n"), target, folder)
    assert written.rows == 0 and written.created
    same(read_back(session, target), staged)


@one_kind
@pytest.mark.parametrize("name", ["spark_catalog.default.select", "spark_catalog.default.`1_table`", "default.group",
                                  "`spark_catalog`.`default`.`Ab_9`"])
def test_odd_names_of_tables(spark, session, tables, folder, csv, name):
    target = tables.table_target(name)
    try:
        written, staged = load(session, csv, target, folder)
        assert written.rows == 3
        load(session, csv, target, folder, "append")
        assert target.frame(session).count() == 6
    finally:
        spark.classic.sql(f"DROP TABLE IF EXISTS {target.sql}")


@two_kinds
@pytest.mark.parametrize("name", ["default.`x; DROP TABLE victim`", "spark_catalog.default.`a``.b`", "default.`victim` `", "default.x'--", "`a b`",
                                  "default.`${spark.app.name}`", "default.victim; DROP TABLE victim", "default.`é😀`"])
def test_names_that_are_no_statements(spark, session, tables, folder, csv, name):
    spark.classic.sql("CREATE TABLE IF NOT EXISTS default.victim (a INT) USING delta")
    before = spark.classic.sql("SHOW TABLES IN default").count()
    files = sorted(spark.warehouse.iterdir())
    with pytest.raises(ValueError):
        load(session, csv, tables.table_target(name), folder)
    assert spark.classic.sql("SHOW TABLES IN default").count() == before
    # nothing is left that would stand in the way of a table of that name
    assert sorted(spark.warehouse.iterdir()) == files


ODD_COLUMNS = ["a b", "x.y", "back`tick", "quote'\"", "semi;colon", "brace{}", "eq=", "select", "ünï😀", "a_b", "1"]


@two_kinds
def test_odd_names_of_columns(session, tables, table, folder):
    source = folder / "odd.parquet"
    columns = pyarrow.table([pyarrow.array([number]) for number in range(len(ODD_COLUMNS))], names=ODD_COLUMNS)
    pyarrow.parquet.write_table(columns, source)
    target = tables.table_target(table())
    written, _ = load(session, source, target, folder)
    assert "'a b' is 'a_b_2'" in written.notes[0]
    read = read_back(session, target)
    assert read.column_names == written.columns == ["a_b_2", "x.y", "back`tick", "quote'\"", "semi_colon", "brace__", "eq_", "select", "ünï😀",
                                                    "a_b", "1"]
    assert list(read.to_pylist()[0].values()) == list(range(len(ODD_COLUMNS)))
    # the same file again finds its columns
    assert load(session, source, target, folder, "append")[0].rows == 1


@one_kind
def test_names_of_columns_as_asked(session, tables, table, folder):
    source = more(folder, "Order ID,Name,x=1\n1,a,2\n")
    with pytest.raises(ValueError) as refused:
        load(session, source, tables.table_target(table()), folder, column_names="keep")
    assert "'Order ID', 'x=1'" in str(refused.value) and "--column-names" in refused.value.remedy
    target = tables.table_target(table())
    load(session, source, target, folder, column_names="snake")
    assert read_back(session, target).column_names == ["order_id", "name", "x_1"]
    for target in (tables.table_target(table()), tables.path_target(str(folder / "mapped"))):
        load(session, source, target, folder, column_names="map")
        assert read_back(session, target).column_names == ["Order ID", "Name", "x=1"]
        # a table that has them takes them whatever is asked
        load(session, source, target, folder, "append")
        assert read_back(session, target).num_rows == 2


@two_kinds
def test_columns_that_differ_in_case_only(session, tables, table, folder):
    with pytest.raises(Exception) as refused:
        load(session, more(folder, "a,A\n1,2\n"), tables.table_target(table()), folder)
    assert "differ in case only" in str(refused.value), refused.value


@one_kind
def test_a_column_that_spark_would_read_as_nulls(session, tables, table, folder):
    with pytest.raises(ValueError) as refused:
        load(session, more(folder, "a,${spark.app.name}\n1,2\n"), tables.table_target(table()), folder)
    assert "${spark.app.name}" in str(refused.value) and "--columns" in refused.value.remedy


@two_kinds
@pytest.mark.parametrize("name, found, says", [
    ("spark_catalog.nosuch.t", FileNotFoundError, "CREATE SCHEMA `spark_catalog`.`nosuch`"),
    ("nosuch.default.t", FileNotFoundError, "SHOW CATALOGS"),
])
def test_what_is_missing(session, tables, folder, csv, name, found, says):
    with pytest.raises(found) as missing:
        load(session, csv, tables.table_target(name), folder)
    assert says in missing.value.remedy and missing.value.condition, missing.value


@two_kinds
def test_staged_data_that_spark_does_not_see(session, tables, table, folder):
    with pytest.raises(FileNotFoundError) as missing:
        tables.write_table(session, f"file:{folder}/nothing", tables.table_target(table()))
    assert "--staging" in missing.value.remedy


@one_kind
def test_a_number_of_rows_that_differs_is_an_error(session, tables, table, folder, csv):
    target = tables.table_target(table())
    load(session, csv, target, folder)
    staged = folder / "three.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"id": pyarrow.array([1, 2, 3])}), staged)
    with pytest.raises(RuntimeError) as wrong:
        tables.write_table(session, f"file:{staged}", target, "append", rows=4)
    assert "got 3 rows where 4" in str(wrong.value) and "TO VERSION AS OF 0" in wrong.value.remedy
    assert "shows 1 as the last version" in wrong.value.remedy and "whoever wrote that" in wrong.value.remedy


@one_kind
def test_staging_in_odd_folders(session, tables, table, folder, csv):
    odd = folder / "a b{c}[d]*?,e%20=1 ü"
    odd.mkdir()
    target = tables.table_target(table())
    written, staged = load(session, csv, target, odd)
    assert written.rows == 3


def test_the_settings_of_the_session_stay(spark, tables, table, folder, csv):
    def settings():
        # Delta itself keeps the number of the last commit there
        return {row["key"]: row["value"] for row in spark.classic.sql("SET").collect() if "lastCommitVersion" not in row["key"]}

    before = settings()
    load(spark.classic, csv, tables.table_target(table()), folder)
    assert settings() == before


def test_a_session_that_refuses_old_dates(spark, tables, table, folder, csv):
    """As those of Spark 3 do."""
    session = spark.classic.newSession()
    for name in ("datetime", "int96"):
        session.conf.set(f"spark.sql.parquet.{name}RebaseModeInWrite", "EXCEPTION")
    with pytest.raises(ValueError) as refused:
        load(session, csv, tables.table_target(table()), folder)
    assert "before 1582" in str(refused.value) and "CORRECTED" in refused.value.remedy
