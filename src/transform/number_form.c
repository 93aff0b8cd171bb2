#include "transform/number_form.h"

#include <string.h>

#include "transform/pattern.h"

enum { BEFORE = 32 };

/* What is left of a text, and where the plain one goes. */
struct reading {
    const struct pf_number_form *form;
    const uint8_t *at, *end;
    uint8_t *to;
};

static bool is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') <= 9;
}

static uint32_t digit_count(const struct reading *reading, const uint8_t *at)
{
    const uint8_t *from = at;

    while (at < reading->end && is_digit(*at))
        at++;
    return (uint32_t)(at - from);
}

static void take_digits(struct reading *reading, uint32_t count)
{
    memcpy(reading->to, reading->at, count);
    reading->to += count;
    reading->at += count;
}

static bool take_one_of(struct reading *reading, const char *bytes)
{
    if (reading->at == reading->end || *reading->at == 0 || strchr(bytes, *reading->at) == NULL)
        return false;
    *reading->to++ = *reading->at++;
    return true;
}

static void take_blanks(struct reading *reading)
{
    while (take_one_of(reading, " \t"))
        ;
}

/* Three digits, and no fourth, behind a mark between groups. */
static bool at_group(const struct reading *reading)
{
    const size_t mark = reading->form->thousands_size;

    return mark != 0 && (size_t)(reading->end - reading->at) >= mark + 3 &&
           memcmp(reading->at, reading->form->thousands, mark) == 0 && digit_count(reading, reading->at + mark) == 3;
}

/* The digits before the fraction. */
static bool take_whole(struct reading *reading, uint64_t *saw)
{
    const uint32_t first = digit_count(reading, reading->at);
    bool groups = false;

    take_digits(reading, first);
    while (first >= 1 && first <= 3 && at_group(reading)) {
        reading->at += reading->form->thousands_size;
        take_digits(reading, 3);
        groups = true;
    }
    if (reading->form->thousands_size != 0 && (groups || first > 3))
        *saw |= groups ? PF_SAW_GROUPS : PF_SAW_NO_GROUPS;
    return first != 0;
}

static bool take_number(struct reading *reading, uint64_t *saw)
{
    bool digits;

    take_blanks(reading);
    (void)take_one_of(reading, "+-");
    digits = take_whole(reading, saw);
    if (reading->at < reading->end && *reading->at == reading->form->decimal) {
        const uint32_t count = digit_count(reading, reading->at + 1);
        *reading->to++ = '.';
        reading->at++;
        take_digits(reading, count);
        digits = digits || count != 0;
    }
    if (digits && take_one_of(reading, "eE")) {
        const uint32_t sign = take_one_of(reading, "+-"), count = digit_count(reading, reading->at);
        (void)sign;
        take_digits(reading, count);
        digits = count != 0;
    }
    take_blanks(reading);
    return digits && reading->at == reading->end;
}

/* Whether a plain number may be what stands here: digits, and one point at most. */
static bool may_be_plain(const uint8_t *at, uint32_t size)
{
    uint32_t points = 0, digits = 0;

    for (uint32_t i = 0; i < size; i++) {
        if (is_digit(at[i]))
            digits++;
        else if (at[i] == '.')
            points++;
        else if (at[i] == 0 || strchr("+-eE \t", at[i]) == NULL)
            return false;
    }
    return digits != 0 && points == 1;
}

const uint8_t *pf_number_plain(const struct pf_number_form *form, const uint8_t *at, uint32_t *size, uint8_t to[PF_PLAIN_ROOM],
                               uint64_t *saw)
{
    struct reading reading = { form, at, at + *size, to + BEFORE };
    uint64_t seen = 0;

    if (*size <= PF_PLAIN_MOST) {
        memset(to, 0, PF_PLAIN_ROOM);
        if (take_number(&reading, &seen)) {
            *saw |= seen;
            *size = (uint32_t)(reading.to - (to + BEFORE));
            return to + BEFORE;
        }
    }
    if (form->decimal == '.' || !may_be_plain(at, *size))
        return at;
    memset(to, 0, PF_PLAIN_ROOM);
    to[BEFORE] = '?';
    *size = 1;
    return to + BEFORE;
}

/* ---- columns */

enum pf_status pf_plain_make(struct pf_plain_column *plain, const struct pf_text_column *text, int64_t rows, uint64_t *saw,
                             struct pf_memory *memory, struct pf_error *err)
{
    const size_t room = (size_t)text->total + BEFORE + 64, count = (size_t)rows;
    uint8_t scratch[PF_PLAIN_ROOM];
    uint32_t *offset, *sizes, used = BEFORE;

    *plain = (struct pf_plain_column){ .text = *text, .memory = memory };
    if (room > UINT32_MAX)
        return pf_fail(err, PF_LIMIT, "a column has %lld bytes of text in one block", (long long)text->total);
    plain->bytes = pf_alloc_zero(memory, room, 1);
    plain->places = pf_alloc_zero(memory, 2 * count + 1, sizeof *plain->places);
    if (plain->bytes == NULL || plain->places == NULL)
        return pf_fail_memory(err, room);
    offset = plain->places;
    sizes = plain->places + count;
    for (size_t i = 0; i < count; i++) {
        uint32_t size = text->size[i];
        const uint8_t *from;

        if (size == 0)
            continue;
        from = pf_number_plain(text->numbers, text->bytes + text->offset[i], &size, scratch, saw);
        memcpy(plain->bytes + used, from, size);
        offset[i] = used;
        sizes[i] = size;
        used += size;
    }
    plain->text.bytes = plain->bytes;
    plain->text.offset = offset;
    plain->text.size = sizes;
    plain->text.numbers = NULL;
    return PF_OK;
}

void pf_plain_free(struct pf_plain_column *plain)
{
    if (plain->memory == NULL)
        return;
    pf_free(plain->memory, plain->bytes);
    pf_free(plain->memory, plain->places);
    plain->memory = NULL;
}
