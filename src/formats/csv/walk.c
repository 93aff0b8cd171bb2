/* The grammar of CSV in one place, a step at a time, and the kernel for the dialects that the words cannot do. */
#include <string.h>

#include "formats/csv/csv.h"

static bool begins_with(const uint8_t *bytes, size_t size, size_t at, const uint8_t *mark, size_t mark_size)
{
    return bytes[at] == mark[0] && size - at >= mark_size && memcmp(bytes + at, mark, mark_size) == 0;
}

bool csv_is_delimiter(const struct csv_dialect *dialect, const uint8_t *bytes, size_t size, size_t at)
{
    return begins_with(bytes, size, at, dialect->delimiter, dialect->delimiter_size);
}

size_t csv_line_end(const uint8_t *bytes, size_t size, size_t at)
{
    if (bytes[at] == '\n')
        return 1;
    if (bytes[at] != '\r')
        return 0;
    return at + 1 < size && bytes[at + 1] == '\n' ? 2 : 1;
}

size_t csv_line_size(const uint8_t *bytes, size_t size, size_t at)
{
    size_t next = at;

    while (next < size) {
        size_t end = csv_line_end(bytes, size, next);

        if (end != 0)
            return next + end - at;
        next++;
    }
    return next - at;
}

/* Bytes that the escape at at takes along: what follows it loses its meaning. */
static size_t escaped_size(const struct csv_dialect *dialect, const uint8_t *bytes, size_t size, size_t at)
{
    size_t line;

    if (at + 1 >= size)
        return 1;
    if (csv_is_delimiter(dialect, bytes, size, at + 1))
        return 1 + (size_t)dialect->delimiter_size;
    line = csv_line_end(bytes, size, at + 1);
    return line != 0 ? 1 + line : 2;
}

static enum csv_event step_escape(const struct csv_dialect *dialect, const uint8_t *bytes, size_t size, size_t *at)
{
    size_t first = *at + 1;

    *at += escaped_size(dialect, bytes, size, *at);
    return first < size && csv_line_end(bytes, size, first) != 0 ? CSV_INNER_LINE : CSV_NOTHING;
}

static enum csv_event step_quoted(const struct csv_dialect *dialect, enum csv_state *state, const uint8_t *bytes, size_t size,
                                  size_t *at)
{
    size_t line;

    if (bytes[*at] == dialect->escape)
        return step_escape(dialect, bytes, size, at);
    line = csv_line_end(bytes, size, *at);
    *at += line != 0 ? line : 1;
    if (line != 0)
        return CSV_INNER_LINE;
    if (bytes[*at - 1] == dialect->quote)
        *state = CSV_CLOSED;
    return CSV_NOTHING;
}

static enum csv_event step_plain(const struct csv_dialect *dialect, enum csv_state *state, const uint8_t *bytes, size_t size,
                                 size_t *at)
{
    size_t line = csv_line_end(bytes, size, *at);

    if (line != 0) {
        *at += line;
        *state = CSV_AT_RECORD;
        return CSV_RECORD_END;
    }
    if (csv_is_delimiter(dialect, bytes, size, *at)) {
        *at += dialect->delimiter_size;
        *state = CSV_AT_FIELD;
        return CSV_FIELD_END;
    }
    *state = CSV_PLAIN;
    if (bytes[*at] == dialect->escape && !dialect->escape_in_quotes)
        return step_escape(dialect, bytes, size, at);
    (*at)++;
    return CSV_NOTHING;
}

enum csv_event csv_step(const struct csv_dialect *dialect, enum csv_state *state, const uint8_t *bytes, size_t size, size_t *at)
{
    switch (*state) {
    case CSV_QUOTED:
        return step_quoted(dialect, state, bytes, size, at);
    case CSV_COMMENT: {
        size_t line = csv_line_end(bytes, size, *at);

        *at += line != 0 ? line : 1;
        *state = line != 0 ? CSV_AT_RECORD : CSV_COMMENT;
        return line != 0 ? CSV_RECORD_END : CSV_NOTHING;
    }
    case CSV_AT_RECORD:
        if (dialect->comment_size != 0 && begins_with(bytes, size, *at, dialect->comment, dialect->comment_size)) {
            *at += dialect->comment_size;
            *state = CSV_COMMENT;
            return CSV_NOTHING;
        }
        break;
    case CSV_AT_FIELD:
    case CSV_CLOSED:
    case CSV_PLAIN:
        break;
    }
    if (*state == CSV_PLAIN || (bytes[*at] != dialect->quote && !(dialect->trim && bytes[*at] == ' ' && *state != CSV_CLOSED)))
        return step_plain(dialect, state, bytes, size, at);
    *state = bytes[*at] == dialect->quote ? CSV_QUOTED : CSV_AT_FIELD;
    (*at)++;
    return CSV_NOTHING;
}

/* ---- the kernel */

static void walk_border(const struct csv_dialect *dialect, struct csv_border *border, const uint8_t *bytes, size_t size,
                        bool final)
{
    size_t to = final ? size : size > CSV_LOOK_AHEAD ? size - CSV_LOOK_AHEAD : 0;

    while (border->at < to && !border->full) {
        enum csv_event event = csv_step(dialect, &border->state, bytes, size, &border->at);

        if (event == CSV_INNER_LINE || event == CSV_RECORD_END)
            border->all_lines++;
        if (event == CSV_RECORD_END) {
            border->end = border->at;
            border->lines = border->all_lines;
            border->rows++;
            border->full = border->rows == border->max_rows;
        }
    }
}

static void walk_index(const struct csv_dialect *dialect, struct csv_index *index, const uint8_t *bytes, size_t to, size_t size)
{
    while (index->at < to) {
        size_t before = index->at;
        enum csv_event event = csv_step(dialect, &index->state, bytes, size, &index->at);

        if (event == CSV_INNER_LINE) {
            index->inner[index->inner_count++] = (uint32_t)index->at - 1;
        } else if (event == CSV_FIELD_END) {
            index->position[index->position_count++] = (uint32_t)before;
        } else if (event == CSV_RECORD_END) {
            index->record_end[index->record_count++] = index->position_count;
            index->position[index->position_count++] = (uint32_t)index->at - 1;
        }
    }
}

const struct csv_kernel csv_kernel_walk = { walk_border, walk_index };
