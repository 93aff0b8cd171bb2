/* The workbook part: sheets, date system, defined names; and what hangs on it. Source: ECMA-376 part 1, 18.2. */
#include "formats/xlsx/workbook.h"

#include <string.h>

#include "base/text.h"
#include "formats/xlsx/package.h"

enum { ARENA_BYTES = 256 << 20, NAME_BYTES = 4096 /* of a sheet or a name; Excel allows 31 and 255 characters */ };

/* What is gathered while the workbook is opened. */
struct opening {
    struct pf_xlsx_workbook *workbook;
    struct pf_arena arena; /* until it is open */
    const char *part;      /* the workbook's */
    struct pf_xlsx_relations relations;
    struct pf_buffer sheets, names, named;
};

/* A defined name before the sheets are known. */
struct written_name {
    struct pf_xlsx_named named;
    const char *formula;
};

/* ---- which part is the workbook */

/* Finds the part by the package's relationships, or where these do not say by the content types, and refuses other kinds. */
static enum pf_status find_workbook(struct opening *opening, struct pf_error *err)
{
    struct pf_xlsx_relations package;
    const struct pf_xlsx_relation *relation;
    const char *type, *found;
    enum pf_status status = pf_xlsx_relations_load(opening->workbook, &opening->arena, "", &package, err);

    if (status != PF_OK)
        return status;
    relation = pf_xlsx_relation_by_type(&package, "officeDocument");
    opening->part = relation != NULL ? relation->part : NULL;
    status = pf_xlsx_content_type(opening->workbook, &opening->arena, opening->part, &type, &found, err);
    if (status != PF_OK)
        return status;
    if (opening->part == NULL)
        opening->part = found;
    if (type != NULL && !pf_xlsx_is_workbook_type(type) && strcmp(type, "application/xml") != 0)
        return pf_xlsx_refuse_package(opening->workbook, type, err);
    if (opening->part == NULL || (type == NULL && pf_xlsx_find(opening->workbook, opening->part) == NULL))
        return pf_xlsx_refuse_package(opening->workbook, NULL, err);
    return PF_OK;
}

/* ---- the elements of the workbook part */

/* A word of XML's booleans (XML Schema part 2, 3.2.2), and what some programs write instead, in any case. false = it is none. */
static bool take_boolean(struct pf_view view, bool *out)
{
    static const char *const words[][2] = { { "0", "1" }, { "false", "true" }, { "off", "on" } };
    static const char blanks[] = " \t\r\n";
    char word[8] = "";
    size_t size = 0;

    for (size_t i = 0; i < view.size; i++) {
        if (memchr(blanks, view.text[i], sizeof blanks - 1) != NULL && (size == 0 || word[size - 1] == ' '))
            continue;
        if (size == sizeof word - 1)
            return false;
        word[size++] = memchr(blanks, view.text[i], sizeof blanks - 1) != NULL ? ' ' : view.text[i];
    }
    size -= size != 0 && word[size - 1] == ' ';
    word[size] = '\0';
    *out = false;
    for (size_t i = 0; size != 0 && i < PF_COUNT(words); i++) {
        *out = pf_same_word(words[i][1], word);
        if (*out || pf_same_word(words[i][0], word))
            return true;
    }
    return size == 0;
}

/* All dates hang on it: a word that is none is not passed over. */
static enum pf_status take_date_system(struct opening *opening, const struct pf_scan *scan, struct pf_error *err)
{
    const struct pf_view value = pf_scan_value(scan, "date1904");

    if (take_boolean(value, &opening->workbook->date1904))
        return PF_OK;
    return pf_fail(err, PF_BAD_DATA, "%s: date1904 is \"%.*s\", which is neither true nor false, so that no date is known",
                   scan->part, value.size < 64 ? (int)value.size : 64, value.text);
}

static enum pf_status take_name(struct pf_arena *arena, const struct pf_scan *scan, const char *what, const char **out,
                                struct pf_error *err)
{
    struct pf_view name = pf_scan_value(scan, "name");

    if (name.size == 0 || name.size > NAME_BYTES)
        return pf_fail(err, PF_BAD_DATA, "%s: a %s %s", scan->part, what,
                       name.size == 0 ? "without a name" : "with a name longer than 4096 bytes");
    return pf_xlsx_text_of(arena, name, out, err);
}

/* Finds the part of a sheet. Sheets of another kind than cells need none. */
static enum pf_status place_sheet(struct opening *opening, const char *id, struct pf_xlsx_sheet *sheet, struct pf_error *err)
{
    const struct pf_xlsx_relation *relation;

    if (id == NULL || id[0] == '\0')
        return PF_OK; /* modules of old macros are listed so */
    relation = pf_xlsx_relation_by_id(&opening->relations, id);
    if (relation == NULL)
        return pf_fail(err, PF_BAD_DATA, "%s: the sheet \"%.100s\" has the relationship \"%.100s\", which does not exist",
                       opening->part, sheet->name, id);
    sheet->worksheet = strcmp(relation->type, "worksheet") == 0;
    if (relation->part != NULL) {
        sheet->part = pf_arena_copy(&opening->workbook->arena, relation->part, strlen(relation->part));
        if (sheet->part == NULL)
            return pf_fail_memory(err, strlen(relation->part));
        sheet->entry = pf_xlsx_find(opening->workbook, relation->part);
    }
    if (sheet->worksheet && sheet->entry == NULL)
        return pf_fail(err, PF_BAD_DATA, "the sheet \"%.100s\" should be in %.200s, which is not in the workbook", sheet->name,
                       relation->part != NULL ? relation->part : "another file");
    return PF_OK;
}

static enum pf_status take_sheet(struct opening *opening, const struct pf_scan *scan, struct pf_error *err)
{
    struct pf_xlsx_sheet sheet = { .part = "" };
    struct pf_view state = pf_scan_value(scan, "state");
    const char *id;
    enum pf_status status = take_name(&opening->workbook->arena, scan, "sheet", &sheet.name, err);

    if (status == PF_OK)
        status = pf_xlsx_text_of(&opening->arena, pf_scan_relation(scan), &id, err);
    if (status == PF_OK)
        status = place_sheet(opening, id, &sheet, err);
    if (status != PF_OK)
        return status;
    if (pf_view_is(state, "hidden"))
        sheet.visibility = PF_XLSX_HIDDEN;
    else if (pf_view_is(state, "veryHidden"))
        sheet.visibility = PF_XLSX_VERY_HIDDEN;
    if (opening->sheets.size / sizeof sheet == PF_XLSX_SHEETS)
        return pf_fail(err, PF_BAD_DATA, "the workbook has more than %d sheets", (int)PF_XLSX_SHEETS);
    return pf_buffer_append(&opening->sheets, &sheet, sizeof sheet) ? PF_OK
                                                                    : pf_fail_memory(err, opening->sheets.size + sizeof sheet);
}

static enum pf_status read_sheets(struct opening *opening, struct pf_xlsx_part *part, struct pf_error *err)
{
    bool found = true;
    enum pf_status status = PF_OK;

    while (status == PF_OK) {
        status = pf_xlsx_part_next(part, 2, "sheet", &found, err);
        if (status != PF_OK || !found)
            break;
        status = take_sheet(opening, &part->scan, err);
        if (status == PF_OK)
            status = pf_scan_skip(&part->scan, err);
    }
    return status;
}

/* The text of the element that is open, in the arena; the element is closed. */
static enum pf_status take_text(struct pf_arena *arena, struct pf_scan *scan, const char **out, struct pf_error *err)
{
    const uint32_t outside = scan->depth - 1;
    struct pf_buffer text;
    enum pf_status status = PF_OK;

    pf_buffer_init(&text, arena->memory, PF_XLSX_PART_BYTES);
    while (status == PF_OK && scan->depth > outside) {
        enum pf_scan_item item;
        bool kept = true;

        status = pf_scan_next(scan, &item, err);
        if (status == PF_OK && item == PF_SCAN_TEXT)
            kept = scan->literal ? pf_buffer_append(&text, scan->text.text, scan->text.size)
                                 : pf_scan_append(&text, scan->text, false);
        if (!kept)
            status = pf_fail_memory(err, text.size + scan->text.size);
    }
    *out = status == PF_OK ? pf_arena_copy(arena, text.size != 0 ? (const char *)text.data : "", text.size) : NULL;
    pf_buffer_free(&text);
    return status == PF_OK && *out == NULL ? pf_fail_memory(err, 1) : status;
}

static enum pf_status take_defined_name(struct opening *opening, struct pf_scan *scan, struct pf_error *err)
{
    struct written_name name = { .named = { .scope = PF_XLSX_EVERYWHERE } };
    int64_t scope;
    enum pf_status status;

    if (pf_scan_number(pf_scan_value(scan, "localSheetId"), 0, PF_XLSX_SHEETS, &scope))
        name.named.scope = (uint32_t)scope;
    (void)take_boolean(pf_scan_value(scan, "hidden"), &name.named.hidden);
    status = take_name(&opening->workbook->arena, scan, "defined name", &name.named.name, err);
    if (status == PF_OK)
        status = take_text(&opening->arena, scan, &name.formula, err);
    if (status != PF_OK)
        return status;
    if (opening->names.size / sizeof name == PF_XLSX_NAMED)
        return pf_fail(err, PF_BAD_DATA, "the workbook has more than %d defined names", (int)PF_XLSX_NAMED);
    return pf_buffer_append(&opening->names, &name, sizeof name) ? PF_OK
                                                                 : pf_fail_memory(err, opening->names.size + sizeof name);
}

static enum pf_status read_defined_names(struct opening *opening, struct pf_xlsx_part *part, struct pf_error *err)
{
    bool found = true;
    enum pf_status status = PF_OK;

    while (status == PF_OK) {
        status = pf_xlsx_part_next(part, 2, "definedName", &found, err);
        if (status != PF_OK || !found)
            break;
        status = take_defined_name(opening, &part->scan, err);
    }
    return status;
}

static enum pf_status read_workbook(struct opening *opening, struct pf_xlsx_part *part, struct pf_error *err)
{
    bool found = true;
    enum pf_status status = pf_xlsx_part_root(part, "workbook", err);

    while (status == PF_OK) {
        status = pf_xlsx_part_child(part, 1, &found, err);
        if (status != PF_OK || !found)
            break;
        if (pf_scan_is(&part->scan, "workbookPr"))
            status = take_date_system(opening, &part->scan, err);
        if (status != PF_OK)
            break;
        if (pf_scan_is(&part->scan, "sheets"))
            status = read_sheets(opening, part, err);
        else if (pf_scan_is(&part->scan, "definedNames"))
            status = read_defined_names(opening, part, err);
        else
            status = pf_scan_skip(&part->scan, err);
    }
    return status;
}

/* ---- what the elements mean together */

/* A copy of what the buffer has, in the workbook's arena. */
static enum pf_status keep(struct pf_xlsx_workbook *workbook, const struct pf_buffer *list, void *out, struct pf_error *err)
{
    void *copy = pf_arena_alloc(&workbook->arena, list->size + 1);

    if (copy == NULL)
        return pf_fail_memory(err, list->size);
    if (list->size != 0)
        memcpy(copy, list->data, list->size);
    memcpy(out, &copy, sizeof copy);
    return PF_OK;
}

/* A part that two sheets share would be read twice: no program writes that, and many such sheets make much out of little. */
static enum pf_status check_sheets(struct opening *opening, struct pf_error *err)
{
    const struct pf_xlsx_workbook *workbook = opening->workbook;
    const uint32_t entries = pf_zip_count(workbook->zip);
    const struct pf_xlsx_sheet **owner = pf_arena_alloc_zero(&opening->arena, (size_t)entries + 1, sizeof(void *));

    if (workbook->sheet_count == 0)
        return pf_fail(err, PF_BAD_DATA, "the workbook has no sheets");
    if (owner == NULL)
        return pf_fail_memory(err, entries * sizeof(void *));
    for (uint32_t i = 0; i < workbook->sheet_count; i++) {
        const struct pf_xlsx_sheet *sheet = &workbook->sheets[i];
        const ptrdiff_t entry = sheet->entry != NULL ? sheet->entry - pf_zip_entry_at(workbook->zip, 0) : -1;

        if (entry >= 0 && owner[entry] != NULL)
            return pf_fail(err, PF_BAD_DATA, "the sheets \"%.100s\" and \"%.100s\" have the same part %.100s",
                           owner[entry]->name, sheet->name, sheet->part);
        if (entry >= 0)
            owner[entry] = sheet;
    }
    return PF_OK;
}

static enum pf_status add_names(struct opening *opening, struct pf_error *err)
{
    const struct written_name *names = (const struct written_name *)(const void *)opening->names.data;
    const size_t count = opening->names.size / sizeof *names;
    const char **others = pf_arena_alloc_zero(&opening->workbook->arena, count + 1, sizeof *others);
    enum pf_status status = others != NULL ? PF_OK : pf_fail_memory(err, count * sizeof *others);

    opening->workbook->other_names = others;
    for (size_t i = 0; status == PF_OK && i < count; i++) {
        struct pf_xlsx_named named = names[i].named;
        if (pf_xlsx_named_range(opening->workbook, names[i].formula, &named))
            status = pf_xlsx_named_add(&opening->named, &named, err);
        else
            others[opening->workbook->other_name_count++] = named.name;
    }
    return status;
}

static enum pf_status read_rest(struct opening *opening, struct pf_error *err)
{
    struct pf_xlsx_workbook *workbook = opening->workbook;
    const struct pf_xlsx_relation *styles = pf_xlsx_relation_by_type(&opening->relations, "styles");
    const struct pf_xlsx_relation *strings = pf_xlsx_relation_by_type(&opening->relations, "sharedStrings");
    enum pf_status status = keep(workbook, &opening->sheets, &workbook->sheets, err);

    workbook->sheet_count = (uint32_t)(opening->sheets.size / sizeof *workbook->sheets);
    if (status == PF_OK)
        status = check_sheets(opening, err);
    if (status == PF_OK)
        status = pf_xlsx_sheets_sort(workbook, err);
    if (status == PF_OK)
        status = pf_xlsx_styles_load(workbook, styles != NULL ? pf_xlsx_find(workbook, styles->part) : NULL, err);
    workbook->strings = strings != NULL ? pf_xlsx_find(workbook, strings->part) : NULL;
    if (status == PF_OK)
        status = pf_xlsx_tables_load(workbook, &opening->named, err);
    if (status == PF_OK)
        status = add_names(opening, err);
    if (status == PF_OK)
        status = keep(workbook, &opening->named, &workbook->named, err);
    workbook->named_count = (uint32_t)(opening->named.size / sizeof *workbook->named);
    return status;
}

static enum pf_status read_parts(struct opening *opening, struct pf_error *err)
{
    struct pf_xlsx_workbook *workbook = opening->workbook;
    const struct pf_zip_entry *entry = pf_xlsx_find(workbook, opening->part);
    struct pf_xlsx_part part;
    enum pf_status status;

    if (entry == NULL)
        return pf_fail(err, PF_BAD_DATA, "the workbook should be in %.200s, which is not in the archive", opening->part);
    status = pf_xlsx_relations_load(workbook, &opening->arena, opening->part, &opening->relations, err);
    if (status != PF_OK)
        return status;
    status = pf_xlsx_part_open(workbook, entry, &part, err);
    if (status == PF_OK)
        status = read_workbook(opening, &part, err);
    pf_xlsx_part_close(&part);
    return status == PF_OK ? read_rest(opening, err) : status;
}

static enum pf_status read_package(struct pf_xlsx_workbook *workbook, struct pf_memory *memory, struct pf_error *err)
{
    struct opening opening = { .workbook = workbook };
    enum pf_status status;

    pf_arena_init(&opening.arena, memory, ARENA_BYTES);
    pf_buffer_init(&opening.sheets, memory, SIZE_MAX);
    pf_buffer_init(&opening.names, memory, SIZE_MAX);
    pf_buffer_init(&opening.named, memory, SIZE_MAX);
    status = find_workbook(&opening, err);
    if (status == PF_OK)
        status = read_parts(&opening, err);
    pf_buffer_free(&opening.named);
    pf_buffer_free(&opening.names);
    pf_buffer_free(&opening.sheets);
    pf_arena_free(&opening.arena);
    return status;
}

enum pf_status pf_xlsx_workbook_open(struct pf_context *ctx, const struct pf_source *src, const struct pf_zip_limits *limits,
                                     struct pf_xlsx_workbook *out, struct pf_error *err)
{
    enum pf_status status;

    memset(out, 0, sizeof *out);
    pf_arena_init(&out->arena, &ctx->memory, ARENA_BYTES);
    status = pf_xlsx_refuse_bytes(src, err);
    if (status == PF_OK)
        status = pf_zip_open(ctx, src, limits, &out->zip, err);
    if (status == PF_OK)
        status = read_package(out, &ctx->memory, err);
    if (status != PF_OK) {
        pf_error_source(err, pf_source_name(src));
        pf_xlsx_workbook_close(out);
    }
    return status;
}

void pf_xlsx_workbook_close(struct pf_xlsx_workbook *workbook)
{
    if (workbook->zip != NULL)
        pf_zip_close(workbook->zip);
    pf_arena_free(&workbook->arena);
    memset(workbook, 0, sizeof *workbook);
}
