/* What Arrow wrote of its own types into a Parquet file: a schema message (Schema.fbs and Message.fbs of the Arrow format) in base64,
 * under the key ARROW:schema. It says of a column what Parquet's types cannot, and nothing is read by it: a schema that is not
 * sound, or not of this file, is as none. */
#include <string.h>

#include "base/text.h"
#include "formats/parquet/read_metadata.h"

/* Places of fields in the tables of the message. */
enum { MESSAGE_HEADER_TYPE = 1, MESSAGE_HEADER = 2, SCHEMA_FIELDS = 1, FIELD_NAME = 0, FIELD_TYPE_TYPE = 2, FIELD_TYPE = 3 };
enum { TYPE_UNIT = 0, TIMESTAMP_ZONE = 1 };
enum { HEADER_SCHEMA = 1, TYPE_TIMESTAMP = 10, TYPE_DURATION = 18, UNIT_MILLISECOND = 1 };

/* A flatbuffer. Positions count from its beginning, where no table can be: 0 = it is not there. */
struct flat {
    const uint8_t *bytes;
    size_t size;
};

static uint32_t flat_number(const struct flat *flat, size_t at, size_t bytes)
{
    uint32_t number = 0;

    if (at > flat->size || flat->size - at < bytes)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        number |= (uint32_t)flat->bytes[at + i] << (8 * i);
    return number;
}

/* Follows the offset at a position. */
static size_t flat_follow(const struct flat *flat, size_t at)
{
    const uint32_t offset = at != 0 ? flat_number(flat, at, 4) : 0;

    return offset != 0 && offset < flat->size - at ? at + offset : 0;
}

/* The position of a field's value in the table; 0 = it has the default. */
static size_t flat_field(const struct flat *flat, size_t table, uint32_t field)
{
    const int64_t list = (int64_t)table - (int32_t)flat_number(flat, table, 4);
    const uint32_t entry = 4 + 2 * field;
    uint32_t offset;

    if (table == 0 || list < 0 || (uint64_t)list > flat->size || flat_number(flat, (size_t)list, 2) < entry + 2)
        return 0;
    offset = flat_number(flat, (size_t)list + entry, 2);
    return offset != 0 && offset < flat->size - table ? table + offset : 0;
}

/* A text or a vector: where it begins, and how many bytes or entries of width it has. */
static const uint8_t *flat_vector(const struct flat *flat, size_t at, size_t width, size_t *count)
{
    const size_t vector = flat_follow(flat, at);

    *count = vector != 0 ? flat_number(flat, vector, 4) : 0;
    if (vector == 0 || flat->size - vector < 4 || *count > (flat->size - vector - 4) / width)
        *count = 0;
    return flat->bytes + (*count != 0 ? vector + 4 : 0);
}

/* ---- base64 */

static int digit_of(uint8_t byte)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = byte != 0 ? strchr(digits, byte) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

/* Decodes up to the first byte that is no digit. to has room for 3 bytes of every 4. */
static size_t decode(const uint8_t *text, size_t size, uint8_t *to)
{
    uint32_t bits = 0;
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        const int digit = digit_of(text[i]);

        if (digit < 0)
            break;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 != 0)
            to[used++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return used;
}

/* ---- fields */

static bool keep_zone(const struct flat *flat, size_t type, struct parquet_column *column, struct pf_arena *arena)
{
    size_t size;
    const uint8_t *zone = flat_vector(flat, flat_field(flat, type, TIMESTAMP_ZONE), 1, &size);

    if (size == 0 || (size == 3 && memcmp(zone, "UTC", 3) == 0) || pf_utf8_valid(zone, size, 0) != size)
        return true;
    column->zone = pf_arena_copy(arena, (const char *)zone, size);
    return column->zone != NULL;
}

static bool take_field(const struct flat *flat, size_t field, struct parquet_column *column, struct pf_arena *arena)
{
    static const char *const units[] = { "seconds", "milliseconds", "microseconds", "nanoseconds" };
    const size_t kind = flat_field(flat, field, FIELD_TYPE_TYPE);
    const size_t type = flat_follow(flat, flat_field(flat, field, FIELD_TYPE));
    const uint32_t number = kind != 0 ? flat_number(flat, kind, 1) : 0;
    size_t size;
    const uint8_t *name = flat_vector(flat, flat_field(flat, field, FIELD_NAME), 1, &size);

    if (column->refused != NULL || strlen(column->field.name) != size || memcmp(name, column->field.name, size) != 0)
        return true;
    if (number == TYPE_TIMESTAMP && column->field.type == PF_TYPE_TIMESTAMP && column->field.utc)
        return keep_zone(flat, type, column, arena);
    if (number == TYPE_DURATION && column->field.type == PF_TYPE_INT64) {
        const size_t at = flat_field(flat, type, TYPE_UNIT);
        const uint32_t unit = at != 0 ? flat_number(flat, at, 2) : UNIT_MILLISECOND;
        column->duration = unit < PF_COUNT(units) ? units[unit] : NULL;
    }
    return true;
}

static bool take_fields(const struct flat *flat, struct parquet_metadata *metadata)
{
    const uint32_t root = flat_number(flat, 0, 4);
    const size_t message = root < flat->size ? root : 0, kind = flat_field(flat, message, MESSAGE_HEADER_TYPE);
    const size_t schema = flat_follow(flat, flat_field(flat, message, MESSAGE_HEADER));
    size_t count;
    const uint8_t *fields;

    if (kind == 0 || flat_number(flat, kind, 1) != HEADER_SCHEMA)
        return true;
    fields = flat_vector(flat, flat_field(flat, schema, SCHEMA_FIELDS), 4, &count);
    if (count != metadata->column_count)
        return true;
    for (size_t i = 0; i < count; i++) {
        const size_t field = flat_follow(flat, (size_t)(fields - flat->bytes) + 4 * i);

        if (!take_field(flat, field, &metadata->columns[i], &metadata->arena))
            return false;
    }
    return true;
}

bool parquet_arrow_read(struct parquet_metadata *metadata, struct pf_memory *memory, const uint8_t *text, size_t size)
{
    uint8_t *bytes;
    struct flat flat;
    size_t head;
    bool good;

    if (text == NULL || size < 4)
        return true;
    bytes = pf_alloc(memory, size);
    if (bytes == NULL)
        return false;
    flat = (struct flat){ bytes, decode(text, size, bytes) };
    /* A message begins with its size, before which newer ones have four bytes of ones. */
    head = flat_number(&flat, 0, 4) == UINT32_MAX ? 8 : 4;
    flat.bytes += head < flat.size ? head : flat.size;
    flat.size -= head < flat.size ? head : flat.size;
    good = take_fields(&flat, metadata);
    pf_free(memory, bytes);
    return good;
}
