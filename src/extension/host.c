/* The host table: what extensions may call. */
#include <string.h>

#include "extension/use.h"

/* ---- memory */

static void *host_allocate(struct pf_context *ctx, size_t size)
{
    return ctx != NULL ? pf_alloc(&ctx->memory, size) : pf_resize_disowned(NULL, size);
}

static void *host_resize(struct pf_context *ctx, void *pointer, size_t size)
{
    return ctx != NULL ? pf_resize(&ctx->memory, pointer, size) : pf_resize_disowned(pointer, size);
}

static void host_release(struct pf_context *ctx, void *pointer)
{
    if (ctx != NULL)
        pf_free(&ctx->memory, pointer);
    else
        pf_free_disowned(pointer);
}

/* ---- errors and messages */

static enum pf_status host_fail(struct pf_error *err, enum pf_status status, const char *message)
{
    return pf_fail(err, status, "%s", message);
}

static void host_remedy(struct pf_error *err, const char *message)
{
    pf_remedy(err, "%s", message);
}

static void host_log(struct pf_context *ctx, enum pf_log_level level, const char *message)
{
    if (ctx != NULL && message != NULL)
        pf_hook_log(ctx, level, message);
}

static void host_warn(struct pf_context *ctx, const char *message)
{
    if (ctx != NULL && message != NULL)
        pf_hook_warn(ctx, message);
}

static enum pf_status host_check_cancel(struct pf_context *ctx, struct pf_error *err)
{
    return pf_check_cancel(ctx, err);
}

/* ---- services */

static const void *host_find_service(struct pf_context *ctx, const char *name, uint32_t version)
{
    struct pf_addition *addition = NULL;
    const void *functions = NULL;
    struct pf_error ignored;
    bool turn;

    if (ctx == NULL || ctx->extensions == NULL || name == NULL)
        return NULL;
    turn = pf_extensions_begin(ctx->extensions);
    if (pf_addition_get(ctx->extensions, PF_ADDS_SERVICE, name, true, &addition, &ignored) == PF_OK && addition != NULL &&
        addition->as.service.version >= version)
        functions = addition->as.service.functions;
    pf_extensions_end(ctx->extensions, turn);
    return functions;
}

/* ---- sources and sinks */

static enum pf_status host_source_read(struct pf_source *src, void *to, size_t size, size_t *got, struct pf_error *err)
{
    *got = 0;
    return pf_source_read(src, to, size, got, err);
}

static enum pf_status host_source_read_at(const struct pf_source *src, int64_t offset, void *to, size_t size,
                                          struct pf_error *err)
{
    if (pf_source_has_read_at(src))
        return pf_source_read_at(src, offset, to, size, err);
    pf_fail(err, PF_UNSUPPORTED, "this source can be read from its start only");
    pf_remedy(err, "a format that reads at any place says so by PF_FORMAT_READ_AT");
    return PF_UNSUPPORTED;
}

void pf_host_fill(struct pf_host *host)
{
    host->allocate = host_allocate;
    host->resize = host_resize;
    host->release = host_release;
    host->fail = host_fail;
    host->remedy = host_remedy;
    host->log = host_log;
    host->warn = host_warn;
    host->check_cancel = host_check_cancel;
    host->find_service = host_find_service;
    host->source_name = pf_source_name;
    host->source_size = pf_source_size;
    host->source_read = host_source_read;
    host->source_read_at = host_source_read_at;
    host->sink_write = pf_sink_write;
    host->owner_name = pf_owner_name;
    host->owner_of = pf_owner_of;
    pf_host_fill_hooks(host);
    pf_host_fill_commands(host);
}
