/* A leaf: how a field is stored in Parquet. */
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

struct pf_leaf {
    const struct pf_field *field;
    enum parquet_type physical;
    enum pf_order order;
    uint32_t width;  /* bytes of a value in the writer: 4, 8, 16; 0 = bits or text */
    uint32_t stored; /* bytes of a value in PLAIN: width, or those of a FIXED_LEN_BYTE_ARRAY; 0 = bits or text */
};

struct pf_leaf pf_leaf_of(const struct pf_field *field);

#endif
