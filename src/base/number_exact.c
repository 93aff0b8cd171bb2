/* Exact comparison of a decimal with the middle between two floats, for the rare number that 128 bits cannot round. */
#include <assert.h>

#include "base/number_core.h"

/* No middle between two doubles has more significant digits, so what follows matters only by being there. */
enum { DIGITS_READ = 770, LIMBS = 80 };

/* A natural number, lowest limb first, without zero limbs at the end. 80 limbs are enough: the longest product compared is
 * 771 digits or 5^1150 (2,700 bits), shifted by at most 1,200 bits. */
struct natural {
    uint32_t size;
    uint64_t limb[LIMBS];
};

static void multiply_add(struct natural *number, uint64_t factor, uint64_t term)
{
    uint64_t carry = term;

    for (uint32_t i = 0; i < number->size; i++) {
        pf_uint128 product = (pf_uint128)number->limb[i] * factor + carry;

        number->limb[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    if (carry) {
        assert(number->size < LIMBS);
        number->limb[number->size++] = carry;
    }
}

static void multiply_by_fives(struct natural *number, int64_t power)
{
    const uint64_t five27 = UINT64_C(7450580596923828125);

    for (; power >= 27; power -= 27)
        multiply_add(number, five27, 0);
    for (; power > 0; power--)
        multiply_add(number, 5, 0);
}

static void shift_left(struct natural *number, int64_t bits)
{
    const uint32_t limbs = (uint32_t)(bits / 64);

    multiply_add(number, UINT64_C(1) << (bits % 64), 0);
    assert(number->size + limbs <= LIMBS);
    for (uint32_t i = number->size; i-- > 0;)
        number->limb[i + limbs] = number->limb[i];
    for (uint32_t i = 0; i < limbs; i++)
        number->limb[i] = 0;
    number->size += limbs;
}

static int compare(const struct natural *a, const struct natural *b)
{
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    for (uint32_t i = a->size; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* Returns the power of the last digit in digits. */
static int64_t read_mantissa(const struct pf_number *number, struct natural *digits)
{
    const uint8_t *at = number->mantissa, *end = at + number->mantissa_size;
    int64_t power = number->last_power;
    uint32_t count = 0;
    bool more = false;

    digits->size = 0;
    for (; at < end; at++) {
        if (*at == '.' || (*at == '0' && count == 0))
            continue;
        if (count < DIGITS_READ) {
            multiply_add(digits, 10, (uint64_t)(*at - '0'));
            count++;
        } else {
            more |= *at != '0';
            power++;
        }
    }
    if (more) {
        multiply_add(digits, 10, 1);
        power--;
    }
    return power;
}

uint64_t pf_round_exactly(const struct pf_number *number, uint64_t low, int bits, int lowest)
{
    const uint64_t field = low >> (bits - 1), hidden = UINT64_C(1) << (bits - 1);
    const uint64_t whole = field ? (low & (hidden - 1)) | hidden : low;
    const int64_t binary = lowest - (bits - 1) + (int64_t)(field ? field - 1 : 0);
    struct natural decimal, middle = { .size = 1, .limb = { 2 * whole + 1 } };
    int64_t power = read_mantissa(number, &decimal), twos = power - (binary - 1);
    int order;

    /* decimal * 10^power against (2 * whole + 1) * 2^(binary - 1) */
    if (power >= 0)
        multiply_by_fives(&decimal, power);
    else
        multiply_by_fives(&middle, -power);
    if (twos >= 0)
        shift_left(&decimal, twos);
    else
        shift_left(&middle, -twos);
    order = compare(&decimal, &middle);
    return low + (order > 0 || (order == 0 && (whole & 1)));
}
