/* Long names of fields. The header of a table has room for ten letters; a table of Visual FoxPro may name a database, a .dbc file, that knows
 * the rest. It is a table itself: a record is an object, with a number, that of its parent, a type, and a name. A table's fields are the
 * records of type "Field" that have it as their parent, in the order of the fields. */
#include <string.h>

#include "formats/dbf/dbf.h"

enum { SCAN_BYTES = 1 << 20, SHORT_NAME = 10, NAME_CEILING = 254 };

struct database {
    struct dbf_reader *reader; /* of the table */
    struct pf_source *src;
    struct dbf_header header;
    struct dbf_layout layout;
    const struct dbf_field *id, *parent, *type, *name;
    int32_t table;      /* its number; 0 = not met */
    const char **names; /* of its fields */
    uint32_t count;     /* of them; may be more than there is room for */
};

static bool same_letter(uint8_t a, uint8_t b)
{
    const uint8_t x = a >= 'A' && a <= 'Z' ? a | 0x20 : a, y = b >= 'A' && b <= 'Z' ? b | 0x20 : b;

    return x == y;
}

static bool same_text(const uint8_t *stored, uint32_t size, const char *text, size_t text_size)
{
    if (size != text_size)
        return false;
    for (uint32_t i = 0; i < size; i++) {
        if (!same_letter(stored[i], (uint8_t)text[i]))
            return false;
    }
    return true;
}

static int32_t number_of(const uint8_t *record, const struct dbf_field *field)
{
    const uint8_t *at = record + field->at;

    return (int32_t)(at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
}

static bool is_of(const uint8_t *record, const struct dbf_field *field, const char *text, size_t size)
{
    const uint8_t *stored = record + field->at;

    return same_text(stored, dbf_text_size(stored, field->size), text, size);
}

/* ---- objects */

static enum pf_status find_table(struct database *database, const uint8_t *record, struct pf_error *err)
{
    size_t size;
    const char *stem = dbf_stem(database->reader->src, &size);

    (void)err;
    if (database->table == 0 && is_of(record, database->type, "Table", 5) && is_of(record, database->name, stem, size))
        database->table = number_of(record, database->id);
    return PF_OK;
}

static enum pf_status take_field(struct database *database, const uint8_t *record, struct pf_error *err)
{
    const uint8_t *stored = record + database->name->at;
    const uint32_t size = dbf_text_size(stored, database->name->size);

    if (number_of(record, database->parent) != database->table || !is_of(record, database->type, "Field", 5))
        return PF_OK;
    if (database->count++ >= database->reader->shown_count)
        return PF_OK;
    database->names[database->count - 1] = pf_arena_copy(&database->reader->arena, (const char *)stored, size);
    return database->names[database->count - 1] != NULL ? PF_OK : pf_fail_memory(err, size);
}

/* Every record that is not deleted. */
static enum pf_status scan(struct database *database,
                           enum pf_status (*visit)(struct database *database, const uint8_t *record, struct pf_error *err),
                           struct pf_error *err)
{
    const int64_t stride = database->header.record, step = SCAN_BYTES / stride + 1;
    struct pf_memory *memory = &database->reader->ctx->memory;
    uint8_t *part = pf_alloc(memory, (size_t)(step * stride));

    if (part == NULL)
        return pf_fail_memory(err, (size_t)(step * stride));
    for (int64_t row = 0; row < database->layout.rows && err->status == PF_OK; row += step) {
        const int64_t left = database->layout.rows - row, count = left < step ? left : step;

        if (pf_check_cancel(database->reader->ctx, err) != PF_OK ||
            pf_source_read_at(database->src, database->header.size + row * stride, part, (size_t)(count * stride), err) !=
                PF_OK)
            break;
        for (int64_t i = 0; i < count && err->status == PF_OK; i++) {
            if (part[i * stride] == ' ')
                (void)visit(database, part + i * stride, err);
        }
    }
    pf_free(memory, part);
    return err->status;
}

/* ---- the file */

static const struct dbf_field *field_called(const struct dbf_header *header, const char *name, enum dbf_way way)
{
    for (uint32_t i = 0; i < header->field_count; i++) {
        const struct dbf_field *field = &header->fields[i];

        if (field->way == way && same_text(field->raw_name, field->raw_size, name, strlen(name)))
            return field;
    }
    return NULL;
}

static enum pf_status read_head(struct database *database, struct pf_error *err)
{
    struct pf_memory *memory = &database->reader->ctx->memory;
    struct dbf_header *header = &database->header;
    const int64_t size = pf_source_size(database->src);
    const size_t wanted = size < DBF_HEADER_CEILING ? (size_t)size : DBF_HEADER_CEILING;
    uint8_t *bytes = pf_alloc(memory, wanted + 1);

    if (bytes == NULL)
        return pf_fail_memory(err, wanted);
    if (wanted == 0 || pf_source_read_at(database->src, 0, bytes, wanted, err) == PF_OK)
        (void)dbf_header_read(header, &database->reader->arena, bytes, wanted, err);
    pf_free(memory, bytes);
    if (err->status != PF_OK || dbf_layout_find(header, database->src, &database->layout, err) != PF_OK)
        return err->status;
    database->id = field_called(header, "OBJECTID", DBF_INT32);
    database->parent = field_called(header, "PARENTID", DBF_INT32);
    database->type = field_called(header, "OBJECTTYPE", DBF_TEXT);
    database->name = field_called(header, "OBJECTNAME", DBF_TEXT);
    if (database->id == NULL || database->parent == NULL || database->type == NULL || database->name == NULL)
        return pf_fail(err, PF_BAD_DATA, "it has no fields of a database");
    return PF_OK;
}

/* What the header makes of a long name: its first ten letters, of which the last ones may be a number, so that none is there twice. */
static bool agrees(const struct dbf_field *field, const char *name)
{
    const size_t size = strlen(name);
    uint32_t same = 0;

    while (same < field->raw_size && same < size && same_letter(field->raw_name[same], (uint8_t)name[same]))
        same++;
    if (same == field->raw_size)
        return same == size || same == SHORT_NAME;
    if (same == 0 || field->raw_size != SHORT_NAME || size <= SHORT_NAME)
        return false;
    for (; same < field->raw_size; same++) {
        if (field->raw_name[same] < '0' || field->raw_name[same] > '9')
            return false;
    }
    return true;
}

static bool all_agree(const struct database *database)
{
    const struct dbf_reader *reader = database->reader;

    if (database->count != reader->shown_count)
        return false;
    for (uint32_t i = 0; i < database->count; i++) {
        if (!agrees(&reader->header.fields[reader->shown[i]], database->names[i]))
            return false;
    }
    return true;
}

static enum pf_status read_names(struct database *database, struct pf_error *err)
{
    struct dbf_reader *reader = database->reader;

    if (pf_source_unpack(database->src, err) != PF_OK || read_head(database, err) != PF_OK ||
        scan(database, find_table, err) != PF_OK)
        return err->status;
    if (database->table == 0)
        return pf_fail(err, PF_BAD_DATA, "it has no table of this name");
    database->names = pf_arena_alloc_zero(&reader->arena, reader->shown_count, sizeof *database->names);
    if (database->names == NULL)
        return pf_fail_memory(err, reader->shown_count * sizeof *database->names);
    if (scan(database, take_field, err) != PF_OK)
        return err->status;
    if (!all_agree(database))
        return pf_fail(err, PF_BAD_DATA, "its fields of the table are others than the table has");
    for (uint32_t i = 0; i < database->count; i++)
        reader->header.fields[reader->shown[i]].long_name = database->names[i];
    return PF_OK;
}

/* ---- finding it */

/* The last part of a path of Windows, without the suffix. */
static const char *stem_of(const char *backlink, size_t *size)
{
    const char *name = backlink, *dot;

    for (const char *at = backlink; *at != '\0'; at++) {
        if (*at == '\\' || *at == '/' || *at == ':')
            name = at + 1;
    }
    dot = strrchr(name, '.');
    *size = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    return name;
}

enum pf_status dbf_take_long_names(struct dbf_reader *reader, struct pf_error *err)
{
    static const char *const suffixes[] = { "dbc", NULL };
    const char *table = pf_source_name(reader->src), *path, *stem;
    struct database database = { .reader = reader };
    struct pf_error why;
    size_t size;

    if (reader->header.backlink[0] == '\0' || reader->options->compat)
        return PF_OK;
    stem = stem_of(reader->header.backlink, &size);
    if (dbf_neighbour(reader->ctx, reader->src, &reader->arena, stem, size, suffixes, &path, err) != PF_OK)
        return err->status;
    if (path == NULL) {
        pf_warn(reader->ctx,
                "%s: there is no database %.*s.dbc beside it (in upper or lower case): names are those of its header", table,
                size < NAME_CEILING ? (int)size : NAME_CEILING, stem);
        return PF_OK;
    }
    pf_error_clear(&why);
    if (pf_source_open(reader->ctx, path, false, &database.src, &why) == PF_OK)
        (void)read_names(&database, &why);
    pf_source_close(database.src);
    if (why.status == PF_NO_MEMORY || why.status == PF_CANCELLED) {
        *err = why;
        return err->status;
    }
    if (why.status != PF_OK)
        pf_warn(reader->ctx, "%s: names are those of its header, not of %s: %s", table, path, why.message);
    return PF_OK;
}
