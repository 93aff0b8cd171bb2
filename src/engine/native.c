/* The native engine: source, reader, pipeline, writer and sink put together for one job. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "engine/output.h"
#include "engine/run.h"
#include "engine/settle.h"

/* Bytes of the budget that a thread is given with what it works on: a block, or a column of a row group. */
enum { MEMORY_A_THREAD = 16 << 20 };
/* Blocks larger than usual hold one record; how often what it has is held at most. */
enum { LONG_MIB = 16, LONG_HELD = 8 };

/* ---- opening */

static enum pf_status open_source(struct pf_run *run, struct pf_error *err)
{
    if (run->job->source == NULL)
        return pf_source_open(run->ctx, run->job->input, false, &run->source, err);
    run->source = run->job->source;
    if (run->job->reader_state != NULL || !pf_source_can_rewind(run->source))
        return PF_OK;
    return pf_source_rewind(run->source, err);
}

static enum pf_status open_table(struct pf_run *run, struct pf_error *err)
{
    const struct pf_job *job = run->job;

    if (job->part_count != 0)
        return pf_parts_open(&run->parts, job, run->reader_state, &run->table.schema, err);
    return job->reader->table(run->reader_state, job->table, &run->table, err);
}

static enum pf_status open_reader(struct pf_run *run, struct pf_error *err)
{
    const struct pf_reader *reader = run->job->reader;

    run->reader_state = run->job->reader_state;
    if (run->reader_state != NULL)
        return open_table(run, err);
    if ((reader->flags & PF_READER_READ_AT) != 0 && pf_source_unpack(run->source, err) != PF_OK)
        return err->status;
    run->reader_state = pf_alloc_zero(&run->ctx->memory, 1, reader->state_size);
    if (run->reader_state == NULL)
        return pf_fail_memory(err, reader->state_size);
    run->reader_opened = true;
    if (reader->open(reader, run->reader_state, run->ctx, run->source, run->job->reader_options, err) != PF_OK)
        return err->status;
    return open_table(run, err);
}

static enum pf_status plan_columns(struct pf_run *run, bool infer, struct pf_error *err)
{
    uint32_t *selected = NULL, count;
    enum pf_status status = pf_settle_columns(run->ctx, run->job, &run->table.schema, &selected, &count, err);

    if (status == PF_OK && count == 0)
        status = pf_fail(err, PF_BAD_DATA, "there is no column to convert");
    if (status == PF_OK)
        status =
            pf_settle_plan(run->ctx, run->job, run->job->reader, &run->table.schema, selected, count, infer, &run->plan, err);
    if (status == PF_OK)
        pf_parts_settle(&run->parts, &run->plan);
    pf_free(&run->ctx->memory, selected);
    return status;
}

/* No thread waits for memory, so a budget is for so many of them: whether it is enough must not depend on how many there are. */
static uint32_t threads_for(const struct pf_job *job)
{
    const size_t most = job->memory / MEMORY_A_THREAD;
    const uint32_t threads = job->threads != 0 ? job->threads : pf_cpu_count();

    return threads <= most ? threads : most > 1 ? (uint32_t)most : 1;
}

enum pf_status pf_run_open(struct pf_run *run, struct pf_context *ctx, const struct pf_job *job, bool infer,
                           struct pf_error *err)
{
    uint32_t threads = threads_for(job);

    run->ctx = ctx;
    run->job = job;
    run->rows_of_before = -1;
    run->started = pf_clock();
    pf_schema_init(&run->table.schema, &ctx->memory);
    pf_parts_init(&run->parts, &ctx->memory);
    ctx->memory.limit = job->memory;
    atomic_store(&ctx->memory.refused, 0);
    if (open_source(run, err) != PF_OK)
        return err->status;
    if (open_reader(run, err) != PF_OK ||
        plan_columns(run, infer && (job->reader->flags & PF_READER_TYPED) == 0, err) != PF_OK) {
        pf_error_source(err, job->input);
        return err->status;
    }
    run->infers = infer && !run->plan.typed;
    run->plan.survey = job->survey;
    return pf_pool_new(&run->pool, &ctx->memory, threads, err);
}

void pf_run_close(struct pf_run *run)
{
    if (run->ctx == NULL)
        return;
    pf_pipeline_end(&run->pipeline);
    pf_pool_free(run->pool);
    if (run->reader_opened)
        run->job->reader->close(run->reader_state);
    if (run->reader_state != run->job->reader_state)
        pf_free(&run->ctx->memory, run->reader_state);
    pf_settle_plan_free(run->ctx, &run->plan);
    pf_parts_free(&run->parts);
    pf_schema_free(&run->table.schema);
    if (run->source != run->job->source)
        pf_source_close(run->source);
    run->ctx->memory.limit = SIZE_MAX;
    memset(run, 0, sizeof *run);
}

/* Places in messages count from the part's start. */
static enum pf_status begin_part(struct pf_run *run, uint32_t part, struct pf_error *err)
{
    const struct pf_job *job = run->job;
    const bool parts = job->part_count != 0;

    pf_pipeline_end(&run->pipeline);
    run->rows_before = run->lines_before = 0;
    run->part = part;
    return pf_pipeline_begin(&run->pipeline, run->ctx, run->pool, job->reader, run->reader_state,
                             parts ? job->parts[part].table : job->table, &run->plan,
                             parts ? pf_parts_at(&run->parts, part) : NULL, job->memory, err);
}

enum pf_status pf_run_pass(struct pf_run *run, struct pf_error *err)
{
    memset(&run->counted, 0, sizeof run->counted);
    return begin_part(run, 0, err);
}

const char *pf_run_part(const struct pf_run *run)
{
    return run->job->part_count > 1 ? run->job->parts[run->part].name : NULL;
}

/* The next block of this part or of one behind it. */
static enum pf_status next_block(struct pf_run *run, struct pf_work **out, struct pf_error *err)
{
    enum pf_status status = pf_pipeline_next(&run->pipeline, run->rows_before, out, err);

    while (status == PF_END && run->part + 1 < run->job->part_count) {
        const uint32_t *behind = run->pipeline.behind;
        const bool rests = run->pipeline.rests;

        status = begin_part(run, run->part + 1, err);
        if (status != PF_OK)
            return status;
        run->pipeline.behind = behind;
        if (rests)
            pf_pipeline_rest(&run->pipeline);
        status = pf_pipeline_next(&run->pipeline, 0, out, err);
    }
    return status;
}

/* ---- blocks in order */

/* Of several tables that become one, the one is named where the fault is. */
static void name_part(const struct pf_run *run, struct pf_error *err)
{
    const char *part = pf_run_part(run);
    char source[sizeof err->source];

    if (part == NULL)
        return;
    (void)snprintf(source, sizeof source, "%.140s, %.20s '%.80s'", run->job->input, pf_table_word(run->job->reader), part);
    pf_error_source(err, source);
}

/* Places in a block's error become places in the source. */
void pf_run_place_error(const struct pf_run *run, const struct pf_work *work, struct pf_error *err)
{
    if (err->row > 0)
        err->row += run->rows_before;
    if (err->line > 0)
        err->line += run->lines_before;
    if (err->offset >= 0)
        err->offset = work->block.offset >= 0 ? err->offset + work->block.offset : -1;
    if (err->column > 0 && err->column <= run->table.schema.count && err->column_name[0] == '\0') {
        const char *name = run->table.schema.fields[err->column - 1].name;
        size_t size = strlen(name);

        size = size < sizeof err->column_name ? size : sizeof err->column_name - 1;
        memcpy(err->column_name, name, size);
        err->column_name[size] = '\0';
    }
    name_part(run, err);
    pf_error_source(err, run->job->input);
}

void pf_run_progress(const struct pf_run *run, const char *step)
{
    struct pf_progress progress;

    if (run->ctx->progress == NULL)
        return;
    progress.bytes_read = pf_source_consumed(run->source);
    progress.bytes_total = pf_source_stat_of(run->source)->size;
    progress.rows = run->counted.read;
    progress.seconds = pf_clock() - run->started;
    progress.step = step;
    run->ctx->progress(run->ctx->progress_user, &progress);
}

/* How much would be enough is not known here, but twice as much is a number to try, and a long record is held several times, from its block to
 * its column chunk; who knows better has named one already. */
static void advise_memory(const struct pf_run *run, struct pf_error *err)
{
    const struct pf_memory *memory = &run->ctx->memory;
    const size_t mib = memory->limit >> 20, longest = run->longest >> 20;
    const size_t advised = mib * 2 > longest * LONG_HELD ? mib * 2 : longest * LONG_HELD;

    pf_error_source(err, run->job->input);
    /* with room to spare it was the system that had no more */
    if (memory->limit == SIZE_MAX || atomic_load(&memory->refused) == 0 || strncmp(err->remedy, "use --memory", 12) == 0)
        return;
    err->remedy[0] = '\0';
    if (longest < LONG_MIB) {
        pf_remedy(err, "raise --memory, which is %zuM: try --memory %zuM", mib, advised);
        return;
    }
    if (err->row <= 0 && err->line <= 0)
        err->row = run->longest_row;
    pf_remedy(err, "there is a record of about %zu MiB, which is held up to %d times, and --memory is %zuM: try --memory %zuM",
              longest, LONG_HELD, mib, advised);
}

enum pf_status pf_run_failure(const struct pf_run *run, enum pf_status status, struct pf_error *err)
{
    struct pf_error changed;

    if (status == PF_NO_MEMORY)
        advise_memory(run, err);
    if ((status != PF_INTERNAL && status != PF_BAD_DATA) || run->source == NULL)
        return status;
    pf_error_clear(&changed);
    if (pf_source_check(run->source, &changed) != PF_BAD_DATA)
        return status;
    *err = changed;
    return err->status;
}

/* At the end of a pass. */
static enum pf_status end_pass(struct pf_run *run, struct pf_error *err)
{
    const int64_t before = run->rows_of_before;

    if (pf_source_check(run->source, err) != PF_OK)
        return err->status;
    if (before >= 0 && run->counted.kept != before)
        return pf_fail(err, PF_INTERNAL, "the second reading gave %lld rows, the first %lld", (long long)run->counted.kept,
                       (long long)before);
    run->rows_of_before = run->counted.kept;
    return PF_END;
}

enum pf_status pf_run_next(struct pf_run *run, const char *step, struct pf_work **out, struct pf_error *err)
{
    enum pf_status status = pf_check_cancel(run->ctx, err);

    *out = NULL;
    if (status == PF_OK)
        status = next_block(run, out, err);
    if (*out != NULL && (*out)->size > run->longest) {
        run->longest = (*out)->size;
        run->longest_row = run->rows_before + 1;
    }
    if (status == PF_OK || status == PF_END) {
        pf_run_progress(run, step);
        return status == PF_END ? end_pass(run, err) : status;
    }
    if (*out != NULL)
        pf_run_place_error(run, *out, err);
    return status;
}

static void take_first_reject(struct pf_run *run, const struct pf_reject *reject)
{
    struct pf_first_reject *first = &run->counted.first_reject;
    const char *reason = reject->reason != NULL ? reject->reason : "";
    size_t size;

    first->row = run->rows_before + reject->row + 1;
    first->line = reject->line >= 0 ? run->lines_before + reject->line + 1 : 0;
    (void)snprintf(first->reason, sizeof first->reason, "%s", reason);
    size = strlen(first->reason);
    first->reason[size - pf_utf8_tail((const uint8_t *)first->reason, size)] = '\0';
}

void pf_run_done(struct pf_run *run, struct pf_work *work)
{
    const struct pf_decoded *d = &work->decoded;

    if (d->rows_rejected != 0 && run->counted.rejected == 0)
        take_first_reject(run, &d->rejects[0]);
    run->counted.read += d->rows_read;
    run->counted.kept += d->rows_kept;
    run->counted.rejected += d->rows_rejected;
    run->counted.left_out += d->rows_left_out;
    run->counted.filled += d->rows_short;
    run->counted.like_header += d->rows_like_header;
    run->counted.misfits += work->misfits;
    run->counted.formulas += d->formulas_without_value;
    run->counted.rounded += d->numbers_rounded;
    run->counted.met |= d->met;
    run->rows_before += d->rows_kept + d->rows_rejected;
    run->lines_before += d->lines;
    pf_pipeline_give_back(&run->pipeline, work);
}

enum pf_status pf_run_add_rejects(const struct pf_run *run, const struct pf_work *work, struct pf_rejects_file *rejects,
                                  struct pf_error *err)
{
    return pf_rejects_add(rejects, work->decoded.rejects, work->decoded.rows_rejected, &run->table.schema, run->rows_before,
                          run->lines_before, work->block.offset, pf_run_part(run), err);
}

enum pf_status pf_run_types(struct pf_run *run, struct pf_rejects_file *rejects, struct pf_error *err)
{
    struct pf_work *work;
    enum pf_status status;

    for (uint32_t i = 0; i < run->plan.column_count; i++) {
        if (run->plan.columns[i].way == PF_WAY_INFERRED)
            run->plan.columns[i].way = PF_WAY_EVIDENCE;
    }
    status = pf_run_pass(run, err);
    while (status == PF_OK) {
        status = pf_run_next(run, "reading", &work, err);
        if (status == PF_OK && rejects != NULL)
            status = pf_run_add_rejects(run, work, rejects, err);
        if (status == PF_OK)
            pf_run_done(run, work);
    }
    if (status != PF_END)
        return status;
    (void)pf_settle_evidence(&run->plan, NULL);
    return PF_OK;
}

enum pf_status pf_run_types_first(struct pf_run *run, struct pf_rejects_file *rejects, struct pf_outcome *outcome,
                                  struct pf_error *err)
{
    if (pf_source_spool(run->source, err) != PF_OK || pf_run_types(run, rejects, err) != PF_OK ||
        pf_run_facts(run, outcome, err) != PF_OK)
        return err->status;
    pf_settle_data(&run->plan);
    return pf_source_rewind(run->source, err);
}

/* ---- what came of it */

enum pf_status pf_check_rejects(const struct pf_job *job, int64_t kept, int64_t rejected, const struct pf_first_reject *first,
                                struct pf_error *err)
{
    const char *one = first->reason[0] != '\0' ? (rejected == 1 ? ": " : "; the first: ") : "";
    const char *nothing = job->writer != NULL ? "nothing was written" : "there is nothing to read";
    double most = job->max_reject_rows != 0 ? (double)job->max_reject_rows : job->max_rejects * (double)(kept + rejected);

    if (rejected == 0 || (kept != 0 && (double)rejected <= most))
        return PF_OK;
    if (kept == 0) {
        if (rejected == 1)
            pf_fail(err, PF_REJECTED, "the only row was rejected, and %s%s%s", nothing, one, first->reason);
        else
            pf_fail(err, PF_REJECTED, "all %lld rows were rejected, and %s%s%s", (long long)rejected, nothing, one,
                    first->reason);
        pf_remedy(err, "see how the input is read with pyforge info; --delimiter, --header N or --schema may be what it needs");
    } else {
        pf_fail(err, PF_REJECTED, "%lld of %lld rows were rejected, more than --max-rejects allows (%g%s)%s%s",
                (long long)rejected, (long long)(kept + rejected),
                job->max_reject_rows != 0 ? (double)job->max_reject_rows : job->max_rejects * 100,
                job->max_reject_rows != 0 ? "" : " %", one, first->reason);
    }
    pf_remedy(
        err,
        "see what is wrong with --max-rejects 100%% (the rows go to the rejects file), or check the dialect with pyforge info");
    err->row = first->row;
    err->line = first->line;
    pf_error_source(err, job->input);
    return err->status;
}

enum pf_status pf_run_check_rejects(const struct pf_run *run, struct pf_error *err)
{
    return pf_check_rejects(run->job, run->counted.kept, run->counted.rejected, &run->counted.first_reject, err);
}

void pf_run_account(const struct pf_run *run, struct pf_outcome *outcome)
{
    outcome->rows_read = run->counted.read;
    outcome->rows_written = run->counted.kept;
    outcome->rows_rejected = run->counted.rejected;
    outcome->rows_left_out = run->counted.left_out;
    outcome->first_reject = run->counted.first_reject;
    outcome->rows_short = run->counted.filled;
    outcome->rows_like_header = run->counted.like_header;
    outcome->met = run->counted.met;
    outcome->seconds = pf_clock() - run->started;
    outcome->peak_memory = atomic_load(&run->ctx->memory.peak);
    if (run->pool != NULL)
        outcome->threads = pf_pool_threads(run->pool);
    if (run->source != NULL)
        outcome->bytes_read =
            pf_source_stat_of(run->source)->size >= 0 ? pf_source_stat_of(run->source)->size : pf_source_consumed(run->source);
}

enum pf_status pf_run_warn_misfits(const struct pf_run *run, struct pf_outcome *outcome, struct pf_error *err)
{
    bool one = run->counted.misfits == 1;

    if (run->job->reader->tell != NULL)
        run->job->reader->tell(run->reader_state);
    if (run->counted.misfits != 0 &&
        !pf_outcome_warn(outcome, run->ctx, "%lld value%s did not fit %s declared type and %s made null",
                         (long long)run->counted.misfits, one ? "" : "s", one ? "its" : "their", one ? "was" : "were"))
        return pf_fail_memory(err, 128);
    one = run->counted.formulas == 1;
    if (run->counted.formulas != 0 &&
        !pf_outcome_warn(outcome, run->ctx,
                         "%lld formula%s no calculated value stored and %s null: open and save the workbook "
                         "in a spreadsheet program to have %s calculated",
                         (long long)run->counted.formulas, one ? " has" : "s have", one ? "is" : "are", one ? "it" : "them"))
        return pf_fail_memory(err, 128);
    one = run->counted.rounded == 1;
    if (run->counted.rounded != 0 &&
        !pf_outcome_warn(
            outcome, run->ctx,
            "%lld whole number%s more digits than a spreadsheet keeps of a number, and %s rounded: long ids keep all digits "
            "in text cells only",
            (long long)run->counted.rounded, one ? " has" : "s have", one ? "is" : "are"))
        return pf_fail_memory(err, 128);
    return PF_OK;
}

enum pf_status pf_run_facts(const struct pf_run *run, struct pf_outcome *outcome, struct pf_error *err)
{
    if (pf_settle_facts(&run->plan, outcome, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < run->plan.column_count; i++) {
        const struct pf_column_plan *column = &run->plan.columns[i];
        const long long errors = (long long)column->evidence.errors;

        if (errors != 0 && column->target.field.type != PF_TYPE_STRING &&
            !pf_outcome_warn(outcome, run->ctx, "column '%s': %lld error value%s (such as #N/A) %s null",
                             run->table.schema.fields[column->table_column].name, errors, errors == 1 ? "" : "s",
                             errors == 1 ? "is" : "are"))
            return pf_fail_memory(err, 128);
    }
    return PF_OK;
}

/* What several threads hold at once depends on which is first: whether the budget is enough is for one to say. */
static bool was_short_of_threads(const struct pf_run *run, enum pf_status status)
{
    const struct pf_memory *memory = &run->ctx->memory;

    return status == PF_NO_MEMORY && memory->limit != SIZE_MAX && atomic_load(&memory->refused) != 0 && run->pool != NULL &&
           pf_pool_threads(run->pool) > 1 && run->reader_state != NULL && pf_source_can_rewind(run->source);
}

enum pf_status pf_run_again(struct pf_run *run, enum pf_status status, struct pf_job *job, struct pf_kept *kept, bool *again,
                            struct pf_error *err)
{
    const struct pf_reader *reader = run->job->reader;
    const bool alone = was_short_of_threads(run, status);

    *again = false;
    if (!alone && (status != PF_BAD_DATA || reader->again == NULL || run->reader_state == NULL))
        return status;
    pf_pipeline_end(&run->pipeline);
    if (alone) {
        if (pf_source_rewind(run->source, err) != PF_OK)
            return err->status;
        *again = true;
        job->threads = 1;
    } else if (reader->again(run->reader_state, again, err) != PF_OK)
        return err->status;
    if (!*again)
        return status;
    kept->reader |= run->reader_opened;
    kept->source |= run->source != job->source;
    job->source = run->source;
    job->reader_state = run->reader_state;
    run->reader_opened = false;
    pf_error_clear(err);
    return PF_OK;
}

void pf_kept_close(struct pf_context *ctx, struct pf_job *job, struct pf_kept *kept)
{
    if (kept->reader) {
        job->reader->close(job->reader_state);
        pf_free(&ctx->memory, job->reader_state);
    }
    if (kept->source)
        pf_source_close(job->source);
    pf_sink_free(kept->target);
    *kept = (struct pf_kept){ .source = false };
}
