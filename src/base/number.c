#include "base/number.h"

#include <assert.h>
#include <string.h>

#include "base/digits.h"
#include "base/number_core.h"

const double pf_exact_powers[23] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

const uint64_t pf_integer_powers[20] = { 1,
                                         10,
                                         100,
                                         1000,
                                         10000,
                                         100000,
                                         1000000,
                                         10000000,
                                         100000000,
                                         1000000000,
                                         10000000000,
                                         100000000000,
                                         1000000000000,
                                         10000000000000,
                                         100000000000000,
                                         1000000000000000,
                                         10000000000000000,
                                         100000000000000000,
                                         1000000000000000000,
                                         UINT64_C(10000000000000000000) };

const char pf_digit_pairs[201] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";

static bool is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') <= 9;
}

/* ---- reading */

bool pf_parse_int64(const uint8_t *text, size_t size, int64_t *value)
{
    const uint8_t *end = text + size;
    const bool negative = size > 0 && *text == '-';
    const uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t total = 0;

    text += negative;
    if (text == end || end - text > 19 || (*text == '0' && (negative || end - text > 1)))
        return false;
    if (pf_take_digits(text, end, &total) != end || total > limit)
        return false;
    *value = (int64_t)(negative ? 0 - total : total);
    return true;
}

bool pf_scan_exponent(const uint8_t **at, const uint8_t *end, int64_t *exponent)
{
    const int64_t most = 1000000000;
    const uint8_t *p = *at + 1;
    bool negative = false;
    int64_t value = 0;

    if (p < end && (*p == '-' || *p == '+'))
        negative = *p++ == '-';
    if (p == end || !is_digit(*p))
        return false;
    for (; p < end && is_digit(*p); p++)
        value = value < most ? value * 10 + (*p - '0') : most;
    if (value > most)
        value = most;
    *exponent = negative ? -value : value;
    *at = p;
    return true;
}

static int32_t clamp_power(int64_t power)
{
    const int64_t most = 100000; /* far beyond any float, and additions to it stay in range */

    return (int32_t)(power > most ? most : power < -most ? -most : power);
}

void pf_scan_long(struct pf_number *number)
{
    const uint8_t *at = number->mantissa, *end = at + number->mantissa_size;
    int64_t power = number->last_power;
    int kept = 0;

    number->digits = 0;
    number->cut = false;
    for (; at < end; at++) {
        if (*at == '.')
            continue;
        if (kept == PF_DIGITS_KEPT) {
            power++;
            number->cut |= *at != '0';
        } else {
            number->digits = number->digits * 10 + (uint64_t)(*at - '0');
            kept += number->digits != 0;
        }
    }
    number->power = clamp_power(power);
}

static uint8_t significant_digits(const struct pf_number *number)
{
    const uint8_t *at = number->mantissa, *end = at + number->mantissa_size;
    size_t count = 0;

    while (at < end && (*at == '0' || *at == '.'))
        at++;
    while (end > at && (end[-1] == '0' || end[-1] == '.'))
        end--;
    for (; at < end && count < UINT8_MAX; at++)
        count += *at != '.';
    return (uint8_t)count;
}

bool pf_parse_float64(const uint8_t *text, size_t size, double *value, struct pf_float_form *form)
{
    struct pf_number number;

    if (!pf_scan_number(text, size, &number))
        return false;
    *value = pf_number_double(&number);
    *form = (struct pf_float_form){
        .digits = significant_digits(&number),
        .integer = !number.point && !number.exponent,
        .exponent = number.exponent,
        .leading_zero = number.leading_zero,
        .bare_point = number.bare_point,
        .plus = number.plus,
    };
    return true;
}

bool pf_parse_float32(const uint8_t *text, size_t size, float *value)
{
    struct pf_number number;
    uint64_t wide;
    uint32_t bits;

    if (!pf_scan_number(text, size, &number))
        return false;
    if (!pf_round_decimal(number.digits, number.power, number.cut, PF_SINGLE_BITS, PF_SINGLE_LOWEST, &wide))
        wide = pf_round_exactly(&number, wide, PF_SINGLE_BITS, PF_SINGLE_LOWEST);
    bits = (uint32_t)wide | (uint32_t)number.negative << 31;
    memcpy(value, &bits, sizeof bits);
    return true;
}

/* ---- printing */

size_t pf_print_int64(int64_t value, char to[PF_INT64_TEXT])
{
    const bool negative = value < 0;
    const uint64_t magnitude = negative ? 0 - (uint64_t)value : (uint64_t)value;
    const uint32_t count = pf_count_digits(magnitude);

    to[0] = '-';
    pf_put_digits(to + negative, magnitude, count);
    return count + negative;
}

uint32_t pf_float64_digits(double value)
{
    uint64_t bits = pf_bits_of(value) & ~(UINT64_C(1) << 63);
    int32_t ignored = 0;

    assert(bits < UINT64_C(0x7ff) << 52);
    return bits == 0 ? 0 : pf_count_digits(pf_strip_zeros(pf_shortest(bits).digits, &ignored));
}

/* digits * 10^power without exponent. */
static char *put_fixed(char *to, uint64_t digits, uint32_t count, int32_t power)
{
    const int32_t whole = (int32_t)count + power; /* digits before the point */

    if (power >= 0) {
        pf_put_digits(to, digits, count);
        memset(to + count, '0', (size_t)power);
        return to + count + power;
    }
    if (whole > 0) {
        pf_put_digits(to + 1, digits, count);
        memmove(to, to + 1, (size_t)whole);
        to[whole] = '.';
        return to + count + 1;
    }
    to[0] = '0';
    to[1] = '.';
    memset(to + 2, '0', (size_t)-whole);
    pf_put_digits(to + 2 - whole, digits, count);
    return to + 2 - whole + count;
}

static char *put_exponent(char *to, uint64_t digits, uint32_t count, int32_t power)
{
    const int32_t exponent = (int32_t)count + power - 1;
    char text[PF_INT64_TEXT];
    size_t size = pf_print_int64(exponent, text);

    pf_put_digits(to + 1, digits, count);
    to[0] = to[1];
    to[1] = '.';
    to += count > 1 ? count + 1 : 1;
    *to++ = 'e';
    memcpy(to, text, size);
    return to + size;
}

size_t pf_print_float64(double value, char to[PF_FLOAT64_TEXT])
{
    const uint64_t bits = pf_bits_of(value), magnitude = bits & ~(UINT64_C(1) << 63);
    struct pf_decimal decimal;
    char *end = to;
    uint32_t count;

    if (magnitude > UINT64_C(0x7ff) << 52) {
        memcpy(to, "NaN", 3);
        return 3;
    }
    if (bits >> 63)
        *end++ = '-';
    if (magnitude == UINT64_C(0x7ff) << 52) {
        memcpy(end, "inf", 3);
        return (size_t)(end + 3 - to);
    }
    if (magnitude == 0) {
        *end++ = '0';
        return (size_t)(end - to);
    }
    decimal = pf_shortest(magnitude);
    decimal.digits = pf_strip_zeros(decimal.digits, &decimal.power);
    count = pf_count_digits(decimal.digits);
    if ((int32_t)count + decimal.power > -6 && (int32_t)count + decimal.power <= 16)
        end = put_fixed(end, decimal.digits, count, decimal.power);
    else
        end = put_exponent(end, decimal.digits, count, decimal.power);
    return (size_t)(end - to);
}

/* ---- decimals */

enum { DECIMAL_DIGITS = 38 };

/* The mantissa's digits as one integer without the zeros at its end; *power is made that of its last digit. false = too many. */
static bool join_mantissa(const struct pf_number *number, pf_uint128 *value, int *count, int64_t *power)
{
    const uint8_t *at = number->mantissa, *end = at + number->mantissa_size;
    size_t zeros = 0;

    *value = 0;
    *count = 0;
    for (; at < end; at++) {
        if (*at == '.')
            continue;
        zeros++;
        if (*at == '0')
            continue;
        if (*count == 0)
            zeros = 1; /* those in front do not count */
        if (zeros > (size_t)(DECIMAL_DIGITS - *count))
            return false;
        *count += (int)zeros;
        for (; zeros > 0; zeros--)
            *value *= 10;
        *value = *value + (uint8_t)(*at - '0');
    }
    *power = number->last_power + (int64_t)zeros;
    return true;
}

bool pf_parse_decimal(const uint8_t *text, size_t size, int32_t scale, pf_int128 *value)
{
    struct pf_number number;
    pf_uint128 total;
    int64_t power;
    int count;

    if (!pf_scan_number(text, size, &number) || !join_mantissa(&number, &total, &count, &power))
        return false;
    power += scale;
    if (total == 0)
        power = 0;
    if (power < 0 || power > DECIMAL_DIGITS - count)
        return false;
    for (; power > 0; power--)
        total *= 10;
    *value = number.negative ? -(pf_int128)total : (pf_int128)total;
    return true;
}

size_t pf_print_decimal(pf_int128 value, int32_t scale, char to[48])
{
    char digits[40];
    size_t at = sizeof digits, point, size, whole;
    pf_uint128 rest = value < 0 ? 0 - (pf_uint128)value : (pf_uint128)value;
    char *end = to;

    assert(scale >= 0 && scale <= DECIMAL_DIGITS);
    point = sizeof digits - (size_t)scale;
    while (rest > 0 || at > point - 1) {
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    size = sizeof digits - at;
    whole = size - (size_t)scale;
    if (value < 0)
        *end++ = '-';
    memcpy(end, digits + at, whole);
    end += whole;
    if (scale > 0) {
        *end++ = '.';
        memcpy(end, digits + point, (size_t)scale);
        end += scale;
    }
    return (size_t)(end - to);
}
