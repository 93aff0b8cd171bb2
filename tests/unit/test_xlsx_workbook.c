#include "support_unit.h"

#include <stdlib.h>

#include "formats/column_letters.h"
#include "formats/xlsx/workbook.h"

/* ---- workbooks made of parts */

struct part {
    const char *name, *text;
    size_t size; /* 0 = up to NUL */
};

enum { PARTS = 12 };

#define XML           "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN          "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""
#define R             "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\""
#define OFFICE        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
#define STRICT_OFFICE "http://purl.oclc.org/ooxml/officeDocument/relationships/"
#define RELATIONS(inner)                                                                                                       \
    XML "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">" inner "</Relationships>"
#define RELATION(id, type, target) "<Relationship Id=\"" id "\" Type=\"" type "\" Target=\"" target "\"/>"
#define TYPES(inner)               XML "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">" inner "</Types>"
#define TYPE_OF(part, type)        "<Override PartName=\"" part "\" ContentType=\"" type "\"/>"
#define SHEET_MAIN                 "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
#define WORKBOOK(inner)            XML "<workbook " MAIN " " R ">" inner "</workbook>"
#define ONE_SHEET                  "<sheets><sheet name=\"Data\" sheetId=\"1\" r:id=\"rId1\"/></sheets>"
#define NAMES(inner)               WORKBOOK(ONE_SHEET "<definedNames>" inner "</definedNames>")
#define STYLES(inner)              XML "<styleSheet " MAIN ">" inner "</styleSheet>"
#define MC                         "<mc:"
#define MC_SPACE                   "xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\""
#define EMPTY_SHEET                XML "<worksheet " MAIN "><sheetData/></worksheet>"

static const struct part usual[] = {
    { "[Content_Types].xml",
      TYPES("<Default Extension=\"xml\" ContentType=\"application/xml\"/>" TYPE_OF("/xl/workbook.xml", SHEET_MAIN)), 0 },
    { "_rels/.rels", RELATIONS(RELATION("rId1", OFFICE "officeDocument", "xl/workbook.xml")), 0 },
    { "xl/workbook.xml", WORKBOOK(ONE_SHEET), 0 },
    { "xl/_rels/workbook.xml.rels",
      RELATIONS(RELATION("rId1", OFFICE "worksheet", "worksheets/sheet1.xml") RELATION("rId2", OFFICE "styles", "styles.xml")
                    RELATION("rId3", OFFICE "sharedStrings", "sharedStrings.xml")),
      0 },
    { "xl/worksheets/sheet1.xml", EMPTY_SHEET, 0 },
    { "xl/styles.xml", STYLES("<cellXfs count=\"1\"><xf numFmtId=\"0\"/></cellXfs>"), 0 },
};

/* The usual parts, each replaced by a part of the same name in changes (text NULL = left out), and those that are new. */
static struct pf_sink *make_book(struct pf_context *ctx, const struct part *changes, bool only_changes)
{
    struct pf_sink *sink;
    struct pf_zip_writer *writer;
    struct pf_error err;
    struct part parts[PF_COUNT(usual) + PARTS];
    size_t count = only_changes ? 0 : PF_COUNT(usual);

    memcpy(parts, usual, sizeof usual);
    for (size_t i = 0; i < PARTS && changes[i].name != NULL; i++) {
        size_t at = 0;
        while (at < count && strcmp(parts[at].name, changes[i].name) != 0)
            at++;
        parts[at] = changes[i];
        count += at == count;
    }
    CHECK_OK(pf_sink_memory(ctx, &sink, &err), err);
    CHECK_OK(pf_zip_writer_new(ctx, sink, &writer, &err), err);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].text == NULL)
            continue;
        CHECK_OK(pf_zip_writer_begin(writer, parts[i].name, i % 2 == 0 ? 6 : 0, &err), err);
        CHECK_OK(pf_zip_writer_add(writer, parts[i].text, parts[i].size != 0 ? parts[i].size : strlen(parts[i].text), &err),
                 err);
        CHECK_OK(pf_zip_writer_end(writer, &err), err);
    }
    CHECK_OK(pf_zip_writer_finish(writer, &err), err);
    pf_zip_writer_free(writer);
    return sink;
}

/* The workbook as one line of text. */
static void describe(const struct pf_xlsx_workbook *workbook, char *to, size_t room)
{
    size_t size = 0;

#define SAY(...) size += (size_t)snprintf(to + size, room - size, __VA_ARGS__)
    SAY("%s", workbook->date1904 ? "1904 " : "");
    for (uint32_t i = 0; i < workbook->sheet_count; i++) {
        const struct pf_xlsx_sheet *sheet = &workbook->sheets[i];
        CHECK(!sheet->worksheet || sheet->entry != NULL);
        SAY("%s%s%s=%s%s", i != 0 ? ", " : "", sheet->name,
            sheet->visibility == PF_XLSX_VISIBLE  ? ""
            : sheet->visibility == PF_XLSX_HIDDEN ? "(hidden)"
                                                  : "(very hidden)",
            sheet->part, sheet->worksheet ? "" : "(no cells)");
    }
    for (uint32_t i = 0; i < workbook->named_count; i++) {
        const struct pf_xlsx_named *named = &workbook->named[i];
        char range[32];
        pf_xlsx_range_text(&named->range, range);
        SAY("; %s=%s!%s", named->name, workbook->sheets[named->sheet].name, range);
        if (named->table)
            SAY(" table %u %u", named->header_rows, named->totals_rows);
        if (named->scope != PF_XLSX_EVERYWHERE)
            SAY(" in %u", named->scope);
        if (named->hidden)
            SAY(" hidden");
    }
    SAY("; styles ");
    for (uint32_t i = 0; i < workbook->style_count; i++)
        SAY("%u", workbook->style_kind[i]);
    if (workbook->strings != NULL)
        SAY("; strings %s", workbook->strings->name);
#undef SAY
    CHECK(size < room);
}

/* Opens what bytes hold: gives its description, or the error's message. */
static enum pf_status open_bytes(struct pf_context *ctx, const void *bytes, size_t size, char *to, size_t room,
                                 struct pf_error *err)
{
    struct pf_source *src;
    struct pf_xlsx_workbook workbook;
    enum pf_status status;

    pf_error_clear(err);
    status = pf_source_memory(ctx, bytes, size, "book.xlsx", &src, err);
    if (status != PF_OK)
        return status;
    status = pf_xlsx_workbook_open(ctx, src, &pf_zip_usual_limits, &workbook, err);
    if (status == PF_OK)
        describe(&workbook, to, room);
    else
        (void)snprintf(to, room, "%s", err->message);
    pf_xlsx_workbook_close(&workbook);
    pf_source_close(src);
    return status;
}

/* The same without the description, which would be long. */
static enum pf_status open_only(struct pf_context *ctx, const void *bytes, size_t size, struct pf_error *err)
{
    struct pf_source *src;
    struct pf_xlsx_workbook workbook;
    enum pf_status status;

    pf_error_clear(err);
    CHECK_OK(pf_source_memory(ctx, bytes, size, "book.xlsx", &src, err), *err);
    status = pf_xlsx_workbook_open(ctx, src, &pf_zip_usual_limits, &workbook, err);
    pf_xlsx_workbook_close(&workbook);
    pf_source_close(src);
    return status;
}

static const char utf16_workbook[] =
    "\xff\xfe<\0w\0o\0r\0k\0b\0o\0o\0k\0>\0<\0s\0h\0e\0e\0t\0s\0>\0<\0s\0h\0e\0e\0t\0 \0n\0a\0m\0e\0=\0\"\0\x3a\x26\"\0/\0>\0"
    "<\0/\0s\0h\0e\0e\0t\0s\0>\0<\0/\0w\0o\0r\0k\0b\0o\0o\0k\0>";

static const struct book_case {
    const char *what;
    struct part changes[PARTS];
    enum pf_status status;
    const char *says; /* the description, or a part of the error's message */
} books[] = {
    { "the usual one", { { 0 } }, PF_OK, "Data=xl/worksheets/sheet1.xml; styles 0" },
    { "parts have any names; targets are absolute, lead up, and have another case",
      { { "xl/workbook.xml", NULL, 0 },
        { "xl/_rels/workbook.xml.rels", NULL, 0 },
        { "_rels/.rels", RELATIONS(RELATION("x", OFFICE "officeDocument", "/Some/Book.xml")), 0 },
        { "[Content_Types].xml", TYPES(TYPE_OF("/Some/Book.xml", SHEET_MAIN)), 0 },
        { "Some/Book.xml",
          WORKBOOK(
              "<sheets><sheet name=\"A\" r:id=\"a\"/><sheet name=\"B\" r:id=\"b\"/><sheet name=\"C\" r:id=\"c\"/></sheets>"),
          0 },
        { "Some/_rels/Book.xml.rels",
          RELATIONS(RELATION("c", OFFICE "worksheet", "./x//Three.xml") RELATION("b", OFFICE "worksheet", "../../../two.XML")
                        RELATION("a", OFFICE "worksheet", "/xl/WORKSHEETS/Sheet1.xml")),
          0 },
        { "Two.xml", EMPTY_SHEET, 0 },
        { "Some/x/Three.xml", EMPTY_SHEET, 0 } },
      PF_OK,
      "A=xl/WORKSHEETS/Sheet1.xml, B=two.XML, C=Some/x/Three.xml; styles " },
    { "backslashes, percent signs and a slash in front",
      { { "xl/_rels/workbook.xml.rels",
          RELATIONS(RELATION("rId1", OFFICE "worksheet", "work%20sheets\\sheet%C3%A4.xml")
                        RELATION("rId3", OFFICE "sharedStrings", "/xl/strings.xml")),
          0 },
        { "xl\\work sheets\\sheet\xc3\xa4.xml", EMPTY_SHEET, 0 },
        { "/xl/strings.xml", "<sst/>", 0 } },
      PF_OK,
      "Data=xl/work sheets/sheet\xc3\xa4.xml; styles ; strings /xl/strings.xml" },
    { "strict",
      { { "_rels/.rels", RELATIONS(RELATION("rId1", STRICT_OFFICE "officeDocument", "xl/workbook.xml")), 0 },
        { "xl/workbook.xml",
          "<w:workbook xmlns:w=\"http://purl.oclc.org/ooxml/spreadsheetml/main\" "
          "xmlns:q=\"http://purl.oclc.org/ooxml/officeDocument/relationships\" conformance=\"strict\">"
          "<w:workbookPr date1904=\"true\"/><w:sheets><w:sheet name=\"Data\" q:id=\"rId1\"/></w:sheets></w:workbook>",
          0 },
        { "xl/_rels/workbook.xml.rels", RELATIONS(RELATION("rId1", STRICT_OFFICE "worksheet", "worksheets/sheet1.xml")), 0 } },
      PF_OK,
      "1904 Data=xl/worksheets/sheet1.xml; styles " },
    { "visibility, kinds of sheets, names with references",
      { { "xl/workbook.xml",
          WORKBOOK("<workbookPr date1904=\"1\"/><sheets><sheet name=\"A &amp; B\" state=\"hidden\" r:id=\"rId1\"/>"
                   "<sheet name=\"Chart\" r:id=\"c\"/><sheet name=\"Module\" state=\"veryHidden\" r:id=\"\"/>"
                   "<sheet name=\"Dialog\" state=\"visible\" r:id=\"d\"/></sheets>"),
          0 },
        { "xl/_rels/workbook.xml.rels",
          RELATIONS(RELATION("rId1", OFFICE "worksheet", "worksheets/sheet1.xml") RELATION(
              "c", OFFICE "chartsheet", "chartsheets/sheet1.xml") RELATION("d", OFFICE "dialogsheet", "missing.xml")),
          0 },
        { "xl/chartsheets/sheet1.xml", "<chartsheet/>", 0 } },
      PF_OK,
      "1904 A & B(hidden)=xl/worksheets/sheet1.xml, Chart=xl/chartsheets/sheet1.xml(no cells), Module(very hidden)=(no cells), "
      "Dialog=xl/missing.xml(no cells); styles " },
    { "styles and strings that are not there",
      { { "xl/styles.xml", NULL, 0 } },
      PF_OK,
      "Data=xl/worksheets/sheet1.xml; styles " },
    { "shared strings",
      { { "xl/sharedStrings.xml", "<sst/>", 0 } },
      PF_OK,
      "Data=xl/worksheets/sheet1.xml; styles 0; strings xl/sharedStrings.xml" },
    { "styles: built-in, own, own in place of a built-in one, defined after, far, without a format, unknown; style kinds "
      "elsewhere",
      { { "xl/styles.xml",
          STYLES("<numFmts count=\"9\"><numFmt numFmtId=\"164\" formatCode=\"[$-409]h:mm&quot;d&quot;\"/>"
                 "<numFmt numFmtId=\"14\" formatCode=\"0.00\"/><numFmt numFmtId=\"4000000000\" formatCode=\"[h]:mm\"/>"
                 "<numFmt numFmtId=\"x\" formatCode=\"yyyy\"/><numFmt numFmtId=\"170\"/></numFmts>"
                 "<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"15\"/>"
                 "<xf numFmtId=\"164\"><alignment/></xf><xf numFmtId=\"14\"/><xf numFmtId=\"165\"/><xf "
                 "numFmtId=\"4000000000\"/><xf/>"
                 "<xf numFmtId=\"166\"/><xf numFmtId=\"-1\"/><xf numFmtId=\"49\"/><other/></cellXfs>"
                 "<dxfs><dxf><numFmt numFmtId=\"0\" formatCode=\"yyyy\"/></dxf></dxfs>"
                 "<numFmts><numFmt numFmtId=\"165\" formatCode=\"yyyy h\"/></numFmts>"),
          0 } },
      PF_OK,
      "Data=xl/worksheets/sheet1.xml; styles 0120340005" },
    { "alternate content among styles: what programs get that know no extension counts",
      { { "xl/styles.xml",
          STYLES("<cellXfs><xf numFmtId=\"0\"/>" MC "AlternateContent " MC_SPACE ">" MC
                 "Choice Requires=\"hs\"><xf numFmtId=\"46\"/>"
                 "<xf numFmtId=\"46\"/></mc:Choice>" MC "Fallback><xf numFmtId=\"14\"/></mc:Fallback></mc:AlternateContent>"
                 "<xf numFmtId=\"22\"/>" MC "AlternateContent " MC_SPACE ">" MC "Choice Requires=\"hs\"><xf/></mc:Choice>"
                 "</mc:AlternateContent><xf numFmtId=\"18\"/></cellXfs>"),
          0 } },
      PF_OK,
      "Data=xl/worksheets/sheet1.xml; styles 0132" },
    { "a part in UTF-16, without namespaces",
      { { "xl/workbook.xml", utf16_workbook, sizeof utf16_workbook } },
      PF_OK,
      "\xe2\x98\xba=(no cells); styles 0" },
    { "a part in an encoding that packages do not have",
      { { "xl/workbook.xml",
          "<?xml version='1.0' encoding='windows-1252'?><workbook><sheets><sheet name='\xe4'/></sheets></workbook>", 0 } },
      PF_OK,
      "\xc3\xa4=(no cells); styles 0" },
    { "bytes that are UTF-8 whatever they say",
      { { "xl/workbook.xml", "<?xml version='1.0' encoding='UTF-16'?><workbook><sheets><sheet name='x'/></sheets></workbook>",
          0 } },
      PF_OK,
      "x=(no cells); styles 0" },
    { "defined names: ranges, quoted sheets, local, hidden; and those that are no range",
      { { "xl/workbook.xml",
          WORKBOOK("<sheets><sheet name=\"It's A\" r:id=\"rId1\"/><sheet name=\"B\"/></sheets><definedNames>"
                   "<definedName name=\"one\">'It''s A'!$B$4:$F$20</definedName>"
                   "<definedName name=\"two\" localSheetId=\"1\">B!$A:$C</definedName>"
                   "<definedName name=\"_xlnm.Print_Area\" localSheetId=\"0\">'It''s A'!$A$1</definedName>"
                   "<definedName name=\"_xlnm._FilterDatabase\" localSheetId=\"0\" hidden=\"1\">B!$2:$3</definedName>"
                   "<definedName name=\"n1\">1.5</definedName><definedName name=\"n2\">SUM(B!A1)</definedName>"
                   "<definedName name=\"n3\">B!#REF!</definedName><definedName name=\"n4\">B!$A$1,B!$C$1</definedName>"
                   "<definedName name=\"n5\">Gone!$A$1</definedName><definedName name=\"n6\">[1]B!$A$1</definedName>"
                   "<definedName name=\"n7\">'B!$A$1</definedName><definedName name=\"n8\"/>"
                   "<definedName name=\"n9\">'It''s A'B!$A$1</definedName><definedName name=\"n0\">''!A1</definedName>"
                   "<definedName name=\"eq\">=<![CDATA[B!]]>$A&#36;1<!-- x --></definedName></definedNames>"),
          0 } },
      PF_OK,
      "It's A=xl/worksheets/sheet1.xml, B=(no cells); one=It's A!B4:F20; two=B!A:C in 1; _xlnm.Print_Area=It's A!A1 in 0; "
      "_xlnm._FilterDatabase=B!2:3 in 0 hidden; eq=B!A1; styles 0" },
    { "tables",
      { { "xl/worksheets/_rels/sheet1.xml.rels",
          RELATIONS(RELATION("a", OFFICE "table", "../tables/table1.xml") RELATION("b", OFFICE "table", "../tables/table2.xml")
                        RELATION("c", OFFICE "table", "../tables/none.xml") RELATION("d", OFFICE "hyperlink", "x.xml")
                            RELATION("e", OFFICE "table", "/xl/tables/table3.xml")),
          0 },
        { "xl/tables/table1.xml",
          XML "<table " MAIN
              " id=\"1\" name=\"Inner\" displayName=\"Prices\" ref=\"B4:F20\" totalsRowCount=\"1\"><autoFilter/></table>",
          0 },
        { "xl/tables/table2.xml", XML "<table " MAIN " name=\"Other\" ref=\"A1:B2\" headerRowCount=\"0\"/>", 0 },
        { "xl/tables/table3.xml", XML "<table " MAIN " name=\"NoRange\"/>", 0 } },
      PF_OK,
      "Data=xl/worksheets/sheet1.xml; Prices=Data!B4:F20 table 1 1; Other=Data!A1:B2 table 0 0; styles 0" },
    { "elements of others, text, and alternate content",
      { { "xl/workbook.xml",
          WORKBOOK("<mc:AlternateContent xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\"><mc:Choice "
                   "Requires=\"x\">"
                   "<sheets><sheet name=\"No\"/></sheets></mc:Choice></mc:AlternateContent>x" ONE_SHEET
                   "<x:sheets xmlns:x=\"u\"><x:sheet name=\"No\"/></x:sheets>"),
          0 } },
      PF_OK,
      "Data=xl/worksheets/sheet1.xml; styles 0" },
    { "no relationships of the package", { { "_rels/.rels", NULL, 0 } }, PF_OK, "Data=xl/worksheets/sheet1.xml; styles 0" },
    { "content types that say nothing",
      { { "[Content_Types].xml", TYPES(""), 0 } },
      PF_OK,
      "Data=xl/worksheets/sheet1.xml; styles 0" },
    { "relationships in a circle",
      { { "xl/worksheets/_rels/sheet1.xml.rels",
          RELATIONS(RELATION("a", OFFICE "table", "sheet1.xml") RELATION("b", OFFICE "worksheet", "/xl/workbook.xml")), 0 } },
      PF_BAD_DATA,
      "expected <table>" },

    /* what is refused */
    { "neither relationships nor types",
      { { "_rels/.rels", NULL, 0 }, { "[Content_Types].xml", TYPES("<Default Extension=\"xml\"/><Override/>"), 0 } },
      PF_BAD_DATA,
      "an archive of 5 files" },
    { "no workbook part", { { "xl/workbook.xml", NULL, 0 } }, PF_BAD_DATA, "should be in xl/workbook.xml" },
    { "no relationships of the workbook",
      { { "xl/_rels/workbook.xml.rels", NULL, 0 } },
      PF_BAD_DATA,
      "the relationship \"rId1\", which does not exist" },
    { "no part of a sheet", { { "xl/worksheets/sheet1.xml", NULL, 0 } }, PF_BAD_DATA, "should be in xl/worksheets/sheet1.xml" },
    { "a sheet elsewhere",
      { { "xl/_rels/workbook.xml.rels",
          RELATIONS("<Relationship Id=\"rId1\" Type=\"" OFFICE "worksheet\" Target=\"x\" TargetMode=\"External\"/>"), 0 } },
      PF_BAD_DATA,
      "should be in another file" },
    { "two sheets with one part",
      { { "xl/workbook.xml", WORKBOOK("<sheets><sheet name=\"A\" r:id=\"rId1\"/><sheet name=\"B\" r:id=\"rId1\"/></sheets>"),
          0 } },
      PF_BAD_DATA,
      "the same part" },
    { "no sheets", { { "xl/workbook.xml", WORKBOOK("<sheets/>"), 0 } }, PF_BAD_DATA, "has no sheets" },
    { "a sheet without a name",
      { { "xl/workbook.xml", WORKBOOK("<sheets><sheet/></sheets>"), 0 } },
      PF_BAD_DATA,
      "without a name" },
    { "a name without a name",
      { { "xl/workbook.xml", NAMES("<definedName>A1</definedName>"), 0 } },
      PF_BAD_DATA,
      "without a name" },
    { "not a workbook element",
      { { "xl/workbook.xml", "<worksheet/>", 0 } },
      PF_BAD_DATA,
      "holds <worksheet>, expected <workbook>" },
    { "not XML", { { "xl/workbook.xml", "workbook", 0 } }, PF_BAD_DATA, "xl/workbook.xml is not well-formed XML" },
    { "an entity bomb",
      { { "xl/workbook.xml", "<!DOCTYPE a [<!ENTITY b \"bb\">]><workbook>&b;</workbook>", 0 } },
      PF_BAD_DATA,
      "document type" },
    { "not UTF-8", { { "xl/workbook.xml", "<workbook>\xff</workbook>", 0 } }, PF_BAD_DATA, "is not UTF-8 (byte 10)" },
    { "half a character of UTF-16",
      { { "xl/workbook.xml", "\xff\xfe<", 3 } },
      PF_BAD_DATA,
      "not text in the encoding utf-16le" },
    { "an unknown encoding",
      { { "xl/workbook.xml", "<?xml version='1.0' encoding='none-such'?><workbook/>", 0 } },
      PF_UNSUPPORTED,
      "\"none-such\"" },
    { "a relationship without an id",
      { { "_rels/.rels", RELATIONS("<Relationship Target=\"x\" Type=\"y\"/>"), 0 } },
      PF_BAD_DATA,
      "without Id or Type" },
    { "broken styles", { { "xl/styles.xml", "<styleSheet>", 0 } }, PF_BAD_DATA, "xl/styles.xml is not well-formed" },

    /* other kinds */
    { "xlsb",
      { { "[Content_Types].xml", TYPES(TYPE_OF("/xl/workbook.xml", "application/vnd.ms-excel.sheet.binary.macroEnabled.main")),
          0 } },
      PF_UNSUPPORTED,
      "a binary workbook (.xlsb)" },
    { "docx",
      { { "[Content_Types].xml",
          TYPES(
              TYPE_OF("/xl/workbook.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml")),
          0 } },
      PF_UNSUPPORTED,
      "a Word document" },
    { "pptx",
      { { "[Content_Types].xml",
          TYPES(TYPE_OF("/xl/workbook.xml",
                        "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml")),
          0 } },
      PF_UNSUPPORTED,
      "a PowerPoint presentation" },
    { "another package",
      { { "[Content_Types].xml", TYPES(TYPE_OF("/xl/workbook.xml", "model/3d")), 0 } },
      PF_BAD_DATA,
      "(model/3d)" },
};

static void workbooks_are_opened_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(books); i++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct pf_sink *sink = make_book(ctx, books[i].changes, false);
        size_t size;
        const uint8_t *bytes = pf_sink_memory_bytes(sink, &size);
        struct pf_error err;
        char text[2048];
        enum pf_status status = open_bytes(ctx, bytes, size, text, sizeof text, &err);

        if (status != books[i].status ||
            (status == PF_OK ? strcmp(text, books[i].says) != 0 : strstr(text, books[i].says) == NULL))
            fail_msg("%s: status %d, '%s'; expected %d, '%s'", books[i].what, (int)status, text, (int)books[i].status,
                     books[i].says);
        if (status != PF_OK)
            CHECK_TEXT(err.source, "book.xlsx");
        pf_sink_free(sink);
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
        pf_context_free(ctx);
    }
}

static void workbook_types_are_known(void **state)
{
    static const char *const types[] = {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml",
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        "application/vnd.ms-excel.template.macroEnabled.main+xml",
        "application/vnd.ms-excel.addin.macroEnabled.main+xml",
        "APPLICATION/vnd.ms-excel.sheet.MACROENABLED.main+xml",
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(types); i++) {
        char content[512], text[512];
        struct pf_context *ctx = pf_context_make(NULL);
        struct part changes[PARTS] = { { "[Content_Types].xml", content, 0 },
                                       { "_rels/.rels", i % 2 ? NULL : usual[1].text, 0 } };
        struct pf_sink *sink;
        size_t size;
        const uint8_t *bytes;
        struct pf_error err;

        (void)snprintf(content, sizeof content, TYPES("<Override PartName=\"/xl/workbook.xml\" ContentType=\"%s\"/>"),
                       types[i]);
        sink = make_book(ctx, changes, false);
        bytes = pf_sink_memory_bytes(sink, &size);
        CHECK_OK(open_bytes(ctx, bytes, size, text, sizeof text, &err), err);
        pf_sink_free(sink);
        pf_context_free(ctx);
    }
}

/* ---- what is no workbook */

/* A compound file whose directory, in sector 1, has one stream; the FAT is sector 0. */
static void make_compound(uint8_t file[2048], const char *stream)
{
    static const uint8_t magic[8] = { 0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1 };

    memset(file, 0, 2048);
    memcpy(file, magic, sizeof magic);
    file[30] = 9;
    file[44] = 1;
    file[48] = 1;
    memset(file + 512, 0xFF, 512);
    file[512 + 4] = 2; /* the directory goes on in sector 2 */
    file[512 + 5] = file[512 + 6] = file[512 + 7] = 0;
    file[512 + 8] = 0xFE; /* and ends there */
    for (size_t i = 0; i <= strlen(stream); i++)
        file[1536 + 128 + 2 * i] = (uint8_t)stream[i];
    file[1536 + 128 + 64] = (uint8_t)((strlen(stream) + 1) * 2);
}

static void compound_files_are_named(void **state)
{
    static const struct compound_case {
        const char *stream;
        size_t size; /* of the file */
        enum pf_status status;
        const char *says;
    } compounds[] = {
        { "Workbook", 2048, PF_UNSUPPORTED, "Excel 97 to 2003 (.xls)" },
        { "Book", 2048, PF_UNSUPPORTED, "Excel 5 or 95 (.xls)" },
        { "EncryptedPackage", 2048, PF_UNSUPPORTED, "encrypted" },
        { "WordDocument", 2048, PF_UNSUPPORTED, "Word document" },
        { "PowerPoint Document", 2048, PF_UNSUPPORTED, "PowerPoint" },
        { "Workboo", 2048, PF_BAD_DATA, "no workbook in it" },
        { "Workbook", 1600, PF_BAD_DATA, "no workbook in it" },
        { "Workbook", 512, PF_BAD_DATA, "no workbook in it" },
        { "Workbook", 8, PF_BAD_DATA, "no workbook in it" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(compounds); i++) {
        struct pf_context *ctx = pf_context_make(NULL);
        uint8_t file[2048];
        char text[512];
        struct pf_error err;

        make_compound(file, compounds[i].stream);
        CHECK_INT(open_bytes(ctx, file, compounds[i].size, text, sizeof text, &err), compounds[i].status);
        CHECK_HAS(text, compounds[i].says);
        file[512 + 4] = 1; /* a directory that goes round */
        CHECK(open_bytes(ctx, file, compounds[i].size, text, sizeof text, &err) != PF_OK);
        memset(file + 30, 0xFF, 482);
        CHECK_INT(open_bytes(ctx, file, compounds[i].size, text, sizeof text, &err), PF_BAD_DATA);
        pf_context_free(ctx);
    }
}

static void other_bytes_are_named(void **state)
{
    static const struct bytes_case {
        const char *bytes;
        size_t size; /* 0 = up to NUL */
        enum pf_status status;
        const char *says;
    } others[] = {
        { "", 0, PF_BAD_DATA, "empty" },
        { "a,b\n1,2\n", 0, PF_UNSUPPORTED, "text, such as CSV" },
        { "\xef\xbb\xbf"
          "a;b\n",
          0, PF_UNSUPPORTED, "text, such as CSV" },
        { "\xff\xfe"
          "a\0\t\0b\0\n\0",
          10, PF_UNSUPPORTED, "text, such as CSV" },
        { "\xfe\xff\0a\0\t\0b\0\n", 10, PF_UNSUPPORTED, "text, such as CSV" },
        { "\n <HTML><body><table></table>", 0, PF_UNSUPPORTED, "web page" },
        { "<!DOCTYPE html><p>", 0, PF_UNSUPPORTED, "web page" },
        { "<TABLE><tr><td>1", 0, PF_UNSUPPORTED, "table of a web page" },
        { "<?xml version='1.0'?><!DOCTYPE x><html>", 0, PF_UNSUPPORTED, "web page" },
        { "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?><Workbook "
          "xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
          0, PF_UNSUPPORTED, "SpreadsheetML 2003" },
        { "<?xml version='1.0'?><office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'>", 0,
          PF_UNSUPPORTED, "OpenDocument" },
        { "<?xml version='1.0'?><a/>", 0, PF_BAD_DATA, "XML document" },
        { "<a/>", 0, PF_BAD_DATA, "XML or HTML" },
        { "MIME-Version: 1.0\n", 0, PF_UNSUPPORTED, "web archive" },
        { "ID;PWXL;N;E\n", 0, PF_UNSUPPORTED, "SYLK" },
        { "{\\rtf1 x}", 0, PF_BAD_DATA, "RTF" },
        { "%PDF-1.4\n", 0, PF_BAD_DATA, "PDF" },
        { "\x09\x08\x10", 3, PF_BAD_DATA, "" },
        { "\x09\x04\x06\0\0\0", 6, PF_UNSUPPORTED, "Excel 2 to 4" },
        { "\0\1\2\3\4\5\6\7", 8, PF_BAD_DATA, "" },
        { "PK\3\4 and no more", 0, PF_BAD_DATA, "" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(others); i++) {
        struct pf_context *ctx = pf_context_make(NULL);
        size_t size = others[i].size != 0 ? others[i].size : strlen(others[i].bytes);
        char text[512];
        struct pf_error err;
        enum pf_status status = open_bytes(ctx, others[i].bytes, size, text, sizeof text, &err);

        if (status != others[i].status || strstr(text, others[i].says) == NULL)
            fail_msg("case %zu: status %d, '%s'; expected %d, '%s'", i, (int)status, text, (int)others[i].status,
                     others[i].says);
        pf_context_free(ctx);
    }
}

static void other_archives_are_named(void **state)
{
    static const struct archive_case {
        struct part parts[PARTS];
        enum pf_status status;
        const char *says;
    } archives[] = {
        { { { "mimetype", "application/vnd.oasis.opendocument.spreadsheet", 0 }, { "content.xml", "<x/>", 0 } },
          PF_UNSUPPORTED,
          "OpenDocument workbook (.ods)" },
        { { { "mimetype", "application/vnd.oasis.opendocument.text", 0 } },
          PF_UNSUPPORTED,
          "OpenDocument file of another kind" },
        { { { "mimetype", "application/epub+zip", 0 } }, PF_UNSUPPORTED, ".epub" },
        { { { "mimetype", "text/plain", 0 } }, PF_BAD_DATA, "an archive of 1 files (the first is \"mimetype\")" },
        { { { "META-INF/MANIFEST.MF", "x", 0 }, { "b", "x", 0 } },
          PF_BAD_DATA,
          "an archive of 2 files (the first is \"META-INF/MANIFEST.MF\")" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(archives); i++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct pf_sink *sink = make_book(ctx, archives[i].parts, true);
        size_t size;
        const uint8_t *bytes = pf_sink_memory_bytes(sink, &size);
        char text[512];
        struct pf_error err;
        enum pf_status status = open_bytes(ctx, bytes, size, text, sizeof text, &err);

        if (status != archives[i].status || strstr(text, archives[i].says) == NULL)
            fail_msg("case %zu: status %d, '%s'; expected %d, '%s'", i, (int)status, text, (int)archives[i].status,
                     archives[i].says);
        pf_sink_free(sink);
        pf_context_free(ctx);
    }
}

/* ---- memory, and damage */

/* Every kind of part: styles, tables, names, UTF-16, percent signs. */
static const struct part whole[PARTS] = {
    { "xl/workbook.xml", WORKBOOK(ONE_SHEET "<definedNames><definedName name=\"x\">Data!$A$1</definedName></definedNames>"),
      0 },
    { "xl/styles.xml",
      "\xff\xfe<\0s\0t\0y\0l\0e\0S\0h\0e\0e\0t\0>\0<\0c\0e\0l\0l\0X\0f\0s\0>\0<\0x\0f\0/\0>\0<\0/\0c\0e\0l\0l\0X\0f\0s\0>\0"
      "<\0/\0s\0t\0y\0l\0e\0S\0h\0e\0e\0t\0>",
      100 },
    { "xl/worksheets/_rels/sheet1.xml.rels", RELATIONS(RELATION("a", OFFICE "table", "../tables/t%20.xml")), 0 },
    { "xl/tables/t .xml", "<table name=\"t\" ref=\"A1:B2\"/>", 0 },
};

static void refused_memory_is_told(void **state)
{
    bool granted = false;

    (void)state;
    for (long n = 0; !granted; n++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct pf_sink *sink = make_book(ctx, whole, false);
        size_t size, before = atomic_load(&ctx->memory.in_use);
        const uint8_t *bytes = pf_sink_memory_bytes(sink, &size);
        char text[512];
        struct pf_error err;
        enum pf_status status;

        atomic_store(&ctx->memory.fail_at, n);
        status = open_bytes(ctx, bytes, size, text, sizeof text, &err);
        granted = atomic_load(&ctx->memory.fail_at) >= 0;
        atomic_store(&ctx->memory.fail_at, -1);
        if (status != (granted ? PF_OK : PF_NO_MEMORY))
            fail_msg("allocation %ld: status %d, '%s'", n, (int)status, err.message);
        CHECK_INT(atomic_load(&ctx->memory.in_use), before);
        if (granted)
            CHECK_TEXT(text, "Data=xl/worksheets/sheet1.xml; t=Data!A1:B2 table 1 0; x=Data!A1; styles 0");
        pf_sink_free(sink);
        pf_context_free(ctx);
    }
}

static void damage_is_an_error(void **state)
{
    struct pf_context *ctx = pf_context_make(NULL);
    struct pf_sink *sink = make_book(ctx, whole, false);
    size_t size, before = atomic_load(&ctx->memory.in_use);
    const uint8_t *bytes = pf_sink_memory_bytes(sink, &size);
    char text[2048];
    struct pf_error err;

    (void)state;
    for (size_t i = 0; i < size; i++) {
        uint8_t *copy = malloc(size);
        enum pf_status status;

        memcpy(copy, bytes, size);
        status = open_bytes(ctx, copy, i, text, sizeof text, &err);
        if (status != PF_BAD_DATA && status != PF_UNSUPPORTED)
            fail_msg("of %zu bytes: status %d, '%s'", i, (int)status, text);
        copy[i] ^= (uint8_t)(1u << i % 8);
        (void)open_bytes(ctx, copy, size, text, sizeof text, &err);
        free(copy);
    }
    CHECK_INT(atomic_load(&ctx->memory.in_use), before);
    pf_sink_free(sink);
    pf_context_free(ctx);
}

/* ---- limits */

static void nothing_is_without_limit(void **state)
{
    static const struct limit_case {
        const char *part, *before, *what, *after;
        size_t count; /* the most that is allowed */
        const char *says;
    } limits[] = {
        { "xl/workbook.xml", "<workbook><sheets>", "<sheet name='x'/>", "</sheets></workbook>", 16384,
          "more than 16384 sheets" },
        { "xl/workbook.xml", "<workbook><sheets><sheet name='x'/></sheets><definedNames>",
          "<definedName name='x'>x!A1</definedName>", "</definedNames></workbook>", 65536, "more than 65536 defined names" },
        { "_rels/.rels", "<Relationships>", "<Relationship Id='a' Type='b'/>", "</Relationships>", 65536,
          "more than 65536 relationships" },
        { "[Content_Types].xml", "<Types>", "<Default/>", "</Types>", 131072, "more than 131072 entries" },
        { "xl/styles.xml", "<styleSheet><cellXfs>", "<xf/>", "</cellXfs></styleSheet>", 1048576,
          "more than 1048576 cell styles" },
    };

    (void)state;
    for (size_t i = 0; i < 2 * PF_COUNT(limits); i++) {
        const struct limit_case *limit = &limits[i / 2];
        size_t count = limit->count + i % 2, size, length = strlen(limit->what);
        char *text = malloc(strlen(limit->before) + length * count + strlen(limit->after) + 1),
             *at = stpcpy(text, limit->before);
        struct part changes[PARTS] = { { limit->part, text, 0 } };
        struct pf_context *ctx = pf_context_make(NULL);
        struct pf_sink *sink;
        const uint8_t *bytes;
        struct pf_error err;

        for (size_t j = 0; j < count; j++)
            at = stpcpy(at, limit->what);
        (void)stpcpy(at, limit->after);
        sink = make_book(ctx, changes, false);
        bytes = pf_sink_memory_bytes(sink, &size);
        CHECK_INT(open_only(ctx, bytes, size, &err), i % 2 == 0 ? PF_OK : PF_BAD_DATA);
        CHECK_HAS(err.message, i % 2 == 0 ? "" : limit->says);
        pf_sink_free(sink);
        pf_context_free(ctx);
        free(text);
    }
}

/* ---- ranges */

static void ranges_are_read_and_written(void **state)
{
    static const struct range_case {
        const char *text;
        bool ok;
        struct pf_xlsx_range range;
        const char *written; /* NULL = as text */
    } ranges[] = {
        { "B4", true, { 3, 1, 3, 1 }, NULL },
        { "$B$4", true, { 3, 1, 3, 1 }, "B4" },
        { "b4:f20", true, { 3, 1, 19, 5 }, "B4:F20" },
        { "$B4:F$20", true, { 3, 1, 19, 5 }, "B4:F20" },
        { "F20:B4", true, { 3, 1, 19, 5 }, "B4:F20" },
        { "B4:F", true, { 3, 1, PF_XLSX_ROWS - 1, 5 }, NULL },
        { "B:F", true, { 0, 1, PF_XLSX_ROWS - 1, 5 }, NULL },
        { "$F:$B", true, { 0, 1, PF_XLSX_ROWS - 1, 5 }, "B:F" },
        { "4:20", true, { 3, 0, 19, PF_XLSX_COLUMNS - 1 }, NULL },
        { "$20:$4", true, { 3, 0, 19, PF_XLSX_COLUMNS - 1 }, "4:20" },
        { "A1:XFD1048576", true, { 0, 0, PF_XLSX_ROWS - 1, PF_XLSX_COLUMNS - 1 }, "1:1048576" },
        { "XFD1048576", true, { PF_XLSX_ROWS - 1, PF_XLSX_COLUMNS - 1, PF_XLSX_ROWS - 1, PF_XLSX_COLUMNS - 1 }, NULL },
        { "AA10:AB11", true, { 9, 26, 10, 27 }, NULL },
        { "", false, { 0 }, NULL },
        { "B", false, { 0 }, NULL },
        { "4", false, { 0 }, NULL },
        { "$", false, { 0 }, NULL },
        { "$B$", false, { 0 }, NULL },
        { "B0", false, { 0 }, NULL },
        { "XFE1", false, { 0 }, NULL },
        { "A1048577", false, { 0 }, NULL },
        { "AAAAAAAAAAAAAAA1", false, { 0 }, NULL },
        { "A1:", false, { 0 }, NULL },
        { ":A1", false, { 0 }, NULL },
        { "A1:B2:C3", false, { 0 }, NULL },
        { "A1 ", false, { 0 }, NULL },
        { "A1:4", false, { 0 }, NULL },
        { "B:F20", false, { 0 }, NULL },
        { "4:F", false, { 0 }, NULL },
        { "$$A1", false, { 0 }, NULL },
        { "A1,B2", false, { 0 }, NULL },
        { "A99999999999", false, { 0 }, NULL },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(ranges); i++) {
        struct pf_xlsx_range range = { 0 };
        bool ok = pf_xlsx_range_parse(ranges[i].text, strlen(ranges[i].text), &range);
        char written[32];

        if (ok != ranges[i].ok)
            fail_msg("'%s' is %sa range", ranges[i].text, ok ? "" : "not ");
        if (!ok)
            continue;
        CHECK_INT(range.top, ranges[i].range.top);
        CHECK_INT(range.left, ranges[i].range.left);
        CHECK_INT(range.bottom, ranges[i].range.bottom);
        CHECK_INT(range.right, ranges[i].range.right);
        pf_xlsx_range_text(&range, written);
        CHECK_TEXT(written, ranges[i].written != NULL ? ranges[i].written : ranges[i].text);
    }
}

static void columns_have_letters(void **state)
{
    static const struct letters_case {
        uint32_t column;
        const char *letters;
    } letters[] = { { 0, "A" },   { 25, "Z" },   { 26, "AA" },   { 51, "AZ" },
                    { 52, "BA" }, { 701, "ZZ" }, { 702, "AAA" }, { 16383, "XFD" } };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(letters); i++) {
        char to[4];
        CHECK_INT(pf_column_letters(letters[i].column, to), strlen(letters[i].letters));
        CHECK_TEXT(to, letters[i].letters);
    }
}

/* ---- facts */

static void take_fact(void *user, const char *name, const char *value, bool number)
{
    char *text = user;

    (void)snprintf(text + strlen(text), 4096 - strlen(text), "%s=%s%s\n", name, value, number ? "#" : "");
}

static const struct part fact_parts[PARTS] = {
    { "xl/workbook.xml",
      WORKBOOK(
          "<sheets><sheet name=\"A\" r:id=\"rId1\"/><sheet name=\"B\" state=\"hidden\" r:id=\"b\"/><sheet name=\"C\"/></sheets>"
          "<definedNames><definedName name=\"x\">A!$A$1</definedName><definedName name=\"y\" hidden=\"1\">A!$A$1</definedName>"
          "<definedName name=\"z\" localSheetId=\"0\">A!$A:$C</definedName></definedNames>"),
      0 },
    { "xl/_rels/workbook.xml.rels",
      RELATIONS(RELATION("rId1", OFFICE "worksheet", "worksheets/sheet1.xml") RELATION("b", OFFICE "worksheet", "b.xml")), 0 },
    { "xl/worksheets/sheet1.xml", XML "<worksheet " MAIN "><sheetPr/><dimension ref=\"A1:F500001\"/><sheetData><row>", 0 },
    { "xl/b.xml", XML "<worksheet " MAIN "><sheetData/><dimension ref=\"A1\"/></worksheet>", 0 },
    { "xl/worksheets/_rels/sheet1.xml.rels", RELATIONS(RELATION("a", OFFICE "table", "/xl/t.xml")), 0 },
    { "xl/t.xml", "<table name=\"t\" ref=\"A1:B2\"/>", 0 },
};

static void facts_are_told(void **state)
{
    struct pf_context *ctx = pf_context_make(NULL);
    struct pf_sink *sink = make_book(ctx, fact_parts, false);
    size_t size;
    const uint8_t *bytes = pf_sink_memory_bytes(sink, &size);
    struct pf_source *src;
    struct pf_xlsx_workbook workbook;
    struct pf_error err;
    char text[4096] = "";
    bool granted = false;

    (void)state;
    CHECK_OK(pf_source_memory(ctx, bytes, size, "book.xlsx", &src, &err), err);
    CHECK_OK(pf_xlsx_workbook_open(ctx, src, &pf_zip_usual_limits, &workbook, &err), err);
    pf_xlsx_facts(&workbook, take_fact, text);
    CHECK_TEXT(text, "date_system=1900\nsheet_count=3#\n"
                     "sheets=[{\"name\": \"A\", \"visibility\": \"visible\", \"has_cells\": true, \"range\": \"A1:F500001\"}, "
                     "{\"name\": \"B\", \"visibility\": \"hidden\", \"has_cells\": true, \"range\": null}, "
                     "{\"name\": \"C\", \"visibility\": \"visible\", \"has_cells\": false, \"range\": null}]#\n"
                     "excel_sheets=[\"A\", \"B\", \"C\"]#\n"
                     "ranges=[{\"name\": \"t\", \"kind\": \"table\", \"sheet\": \"A\", \"range\": \"A1:B2\"}, "
                     "{\"name\": \"x\", \"kind\": \"name\", \"sheet\": \"A\", \"range\": \"A1\"}, "
                     "{\"name\": \"z\", \"kind\": \"name\", \"sheet\": \"A\", \"range\": \"A:C\"}]#\n"
                     "sheet_1=A, visible, A1:F500001\nsheet_2=B, hidden\nsheet_3=C, visible, no cells\n"
                     "range_1=t, table of A, A1:B2\nrange_2=x, name in A, A1\nrange_3=z, local name in A, A:C\n");
    for (long n = 0; !granted; n++) {
        size_t before = atomic_load(&ctx->memory.in_use);
        struct pf_xlsx_range range;
        bool found;
        enum pf_status status;

        atomic_store(&ctx->memory.fail_at, n);
        status = pf_xlsx_dimension(&workbook, 0, &range, &found, &err);
        granted = atomic_load(&ctx->memory.fail_at) >= 0;
        atomic_store(&ctx->memory.fail_at, -1);
        CHECK(status == PF_OK || (status == PF_NO_MEMORY && !granted));
        CHECK_INT(atomic_load(&ctx->memory.in_use), before);
    }
    pf_xlsx_workbook_close(&workbook);
    pf_source_close(src);
    pf_sink_free(sink);
    pf_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workbooks_are_opened_or_refused),
        cmocka_unit_test(workbook_types_are_known),
        cmocka_unit_test(compound_files_are_named),
        cmocka_unit_test(other_bytes_are_named),
        cmocka_unit_test(other_archives_are_named),
        cmocka_unit_test(refused_memory_is_told),
        cmocka_unit_test(damage_is_an_error),
        cmocka_unit_test(nothing_is_without_limit),
        cmocka_unit_test(ranges_are_read_and_written),
        cmocka_unit_test(columns_have_letters),
        cmocka_unit_test(facts_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
