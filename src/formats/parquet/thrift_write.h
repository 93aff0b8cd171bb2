/* Output in the compact protocol of Apache Thrift, as Parquet's page headers and footer use it. */
#ifndef PF_FORMATS_PARQUET_THRIFT_WRITE_H
#define PF_FORMATS_PARQUET_THRIFT_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "formats/parquet/parquet_format.h"

enum { PF_THRIFT_DEPTH = 12 }; /* Parquet's deepest structure has 8 levels */

/* Fields are written in ascending order of id within their struct. A refused allocation sets failed; what follows is dropped,
 * so that one look at the end is enough. */
struct pf_thrift_writer {
    struct pf_buffer *out;
    bool failed;
    uint32_t depth;
    int16_t last[PF_THRIFT_DEPTH]; /* per open struct: id of the last field written */
};

/* Begins the outermost struct; pf_thrift_put_end ends it. out is borrowed. */
void pf_thrift_put_begin(struct pf_thrift_writer *thrift, struct pf_buffer *out);
void pf_thrift_put_end(struct pf_thrift_writer *thrift);

void pf_thrift_put_bool(struct pf_thrift_writer *thrift, int16_t id, bool value);
void pf_thrift_put_i8(struct pf_thrift_writer *thrift, int16_t id, int8_t value);
void pf_thrift_put_i16(struct pf_thrift_writer *thrift, int16_t id, int16_t value);
void pf_thrift_put_i32(struct pf_thrift_writer *thrift, int16_t id, int32_t value);
void pf_thrift_put_i64(struct pf_thrift_writer *thrift, int16_t id, int64_t value);
void pf_thrift_put_binary(struct pf_thrift_writer *thrift, int16_t id, const void *bytes, size_t size);
void pf_thrift_put_text(struct pf_thrift_writer *thrift, int16_t id, const char *text);
/* A field that is a struct; ended by pf_thrift_put_end. */
void pf_thrift_put_struct(struct pf_thrift_writer *thrift, int16_t id);
/* A field that is a struct already written elsewhere, its end included. */
void pf_thrift_put_raw_struct(struct pf_thrift_writer *thrift, int16_t id, const void *bytes, size_t size);
/* A field that is a list of count elements, which follow by the pf_thrift_put_item calls. */
void pf_thrift_put_list(struct pf_thrift_writer *thrift, int16_t id, enum thrift_type type, uint32_t count);
/* An element that is a struct; ended by pf_thrift_put_end. */
void pf_thrift_put_item_struct(struct pf_thrift_writer *thrift);
void pf_thrift_put_item_bool(struct pf_thrift_writer *thrift, bool value);
void pf_thrift_put_item_i32(struct pf_thrift_writer *thrift, int32_t value);
void pf_thrift_put_item_i64(struct pf_thrift_writer *thrift, int64_t value);
void pf_thrift_put_item_binary(struct pf_thrift_writer *thrift, const void *bytes, size_t size);

/* The varint of the protocol, 7 bits a byte, low bits first: at most 10 bytes at to; returns how many. */
static inline uint32_t pf_put_varint(uint8_t *to, uint64_t value)
{
    uint32_t size = 0;

    while (value >= 0x80) {
        to[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    to[size++] = (uint8_t)value;
    return size;
}

/* Small magnitudes of either sign to small numbers. */
static inline uint64_t pf_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

#endif
