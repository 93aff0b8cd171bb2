"""Lists, structs and maps in Parquet files: tables made at random with PyArrow are written by the package and read by PyArrow, DuckDB and
Polars, with equal types and values."""

import datetime
import decimal
import random
import string

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


@pytest.mark.parametrize("seed", range(40))
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
