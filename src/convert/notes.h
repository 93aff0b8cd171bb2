/* Notes: what is worth telling about a conversion although it went well. Each goes to the plan's warnings; false = out of
 * memory. */
#ifndef PF_CONVERT_NOTES_H
#define PF_CONVERT_NOTES_H

#include "convert/plan.h"

/* The input is not what most files are (encoding, delimiter, header), and the user did not say so himself. */
bool pf_note_facts(struct pf_plan *plan);
/* The file that was replaced held text only, as version 1.0 wrote it, and the new one has types. */
bool pf_note_types(struct pf_plan *plan, const struct pf_schema *written);
/* Short rows were filled, the header stands among the rows, or numbers in another form were taken for text. Where nothing is written there is no result to carry the notes: they
 * are logged, too. */
bool pf_note_rows(struct pf_plan *plan, const struct pf_outcome *outcome);
/* For --verbose: why columns are text that might have had a type. */
void pf_log_reasons(const struct pf_plan *plan, const struct pf_outcome *outcome);
/* Rows were set aside and written nowhere, or the rejects of an earlier conversion lie where those of this one would. */
bool pf_note_rejects(struct pf_plan *plan, const struct pf_outcome *outcome);

#endif
