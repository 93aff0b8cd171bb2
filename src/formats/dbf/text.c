/* A column of a block as text or bytes: fields of text, memos, and, on request, values of every other type. */
#include <string.h>

#include "base/date.h"
#include "formats/dbf/dbf.h"

enum { PRINTED = 400 };

struct texts {
    struct dbf_decoding *decoding;
    const struct dbf_header *header;
    const struct dbf_field *field;
    struct ArrowArray *out;
    int32_t *offsets;
    uint8_t *validity;
    struct pf_buffer bytes; /* of the column */
    struct pf_buffer memo;  /* of one memo, as stored */
    struct pf_error *err;
};

static bool fail_size(struct texts *texts)
{
    const size_t size = texts->bytes.size;

    if (size > INT32_MAX / 2)
        pf_fail(texts->err, PF_LIMIT, "%lld records have more than 2 GiB of text in one column",
                (long long)texts->decoding->rows.count);
    else
        pf_fail_memory(texts->err, size);
    return false;
}

/* A row without a value; under --compat 1.0 it is an empty text. */
static bool put_null(struct texts *texts, int64_t row)
{
    if (texts->decoding->reader->options->compat && texts->field->field.type == PF_TYPE_STRING)
        return true;
    if (texts->validity == NULL)
        texts->validity = pf_array_add_validity(texts->out);
    if (texts->validity == NULL)
        return fail_size(texts);
    pf_bit_clear(texts->validity, row);
    texts->out->null_count++;
    return true;
}

static bool put_decoded(struct texts *texts, int64_t row, const uint8_t *bytes, size_t size)
{
    bool bad;

    if (!dbf_decode(&texts->decoding->reader->page, bytes, size, &texts->bytes, &bad))
        return fail_size(texts);
    if (bad)
        dbf_trouble_add(&texts->decoding->unreadable, &texts->decoding->rows, row, bytes, (uint32_t)size);
    return true;
}

static bool put_text(struct texts *texts, int64_t row, const uint8_t *bytes, uint32_t size)
{
    if (texts->field->field.type == PF_TYPE_BINARY || dbf_is_ascii(bytes, size))
        return pf_buffer_append(&texts->bytes, bytes, size) || fail_size(texts);
    return put_decoded(texts, row, bytes, size);
}

/* The bytes of a varying field: its last byte is their number when its bit says so, else it is full. */
static uint32_t varying_size(const struct texts *texts, const uint8_t *record, const uint8_t *stored)
{
    const uint32_t size = texts->field->size;

    if (texts->field->length_bit < 0)
        return texts->field->way == DBF_TEXT_VARYING ? dbf_text_size(stored, size) : size;
    if (!dbf_bit_of(texts->header, record, texts->field->length_bit))
        return size;
    return stored[size - 1] < size ? stored[size - 1] : size;
}

static bool put_memo(struct texts *texts, int64_t row, const uint8_t *stored)
{
    const struct dbf_memo *memo = &texts->decoding->reader->memo;
    struct dbf_memo_place place;
    enum dbf_found found = DBF_EMPTY;

    if (memo->kind != DBF_MEMO_NONE)
        found = dbf_memo_locate(memo, stored, texts->field->size, &place);
    if (found == DBF_FOUND)
        found = dbf_memo_read(memo, place, &texts->memo, texts->err);
    if (found == DBF_FAILED)
        return false;
    if (found == DBF_DAMAGED)
        dbf_trouble_add(&texts->decoding->unreadable, &texts->decoding->rows, row, stored, texts->field->size);
    if (found != DBF_FOUND)
        return put_null(texts, row);
    if (texts->memo.size == 0)
        return true;
    return put_text(texts, row, texts->memo.data, (uint32_t)texts->memo.size);
}

static bool put_printed(struct texts *texts, int64_t row, const uint8_t *stored)
{
    char text[PRINTED];
    size_t size;

    if (!dbf_print_value(texts->decoding, texts->field, stored, row, text, &size))
        return put_null(texts, row);
    return put_text(texts, row, (const uint8_t *)text, (uint32_t)size);
}

static bool put_value(struct texts *texts, int64_t row, const uint8_t *record)
{
    const uint8_t *stored = record + texts->field->at;

    if (texts->field->null_bit >= 0 && dbf_bit_of(texts->header, record, texts->field->null_bit))
        return put_null(texts, row);
    switch (texts->field->way) {
    case DBF_TEXT:
        return put_text(texts, row, stored, dbf_text_size(stored, texts->field->size));
    case DBF_TEXT_VARYING:
    case DBF_BYTES_VARYING:
        return put_text(texts, row, stored, varying_size(texts, record, stored));
    case DBF_BYTES:
        return put_text(texts, row, stored, texts->field->size);
    case DBF_MEMO_TEXT:
    case DBF_MEMO_BYTES:
        return put_memo(texts, row, stored);
    default:
        return put_printed(texts, row, stored);
    }
}

/* Fields of text whose bytes are ASCII, which is most of all text there is: no call a value. Gives the first row that is not; -1 = out of memory. */
static int64_t put_plain(struct texts *texts)
{
    const struct dbf_rows *rows = &texts->decoding->rows;
    const uint32_t width = texts->field->size;
    uint8_t *to;
    int64_t row = 0;

    if (texts->field->way != DBF_TEXT || texts->field->null_bit >= 0)
        return 0;
    if (!pf_buffer_reserve(&texts->bytes, (size_t)rows->count * width + DBF_PAD)) {
        (void)fail_size(texts);
        return -1;
    }
    to = texts->bytes.data;
    for (; row < rows->count; row++) {
        const uint8_t *stored = dbf_record(rows, row) + texts->field->at;
        const uint32_t size = dbf_text_size(stored, width);

        if (!dbf_is_ascii(stored, size))
            break;
        memcpy(to, stored, size);
        to += size;
        texts->offsets[row + 1] = (int32_t)(to - texts->bytes.data);
    }
    texts->bytes.size = (size_t)(to - texts->bytes.data);
    return row;
}

static bool put_all(struct texts *texts)
{
    const struct dbf_rows *rows = &texts->decoding->rows;
    int64_t row;

    texts->offsets[0] = 0;
    row = put_plain(texts);
    if (row < 0)
        return false;
    for (; row < rows->count; row++) {
        if (!put_value(texts, row, dbf_record(rows, row)))
            return false;
        texts->offsets[row + 1] = (int32_t)texts->bytes.size;
    }
    return true;
}

enum pf_status dbf_text_column(struct dbf_decoding *decoding, const struct dbf_field *field, struct ArrowArray *out,
                               struct pf_error *err)
{
    const struct dbf_reader *reader = decoding->reader;
    struct pf_memory *memory = &reader->ctx->memory;
    struct texts texts = { .decoding = decoding, .header = &reader->header, .field = field, .out = out, .err = err };
    bool ok;

    if (pf_array_new(out, memory, field->field.type, decoding->rows.count, 0, err) != PF_OK)
        return err->status;
    pf_buffer_init(&texts.bytes, memory, INT32_MAX);
    pf_buffer_init(&texts.memo, memory, (size_t)DBF_MEMO_CEILING + DBF_PAD);
    texts.offsets = (int32_t *)(uintptr_t)pf_array_offsets(out);
    ok = put_all(&texts) && (pf_buffer_reserve(&texts.bytes, 1) || fail_size(&texts));
    pf_buffer_free(&texts.memo);
    if (!ok) {
        pf_buffer_free(&texts.bytes);
        pf_array_free(out);
        return err->status;
    }
    pf_free(memory, pf_array_swap_buffer(out, 2, texts.bytes.data));
    return PF_OK;
}

/* ---- values of other types */

/* Digits after the point: those at the end that are zeros are left out, one is kept. */
static size_t shorten(char *text, size_t size)
{
    if (memchr(text, '.', size) == NULL) {
        memcpy(text + size, ".0", 2);
        return size + 2;
    }
    while (size > 2 && text[size - 1] == '0' && text[size - 2] != '.')
        size--;
    return size;
}

/* Numbers that are text already. What is none stays as it is stored: a column of text has room for it. */
static enum dbf_value print_number(const struct dbf_field *field, const uint8_t *stored, bool compat, char *to, size_t *size)
{
    uint32_t used = dbf_text_size(stored, field->size), at = 0;
    double number;
    pf_int128 exact;
    enum dbf_value found = dbf_read_float(stored, field->size, &number);

    while (at < used && (stored[at] == ' ' || stored[at] == 0))
        at++;
    memcpy(to, stored + at, used - at);
    *size = used - at;
    if (found != DBF_VALUE || !compat)
        return found;
    if (field->decimals == 0 && field->type == 'N' && dbf_read_decimal(stored, field->size, 38, 0, &exact) == DBF_VALUE)
        *size = pf_print_decimal(exact, 0, to);
    else if (dbf_read_decimal(stored, field->size, 38, field->decimals, &exact) == DBF_VALUE)
        *size = shorten(to, pf_print_decimal(exact, field->decimals, to));
    return found;
}

static enum dbf_value print_day(const uint8_t *stored, char *to, size_t *size)
{
    int32_t days;
    enum dbf_value found = dbf_read_day(stored, &days);

    if (found == DBF_VALUE) {
        *size = pf_print_date(days, to);
    } else {
        memcpy(to, stored, 8);
        *size = 8;
    }
    return found;
}

static enum dbf_value print_moment(const struct dbf_field *field, const uint8_t *stored, bool compat, char *to, size_t *size)
{
    int64_t moment;
    enum dbf_value found = field->way == DBF_MOMENT ? dbf_read_moment(stored, &moment) : dbf_read_moment_7(stored, &moment);

    *size = 0;
    if (found == DBF_VALUE)
        *size = pf_print_timestamp(moment, false, to);
    if (compat && *size > 19)
        *size = 19;
    return found;
}

static enum dbf_value print_logical(const uint8_t *stored, char *to, size_t *size)
{
    bool value = false;
    enum dbf_value found = dbf_read_logical(*stored, &value);
    const char *text = value ? "true" : "false";

    *size = strlen(text);
    memcpy(to, text, *size);
    if (found == DBF_BAD) {
        to[0] = (char)*stored;
        *size = 1;
    }
    return found;
}

/* Values that are stored as bits. */
static enum dbf_value print_bits(const struct dbf_field *field, const uint8_t *stored, bool compat, char *to, size_t *size)
{
    const bool level_7 = field->way == DBF_INT32_LEVEL_7 || field->way == DBF_DOUBLE_LEVEL_7;
    static const uint8_t none[8];
    int32_t narrow;
    int64_t wide;
    double real;

    *size = 0;
    if (level_7 && memcmp(stored, none, field->size) == 0)
        return DBF_NOTHING;
    if (field->way == DBF_INT32 || field->way == DBF_INT32_LEVEL_7) {
        memcpy(&narrow, stored, sizeof narrow);
        *size = pf_print_int64(level_7 ? dbf_read_int32_7(stored) : narrow, to);
        return DBF_VALUE;
    }
    if (field->way == DBF_CURRENCY) {
        memcpy(&wide, stored, sizeof wide);
        *size = pf_print_decimal(wide, 4, to);
        *size = compat ? shorten(to, *size) : *size;
        return DBF_VALUE;
    }
    memcpy(&real, stored, sizeof real);
    *size = pf_print_float64(level_7 ? dbf_read_double_7(stored) : real, to);
    if (compat && memchr(to, 'e', *size) == NULL && memchr(to, 'n', *size) == NULL && memchr(to, 'N', *size) == NULL)
        *size = shorten(to, *size);
    return DBF_VALUE;
}

bool dbf_print_value(struct dbf_decoding *decoding, const struct dbf_field *field, const uint8_t *stored, int64_t row, char *to,
                     size_t *size)
{
    const bool compat = decoding->reader->options->compat;
    enum dbf_value found;

    switch (field->way) {
    case DBF_DIGITS:
    case DBF_DECIMAL:
    case DBF_FLOAT:
        found = print_number(field, stored, compat, to, size);
        break;
    case DBF_DAY:
        found = print_day(stored, to, size);
        break;
    case DBF_LOGICAL:
        found = print_logical(stored, to, size);
        break;
    case DBF_MOMENT:
    case DBF_MOMENT_LEVEL_7:
        found = print_moment(field, stored, compat, to, size);
        break;
    default:
        found = print_bits(field, stored, compat, to, size);
        break;
    }
    if (found == DBF_BAD && *size == 0) {
        dbf_trouble_add(&decoding->trouble, &decoding->rows, row, stored, field->size);
        return false;
    }
    return found != DBF_NOTHING;
}
