/* Makes the XML document and the dBase table of the benchmark. Deterministic: the same arguments give the same bytes on every machine.
 *
 *   make_documents xml|dbf ROWS > file
 *
 * - xml: orders with two attributes and nine elements, about 375 bytes a row: integers, money, 15-17 digit floats, date, timestamp, bool,
 *   category, UTF-8 names, text with entities; one element is missing now and then
 * - dbf: Visual FoxPro, 15 fields, 129 bytes a record: whole numbers, money, dates, times, logical values, texts; some are blank */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

enum { OUT_SIZE = 1 << 20, ROW_ROOM = 1 << 12, BACKLINK = 263, MILLISECONDS = 86400000, DAY_2015 = 2457024 };

static void flush(struct out *out)
{
    if (fwrite(out->bytes, 1, out->size, stdout) != out->size) {
        perror("make_documents");
        exit(1);
    }
    out->size = 0;
}

/* ---- XML */

static void xml_header(struct out *out, uint64_t rows)
{
    (void)rows;
    put_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<orders>\n");
}

static void xml_row(struct out *out, uint64_t row)
{
    put_text(out, "  <order id=\"");
    put_number(out, row + 1, 1);
    put_text(out, below(out, 3) ? "\" state=\"paid\">\n    <customer>" : "\" state=\"open\">\n    <customer>");
    put_text(out, names[below(out, NAMES)]);
    put_text(out, "</customer>\n    <day>");
    put_date(out, below(out, 3650));
    put_text(out, "</day>\n    <created>");
    put_date(out, below(out, 3650));
    put(out, 'T');
    put_time(out, below(out, 86400));
    put_text(out, "</created>\n    <amount>");
    put_fixed(out, below(out, 10000000), 2);
    put_text(out, "</amount>\n    <ratio>");
    put_ratio(out);
    put_text(out, below(out, 3) ? "</ratio>\n    <active>true" : "</ratio>\n    <active>false");
    put_text(out, "</active>\n    <category>");
    put_text(out, categories[below(out, CATEGORIES)]);
    put_text(out, "</category>\n");
    if (below(out, 10)) {
        put_text(out, "    <pieces>");
        put_number(out, below(out, 500), 1);
        put_text(out, "</pieces>\n");
    }
    put_text(out, "    <comment>");
    put_words(out, 15 + below(out, 12));
    put_text(out, below(out, 4) ? ", as agreed, " : " &amp; &lt;more&gt; ");
    put_words(out, 8 + below(out, 12));
    put_text(out, "</comment>\n  </order>\n");
}

static void xml_footer(struct out *out)
{
    put_text(out, "</orders>\n");
}

/* ---- dBase: fields in the order in which dbf_row fills them */

static const struct {
    const char *name;
    char type;
    uint8_t size, decimals;
} fields[] = {
    { "ID", 'I', 4, 0 },      { "CUSTOMER", 'C', 20, 0 }, { "DAY", 'D', 8, 0 },      { "CREATED", 'T', 8, 0 },
    { "AMOUNT", 'N', 12, 2 }, { "RATIO", 'B', 8, 4 },     { "ACTIVE", 'L', 1, 0 },   { "CATEGORY", 'C', 8, 0 },
    { "PIECES", 'N', 5, 0 },  { "PRICE", 'Y', 8, 4 },     { "NUMBER", 'N', 10, 0 },  { "SHARE", 'F', 9, 4 },
    { "STATE", 'C', 4, 0 },   { "PAID", 'D', 8, 0 },      { "COMMENT", 'C', 15, 0 },
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

/* Little-endian. */
static void put_bytes(struct out *out, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        put(out, (char)(value >> (8 * i)));
}

/* A text of the field: cut, or filled with blanks, behind it or in front of it. */
static void fit(struct out *out, size_t from, size_t size, bool right)
{
    const size_t has = out->size - from;

    if (has < size) {
        memmove(out->bytes + from + (right ? size - has : 0), out->bytes + from, has);
        memset(out->bytes + from + (right ? 0 : has), ' ', size - has);
    }
    out->size = from + size;
}

static void put_day(struct out *out)
{
    const size_t from = out->size;

    put_date(out, below(out, 3650));
    memmove(out->bytes + from + 4, out->bytes + from + 5, 2);
    memmove(out->bytes + from + 6, out->bytes + from + 8, 2);
    out->size = from + 8;
}

static void dbf_header(struct out *out, uint64_t rows)
{
    uint32_t record = 1, displacement = 1;

    for (int i = 0; i < FIELDS; i++)
        record += fields[i].size;
    put_bytes(out, 0x30, 1);
    put_bytes(out, 0x0B061A, 3);
    put_bytes(out, rows, 4);
    put_bytes(out, 32 + 32 * FIELDS + 1 + BACKLINK, 2);
    put_bytes(out, record, 2);
    put_bytes(out, 0, 16);
    put_bytes(out, 0, 1);
    put_bytes(out, 0x03, 1); /* windows-1252 */
    put_bytes(out, 0, 2);
    for (int i = 0; i < FIELDS; i++) {
        memset(out->bytes + out->size, 0, 32);
        memcpy(out->bytes + out->size, fields[i].name, strlen(fields[i].name));
        out->bytes[out->size + 11] = fields[i].type;
        out->bytes[out->size + 12] = (char)displacement;
        out->bytes[out->size + 16] = (char)fields[i].size;
        out->bytes[out->size + 17] = (char)fields[i].decimals;
        out->size += 32;
        displacement += fields[i].size;
    }
    put(out, '\r');
    memset(out->bytes + out->size, 0, BACKLINK);
    out->size += BACKLINK;
}

static void put_binary(struct out *out, char type)
{
    const double ratio = (double)(next(out) >> 11) * 0x1p-53;
    uint64_t bits;

    switch (type) {
    case 'T':
        put_bytes(out, DAY_2015 + below(out, 3650), 4);
        put_bytes(out, below(out, MILLISECONDS / 1000) * 1000, 4);
        break;
    case 'B':
        memcpy(&bits, &ratio, sizeof bits);
        put_bytes(out, bits, 8);
        break;
    default:
        put_bytes(out, below(out, 100000000), 8);
    }
}

static void put_text_field(struct out *out, int place)
{
    static const char *const states[] = { "open", "paid", "sent", "back" };
    const size_t from = out->size;

    switch (place) {
    case 1:
        put_text(out, below(out, 2) ? "John Smith" : "Mary Jones");
        break;
    case 7:
        put_text(out, categories[below(out, CATEGORIES)]);
        break;
    case 12:
        put_text(out, states[below(out, 4)]);
        break;
    default:
        put_words(out, 6);
    }
    fit(out, from, fields[place].size, false);
}

static void put_digits(struct out *out, int place)
{
    const size_t from = out->size;

    if (below(out, 20) != 0 && fields[place].decimals != 0)
        put_fixed(out, below(out, 10000000), fields[place].decimals);
    else if (below(out, 20) != 0)
        put_number(out, below(out, 50000), 1);
    fit(out, from, fields[place].size, true);
}

static void dbf_row(struct out *out, uint64_t row)
{
    put(out, ' ');
    for (int i = 0; i < FIELDS; i++) {
        switch (fields[i].type) {
        case 'I':
            put_bytes(out, row + 1, 4);
            break;
        case 'C':
            put_text_field(out, i);
            break;
        case 'D':
            put_day(out);
            break;
        case 'L':
            put(out, below(out, 3) ? 'T' : 'F');
            break;
        case 'N':
        case 'F':
            put_digits(out, i);
            break;
        default:
            put_binary(out, fields[i].type);
        }
    }
}

static void dbf_footer(struct out *out)
{
    put(out, 0x1a);
}

static const struct kind {
    const char *name;
    void (*header)(struct out *out, uint64_t rows);
    void (*row)(struct out *out, uint64_t row);
    void (*footer)(struct out *out);
} kinds[] = { { "xml", xml_header, xml_row, xml_footer }, { "dbf", dbf_header, dbf_row, dbf_footer } };

int main(int argc, char **argv)
{
    const struct kind *kind = argc == 3 && strcmp(argv[1], "dbf") == 0 ? &kinds[1] : &kinds[0];
    struct out out = { .bytes = malloc(OUT_SIZE + ROW_ROOM), .random = 20261123 };
    const uint64_t rows = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

    if (rows == 0 || rows > INT32_MAX || strcmp(kind->name, argv[1]) != 0 || out.bytes == NULL) {
        fputs("usage: make_documents xml|dbf ROWS > file\n", stderr);
        return 2;
    }
    kind->header(&out, rows);
    for (uint64_t row = 0; row < rows; row++) {
        kind->row(&out, row);
        if (out.size >= OUT_SIZE)
            flush(&out);
    }
    kind->footer(&out);
    flush(&out);
    free(out.bytes);
    return fflush(stdout) == 0 ? 0 : 1;
}
