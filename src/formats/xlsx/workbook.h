/* The workbook: its parts, sheets, styles, names. Everything here is read once when the file is opened. Source: ECMA-376 part 2
 * (packages, relationships) and part 1, 18.2 (workbook), 18.5 (tables), 18.8 (styles). */
#ifndef PF_XLSX_WORKBOOK_H
#define PF_XLSX_WORKBOOK_H

#include "formats/format.h"
#include "formats/xlsx/number_format.h"
#include "storage/zip.h"

enum pf_xlsx_visibility { PF_XLSX_VISIBLE, PF_XLSX_HIDDEN, PF_XLSX_VERY_HIDDEN };

enum { PF_XLSX_ROWS = 1048576, PF_XLSX_COLUMNS = 16384 };

#define PF_XLSX_EVERYWHERE UINT32_MAX

/* Cells, both ends within, from 0; bottom = PF_XLSX_ROWS - 1 where a range is open. */
struct pf_xlsx_range {
    uint32_t top, left, bottom, right;
};

struct pf_xlsx_named { /* an Excel table, or a defined name that is one range */
    const char *name;  /* UTF-8 */
    uint32_t sheet;    /* index into sheets */
    struct pf_xlsx_range range;
    bool table; /* an Excel table: it says itself how many of its rows are header and totals */
    uint32_t header_rows, totals_rows;
    uint32_t scope; /* the sheet that the name is local to; PF_XLSX_EVERYWHERE */
    bool hidden;    /* Excel does not list it, such as "_xlnm._FilterDatabase" */
};

struct pf_xlsx_sheet {
    const char *name;                 /* UTF-8, as shown */
    const char *part;                 /* entry of the archive */
    const struct pf_zip_entry *entry; /* NULL only where worksheet is false */
    enum pf_xlsx_visibility visibility;
    bool worksheet; /* false: a chart, dialogue or macro sheet, which has no cells */
};

struct pf_xlsx_workbook {
    struct pf_arena arena;
    struct pf_zip *zip;
    bool date1904;
    struct pf_xlsx_sheet *sheets; /* in the order of the workbook */
    const struct pf_xlsx_sheet **sheets_by_name;
    uint32_t sheet_count;
    struct pf_xlsx_named *named;
    uint32_t named_count;
    const char *const *other_names; /* defined names of anything but one range: a constant, a formula, several areas */
    uint32_t other_name_count;
    const uint8_t *style_kind; /* per cell style (index "s" of a cell): enum pf_xlsx_kind */
    uint32_t style_count;
    const struct pf_zip_entry *strings; /* shared strings; NULL = none */
    int64_t read_whole;                 /* bytes of parts that were read as a whole so far */
};

/* src has read_at and is borrowed until close. A workbook of another kind (xls, xlsb, encrypted, OpenDocument) is PF_UNSUPPORTED, what
 * is no workbook PF_BAD_DATA, both naming the kind. Nothing has to be closed when it fails; close may be called all the same. */
enum pf_status pf_xlsx_workbook_open(struct pf_context *ctx, const struct pf_source *src, const struct pf_zip_limits *limits,
                                     struct pf_xlsx_workbook *out, struct pf_error *err);
void pf_xlsx_workbook_close(struct pf_xlsx_workbook *workbook);
/* How much of a sheet is used, by the <dimension> in front of its cells, which may be wrong. *found = false: it does not say. Reads at
 * most 64 KiB of the sheet. */
enum pf_status pf_xlsx_dimension(const struct pf_xlsx_workbook *workbook, uint32_t sheet, struct pf_xlsx_range *out,
                                 bool *found, struct pf_error *err);
/* The facts that info shows: date system, sheets with their visibility and size, tables and names. No cells are read; a size
 * that cannot be told is left out. emit is called with strings that end with the call. */
void pf_xlsx_facts(const struct pf_xlsx_workbook *workbook, pf_fact_fn emit, void *user);
/* "B4:F", "B4:F20", "B:F", "4:20", "$B$4": false = it is none. */
bool pf_xlsx_range_parse(const char *text, size_t size, struct pf_xlsx_range *out);
/* "B4:F20", "B4" for one cell, "B:F" and "4:20" for whole columns and rows; ended with NUL. */
void pf_xlsx_range_text(const struct pf_xlsx_range *range, char to[32]);

#endif
