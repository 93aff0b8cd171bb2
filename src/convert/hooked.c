#include "convert/hooked.h"

#include <stdio.h>
#include <string.h>

#include "convert/plan.h"
#include "convert/settings.h"

/* ---- what hooks are told */

/* Whether both names are of one option. */
static bool is_same(const struct pf_context *ctx, const char *a, const char *b)
{
    const struct pf_option *option = pf_option_anywhere(ctx, a);

    return option != NULL ? option == pf_option_anywhere(ctx, b) : strcmp(a, b) == 0;
}

static const struct pf_setting *last_of(const struct pf_hooked *hooked, const struct pf_setting *list, uint32_t count,
                                        const char *name)
{
    while (count-- > 0) {
        if (is_same(hooked->run.ctx, list[count].name, name))
            return &list[count];
    }
    return NULL;
}

static const char *tell_option(void *user, const char *name)
{
    const struct pf_hooked *hooked = user;
    const struct pf_setting *setting = last_of(hooked, hooked->given, hooked->given_count, name);

    if (setting == NULL)
        setting = last_of(hooked, hooked->set, hooked->set_count, name);
    return setting != NULL ? pf_setting_text(hooked->run.ctx, setting) : NULL;
}

static const char *tell_options(void *user)
{
    struct pf_hooked *hooked = user;
    struct pf_json json;
    char *text;

    pf_json_begin(&json, &hooked->run.ctx->memory);
    pf_json_open(&json, '{');
    for (uint32_t i = 0; i < hooked->given_count + hooked->set_count; i++) {
        const struct pf_setting *setting = i < hooked->given_count ? &hooked->given[i] : &hooked->set[i - hooked->given_count];
        const struct pf_option *option = pf_option_anywhere(hooked->run.ctx, setting->name);

        pf_json_set_text(&json, option != NULL ? option->name : setting->name, pf_setting_text(hooked->run.ctx, setting));
    }
    pf_json_close(&json, '}');
    text = pf_json_end(&json);
    hooked->options = text != NULL ? pf_arena_copy(&hooked->arena, text, strlen(text)) : NULL;
    pf_free(&hooked->run.ctx->memory, text);
    return hooked->options;
}

/* ---- what hooks do */

static void take_note(void *user, const char *text)
{
    struct pf_hooked *hooked = user;
    const char *copy = pf_arena_copy(&hooked->arena, text, strlen(text));

    if (hooked->note_count == hooked->note_capacity) {
        uint32_t capacity = hooked->note_capacity * 2 + 8;
        const char **larger = pf_resize(&hooked->run.ctx->memory, hooked->notes, capacity * sizeof *larger);

        if (larger == NULL)
            return;
        hooked->notes = larger;
        hooked->note_capacity = capacity;
    }
    if (copy != NULL)
        hooked->notes[hooked->note_count++] = copy;
}

/* What a probe or an environment hook has told. */
struct pf_hooked_fact {
    const char *by, *name, *json;
    bool put; /* in the object of its extension */
    struct pf_hooked_fact *next;
};

static void take_fact(void *user, const char *by, const char *name, const char *json)
{
    struct pf_hooked *hooked = user;
    struct pf_hooked_fact **at = &hooked->facts, *fact;
    const char *text = pf_arena_copy(&hooked->arena, json, strlen(json));

    while (*at != NULL && (strcmp((*at)->by, by) != 0 || strcmp((*at)->name, name) != 0))
        at = &(*at)->next;
    if (*at == NULL) {
        fact = pf_arena_alloc_zero(&hooked->arena, 1, sizeof *fact);
        if (fact != NULL) {
            fact->by = pf_arena_copy(&hooked->arena, by, strlen(by));
            fact->name = pf_arena_copy(&hooked->arena, name, strlen(name));
        }
        if (fact != NULL && fact->by != NULL && fact->name != NULL)
            *at = fact;
    }
    hooked->facts_lost = hooked->facts_lost || text == NULL || *at == NULL;
    if (!hooked->facts_lost)
        (*at)->json = text; /* who tells a thing twice means the last */
}

static enum pf_status add_setting(struct pf_hooked *hooked, const char *by, const char *name, const char *value,
                                  struct pf_error *err)
{
    struct pf_setting *setting;

    if (hooked->set_count == hooked->set_capacity) {
        uint32_t capacity = hooked->set_capacity * 2 + 8;
        struct pf_setting *larger = pf_resize(&hooked->run.ctx->memory, hooked->set, capacity * sizeof *larger);

        if (larger == NULL)
            return pf_fail_memory(err, capacity * sizeof *larger);
        hooked->set = larger;
        hooked->set_capacity = capacity;
    }
    setting = &hooked->set[hooked->set_count];
    memset(setting, 0, sizeof *setting);
    setting->name = pf_arena_copy(&hooked->arena, name, strlen(name));
    setting->value = value != NULL ? pf_arena_copy(&hooked->arena, value, strlen(value)) : NULL;
    setting->variable = pf_arena_copy(&hooked->arena, by, strlen(by));
    if (setting->name == NULL || (value != NULL && setting->value == NULL) || setting->variable == NULL)
        return pf_fail_memory(err, strlen(name));
    hooked->set_count++;
    hooked->request->hooked = hooked->set;
    hooked->request->hooked_count = hooked->set_count;
    return PF_OK;
}

static enum pf_status set_option(void *user, const char *by, const char *name, const char *value, struct pf_error *err)
{
    struct pf_hooked *hooked = user;
    const struct pf_context *ctx = hooked->run.ctx;
    const struct pf_setting *given;
    const struct pf_option *option;
    struct pf_setting wanted;
    const char *before;
    char text[400];

    while (*name == '-')
        name++;
    memset(&wanted, 0, sizeof wanted);
    wanted.name = name;
    wanted.value = value;
    if (pf_setting_check(ctx, name, value, err) != PF_OK || pf_setting_range(hooked->run.ctx, &wanted, err) != PF_OK)
        return err->status;
    option = pf_option_anywhere(ctx, name);
    pf_error_clear(err);
    given = last_of(hooked, hooked->given, hooked->given_count, name);
    if (given == NULL)
        return add_setting(hooked, by, name, value, err);
    before = pf_setting_text(ctx, given);
    if (strcmp(before, pf_setting_text(ctx, &wanted)) != 0) {
        (void)snprintf(text, sizeof text, "%.64s would have set --%.64s to %.100s; what was given, %.100s, counts", by,
                       option != NULL ? option->name : name, pf_setting_text(ctx, &wanted), before);
        take_note(hooked, text);
    }
    return PF_OK;
}

/* ---- the conversion */

static bool is_standard(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

static void fill_subject(struct pf_hooked *hooked, const struct pf_request *request)
{
    struct pf_hook_subject *subject = &hooked->subject;
    const struct pf_given *given = &request->given;

    subject->user = hooked;
    subject->input = given->stream.release != NULL ? NULL : request->input;
    subject->output = request->output != NULL ? request->output : given->has_output ? NULL : "";
    subject->option = tell_option;
    subject->options = tell_options;
    subject->set = set_option;
    subject->note = take_note;
    subject->fact = take_fact;
    hooked->may_retry = given->stream.release == NULL && !given->has_input && !given->has_output &&
                        !is_standard(request->input) && !is_standard(request->output);
}

/* One object for each extension, whoever has told something in between. */
static void end_facts(struct pf_hooked *hooked)
{
    struct pf_json json;

    if (hooked->facts == NULL || hooked->facts_lost || hooked->environment != NULL)
        return;
    pf_json_begin(&json, &hooked->run.ctx->memory);
    pf_json_open(&json, '{');
    for (struct pf_hooked_fact *first = hooked->facts; first != NULL; first = first->next) {
        if (first->put)
            continue;
        pf_json_name(&json, first->by);
        pf_json_open(&json, '{');
        for (struct pf_hooked_fact *fact = first; fact != NULL; fact = fact->next) {
            if (strcmp(fact->by, first->by) != 0)
                continue;
            pf_json_name(&json, fact->name);
            pf_json_raw(&json, fact->json);
            fact->put = true;
        }
        pf_json_close(&json, '}');
    }
    pf_json_close(&json, '}');
    hooked->environment = pf_json_end(&json);
    hooked->facts_lost = hooked->environment == NULL;
}

enum pf_status pf_hooked_begin(struct pf_hooked *hooked, struct pf_request *request, struct pf_error *err)
{
    struct pf_error later;

    if (request->ctx->extensions == NULL)
        return PF_OK;
    hooked->request = request;
    pf_arena_init(&hooked->arena, &request->ctx->memory, SIZE_MAX);
    fill_subject(hooked, request);
    if (pf_hooks_begin(&hooked->run, request->ctx, &hooked->subject, err) != PF_OK)
        return err->status;
    if (hooked->run.set == NULL)
        return PF_OK;
    pf_hooks_probe(&hooked->run, false);
    pf_hooks_tell_failed(&hooked->run);
    /* What is wrong with settings is told by the plan. */
    if (hooked->run.count > 0 &&
        pf_request_settings(request, &hooked->arena, &hooked->given, &hooked->given_count, &later) != PF_OK)
        hooked->given_count = 0;
    pf_hooks_call(&hooked->run, PF_HOOK_ENVIRONMENT);
    end_facts(hooked);
    pf_hooks_call(&hooked->run, PF_HOOK_PARAMETERS);
    pf_hooks_call(&hooked->run, PF_HOOK_PERFORMANCE);
    pf_hooks_call(&hooked->run, PF_HOOK_PRE);
    return PF_OK;
}

static void log_note(void *user, const char *text)
{
    pf_log(((struct pf_hooked *)user)->run.ctx, PF_LOG_WARNING, "%s", text);
}

enum pf_status pf_environment(struct pf_context *ctx, char **text, struct pf_error *err)
{
    struct pf_request *request = pf_request_new(ctx);
    bool inside_hook = ctx->inside_hook, inside = ctx->inside_environment;
    struct pf_hooked hooked;

    pf_error_clear(err);
    *text = NULL;
    if (request == NULL)
        return pf_fail_memory(err, sizeof *request);
    /* an engine may ask; what is asked itself is told nothing */
    ctx->inside_environment = true;
    ctx->inside_hook = inside || ctx->hook_run != NULL;
    memset(&hooked, 0, sizeof hooked);
    hooked.request = request;
    pf_arena_init(&hooked.arena, &ctx->memory, SIZE_MAX);
    fill_subject(&hooked, request);
    hooked.subject.note = log_note;
    if (pf_hooks_begin(&hooked.run, ctx, &hooked.subject, err) == PF_OK) {
        pf_hooks_probe(&hooked.run, true);
        pf_hooks_call(&hooked.run, PF_HOOK_ENVIRONMENT);
        end_facts(&hooked);
        *text = hooked.environment != NULL || hooked.facts_lost ? hooked.environment : pf_copy_text(&ctx->memory, "{}", 2);
        hooked.environment = NULL;
        if (*text == NULL)
            pf_fail_memory(err, 2);
    }
    pf_hooked_end(&hooked);
    pf_request_free(request);
    ctx->inside_hook = inside_hook;
    ctx->inside_environment = inside;
    return err->status;
}

bool pf_hooked_post(struct pf_hooked *hooked, const char *result)
{
    uint32_t before = hooked->note_count;

    if (hooked->run.count == 0)
        return false;
    hooked->subject.result = result;
    pf_hooks_call(&hooked->run, PF_HOOK_POST);
    hooked->subject.result = NULL;
    return hooked->note_count != before;
}

bool pf_hooked_error(struct pf_hooked *hooked, const struct pf_error *err)
{
    uint32_t before = hooked->note_count;

    if (hooked->run.count == 0)
        return false;
    hooked->subject.error = err;
    pf_hooks_call(&hooked->run, PF_HOOK_ERROR);
    hooked->subject.error = NULL;
    if (hooked->run.retry && !hooked->retried && !hooked->may_retry)
        take_note(hooked, "an extension asked for one more attempt; an input or output that is no file does not allow it");
    return hooked->note_count != before;
}

bool pf_hooked_retry(struct pf_hooked *hooked)
{
    bool again = hooked->run.retry && !hooked->retried && hooked->may_retry && !pf_context_cancelled(hooked->run.ctx);

    hooked->retried = hooked->retried || again;
    return again;
}

void pf_hooked_end(struct pf_hooked *hooked)
{
    struct pf_memory *memory;

    if (hooked->request == NULL)
        return;
    memory = &hooked->request->ctx->memory;
    hooked->request->hooked = NULL;
    hooked->request->hooked_count = 0;
    pf_free(memory, hooked->environment);
    pf_free(memory, hooked->set);
    pf_free(memory, hooked->notes);
    pf_hooks_end(&hooked->run);
    pf_arena_free(&hooked->arena);
    memset(hooked, 0, sizeof *hooked);
}
