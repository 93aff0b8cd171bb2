/* The types of an Arrow schema ("The Arrow C data interface", format strings) and what becomes of them. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "formats/arrow/arrow.h"

static const struct {
    const char *format;
    enum pf_type type;
    enum arrow_layout layout;
    uint32_t width;
    int64_t factor, divisor;
} plain_types[] = {
    { "n", PF_TYPE_STRING, ARROW_NOTHING, 0, 0, 0 },
    { "b", PF_TYPE_BOOL, ARROW_BITS, 0, 0, 0 },
    { "c", PF_TYPE_INT8, ARROW_SAME, 1, 0, 0 },
    { "C", PF_TYPE_UINT8, ARROW_SAME, 1, 0, 0 },
    { "s", PF_TYPE_INT16, ARROW_SAME, 2, 0, 0 },
    { "S", PF_TYPE_UINT16, ARROW_SAME, 2, 0, 0 },
    { "i", PF_TYPE_INT32, ARROW_SAME, 4, 0, 0 },
    { "I", PF_TYPE_UINT32, ARROW_SAME, 4, 0, 0 },
    { "l", PF_TYPE_INT64, ARROW_SAME, 8, 0, 0 },
    { "L", PF_TYPE_UINT64, ARROW_SAME, 8, 0, 0 },
    { "e", PF_TYPE_FLOAT32, ARROW_HALF, 2, 0, 0 },
    { "f", PF_TYPE_FLOAT32, ARROW_SAME, 4, 0, 0 },
    { "g", PF_TYPE_FLOAT64, ARROW_SAME, 8, 0, 0 },
    { "u", PF_TYPE_STRING, ARROW_OFFSETS_32, 0, 0, 0 },
    { "U", PF_TYPE_STRING, ARROW_OFFSETS_64, 0, 0, 0 },
    { "vu", PF_TYPE_STRING, ARROW_VIEWS, 0, 0, 0 },
    { "z", PF_TYPE_BINARY, ARROW_OFFSETS_32, 0, 0, 0 },
    { "Z", PF_TYPE_BINARY, ARROW_OFFSETS_64, 0, 0, 0 },
    { "vz", PF_TYPE_BINARY, ARROW_VIEWS, 0, 0, 0 },
    { "tdD", PF_TYPE_DATE32, ARROW_SAME, 4, 0, 0 },
    { "tdm", PF_TYPE_DATE32, ARROW_SIGNED, 8, 0, 86400000 },
    { "tts", PF_TYPE_TIME64, ARROW_SIGNED, 4, 1000000, 0 },
    { "ttm", PF_TYPE_TIME64, ARROW_SIGNED, 4, 1000, 0 },
    { "ttu", PF_TYPE_TIME64, ARROW_SAME, 8, 0, 0 },
    { "ttn", PF_TYPE_TIME64, ARROW_SIGNED, 8, 0, 1000 },
};

/* Timestamps are followed by a zone. */
static const struct {
    const char *format;
    enum arrow_layout layout;
    int64_t factor, divisor;
} timestamps[] = {
    { "tss:", ARROW_SIGNED, 1000000, 0 },
    { "tsm:", ARROW_SIGNED, 1000, 0 },
    { "tsu:", ARROW_SAME, 0, 0 },
    { "tsn:", ARROW_SIGNED, 0, 1000 },
};

static bool is_utc(const char *zone)
{
    static const char *const names[] = { "UTC", "Z", "Etc/UTC", "GMT", "+00:00", "-00:00", "Zulu", "Etc/UCT", "UCT" };

    for (size_t i = 0; i < PF_COUNT(names); i++) {
        if (pf_same_word(zone, names[i]))
            return true;
    }
    return false;
}

static bool describe_plain(const char *format, struct arrow_column *column)
{
    for (size_t i = 0; i < PF_COUNT(plain_types); i++) {
        if (strcmp(format, plain_types[i].format) != 0)
            continue;
        column->field.type = plain_types[i].type;
        column->layout = plain_types[i].layout;
        column->width = plain_types[i].width;
        column->factor = plain_types[i].factor;
        column->divisor = plain_types[i].divisor;
        return true;
    }
    return false;
}

static bool describe_timestamp(const char *format, struct pf_arena *arena, struct arrow_column *column)
{
    for (size_t i = 0; i < PF_COUNT(timestamps); i++) {
        const char *zone = format + strlen(timestamps[i].format);

        if (strncmp(format, timestamps[i].format, strlen(timestamps[i].format)) != 0)
            continue;
        column->field.type = PF_TYPE_TIMESTAMP;
        column->field.utc = *zone != '\0';
        column->layout = timestamps[i].layout;
        column->width = 8;
        column->factor = timestamps[i].factor;
        column->divisor = timestamps[i].divisor;
        /* it is for a message only: that it may be missing does no harm */
        if (column->field.utc && !is_utc(zone))
            column->zone = pf_arena_copy(arena, zone, strlen(zone));
        return true;
    }
    return false;
}

/* "d:precision,scale" or "d:precision,scale,bits" */
static bool describe_decimal(const char *format, struct arrow_column *column)
{
    long precision, scale, bits = 128;
    char *end;

    if (strncmp(format, "d:", 2) != 0)
        return false;
    precision = strtol(format + 2, &end, 10);
    if (*end != ',')
        return false;
    scale = strtol(end + 1, &end, 10);
    if (*end == ',')
        bits = strtol(end + 1, &end, 10);
    if (*end != '\0' || precision < 1 || precision > 38 || scale < 0 || scale > precision ||
        (bits != 32 && bits != 64 && bits != 128))
        return false;
    column->field.type = PF_TYPE_DECIMAL128;
    column->field.precision = (uint8_t)precision;
    column->field.scale = (int8_t)scale;
    column->layout = bits == 128 ? ARROW_SAME : ARROW_DECIMAL;
    column->width = (uint32_t)(bits / 8);
    return true;
}

/* "w:42" */
static bool describe_fixed(const char *format, struct arrow_column *column)
{
    long width;
    char *end;

    if (strncmp(format, "w:", 2) != 0)
        return false;
    width = strtol(format + 2, &end, 10);
    if (*end != '\0' || width < 0 || width > INT32_MAX)
        return false;
    column->field.type = PF_TYPE_BINARY;
    column->layout = ARROW_FIXED_BYTES;
    column->width = (uint32_t)width;
    return true;
}

/* What the format is, for the message that refuses it. */
static const char *kind_of(const char *format)
{
    static const char *const kinds[][2] = {
        { "+l", "a dictionary of lists" },
        { "+L", "a dictionary of lists" },
        { "+v", "a dictionary of lists" },
        { "+w", "a dictionary of lists" },
        { "+s", "a dictionary of structs" },
        { "+m", "a dictionary of maps" },
        { "+u", "a union" },
        { "+r", "run-end encoded" },
        { "tD", "a duration" },
        { "ti", "an interval" },
        { "d:", "a decimal that is not held here" },
    };

    for (size_t i = 0; i < PF_COUNT(kinds); i++) {
        if (strncmp(format, kinds[i][0], strlen(kinds[i][0])) == 0)
            return kinds[i][1];
    }
    return "of a type that is not known";
}

/* ---- nested types */

/* What is being described: messages name the column and, within one that is nested, the part. */
struct description {
    struct pf_arena *arena;
    const char *column;
    uint32_t depth;
};

static enum pf_status describe(struct description *whole, const struct ArrowSchema *schema, struct arrow_column *column,
                               struct pf_error *err);

static const struct {
    const char *format;
    enum pf_type type;
    enum arrow_layout layout;
} nested_types[] = {
    { "+l", PF_TYPE_LIST, ARROW_LISTS_32 },       { "+L", PF_TYPE_LIST, ARROW_LISTS_64 },
    { "+vl", PF_TYPE_LIST, ARROW_LIST_VIEWS_32 }, { "+vL", PF_TYPE_LIST, ARROW_LIST_VIEWS_64 },
    { "+s", PF_TYPE_STRUCT, ARROW_STRUCT },       { "+m", PF_TYPE_MAP, ARROW_LISTS_32 },
};

static bool is_nested(const char *format, struct arrow_column *column)
{
    char *end;
    long width;

    for (size_t i = 0; i < PF_COUNT(nested_types); i++) {
        if (strcmp(format, nested_types[i].format) != 0)
            continue;
        column->field.type = nested_types[i].type;
        column->layout = nested_types[i].layout;
        return true;
    }
    if (strncmp(format, "+w:", 3) != 0)
        return false;
    width = strtol(format + 3, &end, 10);
    if (end == format + 3 || *end != '\0' || width < 0 || width > INT32_MAX)
        return false;
    column->field.type = PF_TYPE_LIST;
    column->layout = ARROW_FIXED_LISTS;
    column->width = (uint32_t)width;
    return true;
}

static enum pf_status check_members(const struct description *whole, const struct arrow_column *column, struct pf_error *err)
{
    for (uint32_t i = 0; i < column->field.child_count; i++) {
        for (uint32_t before = 0; before < i; before++) {
            if (strcmp(column->children[i].field.name, column->children[before].field.name) != 0)
                continue;
            pf_fail(err, PF_UNSUPPORTED, "column '%.100s' has a struct with two members called '%.60s'", whole->column,
                    column->children[i].field.name);
            pf_remedy(err, "give one of them another name before");
            return PF_UNSUPPORTED;
        }
    }
    return PF_OK;
}

/* A map's entries and their keys are there, whatever the schema says of them: nulls among them are refused with the values. */
static enum pf_status check_map(const struct description *whole, struct arrow_column *column, struct pf_error *err)
{
    struct arrow_column *entries = column->children;

    if (entries->field.type != PF_TYPE_STRUCT || entries->field.child_count != 2)
        return pf_fail(err, PF_BAD_DATA, "column '%.100s' has a map whose entries are no pairs of a key and a value",
                       whole->column);
    entries->field.required = entries->children[0].field.required = true;
    return PF_OK;
}

static enum pf_status check_children(const struct description *whole, const struct ArrowSchema *schema,
                                     const struct arrow_column *column, struct pf_error *err)
{
    if (schema->n_children < 0 || (schema->n_children > 0 && schema->children == NULL) ||
        (column->field.type != PF_TYPE_STRUCT && schema->n_children != 1) || schema->n_children > INT32_MAX)
        return pf_fail(err, PF_BAD_DATA, "column '%.100s' breaks the rules of the Arrow C data interface", whole->column);
    if (schema->n_children == 0) {
        pf_fail(err, PF_UNSUPPORTED, "column '%.100s' has a struct without members", whole->column);
        pf_remedy(err, "leave the column out, or give the struct a member before");
        return PF_UNSUPPORTED;
    }
    if (whole->depth < PF_NESTING)
        return PF_OK;
    pf_fail(err, PF_LIMIT, "column '%.100s' has more than %d lists and structs inside one another", whole->column, PF_NESTING);
    pf_remedy(err, "flatten it before, or leave it out");
    return PF_LIMIT;
}

static enum pf_status describe_nested(struct description *whole, const struct ArrowSchema *schema, struct arrow_column *column,
                                      struct pf_error *err)
{
    uint32_t count = (uint32_t)schema->n_children;
    struct pf_field *fields;

    if (check_children(whole, schema, column, err) != PF_OK)
        return err->status;
    fields = pf_arena_alloc(whole->arena, count * sizeof *fields);
    column->children = pf_arena_alloc_zero(whole->arena, count, sizeof *column->children);
    if (fields == NULL || column->children == NULL)
        return pf_fail_memory(err, count * sizeof *column->children);
    whole->depth++;
    for (uint32_t i = 0; i < count; i++) {
        if (describe(whole, schema->children[i], &column->children[i], err) != PF_OK)
            return err->status;
    }
    whole->depth--;
    column->field.child_count = count;
    if (column->field.type == PF_TYPE_MAP && check_map(whole, column, err) != PF_OK)
        return err->status;
    if (column->field.type == PF_TYPE_STRUCT && check_members(whole, column, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < count; i++)
        fields[i] = column->children[i].field;
    column->field.children = fields;
    return PF_OK;
}

/* ---- columns */

static enum pf_status refuse(const struct description *whole, const char *name, const char *format, struct pf_error *err)
{
    if (whole->depth == 0)
        pf_fail(err, PF_UNSUPPORTED, "column '%.100s' is %s (Arrow format '%.40s')", name, kind_of(format), format);
    else
        pf_fail(err, PF_UNSUPPORTED, "'%.60s' in column '%.100s' is %s (Arrow format '%.40s')", name, whole->column,
                kind_of(format), format);
    pf_remedy(err, "leave the column out, or convert it to a plain type before");
    return PF_UNSUPPORTED;
}

static enum pf_status describe(struct description *whole, const struct ArrowSchema *schema, struct arrow_column *column,
                               struct pf_error *err)
{
    const char *name, *format;

    if (schema == NULL)
        return pf_fail(err, PF_BAD_DATA, "the Arrow schema lacks a column that it counts");
    name = schema->name != NULL ? schema->name : "";
    format = schema->format;
    if (whole->depth == 0)
        whole->column = name;
    column->field.name = pf_arena_copy(whole->arena, name, strlen(name));
    if (column->field.name == NULL)
        return pf_fail_memory(err, strlen(name));
    column->field.required = (schema->flags & ARROW_FLAG_NULLABLE) == 0;
    if (schema->dictionary != NULL && format != NULL) {
        if (format[0] == '\0' || format[1] != '\0' || strchr("cCsSiIlL", format[0]) == NULL)
            return pf_fail(err, PF_BAD_DATA, "column '%.100s' has dictionary indexes of format '%.20s'", name, format);
        column->index = format[0];
        format = schema->dictionary->format;
    }
    if (format == NULL)
        return pf_fail(err, PF_BAD_DATA, "column '%.100s' of the Arrow schema has no format", name);
    if (column->index == 0 && is_nested(format, column))
        return describe_nested(whole, schema, column, err);
    if (describe_plain(format, column) || describe_timestamp(format, whole->arena, column) ||
        describe_decimal(format, column) || describe_fixed(format, column))
        return PF_OK;
    return refuse(whole, name, format, err);
}

enum pf_status arrow_describe(const struct ArrowSchema *schema, struct pf_arena *arena, struct arrow_column *column,
                              struct pf_error *err)
{
    struct description whole = { .arena = arena };

    memset(column, 0, sizeof *column);
    return describe(&whole, schema, column, err);
}
