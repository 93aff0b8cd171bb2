/* CSV and its relatives: the reader and the writer. docs/design/csv.md says what they accept and how they work. */
#ifndef PF_FORMATS_CSV_CSV_FORMAT_H
#define PF_FORMATS_CSV_CSV_FORMAT_H

#include "formats/format.h"

extern const struct pf_reader pf_csv_reader;
extern const struct pf_writer pf_csv_writer;

/* What becomes of a row with more fields than there are columns, or, under _FAIL, fewer; else short rows are filled with nulls. */
enum pf_csv_ragged { PF_CSV_RAGGED_REJECT, PF_CSV_RAGGED_EXTEND, PF_CSV_RAGGED_FAIL, PF_CSV_RAGGED_FAIL_LONG };

/* Texts are NULL where the reader shall find out by itself. */
struct pf_csv_read_options {
    const char *delimiter, *quote, *escape, *comment, *header, *null_values, *encoding;
    const char *decimal, *thousands;
    int64_t skip_rows;  /* physical lines */
    int64_t max_record; /* bytes; 0 = the context's limit */
    int ragged;         /* enum pf_csv_ragged */
    /* Not in the option table: */
    bool compat;        /* header detection, names, blanks after a delimiter, empty fields as in 1.0.9 */
    size_t block_bytes; /* size of the blocks; 0 = the usual one (tests need small ones) */
};

enum pf_csv_output_header { PF_CSV_HEADER_YES, PF_CSV_HEADER_NO };
enum pf_csv_line_ending { PF_CSV_LF, PF_CSV_CRLF };

struct pf_csv_write_options {
    const char *delimiter, *quote, *null, *encoding; /* NULL = the default of the table */
    int header;                                      /* enum pf_csv_output_header */
    int line_ending;                                 /* enum pf_csv_line_ending */
    bool bom;
    bool escape_formulas;
};

#endif
