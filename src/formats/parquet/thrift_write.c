#include "formats/parquet/thrift_write.h"

#include <assert.h>
#include <string.h>

static void put(struct pf_thrift_writer *thrift, const void *bytes, size_t size)
{
    if (!thrift->failed && !pf_buffer_append(thrift->out, bytes, size))
        thrift->failed = true;
}

static void put_varint(struct pf_thrift_writer *thrift, uint64_t value)
{
    uint8_t bytes[10];

    put(thrift, bytes, pf_put_varint(bytes, value));
}

static void put_field(struct pf_thrift_writer *thrift, int16_t id, enum thrift_type type)
{
    int16_t *last = &thrift->last[thrift->depth - 1];
    int delta = id - *last;
    uint8_t head = (uint8_t)type;

    assert(thrift->depth > 0 && delta > 0);
    if (delta <= 15) {
        head = (uint8_t)(head | delta << 4);
        put(thrift, &head, 1);
    } else {
        put(thrift, &head, 1);
        put_varint(thrift, pf_zigzag(id));
    }
    *last = id;
}

static void open_struct(struct pf_thrift_writer *thrift)
{
    assert(thrift->depth < PF_THRIFT_DEPTH);
    thrift->last[thrift->depth++] = 0;
}

void pf_thrift_put_begin(struct pf_thrift_writer *thrift, struct pf_buffer *out)
{
    memset(thrift, 0, sizeof *thrift);
    thrift->out = out;
    open_struct(thrift);
}

void pf_thrift_put_end(struct pf_thrift_writer *thrift)
{
    static const uint8_t stop = THRIFT_STOP;

    assert(thrift->depth > 0);
    put(thrift, &stop, 1);
    thrift->depth--;
}

void pf_thrift_put_bool(struct pf_thrift_writer *thrift, int16_t id, bool value)
{
    put_field(thrift, id, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void pf_thrift_put_i8(struct pf_thrift_writer *thrift, int16_t id, int8_t value)
{
    put_field(thrift, id, THRIFT_I8);
    put(thrift, &value, 1);
}

void pf_thrift_put_i16(struct pf_thrift_writer *thrift, int16_t id, int16_t value)
{
    put_field(thrift, id, THRIFT_I16);
    put_varint(thrift, pf_zigzag(value));
}

void pf_thrift_put_i32(struct pf_thrift_writer *thrift, int16_t id, int32_t value)
{
    put_field(thrift, id, THRIFT_I32);
    put_varint(thrift, pf_zigzag(value));
}

void pf_thrift_put_i64(struct pf_thrift_writer *thrift, int16_t id, int64_t value)
{
    put_field(thrift, id, THRIFT_I64);
    put_varint(thrift, pf_zigzag(value));
}

void pf_thrift_put_binary(struct pf_thrift_writer *thrift, int16_t id, const void *bytes, size_t size)
{
    put_field(thrift, id, THRIFT_BINARY);
    pf_thrift_put_item_binary(thrift, bytes, size);
}

void pf_thrift_put_text(struct pf_thrift_writer *thrift, int16_t id, const char *text)
{
    pf_thrift_put_binary(thrift, id, text, strlen(text));
}

void pf_thrift_put_struct(struct pf_thrift_writer *thrift, int16_t id)
{
    put_field(thrift, id, THRIFT_STRUCT);
    open_struct(thrift);
}

void pf_thrift_put_raw_struct(struct pf_thrift_writer *thrift, int16_t id, const void *bytes, size_t size)
{
    put_field(thrift, id, THRIFT_STRUCT);
    put(thrift, bytes, size);
}

void pf_thrift_put_list(struct pf_thrift_writer *thrift, int16_t id, enum thrift_type type, uint32_t count)
{
    uint8_t head = (uint8_t)(type | (count < 15 ? count : 15) << 4);

    put_field(thrift, id, THRIFT_LIST);
    put(thrift, &head, 1);
    if (count >= 15)
        put_varint(thrift, count);
}

void pf_thrift_put_item_struct(struct pf_thrift_writer *thrift)
{
    open_struct(thrift);
}

void pf_thrift_put_item_bool(struct pf_thrift_writer *thrift, bool value)
{
    uint8_t byte = value ? THRIFT_TRUE : THRIFT_FALSE;

    put(thrift, &byte, 1);
}

void pf_thrift_put_item_i32(struct pf_thrift_writer *thrift, int32_t value)
{
    put_varint(thrift, pf_zigzag(value));
}

void pf_thrift_put_item_i64(struct pf_thrift_writer *thrift, int64_t value)
{
    put_varint(thrift, pf_zigzag(value));
}

void pf_thrift_put_item_binary(struct pf_thrift_writer *thrift, const void *bytes, size_t size)
{
    put_varint(thrift, size);
    put(thrift, bytes, size);
}
