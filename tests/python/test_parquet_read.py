"""The Parquet reader against those who write Parquet: files of PyArrow, DuckDB and Polars, with every encoding, codec, page version and
pattern of nulls, converted to CSV and compared value by value; files that must be refused; and the files other projects test with."""
import base64
import datetime
import decimal
import json
import random
import uuid

import duckdb
import numpy
import polars
import pyarrow
import pyarrow.csv as csv
import pyarrow.parquet as parquet
import pytest

DONE, FAILED, REFUSED = 0, 1, 4
ROWS = 2000

# ---- CSV as text: an unquoted empty field is null, a quoted one is an empty text


def csv_fields(text):
    """Rows of values; None for null. The dialect is the writer's: commas, double quotes where needed, LF."""
    rows, row, at, end = [], [], 0, len(text)
    while at < end:
        if text[at] == '"':
            start, value = at + 1, []
            while True:
                quote = text.index('"', start)
                value.append(text[start:quote])
                if text[quote + 1:quote + 2] != '"':
                    break
                value.append('"')
                start = quote + 2
            row.append("".join(value))
            at = quote + 1
        else:
            stop = at
            while text[stop] not in ",\n":
                stop += 1
            row.append(text[at:stop] or None)
            at = stop
        if text[at] == "\n":
            rows.append(row)
            row = []
        elif text[at + 1:at + 2] in ("\n", ""):
            row.append(None)
            rows.append(row)
            row = []
            at += 1
        at += 1
    return rows


def microseconds(text):
    """A timestamp or time of day as the writer prints it, to microseconds."""
    day, clock = text.split(" ") if " " in text else (None, text)
    hours, minutes, seconds = clock.rstrip("Z").split(":")
    whole, _, fraction = seconds.partition(".")
    total = ((int(hours) * 60 + int(minutes)) * 60 + int(whole)) * 1_000_000 + int(fraction.ljust(6, "0") or 0)
    return total + (0 if day is None else days(day) * 86_400_000_000)


def days(text):
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


def float_bits(value):
    """The sign of a zero counts; a NaN is a NaN."""
    return "nan" if numpy.isnan(value) else value.tobytes()


def comparable(column):
    """An Arrow column as Python values, and how a text of the CSV file becomes such a value."""
    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if isinstance(kind, pyarrow.UuidType):
        return [None if value is None else str(value) for value in column.to_pylist()], str
    if pyarrow.types.is_boolean(kind):
        return column.to_pylist(), {"true": True, "false": False}.get
    if pyarrow.types.is_integer(kind):
        return column.to_pylist(), int
    if pyarrow.types.is_floating(kind):
        width = numpy.float64 if pyarrow.types.is_float64(kind) else numpy.float32
        return [None if value is None else float_bits(width(value)) for value in column.to_pylist()], lambda text: float_bits(width(text))
    if pyarrow.types.is_decimal(kind):
        return column.to_pylist(), decimal.Decimal
    if pyarrow.types.is_date(kind):
        return column.cast(pyarrow.date32()).cast(pyarrow.int32()).to_pylist(), days
    if pyarrow.types.is_timestamp(kind):
        unit = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": -1000}[kind.unit]
        values = column.cast(pyarrow.timestamp(kind.unit)).cast(pyarrow.int64()).to_pylist()
        return [None if value is None else value * unit if unit > 0 else value // -unit for value in values], microseconds
    if pyarrow.types.is_time(kind):
        return column.cast(pyarrow.time64("us")).cast(pyarrow.int64()).to_pylist(), microseconds
    if pyarrow.types.is_null(kind):
        return [None] * len(column), str
    if pyarrow.types.is_binary(kind) or pyarrow.types.is_fixed_size_binary(kind) or pyarrow.types.is_large_binary(kind):
        return [None if value is None else base64.b64encode(value).decode() for value in column.to_pylist()], str
    return column.to_pylist(), str


def check_csv(text, table):
    header, *rows = csv_fields(text)
    assert header == table.column_names
    assert len(rows) == table.num_rows
    for index, name in enumerate(table.column_names):
        expected, parse = comparable(table.column(index).combine_chunks())
        if table.num_columns == 1:
            # A row of one null would be an empty line: it is written as "", like an empty text.
            rows = [[row[0] or None] for row in rows]
            expected = [value or None if isinstance(value, str) else value for value in expected]
        got = [None if row[index] is None else parse(row[index]) for row in rows]
        if got != expected:
            row = next(i for i, pair in enumerate(zip(got, expected)) if pair[0] != pair[1])
            raise AssertionError(f"column {name}, row {row + 1}: {rows[row][index]!r}, expected {expected[row]!r}")


def check_file(pyforge, path, *options, columns=None):
    output = path.with_suffix(".csv")
    process = pyforge("convert", path, output, "--force", *options)
    assert process.returncode == DONE, process.stderr.decode()
    check_csv(output.read_text(), parquet.ParquetFile(path).read(columns=columns))


# ---- a table of every type


def made_table(rows, nulls, seed):
    pick = random.Random(seed)
    words = ["alpha", "b", "", "gamma delta", "ünïcödé", "日本語テキスト", "x" * 40, 'quo"te', "com,ma", "new\nline"]

    def column(make, kind):
        return pyarrow.array([None if pick.random() < nulls else make(i) for i in range(rows)], kind)

    def between(low, high):
        return lambda i: pick.randint(low, high)

    table = {
        "bool": column(lambda i: pick.random() < 0.5, pyarrow.bool_()),
        "int8": column(between(-128, 127), pyarrow.int8()),
        "uint8": column(between(0, 255), pyarrow.uint8()),
        "int16": column(between(-32768, 32767), pyarrow.int16()),
        "uint16": column(between(0, 65535), pyarrow.uint16()),
        "int32": column(between(-2**31, 2**31 - 1), pyarrow.int32()),
        "uint32": column(between(0, 2**32 - 1), pyarrow.uint32()),
        "int64": column(between(-2**63, 2**63 - 1), pyarrow.int64()),
        "uint64": column(between(0, 2**64 - 1), pyarrow.uint64()),
        "rising": column(lambda i: 3 * i + 1, pyarrow.int64()),
        "small": column(between(0, 5), pyarrow.int64()),
        "runs": column(lambda i: i // 100, pyarrow.int32()),
        "float32": column(lambda i: numpy.float32(pick.gauss(0, 1)), pyarrow.float32()),
        "float64": column(lambda i: pick.gauss(0, 1e6), pyarrow.float64()),
        "float16": column(lambda i: numpy.float16(pick.gauss(0, 100)), pyarrow.float16()),
        "text": column(lambda i: pick.choice(words), pyarrow.string()),
        "texts": column(lambda i: f"k{i:07d}-{pick.choice(words)}", pyarrow.string()),
        "long_text": column(lambda i: "".join(pick.choices("abcdef", k=pick.randint(1, 120))), pyarrow.string()),
        "binary": column(lambda i: pick.randbytes(pick.randint(1, 9)), pyarrow.binary()),
        "fixed": column(lambda i: pick.randbytes(5), pyarrow.binary(5)),
        "date": column(between(-4000, 30000), pyarrow.int32()).cast(pyarrow.date32()),
        "time_ms": column(between(0, 86399999), pyarrow.time32("ms")),
        "time_us": column(between(0, 86399999999), pyarrow.time64("us")),
        "time_ns": column(lambda i: pick.randint(0, 86399999999) * 1000, pyarrow.time64("ns")),
        "timestamp_ms": column(between(-10**13, 10**13), pyarrow.timestamp("ms")),
        "timestamp_us": column(between(-10**16, 10**16), pyarrow.timestamp("us")),
        "timestamp_ns": column(lambda i: pick.randint(-10**14, 10**14) * 1000, pyarrow.timestamp("ns")),
        "timestamp_utc": column(between(-10**16, 10**16), pyarrow.timestamp("us", "UTC")),
        "uuid": pyarrow.array([None if pick.random() < nulls else uuid.UUID(int=pick.getrandbits(128)).bytes for _ in range(rows)],
                              pyarrow.binary(16)).cast(pyarrow.uuid()),
        "all_null": pyarrow.array([None] * rows, pyarrow.string()),
        "null_type": pyarrow.nulls(rows),
    }
    for precision, scale in ((5, 2), (9, 0), (15, 4), (18, 18), (28, 6), (38, 10)):
        context = decimal.Context(prec=60)
        table[f"decimal_{precision}"] = column(
            lambda i: decimal.Decimal(pick.randint(-10**precision + 1, 10**precision - 1)).scaleb(-scale, context),
            pyarrow.decimal128(precision, scale))
    return pyarrow.table(table)


@pytest.fixture(scope="module")
def tables():
    return {"nulls": made_table(ROWS, 0.2, 1), "few nulls": made_table(ROWS, 0.002, 2), "full": made_table(ROWS, 0, 3),
            "one row": made_table(1, 0.3, 4), "no rows": made_table(0, 0, 5)}


SMALL_PAGES = {"row_group_size": 700, "data_page_size": 2000, "dictionary_pagesize_limit": 3000}

# The columns that PyArrow writes in each encoding; the first round has the first one of each, and so on.
ENCODINGS = {
    "int32": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"], "int64": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
    "rising": ["DELTA_BINARY_PACKED"], "small": ["DELTA_BINARY_PACKED"], "runs": ["DELTA_BINARY_PACKED"],
    "int8": ["DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"], "float32": ["PLAIN", "BYTE_STREAM_SPLIT"],
    "float64": ["PLAIN", "BYTE_STREAM_SPLIT"], "float16": ["BYTE_STREAM_SPLIT"], "bool": ["RLE", "PLAIN"],
    "text": ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"], "texts": ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
    "long_text": ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"], "binary": ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"],
    "fixed": ["BYTE_STREAM_SPLIT", "DELTA_BYTE_ARRAY"], "decimal_38": ["DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"],
    "timestamp_us": ["DELTA_BINARY_PACKED"],
}


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("codec", ["none", "snappy", "zstd", "gzip", "lz4"])
def test_codecs_and_pages(pyforge, tables, tmp_path, codec, dictionary, version):
    path = tmp_path / "a.parquet"
    parquet.write_table(tables["nulls"], path, compression=codec, use_dictionary=dictionary, data_page_version=version,
                        write_page_checksum=version == "2.0", **SMALL_PAGES)
    check_file(pyforge, path)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("name", ["few nulls", "full", "one row", "no rows"])
def test_patterns_of_nulls(pyforge, tables, tmp_path, name, version):
    path = tmp_path / "a.parquet"
    parquet.write_table(tables[name], path, data_page_version=version, **SMALL_PAGES)
    check_file(pyforge, path)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("name", ["nulls", "full"])
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_encodings(pyforge, tables, tmp_path, turn, name, version):
    path = tmp_path / "a.parquet"
    parquet.write_table(tables[name], path, use_dictionary=False, data_page_version=version, store_decimal_as_integer=True,
                        column_encoding={column: names[turn % len(names)] for column, names in ENCODINGS.items()}, **SMALL_PAGES)
    check_file(pyforge, path)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("pages", [20_000, 1 << 30])
def test_row_groups_of_many_blocks(pyforge, tmp_path, pages, version):
    """More rows in a row group than a block has: blocks begin inside pages, with and without nulls, in every encoding that must be
    read from its beginning."""
    rows = 280_000
    pick = numpy.random.default_rng(5)
    whole = pick.integers(0, 10**9, rows)
    some = pyarrow.array(whole, mask=pick.random(rows) < 0.3)
    texts = pyarrow.array([None if n % 7 == 0 else f"text {n % 5000}" for n in whole])
    table = pyarrow.table({"plain": pyarrow.array(whole), "some": some, "delta": some, "indexed": pyarrow.array(whole % 100),
                           "bool": pyarrow.array(whole % 3 == 0, mask=whole % 5 == 0), "text": texts, "lengths": texts, "fronts": texts,
                           "runs": pyarrow.array(numpy.arange(rows) // 50_000)})
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path, row_group_size=rows, data_page_size=pages, max_rows_per_page=pages, data_page_version=version,
                        use_dictionary=["indexed", "runs", "text"],
                        column_encoding={"delta": "DELTA_BINARY_PACKED", "bool": "RLE", "lengths": "DELTA_LENGTH_BYTE_ARRAY",
                                         "fronts": "DELTA_BYTE_ARRAY"})
    output = tmp_path / "a.csv"
    assert pyforge("convert", path, output).returncode == DONE
    types = csv.ConvertOptions(column_types=table.schema, strings_can_be_null=True, quoted_strings_can_be_null=False)
    assert csv.read_csv(output, convert_options=types).equals(table)
    one = tmp_path / "one.csv"
    assert pyforge("convert", path, one, "--threads", "1").returncode == DONE
    assert one.read_bytes() == output.read_bytes()


# ---- other writers


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip", "uncompressed", "lz4_raw"])
def test_duckdb_files(pyforge, tmp_path, codec, version):
    path = tmp_path / "a.parquet"
    duckdb.sql(f"""copy (select i::bigint i, case when i % 7 = 0 then null else i::integer end j, 'name ' || (i % 100) s, i % 3 = 0 b,
        i * 1.5::double d, (i % 50)::tinyint t, (i % 50)::utinyint u, (i * 10)::ubigint ub, date '2000-01-01' + (i % 5000)::int dt,
        timestamp '2001-01-01' + interval (i) second ts, time '00:00:00' + interval (i) second tm, (i % 10000)::decimal(9, 2) d9,
        i::decimal(18, 3) d18, i::decimal(38, 5) d38, md5(i::varchar)::uuid uu, ('x' || i)::blob bl, (i::float) / 3 f,
        case when i % 2 = 0 then 'a' else 'b' end::enum('a', 'b') en, make_timestamptz(2020, 1, 1, 0, 0, (i % 60)::double) tz,
        case when i < 2000 then null else repeat('z', (i % 30)::int + 1) end z from range(4000) r(i))
        to '{path}' (format parquet, parquet_version {version}, codec '{codec}', row_group_size 3000)""")
    check_file(pyforge, path)


@pytest.mark.parametrize("codec", ["snappy", "zstd", "lz4", "gzip", "uncompressed"])
def test_polars_files(pyforge, tables, tmp_path, codec):
    path = tmp_path / "a.parquet"
    table = tables["nulls"].drop_columns(["float16", "null_type", "uuid", "decimal_38"])
    polars.from_arrow(table).write_parquet(path, compression=codec, data_page_size=2000, row_group_size=900)
    check_file(pyforge, path)


def test_int96(pyforge, tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"t": pyarrow.array([0, 10**15, None, -10**15 - 1], pyarrow.timestamp("us")), "n": range(4)}),
                        path, use_deprecated_int96_timestamps=True)
    output = tmp_path / "a.csv"
    assert pyforge("convert", path, output).returncode == DONE
    assert [row[0] and microseconds(row[0]) for row in csv_fields(output.read_text())[1:]] == [0, 10**15, None, -10**15 - 1]


# ---- columns


def test_projection(pyforge, tables, tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(tables["nulls"], path, **SMALL_PAGES)
    check_file(pyforge, path, "--columns", "int8,text,decimal_38", columns=["int8", "text", "decimal_38"])


def test_unused_column_is_not_read(pyforge, tmp_path):
    """Every byte of the first column's pages is destroyed: the second one is read all the same, the first one is an error."""
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"a": list(range(1000)), "b": list(range(1000))}), path)
    chunk = parquet.ParquetFile(path).metadata.row_group(0).column(0)
    content = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset
    content[start:start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)
    output = tmp_path / "a.csv"
    assert pyforge("convert", path, output, "--columns", "b").returncode == DONE
    assert output.read_text().split() == ["b", *map(str, range(1000))]
    process = pyforge("convert", path, output, "--force")
    assert process.returncode == FAILED and b"'a'" in process.stderr


def test_nested_columns(pyforge, tmp_path):
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"n": [1, 2], "list": [[1, 2], []], "pair": [{"x": 1, "y": "a"}, None], "s": ["a", None],
                           "map": pyarrow.array([[("k", 1)], None], pyarrow.map_(pyarrow.string(), pyarrow.int64()))})
    parquet.write_table(table, path)
    output = tmp_path / "a.csv"
    process = pyforge("convert", path, output)
    assert process.returncode == REFUSED
    assert b"column 'list' is nested (list<int64>)" in process.stderr and b"--skip-nested" in process.stderr
    assert not output.exists()
    process = pyforge("convert", path, output, "--skip-nested")
    assert process.returncode == DONE
    check_csv(output.read_text(), table.select(["n", "s"]))
    told = pyforge("info", path, "--skip-nested").stdout.decode()
    assert "'list' list<int64>, 'pair' struct<x: int64, y: string>, 'map' map<string, int64>" in told


@pytest.mark.parametrize("name, told", [
    ("nested_maps.snappy", "'a' map<string, map<int32, bool>>"),
    ("nonnullable.impala", "'nested_Struct' struct<a: int32, B: list<int32>, c: struct<D: list<list<struct<e: int32, f: string>>>>, "
                           "G: map<string, struct<h: struct<i: list<float64>>>>>"),
])
def test_nested_types_of_other_writers(pyforge, test_data, name, told):
    paths = sorted(test_data.rglob(f"*{name}.parquet"))
    if not paths:
        pytest.skip(f"no {name}.parquet in the test data")
    assert told in pyforge("info", paths[0], "--skip-nested").stdout.decode()


def test_binary_as_text(pyforge, tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"b": [b"abc", None, "ä".encode()], "n": [1, 2, 3]}), path, store_schema=False)
    output = tmp_path / "a.csv"
    assert pyforge("convert", path, output, "--binary-as-text").returncode == DONE
    assert output.read_text() == "b,n\nabc,1\n,2\nä,3\n"


@pytest.mark.parametrize("options, type", [([], "timestamp"), (["--int96-instants"], "timestamptz")])
def test_int96(pyforge, tmp_path, options, type):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"t": pyarrow.array([0, None, 1_700_000_000_123_456], pyarrow.timestamp("us"))}), path, use_deprecated_int96_timestamps=True)
    output = tmp_path / "b.parquet"
    assert pyforge("convert", path, output, *options).returncode == DONE
    read = parquet.read_table(output)
    assert read.schema.field("t").type == pyarrow.timestamp("us", "UTC" if type == "timestamptz" else None)
    assert read["t"].cast(pyarrow.int64()).to_pylist() == [0, None, 1_700_000_000_123_456]


def test_info(pyforge, tables, tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(tables["nulls"], path, row_group_size=900, compression="zstd")
    facts = json.loads(pyforge("info", path, "--format", "json").stdout)
    assert (facts["rows"], facts["row_groups"], facts["compression"]) == (ROWS, 3, "zstd")
    assert facts["row_group_3"].startswith("200 rows, ")
    assert facts["created_by"].startswith("parquet-cpp-arrow")
    assert {column["name"]: column["type"] for column in facts["columns"]}["decimal_38"] == "decimal(38,10)"


# ---- refused


def failure(pyforge, path, *options):
    process = pyforge("convert", path, path.with_suffix(".csv"), "--json", *options)
    assert not path.with_suffix(".csv").exists()
    return process.returncode, json.loads(process.stdout)["error"]


@pytest.mark.parametrize("dictionary", [True, False])
def test_nanoseconds_are_not_cut_off(pyforge, tmp_path, dictionary):
    path = tmp_path / "a.parquet"
    times = pyarrow.array([1000, 2000, None, 3001, 4000], pyarrow.timestamp("ns"))
    parquet.write_table(pyarrow.table({"n": [1, 2, 3, 4, 5], "t": times}), path, use_dictionary=dictionary)
    code, error = failure(pyforge, path)
    assert code == REFUSED and (error["row"], error["column"], error["column_name"]) == (4, 2, "t")
    assert "3001 ns" in error["message"]


def test_brotli_is_named(pyforge, tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"n": [1]}), path, compression="brotli")
    code, error = failure(pyforge, path)
    assert code == REFUSED and "brotli" in error["message"]


def test_cut_off(pyforge, tables, tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(tables["nulls"], path)
    content = path.read_bytes()
    for size in (0, 4, 11, 12, 1000, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        code, error = failure(pyforge, path, "--from", "parquet")
        assert code == FAILED and error["code"] == "PF_BAD_DATA", error


def test_damage_is_found(pyforge, tables, tmp_path):
    """With checksums, any byte of a page that changes is found."""
    path = tmp_path / "a.parquet"
    parquet.write_table(tables["nulls"], path, write_page_checksum=True, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    column = parquet.ParquetFile(path).metadata.row_group(0).column(7)
    content[column.data_page_offset + column.total_compressed_size - 5] ^= 1
    path.write_bytes(content)
    code, error = failure(pyforge, path)
    assert code == FAILED and "checksum" in error["message"] and error["column_name"] == "int64"


# ---- the files of other projects


def flat_columns(schema):
    """Names of the columns that are neither nested nor of a type that is not read."""
    names = []
    for field in schema.to_arrow_schema():
        kind = field.type
        if pyarrow.types.is_nested(kind) or str(kind).startswith("extension<geoarrow") or "GEOMETRY" in str(kind):
            continue
        names.append(field.name)
    return names


# Readable by nobody, or not to be read: what is said of them.
REFUSED_FILES = {
    "bad_data__ARROW-GH-41321.parquet": "fewer definition levels",  # a page without its levels
    "data__int96_from_spark.parquet": "out of range",  # a day beyond what microseconds can tell; others wrap around
}


def test_files_of_other_projects(pyforge, test_data, tmp_path):
    paths = sorted((test_data / "parquet").glob("*/*.parquet"))
    assert len(paths) >= 35
    for path in paths:
        output = tmp_path / "a.csv"
        process = pyforge("convert", path, output, "--force", "--skip-nested")
        said = process.stderr.decode()
        if path.name in REFUSED_FILES:
            assert process.returncode == FAILED and REFUSED_FILES[path.name] in said, (path.name, said)
            continue
        file = parquet.ParquetFile(path)
        wanted = [name for name in flat_columns(file.schema) if name != "geometry"]
        if not wanted:
            assert process.returncode == FAILED and "there is no column to convert" in said, (path.name, said)
            continue
        assert process.returncode == DONE, (path.name, said)
        try:
            expected = file.read(columns=wanted)
        except (OSError, pyarrow.ArrowInvalid):
            assert path.name.startswith("bad_data"), path.name
            continue
        text = output.read_text()
        # Old files have text without a type; base64 of it is what we write and what the comparison expects.
        check_csv(text, expected)
