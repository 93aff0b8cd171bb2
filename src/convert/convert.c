/* A conversion, from request to result. */
#include <string.h>

#include "base/thread.h"
#include "convert/hooked.h"
#include "convert/notes.h"
#include "convert/outputs.h"
#include "convert/report.h"
#include "convert/result.h"

/* For --verbose. */
static void log_plan(const struct pf_conversion *c)
{
    const struct pf_plan *plan = &c->plan;

    pf_log(plan->ctx, PF_LOG_INFO, "Input file: %s", plan->job.input);
    pf_log(plan->ctx, PF_LOG_INFO, "Input format: %s, by %s", plan->job.reader->name, plan->reader_chosen_by);
    for (uint32_t i = 0; i < plan->fact_count; i++)
        pf_log(plan->ctx, PF_LOG_DEBUG, "  %s: %s", plan->facts[i].name, plan->facts[i].value);
    pf_log(plan->ctx, PF_LOG_INFO, "Output format: %s, by %s", plan->job.writer->name, plan->writer_chosen_by);
    pf_log(plan->ctx, PF_LOG_INFO, "%s: %s", c->request->output == NULL ? "Auto-generated output file" : "Output file",
           plan->job.output);
}

/* What is left to do before the engine is given the job. */
static enum pf_status prepare(struct pf_conversion *c)
{
    const char *output = pf_plan_is_many(&c->plan) ? c->plan.tables.tables[0].path : c->plan.job.output;

    if (pf_plan_facts(&c->plan, NULL, c->err) != PF_OK)
        return c->err->status;
    if (!pf_note_facts(&c->plan))
        return pf_fail_memory(c->err, 1);
    log_plan(c);
    if (c->plan.engines_only || !pf_plan_output_located(&c->plan) || strcmp(output, "-") == 0 ||
        pf_location_is_remote(c->plan.ctx, output))
        return PF_OK;
    return pf_folders_make(&c->folders, output, &c->plan.arena, c->err);
}

static enum pf_status run(struct pf_conversion *c)
{
    if (prepare(c) != PF_OK)
        return c->err->status;
    if (pf_engines_run(c, c->err) != PF_OK)
        return c->err->status;
    if (c->engine != NULL)
        return PF_OK; /* an engine of an extension tells no columns, and warns by itself */
    /* The output is complete: a note that finds no memory is let go. */
    if (pf_plan_is_many(&c->plan)) {
        (void)pf_note_rejects(&c->plan, &c->outcome);
        return PF_OK;
    }
    (void)(pf_note_rows(&c->plan, &c->outcome) && pf_note_types(&c->plan, &c->outcome.schema) &&
           pf_note_rejects(&c->plan, &c->outcome));
    pf_log_reasons(&c->plan, &c->outcome);
    return PF_OK;
}

/* Hooks of extensions are told how it ended. Their notes belong to the result, which is made once more then. */
static void call_hooks(struct pf_hooked *hooked, struct pf_conversion *c, struct pf_result **result)
{
    bool more = c->status == PF_OK ? *result != NULL && pf_hooked_post(hooked, pf_result_json(*result))
                                   : pf_hooked_error(hooked, c->err);

    if (!more)
        return;
    c->notes = hooked->notes;
    c->note_count = hooked->note_count;
    pf_result_free(*result);
    *result = pf_result_new(c);
}

/* The result, told to the report as well. The output stands whether there is a report or not: without one, that is a warning. */
static struct pf_result *tell(struct pf_conversion *c, struct pf_hooked *hooked, struct pf_report *report)
{
    static const char lost[] = "no report was written: %s";
    struct pf_result *result = pf_result_new(c);
    struct pf_error err;
    bool told;

    call_hooks(hooked, c, &result);
    if (result == NULL || pf_report_write(report, c, result, &err) == PF_OK)
        return result;
    told = c->status == PF_OK ? pf_plan_warn_loss(&c->plan, lost, err.message) : pf_plan_warn(&c->plan, lost, err.message);
    if (!told)
        return result;
    pf_result_free(result);
    return pf_result_new(c);
}

static enum pf_status attempt(struct pf_request *request, struct pf_hooked *hooked, struct pf_result **out,
                              struct pf_error *err)
{
    double started = pf_clock();
    struct pf_report report;
    struct pf_conversion c;
    enum pf_status status;

    memset(&c, 0, sizeof c);
    c.request = request;
    c.err = err;
    c.environment = hooked->environment;
    c.notes = hooked->notes;
    c.note_count = hooked->note_count;
    pf_error_clear(err);
    pf_outcome_init(&c.outcome, request->ctx);
    pf_report_begin(&report);
    c.status = pf_plan_make(&c.plan, request, PF_PLAN_CONVERT, err);
    if (c.status == PF_OK)
        c.status = pf_report_open(&report, &c, err);
    if (c.status == PF_OK)
        c.status = run(&c);
    if (c.status != PF_OK)
        pf_folders_remove(&c.folders);
    c.seconds = pf_clock() - started;
    status = c.status;
    if (c.outcome_unknown)
        hooked->may_retry = false;
    *out = tell(&c, hooked, &report);
    pf_report_end(&report);
    pf_outputs_free(&c);
    pf_outcome_free(&c.outcome);
    pf_plan_free(&c.plan);
    return status;
}

/* Of a conversion that did not come as far as a plan. */
static void tell_early(struct pf_request *request, const struct pf_hooked *hooked, struct pf_result **out, struct pf_error *err)
{
    struct pf_conversion c;

    memset(&c, 0, sizeof c);
    c.request = request;
    c.err = err;
    c.status = err->status;
    c.notes = hooked->notes;
    c.note_count = hooked->note_count;
    pf_outcome_init(&c.outcome, request->ctx);
    *out = pf_result_new(&c);
    pf_outcome_free(&c.outcome);
}

enum pf_status pf_convert(struct pf_request *request, struct pf_result **out, struct pf_error *err)
{
    struct pf_hooked hooked;
    enum pf_status status;

    memset(&hooked, 0, sizeof hooked);
    *out = NULL;
    pf_error_clear(err);
    atomic_store(&request->ctx->cancelled, false);
    status = pf_hooked_begin(&hooked, request, err);
    if (status == PF_OK)
        status = attempt(request, &hooked, out, err);
    else
        tell_early(request, &hooked, out, err);
    while (status != PF_OK && pf_hooked_retry(&hooked)) {
        pf_result_free(*out);
        status = attempt(request, &hooked, out, err);
    }
    pf_hooked_end(&hooked);
    if (*out == NULL && status == PF_OK) /* the output is there; what was done cannot be told */
        pf_fail_memory(err, 1);
    return status;
}

enum pf_status pf_write_stream(struct pf_request *request, struct ArrowArrayStream *in, struct pf_result **out,
                               struct pf_error *err)
{
    enum pf_status status;

    pf_given_drop_input(&request->given);
    request->given.stream = *in;
    in->release = NULL;
    status = pf_convert(request, out, err);
    if (request->given.stream.release != NULL) /* no plan has taken it */
        request->given.stream.release(&request->given.stream);
    memset(&request->given.stream, 0, sizeof request->given.stream);
    return status;
}
