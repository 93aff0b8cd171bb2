/* Opening: a look at the head, the middle and the tail of the source decides encoding, dialect and columns. */
#include <string.h>

#include "base/cpu.h"
#include "base/encoding.h"
#include "formats/csv/csv.h"

enum {
    HEAD = 64 * 1024,
    LONG_HEAD = 1 << 20, /* as far as can be peeked */
    INNER_SAMPLE = 16 * 1024,
    LINE_ENDS = 100,         /* looked at */
    LARGEST_RECORD = 1 << 30 /* places in a block are 32 bits */
};

/* What is needed while opening. */
struct opening {
    struct csv_reader *reader;
    const struct pf_csv_read_options *options;
    struct pf_header_option header;
    struct csv_given given;
    struct pf_buffer inner[2]; /* samples of the middle and the tail, raw */
    struct pf_buffer text[3];  /* the samples as UTF-8; the head first */
    bool text_ends;            /* text[0] is the whole source */
    uint32_t inner_count;
    int64_t skip;          /* lines: --skip-rows, or the first one, which names the delimiter */
    uint8_t named;         /* the delimiter that a first line names; 0 = none */
    int64_t lines, offset; /* physical lines and bytes before text[0] */
    int64_t dropped;       /* what those bytes take in the source, without a byte order mark */
};

/* ---- samples */

/* Reads the middle and the tail where the source lets us. */
static enum pf_status read_inner(struct opening *opening, size_t head_size, struct pf_error *err)
{
    struct csv_reader *reader = opening->reader;
    int64_t size = pf_source_size(reader->src);
    int64_t at[2] = { (size / 2) & ~(int64_t)3, (size - INNER_SAMPLE) & ~(int64_t)3 };

    /* what is skipped at the head must not be sampled: it reaches no further than can be peeked, or there are no samples at
     * all */
    if (opening->options->skip_rows != 0 || opening->header.mode == PF_HEADER_PLACED)
        head_size = 2 * LONG_HEAD;
    if (!pf_source_has_read_at(reader->src) || size < (int64_t)head_size + 4 * INNER_SAMPLE)
        return PF_OK;
    for (uint32_t i = 0; i < 2; i++) {
        struct pf_buffer *buffer = &opening->inner[i];

        if (!pf_buffer_reserve(buffer, INNER_SAMPLE))
            return pf_fail_memory(err, INNER_SAMPLE);
        if (pf_source_read_at(reader->src, at[i], buffer->data, INNER_SAMPLE, err) != PF_OK)
            return err->status;
        buffer->size = INNER_SAMPLE;
        opening->inner_count = i + 1;
    }
    return PF_OK;
}

/* Removes the incomplete character that a sample of UTF-8 ends with. */
static void cut_tail(struct pf_buffer *text)
{
    text->size -= pf_utf8_tail(text->data, text->size);
}

/* Decodes size bytes into to. PF_BAD_DATA when they are not of the encoding. */
static enum pf_status decode_sample(const struct opening *opening, const uint8_t *bytes, size_t size, bool last,
                                    struct pf_buffer *to, struct pf_error *err)
{
    const struct csv_encoding *encoding = &opening->reader->encoding;
    struct pf_memory *memory = &opening->reader->ctx->memory;
    struct pf_decoder *decoder;
    enum pf_status status;

    pf_buffer_clear(to);
    if (encoding->utf8) {
        if (!pf_buffer_append(to, bytes, size))
            return pf_fail_memory(err, size);
        if (!last)
            cut_tail(to);
        return PF_OK;
    }
    if (pf_decoder_new(&decoder, memory, encoding->name, err) != PF_OK)
        return err->status;
    pf_decoder_pass(decoder, encoding->bom_size);
    status = pf_decoder_feed(decoder, bytes, size, last, to, err);
    pf_decoder_free(decoder);
    if (status == PF_BAD_DATA)
        pf_remedy(err, "the file is not %s: name its encoding with --encoding", encoding->name);
    return status;
}

/* The inner samples as text; one that begins within a character of the encoding is left out. */
static void decode_inner(struct opening *opening, struct csv_samples *samples)
{
    bool wide =
        strncmp(opening->reader->encoding.name, "utf-16", 6) == 0 || strncmp(opening->reader->encoding.name, "utf-32", 6) == 0;

    for (uint32_t i = 0; i < opening->inner_count; i++) {
        const struct pf_buffer *raw = &opening->inner[i];
        const uint8_t *line = wide ? NULL : memchr(raw->data, '\n', raw->size);
        size_t skip = line != NULL ? (size_t)(line - raw->data) : 0;
        struct pf_error err;

        if (decode_sample(opening, raw->data + skip, raw->size - skip, false, &opening->text[i + 1], &err) != PF_OK)
            continue;
        samples->part[samples->count].bytes = opening->text[i + 1].data;
        samples->part[samples->count].size = opening->text[i + 1].size;
        samples->part[samples->count++].ends = false;
    }
}

/* ---- encoding */

static void take_bom(struct csv_encoding *encoding, const struct csv_encoding *found)
{
    bool wide = strncmp(encoding->name, "utf-16", 6) == 0 || strncmp(encoding->name, "utf-32", 6) == 0;

    /* "utf-16" does not say in which order the bytes are: the mark or the zeros do */
    if (wide && strlen(encoding->name) == 6)
        encoding->name = strncmp(found->name, encoding->name, 6) == 0 ? found->name
                         : encoding->name[5] == '2'                   ? "utf-32le"
                                                                      : "utf-16le";
    if (found->bom_size != 0 && pf_same_word(encoding->name, found->name))
        encoding->bom_size = found->bom_size;
    encoding->unit = pf_encoding_unit(encoding->name);
}

/* Of ISO-2022 every byte is ASCII, but its letters lie between escapes, and some of them are delimiters and quotes. */
static enum pf_status refuse_shifted(const uint8_t *head, size_t size, struct pf_error *err)
{
    static const char escapes[][4] = { "\x1B$B", "\x1B$@", "\x1B(J" };

    for (size_t i = 0; i < PF_COUNT(escapes); i++) {
        if (memmem(head, size, escapes[i], 3) == NULL)
            continue;
        pf_fail(err, PF_BAD_DATA, "the text has the escapes of ISO-2022-JP");
        pf_remedy(err, "say so with --encoding iso-2022-jp, or --encoding utf-8 to keep the bytes as they are");
        return err->status;
    }
    return PF_OK;
}

static enum pf_status choose_encoding(struct opening *opening, const uint8_t *head, size_t size, bool ends,
                                      struct pf_error *err)
{
    struct csv_reader *reader = opening->reader;
    struct csv_sample samples[3] = { { head, size, true, ends } };
    struct csv_encoding found;
    struct pf_decoder *decoder;

    for (uint32_t i = 0; i < opening->inner_count; i++)
        samples[i + 1] = (struct csv_sample){ opening->inner[i].data, opening->inner[i].size, false, false };
    csv_detect_encoding(samples, 1 + opening->inner_count, &found);
    reader->encoding = found;
    reader->encoding.unit = pf_encoding_unit(found.name);
    if (opening->options->encoding == NULL || pf_same_word(opening->options->encoding, "auto"))
        return refuse_shifted(head, size, err);
    reader->encoding = (struct csv_encoding){ .name = pf_encoding_name(opening->options->encoding),
                                              .confidence = 1.0,
                                              .utf8 = pf_encoding_is_utf8(opening->options->encoding) };
    take_bom(&reader->encoding, &found);
    if (reader->encoding.utf8) {
        reader->encoding.name = "utf-8";
        return PF_OK;
    }
    reader->encoding.name = pf_arena_copy(&reader->arena, reader->encoding.name, strlen(reader->encoding.name));
    if (reader->encoding.name == NULL)
        return pf_fail_memory(err, 1);
    /* an unknown name is an error of the option, whatever the source holds */
    if (pf_decoder_new(&decoder, &reader->ctx->memory, reader->encoding.name, err) != PF_OK)
        return err->status;
    pf_decoder_free(decoder);
    return PF_OK;
}

/* ---- what is said */

static void tell_encoding(const struct opening *opening)
{
    const struct csv_encoding *encoding = &opening->reader->encoding;
    const char *name = pf_source_name(opening->reader->src);

    if (encoding->unsure && encoding->utf8)
        pf_warn(opening->reader->ctx,
                "%s: some bytes are not valid UTF-8 and no other encoding fits well; rows with them are not kept (--encoding "
                "names one)",
                name);
    else if (encoding->unsure)
        pf_warn(opening->reader->ctx, "%s: the encoding is taken for %s, which is not certain (--encoding names one)", name,
                encoding->name);
    else if (encoding->confidence < 1.0)
        pf_log(opening->reader->ctx, PF_LOG_INFO, "%s: the encoding is taken for %s", name, encoding->name);
}

static void tell_dialect(const struct opening *opening, const struct csv_detected *detected)
{
    const struct csv_reader *reader = opening->reader;
    const char *name = pf_source_name(reader->src);
    char shown[4 * CSV_SEQUENCE + 1];

    csv_show_bytes(reader->dialect.delimiter, reader->dialect.delimiter_size, shown);
    if (detected->unsure && detected->score.fields < 2)
        pf_warn(reader->ctx, "%s: read as one column, because no delimiter fits well: %s (--delimiter names one)", name,
                detected->tried);
    else if (detected->unsure)
        pf_warn(reader->ctx, "%s: the delimiter is taken for '%s', which is not certain: %s (--delimiter names one)", name,
                shown, detected->tried);
    if (reader->marks != 0)
        pf_warn(reader->ctx, "%s: %u line%s of '#' before the first row %s left out (--comment none keeps %s)", name,
                reader->marks, reader->marks == 1 ? "" : "s", reader->marks == 1 ? "was" : "were",
                reader->marks == 1 ? "it" : "them");
    if (reader->has_header && detected->score.fields > reader->column_count &&
        detected->score.same * 2 > detected->score.records)
        pf_warn(reader->ctx,
                "%s: the header on line %lld has %u field%s, but most rows have %u; if it is a title, --header N names the "
                "header's line",
                name, (long long)reader->header_line, reader->column_count, reader->column_count != 1 ? "s" : "",
                detected->score.fields);
}

/* A mark of numbers that is the delimiter, too, has a meaning within quotes only. */
static void tell_marks(const struct csv_reader *reader, const struct csv_detected *detected)
{
    const struct pf_number_form *form = &reader->number_form;
    const struct csv_dialect *dialect = &reader->dialect;
    bool decimal = memchr(dialect->delimiter, form->decimal, dialect->delimiter_size) != NULL;
    bool thousands = form->thousands_size != 0 && form->thousands_size == dialect->delimiter_size &&
                     memcmp(form->thousands, dialect->delimiter, form->thousands_size) == 0;
    char shown[4 * CSV_SEQUENCE + 1];

    if (detected->score.quoted == 0 && reader->numbers != NULL && (decimal || thousands))
        pf_warn(reader->ctx,
                "%s: the delimiter is '%s', as --%s is: numbers with it that are not in quotes are parted there (--delimiter "
                "names another)",
                pf_source_name(reader->src), csv_show_bytes(dialect->delimiter, dialect->delimiter_size, shown),
                decimal ? "decimal" : "thousands");
}

/* What a delimiter that the user names, and a first line that names one, say of the file. */
static void tell_delimiter(const struct opening *opening, const struct csv_sample *head)
{
    const struct csv_reader *reader = opening->reader;
    const struct csv_dialect *dialect = &reader->dialect;
    const char *name = pf_source_name(reader->src);
    char shown[4 * CSV_SEQUENCE + 1];

    if (opening->named != 0)
        pf_warn(reader->ctx, "%s: the first line, 'sep=%c', names the delimiter and was not read as a row", name,
                opening->named);
    if (opening->given.delimiter && reader->column_count == 1 &&
        memmem(head->bytes, head->size, dialect->delimiter, dialect->delimiter_size) == NULL)
        pf_warn(reader->ctx, "%s: only one column: the delimiter '%s' never occurs%s; without --delimiter it is detected", name,
                csv_show_bytes(dialect->delimiter, dialect->delimiter_size, shown), head->ends ? "" : " at the beginning");
}

static void find_line_end(struct csv_reader *reader, const struct csv_sample *head)
{
    size_t lf = 0, crlf = 0, cr = 0;

    for (size_t at = 0; at < head->size && lf + crlf + cr < LINE_ENDS; at++) {
        size_t end = csv_line_end(head->bytes, head->size, at);

        lf += end == 1 && head->bytes[at] == '\n';
        cr += end == 1 && head->bytes[at] == '\r';
        crlf += end == 2;
        at += end == 2;
    }
    if ((lf != 0) + (cr != 0) + (crlf != 0) > 1)
        reader->line_end = "mixed";
    else
        reader->line_end = lf != 0 ? "lf" : crlf != 0 ? "crlf" : cr != 0 ? "cr" : "";
}

/* ---- dialect and columns */

/* Bytes of the lines that are skipped; false when the sample ends before. */
static bool skip_lines(const struct csv_sample *head, int64_t lines, size_t *skipped)
{
    *skipped = 0;
    for (; lines > 0 && *skipped < head->size; lines--)
        *skipped += csv_line_size(head->bytes, head->size, *skipped);
    return lines == 0 && (*skipped < head->size || head->ends);
}

static enum pf_status fail_empty(struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "the file is empty");
    pf_remedy(err, "check that this is the right file");
    return err->status;
}

/* The sample for the dialect: where the header's line is known, what stands before it may be anything. true: it is too
 * short. */
static bool begin_sample(const struct opening *opening, const struct csv_sample *head, struct csv_sample *out, bool *more)
{
    size_t titles = 0;

    *out = *head;
    *more = opening->header.mode == PF_HEADER_PLACED && !skip_lines(head, opening->header.first - 1, &titles) && !head->ends;
    out->bytes += titles;
    out->size -= titles;
    return *more;
}

/* A first line such as "sep=;", by which some programs name the delimiter. */
static void look_for_name(struct opening *opening, const struct csv_sample *head)
{
    static const char mark[] = "sep=";
    size_t line = csv_line_size(head->bytes, head->size, 0), size = sizeof mark - 1;
    uint8_t named;

    if (opening->reader->compat || opening->skip != 0 || opening->header.mode == PF_HEADER_PLACED ||
        opening->options->skip_rows != 0 || line < size + 2 || memcmp(head->bytes, mark, size) != 0)
        return;
    named = head->bytes[size];
    if (csv_line_end(head->bytes, head->size, size + 1) + size + 1 != line || named == 0 || strchr(",;\t| :^~", named) == NULL)
        return;
    opening->named = named;
    opening->skip = 1;
}

/* From text[0], which begins after opening->lines lines: everything that the reader wants to know. *more: it is too short. */
static enum pf_status understand(struct opening *opening, bool *more, struct pf_error *err)
{
    struct csv_reader *reader = opening->reader;
    struct csv_sample head = { opening->text[0].data, opening->text[0].size, true, opening->text_ends };
    struct csv_samples samples = { .count = 1 };
    struct csv_detected detected;
    int64_t rows;
    size_t skipped;

    look_for_name(opening, &head);
    rows = opening->skip - opening->lines;
    *more = !skip_lines(&head, rows, &skipped);
    if (*more && !head.ends)
        return PF_OK;
    if (skipped == head.size) {
        if (rows <= 0)
            return fail_empty(err);
        pf_fail(err, PF_BAD_DATA, "nothing is left behind the %lld lines that are skipped", (long long)opening->skip);
        pf_remedy(err, "check --skip-rows, and that this is the right file");
        return err->status;
    }
    head.bytes += skipped;
    head.size -= skipped;
    if (begin_sample(opening, &head, &samples.part[0], more))
        return PF_OK;
    decode_inner(opening, &samples);
    if (csv_dialect_options(opening->options, &reader->dialect, &opening->given, err) != PF_OK)
        return err->status;
    if (opening->named != 0 && !opening->given.delimiter) {
        reader->dialect.delimiter[0] = opening->named;
        opening->given.delimiter = true;
    }
    csv_detect_dialect(&reader->dialect, &opening->given, &samples, &detected);
    if (reader->compat && !opening->given.delimiter && detected.score.fields < 2)
        csv_compat_delimiter(&reader->dialect, &samples.part[0], &detected.score);
    reader->dialect.trim = reader->compat && reader->dialect.delimiter[0] != ' ';
    reader->skips_marks = !reader->compat && !opening->given.comment;
    if (reader->compat && !opening->given.comment)
        reader->dialect.comment_size = 0;
    find_line_end(reader, &head);
    if (csv_find_header(reader, &opening->header, &head, &detected.score, opening->lines + (rows > 0 ? rows : 0),
                        opening->offset + (int64_t)skipped, more, err) != PF_OK)
        return err->status;
    if (!*more) {
        tell_dialect(opening, &detected);
        tell_delimiter(opening, &head);
        tell_marks(reader, &detected);
    }
    return PF_OK;
}

/* Looks at what can be peeked. */
static enum pf_status look(struct opening *opening, size_t size, bool *more, struct pf_error *err)
{
    struct csv_reader *reader = opening->reader;
    const uint8_t *head;
    size_t got;

    if (pf_source_peek(reader->src, size, &head, &got, err) != PF_OK)
        return err->status;
    opening->text_ends = got < size;
    if (got == 0)
        return fail_empty(err);
    if (choose_encoding(opening, head, got, opening->text_ends, err) != PF_OK)
        return err->status;
    head += reader->encoding.bom_size;
    got -= reader->encoding.bom_size;
    if (decode_sample(opening, head, got, opening->text_ends, &opening->text[0], err) != PF_OK)
        return err->status;
    return understand(opening, more, err);
}

/* ---- beyond what can be peeked: a header that is longer, or many rows to skip */

/* Drops whole lines that are skipped from the front of the text. */
static void drop_lines(struct opening *opening)
{
    struct pf_buffer *text = &opening->text[0];
    size_t at = 0;

    while (opening->lines < opening->skip) {
        size_t size = csv_line_size(text->data, text->size, at);

        if (size == 0 || at + size == text->size)
            break; /* the line may go on, or its CR be followed by LF */
        at += size;
        opening->lines++;
    }
    if (at == 0 && opening->lines < opening->skip && text->size > LONG_HEAD)
        at = text->size - 1; /* within a long line: its text is not needed */
    opening->offset += (int64_t)at;
    opening->dropped += csv_source_size(&opening->reader->encoding, text->data, at);
    memmove(text->data, text->data + at, text->size - at);
    text->size -= at;
}

static enum pf_status read_on(struct opening *opening, struct pf_error *err)
{
    struct csv_reader *reader = opening->reader;
    struct pf_buffer *text = &opening->text[0];
    size_t part = text->size > LONG_HEAD ? text->size : LONG_HEAD, got;

    if (text->size > reader->max_record + LONG_HEAD) {
        pf_fail(err, PF_LIMIT, "the header is longer than %zu bytes", reader->max_record);
        pf_remedy(err, "raise the limit with --max-record, or read quotes as text with --quote none");
        return err->status;
    }
    if (!pf_buffer_reserve(text, part))
        return pf_fail_memory(err, part);
    if (pf_text_input_read(&reader->input, text->data + text->size, part, &got, err) != PF_OK)
        return err->status;
    text->size += got;
    opening->text_ends = got < part;
    drop_lines(opening);
    return PF_OK;
}

/* Reads the source as far as needed; what lies behind the header is given back to the input. */
static enum pf_status look_further(struct opening *opening, struct pf_error *err)
{
    struct csv_reader *reader = opening->reader;
    struct pf_buffer *text = &opening->text[0];
    bool more = true;
    size_t used;

    /* whoever wants a second pass finds that the source has been read already: it must be able to go back */
    if (pf_source_spool(reader->src, err) != PF_OK ||
        csv_input_open(&reader->input, reader->ctx, reader->src, &reader->encoding, err) != PF_OK)
        return err->status;
    pf_text_input_mark(&reader->input);
    pf_buffer_clear(text);
    opening->inner_count = 0;
    while (more) {
        if (read_on(opening, err) != PF_OK || understand(opening, &more, err) != PF_OK)
            return err->status;
        if (more && opening->text_ends)
            return pf_fail(err, PF_INTERNAL, "the header was not found at the end of the source");
    }
    used = (size_t)(reader->data_offset - opening->offset);
    reader->opened_input = true;
    reader->offset = reader->encoding.bom_size + opening->dropped + csv_source_size(&reader->encoding, text->data, used);
    return pf_text_input_unread(&reader->input, text->data + used, text->size - used, err);
}

/* ---- the reader */

static enum pf_status read_options(struct opening *opening, struct pf_error *err)
{
    const struct pf_csv_read_options *options = opening->options;
    struct csv_reader *reader = opening->reader;
    bool numbers;

    if (csv_check(options, &reader->ctx->memory, err) != PF_OK)
        return err->status;
    opening->skip = options->skip_rows;
    reader->max_record = options->max_record > 0 ? (size_t)options->max_record : reader->ctx->limits.record_bytes;
    if (reader->max_record == 0 || reader->max_record > LARGEST_RECORD)
        return pf_fail(err, PF_BAD_OPTION, "--max-record has to be between 1 and 1G");
    reader->block_bytes = options->block_bytes;
    reader->ragged = (enum pf_csv_ragged)options->ragged;
    reader->compat = options->compat;
    if (csv_header_option(options->header, &opening->header, err) != PF_OK ||
        csv_null_option(options->null_values, &reader->arena, &reader->nulls, err) != PF_OK ||
        csv_number_option(options, &reader->number_form, &numbers, err) != PF_OK)
        return err->status;
    reader->numbers = numbers ? &reader->number_form : NULL;
    if (csv_dialect_options(options, &reader->dialect, &opening->given, err) != PF_OK)
        return err->status;
    return csv_number_check(&reader->number_form, &reader->dialect, &opening->given, err);
}

static enum pf_status open_steps(struct opening *opening, struct pf_error *err)
{
    struct csv_reader *reader = opening->reader;
    uint32_t widest;
    bool more;

    if (read_options(opening, err) != PF_OK || read_inner(opening, HEAD, err) != PF_OK ||
        look(opening, HEAD, &more, err) != PF_OK)
        return err->status;
    if (more && look(opening, LONG_HEAD, &more, err) != PF_OK)
        return err->status;
    if (more && look_further(opening, err) != PF_OK)
        return err->status;
    tell_encoding(opening);
    reader->kernel = csv_kernel_for(&reader->dialect, reader->features);
    widest = reader->column_count;
    if (reader->ragged != PF_CSV_RAGGED_EXTEND)
        return PF_OK;
    if (csv_find_widest(reader, &widest, err) != PF_OK)
        return err->status;
    return csv_add_columns(reader, widest, err);
}

enum pf_status csv_open(const struct pf_reader *self, void *state, struct pf_context *ctx, struct pf_source *src,
                        const void *options, struct pf_error *err)
{
    struct opening opening = { .reader = state, .options = options };
    enum pf_status status;

    (void)self;
    opening.reader->ctx = ctx;
    opening.reader->src = src;
    opening.reader->features = pf_cpu_features();
    pf_arena_init(&opening.reader->arena, &ctx->memory, SIZE_MAX);
    for (size_t i = 0; i < PF_COUNT(opening.inner); i++)
        pf_buffer_init(&opening.inner[i], &ctx->memory, SIZE_MAX);
    for (size_t i = 0; i < PF_COUNT(opening.text); i++)
        pf_buffer_init(&opening.text[i], &ctx->memory, SIZE_MAX);
    status = open_steps(&opening, err);
    for (size_t i = 0; i < PF_COUNT(opening.inner); i++)
        pf_buffer_free(&opening.inner[i]);
    for (size_t i = 0; i < PF_COUNT(opening.text); i++)
        pf_buffer_free(&opening.text[i]);
    if (status != PF_OK)
        pf_error_source(err, pf_source_name(src));
    return status;
}
