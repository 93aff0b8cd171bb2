/* The options of the reader, and what their texts mean. */
#include <string.h>

#include "formats/csv/csv.h"

struct word {
    const char *text;
    const char *bytes;
};
static const struct word delimiter_words[] = {
    { "tab", "\t" },       { "\\t", "\t" },  { "comma", "," },   { "semicolon", ";" },  { "pipe", "|" },
    { "space", " " },      { "blank", " " }, { "colon", ":" },   { "backslash", "\\" }, { "single", "'" },
    { "apostrophe", "'" }, { "hash", "#" },  { "double", "\"" }, { "\\\\", "\\" },
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool csv_option_bytes(const char *text, uint8_t to[CSV_SEQUENCE], uint8_t *size)
{
    *size = 0;
    for (size_t i = 0; i < PF_COUNT(delimiter_words); i++) {
        if (pf_same_word(text, delimiter_words[i].text)) {
            to[0] = (uint8_t)delimiter_words[i].bytes[0];
            *size = 1;
            return true;
        }
    }
    while (*text != '\0') {
        bool hex = text[0] == '\\' && text[1] == 'x' && hex_value(text[2]) >= 0 && hex_value(text[3]) >= 0;

        if (*size == CSV_SEQUENCE)
            return false;
        to[(*size)++] = hex ? (uint8_t)(hex_value(text[2]) * 16 + hex_value(text[3])) : (uint8_t)*text;
        text += hex ? 4 : 1;
    }
    return *size != 0;
}

const char *csv_show_bytes(const uint8_t *bytes, size_t size, char to[4 * CSV_SEQUENCE + 1])
{
    static const char hex[] = "0123456789abcdef";
    char *end = to;

    for (size_t i = 0; i < size && i < CSV_SEQUENCE; i++) {
        if (bytes[i] == '\t') {
            *end++ = '\\';
            *end++ = 't';
        } else if (bytes[i] < 0x20 || bytes[i] == 0x7F) {
            *end++ = '\\';
            *end++ = 'x';
            *end++ = hex[bytes[i] >> 4];
            *end++ = hex[bytes[i] & 15];
        } else {
            *end++ = (char)bytes[i];
        }
    }
    *end = '\0';
    return to;
}

/* ---- dialect */

static bool has_line_end(const uint8_t *bytes, size_t size)
{
    return memchr(bytes, '\n', size) != NULL || memchr(bytes, '\r', size) != NULL;
}

static enum pf_status read_sequence(const char *name, const char *text, uint8_t to[CSV_SEQUENCE], uint8_t *size,
                                    struct pf_error *err)
{
    if (!csv_option_bytes(text, to, size)) {
        pf_fail(err, PF_BAD_OPTION, "--%s '%s' has to be 1 to %d bytes", name, text, CSV_SEQUENCE);
        pf_remedy(err, "give a character, or a word such as tab, comma, semicolon, pipe, space");
        return err->status;
    }
    if (has_line_end(to, *size))
        return pf_fail(err, PF_BAD_OPTION, "--%s cannot be a line end", name);
    return PF_OK;
}

/* A quote or escape; "none" and "" give -1. */
static enum pf_status read_byte(const char *name, const char *text, int *out, struct pf_error *err)
{
    uint8_t bytes[CSV_SEQUENCE], size;

    *out = -1;
    if (text[0] == '\0' || pf_same_word(text, "none"))
        return PF_OK;
    if (read_sequence(name, text, bytes, &size, err) != PF_OK)
        return err->status;
    if (size != 1)
        return pf_fail(err, PF_UNSUPPORTED, "--%s '%s' is more than one byte", name, text);
    if (bytes[0] == 0 || bytes[0] >= 0x80)
        return pf_fail(err, PF_BAD_OPTION, "--%s has to be an ASCII character", name);
    *out = bytes[0];
    return PF_OK;
}

static enum pf_status check_distinct(const struct csv_dialect *dialect, const struct csv_given *given, struct pf_error *err)
{
    for (size_t i = 0; given->delimiter && i < dialect->delimiter_size; i++) {
        if (given->quote && dialect->delimiter[i] == dialect->quote)
            return pf_fail(err, PF_BAD_OPTION, "--delimiter and --quote cannot be the same");
        if (given->escape && dialect->delimiter[i] == dialect->escape)
            return pf_fail(err, PF_BAD_OPTION, "--delimiter and --escape cannot be the same");
    }
    if (given->comment && given->delimiter && dialect->comment_size != 0 && dialect->comment[0] == dialect->delimiter[0])
        return pf_fail(err, PF_BAD_OPTION, "--comment and --delimiter cannot begin alike");
    if (given->comment && given->quote && dialect->comment_size != 0 && dialect->comment[0] == dialect->quote)
        return pf_fail(err, PF_BAD_OPTION, "--comment and --quote cannot begin alike");
    return PF_OK;
}

enum pf_status csv_dialect_options(const struct pf_csv_read_options *options, struct csv_dialect *dialect,
                                   struct csv_given *given, struct pf_error *err)
{
    *dialect = (struct csv_dialect){ .delimiter = ",", .delimiter_size = 1, .quote = '"', .escape = -1 };
    *given = (struct csv_given){ .delimiter = options->delimiter != NULL && !pf_same_word(options->delimiter, "auto"),
                                 .quote = options->quote != NULL && !pf_same_word(options->quote, "auto"),
                                 .escape = options->escape != NULL && !pf_same_word(options->escape, "auto"),
                                 .comment = options->comment != NULL && !pf_same_word(options->comment, "auto") };
    if (given->delimiter &&
        read_sequence("delimiter", options->delimiter, dialect->delimiter, &dialect->delimiter_size, err) != PF_OK)
        return err->status;
    if (given->quote && read_byte("quote", options->quote, &dialect->quote, err) != PF_OK)
        return err->status;
    if (given->escape && read_byte("escape", options->escape, &dialect->escape, err) != PF_OK)
        return err->status;
    if (given->comment && options->comment[0] != '\0' && !pf_same_word(options->comment, "none") &&
        read_sequence("comment", options->comment, dialect->comment, &dialect->comment_size, err) != PF_OK)
        return err->status;
    if (given->quote && dialect->escape == dialect->quote)
        dialect->escape = -1;
    return check_distinct(dialect, given, err);
}

/* ---- header */

enum pf_status csv_header_option(const char *text, struct pf_header_option *out, struct pf_error *err)
{
    return pf_header_option_parse(text, "line", INT64_C(999999999999999), out, err);
}

/* ---- numbers */

static bool is_number_mark(uint8_t byte)
{
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';

    return byte > 0x1F && byte != 0x7F && !letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '+';
}

enum pf_status csv_number_option(const struct pf_csv_read_options *options, struct pf_number_form *out, bool *given,
                                 struct pf_error *err)
{
    uint8_t bytes[CSV_SEQUENCE], size = 0;

    *out = (struct pf_number_form){ .decimal = '.' };
    if (options->decimal != NULL) {
        if (!csv_option_bytes(options->decimal, bytes, &size) || size != 1 || bytes[0] >= 0x80 || !is_number_mark(bytes[0]) ||
            bytes[0] == ' ')
            return pf_fail(err, PF_BAD_OPTION, "--decimal '%.20s' has to be a character such as , or .", options->decimal);
        out->decimal = bytes[0];
    }
    *given = out->decimal != '.';
    if (options->thousands == NULL || options->thousands[0] == '\0' || pf_same_word(options->thousands, "none"))
        return PF_OK;
    if (!csv_option_bytes(options->thousands, bytes, &size) || size > sizeof out->thousands || !is_number_mark(bytes[0]))
        return pf_fail(err, PF_BAD_OPTION, "--thousands '%.20s' has to be a character such as . or , or space",
                       options->thousands);
    if (size == 1 && bytes[0] == out->decimal) {
        pf_fail(err, PF_BAD_OPTION, "--thousands and --decimal cannot be the same");
        pf_remedy(err, "give both, as --decimal , --thousands .");
        return err->status;
    }
    memcpy(out->thousands, bytes, size);
    out->thousands_size = size;
    *given = true;
    return PF_OK;
}

/* Whether text is the byte, or has it. */
static bool has_byte(const uint8_t *text, size_t size, int byte)
{
    return byte >= 0 && memchr(text, byte, size) != NULL;
}

enum pf_status csv_number_check(const struct pf_number_form *form, const struct csv_dialect *dialect,
                                const struct csv_given *given, struct pf_error *err)
{
    const bool never_quoted = given->quote && dialect->quote < 0 && given->delimiter;

    if (form->decimal == dialect->quote)
        return pf_fail(err, PF_BAD_OPTION, "--decimal and the quote cannot be the same");
    if (has_byte(form->thousands, form->thousands_size, dialect->quote))
        return pf_fail(err, PF_BAD_OPTION, "--thousands and the quote cannot be the same");
    if (!never_quoted)
        return PF_OK;
    if (has_byte(dialect->delimiter, dialect->delimiter_size, form->decimal)) {
        pf_fail(err, PF_BAD_OPTION, "--decimal and --delimiter cannot be the same where there are no quotes");
        pf_remedy(err, "numbers with a decimal comma are mostly parted by semicolons: --delimiter ';'");
        return err->status;
    }
    if (form->thousands_size != 0 && memcmp(form->thousands, dialect->delimiter, form->thousands_size) == 0)
        return pf_fail(err, PF_BAD_OPTION, "--thousands and --delimiter cannot be the same where there are no quotes");
    return PF_OK;
}

/* ---- null values */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

enum pf_status csv_null_option(const char *text, struct pf_arena *arena, struct csv_null_list *out, struct pf_error *err)
{
    uint32_t count = 1;

    *out = (struct csv_null_list){ 0 };
    if (text == NULL || text[0] == '\0')
        return PF_OK;
    for (const char *at = text; *at != '\0'; at++)
        count += *at == ',';
    text = pf_arena_copy(arena, text, strlen(text));
    out->items = pf_arena_alloc(arena, count * sizeof *out->items);
    if (text == NULL || out->items == NULL)
        return pf_fail_memory(err, count * sizeof *out->items);
    while (out->count < count) {
        size_t whole = strcspn(text, ","), skip = strspn(text, " \t"), size = whole;
        struct csv_null *item = &out->items[out->count++];

        if (skip == whole)
            skip = 0; /* blanks alone are meant */
        else
            while (is_blank(text[size - 1]))
                size--;
        item->text = (const uint8_t *)text + skip;
        item->size = (uint32_t)(size - skip);
        out->sizes |= UINT64_C(1) << (item->size < 63 ? item->size : 63);
        text += whole + 1;
    }
    return PF_OK;
}

/* ---- all of them */

static enum pf_status check_encoding(const char *name, struct pf_memory *memory, struct pf_error *err)
{
    struct pf_decoder *decoder;

    if (name == NULL || pf_same_word(name, "auto") || pf_encoding_is_utf8(name))
        return PF_OK;
    if (pf_decoder_new(&decoder, memory, name, err) == PF_OK)
        pf_decoder_free(decoder);
    return err->status;
}

enum pf_status csv_check(const void *options, struct pf_memory *memory, struct pf_error *err)
{
    const struct pf_csv_read_options *set = options;
    struct pf_header_option header;
    struct pf_number_form form;
    struct csv_dialect dialect;
    struct csv_given given;
    bool numbers;

    if (set->skip_rows < 0)
        return pf_fail(err, PF_BAD_OPTION, "--skip-rows cannot be negative");
    if (csv_header_option(set->header, &header, err) != PF_OK || csv_number_option(set, &form, &numbers, err) != PF_OK ||
        csv_dialect_options(set, &dialect, &given, err) != PF_OK || csv_number_check(&form, &dialect, &given, err) != PF_OK)
        return err->status;
    return check_encoding(set->encoding, memory, err);
}
