/* Ranges of values. The order is the one the column order TYPE_ORDER of the specification stands for: numbers by value, decimals and
 * timestamps as signed integers, strings and binary by unsigned bytes. */
#include "formats/parquet/statistics.h"

#include <math.h>

#include "base/cpu.h"
#include "formats/parquet/thrift_write.h"

#define INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt")))
#endif

/* ---- numbers. Unsigned integers are compared as signed ones with the top bit turned over; in a bound they are sign-extended, which
 * keeps their order. */

INLINE void range4(const uint8_t *values, size_t count, int32_t turn, struct pf_range *range)
{
    int32_t low = INT32_MAX, high = INT32_MIN;

    for (size_t at = 0; at < count; at++) {
        int32_t value;

        memcpy(&value, values + at * sizeof value, sizeof value);
        value ^= turn;
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    range->min.integer = low ^ turn;
    range->max.integer = high ^ turn;
}

INLINE void range8(const uint8_t *values, size_t count, int64_t turn, struct pf_range *range)
{
    int64_t low = INT64_MAX, high = INT64_MIN;

    for (size_t at = 0; at < count; at++) {
        int64_t value;

        memcpy(&value, values + at * sizeof value, sizeof value);
        value ^= turn;
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    range->min.integer = low ^ turn;
    range->max.integer = high ^ turn;
}

enum { LANES = 16 };

/* LANES floats as doubles; where there are fewer, NaN fills up. */
INLINE void load_reals(const uint8_t *values, size_t count, size_t width, double *out)
{
    float narrow[LANES];

    if (count < LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            out[lane] = (double)NAN;
            narrow[lane] = NAN;
        }
    } else {
        count = LANES;
    }
    if (width == 8) {
        memcpy(out, values, count * 8);
        return;
    }
    memcpy(narrow, values, count * 4);
    for (size_t lane = 0; lane < LANES; lane++)
        out[lane] = (double)narrow[lane];
}

/* A comparison with NaN is false, so NaN never becomes a bound. Lanes of their own let the compiler use vectors, which it may not do
 * with a single running minimum of floats. */
INLINE void real_range(const uint8_t *values, size_t count, size_t width, struct pf_range *range)
{
    double low[LANES], high[LANES];

    for (size_t lane = 0; lane < LANES; lane++) {
        low[lane] = (double)INFINITY;
        high[lane] = -(double)INFINITY;
    }
    for (size_t at = 0; at < count; at += LANES) {
        double block[LANES];

        load_reals(values + at * width, count - at, width, block);
        for (size_t lane = 0; lane < LANES; lane++)
            low[lane] = block[lane] < low[lane] ? block[lane] : low[lane];
        for (size_t lane = 0; lane < LANES; lane++)
            high[lane] = block[lane] > high[lane] ? block[lane] : high[lane];
    }
    for (size_t lane = 1; lane < LANES; lane++) {
        low[0] = low[lane] < low[0] ? low[lane] : low[0];
        high[0] = high[lane] > high[0] ? high[lane] : high[0];
    }
    range->min.real = low[0];
    range->max.real = high[0];
    range->any = low[0] <= high[0];
}

INLINE void number_range(const struct pf_leaf *leaf, const uint8_t *values, size_t count, struct pf_range *range)
{
    bool is_unsigned = leaf->order == PF_ORDER_UNSIGNED;

    range->any = true;
    if (leaf->order == PF_ORDER_REAL && leaf->width == 8)
        real_range(values, count, 8, range);
    else if (leaf->order == PF_ORDER_REAL)
        real_range(values, count, 4, range);
    else if (leaf->width == 8)
        range8(values, count, is_unsigned ? INT64_MIN : 0, range);
    else
        range4(values, count, is_unsigned ? INT32_MIN : 0, range);
}

#if defined(__x86_64__)
AVX2 static void number_range_avx2(const struct pf_leaf *leaf, const uint8_t *values, size_t count, struct pf_range *range)
{
    number_range(leaf, values, count, range);
}
#endif

static void number_range_plain(const struct pf_leaf *leaf, const uint8_t *values, size_t count, struct pf_range *range)
{
    number_range(leaf, values, count, range);
}

static void wide_range(const uint8_t *values, size_t count, struct pf_range *range)
{
    memcpy(&range->min.wide, values, 16);
    range->max.wide = range->min.wide;
    for (size_t at = 1; at < count; at++) {
        pf_int128 value;

        memcpy(&value, values + at * 16, 16);
        range->min.wide = value < range->min.wide ? value : range->min.wide;
        range->max.wide = value > range->max.wide ? value : range->max.wide;
    }
    range->any = true;
}

struct pf_range pf_range_of(const struct pf_leaf *leaf, const uint8_t *values, size_t count, uint32_t features)
{
    struct pf_range range = { .any = false };

    if (count == 0)
        return range;
    if (leaf->order == PF_ORDER_BITS) {
        size_t ones = pf_bits_count(values, count);

        range.any = true;
        range.min.integer = ones == count;
        range.max.integer = ones > 0;
    } else if (leaf->order == PF_ORDER_WIDE) {
        wide_range(values, count, &range);
#if defined(__x86_64__)
    } else if (features & PF_CPU_AVX2) {
        number_range_avx2(leaf, values, count, &range);
#endif
    } else {
        number_range_plain(leaf, values, count, &range);
    }
    (void)features;
    return range;
}

/* ---- text */

static int compare_text(struct pf_text_view a, struct pf_text_view b)
{
    uint32_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.bytes, b.bytes, common) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* The first 8 bytes as a number in the same order; what is missing counts as zero. */
INLINE uint64_t prefix_of(struct pf_text_view text, const uint8_t *bytes_end)
{
    uint64_t word = 0;

    if (text.size == 0)
        return 0;
    if (bytes_end - text.bytes >= 8) {
        memcpy(&word, text.bytes, 8);
        word = __builtin_bswap64(word);
        return text.size >= 8 ? word : word & ~(UINT64_MAX >> (8 * text.size));
    }
    memcpy(&word, text.bytes, text.size < 8 ? text.size : 8);
    return __builtin_bswap64(word);
}

/* min and max with their prefixes, so that most strings cost two comparisons of numbers. */
struct text_range {
    struct pf_text_view min, max;
    uint64_t min_prefix, max_prefix;
    bool any;
};

INLINE void text_range_add(struct text_range *range, struct pf_text_view text, uint64_t prefix)
{
    if (!range->any) {
        *range = (struct text_range){ .min = text, .max = text, .min_prefix = prefix, .max_prefix = prefix, .any = true };
        return;
    }
    if (prefix <= range->min_prefix && (prefix < range->min_prefix || compare_text(text, range->min) < 0)) {
        range->min = text;
        range->min_prefix = prefix;
    }
    if (prefix >= range->max_prefix && (prefix > range->max_prefix || compare_text(text, range->max) > 0)) {
        range->max = text;
        range->max_prefix = prefix;
    }
}

static void text_range_piece(struct text_range *range, const struct ArrowArray *array, size_t start, size_t rows)
{
    static const uint8_t nothing[1];
    const int32_t *offsets = pf_array_offsets(array);
    const uint8_t *bytes = pf_array_bytes(array) ? pf_array_bytes(array) : nothing;
    const uint8_t *bytes_end = bytes + offsets[array->length];
    const uint8_t *validity = array->null_count != 0 ? pf_array_validity(array) : NULL;
    struct text_range local = *range;

    for (size_t row = start; row < start + rows; row++) {
        struct pf_text_view text = { bytes + offsets[row], (uint32_t)(offsets[row + 1] - offsets[row]) };

        if (!validity || pf_bit(validity, (int64_t)row))
            text_range_add(&local, text, prefix_of(text, bytes_end));
    }
    *range = local;
}

struct pf_range pf_range_of_text(struct pf_slice_cursor cursor, size_t rows)
{
    struct text_range found = { .any = false };
    struct pf_range range = { .any = false };

    while (rows > 0) {
        size_t left = (size_t)(cursor.slice->rows - cursor.row);
        size_t here = rows < left ? rows : left;

        text_range_piece(&found, cursor.slice->array, (size_t)(cursor.slice->start + cursor.row), here);
        pf_slice_skip(&cursor, (int64_t)here);
        rows -= here;
    }
    if (found.any) {
        range.any = true;
        range.min.text = found.min;
        range.max.text = found.max;
    }
    return range;
}

void pf_range_add_text(struct pf_range *into, struct pf_text_view text)
{
    if (!into->any) {
        into->any = true;
        into->min.text = into->max.text = text;
        return;
    }
    if (compare_text(text, into->min.text) < 0)
        into->min.text = text;
    if (compare_text(text, into->max.text) > 0)
        into->max.text = text;
}

/* ---- ranges of ranges */

int pf_bound_compare(const struct pf_leaf *leaf, const union pf_bound *a, const union pf_bound *b)
{
    switch (leaf->order) {
    case PF_ORDER_REAL:
        return (a->real > b->real) - (a->real < b->real);
    case PF_ORDER_WIDE:
        return (a->wide > b->wide) - (a->wide < b->wide);
    case PF_ORDER_TEXT:
        return compare_text(a->text, b->text);
    case PF_ORDER_UNSIGNED:
        return ((uint64_t)a->integer > (uint64_t)b->integer) - ((uint64_t)a->integer < (uint64_t)b->integer);
    case PF_ORDER_BITS:
    case PF_ORDER_SIGNED:
        break;
    }
    return (a->integer > b->integer) - (a->integer < b->integer);
}

void pf_range_merge(const struct pf_leaf *leaf, struct pf_range *into, const struct pf_range *from)
{
    if (!from->any)
        return;
    if (!into->any) {
        *into = *from;
        return;
    }
    if (pf_bound_compare(leaf, &from->min, &into->min) < 0)
        into->min = from->min;
    if (pf_bound_compare(leaf, &from->max, &into->max) > 0)
        into->max = from->max;
}

/* ---- as stored */

/* A number in PLAIN. Of the two zeros the minimum is -0 and the maximum +0, whichever occurred: readers must not be misled. */
static void store_number(const struct pf_leaf *leaf, union pf_bound bound, bool is_max, struct pf_stored_bound *out)
{
    out->size = leaf->order == PF_ORDER_BITS ? 1 : leaf->stored;
    out->exact = true;
    out->known = true;
    if (leaf->order == PF_ORDER_WIDE) {
        pf_encode_fixed_decimals((const uint8_t *)&bound.wide, 1, leaf->stored, out->bytes);
        return;
    }
    if (leaf->order != PF_ORDER_REAL) {
        memcpy(out->bytes, &bound.integer, out->size);
        return;
    }
    if (!(bound.real < 0 || bound.real > 0))
        bound.real = is_max ? 0.0 : -0.0;
    if (leaf->width == 8) {
        memcpy(out->bytes, &bound.real, 8);
    } else {
        float narrow = (float)bound.real;

        memcpy(out->bytes, &narrow, 4);
    }
}

/* Bytes of the longest start of text that is at most PF_BOUND_SIZE long and cuts no UTF-8 sequence. */
static uint32_t whole_characters(const struct pf_leaf *leaf, struct pf_text_view text)
{
    uint32_t size = PF_BOUND_SIZE;

    if (leaf->field->type == PF_TYPE_STRING) {
        while (size > PF_BOUND_SIZE - 4 && (text.bytes[size] & 0xc0) == 0x80)
            size--;
    }
    return size;
}

void pf_store_min(const struct pf_leaf *leaf, const struct pf_range *range, struct pf_stored_bound *out)
{
    struct pf_text_view text = range->min.text;

    if (leaf->order != PF_ORDER_TEXT) {
        store_number(leaf, range->min, false, out);
        return;
    }
    out->known = true;
    out->exact = text.size <= PF_BOUND_SIZE;
    out->size = out->exact ? text.size : whole_characters(leaf, text);
    memcpy(out->bytes, text.bytes, out->size);
}

/* Raises the last byte that can be raised and drops what follows. 0 = none can. */
static uint32_t raise_bytes(uint8_t *bytes, uint32_t size)
{
    while (size > 0 && bytes[size - 1] == 0xff)
        size--;
    if (size > 0)
        bytes[size - 1]++;
    return size;
}

static uint32_t decode_character(const uint8_t *bytes, uint32_t size)
{
    uint32_t code = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);

    for (uint32_t at = 1; at < size; at++)
        code = code << 6 | (bytes[at] & 0x3f);
    return code;
}

static void encode_character(uint8_t *bytes, uint32_t code, uint32_t size)
{
    static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

    for (uint32_t at = size - 1; at > 0; at--, code >>= 6)
        bytes[at] = (uint8_t)(0x80 | (code & 0x3f));
    bytes[0] = (uint8_t)(lead[size] | code);
}

/* The same by whole characters, so that the result is UTF-8 again. Only raised within its length in bytes: the last characters of a
 * length are rare, and the one before is raised instead. */
static uint32_t raise_characters(uint8_t *bytes, uint32_t size)
{
    static const uint32_t last_of[] = { 0, 0x7f, 0x7ff, 0xffff, 0x10ffff };

    while (size > 0) {
        uint32_t begin = size - 1, length, code;

        while (begin > 0 && (bytes[begin] & 0xc0) == 0x80)
            begin--;
        length = size - begin;
        if (length > 4)
            return 0;
        code = decode_character(bytes + begin, length);
        if (code < last_of[length]) {
            encode_character(bytes + begin, code == 0xd7ff ? 0xe000 : code + 1, length);
            return size;
        }
        size = begin;
    }
    return 0;
}

void pf_store_max(const struct pf_leaf *leaf, const struct pf_range *range, struct pf_stored_bound *out)
{
    struct pf_text_view text = range->max.text;

    if (leaf->order != PF_ORDER_TEXT) {
        store_number(leaf, range->max, true, out);
        return;
    }
    out->exact = text.size <= PF_BOUND_SIZE;
    out->size = out->exact ? text.size : whole_characters(leaf, text);
    memcpy(out->bytes, text.bytes, out->size);
    if (!out->exact && leaf->field->type == PF_TYPE_STRING)
        out->size = raise_characters(out->bytes, out->size);
    else if (!out->exact)
        out->size = raise_bytes(out->bytes, out->size);
    out->known = out->exact || out->size > 0;
}

bool pf_statistics_write(const struct pf_leaf *leaf, const struct pf_range *range, int64_t nulls, struct pf_buffer *out)
{
    struct pf_thrift_writer thrift;
    struct pf_stored_bound min = { .known = false }, max = { .known = false };

    if (range->any) {
        pf_store_min(leaf, range, &min);
        pf_store_max(leaf, range, &max);
    }
    pf_thrift_put_begin(&thrift, out);
    pf_thrift_put_i64(&thrift, STATISTICS_NULL_COUNT, nulls);
    if (max.known)
        pf_thrift_put_binary(&thrift, STATISTICS_MAX_VALUE, max.bytes, max.size);
    if (min.known)
        pf_thrift_put_binary(&thrift, STATISTICS_MIN_VALUE, min.bytes, min.size);
    if (max.known)
        pf_thrift_put_bool(&thrift, STATISTICS_IS_MAX_VALUE_EXACT, max.exact);
    if (min.known)
        pf_thrift_put_bool(&thrift, STATISTICS_IS_MIN_VALUE_EXACT, min.exact);
    pf_thrift_put_end(&thrift);
    return !thrift.failed;
}
