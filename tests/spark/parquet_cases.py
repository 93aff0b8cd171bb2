"""Parquet that Spark reads as the native engine does, and that it does not, made by pyarrow."""

import pyarrow


def _decimals(values, precision, scale):
    from decimal import Decimal

    return pyarrow.array([None if value is None else Decimal(value) for value in values], pyarrow.decimal128(precision, scale))


def _times(unit, zone=None):
    return pyarrow.array([0, -1, 1_700_000_000, None, -62_135_596_800], pyarrow.int64()).cast(pyarrow.timestamp("s")).cast(pyarrow.timestamp(unit, zone))


PARQUET = {
    "integers": lambda: {f"i{bits}": pyarrow.array([0, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1, None], getattr(pyarrow, f"int{bits}")()) for bits in (8, 16, 32, 64)},
    "floats": lambda: {"f": pyarrow.array([0.5, None, 3.4e38], pyarrow.float32()), "d": [float("nan"), -0.0, float("inf")]},
    "texts": lambda: {"a b": ["x", None, ""], "A.b": ["\n", "\0", "größe"], "`q`": ["1", "2", "3"]},
    "truth": lambda: {"t": [True, False, None]},
    "bytes": lambda: {"b": [b"\0\xff", None, b""]},
    "dates": lambda: {"d": pyarrow.array([0, -719162, 2932896, None], pyarrow.int32()).cast(pyarrow.date32())},
    "timestamps": lambda: {"us": _times("us"), "ms": _times("ms")},
    "instants": lambda: {"us": _times("us", "UTC"), "ms": _times("ms", "UTC"), "zone": _times("us", "Europe/Berlin")},
    "decimals": lambda: {"a": _decimals(["1.50", None, "-0.01"], 5, 2), "b": _decimals(["123456789012.345678", "0", None], 18, 6), "c": _decimals(["9" * 38, "1", "-1"], 38, 0)},
    "dictionaries": lambda: {"a": pyarrow.array(["x", "y", None] * 100).dictionary_encode()},
    "many rows": lambda: {"n": list(range(50_000)), "t": [f"v{n}" for n in range(50_000)]},
    "no rows": lambda: {"a": pyarrow.array([], pyarrow.int64())},
}
PARQUET_REFUSED = {
    "unsigned": (lambda: {"a": pyarrow.array([1], pyarrow.uint32())}, "unsigned"),
    "times": (lambda: {"a": pyarrow.array([1], pyarrow.int64()).cast(pyarrow.time64("us"))}, "times of day"),
    "nanoseconds": (lambda: {"a": pyarrow.array([1000], pyarrow.int64()).cast(pyarrow.timestamp("ns"))}, "nanoseconds"),
    "setting": (lambda: {"a${b}": [1]}, "in its name"),
    "case": (lambda: {"a": [1], "A": [2]}, "Spark did not read"),
}
