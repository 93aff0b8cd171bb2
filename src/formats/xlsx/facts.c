/* What info shows of a workbook. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "formats/xlsx/package.h"

enum {
    HEAD = 64 * 1024 /* bytes of a sheet in which <dimension> is looked for */,
    SHOWN = 64 /* of sheets, and of tables and names */
};

/* ---- the dimension of a sheet */

static bool read_dimension(struct pf_scan *scan, struct pf_xlsx_range *out)
{
    struct pf_error err;
    enum pf_scan_item item;

    /* The head is cut off somewhere: an error only means that the dimension was not found before. */
    while (pf_scan_next(scan, &item, &err) == PF_OK && item != PF_SCAN_END) {
        struct pf_view range;

        if (item != PF_SCAN_OPEN)
            continue;
        if (pf_scan_is(scan, "sheetData"))
            return false;
        if (!pf_scan_is(scan, "dimension"))
            continue;
        range = pf_scan_value(scan, "ref");
        return range.text != NULL && pf_xlsx_range_parse(range.text, range.size, out);
    }
    return false;
}

enum pf_status pf_xlsx_dimension(const struct pf_xlsx_workbook *workbook, uint32_t sheet, struct pf_xlsx_range *out,
                                 bool *found, struct pf_error *err)
{
    struct pf_memory *memory = workbook->arena.memory;
    struct pf_zip_stream *stream = NULL;
    struct pf_arena arena;
    struct pf_scan scan;
    uint8_t *head;
    size_t got = 0;
    enum pf_status status;

    *found = false;
    if (workbook->sheets[sheet].entry == NULL)
        return PF_OK;
    head = pf_alloc(memory, HEAD);
    if (head == NULL)
        return pf_fail_memory(err, HEAD);
    status = pf_zip_stream_open(workbook->zip, workbook->sheets[sheet].entry, &stream, err);
    if (status == PF_OK)
        status = pf_zip_stream_read(stream, head, HEAD, &got, err);
    if (stream != NULL)
        pf_zip_stream_close(stream);
    if (status == PF_OK) {
        pf_arena_init(&arena, memory, PF_XLSX_PART_BYTES);
        pf_scan_begin(&scan, &arena, workbook->sheets[sheet].part, head, got);
        *found = read_dimension(&scan, out);
        pf_arena_free(&arena);
    }
    pf_free(memory, head);
    return status;
}

/* ---- facts */

static const char *visibility_of(const struct pf_xlsx_sheet *sheet)
{
    static const char *const words[] = { "visible", "hidden", "very hidden" };

    return words[sheet->visibility];
}

/* Appends to text, which is cut short where it does not fit (between characters: a name is UTF-8). */
static void append(char *text, size_t room, const char *more)
{
    size_t size = strlen(text), length = strlen(more);

    if (length > room - 1 - size) {
        length = room - 1 - size;
        while (length > 0 && ((uint8_t)more[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(text + size, more, length);
    text[size + length] = '\0';
}

static void emit_number(pf_fact_fn emit, void *user, const char *name, uint32_t value)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%u", value);
    emit(user, name, text, true);
}

/* The written range of cells of a sheet; NULL = it tells none. */
static const char *dimension_of(const struct pf_xlsx_workbook *workbook, uint32_t index, char written[32])
{
    struct pf_xlsx_range range;
    struct pf_error err;
    bool found;

    if (pf_xlsx_dimension(workbook, index, &range, &found, &err) != PF_OK || !found)
        return NULL;
    pf_xlsx_range_text(&range, written);
    return written;
}

/* "Data, visible, A1:F500001" */
static void describe_sheet(const struct pf_xlsx_workbook *workbook, uint32_t index, char *text, size_t room)
{
    const struct pf_xlsx_sheet *sheet = &workbook->sheets[index];
    char written[32];
    const char *range = sheet->worksheet ? NULL : "no cells";

    text[0] = '\0';
    append(text, room, sheet->name);
    append(text, room, ", ");
    append(text, room, visibility_of(sheet));
    if (range == NULL)
        range = dimension_of(workbook, index, written);
    if (range != NULL) {
        append(text, room, ", ");
        append(text, room, range);
    }
}

/* "Prices, table of Data, B4:F20" */
static void describe_named(const struct pf_xlsx_workbook *workbook, const struct pf_xlsx_named *named, char *text, size_t room)
{
    char written[32];

    text[0] = '\0';
    pf_xlsx_range_text(&named->range, written);
    append(text, room, named->name);
    append(text, room, named->table ? ", table of " : named->scope != PF_XLSX_EVERYWHERE ? ", local name in " : ", name in ");
    append(text, room, workbook->sheets[named->sheet].name);
    append(text, room, ", ");
    append(text, room, written);
}

/* Ends the list and tells it. Without memory for it, the lines for people are what is told. */
static void emit_list(struct pf_json *json, const char *name, pf_fact_fn emit, void *user)
{
    struct pf_memory *memory = json->out.memory;
    char *text;

    pf_json_close(json, ']');
    text = pf_json_end(json);
    if (text != NULL)
        emit(user, name, text, true);
    pf_free(memory, text);
}

/* All of it for programs; excel_sheets is the list of names that 1.0.9 gave. */
static void list_sheets(const struct pf_xlsx_workbook *workbook, pf_fact_fn emit, void *user)
{
    struct pf_json sheets, names;
    char written[32];

    pf_json_begin(&sheets, workbook->arena.memory);
    pf_json_begin(&names, workbook->arena.memory);
    pf_json_open(&sheets, '[');
    pf_json_open(&names, '[');
    for (uint32_t i = 0; i < workbook->sheet_count; i++) {
        const struct pf_xlsx_sheet *sheet = &workbook->sheets[i];

        pf_json_text(&names, sheet->name);
        pf_json_open(&sheets, '{');
        pf_json_set_text(&sheets, "name", sheet->name);
        pf_json_set_text(&sheets, "visibility", visibility_of(sheet));
        pf_json_set_bool(&sheets, "has_cells", sheet->worksheet);
        pf_json_set_text(&sheets, "range", dimension_of(workbook, i, written));
        pf_json_close(&sheets, '}');
    }
    emit_list(&sheets, "sheets", emit, user);
    emit_list(&names, "excel_sheets", emit, user);
}

static void list_named(const struct pf_xlsx_workbook *workbook, pf_fact_fn emit, void *user)
{
    struct pf_json ranges;
    char written[32];

    pf_json_begin(&ranges, workbook->arena.memory);
    pf_json_open(&ranges, '[');
    for (uint32_t i = 0; i < workbook->named_count; i++) {
        const struct pf_xlsx_named *named = &workbook->named[i];

        if (named->hidden)
            continue;
        pf_xlsx_range_text(&named->range, written);
        pf_json_open(&ranges, '{');
        pf_json_set_text(&ranges, "name", named->name);
        pf_json_set_text(&ranges, "kind", named->table ? "table" : "name");
        pf_json_set_text(&ranges, "sheet", workbook->sheets[named->sheet].name);
        pf_json_set_text(&ranges, "range", written);
        pf_json_close(&ranges, '}');
    }
    emit_list(&ranges, "ranges", emit, user);
}

void pf_xlsx_facts(const struct pf_xlsx_workbook *workbook, pf_fact_fn emit, void *user)
{
    uint32_t shown = 0;
    char name[32], text[512];

    emit(user, "date_system", workbook->date1904 ? "1904" : "1900", false);
    emit_number(emit, user, "sheet_count", workbook->sheet_count);
    list_sheets(workbook, emit, user);
    list_named(workbook, emit, user);
    for (uint32_t i = 0; i < workbook->sheet_count && i < SHOWN; i++) {
        (void)snprintf(name, sizeof name, "sheet_%u", i + 1);
        describe_sheet(workbook, i, text, sizeof text);
        emit(user, name, text, false);
    }
    for (uint32_t i = 0; i < workbook->named_count && shown < SHOWN; i++) {
        if (workbook->named[i].hidden)
            continue;
        (void)snprintf(name, sizeof name, "range_%u", ++shown);
        describe_named(workbook, &workbook->named[i], text, sizeof text);
        emit(user, name, text, false);
    }
}
