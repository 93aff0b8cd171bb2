/* Pages of a row group: where each begins, which rows it holds, how it is stored. Found by reading page headers only.
 *
 * With this table any range of rows of a row group can be decoded on its own, by any thread, so that a block need not be a whole
 * row group (docs/design/parquet-reader.md). */
#ifndef PF_FORMATS_PARQUET_READ_PAGES_H
#define PF_FORMATS_PARQUET_READ_PAGES_H

#include <stdatomic.h>

#include "formats/parquet/read_metadata.h"
#include "storage/storage.h"

/* A page, dictionary or data. Sizes and counts are checked: not negative, inside the column chunk. */
struct parquet_page {
    int64_t offset;           /* in the file, of the first byte after the header */
    int64_t first_row;        /* in the row group; of a dictionary page 0 */
    int32_t size, plain_size; /* as stored, decompressed */
    int32_t values;           /* rows with nulls, or entries of the dictionary */
    int32_t level_size;       /* v2: bytes of definition levels, stored plainly in front */
    uint32_t crc;
    int16_t encoding, level_encoding;
    bool version_2, compressed, has_crc;
};

struct parquet_pages {
    struct parquet_page dictionary;
    bool has_dictionary;
    struct pf_buffer data; /* struct parquet_page, ascending */
    uint32_t count;        /* of data pages; each has at least one row */
    int32_t largest;       /* plain_size of the largest page, dictionary included */
    double text_a_row;     /* bytes of text a row is expected to have, 0 for columns of fixed width */
};

/* The columns of a pass in one row group. */
struct parquet_group_pages {
    struct pf_memory *memory;
    struct parquet_pages *columns;
    uint32_t column_count;
    int64_t block_rows;       /* rows of a block of this row group; the last one has what is left */
    double bytes_a_row;       /* decoded */
    double times;             /* how often the group is decompressed: 1 and what blocks that begin inside pages add */
    atomic_int_fast64_t left; /* blocks not yet decoded; whoever decodes the last one frees the table */
};

/* Parses one page header at bytes. *used is its size; 0 (and PF_OK): the header goes on after size bytes. */
enum pf_status parquet_page_header_read(const uint8_t *bytes, size_t size, struct parquet_page *out, int32_t *type,
                                        size_t *used, struct pf_error *err);

/* Reads the page headers of chunk, a flat column of a row group of rows rows. pages is freed by parquet_pages_free, also after a
 * failure. PF_BAD_DATA, PF_UNSUPPORTED, PF_IO, PF_NO_MEMORY. */
enum pf_status parquet_pages_read(struct parquet_pages *pages, struct pf_memory *memory, const struct pf_source *src,
                                  const struct parquet_column *column, const struct parquet_chunk *chunk, int64_t rows,
                                  int64_t pages_end, struct pf_error *err);
void parquet_pages_free(struct parquet_pages *pages);

static inline const struct parquet_page *parquet_page_at(const struct parquet_pages *pages, uint32_t index)
{
    return (const struct parquet_page *)(const void *)pages->data.data + index;
}
/* Index of the data page that holds a row of the row group. */
uint32_t parquet_page_of_row(const struct parquet_pages *pages, int64_t row);

/* Decides group->block_rows from the pages and the memory limit. */
void parquet_choose_block_rows(struct parquet_group_pages *group, const struct parquet_column *const *columns, int64_t rows);
void parquet_group_pages_free(struct parquet_group_pages *group);

#endif
