#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/engine.h"

void pf_outcome_init(struct pf_outcome *outcome, struct pf_context *ctx)
{
    memset(outcome, 0, sizeof *outcome);
    pf_schema_init(&outcome->schema, &ctx->memory);
    pf_arena_init(&outcome->arena, &ctx->memory, SIZE_MAX);
}

void pf_outcome_free(struct pf_outcome *outcome)
{
    pf_schema_free(&outcome->schema);
    pf_arena_free(&outcome->arena);
    memset(outcome, 0, sizeof *outcome);
}

static bool add_warning(struct pf_outcome *outcome, struct pf_context *ctx, const char *text)
{
    pf_log(ctx, PF_LOG_WARNING, "%s", text);
    return pf_arena_list_add(&outcome->arena, &outcome->warnings, &outcome->warning_count, text);
}

bool pf_outcome_warn(struct pf_outcome *outcome, struct pf_context *ctx, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pf_reword(ctx, text, sizeof text);
    return add_warning(outcome, ctx, text);
}

/* A warning that finds no memory is lost; what it is about still happens as it would. */
static void listen(void *user, struct pf_context *ctx, const char *text)
{
    (void)add_warning(user, ctx, text);
}

void pf_outcome_listen(struct pf_outcome *outcome, struct pf_context *ctx)
{
    ctx->warn = listen;
    ctx->warn_user = outcome;
}
