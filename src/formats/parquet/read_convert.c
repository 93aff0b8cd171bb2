#include "formats/parquet/read_convert.h"

#include <string.h>

#include "base/number.h"
#include "formats/parquet/decode.h"

__extension__ typedef unsigned __int128 unsigned_int128;

static const int64_t day_us = INT64_C(86400000000);
static const int64_t day_ns = INT64_C(86400000000000);
static const int64_t julian_1970 = 2440588; /* Julian day number of 1970-01-01 */

/* ---- integers */

static inline __attribute__((always_inline)) size_t narrow(const uint8_t *from, size_t count, uint8_t *to, size_t width,
                                                           int32_t least, int32_t most)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        int32_t value = (int32_t)pf_load32(from + 4 * i);

        wrong |= (size_t)(value < least) | (size_t)(value > most);
        memcpy(to + i * width, &value, width);
    }
    if (wrong == 0)
        return count;
    for (size_t i = 0;; i++) {
        int32_t value = (int32_t)pf_load32(from + 4 * i);

        if (value < least || value > most)
            return i;
    }
}

static size_t widen_halves(const uint8_t *from, size_t count, uint8_t *to)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t half = (uint32_t)from[2 * i] | (uint32_t)from[2 * i + 1] << 8;
        uint32_t sign = half >> 15 << 31;
        uint32_t exponent = half >> 10 & 31;
        uint32_t fraction = half & 0x3ff;
        uint32_t single;

        if (exponent == 31) {
            single = 0x7f800000u | fraction << 13;
        } else if (exponent != 0) {
            single = (exponent + 112) << 23 | fraction << 13;
        } else {
            /* Subnormal: a multiple of 2^-24, which is a normal single. */
            float value = (float)fraction * 0x1p-24f;
            memcpy(&single, &value, sizeof single);
        }
        single |= sign;
        memcpy(to + 4 * i, &single, sizeof single);
    }
    return count;
}

/* ---- times */

static bool time_of(enum pf_convert convert, const uint8_t *from, int64_t *us)
{
    if (convert == PF_CONVERT_TIME_MS) {
        *us = (int64_t)(int32_t)pf_load32(from) * 1000;
    } else {
        int64_t value = (int64_t)pf_load64(from);

        if (convert == PF_CONVERT_TIME_NS && value % 1000 != 0)
            return false;
        *us = convert == PF_CONVERT_TIME_NS ? value / 1000 : value;
    }
    return *us >= 0 && *us <= day_us; /* 24:00:00 is a time in some systems */
}

static bool timestamp_of(enum pf_convert convert, const uint8_t *from, int64_t *us)
{
    int64_t value = (int64_t)pf_load64(from);
    int64_t day;

    switch (convert) {
    case PF_CONVERT_TIMESTAMP_MS:
        return !__builtin_mul_overflow(value, INT64_C(1000), us);
    case PF_CONVERT_TIMESTAMP_NS:
        *us = value / 1000;
        return value % 1000 == 0;
    default:
        day = (int64_t)(int32_t)pf_load32(from + 8) - julian_1970;
        return value >= 0 && value < day_ns && value % 1000 == 0 && !__builtin_mul_overflow(day, day_us, us) &&
               !__builtin_add_overflow(*us, value / 1000, us);
    }
}

static size_t convert_times(const struct parquet_column *column, const uint8_t *from, size_t count, uint8_t *to)
{
    bool time = column->field.type == PF_TYPE_TIME64;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *value = from + i * column->width;
        int64_t us;

        if (!(time ? time_of(column->convert, value, &us) : timestamp_of(column->convert, value, &us)))
            return i;
        memcpy(to + 8 * i, &us, sizeof us);
    }
    return count;
}

/* ---- decimals */

static pf_int128 power_of_ten(uint32_t digits)
{
    pf_int128 power = 1;

    while (digits-- != 0)
        power *= 10;
    return power;
}

static size_t widen_decimals(const struct parquet_column *column, const uint8_t *from, size_t count, uint8_t *to)
{
    pf_int128 limit = power_of_ten(column->field.precision);

    for (size_t i = 0; i < count; i++) {
        pf_int128 value =
            column->width == 4 ? (pf_int128)(int32_t)pf_load32(from + 4 * i) : (pf_int128)(int64_t)pf_load64(from + 8 * i);
        if (value >= limit || value <= -limit)
            return i;
        memcpy(to + 16 * i, &value, sizeof value);
    }
    return count;
}

/* Big-endian two's complement of any length; false = more digits than limit has zeros. */
static bool decimal_of(const uint8_t *bytes, size_t size, pf_int128 limit, pf_int128 *value)
{
    uint8_t fill;
    unsigned_int128 bits;

    if (size == 0)
        return false;
    fill = (bytes[0] & 0x80) != 0 ? 0xff : 0;
    bits = fill != 0 ? ~(unsigned_int128)0 : 0;
    for (; size > sizeof bits; size--, bytes++) {
        if (*bytes != fill)
            return false;
    }
    for (size_t i = 0; i < size; i++)
        bits = bits << 8 | bytes[i];
    *value = (pf_int128)bits;
    /* A sign bit lost with the leading bytes shows as the wrong sign. */
    return (*value < 0) == (fill != 0) && *value<limit && * value> - limit;
}

static size_t fixed_decimals(const struct parquet_column *column, const uint8_t *from, size_t count, uint8_t *to)
{
    pf_int128 limit = power_of_ten(column->field.precision);

    for (size_t i = 0; i < count; i++) {
        pf_int128 value;

        if (!decimal_of(from + i * column->width, column->width, limit, &value))
            return i;
        memcpy(to + 16 * i, &value, sizeof value);
    }
    return count;
}

size_t pf_convert_decimals(const struct parquet_column *column, const uint8_t *bytes, const int32_t *ends, size_t count,
                           uint8_t *to)
{
    pf_int128 limit = power_of_ten(column->field.precision);

    for (size_t i = 0; i < count; i++) {
        int32_t start = ends[(ptrdiff_t)i - 1];
        pf_int128 value;

        if (!decimal_of(bytes + start, (size_t)(ends[i] - start), limit, &value))
            return i;
        memcpy(to + 16 * i, &value, sizeof value);
    }
    return count;
}

/* ---- all */

size_t pf_convert_values(const struct parquet_column *column, const uint8_t *from, size_t count, uint8_t *to)
{
    switch (column->convert) {
    case PF_CONVERT_NONE:
        if (from != to)
            memcpy(to, from, count * column->width);
        return count;
    case PF_CONVERT_INT8:
        return narrow(from, count, to, 1, INT8_MIN, INT8_MAX);
    case PF_CONVERT_INT16:
        return narrow(from, count, to, 2, INT16_MIN, INT16_MAX);
    case PF_CONVERT_UINT8:
        return narrow(from, count, to, 1, 0, UINT8_MAX);
    case PF_CONVERT_UINT16:
        return narrow(from, count, to, 2, 0, UINT16_MAX);
    case PF_CONVERT_HALF:
        return widen_halves(from, count, to);
    case PF_CONVERT_DECIMAL32:
    case PF_CONVERT_DECIMAL64:
        return widen_decimals(column, from, count, to);
    case PF_CONVERT_DECIMAL_BYTES:
        return fixed_decimals(column, from, count, to);
    default:
        return convert_times(column, from, count, to);
    }
}

void pf_convert_uuids(const uint8_t *from, size_t count, uint8_t *to)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        for (uint32_t byte = 0; byte < 16; byte++) {
            if (byte == 4 || byte == 6 || byte == 8 || byte == 10)
                *to++ = '-';
            *to++ = (uint8_t)digits[*from >> 4];
            *to++ = (uint8_t)digits[*from++ & 15];
        }
    }
}

/* ---- faults */

static enum pf_status nanoseconds_fault(const char *what, int64_t value, struct pf_error *err)
{
    pf_fail(err, PF_UNSUPPORTED, "%s of %lld ns is not a whole number of microseconds, and would lose digits", what,
            (long long)value);
    pf_remedy(err, "write the column in microseconds, or leave it out with --columns");
    return PF_UNSUPPORTED;
}

enum pf_status pf_convert_fault(const struct parquet_column *column, const uint8_t *value, size_t size, struct pf_error *err)
{
    uint8_t bytes[8] = { 0 };
    char type[32];
    int64_t number;

    memcpy(bytes, value, size < sizeof bytes ? size : sizeof bytes);
    number = column->width == 4 ? (int64_t)(int32_t)pf_load32(bytes) : (int64_t)pf_load64(bytes);
    switch (column->convert) {
    case PF_CONVERT_TIME_NS:
        if (number % 1000 != 0)
            return nanoseconds_fault("a time", number, err);
        break;
    case PF_CONVERT_TIMESTAMP_NS:
        return nanoseconds_fault("a timestamp", number, err);
    case PF_CONVERT_TIMESTAMP_MS:
        return pf_fail(err, PF_BAD_DATA, "a timestamp of %lld ms is beyond what microseconds can tell", (long long)number);
    case PF_CONVERT_INT96:
        if (number >= 0 && number < day_ns && number % 1000 != 0)
            return nanoseconds_fault("an INT96 timestamp with a time of day", number, err);
        return pf_fail(err, PF_BAD_DATA, "an INT96 timestamp is out of range: %lld ns into day %d", (long long)number,
                       (int)pf_load32(value + 8));
    case PF_CONVERT_DECIMAL32:
    case PF_CONVERT_DECIMAL64:
    case PF_CONVERT_DECIMAL_BYTES:
        if (size == 0)
            return pf_fail(err, PF_BAD_DATA, "a decimal has no digits at all");
        return pf_fail(err, PF_BAD_DATA, "a decimal has more than the %u digits of its type", column->field.precision);
    default:
        break;
    }
    if (column->field.type == PF_TYPE_STRING)
        return pf_fail(err, PF_BAD_DATA, "a text is not valid UTF-8");
    return pf_fail(err, PF_BAD_DATA, "a value of %lld is not within the type %s", (long long)number,
                   pf_type_text(&column->field, type));
}
