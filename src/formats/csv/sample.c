/* Records and cells of a sample: what detection looks at. */
#include <string.h>

#include "formats/csv/csv.h"

static void begin_field(struct csv_record *record, struct csv_span *spans, uint32_t room, size_t at)
{
    if (record->fields < room)
        spans[record->fields] = (struct csv_span){ .start = at, .end = at };
}

static void end_field(struct csv_record *record, struct csv_span *spans, uint32_t room, size_t at, bool quoted)
{
    if (record->fields < room) {
        spans[record->fields].end = at;
        spans[record->fields].quoted = quoted;
    }
    record->quoted += quoted;
    record->fields++;
}

/* Where the text of a record ends whose line end lies before next. */
static size_t text_end(const struct csv_sample *sample, size_t start, size_t next)
{
    size_t end = next - 1;

    return sample->bytes[end] == '\n' && end > start && sample->bytes[end - 1] == '\r' ? end - 1 : end;
}

bool csv_next_record(const struct csv_dialect *dialect, const struct csv_sample *sample, size_t *at, struct csv_span *spans,
                     uint32_t room, struct csv_record *out)
{
    enum csv_state state = CSV_AT_RECORD;
    bool quoted = false;
    size_t next = *at;

    *out = (struct csv_record){ .start = next, .lines = 1 };
    begin_field(out, spans, room, next);
    while (next < sample->size) {
        enum csv_state before = state;
        size_t here = next;
        enum csv_event event = csv_step(dialect, &state, sample->bytes, sample->size, &next);

        out->comment |= state == CSV_COMMENT;
        quoted |= state == CSV_QUOTED;
        out->malformed += before == CSV_CLOSED && state == CSV_PLAIN;
        out->lines += event == CSV_INNER_LINE;
        if (event == CSV_FIELD_END) {
            end_field(out, spans, room, here, quoted);
            begin_field(out, spans, room, next);
            quoted = false;
        } else if (event == CSV_RECORD_END) {
            out->end = text_end(sample, out->start, next);
            break;
        }
    }
    if (state != CSV_AT_RECORD) { /* no line end was met */
        if (!sample->ends || state == CSV_QUOTED)
            return false;
        out->end = next;
    } else if (next == *at) {
        return false;
    }
    out->next = next;
    end_field(out, spans, room, out->end, quoted);
    out->blank = out->end == out->start;
    *at = next;
    return true;
}

/* ---- cells */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* A number as people write it: sign, currency or per cent sign, point or comma, exponent. */
static bool is_number(const uint8_t *text, size_t size)
{
    size_t at = 0, digits = 0, marks = 0;

    at += at < size && (text[at] == '$' || text[at] == '+' || text[at] == '-');
    at += at < size && text[at] == '$';
    for (; at < size && (is_digit(text[at]) || text[at] == '.' || text[at] == ','); at++) {
        digits += is_digit(text[at]);
        marks += !is_digit(text[at]);
    }
    if (digits == 0 || marks > digits)
        return false;
    if (at < size && text[at] == '%')
        at++;
    if (at < size && (text[at] == 'e' || text[at] == 'E') && at + 1 < size) {
        at += 1 + (size_t)(text[at + 1] == '-' || text[at + 1] == '+');
        if (at == size)
            return false;
        while (at < size && is_digit(text[at]))
            at++;
    }
    return at == size;
}

/* A date, a time, or both, in figures. */
static bool is_time(const uint8_t *text, size_t size)
{
    size_t digits = 0, marks = 0;

    if (size < 5 || size > 40 || !is_digit(text[0]))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (is_digit(text[i]))
            digits++;
        else if (strchr("-/:", text[i]) != NULL && text[i] != 0)
            marks++;
        else if (text[i] == 0 || strchr(".+TZ ", text[i]) == NULL)
            return false;
    }
    return digits >= 3 && marks >= 1 && is_digit(text[size - 1]) + (text[size - 1] == 'Z') == 1;
}

static bool is_word(const uint8_t *text, size_t size, const char *word)
{
    if (strlen(word) != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        if ((text[i] | 0x20) != (uint8_t)word[i])
            return false;
    }
    return true;
}

enum csv_cell csv_cell_of(const uint8_t *bytes, size_t size)
{
    while (size != 0 && (*bytes == ' ' || *bytes == '\t')) {
        bytes++;
        size--;
    }
    while (size != 0 && (bytes[size - 1] == ' ' || bytes[size - 1] == '\t'))
        size--;
    if (size == 0)
        return CSV_CELL_EMPTY;
    if (is_number(bytes, size))
        return CSV_CELL_NUMBER;
    if (is_time(bytes, size))
        return CSV_CELL_TIME;
    if (is_word(bytes, size, "true") || is_word(bytes, size, "false"))
        return CSV_CELL_BOOL;
    return CSV_CELL_TEXT;
}
