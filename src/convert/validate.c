/* Validate: reads the whole input and tells the first thing that is wrong with it. */
#include <string.h>

#include "convert/plan.h"
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
    if (pf_request_set(request, "ragged", "fail", err) != PF_OK)
        return err->status;
    /* Not the user's: no warning when the format has no such option. */
    request->settings[request->setting_count - 1].variable = "validate";
    return PF_OK;
}

static enum pf_status scan(struct pf_plan *plan, struct pf_error *err)
{
    struct pf_outcome outcome;
    char rows[PF_WORDS];
    enum pf_status status;

    pf_outcome_init(&outcome, plan->ctx);
    status = pf_native_scan(plan->ctx, &plan->job, &outcome, err);
    if (status == PF_OK && outcome.rows_rejected > 0) {
        status = pf_fail(err, PF_BAD_DATA, "%s cannot be read as rows of the table",
                         pf_words_of(outcome.rows_rejected, "row", rows));
        pf_error_source(err, plan->job.input);
    }
    pf_outcome_free(&outcome);
    return status;
}

enum pf_status pf_validate(struct pf_request *request, char **text, struct pf_error *err)
{
    uint32_t given = request->setting_count;
    struct pf_plan plan;

    *text = NULL;
    pf_error_clear(err);
    atomic_store(&request->ctx->cancelled, false);
    if (be_strict(request, err) != PF_OK)
        return err->status;
    if (pf_plan_make(&plan, request, PF_PLAN_READ, err) == PF_OK && scan(&plan, err) == PF_OK) {
        *text = verdict(&plan);
        if (*text == NULL)
            (void)pf_fail_memory(err, 1);
    }
    pf_plan_free(&plan);
    request->setting_count = given;
    return err->status;
}

void pf_text_free(struct pf_context *ctx, char *text)
{
    if (text != NULL)
        pf_free(&ctx->memory, text);
}
