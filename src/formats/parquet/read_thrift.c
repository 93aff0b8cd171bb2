/* Layout: "Thrift Compact protocol encoding" of Apache Thrift. */
#include "formats/parquet/read_thrift.h"

#include "formats/parquet/parquet_format.h"

/* What Parquet itself nests is under ten deep; the rest is somebody counting on a deep stack. */
enum { DEPTH_LIMIT = 32 };

void pf_thrift_input_init(struct pf_thrift_input *in, const uint8_t *bytes, size_t size)
{
    in->next = bytes;
    in->end = bytes + size;
    in->wrong = NULL;
    in->cut_off = false;
}

void pf_thrift_fault(struct pf_thrift_input *in, const char *why)
{
    if (in->wrong == NULL)
        in->wrong = why;
    in->next = in->end;
}

static void ends_early(struct pf_thrift_input *in)
{
    if (in->wrong == NULL)
        in->cut_off = true;
    pf_thrift_fault(in, "ends in the middle of a value");
}

static uint8_t read_byte(struct pf_thrift_input *in)
{
    if (in->next == in->end) {
        ends_early(in);
        return 0;
    }
    return *in->next++;
}

static uint64_t read_varint(struct pf_thrift_input *in)
{
    uint64_t value = 0;

    for (uint32_t shift = 0; shift < 70; shift += 7) {
        uint8_t byte = read_byte(in);

        value |= (uint64_t)(byte & 0x7f) << (shift < 63 ? shift : 63);
        if ((byte & 0x80) == 0) {
            if (shift == 63 && byte > 1)
                break;
            return in->wrong == NULL ? value : 0;
        }
    }
    pf_thrift_fault(in, "holds a number of more than 64 bits");
    return 0;
}

static int64_t read_zigzag(struct pf_thrift_input *in)
{
    uint64_t value = read_varint(in);

    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

bool pf_thrift_next(struct pf_thrift_input *in, struct pf_thrift_field *field)
{
    uint8_t head = read_byte(in);
    int64_t id;

    if (head == THRIFT_STOP || in->wrong != NULL)
        return false;
    field->type = head & 0x0f;
    id = (head >> 4) != 0 ? field->id + (head >> 4) : read_zigzag(in);
    if (in->wrong != NULL)
        return false;
    if (field->type == THRIFT_STOP || field->type > THRIFT_UUID || id < INT16_MIN || id > INT16_MAX) {
        pf_thrift_fault(in, "has a field that is not of the compact protocol");
        return false;
    }
    field->id = (int16_t)id;
    return true;
}

static void skip_bytes(struct pf_thrift_input *in, uint64_t size)
{
    if (size > (uint64_t)(in->end - in->next))
        ends_early(in);
    else
        in->next += size;
}

static void skip_value(struct pf_thrift_input *in, uint8_t type, bool in_list, uint32_t depth);

static void skip_list(struct pf_thrift_input *in, uint32_t depth)
{
    uint8_t head = read_byte(in);
    uint64_t count = (head >> 4) != 15 ? (uint64_t)(head >> 4) : read_varint(in);

    /* Each element takes at least one byte, so a huge count ends with the input. */
    while (count-- != 0 && in->wrong == NULL)
        skip_value(in, head & 0x0f, true, depth);
}

static void skip_map(struct pf_thrift_input *in, uint32_t depth)
{
    uint64_t count = read_varint(in);
    uint8_t types = count != 0 ? read_byte(in) : 0;

    while (count-- != 0 && in->wrong == NULL) {
        skip_value(in, types >> 4, true, depth);
        skip_value(in, types & 0x0f, true, depth);
    }
}

static void skip_struct(struct pf_thrift_input *in, uint32_t depth)
{
    struct pf_thrift_field field = { 0 };

    while (pf_thrift_next(in, &field))
        skip_value(in, field.type, false, depth);
}

static void skip_value(struct pf_thrift_input *in, uint8_t type, bool in_list, uint32_t depth)
{
    if (depth == 0) {
        pf_thrift_fault(in, "is nested deeper than anything Parquet has");
        return;
    }
    switch (type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE:
        skip_bytes(in, in_list ? 1 : 0);
        break;
    case THRIFT_I8:
        skip_bytes(in, 1);
        break;
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64:
        (void)read_varint(in);
        break;
    case THRIFT_DOUBLE:
        skip_bytes(in, 8);
        break;
    case THRIFT_BINARY:
        skip_bytes(in, read_varint(in));
        break;
    case THRIFT_LIST:
    case THRIFT_SET:
        skip_list(in, depth - 1);
        break;
    case THRIFT_MAP:
        skip_map(in, depth - 1);
        break;
    case THRIFT_STRUCT:
        skip_struct(in, depth - 1);
        break;
    case THRIFT_UUID:
        skip_bytes(in, 16);
        break;
    default:
        pf_thrift_fault(in, "has a value of a type that is not of the compact protocol");
    }
}

void pf_thrift_skip(struct pf_thrift_input *in, const struct pf_thrift_field *field)
{
    skip_value(in, field->type, false, DEPTH_LIMIT);
}

int64_t pf_thrift_int64(struct pf_thrift_input *in, const struct pf_thrift_field *field)
{
    if (field->type == THRIFT_I8)
        return (int8_t)read_byte(in);
    if (field->type == THRIFT_I16 || field->type == THRIFT_I32 || field->type == THRIFT_I64)
        return read_zigzag(in);
    pf_thrift_fault(in, "has something else where a number is expected");
    return 0;
}

int32_t pf_thrift_int32(struct pf_thrift_input *in, const struct pf_thrift_field *field)
{
    int64_t value = pf_thrift_int64(in, field);

    if (value < INT32_MIN || value > INT32_MAX) {
        pf_thrift_fault(in, "holds a number that is too large for its field");
        return 0;
    }
    return (int32_t)value;
}

bool pf_thrift_bool(struct pf_thrift_input *in, const struct pf_thrift_field *field)
{
    if (field->type != THRIFT_TRUE && field->type != THRIFT_FALSE)
        pf_thrift_fault(in, "has something else where true or false is expected");
    return field->type == THRIFT_TRUE;
}

const uint8_t *pf_thrift_binary(struct pf_thrift_input *in, const struct pf_thrift_field *field, size_t *size)
{
    const uint8_t *bytes;
    uint64_t length;

    *size = 0;
    if (field->type != THRIFT_BINARY) {
        pf_thrift_fault(in, "has something else where a text is expected");
        return NULL;
    }
    length = read_varint(in);
    bytes = in->next;
    skip_bytes(in, length);
    if (in->wrong != NULL)
        return NULL;
    *size = (size_t)length;
    return bytes;
}

bool pf_thrift_struct(struct pf_thrift_input *in, const struct pf_thrift_field *field)
{
    if (field->type == THRIFT_STRUCT)
        return true;
    pf_thrift_fault(in, "has something else where a structure is expected");
    return false;
}

uint32_t pf_thrift_list(struct pf_thrift_input *in, const struct pf_thrift_field *field, uint8_t element_type,
                        size_t least_size)
{
    uint8_t head;
    uint64_t count;

    if (field->type != THRIFT_LIST) {
        pf_thrift_fault(in, "has something else where a list is expected");
        return 0;
    }
    head = read_byte(in);
    count = (head >> 4) != 15 ? (uint64_t)(head >> 4) : read_varint(in);
    if (in->wrong != NULL || count == 0)
        return 0;
    if ((head & 0x0f) != element_type) {
        pf_thrift_fault(in, "has a list of something else than expected");
        return 0;
    }
    if (count > (uint64_t)(in->end - in->next) / least_size || count > UINT32_MAX) {
        pf_thrift_fault(in, "has a list that is longer than the bytes after it can hold");
        return 0;
    }
    return (uint32_t)count;
}

int64_t pf_thrift_element(struct pf_thrift_input *in)
{
    return read_zigzag(in);
}
