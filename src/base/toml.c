/* The reader of TOML files. Source: TOML 1.0.0, of which it takes the part that the header tells. */
#include "base/toml.h"

#include <stdio.h>
#include <string.h>

#include "base/folder.h"
#include "base/number.h"
#include "base/text.h"

enum { NAME_MOST = 128 };

struct reader {
    const char *at, *end;
    int64_t line;
    struct pf_toml *to;
    const char *table; /* the one that entries go to */
    struct pf_error *err;
};

void pf_toml_init(struct pf_toml *toml, struct pf_memory *memory)
{
    memset(toml, 0, sizeof *toml);
    pf_arena_init(&toml->arena, memory, SIZE_MAX);
}

void pf_toml_free(struct pf_toml *toml)
{
    struct pf_memory *memory = toml->arena.memory;

    pf_free(memory, toml->entries);
    pf_free(memory, toml->tables);
    pf_arena_free(&toml->arena);
    pf_toml_init(toml, memory);
}

const char *pf_toml_kind_word(enum pf_toml_kind kind)
{
    static const char *const words[] = {
        [PF_TOML_TEXT] = "a text",        [PF_TOML_INTEGER] = "a whole number", [PF_TOML_FLOAT] = "a number",
        [PF_TOML_BOOL] = "true or false", [PF_TOML_ARRAY] = "an array",
    };

    return words[kind];
}

/* ---- errors */

static enum pf_status bad(struct reader *r, const char *found)
{
    pf_fail(r->err, PF_BAD_DATA, "%s", found);
    r->err->line = r->line;
    return PF_BAD_DATA;
}

static enum pf_status too_many(struct reader *r, const char *what, int most)
{
    pf_fail(r->err, PF_LIMIT, "more than %d %s", most, what);
    r->err->line = r->line;
    return PF_LIMIT;
}

/* Room for one more of size bytes each in an array that pf_free takes. NULL = refused (err is filled). */
static void *grow(struct reader *r, void *array, uint32_t count, uint32_t *capacity, size_t size)
{
    uint32_t wanted = *capacity * 2 + 8;
    void *larger;

    if (count < *capacity)
        return array;
    larger = pf_resize(r->to->arena.memory, array, wanted * size);
    if (larger != NULL)
        *capacity = wanted;
    else
        pf_fail_memory(r->err, wanted * size);
    return larger;
}

static enum pf_status keep(struct reader *r, const char *text, size_t size, const char **kept)
{
    *kept = pf_arena_copy(&r->to->arena, text, size);
    return *kept != NULL ? PF_OK : pf_fail_memory(r->err, size);
}

/* ---- between the words */

static char next(const struct reader *r)
{
    return r->at < r->end ? *r->at : '\0';
}

static void skip_blanks(struct reader *r)
{
    while (next(r) == ' ' || next(r) == '\t')
        r->at++;
}

/* Takes a line's end if there is one here. */
static bool take_newline(struct reader *r)
{
    if (next(r) == '\r' && r->end - r->at > 1 && r->at[1] == '\n')
        r->at++;
    if (next(r) != '\n')
        return false;
    r->at++;
    r->line++;
    return true;
}

static bool is_control(char byte)
{
    return ((unsigned char)byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* Up to the line's end. */
static enum pf_status skip_comment(struct reader *r)
{
    if (next(r) != '#')
        return PF_OK;
    while (r->at < r->end && !is_control(*r->at))
        r->at++;
    if (r->at == r->end || *r->at == '\n' || (*r->at == '\r' && r->end - r->at > 1 && r->at[1] == '\n'))
        return PF_OK;
    return bad(r, "a control character in a comment");
}

static enum pf_status end_line(struct reader *r, const char *after)
{
    char message[96];

    skip_blanks(r);
    if (skip_comment(r) != PF_OK)
        return r->err->status;
    if (r->at == r->end || take_newline(r))
        return PF_OK;
    (void)snprintf(message, sizeof message, "something follows %s on the same line", after);
    return bad(r, message);
}

/* Blanks, comments and lines' ends, as they may stand between the items of an array. */
static enum pf_status skip_lines(struct reader *r)
{
    do {
        skip_blanks(r);
        if (skip_comment(r) != PF_OK)
            return r->err->status;
    } while (take_newline(r));
    return PF_OK;
}

/* ---- texts */

/* As many hexadecimal digits as given. */
static enum pf_status take_code(struct reader *r, int digits, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < digits; i++, r->at++) {
        char digit = next(r);
        uint32_t value;
        if (digit >= '0' && digit <= '9')
            value = (uint32_t)(digit - '0');
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
            value = (uint32_t)((digit | 0x20) - 'a') + 10;
        else
            return bad(r, digits == 4 ? "\\u needs four hexadecimal digits" : "\\U needs eight hexadecimal digits");
        *code = *code << 4 | value;
    }
    if (*code == 0)
        return bad(r, "a text cannot have the character NUL in it");
    if (*code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        return bad(r, "an escape that is no character");
    return PF_OK;
}

/* After the backslash. Writes at most 4 bytes, never more than the escape has. */
static enum pf_status take_escape(struct reader *r, char *to, size_t *size)
{
    static const char letters[] = "btnfr\"\\";
    static const char bytes[] = "\b\t\n\f\r\"\\";
    char letter = next(r);
    const char *at = letter != '\0' ? strchr(letters, letter) : NULL;
    uint32_t code;

    if (at != NULL) {
        to[(*size)++] = bytes[at - letters];
        r->at++;
        return PF_OK;
    }
    if (letter != 'u' && letter != 'U')
        return bad(r, "an unknown escape in a text; a backslash is written \\\\, or the text in '...'");
    r->at++;
    if (take_code(r, letter == 'u' ? 4 : 8, &code) != PF_OK)
        return r->err->status;
    *size += pf_utf8_put((uint8_t *)to + *size, code);
    return PF_OK;
}

/* Bytes up to the closing mark, or to the line's end when there is none: no text is longer than it is written. */
static size_t written_size(const struct reader *r, char mark)
{
    const char *at = r->at;

    while (at < r->end && *at != mark && *at != '\n')
        at += mark == '"' && *at == '\\' && r->end - at > 1 && at[1] != '\n' ? 2 : 1;
    return (size_t)(at - r->at);
}

/* Bytes up to the closing mark. to has room for written_size. */
static enum pf_status take_quoted(struct reader *r, char mark, char *to, size_t *size)
{
    while (next(r) != mark) {
        if (r->at == r->end || *r->at == '\n' || *r->at == '\r')
            return bad(r, "a text that is not closed on its line");
        if (is_control(*r->at))
            return bad(r, "a control character in a text; write it as an escape such as \\u001b");
        if (mark == '"' && *r->at == '\\') {
            r->at++;
            if (take_escape(r, to, size) != PF_OK)
                return r->err->status;
        } else {
            to[(*size)++] = *r->at++;
        }
    }
    r->at++;
    return PF_OK;
}

static enum pf_status take_text(struct reader *r, struct pf_toml_value *value)
{
    char mark = *r->at;
    size_t size = 0, room;
    char *text;

    if (r->end - r->at >= 3 && r->at[1] == mark && r->at[2] == mark)
        return bad(r, "texts of several lines are not read here; write it on one line");
    r->at++;
    room = written_size(r, mark) + 1;
    text = pf_arena_alloc(&r->to->arena, room);
    if (text == NULL)
        return pf_fail_memory(r->err, room);
    value->kind = PF_TOML_TEXT;
    value->text = text;
    if (take_quoted(r, mark, text, &size) != PF_OK)
        return r->err->status;
    text[size] = '\0';
    return PF_OK;
}

/* ---- numbers and words */

static bool is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '_';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Digits with single '_' between them, copied without these; false = there is no digit, or a '_' is in the wrong place. */
static bool take_digits(const char **at, char *to, size_t *size)
{
    const char *from = *at;

    while (is_digit(**at) || (**at == '_' && *at > from && is_digit((*at)[-1]) && is_digit((*at)[1]))) {
        if (**at != '_')
            to[(*size)++] = **at;
        (*at)++;
    }
    return *at > from;
}

/* The digits of a number; *whole: it has neither point nor exponent. */
static bool number_digits(const char *word, char *to, size_t *size, bool *whole)
{
    const char *first;

    if (*word == '-' || *word == '+') {
        if (*word == '-')
            to[(*size)++] = '-';
        word++;
    }
    first = word;
    if (!take_digits(&word, to, size) || (*first == '0' && word - first > 1))
        return false;
    *whole = *word == '\0';
    if (*word == '.') {
        to[(*size)++] = *word++;
        if (!take_digits(&word, to, size))
            return false;
    }
    if (*word == 'e' || *word == 'E') {
        to[(*size)++] = *word++;
        if (*word == '-' || *word == '+')
            to[(*size)++] = *word++;
        if (!take_digits(&word, to, size))
            return false;
    }
    return *word == '\0';
}

static enum pf_status read_number(struct reader *r, const char *word, struct pf_toml_value *value)
{
    struct pf_float_form form;
    char text[NAME_MOST];
    size_t size = 0;
    bool whole;

    if (!number_digits(word, text, &size, &whole))
        return bad(r, "a value that is no text, number, true, false or array; dates and all other words are put in quotes");
    if (!pf_parse_float64((const uint8_t *)text, size, &value->number, &form) || value->number > 1.7976931348623157e308 ||
        value->number < -1.7976931348623157e308)
        return bad(r, "a number that is too large");
    value->kind = whole ? PF_TOML_INTEGER : PF_TOML_FLOAT;
    if (whole && size == 2 && memcmp(text, "-0", 2) == 0)
        memcpy(text, "0", size = 1);
    if (whole && !pf_parse_int64((const uint8_t *)text, size, &value->integer))
        return bad(r, "a whole number that is too large");
    return keep(r, text, size, &value->text);
}

static enum pf_status take_word(struct reader *r, struct pf_toml_value *value)
{
    char word[NAME_MOST];
    size_t size = 0;

    while (is_word(next(r)) || next(r) == '.' || next(r) == '+' || next(r) == ':') {
        if (size + 1 == sizeof word)
            return bad(r, "a value without quotes that is too long");
        word[size++] = *r->at++;
    }
    word[size] = '\0';
    if (size == 0 && next(r) == '{')
        return bad(r, "inline tables are not read here; write [NAME] on a line of its own");
    if (size == 0)
        return bad(r, "a value is missing");
    value->integer = strcmp(word, "true") == 0;
    if (value->integer == 0 && strcmp(word, "false") != 0)
        return read_number(r, word, value);
    value->kind = PF_TOML_BOOL;
    return keep(r, word, size, &value->text);
}

/* ---- values */

static enum pf_status take_scalar(struct reader *r, struct pf_toml_value *value)
{
    value->line = r->line;
    return next(r) == '"' || next(r) == '\'' ? take_text(r, value) : take_word(r, value);
}

/* Items up to the closing bracket. They are gathered in memory of their own, and then kept. */
static enum pf_status take_items(struct reader *r, struct pf_toml_value **items, uint32_t *count)
{
    uint32_t capacity = 0;

    while (skip_lines(r) == PF_OK && next(r) != ']') {
        void *larger;
        if (*count == PF_TOML_ITEMS)
            return too_many(r, "items in an array", PF_TOML_ITEMS);
        larger = grow(r, *items, *count, &capacity, sizeof **items);
        if (larger == NULL)
            return r->err->status;
        *items = larger;
        memset(&(*items)[*count], 0, sizeof **items);
        if (next(r) == '[')
            return bad(r, "arrays in arrays are not read here");
        if (r->at == r->end)
            return bad(r, "an array that is not closed");
        if (take_scalar(r, &(*items)[*count]) != PF_OK || skip_lines(r) != PF_OK)
            return r->err->status;
        (*count)++;
        if (next(r) == ',')
            r->at++;
        else if (next(r) != ']')
            return bad(r, r->at == r->end ? "an array that is not closed" : "a comma is missing between the items of an array");
    }
    return r->err->status;
}

static enum pf_status take_array(struct reader *r, struct pf_toml_value *value)
{
    struct pf_toml_value *items = NULL, *kept = NULL;

    r->at++;
    if (take_items(r, &items, &value->count) == PF_OK) {
        r->at++;
        kept = pf_arena_alloc(&r->to->arena, value->count * sizeof *kept);
        if (kept == NULL)
            pf_fail_memory(r->err, value->count * sizeof *kept);
        else if (value->count > 0)
            memcpy(kept, items, value->count * sizeof *kept);
    }
    pf_free(r->to->arena.memory, items);
    value->kind = PF_TOML_ARRAY;
    value->items = kept;
    return r->err->status;
}

static enum pf_status take_value(struct reader *r, struct pf_toml_value *value)
{
    value->line = r->line;
    return next(r) == '[' ? take_array(r, value) : take_scalar(r, value);
}

/* ---- names */

static enum pf_status take_name(struct reader *r, char *to, size_t *size)
{
    size_t from = *size;

    while (is_word(next(r))) {
        if (*size + 2 > NAME_MOST)
            return bad(r, "a name that is too long");
        to[(*size)++] = *r->at++;
    }
    to[*size] = '\0';
    if (*size > from)
        return PF_OK;
    if (next(r) == '"' || next(r) == '\'')
        return bad(r, "names in quotes are not read here; a name is made of letters, digits, - and _");
    return bad(r, "a name of letters, digits, - and _ is missing");
}

/* Whether table.name is path, or the beginning of it up to a point. */
static bool leads_to(const char *table, const char *name, const char *path)
{
    size_t size = strlen(table);

    if (strncmp(path, table, size) != 0)
        return false;
    path += size;
    if (size > 0 && *path++ != '.')
        return false;
    size = strlen(name);
    if (strncmp(path, name, size) != 0)
        return false;
    path += size;
    return *path == '\0' || *path == '.';
}

static enum pf_status twice(struct reader *r, const char *name, int64_t line)
{
    char message[NAME_MOST + 64];

    (void)snprintf(message, sizeof message, "'%s' is given twice; first on line %lld", name, (long long)line);
    return bad(r, message);
}

/* ---- lines */

static enum pf_status add_table(struct reader *r, const char *name, size_t size)
{
    struct pf_toml *to = r->to;
    struct pf_toml_table *tables;

    for (uint32_t i = 0; i < to->table_count; i++) {
        if (strcmp(to->tables[i].name, name) == 0)
            return twice(r, name, to->tables[i].line);
    }
    for (uint32_t i = 0; i < to->entry_count; i++) {
        if (leads_to(to->entries[i].table, to->entries[i].name, name))
            return twice(r, to->entries[i].name, to->entries[i].line);
    }
    if (to->table_count == PF_TOML_TABLES)
        return too_many(r, "tables", PF_TOML_TABLES);
    tables = grow(r, to->tables, to->table_count, &to->table_capacity, sizeof *tables);
    if (tables == NULL)
        return r->err->status;
    to->tables = tables;
    if (keep(r, name, size, &r->table) != PF_OK)
        return r->err->status;
    tables[to->table_count].name = r->table;
    tables[to->table_count++].line = r->line;
    return PF_OK;
}

static enum pf_status read_header(struct reader *r)
{
    char name[NAME_MOST];
    size_t size = 0;

    r->at++;
    if (next(r) == '[')
        return bad(r, "arrays of tables are not read here");
    for (;;) {
        skip_blanks(r);
        if (take_name(r, name, &size) != PF_OK)
            return r->err->status;
        skip_blanks(r);
        if (next(r) != '.')
            break;
        if (size + 2 > sizeof name)
            return bad(r, "a name that is too long");
        name[size++] = *r->at++;
    }
    if (next(r) != ']')
        return bad(r, "']' is missing after the name of a table");
    r->at++;
    return add_table(r, name, size) == PF_OK ? end_line(r, "the name of a table") : r->err->status;
}

static enum pf_status add_entry(struct reader *r, const char *name, size_t size, struct pf_toml_entry **entry)
{
    struct pf_toml *to = r->to;
    struct pf_toml_entry *entries;

    for (uint32_t i = 0; i < to->entry_count; i++) {
        if (strcmp(to->entries[i].name, name) == 0 && strcmp(to->entries[i].table, r->table) == 0)
            return twice(r, name, to->entries[i].line);
    }
    for (uint32_t i = 0; i < to->table_count; i++) {
        if (leads_to(r->table, name, to->tables[i].name))
            return twice(r, name, to->tables[i].line);
    }
    if (to->entry_count == PF_TOML_ENTRIES)
        return too_many(r, "entries", PF_TOML_ENTRIES);
    entries = grow(r, to->entries, to->entry_count, &to->entry_capacity, sizeof *entries);
    if (entries == NULL)
        return r->err->status;
    to->entries = entries;
    *entry = &entries[to->entry_count];
    memset(*entry, 0, sizeof **entry);
    (*entry)->table = r->table;
    (*entry)->line = r->line;
    if (keep(r, name, size, &(*entry)->name) != PF_OK)
        return r->err->status;
    to->entry_count++;
    return PF_OK;
}

static enum pf_status read_entry(struct reader *r)
{
    struct pf_toml_entry *entry = NULL;
    char name[NAME_MOST];
    size_t size = 0;

    if (take_name(r, name, &size) != PF_OK)
        return r->err->status;
    skip_blanks(r);
    if (next(r) == '.')
        return bad(r, "names with points are not read here; write [TABLE] on a line of its own");
    if (next(r) != '=')
        return bad(r, "'=' is missing after a name");
    r->at++;
    skip_blanks(r);
    if (add_entry(r, name, size, &entry) != PF_OK || entry == NULL || take_value(r, &entry->value) != PF_OK)
        return r->err->status;
    return end_line(r, "a value");
}

static enum pf_status read_lines(struct reader *r)
{
    while (skip_lines(r) == PF_OK && r->at < r->end) {
        enum pf_status status = next(r) == '[' ? read_header(r) : read_entry(r);
        if (status != PF_OK)
            return status;
    }
    return r->err->status;
}

enum pf_status pf_toml_read(struct pf_toml *toml, const char *bytes, size_t size, struct pf_error *err)
{
    struct reader r = { .at = bytes, .end = bytes + size, .line = 1, .to = toml, .table = "", .err = err };
    size_t valid;

    pf_error_clear(err);
    if (size > PF_TOML_BYTES)
        return pf_fail(err, PF_LIMIT, "the file is larger than %d KiB", PF_TOML_BYTES >> 10);
    valid = pf_utf8_valid((const uint8_t *)bytes, size, 0);
    if (valid < size) {
        for (size_t i = 0; i < valid; i++)
            r.line += bytes[i] == '\n';
        return bad(&r, "a byte that is not UTF-8");
    }
    /* Editors put a byte order mark there. */
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        r.at += 3;
    return read_lines(&r);
}

/* ---- files */

enum pf_status pf_toml_load(struct pf_toml *toml, const char *path, struct pf_error *err)
{
    struct pf_memory *memory = toml->arena.memory;
    size_t size = 0;
    char *bytes;

    pf_error_clear(err);
    if (pf_file_load(memory, path, PF_TOML_BYTES, &bytes, &size, NULL, err) == PF_OK)
        (void)pf_toml_read(toml, bytes, size, err);
    pf_free(memory, bytes);
    if (err->status != PF_OK)
        pf_error_source(err, path);
    return err->status;
}

const struct pf_toml_value *pf_toml_find(const struct pf_toml *toml, const char *table, const char *name)
{
    for (uint32_t i = 0; i < toml->entry_count; i++) {
        if (strcmp(toml->entries[i].name, name) == 0 && strcmp(toml->entries[i].table, table) == 0)
            return &toml->entries[i].value;
    }
    return NULL;
}
