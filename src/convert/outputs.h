/* The outputs of an input with several tables: all of them appear, or none. */
#ifndef PF_CONVERT_OUTPUTS_H
#define PF_CONVERT_OUTPUTS_H

#include "convert/result.h"

/* Writes what the plan has of tables, with the native engine, and fills the conversion's tables and its outcome, which is the sum. */
enum pf_status pf_outputs_run(struct pf_conversion *conversion, struct pf_error *err);
/* Reads all tables of the plan, or the one there is, and writes nothing; outcome is the sum. tables: gets what was found of each (one a
 * table, initialised by the caller); NULL = nobody wants it. */
enum pf_status pf_outputs_scan(const struct pf_plan *plan, enum pf_types_mode types, struct pf_outcome *outcome,
                               struct pf_outcome *tables, struct pf_error *err);
void pf_outputs_free(struct pf_conversion *conversion);

#endif
