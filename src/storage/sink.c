/* Sinks: what they share, and the kinds that are not files of their own: standard output, devices and memory. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "storage/scheme.h"
#include "storage/sink.h"

enum { COPY_PART = 1 << 20 };

enum pf_status pf_sink_new(struct pf_context *ctx, const char *name, const struct pf_sink_functions *functions,
                           struct pf_sink **out, struct pf_error *err)
{
    struct pf_sink *sink = pf_alloc_zero(&ctx->memory, 1, sizeof *sink);

    *out = NULL;
    if (sink == NULL)
        return pf_fail_memory(err, sizeof *sink);
    sink->ctx = ctx;
    sink->functions = functions;
    sink->fd = -1;
    pf_buffer_init(&sink->memory, &ctx->memory, SIZE_MAX);
    sink->name = pf_copy_text(&ctx->memory, name, strlen(name));
    if (sink->name == NULL) {
        pf_free(&ctx->memory, sink);
        return pf_fail_memory(err, strlen(name));
    }
    *out = sink;
    return PF_OK;
}

void pf_sink_free(struct pf_sink *sink)
{
    struct pf_memory *memory;

    if (sink == NULL)
        return;
    memory = &sink->ctx->memory;
    sink->functions->discard(sink);
    pf_buffer_free(&sink->memory);
    pf_free(memory, sink->target);
    pf_free(memory, sink->temporary);
    pf_free(memory, sink->name);
    pf_free(memory, sink);
}

int64_t pf_sink_size(const struct pf_sink *sink)
{
    return sink->size;
}

bool pf_sink_has_read_at(const struct pf_sink *sink)
{
    return sink->functions->read_at != NULL;
}

bool pf_sink_is_seen(const struct pf_sink *sink)
{
    return sink->functions->seen;
}

enum pf_status pf_sink_write(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err)
{
    if (size == 0)
        return PF_OK;
    if (sink->functions->write(sink, bytes, size, err) != PF_OK)
        return err->status;
    sink->size += (int64_t)size;
    return PF_OK;
}

enum pf_status pf_sink_read_at(struct pf_sink *sink, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    return sink->functions->read_at(sink, offset, to, size, err);
}

enum pf_status pf_sink_commit(struct pf_sink *sink, struct pf_error *err)
{
    if (sink->functions->commit(sink, err) != PF_OK)
        return err->status;
    sink->committed = true;
    return PF_OK;
}

void pf_sink_retract(struct pf_sink *sink)
{
    if (sink->committed && sink->target != NULL)
        (void)unlink(sink->target);
    if (sink->committed && sink->scheme != NULL)
        pf_scheme_retract(sink);
}

/* Through a buffer of ours: always possible. */
static enum pf_status copy_by_hand(struct pf_sink *to, struct pf_sink *from, int64_t offset, int64_t size, struct pf_error *err)
{
    size_t part = size < COPY_PART ? (size_t)size : COPY_PART;
    uint8_t *buffer = pf_alloc(&to->ctx->memory, part);
    enum pf_status status = PF_OK;

    if (buffer == NULL)
        return pf_fail_memory(err, part);
    while (status == PF_OK && size != 0) {
        if ((int64_t)part > size)
            part = (size_t)size;
        status = pf_sink_read_at(from, offset, buffer, part, err);
        if (status == PF_OK)
            status = pf_sink_write(to, buffer, part, err);
        offset += (int64_t)part;
        size -= (int64_t)part;
    }
    pf_free(&to->ctx->memory, buffer);
    return status;
}

enum pf_status pf_sink_copy(struct pf_sink *to, struct pf_sink *from, int64_t offset, int64_t size, struct pf_error *err)
{
    /* the kernel copies (or shares) between two files; whatever it does not do is done by hand */
    while (size != 0 && to->fd >= 0 && from->fd >= 0 && from->functions->read_at != NULL) {
        off_t at = (off_t)offset;
        ssize_t count = copy_file_range(from->fd, &at, to->fd, NULL, (size_t)size, 0);

        if (count <= 0)
            break;
        to->size += count;
        offset += count;
        size -= count;
    }
    return size != 0 ? copy_by_hand(to, from, offset, size, err) : PF_OK;
}

/* ---- memory */

static enum pf_status memory_write(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err)
{
    return pf_buffer_append(&sink->memory, bytes, size) ? PF_OK : pf_fail_memory(err, size);
}

static enum pf_status memory_read_at(struct pf_sink *sink, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    if (offset < 0 || (size_t)offset > sink->memory.size || size > sink->memory.size - (size_t)offset)
        return pf_fail(err, PF_INTERNAL, "bytes that were not written were asked for");
    memcpy(to, sink->memory.data + offset, size);
    return PF_OK;
}

enum pf_status pf_sink_nothing_to_commit(struct pf_sink *sink, struct pf_error *err)
{
    (void)sink;
    (void)err;
    return PF_OK;
}

void pf_sink_nothing_to_discard(struct pf_sink *sink)
{
    (void)sink;
}

static const struct pf_sink_functions memory_functions = { memory_write, memory_read_at, pf_sink_nothing_to_commit,
                                                           pf_sink_nothing_to_discard, false };

enum pf_status pf_sink_memory(struct pf_context *ctx, struct pf_sink **out, struct pf_error *err)
{
    return pf_sink_new(ctx, "memory", &memory_functions, out, err);
}

const uint8_t *pf_sink_memory_bytes(const struct pf_sink *sink, size_t *size)
{
    *size = sink->memory.size;
    return sink->memory.data;
}
