/* The reader of workbooks: rows of every form, read with each allocation refused in turn, whole and in small blocks. */
#include "support_unit.h"

#include <stdlib.h>

#include "formats/xlsx/xlsx.h"
#include "formats/xlsx/xlsx_format.h"
#include "storage/zip.h"

#define MAIN    "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define LINKS   "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/"
#define KIND    "application/vnd.openxmlformats-officedocument.spreadsheetml."

enum { MOST_TRIES = 4000, SHOWN = 4096 };

static const char *const fixed[][2] = {
    { "[Content_Types].xml", "<Types xmlns=\"" PACKAGE "content-types\"><Default Extension=\"rels\" "
                             "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
                             "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" KIND "sheet.main+xml\"/></Types>" },
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

struct book {
    const char *name;
    const char *rows, *tail, *strings;
    struct pf_xlsx_read_options options;
    bool wide;            /* as UTF-16 */
    const char *expected; /* rows, values by | and rows by newlines; ' before a text cell, ! before an error */
};

#define HEAD   "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>a</v></c><c r=\"B1\" t=\"str\"><v>b</v></c></row>"
#define MERGED "</sheetData><mergeCells><mergeCell ref=\"A2:A4\"/><mergeCell ref=\"B3:B4\"/></mergeCells></worksheet>"
#define TAIL   "</sheetData></worksheet>"

static const struct book books[] = {
    { "numbers and shared texts",
      HEAD "<row r=\"2\"><c r=\"A2\"><v>1</v></c><c r=\"B2\" t=\"s\"><v>0</v></c></row>"
           "<row r=\"3\"><c r=\"A3\"><v>0.30000000000000004</v></c><c r=\"B3\" t=\"s\"><v>1</v></c></row>",
      TAIL,
      "<si><t>x</t></si><si><r><t>y</t></r><r><t xml:space=\"preserve\"> z</t></r></si>",
      { .header = NULL },
      false,
      "1|'x\n0.30000000000000004|'y z\n" },
    { "texts that are longer than their cells",
      HEAD "<row><c s=\"2\"><v>2.5</v></c><c s=\"1\"><v>3.5</v></c></row><row><c s=\"2\"><v>4.5</v></c><c "
           "s=\"4\"><v>1e6</v></c></row>",
      TAIL,
      "",
      { .header = "yes" },
      false,
      "1900-01-02 12:00:00|1900-01-03 12:00:00\n1900-01-04 12:00:00|'24000000:00:00\n" },
    { "merged cells",
      HEAD "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c></row><row r=\"3\"><c r=\"B3\"><v>7</v></c></row><row r=\"4\"><c "
           "r=\"C4\"><v>9</v></c></row>",
      MERGED,
      "<si><t>x</t></si>",
      { .fill_merged = true },
      false,
      "'x||\n'x|7|\n'x|7|9\n" },
    { "merged cells, blank rows dropped",
      HEAD "<row r=\"2\"><c r=\"A2\" t=\"e\"><v>#N/A</v></c></row><row r=\"4\"><c r=\"B4\"><v>9</v></c></row>",
      MERGED,
      "",
      { .fill_merged = true, .drop_blank_rows = true },
      false,
      "!#N/A|\n!#N/A|9\n" },
    { "UTF-16",
      HEAD "<row r=\"2\"><c r=\"A2\"><v>5</v></c><c r=\"B2\" t=\"b\"><v>1</v></c></row>",
      TAIL,
      "",
      { .header = "yes" },
      true,
      "5|TRUE\n" },
    { "values far to the right",
      HEAD "<row r=\"2\"><c r=\"A2\"><v>5</v></c></row><row r=\"3000\"><c r=\"Z3000\"><v>6</v></c></row>",
      TAIL,
      "",
      { .drop_blank_rows = true, .header = "yes" },
      false,
      "5||\n||6\n" },
    { "texts of 1.0.9",
      HEAD "<row r=\"2\"><c r=\"A2\" s=\"1\"><v>45418</v></c><c r=\"B2\" t=\"b\"><v>1</v></c></row><row r=\"3\"><c "
           "r=\"A3\"><v>1E+20</v></c></row>"
           "<row r=\"4\"><c r=\"A4\" s=\"1\"><v>0</v></c><c r=\"B4\" s=\"4\"><v>-0.5</v></c></row>",
      TAIL,
      "",
      { .compat = true },
      false,
      "2024-05-06T00:00:00|True\n1E+20|\n00:00:00|-12:00:00\n" },
};

static void add_part(struct pf_zip_writer *writer, const char *name, const char *text, bool wide)
{
    struct pf_error err;

    CHECK_OK(pf_zip_writer_begin(writer, name, 0, &err), err);
    if (wide)
        CHECK_OK(pf_zip_writer_add(writer, "\xff\xfe", 2, &err), err);
    for (size_t i = 0; text[i] != '\0'; i++) {
        const char pair[2] = { text[i], 0 };

        CHECK_OK(pf_zip_writer_add(writer, pair, wide ? 2 : 1, &err), err);
    }
    CHECK_OK(pf_zip_writer_end(writer, &err), err);
}

static struct pf_sink *make_book(struct pf_context *ctx, const struct book *book)
{
    static char part[16384];
    struct pf_zip_writer *writer;
    struct pf_sink *sink;
    struct pf_error err;

    CHECK_OK(pf_sink_memory(ctx, &sink, &err), err);
    CHECK_OK(pf_zip_writer_new(ctx, sink, &writer, &err), err);
    for (size_t i = 0; i < PF_COUNT(fixed); i++)
        add_part(writer, fixed[i][0], fixed[i][1], false);
    (void)snprintf(part, sizeof part, "<sst xmlns=\"" MAIN "\">%s</sst>", book->strings);
    add_part(writer, "xl/strings.xml", part, book->wide);
    (void)snprintf(part, sizeof part, "<worksheet xmlns=\"" MAIN "\"><sheetData>%s%s", book->rows, book->tail);
    add_part(writer, "xl/sheet.xml", part, book->wide);
    CHECK_OK(pf_zip_writer_finish(writer, &err), err);
    pf_zip_writer_free(writer);
    return sink;
}

static void show(char *to, const struct pf_decoded *decoded, uint32_t columns)
{
    size_t used = strlen(to);

    for (int64_t row = 0; row < decoded->rows_kept; row++) {
        for (uint32_t i = 0; i < columns; i++) {
            const struct pf_text_column *text = &decoded->text[i];
            const char *mark = text->kind[row] == PF_TEXT_CELL ? "'" : text->kind[row] == PF_TEXT_ERROR ? "!" : "";

            used += (size_t)snprintf(to + used, SHOWN - used, "%s%s%.*s", i != 0 ? "|" : "", mark, (int)text->size[row],
                                     (const char *)text->bytes + (text->size[row] != 0 ? text->offset[row] : 0));
            CHECK(used < SHOWN - 1);
        }
        to[used++] = '\n';
        to[used] = '\0';
    }
}

static enum pf_status read_pass(void *state, struct pf_context *ctx, uint32_t columns, char *to, struct pf_error *err)
{
    static const struct pf_pass pass = { .columns = NULL };
    enum pf_status status = pf_xlsx_reader.start(state, &pass, err);

    to[0] = '\0';
    while (status == PF_OK) {
        struct pf_block block = { 0 };
        struct pf_decoded decoded;
        struct pf_arena arena;

        pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
        status = pf_xlsx_reader.cut(state, &block, err);
        if (status == PF_OK)
            status = pf_xlsx_reader.decode(state, &pass, &block, &arena, &decoded, err);
        if (status == PF_OK)
            show(to, &decoded, columns);
        pf_free(&ctx->memory, block.bytes);
        pf_arena_free(&arena);
    }
    return status == PF_END ? PF_OK : status;
}

/* Opens, reads, and reads again where the table turns out wider. */
static enum pf_status read_book(struct pf_context *ctx, struct pf_source *src, const struct pf_xlsx_read_options *options,
                                char *to, struct pf_error *err)
{
    void *state = calloc(1, pf_xlsx_reader.state_size);
    enum pf_status status;
    bool again = true;

    CHECK(state != NULL);
    status = pf_xlsx_reader.open(&pf_xlsx_reader, state, ctx, src, options, err);
    while (status == PF_OK && again) {
        struct pf_table table = { .rows = 0 };

        again = false;
        pf_schema_init(&table.schema, &ctx->memory);
        status = pf_xlsx_reader.table(state, 0, &table, err);
        if (status == PF_OK)
            status = read_pass(state, ctx, table.schema.count, to, err);
        if (status == PF_BAD_DATA && pf_xlsx_reader.again(state, &again, err) == PF_OK && again)
            status = PF_OK;
        pf_schema_free(&table.schema);
    }
    pf_xlsx_reader.close(state);
    free(state);
    return status;
}

static void check_book(const struct book *book, size_t block_bytes)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_xlsx_read_options options = book->options;
    struct pf_sink *sink = make_book(ctx, book);
    enum pf_status status = PF_NO_MEMORY;
    static char shown[SHOWN];
    const uint8_t *bytes;
    struct pf_source *src;
    struct pf_error err;
    size_t size;
    int64_t held;

    options.block_bytes = block_bytes;
    bytes = pf_sink_memory_bytes(sink, &size);
    CHECK_OK(pf_source_memory(ctx, bytes, size, "book", &src, &err), err);
    held = (int64_t)atomic_load(&ctx->memory.in_use);
    for (long n = 0; status != PF_OK && n < MOST_TRIES; n++) {
        pf_error_clear(&err);
        atomic_store(&ctx->memory.fail_at, n);
        status = read_book(ctx, src, &options, shown, &err);
        if (status != PF_OK && status != PF_NO_MEMORY)
            fail_msg("%s, allocation %ld refused: %s", book->name, n, err.message);
        atomic_store(&ctx->memory.fail_at, -1);
        CHECK_INT((int64_t)atomic_load(&ctx->memory.in_use), held);
    }
    if (status != PF_OK || strcmp(shown, book->expected) != 0)
        fail_msg("%s, blocks of %zu: '%s', expected '%s'", book->name, block_bytes, shown, book->expected);
    pf_source_close(src);
    pf_sink_free(sink);
    pf_context_free(ctx);
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(books); i++) {
        check_book(&books[i], 0);
        check_book(&books[i], 64);
    }
}

/* Ranges that are looked at to find all that reach the row. */
static uint32_t looked_at(const struct xlsx_merged *merged, uint32_t count, uint32_t row, uint32_t *reaching)
{
    uint32_t looks = 0;

    *reaching = 0;
    for (uint32_t i = 0; i < count; looks++) {
        const bool reaches = merged[i].range.bottom >= row;

        *reaching += reaches;
        i = reaches ? i + 1 : xlsx_merged_step(merged, i, row);
    }
    return looks;
}

static void tall_ranges_do_not_make_all_be_looked_at(void **state)
{
    enum { ROWS = 60, A_ROW = 1000, COUNT = ROWS * A_ROW };
    static const struct {
        uint32_t place, bottom;
    } tall[] = { { 0, 500 }, { 20 * A_ROW + 7, 300 }, { COUNT - 1, 400 } };
    struct xlsx_merged *merged = calloc(COUNT, sizeof *merged);
    const uint32_t groups = (COUNT + XLSX_MERGED_GROUP - 1) / XLSX_MERGED_GROUP;

    (void)state;
    assert_non_null(merged);
    for (uint32_t i = 0; i < COUNT; i++)
        merged[i].range = (struct pf_xlsx_range){ i / A_ROW, i % A_ROW, i / A_ROW, i % A_ROW };
    for (size_t i = 0; i < PF_COUNT(tall); i++)
        merged[tall[i].place].range.bottom = tall[i].bottom;
    xlsx_merged_group(merged, COUNT);
    for (uint32_t row = ROWS; row <= 501; row++) {
        uint32_t reaching, expected = 0;
        const uint32_t looks = looked_at(merged, COUNT, row, &reaching);

        for (size_t i = 0; i < PF_COUNT(tall); i++)
            expected += tall[i].bottom >= row;
        CHECK_INT(reaching, expected);
        if (looks > groups + expected * XLSX_MERGED_GROUP)
            fail_msg("row %u: %u ranges looked at, of %u groups", row, looks, groups);
    }
    free(merged);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(refused_memory_is_told),
                                        cmocka_unit_test(tall_ranges_do_not_make_all_be_looked_at) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
