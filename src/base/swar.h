/* Eight bytes of text at a time in one register. The first byte of the text is the lowest byte of the register. */
#ifndef PF_BASE_SWAR_H
#define PF_BASE_SWAR_H

#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "text is loaded into registers lowest byte first");

#define PF_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define PF_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#define PF_EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t pf_load8(const uint8_t *from)
{
    uint64_t word;

    memcpy(&word, from, sizeof word);
    return word;
}

static inline uint32_t pf_load4(const uint8_t *from)
{
    uint32_t word;

    memcpy(&word, from, sizeof word);
    return word;
}

static inline uint32_t pf_load2(const uint8_t *from)
{
    uint16_t word;

    memcpy(&word, from, sizeof word);
    return word;
}

/* digits: text with '0' taken off by xor. The highest bit of each byte that is not 0 to 9; exact up to the first such byte (a carry
 * may mark bytes behind it as well). */
static inline uint64_t pf_not_digits(uint64_t digits)
{
    return ((digits + PF_EACH_BYTE(0x76)) | digits) & PF_EACH_BYTE(0x80);
}

/* How many digits text begins with, at most 8. */
static inline uint32_t pf_digit_run(uint64_t digits)
{
    uint64_t other = pf_not_digits(digits);

    return other ? (uint32_t)__builtin_ctzll(other) >> 3 : 8;
}

/* The first count bytes (0 to 8) as the last of eight, zeros before them. */
static inline uint64_t pf_align_digits(uint64_t digits, uint32_t count)
{
    uint32_t half = (8 - count) * 4;

    return (digits << half) << half; /* in two steps: a shift by 64 is undefined */
}

/* The number that eight digits (without '0') make. */
static inline uint32_t pf_join8(uint64_t digits)
{
    const uint64_t pairs = UINT64_C(0x000000FF000000FF);

    digits = digits * 10 + (digits >> 8);
    digits = (digits & pairs) * (100 + (UINT64_C(1000000) << 32)) + ((digits >> 16) & pairs) * (1 + (UINT64_C(10000) << 32));
    return (uint32_t)(digits >> 32);
}

#endif
