/* The set: what was found, its states, and the public functions that list and change it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "extension/set.h"

enum { LOAD_SECONDS = 20 };

/* ---- the set */

void pf_extensions_lock(struct pf_extensions *set)
{
    pf_mutex_lock(set->lock);
}

void pf_extensions_unlock(struct pf_extensions *set)
{
    pf_mutex_unlock(set->lock);
}

void pf_extensions_use(struct pf_extensions *set)
{
    if (set == NULL)
        return;
    pf_extensions_lock(set);
    set->users++;
    pf_extensions_unlock(set);
}

void pf_extensions_leave(struct pf_extensions *set)
{
    if (set == NULL)
        return;
    pf_extensions_lock(set);
    set->users--;
    pf_extensions_unlock(set);
}

double pf_limit_of(const char *text, double usual)
{
    char *end = NULL;
    long value = text != NULL ? strtol(text, &end, 10) : 0;
    double milliseconds;

    if (text == NULL || end == text || value < 0)
        return usual;
    if (strcmp(end, "ms") != 0)
        return (double)value;
    milliseconds = (double)value;
    return milliseconds / 1000;
}

static void rest(void)
{
    const struct timespec time = { 0, 1000000 };

    (void)nanosleep(&time, NULL);
}

/* The turn is taken and given back under the lock: who has the lock and cannot have the turn sees a loading under way. It may be one that
 * waits for this very thread, which nobody can tell from one that takes long; a thread that has waited once does not wait again. */
bool pf_extensions_begin(struct pf_extensions *set)
{
    double until = 0;
    uint32_t begun;

    pf_extensions_lock(set);
    begun = set->begun;
    while (!pf_mutex_try(set->turn)) {
        if (until == 0 || set->begun != begun)
            until = pf_clock() + pf_limit_of(getenv("PYFORGE_LOAD_LIMIT"), LOAD_SECONDS);
        begun = set->begun;
        if (set->waited_for == begun || pf_clock() >= until) {
            set->waited_for = begun;
            return false;
        }
        pf_extensions_unlock(set);
        rest();
        pf_extensions_lock(set);
    }
    return true;
}

void pf_extensions_end(struct pf_extensions *set, bool turn)
{
    if (turn)
        pf_mutex_unlock(set->turn);
    pf_extensions_unlock(set);
}

const char *pf_set_text(struct pf_extensions *set, const char *format, ...)
{
    char text[PF_PATH_BYTES + PF_REASON];
    va_list args;
    const char *kept;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    kept = pf_arena_copy(&set->arena, text, strlen(text));
    return kept != NULL ? kept : "out of memory";
}

/* Texts of strangers are shown on terminals: nothing in them may end a line or begin a command to one. */
static void make_line(char *text)
{
    for (uint8_t *at = (uint8_t *)text; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\t' || *at == '\r')
            *at = ' ';
        else if (*at < 0x20 || *at == 0x7F)
            *at = '?';
        else if (*at == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0)
            *at = at[1] = '?';
    }
}

const char *pf_set_line(struct pf_extensions *set, const char *text, size_t most)
{
    char line[PF_PATH_BYTES];
    size_t size = strnlen(text, sizeof line - 1);

    size = size < most ? size : most;
    memcpy(line, text, size);
    size -= pf_utf8_tail((const uint8_t *)line, size);
    line[size] = '\0';
    make_line(line);
    return pf_set_text(set, "%s", line);
}

/* A NULL-ended list of texts, in the arena; NULL = out of memory. */
static const char *const *copy_list(struct pf_extensions *set, const char *const *list)
{
    size_t count = 0;
    const char **copy;

    while (list != NULL && list[count] != NULL)
        count++;
    copy = pf_arena_alloc_zero(&set->arena, count + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = pf_arena_copy(&set->arena, list[i], strlen(list[i]));
        if (copy[i] == NULL)
            return NULL;
    }
    return copy;
}

static bool take_language(struct pf_extensions *set, const struct pf_extension_language *language)
{
    set->language = *language;
    set->host.language_user = language->user;
    set->has_language = true;
    set->language.path = copy_list(set, language->path);
    set->language.points = copy_list(set, language->points);
    return set->language.path != NULL && set->language.points != NULL;
}

/* A folder of the user's by the rules of the desktop: only absolute paths count. */
static const char *user_folder(struct pf_extensions *set, const char *variable, const char *usual, const char *name)
{
    const char *folder = getenv(variable), *home = getenv("HOME");

    if (folder != NULL && folder[0] == '/')
        return pf_set_text(set, "%s/%s", folder, name);
    return home != NULL && home[0] == '/' ? pf_set_text(set, "%s/%s/%s", home, usual, name) : "";
}

static bool prepare(struct pf_extensions *set, const struct pf_extension_language *language)
{
    set->lock = pf_mutex_new_nested();
    set->turn = pf_mutex_new_nested();
    if (set->lock == NULL || set->turn == NULL || (language != NULL && !take_language(set, language)))
        return false;
    set->state_folder = user_folder(set, "XDG_STATE_HOME", ".local/state", "pyforge");
    set->settings_folder = user_folder(set, "XDG_CONFIG_HOME", ".config", "pyforge");
    set->cache_folder = user_folder(set, "XDG_CACHE_HOME", ".cache", "pyforge/extensions");
    set->entries_end = &set->entries;
    set->additions_end = &set->additions;
    set->host.size = sizeof set->host;
    set->host.abi = PF_EXTENSION_ABI;
    set->host.version = pf_version();
    pf_host_fill(&set->host);
    pf_host_fill_additions(&set->host);
    pf_host_fill_settings(&set->host);
    if (set->core->fill_host != NULL)
        set->core->fill_host(&set->host);
    return true;
}

static enum pf_status find_scheme(const struct pf_schemes *schemes, const char *name, const struct pf_scheme **out,
                                  struct pf_error *err)
{
    struct pf_extensions *set = (struct pf_extensions *)(uintptr_t)schemes; /* its first member */
    struct pf_addition *addition;
    bool turn;

    pf_error_clear(err);
    turn = pf_extensions_begin(set);
    if (pf_addition_get(set, PF_ADDS_SCHEME, name, true, &addition, err) == PF_OK)
        *out = addition != NULL ? &addition->as.scheme : NULL;
    pf_extensions_end(set, turn);
    return err->status;
}

/* A path is a local one unless somebody claims it. Who claims it and is disabled or has failed does so still: what is meant for the
 * store must not go to a local folder of that name. One that says that it is of no use here leaves the path to the system. */
static enum pf_status find_path(const struct pf_schemes *schemes, const char *location, const struct pf_scheme **out,
                                struct pf_error *err)
{
    struct pf_extensions *set = (struct pf_extensions *)(uintptr_t)schemes;
    struct pf_addition *addition = NULL;
    bool turn = pf_extensions_begin(set);

    (void)pf_scheme_get(set, location, &addition, err);
    *out = addition != NULL ? &addition->as.scheme : NULL;
    pf_extensions_end(set, turn);
    return err->status;
}

struct pf_extensions *pf_extensions_make(const struct pf_extension_core *core, const struct pf_extension_language *language)
{
    struct pf_extensions *set = pf_resize_disowned(NULL, sizeof *set);

    if (set == NULL)
        return NULL;
    memset(set, 0, sizeof *set);
    if (!pf_memory_init(&set->memory, SIZE_MAX)) {
        pf_free_disowned(set);
        return NULL;
    }
    pf_arena_init(&set->arena, &set->memory, SIZE_MAX);
    set->core = core;
    set->schemes.find = find_scheme;
    set->schemes.find_path = find_path;
    if (!prepare(set, language)) {
        set->has_language = false; /* the caller keeps what it could not give */
        pf_extensions_free(set);
        return NULL;
    }
    pf_configure(set);
    pf_discover(set);
    pf_markers_read(set);
    return set;
}

/* The one loaded last; NULL = none is. */
static struct pf_entry *last_loaded(const struct pf_extensions *set)
{
    struct pf_entry *last = NULL;

    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        if (entry->state == PF_EXTENSION_LOADED && (last == NULL || entry->order > last->order))
            last = entry;
    }
    return last;
}

void pf_extensions_free(struct pf_extensions *set)
{
    struct pf_entry *entry;
    bool turn;

    if (set == NULL)
        return;
    if (set->turn != NULL && set->entries != NULL) {
        turn = pf_extensions_begin(set);
        while ((entry = last_loaded(set)) != NULL)
            pf_entry_unload(set, entry);
        pf_extensions_end(set, turn);
    }
    if (set->has_language && set->language.release != NULL)
        set->language.release(set->language.user);
    pf_free(&set->memory, set->by_name);
    pf_arena_free(&set->arena);
    pf_mutex_free(set->lock);
    pf_mutex_free(set->turn);
    pf_memory_destroy(&set->memory);
    pf_free_disowned(set);
}

void pf_context_extensions(struct pf_context *ctx, struct pf_extensions *extensions)
{
    ctx->extensions = extensions;
    ctx->schemes = extensions != NULL ? &extensions->schemes : NULL;
}

/* ---- entries */

bool pf_name_is_legal(const char *text)
{
    size_t size = strlen(text);

    if (size == 0 || size >= PF_EXTENSION_NAME || strchr("-.+_", text[0]) != NULL)
        return false;
    for (; *text != '\0'; text++) {
        if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') ||
              strchr("-.+_", *text) != NULL))
            return false;
    }
    return true;
}

static bool make_room(struct pf_extensions *set)
{
    uint32_t capacity = set->capacity * 2 + 16;
    struct pf_entry **larger;

    if (set->count < set->capacity)
        return true;
    larger = pf_resize(&set->memory, set->by_name, capacity * sizeof(struct pf_entry *));
    if (larger == NULL)
        return false;
    set->by_name = larger;
    set->capacity = capacity;
    return true;
}

struct pf_entry *pf_entry_new(struct pf_extensions *set, enum pf_entry_kind kind, const char *name, const char *origin)
{
    struct pf_entry *entry = make_room(set) ? pf_arena_alloc_zero(&set->arena, 1, sizeof *entry) : NULL;
    uint32_t at = set->count;

    if (entry == NULL)
        return NULL;
    entry->kind = kind;
    entry->name = pf_set_line(set, name, 200);
    entry->origin = pf_set_line(set, origin, SIZE_MAX);
    entry->version = entry->description = entry->licence = entry->reason = entry->adds = "";
    entry->state = PF_EXTENSION_DISCOVERED;
    entry->available = true;
    *set->entries_end = entry;
    set->entries_end = &entry->next;
    for (; at > 0 && strcmp(set->by_name[at - 1]->name, entry->name) > 0; at--)
        set->by_name[at] = set->by_name[at - 1];
    set->by_name[at] = entry;
    set->count++;
    return entry;
}

struct pf_entry *pf_entry_find(const struct pf_extensions *set, const char *name)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (strcmp(set->by_name[i]->name, name) == 0)
            return set->by_name[i];
    }
    return NULL;
}

void pf_entry_refuse(struct pf_extensions *set, struct pf_entry *entry, const char *format, ...)
{
    char text[PF_REASON];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    entry->reason = pf_set_line(set, text, SIZE_MAX);
    entry->refused = true;
    entry->available = false;
    entry->state = PF_EXTENSION_FAILED;
}

/* ---- for programs */

static void fill_info(const struct pf_extensions *set, const struct pf_entry *entry, struct pf_extension_info *out)
{
    memset(out, 0, sizeof *out);
    out->name = entry->name;
    out->version = entry->version;
    out->description = entry->description;
    out->licence = entry->licence;
    out->kind = entry->kind == PF_ENTRY_LANGUAGE ? set->language.name : "native";
    out->origin = entry->origin;
    out->state = entry->state;
    out->available = entry->available;
    out->reason = entry->reason;
    out->adds = entry->adds;
    out->load_seconds = entry->load_seconds;
}

bool pf_extension_at(struct pf_extensions *set, uint32_t index, struct pf_extension_info *out)
{
    bool there;

    pf_extensions_lock(set);
    there = index < set->count;
    if (there)
        fill_info(set, set->by_name[index], out);
    pf_extensions_unlock(set);
    return there;
}

/* The entry of a name a user gave; NULL fills err. */
static struct pf_entry *named(struct pf_extensions *set, const char *name, struct pf_error *err)
{
    struct pf_entry *entry = pf_entry_find(set, name);

    if (entry == NULL) {
        pf_fail(err, PF_NOT_FOUND, "there is no extension '%.100s'", name);
        pf_remedy(err, "pyforge extensions lists those that were found");
    }
    return entry;
}

enum pf_status pf_extension_load(struct pf_extensions *set, const char *name, struct pf_error *err)
{
    struct pf_entry *entry;
    bool turn;

    pf_error_clear(err);
    turn = pf_extensions_begin(set);
    entry = named(set, name, err);
    if (entry != NULL)
        (void)pf_entry_load(set, entry, err);
    pf_extensions_end(set, turn);
    return err->status;
}

/* What runs may not lose what it uses. */
enum pf_status pf_entry_idle(const struct pf_extensions *set, const struct pf_entry *entry, bool turn, struct pf_error *err)
{
    if (!turn || entry->state == PF_EXTENSION_LOADING) {
        pf_fail(err, PF_LIMIT, "the extension %s cannot be changed while an extension is being loaded", entry->name);
        pf_remedy(err, "try again when it is");
        return PF_LIMIT;
    }
    if (set->users == 0 || entry->state != PF_EXTENSION_LOADED)
        return PF_OK;
    pf_fail(err, PF_LIMIT, "the extension %s is in use: %u conversions or streams are under way", entry->name, set->users);
    pf_remedy(err, "try again when they have ended");
    return PF_LIMIT;
}

static enum pf_status keep_choice(const struct pf_extensions *set, const char *name, bool enabled, struct pf_error *err)
{
    char path[PF_PATH_BYTES];

    if (pf_crashed_path(set, name, path) && enabled && !pf_file_remove(path))
        return pf_fail(err, PF_IO, "%s cannot be removed", path);
    if (!pf_disabled_path(set, name, path))
        return pf_fail(err, PF_IO, "there is no folder for settings: neither XDG_CONFIG_HOME nor HOME names one");
    if (enabled)
        return pf_file_remove(path) ? PF_OK : pf_fail(err, PF_IO, "%s cannot be removed", path);
    if (pf_folder_make_private(set->settings_folder) && pf_file_store(path, "", 0))
        return PF_OK;
    return pf_fail(err, PF_IO, "%s cannot be written", path);
}

static enum pf_status enable(struct pf_extensions *set, struct pf_entry *entry, bool enabled, struct pf_error *err)
{
    const char *why;

    if (keep_choice(set, entry->name, enabled, err) != PF_OK)
        return err->status;
    if (!enabled && entry->state == PF_EXTENSION_LOADED)
        pf_entry_unload(set, entry);
    if (entry->refused || entry->state == PF_EXTENSION_LOADED)
        return PF_OK;
    why = enabled ? pf_why_disabled(set, entry->name) : NULL;
    if (why != NULL) {
        entry->reason = why;
        pf_fail(err, PF_BAD_OPTION, "the extension %s is still %s", entry->name, why);
        pf_remedy(err, "what says so there goes before this choice: take it out");
        return PF_BAD_OPTION;
    }
    entry->crashed = false;
    entry->endings = 0;
    entry->state = enabled ? PF_EXTENSION_DISCOVERED : PF_EXTENSION_DISABLED;
    entry->available = enabled;
    entry->reason = enabled ? "" : pf_set_text(set, "disabled by the user; pyforge extensions enable %s", entry->name);
    return PF_OK;
}

enum pf_status pf_extension_enable(struct pf_extensions *set, const char *name, bool enabled, struct pf_error *err)
{
    struct pf_entry *entry;
    bool turn;

    pf_error_clear(err);
    turn = pf_extensions_begin(set);
    entry = named(set, name, err);
    if (entry != NULL && ((enabled && entry->state == PF_EXTENSION_LOADED) || pf_entry_idle(set, entry, turn, err) == PF_OK))
        (void)enable(set, entry, enabled, err);
    pf_extensions_end(set, turn);
    return err->status;
}

enum pf_status pf_extension_reload(struct pf_extensions *set, const char *name, struct pf_error *err)
{
    struct pf_entry *entry;
    bool turn;

    pf_error_clear(err);
    turn = pf_extensions_begin(set);
    entry = named(set, name, err);
    if (entry != NULL && pf_entry_idle(set, entry, turn, err) == PF_OK) {
        if (entry->state == PF_EXTENSION_LOADED)
            pf_entry_unload(set, entry);
        if (!entry->refused && entry->state != PF_EXTENSION_DISABLED)
            entry->state = PF_EXTENSION_DISCOVERED;
        (void)pf_entry_load(set, entry, err);
    }
    pf_extensions_end(set, turn);
    return err->status;
}

static enum pf_status add_part(struct pf_extensions *set, const struct pf_extension *extension, struct pf_error *err)
{
    struct pf_entry *entry;

    if (!PF_HAS(extension, name) || extension->name == NULL || !pf_name_is_legal(extension->name))
        return pf_fail(err, PF_BAD_OPTION, "the extension has no legal name");
    if (pf_entry_find(set, extension->name) != NULL)
        return pf_fail(err, PF_EXISTS, "there is an extension '%s' already", extension->name);
    entry = pf_entry_new(set, PF_ENTRY_PART, extension->name, "part of the program");
    if (entry == NULL)
        return pf_fail_memory(err, sizeof *entry);
    entry->language = extension;
    return PF_OK;
}

enum pf_status pf_extension_add(struct pf_extensions *set, const struct pf_extension *extension, struct pf_error *err)
{
    pf_error_clear(err);
    pf_extensions_lock(set);
    (void)add_part(set, extension, err);
    pf_extensions_unlock(set);
    return err->status;
}
