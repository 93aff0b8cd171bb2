/* Parquet files made by hand, page by page, right and wrong ones; and the reader run over bytes. */
#ifndef PF_TESTS_SUPPORT_PARQUET_FILE_H
#define PF_TESTS_SUPPORT_PARQUET_FILE_H

#include "formats/format.h"
#include "formats/parquet/read_metadata.h"

struct hand_page {
    int32_t kind; /* enum parquet_page_type */
    int32_t values, encoding;
    const uint8_t *bytes;
    size_t size;
    int32_t level_encoding; /* 0 = RLE */
    int32_t level_size;     /* version 2 */
    int32_t repetition_size;
    int32_t plain_size; /* 0 = size */
    bool not_compressed, has_crc;
    uint32_t crc;
};

/* A schema element under the root; a column with a chunk unless it has children. */
struct hand_column {
    const char *name;
    int32_t type, type_length, repetition;
    int32_t children;  /* the elements that follow belong to it */
    int32_t converted; /* 0 = none, else enum parquet_converted_type + 1 */
    int32_t logical;   /* 0 = none, else a field id of the LogicalType union */
    int32_t scale, precision;
    int32_t unit, bits; /* of the logical type */
    bool utc, is_signed;
    int32_t codec;
    const struct hand_page *pages;
    uint32_t page_count;
    int64_t values; /* 0 = the row group's rows */
    bool elsewhere, encrypted, no_dictionary_offset, with_text_bytes;
};

struct hand_file {
    const struct hand_column *columns;
    uint32_t column_count, top_count; /* top_count 0 = column_count */
    int64_t rows;
    uint32_t groups;   /* the same pages again; 0 = 1 */
    int64_t rows_said; /* in the footer; 0 = the truth */
};

#define HAND_BYTES(...) .bytes = (const uint8_t[]){ __VA_ARGS__ }, .size = sizeof((const uint8_t[]){ __VA_ARGS__ })

/* Fails the test when memory is refused. */
void hand_write(struct pf_buffer *out, const struct hand_file *file);

/* What reading gave: values as text, "1,N;2,a" (rows by ';', nulls 'N', texts as they are, binary in hexadecimal, floats by %g). */
struct hand_outcome {
    enum pf_status status;
    struct pf_error err;
    int64_t rows;
    uint32_t blocks;
    char text[4096]; /* cut off when longer */
};

/* Reads everything from memory; rows of err count from the beginning of the table. columns NULL = all. */
void hand_read(struct pf_context *ctx, const uint8_t *bytes, size_t size, const struct parquet_read_options *options,
               const uint32_t *columns, uint32_t column_count, struct hand_outcome *out);

/* A context without formats. Checked: nothing is in use at the end. */
void hand_context_begin(struct pf_context *ctx);
void hand_context_end(struct pf_context *ctx);

#endif
