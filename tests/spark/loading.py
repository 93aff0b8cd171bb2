"""What the tests through Spark share: a file natively to Parquet and from there into a table, and both read back."""

import pyarrow
import pyarrow.parquet


def overwrites_tables(session):
    """Spark 3.5 outside Databricks does not overwrite a Delta table of the catalog, only one in a folder."""
    return not session.version.startswith("3.")


def load(session, source, target, folder, mode="error", **how):
    """Converts natively, writes the table, gives (TableWrite, what pyarrow reads of the staged Parquet)."""
    import pyforge_cli
    from pyforge_cli.extensions.databricks.staging import Staging
    from pyforge_cli.extensions.databricks.tables import write_table

    options = how.pop("options", {})
    with Staging(str(folder / "staging")) as staging:
        result = pyforge_cli.convert(source, staging.file, **options)
        staged = pyarrow.parquet.read_table(staging.file)
        written = write_table(session, staging.spark_path, target, mode, rows=result["row_count"], columns=result["columns"], **how)
    assert not list((folder / "staging").iterdir())
    return written, staged


def as_instants(table, zone="UTC"):
    """Timestamps as the table is to have them: those without a zone read in zone."""
    import pyarrow.compute

    for number, column in enumerate(table.schema):
        if pyarrow.types.is_timestamp(column.type):
            values = table.column(number)
            if column.type.tz is None:
                values = pyarrow.compute.assume_timezone(values, zone, ambiguous="earliest", nonexistent="latest")
            table = table.set_column(number, column.name, values.cast(pyarrow.timestamp("us", "UTC")))
    return table


def read_back(session, target):
    """The table as Arrow, text and bytes as pyarrow has them by default."""
    frame = target.frame(session)
    if hasattr(frame, "toArrow"):
        read = frame.toArrow()
    else:
        from pyspark.sql.pandas.types import to_arrow_schema

        batches = frame._collect_as_arrow()
        read = pyarrow.Table.from_batches(batches, None if batches else to_arrow_schema(frame.schema))
    read = as_instants(read)
    fields = [pyarrow.field(field.name, {pyarrow.large_string(): pyarrow.string()}.get(field.type, field.type)) for field in read.schema]
    return read.cast(pyarrow.schema(fields))


def same(read, staged, by=None, zone="UTC"):
    """Asserts that both have the same columns, types and values; rows in the order of the column by."""
    wanted = as_instants(staged, zone).replace_schema_metadata(None)
    wanted = wanted.cast(pyarrow.schema([pyarrow.field(field.name, field.type) for field in wanted.schema]))
    assert read.schema.remove_metadata() == wanted.schema
    if by is not None:
        read, wanted = read.sort_by(by), wanted.sort_by(by)
    assert read.num_rows == wanted.num_rows
    # lists compare NaN as different, so values that differ are looked at one by one
    for name in wanted.column_names:
        for ours, theirs in zip(read.column(name).to_pylist(), wanted.column(name).to_pylist()):
            assert ours == theirs or (ours != ours and theirs != theirs), (name, ours, theirs)


def same_tables(ours, theirs):
    assert ours.schema.equals(theirs.schema), f"\n{ours.schema}\n{theirs.schema}"
    for name in theirs.column_names:
        for row, (a, b) in enumerate(zip(ours[name].to_pylist(), theirs[name].to_pylist())):
            assert a == b and type(a) is type(b) or (a != a and b != b), (name, row, a, b)
    assert ours.num_rows == theirs.num_rows
