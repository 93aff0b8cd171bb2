/* What an engine of an extension may ask of the core, and have done by it, while it is asked or runs. */
#include <string.h>

#include "base/json.h"
#include "base/option.h"
#include "convert/engines.h"
#include "convert/settings.h"

enum { COPY_PART = 1 << 20 };

/* ---- the job */

/* What is in force of the option that the setting names: the last value, or all of them with commas between. NULL fills err. */
static const char *in_force(struct pf_plan *plan, uint32_t last, const struct pf_option *option, struct pf_error *err)
{
    struct pf_buffer joined;
    const char *text = NULL;
    bool good = true;

    if (option == NULL || !pf_option_goes_on(option))
        return pf_setting_text(plan->ctx, &plan->settings[last]);
    pf_buffer_init(&joined, &plan->ctx->memory, SIZE_MAX);
    for (uint32_t i = 0; i <= last && good; i++) {
        if (pf_option_anywhere(plan->ctx, plan->settings[i].name) == option)
            good =
                pf_buffer_printf(&joined, "%s%s", joined.size > 0 ? "," : "", pf_setting_text(plan->ctx, &plan->settings[i]));
    }
    if (good)
        text = pf_arena_copy(&plan->arena, joined.size > 0 ? (const char *)joined.data : "", joined.size);
    pf_buffer_free(&joined);
    if (text == NULL)
        pf_fail_memory(err, 1);
    return text;
}

static bool is_last_of(const struct pf_plan *plan, uint32_t at, const struct pf_option *option)
{
    for (uint32_t i = at + 1; i < plan->setting_count; i++) {
        if (option != NULL ? pf_option_anywhere(plan->ctx, plan->settings[i].name) == option
                           : strcmp(plan->settings[i].name, plan->settings[at].name) == 0)
            return false;
    }
    return true;
}

/* All options given, hooks and settings files included, each once and with what is in force. */
static enum pf_status put_options(struct pf_engine_run *run, struct pf_error *err)
{
    struct pf_plan *plan = run->plan;
    struct pf_json json;
    char *text;

    pf_json_begin(&json, &plan->ctx->memory);
    pf_json_open(&json, '{');
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const struct pf_setting *setting = &plan->settings[i];
        const struct pf_option *option = pf_option_anywhere(plan->ctx, setting->name);

        if (is_last_of(plan, i, option))
            pf_json_set_text(&json, option != NULL ? option->name : setting->name, in_force(plan, i, option, err));
    }
    pf_json_close(&json, '}');
    text = pf_json_end(&json);
    run->job.options = text != NULL && err->status == PF_OK ? pf_arena_copy(&plan->arena, text, strlen(text)) : NULL;
    pf_free(&plan->ctx->memory, text);
    return run->job.options != NULL ? PF_OK : pf_fail_memory(err, 1);
}

/* Of a compressed input the size is seldom known; text is mostly four times as large then. */
static int64_t data_bytes(const struct pf_plan *plan)
{
    int64_t known = plan->job.source != NULL ? pf_source_size(plan->job.source) : -1;
    int64_t stored = plan->input_stat.size;

    return known >= 0 || stored < 0 ? known : stored <= INT64_MAX / 4 ? stored * 4 : INT64_MAX;
}

enum pf_status pf_engine_run_begin(struct pf_engine_run *run, struct pf_plan *plan, struct pf_error *err)
{
    run->plan = plan;
    run->job.size = sizeof run->job;
    run->job.input = plan->job.input;
    run->job.input_format = plan->job.reader->name;
    run->job.output = plan->job.output;
    run->job.output_format = plan->job.writer->name;
    run->job.input_bytes = plan->input_stat.size;
    run->job.data_bytes = data_bytes(plan);
    run->job.replace = plan->job.replace;
    run->job.run = run;
    run->job.engines_only = plan->engines_only;
    run->job.table = plan->options.table != NULL ? plan->options.table : "";
    run->job.mode = pf_plan_mode(plan);
    run->job.merge_schema = plan->options.merge_schema;
    run->job.staging = plan->options.staging != NULL ? plan->options.staging : "";
    run->job.timezone = plan->options.timezone != NULL ? plan->options.timezone : "UTC";
    return put_options(run, err);
}

void pf_engine_run_end(struct pf_engine_run *run)
{
    for (uint32_t i = 0; i < run->context_count; i++)
        pf_context_free(run->contexts[i]);
    if (run->surveyed)
        pf_outcome_free(&run->seen);
    memset(run, 0, sizeof *run);
}

/* ---- asking */

static const char *job_option(const struct pf_engine_job *job, const char *name)
{
    struct pf_plan *plan = job->run->plan;
    const struct pf_option *option = pf_option_anywhere(plan->ctx, name);
    struct pf_error ignored;

    for (uint32_t i = plan->setting_count; i-- > 0;) {
        const struct pf_setting *setting = &plan->settings[i];

        if (option != NULL ? pf_option_anywhere(plan->ctx, setting->name) == option : strcmp(setting->name, name) == 0)
            return in_force(plan, i, option, &ignored);
    }
    return NULL;
}

/* ---- doing */

static void forward_log(void *user, enum pf_log_level level, const char *message)
{
    struct pf_context *ctx = ((struct pf_engine_run *)user)->plan->ctx;

    if (level == PF_LOG_WARNING)
        pf_warn(ctx, "%s", message);
    else
        pf_log(ctx, level, "%s", message);
}

static void forward_progress(void *user, const struct pf_progress *progress)
{
    const struct pf_engine_run *run = user;
    struct pf_context *ctx = run->plan->ctx;

    if (ctx->progress != NULL)
        ctx->progress(ctx->progress_user, progress);
    if (!pf_context_cancelled(ctx))
        return;
    for (uint32_t i = 0; i < run->context_count; i++)
        pf_context_cancel(run->contexts[i]);
}

/* Whether an option is one of the conversion's that decides what the requests made for an engine decide otherwise. */
static bool is_of_outer(const char *name)
{
    static const char *const names[] = { "engine", "force-core", "force-pyspark", "report-dir", "log-level", NULL };

    return pf_option_is_among(pf_convert_option_table, name, names) || pf_is_target_option(name);
}

static enum pf_status fill_request(const struct pf_plan *plan, struct pf_request *request, struct pf_error *err)
{
    static const char *const format_only[] = { "format", NULL };
    const char *format = plan->engines_only ? NULL : plan->job.writer->name;

    if (pf_request_paths(request, plan->job.input, plan->engines_only ? NULL : plan->job.output, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const struct pf_setting *setting = &plan->settings[i];

        if (!is_of_outer(setting->name) &&
            !(plan->engines_only && pf_option_is_among(pf_convert_option_table, setting->name, format_only)) &&
            pf_request_set(request, setting->name, setting->value, err) != PF_OK)
            return err->status;
    }
    /* the outer conversion has decided the formats, and makes the report */
    if (pf_request_set(request, "from", plan->job.reader->name, err) != PF_OK ||
        (format != NULL && pf_request_set(request, "format", format, err) != PF_OK) ||
        pf_request_set(request, "report-dir", "", err) != PF_OK)
        return err->status;
    return pf_request_set(request, "engine", "native", err);
}

struct pf_context *pf_engine_context(struct pf_engine_run *run, struct pf_error *err)
{
    struct pf_context *ctx;

    if (run->context_count == PF_ENGINE_CONTEXTS) {
        pf_fail(err, PF_LIMIT, "an engine makes at most %d requests in one run", PF_ENGINE_CONTEXTS);
        return NULL;
    }
    ctx = pf_context_new();
    if (ctx == NULL) {
        pf_fail_memory(err, sizeof *ctx);
        return NULL;
    }
    pf_context_extensions(ctx, run->plan->ctx->extensions);
    ctx->inside_hook = true;
    pf_context_on_log(ctx, forward_log, run, PF_LOG_WARNING);
    pf_context_on_progress(ctx, forward_progress, run);
    run->contexts[run->context_count++] = ctx;
    return ctx;
}

static enum pf_status job_request(const struct pf_engine_job *job, struct pf_request **out, struct pf_error *err)
{
    struct pf_engine_run *run = job->run;
    struct pf_context *ctx;

    *out = NULL;
    pf_error_clear(err);
    ctx = pf_engine_context(run, err);
    if (ctx == NULL)
        return err->status;
    *out = pf_request_new(ctx);
    if (*out == NULL)
        return pf_fail_memory(err, 1);
    if (fill_request(run->plan, *out, err) == PF_OK)
        return PF_OK;
    pf_request_free(*out);
    *out = NULL;
    return err->status;
}

static enum pf_status copy(const struct pf_plan *plan, struct pf_source *from, struct pf_sink *to, struct pf_error *err)
{
    uint8_t *part = pf_alloc(&plan->ctx->memory, COPY_PART);
    enum pf_status status = PF_OK;
    size_t got = COPY_PART;

    if (part == NULL)
        return pf_fail_memory(err, COPY_PART);
    while (status == PF_OK && got != 0) {
        status = pf_check_cancel(plan->ctx, err);
        if (status == PF_OK)
            status = pf_source_read(from, part, COPY_PART, &got, err);
        if (status == PF_OK)
            status = pf_sink_write(to, part, got, err);
    }
    pf_free(&plan->ctx->memory, part);
    return status == PF_OK ? pf_sink_commit(to, err) : status;
}

static enum pf_status job_place(const struct pf_engine_job *job, const char *path, struct pf_error *err)
{
    const struct pf_plan *plan = job->run->plan;
    const struct pf_sink_options options = { .replace = plan->job.replace, .sync = plan->job.sync };
    struct pf_source *from = NULL;
    struct pf_sink *to = NULL;

    pf_error_clear(err);
    if (!job->run->running)
        return pf_fail(err, PF_BAD_OPTION, "an engine writes while it runs, and at no other time");
    if (plan->engines_only)
        return pf_fail(err, PF_BAD_OPTION, "the output is no file, which the engine has to write by itself");
    if (pf_source_open(plan->ctx, path, true, &from, err) == PF_OK &&
        pf_sink_open(plan->ctx, plan->job.output, &options, &to, err) == PF_OK)
        (void)copy(plan, from, to, err);
    pf_sink_free(to);
    pf_source_close(from);
    return err->status;
}

static enum pf_status job_progress(const struct pf_engine_job *job, const struct pf_progress *progress, struct pf_error *err)
{
    struct pf_context *ctx = job->run->plan->ctx;

    pf_error_clear(err);
    if (ctx->progress != NULL)
        ctx->progress(ctx->progress_user, progress);
    return pf_check_cancel(ctx, err);
}

/* What is wrong with a column; NULL = nothing. */
static const char *refuse_column(const struct pf_engine_run *run, const struct pf_engine_column *column)
{
    if (!run->running)
        return "columns are told while the engine runs, and at no other time";
    if (column == NULL || !PF_HAS(column, because_row))
        return "a column of this size is none";
    if (column->name == NULL)
        return "a column without a name";
    if (column->type == NULL || column->type[0] == '\0')
        return "a column without a type";
    if (column->nulls < -1 || column->because_row < 0)
        return "a column with a number below zero";
    return run->told.count == PF_ENGINE_COLUMNS ? "more columns than are kept" : NULL;
}

static enum pf_status add_column(struct pf_engine_run *run, const struct pf_engine_column *column, struct pf_error *err)
{
    struct pf_arena *arena = &run->plan->arena;
    struct pf_told_columns *told = &run->told;
    struct pf_told_column one = { .facts = { .nulls = column->nulls } };
    struct pf_told_column *list = pf_arena_grow(arena, told->list, told->count, &told->capacity, sizeof *list);

    if (list == NULL)
        return pf_fail_memory(err, sizeof *list);
    told->list = list;
    one.name = pf_arena_copy(arena, column->name, strlen(column->name));
    one.type = pf_arena_copy(arena, column->type, strlen(column->type));
    if (column->text_because != NULL) {
        one.facts.because = pf_arena_copy(arena, column->text_because, strlen(column->text_because));
        one.facts.because_row = column->because_row;
    }
    if (one.name == NULL || one.type == NULL || (column->text_because != NULL && one.facts.because == NULL))
        return pf_fail_memory(err, strlen(column->name));
    told->list[told->count++] = one;
    return PF_OK;
}

static enum pf_status job_column(const struct pf_engine_job *job, const struct pf_engine_column *column, struct pf_error *err)
{
    struct pf_engine_run *run = job->run;
    const char *why = refuse_column(run, column);

    pf_error_clear(err);
    if (why != NULL)
        pf_fail(err, PF_BAD_OPTION, "%s", why);
    else
        (void)add_column(run, column, err);
    run->told.refused = run->told.refused || err->status != PF_OK;
    return err->status;
}

void pf_engine_fill_host(struct pf_host *host)
{
    host->job_option = job_option;
    host->job_request = job_request;
    host->job_place = job_place;
    host->job_progress = job_progress;
    host->job_column = job_column;
    pf_engine_fill_remote(host);
}
