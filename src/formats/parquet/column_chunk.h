/* One column chunk: the rows of a column in one row group as bytes that can stand anywhere in a file. */
#ifndef PF_FORMATS_PARQUET_COLUMN_CHUNK_H
#define PF_FORMATS_PARQUET_COLUMN_CHUNK_H

#include "formats/parquet/compress.h"
#include "formats/parquet/encode.h"
#include "formats/parquet/leaf.h"

struct pf_chunk_options {
    enum parquet_codec codec;
    struct pf_compressors *compressors; /* of this codec; borrowed */
    bool dictionary, statistics;
    uint32_t features; /* bits of enum pf_cpu_feature */
};

/* Where a data page stands, for the offset index. */
struct pf_page_place {
    uint32_t size;     /* bytes, header included; offset = those of the pages before, and of the dictionary page */
    int64_t first_row; /* in the row group */
};

/* What the footer tells of a chunk, and what the page index tells of its pages. */
struct pf_chunk_meta {
    enum parquet_codec codec;
    enum parquet_encoding encoding; /* of the data pages; RLE_DICTIONARY: there is a dictionary page */
    uint32_t page_count;            /* data pages */
    uint32_t dictionary_size;       /* bytes of the dictionary page with its header; 0 = none */
    int64_t entries, nulls;         /* rows; of a nested leaf with a level for each empty list besides its elements */
    int64_t size;                   /* bytes in the file */
    int64_t plain_size;             /* the same with pages not compressed */
    struct pf_page_place *places;   /* page_count */
    struct pf_buffer statistics;    /* a Statistics struct; empty = none */
    struct pf_buffer index;         /* a ColumnIndex struct; empty = none */
};

struct pf_column_chunk {
    struct pf_chunk_meta meta;
    struct pf_buffer bytes;
};

/* Encodes a leaf of rows of a column. slices (of the column; rows in all, at least one) are only read. chunk is filled; the caller frees it with
 * pf_column_chunk_free, also after a failure. Any thread. PF_NO_MEMORY; PF_LIMIT: a value too large for a page; PF_INTERNAL: nulls in
 * a required column. The same input gives the same bytes. */
enum pf_status pf_column_chunk_encode(struct pf_column_chunk *chunk, struct pf_memory *memory, const struct pf_leaf *leaf,
                                      const struct pf_slice *slices, int64_t rows, const struct pf_chunk_options *options,
                                      struct pf_error *err);
void pf_column_chunk_free(struct pf_column_chunk *chunk);
void pf_chunk_meta_free(struct pf_chunk_meta *meta, struct pf_memory *memory);

#endif
