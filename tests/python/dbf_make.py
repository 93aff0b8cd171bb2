"""Tables of dBase and its kin, byte by byte: headers of every level, records of raw bytes, memo files of every kind."""
import struct


def field(name, kind, size, decimals=0, flags=0):
    return name, kind, size, decimals, flags


def descriptor(name, kind, size, decimals, flags):
    raw = name if isinstance(name, bytes) else name.encode()
    if kind == "C" and size > 255:
        decimals, size = divmod(size, 256)
    return struct.pack("<11sc4xBBB13x", raw, kind.encode(), size, decimals, flags)


def descriptor_7(name, kind, size, decimals, flags):
    return struct.pack("<32scBB13x", name.encode(), kind.encode(), size, decimals)


def descriptor_2(name, kind, size, decimals, flags):
    return struct.pack("<11scB2xB", name.encode(), kind.encode(), size, decimals)


def table(fields, rows, version=0x03, language=0, count=None, end=b"\x1a", backlink=b"", header=None, record=None, deleted=()):
    """rows: lists of raw bytes, one a field, padded with blanks behind; deleted: numbers of rows from 0."""
    sizes = [one[2] for one in fields]
    record_size = record or 1 + sum(sizes)
    count = len(rows) if count is None else count
    body = b"".join(
        (b"*" if i in deleted else b" ") + b"".join(value.ljust(size, b" ") for value, size in zip(row, sizes))
        for i, row in enumerate(rows)
    )
    if version == 0x02:
        head = struct.pack("<BH3BH", 2, count, 5, 17, 85, record_size) + b"".join(descriptor_2(*one) for one in fields)
        return head.ljust(520, b"\0") + b"\r" + body + end
    level_7 = version in (0x04, 0x8C)
    described = b"".join((descriptor_7 if level_7 else descriptor)(*one) for one in fields) + b"\r"
    if version in (0x30, 0x31, 0x32):
        described += backlink.ljust(263, b"\0")
    size = header or (68 if level_7 else 32) + len(described)
    head = struct.pack("<B3BIHH16xBBH", version, 124, 2, 29, count, size, record_size, 0, language, 0)
    if level_7:
        head += b"DBWINUS0".ljust(32, b"\0") + bytes(4)
    return head + described + body + end


def number(text, size):
    return text.encode().rjust(size)


def moment(days, ms):
    """Days since 1970."""
    return struct.pack("<II", days + 2440588, ms)


def moment_7(ms):
    """Milliseconds since 1970."""
    return struct.pack(">d", ms + 719163 * 86400000)


def double_7(value):
    bits, = struct.unpack(">Q", struct.pack(">d", value))
    return struct.pack(">Q", bits ^ (1 << 63) if bits >> 63 == 0 else bits ^ (2**64 - 1))


def int_7(value):
    return struct.pack(">I", (value + 2**31) % 2**32)


def memo_dbt3(texts):
    """The file, and the block of each text."""
    out, blocks = bytearray(512), []
    for text in texts:
        blocks.append(len(out) // 512)
        out += text + b"\x1a\x1a"
        out += bytes(-len(out) % 512)
    struct.pack_into("<I", out, 0, len(out) // 512)
    return bytes(out), blocks


def memo_dbt4(texts, block=512):
    out, blocks = bytearray(max(block, 512)), []
    struct.pack_into("<H", out, 20, block)
    for text in texts:
        out += bytes(-len(out) % block)
        blocks.append(len(out) // block)
        out += b"\xff\xff\x08\x00" + struct.pack("<I", len(text) + 8) + text
    out += bytes(-len(out) % block)
    return bytes(out), blocks


def memo_fpt(texts, block=64, kind=1):
    out, blocks = bytearray(512), []
    struct.pack_into(">HH", out, 4, 0, block)
    for text in texts:
        out += bytes(-len(out) % block)
        blocks.append(len(out) // block)
        out += struct.pack(">II", kind, len(text)) + text
    return bytes(out), blocks


def memo_smt(texts, block=32):
    """The file, and the field of each text."""
    out, stored = bytearray(512), []
    struct.pack_into("<II", out, 0, 1, block)
    for text in texts:
        out += bytes(-len(out) % block)
        stored.append(struct.pack("<HII", 1, len(text), len(out) // block))
        out += text
    return bytes(out), stored
