#include "support_unit.h"

#include <stdlib.h>

#include "base/toml.h"

static void read_text(struct pf_toml *toml, struct pf_memory *memory, const char *text, struct pf_error *err)
{
    CHECK(pf_memory_init(memory, SIZE_MAX));
    pf_toml_init(toml, memory);
    (void)pf_toml_read(toml, text, strlen(text), err);
}

static void leave(struct pf_toml *toml, struct pf_memory *memory)
{
    pf_toml_free(toml);
    CHECK_INT(atomic_load(&memory->in_use), 0);
    pf_memory_destroy(memory);
}

/* ---- values */

static const struct value_case {
    const char *written;
    enum pf_toml_kind kind;
    const char *text;
    int64_t integer;
} values[] = {
    { "\"\"", PF_TOML_TEXT, "", 0 },
    { "\"a b\"  # a comment", PF_TOML_TEXT, "a b", 0 },
    { "'C:\\data\\\"x\"'", PF_TOML_TEXT, "C:\\data\\\"x\"", 0 },
    { "''", PF_TOML_TEXT, "", 0 },
    { "\"\\b\\t\\n\\f\\r\\\"\\\\\"", PF_TOML_TEXT, "\b\t\n\f\r\"\\", 0 },
    { "\"\\u00e4\\U0001F600\"", PF_TOML_TEXT, "\xc3\xa4\xf0\x9f\x98\x80", 0 },
    { "\"#no = comment\"", PF_TOML_TEXT, "#no = comment", 0 },
    { "\"tab\there\"", PF_TOML_TEXT, "tab\there", 0 },
    { "\"1.0\"", PF_TOML_TEXT, "1.0", 0 },
    { "0", PF_TOML_INTEGER, "0", 0 },
    { "-0", PF_TOML_INTEGER, "0", 0 },
    { "+17", PF_TOML_INTEGER, "17", 17 },
    { "1_000_000", PF_TOML_INTEGER, "1000000", 1000000 },
    { "9223372036854775807", PF_TOML_INTEGER, "9223372036854775807", INT64_MAX },
    { "-9223372036854775808", PF_TOML_INTEGER, "-9223372036854775808", INT64_MIN },
    { "0.10", PF_TOML_FLOAT, "0.10", 0 },
    { "-1.5e-3", PF_TOML_FLOAT, "-1.5e-3", 0 },
    { "1_0.2_5E+0_2", PF_TOML_FLOAT, "10.25E+02", 0 },
    { "true", PF_TOML_BOOL, "true", 1 },
    { "false#", PF_TOML_BOOL, "false", 0 },
};

static void values_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(values); i++) {
        char line[128];
        struct pf_memory memory;
        struct pf_toml toml;
        struct pf_error err;
        const struct pf_toml_value *value;

        (void)snprintf(line, sizeof line, "key = %s", values[i].written);
        read_text(&toml, &memory, line, &err);
        CHECK_OK(err.status, err);
        value = pf_toml_find(&toml, "", "key");
        CHECK(value != NULL);
        CHECK_INT(value->kind, values[i].kind);
        CHECK_TEXT(value->text, values[i].text);
        CHECK_INT(value->integer, values[i].integer);
        leave(&toml, &memory);
    }
}

static void numbers_have_their_value(void **state)
{
    struct pf_memory memory;
    struct pf_toml toml;
    struct pf_error err;

    (void)state;
    read_text(&toml, &memory, "a = 0.1\nb = 12\n", &err);
    CHECK_OK(err.status, err);
    CHECK(pf_toml_find(&toml, "", "a")->number == 0.1);
    CHECK(pf_toml_find(&toml, "", "b")->number == 12.0);
    leave(&toml, &memory);
}

/* ---- files */

static void tables_arrays_and_lines_are_kept(void **state)
{
    static const char text[] = "\xef\xbb\xbf# settings\r\n"
                               "threads=4\r\n"
                               "\r\n"
                               "[csv]\r\n"
                               "delimiter\t=\t';'\n"
                               "[ extensions . aws ] # spaced\n"
                               "adds = [ # one\n"
                               "  \"format x\", 'scheme s3', # two\n"
                               "  1, 2.5, true,\n"
                               "]\n"
                               "none = []\n"
                               "[empty]";
    struct pf_memory memory;
    struct pf_toml toml;
    struct pf_error err;
    const struct pf_toml_value *adds;

    (void)state;
    read_text(&toml, &memory, text, &err);
    CHECK_OK(err.status, err);
    CHECK_INT(toml.entry_count, 4);
    CHECK_INT(toml.table_count, 3);
    CHECK_TEXT(toml.tables[2].name, "empty");
    CHECK_INT(toml.tables[2].line, 12);
    CHECK_INT(pf_toml_find(&toml, "", "threads")->integer, 4);
    CHECK_TEXT(pf_toml_find(&toml, "csv", "delimiter")->text, ";");
    CHECK_INT(pf_toml_find(&toml, "csv", "delimiter")->line, 5);
    CHECK(pf_toml_find(&toml, "", "delimiter") == NULL);
    adds = pf_toml_find(&toml, "extensions.aws", "adds");
    CHECK(adds != NULL);
    CHECK_INT(adds->kind, PF_TOML_ARRAY);
    CHECK_INT(adds->count, 5);
    CHECK_TEXT(adds->items[1].text, "scheme s3");
    CHECK_INT(adds->items[1].line, 8);
    CHECK_INT(adds->items[4].integer, 1);
    CHECK_INT(pf_toml_find(&toml, "extensions.aws", "none")->count, 0);
    leave(&toml, &memory);
}

/* ---- refusals */

static const struct refused_case {
    const char *text, *says;
    int64_t line;
} refused[] = {
    { "a", "'=' is missing", 1 },
    { "a =", "a value is missing", 1 },
    { "a = \n1", "a value is missing", 1 },
    { "= 1", "a name of letters", 1 },
    { "\"a\" = 1", "names in quotes", 1 },
    { "a.b = 1", "names with points", 1 },
    { "a = 1 b = 2", "something follows a value", 1 },
    { "a = 1\rb = 2", "something follows a value", 1 },
    { "\n\na = \"x", "not closed on its line", 3 },
    { "a = 'x\n'", "not closed on its line", 1 },
    { "a = \"\\q\"", "unknown escape", 1 },
    { "a = \"\\", "unknown escape", 1 },
    { "a = \"\\u12\"", "four hexadecimal digits", 1 },
    { "a = \"\\U0001F60\"", "eight hexadecimal digits", 1 },
    { "a = \"\\u0000\"", "NUL", 1 },
    { "a = \"\\ud800\"", "no character", 1 },
    { "a = \"\\U00110000\"", "no character", 1 },
    { "a = \"\"\"x\"\"\"", "several lines", 1 },
    { "a = '''x'''", "several lines", 1 },
    { "a = \"\x01\"", "control character in a text", 1 },
    { "# \x07", "control character in a comment", 1 },
    { "a = 01", "no text, number", 1 },
    { "a = 1__0", "no text, number", 1 },
    { "a = _1", "no text, number", 1 },
    { "a = 1_", "no text, number", 1 },
    { "a = 1.", "no text, number", 1 },
    { "a = .5", "no text, number", 1 },
    { "a = 1e", "no text, number", 1 },
    { "a = 0x10", "no text, number", 1 },
    { "a = inf", "no text, number", 1 },
    { "a = nan", "no text, number", 1 },
    { "a = yes", "no text, number", 1 },
    { "a = True", "no text, number", 1 },
    { "a = 1979-05-27", "no text, number", 1 },
    { "a = 07:32:00", "no text, number", 1 },
    { "a = 9223372036854775808", "too large", 1 },
    { "a = 1e999", "too large", 1 },
    { "a = { b = 1 }", "inline tables", 1 },
    { "a = [[1]]", "arrays in arrays", 1 },
    { "a = [1\n,2", "not closed", 2 },
    { "a = [1 2]", "comma is missing", 1 },
    { "a = [,]", "a value is missing", 1 },
    { "[[a]]", "arrays of tables", 1 },
    { "[a", "']' is missing", 1 },
    { "[]", "a name of letters", 1 },
    { "[a.]", "a name of letters", 1 },
    { "[a] b = 1", "something follows the name of a table", 1 },
    { "a = 1\na = 2", "'a' is given twice; first on line 1", 2 },
    { "[t]\n[t]", "'t' is given twice", 2 },
    { "a = 1\n[a]", "'a' is given twice", 2 },
    { "a = 1\n[a.b]", "'a' is given twice", 2 },
    { "[t.b]\n[t]\nb = 1", "'b' is given twice", 3 },
    { "a = \"\xff\"", "not UTF-8", 1 },
    { "a = 1\n# \xc3", "not UTF-8", 2 },
};

static void everything_else_is_refused_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(refused); i++) {
        struct pf_memory memory;
        struct pf_toml toml;
        struct pf_error err;

        read_text(&toml, &memory, refused[i].text, &err);
        if (err.status != PF_BAD_DATA)
            fail_msg("'%s' gives %s", refused[i].text, pf_status_name(err.status));
        CHECK_HAS(err.message, refused[i].says);
        if (err.line != refused[i].line)
            fail_msg("'%s' is refused on line %lld", refused[i].text, (long long)err.line);
        leave(&toml, &memory);
    }
}

/* begin, then piece so many times (with its number where it has %d), then end */
static void check_limit(const char *begin, const char *piece, int times, const char *end, enum pf_status status)
{
    struct pf_memory memory, own;
    struct pf_buffer text;
    struct pf_toml toml;
    struct pf_error err;

    CHECK(pf_memory_init(&own, SIZE_MAX));
    pf_buffer_init(&text, &own, SIZE_MAX);
    CHECK(pf_buffer_append_text(&text, begin));
    for (int i = 0; i < times; i++) {
        const char *number = strstr(piece, "%d");
        CHECK(number == NULL ? pf_buffer_append_text(&text, piece)
                             : pf_buffer_printf(&text, "%.*s%d%s", (int)(number - piece), piece, i, number + 2));
    }
    CHECK(pf_buffer_append_text(&text, end));
    CHECK(pf_memory_init(&memory, (size_t)16 << 20));
    pf_toml_init(&toml, &memory);
    CHECK_INT(pf_toml_read(&toml, (const char *)text.data, text.size, &err), status);
    leave(&toml, &memory);
    pf_buffer_free(&text);
    pf_memory_destroy(&own);
}

static void limits_hold(void **state)
{
    (void)state;
    check_limit("", "k%d=1\n", PF_TOML_ENTRIES, "", PF_OK);
    check_limit("", "k%d=1\n", PF_TOML_ENTRIES + 1, "", PF_LIMIT);
    check_limit("", "[t%d]\n", PF_TOML_TABLES, "", PF_OK);
    check_limit("", "[t%d]\n", PF_TOML_TABLES + 1, "", PF_LIMIT);
    check_limit("a=[", "'',", PF_TOML_ITEMS, "]", PF_OK);
    check_limit("a=[", "'',", PF_TOML_ITEMS + 1, "]", PF_LIMIT);
    check_limit("#", "x", PF_TOML_BYTES - 1, "", PF_OK);
    check_limit("#", "x", PF_TOML_BYTES, "", PF_LIMIT);
    check_limit("", "k", 127, "=1", PF_OK);
    check_limit("", "k", 128, "=1", PF_BAD_DATA);
    check_limit("k=", "1", 200, "", PF_BAD_DATA);
}

static void every_allocation_may_fail(void **state)
{
    static const char text[] = "a = 1\n[t.u]\nb = [\"x\", 2]\nc = 'y'\nd = true\n";

    (void)state;
    for (long n = 0;; n++) {
        struct pf_memory memory;
        struct pf_toml toml;
        struct pf_error err;
        enum pf_status status;

        CHECK(pf_memory_init(&memory, SIZE_MAX));
        pf_toml_init(&toml, &memory);
        atomic_store(&memory.fail_at, n);
        status = pf_toml_read(&toml, text, sizeof text - 1, &err);
        leave(&toml, &memory);
        if (status == PF_OK)
            break;
        CHECK_INT(status, PF_NO_MEMORY);
        CHECK(n < 100);
    }
}

static void every_prefix_is_read_or_refused(void **state)
{
    static const char text[] = "# c\na = \"\\u00e4\"\n[t . u]\nb = [ 'x',\n -2.5e3 ] # d\nc = true\n";

    (void)state;
    for (size_t size = 0; size < sizeof text; size++) {
        struct pf_memory memory;
        struct pf_toml toml;
        struct pf_error err;
        char *copy = malloc(size + 1);
        enum pf_status status;

        CHECK(copy != NULL && pf_memory_init(&memory, SIZE_MAX));
        memcpy(copy, text, size);
        pf_toml_init(&toml, &memory);
        status = pf_toml_read(&toml, copy, size, &err);
        CHECK(status == PF_OK || (status == PF_BAD_DATA && err.line > 0));
        free(copy);
        leave(&toml, &memory);
    }
}

/* ---- from disk */

static void files_are_named_in_errors(void **state)
{
    struct pf_memory memory;
    struct pf_toml toml;
    struct pf_error err;
    FILE *file = fopen("test_toml.toml", "wb");

    (void)state;
    CHECK(file != NULL && fputs("ok = 1\nbad\n", file) >= 0 && fclose(file) == 0);
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_toml_init(&toml, &memory);
    CHECK_INT(pf_toml_load(&toml, "test_toml.toml", &err), PF_BAD_DATA);
    CHECK_TEXT(err.source, "test_toml.toml");
    CHECK_INT(err.line, 2);
    pf_toml_free(&toml);
    CHECK_INT(pf_toml_load(&toml, "no/such.toml", &err), PF_NOT_FOUND);
    CHECK_HAS(err.message, "no/such.toml");
    CHECK_INT(pf_toml_load(&toml, ".", &err), PF_IO);
    file = fopen("test_toml.toml", "wb");
    CHECK(file != NULL && fputs("ok = 1\n", file) >= 0 && fclose(file) == 0);
    CHECK_OK(pf_toml_load(&toml, "test_toml.toml", &err), err);
    CHECK_INT(pf_toml_find(&toml, "", "ok")->integer, 1);
    CHECK_INT(remove("test_toml.toml"), 0);
    leave(&toml, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(numbers_have_their_value),
        cmocka_unit_test(tables_arrays_and_lines_are_kept),
        cmocka_unit_test(everything_else_is_refused_with_its_line),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_prefix_is_read_or_refused),
        cmocka_unit_test(files_are_named_in_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
