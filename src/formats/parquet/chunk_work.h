/* What the steps of encoding one column chunk share: gather its values, choose an encoding, write its pages. */
#ifndef PF_FORMATS_PARQUET_CHUNK_WORK_H
#define PF_FORMATS_PARQUET_CHUNK_WORK_H

#include "formats/parquet/column_chunk.h"
#include "formats/parquet/dictionary.h"
#include "formats/parquet/statistics.h"

enum {
    /* Rows a page holds: 512 KiB of 8-byte values, which stays in the second-level cache of writer and reader while it is
     * encoded and compressed, and is large enough that headers and the start of the codec do not show in the size. Counted in rows, so
     * that the pages of most columns of a row group end at the same rows. */
    PF_PAGE_ROWS = 64 * 1024,
    /* Bytes at which a page of strings ends, when its rows do not end it before. */
    PF_PAGE_BYTES = 1024 * 1024
};

/* What a codec must leave at most of a column chunk's bytes in PLAIN. Saving less is not worth the time of the writer and of every reader: what
 * hardly compresses takes the longest to compress. */
static const double pf_codec_gain = 0.9;

/* Rows are those of the leaf's arrays. In a column with lists these are elements, the rows of the table are called records, and a
 * level is stored for each entry: an element, or a list that has none. */
struct pf_chunk_page {
    struct pf_slice_cursor cursor; /* its first row */
    size_t row, rows;
    size_t record, entries;
    size_t value, count;   /* first and number of values that are not null */
    size_t defined;        /* nested: the same number, by the levels */
    const uint8_t *values; /* fixed size: as gathered; the definition levels stand right before */
    size_t levels;         /* fixed size: bytes of definition levels; nested: bytes of both kinds */
    size_t levels_at;      /* nested: where they stand in the work's levels of all pages */
    size_t text_size;      /* text: bytes in PLAIN at most */
    struct pf_range range;
    bool ranged; /* range is known */
};

struct pf_chunk_work {
    struct pf_memory *memory;
    const struct pf_leaf *leaf;
    const struct pf_chunk_options *options;
    const struct pf_slice *slices;
    size_t rows, values; /* values: rows that are not null */
    size_t entries;      /* levels: rows, unless the leaf is nested */
    size_t page_rows;    /* the most rows of a page */
    bool nested;
    struct pf_slice *leaf_slices;   /* nested: what slices points to */
    struct pf_buffer nested_levels; /* nested: levels of all pages as they are stored */
    struct pf_chunk_page *pages;
    size_t page_count;
    uint8_t *gathered;          /* fixed size: the pages' levels and values */
    uint8_t *validity, *levels; /* scratch of one allocation: bitmap of a page, its definition levels */
    struct pf_range range;      /* fixed size: of all pages */
    struct pf_dictionary dictionary;
    uint32_t *indexes; /* one a value, once the dictionary is built */
    struct pf_compressor compressor;
    struct pf_buffer body, packed; /* scratch: a page before and after compression */
    struct pf_column_chunk *out;
};

/* What is known of a chunk from a sample of its values, and what follows from it. */
struct pf_choice {
    enum parquet_encoding encoding; /* PLAIN or DELTA_BINARY_PACKED: what to take if not a dictionary */
    double cost;       /* estimated bytes of the chunk in that encoding, compressed, with a price for its plain size */
    double entry_cost; /* the same of one byte of a dictionary's values */
    bool codec_helps;  /* false: compression would save nothing */
    size_t entries;    /* a dictionary pays up to so many; 0 = do not try */
    size_t expected;   /* entries it is likely to have */
};

/* choose.c: looks at some thousand values spread over the chunk. */
enum pf_status pf_chunk_choose(struct pf_chunk_work *work, struct pf_choice *choice, struct pf_error *err);
/* The cost of the work's values with a dictionary of entries that takes plain bytes in PLAIN; the values stand in so many runs of equal
 * ones (double: also an estimate). */
double pf_dictionary_cost(const struct pf_chunk_work *work, const struct pf_choice *choice, double entries, double plain,
                          double runs);

/* stripe.c, for a nested leaf: from slices of the column to those of the leaf, its pages, and their levels. records: rows of the
 * column. */
enum pf_status pf_chunk_stripe(struct pf_chunk_work *work, size_t records, struct pf_error *err);

/* chunk_gather.c: makes the list of pages. Fixed size: gathers values and levels of all. */
enum pf_status pf_chunk_gather(struct pf_chunk_work *work, struct pf_error *err);
/* Text, once it is to be PLAIN: pages that end by their bytes. */
enum pf_status pf_chunk_pages_by_bytes(struct pf_chunk_work *work, struct pf_error *err);
/* Levels of a page, each kind with its length in front. to: room for pf_chunk_levels_bound. Returns the size. */
size_t pf_chunk_levels(struct pf_chunk_work *work, const struct pf_chunk_page *page, uint8_t *to);
size_t pf_chunk_levels_bound(const struct pf_chunk_work *work, const struct pf_chunk_page *page);

/* chunk_pages.c: writes all pages in the encoding to work->out; codec as wanted or, when it does not pay, none. */
enum pf_status pf_chunk_write(struct pf_chunk_work *work, enum parquet_encoding encoding, enum parquet_codec codec,
                              struct pf_error *err);
/* Fills the meta's statistics and page index. */
enum pf_status pf_chunk_describe(struct pf_chunk_work *work, struct pf_error *err);

#endif
