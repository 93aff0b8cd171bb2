/* The calendar's arithmetic, inline for the loops over columns. */
#ifndef PF_BASE_DATE_CORE_H
#define PF_BASE_DATE_CORE_H

#include <stdbool.h>
#include <stdint.h>

/* Indexed by month; 16 entries so that four bits of unchecked input may index them. Months that do not exist have no days. */
extern const uint8_t pf_month_days[16];   /* February: 29 */
extern const uint16_t pf_month_start[16]; /* days from the 1st of March on to the first of the month */

static inline bool pf_leap_year(uint32_t year)
{
    return (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0);
}

static inline bool pf_is_day(uint32_t year, uint32_t month, uint32_t day)
{
    return year - 1 < 9999 && month < 16 && day - 1 < pf_month_days[month] && !(month == 2 && day == 29 && !pf_leap_year(year));
}

/* Days since 1970-01-01 of a day that exists. A year is counted from March on, so that the leap day is its last. */
static inline int32_t pf_days_of(uint32_t year, uint32_t month, uint32_t day)
{
    const uint32_t from_march = year - (month <= 2), before_1970 = 719469;

    return (int32_t)(from_march * 365 + from_march / 4 - from_march / 100 + from_march / 400 + pf_month_start[month] + day -
                     before_1970);
}

#endif
