/* Result: the record of what a conversion did, complete whether it succeeded or failed. */
#ifndef PF_CONVERT_RESULT_H
#define PF_CONVERT_RESULT_H

#include "base/json.h"
#include "convert/engines.h"
#include "convert/plan.h"

/* A conversion that has ended. */
struct pf_conversion {
    const struct pf_request *request;
    struct pf_plan plan;
    struct pf_outcome outcome; /* of several tables the sum, without columns */
    struct pf_outcome *tables; /* of several: one each; in the plan's arena */
    uint32_t table_count;
    struct pf_folders folders;
    struct pf_error *err; /* read when status is not PF_OK */
    enum pf_status status;
    bool ran;                    /* an engine was started */
    bool outcome_unknown;        /* one failed, and the output may have been written: nothing is tried again */
    const char *engine;          /* what did it, as it calls itself; NULL = native */
    struct pf_told_columns told; /* what that engine told of its columns; the native one's stand in the outcome */
    struct pf_attempt *attempts; /* in the plan's arena; none where nothing is written */
    uint32_t attempt_count;
    const char *environment;  /* what extensions know of the machine, JSON; NULL = nothing */
    const char *const *notes; /* of their hooks */
    uint32_t note_count;
    double seconds;
};

/* "columns": name, type, nulls and, for text, why, of a schema; facts NULL = of the first two only. */
void pf_json_set_columns(struct pf_json *json, const struct pf_schema *schema, const struct pf_column_facts *facts);

/* "name" and "sources": what a table is called, and the tables of the input that it is made of. */
void pf_json_set_sources(struct pf_json *json, const struct pf_plan_table *table);
/* "name", "sources" and "output_path" of a table. */
void pf_json_set_planned(struct pf_json *json, const struct pf_plan_table *table);

/* "tables_left_out": the tables of the input that are not read, and why. */
void pf_json_set_left_out(struct pf_json *json, const struct pf_plan_tables *tables);

/* "engine_reason": why the first of the plan's engines is the first. */
void pf_json_set_engine_reason(struct pf_json *json, const struct pf_plan *plan);

/* NULL = out of memory. */
struct pf_result *pf_result_new(const struct pf_conversion *conversion);

#endif
