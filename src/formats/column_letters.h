/* How spreadsheets call their columns: for the reader and the writer of workbooks, which do not know each other. */
#ifndef PF_FORMATS_COLUMN_LETTERS_H
#define PF_FORMATS_COLUMN_LETTERS_H

#include <stddef.h>
#include <stdint.h>

/* 0 -> "A", 16383 -> "XFD", ended with NUL; returns the bytes before it, at most 3. column: below 18,278, what three letters tell. */
size_t pf_column_letters(uint32_t column, char to[4]);

#endif
