/* How Spark's reader of CSV is called to read what this one reads, and where it would not: what only a look at all bytes shows is gathered
 * block by block, as the blocks are decoded.
 *
 * Spark's reader is told that quotes are doubled, and reads columns as text, by position. Fields without text are given a text of their own
 * there, so that they differ from quoted ones that are empty. docs/design/spark.md has the facts that this rests on. */
#include <string.h>

#include "formats/csv/csv.h"

enum {
    MET_LINE_IN_QUOTES = 1, /* LF inside a record */
    MET_CR_IN_QUOTES = 2,   /* CR, or CRLF, inside a record */
    MET_CR_END = 4,         /* a record that ends with CR alone */
    MET_CRLF_END = 8,
    MET_BEHIND_QUOTE = 16, /* text behind the quote that closes a field */
    MET_BLANK = 32,        /* a row of nothing but blanks, tabs and the like */
    MET_CONTROL = 64       /* a byte 0 or 1, of which the second begins what Spark is told to give for no text */
};
/* Columns that Spark's reader has room for, unless it is told otherwise. */
enum { MOST_COLUMNS = 20000 };

/* What Spark's reader gives for a field without text. */
static const char no_text[] = "\x01pyforge\x01";

static uint32_t survey_record_end(const uint8_t *bytes, size_t start, size_t before, size_t at, bool ink)
{
    uint32_t met = bytes[before] == '\n' ? 0 : at - before == 2 ? MET_CRLF_END : MET_CR_END;

    return met | (before > start && !ink ? MET_BLANK : 0);
}

/* By the grammar itself: of blocks with quotes or with CR. */
static uint32_t survey_by_walk(const struct csv_dialect *dialect, const uint8_t *bytes, size_t size)
{
    enum csv_state state = CSV_AT_RECORD;
    size_t at = 0, start = 0;
    uint32_t met = 0;
    bool ink = false;

    while (at < size) {
        const enum csv_state was = state;
        const size_t before = at;
        const enum csv_event event = csv_step(dialect, &state, bytes, size, &at);

        if (event == CSV_RECORD_END) {
            met |= survey_record_end(bytes, start, before, at, ink);
            start = at;
            ink = false;
            continue;
        }
        ink = ink || bytes[before] > ' ';
        if (event == CSV_INNER_LINE)
            met |= bytes[before] == '\n' ? MET_LINE_IN_QUOTES : MET_CR_IN_QUOTES;
        if (was == CSV_CLOSED && state == CSV_PLAIN)
            met |= MET_BEHIND_QUOTE;
    }
    return met | (start < size && !ink ? MET_BLANK : 0);
}

static bool is_blank(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] > ' ')
            return false;
    }
    return size != 0;
}

/* Of blocks whose lines are records. */
static uint32_t survey_by_lines(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(bytes + at, '\n', size - at);
        const size_t line = end != NULL ? (size_t)(end - bytes) - at : size - at;

        if (bytes[at] <= ' ' && is_blank(bytes + at, line))
            return MET_BLANK;
        at += line + 1;
    }
    return 0;
}

uint32_t csv_survey(const struct csv_dialect *dialect, const uint8_t *bytes, size_t size)
{
    uint32_t met = 0;

    if (size == 0)
        return 0;
    if (memchr(bytes, 0, size) != NULL || memchr(bytes, no_text[0], size) != NULL)
        met = MET_CONTROL;
    if ((dialect->quote >= 0 && memchr(bytes, dialect->quote, size) != NULL) || memchr(bytes, '\r', size) != NULL)
        return met | survey_by_walk(dialect, bytes, size);
    return met | survey_by_lines(bytes, size);
}

/* ---- what Spark is told */

/* What the dialect and the head alone show. */
static const char *refuse_dialect(const struct csv_reader *reader)
{
    const struct csv_dialect *dialect = &reader->dialect;

    if (reader->compat)
        return "--compat 1.0 reads CSV by rules of its own";
    if (!reader->encoding.utf8 && strcmp(reader->encoding.name, "iso-8859-1") != 0)
        return "Spark reads UTF-8 and ISO-8859-1 as it is read here, and no other encoding";
    if (dialect->delimiter_size != 1 || dialect->delimiter[0] >= 0x80)
        return "its delimiter is more than one byte";
    if (dialect->quote >= 0x80)
        return "its quote is no ASCII character";
    if (dialect->escape >= 0)
        return "it has an escape besides doubled quotes";
    if (dialect->comment_size != 0 || reader->marks != 0)
        return "it has lines that are comments";
    if (reader->has_header ? reader->header_line != 1 || reader->header_size == 0 : reader->data_line != 0)
        return "its rows do not begin at its first line, or behind a header of one line";
    if (reader->numbers != NULL)
        return "its numbers have a form of their own (--decimal, --thousands)";
    return reader->column_count > MOST_COLUMNS ? "it has too many columns" : NULL;
}

static const char *refuse_met(uint32_t met)
{
    if (met & MET_CR_IN_QUOTES)
        return "a quoted value has CR in it, which Spark makes LF";
    if (met & MET_CR_END)
        return "a row ends with CR alone";
    if ((met & MET_LINE_IN_QUOTES) && (met & MET_CRLF_END))
        return "quoted values have line ends in them, and rows end with CRLF";
    if (met & MET_BEHIND_QUOTE)
        return "there is text behind the quote that closes a value";
    if (met & MET_BLANK)
        return "a row has nothing but blanks or tabs, and Spark takes it for an empty line";
    return met & MET_CONTROL ? "it has the bytes 0 or 1 in it" : NULL;
}

static bool emit_dialect(const struct csv_reader *reader, bool several_lines, pf_foreign_fn emit, void *user)
{
    const char delimiter[2] = { (char)reader->dialect.delimiter[0], '\0' };
    const char quote[2] = { reader->dialect.quote >= 0 ? (char)reader->dialect.quote : '\0', '\0' };
    const struct {
        const char *name, *value;
    } options[] = { { "sep", delimiter },
                    { "quote", quote },
                    { "escape", quote },
                    { "header", reader->has_header ? "true" : "false" },
                    { "multiLine", several_lines ? "true" : "false" },
                    { "encoding", reader->encoding.utf8 ? "UTF-8" : "ISO-8859-1" },
                    { "nullValue", no_text },
                    { "emptyValue", "" },
                    { "mode", "PERMISSIVE" },
                    { "enforceSchema", "true" },
                    { "ignoreLeadingWhiteSpace", "false" },
                    { "ignoreTrailingWhiteSpace", "false" } };

    for (size_t i = 0; i < PF_COUNT(options); i++) {
        if (!emit(user, PF_FOREIGN_OPTION, options[i].name, options[i].value, strlen(options[i].value)))
            return false;
    }
    for (uint32_t i = 0; i < reader->nulls.count; i++) {
        if (!emit(user, PF_FOREIGN_NULL, NULL, (const char *)reader->nulls.items[i].text, reader->nulls.items[i].size))
            return false;
    }
    return true;
}

const char *csv_foreign(const void *state, uint32_t met, pf_foreign_fn emit, void *user)
{
    const struct csv_reader *reader = state;
    const char *why = refuse_dialect(reader);

    if (why != NULL)
        return why;
    met |= csv_survey(&reader->dialect, reader->header_text, reader->header_size);
    why = refuse_met(met);
    if (why == NULL)
        (void)emit_dialect(reader, (met & MET_LINE_IN_QUOTES) != 0, emit, user);
    return why;
}
