#include "support_unit.h"

#include <stdlib.h>

#include "formats/xlsx/scan.h"

#define MAIN      "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define STRICT    "http://purl.oclc.org/ooxml/spreadsheetml/main"
#define RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

static void append_view(struct pf_buffer *to, struct pf_view view)
{
    CHECK(pf_scan_append(to, view, true));
}

/* What the scanner gives of bytes, as text: "<{space}name {space}attribute=value>", "(text)", "[CDATA]", "</name>", "." at the end,
 * and of an error "!byte". The bytes lie at the end of an allocation, so that a sanitizer sees what is read beyond. */
static void trace(const char *bytes, size_t size, struct pf_memory *memory, struct pf_buffer *to, struct pf_error *err)
{
    char *copy = malloc(size + 1);
    struct pf_scan scan;
    struct pf_arena arena;
    enum pf_scan_item item = PF_SCAN_OPEN;

    memcpy(copy + 1, bytes, size);
    pf_arena_init(&arena, memory, SIZE_MAX);
    pf_scan_begin(&scan, &arena, "the part", copy + 1, size);
    pf_error_clear(err);
    while (item != PF_SCAN_END && pf_scan_next(&scan, &item, err) == PF_OK) {
        if (item == PF_SCAN_OPEN || item == PF_SCAN_CLOSE) {
            CHECK(pf_buffer_append_text(to, item == PF_SCAN_OPEN ? "<" : "</"));
            if (scan.space.size != 0)
                CHECK(pf_buffer_printf(to, "{%.*s}", (int)scan.space.size, scan.space.text));
            CHECK(pf_buffer_printf(to, "%.*s", (int)scan.name.size, scan.name.text));
            for (uint32_t i = 0; i < scan.attribute_count; i++) {
                const struct pf_scan_attribute *one = &scan.attributes[i];
                if (one->space.size != 0)
                    CHECK(pf_buffer_printf(to, " {%.*s}%.*s=", (int)one->space.size, one->space.text, (int)one->name.size,
                                           one->name.text));
                else
                    CHECK(pf_buffer_printf(to, " %.*s=", (int)one->name.size, one->name.text));
                append_view(to, one->value);
            }
            CHECK(pf_buffer_append_text(to, ">"));
        } else if (item == PF_SCAN_TEXT && scan.literal) {
            CHECK(pf_buffer_printf(to, "[%.*s]", (int)scan.text.size, scan.text.text));
        } else if (item == PF_SCAN_TEXT) {
            CHECK(pf_buffer_append_text(to, "(") && pf_scan_append(to, scan.text, false) && pf_buffer_append_text(to, ")"));
        }
    }
    if (err->status == PF_BAD_DATA)
        CHECK(pf_buffer_printf(to, "!%lld", (long long)err->offset));
    else if (err->status == PF_OK)
        CHECK(pf_buffer_append_text(to, "."));
    pf_arena_free(&arena);
    free(copy);
}

static const struct scan_case {
    const char *bytes;
    const char *gives;
    const char *says; /* of the error */
} cases[] = {
    { "<a/>", "<a></a>.", "" },
    { "<a></a>", "<a></a>.", "" },
    { "<a></a >\n", "<a></a>.", "" },
    { "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- x <y> --><a/><?pi?>\n", "<a></a>.", "" },
    { "<a x=\"1\" y='2'/>", "<a x=1 y=2></a>.", "" },
    { "<a\tx = \"1\"\n/>", "<a x=1></a>.", "" },
    { "<a x=\"it's\" y='\"'/>", "<a x=it's y=\"></a>.", "" },
    { "<a x=\"&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#x1F600;\"/>", "<a x=<&>\"'AB\xf0\x9f\x98\x80></a>.", "" },
    { "<a x=\"1\t2\r\n3\n4&#10;\"/>", "<a x=1 2 3 4\n></a>.", "" },
    { "<a>x&amp;y<b/>z</a>", "<a>(x&y)<b></b>(z)</a>.", "" },
    { "<a>1\r\n2\r3\n</a>", "<a>(1\n2\n3\n)</a>.", "" },
    { "<a>x<![CDATA[<b>&amp;]]>y</a>", "<a>(x)[<b>&amp;](y)</a>.", "" },
    { "<a><![CDATA[]]></a>", "<a>[]</a>.", "" },
    { "<a><!-- -->x<?pi x?>y</a>", "<a>(x)(y)</a>.", "" },
    { "<a>></a>", "<a>(>)</a>.", "" },
    { "<\xc3\xa4 \xc3\xb6=\"\xc3\xbc\"/>", "<\xc3\xa4 \xc3\xb6=\xc3\xbc></\xc3\xa4>.", "" },
    { "<_a.b-c1/>", "<_a.b-c1></_a.b-c1>.", "" },
    /* namespaces */
    { "<a xmlns=\"u\"><b/></a>", "<{u}a><{u}b></{u}b></{u}a>.", "" },
    { "<a xmlns=\"u\"><b xmlns=\"\"/></a>", "<{u}a><b></b></{u}a>.", "" },
    { "<p:a xmlns:p=\"u\" p:x=\"1\" x=\"2\"/>", "<{u}a {u}x=1 x=2></{u}a>.", "" },
    { "<p:a p:x=\"1\" xmlns:p=\"u\"/>", "<{u}a {u}x=1></{u}a>.", "" },
    { "<a xmlns:p=\"u\"><p:b xmlns:p=\"v\"/><p:c/></a>", "<a><{v}b></{v}b><{u}c></{u}c></a>.", "" },
    { "<a xml:space=\"preserve\"/>", "<a {http://www.w3.org/XML/1998/namespace}space=preserve></a>.", "" },
    /* what is not well-formed */
    { "", "!0", "there is no element" },
    { "  \n", "!3", "there is no element" },
    { "x", "!0", "outside the root" },
    { "<a/>x", "<a></a>!4", "outside the root" },
    { "<a/><b/>", "<a></a>!4", "second root" },
    { "<a/><![CDATA[x]]>", "<a></a>!4", "outside the root" },
    { "<a>", "<a>!3", "ends inside" },
    { "<a", "!2", "does not end" },
    { "<a x", "!4", "expected '='" },
    { "<a x=", "!5", "not quoted" },
    { "<a x=1/>", "!5", "not quoted" },
    { "<a x=\"1", "!6", "does not end" },
    { "<a x=\"1\"y=\"2\"/>", "!8", "expected a blank" },
    { "<a x=\"1\" x=\"2\"/>", "!9", "comes twice" },
    { "<a xmlns:p=\"u\" xmlns:q=\"u\" p:x=\"1\" q:x=\"2\"/>", "!37", "comes twice" },
    { "<a xmlns:p=\"u\" xmlns:p=\"v\"/>", "!24", "declared twice" },
    { "<a xmlns=\"u\" xmlns=\"v\"/>", "!20", "declared twice" },
    { "<a x=\"<\"/>", "!6", "'<' in an attribute" },
    { "<a 1=\"2\"/>", "!3", "expected the name" },
    { "<p:a/>", "!0", "not declared" },
    { "<a p:x=\"1\"/>", "!3", "not declared" },
    { "<a xmlns:p=\"u\"><p:b/></a><p:c/>", "<a><{u}b></{u}b></a>!25", "second root" },
    { "<x><a xmlns:p=\"u\"/><p:c/></x>", "<x><a></a>!19", "not declared" },
    { "<p:q:a/>", "!0", "without the name" },
    { "<p:/>", "!0", "without the name" },
    { "<:a/>", "!0", "without the name" },
    { "<1/>", "!0", "without the name" },
    { "< a/>", "!0", "without the name" },
    { "<", "!0", "without the name" },
    { "</a>", "!0", "does not match" },
    { "<a></b>", "<a>!3", "does not match" },
    { "<a></ab>", "<a>!3", "does not match" },
    { "<p:a xmlns:p=\"u\" xmlns:q=\"u\"></q:a>", "<{u}a>!29", "does not match" },
    { "<a></a", "<a>!6", "does not end" },
    { "<a></a x=\"1\">", "<a>!7", "does not end" },
    { "<a>&nbsp;</a>", "<a>!3", "unknown reference" },
    { "<a>&</a>", "<a>!3", "unknown reference" },
    { "<a>&amp</a>", "<a>!3", "unknown reference" },
    { "<a>&#0;</a>", "<a>!3", "unknown reference" },
    { "<a>&#xD800;</a>", "<a>!3", "unknown reference" },
    { "<a>&#x110000;</a>", "<a>!3", "unknown reference" },
    { "<a>&#99999999999999999999;</a>", "<a>!3", "unknown reference" },
    { "<a>&#;</a>", "<a>!3", "unknown reference" },
    { "<a>&#x;</a>", "<a>!3", "unknown reference" },
    { "<a>&#6A;</a>", "<a>!3", "unknown reference" },
    { "<a x=\"&nbsp;\"/>", "!6", "unknown reference" },
    { "<a>\x01</a>", "<a>!3", "control character" },
    { "<a x=\"\x1f\"/>", "!6", "control character" },
    { "<a><![CDATA[\x02]]></a>", "<a>!12", "control character" },
    { "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "!0", "document type" },
    { "<a><!ENTITY></a>", "<a>!3", "document type" },
    { "<a><!-- x</a>", "<a>!3", "does not end" },
    { "<a><![CDATA[x</a>", "<a>!3", "does not end" },
    { "<?xml", "!0", "does not end" },
};

static void items_come_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_memory memory;
        struct pf_buffer text;
        struct pf_error err;

        CHECK(pf_memory_init(&memory, SIZE_MAX));
        pf_buffer_init(&text, &memory, SIZE_MAX);
        trace(cases[i].bytes, strlen(cases[i].bytes), &memory, &text, &err);
        CHECK(pf_buffer_append(&text, "", 1));
        if (strcmp((const char *)text.data, cases[i].gives) != 0)
            fail_msg("%s gives '%s', expected '%s' (%s)", cases[i].bytes, (const char *)text.data, cases[i].gives, err.message);
        CHECK_HAS(err.message, cases[i].says);
        if (err.status != PF_OK)
            CHECK_HAS(err.message, "the part");
        pf_buffer_free(&text);
        CHECK_INT(atomic_load(&memory.in_use), 0);
        pf_memory_destroy(&memory);
    }
}

static void every_prefix_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        for (size_t size = 0; size < strlen(cases[i].bytes); size++) {
            struct pf_memory memory;
            struct pf_buffer text;
            struct pf_error err;

            CHECK(pf_memory_init(&memory, SIZE_MAX));
            pf_buffer_init(&text, &memory, SIZE_MAX);
            trace(cases[i].bytes, size, &memory, &text, &err);
            CHECK(err.status == PF_OK || err.status == PF_BAD_DATA);
            pf_buffer_free(&text);
            pf_memory_destroy(&memory);
        }
    }
}

/* ---- limits */

/* before, count times what, then after. */
static char *repeated(const char *before, const char *what, size_t count, const char *after)
{
    char *text = malloc(strlen(before) + strlen(what) * count + strlen(after) + 1), *at = text;

    at = stpcpy(at, before);
    while (count-- != 0)
        at = stpcpy(at, what);
    (void)stpcpy(at, after);
    return text;
}

static void nothing_is_without_limit(void **state)
{
    static const struct limit_case {
        const char *before, *what, *after;
        size_t count;
        bool numbered; /* "#" in what is the count so far */
        const char *says;
    } limits[] = {
        { "", "<a>", "", PF_SCAN_DEPTH + 1, false, "nested deeper" },
        { "<a ", "x#='' ", "/>", PF_SCAN_ATTRIBUTES, true, "" },
        { "<a ", "x#='' ", "/>", PF_SCAN_ATTRIBUTES + 1, true, "more attributes" },
        { "<a ", "xmlns:x#='' ", "/>", PF_SCAN_SPACES, true, "" },
        { "<a ", "xmlns:x#='' ", "/>", PF_SCAN_SPACES + 1, true, "more namespaces" },
        { "<a xmlns='t'><b ", "xmlns:x#='' ", "/></a>", PF_SCAN_SPACES - 1, true, "" },
        /* what went out of scope does not count */
        { "<a>", "<b xmlns='u'/>", "</a>", 3 * PF_SCAN_SPACES, false, "" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(limits); i++) {
        char *text = repeated(limits[i].before, limits[i].what, limits[i].count, limits[i].after);
        struct pf_memory memory;
        struct pf_buffer items;
        struct pf_error err;

        if (limits[i].numbered) {
            /* "#" becomes a letter or more, so that names differ: they are numbers in letters. */
            char *longer = malloc(strlen(text) + limits[i].count * 3 + 1), *to = longer;
            size_t number = 0;
            for (const char *at = text; *at != '\0'; at++) {
                if (*at == '#')
                    to += sprintf(to, "%zu", number++);
                else
                    *to++ = *at;
            }
            *to = '\0';
            free(text);
            text = longer;
        }
        CHECK(pf_memory_init(&memory, SIZE_MAX));
        pf_buffer_init(&items, &memory, SIZE_MAX);
        trace(text, strlen(text), &memory, &items, &err);
        CHECK_INT(err.status, limits[i].says[0] != '\0' ? PF_BAD_DATA : PF_OK);
        CHECK_HAS(err.message, limits[i].says);
        pf_buffer_free(&items);
        pf_memory_destroy(&memory);
        free(text);
    }
}

static void refused_memory_is_told(void **state)
{
    static const char text[] = "<a xmlns='u' xmlns:p='v'><p:b xmlns:q='w'/></a>";
    bool granted = false;

    (void)state;
    for (long n = 0; !granted; n++) {
        struct pf_memory memory;
        struct pf_arena arena;
        struct pf_scan scan;
        enum pf_scan_item item = PF_SCAN_OPEN;
        enum pf_status status = PF_OK;
        struct pf_error err;

        CHECK(pf_memory_init(&memory, SIZE_MAX));
        atomic_store(&memory.fail_at, n);
        pf_arena_init(&arena, &memory, SIZE_MAX);
        pf_scan_begin(&scan, &arena, "part", text, sizeof text - 1);
        while (status == PF_OK && item != PF_SCAN_END)
            status = pf_scan_next(&scan, &item, &err);
        granted = atomic_load(&memory.fail_at) >= 0;
        CHECK_INT(status, granted ? PF_OK : PF_NO_MEMORY);
        pf_arena_free(&arena);
        CHECK_INT(atomic_load(&memory.in_use), 0);
        pf_memory_destroy(&memory);
    }
}

/* ---- what is asked of an element */

static void elements_are_known_by_name_and_namespace(void **state)
{
    static const struct is_case {
        const char *text;
        bool is;
        const char *value, *relation; /* NULL = there is none */
    } elements[] = {
        { "<sheet/>", true, NULL, NULL },
        { "<sheet xmlns='" MAIN "' name='x'/>", true, "x", NULL },
        { "<x:sheet xmlns:x='" MAIN "' name=''/>", true, "", NULL },
        { "<sheet xmlns='" STRICT "'/>", true, NULL, NULL },
        { "<sheet xmlns='u'/>", false, NULL, NULL },
        { "<sheets xmlns='" MAIN "'/>", false, NULL, NULL },
        { "<sheet id='1'/>", true, NULL, NULL },
        { "<sheet xmlns:r='" RELATIONS "' r:id='rId1' r:name='x'/>", true, NULL, "rId1" },
        { "<sheet xmlns:r='http://purl.oclc.org/ooxml/officeDocument/relationships' r:id='rId1'/>", true, NULL, "rId1" },
        { "<sheet xmlns:r='u' r:id='rId1'/>", true, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(elements); i++) {
        struct pf_memory memory;
        struct pf_arena arena;
        struct pf_scan scan;
        enum pf_scan_item item;
        struct pf_error err;
        struct pf_view value, relation;

        CHECK(pf_memory_init(&memory, SIZE_MAX));
        pf_arena_init(&arena, &memory, SIZE_MAX);
        pf_scan_begin(&scan, &arena, "part", elements[i].text, strlen(elements[i].text));
        CHECK_OK(pf_scan_next(&scan, &item, &err), err);
        CHECK_INT(pf_scan_is(&scan, "sheet"), elements[i].is);
        value = pf_scan_value(&scan, "name");
        relation = pf_scan_relation(&scan);
        CHECK_INT(value.text != NULL, elements[i].value != NULL);
        CHECK(value.text == NULL || pf_view_is(value, elements[i].value));
        CHECK_INT(relation.text != NULL, elements[i].relation != NULL);
        CHECK(relation.text == NULL || pf_view_is(relation, elements[i].relation));
        pf_arena_free(&arena);
        pf_memory_destroy(&memory);
    }
}

static void elements_are_passed_over(void **state)
{
    static const char text[] = "<a><b><c/>x<d>y</d></b><e/></a>";
    struct pf_memory memory;
    struct pf_arena arena;
    struct pf_scan scan;
    enum pf_scan_item item;
    struct pf_error err;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_arena_init(&arena, &memory, SIZE_MAX);
    pf_scan_begin(&scan, &arena, "part", text, sizeof text - 1);
    for (int i = 0; i < 2; i++)
        CHECK_OK(pf_scan_next(&scan, &item, &err), err);
    CHECK_OK(pf_scan_skip(&scan, &err), err);
    CHECK_OK(pf_scan_next(&scan, &item, &err), err);
    CHECK(pf_scan_is(&scan, "e"));
    CHECK_OK(pf_scan_skip(&scan, &err), err);
    CHECK_OK(pf_scan_next(&scan, &item, &err), err);
    CHECK_INT(item, PF_SCAN_CLOSE);
    CHECK_OK(pf_scan_next(&scan, &item, &err), err);
    CHECK_INT(item, PF_SCAN_END);
    pf_scan_begin(&scan, &arena, "part", "<a><b>", 6);
    CHECK_OK(pf_scan_next(&scan, &item, &err), err);
    CHECK_INT(pf_scan_skip(&scan, &err), PF_BAD_DATA);
    pf_arena_free(&arena);
    pf_memory_destroy(&memory);
}

static void numbers_are_read(void **state)
{
    static const struct number_case {
        const char *text; /* NULL = no attribute */
        bool ok;
        int64_t number;
    } numbers[] = {
        { "0", true, 0 },    { "+7", true, 7 },    { "-100", true, -100 }, { " 12\n", true, 12 },
        { "007", true, 7 },  { "100", true, 100 }, { "101", false, 0 },    { "-101", false, 0 },
        { "", false, 0 },    { " ", false, 0 },    { "-", false, 0 },      { "1.0", false, 0 },
        { "1e1", false, 0 }, { "0x1", false, 0 },  { "1 2", false, 0 },    { "99999999999999999999", false, 0 },
        { NULL, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(numbers); i++) {
        int64_t number = 0;
        struct pf_view view = { numbers[i].text, numbers[i].text != NULL ? strlen(numbers[i].text) : 0 };
        bool ok = pf_scan_number(view, -100, 100, &number);

        CHECK_INT(ok, numbers[i].ok);
        if (ok)
            CHECK_INT(number, numbers[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_in_order),
        cmocka_unit_test(every_prefix_ends),
        cmocka_unit_test(nothing_is_without_limit),
        cmocka_unit_test(refused_memory_is_told),
        cmocka_unit_test(elements_are_known_by_name_and_namespace),
        cmocka_unit_test(elements_are_passed_over),
        cmocka_unit_test(numbers_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
