/* JSON text: commas, escapes, numbers; and words for people. */
#include "base/json.h"
#include "convert/words.h"
#include "support_unit.h"

#include <math.h>

static struct pf_memory memory;

static int set_up(void **state)
{
    (void)state;
    return pf_memory_init(&memory, SIZE_MAX) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    pf_memory_destroy(&memory);
    return 0;
}

static void write_sample(struct pf_json *json)
{
    pf_json_begin(json, &memory);
    pf_json_open(json, '{');
    pf_json_set_text(json, "a", "b");
    pf_json_name(json, "list");
    pf_json_open(json, '[');
    pf_json_open(json, '[');
    pf_json_close(json, ']');
    pf_json_integer(json, INT64_MIN);
    pf_json_open(json, '{');
    pf_json_close(json, '}');
    pf_json_null(json);
    pf_json_close(json, ']');
    pf_json_set_text(json, "none", NULL);
    pf_json_set_bool(json, "yes", true);
    pf_json_set_number(json, "number", 0.25);
    pf_json_set_number(json, "nan", (double)NAN);
    pf_json_set_number(json, "infinite", (double)INFINITY);
    pf_json_set_integer(json, "integer", 12);
    pf_json_set_place(json, "row", 3);
    pf_json_set_place(json, "line", 0);
    pf_json_name(json, "raw");
    pf_json_raw(json, "[1]");
    pf_json_close(json, '}');
}

static void test_structure(void **state)
{
    struct pf_json json;
    char *text;

    (void)state;
    write_sample(&json);
    text = pf_json_end(&json);
    CHECK(text != NULL);
    CHECK_TEXT(text, "{\"a\": \"b\", \"list\": [[], -9223372036854775808, {}, null], \"none\": null, \"yes\": true, "
                     "\"number\": 0.25, \"nan\": null, \"infinite\": null, \"integer\": 12, \"row\": 3, \"line\": null, "
                     "\"raw\": [1]}");
    pf_free(&memory, text);
}

static void test_escapes(void **state)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        { "", "\"\"" },
        { "plain", "\"plain\"" },
        { "a\"b\\c", "\"a\\\"b\\\\c\"" },
        { "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"" },
        { "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
        { "n\xc3\xa4me \xe4\xb8\xad \xf0\x9f\x98\x80", "\"n\xc3\xa4me \xe4\xb8\xad \xf0\x9f\x98\x80\"" },
        { "bad \xff\xfe end", "\"bad \\udcff\\udcfe end\"" },
        { "\xc3", "\"\\udcc3\"" },
        { "\xed\xa0\x80", "\"\\udced\\udca0\\udc80\"" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_json json;
        char *text;
        pf_json_begin(&json, &memory);
        pf_json_text(&json, cases[i].text);
        text = pf_json_end(&json);
        CHECK(text != NULL);
        CHECK_TEXT(text, cases[i].written);
        pf_free(&memory, text);
    }
}

static void test_no_memory(void **state)
{
    char *text = NULL;
    long failing = 0;

    (void)state;
    for (; text == NULL && failing < 100; failing++) {
        struct pf_json json;
        atomic_store(&memory.fail_at, failing);
        write_sample(&json);
        text = pf_json_end(&json);
        atomic_store(&memory.fail_at, -1);
    }
    CHECK(text != NULL);
    CHECK(failing > 1);
    pf_free(&memory, text);
    CHECK_INT(atomic_load(&memory.in_use), 0);
}

/* ---- words for people */

static void test_words(void **state)
{
    static const struct {
        int64_t value;
        const char *count, *bytes;
    } cases[] = {
        { 0, "0", "0 bytes" },
        { 1, "1", "1 byte" },
        { 999, "999", "999 bytes" },
        { 1000, "1,000", "1.00 kB" },
        { 12345, "12,345", "12.3 kB" },
        { 999499, "999,499", "999 kB" },
        { 999500, "999,500", "1.00 MB" },
        { 171300000, "171,300,000", "171 MB" },
        { 62140000, "62,140,000", "62.1 MB" },
        { 9996000, "9,996,000", "10.0 MB" },
        { 99960000, "99,960,000", "100 MB" },
        { INT64_MAX, "9,223,372,036,854,775,807", "9.22 EB" },
    };
    char to[PF_WORDS];

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        CHECK_TEXT(pf_words_count(cases[i].value, to), cases[i].count);
        CHECK_TEXT(pf_words_bytes(cases[i].value, to), cases[i].bytes);
    }
    CHECK_TEXT(pf_words_count(-1234, to), "-1,234");
    CHECK_TEXT(pf_words_of(1, "row", to), "1 row");
    CHECK_TEXT(pf_words_of(2000, "row", to), "2,000 rows");
}

static void test_seconds(void **state)
{
    static const struct {
        double seconds;
        const char *says;
    } cases[] = {
        { 0.0, "0 ms" },    { 0.0004, "1 ms" },    { 0.0089, "9 ms" },     { 0.714, "0.71 s" },     { 12.34, "12.3 s" },
        { 59.9, "59.9 s" }, { 60.0, "1 min 0 s" }, { 125.9, "2 min 5 s" }, { (double)NAN, "0 ms" }, { -1.0, "0 ms" },
    };
    char to[PF_WORDS];

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++)
        CHECK_TEXT(pf_words_seconds(cases[i].seconds, to), cases[i].says);
}

static void test_width(void **state)
{
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        { "", 0 },
        { "abc", 3 },
        { "n\xc3\xa4me", 4 },
        { "e\xcc\x81", 1 },                /* a combining accent */
        { "\xe4\xb8\xad\xe6\x96\x87", 4 }, /* two ideographs */
        { "\xf0\x9f\x98\x80", 2 },         /* a face */
        { "\xff\xfe", 2 },                 /* no UTF-8 */
        { "\xc3", 1 },
        { "\xe2\x80\x8bx", 1 }, /* a zero-width blank */
        { "\xef\xbc\xa1", 2 },  /* a full-width letter */
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++)
        CHECK_INT(pf_words_width(cases[i].text), cases[i].width);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure), cmocka_unit_test(test_escapes), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_words),     cmocka_unit_test(test_seconds), cmocka_unit_test(test_width),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
