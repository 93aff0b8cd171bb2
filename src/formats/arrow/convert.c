/* Columns of a stream made into ours: offset 0, exact null count, 32-bit offsets, our units. */
#include <string.h>

#include "base/cpu.h"
#include "base/number_core.h"
#include "base/text.h"
#include "formats/arrow/arrow.h"

static enum pf_status fail_row(struct pf_error *err, enum pf_status status, int64_t row, const char *message)
{
    pf_fail(err, status, "%s", message);
    err->row = row + 1;
    return status;
}

/* ---- validity */

/* Copies bits first..first+count-1 to bits from 0 on; those behind the last are 0. */
static void copy_bits(const uint8_t *from, int64_t first, int64_t count, uint8_t *to)
{
    const uint8_t *at = from + (first >> 3);
    unsigned shift = (unsigned)(first & 7);
    int64_t whole = count / 8;

    if (shift == 0) {
        memcpy(to, at, (size_t)whole);
    } else {
        for (int64_t i = 0; i < whole; i++)
            to[i] = (uint8_t)(at[i] >> shift | at[i + 1] << (8 - shift));
    }
    if (count % 8 != 0)
        to[whole] = 0;
    for (int64_t i = whole * 8; i < count; i++) {
        if (pf_bit(from, first + i))
            pf_bit_set(to, i);
    }
}

static int64_t count_bits(const uint8_t *bits, int64_t count)
{
    int64_t sum = 0;

    for (int64_t i = 0; i < (count + 7) / 8; i++)
        sum += __builtin_popcount(bits[i]);
    return sum;
}

/* Which rows of an array have a value; *valid NULL = all have. It is the caller's to change. */
static enum pf_status take_validity(const struct ArrowArray *array, const struct arrow_rows *where, struct pf_arena *arena,
                                    uint8_t **valid, struct pf_error *err)
{
    const uint8_t *bits = array->n_buffers > 0 && array->null_count != 0 ? array->buffers[0] : NULL;
    size_t size = (size_t)((where->count + 7) / 8);

    *valid = NULL;
    if (bits == NULL && where->valid == NULL)
        return PF_OK;
    *valid = pf_arena_alloc(arena, size);
    if (*valid == NULL)
        return pf_fail_memory(err, size);
    if (bits == NULL || where->at != NULL)
        memset(*valid, 0xff, size);
    else
        copy_bits(bits, where->first, where->count, *valid);
    for (size_t i = 0; where->valid != NULL && i < size; i++)
        (*valid)[i] &= where->valid[i];
    for (int64_t i = 0; bits != NULL && where->at != NULL && i < where->count; i++) {
        if (pf_bit(*valid, i) && !pf_bit(bits, where->at[i]))
            pf_bit_clear(*valid, i);
    }
    if (where->count % 8 != 0)
        (*valid)[size - 1] &= (uint8_t)((1u << (where->count % 8)) - 1);
    if (count_bits(*valid, where->count) == where->count)
        *valid = NULL;
    return PF_OK;
}

/* ---- dictionaries */

static int64_t index_at(const void *indexes, char format, int64_t at)
{
    switch (format) {
    case 'c':
        return ((const int8_t *)indexes)[at];
    case 'C':
        return ((const uint8_t *)indexes)[at];
    case 's':
        return ((const int16_t *)indexes)[at];
    case 'S':
        return ((const uint16_t *)indexes)[at];
    case 'i':
        return ((const int32_t *)indexes)[at];
    case 'I':
        return ((const uint32_t *)indexes)[at];
    default:
        /* an unsigned one beyond int64 is negative here, and refused as that */
        return ((const int64_t *)indexes)[at];
    }
}

/* Positions of the rows in the dictionary; what is null there is a null of the row. */
static enum pf_status look_up(const struct arrow_column *column, const struct ArrowArray *array, struct arrow_rows *rows,
                              uint8_t *valid, struct pf_arena *arena, struct pf_error *err)
{
    const struct ArrowArray *dictionary = array->dictionary;
    const uint8_t *known = dictionary->n_buffers > 0 && dictionary->null_count != 0 ? dictionary->buffers[0] : NULL;
    int64_t *at = pf_arena_alloc_zero(arena, (size_t)rows->count, sizeof *at);

    if (valid == NULL) {
        valid = pf_arena_alloc(arena, (size_t)((rows->count + 7) / 8));
        if (valid != NULL)
            memset(valid, 0xff, (size_t)((rows->count + 7) / 8));
    }
    if (at == NULL || valid == NULL)
        return pf_fail_memory(err, (size_t)rows->count * sizeof *at);
    for (int64_t i = 0; i < rows->count; i++) {
        int64_t index;

        if (!pf_bit(valid, i))
            continue;
        index = index_at(array->buffers[1], column->index, arrow_position(rows, i));
        if (index < 0 || index >= dictionary->length)
            return fail_row(err, PF_BAD_DATA, i, "a value is not in the column's dictionary");
        at[i] = dictionary->offset + index;
        if (column->layout == ARROW_NOTHING || (known != NULL && !pf_bit(known, at[i])))
            pf_bit_clear(valid, i);
    }
    rows->values = dictionary;
    rows->at = at;
    rows->valid = valid;
    return PF_OK;
}

static enum pf_status find_rows(const struct arrow_column *column, const struct ArrowArray *array,
                                const struct arrow_rows *where, struct pf_arena *arena, struct arrow_rows *rows,
                                struct pf_error *err)
{
    uint8_t *valid;

    *rows = *where;
    rows->values = array;
    rows->nulls = 0;
    if (column->index == 0 && column->layout == ARROW_NOTHING) {
        rows->valid = pf_arena_alloc_zero(arena, (size_t)((rows->count + 7) / 8), 1);
        rows->nulls = rows->count;
        return rows->valid != NULL ? PF_OK : pf_fail_memory(err, (size_t)rows->count / 8);
    }
    if (take_validity(array, where, arena, &valid, err) != PF_OK)
        return err->status;
    rows->valid = valid;
    if (column->index != 0 && look_up(column, array, rows, valid, arena, err) != PF_OK)
        return err->status;
    for (int64_t i = 0; rows->valid != NULL && i < rows->count; i++)
        rows->nulls += !pf_bit(rows->valid, i);
    if (rows->nulls == 0)
        rows->valid = NULL;
    return PF_OK;
}

/* ---- values of a fixed size */

#define GATHER(type)                                                                                                           \
    do {                                                                                                                       \
        for (int64_t i = 0; i < rows->count; i++)                                                                              \
            ((type *)to)[i] = arrow_is_valid(rows, i) ? ((const type *)from)[arrow_position(rows, i)] : (type){ 0 };           \
    } while (0)

struct sixteen {
    uint64_t low, high;
};

static void copy_same(const struct arrow_rows *rows, uint32_t width, void *to)
{
    const void *from = rows->values->buffers[1];

    if (rows->count == 0)
        return;
    if (rows->at == NULL) {
        memcpy(to, (const uint8_t *)from + rows->first * width, (size_t)rows->count * width);
        return;
    }
    switch (width) {
    case 1:
        GATHER(uint8_t);
        return;
    case 2:
        GATHER(uint16_t);
        return;
    case 4:
        GATHER(uint32_t);
        return;
    case 8:
        GATHER(uint64_t);
        return;
    default:
        GATHER(struct sixteen);
    }
}

static void copy_booleans(const struct arrow_rows *rows, uint8_t *to)
{
    const uint8_t *from = rows->values->buffers[1];

    if (rows->at == NULL) {
        copy_bits(from, rows->first, rows->count, to);
        return;
    }
    for (int64_t i = 0; i < rows->count; i++) {
        if (arrow_is_valid(rows, i) && pf_bit(from, rows->at[i]))
            pf_bit_set(to, i);
    }
}

/* IEEE 754: every float16 is a float32. */
static uint32_t widen_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;

    if (exponent == 31)
        return sign | 0x7f800000 | fraction << 13;
    if (exponent != 0)
        return sign | (exponent + 112) << 23 | fraction << 13;
    if (fraction == 0)
        return sign;
    exponent = 113;
    while ((fraction & 1024) == 0) {
        fraction <<= 1;
        exponent--;
    }
    return sign | exponent << 23 | (fraction & 1023) << 13;
}

static void copy_halves(const struct arrow_rows *rows, uint32_t *to)
{
    const uint16_t *from = rows->values->buffers[1];

    for (int64_t i = 0; i < rows->count; i++)
        to[i] = arrow_is_valid(rows, i) ? widen_half(from[arrow_position(rows, i)]) : 0;
}

static int64_t integer_at(const void *from, uint32_t width, int64_t at)
{
    return width == 4 ? ((const int32_t *)from)[at] : ((const int64_t *)from)[at];
}

static void copy_decimals(const struct arrow_rows *rows, uint32_t width, struct sixteen *to)
{
    for (int64_t i = 0; i < rows->count; i++) {
        int64_t value = arrow_is_valid(rows, i) ? integer_at(rows->values->buffers[1], width, arrow_position(rows, i)) : 0;

        to[i].low = (uint64_t)value;
        to[i].high = value < 0 ? UINT64_MAX : 0;
    }
}

/* DuckDB gives its HUGEINT as decimal(38,0), values of 39 digits included. */
static enum pf_status check_digits(const struct arrow_column *column, const struct arrow_rows *rows,
                                   const struct sixteen *values, struct pf_error *err)
{
    pf_uint128 end = 1;

    for (uint32_t i = 0; i < column->field.precision; i++)
        end *= 10;
    for (int64_t i = 0; i < rows->count; i++) {
        pf_uint128 size = (pf_uint128)values[i].high << 64 | values[i].low;

        if ((values[i].high >> 63) != 0)
            size = -size;
        if (size >= end && arrow_is_valid(rows, i)) {
            pf_fail(err, PF_BAD_DATA, "the value has more digits than decimal(%u,%u) holds", column->field.precision,
                    column->field.scale);
            pf_remedy(err, "make the column text, or a float, before");
            err->row = i + 1;
            return PF_BAD_DATA;
        }
    }
    return PF_OK;
}

/* A value in our unit; false when it has none there. */
static bool change_unit(const struct arrow_column *column, int64_t value, int64_t *out)
{
    if (column->divisor != 0) {
        *out = value / column->divisor;
        return value % column->divisor == 0;
    }
    return !__builtin_mul_overflow(value, column->factor, out);
}

static enum pf_status copy_units(const struct arrow_column *column, const struct arrow_rows *rows, struct ArrowArray *out,
                                 struct pf_error *err)
{
    void *to = (void *)(uintptr_t)out->buffers[1];
    bool narrow = pf_type_width(column->field.type) == sizeof(int32_t);

    for (int64_t i = 0; i < rows->count; i++) {
        int64_t value = 0, changed = 0;

        if (arrow_is_valid(rows, i)) {
            value = integer_at(rows->values->buffers[1], column->width, arrow_position(rows, i));
            if (!change_unit(column, value, &changed) || (narrow && (changed < INT32_MIN || changed > INT32_MAX))) {
                pf_fail(err, PF_BAD_DATA, "%lld %s", (long long)value,
                        narrow                 ? "milliseconds are no whole day"
                        : column->divisor != 0 ? "nanoseconds are no whole number of microseconds"
                                               : "seconds or milliseconds are out of range in microseconds");
                pf_remedy(err,
                          narrow ? "make it a timestamp before" : "round it to microseconds before, or keep it as an integer");
                err->row = i + 1;
                return PF_BAD_DATA;
            }
        }
        if (narrow)
            ((int32_t *)to)[i] = (int32_t)changed;
        else
            ((int64_t *)to)[i] = changed;
    }
    return PF_OK;
}

/* ---- text and bytes */

/* Views of 16 bytes: the size, then up to 12 bytes, or four of them, the buffer and the offset in it. */
struct view {
    int32_t size;
    union {
        uint8_t bytes[12];
        struct {
            uint8_t prefix[4];
            int32_t buffer, offset;
        } far;
    } of;
};

enum { VIEW_NEAR = 12, VIEW_FIRST_BUFFER = 2 };

/* The bytes of a value; NULL when its place makes no sense. */
static const uint8_t *value_at(const struct arrow_column *column, const struct ArrowArray *values, int64_t at, int64_t *size)
{
    const struct view *view;

    switch (column->layout) {
    case ARROW_OFFSETS_32:
        *size = ((const int32_t *)values->buffers[1])[at + 1] - ((const int32_t *)values->buffers[1])[at];
        if (*size <= 0)
            return *size == 0 ? (const uint8_t *)"" : NULL;
        return (const uint8_t *)values->buffers[2] + ((const int32_t *)values->buffers[1])[at];
    case ARROW_OFFSETS_64:
        *size = ((const int64_t *)values->buffers[1])[at + 1] - ((const int64_t *)values->buffers[1])[at];
        if (*size <= 0)
            return *size == 0 ? (const uint8_t *)"" : NULL;
        return (const uint8_t *)values->buffers[2] + ((const int64_t *)values->buffers[1])[at];
    case ARROW_VIEWS:
        view = (const struct view *)values->buffers[1] + at;
        *size = view->size;
        if (view->size >= 0 && view->size <= VIEW_NEAR)
            return view->of.bytes;
        if (view->size < 0 || view->of.far.buffer < 0 || view->of.far.offset < 0 ||
            view->of.far.buffer + VIEW_FIRST_BUFFER >= values->n_buffers - 1)
            return NULL;
        return (const uint8_t *)values->buffers[view->of.far.buffer + VIEW_FIRST_BUFFER] + view->of.far.offset;
    default:
        *size = column->width;
        return (const uint8_t *)values->buffers[1] + at * (int64_t)column->width;
    }
}

/* Text that is not UTF-8 as a whole, or not in each of its values. */
static enum pf_status check_text(const struct ArrowArray *out, struct pf_error *err)
{
    const int32_t *offsets = pf_array_offsets(out);
    const uint8_t *bytes = pf_array_bytes(out);
    size_t total = (size_t)offsets[out->length];
    size_t good = pf_utf8_valid(bytes, total, pf_cpu_features());

    for (int64_t i = 0; i < out->length; i++) {
        size_t start = (size_t)offsets[i], end = (size_t)offsets[i + 1];
        /* a character that goes on in the next value */
        bool cut = end > start && end < total && (bytes[end] & 0xc0) == 0x80;

        if (cut || (good < total && end > good))
            return fail_row(err, PF_BAD_DATA, i, "the text is not valid UTF-8");
    }
    return PF_OK;
}

static enum pf_status copy_text(const struct arrow_column *column, const struct arrow_rows *rows, struct pf_memory *memory,
                                struct ArrowArray *out, struct pf_error *err)
{
    int64_t total = 0, size;
    int32_t *offsets, end = 0;
    uint8_t *bytes;

    for (int64_t i = 0; i < rows->count; i++) {
        if (!arrow_is_valid(rows, i))
            continue;
        if (value_at(column, rows->values, arrow_position(rows, i), &size) == NULL)
            return fail_row(err, PF_BAD_DATA, i, "the place of a value in the Arrow array makes no sense");
        total += size;
        if (total > INT32_MAX)
            return fail_row(err, PF_LIMIT, i, "the values of a block are longer than 2 GiB");
    }
    if (pf_array_new(out, memory, column->field.type, rows->count, total, err) != PF_OK)
        return err->status;
    offsets = (int32_t *)(uintptr_t)out->buffers[1];
    bytes = (uint8_t *)(uintptr_t)out->buffers[2];
    offsets[0] = 0;
    for (int64_t i = 0; i < rows->count; i++) {
        if (arrow_is_valid(rows, i)) {
            const uint8_t *value = value_at(column, rows->values, arrow_position(rows, i), &size);

            memcpy(bytes + end, value, (size_t)size);
            end += (int32_t)size;
        }
        offsets[i + 1] = end;
    }
    return column->field.type == PF_TYPE_STRING ? check_text(out, err) : PF_OK;
}

int64_t arrow_text_size(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows)
{
    const struct ArrowArray *values = column->index != 0 ? array->dictionary : array;
    int64_t sum = 0, count = rows;

    if (pf_type_is_nested(column->field.type))
        return arrow_nested_size(column, array, first, rows);
    if (pf_type_width(column->field.type) != 0 || column->layout == ARROW_NOTHING || column->layout == ARROW_BITS)
        return 0;
    if (column->index != 0) {
        first = values->offset;
        count = values->length;
    }
    if (count == 0)
        return 0;
    if (column->layout == ARROW_OFFSETS_32)
        sum = ((const int32_t *)values->buffers[1])[first + count] - ((const int32_t *)values->buffers[1])[first];
    else if (column->layout == ARROW_OFFSETS_64)
        sum = ((const int64_t *)values->buffers[1])[first + count] - ((const int64_t *)values->buffers[1])[first];
    else if (column->layout == ARROW_FIXED_BYTES)
        sum = count * (int64_t)column->width;
    for (int64_t i = 0; column->layout == ARROW_VIEWS && i < count; i++)
        sum += ((const struct view *)values->buffers[1])[first + i].size;
    return column->index != 0 ? (int64_t)((double)sum / (double)count * (double)rows) : sum;
}

/* ---- columns */

static enum pf_status copy_values(const struct arrow_column *column, const struct arrow_rows *rows, struct ArrowArray *out,
                                  struct pf_error *err)
{
    void *to = (void *)(uintptr_t)out->buffers[1];

    if (column->layout == ARROW_SIGNED)
        return copy_units(column, rows, out, err);
    if (column->layout == ARROW_BITS)
        copy_booleans(rows, to);
    else if (column->layout == ARROW_HALF)
        copy_halves(rows, to);
    else if (column->layout == ARROW_DECIMAL)
        copy_decimals(rows, column->width, to);
    else
        copy_same(rows, column->width, to);
    return column->field.type == PF_TYPE_DECIMAL128 ? check_digits(column, rows, to, err) : PF_OK;
}

static enum pf_status fill(const struct arrow_column *column, const struct arrow_rows *rows, struct pf_arena *arena,
                           struct pf_memory *memory, struct ArrowArray *out, struct pf_error *err)
{
    bool varied = column->field.type == PF_TYPE_STRING || column->field.type == PF_TYPE_BINARY;
    uint8_t *valid;

    if (pf_type_is_nested(column->field.type)) {
        if (arrow_fill_nested(column, rows, arena, memory, out, err) != PF_OK)
            return err->status;
    } else if (varied && copy_text(column, rows, memory, out, err) != PF_OK) {
        return err->status;
    } else if (!varied && (pf_array_new(out, memory, column->field.type, rows->count, 0, err) != PF_OK ||
                           copy_values(column, rows, out, err) != PF_OK)) {
        return err->status;
    }
    if (rows->nulls == 0)
        return PF_OK;
    valid = pf_array_add_validity(out);
    if (valid == NULL)
        return pf_fail_memory(err, (size_t)rows->count / 8);
    memcpy(valid, rows->valid, (size_t)((rows->count + 7) / 8));
    out->null_count = rows->nulls;
    return PF_OK;
}

enum pf_status arrow_convert_rows(const struct arrow_column *column, const struct ArrowArray *array,
                                  const struct arrow_rows *where, struct pf_arena *arena, struct pf_memory *memory,
                                  struct ArrowArray *out, struct pf_error *err)
{
    struct arrow_rows found;

    if (find_rows(column, array, where, arena, &found, err) != PF_OK)
        return err->status;
    if (found.nulls > where->nulls && column->field.required) {
        int64_t row = 0;

        while (arrow_is_valid(&found, row) || !arrow_is_valid(where, row))
            row++;
        return fail_row(err, PF_BAD_DATA, row, "a value is null, and the schema says that none is");
    }
    if (fill(column, &found, arena, memory, out, err) == PF_OK)
        return PF_OK;
    pf_array_free(out);
    return err->status;
}

enum pf_status arrow_convert(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows,
                             struct pf_arena *arena, struct pf_memory *memory, struct ArrowArray *out, struct pf_error *err)
{
    struct arrow_rows where = { .count = rows, .first = first };

    return arrow_convert_rows(column, array, &where, arena, memory, out, err);
}
