/* Columns and record batches in Arrow layout.
 *
 * Inside the library a column is a struct ArrowArray with offset 0 and null_count exact. Buffers: validity (NULL = no nulls;
 * bit 0 of byte 0 is row 0), then data; string and binary: validity, int32 offsets (rows + 1), bytes. Booleans are bits.
 *
 * Nested columns: a list or map has validity, int32 offsets (rows + 1, the first 0) and one child with a row for each element; a struct
 * has validity and children with as many rows as itself. Beyond what Arrow asks, nothing lies under a null: a list that is null is
 * empty, and where a struct is null its children are. So the rows of a range, and of all that is in it, are ranges. */
#ifndef PF_ARROW_ARRAY_H
#define PF_ARROW_ARRAY_H

#include "arrow/schema.h"
#include "base/memory.h"
#include "pyforge/arrow_abi.h"

/* Makes a column of rows values with uninitialised data and no validity bitmap: fixed-size types get their data buffer,
 * booleans a zeroed one, string and binary the offsets and bytes bytes of text. The caller releases it with pf_array_free. */
enum pf_status pf_array_new(struct ArrowArray *out, struct pf_memory *memory, enum pf_type type, int64_t rows, int64_t bytes,
                            struct pf_error *err);
/* Makes a nested column of rows rows, its offsets (of a list or map) not filled in but for the first. Its count children are still to be
 * made: they are released with it, once they are. */
enum pf_status pf_array_new_nested(struct ArrowArray *out, struct pf_memory *memory, enum pf_type type, int64_t rows,
                                   uint32_t count, struct pf_error *err);
/* Adds a validity bitmap in which every row is valid. NULL = refused. Setting null_count is the caller's. */
uint8_t *pf_array_add_validity(struct ArrowArray *array);
/* Releases and marks as released. Also for an array that was never made (release NULL). */
void pf_array_free(struct ArrowArray *array);

static inline bool pf_bit(const uint8_t *bits, int64_t at)
{
    return (bits[at >> 3] >> (at & 7)) & 1;
}
static inline void pf_bit_clear(uint8_t *bits, int64_t at)
{
    bits[at >> 3] &= (uint8_t) ~(1u << (at & 7));
}
static inline void pf_bit_set(uint8_t *bits, int64_t at)
{
    bits[at >> 3] |= (uint8_t)(1u << (at & 7));
}
static inline const uint8_t *pf_array_validity(const struct ArrowArray *array)
{
    return array->buffers[0];
}
static inline const void *pf_array_data(const struct ArrowArray *array)
{
    return array->buffers[1];
}
static inline const int32_t *pf_array_offsets(const struct ArrowArray *array)
{
    return array->buffers[1];
}
static inline const uint8_t *pf_array_bytes(const struct ArrowArray *array)
{
    return array->buffers[2];
}
/* Puts a buffer of the same memory (or NULL) in the place of one; from now on it is the array's. Returns the old one, which is the
 * caller's to free. */
static inline void *pf_array_swap_buffer(struct ArrowArray *array, uint32_t index, void *buffer)
{
    void *old = (void *)(uintptr_t)array->buffers[index];

    array->buffers[index] = buffer;
    return old;
}
/* Bytes that rows first..first + rows - 1 and all that is in them take (for row-group borders): data and offsets, without
 * validity. */
int64_t pf_array_size(const struct ArrowArray *array, const struct pf_field *field, int64_t first, int64_t rows);

/* ---- record batch: rows held column by column. columns[i].release == NULL: the column is absent (see pf_writer.add). */
struct pf_batch {
    int64_t rows;
    uint32_t column_count;
    struct ArrowArray *columns;
    struct pf_memory *memory;
};

enum pf_status pf_batch_new(struct pf_batch *out, struct pf_memory *memory, int64_t rows, uint32_t columns,
                            struct pf_error *err);
void pf_batch_free(struct pf_batch *batch);
/* Gives the batch away as one Arrow struct array (children in order, none absent); batch is empty afterwards. The array is not
 * counted any more, and may be released by any thread, also when the memory of the batch is gone. */
enum pf_status pf_batch_export(struct pf_batch *batch, struct ArrowArray *out, struct pf_error *err);

/* ---- text column: values of a column before they have a type; views into a block's bytes, no copies */
enum pf_text_kind {
    PF_TEXT_NULL, /* no value; size 0 */
    PF_TEXT_PLAIN,
    PF_TEXT_QUOTED, /* stood in quotes: an empty one is an empty string, never null */
    PF_TEXT_CELL, /* the source says it is text: it is of no other type, whatever it looks like; an empty one is an empty string */
    PF_TEXT_ERROR /* the source says it is no value (#N/A): null in a column with a type, its text in one of text */
};

/* How numbers are written where that is not the plain way, a point and no groups. */
struct pf_number_form {
    uint8_t decimal;        /* the byte before the fraction */
    uint8_t thousands[4];   /* between groups of three digits */
    uint8_t thousands_size; /* 0 = no groups */
};

struct pf_text_column {
    const uint8_t *bytes;                 /* readable 32 bytes past the last value */
    const uint32_t *offset;               /* per row, into bytes */
    const uint32_t *size;                 /* per row */
    const uint8_t *kind;                  /* per row: enum pf_text_kind */
    int64_t nulls;                        /* rows of kind PF_TEXT_NULL */
    int64_t total;                        /* sum of size */
    int64_t marked;                       /* rows of kind PF_TEXT_CELL or PF_TEXT_ERROR */
    const struct pf_number_form *numbers; /* NULL = plain */
    bool
        cells; /* of a sheet: 2024-01-31 may as well be a timestamp at midnight, 10:20:30 is a time, and a number is a double of which
                   15 digits are shown */
};

#endif
