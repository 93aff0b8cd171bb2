/* The pipeline: one pass over a table. Blocks are cut in order by the owner's thread, decoded and cast by any, and handed back
 * in order.
 *
 * What a pass does with each column is a plan; passes over the same table (types, data, repair) differ only in their plans. */
#ifndef PF_ENGINE_PIPELINE_H
#define PF_ENGINE_PIPELINE_H

#include <stdatomic.h>

#include "base/thread.h"
#include "engine/engine.h"

enum pf_column_way {
    PF_WAY_EVIDENCE, /* only evidence is gathered; the column is absent from batches */
    PF_WAY_INFERRED, /* cast to target, and evidence; absent from the block on that contradicts it */
    PF_WAY_SETTLED,  /* cast to target, which was settled over the whole input: a value that does not fit is our fault */
    PF_WAY_DECLARED, /* cast to target.field, which the user declared */
    PF_WAY_CHECKED   /* declared, cast only to find rows to reject; absent from batches */
};

static inline bool pf_way_is_declared(enum pf_column_way way)
{
    return way == PF_WAY_DECLARED || way == PF_WAY_CHECKED;
}

struct pf_column_plan {
    uint32_t table_column; /* in the reader's schema */
    uint32_t slot;         /* in batches */
    enum pf_column_way way;
    struct pf_target target;
    uint64_t refuted;            /* what earlier blocks or passes have refuted: need not be looked for again */
    uint32_t unlike;             /* likewise, forms of numbers */
    atomic_bool abandoned;       /* contradicted: evidence only from here on */
    struct pf_evidence evidence; /* merged over the blocks handed back */
    struct pf_reason reason;     /* why it is text; its row counts from the start of the table */
    atomic_bool explained;       /* reason was found: need not be looked for again */
};

struct pf_pass_plan {
    struct pf_column_plan *columns; /* ascending table_column */
    uint32_t column_count;
    uint32_t slot_count; /* columns of a batch */
    enum pf_on_error on_error;
    bool typed;  /* the reader hands out typed columns: nothing is cast */
    bool survey; /* as of a job */
};

/* Why a column is text, found in a block. */
struct pf_found_reason {
    uint32_t index; /* in the plan */
    struct pf_reason reason;
    struct pf_found_reason *next;
};

struct pf_part_map; /* parts.h */

/* A block on its way. */
struct pf_work {
    struct pf_task task;
    struct pf_pipeline *pipeline;
    struct pf_block block;
    struct pf_arena arena;
    struct pf_decoded decoded;
    struct pf_batch batch;
    struct pf_evidence *evidence;    /* per column of the plan, in the arena */
    struct pf_found_reason *reasons; /* a list, in the arena; rows of the block */
    int64_t misfits;                 /* values made null under PF_ON_ERROR_NULL */
    int64_t misfit_row;              /* lowest row with a misfit under PF_ON_ERROR_FAIL; -1 = none */
    uint32_t misfit_index;
    size_t cost, size; /* of the block; they stay when it is gone */
    bool is_decoded;
    enum pf_status status;
    struct pf_error err;
};

struct pf_pipeline {
    struct pf_context *ctx;
    struct pf_pool *pool;
    const struct pf_reader *reader;
    void *reader_state;
    struct pf_pass_plan *plan;
    struct pf_pass pass;
    uint32_t *pass_columns;
    const struct pf_part_map *map; /* NULL = the table has the plan's columns */
    int32_t *place;                /* with a map: one a column of the plan, see pf_part_place */
    struct pf_work *works;         /* a ring */
    uint32_t capacity, first, count;
    bool ended;
    bool rests;       /* no thread is left between two calls: a ring of blocks is made at once, then handed back one by one */
    bool head_waits;  /* the first block is decoded, and not yet submitted: its targets are being set */
    size_t last_cost; /* of the block cut last: what the next is taken to need */
    size_t memory;    /* the budget: blocks are admitted while what is in use leaves room */
    const uint32_t *behind; /* units that are being encoded; NULL = there is no writer */
};

/* What a conversion takes in memory without need for more: beyond it, units that are being encoded come before new blocks and units, and
 * nothing is lost, as their jobs keep the threads at work. */
static inline size_t pf_ease(const struct pf_pool *pool)
{
    return ((size_t)40 << 20) + pf_pool_threads(pool) * ((size_t)8 << 20);
}

/* Begins a pass with the reader's start. map: where the plan's columns are in this table; NULL = in the same places. plan and the rest are borrowed until pf_pipeline_end. */
enum pf_status pf_pipeline_begin(struct pf_pipeline *pipeline, struct pf_context *ctx, struct pf_pool *pool,
                                 const struct pf_reader *reader, void *reader_state, uint32_t table, struct pf_pass_plan *plan,
                                 const struct pf_part_map *map, size_t memory, struct pf_error *err);
/* From now on no thread of the pool runs after pf_pipeline_next has returned. Right after begin. */
void pf_pipeline_rest(struct pf_pipeline *pipeline);
/* Decodes the first block at once and adds its evidence to head (one a column of the plan); the block is still handed back
 * later. Right after begin. */
enum pf_status pf_pipeline_head(struct pf_pipeline *pipeline, struct pf_evidence *head, struct pf_error *err);
/* Decodes the block of a work: its columns are those of the plan. */
enum pf_status pf_work_decode(struct pf_work *work, struct pf_error *err);
/* Decodes and casts the block of a work; fills its status. Any thread; nothing shared is written but the columns' abandoned. */
void pf_work_run(struct pf_work *work);
/* What made a column of a decoded block text, beyond what is refuted already; false = nothing did. Its row counts from the start of the
 * block, 0 = it cannot be told. */
bool pf_work_reason(const struct pf_work *work, uint32_t index, uint64_t refuted, struct pf_reason *reason);
/* The next block in order, done; its evidence is merged into the plan, rows_before being the rows of the blocks before. PF_END after the last. A block that failed gives its
 * error, with places relative to the block. Valid until pf_pipeline_give_back. */
enum pf_status pf_pipeline_next(struct pf_pipeline *pipeline, int64_t rows_before, struct pf_work **out, struct pf_error *err);
void pf_pipeline_give_back(struct pf_pipeline *pipeline, struct pf_work *work);
/* Also after an error, or before all blocks were taken. Tasks under way are waited for. */
void pf_pipeline_end(struct pf_pipeline *pipeline);

#endif
