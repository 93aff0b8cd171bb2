#include "arrow/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pf_schema_init(struct pf_schema *schema, struct pf_memory *memory)
{
    memset(schema, 0, sizeof *schema);
    pf_arena_init(&schema->arena, memory, SIZE_MAX);
}

void pf_schema_free(struct pf_schema *schema)
{
    pf_arena_free(&schema->arena);
    if (schema->arena.memory != NULL)
        pf_free(schema->arena.memory, schema->fields);
    schema->fields = NULL;
    schema->count = schema->capacity = 0;
}

/* Makes the children of a field, which are another schema's, this one's. */
static bool copy_children(struct pf_arena *arena, struct pf_field *field)
{
    struct pf_field *children;

    if (field->child_count == 0)
        return true;
    children = pf_arena_alloc(arena, field->child_count * sizeof *children);
    if (children == NULL)
        return false;
    for (uint32_t i = 0; i < field->child_count; i++) {
        children[i] = field->children[i];
        children[i].name = pf_arena_copy(arena, children[i].name, strlen(children[i].name));
        if (children[i].name == NULL || !copy_children(arena, &children[i]))
            return false;
    }
    field->children = children;
    return true;
}

bool pf_schema_add(struct pf_schema *schema, const char *name, size_t size, const struct pf_field *like)
{
    struct pf_field field = *like;

    if (schema->count == schema->capacity) {
        uint32_t capacity = schema->capacity < 8 ? 16 : schema->capacity * 2;
        struct pf_field *fields = pf_resize(schema->arena.memory, schema->fields, capacity * sizeof *fields);

        if (fields == NULL)
            return false;
        schema->fields = fields;
        schema->capacity = capacity;
    }
    field.name = pf_arena_copy(&schema->arena, name, size);
    if (field.name == NULL || !copy_children(&schema->arena, &field))
        return false;
    schema->fields[schema->count++] = field;
    return true;
}

bool pf_schema_copy(struct pf_schema *to, const struct pf_schema *from)
{
    for (uint32_t i = 0; i < from->count; i++) {
        if (!pf_schema_add(to, from->fields[i].name, strlen(from->fields[i].name), &from->fields[i]))
            return false;
    }
    return true;
}

int64_t pf_schema_find(const struct pf_schema *schema, const char *name)
{
    for (uint32_t i = 0; i < schema->count; i++) {
        if (strcmp(schema->fields[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* ---- names of types */

static const struct {
    enum pf_type type;
    bool utc;
    uint8_t width;      /* bytes of one value in the data buffer; 0 = not fixed */
    const char *arrow;  /* format string of the Arrow C data interface */
    const char *name;   /* ours */
    const char *others; /* synonyms, each between blanks; NULL = no text says this type */
} types[] = {
    { PF_TYPE_STRING, false, 0, "u", "string", " text varchar str utf8 char " },
    { PF_TYPE_BOOL, false, 0, "b", "bool", " boolean " },
    { PF_TYPE_INT8, false, 1, "c", "int8", " tinyint byte " },
    { PF_TYPE_INT16, false, 2, "s", "int16", " smallint short " },
    { PF_TYPE_INT32, false, 4, "i", "int32", " integer int " },
    { PF_TYPE_INT64, false, 8, "l", "int64", " bigint long " },
    { PF_TYPE_UINT8, false, 1, "C", "uint8", " " },
    { PF_TYPE_UINT16, false, 2, "S", "uint16", " " },
    { PF_TYPE_UINT32, false, 4, "I", "uint32", " " },
    { PF_TYPE_UINT64, false, 8, "L", "uint64", " " },
    { PF_TYPE_FLOAT32, false, 4, "f", "float32", " real " },
    { PF_TYPE_FLOAT64, false, 8, "g", "float64", " double float " },
    { PF_TYPE_DECIMAL128, false, 16, "", "decimal", " numeric " },
    { PF_TYPE_DATE32, false, 4, "tdD", "date", " date32 " },
    { PF_TYPE_TIME64, false, 8, "ttu", "time", " time64 " },
    { PF_TYPE_TIMESTAMP, false, 8, "tsu:", "timestamp", " datetime timestamp_ntz " },
    { PF_TYPE_TIMESTAMP, true, 8, "tsu:UTC", "timestamptz", " timestamp_tz " },
    { PF_TYPE_BINARY, false, 0, "z", "binary", " bytes blob " },
    { PF_TYPE_LIST, false, 0, "+l", "list", NULL },
    { PF_TYPE_STRUCT, false, 0, "+s", "struct", NULL },
    { PF_TYPE_MAP, false, 0, "+m", "map", NULL },
};

static size_t type_row(const struct pf_field *field)
{
    for (size_t i = 0; i < PF_COUNT(types); i++) {
        if (types[i].type == field->type && (field->type != PF_TYPE_TIMESTAMP || types[i].utc == field->utc))
            return i;
    }
    return 0;
}

size_t pf_type_width(enum pf_type type)
{
    struct pf_field field = { .type = type };

    return types[type_row(&field)].width;
}

const char *pf_type_text(const struct pf_field *field, char to[32])
{
    const char *name = types[type_row(field)].name;

    if (field->type == PF_TYPE_DECIMAL128)
        (void)snprintf(to, 32, "decimal(%d,%d)", field->precision, field->scale);
    else
        (void)snprintf(to, 32, "%s", name);
    return to;
}

static bool print_members(const struct pf_field *field, struct pf_buffer *to)
{
    for (uint32_t i = 0; i < field->child_count; i++) {
        if ((i > 0 && !pf_buffer_append_text(to, ", ")) || !pf_buffer_append_text(to, field->children[i].name) ||
            !pf_buffer_append_text(to, ": ") || !pf_type_print(&field->children[i], to))
            return false;
    }
    return true;
}

bool pf_type_print(const struct pf_field *field, struct pf_buffer *to)
{
    const struct pf_field *entries = field->children;
    char name[32];
    bool good;

    if (!pf_buffer_append_text(to, pf_type_text(field, name)))
        return false;
    if (!pf_type_is_nested(field->type))
        return true;
    good = pf_buffer_append_text(to, "<");
    if (good && field->type == PF_TYPE_STRUCT)
        good = print_members(field, to);
    else if (good && field->type == PF_TYPE_LIST)
        good = pf_type_print(field->children, to);
    else if (good)
        good = pf_type_print(&entries->children[0], to) && pf_buffer_append_text(to, ", ") &&
               pf_type_print(&entries->children[1], to);
    return good && pf_buffer_append_text(to, ">");
}

/* "(12,2)" or "(12)" or "" after decimal. */
static bool parse_precision(const char *text, struct pf_field *field)
{
    long precision = 38, scale = 0;
    char *end;

    if (text[0] == '(') {
        precision = strtol(text + 1, &end, 10);
        if (end == text + 1)
            return false;
        if (*end == ',') {
            const char *at = end + 1;
            scale = strtol(at, &end, 10);
            if (end == at)
                return false;
        }
        if (strcmp(end, ")") != 0)
            return false;
    } else if (text[0] != '\0') {
        return false;
    }
    if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
        return false;
    field->precision = (uint8_t)precision;
    field->scale = (int8_t)scale;
    return true;
}

bool pf_type_parse(const char *text, size_t size, struct pf_field *field)
{
    char word[40] = " ";
    size_t length = 1, name_length;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == ' ')
            continue;
        if (length >= sizeof word - 2)
            return false;
        word[length++] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    }
    word[length] = '\0';
    name_length = strcspn(word + 1, "(");
    for (size_t i = 0; i < PF_COUNT(types); i++) {
        char key[48];

        if (name_length == 0 || types[i].others == NULL)
            return false;
        (void)snprintf(key, sizeof key, " %.*s ", (int)name_length, word + 1);
        if ((strlen(types[i].name) != name_length || memcmp(types[i].name, word + 1, name_length) != 0) &&
            strstr(types[i].others, key) == NULL)
            continue;
        field->type = types[i].type;
        field->utc = types[i].utc;
        if (field->type == PF_TYPE_DECIMAL128)
            return parse_precision(word + 1 + name_length, field);
        return word[1 + name_length] == '\0';
    }
    return false;
}

/* ---- export: what the structures point to is plain malloc'd memory of each, as a consumer may keep it longer than the context
 */

struct exported {
    char format[24];
    char *name;
    struct ArrowSchema *children;
    struct ArrowSchema **pointers;
};

static void release_schema(struct ArrowSchema *schema)
{
    struct exported *exported = schema->private_data;

    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release != NULL)
            schema->children[i]->release(schema->children[i]);
    }
    free(exported->children);
    free(exported->pointers);
    free(exported->name);
    free(exported);
    schema->release = NULL;
}

static bool export_named(const char *name, struct ArrowSchema *out)
{
    struct exported *exported = calloc(1, sizeof *exported);

    memset(out, 0, sizeof *out);
    if (exported == NULL)
        return false;
    exported->name = strdup(name);
    if (exported->name == NULL) {
        free(exported);
        return false;
    }
    out->format = exported->format;
    out->name = exported->name;
    out->private_data = exported;
    out->release = release_schema;
    return true;
}

static enum pf_status export_children(const struct pf_field *fields, uint32_t count, struct ArrowSchema *out,
                                      struct pf_error *err)
{
    struct exported *exported = out->private_data;

    exported->children = calloc((size_t)count + 1, sizeof *exported->children);
    exported->pointers = calloc((size_t)count + 1, sizeof(struct ArrowSchema *));
    if (exported->children == NULL || exported->pointers == NULL)
        return pf_fail_memory(err, count * sizeof *exported->children);
    out->children = exported->pointers;
    for (uint32_t i = 0; i < count; i++) {
        if (pf_field_export(&fields[i], &exported->children[i], err) != PF_OK)
            return err->status;
        exported->pointers[i] = &exported->children[i];
        out->n_children = i + 1;
    }
    return PF_OK;
}

enum pf_status pf_field_export(const struct pf_field *field, struct ArrowSchema *out, struct pf_error *err)
{
    struct exported *exported;

    if (!export_named(field->name, out))
        return pf_fail_memory(err, sizeof *exported);
    exported = out->private_data;
    if (field->type == PF_TYPE_DECIMAL128)
        (void)snprintf(exported->format, sizeof exported->format, "d:%d,%d", field->precision, field->scale);
    else
        (void)snprintf(exported->format, sizeof exported->format, "%s", types[type_row(field)].arrow);
    out->flags = field->required ? 0 : ARROW_FLAG_NULLABLE;
    if (field->child_count == 0 || export_children(field->children, field->child_count, out, err) == PF_OK)
        return PF_OK;
    release_schema(out);
    return err->status;
}

enum pf_status pf_schema_export(const struct pf_schema *schema, struct ArrowSchema *out, struct pf_error *err)
{
    struct exported *exported;

    if (!export_named("", out))
        return pf_fail_memory(err, sizeof *exported);
    exported = out->private_data;
    memcpy(exported->format, "+s", 3);
    if (export_children(schema->fields, schema->count, out, err) == PF_OK)
        return PF_OK;
    release_schema(out);
    return err->status;
}
