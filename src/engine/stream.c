/* A table as an Arrow C stream: types first, then the data, a block at a time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run.h"
#include "engine/settle.h"

struct stream {
    struct pf_context *ctx;
    struct pf_job job;
    struct pf_kept kept;
    struct pf_run run;
    struct pf_schema schema;
    struct pf_error err;
    bool counted; /* the rows were, and what is set aside of them was found few enough */
    bool ended;
    enum pf_status status; /* once it has ended: PF_END, or why */
};

static int errno_of(enum pf_status status)
{
    return status == PF_NO_MEMORY ? ENOMEM : status == PF_IO ? EIO : EINVAL;
}

static int stream_schema(struct ArrowArrayStream *out, struct ArrowSchema *schema)
{
    struct stream *stream = out->private_data;

    return pf_schema_export(&stream->schema, schema, &stream->err) == PF_OK ? 0 : errno_of(stream->err.status);
}

static int stream_next(struct ArrowArrayStream *out, struct ArrowArray *array)
{
    struct stream *stream = out->private_data;
    struct pf_work *work;
    enum pf_status status = PF_OK;

    memset(array, 0, sizeof *array);
    while (!stream->ended && status == PF_OK && array->release == NULL) {
        status = pf_run_next(&stream->run, "reading", &work, &stream->err);
        if (status == PF_END && !stream->counted && pf_run_check_rejects(&stream->run, &stream->err) != PF_OK)
            status = stream->err.status;
        if (status == PF_END && stream->job.reader->tell != NULL)
            stream->job.reader->tell(stream->run.reader_state);
        if (status == PF_OK) {
            if (work->batch.rows != 0)
                status = pf_batch_export(&work->batch, array, &stream->err);
            pf_run_done(&stream->run, work);
        }
        if (status != PF_OK) {
            stream->ended = true;
            stream->status = pf_run_failure(&stream->run, status, &stream->err);
        }
    }
    if (stream->ended)
        status = stream->status; /* a stream that failed goes on failing: its end would look like that of the data */
    return status == PF_OK || status == PF_END ? 0 : errno_of(status);
}

static const char *stream_error(struct ArrowArrayStream *out)
{
    struct stream *stream = out->private_data;

    return stream->err.message[0] != '\0' ? stream->err.message : NULL;
}

static void stream_release(struct ArrowArrayStream *out)
{
    struct stream *stream = out->private_data;
    struct pf_context *ctx = stream->ctx;

    pf_run_close(&stream->run);
    pf_kept_close(ctx, &stream->job, &stream->kept);
    pf_schema_free(&stream->schema);
    pf_free(&ctx->memory, stream);
    out->release = NULL;
}

/* The pass that settles the types also meets every row that is set aside. */
static enum pf_status read_first(struct stream *stream, struct pf_outcome *outcome, struct pf_error *err)
{
    struct pf_run *run = &stream->run;
    struct pf_rejects_file rejects;

    memset(&rejects, 0, sizeof rejects);
    pf_rejects_init(&rejects, run->ctx, &stream->job);
    if (pf_run_types_first(run, &rejects, outcome, err) == PF_OK && pf_run_warn_misfits(run, outcome, err) == PF_OK &&
        pf_run_check_rejects(run, err) == PF_OK && pf_rejects_commit(&rejects, err) == PF_OK) {
        outcome->rejects_written = rejects.sink != NULL;
        stream->counted = true;
    }
    pf_rejects_close(&rejects);
    pf_run_account(run, outcome);
    return stream->counted ? PF_OK : err->status;
}

static enum pf_status begin(struct stream *stream, struct pf_outcome *outcome, struct pf_error *err)
{
    struct pf_run *run = &stream->run;

    pf_run_account(run, outcome);
    if (!run->plan.typed && read_first(stream, outcome, err) != PF_OK)
        return err->status;
    if (run->plan.typed)
        outcome->rows_read = outcome->rows_written = run->table.rows;
    if (pf_settle_schema(&run->plan, &run->table.schema, &stream->schema, err) != PF_OK)
        return err->status;
    if (!pf_schema_copy(&outcome->schema, &stream->schema))
        return pf_fail_memory(err, sizeof stream->schema);
    if (pf_run_pass(run, err) != PF_OK)
        return err->status;
    pf_pipeline_rest(&run->pipeline);
    return PF_OK;
}

enum pf_status pf_native_stream(struct pf_context *ctx, const struct pf_job *job, struct pf_outcome *outcome,
                                struct ArrowArrayStream *out, struct pf_error *err)
{
    struct stream *stream = pf_alloc_zero(&ctx->memory, 1, sizeof *stream);
    enum pf_status status;
    bool again;

    memset(out, 0, sizeof *out);
    if (stream == NULL)
        return pf_fail_memory(err, sizeof *stream);
    stream->ctx = ctx;
    stream->job = *job;
    pf_schema_init(&stream->schema, &ctx->memory);
    pf_outcome_listen(outcome, ctx);
    do {
        status = pf_run_open(&stream->run, ctx, &stream->job, job->types == PF_TYPES_INFER, err);
        if (status == PF_OK)
            status = begin(stream, outcome, err);
        status = pf_run_failure(&stream->run, status, err);
        status = pf_run_again(&stream->run, status, &stream->job, &stream->kept, &again, err);
        if (again)
            pf_run_close(&stream->run);
    } while (again);
    ctx->warn = NULL;
    out->private_data = stream;
    out->get_schema = stream_schema;
    out->get_next = stream_next;
    out->get_last_error = stream_error;
    out->release = stream_release;
    if (status != PF_OK)
        stream_release(out);
    return status;
}
