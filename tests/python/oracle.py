"""Independent answers to check the command against: what other readers make of a Parquet file, what Python's csv module reads, and the
rules of inference (docs/design/types.md) written a second time, from the prose and not from the C code.
"""

import csv
import io
import math
import re
import tempfile
from datetime import date, datetime, timezone
from pathlib import Path

import duckdb
import polars
import pyarrow
import pyarrow.parquet as parquet

# ---- the same file in every reader


def plain(column):
    """A column as Python values that compare exactly: instants and days as integers, NaN as one text."""
    kind = column.type
    if pyarrow.types.is_timestamp(kind):
        return column.cast(pyarrow.timestamp("us", kind.tz)).cast(pyarrow.int64()).to_pylist()
    if pyarrow.types.is_time(kind):
        return column.cast(pyarrow.time64("us")).cast(pyarrow.int64()).to_pylist()
    if pyarrow.types.is_date(kind):
        return column.cast(pyarrow.date32()).cast(pyarrow.int32()).to_pylist()
    if pyarrow.types.is_floating(kind):
        # The sign of a zero counts, and a NaN is a NaN.
        return [None if value is None else "nan" if math.isnan(value) else (value, math.copysign(1, value)) for value in column.to_pylist()]
    if pyarrow.types.is_decimal(kind):
        return [None if value is None else value.normalize() for value in column.to_pylist()]
    if pyarrow.types.is_nested(kind):
        return [nested(value) for value in column.to_pylist()]
    return column.to_pylist()


def nested(value):
    """A list, struct or map as values that compare: entries of maps are pairs to some readers, structs to others."""
    if isinstance(value, dict):
        members = {name: nested(member) for name, member in value.items()}
        return tuple(members.values()) if list(members) == ["key", "value"] else members
    if isinstance(value, (list, tuple)):
        return type(value)(nested(element) for element in value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc)
    return value


def type_name(kind):
    """One name for what readers call by several: text views, units, and the zones that mean UTC."""
    if pyarrow.types.is_dictionary(kind):
        return type_name(kind.value_type)
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind) or kind == pyarrow.string_view():
        return "string"
    if pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind) or kind == pyarrow.binary_view():
        return "binary"
    if pyarrow.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    if pyarrow.types.is_time(kind):
        return "time"
    if pyarrow.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pyarrow.types.is_map(kind):
        return f"list<struct<key: {type_name(kind.key_type)}, value: {type_name(kind.item_type)}>>"
    if pyarrow.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {type_name(field.type)}' for field in kind)}>"
    if pyarrow.types.is_nested(kind):
        return f"list<{type_name(kind.value_type)}>"
    return str(kind).replace("double", "float64").replace("float32", "float").replace("date32[day]", "date32")


def read_everywhere(path):
    """{reader: pyarrow.Table}"""
    with tempfile.TemporaryDirectory() as folder:
        # Brackets in a path are a pattern to DuckDB, and "a=b" a partition.
        link = Path(folder) / "file.parquet"
        link.symlink_to(Path(path).resolve())
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        return {
            "pyarrow": parquet.ParquetFile(link).read(),
            "duckdb": connection.read_parquet(str(link)).to_arrow_table(),
            "polars": polars.read_parquet(link).to_arrow(),
        }


def duckdb_name(names, place):
    """DuckDB tells columns apart without regard to case and renames the later one."""
    lower = [name.lower() for name in names]
    return None if lower.index(lower[place]) != place else names[place]


def assert_same_everywhere(path):
    """pyarrow, DuckDB and Polars read the file with the same names, types and values. Gives pyarrow's table."""
    tables = read_everywhere(path)
    first = tables["pyarrow"]
    names = first.schema.names
    for reader, table in tables.items():
        assert table.num_rows == first.num_rows, f"{path}: {reader} reads {table.num_rows} rows, pyarrow {first.num_rows}"
        assert table.num_columns == first.num_columns, f"{path}: {reader} reads {table.schema.names}, pyarrow {names}"
        for place, name in enumerate(names):
            expected_name = duckdb_name(names, place) if reader == "duckdb" else name
            if expected_name is not None:
                assert table.schema.names[place] == expected_name, f"{path}: {reader} names column {place} {table.schema.names[place]!r}"
            got, expected = table.column(place), first.column(place)
            assert type_name(got.type) == type_name(expected.type), f"{path}, {name}: {reader} {got.type}, pyarrow {expected.type}"
            got, expected = plain(got), plain(expected)
            if got != expected:
                row = next(row for row in range(len(got)) if got[row] != expected[row])
                raise AssertionError(f"{path}, {name}, row {row + 1}: {reader} reads {got[row]!r}, pyarrow {expected[row]!r}")
    return first


# ---- CSV, by a reader of our own that Python's csv module has to agree with


class Field(str):
    """A field's text that remembers whether it stood in quotes."""

    quoted = False


def quoted(text):
    field = Field(text)
    field.quoted = True
    return field


def records(text, delimiter, quote):
    """RFC 4180, and what Python's csv module makes of the rest: a quote opens only at the start of a field, and text behind a closing
    quote belongs to the field. Any of CR, LF, CRLF ends a line. A blank line is an empty list."""
    row, at, end = [], 0, len(text)
    while at < end:
        if text[at] in "\r\n" and not row:
            yield []
            at += 2 if text.startswith("\r\n", at) else 1
            continue
        parts, in_quotes, was_quoted = [], quote is not None and text.startswith(quote, at), False
        if in_quotes:
            was_quoted = True
            at += 1
        start = at
        while at < end:
            if in_quotes:
                if text[at] == quote:
                    parts.append(text[start:at])
                    if text.startswith(quote, at + 1):
                        start, at = at + 1, at + 2
                    else:
                        in_quotes = False
                        start = at = at + 1
                else:
                    at += 1
            elif text.startswith(delimiter, at) or text[at] in "\r\n":
                break
            else:
                at += 1
        parts.append(text[start:at])
        field = "".join(parts)
        row.append(quoted(field) if was_quoted else Field(field))
        if at < end and text.startswith(delimiter, at):
            at += len(delimiter)
            if at == end or text[at] in "\r\n":
                row.append(Field(""))
            else:
                continue
        if at < end:
            at += 2 if text.startswith("\r\n", at) else 1
        yield row
        row = []


def read_rows(content, encoding="utf-8", delimiter=",", quote='"', comment=None, skip=0):
    """Records of a CSV as lists of Field, blank lines and comment lines left out. Python's csv module reads the same texts."""
    text = content.decode(encoding).removeprefix("\ufeff")
    lines = text.splitlines(keepends=True) if comment or skip else []
    if comment or skip:
        # A comment is a whole line; inside quotes the sign would be text, which none of the files has.
        text = "".join(line for line in lines[skip:] if not (comment and line.startswith(comment)))
    rows = [row for row in records(text, delimiter, quote) if row]
    if len(delimiter) == 1:
        options = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
        csv.field_size_limit(1 << 30)
        again = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **options) if row]
        assert [[str(field) for field in row] for row in rows] == again, "the two CSV readers of the oracle disagree"
    return rows


# ---- inference: the rules of docs/design/types.md

INT64 = re.compile(r"^(?:0|-?[1-9][0-9]{0,18})$")
NUMBER = re.compile(r"^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$")
YMD = re.compile(r"^([0-9]{4})([-/])([0-9]{2})\2([0-9]{2})$")
DMY = re.compile(r"^([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})$")
TIMESTAMP = re.compile(r"^([0-9]{4})-([0-9]{2})-([0-9]{2})([ T])([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
                       r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?$")
FLOAT_WORDS = {"NaN": "nan", "inf": (math.inf, 1.0), "-inf": (-math.inf, -1.0)}


def as_bool(text):
    return {"true": True, "false": False}.get(text.lower())


def as_int64(text):
    return int(text) if INT64.match(text) and -(1 << 63) <= int(text) < 1 << 63 else None


def digits_of(text):
    """Significant digits: no zeros in front or behind."""
    mantissa = re.split("[eE]", text.lstrip("-"))[0]
    return mantissa.replace(".", "").strip("0")


def as_float64(text):
    """(value, sign), as plain() gives it."""
    if text in FLOAT_WORDS:
        return FLOAT_WORDS[text]
    if not NUMBER.match(text):
        return None
    value = float(text)
    if math.isinf(value) or digits_of(repr(value)) != digits_of(text):
        return None
    return value, math.copysign(1, value)


def day_number(year, month, day):
    try:
        return (date(year, month, day) - date(1970, 1, 1)).days
    except ValueError:
        return None


def as_dates(text):
    """{pattern: days since 1970}. A pattern is (order, separator, form); both forms fit where there are no zeros to see."""
    found = {}
    match = YMD.match(text)
    if match:
        days = day_number(int(match[1]), int(match[3]), int(match[4]))
        if days is not None:
            found["ymd", match[2], "padded"] = days
    match = DMY.match(text)
    if match:
        first, separator, second, year = match[1], match[2], match[3], int(match[4])
        forms = [form for form, fits in (("padded", len(first) == len(second) == 2), ("bare", first[0] != "0" and second[0] != "0")) if fits]
        for order, day, month in (("dmy", first, second), ("mdy", second, first)):
            days = day_number(year, int(month), int(day))
            if days is not None:
                found.update({(order, separator, form): days for form in forms})
    return found


def second_forms(seconds, fraction):
    """The ways of printing seconds that give this text."""
    if seconds is None:
        return {"minutes"}
    if fraction is None:
        return {("fixed", 0), "trimmed", "0 or 6", "0, 3 or 6"}
    if len(fraction) > 6 and fraction[6:].strip("0"):
        return set()
    forms = {("fixed", len(fraction))}
    micros = int(fraction[:6].ljust(6, "0"))
    if micros and len(fraction) <= 6:
        forms |= {"trimmed"} if fraction[-1] != "0" else set()
        forms |= {"0 or 6"} if len(fraction) == 6 else set()
        forms |= {"0, 3 or 6"} if len(fraction) == 3 or (len(fraction) == 6 and micros % 1000) else set()
    return forms


def as_timestamp(text):
    """(microseconds since 1970, separator, has a zone, forms of the seconds) or None."""
    match = TIMESTAMP.match(text)
    if not match:
        return None
    year, month, day, separator, hour, minute, second, fraction, zone = match.groups()
    days = day_number(int(year), int(month), int(day))
    if days is None or int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        return None
    forms = second_forms(second, fraction)
    if not forms:
        return None
    micros = ((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second or 0)
    micros = micros * 1_000_000 + int((fraction or "0")[:6].ljust(6, "0"))
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        if hours > 23 or minutes > 59:
            return None
        micros -= (hours * 60 + minutes) * 60_000_000 * (-1 if zone[0] == "-" else 1)
    if not day_number(1, 1, 1) <= micros // 86_400_000_000 <= day_number(9999, 12, 31):
        return None
    return micros, separator, zone is not None, forms


def infer_dates(texts):
    fits = [as_dates(text) for text in texts]
    common = set.intersection(*(set(found) for found in fits))
    orders = {order for order, _, _ in common}
    # Day first or month first: only when the values leave one of the two.
    if len(orders) != 1:
        return None
    pattern = next(iter(common))
    return [found[pattern] for found in fits]


def infer_timestamps(texts):
    fits = [as_timestamp(text) for text in texts]
    if None in fits or len({fit[1] for fit in fits}) != 1 or len({fit[2] for fit in fits}) != 1:
        return None
    if not set.intersection(*(fit[3] for fit in fits)):
        return None
    return ("timestamptz" if fits[0][2] else "timestamp"), [fit[0] for fit in fits]


def infer(values):
    """Type and values of a column. values: None, or Field. Gives (type name, values as plain() gives them)."""
    texts = [text for text in values if text is not None and text != ""]
    found = None
    if texts:
        for name, parse in (("bool", as_bool), ("int64", as_int64), ("float64", as_float64)):
            parsed = [parse(text) for text in texts]
            if None not in parsed and not (name == "float64" and all(text in FLOAT_WORDS for text in texts)):
                found = name, parsed
                break
        if not found:
            dates = infer_dates(texts)
            found = ("date32", dates) if dates is not None else infer_timestamps(texts)
    if not found:
        return "string", [None if value is None else str(value) for value in values]
    name, parsed = found
    parsed = iter(parsed)
    return name, [next(parsed) if value is not None and value != "" else None for value in values]
