/* What extensions add, in words: of a manifest, and of the list that users see. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "extension/set.h"

enum { MOST_SUFFIXES = 16 };

/* As manifests have them; a manifest names several options and hooks at once. */
static const char *const words[PF_ADDS] = {
    [PF_ADDS_FORMAT] = "format",  [PF_ADDS_SCHEME] = "scheme", [PF_ADDS_ENGINE] = "engine",   [PF_ADDS_COMMAND] = "command",
    [PF_ADDS_OPTION] = "options", [PF_ADDS_PROBE] = "probe",   [PF_ADDS_SERVICE] = "service", [PF_ADDS_HOOK] = "hooks",
};

static const char *const hook_words[PF_HOOKS] = {
    [PF_HOOK_ENVIRONMENT] = "environment",
    [PF_HOOK_PARAMETERS] = "parameters",
    [PF_HOOK_PERFORMANCE] = "performance",
    [PF_HOOK_PRE] = "pre",
    [PF_HOOK_POST] = "post",
    [PF_HOOK_ERROR] = "error",
};

const char *pf_adds_word(enum pf_adds kind)
{
    return kind == PF_ADDS_OPTION ? "option" : kind == PF_ADDS_HOOK ? "hook" : words[kind];
}

const char *pf_adds_begin(enum pf_adds kind)
{
    return words[kind];
}

const char *pf_hook_word(enum pf_hook hook)
{
    return hook_words[hook];
}

bool pf_command_is_taken(const char *name)
{
    /* tests compare them with what pyforge help lists */
    static const char *const taken[] = { "convert",         "info", "validate", "formats",  "options", "config", "extensions",
                                         "list-extensions", "help", "install",  "mdf-tools" };

    for (size_t i = 0; i < PF_COUNT(taken); i++) {
        if (pf_same_word(taken[i], name))
            return true;
    }
    return false;
}

bool pf_promise_add(struct pf_extensions *set, struct pf_promise **list, enum pf_adds kind, const char *name,
                    const char *const *suffixes)
{
    struct pf_promise *promise = pf_arena_alloc_zero(&set->arena, 1, sizeof *promise);

    if (promise == NULL)
        return false;
    promise->kind = kind;
    promise->name = pf_arena_copy(&set->arena, name, strlen(name));
    promise->suffixes = suffixes;
    while (*list != NULL)
        list = &(*list)->next;
    *list = promise;
    return promise->name != NULL;
}

const struct pf_promise *pf_promise_find(const struct pf_promise *list, enum pf_adds kind, const char *name)
{
    for (; list != NULL; list = list->next) {
        if (list->kind == kind && pf_same_word(list->name, name))
            return list;
    }
    return NULL;
}

/* ---- reading */

/* The next word of *text, in to; false = there is none, or it is too long. */
static bool next_word(const char **text, char to[PF_EXTENSION_NAME])
{
    size_t size;

    *text += strspn(*text, " \t");
    size = strcspn(*text, " \t");
    if (size == 0 || size >= PF_EXTENSION_NAME)
        return false;
    memcpy(to, *text, size);
    to[size] = '\0';
    *text += size;
    return true;
}

static bool is_hook(const char *word)
{
    for (size_t i = 0; i < PF_HOOKS; i++) {
        if (strcmp(word, hook_words[i]) == 0)
            return true;
    }
    return false;
}

/* Of the words behind a name. */
static bool is_legal_word(enum pf_adds kind, const char *word)
{
    size_t size = strlen(word);

    switch (kind) {
    case PF_ADDS_SCHEME:
        return word[0] == '/' && size >= 3 && word[size - 1] == '/';
    case PF_ADDS_ENGINE:
        return pf_name_is_legal(word);
    default:
        return true;
    }
}

/* A name, and for a format its suffixes, for a scheme the paths it claims, for an engine what it is for. */
static bool parse_more(struct pf_extensions *set, enum pf_adds kind, const char *text, struct pf_promise **list)
{
    char word[PF_EXTENSION_NAME], name[PF_EXTENSION_NAME];
    const char **more = pf_arena_alloc_zero(&set->arena, MOST_SUFFIXES + 1, sizeof *more);
    size_t count = 0;

    if (more == NULL || !next_word(&text, name) || !pf_name_is_legal(name))
        return false;
    while (next_word(&text, word)) {
        const char *from = word[0] == '.' ? word + 1 : word;

        if (count == MOST_SUFFIXES || !is_legal_word(kind, word))
            return false;
        more[count] = pf_arena_copy(&set->arena, from, strlen(from));
        if (more[count++] == NULL)
            return false;
    }
    return *text == '\0' && pf_promise_add(set, list, kind, name, more);
}

static bool parse_names(struct pf_extensions *set, enum pf_adds kind, const char *text, struct pf_promise **list)
{
    bool many = kind == PF_ADDS_OPTION || kind == PF_ADDS_HOOK;
    char name[PF_EXTENSION_NAME];
    uint32_t count = 0;

    for (; next_word(&text, name); count++) {
        if (!pf_name_is_legal(name) || (kind == PF_ADDS_HOOK && !is_hook(name)) || !pf_promise_add(set, list, kind, name, NULL))
            return false;
    }
    text += strspn(text, " \t");
    return *text == '\0' && (many ? count > 0 : count == 1);
}

bool pf_promise_parse(struct pf_extensions *set, const char *text, struct pf_promise **list, char *why, size_t size)
{
    char word[PF_EXTENSION_NAME];
    const char *rest = text;
    bool good = false;

    if (next_word(&rest, word)) {
        for (size_t kind = 0; kind < PF_ADDS; kind++) {
            if (strcmp(word, words[kind]) != 0)
                continue;
            good = kind == PF_ADDS_FORMAT || kind == PF_ADDS_SCHEME || kind == PF_ADDS_ENGINE
                       ? parse_more(set, (enum pf_adds)kind, rest, list)
                       : parse_names(set, (enum pf_adds)kind, rest, list);
            break;
        }
    }
    if (!good)
        (void)snprintf(why, size,
                       "'%.100s' is not of the form \"format NAME SUFFIX...\", \"scheme NAME /PATH/...\", \"engine NAME "
                       "[tables] [FORMAT...]\", \"command NAME\", \"options NAME...\", \"probe NAME\", \"service NAME\" or "
                       "\"hooks pre post...\"",
                       text);
    for (const struct pf_promise *one = *list; good && one != NULL; one = one->next) {
        if (one->kind == PF_ADDS_COMMAND && pf_command_is_taken(one->name)) {
            (void)snprintf(why, size, "it promises the command '%.60s', which pyforge itself has", one->name);
            return false;
        }
    }
    return good;
}

/* ---- writing */

/* All of one kind; options and hooks stand behind one word. */
static bool put_kind(struct pf_buffer *text, const struct pf_promise *list, enum pf_adds kind)
{
    bool many = kind == PF_ADDS_OPTION || kind == PF_ADDS_HOOK, first = true, good = true;

    for (; list != NULL && good; list = list->next) {
        if (list->kind != kind)
            continue;
        if (!first && many)
            good = pf_buffer_printf(text, " %s", list->name);
        else
            good = pf_buffer_printf(text, "%s%s %s", text->size > 0 ? ", " : "", words[kind], list->name);
        first = false;
    }
    return good;
}

const char *pf_promise_text(struct pf_extensions *set, const struct pf_promise *list)
{
    struct pf_buffer text;
    const char *kept = "";
    bool good = true;

    pf_buffer_init(&text, &set->memory, SIZE_MAX);
    for (size_t kind = 0; kind < PF_ADDS && good; kind++)
        good = put_kind(&text, list, (enum pf_adds)kind);
    if (good && text.size > 0) {
        kept = pf_arena_copy(&set->arena, (const char *)text.data, text.size);
        kept = kept != NULL ? kept : "";
    }
    pf_buffer_free(&text);
    return kept;
}

const char *pf_promise_missing(struct pf_extensions *set, const struct pf_promise *list, const struct pf_promise *others)
{
    for (; list != NULL; list = list->next) {
        if (pf_promise_find(others, list->kind, list->name) == NULL)
            return pf_set_text(set, "%s %s", pf_adds_word(list->kind), list->name);
    }
    return NULL;
}
