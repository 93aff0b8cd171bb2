/* The hybrid of repeated and bit-packed runs: dictionary indexes, booleans, levels. Layout: Encodings.md, "Run Length Encoding /
 * Bit-Packing Hybrid". */
#include "formats/parquet/decode.h"

#include "arrow/array.h"

/* ---- bit unpacking */

/* width is a constant where it is inlined, so that shifts and masks are, too. */
static inline __attribute__((always_inline)) void unpack_groups(const uint8_t *from, uint32_t width, uint32_t *to,
                                                                size_t groups)
{
    const uint64_t mask = ((uint64_t)1 << width) - 1;

    for (size_t g = 0; g < groups; g++) {
        for (uint32_t i = 0; i < 8; i++)
            to[i] = (uint32_t)(pf_load64(from + i * width / 8) >> (i * width % 8) & mask);
        from += width;
        to += 8;
    }
}

/* clang-format off */
#define UNPACK(width) \
    static void unpack_##width(const uint8_t *from, uint32_t *to, size_t groups) { unpack_groups(from, width, to, groups); }

UNPACK(1) UNPACK(2) UNPACK(3) UNPACK(4) UNPACK(5) UNPACK(6) UNPACK(7) UNPACK(8)
UNPACK(9) UNPACK(10) UNPACK(11) UNPACK(12) UNPACK(13) UNPACK(14) UNPACK(15) UNPACK(16)
UNPACK(17) UNPACK(18) UNPACK(19) UNPACK(20) UNPACK(21) UNPACK(22) UNPACK(23) UNPACK(24)
UNPACK(25) UNPACK(26) UNPACK(27) UNPACK(28) UNPACK(29) UNPACK(30) UNPACK(31) UNPACK(32)
    /* clang-format on */

    typedef void (*unpack_fn)(const uint8_t *from, uint32_t *to, size_t groups);

static const unpack_fn unpackers[] = {
    NULL,      unpack_1,  unpack_2,  unpack_3,  unpack_4,  unpack_5,  unpack_6,  unpack_7,  unpack_8,  unpack_9,  unpack_10,
    unpack_11, unpack_12, unpack_13, unpack_14, unpack_15, unpack_16, unpack_17, unpack_18, unpack_19, unpack_20, unpack_21,
    unpack_22, unpack_23, unpack_24, unpack_25, unpack_26, unpack_27, unpack_28, unpack_29, unpack_30, unpack_31, unpack_32,
};

static uint32_t unpack_one(const uint8_t *from, uint32_t width, uint64_t at)
{
    uint64_t bit = at * width;

    return (uint32_t)(pf_load64(from + bit / 8) >> (bit % 8) & (((uint64_t)1 << width) - 1));
}

void pf_unpack32(const uint8_t *from, uint32_t width, uint32_t *to, size_t count)
{
    size_t groups = count / 8;

    if (width == 0) {
        memset(to, 0, count * sizeof *to);
        return;
    }
    unpackers[width](from, to, groups);
    for (size_t i = groups * 8; i < count; i++)
        to[i] = unpack_one(from, width, i);
}

/* ---- runs */

void pf_hybrid_init(struct pf_hybrid *hybrid, struct pf_section section, uint32_t width)
{
    memset(hybrid, 0, sizeof *hybrid);
    hybrid->next = section.bytes;
    hybrid->end = section.bytes + section.size;
    hybrid->width = width;
}

static bool read_run_header(struct pf_hybrid *hybrid, uint64_t *header)
{
    *header = 0;
    for (uint32_t shift = 0; shift < 35 && hybrid->next < hybrid->end; shift += 7) {
        uint8_t byte = *hybrid->next++;

        *header |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

/* Moves to the next run that has values; false = there is none. */
static bool next_run(struct pf_hybrid *hybrid)
{
    while (hybrid->left == 0) {
        uint64_t header, size, room;

        if (!read_run_header(hybrid, &header))
            return false;
        room = (uint64_t)(hybrid->end - hybrid->next);
        hybrid->left = header >> 1;
        if ((header & 1) != 0) {
            size = hybrid->left * hybrid->width;
            hybrid->left *= 8;
            /* Some writers cut the padding of the last group off; what is there is read. */
            if (size > room) {
                size = room;
                hybrid->left = room * 8 / hybrid->width;
                if (hybrid->left == 0)
                    return false;
            }
            hybrid->packed = hybrid->next;
            hybrid->packed_at = 0;
        } else {
            size = (hybrid->width + 7) / 8;
            if (size > room)
                return false;
            hybrid->packed = NULL;
            hybrid->value = 0;
            for (uint32_t i = 0; i < size; i++)
                hybrid->value |= (uint32_t)hybrid->next[i] << (8 * i);
        }
        hybrid->next += size;
    }
    return true;
}

static void read_packed(struct pf_hybrid *hybrid, uint32_t *to, size_t count)
{
    uint64_t at = hybrid->packed_at;

    hybrid->packed_at += count;
    for (; count != 0 && at % 8 != 0; count--)
        *to++ = unpack_one(hybrid->packed, hybrid->width, at++);
    pf_unpack32(hybrid->packed + at / 8 * hybrid->width, hybrid->width, to, count);
}

bool pf_hybrid_read(struct pf_hybrid *hybrid, uint32_t *to, size_t count)
{
    while (count != 0) {
        size_t part;

        if (hybrid->left == 0 && !next_run(hybrid))
            return false;
        part = hybrid->left < count ? (size_t)hybrid->left : count;
        if (hybrid->packed != NULL) {
            read_packed(hybrid, to, part);
        } else {
            for (size_t i = 0; i < part; i++)
                to[i] = hybrid->value;
        }
        hybrid->left -= part;
        to += part;
        count -= part;
    }
    return true;
}

bool pf_hybrid_skip(struct pf_hybrid *hybrid, size_t count)
{
    while (count != 0) {
        size_t part;

        if (hybrid->left == 0 && !next_run(hybrid))
            return false;
        part = hybrid->left < count ? (size_t)hybrid->left : count;
        hybrid->packed_at += part;
        hybrid->left -= part;
        count -= part;
    }
    return true;
}

/* ---- levels */

/* Up to 56 bits of a packed run of width 1, from bit `at`. */
static uint64_t packed_bits(const uint8_t *packed, uint64_t at, uint32_t count)
{
    return pf_load64(packed + at / 8) >> (at % 8) & (((uint64_t)1 << count) - 1);
}

static int64_t count_packed(const uint8_t *packed, uint64_t at, int64_t count)
{
    int64_t present = 0;

    while (count > 0) {
        uint32_t part = count < 56 ? (uint32_t)count : 56;

        present += __builtin_popcountll(packed_bits(packed, at, part));
        at += part;
        count -= part;
    }
    return present;
}

bool pf_levels_skip(struct pf_hybrid *levels, int64_t count, int64_t *present)
{
    *present = 0;
    while (count > 0) {
        int64_t part;

        if (levels->left == 0 && !next_run(levels))
            return false;
        part = levels->left < (uint64_t)count ? (int64_t)levels->left : count;
        if (levels->packed != NULL)
            *present += count_packed(levels->packed, levels->packed_at, part);
        else if (levels->value != 0)
            *present += part;
        levels->packed_at += (uint64_t)part;
        levels->left -= (uint64_t)part;
        count -= part;
    }
    return true;
}

int64_t pf_levels_all_present(struct pf_hybrid *levels, int64_t limit)
{
    int64_t done = 0;

    while (done < limit && (levels->left != 0 || next_run(levels)) && levels->packed == NULL && levels->value != 0) {
        int64_t part = levels->left < (uint64_t)(limit - done) ? (int64_t)levels->left : limit - done;

        levels->left -= (uint64_t)part;
        done += part;
    }
    return done;
}

/* Writes count bits (at most 56) at bit `at`. */
static void put_bits(uint8_t *bits, int64_t at, uint64_t value, uint32_t count)
{
    uint8_t *to = bits + at / 8;
    uint32_t shift = (uint32_t)(at % 8);
    uint64_t mask = (((uint64_t)1 << count) - 1) << shift;

    value <<= shift;
    for (; mask != 0; mask >>= 8, value >>= 8, to++)
        *to = (uint8_t)((*to & ~mask) | (value & mask));
}

static int64_t copy_packed(const uint8_t *packed, uint64_t from, uint8_t *bits, int64_t at, int64_t count)
{
    int64_t present = 0;

    while (count > 0) {
        /* After the first part, whole bytes are written. */
        uint32_t part = at % 8 != 0 ? 8 - (uint32_t)(at % 8) : 56;
        uint64_t value;

        if (part > count)
            part = (uint32_t)count;
        value = packed_bits(packed, from, part);
        if (part == 56)
            memcpy(bits + at / 8, &value, 7);
        else
            put_bits(bits, at, value, part);
        present += __builtin_popcountll(value);
        from += part;
        at += part;
        count -= part;
    }
    return present;
}

static void clear_bits(uint8_t *bits, int64_t at, int64_t count)
{
    while (count > 0 && at % 8 != 0) {
        pf_bit_clear(bits, at++);
        count--;
    }
    memset(bits + at / 8, 0, (size_t)(count / 8));
    for (int64_t i = at + count / 8 * 8; i < at + count; i++)
        pf_bit_clear(bits, i);
}

bool pf_levels_take(struct pf_hybrid *levels, int64_t count, uint8_t *bits, int64_t at, int64_t *present)
{
    *present = 0;
    while (count > 0) {
        int64_t part;

        if (levels->left == 0 && !next_run(levels))
            return false;
        part = levels->left < (uint64_t)count ? (int64_t)levels->left : count;
        if (levels->packed != NULL)
            *present += copy_packed(levels->packed, levels->packed_at, bits, at, part);
        else if (levels->value != 0)
            *present += part;
        else
            clear_bits(bits, at, part);
        levels->packed_at += (uint64_t)part;
        levels->left -= (uint64_t)part;
        at += part;
        count -= part;
    }
    return true;
}
