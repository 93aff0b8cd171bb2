/* Detection of the encoding: a byte order mark, the zeros of UTF-16, valid UTF-8, the shape of East Asian double bytes, and
 * at last the single-byte encoding under which the bytes above 127 make the most plausible letters. */
#include <string.h>

#include "formats/csv/csv.h"

/* ---- single bytes */

/* What each byte from 128 on is: 0-9 a small letter and how frequent it is, a-j a capital one, + a mark that is common in
 * text, . another one, ! not assigned. */
struct single_byte {
    const char *name;
    bool latin;   /* its letters stand among ASCII letters */
    double prior; /* how common the encoding is in files that do not say */
    char bytes[129];
    const char *own; /* of one that is almost another: the bytes that are letters of its own, without which it is that other */
    uint32_t least_own; /* as many of them */
};
static const struct single_byte single_bytes[] = {
    { "windows-1252", true, 0.7,
      "+!.0++....b.c!b!!+++++++..1.2!1a++.........+....+....0.+...+...+"
      "ghegigefgjfddhddbhehedi.fdfcibf567468645695337336747438.53528110",
      NULL, 0 },
    { "windows-1250", true, 0.0,
      "+!.!++..!.h.hehe!+++++++!.7.7474+..i.i....f+...h+..8.0.+.85+e.47"
      "ahdgibgbhjibihedegehdgi.hfffigf507368161798187434647368.7555865.",
      NULL, 0 },
    { "iso-8859-2", true, -0.2,
      "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!+i.i.eh..hfee.hh+8.8.47..7544.77"
      "ahdgibgbhjibihedegehdgi.hfffigf507368161798187434647368.7555865.",
      "\xA1\xA5\xA6\xA9\xAB\xAC\xAE\xB1\xB5\xB6\xB7\xB9\xBB\xBC\xBE", 1 },
    { "windows-1254", true, -0.5,
      "+!.0++....b.c!!!!+++++++..1.2!!a++.........+....+....0.+...+...+"
      "a.a.a..gaaaaa.aab.a.a.g..a.agih00.2.0..600000.108.0.0.6..0.17990",
      "\xD0\xDD\xDE\xF0\xFD\xFE", 2 },
    { "windows-1251", false, 0.0,
      "da.0++..+.d.dadd3+++++++!.3.3033+d3d.d..g.d+...d+.d330.+6+3+3d33"
      "jijiijgijiijijjijjjigggigggiiggi98988968988989989998666866688668",
      NULL, 0 },
    { "koi8-r", false, -0.2,
      "..........................+.+.+....6...............g............"
      "69868968698898998899986988866686gjigijgigjiijijjiijjjigjiiigggig",
      NULL, 0 },
    { "windows-1253", false, -0.2,
      "+!.0++..!.!.!!!!!+++++++!.!.!!!!+.h.......!+....+....0.+hhh+h.hh"
      "5jfffjfjfjhhhjfjhj!jjjfffhff77775955595959777959797999555755777!",
      NULL, 0 },
    { "ibm866", false, -1.0,
      "jijiijgijiijijjijjjigggigggiiggi9898896898898998................"
      "................................9998666866688668g6d3d3d3+.+.+..+",
      NULL, 0 },
};

enum { FEW_LETTERS = 4, FEW_BYTES = 64 };
/* The value of an encoding that nothing speaks for. */
static const double out_of_question = -100.0;
/* Below least_part, the letters make no sense. In a source that was seen whole nothing else depends on the choice: then the
 * usual encoding is taken down to least_whole. */
static const double least_whole = 0.5, least_part = 1.5;

/* By so much another encoding fits worse when the confidence is half; below certain, that is told. */
static const double near = 0.2, certain = 0.9;

enum kind { KIND_OTHER, KIND_SMALL, KIND_CAPITAL };

static enum kind kind_of(const struct single_byte *table, uint8_t byte)
{
    char class;

    if (byte < 0x80) {
        if (byte >= 'a' && byte <= 'z')
            return KIND_SMALL;
        return byte >= 'A' && byte <= 'Z' ? KIND_CAPITAL : KIND_OTHER;
    }
    class = table->bytes[byte - 0x80];
    if (class >= '0' && class <= '9')
        return KIND_SMALL;
    return class >= 'a' && class <= 'j' ? KIND_CAPITAL : KIND_OTHER;
}

/* How plausible a byte above 127 is between before and after. */
static double byte_value(const struct single_byte *table, uint8_t before, uint8_t byte, uint8_t after)
{
    enum kind left = kind_of(table, before), right = kind_of(table, after);
    bool beside_ascii = (left != KIND_OTHER && before < 0x80) || (right != KIND_OTHER && after < 0x80);
    char class = table->bytes[byte - 0x80];
    double value;

    if (class == '!')
        return -30.0;
    if (class == '+' || class == '.') {
        bool within = left != KIND_OTHER && right != KIND_OTHER && byte != 0x92;

        return class == '+' ? (within ? -4.0 : 2.0) : (within ? -8.0 : -1.0);
    }
    value = class <= '9' ? class - '0' : class - 'a' - 1;
    if (!table->latin && beside_ascii)
        value -= 12.0;
    if (table->latin && !beside_ascii)
        value -= left == KIND_OTHER && right == KIND_OTHER ? 3.0 : 1.0;
    if ((class > '9' && left == KIND_SMALL) || (class <= '9' && right == KIND_CAPITAL))
        value -= 12.0; /* a capital letter behind a small one */
    if (class > '9' && left == KIND_CAPITAL && !table->latin)
        value -= 2.0;
    return value;
}

/* Whether there are letters that the variant has and the encoding that it is one of has not: several, of the less common one. */
static bool has_own_letters(const struct single_byte *table, const bool seen[256])
{
    uint32_t letters = 0;

    for (const char *at = table->own; at != NULL && *at != '\0'; at++)
        letters += seen[(uint8_t)*at];
    return table->own == NULL || letters >= table->least_own;
}

/* Text in another script has several letters of it. */
static bool has_letters(const struct single_byte *table, const bool seen[256])
{
    uint32_t letters = 0;
    for (uint32_t i = 0x80; i < 256; i++)
        letters += seen[i] && kind_of(table, (uint8_t)i) != KIND_OTHER;
    return table->latin || letters >= FEW_LETTERS;
}

static double text_value(const struct single_byte *table, const struct csv_sample *samples, uint32_t count)
{
    double sum = 0.0;
    uint32_t bytes = 0;
    bool seen[256] = { false };

    for (uint32_t i = 0; i < count; i++) {
        for (size_t at = 0; at < samples[i].size; at++) {
            const uint8_t *text = samples[i].bytes;

            if (text[at] < 0x80)
                continue;
            sum += byte_value(table, at != 0 ? text[at - 1] : 0, text[at], at + 1 < samples[i].size ? text[at + 1] : 0);
            seen[text[at]] = true;
            bytes++;
        }
    }
    if (!has_own_letters(table, seen))
        return out_of_question;
    if (bytes == 0 || !has_letters(table, seen))
        return -1.0;
    return sum / bytes + table->prior;
}

/* ---- double bytes */

/* Pairs of a first and a second byte; the common ones are what most text consists of. */
struct double_byte {
    const char *name;
    uint8_t first_low, first_high, second_low;
    uint8_t common_low, common_high, common_second_low, common_second_high;
    double least; /* share of common pairs */
};
static const struct double_byte double_bytes[] = {
    { "shift_jis", 0x81, 0xFC, 0x40, 0x82, 0x83, 0x40, 0xF1, 0.3 }, /* kana */
    { "euc-jp", 0xA1, 0xFE, 0xA1, 0xA4, 0xA5, 0xA1, 0xF6, 0.3 },    /* kana */
    { "euc-kr", 0x81, 0xFE, 0x41, 0xB0, 0xC8, 0xA1, 0xFE, 0.9 },
    { "gb18030", 0x81, 0xFE, 0x40, 0xB0, 0xD7, 0xA1, 0xFE, 0.75 },
    { "big5", 0x81, 0xFE, 0x40, 0xA4, 0xC6, 0x40, 0xFE, 0.9 },
};

static bool is_double_byte(const struct double_byte *table, const struct csv_sample *sample)
{
    uint32_t pairs = 0, common = 0;

    for (size_t at = 0; at + 1 < sample->size; at++) {
        uint8_t first = sample->bytes[at], second = sample->bytes[at + 1];

        if (first < 0x80)
            continue;
        if (first < table->first_low || first > table->first_high || second < table->second_low || second == 0x7F)
            return false;
        pairs++;
        common += first >= table->common_low && first <= table->common_high && second >= table->common_second_low &&
                  second <= table->common_second_high;
        at++;
    }
    return pairs >= 4 && common >= table->least * pairs;
}

/* ---- UTF-16 and UTF-8 */

/* Text in UTF-16 without a byte order mark has zeros at every other place: in blanks, digits and line ends if nowhere else. */
static const char *utf16_by_zeros(const struct csv_sample *head)
{
    size_t zeros[2] = { 0, 0 }, size = head->size & ~(size_t)1;

    for (size_t i = 0; i < size; i++) {
        zeros[i & 1] += head->bytes[i] == 0;
        if (head->bytes[i] == '\n' && head->bytes[i ^ 1] != 0)
            return NULL;
    }
    if (zeros[0] + zeros[1] < size / 25 + 2 || size < 4)
        return NULL;
    if (zeros[0] * 8 < zeros[1])
        return "utf-16le";
    return zeros[1] * 8 < zeros[0] ? "utf-16be" : NULL;
}

struct utf8_count {
    size_t sequences, invalid;
};

static void count_utf8(const struct csv_sample *sample, struct utf8_count *count)
{
    size_t at = 0;

    /* the sample may begin and end within a character */
    while (at < 3 && at < sample->size && !sample->starts && (sample->bytes[at] & 0xC0) == 0x80)
        at++;
    while (at < sample->size) {
        size_t first = at, valid = pf_utf8_valid(sample->bytes + at, sample->size - at, 0);

        for (size_t end = at + valid; at < end; at++)
            count->sequences += sample->bytes[at] >= 0xC0;
        if (at == sample->size ||
            (!sample->ends && pf_utf8_tail(sample->bytes + first, sample->size - first) >= sample->size - at))
            return;
        count->invalid++;
        at++;
    }
}

static bool by_mark(const struct csv_sample *head, struct csv_encoding *out)
{
    static const struct {
        const char *name;
        uint8_t size;
        uint8_t bytes[4];
    } marks[] = { { "utf-8", 3, { 0xEF, 0xBB, 0xBF } },
                  { "utf-32le", 4, { 0xFF, 0xFE, 0, 0 } },
                  { "utf-32be", 4, { 0, 0, 0xFE, 0xFF } },
                  { "utf-16le", 2, { 0xFF, 0xFE } },
                  { "utf-16be", 2, { 0xFE, 0xFF } } };

    for (size_t i = 0; i < PF_COUNT(marks); i++) {
        if (head->size >= marks[i].size && memcmp(head->bytes, marks[i].bytes, marks[i].size) == 0) {
            *out = (struct csv_encoding){ .name = marks[i].name, .confidence = 1.0, .bom_size = marks[i].size, .utf8 = i == 0 };
            return true;
        }
    }
    return false;
}

/* Whether there are less than most bytes above 127. */
static bool has_few(const struct csv_sample *samples, uint32_t count, size_t most)
{
    size_t high = 0;

    for (uint32_t i = 0; i < count; i++) {
        for (size_t at = 0; at < samples[i].size && high < most; at++)
            high += samples[i].bytes[at] >= 0x80;
    }
    return high < most;
}

static void by_letters(const struct csv_sample *samples, uint32_t count, struct csv_encoding *out)
{
    double best = out_of_question, second = out_of_question;
    bool latin = true;

    for (size_t i = 0; i < PF_COUNT(single_bytes); i++) {
        double value = text_value(&single_bytes[i], samples, count);

        if (value > best) {
            second = best;
            best = value;
            latin = single_bytes[i].latin;
            out->name = single_bytes[i].name;
        } else if (value > second) {
            second = value;
        }
    }
    out->confidence = (best - second) / (best - second + near);
    out->utf8 = false;
    if (best < least_part) {
        /* no letters that make sense: rather UTF-8 with damage, whose rows can be set aside */
        bool western = samples[0].ends && text_value(&single_bytes[0], samples, count) >= least_whole;

        out->name = western ? single_bytes[0].name : "utf-8";
        out->utf8 = !western;
        out->confidence = 0.1;
    }
    /* a few pairs of Shift-JIS may look like a few letters of another script */
    out->unsure = best < 2 * least_part || out->confidence < certain || (!latin && has_few(samples, count, FEW_BYTES));
}

/* The first encoding of pairs that has the shape of the text. */
static bool by_pairs(const struct csv_sample *head, struct csv_encoding *out)
{
    uint32_t found = 0;

    for (size_t i = 0; i < PF_COUNT(double_bytes); i++) {
        if (is_double_byte(&double_bytes[i], head) && found++ == 0)
            *out = (struct csv_encoding){ .name = double_bytes[i].name, .confidence = 0.6 };
    }
    /* GB18030, EUC-JP and EUC-KR have many pairs in common, and short texts may have no others */
    out->unsure = found > 1 || has_few(head, 1, FEW_BYTES);
    return found != 0;
}

/* UTF-8 with damage: at least times as many valid sequences as invalid bytes. Its bad rows can be set aside. */
static bool mostly_utf8(const struct utf8_count *count, size_t times, struct csv_encoding *out)
{
    if (count->sequences == 0 || count->sequences < times * count->invalid)
        return false;
    out->confidence = 0.5;
    out->unsure = true;
    return true;
}

void csv_detect_encoding(const struct csv_sample *samples, uint32_t count, struct csv_encoding *out)
{
    struct utf8_count utf8 = { 0, 0 };
    const char *utf16 = utf16_by_zeros(&samples[0]);

    if (by_mark(&samples[0], out))
        return;
    *out = (struct csv_encoding){ .name = "utf-8", .confidence = 1.0, .utf8 = true };
    if (utf16 != NULL) {
        *out = (struct csv_encoding){ .name = utf16, .confidence = 0.9 };
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        count_utf8(&samples[i], &utf8);
    if (utf8.invalid == 0)
        return;
    if (mostly_utf8(&utf8, 4, out))
        return;
    if (by_pairs(&samples[0], out))
        return;
    /* texts of one byte a character hold valid sequences by rare accident only; where they do not prevail, a good text would be spoilt */
    if (!mostly_utf8(&utf8, 1, out))
        by_letters(samples, count, out);
}
