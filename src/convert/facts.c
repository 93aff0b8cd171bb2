/* What the reader finds out about the input when it is opened, before anything is converted. */
#include <string.h>

#include "convert/plan.h"
#include "formats/format.h"

struct collecting {
    struct pf_plan *plan;
    bool failed;
};

/* Scripts know the key by the name it had in the original. */
static const char *known_name(const char *name)
{
    return strcmp(name, "header") == 0 ? "has_header" : name;
}

static void collect(void *user, const char *name, const char *value, bool number)
{
    struct collecting *collecting = user;
    struct pf_plan *plan = collecting->plan;
    struct pf_fact *fact;

    if (plan->fact_count == plan->fact_capacity) {
        uint32_t capacity = plan->fact_capacity * 2 + 8;
        struct pf_fact *facts = pf_arena_alloc(&plan->arena, capacity * sizeof *facts);
        if (facts == NULL) {
            collecting->failed = true;
            return;
        }
        if (plan->fact_count > 0)
            memcpy(facts, plan->facts, plan->fact_count * sizeof *facts);
        plan->facts = facts;
        plan->fact_capacity = capacity;
    }
    name = known_name(name);
    fact = &plan->facts[plan->fact_count];
    fact->name = pf_arena_copy(&plan->arena, name, strlen(name));
    fact->value = pf_arena_copy(&plan->arena, value, strlen(value));
    fact->number = number;
    if (fact->name == NULL || fact->value == NULL)
        collecting->failed = true;
    else
        plan->fact_count++;
}

/* What the reader warns of belongs to the result. */
static void take_warning(void *user, struct pf_context *ctx, const char *text)
{
    struct collecting *collecting = user;

    (void)ctx;
    collecting->failed = !pf_plan_warn(collecting->plan, "%s", text) || collecting->failed;
}

static enum pf_status open_reader(struct pf_plan *plan, struct pf_error *err)
{
    struct pf_context *ctx = plan->ctx;
    struct pf_job *job = &plan->job;
    if ((job->reader->flags & PF_READER_READ_AT) != 0 && pf_source_unpack(job->source, err) != PF_OK)
        return err->status;
    job->reader_state = pf_arena_alloc_zero(&plan->arena, 1, job->reader->state_size + 1);
    if (job->reader_state == NULL)
        return pf_fail_memory(err, job->reader->state_size);
    plan->reader_opened = true;
    if (job->reader->open(job->reader, job->reader_state, ctx, job->source, job->reader_options, err) == PF_OK)
        return PF_OK;
    /* who only looked may go on without it; whoever reads opens it anew */
    job->reader->close(job->reader_state);
    job->reader_state = NULL;
    plan->reader_opened = false;
    return err->status;
}

enum pf_status pf_plan_ask(struct pf_plan *plan, pf_plan_ask_fn ask, void *user, struct pf_error *err)
{
    struct collecting collecting = { plan, false };
    enum pf_status status = PF_OK;

    plan->ctx->memory.limit = plan->job.memory;
    plan->ctx->warn = take_warning;
    plan->ctx->warn_user = &collecting;
    if (!plan->reader_opened)
        status = open_reader(plan, err);
    if (status == PF_OK && ask != NULL)
        status = ask(plan, user, err);
    plan->ctx->warn = NULL;
    plan->ctx->memory.limit = SIZE_MAX;
    if (status != PF_OK)
        pf_error_source(err, plan->job.input);
    return status == PF_OK && collecting.failed ? pf_fail_memory(err, 1) : status;
}

static enum pf_status ask_table(struct pf_plan *plan, void *user, struct pf_error *err)
{
    return plan->job.reader->table(plan->job.reader_state, plan->job.table, user, err);
}

enum pf_status pf_plan_facts(struct pf_plan *plan, struct pf_table *table, struct pf_error *err)
{
    const struct pf_reader *reader = plan->job.reader;
    struct collecting collecting = { plan, false };

    if (pf_plan_ask(plan, table != NULL ? ask_table : NULL, table, err) != PF_OK)
        return err->status;
    if (reader->facts != NULL)
        reader->facts(plan->job.reader_state, collect, &collecting);
    return collecting.failed ? pf_fail_memory(err, 1) : PF_OK;
}

const char *pf_plan_fact(const struct pf_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->fact_count; i++) {
        if (strcmp(plan->facts[i].name, name) == 0)
            return plan->facts[i].value;
    }
    return NULL;
}
