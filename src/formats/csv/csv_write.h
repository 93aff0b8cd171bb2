/* What the files of the CSV writer share. */
#ifndef PF_FORMATS_CSV_CSV_WRITE_H
#define PF_FORMATS_CSV_CSV_WRITE_H

#include "formats/csv/csv_format.h"

enum {
    CSV_WRITE_SEQUENCE = 8, /* longest delimiter */
    CSV_VALUE_ROOM = 64,    /* no value of fixed size has a longer text */
    CSV_JOB_ROWS = 16384,
    CSV_UNIT_JOBS = 4
};

/* How texts are written; fixed while writing. */
struct csv_style {
    uint8_t delimiter[CSV_WRITE_SEQUENCE];
    uint8_t delimiter_size;
    uint8_t quote;
    uint8_t line_end[2];
    uint8_t line_end_size;
    bool escape_formulas;
    bool quotes_values; /* the delimiter or the quote could stand in a number or a date */
    const uint8_t *null;
    size_t null_size;
};

/* One column of a batch, as the loop over rows needs it. */
struct csv_put_column {
    uint8_t *(*put)(const struct csv_put_column *column, int64_t row,
                    uint8_t *to); /* NULL = text or binary; CSV_VALUE_ROOM bytes */
    const uint8_t *data, *validity;
    const int32_t *offsets;
    const uint8_t *bytes_end; /* of text */
    bool clean;               /* no text of the column needs quotes, except an empty one and the null text */
    bool binary, utc;
    int8_t scale;
};

/* The function for a type; NULL for text and binary. */
uint8_t *(*csv_put_function(enum pf_type type))(const struct csv_put_column *, int64_t, uint8_t *);

/* Formats rows from..to of the batch into out, UTF-8. */
enum pf_status csv_format_rows(const struct csv_style *style, const struct pf_schema *schema, const struct pf_batch *batch,
                               int64_t from, int64_t to, struct pf_buffer *out, struct pf_error *err);
/* One line of texts: the header. */
enum pf_status csv_format_names(const struct csv_style *style, const struct pf_schema *schema, struct pf_buffer *out,
                                struct pf_error *err);

/* ---- other encodings than UTF-8 */

/* Replaces the text, which is UTF-8, by its bytes in the encoding. PF_BAD_DATA names the first character that the encoding
 * does not have; the caller finds its place. */
enum pf_status csv_encode_buffer(const char *encoding, struct pf_buffer *text, struct pf_error *err);
/* Adds row and column of the first text that cannot be encoded to err. first_row: of row from, from 0. */
void csv_find_unencodable(const char *encoding, const struct pf_schema *schema, const struct pf_batch *batch, int64_t from,
                          int64_t to, int64_t first_row, struct pf_error *err);

#endif
