/* Running an extension's code for the first time, and for the last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "extension/set.h"

enum { ENDINGS = 2, ENDINGS_TEXT = 40 };

#define LOADING "loading-"
#define CRASHED "crashed-"

/* ---- files beside */

static bool path_of(const char *folder, const char *prefix, const char *name, char to[PF_PATH_BYTES])
{
    int wrote;

    if (folder[0] == '\0' || !pf_name_is_legal(name))
        return false;
    wrote = snprintf(to, PF_PATH_BYTES, "%s/%s%s", folder, prefix, name);
    return wrote > 0 && wrote < PF_PATH_BYTES - 32;
}

bool pf_disabled_path(const struct pf_extensions *set, const char *name, char to[PF_PATH_BYTES])
{
    return path_of(set->settings_folder, "disabled-", name, to);
}

bool pf_crashed_path(const struct pf_extensions *set, const char *name, char to[PF_PATH_BYTES])
{
    return path_of(set->state_folder, CRASHED, name, to);
}

/* The marker of loading entry; negative = there is none. */
static int make_marker(const struct pf_extensions *set, const struct pf_entry *entry, char path[PF_PATH_BYTES])
{
    char host[PF_HOST_BYTES];
    size_t used;
    int wrote;

    if (entry->kind == PF_ENTRY_PART || !path_of(set->state_folder, LOADING, entry->name, path))
        return -1;
    /* two processes may load it at the same time; names of extensions have no '@' */
    pf_host_name(host);
    used = strlen(path);
    wrote = snprintf(path + used, PF_PATH_BYTES - used, "@%lld-%s", (long long)pf_now_ns(), host);
    if (wrote < 0 || (size_t)wrote >= PF_PATH_BYTES - used)
        return -1;
    return pf_folder_make_private(set->state_folder) ? pf_marker_make(path) : -1;
}

/* When the loading began; -1 = the marker is of another machine, whose locks are not seen here, or it is none. file: behind '@'. */
static int64_t marker_began(const char *file)
{
    char host[PF_HOST_BYTES], *end;
    int64_t began = strtoll(file, &end, 10);

    pf_host_name(host);
    return end != file && *end == '-' && strcmp(end + 1, host) == 0 ? began : -1;
}

/* How often in a row loading has ended a process, by the file that says so: 0 = there is none. noted: when that was written last. */
static uint32_t read_endings(struct pf_extensions *set, const char *path, int64_t *noted)
{
    struct pf_error ignored;
    uint32_t count = ENDINGS; /* what cannot be read counts as enough */
    size_t size;
    char *text;

    *noted = 0;
    if (pf_file_load(&set->memory, path, ENDINGS_TEXT, &text, &size, NULL, &ignored) != PF_OK)
        return ignored.status == PF_NOT_FOUND ? 0 : count;
    if (size > 0 && text[0] >= '1' && text[0] <= '9' && (size == 1 || text[1] == ' ')) {
        count = (uint32_t)(text[0] - '0');
        *noted = strtoll(text + 1, NULL, 10);
    }
    pf_free(&set->memory, text);
    return count;
}

/* A process may be ended by others (a job that is stopped, memory that is short), and hardly twice at the same place. Several processes
 * are ended by others at once: a loading that began before the last ending was noted does not count once more. */
static void note_ending(struct pf_extensions *set, const char *path, int64_t began)
{
    char text[ENDINGS_TEXT];
    int64_t noted;
    uint32_t count = read_endings(set, path, &noted);
    int wrote;

    if (count > 0 && began <= noted)
        return;
    wrote = snprintf(text, sizeof text, "%u %lld", count < 9 ? count + 1 : 9, (long long)pf_now_ns());
    (void)pf_file_store(path, text, (size_t)wrote);
}

static bool ends_in(const char *text, const char *end)
{
    size_t size = strlen(text), more = strlen(end);

    return size >= more && strcmp(text + size - more, end) == 0;
}

/* A marker whose process is gone becomes the sign that loading ended it, which stays until the extension is loaded, or the user
 * enables it. */
static bool look_at_marker(void *user, const char *file)
{
    struct pf_extensions *set = user;
    char name[PF_EXTENSION_NAME], left[PF_PATH_BYTES], crashed[PF_PATH_BYTES];
    size_t size = strlen(file) > strlen(LOADING) ? strcspn(file + strlen(LOADING), "@") : 0;
    int wrote = snprintf(left, sizeof left, "%s/%s", set->state_folder, file);
    int64_t began;

    if (strncmp(file, LOADING, strlen(LOADING)) != 0 || size == 0 || size >= sizeof name ||
        file[strlen(LOADING) + size] != '@' || wrote < 0 || (size_t)wrote >= sizeof left)
        return true;
    memcpy(name, file + strlen(LOADING), size);
    name[size] = '\0';
    began = marker_began(file + strlen(LOADING) + size + 1);
    if (ends_in(file, ".new")) /* the process ended before it could begin */
        (void)pf_marker_take(left);
    else if (began >= 0 && pf_crashed_path(set, name, crashed) && pf_marker_take(left))
        note_ending(set, crashed, began);
    return true;
}

void pf_markers_read(struct pf_extensions *set)
{
    char path[PF_PATH_BYTES];
    int64_t noted;

    if (set->entries == NULL || set->state_folder[0] == '\0')
        return;
    (void)pf_folder_list(set->state_folder, look_at_marker, set);
    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        if (entry->refused || entry->state == PF_EXTENSION_DISABLED || !pf_crashed_path(set, entry->name, path))
            continue;
        entry->endings = read_endings(set, path, &noted);
        if (entry->endings < ENDINGS)
            continue;
        entry->crashed = true;
        entry->state = PF_EXTENSION_DISABLED;
        entry->available = false;
        entry->reason = pf_set_text(set,
                                    "the process ended while it was loaded, twice in a row, so it is disabled; pyforge "
                                    "extensions enable %s tries again",
                                    entry->name);
    }
}

/* ---- descriptor */

enum pf_status pf_descriptor_take(const struct pf_entry *entry, const struct pf_extension *given, struct pf_extension *own,
                                  struct pf_error *err)
{
    memset(own, 0, sizeof *own);
    if (!PF_HAS(given, initialise))
        return pf_fail(err, PF_BAD_DATA, "its descriptor has %zu bytes, which is too few", given->size);
    if (given->abi != PF_EXTENSION_ABI) {
        pf_fail(err, PF_UNSUPPORTED, "it was made for abi %u, this is abi %d", given->abi, PF_EXTENSION_ABI);
        pf_remedy(err, "get the build of it for PyForge %s", pf_version());
        return PF_UNSUPPORTED;
    }
    memcpy(own, given, given->size < sizeof *own ? given->size : sizeof *own);
    if (own->name == NULL || strcmp(own->name, entry->name) != 0)
        return pf_fail(err, PF_BAD_DATA, "it calls itself '%.60s', it was found as '%.60s'", own->name != NULL ? own->name : "",
                       entry->name);
    if (own->hooks != 0 && own->hook == NULL)
        return pf_fail(err, PF_BAD_DATA, "it wants hooks and has no function for them");
    return PF_OK;
}

static enum pf_status get_descriptor(struct pf_extensions *set, struct pf_entry *entry, const struct pf_extension **given,
                                     struct pf_error *err)
{
    enum pf_status status;

    *given = entry->language;
    if (entry->kind == PF_ENTRY_PART)
        return PF_OK;
    if (entry->kind == PF_ENTRY_NATIVE)
        return pf_library_load(set, entry, given, err);
    if (set->language.load == NULL)
        return pf_fail(err, PF_UNSUPPORTED, "nothing here loads extensions in %s", set->language.name);
    *given = NULL;
    status = set->language.load(set->language.user, entry->name, entry->point, given, err);
    if (status == PF_OK && *given == NULL)
        status = pf_fail(err, PF_BAD_DATA, "it gives no descriptor");
    if (status != PF_OK && err->message[0] == '\0')
        pf_fail(err, status, "it cannot be loaded");
    if (status == PF_OK)
        entry->language = *given;
    return status;
}

static void copy_texts(struct pf_extensions *set, struct pf_entry *entry)
{
    const struct pf_extension *own = &entry->extension;

    if (own->version != NULL)
        entry->version = pf_set_line(set, own->version, 100);
    if (own->description != NULL)
        entry->description = pf_set_line(set, own->description, 1000);
    if (own->licence != NULL)
        entry->licence = pf_set_line(set, own->licence, 200);
}

/* ---- initialising */

static void drop_additions(struct pf_extensions *set, const struct pf_entry *entry)
{
    for (struct pf_addition *addition = set->additions; addition != NULL; addition = addition->next) {
        if (addition->entry == entry)
            addition->live = false;
    }
    set->formats = NULL;
}

/* false, with the reason in the entry, when it is of no use here. */
static bool ask_available(struct pf_extensions *set, struct pf_entry *entry)
{
    char reason[PF_REASON] = "";
    bool good;

    pf_extensions_unlock(set);
    good = entry->extension.available == NULL || entry->extension.available(&set->host, reason, sizeof reason);
    pf_extensions_lock(set);
    if (good)
        return true;
    reason[sizeof reason - 1] = '\0';
    entry->reason = pf_set_line(set, reason[0] != '\0' ? reason : "it says that it is not available here", SIZE_MAX);
    entry->available = false;
    return false;
}

uint32_t pf_entry_hooks(const struct pf_entry *entry)
{
    return entry->extension.hooks | entry->half.extension.hooks;
}

static enum pf_status note_hooks(struct pf_extensions *set, struct pf_entry *entry, struct pf_error *err)
{
    for (size_t i = 0; i < PF_HOOKS; i++) {
        if ((pf_entry_hooks(entry) & 1u << i) != 0 &&
            !pf_promise_add(set, &entry->added, PF_ADDS_HOOK, pf_hook_word((enum pf_hook)i), NULL))
            return pf_fail_memory(err, sizeof(struct pf_promise));
    }
    return PF_OK;
}

/* A manifest that promises what is not there would send users to it in vain. */
static enum pf_status compare(struct pf_extensions *set, struct pf_entry *entry, struct pf_error *err)
{
    /* what is only remembered of an earlier time is no promise */
    const char *missing = entry->has_manifest ? pf_promise_missing(set, entry->promises, entry->added) : NULL;
    const char *unsaid = entry->has_manifest ? pf_promise_missing(set, entry->added, entry->promises) : NULL;

    if (missing != NULL) {
        pf_fail(err, PF_BAD_DATA, "its manifest promises %s, which it does not add", missing);
        pf_remedy(err, "correct 'adds' in its manifest, or get a whole installation of it");
        return PF_BAD_DATA;
    }
    if (unsaid != NULL)
        entry->reason =
            pf_set_text(set, "it adds %s, which its manifest does not say: it is found only once it is loaded", unsaid);
    return PF_OK;
}

/* The class before its library: it may use what that has. */
static void shut_down(struct pf_extensions *set, struct pf_entry *entry)
{
    pf_extensions_unlock(set);
    if (entry->extension.shutdown != NULL)
        entry->extension.shutdown(entry->self);
    pf_half_end(entry);
    pf_extensions_lock(set);
}

/* Its own function, and what was begun of its library is ended when that fails. */
static enum pf_status start(struct pf_extensions *set, struct pf_entry *entry, struct pf_error *err)
{
    struct pf_registration to = { set, entry, false };
    enum pf_status status = PF_OK;

    pf_extensions_unlock(set);
    if (entry->extension.initialise != NULL)
        status = entry->extension.initialise(&set->host, &to, &entry->self, err);
    if (status != PF_OK)
        pf_half_end(entry);
    pf_extensions_lock(set);
    return status;
}

static enum pf_status initialise(struct pf_extensions *set, struct pf_entry *entry, struct pf_error *err)
{
    enum pf_status status;

    pf_error_clear(err);
    entry->self = NULL;
    entry->added = NULL;
    status = start(set, entry, err);
    if (status != PF_OK) {
        if (err->message[0] == '\0')
            pf_fail(err, PF_IO, "it could not be initialised (%s)", pf_status_name(status));
        err->status = status;
        return status;
    }
    status = note_hooks(set, entry, err);
    if (status == PF_OK)
        status = compare(set, entry, err);
    if (status != PF_OK)
        shut_down(set, entry);
    return status;
}

static void unload_language(struct pf_extensions *set, struct pf_entry *entry)
{
    if (entry->kind != PF_ENTRY_LANGUAGE || entry->language == NULL)
        return;
    pf_extensions_unlock(set);
    if (set->language.unload != NULL)
        set->language.unload(set->language.user, entry->language);
    pf_extensions_lock(set);
    entry->language = NULL;
    memset(&entry->extension, 0, sizeof entry->extension);
}

/* The additions know self only once initialise has answered. */
static void give_self(struct pf_extensions *set, const struct pf_entry *entry)
{
    for (struct pf_addition *addition = set->additions; addition != NULL; addition = addition->next) {
        if (addition->entry != entry || !addition->live)
            continue;
        if (addition->kind == PF_ADDS_FORMAT)
            addition->as.format->self = pf_addition_self(addition, addition->as.format->calls.self);
        else if (addition->kind == PF_ADDS_SCHEME)
            addition->as.scheme.self = pf_addition_self(addition, addition->as.scheme.calls.self);
    }
}

static enum pf_status run_code(struct pf_extensions *set, struct pf_entry *entry, struct pf_error *err)
{
    const struct pf_extension *given = NULL;
    enum pf_status status;

    pf_extensions_unlock(set);
    status = get_descriptor(set, entry, &given, err);
    pf_extensions_lock(set);
    if (status != PF_OK)
        return err->status;
    entry->loads++;
    if (pf_descriptor_take(entry, given, &entry->extension, err) != PF_OK)
        return err->status;
    copy_texts(set, entry);
    if (!ask_available(set, entry))
        return PF_END;
    if (initialise(set, entry, err) != PF_OK) {
        drop_additions(set, entry);
        return err->status;
    }
    give_self(set, entry);
    return PF_OK;
}

static void fail_entry(struct pf_extensions *set, struct pf_entry *entry, const struct pf_error *err)
{
    entry->state = PF_EXTENSION_FAILED;
    entry->available = false;
    entry->added = NULL;
    entry->reason = pf_set_text(set, "%s%s%s", err->message, err->remedy[0] != '\0' ? "; " : "", err->remedy);
}

/* Good or not, loading has come to its end. Another process may have noted an ending since this one has looked. */
static void forget_endings(const struct pf_extensions *set, struct pf_entry *entry)
{
    char path[PF_PATH_BYTES];

    if (entry->kind != PF_ENTRY_PART && pf_crashed_path(set, entry->name, path))
        (void)pf_file_remove(path);
    entry->endings = 0;
}

static enum pf_status load_now(struct pf_extensions *set, struct pf_entry *entry, struct pf_error *err)
{
    char path[PF_PATH_BYTES];
    double started = pf_clock();
    int marker = make_marker(set, entry, path);
    enum pf_status status;

    set->begun++;
    entry->state = PF_EXTENSION_LOADING;
    entry->reason = "";
    entry->available = true;
    pf_error_clear(err);
    status = run_code(set, entry, err);
    pf_marker_drop(marker, path);
    forget_endings(set, entry);
    entry->load_seconds = pf_clock() - started;
    if (status == PF_OK) {
        entry->state = PF_EXTENSION_LOADED;
        entry->order = ++set->loads;
        entry->adds = pf_promise_text(set, entry->added);
        set->formats = NULL;
        pf_remember(set, entry);
        pf_error_clear(err);
        return PF_OK;
    }
    unload_language(set, entry);
    if (status != PF_END) {
        fail_entry(set, entry, err);
        return status;
    }
    entry->state = PF_EXTENSION_UNLOADED;
    return PF_END;
}

/* Why it is not there, for what needed it. */
static enum pf_status tell_missing(const struct pf_entry *entry, struct pf_error *err)
{
    const char *why = entry->state == PF_EXTENSION_LOADING ? "it is being loaded" : entry->reason;

    return pf_fail(err, PF_UNSUPPORTED, "the extension %s %s: %s", entry->name,
                   entry->state == PF_EXTENSION_DISABLED ? "is disabled"
                   : entry->state == PF_EXTENSION_FAILED ? "has failed"
                                                         : "is not available",
                   why);
}

enum pf_status pf_entry_load(struct pf_extensions *set, struct pf_entry *entry, struct pf_error *err)
{
    enum pf_status status;

    if (entry->state == PF_EXTENSION_LOADED)
        return PF_OK;
    if (entry->refused || entry->state != PF_EXTENSION_DISCOVERED)
        return tell_missing(entry, err);
    if (!pf_mutex_try(set->turn))
        return pf_fail(err, PF_UNSUPPORTED, "the extension %s is not available: another thread has been loading one for long",
                       entry->name);
    status = load_now(set, entry, err);
    pf_mutex_unlock(set->turn);
    return status == PF_OK ? PF_OK : tell_missing(entry, err);
}

void pf_entry_unload(struct pf_extensions *set, struct pf_entry *entry)
{
    drop_additions(set, entry);
    entry->state = PF_EXTENSION_UNLOADED; /* others may look at it while it is shut down */
    shut_down(set, entry);
    entry->self = NULL;
    entry->added = NULL;
    entry->adds = pf_promise_text(set, entry->promises);
    unload_language(set, entry);
}

/* ---- when needed */

void pf_load_unknown(struct pf_extensions *set)
{
    struct pf_error ignored; /* it is in the entry's reason */

    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        if (!entry->has_manifest && entry->state == PF_EXTENSION_DISCOVERED)
            (void)pf_entry_load(set, entry, &ignored);
    }
}

void pf_load_promised(struct pf_extensions *set, enum pf_adds kind)
{
    struct pf_error ignored;

    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        for (const struct pf_promise *promise = entry->promises; promise != NULL; promise = promise->next) {
            if (promise->kind != kind || entry->state != PF_EXTENSION_DISCOVERED)
                continue;
            (void)pf_entry_load(set, entry, &ignored);
            break;
        }
    }
}

static bool is_engine_for(const struct pf_promise *promise, bool table, const char *format)
{
    const char *wanted = table ? "tables" : format;

    if (promise->suffixes == NULL || promise->suffixes[0] == NULL)
        return true;
    for (const char *const *word = promise->suffixes; wanted != NULL && *word != NULL; word++) {
        if (pf_same_word(*word, wanted))
            return true;
    }
    return false;
}

void pf_load_engines(struct pf_extensions *set, bool table, const char *format)
{
    struct pf_error ignored;

    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        for (const struct pf_promise *promise = entry->promises; promise != NULL; promise = promise->next) {
            if (promise->kind != PF_ADDS_ENGINE || entry->state != PF_EXTENSION_DISCOVERED ||
                !is_engine_for(promise, table, format))
                continue;
            (void)pf_entry_load(set, entry, &ignored);
            break;
        }
    }
}
