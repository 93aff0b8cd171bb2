/* A reader over an input: opened, used, closed; it keeps nothing, and says why it refuses something. */
#ifndef PF_FUZZ_SUPPORT_READER_H
#define PF_FUZZ_SUPPORT_READER_H

#include <stdlib.h>

#include "base/context.h"
#include "formats/format.h"

typedef void (*fuzz_use_fn)(void *state, void *user, struct pf_error *err);

/* use is called once it is open. The status is that of opening. */
static inline enum pf_status fuzz_read(const struct pf_reader *reader, const void *options, size_t memory, const uint8_t *data,
                                       size_t size, fuzz_use_fn use, void *user)
{
    struct pf_context *ctx = pf_context_new();
    void *state = calloc(1, reader->state_size);
    struct pf_source *src;
    enum pf_status status;
    struct pf_error err;

    if (ctx == NULL || state == NULL)
        abort();
    ctx->memory.limit = memory;
    pf_error_clear(&err);
    status = pf_source_memory(ctx, data, size, "fuzz", &src, &err);
    if (status == PF_OK) {
        status = reader->open(reader, state, ctx, src, options, &err);
        if (status == PF_OK)
            use(state, user, &err);
        else if (err.message[0] == '\0')
            abort();
        reader->close(state);
        pf_source_close(src);
    }
    if (atomic_load(&ctx->memory.in_use) != 0)
        abort();
    pf_context_free(ctx);
    free(state);
    return status;
}

#endif
