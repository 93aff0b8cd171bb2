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
    ARROW_FIXED_BYTES /* width bytes a value, ours is binary */
};

struct arrow_column {
    struct pf_field field;    /* as handed out */
    enum arrow_layout layout; /* of the values: of the dictionary, where there is one */
    uint32_t width;
    int64_t factor, divisor; /* ARROW_SIGNED; 0 = not */
    char index;              /* format of dictionary indexes; 0 = there is no dictionary */
    const char *zone;        /* that is not UTC, in the arena; NULL = none */
};

/* What the schema of one column says. PF_UNSUPPORTED names the column; err->column is the caller's. */
enum pf_status arrow_describe(const struct ArrowSchema *schema, struct pf_arena *arena, struct arrow_column *column,
                              struct pf_error *err);

/* Bytes that the rows of a text column have, from row first of the array (its offset included); 0 for others. With a
 * dictionary: taken to be average ones. */
int64_t arrow_text_size(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows);

/* Makes our column of rows first..first+rows-1 of the array (its offset included). Errors have err->row, from 1. */
enum pf_status arrow_convert(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows,
                             struct pf_arena *arena, struct pf_memory *memory, struct ArrowArray *out, struct pf_error *err);

#endif
