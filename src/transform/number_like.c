/* Forms of numbers that a text column's values may all have: what to tell somebody whose numbers were taken for text. */
#include <string.h>

#include "transform/number_form.h"
#include "transform/pattern.h"
#include "transform/scan.h"

/* One after the other in the order in which they are told. */
static const struct {
    struct pf_number_form form;
    const char *options;
} forms[] = {
    { { .decimal = ',' }, "--decimal ," },
    { { .decimal = ',', .thousands = ".", .thousands_size = 1 }, "--decimal , --thousands ." },
    { { .decimal = ',', .thousands = " ", .thousands_size = 1 }, "--decimal , --thousands space" },
    { { .decimal = '.', .thousands = ",", .thousands_size = 1 }, "--thousands ," },
    { { .decimal = '.', .thousands = "'", .thousands_size = 1 }, "--thousands \"'\"" },
};
enum { COMMA = 1, THOUSANDS_COMMA = 8 };

_Static_assert((1U << PF_COUNT(forms)) - 1 == PF_UNLIKE_ALL, "a bit a form");

static uint32_t digit_run(const uint8_t *at, uint32_t size)
{
    uint32_t count = 0;

    while (count < size && (uint8_t)(at[count] - '0') <= 9)
        count++;
    return count;
}

/* Of a plain number: a fraction contradicts the decimal comma, four digits without a mark contradict groups. */
static uint32_t plain_unlike(const uint8_t *at, uint32_t size)
{
    const uint32_t sign = *at == '-', digits = digit_run(at + sign, size - sign);

    if (digits == 0)
        return 0;
    return (memchr(at, '.', size) != NULL ? PF_UNLIKE_POINT : 0) | (digits > 3 ? PF_UNLIKE_WIDE : 0);
}

static bool is_number(const uint8_t *at, uint32_t size)
{
    int64_t integer;
    double value;

    return pf_scan_int64(at, size, &integer) || pf_scan_fraction(at, size, &value) || pf_scan_float64(at, size, &value);
}

/* Groups marked by a point or a blank may be a telephone number's, an address's or a version's: only a comma behind them makes
 * them a number's. */
static bool fits(const struct pf_number_form *form, const uint8_t *at, uint32_t size)
{
    uint8_t room[PF_PLAIN_ROOM];
    uint32_t plain_size = size;
    uint64_t saw = 0;
    const uint8_t *plain = pf_number_plain(form, at, &plain_size, room, &saw);

    if (plain == at || !is_number(plain, plain_size) || (saw & PF_SAW_NO_GROUPS) != 0)
        return false;
    return form->decimal == '.' || (saw & PF_SAW_GROUPS) == 0 || memchr(at, ',', size) != NULL;
}

uint32_t pf_number_unlike(const uint8_t *at, uint32_t size, bool plain, uint32_t unlike)
{
    uint32_t found = 0;
    double word;

    if (plain || pf_scan_float_word(at, size, &word))
        return plain_unlike(at, size);
    for (uint32_t i = 0; i < PF_COUNT(forms); i++) {
        if ((unlike & 1U << i) == 0 && !fits(&forms[i].form, at, size))
            found |= 1U << i;
    }
    return found;
}

const char *pf_number_like_options(uint32_t unlike)
{
    if ((unlike & (COMMA | THOUSANDS_COMMA)) == 0)
        return "--decimal , or --thousands ,";
    for (uint32_t i = 0; i < PF_COUNT(forms); i++) {
        if ((unlike & 1U << i) == 0)
            return forms[i].options;
    }
    return NULL;
}
