/* Relationships and content types of a package: which part is what, whatever it is called. */
#include "formats/xlsx/package.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- names of parts */

const struct pf_zip_entry *pf_xlsx_find(const struct pf_xlsx_workbook *workbook, const char *name)
{
    return pf_zip_find(workbook->zip, name, strlen(name));
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends one segment of a target to name (size bytes so far, without a slash at its end), and gives the new size. */
static size_t add_segment(char *name, size_t size, const char *segment, size_t length)
{
    if (length == 0 || (length == 1 && segment[0] == '.'))
        return size;
    if (length == 2 && segment[0] == '.' && segment[1] == '.') {
        while (size > 0 && name[--size] != '/')
            ;
        return size;
    }
    if (size > 0)
        name[size++] = '/';
    memcpy(name + size, segment, length);
    return size + length;
}

/* The part that target means in a relationship of the part called from; it does not lead out of the package. NULL = out of memory. */
static const char *resolve(struct pf_arena *arena, const char *from, const char *target)
{
    const char *slash = strrchr(from, '/');
    const bool absolute = target[0] == '/' || target[0] == '\\';
    size_t size = absolute || slash == NULL ? 0 : (size_t)(slash - from);
    char *name = pf_arena_alloc(arena, size + strlen(target) + 2);

    if (name == NULL)
        return NULL;
    memcpy(name, from, size);
    while (*target != '\0') {
        size_t length = strcspn(target, "/\\");
        size = add_segment(name, size, target, length);
        target += length + (target[length] != '\0');
    }
    name[size] = '\0';
    return name;
}

/* Replaces %41 and its like in place. */
static void decode_percent(char *name)
{
    char *to = name;

    for (const char *at = name; *at != '\0'; at++) {
        const int high = *at == '%' ? hex_of(at[1]) : -1, low = high >= 0 ? hex_of(at[2]) : -1;
        if (low >= 0 && high * 16 + low != 0) {
            *to++ = (char)(high * 16 + low);
            at += 2;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

/* The same; where the archive has no such name, but has it without the percent signs of an URI, it is that one. */
static const char *part_of(const struct pf_xlsx_workbook *workbook, struct pf_arena *arena, const char *from,
                           const char *target)
{
    const char *name = resolve(arena, from, target);
    char *decoded;

    if (name == NULL || strchr(name, '%') == NULL || pf_xlsx_find(workbook, name) != NULL)
        return name;
    decoded = pf_arena_copy(arena, name, strlen(name));
    if (decoded != NULL)
        decode_percent(decoded);
    return decoded;
}

/* ---- relationships */

static enum pf_status read_relation(const struct pf_xlsx_workbook *workbook, struct pf_arena *arena, const char *from,
                                    const struct pf_scan *scan, struct pf_xlsx_relation *out, struct pf_error *err)
{
    const bool outside = pf_view_is(pf_scan_value(scan, "TargetMode"), "External");
    const char *target = NULL, *slash;
    enum pf_status status = pf_xlsx_text_of(arena, pf_scan_value(scan, "Id"), &out->id, err);

    if (status == PF_OK)
        status = pf_xlsx_text_of(arena, pf_scan_value(scan, "Type"), &out->type, err);
    if (status == PF_OK && !outside)
        status = pf_xlsx_text_of(arena, pf_scan_value(scan, "Target"), &target, err);
    if (status != PF_OK)
        return status;
    if (out->id == NULL || out->type == NULL)
        return pf_fail(err, PF_BAD_DATA, "%s: a relationship without Id or Type", scan->part);
    slash = strrchr(out->type, '/');
    out->type = slash != NULL ? slash + 1 : out->type;
    if (target != NULL) {
        out->part = part_of(workbook, arena, from, target);
        if (out->part == NULL)
            return pf_fail_memory(err, strlen(target));
    }
    return PF_OK;
}

static enum pf_status read_relations(struct pf_xlsx_workbook *workbook, struct pf_arena *arena, const char *from,
                                     struct pf_xlsx_part *part, struct pf_buffer *list, struct pf_error *err)
{
    bool found = false;
    enum pf_status status = pf_xlsx_part_root(part, "Relationships", err);

    while (status == PF_OK) {
        struct pf_xlsx_relation one = { 0 };

        status = pf_xlsx_part_child(part, 1, &found, err);
        if (status != PF_OK || !found)
            return status;
        if (list->size / sizeof one == PF_XLSX_RELATIONS)
            return pf_fail(err, PF_BAD_DATA, "%s has more than %d relationships", part->scan.part, (int)PF_XLSX_RELATIONS);
        if (pf_view_is(part->scan.name, "Relationship")) {
            status = read_relation(workbook, arena, from, &part->scan, &one, err);
            if (status == PF_OK && !pf_buffer_append(list, &one, sizeof one))
                status = pf_fail_memory(err, list->size + sizeof one);
        }
        if (status == PF_OK)
            status = pf_scan_skip(&part->scan, err);
    }
    return status;
}

/* "xl/_rels/workbook.xml.rels" of "xl/workbook.xml"; "_rels/.rels" of the package. NULL = out of memory. */
static const char *relations_name(struct pf_arena *arena, const char *part)
{
    const char *slash = strrchr(part, '/');
    const int folder = slash != NULL ? (int)(slash + 1 - part) : 0;
    struct pf_buffer name;
    const char *copy = NULL;

    pf_buffer_init(&name, arena->memory, SIZE_MAX);
    if (pf_buffer_append(&name, part, (size_t)folder) && pf_buffer_append_text(&name, "_rels/") &&
        pf_buffer_append_text(&name, part + folder) && pf_buffer_append_text(&name, ".rels"))
        copy = pf_arena_copy(arena, (const char *)name.data, name.size);
    pf_buffer_free(&name);
    return copy;
}

/* By their ids, those with one id in their order. */
static int by_id(const void *a, const void *b)
{
    const struct pf_xlsx_relation *one = *(const struct pf_xlsx_relation *const *)a;
    const struct pf_xlsx_relation *other = *(const struct pf_xlsx_relation *const *)b;
    const int order = strcmp(one->id, other->id);

    return order != 0 ? order : (one > other) - (one < other);
}

/* Moves what list has to the arena. */
static enum pf_status keep_relations(struct pf_arena *arena, const struct pf_buffer *list, struct pf_xlsx_relations *out,
                                     struct pf_error *err)
{
    if (list->size == 0)
        return PF_OK;
    out->count = (uint32_t)(list->size / sizeof *out->list);
    out->list = pf_arena_alloc(arena, list->size);
    out->by_id = pf_arena_alloc(arena, out->count * sizeof(void *));
    if (out->list == NULL || out->by_id == NULL)
        return pf_fail_memory(err, list->size);
    memcpy(out->list, list->data, list->size);
    for (uint32_t i = 0; i < out->count; i++)
        out->by_id[i] = &out->list[i];
    qsort(out->by_id, out->count, sizeof(void *), by_id);
    return PF_OK;
}

enum pf_status pf_xlsx_relations_load(struct pf_xlsx_workbook *workbook, struct pf_arena *arena, const char *part,
                                      struct pf_xlsx_relations *out, struct pf_error *err)
{
    const char *name = relations_name(arena, part);
    const struct pf_zip_entry *entry = name != NULL ? pf_xlsx_find(workbook, name) : NULL;
    struct pf_xlsx_part text;
    struct pf_buffer list;
    enum pf_status status;

    memset(out, 0, sizeof *out);
    if (name == NULL)
        return pf_fail_memory(err, strlen(part));
    if (entry == NULL)
        return PF_OK;
    pf_buffer_init(&list, arena->memory, SIZE_MAX);
    status = pf_xlsx_part_open(workbook, entry, &text, err);
    if (status == PF_OK)
        status = read_relations(workbook, arena, part, &text, &list, err);
    if (status == PF_OK)
        status = keep_relations(arena, &list, out, err);
    pf_xlsx_part_close(&text);
    pf_buffer_free(&list);
    return status;
}

const struct pf_xlsx_relation *pf_xlsx_relation_by_id(const struct pf_xlsx_relations *relations, const char *id)
{
    uint32_t low = 0, high = relations->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (strcmp(relations->by_id[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < relations->count && strcmp(relations->by_id[low]->id, id) == 0 ? relations->by_id[low] : NULL;
}

const struct pf_xlsx_relation *pf_xlsx_relation_by_type(const struct pf_xlsx_relations *relations, const char *type)
{
    for (uint32_t i = 0; i < relations->count; i++) {
        if (strcmp(relations->list[i].type, type) == 0 && relations->list[i].part != NULL)
            return &relations->list[i];
    }
    return NULL;
}

/* ---- content types */

bool pf_xlsx_is_workbook_type(const char *type)
{
    static const char *const types[] = {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml",
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        "application/vnd.ms-excel.template.macroEnabled.main+xml",
        "application/vnd.ms-excel.addin.macroEnabled.main+xml",
    };

    for (size_t i = 0; i < PF_COUNT(types); i++) {
        if (pf_same_word(types[i], type))
            return true;
    }
    return false;
}

/* What is asked of the content types, and what was found. */
struct asked {
    struct pf_arena *arena;
    const char *part;
    const char *type, *found;
    bool exact; /* type is of the part itself and not of all with its suffix */
};

static enum pf_status take_type(struct asked *asked, const struct pf_scan *scan, struct pf_error *err)
{
    const bool override = pf_view_is(scan->name, "Override");
    const char *name = NULL, *type = NULL, *dot = asked->part != NULL ? strrchr(asked->part, '.') : NULL;
    enum pf_status status = pf_xlsx_text_of(asked->arena, pf_scan_value(scan, override ? "PartName" : "Extension"), &name, err);

    if (status == PF_OK)
        status = pf_xlsx_text_of(asked->arena, pf_scan_value(scan, "ContentType"), &type, err);
    if (status != PF_OK || name == NULL || type == NULL || asked->exact)
        return status;
    name += name[0] == '/';
    if (override && (asked->part != NULL ? pf_zip_same_name(asked->part, name) : pf_xlsx_is_workbook_type(type))) {
        asked->type = type;
        asked->found = name;
        asked->exact = true;
    } else if (!override && dot != NULL && pf_same_word(dot + 1, name)) {
        asked->type = type;
        asked->found = asked->part;
    }
    return PF_OK;
}

static enum pf_status read_types(struct asked *asked, struct pf_xlsx_part *part, struct pf_error *err)
{
    bool found = false;
    enum pf_status status = pf_xlsx_part_root(part, "Types", err);

    for (uint32_t count = 0; status == PF_OK; count++) {
        status = pf_xlsx_part_child(part, 1, &found, err);
        if (status != PF_OK || !found)
            return status;
        if (count == PF_XLSX_TYPES)
            return pf_fail(err, PF_BAD_DATA, "%s has more than %d entries", part->scan.part, (int)PF_XLSX_TYPES);
        status = take_type(asked, &part->scan, err);
        if (status == PF_OK)
            status = pf_scan_skip(&part->scan, err);
    }
    return status;
}

enum pf_status pf_xlsx_content_type(struct pf_xlsx_workbook *workbook, struct pf_arena *arena, const char *part,
                                    const char **type, const char **found, struct pf_error *err)
{
    const struct pf_zip_entry *entry = pf_xlsx_find(workbook, "[Content_Types].xml");
    struct asked asked = { .arena = arena, .part = part };
    struct pf_xlsx_part text;
    enum pf_status status = PF_OK;

    if (entry != NULL) {
        status = pf_xlsx_part_open(workbook, entry, &text, err);
        if (status == PF_OK)
            status = read_types(&asked, &text, err);
        pf_xlsx_part_close(&text);
    }
    *type = asked.type;
    *found = asked.found;
    return status;
}
