#include "base/date.h"

#include <assert.h>
#include <string.h>

#include "base/date_core.h"

const uint8_t pf_month_days[16] = { 0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0 };
const uint16_t pf_month_start[16] = { 0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 0, 0, 0 };

enum { DAYS_IN_400_YEARS = 146097, DAYS_TO_1970 = 719468 /* from 0000-03-01 */ };

static const int64_t day_micros = INT64_C(86400000000);

bool pf_date_from_civil(int32_t year, int32_t month, int32_t day, int32_t *days)
{
    if (year < 1 || month < 1 || day < 1 || !pf_is_day((uint32_t)year, (uint32_t)month, (uint32_t)day))
        return false;
    *days = pf_days_of((uint32_t)year, (uint32_t)month, (uint32_t)day);
    return true;
}

void pf_date_to_civil(int32_t days, int32_t *year, int32_t *month, int32_t *day)
{
    const int64_t shifted = (int64_t)days + DAYS_TO_1970;
    const int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_IN_400_YEARS - 1)) / DAYS_IN_400_YEARS;
    const uint32_t in_era = (uint32_t)(shifted - era * DAYS_IN_400_YEARS);
    const uint32_t era_year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    const uint32_t in_year = in_era - (365 * era_year + era_year / 4 - era_year / 100); /* from the 1st of March */
    const uint32_t from_march = (5 * in_year + 2) / 153;

    *day = (int32_t)(in_year - (153 * from_march + 2) / 5 + 1);
    *month = (int32_t)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int32_t)(era * 400 + era_year) + (*month <= 2);
}

static char *put2(char *to, uint32_t value)
{
    to[0] = (char)('0' + value / 10);
    to[1] = (char)('0' + value % 10);
    return to + 2;
}

static char *put_year(char *to, int32_t year)
{
    uint32_t rest = year < 0 ? 0 - (uint32_t)year : (uint32_t)year;

    if (year < 1 || year > 9999)
        *to++ = year < 0 ? '-' : '+';
    for (uint32_t unit = 1000000; unit >= 10000; unit /= 10) /* days of 32 bits reach the year 5,881,580 */
        if (rest >= unit)
            *to++ = (char)('0' + rest / unit % 10);
    rest %= 10000;
    to = put2(to, rest / 100);
    return put2(to, rest % 100);
}

static char *put_date(char *to, int32_t days)
{
    int32_t year, month, day;

    pf_date_to_civil(days, &year, &month, &day);
    to = put_year(to, year);
    *to++ = '-';
    to = put2(to, (uint32_t)month);
    *to++ = '-';
    return put2(to, (uint32_t)day);
}

static char *put_seconds(char *to, uint32_t seconds)
{
    to = put2(to, seconds / 3600);
    *to++ = ':';
    to = put2(to, seconds / 60 % 60);
    *to++ = ':';
    return put2(to, seconds % 60);
}

/* The first count digits of six. */
static char *put_fraction(char *to, uint32_t micros, uint32_t count)
{
    *to++ = '.';
    for (uint32_t i = 0, unit = 100000; i < count; i++, unit /= 10)
        *to++ = (char)('0' + micros / unit % 10);
    return to;
}

size_t pf_print_date(int32_t days, char to[16])
{
    return (size_t)(put_date(to, days) - to);
}

size_t pf_print_timestamp(int64_t microseconds, bool utc, char to[48])
{
    const bool before = microseconds % day_micros < 0;
    const int64_t days = microseconds / day_micros - before;
    const int64_t rest = microseconds % day_micros + (before ? day_micros : 0);
    const uint32_t fraction = (uint32_t)(rest % 1000000);
    char *end = put_date(to, (int32_t)days);

    *end++ = ' ';
    end = put_seconds(end, (uint32_t)(rest / 1000000));
    if (fraction)
        end = put_fraction(end, fraction, fraction % 1000 ? 6 : 3);
    if (utc)
        *end++ = 'Z';
    return (size_t)(end - to);
}

size_t pf_print_time(int64_t microseconds, char to[24])
{
    uint32_t fraction, count = 6;
    char *end;

    assert(microseconds >= 0 && microseconds < day_micros);
    fraction = (uint32_t)(microseconds % 1000000);
    end = put_seconds(to, (uint32_t)(microseconds / 1000000));
    if (fraction) {
        for (uint32_t rest = fraction; rest % 10 == 0; rest /= 10)
            count--;
        end = put_fraction(end, fraction, count);
    }
    return (size_t)(end - to);
}
