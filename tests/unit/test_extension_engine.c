/* Engines of extensions: which take a job, what becomes of those that fail, and what is told of it. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extension/use.h"
#include "support_folder.h"
#include "support_unit.h"

enum { MOST_TEXT = 4000 };

/* What an engine does when it is run. */
enum act {
    ACT_PLACE,   /* writes a file and has it placed */
    ACT_CONVERT, /* has the native engine do it */
    ACT_FAIL,
    ACT_WRITE_AND_FAIL, /* has written the output before it fails */
    ACT_SCRIBBLE,       /* has written into the file that is there, which tells the same time and size, before it fails */
    ACT_REWRITE,        /* writes into that file what it holds already */
    ACT_NOTHING,        /* says that it has succeeded */
    ACT_MISCOUNT,
    ACT_NONSENSE,
    ACT_CANCEL
};

struct engine {
    const struct pf_host *host;
    bool takes;
    int32_t priority;
    const char *reason, *display;
    enum act act;
    enum pf_status status;
    enum pf_engine_failure failure;
    uint32_t asked, runs;
    const struct pf_engine_column *columns; /* that it tells of, whether they are taken or not; ends with one of size 0 */
    bool tells_nothing;                     /* after those, of no column at all */
    uint32_t columns_more;                  /* times the first is told before */
    char refused[sizeof((struct pf_error *)0)->message]; /* why one was, "" = none was */
    char options[MOST_TEXT], types[40], mode[20], timezone[40], environment[100];
    struct pf_engine_job seen;
};

static struct engine *engine_at;

static void tell_column(struct engine *engine, const struct pf_engine_job *job, const struct pf_engine_column *column)
{
    struct pf_error err;

    if (engine->host->job_column(job, column, &err) == PF_OK)
        return;
    CHECK_INT(err.status, PF_BAD_OPTION);
    (void)snprintf(engine->refused, sizeof engine->refused, "%s", err.message);
}

static void tell_columns(struct engine *engine, const struct pf_engine_job *job)
{
    for (uint32_t i = 0; i < engine->columns_more; i++)
        tell_column(engine, job, engine->columns);
    for (const struct pf_engine_column *column = engine->columns; column != NULL && column->size != 0; column++)
        tell_column(engine, job, column);
    if (engine->tells_nothing)
        tell_column(engine, job, NULL);
}

static bool takes(void *self, struct pf_context *ctx, const struct pf_engine_job *job, struct pf_engine_answer *answer)
{
    struct engine *engine = self;
    const char *value = engine->host->job_option(job, "types");

    (void)ctx;
    engine->asked++;
    engine->seen = *job;
    (void)snprintf(engine->options, sizeof engine->options, "%s", job->options);
    (void)snprintf(engine->types, sizeof engine->types, "%s", value != NULL ? value : "none");
    (void)snprintf(engine->mode, sizeof engine->mode, "%s", job->mode);
    (void)snprintf(engine->timezone, sizeof engine->timezone, "%s", job->timezone);
    tell_columns(engine, job);
    answer->priority = engine->priority;
    (void)snprintf(answer->reason, sizeof answer->reason, "%s", engine->reason != NULL ? engine->reason : "");
    return engine->takes;
}

static enum pf_status place(const struct engine *engine, const struct pf_engine_job *job, struct pf_error *err)
{
    FILE *file = fopen("made.tmp", "w");

    assert_non_null(file);
    assert_true(fputs("a,b\n1,x\n2,y\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    return engine->host->job_place(job, "made.tmp", err);
}

static enum pf_status convert(const struct engine *engine, const struct pf_engine_job *job, struct pf_error *err)
{
    struct pf_request *request = NULL;
    struct pf_result *result = NULL;
    enum pf_status status = engine->host->job_request(job, &request, err);

    if (status == PF_OK)
        status = engine->host->convert(request, &result, err);
    engine->host->result_free(result);
    engine->host->request_free(request);
    return status;
}

/* Writes into a file that is there and leaves its times as they were, as far as a process can. */
static void scribble(const char *path, const char *text)
{
    struct timespec times[2];
    struct stat before;
    int fd = open(path, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &before), 0);
    times[0] = before.st_atim;
    times[1] = before.st_mtim;
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(futimens(fd, times), 0);
    assert_int_equal(close(fd), 0);
}

static enum pf_status run_engine(void *self, struct pf_context *ctx, const struct pf_engine_job *job,
                                 struct pf_engine_outcome *out, struct pf_error *err)
{
    struct engine *engine = self;
    const struct pf_progress progress = { .rows = 1, .step = "waiting" };
    char *environment = NULL;

    engine->runs++;
    out->failure = engine->failure;
    out->rows_read = engine->act == ACT_MISCOUNT ? 5 : 2;
    out->rows_written = 2;
    if (engine->display != NULL)
        (void)snprintf(out->display, sizeof out->display, "%s", engine->display);
    engine->host->warn(ctx, "the engine warns");
    CHECK_OK(engine->host->environment(ctx, &environment, err), *err);
    (void)snprintf(engine->environment, sizeof engine->environment, "%s", environment);
    engine->host->release(ctx, environment);
    engine->refused[0] = '\0';
    tell_columns(engine, job);
    switch (engine->act) {
    case ACT_PLACE:
    case ACT_MISCOUNT:
        return place(engine, job, err);
    case ACT_CONVERT:
        return convert(engine, job, err);
    case ACT_WRITE_AND_FAIL:
        assert_int_equal(place(engine, job, err), PF_OK);
        break;
    case ACT_SCRIBBLE:
        scribble(job->output, "new");
        break;
    case ACT_REWRITE:
        scribble(job->output, "old");
        return PF_OK;
    case ACT_NOTHING:
        return PF_OK;
    case ACT_NONSENSE:
        return (enum pf_status)99;
    case ACT_CANCEL:
        pf_context_cancel(ctx);
        return engine->host->job_progress(job, &progress, err);
    case ACT_FAIL:
        break;
    }
    return (engine->host->fail)(err, engine->status, "the cluster is away");
}

static char *look(void *self, struct pf_context *ctx, struct pf_error *err)
{
    static const char text[] = "{\"cores\": 2}";

    (void)self;
    (void)err;
    return pf_copy_text(&ctx->memory, text, sizeof text - 1);
}

static enum pf_status start(const struct pf_host *host, struct pf_registration *to, void **self, struct pf_error *err)
{
    static const struct pf_engine_addition additions[] = {
        { .size = sizeof *additions, .name = "other", .description = "never", .takes = takes, .run = run_engine },
    };
    static const char *const formats[] = { "delta", NULL };
    static const struct pf_probe_addition probe = { .size = sizeof probe, .name = "machine", .probe = look };
    static struct pf_engine_addition first, second, reserved;

    first = additions[0];
    first.name = "spark";
    first.self = &engine_at[0];
    second = additions[0];
    second.self = &engine_at[1];
    second.formats = formats;
    second.flags = PF_ENGINE_TABLES;
    reserved = additions[0];
    reserved.name = "native";
    engine_at[0].host = engine_at[1].host = host;
    *self = NULL;
    CHECK_INT(host->add_engine(to, &reserved, err), PF_EXISTS);
    if (host->add_engine(to, &first, err) != PF_OK || host->add_probe(to, &probe, err) != PF_OK)
        return err->status;
    return host->add_engine(to, &second, err);
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
    struct engine engines[2];
    struct pf_extensions *set;
    struct pf_context *ctx;
    struct pf_request *request;
    struct pf_result *result;
    struct pf_error err;
};

static void begin(struct run *run)
{
    FILE *file = fopen("in.csv", "w");

    assert_non_null(file);
    assert_true(fputs("a,b\n1,x\n2,y\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    (void)unlink("out.csv");
    memset(run, 0, sizeof *run);
    engine_at = run->engines;
    run->set = pf_extensions_new(NULL);
    CHECK_OK(pf_extension_add(run->set, &extension, &run->err), run->err);
    run->ctx = pf_context_new();
    pf_context_extensions(run->ctx, run->set);
    run->request = pf_request_new(run->ctx);
    CHECK_OK(pf_request_paths(run->request, "in.csv", "out.csv", &run->err), run->err);
}

static void end(struct run *run)
{
    pf_result_free(run->result);
    pf_request_free(run->request);
    pf_context_free(run->ctx);
    pf_extensions_free(run->set);
    (void)unlink("made.tmp");
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- what becomes of an engine's answer */

struct ending {
    const char *name;
    enum act act;
    enum pf_status status;
    enum pf_engine_failure failure;
    enum pf_status wanted; /* of the conversion */
    const char *record[4]; /* parts of it */
    bool output;           /* is there afterwards */
    const char *message;   /* part of the error's */
};

static const struct ending endings[] = {
    { "succeeds",
      ACT_PLACE,
      PF_OK,
      0,
      PF_OK,
      { "\"processing_engine\": \"spark (2 cores)\"", "\"fallback_used\": false", "\"row_count\": 2", "the engine warns" },
      true,
      NULL },
    { "has it done natively",
      ACT_CONVERT,
      PF_OK,
      0,
      PF_OK,
      { "\"processing_engine\": \"spark (2 cores)\"", "\"fallback_used\": false", "\"row_count\": 2" },
      true,
      NULL },
    { "fails",
      ACT_FAIL,
      PF_IO,
      PF_ENGINE_BY_STATUS,
      PF_OK,
      { "\"processing_engine\": \"native\"", "\"fallback_used\": true", "the cluster is away", "\"failure\": \"falls back\"" },
      true,
      NULL },
    { "reads bad data",
      ACT_FAIL,
      PF_BAD_DATA,
      PF_ENGINE_BY_STATUS,
      PF_BAD_DATA,
      { "\"processing_engine\": \"none\"", "\"fallback_used\": false", "\"failure\": \"ends\"" },
      false,
      "the cluster is away" },
    { "reads bad data, it thinks",
      ACT_FAIL,
      PF_BAD_DATA,
      PF_ENGINE_FALLS_BACK,
      PF_OK,
      { "\"processing_engine\": \"native\"", "\"fallback_used\": true" },
      true,
      NULL },
    { "may not write", ACT_FAIL, PF_IO, PF_ENGINE_ENDS, PF_IO, { "\"failure\": \"ends\"" }, false, "the cluster is away" },
    { "does not know",
      ACT_FAIL,
      PF_IO,
      PF_ENGINE_UNKNOWN,
      PF_IO,
      { "\"outcome_unknown\": true", "\"failure\": \"unknown\"" },
      false,
      "outcome unknown: the engine spark failed" },
    { "writes and fails",
      ACT_WRITE_AND_FAIL,
      PF_IO,
      PF_ENGINE_FALLS_BACK,
      PF_IO,
      { "\"outcome_unknown\": true" },
      true,
      "outcome unknown" },
    { "writes nothing",
      ACT_NOTHING,
      PF_OK,
      0,
      PF_OK,
      { "\"processing_engine\": \"native\"", "nothing was written" },
      true,
      NULL },
    { "miscounts", ACT_MISCOUNT, PF_OK, 0, PF_IO, { "rows do not add up" }, true, "outcome unknown" },
    { "answers with nonsense",
      ACT_NONSENSE,
      PF_OK,
      99,
      PF_OK,
      { "\"processing_engine\": \"native\"", "nonsense (99)" },
      true,
      NULL },
    { "is cancelled",
      ACT_CANCEL,
      PF_OK,
      PF_ENGINE_FALLS_BACK,
      PF_CANCELLED,
      { "\"processing_engine\": \"none\"" },
      false,
      "cancelled" },
};

static void test_endings(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(endings); i++) {
        const struct ending *wanted = &endings[i];
        struct run run;
        enum pf_status status;

        begin(&run);
        run.engines[0] = (struct engine){ .host = run.engines[0].host,
                                          .takes = true,
                                          .display = "spark (2 cores)",
                                          .act = wanted->act,
                                          .status = wanted->status,
                                          .failure = wanted->failure };
        status = pf_convert(run.request, &run.result, &run.err);
        if (status != wanted->wanted || is_there("out.csv") != wanted->output)
            fail_msg("an engine that %s: %s, %s", wanted->name, pf_status_name(status), pf_result_json(run.result));
        for (size_t at = 0; at < PF_COUNT(wanted->record) && wanted->record[at] != NULL; at++)
            CHECK_HAS(pf_result_json(run.result), wanted->record[at]);
        if (wanted->message != NULL)
            CHECK_HAS(run.err.message, wanted->message);
        assert_int_equal(run.engines[0].runs, 1);
        assert_int_equal(run.engines[1].runs, 0);
        end(&run);
    }
}

/* A file that was written just before shows by its times neither that it was written again nor that it was not. */
static void test_outputs_that_are_there(void **state)
{
    static const struct {
        const char *name;
        enum act act;
        bool old; /* the file that is there */
        enum pf_status wanted;
        const char *record;
    } rows[] = {
        { "fails over a new file", ACT_FAIL, false, PF_OK, "\"fallback_used\": true" },
        { "fails over an old file", ACT_FAIL, true, PF_OK, "\"fallback_used\": true" },
        { "scribbles over a new file", ACT_SCRIBBLE, false, PF_IO, "\"outcome_unknown\": true" },
        { "scribbles over an old file", ACT_SCRIBBLE, true, PF_IO, "\"outcome_unknown\": true" },
        { "places over a new file and fails", ACT_WRITE_AND_FAIL, false, PF_IO, "\"outcome_unknown\": true" },
        { "writes the same over a new file", ACT_REWRITE, false, PF_OK, "\"processing_engine\": \"spark\"" },
        { "writes nothing over an old file", ACT_NOTHING, true, PF_OK, "nothing was written" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        struct run run;
        enum pf_status status;
        FILE *file;

        begin(&run);
        run.engines[0] = (struct engine){ .takes = true, .act = rows[i].act, .status = PF_IO };
        CHECK_OK(pf_request_set(run.request, "force", NULL, &run.err), run.err);
        file = fopen("out.csv", "w");
        assert_non_null(file);
        assert_true(fputs("old", file) >= 0);
        assert_int_equal(fclose(file), 0);
        if (rows[i].old)
            usleep(50000);
        status = pf_convert(run.request, &run.result, &run.err);
        if (status != rows[i].wanted || strstr(pf_result_json(run.result), rows[i].record) == NULL)
            fail_msg("an engine that %s: %s, %s", rows[i].name, pf_status_name(status), pf_result_json(run.result));
        end(&run);
    }
}

static void test_job(void **state)
{
    struct run run;

    (void)state;
    begin(&run);
    run.engines[0].reason = "under 1 GB";
    CHECK_OK(pf_request_set(run.request, "types", "string", &run.err), run.err);
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(run.engines[0].options, "\"types\": \"string\"");
    CHECK_TEXT(run.engines[0].types, "string");
    assert_int_equal(run.engines[0].seen.input_bytes, 12);
    assert_int_equal(run.engines[0].seen.data_bytes, 12);
    assert_int_equal(run.engines[0].asked, 1);
    CHECK_HAS(pf_result_json(run.result), "\"engine_reason\": \"spark: under 1 GB; other: does not take this job\"");
    CHECK_HAS(pf_result_summary(run.result), "native engine");
    end(&run);
}

static void test_environment(void **state)
{
    struct run run;

    (void)state;
    begin(&run);
    run.engines[0].takes = true;
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_TEXT(run.engines[0].environment, "{\"part\": {\"machine\": {\"cores\": 2}}}");
    end(&run);
}

static void test_order(void **state)
{
    struct run run;

    (void)state;
    begin(&run);
    run.engines[0] = (struct engine){ .takes = true, .act = ACT_FAIL, .status = PF_IO };
    run.engines[1] = (struct engine){ .takes = true, .act = ACT_FAIL, .status = PF_UNSUPPORTED, .priority = 5 };
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(strstr(strstr(strstr(pf_result_json(run.result), "\"attempts\""), "\"other\""), "\"spark\""), "\"native\"");
    CHECK_HAS(pf_result_json(run.result), "the engine other failed, spark was used: the cluster is away");
    end(&run);

    begin(&run); /* a priority under that of native is no such thing */
    run.engines[0] = (struct engine){ .takes = true, .act = ACT_PLACE, .priority = -5 };
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(pf_result_json(run.result), "\"processing_engine\": \"spark\"");
    end(&run);

    begin(&run); /* as version 1.0 had it */
    run.engines[0] = (struct engine){ .takes = true, .act = ACT_PLACE };
    run.engines[1] = (struct engine){ .takes = true, .act = ACT_PLACE, .priority = 5 };
    CHECK_OK(pf_request_set(run.request, "force-pyspark", NULL, &run.err), run.err);
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(pf_result_json(run.result), "\"processing_engine\": \"spark\"");
    end(&run);
}

static void test_named(void **state)
{
    static const struct {
        const char *engine;
        bool takes;
        enum pf_status wanted;
        const char *text; /* of the message or the remedy */
    } rows[] = {
        { "native", true, PF_OK, NULL },
        { "SPARK", true, PF_IO, "the cluster is away" }, /* it alone: no fallback */
        { "spark", false, PF_UNSUPPORTED, "the engine spark does not take this job: it rests" },
        { "sparc", true, PF_BAD_OPTION, "did you mean spark? There are auto, native, spark, other" },
        { "zzzzzz", true, PF_BAD_OPTION, "there are auto, native, spark, other" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        struct run run;
        char said[1000];

        begin(&run);
        run.engines[0] = (struct engine){ .takes = rows[i].takes, .reason = "it rests", .act = ACT_FAIL, .status = PF_IO };
        CHECK_OK(pf_request_set(run.request, "engine", rows[i].engine, &run.err), run.err);
        assert_int_equal(pf_convert(run.request, &run.result, &run.err), rows[i].wanted);
        (void)snprintf(said, sizeof said, "%s %s", run.err.message, run.err.remedy);
        if (rows[i].text != NULL)
            CHECK_HAS(said, rows[i].text);
        assert_int_equal(is_there("out.csv"), rows[i].wanted == PF_OK);
        assert_int_equal(run.engines[0].runs, rows[i].wanted == PF_IO ? 1 : 0);
        end(&run);
    }
}

static void test_explain(void **state)
{
    struct run run;
    char *text = NULL;

    (void)state;
    begin(&run);
    run.engines[0] = (struct engine){ .takes = true, .reason = "4 GB" };
    run.engines[1] = (struct engine){ .takes = false, .reason = "it rests" };
    CHECK_OK(pf_explain(run.request, false, &text, &run.err), run.err);
    CHECK_HAS(text, "engine    spark: 4 GB\nthen      native\nnot       other: it rests\n");
    pf_text_free(run.ctx, text);
    CHECK_OK(pf_explain(run.request, true, &text, &run.err), run.err);
    CHECK_HAS(text,
              "\"engine\": \"spark\", \"engine_reason\": \"4 GB\", \"engines\": [{\"engine\": \"spark\", \"takes\": true");
    pf_text_free(run.ctx, text);
    assert_int_equal(run.engines[0].runs, 0);
    end(&run);
}

/* What is no file, engines of extensions are not asked about. */
static void test_given(void **state)
{
    struct pf_input input = { .name = "x.csv", .bytes = "a\n1\n", .size = 4 };
    struct run run;

    (void)state;
    begin(&run);
    run.engines[0].takes = true;
    CHECK_OK(pf_request_input(run.request, &input, &run.err), run.err);
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    assert_int_equal(run.engines[0].asked, 0);
    CHECK_HAS(pf_result_json(run.result), "\"engine_reason\": \"the input is no file that can be read again\"");
    end(&run);
}

/* ---- tables, and formats that only engines write */

struct target {
    const char *output, *settings[6]; /* names and values */
    enum act act;
    enum pf_status wanted;
    const char *text; /* of the message, the remedy or the record */
    const char *mode, *timezone;
};

static const struct target targets[] = {
    { NULL,
      { "table", "c.s.t" },
      ACT_NOTHING,
      PF_OK,
      "\"output_path\": \"c.s.t\", \"output_format\": \"delta\"",
      "error",
      "UTC" },
    { NULL,
      { "table", "t", "mode", "append", "timezone", "Asia/Tokyo" },
      ACT_NOTHING,
      PF_OK,
      "\"row_count\": 2",
      "append",
      "Asia/Tokyo" },
    { NULL, { "table", "t", "force", NULL }, ACT_NOTHING, PF_OK, "\"fallback_used\": false", "overwrite", "UTC" },
    { "lake", { "to", "delta" }, ACT_NOTHING, PF_OK, "\"output_path\": \"lake\"", "error", "UTC" },
    { "lake", { "to", "delta" }, ACT_CONVERT, PF_OK, "\"output_format\": \"delta\"", "error", "UTC" },
    { "lake", { "to", "delta" }, ACT_PLACE, PF_BAD_OPTION, "the output is no file", "error", "UTC" },
    { "lake", { "to", "delta" }, ACT_MISCOUNT, PF_BAD_OPTION, "the output is no file", "error", "UTC" },
    { NULL, { "table", "t" }, ACT_FAIL, PF_IO, "the cluster is away", "error", "UTC" },
    { NULL, { "table", "t" }, ACT_NONSENSE, PF_INTERNAL, "nonsense (99)", "error", "UTC" },
    { NULL, { "table", "t", "engine", "spark" }, ACT_NOTHING, PF_UNSUPPORTED, "it writes no tables of this kind", NULL, NULL },
    { NULL, { "table", "t", "engine", "native" }, ACT_NOTHING, PF_UNSUPPORTED, "writes files, and no tables", NULL, NULL },
    { "out.csv", { "table", "t" }, ACT_NOTHING, PF_BAD_OPTION, "an output and a table", NULL, NULL },
    { NULL,
      { "table", "t", "to", "csv" },
      ACT_NOTHING,
      PF_UNSUPPORTED,
      "no engine here writes tables of this format",
      NULL,
      NULL },
};

static void check_target(const struct target *target)
{
    char said[MOST_TEXT];
    struct run run;
    enum pf_status status;

    begin(&run);
    (void)unlink("in.parquet");
    CHECK_OK(pf_request_paths(run.request, "in.csv", target->output, &run.err), run.err);
    for (size_t i = 0; i + 1 < PF_COUNT(target->settings) && target->settings[i] != NULL; i += 2)
        CHECK_OK(pf_request_set(run.request, target->settings[i], target->settings[i + 1], &run.err), run.err);
    run.engines[0] = (struct engine){ .takes = true, .act = ACT_NOTHING, .priority = 9 };
    run.engines[1] = (struct engine){ .takes = true, .act = target->act, .status = PF_IO };
    status = pf_convert(run.request, &run.result, &run.err);
    (void)snprintf(said, sizeof said, "%s %s %s", run.err.message, run.err.remedy, pf_result_json(run.result));
    if (status != target->wanted)
        fail_msg("%s", said);
    CHECK_HAS(said, target->text);
    assert_int_equal(run.engines[0].asked + run.engines[0].runs, 0);
    assert_int_equal(run.engines[1].runs, target->mode != NULL ? 1 : 0);
    if (target->mode != NULL) {
        CHECK(run.engines[1].seen.engines_only);
        CHECK_TEXT(run.engines[1].mode, target->mode);
        CHECK_TEXT(run.engines[1].timezone, target->timezone);
        CHECK_INT(run.engines[1].seen.replace, strcmp(target->mode, "overwrite") == 0);
    }
    CHECK(strstr(said, "\"engine\": \"native\"") == NULL);
    assert_false(is_there("lake"));
    end(&run);
}

/* ---- columns */

#define COLUMN(...)                                                                                                            \
    {                                                                                                                          \
        .size = sizeof(struct pf_engine_column), __VA_ARGS__                                                                   \
    }

static const struct telling {
    const char *name;
    struct pf_engine_column columns[4];
    uint32_t more;
    bool nothing;
    const char *refused; /* part of the reason; NULL = none is */
    const char *record;
} tellings[] = {
    { "all that is known",
      { COLUMN(.name = "a", .type = "int64"),
        COLUMN(.name = "\"b\"\n", .type = "array<string>", .nulls = 7, .text_because = "'x' does not fit int64",
               .because_row = 2),
        COLUMN(.name = "", .type = "string", .nulls = -1) },
      0,
      false,
      NULL,
      "\"columns\": [{\"name\": \"a\", \"type\": \"int64\", \"null_count\": 0, \"text_because\": null}, "
      "{\"name\": \"\\\"b\\\"\\n\", \"type\": \"array<string>\", \"null_count\": 7, "
      "\"text_because\": {\"row\": 2, \"reason\": \"'x' does not fit int64\"}}, "
      "{\"name\": \"\", \"type\": \"string\", \"null_count\": null, \"text_because\": null}]" },
    { "nothing", { { 0 } }, 0, false, NULL, "\"columns\": []" },
    { "no column at all", { { 0 } }, 0, true, "of this size", "\"columns\": []" },
    { "a short one",
      { { .size = offsetof(struct pf_engine_column, type), .name = "a", .type = "int64" } },
      0,
      false,
      "of this size",
      "\"columns\": []" },
    { "no name",
      { COLUMN(.name = "a", .type = "int64"), COLUMN(.type = "int64") },
      0,
      false,
      "without a name",
      "\"columns\": []" },
    { "no type, then a good one",
      { COLUMN(.name = "a"), COLUMN(.name = "a", .type = "int64") },
      0,
      false,
      "without a type",
      "\"columns\": []" },
    { "an empty type", { COLUMN(.name = "a", .type = "") }, 0, false, "without a type", "\"columns\": []" },
    { "fewer nulls than none",
      { COLUMN(.name = "a", .type = "int64", .nulls = -2) },
      0,
      false,
      "below zero",
      "\"columns\": []" },
    { "a row before the first",
      { COLUMN(.name = "a", .type = "string", .text_because = "x", .because_row = -1) },
      0,
      false,
      "below zero",
      "\"columns\": []" },
    { "too many", { COLUMN(.name = "a", .type = "int64") }, 100000, false, "more columns than are kept", "\"columns\": []" },
};

/* The table of a conversion without a list of tables has them as well. */
static void check_telling(const struct telling *telling, const char *table)
{
    struct run run;
    struct engine *engine;

    begin(&run);
    engine = &run.engines[table != NULL ? 1 : 0];
    CHECK_OK(pf_request_paths(run.request, "in.csv", table != NULL ? NULL : "out.csv", &run.err), run.err);
    if (table != NULL)
        CHECK_OK(pf_request_set(run.request, "table", table, &run.err), run.err);
    *engine = (struct engine){ .host = engine->host,
                               .takes = true,
                               .act = table != NULL ? ACT_NOTHING : ACT_PLACE,
                               .columns = telling->columns,
                               .columns_more = telling->more,
                               .tells_nothing = telling->nothing };
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    assert_int_equal(engine->runs, 1);
    if (strstr(pf_result_json(run.result), telling->record) == NULL)
        fail_msg("an engine that tells %s: %s", telling->name, pf_result_json(run.result));
    assert_int_equal(strstr(pf_result_summary(run.result), ", 3 columns, ") != NULL, telling->columns[2].size != 0);
    if (telling->refused == NULL)
        CHECK_TEXT(engine->refused, "");
    else
        CHECK_HAS(engine->refused, telling->refused);
    end(&run);
}

static void test_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(tellings); i++) {
        check_telling(&tellings[i], NULL);
        check_telling(&tellings[i], "c.s.t");
    }
}

/* Columns are those of the engine that did it, and are told while it runs. */
static void test_columns_of_others(void **state)
{
    static const struct pf_engine_column columns[] = { COLUMN(.name = "told", .type = "int8"), { 0 } };
    struct run run;

    (void)state;
    begin(&run);
    run.engines[0] = (struct engine){ .takes = true, .act = ACT_FAIL, .status = PF_IO, .columns = columns };
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(pf_result_json(run.result), "\"columns\": [{\"name\": \"a\", \"type\": \"string\"");
    CHECK(strstr(pf_result_json(run.result), "told") == NULL);
    end(&run);

    begin(&run); /* when it is only asked */
    run.engines[0] = (struct engine){ .takes = false, .columns = columns };
    CHECK_OK(pf_convert(run.request, &run.result, &run.err), run.err);
    CHECK_HAS(run.engines[0].refused, "while the engine runs");
    end(&run);
}

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(targets); i++)
        check_target(&targets[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_outputs_that_are_there),
        cmocka_unit_test(test_job),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_given),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_columns_of_others),
    };

    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
