/* The text of values of fixed size. */
#include "formats/csv/csv_write.h"

#include <string.h>

#include "base/date.h"
#include "base/digits.h"
#include "base/number.h"

static inline uint8_t *put_unsigned(uint8_t *to, uint64_t value)
{
    uint32_t count = pf_count_digits(value);

    pf_put_digits(to, value, count);
    return to + count;
}

static inline uint8_t *put_signed(uint8_t *to, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    *to = '-';
    return put_unsigned(to + (value < 0), magnitude);
}

/* A function for each width: values may lie at any address. */
#define PUT_INTEGER(name, type, put)                                                                                           \
    static uint8_t *name(const struct csv_put_column *column, int64_t row, uint8_t *to)                                        \
    {                                                                                                                          \
        type value;                                                                                                            \
                                                                                                                               \
        memcpy(&value, column->data + (size_t)row * sizeof value, sizeof value);                                               \
        return put(to, value);                                                                                                 \
    }
PUT_INTEGER(put_int8, int8_t, put_signed)
PUT_INTEGER(put_int16, int16_t, put_signed)
PUT_INTEGER(put_int32, int32_t, put_signed)
PUT_INTEGER(put_int64, int64_t, put_signed)
PUT_INTEGER(put_uint8, uint8_t, put_unsigned)
PUT_INTEGER(put_uint16, uint16_t, put_unsigned)
PUT_INTEGER(put_uint32, uint32_t, put_unsigned)
PUT_INTEGER(put_uint64, uint64_t, put_unsigned)

static uint8_t *put_bool(const struct csv_put_column *column, int64_t row, uint8_t *to)
{
    bool value = pf_bit(column->data, row);

    memcpy(to, value ? "true" : "false", value ? 4 : 5);
    return to + (value ? 4 : 5);
}

static uint8_t *put_float64(const struct csv_put_column *column, int64_t row, uint8_t *to)
{
    double value;

    memcpy(&value, column->data + (size_t)row * sizeof value, sizeof value);
    return to + pf_print_float64(value, (char *)to);
}

/* ---- float32: the shortest decimal that is read back as the same float32 */

struct decimal_text {
    char digits[PF_FLOAT64_TEXT]; /* the significant ones */
    uint32_t count;
    int32_t exponent; /* of the first digit */
};

/* Takes a text of pf_print_float64 apart; false when it is not a number. */
static bool split_decimal(const char *text, size_t size, struct decimal_text *out)
{
    int32_t point = -1, exponent = 0, seen = 0, first = -1;
    size_t at = 0;

    out->count = 0;
    for (; at < size && text[at] != 'e'; at++) {
        if (text[at] == '.') {
            point = seen;
            continue;
        }
        if (text[at] < '0' || text[at] > '9')
            return false;
        if (first < 0 && text[at] != '0')
            first = seen;
        if (first >= 0)
            out->digits[out->count++] = text[at];
        seen++;
    }
    if (first < 0)
        return false;
    for (size_t i = at + 1; i < size; i++) {
        if (text[i] >= '0' && text[i] <= '9')
            exponent = exponent * 10 + (text[i] - '0');
    }
    if (at + 1 < size && text[at + 1] == '-')
        exponent = -exponent;
    out->exponent = exponent + (point < 0 ? seen : point) - first - 1;
    return true;
}

/* "d.ddde-12" with count digits, rounded; returns the length. */
static size_t round_decimal(const struct decimal_text *decimal, uint32_t count, char to[PF_FLOAT64_TEXT])
{
    char digits[PF_FLOAT64_TEXT];
    int32_t exponent = decimal->exponent, at = (int32_t)count - 1;
    uint8_t *end = (uint8_t *)to;

    memcpy(digits, decimal->digits, count);
    if (decimal->digits[count] >= '5') {
        while (at >= 0 && digits[at] == '9')
            digits[at--] = '0';
        if (at >= 0) {
            digits[at]++;
        } else {
            digits[0] = '1';
            exponent++;
        }
    }
    *end++ = (uint8_t)digits[0];
    *end++ = '.';
    memcpy(end, digits + 1, count - 1);
    end += count - 1;
    *end++ = 'e';
    end = put_signed(end, exponent);
    return (size_t)(end - (uint8_t *)to);
}

static uint8_t *put_float32(const struct csv_put_column *column, int64_t row, uint8_t *to)
{
    enum { SHORT = 6, LONGEST = 9 };
    struct decimal_text decimal;
    char text[PF_FLOAT64_TEXT];
    float value;
    size_t size;
    bool negative;

    memcpy(&value, column->data + (size_t)row * sizeof value, sizeof value);
    size = pf_print_float64((double)value, (char *)to);
    negative = to[0] == '-';
    if (!split_decimal((char *)to + negative, size - negative, &decimal))
        return to + size;
    for (uint32_t count = SHORT; count <= LONGEST && count < decimal.count; count++) {
        size_t rounded = round_decimal(&decimal, count, text);
        struct pf_float_form form;
        double shorter;
        float back;

        if (pf_parse_float32((const uint8_t *)text, rounded, &back) && back == (negative ? -value : value) &&
            pf_parse_float64((const uint8_t *)text, rounded, &shorter, &form))
            return to + negative + pf_print_float64(shorter, (char *)to + negative);
    }
    return to + size;
}

static uint8_t *put_decimal(const struct csv_put_column *column, int64_t row, uint8_t *to)
{
    pf_int128 value;

    memcpy(&value, column->data + (size_t)row * sizeof value, sizeof value);
    return to + pf_print_decimal(value, column->scale, (char *)to);
}

/* ---- dates and times */

static const int64_t day_micros = INT64_C(86400000000);

/* Years 0000 to 9999; false otherwise. */
static inline bool put_civil(uint8_t **to, int32_t days)
{
    int32_t year, month, day;
    uint8_t *at = *to;

    pf_date_to_civil(days, &year, &month, &day);
    if (year < 1 || year > 9999)
        return false;
    at = pf_put_pair(at, (uint32_t)year / 100);
    at = pf_put_pair(at, (uint32_t)year % 100);
    *at++ = '-';
    at = pf_put_pair(at, (uint32_t)month);
    *at++ = '-';
    *to = pf_put_pair(at, (uint32_t)day);
    return true;
}

static inline uint8_t *put_clock(uint8_t *to, uint32_t seconds)
{
    to = pf_put_pair(to, seconds / 3600);
    *to++ = ':';
    to = pf_put_pair(to, seconds / 60 % 60);
    *to++ = ':';
    return pf_put_pair(to, seconds % 60);
}

static uint8_t *put_date(const struct csv_put_column *column, int64_t row, uint8_t *to)
{
    int32_t days;

    memcpy(&days, column->data + (size_t)row * sizeof days, sizeof days);
    return put_civil(&to, days) ? to : to + pf_print_date(days, (char *)to);
}

static uint8_t *put_timestamp(const struct csv_put_column *column, int64_t row, uint8_t *to)
{
    int64_t micros, days, rest;
    uint8_t *at = to;
    uint32_t fraction;

    memcpy(&micros, column->data + (size_t)row * sizeof micros, sizeof micros);
    days = micros / day_micros - (micros % day_micros < 0);
    rest = micros % day_micros + (micros % day_micros < 0 ? day_micros : 0);
    if (!put_civil(&at, (int32_t)days))
        return to + pf_print_timestamp(micros, column->utc, (char *)to);
    *at++ = ' ';
    at = put_clock(at, (uint32_t)(rest / 1000000));
    fraction = (uint32_t)(rest % 1000000);
    if (fraction != 0) {
        *at++ = '.';
        at = pf_put_pair(at, fraction / 10000);
        at = pf_put_pair(at, fraction / 100 % 100);
        at = pf_put_pair(at, fraction % 100);
        if (fraction % 1000 == 0)
            at -= 3;
    }
    if (column->utc)
        *at++ = 'Z';
    return at;
}

static uint8_t *put_time(const struct csv_put_column *column, int64_t row, uint8_t *to)
{
    int64_t micros;

    memcpy(&micros, column->data + (size_t)row * sizeof micros, sizeof micros);
    if (micros < 0 || micros >= day_micros) /* no time of a day: as it stands */
        return put_signed(to, micros);
    return to + pf_print_time(micros, (char *)to);
}

/* ---- the table */

uint8_t *(*csv_put_function(enum pf_type type))(const struct csv_put_column *, int64_t, uint8_t *)
{
    static uint8_t *(*const functions[])(const struct csv_put_column *, int64_t, uint8_t *) = {
        [PF_TYPE_BOOL] = put_bool,       [PF_TYPE_INT8] = put_int8,       [PF_TYPE_INT16] = put_int16,
        [PF_TYPE_INT32] = put_int32,     [PF_TYPE_INT64] = put_int64,     [PF_TYPE_UINT8] = put_uint8,
        [PF_TYPE_UINT16] = put_uint16,   [PF_TYPE_UINT32] = put_uint32,   [PF_TYPE_UINT64] = put_uint64,
        [PF_TYPE_FLOAT32] = put_float32, [PF_TYPE_FLOAT64] = put_float64, [PF_TYPE_DECIMAL128] = put_decimal,
        [PF_TYPE_DATE32] = put_date,     [PF_TYPE_TIME64] = put_time,     [PF_TYPE_TIMESTAMP] = put_timestamp,
        [PF_TYPE_STRING] = NULL,         [PF_TYPE_BINARY] = NULL,
    };

    return functions[type];
}

uint8_t *csv_put_base64(uint8_t *to, const uint8_t *bytes, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at;
        uint32_t three =
            (uint32_t)bytes[at] << 16 | (left > 1 ? (uint32_t)bytes[at + 1] << 8 : 0) | (left > 2 ? bytes[at + 2] : 0);

        *to++ = (uint8_t)letters[three >> 18];
        *to++ = (uint8_t)letters[three >> 12 & 63];
        *to++ = (uint8_t)(left > 1 ? letters[three >> 6 & 63] : '=');
        *to++ = (uint8_t)(left > 2 ? letters[three & 63] : '=');
    }
    return to;
}
