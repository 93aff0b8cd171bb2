#include "formats/parquet/leaf.h"

#include <assert.h>

/* Bytes of two's complement that hold every decimal of so many digits: the least n with 10^precision <= 2^(8n - 1). */
static uint32_t decimal_bytes(uint32_t precision)
{
    static const uint8_t bytes[] = { 1, 1, 1,  2,  2,  3,  3,  4,  4,  4,  5,  5,  6,  6,  6,  7,  7,  8,  8, 9,
                                     9, 9, 10, 10, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16 };

    assert(precision < sizeof bytes);
    return bytes[precision];
}

static struct pf_leaf numbers(const struct pf_field *field, enum parquet_type physical, enum pf_order order, uint32_t width)
{
    return (struct pf_leaf){ .field = field, .physical = physical, .order = order, .width = width, .stored = width };
}

static struct pf_leaf decimals(const struct pf_field *field)
{
    struct pf_leaf leaf;

    if (field->precision <= 9)
        return numbers(field, PARQUET_INT32, PF_ORDER_SIGNED, 4);
    if (field->precision <= 18)
        return numbers(field, PARQUET_INT64, PF_ORDER_SIGNED, 8);
    leaf = numbers(field, PARQUET_FIXED_LEN_BYTE_ARRAY, PF_ORDER_WIDE, 16);
    leaf.stored = decimal_bytes(field->precision);
    return leaf;
}

struct pf_leaf pf_leaf_of(const struct pf_field *field)
{
    switch (field->type) {
    case PF_TYPE_BOOL:
        return numbers(field, PARQUET_BOOLEAN, PF_ORDER_BITS, 0);
    case PF_TYPE_INT8:
    case PF_TYPE_INT16:
    case PF_TYPE_INT32:
    case PF_TYPE_DATE32:
        return numbers(field, PARQUET_INT32, PF_ORDER_SIGNED, 4);
    case PF_TYPE_UINT8:
    case PF_TYPE_UINT16:
    case PF_TYPE_UINT32:
        return numbers(field, PARQUET_INT32, PF_ORDER_UNSIGNED, 4);
    case PF_TYPE_INT64:
    case PF_TYPE_TIME64:
    case PF_TYPE_TIMESTAMP:
        return numbers(field, PARQUET_INT64, PF_ORDER_SIGNED, 8);
    case PF_TYPE_UINT64:
        return numbers(field, PARQUET_INT64, PF_ORDER_UNSIGNED, 8);
    case PF_TYPE_FLOAT32:
        return numbers(field, PARQUET_FLOAT, PF_ORDER_REAL, 4);
    case PF_TYPE_FLOAT64:
        return numbers(field, PARQUET_DOUBLE, PF_ORDER_REAL, 8);
    case PF_TYPE_DECIMAL128:
        return decimals(field);
    case PF_TYPE_STRING:
    case PF_TYPE_BINARY:
        break;
    }
    return numbers(field, PARQUET_BYTE_ARRAY, PF_ORDER_TEXT, 0);
}
