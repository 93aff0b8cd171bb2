/* The conformance suite: what can be checked of any extension, without knowing what it is for. */
#include "extension/conform.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool pf_conform_check(struct conform *c, bool good, const char *what, const char *why, ...)
{
    char text[PF_REASON];
    va_list args;

    va_start(args, why);
    (void)vsnprintf(text, sizeof text, why, args);
    va_end(args);
    c->failed += good ? 0 : 1;
    c->tell(c->user, good, what, good ? "" : text);
    return good;
}

void pf_conform_note(struct conform *c, const char *what, const char *note)
{
    c->tell(c->user, true, what, note);
}

size_t pf_conform_in_use(const struct conform *c)
{
    return atomic_load(&c->ctx->memory.in_use);
}

void pf_conform_memory(struct conform *c, size_t before, const char *what)
{
    size_t after = pf_conform_in_use(c);

    (void)pf_conform_check(c, after == before, what, "%lld bytes were not given back", (long long)after - (long long)before);
}

bool pf_conform_is_told(enum pf_status status, const struct pf_error *err)
{
    return status > PF_END && status <= PF_INTERNAL && err->message[0] != '\0';
}

/* ---- what it says of itself */

static void check_description(struct conform *c)
{
    const struct pf_entry *entry = c->entry;
    const char *missing, *unsaid;

    pf_extensions_lock(c->set);
    missing = pf_promise_missing(c->set, entry->promises, entry->added);
    unsaid = pf_promise_missing(c->set, entry->added, entry->promises);
    pf_extensions_unlock(c->set);
    (void)pf_conform_check(c, entry->version[0] != '\0' && entry->description[0] != '\0' && entry->licence[0] != '\0',
                           "descriptor: version, description, licence", "one of them is missing");
    (void)pf_conform_check(c, entry->added != NULL, "descriptor: adds something", "it adds nothing");
    if (entry->kind == PF_ENTRY_PART)
        return;
    if (!entry->has_manifest) {
        pf_conform_note(c, "manifest", "there is none, so the extension is loaded before every conversion");
        return;
    }
    (void)pf_conform_check(c, missing == NULL, "manifest: what it promises is added", "%s is not",
                           missing != NULL ? missing : "");
    (void)pf_conform_check(c, unsaid == NULL, "manifest: what is added is promised", "%s is not", unsaid != NULL ? unsaid : "");
}

static void load_again(struct conform *c, struct pf_error *err)
{
    bool turn = pf_extensions_begin(c->set);

    for (int i = 0; i < 2 && pf_entry_idle(c->set, c->entry, turn, err) == PF_OK; i++) {
        pf_entry_unload(c->set, c->entry);
        c->entry->state = PF_EXTENSION_DISCOVERED;
        if (pf_entry_load(c->set, c->entry, err) != PF_OK)
            break;
    }
    pf_extensions_end(c->set, turn);
}

/* Shut down and initialised again it is what it was. */
static void check_twice(struct conform *c)
{
    const char *before = c->entry->adds;
    struct pf_error err;

    pf_error_clear(&err);
    load_again(c, &err);
    if (pf_conform_check(c, err.status == PF_OK, "shut down and initialised again, twice", "%s",
                         err.status == PF_OK ? "" : err.message))
        (void)pf_conform_check(c, strcmp(before, c->entry->adds) == 0, "initialised again: adds the same", "%s before, %s now",
                               before, c->entry->adds);
}

static void check_options(struct conform *c, const struct pf_option *option)
{
    char what[160];

    for (; option->name != NULL; option++) {
        (void)snprintf(what, sizeof what, "option --%.60s: help and group", option->name);
        (void)pf_conform_check(c, option->help != NULL && option->help[0] != '\0' && option->group != NULL, what,
                               "one of them is missing");
        (void)snprintf(what, sizeof what, "option --%.60s: has choices if it is one", option->name);
        if (option->kind == PF_OPTION_CHOICE)
            (void)pf_conform_check(c, option->choices != NULL && option->choices[0] != '\0', what, "it has none");
    }
}

/* ---- commands */

static bool count_bytes(void *user, const char *bytes, size_t size)
{
    (void)bytes;
    *(size_t *)user += size;
    return true;
}

static void check_command(struct conform *c, const struct pf_command_addition *command)
{
    const char *argv[] = { command->name, "--help", NULL };
    size_t printed = 0;
    const struct pf_command_host host = { &printed, count_bytes, count_bytes };
    struct pf_error err;
    char what[160];
    int code = -1;
    enum pf_status status = pf_extension_command_run(c->set, c->ctx, command->name, &host, 2, argv, &code, &err);

    (void)snprintf(what, sizeof what, "command %.60s: answers --help", command->name);
    (void)pf_conform_check(c, status == PF_OK && code == 0 && printed > 0, what, "%s",
                           status != PF_OK ? err.message
                           : printed == 0  ? "it prints nothing"
                                           : "its exit code is not 0");
    (void)snprintf(what, sizeof what, "command %.60s: has a summary of one line", command->name);
    (void)pf_conform_check(c, command->summary != NULL && command->summary[0] != '\0' && strchr(command->summary, '\n') == NULL,
                           what, "it has none, or one of several lines");
}

/* ---- hooks */

struct pretence {
    struct conform *c;
    bool with_data;
    uint32_t notes;
    char last[200];
};

static const char *pretend_option(void *user, const char *name)
{
    const struct pretence *pretence = user;

    return pretence->with_data && name != NULL && strcmp(name, "compression") == 0 ? "zstd" : NULL;
}

static const char *pretend_options(void *user)
{
    return ((const struct pretence *)user)->with_data ? "{\"compression\": \"zstd\"}" : "{}";
}

static enum pf_status pretend_set(void *user, const char *by, const char *name, const char *value, struct pf_error *err)
{
    (void)user;
    (void)by;
    (void)name;
    (void)value;
    (void)err;
    return PF_OK;
}

static void pretend_note(void *user, const char *text)
{
    struct pretence *pretence = user;

    /* what a hook says itself begins with the extension's name; what is said of it does not */
    if (strncmp(text, pretence->c->entry->name, strlen(pretence->c->entry->name)) == 0)
        return;
    pretence->notes++;
    (void)snprintf(pretence->last, sizeof pretence->last, "%s", text);
}

static void pretend_fact(void *user, const char *by, const char *name, const char *json)
{
    (void)user;
    (void)by;
    (void)name;
    (void)json;
}

static void check_hook(struct conform *c, enum pf_hook hook, bool with_data)
{
    struct pretence pretence = { .c = c, .with_data = with_data };
    struct pf_hook_subject subject = { .user = &pretence,
                                       .option = pretend_option,
                                       .options = pretend_options,
                                       .set = pretend_set,
                                       .note = pretend_note,
                                       .fact = pretend_fact };
    struct pf_hook_run run;
    struct pf_error err, failure;
    char what[160];

    memset(&run, 0, sizeof run);
    pf_error_clear(&failure);
    pf_fail(&failure, PF_BAD_DATA, "a failure that the conformance suite made up");
    subject.input = with_data ? "input.csv" : NULL;
    subject.output = with_data ? "output.parquet" : NULL;
    subject.result = with_data && hook == PF_HOOK_POST ? "{\"success\": true, \"row_count\": 0, \"warnings\": []}" : NULL;
    subject.error = with_data && hook == PF_HOOK_ERROR ? &failure : NULL;
    (void)snprintf(what, sizeof what, "hook %s: %s", pf_hook_word(hook), with_data ? "with data" : "without any data");
    if (pf_hooks_begin_one(&run, c->ctx, &subject, c->entry, &err) == PF_OK) {
        pf_hooks_call(&run, hook);
        (void)pf_conform_check(c, pretence.notes == 0, what, "%s", pretence.last);
    } else {
        (void)pf_conform_check(c, false, what, "%s", err.message);
    }
    pf_hooks_end(&run);
}

static void check_hooks(struct conform *c)
{
    size_t before = pf_conform_in_use(c);

    for (size_t i = 0; i < PF_HOOKS; i++) {
        if ((pf_entry_hooks(c->entry) & 1u << i) == 0)
            continue;
        check_hook(c, (enum pf_hook)i, true);
        check_hook(c, (enum pf_hook)i, false);
    }
    if (pf_entry_hooks(c->entry) != 0)
        pf_conform_memory(c, before, "hooks: memory is given back");
}

/* ---- probes */

static void check_probe(struct conform *c, const struct pf_addition *addition)
{
    struct pf_error err;
    char what[160], *json;

    pf_error_clear(&err);
    json = addition->as.probe.probe(pf_addition_self(addition, addition->as.probe.self), c->ctx, &err);
    (void)snprintf(what, sizeof what, "probe %.60s: answers with JSON or nothing", addition->name);
    (void)pf_conform_check(c, json == NULL || pf_json_is_valid(json), what, "what it answers is no JSON");
    pf_free(&c->ctx->memory, json);
}

/* ---- all */

static void check_addition(struct conform *c, const struct pf_addition *addition, const char *location)
{
    size_t before = pf_conform_in_use(c);
    char what[160];

    if (addition->kind == PF_ADDS_FORMAT)
        pf_conform_format(c, addition->as.format);
    else if (addition->kind == PF_ADDS_SCHEME)
        pf_conform_scheme(c, &addition->as.scheme, location);
    else if (addition->kind == PF_ADDS_ENGINE)
        pf_conform_engine(c, &addition->as.engine);
    else if (addition->kind == PF_ADDS_COMMAND)
        check_command(c, &addition->as.command);
    else if (addition->kind == PF_ADDS_OPTION)
        check_options(c, addition->as.options.options);
    else if (addition->kind == PF_ADDS_PROBE)
        check_probe(c, addition);
    (void)snprintf(what, sizeof what, "%s %.60s: memory is given back", pf_adds_word(addition->kind), addition->name);
    if (addition->kind != PF_ADDS_OPTION)
        pf_conform_memory(c, before, what);
}

/* What it added behind last; NULL = the first. */
static const struct pf_addition *next_addition(const struct conform *c, const struct pf_addition *last)
{
    const struct pf_addition *next;

    pf_extensions_lock(c->set);
    next = last != NULL ? last->next : c->set->additions;
    while (next != NULL && (!next->live || next->entry != c->entry))
        next = next->next;
    pf_extensions_unlock(c->set);
    return next;
}

/* Without the lock, as everything that is checked runs otherwise, and as a user of the set: nobody shuts it down meanwhile. */
static void run_checks(struct conform *c, const char *location)
{
    const struct pf_addition *addition = NULL;

    check_description(c);
    check_twice(c);
    pf_extensions_use(c->set);
    if (c->entry->state == PF_EXTENSION_LOADED) {
        while ((addition = next_addition(c, addition)) != NULL)
            check_addition(c, addition, location);
        check_hooks(c);
    }
    pf_extensions_leave(c->set);
}

enum pf_status pf_extension_test(struct pf_extensions *set, const char *name, const char *location, pf_extension_check_fn tell,
                                 void *user, struct pf_error *err)
{
    struct conform c = { .set = set, .tell = tell, .user = user };

    if (pf_extension_load(set, name, err) != PF_OK)
        return err->status;
    c.ctx = pf_context_make(set->core->formats);
    if (c.ctx == NULL)
        return pf_fail_memory(err, sizeof *c.ctx);
    pf_context_extensions(c.ctx, set);
    pf_extensions_lock(set);
    c.entry = pf_entry_find(set, name);
    pf_extensions_unlock(set);
    run_checks(&c, location);
    pf_context_free(c.ctx);
    if (c.failed != 0)
        return pf_fail(err, PF_BAD_DATA, "the extension %s fails %u checks", name, c.failed);
    return PF_OK;
}
