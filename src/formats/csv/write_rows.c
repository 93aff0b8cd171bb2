/* From columns to lines of text. */
#include <string.h>

#include "base/number.h"
#include "base/print.h"
#include "base/swar.h"
#include "formats/csv/csv_write.h"

enum { WIDE = 16 }; /* bytes looked at and copied at once */
typedef uint8_t wide __attribute__((vector_size(WIDE)));

struct rows {
    const struct csv_style *style;
    struct pf_buffer *out;
    struct csv_put_column *columns;
    uint32_t column_count;
    uint8_t *to, *end; /* in out */
    size_t row_room;   /* what a row takes besides texts */
};

/* ---- texts */

static inline wide load_wide(const uint8_t *from)
{
    wide bytes;

    memcpy(&bytes, from, WIDE);
    return bytes;
}

static inline bool any(wide bytes)
{
    uint64_t halves[2];

    memcpy(halves, &bytes, WIDE);
    return (halves[0] | halves[1]) != 0;
}

/* Bytes equal to one of those that ask for quotes. */
static inline wide special_bytes(wide bytes, const struct csv_style *style)
{
    return (wide)(bytes == style->delimiter[0]) | (wide)(bytes == style->quote) | (wide)(bytes == '\n') | (wide)(bytes == '\r');
}

/* Whether text has a byte that asks for quotes. end: of the readable bytes. */
static bool has_special(const struct csv_style *style, const uint8_t *text, size_t size, const uint8_t *end)
{
    /* a window of it that begins count bytes before the zeros keeps the first count bytes */
    static const uint8_t keep[2 * WIDE] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
    uint8_t tail[WIDE] = { 0 };

    while (size >= WIDE) {
        if (any(special_bytes(load_wide(text), style)))
            return true;
        text += WIDE;
        size -= WIDE;
    }
    if (size == 0)
        return false;
    if (end - text < WIDE) {
        memcpy(tail, text, size);
        text = tail;
    }
    return any(special_bytes(load_wide(text), style) & load_wide(keep + WIDE - size));
}

/* Room at to: WIDE more than size. */
static inline uint8_t *copy_text(uint8_t *to, const uint8_t *text, size_t size, const uint8_t *end)
{
    if (size <= WIDE && end - text >= WIDE)
        memcpy(to, text, WIDE);
    else
        memcpy(to, text, size);
    return to + size;
}

static uint8_t *copy_quoted(const struct csv_style *style, uint8_t *to, const uint8_t *text, size_t size)
{
    const uint8_t *end = size != 0 ? text + size : text; /* a table without text has no bytes to point at */

    *to++ = style->quote;
    while (text < end) {
        const uint8_t *quote = memchr(text, style->quote, (size_t)(end - text));
        size_t part = (size_t)((quote != NULL ? quote + 1 : end) - text);

        memcpy(to, text, part);
        to += part;
        text += part;
        if (quote != NULL)
            *to++ = style->quote;
    }
    *to++ = style->quote;
    return to;
}

static bool is_null_text(const struct csv_style *style, const uint8_t *text, size_t size)
{
    return size == style->null_size && (size == 0 || memcmp(text, style->null, size) == 0);
}

/* A spreadsheet would take such a text for a formula; a number is none. */
static bool is_formula(const uint8_t *text, size_t size)
{
    struct pf_float_form form;
    double number;

    if (size == 0 || (memchr("=+-@\t\r", text[0], 6) == NULL))
        return false;
    return !pf_parse_float64(text, size, &number, &form);
}

/* An empty text stands in quotes, so that it differs from null; so does a text that reads like null. first: it begins the
 * line, where a '#' could be taken for a comment. */
static uint8_t *put_text(const struct csv_style *style, uint8_t *to, const uint8_t *text, size_t size, const uint8_t *end,
                         bool first)
{
    bool quotes =
        size == 0 || is_null_text(style, text, size) || (first && text[0] == '#') || has_special(style, text, size, end);

    if (PF_UNLIKELY(style->escape_formulas && is_formula(text, size))) {
        if (quotes) {
            uint8_t *start = to;

            to = copy_quoted(style, to + 1, text, size);
            start[0] = style->quote;
            start[1] = '\'';
            return to;
        }
        *to++ = '\'';
    }
    return quotes ? copy_quoted(style, to, text, size) : copy_text(to, text, size, end);
}

/* ---- rows */

static bool make_room(struct rows *rows, size_t size)
{
    rows->out->size = (size_t)(rows->to - rows->out->data);
    if (!pf_buffer_reserve(rows->out, size))
        return false;
    rows->to = rows->out->data + rows->out->size;
    rows->end = rows->out->data + rows->out->capacity;
    return true;
}

static inline bool has_room(struct rows *rows, size_t size)
{
    return PF_LIKELY((size_t)(rows->end - rows->to) >= size) || make_room(rows, size);
}

/* Quotes that are doubled in a text; without looking, at worst all of it is quotes. */
static size_t most_quotes(const struct csv_style *style, const uint8_t *text, size_t size)
{
    enum { LARGE = 64 * 1024 };
    const uint8_t *end = text + size;
    size_t count = 0;

    if (size < LARGE)
        return size;
    while (text < end && (text = memchr(text, style->quote, (size_t)(end - text))) != NULL) {
        count++;
        text++;
    }
    return count;
}

static bool put_varied(struct rows *rows, const struct csv_put_column *column, int64_t row, bool first)
{
    const uint8_t *text = column->data + column->offsets[row];
    size_t size = (size_t)(column->offsets[row + 1] - column->offsets[row]);

    if (!has_room(rows, rows->row_room + size + (column->binary ? size : most_quotes(rows->style, text, size)) + WIDE))
        return false;
    if (column->binary && size != 0)
        rows->to = pf_put_base64(rows->to, text, size);
    else if (column->clean && size != 0 && size != rows->style->null_size)
        rows->to = copy_text(rows->to, text, size, column->bytes_end);
    else
        rows->to = put_text(rows->style, rows->to, text, size, column->bytes_end, first);
    return true;
}

static void put_null(struct rows *rows)
{
    const struct csv_style *style = rows->style;

    /* in a table of one column, nothing at all would be a blank line, which is no row */
    if (rows->column_count == 1 && style->null_size == 0) {
        rows->to = copy_quoted(style, rows->to, NULL, 0);
        return;
    }
    memcpy(rows->to, style->null, style->null_size);
    rows->to += style->null_size;
}

/* A value of fixed size in a style whose delimiter or quote might stand in it. */
static void put_checked(struct rows *rows, const struct csv_put_column *column, int64_t row, bool first)
{
    uint8_t text[CSV_VALUE_ROOM];
    size_t size = (size_t)(column->put(column, row, text) - text);
    struct csv_style plain = *rows->style;

    plain.escape_formulas = false;
    rows->to = put_text(&plain, rows->to, text, size, text + sizeof text, first);
}

static bool put_row(struct rows *rows, int64_t row)
{
    const struct csv_style *style = rows->style;

    if (!has_room(rows, rows->row_room))
        return false;
    for (uint32_t i = 0; i < rows->column_count; i++) {
        const struct csv_put_column *column = &rows->columns[i];

        if (i != 0) {
            memcpy(rows->to, style->delimiter, CSV_WRITE_SEQUENCE);
            rows->to += style->delimiter_size;
        }
        if (column->validity != NULL && !pf_bit(column->validity, row)) {
            put_null(rows);
        } else if (column->put == NULL) {
            if (!put_varied(rows, column, row, i == 0))
                return false;
        } else if (PF_UNLIKELY(style->quotes_values)) {
            put_checked(rows, column, row, i == 0);
        } else {
            rows->to = column->put(column, row, rows->to);
        }
    }
    memcpy(rows->to, style->line_end, sizeof style->line_end);
    rows->to += style->line_end_size;
    return true;
}

static bool is_clean(const struct csv_style *style, const struct csv_put_column *column, int64_t from, int64_t to, bool first)
{
    const uint8_t *text = column->data + column->offsets[from];

    if (style->escape_formulas)
        return false;
    if (first && memchr(text, '#', (size_t)(column->offsets[to] - column->offsets[from])) != NULL)
        return false;
    return !has_special(style, text, (size_t)(column->offsets[to] - column->offsets[from]), column->bytes_end);
}

static void set_column(const struct csv_style *style, const struct pf_field *field, const struct ArrowArray *array,
                       int64_t from, int64_t to, bool first, struct csv_put_column *out)
{
    *out = (struct csv_put_column){ .put = csv_put_function(field->type),
                                    .data = pf_array_data(array),
                                    .validity = array->null_count != 0 ? pf_array_validity(array) : NULL,
                                    .binary = field->type == PF_TYPE_BINARY,
                                    .utc = field->utc,
                                    .scale = field->scale };
    if (out->put != NULL)
        return;
    out->offsets = pf_array_offsets(array);
    out->data = pf_array_bytes(array);
    out->bytes_end = out->data + out->offsets[array->length];
    out->clean = is_clean(style, out, from, to, first);
}

/* A guess at the bytes that the rows take, so that the buffer seldom grows. */
static size_t expected_size(const struct rows *rows, int64_t from, int64_t to)
{
    enum { USUAL_VALUE = 14 };
    size_t size = 0;

    for (uint32_t i = 0; i < rows->column_count; i++) {
        const struct csv_put_column *column = &rows->columns[i];

        size += (size_t)(to - from) * 2;
        if (column->put == NULL)
            size += (size_t)(column->offsets[to] - column->offsets[from]) * (column->binary ? 4 : 3) / 3;
        else
            size += (size_t)(to - from) * USUAL_VALUE;
    }
    return size;
}

enum pf_status csv_format_rows(const struct csv_style *style, const struct pf_schema *schema, const struct pf_batch *batch,
                               int64_t from, int64_t to, struct pf_buffer *out, struct pf_error *err)
{
    struct rows rows = { .style = style, .out = out, .column_count = schema->count };
    bool ok;

    rows.columns = pf_alloc_zero(batch->memory, schema->count, sizeof *rows.columns);
    if (rows.columns == NULL)
        return pf_fail_memory(err, schema->count * sizeof *rows.columns);
    for (uint32_t i = 0; i < schema->count; i++)
        set_column(style, &schema->fields[i], &batch->columns[i], from, to, i == 0, &rows.columns[i]);
    rows.row_room = (size_t)schema->count * (2 * CSV_VALUE_ROOM + CSV_WRITE_SEQUENCE + style->null_size) + CSV_VALUE_ROOM;
    ok = pf_buffer_reserve(out, expected_size(&rows, from, to) + rows.row_room);
    if (ok) {
        rows.to = out->data + out->size;
        rows.end = out->data + out->capacity;
    }
    for (int64_t row = from; ok && row < to; row++)
        ok = put_row(&rows, row);
    if (ok)
        out->size = (size_t)(rows.to - out->data);
    pf_free(batch->memory, rows.columns);
    return ok ? PF_OK : pf_fail_memory(err, out->capacity + out->capacity / 2 + rows.row_room);
}

enum pf_status csv_format_names(const struct csv_style *style, const struct pf_schema *schema, struct pf_buffer *out,
                                struct pf_error *err)
{
    struct csv_style plain = *style;

    plain.escape_formulas = false;
    for (uint32_t i = 0; i < schema->count; i++) {
        const uint8_t *name = (const uint8_t *)schema->fields[i].name;
        size_t size = strlen(schema->fields[i].name);
        uint8_t *to;

        if (!pf_buffer_reserve(out, size * 2 + CSV_VALUE_ROOM))
            return pf_fail_memory(err, size);
        to = out->data + out->size;
        if (i != 0) {
            memcpy(to, style->delimiter, CSV_WRITE_SEQUENCE);
            to += style->delimiter_size;
        }
        to = put_text(&plain, to, name, size, name + size, i == 0);
        out->size = (size_t)(to - out->data);
    }
    return pf_buffer_append(out, style->line_end, style->line_end_size) ? PF_OK : pf_fail_memory(err, 2);
}
