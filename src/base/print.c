/* Text of values that more than one writer puts out. */
#include "base/print.h"

#include <string.h>

#include "base/number.h"

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
    end += pf_print_int64(exponent, (char *)end);
    return (size_t)(end - (uint8_t *)to);
}

size_t pf_print_float32(float value, char to[PF_FLOAT64_TEXT])
{
    enum { SHORT = 6, LONGEST = 9 };
    struct decimal_text decimal;
    char text[PF_FLOAT64_TEXT];
    size_t size;
    bool negative;

    size = pf_print_float64((double)value, to);
    negative = to[0] == '-';
    if (!split_decimal(to + negative, size - negative, &decimal))
        return size;
    for (uint32_t count = SHORT; count <= LONGEST && count < decimal.count; count++) {
        size_t rounded = round_decimal(&decimal, count, text);
        struct pf_float_form form;
        double shorter;
        float back;

        if (pf_parse_float32((const uint8_t *)text, rounded, &back) && back == (negative ? -value : value) &&
            pf_parse_float64((const uint8_t *)text, rounded, &shorter, &form))
            return (size_t)negative + pf_print_float64(shorter, to + negative);
    }
    return size;
}

uint8_t *pf_put_base64(uint8_t *to, const uint8_t *bytes, size_t size)
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
