/* Validate: reads the whole input and tells the first thing that is wrong with it. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "convert/notes.h"
#include "convert/outputs.h"
#include "convert/words.h"
#include "formats/format.h"

/* Of an input that can have several tables: ", 2 sheets with 96 rows". Of those that are left out, the verdict says why. */
static bool put_tables(struct pf_buffer *text, const struct pf_plan *plan, const struct pf_outcome *outcome)
{
    const struct pf_plan_tables *tables = &plan->tables;
    char sheets[PF_WORDS], rows[PF_WORDS];
    int64_t read = 0;
    bool good = true;

    if (plan->job.reader->list == NULL || plan->options.compat == PF_COMPAT_1_0)
        return true;
    for (uint32_t i = 0; i < tables->count; i++)
        read += tables->tables[i].part_count;
    good = pf_buffer_printf(text, ": %s with %s", pf_words_of(read, pf_table_word(plan->job.reader), sheets),
                            pf_words_of(outcome->rows_written, "row", rows));
    for (uint32_t i = 0; good && i < tables->left_out_count; i++)
        good = pf_buffer_printf(text, "%s'%s': %s", i == 0 ? "; left out: " : "; ", tables->left_out[i].name,
                                tables->left_out[i].why);
    return good;
}

/* "sales.csv is a valid .CSV file": the words of the original. */
static char *verdict(const struct pf_plan *plan, const struct pf_outcome *outcome)
{
    char shown[PF_SHOWN];
    const char *name = pf_shown_name(plan->job.input, shown);
    const char *dot = strrchr(name, '.');
    struct pf_buffer text;
    char *done = NULL;
    bool good;

    if (dot == name)
        dot = NULL;
    pf_buffer_init(&text, &plan->ctx->memory, SIZE_MAX);
    good = pf_buffer_printf(&text, "%s is a valid ", strcmp(name, "-") == 0 ? "standard input" : name);
    for (const char *c = dot != NULL ? dot : plan->job.reader->name; good && *c != '\0'; c++) {
        char upper = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
        good = pf_buffer_append(&text, &upper, 1);
    }
    if (good && pf_buffer_append_text(&text, " file") && put_tables(&text, plan, outcome))
        done = pf_buffer_take_text(&text);
    pf_buffer_free(&text);
    if (done != NULL)
        pf_hide_secrets(done);
    return done;
}

/* A row that a conversion would set aside makes the file invalid: where the reader has a way to stop at the first one, it
 * does, and tells its place. Below every setting of the user's, wherever it stands. */
static const struct pf_setting strict = { .name = "ragged", .value = "fail-long", .variable = "validate" };

/* Whether nobody said what becomes of ragged rows. */
static bool is_strict(const struct pf_plan *plan)
{
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const struct pf_setting *setting = &plan->settings[i];
        bool ours = setting->variable != NULL && strcmp(setting->variable, strict.variable) == 0;
        if (strcmp(setting->name, strict.name) == 0 && !ours)
            return false;
    }
    return true;
}

/* Who says what becomes of ragged rows has rows set aside as a conversion would, and is told of them. */
static enum pf_status judge_rejects(struct pf_plan *plan, const struct pf_outcome *outcome, struct pf_error *err)
{
    const struct pf_first_reject *first = &outcome->first_reject;
    char rows[PF_WORDS], line[PF_WORDS] = "";
    enum pf_status status;

    if (outcome->rows_rejected == 0)
        return PF_OK;
    if (is_strict(plan)) {
        status = pf_fail(err, PF_BAD_DATA, "%s cannot be read as rows of the table",
                         pf_words_of(outcome->rows_rejected, "row", rows));
        err->row = first->row;
        err->line = first->line;
        pf_error_source(err, plan->job.input);
        return status;
    }
    status = pf_check_rejects(&plan->job, outcome->rows_written, outcome->rows_rejected, first, err);
    if (status != PF_OK)
        return status;
    if (first->line > 0)
        (void)snprintf(line, sizeof line, ", the first on line %lld", (long long)first->line);
    return pf_plan_warn(plan, "%s set aside%s", pf_words_verb(outcome->rows_rejected, "row", "is", "are", rows), line)
               ? PF_OK
               : pf_fail_memory(err, 1);
}

/* tables: one each where there are several. */
static enum pf_status scan(struct pf_plan *plan, struct pf_outcome *outcome, struct pf_outcome *tables, struct pf_error *err)
{
    enum pf_status status = pf_outputs_scan(plan, plan->job.types, outcome, tables, err);

    if (status == PF_OK)
        status = judge_rejects(plan, outcome, err);
    if (status == PF_OK && !pf_note_rows(plan, outcome))
        status = pf_fail_memory(err, 1);
    return status;
}

/* tables: what was read of each where there are several; those behind a fault have no rows. */
static void put_table_list(struct pf_json *json, const struct pf_plan *plan, const struct pf_outcome *outcome,
                           const struct pf_outcome *tables)
{
    pf_json_name(json, "tables");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < plan->tables.count; i++) {
        pf_json_open(json, '{');
        pf_json_set_sources(json, &plan->tables.tables[i]);
        pf_json_set_integer(json, "rows", (tables != NULL ? &tables[i] : outcome)->rows_written);
        pf_json_close(json, '}');
    }
    pf_json_close(json, ']');
    pf_json_set_left_out(json, &plan->tables);
}

/* What was found out, whether the input is valid or not. */
static char *verdict_json(const struct pf_plan *plan, const struct pf_outcome *outcome, const struct pf_outcome *tables,
                          const struct pf_error *err)
{
    struct pf_error scratch;
    struct pf_json json;

    pf_json_begin(&json, &plan->ctx->memory);
    pf_json_open(&json, '{');
    pf_json_set_bool(&json, "valid", err->status == PF_OK);
    pf_json_set_location(&json, "input_path", plan->job.input);
    pf_json_set_text(&json, "file_type", plan->job.reader != NULL ? plan->job.reader->name : NULL);
    /* what was read up to the fault, in a block that was not finished */
    pf_json_set_integer(&json, "rows", outcome->rows_written >= err->row ? outcome->rows_written : err->row - 1);
    pf_json_set_integer(&json, "rows_short", outcome->rows_short);
    pf_json_name(&json, "warnings");
    pf_json_open(&json, '[');
    for (uint32_t i = 0; i < outcome->warning_count; i++)
        pf_json_text(&json, outcome->warnings[i]);
    for (uint32_t i = 0; i < plan->warning_count; i++)
        pf_json_text(&json, plan->warnings[i]);
    pf_json_close(&json, ']');
    if (plan->job.reader != NULL && plan->job.reader->list != NULL)
        put_table_list(&json, plan, outcome, tables);
    pf_json_set_error(&json, pf_error_told(plan->ctx, err, &scratch));
    pf_json_close(&json, '}');
    return pf_json_end(&json);
}

static enum pf_status scan_tables(struct pf_plan *plan, struct pf_outcome *outcome, struct pf_outcome **tables,
                                  struct pf_error *err)
{
    const uint32_t count = plan->tables.count;

    if (pf_plan_is_many(plan)) {
        *tables = pf_arena_alloc_zero(&plan->arena, count, sizeof **tables);
        if (*tables == NULL)
            return pf_fail_memory(err, count * sizeof **tables);
    }
    for (uint32_t i = 0; *tables != NULL && i < count; i++)
        pf_outcome_init(&(*tables)[i], plan->ctx);
    return scan(plan, outcome, *tables, err);
}

static enum pf_status validate(struct pf_request *request, bool json, char **text, struct pf_error *err)
{
    struct pf_outcome outcome, *tables = NULL;
    struct pf_plan plan;

    *text = NULL;
    pf_error_clear(err);
    atomic_store(&request->ctx->cancelled, false);
    request->hooked = &strict;
    request->hooked_count = 1;
    pf_outcome_init(&outcome, request->ctx);
    if (pf_plan_make(&plan, request, PF_PLAN_READ_ALL, err) == PF_OK)
        (void)scan_tables(&plan, &outcome, &tables, err);
    if (json)
        *text = verdict_json(&plan, &outcome, tables, err);
    else if (err->status == PF_OK)
        *text = verdict(&plan, &outcome);
    if (*text == NULL && err->status == PF_OK)
        (void)pf_fail_memory(err, 1);
    for (uint32_t i = 0; tables != NULL && i < plan.tables.count; i++)
        pf_outcome_free(&tables[i]);
    pf_outcome_free(&outcome);
    pf_plan_free(&plan);
    request->hooked = NULL;
    request->hooked_count = 0;
    return err->status;
}

enum pf_status pf_validate(struct pf_request *request, char **text, struct pf_error *err)
{
    return validate(request, false, text, err);
}

enum pf_status pf_validate_json(struct pf_request *request, char **text, struct pf_error *err)
{
    return validate(request, true, text, err);
}

void pf_text_free(struct pf_context *ctx, char *text)
{
    if (text != NULL)
        pf_free(&ctx->memory, text);
}
