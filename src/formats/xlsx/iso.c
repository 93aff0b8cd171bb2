/* Cells of type d: dates in ISO 8601 form. Source: ECMA-376 part 1, 18.17.4 and 18.18.11; ISO 8601, extended forms. */
#include <string.h>

#include "base/date.h"
#include "formats/xlsx/serial.h"

enum { LONGEST = 40, MICRO_DIGITS = 6, DAY_DIGITS = 6 };

static const int64_t second_micros = 1000000, day_micros = INT64_C(86400000000);

struct iso {
    const uint8_t *at, *end;
};

static bool take(struct iso *iso, uint8_t byte)
{
    const bool there = iso->at < iso->end && *iso->at == byte;

    iso->at += there;
    return there;
}

static bool take_digits(struct iso *iso, int count, int32_t *value)
{
    if (iso->end - iso->at < count)
        return false;
    *value = 0;
    for (int i = 0; i < count; i++, iso->at++) {
        if (*iso->at < '0' || *iso->at > '9')
            return false;
        *value = *value * 10 + (*iso->at - '0');
    }
    return true;
}

/* What stands behind the point, to the microsecond: no cell tells more. */
static bool take_fraction(struct iso *iso, int64_t *micros)
{
    const uint8_t *begin;
    int64_t value = 0;
    bool up = false;

    if (!take(iso, '.') && !take(iso, ','))
        return true;
    begin = iso->at;
    for (; iso->at < iso->end && *iso->at >= '0' && *iso->at <= '9'; iso->at++) {
        if (iso->at - begin < MICRO_DIGITS)
            value = value * 10 + (*iso->at - '0');
        else if (iso->at - begin == MICRO_DIGITS)
            up = *iso->at >= '5';
    }
    for (int64_t i = iso->at - begin; i < MICRO_DIGITS; i++)
        value *= 10;
    *micros += value + up;
    return iso->at != begin;
}

static bool take_date(struct iso *iso, int32_t *day)
{
    int32_t year, month, of_month;

    return take_digits(iso, 4, &year) && take(iso, '-') && take_digits(iso, 2, &month) && take(iso, '-') &&
           take_digits(iso, 2, &of_month) && pf_date_from_civil(year, month, of_month, day);
}

static bool take_time(struct iso *iso, int64_t *micros)
{
    int32_t hour, minute, second = 0;

    if (!take_digits(iso, 2, &hour) || !take(iso, ':') || !take_digits(iso, 2, &minute))
        return false;
    *micros = 0;
    if (take(iso, ':') && (!take_digits(iso, 2, &second) || !take_fraction(iso, micros)))
        return false;
    *micros += ((hour * 60 + minute) * INT64_C(60) + second) * second_micros;
    return hour < 24 && minute < 60 && second < 60;
}

/* "Z" or an offset, as it stands: "+02:00". */
static bool take_zone(struct iso *iso)
{
    int32_t hour, minute;

    if (take(iso, 'Z') || iso->at == iso->end)
        return true;
    return (take(iso, '+') || take(iso, '-')) && take_digits(iso, 2, &hour) && take(iso, ':') && take_digits(iso, 2, &minute) &&
           hour < 24 && minute < 60;
}

/* "P1DT2H3M4.5S" behind its P: days, hours, minutes and seconds, in this order. */
static bool take_duration(struct iso *iso, int64_t *micros)
{
    static const struct {
        uint8_t letter;
        bool time;
        int32_t seconds;
    } parts[] = { { 'D', false, 86400 }, { 'H', true, 3600 }, { 'M', true, 60 }, { 'S', true, 1 } };
    bool time = false, any = false;

    *micros = 0;
    for (size_t next = 0; iso->at < iso->end;) {
        int64_t count = 0, fraction = 0;
        const uint8_t *begin;

        time = take(iso, 'T') || time;
        for (begin = iso->at; iso->at < iso->end && *iso->at >= '0' && *iso->at <= '9' && iso->at - begin <= DAY_DIGITS;
             iso->at++)
            count = count * 10 + (*iso->at - '0');
        if (iso->at == begin || !take_fraction(iso, &fraction) || iso->at == iso->end)
            return false;
        while (next < sizeof parts / sizeof *parts && (parts[next].letter != *iso->at || parts[next].time != time))
            next++;
        if (next == sizeof parts / sizeof *parts || (fraction != 0 && parts[next].letter != 'S'))
            return false;
        *micros += count * parts[next++].seconds * second_micros + fraction;
        iso->at++;
        any = true;
    }
    return any;
}

static size_t put_duration(struct iso iso, char *to)
{
    const bool negative = take(&iso, '-');
    int64_t micros;

    if (!take(&iso, 'P') || !take_duration(&iso, &micros))
        return 0;
    return pf_xlsx_duration_text(negative, micros / day_micros, micros % day_micros, to);
}

/* A time of day. */
static size_t put_time(struct iso iso, char *to)
{
    int64_t micros;

    (void)take(&iso, 'T');
    if (!take_time(&iso, &micros) || iso.at != iso.end || micros >= day_micros)
        return 0;
    return pf_print_time(micros, to);
}

static size_t put_date(struct iso iso, enum pf_xlsx_kind kind, char *to)
{
    const uint8_t *zone;
    int64_t micros = 0;
    int32_t day;
    size_t size;

    if (!take_date(&iso, &day))
        return 0;
    if (iso.at == iso.end)
        return pf_print_date(day, to);
    if ((!take(&iso, 'T') && !take(&iso, ' ')) || !take_time(&iso, &micros))
        return 0;
    zone = iso.at;
    if (!take_zone(&iso) || iso.at != iso.end)
        return 0;
    /* rounding may reach the next day; that of the last there is stays what it was */
    if (micros >= day_micros) {
        day++;
        micros -= day_micros;
    }
    size = pf_print_date(day, to);
    if (size > strlen("9999-12-31"))
        return 0;
    if (kind == PF_XLSX_DATE && micros == 0 && zone == iso.end)
        return size;
    to[size++] = ' ';
    size += pf_print_time(micros, to + size);
    memcpy(to + size, zone, (size_t)(iso.end - zone));
    return size + (size_t)(iso.end - zone);
}

size_t pf_xlsx_iso_text(const uint8_t *text, size_t size, enum pf_xlsx_kind kind, char to[PF_XLSX_SERIAL_SIZE])
{
    const struct iso iso = { text, text + size };
    size_t made;

    if (size > LONGEST)
        return 0;
    made = put_date(iso, kind, to);
    if (made == 0)
        made = put_time(iso, to);
    return made != 0 ? made : put_duration(iso, to);
}

bool pf_xlsx_is_iso(const uint8_t *text, size_t size)
{
    static const char bytes[] = "0123456789-+:.,TZWPYMDHS/ ";

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\0' || strchr(bytes, text[i]) == NULL)
            return false;
    }
    return size != 0 && size <= LONGEST;
}
