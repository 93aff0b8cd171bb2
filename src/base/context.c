#include "base/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOG_LINE = 1024 };

static const struct pf_limits usual_limits = {
    .record_bytes = (size_t)64 << 20,
    .columns = 100000,
    .expansion = 2000.0,
};

struct pf_context *pf_context_make(const struct pf_format_list *formats)
{
    struct pf_context *ctx = calloc(1, sizeof *ctx);

    if (ctx == NULL)
        return NULL;
    if (!pf_memory_init(&ctx->memory, SIZE_MAX)) {
        free(ctx);
        return NULL;
    }
    ctx->limits = usual_limits;
    ctx->formats = formats;
    atomic_store(&ctx->holders, 1);
    return ctx;
}

void pf_context_hold(struct pf_context *ctx)
{
    atomic_fetch_add(&ctx->holders, 1);
}

void pf_context_release(struct pf_context *ctx)
{
    if (atomic_fetch_sub(&ctx->holders, 1) != 1)
        return;
    pf_memory_destroy(&ctx->memory);
    free(ctx);
}

void pf_context_free(struct pf_context *ctx)
{
    if (ctx == NULL)
        return;
    /* what they refer to is the owner's, who may be gone when a holder would call them */
    ctx->log = NULL;
    ctx->progress = NULL;
    ctx->wait = NULL;
    pf_context_release(ctx);
}

void pf_context_on_log(struct pf_context *ctx, pf_log_fn fn, void *user, enum pf_log_level from)
{
    ctx->log = fn;
    ctx->log_user = user;
    ctx->log_as_set = from == PF_LOG_AS_SET;
    ctx->log_from = ctx->log_as_set ? PF_LOG_WARNING : from;
}

enum pf_log_level pf_context_log_level(const struct pf_context *ctx)
{
    return ctx->log_from;
}

void pf_context_on_progress(struct pf_context *ctx, pf_progress_fn fn, void *user)
{
    ctx->progress = fn;
    ctx->progress_user = user;
}

void pf_context_on_wait(struct pf_context *ctx, void (*fn)(void *user), void *user)
{
    ctx->wait = fn;
    ctx->wait_user = user;
}

void pf_context_cancel(struct pf_context *ctx)
{
    atomic_store(&ctx->cancelled, true);
}

bool pf_context_cancelled(const struct pf_context *ctx)
{
    return atomic_load(&ctx->cancelled);
}

const char *pf_version(void)
{
    return PF_VERSION;
}

void pf_log(struct pf_context *ctx, enum pf_log_level level, const char *format, ...)
{
    char line[LOG_LINE];
    va_list args;

    if (ctx->log == NULL || level < ctx->log_from)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    pf_hide_secrets(line);
    ctx->log(ctx->log_user, level, line);
}

void pf_reword(const struct pf_context *ctx, char *line, size_t room)
{
    pf_hide_secrets(line);
    if (ctx->reword != NULL)
        ctx->reword(ctx, line, room);
}

void pf_warn(struct pf_context *ctx, const char *format, ...)
{
    char line[LOG_LINE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    pf_reword(ctx, line, sizeof line);
    if (ctx->warn == NULL)
        pf_log(ctx, PF_LOG_WARNING, "%s", line);
    else
        ctx->warn(ctx->warn_user, ctx, line);
}

enum pf_status pf_check_cancel(struct pf_context *ctx, struct pf_error *err)
{
    if (!atomic_load_explicit(&ctx->cancelled, memory_order_relaxed))
        return PF_OK;
    return pf_fail(err, PF_CANCELLED, "cancelled");
}

void pf_waiting(const struct pf_context *ctx)
{
    if (ctx->wait != NULL)
        ctx->wait(ctx->wait_user);
}
