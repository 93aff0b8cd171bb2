/* Inputs and outputs that are functions of a caller of the library. */
#include <string.h>

#include "storage/raw.h"
#include "storage/sink.h"

enum pf_status pf_foreign_answer(enum pf_status status, const char *name, const char *what, struct pf_error *err)
{
    if (status == PF_OK)
        return PF_OK;
    if (status < PF_OK || status > PF_INTERNAL || status == PF_END)
        status = PF_IO;
    if (err->message[0] == '\0')
        pf_fail(err, status, "%.300s could not be %s", name, what);
    err->status = status;
    pf_error_source(err, name);
    return status;
}

/* ---- input */

static enum pf_status given_read(struct pf_raw *raw, void *to, size_t size, size_t *got, struct pf_error *err)
{
    enum pf_status status;

    if (pf_check_cancel(raw->ctx, err) != PF_OK)
        return err->status;
    *got = 0;
    pf_error_clear(err);
    status = pf_foreign_answer(raw->input->read(raw->input->user, to, size, got, err), raw->name, "read", err);
    if (status != PF_OK)
        return status;
    if (*got > size)
        return pf_fail(err, PF_IO, "%zu bytes were asked for, the function that reads gave %zu", size, *got);
    raw->at += (int64_t)*got;
    return PF_OK;
}

static void given_close(struct pf_raw *raw)
{
    pf_free(raw->memory, raw);
}

static const struct pf_raw_functions given_input = { given_read, NULL, NULL, given_close, NULL };

enum pf_status pf_raw_given(struct pf_context *ctx, const struct pf_input *input, const char *name, struct pf_raw **out,
                            struct pf_error *err)
{
    struct pf_raw *raw = pf_alloc_zero(&ctx->memory, 1, sizeof *raw);

    *out = raw;
    if (raw == NULL)
        return pf_fail_memory(err, sizeof *raw);
    raw->ctx = ctx;
    raw->memory = &ctx->memory;
    raw->functions = &given_input;
    raw->name = name;
    raw->input = input;
    raw->stat.size = input->size >= 0 ? input->size : -1;
    raw->fd = -1;
    return PF_OK;
}

/* ---- output */

static enum pf_status given_write(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err)
{
    pf_error_clear(err);
    return pf_foreign_answer(sink->given->write(sink->given->user, bytes, size, err), sink->name, "written", err);
}

static enum pf_status given_commit(struct pf_sink *sink, struct pf_error *err)
{
    pf_error_clear(err);
    if (sink->given->finish == NULL)
        return PF_OK;
    return pf_foreign_answer(sink->given->finish(sink->given->user, err), sink->name, "completed", err);
}

static const struct pf_sink_functions given_output = { given_write, NULL, given_commit, pf_sink_nothing_to_discard, true };

enum pf_status pf_sink_given(struct pf_context *ctx, const struct pf_output *output, const char *name, struct pf_sink **out,
                             struct pf_error *err)
{
    if (pf_sink_new(ctx, name, &given_output, out, err) != PF_OK)
        return err->status;
    (*out)->given = output;
    return PF_OK;
}
