/* Parts of casting that inferred and declared types share. */
#ifndef PF_TRANSFORM_CAST_H
#define PF_TRANSFORM_CAST_H

#include "arrow/array.h"

/* Makes the rows without text null; blank: how many there are. false = out of memory. */
bool pf_cast_nulls(struct ArrowArray *out, const struct pf_text_column *text, int64_t rows, int64_t blank);
/* A string or binary column of the values as they are. Errors as pf_cast_inferred. */
enum pf_status pf_cast_text(const struct pf_text_column *text, int64_t rows, enum pf_type type, struct pf_memory *memory,
                            struct ArrowArray *out, struct pf_error *err);

#endif
