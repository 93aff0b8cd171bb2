/* The hybrid of run lengths and bit-packed groups (RLE in the Parquet specification, "Encodings"): dictionary indexes,
 * definition levels and booleans. A run starts with a varint: count << 1 and the value, or groups << 1 | 1 and groups of 8
 * packed values. */
#include "formats/parquet/encode.h"
#include "formats/parquet/thrift_write.h"

enum { GROUP = PARQUET_HYBRID_GROUP };

/* Repeated groups from which a run of its own is smaller than packing them: the run's header and value, and a header for the
 * packed groups that follow. Two bytes a header hold for every run where the gain is not overwhelming anyway. */
static size_t groups_worth_a_run(uint32_t width)
{
    return width == 0 ? 1 : (2 + (width + 7) / 8 + 2) / width + 1;
}

size_t pf_hybrid_bound(size_t count, uint32_t width)
{
    return (count + GROUP - 1) / GROUP * width + 24;
}

static uint8_t *put_run(uint8_t *to, size_t count, uint32_t value, uint32_t width)
{
    to += pf_put_varint(to, (uint64_t)count << 1);
    for (uint32_t bits = 0; bits < width; bits += 8)
        *to++ = (uint8_t)(value >> bits);
    return to;
}

static uint8_t *put_packed(uint8_t *to, const uint32_t *values, size_t count, uint32_t width)
{
    size_t groups = count / GROUP, rest = count % GROUP;

    if (count == 0)
        return to;
    to += pf_put_varint(to, (uint64_t)(groups + (rest > 0)) << 1 | 1);
    pf_pack32(values, groups, width, to);
    to += groups * width;
    if (rest > 0) {
        uint32_t last[GROUP] = { 0 };

        memcpy(last, values + groups * GROUP, rest * sizeof *last);
        pf_pack32(last, 1, width, to);
        to += width;
    }
    return to;
}

/* Whether 8 values are one and the same. */
static inline bool repeats(const uint32_t *values)
{
    uint64_t pair[4], first = (uint64_t)values[0] << 32 | values[0];

    memcpy(pair, values, sizeof pair);
    return (((pair[0] ^ first) | (pair[1] ^ first)) | ((pair[2] ^ first) | (pair[3] ^ first))) == 0;
}

static size_t run_end(const uint32_t *values, size_t at, size_t count)
{
    uint32_t value = values[at];

    while (at + GROUP <= count && values[at] == value && repeats(values + at))
        at += GROUP;
    while (at < count && values[at] == value)
        at++;
    return at;
}

size_t pf_encode_hybrid(const uint32_t *values, size_t count, uint32_t width, uint8_t *to)
{
    const uint8_t *begin = to;
    size_t worth = groups_worth_a_run(width) * GROUP;
    size_t packed = 0; /* values from here on wait to be packed */
    size_t at = 0;

    while (at + GROUP <= count) {
        size_t end;

        if (!repeats(values + at)) {
            at += GROUP;
            continue;
        }
        end = run_end(values, at, count);
        if (end - at >= worth || (end == count && packed == at)) {
            to = put_packed(to, values + packed, at - packed, width);
            to = put_run(to, end - at, values[at], width);
            packed = at = end;
        } else {
            at += (end - at) / GROUP * GROUP;
        }
    }
    if (packed == at && at < count && run_end(values, at, count) == count)
        to = put_run(to, count - at, values[at], width);
    else
        to = put_packed(to, values + packed, count - packed, width);
    return (size_t)(to - begin);
}

/* Groups of a bitmap are its bytes. Whether all bits of this one, as far as there are count in all, are those of value. */
static bool whole_byte(const uint8_t *bits, size_t at, uint8_t value, size_t count)
{
    size_t left = count - at * 8;
    unsigned mask = left >= 8 ? 0xff : (1u << left) - 1;

    return ((bits[at] ^ value) & mask) == 0;
}

static uint8_t *put_packed_bits(uint8_t *to, const uint8_t *bits, size_t from, size_t end, size_t count)
{
    if (from == end)
        return to;
    to += pf_put_varint(to, (uint64_t)(end - from) << 1 | 1);
    memcpy(to, bits + from, end - from);
    to += end - from;
    if (end * 8 > count)
        to[-1] &= (uint8_t)((1u << (count % 8)) - 1);
    return to;
}

size_t pf_encode_hybrid_bits(const uint8_t *bits, size_t count, uint8_t *to)
{
    const uint8_t *begin = to;
    size_t worth = groups_worth_a_run(1);
    size_t size = (count + 7) / 8;
    size_t packed = 0, at = 0;

    while (at < size) {
        uint8_t value = bits[at] & 1 ? 0xff : 0;
        size_t end = at;

        while (end < size && whole_byte(bits, end, value, count))
            end++;
        if (end - at >= worth || (end == size && packed == at)) {
            to = put_packed_bits(to, bits, packed, at, count);
            to = put_run(to, (end == size ? count : end * 8) - at * 8, value & 1, 1);
            packed = at = end;
        } else {
            at = end > at ? end : at + 1;
        }
    }
    to = put_packed_bits(to, bits, packed, size, count);
    return (size_t)(to - begin);
}
