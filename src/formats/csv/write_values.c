/* The text of values of fixed size. */
#include "formats/csv/csv_write.h"

#include <string.h>

#include "base/date.h"
#include "base/digits.h"
#include "base/number.h"
#include "base/print.h"

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

static uint8_t *put_float32(const struct csv_put_column *column, int64_t row, uint8_t *to)
{
    float value;

    memcpy(&value, column->data + (size_t)row * sizeof value, sizeof value);
    return to + pf_print_float32(value, (char *)to);
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
