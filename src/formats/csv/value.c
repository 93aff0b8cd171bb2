/* A field's value: its text without quotes and escapes, made in place. */
#include <string.h>

#include "formats/csv/csv.h"

/* Appends size bytes at from to what ends at *to; both lie in bytes, *to never behind from. */
static void keep(uint8_t *bytes, uint32_t *to, uint32_t from, uint32_t size)
{
    memmove(bytes + *to, bytes + from, size);
    *to += size;
}

/* Offset of the first byte equal to a or (unless negative) to b; end when there is none. */
static uint32_t find(const uint8_t *bytes, uint32_t at, uint32_t end, int a, int b)
{
    while (at < end && bytes[at] != a && bytes[at] != b)
        at++;
    return at;
}

struct csv_value csv_take_quoted(uint8_t *bytes, uint32_t start, uint32_t end, uint8_t quote)
{
    struct csv_value value = { .offset = start + 1, .kind = PF_TEXT_QUOTED };
    uint32_t from = start + 1, to = start + 1;

    for (;;) {
        const uint8_t *found = memchr(bytes + from, quote, end - from);
        uint32_t at = found != NULL ? (uint32_t)(found - bytes) : end;

        if (to == from)
            to = at; /* nothing was taken out yet: all stays where it is */
        else
            keep(bytes, &to, from, at - from);
        if (at + 1 >= end)
            break;
        if (bytes[at + 1] != quote) { /* text behind the closing quote is part of the value */
            keep(bytes, &to, at + 1, end - at - 1);
            break;
        }
        bytes[to++] = quote;
        from = at + 2;
    }
    value.size = to - value.offset;
    return value;
}

/* Bytes behind the escape at at that it protects; 0 when it stands for itself. */
static uint32_t protected_size(const struct csv_dialect *dialect, const uint8_t *bytes, uint32_t at, uint32_t end, bool quoted)
{
    uint8_t next;

    if (at + 1 >= end)
        return 0;
    next = bytes[at + 1];
    if (next == dialect->quote || next == dialect->escape)
        return 1;
    if (quoted)
        return 0;
    if (csv_is_delimiter(dialect, bytes, end, at + 1))
        return dialect->delimiter_size;
    return (uint32_t)csv_line_end(bytes, end, at + 1);
}

/* Plain text with escapes, from from to end; appended at *to. */
static void take_plain(const struct csv_dialect *dialect, uint8_t *bytes, uint32_t *to, uint32_t from, uint32_t end)
{
    if (dialect->escape_in_quotes) {
        keep(bytes, to, from, end - from);
        return;
    }
    while (from < end) {
        uint32_t at = find(bytes, from, end, dialect->escape, -1);
        uint32_t next;

        keep(bytes, to, from, at - from);
        if (at == end)
            return;
        next = protected_size(dialect, bytes, at, end, false);
        if (next != 0) {
            keep(bytes, to, at + 1, next);
            from = at + 1 + next;
        } else {
            keep(bytes, to, at, 1);
            from = at + 1;
        }
    }
}

/* Text behind an opening quote. */
static void take_quoted(const struct csv_dialect *dialect, uint8_t *bytes, uint32_t *to, uint32_t from, uint32_t end)
{
    while (from < end) {
        uint32_t at = find(bytes, from, end, dialect->quote, dialect->escape);
        bool doubled;

        keep(bytes, to, from, at - from);
        if (at == end)
            return;
        doubled = at + 1 < end && bytes[at + 1] == dialect->quote;
        if (bytes[at] != dialect->quote) {
            uint32_t next = protected_size(dialect, bytes, at, end, true);
            uint32_t both = next == 0 && at + 1 < end ? 2 : 1;

            keep(bytes, to, next != 0 ? at + 1 : at, both);
            from = at + (next != 0 ? 2 : both);
        } else if (doubled) {
            keep(bytes, to, at, 1);
            from = at + 2;
        } else {
            take_plain(dialect, bytes, to, at + 1, end);
            return;
        }
    }
}

struct csv_value csv_take(const struct csv_dialect *dialect, uint8_t *bytes, uint32_t start, uint32_t end)
{
    struct csv_value value = { .kind = PF_TEXT_QUOTED };
    uint32_t to;

    while (dialect->trim && start < end && bytes[start] == ' ')
        start++;
    if (start < end && bytes[start] == dialect->quote) {
        if (dialect->escape < 0)
            return csv_take_quoted(bytes, start, end, (uint8_t)dialect->quote);
        value.offset = to = start + 1;
        take_quoted(dialect, bytes, &to, start + 1, end);
    } else {
        value.offset = to = start;
        if (dialect->escape >= 0 && !dialect->escape_in_quotes)
            take_plain(dialect, bytes, &to, start, end);
        else
            to = end;
        value.kind = to != start ? PF_TEXT_PLAIN : PF_TEXT_NULL;
    }
    value.size = to - value.offset;
    return value;
}
