/* Physical values to values of the column's type, exactly or not at all. */
#ifndef PF_FORMATS_PARQUET_READ_CONVERT_H
#define PF_FORMATS_PARQUET_READ_CONVERT_H

#include "formats/parquet/read_metadata.h"

/* Converts count values of column->width bytes at from to values of the field's type at to, which may be the same place when both are
 * as wide. Not for strings and binary. Returns count, or the index of the first value that the type cannot hold; those before it
 * are then at to. */
size_t pf_convert_values(const struct parquet_column *column, const uint8_t *from, size_t count, uint8_t *to);
/* The same for decimals of varying length: value i is bytes ends[i-1]..ends[i], ends[-1] is where the first begins. */
size_t pf_convert_decimals(const struct parquet_column *column, const uint8_t *bytes, const int32_t *ends, size_t count,
                           uint8_t *to);
/* 16 bytes each to PF_UUID_TEXT characters each. */
void pf_convert_uuids(const uint8_t *from, size_t count, uint8_t *to);
/* What is wrong with a value (size bytes) that was not converted: PF_BAD_DATA, or PF_UNSUPPORTED for nanoseconds. */
enum pf_status pf_convert_fault(const struct parquet_column *column, const uint8_t *value, size_t size, struct pf_error *err);

#endif
