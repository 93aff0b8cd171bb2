#include "engine/output.h"

#include <stdatomic.h>
#include <string.h>

struct pf_encode {
    struct pf_task task;
    const struct pf_writing *output;
    struct pf_unit *unit;
    uint32_t job;
    enum pf_status status;
    struct pf_error
        *err; /* of a job that failed: there are as many jobs as columns, and an error is large; NULL = out of memory */
};

static void run_encode(struct pf_task *task)
{
    struct pf_encode *encode = (struct pf_encode *)(void *)task; /* the task is its first member */
    const struct pf_writing *output = encode->output;

    struct pf_error err;

    pf_error_clear(&err);
    encode->status = output->writer->encode(output->state, encode->unit, encode->job, &err);
    if (encode->status == PF_OK)
        return;
    encode->err = pf_alloc(&output->ctx->memory, sizeof err);
    if (encode->err != NULL)
        *encode->err = err;
}

static enum pf_status open_target(struct pf_writing *output, struct pf_error *err)
{
    const struct pf_job *job = output->job;
    struct pf_sink_options options = { .replace = job->replace, .sync = job->sync };

    if (job->target != NULL)
        return pf_sink_given(output->ctx, job->target, job->output, &output->target, err);
    return pf_sink_open(output->ctx, job->output, &options, &output->target, err);
}

static enum pf_status open_sinks(struct pf_writing *output, struct pf_error *err)
{
    if (output->target == NULL && open_target(output, err) != PF_OK)
        return err->status;
    /* a repair copies from what was written; and what others have seen cannot be written anew when the reader begins again */
    if ((output->writer->settle == PF_SETTLE_REPAIR && !pf_sink_has_read_at(output->target)) ||
        (output->job->reader->again != NULL && pf_sink_is_seen(output->target)))
        return pf_sink_scratch(output->ctx, &output->work, err);
    output->work = output->target;
    output->target = NULL;
    return PF_OK;
}

static enum pf_status refuse_nested(struct pf_context *ctx, const struct pf_writer *writer, const struct pf_field *field,
                                    struct pf_error *err)
{
    struct pf_buffer type;

    pf_buffer_init(&type, &ctx->memory, SIZE_MAX);
    if (!pf_type_print(field, &type) || !pf_buffer_append(&type, "", 1)) {
        pf_buffer_free(&type);
        return pf_fail_memory(err, 1);
    }
    pf_fail(err, PF_UNSUPPORTED, "column '%.80s' is %.80s%s: %s has no columns of lists, structs or maps", field->name,
            (const char *)type.data, type.size > 81 ? "..." : "", writer->name);
    pf_remedy(err, "write parquet, or choose other columns with --columns");
    pf_buffer_free(&type);
    return PF_UNSUPPORTED;
}

static enum pf_status check_nested(struct pf_context *ctx, const struct pf_writer *writer, const struct pf_schema *schema,
                                   struct pf_error *err)
{
    for (uint32_t i = 0; !writer->nested && i < schema->count; i++) {
        if (pf_type_is_nested(schema->fields[i].type))
            return refuse_nested(ctx, writer, &schema->fields[i], err);
    }
    return PF_OK;
}

enum pf_status pf_writing_open(struct pf_writing *output, struct pf_context *ctx, struct pf_pool *pool,
                               const struct pf_job *job, const struct pf_schema *schema, struct pf_error *err)
{
    output->ctx = ctx;
    output->pool = pool;
    output->job = job;
    output->writer = job->writer;
    if (check_nested(ctx, job->writer, schema, err) != PF_OK || open_sinks(output, err) != PF_OK)
        return err->status;
    output->state = pf_alloc_zero(&ctx->memory, 1, job->writer->state_size);
    if (output->state == NULL)
        return pf_fail_memory(err, job->writer->state_size);
    output->opened = true;
    if (job->writer->open(job->writer, output->state, ctx, output->work, schema, job->writer_options, err) != PF_OK)
        return err->status;
    return job->table_name != NULL ? job->writer->table(output->state, job->table_name, schema, err) : PF_OK;
}

enum pf_status pf_writing_next(struct pf_writing *output, struct pf_pool *pool, const struct pf_job *job,
                               const struct pf_schema *schema, struct pf_error *err)
{
    output->pool = pool;
    output->job = job;
    if (check_nested(output->ctx, output->writer, schema, err) != PF_OK)
        return err->status;
    return output->writer->table(output->state, job->table_name, schema, err);
}

/* ---- units */

/* Waits for the unit's jobs; the error is that of the first that failed. */
static enum pf_status wait_for(struct pf_writing *output, struct pf_unit_work *work, struct pf_error *err)
{
    enum pf_status status = PF_OK;

    for (uint32_t i = 0; i < work->unit->job_count; i++) {
        struct pf_encode *encode = &work->encodes[i];

        pf_pool_wait(output->pool, &encode->task);
        if (status == PF_OK && encode->status != PF_OK && encode->err != NULL)
            *err = *encode->err;
        else if (status == PF_OK && encode->status != PF_OK)
            pf_fail_memory(err, sizeof *err);
        if (status == PF_OK && encode->status != PF_OK)
            status = err->status;
        pf_free(&output->ctx->memory, encode->err);
    }
    pf_free(&output->ctx->memory, work->encodes);
    work->encodes = NULL;
    return status;
}

/* Waits for the oldest unit and emits it. */
static enum pf_status emit_first(struct pf_writing *output, struct pf_error *err)
{
    struct pf_unit_work *work = &output->units[output->first];
    struct pf_unit *unit = work->unit;
    enum pf_status status = wait_for(output, work, err);

    output->first = (output->first + 1) % PF_UNITS_AHEAD;
    output->count--;
    if (status == PF_OK)
        return output->writer->emit(output->state, unit, err);
    output->writer->drop(output->state, unit);
    return status;
}

static enum pf_status start_unit(struct pf_writing *output, struct pf_unit *unit, struct pf_error *err)
{
    struct pf_encode *encodes = pf_alloc_zero(&output->ctx->memory, unit->job_count, sizeof *encodes);
    struct pf_unit_work *work = &output->units[(output->first + output->count) % PF_UNITS_AHEAD];

    if (encodes == NULL) {
        pf_fail_memory(err, unit->job_count * sizeof *encodes);
        output->writer->drop(output->state, unit);
        return err->status;
    }
    work->unit = unit;
    work->encodes = encodes;
    output->count++;
    for (uint32_t i = 0; i < unit->job_count; i++) {
        encodes[i].task.run = run_encode;
        encodes[i].output = output;
        encodes[i].unit = unit;
        encodes[i].job = i;
        pf_pool_submit(output->pool, &encodes[i].task);
    }
    return PF_OK;
}

/* The first unit is emitted once it is encoded: what is not needed any more is not kept, and the units counted are being worked on. */
static enum pf_status emit_done(struct pf_writing *output, struct pf_error *err)
{
    while (output->count != 0) {
        const struct pf_unit_work *work = &output->units[output->first];

        for (uint32_t i = 0; i < work->unit->job_count; i++) {
            if (!atomic_load_explicit(&work->encodes[i].task.done, memory_order_acquire))
                return PF_OK;
        }
        if (emit_first(output, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

/* Whether the next unit has to wait for the first: two at once keep all threads at work, but take twice the memory. */
static bool is_full(const struct pf_writing *output)
{
    if (output->count == PF_UNITS_AHEAD)
        return true;
    return output->count != 0 && atomic_load(&output->ctx->memory.in_use) > pf_ease(output->pool);
}

static enum pf_status take_units(struct pf_writing *output, bool last, struct pf_error *err)
{
    for (;;) {
        struct pf_unit *unit;

        if (output->writer->take(output->state, last, &unit, err) != PF_OK)
            return err->status;
        if (unit == NULL)
            return PF_OK;
        if (is_full(output) && emit_first(output, err) != PF_OK) {
            output->writer->drop(output->state, unit);
            return err->status;
        }
        if (start_unit(output, unit, err) != PF_OK)
            return err->status;
    }
}

enum pf_status pf_writing_add(struct pf_writing *output, struct pf_batch *batch, struct pf_error *err)
{
    if (output->writer->add(output->state, batch, err) != PF_OK || emit_done(output, err) != PF_OK)
        return err->status;
    return take_units(output, false, err);
}

enum pf_status pf_writing_flush(struct pf_writing *output, struct pf_error *err)
{
    if (take_units(output, true, err) != PF_OK)
        return err->status;
    while (output->count != 0) {
        if (emit_first(output, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

/* ---- the end of the file */

enum pf_status pf_writing_repair(struct pf_writing *output, const struct pf_schema *schema, const uint32_t *columns,
                                 uint32_t column_count, struct pf_error *err)
{
    struct pf_sink *old = output->work;
    enum pf_status status;

    output->work = NULL;
    status = open_sinks(output, err);
    if (status == PF_OK)
        status = output->writer->repair(output->state, schema, columns, column_count, output->work, err);
    if (status != PF_OK) {
        pf_sink_free(output->work);
        output->work = old;
        return status;
    }
    output->old = old;
    return PF_OK;
}

enum pf_status pf_writing_finish(struct pf_writing *output, int64_t rows, int64_t *size, struct pf_error *err)
{
    if (output->writer->finish(output->state, rows, err) != PF_OK)
        return err->status;
    *size = pf_sink_size(output->work);
    return PF_OK;
}

void pf_writing_rest(struct pf_writing *output, bool complete)
{
    output->pool = NULL;
    output->job = NULL;
    if (!complete)
        return;
    output->writer->close(output->state);
    pf_free(&output->ctx->memory, output->state);
    output->state = NULL;
    output->opened = false;
    pf_sink_free(output->old);
    output->old = NULL;
}

void pf_writing_give_target(struct pf_writing *output, struct pf_sink **to)
{
    if (output->target == NULL || !pf_sink_is_seen(output->target))
        return;
    *to = output->target;
    output->target = NULL;
}

bool pf_writing_is_seen(const struct pf_writing *output)
{
    return output->work != NULL && pf_sink_is_seen(output->work);
}

void pf_writing_retract(struct pf_writing *output)
{
    pf_sink_retract(output->target != NULL ? output->target : output->work);
}

enum pf_status pf_writing_commit(struct pf_writing *output, struct pf_error *err)
{
    if (output->target == NULL)
        return pf_sink_commit(output->work, err);
    if (pf_sink_copy(output->target, output->work, 0, pf_sink_size(output->work), err) != PF_OK)
        return err->status;
    return pf_sink_commit(output->target, err);
}

void pf_writing_close(struct pf_writing *output)
{
    while (output->count != 0) {
        struct pf_unit_work *work = &output->units[output->first];
        struct pf_error ignored;

        (void)wait_for(output, work, &ignored);
        output->writer->drop(output->state, work->unit);
        output->first = (output->first + 1) % PF_UNITS_AHEAD;
        output->count--;
    }
    if (output->opened)
        output->writer->close(output->state);
    if (output->state != NULL)
        pf_free(&output->ctx->memory, output->state);
    pf_sink_free(output->old);
    pf_sink_free(output->work);
    pf_sink_free(output->target);
    memset(output, 0, sizeof *output);
}
