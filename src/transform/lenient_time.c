#include <string.h>

#include "base/date_core.h"
#include "transform/lenient.h"
#include "transform/scan.h"

/* What is left of the text. */
struct rest {
    const uint8_t *at, *end;
    uint8_t order; /* enum pf_day_order */
};

static const int64_t second_micros = 1000000, day_micros = INT64_C(86400000000);

static bool is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') <= 9;
}

static bool at_end(const struct rest *rest)
{
    return rest->at == rest->end;
}

/* The next byte, in upper case when it is a letter; 0 at the end. */
static uint8_t peek(const struct rest *rest)
{
    if (at_end(rest))
        return 0;
    return *rest->at >= 'a' && *rest->at <= 'z' ? (uint8_t)(*rest->at & ~0x20) : *rest->at;
}

static bool take(struct rest *rest, uint8_t byte)
{
    if (at_end(rest) || peek(rest) != byte)
        return false;
    rest->at++;
    return true;
}

static void skip_blanks(struct rest *rest)
{
    while (take(rest, ' '))
        ;
}

static uint32_t digit_count(const struct rest *rest)
{
    const uint8_t *at = rest->at;

    while (at < rest->end && is_digit(*at))
        at++;
    return at - rest->at > 32 ? 32 : (uint32_t)(at - rest->at);
}

/* A number of fewest to most digits; more digits behind it are left. */
static bool take_number(struct rest *rest, uint32_t fewest, uint32_t most, uint32_t *value)
{
    uint32_t count = digit_count(rest);

    if (count < fewest)
        return false;
    count = count > most ? most : count;
    *value = 0;
    for (uint32_t i = 0; i < count; i++)
        *value = *value * 10 + (uint32_t)(*rest->at++ - '0');
    return true;
}

/* ---- date */

static bool settle_day(uint32_t year, uint32_t month, uint32_t day, int32_t *days)
{
    if (!pf_is_day(year, month, day))
        return false;
    *days = pf_days_of(year, month, day);
    return true;
}

/* 31/1/2024 or 1/31/2024: unless it was stated, the order must show in the value itself, or not matter. */
static bool settle_order(uint8_t order, uint32_t first, uint32_t second, uint32_t year, int32_t *days)
{
    const bool day_first = pf_is_day(year, second, first), month_first = pf_is_day(year, first, second);

    if (order != PF_ORDER_SHOWN)
        return order == PF_DAY_FIRST ? settle_day(year, second, first, days) : settle_day(year, first, second, days);
    if (day_first && month_first && first != second)
        return false;
    return day_first ? settle_day(year, second, first, days) : settle_day(year, first, second, days);
}

static bool take_date(struct rest *rest, int32_t *days)
{
    const uint32_t digits = digit_count(rest);
    uint32_t first, second, third;
    uint8_t mark;

    if (digits == 8)
        return take_number(rest, 4, 4, &first) && take_number(rest, 2, 2, &second) && take_number(rest, 2, 2, &third) &&
               settle_day(first, second, third, days);
    if ((digits != 4 && digits > 2) || !take_number(rest, 1, 4, &first))
        return false;
    mark = peek(rest);
    if ((mark != '-' && mark != '/' && mark != '.') || !take(rest, mark))
        return false;
    if (digit_count(rest) > 2 || !take_number(rest, 1, 2, &second) || !take(rest, mark))
        return false;
    if (digits == 4)
        return digit_count(rest) <= 2 && take_number(rest, 1, 2, &third) && settle_day(first, second, third, days);
    return digit_count(rest) == 4 && take_number(rest, 4, 4, &third) && settle_order(rest->order, first, second, third, days);
}

/* ---- time of day */

/* Digits behind a point or comma; those that microseconds cannot hold must be zeros. */
static bool take_fraction(struct rest *rest, int64_t *micros)
{
    int64_t unit = second_micros / 10;

    *micros = 0;
    if (!take(rest, '.') && !take(rest, ','))
        return true;
    if (digit_count(rest) == 0)
        return false;
    for (; !at_end(rest) && is_digit(*rest->at); rest->at++, unit /= 10) {
        if (unit == 0 && *rest->at != '0')
            return false;
        *micros += (*rest->at - '0') * unit;
    }
    return true;
}

/* "10:20", "9:05:07.25", "102030". */
static bool take_time(struct rest *rest, int64_t *micros)
{
    const uint32_t digits = digit_count(rest);
    const bool marks = digits <= 2;
    uint32_t hour, minute, second = 0;
    int64_t fraction = 0;

    if (digits == 0 || (!marks && digits != 4 && digits != 6))
        return false;
    if (!take_number(rest, 1, 2, &hour) || (marks && !take(rest, ':')) || !take_number(rest, 2, 2, &minute))
        return false;
    if (marks ? take(rest, ':') : digits == 6) {
        if (!take_number(rest, 2, 2, &second) || !take_fraction(rest, &fraction))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *micros = ((int64_t)hour * 3600 + minute * 60 + second) * second_micros + fraction;
    return true;
}

/* "Z", "UTC", "GMT", "+2", "+02", "+0200", "+02:00"; *found false: none of them. */
static bool take_zone(struct rest *rest, bool *found, int64_t *offset)
{
    const uint8_t sign = peek(rest);
    uint32_t hours, minutes = 0;

    *offset = 0;
    *found = true;
    if (take(rest, 'Z'))
        return true;
    if (sign == 'U')
        return take(rest, 'U') && take(rest, 'T') && take(rest, 'C');
    if (sign == 'G')
        return take(rest, 'G') && take(rest, 'M') && take(rest, 'T');
    *found = sign == '+' || sign == '-';
    if (!*found)
        return true;
    rest->at++;
    if (!take_number(rest, 1, 2, &hours))
        return false;
    if ((take(rest, ':') || digit_count(rest) > 0) && !take_number(rest, 2, 2, &minutes))
        return false;
    *offset = ((int64_t)hours * 60 + minutes) * 60 * (sign == '-' ? -second_micros : second_micros);
    return hours <= 23 && minutes <= 59;
}

/* ---- whole values */

/* A date, which may be followed by a time, which may be followed by a zone. */
static bool read_moment(const uint8_t *at, size_t size, uint8_t order, int32_t *days, int64_t *time, bool *zoned,
                        int64_t *offset)
{
    struct rest rest = { at, at + size, order };

    *time = *offset = 0;
    *zoned = false;
    if (!take_date(&rest, days))
        return false;
    if (at_end(&rest))
        return true;
    if (!take(&rest, 'T')) {
        if (peek(&rest) != ' ')
            return false;
        skip_blanks(&rest);
    }
    if (!take_time(&rest, time))
        return false;
    skip_blanks(&rest);
    return take_zone(&rest, zoned, offset) && at_end(&rest);
}

bool pf_lenient_date(const uint8_t *at, size_t size, const struct pf_field *field, void *data)
{
    int64_t time, offset;
    int32_t days;
    bool zoned;

    if (!read_moment(at, size, field->order, &days, &time, &zoned, &offset) || zoned || time != 0)
        return false;
    memcpy(data, &days, sizeof days);
    return true;
}

bool pf_lenient_time(const uint8_t *at, size_t size, const struct pf_field *field, void *data)
{
    struct rest rest = { at, at + size, PF_ORDER_SHOWN };
    int64_t time;

    (void)field;
    if (!take_time(&rest, &time) || !at_end(&rest))
        return false;
    memcpy(data, &time, sizeof time);
    return true;
}

bool pf_lenient_timestamp(const uint8_t *at, size_t size, const struct pf_field *field, void *data)
{
    int64_t time, offset, micros;
    int32_t days;
    bool zoned;

    /* A zone would be lost in a type without one; without one, UTC is meant. */
    if (!read_moment(at, size, field->order, &days, &time, &zoned, &offset) || (zoned && !field->utc))
        return false;
    micros = days * day_micros + time - offset;
    if (micros < PF_FIRST_MICROS || micros >= PF_END_MICROS) /* its zone puts it outside the years that have dates */
        return false;
    memcpy(data, &micros, sizeof micros);
    return true;
}

bool pf_lenient_unclear(const uint8_t *at, size_t size, const struct pf_field *field)
{
    int64_t time, offset;
    int32_t days;
    bool zoned;

    if ((field->type != PF_TYPE_DATE32 && field->type != PF_TYPE_TIMESTAMP) || field->order != PF_ORDER_SHOWN)
        return false;
    return !read_moment(at, size, PF_ORDER_SHOWN, &days, &time, &zoned, &offset) &&
           read_moment(at, size, PF_DAY_FIRST, &days, &time, &zoned, &offset) &&
           read_moment(at, size, PF_MONTH_FIRST, &days, &time, &zoned, &offset);
}
