/* --ragged extend: the widest row of the source decides how many columns there are, so all of it is read once before. */
#include <string.h>

#include "formats/csv/csv.h"

enum { STRIP = 8192, SLACK = 64 };

/* The record under way in a block. */
struct progress {
    size_t start;    /* of the field under way */
    uint64_t fields; /* that have ended */
    uint64_t filled; /* of them, up to the last one that is not empty */
};

static void end_field(struct progress *progress, size_t end, size_t step)
{
    progress->fields++;
    if (end > progress->start)
        progress->filled = progress->fields;
    progress->start = end + step;
}

/* Fields that a record has beyond the columns need a column only when one of them is not empty. */
static enum pf_status add_strip(const struct csv_reader *reader, const uint8_t *bytes, const struct csv_index *index,
                                struct progress *progress, uint32_t *widest, struct pf_error *err)
{
    size_t step = reader->dialect.delimiter_size;
    uint32_t next = 0;

    for (uint32_t i = 0; i < index->record_count; i++) {
        uint32_t last = index->record_end[i];
        size_t end = index->position[last];

        while (next < last)
            end_field(progress, index->position[next++], step);
        end_field(progress, end - (end > progress->start && bytes[end] == '\n' && bytes[end - 1] == '\r'), 0);
        if (progress->filled > reader->ctx->limits.columns) {
            pf_fail(err, PF_LIMIT, "a row of %llu fields is more than the limit of %u columns",
                    (unsigned long long)progress->filled, reader->ctx->limits.columns);
            pf_remedy(err, "raise --max-columns, or name the right --delimiter");
            return err->status;
        }
        if (progress->filled > *widest)
            *widest = (uint32_t)progress->filled;
        *progress = (struct progress){ .start = end + 1 };
        next = last + 1;
    }
    while (next < index->position_count)
        end_field(progress, index->position[next++], step);
    return PF_OK;
}

static enum pf_status add_block(const struct csv_reader *reader, const struct pf_block *block, uint32_t *room, uint32_t *widest,
                                struct pf_error *err)
{
    struct csv_index index = {
        .words.before = 1, .position = room, .record_end = room + STRIP + SLACK, .inner = room + 2 * (STRIP + SLACK)
    };
    struct progress progress = { 0 };

    while (index.at < block->size) {
        size_t to = block->size - index.at < STRIP ? block->size : (index.at + STRIP) & ~(size_t)63;

        reader->kernel->index(&reader->dialect, &index, block->bytes, to, block->size);
        csv_index_last(&index, block->size);
        if (add_strip(reader, block->bytes, &index, &progress, widest, err) != PF_OK)
            return err->status;
        index.position_count = index.record_count = index.inner_count = 0;
    }
    return PF_OK;
}

static enum pf_status add_blocks(struct csv_reader *reader, uint32_t *room, uint32_t *widest, struct pf_error *err)
{
    static const struct pf_pass all = { .columns = NULL };
    enum pf_status status = csv_start(reader, &all, err);

    while (status == PF_OK) {
        struct pf_block block;
        int64_t line = reader->number != 0 ? reader->line : 0;

        status = pf_check_cancel(reader->ctx, err);
        if (status == PF_OK)
            status = csv_cut(reader, &block, err);
        if (status == PF_OK) {
            status = add_block(reader, &block, room, widest, err);
            pf_free(&reader->ctx->memory, block.bytes);
        } else if (status != PF_END && err->line > 0) {
            err->line += line; /* places are of the source here, not of the block */
            err->offset = err->offset >= 0 && block.offset >= 0 ? err->offset + block.offset : -1;
        }
    }
    return status == PF_END ? PF_OK : status;
}

enum pf_status csv_find_widest(struct csv_reader *reader, uint32_t *widest, struct pf_error *err)
{
    size_t size = 3 * (size_t)(STRIP + SLACK) * sizeof(uint32_t);
    uint32_t *room;
    enum pf_status status;

    if (!pf_source_can_rewind(reader->src)) {
        pf_fail(err, PF_UNSUPPORTED, "--ragged extend reads the input twice, which a pipe does not allow");
        pf_remedy(err, "save the input to a file first, or use --ragged reject");
        return err->status;
    }
    room = pf_alloc(&reader->ctx->memory, size);
    if (room == NULL)
        return pf_fail_memory(err, size);
    status = add_blocks(reader, room, widest, err);
    pf_free(&reader->ctx->memory, room);
    pf_text_input_close(&reader->input);
    return status == PF_OK ? pf_source_rewind(reader->src, err) : status;
}
