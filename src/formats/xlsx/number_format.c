/* Number formats: a pass over one section at a time, which keeps what a date is made of. */
#include "formats/xlsx/number_format.h"

#include <stdbool.h>

/* What a section has shown so far. */
struct section {
    bool digits;    /* a placeholder for digits before anything of a date: the section shows a number */
    bool general;   /* the word General */
    bool text;      /* @ */
    bool day;       /* years, months, days, eras, weekdays */
    bool clock;     /* hours, minutes, seconds, AM/PM */
    bool elapsed;   /* [h], [m], [s] */
    bool condition; /* [<1] and its like */
    bool months;    /* one or two m's whose meaning the next letter decides */
    char before;    /* the date letter before; 0 = none yet */
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Whether the bytes at at begin with word, which is in lower case. */
static bool begins(const char *at, const char *end, const char *word)
{
    while (*word != '\0' && at < end && lower(*at) == *word) {
        at++;
        word++;
    }
    return *word == '\0';
}

static size_t run_of(const char *at, const char *end)
{
    const char *first = at;

    while (at < end && lower(*at) == lower(*first))
        at++;
    return (size_t)(at - first);
}

/* [h], [mm] and so on count; conditions are remembered; colours, locales, currencies and numerals do not count. Gives what follows. */
static const char *take_brackets(struct section *section, const char *at, const char *end)
{
    const char *inner = at + 1, *close = inner;
    char first;

    while (close < end && *close != ']')
        close++;
    if (close == end || close == inner)
        return close == end ? end : close + 1;
    first = lower(*inner);
    if ((first == 'h' || first == 'm' || first == 's') && run_of(inner, close) == (size_t)(close - inner)) {
        section->elapsed = true;
        section->before = first;
    } else if (first == '<' || first == '>' || first == '=') {
        section->condition = true;
    }
    return close + 1;
}

/* m is a minute after hours and before seconds, otherwise a month; three and more are always a month. */
static void take_months(struct section *section, size_t count)
{
    if (count > 2)
        section->day = true;
    else if (section->before == 'h')
        section->clock = true;
    else
        section->months = true;
    section->before = 'm';
}

/* A letter of dates and times, count times. */
static void take_letter(struct section *section, char letter, size_t count)
{
    bool minutes = section->months && letter == 's';

    if (letter != 'm' || count > 2) {
        section->clock |= minutes;
        section->day |= section->months && !minutes;
        section->months = false;
    }
    if (letter == 'm') {
        take_months(section, count);
        return;
    }
    if (letter == 'h' || letter == 's')
        section->clock = true;
    else
        section->day = true;
    section->before = letter;
}

static bool is_date_letter(char letter, size_t count)
{
    switch (letter) {
    case 'y':
    case 'm':
    case 'd':
    case 'h':
    case 's':
    case 'e':
    case 'g':
        return true;
    case 'b': /* years of the Buddhist era; B1 and B2 choose a calendar and count for nothing */
        return count >= 2;
    case 'a': /* weekdays of Japanese formats */
        return count >= 3;
    default:
        return false;
    }
}

/* Words: General (with its forms of old East Asian files, "G/" and a word), AM/PM and A/P. NULL = none begins here. */
static const char *take_word(struct section *section, const char *at, const char *end)
{
    if (begins(at, end, "general")) {
        section->general = true;
        return at + 7;
    }
    if (begins(at, end, "g/") && end - at > 2 && (unsigned char)at[2] >= 0x80) {
        section->general = true;
        return at + 2;
    }
    if (begins(at, end, "am/pm") || begins(at, end, "a/p")) {
        section->clock = true;
        return at + (begins(at, end, "am/pm") ? 5 : 3);
    }
    return NULL;
}

static const char *take_plain(struct section *section, const char *at, const char *end)
{
    const char *word = take_word(section, at, end);
    const char letter = lower(*at);
    size_t count;

    if (word != NULL)
        return word;
    count = run_of(at, end);
    if (is_date_letter(letter, count)) {
        take_letter(section, letter, count);
        return at + count;
    }
    if (letter == '0' || letter == '#' || letter == '?') {
        /* Digits in front make a number of the section ("0.0 m"); those further back are parts of a second ("ss.000"). */
        if (!section->day && !section->clock && !section->elapsed && !section->months)
            section->digits = true;
        return at + count;
    }
    section->text |= letter == '@';
    return letter == 'a' ? at + 1 : at + count; /* behind an a, AM/PM may begin with the next one */
}

/* Past a quoted literal; one without an end goes to the end. */
static const char *after_quotes(const char *at, const char *end)
{
    do {
        at++;
    } while (at < end && *at != '"');
    return at < end ? at + 1 : end;
}

/* Gives the end of the section, at its semicolon or at end. */
static const char *take_section(struct section *section, const char *at, const char *end)
{
    while (at < end && *at != ';') {
        if (*at == '"')
            at = after_quotes(at, end);
        else if (*at == '\\' || *at == '_' || *at == '*')
            at = end - at > 2 ? at + 2 : end;
        else if (*at == '[')
            at = take_brackets(section, at, end);
        else
            at = take_plain(section, at, end);
    }
    section->day |= section->months;
    return at;
}

static enum pf_xlsx_kind kind_of(const struct section *section)
{
    if (section->digits || section->general)
        return PF_XLSX_NUMBER;
    if (section->elapsed)
        return PF_XLSX_DURATION;
    if (section->day)
        return section->clock ? PF_XLSX_TIMESTAMP : PF_XLSX_DATE;
    if (section->clock)
        return PF_XLSX_TIME;
    return section->text ? PF_XLSX_TEXT : PF_XLSX_NUMBER;
}

enum pf_xlsx_kind pf_xlsx_kind_of_code(const char *code, size_t size)
{
    const char *at = code, *end = code + size;

    for (;;) {
        struct section section = { 0 };
        bool empty;

        at = take_section(&section, at, end);
        empty = !section.digits && !section.general && !section.text && !section.day && !section.clock && !section.elapsed;
        /* A condition that shows nothing of the value ([=0]"";d.m.yyyy) leaves it to the next section. */
        if (!empty || !section.condition || at == end)
            return kind_of(&section);
        at++;
    }
}

enum pf_xlsx_kind pf_xlsx_kind_of_builtin(uint32_t id)
{
    switch (id) {
    case 18:
    case 19:
    case 20:
    case 21:
    case 32:
    case 33:
    case 45:
    case 47:
        return PF_XLSX_TIME;
    case 22:
        return PF_XLSX_TIMESTAMP;
    case 46:
        return PF_XLSX_DURATION;
    case 49:
        return PF_XLSX_TEXT;
    default:
        /* 34, 35, 55 and 56 are times in Chinese locales and dates in Japanese and Korean ones; a date keeps its part of a day. */
        return (id >= 14 && id <= 17) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58) ? PF_XLSX_DATE : PF_XLSX_NUMBER;
    }
}
