#include "engine/pipeline.h"
#include "engine/parts.h"

#include <string.h>

/* Blocks under way beyond one a thread, so that no thread waits for the one that cuts. */
enum { BLOCKS_AHEAD = 2 };

static void run_task(struct pf_task *task)
{
    pf_work_run((struct pf_work *)(void *)task); /* the task is its first member */
}

static void clear_work(struct pf_work *work)
{
    pf_batch_free(&work->decoded.typed);
    pf_batch_free(&work->batch);
    pf_free(work->arena.memory, work->block.bytes);
    pf_arena_free(&work->arena);
    memset(&work->block, 0, sizeof work->block);
    memset(&work->decoded, 0, sizeof work->decoded);
    work->is_decoded = false;
    work->misfits = 0;
    work->evidence = NULL;
    pf_error_clear(&work->err);
}

static struct pf_work *work_at(struct pf_pipeline *pipeline, uint32_t place)
{
    return &pipeline->works[(pipeline->first + place) % pipeline->capacity];
}

static enum pf_status set_up(struct pf_pipeline *pipeline, struct pf_error *err)
{
    struct pf_memory *memory = &pipeline->ctx->memory;
    uint32_t columns = pipeline->plan->column_count;
    bool declared = false;

    pipeline->capacity = pf_pool_threads(pipeline->pool) + BLOCKS_AHEAD;
    pipeline->works = pf_alloc_zero(memory, pipeline->capacity, sizeof *pipeline->works);
    pipeline->pass_columns = pf_alloc_zero(memory, columns, sizeof *pipeline->pass_columns);
    if (pipeline->works == NULL || pipeline->pass_columns == NULL)
        return pf_fail_memory(err, columns * sizeof *pipeline->pass_columns);
    for (uint32_t i = 0; i < pipeline->capacity; i++) {
        pf_arena_init(&pipeline->works[i].arena, memory, SIZE_MAX);
        pipeline->works[i].pipeline = pipeline;
        pipeline->works[i].task.run = run_task;
    }
    pipeline->pass.columns = pipeline->pass_columns;
    pipeline->pass.column_count = columns;
    for (uint32_t i = 0; i < columns; i++) {
        pipeline->pass_columns[i] = pipeline->plan->columns[i].table_column;
        declared = declared || pf_way_is_declared(pipeline->plan->columns[i].way);
    }
    if (pipeline->map != NULL) {
        pipeline->place = pf_alloc_zero(memory, columns, sizeof *pipeline->place);
        if (pipeline->place == NULL)
            return pf_fail_memory(err, columns * sizeof *pipeline->place);
        pf_part_place(pipeline->map, pipeline->pass_columns, columns, pipeline->place, &pipeline->pass.column_count);
    }
    pipeline->pass.survey = pipeline->plan->survey;
    pipeline->pass.keep_records = declared && pipeline->plan->on_error == PF_ON_ERROR_REJECT;
    return PF_OK;
}

enum pf_status pf_pipeline_begin(struct pf_pipeline *pipeline, struct pf_context *ctx, struct pf_pool *pool,
                                 const struct pf_reader *reader, void *reader_state, uint32_t table, struct pf_pass_plan *plan,
                                 const struct pf_part_map *map, size_t memory, struct pf_error *err)
{
    memset(pipeline, 0, sizeof *pipeline);
    pipeline->ctx = ctx;
    pipeline->pool = pool;
    pipeline->reader = reader;
    pipeline->reader_state = reader_state;
    pipeline->plan = plan;
    pipeline->map = map;
    pipeline->memory = memory;
    pipeline->pass.table = table;
    if (set_up(pipeline, err) != PF_OK)
        return err->status;
    return reader->start(reader_state, &pipeline->pass, err);
}

/* Cuts the next block into the ring; PF_END when there is none. */
static enum pf_status cut_block(struct pf_pipeline *pipeline, struct pf_error *err)
{
    struct pf_work *work = work_at(pipeline, pipeline->count);
    enum pf_status status;

    clear_work(work);
    status = pipeline->reader->cut(pipeline->reader_state, &work->block, err);
    if (status == PF_OK) {
        work->cost = work->block.cost > 0 ? (size_t)work->block.cost : 0;
        work->size = work->block.bytes != NULL ? work->block.size : 0;
        pipeline->last_cost = work->cost;
        atomic_store_explicit(&work->task.done, false, memory_order_relaxed);
        pipeline->count++;
    } else {
        pipeline->ended = true;
    }
    return status;
}

/* A cut that fails is remembered as the error of a block, so that errors of blocks before it come first. */
static void hold_error(struct pf_pipeline *pipeline, const struct pf_error *err)
{
    struct pf_work *work = work_at(pipeline, pipeline->count++);

    work->err = *err;
    work->status = err->status;
    atomic_store(&work->task.done, true);
}

/* What the blocks under way will need beyond the bytes they hold already. */
static size_t promised(struct pf_pipeline *pipeline)
{
    size_t sum = 0;

    for (uint32_t i = 0; i < pipeline->count; i++) {
        const struct pf_work *work = work_at(pipeline, i);

        if (!atomic_load_explicit(&work->task.done, memory_order_acquire) && work->cost > work->size)
            sum += work->cost - work->size;
    }
    return sum;
}

/* Whether memory leaves room for one more block: the rest is for what becomes of blocks on the writing side. One is always allowed, or
 * nothing would move. */
static bool may_admit(struct pf_pipeline *pipeline, size_t cost)
{
    size_t expected = atomic_load(&pipeline->ctx->memory.in_use) + promised(pipeline) + cost;

    if (pipeline->count == 0)
        return true;
    if (pipeline->behind != NULL && *pipeline->behind != 0 && expected > pf_ease(pipeline->pool))
        return false;
    return expected < pipeline->memory / 8 * 5;
}

static void fill(struct pf_pipeline *pipeline)
{
    if (pipeline->head_waits)
        pf_pool_submit(pipeline->pool, &work_at(pipeline, 0)->task);
    pipeline->head_waits = false;
    while (!pipeline->ended && pipeline->count < pipeline->capacity && may_admit(pipeline, pipeline->last_cost)) {
        struct pf_error err;
        enum pf_status status = cut_block(pipeline, &err);
        struct pf_work *work;

        if (status == PF_END)
            return;
        if (status != PF_OK) {
            hold_error(pipeline, &err);
            return;
        }
        work = work_at(pipeline, pipeline->count - 1);
        pf_pool_submit(pipeline->pool, &work->task);
    }
}

void pf_pipeline_rest(struct pf_pipeline *pipeline)
{
    pipeline->rests = true;
    pf_pool_rest(pipeline->pool);
}

/* An empty ring is filled and worked through, so that the pool can rest until it is empty again. */
static void fill_at_once(struct pf_pipeline *pipeline)
{
    if (pipeline->count != 0)
        return;
    pf_pool_resume(pipeline->pool);
    fill(pipeline);
    for (uint32_t i = 0; i < pipeline->count; i++)
        pf_pool_wait(pipeline->pool, &work_at(pipeline, i)->task);
    pf_pool_rest(pipeline->pool);
}

enum pf_status pf_pipeline_head(struct pf_pipeline *pipeline, struct pf_evidence *head, struct pf_error *err)
{
    enum pf_status status = cut_block(pipeline, err);
    struct pf_work *work = work_at(pipeline, 0);

    if (status == PF_END)
        return PF_OK;
    if (status != PF_OK)
        return status;
    status = pf_work_decode(work, err);
    if (status != PF_OK) {
        atomic_store(&work->task.done, true);
        return status;
    }
    work->is_decoded = true;
    for (uint32_t i = 0; i < pipeline->plan->column_count && work->decoded.text != NULL; i++) {
        struct pf_column_plan *column = &pipeline->plan->columns[i];

        pf_evidence_add(&head[i], &work->decoded.text[i], work->decoded.rows_kept);
        if (column->way == PF_WAY_INFERRED && pf_evidence_is_text(&head[i]))
            atomic_store(&column->explained, pf_work_reason(work, i, 0, &column->reason));
    }
    pipeline->head_waits = true;
    return PF_OK;
}

/* The reason found in the first block that has one stays. */
static void take_reasons(struct pf_pass_plan *plan, const struct pf_found_reason *found, int64_t rows_before)
{
    for (; found != NULL; found = found->next) {
        struct pf_column_plan *column = &plan->columns[found->index];

        if (column->reason.size != 0)
            continue;
        column->reason = found->reason;
        column->reason.row += found->reason.row != 0 ? rows_before : 0;
        atomic_store(&column->explained, true);
    }
}

enum pf_status pf_pipeline_next(struct pf_pipeline *pipeline, int64_t rows_before, struct pf_work **out, struct pf_error *err)
{
    struct pf_work *work;

    if (pipeline->rests)
        fill_at_once(pipeline);
    else
        fill(pipeline);
    if (pipeline->count == 0)
        return PF_END;
    work = work_at(pipeline, 0);
    pf_pool_wait(pipeline->pool, &work->task);
    *out = work;
    if (work->status != PF_OK) {
        *err = work->err;
        return work->status;
    }
    for (uint32_t i = 0; i < pipeline->plan->column_count && work->evidence != NULL; i++)
        pf_evidence_merge(&pipeline->plan->columns[i].evidence, &work->evidence[i]);
    take_reasons(pipeline->plan, work->reasons, rows_before);
    return PF_OK;
}

void pf_pipeline_give_back(struct pf_pipeline *pipeline, struct pf_work *work)
{
    clear_work(work);
    pipeline->first = (pipeline->first + 1) % pipeline->capacity;
    pipeline->count--;
    if (!pipeline->rests)
        fill(pipeline);
}

void pf_pipeline_end(struct pf_pipeline *pipeline)
{
    struct pf_memory *memory;

    if (pipeline->ctx == NULL)
        return;
    memory = &pipeline->ctx->memory;
    if (pipeline->head_waits)
        atomic_store(&work_at(pipeline, 0)->task.done, true);
    while (pipeline->works != NULL && pipeline->count != 0) {
        struct pf_work *work = work_at(pipeline, 0);

        pf_pool_wait(pipeline->pool, &work->task);
        clear_work(work);
        pipeline->first = (pipeline->first + 1) % pipeline->capacity;
        pipeline->count--;
    }
    for (uint32_t i = 0; pipeline->works != NULL && i < pipeline->capacity; i++)
        clear_work(&pipeline->works[i]);
    pf_free(memory, pipeline->works);
    pf_free(memory, pipeline->pass_columns);
    pf_free(memory, pipeline->place);
    memset(pipeline, 0, sizeof *pipeline);
}
