/* The CSV writer: the rows of a batch are formatted in parallel and written in order. */
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "formats/csv/csv.h"
#include "formats/csv/csv_write.h"

struct csv_writer {
    struct pf_context *ctx;
    struct pf_sink *sink;
    struct pf_schema schema;
    struct pf_arena arena;
    struct csv_style style;
    const char *encoding; /* of the output; NULL = UTF-8 */
    bool header, bom;
    bool begun;                 /* what precedes the rows is written */
    struct csv_shared *pending; /* a batch of which rows have not been taken */
    int64_t taken;              /* rows of it that have */
    uint64_t number;
    int64_t added, emitted; /* rows */
    bool nulls_look_empty;  /* one column of text, and null has no text: both are "" */
    int64_t nulls;          /* then those that were added */
};

/* A batch may be large; its rows are taken in units of bounded size. */
struct csv_shared {
    struct pf_batch batch;
    int64_t first_row;
    uint32_t users; /* units and the writer; all on the thread that emits */
};

struct csv_unit {
    struct pf_unit unit; /* first: it is what the engine sees */
    struct csv_shared *shared;
    int64_t from, to; /* rows of the batch */
    struct pf_buffer pieces[CSV_UNIT_JOBS];
};

/* ---- options */

static enum pf_status set_quote(struct csv_writer *writer, const char *text, struct pf_error *err)
{
    uint8_t bytes[CSV_SEQUENCE], size;

    writer->style.quote = '"';
    if (text == NULL)
        return PF_OK;
    if (!csv_option_bytes(text, bytes, &size) || size != 1 || bytes[0] < 0x20 || bytes[0] >= 0x80)
        return pf_fail(err, PF_BAD_OPTION, "--output-quote '%s' has to be one ASCII character", text);
    writer->style.quote = bytes[0];
    return PF_OK;
}

/* A byte that numbers, dates or the words of booleans may have in them. */
static bool is_value_byte(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte != 0 && strchr("+-.: /=", byte) != NULL);
}

static enum pf_status check_style(const struct csv_style *style, struct pf_error *err)
{
    for (size_t i = 0; i < style->delimiter_size; i++) {
        if (style->delimiter[i] == style->quote)
            return pf_fail(err, PF_BAD_OPTION, "--output-delimiter and --output-quote cannot be the same");
        if (style->delimiter[i] == '\n' || style->delimiter[i] == '\r')
            return pf_fail(err, PF_BAD_OPTION, "--output-delimiter cannot be a line end");
    }
    for (size_t i = 0; i < style->null_size; i++) {
        if (style->null[i] == style->quote || style->null[i] == style->delimiter[0] || style->null[i] == '\n' ||
            style->null[i] == '\r')
            return pf_fail(err, PF_BAD_OPTION, "--output-null cannot hold the delimiter, the quote or a line end");
    }
    return PF_OK;
}

static enum pf_status set_style(struct csv_writer *writer, const struct pf_csv_write_options *options, struct pf_error *err)
{
    struct csv_style *style = &writer->style;
    const char *null = options->null != NULL ? options->null : "";
    const char *delimiter = options->delimiter != NULL ? options->delimiter : ",";
    bool crlf = options->line_ending == PF_CSV_CRLF;

    if (!csv_option_bytes(delimiter, style->delimiter, &style->delimiter_size)) {
        pf_fail(err, PF_BAD_OPTION, "--output-delimiter '%s' has to be 1 to %d bytes", delimiter, CSV_SEQUENCE);
        pf_remedy(err, "give a character, or a word such as tab, comma, semicolon, pipe, space");
        return err->status;
    }
    if (set_quote(writer, options->quote, err) != PF_OK)
        return err->status;
    style->line_end_size = crlf ? 2 : 1;
    memcpy(style->line_end, crlf ? "\r\n" : "\n", style->line_end_size);
    style->escape_formulas = options->escape_formulas;
    style->quotes_values = is_value_byte(style->delimiter[0]) || is_value_byte(style->quote);
    style->null_size = strlen(null);
    style->null = (const uint8_t *)pf_arena_copy(&writer->arena, null, style->null_size);
    return style->null != NULL ? check_style(style, err) : pf_fail_memory(err, style->null_size);
}

static bool is_ascii(const char *encoding)
{
    return pf_same_word(encoding, "ascii") || pf_same_word(encoding, "us-ascii");
}

static enum pf_status set_encoding(struct csv_writer *writer, const struct pf_csv_write_options *options, struct pf_error *err)
{
    const char *encoding = options->encoding;

    writer->bom = options->bom;
    /* what reads as UTF-8 is not always what is wanted written: ASCII has fewer characters */
    if (encoding == NULL || (pf_encoding_is_utf8(encoding) && !is_ascii(encoding)))
        return PF_OK;
    if (pf_encode_check(encoding, err) != PF_OK) {
        pf_remedy(err, "give --output-encoding a name such as utf-8, utf-16, windows-1252, iso-8859-15");
        return err->status;
    }
    /* without a mark, nothing would tell the order of its bytes */
    writer->bom |= strcmp(pf_encoding_name(encoding), "utf-16") == 0 || strcmp(pf_encoding_name(encoding), "utf-32") == 0;
    writer->encoding = pf_arena_copy(&writer->arena, encoding, strlen(encoding));
    return writer->encoding != NULL ? PF_OK : pf_fail_memory(err, strlen(encoding));
}

static enum pf_status csv_write_open(const struct pf_writer *self, void *state, struct pf_context *ctx, struct pf_sink *sink,
                                     const struct pf_schema *schema, const void *options, struct pf_error *err)
{
    const struct pf_csv_write_options *set = options;
    struct csv_writer *writer = state;

    (void)self;
    writer->ctx = ctx;
    writer->sink = sink;
    pf_arena_init(&writer->arena, &ctx->memory, SIZE_MAX);
    pf_schema_init(&writer->schema, &ctx->memory);
    if (!pf_schema_copy(&writer->schema, schema))
        return pf_fail_memory(err, schema->count * sizeof *schema->fields);
    writer->header = set->header == PF_CSV_HEADER_YES;
    if (set_style(writer, set, err) != PF_OK)
        return err->status;
    writer->nulls_look_empty = schema->count == 1 && schema->fields[0].type == PF_TYPE_STRING && writer->style.null_size == 0;
    return set_encoding(writer, set, err);
}

static enum pf_status csv_write_check(const void *options, struct pf_memory *memory, struct pf_error *err)
{
    struct csv_writer scratch;

    memset(&scratch, 0, sizeof scratch);
    pf_arena_init(&scratch.arena, memory, SIZE_MAX);
    if (set_style(&scratch, options, err) == PF_OK)
        (void)set_encoding(&scratch, options, err);
    pf_arena_free(&scratch.arena);
    return err->status;
}

/* ---- units */

static void release_shared(struct csv_writer *writer, struct csv_shared *shared)
{
    if (shared == NULL || --shared->users != 0)
        return;
    pf_batch_free(&shared->batch);
    pf_free(&writer->ctx->memory, shared);
}

static void free_unit(struct csv_writer *writer, struct csv_unit *unit)
{
    release_shared(writer, unit->shared);
    for (uint32_t i = 0; i < CSV_UNIT_JOBS; i++)
        pf_buffer_free(&unit->pieces[i]);
    pf_free(&writer->ctx->memory, unit);
}

/* An array from elsewhere may leave its nulls to be counted. */
static int64_t null_count(const struct ArrowArray *array, int64_t rows)
{
    const uint8_t *valid = pf_array_validity(array);
    int64_t count = 0;

    if (array->null_count >= 0 || valid == NULL)
        return array->null_count > 0 ? array->null_count : 0;
    for (int64_t row = 0; row < rows; row++)
        count += !pf_bit(valid, row);
    return count;
}

static enum pf_status csv_write_add(void *state, struct pf_batch *batch, struct pf_error *err)
{
    struct csv_writer *writer = state;
    struct csv_shared *shared = pf_alloc_zero(&writer->ctx->memory, 1, sizeof *shared);

    if (shared == NULL) {
        pf_batch_free(batch);
        return pf_fail_memory(err, sizeof *shared);
    }
    shared->batch = *batch;
    shared->first_row = writer->added;
    shared->users = 1;
    *batch = (struct pf_batch){ 0 };
    release_shared(writer, writer->pending);
    writer->pending = shared;
    writer->taken = 0;
    writer->added += shared->batch.rows;
    if (writer->nulls_look_empty && shared->batch.rows > 0)
        writer->nulls += null_count(&shared->batch.columns[0], shared->batch.rows);
    return PF_OK;
}

static enum pf_status csv_write_take(void *state, bool last, struct pf_unit **out, struct pf_error *err)
{
    struct csv_writer *writer = state;
    struct csv_shared *shared = writer->pending;
    struct csv_unit *unit;
    int64_t rows;

    (void)last;
    *out = NULL;
    if (shared == NULL || writer->taken == shared->batch.rows) {
        writer->pending = NULL;
        release_shared(writer, shared);
        return PF_OK;
    }
    unit = pf_alloc_zero(&writer->ctx->memory, 1, sizeof *unit);
    if (unit == NULL)
        return pf_fail_memory(err, sizeof *unit);
    rows = shared->batch.rows - writer->taken;
    rows = rows < CSV_UNIT_JOBS * CSV_JOB_ROWS ? rows : CSV_UNIT_JOBS * CSV_JOB_ROWS;
    unit->shared = shared;
    shared->users++;
    unit->from = writer->taken;
    unit->to = writer->taken += rows;
    unit->unit.number = writer->number++;
    unit->unit.job_count = (uint32_t)((rows + CSV_JOB_ROWS - 1) / CSV_JOB_ROWS);
    for (uint32_t i = 0; i < CSV_UNIT_JOBS; i++)
        pf_buffer_init(&unit->pieces[i], &writer->ctx->memory, SIZE_MAX);
    *out = &unit->unit;
    return PF_OK;
}

static enum pf_status csv_write_encode(const void *state, struct pf_unit *pf_unit, uint32_t job, struct pf_error *err)
{
    const struct csv_writer *writer = state;
    struct csv_unit *unit = (struct csv_unit *)(void *)pf_unit;
    const struct csv_shared *shared = unit->shared;
    int64_t from = unit->from + (int64_t)job * CSV_JOB_ROWS, to = from + CSV_JOB_ROWS;

    if (to > unit->to)
        to = unit->to;
    if (csv_format_rows(&writer->style, &writer->schema, &shared->batch, from, to, &unit->pieces[job], err) != PF_OK)
        return err->status;
    if (writer->encoding == NULL || csv_encode_buffer(writer->encoding, &unit->pieces[job], err) == PF_OK)
        return PF_OK;
    if (err->status == PF_BAD_DATA)
        csv_find_unencodable(writer->encoding, &writer->schema, &shared->batch, from, to, shared->first_row + from, err);
    return err->status;
}

/* Writes what precedes the rows: byte order mark and header. */
static enum pf_status begin(struct csv_writer *writer, struct pf_error *err)
{
    struct pf_buffer text;
    enum pf_status status = PF_OK;

    if (writer->begun)
        return PF_OK;
    writer->begun = true;
    pf_buffer_init(&text, &writer->ctx->memory, SIZE_MAX);
    if (writer->bom && !pf_buffer_append(&text, "\xEF\xBB\xBF", 3))
        status = pf_fail_memory(err, 3);
    if (status == PF_OK && writer->header)
        status = csv_format_names(&writer->style, &writer->schema, &text, err);
    if (status == PF_OK && writer->encoding != NULL)
        status = csv_encode_buffer(writer->encoding, &text, err);
    if (status == PF_OK && text.size != 0)
        status = pf_sink_write(writer->sink, text.data, text.size, err);
    pf_buffer_free(&text);
    return status;
}

static enum pf_status csv_write_emit(void *state, struct pf_unit *pf_unit, struct pf_error *err)
{
    struct csv_writer *writer = state;
    struct csv_unit *unit = (struct csv_unit *)(void *)pf_unit;
    enum pf_status status = begin(writer, err);

    for (uint32_t i = 0; status == PF_OK && i < unit->unit.job_count; i++)
        status = pf_sink_write(writer->sink, unit->pieces[i].data, unit->pieces[i].size, err);
    writer->emitted += unit->to - unit->from;
    free_unit(writer, unit);
    return status;
}

static void csv_write_drop(void *state, struct pf_unit *unit)
{
    free_unit(state, (struct csv_unit *)(void *)unit);
}

static enum pf_status csv_write_finish(void *state, int64_t rows, struct pf_error *err)
{
    struct csv_writer *writer = state;

    if (rows != writer->emitted)
        return pf_fail(err, PF_INTERNAL, "%lld rows were written, but %lld were given out", (long long)writer->emitted,
                       (long long)rows);
    if (writer->nulls != 0)
        pf_warn(writer->ctx,
                "%lld null%s of the only column '%.96s' %s written \"\", which may read back as an empty text: "
                "--output-null NA keeps them apart",
                (long long)writer->nulls, writer->nulls == 1 ? "" : "s", writer->schema.fields[0].name,
                writer->nulls == 1 ? "is" : "are");
    return begin(writer, err);
}

static void csv_write_close(void *state)
{
    struct csv_writer *writer = state;

    if (writer->ctx == NULL)
        return;
    release_shared(writer, writer->pending);
    pf_schema_free(&writer->schema);
    pf_arena_free(&writer->arena);
    *writer = (struct csv_writer){ 0 };
}

/* ---- descriptor */

#define AT(member) offsetof(struct pf_csv_write_options, member)
/* Rows are set in columns by hand: a table to be read. */
/* clang-format off */
static const struct pf_option csv_options[] = {
    { "output-delimiter", NULL, PF_OPTION_TEXT, NULL, ",", "TEXT",
      "What separates fields: a character, or tab, comma, semicolon, pipe, space.",
      "CSV output", AT(delimiter) },
    { "output-quote", NULL, PF_OPTION_TEXT, NULL, "\"", "CHAR",
      "What stands around fields that need quotes, and is doubled in them.",
      "CSV output", AT(quote) },
    { "output-header", NULL, PF_OPTION_CHOICE, "yes|no", "yes", NULL,
      "Whether the first line has the column names.",
      "CSV output", AT(header) },
    { "output-null", NULL, PF_OPTION_TEXT, NULL, "", "TEXT",
      "The text of a null; a value that reads the same is put in quotes.",
      "CSV output", AT(null) },
    { "line-ending", NULL, PF_OPTION_CHOICE, "lf|crlf", "lf", NULL,
      "How lines end.",
      "CSV output", AT(line_ending) },
    { "output-encoding", NULL, PF_OPTION_TEXT, NULL, "utf-8", "NAME",
      "Encoding of the text; a character that it does not have is an error.",
      "CSV output", AT(encoding) },
    { "bom", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Begin with a byte order mark, by which Excel knows UTF-8.",
      "CSV output", AT(bom) },
    { "escape-formulas", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Put ' before texts that a spreadsheet would take for a formula (= + - @), unless they are numbers.",
      "CSV output", AT(escape_formulas) },
    { .name = NULL },
};
/* clang-format on */

static const char *const csv_suffixes[] = { "csv", "tsv", "txt", "tab", "psv", NULL };

static const struct pf_implied csv_implied[] = {
    { "tsv", "output-delimiter", "tab" },
    { "tab", "output-delimiter", "tab" },
    { "psv", "output-delimiter", "pipe" },
    { .suffix = NULL },
};

const struct pf_writer pf_csv_writer = {
    .abi = PF_ABI,
    .settle = PF_SETTLE_NONE,
    .name = "csv",
    .description = "Comma-separated values",
    .suffixes = csv_suffixes,
    .options = csv_options,
    .state_size = sizeof(struct csv_writer),
    .option_size = sizeof(struct pf_csv_write_options),
    .implied = csv_implied,
    .open = csv_write_open,
    .add = csv_write_add,
    .take = csv_write_take,
    .encode = csv_write_encode,
    .emit = csv_write_emit,
    .drop = csv_write_drop,
    .finish = csv_write_finish,
    .close = csv_write_close,
    .check = csv_write_check,
};
