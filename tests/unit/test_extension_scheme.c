/* What extensions add besides formats, engines and commands: schemes that claim paths, probes, services. */
#include <stdlib.h>
#include <unistd.h>

#include "extension/use.h"
#include "support_folder.h"
#include "support_unit.h"

/* A scheme of "/Vol/..." and "dbv:/Vol/...", kept in the folder "mount" below the test's own. */

static const struct pf_host *host;
static int commits;

struct file {
    FILE *file;
    char temporary[300], target[300];
    bool replace, committed;
};

/* NULL = the location names no such place. */
static const char *inside(const char *location, char to[300])
{
    const char *path = strncmp(location, "dbv:", 4) == 0 ? location + 4 : location;

    if (strncmp(path, "/Vol/", 5) != 0)
        return NULL;
    (void)snprintf(to, 300, "mount/%s", path + 5);
    return to;
}

static enum pf_status refuse(struct pf_error *err)
{
    (host->fail)(err, PF_IO, "the volume is closed");
    host->remedy(err, "GRANT READ VOLUME ON VOLUME a TO you");
    return PF_IO;
}

static enum pf_status vol_stat(void *self, struct pf_context *ctx, const char *location, struct pf_location *out,
                               struct pf_error *err)
{
    char path[300];
    struct pf_file_facts facts;

    (void)self;
    (void)ctx;
    if (strstr(location, "closed") != NULL)
        return refuse(err);
    if (inside(location, path) == NULL || !pf_file_look(path, &facts))
        return (host->fail)(err, PF_NOT_FOUND, "there is nothing");
    out->directory = facts.directory;
    out->bytes = -1;
    return PF_OK;
}

static enum pf_status vol_open(void *self, struct pf_context *ctx, const char *location, void **reader, struct pf_error *err)
{
    char path[300];

    (void)self;
    (void)ctx;
    *reader = inside(location, path) != NULL ? fopen(path, "rb") : NULL;
    return *reader != NULL ? PF_OK : (host->fail)(err, PF_NOT_FOUND, "there is nothing");
}

static enum pf_status vol_read(void *reader, void *to, size_t size, size_t *got, struct pf_error *err)
{
    (void)err;
    *got = fread(to, 1, size, reader);
    return PF_OK;
}

static void vol_close(void *reader)
{
    (void)fclose(reader);
}

static enum pf_status vol_create(void *self, struct pf_context *ctx, const char *location, bool replace, void **writer,
                                 struct pf_error *err)
{
    struct file *made = host->allocate(NULL, sizeof *made);
    char path[300];

    (void)self;
    (void)ctx;
    assert_non_null(made);
    memset(made, 0, sizeof *made);
    if (inside(location, path) == NULL)
        return (host->fail)(err, PF_NOT_FOUND, "there is no such volume");
    (void)snprintf(made->target, sizeof made->target, "%.290s", path);
    (void)snprintf(made->temporary, sizeof made->temporary, "%.290s.tmp", path);
    made->replace = replace;
    made->file = fopen(made->temporary, "wb");
    *writer = made;
    return made->file != NULL ? PF_OK : (host->fail)(err, PF_IO, "it cannot be made");
}

static enum pf_status vol_write(void *writer, const void *bytes, size_t size, struct pf_error *err)
{
    (void)err;
    return fwrite(bytes, 1, size, ((struct file *)writer)->file) == size ? PF_OK : PF_IO;
}

static enum pf_status vol_commit(void *writer, struct pf_error *err)
{
    struct file *made = writer;

    (void)fclose(made->file);
    made->file = NULL;
    if (!made->replace && access(made->target, F_OK) == 0)
        return (host->fail)(err, PF_EXISTS, "something is there");
    made->committed = rename(made->temporary, made->target) == 0;
    commits++;
    return made->committed ? PF_OK : (host->fail)(err, PF_IO, "it cannot be renamed");
}

static void vol_discard(void *writer)
{
    struct file *made = writer;

    if (made->file != NULL)
        (void)fclose(made->file);
    if (!made->committed)
        (void)unlink(made->temporary);
    host->release(NULL, made);
}

static enum pf_status vol_identity(void *self, struct pf_context *ctx, const char *location, char *to, size_t size,
                                   struct pf_error *err)
{
    (void)self;
    (void)ctx;
    (void)err;
    (void)snprintf(to, size, "%s", strncmp(location, "dbv:", 4) == 0 ? location + 4 : location);
    return PF_OK;
}

static char *probe(void *self, struct pf_context *ctx, struct pf_error *err)
{
    static const char known[] = "{\"serverless\": {\"value\": true, \"signal\": \"IS_SERVERLESS\"}}";
    char *json = host->allocate(ctx, sizeof known);

    (void)self;
    (void)err;
    if (json != NULL)
        memcpy(json, known, sizeof known);
    return json;
}

static enum pf_status start(const struct pf_host *given, struct pf_registration *to, void **self, struct pf_error *err)
{
    static const char *const paths[] = { "/Vol/", NULL };
    static const char *const wrong[] = { "Vol/", NULL };
    static const char *const within[] = { "/Vol/deeper/", NULL };
    static const struct pf_scheme_addition scheme = {
        .size = sizeof scheme,
        .name = "dbv",
        .description = "volumes",
        .stat = vol_stat,
        .open = vol_open,
        .read = vol_read,
        .close = vol_close,
        .create = vol_create,
        .write = vol_write,
        .commit = vol_commit,
        .discard = vol_discard,
        .paths = paths,
        .identity = vol_identity,
    };
    static const struct pf_probe_addition probes = { .size = sizeof probes, .name = "runtime", .probe = probe };
    static const struct pf_option delimiter[] = { { .name = "delimiter" }, { .name = NULL } };
    static const struct pf_options_addition options = { sizeof options, delimiter };
    static struct pf_scheme_addition other;

    host = given;
    *self = NULL;
    other = scheme;
    other.name = "other";
    other.paths = wrong;
    CHECK_INT(host->add_scheme(to, &other, err), PF_BAD_OPTION);
    if (host->add_scheme(to, &scheme, err) != PF_OK)
        return err->status;
    other.paths = within;
    CHECK_INT(host->add_scheme(to, &other, err), PF_EXISTS);
    CHECK_INT(host->add_options(to, &options, err), PF_EXISTS);
    CHECK_HAS(err->message, "the format csv has an option --delimiter already");
    return host->add_probe(to, &probes, err);
}

static const struct pf_extension extension = {
    .size = sizeof extension,
    .abi = PF_EXTENSION_ABI,
    .name = "volumes",
    .version = "1",
    .description = "for tests",
    .licence = "MIT",
    .initialise = start,
};

/* ---- an extension that uses a service of another */

static const struct pf_host *user_host;

static int answer(void)
{
    return 42;
}

struct functions {
    int (*answer)(void);
};

static enum pf_status start_net(const struct pf_host *given, struct pf_registration *to, void **self, struct pf_error *err)
{
    static const struct functions functions = { answer };
    static const struct pf_service_addition service = { sizeof service, "net", 3, &functions };

    *self = NULL;
    return given->add_service(to, &service, err);
}

static enum pf_status start_user(const struct pf_host *given, struct pf_registration *to, void **self, struct pf_error *err)
{
    (void)to;
    (void)err;
    *self = NULL;
    user_host = given;
    return PF_OK;
}

static enum pf_status user_hook(void *self, enum pf_hook which, struct pf_context *ctx, struct pf_hook_call *call,
                                struct pf_error *err)
{
    const struct functions *net = user_host->find_service(ctx, "net", 2);

    (void)self;
    (void)which;
    if (net == NULL || net->answer() != 42)
        return (user_host->fail)(err, PF_UNSUPPORTED, "there is no net");
    user_host->hook_fact(call, "answer", "42");
    return PF_OK;
}

static const struct pf_extension net = { .size = sizeof net, .name = "net", .initialise = start_net };
static const struct pf_extension net_user = { .size = sizeof net_user,
                                              .name = "a-user", /* before net by name */
                                              .initialise = start_user,
                                              .hooks = 1u << PF_HOOK_ENVIRONMENT,
                                              .hook = user_hook };

/* ---- tests */

struct run {
    struct pf_extensions *set;
    struct pf_context *ctx;
    struct pf_error err;
};

static void begin(struct run *run)
{
    memset(run, 0, sizeof *run);
    assert_int_equal(system("rm -rf mount && mkdir mount && printf 'a,b\\n1,x\\n' > mount/in.csv"), 0);
    commits = 0;
    run->set = pf_extensions_new(NULL);
    CHECK_OK(pf_extension_add(run->set, &extension, &run->err), run->err);
    run->ctx = pf_context_new();
    pf_context_extensions(run->ctx, run->set);
}

static void end(struct run *run)
{
    pf_context_free(run->ctx);
    pf_extensions_free(run->set);
}

static enum pf_status convert(struct run *run, const char *input, const char *output)
{
    struct pf_request *request = pf_request_new(run->ctx);
    struct pf_result *result = NULL;
    enum pf_status status;

    CHECK_OK(pf_request_paths(request, input, output, &run->err), run->err);
    status = pf_convert(request, &result, &run->err);
    pf_result_free(result);
    pf_request_free(request);
    return status;
}

static void test_paths(void **state)
{
    static const struct {
        const char *input, *output;
        enum pf_status wanted;
        const char *made, *said;
    } rows[] = {
        { "/Vol/in.csv", "/Vol/out.parquet", PF_OK, "mount/out.parquet", NULL },
        { "dbv:/Vol/in.csv", "/Vol/out.parquet", PF_OK, "mount/out.parquet", NULL },
        { "/Vol/in.csv", NULL, PF_OK, "mount/in.parquet", NULL }, /* beside the input */
        { "/Vol/in.csv", "here.parquet", PF_OK, "here.parquet", NULL },
        { "dbv:/Vol/in.csv", "/Vol/in.csv", PF_EXISTS, NULL, "the output is the input itself" },
        { "/Vol/none.csv", NULL, PF_NOT_FOUND, NULL, "does not exist" },
        { "/Vol/closed.csv", NULL, PF_IO, NULL, "the volume is closed" },
        { "/Volumes/in.csv", NULL, PF_NOT_FOUND, NULL, "does not exist" }, /* nobody's */
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        struct run run;
        enum pf_status status;

        begin(&run);
        (void)unlink("here.parquet");
        status = convert(&run, rows[i].input, rows[i].output);
        if (status != rows[i].wanted)
            fail_msg("%s: %s: %s", rows[i].input, pf_status_name(status), run.err.message);
        if (rows[i].said != NULL)
            CHECK_HAS(run.err.message, rows[i].said);
        if (rows[i].made != NULL)
            CHECK(access(rows[i].made, F_OK) == 0);
        CHECK_INT(access("mount/out.parquet.tmp", F_OK), -1);
        if (rows[i].wanted == PF_IO)
            CHECK_HAS(run.err.remedy, "GRANT READ VOLUME");
        end(&run);
    }
}

static void test_not_replaced(void **state)
{
    struct run run;

    (void)state;
    begin(&run);
    CHECK_OK(convert(&run, "/Vol/in.csv", "/Vol/out.csv"), run.err);
    CHECK_INT(convert(&run, "/Vol/in.csv", "dbv:/Vol/out.csv"), PF_EXISTS);
    CHECK_INT(commits, 1);
    end(&run);
}

static void test_environment(void **state)
{
    struct run run;
    char *text = NULL;

    (void)state;
    begin(&run);
    CHECK_OK(pf_extension_add(run.set, &net_user, &run.err), run.err);
    CHECK_OK(pf_extension_add(run.set, &net, &run.err), run.err);
    CHECK_OK(pf_environment(run.ctx, &text, &run.err), run.err);
    CHECK_TEXT(text, "{\"volumes\": {\"runtime\": {\"serverless\": {\"value\": true, \"signal\": \"IS_SERVERLESS\"}}}, "
                     "\"a-user\": {\"answer\": 42}}");
    pf_text_free(run.ctx, text);
    end(&run);
}

static void test_no_environment(void **state)
{
    struct pf_context *ctx = pf_context_new();
    char *text = NULL;
    struct pf_error err;

    (void)state;
    CHECK_OK(pf_environment(ctx, &text, &err), err);
    CHECK_TEXT(text, "{}");
    pf_text_free(ctx, text);
    pf_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_not_replaced),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_no_environment),
    };

    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
