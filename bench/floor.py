"""What no converter that uses the codec can avoid: compressing the column bytes, reading the input, writing the output.

    floor.py INPUT PLAIN.parquet OUTPUT.parquet CODEC LEVEL

PLAIN is the conversion of INPUT without compression: the bytes of its column chunks are what the codec gets. They are compressed in pieces of
1 MiB (a page), in this process and one thread. Prints one line of JSON with CPU seconds: codec, read, write.
"""

import json
import os
import sys
import time

PIECE = 1 << 20


def cpu_of(work, times=3):
    """The least CPU seconds of some repetitions."""
    best = None
    for _ in range(times):
        start = time.process_time()
        work()
        took = time.process_time() - start
        best = took if best is None else min(best, took)
    return best


def read_all(path):
    buffer = bytearray(PIECE)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def write_all(path, size):
    piece = os.urandom(PIECE)
    with open(path, "wb", buffering=0) as file:
        while size > 0:
            size -= file.write(piece[: min(size, PIECE)])
    os.unlink(path)


def chunk_pieces(path):
    from pyarrow import parquet

    metadata = parquet.ParquetFile(path).metadata
    pieces = []
    with open(path, "rb") as file:
        for group in range(metadata.num_row_groups):
            for place in range(metadata.num_columns):
                chunk = metadata.row_group(group).column(place)
                start = chunk.dictionary_page_offset or chunk.data_page_offset
                start = min(start, chunk.data_page_offset)
                file.seek(start)
                body = file.read(chunk.total_compressed_size)
                pieces.extend(body[at : at + PIECE] for at in range(0, len(body), PIECE))
    return pieces


def main():
    source, plain, output, codec_name, level = sys.argv[1:6]
    read = cpu_of(lambda: read_all(source))
    size = os.path.getsize(output)
    write = cpu_of(lambda: write_all(output + ".floor", size))

    import pyarrow

    pieces = chunk_pieces(plain)
    if codec_name == "zstd":
        codec = pyarrow.Codec(codec_name, compression_level=int(level))
    else:
        codec = pyarrow.Codec(codec_name)
    compress = cpu_of(lambda: [codec.compress(piece) for piece in pieces])
    print(json.dumps({"codec": compress, "read": read, "write": write, "bytes": sum(len(piece) for piece in pieces)}))


if __name__ == "__main__":
    main()
