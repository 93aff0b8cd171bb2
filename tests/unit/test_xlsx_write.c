/* Writing workbooks: how rows are cut into units and sheets, texts and names, refused allocations. What others read of them is tested
 * from Python. */
#include "support_unit.h"

#include <stdlib.h>

#include "formats/column_letters.h"
#include "formats/xlsx_write/xlsx_write.h"

struct output {
    struct pf_context *ctx;
    struct pf_schema schema;
    struct pf_sink *sink;
    void *state;
    struct pf_xlsx_write_options options;
    struct pf_error err;
};

static void output_begin(struct output *out)
{
    static const struct pf_field number = { .type = PF_TYPE_INT32 }, text = { .type = PF_TYPE_STRING };

    memset(out, 0, sizeof *out);
    out->ctx = pf_context_new();
    out->state = calloc(1, pf_xlsx_writer.state_size);
    CHECK(out->ctx != NULL && out->state != NULL);
    pf_schema_init(&out->schema, &out->ctx->memory);
    CHECK(pf_schema_add(&out->schema, "n", 1, &number) && pf_schema_add(&out->schema, "t", 1, &text));
    pf_error_clear(&out->err);
    pf_option_defaults(pf_xlsx_writer.options, &out->options);
    CHECK_OK(pf_sink_memory(out->ctx, &out->sink, &out->err), out->err);
}

static void output_end(struct output *out)
{
    pf_xlsx_writer.close(out->state);
    free(out->state);
    pf_sink_free(out->sink);
    pf_schema_free(&out->schema);
    CHECK_INT(atomic_load(&out->ctx->memory.in_use), 0);
    pf_context_free(out->ctx);
}

/* rows rows from first: the number of the row, and "row N", one in a thousand longer; every fifth has no number. */
static enum pf_status make_batch(struct output *out, int32_t first, int32_t rows, struct pf_batch *batch)
{
    enum { WIDTH = 8, LONG = 500, MOST = 40 };
    int32_t *numbers, *offsets;
    char *texts;

    if (pf_batch_new(batch, &out->ctx->memory, rows, 2, &out->err) != PF_OK)
        return out->err.status;
    if (pf_array_new(&batch->columns[0], &out->ctx->memory, PF_TYPE_INT32, rows, 0, &out->err) != PF_OK ||
        pf_array_new(&batch->columns[1], &out->ctx->memory, PF_TYPE_STRING, rows, rows * MOST, &out->err) != PF_OK ||
        pf_array_add_validity(&batch->columns[0]) == NULL) {
        pf_batch_free(batch);
        return out->err.status = PF_NO_MEMORY;
    }
    numbers = (int32_t *)(uintptr_t)batch->columns[0].buffers[1];
    offsets = (int32_t *)(uintptr_t)batch->columns[1].buffers[1];
    texts = (char *)(uintptr_t)batch->columns[1].buffers[2];
    offsets[0] = 0;
    for (int32_t i = 0; i < rows; i++) {
        char text[MOST + 1];
        int width = (first + i) % 1000 == LONG ? MOST : WIDTH;

        numbers[i] = first + i;
        (void)snprintf(text, sizeof text, "row%05d%32s", first + i, "");
        memcpy(texts + offsets[i], text, (size_t)width);
        offsets[i + 1] = offsets[i] + width;
        if ((first + i) % 5 == 0) {
            pf_bit_clear((uint8_t *)(uintptr_t)batch->columns[0].buffers[0], i);
            batch->columns[0].null_count++;
        }
    }
    return PF_OK;
}

static enum pf_status write_units(struct output *out, bool last)
{
    const struct pf_writer *writer = &pf_xlsx_writer;
    struct pf_unit *unit;

    for (;;) {
        if (writer->take(out->state, last, &unit, &out->err) != PF_OK)
            return out->err.status;
        if (unit == NULL)
            return PF_OK;
        for (uint32_t job = unit->job_count; job-- != 0;) {
            if (writer->encode(out->state, unit, job, &out->err) != PF_OK) {
                writer->drop(out->state, unit);
                return out->err.status;
            }
        }
        if (writer->emit(out->state, unit, &out->err) != PF_OK)
            return out->err.status;
    }
}

/* Writes rows rows in batches of batch_rows. */
static enum pf_status write_rows(struct output *out, int32_t rows, int32_t batch_rows)
{
    enum pf_status status =
        pf_xlsx_writer.open(&pf_xlsx_writer, out->state, out->ctx, out->sink, &out->schema, &out->options, &out->err);

    for (int32_t first = 0; status == PF_OK && first < rows; first += batch_rows) {
        struct pf_batch batch;

        status = make_batch(out, first, rows - first < batch_rows ? rows - first : batch_rows, &batch);
        if (status == PF_OK)
            status = pf_xlsx_writer.add(out->state, &batch, &out->err);
        if (status == PF_OK)
            status = write_units(out, false);
    }
    if (status == PF_OK)
        status = write_units(out, true);
    return status == PF_OK ? pf_xlsx_writer.finish(out->state, rows, &out->err) : status;
}

/* A part of what was written, ended with NUL; the caller frees it with pf_free. */
static char *part_of(struct output *out, const char *name)
{
    struct pf_source *src;
    struct pf_zip *zip;
    const uint8_t *bytes;
    uint8_t *part;
    size_t size;

    bytes = pf_sink_memory_bytes(out->sink, &size);
    CHECK_OK(pf_source_memory(out->ctx, bytes, size, "book", &src, &out->err), out->err);
    CHECK_OK(pf_zip_open(out->ctx, src, &pf_zip_usual_limits, &zip, &out->err), out->err);
    CHECK(pf_zip_find(zip, name, strlen(name)) != NULL);
    CHECK_OK(pf_zip_read_all(zip, pf_zip_find(zip, name, strlen(name)), 1 << 30, &part, &size, &out->err), out->err);
    pf_zip_close(zip);
    pf_source_close(src);
    return (char *)part;
}

static void check_part(struct output *out, const char *name, const char *expected)
{
    char *part = part_of(out, name);

    CHECK_HAS(part, expected);
    pf_free(&out->ctx->memory, part);
}

static void test_rows(void **state)
{
    struct output out;

    (void)state;
    output_begin(&out);
    CHECK_OK(write_rows(&out, 3, 2), out.err);
    check_part(
        &out, "xl/worksheets/sheet1.xml",
        "</row><row r=\"2\"><c r=\"B2\" t=\"inlineStr\"><is><t>row00000</t></is></c></row><row r=\"3\"><c r=\"A3\" s=\"5\">"
        "<v>1</v></c><c r=\"B3\" t=\"inlineStr\"><is><t>row00001</t></is></c></row><row r=\"4\"><c r=\"A4\" s=\"5\">"
        "<v>2</v></c><c r=\"B4\" t=\"inlineStr\"><is><t>row00002</t></is></c></row></sheetData>"
        "<autoFilter ref=\"A1:B4\"/>");
    check_part(&out, "xl/workbook.xml", "<sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets>");
    output_end(&out);
}

/* Sheets of 1,000 rows, header included: the third has what is left. */
static void test_sheets(void **state)
{
    struct output out;

    (void)state;
    output_begin(&out);
    out.options.sheet_rows = 1000;
    out.options.sheet_name = "It's";
    CHECK_OK(write_rows(&out, 999 * 2 + 5, 700), out.err);
    check_part(&out, "xl/worksheets/sheet1.xml", "<row r=\"1000\"><c r=\"A1000\" s=\"5\"><v>998</v></c>");
    check_part(&out, "xl/worksheets/sheet1.xml", "</row></sheetData><autoFilter ref=\"A1:B1000\"/>");
    check_part(&out, "xl/worksheets/sheet2.xml", "</row><row r=\"2\"><c r=\"A2\" s=\"5\"><v>999</v></c>");
    check_part(&out, "xl/worksheets/sheet3.xml", "<autoFilter ref=\"A1:B6\"/>");
    check_part(&out, "xl/workbook.xml", "<sheet name=\"It's_3\" sheetId=\"3\" r:id=\"rId3\"/></sheets>");
    check_part(&out, "xl/workbook.xml", "localSheetId=\"2\" hidden=\"1\">'It''s_3'!$A$1:$B$6</definedName>");
    check_part(&out, "[Content_Types].xml", "/xl/worksheets/sheet3.xml");
    check_part(&out, "xl/_rels/workbook.xml.rels",
               "Id=\"rId4\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/"
               "relationships/styles\"");
    output_end(&out);
}

/* The same bytes, however the rows came. Units of two columns have 131,072 rows. */
static void test_batches_do_not_matter(void **state)
{
    static const int32_t sizes[] = { 99999, 300, 7777 };
    uint8_t *first = NULL;
    size_t first_size = 0;

    (void)state;
    for (size_t i = 0; i < PF_COUNT(sizes); i++) {
        const uint8_t *bytes;
        struct output out;
        size_t size;

        output_begin(&out);
        out.options.sheet_rows = 90000;
        CHECK_OK(write_rows(&out, 99999, sizes[i]), out.err);
        bytes = pf_sink_memory_bytes(out.sink, &size);
        if (i == 0) {
            first = malloc(size);
            first_size = size;
            memcpy(first, bytes, size);
        }
        CHECK_INT(size, first_size);
        CHECK(memcmp(bytes, first, size) == 0);
        output_end(&out);
    }
    free(first);
}

static void test_rows_are_counted(void **state)
{
    struct output out;

    (void)state;
    output_begin(&out);
    CHECK_OK(pf_xlsx_writer.open(&pf_xlsx_writer, out.state, out.ctx, out.sink, &out.schema, &out.options, &out.err), out.err);
    CHECK_INT(pf_xlsx_writer.finish(out.state, 1, &out.err), PF_INTERNAL);
    output_end(&out);
}

static void test_memory(void **state)
{
    bool done = false;

    (void)state;
    for (long n = 0; !done; n++) {
        struct output out;
        enum pf_status status;

        output_begin(&out);
        out.options.sheet_rows = 12;
        atomic_store(&out.ctx->memory.fail_at, n);
        status = write_rows(&out, 20, 6);
        done = atomic_load(&out.ctx->memory.fail_at) >= 0;
        CHECK_INT(status, done ? PF_OK : PF_NO_MEMORY);
        atomic_store(&out.ctx->memory.fail_at, -1);
        output_end(&out);
    }
}

/* ---- texts */

static void test_escapes(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "", "" },
        { "plain \xc3\xa9", "plain \xc3\xa9" },
        { "a\tb\nc", "a\tb\nc" },
        { "<&>", "&lt;&amp;&gt;" },
        { "\r\x01", "_x000D__x0001_" },
        { "_x000d_", "_x005F_x000d_" },
        { "_x00g0_", "_x00g0_" },
        { "_x000D", "_x000D" },
        { "__x0041_", "__x005F_x0041_" },
        { "\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd_xFFFE__xFFFF_" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        size_t size = strlen(cases[i].text);
        uint8_t *copy = malloc(size + 1); /* so that reading beyond it is found */
        uint8_t to[128];

        memcpy(copy, cases[i].text, size);
        *xlsx_escape(to, copy, size) = '\0';
        CHECK_TEXT((char *)to, cases[i].expected);
        /* clean texts are copied: they must be those that escaping does not change */
        if (xlsx_is_clean(copy, size))
            CHECK_TEXT((char *)to, cases[i].text);
        free(copy);
    }
    CHECK(xlsx_is_clean((const uint8_t *)"plain_text\n", 11) && !xlsx_is_clean((const uint8_t *)"plain text&", 11));
    for (unsigned c = 1; c < 128; c++) {
        uint8_t text[2] = { (uint8_t)c, '\0' }, to[16];

        *xlsx_escape(to, text, 1) = '\0';
        CHECK_INT(xlsx_is_clean(text, 1), strcmp((char *)to, (char *)text) == 0);
    }
}

static void test_letters(void **state)
{
    static const struct {
        uint32_t column;
        const char *letters;
    } cases[] = { { 0, "A" },   { 25, "Z" },   { 26, "AA" },   { 51, "AZ" },
                  { 52, "BA" }, { 701, "ZZ" }, { 702, "AAA" }, { 16383, "XFD" } };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        char to[4];

        to[pf_column_letters(cases[i].column, to)] = '\0';
        CHECK_TEXT(to, cases[i].letters);
    }
}

static void test_numbered_names(void **state)
{
    char to[XLSX_NAME_ROOM];

    (void)state;
    xlsx_numbered_name("Sales", 2, to);
    CHECK_TEXT(to, "Sales_2");
    xlsx_numbered_name("1234567890123456789012345678901", 12, to);
    CHECK_TEXT(to, "1234567890123456789012345678_12");
    xlsx_numbered_name("123456789012345678901234567\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 2, to);
    CHECK_TEXT(to, "123456789012345678901234567\xf0\x9f\x98\x80_2");
}

static void test_clean_names(void **state)
{
    static const struct {
        const char *name, *cleaned;
    } cases[] = { { "Sales", "Sales" },
                  { "", "Sheet1" },
                  { "a[b]:c", "a_b__c" },
                  { "'x'", "_x_" },
                  { "HISTORY", "HISTORY_" },
                  { "a\xff\xfe", "a__" },
                  { "a\xef\xbf\xbf", "a___" },
                  { "1234567890123456789012345678901x", "1234567890123456789012345678901" },
                  { "123456789012345678901234567890\xf0\x9f\x98\x80", "123456789012345678901234567890" } };
    char to[XLSX_NAME_ROOM], long_name[1000];
    bool changed;

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        xlsx_clean_name(cases[i].name, to, &changed);
        CHECK_TEXT(to, cases[i].cleaned);
        CHECK_INT(changed, strcmp(to, cases[i].name) != 0);
    }
    /* bytes that begin no character have no units, and must have room all the same */
    memset(long_name, 0x80, sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    xlsx_clean_name(long_name, to, &changed);
    CHECK(changed && strlen(to) < sizeof to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_names),      cmocka_unit_test(test_rows),
        cmocka_unit_test(test_sheets),           cmocka_unit_test(test_batches_do_not_matter),
        cmocka_unit_test(test_rows_are_counted), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_escapes),          cmocka_unit_test(test_letters),
        cmocka_unit_test(test_numbered_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
