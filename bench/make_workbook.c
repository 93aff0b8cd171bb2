/* Makes the workbooks of the benchmark as Excel would write them: texts in the shared strings, references in every row and cell, dates
 * as serial numbers under a format, deflate at level 6. Deterministic, like make_data.
 *
 *   make_workbook KIND ROWS SHEETS OUTPUT
 *
 * - orders: 12 columns like mixed of make_data; identifiers have the 15 digits that Excel keeps; one of the texts differs in nearly each row
 * - journal: orders with another such text
 * - wide: 200 columns of eight kinds
 * - long: 20 columns, over 1000 bytes of XML a row */
#include <stdbool.h>
#include <zlib.h>

#include "values.h"

enum {
    ROOM = 1 << 17,
    BLOCK = 1 << 20,
    WIDE_COLUMNS = 200,
    LONG_COLUMNS = 20,
    ORDER_COLUMNS = 12,
    MOST_PARTS = 16,
    MOST_NAME = 64
};
enum { PLAIN, DATE, MOMENT, MONEY, BOLD }; /* the cell formats of styles.xml */

struct part {
    char name[MOST_NAME];
    uint32_t crc;
    uint32_t stored;
    uint32_t plain;
    uint32_t place;
};

struct book {
    struct out out;    /* XML of the sheet that is being made */
    struct out shared; /* XML of the texts so far */
    size_t shared_room;
    uint32_t texts; /* how many there are, which is the index of the next */
    uint32_t uses;
    uint64_t row; /* from 1 */
    int column;   /* of the next cell, from 0 */
    FILE *file;
    z_stream deflate;
    struct part parts[MOST_PARTS];
    int part_count;
};

static void stop(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- zip */

static void put_bytes(FILE *file, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        putc((int)(value >> (8 * i) & 255), file);
}

/* What a local header and an entry of the directory have in common. */
static void put_entry(FILE *file, const struct part *part)
{
    put_bytes(file, 20, 2); /* version needed */
    put_bytes(file, 0, 2);
    put_bytes(file, 8, 2); /* deflate */
    put_bytes(file, 0, 2);
    put_bytes(file, 0x21, 2); /* 1980-01-01 */
    put_bytes(file, part->crc, 4);
    put_bytes(file, part->stored, 4);
    put_bytes(file, part->plain, 4);
    put_bytes(file, strlen(part->name), 2);
    put_bytes(file, 0, 2);
}

static void put_local(FILE *file, const struct part *part)
{
    put_bytes(file, 0x04034b50, 4);
    put_entry(file, part);
    fputs(part->name, file);
}

static struct part *open_part(struct book *book, const char *name)
{
    struct part *part = &book->parts[book->part_count++];

    (void)snprintf(part->name, sizeof part->name, "%s", name);
    part->place = (uint32_t)ftell(book->file);
    put_local(book->file, part);
    memset(&book->deflate, 0, sizeof book->deflate);
    if (deflateInit2(&book->deflate, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        stop("make_workbook: deflate");
    return part;
}

static void give(struct book *book, struct part *part, const char *bytes, size_t size, int flush)
{
    static unsigned char packed[BLOCK];

    part->crc = (uint32_t)crc32(part->crc, (const unsigned char *)bytes, (uInt)size);
    part->plain += (uint32_t)size;
    book->deflate.next_in = (unsigned char *)bytes;
    book->deflate.avail_in = (uInt)size;
    do {
        book->deflate.next_out = packed;
        book->deflate.avail_out = BLOCK;
        (void)deflate(&book->deflate, flush);
        size = BLOCK - book->deflate.avail_out;
        part->stored += (uint32_t)size;
        if (fwrite(packed, 1, size, book->file) != size)
            stop("make_workbook");
    } while (book->deflate.avail_out == 0);
}

static void close_part(struct book *book, struct part *part)
{
    long end;

    give(book, part, "", 0, Z_FINISH);
    (void)deflateEnd(&book->deflate);
    end = ftell(book->file);
    if (end > INT32_MAX || fseek(book->file, part->place, SEEK_SET) != 0)
        stop("make_workbook: a workbook of more than 2 GiB");
    put_local(book->file, part);
    (void)fseek(book->file, end, SEEK_SET);
}

static void small_part(struct book *book, const char *name, const char *text)
{
    struct part *part = open_part(book, name);

    give(book, part, text, strlen(text), Z_NO_FLUSH);
    close_part(book, part);
}

static void put_directory(struct book *book)
{
    long start = ftell(book->file);
    long size;

    for (int i = 0; i < book->part_count; i++) {
        put_bytes(book->file, 0x02014b50, 4);
        put_bytes(book->file, 20, 2);
        put_entry(book->file, &book->parts[i]);
        put_bytes(book->file, 0, 10); /* comment, disk, attributes */
        put_bytes(book->file, book->parts[i].place, 4);
        fputs(book->parts[i].name, book->file);
    }
    size = ftell(book->file) - start;
    put_bytes(book->file, 0x06054b50, 4);
    put_bytes(book->file, 0, 4);
    put_bytes(book->file, (uint64_t)book->part_count, 2);
    put_bytes(book->file, (uint64_t)book->part_count, 2);
    put_bytes(book->file, (uint64_t)size, 4);
    put_bytes(book->file, (uint64_t)start, 4);
    put_bytes(book->file, 0, 2);
}

/* ---- cells */

static void put_reference(struct out *out, int column, uint64_t row)
{
    if (column >= 26)
        put(out, (char)('A' + column / 26 - 1));
    put(out, (char)('A' + column % 26));
    put_number(out, row, 1);
}

/* The value's text comes next, then close_cell. type: NULL for a number. */
static struct out *open_cell(struct book *book, int format, const char *type)
{
    struct out *out = &book->out;

    put_text(out, "<c r=\"");
    put_reference(out, book->column++, book->row);
    put(out, '"');
    if (format != PLAIN) {
        put_text(out, " s=\"");
        put_number(out, (uint64_t)format, 1);
        put(out, '"');
    }
    if (type) {
        put_text(out, " t=\"");
        put_text(out, type);
        put(out, '"');
    }
    put_text(out, "><v>");
    return out;
}

static void close_cell(struct book *book)
{
    put_text(&book->out, "</v></c>");
}

static void integer(struct book *book, uint64_t value, int format)
{
    put_number(open_cell(book, format, NULL), value, 1);
    close_cell(book);
}

static void identifier(struct book *book)
{
    integer(book, 100000000000000u + next(&book->out) % 900000000000000u, PLAIN);
}

static void money(struct book *book, uint32_t limit)
{
    uint32_t cents = below(&book->out, limit);

    put_double(open_cell(book, MONEY, NULL), cents / 100.0);
    close_cell(book);
}

static void ratio(struct book *book)
{
    put_ratio(open_cell(book, PLAIN, NULL));
    close_cell(book);
}

/* 17 digits, half of them negative. */
static void measure(struct book *book)
{
    struct out *out = open_cell(book, MONEY, NULL);

    if (below(out, 2))
        put(out, '-');
    put_ratio(out);
    close_cell(book);
}

static uint32_t day(struct book *book)
{
    return 42005 + below(&book->out, 3650); /* 2015-01-01 and later */
}

static void moment(struct book *book)
{
    uint32_t days = day(book);

    put_double(open_cell(book, MOMENT, NULL), days + below(&book->out, 86400) / 86400.0);
    close_cell(book);
}

static void truth(struct book *book, uint32_t of)
{
    uint32_t value = below(&book->out, of) > 0;

    put_number(open_cell(book, PLAIN, "b"), value, 1);
    close_cell(book);
}

static void text_cell(struct book *book, uint32_t index, int format)
{
    book->uses++;
    put_number(open_cell(book, format, "s"), index, 1);
    close_cell(book);
}

/* Where the next shared text goes; close_text gives its index. */
static struct out *open_text(struct book *book)
{
    struct out *shared = &book->shared;

    if (book->shared_room - shared->size < ROOM) {
        book->shared_room = 2 * book->shared_room + ROOM;
        shared->bytes = realloc(shared->bytes, book->shared_room);
        if (!shared->bytes)
            stop("make_workbook");
    }
    put_text(shared, "<si><t>");
    return shared;
}

static uint32_t close_text(struct book *book)
{
    put_text(&book->shared, "</t></si>");
    return book->texts++;
}

static uint32_t add_text(struct book *book, const char *text)
{
    put_text(open_text(book), text);
    return close_text(book);
}

/* 30 to 55 bytes, some with what XML escapes, a newline or letters of more than one byte. */
static void comment(struct book *book)
{
    static const char *const links[] = { " &amp; ", "\nsecond line ", " – naïve café ", ", see above ", " &lt;as agreed&gt; " };
    struct out *shared = open_text(book);
    uint32_t link = below(shared, 16);

    put_words(shared, 15 + below(shared, 12));
    put_text(shared, link < sizeof links / sizeof links[0] ? links[link] : " and so on ");
    put_words(shared, 8 + below(shared, 12));
    text_cell(book, close_text(book), PLAIN);
}

/* ---- kinds. The shared texts begin with the categories, names and words, in this order. */

static void category(struct book *book)
{
    text_cell(book, below(&book->out, CATEGORIES), PLAIN);
}

static void customer(struct book *book)
{
    text_cell(book, CATEGORIES + below(&book->out, NAMES), PLAIN);
}

static void word(struct book *book)
{
    text_cell(book, CATEGORIES + NAMES + below(&book->out, WORDS), PLAIN);
}

/* An empty cell in all but one of so many rows; never in the first, where other readers look for the types. */
static bool left_out(struct book *book, uint32_t filled, uint32_t of)
{
    if (below(&book->out, of) < filled || book->row == 2)
        return false;
    book->column++;
    return true;
}

static void orders_row(struct book *book)
{
    integer(book, book->row - 1, PLAIN);
    identifier(book);
    money(book, 10000000);
    ratio(book);
    integer(book, day(book), DATE);
    moment(book);
    truth(book, 3);
    category(book);
    customer(book);
    if (!left_out(book, 9, 10))
        integer(book, below(&book->out, 500), PLAIN);
    if (!left_out(book, 1, 3))
        money(book, 50);
    if (!left_out(book, 19, 20))
        comment(book);
}

static void journal_row(struct book *book)
{
    orders_row(book);
    comment(book);
}

static void wide_row(struct book *book)
{
    while (book->column < WIDE_COLUMNS) {
        switch (book->column % 8) {
        case 0:
            integer(book, book->row + (uint64_t)book->column, PLAIN);
            break;
        case 1:
            money(book, 100000);
            break;
        case 2:
            category(book);
            break;
        case 3:
            integer(book, below(&book->out, 1000), PLAIN);
            break;
        case 4:
            truth(book, 2);
            break;
        case 5:
            integer(book, day(book), DATE);
            break;
        case 6:
            if (!left_out(book, 3, 4))
                integer(book, below(&book->out, 10), PLAIN);
            break;
        default:
            word(book);
        }
    }
}

static void long_row(struct book *book)
{
    integer(book, book->row - 1, PLAIN);
    moment(book);
    moment(book);
    truth(book, 3);
    category(book);
    customer(book);
    while (book->column < LONG_COLUMNS)
        measure(book);
}

struct kind {
    const char *name;
    int columns;
    void (*row)(struct book *book);
};

static const struct kind kinds[] = { { "orders", ORDER_COLUMNS, orders_row },
                                     { "journal", ORDER_COLUMNS + 1, journal_row },
                                     { "wide", WIDE_COLUMNS, wide_row },
                                     { "long", LONG_COLUMNS, long_row } };

/* ---- parts */

#define XML       "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n"
#define MAIN      "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE   "http://schemas.openxmlformats.org/package/2006"
#define EXTENSION                                                                                                              \
    "xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" mc:Ignorable=\"x14ac\" "                         \
    "xmlns:x14ac=\"http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac\""
#define CONTENT "application/vnd.openxmlformats-officedocument.spreadsheetml."

static void put_header(struct book *book, const struct kind *kind)
{
    static const char *const order_names[] = { "id",         "token",   "amount",   "ratio",    "order_date",
                                               "created_at", "active",  "category", "customer", "quantity",
                                               "discount",   "comment", "remark" };
    char name[MOST_NAME];

    book->row = 1;
    while (book->column < kind->columns) {
        if (kind->columns <= ORDER_COLUMNS + 1)
            (void)snprintf(name, sizeof name, "%s", order_names[book->column]);
        else
            (void)snprintf(name, sizeof name, "column_%03d", book->column);
        text_cell(book, add_text(book, name), BOLD);
    }
}

static void put_sheet(struct book *book, const struct kind *kind, uint64_t rows, int number)
{
    struct out *out = &book->out;
    char name[MOST_NAME];
    struct part *part;

    (void)snprintf(name, sizeof name, "xl/worksheets/sheet%d.xml", number);
    part = open_part(book, name);
    put_text(out, XML "<worksheet xmlns=\"" MAIN "\" xmlns:r=\"" RELATIONS "\" " EXTENSION "><dimension ref=\"A1:");
    put_reference(out, kind->columns - 1, rows + 1);
    put_text(
        out,
        "\"/><sheetViews><sheetView workbookViewId=\"0\"/></sheetViews><sheetFormatPr defaultRowHeight=\"15\"/><sheetData>");
    for (uint64_t row = 1; row <= rows + 1; row++) {
        book->row = row;
        book->column = 0;
        put_text(out, "<row r=\"");
        put_number(out, row, 1);
        put_text(out, "\" spans=\"1:");
        put_number(out, (uint64_t)kind->columns, 1);
        put_text(out, "\" ht=\"15.75\" customHeight=\"1\" x14ac:dyDescent=\"0.25\">");
        if (row == 1)
            put_header(book, kind);
        else
            kind->row(book);
        put_text(out, "</row>");
        if (out->size >= BLOCK) {
            give(book, part, out->bytes, out->size, Z_NO_FLUSH);
            out->size = 0;
        }
    }
    put_text(out, "</sheetData><pageMargins left=\"0.7\" right=\"0.7\" top=\"0.75\" bottom=\"0.75\" header=\"0.3\" "
                  "footer=\"0.3\"/></worksheet>");
    give(book, part, out->bytes, out->size, Z_NO_FLUSH);
    out->size = 0;
    close_part(book, part);
}

static void put_strings(struct book *book)
{
    struct part *part = open_part(book, "xl/sharedStrings.xml");
    char head[256];
    int size = snprintf(head, sizeof head, XML "<sst xmlns=\"" MAIN "\" count=\"%u\" uniqueCount=\"%u\">", (unsigned)book->uses,
                        (unsigned)book->texts);

    give(book, part, head, (size_t)size, Z_NO_FLUSH);
    for (size_t at = 0; at < book->shared.size; at += BLOCK)
        give(book, part, book->shared.bytes + at, book->shared.size - at < BLOCK ? book->shared.size - at : BLOCK, Z_NO_FLUSH);
    give(book, part, "</sst>", 6, Z_NO_FLUSH);
    close_part(book, part);
}

static void put_styles(struct book *book)
{
    small_part(
        book, "xl/styles.xml",
        XML "<styleSheet xmlns=\"" MAIN
            "\"><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss\"/></numFmts>"
            "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>"
            "<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>"
            "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill "
            "patternType=\"gray125\"/></fill></fills>"
            "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
            "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs><cellXfs "
            "count=\"5\">"
            "<xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>"
            "<xf numFmtId=\"14\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
            "<xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
            "<xf numFmtId=\"4\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
            "<xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/></cellXfs></styleSheet>");
}

static void put_workbook(struct book *book, int sheets)
{
    static char text[8192];
    struct out out = { .bytes = text };

    put_text(&out, XML "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" RELATIONS "\"><sheets>");
    for (int i = 1; i <= sheets; i++)
        out.size += (size_t)sprintf(text + out.size, "<sheet name=\"Sheet%d\" sheetId=\"%d\" r:id=\"rId%d\"/>", i, i, i);
    put_text(&out, "</sheets></workbook>");
    put(&out, '\0');
    small_part(book, "xl/workbook.xml", text);

    out.size = 0;
    put_text(&out, XML "<Relationships xmlns=\"" PACKAGE "/relationships\">");
    for (int i = 1; i <= sheets; i++)
        out.size += (size_t)sprintf(
            text + out.size, "<Relationship Id=\"rId%d\" Type=\"" RELATIONS "/worksheet\" Target=\"worksheets/sheet%d.xml\"/>",
            i, i);
    put_text(&out,
             "<Relationship Id=\"rId90\" Type=\"" RELATIONS "/styles\" Target=\"styles.xml\"/>"
             "<Relationship Id=\"rId91\" Type=\"" RELATIONS "/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>");
    put(&out, '\0');
    small_part(book, "xl/_rels/workbook.xml.rels", text);

    out.size = 0;
    put_text(&out, XML "<Types xmlns=\"" PACKAGE
                       "/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package"
                       ".relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/>"
                       "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" CONTENT "sheet.main+xml\"/>"
                       "<Override PartName=\"/xl/styles.xml\" ContentType=\"" CONTENT "styles+xml\"/>"
                       "<Override PartName=\"/xl/sharedStrings.xml\" ContentType=\"" CONTENT "sharedStrings+xml\"/>");
    for (int i = 1; i <= sheets; i++)
        out.size += (size_t)sprintf(
            text + out.size, "<Override PartName=\"/xl/worksheets/sheet%d.xml\" ContentType=\"" CONTENT "worksheet+xml\"/>", i);
    put_text(&out, "</Types>");
    put(&out, '\0');
    small_part(book, "[Content_Types].xml", text);
    small_part(book, "_rels/.rels",
               XML "<Relationships xmlns=\"" PACKAGE "/relationships\"><Relationship Id=\"rId1\" Type=\"" RELATIONS
                   "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>");
}

static int usage(void)
{
    fputs("usage: make_workbook orders|journal|wide|long ROWS SHEETS OUTPUT\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static struct book book = { .out = { .random = 20260102 }, .shared = { .random = 20260103 } };
    const struct kind *kind = NULL;
    uint64_t rows = argc == 5 ? strtoull(argv[2], NULL, 10) : 0;
    int sheets = argc == 5 ? atoi(argv[3]) : 0;

    for (size_t i = 0; argc == 5 && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, argv[1]) == 0)
            kind = &kinds[i];
    }
    if (!kind || rows == 0 || rows > 1048575 || sheets < 1 || sheets > 8)
        return usage();
    book.out.bytes = malloc(BLOCK + ROOM);
    book.file = fopen(argv[4], "wb");
    if (!book.out.bytes || !book.file)
        stop("make_workbook");
    for (int i = 0; i < CATEGORIES; i++)
        add_text(&book, categories[i]);
    for (int i = 0; i < NAMES; i++)
        add_text(&book, names[i]);
    for (int i = 0; i < WORDS; i++)
        add_text(&book, words[i]);
    for (int i = 1; i <= sheets; i++)
        put_sheet(&book, kind, rows, i);
    put_strings(&book);
    put_styles(&book);
    put_workbook(&book, sheets);
    put_directory(&book);
    free(book.out.bytes);
    free(book.shared.bytes);
    return fclose(book.file) == 0 ? 0 : 1;
}
