/* Inside the Arrow reader: what a column of the stream is, and how its values become ours. */
#ifndef PF_FORMATS_ARROW_ARROW_H
#define PF_FORMATS_ARROW_ARROW_H

#include "formats/arrow/arrow_format.h"

/* How values lie in an array of the stream. */
enum arrow_layout {
    ARROW_NOTHING,    /* type null: no buffers at all */
    ARROW_BITS,       /* booleans */
    ARROW_SAME,       /* width bytes a value, as ours */
    ARROW_HALF,       /* float16, ours is float32 */
    ARROW_SIGNED,     /* integers of width bytes, times factor or divided by divisor; ours is the field's width */
    ARROW_DECIMAL,    /* decimals of width bytes; ours are 16 bytes wide */
    ARROW_OFFSETS_32, /* text and bytes */
    ARROW_OFFSETS_64,
    ARROW_VIEWS,
    ARROW_FIXED_BYTES, /* width bytes a value, ours is binary */
    ARROW_LISTS_32,    /* lists and maps: offsets of the first element, and of the one behind the last */
    ARROW_LISTS_64,
    ARROW_LIST_VIEWS_32, /* offset and size of each */
    ARROW_LIST_VIEWS_64,
    ARROW_FIXED_LISTS, /* width elements each */
    ARROW_STRUCT
};

/* No size is told as more. */
#define ARROW_SIZE_LIMIT (INT64_MAX / 4)

struct arrow_column {
    struct pf_field field;    /* as handed out; its children are those of children */
    enum arrow_layout layout; /* of the values: of the dictionary, where there is one */
    uint32_t width;
    int64_t factor, divisor;       /* ARROW_SIGNED; 0 = not */
    char index;                    /* format of dictionary indexes; 0 = there is no dictionary */
    const char *zone;              /* that is not UTC, in the arena; NULL = none */
    struct arrow_column *children; /* of a nested one: field.child_count of them, in the arena */
};

/* Rows as positions in the array that has the values. */
struct arrow_rows {
    const struct ArrowArray *values;
    int64_t count;
    int64_t first;        /* position of the first row, where at is NULL */
    const int64_t *at;    /* position of each row, anything for a null; in the arena */
    const uint8_t *valid; /* bits from 0, in the arena; NULL = there are no nulls */
    int64_t nulls;
};

static inline int64_t arrow_position(const struct arrow_rows *rows, int64_t row)
{
    return rows->at != NULL ? rows->at[row] : rows->first + row;
}

static inline bool arrow_is_valid(const struct arrow_rows *rows, int64_t row)
{
    return rows->valid == NULL || pf_bit(rows->valid, row);
}

/* What the schema of one column says. PF_UNSUPPORTED names the column; err->column is the caller's. */
enum pf_status arrow_describe(const struct ArrowSchema *schema, struct pf_arena *arena, struct arrow_column *column,
                              struct pf_error *err);

/* Bytes that the rows of a text or nested column have, from row first of the array (its offset included); 0 for others. With a
 * dictionary, and with views of lists: taken to be average ones. Places that make no sense count as nothing;
 * at most ARROW_SIZE_LIMIT. */
int64_t arrow_text_size(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows);
int64_t arrow_nested_size(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows);

/* Makes our column of rows first..first+rows-1 of the array (its offset included). Errors have err->row, from 1. */
enum pf_status arrow_convert(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows,
                             struct pf_arena *arena, struct pf_memory *memory, struct ArrowArray *out, struct pf_error *err);

/* The same of rows that are where tells: positions (offset included), and which of them are null before the array is looked at. */
enum pf_status arrow_convert_rows(const struct arrow_column *column, const struct ArrowArray *array,
                                  const struct arrow_rows *where, struct pf_arena *arena, struct pf_memory *memory,
                                  struct ArrowArray *out, struct pf_error *err);
/* Lists, maps and structs: rows are the column's as they were found, values and nulls included. out is the caller's to free, also after
 * a failure. */
enum pf_status arrow_fill_nested(const struct arrow_column *column, const struct arrow_rows *rows, struct pf_arena *arena,
                                 struct pf_memory *memory, struct ArrowArray *out, struct pf_error *err);

#endif
