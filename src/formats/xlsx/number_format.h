/* Number formats: what a number under one means. Source: ECMA-376 part 1, 18.8.30 (numFmt, built-in ids) and 18.8.31. */
#ifndef PF_XLSX_NUMBER_FORMAT_H
#define PF_XLSX_NUMBER_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum pf_xlsx_kind {
    PF_XLSX_NUMBER,
    PF_XLSX_DATE,      /* days only */
    PF_XLSX_TIME,      /* time of the day only */
    PF_XLSX_TIMESTAMP, /* both */
    PF_XLSX_DURATION,  /* [h], [m] or [s] */
    PF_XLSX_TEXT       /* "@" alone: numbers stay numbers, the format only says how they are shown */
};

/* Of a format code (UTF-8): the first section decides; colours, conditions, locale codes, quoted and escaped literals, padding and
 * fill do not count. */
enum pf_xlsx_kind pf_xlsx_kind_of_code(const char *code, size_t size);
/* Of a built-in id that the workbook does not define itself, also those of East Asian locales (27 to 36, 50 to 58). */
enum pf_xlsx_kind pf_xlsx_kind_of_builtin(uint32_t id);

#endif
