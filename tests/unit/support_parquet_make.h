/* Tables made by rule, so that a test in any language can tell what every value must be, and the Parquet writer run on them.
 *
 * Row i of a column with seed s has the random number r = mix(s << 32 ^ i) (splitmix64's finaliser, see the .c file). The pattern makes
 * a number n of i and r, the type makes a value of n; tests/python/oracle_parquet_write.py does the same. */
#ifndef PF_TESTS_SUPPORT_PARQUET_MAKE_H
#define PF_TESTS_SUPPORT_PARQUET_MAKE_H

#include "formats/format.h"

enum made_pattern {
    MADE_ID,     /* n = i */
    MADE_SAME,   /* 7 */
    MADE_FEW,    /* r % 10 */
    MADE_SOME,   /* r % 5000 */
    MADE_WIDE,   /* r % 1000000 */
    MADE_ALL,    /* r */
    MADE_RUNS,   /* i / 100 */
    MADE_DOWN,   /* rows - i */
    MADE_STEPS,  /* r % 31536000 * 1000000: seconds of a year in microseconds */
    MADE_LONG,   /* r % 5000; strings are padded to 100 to 199 bytes */
    MADE_SPECIAL /* i % 8; floats: NaN, infinities, zeros of both signs, least and greatest */
};

enum made_nulls {
    MADE_NO_NULLS,
    MADE_ALL_NULL,
    MADE_RANDOM_NULLS, /* a fifth */
    MADE_END_NULLS,    /* first and last row */
    MADE_RUN_NULLS,    /* every other thousand */
    MADE_PAGE_NULLS    /* every other 65536, from the first on */
};

struct made_column {
    const char *name;
    enum pf_type type;
    enum made_pattern pattern;
    enum made_nulls nulls;
    uint8_t precision;
    int8_t scale;
    bool utc, required;
};

struct made_table {
    const struct made_column *columns;
    uint32_t column_count;
    int64_t rows, batch_rows; /* the last batch is shorter */
};

uint64_t made_random(uint32_t seed, int64_t row);
/* The schema of the table; to is initialised. */
void made_schema(struct pf_schema *to, const struct made_table *table);
/* Rows first..first + rows of the columns marked in with (NULL = all), the others absent. Fails the test when memory is refused. */
void made_batch(struct pf_batch *to, struct pf_memory *memory, const struct made_table *table, int64_t first, int64_t rows,
                const bool *with);

/* How to write a table. */
struct made_options {
    int compression;                                /* place in the option's choices */
    int64_t level, row_group_size, row_group_bytes; /* 0 = the default */
    bool no_dictionary, no_statistics;
    uint32_t threads; /* 0 = 1 */
    /* Columns absent from row absent_from on in the first pass, then repaired; NULL = none. */
    const bool *repair;
    int64_t absent_from;
    struct pf_memory *memory; /* for schema and batches; NULL = the context's */
};

/* Writes the table to sink (and second, when there is something to repair). Nothing is checked but the status. */
enum pf_status made_write(struct pf_context *ctx, const struct made_table *table, const struct made_options *options,
                          struct pf_sink *sink, struct pf_sink *second, struct pf_error *err);
/* The writer's option struct with defaults from its table and these settings on top. Freed with free(). */
void *made_writer_options(const struct made_options *options);

/* A context with memory and nothing else. false = out of memory. */
bool made_context(struct pf_context *ctx);

#endif
