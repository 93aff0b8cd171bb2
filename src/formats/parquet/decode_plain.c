/* Values of fixed width: PLAIN, BYTE_STREAM_SPLIT, booleans, and making room for nulls. Layout: Encodings.md. */
#include "arrow/array.h"
#include "formats/parquet/decode.h"

bool pf_plain_fixed(struct pf_section section, size_t width, size_t skip, size_t count, const uint8_t **values)
{
    size_t there = section.size / width;

    *values = section.bytes + skip * width;
    return skip <= there && count <= there - skip;
}

bool pf_plain_bool(struct pf_section section, size_t skip, size_t count, uint8_t *to)
{
    size_t at = skip;

    if (skip > section.size * 8 || count > section.size * 8 - skip)
        return false;
    for (; count != 0 && at % 8 != 0; count--)
        *to++ = pf_bit(section.bytes, (int64_t)at++);
    for (; count >= 8; count -= 8, at += 8, to += 8) {
        /* Each byte of the product holds the eight bits; the mask leaves a different one in each, moved to bit 0 by the next step. */
        uint64_t spread = (section.bytes[at / 8] * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201));

        spread = (spread + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & UINT64_C(0x0101010101010101);
        memcpy(to, &spread, 8);
    }
    for (; count != 0; count--)
        *to++ = pf_bit(section.bytes, (int64_t)at++);
    return true;
}

bool pf_rle_bool(struct pf_section section, size_t skip, size_t count, uint8_t *to)
{
    struct pf_hybrid hybrid;
    uint32_t batch[256];
    uint32_t size;

    if (section.size < 4)
        return false;
    size = pf_load32(section.bytes);
    if (size > section.size - 4)
        return false;
    pf_hybrid_init(&hybrid, (struct pf_section){ section.bytes + 4, size }, 1);
    if (!pf_hybrid_skip(&hybrid, skip))
        return false;
    while (count != 0) {
        size_t part = count < PF_COUNT(batch) ? count : PF_COUNT(batch);

        if (!pf_hybrid_read(&hybrid, batch, part))
            return false;
        for (size_t i = 0; i < part; i++)
            to[i] = (uint8_t)(batch[i] & 1);
        to += part;
        count -= part;
    }
    return true;
}

bool pf_stream_split(struct pf_section section, size_t width, size_t skip, size_t count, uint8_t *to)
{
    size_t there = section.size / width;
    const uint8_t *from = section.bytes + skip;

    if (section.size % width != 0 || skip > there || count > there - skip)
        return false;
    if (width == 4) {
        for (size_t i = 0; i < count; i++) {
            uint32_t value = (uint32_t)from[i] | (uint32_t)from[there + i] << 8 | (uint32_t)from[2 * there + i] << 16 |
                             (uint32_t)from[3 * there + i] << 24;
            memcpy(to + 4 * i, &value, 4);
        }
        return true;
    }
    if (width == 8) {
        for (size_t i = 0; i < count; i++) {
            uint64_t value = 0;

            for (uint32_t stream = 0; stream < 8; stream++)
                value |= (uint64_t)from[stream * there + i] << (8 * stream);
            memcpy(to + 8 * i, &value, 8);
        }
        return true;
    }
    for (size_t stream = 0; stream < width; stream++) {
        for (size_t i = 0; i < count; i++)
            to[i * width + stream] = from[stream * there + i];
    }
    return true;
}

void pf_pack_bools(const uint8_t *from, size_t count, uint8_t *to)
{
    for (; count >= 8; count -= 8, from += 8) {
        /* The product gathers bit 0 of each byte in the topmost byte. */
        *to++ = (uint8_t)(pf_load64(from) * UINT64_C(0x0102040810204080) >> 56);
    }
    if (count != 0) {
        uint8_t last = 0;

        for (size_t i = 0; i < count; i++)
            last = (uint8_t)(last | from[i] << i);
        *to = last;
    }
}

/* ---- spreading. From the back, so that nothing is overwritten that is still needed; once as many values as rows are left, the
 * rest already stands where it belongs. */

static inline __attribute__((always_inline)) void spread_words(uint8_t *values, size_t width, const uint8_t *validity,
                                                               int64_t at, int64_t rows, int64_t count)
{
    for (int64_t row = rows - 1; row >= count; row--) {
        uint64_t present = pf_bit(validity, at + row);
        /* Without values left, any will do: it is masked. */
        const uint8_t *from = values + (size_t)(count > 0 ? count - 1 : 0) * width;
        uint8_t *to = values + (size_t)row * width;

        for (size_t part = 0; part < width; part += 8) {
            size_t size = width < 8 ? width : 8;
            uint64_t word = 0;

            memcpy(&word, from + part, size);
            word &= 0 - present;
            memcpy(to + part, &word, size);
        }
        count -= (int64_t)present;
    }
}

void pf_spread_values(uint8_t *values, size_t width, const uint8_t *validity, int64_t at, int64_t rows, int64_t count)
{
    switch (width) {
    case 1:
        spread_words(values, 1, validity, at, rows, count);
        break;
    case 2:
        spread_words(values, 2, validity, at, rows, count);
        break;
    case 4:
        spread_words(values, 4, validity, at, rows, count);
        break;
    case 8:
        spread_words(values, 8, validity, at, rows, count);
        break;
    default:
        spread_words(values, 16, validity, at, rows, count);
    }
}

void pf_spread_ends(int32_t *ends, const uint8_t *validity, int64_t at, int64_t rows, int64_t count)
{
    for (int64_t row = rows - 1; row >= count; row--) {
        ends[row] = ends[count - 1];
        count -= pf_bit(validity, at + row);
    }
}
