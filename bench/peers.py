"""One conversion by one peer, as its manual shows it first; run as a process of its own by run.py.

    peers.py csv2parquet PEER INPUT OUTPUT CODEC THREADS NEWLINES(0|1)
    peers.py parquet2csv PEER INPUT OUTPUT -     THREADS 0
    peers.py xlsx2parquet PEER INPUT OUTPUT CODEC THREADS SHEETS            further sheets go to OUTPUT-2, OUTPUT-3
    peers.py csv2xlsx    PEER INPUT OUTPUT -     THREADS 0
    peers.py xml2parquet PEER INPUT OUTPUT CODEC THREADS 0
    peers.py dbf2parquet PEER INPUT OUTPUT CODEC THREADS 0
    peers.py start       PEER                                       only imports the library
    peers.py version     PEER                                       PEER_excel: fails where it reads no workbooks

Type inference is on, dates included, as it is in pyforge. NEWLINES tells PyArrow that quoted fields hold newlines, which it has to be told.
"""

import os
import sys


def duckdb_connect(threads):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    return connection


def duckdb_csv2parquet(source, target, codec, threads, newlines):
    duckdb_connect(threads).execute(
        f"COPY (SELECT * FROM read_csv('{source}')) TO '{target}' (FORMAT parquet, COMPRESSION {codec})")


def duckdb_parquet2csv(source, target, codec, threads, newlines):
    duckdb_connect(threads).execute(f"COPY (SELECT * FROM read_parquet('{source}')) TO '{target}' (FORMAT csv, HEADER)")


def polars_csv2parquet(source, target, codec, threads, newlines):
    import polars

    polars.scan_csv(source, try_parse_dates=True).sink_parquet(target, compression=codec)


def polars_parquet2csv(source, target, codec, threads, newlines):
    import polars

    polars.scan_parquet(source).sink_csv(target)


def pyarrow_csv(threads):
    import pyarrow
    from pyarrow import csv

    pyarrow.set_cpu_count(threads)
    return csv


def pyarrow_read_csv2parquet(source, target, codec, threads, newlines):
    csv = pyarrow_csv(threads)
    from pyarrow import parquet

    table = csv.read_csv(source, parse_options=csv.ParseOptions(newlines_in_values=bool(newlines)))
    parquet.write_table(table, target, compression=codec)


def pyarrow_stream_csv2parquet(source, target, codec, threads, newlines):
    csv = pyarrow_csv(threads)
    from pyarrow import parquet

    with csv.open_csv(source, parse_options=csv.ParseOptions(newlines_in_values=bool(newlines))) as reader:
        with parquet.ParquetWriter(target, reader.schema, compression=codec) as writer:
            for batch in reader:
                writer.write_batch(batch)


def pyarrow_stream_parquet2csv(source, target, codec, threads, newlines):
    csv = pyarrow_csv(threads)
    from pyarrow import parquet

    file = parquet.ParquetFile(source)
    with csv.CSVWriter(target, file.schema_arrow) as writer:
        for batch in file.iter_batches():
            writer.write_batch(batch)


def sheet_output(target, sheet):
    return target if sheet == 1 else f"{target.removesuffix('.parquet')}-{sheet}.parquet"


def duckdb_load_excel(connection):
    """From the package that carries the extension; DuckDB itself would download it."""
    import duckdb
    import duckdb_extension_excel

    folder = os.path.dirname(duckdb_extension_excel.__file__)
    connection.execute(f"LOAD '{folder}/extensions/v{duckdb.__version__}/excel.duckdb_extension'")
    return connection


def duckdb_xlsx2parquet(source, target, codec, threads, sheets):
    connection = duckdb_load_excel(duckdb_connect(threads))
    for sheet in range(1, sheets + 1):
        given = f"'{source}', sheet = 'Sheet{sheet}'" if sheets > 1 else f"'{source}'"
        output = sheet_output(target, sheet)
        connection.execute(f"COPY (SELECT * FROM read_xlsx({given})) TO '{output}' (FORMAT parquet, COMPRESSION {codec})")


def duckdb_csv2xlsx(source, target, codec, threads, _):
    connection = duckdb_load_excel(duckdb_connect(threads))
    connection.execute(f"COPY (SELECT * FROM read_csv('{source}')) TO '{target}' (FORMAT xlsx, HEADER true)")


def polars_xlsx2parquet(source, target, codec, threads, sheets):
    import polars

    if sheets == 1:
        polars.read_excel(source).write_parquet(target, compression=codec)
        return
    for sheet, frame in enumerate(polars.read_excel(source, sheet_id=0).values(), 1):
        frame.write_parquet(sheet_output(target, sheet), compression=codec)


def polars_csv2xlsx(source, target, codec, threads, _):
    import polars

    polars.read_csv(source, try_parse_dates=True).write_excel(target)


def openpyxl_xlsx2parquet(source, target, codec, threads, sheets):
    import openpyxl
    import pyarrow
    from pyarrow import parquet

    rows = openpyxl.load_workbook(source, read_only=True).worksheets[0].iter_rows(values_only=True)
    header = next(rows)
    parquet.write_table(pyarrow.table([pyarrow.array(column) for column in zip(*rows)], names=header), target, compression=codec)


def pandas_lxml_xml2parquet(source, target, codec, threads, _):
    import pandas

    pandas.read_xml(source).to_parquet(target, compression=codec, index=False)


def pandas_etree_xml2parquet(source, target, codec, threads, _):
    import pandas

    pandas.read_xml(source, parser="etree").to_parquet(target, compression=codec, index=False)


def dbfread_pandas_dbf2parquet(source, target, codec, threads, _):
    import dbfread
    import pandas

    # it takes doubles of Visual FoxPro for memos, until it reads them
    pandas.DataFrame(iter(dbfread.DBF(source, ignore_missing_memofile=True))).to_parquet(target, compression=codec, index=False)


def check_excel(peer):
    """Raises where the peer has not what reading workbooks takes."""
    if peer == "duckdb":
        duckdb_load_excel(duckdb_connect(1))
    elif peer == "polars":
        import fastexcel  # noqa: F401
        import xlsxwriter  # noqa: F401
    else:
        import pyarrow  # noqa: F401


def library(peer):
    return peer.split("_")[0]


def main():
    task, peer = sys.argv[1:3]
    if task in ("start", "version"):
        module = __import__(library(peer))
        if library(peer) == "pyarrow":
            from pyarrow import csv, parquet  # noqa: F401  what a conversion imports
        if peer.endswith("_excel"):
            check_excel(library(peer))
        if task == "version":
            print(module.__version__)
        return
    source, target, codec, threads, detail = sys.argv[3:8]
    # Polars reads the number of threads when it is imported.
    os.environ["POLARS_MAX_THREADS"] = threads
    globals()[f"{peer}_{task}"](source, target, codec, int(threads), int(detail))


if __name__ == "__main__":
    main()
