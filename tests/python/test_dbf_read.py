"""Reading dBase tables: every version and type, what is no value, memos, code pages, damage; dbfread as a second opinion."""

import datetime
import gzip
import random
import struct
from decimal import Decimal
from pathlib import Path

import dbf_make
import dbfread
import pyarrow.parquet as parquet
import pytest
from dbf_make import field, number, table


def convert(pyforge, path, *options, name="out.parquet"):
    out = path.with_name(name)
    out.unlink(missing_ok=True)
    return out, pyforge("convert", path, out, "--force", *options)


def read(pyforge, path, *options):
    out, done = convert(pyforge, path, *options)
    assert done.returncode == 0, done.stderr.decode()
    return parquet.ParquetFile(out).read(), done.stderr.decode()


def put(tmp_path, data, name="t.dbf"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


# ---- types: what is stored, the type of the column, the values

TYPES = [
    ("N(5)", field("V", "N", 5), [b"   12", b"  -7 ", b"00012", b"  +3 ", b"     ", b"  0.0"], "int64", [12, -7, 12, 3, None, 0]),
    ("N(18)", field("V", "N", 18), [b"999999999999999999", b"-99999999999999999"], "int64", [10**18 - 1, 1 - 10**17]),
    ("N(19)", field("V", "N", 19), [b"9999999999999999999"], "decimal128(19, 0)", [Decimal(10**19 - 1)]),
    ("N(10,2)", field("V", "N", 10, 2), [b"    -12.50", b"      3,25", b"         7", b"", b"1234567890", b"  .50", b"-.50"], "decimal128(12, 2)",
     [Decimal("-12.50"), Decimal("3.25"), Decimal(7), None, Decimal(1234567890), Decimal("0.50"), Decimal("-0.50")]),
    ("N(60,20)", field("V", "N", 60, 20), [b"1.5"], "double", [1.5]),
    ("F(20,5)", field("V", "F", 20, 5), [b"       1.25000", b" 1.234567890e+004", b""], "double", [1.25, 12345.6789, None]),
    ("D", field("V", "D", 8), [b"20240229", b"        ", b"\0\0\0\0\0\0\0\0", b"99991231", b"00010101"], "date32[day]",
     [datetime.date(2024, 2, 29), None, None, datetime.date(9999, 12, 31), datetime.date(1, 1, 1)]),
    ("L", field("V", "L", 1), [b"T", b"t", b"Y", b"y", b"F", b"f", b"N", b"n", b"?", b" ", b"\0"], "bool", [True] * 4 + [False] * 4 + [None] * 3),
    ("I", field("V", "I", 4), [struct.pack("<i", v) for v in (0, -1, 2**31 - 1, -(2**31))], "int32", [0, -1, 2**31 - 1, -(2**31)]),
    ("+", field("V", "+", 4), [struct.pack("<i", 7)], "int32", [7]),
    ("B(8)", field("V", "B", 8), [struct.pack("<d", v) for v in (1.78861727, -0.0, 1e300)], "double", [1.78861727, -0.0, 1e300]),
    ("O", field("V", "O", 8), [struct.pack("<d", 2.5)], "double", [2.5]),
    ("Y", field("V", "Y", 8), [struct.pack("<q", v) for v in (123456, -1, 2**63 - 1)], "decimal128(19, 4)",
     [Decimal("12.3456"), Decimal("-0.0001"), Decimal(2**63 - 1) / 10000]),
    ("T", field("V", "T", 8), [dbf_make.moment(19782, 36610123), bytes(8), b" " * 8], "timestamp[us]",
     [datetime.datetime(2024, 2, 29, 10, 10, 10, 123000), None, None]),
    ("C", field("V", "C", 6), [b"  ab  ", b"", b"abc\0\0\0"], "string", ["  ab", "", "abc"]),
    ("C(300)", field("V", "C", 300), [b"x" * 300], "string", ["x" * 300]),
]


@pytest.mark.parametrize("what, described, stored, kind, values", TYPES, ids=[row[0] for row in TYPES])
def test_types(pyforge, tmp_path, what, described, stored, kind, values):
    path = put(tmp_path, table([described], [[one] for one in stored], version=0x30))
    got, errors = read(pyforge, path)
    assert str(got.schema.field("V").type) == kind
    assert got.column("V").to_pylist() == values
    assert "made null" not in errors


LEVEL_7 = [
    ("I", field("Long name of a column", "I", 4), [dbf_make.int_7(v) for v in (5, -5, 0)] + [bytes(4)], [5, -5, 0, None]),
    ("+", field("V", "+", 4), [dbf_make.int_7(1)], [1]),
    ("O", field("V", "O", 8), [dbf_make.double_7(v) for v in (1.5, -1.5, 0.0)] + [bytes(8)], [1.5, -1.5, 0.0, None]),
    ("@", field("V", "@", 8), [dbf_make.moment_7(1709201410123), bytes(8)], [datetime.datetime(2024, 2, 29, 10, 10, 10, 123000), None]),
    ("N", field("V", "N", 4), [b"  12"], [12]),
]


@pytest.mark.parametrize("version", [0x04, 0x8C])
@pytest.mark.parametrize("what, described, stored, values", LEVEL_7, ids=[row[0] for row in LEVEL_7])
def test_level_7(pyforge, tmp_path, version, what, described, stored, values):
    got, _ = read(pyforge, put(tmp_path, table([described], [[one] for one in stored], version=version)))
    assert got.column_names == [described[0]]
    assert got.column(0).to_pylist() == values


@pytest.mark.parametrize("version", [0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0x8C, 0xCB, 0xE5, 0xF5, 0xFB])
def test_versions(pyforge, tmp_path, version):
    fields = [field("NAME", "C", 10), field("AGE", "N", 3), field("OK", "L", 1)]
    path = put(tmp_path, table(fields, [[b"Ann", b" 30", b"T"], [b"Bob", b"  4", b"F"]], version=version))
    got, _ = read(pyforge, path)
    assert got.to_pydict() == {"NAME": ["Ann", "Bob"], "AGE": [30, 4], "OK": [True, False]}
    done = pyforge("info", path)
    assert done.returncode == 0 and f"0x{version:02x}" in done.stdout.decode()


def test_level_3_called_4(pyforge, tmp_path):
    """dBase IV and dBase 7 share a version byte: the sizes tell them apart."""
    data = bytearray(table([field("NAME", "C", 10)], [[b"Ann"]], version=0x03))
    data[0] = 0x04
    got, _ = read(pyforge, put(tmp_path, bytes(data)))
    assert got.to_pydict() == {"NAME": ["Ann"]}


# ---- what is no value

BAD = [
    ("stars", field("V", "N", 5), b"*****", "*****"),
    ("stars in a decimal", field("V", "N", 6, 2), b"******", "******"),
    ("stars in a float", field("V", "F", 6, 2), b"******", "******"),
    ("a point", field("V", "N", 5), b"    .", "."),
    ("an exponent that took the digits' place", field("V", "N", 6), b" 1.E+3", "1.E+3"),
    ("the same in a float", field("V", "F", 6), b" 1.E+3", "1.E+3"),
    ("a fraction in a whole number", field("V", "N", 5), b"  1.5", "1.5"),
    ("digits beyond the decimals", field("V", "N", 8, 2), b"   1.234", "1.234"),
    ("letters", field("V", "N", 5), b"  abc", "abc"),
    ("a zero inside", field("V", "N", 5), b"1\0002", "1\\x002"),
    ("a zero date", field("V", "D", 8), b"00000000", "00000000"),
    ("the 30th of February", field("V", "D", 8), b"20240230", "20240230"),
    ("letters in a date", field("V", "D", 8), b"2024-1-1", "2024-1-1"),
    ("a logical X", field("V", "L", 1), b"X", "X"),
    ("a moment past the day", field("V", "T", 8), struct.pack("<II", 2460000, 86400001), "."),
]


@pytest.mark.parametrize("what, described, stored, shown", BAD, ids=[row[0] for row in BAD])
def test_no_value_is_null_and_told(pyforge, tmp_path, what, described, stored, shown):
    fields = [field("ID", "N", 2), described]
    path = put(tmp_path, table(fields, [[b" 1", b""], [b" 2", stored], [b" 3", stored]] if described[1] != "T" else
                               [[b" 1", bytes(8)], [b" 2", stored], [b" 3", stored]]))
    got, errors = read(pyforge, path)
    assert got.to_pydict() == {"ID": [1, 2, 3], "V": [None] * 3}
    assert "column 'V': 2 values were made null" in errors and "record 2" in errors
    assert shown in errors


def test_values_that_are_none_stay_as_text(pyforge, tmp_path):
    fields = [field("A", "N", 5), field("B", "N", 7, 2), field("C", "D", 8), field("D", "L", 1), field("E", "Y", 8)]
    path = put(tmp_path, table(fields, [[b"*****", b"  1.50", b"20240230", b"X", struct.pack("<q", 12500)], [b"   7", b"", b"20240229", b"T", bytes(8)]]))
    got, errors = read(pyforge, path, "--types", "string")
    assert got.to_pydict() == {"A": ["*****", "7"], "B": ["1.50", None], "C": ["20240230", "2024-02-29"], "D": ["X", "true"], "E": ["1.2500", "0.0000"]}
    assert "null" not in errors


# ---- deleted records, counts, ends

def test_deleted(pyforge, tmp_path):
    path = put(tmp_path, table([field("V", "N", 3)], [[number(str(i), 3)] for i in range(6)], deleted={0, 3, 5}))
    got, errors = read(pyforge, path)
    assert got.to_pydict() == {"V": [1, 2, 4]} and "3 deleted records were left out" in errors
    got, errors = read(pyforge, path, "--with-deleted")
    assert got.to_pydict() == {"V": list(range(6)), "_deleted": [True, False, False, True, False, True]}
    assert "deleted record" not in errors
    got, _ = read(pyforge, path, "--with-deleted", "--types", "string")
    assert got.column("_deleted").to_pylist()[:2] == ["true", "false"]
    got, _ = read(pyforge, path, "--with-deleted", "--columns", "_deleted")
    assert got.column_names == ["_deleted"]


ROWS = [[number(str(i), 3)] for i in range(20)]


@pytest.mark.parametrize("count, end, rows, told", [
    (20, b"\x1a", 20, False), (20, b"", 20, False), (5, b"\x1a", 20, True), (0, b"", 20, True), (30, b"\x1a", 20, True),
])
def test_the_file_is_believed_before_the_count(pyforge, tmp_path, count, end, rows, told):
    got, errors = read(pyforge, put(tmp_path, table([field("V", "N", 3)], ROWS, count=count, end=end)))
    assert got.column("V").to_pylist() == list(range(rows))
    assert (f"the header counts {count} records" in errors) == told


def test_bytes_behind_the_end(pyforge, tmp_path):
    got, _ = read(pyforge, put(tmp_path, table([field("V", "N", 3)], ROWS, end=b"\x1a" + bytes(700))))
    assert got.num_rows == 20


def test_no_records(pyforge, tmp_path):
    got, _ = read(pyforge, put(tmp_path, table([field("V", "N", 3), field("D", "D", 8)], [])))
    assert got.num_rows == 0 and got.column_names == ["V", "D"]


@pytest.mark.parametrize("cut", [1, 2, 4, 5, 8, 37, 75])
def test_cut_short(pyforge, tmp_path, cut):
    whole = table([field("V", "N", 3)], ROWS, end=b"")
    path = put(tmp_path, whole[:-cut])
    out, done = convert(pyforge, path)
    assert done.returncode not in (0, 3) and "cut short" in done.stderr.decode() and not out.exists()
    out, done = convert(pyforge, path, "--on-error", "reject", "--max-rejects", "100%")
    assert done.returncode == 3, done.stderr.decode()
    assert parquet.ParquetFile(out).read().column("V").to_pylist() == list(range((80 - cut) // 4))


def test_every_prefix(pyforge, tmp_path):
    whole = table([field("A", "C", 3), field("B", "N", 3)], [[b"abc", b" 12"]] * 3, end=b"\x1a")
    for size in range(len(whole) - 1):
        out, done = convert(pyforge, put(tmp_path, whole[:size]))
        assert done.returncode not in (0, 3) and done.returncode > 0, (size, done.stderr)
        assert not out.exists()


def test_record_with_another_flag(pyforge, tmp_path):
    data = bytearray(table([field("V", "N", 3)], ROWS))
    data[-1 - 4 * 5] = ord("7")
    path = put(tmp_path, bytes(data))
    out, done = convert(pyforge, path)
    assert done.returncode not in (0, 3) and "neither a blank nor a star" in done.stderr.decode() and not out.exists()
    out, done = convert(pyforge, path, "--on-error", "reject")
    assert done.returncode == 3
    assert parquet.ParquetFile(out).read().column("V").to_pylist() == [i for i in range(20) if i != 15]


GOOD = table([field("V", "N", 3)], ROWS)
LIES = [
    ("record size", 10, 5), ("record size 0", 10, 0), ("header size", 8, 0), ("header size of 32", 8, 32), ("no version", 0, 0x77),
    ("field size", 32 + 16, 200), ("field size 0", 32 + 16, 0), ("field type", 32 + 11, ord("z")), ("type of another size", 32 + 11, ord("D")),
]


@pytest.mark.parametrize("what, at, value", LIES, ids=[row[0] for row in LIES])
def test_headers_that_lie(pyforge, tmp_path, what, at, value):
    data = bytearray(GOOD)
    data[at] = value
    out, done = convert(pyforge, put(tmp_path, bytes(data)))
    assert done.returncode not in (0, 3) and done.returncode > 0 and not out.exists(), done.stderr


@pytest.mark.parametrize("fraction", range(40))
def test_damage(pyforge, tmp_path, fraction):
    """1 % of the bytes changed: an answer, never a crash."""
    noise = random.Random(fraction)
    memo, blocks = dbf_make.memo_fpt([b"memo %d" % i for i in range(20)])
    fields = [field("C", "C", 8), field("N", "N", 6, 2), field("D", "D", 8), field("T", "T", 8), field("M", "M", 4)]
    data = bytearray(table(fields, [[b"text", b" 1.50", b"20240101", dbf_make.moment(1, 5), struct.pack("<I", block)] for block in blocks], version=0x30))
    memo = bytearray(memo)
    for bytes_ in (data, memo):
        for _ in range(len(bytes_) // 100 + 1):
            bytes_[noise.randrange(len(bytes_))] = noise.randrange(256)
    (tmp_path / "t.fpt").write_bytes(bytes(memo))
    _, done = convert(pyforge, put(tmp_path, bytes(data)), "--on-error", "reject")
    assert 0 <= done.returncode < 20, done.stderr


# ---- memos

TEXTS = [b"short", b"", b"two\r\nlines", b"x" * 3000]
KINDS = [
    ("dBase III", 0x83, "dbt", dbf_make.memo_dbt3(TEXTS), 10),
    ("dBase IV", 0x8B, "dbt", dbf_make.memo_dbt4(TEXTS), 10),
    ("dBase IV, blocks of 1024", 0x8B, "dbt", dbf_make.memo_dbt4(TEXTS, 1024), 10),
    ("FoxPro 2", 0xF5, "fpt", dbf_make.memo_fpt(TEXTS), 10),
    ("Visual FoxPro", 0x30, "fpt", dbf_make.memo_fpt(TEXTS), 4),
    ("Visual FoxPro, blocks of 1", 0x30, "fpt", dbf_make.memo_fpt(TEXTS, 1), 4),
    ("Visual FoxPro, blocks of 33", 0x30, "fpt", dbf_make.memo_fpt(TEXTS, 33), 4),
    ("HiPer-Six", 0xE5, "smt", dbf_make.memo_smt(TEXTS), 10),
]


def memo_rows(made, size):
    return [[one if isinstance(one, bytes) else struct.pack("<I", one) if size == 4 else number(str(one), 10)] for one in made[1]]


@pytest.mark.parametrize("what, version, suffix, made, size", KINDS, ids=[row[0] for row in KINDS])
def test_memos(pyforge, tmp_path, what, version, suffix, made, size):
    blank = [bytes(4) if size == 4 else b" " * 10]
    path = put(tmp_path, table([field("M", "M", size)], memo_rows(made, size) + [blank], version=version))
    for name in (f"t.{suffix}", f"T.{suffix.upper()}"):
        (tmp_path / name).write_bytes(made[0])
        got, errors = read(pyforge, path)
        assert got.column("M").to_pylist() == [text.decode() for text in TEXTS] + [None]
        assert "column '" not in errors and "memo file" not in errors
        (tmp_path / name).unlink()
    got, errors = read(pyforge, path)
    assert got.column("M").to_pylist() == [None] * 5
    assert f"no memo file t.{suffix}" in errors


@pytest.mark.parametrize("kind, flags", [("G", 0), ("P", 0), ("W", 0), ("M", 4)])
def test_binary_memos(pyforge, tmp_path, kind, flags):
    memo, blocks = dbf_make.memo_fpt([b"\x00\xff\x1a"], kind=0)
    (tmp_path / "t.fpt").write_bytes(memo)
    got, _ = read(pyforge, put(tmp_path, table([field("M", kind, 4, 0, flags)], [[struct.pack("<I", blocks[0])]], version=0x30)))
    assert str(got.schema.field("M").type) == "binary" and got.column("M").to_pylist() == [b"\x00\xff\x1a"]


@pytest.mark.parametrize("place", [99, 2**32 - 1])
def test_memo_beyond_the_file(pyforge, tmp_path, place):
    (tmp_path / "t.fpt").write_bytes(dbf_make.memo_fpt([b"text"])[0])
    got, errors = read(pyforge, put(tmp_path, table([field("M", "M", 4)], [[struct.pack("<I", place)]], version=0x30)))
    assert got.column("M").to_pylist() == [None] and "1 memo is damaged" in errors


def test_every_prefix_of_a_memo_file(pyforge, tmp_path):
    path = put(tmp_path, table([field("M", "M", 4)], memo_rows(dbf_make.memo_fpt([b"ab"], 4), 4), version=0x30))
    whole = dbf_make.memo_fpt([b"ab"], 4)[0]
    for size in [*range(0, 12), *range(505, len(whole))]:
        (tmp_path / "t.fpt").write_bytes(whole[:size])
        got, _ = read(pyforge, path)
        assert got.column("M").to_pylist() == [None]


# ---- Visual FoxPro

def test_null_flags_and_varying(pyforge, tmp_path):
    fields = [field("A", "I", 4, 0, 2), field("V", "V", 6, 0, 2), field("Q", "Q", 4, 0, 4), field("C", "C", 3, 0, 2), field("_NullFlags", "0", 1, 0, 5)]
    one = struct.pack("<i", 1)
    rows = [
        [one, b"abcdef", b"\1\2\3\4", b"x", bytes([0b00000])],
        [one, b"ab   \3", b"\1  \1", b"x", bytes([0b01010])],  # bits: A null, V length, V null, Q length, C null
        [bytes(4), b"     \0", b"   \0", b"", bytes([0b11111])],
    ]
    got, _ = read(pyforge, put(tmp_path, table(fields, rows, version=0x32, backlink=b"shop.dbc")))
    assert got.to_pydict() == {"A": [1, 1, None], "V": ["abcdef", "ab ", None], "Q": [b"\1\2\3\4", b"\1", b""], "C": ["x", "x", None]}
    done = pyforge("info", tmp_path / "t.dbf")
    assert "shop.dbc" in done.stdout.decode()


def database(tables, language=0, deleted=()):
    """A .dbc: tables {name: names of fields}."""
    fields = [field("OBJECTID", "I", 4), field("PARENTID", "I", 4), field("OBJECTTYPE", "C", 10), field("OBJECTNAME", "C", 128), field("PROPERTY", "M", 4)]
    rows = [(1, b"Database", b"Database")]
    for name, columns in tables.items():
        table_id = len(rows) + 1
        rows.append((1, b"Table", name))
        rows += [(table_id, b"Field", column) for column in columns]
        rows.append((table_id, b"Index", b"pk"))
    stored = [[struct.pack("<i", place), struct.pack("<i", parent), kind, name, bytes(4)] for place, (parent, kind, name) in enumerate(rows, 1)]
    return table(fields, stored, version=0x30, language=language, deleted=deleted)


OF_SHOP = [field("CUSTOMER_N", "C", 4), field("CUSTOMER_2", "C", 4), field("ID", "I", 4), field("_NullFlags", "0", 1, 0, 5)]
LONG_NAMES = [b"customer_name", b"customer_number", b"id"]


def of_shop(tmp_path, backlink=b"shop.dbc", fields=OF_SHOP):
    return put(tmp_path, table(fields, [[b"a", b"b", struct.pack("<i", 1), b"\0"]], version=0x30, backlink=backlink), "Clients.dbf")


@pytest.mark.parametrize("backlink, name", [(b"shop.dbc", "shop.dbc"), (b"SHOP.DBC", "shop.dbc"), (b"shop.dbc", "Shop.DBC"),
                                            (b"..\\data\\shop.dbc", "shop.dbc"), (b"c:shop.dbc", "shop.dbc")])
def test_long_names_of_the_database(pyforge, tmp_path, backlink, name):
    path = of_shop(tmp_path, backlink)
    put(tmp_path, database({b"orders": [b"a_name_of_another"], b"clients": LONG_NAMES}), name)
    got, errors = read(pyforge, path)
    assert got.column_names == ["customer_name", "customer_number", "id"] and "note" not in errors
    assert got.to_pydict() == {"customer_name": ["a"], "customer_number": ["b"], "id": [1]}
    out, done = convert(pyforge, path, "--compat", "1.0", "--format", "parquet")
    assert done.returncode == 0 and "customer_name" not in done.stderr.decode(), done.stderr


def test_long_names_are_of_the_encoding(pyforge, tmp_path):
    fields = [field("größe_de".encode("cp1252") + b"r_", "C", 4)]
    path = put(tmp_path, table(fields, [[b"a"]], version=0x30, language=3, backlink=b"shop.dbc"), "clients.dbf")
    put(tmp_path, database({b"clients": ["größe_der_Übersicht".encode("cp1252")]}, language=3), "shop.dbc")
    assert read(pyforge, path)[0].column_names == ["größe_der_Übersicht"]


@pytest.mark.parametrize("made, said", [
    (None, "there is no database shop.dbc"), (b"", "has 0 bytes"), (b"text" * 100, "no version"),
    (database({b"orders": LONG_NAMES}), "no table of this name"), (database({b"clients": LONG_NAMES[:2]}), "are others"),
    (database({b"clients": [*LONG_NAMES, b"more"]}), "are others"), (database({b"clients": [b"customer_name", b"id", b"customer_number"]}), "are others"),
    (database({b"clients": LONG_NAMES}, deleted={3}), "are others"), (table([field("A", "C", 1)], []), "no fields of a database"),
])
def test_names_of_the_header_where_the_database_has_none(pyforge, tmp_path, made, said):
    path = of_shop(tmp_path)
    if made is not None:
        put(tmp_path, made, "shop.dbc")
    got, errors = read(pyforge, path)
    assert got.column_names == ["CUSTOMER_N", "CUSTOMER_2", "ID"] and said in errors and "names are those of its header" in errors


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_database(pyforge, tmp_path, seed):
    noise = random.Random(seed)
    made = bytearray(database({b"clients": LONG_NAMES}))
    for _ in range(len(made) // 50):
        made[noise.randrange(len(made))] = noise.randrange(256)
    put(tmp_path, bytes(made[: noise.randrange(len(made))] if seed % 2 else made), "shop.dbc")
    got, _ = read(pyforge, of_shop(tmp_path))
    assert got.num_rows == 1


# ---- code pages

WORDS = {
    "cp1251": "Привет мир. Съешь ещё этих мягких булок", "cp866": "Привет мир. Съешь ещё этих мягких булок", "cp1252": "Grüße aus Köln, déjà vu à Orléans",
    "cp850": "Grüße aus Köln, déjà vu à Orléans", "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy", "cp852": "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "utf-8": "Привет мир. Съешь ещё", "koi8-r": "Привет мир. Съешь ещё этих мягких булок",
}


@pytest.mark.parametrize("encoding", WORDS)
def test_the_text_tells_its_encoding(pyforge, tmp_path, encoding):
    words = WORDS[encoding].split()
    fields = [field("A", "C", 20), field(words[0].encode(encoding)[:10], "C", 20)]
    got, _ = read(pyforge, put(tmp_path, table(fields, [[b"plain", word.encode(encoding)] for word in words])))
    assert got.column(1).to_pylist() == words


@pytest.mark.parametrize("language, encoding", [(0x01, "cp437"), (0x02, "cp850"), (0x03, "cp1252"), (0x65, "cp866"), (0xC9, "cp1251"), (0x66, "cp865"), (0x6A, "cp737"), (0xCB, "cp1253")])
def test_language_byte(pyforge, tmp_path, language, encoding):
    letters = bytes(byte for byte in range(0x80, 0x100) if bytes([byte]).decode(encoding, "ignore").isalpha())[:40]
    got, _ = read(pyforge, put(tmp_path, table([field("A", "C", 40)], [[letters]], language=language)))
    assert got.column(0).to_pylist() == [letters.decode(encoding)]


@pytest.mark.parametrize("language, encoding", [(0x13, "cp932"), (0x4D, "gbk"), (0x4E, "cp949"), (0x4F, "big5")])
def test_wide_language_byte(pyforge, tmp_path, language, encoding):
    text = "中文".encode(encoding)
    got, _ = read(pyforge, put(tmp_path, table([field("A", "C", 10)], [[text], [b"ascii"]], language=language)))
    assert got.column(0).to_pylist() == ["中文", "ascii"]


@pytest.mark.parametrize("text, encoding", [("UTF-8", "utf-8"), ("1251", "cp1251"), ("CP1251\r\n", "cp1251"), ("ANSI 1251", "cp1251"), ("OEM 866", "cp866"), ("88592", "iso-8859-2"), ("ISO-8859-2", "iso-8859-2")])
def test_cpg_file(pyforge, tmp_path, text, encoding):
    words = "žluť" if encoding == "iso-8859-2" else "Привет"
    (tmp_path / "T.CPG").write_text(text)
    got, _ = read(pyforge, put(tmp_path, table([field("A", "C", 20)], [[words.encode(encoding)]])))
    assert got.column(0).to_pylist() == [words]


def test_which_encoding_wins(pyforge, tmp_path):
    (tmp_path / "t.cpg").write_text("1251")
    path = put(tmp_path, table([field(b"\xcf", "C", 20)], [[b"\xcf"]], language=0x03))
    assert read(pyforge, path)[0].to_pydict() == {"Ï": ["Ï"]}
    assert read(pyforge, path, "--encoding", "cp866")[0].to_pydict() == {"╧": ["╧"]}
    assert pyforge("convert", path, tmp_path / "x.parquet", "--encoding", "nonsense").returncode not in (0, 3)


def test_what_is_no_character_is_told(pyforge, tmp_path):
    got, errors = read(pyforge, put(tmp_path, table([field("A", "C", 4)], [[b"ab\xd0"], [b"\xff"]])), "--encoding", "utf-8")
    assert got.column(0).to_pylist() == ["ab\ufffd", "\ufffd"]
    assert "column 'A': 2 texts are not all utf-8" in errors


def test_names(pyforge, tmp_path):
    got, _ = read(pyforge, put(tmp_path, table([field("A", "C", 1), field("A", "C", 1), field("_deleted", "C", 1)], [[b"1", b"2", b"3"]])), "--with-deleted")
    assert got.column_names[:3] == ["A", "A_2", "_deleted"] and len(set(got.column_names)) == 4


# ---- other ways in

def test_from_standard_input(pyforge, tmp_path):
    out = tmp_path / "o.parquet"
    done = pyforge("convert", "-", out, "--from", "dbf", input=GOOD)
    assert done.returncode == 0, done.stderr
    assert parquet.ParquetFile(out).read().num_rows == 20


def test_a_compressed_table_has_its_memos_beside_it(pyforge, tmp_path):
    memo, blocks = dbf_make.memo_fpt([b"text"])
    (tmp_path / "t.fpt").write_bytes(memo)
    packed = gzip.compress(table([field("M", "M", 4)], [[struct.pack("<I", blocks[0])]], version=0x30))
    got, _ = read(pyforge, put(tmp_path, packed, "t.dbf.gz"))
    assert got.to_pydict() == {"M": ["text"]}
    (tmp_path / "t.fpt").unlink()
    assert "no memo file t.fpt" in read(pyforge, tmp_path / "t.dbf.gz")[1]


def test_told_by_content(pyforge, tmp_path):
    got, _ = read(pyforge, put(tmp_path, GOOD, "table.data"))
    assert got.num_rows == 20


@pytest.mark.parametrize("threads", ["1", "2"])
def test_many_blocks(pyforge, tmp_path, threads):
    rows = [[number(str(i), 7), f"name {i}".encode()] for i in range(100_000)]
    path = put(tmp_path, table([field("I", "N", 7), field("S", "C", 30)], rows, deleted=set(range(0, 100_000, 7))))
    got, _ = read(pyforge, path, "--threads", threads)
    expected = [i for i in range(100_000) if i % 7]
    assert got.column("I").to_pylist() == expected and got.column("S").to_pylist() == [f"name {i}" for i in expected]


# ---- a second opinion

def same(ours, theirs, kind):
    if isinstance(theirs, float) and isinstance(ours, Decimal):
        return float(ours) == theirs
    if kind == "T" and theirs is not None:
        return ours is not None and abs(ours - theirs) < datetime.timedelta(microseconds=2)
    return ours == theirs or (ours is not None and theirs is not None and type(ours) is not str and ours == theirs)


def outcomes():
    """What docs/dbf.md says of each real file: its records, columns, and what dbfread makes of it."""
    section = (Path(__file__).resolve().parents[2] / "docs" / "dbf.md").read_text(encoding="utf-8").partition("\n## Real files\n")[2]
    rows = [[cell.strip().strip("`") for cell in line.strip("|\n").split("|")] for line in section.splitlines() if line.startswith("| `")]
    return {row[0]: row[1:] for row in rows}


OUTCOMES = outcomes()


def test_every_real_file_is_in_the_table(test_data):
    assert sorted(path.name.rpartition("__")[2] for path in (test_data / "dbf").glob("*/*.dbf")) == sorted(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_real_files_against_dbfread(pyforge, tmp_path, test_data, name):
    records, columns, told = OUTCOMES[name]
    path = next((test_data / "dbf").glob(f"*/*__{name}"))
    out, done = convert(pyforge, put(tmp_path, path.read_bytes(), path.name))
    if records == "refused":
        assert done.returncode not in (0, 3) and "no columns" in done.stderr.decode() and len(dbfread.DBF(path).fields) == 0
        return
    assert done.returncode == 0, done.stderr
    got = parquet.ParquetFile(out).read()
    assert (got.num_rows, got.num_columns) == (int(records), int(columns))
    if told != "same":
        with pytest.raises((UnicodeDecodeError, dbfread.MissingMemoFile, ValueError)):
            list(dbfread.DBF(path))
    theirs = dbfread.DBF(path, ignore_missing_memofile="memo" in told, encoding="utf-8" if "UTF-8" in told else None,
                         parserclass=Lenient if "date" in told else dbfread.FieldParser)
    fields = [one for one in theirs.fields if one.type != "0"]
    assert len(fields) == got.num_columns
    for place, one in enumerate(fields):
        if [other.name for other in fields].count(one.name) == 1:
            for row, record in zip(got.column(place).to_pylist(), theirs):
                assert same(row, record[one.name], one.type), (one.name, row, record[one.name])


class Lenient(dbfread.FieldParser):
    """Dates that are none, which are errors to dbfread, are null to us."""

    def parseD(self, field, data):
        try:
            return super().parseD(field, data)
        except ValueError:
            return None
