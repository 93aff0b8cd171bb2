#include <string.h>

#include "base/number.h"
#include "transform/lenient.h"

/* size bytes, compared without case; word is in lower case. */
static bool is_word(const uint8_t *at, size_t size, const char *word)
{
    for (size_t i = 0; i < size; i++) {
        const uint8_t byte = at[i] >= 'A' && at[i] <= 'Z' ? (uint8_t)(at[i] | 0x20) : at[i];

        if (word[i] == '\0' || byte != (uint8_t)word[i])
            return false;
    }
    return word[size] == '\0';
}

struct range {
    int64_t lowest;
    uint64_t highest;
};

static struct range integer_range(enum pf_type type)
{
    switch (type) {
    case PF_TYPE_INT8:
        return (struct range){ INT8_MIN, INT8_MAX };
    case PF_TYPE_INT16:
        return (struct range){ INT16_MIN, INT16_MAX };
    case PF_TYPE_INT32:
        return (struct range){ INT32_MIN, INT32_MAX };
    case PF_TYPE_UINT8:
        return (struct range){ 0, UINT8_MAX };
    case PF_TYPE_UINT16:
        return (struct range){ 0, UINT16_MAX };
    case PF_TYPE_UINT32:
        return (struct range){ 0, UINT32_MAX };
    case PF_TYPE_UINT64:
        return (struct range){ 0, UINT64_MAX };
    default:
        return (struct range){ INT64_MIN, INT64_MAX };
    }
}

bool pf_lenient_integer(const uint8_t *at, size_t size, const struct pf_field *field, void *data)
{
    const struct range range = integer_range(field->type);
    int64_t small;
    pf_int128 value;
    uint64_t bits;

    if (pf_parse_int64(at, size, &small))
        value = small;
    else if (!pf_parse_decimal(at, size, 0, &value))
        return false;
    if (value < range.lowest || value > (pf_int128)range.highest)
        return false;
    bits = (uint64_t)value;
    memcpy(data, &bits, pf_type_width(field->type)); /* the lowest bytes come first */
    return true;
}

static bool read_float_word(const uint8_t *at, size_t size, double *value)
{
    const bool negative = *at == '-';

    if (*at == '-' || *at == '+') {
        at++;
        size--;
    }
    if (is_word(at, size, "nan"))
        *value = (double)__builtin_nanf("");
    else if (is_word(at, size, "inf") || is_word(at, size, "infinity"))
        *value = (double)(negative ? -__builtin_inff() : __builtin_inff());
    else
        return false;
    return true;
}

bool pf_lenient_float(const uint8_t *at, size_t size, const struct pf_field *field, void *data)
{
    const bool narrow = field->type == PF_TYPE_FLOAT32;
    struct pf_float_form form;
    double value;
    float single;

    if (read_float_word(at, size, &value))
        single = (float)value;
    else if (narrow ? !pf_parse_float32(at, size, &single) || __builtin_isinf(single)
                    : !pf_parse_float64(at, size, &value, &form) || __builtin_isinf(value))
        return false;
    memcpy(data, narrow ? (const void *)&single : (const void *)&value, narrow ? sizeof single : sizeof value);
    return true;
}

bool pf_lenient_decimal(const uint8_t *at, size_t size, const struct pf_field *field, void *data)
{
    pf_int128 value, limit = 1;

    if (!pf_parse_decimal(at, size, field->scale, &value))
        return false;
    for (int i = 0; i < field->precision; i++)
        limit *= 10;
    if (value <= -limit || value >= limit)
        return false;
    memcpy(data, &value, sizeof value);
    return true;
}

size_t pf_lenient_shown(const uint8_t *at, size_t size, uint8_t to[PF_SHOWN_ROOM])
{
    enum { SHOWN = 15 };
    const size_t sign = *at == '-';
    size_t digits = 0, cut = 0, last;
    bool point = false;

    if (size + 1 > PF_SHOWN_ROOM)
        return 0;
    memcpy(to, at, sign);
    to[sign] = '0'; /* takes a carry */
    memcpy(to + sign + 1, at + sign, size - sign);
    for (size_t i = sign + 1; i <= size; i++) {
        if (to[i] != '.' && (to[i] < '0' || to[i] > '9'))
            return 0;
        point = point || to[i] == '.';
        digits += to[i] != '.' && (digits != 0 || to[i] != '0');
        if (digits > SHOWN && cut == 0)
            cut = i;
        if (cut != 0 && !point)
            return 0;
    }
    if (cut == 0)
        return 0;
    last = cut - 1;
    for (; to[cut] >= '5' && (to[last] == '9' || to[last] == '.'); last--)
        to[last] = to[last] == '9' ? '0' : '.';
    to[last] = (uint8_t)(to[last] + (to[cut] >= '5'));
    return to[cut - 1] == '.' ? cut - 1 : cut;
}

bool pf_lenient_bool(const uint8_t *at, size_t size, bool *value)
{
    static const char *const words[][2] = {
        { "false", "true" }, { "0", "1" }, { "f", "t" }, { "no", "yes" }, { "n", "y" },
    };

    for (size_t i = 0; i < PF_COUNT(words); i++) {
        for (int truth = 0; truth < 2; truth++) {
            if (is_word(at, size, words[i][truth])) {
                *value = truth != 0;
                return true;
            }
        }
    }
    return false;
}
