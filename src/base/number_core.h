/* The inner parts of reading and printing numbers, inline so that the loops over columns make no call a value.
 *
 * Reading: digits * 10^power is multiplied out with the first 128 bits of the power; the product's error is known, so rounding is
 * either certain or left to exact arithmetic (pf_round_exactly). Printing: the shortest decimal within the rounding interval, after
 * R. Giulietti, "The Schubfach way to render doubles" (2020), with the same table. */
#ifndef PF_BASE_NUMBER_CORE_H
#define PF_BASE_NUMBER_CORE_H

#include "base/digits.h"
#include "base/number.h"
#include "base/swar.h"

__extension__ typedef unsigned __int128 pf_uint128;

enum {
    PF_POWER_LOWEST = -342,
    PF_POWER_HIGHEST = 324,
    PF_POWER_COUNT = PF_POWER_HIGHEST - PF_POWER_LOWEST + 1,
    PF_POWER_EXACT = 55,   /* 10^0 to 10^55 are exact in the table: 5^55 has 128 bits */
    PF_POWER_READ = 308,   /* more is infinity, whatever the digits */
    PF_DIGITS_KEPT = 19,   /* significant digits that always fit 64 bits */
    PF_DIGITS_CERTAIN = 15 /* a decimal of so many digits always survives a double (away from its limits) */
};

/* The layout of a binary floating-point type. */
enum {
    PF_DOUBLE_BITS = 53,
    PF_DOUBLE_LOWEST = -1022, /* exponent of the smallest normal number */
    PF_SINGLE_BITS = 24,
    PF_SINGLE_LOWEST = -126
};

/* The first 128 bits of 10^(PF_POWER_LOWEST + i), rounded down; [0] the higher half. */
extern const uint64_t pf_powers_of_ten[PF_POWER_COUNT][2];

/* 10^0 to 10^22 are exact doubles. */
extern const double pf_exact_powers[23];

/* A number as its text has it. */
struct pf_number {
    uint64_t digits;         /* the first 19 significant digits */
    int32_t power;           /* of the last of them */
    bool cut;                /* digits other than zero follow them */
    bool negative, plus;     /* the sign in front */
    bool point, exponent;    /* has them */
    bool leading_zero;       /* as in pf_float_form */
    bool bare_point;         /* as in pf_float_form */
    const uint8_t *mantissa; /* from the first digit or point */
    size_t mantissa_size;    /* to the last digit or point */
    int64_t last_power;      /* of the last digit of the mantissa */
};

/* Digits and power again for a mantissa of more than 19 digits. */
void pf_scan_long(struct pf_number *number);
/* Reads "e-12" from *at on; false when no digit follows the e. *exponent stays within +-10^9. */
bool pf_scan_exponent(const uint8_t **at, const uint8_t *end, int64_t *exponent);
/* low: bits of a float whose distance to the number is less than one step, from below. Returns low or low + 1, correctly rounded. */
uint64_t pf_round_exactly(const struct pf_number *number, uint64_t low, int bits, int lowest);

static inline const uint8_t *pf_take_digits(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    while (end - at >= 8) {
        uint64_t digits = pf_load8(at) ^ PF_EACH_BYTE('0');

        if (pf_not_digits(digits))
            break;
        *value = *value * 100000000 + pf_join8(digits);
        at += 8;
    }
    for (; at < end; at++) {
        uint32_t digit = (uint32_t)*at - '0';

        if (digit > 9)
            break;
        *value = *value * 10 + digit;
    }
    return at;
}

/* Reads no byte outside the text. false = not a number. */
static inline bool pf_scan_number(const uint8_t *text, size_t size, struct pf_number *out)
{
    const uint8_t *at = text, *end = text + size;
    uint64_t digits = 0;
    size_t whole, fraction = 0;
    int64_t exponent = 0;

    *out = (struct pf_number){ 0 };
    if (at < end && (*at == '-' || *at == '+')) {
        out->negative = *at == '-';
        out->plus = *at == '+';
        at++;
    }
    out->mantissa = at;
    at = pf_take_digits(at, end, &digits);
    whole = (size_t)(at - out->mantissa);
    if (at < end && *at == '.') {
        const uint8_t *start = ++at;

        at = pf_take_digits(at, end, &digits);
        fraction = (size_t)(at - start);
        out->point = true;
    }
    if (whole + fraction == 0)
        return false;
    out->mantissa_size = (size_t)(at - out->mantissa);
    if (at < end && (*at | 0x20) == 'e') {
        out->exponent = true;
        if (!pf_scan_exponent(&at, end, &exponent))
            return false;
    }
    if (at != end)
        return false;
    out->leading_zero = whole == 0 || (whole > 1 && *out->mantissa == '0');
    out->bare_point = out->point && fraction == 0;
    out->digits = digits;
    out->last_power = exponent - (int64_t)fraction;
    if (whole + fraction > PF_DIGITS_KEPT)
        pf_scan_long(out);
    else
        out->power = (int32_t)out->last_power;
    return true;
}

static inline int pf_log2_of_power(int32_t power)
{
    return (power * 1741647) >> 19;
} /* floor(log2(10^power)) */

/* The bits (without sign) of the float nearest to digits * 10^power; cut: the number is larger than that, by less than 10^power.
 * false = cannot be told from 128 bits; *out is then the float below. */
static inline bool pf_round_decimal(uint64_t digits, int32_t power, bool cut, int bits, int lowest, uint64_t *out)
{
    const uint64_t infinity = (uint64_t)(3 - 2 * lowest) << (bits - 1);
    const bool exact = !cut && power >= 0 && power <= PF_POWER_EXACT;
    const uint64_t *ten;
    pf_uint128 low, value, slack, rest, half;
    uint64_t whole;
    int lead, top, exponent, shift;
    bool more;

    *out = power > 0 ? infinity : 0;
    if (digits == 0 || power < PF_POWER_LOWEST || power > PF_POWER_READ) {
        *out = digits ? *out : 0;
        return true;
    }
    lead = __builtin_clzll(digits);
    ten = pf_powers_of_ten[power - PF_POWER_LOWEST];
    digits <<= lead;
    low = (pf_uint128)digits * ten[1];
    value = (pf_uint128)digits * ten[0] + (low >> 64);
    /* The true product is less than value + slack: the table is rounded down, and digits may be cut. Two bits are given up so
     * that no shift below reaches 128. */
    slack = ((cut ? ((pf_uint128)ten[0] + 1) << lead : 0) >> 2) + 3;
    more = (uint64_t)low != 0 || (value & 3) != 0;
    value >>= 2;
    top = (value >> 125) != 0 ? 125 : 124;
    exponent = top + pf_log2_of_power(power) - 61 - lead;
    shift = top - (bits - 1) + (exponent < lowest ? lowest - exponent : 0);
    *out = 0;
    if (shift > top + 1)
        return shift > top + 2;
    whole = (uint64_t)(value >> shift);
    *out = whole + (exponent < lowest ? 0 : (uint64_t)(exponent - lowest) << (bits - 1));
    if (*out >= infinity) {
        *out = infinity;
        return true;
    }
    half = (pf_uint128)1 << (shift - 1);
    rest = value & (half * 2 - 1);
    if (!exact && rest <= half && half - rest <= slack)
        return false;
    *out += rest > half || (rest == half && (more || (whole & 1)));
    return true;
}

static inline double pf_double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t pf_bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The double nearest to a scanned number, with its sign. */
static inline double pf_number_double(const struct pf_number *number)
{
    uint64_t bits;

    if (!number->cut && number->digits <= UINT64_C(1) << 53 && number->power >= -22 && number->power <= 22) {
        /* Both factors are exact doubles, so one operation rounds once. */
        double value = (double)number->digits;

        value = number->power < 0 ? value / pf_exact_powers[-number->power] : value * pf_exact_powers[number->power];
        return number->negative ? -value : value;
    }
    if (!pf_round_decimal(number->digits, number->power, number->cut, PF_DOUBLE_BITS, PF_DOUBLE_LOWEST, &bits))
        bits = pf_round_exactly(number, bits, PF_DOUBLE_BITS, PF_DOUBLE_LOWEST);
    return pf_double_of(bits | (uint64_t)number->negative << 63);
}

/* A decimal: digits * 10^power. */
struct pf_decimal {
    uint64_t digits;
    int32_t power;
};

/* The higher 64 bits of a 192-bit product, with the lowest bit set when anything was cut off. */
static inline uint64_t pf_round_to_odd(pf_uint128 factor, uint64_t other)
{
    pf_uint128 low = (pf_uint128)(uint64_t)factor * other;
    pf_uint128 high = (pf_uint128)(uint64_t)(factor >> 64) * other + (low >> 64);

    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* The shortest decimal that reads back as the double of these bits (sign cleared; finite, not zero), nearest to it when there are
 * several; may end in zeros. */
static inline struct pf_decimal pf_shortest(uint64_t bits)
{
    const uint64_t field = bits >> 52, fraction = bits & ((UINT64_C(1) << 52) - 1);
    const uint64_t whole = field ? fraction | UINT64_C(1) << 52 : fraction;
    const int32_t binary = (field ? (int32_t)field : 1) - 1075;
    const bool narrow = fraction == 0 && field > 1; /* the step below is half of the step above */
    const int32_t power = (binary * 1262611 - (narrow ? 524031 : 0)) >> 22;
    const int shift = binary + pf_log2_of_power(-power) + 1;
    const uint64_t *ten = pf_powers_of_ten[-power - PF_POWER_LOWEST];
    const pf_uint128 factor = ((pf_uint128)ten[0] << 64 | ten[1]) + (power > 0 || power < -PF_POWER_EXACT);
    const uint64_t odd = whole & 1; /* ties round to even: the interval's ends belong to it when whole is even */
    const uint64_t lower = pf_round_to_odd(factor, (4 * whole - 2 + narrow) << shift) + odd;
    const uint64_t upper = pf_round_to_odd(factor, (4 * whole + 2) << shift) - odd;
    const uint64_t here = pf_round_to_odd(factor, (4 * whole) << shift);
    uint64_t digits = here / 4;
    bool down, up;

    if (digits >= 10) {
        uint64_t tens = digits / 10;

        down = lower <= 40 * tens;
        up = 40 * tens + 40 <= upper;
        if (down != up)
            return (struct pf_decimal){ tens + up, power + 1 };
    }
    down = lower <= 4 * digits;
    up = 4 * digits + 4 <= upper;
    if (down == up)
        up = here > 4 * digits + 2 || (here == 4 * digits + 2 && (digits & 1));
    return (struct pf_decimal){ digits + up, power };
}

/* Takes the zeros at the end off. digits is not zero. */
static inline uint64_t pf_strip_zeros(uint64_t digits, int32_t *power)
{
    while (digits % 100000000 == 0) {
        digits /= 100000000;
        *power += 8;
    }
    while (digits % 10 == 0) {
        digits /= 10;
        (*power)++;
    }
    return digits;
}

/* Whether the shortest print of value (bits without sign), which is digits * 10^power rounded, has the same significant digits. */
static inline bool pf_keeps_digits(uint64_t digits, int32_t power, uint64_t bits)
{
    struct pf_decimal shortest;
    const uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1), mantissa = fraction | (uint64_t)(bits >> 52 != 0) << 52;
    int32_t ignored = 0;

    if (digits == 0)
        return true;
    if (bits == 0 || bits >= UINT64_C(0x7ff) << 52)
        return false;
    if (digits < pf_integer_powers[PF_DIGITS_CERTAIN] && power >= -290 && power <= 290)
        return true;
    /* fewer than the value has steps: its last digit is more than one step, so what has no more digits is another value */
    if (digits < pf_integer_powers[PF_DIGITS_CERTAIN + 1] && digits < mantissa)
        return true;
    shortest = pf_shortest(bits);
    if (PF_LIKELY(digits == shortest.digits))
        return true;
    return pf_strip_zeros(digits, &ignored) == pf_strip_zeros(shortest.digits, &ignored);
}

#endif
