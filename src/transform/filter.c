#include "transform/infer.h"

enum pf_status pf_text_filter(struct pf_text_column *text, int64_t rows, const uint8_t *keep, int64_t kept,
                              struct pf_arena *arena, struct pf_error *err)
{
    const size_t count = (size_t)kept;
    uint32_t *offset = pf_arena_alloc(arena, count * sizeof *offset), *size = pf_arena_alloc(arena, count * sizeof *size);
    uint8_t *kind = pf_arena_alloc(arena, count);
    int64_t to = 0;

    if (!offset || !size || !kind)
        return pf_fail_memory(err, count * (2 * sizeof(uint32_t) + 1));
    text->nulls = 0;
    text->total = 0;
    text->marked = 0;
    for (int64_t row = 0; row < rows; row++) {
        if (!pf_bit(keep, row))
            continue;
        offset[to] = text->offset[row];
        size[to] = text->size[row];
        kind[to] = text->kind[row];
        text->nulls += kind[to] == PF_TEXT_NULL;
        text->total += size[to];
        text->marked += kind[to] >= PF_TEXT_CELL;
        to++;
    }
    text->offset = offset;
    text->size = size;
    text->kind = kind;
    return PF_OK;
}
