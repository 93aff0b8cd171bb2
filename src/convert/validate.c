/* Validate: reads the whole input and tells the first thing that is wrong with it. */
#include <string.h>

#include "convert/json.h"
#include "convert/notes.h"
#include "convert/words.h"
#include "formats/format.h"

/* "sales.csv is a valid .CSV file": the words of the original. */
static char *verdict(const struct pf_plan *plan)
{
    const char *slash = strrchr(plan->job.input, '/');
    const char *name = slash != NULL ? slash + 1 : plan->job.input;
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
    if (good && pf_buffer_append_text(&text, " file"))
        done = pf_buffer_take_text(&text);
    pf_buffer_free(&text);
    return done;
}

/* A row that a conversion would set aside makes the file invalid: where the reader has a way to stop at the first one, it
 * does, and tells its place. */
static enum pf_status be_strict(struct pf_request *request, struct pf_error *err)
{
    for (uint32_t i = 0; i < request->setting_count; i++) {
        if (strcmp(request->settings[i].name, "ragged") == 0)
            return PF_OK;
    }
    if (pf_request_is_flag(request, "ragged") < 0)
        return PF_OK;
    if (pf_request_set(request, "ragged", "fail-long", err) != PF_OK)
        return err->status;
    /* Not the user's: no warning when the format has no such option. */
    request->settings[request->setting_count - 1].variable = "validate";
    return PF_OK;
}

static enum pf_status scan(struct pf_plan *plan, struct pf_outcome *outcome, struct pf_error *err)
{
    char rows[PF_WORDS];
    enum pf_status status = pf_native_scan(plan->ctx, &plan->job, outcome, err);

    if (status == PF_OK && outcome->rows_rejected > 0) {
        status = pf_fail(err, PF_BAD_DATA, "%s cannot be read as rows of the table",
                         pf_words_of(outcome->rows_rejected, "row", rows));
        pf_error_source(err, plan->job.input);
    }
    if (status == PF_OK && !pf_note_rows(plan, outcome))
        status = pf_fail_memory(err, 1);
    return status;
}

/* What was found out, whether the input is valid or not. */
static char *verdict_json(const struct pf_plan *plan, const struct pf_request *request, const struct pf_outcome *outcome,
                          const struct pf_error *err)
{
    struct pf_json json;

    pf_json_begin(&json, &plan->ctx->memory);
    pf_json_open(&json, '{');
    pf_json_set_bool(&json, "valid", err->status == PF_OK);
    pf_json_set_text(&json, "input_path", request->input);
    pf_json_set_text(&json, "file_type", plan->job.reader != NULL ? plan->job.reader->name : NULL);
    pf_json_set_integer(&json, "rows", outcome->rows_written);
    pf_json_set_integer(&json, "rows_short", outcome->rows_short);
    pf_json_name(&json, "warnings");
    pf_json_open(&json, '[');
    for (uint32_t i = 0; i < outcome->warning_count; i++)
        pf_json_text(&json, outcome->warnings[i]);
    for (uint32_t i = 0; i < plan->warning_count; i++)
        pf_json_text(&json, plan->warnings[i]);
    pf_json_close(&json, ']');
    pf_json_set_error(&json, err);
    pf_json_close(&json, '}');
    return pf_json_end(&json);
}

static enum pf_status validate(struct pf_request *request, bool json, char **text, struct pf_error *err)
{
    uint32_t given = request->setting_count;
    struct pf_outcome outcome;
    struct pf_plan plan;

    *text = NULL;
    pf_error_clear(err);
    atomic_store(&request->ctx->cancelled, false);
    if (be_strict(request, err) != PF_OK)
        return err->status;
    pf_outcome_init(&outcome, request->ctx);
    if (pf_plan_make(&plan, request, PF_PLAN_READ, err) == PF_OK)
        (void)scan(&plan, &outcome, err);
    if (json)
        *text = verdict_json(&plan, request, &outcome, err);
    else if (err->status == PF_OK)
        *text = verdict(&plan);
    if (*text == NULL && err->status == PF_OK)
        (void)pf_fail_memory(err, 1);
    pf_outcome_free(&outcome);
    pf_plan_free(&plan);
    request->setting_count = given;
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
