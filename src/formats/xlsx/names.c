/* Ranges as they are written, defined names and tables. Source: ECMA-376 part 1, 18.2.5 (definedName), 18.5.1.2 (table), 18.17.2.3. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/column_letters.h"
#include "formats/xlsx/package.h"

/* ---- ranges */

struct corner {
    bool has_column, has_row;
    uint32_t column, row; /* from 0 */
};

/* A cell, column or row at *at, which is moved past it. false = there is none, or it lies outside of a sheet. */
static bool take_corner(const char **at, const char *end, struct corner *out)
{
    uint32_t column = 0, row = 0;
    const char *next = *at;

    next += next < end && *next == '$';
    while (next < end && column <= PF_XLSX_COLUMNS && ((*next >= 'A' && *next <= 'Z') || (*next >= 'a' && *next <= 'z')))
        column = column * 26 + (uint32_t)((*next++ & 0x1F));
    out->has_column = column != 0;
    next += out->has_column && next < end && *next == '$';
    while (next < end && row <= PF_XLSX_ROWS && *next >= '0' && *next <= '9')
        row = row * 10 + (uint32_t)(*next++ - '0');
    out->has_row = next > *at && next[-1] >= '0' && next[-1] <= '9';
    if (next == *at || next[-1] == '$' || column > PF_XLSX_COLUMNS || row > PF_XLSX_ROWS || (out->has_row && row == 0))
        return false;
    out->column = column - out->has_column;
    out->row = row - out->has_row;
    *at = next;
    return out->has_column || out->has_row;
}

static void in_order(uint32_t *low, uint32_t *high)
{
    const uint32_t first = *low;

    if (first > *high) {
        *low = *high;
        *high = first;
    }
}

bool pf_xlsx_range_parse(const char *text, size_t size, struct pf_xlsx_range *out)
{
    const char *at = text, *end = text + size;
    struct corner first, last;

    if (size == 0 || !take_corner(&at, end, &first))
        return false;
    if (at == end) {
        *out = (struct pf_xlsx_range){ first.row, first.column, first.row, first.column };
        return first.has_column && first.has_row;
    }
    if (*at++ != ':' || at == end || !take_corner(&at, end, &last) || at != end || first.has_column != last.has_column ||
        (first.has_row != last.has_row && !first.has_row))
        return false;
    out->left = first.has_column ? first.column : 0;
    out->right = first.has_column ? last.column : PF_XLSX_COLUMNS - 1;
    out->top = first.has_row ? first.row : 0;
    out->bottom = last.has_row ? last.row : PF_XLSX_ROWS - 1;
    in_order(&out->left, &out->right);
    in_order(&out->top, &out->bottom);
    return true;
}

void pf_xlsx_range_text(const struct pf_xlsx_range *range, char to[32])
{
    char left[4], right[4];

    (void)pf_column_letters(range->left, left);
    (void)pf_column_letters(range->right, right);
    if (range->top == range->bottom && range->left == range->right)
        (void)snprintf(to, 32, "%s%u", left, range->top + 1);
    else if (range->left == 0 && range->right == PF_XLSX_COLUMNS - 1)
        (void)snprintf(to, 32, "%u:%u", range->top + 1, range->bottom + 1);
    else if (range->top == 0 && range->bottom == PF_XLSX_ROWS - 1)
        (void)snprintf(to, 32, "%s:%s", left, right);
    else if (range->bottom == PF_XLSX_ROWS - 1)
        (void)snprintf(to, 32, "%s%u:%s", left, range->top + 1, right);
    else
        (void)snprintf(to, 32, "%s%u:%s%u", left, range->top + 1, right, range->bottom + 1);
}

/* ---- defined names */

enum pf_status pf_xlsx_named_add(struct pf_buffer *named, const struct pf_xlsx_named *one, struct pf_error *err)
{
    if (named->size / sizeof *one == PF_XLSX_NAMED)
        return pf_fail(err, PF_BAD_DATA, "the workbook has more than %d tables and defined names", (int)PF_XLSX_NAMED);
    return pf_buffer_append(named, one, sizeof *one) ? PF_OK : pf_fail_memory(err, named->size + sizeof *one);
}

const char *pf_xlsx_sheet_end(const char *formula)
{
    const char *at = formula;

    if (*at != '\'')
        return strchr(formula, '!');
    for (at++; *at != '\0'; at++) {
        if (*at != '\'')
            continue;
        if (at[1] != '\'')
            return at[1] == '!' ? at + 1 : NULL;
        at++;
    }
    return NULL;
}

/* The order of the name that is written (up to end; in quotes, those inside are doubled) and that of a sheet. */
static int order_of(const char *written, const char *end, const char *name)
{
    const bool quoted = *written == '\'';

    if (quoted) {
        written++;
        end--;
    }
    while (written < end && *written == *name) {
        written += quoted && *written == '\'' ? 2 : 1;
        name++;
    }
    return (written < end ? (int)(unsigned char)*written : 0) - (int)(unsigned char)*name;
}

/* Those of one name in the order of the workbook. */
static int by_name(const void *a, const void *b)
{
    const struct pf_xlsx_sheet *one = *(const struct pf_xlsx_sheet *const *)a, *other = *(const struct pf_xlsx_sheet *const *)b;
    const int order = strcmp(one->name, other->name);

    return order != 0 ? order : (one > other) - (one < other);
}

enum pf_status pf_xlsx_sheets_sort(struct pf_xlsx_workbook *workbook, struct pf_error *err)
{
    const size_t size = workbook->sheet_count * sizeof(void *);

    workbook->sheets_by_name = pf_arena_alloc(&workbook->arena, size + 1);
    if (workbook->sheets_by_name == NULL)
        return pf_fail_memory(err, size);
    for (uint32_t i = 0; i < workbook->sheet_count; i++)
        workbook->sheets_by_name[i] = &workbook->sheets[i];
    qsort(workbook->sheets_by_name, workbook->sheet_count, sizeof(void *), by_name);
    return PF_OK;
}

bool pf_xlsx_named_range(const struct pf_xlsx_workbook *workbook, const char *formula, struct pf_xlsx_named *out)
{
    uint32_t low = 0, high = workbook->sheet_count;
    const char *range;

    formula += strspn(formula, " =");
    range = pf_xlsx_sheet_end(formula);
    if (range == NULL || !pf_xlsx_range_parse(range + 1, strlen(range + 1), &out->range))
        return false;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (order_of(formula, range, workbook->sheets_by_name[middle]->name) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == workbook->sheet_count || order_of(formula, range, workbook->sheets_by_name[low]->name) != 0)
        return false;
    out->sheet = (uint32_t)(workbook->sheets_by_name[low] - workbook->sheets);
    return true;
}

/* ---- tables */

static enum pf_status read_table(struct pf_xlsx_workbook *workbook, const struct pf_zip_entry *entry,
                                 struct pf_xlsx_named *table, bool *ok, struct pf_error *err)
{
    struct pf_xlsx_part part;
    struct pf_view name, range;
    int64_t rows;
    enum pf_status status = pf_xlsx_part_open(workbook, entry, &part, err);

    if (status == PF_OK)
        status = pf_xlsx_part_root(&part, "table", err);
    if (status == PF_OK) {
        name = pf_scan_value(&part.scan, "displayName");
        range = pf_scan_value(&part.scan, "ref");
        if (name.text == NULL)
            name = pf_scan_value(&part.scan, "name");
        if (pf_scan_number(pf_scan_value(&part.scan, "headerRowCount"), 0, PF_XLSX_ROWS, &rows))
            table->header_rows = (uint32_t)rows;
        if (pf_scan_number(pf_scan_value(&part.scan, "totalsRowCount"), 0, PF_XLSX_ROWS, &rows))
            table->totals_rows = (uint32_t)rows;
        *ok = name.size != 0 && range.text != NULL && pf_xlsx_range_parse(range.text, range.size, &table->range);
        status = pf_xlsx_text_of(&workbook->arena, name, &table->name, err);
    }
    pf_xlsx_part_close(&part);
    return status;
}

/* read: per entry of the archive, whether it was read as a table. One that comes again is none of another sheet, and takes no time. */
static enum pf_status load_tables(struct pf_xlsx_workbook *workbook, uint32_t sheet, bool *read, struct pf_buffer *named,
                                  struct pf_error *err)
{
    struct pf_arena arena;
    struct pf_xlsx_relations relations;
    enum pf_status status;

    pf_arena_init(&arena, workbook->arena.memory, PF_XLSX_PART_BYTES);
    status = pf_xlsx_relations_load(workbook, &arena, workbook->sheets[sheet].part, &relations, err);
    for (uint32_t i = 0; status == PF_OK && i < relations.count; i++) {
        struct pf_xlsx_named table = { .sheet = sheet, .table = true, .header_rows = 1, .scope = PF_XLSX_EVERYWHERE };
        const struct pf_xlsx_relation *relation = &relations.list[i];
        const struct pf_zip_entry *entry = NULL;
        bool ok = false;

        if (strcmp(relation->type, "table") == 0 && relation->part != NULL)
            entry = pf_xlsx_find(workbook, relation->part);
        /* A table that is not there, or has no range, takes nothing from the cells. */
        if (entry == NULL || read[entry - pf_zip_entry_at(workbook->zip, 0)])
            continue;
        read[entry - pf_zip_entry_at(workbook->zip, 0)] = true;
        status = read_table(workbook, entry, &table, &ok, err);
        if (status == PF_OK && ok)
            status = pf_xlsx_named_add(named, &table, err);
    }
    pf_arena_free(&arena);
    return status;
}

enum pf_status pf_xlsx_tables_load(struct pf_xlsx_workbook *workbook, struct pf_buffer *named, struct pf_error *err)
{
    const uint32_t entries = pf_zip_count(workbook->zip);
    bool *read = pf_alloc_zero(workbook->arena.memory, (size_t)entries + 1, sizeof *read);
    enum pf_status status = read != NULL ? PF_OK : pf_fail_memory(err, entries);

    for (uint32_t i = 0; status == PF_OK && i < workbook->sheet_count; i++) {
        if (workbook->sheets[i].worksheet)
            status = load_tables(workbook, i, read, named, err);
    }
    pf_free(workbook->arena.memory, read);
    return status;
}
