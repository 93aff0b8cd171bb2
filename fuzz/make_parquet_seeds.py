"""Writes the seeds in fuzz/corpus/parquet_reader and fuzz/corpus/decompress: small files of PyArrow, one column each, in every encoding
and page version, and a page's bytes in every codec.

    python3 fuzz/make_parquet_seeds.py          needs pyarrow; the same files every time
"""
import datetime
import decimal
import pathlib
import random

import pyarrow
import pyarrow.parquet as parquet

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
ROWS = 20


def columns():
    pick = random.Random(1)

    def column(make, kind):
        return pyarrow.array([None if pick.random() < 0.2 else make() for _ in range(ROWS)], kind)

    return {
        "bool": column(lambda: pick.random() < 0.5, pyarrow.bool_()),
        "int8": column(lambda: pick.randint(-128, 127), pyarrow.int8()),
        "int32": column(lambda: pick.randint(-2**31, 2**31 - 1), pyarrow.int32()),
        "int64": column(lambda: pick.randint(0, 9), pyarrow.int64()),
        "float64": column(lambda: pick.gauss(0, 1), pyarrow.float64()),
        "text": column(lambda: pick.choice(["a", "abc", "", "ü", "abcdefghijklmnopqrstuvwxyz"]), pyarrow.string()),
        "fixed": column(lambda: pick.randbytes(3), pyarrow.binary(3)),
        "time": column(lambda: pick.randint(0, 10**9) * 1000, pyarrow.time64("ns")),
        "timestamp": column(lambda: pick.randint(-10**12, 10**12), pyarrow.timestamp("ms")),
        "date": column(lambda: datetime.date.fromordinal(pick.randint(700000, 740000)), pyarrow.date32()),
        "decimal": column(lambda: decimal.Decimal(pick.randint(-999, 999)).scaleb(-2), pyarrow.decimal128(30, 2)),
    }


ENCODINGS = {
    "bool": ["RLE"], "int32": ["DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"], "int64": ["DELTA_BINARY_PACKED"],
    "float64": ["BYTE_STREAM_SPLIT"], "text": ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"], "fixed": ["DELTA_BYTE_ARRAY"],
}


def write_files(folder):
    for name, values in columns().items():
        for version in ("1.0", "2.0"):
            for encoding in [None, "PLAIN", *ENCODINGS.get(name, [])]:
                kind = (encoding or "dictionary").lower().replace("_", "-")
                parquet.write_table(
                    pyarrow.table({name: values}), folder / f"{name}-{kind}-v{version[0]}", compression="none" if version == "1.0" else "snappy",
                    use_dictionary=encoding is None, column_encoding={name: encoding} if encoding else None, data_page_version=version,
                    write_statistics=False, store_schema=False, data_page_size=60, row_group_size=15)
    nested = pyarrow.table({"n": [1, 2], "list": [[1], []], "pair": [{"x": 1}, None]})
    parquet.write_table(nested, folder / "nested", store_schema=False, write_statistics=False)


def write_pages(folder):
    content = b"hello hello hello, and so on and so on " * 4
    for number, codec in {0: None, 1: "snappy", 2: "gzip", 6: "zstd", 7: "lz4_raw"}.items():
        packed = content if codec is None else pyarrow.Codec(codec).compress(content).to_pybytes()
        (folder / (codec or "none")).write_bytes(bytes([number, len(content) & 255, len(content) >> 8]) + packed)
    packed = pyarrow.Codec("lz4_raw").compress(content).to_pybytes()
    frame = len(content).to_bytes(4, "big") + len(packed).to_bytes(4, "big") + packed
    (folder / "lz4-frames").write_bytes(bytes([5, 2 * len(content) & 255, 2 * len(content) >> 8]) + 2 * frame)


for target, write in (("parquet_reader", write_files), ("decompress", write_pages)):
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    write(CORPUS / target)
