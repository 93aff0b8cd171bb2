#include "engine/settle.h"

#include <stdlib.h>
#include <string.h>

#include "transform/number_form.h"

static enum pf_status fail_no_column(const char *name, const struct pf_schema *table, struct pf_error *err)
{
    const char *near = pf_names_near(table, name);

    pf_fail(err, PF_BAD_OPTION, "there is no column '%s'", name);
    if (near != NULL)
        pf_remedy(err, "did you mean '%.200s'?", near);
    else if (table->count != 0)
        pf_remedy(err, "the columns begin with '%s'%s%s%s", table->fields[0].name, table->count > 1 ? ", '" : "",
                  table->count > 1 ? table->fields[1].name : "", table->count > 1 ? "'" : "");
    return err->status;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

enum pf_status pf_settle_columns(struct pf_context *ctx, const struct pf_job *job, const struct pf_schema *table,
                                 uint32_t **selected, uint32_t *count, struct pf_error *err)
{
    uint32_t wanted = job->columns != NULL ? job->column_count : table->count;

    *count = 0;
    *selected = pf_alloc_zero(&ctx->memory, wanted, sizeof **selected);
    if (*selected == NULL)
        return pf_fail_memory(err, wanted * sizeof **selected);
    for (uint32_t i = 0; i < wanted; i++) {
        int64_t at = job->columns != NULL ? pf_schema_find(table, job->columns[i]) : (int64_t)i;

        if (at < 0)
            return fail_no_column(job->columns[i], table, err);
        (*selected)[(*count)++] = (uint32_t)at;
    }
    if (job->columns == NULL)
        return PF_OK;
    qsort(*selected, *count, sizeof **selected, by_value);
    for (uint32_t i = 1; i < *count; i++) {
        if ((*selected)[i] == (*selected)[i - 1])
            return pf_fail(err, PF_BAD_OPTION, "column '%s' is asked for twice", table->fields[(*selected)[i]].name);
    }
    return PF_OK;
}

static enum pf_status check_declared(const struct pf_job *job, const struct pf_reader *reader, const struct pf_schema *table,
                                     struct pf_error *err)
{
    if (job->declared == NULL)
        return PF_OK;
    if ((reader->flags & PF_READER_TYPED) != 0) {
        pf_fail(err, PF_UNSUPPORTED, "--schema is for inputs without types; %s has its own", reader->name);
        pf_remedy(err,
                  reader->texts_offset != 0 ? "leave --schema out; --types string keeps text as it is" : "leave --schema out");
        return err->status;
    }
    for (uint32_t i = 0; i < job->declared->count && !job->declared_may_lack; i++) {
        if (pf_schema_find(table, job->declared->fields[i].name) < 0)
            return fail_no_column(job->declared->fields[i].name, table, err);
    }
    return PF_OK;
}

static void plan_column(struct pf_column_plan *column, const struct pf_job *job, const struct pf_field *field, bool typed,
                        bool infer)
{
    int64_t declared = job->declared != NULL ? pf_schema_find(job->declared, field->name) : -1;

    column->target.field = *field;
    if (typed) {
        column->way = PF_WAY_SETTLED;
    } else if (declared >= 0) {
        column->way = PF_WAY_DECLARED;
        column->target.field = job->declared->fields[declared];
    } else {
        column->way = infer ? PF_WAY_INFERRED : PF_WAY_SETTLED;
        column->refuted = infer ? 0 : UINT64_MAX;
    }
}

enum pf_status pf_settle_plan(struct pf_context *ctx, const struct pf_job *job, const struct pf_reader *reader,
                              const struct pf_schema *table, const uint32_t *selected, uint32_t count, bool infer,
                              struct pf_pass_plan *plan, struct pf_error *err)
{
    if (check_declared(job, reader, table, err) != PF_OK)
        return err->status;
    plan->typed = (reader->flags & PF_READER_TYPED) != 0;
    plan->on_error = job->on_error;
    plan->column_count = plan->slot_count = count;
    plan->columns = pf_alloc_zero(&ctx->memory, count, sizeof *plan->columns);
    if (plan->columns == NULL)
        return pf_fail_memory(err, count * sizeof *plan->columns);
    for (uint32_t i = 0; i < count; i++) {
        plan->columns[i].table_column = selected[i];
        plan->columns[i].slot = i;
        plan_column(&plan->columns[i], job, &table->fields[selected[i]], plan->typed, infer);
    }
    return PF_OK;
}

void pf_settle_plan_free(struct pf_context *ctx, struct pf_pass_plan *plan)
{
    pf_free(&ctx->memory, plan->columns);
    memset(plan, 0, sizeof *plan);
}

void pf_settle_head(struct pf_pass_plan *plan, const struct pf_evidence *head)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        struct pf_column_plan *column = &plan->columns[i];

        if (column->way != PF_WAY_INFERRED)
            continue;
        pf_evidence_decide(&head[i], &column->target);
        column->refuted = head[i].refuted;
        column->unlike = head[i].unlike;
    }
}

enum pf_status pf_settle_schema(const struct pf_pass_plan *plan, const struct pf_schema *table, struct pf_schema *schema,
                                struct pf_error *err)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const struct pf_column_plan *column = &plan->columns[i];
        const char *name = table->fields[column->table_column].name;

        if (!pf_schema_add(schema, name, strlen(name), &column->target.field))
            return pf_fail_memory(err, strlen(name));
    }
    return PF_OK;
}

uint32_t pf_settle_evidence(struct pf_pass_plan *plan, bool *again)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < plan->column_count; i++) {
        struct pf_column_plan *column = &plan->columns[i];
        struct pf_target settled;
        bool made;

        if (column->way != PF_WAY_INFERRED && column->way != PF_WAY_EVIDENCE)
            continue;
        pf_evidence_decide(&column->evidence, &settled);
        made = column->way == PF_WAY_INFERRED && !atomic_load(&column->abandoned) && pf_target_same(&column->target, &settled);
        column->target = settled;
        if (again != NULL)
            again[i] = !made;
        count += !made;
    }
    return count;
}

void pf_settle_repair(struct pf_pass_plan *plan, const bool *again)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < plan->column_count; i++) {
        struct pf_column_plan column = plan->columns[i];

        if (again[i])
            column.way = PF_WAY_SETTLED;
        else if (column.way == PF_WAY_DECLARED && plan->on_error == PF_ON_ERROR_REJECT)
            column.way = PF_WAY_CHECKED;
        else
            continue;
        column.refuted = column.evidence.refuted;
        column.unlike = PF_UNLIKE_ALL; /* they were told after the first reading */
        atomic_store(&column.abandoned, false);
        plan->columns[kept++] = column;
    }
    plan->column_count = kept;
}

void pf_settle_data(struct pf_pass_plan *plan)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        struct pf_column_plan *column = &plan->columns[i];

        if (column->way != PF_WAY_INFERRED && column->way != PF_WAY_EVIDENCE)
            continue;
        column->way = PF_WAY_SETTLED;
        column->refuted = column->evidence.refuted;
        column->unlike = PF_UNLIKE_ALL; /* they were told after this reading */
    }
}

/* One column. Of declared and typed ones nothing is counted here. */
static bool column_facts(const struct pf_column_plan *column, struct pf_arena *arena, struct pf_column_facts *facts)
{
    const struct pf_evidence *evidence = &column->evidence;
    bool inferred = column->way == PF_WAY_INFERRED || column->way == PF_WAY_EVIDENCE;
    char text[PF_REASON_TEXT];

    *facts = (struct pf_column_facts){ .nulls = -1, .pattern = column->target.pattern };
    if (!inferred)
        return true;
    facts->nulls = (int64_t)evidence->nulls;
    if (column->target.field.type != PF_TYPE_STRING) {
        facts->nulls += (int64_t)(evidence->empties + evidence->errors);
        return true;
    }
    facts->number_options = pf_evidence_number_options(evidence);
    if (!pf_reason_text(&column->reason, evidence, text))
        return true;
    facts->because_row = column->reason.row;
    facts->because = pf_arena_copy(arena, text, strlen(text));
    return facts->because != NULL;
}

enum pf_status pf_settle_facts(const struct pf_pass_plan *plan, struct pf_outcome *outcome, struct pf_error *err)
{
    outcome->columns = pf_arena_alloc_zero(&outcome->arena, plan->slot_count, sizeof *outcome->columns);
    if (outcome->columns == NULL)
        return pf_fail_memory(err, plan->slot_count * sizeof *outcome->columns);
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (!column_facts(&plan->columns[i], &outcome->arena, &outcome->columns[plan->columns[i].slot]))
            return pf_fail_memory(err, PF_REASON_TEXT);
    }
    return PF_OK;
}
