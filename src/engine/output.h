/* The writing side of a job: batches in, units encoded by the pool and emitted in order, the file committed at the end. */
#ifndef PF_ENGINE_OUTPUT_H
#define PF_ENGINE_OUTPUT_H

#include "engine/pipeline.h"

enum { PF_UNITS_AHEAD = 2 }; /* units under way at once */

struct pf_encode; /* one job of a unit */

struct pf_unit_work {
    struct pf_unit *unit;
    struct pf_encode *encodes;
};

struct pf_writing {
    struct pf_context *ctx;
    struct pf_pool *pool;
    const struct pf_job *job;
    const struct pf_writer *writer; /* the job's */
    void *state;
    bool opened;
    struct pf_sink *target; /* at the output's location; NULL once work took its place */
    struct pf_sink *work;   /* what the writer writes to: target, or scratch when target cannot be read back */
    struct pf_sink *old;    /* of the first writing, while a repair copies from it */
    struct pf_unit_work units[PF_UNITS_AHEAD];
    uint32_t first, count;
};

/* The output is all zero before, but for a target that is opened already. */
enum pf_status pf_writing_open(struct pf_writing *output, struct pf_context *ctx, struct pf_pool *pool,
                               const struct pf_job *job, const struct pf_schema *schema, struct pf_error *err);
/* After flush: the job is that of the next table in the same output. */
enum pf_status pf_writing_next(struct pf_writing *output, struct pf_pool *pool, const struct pf_job *job,
                               const struct pf_schema *schema, struct pf_error *err);
/* Takes the batch (moved, also on failure), and emits what is encoded by now. */
enum pf_status pf_writing_add(struct pf_writing *output, struct pf_batch *batch, struct pf_error *err);
/* Encodes and emits all that was added. */
enum pf_status pf_writing_flush(struct pf_writing *output, struct pf_error *err);
/* After flush: begins the second writing, in which only the given columns come. */
enum pf_status pf_writing_repair(struct pf_writing *output, const struct pf_schema *schema, const uint32_t *columns,
                                 uint32_t column_count, struct pf_error *err);
/* After flush: completes the file, without making it visible. *size: bytes of it. */
enum pf_status pf_writing_finish(struct pf_writing *output, int64_t rows, int64_t *size, struct pf_error *err);
/* After flush, or, complete, after finish: the job, its pool and its reader may go. Complete, no more than the sinks is held. */
void pf_writing_rest(struct pf_writing *output, bool complete);
/* Makes it visible. */
enum pf_status pf_writing_commit(struct pf_writing *output, struct pf_error *err);
/* A target that somebody else may have opened, too, and that was not written to, is given to another writing (NULL = there is none), which
 * begins with it as its target. */
void pf_writing_give_target(struct pf_writing *output, struct pf_sink **to);
/* Whether somebody else has what was written so far. */
bool pf_writing_is_seen(const struct pf_writing *output);
/* Takes a commit back; what was replaced does not come back. */
void pf_writing_retract(struct pf_writing *output);
/* Without a commit before it: nothing is left. */
void pf_writing_close(struct pf_writing *output);

#endif
