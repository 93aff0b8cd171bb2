/* DELTA_BINARY_PACKED: differences of neighbours, less the smallest difference of their block, packed with as few bits as each
 * run of 32 needs. Arithmetic wraps, as the specification wants, so that any two values have a difference. */
#include "base/cpu.h"
#include "formats/parquet/encode.h"
#include "formats/parquet/thrift_write.h"

enum { BLOCK = PARQUET_DELTA_BLOCK, MINIBLOCKS = PARQUET_DELTA_MINIBLOCKS, MINIBLOCK = BLOCK / MINIBLOCKS };

#define INLINE static inline __attribute__((always_inline))

size_t pf_delta_bound(size_t count, uint32_t width)
{
    size_t blocks = count / BLOCK + 1;

    return 32 + blocks * (10 + MINIBLOCKS + (size_t)BLOCK * width) + 8;
}

INLINE int64_t load(const uint8_t *values, size_t at, uint32_t width)
{
    if (width == 4) {
        int32_t value;

        memcpy(&value, values + at * 4, sizeof value);
        return value;
    } else {
        int64_t value;

        memcpy(&value, values + at * 8, sizeof value);
        return value;
    }
}

INLINE int64_t difference(int64_t to, int64_t from, uint32_t width)
{
    if (width == 4)
        return (int32_t)((uint32_t)to - (uint32_t)from);
    return (int64_t)((uint64_t)to - (uint64_t)from);
}

/* Differences values[1..count] to their predecessors; returns the smallest. */
INLINE int64_t differences(const uint8_t *values, size_t count, uint32_t width, int64_t *out)
{
    int64_t least;

    for (size_t at = 0; at < count; at++)
        out[at] = difference(load(values, at + 1, width), load(values, at, width), width);
    least = out[0];
    for (size_t at = 1; at < count; at++)
        least = out[at] < least ? out[at] : least;
    return least;
}

/* Takes least off 32 differences; returns the bits of the largest rest. */
INLINE uint32_t reduce(const int64_t *in, int64_t least, uint64_t *out)
{
    uint64_t all = 0;

    for (size_t at = 0; at < MINIBLOCK; at++) {
        out[at] = (uint64_t)in[at] - (uint64_t)least;
        all |= out[at];
    }
    return pf_bit_width(all);
}

INLINE uint8_t *encode_block(const uint8_t *values, size_t count, uint32_t width, uint8_t *to)
{
    int64_t deltas[BLOCK];
    uint64_t rests[MINIBLOCK];
    int64_t least = differences(values, count, width, deltas);
    uint8_t *widths;

    /* What fills the last miniblock costs no bits. */
    for (size_t at = count; at < (count + MINIBLOCK - 1) / MINIBLOCK * MINIBLOCK; at++)
        deltas[at] = least;
    to += pf_put_varint(to, pf_zigzag(least));
    widths = to;
    memset(widths, 0, MINIBLOCKS);
    to += MINIBLOCKS;
    for (size_t at = 0; at < count; at += MINIBLOCK) {
        uint32_t bits = reduce(deltas + at, least, rests);

        widths[at / MINIBLOCK] = (uint8_t)bits;
        pf_pack64(rests, MINIBLOCK / 8, bits, to);
        to += (size_t)bits * (MINIBLOCK / 8);
    }
    return to;
}

INLINE uint8_t *encode_blocks(const uint8_t *values, size_t count, uint32_t width, uint8_t *to)
{
    for (size_t at = 1; at < count; at += BLOCK) {
        size_t left = count - at;

        to = encode_block(values + (at - 1) * width, left < BLOCK ? left : BLOCK, width, to);
    }
    return to;
}

static uint8_t *encode_blocks_4(const uint8_t *values, size_t count, uint8_t *to)
{
    return encode_blocks(values, count, 4, to);
}
static uint8_t *encode_blocks_8(const uint8_t *values, size_t count, uint8_t *to)
{
    return encode_blocks(values, count, 8, to);
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt")))
AVX2 static uint8_t *encode_blocks_4_avx2(const uint8_t *values, size_t count, uint8_t *to)
{
    return encode_blocks(values, count, 4, to);
}
AVX2 static uint8_t *encode_blocks_8_avx2(const uint8_t *values, size_t count, uint8_t *to)
{
    return encode_blocks(values, count, 8, to);
}
#endif

size_t pf_encode_delta(const void *values, size_t count, uint32_t width, uint32_t features, uint8_t *to)
{
    const uint8_t *begin = to;

    to += pf_put_varint(to, BLOCK);
    to += pf_put_varint(to, MINIBLOCKS);
    to += pf_put_varint(to, count);
    to += pf_put_varint(to, count ? pf_zigzag(load(values, 0, width)) : 0);
#if defined(__x86_64__)
    if (features & PF_CPU_AVX2)
        to = width == 4 ? encode_blocks_4_avx2(values, count, to) : encode_blocks_8_avx2(values, count, to);
    else
#endif
        to = width == 4 ? encode_blocks_4(values, count, to) : encode_blocks_8(values, count, to);
    (void)features;
    return (size_t)(to - begin);
}
