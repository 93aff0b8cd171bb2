#include "convert/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/json.h"
#include "base/option.h"
#include "base/sha256.h"
#include "base/system.h"

/* So many reports may be begun by one process in the same microsecond. */
enum { SAME_NAME = 1000, DAY_SECONDS = 86400, STAMP = 32, REPORT_FORM = 1 };

void pf_report_begin(struct pf_report *report)
{
    report->sink = NULL;
    report->refused = false;
    report->started = pf_wall_clock();
}

void pf_report_end(struct pf_report *report)
{
    pf_sink_free(report->sink);
    report->sink = NULL;
}

/* ---- where */

/* NULL = no report is asked for. Where the plan did not get as far as the settings, those nearest the caller are looked at. */
static const char *folder_of(const struct pf_conversion *c)
{
    const struct pf_request *request = c->request;
    const char *folder = c->plan.options.report_dir;

    if (folder == NULL && c->plan.settings == NULL) {
        folder = getenv("PYFORGE_REPORT_DIR");
        for (uint32_t i = 0; i < request->setting_count; i++) {
            const struct pf_option *option = pf_option_find(pf_convert_option_table, request->settings[i].name);
            if (option != NULL && strcmp(option->name, "report-dir") == 0)
                folder = request->settings[i].value;
        }
    }
    return folder != NULL && folder[0] != '\0' ? pf_location_path(folder) : NULL;
}

/* "20240131T102030.123456Z" */
static void stamp(int64_t microseconds, char to[STAMP])
{
    int64_t seconds = microseconds / 1000000, of_day = seconds % DAY_SECONDS;
    int32_t year, month, day;

    pf_date_to_civil((int32_t)(seconds / DAY_SECONDS), &year, &month, &day);
    (void)snprintf(to, STAMP, "%04d%02d%02dT%02d%02d%02d.%06dZ", (int)year % 10000, (int)month, (int)day, (int)(of_day / 3600),
                   (int)(of_day / 60 % 60), (int)(of_day % 60), (int)(microseconds % 1000000));
}

static enum pf_status name_of(const struct pf_report *report, const char *folder, int number, struct pf_arena *arena,
                              char **path, struct pf_error *err)
{
    size_t size = strlen(folder) + 96;
    char when[STAMP];

    stamp(report->started, when);
    *path = pf_arena_alloc(arena, size);
    if (*path == NULL)
        return pf_fail_memory(err, size);
    (void)snprintf(*path, size, "%s/pyforge-%s-%lld-%d.json", folder, when, (long long)pf_process_id(), number);
    return PF_OK;
}

static enum pf_status open_in(struct pf_report *report, struct pf_context *ctx, const char *folder, struct pf_arena *arena,
                              struct pf_error *err)
{
    const struct pf_sink_options options = { .replace = false, .sync = false };
    struct pf_source_stat stat;
    struct pf_folders made;
    struct pf_error absent;
    bool directory;
    char *path;

    for (int number = 0; number < SAME_NAME; number++) {
        if (name_of(report, folder, number, arena, &path, err) != PF_OK)
            return err->status;
        if (number == 0 && pf_folders_make(&made, path, arena, err) != PF_OK)
            return err->status;
        if (pf_location_stat(ctx, path, &stat, &directory, &absent) != PF_OK)
            return pf_sink_open(ctx, path, &options, &report->sink, err);
    }
    return pf_fail(err, PF_IO, "the folder has %d reports of this moment", SAME_NAME);
}

enum pf_status pf_report_open(struct pf_report *report, const struct pf_conversion *c, struct pf_error *err)
{
    struct pf_context *ctx = c->request->ctx;
    const char *folder = folder_of(c);
    struct pf_arena arena;

    pf_error_clear(err);
    if (folder == NULL)
        return PF_OK;
    pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
    if (open_in(report, ctx, folder, &arena, err) != PF_OK) {
        report->refused = true;
        err->remedy[0] = '\0';
        pf_remedy(err, "--report-dir or PYFORGE_REPORT_DIR asks for a report: name a folder that can be written to");
    }
    pf_arena_free(&arena);
    return err->status;
}

/* ---- what */

static void put_time(struct pf_json *json, const char *name, int64_t microseconds)
{
    char text[49];

    text[pf_print_timestamp(microseconds, true, text)] = '\0';
    text[10] = 'T';
    pf_json_set_text(json, name, text);
}

static void put_sum(struct pf_json *json, const char *sum, const char *missing)
{
    pf_json_set_text(json, "sha256", missing == NULL ? sum : NULL);
    pf_json_set_text(json, "sha256_missing", missing);
}

/* The name by which the file is found from anywhere. */
static void put_path(struct pf_json *json, const char *path)
{
    char *real = path != NULL ? realpath(path, NULL) : NULL;

    pf_json_set_location(json, "path", path);
    pf_json_set_location(json, "real_path", real);
    free(real);
}

static bool same_file(struct pf_context *ctx, const struct pf_source_stat *a, const char *path)
{
    struct pf_source_stat b;
    struct pf_error ignored;
    bool directory;

    return pf_location_stat(ctx, path, &b, &directory, &ignored) == PF_OK && a->size == b.size && a->inode == b.inode &&
           a->device == b.device && a->modified_ns == b.modified_ns;
}

/* Summed after the conversion: a reader takes parts of the file in no order, and some of them twice. What was changed since has
 * another sum than what was read, so none is given. */
static void put_input(struct pf_json *json, const struct pf_conversion *c)
{
    const char *path = c->plan.job.input != NULL ? c->plan.job.input : c->request->input;
    const struct pf_source_stat *stat = &c->plan.input_stat;
    bool file = path != NULL && stat->regular && pf_plan_input_located(&c->plan);
    const char *missing = "it is no file";
    char sum[PF_SHA256_TEXT] = "";
    struct pf_error err;
    int64_t size = 0;

    pf_json_name(json, "input");
    pf_json_open(json, '{');
    put_path(json, path);
    if (file && !c->ran)
        missing = "it was not read";
    else if (file && pf_sha256_file(c->plan.ctx, path, sum, &size, &err) != PF_OK)
        missing = err.message;
    else if (file)
        missing = size == stat->size && same_file(c->request->ctx, stat, path) ? NULL : "it was changed after it had been read";
    pf_json_name(json, "size");
    if (file)
        pf_json_integer(json, stat->size);
    else
        pf_json_null(json);
    put_sum(json, sum, missing);
    pf_json_close(json, '}');
}

/* A file that the conversion made; expected -1 = of any size. */
static void put_made(struct pf_json *json, struct pf_context *ctx, const char *path, int64_t expected, const char *missing)
{
    char sum[PF_SHA256_TEXT] = "";
    struct pf_error err;
    int64_t size = expected;

    pf_json_open(json, '{');
    put_path(json, path);
    if (missing == NULL && pf_sha256_file(ctx, path, sum, &size, &err) != PF_OK)
        missing = err.message;
    else if (missing == NULL && expected >= 0 && size != expected)
        missing = "it was changed after it had been written";
    pf_json_name(json, "size");
    if (size >= 0)
        pf_json_integer(json, expected >= 0 ? expected : size);
    else
        pf_json_null(json);
    put_sum(json, sum, missing);
    pf_json_close(json, '}');
}

/* Those of several tables, each with what was rejected of it. */
static void put_outputs(struct pf_json *json, const struct pf_conversion *c)
{
    pf_json_name(json, "outputs");
    pf_json_open(json, '[');
    for (uint32_t i = 0; c->status == PF_OK && i < c->table_count; i++) {
        put_made(json, c->plan.ctx, c->plan.tables.tables[i].path, c->tables[i].bytes_written, NULL);
        if (c->tables[i].rejects_written)
            put_made(json, c->plan.ctx, c->plan.tables.tables[i].rejects, -1, NULL);
    }
    pf_json_close(json, ']');
}

static void put_files(struct pf_json *json, const struct pf_conversion *c)
{
    const struct pf_job *job = &c->plan.job;
    const bool many = pf_plan_is_many(&c->plan) && !c->plan.tables.one_file;
    bool file =
        job->output != NULL && !c->plan.engines_only && pf_plan_output_located(&c->plan) && strcmp(job->output, "-") != 0;

    put_input(json, c);
    pf_json_name(json, "output");
    if (c->status == PF_OK && many) {
        pf_json_null(json);
    } else if (c->status == PF_OK) {
        put_made(json, c->plan.ctx, job->output, c->outcome.bytes_written, file ? NULL : "it is no file");
    } else {
        pf_json_null(json);
    }
    pf_json_name(json, "rejects");
    if (c->status == PF_OK && c->outcome.rejects_written && !many)
        put_made(json, c->plan.ctx, job->rejects, -1, NULL);
    else
        pf_json_null(json);
    if (many)
        put_outputs(json, c);
}

static void put_settings(struct pf_json *json, const struct pf_conversion *c)
{
    pf_json_name(json, "settings");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < c->plan.setting_count; i++) {
        const struct pf_setting *setting = &c->plan.settings[i];
        const struct pf_option *option = pf_option_anywhere(c->plan.ctx, setting->name);
        bool secret = option != NULL && pf_option_is_secret(option);
        pf_json_open(json, '{');
        pf_json_set_text(json, "name", option != NULL ? option->name : setting->name);
        pf_json_set_location(json, "value", secret ? "***" : setting->value != NULL ? setting->value : "yes");
        pf_json_set_text(json, "place", setting->variable);
        pf_json_set_place(json, "line", setting->line);
        pf_json_close(json, '}');
    }
    pf_json_close(json, ']');
}

static char *report_text(const struct pf_report *report, const struct pf_conversion *c, const struct pf_result *result)
{
    const struct pf_outcome *outcome = &c->outcome;
    struct pf_json json;

    pf_json_begin(&json, &c->request->ctx->memory);
    pf_json_open(&json, '{');
    pf_json_set_integer(&json, "report", REPORT_FORM);
    pf_json_set_text(&json, "version", pf_version());
    pf_json_set_bool(&json, "success", c->status == PF_OK);
    pf_json_set_integer(&json, "exit_code", pf_result_exit_code(result));
    pf_json_set_text(&json, "engine", c->status == PF_OK ? "native" : "none");
    put_time(&json, "started", report->started);
    put_time(&json, "finished", pf_wall_clock());
    put_files(&json, c);
    pf_json_set_integer(&json, "rows_read", outcome->rows_read);
    pf_json_set_integer(&json, "rows_written", c->status == PF_OK ? outcome->rows_written : 0);
    pf_json_set_integer(&json, "rows_rejected", outcome->rows_rejected);
    pf_json_set_integer(&json, "rows_left_out", outcome->rows_left_out);
    put_settings(&json, c);
    pf_json_name(&json, "result");
    pf_json_raw(&json, pf_result_json(result));
    pf_json_close(&json, '}');
    return pf_json_end(&json);
}

static enum pf_status put_bytes(struct pf_sink *sink, const char *text, struct pf_error *err)
{
    if (pf_sink_write(sink, text, strlen(text), err) != PF_OK || pf_sink_write(sink, "\n", 1, err) != PF_OK)
        return err->status;
    return pf_sink_commit(sink, err);
}

enum pf_status pf_report_write(struct pf_report *report, const struct pf_conversion *c, const struct pf_result *result,
                               struct pf_error *err)
{
    struct pf_context *ctx = c->request->ctx;
    char *text;

    pf_error_clear(err);
    if (report->sink == NULL && !report->refused && pf_report_open(report, c, err) != PF_OK)
        return err->status;
    if (report->sink == NULL)
        return PF_OK;
    text = report_text(report, c, result);
    if (text == NULL)
        return pf_fail_memory(err, 1);
    /* A name is taken when its report is committed: of two that began in one microsecond the later looks for another. */
    for (int tries = 0; put_bytes(report->sink, text, err) == PF_EXISTS && tries < SAME_NAME; tries++) {
        pf_report_end(report);
        if (pf_report_open(report, c, err) != PF_OK)
            break;
    }
    pf_free(&ctx->memory, text);
    return err->status;
}
