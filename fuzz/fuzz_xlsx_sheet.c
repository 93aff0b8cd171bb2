/* The cells of a workbook: rows of a sheet, and shared strings before them, ended by \x01. They are put into parts, those into a
 * workbook, and it is read. The first byte chooses the options.
 *
 * Held to: counts add up; the same rows come out of small blocks and of a second pass; what is refused says why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/xlsx/xlsx_format.h"
#include "storage/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 96 << 20, ROWS = 1 << 16 /* beyond, blank rows take the time */ };

#define MAIN    "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define LINKS   "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/"
#define KIND    "application/vnd.openxmlformats-officedocument.spreadsheetml."

static const char *const fixed[][2] = {
    { "[Content_Types].xml", "<Types xmlns=\"" PACKAGE "content-types\"><Default Extension=\"rels\" "
                             "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
                             "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" KIND "sheet.main+xml\"/>"
                             "<Override PartName=\"/xl/sheet.xml\" ContentType=\"" KIND "worksheet+xml\"/>"
                             "<Override PartName=\"/xl/styles.xml\" ContentType=\"" KIND "styles+xml\"/>"
                             "<Override PartName=\"/xl/strings.xml\" ContentType=\"" KIND "sharedStrings+xml\"/></Types>" },
    { "_rels/.rels", "<Relationships xmlns=\"" PACKAGE "relationships\"><Relationship Id=\"a\" Type=\"" LINKS
                     "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>" },
    { "xl/_rels/workbook.xml.rels", "<Relationships xmlns=\"" PACKAGE "relationships\"><Relationship Id=\"a\" Type=\"" LINKS
                                    "/worksheet\" Target=\"sheet.xml\"/><Relationship Id=\"b\" Type=\"" LINKS
                                    "/sharedStrings\" Target=\"strings.xml\"/><Relationship Id=\"c\" Type=\"" LINKS
                                    "/styles\" Target=\"styles.xml\"/></Relationships>" },
    { "xl/workbook.xml", "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" LINKS
                         "\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>" },
    { "xl/styles.xml", "<styleSheet xmlns=\"" MAIN "\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/>"
                       "<xf numFmtId=\"21\"/><xf numFmtId=\"46\"/></cellXfs></styleSheet>" },
};

static void add_part(struct pf_zip_writer *writer, const char *name, const void *a, size_t a_size, const void *b, size_t b_size,
                     const char *c)
{
    struct pf_error err;

    if (pf_zip_writer_begin(writer, name, 0, &err) != PF_OK || pf_zip_writer_add(writer, a, a_size, &err) != PF_OK ||
        pf_zip_writer_add(writer, b, b_size, &err) != PF_OK || pf_zip_writer_add(writer, c, strlen(c), &err) != PF_OK ||
        pf_zip_writer_end(writer, &err) != PF_OK)
        abort();
}

static struct pf_sink *make_book(struct pf_context *ctx, const uint8_t *data, size_t size)
{
    static const char strings[] = "<sst xmlns=\"" MAIN "\">", sheet[] = "<worksheet xmlns=\"" MAIN "\"><sheetData>";
    const uint8_t *mark = size != 0 ? memchr(data, 1, size) : NULL;
    size_t before = mark != NULL ? (size_t)(mark - data) : 0, behind = mark != NULL ? before + 1 : 0;
    struct pf_zip_writer *writer;
    struct pf_sink *sink;
    struct pf_error err;

    if (pf_sink_memory(ctx, &sink, &err) != PF_OK || pf_zip_writer_new(ctx, sink, &writer, &err) != PF_OK)
        abort();
    for (size_t i = 0; i < PF_COUNT(fixed); i++)
        add_part(writer, fixed[i][0], fixed[i][1], strlen(fixed[i][1]), "", 0, "");
    add_part(writer, "xl/strings.xml", strings, sizeof strings - 1, data, before, "</sst>");
    add_part(writer, "xl/sheet.xml", sheet, sizeof sheet - 1, data + behind, size - behind, "</sheetData></worksheet>");
    if (pf_zip_writer_finish(writer, &err) != PF_OK)
        abort();
    pf_zip_writer_free(writer);
    return sink;
}

/* What a pass gave; passes that must agree are compared. */
struct outcome {
    enum pf_status status;
    int64_t read, kept, left_out;
    uint64_t hash;
};

static void add(uint64_t *hash, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    *hash = (*hash ^ size) * UINT64_C(0x100000001b3);
}

static void add_block(struct outcome *outcome, const struct pf_decoded *decoded, uint32_t columns)
{
    if (decoded->rows_read != decoded->rows_kept + decoded->rows_left_out)
        abort();
    for (int64_t row = 0; row < decoded->rows_kept; row++) {
        for (uint32_t i = 0; i < columns; i++) {
            const struct pf_text_column *text = &decoded->text[i];

            if (text->kind[row] > PF_TEXT_ERROR || (text->kind[row] == PF_TEXT_NULL && text->size[row] != 0))
                abort();
            add(&outcome->hash, text->bytes + text->offset[row], text->size[row]);
            add(&outcome->hash, text->kind + row, 1);
        }
    }
    outcome->read += decoded->rows_read;
    outcome->kept += decoded->rows_kept;
    outcome->left_out += decoded->rows_left_out;
}

static void read_pass(void *state, struct pf_context *ctx, uint32_t columns, struct outcome *outcome, struct pf_error *err)
{
    static const struct pf_pass pass = { .columns = NULL };
    enum pf_status status = pf_xlsx_reader.start(state, &pass, err);

    memset(outcome, 0, sizeof *outcome);
    while (status == PF_OK && outcome->read < ROWS) {
        struct pf_block block = { 0 };
        struct pf_decoded decoded;
        struct pf_arena arena;

        pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
        status = pf_xlsx_reader.cut(state, &block, err);
        if (status == PF_OK)
            status = pf_xlsx_reader.decode(state, &pass, &block, &arena, &decoded, err);
        if (status == PF_OK)
            add_block(outcome, &decoded, columns);
        pf_free(&ctx->memory, block.bytes);
        pf_arena_free(&arena);
    }
    outcome->status = status;
}

/* Once more when the reader finds that the table is wider. */
static void read_table(void *state, struct pf_context *ctx, struct outcome *outcome, struct pf_error *err)
{
    struct outcome second;
    bool again = true;

    while (again) {
        struct pf_table table = { .rows = 0 };

        pf_schema_init(&table.schema, &ctx->memory);
        outcome->status = pf_xlsx_reader.table(state, 0, &table, err);
        if (outcome->status != PF_OK && err->message[0] == '\0')
            abort();
        if (outcome->status == PF_OK && table.schema.count == 0)
            outcome->status = PF_BAD_DATA;
        if (outcome->status != PF_OK) {
            pf_schema_free(&table.schema);
            return;
        }
        read_pass(state, ctx, table.schema.count, outcome, err);
        again = false;
        if (outcome->status == PF_END) {
            read_pass(state, ctx, table.schema.count, &second, err);
            if (memcmp(&second, outcome, sizeof second) != 0)
                abort();
        } else if (outcome->status != PF_OK) {
            if (err->message[0] == '\0')
                abort();
            outcome->status = pf_xlsx_reader.again(state, &again, err) == PF_OK ? outcome->status : err->status;
        }
        pf_schema_free(&table.schema);
    }
}

static struct outcome drain(const uint8_t *data, size_t size, const struct pf_xlsx_read_options *options)
{
    struct pf_context *ctx = pf_context_new();
    void *state = calloc(1, pf_xlsx_reader.state_size);
    struct outcome outcome = { .status = PF_NO_MEMORY };
    struct pf_source *src;
    struct pf_sink *sink;
    const uint8_t *bytes;
    struct pf_error err;
    size_t whole;

    if (ctx == NULL || state == NULL)
        abort();
    pf_error_clear(&err);
    sink = make_book(ctx, data, size);
    bytes = pf_sink_memory_bytes(sink, &whole);
    ctx->memory.limit = MEMORY;
    if (pf_source_memory(ctx, bytes, whole, "fuzz", &src, &err) != PF_OK)
        abort();
    outcome.status = pf_xlsx_reader.open(&pf_xlsx_reader, state, ctx, src, options, &err);
    if (outcome.status == PF_OK)
        read_table(state, ctx, &outcome, &err);
    else if (err.message[0] == '\0')
        abort();
    pf_xlsx_reader.close(state);
    pf_source_close(src);
    pf_sink_free(sink);
    if (atomic_load(&ctx->memory.in_use) != 0)
        abort();
    pf_context_free(ctx);
    free(state);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const headers[] = { NULL, "yes", "no", "2", "1-2" };
    static const char *const ranges[] = { NULL, NULL, NULL, "B2:D", "A1:B9" };
    struct pf_xlsx_read_options options = { .range = NULL };
    struct outcome whole, small;

    if (size == 0)
        return 0;
    options.header = headers[data[0] % PF_COUNT(headers)];
    options.range = ranges[data[0] / 8 % PF_COUNT(ranges)];
    options.drop_blank_rows = data[0] >= 128;
    options.fill_merged = (data[0] & 64) != 0;
    options.compat = data[0] % 64 == 63;
    whole = drain(data + 1, size - 1, &options);
    options.block_bytes = 64;
    small = drain(data + 1, size - 1, &options);
    /* what the first block shows of the header may differ; with the header given, nothing may */
    if (whole.status == PF_END && small.status == PF_END && options.header != NULL && strcmp(options.header, "no") != 0 &&
        whole.kept != small.kept)
        abort();
    return 0;
}
