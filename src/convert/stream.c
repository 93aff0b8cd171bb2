/* The input as an Arrow C stream. The engine's stream borrows from the plan, so both are kept together behind one that is
 * ours. */
#include <string.h>

#include "convert/plan.h"

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

enum pf_status pf_read_stream(struct pf_request *request, struct ArrowArrayStream *out, struct pf_error *err)
{
    struct stream *stream = pf_alloc_zero(&request->ctx->memory, 1, sizeof *stream);

    memset(out, 0, sizeof *out);
    pf_error_clear(err);
    if (stream == NULL)
        return pf_fail_memory(err, sizeof *stream);
    stream->ctx = request->ctx;
    pf_context_hold(stream->ctx);
    atomic_store(&request->ctx->cancelled, false);
    if (pf_plan_make(&stream->plan, request, PF_PLAN_READ, err) != PF_OK ||
        pf_native_stream(stream->plan.ctx, &stream->plan.job, &stream->inner, err) != PF_OK) {
        stream_free(stream);
        return err->status;
    }
    out->get_schema = stream_schema;
    out->get_next = stream_next;
    out->get_last_error = stream_error;
    out->release = stream_release;
    out->private_data = stream;
    return PF_OK;
}
