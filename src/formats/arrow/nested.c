/* Lists, maps and structs of a stream made into ours: elements in order and without gaps, nothing under a null. */
#include <string.h>

#include "formats/arrow/arrow.h"

/* Where the elements of a list are, as positions of its child without the child's offset. */
struct span {
    int64_t first, size;
};

static struct span span_at(const struct arrow_column *column, const struct ArrowArray *array, int64_t at)
{
    const void *first = array->n_buffers > 1 ? array->buffers[1] : NULL;

    switch (column->layout) {
    case ARROW_LISTS_32:
        return (struct span){ ((const int32_t *)first)[at],
                              (int64_t)((const int32_t *)first)[at + 1] - ((const int32_t *)first)[at] };
    case ARROW_LISTS_64: {
        struct span span = { ((const int64_t *)first)[at], -1 };

        /* what would overflow makes no sense anyway */
        if (span.first >= 0 && ((const int64_t *)first)[at + 1] >= span.first)
            span.size = ((const int64_t *)first)[at + 1] - span.first;
        return span;
    }
    case ARROW_LIST_VIEWS_32:
        return (struct span){ ((const int32_t *)first)[at], ((const int32_t *)array->buffers[2])[at] };
    case ARROW_LIST_VIEWS_64:
        return (struct span){ ((const int64_t *)first)[at], ((const int64_t *)array->buffers[2])[at] };
    default:
        return (struct span){ at * (int64_t)column->width, column->width };
    }
}

static bool makes_sense(struct span span, const struct ArrowArray *child)
{
    return span.first >= 0 && span.size >= 0 && span.first <= child->length && span.size <= child->length - span.first;
}

/* ---- sizes */

/* An array of nulls takes no memory, however long it says it is: sizes stay where they can be added up. */
static int64_t at_most(int64_t size)
{
    return size < ARROW_SIZE_LIMIT ? size : ARROW_SIZE_LIMIT;
}

static int64_t rows_size(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows)
{
    return at_most(rows * ((int64_t)pf_type_width(column->field.type) + (int64_t)sizeof(int32_t)) +
                   arrow_text_size(column, array, array->offset + first, rows));
}

/* Of views, whose elements lie anywhere: all that the child has, in proportion. */
static int64_t views_size(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows)
{
    const struct ArrowArray *child = array->children[0];
    double elements = 0;

    for (int64_t i = 0; i < rows; i++) {
        struct span span = span_at(column, array, first + i);

        elements += makes_sense(span, child) ? (double)span.size : 0;
    }
    if (elements < 1)
        return 0;
    elements *= (double)rows_size(column->children, child, 0, child->length) / (double)child->length;
    return elements < (double)ARROW_SIZE_LIMIT ? (int64_t)elements : ARROW_SIZE_LIMIT;
}

int64_t arrow_nested_size(const struct arrow_column *column, const struct ArrowArray *array, int64_t first, int64_t rows)
{
    struct span begin, end;
    int64_t size = 0;

    if (rows == 0)
        return 0;
    if (column->layout == ARROW_STRUCT) {
        for (uint32_t i = 0; i < column->field.child_count; i++)
            size = at_most(size + rows_size(&column->children[i], array->children[i], first, rows));
        return size;
    }
    if (column->layout == ARROW_LIST_VIEWS_32 || column->layout == ARROW_LIST_VIEWS_64)
        return views_size(column, array, first, rows);
    begin = span_at(column, array, first);
    end = span_at(column, array, first + rows - 1);
    if (!makes_sense(begin, array->children[0]) || !makes_sense(end, array->children[0]) || end.first < begin.first)
        return 0;
    return rows_size(column->children, array->children[0], begin.first, end.first + end.size - begin.first);
}

/* ---- structs */

/* The positions of a struct's rows in one of its children. */
static enum pf_status rows_of_child(const struct arrow_rows *rows, const struct ArrowArray *child, struct pf_arena *arena,
                                    struct arrow_rows *where, struct pf_error *err)
{
    *where = *rows;
    where->first = rows->first + child->offset;
    if (rows->at != NULL && child->offset != 0) {
        int64_t *at = pf_arena_alloc(arena, (size_t)rows->count * sizeof *at);

        if (at == NULL)
            return pf_fail_memory(err, (size_t)rows->count * sizeof *at);
        for (int64_t i = 0; i < rows->count; i++)
            at[i] = rows->at[i] + child->offset;
        where->at = at;
    }
    return PF_OK;
}

static enum pf_status fill_struct(const struct arrow_column *column, const struct arrow_rows *rows, struct pf_arena *arena,
                                  struct pf_memory *memory, struct ArrowArray *out, struct pf_error *err)
{
    if (pf_array_new_nested(out, memory, PF_TYPE_STRUCT, rows->count, column->field.child_count, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < column->field.child_count; i++) {
        const struct ArrowArray *child = rows->values->children[i];
        struct arrow_rows where;

        if (rows_of_child(rows, child, arena, &where, err) != PF_OK ||
            arrow_convert_rows(&column->children[i], child, &where, arena, memory, out->children[i], err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

/* ---- lists */

/* The list, from 0, that an element belongs to. */
static int64_t list_of(const int32_t *offsets, int64_t lists, int64_t element)
{
    int64_t low = 0, high = lists - 1;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;

        if (offsets[middle + 1] > element)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Offsets of the lists; *first is where the elements begin when they lie in a row, -1 when they do not. */
static enum pf_status fill_offsets(const struct arrow_column *column, const struct arrow_rows *rows, int32_t *offsets,
                                   int64_t *first, struct pf_error *err)
{
    const struct ArrowArray *child = rows->values->children[0];
    int64_t total = 0;

    *first = 0;
    for (int64_t i = 0; i < rows->count; i++) {
        struct span span = { 0, 0 };

        if (arrow_is_valid(rows, i))
            span = span_at(column, rows->values, arrow_position(rows, i));
        if (!makes_sense(span, child)) {
            pf_fail(err, PF_BAD_DATA, "the place of a list in the Arrow array makes no sense");
            err->row = i + 1;
            return PF_BAD_DATA;
        }
        if (span.size > 0 && total == 0)
            *first = span.first;
        else if (span.size > 0 && *first >= 0 && span.first != *first + total)
            *first = -1;
        total += span.size;
        if (total > INT32_MAX) {
            pf_fail(err, PF_LIMIT, "the lists of a block have more than 2^31 elements");
            err->row = i + 1;
            return PF_LIMIT;
        }
        offsets[i + 1] = (int32_t)total;
    }
    return PF_OK;
}

static enum pf_status place_elements(const struct arrow_column *column, const struct arrow_rows *rows, struct pf_arena *arena,
                                     struct arrow_rows *where, struct pf_error *err)
{
    const struct ArrowArray *child = rows->values->children[0];
    int64_t *at = pf_arena_alloc(arena, (size_t)where->count * sizeof *at), out = 0;

    if (at == NULL)
        return pf_fail_memory(err, (size_t)where->count * sizeof *at);
    for (int64_t i = 0; i < rows->count; i++) {
        struct span span = { 0, 0 };

        if (arrow_is_valid(rows, i))
            span = span_at(column, rows->values, arrow_position(rows, i));
        for (int64_t element = 0; element < span.size; element++)
            at[out++] = child->offset + span.first + element;
    }
    where->at = at;
    return PF_OK;
}

static enum pf_status fill_list(const struct arrow_column *column, const struct arrow_rows *rows, struct pf_arena *arena,
                                struct pf_memory *memory, struct ArrowArray *out, struct pf_error *err)
{
    const struct ArrowArray *child = rows->values->children[0];
    struct arrow_rows where = { .count = 0 };
    int32_t *offsets;
    int64_t first;

    if (pf_array_new_nested(out, memory, column->field.type, rows->count, 1, err) != PF_OK)
        return err->status;
    offsets = (int32_t *)(uintptr_t)out->buffers[1];
    if (fill_offsets(column, rows, offsets, &first, err) != PF_OK)
        return err->status;
    where.count = offsets[rows->count];
    where.first = child->offset + first;
    if (first < 0 && place_elements(column, rows, arena, &where, err) != PF_OK)
        return err->status;
    if (arrow_convert_rows(column->children, child, &where, arena, memory, out->children[0], err) == PF_OK)
        return PF_OK;
    if (err->row > 0)
        err->row = list_of(offsets, rows->count, err->row - 1) + 1;
    return err->status;
}

enum pf_status arrow_fill_nested(const struct arrow_column *column, const struct arrow_rows *rows, struct pf_arena *arena,
                                 struct pf_memory *memory, struct ArrowArray *out, struct pf_error *err)
{
    return column->layout == ARROW_STRUCT ? fill_struct(column, rows, arena, memory, out, err)
                                          : fill_list(column, rows, arena, memory, out, err);
}
