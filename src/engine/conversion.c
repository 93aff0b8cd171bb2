/* What becomes of a job: the passes of a conversion, a whole reading without output, and their repetition where the reader has
 * found that the table is another than it seemed. */
#include <string.h>

#include "engine/held.h"
#include "engine/output.h"
#include "engine/run.h"
#include "engine/settle.h"

/* ---- a conversion: one pass that writes, and a repair where the types of the head did not hold */

struct conversion {
    struct pf_run run;
    struct pf_writing output;
    struct pf_rejects_file rejects;
    int64_t rows_before; /* in the output, of other tables */
    bool follows;        /* the output has other tables already ... */
    bool begun;          /* ... and this one is in it, too */
    struct pf_schema schema;
    int64_t *nulls; /* one a field of the schema, of the batches written in the first pass; -1 = not known */
};

static enum pf_status infer_head(struct pf_run *run, struct pf_error *err)
{
    struct pf_evidence *head = pf_alloc_zero(&run->ctx->memory, run->plan.column_count, sizeof *head);
    enum pf_status status;

    if (head == NULL)
        return pf_fail_memory(err, run->plan.column_count * sizeof *head);
    status = pf_pipeline_head(&run->pipeline, head, err);
    if (status == PF_OK)
        pf_settle_head(&run->plan, head);
    else
        pf_run_place_error(run, &run->pipeline.works[0], err);
    pf_free(&run->ctx->memory, head);
    return status;
}

static void count_nulls(struct conversion *c, const struct pf_batch *batch)
{
    for (uint32_t i = 0; i < batch->column_count; i++) {
        if (batch->columns[i].release == NULL)
            c->nulls[i] = -1;
        else if (c->nulls[i] >= 0)
            c->nulls[i] += batch->columns[i].null_count;
    }
}

/* What the evidence does not tell: of inferred columns it does, also of those that not every batch has. */
static enum pf_status tell_nulls(const struct conversion *c, struct pf_outcome *outcome, struct pf_error *err)
{
    const bool none = outcome->columns == NULL;

    if (none)
        outcome->columns = pf_arena_alloc_zero(&outcome->arena, c->schema.count, sizeof *outcome->columns);
    if (outcome->columns == NULL)
        return pf_fail_memory(err, c->schema.count * sizeof *outcome->columns);
    for (uint32_t i = 0; i < c->schema.count; i++) {
        if (none || outcome->columns[i].nulls < 0)
            outcome->columns[i].nulls = c->nulls[i];
    }
    return PF_OK;
}

/* Takes the blocks of a pass to the output. first: rejected rows are written, too (a repair meets the same ones again). */
static enum pf_status write_blocks(struct conversion *c, bool first, struct pf_error *err)
{
    struct pf_run *run = &c->run;
    enum pf_status status;

    run->pipeline.behind = &c->output.count;
    for (;;) {
        struct pf_work *work;

        status = pf_run_next(run, first ? "reading" : "repairing", &work, err);
        if (status != PF_OK)
            break;
        if (first)
            status = pf_run_add_rejects(run, work, &c->rejects, err);
        if (first && work->batch.rows != 0)
            count_nulls(c, &work->batch);
        if (status == PF_OK)
            status = pf_writing_add(&c->output, &work->batch, err);
        if (status != PF_OK)
            break;
        pf_run_done(run, work);
    }
    return status == PF_END ? pf_writing_flush(&c->output, err) : status;
}

static enum pf_status open_output(struct conversion *c, struct pf_error *err)
{
    struct pf_run *run = &c->run;

    c->begun = true;
    if (c->follows)
        return pf_writing_next(&c->output, run->pool, run->job, &c->schema, err);
    return pf_writing_open(&c->output, run->ctx, run->pool, run->job, &c->schema, err);
}

static enum pf_status first_pass(struct conversion *c, struct pf_error *err)
{
    struct pf_run *run = &c->run;

    if (run->infers && run->job->writer->settle == PF_SETTLE_REPAIR && pf_source_spool(run->source, err) != PF_OK)
        return err->status;
    if (pf_run_pass(run, err) != PF_OK)
        return err->status;
    if (run->infers && run->job->writer->settle == PF_SETTLE_REPAIR && infer_head(run, err) != PF_OK)
        return err->status;
    if (pf_settle_schema(&run->plan, &run->table.schema, &c->schema, err) != PF_OK)
        return err->status;
    c->nulls = pf_alloc_zero(&run->ctx->memory, c->schema.count, sizeof *c->nulls);
    if (c->nulls == NULL)
        return pf_fail_memory(err, c->schema.count * sizeof *c->nulls);
    if (open_output(c, err) != PF_OK)
        return err->status;
    return write_blocks(c, true, err);
}

static enum pf_status repair_columns(struct conversion *c, const bool *again, uint32_t count, struct pf_error *err)
{
    struct pf_run *run = &c->run;
    uint32_t *slots = pf_alloc_zero(&run->ctx->memory, count, sizeof *slots);
    uint32_t next = 0;
    enum pf_status status;

    if (slots == NULL)
        return pf_fail_memory(err, count * sizeof *slots);
    for (uint32_t i = 0; i < run->plan.column_count; i++) {
        if (again[i])
            slots[next++] = run->plan.columns[i].slot;
    }
    pf_schema_free(&c->schema);
    status = pf_settle_schema(&run->plan, &run->table.schema, &c->schema, err);
    if (status == PF_OK)
        status = pf_writing_repair(&c->output, &c->schema, slots, count, err);
    pf_free(&run->ctx->memory, slots);
    pf_pipeline_end(&run->pipeline);
    pf_settle_repair(&run->plan, again);
    if (status == PF_OK)
        status = pf_source_rewind(run->source, err);
    if (status == PF_OK)
        status = pf_run_pass(run, err);
    return status == PF_OK ? write_blocks(c, false, err) : status;
}

/* After the first pass: makes the columns anew whose type the whole input decides otherwise than the head did. */
static enum pf_status settle(struct conversion *c, struct pf_outcome *outcome, struct pf_error *err)
{
    struct pf_run *run = &c->run;
    bool *again;
    uint32_t count;
    enum pf_status status = PF_OK;

    if (!run->infers || run->job->writer->settle != PF_SETTLE_REPAIR)
        return PF_OK;
    again = pf_alloc_zero(&run->ctx->memory, run->plan.column_count, sizeof *again);
    if (again == NULL)
        return pf_fail_memory(err, run->plan.column_count);
    count = pf_settle_evidence(&run->plan, again);
    outcome->repaired = count;
    status = pf_run_facts(run, outcome, err);
    if (count != 0 && status == PF_OK) {
        struct pf_counted counted = run->counted;

        status = repair_columns(c, again, count, err);
        run->counted = counted;
    }
    pf_free(&run->ctx->memory, again);
    return status;
}

/* Several outputs appear together, and one of several tables when it has them all. */
static void take_held(struct conversion *c, const struct pf_job *job)
{
    if (job->held == NULL || !job->held->waits)
        return;
    c->output = job->held->writing;
    c->rejects = job->held->rejects;
    c->rows_before = job->held->rows;
    c->follows = true;
    memset(job->held, 0, sizeof *job->held);
}

static void hold(struct conversion *c, const struct pf_job *job)
{
    struct pf_held *held = job->held;

    pf_writing_rest(&c->output, !job->goes_on);
    held->writing = c->output;
    held->rejects = c->rejects;
    held->rows = c->rows_before + c->run.counted.kept;
    held->waits = job->goes_on;
    memset(&c->output, 0, sizeof c->output);
    memset(&c->rejects, 0, sizeof c->rejects);
}

/* As it was taken, for the next run of the job. */
static void give_held_back(struct conversion *c, struct pf_job *job)
{
    *job->held = (struct pf_held){ .writing = c->output, .rejects = c->rejects, .rows = c->rows_before, .waits = true };
    memset(&c->output, 0, sizeof c->output);
    memset(&c->rejects, 0, sizeof c->rejects);
}

static enum pf_status commit(struct conversion *c, struct pf_outcome *outcome, struct pf_error *err)
{
    struct pf_held held = { .writing = c->output, .rejects = c->rejects };

    return pf_held_commit(&held, &outcome->rejects_written, err);
}

static enum pf_status complete(struct conversion *c, struct pf_outcome *outcome, struct pf_error *err)
{
    const struct pf_counted *n = &c->run.counted;

    if (pf_run_check_rejects(&c->run, err) != PF_OK)
        return err->status;
    if (n->read != n->kept + n->rejected + n->left_out)
        return pf_fail(err, PF_INTERNAL, "%lld rows were read, %lld are accounted for", (long long)n->read,
                       (long long)(n->kept + n->rejected + n->left_out));
    pf_run_progress(&c->run, "writing");
    if (!c->run.job->goes_on && pf_writing_finish(&c->output, c->rows_before + n->kept, &outcome->bytes_written, err) != PF_OK)
        return err->status;
    if (pf_check_cancel(c->run.ctx, err) != PF_OK)
        return err->status;
    if (c->run.job->held == NULL)
        return commit(c, outcome, err);
    hold(c, c->run.job);
    return PF_OK;
}

/* A reader that finds in the middle that the table is another has the job begin anew; of an output that has other tables already, that
 * has to come before the first row. */
static bool reads_types_first(const struct pf_run *run)
{
    const struct pf_job *job = run->job;

    return job->writer->settle == PF_SETTLE_FIRST && (run->infers || (job->table_name != NULL && job->reader->again != NULL));
}

static enum pf_status convert(struct conversion *c, struct pf_outcome *outcome, struct pf_error *err)
{
    struct pf_run *run = &c->run;

    if (reads_types_first(run) && pf_run_types_first(run, NULL, outcome, err) != PF_OK)
        return err->status;
    if (first_pass(c, err) != PF_OK || settle(c, outcome, err) != PF_OK || tell_nulls(c, outcome, err) != PF_OK)
        return err->status;
    /* what can fail comes before the output is seen */
    if (!pf_schema_copy(&outcome->schema, &c->schema))
        return pf_fail_memory(err, sizeof c->schema);
    if (pf_run_warn_misfits(run, outcome, err) != PF_OK)
        return err->status;
    return complete(c, outcome, err);
}

/* Once. *again: the job, which is changed, is to be run once more. */
static enum pf_status run_once(struct pf_context *ctx, struct pf_job *job, struct pf_kept *kept, bool *again,
                               struct pf_outcome *outcome, struct pf_error *err)
{
    struct conversion c;
    bool infer = job->types == PF_TYPES_INFER && job->writer->settle != PF_SETTLE_NONE;
    enum pf_status status;

    memset(&c, 0, sizeof c);
    pf_schema_init(&c.schema, &ctx->memory);
    take_held(&c, job);
    if (!c.follows) {
        pf_rejects_init(&c.rejects, ctx, job);
        c.output.target = kept->target;
        kept->target = NULL;
    }
    status = pf_run_open(&c.run, ctx, job, infer, err);
    if (status == PF_OK) {
        if (!c.follows && job->target == NULL && strcmp(job->output, "-") != 0 && !pf_location_is_remote(ctx, job->output))
            pf_location_clean(ctx, job->output);
        status = convert(&c, outcome, err);
    }
    status = pf_run_failure(&c.run, status, err);
    *again = false;
    if (!pf_writing_is_seen(&c.output) && !(c.follows && c.begun))
        status = pf_run_again(&c.run, status, job, kept, again, err);
    if (*again && c.follows)
        give_held_back(&c, job);
    else if (*again)
        pf_writing_give_target(&c.output, &kept->target);
    pf_run_account(&c.run, outcome);
    pf_pipeline_end(&c.run.pipeline);
    pf_writing_close(&c.output);
    if (c.rejects.ctx != NULL)
        pf_rejects_close(&c.rejects);
    pf_free(&ctx->memory, c.nulls);
    pf_schema_free(&c.schema);
    pf_run_close(&c.run);
    return status;
}

static enum pf_status scan_once(struct pf_context *ctx, struct pf_job *job, struct pf_kept *kept, bool *again,
                                struct pf_outcome *outcome, struct pf_error *err)
{
    struct conversion c;
    enum pf_status status;

    memset(&c, 0, sizeof c);
    status = pf_run_open(&c.run, ctx, job, job->types == PF_TYPES_INFER, err);
    if (status == PF_OK)
        status = pf_run_types(&c.run, NULL, err);
    if (status == PF_OK)
        status = pf_settle_schema(&c.run.plan, &c.run.table.schema, &outcome->schema, err);
    if (status == PF_OK)
        status = pf_run_facts(&c.run, outcome, err);
    if (status == PF_OK && job->reader->tell != NULL)
        job->reader->tell(c.run.reader_state);
    status = pf_run_failure(&c.run, status, err);
    status = pf_run_again(&c.run, status, job, kept, again, err);
    pf_run_account(&c.run, outcome);
    pf_run_close(&c.run);
    return status;
}

typedef enum pf_status (*once_fn)(struct pf_context *ctx, struct pf_job *job, struct pf_kept *kept, bool *again,
                                  struct pf_outcome *outcome, struct pf_error *err);

/* As often as the reader finds that the table is another than it seemed. */
static enum pf_status run_all(struct pf_context *ctx, const struct pf_job *job, once_fn once, struct pf_outcome *outcome,
                              struct pf_error *err)
{
    struct pf_kept kept = { .source = false };
    struct pf_job own = *job;
    enum pf_status status;
    bool again;

    pf_outcome_listen(outcome, ctx);
    do {
        const uint32_t told = outcome->warning_count;

        status = once(ctx, &own, &kept, &again, outcome, err);
        if (again)
            outcome->warning_count = told; /* they come again */
    } while (again);
    pf_kept_close(ctx, &own, &kept);
    pf_memory_trim(&ctx->memory);
    ctx->warn = NULL;
    return status;
}

enum pf_status pf_native_run(struct pf_context *ctx, const struct pf_job *job, struct pf_outcome *outcome, struct pf_error *err)
{
    return run_all(ctx, job, run_once, outcome, err);
}

enum pf_status pf_native_scan(struct pf_context *ctx, const struct pf_job *job, struct pf_outcome *outcome,
                              struct pf_error *err)
{
    return run_all(ctx, job, scan_once, outcome, err);
}
