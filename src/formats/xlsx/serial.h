/* Serial days of Excel as text. Source: ECMA-376 part 1, 18.17.4 (dates and times), 18.2.28 (date1904). */
#ifndef PF_XLSX_SERIAL_H
#define PF_XLSX_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/xlsx/number_format.h"

enum { PF_XLSX_SERIAL_SIZE = 48 };

/* Writes value (serial days) as kind tells: "2024-02-29", "13:45:00", "2024-02-29 13:45:00.5", "26:30:00" (a duration, [-]h:mm:ss with
 * fractions). Rounded to the microsecond; what rounds to a whole second has no fraction. A DATE with a part of a day is written as
 * a timestamp, a TIMESTAMP without one keeps 00:00:00; a TIME of a day or more, and a date before the system's first day, is not
 * a date. The 1900 system: 60 is the 29 February 1900 that never was and is not a date, 0 < days < 60 count from 1899-12-31. Returns
 * the bytes written; 0 = no date: the number has to be kept as a number. */
size_t pf_xlsx_serial_text(double value, enum pf_xlsx_kind kind, bool date1904, char to[PF_XLSX_SERIAL_SIZE]);
/* The reverse, for the writer: microseconds since 1970 to serial days. *ok = false: before 1900-03-01 (1904: never), which Excel
 * cannot show rightly. */
double pf_xlsx_serial_of(int64_t micros, bool *ok);

#endif
