/* Decoding: a range of rows of one column chunk to an Arrow array. */
#ifndef PF_FORMATS_PARQUET_READ_COLUMN_H
#define PF_FORMATS_PARQUET_READ_COLUMN_H

#include "arrow/array.h"
#include "formats/parquet/read_load.h"

/* Working memory of one decode call. One thread. */
struct parquet_decoder {
    struct parquet_loader loader;
    uint32_t cpu_features;
    struct parquet_scratch plain;    /* a data page, decompressed */
    struct parquet_scratch physical; /* values before they are converted */
    struct parquet_scratch ends;     /* of byte arrays that become something else */
    struct parquet_scratch bools;    /* a byte a row */
    struct pf_buffer text;           /* byte arrays that become something else */
    struct parquet_scratch dictionary_plain, dictionary_values, dictionary_ends, dictionary_faults;
    struct pf_buffer dictionary_text;
};

void parquet_decoder_init(struct parquet_decoder *decoder, struct pf_context *ctx, const struct pf_source *src,
                          uint32_t cpu_features);
void parquet_decoder_free(struct parquet_decoder *decoder);

/* Decodes rows first_row.. of the row group (rows >= 1) into out, which the caller releases; after a failure it is released. err->row
 * counts from 1 in these rows, err->offset is the page's. */
enum pf_status parquet_decode_column(struct parquet_decoder *decoder, const struct parquet_column *column,
                                     const struct parquet_chunk *chunk, const struct parquet_pages *pages, int64_t first_row,
                                     int64_t rows, struct ArrowArray *out, struct pf_error *err);

/* ---- between read_column.c and read_dictionary.c */

/* The dictionary of a chunk in the form of the column's type. Entries that the type cannot hold are an error only where a row uses
 * them. */
struct parquet_dictionary {
    struct pf_dictionary values;
    const uint8_t *faults;   /* a byte an entry: 1 = cannot be held; NULL = all can */
    const uint8_t *physical; /* entries as stored; of text and varying decimals: bytes with physical_ends */
    const int32_t *physical_ends;
};

enum pf_status parquet_load_dictionary(struct parquet_decoder *decoder, const struct parquet_column *column, int32_t codec,
                                       const struct parquet_pages *pages, struct parquet_dictionary *out, struct pf_error *err);
/* Fills err for an entry whose fault byte is set. */
enum pf_status parquet_dictionary_fault(const struct parquet_column *column, const struct parquet_dictionary *dictionary,
                                        uint32_t index, struct pf_error *err);

static inline bool parquet_is_text(const struct parquet_column *column)
{
    return column->field.type == PF_TYPE_STRING || column->field.type == PF_TYPE_BINARY;
}
/* Index of the first of count texts that is not UTF-8 on its own, or count. Text i is bytes ends[i-1]..ends[i]. */
size_t parquet_first_invalid(const uint8_t *bytes, const int32_t *ends, size_t count, uint32_t cpu_features);
/* Bytes of an array's value where it is decoded to: a boolean takes one. */
static inline size_t parquet_value_width(const struct parquet_column *column)
{
    return column->field.type == PF_TYPE_BOOL ? 1 : pf_type_width(column->field.type);
}

#endif
