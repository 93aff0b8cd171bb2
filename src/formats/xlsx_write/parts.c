/* The parts of a workbook besides the rows. Source: ECMA-376 part 1, 18.2 (workbook), 18.3 (worksheets), 18.8 (styles); part 2, 9.3
 * (relationships), 10.1 (content types). */
#include <string.h>

#include "base/date.h"
#include "base/digits.h"
#include "base/print.h"
#include "formats/column_letters.h"
#include "formats/xlsx_write/xlsx_write.h"

#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN        "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define RELATIONS   "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE     "http://schemas.openxmlformats.org/package/2006"
#define TYPE        "application/vnd.openxmlformats-officedocument.spreadsheetml."

static bool put(struct pf_buffer *to, const char *text)
{
    return pf_buffer_append_text(to, text);
}

/* Also fit for an attribute: quotes are escaped, too. */
static bool put_escaped(struct pf_buffer *to, const char *text)
{
    for (size_t size; *text != '\0'; text += size) {
        size = strcspn(text, "\"");
        if (size == 0) {
            size = 1;
            if (!put(to, "&quot;"))
                return false;
            continue;
        }
        if (!pf_buffer_reserve(to, size * 7))
            return false;
        to->size = (size_t)(xlsx_escape(to->data + to->size, (const uint8_t *)text, size) - to->data);
    }
    return true;
}

/* ---- widths */

enum { NARROWEST = 8, WIDEST = 60, MARGIN = 2, FILTER_BUTTON = 2 };

/* Characters of a value as Excel shows it, about. */
static size_t value_width(const struct pf_field *field, const struct ArrowArray *array, int64_t row)
{
    const void *data = pf_array_data(array);
    char text[48];
    pf_int128 decimal;
    double number;
    float single;

    switch (field->type) {
    case PF_TYPE_STRING: {
        const int32_t *offsets = pf_array_offsets(array);
        size_t size = (size_t)(offsets[row + 1] - offsets[row]);

        return xlsx_units(pf_array_bytes(array) + offsets[row], size < 4 * WIDEST ? size : 4 * WIDEST);
    }
    case PF_TYPE_FLOAT64:
        memcpy(&number, (const uint8_t *)data + (size_t)row * sizeof number, sizeof number);
        return pf_print_float64(number, text);
    case PF_TYPE_FLOAT32:
        memcpy(&single, (const uint8_t *)data + (size_t)row * sizeof single, sizeof single);
        return pf_print_float32(single, text);
    case PF_TYPE_DECIMAL128:
        memcpy(&decimal, (const uint8_t *)data + (size_t)row * sizeof decimal, sizeof decimal);
        return pf_print_decimal(decimal, field->scale, text);
    case PF_TYPE_INT64:
    case PF_TYPE_UINT64: {
        int64_t whole;

        memcpy(&whole, (const uint8_t *)data + (size_t)row * sizeof whole, sizeof whole);
        return pf_count_digits(whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole) + (whole < 0);
    }
    default:
        return 0;
    }
}

static size_t type_width(enum pf_type type)
{
    switch (type) {
    case PF_TYPE_DATE32:
        return 10;
    case PF_TYPE_TIMESTAMP:
        return 19;
    case PF_TYPE_INT32:
    case PF_TYPE_UINT32:
        return 9;
    case PF_TYPE_BINARY:
        return 20;
    default:
        return NARROWEST;
    }
}

/* The widest of the rows, or width if that is more. */
static size_t widest(const struct pf_field *field, const struct xlsx_slice *slice, uint32_t column, int64_t rows, size_t width)
{
    const struct ArrowArray *array = &slice->batch->columns[column];
    const uint8_t *validity = pf_array_validity(array);

    for (int64_t row = slice->from; row < slice->from + rows && width < WIDEST; row++) {
        size_t value = validity != NULL && !pf_bit(validity, row) ? 0 : value_width(field, array, row);

        if (value > width)
            width = value;
    }
    return width;
}

static size_t column_width(const struct pf_field *field, const struct xlsx_slice *slices, uint32_t count, uint32_t column)
{
    size_t width = xlsx_units((const uint8_t *)field->name, strlen(field->name)) + FILTER_BUTTON,
           usual = type_width(field->type);
    int64_t left = XLSX_SAMPLE;

    if (width < usual)
        width = usual;
    for (uint32_t i = 0; i < count && left > 0; i++) {
        int64_t rows = slices[i].to - slices[i].from;

        rows = rows < left ? rows : left;
        width = widest(field, &slices[i], column, rows, width);
        left -= rows;
    }
    return width < WIDEST ? width : WIDEST;
}

bool xlsx_put_widths(const struct pf_schema *schema, const struct xlsx_slice *slices, uint32_t count, struct pf_buffer *to)
{
    bool ok = put(to, "<cols>");

    for (uint32_t i = 0; ok && i < schema->count; i++)
        ok = pf_buffer_printf(to, "<col min=\"%u\" max=\"%u\" width=\"%zu\" customWidth=\"1\"/>", i + 1, i + 1,
                              column_width(&schema->fields[i], slices, count, i) + MARGIN);
    return ok && put(to, "</cols>");
}

/* ---- sheets */

static bool put_view(const struct pf_xlsx_write_options *options, bool first, struct pf_buffer *to)
{
    return put(to, "<sheetViews><sheetView") && (!first || put(to, " tabSelected=\"1\"")) &&
           put(to, " workbookViewId=\"0\">") &&
           (options->freeze_header != 0 ||
            put(to, "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>"
                    "<selection pane=\"bottomLeft\"/>")) &&
           put(to, "</sheetView></sheetViews><sheetFormatPr defaultRowHeight=\"15\"/>");
}

bool xlsx_put_sheet_head(const struct pf_schema *schema, const struct pf_xlsx_write_options *options,
                         const struct pf_buffer *widths, bool first, struct pf_buffer *to)
{
    bool ok = put(to, DECLARATION "<worksheet xmlns=\"" MAIN "\">") && put_view(options, first, to) &&
              pf_buffer_append(to, widths->data, widths->size) && put(to, "<sheetData><row r=\"1\">");
    char letters[4];

    for (uint32_t i = 0; ok && i < schema->count; i++) {
        size_t size = pf_column_letters(i, letters);

        ok = put(to, "<c r=\"") && pf_buffer_append(to, letters, size) &&
             put(to, options->header_style == 0 ? "1\" s=\"1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
                                                : "1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">") &&
             put_escaped(to, schema->fields[i].name) && put(to, "</t></is></c>");
    }
    return ok && put(to, "</row>");
}

/* "A1:L20" */
static bool put_range(struct pf_buffer *to, uint32_t columns, int64_t rows, const char *mark)
{
    char letters[4];
    size_t size = pf_column_letters(columns - 1, letters);

    return pf_buffer_printf(to, "%sA%s1:%s%.*s%s%lld", mark, mark, mark, (int)size, letters, mark, (long long)rows);
}

bool xlsx_put_sheet_tail(const struct pf_schema *schema, const struct pf_xlsx_write_options *options, int64_t rows,
                         struct pf_buffer *to)
{
    bool ok = put(to, "</sheetData>");

    if (options->autofilter == 0 && schema->count != 0)
        ok = ok && put(to, "<autoFilter ref=\"") && put_range(to, schema->count, rows, "") && put(to, "\"/>");
    ok = ok && put(to, "<pageMargins left=\"0.7\" right=\"0.7\" top=\"0.75\" bottom=\"0.75\" header=\"0.3\" footer=\"0.3\"/>");
    /* Text that looks like a number is meant: no green corners. */
    if (schema->count != 0)
        ok = ok && put(to, "<ignoredErrors><ignoredError sqref=\"") && put_range(to, schema->count, rows, "") &&
             put(to, "\" numberStoredAsText=\"1\"/></ignoredErrors>");
    return ok && put(to, "</worksheet>");
}

/* ---- parts that know no table */

static enum pf_status write_part(struct pf_zip_writer *zip, const char *name, const struct pf_buffer *text, bool made,
                                 struct pf_error *err)
{
    enum { LEVEL = 6 };

    if (!made)
        return pf_fail_memory(err, text->size);
    if (pf_zip_writer_begin(zip, name, LEVEL, err) != PF_OK || pf_zip_writer_add(zip, text->data, text->size, err) != PF_OK)
        return err->status;
    return pf_zip_writer_end(zip, err);
}

static bool put_styles(struct pf_buffer *to)
{
    enum { DATE_FORMAT = 164, TIMESTAMP_FORMAT, FINE_TIMESTAMP_FORMAT, FINE_TIME_FORMAT, DECIMAL_FORMAT };
    static const int formats[] = { 0, 0, DATE_FORMAT, TIMESTAMP_FORMAT, 21, 1, FINE_TIMESTAMP_FORMAT, FINE_TIME_FORMAT };
    bool ok = put(to, DECLARATION "<styleSheet xmlns=\"" MAIN "\">") &&
              pf_buffer_printf(to, "<numFmts count=\"%d\">", 4 + XLSX_DECIMAL_DIGITS) &&
              put(to, "<numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/>"
                      "<numFmt numFmtId=\"165\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss\"/>"
                      "<numFmt numFmtId=\"166\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss.000\"/>"
                      "<numFmt numFmtId=\"167\" formatCode=\"hh:mm:ss.000\"/>");

    for (int i = 0; ok && i < XLSX_DECIMAL_DIGITS; i++)
        ok = pf_buffer_printf(to, "<numFmt numFmtId=\"%d\" formatCode=\"0.%.*s\"/>", DECIMAL_FORMAT + i, i + 1,
                              "00000000000000");
    ok =
        ok && put(to, "</numFmts><fonts count=\"2\">"
                      "<font><sz val=\"11\"/><name val=\"Calibri\"/><family val=\"2\"/></font>"
                      "<font><b/><sz val=\"11\"/><name val=\"Calibri\"/><family val=\"2\"/></font></fonts>"
                      "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>"
                      "<fill><patternFill patternType=\"gray125\"/></fill></fills>"
                      "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
                      "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>");
    ok = ok && pf_buffer_printf(to, "<cellXfs count=\"%d\">", XLSX_DECIMAL + XLSX_DECIMAL_DIGITS);
    for (int i = 0; ok && i < XLSX_DECIMAL + XLSX_DECIMAL_DIGITS; i++)
        ok = pf_buffer_printf(to, "<xf numFmtId=\"%d\" fontId=\"%d\" fillId=\"0\" borderId=\"0\" xfId=\"0\"%s%s/>",
                              i < XLSX_DECIMAL ? formats[i] : DECIMAL_FORMAT + i - XLSX_DECIMAL, i == XLSX_HEADER,
                              i > XLSX_HEADER ? " applyNumberFormat=\"1\"" : "", i == XLSX_HEADER ? " applyFont=\"1\"" : "");
    return ok &&
           put(to, "</cellXfs><cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>"
                   "</styleSheet>");
}

enum pf_status xlsx_write_first_parts(struct pf_zip_writer *zip, struct pf_memory *memory, struct pf_error *err)
{
    struct pf_buffer text;
    enum pf_status status;
    bool made;

    pf_buffer_init(&text, memory, SIZE_MAX);
    made = put(&text,
               DECLARATION "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties\">"
                           "<Application>PyForge</Application></Properties>");
    status = write_part(zip, "docProps/app.xml", &text, made, err);
    pf_buffer_clear(&text);
    made = put(&text, DECLARATION "<cp:coreProperties xmlns:cp=\"" PACKAGE "/metadata/core-properties\" "
                                  "xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:creator>PyForge</dc:creator>"
                                  "</cp:coreProperties>");
    if (status == PF_OK)
        status = write_part(zip, "docProps/core.xml", &text, made, err);
    pf_buffer_clear(&text);
    if (status == PF_OK)
        status = write_part(zip, "xl/styles.xml", &text, put_styles(&text), err);
    pf_buffer_free(&text);
    return status;
}

/* Excel keeps what is filtered under a hidden name of each sheet. */
static bool put_filters(const struct xlsx_book *book, struct pf_buffer *to)
{
    bool ok = put(to, "<definedNames>");

    for (uint32_t i = 0; ok && i < book->sheet_count; i++) {
        const struct xlsx_sheet *sheet = &book->sheets[i];

        if (sheet->columns == 0)
            continue;
        ok = pf_buffer_printf(to, "<definedName name=\"_xlnm._FilterDatabase\" localSheetId=\"%u\" hidden=\"1\">'", i);
        for (const char *quote, *part = sheet->name; ok && *part != '\0'; part = quote) {
            char copy[XLSX_NAME_ROOM];

            quote = part + strcspn(part, "'");
            memcpy(copy, part, (size_t)(quote - part));
            copy[quote - part] = '\0';
            ok = put_escaped(to, copy) && (*quote == '\0' || put(to, "''"));
            quote += *quote != '\0';
        }
        ok = ok && put(to, "'!") && put_range(to, sheet->columns, sheet->rows, "$") && put(to, "</definedName>");
    }
    return ok && put(to, "</definedNames>");
}

static bool put_workbook(const struct xlsx_book *book, struct pf_buffer *to)
{
    bool any = false;
    bool ok =
        put(to, DECLARATION "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" RELATIONS "\"><bookViews><workbookView/></bookViews>"
                            "<sheets>");

    for (uint32_t i = 0; ok && i < book->sheet_count; i++) {
        any = any || book->sheets[i].columns != 0;
        ok = put(to, "<sheet name=\"") && put_escaped(to, book->sheets[i].name) &&
             pf_buffer_printf(to, "\" sheetId=\"%u\" r:id=\"rId%u\"/>", i + 1, i + 1);
    }
    ok = ok && put(to, "</sheets>");
    if (book->filtered && any)
        ok = ok && put_filters(book, to);
    return ok && put(to, "</workbook>");
}

static bool put_relation(struct pf_buffer *to, uint32_t id, const char *type, const char *target)
{
    return pf_buffer_printf(to, "<Relationship Id=\"rId%u\" Type=\"%s\" Target=\"%s\"/>", id, type, target);
}

static bool put_workbook_relations(const struct xlsx_book *book, struct pf_buffer *to)
{
    bool ok = put(to, DECLARATION "<Relationships xmlns=\"" PACKAGE "/relationships\">");

    for (uint32_t i = 0; ok && i < book->sheet_count; i++)
        ok = pf_buffer_printf(to,
                              "<Relationship Id=\"rId%u\" Type=\"" RELATIONS "/worksheet\" Target=\"worksheets/sheet%u.xml\"/>",
                              i + 1, i + 1);
    return ok && put_relation(to, book->sheet_count + 1, RELATIONS "/styles", "styles.xml") && put(to, "</Relationships>");
}

static bool put_types(const struct xlsx_book *book, struct pf_buffer *to)
{
    bool ok = put(to, DECLARATION
                  "<Types xmlns=\"" PACKAGE "/content-types\">"
                  "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
                  "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
                  "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" TYPE "sheet.main+xml\"/>"
                  "<Override PartName=\"/xl/styles.xml\" ContentType=\"" TYPE "styles+xml\"/>"
                  "<Override PartName=\"/docProps/core.xml\" "
                  "ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>"
                  "<Override PartName=\"/docProps/app.xml\" "
                  "ContentType=\"application/vnd.openxmlformats-officedocument.extended-properties+xml\"/>");

    for (uint32_t i = 0; ok && i < book->sheet_count; i++)
        ok = pf_buffer_printf(to, "<Override PartName=\"/xl/worksheets/sheet%u.xml\" ContentType=\"" TYPE "worksheet+xml\"/>",
                              i + 1);
    return ok && put(to, "</Types>");
}

static bool put_relations(const struct xlsx_book *book, struct pf_buffer *to)
{
    (void)book;
    return put(to, DECLARATION "<Relationships xmlns=\"" PACKAGE "/relationships\">") &&
           put_relation(to, 1, RELATIONS "/officeDocument", "xl/workbook.xml") &&
           put_relation(to, 2, PACKAGE "/relationships/metadata/core-properties", "docProps/core.xml") &&
           put_relation(to, 3, RELATIONS "/extended-properties", "docProps/app.xml") && put(to, "</Relationships>");
}

enum pf_status xlsx_write_last_parts(struct pf_zip_writer *zip, struct pf_memory *memory, const struct xlsx_book *book,
                                     struct pf_error *err)
{
    static const struct {
        const char *name;
        bool (*put)(const struct xlsx_book *book, struct pf_buffer *to);
    } parts[] = {
        { "xl/workbook.xml", put_workbook },
        { "xl/_rels/workbook.xml.rels", put_workbook_relations },
        { "_rels/.rels", put_relations },
        { "[Content_Types].xml", put_types },
    };
    enum pf_status status = PF_OK;
    struct pf_buffer text;

    pf_buffer_init(&text, memory, SIZE_MAX);
    for (size_t i = 0; status == PF_OK && i < PF_COUNT(parts); i++) {
        pf_buffer_clear(&text);
        status = write_part(zip, parts[i].name, &text, parts[i].put(book, &text), err);
    }
    pf_buffer_free(&text);
    return status;
}
