"""Writes the seeds of fuzz_dbf_reader and fuzz_dbf_memo into fuzz/corpus: python3 fuzz/make_dbf_seeds.py"""
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT.parent / "tests" / "python"))
import dbf_make as make  # noqa: E402
from dbf_make import field  # noqa: E402

TABLES = {
    "types": make.table([field("C", "C", 6), field("N", "N", 5), field("D", "N", 8, 2), field("F", "F", 8, 2), field("T", "D", 8), field("L", "L", 1)],
                        [[b"text", b"   12", b"    1.50", b" 1.5e+01", b"20240229", b"T"], [b"", b"*****", b" 1.E+3", b"", b"00000000", b"?"]], deleted={1}),
    "visual": make.table([field("I", "I", 4, 0, 2), field("B", "B", 8), field("Y", "Y", 8), field("T", "T", 8), field("V", "V", 5, 0, 2), field("Q", "Q", 3), field("M", "M", 4), field("_NullFlags", "0", 1, 0, 5)],
                         [[struct.pack("<i", 5), struct.pack("<d", 1.5), struct.pack("<q", 12500), make.moment(19782, 5), b"ab  \2", b"x \1", struct.pack("<I", 1), b"\2"]], version=0x30, backlink=b"a.dbc"),
    "level7": make.table([field("I", "I", 4), field("O", "O", 8), field("M", "@", 8), field("A", "+", 4)], [[make.int_7(5), make.double_7(-1.5), make.moment_7(10**12), make.int_7(1)]], version=0x04),
    "level2": make.table([field("A", "C", 4), field("N", "N", 3), field("L", "L", 1)], [[b"ab", b" 12", b"T"]], version=0x02),
    "cyrillic": make.table([field("A".encode(), "C", 30)], [["Привет мир".encode("cp866")]]),
    "memos": make.table([field("M", "M", 10), field("B", "B", 10)], [[b"         1", b"         2"]], version=0x83),
    "cut": make.table([field("A", "C", 4)], [[b"ab"]] * 3)[:-4],
    "six": make.table([field("M", "M", 10)], [[struct.pack("<HII", 1, 4, 2)]], version=0xE5),
}
MEMOS = {
    "dbt3": b"\0" + b"         1" + make.memo_dbt3([b"text", b"more"])[0],
    "dbt4": b"\1" + b"         1" + make.memo_dbt4([b"text", b"more"])[0],
    "fpt": b"\2" + b"         8" + make.memo_fpt([b"text", b"more"])[0],
    "smt": b"\3" + struct.pack("<HII", 1, 4, 16) + make.memo_smt([b"text", b"more"])[0],
}
for name, seeds in (("dbf_reader", {key: bytes([number]) + data for key, data in TABLES.items() for number in (0,)}), ("dbf_memo", MEMOS)):
    folder = ROOT / "corpus" / name
    folder.mkdir(exist_ok=True)
    for key, data in seeds.items():
        (folder / key).write_bytes(data)
for number, key in enumerate(TABLES):
    (ROOT / "corpus" / "dbf_reader" / f"{key}_options").write_bytes(bytes([(number * 5 + 4) % 32]) + TABLES[key])
