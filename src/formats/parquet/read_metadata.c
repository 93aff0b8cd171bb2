/* Layout: FileMetaData of parquet.thrift in the Apache Parquet format specification. */
#include "formats/parquet/read_metadata.h"

#include <string.h>

#include "base/text.h"
#include "formats/parquet/read_thrift.h"

/* The least bytes that these take in a footer, so that memory stays in proportion to it. */
enum { LEAST_KEY_VALUE = 3, LEAST_ELEMENT = 3, LEAST_GROUP = 5, LEAST_CHUNK = 12 };

/* Field ids that only a reader needs. */
enum { COLUMN_ENCRYPTED_META_DATA = 9, SIZE_STATISTICS_TEXT_BYTES = 1 };

struct parse {
    struct pf_thrift_input in;
    struct parquet_metadata *out;
    struct parquet_element *elements;
    uint32_t element_count;
    const uint8_t *arrow; /* the value of ARROW:schema, in the footer; NULL = there is none */
    size_t arrow_size;
    bool no_memory;
};

/* count entries of size bytes in the arena; NULL after the input was made to end. */
static void *make(struct parse *parse, uint32_t count, size_t size)
{
    void *made = pf_arena_alloc_zero(&parse->out->arena, count, size);

    if (made == NULL) {
        parse->no_memory = true;
        pf_thrift_fault(&parse->in, "is too large for the memory");
    }
    return made;
}

/* ---- schema elements */

static int32_t read_unit(struct pf_thrift_input *in, const struct pf_thrift_field *owner)
{
    struct pf_thrift_field field = { 0 };
    int32_t unit = -1;

    if (!pf_thrift_struct(in, owner))
        return -1;
    while (pf_thrift_next(in, &field)) {
        unit = field.id;
        pf_thrift_skip(in, &field);
    }
    return unit;
}

/* One structure serves all logical types: their fields 1 and 2 differ, the rest have none that matter. */
static void read_logical_details(struct pf_thrift_input *in, struct parquet_element *element)
{
    struct pf_thrift_field field = { 0 };

    while (pf_thrift_next(in, &field)) {
        bool first = field.id == 1;
        bool known = first || field.id == 2;

        if (known && element->logical == PARQUET_LOGICAL_DECIMAL)
            *(first ? &element->scale : &element->precision) = pf_thrift_int32(in, &field);
        else if (known && (element->logical == PARQUET_LOGICAL_TIME || element->logical == PARQUET_LOGICAL_TIMESTAMP)) {
            if (first)
                element->utc = pf_thrift_bool(in, &field);
            else
                element->unit = read_unit(in, &field);
        } else if (known && element->logical == PARQUET_LOGICAL_INTEGER) {
            if (first)
                element->bits = pf_thrift_int32(in, &field);
            else
                element->is_signed = pf_thrift_bool(in, &field);
        } else {
            pf_thrift_skip(in, &field);
        }
    }
}

static void read_logical(struct pf_thrift_input *in, const struct pf_thrift_field *owner, struct parquet_element *element)
{
    struct pf_thrift_field field = { 0 };

    if (!pf_thrift_struct(in, owner))
        return;
    while (pf_thrift_next(in, &field)) {
        element->logical = field.id;
        if (pf_thrift_struct(in, &field))
            read_logical_details(in, element);
    }
}

static void read_element(struct pf_thrift_input *in, struct parquet_element *element)
{
    struct pf_thrift_field field = { 0 };
    int32_t *const numbers[] = {
        [SCHEMA_TYPE] = &element->type,
        [SCHEMA_TYPE_LENGTH] = &element->type_length,
        [SCHEMA_REPETITION_TYPE] = &element->repetition,
        [SCHEMA_NUM_CHILDREN] = &element->children,
        [SCHEMA_CONVERTED_TYPE] = &element->converted,
        [SCHEMA_SCALE] = &element->scale,
        [SCHEMA_PRECISION] = &element->precision,
    };

    memset(element, 0, sizeof *element);
    for (size_t i = 0; i < PF_COUNT(numbers); i++) {
        if (numbers[i] != NULL)
            *numbers[i] = -1;
    }
    element->logical = element->unit = element->bits = -1;
    while (pf_thrift_next(in, &field)) {
        if (field.id == SCHEMA_NAME)
            element->name = pf_thrift_binary(in, &field, &element->name_size);
        else if (field.id == SCHEMA_LOGICAL_TYPE)
            read_logical(in, &field, element);
        else if (field.id > 0 && (size_t)field.id < PF_COUNT(numbers) && numbers[field.id] != NULL)
            *numbers[field.id] = pf_thrift_int32(in, &field);
        else
            pf_thrift_skip(in, &field);
    }
    if (element->name == NULL)
        pf_thrift_fault(in, "has a schema element without a name");
}

static void read_elements(struct parse *parse, const struct pf_thrift_field *owner)
{
    uint32_t count = pf_thrift_list(&parse->in, owner, THRIFT_STRUCT, LEAST_ELEMENT);

    if (parse->in.wrong != NULL)
        return;
    parse->elements = make(parse, count, sizeof *parse->elements);
    parse->element_count = count;
    for (uint32_t i = 0; i < count && parse->in.wrong == NULL; i++)
        read_element(&parse->in, &parse->elements[i]);
}

/* ---- row groups */

/* The integer that a structure has by this id; -1 = it has none. */
static int64_t read_one(struct pf_thrift_input *in, const struct pf_thrift_field *owner, int16_t id)
{
    struct pf_thrift_field field = { 0 };
    int64_t value = -1;

    if (!pf_thrift_struct(in, owner))
        return -1;
    while (pf_thrift_next(in, &field)) {
        if (field.id == id)
            value = pf_thrift_int64(in, &field);
        else
            pf_thrift_skip(in, &field);
    }
    return value;
}

static uint32_t read_encodings(struct pf_thrift_input *in, const struct pf_thrift_field *owner)
{
    uint32_t count = pf_thrift_list(in, owner, THRIFT_I32, 1);
    uint32_t bits = 0;

    for (uint32_t i = 0; i < count && in->wrong == NULL; i++) {
        int64_t encoding = pf_thrift_element(in);
        if (encoding >= 0 && encoding < 32)
            bits |= 1u << encoding;
    }
    return bits;
}

static void read_chunk_details(struct pf_thrift_input *in, const struct pf_thrift_field *owner, struct parquet_chunk *chunk)
{
    struct pf_thrift_field field = { 0 };
    int64_t data = -1, dictionary = -1, type = -1;
    int64_t *const numbers[] = {
        [META_TYPE] = &type,
        [META_NUM_VALUES] = &chunk->values,
        [META_TOTAL_UNCOMPRESSED_SIZE] = &chunk->uncompressed_size,
        [META_TOTAL_COMPRESSED_SIZE] = &chunk->compressed_size,
        [META_DATA_PAGE_OFFSET] = &data,
        [META_DICTIONARY_PAGE_OFFSET] = &dictionary,
    };

    if (!pf_thrift_struct(in, owner))
        return;
    chunk->values = chunk->uncompressed_size = chunk->compressed_size = -1;
    while (pf_thrift_next(in, &field)) {
        if (field.id == META_ENCODINGS)
            chunk->encodings = read_encodings(in, &field);
        else if (field.id == META_CODEC)
            chunk->codec = pf_thrift_int32(in, &field);
        else if (field.id == META_SIZE_STATISTICS)
            chunk->text_bytes = read_one(in, &field, SIZE_STATISTICS_TEXT_BYTES);
        else if (field.id == META_STATISTICS)
            chunk->nulls = read_one(in, &field, STATISTICS_NULL_COUNT);
        else if (field.id > 0 && (size_t)field.id < PF_COUNT(numbers) && numbers[field.id] != NULL)
            *numbers[field.id] = pf_thrift_int64(in, &field);
        else
            pf_thrift_skip(in, &field);
    }
    if (type < PARQUET_BOOLEAN || type > PARQUET_FIXED_LEN_BYTE_ARRAY)
        pf_thrift_fault(in, "has a column chunk of an unknown type");
    chunk->type = (int16_t)type;
    /* Some writers give 0 for a dictionary that is not there, or that stands where the data is said to begin. */
    chunk->start = dictionary >= PARQUET_MAGIC_SIZE && dictionary < data ? dictionary : data;
}

static void read_chunk(struct pf_thrift_input *in, struct parquet_chunk *chunk)
{
    struct pf_thrift_field field = { 0 };
    size_t size;

    chunk->type = -1;
    chunk->text_bytes = chunk->nulls = -1;
    while (pf_thrift_next(in, &field)) {
        switch (field.id) {
        case COLUMN_FILE_PATH:
            (void)pf_thrift_binary(in, &field, &size);
            chunk->elsewhere = size != 0;
            break;
        case COLUMN_META_DATA:
            read_chunk_details(in, &field, chunk);
            break;
        case COLUMN_CRYPTO_METADATA:
        case COLUMN_ENCRYPTED_META_DATA:
            chunk->encrypted = true;
            pf_thrift_skip(in, &field);
            break;
        default:
            pf_thrift_skip(in, &field);
        }
    }
    if (chunk->type < 0 && !chunk->encrypted)
        pf_thrift_fault(in, "has a column chunk without its metadata");
}

static void read_group(struct parse *parse, struct parquet_group *group)
{
    struct pf_thrift_input *in = &parse->in;
    struct pf_thrift_field field = { 0 };

    group->rows = -1;
    while (pf_thrift_next(in, &field)) {
        if (field.id == ROW_GROUP_COLUMNS) {
            group->chunk_count = pf_thrift_list(in, &field, THRIFT_STRUCT, LEAST_CHUNK);
            group->chunks = in->wrong == NULL ? make(parse, group->chunk_count, sizeof *group->chunks) : NULL;
            for (uint32_t i = 0; i < group->chunk_count && in->wrong == NULL; i++)
                read_chunk(in, &group->chunks[i]);
        } else if (field.id == ROW_GROUP_NUM_ROWS) {
            group->rows = pf_thrift_int64(in, &field);
        } else {
            pf_thrift_skip(in, &field);
        }
    }
}

static void read_groups(struct parse *parse, const struct pf_thrift_field *owner)
{
    uint32_t count = pf_thrift_list(&parse->in, owner, THRIFT_STRUCT, LEAST_GROUP);

    if (parse->in.wrong != NULL)
        return;
    parse->out->groups = make(parse, count, sizeof *parse->out->groups);
    parse->out->group_count = count;
    for (uint32_t i = 0; i < count && parse->in.wrong == NULL; i++)
        read_group(parse, &parse->out->groups[i]);
}

/* ---- the whole */

static void read_key_values(struct parse *parse, const struct pf_thrift_field *owner)
{
    static const char wanted[] = "ARROW:schema";
    struct pf_thrift_input *in = &parse->in;
    const uint32_t count = pf_thrift_list(in, owner, THRIFT_STRUCT, LEAST_KEY_VALUE);

    for (uint32_t i = 0; i < count && in->wrong == NULL; i++) {
        struct pf_thrift_field field = { 0 };
        const uint8_t *key = NULL, *value = NULL;
        size_t key_size = 0, value_size = 0;

        while (pf_thrift_next(in, &field)) {
            if (field.id == KEY_VALUE_KEY)
                key = pf_thrift_binary(in, &field, &key_size);
            else if (field.id == KEY_VALUE_VALUE)
                value = pf_thrift_binary(in, &field, &value_size);
            else
                pf_thrift_skip(in, &field);
        }
        if (key != NULL && key_size == strlen(wanted) && memcmp(key, wanted, key_size) == 0) {
            parse->arrow = value;
            parse->arrow_size = value_size;
        }
    }
}

static void read_file(struct parse *parse)
{
    struct pf_thrift_input *in = &parse->in;
    struct parquet_metadata *out = parse->out;
    struct pf_thrift_field field = { 0 };
    const uint8_t *text;
    size_t size;

    out->rows = -1;
    out->created_by = "";
    while (pf_thrift_next(in, &field)) {
        switch (field.id) {
        case FILE_VERSION:
            out->version = pf_thrift_int32(in, &field);
            break;
        case FILE_SCHEMA:
            read_elements(parse, &field);
            break;
        case FILE_NUM_ROWS:
            out->rows = pf_thrift_int64(in, &field);
            break;
        case FILE_ROW_GROUPS:
            read_groups(parse, &field);
            break;
        case FILE_KEY_VALUE_METADATA:
            read_key_values(parse, &field);
            break;
        case FILE_CREATED_BY:
            text = pf_thrift_binary(in, &field, &size);
            if (text == NULL || pf_utf8_valid(text, size, 0) != size)
                break;
            out->created_by = pf_arena_copy(&out->arena, (const char *)text, size);
            parse->no_memory |= out->created_by == NULL;
            break;
        default:
            pf_thrift_skip(in, &field);
        }
    }
}

static enum pf_status check_chunk(const struct parquet_group *group, const struct parquet_chunk *chunk, int64_t pages_end,
                                  struct pf_error *err)
{
    if (chunk->encrypted && chunk->type < 0)
        return PF_OK; /* refused when the column is asked for */
    if (chunk->elsewhere)
        return PF_OK;
    if (chunk->values < 0 || chunk->compressed_size < 0 || chunk->uncompressed_size < 0)
        return pf_fail(err, PF_BAD_DATA, "the footer has a column chunk without its size or its number of values");
    if (chunk->start < PARQUET_MAGIC_SIZE || chunk->start > pages_end || chunk->compressed_size > pages_end - chunk->start) {
        if (chunk->values == 0 && group->rows == 0)
            return PF_OK; /* nothing is read of it */
        return pf_fail(err, PF_BAD_DATA,
                       "the footer puts a column chunk of %lld bytes at byte %lld, but the pages end at byte %lld",
                       (long long)chunk->compressed_size, (long long)chunk->start, (long long)pages_end);
    }
    return PF_OK;
}

/* Sums up the row groups and checks that they belong to the schema and to the file. */
static enum pf_status check_groups(struct parquet_metadata *out, int64_t pages_end, struct pf_error *err)
{
    int64_t rows = 0;

    for (uint32_t g = 0; g < out->group_count; g++) {
        struct parquet_group *group = &out->groups[g];

        group->first_row = rows;
        if (group->rows < 0 || group->rows > INT64_MAX / 2 - rows)
            return pf_fail(err, PF_BAD_DATA, "row group %u says it has %lld rows", g + 1, (long long)group->rows);
        rows += group->rows;
        if (group->chunk_count != out->leaf_count)
            return pf_fail(err, PF_BAD_DATA, "row group %u has %u column chunks, but the schema has %u columns", g + 1,
                           group->chunk_count, out->leaf_count);
        for (uint32_t c = 0; c < group->chunk_count; c++) {
            if (check_chunk(group, &group->chunks[c], pages_end, err) != PF_OK)
                return err->status;
        }
    }
    if (out->rows != rows)
        return pf_fail(err, PF_BAD_DATA, "the footer says %lld rows, but its row groups have %lld", (long long)out->rows,
                       (long long)rows);
    return PF_OK;
}

/* A flat column has one value a row in every row group, of the type in the schema. */
static enum pf_status check_columns(const struct parquet_metadata *out, struct pf_error *err)
{
    for (uint32_t g = 0; g < out->group_count; g++) {
        const struct parquet_group *group = &out->groups[g];

        for (uint32_t c = 0; c < out->column_count; c++) {
            const struct parquet_column *column = &out->columns[c];
            const struct parquet_chunk *chunk;

            if (column->refused != NULL)
                continue;
            chunk = &group->chunks[column->leaf];
            if (chunk->type >= 0 && chunk->type != (int16_t)column->physical)
                return pf_fail(err, PF_BAD_DATA, "column '%s' is %s in the schema, but %s in row group %u", column->field.name,
                               parquet_type_name((int32_t)column->physical), parquet_type_name(chunk->type), g + 1);
            if (chunk->type >= 0 && chunk->values != group->rows)
                return pf_fail(err, PF_BAD_DATA, "column '%s' has %lld values in row group %u, which has %lld rows",
                               column->field.name, (long long)chunk->values, g + 1, (long long)group->rows);
        }
    }
    return PF_OK;
}

enum pf_status parquet_metadata_read(struct parquet_metadata *out, struct pf_context *ctx,
                                     const struct parquet_read_options *options, const uint8_t *footer, size_t size,
                                     int64_t pages_end, struct pf_error *err)
{
    struct parse parse = { .out = out };

    memset(out, 0, sizeof *out);
    pf_arena_init(&out->arena, &ctx->memory, SIZE_MAX);
    pf_thrift_input_init(&parse.in, footer, size);
    read_file(&parse);
    if (parse.no_memory)
        return pf_fail_memory(err, size);
    if (parse.in.wrong != NULL)
        return pf_fail(err, PF_BAD_DATA, "the footer (%zu bytes) %s", size, parse.in.wrong);
    if (parse.element_count == 0)
        return pf_fail(err, PF_BAD_DATA, "the footer has no schema");
    if (parquet_schema_read(out, options, &ctx->limits, parse.elements, parse.element_count, err) != PF_OK ||
        check_groups(out, pages_end, err) != PF_OK || check_columns(out, err) != PF_OK)
        return err->status;
    if (!parquet_arrow_read(out, &ctx->memory, parse.arrow, parse.arrow_size))
        return pf_fail_memory(err, parse.arrow_size);
    return PF_OK;
}

void parquet_metadata_free(struct parquet_metadata *metadata)
{
    pf_arena_free(&metadata->arena);
    memset(metadata, 0, sizeof *metadata);
}

const char *parquet_type_name(int32_t type)
{
    static const char *const names[] = {
        [PARQUET_BOOLEAN] = "BOOLEAN",       [PARQUET_INT32] = "INT32",
        [PARQUET_INT64] = "INT64",           [PARQUET_INT96] = "INT96",
        [PARQUET_FLOAT] = "FLOAT",           [PARQUET_DOUBLE] = "DOUBLE",
        [PARQUET_BYTE_ARRAY] = "BYTE_ARRAY", [PARQUET_FIXED_LEN_BYTE_ARRAY] = "FIXED_LEN_BYTE_ARRAY",
    };

    return type >= 0 && (size_t)type < PF_COUNT(names) ? names[type] : "an unknown type";
}

const char *parquet_encoding_name(int32_t encoding)
{
    static const char *const names[] = {
        [PARQUET_PLAIN] = "PLAIN",
        [PARQUET_PLAIN_DICTIONARY] = "PLAIN_DICTIONARY",
        [PARQUET_RLE] = "RLE",
        [PARQUET_BIT_PACKED] = "BIT_PACKED",
        [PARQUET_DELTA_BINARY_PACKED] = "DELTA_BINARY_PACKED",
        [PARQUET_DELTA_LENGTH_BYTE_ARRAY] = "DELTA_LENGTH_BYTE_ARRAY",
        [PARQUET_DELTA_BYTE_ARRAY] = "DELTA_BYTE_ARRAY",
        [PARQUET_RLE_DICTIONARY] = "RLE_DICTIONARY",
        [PARQUET_BYTE_STREAM_SPLIT] = "BYTE_STREAM_SPLIT",
    };

    return encoding >= 0 && (size_t)encoding < PF_COUNT(names) && names[encoding] != NULL ? names[encoding]
                                                                                          : "an unknown encoding";
}
