/* From the schema of a Parquet file to columns with types of the library. Rules: LogicalTypes.md of the Apache Parquet format
 * specification; the older ConvertedType counts where there is no LogicalType. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "formats/parquet/read_metadata.h"

/* What an annotation says of a column, old or new kind of annotation alike. */
enum meaning { NOTHING, TEXT, BYTES, DECIMAL, DATE, TIME, TIMESTAMP, INTEGER, UUID, HALF, UNREADABLE };

struct annotation {
    enum meaning meaning;
    const char *name; /* of the logical type */
    int32_t unit, bits, precision, scale;
    bool utc, is_signed;
};

/* ---- annotations */

static struct annotation from_logical(const struct parquet_element *element)
{
    static const struct {
        enum meaning meaning;
        const char *name;
    } table[] = {
        [PARQUET_LOGICAL_STRING] = { TEXT, "STRING" },
        [PARQUET_LOGICAL_MAP] = { UNREADABLE, "MAP" },
        [PARQUET_LOGICAL_LIST] = { UNREADABLE, "LIST" },
        [PARQUET_LOGICAL_ENUM] = { TEXT, "ENUM" },
        [PARQUET_LOGICAL_DECIMAL] = { DECIMAL, "DECIMAL" },
        [PARQUET_LOGICAL_DATE] = { DATE, "DATE" },
        [PARQUET_LOGICAL_TIME] = { TIME, "TIME" },
        [PARQUET_LOGICAL_TIMESTAMP] = { TIMESTAMP, "TIMESTAMP" },
        [PARQUET_LOGICAL_INTEGER] = { INTEGER, "INTEGER" },
        [PARQUET_LOGICAL_NULL] = { NOTHING, "UNKNOWN" },
        [PARQUET_LOGICAL_JSON] = { TEXT, "JSON" },
        [PARQUET_LOGICAL_BSON] = { BYTES, "BSON" },
        [PARQUET_LOGICAL_UUID] = { UUID, "UUID" },
        [PARQUET_LOGICAL_FLOAT16] = { HALF, "FLOAT16" },
        [PARQUET_LOGICAL_VARIANT] = { UNREADABLE, "VARIANT" },
        [PARQUET_LOGICAL_GEOMETRY] = { UNREADABLE, "GEOMETRY" },
        [PARQUET_LOGICAL_GEOGRAPHY] = { UNREADABLE, "GEOGRAPHY" },
    };
    struct annotation out = { .meaning = UNREADABLE,
                              .name = "a logical type newer than this version",
                              .unit = element->unit,
                              .bits = element->bits,
                              .precision = element->precision,
                              .scale = element->scale,
                              .utc = element->utc,
                              .is_signed = element->is_signed };

    if (element->logical >= 0 && (size_t)element->logical < PF_COUNT(table) && table[element->logical].name != NULL) {
        out.meaning = table[element->logical].meaning;
        out.name = table[element->logical].name;
    }
    return out;
}

static struct annotation from_converted(const struct parquet_element *element)
{
    static const struct annotation table[] = {
        [PARQUET_CONVERTED_UTF8] = { .meaning = TEXT, .name = "UTF8" },
        [PARQUET_CONVERTED_MAP] = { .meaning = UNREADABLE, .name = "MAP" },
        [PARQUET_CONVERTED_MAP_KEY_VALUE] = { .meaning = UNREADABLE, .name = "MAP_KEY_VALUE" },
        [PARQUET_CONVERTED_LIST] = { .meaning = UNREADABLE, .name = "LIST" },
        [PARQUET_CONVERTED_ENUM] = { .meaning = TEXT, .name = "ENUM" },
        [PARQUET_CONVERTED_DECIMAL] = { .meaning = DECIMAL, .name = "DECIMAL" },
        [PARQUET_CONVERTED_DATE] = { .meaning = DATE, .name = "DATE" },
        [PARQUET_CONVERTED_TIME_MILLIS] = { .meaning = TIME, .name = "TIME_MILLIS", .unit = PARQUET_MILLIS, .utc = true },
        [PARQUET_CONVERTED_TIME_MICROS] = { .meaning = TIME, .name = "TIME_MICROS", .unit = PARQUET_MICROS, .utc = true },
        [PARQUET_CONVERTED_TIMESTAMP_MILLIS] = { .meaning = TIMESTAMP,
                                                 .name = "TIMESTAMP_MILLIS",
                                                 .unit = PARQUET_MILLIS,
                                                 .utc = true },
        [PARQUET_CONVERTED_TIMESTAMP_MICROS] = { .meaning = TIMESTAMP,
                                                 .name = "TIMESTAMP_MICROS",
                                                 .unit = PARQUET_MICROS,
                                                 .utc = true },
        [PARQUET_CONVERTED_UINT_8] = { .meaning = INTEGER, .name = "UINT_8", .bits = 8 },
        [PARQUET_CONVERTED_UINT_16] = { .meaning = INTEGER, .name = "UINT_16", .bits = 16 },
        [PARQUET_CONVERTED_UINT_32] = { .meaning = INTEGER, .name = "UINT_32", .bits = 32 },
        [PARQUET_CONVERTED_UINT_64] = { .meaning = INTEGER, .name = "UINT_64", .bits = 64 },
        [PARQUET_CONVERTED_INT_8] = { .meaning = INTEGER, .name = "INT_8", .bits = 8, .is_signed = true },
        [PARQUET_CONVERTED_INT_16] = { .meaning = INTEGER, .name = "INT_16", .bits = 16, .is_signed = true },
        [PARQUET_CONVERTED_INT_32] = { .meaning = INTEGER, .name = "INT_32", .bits = 32, .is_signed = true },
        [PARQUET_CONVERTED_INT_64] = { .meaning = INTEGER, .name = "INT_64", .bits = 64, .is_signed = true },
        [PARQUET_CONVERTED_JSON] = { .meaning = TEXT, .name = "JSON" },
        [PARQUET_CONVERTED_BSON] = { .meaning = BYTES, .name = "BSON" },
        [PARQUET_CONVERTED_INTERVAL] = { .meaning = UNREADABLE, .name = "INTERVAL" },
    };
    struct annotation out = { .meaning = UNREADABLE, .name = "a converted type newer than this version" };

    if (element->converted < 0)
        out.meaning = NOTHING;
    else if ((size_t)element->converted < PF_COUNT(table))
        out = table[element->converted];
    out.precision = element->precision;
    out.scale = element->scale;
    return out;
}

/* ---- types. Each function returns false when the annotation does not suit the physical type. */

static bool set_plain(struct parquet_column *column)
{
    static const enum pf_type types[] = {
        [PARQUET_BOOLEAN] = PF_TYPE_BOOL,      [PARQUET_INT32] = PF_TYPE_INT32,
        [PARQUET_INT64] = PF_TYPE_INT64,       [PARQUET_INT96] = PF_TYPE_TIMESTAMP,
        [PARQUET_FLOAT] = PF_TYPE_FLOAT32,     [PARQUET_DOUBLE] = PF_TYPE_FLOAT64,
        [PARQUET_BYTE_ARRAY] = PF_TYPE_BINARY, [PARQUET_FIXED_LEN_BYTE_ARRAY] = PF_TYPE_BINARY,
    };

    column->field.type = types[column->physical];
    column->convert = column->physical == PARQUET_INT96 ? PF_CONVERT_INT96 : PF_CONVERT_NONE;
    return true;
}

static bool set_text(struct parquet_column *column)
{
    column->field.type = PF_TYPE_STRING;
    return column->physical == PARQUET_BYTE_ARRAY || column->physical == PARQUET_FIXED_LEN_BYTE_ARRAY;
}

static bool set_decimal(struct parquet_column *column, const struct annotation *said)
{
    column->field.type = PF_TYPE_DECIMAL128;
    switch (column->physical) {
    case PARQUET_INT32:
        column->convert = PF_CONVERT_DECIMAL32;
        break;
    case PARQUET_INT64:
        column->convert = PF_CONVERT_DECIMAL64;
        break;
    case PARQUET_BYTE_ARRAY:
    case PARQUET_FIXED_LEN_BYTE_ARRAY:
        column->convert = PF_CONVERT_DECIMAL_BYTES;
        break;
    default:
        return false;
    }
    if (said->precision < 1 || said->precision > 38)
        return false;
    column->field.precision = (uint8_t)said->precision;
    column->field.scale = said->scale < 0 ? 0 : (int8_t)(said->scale > 100 ? 100 : said->scale);
    return said->scale >= -1 && said->scale <= said->precision;
}

static bool set_time(struct parquet_column *column, const struct annotation *said)
{
    column->field.type = PF_TYPE_TIME64;
    column->convert = said->unit == PARQUET_MILLIS   ? PF_CONVERT_TIME_MS
                      : said->unit == PARQUET_MICROS ? PF_CONVERT_TIME_US
                                                     : PF_CONVERT_TIME_NS;
    return said->unit >= PARQUET_MILLIS && said->unit <= PARQUET_NANOS &&
           column->physical == (said->unit == PARQUET_MILLIS ? PARQUET_INT32 : PARQUET_INT64);
}

static bool set_timestamp(struct parquet_column *column, const struct annotation *said)
{
    column->field.type = PF_TYPE_TIMESTAMP;
    column->field.utc = said->utc;
    column->convert = said->unit == PARQUET_MILLIS   ? PF_CONVERT_TIMESTAMP_MS
                      : said->unit == PARQUET_MICROS ? PF_CONVERT_NONE
                                                     : PF_CONVERT_TIMESTAMP_NS;
    return said->unit >= PARQUET_MILLIS && said->unit <= PARQUET_NANOS && column->physical == PARQUET_INT64;
}

static bool set_integer(struct parquet_column *column, const struct annotation *said)
{
    static const struct {
        int32_t bits;
        bool is_signed;
        enum parquet_type physical;
        enum pf_type type;
        enum pf_convert convert;
    } table[] = {
        { 8, true, PARQUET_INT32, PF_TYPE_INT8, PF_CONVERT_INT8 },
        { 16, true, PARQUET_INT32, PF_TYPE_INT16, PF_CONVERT_INT16 },
        { 32, true, PARQUET_INT32, PF_TYPE_INT32, PF_CONVERT_NONE },
        { 64, true, PARQUET_INT64, PF_TYPE_INT64, PF_CONVERT_NONE },
        { 8, false, PARQUET_INT32, PF_TYPE_UINT8, PF_CONVERT_UINT8 },
        { 16, false, PARQUET_INT32, PF_TYPE_UINT16, PF_CONVERT_UINT16 },
        { 32, false, PARQUET_INT32, PF_TYPE_UINT32, PF_CONVERT_NONE },
        { 64, false, PARQUET_INT64, PF_TYPE_UINT64, PF_CONVERT_NONE },
    };

    for (size_t i = 0; i < PF_COUNT(table); i++) {
        if (table[i].bits == said->bits && table[i].is_signed == said->is_signed) {
            column->field.type = table[i].type;
            column->convert = table[i].convert;
            return column->physical == table[i].physical;
        }
    }
    return false;
}

static bool set_type(struct parquet_column *column, const struct annotation *said, const struct parquet_read_options *options)
{
    switch (said->meaning) {
    case NOTHING:
        column->field.utc = column->physical == PARQUET_INT96 && options->int96_instants;
        return options->binary_as_text && column->physical == PARQUET_BYTE_ARRAY ? set_text(column) : set_plain(column);
    case TEXT:
        return set_text(column);
    case BYTES:
        return set_plain(column) && column->field.type == PF_TYPE_BINARY;
    case DECIMAL:
        return set_decimal(column, said);
    case DATE:
        column->field.type = PF_TYPE_DATE32;
        return column->physical == PARQUET_INT32;
    case TIME:
        return set_time(column, said);
    case TIMESTAMP:
        return set_timestamp(column, said);
    case INTEGER:
        return set_integer(column, said);
    case UUID:
        column->field.type = PF_TYPE_STRING;
        column->convert = PF_CONVERT_UUID;
        return column->physical == PARQUET_FIXED_LEN_BYTE_ARRAY && column->width == 16;
    case HALF:
        column->field.type = PF_TYPE_FLOAT32;
        column->convert = PF_CONVERT_HALF;
        return column->physical == PARQUET_FIXED_LEN_BYTE_ARRAY && column->width == 2;
    default:
        return false;
    }
}

/* ---- columns */

struct walk {
    struct parquet_metadata *metadata;
    const struct parquet_read_options *options;
    const struct parquet_element *elements;
    uint32_t count, next; /* next: element to look at */
    struct pf_error *err;
};

static enum pf_status refuse(struct walk *walk, struct parquet_column *column, const char *format, ...) PF_PRINTF(3, 4);
static enum pf_status refuse(struct walk *walk, struct parquet_column *column, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    column->refused = pf_arena_copy(&walk->metadata->arena, text, strlen(text));
    return column->refused != NULL ? PF_OK : pf_fail_memory(walk->err, sizeof text);
}

static const char *nesting_name(const struct parquet_element *element)
{
    if (element->repetition == PARQUET_REPEATED)
        return "repeated";
    if (element->logical == PARQUET_LOGICAL_LIST || element->converted == PARQUET_CONVERTED_LIST)
        return "list";
    if (element->logical == PARQUET_LOGICAL_MAP || element->converted == PARQUET_CONVERTED_MAP ||
        element->converted == PARQUET_CONVERTED_MAP_KEY_VALUE)
        return "map";
    if (element->logical == PARQUET_LOGICAL_VARIANT)
        return "variant";
    return "struct";
}

/* Passes over everything below the group that was read last, counting leaves. Counting, not recursing: depth is the file's. */
static enum pf_status pass_over(struct walk *walk, int64_t pending)
{
    while (pending > 0) {
        const struct parquet_element *element;

        if (walk->next == walk->count)
            return pf_fail(walk->err, PF_BAD_DATA, "the schema ends inside a group");
        element = &walk->elements[walk->next++];
        pending--;
        if (element->children > 0)
            pending += element->children;
        else
            walk->metadata->leaf_count++;
    }
    return PF_OK;
}

static enum pf_status set_leaf(struct walk *walk, struct parquet_column *column, const struct parquet_element *element)
{
    static const uint8_t widths[] = { [PARQUET_BOOLEAN] = 1,
                                      [PARQUET_INT32] = 4,
                                      [PARQUET_INT64] = 8,
                                      [PARQUET_INT96] = 12,
                                      [PARQUET_FLOAT] = 4,
                                      [PARQUET_DOUBLE] = 8,
                                      [PARQUET_FIXED_LEN_BYTE_ARRAY] = 0 };
    struct annotation said = element->logical >= 0 ? from_logical(element) : from_converted(element);

    if (element->type < PARQUET_BOOLEAN || element->type > PARQUET_FIXED_LEN_BYTE_ARRAY)
        return refuse(walk, column, "column '%s' has the unknown physical type %d", column->field.name, element->type);
    column->physical = (enum parquet_type)element->type;
    column->width = widths[element->type];
    column->optional = element->repetition == PARQUET_OPTIONAL;
    column->field.required = !column->optional;
    if (column->physical == PARQUET_FIXED_LEN_BYTE_ARRAY) {
        if (element->type_length < 1)
            return pf_fail(walk->err, PF_BAD_DATA, "column '%s' has values of %d bytes", column->field.name,
                           element->type_length);
        column->width = (uint32_t)element->type_length;
    }
    if (said.meaning == UNREADABLE)
        return refuse(walk, column, "column '%s' has the type %s, which is not read yet", column->field.name, said.name);
    if (said.meaning == DECIMAL && said.precision > 38)
        return refuse(walk, column, "column '%s' is a decimal of %d digits; up to 38 are read", column->field.name,
                      said.precision);
    if (!set_type(column, &said, walk->options))
        return refuse(
            walk, column, "column '%s' is %s stored as %s (width %u, precision %d, scale %d), which does not go together",
            column->field.name, said.name, parquet_type_name(element->type), column->width, said.precision, said.scale);
    return PF_OK;
}

/* ---- the types of nested columns, to be told */

enum { TYPE_SHOWN = 160, DEPTH_SHOWN = 16 };

struct telling {
    struct walk walk; /* over elements that are known to be there */
    char text[TYPE_SHOWN];
    size_t size;
    bool full; /* the rest is left out */
};

static void tell(struct telling *told, const char *text, size_t size)
{
    if (told->full)
        return;
    told->full = size >= sizeof told->text - sizeof "..." - told->size;
    if (told->full) {
        text = "...";
        size = 3;
    }
    memcpy(told->text + told->size, text, size);
    told->size += size;
    told->text[told->size] = '\0';
}

static void tell_text(struct telling *told, const char *text)
{
    tell(told, text, strlen(text));
}

static void tell_leaf(struct telling *told, const struct parquet_element *element)
{
    struct parquet_column column = { .field = { .name = "" } };
    struct walk walk = told->walk;
    struct pf_error ignored;
    char type[32];

    walk.err = &ignored;
    if (set_leaf(&walk, &column, element) == PF_OK && column.refused == NULL)
        tell_text(told, pf_type_text(&column.field, type));
    else
        tell_text(told, parquet_type_name(element->type));
}

static bool is_repeated_group(const struct walk *walk, int32_t children)
{
    const struct parquet_element *element = &walk->elements[walk->next];

    return walk->next < walk->count && element->repetition == PARQUET_REPEATED && element->children == children;
}

static void tell_type(struct telling *told, bool repeated, uint32_t depth);

static void tell_members(struct telling *told, const struct parquet_element *group, uint32_t depth)
{
    tell_text(told, "struct<");
    for (int32_t i = 0; i < group->children && !told->full; i++) {
        const struct parquet_element *member = &told->walk.elements[told->walk.next];
        bool good = pf_utf8_valid(member->name, member->name_size, 0) == member->name_size;

        tell_text(told, i > 0 ? ", " : "");
        tell(told, good ? (const char *)member->name : "?", good ? member->name_size : 1);
        tell_text(told, ": ");
        tell_type(told, true, depth + 1);
    }
    tell_text(told, ">");
}

/* The element that comes next. repeated: that it is so makes it a list. */
static void tell_type(struct telling *told, bool repeated, uint32_t depth)
{
    struct walk *walk = &told->walk;
    const struct parquet_element *element = &walk->elements[walk->next++];
    bool list = repeated && element->repetition == PARQUET_REPEATED;
    const char *kind = list ? "list" : nesting_name(element);

    if (depth == DEPTH_SHOWN) {
        tell(told, "", TYPE_SHOWN);
    } else if (list) {
        walk->next--;
        tell_text(told, "list<");
        tell_type(told, false, depth + 1);
        tell_text(told, ">");
    } else if (element->children <= 0) {
        tell_leaf(told, element);
    } else if (strcmp(kind, "map") == 0 && element->children == 1 && is_repeated_group(walk, 2)) {
        walk->next++;
        tell_text(told, "map<");
        tell_type(told, true, depth + 1);
        tell_text(told, ", ");
        tell_type(told, true, depth + 1);
        tell_text(told, ">");
    } else if (strcmp(kind, "list") == 0 && element->children == 1 && is_repeated_group(walk, 1)) {
        walk->next++;
        tell_text(told, "list<");
        tell_type(told, true, depth + 1);
        tell_text(told, ">");
    } else if (strcmp(kind, "list") == 0 && element->children == 1) {
        tell_type(told, true, depth + 1);
    } else {
        tell_members(told, element, depth);
    }
}

/* A nested column, which begins with the element before the next. */
static enum pf_status refuse_nested(struct walk *walk, struct parquet_column *column, const struct parquet_element *element)
{
    struct telling told = { .walk = *walk };

    if (pass_over(walk, element->children) != PF_OK)
        return walk->err->status;
    told.walk.next--;
    tell_type(&told, true, 0);
    column->nested = pf_arena_copy(&walk->metadata->arena, told.text, told.size);
    if (column->nested == NULL)
        return pf_fail_memory(walk->err, told.size);
    return refuse(walk, column, "column '%s' is nested (%s); nested columns are not read yet", column->field.name,
                  element->logical == PARQUET_LOGICAL_VARIANT ? "variant" : told.text);
}

static enum pf_status set_column(struct walk *walk, struct parquet_column *column)
{
    const struct parquet_element *element = &walk->elements[walk->next++];
    struct parquet_metadata *metadata = walk->metadata;

    if (memchr(element->name, '\0', element->name_size) != NULL ||
        pf_utf8_valid(element->name, element->name_size, 0) != element->name_size)
        return pf_fail(walk->err, PF_BAD_DATA, "the name of column %td is not UTF-8", column - metadata->columns + 1);
    column->field.name = pf_arena_copy(&metadata->arena, (const char *)element->name, element->name_size);
    if (column->field.name == NULL)
        return pf_fail_memory(walk->err, element->name_size);
    column->leaf = metadata->leaf_count;
    if (element->type < 0 || element->children > 0)
        return refuse_nested(walk, column, element);
    metadata->leaf_count++;
    if (element->repetition == PARQUET_REPEATED)
        return refuse(walk, column, "column '%s' is nested (repeated); nested columns are not read yet", column->field.name);
    if (element->repetition != PARQUET_OPTIONAL && element->repetition != PARQUET_REQUIRED)
        return refuse(walk, column, "column '%s' has the repetition %d, which is not read yet", column->field.name,
                      element->repetition);
    return set_leaf(walk, column, element);
}

enum pf_status parquet_schema_read(struct parquet_metadata *metadata, const struct parquet_read_options *options,
                                   const struct pf_limits *limits, const struct parquet_element *elements, uint32_t count,
                                   struct pf_error *err)
{
    struct walk walk = { metadata, options, elements, count, 1, err };
    int64_t columns = elements[0].children < 0 ? 0 : elements[0].children;

    /* Each column takes at least one of the elements after the root. */
    if (columns > (int64_t)count - 1)
        return pf_fail(err, PF_BAD_DATA, "the schema says it has %lld columns, but only %u elements follow", (long long)columns,
                       count - 1);
    if (columns > limits->columns) {
        pf_fail(err, PF_LIMIT, "the table has %lld columns; the limit is %u", (long long)columns, limits->columns);
        pf_remedy(err, "raise --max-columns if the file is to be trusted");
        return PF_LIMIT;
    }
    metadata->columns = pf_arena_alloc_zero(&metadata->arena, (size_t)columns, sizeof *metadata->columns);
    if (metadata->columns == NULL)
        return pf_fail_memory(err, (size_t)columns * sizeof *metadata->columns);
    metadata->column_count = (uint32_t)columns;
    for (uint32_t i = 0; i < metadata->column_count; i++) {
        if (walk.next == count)
            return pf_fail(err, PF_BAD_DATA, "the schema ends after %u of %u columns", i, metadata->column_count);
        if (set_column(&walk, &metadata->columns[i]) != PF_OK)
            return err->status;
    }
    if (walk.next != count)
        return pf_fail(err, PF_BAD_DATA, "the schema has %u elements after its last column", count - walk.next);
    return PF_OK;
}
