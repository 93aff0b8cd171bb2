/* The Excel writer. docs/design/excel.md says what it writes and why. */
#ifndef PF_FORMATS_XLSX_WRITE_XLSX_WRITE_FORMAT_H
#define PF_FORMATS_XLSX_WRITE_XLSX_WRITE_FORMAT_H

#include "formats/format.h"

extern const struct pf_writer pf_xlsx_writer;

struct pf_xlsx_write_options {
    const char *sheet_name;                                    /* NULL = the default of the table */
    int header_style, freeze_header, autofilter, column_width; /* 0 = yes, 1 = no */
    /* Not in the option table: */
    int64_t sheet_rows; /* of a sheet, header included; 0 = what Excel has (tests need few) */
};

#endif
