"""read() and write(): tables as Arrow streams, taken and given by pyarrow, Polars, DuckDB and pandas."""

import ctypes
import io
import threading

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

from oracle import plain

CASES = {
    "types": "b,i,f,d,t,z,s\ntrue,1,1.5,2024-01-02,2024-01-02 03:04:05,2024-01-02T03:04:05Z,x\nfalse,-2,,,,,\n,9223372036854775807,2.25,1969-12-31,1969-12-31 23:59:59.5,1970-01-01T00:00:00+02:00,\"é, \"\"q\"\"\"\n",
    "text to the end": "a\n" + "1\n" * 1000 + "word\n",
    "empty": "a,b\n",
    "one column": "a\n1\n\n2\n",
    "quoted empty": 'a,b\n"",1\nx,""\n',
}


@pytest.fixture(params=CASES)
def source(request, write):
    return write("source.csv", CASES[request.param])


@pytest.fixture
def expected(package, source, tmp_path):
    """What the command's own Parquet holds, as pyarrow reads it; that file is checked by three readers."""
    package.convert(source, tmp_path / "expected.parquet")
    return pyarrow.parquet.read_table(tmp_path / "expected.parquet")


def same(table, expected):
    assert table.column_names == expected.column_names
    assert [str(field.type) for field in table.schema] == [str(field.type) for field in expected.schema]
    for name in expected.column_names:
        assert plain(table[name]) == plain(expected[name])


def test_pyarrow(package, source, expected):
    same(pyarrow.table(package.read(source)), expected)
    same(package.read(source).to_arrow(), expected)
    same(pyarrow.RecordBatchReader.from_stream(package.read(source)).read_all(), expected)


def test_polars(package, source, expected):
    frame = polars.DataFrame(package.read(source))
    assert frame.equals(polars.from_arrow(expected))
    assert package.read(source).to_polars().equals(frame)


def test_duckdb(package, source, expected):
    got = duckdb.from_arrow(package.read(source)).to_arrow_table()
    assert got.column_names == expected.column_names
    for name in expected.column_names:
        assert plain(got[name].cast(expected[name].type)) == plain(expected[name])


def test_pandas(package, source, expected):
    frame = expected.to_pandas()
    for at, column in enumerate(expected.columns):
        kind = {"int64": "Int64", "bool": "boolean"}.get(str(column.type))
        if kind is not None and column.null_count > 0:
            frame.isetitem(at, pandas.array(column.to_pylist(), dtype=kind))
    pandas.testing.assert_frame_equal(package.read(source).to_pandas(), frame)
    if hasattr(pandas.DataFrame, "from_arrow"):
        assert list(pandas.DataFrame.from_arrow(package.read(source)).columns) == expected.column_names


def test_schema(package, source, expected):
    table = package.read(source)
    assert table.schema.names == expected.column_names
    assert [column["type"] for column in package.info(source)["columns"]] == table.schema.types
    assert pyarrow.schema(table) == pyarrow.table(table).schema
    assert table.schema.names == expected.column_names, "known also when the table is consumed"


def test_consumed_once(package, write):
    table = package.read(write("a.csv", "a\n1\n"))
    assert "consumed" not in repr(table)
    pyarrow.table(table)
    for use in (pyarrow.table, pyarrow.schema):
        with pytest.raises(package.PyForgeError, match="call read\\(\\) again"):
            use(table)
    assert "consumed" in repr(table) and "<table>" in table._repr_html_() and "a: int64" in repr(table.schema)


def test_closed(package, write):
    with package.read(write("a.csv", "a\n1\n")) as table:
        pass
    table.close()
    with pytest.raises(package.PyForgeError):
        pyarrow.table(table)


def test_dropped_capsules_and_streams(package, write):
    source = write("a.csv", "a\n1\n")
    for _ in range(20):
        package.read(source)
        package.read(source).__arrow_c_stream__()
        package.read(source).__arrow_c_schema__()


def test_batches_outlive_stream_and_are_not_in_the_budget(package, write):
    """More is kept by the consumer than --memory allows the conversion."""
    source = write("big.csv", "a,b,c\n" + "".join(f"{i},{i}.25,text of row {i}\n" for i in range(1_500_000)))
    reader = pyarrow.RecordBatchReader.from_stream(package.read(source, memory="32M"))
    batches = list(reader)
    del reader
    table = pyarrow.Table.from_batches(batches)
    del batches
    assert table.nbytes > 32 << 20
    assert table["a"].to_pylist() == list(range(1_500_000))
    assert table["c"][1_499_999].as_py() == "text of row 1499999"


def test_consumed_in_another_thread(package, write):
    table = package.read(write("a.csv", "a\n" + "".join(f"{i}\n" for i in range(100_000))))
    got = []
    thread = threading.Thread(target=lambda: got.append(pyarrow.table(table)))
    thread.start()
    thread.join()
    assert got[0].num_rows == 100_000


def test_read_of_bytes_and_files(package):
    content = CASES["types"].encode()
    assert pyarrow.table(package.read(content)).num_rows == 3
    assert pyarrow.table(package.read(io.BytesIO(content), from_="csv")).num_rows == 3


def test_a_file_object_that_is_closed_while_it_is_consumed(package):
    """The types are settled by the copy that was spooled, so what was opened can be read to its end."""
    source = io.BytesIO(b"a\n" + b"1\n" * 10000)
    table = package.read(source, from_="csv")
    source.close()
    assert pyarrow.table(table).num_rows == 10000


def test_a_file_object_that_fails_while_it_is_consumed(package):
    """With all types declared nothing is spooled: the data comes straight from the object, whose error is the stream's."""

    class Failing:
        left = 20

        def read(self, size):
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("the tape is torn")
            return b"1\n" * (size // 2)

    with pytest.raises(Exception, match="the tape is torn"):
        pyarrow.table(package.read(Failing(), from_="csv", header="no", types="string"))


def test_decimals_and_other_types(package, write, tmp_path):
    schema = {"a": "decimal(12,2)", "b": "timestamptz", "c": "binary"}
    table = package.read(write("a.csv", "a,b,c\n1.5,2024-01-02T03:04:05Z,x\n"), schema=schema)
    assert table.schema.types == ["decimal(12,2)", "timestamptz", "binary"]
    assert str(pyarrow.table(table).schema.field("a").type) == "decimal128(12, 2)"


def test_read_options(package, write):
    source = write("a.csv", "a;b\n1;2\n")
    assert package.read(source, delimiter=";", columns=["b"], types="string").schema.names == ["b"]


def test_missing_libraries_are_named(package, write, monkeypatch):
    import sys

    table = package.read(write("a.csv", "a\n1\n"))
    for name, method in (("pyarrow", "to_arrow"), ("polars", "to_polars"), ("pandas", "to_pandas")):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ImportError, match=name):
            getattr(table, method)()
        monkeypatch.undo()
    assert table.to_arrow().num_rows == 1


# ---- write

FRAME = {"i": [1, None, 3], "s": ["a", "b", None], "f": [1.5, None, -2.0]}


@pytest.mark.parametrize("make", [
    pyarrow.table,
    polars.DataFrame,
    lambda data: pandas.DataFrame(data).convert_dtypes(),
    lambda data: duckdb.from_arrow(pyarrow.table(data)),
    lambda data: pyarrow.RecordBatchReader.from_batches(pyarrow.table(data).schema, pyarrow.table(data).to_batches()),
], ids=["pyarrow", "polars", "pandas", "duckdb", "reader"])
def test_write(package, tmp_path, make):
    result = package.write(make(FRAME), tmp_path / "o.parquet", compression="zstd")
    assert result.success and result.row_count == 3 and result.output_path == str(tmp_path / "o.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "o.parquet").to_pydict() == FRAME


def test_write_csv_and_file_objects(package, tmp_path):
    target = io.BytesIO()
    package.write(pyarrow.table(FRAME), target, format="csv")
    assert target.getvalue().decode().splitlines()[0] == "i,s,f"


def test_write_what_was_read(package, write, tmp_path):
    source = write("a.csv", CASES["types"])
    package.write(package.read(source), tmp_path / "o.parquet")
    package.convert(source, tmp_path / "e.parquet")
    same(pyarrow.parquet.read_table(tmp_path / "o.parquet"), pyarrow.parquet.read_table(tmp_path / "e.parquet"))


def test_write_refuses_as_convert_does(package, tmp_path):
    package.write(pyarrow.table(FRAME), tmp_path / "o.parquet")
    with pytest.raises(package.OutputExistsError):
        package.write(pyarrow.table(FRAME), tmp_path / "o.parquet")
    package.write(pyarrow.table(FRAME), tmp_path / "o.parquet", force=True)


@pytest.mark.parametrize("table", [[{"a": 1}], {"a": [1]}, 1, "a.csv"])
def test_what_is_no_table_is_refused(package, tmp_path, table):
    with pytest.raises(TypeError, match="__arrow_c_stream__"):
        package.write(table, tmp_path / "o.parquet")


def test_old_pandas_is_told(package, tmp_path):
    old = type("DataFrame", (), {"__module__": "pandas.core.frame"})()
    with pytest.raises(TypeError, match="2.2"):
        package.write(old, tmp_path / "o.parquet")


def test_a_stream_that_fails(package, tmp_path):
    schema = pyarrow.schema([("a", pyarrow.int64())])

    def batches():
        yield pyarrow.record_batch({"a": [1]}, schema=schema)
        raise ValueError("the source broke")

    with pytest.raises(package.PyForgeError, match="the source broke"):
        package.write(pyarrow.RecordBatchReader.from_batches(schema, batches()), tmp_path / "o.parquet")
    assert not (tmp_path / "o.parquet").exists()


def test_taken_capsule_is_refused(package, tmp_path):
    capsule = pyarrow.table(FRAME).__arrow_c_stream__()

    class Given:
        def __arrow_c_stream__(self, requested_schema=None):
            return capsule

    package.write(Given(), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="taken before"):
        package.write(Given(), tmp_path / "b.parquet")


RAGGED = b"a,b\n1,2\n1,2,3\n5,6,7\n8,9\n"


@pytest.mark.parametrize("options", [{}, {"types": "string"}, {"schema": "a:int64,b:int64"}])
def test_rejected_rows_of_a_stream(package, options):
    """Whatever settles the types, a stream gives no fewer rows than the file has without saying so."""
    with pytest.raises(package.RejectedError, match="2 of 4 rows were rejected, more than max_rejects= allows .*; the first: the row has 3 fields"):
        package.read(RAGGED, **options)
    with package.read(RAGGED, max_rejects="50%", **options) as table:
        assert (table.rows_rejected, table.rows_left_out, table.rejects_path) == (2, 0, None)
        assert any("2 rows rejected and not kept" in text for text in table.warnings)
        assert pyarrow.table(table).num_rows == 2
        assert table.rows_rejected == 2


def test_rejects_of_a_stream_are_kept(package, tmp_path):
    path = tmp_path / "rejects.csv"
    table = package.read(RAGGED, max_rejects=2, rejects=path)
    assert table.rejects_path == str(path)
    assert [line.split(",")[0] for line in path.read_text().splitlines()] == ["row", "2", "3"]
    with pytest.raises(package.PyForgeError, match="taken"):
        package.read(RAGGED, max_rejects=2, rejects=path)
    assert package.read(RAGGED, max_rejects=2, rejects=path, force=True).rows_rejected == 2


def test_no_rejects_file_of_a_stream_that_fails(package, tmp_path):
    path = tmp_path / "rejects.csv"
    with pytest.raises(package.RejectedError):
        package.read(RAGGED, rejects=path)
    assert list(tmp_path.iterdir()) == []
    assert package.read(b"a,b\n1,2\n", rejects=path).rejects_path is None
    assert list(tmp_path.iterdir()) == []


def test_what_became_of_the_rest(package):
    table = package.read(b"a,b\n1\nx,3\n", schema="a:int64", on_error="null")
    assert table.rows_short == 1
    assert any("1 row has fewer fields" in text for text in table.warnings)
    assert any("1 value did not fit its declared type" in text for text in table.warnings)
    assert any("the delimiter is ;" in text for text in package.read(b"a;b\n1;2\n").warnings)


def test_a_typed_input_rejects_nothing(package, tmp_path):
    package.convert(b"a\n1\n2\n", tmp_path / "a.parquet")
    table = package.read(tmp_path / "a.parquet")
    assert (table.rows_rejected, table.warnings) == (0, [])
    assert pyarrow.table(table)["a"].to_pylist() == [1, 2]


class Schema(ctypes.Structure):
    """struct ArrowSchema"""


Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_char_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(Schema))), ("dictionary", ctypes.POINTER(Schema)),
    ("release", ctypes.c_void_p), ("private", ctypes.c_void_p),
]  # fmt: skip


def stream_of(schema):
    """A table whose stream tells this schema, and has no batches."""
    get = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(
        lambda stream, out: ctypes.memmove(out, ctypes.byref(schema), ctypes.sizeof(schema)) and 0)  # fmt: skip
    error = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda stream: None)
    release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda stream: setattr(ctypes.c_void_p.from_address(stream + 24), "value", None))
    calls = (ctypes.c_void_p * 5)(*[ctypes.cast(call, ctypes.c_void_p).value for call in (get, get, error, release)], None)
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

    class Table:
        kept = get, error, release, calls, schema

        def __arrow_c_stream__(self, requested_schema=None):
            return make(ctypes.addressof(calls), b"arrow_array_stream", None)

    return Table()


def table_of(*columns, count=None):
    pointers = (ctypes.POINTER(Schema) * max(1, len(columns)))(*[ctypes.pointer(column) if column else None for column in columns])
    table = Schema(format=b"+s", n_children=len(columns) if count is None else count, children=pointers if columns else None)
    table.kept = pointers, columns
    return table


@pytest.mark.parametrize("schema, told", [
    (Schema(format=None), "breaks the rules"),
    (table_of(count=2), "breaks the rules"),
    (table_of(Schema(format=b"l"), count=-1), "breaks the rules"),
    (table_of(None), "lacks a column"),
    (table_of(Schema(format=None, name=b"a")), "has no format"),
    (table_of(Schema(format=b"i", name=b"a", dictionary=ctypes.pointer(Schema(format=None)))), "has no format"),
    (table_of(Schema(format=None, name=b"a", dictionary=ctypes.pointer(Schema(format=b"u")))), "has no format"),
])  # fmt: skip
def test_schemas_with_holes_are_refused(package, tmp_path, schema, told):
    with pytest.raises(package.BadDataError, match=told):
        package.write(stream_of(schema), tmp_path / "a.csv")


def test_a_failing_generator_is_told_in_one_line(package, tmp_path):
    def batches():
        yield pyarrow.record_batch([pyarrow.array([1])], names=["a"])
        raise RuntimeError("deep trouble")

    reader = pyarrow.RecordBatchReader.from_batches(pyarrow.schema([("a", pyarrow.int64())]), batches())
    with pytest.raises(package.StorageError, match="RuntimeError: deep trouble") as raised:
        package.write(reader, tmp_path / "a.csv")
    assert "Traceback" not in str(raised.value) and "\n" not in str(raised.value)


def test_wrong_arguments_are_told_plainly(package, tmp_path):
    with pytest.raises(TypeError, match=r"no option 'a\\x1b\[31mb\\x0a'"):
        package.convert(b"a\n1\n", tmp_path / "a.csv", **{"a\x1b[31mb\n": 1})
    with pytest.raises(TypeError, match="columns has a None"):
        package.convert(b"a\n1\n", tmp_path / "a.csv", columns=["a", None])

    class Liar:
        def write(self, data):
            return -1

    with pytest.raises(ValueError, match="took -1 of"):
        package.convert(b"a\n1\n", Liar(), format="csv", from_="csv")


def test_nulls_are_counted_whatever_is_written(package, tmp_path):
    """As pyarrow counts them in what was written: typed and text, declared, repaired and on another road than the first."""
    source = tmp_path / "in.csv"
    lines = [f"{row if row % 3 else ''},{row if row < 250_000 else 'word'},{row % 7 or ''},{'x' if row % 11 else ''}" for row in range(300_000)]
    source.write_text("a,b,c,d\n" + "\n".join(lines) + "\n1,2,x,\n1,2,3,4,5\n")
    table = package.read(source).to_arrow()
    frame = pyarrow.table({"half": pyarrow.array([1.5, None], pyarrow.float16()), "word": pyarrow.array(["a", None]).dictionary_encode(), "flag": [None, True]})
    made = {
        "inferred.parquet": package.convert(source, tmp_path / "inferred.parquet"),
        "strings.parquet": package.convert(source, tmp_path / "strings.parquet", types="string"),
        "declared.parquet": package.convert(source, tmp_path / "declared.parquet", schema={"c": "int32"}, on_error="null"),
        "again.parquet": package.convert(tmp_path / "inferred.parquet", tmp_path / "again.parquet", columns=["a", "d"]),
        "written.parquet": package.write(table, tmp_path / "written.parquet"),
        "frame.parquet": package.write(frame, tmp_path / "frame.parquet"),
    }
    for name, result in made.items():
        expected = pyarrow.parquet.read_table(tmp_path / name)
        assert [(column["name"], column["null_count"]) for column in result.columns] == [(key, expected[key].null_count) for key in expected.column_names], name
    assert made["declared.parquet"].columns[2]["null_count"] > made["inferred.parquet"].columns[2]["null_count"]
    same = [column["null_count"] for column in made["inferred.parquet"].columns]
    for given, name in ((source, "text.csv"), (tmp_path / "inferred.parquet", "typed.csv")):
        assert [column["null_count"] for column in package.convert(given, tmp_path / name).columns] == same, name
    assert [column["null_count"] for column in package.write(table, tmp_path / "w.csv").columns] == same
    assert [column["null_count"] for column in package.convert(b"a,b\n", tmp_path / "none.csv").columns] == [0, 0]


def test_an_index_that_has_a_name_is_a_column(package, tmp_path):
    frame = pandas.DataFrame({"id": [100, 200, 300], "v": [1, 2, 3]})
    for name in ("id", None):
        given = frame.set_index("id") if name else frame
        package.write(given, tmp_path / "ix.parquet", force=True)
        assert package.read(tmp_path / "ix.parquet").to_arrow().to_pydict() == {"id": [100, 200, 300], "v": [1, 2, 3]}
    even = pandas.DataFrame({"v": [1, 2, 3]}, index=pandas.RangeIndex(100, 400, 100, name="id"))
    package.write(even, tmp_path / "ix.parquet", force=True)
    assert package.read(tmp_path / "ix.parquet").to_arrow().to_pydict() == {"id": [100, 200, 300], "v": [1, 2, 3]}
