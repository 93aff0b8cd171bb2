/* What the files of the Excel writer share. */
#ifndef PF_FORMATS_XLSX_WRITE_XLSX_WRITE_H
#define PF_FORMATS_XLSX_WRITE_XLSX_WRITE_H

#include "formats/xlsx_write/xlsx_write_format.h"
#include "storage/zip.h"

enum {
    XLSX_ROWS = 1048576,
    XLSX_COLUMNS = 16384,
    XLSX_CELL_UNITS = 32767, /* of UTF-16 in a cell */
    XLSX_NAME_UNITS = 31,    /* in the name of a sheet */
    XLSX_NAME_ROOM = XLSX_NAME_UNITS * 3 + 1,
    XLSX_LEVEL = 4 /* of deflate: 6 takes twice the time of it for a file 5 % smaller */
};

/* Cell styles: places in the table of styles.xml. */
enum xlsx_style {
    XLSX_GENERAL,
    XLSX_HEADER,
    XLSX_DATE,
    XLSX_TIMESTAMP,
    XLSX_TIME,
    XLSX_INTEGER,
    XLSX_TIMESTAMP_FRACTION,
    XLSX_TIME_FRACTION,
    XLSX_DECIMAL, /* with one digit after the point; more digits follow */
    XLSX_DECIMAL_DIGITS = 14
};

/* Cells that hold text because Excel has no such value, or not exactly. */
struct xlsx_counts {
    int64_t long_numbers; /* more than 15 digits */
    int64_t no_numbers;   /* NaN and infinities */
    int64_t dates;        /* before 1900-03-01, after 9999, or finer than Excel's days are there */
};

/* A run of rows of one batch. */
struct xlsx_slice {
    const struct pf_batch *batch;
    int64_t from, to;
};

/* Writes the rows of a slice as XML into piece. first_row: number of the first in its sheet, from 1. table_row: of it in the table, from
 * 0, for messages. buffer: XLSX_BUFFER bytes to work in. */
enum { XLSX_BUFFER = 512 * 1024 };
enum pf_status xlsx_put_rows(const struct pf_schema *schema, const struct xlsx_slice *slice, int64_t first_row,
                             int64_t table_row, uint8_t *buffer, struct pf_zip_piece *piece, struct xlsx_counts *counts,
                             struct pf_error *err);

/* ---- texts */

/* Whether no text in bytes needs escapes. */
bool xlsx_is_clean(const uint8_t *bytes, size_t size);
/* Appends text for an element's content; room: 7 bytes for each. Returns the end. */
uint8_t *xlsx_escape(uint8_t *to, const uint8_t *text, size_t size);
/* UTF-16 code units of UTF-8. */
size_t xlsx_units(const uint8_t *text, size_t size);
/* A name that Excel takes for a sheet: *changed tells whether it is another. */
void xlsx_clean_name(const char *name, char to[XLSX_NAME_ROOM], bool *changed);
/* Hashes of a name and of its beginning, to which any number can be added; without regard to case. */
void xlsx_name_hashes(const char *name, uint64_t *hash, uint64_t *begins);
/* The name of a further sheet: "name_2", cut where that is too long. */
void xlsx_numbered_name(const char *name, uint32_t number, char to[XLSX_NAME_ROOM]);

/* ---- parts */

/* Appends <cols>: widths by what the first XLSX_SAMPLE rows, which the slices have in order, and the names need. */
enum { XLSX_SAMPLE = 1000 };
bool xlsx_put_widths(const struct pf_schema *schema, const struct xlsx_slice *slices, uint32_t count, struct pf_buffer *to);
/* What stands before the rows: views, widths (that text, or none), the header. first: the sheet is the one shown. */
bool xlsx_put_sheet_head(const struct pf_schema *schema, const struct pf_xlsx_write_options *options,
                         const struct pf_buffer *widths, bool first, struct pf_buffer *to);
/* And after them; rows: of the sheet, with the header. */
bool xlsx_put_sheet_tail(const struct pf_schema *schema, const struct pf_xlsx_write_options *options, int64_t rows,
                         struct pf_buffer *to);
/* The parts that know no table: before the sheets, and after them. */
enum pf_status xlsx_write_first_parts(struct pf_zip_writer *zip, struct pf_memory *memory, struct pf_error *err);
struct xlsx_sheet {
    int64_t rows; /* with the header */
    uint32_t columns;
    uint32_t number;       /* behind its name, where that was taken; else 1 */
    uint64_t hash, begins; /* of its name, and of what the names have in common that it would be numbered with */
    char name[XLSX_NAME_ROOM];
};
struct xlsx_book {
    const struct xlsx_sheet *sheets;
    uint32_t sheet_count;
    bool filtered;
};
enum pf_status xlsx_write_last_parts(struct pf_zip_writer *zip, struct pf_memory *memory, const struct xlsx_book *book,
                                     struct pf_error *err);

#endif
