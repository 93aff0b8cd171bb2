/* Finding what extensions add, by kind and name; what is promised is loaded first. */
#include <string.h>

#include "base/text.h"
#include "extension/use.h"

struct pf_addition *pf_addition_find(const struct pf_extensions *set, enum pf_adds kind, const char *name)
{
    for (struct pf_addition *addition = set->additions; addition != NULL; addition = addition->next) {
        if (addition->live && addition->kind == kind && pf_same_word(addition->name, name))
            return addition;
    }
    return NULL;
}

/* One whose extension has been initialised. */
static struct pf_addition *find_ready(const struct pf_extensions *set, enum pf_adds kind, const char *name)
{
    struct pf_addition *addition = pf_addition_find(set, kind, name);

    return addition != NULL && addition->entry->state == PF_EXTENSION_LOADED ? addition : NULL;
}

void *pf_addition_self(const struct pf_addition *addition, void *own)
{
    if (own != NULL)
        return own;
    return addition->of_half ? addition->entry->half.self : addition->entry->self;
}

/* The first entry that promises it and may yet be loaded; else the first that says why it cannot be. */
static struct pf_entry *who_promises(const struct pf_extensions *set, enum pf_adds kind, const char *name)
{
    struct pf_entry *lost = NULL;

    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        if (entry->state == PF_EXTENSION_LOADED || pf_promise_find(entry->promises, kind, name) == NULL)
            continue;
        if (entry->state == PF_EXTENSION_DISCOVERED && !entry->refused)
            return entry;
        lost = lost != NULL ? lost : entry;
    }
    return lost;
}

enum pf_status pf_addition_get(struct pf_extensions *set, enum pf_adds kind, const char *name, bool unknown,
                               struct pf_addition **out, struct pf_error *err)
{
    struct pf_entry *entry;

    pf_error_clear(err);
    *out = find_ready(set, kind, name);
    if (*out != NULL)
        return PF_OK;
    entry = who_promises(set, kind, name);
    if (entry != NULL && pf_entry_load(set, entry, err) != PF_OK) {
        char why[sizeof err->message];

        memcpy(why, err->message, sizeof why);
        return pf_fail(err, PF_UNSUPPORTED, "the %s '%.60s' is not there: %.400s", pf_adds_word(kind), name, why);
    }
    if (entry == NULL && unknown)
        pf_load_unknown(set);
    *out = find_ready(set, kind, name);
    return PF_OK;
}

/* ---- paths of schemes */

/* After "/", "//" or "/./", which are all one slash. */
static const char *after_slash(const char *at)
{
    while (*at == '/' || (*at == '.' && at[-1] == '/' && (at[1] == '/' || at[1] == '\0')))
        at++;
    return at;
}

/* Whether the location is in the folder, which has a slash at both ends, or is the folder itself, with or without that at its end. */
static bool is_in(const char *folder, const char *location)
{
    while (*folder != '\0') {
        if (*location != *folder)
            return *location == '\0' && folder[0] == '/' && folder[1] == '\0';
        location = *folder++ == '/' ? after_slash(location) : location + 1;
    }
    return true;
}

bool pf_claims(const char *const *paths, const char *location)
{
    for (; paths != NULL && *paths != NULL; paths++) {
        if (is_in(*paths, location))
            return true;
    }
    return false;
}

static struct pf_addition *scheme_of_path(const struct pf_extensions *set, const char *location)
{
    for (struct pf_addition *addition = set->additions; addition != NULL; addition = addition->next) {
        if (addition->live && addition->kind == PF_ADDS_SCHEME && addition->entry->state == PF_EXTENSION_LOADED &&
            pf_claims(addition->as.scheme.calls.paths, location))
            return addition;
    }
    return NULL;
}

/* Of the scheme that promises to claim the path; with lost, one that is disabled, has failed, or that another thread is loading. */
static const struct pf_promise *who_claims(const struct pf_extensions *set, const char *location, bool lost,
                                           struct pf_entry **of)
{
    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        bool wanted = lost ? entry->state == PF_EXTENSION_DISABLED || entry->state == PF_EXTENSION_FAILED ||
                                 entry->state == PF_EXTENSION_LOADING || entry->state == PF_EXTENSION_DISCOVERED
                           : entry->state == PF_EXTENSION_DISCOVERED;

        for (const struct pf_promise *promise = entry->promises; wanted && promise != NULL; promise = promise->next) {
            if (promise->kind == PF_ADDS_SCHEME && pf_claims(promise->suffixes, location)) {
                *of = entry;
                return promise;
            }
        }
    }
    return NULL;
}

static enum pf_status tell_unclaimed(const char *location, const struct pf_promise *promise, const struct pf_entry *entry,
                                     struct pf_error *err)
{
    bool waits = entry->state == PF_EXTENSION_LOADING || entry->state == PF_EXTENSION_DISCOVERED;

    pf_fail(err, PF_UNSUPPORTED, "this path is of the scheme %.60s, which is not there: the extension %s %s: %.400s",
            promise->name, entry->name,
            waits                                   ? "is not loaded"
            : entry->state == PF_EXTENSION_DISABLED ? "is disabled"
                                                    : "has failed",
            waits ? "another thread has been loading one for long" : entry->reason);
    pf_error_source(err, location);
    return PF_UNSUPPORTED;
}

enum pf_status pf_scheme_get(struct pf_extensions *set, const char *location, struct pf_addition **out, struct pf_error *err)
{
    const struct pf_promise *promise;
    struct pf_entry *entry = NULL;
    struct pf_error ignored;

    pf_error_clear(err);
    *out = scheme_of_path(set, location);
    while (*out == NULL && who_claims(set, location, false, &entry) != NULL) {
        /* what it is worth is in its state then */
        (void)pf_entry_load(set, entry, &ignored);
        *out = scheme_of_path(set, location);
        if (entry->state == PF_EXTENSION_DISCOVERED)
            break;
    }
    promise = *out == NULL ? who_claims(set, location, true, &entry) : NULL;
    return promise != NULL ? tell_unclaimed(location, promise, entry, err) : PF_OK;
}

/* ---- formats */

/* A format under construction is not listed: its functions know no self before initialise has ended. */
static bool is_listed(const struct pf_addition *addition)
{
    return addition->live && addition->kind == PF_ADDS_FORMAT && addition->entry->state == PF_EXTENSION_LOADED;
}

static const struct pf_format_list *make_list(struct pf_extensions *set, const struct pf_format_list *built_in)
{
    struct pf_format_list *list;
    struct pf_format *formats;
    uint32_t count = 0;

    for (const struct pf_addition *addition = set->additions; addition != NULL; addition = addition->next)
        count += is_listed(addition) ? 1 : 0;
    if (count == 0)
        return built_in;
    list = pf_arena_alloc(&set->arena, sizeof *list);
    formats = pf_arena_alloc_zero(&set->arena, (size_t)built_in->count + count, sizeof *formats);
    if (list == NULL || formats == NULL)
        return built_in;
    memcpy(formats, built_in->formats, built_in->count * sizeof *formats);
    list->formats = formats;
    list->count = built_in->count;
    list->usual_writer = built_in->usual_writer;
    for (const struct pf_addition *addition = set->additions; addition != NULL; addition = addition->next) {
        if (is_listed(addition))
            formats[list->count++] = addition->as.format->format;
    }
    return list;
}

const struct pf_format_list *pf_formats(const struct pf_context *ctx)
{
    struct pf_extensions *set = ctx->extensions;
    const struct pf_format_list *list;

    if (set == NULL)
        return ctx->formats;
    pf_extensions_lock(set);
    if (set->formats == NULL)
        set->formats = make_list(set, ctx->formats);
    list = set->formats;
    pf_extensions_unlock(set);
    return list;
}

/* Loads what promises a format of this name. */
static enum pf_status want_format(const struct pf_context *ctx, const char *name, struct pf_error *err)
{
    struct pf_addition *addition;
    enum pf_status status;
    bool turn;

    pf_error_clear(err);
    if (ctx->extensions == NULL)
        return PF_OK;
    turn = pf_extensions_begin(ctx->extensions);
    status = pf_addition_get(ctx->extensions, PF_ADDS_FORMAT, name, true, &addition, err);
    pf_extensions_end(ctx->extensions, turn);
    return status;
}

enum pf_status pf_find_reader(struct pf_context *ctx, const char *name, const struct pf_reader **out, struct pf_error *err)
{
    *out = pf_reader_by_name(pf_formats(ctx), name);
    if (*out != NULL)
        return PF_OK;
    if (want_format(ctx, name, err) == PF_OK)
        *out = pf_reader_by_name(pf_formats(ctx), name);
    return err->status;
}

enum pf_status pf_find_writer(struct pf_context *ctx, const char *name, const struct pf_writer **out, struct pf_error *err)
{
    *out = pf_writer_by_name(pf_formats(ctx), name);
    if (*out != NULL)
        return PF_OK;
    if (want_format(ctx, name, err) == PF_OK)
        *out = pf_writer_by_name(pf_formats(ctx), name);
    return err->status;
}

/* ---- formats by suffix */

/* Whether path ends in the suffix; a compression may follow. */
static bool ends_in(const char *path, const char *suffix)
{
    static const char *const behind[] = { "", ".gz", ".zst", ".zip" };
    size_t size = strlen(path), length = strlen(suffix);

    for (size_t i = 0; i < PF_COUNT(behind); i++) {
        size_t more = strlen(behind[i]);
        char end[PF_EXTENSION_NAME];

        if (size < length + more + 2 || length >= sizeof end || path[size - more - length - 1] != '.' ||
            !pf_same_word(path + size - more, behind[i]))
            continue;
        memcpy(end, path + size - more - length, length);
        end[length] = '\0';
        if (pf_same_word(end, suffix))
            return true;
    }
    return false;
}

static const struct pf_promise *promise_of(const struct pf_entry *entry, const char *path)
{
    for (const struct pf_promise *promise = entry->promises; promise != NULL; promise = promise->next) {
        for (const char *const *suffix = promise->suffixes; suffix != NULL && *suffix != NULL; suffix++) {
            if (promise->kind == PF_ADDS_FORMAT && ends_in(path, *suffix))
                return promise;
        }
    }
    return NULL;
}

/* As who_promises: one that may yet be loaded goes before those that say why not. */
static const struct pf_promise *suffix_promise(const struct pf_extensions *set, const char *path)
{
    const struct pf_promise *lost = NULL;

    for (const struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        const struct pf_promise *promise = entry->state != PF_EXTENSION_LOADED ? promise_of(entry, path) : NULL;

        if (promise != NULL && entry->state == PF_EXTENSION_DISCOVERED && !entry->refused)
            return promise;
        lost = lost != NULL ? lost : promise;
    }
    return lost;
}

/* Loads what promises a format with the path's suffix. */
static enum pf_status want_suffix(const struct pf_context *ctx, const char *path, struct pf_error *err)
{
    struct pf_extensions *set = ctx->extensions;
    const struct pf_promise *promise;
    struct pf_addition *addition;
    enum pf_status status = PF_OK;
    bool turn;

    pf_error_clear(err);
    if (set == NULL)
        return PF_OK;
    turn = pf_extensions_begin(set);
    promise = suffix_promise(set, path);
    if (promise != NULL)
        status = pf_addition_get(set, PF_ADDS_FORMAT, promise->name, false, &addition, err);
    pf_extensions_end(set, turn);
    return status;
}

enum pf_status pf_find_writer_of(struct pf_context *ctx, const char *path, const struct pf_writer **out, struct pf_error *err)
{
    *out = pf_writer_by_suffix(pf_formats(ctx), path);
    if (*out != NULL)
        return PF_OK;
    if (want_suffix(ctx, path, err) == PF_OK)
        *out = pf_writer_by_suffix(pf_formats(ctx), path);
    return err->status;
}

enum pf_status pf_find_reader_of(struct pf_context *ctx, struct pf_source *src, const struct pf_reader **out,
                                 struct pf_error *err)
{
    const char *name = pf_source_name(src);
    struct pf_error missing;

    pf_error_clear(&missing);
    if (pf_reader_by_suffix(pf_formats(ctx), name) == NULL)
        (void)want_suffix(ctx, name, &missing);
    if (missing.status == PF_OK)
        return pf_detect_reader(pf_formats(ctx), src, out, err);
    /* It is of a format that cannot be had: to read it as another one would be a guess. */
    *err = missing;
    return err->status;
}

const char *pf_extension_silent(const struct pf_context *ctx, const char **why)
{
    struct pf_extensions *set = ctx->extensions;
    const char *name = NULL;

    if (set == NULL)
        return NULL;
    pf_extensions_lock(set);
    for (const struct pf_entry *entry = set->entries; entry != NULL && name == NULL; entry = entry->next) {
        if (entry->available || entry->refused || entry->has_manifest || entry->promises != NULL)
            continue;
        name = entry->name;
        *why = entry->state == PF_EXTENSION_DISABLED ? "is disabled"
               : entry->state == PF_EXTENSION_FAILED ? "has failed"
                                                     : "is not available";
    }
    pf_extensions_unlock(set);
    return name;
}

/* ---- options */

const struct pf_option *pf_extension_options(const struct pf_context *ctx, uint32_t index, const char **owner)
{
    struct pf_extensions *set = ctx->extensions;
    const struct pf_option *found = NULL;

    if (set == NULL)
        return NULL;
    pf_extensions_lock(set);
    for (const struct pf_addition *addition = set->additions; addition != NULL && found == NULL; addition = addition->next) {
        if (!addition->live || addition->kind != PF_ADDS_OPTION || addition->entry->state != PF_EXTENSION_LOADED || index-- > 0)
            continue;
        found = addition->as.options.options;
        *owner = addition->owner;
    }
    pf_extensions_unlock(set);
    return found;
}

/* Options are promised by their long names; a user may write '_', or "no-" in front. */
static bool is_option_promised(const struct pf_entry *entry, const char *name)
{
    for (const struct pf_promise *promise = entry->promises; promise != NULL; promise = promise->next) {
        struct pf_option table[2] = { { .name = promise->name }, { .name = NULL } };

        if (promise->kind == PF_ADDS_OPTION && pf_option_find(table, name) != NULL)
            return true;
    }
    return false;
}

bool pf_want_option(const struct pf_context *ctx, const char *name)
{
    struct pf_extensions *set = ctx->extensions;
    struct pf_error ignored;
    uint32_t before;
    bool more;
    bool turn;

    if (set == NULL)
        return false;
    turn = pf_extensions_begin(set);
    before = set->loads;
    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        if (entry->state == PF_EXTENSION_DISCOVERED && is_option_promised(entry, name))
            (void)pf_entry_load(set, entry, &ignored);
    }
    if (set->loads == before)
        pf_load_unknown(set);
    more = set->loads != before;
    pf_extensions_end(set, turn);
    return more;
}

void pf_want_options(const struct pf_context *ctx)
{
    bool turn;

    if (ctx->extensions == NULL)
        return;
    turn = pf_extensions_begin(ctx->extensions);
    pf_load_promised(ctx->extensions, PF_ADDS_OPTION);
    pf_extensions_end(ctx->extensions, turn);
}

void pf_want_unknown(struct pf_context *ctx)
{
    bool turn;

    if (ctx->extensions == NULL)
        return;
    turn = pf_extensions_begin(ctx->extensions);
    pf_load_unknown(ctx->extensions);
    pf_extensions_end(ctx->extensions, turn);
}

/* ---- engines */

void pf_want_engines(const struct pf_context *ctx, bool table, const char *format)
{
    bool turn;

    if (ctx->extensions == NULL)
        return;
    turn = pf_extensions_begin(ctx->extensions);
    pf_load_engines(ctx->extensions, table, format);
    pf_extensions_end(ctx->extensions, turn);
}

const struct pf_engine_addition *pf_engine_at(struct pf_context *ctx, uint32_t index, void **self)
{
    struct pf_extensions *set = ctx->extensions;
    const struct pf_engine_addition *found = NULL;

    if (set == NULL)
        return NULL;
    pf_extensions_lock(set);
    for (const struct pf_addition *addition = set->additions; addition != NULL && found == NULL; addition = addition->next) {
        if (!addition->live || addition->kind != PF_ADDS_ENGINE || addition->entry->state != PF_EXTENSION_LOADED || index-- > 0)
            continue;
        found = &addition->as.engine;
        *self = pf_addition_self(addition, found->self);
    }
    pf_extensions_unlock(set);
    return found;
}

const struct pf_engine_addition *pf_find_engine(struct pf_context *ctx, const char *name, void **self, struct pf_error *err)
{
    struct pf_addition *addition = NULL;
    bool turn;

    pf_error_clear(err);
    if (ctx->extensions == NULL)
        return NULL;
    turn = pf_extensions_begin(ctx->extensions);
    (void)pf_addition_get(ctx->extensions, PF_ADDS_ENGINE, name, true, &addition, err);
    if (addition != NULL)
        *self = pf_addition_self(addition, addition->as.engine.self);
    pf_extensions_end(ctx->extensions, turn);
    return addition != NULL ? &addition->as.engine : NULL;
}
