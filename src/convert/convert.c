/* A conversion, from request to result. */
#include <string.h>

#include "base/thread.h"
#include "convert/notes.h"
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
    const char *output = c->plan.job.output;

    if (pf_plan_facts(&c->plan, NULL, c->err) != PF_OK)
        return c->err->status;
    if (!pf_note_facts(&c->plan))
        return pf_fail_memory(c->err, 1);
    log_plan(c);
    if (strcmp(output, "-") == 0)
        return PF_OK;
    return pf_folders_make(&c->folders, output, &c->plan.arena, c->err);
}

static enum pf_status run(struct pf_conversion *c)
{
    if (prepare(c) != PF_OK)
        return c->err->status;
    c->ran = true;
    if (pf_native_run(c->plan.ctx, &c->plan.job, &c->outcome, c->err) != PF_OK)
        return c->err->status;
    /* The output is complete: a note that finds no memory is let go. */
    (void)(pf_note_types(&c->plan, &c->outcome.schema) && pf_note_rejects(&c->plan, &c->outcome));
    return PF_OK;
}

enum pf_status pf_convert(struct pf_request *request, struct pf_result **out, struct pf_error *err)
{
    double started = pf_clock();
    struct pf_conversion c;
    enum pf_status status;

    memset(&c, 0, sizeof c);
    c.request = request;
    c.err = err;
    pf_error_clear(err);
    atomic_store(&request->ctx->cancelled, false);
    pf_outcome_init(&c.outcome, request->ctx);
    c.status = pf_plan_make(&c.plan, request, PF_PLAN_CONVERT, err);
    if (c.status == PF_OK)
        c.status = run(&c);
    if (c.status != PF_OK)
        pf_folders_remove(&c.folders);
    c.seconds = pf_clock() - started;
    status = c.status;
    *out = pf_result_new(&c);
    pf_outcome_free(&c.outcome);
    pf_plan_free(&c.plan);
    return status;
}
