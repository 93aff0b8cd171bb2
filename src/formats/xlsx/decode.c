/* Decoding: from a block of rows to text columns.
 *
 * Cells as nearly every program writes them are read by comparing and copying words of eight bytes; anything else goes the careful way
 * (value.c), which begins at the same byte. Values are views into the block; those that are made (dates, long numbers) overwrite the
 * cell they come from; shared strings are copied together once the column is known. */
#include <math.h>
#include <string.h>

#include "base/date.h"
#include "base/swar.h"
#include "base/text.h"
#include "formats/xlsx/decode.h"
#include "formats/xlsx/feed.h"
#include "transform/scan.h"

enum { FEW_ROWS = 256, AFTER = 32 /* bytes that must be readable past the last value */ };

/* Eight bytes as they stand in the file. */
#define WORD(a, b, c, d, e, f, g, h)                                                                                           \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | (uint64_t)(e) << 32 |                    \
     (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

static const uint64_t value_end = WORD('<', '/', 'v', '>', '<', '/', 'c', '>');
static const uint64_t cell_begin = WORD('<', 'c', ' ', 'r', '=', '"', 0, 0);
static const uint64_t six_bytes = UINT64_C(0xFFFFFFFFFFFF);

/* ---- rows */

static bool fail_row(struct xlsx_decode *decode, const char *what)
{
    pf_fail(decode->err, PF_BAD_DATA, "row %u of sheet '%s': %s", decode->expected + 1, decode->reader->table.sheet->name,
            what);
    pf_remedy(decode->err, "the workbook is damaged: open it in a spreadsheet program and save it anew");
    decode->err->offset = decode->cursor.at - decode->cursor.start;
    return false;
}

/* Rows that the sheet does not have, up to row. */
static void give_blanks(struct xlsx_decode *decode, uint32_t row)
{
    const uint32_t count = row - decode->next_given;
    struct pf_decoded *out = decode->out;
    const uint64_t offset = (uint64_t)(decode->cursor.at - decode->cursor.start);

    if (decode->drop_blank) {
        out->rows_left_out += count;
    } else {
        for (uint32_t i = 0; i < count; i++)
            decode->row_place[out->rows_kept + i] = pf_place(decode->next_given - decode->first + i, offset);
        out->rows_kept += count;
    }
    out->rows_read += count;
    decode->next_given = row;
}

/* number: from 1. */
static bool begin_row(struct xlsx_decode *decode, uint32_t number, const uint8_t *tag)
{
    uint32_t row = number - 1;
    size_t size = 0;
    char text[12];

    if (number == 0 || number > PF_XLSX_ROWS || row < decode->expected)
        return fail_row(decode, "its number is that of no row, or of one that came before");
    decode->row = row;
    decode->expected = row + 1;
    decode->next_column = 0;
    decode->valued = false;
    decode->put_row = -1;
    if (row >= decode->first && row - decode->first < decode->rows) {
        give_blanks(decode, row);
        decode->put_row = decode->out->rows_kept;
        if (decode->row_place != NULL)
            decode->row_place[decode->put_row] = pf_place(row - decode->first, (uint64_t)(tag - decode->cursor.start));
    }
    do {
        text[size++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    decode->row_word = 0;
    for (size_t i = 0; i < size; i++)
        decode->row_word |= (uint64_t)(uint8_t)text[size - 1 - i] << (8 * i);
    decode->row_word |= (uint64_t)'"' << (8 * size);
    decode->row_mask = size == 7 ? UINT64_MAX : (UINT64_C(1) << (8 * (size + 1))) - 1;
    return true;
}

static void end_row(struct xlsx_decode *decode)
{
    struct pf_decoded *out = decode->out;

    if (decode->put_row < 0)
        return;
    if (decode->drop_blank && !decode->valued)
        out->rows_left_out++;
    else
        out->rows_kept++;
    out->rows_read++;
    decode->next_given = decode->row + 1;
}

static bool read_number(const uint8_t *text, size_t size, uint32_t *number)
{
    *number = 0;
    size = xlsx_trim(&text, size);
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || *number > PF_XLSX_ROWS)
            return false;
        *number = *number * 10 + (text[i] - (uint32_t)'0');
    }
    return size != 0;
}

/* ---- cells, the quick way */

/* The types of longer names, which are the last attribute. */
static const uint8_t *quick_type(const uint8_t *at, struct xlsx_cell *cell)
{
    static const uint64_t inlined = WORD('i', 'n', 'l', 'i', 'n', 'e', 'S', 't');

    if (pf_load4(at) == ('s' | 't' << 8 | 'r' << 16 | (uint32_t)'"' << 24) && at[4] == '>') {
        cell->type = XLSX_T_TEXT;
        return at + 5;
    }
    if (pf_load8(at) == inlined && at[8] == 'r' && at[9] == '"' && at[10] == '>') {
        cell->type = XLSX_T_INLINE;
        return at + 11;
    }
    return NULL;
}

/* The attributes of a cell as they usually are: s and t, in this order or the other, or nothing. NULL = something else. */
static const uint8_t *quick_attributes(const struct xlsx_decode *decode, const uint8_t *at, struct xlsx_cell *cell)
{
    bool style = false, type = false;

    while (*at == ' ') {
        const uint32_t head = pf_load4(at);

        if (head == (' ' | 's' << 8 | '=' << 16 | (uint32_t)'"' << 24) && !style) {
            uint32_t index = 0;

            at += 4;
            for (uint32_t digits = 0; *at >= '0' && *at <= '9' && digits < 6; digits++)
                index = index * 10 + (*at++ - (uint32_t)'0');
            if (*at != '"' || at[-1] == '"' || index >= decode->reader->workbook.style_count)
                return NULL;
            cell->style = decode->reader->workbook.style_kind[index];
            at++;
            style = true;
        } else if (head == (' ' | 't' << 8 | '=' << 16 | (uint32_t)'"' << 24) && !type) {
            at += 4;
            if (at[0] == 's' && at[1] == '"')
                cell->type = XLSX_T_SHARED;
            else if (at[0] == 'b' && at[1] == '"')
                cell->type = XLSX_T_BOOL;
            else if (at[0] != 'n' || at[1] != '"')
                return quick_type(at, cell);
            at += 2;
            type = true;
        } else {
            return NULL;
        }
    }
    return *at == '>' ? at + 1 : NULL;
}

/* The number of digits at at, at most 16. */
static inline uint32_t digits_at(const uint8_t *at)
{
    uint32_t run = pf_digit_run(pf_load8(at) ^ PF_EACH_BYTE('0'));

    return run == 8 ? 8 + pf_digit_run(pf_load8(at + 8) ^ PF_EACH_BYTE('0')) : run;
}

/* The whole day that a cell of few digits stands for, as a date. false = something else. */
static bool quick_date(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, uint32_t size)
{
    enum { AFTER_LEAP_DAY = 60, DAYS_1900 = 25569 };
    uint32_t day = (uint32_t)pf_join8(pf_align_digits(pf_load8(text) ^ PF_EACH_BYTE('0'), size));
    char made[16];

    if (cell->style != PF_XLSX_DATE || size > 6 || decode->reader->compat || decode->reader->workbook.date1904 ||
        day <= AFTER_LEAP_DAY || day > 2900000 || *text == '0' || pf_print_date((int32_t)day - DAYS_1900, made) != 10)
        return false;
    memcpy(cell->begin, made, 10);
    return true;
}

/* A number of more digits than are told quickly, or with an exponent. */
static const uint8_t *long_number(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, bool *ok)
{
    enum { LONGEST = 32 };
    static const double least_fixed = 1e-6; /* what is less is printed with an exponent */
    const uint8_t *at = text;
    double value;

    while (*at > ' ' && *at != '<' && *at != '&' && at - text < LONGEST)
        at++;
    if (at == text || pf_load8(at) != value_end)
        return NULL;
    if ((cell->style == PF_XLSX_NUMBER || cell->style == PF_XLSX_TEXT) && at[-1] != '0' && !decode->reader->compat &&
        pf_scan_fraction(text, (uint32_t)(at - text), &value) && fabs(value) >= least_fixed)
        *ok = xlsx_put(decode, cell, (uint32_t)(text - decode->cursor.start), (uint32_t)(at - text), PF_TEXT_PLAIN);
    else
        *ok = xlsx_put_number(decode, cell, text, (size_t)(at - text), at);
    return at + 8;
}

static const uint8_t *quick_bool(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, bool *ok)
{
    if ((*text != '0' && *text != '1') || pf_load8(text + 1) != value_end || decode->reader->compat)
        return NULL;
    memcpy(cell->begin, *text == '1' ? "TRUE " : "FALSE", 5);
    *ok = xlsx_put(decode, cell, (uint32_t)(cell->begin - decode->cursor.start), *text == '1' ? 4 : 5, PF_TEXT_PLAIN);
    return text + 9;
}

/* Text without anything to resolve, up to close, which is eight bytes or more. */
static const uint8_t *quick_text(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text,
                                 const char *close, bool preserve, bool *ok)
{
    const uint8_t *end = xlsx_find_tag(text, decode->cursor.end);
    const size_t size = strlen(close);
    size_t length = (size_t)(end - text);

    if (memcmp(end, close, size) != 0)
        return NULL;
    for (const uint8_t *at = text; at < end; at++) {
        if (*at == '&' || *at == '\r' || (*at == '_' && at[1] == 'x'))
            return NULL;
    }
    if (!preserve)
        length = xlsx_trim(&text, length);
    *ok = xlsx_put(decode, cell, (uint32_t)(text - decode->cursor.start), (uint32_t)length, PF_TEXT_CELL);
    return end + size;
}

/* Of an inline string, at being behind the tag of the cell. */
static const uint8_t *quick_inline(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *at, bool *ok)
{
    bool preserve = decode->cursor.preserve;

    if (memcmp(at, "<is><t", 6) != 0)
        return NULL;
    at += 6;
    if (memcmp(at, " xml:space=\"preserve\"", 21) == 0) {
        at += 21;
        preserve = true;
    }
    return *at == '>' ? quick_text(decode, cell, at + 1, "</t></is></c>", preserve, ok) : NULL;
}

/* The value of a cell that holds a number, text being behind <v>. NULL = something else; what is behind the cell otherwise. */
static const uint8_t *quick_number(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, bool *ok)
{
    const bool plain = cell->style == PF_XLSX_NUMBER || cell->style == PF_XLSX_TEXT;
    const uint8_t *whole = text + (*text == '-'), *at;
    uint32_t before = digits_at(whole), after = 0;

    at = whole + before;
    if (*at == '.') {
        after = digits_at(at + 1);
        at += 1 + after;
        if (after == 0 || at[-1] == '0' || (after > 6 && *whole == '0'))
            before = 99;
    }
    if (before + after > 15 || before == 0 || pf_load8(at) != value_end ||
        (*whole == '0' && (before > 1 || (after == 0 && whole != text))))
        return long_number(decode, cell, text, ok);
    if (plain)
        *ok = xlsx_put(decode, cell, (uint32_t)(text - decode->cursor.start), (uint32_t)(at - text), PF_TEXT_PLAIN);
    else if (after == 0 && whole == text && before <= 6 && quick_date(decode, cell, text, before))
        *ok = xlsx_put(decode, cell, (uint32_t)(cell->begin - decode->cursor.start), 10, PF_TEXT_PLAIN);
    else
        *ok = xlsx_put_number(decode, cell, text, (size_t)(at - text), at);
    return at + 8;
}

static const uint8_t *quick_shared(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, bool *ok)
{
    const uint32_t digits = pf_digit_run(pf_load8(text) ^ PF_EACH_BYTE('0'));
    const uint8_t *at = text + digits;
    const struct xlsx_strings *strings = &decode->reader->strings;
    const int32_t slot = decode->slot[cell->column];
    uint64_t index;

    if (digits == 0 || pf_load8(at) != value_end)
        return NULL;
    index = pf_join8(pf_align_digits(pf_load8(text) ^ PF_EACH_BYTE('0'), digits));
    if (index >= strings->count)
        return NULL;
    if (slot >= 0)
        decode->mixed[slot] = 1;
    *ok = xlsx_put(decode, cell, (uint32_t)index, 0, XLSX_SHARED);
    return at + 8;
}

static const uint8_t *quick_value(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *at, bool *ok)
{
    if (cell->type == XLSX_T_INLINE)
        return quick_inline(decode, cell, at, ok);
    if ((pf_load4(at) & 0xFFFFFF) != ('<' | 'v' << 8 | '>' << 16))
        return NULL;
    at += 3;
    switch (cell->type) {
    case XLSX_T_SHARED:
        return quick_shared(decode, cell, at, ok);
    case XLSX_T_NUMBER:
        return quick_number(decode, cell, at, ok);
    case XLSX_T_BOOL:
        return quick_bool(decode, cell, at, ok);
    case XLSX_T_TEXT:
        return quick_text(decode, cell, at, "</v></c>", decode->cursor.preserve, ok);
    default:
        return NULL;
    }
}

/* A cell that stands at at. What is behind it; NULL = it is not as usual, nothing was done. *ok = false: an error. */
static const uint8_t *quick_cell(struct xlsx_decode *decode, uint8_t *cell_at, bool *ok)
{
    struct xlsx_cell cell = { .begin = cell_at };
    const uint8_t *at = cell_at + 6;
    uint32_t letters = 0;

    if ((pf_load8(cell_at) & six_bytes) != cell_begin)
        return NULL;
    for (; *at >= 'A' && *at <= 'Z' && letters < 1000; at++)
        letters = letters * 26 + (*at - (uint32_t)'A' + 1);
    if (letters == 0 || letters > PF_XLSX_COLUMNS || (pf_load8(at) & decode->row_mask) != decode->row_word)
        return NULL;
    at += (uint32_t)(64 - __builtin_clzll(decode->row_mask)) / 8;
    at = quick_attributes(decode, at, &cell);
    if (at == NULL)
        return NULL;
    cell.column = letters - 1;
    at = quick_value(decode, &cell, at, ok);
    if (at != NULL)
        decode->next_column = letters;
    return at;
}

/* The cells of a row, and its end. */
static bool take_cells(struct xlsx_decode *decode)
{
    static const uint64_t row_end = WORD('<', '/', 'r', 'o', 'w', '>', 0, 0);
    struct xlsx_cursor *cursor = &decode->cursor;
    const bool quick = cursor->prefix_size == 0;

    for (;;) {
        const uint8_t *after;
        bool ok = true, closed = false;

        if (quick) {
            while ((after = quick_cell(decode, cursor->at, &ok)) != NULL && ok)
                cursor->at += after - cursor->at;
            if (!ok)
                return false;
            if ((pf_load8(cursor->at) & six_bytes) == row_end) {
                cursor->at += 6;
                return cursor->at <= cursor->end || fail_row(decode, "it is not closed");
            }
        }
        if (!xlsx_take_cell(decode, &closed))
            return false;
        if (closed)
            return true;
    }
}

/* The tag of a row as it usually is: its number first. Behind it, or NULL. */
static const uint8_t *quick_row(const uint8_t *at, const uint8_t *end, uint32_t *number, bool *empty)
{
    static const uint64_t begin = WORD('<', 'r', 'o', 'w', ' ', 'r', '=', '"');
    uint32_t digits;

    if (pf_load8(at) != begin)
        return NULL;
    at += 8;
    digits = pf_digit_run(pf_load8(at) ^ PF_EACH_BYTE('0'));
    if (digits == 0 || digits > 7 || at[digits] != '"')
        return NULL;
    *number = (uint32_t)pf_join8(pf_align_digits(pf_load8(at) ^ PF_EACH_BYTE('0'), digits));
    at += digits + 1;
    while (*at == ' ' && at[1] != 'r') {
        while (at < end && *at != '"' && *at != '<' && *at != '>' && *at != '\'')
            at++;
        if (at >= end || *at != '"' || at[-1] != '=')
            return NULL;
        for (at++; at < end && *at != '"' && *at != '<'; at++)
            ;
        if (at >= end || *at++ != '"')
            return NULL;
    }
    *empty = at[0] == '/' && at[1] == '>';
    return *empty ? at + 2 : *at == '>' ? at + 1 : NULL;
}

static bool take_row_tag(struct xlsx_decode *decode, uint32_t *number, bool *empty)
{
    struct xlsx_cursor *cursor = &decode->cursor;
    const uint8_t *after = cursor->prefix_size == 0 ? quick_row(cursor->at, cursor->end, number, empty) : NULL;
    const uint8_t *value;
    struct xlsx_tag tag;
    size_t size;

    if (after != NULL) {
        cursor->at += after - cursor->at;
        return true;
    }
    if (!xlsx_next_tag(cursor, &tag))
        return fail_row(decode, cursor->wrong);
    if (tag.close || !xlsx_tag_is(&tag, "row"))
        return fail_row(decode, "something that is no row stands among the rows");
    value = xlsx_attribute(&tag, "r", &size);
    *number = decode->expected + 1;
    *empty = tag.empty;
    return value == NULL || read_number(value, size, number) || fail_row(decode, "its number is none");
}

static bool take_rows(struct xlsx_decode *decode)
{
    struct xlsx_cursor *cursor = &decode->cursor;

    for (;;) {
        const uint8_t *begin;
        uint32_t number = 0;
        bool empty;

        while (cursor->at < cursor->end &&
               (*cursor->at == '\n' || *cursor->at == ' ' || *cursor->at == '\r' || *cursor->at == '\t'))
            cursor->at++;
        if (cursor->at == cursor->end)
            return true;
        begin = cursor->at;
        if (begin[0] == '<' && (begin[1] == '!' || begin[1] == '?')) {
            bool tag;
            const uint8_t *after = xlsx_next_markup(begin, cursor->end, &tag);

            if (after == NULL || begin[2] == '[')
                return fail_row(decode, "text stands where only rows may");
            cursor->at += after - begin;
            continue;
        }
        if (!take_row_tag(decode, &number, &empty) || !begin_row(decode, number, begin))
            return false;
        if (!empty && !take_cells(decode))
            return false;
        end_row(decode);
    }
}

/* ---- columns */

static bool set_up(struct xlsx_decode *decode)
{
    struct xlsx_columns *columns = &decode->columns;
    size_t rows = decode->rows, bytes;

    /* as the CSV reader does: an odd number of cache lines from column to column */
    columns->stride = rows < FEW_ROWS ? (rows + 7) / 8 * 8 : (rows + 63) / 64 * 64;
    columns->piece = rows < FEW_ROWS ? columns->stride * 9 : columns->stride * 9 | 64;
    bytes = columns->piece * columns->count;
    columns->base = pf_arena_alloc_zero(decode->arena, bytes + 1, 1);
    decode->row_place = pf_arena_alloc(decode->arena, (rows + 1) * sizeof *decode->row_place);
    decode->mixed = pf_arena_alloc_zero(decode->arena, columns->count + 1, 1);
    decode->out->text = pf_arena_alloc_zero(decode->arena, columns->count + 1, sizeof *decode->out->text);
    if (columns->base != NULL && decode->row_place != NULL && decode->mixed != NULL && decode->out->text != NULL)
        return true;
    pf_fail_memory(decode->err, bytes);
    return false;
}

/* Sizes of what does not lie in the block are filled in. */
static uint64_t measure(const struct xlsx_decode *decode, const uint32_t *offset, uint32_t *size, const uint8_t *kind)
{
    const struct xlsx_strings *strings = &decode->reader->strings;
    uint64_t total = 0;

    for (int64_t row = 0; row < decode->out->rows_kept; row++) {
        if (kind[row] == XLSX_SHARED)
            size[row] = xlsx_string_size(strings, offset[row]);
        total += size[row];
    }
    return total;
}

/* A column with texts outside the block: all are copied together. */
static bool gather(struct xlsx_decode *decode, struct pf_text_column *text, uint32_t *offset, uint32_t *size, uint8_t *kind)
{
    const uint64_t total = measure(decode, offset, size, kind);
    const struct xlsx_strings *strings = &decode->reader->strings;
    uint8_t *bytes = total < UINT32_MAX - AFTER ? pf_arena_alloc(decode->arena, (size_t)total + AFTER) : NULL, *to = bytes;

    if (bytes == NULL) {
        pf_fail_memory(decode->err, (size_t)total);
        return false;
    }
    for (int64_t row = 0; row < decode->out->rows_kept; row++) {
        const uint32_t at = offset[row];

        offset[row] = (uint32_t)(to - bytes);
        if (kind[row] == XLSX_SHARED) {
            kind[row] = PF_TEXT_CELL;
            if (xlsx_string_copy(strings, at, to, decode->err) != PF_OK)
                return false;
        } else if (kind[row] == XLSX_ELSEWHERE) {
            kind[row] = decode->others[at].kind;
            if (size[row] != 0)
                memcpy(to, decode->others[at].text, size[row]);
        } else {
            memcpy(to, decode->cursor.start + at, size[row]);
        }
        to += size[row];
    }
    memset(to, 0, AFTER);
    text->bytes = bytes;
    return true;
}

static bool finish_column(struct xlsx_decode *decode, uint32_t column)
{
    struct pf_text_column *text = &decode->out->text[column];
    uint32_t *offset = xlsx_offsets(&decode->columns, column), *size = xlsx_sizes(&decode->columns, column);
    uint8_t *kind = xlsx_kinds(&decode->columns, column);
    int64_t rows = decode->out->rows_kept, total = 0, nulls = 0, marked = 0;

    text->bytes = decode->cursor.start;
    text->offset = offset;
    text->size = size;
    text->kind = kind;
    text->cells = true;
    if (decode->mixed[column] && !gather(decode, text, offset, size, kind))
        return false;
    for (int64_t i = 0; i < rows && decode->reader->compat; i++)
        kind[i] = kind[i] == PF_TEXT_NULL ? PF_TEXT_QUOTED : kind[i]; /* it knew no nulls */
    for (int64_t i = 0; i < rows; i++)
        total += size[i];
    for (int64_t i = 0; i < rows; i++)
        nulls += kind[i] == PF_TEXT_NULL;
    for (int64_t i = 0; i < rows; i++)
        marked += kind[i] >= PF_TEXT_CELL;
    text->total = total;
    text->nulls = nulls;
    text->marked = marked;
    return true;
}

/* ---- the block */

static bool decode_rows(struct xlsx_decode *decode, size_t size)
{
    size_t valid = pf_utf8_valid(decode->cursor.start, size, decode->reader->features);

    if (valid != size) {
        decode->cursor.at += valid;
        return fail_row(decode, "it is not valid UTF-8, or one behind it is not");
    }
    if (!take_rows(decode))
        return false;
    if (decode->rows != 0 && decode->next_given < decode->first + decode->rows)
        give_blanks(decode, decode->first + decode->rows);
    return true;
}

enum pf_status xlsx_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                           struct pf_decoded *out, struct pf_error *err)
{
    const struct xlsx_reader *reader = state;
    struct xlsx_decode decode = { .reader = reader,
                                  .arena = arena,
                                  .out = out,
                                  .err = err,
                                  .slot = reader->slot,
                                  .columns.count = reader->pass_columns,
                                  .cursor = { .at = block->bytes,
                                              .start = block->bytes,
                                              .end = block->bytes + block->size,
                                              .prefix = reader->feed.prefix,
                                              .prefix_size = reader->feed.prefix_size,
                                              .preserve = reader->feed.preserve || reader->compat },
                                  .drop_blank = reader->drop_blank,
                                  .first = (uint32_t)block->own[0],
                                  .rows = (uint32_t)block->own[1],
                                  .next_given = (uint32_t)block->own[0],
                                  .expected = (uint32_t)block->own[3] };

    (void)pass;
    *out = (struct pf_decoded){ 0 };
    if (!set_up(&decode) || !decode_rows(&decode, block->size) || (reader->fill && !xlsx_merged_fill(&decode))) {
        pf_error_source(err, pf_source_name(reader->src));
        return err->status;
    }
    for (uint32_t i = 0; i < decode.columns.count; i++) {
        if (!finish_column(&decode, i)) {
            pf_error_source(err, pf_source_name(reader->src));
            return err->status;
        }
    }
    out->lines = (int64_t)(decode.rows + block->own[2]);
    for (int64_t i = 0; i < out->rows_kept && block->own[2] != 0; i++)
        decode.row_place[i] += block->own[2] << 32;
    out->row_place = decode.row_place;
    return PF_OK;
}

enum pf_status xlsx_mark_used(const struct xlsx_reader *reader, struct xlsx_piece *piece, uint32_t from, uint8_t *used,
                              struct pf_arena *arena, struct pf_error *err)
{
    const uint32_t bottom = reader->table.range.bottom;
    struct pf_decoded ignored = { 0 };
    struct xlsx_decode decode = { .reader = reader,
                                  .arena = arena,
                                  .out = &ignored,
                                  .err = err,
                                  .slot = reader->slot,
                                  .cursor = { .at = piece->bytes,
                                              .start = piece->bytes,
                                              .end = piece->bytes + piece->size,
                                              .prefix = reader->feed.prefix,
                                              .prefix_size = reader->feed.prefix_size,
                                              .preserve = reader->feed.preserve || reader->compat },
                                  .drop_blank = true,
                                  .first = from,
                                  .rows = bottom >= from ? bottom - from + 1 : 0,
                                  .next_given = from,
                                  .expected = piece->before,
                                  .used = used };

    return decode_rows(&decode, piece->size) ? PF_OK : err->status;
}
