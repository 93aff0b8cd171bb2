"""One conversion by one peer, as its manual shows it first; run as a process of its own by run.py.

    peers.py csv2parquet PEER INPUT OUTPUT CODEC THREADS NEWLINES(0|1)
    peers.py parquet2csv PEER INPUT OUTPUT -     THREADS 0
    peers.py start       PEER                                       only imports the library
    peers.py version     PEER

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

    table = csv.read_csv(source, parse_options=csv.ParseOptions(newlines_in_values=newlines))
    parquet.write_table(table, target, compression=codec)


def pyarrow_stream_csv2parquet(source, target, codec, threads, newlines):
    csv = pyarrow_csv(threads)
    from pyarrow import parquet

    with csv.open_csv(source, parse_options=csv.ParseOptions(newlines_in_values=newlines)) as reader:
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


def library(peer):
    return peer.split("_")[0]


def main():
    task, peer = sys.argv[1:3]
    if task in ("start", "version"):
        module = __import__(library(peer))
        if library(peer) == "pyarrow":
            from pyarrow import csv, parquet  # noqa: F401  what a conversion imports
        if task == "version":
            print(module.__version__)
        return
    source, target, codec, threads, newlines = sys.argv[3:8]
    # Polars reads the number of threads when it is imported.
    os.environ["POLARS_MAX_THREADS"] = threads
    globals()[f"{peer}_{task}"](source, target, codec, int(threads), newlines == "1")


if __name__ == "__main__":
    main()
