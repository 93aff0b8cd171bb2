/* Requests and plans: settings, lists, names of outputs, what is refused, and which reader is picked. */
#include "convert/plan.h"
#include "formats/format.h"
#include "support_unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void put_file(const char *name, const char *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");

    CHECK(file != NULL);
    CHECK_INT(fwrite(bytes, 1, size, file), size);
    CHECK_INT(fclose(file), 0);
}

static void put_text(const char *name, const char *text)
{
    put_file(name, text, strlen(text));
}

/* The tests run in a folder of their own, so that names are short. */
static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/pyforge-test-XXXXXX");
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    put_text("x.csv", "id,name\n1,a\n2,b\n");
    put_text("there.parquet", "x");
    put_text("CAPS.CSV", "id,name\n1,a\n");
    put_text("a b [c]\xff.csv", "id,name\n1,a\n");
    put_text("noext", "id,name\n1,a\n2,b\n");
    return mkdir("dir", 0777) == 0 && mkdir("dir.parquet", 0777) == 0 && symlink("x.csv", "link.csv") == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

/* ---- lists */

static void test_names_of_columns(void **state)
{
    static const struct {
        const char *text;
        const char *names[4]; /* none = refused */
    } cases[] = {
        { "a", { "a" } },
        { "a,b,c", { "a", "b", "c" } },
        { " a , b ", { "a", "b" } },
        { "\"a, b\",c", { "a, b", "c" } },
        { "'it''s',\"say \"\"x\"\"\"", { "it's", "say \"x\"" } },
        { "first name,n\xc3\xa4me", { "first name", "n\xc3\xa4me" } },
        { "", { NULL } },
        { "a,", { NULL } },
        { ",a", { NULL } },
        { "a,,b", { NULL } },
        { "\"a", { NULL } },
        { "\"a\"b,c", { NULL } },
    };
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_arena arena;
        struct pf_error err;
        const char *const *names;
        uint32_t count, expected = 0;
        enum pf_status status;
        pf_arena_init(&arena, &memory, SIZE_MAX);
        status = pf_names_parse(cases[i].text, &arena, &names, &count, &err);
        while (expected < 4 && cases[i].names[expected] != NULL)
            expected++;
        CHECK_INT(status, expected > 0 ? PF_OK : PF_BAD_OPTION);
        if (status == PF_OK)
            CHECK_INT(count, expected);
        for (uint32_t n = 0; status == PF_OK && n < expected; n++)
            CHECK_TEXT(names[n], cases[i].names[n]);
        pf_arena_free(&arena);
    }
    pf_memory_destroy(&memory);
}

static void test_declared_types(void **state)
{
    static const struct {
        const char *text;
        const char *shown; /* NULL = refused */
        const char *says;
    } cases[] = {
        { "id:int64", "id int64;", NULL },
        { "id:int64,amount:decimal(12,2),d:date", "id int64;amount decimal(12,2);d date;", NULL },
        { " id : int64 , n : string ", "id int64;n string;", NULL },
        { "\"a,b\":string,'c:d':bool", "a,b string;c:d bool;", NULL },
        { "t:TIMESTAMP", "t timestamp;", NULL },
        { "id", NULL, "'id' no type" },
        { "id:", NULL, "'id' no type" },
        { "id:int64,", NULL, "no type" },
        { "id:integer65", NULL, "the type 'integer65'" },
        { "amount:decimal(12,2", NULL, "not known" },
        { "id:int64,id:string", NULL, "'id' twice" },
        { "\"id:int64", NULL, "quote is not closed" },
    };
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        char shown[200] = "", type[32];
        struct pf_schema schema;
        struct pf_error err;
        enum pf_status status;
        pf_schema_init(&schema, &memory);
        status = pf_schema_parse(cases[i].text, &schema, &err);
        CHECK_INT(status, cases[i].shown != NULL ? PF_OK : PF_BAD_OPTION);
        for (uint32_t f = 0; status == PF_OK && f < schema.count; f++)
            (void)snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s %s;", schema.fields[f].name,
                           pf_type_text(&schema.fields[f], type));
        if (status == PF_OK)
            CHECK_TEXT(shown, cases[i].shown);
        else
            CHECK_HAS(err.message, cases[i].says);
        pf_schema_free(&schema);
    }
    pf_memory_destroy(&memory);
}

static void test_names_of_outputs(void **state)
{
    static const struct {
        const char *input, *folder, *suffix, *name;
    } cases[] = {
        { "x.csv", NULL, "parquet", "x.parquet" },
        { "x.csv.gz", NULL, "parquet", "x.parquet" },
        { "x.CSV.ZST", NULL, "parquet", "x.parquet" },
        { "a/b.c/x.y.csv", NULL, "parquet", "a/b.c/x.y.parquet" },
        { "a.b/noext", NULL, "parquet", "a.b/noext.parquet" },
        { "/x.csv", NULL, "txt", "/x.txt" },
        { ".hidden", NULL, "parquet", ".hidden.parquet" },
        { "x.gz", NULL, "csv", "x.csv" },
        { ".gz", NULL, "csv", ".gz.csv" },
        { "x.", NULL, "csv", "x.csv" },
        { "a/x.csv", "out", "parquet", "out/x.parquet" },
        { "a/x.csv", "out/", "parquet", "out/x.parquet" },
        { "a/x.csv", "/", "parquet", "/x.parquet" },
        { "-", "out", "csv", "out/stdin.csv" },
    };
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_arena arena;
        struct pf_error err;
        const char *name = NULL;
        pf_arena_init(&arena, &memory, SIZE_MAX);
        CHECK_OK(pf_output_name(cases[i].input, cases[i].folder, cases[i].suffix, &arena, &name, &err), err);
        CHECK_TEXT(name, cases[i].name);
        pf_arena_free(&arena);
    }
    pf_memory_destroy(&memory);
}

/* ---- settings */

static void test_settings(void **state)
{
    static const struct {
        const char *name, *value;
        const char *says; /* NULL = taken */
        const char *hint;
    } cases[] = {
        { "--compression", "zstd", NULL, NULL },
        { "compression", "ZSTD", NULL, NULL },
        { "c", "gzip", NULL, NULL },
        { "max_rejects", "5%", NULL, NULL },
        { "force", NULL, NULL, NULL },
        { "no-force", NULL, NULL, NULL },
        { "pages", "1-3", NULL, NULL },
        { "delimeter", ";", "no option --delimeter", "did you mean --delimiter?" },
        { "compress", "zstd", "no option --compress", "did you mean --compression" },
        { "zzzzzz", "1", "no option --zzzzzz", "pyforge convert --help lists the options" },
        { "Z", "1", "no option -Z", "pyforge convert --help lists the options" },
        { "", "1", "no option --", NULL },
        { "compression", "lzo", "--compression cannot be 'lzo'", "it takes" },
        { "threads", "two", "--threads cannot be 'two'", "a whole number" },
        { "memory", "a lot", "--memory cannot be 'a lot'", "a size" },
        { "memory", NULL, "--memory needs a value", NULL },
        { "force", "perhaps", "--force cannot be 'perhaps'", "yes or no" },
    };
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_error err;
        enum pf_status status = pf_request_set(request, cases[i].name, cases[i].value, &err);
        CHECK_INT(status, cases[i].says == NULL ? PF_OK : PF_BAD_OPTION);
        if (cases[i].says != NULL)
            CHECK_HAS(err.message, cases[i].says);
        if (cases[i].hint != NULL)
            CHECK_HAS(err.remedy, cases[i].hint);
    }
    CHECK_INT(pf_request_is_flag(request, "force"), 1);
    CHECK_INT(pf_request_is_flag(request, "no-force"), 1);
    CHECK_INT(pf_request_is_flag(request, "--memory"), 0);
    CHECK_INT(pf_request_is_flag(request, "memoryy"), -1);
    pf_request_free(request);
    pf_context_free(ctx);
}

/* ---- plans */

struct plan_case {
    const char *input, *output;
    const char *settings[7]; /* name, value, name, value, ... */
    const char *variable, *variable_value;
    enum pf_status status;
    const char *written; /* the output of the plan; on failure, what the message or hint says */
    const char *writer;
};

static const struct plan_case plan_cases[] = {
    /* names of outputs */
    { "x.csv", NULL, { NULL }, NULL, NULL, PF_OK, "x.parquet", "parquet" },
    { "CAPS.CSV", NULL, { NULL }, NULL, NULL, PF_OK, "CAPS.parquet", "parquet" },
    { "noext", NULL, { NULL }, NULL, NULL, PF_OK, "noext.parquet", "parquet" },
    { "a b [c]\xff.csv", NULL, { NULL }, NULL, NULL, PF_OK, "a b [c]\xff.parquet", "parquet" },
    { "x.csv", NULL, { "compat", "1.0" }, NULL, NULL, PF_OK, "x.txt", "parquet" },
    { "x.csv", NULL, { "compat", "1.0", "f", "TXT" }, NULL, NULL, PF_OK, "x.txt", "parquet" },
    { "x.csv", NULL, { "compat", "1.0", "f", "Parquet" }, NULL, NULL, PF_OK, "x.parquet", "parquet" },
    { "x.csv", NULL, { NULL }, "PYFORGE_COMPAT", "1.0", PF_OK, "x.txt", "parquet" },
    { "x.csv", NULL, { "compat", "none" }, "PYFORGE_COMPAT", "1.0", PF_OK, "x.parquet", "parquet" },
    { "x.csv", "y.txt", { "compat", "1.0" }, NULL, NULL, PF_OK, "y.txt", "parquet" },
    { "x.csv", "y.what", { "compat", "1.0" }, NULL, NULL, PF_OK, "y.what", "parquet" },
    { "x.csv", "y.csv", { NULL }, NULL, NULL, PF_OK, "y.csv", "csv" },
    { "x.csv", "y", { NULL }, NULL, NULL, PF_OK, "y", "parquet" },
    { "x.csv", "y.dat", { "to", "csv" }, NULL, NULL, PF_OK, "y.dat", "csv" },
    { "x.csv", "y.csv", { "to", "parquet" }, NULL, NULL, PF_BAD_OPTION, "named .csv, and --to is parquet", NULL },
    { "x.csv", "y.CSV", { "to", "parquet", "compat", "1.0" }, NULL, NULL, PF_OK, "y.CSV", "parquet" },
    { "x.csv", "y.tsv", { "to", "csv" }, NULL, NULL, PF_OK, "y.tsv", "csv" },
    { "x.csv", "dir", { NULL }, NULL, NULL, PF_OK, "dir/x.parquet", "parquet" },
    { "x.csv", "dir/", { "to", "csv" }, NULL, NULL, PF_OK, "dir/x.csv", "csv" },
    { "x.csv", "dir.parquet", { NULL }, NULL, NULL, PF_OK, "dir.parquet/x.parquet", "parquet" },
    { "x.csv", "new/sub/", { NULL }, NULL, NULL, PF_OK, "new/sub/x.parquet", "parquet" },
    { "x.csv", "-", { "to", "csv" }, NULL, NULL, PF_OK, "-", "csv" },
    { "-", NULL, { "to", "csv", "from", "csv" }, NULL, NULL, PF_OK, "-", "csv" },
    { "-", "y.parquet", { "from", "csv" }, NULL, NULL, PF_OK, "y.parquet", "parquet" },
    { "x.csv", "there.parquet", { "force", NULL }, NULL, NULL, PF_OK, "there.parquet", "parquet" },
    { "x.csv", "/dev/null", { "to", "csv" }, NULL, NULL, PF_OK, "/dev/null", "csv" },
    /* refused */
    { "x.csv",
      "there.parquet",
      { NULL },
      NULL,
      NULL,
      PF_EXISTS,
      "Output file there.parquet already exists. Use --force to overwrite.",
      NULL },
    { "x.csv", "x.csv", { "force", NULL }, NULL, NULL, PF_EXISTS, "the output is the input itself", NULL },
    { "x.csv", "link.csv", { "force", NULL }, NULL, NULL, PF_EXISTS, "the output is the input itself", NULL },
    { "x.csv", "./dir/../x.csv", { NULL }, NULL, NULL, PF_EXISTS, "the output is the input itself", NULL },
    { "x.csv", "y.json", { NULL }, NULL, NULL, PF_UNSUPPORTED, "--to NAME", NULL },
    { "x.csv", "y.csv.gz", { NULL }, NULL, NULL, PF_UNSUPPORTED, "compressed output", NULL },
    { "x.csv", NULL, { "to", "ods" }, NULL, NULL, PF_BAD_OPTION, "--to cannot be 'ods'", NULL },
    { "x.csv", NULL, { "to", "txt" }, NULL, NULL, PF_BAD_OPTION, "--compat 1.0", NULL },
    { "x.csv", NULL, { "from", "ods" }, NULL, NULL, PF_BAD_OPTION, "--from cannot be 'ods'", NULL },
    { "x.csv", "-", { NULL }, NULL, NULL, PF_BAD_OPTION, "--to csv", NULL },
    { "gone.csv", NULL, { NULL }, NULL, NULL, PF_NOT_FOUND, "Path 'gone.csv' does not exist.", NULL },
    { "dir", NULL, { NULL }, NULL, NULL, PF_UNSUPPORTED, "Unsupported input format ''", NULL },
    { "x.csv", NULL, { "engine", "spark" }, NULL, NULL, PF_UNSUPPORTED, "--engine native", NULL },
    { "x.csv", NULL, { "rejects", "x.csv" }, NULL, NULL, PF_BAD_OPTION, "--rejects names the input", NULL },
    { "x.csv", NULL, { "rejects", "x.parquet" }, NULL, NULL, PF_BAD_OPTION, "--rejects names the output", NULL },
    { "x.csv", NULL, { "threads", "-1" }, NULL, NULL, PF_BAD_OPTION, "--threads is out of range", NULL },
    { "x.csv", NULL, { "memory", "1M" }, NULL, NULL, PF_BAD_OPTION, "--memory is out of range", NULL },
    { "x.csv", NULL, { "max-rejects", "1.5" }, NULL, NULL, PF_BAD_OPTION, "--max-rejects cannot be '1.5'", NULL },
    { "x.csv", NULL, { "columns", "a,,b" }, NULL, NULL, PF_BAD_OPTION, "--columns", NULL },
    { "x.csv", NULL, { "schema", "a" }, NULL, NULL, PF_BAD_OPTION, "--schema", NULL },
    { "gone.csv", NULL, { "delimiter", ";", "quote", ";" }, NULL, NULL, PF_BAD_OPTION, "--delimiter and --quote", NULL },
    { "gone.csv", NULL, { "header", "what" }, NULL, NULL, PF_BAD_OPTION, "--header 'what' is not known", NULL },
    { "gone.csv", NULL, { "skip-rows", "-1" }, NULL, NULL, PF_BAD_OPTION, "--skip-rows cannot be negative", NULL },
    { "gone.csv", NULL, { "encoding", "no-such" }, NULL, NULL, PF_BAD_OPTION, "no-such", NULL },
    { "gone.csv", NULL, { "row-group-size", "0" }, NULL, NULL, PF_BAD_OPTION, "--row-group-size", NULL },
    { "gone.csv", NULL, { "compression-level", "3" }, NULL, NULL, PF_BAD_OPTION, "snappy has no levels", NULL },
    { "gone.csv", "y.csv", { "output-quote", "ab" }, NULL, NULL, PF_BAD_OPTION, "--output-quote 'ab'", NULL },
    { "gone.csv", "y.csv", { "output-encoding", "no-such" }, NULL, NULL, PF_BAD_OPTION, "no-such", NULL },
    { "gone.csv", NULL, { "from", "ods" }, NULL, NULL, PF_BAD_OPTION, "--from cannot be 'ods'", NULL },
    { "gone.csv", NULL, { "to", "ods" }, NULL, NULL, PF_BAD_OPTION, "--to cannot be 'ods'", NULL },
    { "gone.csv", NULL, { "timezone", "Berlin" }, NULL, NULL, PF_BAD_OPTION, "did you mean Europe/Berlin?", NULL },
    { "gone.csv", NULL, { "timezone", "los angeles" }, NULL, NULL, PF_BAD_OPTION, "America/Los_Angeles", NULL },
    { "gone.csv", NULL, { "timezone", "Asia/Tokio" }, NULL, NULL, PF_BAD_OPTION, "did you mean Asia/Tokyo?", NULL },
    { "gone.csv", NULL, { "timezone", "+2" }, NULL, NULL, PF_BAD_OPTION, "offsets such as +02:00", NULL },
    { "gone.csv", NULL, { "timezone", "UTC+02:00" }, NULL, NULL, PF_BAD_OPTION, "offsets such as +02:00", NULL },
    { "gone.csv", NULL, { "timezone", "+2:5" }, NULL, NULL, PF_BAD_OPTION, "offsets such as +02:00", NULL },
    { "gone.csv", NULL, { "timezone", "../passwd" }, NULL, NULL, PF_BAD_OPTION, "no such time zone", NULL },
    { "gone.csv", NULL, { "table", "a.b.{name}" }, NULL, NULL, PF_BAD_OPTION, "--table has {name}, which nothing", NULL },
    { "x.csv", NULL, { "timezone", "Europe/Berlin" }, NULL, NULL, PF_OK, "x.parquet", "parquet" },
    { "x.csv", NULL, { "timezone", "-03:30" }, NULL, NULL, PF_OK, "x.parquet", "parquet" },
    { "x.csv", NULL, { "timezone", "UTC" }, NULL, NULL, PF_OK, "x.parquet", "parquet" },
    { "x.csv", NULL, { NULL }, "PYFORGE_TYPES", "guess", PF_BAD_OPTION, "PYFORGE_TYPES cannot be 'guess'", NULL },
    { "x.csv", NULL, { NULL }, "PYFORGE_MAX_MEMORY", "much", PF_BAD_OPTION, "PYFORGE_MAX_MEMORY", NULL },
};

static struct pf_request *request_for(struct pf_context *ctx, const struct plan_case *c, struct pf_error *err)
{
    struct pf_request *request = pf_request_new(ctx);

    CHECK(request != NULL);
    if (pf_request_paths(request, c->input, c->output, err) != PF_OK)
        return request;
    for (size_t i = 0; c->settings[i] != NULL; i += 2) {
        if (pf_request_set(request, c->settings[i], c->settings[i + 1], err) != PF_OK)
            break;
    }
    return request;
}

static void check_plan(const struct plan_case *c)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_error err;
    struct pf_request *request;
    struct pf_plan plan;
    enum pf_status status;

    if (c->variable != NULL)
        CHECK_INT(setenv(c->variable, c->variable_value, 1), 0);
    request = request_for(ctx, c, &err);
    status = err.status != PF_OK ? err.status : pf_plan_make(&plan, request, PF_PLAN_CONVERT, &err);
    if (c->variable != NULL)
        CHECK_INT(unsetenv(c->variable), 0);
    if (status != c->status)
        fail_msg("%s to %s: status %s, expected %s: %s", c->input, c->output != NULL ? c->output : "(none)",
                 pf_status_name(status), pf_status_name(c->status), err.message);
    if (status == PF_OK) {
        CHECK_TEXT(plan.job.output, c->written);
        CHECK_TEXT(plan.job.writer->name, c->writer);
    } else if (strstr(err.message, c->written) == NULL) {
        CHECK_HAS(err.remedy, c->written);
    }
    pf_request_free(request);
    pf_plan_free(&plan);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
}

static void test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(plan_cases); i++)
        check_plan(&plan_cases[i]);
}

static void test_job_of_a_plan(void **state)
{
    static const struct plan_case c = {
        .input = "x.csv",
        .output = "y.parquet",
        .settings = { "schema", "id:int32", "columns", "id", "on-error", "skip" },
    };
    struct pf_context *ctx = pf_context_new();
    struct pf_error err;
    struct pf_request *request = request_for(ctx, &c, &err);
    struct pf_plan plan;

    (void)state;
    CHECK_OK(pf_request_set(request, "pages", "1", &err), err);
    CHECK_OK(pf_request_set(request, "force-pyspark", NULL, &err), err);
    CHECK_OK(pf_request_set(request, "threads", "3", &err), err);
    CHECK_OK(pf_request_set(request, "threads", "2", &err), err);
    CHECK_OK(pf_plan_make(&plan, request, PF_PLAN_CONVERT, &err), err);
    pf_request_free(request); /* the plan keeps nothing of it */
    CHECK_TEXT(plan.job.input, "x.csv");
    CHECK_TEXT(plan.job.rejects, "y.parquet.rejects.csv");
    CHECK_TEXT(plan.job.reader->name, "csv");
    CHECK_INT(plan.job.threads, 2);
    CHECK_INT(plan.job.memory, 256 << 20);
    CHECK_INT(plan.job.on_error, PF_ON_ERROR_REJECT);
    CHECK_INT(plan.job.types, PF_TYPES_INFER);
    CHECK_INT(plan.job.column_count, 1);
    CHECK_TEXT(plan.job.columns[0], "id");
    CHECK_INT(plan.job.declared->fields[0].type, PF_TYPE_INT32);
    CHECK(!plan.job.replace);
    CHECK_INT(plan.warning_count, 3);
    CHECK_TEXT(plan.warnings[0], "option --threads is given twice: '2' counts, '3' does not");
    CHECK_HAS(plan.warnings[1], "Spark is not part of this version");
    CHECK_HAS(plan.warnings[2], "option --pages has no effect here (csv to parquet)");
    pf_plan_free(&plan);
    pf_context_free(ctx);
}

/* Every allocation in turn is refused: an error, no leak. */
static void test_plan_without_memory(void **state)
{
    struct pf_context *ctx = pf_context_new();
    enum pf_status status = PF_NO_MEMORY;
    long failing = 0;

    (void)state;
    for (; status != PF_OK && failing < 2000; failing++) {
        struct pf_request *request;
        struct pf_plan plan = { .ctx = NULL };
        struct pf_error err;
        atomic_store(&ctx->memory.fail_at, failing);
        request = pf_request_new(ctx);
        status = request == NULL ? PF_NO_MEMORY : pf_request_paths(request, "x.csv", "new/y.parquet", &err);
        if (status == PF_OK)
            status = pf_request_set(request, "schema", "id:int64,'n':string", &err);
        if (status == PF_OK)
            status = pf_request_set(request, "columns", "id,n", &err);
        if (status == PF_OK)
            status = pf_request_set(request, "pages", "7", &err);
        if (status == PF_OK)
            status = pf_plan_make(&plan, request, PF_PLAN_CONVERT, &err);
        atomic_store(&ctx->memory.fail_at, -1);
        CHECK(status == PF_OK || status == PF_NO_MEMORY);
        pf_plan_free(&plan);
        pf_request_free(request);
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    }
    CHECK_INT(status, PF_OK);
    CHECK(failing > 10);
    pf_context_free(ctx);
}

/* ---- detection */

static void test_detection(void **state)
{
    static const struct {
        const char *name, *content;
        size_t size;        /* 0 = up to the NUL */
        const char *reader; /* NULL = refused */
        const char *says;
    } cases[] = {
        { "d1.csv", "a,b\n1,2\n", 0, "csv", NULL },
        { "d2.tsv", "a\tb\n1\t2\n", 0, "csv", NULL },
        { "d3", "a,b\n1,2\n3,4\n", 0, "csv", NULL },
        { "d4.csv", "", 0, "csv", NULL },
        { "d5.parquet", "PAR1....PAR1", 0, "parquet", NULL },
        { "d6.csv", "PAR1....PAR1", 0, "parquet", NULL },
        { "d7.parquet", "\0\0\0\0", 4, "parquet", NULL },
        { "d8.json", "{\"a\": 1}\n", 0, NULL, "'.json': this is JSON" },
        /* Workbooks of other kinds are refused by the reader of workbooks, which knows them apart. */
        { "d9.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "excel", NULL },
        { "d10", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "excel", NULL },
        { "d15.xlsx", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "excel", NULL },
        { "d16.xls", "<html><table>", 0, "excel", NULL },
        { "d17.xlsx", "\0\1\2\3", 4, "excel", NULL },
        { "d18.xls", "a\tb\n1\t2\n", 0, "csv", NULL },
        /* What Excel itself would not open under this name is told by the reader of workbooks. */
        { "d19.xlsx", "a,b\n1,2\n", 0, "excel", NULL },
        { "d11.XML", "<a/>", 0, "xml", NULL },
        { "d12", "<?xml version='1.0'?><a/>", 0, "xml", NULL },
        { "d23.csv", "<?xml version='1.0'?><a/>", 0, "xml", NULL },
        { "d13", "\0\1\2\3", 4, NULL, "content is of no format known here" },
        { "d14.xyz", "\0\1\2\3", 4, NULL, "'.xyz'" },
        { "d20.html", "<!DOCTYPE html><p>a,b", 0, NULL, "'.html': this is a web page" },
        { "d21.csv", "<DATE>,<TIME>\n1,2\n", 0, "csv", NULL },
        { "d22.csv", "<htmlish>,b\n1,2\n", 0, "csv", NULL },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_context *ctx = pf_context_new();
        const struct pf_reader *reader = NULL;
        struct pf_source *src;
        struct pf_error err;
        enum pf_status status;
        put_file(cases[i].name, cases[i].content, cases[i].size != 0 ? cases[i].size : strlen(cases[i].content));
        CHECK_OK(pf_source_open(ctx, cases[i].name, false, &src, &err), err);
        status = pf_detect_reader(ctx->formats, src, &reader, &err);
        if (cases[i].reader != NULL) {
            if (status != PF_OK)
                fail_msg("%s: %s", cases[i].name, err.message);
            CHECK_TEXT(reader->name, cases[i].reader);
        } else {
            CHECK_INT(status, PF_UNSUPPORTED);
            CHECK_HAS(err.message, cases[i].says);
            CHECK_HAS(err.remedy, "csv");
        }
        pf_source_close(src);
        pf_context_free(ctx);
    }
}

/* The name promises what the content is not: told, and not converted as if it were CSV. */
static void test_misnamed(void **state)
{
    static const struct {
        const char *name, *content;
        size_t size; /* 0 = up to the NUL */
        const char *says, *remedy;
    } cases[] = {
        { "m1.parquet", "a,b\n1,2\n", 0, "'.parquet' says that it is parquet, but the content looks like text", "--from csv" },
        { "m2.parquet", "hello\n", 0, "looks like text, such as CSV", "--from csv" },
        { "m3.parquet", "{\"error\": \"denied\"}\n", 0, "looks like JSON", "a download that failed?" },
        { "m4.parquet", "<Error><Code>AccessDenied</Code></Error>", 0, "looks like XML", "a download that failed?" },
        { "m5.parquet", "<!DOCTYPE html><title>Sign in</title>", 0, "it is a web page (HTML), titled 'Sign in', not a table",
          "a download that failed" },
        { "m6.csv", "\n\n <HTML lang='en'>\n<head><Title a='b'>\n  Not\t found\n</title>", 0, "titled 'Not found',",
          "--from csv" },
        { "m7.tsv", "<!-- a,b -->\n<!doctype HTML>\n<p>1,2", 0, "it is a web page (HTML), not a table", "--from csv" },
        { "m8.txt", "<?xml version='1.0'?>\n<!DOCTYPE html>\n<html>", 0, "it is a web page (HTML), not", "--from csv" },
        { "m9", "<html><title>\xe9\xff x</title>", 0, "titled '?? x'", "--from csv" },
        { "m10.csv", "\xff\xfe<\0h\0t\0m\0l\0>\0<\0t\0i\0t\0l\0e\0>\0n\0o\0<\0", 34, "titled 'no'", "--from csv" },
        { "m11.arrow", "a,b\n1,2\n", 0, "'.arrow' says that it is an Arrow file, but the content looks like text",
          "--from csv" },
        { "m12.db", "a,b\n1,2\n", 0, "'.db' says that it is an SQLite database", "--from csv" },
        { "m13.csv.gz", "<html>", 0, "it is a web page", "--from csv" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_context *ctx = pf_context_new();
        const struct pf_reader *reader = NULL;
        struct pf_source *src;
        struct pf_error err;
        put_file(cases[i].name, cases[i].content, cases[i].size != 0 ? cases[i].size : strlen(cases[i].content));
        CHECK_OK(pf_source_open(ctx, cases[i].name, false, &src, &err), err);
        if (pf_detect_reader(ctx->formats, src, &reader, &err) == PF_OK)
            fail_msg("%s is taken for %s", cases[i].name, reader->name);
        CHECK_INT(err.status, PF_BAD_DATA);
        CHECK_HAS(err.message, cases[i].says);
        CHECK_HAS(err.remedy, cases[i].remedy);
        pf_source_close(src);
        pf_context_free(ctx);
    }
}

static void test_formats_by_suffix(void **state)
{
    static const struct {
        const char *path, *name;
    } cases[] = {
        { "x.csv", "csv" },      { "X.CSV", "csv" },
        { "x.tsv.gz", "csv" },   { "x.parquet", "parquet" },
        { "x.csv.zst", "csv" },  { "dir.csv/x", "none" },
        { ".csv", "none" },      { "x.gz", "none" },
        { "x", "none" },         { "", "none" },
        { "x.csv.bz2", "none" }, { "x.aVeryLongSuffixThatIsCertainlyNotOneOfAFormat", "none" },
    };
    struct pf_context *ctx = pf_context_new();

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        const struct pf_reader *reader = pf_reader_by_suffix(ctx->formats, cases[i].path);
        const struct pf_writer *writer = pf_writer_by_suffix(ctx->formats, cases[i].path);
        CHECK_TEXT(reader != NULL ? reader->name : "none", cases[i].name);
        CHECK_TEXT(writer != NULL ? writer->name : "none", cases[i].name);
    }
    CHECK(pf_reader_by_name(ctx->formats, "CSV") != NULL);
    CHECK(pf_writer_by_name(ctx->formats, "Parquet") != NULL);
    CHECK(pf_reader_by_name(ctx->formats, "ods") == NULL);
    pf_context_free(ctx);
}

/* ---- folders and codes */

static void test_folders(void **state)
{
    struct pf_memory memory;
    struct pf_arena arena;
    struct pf_folders folders;
    struct pf_error err;
    struct stat st;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_arena_init(&arena, &memory, SIZE_MAX);
    CHECK_OK(pf_folders_make(&folders, "dir/one//two/file.parquet", &arena, &err), err);
    CHECK_INT(folders.count, 2);
    CHECK(stat("dir/one/two", &st) == 0 && S_ISDIR(st.st_mode));
    pf_folders_remove(&folders);
    CHECK(stat("dir/one", &st) != 0);
    CHECK(stat("dir", &st) == 0);
    CHECK_OK(pf_folders_make(&folders, "file.parquet", &arena, &err), err);
    CHECK_INT(folders.count, 0);
    CHECK_INT(pf_folders_make(&folders, "x.csv/sub/file.parquet", &arena, &err), PF_IO);
    CHECK_HAS(err.message, "x.csv");
    CHECK_INT(folders.count, 0);
    pf_arena_free(&arena);
    pf_memory_destroy(&memory);
}

static void test_exit_codes(void **state)
{
    static const struct {
        enum pf_status status;
        bool rejected, force;
        int code, compat_code;
    } cases[] = {
        { PF_OK, false, false, 0, 0 },      { PF_OK, true, false, 3, 3 },          { PF_NO_MEMORY, false, false, 1, 1 },
        { PF_IO, false, false, 1, 1 },      { PF_BAD_DATA, false, false, 1, 1 },   { PF_UNSUPPORTED, false, false, 4, 0 },
        { PF_LIMIT, false, false, 1, 1 },   { PF_BAD_OPTION, false, false, 2, 2 }, { PF_NOT_FOUND, false, false, 2, 2 },
        { PF_EXISTS, false, false, 4, 0 },  { PF_EXISTS, false, true, 4, 4 },      { PF_CANCELLED, false, false, 1, 1 },
        { PF_REJECTED, true, false, 1, 1 }, { PF_INTERNAL, false, false, 1, 1 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_convert_options options = { .compat = PF_COMPAT_NONE, .force = cases[i].force };
        CHECK_INT(pf_exit_code(cases[i].status, cases[i].rejected, &options), cases[i].code);
        options.compat = PF_COMPAT_1_0;
        CHECK_INT(pf_exit_code(cases[i].status, cases[i].rejected, &options), cases[i].compat_code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_columns),
        cmocka_unit_test(test_declared_types),
        cmocka_unit_test(test_names_of_outputs),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_job_of_a_plan),
        cmocka_unit_test(test_plan_without_memory),
        cmocka_unit_test(test_detection),
        cmocka_unit_test(test_misnamed),
        cmocka_unit_test(test_formats_by_suffix),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_exit_codes),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
