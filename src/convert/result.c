#include "convert/result.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "convert/words.h"

struct pf_result {
    struct pf_context *ctx;
    char *json, *summary;
    char **warnings;
    uint32_t warning_count;
    int exit_code;
};

void pf_result_free(struct pf_result *result)
{
    struct pf_context *ctx;
    struct pf_memory *memory;

    if (result == NULL)
        return;
    ctx = result->ctx;
    memory = &ctx->memory;
    for (uint32_t i = 0; i < result->warning_count; i++)
        pf_free(memory, result->warnings[i]);
    pf_free(memory, result->warnings);
    pf_free(memory, result->json);
    pf_free(memory, result->summary);
    pf_free(memory, result);
    pf_context_release(ctx);
}

const char *pf_result_json(const struct pf_result *result)
{
    return result->json;
}

int pf_result_exit_code(const struct pf_result *result)
{
    return result->exit_code;
}

const char *pf_result_summary(const struct pf_result *result)
{
    return result->summary;
}

const char *pf_result_warning(const struct pf_result *result, uint32_t index)
{
    return index < result->warning_count ? result->warnings[index] : NULL;
}

/* ---- the record */

static double rounded(double seconds)
{
    return floor(seconds * 1e6 + 0.5) / 1e6;
}

static bool succeeded(const struct pf_conversion *c)
{
    return c->status == PF_OK;
}

static void put_paths(struct pf_json *json, const struct pf_conversion *c)
{
    const struct pf_job *job = &c->plan.job;

    pf_json_set_bool(json, "success", succeeded(c));
    pf_json_set_location(json, "input_path", job->input != NULL ? job->input : c->request->input);
    pf_json_set_location(json, "output_path", job->output != NULL ? job->output : c->request->output);
    pf_json_set_text(json, "output_format", job->writer != NULL ? job->writer->name : NULL);
}

/* Of a stream that has yet to be read, a count may be unknown. */
static void set_rows(struct pf_json *json, const char *name, int64_t rows)
{
    pf_json_name(json, name);
    if (rows >= 0)
        pf_json_integer(json, rows);
    else
        pf_json_null(json);
}

/* Both spellings of each key: those of the original's code and those of its documentation. */
static void put_counts(struct pf_json *json, const struct pf_conversion *c)
{
    const struct pf_outcome *outcome = &c->outcome;
    int64_t rows = succeeded(c) ? outcome->rows_written : 0;
    int64_t size = c->plan.input_stat.size > 0 ? c->plan.input_stat.size : outcome->bytes_read;
    const char *engine = !succeeded(c) ? "none" : c->engine != NULL ? c->engine : "native";

    set_rows(json, "row_count", rows);
    set_rows(json, "rows_processed", rows);
    set_rows(json, "rows_read", outcome->rows_read);
    pf_json_set_integer(json, "rows_rejected", outcome->rows_rejected);
    pf_json_set_integer(json, "rows_left_out", outcome->rows_left_out);
    pf_json_set_integer(json, "rows_short", outcome->rows_short);
    pf_json_set_text(json, "processing_engine", engine);
    pf_json_set_text(json, "converter_used", engine);
    pf_json_set_number(json, "duration", rounded(c->seconds));
    pf_json_set_number(json, "duration_seconds", rounded(c->seconds));
    pf_json_set_integer(json, "file_size_bytes", size);
    pf_json_set_integer(json, "output_size_bytes", succeeded(c) ? outcome->bytes_written : 0);
}

/* The value that made a column text, and its row; null where there is no single one. */
static void put_reason(struct pf_json *json, const struct pf_column_facts *facts)
{
    pf_json_name(json, "text_because");
    if (facts == NULL || facts->because == NULL) {
        pf_json_null(json);
        return;
    }
    pf_json_open(json, '{');
    pf_json_set_place(json, "row", facts->because_row);
    pf_json_set_text(json, "reason", facts->because);
    pf_json_close(json, '}');
}

static void put_column(struct pf_json *json, const char *name, const char *type, const struct pf_column_facts *facts)
{
    pf_json_open(json, '{');
    pf_json_set_text(json, "name", name);
    pf_json_set_text(json, "type", type);
    pf_json_name(json, "null_count");
    if (facts != NULL && facts->nulls >= 0)
        pf_json_integer(json, facts->nulls);
    else
        pf_json_null(json);
    put_reason(json, facts);
    pf_json_close(json, '}');
}

void pf_json_set_columns(struct pf_json *json, const struct pf_schema *schema, const struct pf_column_facts *facts)
{
    struct pf_buffer type;

    pf_buffer_init(&type, json->out.memory, SIZE_MAX);
    pf_json_name(json, "columns");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < schema->count; i++) {
        pf_buffer_clear(&type);
        if (!pf_type_print(&schema->fields[i], &type) || !pf_buffer_append(&type, "", 1))
            json->failed = true;
        else
            put_column(json, schema->fields[i].name, (const char *)type.data, facts != NULL ? &facts[i] : NULL);
    }
    pf_json_close(json, ']');
    pf_buffer_free(&type);
}

/* Of one table: what its engine told, which is nothing where that is the native one. */
static void put_columns(struct pf_json *json, const struct pf_conversion *c)
{
    if (c->told.count == 0) {
        pf_json_set_columns(json, &c->outcome.schema, c->outcome.columns);
        return;
    }
    pf_json_name(json, "columns");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < c->told.count; i++)
        put_column(json, c->told.list[i].name, c->told.list[i].type, &c->told.list[i].facts);
    pf_json_close(json, ']');
}

void pf_json_set_sources(struct pf_json *json, const struct pf_plan_table *table)
{
    pf_json_set_text(json, "name", table->name);
    pf_json_name(json, "sources");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < table->part_count; i++)
        pf_json_text(json, table->parts[i].name);
    pf_json_close(json, ']');
}

void pf_json_set_planned(struct pf_json *json, const struct pf_plan_table *table)
{
    pf_json_set_sources(json, table);
    pf_json_set_text(json, "output_path", table->path);
}

/* One table as it was written. */
static void put_table(struct pf_json *json, const struct pf_conversion *c, uint32_t at)
{
    const struct pf_plan_table *table = &c->plan.tables.tables[at];
    const struct pf_outcome *outcome = c->table_count != 0 ? &c->tables[at] : &c->outcome;
    const bool rejects = c->plan.tables.one_file ? c->outcome.rejects_written : outcome->rejects_written;

    pf_json_open(json, '{');
    pf_json_set_planned(json, table);
    set_rows(json, "row_count", outcome->rows_written);
    pf_json_set_integer(json, "rows_rejected", outcome->rows_rejected);
    pf_json_set_text(json, "rejects_path", rejects ? table->rejects : NULL);
    if (c->table_count != 0)
        pf_json_set_columns(json, &outcome->schema, outcome->columns);
    else
        put_columns(json, c);
    pf_json_close(json, '}');
}

static void put_tables(struct pf_json *json, const struct pf_conversion *c)
{
    const struct pf_plan_tables *tables = &c->plan.tables;

    pf_json_name(json, "tables");
    pf_json_open(json, '[');
    for (uint32_t i = 0; succeeded(c) && i < tables->count; i++)
        put_table(json, c, i);
    pf_json_close(json, ']');
    pf_json_set_left_out(json, tables);
}

void pf_json_set_left_out(struct pf_json *json, const struct pf_plan_tables *tables)
{
    pf_json_name(json, "tables_left_out");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < tables->left_out_count; i++) {
        pf_json_open(json, '{');
        pf_json_set_text(json, "name", tables->left_out[i].name);
        pf_json_set_text(json, "reason", tables->left_out[i].why);
        pf_json_close(json, '}');
    }
    pf_json_close(json, ']');
}

static void put_attempt(struct pf_json *json, const struct pf_attempt *attempt)
{
    pf_json_open(json, '{');
    pf_json_set_text(json, "engine", attempt->engine);
    pf_json_set_bool(json, "ok", attempt->status == PF_OK);
    pf_json_set_text(json, "reason", attempt->reason);
    pf_json_set_text(json, "status", pf_status_name(attempt->status));
    pf_json_set_text(json, "failure", attempt->failure);
    pf_json_set_number(json, "seconds", rounded(attempt->seconds));
    pf_json_close(json, '}');
}

void pf_json_set_engine_reason(struct pf_json *json, const struct pf_plan *plan)
{
    struct pf_arena arena;

    pf_arena_init(&arena, json->out.memory, SIZE_MAX); /* a plan that was not begun has none */
    pf_json_set_text(json, "engine_reason", pf_engines_reason(plan, &arena));
    pf_arena_free(&arena);
}

static void put_attempts(struct pf_json *json, const struct pf_conversion *c)
{
    struct pf_error scratch;

    pf_json_name(json, "attempts");
    pf_json_open(json, '[');
    if (c->ran && c->attempt_count == 0) { /* a stream, which is native always */
        const char *reason = succeeded(c) ? "" : pf_error_told(c->plan.ctx, c->err, &scratch)->message;
        struct pf_attempt alone = { "native", reason, succeeded(c) ? "" : "ends", c->status, c->outcome.seconds };

        put_attempt(json, &alone);
    }
    for (uint32_t i = 0; i < c->attempt_count; i++)
        put_attempt(json, &c->attempts[i]);
    pf_json_close(json, ']');
    pf_json_set_bool(json, "fallback_used", succeeded(c) && c->attempt_count > 1);
    pf_json_set_bool(json, "outcome_unknown", c->outcome_unknown);
    pf_json_set_engine_reason(json, &c->plan);
}

static char *make_json(const struct pf_conversion *c, const struct pf_result *result)
{
    struct pf_error scratch;
    struct pf_json json;

    pf_json_begin(&json, &result->ctx->memory);
    pf_json_open(&json, '{');
    put_paths(&json, c);
    put_counts(&json, c);
    put_columns(&json, c);
    put_tables(&json, c);
    pf_json_name(&json, "warnings");
    pf_json_open(&json, '[');
    for (uint32_t i = 0; i < result->warning_count; i++)
        pf_json_text(&json, result->warnings[i]);
    pf_json_close(&json, ']');
    pf_json_set_location(&json, "rejects_path", c->outcome.rejects_written ? c->plan.job.rejects : NULL);
    put_attempts(&json, c);
    pf_json_set_integer(&json, "columns_repaired", c->outcome.repaired);
    pf_json_set_integer(&json, "peak_memory_bytes", (int64_t)c->outcome.peak_memory);
    pf_json_set_integer(&json, "threads", c->outcome.threads);
    pf_json_name(&json, "environment");
    if (c->environment == NULL) {
        pf_json_null(&json);
    } else {
        pf_json_raw(&json, c->environment);
    }
    pf_json_set_error(&json, pf_error_told(result->ctx, c->err, &scratch));
    pf_json_close(&json, '}');
    return pf_json_end(&json);
}

/* ---- words for people */

static const char *shown(const char *path, const char *standard)
{
    return strcmp(path, "-") == 0 ? standard : path;
}

static bool put_rate(struct pf_buffer *text, const struct pf_conversion *c)
{
    char seconds[PF_WORDS], rate[PF_WORDS];
    double per_second = c->seconds > 0 ? (double)c->outcome.bytes_read / c->seconds : 0;

    if (!pf_buffer_printf(text, ", %s", pf_words_seconds(c->seconds, seconds)))
        return false;
    /* A rate of a few milliseconds says nothing. */
    if (c->seconds < 0.02 || per_second < 1.0 || per_second > 1e15)
        return true;
    return pf_buffer_printf(text, " (%s/s)", pf_words_bytes((int64_t)per_second, rate));
}

/* A name on a line of its own: it breaks no line. */
static bool put_name(struct pf_buffer *text, const char *name)
{
    bool good = true;

    for (; good && *name != '\0'; name++) {
        const char c = (unsigned char)*name < ' ' ? ' ' : *name;

        good = pf_buffer_append(text, &c, 1);
    }
    return good;
}

/* A line for each of several tables, and for each that is left out. */
static bool put_table_lines(struct pf_buffer *text, const struct pf_conversion *c)
{
    const struct pf_plan_tables *tables = &c->plan.tables;
    char rows[PF_WORDS], columns[PF_WORDS];
    bool good = true;

    for (uint32_t i = 0; good && i < c->table_count; i++) {
        const struct pf_plan_table *table = &tables->tables[i];
        const char *slash = strrchr(table->path, '/');

        for (uint32_t part = 0; good && part < table->part_count; part++)
            good = pf_buffer_append_text(text, part == 0 ? "\n  " : ", ") && put_name(text, table->parts[part].name);
        good = good && pf_buffer_printf(text, ": %s, %s", pf_words_of(c->tables[i].rows_written, "row", rows),
                                        pf_words_of(c->tables[i].schema.count, "column", columns));
        if (good && !tables->one_file)
            good = pf_buffer_append_text(text, " -> ") && put_name(text, slash != NULL ? slash + 1 : table->path);
    }
    for (uint32_t i = 0; good && i < tables->left_out_count; i++)
        good = pf_buffer_append_text(text, "\n  ") && put_name(text, tables->left_out[i].name) &&
               pf_buffer_printf(text, ": left out, %s", tables->left_out[i].why);
    return good;
}

static char *make_summary(const struct pf_conversion *c, const struct pf_result *result)
{
    const struct pf_job *job = &c->plan.job;
    const struct pf_outcome *outcome = &c->outcome;
    const uint32_t column_count = c->told.count != 0 ? c->told.count : outcome->schema.count;
    char rows[PF_WORDS], columns[PF_WORDS], from[PF_WORDS], to[PF_WORDS], rejected[PF_WORDS];
    struct pf_buffer text;
    char *summary = NULL;
    bool good;

    if (!succeeded(c) || job->writer == NULL)
        return pf_copy_text(&result->ctx->memory, "nothing was written", strlen("nothing was written"));
    pf_buffer_init(&text, &result->ctx->memory, SIZE_MAX);
    good = pf_buffer_printf(&text, "%s -> %s: %s", shown(job->input, "standard input"), shown(job->output, "standard output"),
                            pf_words_of(outcome->rows_written, "row", rows)) &&
           (c->table_count == 0 || pf_buffer_printf(&text, ", %s", pf_words_of(c->table_count, "table", columns))) &&
           /* what columns there are, not every engine of an extension tells */
           (column_count == 0 || pf_buffer_printf(&text, ", %s", pf_words_of(column_count, "column", columns))) &&
           pf_buffer_printf(&text, ", %s -> %s", pf_words_bytes(outcome->bytes_read, from),
                            pf_words_bytes(outcome->bytes_written, to)) &&
           put_rate(&text, c) && pf_buffer_printf(&text, ", %s engine", c->engine != NULL ? c->engine : "native");
    if (good && outcome->rows_rejected > 0)
        good = pf_buffer_printf(&text, "; %s rejected", pf_words_of(outcome->rows_rejected, "row", rejected));
    if (good && outcome->rejects_written)
        good = pf_buffer_printf(&text, " to %s", job->rejects != NULL ? job->rejects : "files beside the outputs");
    good = good && put_table_lines(&text, c);
    if (good)
        summary = pf_buffer_take_text(&text);
    pf_buffer_free(&text);
    if (summary != NULL)
        pf_hide_secrets(summary);
    return summary;
}

static bool take_warnings(struct pf_result *result, const char *const *warnings, uint32_t count)
{
    struct pf_memory *memory = &result->ctx->memory;

    for (uint32_t i = 0; i < count; i++) {
        char *copy = pf_copy_text(memory, warnings[i], strlen(warnings[i]));
        if (copy == NULL)
            return false;
        result->warnings[result->warning_count++] = copy;
    }
    return true;
}

struct pf_result *pf_result_new(const struct pf_conversion *c)
{
    struct pf_memory *memory = &c->request->ctx->memory;
    struct pf_result *result = pf_alloc_zero(memory, 1, sizeof *result);
    size_t most = (size_t)c->plan.warning_count + c->outcome.warning_count + c->note_count;

    if (result == NULL)
        return NULL;
    result->ctx = c->request->ctx;
    pf_context_hold(result->ctx);
    result->exit_code = pf_exit_code(c->status, c->outcome.rows_rejected > 0, &c->plan.options);
    result->warnings = pf_alloc_zero(memory, most + 1, sizeof *result->warnings);
    if (result->warnings != NULL && take_warnings(result, c->plan.warnings, c->plan.warning_count) &&
        take_warnings(result, c->outcome.warnings, c->outcome.warning_count) &&
        take_warnings(result, c->notes, c->note_count)) {
        result->json = make_json(c, result);
        result->summary = make_summary(c, result);
    }
    if (result->json == NULL || result->summary == NULL) {
        pf_result_free(result);
        return NULL;
    }
    return result;
}
