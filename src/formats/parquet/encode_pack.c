/* Bit-packing: one function a width, so that every shift is a constant. */
#include "formats/parquet/encode.h"

#include <assert.h>

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t load(const uint8_t *values, unsigned at, unsigned bytes)
{
    uint64_t wide = 0;
    uint32_t narrow;

    if (bytes == 8) {
        memcpy(&wide, values + at * 8, sizeof wide);
        return wide;
    }
    memcpy(&narrow, values + at * 4, sizeof narrow);
    return narrow;
}

/* 8 values of bytes bytes each become width bytes. Words are stored whole: what lies past width bytes belongs to the next
 * group. */
INLINE void pack_group(const uint8_t *values, unsigned bytes, unsigned width, uint8_t *to)
{
    uint64_t word = 0;
    unsigned used = 0;

#pragma GCC unroll 8
    for (unsigned at = 0; at < 8; at++) {
        uint64_t value = load(values, at, bytes);

        word |= value << used;
        used += width;
        if (used >= 64) {
            memcpy(to, &word, sizeof word);
            to += sizeof word;
            used -= 64;
            word = used ? value >> (width - used) : 0;
        }
    }
    if (used)
        memcpy(to, &word, sizeof word);
}

#define PACK(bits, width)                                                                                                      \
    static void pack##bits##_##width(const uint8_t *values, size_t groups, uint8_t *to)                                        \
    {                                                                                                                          \
        for (size_t group = 0; group < groups; group++)                                                                        \
            pack_group(values + group * bits, bits / 8, width, to + group * width);                                            \
    }

/* The layout program does not come to rest on these. */
/* clang-format off */
#define WIDTHS_32(X, bits)                                                                          \
    X(bits, 1) X(bits, 2) X(bits, 3) X(bits, 4) X(bits, 5) X(bits, 6) X(bits, 7) X(bits, 8)         \
    X(bits, 9) X(bits, 10) X(bits, 11) X(bits, 12) X(bits, 13) X(bits, 14) X(bits, 15) X(bits, 16)  \
    X(bits, 17) X(bits, 18) X(bits, 19) X(bits, 20) X(bits, 21) X(bits, 22) X(bits, 23) X(bits, 24) \
    X(bits, 25) X(bits, 26) X(bits, 27) X(bits, 28) X(bits, 29) X(bits, 30) X(bits, 31) X(bits, 32)
#define WIDTHS_64(X, bits)                                                                          \
    X(bits, 33) X(bits, 34) X(bits, 35) X(bits, 36) X(bits, 37) X(bits, 38) X(bits, 39) X(bits, 40) \
    X(bits, 41) X(bits, 42) X(bits, 43) X(bits, 44) X(bits, 45) X(bits, 46) X(bits, 47) X(bits, 48) \
    X(bits, 49) X(bits, 50) X(bits, 51) X(bits, 52) X(bits, 53) X(bits, 54) X(bits, 55) X(bits, 56) \
    X(bits, 57) X(bits, 58) X(bits, 59) X(bits, 60) X(bits, 61) X(bits, 62) X(bits, 63) X(bits, 64)
/* clang-format on */

WIDTHS_32(PACK, 32)
WIDTHS_32(PACK, 64)
WIDTHS_64(PACK, 64)

#define ENTRY(bits, width) [width] = pack##bits##_##width,

void pf_pack32(const uint32_t *values, size_t groups, uint32_t width, uint8_t *to)
{
    static void (*const packers[])(const uint8_t *, size_t, uint8_t *) = { WIDTHS_32(ENTRY, 32) };

    assert(width <= 32);
    if (width > 0)
        packers[width]((const uint8_t *)values, groups, to);
}

void pf_pack64(const uint64_t *values, size_t groups, uint32_t width, uint8_t *to)
{
    static void (*const packers[])(const uint8_t *, size_t, uint8_t *) = { WIDTHS_32(ENTRY, 64) WIDTHS_64(ENTRY, 64) };

    assert(width <= 64);
    if (width > 0)
        packers[width]((const uint8_t *)values, groups, to);
}
