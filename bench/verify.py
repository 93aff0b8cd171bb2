"""Checks outputs of the benchmark; run as a process of its own by run.py, so that its memory does not count for anybody.

    verify.py same OURS THEIRS ROWS     every value of two Parquet files is equal, and ours holds ROWS rows
    verify.py settings OURS             types were inferred, statistics and dictionaries are on
    verify.py late BASE OURS COLUMNS    OURS is BASE with the given columns as text, "none" in the last row
    verify.py csv PARQUET CSV           the CSV holds the values of the Parquet file
    verify.py workbook OURS THEIRS ROWS like same, for what went through a workbook: numbers are equal numbers whatever their type, whole
                                        numbers may be text, points of time are equal to the millisecond
    verify.py xml OURS THEIRS ROWS      like workbook, for what names a column by its last element only, in any order; theirs of points of time
                                        may be texts, and of decimals floats
    verify.py original_xml OURS THEIRS ROWS    names like xml, values like original
    verify.py original OURS THEIRS ROWS THEIRS holds the values of OURS as texts, as pyforge 1.0.9 writes them

Prints "ok" or what differs; exit 1 when something differs. Text nulls: peers differ on whether an empty field of a text column is null or
an empty text (PyArrow: empty text), so the two count as equal here. Times are compared as microseconds.
"""

import sys

import pyarrow
import pyarrow.compute as compute
from pyarrow import csv, parquet

INTEGER, FLOATING, TEXT = pyarrow.int64(), pyarrow.float64(), pyarrow.large_string()


class Different(Exception):
    pass


def normal(column):
    """A column in one of few types, as one array."""
    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pyarrow.types.is_integer(kind):
        column = column.cast(INTEGER)
    elif pyarrow.types.is_floating(kind):
        column = column.cast(FLOATING)
    elif pyarrow.types.is_timestamp(kind):
        column = column.cast(pyarrow.timestamp("us", kind.tz))
    elif pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind) or kind == pyarrow.string_view():
        column = compute.fill_null(column.cast(TEXT), "")
    return column


def compare(name, ours, theirs):
    ours, theirs = normal(ours), normal(theirs)
    if ours.type != theirs.type:
        raise Different(f"{name}: {ours.type} against {theirs.type}")
    if not ours.equals(theirs):
        equal = compute.fill_null(compute.equal(ours, theirs), False)
        both_null = compute.and_(compute.is_null(ours), compute.is_null(theirs))
        place = compute.index(compute.or_(equal, both_null), False).as_py()
        raise Different(f"{name}, row {place + 1}: {ours[place]} against {theirs[place]}")


def same(ours_path, theirs_path, rows):
    ours, theirs = parquet.ParquetFile(ours_path), parquet.ParquetFile(theirs_path)
    if ours.metadata.num_rows != int(rows):
        raise Different(f"{ours.metadata.num_rows} rows, expected {rows}")
    if ours.schema_arrow.names != theirs.schema_arrow.names:
        raise Different(f"columns {ours.schema_arrow.names} against {theirs.schema_arrow.names}")
    for name in ours.schema_arrow.names:
        compare(name, ours.read([name])[name], theirs.read([name])[name])


def same_shape(ours_path, theirs_path, rows):
    """Gives each column's name and its two arrays."""
    ours, theirs = parquet.ParquetFile(ours_path), parquet.ParquetFile(theirs_path)
    for file in (ours, theirs):
        if file.metadata.num_rows != int(rows):
            raise Different(f"{file.metadata.num_rows} rows, expected {rows}")
    if ours.schema_arrow.names != theirs.schema_arrow.names:
        raise Different(f"columns {ours.schema_arrow.names} against {theirs.schema_arrow.names}")
    for name in ours.schema_arrow.names:
        yield name, ours.read([name])[name].combine_chunks(), theirs.read([name])[name].combine_chunks()


def is_text(kind):
    return pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind) or kind == pyarrow.string_view()


def is_point(kind):
    return pyarrow.types.is_date(kind) or pyarrow.types.is_timestamp(kind)


def milliseconds(column):
    """Since 1970, rounded; the zone does not count."""
    moments = column.cast(pyarrow.timestamp("us")).cast(INTEGER)
    return compute.floor(compute.divide(compute.add(moments, 500).cast(FLOATING), 1000.0)).cast(INTEGER)


def workbook(ours_path, theirs_path, rows):
    for name, ours, theirs in same_shape(ours_path, theirs_path, rows):
        if is_point(ours.type) and is_point(theirs.type):
            ours, theirs = milliseconds(ours), milliseconds(theirs)
            apart = compute.max(compute.abs(compute.subtract(ours, theirs))).as_py() or 0
            if apart <= 1:
                theirs = compute.if_else(compute.and_(compute.is_valid(ours), compute.is_valid(theirs)), ours, theirs)
        elif pyarrow.types.is_integer(ours.type) and is_text(theirs.type):
            ours = ours.cast(pyarrow.string())
        elif pyarrow.types.is_integer(ours.type) and pyarrow.types.is_floating(theirs.type):
            theirs = theirs.cast(INTEGER, safe=False)
        elif pyarrow.types.is_floating(ours.type) and pyarrow.types.is_integer(theirs.type):
            theirs = theirs.cast(FLOATING)
        compare(name, ours, theirs)


def last_name(path):
    return path.replace("@", "_").rpartition("_")[2]


def same_names(ours_path, theirs_path, rows):
    """Columns by the last part of their names, and the two arrays of each."""
    ours, theirs = parquet.read_table(ours_path), parquet.read_table(theirs_path)
    for found in (ours, theirs):
        if found.num_rows != int(rows):
            raise Different(f"{found.num_rows} rows, expected {rows}")
    ours, theirs = ({last_name(name): found[name].combine_chunks() for name in found.column_names} for found in (ours, theirs))
    if ours.keys() != theirs.keys():
        raise Different(f"columns {sorted(ours)} against {sorted(theirs)}")
    for name in ours:
        yield name, ours[name], theirs[name]


def xml(ours_path, theirs_path, rows):
    for name, ours, theirs in same_names(ours_path, theirs_path, rows):
        if pyarrow.types.is_decimal(ours.type):
            theirs = theirs.cast(ours.type)
        elif pyarrow.types.is_timestamp(ours.type):
            ours, theirs = milliseconds(ours), milliseconds(theirs.cast(pyarrow.timestamp("us"), safe=False))
        elif is_point(ours.type):
            theirs = theirs.cast(ours.type)
        elif pyarrow.types.is_integer(ours.type) and pyarrow.types.is_floating(theirs.type):
            theirs = theirs.cast(INTEGER)
        compare(name, ours, theirs)


def original_xml(ours_path, theirs_path, rows):
    compare_texts(same_names(ours_path, theirs_path, rows))


def original(ours_path, theirs_path, rows):
    compare_texts(same_shape(ours_path, theirs_path, rows))


def compare_texts(columns):
    for name, ours, theirs in columns:
        if not is_text(ours.type):
            theirs = compute.if_else(compute.equal(theirs, ""), None, theirs)
            if pyarrow.types.is_boolean(ours.type):
                theirs = compute.utf8_lower(theirs)
            elif pyarrow.types.is_date(ours.type):
                theirs = compute.utf8_slice_codeunits(theirs, 0, 10)
            theirs = theirs.cast(ours.type)
        compare(name, ours, theirs)


def settings(path):
    """Inference (not every column is text), statistics in every column chunk, a dictionary in at least one that repeats."""
    file = parquet.ParquetFile(path)
    if all(pyarrow.types.is_string(field.type) for field in file.schema_arrow):
        raise Different("every column is text: inference is off")
    dictionaries = 0
    for group in range(file.metadata.num_row_groups):
        for place in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(place)
            if not chunk.is_stats_set:
                raise Different(f"row group {group}, {chunk.path_in_schema}: no statistics")
            dictionaries += any("DICTIONARY" in encoding for encoding in chunk.encodings)
    repeats = any(name in ("category", "store_and_fwd_flag", "column_002") for name in file.schema_arrow.names)
    if repeats and not dictionaries:
        raise Different("no column chunk has a dictionary")


def late(base_path, ours_path, columns):
    base, ours = parquet.ParquetFile(base_path), parquet.ParquetFile(ours_path)
    changed = columns.split(",")
    if base.metadata.num_rows != ours.metadata.num_rows:
        raise Different(f"{ours.metadata.num_rows} rows, expected {base.metadata.num_rows}")
    before_last = base.metadata.num_rows - 1
    for name in base.schema_arrow.names:
        expected, got = base.read([name])[name], ours.read([name])[name]
        if name in changed:
            if got[before_last].as_py() != "none":
                raise Different(f"{name}: the last value is {got[before_last]}, expected none")
            expected = compute.cast(expected, pyarrow.string())
        # The last rows were made by different draws of the generator's random numbers.
        compare(name, got.slice(0, before_last), expected.slice(0, before_last))


def read_back(parquet_path, csv_path):
    table = parquet.read_table(parquet_path)
    types = {field.name: field.type for field in table.schema}
    back = csv.read_csv(csv_path, parse_options=csv.ParseOptions(newlines_in_values=True),
                        convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False))
    if back.column_names != table.column_names:
        raise Different(f"columns {back.column_names} against {table.column_names}")
    for name in table.column_names:
        compare(name, back[name], table[name])


def main():
    tasks = {"same": same, "settings": settings, "late": late, "csv": read_back, "workbook": workbook, "xml": xml,
             "original_xml": original_xml, "original": original}
    try:
        tasks[sys.argv[1]](*sys.argv[2:])
    except Different as difference:
        print(difference)
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
