/* An extension of PyForge in C, to start one's own from: copy the folder, rename it, throw out what is not needed.
 *
 * It adds
 *   the format kv            records of "name: value" lines (format.c)
 *   the scheme dir           locations dir:PATH in the folder that PYFORGE_EXAMPLE_DIR names (scheme.c)
 *   the engine example       what --engine example has carried out (engine.c)
 *   the command example-rows a command that reads with PyForge's own readers
 *   --example-compression    an option, and the hook that makes another option of it
 *
 * What an extension is to do, and what it may rely on, is told in pyforge/extension.h; docs/extensions.md is the guide. */
#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- an option, and hooks */

/* Options of an extension have its name in front, so that no two extensions want the same one. kind and choices are checked by
 * PyForge before anything runs; the offset is not used. */
static const struct pf_option options[] = {
    { "example-compression", NULL, PF_OPTION_CHOICE, "fast|small|none", NULL, NULL,
      "What is wanted of compression: fast is snappy, small is zstd.", "Example", 0 },
    { .name = NULL },
};

static const struct pf_options_addition options_addition = { sizeof options_addition, options };

/* One option in the words of another. PyForge checks what a hook sets as it checks the user's words, and what the user gave wins. */
static enum pf_status set_compression(const struct example *self, struct pf_hook_call *call, struct pf_error *err)
{
    static const char *const words[][2] = { { "fast", "snappy" }, { "small", "zstd" }, { "none", "none" } };
    const char *wanted = self->host->hook_option(call, "example-compression");

    for (size_t i = 0; wanted != NULL && i < sizeof words / sizeof *words; i++) {
        if (strcmp(wanted, words[i][0]) == 0)
            return self->host->hook_set(call, "compression", words[i][1], err);
    }
    return PF_OK;
}

/* What becomes part of the result record, under "environment". The value is JSON. */
static void tell_folder(const struct example *self, struct pf_hook_call *call)
{
    self->host->hook_fact(call, "example_dir_is_set", getenv("PYFORGE_EXAMPLE_DIR") != NULL ? "true" : "false");
}

/* A line for the user, in the warnings of the result. The record is JSON; here it is only looked at for one member. */
static void look_at_result(const struct example *self, struct pf_hook_call *call)
{
    const char *result = self->host->hook_result(call);

    if (result != NULL && strstr(result, "\"row_count\": 0,") != NULL)
        self->host->hook_note(call, "nothing was converted: the input has no rows");
}

static enum pf_status hook(void *self, enum pf_hook which, struct pf_context *ctx, struct pf_hook_call *call,
                           struct pf_error *err)
{
    const struct example *example = self;
    const struct pf_error *failure;

    switch (which) {
    case PF_HOOK_ENVIRONMENT:
        tell_folder(example, call);
        return PF_OK;
    case PF_HOOK_PARAMETERS:
        return set_compression(example, call, err);
    case PF_HOOK_POST:
        look_at_result(example, call);
        return PF_OK;
    case PF_HOOK_ERROR:
        /* Here a hook may set options and call hook_retry, for one more attempt. */
        failure = example->host->hook_error(call);
        example->host->log(ctx, PF_LOG_DEBUG, failure != NULL ? failure->message : "no error");
        return PF_OK;
    default:
        return PF_OK; /* later versions may have more hooks */
    }
}

/* ---- a command */

/* Reads the input as an Arrow C stream, batch by batch, whatever its format. */
static enum pf_status count_rows(const struct pf_host *host, struct pf_request *request, int64_t *rows, struct pf_error *err)
{
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    enum pf_status status = host->read_stream(request, &stream, err);

    *rows = 0;
    while (status == PF_OK) {
        if (stream.get_next(&stream, &batch) != 0) {
            const char *said = stream.get_last_error(&stream);
            status = host->fail(err, PF_BAD_DATA, said != NULL ? said : "it cannot be read");
            break;
        }
        if (batch.release == NULL)
            break; /* the end */
        *rows += batch.length;
        batch.release(&batch);
    }
    if (stream.release != NULL)
        stream.release(&stream);
    return status;
}

static int run_rows(void *self, struct pf_context *ctx, struct pf_command_io *io, int argc, const char *const *argv)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    struct pf_context *own;
    struct pf_request *request;
    struct pf_error err = { .offset = -1 };
    enum pf_status status = PF_NO_MEMORY;
    char line[700];
    int64_t rows = 0;

    if (argc != 2) {
        (void)snprintf(line, sizeof line, "usage: pyforge example-rows INPUT\n");
        (void)host->write_err(io, line, strlen(line));
        return 2;
    }
    /* A conversion of its own: ctx is the command's. */
    own = host->context_new(ctx);
    request = own != NULL ? host->request_new(own) : NULL;
    if (request != NULL)
        status = host->request_paths(request, argv[1], NULL, &err);
    if (status == PF_OK)
        status = count_rows(host, request, &rows, &err);
    host->request_free(request);
    host->context_free(own);
    if (status == PF_OK) {
        (void)snprintf(line, sizeof line, "%lld\n", (long long)rows);
        return host->write_out(io, line, strlen(line)) ? 0 : 1;
    }
    (void)snprintf(line, sizeof line, "example-rows: %s\n", err.message);
    (void)host->write_err(io, line, strlen(line));
    return 1;
}

static const struct pf_command_addition rows_command = {
    .size = sizeof rows_command,
    .name = "example-rows",
    .summary = "Count the rows of a file of any format (example extension)",
    .help = "Usage: pyforge example-rows INPUT\n\nPrints how many rows INPUT has, whatever its format.\n",
    .run = run_rows,
};

/* ---- the extension */

static enum pf_status initialise(const struct pf_host *host, struct pf_registration *to, void **self, struct pf_error *err)
{
    /* Memory of the host, not counted against the budget of any conversion. */
    struct example *example = host->allocate(NULL, sizeof *example);

    if (example == NULL)
        return host->fail(err, PF_NO_MEMORY, "there is no memory for the example");
    example->host = host;
    if (host->add_format(to, &example_format, err) != PF_OK || host->add_scheme(to, &example_scheme, err) != PF_OK ||
        host->add_engine(to, &example_engine, err) != PF_OK || host->add_command(to, &rows_command, err) != PF_OK ||
        host->add_options(to, &options_addition, err) != PF_OK) {
        host->release(NULL, example);
        return err->status;
    }
    *self = example;
    return PF_OK;
}

static void shutdown(void *self)
{
    struct example *example = self;

    example->host->release(NULL, example);
}

static const struct pf_extension extension = {
    .size = sizeof extension,
    .abi = PF_EXTENSION_ABI,
    .name = "example",
    .version = "1.0",
    .description = "An extension to start one's own from",
    .licence = "MIT",
    .initialise = initialise,
    .shutdown = shutdown,
    .hooks = 1u << PF_HOOK_ENVIRONMENT | 1u << PF_HOOK_PARAMETERS | 1u << PF_HOOK_POST | 1u << PF_HOOK_ERROR,
    .hook = hook,
};

/* The only thing that the library exports. It is called before anything else; no work is done here. */
PF_API const struct pf_extension *pf_extension_entry(const struct pf_host *host);

PF_API const struct pf_extension *pf_extension_entry(const struct pf_host *host)
{
    (void)host;
    return &extension;
}
