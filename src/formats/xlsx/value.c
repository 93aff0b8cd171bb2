/* Values of cells as texts of columns: numbers in their shortest form, dates by the style, booleans, errors, strings. */
#include <math.h>
#include <string.h>

#include "base/date.h"
#include "base/number.h"
#include "base/swar.h"
#include "formats/column_letters.h"
#include "formats/xlsx/decode.h"
#include "formats/xlsx/serial.h"
#include "transform/scan.h"

enum { USUAL_DIGITS = 15, OTHERS = 64 };

static const double day_after_leap_day = 61;          /* the 29 February 1900 that Excel shows is no date that others have */
static const double whole_limit = 9007199254740992.0; /* 2^53 */

bool xlsx_fail_cell(struct xlsx_decode *decode, const struct xlsx_cell *cell, const char *what)
{
    char letters[4];
    size_t size = pf_column_letters(cell->column, letters);

    pf_fail(decode->err, PF_BAD_DATA, "cell %.*s%u of sheet '%s': %s", (int)size, letters, decode->row + 1,
            decode->reader->table.sheet->name, what);
    pf_remedy(decode->err, "the workbook is damaged: open it in a spreadsheet program and save it anew");
    return false;
}

bool xlsx_put_unplaced(struct xlsx_decode *decode, uint32_t column, int32_t slot)
{
    if (slot == XLSX_OUTSIDE)
        return true;
    decode->valued = true;
    if (decode->used != NULL)
        decode->used[column] = 1;
    else if (slot == XLSX_UNKNOWN)
        atomic_store_explicit(&((struct xlsx_reader *)(uintptr_t)decode->reader)->wider, true, memory_order_relaxed);
    else
        return true;
    if (decode->used != NULL)
        return true;
    pf_fail(decode->err, PF_BAD_DATA, "row %u has a value in a column that the rows before it do not have", decode->row + 1);
    return false;
}

/* ---- texts made here */

bool xlsx_add_other(struct xlsx_decode *decode, const uint8_t *text, uint32_t size, uint8_t kind, uint32_t *place)
{
    const uint32_t room = decode->other_room != 0 ? decode->other_room * 2 : OTHERS;

    if (decode->other_count == decode->other_room) {
        struct xlsx_other *grown = pf_arena_alloc(decode->arena, room * sizeof *grown);

        if (grown == NULL) {
            pf_fail_memory(decode->err, room * sizeof *grown);
            return false;
        }
        if (decode->other_count != 0)
            memcpy(grown, decode->others, decode->other_count * sizeof *grown);
        decode->others = grown;
        decode->other_room = room;
    }
    *place = decode->other_count++;
    decode->others[*place] = (struct xlsx_other){ .text = text, .size = size, .kind = kind };
    return true;
}

/* A text that has no room in the block. */
static bool put_elsewhere(struct xlsx_decode *decode, const struct xlsx_cell *cell, const char *text, size_t size,
                          enum pf_text_kind kind)
{
    const int32_t slot = decode->slot[cell->column];
    const uint8_t *copy;
    uint32_t place;

    if (slot < 0 || decode->put_row < 0)
        return xlsx_put(decode, cell, 0, 0, (uint8_t)kind);
    copy = (const uint8_t *)pf_arena_copy(decode->arena, text, size);
    if (copy == NULL) {
        pf_fail_memory(decode->err, size);
        return false;
    }
    if (!xlsx_add_other(decode, copy, (uint32_t)size, (uint8_t)kind, &place))
        return false;
    decode->mixed[slot] = 1;
    return xlsx_put(decode, cell, place, (uint32_t)size, XLSX_ELSEWHERE);
}

/* It overwrites the cell where it fits. kind: plain, or that of a text cell. */
static bool put_made(struct xlsx_decode *decode, const struct xlsx_cell *cell, const char *text, size_t size,
                     const uint8_t *end, enum pf_text_kind kind)
{
    if (size > (size_t)(end - cell->begin))
        return put_elsewhere(decode, cell, text, size, kind);
    memcpy(cell->begin, text, size);
    return xlsx_put(decode, cell, (uint32_t)(cell->begin - decode->cursor.start), (uint32_t)size, (uint8_t)kind);
}

/* What Excel shows as no date (a 0th of January, or ####), though its format makes it one: a formula that found nothing, mostly. It is as
 * an error: null among dates, the number in a column of texts. */
static bool put_no_date(struct xlsx_decode *decode, const struct xlsx_cell *cell, const char *text, size_t size)
{
    memcpy(cell->begin, text, size);
    return xlsx_put(decode, cell, (uint32_t)(cell->begin - decode->cursor.start), (uint32_t)size, PF_TEXT_ERROR);
}

/* ---- numbers */

/* Whether the text is what would be printed for its value, with at most 15 digits. */
static bool is_usual(const uint8_t *text, size_t size)
{
    const uint8_t *at = text, *end = text + size, *whole, *fraction;

    at += size != 0 && *at == '-';
    whole = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    if (at == whole || at - whole > USUAL_DIGITS || (*whole == '0' && at - whole > 1))
        return false;
    if (at == end)
        return *whole != '0' || whole == text;
    if (*at != '.')
        return false;
    fraction = ++at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    if (at != end || at == fraction || at[-1] == '0' || (at - whole) - 1 > USUAL_DIGITS)
        return false;
    return *whole != '0' || at - fraction <= 6;
}

/* A whole number of any length, which 1.0.9 kept as it stood. */
static bool is_whole(const uint8_t *text, size_t size)
{
    const size_t first = size > 1 && *text == '-';

    for (size_t i = first; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return size > first && (text[first] != '0' || size == 1);
}

/* A whole number that is not the double it is read as. */
static bool is_rounded(const uint8_t *text, size_t size, double value)
{
    int64_t whole;

    if (fabs(value) < whole_limit || !is_whole(text, size))
        return false;
    return !pf_parse_int64(text, size, &whole) || fabs(value) >= 0x1p63 || (int64_t)value != whole;
}

/* What Excel shows under General, in digits: whole numbers up to 2^53 without a point or an exponent, else the shortest. */
static size_t print_number(double value, char to[PF_FLOAT64_TEXT + 8])
{
    size_t size, digits;

    if (value == 0) {
        to[0] = '0'; /* -0 is 0 in a sheet */
        return 1;
    }
    if (value == trunc(value) && fabs(value) <= whole_limit)
        return pf_print_int64((int64_t)value, to);
    size = pf_print_float64(value, to);
    /* a whole number beyond 2^53 is no int64: it keeps the form of a double */
    for (digits = 0; digits < size && (to[digits] == '-' || (to[digits] >= '0' && to[digits] <= '9')); digits++)
        ;
    if (digits == size) {
        memcpy(to + size, ".0", 2);
        size += 2;
    }
    return size;
}

/* "2024-02-29T10:00:00" and so on: as serial days give it. What no date can be made of stays the text it is. */
static bool put_iso(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, size_t size,
                    const uint8_t *end)
{
    char made[2 * PF_XLSX_SERIAL_SIZE];
    size_t length;

    size = xlsx_trim(&text, size);
    if (size == 0)
        return true;
    length = pf_xlsx_iso_text(text, size, (enum pf_xlsx_kind)cell->style, made);
    if (length == 0 && !pf_xlsx_is_iso(text, size))
        return xlsx_fail_cell(decode, cell, "what should be a date is none");
    if (length == 0)
        return xlsx_put(decode, cell, (uint32_t)(text - decode->cursor.start), (uint32_t)size, PF_TEXT_CELL);
    if (decode->reader->compat)
        length = xlsx_compat_text(PF_XLSX_TIMESTAMP, made, length - (made[length - 1] == 'Z'));
    /* durations as those of serial days */
    return put_made(decode, cell, made, length, end, memchr("P-", *text, 2) != NULL ? PF_TEXT_CELL : PF_TEXT_PLAIN);
}

/* Digits behind the point, the exponent taken off; -1 = not known. */
static int decimals_of(const uint8_t *text, size_t size)
{
    enum { MOST = 400 };
    const uint8_t *end = text + size, *at = text, *point = NULL;
    int exponent = 0, decimals;
    bool negative;

    for (; at < end && (*at | 0x20) != 'e'; at++)
        point = *at == '.' ? at : point;
    decimals = point != NULL ? (int)(at - point) - 1 : 0;
    if (at == end)
        return decimals;
    at++;
    negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    for (; at < end && exponent < MOST; at++)
        exponent = exponent * 10 + (*at - '0');
    decimals += negative ? exponent : -exponent;
    return decimals >= 0 && decimals < MOST ? decimals : -1;
}

bool xlsx_put_number(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, size_t size,
                     const uint8_t *end)
{
    const bool date = cell->style != PF_XLSX_NUMBER && cell->style != PF_XLSX_TEXT;
    char made[PF_XLSX_SERIAL_SIZE + PF_FLOAT64_TEXT];
    struct pf_float_form form;
    double value;
    size_t length = 0;

    if (!date && (is_usual(text, size) || (decode->reader->compat && is_whole(text, size))))
        return xlsx_put(decode, cell, (uint32_t)(text - decode->cursor.start), (uint32_t)size, PF_TEXT_PLAIN);
    while (size != 0 && text[size - 1] <= ' ')
        size--;
    for (; size != 0 && *text <= ' '; size--)
        text++;
    if (size == 0)
        return true;
    if (!pf_scan_printed(text, (uint32_t)size, true, &value) &&
        (!pf_parse_float64(text, size, &value, &form) || !isfinite(value)))
        return xlsx_fail_cell(decode, cell, "what should be a number is none");
    if (date)
        length = pf_xlsx_serial_text(value, decimals_of(text, size), (enum pf_xlsx_kind)cell->style,
                                     decode->reader->workbook.date1904, made);
    if (length != 0) {
        const bool compat = decode->reader->compat, duration = cell->style == PF_XLSX_DURATION;

        if (compat)
            length = xlsx_compat_text((enum pf_xlsx_kind)cell->style, made, length);
        /* a duration below a day must not be taken for a time of day, in a column of others that cannot be */
        return put_made(decode, cell, made, length, end, duration && !compat ? PF_TEXT_CELL : PF_TEXT_PLAIN);
    }
    length = print_number(value, made);
    if (is_rounded(text, size, value) && decode->put_row >= 0 && decode->slot[cell->column] >= 0)
        decode->out->numbers_rounded++;
    if (decode->reader->compat) {
        length = xlsx_compat_number((enum pf_xlsx_kind)cell->style, value, made, length);
        return put_made(decode, cell, made, length, end, PF_TEXT_PLAIN);
    }
    if (date && (value <= 0 || value >= day_after_leap_day) && length <= (size_t)(end - cell->begin))
        return put_no_date(decode, cell, made, length);
    return put_made(decode, cell, made, length, end, PF_TEXT_PLAIN);
}

/* ---- the other types */

bool xlsx_put_shared(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, size_t size)
{
    const struct xlsx_strings *strings = &decode->reader->strings;
    const int32_t slot = decode->slot[cell->column];
    uint64_t index = 0;

    while (size != 0 && text[size - 1] <= ' ')
        size--;
    for (; size != 0 && *text <= ' '; size--)
        text++;
    if (size == 0)
        return true;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || index > UINT32_MAX)
            return xlsx_fail_cell(decode, cell, "what should be the number of a shared string is none");
        index = index * 10 + (text[i] - (uint64_t)'0');
    }
    if (index >= strings->count)
        return xlsx_fail_cell(decode, cell, "it has a shared string that is not in the workbook");
    if (slot >= 0)
        decode->mixed[slot] = 1;
    return xlsx_put(decode, cell, (uint32_t)index, xlsx_string_size(strings, (uint32_t)index), XLSX_SHARED);
}

static bool put_bool(struct xlsx_decode *decode, const struct xlsx_cell *cell, const uint8_t *text, size_t size,
                     const uint8_t *end)
{
    bool yes = (size == 1 && *text == '1') || (size == 4 && memcmp(text, "true", 4) == 0);

    if (size == 0)
        return true;
    if (!yes && !(size == 1 && *text == '0') && !(size == 5 && memcmp(text, "false", 5) == 0))
        return xlsx_fail_cell(decode, cell, "what should be TRUE or FALSE is neither");
    if (decode->reader->compat)
        return yes ? put_made(decode, cell, "True", 4, end, PF_TEXT_PLAIN)
                   : put_made(decode, cell, "False", 5, end, PF_TEXT_PLAIN);
    return yes ? put_made(decode, cell, "TRUE", 4, end, PF_TEXT_PLAIN) : put_made(decode, cell, "FALSE", 5, end, PF_TEXT_PLAIN);
}

bool xlsx_put_value(struct xlsx_decode *decode, const struct xlsx_cell *cell, uint8_t *text, size_t size, const uint8_t *end)
{
    const uint32_t offset = (uint32_t)(text - decode->cursor.start);

    if (size == 0 && cell->formula && cell->type != XLSX_T_TEXT && decode->put_row >= 0 && decode->slot[cell->column] >= 0)
        decode->out->formulas_without_value++;
    switch (cell->type) {
    case XLSX_T_SHARED:
        return xlsx_put_shared(decode, cell, text, size);
    case XLSX_T_TEXT:
    case XLSX_T_INLINE:
        size = cell->type == XLSX_T_TEXT ? xlsx_unescape(text, size) : size;
        return xlsx_put(decode, cell, offset, (uint32_t)size, PF_TEXT_CELL);
    case XLSX_T_BOOL:
        return put_bool(decode, cell, text, size, end);
    case XLSX_T_ERROR:
        return size == 0 || xlsx_put(decode, cell, offset, (uint32_t)size, PF_TEXT_ERROR);
    case XLSX_T_DATE:
        return put_iso(decode, cell, text, size, end);
    default:
        return xlsx_put_number(decode, cell, text, size, end);
    }
}

/* ---- the careful way */

/* "AB12" to a column; false = it is no cell of the row. */
static bool read_reference(struct xlsx_decode *decode, const uint8_t *text, size_t size, uint32_t *column)
{
    uint32_t letters = 0, number = 0;
    size_t at = 0;

    size = xlsx_trim(&text, size);
    for (; at < size && at < 4 && ((text[at] | 0x20) >= 'a' && (text[at] | 0x20) <= 'z'); at++)
        letters = letters * 26 + ((text[at] | 0x20U) - 'a' + 1);
    if (at == 0 || letters > PF_XLSX_COLUMNS)
        return false;
    *column = letters - 1;
    for (; at < size && text[at] >= '0' && text[at] <= '9' && number <= PF_XLSX_ROWS; at++)
        number = number * 10 + (text[at] - (uint32_t)'0');
    return at == size && number == decode->row + 1;
}

static bool same(const uint8_t *text, size_t size, const char *word)
{
    return size == strlen(word) && memcmp(text, word, size) == 0;
}

static bool read_type(const uint8_t *text, size_t size, enum xlsx_cell_type *type)
{
    static const struct {
        const char *name;
        enum xlsx_cell_type type;
    } known[] = { { "n", XLSX_T_NUMBER }, { "s", XLSX_T_SHARED }, { "str", XLSX_T_TEXT }, { "inlineStr", XLSX_T_INLINE },
                  { "b", XLSX_T_BOOL },   { "e", XLSX_T_ERROR },  { "d", XLSX_T_DATE } };

    for (size_t i = 0; i < PF_COUNT(known); i++) {
        if (same(text, size, known[i].name)) {
            *type = known[i].type;
            return true;
        }
    }
    return false;
}

static bool read_style(const struct pf_xlsx_workbook *workbook, const uint8_t *text, size_t size, uint32_t *style)
{
    uint32_t index = 0;

    size = xlsx_trim(&text, size);
    if (size == 0 || size > 6)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        index = index * 10 + (text[i] - (uint32_t)'0');
    }
    if (index < workbook->style_count)
        *style = workbook->style_kind[index];
    return true; /* without the style, a number is a number */
}

static bool read_cell_tag(struct xlsx_decode *decode, const struct xlsx_tag *tag, struct xlsx_cell *cell)
{
    size_t size;
    const uint8_t *value = xlsx_attribute(tag, "r", &size);

    cell->column = decode->next_column;
    if (value != NULL && !read_reference(decode, value, size, &cell->column))
        return xlsx_fail_cell(decode, cell, "the reference of a cell does not fit its row");
    if (cell->column >= PF_XLSX_COLUMNS)
        return xlsx_fail_cell(decode, cell, "the row has more cells than a sheet has columns");
    decode->next_column = cell->column + 1;
    value = xlsx_attribute(tag, "t", &size);
    if (value != NULL && !read_type(value, size, &cell->type))
        return xlsx_fail_cell(decode, cell, "the type of the cell is not known");
    value = xlsx_attribute(tag, "s", &size);
    if (value != NULL && !read_style(&decode->reader->workbook, value, size, &cell->style))
        return xlsx_fail_cell(decode, cell, "the style of the cell is not in the workbook");
    return true;
}

/* What stands in a cell: its value last, or null. */
struct content {
    uint8_t *text;
    size_t size;
    bool any;
};

static bool take_content(struct xlsx_decode *decode, struct xlsx_cell *cell, const struct xlsx_tag *tag,
                         struct content *content)
{
    struct xlsx_cursor *cursor = &decode->cursor;
    uint8_t *begin = cursor->at, *to = begin;
    bool value = xlsx_tag_is(tag, "v"), inner = xlsx_tag_is(tag, "is");

    if (xlsx_tag_is(tag, "f"))
        cell->formula = true;
    if (!value && !inner) {
        /* what may hold a value in some later edition must not be lost without a word */
        if (!xlsx_tag_is(tag, "f") && !xlsx_is_extension(tag)) {
            cursor->wrong = "the cell has an element that is neither a value nor a formula";
            return false;
        }
        return xlsx_skip_element(cursor, tag);
    }
    if (content->any && content->size != 0) {
        cursor->wrong = "a cell has two values";
        return false;
    }
    content->any = true;
    content->text = begin;
    if (value ? !xlsx_take_text(cursor, tag, &to) : !xlsx_take_rich(cursor, tag, &to))
        return false;
    if (inner && cell->type == XLSX_T_NUMBER)
        cell->type = XLSX_T_INLINE;
    content->size = (size_t)(to - begin);
    return true;
}

static bool fail_wrong(struct xlsx_decode *decode)
{
    struct xlsx_cell cell = { .column = decode->next_column < PF_XLSX_COLUMNS ? decode->next_column : 0 };

    return xlsx_fail_cell(decode, &cell, decode->cursor.wrong);
}

bool xlsx_take_cell(struct xlsx_decode *decode, bool *closed)
{
    struct xlsx_cursor *cursor = &decode->cursor;
    struct xlsx_cell cell = { .begin = cursor->at };
    struct content content = { 0 };
    struct xlsx_tag tag;

    if (!xlsx_next_tag(cursor, &tag))
        return fail_wrong(decode);
    *closed = tag.close;
    if (tag.close)
        return xlsx_tag_is(&tag, "row") || xlsx_fail_cell(decode, &cell, "a closing tag has no opening one");
    cell.begin = (uint8_t *)(uintptr_t)tag.name;
    if (xlsx_tag_is(&tag, "row"))
        return xlsx_fail_cell(decode, &cell, "a row stands inside of a row");
    if (!xlsx_tag_is(&tag, "c") && !xlsx_is_extension(&tag))
        return xlsx_fail_cell(decode, &cell, "something that is no cell stands in its place");
    if (!xlsx_tag_is(&tag, "c"))
        return xlsx_skip_element(cursor, &tag) || fail_wrong(decode);
    if (!read_cell_tag(decode, &tag, &cell))
        return false;
    while (!tag.empty) {
        struct xlsx_tag inner;

        if (!xlsx_next_tag(cursor, &inner))
            return xlsx_fail_cell(decode, &cell, cursor->wrong);
        if (inner.close) {
            if (!xlsx_tag_is(&inner, "c"))
                return xlsx_fail_cell(decode, &cell, "a closing tag has no opening one");
            break;
        }
        if (!take_content(decode, &cell, &inner, &content))
            return xlsx_fail_cell(decode, &cell, cursor->wrong);
    }
    if (!content.any) {
        decode->out->formulas_without_value += cell.formula && decode->put_row >= 0 && decode->slot[cell.column] >= 0;
        return true;
    }
    return xlsx_put_value(decode, &cell, content.text, content.size, cursor->at);
}
