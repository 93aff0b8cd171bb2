/* The header: where it is, whether there is one, and the names and the number of the columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/csv/csv.h"
#include "transform/infer.h"

enum {
    COLUMNS = 256,    /* looked at */
    ROWS = 200,       /* looked at */
    ENOUGH_ROWS = 10, /* for repeated values to tell something */
    COUNTED = 600,    /* records whose fields are counted when there is no header */
    LONGER_SHARE = 20 /* a table without a header is so wide that at most one record in 20 is longer */
};

/* ---- is the first record a header? */

struct column_look {
    enum csv_cell first;
    struct csv_span span; /* of the first record's cell */
    uint32_t values, typed, repeated;
};

static bool same_text(const uint8_t *bytes, const struct csv_span *a, const struct csv_span *b)
{
    return a->end - a->start == b->end - b->start && memcmp(bytes + a->start, bytes + b->start, a->end - a->start) == 0;
}

static bool is_typed(enum csv_cell cell)
{
    return cell == CSV_CELL_NUMBER || cell == CSV_CELL_TIME || cell == CSV_CELL_BOOL;
}

/* Text of a span without its quotes, as far as cells are concerned. */
static enum csv_cell cell_at(const uint8_t *bytes, const struct csv_span *span)
{
    bool quotes = span->quoted && span->end - span->start >= 2;

    return csv_cell_of(bytes + span->start + quotes, span->end - span->start - 2 * (size_t)quotes);
}

/* A year, as columns of figures by year are named. */
static int year_at(const uint8_t *bytes, const struct csv_span *span)
{
    int year = 0;

    if (span->end - span->start != 4)
        return 0;
    for (size_t i = span->start; i < span->end; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return 0;
        year = year * 10 + (bytes[i] - '0');
    }
    return year >= 1800 && year <= 2200 ? year : 0;
}

/* Two or more columns named by successive years, up or down, and all other names text. */
static bool has_year_names(const uint8_t *bytes, const struct column_look *looks, uint32_t count)
{
    uint32_t years = 0;
    int last = 0, step = 0;

    for (uint32_t i = 0; i < count; i++) {
        int year = year_at(bytes, &looks[i].span);

        if (year == 0 && is_typed(looks[i].first))
            return false;
        if (year == 0)
            continue;
        if (years == 1)
            step = year - last;
        if (years != 0 && (year - last != step || (step != 1 && step != -1)))
            return false;
        last = year;
        years++;
    }
    return years >= 2 && years < count;
}

/* The first record once more, as in files that were put together: it says nothing of the columns' types. */
static bool is_first_again(const uint8_t *bytes, const struct csv_span *spans, uint32_t fields, const struct column_look *looks,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count && i < fields; i++) {
        if (!same_text(bytes, &spans[i], &looks[i].span))
            return false;
    }
    return fields >= count;
}

static uint32_t look_at_rows(const struct csv_dialect *dialect, const struct csv_sample *head, size_t at,
                             struct column_look *looks, uint32_t count)
{
    struct csv_span spans[COLUMNS];
    struct csv_record record;
    uint32_t rows = 0;
    bool again;

    while (rows < ROWS && csv_next_record(dialect, head, &at, spans, COLUMNS, &record)) {
        if (record.blank || record.comment)
            continue;
        rows++;
        again = is_first_again(head->bytes, spans, record.fields, looks, count);
        for (uint32_t i = 0; i < count && i < record.fields; i++) {
            enum csv_cell cell = cell_at(head->bytes, &spans[i]);

            looks[i].values += !again && cell != CSV_CELL_EMPTY;
            looks[i].typed += !again && is_typed(cell);
            looks[i].repeated += cell != CSV_CELL_EMPTY && same_text(head->bytes, &spans[i], &looks[i].span);
        }
    }
    return rows;
}

/* Text over text: a header, unless it has names that are empty or double, or that its own columns repeat as values. */
static bool is_named(const uint8_t *bytes, const struct column_look *looks, uint32_t count, uint32_t rows)
{
    uint32_t repeated = 0;

    if (rows == 0)
        return true;
    for (uint32_t i = 0; i < count; i++) {
        if (looks[i].first == CSV_CELL_EMPTY)
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (same_text(bytes, &looks[i].span, &looks[j].span))
                return false;
        }
        repeated += looks[i].repeated != 0;
    }
    return repeated != count && !(rows >= ENOUGH_ROWS && repeated * 2 >= count);
}

bool csv_looks_like_header(const struct csv_dialect *dialect, const struct csv_sample *head, size_t at)
{
    struct column_look looks[COLUMNS];
    struct csv_span spans[COLUMNS];
    struct csv_record first;
    uint32_t count, rows, filled = 0, for_header = 0, for_data = 0;

    if (!csv_next_record(dialect, head, &at, spans, COLUMNS, &first))
        return false;
    count = first.fields < COLUMNS ? first.fields : COLUMNS;
    for (uint32_t i = 0; i < count; i++)
        looks[i] = (struct column_look){ .first = cell_at(head->bytes, &spans[i]), .span = spans[i] };
    rows = look_at_rows(dialect, head, at, looks, count);
    for (uint32_t i = 0; i < count; i++) {
        bool column_typed = looks[i].values != 0 && looks[i].typed == looks[i].values;

        filled += looks[i].first != CSV_CELL_EMPTY;
        /* the first column of a table written with row numbers has no name */
        for_header +=
            column_typed && (looks[i].first == CSV_CELL_TEXT || (looks[i].first == CSV_CELL_EMPTY && i == 0 && count > 1));
        for_data += is_typed(looks[i].first);
    }
    if (filled == 0)
        return false;
    if (for_data != 0)
        return has_year_names(head->bytes, looks, count);
    return for_header != 0 || is_named(head->bytes, looks, count, rows);
}

/* ---- the rule of 1.0.9 */

struct field {
    const uint8_t *text;
    size_t size;
};

/* The next piece of the line between delimiters, without blanks and quotes around it; false when there is none. */
static bool next_piece(const struct csv_dialect *dialect, const uint8_t *line, size_t size, size_t *at, struct field *out)
{
    size_t end = *at;

    if (*at > size)
        return false;
    while (end < size && !csv_is_delimiter(dialect, line, size, end))
        end++;
    *out = (struct field){ line + *at, end - *at };
    *at = end < size ? end + dialect->delimiter_size : size + 1;
    while (out->size != 0 && strchr(" \t\r\n\"'", out->text[0]) != NULL && out->text[0] != 0) {
        out->text++;
        out->size--;
    }
    while (out->size != 0 && strchr(" \t\r\n\"'", out->text[out->size - 1]) != NULL && out->text[out->size - 1] != 0)
        out->size--;
    return true;
}

static bool has_word(const struct field *field, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= field->size; i++) {
        size_t same = 0;

        while (same < size && (field->text[i + same] | 0x20) == (uint8_t)word[same])
            same++;
        if (same == size)
            return true;
    }
    return false;
}

static uint32_t name_points(const struct field *field)
{
    static const char *const words[] = { "id", "name", "date", "time", "count", "total", "amount" };
    uint32_t digits = 0, others = 0, named = 0;

    for (size_t i = 0; i < field->size; i++) {
        bool digit = field->text[i] >= '0' && field->text[i] <= '9';

        digits += digit;
        others += !digit && field->text[i] != '.' && field->text[i] != '-';
    }
    for (size_t i = 0; i < PF_COUNT(words); i++)
        named |= has_word(field, words[i]);
    return field->size == 0 ? 0 : (uint32_t)(digits == 0 || others != 0) + named;
}

bool csv_compat_header(const struct csv_dialect *dialect, const struct csv_sample *head)
{
    size_t first = csv_line_size(head->bytes, head->size, 0), second = csv_line_size(head->bytes, head->size, first);
    size_t first_end = first, second_end = second, at = 0;
    uint32_t fields = 0, others = 0, points = 0;
    struct field field;

    while (first_end != 0 && strchr(" \t\r\n", head->bytes[first_end - 1]) != NULL && head->bytes[first_end - 1] != 0)
        first_end--;
    while (second_end != 0 && strchr(" \t\r\n", head->bytes[first + second_end - 1]) != NULL &&
           head->bytes[first + second_end - 1] != 0)
        second_end--;
    if (first_end == 0 || second_end == 0)
        return false;
    while (next_piece(dialect, head->bytes, first_end, &at, &field)) {
        fields++;
        points += name_points(&field);
    }
    at = 0;
    while (next_piece(dialect, head->bytes + first, second_end, &at, &field))
        others++;
    return fields != others || points * 2 > fields;
}

/* ---- names */

/* A name cannot hold a zero byte: what ends C texts is left out. */
static size_t drop_zeros(uint8_t *text, size_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < size; i++) {
        if (text[i] != 0)
            text[kept++] = text[i];
    }
    return kept;
}

static enum pf_status grow_names(struct csv_reader *reader, uint32_t count, struct pf_error *err)
{
    const char **names;

    if (count <= reader->column_count)
        return PF_OK;
    if (count > reader->ctx->limits.columns) {
        pf_fail(err, PF_LIMIT, "%u columns are more than the limit of %u", count, reader->ctx->limits.columns);
        pf_remedy(err, "raise --max-columns, or name the right --delimiter");
        return err->status;
    }
    names = pf_arena_alloc(&reader->arena, count * sizeof *names);
    if (names == NULL)
        return pf_fail_memory(err, count * sizeof *names);
    for (uint32_t i = 0; i < count; i++)
        names[i] = i < reader->column_count ? reader->names[i] : "";
    reader->names = names;
    reader->column_count = count;
    return PF_OK;
}

/* The name that was there, '_', and the new one. */
static const char *join_names(struct pf_arena *arena, const char *before, const char *name)
{
    size_t size = strlen(before), more = strlen(name);
    char *joined;

    if (size == 0 || more == 0)
        return size == 0 ? name : before;
    joined = pf_arena_alloc(arena, size + more + 2);
    if (joined == NULL)
        return NULL;
    memcpy(joined, before, size);
    joined[size] = '_';
    memcpy(joined + size + 1, name, more + 1);
    return joined;
}

/* The names of the record in text (size bytes, CSV_PAD behind it), each ended in place: a delimiter follows it, or the
 * padding. */
static enum pf_status end_names(struct csv_reader *reader, uint8_t *text, size_t size, struct csv_span *spans, uint32_t count,
                                struct pf_error *err)
{
    struct csv_sample sample = { .bytes = text, .size = size, .starts = true, .ends = true };
    struct csv_record record;
    size_t at = 0;

    if (!csv_next_record(&reader->dialect, &sample, &at, spans, count, &record))
        return PF_OK; /* an empty record has one empty name */
    for (uint32_t i = 0; i < record.fields && i < count; i++) {
        struct csv_value value = csv_take(&reader->dialect, text, (uint32_t)spans[i].start, (uint32_t)spans[i].end);
        /* In 1.0.9 a name ended there. */
        size_t kept = reader->compat ? strnlen((const char *)text + value.offset, value.size)
                                     : drop_zeros(text + value.offset, value.size);

        text[value.offset + kept] = '\0';
        reader->names[i] = join_names(&reader->arena, reader->names[i], (const char *)text + value.offset);
        if (reader->names[i] == NULL)
            return pf_fail_memory(err, kept);
    }
    return PF_OK;
}

/* Takes the names of a header record; those of a second one are joined to the first. */
static enum pf_status take_names(struct csv_reader *reader, const struct csv_sample *head, const struct csv_record *record,
                                 int64_t line, struct pf_error *err)
{
    size_t size = record->end - record->start;
    struct csv_span *spans;
    uint8_t *text;
    enum pf_status status;

    if (grow_names(reader, record->fields, err) != PF_OK)
        return err->status;
    text = pf_arena_alloc(&reader->arena, size + CSV_PAD);
    if (text == NULL)
        return pf_fail_memory(err, size);
    memcpy(text, head->bytes + record->start, size);
    memset(text + size, 0, CSV_PAD);
    if (pf_utf8_valid(text, size, reader->features) != size) {
        pf_fail(err, PF_BAD_DATA, "the header on line %lld is not valid UTF-8", (long long)line);
        pf_remedy(err, "name the encoding of the file with --encoding");
        err->line = line;
        return err->status;
    }
    spans = pf_alloc_zero(&reader->ctx->memory, record->fields, sizeof *spans);
    if (spans == NULL)
        return pf_fail_memory(err, record->fields * sizeof *spans);
    status = end_names(reader, text, size, spans, record->fields, err);
    pf_free(&reader->ctx->memory, spans);
    return status;
}

/* ---- finding */

/* Where finding stands: a place in the sample and its line. */
struct place {
    size_t at;
    int64_t line;
};

static enum pf_status too_short(const struct csv_sample *head, bool *more, int64_t lines, struct pf_error *err)
{
    *more = !head->ends;
    if (*more)
        return PF_OK;
    pf_fail(err, PF_BAD_DATA, "the header was looked for beyond the end of the source, which has %lld lines", (long long)lines);
    pf_remedy(err, "check --header and --skip-rows");
    return err->status;
}

/* The header is on lines first to last, whatever they look like. */
static enum pf_status find_by_lines(struct csv_reader *reader, const struct pf_header_option *option,
                                    const struct csv_sample *head, struct place *place, bool *more, struct pf_error *err)
{
    int64_t line = 1;

    for (; line < option->first; line++) {
        size_t size = csv_line_size(head->bytes, head->size, place->at);

        place->at += size;
        place->line++;
        if (size == 0 || place->at == head->size)
            return too_short(head, more, place->line, err);
    }
    reader->header_line = place->line + 1;
    while (line <= option->last) {
        struct csv_record record;

        if (!csv_next_record(&reader->dialect, head, &place->at, NULL, 0, &record))
            return too_short(head, more, place->line, err);
        if (take_names(reader, head, &record, place->line + 1, err) != PF_OK)
            return err->status;
        line += record.lines;
        place->line += record.lines;
    }
    reader->has_header = true;
    return PF_OK;
}

/* Goes over blank lines, comments, and lines of '#' that are not shaped like records. */
static void skip_to_first(struct csv_reader *reader, const struct csv_sample *head, const struct csv_score *score,
                          struct place *place)
{
    struct csv_record record;
    size_t next = place->at;

    reader->marks = 0;
    while (csv_next_record(&reader->dialect, head, &next, NULL, 0, &record)) {
        bool mark = head->bytes[record.start] == '#' && reader->dialect.comment_size == 0 && reader->skips_marks &&
                    score->fields > 1 && record.fields != score->fields;

        if (!record.blank && !record.comment && !mark)
            return;
        reader->marks += mark;
        place->at = next;
        place->line += record.lines;
    }
}

static int compare_counts(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Columns of a table without a header. */
static uint32_t count_columns(const struct csv_reader *reader, const struct csv_sample *head, size_t at)
{
    uint32_t fields[COUNTED], count = 0;
    struct csv_record record;
    struct csv_sample whole = *head;

    while (count < COUNTED && csv_next_record(&reader->dialect, head, &at, NULL, 0, &record)) {
        if (!record.blank && !record.comment)
            fields[count++] = record.fields;
    }
    whole.ends = true;
    if (count == 0)
        return csv_next_record(&reader->dialect, &whole, &at, NULL, 0, &record) ? record.fields : 1;
    qsort(fields, count, sizeof *fields, compare_counts);
    return fields[count - 1 - count / LONGER_SHARE];
}

/* The header's text, to know it again among the rows. */
static enum pf_status keep_header(struct csv_reader *reader, const struct csv_sample *head, const struct csv_record *record,
                                  struct pf_error *err)
{
    size_t size = record->end - record->start;
    uint8_t *copy = pf_arena_alloc(&reader->arena, size + 1);

    if (copy == NULL)
        return pf_fail_memory(err, size);
    memcpy(copy, head->bytes + record->start, size);
    reader->header_text = copy;
    reader->header_size = (uint32_t)size;
    return PF_OK;
}

/* With a header by option or by its looks: takes it. */
static enum pf_status find_by_looks(struct csv_reader *reader, enum pf_header_mode mode, const struct csv_sample *head,
                                    struct place *place, bool *more, struct pf_error *err)
{
    struct csv_record record;
    size_t next = place->at;
    bool complete = csv_next_record(&reader->dialect, head, &next, NULL, 0, &record);
    bool header = mode == PF_HEADER_YES;

    *more = !complete && !head->ends;
    if (*more)
        return PF_OK;
    if (mode == PF_HEADER_AUTO && complete)
        header = reader->compat ? csv_compat_header(&reader->dialect, head)
                                : csv_looks_like_header(&reader->dialect, head, place->at);
    if (!header || !complete)
        return grow_names(reader, count_columns(reader, head, place->at), err);
    if (take_names(reader, head, &record, place->line + 1, err) != PF_OK || keep_header(reader, head, &record, err) != PF_OK)
        return err->status;
    reader->has_header = true;
    reader->header_line = place->line + 1;
    place->at = next;
    place->line += record.lines;
    return PF_OK;
}

/* "'id ' is now 'id', " for the names that are not what the header says; at most a few of them. */
static uint32_t list_changes(const struct csv_reader *reader, const char *const *before, char *to, size_t size)
{
    enum { SHOWN = 4 };
    uint32_t count = 0;
    size_t used = 0;

    for (uint32_t i = 0; i < reader->column_count; i++) {
        if (strcmp(before[i], reader->names[i]) == 0)
            continue;
        if (count++ >= SHOWN || used >= size)
            continue;
        int wrote = before[i][0] == '\0' ? snprintf(to + used, size - used, "%scolumn %u is called '%.60s'",
                                                    used > 0 ? ", " : "", i + 1, reader->names[i])
                                         : snprintf(to + used, size - used, "%s'%.60s' is called '%.60s'", used > 0 ? ", " : "",
                                                    before[i], reader->names[i]);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    if (count > SHOWN && used < size)
        (void)snprintf(to + used, size - used, " and %u more", count - SHOWN);
    return count;
}

/* Makes the names fit, and tells which the header has otherwise. */
static enum pf_status settle_names(struct csv_reader *reader, struct pf_error *err)
{
    const char **before = pf_alloc_zero(&reader->ctx->memory, reader->column_count, sizeof *before);
    char changes[400] = "";
    enum pf_status status;

    if (before == NULL)
        return pf_fail_memory(err, reader->column_count * sizeof *before);
    for (uint32_t i = 0; i < reader->column_count; i++)
        before[i] = reader->names[i];
    status = pf_names_settle(reader->names, NULL, reader->column_count, reader->compat, &reader->arena, err);
    if (status == PF_OK && reader->has_header && !reader->compat && list_changes(reader, before, changes, sizeof changes) != 0)
        pf_warn(reader->ctx, "%s: column names that are empty, occur twice or have blanks around them were changed: %s",
                pf_source_name(reader->src), changes);
    pf_free(&reader->ctx->memory, before);
    return status;
}

enum pf_status csv_find_header(struct csv_reader *reader, const struct pf_header_option *option, const struct csv_sample *head,
                               const struct csv_score *score, int64_t line, int64_t offset, bool *more, struct pf_error *err)
{
    struct place place = { 0, line };
    bool first_blank = head->size != 0 && csv_line_end(head->bytes, head->size, 0) != 0;
    enum pf_header_mode mode = option->mode;
    enum pf_status status;

    *more = false;
    reader->column_count = 0;
    reader->header_line = 0;
    reader->header_size = 0;
    if (mode == PF_HEADER_PLACED) {
        status = find_by_lines(reader, option, head, &place, more, err);
    } else {
        if (mode == PF_HEADER_AUTO && reader->compat && first_blank)
            mode = PF_HEADER_NO;
        skip_to_first(reader, head, score, &place);
        if (place.at == head->size && head->ends) {
            pf_fail(err, PF_BAD_DATA, "there is nothing to read but blank lines and comments");
            pf_remedy(err, "check that this is the right file%s", line != 0 ? ", and --skip-rows" : "");
            return err->status;
        }
        status = find_by_looks(reader, mode, head, &place, more, err);
    }
    if (status != PF_OK || *more)
        return status;
    reader->data_offset = offset + (int64_t)place.at;
    reader->data_line = place.line;
    return settle_names(reader, err);
}

enum pf_status csv_add_columns(struct csv_reader *reader, uint32_t count, struct pf_error *err)
{
    if (grow_names(reader, count, err) != PF_OK)
        return err->status;
    return pf_names_settle(reader->names, NULL, reader->column_count, reader->compat, &reader->arena, err);
}
