/* Text columns to Arrow columns under declared types. */
#include <string.h>

#include "transform/cast.h"
#include "transform/infer.h"
#include "transform/lenient.h"
#include "transform/number_form.h"
#include "transform/pattern.h"
#include "transform/strict.h"

typedef bool (*lenient_fn)(const uint8_t *at, size_t size, const struct pf_field *field, void *data);

/* A cast under way. */
struct declared {
    const struct pf_text_column *text;
    const struct pf_field *field;
    lenient_fn lenient; /* NULL for bool */
    struct ArrowArray *out;
    uint8_t *data; /* out's */
    uint8_t *bad;
    int64_t *bad_count;
};

/* The order in which most of the column's dates are expected. */
static uint32_t date_pattern(const struct pf_field *field)
{
    return field->order == PF_ORDER_SHOWN ? 0 : pf_date_pattern(field->order == PF_DAY_FIRST ? PF_CAN_DMY : PF_CAN_MDY);
}

/* Reads what fits the strict rules, which are quicker, from the row on; returns the first row that does not. */
static int64_t read_run(const struct declared *cast, int64_t from, int64_t rows)
{
    struct pf_evidence ignored = { .refuted = PF_ALL };
    void *data = cast->data;

    if (cast->text->numbers != NULL && cast->field->type != PF_TYPE_DATE32 && cast->field->type != PF_TYPE_TIMESTAMP)
        return from;
    switch (cast->field->type) {
    case PF_TYPE_BOOL:
        return pf_strict_bool(cast->text, from, rows, data, &ignored);
    case PF_TYPE_INT64:
        return pf_strict_int64(cast->text, from, rows, data, &ignored);
    case PF_TYPE_FLOAT64:
        return pf_strict_float64(cast->text, from, rows, data, &ignored);
    case PF_TYPE_DATE32:
        return pf_strict_date(cast->text, from, rows, date_pattern(cast->field), data, &ignored);
    case PF_TYPE_TIMESTAMP:
        return pf_strict_timestamp(cast->text, from, rows, cast->field->utc, data, &ignored);
    default:
        return from;
    }
}

static lenient_fn lenient_for(enum pf_type type)
{
    switch (type) {
    case PF_TYPE_FLOAT32:
    case PF_TYPE_FLOAT64:
        return pf_lenient_float;
    case PF_TYPE_DECIMAL128:
        return pf_lenient_decimal;
    case PF_TYPE_DATE32:
        return pf_lenient_date;
    case PF_TYPE_TIME64:
        return pf_lenient_time;
    case PF_TYPE_TIMESTAMP:
        return pf_lenient_timestamp;
    case PF_TYPE_BOOL:
        return NULL;
    default:
        return pf_lenient_integer;
    }
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static bool read_value(const struct declared *cast, const uint8_t *at, size_t size, int64_t row)
{
    bool value;

    if (cast->lenient)
        return cast->lenient(at, size, cast->field, cast->data + (size_t)row * pf_type_width(cast->field->type));
    if (!pf_lenient_bool(at, size, &value))
        return false;
    if (value)
        pf_bit_set(cast->data, row);
    return true;
}

static bool is_number(enum pf_type type)
{
    return type >= PF_TYPE_INT8 && type <= PF_TYPE_DECIMAL128;
}

/* As read_value, for numbers in the form that the column's texts have. */
static bool read_form(const struct declared *cast, const uint8_t *at, size_t size, int64_t row)
{
    uint8_t plain[PF_PLAIN_ROOM];
    uint32_t plain_size = (uint32_t)size;
    uint64_t ignored = 0;

    if (cast->text->numbers == NULL || !is_number(cast->field->type))
        return read_value(cast, at, size, row);
    at = pf_number_plain(cast->text->numbers, at, &plain_size, plain, &ignored);
    return read_value(cast, at, plain_size, row);
}

/* A sum such as 809.1899999999999 is 809.19 for everyone who sees the sheet. */
static bool read_shown(const struct declared *cast, const uint8_t *at, size_t size, int64_t row)
{
    uint8_t shown[PF_SHOWN_ROOM];

    if (!cast->text->cells || cast->text->kind[row] != PF_TEXT_PLAIN || !is_number(cast->field->type))
        return false;
    size = pf_lenient_shown(at, size, shown);
    return size != 0 && read_value(cast, shown, size, row);
}

/* One row by the lenient rules. false = out of memory. */
static bool read_row(const struct declared *cast, int64_t row)
{
    const uint8_t *at = cast->text->bytes + cast->text->offset[row];
    size_t size = cast->text->size[row];

    if (size == 0) { /* null already */
        if (cast->lenient)
            memset(cast->data + (size_t)row * pf_type_width(cast->field->type), 0, pf_type_width(cast->field->type));
        return true;
    }
    while (size > 0 && is_blank(at[size - 1]))
        size--;
    for (; size > 0 && is_blank(*at); size--)
        at++;
    if (size > 0 && (read_form(cast, at, size, row) || read_shown(cast, at, size, row)))
        return true;
    if (cast->lenient)
        memset(cast->data + (size_t)row * pf_type_width(cast->field->type), 0, pf_type_width(cast->field->type));
    if (!cast->out->buffers[0] && !pf_array_add_validity(cast->out))
        return false;
    pf_bit_clear((uint8_t *)(uintptr_t)cast->out->buffers[0], row);
    cast->out->null_count++;
    if (size > 0) {
        pf_bit_set(cast->bad, row);
        ++*cast->bad_count;
    }
    return true;
}

static bool read_rows(const struct declared *cast, int64_t rows)
{
    int64_t row = 0, blank = 0;

    for (int64_t i = 0; i < rows; i++)
        blank += cast->text->size[i] == 0;
    if (!pf_cast_nulls(cast->out, cast->text, rows, blank))
        return false;
    for (;;) {
        row = read_run(cast, row, rows);
        if (row == rows)
            return true;
        if (!read_row(cast, row++))
            return false;
    }
}

static enum pf_status cast(const struct pf_text_column *text, int64_t rows, const struct pf_field *field,
                           struct pf_memory *memory, struct ArrowArray *out, uint8_t *bad, int64_t *bad_count,
                           struct pf_error *err)
{
    struct declared declared = { .text = text, .field = field, .out = out, .bad = bad, .bad_count = bad_count };
    enum pf_status status;

    status = pf_array_new(out, memory, field->type, rows, 0, err);
    if (status != PF_OK)
        return status;
    declared.lenient = lenient_for(field->type);
    declared.data = (uint8_t *)(uintptr_t)out->buffers[1];
    if (!read_rows(&declared, rows)) {
        pf_array_free(out);
        return pf_fail_memory(err, (size_t)rows / 8);
    }
    return PF_OK;
}

enum pf_status pf_cast_declared(const struct pf_text_column *text, int64_t rows, const struct pf_field *field,
                                struct pf_memory *memory, struct ArrowArray *out, uint8_t *bad, int64_t *bad_count,
                                struct pf_error *err)
{
    struct pf_text_column blanked;
    enum pf_status status;
    uint64_t errors;

    out->release = NULL;
    *bad_count = 0;
    if (field->type == PF_TYPE_STRING || field->type == PF_TYPE_BINARY)
        return pf_cast_text(text, rows, field->type, memory, out, err);
    if (text->marked == 0)
        return cast(text, rows, field, memory, out, bad, bad_count, err);
    status = pf_text_blank_errors(text, rows, memory, &blanked, &errors, err);
    if (status == PF_OK)
        status = cast(&blanked, rows, field, memory, out, bad, bad_count, err);
    pf_text_free_blanked(&blanked, memory);
    return status;
}
