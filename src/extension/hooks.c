/* Hooks: one kind over all extensions, in order; what one does wrong is told and held against it alone. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/watch.h"
#include "extension/use.h"

enum { NOTE = 900 };
static const double usual_limit = 5.0;

struct pf_hook_user {
    const struct pf_entry *entry;
    const struct pf_extension *extension; /* the entry's, or that of its library */
    void *self;
    bool left_out; /* one of its hooks overran the limit */
};

struct pf_hook_call {
    struct pf_hook_run *run;
};

static void note(const struct pf_hook_run *run, const char *format, ...) PF_PRINTF(2, 3);

static void note(const struct pf_hook_run *run, const char *format, ...)
{
    char text[NOTE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    run->subject->note(run->subject->user, text);
}

/* ---- which */

static bool goes_before(const struct pf_hook_user *a, const struct pf_hook_user *b)
{
    if (a->extension->hook_order != b->extension->hook_order)
        return a->extension->hook_order < b->extension->hook_order;
    return strcmp(a->entry->name, b->entry->name) < 0;
}

/* users has room. */
static void insert(struct pf_hook_run *run, const struct pf_entry *entry, const struct pf_extension *extension, void *self)
{
    const struct pf_hook_user user = { entry, extension, self, false };
    uint32_t at = run->count;

    if (extension->hooks == 0)
        return;
    for (; at > 0 && goes_before(&user, &run->users[at - 1]); at--)
        run->users[at] = run->users[at - 1];
    run->users[at] = user;
    run->count++;
}

/* only NULL = all that are loaded. */
static enum pf_status collect(struct pf_hook_run *run, const struct pf_entry *only, struct pf_error *err)
{
    const struct pf_extensions *set = run->set;

    run->users = pf_alloc_zero(&run->ctx->memory, (size_t)set->count * 2 + 1, sizeof *run->users);
    if (run->users == NULL)
        return pf_fail_memory(err, set->count * sizeof *run->users);
    for (const struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        if (entry->state != PF_EXTENSION_LOADED || (only != NULL && entry != only))
            continue;
        insert(run, entry, &entry->half.extension, entry->half.self);
        insert(run, entry, &entry->extension, entry->self);
    }
    return PF_OK;
}

enum pf_status pf_hooks_begin(struct pf_hook_run *run, struct pf_context *ctx, struct pf_hook_subject *subject,
                              struct pf_error *err)
{
    return pf_hooks_begin_one(run, ctx, subject, NULL, err);
}

enum pf_status pf_hooks_begin_one(struct pf_hook_run *run, struct pf_context *ctx, struct pf_hook_subject *subject,
                                  const struct pf_entry *entry, struct pf_error *err)
{
    enum pf_status status;
    bool turn;

    run->ctx = ctx;
    run->subject = subject;
    pf_buffer_init(&run->pending, &ctx->memory, 1 << 20);
    if (ctx->extensions == NULL || ctx->inside_hook || ctx->extensions->entries == NULL)
        return PF_OK;
    run->set = ctx->extensions;
    run->limit = pf_limit_of(getenv("PYFORGE_HOOK_LIMIT"), usual_limit);
    pf_extensions_use(run->set);
    turn = pf_extensions_begin(run->set);
    if (entry == NULL) {
        pf_load_unknown(run->set);
        pf_load_promised(run->set, PF_ADDS_HOOK);
    }
    status = collect(run, entry, err);
    pf_extensions_end(run->set, turn);
    if (status != PF_OK || run->count == 0)
        return status;
    run->log_lock = pf_mutex_new();
    return run->log_lock != NULL ? PF_OK : pf_fail_memory(err, 1);
}

void pf_hooks_end(struct pf_hook_run *run)
{
    if (run->ctx == NULL)
        return;
    pf_free(&run->ctx->memory, run->users);
    pf_buffer_free(&run->pending);
    pf_mutex_free(run->log_lock);
    pf_extensions_leave(run->set);
    memset(run, 0, sizeof *run);
}

/* ---- calling */

/* On the watch's thread, while the hook runs. */
static void tell_late(void *user)
{
    struct pf_hook_run *run = user;

    pf_mutex_lock(run->log_lock);
    /* as an error: warnings may wait for the result, and this is to be seen now */
    pf_log(run->ctx, PF_LOG_ERROR, "the hook %s of the extension %s has run for more than %g s and is still running",
           pf_hook_word(run->hook), run->current->entry->name, run->limit);
    pf_mutex_unlock(run->log_lock);
}

/* What was logged while the watch held the log. */
static void log_pending(struct pf_hook_run *run)
{
    for (size_t at = 0; at < run->pending.size;) {
        const char *text = (const char *)run->pending.data + at;

        pf_log(run->ctx, (enum pf_log_level)(text[0] - '0'), "%s", text + 1);
        at += strlen(text) + 1;
    }
    pf_buffer_clear(&run->pending);
}

static void judge(struct pf_hook_run *run, struct pf_hook_user *user, enum pf_status status, double seconds,
                  const struct pf_error *err)
{
    const char *name = user->entry->name, *hook = pf_hook_word(run->hook);

    if (seconds > run->limit) {
        user->left_out = true;
        note(run, "the hook %s of the extension %s took %.1f s, more than %g s are not allowed: its later hooks were left out",
             hook, name, seconds, run->limit);
    }
    if (status == PF_OK || status == PF_END)
        return;
    if (status < PF_OK || status > PF_INTERNAL)
        note(run, "the hook %s of the extension %s answered with nonsense (%d)", hook, name, (int)status);
    else
        note(run, "the hook %s of the extension %s failed: %s", hook, name,
             err->message[0] != '\0' ? err->message : pf_status_name(status));
}

static void call_one(struct pf_hook_run *run, struct pf_hook_user *user, struct pf_watch *watch)
{
    struct pf_hook_call call = { run };
    struct pf_error err;
    enum pf_status status;
    double started = pf_clock();

    pf_error_clear(&err);
    run->current = user;
    run->ctx->hook_run = run;
    if (watch != NULL)
        pf_watch_begin(watch, run->limit);
    status = user->extension->hook(user->self, run->hook, run->ctx, &call, &err);
    if (watch != NULL)
        (void)pf_watch_end(watch);
    run->ctx->hook_run = NULL;
    log_pending(run);
    judge(run, user, status, pf_clock() - started, &err);
    run->current = NULL;
}

void pf_hooks_call(struct pf_hook_run *run, enum pf_hook hook)
{
    struct pf_watch *watch = NULL;
    bool wanted = false;

    for (uint32_t i = 0; i < run->count; i++)
        wanted = wanted || ((run->users[i].extension->hooks & 1u << hook) != 0 && !run->users[i].left_out);
    if (!wanted)
        return;
    run->hook = hook;
    /* without a thread for it, an overrun is told afterwards */
    watch = pf_watch_new(tell_late, run);
    for (uint32_t i = 0; i < run->count; i++) {
        if ((run->users[i].extension->hooks & 1u << hook) != 0 && !run->users[i].left_out)
            call_one(run, &run->users[i], watch);
    }
    pf_watch_free(watch);
}

static bool is_probe(const struct pf_addition *addition)
{
    return addition->live && addition->kind == PF_ADDS_PROBE && addition->entry->state == PF_EXTENSION_LOADED;
}

/* On the watch's thread, while a probe runs. */
static void tell_late_probe(void *user)
{
    struct pf_hook_run *run = user;

    pf_log(run->ctx, PF_LOG_ERROR, "a probe of an extension has run for more than %g s and is still running", run->limit);
}

/* The probes of what is loaded, in memory of the context; NULL = there are none, or no memory. They are called without the lock: what
 * one starts may ask for it. */
static const struct pf_addition **collect_probes(const struct pf_hook_run *run, uint32_t *count)
{
    const struct pf_addition **probes = NULL;
    uint32_t room = 0;

    *count = 0;
    for (const struct pf_addition *one = run->set->additions; one != NULL; one = one->next)
        room += is_probe(one) ? 1 : 0;
    if (room > 0)
        probes = pf_alloc(&run->ctx->memory, room * sizeof(const struct pf_addition *));
    for (const struct pf_addition *one = run->set->additions; probes != NULL && one != NULL; one = one->next) {
        if (is_probe(one))
            probes[(*count)++] = one;
    }
    return probes;
}

static void probe_one(struct pf_hook_run *run, const struct pf_addition *probe)
{
    struct pf_error err;
    char *json;

    pf_error_clear(&err);
    json = probe->as.probe.probe(pf_addition_self(probe, probe->as.probe.self), run->ctx, &err);
    if (json != NULL && pf_json_is_valid(json))
        run->subject->fact(run->subject->user, probe->entry->name, probe->name, json);
    else if (json != NULL || err.message[0] != '\0')
        note(run, "the probe %s of the extension %s failed: %s", probe->name, probe->entry->name,
             err.message[0] != '\0' ? err.message : "what it answers is no JSON");
    pf_free(&run->ctx->memory, json);
}

void pf_hooks_probe(struct pf_hook_run *run, bool all)
{
    bool inside = run->ctx->inside_hook;
    const struct pf_addition **probes;
    struct pf_watch *watch;
    uint32_t count;
    bool turn;

    if (run->set == NULL)
        return;
    turn = pf_extensions_begin(run->set);
    if (all)
        pf_load_promised(run->set, PF_ADDS_PROBE);
    probes = collect_probes(run, &count);
    pf_extensions_end(run->set, turn);
    watch = count > 0 ? pf_watch_new(tell_late_probe, run) : NULL;
    run->ctx->inside_hook = true;
    for (uint32_t i = 0; i < count; i++) {
        if (watch != NULL)
            pf_watch_begin(watch, run->limit);
        probe_one(run, probes[i]);
        if (watch != NULL)
            (void)pf_watch_end(watch);
    }
    run->ctx->inside_hook = inside;
    pf_watch_free(watch);
    pf_free(&run->ctx->memory, probes);
}

void pf_hooks_tell_failed(const struct pf_hook_run *run)
{
    if (run->set == NULL)
        return;
    pf_extensions_lock(run->set);
    for (const struct pf_entry *entry = run->set->entries; entry != NULL; entry = entry->next) {
        if ((entry->state == PF_EXTENSION_FAILED && !entry->refused) || entry->crashed)
            note(run, "the extension %s could not be loaded, so it takes no part: %s", entry->name, entry->reason);
        else if (entry->state == PF_EXTENSION_LOADING)
            note(run, "the extension %s is still being loaded, so it takes no part", entry->name);
    }
    pf_extensions_unlock(run->set);
}

/* ---- what a hook may ask and do */

static const char *hook_input(const struct pf_hook_call *call)
{
    return call->run->subject->input;
}

static const char *hook_output(const struct pf_hook_call *call)
{
    return call->run->subject->output;
}

static const char *hook_option(const struct pf_hook_call *call, const char *name)
{
    return call->run->subject->option(call->run->subject->user, name);
}

static const char *hook_options(const struct pf_hook_call *call)
{
    return call->run->subject->options(call->run->subject->user);
}

static enum pf_status hook_set(struct pf_hook_call *call, const char *name, const char *value, struct pf_error *err)
{
    struct pf_hook_run *run = call->run;
    const char *by = run->current->entry->name;

    pf_error_clear(err);
    if (run->hook == PF_HOOK_ENVIRONMENT || run->hook == PF_HOOK_POST)
        pf_fail(err, PF_BAD_OPTION, "a hook %s sets no options", pf_hook_word(run->hook));
    else if (name == NULL)
        pf_fail(err, PF_BAD_OPTION, "no option is named");
    else
        (void)run->subject->set(run->subject->user, by, name, value, err);
    if (err->status != PF_OK)
        note(run, "the hook %s of the extension %s could not set --%.100s: %s", pf_hook_word(run->hook), by,
             name != NULL ? name : "", err->message);
    return err->status;
}

static const char *hook_result(const struct pf_hook_call *call)
{
    return call->run->subject->result;
}

static const struct pf_error *hook_error(const struct pf_hook_call *call)
{
    return call->run->subject->error;
}

static void hook_note(struct pf_hook_call *call, const char *text)
{
    if (text != NULL)
        note(call->run, "%s: %s", call->run->current->entry->name, text);
}

static void hook_retry(struct pf_hook_call *call)
{
    call->run->retry = call->run->retry || call->run->hook == PF_HOOK_ERROR;
}

static void hook_fact(struct pf_hook_call *call, const char *name, const char *json)
{
    struct pf_hook_run *run = call->run;

    if (run->hook != PF_HOOK_ENVIRONMENT || name == NULL || json == NULL || !pf_json_is_valid(json))
        note(run, "the hook %s of the extension %s told a fact that is no JSON, or at a time when none is asked for",
             pf_hook_word(run->hook), run->current->entry->name);
    else
        run->subject->fact(run->subject->user, run->current->entry->name, name, json);
}

void pf_host_fill_hooks(struct pf_host *host)
{
    host->hook_input = hook_input;
    host->hook_output = hook_output;
    host->hook_option = hook_option;
    host->hook_options = hook_options;
    host->hook_set = hook_set;
    host->hook_result = hook_result;
    host->hook_error = hook_error;
    host->hook_note = hook_note;
    host->hook_retry = hook_retry;
    host->hook_fact = hook_fact;
}

/* ---- log and warnings of extensions */

void pf_hook_log(struct pf_context *ctx, enum pf_log_level level, const char *message)
{
    struct pf_hook_run *run = ctx->hook_run;
    char mark = (char)('0' + (level < PF_LOG_DEBUG ? 0 : level > PF_LOG_ERROR ? PF_LOG_ERROR : (int)level));

    if (run == NULL && level == PF_LOG_WARNING)
        pf_warn(ctx, "%s", message);
    else if (run == NULL)
        pf_log(ctx, level, "%s", message);
    if (run == NULL)
        return;
    if (level == PF_LOG_WARNING) /* belongs to the result as well */
        note(run, "%s: %s", run->current->entry->name, message);
    /* Not waited for: the watch may wait for a lock of the interpreter that the caller holds. */
    if (pf_mutex_try(run->log_lock)) {
        pf_log(ctx, level, "%s", message);
        pf_mutex_unlock(run->log_lock);
    } else {
        (void)(pf_buffer_append(&run->pending, &mark, 1) && pf_buffer_append(&run->pending, message, strlen(message) + 1));
    }
}

void pf_hook_warn(struct pf_context *ctx, const char *message)
{
    if (ctx->hook_run != NULL)
        note(ctx->hook_run, "%s: %s", ctx->hook_run->current->entry->name, message);
    else
        pf_warn(ctx, "%s", message);
}
