#include "arrow/array.h"

#include <string.h>

/* What release needs: the buffers' memory, and room for the pointers an ArrowArray refers to. */
struct owner {
    struct pf_memory *memory; /* NULL = exported: everything is disowned */
    const void *buffers[3];
    void *children_block; /* of an exported batch: the arrays and the pointers to them */
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

int64_t pf_array_data_size(const struct ArrowArray *array, enum pf_type type)
{
    if (array->release == NULL)
        return 0;
    if (type == PF_TYPE_STRING || type == PF_TYPE_BINARY)
        return pf_array_offsets(array)[array->length] + array->length * (int64_t)sizeof(int32_t);
    if (type == PF_TYPE_BOOL)
        return (array->length + 7) / 8;
    return array->length * (int64_t)pf_type_width(type);
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
    size_t count = batch->column_count;
    size_t size = count * (sizeof(struct ArrowArray) + sizeof(struct ArrowArray *));
    struct ArrowArray *arrays;

    if (owner == NULL)
        return pf_fail_memory(err, sizeof *owner);
    owner->children_block = pf_alloc(batch->memory, size);
    if (owner->children_block == NULL) {
        release_array(out);
        return pf_fail_memory(err, size);
    }
    arrays = owner->children_block;
    out->children = (struct ArrowArray **)(void *)(arrays + count);
    for (size_t i = 0; i < count; i++) {
        arrays[i] = batch->columns[i];
        batch->columns[i].release = NULL;
        out->children[i] = &arrays[i];
        disown_array(&arrays[i]);
    }
    out->n_children = (int64_t)count;
    out->length = batch->rows;
    disown_array(out);
    pf_batch_free(batch);
    return PF_OK;
}
