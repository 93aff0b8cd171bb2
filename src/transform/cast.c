/* Text columns to Arrow columns under inferred types. */
#include <assert.h>
#include <string.h>

#include "base/swar.h"
#include "transform/cast.h"
#include "transform/infer.h"
#include "transform/number_form.h"
#include "transform/pattern.h"
#include "transform/scan.h"
#include "transform/strict.h"

#if defined(__SSE2__)
#include <emmintrin.h>

/* 16 bits: which of 16 sizes are not zero. */
static uint32_t filled16(const uint32_t *size)
{
    const __m128i *from = (const __m128i *)(const void *)size, zero = _mm_setzero_si128();
    const __m128i a = _mm_cmpeq_epi32(_mm_loadu_si128(from), zero), b = _mm_cmpeq_epi32(_mm_loadu_si128(from + 1), zero);
    const __m128i c = _mm_cmpeq_epi32(_mm_loadu_si128(from + 2), zero), d = _mm_cmpeq_epi32(_mm_loadu_si128(from + 3), zero);

    return ~(uint32_t)_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d))) & 0xFFFF;
}
#else
static uint32_t filled16(const uint32_t *size)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i < 16; i++)
        bits |= (uint32_t)(size[i] != 0) << i;
    return bits;
}
#endif

bool pf_cast_nulls(struct ArrowArray *out, const struct pf_text_column *text, int64_t rows, int64_t blank)
{
    uint8_t *valid;
    int64_t row = 0;

    out->null_count = blank;
    if (blank == 0)
        return true;
    valid = pf_array_add_validity(out);
    if (!valid)
        return false;
    for (; rows - row >= 16; row += 16) {
        const uint32_t bits = filled16(text->size + row);

        valid[row >> 3] = (uint8_t)bits;
        valid[(row >> 3) + 1] = (uint8_t)(bits >> 8);
    }
    for (; row < rows; row++)
        if (text->size[row] == 0)
            pf_bit_clear(valid, row);
    return true;
}

/* ---- string */

enum { OVERRUN = 32 /* bytes that copies may write past the text, and read past a value */ };

static void copy_texts(const struct pf_text_column *text, int64_t rows, int32_t *offset, uint8_t *to)
{
    const uint8_t *begin = to;

    for (int64_t row = 0; row < rows; row++) {
        const uint32_t size = text->size[row];
        const uint8_t *from = text->bytes + (size ? text->offset[row] : 0);

        pf_prefetch_text(text, row, rows);
        offset[row] = (int32_t)(to - begin);
        memcpy(to, from, 16);
        if (size > 16) {
            memcpy(to + 16, from + 16, 16);
            if (PF_UNLIKELY(size > 32))
                memcpy(to + 32, from + 32, size - 32);
        }
        to += size;
    }
    offset[rows] = (int32_t)(to - begin);
}

enum pf_status pf_cast_text(const struct pf_text_column *text, int64_t rows, enum pf_type type, struct pf_memory *memory,
                            struct ArrowArray *out, struct pf_error *err)
{
    uint8_t *valid;
    enum pf_status status;

    if (text->total > INT32_MAX - OVERRUN) {
        pf_fail(err, PF_LIMIT, "a column has %lld bytes of text in one block, more than fit one array", (long long)text->total);
        pf_remedy(err, "refuse such records with a smaller --max-record");
        return PF_LIMIT;
    }
    status = pf_array_new(out, memory, type, rows, text->total + OVERRUN, err);
    if (status != PF_OK)
        return status;
    if (text->total > 0)
        copy_texts(text, rows, (int32_t *)(uintptr_t)out->buffers[1], (uint8_t *)(uintptr_t)out->buffers[2]);
    else
        memset((int32_t *)(uintptr_t)out->buffers[1], 0, (size_t)(rows + 1) * sizeof(int32_t));
    out->null_count = text->nulls;
    if (text->nulls == 0)
        return PF_OK;
    valid = pf_array_add_validity(out);
    if (!valid) {
        pf_array_free(out);
        return pf_fail_memory(err, (size_t)rows / 8);
    }
    for (int64_t row = 0; row < rows; row++)
        if (text->kind[row] == PF_TEXT_NULL)
            pf_bit_clear(valid, row);
    return PF_OK;
}

/* ---- inferred types */

/* As the strict loops, with the type chosen by target. */
static int64_t read_strict(const struct pf_text_column *text, int64_t rows, const struct pf_target *target, void *data,
                           struct pf_evidence *evidence)
{
    switch (target->field.type) {
    case PF_TYPE_BOOL:
        return pf_strict_bool(text, 0, rows, data, evidence);
    case PF_TYPE_INT64:
        return pf_strict_int64(text, 0, rows, data, evidence);
    case PF_TYPE_FLOAT64:
        return pf_strict_float64(text, 0, rows, data, evidence);
    case PF_TYPE_DATE32:
        return pf_strict_date(text, 0, rows, target->pattern, data, evidence);
    case PF_TYPE_TIMESTAMP:
        return pf_strict_timestamp(text, 0, rows, target->field.utc, data, evidence);
    case PF_TYPE_TIME64:
        return pf_strict_time(text, 0, rows, data, evidence);
    default:
        assert(false); /* not a type that is inferred */
        return 0;
    }
}

/* Values that each fit may still have no pattern in common. */
static bool has_pattern(const struct pf_evidence *evidence, const struct pf_target *target)
{
    const uint64_t left = PF_ALL & ~evidence->refuted;

    if (target->field.type == PF_TYPE_TIMESTAMP)
        return (left & PF_TIMESTAMPS) != 0;
    if (target->field.type == PF_TYPE_INT64 || target->field.type == PF_TYPE_FLOAT64)
        return (left & PF_NUMBERS) != 0;
    return target->field.type != PF_TYPE_DATE32 || (left & pf_date_order(target->pattern)) != 0;
}

static enum pf_status cast_plain(const struct pf_text_column *text, int64_t rows, const struct pf_target *target,
                                 struct pf_evidence *evidence, struct pf_memory *memory, struct ArrowArray *out, bool *fits,
                                 struct pf_error *err)
{
    const int64_t blank = pf_evidence_count(evidence, text, rows);
    enum pf_status status;
    int64_t read;

    if (target->field.type == PF_TYPE_STRING) {
        pf_evidence_scan(evidence, text, 0, rows);
        return pf_cast_text(text, rows, PF_TYPE_STRING, memory, out, err);
    }
    status = pf_array_new(out, memory, target->field.type, rows, 0, err);
    if (status != PF_OK)
        return status;
    read = read_strict(text, rows, target, (void *)(uintptr_t)out->buffers[1], evidence);
    if (read < rows)
        pf_evidence_scan(evidence, text, read, rows);
    if (read < rows || !has_pattern(evidence, target)) {
        *fits = false;
        pf_array_free(out);
        return PF_OK;
    }
    if (!pf_cast_nulls(out, text, rows, blank)) {
        pf_array_free(out);
        return pf_fail_memory(err, (size_t)rows / 8);
    }
    return PF_OK;
}

/* The text stays as it is; its numbers are read from a plain copy. */
static enum pf_status cast_formed(const struct pf_text_column *text, int64_t rows, const struct pf_target *target,
                                  struct pf_evidence *evidence, struct pf_memory *memory, struct ArrowArray *out, bool *fits,
                                  struct pf_error *err)
{
    struct pf_plain_column plain;
    enum pf_status status = pf_plain_make(&plain, text, rows, &evidence->witnessed, memory, err);

    evidence->unlike = PF_UNLIKE_ALL; /* the form is known */
    if (status == PF_OK)
        status = cast_plain(&plain.text, rows, target, evidence, memory, out, fits, err);
    pf_plain_free(&plain);
    return status;
}

/* ---- columns whose source says of some values what they are */

enum pf_status pf_text_blank_errors(const struct pf_text_column *text, int64_t rows, struct pf_memory *memory,
                                    struct pf_text_column *out, uint64_t *errors, struct pf_error *err)
{
    const size_t count = (size_t)rows;
    uint32_t *size = pf_alloc(memory, count * (sizeof *size + 1));
    uint8_t *kind;

    *out = *text;
    *errors = 0;
    out->size = NULL;
    if (size == NULL)
        return pf_fail_memory(err, count * (sizeof *size + 1));
    kind = (uint8_t *)(size + count);
    memcpy(size, text->size, count * sizeof *size);
    memcpy(kind, text->kind, count);
    for (size_t row = 0; row < count; row++) {
        if (kind[row] != PF_TEXT_ERROR)
            continue;
        out->total -= size[row];
        size[row] = 0;
        kind[row] = PF_TEXT_NULL;
        ++*errors;
    }
    out->size = size;
    out->kind = kind;
    out->nulls += (int64_t)*errors;
    out->marked -= (int64_t)*errors;
    return PF_OK;
}

void pf_text_free_blanked(struct pf_text_column *blanked, struct pf_memory *memory)
{
    pf_free(memory, (uint32_t *)(uintptr_t)blanked->size);
}

static bool has_cells(const struct pf_text_column *text, int64_t rows)
{
    for (int64_t row = 0; row < rows; row++) {
        if (text->kind[row] == PF_TEXT_CELL && text->size[row] != 0)
            return true;
    }
    return false;
}

/* To a type other than string: a text cell contradicts it, an error is null. */
static enum pf_status cast_marked(const struct pf_text_column *text, int64_t rows, const struct pf_target *target,
                                  struct pf_evidence *evidence, struct pf_memory *memory, struct ArrowArray *out, bool *fits,
                                  struct pf_error *err)
{
    struct pf_text_column blanked;
    enum pf_status status;
    uint64_t errors;

    if (has_cells(text, rows)) {
        *fits = false;
        pf_evidence_add(evidence, text, rows);
        return PF_OK;
    }
    status = pf_text_blank_errors(text, rows, memory, &blanked, &errors, err);
    if (status == PF_OK) {
        status = cast_plain(&blanked, rows, target, evidence, memory, out, fits, err);
        evidence->errors += errors;
        evidence->nulls -= errors;
    }
    pf_text_free_blanked(&blanked, memory);
    return status;
}

enum pf_status pf_cast_inferred(const struct pf_text_column *text, int64_t rows, const struct pf_target *target,
                                struct pf_evidence *evidence, struct pf_memory *memory, struct ArrowArray *out, bool *fits,
                                struct pf_error *err)
{
    out->release = NULL;
    *fits = true;
    if (PF_UNLIKELY(text->marked != 0) && target->field.type != PF_TYPE_STRING)
        return cast_marked(text, rows, target, evidence, memory, out, fits, err);
    if (text->numbers != NULL && target->field.type != PF_TYPE_STRING)
        return cast_formed(text, rows, target, evidence, memory, out, fits, err);
    return cast_plain(text, rows, target, evidence, memory, out, fits, err);
}
