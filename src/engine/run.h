/* A reading under way: what every job of the native engine has, whatever becomes of the batches. */
#ifndef PF_ENGINE_RUN_H
#define PF_ENGINE_RUN_H

#include "engine/parts.h"
#include "engine/pipeline.h"
#include "engine/rejects.h"

/* Rows, by what became of them. */
struct pf_counted {
    int64_t read, kept, rejected, left_out;
    int64_t filled, like_header; /* of those kept: short ones, and repetitions of the header */
    struct pf_first_reject first_reject;
    int64_t misfits;  /* values made null under PF_ON_ERROR_NULL */
    int64_t formulas; /* without a value: null */
    uint32_t met;     /* of a survey */
    int64_t rounded;  /* whole numbers that the format holds as doubles, and whose digits those do not keep */
};

struct pf_run {
    struct pf_context *ctx;
    const struct pf_job *job;
    double started;
    struct pf_source *source; /* the job's, or its own */
    void *reader_state;       /* the job's, or its own */
    bool reader_opened;
    bool infers;           /* some types are open */
    struct pf_table table; /* of a job of parts, what they are together */
    struct pf_parts parts;
    uint32_t part; /* the one at hand */
    struct pf_pass_plan plan;
    struct pf_pool *pool;
    struct pf_pipeline pipeline;
    struct pf_counted counted; /* by the pass under way */
    int64_t rows_of_before;    /* rows that the pass before kept; -1 = there was none */
    size_t longest;            /* bytes of the largest block so far, and its first row (from 1) */
    int64_t longest_row;
    int64_t rows_before, lines_before; /* of the block at hand */
};

/* The run is all zero before; pf_run_close also after a failure. job is borrowed until then. */
enum pf_status pf_run_open(struct pf_run *run, struct pf_context *ctx, const struct pf_job *job, bool infer,
                           struct pf_error *err);
void pf_run_close(struct pf_run *run);
/* Begins a pass by the run's plan (the source is at its start). */
enum pf_status pf_run_pass(struct pf_run *run, struct pf_error *err);
/* The next block, with errors placed in the source; PF_END after the last, if the source is what it was and gave as many rows as in the pass
 * before. */
enum pf_status pf_run_next(struct pf_run *run, const char *step, struct pf_work **out, struct pf_error *err);
/* The name of the part at hand; NULL = there is only one. */
const char *pf_run_part(const struct pf_run *run);
/* Places in the error of a block become places in the source. */
void pf_run_place_error(const struct pf_run *run, const struct pf_work *work, struct pf_error *err);
void pf_run_progress(const struct pf_run *run, const char *step);
/* Before pf_run_done: the block's rejected rows go to the file. */
enum pf_status pf_run_add_rejects(const struct pf_run *run, const struct pf_work *work, struct pf_rejects_file *rejects,
                                  struct pf_error *err);
/* Counts the block's rows and gives it back. */
void pf_run_done(struct pf_run *run, struct pf_work *work);
/* A whole pass that only gathers evidence, and settles the types by it. rejects: gets the rows that are set aside; NULL = they are
 * counted only. */
enum pf_status pf_run_types(struct pf_run *run, struct pf_rejects_file *rejects, struct pf_error *err);
/* The same where data is to follow: what is known of the columns goes to the outcome, and source and plan are ready for the pass that
 * reads the data. */
enum pf_status pf_run_types_first(struct pf_run *run, struct pf_rejects_file *rejects, struct pf_outcome *outcome,
                                  struct pf_error *err);
/* After a failure with the given status: a file that was changed meanwhile explains it, whatever it looked like; where memory was short,
 * how much more to try. */
enum pf_status pf_run_failure(const struct pf_run *run, enum pf_status status, struct pf_error *err);
/* After a whole pass: PF_REJECTED when more rows were set aside than the job allows. */
enum pf_status pf_run_check_rejects(const struct pf_run *run, struct pf_error *err);
/* What was counted, in the outcome. */
void pf_run_account(const struct pf_run *run, struct pf_outcome *outcome);
/* What is known of the columns, once the types are settled, goes to the outcome; with the warning of error values that are null. */
enum pf_status pf_run_facts(const struct pf_run *run, struct pf_outcome *outcome, struct pf_error *err);
/* What a run gave to the next one. */
struct pf_kept {
    bool source, reader;
    struct pf_sink *target; /* opened, and nothing written yet: a pipe that is closed loses who reads from it */
};
/* After a failure: the reader may have learnt that the table is another than it seemed, or several threads may have been too many for the
 * memory allowed. Then *again is set, err is empty, and source and reader, opened, belong to job, which is the run's and has one thread in
 * the latter case: it can be run once more when the run is closed. pf_kept_close closes them. */
enum pf_status pf_run_again(struct pf_run *run, enum pf_status status, struct pf_job *job, struct pf_kept *kept, bool *again,
                            struct pf_error *err);
void pf_kept_close(struct pf_context *ctx, struct pf_job *job, struct pf_kept *kept);
/* The warnings of values made null, of formulas that nobody calculated, and of digits that were not kept. */
enum pf_status pf_run_warn_misfits(const struct pf_run *run, struct pf_outcome *outcome, struct pf_error *err);

#endif
