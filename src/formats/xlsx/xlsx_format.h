/* Excel workbooks (Office Open XML): the reader. docs/design/excel.md says what it accepts and how it works. */
#ifndef PF_FORMATS_XLSX_XLSX_FORMAT_H
#define PF_FORMATS_XLSX_XLSX_FORMAT_H

#include "formats/format.h"

extern const struct pf_reader pf_xlsx_reader;

struct pf_xlsx_read_options {
    const char *range;  /* "B4:F", "Sheet!B4:F20", a defined name or an Excel table; NULL = all of the sheet */
    const char *header; /* auto, yes, no, a row of the sheet, or several of them */
    bool drop_blank_rows;
    bool fill_merged;     /* the value of a merged range stands in all its cells */
    int64_t max_cells;    /* of a sheet, those of blank rows too; 0 = as many as a sheet can have */
    int64_t max_unpacked; /* bytes of XML of a sheet, and of the shared strings */
    /* Not in the option table: */
    bool compat;        /* header, names and values as in 1.0.9 */
    size_t block_bytes; /* of XML; 0 = the usual size (tests need small ones) */
};

#endif
