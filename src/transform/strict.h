/* Loops that read a column's values by the strict rules of inference, and add to the evidence what the values read say. */
#ifndef PF_TRANSFORM_STRICT_H
#define PF_TRANSFORM_STRICT_H

#include "transform/pattern.h"

/* Each reads the rows from on into data (rows without text: zero) until one does not fit and returns its number, or rows. The
 * refuting and the witnessing of the rows before it is added to evidence. */
int64_t pf_strict_bool(const struct pf_text_column *text, int64_t from, int64_t rows, uint8_t *data,
                       struct pf_evidence *evidence);
int64_t pf_strict_int64(const struct pf_text_column *text, int64_t from, int64_t rows, int64_t *data,
                        struct pf_evidence *evidence);
int64_t pf_strict_float64(const struct pf_text_column *text, int64_t from, int64_t rows, double *data,
                          struct pf_evidence *evidence);
/* pattern: of a date target; texts that read the same under another pattern of its order fit. */
int64_t pf_strict_date(const struct pf_text_column *text, int64_t from, int64_t rows, uint32_t pattern, int32_t *data,
                       struct pf_evidence *evidence);
int64_t pf_strict_timestamp(const struct pf_text_column *text, int64_t from, int64_t rows, bool utc, int64_t *data,
                            struct pf_evidence *evidence);
/* None fits where the source writes no times. */
int64_t pf_strict_time(const struct pf_text_column *text, int64_t from, int64_t rows, int64_t *data,
                       struct pf_evidence *evidence);

#endif
