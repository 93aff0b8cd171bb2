/* The end of a Parquet file: page indexes and the footer, from what is recorded of each row group. */
#ifndef PF_FORMATS_PARQUET_FOOTER_H
#define PF_FORMATS_PARQUET_FOOTER_H

#include "formats/parquet/column_chunk.h"
#include "storage/storage.h"

/* What is kept of a column chunk once it is written. */
struct pf_chunk_record {
    int64_t offset; /* in the file; -1 = left out */
    int64_t size, plain_size, entries, nulls;
    uint32_t dictionary_size, page_count;
    uint32_t statistics_size, index_size;
    uint8_t codec, encoding;
    /* statistics_size + index_size bytes, then page_count struct pf_page_place, unaligned; the places and the index only when there
     * are several pages. In the footer's arena. */
    const uint8_t *kept;
};

struct pf_row_group_record {
    int64_t rows;
    struct pf_chunk_record *chunks; /* one a leaf, in the arena */
};

struct pf_key_value {
    const char *key, *value;
};

struct pf_footer {
    struct pf_memory *memory;
    struct pf_arena arena;
    const struct pf_schema *schema;
    const struct pf_leaf *leaves;
    uint32_t leaf_count;
    struct pf_row_group_record *groups;
    size_t group_count, group_capacity;
    const struct pf_key_value *pairs; /* key-value metadata of the file */
    uint32_t pair_count;
};

/* schema and leaves (of all its columns) are borrowed. */
void pf_footer_init(struct pf_footer *footer, struct pf_memory *memory, const struct pf_schema *schema,
                    const struct pf_leaf *leaves, uint32_t leaf_count);
void pf_footer_free(struct pf_footer *footer);
/* A further row group, all of its chunks left out for now. */
enum pf_status pf_footer_add_group(struct pf_footer *footer, int64_t rows, struct pf_error *err);
/* Records a chunk written at offset, in place of what was recorded before. */
enum pf_status pf_footer_set_chunk(struct pf_footer *footer, size_t group, uint32_t leaf, const struct pf_chunk_meta *meta,
                                   int64_t offset, struct pf_error *err);
/* Writes page indexes, footer and closing magic. PF_INTERNAL: a chunk was left out. */
enum pf_status pf_footer_write(const struct pf_footer *footer, struct pf_sink *sink, struct pf_error *err);

#endif
