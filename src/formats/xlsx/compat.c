/* Texts of values as pyforge 1.0.9 made them: what Python prints for numbers, booleans and moments. */
#include <string.h>

#include "base/number.h"
#include "formats/xlsx/decode.h"
#include "formats/xlsx/serial.h"

enum { DAY_SIZE = 10, SECOND_SIZE = 8, FRACTION_DIGITS = 6 };

/* "1e16" as "1E+16": fixed notation ends where that of Python's decimals does. */
static size_t rewrite_exponent(char *text, size_t size)
{
    char *mark = memchr(text, 'e', size);

    if (mark == NULL)
        return size;
    *mark++ = 'E';
    if (*mark == '-')
        return size;
    memmove(mark + 1, mark, size - (size_t)(mark - text));
    *mark = '+';
    return size + 1;
}

/* A fraction has six digits or is not there. text ends with a time. */
static size_t pad_fraction(char *text, size_t size)
{
    const char *point = memchr(text, '.', size);
    size_t digits = point != NULL ? size - (size_t)(point + 1 - text) : FRACTION_DIGITS;

    for (; digits < FRACTION_DIGITS; digits++)
        text[size++] = '0';
    return size;
}

size_t xlsx_compat_text(enum pf_xlsx_kind kind, char *text, size_t size)
{
    static const char midnight[] = "T00:00:00";

    if (kind == PF_XLSX_DURATION)
        return size;
    if (size == DAY_SIZE && text[4] == '-') {
        memcpy(text + size, midnight, sizeof midnight - 1);
        return size + sizeof midnight - 1;
    }
    if (size > DAY_SIZE && text[DAY_SIZE] == ' ')
        text[DAY_SIZE] = 'T';
    return size >= SECOND_SIZE ? pad_fraction(text, size) : size;
}

size_t xlsx_compat_number(enum pf_xlsx_kind kind, double value, char *text, size_t size)
{
    static const char none[] = "00:00:00";

    if (value == 0 && kind != PF_XLSX_NUMBER && kind != PF_XLSX_TEXT) {
        memcpy(text, none, sizeof none - 1); /* a date that is none was a time */
        return sizeof none - 1;
    }
    return rewrite_exponent(text, size);
}
