/* The CSV reader as the registry sees it: probe, table, facts, options. */
#include <stddef.h>
#include <string.h>

#include "base/number.h"
#include "formats/csv/csv.h"

static enum pf_status csv_table(void *state, uint32_t index, struct pf_table *out, struct pf_error *err)
{
    static const struct pf_field text = { .type = PF_TYPE_STRING };
    const struct csv_reader *reader = state;

    if (index != 0)
        return PF_END;
    out->name = "";
    out->rows = -1;
    for (uint32_t i = 0; i < reader->column_count; i++) {
        if (!pf_schema_add(&out->schema, reader->names[i], strlen(reader->names[i]), &text))
            return pf_fail_memory(err, strlen(reader->names[i]));
    }
    return PF_OK;
}

static void byte_fact(pf_fact_fn emit, void *user, const char *name, int byte)
{
    char shown[4 * CSV_SEQUENCE + 1];
    uint8_t one = (uint8_t)byte;

    emit(user, name, byte >= 0 ? csv_show_bytes(&one, 1, shown) : "none", false);
}

static void number_fact(pf_fact_fn emit, void *user, const char *name, int64_t number)
{
    char text[PF_INT64_TEXT + 1];

    text[pf_print_int64(number, text)] = '\0';
    emit(user, name, text, true);
}

static void csv_facts(const void *state, pf_fact_fn emit, void *user)
{
    const struct csv_reader *reader = state;
    const struct csv_dialect *dialect = &reader->dialect;
    char shown[4 * CSV_SEQUENCE + 1], confidence[5] = "0.00";
    int hundredths = (int)(reader->encoding.confidence * 100.0 + 0.5);

    confidence[0] = (char)('0' + hundredths / 100);
    confidence[2] = (char)('0' + hundredths / 10 % 10);
    confidence[3] = (char)('0' + hundredths % 10);
    emit(user, "encoding", reader->encoding.name, false);
    emit(user, "encoding_confidence", confidence, true);
    emit(user, "has_bom", reader->encoding.bom_size != 0 ? "true" : "false", true);
    emit(user, "delimiter", csv_show_bytes(dialect->delimiter, dialect->delimiter_size, shown), false);
    byte_fact(emit, user, "quote", dialect->quote);
    if (dialect->escape >= 0)
        byte_fact(emit, user, "escape", dialect->escape);
    else
        emit(user, "escape", dialect->quote >= 0 ? "doubled quote" : "none", false);
    emit(user, "comment", dialect->comment_size != 0 ? csv_show_bytes(dialect->comment, dialect->comment_size, shown) : "none",
         false);
    emit(user, "header", reader->has_header ? "true" : "false", true);
    if (reader->has_header)
        number_fact(emit, user, "header_line", reader->header_line);
    emit(user, "line_ending", reader->line_end, false);
    number_fact(emit, user, "columns", reader->column_count);
}

static void csv_close(void *state)
{
    struct csv_reader *reader = state;

    pf_text_input_close(&reader->input);
    if (reader->ctx != NULL)
        pf_arena_free(&reader->arena);
    reader->ctx = NULL;
}

/* ---- probe */

static const struct {
    const char *bytes;
    size_t size;
} foreign[] = {
    { "PAR1", 4 },
    { "PK\x03\x04", 4 },
    { "%PDF", 4 },
    { "\x1F\x8B", 2 },
    { "\x28\xB5\x2F\xFD", 4 },
    { "\xD0\xCF\x11\xE0", 4 },
    { "BZh", 3 },
    { "\x7F"
      "ELF",
      4 },
    { "\x89PNG", 4 },
    { "Obj\x01", 4 },
    { "ARROW1", 6 },
    { "ORC", 3 },
    { "{\\rtf", 5 },
    { "SQLite format", 13 },
    { "\xFD"
      "7zXZ",
      5 },
    { "GIF8", 4 },
    { "\xFF\xD8\xFF", 3 },
};

/* UTF-16 made bytes, well enough to score it: one byte a unit. */
static size_t narrow(const uint8_t *head, size_t size, bool big_endian, uint8_t *to, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i + 1 < size && count < room; i += 2) {
        uint8_t high = head[i + !big_endian], low = head[i + big_endian];

        to[count++] = high == 0 ? low : 'x';
    }
    return count;
}

/* Bytes that text does not have, in 1000. */
static size_t binary_share(const uint8_t *head, size_t size)
{
    size_t strange = 0;

    for (size_t i = 0; i < size; i++)
        strange += head[i] < 0x20 && (head[i] == 0 || strchr("\t\n\r\f\v\x1B\x1C\x1D\x1E\x1F\x01", head[i]) == NULL);
    return size != 0 ? strange * 1000 / size : 0;
}

/* XML, HTML or JSON, which may be in lines that look like rows. */
static bool begins_markup(const struct csv_sample *sample)
{
    size_t at = 0;

    while (at < sample->size && strchr(" \t\r\n", sample->bytes[at]) != NULL && sample->bytes[at] != 0)
        at++;
    return at < sample->size && (sample->bytes[at] == '<' || sample->bytes[at] == '{' || sample->bytes[at] == '[');
}

static int csv_probe(const struct pf_reader *self, const uint8_t *head, size_t size)
{
    enum { PROBED = 8192 };
    uint8_t narrowed[PROBED];
    struct csv_sample sample = { head, size < PROBED ? size : PROBED, true, size < PROBED };
    struct csv_samples samples = { .count = 1 };
    struct csv_dialect dialect;
    struct csv_encoding encoding;
    struct csv_detected detected;
    static const struct csv_given nothing = { .delimiter = false };

    (void)self;
    for (size_t i = 0; i < PF_COUNT(foreign); i++) {
        if (size >= foreign[i].size && memcmp(head, foreign[i].bytes, foreign[i].size) == 0)
            return 0;
    }
    if (size == 0)
        return 1;
    csv_detect_encoding(&sample, 1, &encoding);
    sample.bytes += encoding.bom_size;
    sample.size -= encoding.bom_size;
    if (strncmp(encoding.name, "utf-16", 6) == 0) {
        sample.size = narrow(sample.bytes, sample.size, encoding.name[6] == 'b', narrowed, PROBED);
        sample.bytes = narrowed;
    }
    if (binary_share(sample.bytes, sample.size) > 20)
        return 0;
    if (begins_markup(&sample))
        return 3;
    samples.part[0] = sample;
    dialect = (struct csv_dialect){ .delimiter = ",", .delimiter_size = 1, .quote = '"', .escape = -1 };
    csv_detect_dialect(&dialect, &nothing, &samples, &detected);
    return detected.score.fields > 1 ? 30 + (int)(detected.score.value * 50.0) : 10;
}

/* ---- descriptor */

#define AT(member) offsetof(struct pf_csv_read_options, member)
/* Rows are set in columns by hand: a table to be read. */
/* clang-format off */
static const struct pf_option csv_options[] = {
    { "delimiter", "d|sep|separator", PF_OPTION_TEXT, NULL, NULL, "TEXT",
      "What separates fields: a character, or tab, comma, semicolon, pipe, space; without it, it is detected.",
      "CSV input", AT(delimiter) },
    { "quote", NULL, PF_OPTION_TEXT, NULL, NULL, "CHAR",
      "What quotes fields; none: quotes are plain text.",
      "CSV input", AT(quote) },
    { "escape", NULL, PF_OPTION_TEXT, NULL, NULL, "CHAR",
      "What escapes a quote in quotes, besides doubling it.",
      "CSV input", AT(escape) },
    { "comment", NULL, PF_OPTION_TEXT, NULL, NULL, "TEXT",
      "Lines that begin with this are left out; none: no line is.",
      "CSV input", AT(comment) },
    { "header", NULL, PF_OPTION_TEXT, NULL, "auto", "auto|yes|no|N|N-M",
      "Whether there is a header, or its line; several lines are joined with _.",
      "CSV input", AT(header) },
    { "skip-rows", "skip", PF_OPTION_INTEGER, NULL, "0", "N",
      "Leave out the first N lines before anything else.",
      "CSV input", AT(skip_rows) },
    { "null-values", NULL, PF_OPTION_TEXT, NULL, NULL, "TEXTS",
      "Texts that mean null, separated by commas: 'NA,NULL'; may be repeated. An empty field without quotes always does.",
      "CSV input", AT(null_values) },
    { "encoding", NULL, PF_OPTION_TEXT, NULL, NULL, "NAME",
      "Encoding of the text, such as utf-8, utf-16, windows-1252; without it, it is detected.",
      "CSV input", AT(encoding) },
    { "decimal", NULL, PF_OPTION_TEXT, NULL, ".", "CHAR",
      "What stands before the fraction of a number: ',' reads 1,5 as 1.5; where it is the delimiter, too, in quotes only.",
      "CSV input", AT(decimal) },
    { "thousands", NULL, PF_OPTION_TEXT, NULL, NULL, "CHAR",
      "What parts the digits of a number in groups of three: '.' reads 1.234 as 1234; also space; as --decimal in quotes.",
      "CSV input", AT(thousands) },
    { "ragged", NULL, PF_OPTION_CHOICE, "reject|extend|fail|fail-long", "reject", NULL,
      "Rows with more fields than columns: set aside, make more columns, or stop. Short rows get nulls and are counted; fail "
      "stops at them, too, fail-long does not.",
      "CSV input", AT(ragged) },
    { .name = NULL },
};
/* clang-format on */

static const char *const csv_suffixes[] = { "csv", "tsv", "txt", "tab", "psv", NULL };

const struct pf_reader pf_csv_reader = {
    .abi = PF_ABI,
    .name = "csv",
    .description = "Comma-separated values and other delimited text",
    .suffixes = csv_suffixes,
    .options = csv_options,
    .state_size = sizeof(struct csv_reader),
    .option_size = sizeof(struct pf_csv_read_options),
    .compat_offset = AT(compat),
    .probe = csv_probe,
    .open = csv_open,
    .table = csv_table,
    .start = csv_start,
    .cut = csv_cut,
    .decode = csv_decode,
    .facts = csv_facts,
    .close = csv_close,
    .check = csv_check,
    .foreign = csv_foreign,
};
