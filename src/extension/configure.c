/* What settings files say of extensions: which are enabled, and [extensions.NAME], which is each one's own. docs/settings.md.
 *
 * It is read once, when the set is made. What is wrong with a file is told by the conversion, which reads it as well; here it is
 * passed over. */
#include <stdlib.h>
#include <string.h>

#include "base/toml.h"
#include "extension/set.h"

#define TABLE "extensions"

/* ---- values as text */

static bool put_quoted(struct pf_buffer *out, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    bool good = pf_buffer_append(out, "\"", 1);

    for (; good && *text != '\0'; text++) {
        uint8_t c = (uint8_t)*text;

        if (c == '"' || c == '\\')
            good = pf_buffer_append(out, "\\", 1) && pf_buffer_append(out, text, 1);
        else if (c < 0x20)
            good = pf_buffer_append(out, "\\u00", 4) && pf_buffer_append(out, &digits[c >> 4], 1) &&
                   pf_buffer_append(out, &digits[c & 15], 1);
        else
            good = pf_buffer_append(out, text, 1);
    }
    return good && pf_buffer_append(out, "\"", 1);
}

/* As JSON; numbers of TOML, as they are read here, are such of JSON. */
static bool put_value(struct pf_buffer *out, const struct pf_toml_value *value)
{
    bool good;

    if (value->kind == PF_TOML_TEXT)
        return put_quoted(out, value->text);
    if (value->kind != PF_TOML_ARRAY)
        return pf_buffer_append_text(out, value->text);
    good = pf_buffer_append(out, "[", 1);
    for (uint32_t i = 0; good && i < value->count; i++)
        good = (i == 0 || pf_buffer_append(out, ", ", 2)) && put_value(out, &value->items[i]);
    return good && pf_buffer_append(out, "]", 1);
}

static const char *keep(struct pf_extensions *set, struct pf_buffer *text, bool good)
{
    const char *kept = good ? pf_arena_copy(&set->arena, text->size > 0 ? (const char *)text->data : "", text->size) : NULL;

    pf_buffer_free(text);
    return kept;
}

static const char *json_of(struct pf_extensions *set, const struct pf_toml_value *value)
{
    struct pf_buffer text;

    pf_buffer_init(&text, &set->memory, SIZE_MAX);
    return keep(set, &text, put_value(&text, value));
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

static void take_choices(struct pf_extensions *set, const char *path, const struct pf_toml *toml, const char *name,
                         bool enabled)
{
    const struct pf_toml_value *value = pf_toml_find(toml, TABLE, name);

    if (value != NULL && value->kind == PF_TOML_TEXT)
        choose(set, path, value->text, enabled);
    for (uint32_t i = 0; value != NULL && value->kind == PF_TOML_ARRAY && i < value->count; i++) {
        if (value->items[i].kind == PF_TOML_TEXT)
            choose(set, path, value->items[i].text, enabled);
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
    struct pf_buffer text;
    const char *kept;
    bool good, first = true;

    pf_buffer_init(&text, &to->set->memory, SIZE_MAX);
    good = pf_buffer_append(&text, "{", 1);
    for (const struct pf_extension_setting *one = to->set->settings; good && one != NULL; one = one->next) {
        if (strcmp(one->extension, to->entry->name) != 0 || one->json == NULL)
            continue;
        good = (first || pf_buffer_append(&text, ", ", 2)) && put_quoted(&text, one->name) &&
               pf_buffer_append(&text, ": ", 2) && pf_buffer_append_text(&text, one->json);
        first = false;
    }
    kept = keep(to->set, &text, good && pf_buffer_append(&text, "}", 1));
    return kept != NULL ? kept : "{}";
}

void pf_host_fill_settings(struct pf_host *host)
{
    host->setting = setting;
    host->settings = settings;
}
