/* One stored value. Numbers and days are text in a table; what is no value is told from what is none of its type. */
#include <math.h>

#include "base/date_core.h"
#include "base/number_core.h"
#include "formats/dbf/dbf.h"

enum {
    JULIAN_1970 = 2440588,
    DAY_MS = 86400000,
    DAYS_BEFORE_1970 = 719163 /* level 7 counts from the day before 0001-01-01 */
};
static const int64_t day_us = (int64_t)DAY_MS * 1000;

uint32_t dbf_text_size(const uint8_t *text, uint32_t size)
{
    while (size >= 8) {
        const uint64_t ink = pf_load8(text + size - 8) & ~PF_EACH_BYTE(' '); /* in no byte that is ' ' or 0 */

        if (ink != 0)
            return size - ((uint32_t)__builtin_clzll(ink) >> 3);
        size -= 8;
    }
    while (size != 0 && (text[size - 1] == ' ' || text[size - 1] == 0))
        size--;
    return size;
}

/* Without blanks around it, and zeros, with which some programs fill fields. */
static const uint8_t *trim(const uint8_t *text, uint32_t *size)
{
    *size = dbf_text_size(text, *size);
    while (*size != 0 && (*text == ' ' || *text == 0 || *text == '\t')) {
        text++;
        (*size)--;
    }
    return text;
}

/* Reads a number; a comma is a point, as in tables of some countries. A field too narrow for its number gets "1.E+3" from some
 * programs: digits are lost, so it is none. */
static enum dbf_value scan(const uint8_t *text, uint32_t size, uint8_t copy[256], const uint8_t **at, uint32_t *left)
{
    bool odd = false;

    *at = trim(text, &size);
    *left = size;
    if (size == 0)
        return DBF_NOTHING;
    for (uint32_t i = 0; i < size; i++)
        odd |= (*at)[i] == ',' || ((*at)[i] | 0x20) == 'e';
    if (!odd)
        return DBF_VALUE;
    for (uint32_t i = 0; i < size; i++) {
        const uint8_t byte = (*at)[i];

        copy[i] = byte == ',' ? '.' : byte;
        if (i != 0 && (byte | 0x20) == 'e' && copy[i - 1] == '.')
            return DBF_BAD;
    }
    *at = copy;
    return DBF_VALUE;
}

enum dbf_value dbf_read_int64(const uint8_t *text, uint32_t size, int64_t *value)
{
    const uint8_t *at = text, *end = text + size;
    uint64_t digits = 0;
    bool negative;
    pf_int128 wide;
    enum dbf_value found;

    while (at < end && *at == ' ')
        at++;
    if (at == end)
        return DBF_NOTHING;
    negative = *at == '-';
    text = at + negative;
    if (text < end && (uint8_t)(*text - '0') <= 9 && end - text <= 18 && pf_take_digits(text, end, &digits) == end) {
        *value = negative ? -(int64_t)digits : (int64_t)digits;
        return DBF_VALUE;
    }
    found = dbf_read_decimal(at, (uint32_t)(end - at), 18, 0, &wide);
    *value = found == DBF_VALUE ? (int64_t)wide : 0;
    return found;
}

/* The usual: blanks, a sign, digits, a point, and as many digits as there are decimals; up to 18 in all. */
static bool read_plain_decimal(const uint8_t *text, uint32_t size, uint32_t scale, pf_int128 *value)
{
    const uint8_t *at = text, *end = text + size, *begin, *point;
    uint64_t digits = 0;
    bool negative;

    while (at < end && *at == ' ')
        at++;
    negative = at < end && *at == '-';
    begin = at + negative;
    if (end - begin > 19 || (size_t)(end - begin) < scale + 2)
        return false;
    point = end - scale - 1;
    if (*point != '.' || pf_take_digits(begin, point, &digits) != point || pf_take_digits(point + 1, end, &digits) != end)
        return false;
    *value = negative ? -(pf_int128)digits : (pf_int128)digits;
    return true;
}

enum dbf_value dbf_read_decimal(const uint8_t *text, uint32_t size, uint32_t precision, uint32_t scale, pf_int128 *value)
{
    uint8_t copy[256];
    const uint8_t *at;
    uint32_t left;
    pf_int128 most = 1;
    enum dbf_value found;

    if (scale != 0 && (precision >= 18 || size <= precision) && read_plain_decimal(text, size, scale, value))
        return DBF_VALUE;
    found = scan(text, size, copy, &at, &left);
    if (found != DBF_VALUE)
        return found;
    if (!pf_parse_decimal(at, left, (int32_t)scale, value))
        return DBF_BAD;
    for (uint32_t i = 0; i < precision; i++)
        most *= 10;
    return *value > -most && *value < most ? DBF_VALUE : DBF_BAD;
}

enum dbf_value dbf_read_float(const uint8_t *text, uint32_t size, double *value)
{
    uint8_t copy[256];
    const uint8_t *at;
    uint32_t left;
    struct pf_float_form form;
    enum dbf_value found = scan(text, size, copy, &at, &left);

    if (found != DBF_VALUE)
        return found;
    return pf_parse_float64(at, left, value, &form) && isfinite(*value) ? DBF_VALUE : DBF_BAD;
}

enum dbf_value dbf_read_day(const uint8_t *text, int32_t *days)
{
    const uint64_t word = pf_load8(text), digits = word ^ PF_EACH_BYTE('0');
    uint32_t number;

    if (word == PF_EACH_BYTE(' ') || word == 0)
        return DBF_NOTHING;
    if (pf_not_digits(digits) != 0)
        return dbf_text_size(text, 8) == 0 ? DBF_NOTHING : DBF_BAD;
    number = pf_join8(digits);
    if (!pf_is_day(number / 10000, number / 100 % 100, number % 100))
        return DBF_BAD;
    *days = pf_days_of(number / 10000, number / 100 % 100, number % 100);
    return DBF_VALUE;
}

enum dbf_value dbf_read_logical(uint8_t byte, bool *value)
{
    switch (byte) {
    case 'T':
    case 't':
    case 'Y':
    case 'y':
        *value = true;
        return DBF_VALUE;
    case 'F':
    case 'f':
    case 'N':
    case 'n':
        *value = false;
        return DBF_VALUE;
    case '?':
    case ' ':
    case 0:
        return DBF_NOTHING;
    default:
        return DBF_BAD;
    }
}

enum dbf_value dbf_read_moment(const uint8_t *bytes, int64_t *moment)
{
    const uint32_t day = pf_load4(bytes), ms = pf_load4(bytes + 4);
    const int64_t days = (int64_t)day - JULIAN_1970;

    /* Of empty ones some have a time left that is none. */
    if (day == 0 || pf_load8(bytes) == PF_EACH_BYTE(' '))
        return DBF_NOTHING;
    if (days <= -DAYS_BEFORE_1970 || days > 2932896 || ms > DAY_MS)
        return DBF_BAD;
    *moment = days * day_us + (int64_t)ms * 1000;
    return DBF_VALUE;
}

static uint64_t load8_high_first(const uint8_t *bytes)
{
    return __builtin_bswap64(pf_load8(bytes));
}

enum dbf_value dbf_read_moment_7(const uint8_t *bytes, int64_t *moment)
{
    const uint64_t bits = load8_high_first(bytes);
    const double most = 3652060.0 * DAY_MS;
    double ms;

    if (bits == 0 || bits == PF_EACH_BYTE(' '))
        return DBF_NOTHING;
    memcpy(&ms, &bits, sizeof ms);
    if (!(ms >= DAY_MS && ms < most))
        return DBF_BAD;
    *moment = ((int64_t)llround(ms) - (int64_t)DAYS_BEFORE_1970 * DAY_MS) * 1000;
    return DBF_VALUE;
}

int32_t dbf_read_int32_7(const uint8_t *bytes)
{
    const uint32_t bits = __builtin_bswap32(pf_load4(bytes)) ^ UINT32_C(0x80000000);
    int32_t value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

double dbf_read_double_7(const uint8_t *bytes)
{
    uint64_t bits = load8_high_first(bytes);
    double value;

    bits = bits >> 63 != 0 ? bits ^ (UINT64_C(1) << 63) : ~bits;
    memcpy(&value, &bits, sizeof value);
    return value;
}
