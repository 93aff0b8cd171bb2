/* Engine: carries out a job. The native engine is a pipeline over blocks: cut, decode and cast in parallel, write in order. */
#ifndef PF_ENGINE_ENGINE_H
#define PF_ENGINE_ENGINE_H

#include "formats/format.h"
#include "transform/infer.h"

enum pf_types_mode { PF_TYPES_INFER, PF_TYPES_STRING };

/* One of several tables that go into an output as one. */
struct pf_part {
    uint32_t table;
    const char *name;
};

struct pf_held; /* held.h */

/* One conversion of one table, fully decided: no defaults, no detection, nothing looked up by name. Strings are borrowed. */
struct pf_job {
    const char *input;        /* location, "-" standard input; of a source that is none, the name for messages */
    struct pf_source *source; /* it, open and unread, borrowed; NULL = the engine opens the location */
    const struct pf_reader *reader;
    const void *reader_options;
    void *reader_state; /* the reader, open on source and not started, borrowed; NULL = the engine opens it */
    uint32_t table;
    const struct pf_part *parts; /* in the place of table: several as one (parts.h); part_count 0 = table counts */
    uint32_t part_count;
    const char *part_column;    /* of parts: a column with this name that has the name of the part; NULL = none */
    const char *const *columns; /* names to keep, in output order as in the source; NULL = all */
    uint32_t column_count;

    const char *output;             /* location, "-" standard output; the name for messages when target is set */
    const struct pf_output *target; /* NULL = the output is a location */
    const struct pf_writer *writer;
    const void *writer_options;
    bool replace, sync;
    struct pf_held *held;   /* takes the output, complete and not seen yet; NULL = it is committed */
    const char *table_name; /* of one table among several in the output; NULL = it holds this one only */
    bool goes_on;           /* with held: another table follows in the same output */

    enum pf_types_mode types;
    const struct pf_schema *declared; /* columns named by --schema; NULL = none */
    bool declared_may_lack;           /* the input need not have them */
    enum pf_on_error on_error;
    const char *rejects; /* location for rejected rows, used only when there are any */
    bool rejects_full;
    double max_rejects;      /* share of the rows read, 0..1 */
    int64_t max_reject_rows; /* rows, in place of the share; 0 = the share counts */

    uint32_t threads; /* 0 = all cores */
    size_t memory;    /* budget in bytes */
    bool survey;      /* of a scan: the outcome is to tell what other readers read otherwise */
};

/* What was found out of one column of the result. */
struct pf_column_facts {
    int64_t nulls;              /* -1 = not known */
    int64_t because_row;        /* from 1; 0 = not known, or no single one */
    const char *because;        /* why its type is string: "'N/A' does not fit int64"; NULL = it is not, or was not inferred */
    const char *number_options; /* static: those under which a column of text would be one of numbers; NULL = none */
    uint32_t pattern;           /* of its texts, when its type was inferred from them: pf_target.pattern */
};

/* The first row that was set aside. */
struct pf_first_reject {
    int64_t row, line; /* from 1, the line a physical one; 0 = not known */
    char reason[160];
};

/* What a job did. Initialise with pf_outcome_init, free with pf_outcome_free. */
struct pf_outcome {
    int64_t rows_read, rows_written, rows_rejected, rows_left_out;
    int64_t rows_short, rows_like_header; /* of those written, see pf_decoded */
    struct pf_first_reject first_reject;
    int64_t bytes_read, bytes_written; /* as stored */
    double seconds;
    struct pf_schema schema;         /* as written */
    struct pf_column_facts *columns; /* one a field of the schema, in the arena; NULL = nothing is known */
    uint32_t repaired;               /* columns encoded a second time */
    uint32_t met;                    /* of a survey: pf_decoded.met of all blocks */
    uint32_t threads;
    size_t peak_memory; /* of the library's own allocations */
    bool rejects_written;
    struct pf_arena arena; /* holds warnings and columns */
    const char **warnings;
    uint32_t warning_count;
};

void pf_outcome_init(struct pf_outcome *outcome, struct pf_context *ctx);
void pf_outcome_free(struct pf_outcome *outcome);
/* From here on pf_warn adds to the outcome, until ctx->warn is NULL again. */
void pf_outcome_listen(struct pf_outcome *outcome, struct pf_context *ctx);
/* false = out of memory. Also logs it at PF_LOG_WARNING. */
bool pf_outcome_warn(struct pf_outcome *outcome, struct pf_context *ctx, const char *format, ...) PF_PRINTF(3, 4);

/* PF_REJECTED when more rows were rejected than the job allows, with the place of the first. */
enum pf_status pf_check_rejects(const struct pf_job *job, int64_t kept, int64_t rejected, const struct pf_first_reject *first,
                                struct pf_error *err);
/* Runs the job with the native engine. On failure no output is left; the outcome tells how far it came. */
enum pf_status pf_native_run(struct pf_context *ctx, const struct pf_job *job, struct pf_outcome *outcome,
                             struct pf_error *err);
/* Reads everything and writes nothing (validate): job->writer is not used. Types are inferred unless declared. */
enum pf_status pf_native_scan(struct pf_context *ctx, const struct pf_job *job, struct pf_outcome *outcome,
                              struct pf_error *err);
/* Types first, then data, as an Arrow C stream that owns what it needs. job is copied; ctx must outlive the stream. The outcome
 * tells what the stream will give: of an input without types that is known, and rejects are written and checked, before the
 * first batch; of a typed one, row counts are -1 unless the input tells them. */
enum pf_status pf_native_stream(struct pf_context *ctx, const struct pf_job *job, struct pf_outcome *outcome,
                                struct ArrowArrayStream *out, struct pf_error *err);

#endif
