"""The format "arrows": the stream form of Arrow's IPC format, in a file."""

import pyarrow
from pyarrow import ipc

from pyforge_cli.extensions import Option


class ArrowsFormat:
    name = "arrows"
    description = "Arrow IPC stream"
    suffixes = ["arrows"]
    write_options = [
        Option("arrows-compression", "choice", choices=["none", "lz4", "zstd"], help="How buffers of an Arrow IPC stream are compressed."),
    ]

    def probe(self, head):
        """How sure it is that a file that begins with head is of this format: 0 to 100. A message of a stream begins with a mark of four
        bytes and the size of its header; other files might, so this is no certainty."""
        size = int.from_bytes(head[4:8], "little")
        return 80 if head[:4] == b"\xff\xff\xff\xff" and 0 < size < 1 << 24 and size % 8 == 0 else 0

    def read(self, source):
        """source: a binary file object, at its start. Gives anything with __arrow_c_stream__; its rows are read one batch after another,
        as they are needed, and while they are, the source stays open.

        What is in a damaged file is not what it should be, and pyarrow takes offsets from it as they stand: they are checked here, as
        nobody can check them later."""
        stream = ipc.open_stream(source)

        def checked():
            for batch in stream:
                batch.validate(full=True)
                yield batch

        return pyarrow.RecordBatchReader.from_batches(stream.schema, checked())

    def write(self, table, sink, arrows_compression="none"):
        """table: has __arrow_c_stream__. sink: a binary file object. It returns when all rows are written; if it raises, nothing of what
        it wrote is ever seen."""
        batches = pyarrow.RecordBatchReader.from_stream(table)
        options = ipc.IpcWriteOptions(compression=None if arrows_compression == "none" else arrows_compression)
        with ipc.new_stream(sink, batches.schema, options=options) as writer:
            for batch in batches:
                writer.write_batch(batch)
