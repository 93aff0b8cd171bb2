/* Inference over values from anywhere. The input is one value a line; the first byte says where the column is split.
 *
 * Held to: evidence does not depend on the split or the order of its parts; a cast under the decided type fits every value, with the same
 * evidence; a decided type is not narrower than what the values need (numbers and text print back, but for what the rules except);
 * declared casts to every type end without a fault. */
#include <stdlib.h>
#include <string.h>

#include "arrow/array.h"
#include "base/number.h"
#include "transform/infer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MOST = 256, PAD = 32 };

struct values {
    struct pf_text_column text;
    uint8_t *bytes;
    uint32_t offset[ROWS_MOST], size[ROWS_MOST];
    uint8_t kind[ROWS_MOST];
    int64_t rows;
};

/* An empty line is a null; a line that begins with a quote mark stood in quotes. */
static void split_lines(struct values *v, const uint8_t *data, size_t size)
{
    size_t at = 0;

    v->bytes = malloc(size + PAD);
    if (v->bytes == NULL)
        abort();
    memset(v->bytes + size, '7', PAD);
    if (size != 0)
        memcpy(v->bytes, data, size);
    for (v->rows = 0; v->rows < ROWS_MOST && at < size; v->rows++) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        const size_t stop = end != NULL ? (size_t)(end - data) : size;
        const size_t quoted = stop > at && data[at] == '"';

        v->offset[v->rows] = (uint32_t)(at + quoted);
        v->size[v->rows] = (uint32_t)(stop - at - quoted);
        v->kind[v->rows] = quoted ? PF_TEXT_QUOTED : stop == at ? PF_TEXT_NULL : PF_TEXT_PLAIN;
        v->text.nulls += stop == at;
        v->text.total += v->size[v->rows];
        at = stop + 1;
    }
    v->text.bytes = v->bytes;
    v->text.offset = v->offset;
    v->text.size = v->size;
    v->text.kind = v->kind;
}

static struct pf_text_column part_of(const struct values *v, int64_t from, int64_t to)
{
    struct pf_text_column part = {
        .bytes = v->bytes, .offset = v->offset + from, .size = v->size + from, .kind = v->kind + from
    };

    for (int64_t row = from; row < to; row++) {
        part.nulls += v->kind[row] == PF_TEXT_NULL;
        part.total += v->size[row];
    }
    return part;
}

static void check_same(const struct pf_evidence *a, const struct pf_evidence *b)
{
    struct pf_target x, y;

    pf_evidence_decide(a, &x);
    pf_evidence_decide(b, &y);
    if (a->values != b->values || a->nulls != b->nulls || a->empties != b->empties || !pf_target_same(&x, &y))
        abort();
}

static void check_split(const struct values *v, int64_t at, const struct pf_evidence *whole)
{
    const struct pf_text_column first = part_of(v, 0, at), second = part_of(v, at, v->rows);
    struct pf_evidence a = { 0 }, b = { 0 }, merged = { 0 };

    pf_evidence_add(&a, &first, at);
    pf_evidence_add(&b, &second, v->rows - at);
    pf_evidence_merge(&merged, &b);
    pf_evidence_merge(&merged, &a);
    check_same(&merged, whole);
}

/* What an int64 column or a string column holds must print as the text was. */
static void check_print(const struct values *v, const struct pf_target *target, const struct ArrowArray *array)
{
    for (int64_t row = 0; row < v->rows; row++) {
        const uint8_t *text = v->bytes + v->offset[row];
        const uint8_t *validity = pf_array_validity(array);
        char number[PF_INT64_TEXT];

        if (validity != NULL && !pf_bit(validity, row))
            continue;
        if (target->field.type == PF_TYPE_INT64) {
            const size_t size = pf_print_int64(((const int64_t *)pf_array_data(array))[row], number);

            if (size != v->size[row] || memcmp(number, text, size) != 0)
                abort();
        }
        if (target->field.type == PF_TYPE_STRING) {
            const int32_t *offsets = pf_array_offsets(array);

            if ((uint32_t)(offsets[row + 1] - offsets[row]) != v->size[row] ||
                memcmp(pf_array_bytes(array) + offsets[row], text, v->size[row]) != 0)
                abort();
        }
    }
}

static void check_cast(const struct values *v, const struct pf_evidence *whole, struct pf_memory *memory)
{
    struct pf_evidence again = { 0 };
    struct ArrowArray array;
    struct pf_target target;
    struct pf_error err;
    bool fits;

    pf_evidence_decide(whole, &target);
    if (pf_cast_inferred(&v->text, v->rows, &target, &again, memory, &array, &fits, &err) != PF_OK || !fits)
        abort();
    if (array.length != v->rows)
        abort();
    check_same(&again, whole);
    check_print(v, &target, &array);
    pf_array_free(&array);
}

static void check_declared(const struct values *v, struct pf_memory *memory)
{
    for (int type = PF_TYPE_STRING; type <= PF_TYPE_BINARY; type++) {
        struct pf_field field = { .type = (enum pf_type)type, .precision = 20, .scale = 4, .utc = v->rows % 2 != 0 };
        uint8_t bad[ROWS_MOST / 8] = { 0 };
        struct ArrowArray array;
        struct pf_error err;
        int64_t bad_count;

        if (pf_cast_declared(&v->text, v->rows, &field, memory, &array, bad, &bad_count, &err) != PF_OK)
            abort();
        pf_array_free(&array);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct values v; /* large; filled anew each time */
    struct pf_evidence whole = { 0 };
    struct pf_memory memory;

    if (size < 1 || !pf_memory_init(&memory, (size_t)64 << 20))
        return 0;
    memset(&v, 0, sizeof v);
    split_lines(&v, data + 1, size - 1);
    pf_evidence_add(&whole, &v.text, v.rows);
    check_split(&v, v.rows != 0 ? data[0] % (v.rows + 1) : 0, &whole);
    check_cast(&v, &whole, &memory);
    check_declared(&v, &memory);
    if (atomic_load(&memory.in_use) != 0)
        abort();
    free(v.bytes);
    pf_memory_destroy(&memory);
    return 0;
}
