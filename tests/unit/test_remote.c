/* The plan for Spark: what it says of an input, what it refuses, and the parts that become the output. An engine stands for Spark's; its parts
 * are written by the native engine. */
#include <stdlib.h>
#include <unistd.h>

#include "convert/remote.h"
#include "extension/use.h"
#include "support_folder.h"
#include "support_unit.h"

enum { MOST_TEXT = 8000, MOST_PARTS = 3 };

struct engine {
    const struct pf_host *host;
    const char *parts[MOST_PARTS]; /* inputs that are made into parts for the join; NULL = none is joined */
    const char *part_schema;
    bool asks_early, joins_early;
    char head[MOST_TEXT], whole[MOST_TEXT];
    enum pf_status joined;
    char why[sizeof((struct pf_error *)0)->message];
};

static struct engine *engine_at;

static void ask(struct engine *engine, struct pf_context *ctx, const struct pf_engine_job *job, bool whole, char to[MOST_TEXT])
{
    struct pf_error err;
    char *text = NULL;

    if (engine->host->job_remote(ctx, job, whole, &text, &err) != PF_OK) {
        (void)snprintf(to, MOST_TEXT, "failed: %s", err.message);
        return;
    }
    (void)snprintf(to, MOST_TEXT, "%s", text);
    engine->host->release(ctx, text);
}

static bool takes(void *self, struct pf_context *ctx, const struct pf_engine_job *job, struct pf_engine_answer *answer)
{
    struct engine *engine = self;

    (void)answer;
    ask(engine, ctx, job, false, engine->head);
    if (engine->asks_early)
        ask(engine, ctx, job, true, engine->whole);
    return true;
}

static enum pf_status make_part(const struct engine *engine, const struct pf_engine_job *job, const char *input,
                                const char *path, struct pf_error *err)
{
    struct pf_request *request = NULL;
    struct pf_result *result = NULL;
    enum pf_status status = engine->host->job_request(job, &request, err);

    if (status == PF_OK)
        status = engine->host->request_paths(request, input, path, err);
    if (status == PF_OK && engine->part_schema != NULL)
        status = engine->host->request_set(request, "schema", engine->part_schema, err);
    if (status == PF_OK)
        status = engine->host->convert(request, &result, err);
    engine->host->result_free(result);
    engine->host->request_free(request);
    return status;
}

static enum pf_status join(struct engine *engine, const struct pf_engine_job *job, struct pf_error *err)
{
    static const char *const paths[MOST_PARTS] = { "part0.parquet", "part1.parquet", "part2.parquet" };
    uint32_t count = 0;

    while (count < MOST_PARTS && engine->parts[count] != NULL) {
        (void)unlink(paths[count]);
        if (strcmp(engine->parts[count], "missing") != 0)
            CHECK_OK(make_part(engine, job, engine->parts[count], paths[count], err), *err);
        count++;
    }
    engine->joined = engine->host->job_join(job, paths, count, err);
    (void)snprintf(engine->why, sizeof engine->why, "%s", err->message);
    return engine->joined;
}

static enum pf_status run_engine(void *self, struct pf_context *ctx, const struct pf_engine_job *job,
                                 struct pf_engine_outcome *out, struct pf_error *err)
{
    struct engine *engine = self;

    if (!engine->joins_early)
        ask(engine, ctx, job, true, engine->whole);
    if (engine->parts[0] == NULL) {
        out->failure = PF_ENGINE_FALLS_BACK;
        return (engine->host->fail)(err, PF_UNSUPPORTED, "it only asks");
    }
    out->rows_read = out->rows_written = 4;
    out->failure = PF_ENGINE_FALLS_BACK;
    return join(engine, job, err);
}

static struct pf_engine_addition addition = { .size = sizeof addition, .name = "spark", .takes = takes, .run = run_engine };

static enum pf_status start(const struct pf_host *host, struct pf_registration *to, void **self, struct pf_error *err)
{
    engine_at->host = host;
    *self = engine_at;
    addition.self = engine_at;
    return host->add_engine(to, &addition, err);
}

static const struct pf_extension extension = {
    .size = sizeof extension,
    .abi = PF_EXTENSION_ABI,
    .name = "part",
    .version = "1",
    .description = "for tests",
    .licence = "MIT",
    .initialise = start,
};

struct run {
    struct engine engine;
    struct pf_extensions *set;
    struct pf_context *ctx;
    struct pf_request *request;
    struct pf_result *result;
    struct pf_error err;
};

static void write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void begin(struct run *run, const char *output)
{
    memset(run, 0, sizeof *run);
    engine_at = &run->engine;
    (void)unlink(output);
    (void)unlink("out.parquet.rejects.csv");
    run->set = pf_extensions_new(NULL);
    CHECK_OK(pf_extension_add(run->set, &extension, &run->err), run->err);
    run->ctx = pf_context_new();
    pf_context_extensions(run->ctx, run->set);
    run->request = pf_request_new(run->ctx);
    CHECK_OK(pf_request_paths(run->request, "in.csv", output, &run->err), run->err);
}

static void end(struct run *run)
{
    pf_result_free(run->result);
    pf_request_free(run->request);
    pf_context_free(run->ctx);
    pf_extensions_free(run->set);
}

static void set(struct run *run, const char *name, const char *value)
{
    if (name != NULL)
        CHECK_OK(pf_request_set(run->request, name, value, &run->err), run->err);
}

/* ---- what the plan says of an input */

struct plan {
    const char *name, *input;
    size_t size; /* 0 = as far as the text goes */
    const char *option, *value;
    const char *said[4]; /* parts of the plan of the whole */
    const char *head;    /* part of that of the beginning; NULL = not looked at */
};

#define WHOLE "\"refusal\": null, \"whole\": true"

static const struct plan plans[] = {
    { "plain",
      "id,name\n1,a\n2,b\n",
      0,
      NULL,
      NULL,
      { WHOLE, "\"schema\": \"c0 STRING, c1 STRING\"", "\"expressions\": [\"CAST(NULLIF(c0, '') AS BIGINT)\", \"c1\"]",
        "\"rows_written\": 2" },
      "\"refusal\": null, \"whole\": false" },
    { "types",
      "a,b,c\ntrue,1.5,2024-01-31 10:20\nFALSE,2,2024-01-31 10:21\n",
      0,
      NULL,
      NULL,
      { WHOLE, "lower(NULLIF(c0, '')) = 'true'", "CAST(NULLIF(c1, '') AS DOUBLE)", "CAST(NULLIF(c2, '') AS TIMESTAMP_NTZ)" },
      NULL },
    { "instants", "a,b\n2024-01-31T10:20:30Z,1\n", 0, NULL, NULL, { WHOLE, "CAST(NULLIF(c0, '') AS TIMESTAMP)" }, NULL },
    { "dates",
      "a,b\n2024-01-31,2024/01/31\n",
      0,
      NULL,
      NULL,
      { WHOLE, "\"CAST(NULLIF(c0, '') AS DATE)\"", "CAST(replace(NULLIF(c1, ''), '/', '-') AS DATE)" },
      NULL },
    { "dates, day first",
      "a,b\n31.1.2024,1\n",
      0,
      NULL,
      NULL,
      { WHOLE, "make_date(CAST(split_part(NULLIF(c0, ''), '.', 3) AS INT), CAST(split_part(NULLIF(c0, ''), '.', 2) AS INT), "
               "CAST(split_part(NULLIF(c0, ''), '.', 1) AS INT))" },
      NULL },
    { "dates, month first",
      "a,b\n01-31-2024,1\n",
      0,
      NULL,
      NULL,
      { WHOLE, "make_date(CAST(split_part(NULLIF(c0, ''), '-', 3) AS INT), CAST(split_part(NULLIF(c0, ''), '-', 1) AS INT), "
               "CAST(split_part(NULLIF(c0, ''), '-', 2) AS INT))" },
      NULL },
    { "words for null",
      "a,b\nNA,x\n1,y'\n",
      0,
      "null-values",
      "NA, y'",
      { WHOLE, "CAST(NULLIF(CASE WHEN c0 IN (CAST(X'4E41' AS STRING), CAST(X'7927' AS STRING)) THEN NULL ELSE c0 END, '') AS "
               "BIGINT)" },
      NULL },
    { "some columns",
      "a,b,c\n1,x,2\n",
      0,
      "columns",
      "c",
      { WHOLE, "\"c0 STRING, c1 STRING, c2 STRING\"", "\"expressions\": [\"CAST(NULLIF(c2, '') AS BIGINT)\"]" },
      NULL },
    { "all as text", "a,b\n1,x\n", 0, "types", "string", { WHOLE, "\"expressions\": [\"c0\", \"c1\"]" }, NULL },
    { "semicolons, no header",
      "1;2\n3;4\n",
      0,
      NULL,
      NULL,
      { WHOLE, "\"sep\": \";\"", "\"header\": \"false\"", "\"multiLine\": \"false\"" },
      NULL },
    { "line ends in quotes",
      "a,b\n\"x\ny\",1\n",
      0,
      NULL,
      NULL,
      { WHOLE, "\"multiLine\": \"true\"" },
      "\"multiLine\": \"false\"" },
    { "a line end in the header",
      "\"a\nb\",c\n1,2\n",
      0,
      NULL,
      NULL,
      { WHOLE, "\"multiLine\": \"true\"" },
      "\"multiLine\": \"true\"" },
    { "no quotes", "a,b\n\"x,1\n\"y,2\n", 0, "quote", "none", { WHOLE, "\"quote\": \"\"", "\"escape\": \"\"" }, NULL },
    { "CRLF", "a,b\r\n1,\"x\"\r\n", 0, NULL, NULL, { WHOLE }, NULL },
    { "a blank row of one column in quotes", "a\n\" \"\nx\n", 0, NULL, NULL, { WHOLE }, NULL },
    { "ISO-8859-1", "a,b\n\xE4\xF6,1\n", 0, "encoding", "iso-8859-1", { WHOLE, "\"encoding\": \"ISO-8859-1\"" }, NULL },
    { "CR", "a,b\r1,2\r", 0, NULL, NULL, { "a row ends with CR alone" }, NULL },
    { "CRLF in quotes", "a,b\n\"x\r\ny\",1\n", 0, NULL, NULL, { "has CR in it" }, NULL },
    { "CR in the header", "\"a\rb\",c\n1,2\n", 0, NULL, NULL, { "has CR in it" }, "has CR in it" },
    { "line ends in quotes and CRLF", "a,b\r\n\"x\ny\",1\r\n", 0, NULL, NULL, { "rows end with CRLF" }, NULL },
    { "text behind a quote", "a,b\n\"x\"y,1\n", 0, NULL, NULL, { "behind the quote" }, NULL },
    { "blank rows", "a\tb\n1\t2\n\t\n", 0, NULL, NULL, { "blanks or tabs" }, NULL },
    { "a blank row at the end", "a\nx\n  ", 0, NULL, NULL, { "blanks or tabs" }, NULL },
    { "a blank row and quotes", "a\n\"x\"\n  ", 0, NULL, NULL, { "blanks or tabs" }, NULL },
    { "a blank row among quotes", "a\n\"x\"\n \n\"y\"\n", 0, NULL, NULL, { "blanks or tabs" }, NULL },
    { "a byte 0", "a,b\nx\0y,1\n", 10, NULL, NULL, { "bytes 0 or 1" }, NULL },
    { "a byte 1", "a,b\nx\x01y,1\n", 0, NULL, NULL, { "bytes 0 or 1" }, NULL },
    { "long rows", "a,b\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2,3\n", 0, NULL, NULL, { "set aside" }, NULL },
    { "no rows", "a,b\n", 0, NULL, NULL, { "no rows" }, NULL },
    { "comments", "a,b\n#x\n1,2\n", 0, "comment", "#", { "comments" }, "comments" },
    { "an escape", "a,b\n1,2\n", 0, "escape", "\\", { "escape" }, "escape" },
    { "a long delimiter", "a||b\n1||2\n", 0, "delimiter", "||", { "more than one byte" }, "more than one byte" },
    { "a header further down", "x\na,b\n1,2\n", 0, "header", "2", { "first line" }, "first line" },
    { "a decimal comma", "a;b\n1,5;2\n", 0, "decimal", ",", { "form of their own" }, "form of their own" },
    { "windows-1252", "a,b\n\x80,1\n", 0, "encoding", "windows-1252", { "no other encoding" }, "no other encoding" },
    { "declared types", "a,b\n1,2\n", 0, "schema", "a:int64", { "types are declared" }, "types are declared" },
    { "declared text", "a,b\n1,2\n", 0, "schema", "a:string", { WHOLE, "[\"c0\", \"CAST(NULLIF(c1, '') AS BIGINT)\"]" }, NULL },
    { "version 1.0", "a,b\n1,2\n", 0, "compat", "1.0", { "rules of its own" }, "rules of its own" },
    { "XML",
      "<a><r k='1'><b u='x'>1</b><c><d>2</d></c></r><r><b>3</b></r></a>",
      0,
      NULL,
      NULL,
      { WHOLE, "\"schema\": \"`b` STRUCT<`#text`: STRING, `@u`: STRING>, `c` STRUCT<`d`: STRING>, `@k` STRING\"",
        "\"columns\": [\"`@k`\", \"`b`.`#text`\", \"`b`.`@u`\", \"`c`.`d`\"]", "\"rowTag\": \"r\"" },
      "\"refusal\": null, \"whole\": false" },
    { "XML rows of text only",
      "<a><r>x</r><r/></a>",
      0,
      "row-tag",
      "r",
      { WHOLE, "\"columns\": [\"coalesce(`#text`, '')\"]" },
      NULL },
    { "XML rows of text",
      "<a><r k='1'>x</r><r>y</r></a>",
      0,
      NULL,
      NULL,
      { WHOLE, "\"schema\": \"`#text` STRING, `@k` STRING\"", "\"expressions\": [" },
      NULL },
    { "XML references that all have",
      "<a><r><b>&amp;&lt;&gt;&quot;&apos;</b></r><r><b>2</b></r></a>",
      0,
      "row-tag",
      "r",
      { WHOLE },
      NULL },
    { "XML, declared", "<?xml version='1.0'?><a><r><b>1</b></r><r><b>2</b></r></a>", 0, NULL, NULL, { WHOLE }, NULL },
    { "XML comments", "<a><r><b>1</b></r><!-- --><r><b>2</b></r></a>", 0, NULL, NULL, { "it has comments" }, NULL },
    { "XML instructions", "<a><r><b>1</b></r><?x?><r><b>2</b></r></a>", 0, NULL, NULL, { "processing instructions" }, NULL },
    { "XML characters", "<a><r><b>&#49;</b></r><r><b>2</b></r></a>", 0, NULL, NULL, { "references to characters" }, NULL },
    { "XML with CR", "<a>\r\n<r><b>1</b></r><r><b>2</b></r></a>", 0, NULL, NULL, { "it has CR in it" }, NULL },
    { "XML repeated", "<a><r><b>1</b><b>2</b></r><r><b>2</b></r></a>", 0, "row-tag", "r", { "repeated in a row" }, NULL },
    { "XML blanks", "<a><r k='1 '><b>1</b></r><r><b>2</b></r></a>", 0, NULL, NULL, { "begins or ends with a blank" }, NULL },
    { "XML mixed", "<a><r>x<b>1</b></r><r><b>2</b></r></a>", 0, NULL, NULL, { "both text and elements" }, NULL },
    { "XML outside", "<a d='1'><r><b>1</b></r><r><b>2</b></r></a>", 0, NULL, NULL, { "outside of its rows" }, NULL },
    { "XML prefixes",
      "<a xmlns:p='u'><r><p:b>1</p:b></r><r><p:b>2</p:b></r></a>",
      0,
      "row-tag",
      "r",
      { "prefixes of namespaces" },
      NULL },
    { "XML cases", "<a><r><b>1</b><B>2</B></r><r><b>2</b></r></a>", 0, "row-tag", "r", { "case of letters" }, NULL },
    { "XML rows in rows",
      "<a><r><r><b>1</b></r></r><r><b>2</b></r></a>",
      0,
      "row-tag",
      "r",
      { "its rows are of several" },
      NULL },
    { "XML rows of two", "<a><r><b>1</b></r><s><b>2</b></s></a>", 0, "row-tag", "r,s", { "its rows are of several" }, NULL },
    { "XML documents",
      "<a><r><b>1</b></r><r><b>2</b></r></a><a><r><b>2</b></r></a>",
      0,
      "row-tag",
      "r",
      { "several documents" },
      NULL },
    { "XML, blanks kept",
      "<a><r><b>1</b></r><r><b>2</b></r></a>",
      0,
      "keep-blanks",
      "true",
      { "blanks around texts" },
      "blanks around texts" },
    { "XML, moderate",
      "<a><r><b>1</b></r><r><b>2</b></r></a>",
      0,
      "flatten-strategy",
      "moderate",
      { "becomes one text" },
      NULL },
    { "XML, version 1.0", "<a><r><b>1</b></r><r><b>2</b></r></a>", 0, "compat", "1.0", { "rules of its own" }, NULL },
    { "XML, latin",
      "<?xml version='1.0' encoding='iso-8859-1'?><a><r><b>1</b></r><r><b>2</b></r></a>",
      0,
      "row-tag",
      "r",
      { "it is not UTF-8" },
      NULL },
    { "XML, lists", "<a><r><b>1</b></r><r><b>2</b></r></a>", 0, "nested", "true", { "natively only" }, NULL },
};

static void check_plan(const struct plan *plan)
{
    const char *path = plan->input[0] == '<' ? "in.xml" : "in.csv";
    struct run run;

    write_file(path, plan->input, plan->size != 0 ? plan->size : strlen(plan->input));
    begin(&run, "out.parquet");
    CHECK_OK(pf_request_paths(run.request, path, "out.parquet", &run.err), run.err);
    set(&run, plan->option, plan->value);
    (void)pf_convert(run.request, &run.result, &run.err);
    for (size_t i = 0; i < PF_COUNT(plan->said) && plan->said[i] != NULL; i++) {
        if (strstr(run.engine.whole, plan->said[i]) == NULL)
            fail_msg("%s: no %s in %s", plan->name, plan->said[i], run.engine.whole);
    }
    if (plan->head != NULL && strstr(run.engine.head, plan->head) == NULL)
        fail_msg("%s: no %s in %s", plan->name, plan->head, run.engine.head);
    end(&run);
}

static void test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(plans); i++)
        check_plan(&plans[i]);
}

/* What is decided without a look at the input. */
static void test_other_conversions(void **state)
{
    struct run run;

    (void)state;
    write_file("in.csv", "a,b\n1,2\n", 8);
    begin(&run, "out.xlsx");
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(run.engine.head, "joined as Parquet or CSV only");
    CHECK_HAS(run.engine.whole, "joined as Parquet or CSV only");
    end(&run);
    begin(&run, "out.parquet");
    run.engine.asks_early = true; /* for the whole input, when it is only asked */
    run.engine.joins_early = true;
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(run.engine.whole, "while it runs");
    end(&run);
    begin(&run, "other.parquet");
    CHECK_OK(pf_request_paths(run.request, "out.parquet", "other.parquet", &run.err), run.err);
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(run.engine.whole, WHOLE);
    CHECK_HAS(run.engine.whole, "\"schema\": null");
    CHECK_HAS(run.engine.whole, "\"expressions\": [\"c0\", \"c1\"]");
    CHECK_HAS(run.engine.whole, "\"rows_written\": 1");
    end(&run);
    begin(&run, "columns.parquet");
    CHECK_OK(pf_request_paths(run.request, "out.parquet", "columns.parquet", &run.err), run.err);
    set(&run, "columns", "b");
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(run.engine.whole, "\"expressions\": [\"c1\"]");
    end(&run);
    begin(&run, "declared.parquet");
    CHECK_OK(pf_request_paths(run.request, "out.parquet", "declared.parquet", &run.err), run.err);
    set(&run, "schema", "a:string");
    (void)pf_convert(run.request, &run.result, &run.err);
    CHECK_HAS(run.engine.head, "types are declared");
    end(&run);
    begin(&run, "out.csv"); /* texts as they stand */
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(run.engine.whole, "\"expressions\": [\"c0\", \"c1\"]");
    end(&run);
}

/* The survey is the conversion's: what it meets is its error, and what it warns of its warning, told once. */
static void test_survey(void **state)
{
    struct run run;

    (void)state;
    write_file("in.csv", "a,b\n\"x,1\n", 9);
    begin(&run, "out.parquet");
    CHECK_INT(pf_convert(run.request, &run.result, &run.err), PF_BAD_DATA);
    CHECK_HAS(run.engine.whole, "failed: ");
    end(&run);
    write_file("in.csv", "a;b\n1;2\n3\n", 10);
    begin(&run, "out.parquet");
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(pf_result_json(run.result), "\"processing_engine\": \"native\"");
    CHECK_HAS(pf_result_json(run.result), "\"row_count\": 2");
    end(&run);
}

static void test_explain(void **state)
{
    struct run run;
    char *text = NULL;

    (void)state;
    write_file("in.csv", "a,b\n1,x\n", 8);
    begin(&run, "out.parquet");
    CHECK_OK(pf_explain(run.request, false, &text, &run.err), run.err);
    CHECK_HAS(text, "reads csv, sep ',', quote '\"'");
    CHECK_HAS(text, "\n            a = CAST(NULLIF(c0, '') AS BIGINT)\n");
    pf_text_free(run.ctx, text);
    CHECK_OK(pf_explain(run.request, true, &text, &run.err), run.err);
    CHECK_HAS(text, "\"remote\": {\"refusal\": null, \"whole\": true");
    pf_text_free(run.ctx, text);
    CHECK_OK(pf_request_set(run.request, "comment", "#", &run.err), run.err);
    CHECK_OK(pf_explain(run.request, false, &text, &run.err), run.err);
    CHECK_HAS(text, "reads natively: it has lines that are comments");
    pf_text_free(run.ctx, text);
    end(&run);
}

/* A refused allocation is an error, or ends the engine's attempt, and nothing is leaked. */
static void refuse_allocations(const char *path, const char *option, const char *value)
{
    bool granted = false;
    long failing = 0;

    for (; !granted && failing < 5000; failing++) {
        struct run run;
        char *text = NULL;
        enum pf_status status;

        begin(&run, "out.parquet");
        CHECK_OK(pf_request_paths(run.request, path, "out.parquet", &run.err), run.err);
        set(&run, option, value);
        atomic_store(&run.ctx->memory.fail_at, failing);
        status = pf_explain(run.request, true, &text, &run.err);
        granted = atomic_exchange(&run.ctx->memory.fail_at, -1) >= 0;
        if (status != PF_OK && (granted || status != PF_NO_MEMORY))
            fail_msg("%s: allocation %ld: %s: %s", path, failing, pf_status_name(status), run.err.message);
        if (status == PF_OK)
            CHECK_HAS(text, "\"remote\": {\"refusal\": null, \"whole\": true");
        pf_text_free(run.ctx, text);
        end(&run);
    }
    CHECK(granted && failing > 10);
}

static void test_refused_allocations(void **state)
{
    static const char csv[] = "a,b\nNA,31/01/2024\n2,\"x\"\n",
                      xml[] = "<a><r k='1'><b u='x'>1</b><c><d>2</d></c></r><r><b>3</b></r></a>";

    (void)state;
    write_file("in.csv", csv, sizeof csv - 1);
    refuse_allocations("in.csv", "null-values", "NA");
    write_file("in.xml", xml, sizeof xml - 1);
    refuse_allocations("in.xml", "row-tag", "r");
}

/* ---- joining */

struct joining {
    const char *name;
    const char *parts[MOST_PARTS];
    const char *schema; /* of the parts */
    enum pf_status status;
    const char *why;
};

static const struct joining joinings[] = {
    { "in order", { "p0.csv", "p1.csv" }, NULL, PF_OK, "" },
    { "rows are missing", { "p0.csv" }, NULL, PF_INTERNAL, "Spark has written 2 rows where 4 were read" },
    { "rows are doubled", { "p0.csv", "p1.csv", "p0.csv" }, NULL, PF_INTERNAL, "Spark has written 6 rows where 4 were read" },
    { "a null too many",
      { "p0.csv", "nulls.csv" },
      NULL,
      PF_INTERNAL,
      "Spark has written 2 nulls in the column 'b' where there are 1" },
    { "another type", { "p0.csv", "p1.csv" }, "a:string", PF_INTERNAL, "does not have the columns that were asked for" },
    { "a part that is not there", { "p0.csv", "missing" }, NULL, PF_NOT_FOUND, "does not exist" },
};

static void check_joining(const struct joining *joining)
{
    struct run run;
    char *text = NULL;

    begin(&run, "out.parquet");
    memcpy(run.engine.parts, joining->parts, sizeof run.engine.parts);
    run.engine.part_schema = joining->schema;
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_INT(run.engine.joined, joining->status);
    CHECK_HAS(run.engine.why, joining->why);
    CHECK_HAS(pf_result_json(run.result),
              joining->status == PF_OK ? "\"processing_engine\": \"spark\"" : "\"processing_engine\": \"native\"");
    CHECK_HAS(pf_result_json(run.result), "\"row_count\": 4");
    CHECK_OK(pf_request_paths(run.request, "out.parquet", NULL, &run.err), run.err);
    CHECK_OK(pf_info(run.request, true, &text, &run.err), run.err);
    CHECK_HAS(text, "\"rows\": 4");
    CHECK_HAS(text, "\"type\": \"int64\", \"null_count\": 0");
    pf_text_free(run.ctx, text);
    end(&run);
}

static void test_joining(void **state)
{
    (void)state;
    write_file("in.csv", "a,b\n1,x\n2,\n3,z\n4,w\n", 19);
    write_file("p0.csv", "a,b\n1,x\n2,\n", 11);
    write_file("p1.csv", "a,b\n3,z\n4,w\n", 12);
    write_file("nulls.csv", "a,b\n3,\n4,w\n", 11);
    for (size_t i = 0; i < PF_COUNT(joinings); i++)
        check_joining(&joinings[i]);
}

/* Instants come as integers. */
static void test_joining_instants(void **state)
{
    static const char times[] = "at\n2024-01-31T10:20:30Z\n1970-01-01T00:00:00Z\n1969-12-31T23:59:59Z\n2024-01-31T10:20:30Z\n";
    static const char micros[] = "at\n1706696430000000\n0\n-1000000\n1706696430000000\n";
    struct run run;
    char *text = NULL;

    (void)state;
    write_file("in.csv", times, sizeof times - 1);
    write_file("p0.csv", micros, sizeof micros - 1);
    begin(&run, "out.parquet");
    run.engine.parts[0] = "p0.csv";
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_OK(run.engine.joined, run.err);
    CHECK_OK(pf_request_paths(run.request, "out.parquet", NULL, &run.err), run.err);
    CHECK_OK(pf_info(run.request, true, &text, &run.err), run.err);
    CHECK_HAS(text, "\"type\": \"timestamptz\"");
    pf_text_free(run.ctx, text);
    end(&run);
}

static void test_joining_too_early(void **state)
{
    struct run run;

    (void)state;
    write_file("in.csv", "a,b\n1,x\n2,\n3,z\n4,w\n", 19);
    begin(&run, "out.parquet");
    run.engine.joins_early = true; /* before it has asked for the plan */
    run.engine.parts[0] = "p0.csv";
    write_file("p0.csv", "a,b\n1,x\n2,\n", 11);
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_INT(run.engine.joined, PF_BAD_OPTION);
    CHECK_HAS(run.engine.why, "joins what it was asked for");
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_other_conversions),
        cmocka_unit_test(test_survey),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_refused_allocations),
        cmocka_unit_test(test_joining),
        cmocka_unit_test(test_joining_instants),
        cmocka_unit_test(test_joining_too_early),
    };

    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
