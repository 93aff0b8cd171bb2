/* Decimal digits, two at a time: what all printing of numbers shares. */
#ifndef PF_BASE_DIGITS_H
#define PF_BASE_DIGITS_H

#include <stdint.h>
#include <string.h>

extern const uint64_t pf_integer_powers[20]; /* 10^0 to 10^19 */
extern const char pf_digit_pairs[201];       /* "000102...99" */

/* value: 0 to 99. */
static inline uint8_t *pf_put_pair(uint8_t *to, uint32_t value)
{
    memcpy(to, pf_digit_pairs + (size_t)value * 2, 2);
    return to + 2;
}

/* At least 1. */
static inline uint32_t pf_count_digits(uint64_t value)
{
    /* 1233 / 4096 is nearly the logarithm of 2 to base 10 */
    uint32_t about = ((64 - (uint32_t)__builtin_clzll(value | 1)) * 1233) >> 12;

    return about + ((value | 1) >= pf_integer_powers[about]);
}

/* Writes the lowest count digits of value. */
static inline void pf_put_digits(void *to, uint64_t value, uint32_t count)
{
    uint8_t *first = to;

    while (count >= 2) {
        count -= 2;
        pf_put_pair(first + count, (uint32_t)(value % 100));
        value /= 100;
    }
    if (count != 0)
        *first = (uint8_t)('0' + value % 10);
}

#endif
