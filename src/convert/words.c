#include "convert/words.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"

const char *pf_words_count(int64_t count, char to[PF_WORDS])
{
    char digits[PF_INT64_TEXT];
    size_t size = pf_print_int64(count, digits);
    size_t sign = digits[0] == '-' ? 1 : 0;
    size_t at = 0;

    for (size_t i = 0; i < size; i++) {
        if (i > sign && (size - i) % 3 == 0)
            to[at++] = ',';
        to[at++] = digits[i];
    }
    to[at] = '\0';
    return to;
}

const char *pf_words_of(int64_t count, const char *one, char to[PF_WORDS])
{
    char number[PF_WORDS];

    (void)snprintf(to, PF_WORDS, "%.30s %.15s%s", pf_words_count(count, number), one, count == 1 ? "" : "s");
    return to;
}

const char *pf_words_verb(int64_t count, const char *one, const char *has, const char *have, char to[PF_WORDS])
{
    char number[PF_WORDS];

    (void)snprintf(to, PF_WORDS, "%.24s %.10s%s %.8s", pf_words_count(count, number), one, count == 1 ? "" : "s",
                   count == 1 ? has : have);
    return to;
}

/* value with three digits of which at least the whole ones are shown; written without printf's %f, whose point is the
 * locale's. */
static void three_digits(double value, const char *unit, char to[PF_WORDS])
{
    unsigned long long hundredths = (unsigned long long)(value * 100.0 + 0.5);
    unsigned long long tenths = (unsigned long long)(value * 10.0 + 0.5);

    if (hundredths < 1000)
        (void)snprintf(to, PF_WORDS, "%llu.%02llu %s", hundredths / 100, hundredths % 100, unit);
    else if (tenths < 1000)
        (void)snprintf(to, PF_WORDS, "%llu.%llu %s", tenths / 10, tenths % 10, unit);
    else
        (void)snprintf(to, PF_WORDS, "%llu %s", (unsigned long long)(value + 0.5), unit);
}

const char *pf_words_bytes(int64_t bytes, char to[PF_WORDS])
{
    static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
    double value = (double)bytes / 1000.0;
    size_t unit = 0;

    if (bytes < 1000)
        return pf_words_of(bytes, "byte", to);
    while (value >= 999.5 && unit + 1 < PF_COUNT(units)) {
        value /= 1000.0;
        unit++;
    }
    three_digits(value, units[unit], to);
    return to;
}

const char *pf_words_seconds(double seconds, char to[PF_WORDS])
{
    if (!(seconds >= 0.0) || seconds > 1e9)
        seconds = 0.0;
    if (seconds < 0.01)
        (void)snprintf(to, PF_WORDS, "%d ms", (int)(seconds * 1000.0 + 0.999));
    else if (seconds < 60.0)
        three_digits(seconds, "s", to);
    else
        (void)snprintf(to, PF_WORDS, "%d min %d s", (int)(seconds / 60.0), (int)seconds % 60);
    return to;
}

const char *pf_words_visible(const char *value)
{
    static const char *const words[][2] = { { "\t", "tab" }, { "\\t", "tab" }, { " ", "blank" }, { "", "none" } };

    for (size_t i = 0; i < PF_COUNT(words); i++) {
        if (strcmp(value, words[i][0]) == 0)
            return words[i][1];
    }
    return value;
}

bool pf_words_line(struct pf_buffer *to, const char *text)
{
    bool good = true;

    while (good && *text != '\0') {
        size_t plain = 0;

        while ((uint8_t)text[plain] >= 0x20 && text[plain] != 0x7f)
            plain++;
        good = pf_buffer_append(to, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        /* U+2400 and on; DEL is U+2421 */
        const uint8_t picture[3] = { 0xe2, 0x90, (uint8_t)(*text == 0x7f ? 0xa1 : 0x80 + *text) };
        good = good && pf_buffer_append(to, picture, sizeof picture);
        text++;
    }
    return good;
}

/* ---- width */

struct range {
    uint32_t from, to;
};

/* Ascending. Marks that stand over the character before, joiners, and the like. */
static const struct range narrow[] = {
    { 0x0300, 0x036f },   { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x05bf, 0x05c7 }, { 0x0610, 0x061a }, { 0x064b, 0x065f },
    { 0x0670, 0x0670 },   { 0x06d6, 0x06dc }, { 0x06df, 0x06e4 }, { 0x06e7, 0x06ed }, { 0x0711, 0x0711 }, { 0x0730, 0x074a },
    { 0x0900, 0x0902 },   { 0x093c, 0x093c }, { 0x0941, 0x0948 }, { 0x094d, 0x094d }, { 0x0e31, 0x0e31 }, { 0x0e34, 0x0e3a },
    { 0x0e47, 0x0e4e },   { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x2064 },
    { 0x20d0, 0x20f0 },   { 0x302a, 0x302d }, { 0x3099, 0x309a }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
    { 0xe0100, 0xe01ef },
};

/* Ascending. East Asian wide and full-width characters, and pictures. */
static const struct range wide[] = {
    { 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2e80, 0x303e }, { 0x3041, 0x33ff },   { 0x3400, 0x4dbf },
    { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xa960, 0xa97c }, { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
    { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
    { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool within(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count && ranges[i].from <= code; i++) {
        if (code <= ranges[i].to)
            return true;
    }
    return false;
}

/* The character at text and its length; a byte that begins none is taken by itself. */
static uint32_t take_character(const uint8_t *text, size_t *length)
{
    static const uint8_t lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    size_t size = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc0 ? 2 : 1;
    uint32_t code = text[0] & lead_mask[size];

    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            *length = 1;
            return '?';
        }
        code = code << 6 | (text[i] & 0x3f);
    }
    *length = size;
    return text[0] >= 0x80 && size == 1 ? '?' : code;
}

size_t pf_words_width(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t width = 0, length;

    for (; *at != '\0'; at += length) {
        uint32_t code = take_character(at, &length);
        if (within(narrow, PF_COUNT(narrow), code))
            continue;
        width += within(wide, PF_COUNT(wide), code) ? 2 : 1;
    }
    return width;
}
