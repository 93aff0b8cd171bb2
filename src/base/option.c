#include "base/option.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/text.h"

/* What a suggestion may differ by, and how many are made. */
enum { NEAR = 3, SUGGESTIONS = 3 };

uint32_t pf_option_count(const struct pf_option *table)
{
    uint32_t count = 0;

    while (table[count].name != NULL)
        count++;
    return count;
}

/* ---- names */

static const char *without_dashes(const char *name)
{
    while (*name == '-' || *name == '_')
        name++;
    return name;
}

/* Whether name is the word of size bytes at word, '_' standing for '-'. */
static bool name_is(const char *name, const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (name[i] != word[i] && !(name[i] == '_' && word[i] == '-'))
            return false;
    }
    return name[size] == '\0';
}

/* The next of the words separated by a mark; false after the last. *rest starts as the whole text. */
static bool next_word(const char **rest, char mark, const char **word, size_t *size)
{
    const char *end;

    if (*rest == NULL)
        return false;
    end = strchr(*rest, mark);
    *word = *rest;
    *size = end != NULL ? (size_t)(end - *rest) : strlen(*rest);
    *rest = end != NULL ? end + 1 : NULL;
    return true;
}

static bool spelled(const struct pf_option *option, const char *name)
{
    const char *rest = option->aliases;
    const char *word;
    size_t size;

    if (name_is(name, option->name, strlen(option->name)))
        return true;
    while (next_word(&rest, '|', &word, &size)) {
        if (size > 0 && name_is(name, word, size))
            return true;
    }
    return false;
}

bool pf_option_named(const struct pf_option *option, const char *name, bool *negated)
{
    *negated = false;
    name = without_dashes(name);
    if (*name == '\0')
        return false;
    if (spelled(option, name))
        return true;
    if (option->kind != PF_OPTION_FLAG || strncmp(name, "no", 2) != 0 || (name[2] != '-' && name[2] != '_'))
        return false;
    *negated = spelled(option, name + 3);
    return *negated;
}

bool pf_option_is_among(const struct pf_option *table, const char *name, const char *const *names)
{
    const struct pf_option *option = pf_option_find(table, name);

    for (; option != NULL && *names != NULL; names++) {
        if (strcmp(option->name, *names) == 0)
            return true;
    }
    return false;
}

bool pf_option_goes_on(const struct pf_option *option)
{
    return option->kind == PF_OPTION_TEXT && option->unit != NULL && strcmp(option->unit, "TEXTS") == 0;
}

const struct pf_option *pf_option_find(const struct pf_option *table, const char *name)
{
    bool negated;

    /* An option whose own name begins with "no-" goes before the negation of another. */
    for (const struct pf_option *option = table; option->name != NULL; option++) {
        if (pf_option_named(option, name, &negated) && !negated)
            return option;
    }
    for (const struct pf_option *option = table; option->name != NULL; option++) {
        if (pf_option_named(option, name, &negated))
            return option;
    }
    return NULL;
}

/* ---- suggestions */

struct suggestion {
    const char *name;
    uint32_t distance;
};

/* 0: name is the beginning of the option's; else the edit distance. */
static uint32_t distance_to(const struct pf_option *option, const char *name)
{
    const char *rest = option->aliases;
    const char *word;
    char alias[64];
    size_t size, length = strlen(name);
    uint32_t best = pf_edit_distance(name, option->name, NEAR);

    if (length >= 2 && strncmp(name, option->name, length) == 0)
        return 0;
    while (next_word(&rest, '|', &word, &size)) {
        if (size < 2 || size >= sizeof alias)
            continue;
        memcpy(alias, word, size);
        alias[size] = '\0';
        if (length >= 2 && strncmp(name, alias, length) == 0)
            return 0;
        uint32_t distance = pf_edit_distance(name, alias, NEAR);
        best = distance < best ? distance : best;
    }
    return best;
}

/* Keeps the nearest few, nearest first, in the order of the tables when equally near. */
static void suggestion_add(struct suggestion *list, uint32_t *count, const char *name, uint32_t distance)
{
    uint32_t at = *count;

    for (uint32_t i = 0; i < *count; i++) {
        if (strcmp(list[i].name, name) == 0)
            return;
    }
    while (at > 0 && list[at - 1].distance > distance)
        at--;
    if (at == SUGGESTIONS)
        return;
    if (*count < SUGGESTIONS)
        (*count)++;
    for (uint32_t i = *count - 1; i > at; i--)
        list[i] = list[i - 1];
    list[at] = (struct suggestion){ name, distance };
}

void pf_option_suggest(const struct pf_option *const *tables, uint32_t count, const char *name, char *to, size_t size)
{
    struct suggestion list[SUGGESTIONS];
    uint32_t found = 0, nearest = NEAR;
    size_t used = 0, length;

    to[0] = '\0';
    name = without_dashes(name);
    length = strlen(name);
    if (length < 2)
        return;
    /* Of a short name, little must be wrong, or everything is near. */
    if (length / 2 < nearest)
        nearest = (uint32_t)(length / 2);
    for (uint32_t t = 0; t < count; t++) {
        for (const struct pf_option *option = tables[t]; option->name != NULL; option++) {
            uint32_t distance = distance_to(option, name);
            if (distance <= nearest)
                suggestion_add(list, &found, option->name, distance);
        }
    }
    for (uint32_t i = 0; i < found && list[i].distance <= list[0].distance && used < size; i++) {
        int wrote = snprintf(to + used, size - used, "%s--%s", i == 0 ? "did you mean " : " or ", list[i].name);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    if (used > 0 && used < size)
        (void)snprintf(to + used, size - used, "?");
}

/* ---- values */

/* The place of value in the choices, or -1. */
static int choice_place(const struct pf_option *option, const char *value)
{
    const char *rest = option->choices;
    const char *group, *word;
    size_t group_size, size;

    for (int place = 0; next_word(&rest, '|', &group, &group_size); place++) {
        const char *end = group + group_size;
        for (word = group; word < end; word += size + 1) {
            const char *mark = memchr(word, '=', (size_t)(end - word));
            size = (size_t)((mark != NULL ? mark : end) - word);
            if (strlen(value) == size && strncasecmp(value, word, size) == 0)
                return place;
        }
    }
    return -1;
}

const char *pf_option_choice(const struct pf_option *option, int place, size_t *size)
{
    const char *rest = option->choices;
    const char *group;
    size_t group_size;

    for (int i = 0; next_word(&rest, '|', &group, &group_size); i++) {
        if (i == place) {
            const char *mark = memchr(group, '=', group_size);
            *size = mark != NULL ? (size_t)(mark - group) : group_size;
            return group;
        }
    }
    return NULL;
}

/* The shift of a unit, or -1: "", "K", "KB", "KiB" and so on, in any case. */
static int size_shift(const char *unit)
{
    static const char letters[] = "kmgt";
    const char *letter;
    int shift = 0;

    if (*unit != '\0' && (letter = strchr(letters, tolower((unsigned char)*unit))) != NULL) {
        shift = 10 * (int)(letter - letters + 1);
        unit++;
        if (tolower((unsigned char)unit[0]) == 'i' && tolower((unsigned char)unit[1]) == 'b')
            unit++;
    }
    if (tolower((unsigned char)*unit) == 'b')
        unit++;
    return *unit == '\0' ? shift : -1;
}

bool pf_parse_size(const char *text, int64_t *bytes)
{
    char *end;
    long long whole;
    int64_t part = 0, tenths = 1;
    int shift;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    whole = strtoll(text, &end, 10);
    if (errno != 0)
        return false;
    if (*end == '.') {
        for (end++; isdigit((unsigned char)*end) && tenths < 1000000; end++) {
            part = part * 10 + (*end - '0');
            tenths *= 10;
        }
    }
    while (*end == ' ')
        end++;
    shift = size_shift(end);
    if (shift < 0 || whole > INT64_MAX >> shift)
        return false;
    /* part < tenths <= 10^6 and the shift is at most 40, so the product stays below 2^60. */
    part = (int64_t)(((uint64_t)part << shift) / (uint64_t)tenths);
    *bytes = (int64_t)((uint64_t)whole << shift);
    if (*bytes > INT64_MAX - part)
        return false;
    *bytes += part;
    return true;
}

static bool parse_integer(const char *text, int64_t *value)
{
    char *end;
    long long read;

    if (!isdigit((unsigned char)*text) && !(*text == '-' && isdigit((unsigned char)text[1])))
        return false;
    errno = 0;
    read = strtoll(text, &end, 10);
    *value = read;
    return errno == 0 && *end == '\0';
}

static bool parse_number(const char *text, double *value)
{
    struct pf_float_form form;
    size_t size = strlen(text);
    bool percent = size > 0 && text[size - 1] == '%';

    if (percent)
        size--;
    while (percent && size > 0 && text[size - 1] == ' ')
        size--;
    if (!pf_parse_float64((const uint8_t *)text, size, value, &form))
        return false;
    if (percent)
        *value /= 100.0;
    return true;
}

static bool parse_flag(const char *text, bool *value)
{
    static const char *const yes[] = { "true", "yes", "on", "1" };
    static const char *const no[] = { "false", "no", "off", "0" };

    for (size_t i = 0; i < PF_COUNT(yes); i++) {
        if (pf_same_word(text, yes[i]) || pf_same_word(text, no[i])) {
            *value = pf_same_word(text, yes[i]);
            return true;
        }
    }
    return false;
}

/* false = value is not one of the option's. */
static bool store(const struct pf_option *option, const char *value, void *member)
{
    int place;
    bool flag;
    int64_t integer;
    double number;

    switch (option->kind) {
    case PF_OPTION_FLAG:
        if (!parse_flag(value, &flag))
            return false;
        memcpy(member, &flag, sizeof flag);
        return true;
    case PF_OPTION_INTEGER:
    case PF_OPTION_SIZE:
        if (option->kind == PF_OPTION_SIZE ? !pf_parse_size(value, &integer) : !parse_integer(value, &integer))
            return false;
        memcpy(member, &integer, sizeof integer);
        return true;
    case PF_OPTION_NUMBER:
        if (!parse_number(value, &number))
            return false;
        memcpy(member, &number, sizeof number);
        return true;
    case PF_OPTION_TEXT:
        memcpy(member, &value, sizeof value);
        return true;
    case PF_OPTION_CHOICE:
        place = choice_place(option, value);
        if (place < 0)
            return false;
        memcpy(member, &place, sizeof place);
        return true;
    }
    return false;
}

static size_t member_size(const struct pf_option *option)
{
    switch (option->kind) {
    case PF_OPTION_FLAG:
        return sizeof(bool);
    case PF_OPTION_NUMBER:
        return sizeof(double);
    case PF_OPTION_TEXT:
        return sizeof(const char *);
    case PF_OPTION_CHOICE:
        return sizeof(int);
    case PF_OPTION_INTEGER:
    case PF_OPTION_SIZE:
        break;
    }
    return sizeof(int64_t);
}

void pf_option_defaults(const struct pf_option *table, void *target)
{
    for (const struct pf_option *option = table; option->name != NULL; option++) {
        void *member = (uint8_t *)target + option->offset;

        memset(member, 0, member_size(option));
        if (option->initial != NULL)
            (void)store(option, option->initial, member);
    }
}

/* "snappy, zstd or none" */
static void list_choices(const struct pf_option *option, char *to, size_t size)
{
    size_t used = 0, length;
    const char *word;

    to[0] = '\0';
    for (int i = 0; (word = pf_option_choice(option, i, &length)) != NULL && used < size; i++) {
        size_t ignored;
        bool last = pf_option_choice(option, i + 1, &ignored) == NULL;
        int wrote = snprintf(to + used, size - used, "%s%.*s", i == 0 ? "" : last ? " or " : ", ", (int)length, word);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

static enum pf_status bad_value(const struct pf_option *option, const char *name, const char *value, struct pf_error *err)
{
    static const char *const wanted[] = {
        [PF_OPTION_FLAG] = "yes or no",
        [PF_OPTION_INTEGER] = "a whole number",
        [PF_OPTION_SIZE] = "a size such as 512K, 256M or 2G",
        [PF_OPTION_NUMBER] = "a number or a percentage such as 10%",
        [PF_OPTION_TEXT] = "a text",
    };
    char choices[200];
    const char *dashes = strlen(name) == 1 ? "-" : "--";

    if (option->kind == PF_OPTION_CHOICE)
        list_choices(option, choices, sizeof choices);
    if (value[0] == '\0')
        pf_fail(err, PF_BAD_OPTION, "option %s%s was given an empty value", dashes, name);
    else
        pf_fail(err, PF_BAD_OPTION, "option %s%s cannot be '%.100s'", dashes, name, value);
    pf_remedy(err, "it takes %s", option->kind == PF_OPTION_CHOICE ? choices : wanted[option->kind]);
    return PF_BAD_OPTION;
}

enum pf_status pf_option_set(const struct pf_option *option, const char *name, const char *value, void *target,
                             struct pf_error *err)
{
    void *member = (uint8_t *)target + option->offset;
    const char *shown = without_dashes(name != NULL ? name : option->name);
    bool negated = false, flag;

    if (name != NULL)
        (void)pf_option_named(option, name, &negated);
    if (value == NULL && option->kind != PF_OPTION_FLAG) {
        pf_fail(err, PF_BAD_OPTION, "option %s%s needs a value", strlen(shown) == 1 ? "-" : "--", shown);
        return PF_BAD_OPTION;
    }
    if (!store(option, value != NULL ? value : "yes", member))
        return bad_value(option, shown, value, err);
    if (negated) {
        memcpy(&flag, member, sizeof flag);
        flag = !flag;
        memcpy(member, &flag, sizeof flag);
    }
    return PF_OK;
}

enum pf_status pf_option_set_alone(const struct pf_option *option, const char *name, const char *value,
                                   union pf_option_value *to, struct pf_error *err)
{
    struct pf_option alone = *option;

    alone.offset = 0;
    return pf_option_set(&alone, name, value, to, err);
}

bool pf_option_is_secret(const struct pf_option *option)
{
    return option->unit != NULL && strcmp(option->unit, PF_OPTION_SECRET) == 0;
}

static void size_text(int64_t bytes, char to[32])
{
    static const char units[] = "KMGT";
    const char *unit = NULL;

    for (const char *next = units; *next != '\0' && bytes > 0 && bytes % 1024 == 0; next++) {
        bytes /= 1024;
        unit = next;
    }
    (void)snprintf(to, 32, "%lld%.*s", (long long)bytes, unit != NULL ? 1 : 0, unit != NULL ? unit : "");
}

const char *pf_option_text(const struct pf_option *option, const void *target, char scratch[32])
{
    const void *member = (const uint8_t *)target + option->offset;
    const char *text;
    int64_t integer;
    double number;
    size_t size;
    int place;
    bool flag;

    switch (option->kind) {
    case PF_OPTION_FLAG:
        memcpy(&flag, member, sizeof flag);
        return flag ? "yes" : "no";
    case PF_OPTION_INTEGER:
        memcpy(&integer, member, sizeof integer);
        (void)snprintf(scratch, 32, "%lld", (long long)integer);
        return scratch;
    case PF_OPTION_SIZE:
        memcpy(&integer, member, sizeof integer);
        size_text(integer, scratch);
        return scratch;
    case PF_OPTION_NUMBER:
        memcpy(&number, member, sizeof number);
        size = pf_print_float64(number, scratch);
        scratch[size < 31 ? size : 31] = '\0';
        return scratch;
    case PF_OPTION_TEXT:
        memcpy(&text, member, sizeof text);
        return text != NULL && pf_option_is_secret(option) ? "***" : text;
    case PF_OPTION_CHOICE:
        memcpy(&place, member, sizeof place);
        text = pf_option_choice(option, place, &size);
        (void)snprintf(scratch, 32, "%.*s", text != NULL ? (int)size : 0, text != NULL ? text : "");
        return scratch;
    }
    return NULL;
}
