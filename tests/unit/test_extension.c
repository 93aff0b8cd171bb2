/* Extensions that are part of the program: loading, what they add, hooks, and what becomes of those that do wrong. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "extension/use.h"
#include "support_folder.h"
#include "support_unit.h"

enum { MOST_TEXT = 4000 };

/* What the extensions below do, and what was heard of them. They reach it as their self. */
struct stage {
    const struct pf_host *host;
    const char *set_name, *set_value; /* what the hook parameters sets */
    const char *retry_value;          /* what the hook error sets, and asks for one more attempt */
    enum pf_status hook_status;
    int sleep_ms;
    uint32_t hooks_called[PF_HOOKS], started, ended;
    enum pf_status start_status;
    char order[200], seen_options[MOST_TEXT], seen_result[MOST_TEXT], seen_error[600];
    bool converts_inside;
};

static struct stage *stage_at; /* initialise has no other way to it */

static enum pf_status start(const struct pf_host *host, struct pf_registration *to, void **self, struct pf_error *err)
{
    static const struct pf_option rows[] = {
        { "test-words", NULL, PF_OPTION_TEXT, NULL, NULL, "TEXT", "Words.", "Test", 0 },
        { .name = NULL },
    };
    static const struct pf_options_addition options = { sizeof options, rows };

    stage_at->host = host;
    stage_at->started++;
    *self = stage_at;
    if (host->add_options(to, &options, err) != PF_OK)
        return err->status;
    return stage_at->start_status == PF_OK ? PF_OK : (host->fail)(err, stage_at->start_status, "it does not want to start");
}

static void stop(void *self)
{
    ((struct stage *)self)->ended++;
}

static void convert_inside(struct stage *stage, struct pf_context *ctx)
{
    struct pf_context *own = stage->host->context_new(ctx);
    struct pf_request *request = stage->host->request_new(own);
    struct pf_result *result = NULL;
    struct pf_error err;

    CHECK_OK(stage->host->request_paths(request, "in.csv", "inside.csv", &err), err);
    CHECK_OK(stage->host->request_set(request, "force", NULL, &err), err);
    CHECK_OK(stage->host->convert(request, &result, &err), err);
    CHECK_HAS(stage->host->result_json(result), "\"success\": true");
    stage->host->result_free(result);
    stage->host->request_free(request);
    stage->host->context_free(own);
}

static void keep(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text != NULL ? text : "nothing");
}

static enum pf_status hook(void *self, enum pf_hook which, struct pf_context *ctx, struct pf_hook_call *call,
                           struct pf_error *err)
{
    struct stage *stage = self;
    const struct pf_host *host = stage->host;

    stage->hooks_called[which]++;
    (void)snprintf(stage->order + strlen(stage->order), sizeof stage->order - strlen(stage->order), "%s ", pf_hook_word(which));
    if (which == PF_HOOK_ENVIRONMENT) {
        host->hook_fact(call, "machine", "{\"cores\": 2}");
        host->hook_fact(call, "nonsense", "{cores");
    }
    if (which == PF_HOOK_PARAMETERS) {
        struct pf_error own;

        if (stage->set_name != NULL)
            (void)host->hook_set(call, stage->set_name, stage->set_value, &own);
        keep(stage->seen_options, MOST_TEXT, host->hook_options(call));
        host->log(ctx, PF_LOG_WARNING, "logged by a hook");
        if (stage->converts_inside)
            convert_inside(stage, ctx);
    }
    if (which == PF_HOOK_PRE && stage->sleep_ms > 0) {
        const struct timespec time = { 0, stage->sleep_ms * 1000000L };
        (void)nanosleep(&time, NULL);
    }
    if (which == PF_HOOK_POST) {
        keep(stage->seen_result, MOST_TEXT, host->hook_result(call));
        host->hook_note(call, "a note of after");
    }
    if (which == PF_HOOK_ERROR) {
        keep(stage->seen_error, sizeof stage->seen_error, host->hook_error(call)->message);
        if (stage->retry_value != NULL) {
            (void)host->hook_set(call, "header", stage->retry_value, err);
            (void)host->hook_set(call, "from", "csv", err);
            host->hook_retry(call);
        }
    }
    return which == PF_HOOK_PRE && stage->hook_status != PF_OK && stage->hook_status != PF_CANCELLED
               ? (host->fail)(err, stage->hook_status, "the hook does not like it")
           : which == PF_HOOK_PRE ? (stage->hook_status == PF_CANCELLED ? (enum pf_status)99 : PF_OK)
                                  : PF_OK;
}

static const struct pf_extension extension = {
    .size = sizeof extension,
    .abi = PF_EXTENSION_ABI,
    .name = "part",
    .version = "1",
    .description = "for tests",
    .licence = "MIT",
    .initialise = start,
    .shutdown = stop,
    .hooks = (1u << PF_HOOKS) - 1,
    .hook = hook,
};

/* ---- a conversion with it */

struct run {
    struct stage stage;
    struct pf_extensions *set;
    struct pf_context *ctx;
    struct pf_request *request;
    char log[MOST_TEXT];
    struct pf_result *result;
    struct pf_error err;
};

static void take_log(void *user, enum pf_log_level level, const char *message)
{
    struct run *run = user;
    size_t used = strlen(run->log);

    (void)level;
    (void)snprintf(run->log + used, sizeof run->log - used, "%s\n", message);
}

static void write_input(const char *text)
{
    FILE *file = fopen("in.csv", "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void begin(struct run *run)
{
    memset(run, 0, sizeof *run);
    stage_at = &run->stage;
    run->set = pf_extensions_new(NULL);
    assert_non_null(run->set);
    CHECK_OK(pf_extension_add(run->set, &extension, &run->err), run->err);
    run->ctx = pf_context_new();
    pf_context_on_log(run->ctx, take_log, run, PF_LOG_WARNING);
    pf_context_extensions(run->ctx, run->set);
    run->request = pf_request_new(run->ctx);
    write_input("a,b\n1,x\n2,y\n");
    CHECK_OK(pf_request_paths(run->request, "in.csv", "out.parquet", &run->err), run->err);
    CHECK_OK(pf_request_set(run->request, "force", NULL, &run->err), run->err);
}

static void end(struct run *run)
{
    pf_result_free(run->result);
    pf_request_free(run->request);
    pf_context_free(run->ctx);
    pf_extensions_free(run->set);
    CHECK_INT(run->stage.started, run->stage.ended + (run->stage.start_status != PF_OK ? run->stage.started : 0));
}

static bool warned(const struct run *run, const char *part)
{
    const char *warning;

    for (uint32_t i = 0; (warning = pf_result_warning(run->result, i)) != NULL; i++) {
        if (strstr(warning, part) != NULL)
            return true;
    }
    return false;
}

static void test_order_and_effect(void **state)
{
    struct run run;

    (void)state;
    begin(&run);
    run.stage.set_name = "types";
    run.stage.set_value = "string";
    run.stage.converts_inside = true;
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_TEXT(run.stage.order, "environment parameters performance pre post ");
    CHECK_HAS(run.stage.seen_options, "\"force\": \"yes\", \"types\": \"string\"");
    CHECK_HAS(run.stage.seen_result, "\"type\": \"string\"");
    CHECK_HAS(pf_result_json(run.result), "\"environment\": {\"part\": {\"machine\": {\"cores\": 2}}}");
    CHECK(warned(&run, "part: a note of after"));
    CHECK(warned(&run, "told a fact that is no JSON"));
    CHECK_HAS(run.log, "logged by a hook");
    CHECK(warned(&run, "part: logged by a hook"));
    end(&run);
}

static void test_what_is_set(void **state)
{
    static const struct {
        const char *name, *value, *given, *note, *type;
    } cases[] = {
        { "types", "string", NULL, NULL, "string" },
        { "types", "string", "infer", "part would have set --types to string; what was given, infer, counts", "int64" },
        { "types", "infer", "infer", NULL, "int64" },
        { "types", "strange", NULL, "part could not set --types: option --types cannot be 'strange'", "int64" },
        { "tipes", "string", NULL, "part could not set --tipes: there is no option --tipes", "int64" },
        { "test-words", "so", NULL, NULL, "int64" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct run run;

        begin(&run);
        run.stage.set_name = cases[i].name;
        run.stage.set_value = cases[i].value;
        if (cases[i].given != NULL)
            CHECK_OK(pf_request_set(run.request, cases[i].name, cases[i].given, &run.err), run.err);
        CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
        CHECK_HAS(pf_result_json(run.result), cases[i].type);
        if (cases[i].note != NULL && !warned(&run, cases[i].note))
            fail_msg("case %zu: no note in %s", i, pf_result_json(run.result));
        CHECK(cases[i].note != NULL || !warned(&run, cases[i].name));
        end(&run);
    }
}

/* A hook that fails or answers nonsense is told, and the conversion goes on. */
static void test_hook_that_fails(void **state)
{
    static const struct {
        enum pf_status status;
        const char *note;
    } cases[] = {
        { PF_IO, "the hook pre of the extension part failed: the hook does not like it" },
        { PF_NO_MEMORY, "failed: the hook does not like it" },
        { PF_CANCELLED, "answered with nonsense (99)" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct run run;

        begin(&run);
        run.stage.hook_status = cases[i].status;
        CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
        CHECK(warned(&run, cases[i].note));
        CHECK_INT(run.stage.hooks_called[PF_HOOK_POST], 1);
        end(&run);
    }
}

static void test_hook_that_overruns(void **state)
{
    struct run run;

    (void)state;
    begin(&run);
    run.stage.sleep_ms = 200;
    assert_int_equal(setenv("PYFORGE_HOOK_LIMIT", "20ms", 1), 0);
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    assert_int_equal(unsetenv("PYFORGE_HOOK_LIMIT"), 0);
    CHECK_HAS(run.log, "the hook pre of the extension part has run for more than 0.02 s and is still running");
    CHECK(warned(&run, "more than 0.02 s are not allowed: its later hooks were left out"));
    CHECK_INT(run.stage.hooks_called[PF_HOOK_POST], 0);
    /* in the next conversion it has another chance */
    run.stage.sleep_ms = 0;
    pf_result_free(run.result);
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_INT(run.stage.hooks_called[PF_HOOK_POST], 1);
    end(&run);
}

static void test_error_and_retry(void **state)
{
    static const struct {
        const char *value;
        uint32_t errors;
        bool good;
    } cases[] = { { NULL, 1, false }, { "no", 1, true } };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct run run;

        begin(&run);
        write_input("%PDF-1.4\n1,2\n");
        run.stage.retry_value = cases[i].value;
        CHECK_INT(pf_convert(run.request, &run.result, &run.err) == PF_OK, cases[i].good);
        CHECK_INT(run.stage.hooks_called[PF_HOOK_ERROR], cases[i].errors);
        CHECK_HAS(run.stage.seen_error, "PDF");
        CHECK_INT(run.stage.hooks_called[PF_HOOK_PRE], 1);
        end(&run);
    }
}

static void test_start_that_fails(void **state)
{
    struct pf_extension_info info;
    struct run run;

    (void)state;
    begin(&run);
    run.stage.start_status = PF_IO;
    CHECK_INT(pf_extension_load(run.set, "part", &run.err), PF_UNSUPPORTED);
    CHECK_HAS(run.err.message, "the extension part has failed: it does not want to start");
    CHECK(pf_extension_at(run.set, 0, &info));
    CHECK_INT(info.state, PF_EXTENSION_FAILED);
    CHECK_TEXT(info.adds, "");
    CHECK_INT(pf_request_set(run.request, "test-words", "x", &run.err), PF_BAD_OPTION);
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_TEXT(run.stage.order, "");
    end(&run);
}

static void test_enable_and_reload(void **state)
{
    struct pf_extension_info info;
    struct run run;

    (void)state;
    begin(&run);
    CHECK_OK(pf_request_set(run.request, "--test-words", "x", &run.err), run.err);
    CHECK_INT(run.stage.started, 1);
    CHECK_OK(pf_extension_reload(run.set, "part", &run.err), run.err);
    CHECK_INT(run.stage.started, 2);
    CHECK_OK(pf_extension_enable(run.set, "part", false, &run.err), run.err);
    CHECK_INT(run.stage.ended, 2);
    CHECK_INT(pf_request_set(run.request, "test-words", "x", &run.err), PF_BAD_OPTION);
    CHECK_OK(pf_extension_enable(run.set, "part", true, &run.err), run.err);
    CHECK_OK(pf_extension_load(run.set, "part", &run.err), run.err);
    CHECK(pf_extension_at(run.set, 0, &info));
    CHECK_INT(info.state, PF_EXTENSION_LOADED);
    CHECK_TEXT(info.adds, "options test-words, hooks environment parameters performance pre post error");
    /* what runs keeps what it uses */
    pf_extensions_use(run.set);
    CHECK_INT(pf_extension_reload(run.set, "part", &run.err), PF_LIMIT);
    CHECK_INT(pf_extension_enable(run.set, "part", false, &run.err), PF_LIMIT);
    pf_extensions_leave(run.set);
    end(&run);
}

/* Wherever memory ends, in the set or in the conversion: an error or a shorter list, and everything is given back. */
static void test_memory_that_ends(void **state)
{
    (void)state;
    for (long n = 0; n < 60; n++) {
        struct pf_extension_info info;
        struct run run;

        begin(&run);
        atomic_store(&run.set->memory.fail_at, n);
        if (pf_extension_load(run.set, "part", &run.err) == PF_OK)
            CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
        atomic_store(&run.set->memory.fail_at, -1);
        CHECK(pf_extension_at(run.set, 0, &info));
        end(&run);
    }
    for (long n = 0; n < 400; n += 3) {
        struct run run;

        begin(&run);
        run.stage.set_name = "types";
        run.stage.set_value = "string";
        atomic_store(&run.ctx->memory.fail_at, n);
        (void)pf_convert(run.request, &run.result, &run.err);
        atomic_store(&run.ctx->memory.fail_at, -1);
        end(&run);
    }
}

/* ---- descriptors */

static bool not_here(const struct pf_host *host, char *reason, size_t size)
{
    (void)host;
    (void)snprintf(reason, size, "this machine has no such thing");
    return false;
}

static void test_descriptors(void **state)
{
    static const struct {
        struct pf_extension extension;
        enum pf_extension_state state;
        const char *reason;
    } cases[] = {
        { { sizeof(struct pf_extension), 3, .name = "d" },
          PF_EXTENSION_FAILED,
          "made for abi 3, this is abi 0; get the build" },
        { { offsetof(struct pf_extension, version) + sizeof(char *), 0, .name = "d" }, PF_EXTENSION_FAILED, "too few" },
        { { offsetof(struct pf_extension, shutdown), 0, .name = "d", .hooks = 1 }, PF_EXTENSION_LOADED, "" },
        { { sizeof(struct pf_extension) + 64, 0, .name = "d" }, PF_EXTENSION_LOADED, "" },
        { { sizeof(struct pf_extension), 0, .name = "d", .hooks = 1 }, PF_EXTENSION_FAILED, "no function for them" },
        { { sizeof(struct pf_extension), 0, .name = "d", .available = not_here },
          PF_EXTENSION_UNLOADED,
          "this machine has no" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct {
            struct pf_extension extension;
            char later[64]; /* members that we do not know */
        } given;
        struct pf_extensions *set = pf_extensions_new(NULL);
        struct pf_extension_info info;
        struct pf_error err;

        memset(&given, 0x5a, sizeof given);
        given.extension = cases[i].extension;
        CHECK_OK(pf_extension_add(set, &given.extension, &err), err);
        CHECK_INT(pf_extension_add(set, &given.extension, &err), PF_EXISTS);
        (void)pf_extension_load(set, "d", &err);
        CHECK(pf_extension_at(set, 0, &info));
        CHECK_INT(info.state, cases[i].state);
        CHECK_HAS(info.reason, cases[i].reason);
        CHECK_INT(info.available, cases[i].state == PF_EXTENSION_LOADED);
        pf_extensions_free(set);
    }
}

/* ---- additions that are refused */

static enum pf_status probed;

static enum pf_status some_open(void *self, struct pf_context *ctx, struct pf_source *src, const void *options, void **reader,
                                struct pf_error *err)
{
    (void)self;
    (void)ctx;
    (void)src;
    (void)options;
    (void)reader;
    (void)err;
    return PF_BAD_DATA; /* without a word */
}

static enum pf_status some_read(void *reader, uint32_t table, struct ArrowArrayStream *out, struct pf_error *err)
{
    (void)reader;
    (void)table;
    (void)out;
    (void)err;
    return PF_OK;
}

static void some_close(void *reader)
{
    (void)reader;
}

static enum pf_status add_wrong_things(const struct pf_host *host, struct pf_registration *to, void **self,
                                       struct pf_error *err)
{
    static const struct pf_format_addition no_functions = { .size = sizeof no_functions, .name = "x" };
    static const struct pf_format_addition csv = {
        .size = sizeof csv, .name = "CSV", .open = some_open, .read = some_read, .close = some_close
    };
    static const struct pf_format_addition mute = {
        .size = sizeof mute, .name = "mute", .open = some_open, .read = some_read, .close = some_close
    };
    static const struct pf_scheme_addition drive = { .size = sizeof drive, .name = "c" };
    static const struct pf_option force[] = { { .name = "force" }, { .name = NULL } };
    static const struct pf_options_addition options = { sizeof options, force };
    static const struct pf_command_addition command = { .size = sizeof command, .name = "a b" };
    static const struct pf_service_addition service = { sizeof service, "s", 2, &probed };

    (void)self;
    CHECK_INT(host->add_format(to, &no_functions, err), PF_BAD_DATA);
    CHECK_INT(host->add_format(to, &csv, err), PF_EXISTS);
    CHECK_INT(host->add_scheme(to, &drive, err), PF_BAD_DATA);
    CHECK_INT(host->add_options(to, &options, err), PF_EXISTS);
    CHECK_INT(host->add_command(to, &command, err), PF_BAD_DATA);
    CHECK_OK(host->add_service(to, &service, err), *err);
    CHECK_INT(host->add_service(to, &service, err), PF_EXISTS);
    CHECK_OK(host->add_format(to, &mute, err), *err);
    return PF_OK;
}

static void test_additions(void **state)
{
    static const struct pf_extension wrong = { .size = sizeof wrong, .name = "wrong", .initialise = add_wrong_things };
    struct pf_context *ctx = pf_context_new();
    struct pf_extensions *set = pf_extensions_new(NULL);
    struct pf_request *request;
    struct pf_result *result;
    struct pf_error err;

    (void)state;
    pf_context_extensions(ctx, set);
    request = pf_request_new(ctx);
    CHECK_OK(pf_extension_add(set, &wrong, &err), err);
    CHECK(set->host.find_service(ctx, "s", 2) == &probed);
    CHECK(set->host.find_service(ctx, "s", 3) == NULL);
    CHECK(set->host.find_service(ctx, "t", 0) == NULL);
    write_input("a\n1\n");
    CHECK_OK(pf_request_paths(request, "in.csv", "out.csv", &err), err);
    CHECK_OK(pf_request_set(request, "from", "mute", &err), err);
    CHECK_INT(pf_convert(request, &result, &err), PF_BAD_DATA);
    CHECK_HAS(err.message, "the extension wrong could not open it");
    pf_result_free(result);
    pf_request_free(request);
    pf_context_free(ctx);
    pf_extensions_free(set);
}

/* ---- the example, by the conformance suite */

static void note_check(void *user, bool good, const char *what, const char *why)
{
    int *checks = user;

    if (!good)
        fail_msg("%s: %s", what, why);
    (*checks)++;
}

static void test_example(void **state)
{
    struct pf_extensions *set;
    struct pf_error err;
    char folder[400];
    int checks = 0;

    (void)state;
    assert_non_null(getcwd(folder, sizeof folder - 20));
    assert_int_equal(setenv("PYFORGE_EXAMPLE_DIR", folder, 1), 0);
    assert_non_null(strrchr(folder, '/'));
    strcpy(strrchr(folder, '/'), "/extensions");
    assert_int_equal(setenv("PYFORGE_EXTENSION_PATH", folder, 1), 0);
    set = pf_extensions_new(NULL);
    CHECK_OK(pf_extension_test(set, "example", NULL, note_check, &checks, &err), err);
    CHECK(checks > 80);
    CHECK_OK(pf_extension_reload(set, "example", &err), err);
    assert_int_equal(unsetenv("PYFORGE_EXTENSION_PATH"), 0);
    pf_extensions_free(set);
}

/* In a folder and a home of its own below the build directory. */
static void release_stream(struct ArrowArrayStream *stream)
{
    ++*(int *)stream->private_data;
    stream->release = NULL;
}

/* A stream that no plan has taken is released all the same, and the error says why. */
static void test_stream_without_memory(void **state)
{
    struct run run;
    int released = 0;
    struct ArrowArrayStream stream = { .release = release_stream, .private_data = &released };

    (void)state;
    begin(&run);
    run.ctx->memory.limit = 1;
    CHECK_INT(pf_write_stream(run.request, &stream, &run.result, &run.err), PF_NO_MEMORY);
    CHECK_INT(run.err.status, PF_NO_MEMORY);
    CHECK_HAS(run.err.message, "memory");
    CHECK_INT(released, 1);
    CHECK(stream.release == NULL);
    run.ctx->memory.limit = SIZE_MAX;
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_effect),  cmocka_unit_test(test_what_is_set),
        cmocka_unit_test(test_hook_that_fails),   cmocka_unit_test(test_hook_that_overruns),
        cmocka_unit_test(test_error_and_retry),   cmocka_unit_test(test_start_that_fails),
        cmocka_unit_test(test_enable_and_reload), cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_additions),         cmocka_unit_test(test_example),
        cmocka_unit_test(test_memory_that_ends),  cmocka_unit_test(test_stream_without_memory),
    };

    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
