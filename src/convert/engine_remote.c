/* What an engine beside the native one is told of the job as a plan for Spark, and what becomes of the parts that Spark has written. */
#include <errno.h>
#include <string.h>

#include "base/option.h"
#include "convert/engines.h"
#include "convert/settings.h"
#include "engine/settle.h"

/* ---- the plan */

/* The columns that are kept of a table, with their nulls. */
static enum pf_status take_columns(const struct pf_table *table, const uint32_t *selected, uint32_t count,
                                   struct pf_outcome *seen, struct pf_error *err)
{
    seen->columns = pf_arena_alloc_zero(&seen->arena, (size_t)count + 1, sizeof *seen->columns);
    if (seen->columns == NULL)
        return pf_fail_memory(err, count * sizeof *seen->columns);
    for (uint32_t i = 0; i < count; i++) {
        const struct pf_field *field = &table->schema.fields[selected[i]];

        seen->columns[i].nulls = table->nulls != NULL ? table->nulls[selected[i]] : -1;
        if (!pf_schema_add(&seen->schema, field->name, strlen(field->name), field))
            return pf_fail_memory(err, strlen(field->name));
    }
    seen->rows_read = seen->rows_written = table->rows;
    return PF_OK;
}

static enum pf_status ask_table(struct pf_plan *plan, void *user, struct pf_error *err)
{
    return plan->job.reader->table(plan->job.reader_state, plan->job.table, user, err);
}

/* A format with types of its own that tells its rows needs no reading. */
static enum pf_status survey_typed(struct pf_plan *plan, struct pf_outcome *seen, bool *told, struct pf_error *err)
{
    uint32_t *selected = NULL, count;
    struct pf_table table;

    memset(&table, 0, sizeof table);
    pf_schema_init(&table.schema, &plan->ctx->memory);
    if (pf_plan_ask(plan, ask_table, &table, err) == PF_OK && table.rows >= 0) {
        *told = true;
        if (pf_settle_columns(plan->ctx, &plan->job, &table.schema, &selected, &count, err) == PF_OK)
            (void)take_columns(&table, selected, count, seen, err);
        pf_free(&plan->ctx->memory, selected);
    }
    pf_schema_free(&table.schema);
    return err->status;
}

enum pf_status pf_engine_survey(struct pf_plan *plan, struct pf_outcome *seen, struct pf_error *err)
{
    struct pf_job job = plan->job;
    bool told = false;

    if ((job.reader->flags & PF_READER_TYPED) != 0 && (survey_typed(plan, seen, &told, err) != PF_OK || told))
        return err->status;
    job.survey = true;
    if (!plan->engines_only && job.writer->settle == PF_SETTLE_NONE)
        job.types = PF_TYPES_STRING;
    if (plan->engines_only)
        job.writer = NULL; /* it stands for another, and nothing is written */
    if (pf_native_scan(plan->ctx, &job, seen, err) != PF_OK)
        return err->status;
    return job.source != NULL ? pf_source_rewind(job.source, err) : PF_OK;
}

/* Warnings of the survey are those of the conversion that is under way. */
static enum pf_status survey(struct pf_engine_run *run, struct pf_error *err)
{
    struct pf_context *ctx = run->plan->ctx;

    if (run->surveyed)
        return PF_OK;
    if (!run->running)
        return pf_fail(err, PF_BAD_OPTION, "an engine has the whole input read while it runs, and at no other time");
    run->surveyed = true;
    pf_outcome_init(&run->seen, ctx);
    if (pf_plan_ask(run->plan, NULL, NULL, err) != PF_OK)
        return err->status;
    return pf_engine_survey(run->plan, &run->seen, err);
}

static enum pf_status print(struct pf_engine_run *run, bool whole, char **text, struct pf_error *err)
{
    const struct pf_outcome *seen = whole ? &run->seen : NULL;
    struct pf_remote remote;
    struct pf_json json;

    if (pf_remote_make(run->plan, seen, &remote, err) != PF_OK)
        return err->status;
    pf_json_begin(&json, &run->plan->ctx->memory);
    pf_remote_print(&json, &remote, seen);
    *text = pf_json_end(&json);
    return *text != NULL ? PF_OK : pf_fail_memory(err, 1);
}

static enum pf_status job_remote(struct pf_context *ctx, const struct pf_engine_job *job, bool whole, char **text,
                                 struct pf_error *err)
{
    struct pf_engine_run *run = job->run;
    void (*warn)(void *, struct pf_context *, const char *) = ctx->warn;
    void *warn_user = ctx->warn_user;
    const char *early;

    *text = NULL;
    pf_error_clear(err);
    /* what needs no look at the input is said without one */
    early = pf_remote_refusal(run->plan, NULL);
    if (early == NULL && whole)
        (void)survey(run, err);
    if (err->status == PF_OK)
        (void)print(run, whole && early == NULL, text, err);
    ctx->warn = warn;
    ctx->warn_user = warn_user;
    return err->status;
}

/* ---- joining */

/* The parts, one after another, as a stream of the plan's types. */
struct joined {
    const struct pf_engine_run *run;
    struct pf_context *ctx;
    const char *const *paths;
    uint32_t count, next; /* parts */
    struct ArrowArrayStream part;
    int64_t rows;
    int64_t *nulls; /* one a column */
    struct pf_error err;
};

static int failed(struct joined *joined, enum pf_status status)
{
    if (joined->err.status == PF_OK)
        joined->err.status = status;
    return status == PF_BAD_DATA || status == PF_INTERNAL ? EINVAL : status == PF_NO_MEMORY ? ENOMEM : EIO;
}

static int joined_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct joined *joined = self->private_data;

    return pf_schema_export(&joined->run->seen.schema, out, &joined->err) == PF_OK ? 0 : failed(joined, PF_NO_MEMORY);
}

/* Whether a part has columns of the layouts of the types: instants are integers there. */
static bool has_layouts(const struct pf_schema *wanted, const struct ArrowSchema *types, const struct ArrowSchema *part)
{
    bool good = part->n_children == wanted->count;

    for (uint32_t i = 0; good && i < wanted->count; i++) {
        const bool instant = wanted->fields[i].type == PF_TYPE_TIMESTAMP && wanted->fields[i].utc;

        good = strcmp(part->children[i]->format, instant ? "l" : types->children[i]->format) == 0;
    }
    return good;
}

static enum pf_status check_part(struct joined *joined, struct pf_error *err)
{
    const struct pf_schema *wanted = &joined->run->seen.schema;
    const char *path = joined->paths[joined->next];
    struct ArrowSchema schema, types;
    bool good;

    memset(&schema, 0, sizeof schema);
    if (pf_schema_export(wanted, &types, err) != PF_OK)
        return err->status;
    if (joined->part.get_schema(&joined->part, &schema) != 0) {
        types.release(&types);
        return pf_fail(err, PF_IO, "%s cannot be read", path);
    }
    good = has_layouts(wanted, &types, &schema);
    types.release(&types);
    schema.release(&schema);
    return good ? PF_OK : pf_fail(err, PF_INTERNAL, "%s does not have the columns that were asked for", path);
}

/* A request for a part: the job's threads and memory, nothing else of it. */
static enum pf_status open_part(struct joined *joined, struct pf_error *err)
{
    struct pf_request *request = pf_request_new(joined->ctx);

    if (request == NULL)
        return pf_fail_memory(err, 1);
    if (pf_request_paths(request, joined->paths[joined->next], NULL, err) == PF_OK &&
        pf_request_set(request, "from", "parquet", err) == PF_OK && pf_request_set(request, "engine", "native", err) == PF_OK &&
        pf_read_stream(request, &joined->part, err) == PF_OK)
        (void)check_part(joined, err);
    pf_request_free(request);
    return err->status;
}

/* What the parts have against what the native reading has counted. */
static int check_counts(struct joined *joined)
{
    const struct pf_outcome *seen = &joined->run->seen;

    if (joined->rows != seen->rows_written)
        pf_fail(&joined->err, PF_INTERNAL, "Spark has written %lld rows where %lld were read", (long long)joined->rows,
                (long long)seen->rows_written);
    for (uint32_t i = 0; joined->err.status == PF_OK && seen->columns != NULL && i < seen->schema.count; i++) {
        if (seen->columns[i].nulls >= 0 && joined->nulls[i] != seen->columns[i].nulls)
            pf_fail(&joined->err, PF_INTERNAL, "Spark has written %lld nulls in the column '%.60s' where there are %lld",
                    (long long)joined->nulls[i], seen->schema.fields[i].name, (long long)seen->columns[i].nulls);
    }
    return joined->err.status == PF_OK ? 0 : failed(joined, PF_INTERNAL);
}

static int joined_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct joined *joined = self->private_data;

    memset(out, 0, sizeof *out);
    if (pf_check_cancel(joined->run->plan->ctx, &joined->err) != PF_OK)
        return failed(joined, PF_CANCELLED);
    for (;;) {
        if (joined->part.release == NULL) {
            if (joined->next == joined->count)
                return check_counts(joined);
            if (open_part(joined, &joined->err) != PF_OK)
                return failed(joined, joined->err.status);
        }
        if (joined->part.get_next(&joined->part, out) != 0) {
            pf_fail(&joined->err, PF_IO, "%s: %.300s", joined->paths[joined->next], joined->part.get_last_error(&joined->part));
            return failed(joined, PF_IO);
        }
        if (out->release != NULL)
            break;
        joined->part.release(&joined->part);
        joined->next++;
    }
    joined->rows += out->length;
    for (int64_t i = 0; i < out->n_children; i++)
        joined->nulls[i] += out->children[i]->null_count;
    return 0;
}

static const char *joined_error(struct ArrowArrayStream *self)
{
    return ((struct joined *)self->private_data)->err.message;
}

static void joined_release(struct ArrowArrayStream *self)
{
    struct joined *joined = self->private_data;

    if (joined->part.release != NULL)
        joined->part.release(&joined->part);
    self->release = NULL;
}

/* The job's options that concern writing. */
static enum pf_status set_options(const struct pf_plan *plan, struct pf_request *request, struct pf_error *err)
{
    static const char *const kept[] = { "threads", "memory", "force", "sync", "temp-dir", NULL };

    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const struct pf_setting *setting = &plan->settings[i];

        if ((pf_option_is_among(pf_convert_option_table, setting->name, kept) ||
             pf_option_find(plan->job.writer->options, setting->name) != NULL) &&
            pf_request_set(request, setting->name, setting->value, err) != PF_OK)
            return err->status;
    }
    if (pf_request_set(request, "format", plan->job.writer->name, err) != PF_OK ||
        pf_request_set(request, "report-dir", "", err) != PF_OK)
        return err->status;
    return pf_request_set(request, "engine", "native", err);
}

static enum pf_status write_joined(struct joined *joined, struct pf_context *ctx, struct pf_error *err)
{
    const struct pf_plan *plan = joined->run->plan;
    struct ArrowArrayStream stream = { joined_schema, joined_next, joined_error, joined_release, joined };
    struct pf_request *request = pf_request_new(ctx);
    struct pf_result *result = NULL;

    if (request == NULL)
        return pf_fail_memory(err, 1);
    if (pf_request_paths(request, plan->job.input, plan->job.output, err) == PF_OK && set_options(plan, request, err) == PF_OK)
        (void)pf_write_stream(request, &stream, &result, err);
    if (err->status != PF_OK && joined->err.status != PF_OK && joined->err.message[0] != '\0')
        *err = joined->err;
    pf_result_free(result);
    pf_request_free(request);
    return err->status;
}

static enum pf_status job_join(const struct pf_engine_job *job, const char *const *paths, uint32_t count, struct pf_error *err)
{
    struct pf_engine_run *run = job->run;
    struct pf_context *writing;
    struct joined joined = { .run = run, .paths = paths, .count = count };

    pf_error_clear(err);
    pf_error_clear(&joined.err);
    if (!run->running || !run->surveyed || run->seen.schema.count == 0)
        return pf_fail(err, PF_BAD_OPTION, "an engine joins what it was asked for while it runs, and at no other time");
    if (run->plan->engines_only)
        return pf_fail(err, PF_BAD_OPTION, "the output is no file, which the engine has to write by itself");
    joined.ctx = pf_engine_context(run, err);
    writing = joined.ctx != NULL ? pf_engine_context(run, err) : NULL;
    if (writing == NULL)
        return err->status;
    joined.nulls = pf_alloc_zero(&run->plan->ctx->memory, run->seen.schema.count, sizeof *joined.nulls);
    if (joined.nulls == NULL)
        (void)pf_fail_memory(err, 1);
    else
        (void)write_joined(&joined, writing, err);
    pf_free(&run->plan->ctx->memory, joined.nulls);
    return err->status;
}

void pf_engine_fill_remote(struct pf_host *host)
{
    host->job_remote = job_remote;
    host->job_join = job_join;
}
