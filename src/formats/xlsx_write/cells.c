/* From columns to the rows of a sheet. Source: ECMA-376 part 1, 18.3.1.4 (cell), 18.3.1.73 (row).
 *
 * Every cell and row has its reference: a few readers need them. Nothing that a double with 15 digits, which is all that Excel shows
 * and keeps, does not hold becomes a number: it stays text, and is counted. */
#include <math.h>
#include <string.h>

#include "base/date.h"
#include "base/digits.h"
#include "base/number.h"
#include "base/print.h"
#include "base/swar.h"
#include "formats/column_letters.h"
#include "formats/xlsx_write/xlsx_write.h"

enum {
    CELL_ROOM = 192,      /* no cell without a text of the table takes more */
    FULL = 64 * 1024,     /* of the buffer: then it is given to deflate, while it is in the cache */
    ESCAPED = 7,          /* bytes that one becomes at most */
    DAYS_1970 = 25569,    /* the serial day of 1970-01-01 */
    FIRST_DAY = -25508,   /* 1900-03-01: before it Excel counts a leap day that never was */
    LAST_DAY = 2932896,   /* 9999-12-31 */
    LAST_FINE_DAY = 39966 /* up to serial day 65535 a double tells microseconds apart, later not all of them */
};

static const int64_t day_micros = INT64_C(86400000000), second_micros = 1000000;
static const uint64_t exact_integers = UINT64_C(1000000000000000); /* 10^15: all below have at most 15 digits */

/* A copy of a constant text of count bytes, as stores of a fixed size. */
#define PUT(to, text) (memcpy(to, text, sizeof(text) - 1), (to) + sizeof(text) - 1)

struct column {
    enum pf_type type;
    const uint8_t *data, *validity;
    const int32_t *offsets;
    bool clean, utc;
    int8_t scale;
    uint8_t prefix_size, number_size;
    uint8_t prefix[16]; /* <c r="AB */
    uint8_t number[16]; /* " s="2"><v> */
};

struct rows {
    uint8_t *start, *to, *end;
    struct pf_zip_piece *piece;
    struct xlsx_counts *counts;
    uint8_t row[16]; /* digits of the row, readable as a whole */
    size_t row_size;
};

static enum pf_status flush(struct rows *rows, struct pf_error *err)
{
    size_t size = (size_t)(rows->to - rows->start);

    rows->to = rows->start;
    return pf_zip_piece_add(rows->piece, rows->start, size, err);
}

/* ---- cells */

/* Values may lie at any address. */
#define LOOSE __attribute__((aligned(1), may_alias))
typedef int16_t LOOSE loose_int16;
typedef int32_t LOOSE loose_int32;
typedef int64_t LOOSE loose_int64;
typedef uint16_t LOOSE loose_uint16;
typedef uint32_t LOOSE loose_uint32;
typedef uint64_t LOOSE loose_uint64;
typedef float LOOSE loose_float;
typedef double LOOSE loose_double;

static inline uint8_t *begin_number(const struct column *column, uint8_t *to)
{
    memcpy(to, column->number, sizeof column->number);
    return to + column->number_size;
}

static inline uint8_t *end_number(uint8_t *to)
{
    return PUT(to, "</v></c>");
}

static inline uint8_t *begin_text(uint8_t *to)
{
    return PUT(to, "\" t=\"inlineStr\"><is><t>");
}

static inline uint8_t *end_text(uint8_t *to)
{
    return PUT(to, "</t></is></c>");
}

static uint8_t *put_short_text(uint8_t *to, const char *text, size_t size)
{
    to = begin_text(to);
    memcpy(to, text, size);
    return end_text(to + size);
}

static inline uint8_t *put_integer(struct rows *rows, const struct column *column, uint64_t magnitude, bool negative)
{
    bool exact = PF_LIKELY(magnitude < exact_integers);
    uint8_t *to = exact ? begin_number(column, rows->to) : begin_text(rows->to);
    uint32_t count = pf_count_digits(magnitude);

    *to = '-';
    to += negative;
    pf_put_digits(to, magnitude, count);
    if (exact)
        return end_number(to + count);
    rows->counts->long_numbers++;
    return end_text(to + count);
}

static inline uint8_t *put_signed(struct rows *rows, const struct column *column, int64_t value)
{
    return put_integer(rows, column, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

static uint8_t *put_float(struct rows *rows, const struct column *column, double value, bool single)
{
    uint8_t *to;

    if (!isfinite(value)) {
        rows->counts->no_numbers++;
        return isnan(value) ? put_short_text(rows->to, "NaN", 3)
                            : put_short_text(rows->to, value < 0 ? "-inf" : "inf", value < 0 ? 4 : 3);
    }
    to = begin_number(column, rows->to);
    to += single ? pf_print_float32((float)value, (char *)to) : pf_print_float64(value, (char *)to);
    return end_number(to);
}

static uint8_t *put_decimal(struct rows *rows, const struct column *column, int64_t row)
{
    char text[48];
    pf_int128 value;
    size_t size;
    uint8_t *to;

    memcpy(&value, column->data + (size_t)row * sizeof value, sizeof value);
    size = pf_print_decimal(value, column->scale, text);
    if (value >= (pf_int128)exact_integers || value <= -(pf_int128)exact_integers) {
        rows->counts->long_numbers++;
        return put_short_text(rows->to, text, size);
    }
    to = begin_number(column, rows->to);
    memcpy(to, text, size);
    return end_number(to + size);
}

static inline uint8_t *put_bool(uint8_t *to, bool value)
{
    to = PUT(to, "\" t=\"b\"><v>");
    *to++ = (uint8_t)('0' + value);
    return end_number(to);
}

/* ---- dates and times: serial days */

/* The part of a day in whole seconds or milliseconds: twelve digits are 0.04 microseconds, and readers know what is meant. */
static inline uint8_t *put_day_part(uint8_t *to, int64_t micros)
{
    enum { DIGITS = 12 };
    uint64_t part = ((uint64_t)micros * 625 + 27) / 54; /* micros * 10^12 / 86400e6, rounded */

    if (part == 0)
        return to;
    *to = '.';
    pf_put_digits(to + 1, part, DIGITS);
    to += 1 + DIGITS;
    while (to[-1] == '0')
        to--;
    return to;
}

/* The part of a day in microseconds: all digits, so many that a reader does not take it for a millisecond or second that arithmetic has
 * moved. Behind a day stand 14, together more than a double has; a time alone has 17. */
static inline uint8_t *put_fine_part(uint8_t *to, int64_t micros, bool time)
{
    enum { OF_DAY = 14, OF_TIME = 17 };
    const uint64_t part = ((uint64_t)micros * (time ? 62500000 : 62500) + 27) / 54; /* micros * 10^digits / 86400e6, rounded */

    *to = '.';
    pf_put_digits(to + 1, part, time ? OF_TIME : OF_DAY);
    return to + 1 + (time ? OF_TIME : OF_DAY);
}

static inline uint8_t *put_days(uint8_t *to, int64_t days)
{
    uint32_t count = pf_count_digits((uint64_t)(days + DAYS_1970));

    pf_put_digits(to, (uint64_t)(days + DAYS_1970), count);
    return to + count;
}

static uint8_t *put_date(struct rows *rows, const struct column *column, int64_t row)
{
    char text[48];
    int32_t days;

    memcpy(&days, column->data + (size_t)row * sizeof days, sizeof days);
    if (PF_LIKELY(days >= FIRST_DAY && days <= LAST_DAY))
        return end_number(put_days(begin_number(column, rows->to), days));
    rows->counts->dates++;
    return put_short_text(rows->to, text, pf_print_date(days, text));
}

static uint8_t *put_timestamp(struct rows *rows, const struct column *column, int64_t row)
{
    int64_t micros, days, rest;
    uint8_t *to = rows->to;
    char text[48];
    bool fine;

    memcpy(&micros, column->data + (size_t)row * sizeof micros, sizeof micros);
    days = micros / day_micros - (micros % day_micros < 0);
    rest = micros % day_micros + (micros % day_micros < 0 ? day_micros : 0);
    fine = rest % 1000 != 0;
    if (PF_UNLIKELY(days < FIRST_DAY || days > LAST_DAY || (fine && days > LAST_FINE_DAY))) {
        rows->counts->dates++;
        return put_short_text(to, text, pf_print_timestamp(micros, column->utc, text));
    }
    if (rest % second_micros == 0)
        to = begin_number(column, to);
    else
        to = PUT(to, "\" s=\"6\"><v>");
    to = put_days(to, days);
    return end_number(fine ? put_fine_part(to, rest, false) : put_day_part(to, rest));
}

static uint8_t *put_time(struct rows *rows, const struct column *column, int64_t row)
{
    uint8_t *to = rows->to;
    char text[PF_INT64_TEXT];
    int64_t micros;

    memcpy(&micros, column->data + (size_t)row * sizeof micros, sizeof micros);
    if (micros < 0 || micros >= day_micros) { /* no time of a day: as it stands */
        rows->counts->dates++;
        return put_short_text(to, text, pf_print_int64(micros, text));
    }
    if (micros % second_micros == 0)
        to = begin_number(column, to);
    else
        to = PUT(to, "\" s=\"7\"><v>");
    *to++ = '0';
    return end_number(micros % 1000 != 0 ? put_fine_part(to, micros, true) : put_day_part(to, micros));
}

/* ---- texts */

static inline bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum pf_status fail_long(size_t size, bool binary, struct pf_error *err)
{
    pf_fail(err, PF_LIMIT, "a text of %zu %s is too long for a cell of Excel, which holds %d characters", size,
            binary ? "bytes (as base64)" : "characters", XLSX_CELL_UNITS);
    pf_remedy(err, "write Parquet or CSV, or leave the column out");
    return err->status;
}

static enum pf_status put_binary(struct rows *rows, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    size_t length = (size + 2) / 3 * 4;

    if (length > XLSX_CELL_UNITS)
        return fail_long(length, true, err);
    if ((size_t)(rows->end - rows->to) < length + CELL_ROOM && flush(rows, err) != PF_OK)
        return err->status;
    rows->to = end_text(pf_put_base64(begin_text(rows->to), bytes, size));
    return PF_OK;
}

static enum pf_status check_length(const uint8_t *text, size_t size, struct pf_error *err)
{
    size_t units = size <= XLSX_CELL_UNITS ? 0 : xlsx_units(text, size);

    return units <= XLSX_CELL_UNITS ? PF_OK : fail_long(units, false, err);
}

/* Room for the text was made. */
static inline void put_text(struct rows *rows, const struct column *column, const uint8_t *text, size_t size)
{
    uint8_t *to = rows->to;

    if (PF_UNLIKELY(size != 0 && (is_blank(text[0]) || is_blank(text[size - 1]))))
        to = PUT(to, "\" t=\"inlineStr\"><is><t xml:space=\"preserve\">");
    else
        to = begin_text(to);
    if (PF_LIKELY(column->clean)) {
        if (size != 0)
            memcpy(to, text, size);
        to += size;
    } else {
        to = xlsx_escape(to, text, size);
    }
    rows->to = end_text(to);
}

/* ---- rows */

static inline uint8_t *put_value(struct rows *rows, const struct column *column, int64_t row)
{
    const void *at = column->data;

    switch (column->type) {
    case PF_TYPE_BOOL:
        return put_bool(rows->to, pf_bit(at, row));
    case PF_TYPE_INT8:
        return put_signed(rows, column, ((const int8_t *)at)[row]);
    case PF_TYPE_INT16:
        return put_signed(rows, column, ((const loose_int16 *)at)[row]);
    case PF_TYPE_INT32:
        return put_signed(rows, column, ((const loose_int32 *)at)[row]);
    case PF_TYPE_INT64:
        return put_signed(rows, column, ((const loose_int64 *)at)[row]);
    case PF_TYPE_UINT8:
        return put_integer(rows, column, ((const uint8_t *)at)[row], false);
    case PF_TYPE_UINT16:
        return put_integer(rows, column, ((const loose_uint16 *)at)[row], false);
    case PF_TYPE_UINT32:
        return put_integer(rows, column, ((const loose_uint32 *)at)[row], false);
    case PF_TYPE_UINT64:
        return put_integer(rows, column, ((const loose_uint64 *)at)[row], false);
    case PF_TYPE_FLOAT32:
        return put_float(rows, column, (double)((const loose_float *)at)[row], true);
    case PF_TYPE_FLOAT64:
        return put_float(rows, column, ((const loose_double *)at)[row], false);
    case PF_TYPE_DECIMAL128:
        return put_decimal(rows, column, row);
    case PF_TYPE_DATE32:
        return put_date(rows, column, row);
    case PF_TYPE_TIMESTAMP:
        return put_timestamp(rows, column, row);
    default:
        return put_time(rows, column, row);
    }
}

static inline enum pf_status put_cell(struct rows *rows, const struct column *column, int64_t row, struct pf_error *err)
{
    const uint8_t *text = NULL;
    size_t size = 0, room = CELL_ROOM;

    if (column->offsets != NULL) {
        text = column->data + column->offsets[row];
        size = (size_t)(column->offsets[row + 1] - column->offsets[row]);
        if (PF_UNLIKELY(size > XLSX_CELL_UNITS) && column->type == PF_TYPE_STRING && check_length(text, size, err) != PF_OK)
            return err->status;
        if (column->type == PF_TYPE_STRING)
            room += column->clean ? size : size * ESCAPED;
    }
    if (PF_UNLIKELY((size_t)(rows->end - rows->to) < room) && flush(rows, err) != PF_OK)
        return err->status;
    memcpy(rows->to, column->prefix, sizeof column->prefix);
    rows->to += column->prefix_size;
    memcpy(rows->to, rows->row, sizeof rows->row);
    rows->to += rows->row_size;
    if (column->offsets == NULL)
        rows->to = put_value(rows, column, row);
    else if (column->type == PF_TYPE_STRING)
        put_text(rows, column, text, size);
    else
        return put_binary(rows, text, size, err);
    return PF_OK;
}

static enum xlsx_style style_of(const struct pf_field *field)
{
    switch (field->type) {
    case PF_TYPE_DATE32:
        return XLSX_DATE;
    case PF_TYPE_TIMESTAMP:
        return XLSX_TIMESTAMP;
    case PF_TYPE_TIME64:
        return XLSX_TIME;
    case PF_TYPE_DECIMAL128:
        if (field->scale <= 0)
            return XLSX_INTEGER;
        return field->scale <= XLSX_DECIMAL_DIGITS ? (enum xlsx_style)(XLSX_DECIMAL + field->scale - 1) : XLSX_GENERAL;
    case PF_TYPE_FLOAT32:
    case PF_TYPE_FLOAT64:
        return XLSX_GENERAL;
    default:
        return XLSX_INTEGER;
    }
}

static void set_column(const struct pf_field *field, const struct ArrowArray *array, const struct xlsx_slice *slice,
                       uint32_t index, struct column *out)
{
    enum xlsx_style style = style_of(field);
    bool text = field->type == PF_TYPE_STRING || field->type == PF_TYPE_BINARY;
    uint8_t *at = out->number;

    *out = (struct column){ .type = field->type,
                            .data = text ? pf_array_bytes(array) : pf_array_data(array),
                            .validity = array->null_count != 0 ? pf_array_validity(array) : NULL,
                            .offsets = text ? pf_array_offsets(array) : NULL,
                            .utc = field->utc,
                            .scale = field->scale };
    if (text)
        out->clean =
            xlsx_is_clean(out->data + out->offsets[slice->from], (size_t)(out->offsets[slice->to] - out->offsets[slice->from]));
    memcpy(out->prefix, "<c r=\"", 6);
    out->prefix_size = (uint8_t)(6 + pf_column_letters(index, (char *)out->prefix + 6));
    if (style == XLSX_GENERAL) {
        at = PUT(at, "\"><v>");
    } else {
        at = PUT(at, "\" s=\"");
        if (style >= 10)
            *at++ = (uint8_t)('0' + style / 10);
        *at++ = (uint8_t)('0' + style % 10);
        at = PUT(at, "\"><v>");
    }
    out->number_size = (uint8_t)(at - out->number);
}

static void tell_place(const struct pf_schema *schema, uint32_t column, int64_t row, struct pf_error *err)
{
    size_t size = strlen(schema->fields[column].name);

    size = size < sizeof err->column_name ? size : sizeof err->column_name - 1;
    err->row = row + 1;
    err->column = (int64_t)column + 1;
    memcpy(err->column_name, schema->fields[column].name, size);
    err->column_name[size] = '\0';
}

static enum pf_status put_row(struct rows *rows, const struct column *columns, uint32_t count, int64_t row, int64_t number,
                              uint32_t *at, struct pf_error *err)
{
    rows->row_size = pf_count_digits((uint64_t)number);
    pf_put_digits(rows->row, (uint64_t)number, (uint32_t)rows->row_size);
    if ((size_t)(rows->end - rows->to) < CELL_ROOM && flush(rows, err) != PF_OK)
        return err->status;
    rows->to = PUT(rows->to, "<row r=\"");
    memcpy(rows->to, rows->row, sizeof rows->row);
    rows->to = PUT(rows->to + rows->row_size, "\">");
    for (*at = 0; *at < count; (*at)++) {
        const struct column *column = &columns[*at];

        if (column->validity != NULL && !pf_bit(column->validity, row))
            continue;
        if (put_cell(rows, column, row, err) != PF_OK)
            return err->status;
    }
    if ((size_t)(rows->end - rows->to) < CELL_ROOM && flush(rows, err) != PF_OK)
        return err->status;
    rows->to = PUT(rows->to, "</row>");
    return rows->to - rows->start < FULL ? PF_OK : flush(rows, err);
}

enum pf_status xlsx_put_rows(const struct pf_schema *schema, const struct xlsx_slice *slice, int64_t first_row,
                             int64_t table_row, uint8_t *buffer, struct pf_zip_piece *piece, struct xlsx_counts *counts,
                             struct pf_error *err)
{
    struct rows rows = { .start = buffer, .to = buffer, .end = buffer + XLSX_BUFFER, .piece = piece, .counts = counts };
    struct pf_memory *memory = slice->batch->memory;
    struct column *columns = pf_alloc_zero(memory, schema->count, sizeof *columns);
    enum pf_status status = PF_OK;
    uint32_t at = 0;

    if (columns == NULL)
        return pf_fail_memory(err, schema->count * sizeof *columns);
    for (uint32_t i = 0; i < schema->count; i++)
        set_column(&schema->fields[i], &slice->batch->columns[i], slice, i, &columns[i]);
    for (int64_t row = slice->from; status == PF_OK && row < slice->to; row++) {
        status = put_row(&rows, columns, schema->count, row, first_row + row - slice->from, &at, err);
        if (status == PF_LIMIT)
            tell_place(schema, at, table_row + row - slice->from, err);
    }
    pf_free(memory, columns);
    return status == PF_OK ? flush(&rows, err) : status;
}
