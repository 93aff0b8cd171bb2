/* What is run so often that each of its allocations fails once. */
#ifndef PF_TESTS_SUPPORT_FAILING_H
#define PF_TESTS_SUPPORT_FAILING_H

#include "support_unit.h"

typedef enum pf_status (*failing_fn)(struct pf_context *ctx, void *user, struct pf_error *err);

/* With an allocation that fails the run ends with PF_NO_MEMORY and says so, and with all of them, which is the last time, with good; it
 * keeps nothing. */
static inline void fail_each_allocation(failing_fn run, void *user, enum pf_status good)
{
    bool granted = false;

    for (long n = 0; !granted; n++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct pf_error err;
        enum pf_status status;

        pf_error_clear(&err);
        atomic_store(&ctx->memory.fail_at, n);
        status = run(ctx, user, &err);
        granted = atomic_load(&ctx->memory.fail_at) >= 0;
        atomic_store(&ctx->memory.fail_at, -1);
        if (status != (granted ? good : PF_NO_MEMORY) || (!granted && err.message[0] == '\0'))
            fail_msg("allocation %ld%s: status %d, %s", n, granted ? ", all granted" : "", status, err.message);
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
        pf_context_release(ctx);
    }
}

#endif
