/* Inference and casting: from text columns to typed ones, without loss (docs/design/types.md).
 *
 * A text fits a type if printing the value under the column's one recorded pattern gives the text back; exceptions: float64
 * (trailing zeros, exponent form), true/false in any case, zone offsets. Each block yields evidence; merging is associative and
 * commutative, so the decision depends on the set of values and on nothing else. */
#ifndef PF_TRANSFORM_INFER_H
#define PF_TRANSFORM_INFER_H

#include "arrow/array.h"
#include "arrow/schema.h"
#include "base/error.h"

/* Starts zeroed. What a set of values says of its type. */
struct pf_evidence {
    uint64_t values;  /* that are not null and not an empty string */
    uint64_t empties; /* empty strings that stood in quotes */
    uint64_t nulls;
    uint64_t errors;    /* values of kind PF_TEXT_ERROR, which say nothing of a type */
    uint64_t refuted;   /* bit a candidate (a type, or a type under a pattern) that some value contradicts */
    uint64_t witnessed; /* bit a fact that some value shows (such as: an ordinary number among NaN words) */
    uint32_t unlike;    /* bit a form of numbers (decimal comma, groups of three) that some value does not have */
};

/* Of a column of text: the value after which no type was left. size 0 = no single value is it. */
struct pf_reason {
    int64_t row;     /* from 1; 0 = not known */
    uint64_t before; /* what the values before it had refuted */
    uint32_t size;   /* of the value, of which text holds the beginning */
    bool cell;       /* the source says that it is text */
    uint8_t text[44];
};

/* A column's type with the pattern its text has. pattern 0 = the plain one of the type. */
struct pf_target {
    struct pf_field field; /* name not used */
    uint32_t pattern;
};

/* What is done with a value that does not fit a declared type. */
enum pf_on_error { PF_ON_ERROR_FAIL, PF_ON_ERROR_NULL, PF_ON_ERROR_REJECT };

void pf_evidence_merge(struct pf_evidence *to, const struct pf_evidence *from);
/* The type for the values seen; string when nothing else fits or nothing was seen. */
void pf_evidence_decide(const struct pf_evidence *evidence, struct pf_target *out);
/* True when an array made under made is right for settled: same type and same values (patterns may differ where they agree). */
bool pf_target_same(const struct pf_target *made, const struct pf_target *settled);

/* Adds the evidence of a column without casting. */
void pf_evidence_add(struct pf_evidence *to, const struct pf_text_column *text, int64_t rows);

/* Whether some value left no type but text. */
bool pf_evidence_is_text(const struct pf_evidence *evidence);
/* Of a column that is text: the options under which all its values would be numbers, "--decimal ,"; static. NULL = there are none. */
const char *pf_evidence_number_options(const struct pf_evidence *evidence);
/* Finds the first value of the column after which no type is left, refuted being what was refuted before. false = there is none. */
bool pf_evidence_reason(const struct pf_text_column *text, int64_t rows, uint64_t refuted, struct pf_reason *out);
enum { PF_REASON_TEXT = 96 };
/* Why a column is text, "'N/A' does not fit int64", by its evidence and the reason found. false = nothing is to be said. */
bool pf_reason_text(const struct pf_reason *reason, const struct pf_evidence *evidence, char to[PF_REASON_TEXT]);

/* Casts the column to target and adds its evidence in the same loop. *fits false: a value contradicts the target; out is then
 * released (release NULL) but the evidence of all rows has been added. Errors: PF_NO_MEMORY, PF_LIMIT (over 2 GiB of text). */
enum pf_status pf_cast_inferred(const struct pf_text_column *text, int64_t rows, const struct pf_target *target,
                                struct pf_evidence *evidence, struct pf_memory *memory, struct ArrowArray *out, bool *fits,
                                struct pf_error *err);

/* Casts to a declared type by the lenient rules of --schema (blanks around, leading zeros, plus sign, any ISO form, day-first patterns
 * only if unambiguous). Rows that do not fit get null and their bit in bad is set (bad: rows bits, zeroed by the caller);
 * *bad_count counts them. An empty value is null except for strings when it stood in quotes. */
enum pf_status pf_cast_declared(const struct pf_text_column *text, int64_t rows, const struct pf_field *field,
                                struct pf_memory *memory, struct ArrowArray *out, uint8_t *bad, int64_t *bad_count,
                                struct pf_error *err);

/* A column of texts some of which are errors, as one in which they are null; *errors counts them. text is borrowed, sizes and kinds are
 * new, from memory, and given back with pf_text_free_blanked. */
enum pf_status pf_text_blank_errors(const struct pf_text_column *text, int64_t rows, struct pf_memory *memory,
                                    struct pf_text_column *out, uint64_t *errors, struct pf_error *err);
void pf_text_free_blanked(struct pf_text_column *blanked, struct pf_memory *memory);

/* Leaves only the rows whose bit in keep is set (keep: rows bits); offsets, sizes and kinds are rewritten into the arena. */
enum pf_status pf_text_filter(struct pf_text_column *text, int64_t rows, const uint8_t *keep, int64_t kept,
                              struct pf_arena *arena, struct pf_error *err);

/* ---- column names */
/* The column that name was probably meant for: equal but for case and blanks, or nearly equal. NULL = none. */
const char *pf_names_near(const struct pf_schema *schema, const char *name);
/* Makes names fit for a table: empty ones become column_N, repeated ones get _2, _3, ...; compat: as 1.0.9 did (a.1, a
 * column without a name is "Unnamed: N", without any header Column_N). Surrounding blanks are removed. names (NULL is as "") are
 * replaced by copies in the arena where they change. numbers: the N of each column, from 1, should it need one; NULL = 1, 2, 3, ...;
 * compat counts for itself. */
enum pf_status pf_names_settle(const char **names, const uint32_t *numbers, uint32_t count, bool compat, struct pf_arena *arena,
                               struct pf_error *err);

#endif
