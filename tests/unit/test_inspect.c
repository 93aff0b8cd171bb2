/* What is told without converting: info, explain, validate; and that a refused allocation in them is an error and no leak. */
#include "support_unit.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static int set_up(void **state)
{
    FILE *file;

    (void)state;
    strcpy(folder, "/tmp/pyforge-test-XXXXXX");
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    file = fopen("x.csv", "wb");
    if (file == NULL || fputs("id;name\n1;anna\n2;bo\n", file) < 0)
        return -1;
    return fclose(file);
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

typedef enum pf_status (*asking)(struct pf_request *request, char **text, struct pf_error *err);

static enum pf_status info_text(struct pf_request *request, char **text, struct pf_error *err)
{
    return pf_info(request, false, text, err);
}

static enum pf_status info_json(struct pf_request *request, char **text, struct pf_error *err)
{
    return pf_info(request, true, text, err);
}

static enum pf_status explain_text(struct pf_request *request, char **text, struct pf_error *err)
{
    return pf_explain(request, false, text, err);
}

static enum pf_status explain_json(struct pf_request *request, char **text, struct pf_error *err)
{
    return pf_explain(request, true, text, err);
}

/* parts: texts the answer has, ended by NULL. */
static const struct {
    asking ask;
    const char *parts[8];
} questions[] = {
    { info_text, { "x.csv", "20 bytes", "CSV", "Delimiter:", ";", "int64", "name  string" } },
    { info_json,
      { "\"file_name\": \"x.csv\"", "\"delimiter\": \";\"", "\"has_header\": true", "\"rows\": 2",
        "{\"name\": \"id\", \"type\": \"int64\", \"null_count\": 0, \"text_because\": null}", "\"file_type\": \"CSV\"" } },
    { explain_text,
      { "input     x.csv, 20 bytes", "reader    csv, by content", "types     infer; declared: name string",
        "\n            id: int64\n            name: string\n", "threads   1", "output    new/y.parquet",
        "rejects   new/y.parquet.rejects.csv" } },
    { explain_json,
      { "\"input_path\": \"x.csv\"", "\"engine\": \"native\"", "\"threads\": 1", "\"output_exists\": false",
        "\"reader_options\": {", "\"writer_options\": {", "\"max-rejects\": \"10%\"" } },
    { pf_validate, { "x.csv is a valid .CSV file" } },
    { pf_validate_json, { "\"valid\": true", "\"input_path\": \"x.csv\"", "\"rows\": 2", "\"error\": null" } },
};

/* A failure is an answer, too. */
static bool answers_always(asking ask)
{
    return ask == pf_validate_json;
}

/* The whole life of a request and its answer. */
static enum pf_status ask(struct pf_context *ctx, asking question, char **text, struct pf_error *err)
{
    struct pf_request *request = pf_request_new(ctx);
    enum pf_status status;

    if (request == NULL)
        return PF_NO_MEMORY;
    status = pf_request_paths(request, "x.csv", "new/y.parquet", err);
    if (status == PF_OK)
        status = pf_request_set(request, "threads", "1", err);
    if (status == PF_OK)
        status = pf_request_set(request, "schema", "name:string", err);
    if (status == PF_OK)
        status = pf_request_set(request, "columns", "id,name", err);
    if (status == PF_OK)
        status = question(request, text, err);
    pf_request_free(request);
    return status;
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(questions); i++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_error err;
        char *text = NULL;
        CHECK_OK(ask(ctx, questions[i].ask, &text, &err), err);
        for (size_t p = 0; p < 8 && questions[i].parts[p] != NULL; p++)
            CHECK_HAS(text, questions[i].parts[p]);
        pf_text_free(ctx, text);
        pf_context_free(ctx);
    }
}

static void test_refused_allocations(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(questions); i++) {
        struct pf_context *ctx = pf_context_new();
        enum pf_status status = PF_NO_MEMORY;
        char *text = NULL;
        long failing = 0;
        for (; status != PF_OK && failing < 5000; failing++) {
            struct pf_error err;
            text = NULL;
            atomic_store(&ctx->memory.fail_at, failing);
            status = ask(ctx, questions[i].ask, &text, &err);
            atomic_store(&ctx->memory.fail_at, -1);
            if (status != PF_OK && status != PF_NO_MEMORY)
                fail_msg("question %zu, allocation %ld: %s: %s", i, failing, pf_status_name(status), err.message);
            CHECK((text != NULL) == (status == PF_OK) || answers_always(questions[i].ask));
            if (status != PF_OK)
                pf_text_free(ctx, text);
        }
        CHECK_INT(status, PF_OK);
        CHECK(failing > 10);
        pf_text_free(ctx, text);
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
        pf_context_free(ctx);
    }
    CHECK(access("new", F_OK) != 0);
}

static void test_errors(void **state)
{
    static const struct {
        const char *input, *option, *value;
        enum pf_status status;
        const char *says;
    } cases[] = {
        { "gone.csv", NULL, NULL, PF_NOT_FOUND, "does not exist" },
        { ".", NULL, NULL, PF_UNSUPPORTED, "directory" },
        { "x.csv", "from", "orc", PF_BAD_OPTION, "--from cannot be 'orc'" },
        { "x.csv", "from", "parquet", PF_BAD_DATA, "" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        for (size_t q = 0; q < PF_COUNT(questions); q++) {
            struct pf_context *ctx = pf_context_new();
            struct pf_request *request = pf_request_new(ctx);
            struct pf_error err;
            char *text = NULL;
            CHECK_OK(pf_request_paths(request, cases[i].input, "y.parquet", &err), err);
            if (cases[i].option != NULL)
                CHECK_OK(pf_request_set(request, cases[i].option, cases[i].value, &err), err);
            CHECK_INT(questions[q].ask(request, &text, &err), cases[i].status);
            CHECK_HAS(err.message, cases[i].says);
            CHECK((text != NULL) == answers_always(questions[q].ask));
            if (text != NULL)
                CHECK_HAS(text, "\"valid\": false");
            pf_text_free(ctx, text);
            pf_request_free(request);
            CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
            pf_context_free(ctx);
        }
    }
}

/* What is logged when an option has no effect, where no result can carry the warning. */
static void keep_log(void *user, enum pf_log_level level, const char *message)
{
    CHECK_INT(level, PF_LOG_WARNING);
    (void)snprintf(user, 128, "%s", message);
}

static void test_option_without_effect(void **state)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    char logged[128] = "";
    struct pf_error err;
    char *text = NULL;

    (void)state;
    pf_context_on_log(ctx, keep_log, logged, PF_LOG_WARNING);
    CHECK_OK(pf_request_paths(request, "x.csv", NULL, &err), err);
    CHECK_OK(pf_request_set(request, "pages", "2", &err), err);
    CHECK_OK(pf_validate(request, &text, &err), err);
    CHECK_TEXT(logged, "option --pages has no effect here (csv is read)");
    pf_text_free(ctx, text);
    pf_request_free(request);
    pf_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_refused_allocations),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_option_without_effect),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
