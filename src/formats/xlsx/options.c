/* The options of the reader: which sheet, which cells of it, which of its rows is the header. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/text.h"
#include "formats/xlsx/xlsx.h"

/* ---- the sheet */

static void list_sheets(const struct pf_xlsx_workbook *workbook, struct pf_error *err)
{
    char names[160] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < workbook->sheet_count && used < sizeof names; i++) {
        size_t size = strlen(workbook->sheets[i].name), left = sizeof names - 1 - used;

        if (size + 2 > left)
            break;
        if (used != 0) {
            memcpy(names + used, ", ", 2);
            used += 2;
        }
        memcpy(names + used, workbook->sheets[i].name, size);
        used += size;
        names[used] = '\0';
    }
    pf_remedy(err, "the workbook has: %s", names);
}

static void list_named(const struct pf_xlsx_workbook *workbook, struct pf_error *err)
{
    char names[120] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < workbook->named_count; i++) {
        const size_t size = strlen(workbook->named[i].name);

        if (used + size + 3 < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used != 0 ? ", " : "", workbook->named[i].name);
    }
    pf_remedy(err, "give cells such as B4:F, Sheet!B4:F20, or the name of cells or of an Excel table%s%s",
              used != 0 ? "; the workbook has " : "", names);
}

static const struct pf_xlsx_sheet *sheet_by_name(const struct pf_xlsx_workbook *workbook, const char *name, size_t size)
{
    for (uint32_t i = 0; i < workbook->sheet_count; i++) {
        if (strlen(workbook->sheets[i].name) == size && strncasecmp(workbook->sheets[i].name, name, size) == 0)
            return &workbook->sheets[i];
    }
    return NULL;
}

static enum pf_status sheet_option(struct xlsx_reader *reader, const char *text, size_t size, struct pf_error *err)
{
    const struct pf_xlsx_workbook *workbook = &reader->workbook;
    const struct pf_xlsx_sheet *sheet = sheet_by_name(workbook, text, size);
    int64_t place;

    if (sheet == NULL && pf_parse_int64((const uint8_t *)text, size, &place) && place >= 1 && place <= workbook->sheet_count)
        sheet = &workbook->sheets[place - 1];
    if (sheet == NULL) {
        pf_fail(err, PF_NOT_FOUND, "there is no sheet '%.*s'", size < 80 ? (int)size : 80, text);
        list_sheets(workbook, err);
        return err->status;
    }
    if (!sheet->worksheet)
        return pf_fail(err, PF_UNSUPPORTED, "the sheet '%s' is a chart or a macro sheet: it has no cells", sheet->name);
    reader->range_sheet = sheet;
    return PF_OK;
}

/* ---- the range */

/* An Excel table, or a defined name. */
static bool take_named(struct xlsx_reader *reader, const char *name)
{
    const struct pf_xlsx_workbook *workbook = &reader->workbook;

    for (uint32_t i = 0; i < workbook->named_count; i++) {
        const struct pf_xlsx_named *named = &workbook->named[i];

        if (!pf_same_word(named->name, name))
            continue;
        reader->range_sheet = &workbook->sheets[named->sheet];
        reader->range = named->range;
        if (named->table && named->totals_rows <= named->range.bottom - named->range.top)
            reader->range.bottom -= named->totals_rows;
        return true;
    }
    return false;
}

static enum pf_status range_option(struct xlsx_reader *reader, const char *text, struct pf_error *err)
{
    const char *mark = strrchr(text, '!'), *cells = mark != NULL ? mark + 1 : text;

    if (pf_xlsx_range_parse(cells, strlen(cells), &reader->range)) {
        size_t size = mark != NULL ? (size_t)(mark - text) : 0;

        if (size > 1 && text[0] == '\'' && text[size - 1] == '\'') {
            text++;
            size -= 2;
        }
        return size != 0 ? sheet_option(reader, text, size, err) : PF_OK;
    }
    if (take_named(reader, text))
        return PF_OK;
    pf_fail(err, PF_BAD_OPTION, "--range '%.80s' is neither a range of cells nor a name in the workbook", text);
    list_named(&reader->workbook, err);
    return err->status;
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
    const char *mark;

    (void)memory;
    if (pf_header_option_parse(set->header, "row", PF_XLSX_ROWS, &header, err) != PF_OK)
        return err->status;
    if (set->range == NULL)
        return PF_OK;
    mark = strrchr(set->range, '!');
    if (mark != NULL ? pf_xlsx_range_parse(mark + 1, strlen(mark + 1), &ignored)
                     : pf_xlsx_range_parse(set->range, strlen(set->range), &ignored) || may_be_name(set->range))
        return PF_OK;
    pf_fail(err, PF_BAD_OPTION, "--range '%.80s' is neither a range of cells nor a name", set->range);
    pf_remedy(err, "give cells such as B4:F, Sheet!B4:F20, or the name of cells or of an Excel table");
    return err->status;
}

enum pf_status xlsx_choose_range(struct xlsx_reader *reader, struct pf_error *err)
{
    reader->range_sheet = NULL;
    reader->range = (struct pf_xlsx_range){ 0, 0, PF_XLSX_ROWS - 1, PF_XLSX_COLUMNS - 1 };
    if (reader->options->range == NULL || range_option(reader, reader->options->range, err) == PF_OK)
        return PF_OK;
    pf_error_source(err, pf_source_name(reader->src));
    return err->status;
}

/* ---- limits */

enum pf_status xlsx_check_size(const struct xlsx_reader *reader, const struct pf_zip_entry *entry, struct pf_error *err)
{
    const int64_t limit = reader->options->max_unpacked;

    if (limit == 0 || entry->size <= limit)
        return PF_OK;
    pf_fail(err, PF_LIMIT, "%s has %lld bytes when it is unpacked, more than %lld", entry->name, (long long)entry->size,
            (long long)limit);
    pf_remedy(err, "if the file is trusted, raise --max-unpacked");
    return err->status;
}
