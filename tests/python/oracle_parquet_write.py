"""What the files of tests/unit/test_parquet_write_files.c must hold, worked out a second time: the rules of
tests/unit/support_parquet_make.h in numpy."""

import datetime
import decimal
import functools

import numpy
import pyarrow

STRING, BOOL, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT32, FLOAT64, DECIMAL, DATE, TIME, TIMESTAMP, BINARY = range(17)
ID, SAME, FEW, SOME, WIDE, ALL, RUNS, DOWN, STEPS, LONG, SPECIAL = range(11)

ARROW_TYPES = {
    STRING: pyarrow.string(),
    BOOL: pyarrow.bool_(),
    INT8: pyarrow.int8(),
    INT16: pyarrow.int16(),
    INT32: pyarrow.int32(),
    INT64: pyarrow.int64(),
    UINT8: pyarrow.uint8(),
    UINT16: pyarrow.uint16(),
    UINT32: pyarrow.uint32(),
    UINT64: pyarrow.uint64(),
    FLOAT32: pyarrow.float32(),
    FLOAT64: pyarrow.float64(),
    DATE: pyarrow.date32(),
    TIME: pyarrow.time64("us"),
    BINARY: pyarrow.binary(),
}


def arrow_type(column):
    if column["type"] == DECIMAL:
        return pyarrow.decimal128(column["precision"], column["scale"])
    if column["type"] == TIMESTAMP:
        return pyarrow.timestamp("us", "UTC" if column["utc"] else None)
    return ARROW_TYPES[column["type"]]


def random_numbers(seed, rows):
    z = (numpy.uint64(seed << 32) ^ numpy.arange(rows, dtype=numpy.uint64)) + numpy.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return z ^ (z >> numpy.uint64(31))


def null_mask(kind, random, rows):
    row = numpy.arange(rows)
    return [
        numpy.zeros(rows, bool),
        numpy.ones(rows, bool),
        (random >> numpy.uint64(40)) % numpy.uint64(5) == 0,
        (row == 0) | (row == rows - 1),
        row // 1000 % 2 == 0,
        row // 65536 % 2 == 0,
    ][kind]


def numbers(pattern, random, rows):
    row = numpy.arange(rows, dtype=numpy.uint64)
    return {
        ID: lambda: row,
        SAME: lambda: numpy.full(rows, 7, numpy.uint64),
        FEW: lambda: random % numpy.uint64(10),
        SOME: lambda: random % numpy.uint64(5000),
        WIDE: lambda: random % numpy.uint64(1000000),
        ALL: lambda: random,
        RUNS: lambda: row // numpy.uint64(100),
        DOWN: lambda: numpy.uint64(rows) - row,
        STEPS: lambda: random % numpy.uint64(31536000) * numpy.uint64(1000000),
        LONG: lambda: random % numpy.uint64(5000),
        SPECIAL: lambda: row % numpy.uint64(8),
    }[pattern]()


def short_texts(n):
    """ "v123"; every seventh number an empty string."""
    texts = pyarrow.compute.binary_join_element_wise("v", pyarrow.array(n).cast(pyarrow.string()), "")
    return pyarrow.compute.if_else(pyarrow.array(n % numpy.uint64(7) == 0), "", texts)


def long_text(n):
    text = f"v{n}"
    return text + "".join(chr(ord("a") + at % 26) for at in range(len(text), 100 + n % 100))


def decimal_of(n, precision):
    value = n * 1000000007 % 10**precision
    return -value if n & 1 else value


def reals(pattern, n):
    if pattern == SPECIAL:
        special = numpy.array([numpy.nan, numpy.inf, -numpy.inf, 0.0, -0.0, 1.5, -1.5, numpy.nan])
        return special[n.astype(numpy.int64)]
    return (n % numpy.uint64(100000000)).astype(numpy.float64) / 100


def distinct_values(column, n):
    """Values that take Python to make, for distinct numbers n."""
    if column["type"] == DECIMAL:
        with decimal.localcontext(prec=60):
            scale, precision = column["scale"], column["precision"]
            return pyarrow.array([decimal.Decimal(decimal_of(value, precision)).scaleb(-scale) for value in n.tolist()], arrow_type(column))
    return pyarrow.array([long_text(value) for value in n.tolist()]) if column["pattern"] == LONG else short_texts(n)


def expected_column(column, seed, rows):
    """The column as pyarrow would read it."""
    with numpy.errstate(over="ignore"):
        random = random_numbers(seed, rows)
        n = numbers(column["pattern"], random, rows)
    nulls = null_mask(column["nulls"], random, rows)
    kind, target = column["type"], arrow_type(column)
    if kind in (STRING, BINARY, DECIMAL):
        distinct, places = numpy.unique(n, return_inverse=True)
        return distinct_values(column, distinct).take(pyarrow.array(places, mask=nulls)).cast(target)
    if kind == BOOL:
        values = (n & numpy.uint64(1)).astype(bool)
    elif kind in (FLOAT32, FLOAT64):
        values = reals(column["pattern"], n)
    elif kind == DATE:
        values = (n % numpy.uint64(40000)).astype(numpy.int32) - numpy.int32(10000)
    elif kind == TIME:
        values = (n % numpy.uint64(86400000000)).astype(numpy.int64)
    elif kind == TIMESTAMP:
        values = (n % numpy.uint64(4000000000000000)).astype(numpy.int64)
    else:
        values = n
    storage = {DATE: numpy.int32, TIME: numpy.int64, TIMESTAMP: numpy.int64, FLOAT32: numpy.float32, FLOAT64: numpy.float64, BOOL: bool}
    values = values.astype(storage.get(kind) or target.to_pandas_dtype())
    plain = pyarrow.array(values, mask=nulls, from_pandas=False)
    return plain if kind in (BOOL, FLOAT32, FLOAT64) or plain.type == target else plain.cast(target)


@functools.cache
def cached_column(column, seed, rows):
    return expected_column(dict(column), seed, rows)


def expected_table(file):
    columns = [cached_column(tuple(column.items()), seed, file["rows"]) for seed, column in enumerate(file["columns"])]
    fields = [pyarrow.field(column["name"], arrow_type(column), nullable=not column["required"]) for column in file["columns"]]
    return pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(fields))


def stored_order(value):
    """A value so that it compares as Parquet orders it."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None)
    return value


# ---- the page index, which none of the readers shows: the compact protocol of Thrift, as much of it as stands in a footer


class Thrift:
    """Structs as dictionaries by field id, lists as lists."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def varint(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def value(self, kind):
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            self.at += 1
            return int.from_bytes(self.data[self.at - 1 : self.at], "little", signed=True)
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 8:
            size = self.varint()
            self.at += size
            return bytes(self.data[self.at - size : self.at])
        if kind == 9:
            head = self.data[self.at]
            self.at += 1
            count = self.varint() if head >> 4 == 15 else head >> 4
            if head & 15 in (1, 2):
                self.at += count
                return [byte == 1 for byte in self.data[self.at - count : self.at]]
            return [self.value(head & 15) for _ in range(count)]
        assert kind == 12, kind
        return self.struct()

    def struct(self):
        fields, last = {}, 0
        while True:
            head = self.data[self.at]
            self.at += 1
            if head == 0:
                return fields
            last = last + (head >> 4) if head >> 4 else self.zigzag()
            assert last not in fields
            fields[last] = self.value(head & 15)


def footer(data):
    size = int.from_bytes(data[-8:-4], "little")
    thrift = Thrift(data, len(data) - 8 - size)
    fields = thrift.struct()
    assert thrift.at == len(data) - 8
    return fields


def plain_bound(value, kind):
    """A bound of the index as the number it stands for."""
    if pyarrow.types.is_floating(kind):
        return float(numpy.frombuffer(value, numpy.float32 if len(value) == 4 else numpy.float64)[0])
    if pyarrow.types.is_boolean(kind):
        return value != b"\0"
    return int.from_bytes(value, "little", signed=not pyarrow.types.is_unsigned_integer(kind))
