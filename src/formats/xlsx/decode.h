/* What the files of decoding share. */
#ifndef PF_FORMATS_XLSX_DECODE_H
#define PF_FORMATS_XLSX_DECODE_H

#include "formats/xlsx/xlsx.h"

enum {
    /* kinds of values while a block is decoded, besides enum pf_text_kind: */
    XLSX_SHARED = 16,   /* the offset is the number of a shared string */
    XLSX_ELSEWHERE = 17 /* the offset is a place in the list of texts that found no room in the block */
};

/* Columns of the pass, in one piece a column: offsets, sizes, kinds of stride rows. */
struct xlsx_columns {
    uint8_t *base;
    size_t stride, piece; /* rows; bytes from one column to the next */
    uint32_t count;
};

struct xlsx_other {
    const uint8_t *text;
    uint32_t size;
    uint8_t kind; /* enum pf_text_kind */
};

/* What a cell's tag says. */
enum xlsx_cell_type { XLSX_T_NUMBER, XLSX_T_SHARED, XLSX_T_TEXT, XLSX_T_INLINE, XLSX_T_BOOL, XLSX_T_ERROR, XLSX_T_DATE };

struct xlsx_cell {
    uint32_t column;
    enum xlsx_cell_type type;
    uint32_t style; /* enum pf_xlsx_kind */
    uint8_t *begin; /* of its element, all of which may be overwritten once its value was taken */
    bool formula;
};

struct xlsx_decode {
    const struct xlsx_reader *reader;
    struct pf_arena *arena;
    struct pf_decoded *out;
    struct pf_error *err;
    const int32_t *slot;
    struct xlsx_columns columns;
    struct xlsx_cursor cursor;
    uint8_t *used;       /* a byte a column of the sheet: has a value; NULL = not asked for */
    uint64_t *row_place; /* per row kept */
    uint8_t *mixed;      /* a byte a column of the pass: has values outside the block */
    struct xlsx_other *others;
    uint32_t other_count, other_room;
    bool drop_blank;

    uint32_t first, rows;        /* of the rows given */
    uint32_t expected;           /* number of the next row that does not say its own */
    int64_t put_row;             /* where the row under way goes; -1 = it is not given */
    uint32_t row;                /* its number */
    uint32_t next_given;         /* first row that was not given yet */
    uint32_t next_column;        /* of a cell that does not say its own */
    uint64_t row_word, row_mask; /* its number as text with a quote behind it, as 8 bytes */
    bool valued;                 /* the row has a value */
};

static inline uint32_t *xlsx_offsets(const struct xlsx_columns *columns, uint32_t column)
{
    return (uint32_t *)(void *)(columns->base + columns->piece * column);
}
static inline uint32_t *xlsx_sizes(const struct xlsx_columns *columns, uint32_t column)
{
    return xlsx_offsets(columns, column) + columns->stride;
}
static inline uint8_t *xlsx_kinds(const struct xlsx_columns *columns, uint32_t column)
{
    return (uint8_t *)(xlsx_sizes(columns, column) + columns->stride);
}

/* An error that names the cell. */
bool xlsx_fail_cell(struct xlsx_decode *decode, const struct xlsx_cell *cell, const char *what);
/* A value that has no place in the columns; marks it, and checks the rest. false = an error. */
bool xlsx_put_unplaced(struct xlsx_decode *decode, uint32_t column, int32_t slot);

/* Puts a value into its column. text lies in the block, unless kind is of those above: then offset says where. false = an error. */
static inline bool xlsx_put(struct xlsx_decode *decode, const struct xlsx_cell *cell, uint32_t offset, uint32_t size,
                            uint8_t kind)
{
    const int32_t slot = decode->slot[cell->column];
    uint8_t *kinds;

    if (decode->put_row < 0)
        return true;
    if (slot < 0)
        return xlsx_put_unplaced(decode, cell->column, slot);
    decode->valued = true;
    kinds = xlsx_kinds(&decode->columns, (uint32_t)slot);
    if (__builtin_expect(kinds[decode->put_row] != PF_TEXT_NULL, 0))
        return xlsx_fail_cell(decode, cell, "the cell occurs twice");
    xlsx_offsets(&decode->columns, (uint32_t)slot)[decode->put_row] = offset;
    xlsx_sizes(&decode->columns, (uint32_t)slot)[decode->put_row] = size;
    kinds[decode->put_row] = kind;
    return true;
}

/* A number as it stands in the file, or the date it is by its style. end: of the bytes of the cell, which may be overwritten. */
bool xlsx_put_number(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, size_t size,
                     const uint8_t *end);
/* A shared string, by its number as text. */
bool xlsx_put_shared(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, size_t size);
/* Any value that stood in <v>. */
bool xlsx_put_value(struct xlsx_decode *decode, const struct xlsx_cell *cell, uint8_t *text, size_t size, const uint8_t *end);
/* A text that lies elsewhere, for values of kind XLSX_ELSEWHERE, whose offset is *place. false = an error. */
bool xlsx_add_other(struct xlsx_decode *decode, const uint8_t *text, uint32_t size, uint8_t kind, uint32_t *place);
/* Puts the values of merged ranges into their cells, once all rows of the block are decoded. false = an error. */
bool xlsx_merged_fill(struct xlsx_decode *decode);
/* Texts of 1.0.9, in place: of a date, time or timestamp, and of a number as it was printed. text has room for PF_XLSX_SERIAL_SIZE bytes
 * more. They give the new size. */
size_t xlsx_compat_text(enum pf_xlsx_kind kind, char *text, size_t size);
size_t xlsx_compat_number(enum pf_xlsx_kind kind, double value, char *text, size_t size);
/* One cell by the careful way: the cursor stands at its tag, or at something else between cells. *closed: it was the end of the row. */
bool xlsx_take_cell(struct xlsx_decode *decode, bool *closed);

#endif
