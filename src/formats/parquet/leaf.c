#include "formats/parquet/leaf.h"

#include <assert.h>
#include <string.h>

/* Bytes of two's complement that hold every decimal of so many digits: the least n with 10^precision <= 2^(8n - 1). */
static uint32_t decimal_bytes(uint32_t precision)
{
    static const uint8_t bytes[] = { 1, 1, 1,  2,  2,  3,  3,  4,  4,  4,  5,  5,  6,  6,  6,  7,  7,  8,  8, 9,
                                     9, 9, 10, 10, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16 };

    assert(precision < sizeof bytes);
    return bytes[precision];
}

static struct pf_leaf numbers(const struct pf_field *field, enum parquet_type physical, enum pf_order order, uint32_t width)
{
    return (struct pf_leaf){ .field = field, .physical = physical, .order = order, .width = width, .stored = width };
}

static struct pf_leaf decimals(const struct pf_field *field)
{
    struct pf_leaf leaf;

    if (field->precision <= 9)
        return numbers(field, PARQUET_INT32, PF_ORDER_SIGNED, 4);
    if (field->precision <= 18)
        return numbers(field, PARQUET_INT64, PF_ORDER_SIGNED, 8);
    leaf = numbers(field, PARQUET_FIXED_LEN_BYTE_ARRAY, PF_ORDER_WIDE, 16);
    leaf.stored = decimal_bytes(field->precision);
    return leaf;
}

static struct pf_leaf stored_as(const struct pf_field *field)
{
    switch (field->type) {
    case PF_TYPE_BOOL:
        return numbers(field, PARQUET_BOOLEAN, PF_ORDER_BITS, 0);
    case PF_TYPE_INT8:
    case PF_TYPE_INT16:
    case PF_TYPE_INT32:
    case PF_TYPE_DATE32:
        return numbers(field, PARQUET_INT32, PF_ORDER_SIGNED, 4);
    case PF_TYPE_UINT8:
    case PF_TYPE_UINT16:
    case PF_TYPE_UINT32:
        return numbers(field, PARQUET_INT32, PF_ORDER_UNSIGNED, 4);
    case PF_TYPE_INT64:
    case PF_TYPE_TIME64:
    case PF_TYPE_TIMESTAMP:
        return numbers(field, PARQUET_INT64, PF_ORDER_SIGNED, 8);
    case PF_TYPE_UINT64:
        return numbers(field, PARQUET_INT64, PF_ORDER_UNSIGNED, 8);
    case PF_TYPE_FLOAT32:
        return numbers(field, PARQUET_FLOAT, PF_ORDER_REAL, 4);
    case PF_TYPE_FLOAT64:
        return numbers(field, PARQUET_DOUBLE, PF_ORDER_REAL, 8);
    case PF_TYPE_DECIMAL128:
        return decimals(field);
    default:
        return numbers(field, PARQUET_BYTE_ARRAY, PF_ORDER_TEXT, 0);
    }
}

struct pf_leaf pf_leaf_of(const struct pf_field *field)
{
    struct pf_leaf leaf = stored_as(field);

    leaf.definition = !field->required;
    return leaf;
}

/* ---- the leaves of nested columns */

/* A list of steps holds a map's entries besides its own levels. */
enum { STEPS = 2 * PF_NESTING + 2 };

struct walk {
    struct pf_arena *arena;
    struct pf_leaf *leaves;
    uint32_t count, column;
    struct pf_step steps[STEPS];
};

static bool add_nested_leaf(struct walk *walk, uint32_t step_count)
{
    struct pf_step *steps = pf_arena_alloc(walk->arena, step_count * sizeof *steps);
    struct pf_leaf leaf = stored_as(walk->steps[step_count - 1].field);

    if (!steps)
        return false;
    memcpy(steps, walk->steps, step_count * sizeof *steps);
    leaf.column = walk->column;
    leaf.steps = steps;
    leaf.step_count = (uint8_t)step_count;
    for (uint32_t i = 0; i < step_count; i++) {
        bool repeats = steps[i].field->type == PF_TYPE_LIST || steps[i].field->type == PF_TYPE_MAP;

        leaf.definition = (uint8_t)(leaf.definition + !steps[i].field->required + repeats);
        leaf.repetition = (uint8_t)(leaf.repetition + repeats);
    }
    walk->leaves[walk->count++] = leaf;
    return true;
}

static bool walk_down(struct walk *walk, const struct pf_field *field, uint32_t child, uint32_t depth)
{
    assert(depth < STEPS);
    walk->steps[depth] = (struct pf_step){ field, child };
    if (!pf_type_is_nested(field->type))
        return add_nested_leaf(walk, depth + 1);
    for (uint32_t i = 0; i < field->child_count; i++) {
        if (!walk_down(walk, &field->children[i], i, depth + 1))
            return false;
    }
    return true;
}

static uint32_t count_leaves(const struct pf_field *fields, uint32_t count)
{
    uint32_t leaves = 0;

    for (uint32_t i = 0; i < count; i++)
        leaves += pf_type_is_nested(fields[i].type) ? count_leaves(fields[i].children, fields[i].child_count) : 1;
    return leaves;
}

uint32_t pf_leaf_count(const struct pf_schema *schema)
{
    return count_leaves(schema->fields, schema->count);
}

bool pf_leaves_of(const struct pf_schema *schema, struct pf_arena *arena, struct pf_leaf *leaves)
{
    struct walk walk = { .arena = arena, .leaves = leaves };

    for (uint32_t i = 0; i < schema->count; i++) {
        const struct pf_field *field = &schema->fields[i];

        walk.column = i;
        if (pf_type_is_nested(field->type)) {
            if (!walk_down(&walk, field, 0, 0))
                return false;
        } else {
            leaves[walk.count] = pf_leaf_of(field);
            leaves[walk.count++].column = i;
        }
    }
    return true;
}
