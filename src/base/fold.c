/* Letters without regard to case, as spreadsheet programs and case-insensitive file systems compare names.
 *
 * Source: Unicode's CaseFolding.txt, status C and S, of the scripts that have cases and are in use: Latin, Greek, Cyrillic, Armenian,
 * full-width forms. Letters of all others are themselves. */
#include "base/text.h"

#include <string.h>

/* Letters from first to last: each step-th is a capital, whose small letter is away code points off. */
struct run {
    uint32_t first, last;
    int32_t away;
    uint32_t step;
};

static const struct run runs[] = {
    { 'A', 'Z', 32, 1 },       { 0xC0, 0xD6, 32, 1 },     { 0xD8, 0xDE, 32, 1 },        { 0x100, 0x12E, 1, 2 },
    { 0x132, 0x136, 1, 2 },    { 0x139, 0x147, 1, 2 },    { 0x14A, 0x176, 1, 2 },       { 0x178, 0x178, -121, 1 },
    { 0x179, 0x17D, 1, 2 },    { 0x17F, 0x17F, -268, 1 }, { 0x1CD, 0x1DB, 1, 2 },       { 0x1DE, 0x1EE, 1, 2 },
    { 0x1F8, 0x21E, 1, 2 },    { 0x222, 0x232, 1, 2 },    { 0x386, 0x386, 38, 1 },      { 0x388, 0x38A, 37, 1 },
    { 0x38C, 0x38C, 64, 1 },   { 0x38E, 0x38F, 63, 1 },   { 0x391, 0x3A1, 32, 1 },      { 0x3A3, 0x3AB, 32, 1 },
    { 0x3C2, 0x3C2, 1, 1 },    { 0x400, 0x40F, 80, 1 },   { 0x410, 0x42F, 32, 1 },      { 0x460, 0x480, 1, 2 },
    { 0x48A, 0x4BE, 1, 2 },    { 0x4C0, 0x4C0, 15, 1 },   { 0x4C1, 0x4CD, 1, 2 },       { 0x4D0, 0x52E, 1, 2 },
    { 0x531, 0x556, 48, 1 },   { 0x1E00, 0x1E94, 1, 2 },  { 0x1E9E, 0x1E9E, -7615, 1 }, { 0x1EA0, 0x1EFE, 1, 2 },
    { 0xFF21, 0xFF3A, 32, 1 },
};

static uint32_t fold(uint32_t code)
{
    for (size_t i = 0; i < PF_COUNT(runs) && code >= runs[i].first; i++) {
        if (code <= runs[i].last)
            return (code - runs[i].first) % runs[i].step == 0 ? (uint32_t)((int32_t)code + runs[i].away) : code;
    }
    return code;
}

/* The character at *at, which is moved behind it; a byte that begins none is itself, beyond all characters. 0 = the end. */
static uint32_t take(const char **at)
{
    const uint8_t *bytes = (const uint8_t *)*at;
    const uint32_t more = *bytes >= 0xF0 ? 3 : *bytes >= 0xE0 ? 2 : *bytes >= 0xC0 ? 1 : 0;
    uint32_t code = more == 3 ? *bytes & 7U : more == 2 ? *bytes & 15U : more == 1 ? *bytes & 31U : *bytes;

    for (uint32_t i = 1; i <= more; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            ++*at;
            return 0x110000U + *bytes;
        }
        code = code << 6 | (bytes[i] & 0x3FU);
    }
    *at += *bytes != 0 ? more + 1 : 0;
    return more == 0 && *bytes >= 0x80 ? 0x110000U + *bytes : code;
}

uint64_t pf_letters_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (uint32_t code; (code = fold(take(&text))) != 0;)
        hash = (hash ^ code) * UINT64_C(0x100000001b3);
    return hash;
}

bool pf_same_letters(const char *a, const char *b)
{
    uint32_t one, other;

    do {
        one = fold(take(&a));
        other = fold(take(&b));
    } while (one == other && one != 0);
    return one == other;
}

uint32_t pf_letters_find(const char *const *names, size_t stride, uint32_t count, const char *wanted, uint32_t *index)
{
    const char *at = (const char *)names;
    uint32_t alike = 0;

    for (uint32_t i = 0; i < count; i++, at += stride) {
        const char *name = *(const char *const *)(const void *)at;

        if (strcmp(name, wanted) == 0) {
            *index = i;
            return 1;
        }
        if (pf_same_letters(name, wanted)) {
            *index = i;
            alike++;
        }
    }
    return alike;
}

/* ---- patterns */

static bool is_in(uint32_t code, uint32_t first, uint32_t last)
{
    const uint32_t folded = fold(code);

    return (first <= code && code <= last) || (fold(first) <= folded && folded <= fold(last));
}

/* Whether code is of the set behind *at, "[" was taken; *at is moved behind its "]". A set that does not end is the "[" alone. */
static bool takes_set(const char **at, uint32_t code)
{
    const char *inner = *at;
    const bool other = *inner == '!' || *inner == '^';
    bool found = false;

    inner += other;
    for (bool begin = true; *inner != ']' || begin; begin = false) {
        uint32_t first, last;

        inner += *inner == '\\' && inner[1] != '\0';
        first = last = take(&inner);
        if (first == 0)
            return code == '[';
        if (*inner == '-' && inner[1] != ']' && inner[1] != '\0') {
            inner++;
            inner += *inner == '\\' && inner[1] != '\0';
            last = take(&inner);
        }
        found = found || is_in(code, first, last);
    }
    *at = inner + 1;
    return found != other;
}

/* Whether the first of a pattern, which is no "*", takes code; *at is moved behind it. */
static bool takes(const char **at, uint32_t code)
{
    const uint32_t wanted = take(at);

    if (wanted == '?')
        return true;
    if (wanted == '[')
        return takes_set(at, code);
    return fold(wanted == '\\' && **at != '\0' ? take(at) : wanted) == fold(code);
}

bool pf_letters_match(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;

    while (*text != '\0') {
        const char *next = text;
        const uint32_t code = take(&next);

        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
            continue;
        }
        if (*pattern != '\0' && takes(&pattern, code)) {
            text = next;
            continue;
        }
        if (star == NULL)
            return false;
        /* the last star takes one more: those before it need no other try */
        pattern = star;
        (void)take(&retry);
        text = retry;
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
