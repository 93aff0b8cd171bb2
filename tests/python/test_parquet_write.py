"""The Parquet writer against other readers: types, values, statistics, encodings, page index.

The files come from the unit test test_parquet_write_files, run with PYFORGE_WRITE_FILES. It is looked for in $PYFORGE_UNIT_TESTS, else in
build/*; without it these tests are skipped with a warning."""

import json
import math
import os
import pathlib
import subprocess
import warnings

import duckdb
import numpy
import polars
import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as parquet
import pytest

import oracle_parquet_write as oracle

ROOT = pathlib.Path(__file__).resolve().parents[2]


def maker():
    folders = [os.environ["PYFORGE_UNIT_TESTS"]] if "PYFORGE_UNIT_TESTS" in os.environ else sorted(ROOT.glob("build/*"))
    for folder in folders:
        path = pathlib.Path(folder) / "test_parquet_write_files"
        if path.is_file():
            return path
    return None


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    path = maker()
    if path is None:
        message = "NO UNIT TESTS are built: the Parquet files of test_parquet_write_files are not checked"
        warnings.warn(message, stacklevel=2)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("written")
    subprocess.run([path], env={**os.environ, "PYFORGE_WRITE_FILES": str(folder)}, check=True, stdout=subprocess.PIPE)
    made = json.loads((folder / "manifest.json").read_text())
    for file in made:
        file["path"] = folder / f"{file['name']}.parquet"
        file["expected"] = oracle.expected_table(file)
    return {file["name"]: file for file in made}


def same(got, expected):
    """Equal values; NaN is equal to NaN, and zeros have signs."""
    if pyarrow.types.is_floating(expected.type):
        a = got.fill_null(-1e300).to_numpy(zero_copy_only=False)
        b = expected.fill_null(-1e300).to_numpy(zero_copy_only=False)
        return got.is_null().equals(expected.is_null()) and numpy.array_equal(a, b, equal_nan=True) and numpy.array_equal(numpy.signbit(a), numpy.signbit(b))
    return got.equals(expected)


def check_table(got, expected, by):
    assert got.num_rows == expected.num_rows, by
    assert got.column_names == expected.column_names, by
    for name in expected.column_names:
        left, right = got[name].combine_chunks(), expected[name].combine_chunks()
        if left.type != right.type:
            left = left.cast(right.type)
        assert same(left, right), f"{by}: column {name}"


def test_pyarrow(files):
    for file in files.values():
        table = parquet.read_table(file["path"])
        assert table.schema.equals(file["expected"].schema), file["name"]
        check_table(table, file["expected"], file["name"])


def test_duckdb(files):
    for file in files.values():
        table = duckdb.sql(f"SELECT * FROM read_parquet('{file['path']}')").to_arrow_table()
        check_table(table, file["expected"], file["name"])


def test_polars(files):
    for file in files.values():
        table = polars.read_parquet(file["path"]).to_arrow()
        check_table(table, file["expected"], file["name"])


def chunks(path):
    meta = parquet.ParquetFile(path).metadata
    for group in range(meta.num_row_groups):
        for column in range(meta.num_columns):
            yield group, meta.row_group(group).column(column)


def test_statistics(files):
    for file in files.values():
        meta = parquet.ParquetFile(file["path"]).metadata
        start = 0
        for group in range(meta.num_row_groups):
            rows = meta.row_group(group).num_rows
            for at in range(meta.num_columns):
                check_statistics(file, meta.row_group(group).column(at), file["expected"].column(at).slice(start, rows), at)
            start += rows
        assert start == file["rows"]


def check_statistics(file, chunk, column, at):
    where = f"{file['name']}: {chunk.path_in_schema}"
    if not file["statistics"]:
        assert chunk.statistics is None, where
        return
    statistics = chunk.statistics
    assert statistics.null_count == column.null_count, where
    values = column.drop_null()
    if pyarrow.types.is_floating(values.type):
        values = values.filter(pyarrow.compute.invert(pyarrow.compute.is_nan(values)))
    assert statistics.has_min_max == bool(len(values)), where
    if not len(values):
        return
    bounds = pyarrow.compute.min_max(values)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if isinstance(low, (str, bytes)) and len(low) > 64:
        low = low[:64]
    if isinstance(high, (str, bytes)) and len(high) > 64:
        assert high < statistics.max and len(statistics.max) <= 64, where
        high = statistics.max
    assert oracle.stored_order(statistics.min) == oracle.stored_order(low), where
    assert oracle.stored_order(statistics.max) == oracle.stored_order(high), where
    if isinstance(low, float) and low == 0:
        assert math.copysign(1, statistics.min) == -1, where
    if isinstance(high, float) and high == 0:
        assert math.copysign(1, statistics.max) == 1, where


def test_encodings(files):
    """What the data was made for is what was chosen."""
    wanted = {
        "id": "DELTA_BINARY_PACKED",
        "id32": "DELTA_BINARY_PACKED",
        "down": "DELTA_BINARY_PACKED",
        "few": "RLE_DICTIONARY",
        "some": "DELTA_BINARY_PACKED",
        "wide": "DELTA_BINARY_PACKED",
        "all": "PLAIN",
        "real_few": "RLE_DICTIONARY",
        "real_some": "RLE_DICTIONARY",
        "real_all": "PLAIN",
        "wide_some": "RLE_DICTIONARY",
        "text_same": "RLE_DICTIONARY",
        "text_some": "RLE_DICTIONARY",
        "text_all": "PLAIN",
        "bool": "PLAIN",
    }
    found = {name: set() for name in wanted}
    for name in ("patterns-snappy", "patterns-zstd", "patterns-none"):
        for _, chunk in chunks(files[name]["path"]):
            if chunk.path_in_schema in wanted:
                found[chunk.path_in_schema].add(data_encoding(chunk))
    assert found == {name: {encoding} for name, encoding in wanted.items()}
    for _, chunk in chunks(files["types-plain"]["path"]):
        assert chunk.dictionary_page_offset is None


def data_encoding(chunk):
    kinds = set(chunk.encodings)
    for encoding in ("RLE_DICTIONARY", "DELTA_BINARY_PACKED"):
        if encoding in kinds:
            return encoding
    return "PLAIN" if "PLAIN" in kinds else "RLE"


def test_codecs(files):
    codecs = {"types-snappy": "SNAPPY", "types-zstd": "ZSTD", "types-gzip": "GZIP", "types-lz4": "LZ4", "types-none": "UNCOMPRESSED"}
    for name, codec in codecs.items():
        assert {chunk.compression for _, chunk in chunks(files[name]["path"])} <= {codec, "UNCOMPRESSED"}
        assert any(chunk.compression == codec for _, chunk in chunks(files[name]["path"]))


def test_row_groups(files):
    sizes = {
        "empty": [],
        "one-row": [1],
        "many-groups": [97] * 51 + [53],
        "patterns-groups": [70000, 70000, 10000],
        "repaired": [7000] * 4 + [2000],
    }
    for name, rows in sizes.items():
        meta = parquet.ParquetFile(files[name]["path"]).metadata
        assert [meta.row_group(group).num_rows for group in range(meta.num_row_groups)] == rows
        assert meta.created_by.startswith("pyforge version 2.")


def test_filters(files):
    """A filter that looks at statistics and page indexes finds the right rows."""
    path = files["patterns-snappy"]["path"]
    expected = files["patterns-snappy"]["expected"]
    for row in (0, 65535, 65536, 123456, 139999):
        wanted = expected["real_runs"][row].as_py()
        count = pyarrow.compute.sum(pyarrow.compute.equal(expected["real_runs"], wanted)).as_py()
        assert duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE id = {row}").fetchall() == [(1,)]
        assert duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE real_runs = {wanted}").fetchall() == [(count,)]
        assert polars.scan_parquet(path).filter(polars.col("id") == row).collect().height == 1


def test_page_index(files):
    """Chunks of several pages have an index: its pages cover the chunk, its bounds are those of the rows it names."""
    indexed = 0
    for name in ("patterns-snappy", "patterns-groups"):
        data = files[name]["path"].read_bytes()
        start = 0
        for group in oracle.footer(data)[4]:
            for at, chunk in enumerate(group[1]):
                meta = chunk[3]
                several = sum(stats[3] for stats in meta[13] if stats[1] == 0) > 1
                assert (5 in chunk) == (4 in chunk) == several
                if several:
                    indexed += check_index(data, chunk, files[name]["expected"].column(at).slice(start, group[3]))
            start += group[3]
    assert indexed > 40


def check_index(data, chunk, column):
    meta = chunk[3]
    pages = oracle.Thrift(data, chunk[4]).struct()[1]
    first = [page.get(3) for page in pages] + [len(column)]
    assert pages[0][1] == meta[9] and first[0] == 0 and first == sorted(first)
    assert all(page[1] + page[2] == after[1] for page, after in zip(pages, pages[1:]))
    assert pages[-1][1] + pages[-1][2] == meta.get(11, meta[9]) + meta[7]
    if 6 not in chunk:
        return 0
    index = oracle.Thrift(data, chunk[6]).struct()
    low, high = [], []
    for page in range(len(pages)):
        values = column.slice(first[page], first[page + 1] - first[page])
        assert index[5][page] == values.null_count
        assert index[1][page] == (values.null_count == len(values))
        if index[1][page]:
            assert index[2][page] == index[3][page] == b""
            continue
        check_bounds(values, index[2][page], index[3][page])
        bounds = pyarrow.compute.min_max(values.drop_null())
        low.append(oracle.stored_order(bounds["min"].as_py()))
        high.append(oracle.stored_order(bounds["max"].as_py()))
    if index[4] == 1:
        assert low == sorted(low) and high == sorted(high)
    if index[4] == 2:
        assert low == sorted(low, reverse=True) and high == sorted(high, reverse=True)
    return 1


def check_bounds(values, low, high):
    kind = values.type
    if pyarrow.types.is_timestamp(kind):
        values = values.cast(pyarrow.int64())
    bounds = pyarrow.compute.min_max(values.drop_null())
    least, most = bounds["min"].as_py(), bounds["max"].as_py()
    if pyarrow.types.is_decimal(kind):
        least, most = (int(value.scaleb(kind.scale)) for value in (least, most))
        assert (int.from_bytes(low, "big", signed=True), int.from_bytes(high, "big", signed=True)) == (least, most)
    elif isinstance(least, str):
        assert low == least.encode()[:64] and (high == most.encode() if len(most) <= 64 else most.encode()[:64] < high)
    else:
        assert (oracle.plain_bound(low, values.type), oracle.plain_bound(high, values.type)) == (least, most)


def lengths_of_text():
    """Rows of very different size: short for long, then one of a row group by itself, then ever longer."""
    return [10] * 30000 + [200_000] + [5] * 7 + list(range(0, 2000)) + [3000] * 300


@pytest.mark.parametrize("source", ["csv", "parquet"])
def test_row_groups_keep_to_their_bytes(pyforge, tmp_path, source):
    """A row group takes row_group_bytes, an eighth more at most, whatever the blocks of the input are."""
    goal, table = 65536, pyarrow.table({"a": list(range(len(lengths_of_text()))), "b": ["x" * size for size in lengths_of_text()]})
    if source == "csv":
        pyarrow.csv.write_csv(table, tmp_path / "in.csv")
    else:
        parquet.write_table(table, tmp_path / "in.parquet")
    made = []
    for threads in ("1", "2"):
        pyforge("convert", tmp_path / f"in.{source}", tmp_path / f"{threads}.parquet", "--row-group-bytes", str(goal), "--threads", threads)
        made.append((tmp_path / f"{threads}.parquet").read_bytes())
    assert made[0] == made[1]
    assert parquet.read_table(tmp_path / "1.parquet").column("b").to_pylist() == table.column("b").to_pylist()
    file, row, sizes = parquet.ParquetFile(tmp_path / "1.parquet").metadata, 0, lengths_of_text()
    for group in range(file.num_row_groups):
        rows = file.row_group(group).num_rows
        taken = [8 + 4 + size for size in sizes[row:row + rows]]
        row += rows
        # the row by which the goal is reached may be long itself
        assert sum(taken) <= goal * 9 / 8 or sum(taken[:-1]) < goal, group
        assert sum(taken) >= goal or row == len(sizes), group
