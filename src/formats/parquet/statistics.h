/* Statistics of column chunks and pages: the smallest and the largest value, as Parquet orders them. */
#ifndef PF_FORMATS_PARQUET_STATISTICS_H
#define PF_FORMATS_PARQUET_STATISTICS_H

#include "base/number.h"
#include "formats/parquet/encode.h"
#include "formats/parquet/leaf.h"

enum { PF_BOUND_SIZE = 64 }; /* bytes of a string that statistics keep */

struct pf_text_view {
    const uint8_t *bytes;
    uint32_t size;
};

union pf_bound {
    int64_t integer; /* signed; unsigned as the same bits; booleans 0 or 1 */
    double real;
    pf_int128 wide;
    struct pf_text_view text; /* borrowed from the column */
};

struct pf_range {
    bool any; /* false: no values, or none that has a place in the order (NaN) */
    union pf_bound min, max;
};

/* The range of count values as pf_gather_values gives them; not for text. features: bits of enum pf_cpu_feature. */
struct pf_range pf_range_of(const struct pf_leaf *leaf, const uint8_t *values, size_t count, uint32_t features);
/* The range of the next rows' strings. */
struct pf_range pf_range_of_text(struct pf_slice_cursor cursor, size_t rows);
/* Widens into by one string, or by another range. */
void pf_range_add_text(struct pf_range *into, struct pf_text_view text);
void pf_range_merge(const struct pf_leaf *leaf, struct pf_range *into, const struct pf_range *from);
/* -1, 0, 1: how bounds of this leaf compare. */
int pf_bound_compare(const struct pf_leaf *leaf, const union pf_bound *a, const union pf_bound *b);

/* A bound as it stands in the file. */
struct pf_stored_bound {
    uint8_t bytes[PF_BOUND_SIZE];
    uint32_t size;
    bool exact; /* false: cut off; below every value as a minimum, above every value as a maximum */
    bool known; /* false: there is no maximum of so few bytes */
};

void pf_store_min(const struct pf_leaf *leaf, const struct pf_range *range, struct pf_stored_bound *out);
void pf_store_max(const struct pf_leaf *leaf, const struct pf_range *range, struct pf_stored_bound *out);

/* Appends the Statistics struct of the format. false = out of memory. */
bool pf_statistics_write(const struct pf_leaf *leaf, const struct pf_range *range, int64_t nulls, struct pf_buffer *out);

#endif
