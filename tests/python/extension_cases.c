/* Extensions that do wrong, one a macro: what test_extensions_native.py builds its shared libraries from. */
#include <pyforge/extension.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct pf_host *host_at;

static int run(void *self, struct pf_context *ctx, struct pf_command_io *io, int argc, const char *const *argv)
{
    (void)self;
    (void)ctx;
    (void)argc;
    (void)argv;
    return host_at->write_out(io, "hello from " EXTENSION_NAME "\n", strlen("hello from " EXTENSION_NAME "\n")) ? 5 : 1;
}

static const struct pf_command_addition command = {
    .size = sizeof command, .name = EXTENSION_NAME "-hello", .summary = "Hello", .run = run
};

static enum pf_status initialise(const struct pf_host *host, struct pf_registration *to, void **self, struct pf_error *err)
{
    (void)self;
    host_at = host;
#ifdef CASE_CRASH
    if (getenv("EXTENSION_IS_GOOD_NOW") == NULL)
        abort();
#endif
#ifdef CASE_FAILS
    return host->fail(err, PF_IO, "the service does not answer");
#endif
#ifdef CASE_LIES
    (void)to;
    (void)err;
    return PF_OK;
#else
    return host->add_command(to, &command, err);
#endif
}

static enum pf_status hook(void *self, enum pf_hook which, struct pf_context *ctx, struct pf_hook_call *call,
                           struct pf_error *err)
{
    (void)self;
    (void)ctx;
    (void)call;
    (void)which;
    (void)err;
#ifdef CASE_SLOW_HOOK
    usleep(400000);
#endif
#ifdef CASE_BAD_HOOK
    return host_at->fail(err, PF_IO, "the hook does not work");
#endif
    return PF_OK;
}

static bool available(const struct pf_host *host, char *reason, size_t size)
{
    (void)host;
#ifdef CASE_NOT_AVAILABLE
    strncpy(reason, "it needs a licence file", size);
    return false;
#else
    (void)reason;
    (void)size;
    return true;
#endif
}

static const struct pf_extension extension = {
    .size = sizeof extension,
#ifdef CASE_WRONG_ABI
    .abi = 77,
#endif
    .name = EXTENSION_NAME,
    .version = "0.1",
    .description = "A case",
    .licence = "MIT",
    .available = available,
    .initialise = initialise,
    .hooks = 1u << PF_HOOK_PRE | 1u << PF_HOOK_POST,
    .hook = hook,
};

#ifdef CASE_MISSING_SYMBOL
void nobody_has_this(void);
#endif

#ifndef CASE_NO_ENTRY
PF_API const struct pf_extension *pf_extension_entry(const struct pf_host *host);

PF_API const struct pf_extension *pf_extension_entry(const struct pf_host *host)
{
    (void)host;
#ifdef CASE_MISSING_SYMBOL
    nobody_has_this();
#endif
#ifdef CASE_NOTHING
    return NULL;
#endif
    return &extension;
}
#endif
