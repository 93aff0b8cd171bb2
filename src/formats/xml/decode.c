/* A block as text columns. */
#include <stdio.h>

#include "formats/xml/xml.h"

enum pf_status xml_reject_rest(struct xml_walk *walk, const uint8_t *bytes, size_t size, struct pf_arena *arena,
                               struct pf_decoded *out, struct pf_error *err)
{
    enum { REASON = 256, RAW = 1024 };
    const size_t at = (size_t)err->offset < size ? (size_t)err->offset : size;
    struct pf_reject *reject = pf_arena_alloc_zero(arena, 1, sizeof *reject);
    char *reason = pf_arena_alloc(arena, REASON);
    size_t line_start = at;

    if (reject == NULL || reason == NULL)
        return pf_fail_memory(err, sizeof *reject);
    while (line_start > 0 && bytes[line_start - 1] != '\n')
        line_start--;
    (void)snprintf(reason, REASON,
                   "the document is not well-formed: %.120s (column %zu of the line); the rows before it are good",
                   err->message, at - line_start + 1);
    *reject = (struct pf_reject){ .row = out->rows_kept,
                                  .line = xml_count_lines(bytes, at),
                                  .offset = (int64_t)at,
                                  .by_on_error = true,
                                  .reason = reason,
                                  .raw = bytes + line_start,
                                  .raw_size = size - line_start < RAW ? size - line_start : RAW };
    walk->counts.broken = 1;
    out->rejects = reject;
    out->rows_rejected = 1;
    out->rows_read = out->rows_kept + 1;
    pf_error_clear(err);
    return PF_OK;
}

static enum pf_status hand_out(const struct xml_columns *columns, const uint8_t *bytes, struct pf_arena *arena,
                               struct pf_decoded *out, struct pf_error *err)
{
    out->text = pf_arena_alloc_zero(arena, (size_t)columns->count + 1, sizeof *out->text);
    if (out->text == NULL)
        return pf_fail_memory(err, columns->count * sizeof *out->text);
    for (uint32_t i = 0; i < columns->count; i++) {
        struct pf_text_column *text = &out->text[i];

        *text = (struct pf_text_column){
            .bytes = bytes, .offset = columns->offset[i], .size = columns->size[i], .kind = columns->kind[i]
        };
        for (int64_t row = 0; row < columns->rows; row++) {
            text->total += text->size[row];
            text->nulls += text->kind[row] == PF_TEXT_NULL;
        }
    }
    out->row_place = columns->place;
    return PF_OK;
}

/* The text of values takes the place of the block's bytes, which nothing needs any more but a reject. */
static enum pf_status take_values(struct xml_walk *walk, struct pf_block *block, struct pf_decoded *out, struct pf_arena *arena)
{
    if (!pf_buffer_reserve(&walk->values, XML_PAD))
        return pf_fail_memory(walk->err, XML_PAD);
    memset(walk->values.data + walk->values.size, 0, XML_PAD);
    if (out->rows_rejected != 0) {
        struct pf_reject *reject = out->rejects;
        const char *raw = pf_arena_copy(arena, (const char *)reject->raw, reject->raw_size);

        if (raw == NULL)
            return pf_fail_memory(walk->err, reject->raw_size);
        reject->raw = (const uint8_t *)raw;
    }
    pf_free(walk->memory, block->bytes);
    block->bytes = walk->values.data;
    pf_buffer_init(&walk->values, walk->memory, SIZE_MAX);
    return PF_OK;
}

static enum pf_status decode(struct xml_walk *walk, struct xml_columns *columns, struct pf_block *block, struct pf_arena *arena,
                             struct pf_decoded *out)
{
    const size_t prefix = xml_prefix_of(block);
    const uint8_t *bytes = block->bytes + prefix;
    struct pf_error *err = walk->err;
    enum pf_status status = xml_walk_run(walk, block->bytes, block->size, (block->own[XML_OWN_FLAGS] & XML_BLOCK_ENDS) != 0);

    out->rows_read = out->rows_kept = columns->rows;
    if (walk->again) {
        atomic_store(&((struct xml_reader *)(uintptr_t)walk->reader)->wider, true);
        return status;
    }
    if (status == PF_BAD_DATA)
        status = xml_reject_rest(walk, bytes, block->size - prefix, arena, out, err);
    out->lines = (int64_t)block->own[XML_OWN_LINES];
    if (status == PF_OK)
        status = take_values(walk, block, out, arena);
    return status == PF_OK ? hand_out(columns, block->bytes, arena, out, err) : status;
}

enum pf_status xml_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                          struct pf_decoded *out, struct pf_error *err)
{
    struct xml_reader *reader = (struct xml_reader *)(uintptr_t)state; /* for its lock */
    struct xml_columns columns;
    struct xml_walk walk = { .row = xml_add_row, .user = &columns };

    (void)pass;
    *out = (struct pf_decoded){ 0 };
    pf_error_clear(err);
    if (xml_columns_begin(&columns, reader, arena, (int64_t)block->own[XML_OWN_ROWS], err) == PF_OK &&
        xml_walk_begin(&walk, reader, &reader->tree, block, err) == PF_OK) {
        columns.bytes = block->bytes + walk.prefix;
        (void)decode(&walk, &columns, block, arena, out);
    }
    return xml_walk_done(&walk, reader, err);
}
