/* The input as an Arrow C stream. The engine's stream borrows from the plan, so both are kept together behind one that is
 * ours. */
#include <string.h>

#include "base/thread.h"
#include "convert/notes.h"
#include "convert/result.h"

struct stream {
    struct pf_context *ctx; /* held */
    struct pf_plan plan;
    struct ArrowArrayStream inner;
};

static int stream_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct stream *stream = self->private_data;

    return stream->inner.get_schema(&stream->inner, out);
}

static int stream_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct stream *stream = self->private_data;

    return stream->inner.get_next(&stream->inner, out);
}

static const char *stream_error(struct ArrowArrayStream *self)
{
    struct stream *stream = self->private_data;

    return stream->inner.get_last_error(&stream->inner);
}

static void stream_free(struct stream *stream)
{
    struct pf_context *ctx = stream->ctx;

    if (stream->inner.release != NULL)
        stream->inner.release(&stream->inner);
    pf_plan_free(&stream->plan);
    pf_free(&ctx->memory, stream);
    pf_context_release(ctx);
}

static void stream_release(struct ArrowArrayStream *self)
{
    stream_free(self->private_data);
    self->release = NULL;
}

static enum pf_status open_stream(struct stream *stream, struct pf_conversion *c, struct pf_error *err)
{
    struct pf_plan *plan = &stream->plan;

    if (pf_plan_rejects(plan, err) != PF_OK || pf_plan_facts(plan, NULL, err) != PF_OK)
        return err->status;
    if (!pf_note_facts(plan))
        return pf_fail_memory(err, 1);
    c->ran = true;
    if (pf_native_stream(plan->ctx, &plan->job, &c->outcome, &stream->inner, err) != PF_OK)
        return err->status;
    /* A note that finds no memory is let go: the stream stands. */
    (void)(pf_note_rows(plan, &c->outcome) && pf_note_rejects(plan, &c->outcome));
    pf_log_reasons(plan, &c->outcome);
    return PF_OK;
}

/* The result shows the plan, which stays with the stream: what it is made from is lent for the moment. */
static struct pf_result *tell(struct pf_conversion *c, const struct stream *stream, double started)
{
    c->plan = stream->plan;
    c->seconds = pf_clock() - started;
    return pf_result_new(c);
}

static void give(struct stream *stream, struct ArrowArrayStream *out)
{
    out->get_schema = stream_schema;
    out->get_next = stream_next;
    out->get_last_error = stream_error;
    out->release = stream_release;
    out->private_data = stream;
}

enum pf_status pf_read_stream_result(struct pf_request *request, struct ArrowArrayStream *out, struct pf_result **result,
                                     struct pf_error *err)
{
    struct stream *stream = pf_alloc_zero(&request->ctx->memory, 1, sizeof *stream);
    double started = pf_clock();
    struct pf_conversion c;

    memset(out, 0, sizeof *out);
    if (result != NULL)
        *result = NULL;
    pf_error_clear(err);
    if (stream == NULL)
        return pf_fail_memory(err, sizeof *stream);
    memset(&c, 0, sizeof c);
    c.request = request;
    c.err = err;
    pf_outcome_init(&c.outcome, request->ctx);
    stream->ctx = request->ctx;
    pf_context_hold(stream->ctx);
    atomic_store(&request->ctx->cancelled, false);
    c.status = pf_plan_make(&stream->plan, request, PF_PLAN_READ, err);
    if (c.status == PF_OK)
        c.status = open_stream(stream, &c, err);
    if (result != NULL)
        *result = tell(&c, stream, started);
    if (c.status == PF_OK)
        give(stream, out);
    else
        stream_free(stream);
    pf_outcome_free(&c.outcome);
    return c.status;
}

enum pf_status pf_read_stream(struct pf_request *request, struct ArrowArrayStream *out, struct pf_error *err)
{
    return pf_read_stream_result(request, out, NULL, err);
}
