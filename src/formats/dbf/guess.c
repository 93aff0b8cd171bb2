/* The encoding of a table that does not name it, by all of its text: which code page makes words of it.
 *
 * Pairs of neighbouring bytes are counted once; each code page is then scored over the counts, not over the text. A pair is worth
 * something when both are letters of one script, of which a capital does not follow a small one, and costs when a letter stands beside
 * what does not stand beside letters: lines of boxes, signs, letters of another script. */
#include <string.h>

#include "base/cpu.h"
#include "formats/dbf/dbf.h"

enum { PAIRS = 256 * 256 };

bool dbf_guess_begin(struct dbf_guess *guess, struct pf_memory *memory)
{
    guess->utf8 = true;
    guess->high = false;
    guess->features = pf_cpu_features();
    guess->pairs = pf_alloc_zero(memory, PAIRS, sizeof *guess->pairs);
    return guess->pairs != NULL;
}

void dbf_guess_free(struct dbf_guess *guess, struct pf_memory *memory)
{
    pf_free(memory, guess->pairs);
    guess->pairs = NULL;
}

void dbf_guess_add(struct dbf_guess *guess, const uint8_t *bytes, size_t size)
{
    uint8_t before = ' ';

    if (dbf_is_ascii(bytes, size))
        return;
    guess->high = true;
    if (guess->utf8) {
        const size_t valid = pf_utf8_valid(bytes, size, guess->features);

        /* A field may end within a character. */
        guess->utf8 = valid == size || (valid != 0 && size - valid == pf_utf8_tail(bytes, size));
    }
    for (size_t i = 0; i <= size; i++) {
        const uint8_t byte = i < size ? bytes[i] : ' ';

        if (((before | byte) & 0x80) != 0 && guess->pairs[(uint32_t)before << 8 | byte] != UINT32_MAX)
            guess->pairs[(uint32_t)before << 8 | byte]++;
        before = byte;
    }
}

/* ---- scoring */

enum script { SPACE, MARK, DIGIT, LATIN, CYRILLIC, GREEK, OTHER, BOX, NONE };

struct character {
    uint8_t script;
    bool capital, common, high;
};

static uint32_t code_point(const uint8_t *bytes, uint8_t size)
{
    switch (size) {
    case 1:
        return bytes[0];
    case 2:
        return (bytes[0] & 0x1Fu) << 6 | (bytes[1] & 0x3Fu);
    default:
        return (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
    }
}

static bool is_among(uint32_t code, const uint16_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == code)
            return true;
    }
    return false;
}

/* The letters that most languages of the script have most. */
static bool is_common(uint32_t code)
{
    static const uint16_t common[] = {
        0xE4,  0xF6,  0xFC,  0xDF,  0xE9,  0xE8,  0xE0,  0xE7,  0xE1,  0xED,  0xF3,  0xFA,  0xF1,  0xEA,
        0xE2,  0xE5,  0xE6,  0xF8,  0xF4,  0xEE,  0xE3,  0xF5,  0xC4,  0xD6,  0xDC,  0xC9,  0x142, 0x105,
        0x119, 0x17C, 0x15B, 0x159, 0x161, 0x10D, 0x11B, 0x17E, 0x151, 0x171, 0x430, 0x435, 0x438, 0x43D,
        0x43E, 0x440, 0x441, 0x442, 0x432, 0x43B, 0x43A, 0x3B1, 0x3BF, 0x3B9, 0x3B5, 0x3C4, 0x3C3, 0x3BD,
    };

    return is_among(code, common, PF_COUNT(common));
}

static struct character latin(uint32_t code)
{
    struct character is = { LATIN, false, is_common(code), code >= 0x80 };

    if (code < 0x80)
        is.capital = code < 'a';
    else if (code < 0x100)
        is.capital = code < 0xDF;
    else /* capitals and small letters take turns */
        is.capital = (code >= 0x139 && code <= 0x148) || code >= 0x179 ? (code & 1) != 0 : (code & 1) == 0;
    return is;
}

static struct character character_of(uint32_t code)
{
    const bool high = code >= 0x80;

    if (code == ' ' || code == 0xA0)
        return (struct character){ SPACE, false, false, high };
    if (code < 0x20 || (code >= 0x7F && code < 0xA0))
        return (struct character){ NONE, false, false, high };
    if (code >= '0' && code <= '9')
        return (struct character){ DIGIT, false, false, false };
    if ((code | 0x20) >= 'a' && (code | 0x20) <= 'z')
        return latin(code);
    if (code < 0xC0 || code == 0xD7 || code == 0xF7)
        return (struct character){ MARK, false, false, high };
    if (code < 0x180)
        return latin(code);
    if (code >= 0x370 && code < 0x400)
        return (struct character){ GREEK, code < 0x3AC, is_common(code), true };
    if (code >= 0x400 && code < 0x460)
        return (struct character){ CYRILLIC, code < 0x430, is_common(code), true };
    if (code >= 0x500 && code < 0x2000)
        return (struct character){ OTHER, false, false, true };
    return (struct character){ code >= 0x2500 && code < 0x2600 ? BOX : MARK, false, false, high };
}

static bool is_letter(struct character is)
{
    return is.script >= LATIN && is.script <= OTHER;
}

static int pair_score(struct character a, struct character b)
{
    int score = 0;

    if (a.script == NONE || b.script == NONE)
        return -20;
    if ((a.script == BOX && is_letter(b)) || (b.script == BOX && is_letter(a)))
        return -8;
    if (is_letter(a) && is_letter(b)) {
        if (a.script != b.script)
            return -8;
        score = !a.capital && b.capital ? -6 : a.capital && !b.capital ? 2 : 3;
        /* Letters with marks rarely stand side by side; whole words of them are another script, misread. */
        if (a.script == LATIN && a.high && b.high)
            score = -3;
        return score + (a.high && a.common) + (b.high && b.common);
    }
    if ((a.script == MARK && a.high && is_letter(b)) || (b.script == MARK && b.high && is_letter(a)))
        return -3;
    if (is_letter(a) || is_letter(b)) /* a word's first or last letter */
        return (a.high && a.common) + (b.high && b.common) + (b.capital && b.high && a.script == SPACE);
    return a.script == BOX || b.script == BOX ? -1 : 0;
}

static double score_of(const struct dbf_guess *guess, const struct dbf_code_page *page)
{
    struct character is[256];
    double score = 0;

    for (uint32_t byte = 0; byte < 256; byte++) {
        is[byte] = page->undefined[byte] ? (struct character){ NONE, false, false, true }
                                         : character_of(code_point(page->to[byte], page->size[byte]));
    }
    for (uint32_t pair = 0; pair < PAIRS; pair++) {
        if (guess->pairs[pair] != 0)
            score += (double)guess->pairs[pair] * pair_score(is[pair >> 8], is[pair & 0xFF]);
    }
    return score;
}

enum pf_status dbf_guess_end(const struct dbf_guess *guess, struct pf_memory *memory, const char **encoding,
                             struct pf_error *err)
{
    /* The likelier first: it wins where the text does not tell. */
    static const char *const tried[] = { "windows-1252", "cp850", "cp437",        "windows-1251", "cp866",
                                         "windows-1250", "cp852", "windows-1253", "cp737",        "windows-1254",
                                         "koi8-r",       "cp855", "windows-1257", "windows-1256" };
    struct dbf_code_page *page;
    double best = 0;

    *encoding = "windows-1252";
    if (!guess->high || guess->utf8) {
        *encoding = "utf-8";
        return PF_OK;
    }
    page = pf_alloc(memory, sizeof *page);
    if (page == NULL)
        return pf_fail_memory(err, sizeof *page);
    for (size_t i = 0; i < PF_COUNT(tried); i++) {
        double score;

        if (dbf_code_page_make(page, memory, tried[i], err) != PF_OK)
            break;
        score = score_of(guess, page);
        if (i == 0 || score > best) {
            best = score;
            *encoding = tried[i];
        }
    }
    pf_free(memory, page);
    return err->status == PF_BAD_OPTION ? PF_OK : err->status;
}
