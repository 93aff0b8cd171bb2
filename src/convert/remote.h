/* A conversion as an engine beside the native one carries it out, as data: what Spark is asked to read, what each column is made of, and
 * what is written where. It can be printed, and any transport can carry it out. docs/design/spark.md.
 *
 * Types come from the native reading of the whole input. Spark reads texts by position, as c0, c1, ..., and makes the columns of them; of a format with
 * types of its own it reads those. */
#ifndef PF_CONVERT_REMOTE_H
#define PF_CONVERT_REMOTE_H

#include "base/json.h"
#include "convert/plan.h"

struct pf_remote_option {
    const char *name, *value;
};

struct pf_remote_read {
    const char *format, *path;
    const char *schema;   /* "c0 STRING, c1 STRING": of the texts that are read; NULL = a format with types of its own */
    const char **columns; /* expressions in that schema, of c0, c1, ...; none = its columns are these, by position */
    uint32_t column_count, column_capacity;
    struct pf_remote_option *options;
    uint32_t option_count, option_capacity;
    const char **nulls; /* expressions of texts that mean null */
    uint32_t null_count;
};

struct pf_remote_write {
    const char *format;
    const char *mode;   /* "error", "append", "overwrite" */
    const char *target; /* the table's name, or a location */
    bool table, merge_schema;
};

struct pf_remote {
    const char *refusal; /* why Spark would not give what the native engine gives; NULL = it does, as far as whole tells */
    bool whole;          /* the whole input has been read for this, else its beginning only */
    struct pf_remote_read read;
    const char **expressions; /* one a column of the result, in Spark's SQL; NULL before the whole was read */
    uint32_t expression_count;
    struct pf_remote_write write;
};

/* The plan of the job, by what its reader tells. seen: of a survey of the whole input; NULL = its beginning has to do. Everything is in the
 * plan's arena; seen is borrowed for the call. */
enum pf_status pf_remote_make(struct pf_plan *plan, const struct pf_outcome *seen, struct pf_remote *out, struct pf_error *err);
/* As an object; seen as above: its columns and rows stand in it. */
void pf_remote_print(struct pf_json *json, const struct pf_remote *remote, const struct pf_outcome *seen);
/* A column of the type made of a text: column as text, in Spark's SQL, under the pattern of its texts. false = out of memory. */
bool pf_remote_cast(struct pf_buffer *to, const char *column, const struct pf_field *field, uint32_t pattern);
/* A text as an expression, whatever the session makes of backslashes. */
bool pf_remote_literal(struct pf_buffer *to, const char *text, size_t size);

/* ---- remote_choice.c */

/* Why the job is one for the native engine, whatever the reader of the input says; NULL = it is not. seen as above. */
const char *pf_remote_refusal(const struct pf_plan *plan, const struct pf_outcome *seen);

#endif
