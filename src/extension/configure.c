/* What settings files say of extensions: which are enabled, and [extensions.NAME], which is each one's own. docs/settings.md.
 *
 * It is read once, when the set is made. What is wrong with a file is told by the conversion, which reads it as well; here it is
 * passed over. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/toml.h"
#include "extension/set.h"

#define TABLE "extensions"

/* ---- values as text */

/* Numbers of TOML, as they are read here, are such of JSON. */
static void put_value(struct pf_json *json, const struct pf_toml_value *value)
{
    if (value->kind == PF_TOML_TEXT) {
        pf_json_text(json, value->text);
        return;
    }
    if (value->kind != PF_TOML_ARRAY) {
        pf_json_raw(json, value->text);
        return;
    }
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < value->count; i++)
        put_value(json, &value->items[i]);
    pf_json_close(json, ']');
}

/* Ends json; NULL = an allocation was refused. */
static const char *keep(struct pf_extensions *set, struct pf_json *json)
{
    char *text = pf_json_end(json);
    const char *kept = text != NULL ? pf_arena_copy(&set->arena, text, strlen(text)) : NULL;

    pf_free(&set->memory, text);
    return kept;
}

static const char *json_of(struct pf_extensions *set, const struct pf_toml_value *value)
{
    struct pf_json json;

    pf_json_begin(&json, &set->memory);
    put_value(&json, value);
    return keep(set, &json);
}

/* ---- one file */

/* A later file replaces a value of an earlier one. What finds no memory is as if it were not there. */
static void take_setting(struct pf_extensions *set, const char *extension, const struct pf_toml_entry *entry)
{
    struct pf_extension_setting **at = &set->settings, *setting;

    while (*at != NULL && (strcmp((*at)->extension, extension) != 0 || strcmp((*at)->name, entry->name) != 0))
        at = &(*at)->next;
    setting = *at;
    if (setting == NULL) {
        setting = pf_arena_alloc_zero(&set->arena, 1, sizeof *setting);
        if (setting == NULL)
            return;
        setting->extension = pf_set_text(set, "%s", extension);
        setting->name = pf_set_text(set, "%s", entry->name);
        *at = setting;
    }
    setting->json = json_of(set, &entry->value);
    setting->text = entry->value.kind == PF_TOML_TEXT ? pf_set_text(set, "%s", entry->value.text) : setting->json;
}

static void choose(struct pf_extensions *set, const char *path, const char *name, bool enabled)
{
    struct pf_extension_choice *choice = pf_arena_alloc_zero(&set->arena, 1, sizeof *choice);

    if (choice == NULL)
        return;
    choice->name = pf_set_text(set, "%s", name);
    choice->path = pf_set_text(set, "%s", path);
    choice->enabled = enabled;
    choice->next = set->choices; /* the last one first */
    set->choices = choice;
}

static void warn(struct pf_extensions *set, const char *text)
{
    struct pf_extension_warning *warning = pf_arena_alloc_zero(&set->arena, 1, sizeof *warning), **end = &set->warnings;

    if (warning == NULL)
        return;
    warning->text = text;
    while (*end != NULL)
        end = &(*end)->next;
    *end = warning;
}

static void warn_kind(struct pf_extensions *set, const char *path, const char *name, const struct pf_toml_value *value)
{
    warn(set, pf_set_text(set, "%s, line %lld: %s in [extensions] is %s, a list of names was expected", path,
                          (long long)value->line, name, pf_toml_kind_word(value->kind)));
}

static void take_choices(struct pf_extensions *set, const char *path, const struct pf_toml *toml, const char *name,
                         bool enabled)
{
    const struct pf_toml_value *value = pf_toml_find(toml, TABLE, name);

    if (value != NULL && value->kind == PF_TOML_TEXT)
        choose(set, path, value->text, enabled);
    else if (value != NULL && value->kind != PF_TOML_ARRAY)
        warn_kind(set, path, name, value);
    for (uint32_t i = 0; value != NULL && value->kind == PF_TOML_ARRAY && i < value->count; i++) {
        if (value->items[i].kind == PF_TOML_TEXT)
            choose(set, path, value->items[i].text, enabled);
        else
            warn_kind(set, path, name, &value->items[i]);
    }
}

static void take_file(struct pf_extensions *set, const char *path)
{
    struct pf_toml toml;
    struct pf_error told_later;

    pf_toml_init(&toml, &set->memory);
    if (pf_toml_load(&toml, path, &told_later) == PF_OK) {
        take_choices(set, path, &toml, "disable", false);
        take_choices(set, path, &toml, "enable", true);
        for (uint32_t i = 0; i < toml.entry_count; i++) {
            const char *table = toml.entries[i].table;

            if (strncmp(table, TABLE ".", strlen(TABLE ".")) == 0)
                take_setting(set, table + strlen(TABLE "."), &toml.entries[i]);
        }
    }
    pf_toml_free(&toml);
}

void pf_configure(struct pf_extensions *set)
{
    const char *paths[PF_CONFIGURE_FILES];
    uint32_t count = set->core->setting_files != NULL ? set->core->setting_files(&set->arena, paths, PF_CONFIGURE_FILES) : 0;

    for (uint32_t i = 0; i < count; i++)
        take_file(set, paths[i]);
}

void pf_configured_check(struct pf_extensions *set)
{
    for (const struct pf_extension_choice *choice = set->choices; choice != NULL; choice = choice->next) {
        if (strcmp(choice->name, "*") != 0 && pf_entry_find(set, choice->name) == NULL)
            warn(set, pf_set_line(set,
                                  pf_set_text(set, "%s: %s in [extensions] names '%.60s', and there is no such extension",
                                              choice->path, choice->enabled ? "enable" : "disable", choice->name),
                                  SIZE_MAX));
    }
}

const char *pf_extension_warning_at(struct pf_extensions *set, uint32_t index)
{
    const struct pf_extension_warning *warning;

    pf_extensions_lock(set);
    for (warning = set->warnings; warning != NULL && index > 0; index--)
        warning = warning->next;
    pf_extensions_unlock(set);
    return warning != NULL ? warning->text : NULL;
}

const char *pf_configured_off(struct pf_extensions *set, const char *name)
{
    for (const struct pf_extension_choice *choice = set->choices; choice != NULL; choice = choice->next) {
        if (strcmp(choice->name, name) == 0 || strcmp(choice->name, "*") == 0)
            return choice->enabled ? NULL : pf_set_text(set, "disabled in %s, [extensions] disable", choice->path);
    }
    return NULL;
}

/* ---- for the extension */

static const char *setting(const struct pf_registration *to, const char *name)
{
    for (const struct pf_extension_setting *one = to->set->settings; one != NULL; one = one->next) {
        if (strcmp(one->extension, to->entry->name) == 0 && strcmp(one->name, name) == 0)
            return one->text;
    }
    return NULL;
}

static const char *settings(const struct pf_registration *to)
{
    struct pf_json json;
    const char *kept;

    pf_extensions_lock(to->set);
    pf_json_begin(&json, &to->set->memory);
    pf_json_open(&json, '{');
    for (const struct pf_extension_setting *one = to->set->settings; one != NULL; one = one->next) {
        if (strcmp(one->extension, to->entry->name) != 0 || one->json == NULL)
            continue;
        pf_json_name(&json, one->name);
        pf_json_raw(&json, one->json);
    }
    pf_json_close(&json, '}');
    kept = keep(to->set, &json);
    pf_extensions_unlock(to->set);
    return kept != NULL ? kept : "{}";
}

void pf_host_fill_settings(struct pf_host *host)
{
    host->setting = setting;
    host->settings = settings;
}
