"""Arrow C streams in and out of the library, against pyarrow, Polars and DuckDB: tables of every type, slices, dictionaries, what
is refused, and batches that outlive the stream.

The library is called through its C interface (ctypes); a shared object is made of the libpyforge.a beside the command."""

import ctypes
import datetime
import decimal
import gc
import os
import pathlib
import random
import re
import shutil
import subprocess
import threading
import warnings

import duckdb
import numpy
import polars
import pyarrow
import pyarrow.parquet as parquet
import pytest

from conftest import command_path

PF_OK, PF_IO, PF_BAD_DATA, PF_UNSUPPORTED = 0, 3, 4, 5


class Error(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int),
        ("row", ctypes.c_int64),
        ("line", ctypes.c_int64),
        ("column", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("source", ctypes.c_char * 256),
        ("column_name", ctypes.c_char * 96),
        ("message", ctypes.c_char * 512),
        ("remedy", ctypes.c_char * 256),
    ]


READ = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t,
                        ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(Error))
WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t, ctypes.POINTER(Error))
FINISH = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Error))
RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Input(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("bytes", ctypes.c_char_p), ("size", ctypes.c_int64), ("read", READ),
                ("release", RELEASE), ("user", ctypes.c_void_p)]


class Output(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("write", WRITE), ("finish", FINISH), ("release", RELEASE), ("user", ctypes.c_void_p)]


class Stream(ctypes.Structure):
    """An ArrowArrayStream; pyarrow fills it or takes it over."""

    _fields_ = [("get_schema", ctypes.c_void_p), ("get_next", ctypes.c_void_p), ("get_last_error", ctypes.c_void_p),
                ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p)]


def make_library(folder):
    """The shared object, or None where it cannot be made."""
    built = pathlib.Path(command_path()).parent
    compiler = shutil.which("cc")
    if compiler is None or not (built / "libpyforge.a").is_file() or not (built / "pyforge.pc").is_file():
        return None
    words = (built / "pyforge.pc").read_text()
    flags = [flag for flag in re.search(r"^Libs: (.*)", words, re.MULTILINE)[1].split() if re.match(r"-l(?!pyforge)", flag)]
    flags += ["-l" + name.removeprefix("lib").replace("zlib", "z") for name in re.search(r"^Requires: (.*)", words, re.MULTILINE)[1].split()]
    cache = built / "CMakeCache.txt"
    if cache.is_file() and re.search(r"^CMAKE_C_FLAGS\w*:.*--coverage", cache.read_text(), re.MULTILINE):
        flags.append("--coverage")  # the objects count what is run of them
    path = folder / "libpyforge-test.so"
    subprocess.run([compiler, "-shared", "-o", path, "-Wl,--whole-archive", built / "libpyforge.a", "-Wl,--no-whole-archive", *flags],
                   check=True)
    return path


@pytest.fixture(scope="module")
def lib(tmp_path_factory):
    path = make_library(tmp_path_factory.mktemp("library"))
    if path is None:
        message = "NO libpyforge.a beside the command: the C interface of streams is not checked"
        warnings.warn(message, stacklevel=2)
        pytest.skip(message)
    library = ctypes.CDLL(path)
    library.pf_context_new.restype = library.pf_request_new.restype = ctypes.c_void_p
    library.pf_context_free.argtypes = library.pf_request_free.argtypes = library.pf_result_free.argtypes = [ctypes.c_void_p]
    library.pf_request_new.argtypes = [ctypes.c_void_p]
    library.pf_request_paths.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(Error)]
    library.pf_request_set.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(Error)]
    library.pf_request_input.argtypes = [ctypes.c_void_p, ctypes.POINTER(Input), ctypes.POINTER(Error)]
    library.pf_request_output.argtypes = [ctypes.c_void_p, ctypes.POINTER(Output), ctypes.POINTER(Error)]
    library.pf_convert.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(Error)]
    library.pf_read_stream.argtypes = [ctypes.c_void_p, ctypes.POINTER(Stream), ctypes.POINTER(Error)]
    library.pf_write_stream.argtypes = [ctypes.c_void_p, ctypes.POINTER(Stream), ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(Error)]
    return library


class Request:
    """A request with its context; gone at the end of the with block."""

    def __init__(self, lib, source=None, target=None, **options):
        self.lib, self.error, self.kept = lib, Error(), []
        self.context = lib.pf_context_new()
        self.request = lib.pf_request_new(self.context)
        self.check(lib.pf_request_paths(self.request, os.fsencode(source) if source else None,
                                        os.fsencode(target) if target else None, self.error))
        for name, value in options.items():
            self.check(lib.pf_request_set(self.request, name.encode(), str(value).encode(), self.error))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lib.pf_request_free(self.request)
        self.lib.pf_context_free(self.context)

    def check(self, status):
        assert status == PF_OK, self.error.message

    def read_from(self, file, name):
        """The input is a Python file."""

        def read(_user, to, size, got, _error):
            part = file.read(min(size, 1000))
            ctypes.memmove(to, part, len(part))
            got[0] = len(part)
            return PF_OK

        given = Input(name.encode(), None, -1, READ(read), RELEASE(lambda _: file.close()), None)
        self.kept.append(given)
        self.check(self.lib.pf_request_input(self.request, given, self.error))

    def write_to(self, pieces, name):
        """The output is a list of bytes."""

        def write(_user, data, size, _error):
            pieces.append(ctypes.string_at(data, size))
            return PF_OK

        given = Output(name.encode(), WRITE(write), FINISH(lambda *_: PF_OK), RELEASE(lambda _: None), None)
        self.kept.append(given)
        self.check(self.lib.pf_request_output(self.request, given, self.error))

    def convert(self):
        result = ctypes.c_void_p()
        status = self.lib.pf_convert(self.request, result, self.error)
        self.lib.pf_result_free(result)
        return status

    def write(self, table):
        """Gives a pyarrow table (or a reader) to pf_write_stream."""
        stream, result = Stream(), ctypes.c_void_p()
        reader = table.to_reader(max_chunksize=None) if isinstance(table, pyarrow.Table) else table
        reader._export_to_c(ctypes.addressof(stream))
        status = self.lib.pf_write_stream(self.request, stream, result, self.error)
        assert not stream.release
        self.lib.pf_result_free(result)
        return status

    def read(self):
        """The input as a pyarrow reader."""
        stream = Stream()
        self.check(self.lib.pf_read_stream(self.request, stream, self.error))
        return pyarrow.RecordBatchReader._import_from_c(ctypes.addressof(stream))


# ---- tables

DAY = datetime.date(2024, 2, 29)
MOMENT = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
# A type, some values of it, and the type under which they are held; None = the same.
TYPES = {
    "bool": (pyarrow.bool_(), [True, False], None),
    "int8": (pyarrow.int8(), [-128, 127], None),
    "int16": (pyarrow.int16(), [-32768, 7], None),
    "int32": (pyarrow.int32(), [-(2**31), 7], None),
    "int64": (pyarrow.int64(), [-(2**63), 2**63 - 1], None),
    "uint8": (pyarrow.uint8(), [255, 0], None),
    "uint16": (pyarrow.uint16(), [65535, 0], None),
    "uint32": (pyarrow.uint32(), [2**32 - 1, 0], None),
    "uint64": (pyarrow.uint64(), [2**64 - 1, 0], None),
    "float16": (pyarrow.float16(), [numpy.float16(1.5), numpy.float16(-6e-8)], pyarrow.float32()),
    "float32": (pyarrow.float32(), [1.5, float("inf")], None),
    "float64": (pyarrow.float64(), [0.1, -1e300], None),
    "decimal128": (pyarrow.decimal128(30, 5), [decimal.Decimal("-1234567890123456789012345.54321"), decimal.Decimal("0.00001")], None),
    "decimal64": (pyarrow.decimal64(10, 2), [decimal.Decimal("-12345678.90"), decimal.Decimal("0.01")], pyarrow.decimal128(10, 2)),
    "decimal32": (pyarrow.decimal32(5, 1), [decimal.Decimal("-1234.5"), decimal.Decimal("0.1")], pyarrow.decimal128(5, 1)),
    "date32": (pyarrow.date32(), [DAY, datetime.date(1969, 12, 31)], None),
    "date64": (pyarrow.date64(), [DAY, datetime.date(1969, 12, 31)], pyarrow.date32()),
    "time32s": (pyarrow.time32("s"), [datetime.time(23, 59, 59)], pyarrow.time64("us")),
    "time32ms": (pyarrow.time32("ms"), [datetime.time(23, 59, 59, 999000)], pyarrow.time64("us")),
    "time64us": (pyarrow.time64("us"), [datetime.time(23, 59, 59, 999999)], None),
    "time64ns": (pyarrow.time64("ns"), [datetime.time(23, 59, 59, 999999)], pyarrow.time64("us")),
    "timestamp_s": (pyarrow.timestamp("s"), [MOMENT.replace(microsecond=0)], pyarrow.timestamp("us")),
    "timestamp_ms": (pyarrow.timestamp("ms"), [MOMENT.replace(microsecond=123000)], pyarrow.timestamp("us")),
    "timestamp_us": (pyarrow.timestamp("us"), [MOMENT, datetime.datetime(1, 1, 1)], None),
    "timestamp_ns": (pyarrow.timestamp("ns"), [MOMENT], pyarrow.timestamp("us")),
    "timestamp_utc": (pyarrow.timestamp("us", "UTC"), [MOMENT.replace(tzinfo=datetime.timezone.utc)], None),
    "timestamp_zone": (pyarrow.timestamp("ms", "Europe/Berlin"), [1709210000000], pyarrow.timestamp("us", "UTC")),
    "string": (pyarrow.string(), ["", "ä" * 20, "x,\"y\"\n"], None),
    "large_string": (pyarrow.large_string(), ["", "word"], pyarrow.string()),
    "string_view": (pyarrow.string_view(), ["short", "longer than twelve bytes", ""], pyarrow.string()),
    "binary": (pyarrow.binary(), [b"", b"\xff\0"], None),
    "large_binary": (pyarrow.large_binary(), [b"", b"\xff\0"], pyarrow.binary()),
    "binary_view": (pyarrow.binary_view(), [b"\xff" * 50, b"\0"], pyarrow.binary()),
    "fixed_binary": (pyarrow.binary(3), [b"abc", b"\xff\0\1"], pyarrow.binary()),
    "null": (pyarrow.null(), [None], pyarrow.string()),
    "dictionary": (pyarrow.dictionary(pyarrow.int8(), pyarrow.string()), ["red", "green", ""], pyarrow.string()),
    "dictionary_large": (pyarrow.dictionary(pyarrow.uint32(), pyarrow.large_string()), ["red", "green"], pyarrow.string()),
    "dictionary_int": (pyarrow.dictionary(pyarrow.int16(), pyarrow.int64()), [2**40, -1], pyarrow.int64()),
}


def random_column(kind, rows, rng):
    type_, values, _ = TYPES[kind]
    share = rng.choice([0.0, 0.1, 0.9])
    picked = [None if rng.random() < share else rng.choice(values) for _ in range(rows)]
    if pyarrow.types.is_dictionary(type_):
        return pyarrow.array(picked, type_.value_type).dictionary_encode().cast(type_)
    return pyarrow.array(picked, type_)


def random_table(rows, rng):
    """A table of every type in several chunks, each a slice of something larger."""
    names, chunks = list(TYPES), []
    for _ in range(3):
        lead = rng.randrange(20)
        batch = pyarrow.RecordBatch.from_arrays([random_column(kind, lead + rows + 5, rng) for kind in names], names)
        chunks.append(batch.slice(lead, rows))
    return chunks


def held(table):
    """The table as it is to be found afterwards."""
    columns = []
    for name in table.column_names:
        type_, _, other = TYPES[name]
        column = table[name]
        if pyarrow.types.is_dictionary(type_):
            column = column.cast(type_.value_type)
        columns.append(column.cast(other or type_) if pyarrow.types.is_null(type_) or column.type != (other or type_) else column)
    return pyarrow.table(columns, names=table.column_names)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threads", [1, 3])
def test_tables_become_parquet(lib, tmp_path, seed, threads):
    rng = random.Random(seed)
    batches = random_table(rng.choice([1, 7, 64, 1000]), rng)
    reader = pyarrow.RecordBatchReader.from_batches(batches[0].schema, iter(batches))
    path = tmp_path / "out.parquet"
    with Request(lib, target=path, threads=threads) as request:
        request.check(request.write(reader))
    expected = held(pyarrow.Table.from_batches(batches))
    found = parquet.read_table(path)
    assert found.schema.equals(expected.schema), f"{found.schema}\n{expected.schema}"
    for name in expected.column_names:
        assert found[name].to_pylist() == expected[name].to_pylist(), name
    assert duckdb.sql(f"select count(*) from '{path}'").fetchall() == [(len(expected),)]
    assert polars.read_parquet(path)["string"].to_list() == expected["string"].to_pylist()


def test_many_rows_in_few_batches(lib, tmp_path):
    """A batch is larger than a block, and a column wider than another."""
    rows = 400_000
    table = pyarrow.table({
        "id": pyarrow.array(range(rows)),
        "word": pyarrow.array([f"the word of row {i}" * (1 + i % 7 * 3) for i in range(rows)]).cast(pyarrow.string_view()),
        "group": pyarrow.array([f"group {i % 1000}" for i in range(rows)]).dictionary_encode(),
    })
    path = tmp_path / "out.parquet"
    with Request(lib, target=path, threads=2, memory="64M") as request:
        request.check(request.write(table.to_reader()))
    found = parquet.read_table(path)
    assert found["id"].equals(table["id"])
    assert found["word"].equals(table["word"].cast(pyarrow.string()))
    assert found["group"].equals(table["group"].cast(pyarrow.string()))


def test_polars_and_options(lib, tmp_path):
    frame = polars.DataFrame({"id": [1, 2, None], "kind": polars.Series(["a", "b", "a"], dtype=polars.Categorical), "at": [MOMENT] * 3})
    path = tmp_path / "out.csv"
    with Request(lib, target=path, columns="id,kind") as request:
        request.check(request.write(pyarrow.RecordBatchReader.from_stream(frame)))
    assert path.read_text() == "id,kind\n1,a\n2,b\n,a\n"


@pytest.mark.parametrize("name, type_, values, status, says", [
    ("parts", pyarrow.list_(pyarrow.duration("s")), [[1]], PF_UNSUPPORTED, b"'item' in column 'parts' is a duration"),
    ("point", pyarrow.struct([]), [{}], PF_UNSUPPORTED, b"column 'point' has a struct without members"),
    ("took", pyarrow.duration("s"), [1], PF_UNSUPPORTED, b"column 'took' is a duration"),
    ("huge", pyarrow.decimal256(50, 2), [decimal.Decimal(1)], PF_UNSUPPORTED, b"column 'huge' is a decimal"),
    ("at", pyarrow.timestamp("ns"), [1000, 1001], PF_BAD_DATA, b"1001 nanoseconds"),
    ("at", pyarrow.timestamp("s"), [0, 2**61], PF_BAD_DATA, b"out of range"),
])
def test_refusals(lib, tmp_path, name, type_, values, status, says):
    path = tmp_path / "out.parquet"
    with Request(lib, target=path) as request:
        assert request.write(pyarrow.table({name: pyarrow.array(values, type_)})) == status
        assert says in request.error.message
        assert request.error.column_name == (name.encode() if status == PF_BAD_DATA else b"")
        assert request.error.row == (len(values) if status == PF_BAD_DATA else 0)
    assert list(tmp_path.iterdir()) == []


def test_a_python_error_in_the_stream(lib, tmp_path):
    def batches():
        yield pyarrow.record_batch({"a": [1]})
        raise ValueError("no more paper")

    with Request(lib, target=tmp_path / "out.parquet") as request:
        reader = pyarrow.RecordBatchReader.from_batches(pyarrow.schema([("a", pyarrow.int64())]), batches())
        assert request.write(reader) == PF_IO
        assert b"no more paper" in request.error.message
    assert list(tmp_path.iterdir()) == []


# ---- reading

CSV = "id,price,day,note\n" + "".join(f"{i},{i / 4},2024-01-{i % 28 + 1:02},note {i}\n" for i in range(150_000))


def test_read_stream_is_what_the_file_is(lib, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.parquet"
    source.write_text(CSV)
    with Request(lib, source, target) as request:
        request.check(request.convert())
    with Request(lib, source, threads=2) as request:
        reader = request.read()
    # request and context are gone
    table = reader.read_all()
    assert table.equals(parquet.read_table(target))
    assert polars.DataFrame(table)["note"][-1] == "note 149999"


def test_batches_outlive_the_stream(lib, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(CSV)
    with Request(lib, source, threads=3, memory="16M") as request:
        reader = request.read()
    batches = []
    for batch in reader:
        batches.append(batch)
    reader.close()
    del reader
    gc.collect()
    table = pyarrow.Table.from_batches(batches)
    assert table["id"].to_pylist() == list(range(150_000))
    thread = threading.Thread(target=lambda: (batches.clear(), gc.collect()))
    del table
    thread.start()
    thread.join()


def test_python_files(lib, tmp_path):
    """A file object in, Parquet out to another, and that back to CSV."""
    source, middle = tmp_path / "in.csv", tmp_path / "middle"
    source.write_text(CSV)
    pieces, lines = [], []
    with Request(lib) as request:
        request.read_from(source.open("rb"), "in.csv")
        request.write_to(pieces, "out.parquet")
        request.check(request.convert())
    middle.write_bytes(b"".join(pieces))
    assert parquet.read_table(middle).num_rows == 150_000
    with Request(lib) as request:
        request.read_from(middle.open("rb"), "middle")
        request.write_to(lines, "out.csv")
        request.check(request.convert())
    back = b"".join(lines).decode().splitlines()
    assert len(back) == 150_001 and back[7] == "6,1.5,2024-01-07,note 6"
