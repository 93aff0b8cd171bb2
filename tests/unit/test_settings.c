/* Settings of files and environment below those of the caller; what tests/python/test_settings.py cannot reach. */
#include "convert/report.h"
#include "convert/settings.h"
#include "support_unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/option.h"

static char folder[64];

static void put_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");

    CHECK(file != NULL);
    CHECK_INT(fwrite(text, 1, strlen(text), file), strlen(text));
    CHECK_INT(fclose(file), 0);
}

static int set_up(void **state)
{
    char path[96];

    (void)state;
    strcpy(folder, "/tmp/pyforge-test-XXXXXX");
    if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkdir("pyforge", 0777) != 0)
        return -1;
    (void)snprintf(path, sizeof path, "%s/named.toml", folder);
    put_text("x.csv", "id\n1\n");
    put_text("named.toml", "threads = 2\ntypes = \"string\"\n[csv]\nnull-values = [\"NA\", \"-\"]\n");
    put_text("pyforge/config.toml", "threads = 3\ncolumns = ['a, b', 'say \"x\"', 'c']\n");
    return setenv("PYFORGE_CONFIG", path, 1) == 0 && setenv("XDG_CONFIG_HOME", folder, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    (void)unsetenv("PYFORGE_CONFIG");
    (void)unsetenv("XDG_CONFIG_HOME");
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static const char *value_of(const struct pf_settings *settings, const char *name, uint32_t *times)
{
    const char *value = NULL;

    *times = 0;
    for (uint32_t i = 0; i < settings->count; i++) {
        if (strcmp(settings->list[i].name, name) == 0) {
            value = settings->list[i].value;
            (*times)++;
        }
    }
    return value;
}

static void only_the_last_origin_of_an_option_is_left(void **state)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct pf_settings settings;
    struct pf_arena arena;
    struct pf_error err;
    uint32_t times;

    (void)state;
    CHECK_OK(pf_request_set(request, "null-values", "x", &err), err);
    CHECK_OK(pf_request_set(request, "null_values", "y", &err), err);
    pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
    CHECK_OK(pf_settings_gather(request, &arena, &settings, &err), err);
    CHECK_INT(settings.file_count, 3);
    CHECK_TEXT(value_of(&settings, "threads", &times), "3");
    CHECK_INT(times, 1);
    CHECK_TEXT(value_of(&settings, "types", &times), "string");
    CHECK_TEXT(value_of(&settings, "columns", &times), "\"a, b\",\"say \"\"x\"\"\",c");
    /* The caller's own list is whole, the file's is gone. */
    CHECK_TEXT(value_of(&settings, "null-values", &times), "x");
    CHECK_INT(times, 1);
    CHECK_TEXT(value_of(&settings, "null_values", &times), "y");
    pf_arena_free(&arena);
    pf_request_free(request);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
}

static void force_core_is_the_native_engine(void **state)
{
    static const struct {
        const char *name, *value, *engine; /* NULL = not set */
    } cases[] = {
        { "force-core", NULL, "native" },
        { "force_core", "yes", "native" },
        { "no-force-core", NULL, NULL },
        { "force-core", "no", NULL },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_request *request = pf_request_new(ctx);
        struct pf_settings settings;
        struct pf_arena arena;
        struct pf_error err;
        const char *engine;
        uint32_t times;

        CHECK_OK(pf_request_set(request, cases[i].name, cases[i].value, &err), err);
        pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
        CHECK_OK(pf_settings_gather(request, &arena, &settings, &err), err);
        engine = value_of(&settings, "engine", &times);
        CHECK_TEXT(engine != NULL ? engine : "auto", cases[i].engine != NULL ? cases[i].engine : "auto");
        pf_arena_free(&arena);
        pf_request_free(request);
        pf_context_free(ctx);
    }
}

static void secrets_are_not_shown(void **state)
{
    const struct pf_option *option = pf_option_find(pf_other_option_table, "password");
    struct pf_option alone;
    const char *member = NULL;
    char scratch[32];

    (void)state;
    CHECK(option != NULL && pf_option_is_secret(option));
    CHECK(!pf_option_is_secret(pf_option_find(pf_other_option_table, "pages")));
    alone = *option;
    alone.offset = 0;
    CHECK(pf_option_text(&alone, &member, scratch) == NULL);
    member = "geheim";
    CHECK_TEXT(pf_option_text(&alone, &member, scratch), "***");
}

static void keep_message(void *user, enum pf_log_level level, const char *message)
{
    int *counts = user;

    (void)message;
    counts[level]++;
}

static void the_log_follows_the_setting(void **state)
{
    static const struct {
        const char *level;
        bool debug, info;
    } cases[] = { { NULL, false, false }, { "info", false, true }, { "DEBUG", true, true }, { "error", false, false } };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_request *request = pf_request_new(ctx);
        struct pf_result *result;
        struct pf_error err;
        int counts[4] = { 0 };

        pf_context_on_log(ctx, keep_message, counts, PF_LOG_AS_SET);
        CHECK_OK(pf_request_paths(request, "x.csv", "y.parquet", &err), err);
        CHECK_OK(pf_request_set(request, "force", NULL, &err), err);
        CHECK_OK(pf_request_set(request, "columns", "id", &err), err);
        if (cases[i].level != NULL)
            CHECK_OK(pf_request_set(request, "log-level", cases[i].level, &err), err);
        CHECK_OK(pf_convert(request, &result, &err), err);
        CHECK_INT(counts[PF_LOG_DEBUG] > 0, cases[i].debug);
        CHECK_INT(counts[PF_LOG_INFO] > 0, cases[i].info);
        pf_result_free(result);
        pf_request_free(request);
        pf_context_free(ctx);
    }
}

/* Calls config or a conversion with a report, with the n-th allocation refused. true = it went through. */
static bool try_with(long n, bool report)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct pf_result *result = NULL;
    enum pf_status status;
    struct pf_error err;
    char *text = NULL;

    CHECK_OK(pf_request_paths(request, "x.csv", "z.parquet", &err), err);
    CHECK_OK(pf_request_set(request, "force", NULL, &err), err);
    CHECK_OK(pf_request_set(request, "columns", "id", &err), err);
    CHECK_OK(pf_request_set(request, "report-dir", "reports", &err), err);
    atomic_store(&ctx->memory.fail_at, n);
    status = report ? pf_convert(request, &result, &err) : pf_config(request, n % 2 == 0, &text, &err);
    CHECK(status == PF_OK || status == PF_NO_MEMORY);
    if (status == PF_OK && !report)
        CHECK(text != NULL);
    pf_text_free(ctx, text);
    pf_result_free(result);
    pf_request_free(request);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
    return status == PF_OK && (!report || result != NULL);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (int report = 0; report < 2; report++) {
        long n = 0, good = 0;

        /* Of a conversion the last steps do without memory, so one success is not the end. */
        for (; good < 40; n++) {
            good = try_with(n, report != 0) ? good + 1 : 0;
            CHECK(n < 5000);
        }
        CHECK(n > 50);
    }
}

/* Two reports of one microsecond: neither sees the other's name before it is committed. */
static void reports_of_one_moment_have_names_of_their_own(void **state)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct pf_report reports[3];
    struct pf_conversion c;
    struct pf_result *result;
    struct pf_error err;

    (void)state;
    memset(&c, 0, sizeof c);
    CHECK_OK(pf_request_set(request, "report-dir", "moment", &err), err);
    c.request = request;
    c.plan.ctx = ctx;
    c.status = pf_fail(&err, PF_IO, "no conversion");
    c.err = &err;
    result = pf_result_new(&c);
    CHECK(result != NULL);
    for (size_t i = 0; i < PF_COUNT(reports); i++) {
        pf_report_begin(&reports[i]);
        reports[i].started = 1700000000000000;
        CHECK_OK(pf_report_open(&reports[i], &c, &err), err);
    }
    for (size_t i = 0; i < PF_COUNT(reports); i++) {
        CHECK_OK(pf_report_write(&reports[i], &c, result, &err), err);
        pf_report_end(&reports[i]);
    }
    pf_result_free(result);
    pf_request_free(request);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
    CHECK_INT(system("test $(ls moment | wc -l) = 3 && test -f moment/pyforge-20231114T221320.000000Z-*-2.json"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_last_origin_of_an_option_is_left),
        cmocka_unit_test(force_core_is_the_native_engine),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(the_log_follows_the_setting),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(reports_of_one_moment_have_names_of_their_own),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
