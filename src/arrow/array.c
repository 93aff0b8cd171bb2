#include "arrow/array.h"

#include <string.h>

/* What release needs: the buffers' memory, and room for the pointers an ArrowArray refers to. */
struct owner {
    struct pf_memory *memory; /* NULL = exported: everything is disowned */
    const void *buffers[3];
    void *children_block; /* of an exported batch or a nested column: the arrays and the pointers to them */
};

static void give_back(struct pf_memory *memory, void *pointer)
{
    if (memory != NULL)
        pf_free(memory, pointer);
    else
        pf_free_disowned(pointer);
}

static void release_array(struct ArrowArray *array)
{
    struct owner *owner = array->private_data;
    struct pf_memory *memory = owner->memory;

    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release != NULL)
            array->children[i]->release(array->children[i]);
    }
    for (size_t i = 0; i < PF_COUNT(owner->buffers); i++)
        give_back(memory, (void *)(uintptr_t)owner->buffers[i]);
    give_back(memory, owner->children_block);
    give_back(memory, owner);
    array->release = NULL;
}

/* The array is the consumer's from here on: it counts against no budget and needs no context to be released. */
static void disown_array(struct ArrowArray *array)
{
    struct owner *owner = array->private_data;

    for (int64_t i = 0; i < array->n_children; i++)
        disown_array(array->children[i]);
    for (size_t i = 0; i < PF_COUNT(owner->buffers); i++)
        pf_disown(owner->memory, (void *)(uintptr_t)owner->buffers[i]);
    pf_disown(owner->memory, owner->children_block);
    pf_disown(owner->memory, owner);
    owner->memory = NULL;
}

static struct owner *own(struct ArrowArray *out, struct pf_memory *memory, int64_t buffer_count)
{
    struct owner *owner = pf_alloc_zero(memory, 1, sizeof *owner);

    memset(out, 0, sizeof *out);
    if (owner == NULL)
        return NULL;
    owner->memory = memory;
    out->buffers = owner->buffers;
    out->n_buffers = buffer_count;
    out->private_data = owner;
    out->release = release_array;
    return owner;
}

enum pf_status pf_array_new(struct ArrowArray *out, struct pf_memory *memory, enum pf_type type, int64_t rows, int64_t bytes,
                            struct pf_error *err)
{
    bool varied = type == PF_TYPE_STRING || type == PF_TYPE_BINARY;
    size_t size = varied                 ? ((size_t)rows + 1) * sizeof(int32_t)
                  : type == PF_TYPE_BOOL ? (size_t)((rows + 7) / 8)
                                         : (size_t)rows * pf_type_width(type);
    struct owner *owner = own(out, memory, varied ? 3 : 2);

    if (owner == NULL)
        return pf_fail_memory(err, sizeof *owner);
    out->length = rows;
    owner->buffers[1] = type == PF_TYPE_BOOL ? pf_alloc_zero(memory, size, 1) : pf_alloc(memory, size);
    if (varied && owner->buffers[1] != NULL) {
        size = (size_t)bytes;
        owner->buffers[2] = pf_alloc(memory, size);
    }
    if (owner->buffers[1] == NULL || (varied && owner->buffers[2] == NULL)) {
        release_array(out);
        return pf_fail_memory(err, size);
    }
    return PF_OK;
}

/* Room for count children, none of which is made yet. */
static bool add_children(struct ArrowArray *array, uint32_t count)
{
    struct owner *owner = array->private_data;
    struct ArrowArray *arrays;

    owner->children_block = pf_alloc_zero(owner->memory, count, sizeof(struct ArrowArray) + sizeof(struct ArrowArray *));
    if (owner->children_block == NULL)
        return false;
    arrays = owner->children_block;
    array->children = (struct ArrowArray **)(void *)(arrays + count);
    for (uint32_t i = 0; i < count; i++)
        array->children[i] = &arrays[i];
    array->n_children = count;
    return true;
}

enum pf_status pf_array_new_nested(struct ArrowArray *out, struct pf_memory *memory, enum pf_type type, int64_t rows,
                                   uint32_t count, struct pf_error *err)
{
    bool has_offsets = type != PF_TYPE_STRUCT;
    size_t size = has_offsets ? ((size_t)rows + 1) * sizeof(int32_t) : count * sizeof *out;
    struct owner *owner = own(out, memory, has_offsets ? 2 : 1);

    if (owner == NULL)
        return pf_fail_memory(err, sizeof *owner);
    out->length = rows;
    if (has_offsets) {
        int32_t *offsets = pf_alloc(memory, size);

        if (offsets != NULL)
            offsets[0] = 0;
        owner->buffers[1] = offsets;
    }
    if ((has_offsets && owner->buffers[1] == NULL) || !add_children(out, count)) {
        release_array(out);
        return pf_fail_memory(err, size);
    }
    return PF_OK;
}

uint8_t *pf_array_add_validity(struct ArrowArray *array)
{
    struct owner *owner = array->private_data;
    size_t size = (size_t)((array->length + 7) / 8);
    uint8_t *bits = pf_alloc(owner->memory, size);

    if (bits != NULL) {
        memset(bits, 0xff, size);
        owner->buffers[0] = bits;
    }
    return bits;
}

void pf_array_free(struct ArrowArray *array)
{
    if (array->release != NULL)
        array->release(array);
}

int64_t pf_array_size(const struct ArrowArray *array, const struct pf_field *field, int64_t first, int64_t rows)
{
    int64_t size = 0, from, end;

    switch (field->type) {
    case PF_TYPE_BOOL:
        return (rows + 7) / 8;
    case PF_TYPE_STRUCT:
        for (uint32_t i = 0; i < field->child_count; i++)
            size += pf_array_size(array->children[i], &field->children[i], first, rows);
        return size;
    case PF_TYPE_STRING:
    case PF_TYPE_BINARY:
    case PF_TYPE_LIST:
    case PF_TYPE_MAP:
        from = pf_array_offsets(array)[first];
        end = pf_array_offsets(array)[first + rows];
        size =
            pf_type_is_nested(field->type) ? pf_array_size(array->children[0], field->children, from, end - from) : end - from;
        return size + rows * (int64_t)sizeof(int32_t);
    default:
        return rows * (int64_t)pf_type_width(field->type);
    }
}

enum pf_status pf_batch_new(struct pf_batch *out, struct pf_memory *memory, int64_t rows, uint32_t columns,
                            struct pf_error *err)
{
    out->rows = rows;
    out->column_count = columns;
    out->memory = memory;
    out->columns = pf_alloc_zero(memory, columns, sizeof *out->columns);
    if (out->columns == NULL) {
        out->column_count = 0;
        return pf_fail_memory(err, columns * sizeof *out->columns);
    }
    return PF_OK;
}

void pf_batch_free(struct pf_batch *batch)
{
    for (uint32_t i = 0; i < batch->column_count; i++)
        pf_array_free(&batch->columns[i]);
    if (batch->memory != NULL)
        pf_free(batch->memory, batch->columns);
    memset(batch, 0, sizeof *batch);
}

enum pf_status pf_batch_export(struct pf_batch *batch, struct ArrowArray *out, struct pf_error *err)
{
    struct owner *owner = own(out, batch->memory, 1);
    uint32_t count = batch->column_count;

    if (owner == NULL)
        return pf_fail_memory(err, sizeof *owner);
    if (!add_children(out, count)) {
        release_array(out);
        return pf_fail_memory(err, count * sizeof *out);
    }
    for (uint32_t i = 0; i < count; i++) {
        *out->children[i] = batch->columns[i];
        batch->columns[i].release = NULL;
    }
    out->length = batch->rows;
    disown_array(out);
    pf_batch_free(batch);
    return PF_OK;
}
