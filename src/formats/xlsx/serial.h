/* Serial days of Excel as text. Source: ECMA-376 part 1, 18.17.4 (dates and times), 18.2.28 (date1904). */
#ifndef PF_XLSX_SERIAL_H
#define PF_XLSX_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/xlsx/number_format.h"

enum { PF_XLSX_SERIAL_SIZE = 48 };

/* Writes value (serial days) as kind tells: "2024-02-29", "13:45:00", "2024-02-29 13:45:00.5", "26:30:00" (a duration, [-]h:mm:ss with
 * fractions). decimals: digits that the text of value has behind the point; -1 = not known. Rounded to the microsecond; to the second where
 * value is one but for the last bit of a serial day, which arithmetic gets wrong, and to the millisecond where it is one but for what its
 * digits or a double cannot hold: not where the text has more digits than a double, 17, or where a double tells the microsecond beyond
 * doubt. A text of up to 16 digits that is no whole number is not midnight. A DATE with a part of a day, and a TIME of a
 * day or more, is written as a timestamp, since the value has both; a TIMESTAMP without a part of a day keeps 00:00:00. The 1900 system:
 * a part of a day alone is a time, whatever the kind; 60 is the 29 February 1900 that never was and is not a date, 0 < days < 60
 * count from 1899-12-31. Returns the bytes written; 0 = no date: 0 itself, 60, what is negative or beyond the year 9999. */
size_t pf_xlsx_serial_text(double value, int decimals, enum pf_xlsx_kind kind, bool date1904, char to[PF_XLSX_SERIAL_SIZE]);
/* The same of a cell that has its date in ISO 8601 form, "2024-02-29T10:20:30Z", "2024-02-29", "10:20:30", "PT26H30M": a zone stays behind
 * the time; a DATE at midnight is a date. 0 = it is none of these. */
size_t pf_xlsx_iso_text(const uint8_t *text, size_t size, enum pf_xlsx_kind kind, char to[PF_XLSX_SERIAL_SIZE]);
/* Whether it may be some other form of that standard: a week, an interval, a day that never was. */
bool pf_xlsx_is_iso(const uint8_t *text, size_t size);
/* [-]h:mm:ss with fractions; micros: of the day. */
size_t pf_xlsx_duration_text(bool negative, int64_t days, int64_t micros, char to[PF_XLSX_SERIAL_SIZE]);

#endif
