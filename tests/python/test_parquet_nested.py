"""Lists, structs and maps in Parquet files: tables made at random with PyArrow are written by the package and read by PyArrow, DuckDB and
Polars, with equal types and values."""

import datetime
import decimal
import random
import string

import duckdb
import polars
import pyarrow
import pytest
from pyarrow import parquet

from oracle import nested

PLAIN = [
    pyarrow.int64(), pyarrow.int8(), pyarrow.uint16(), pyarrow.int32(), pyarrow.float64(), pyarrow.float32(), pyarrow.bool_(),
    pyarrow.string(), pyarrow.large_string(), pyarrow.string_view(), pyarrow.binary(), pyarrow.date32(), pyarrow.time64("us"),
    pyarrow.timestamp("us"), pyarrow.timestamp("ms", "UTC"), pyarrow.decimal128(9, 2), pyarrow.decimal128(30, 4), pyarrow.null(),
    pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
]
KEYS = [pyarrow.string(), pyarrow.int32(), pyarrow.date32()]


def plain_value(rng, kind):
    few = rng.random() < 0.5  # values that come again go to a dictionary
    if pyarrow.types.is_null(kind):
        return None
    if pyarrow.types.is_dictionary(kind):
        return rng.choice(["red", "green", "blue", ""])
    if pyarrow.types.is_integer(kind):
        low, high = (-100, 100) if "u" not in str(kind) else (0, 100)
        return rng.randint(low, high) if few or kind.bit_width < 32 else rng.getrandbits(kind.bit_width - 2)
    if pyarrow.types.is_floating(kind):
        return rng.choice([0.5, -1.25, 3.0]) if few else rng.randint(-2**20, 2**20) / 64
    if pyarrow.types.is_boolean(kind):
        return rng.random() < 0.7
    if pyarrow.types.is_binary(kind):
        return rng.randbytes(rng.randint(0, 9))
    if pyarrow.types.is_date(kind):
        return datetime.date(2000, 1, 1) + datetime.timedelta(rng.randint(0, 9000))
    if pyarrow.types.is_time(kind):
        return datetime.time(rng.randrange(24), rng.randrange(60), rng.randrange(60), rng.randrange(10**6))
    if pyarrow.types.is_timestamp(kind):
        zone = datetime.timezone.utc if kind.tz else None
        return datetime.datetime(2000, 1, 1, tzinfo=zone) + datetime.timedelta(milliseconds=rng.randrange(10**12))
    if pyarrow.types.is_decimal(kind):
        return decimal.Decimal(rng.randint(-10**(kind.precision - 1), 10**(kind.precision - 1))).scaleb(-kind.scale)
    return "".join(rng.choices(string.ascii_letters + "äß€", k=rng.choice([0, 3, 12, 40])))


def make_type(rng, depth):
    kind = rng.random()
    if depth == 0 or kind < 0.2:
        return rng.choice(PLAIN)
    if kind < 0.55:
        return rng.choice([pyarrow.list_, pyarrow.list_, pyarrow.large_list])(make_type(rng, depth - 1))
    if kind < 0.62:
        return pyarrow.list_(make_type(rng, depth - 1), rng.randint(0, 3))
    if kind < 0.72:
        return pyarrow.map_(rng.choice(KEYS), make_type(rng, depth - 1))
    return pyarrow.struct([(f"m{i}", make_type(rng, depth - 1)) for i in range(rng.randint(1, 3))])


def make_value(rng, kind, nulls):
    if rng.random() < nulls:
        return None
    if pyarrow.types.is_map(kind):
        keys = {plain_value(rng, kind.key_type): None for _ in range(rng.choice([0, 1, 3]))}
        return [(key, make_value(rng, kind.item_type, nulls)) for key in keys]
    if pyarrow.types.is_fixed_size_list(kind):
        return [make_value(rng, kind.value_type, nulls) for _ in range(kind.list_size)]
    if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind):
        return [make_value(rng, kind.value_type, nulls) for _ in range(rng.choice([0, 0, 1, 2, 5]))]
    if pyarrow.types.is_struct(kind):
        return {field.name: make_value(rng, field.type, nulls) for field in kind}
    return plain_value(rng, kind)


def make_column(rng, kind, rows):
    """An array of the type; PyArrow makes no dictionaries inside lists of Python values, they are cast to."""
    nulls = rng.choice([0, 0.1, 0.5])
    values = [make_value(rng, kind, nulls) for _ in range(rows)]
    return pyarrow.array(values, kind)


def as_written(kind):
    """The type a reader of the file finds."""
    if pyarrow.types.is_map(kind):
        return pyarrow.map_(as_written(kind.key_type), as_written(kind.item_type))
    if pyarrow.types.is_struct(kind):
        return pyarrow.struct([(field.name, as_written(field.type)) for field in kind])
    if pyarrow.types.is_nested(kind):
        return pyarrow.list_(pyarrow.field("element", as_written(kind.value_type)))
    if pyarrow.types.is_dictionary(kind) or pyarrow.types.is_null(kind) or kind in (pyarrow.large_string(), pyarrow.string_view()):
        return pyarrow.string()
    if pyarrow.types.is_timestamp(kind):
        return pyarrow.timestamp("us", kind.tz)
    return kind


def check_file(path, table):
    """As PyArrow reads it; that DuckDB and Polars read the same is seen to by conftest.py, of every file."""
    found = parquet.ParquetFile(path).read()
    for name in table.column_names:
        assert found.schema.field(name).type == as_written(table.schema.field(name).type), name
        assert nested(found[name].to_pylist()) == nested(table[name].to_pylist()), name


def check_statistics(path, table):
    """Nulls of a leaf are entries without a value; bounds are those of PyArrow's own file."""
    own = path.with_suffix(".own.parquet")
    parquet.write_table(table.cast(pyarrow.schema([(field.name, as_written(field.type)) for field in table.schema])), own)
    ours, theirs = parquet.ParquetFile(path), parquet.ParquetFile(own)
    assert ours.schema.names == theirs.schema.names or len(ours.schema) == len(theirs.schema)
    for leaf in range(len(ours.schema)):
        assert ours.schema.column(leaf).path == theirs.schema.column(leaf).path
        assert ours.schema.column(leaf).max_definition_level == theirs.schema.column(leaf).max_definition_level
        assert ours.schema.column(leaf).max_repetition_level == theirs.schema.column(leaf).max_repetition_level
        a = [ours.metadata.row_group(i).column(leaf) for i in range(ours.num_row_groups)]
        b = [theirs.metadata.row_group(i).column(leaf) for i in range(theirs.num_row_groups)]
        assert sum(chunk.num_values for chunk in a) == sum(chunk.num_values for chunk in b)
        assert sum(chunk.statistics.null_count for chunk in a) == sum(chunk.statistics.null_count for chunk in b)
    return ours


@pytest.mark.parametrize("seed", range(24))
def test_random_tables(package, tmp_path, seed):
    rng = random.Random(seed)
    rows = rng.choice([1, 7, 200, 3000])
    kinds = [make_type(rng, rng.choice([1, 2, 3, 4])) for _ in range(rng.randint(1, 4))]
    table = pyarrow.table({f"c{i}": make_column(rng, kind, rows) for i, kind in enumerate(kinds)})
    table = table.append_column("id", pyarrow.array(range(rows)))
    first = rng.randrange(rows)
    table = pyarrow.concat_tables([table.slice(first), table, table.slice(0, first)])  # arrays with offsets, several batches
    path = tmp_path / "out.parquet"
    result = package.write(table, path, row_group_size=rng.choice([2**20, 50, 777]), use_dictionary=rng.choice(["yes", "no"]),
                           compression=rng.choice(["snappy", "zstd", "none"]))
    assert result.row_count == table.num_rows
    check_file(path, table)
    check_statistics(path, table)


# ---- arrays as they need not be made


def write_and_check(package, tmp_path, table, **options):
    path = tmp_path / "out.parquet"
    package.write(table, path, **options)
    check_file(path, table)
    return parquet.ParquetFile(path)


def test_values_under_nulls(package, tmp_path):
    """What lies under a null in Arrow arrays is no value."""
    items = pyarrow.array([1, 2, 3, 4, 5])
    lists = pyarrow.ListArray.from_arrays([0, 2, 4, 5], items, mask=pyarrow.array([False, True, False]))
    structs = pyarrow.StructArray.from_arrays([pyarrow.array([1, 2, 3]), lists], ["a", "l"], mask=pyarrow.array([True, False, False]))
    maps = pyarrow.MapArray.from_arrays([0, 1, 3, 5], pyarrow.array(list("abcde")), items, mask=pyarrow.array([False, True, False]))
    outer = pyarrow.ListArray.from_arrays([0, 1, 3], structs, mask=pyarrow.array([False, True]))
    assert write_and_check(package, tmp_path, pyarrow.table({"lists": lists, "structs": structs, "maps": maps})).metadata.num_rows == 3
    write_and_check(package, tmp_path, pyarrow.table({"outer": outer}), force=True)


def test_required_members_of_what_is_not_there(package, tmp_path):
    """Beside empty lists and null structs."""
    structs = pyarrow.StructArray.from_arrays([pyarrow.array([1, 2, 3, 4])], fields=[pyarrow.field("a", pyarrow.int64(), nullable=False)],
                                              mask=pyarrow.array([False, True, False, False]))
    lists = pyarrow.ListArray.from_arrays(pyarrow.array([0, 2, 2, None, 4], pyarrow.int32()), structs)
    assert [len(row) if row is not None else None for row in lists.to_pylist()] == [2, 0, 2, None]
    path = tmp_path / "out.parquet"
    package.write(pyarrow.table({"l": lists}), path)
    assert parquet.read_table(path)["l"].to_pylist() == lists.to_pylist()


def test_views_of_structs_with_offsets(package, tmp_path):
    structs = pyarrow.StructArray.from_arrays([pyarrow.array([9, 1, 2, 3, 4]).slice(1), pyarrow.array(list("abcd"))], ["a", "b"])
    views = pyarrow.ListViewArray.from_arrays(pyarrow.array([2, 0, 1], pyarrow.int32()), pyarrow.array([2, 2, 2], pyarrow.int32()), structs)
    write_and_check(package, tmp_path, pyarrow.table({"views": views}))


def test_batches_of_one_long_row(package, tmp_path):
    """A page that has no room for the first row of a batch ends before it."""
    batches = [pyarrow.table({"l": [list(range(at, at + 40_000))], "t": [[f"{at}"] * 3]}) for at in range(5)]
    file = write_and_check(package, tmp_path, pyarrow.concat_tables(batches))
    assert file.metadata.row_group(0).column(0).has_offset_index


def test_deep_lists(package, pyforge, tmp_path):
    values, kind = [1, 2], pyarrow.int32()
    for _ in range(20):
        values, kind = [values], pyarrow.list_(kind)
    table = pyarrow.table({"deep": pyarrow.array(values, kind)})
    package.write(table, tmp_path / "out.parquet")
    assert parquet.read_table(tmp_path / "out.parquet").to_pydict() == table.to_pydict()
    assert "'deep' " + "list<" * 16 + "..." in pyforge("info", tmp_path / "out.parquet", "--skip-nested").stdout.decode()


@pytest.mark.parametrize("large", [False, True])
def test_views_of_lists(package, tmp_path, large):
    """Out of order, overlapping, with gaps."""
    kind = pyarrow.LargeListViewArray if large else pyarrow.ListViewArray
    rows = kind.from_arrays(pyarrow.array([4, 0, 1, 0], pyarrow.int64() if large else pyarrow.int32()),
                            pyarrow.array([1, 3, 3, 0], pyarrow.int64() if large else pyarrow.int32()),
                            pyarrow.array(["a", "b", None, "d", "e"]))
    write_and_check(package, tmp_path, pyarrow.table({"views": rows}))
    write_and_check(package, tmp_path, pyarrow.table({"views": rows}).slice(1, 2), force=True)


def test_dictionaries_inside(package, tmp_path):
    words = pyarrow.array(["x", "y", None, "x", "x", "z"]).dictionary_encode()
    lists = pyarrow.ListArray.from_arrays(pyarrow.array([0, 2, None, 5, 6], pyarrow.int32()), words)
    write_and_check(package, tmp_path, pyarrow.table({"lists": lists}))
    write_and_check(package, tmp_path, pyarrow.table({"lists": lists}).slice(2), force=True)


def test_required_members(package, tmp_path):
    """What a schema says is never null is required in the file; a null struct above it is not against that."""
    member = pyarrow.field("a", pyarrow.int32(), nullable=False)
    schema = pyarrow.schema([pyarrow.field("s", pyarrow.struct([member])),
                             pyarrow.field("l", pyarrow.list_(pyarrow.field("item", pyarrow.struct([member]), nullable=False)), nullable=False)])
    table = pyarrow.table({"s": [{"a": 1}, None, {"a": 3}], "l": [[{"a": 1}], [], [{"a": 2}, {"a": 3}]]}, schema=schema)
    path = tmp_path / "out.parquet"
    package.write(table, path)
    file = parquet.ParquetFile(path)
    assert [(column.max_definition_level, column.max_repetition_level) for column in map(file.schema.column, range(2))] == [(1, 0), (1, 1)]
    assert file.read().to_pydict() == table.to_pydict()


def test_pages_and_row_groups_end_at_rows(package, tmp_path):
    """Long lists: a page ends with a row, and so does a row group; the page index counts rows, not elements."""
    rng = random.Random(5)
    lengths = [rng.choice([0, 1, 3, 30, 2000]) for _ in range(400)] + [200_000, 0, 1]
    total = sum(lengths)
    offsets = [0]
    for length in lengths:
        offsets.append(offsets[-1] + length)
    texts = pyarrow.array([f"value {i % 1000 * 7919}" if i % 11 else None for i in range(total)])
    table = pyarrow.table({
        "id": range(len(lengths)),
        "numbers": pyarrow.ListArray.from_arrays(offsets, pyarrow.array(range(total))),
        "texts": pyarrow.ListArray.from_arrays(offsets, texts),
        "bits": pyarrow.ListArray.from_arrays(offsets, pyarrow.array([i % 3 == 0 for i in range(total)])),
        "pairs": pyarrow.ListArray.from_arrays(offsets, pyarrow.StructArray.from_arrays([texts, pyarrow.array(range(total))], ["t", "n"])),
    })
    for options in ({"row_group_bytes": "1M"}, {"compression": "none", "use_dictionary": "no"}, {"memory": "64M", "compression": "zstd"}):
        file = write_and_check(package, tmp_path, table, force=True, **options)
        metadata = file.metadata
        assert sum(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)) == table.num_rows
        assert all(metadata.row_group(i).column(1).has_offset_index for i in range(metadata.num_row_groups)
                   if metadata.row_group(i).column(1).num_values > 150_000)
    # rows in the middle, found by the page index and by bounds
    path = tmp_path / "out.parquet"
    picked = duckdb.sql(f"select id, len(numbers), numbers[1] from '{path}' where id between 300 and 320").fetchall()
    assert picked == [(i, lengths[i], offsets[i] if lengths[i] else None) for i in range(300, 321)]
    frame = polars.scan_parquet(path).filter(polars.col("id") == 400).select(polars.col("numbers").list.len()).collect()
    assert frame.item() == 200_000


def test_the_same_bytes_with_any_threads(package, tmp_path):
    rng = random.Random(9)
    kind = pyarrow.list_(pyarrow.struct([("a", pyarrow.int64()), ("b", pyarrow.list_(pyarrow.string()))]))
    table = pyarrow.table({"c": make_column(rng, kind, 5_000), "d": make_column(rng, pyarrow.list_(pyarrow.int32()), 5_000)})
    for threads in (1, 3):
        package.write(table, tmp_path / f"{threads}.parquet", threads=threads, row_group_size=1000)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "3.parquet").read_bytes()


def test_columns_as_a_whole(package, tmp_path):
    table = pyarrow.table({"a": [1], "b": [{"x": [1, 2]}], "c": ["t"]})
    package.write(table, tmp_path / "out.parquet", columns=["b", "c"])
    assert parquet.read_table(tmp_path / "out.parquet").to_pydict() == {"b": [{"x": [1, 2]}], "c": ["t"]}


def test_the_types_are_told(package, tmp_path):
    table = pyarrow.table({"c": pyarrow.array([[{"a": 1, "b": "x"}], None]), "m": pyarrow.array([[("k", 1)], []], pyarrow.map_(pyarrow.string(), pyarrow.int32()))})
    result = package.write(table, tmp_path / "out.parquet")
    assert [(column["type"], column["null_count"]) for column in result.columns] == [("list<struct<a: int64, b: string>>", 1), ("map<string, int32>", 0)]


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_other_formats_refuse(package, tmp_path, name):
    with pytest.raises(package.UnsupportedError) as caught:
        package.write(pyarrow.table({"a": [1], "b": [[1, 2]]}), tmp_path / name)
    assert "column 'b' is list<int64>" in str(caught.value) and "write parquet, or choose other columns" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    package.write(pyarrow.table({"a": [1], "b": [[1, 2]]}), tmp_path / name, columns=["a"])


def test_memory_is_bounded(run_python, tmp_path):
    """Batches of lists, 400 MB in all, within 96 MiB."""
    script = """
import sys, pyarrow, pyforge_cli
items = pyarrow.array(range(500_000))
lists = pyarrow.ListArray.from_arrays(pyarrow.array(range(0, 500_001, 5), pyarrow.int32()), items)
schema = pyarrow.schema([("l", lists.type)])
batches = (pyarrow.record_batch([lists], schema=schema) for _ in range(100))
result = pyforge_cli.write(pyarrow.RecordBatchReader.from_batches(schema, batches), sys.argv[1], memory="96M")
assert result.row_count == 10_000_000, result
"""
    done = run_python(script, tmp_path / "out.parquet")
    assert done.returncode == 0, done.stderr
    file = parquet.ParquetFile(tmp_path / "out.parquet")
    assert file.metadata.num_rows == 10_000_000 and file.metadata.num_row_groups > 10
    group = file.read_row_group(3)["l"]
    assert group[0].as_py()[4] == group[0].as_py()[0] + 4
    (tmp_path / "out.parquet").unlink()  # to be read value by value it is too large
