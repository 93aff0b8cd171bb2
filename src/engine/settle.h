/* Deciding what becomes of each column: plans for passes, from the table, the job and the evidence. */
#ifndef PF_ENGINE_SETTLE_H
#define PF_ENGINE_SETTLE_H

#include "engine/pipeline.h"

/* Resolves the names of the job's columns. *selected (pf_alloc'd, *count indexes of the table's schema, ascending) is the
 * caller's. */
enum pf_status pf_settle_columns(struct pf_context *ctx, const struct pf_job *job, const struct pf_schema *table,
                                 uint32_t **selected, uint32_t *count, struct pf_error *err);
/* The plan of the first pass over the selected columns. infer: columns not declared are PF_WAY_INFERRED (with targets still to
 * be set by pf_settle_head), else strings. */
enum pf_status pf_settle_plan(struct pf_context *ctx, const struct pf_job *job, const struct pf_reader *reader,
                              const struct pf_schema *table, const uint32_t *selected, uint32_t count, bool infer,
                              struct pf_pass_plan *plan, struct pf_error *err);
void pf_settle_plan_free(struct pf_context *ctx, struct pf_pass_plan *plan);
/* Sets the targets of the inferred columns by the evidence of the head. */
void pf_settle_head(struct pf_pass_plan *plan, const struct pf_evidence *head);
/* The schema as the targets of a plan with every slot have it. schema is initialised and empty. */
enum pf_status pf_settle_schema(const struct pf_pass_plan *plan, const struct pf_schema *table, struct pf_schema *schema,
                                struct pf_error *err);
/* After a pass: gives the inferred columns the type that all the evidence decides. Returns how many must be made again; marks
 * them in again (a bool a column), which may be NULL. */
uint32_t pf_settle_evidence(struct pf_pass_plan *plan, bool *again);
/* Turns the plan of the first pass into that of the repair: the columns marked in again are PF_WAY_SETTLED, declared columns
 * that can reject rows PF_WAY_CHECKED, and the rest are gone. */
void pf_settle_repair(struct pf_pass_plan *plan, const bool *again);
/* What is known of the columns goes to the outcome; the plan has every slot. */
enum pf_status pf_settle_facts(const struct pf_pass_plan *plan, struct pf_outcome *outcome, struct pf_error *err);
/* Turns the plan of a types pass into that of the data pass. */
void pf_settle_data(struct pf_pass_plan *plan);

#endif
