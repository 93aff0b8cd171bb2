#include "convert/plan_tables.h"

#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "convert/plan.h"
#include "engine/parts.h"

/* ---- selection */

struct selection {
    const struct pf_listed *listed;
    uint32_t count;
    bool *chosen, *named;
    const char *word; /* "sheet" */
};

/* alike: only those that are called so but for the case of letters; NULL = all. */
static void list_names(const struct selection *selection, const char *alike, struct pf_error *err)
{
    char names[200] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < selection->count; i++) {
        const char *name = selection->listed[i].name;
        const size_t size = strlen(name), more = used != 0 ? 2 : 0;

        if (alike != NULL && !pf_same_letters(name, alike))
            continue;
        if (used + more + size + 6 > sizeof names) {
            memcpy(names + used, ", ...", 6);
            break;
        }
        memcpy(names + used, ", ", more);
        memcpy(names + used + more, name, size + 1);
        used += more + size;
    }
    pf_remedy(err, alike != NULL ? "write the name as the input has it: %s" : "the input has: %s", names);
}

static enum pf_status fail_unknown(const struct selection *selection, const char *wanted, bool pattern, struct pf_error *err)
{
    if (pattern)
        pf_fail(err, PF_NOT_FOUND, "no visible %s has a name that matches '%.120s'", selection->word, wanted);
    else
        pf_fail(err, PF_NOT_FOUND, "there is no %s '%.120s'", selection->word, wanted);
    list_names(selection, NULL, err);
    return PF_NOT_FOUND;
}

static bool choose_one(const struct selection *selection, uint32_t index)
{
    selection->chosen[index] = selection->named[index] = true;
    return true;
}

/* As it is written, or, where only one is so called but for its case, without regard to that. PF_BAD_OPTION: more than one is. */
static enum pf_status choose_name(const struct selection *selection, const char *name, bool *found, struct pf_error *err)
{
    uint32_t index = 0;
    const uint32_t alike = selection->count == 0 ? 0
                                                 : pf_letters_find(&selection->listed->name, sizeof *selection->listed,
                                                                   selection->count, name, &index);

    *found = false;
    if (alike > 1) {
        pf_fail(err, PF_BAD_OPTION, "%u %ss are called '%.120s' but for the case of letters", alike, selection->word, name);
        list_names(selection, name, err);
        return PF_BAD_OPTION;
    }
    if (alike == 1)
        *found = choose_one(selection, index);
    return PF_OK;
}

static bool choose_number(const struct selection *selection, const char *text)
{
    const size_t size = strlen(text);
    unsigned long number;

    if (size == 0 || size > 9 || strspn(text, "0123456789") != size)
        return false;
    number = strtoul(text, NULL, 10);
    if (number == 0 || number > selection->count)
        return false;
    return choose_one(selection, (uint32_t)number - 1);
}

static enum pf_status match_regex(const struct selection *selection, const char *text, const char *pattern, bool *any,
                                  struct pf_error *err)
{
    regex_t regex;
    const int wrong = regcomp(&regex, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB);

    if (wrong != 0) {
        char why[120];

        (void)regerror(wrong, &regex, why, sizeof why);
        pf_fail(err, PF_BAD_OPTION, "option --tables: %.120s is no regular expression: %s", text, why);
        pf_remedy(err, "write an extended regular expression, /^20[0-9]+$/; in quotes where it has a comma");
        return PF_BAD_OPTION;
    }
    for (uint32_t i = 0; i < selection->count; i++) {
        if (selection->listed[i].hidden || regexec(&regex, selection->listed[i].name, 0, NULL, 0) != 0)
            continue;
        selection->chosen[i] = *any = true;
    }
    regfree(&regex);
    return PF_OK;
}

/* The same in every program that has this library and for every user: characters of UTF-8, whatever the locale is. */
static enum pf_status choose_regex(const struct selection *selection, const char *text, struct pf_arena *arena,
                                   struct pf_error *err)
{
    const char *pattern = pf_arena_copy(arena, text + 1, strlen(text) - 2);
    const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    const locale_t before = locale != (locale_t)0 ? uselocale(locale) : (locale_t)0;
    bool any = false;
    enum pf_status status =
        pattern != NULL ? match_regex(selection, text, pattern, &any, err) : pf_fail_memory(err, strlen(text));

    if (locale != (locale_t)0) {
        (void)uselocale(before);
        freelocale(locale);
    }
    return status != PF_OK || any ? status : fail_unknown(selection, text, true, err);
}

static enum pf_status choose_glob(const struct selection *selection, const char *text, struct pf_error *err)
{
    bool any = false;

    for (uint32_t i = 0; i < selection->count; i++) {
        if (selection->listed[i].hidden || !pf_letters_match(text, selection->listed[i].name))
            continue;
        selection->chosen[i] = any = true;
    }
    return any ? PF_OK : fail_unknown(selection, text, true, err);
}

static void choose_visible(const struct selection *selection)
{
    for (uint32_t i = 0; i < selection->count; i++)
        selection->chosen[i] = selection->chosen[i] || !selection->listed[i].hidden;
}

static enum pf_status choose(const struct selection *selection, const char *text, struct pf_arena *arena, struct pf_error *err)
{
    const size_t size = strlen(text);
    bool found;

    if (choose_name(selection, text, &found, err) != PF_OK)
        return err->status;
    if (found || choose_number(selection, text))
        return PF_OK;
    if (pf_same_word(text, "all")) {
        choose_visible(selection);
        return PF_OK;
    }
    if (size > 2 && text[0] == '/' && text[size - 1] == '/')
        return choose_regex(selection, text, arena, err);
    if (strpbrk(text, "*?[") != NULL)
        return choose_glob(selection, text, err);
    return fail_unknown(selection, text, false, err);
}

/* Those that an option of the reader's names, else all that are to be seen. */
static void choose_usual(const struct selection *selection)
{
    bool any = false;

    for (uint32_t i = 0; i < selection->count; i++) {
        if (selection->listed[i].chosen)
            selection->chosen[i] = selection->named[i] = any = true;
    }
    if (!any)
        choose_visible(selection);
}

/* What is named must not contradict the option of the reader's. */
static enum pf_status check_usual(const struct selection *selection, struct pf_error *err)
{
    const char *usual = NULL;

    for (uint32_t i = 0; i < selection->count; i++)
        usual = selection->listed[i].chosen ? selection->listed[i].name : usual;
    for (uint32_t i = 0; i < selection->count && usual != NULL; i++) {
        if (!selection->chosen[i] || selection->listed[i].chosen)
            continue;
        pf_fail(err, PF_BAD_OPTION, "--range is of the %s '%.100s', but '%.100s' is named too", selection->word, usual,
                selection->listed[i].name);
        pf_remedy(err, "leave one of them away");
        return PF_BAD_OPTION;
    }
    return PF_OK;
}

enum pf_status pf_tables_select(const struct pf_listed *listed, uint32_t count, const char *wanted, const char *word,
                                struct pf_arena *arena, bool *chosen, bool *named, struct pf_error *err)
{
    const struct selection selection = { listed, count, chosen, named, word };
    const char *const *names;
    uint32_t name_count;
    bool found;

    if (wanted == NULL || wanted[0] == '\0') {
        choose_usual(&selection);
        return PF_OK;
    }
    if (choose_name(&selection, wanted, &found, err) != PF_OK)
        return err->status;
    if (found) /* a name may have commas and quotes */
        return check_usual(&selection, err);
    if (pf_names_parse(wanted, arena, &names, &name_count, err) != PF_OK) {
        if (err->status == PF_BAD_OPTION)
            pf_fail(err, PF_BAD_OPTION, "--tables '%.200s' is not a list of names", wanted);
        return err->status;
    }
    for (uint32_t i = 0; i < name_count; i++) {
        if (choose(&selection, names[i], arena, err) != PF_OK)
            return err->status;
    }
    return check_usual(&selection, err);
}

/* ---- groups */

static bool same_columns(const struct pf_schema *a, const struct pf_schema *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!pf_part_same_name(a->fields[i].name, b->fields[i].name))
            return false;
    }
    return true;
}

uint32_t pf_tables_group(const struct pf_schema *columns, uint32_t count, enum pf_grouping grouping, uint32_t *group)
{
    uint32_t groups = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t like = i;

        for (uint32_t before = 0; before < i && like == i && grouping != PF_GROUP_EACH; before++) {
            if (grouping == PF_GROUP_NAMES || same_columns(&columns[before], &columns[i]))
                like = before;
        }
        group[i] = like != i ? group[like] : groups++;
    }
    return groups;
}

/* ---- names of files */

enum { LONGEST_NAME = 120 };

static bool is_taken_out(unsigned char c)
{
    return c <= ' ' || c == 0x7f || strchr("<>:\"/\\|?*", c) != NULL;
}

static const char *clean(const char *name, struct pf_arena *arena)
{
    char to[LONGEST_NAME + 1];
    size_t size = 0;

    for (; *name != '\0' && size < LONGEST_NAME; name++) {
        const char c = is_taken_out((unsigned char)*name) ? '_' : *name;

        if (c != '_' || (size != 0 && to[size - 1] != '_'))
            to[size++] = c;
    }
    size -= pf_utf8_tail((const uint8_t *)to, size);
    while (size != 0 && to[size - 1] == '_')
        size--;
    return size != 0 ? pf_arena_copy(arena, to, size) : pf_arena_copy(arena, "table", strlen("table"));
}

/* Whether name is taken where rejected rows of "a" lie in "a" and tail, on file systems that know no cases, too. */
static bool is_taken(const char *const *names, uint32_t count, const char *name, const char *tail)
{
    const size_t size = strlen(name), more = strlen(tail);
    char with[LONGEST_NAME + 48];

    for (uint32_t i = 0; i < count; i++) {
        const size_t other = names[i] != NULL ? strlen(names[i]) : 0;

        if (names[i] == NULL)
            continue;
        if (pf_same_letters(names[i], name))
            return true;
        if (more == 0 || size + more >= sizeof with || other + more >= sizeof with)
            continue;
        memcpy(with, name, size);
        memcpy(with + size, tail, more + 1);
        if (pf_same_letters(names[i], with))
            return true;
        memcpy(with, names[i], other);
        memcpy(with + other, tail, more + 1);
        if (pf_same_letters(with, name))
            return true;
    }
    return false;
}

/* The first free one of name_2, name_3. */
static enum pf_status number(const char **names, uint32_t count, const char *tail, const char **name, struct pf_arena *arena,
                             struct pf_error *err)
{
    struct pf_buffer text;
    const char *wanted = *name;
    bool made = true;

    pf_buffer_init(&text, arena->memory, SIZE_MAX);
    for (uint32_t next = 2; made && is_taken(names, count, *name, tail); next++) {
        pf_buffer_clear(&text);
        made = pf_buffer_printf(&text, "%s_%u", wanted, next);
        if (made)
            *name = pf_arena_copy(arena, (const char *)text.data, text.size);
        made = made && *name != NULL;
    }
    pf_buffer_free(&text);
    return made ? PF_OK : pf_fail_memory(err, strlen(wanted));
}

enum pf_status pf_tables_file_names(const char *const *names, uint32_t count, const char *tail, struct pf_arena *arena,
                                    const char **out, struct pf_error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *name = clean(names[i], arena);

        out[i] = NULL;
        if (name == NULL)
            return pf_fail_memory(err, strlen(names[i]));
        if (number(out, i, tail, &name, arena, err) != PF_OK)
            return err->status;
        out[i] = name;
    }
    return PF_OK;
}
