/* --range: cells, cells of a sheet, an Excel table, or a defined name. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "formats/xlsx/package.h"
#include "formats/xlsx/xlsx.h"

static const char forms[] = "give cells such as B4:F, Sheet!B4:F20, or the name of cells or of an Excel table";

/* ---- what there is */

/* Names of the workbook, as many as fit a message. */
struct names {
    char text[160];
    size_t used;
};

static void add_name(struct names *names, const char *name)
{
    const size_t size = strlen(name);

    if (names->used + size + 3 < sizeof names->text)
        names->used += (size_t)snprintf(names->text + names->used, sizeof names->text - names->used, "%s%s",
                                        names->used != 0 ? ", " : "", name);
}

static enum pf_status fail_sheet(const struct pf_xlsx_workbook *workbook, const char *name, struct pf_error *err)
{
    struct names names = { .used = 0 };

    for (uint32_t i = 0; i < workbook->sheet_count; i++)
        add_name(&names, workbook->sheets[i].name);
    pf_fail(err, PF_NOT_FOUND, "there is no sheet '%.80s'", name);
    pf_remedy(err, "the workbook has: %s", names.text);
    return PF_NOT_FOUND;
}

static enum pf_status fail_alike(const struct pf_xlsx_workbook *workbook, const char *name, uint32_t alike,
                                 struct pf_error *err)
{
    struct names names = { .used = 0 };

    for (uint32_t i = 0; i < workbook->sheet_count; i++) {
        if (pf_same_letters(workbook->sheets[i].name, name))
            add_name(&names, workbook->sheets[i].name);
    }
    pf_fail(err, PF_BAD_OPTION, "%u sheets are called '%.80s' but for the case of letters", alike, name);
    pf_remedy(err, "write the name as the workbook has it: %s", names.text);
    return PF_BAD_OPTION;
}

static enum pf_status fail_range(const struct pf_xlsx_workbook *workbook, const char *text, struct pf_error *err)
{
    struct names names = { .used = 0 };

    for (uint32_t i = 0; i < workbook->named_count; i++) {
        if (!workbook->named[i].hidden)
            add_name(&names, workbook->named[i].name);
    }
    pf_fail(err, PF_BAD_OPTION, "--range '%.80s' is neither a range of cells nor a name in the workbook", text);
    for (uint32_t i = 0; i < workbook->other_name_count; i++) {
        if (pf_same_letters(workbook->other_names[i], text))
            pf_fail(err, PF_BAD_OPTION, "--range '%.80s' is a name in the workbook, but not of one range of cells", text);
    }
    pf_remedy(err, "%s%s%s", forms, names.used != 0 ? "; the workbook has " : "", names.text);
    return PF_BAD_OPTION;
}

/* ---- the sheet */

/* The name as it is without quotes around it, inside of which they are doubled. Cut where it is longer than any sheet's. */
static void unquote(const char *text, size_t size, char *to, size_t room)
{
    const bool quoted = size > 1 && text[0] == '\'' && text[size - 1] == '\'';
    size_t used = 0;

    if (quoted) {
        text++;
        size -= 2;
    }
    for (size_t i = 0; i < size && used + 1 < room; i++) {
        to[used++] = text[i];
        if (quoted && text[i] == '\'' && i + 1 < size && text[i + 1] == '\'')
            i++;
    }
    to[used] = '\0';
}

/* As it is written, then without regard to case where only one is called so, then by its number. */
static enum pf_status find_sheet(const struct pf_xlsx_workbook *workbook, const char *text, size_t size,
                                 const struct pf_xlsx_sheet **out, struct pf_error *err)
{
    char name[512];
    uint32_t alike, index = 0;
    int64_t place;

    *out = NULL;
    unquote(text, size, name, sizeof name);
    alike = pf_letters_find(&workbook->sheets->name, sizeof *workbook->sheets, workbook->sheet_count, name, &index);
    if (alike > 1)
        return fail_alike(workbook, name, alike, err);
    if (alike == 0 && pf_parse_int64((const uint8_t *)name, strlen(name), &place) && place >= 1 &&
        place <= workbook->sheet_count) {
        index = (uint32_t)place - 1;
        alike = 1;
    }
    if (alike == 1)
        *out = &workbook->sheets[index];
    return *out != NULL ? PF_OK : fail_sheet(workbook, name, err);
}

static enum pf_status take_sheet(struct xlsx_reader *reader, const char *text, size_t size, struct pf_error *err)
{
    const struct pf_xlsx_sheet *sheet;

    if (find_sheet(&reader->workbook, text, size, &sheet, err) != PF_OK)
        return err->status;
    if (!sheet->worksheet) {
        pf_fail(err, PF_UNSUPPORTED, "the sheet '%s' is a chart or a macro sheet: it has no cells", sheet->name);
        pf_remedy(err, "name a sheet with cells; pyforge info lists them");
        return PF_UNSUPPORTED;
    }
    reader->range_sheet = sheet;
    return PF_OK;
}

/* ---- names */

static void take_named(struct xlsx_reader *reader, const struct pf_xlsx_named *named)
{
    reader->range_sheet = &reader->workbook.sheets[named->sheet];
    reader->range = named->range;
    reader->range_table = named->table ? named : NULL;
    if (named->table && named->totals_rows <= named->range.bottom - named->range.top)
        reader->range.bottom -= named->totals_rows;
}

/* sheet: whose local name is meant; NULL = that of the workbook, or the only local one. */
static enum pf_status find_named(struct xlsx_reader *reader, const char *name, const struct pf_xlsx_sheet *sheet, bool *found,
                                 struct pf_error *err)
{
    const struct pf_xlsx_workbook *workbook = &reader->workbook;
    const struct pf_xlsx_named *local = NULL;
    uint32_t locals = 0;

    *found = false;
    for (uint32_t i = 0; i < workbook->named_count; i++) {
        const struct pf_xlsx_named *named = &workbook->named[i];

        if (!pf_same_letters(named->name, name))
            continue;
        if (named->scope == PF_XLSX_EVERYWHERE ? sheet == NULL || &workbook->sheets[named->sheet] == sheet
                                               : sheet == &workbook->sheets[named->scope]) {
            take_named(reader, named);
            *found = true;
            return PF_OK;
        }
        if (sheet == NULL) {
            local = named;
            locals++;
        }
    }
    if (locals > 1) {
        pf_fail(err, PF_BAD_OPTION, "--range '%.80s': %u sheets have a name that is called so", name, locals);
        pf_remedy(err, "say which sheet's is meant: Sheet!%.80s", name);
        return PF_BAD_OPTION;
    }
    *found = local != NULL;
    if (*found)
        take_named(reader, local);
    return PF_OK;
}

/* ---- */

/* The '!' between a sheet and its cells or names; NULL = there is none. A name in quotes may have one, too. */
static const char *mark_of(const char *text)
{
    return *text == '\'' ? pf_xlsx_sheet_end(text) : strrchr(text, '!');
}

static enum pf_status range_option(struct xlsx_reader *reader, const char *text, struct pf_error *err)
{
    const char *mark = mark_of(text), *cells = mark != NULL ? mark + 1 : text;
    bool found = true;

    if (mark != NULL && take_sheet(reader, text, (size_t)(mark - text), err) != PF_OK)
        return err->status;
    if (pf_xlsx_range_parse(cells, strlen(cells), &reader->range))
        return PF_OK;
    if (find_named(reader, cells, reader->range_sheet, &found, err) != PF_OK)
        return err->status;
    return found ? PF_OK : fail_range(&reader->workbook, text, err);
}

/* Whether a workbook may have the text as the name of cells or of a table: no digit first, no blanks, no marks of ranges. */
static bool may_be_name(const char *text)
{
    return *text != '\0' && !(*text >= '0' && *text <= '9') && text[strcspn(text, " \t!:,;'\"$")] == '\0';
}

enum pf_status xlsx_check(const void *options, struct pf_memory *memory, struct pf_error *err)
{
    const struct pf_xlsx_read_options *set = options;
    struct pf_header_option header;
    struct pf_xlsx_range ignored;
    const char *mark, *cells;

    (void)memory;
    if (pf_header_option_parse(set->header, "row", PF_XLSX_ROWS, &header, err) != PF_OK)
        return err->status;
    if (set->range == NULL)
        return PF_OK;
    mark = mark_of(set->range);
    cells = mark != NULL ? mark + 1 : set->range;
    if (mark == set->range)
        pf_fail(err, PF_BAD_OPTION, "--range '%.80s' names no sheet before its '!'", set->range);
    else if (pf_xlsx_range_parse(cells, strlen(cells), &ignored) || may_be_name(cells))
        return PF_OK;
    else
        pf_fail(err, PF_BAD_OPTION, "--range '%.80s' is neither a range of cells nor a name", set->range);
    pf_remedy(err, "%s", forms);
    return err->status;
}

enum pf_status xlsx_choose_range(struct xlsx_reader *reader, struct pf_error *err)
{
    reader->range_sheet = NULL;
    reader->range_table = NULL;
    reader->range = (struct pf_xlsx_range){ 0, 0, PF_XLSX_ROWS - 1, PF_XLSX_COLUMNS - 1 };
    if (reader->options->range == NULL || range_option(reader, reader->options->range, err) == PF_OK)
        return PF_OK;
    pf_error_source(err, pf_source_name(reader->src));
    return err->status;
}
