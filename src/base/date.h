/* Dates and times: proleptic Gregorian calendar, years 0001 to 9999. */
#ifndef PF_BASE_DATE_H
#define PF_BASE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Days since 1970-01-01; false when there is no such day. */
bool pf_date_from_civil(int32_t year, int32_t month, int32_t day, int32_t *days);
void pf_date_to_civil(int32_t days, int32_t *year, int32_t *month, int32_t *day);

/* "2024-01-31", 10 bytes; no NUL; returns the length. */
size_t pf_print_date(int32_t days, char to[16]);
/* "2024-01-31 10:20:30" with as many fraction digits (0, 3 or 6) as needed and "Z" when utc; no NUL; returns the length. Years beyond
 * 0001..9999 are printed with a sign and as many digits as needed. */
size_t pf_print_timestamp(int64_t microseconds, bool utc, char to[48]);
/* "10:20:30.5" from microseconds since midnight; no NUL; returns the length. */
size_t pf_print_time(int64_t microseconds, char to[24]);

#endif
