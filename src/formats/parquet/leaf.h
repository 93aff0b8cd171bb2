/* A leaf: how a field without children is stored in Parquet. A flat column is one leaf; a nested one has a leaf for each of the
 * fields at the ends of its tree. */
#ifndef PF_FORMATS_PARQUET_LEAF_H
#define PF_FORMATS_PARQUET_LEAF_H

#include "arrow/schema.h"
#include "formats/parquet/parquet_format.h"

/* How values compare, and in what form the writer holds them until they are encoded. */
enum pf_order {
    PF_ORDER_BITS,   /* booleans, as bits */
    PF_ORDER_SIGNED, /* integers of 4 or 8 bytes */
    PF_ORDER_UNSIGNED,
    PF_ORDER_REAL, /* floats of 4 or 8 bytes */
    PF_ORDER_WIDE, /* decimals as integers of 16 bytes */
    PF_ORDER_TEXT  /* bytes, unsigned; as slices of arrays */
};

/* A field on the way from a nested column to a leaf. */
struct pf_step {
    const struct pf_field *field;
    uint32_t child; /* which it is of the step before */
};

struct pf_leaf {
    const struct pf_field *field;
    enum parquet_type physical;
    enum pf_order order;
    uint32_t width;  /* bytes of a value in the writer: 4, 8, 16; 0 = bits or text */
    uint32_t stored; /* bytes of a value in PLAIN: width, or those of a FIXED_LEN_BYTE_ARRAY; 0 = bits or text */
    uint32_t column;
    uint8_t definition, repetition; /* the largest levels; a flat column has a definition level of 0 or 1 */
    uint8_t step_count;             /* 0 = a flat column */
    const struct pf_step *steps;    /* the column first, the leaf's field last */
};

/* Of a field without children, as a flat column. */
struct pf_leaf pf_leaf_of(const struct pf_field *field);
/* The leaves of all columns, in the order of the file. leaves: room for pf_leaf_count of them. Steps are made in the arena; fields are
 * borrowed. false = out of memory. */
bool pf_leaves_of(const struct pf_schema *schema, struct pf_arena *arena, struct pf_leaf *leaves);
uint32_t pf_leaf_count(const struct pf_schema *schema);

#endif
