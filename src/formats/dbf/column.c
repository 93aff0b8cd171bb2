/* A column of a block, in its own type: one loop over the records for each way in which values are stored. */
#include <math.h>
#include <string.h>

#include "formats/dbf/dbf.h"

void dbf_trouble_add(struct dbf_trouble *trouble, const struct dbf_rows *rows, int64_t row, const uint8_t *stored,
                     uint32_t size)
{
    if (trouble->count++ != 0)
        return;
    trouble->row = rows->first + (rows->places != NULL ? rows->places[row] : row);
    trouble->sample_size = size < DBF_SAMPLE ? size : DBF_SAMPLE;
    memcpy(trouble->sample, stored, trouble->sample_size);
}

/* What a loop over a column has at hand. */
struct column {
    struct dbf_decoding *decoding;
    const struct dbf_header *header;
    const struct dbf_field *field;
    struct ArrowArray *out;
    void *values;
    uint8_t *validity;
    bool failed; /* out of memory */
};

/* Marks the row as one without a value. */
static void set_null(struct column *column, int64_t row)
{
    if (column->validity == NULL)
        column->validity = pf_array_add_validity(column->out);
    if (column->validity == NULL) {
        column->failed = true;
        return;
    }
    pf_bit_clear(column->validity, row);
    column->out->null_count++;
}

static void set_bad(struct column *column, int64_t row, const uint8_t *stored)
{
    dbf_trouble_add(&column->decoding->trouble, &column->decoding->rows, row, stored, column->field->size);
    set_null(column, row);
}

static bool is_null(const struct column *column, const uint8_t *record)
{
    return column->field->null_bit >= 0 && dbf_bit_of(column->header, record, column->field->null_bit);
}

/* The loop: read puts the value of `stored` into values[row] and answers as enum dbf_value. */
#define EACH_ROW(column, type, read)                                                                                           \
    do {                                                                                                                       \
        const struct dbf_rows *rows_ = &(column)->decoding->rows;                                                              \
        type *values = (column)->values;                                                                                       \
        for (int64_t row = 0; row < rows_->count && !(column)->failed; row++) {                                                \
            const uint8_t *record_ = dbf_record(rows_, row), *stored = record_ + (column)->field->at;                          \
            enum dbf_value found_;                                                                                             \
            values[row] = 0;                                                                                                   \
            if (is_null((column), record_)) {                                                                                  \
                set_null((column), row);                                                                                       \
                continue;                                                                                                      \
            }                                                                                                                  \
            found_ = (read);                                                                                                   \
            if (__builtin_expect(found_ == DBF_NOTHING, 0))                                                                    \
                set_null((column), row);                                                                                       \
            else if (__builtin_expect(found_ == DBF_BAD, 0))                                                                   \
                set_bad((column), row, stored);                                                                                \
        }                                                                                                                      \
    } while (0)

static void read_digits(struct column *column)
{
    const uint32_t size = column->field->size;

    EACH_ROW(column, int64_t, dbf_read_int64(stored, size, &values[row]));
}

static void read_decimals(struct column *column)
{
    const uint32_t size = column->field->size, precision = column->field->field.precision;
    const uint32_t scale = (uint32_t)column->field->field.scale;

    EACH_ROW(column, pf_int128, dbf_read_decimal(stored, size, precision, scale, &values[row]));
}

static void read_floats(struct column *column)
{
    const uint32_t size = column->field->size;

    EACH_ROW(column, double, dbf_read_float(stored, size, &values[row]));
}

static void read_days(struct column *column)
{
    EACH_ROW(column, int32_t, dbf_read_day(stored, &values[row]));
}

static void read_moments(struct column *column)
{
    if (column->field->way == DBF_MOMENT)
        EACH_ROW(column, int64_t, dbf_read_moment(stored, &values[row]));
    else
        EACH_ROW(column, int64_t, dbf_read_moment_7(stored, &values[row]));
}

static enum dbf_value take_int32(const uint8_t *stored, bool level_7, int32_t *value)
{
    memcpy(value, stored, sizeof *value);
    if (!level_7)
        return DBF_VALUE;
    if (*value == 0) /* all bytes zero: nothing was entered */
        return DBF_NOTHING;
    *value = dbf_read_int32_7(stored);
    return DBF_VALUE;
}

static void read_int32(struct column *column)
{
    const bool level_7 = column->field->way == DBF_INT32_LEVEL_7;

    EACH_ROW(column, int32_t, take_int32(stored, level_7, &values[row]));
}

static enum dbf_value take_double(const uint8_t *stored, bool level_7, double *value)
{
    uint64_t bits;

    memcpy(&bits, stored, sizeof bits);
    if (level_7 && bits == 0)
        return DBF_NOTHING;
    memcpy(value, stored, sizeof *value);
    if (level_7)
        *value = dbf_read_double_7(stored);
    return DBF_VALUE;
}

static void read_doubles(struct column *column)
{
    const bool level_7 = column->field->way == DBF_DOUBLE_LEVEL_7;

    EACH_ROW(column, double, take_double(stored, level_7, &values[row]));
}

static enum dbf_value take_currency(const uint8_t *stored, pf_int128 *value)
{
    int64_t narrow;

    memcpy(&narrow, stored, sizeof narrow);
    *value = narrow;
    return DBF_VALUE;
}

static void read_currency(struct column *column)
{
    EACH_ROW(column, pf_int128, take_currency(stored, &values[row]));
}

static void read_logical(struct column *column)
{
    const struct dbf_rows *rows = &column->decoding->rows;
    uint8_t *bits = column->values;

    for (int64_t row = 0; row < rows->count && !column->failed; row++) {
        const uint8_t *record = dbf_record(rows, row);
        bool value = false;
        enum dbf_value found = is_null(column, record) ? DBF_NOTHING : dbf_read_logical(record[column->field->at], &value);

        if (found == DBF_BAD)
            set_bad(column, row, record + column->field->at);
        else if (found == DBF_NOTHING)
            set_null(column, row);
        else if (value)
            pf_bit_set(bits, row);
    }
}

static void read_values(struct column *column)
{
    switch (column->field->way) {
    case DBF_DIGITS:
        read_digits(column);
        return;
    case DBF_DECIMAL:
        read_decimals(column);
        return;
    case DBF_FLOAT:
        read_floats(column);
        return;
    case DBF_DAY:
        read_days(column);
        return;
    case DBF_LOGICAL:
        read_logical(column);
        return;
    case DBF_INT32:
    case DBF_INT32_LEVEL_7:
        read_int32(column);
        return;
    case DBF_DOUBLE:
    case DBF_DOUBLE_LEVEL_7:
        read_doubles(column);
        return;
    case DBF_CURRENCY:
        read_currency(column);
        return;
    default:
        read_moments(column);
        return;
    }
}

enum pf_status dbf_column(struct dbf_decoding *decoding, const struct dbf_field *field, struct ArrowArray *out,
                          struct pf_error *err)
{
    const struct dbf_reader *reader = decoding->reader;
    struct column column = { .decoding = decoding, .header = &reader->header, .field = field, .out = out };

    if (field->field.type == PF_TYPE_STRING || field->field.type == PF_TYPE_BINARY)
        return dbf_text_column(decoding, field, out, err);
    if (pf_array_new(out, &reader->ctx->memory, field->field.type, decoding->rows.count, 0, err) != PF_OK)
        return err->status;
    column.values = (void *)(uintptr_t)pf_array_data(out);
    read_values(&column);
    if (!column.failed)
        return PF_OK;
    pf_array_free(out);
    return pf_fail_memory(err, (size_t)decoding->rows.count / 8);
}
