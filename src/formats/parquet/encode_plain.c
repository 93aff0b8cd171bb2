/* PLAIN: values one after another as they are stored. Rows come from slices of arrays; nulls are left out. */
#include "formats/parquet/encode.h"

#include "base/number.h"

#define INLINE static inline __attribute__((always_inline))

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- slices */

static size_t rows_here(const struct pf_slice_cursor *cursor, size_t rows)
{
    return smaller(rows, (size_t)(cursor->slice->rows - cursor->row));
}

static void advance(struct pf_slice_cursor *cursor, size_t rows)
{
    cursor->row += (int64_t)rows;
    if (cursor->row == cursor->slice->rows) {
        cursor->slice++;
        cursor->row = 0;
    }
}

void pf_slice_skip(struct pf_slice_cursor *cursor, int64_t rows)
{
    while (rows > 0) {
        size_t here = rows_here(cursor, (size_t)rows);

        advance(cursor, here);
        rows -= (int64_t)here;
    }
}

/* ---- bits */

/* 64 bits from bit at on; the bytes they stand in must be there. */
INLINE uint64_t load_bits(const uint8_t *bits, size_t at)
{
    unsigned shift = at & 7;
    uint64_t word;

    memcpy(&word, bits + at / 8, sizeof word);
    return shift == 0 ? word : word >> shift | (uint64_t)bits[at / 8 + 8] << (64 - shift);
}

void pf_bits_append(uint8_t *to, size_t to_at, const uint8_t *from, size_t from_at, size_t count)
{
    size_t at = 0;

    for (; at < count && ((to_at + at) & 7) != 0; at++) {
        size_t place = to_at + at;
        unsigned bit = pf_bit(from, (int64_t)(from_at + at));

        to[place / 8] = (uint8_t)((to[place / 8] & ((1u << (place & 7)) - 1)) | bit << (place & 7));
    }
    for (; at + 64 <= count; at += 64) {
        uint64_t word = load_bits(from, from_at + at);

        memcpy(to + (to_at + at) / 8, &word, sizeof word);
    }
    for (; at < count; at += 8) {
        unsigned byte = 0;

        for (size_t bit = 0; bit < 8 && at + bit < count; bit++)
            byte |= (unsigned)pf_bit(from, (int64_t)(from_at + at + bit)) << bit;
        to[(to_at + at) / 8] = (uint8_t)byte;
    }
}

static void append_ones(uint8_t *to, size_t to_at, size_t count)
{
    size_t at = 0;

    for (; at < count && ((to_at + at) & 7) != 0; at++)
        pf_bit_set(to, (int64_t)(to_at + at));
    memset(to + (to_at + at) / 8, 0xff, (count - at + 7) / 8);
}

size_t pf_bits_count(const uint8_t *bits, size_t count)
{
    size_t ones = 0, at = 0;

    for (; at + 64 <= count; at += 64) {
        uint64_t word;

        memcpy(&word, bits + at / 8, sizeof word);
        ones += (size_t)__builtin_popcountll(word);
    }
    for (; at < count; at++)
        ones += pf_bit(bits, (int64_t)at);
    return ones;
}

static bool may_have_nulls(struct pf_slice_cursor cursor, size_t rows)
{
    while (rows > 0) {
        size_t here = rows_here(&cursor, rows);

        if (cursor.slice->array->null_count != 0 && pf_array_validity(cursor.slice->array))
            return true;
        advance(&cursor, here);
        rows -= here;
    }
    return false;
}

size_t pf_gather_validity(struct pf_slice_cursor cursor, size_t rows, uint8_t *bits)
{
    size_t at = 0;

    if (!may_have_nulls(cursor, rows))
        return 0;
    while (at < rows) {
        const struct ArrowArray *array = cursor.slice->array;
        size_t here = rows_here(&cursor, rows - at);

        if (array->null_count != 0 && pf_array_validity(array))
            pf_bits_append(bits, at, pf_array_validity(array), (size_t)(cursor.slice->start + cursor.row), here);
        else
            append_ones(bits, at, here);
        advance(&cursor, here);
        at += here;
    }
    if (rows % 8 != 0)
        bits[rows / 8] &= (uint8_t)((1u << (rows % 8)) - 1);
    return rows - pf_bits_count(bits, rows);
}

/* ---- values of a fixed size */

static size_t source_width(enum pf_type type)
{
    switch (type) {
    case PF_TYPE_INT8:
    case PF_TYPE_UINT8:
        return 1;
    case PF_TYPE_INT16:
    case PF_TYPE_UINT16:
        return 2;
    case PF_TYPE_INT32:
    case PF_TYPE_UINT32:
    case PF_TYPE_FLOAT32:
    case PF_TYPE_DATE32:
        return 4;
    case PF_TYPE_DECIMAL128:
        return 16;
    default:
        return 8;
    }
}

/* Loops over memcpy so that neither side needs to be aligned; compilers turn each into loads and stores. */
#define WIDEN(source)                                                                                                          \
    for (size_t at = 0; at < count; at++) {                                                                                    \
        source value;                                                                                                          \
        int32_t wide;                                                                                                          \
        memcpy(&value, from + at * sizeof value, sizeof value);                                                                \
        wide = value;                                                                                                          \
        memcpy(to + at * sizeof wide, &wide, sizeof wide);                                                                     \
    }

static void convert(const uint8_t *from, size_t count, enum pf_type type, uint32_t width, uint8_t *to)
{
    switch (type) {
    case PF_TYPE_INT8:
        WIDEN(int8_t)
        break;
    case PF_TYPE_UINT8:
        WIDEN(uint8_t)
        break;
    case PF_TYPE_INT16:
        WIDEN(int16_t)
        break;
    case PF_TYPE_UINT16:
        WIDEN(uint16_t)
        break;
    case PF_TYPE_DECIMAL128:
        /* The low bytes of a little-endian integer that fits are the narrower integer. */
        if (width < 16) {
            for (size_t at = 0; at < count; at++)
                memcpy(to + at * width, from + at * 16, width);
            break;
        }
        memcpy(to, from, count * 16);
        break;
    default:
        memcpy(to, from, count * width);
    }
}

/* Moves the valid values together. */
INLINE void compact(uint8_t *values, size_t rows, size_t width, const uint8_t *validity)
{
    size_t kept = 0, at = 0;

    for (; at + 64 <= rows; at += 64) {
        uint64_t word;

        memcpy(&word, validity + at / 8, sizeof word);
        if (word == UINT64_MAX) {
            memmove(values + kept * width, values + at * width, 64 * width);
            kept += 64;
            continue;
        }
        for (size_t bit = 0; word != 0; bit++, word >>= 1) {
            memmove(values + kept * width, values + (at + bit) * width, width);
            kept += word & 1;
        }
    }
    for (; at < rows; at++) {
        memmove(values + kept * width, values + at * width, width);
        kept += pf_bit(validity, (int64_t)at);
    }
}

/* Bits of values whose bit in validity is set, moved together. */
static void compact_bits(uint8_t *bits, size_t rows, const uint8_t *validity)
{
    size_t kept = 0;

    for (size_t at = 0; at < rows; at++) {
        unsigned bit = pf_bit(bits, (int64_t)at);

        if (!pf_bit(validity, (int64_t)at))
            continue;
        bits[kept / 8] = (uint8_t)((bits[kept / 8] & ~(1u << (kept & 7))) | bit << (kept & 7));
        kept++;
    }
    if (kept % 8 != 0)
        bits[kept / 8] &= (uint8_t)((1u << (kept % 8)) - 1);
}

static void gather_bits(struct pf_slice_cursor *cursor, size_t rows, const uint8_t *validity, uint8_t *to)
{
    for (size_t at = 0; at < rows;) {
        size_t here = rows_here(cursor, rows - at);

        pf_bits_append(to, at, pf_array_data(cursor->slice->array), (size_t)(cursor->slice->start + cursor->row), here);
        advance(cursor, here);
        at += here;
    }
    if (rows % 8 != 0)
        to[rows / 8] &= (uint8_t)((1u << (rows % 8)) - 1);
    if (validity)
        compact_bits(to, rows, validity);
}

void pf_gather_values(struct pf_slice_cursor *cursor, size_t rows, enum pf_type type, uint32_t width, const uint8_t *validity,
                      uint8_t *to)
{
    size_t from_width = source_width(type);

    if (type == PF_TYPE_BOOL) {
        gather_bits(cursor, rows, validity, to);
        return;
    }
    for (size_t at = 0; at < rows;) {
        size_t here = rows_here(cursor, rows - at);
        const uint8_t *data = pf_array_data(cursor->slice->array);

        convert(data + (size_t)(cursor->slice->start + cursor->row) * from_width, here, type, width, to + at * width);
        advance(cursor, here);
        at += here;
    }
    if (!validity)
        return;
    if (width == 4)
        compact(to, rows, 4, validity);
    else if (width == 8)
        compact(to, rows, 8, validity);
    else
        compact(to, rows, 16, validity);
}

void pf_encode_fixed_decimals(const uint8_t *values, size_t count, uint32_t width, uint8_t *to)
{
    for (size_t at = 0; at < count; at++) {
        uint64_t low, high;
        uint8_t bytes[16];

        memcpy(&low, values + at * 16, 8);
        memcpy(&high, values + at * 16 + 8, 8);
        low = __builtin_bswap64(low);
        high = __builtin_bswap64(high);
        memcpy(bytes, &high, 8);
        memcpy(bytes + 8, &low, 8);
        memcpy(to + at * width, bytes + 16 - width, width);
    }
}

/* ---- strings */

size_t pf_text_rows(struct pf_slice_cursor cursor, size_t limit, size_t target, size_t *size)
{
    size_t rows = 0, total = 0;

    while (rows < limit) {
        size_t here = rows_here(&cursor, limit - rows);
        const int32_t *offsets = pf_array_offsets(cursor.slice->array) + cursor.slice->start + cursor.row;
        size_t room = target > total ? target - total : 0;
        size_t fit = here;

        /* Null rows are counted with their 4 bytes: the page then ends a little early, never late. */
        if ((size_t)(offsets[here] - offsets[0]) + here * 4 > room) {
            for (fit = 0; fit < here && (size_t)(offsets[fit + 1] - offsets[0]) + (fit + 1) * 4 <= room;)
                fit++;
            if (rows + fit == 0)
                fit = 1;
        }
        total += (size_t)(offsets[fit] - offsets[0]) + fit * 4;
        rows += fit;
        if (fit < here)
            break;
        advance(&cursor, fit);
    }
    *size = total;
    return rows;
}

/* Copies 16 bytes at a time where both sides have them; the caller's output has 32 bytes to spare. */
INLINE uint8_t *put_text(uint8_t *to, const uint8_t *bytes, uint32_t size, const uint8_t *bytes_end)
{
    memcpy(to, &size, sizeof size);
    to += sizeof size;
    if (size <= 16 && bytes_end - bytes >= 16) {
        memcpy(to, bytes, 16);
    } else if (size <= 32 && bytes_end - bytes >= 32) {
        memcpy(to, bytes, 16);
        memcpy(to + 16, bytes + 16, 16);
    } else if (size > 0) {
        memcpy(to, bytes, size);
    }
    return to + size;
}

static uint8_t *gather_piece(const struct ArrowArray *array, size_t start, size_t rows, uint8_t *to)
{
    const int32_t *offsets = pf_array_offsets(array);
    static const uint8_t nothing[1];
    const uint8_t *bytes = pf_array_bytes(array) ? pf_array_bytes(array) : nothing;
    const uint8_t *bytes_end = bytes + offsets[array->length];
    const uint8_t *validity = array->null_count != 0 ? pf_array_validity(array) : NULL;

    if (!validity) {
        for (size_t row = start; row < start + rows; row++)
            to = put_text(to, bytes + offsets[row], (uint32_t)(offsets[row + 1] - offsets[row]), bytes_end);
        return to;
    }
    for (size_t row = start; row < start + rows; row++) {
        if (pf_bit(validity, (int64_t)row))
            to = put_text(to, bytes + offsets[row], (uint32_t)(offsets[row + 1] - offsets[row]), bytes_end);
    }
    return to;
}

uint8_t *pf_gather_text(struct pf_slice_cursor *cursor, size_t rows, uint8_t *to)
{
    while (rows > 0) {
        size_t here = rows_here(cursor, rows);

        to = gather_piece(cursor->slice->array, (size_t)(cursor->slice->start + cursor->row), here, to);
        advance(cursor, here);
        rows -= here;
    }
    return to;
}
