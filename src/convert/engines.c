#include "convert/engines.h"

#include <stdio.h>
#include <string.h>

#include "base/folder.h"
#include "base/text.h"
#include "base/thread.h"
#include "convert/engine_place.h"
#include "convert/outputs.h"
#include "convert/result.h"

enum { NAMES = 400, REASON = 1100, NEAR = 3 };

static const char spark[] = "spark"; /* the engine that version 1.0 had */
static const struct pf_engine_candidate native = { .name = "native", .takes = true, .reason = "" };

/* ---- names */

static bool is_native(const struct pf_plan *plan)
{
    return pf_same_word(plan->options.engine, native.name);
}

static bool is_auto(const struct pf_plan *plan)
{
    return pf_same_word(plan->options.engine, "auto");
}

/* "auto, native, duck": of those that are there; the nearest name to what was asked for, NULL = none is near. */
static const char *list_names(const struct pf_plan *plan, char to[NAMES])
{
    const char *asked = plan->options.engine, *near = NULL;
    const struct pf_engine_addition *engine;
    uint32_t nearest = strlen(asked) / 2 < NEAR ? (uint32_t)strlen(asked) / 2 : NEAR;
    size_t used = (size_t)snprintf(to, NAMES, "auto, native");
    void *self;

    for (uint32_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "auto" : native.name;

        if (pf_edit_distance(asked, name, nearest) < nearest) {
            nearest = pf_edit_distance(asked, name, nearest);
            near = name;
        }
    }
    for (uint32_t i = 0; (engine = pf_engine_at(plan->ctx, i, &self)) != NULL; i++) {
        uint32_t distance = pf_edit_distance(asked, engine->name, nearest);

        if (used < NAMES)
            used += (size_t)snprintf(to + used, NAMES - used, ", %s", engine->name);
        if (distance < nearest) {
            nearest = distance;
            near = engine->name;
        }
    }
    return near;
}

/* The engine that version 1.0 had, and that comes with an extension. */
static enum pf_status no_spark(struct pf_error *err)
{
    pf_fail(err, PF_UNSUPPORTED, "the Spark engine is not part of this version");
    pf_remedy(err, "leave out --engine, or write --engine native");
    return PF_UNSUPPORTED;
}

enum pf_status pf_engines_check(struct pf_plan *plan, struct pf_error *err)
{
    char names[NAMES];
    const char *near;
    void *self;

    if (is_auto(plan) || is_native(plan) || pf_find_engine(plan->ctx, plan->options.engine, &self, err) != NULL)
        return PF_OK;
    if (err->status != PF_OK)
        return err->status;
    if (pf_same_word(plan->options.engine, spark))
        return no_spark(err);
    pf_want_engines(plan->ctx, true, NULL);
    near = list_names(plan, names);
    pf_fail(err, PF_BAD_OPTION, "option --engine cannot be '%.100s'", plan->options.engine);
    if (near != NULL)
        pf_remedy(err, "did you mean %s? There are %s", near, names);
    else
        pf_remedy(err, "there are %s", names);
    return PF_BAD_OPTION;
}

/* ---- asking */

static struct pf_engine_candidate *add(struct pf_plan *plan, struct pf_error *err)
{
    struct pf_engine_candidate *list =
        pf_arena_grow(&plan->arena, plan->engines, plan->engine_count, &plan->engine_capacity, sizeof *list);

    if (list == NULL) {
        pf_fail_memory(err, sizeof *list);
        return NULL;
    }
    plan->engines = list;
    return &plan->engines[plan->engine_count++];
}

static enum pf_status add_native(struct pf_plan *plan, const char *reason, struct pf_error *err)
{
    struct pf_engine_candidate *last = add(plan, err);

    if (last == NULL)
        return err->status;
    *last = native;
    last->reason = reason;
    return PF_OK;
}

/* Why no engine but the native one can have the job; NULL = it can. */
static const char *only_native(const struct pf_plan *plan)
{
    if (plan->engines_only && plan->ctx->inside_hook)
        return "it is done for an extension";
    if (!pf_plan_input_located(plan) || strcmp(plan->job.input, "-") == 0 || !plan->input_stat.regular)
        return "the input is no file that can be read again";
    if (!plan->engines_only && (!pf_plan_output_located(plan) || strcmp(plan->job.output, "-") == 0))
        return "the output is no file";
    if (pf_plan_is_many(plan))
        return "several tables are written";
    return NULL;
}

/* The format that an engine has to write; NULL = whatever its tables are in. */
static const char *format_asked(const struct pf_plan *plan)
{
    return plan->options.table != NULL ? plan->options.format : plan->job.writer->name;
}

/* What an engine has written into its room of size bytes, without a character cut apart at its end. */
static const char *keep_line(struct pf_plan *plan, const char *text, size_t size)
{
    size_t length = strnlen(text, size - 1);

    return pf_arena_copy(&plan->arena, text, length - pf_utf8_tail((const uint8_t *)text, length));
}

static enum pf_status ask(struct pf_plan *plan, const struct pf_engine_addition *engine, void *self, struct pf_error *err)
{
    struct pf_engine_answer answer = { .size = sizeof answer };
    struct pf_engine_candidate *candidate = add(plan, err);
    struct pf_engine_run run;

    if (candidate == NULL)
        return err->status;
    memset(&run, 0, sizeof run);
    candidate->name = engine->name;
    candidate->calls = engine;
    candidate->self = self;
    if (plan->engines_only && !pf_engine_writes(engine, plan->options.table != NULL, format_asked(plan))) {
        candidate->reason = plan->options.table != NULL ? "it writes no tables of this kind" : "it does not write this format";
        return PF_OK;
    }
    if (pf_engine_run_begin(&run, plan, err) == PF_OK) {
        bool inside = plan->ctx->inside_hook;

        /* what it converts to make up its mind is no job for an engine */
        plan->ctx->inside_hook = true;
        candidate->takes = engine->takes(self, plan->ctx, &run.job, &answer);
        plan->ctx->inside_hook = inside;
        candidate->priority = answer.priority;
        candidate->reason = keep_line(plan, answer.reason, sizeof answer.reason);
        if (candidate->reason == NULL)
            (void)pf_fail_memory(err, 1);
    }
    pf_engine_run_end(&run);
    return err->status;
}

/* Native comes after those that take the job; those that do not are there to be shown. */
static bool goes_before(const struct pf_engine_candidate *a, const struct pf_engine_candidate *b)
{
    if (a->takes != b->takes)
        return a->takes;
    if (a->calls == NULL || b->calls == NULL)
        return b->calls == NULL;
    return a->takes && a->priority > b->priority;
}

/* Stable: of equal ones the order of asking is kept. */
static void sort(struct pf_plan *plan)
{
    for (uint32_t i = 1; i < plan->engine_count; i++) {
        struct pf_engine_candidate one = plan->engines[i];
        uint32_t at = i;

        for (; at > 0 && goes_before(&one, &plan->engines[at - 1]); at--)
            plan->engines[at] = plan->engines[at - 1];
        plan->engines[at] = one;
    }
}

static void log_answers(const struct pf_plan *plan)
{
    for (uint32_t i = 0; i < plan->engine_count; i++) {
        const struct pf_engine_candidate *one = &plan->engines[i];

        if (one->calls != NULL)
            pf_log(plan->ctx, PF_LOG_INFO, "Engine %s %s%s%s", one->name,
                   one->takes ? "takes the job" : "does not take the job", one->reason[0] != '\0' ? ": " : "", one->reason);
    }
}

/* Of what only engines write: why each of them does not. */
static enum pf_status nobody_takes(const struct pf_plan *plan, struct pf_error *err)
{
    char why[NAMES] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < plan->engine_count && used < sizeof why; i++)
        used += (size_t)snprintf(why + used, sizeof why - used, "; %s: %s", plan->engines[i].name,
                                 plan->engines[i].reason[0] != '\0' ? plan->engines[i].reason : "does not take this job");
    pf_fail(err, PF_UNSUPPORTED, "no engine here takes the job of writing %s%s",
            plan->options.table != NULL ? "a table" : plan->job.writer->name, why);
    pf_remedy(err, "see to what the engine needs, or write a file: leave out %s",
              plan->options.table != NULL ? "--table" : "--format");
    return PF_UNSUPPORTED;
}

static enum pf_status only_engines(const char *why, struct pf_error *err)
{
    pf_fail(err, PF_UNSUPPORTED, "only an engine of an extension writes this, and none can have the job: %s", why);
    pf_remedy(err, "convert to a file first, and then that");
    return PF_UNSUPPORTED;
}

static enum pf_status ask_all(struct pf_plan *plan, struct pf_error *err)
{
    const struct pf_engine_addition *engine;
    void *self;

    pf_want_engines(plan->ctx, plan->options.table != NULL, plan->engines_only ? format_asked(plan) : NULL);
    for (uint32_t i = 0; (engine = pf_engine_at(plan->ctx, i, &self)) != NULL; i++) {
        if (ask(plan, engine, self, err) != PF_OK)
            return err->status;
    }
    /* --force-pyspark of version 1.0: Spark first where it is to be had, and native where it is not */
    for (uint32_t i = 0; plan->options.force_pyspark && i < plan->engine_count; i++) {
        if (pf_same_word(plan->engines[i].name, spark))
            plan->engines[i].priority = INT32_MAX;
    }
    log_answers(plan);
    if (plan->engines_only) {
        sort(plan);
        return plan->engines[0].takes ? PF_OK : nobody_takes(plan, err);
    }
    if (add_native(plan, plan->engine_count == 0 ? "no other is there" : "", err) != PF_OK)
        return err->status;
    sort(plan);
    return PF_OK;
}

static enum pf_status ask_one(struct pf_plan *plan, struct pf_error *err)
{
    const char *why = only_native(plan), *name;
    const struct pf_engine_addition *engine;
    void *self;

    engine = pf_find_engine(plan->ctx, plan->options.engine, &self, err);
    if (engine == NULL)
        return err->status != PF_OK ? err->status
                                    : pf_fail(err, PF_UNSUPPORTED, "the engine %.60s is not there", plan->options.engine);
    name = engine->name;
    if (why == NULL && ask(plan, engine, self, err) != PF_OK)
        return err->status;
    log_answers(plan);
    if (why == NULL && plan->engines[0].takes)
        return PF_OK;
    pf_fail(err, PF_UNSUPPORTED, "the engine %.60s does not take this job%s%s", name,
            why != NULL || plan->engines[0].reason[0] != '\0' ? ": " : "", why != NULL ? why : plan->engines[0].reason);
    pf_remedy(err, plan->engines_only ? "leave out --engine" : "leave out --engine, or write --engine native");
    return PF_UNSUPPORTED;
}

/* --force-pyspark, where Spark does not have the job. */
static enum pf_status tell_no_spark(struct pf_plan *plan, const struct pf_error *missing, bool there, struct pf_error *err)
{
    const struct pf_engine_candidate *first = &plan->engines[0];
    const char *reason = missing->status != PF_OK ? missing->message : first->reason;
    bool told;

    if (first->calls != NULL)
        return PF_OK;
    for (uint32_t i = 0; i < plan->engine_count; i++)
        reason = pf_same_word(plan->engines[i].name, spark) ? plan->engines[i].reason : reason;
    told = there || missing->status != PF_OK
               ? pf_plan_warn(plan, "the native engine was used, and not Spark: %.400s", reason)
               : pf_plan_warn(plan, "Spark is not part of this version; the native engine was used");
    return told ? PF_OK : pf_fail_memory(err, 1);
}

static enum pf_status choose(struct pf_plan *plan, struct pf_error *err)
{
    const char *why = only_native(plan);

    if (plan->engines_only && is_native(plan)) {
        pf_fail(err, PF_UNSUPPORTED, "the native engine writes files, and no %s",
                plan->options.table != NULL ? "tables" : plan->job.writer->name);
        pf_remedy(err, "leave out --engine and --force-core, or write a file");
        return PF_UNSUPPORTED;
    }
    if (is_native(plan))
        return add_native(plan, "it is asked for", err);
    if (!is_auto(plan))
        return ask_one(plan, err);
    if (plan->engines_only)
        return why != NULL ? only_engines(why, err) : ask_all(plan, err);
    if (plan->ctx->inside_hook)
        return add_native(plan, "it is done for an extension", err);
    return why != NULL ? add_native(plan, why, err) : ask_all(plan, err);
}

enum pf_status pf_engines_choose(struct pf_plan *plan, struct pf_error *err)
{
    bool forced = plan->options.force_pyspark && is_auto(plan), there = false;
    struct pf_error missing;
    void *self;

    pf_error_clear(&missing);
    if (forced)
        there = pf_find_engine(plan->ctx, spark, &self, &missing) != NULL; /* which loads it */
    if (choose(plan, err) != PF_OK)
        return err->status;
    return forced ? tell_no_spark(plan, &missing, there, err) : PF_OK;
}

const char *pf_engines_reason(const struct pf_plan *plan, struct pf_arena *arena)
{
    char text[REASON];
    size_t used = 0;
    const char *kept;

    if (plan->engine_count == 0)
        return "";
    if (plan->engines[0].reason[0] != '\0' || plan->engines[0].calls != NULL)
        return plan->engines[0].reason;
    text[0] = '\0';
    for (uint32_t i = 1; i < plan->engine_count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s: %s", used > 0 ? "; " : "", plan->engines[i].name,
                                 plan->engines[i].reason[0] != '\0' ? plan->engines[i].reason : "does not take this job");
    kept = pf_arena_copy(arena, text, strlen(text));
    return kept != NULL ? kept : "";
}

/* ---- running */

static bool status_ends(enum pf_status status)
{
    return status == PF_CANCELLED || status == PF_EXISTS || status == PF_BAD_DATA || status == PF_BAD_OPTION ||
           status == PF_REJECTED;
}

static enum pf_engine_failure judge(const struct pf_plan *plan, const struct pf_engine_outcome *did, enum pf_change change,
                                    struct pf_error *err)
{
    if (did->failure == PF_ENGINE_UNKNOWN)
        return PF_ENGINE_UNKNOWN;
    if (change != PF_CHANGE_NONE && change != PF_CHANGE_SAME_BYTES) {
        pf_remedy(err, change == PF_CHANGE_DONE ? "look at the output: it has changed although the engine has failed"
                                                : "look at the output: whether it has changed cannot be told here");
        return PF_ENGINE_UNKNOWN;
    }
    if (pf_context_cancelled(plan->ctx))
        err->status = PF_CANCELLED;
    if (err->status == PF_CANCELLED || did->failure == PF_ENGINE_ENDS)
        return PF_ENGINE_ENDS;
    if (did->failure == PF_ENGINE_FALLS_BACK)
        return PF_ENGINE_FALLS_BACK;
    /* of what the core cannot look at, a second write over a first is the engine's to rule out */
    return plan->engines_only || status_ends(err->status) ? PF_ENGINE_ENDS : PF_ENGINE_FALLS_BACK;
}

static void name_unknown(const struct pf_engine_candidate *engine, struct pf_error *err)
{
    char why[sizeof err->message], remedy[sizeof err->remedy];

    memcpy(why, err->message, sizeof why);
    memcpy(remedy, err->remedy, sizeof remedy);
    pf_fail(err, err->status == PF_CANCELLED ? PF_CANCELLED : PF_IO,
            "outcome unknown: the engine %.60s failed, and the output may have been written: %.380s", engine->name, why);
    pf_remedy(err, "%s", remedy[0] != '\0' ? remedy : "look at the output before you convert again");
}

/* An answer that no engine may give is a failure. */
static enum pf_status check_answer(const struct pf_plan *plan, enum pf_status status, struct pf_engine_outcome *did,
                                   const struct pf_place *after, enum pf_change change, struct pf_error *err)
{
    bool counted = did->rows_read == did->rows_written + did->rows_rejected + did->rows_left_out && did->rows_written >= 0 &&
                   did->rows_rejected >= 0 && did->rows_left_out >= 0;

    if (status < PF_OK || status > PF_INTERNAL || status == PF_END)
        return pf_fail(err, PF_INTERNAL, "it answered with nonsense (%d)", (int)status);
    if (status != PF_OK) {
        if (err->message[0] == '\0')
            pf_fail(err, status, "it failed (%s)", pf_status_name(status));
        err->status = status;
        return status;
    }
    if (!plan->engines_only && (change == PF_CHANGE_NONE || (!after->there && !after->unknown)))
        return pf_fail(err, PF_INTERNAL, "it says that it has succeeded, and nothing was written");
    if (!counted)
        return pf_fail(err, PF_INTERNAL, "rows do not add up: %lld read, %lld written, %lld rejected, %lld left out",
                       (long long)did->rows_read, (long long)did->rows_written, (long long)did->rows_rejected,
                       (long long)did->rows_left_out);
    if (did->bytes_written <= 0)
        did->bytes_written = after->stat.size > 0 ? after->stat.size : 0;
    pf_error_clear(err);
    return PF_OK;
}

/* Half a list would be taken for all columns there are. */
static void take_columns(struct pf_conversion *c, const struct pf_told_columns *told)
{
    if (told->refused)
        pf_log(c->plan.ctx, PF_LOG_INFO, "What the engine told of its columns is left out: not all of it could be kept");
    else
        c->told = *told;
}

static void take_outcome(struct pf_conversion *c, const struct pf_engine_candidate *engine, struct pf_engine_outcome *did)
{
    struct pf_outcome *outcome = &c->outcome;

    outcome->rows_read = did->rows_read;
    outcome->rows_written = did->rows_written;
    outcome->rows_rejected = did->rows_rejected;
    outcome->rows_left_out = did->rows_left_out;
    outcome->bytes_read = c->plan.input_stat.size > 0 ? c->plan.input_stat.size : 0;
    outcome->bytes_written = did->bytes_written;
    c->engine = keep_line(&c->plan, did->display, sizeof did->display);
    if (c->engine == NULL || c->engine[0] == '\0')
        c->engine = engine->name;
}

static enum pf_status run_added(struct pf_conversion *c, const struct pf_engine_candidate *engine,
                                enum pf_engine_failure *failure, struct pf_error *err)
{
    struct pf_context *ctx = c->plan.ctx;
    struct pf_engine_outcome did = { .size = sizeof did };
    struct pf_place before, after;
    enum pf_change change = PF_CHANGE_NONE;
    struct pf_engine_run run;
    bool inside = ctx->inside_hook;

    memset(&run, 0, sizeof run);
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    if (!c->plan.engines_only)
        pf_place_look(&c->plan, &before);
    if (pf_engine_run_begin(&run, &c->plan, err) == PF_OK) {
        enum pf_status status;

        run.running = true;
        ctx->inside_hook = true;
        pf_outcome_listen(&c->outcome, ctx);
        pf_error_clear(err);
        status = engine->calls->run(engine->self, ctx, &run.job, &did, err);
        ctx->warn = NULL;
        ctx->inside_hook = inside;
        if (!c->plan.engines_only)
            change = pf_place_compare(&c->plan, &before, &after);
        if (check_answer(&c->plan, status, &did, &after, change, err) == PF_OK)
            take_columns(c, &run.told);
    }
    pf_engine_run_end(&run);
    if (err->status != PF_OK && change == PF_CHANGE_NOT_SEEN)
        change = pf_place_compare_bytes(&c->plan, &before, &after);
    if (err->status != PF_OK)
        *failure = judge(&c->plan, &did, change, err);
    else
        take_outcome(c, engine, &did);
    return err->status;
}

static enum pf_status run_native(struct pf_conversion *c, enum pf_engine_failure *failure, struct pf_error *err)
{
    *failure = PF_ENGINE_ENDS;
    c->engine = NULL;
    if (pf_plan_is_many(&c->plan))
        return pf_outputs_run(c, err);
    return pf_native_run(c->plan.ctx, &c->plan.job, &c->outcome, err);
}

static const char *failure_word(enum pf_engine_failure failure)
{
    return failure == PF_ENGINE_UNKNOWN ? "unknown" : failure == PF_ENGINE_FALLS_BACK ? "falls back" : "ends";
}

/* An attempt that cannot be noted for want of memory is still one that was made. */
static void note_attempt(struct pf_conversion *c, const struct pf_engine_candidate *engine, double started, const char *failure,
                         const struct pf_error *err)
{
    struct pf_attempt *attempt = &c->attempts[c->attempt_count++];
    struct pf_error scratch;
    const char *reason = err->status != PF_OK ? pf_error_told(c->plan.ctx, err, &scratch)->message : "";

    attempt->engine = engine->name;
    attempt->status = err->status;
    attempt->failure = failure;
    attempt->seconds = pf_clock() - started;
    attempt->reason = pf_arena_copy(&c->plan.arena, reason, strlen(reason));
    if (attempt->reason == NULL)
        attempt->reason = "";
}

static uint32_t count_taken(const struct pf_plan *plan)
{
    uint32_t count = 0;

    while (count < plan->engine_count && plan->engines[count].takes)
        count++;
    return count;
}

enum pf_status pf_engines_run(struct pf_conversion *c, struct pf_error *err)
{
    struct pf_plan *plan = &c->plan;
    uint32_t count = count_taken(plan);

    c->attempts = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *c->attempts);
    if (c->attempts == NULL)
        return pf_fail_memory(err, sizeof *c->attempts);
    for (uint32_t i = 0; i < count; i++) {
        const struct pf_engine_candidate *engine = &plan->engines[i];
        enum pf_engine_failure failure = PF_ENGINE_ENDS;
        double started = pf_clock();

        c->ran = true;
        pf_error_clear(err);
        (void)(engine->calls != NULL ? run_added(c, engine, &failure, err) : run_native(c, &failure, err));
        if (err->status != PF_OK && failure == PF_ENGINE_UNKNOWN)
            name_unknown(engine, err);
        c->outcome_unknown = err->status != PF_OK && failure == PF_ENGINE_UNKNOWN;
        note_attempt(c, engine, started, err->status != PF_OK ? failure_word(failure) : "", err);
        if (err->status == PF_OK || failure != PF_ENGINE_FALLS_BACK || i + 1 == count)
            return err->status;
        if (!pf_plan_warn(plan, "the engine %s failed, %s was used: %.400s", engine->name, plan->engines[i + 1].name,
                          err->message))
            return pf_fail_memory(err, 1);
    }
    return err->status;
}
