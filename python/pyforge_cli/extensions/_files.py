"""File objects over what the library gives to a format to read from and to write to."""

import io


class SourceFile(io.RawIOBase):
    """The input of a format, decompressed. It can be read from its start; also at any place, for a format that is seekable."""

    def __init__(self, source, seekable):
        self._source = source
        self._seekable = seekable
        self._at = 0
        self.size = source.size()  # -1 = not known
        self.name = source.name()

    def readable(self):
        return True

    def seekable(self):
        return self._seekable

    def readinto(self, buffer):
        size = len(buffer)
        if self._seekable:
            size = max(0, min(size, self.size - self._at))
            data = self._source.read_at(self._at, size) if size else b""
        else:
            data = self._source.read(size)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset, whence=io.SEEK_SET):
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise ValueError("a place before the start")
        self._at = start + offset
        return self._at

    def tell(self):
        return self._at


class Source(io.BufferedReader):
    """What a format reads from."""

    def seek(self, offset, whence=io.SEEK_SET):
        if not self.seekable():
            raise io.UnsupportedOperation("this input is read from its start only; a format that needs any place sets seekable = True")
        return super().seek(offset, whence)


class SinkFile(io.RawIOBase):
    """The output of a format. Closing it does not end the output: the library does."""

    def __init__(self, sink):
        self._sink = sink
        self._at = 0

    def writable(self):
        return True

    def write(self, data):
        count = self._sink.write(memoryview(data).cast("B"))
        self._at += count
        return count

    def tell(self):
        return self._at
