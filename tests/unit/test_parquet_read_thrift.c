/* The compact protocol, input side: right bytes, wrong bytes, and bytes that end. */
#include "support_unit.h"

#include <stdlib.h>

#include "formats/parquet/parquet_format.h"
#include "formats/parquet/read_thrift.h"

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* Reads a structure whose fields are numbers, booleans and texts into "id=value " words. */
static void dump(const uint8_t *bytes, size_t size, char *to, struct pf_thrift_input *in)
{
    struct pf_thrift_field field = { 0 };
    const uint8_t *text;
    size_t length;

    *to = '\0';
    pf_thrift_input_init(in, bytes, size);
    while (pf_thrift_next(in, &field)) {
        switch (field.type) {
        case THRIFT_TRUE:
        case THRIFT_FALSE:
            to += sprintf(to, "%d=%s ", field.id, pf_thrift_bool(in, &field) ? "true" : "false");
            break;
        case THRIFT_BINARY:
            text = pf_thrift_binary(in, &field, &length);
            to += sprintf(to, "%d=%.*s ", field.id, (int)length, text != NULL ? (const char *)text : "");
            break;
        case THRIFT_LIST:
            to += sprintf(to, "%d=[%u", field.id, pf_thrift_list(in, &field, THRIFT_I32, 1));
            to += sprintf(to, ":%lld] ", (long long)pf_thrift_element(in));
            break;
        case THRIFT_I8:
        case THRIFT_I16:
        case THRIFT_I32:
        case THRIFT_I64:
            to += sprintf(to, "%d=%lld ", field.id, (long long)pf_thrift_int64(in, &field));
            break;
        default:
            pf_thrift_skip(in, &field);
            to += sprintf(to, "%d ", field.id);
        }
    }
}

struct good_case {
    const char *name;
    const uint8_t *bytes;
    size_t size;
    const char *text;
};

static const struct good_case good_cases[] = {
    { "nothing", BYTES(0), "" },
    { "numbers of each width",
      BYTES(0x13, 0xff, 0x14, 0x03, 0x15, 0x04, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0),
      "1=-1 2=-2 3=2 4=-9223372036854775808 " },
    { "booleans", BYTES(0x11, 0x12, 0), "1=true 2=false " },
    { "long form of the id", BYTES(0x15, 2, 0x05, 0x80, 0x02, 4, 0x15, 6, 0), "1=1 128=2 129=3 " },
    { "text", BYTES(0x18, 3, 'a', 'b', 'c', 0), "1=abc " },
    { "list", BYTES(0x19, 0x15, 0x0a, 0), "1=[1:5] " },
    { "structure inside", BYTES(0x1c, 0x15, 2, 0x1c, 0, 0, 0x15, 2, 0), "1 2=1 " },
    { "double, set, map, uuid, list of booleans skipped",
      BYTES(0x17, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 0x25, 2, 4, 0x1b, 1, 0x58, 2, 1, 'x', 0x1b, 0, 0x1d, 1, 2, 3, 4, 5, 6, 7, 8, 9,
            10, 11, 12, 13, 14, 15, 16, 0x1c, 0x19, 0x22, 1, 2, 0, 0x15, 2, 0),
      "1 2 3 4 5 6 7=1 " },
    { "long list skipped", BYTES(0x1c, 0x19, 0xf3, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0), "1 " },
};

static void test_good(void **state)
{
    struct pf_thrift_input in;
    char text[256];

    (void)state;
    for (size_t i = 0; i < PF_COUNT(good_cases); i++) {
        const struct good_case *c = &good_cases[i];

        dump(c->bytes, c->size, text, &in);
        if (in.wrong != NULL || strcmp(text, c->text) != 0)
            fail_msg("%s: '%s' (%s), expected '%s'", c->name, text, in.wrong != NULL ? in.wrong : "no fault", c->text);
        CHECK(in.next == in.end);
    }
}

/* Each good case, cut at every place: says so, and gives nothing beyond. */
static void test_every_prefix(void **state)
{
    struct pf_thrift_input in;
    char text[256];

    (void)state;
    for (size_t i = 0; i < PF_COUNT(good_cases); i++) {
        for (size_t size = 0; size < good_cases[i].size; size++) {
            uint8_t *bytes = malloc(size + 1);

            CHECK(bytes != NULL);
            memcpy(bytes + 1, good_cases[i].bytes, size);
            dump(bytes + 1, size, text, &in);
            CHECK(in.wrong != NULL);
            free(bytes);
        }
    }
}

struct bad_case {
    const char *name;
    const uint8_t *bytes;
    size_t size;
    const char *says;
};

static const struct bad_case bad_cases[] = {
    { "varint of eleven bytes", BYTES(0x16, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0), "64 bits" },
    { "varint with bit 64", BYTES(0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0), "64 bits" },
    { "id out of range", BYTES(0x05, 0xff, 0xff, 0xff, 0x7f, 2, 0), "compact protocol" },
    { "id out of range by steps", BYTES(0x05, 0xfe, 0xff, 0x03, 2, 0x15, 2, 0), "compact protocol" },
    { "unknown type", BYTES(0x1e, 0), "compact protocol" },
    { "text longer than the input", BYTES(0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, 'a', 0), "ends" },
    { "list longer than the input", BYTES(0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x0f, 2, 0), "longer than" },
    { "list of another type", BYTES(0x19, 0x18, 1, 'a', 0), "something else" },
    { "set of an unknown type", BYTES(0x1a, 0x1f, 1, 0), "not of the compact protocol" },
    { "map larger than the input", BYTES(0x1b, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x55, 2, 2), "ends" },
};

static void test_bad(void **state)
{
    struct pf_thrift_input in;
    char text[256];

    (void)state;
    for (size_t i = 0; i < PF_COUNT(bad_cases); i++) {
        const struct bad_case *c = &bad_cases[i];

        dump(c->bytes, c->size, text, &in);
        if (in.wrong == NULL || strstr(in.wrong, c->says) == NULL)
            fail_msg("%s: '%s', expected '%s'", c->name, in.wrong != NULL ? in.wrong : "no fault", c->says);
    }
}

static void test_depth_is_limited(void **state)
{
    struct pf_thrift_input in;
    uint8_t bytes[1000];
    char text[256];

    (void)state;
    memset(bytes, 0x1c, sizeof bytes); /* a structure in a structure in ... */
    dump(bytes, sizeof bytes, text, &in);
    CHECK_HAS(in.wrong, "deeper");
    memset(bytes, 0x19, sizeof bytes); /* a list of one list of one list ... */
    bytes[0] = 0x1a;
    dump(bytes, sizeof bytes, text, &in);
    CHECK_HAS(in.wrong, "deeper");
}

static void test_wrong_types(void **state)
{
    static const struct pf_thrift_field number = { 1, THRIFT_I32 }, text = { 1, THRIFT_BINARY };
    static const uint8_t bytes[] = { 2, 'a', 'b' };
    struct pf_thrift_input in;
    size_t size;

    (void)state;
    pf_thrift_input_init(&in, bytes, sizeof bytes);
    CHECK_INT(pf_thrift_int64(&in, &text), 0);
    CHECK_HAS(in.wrong, "number");
    pf_thrift_input_init(&in, bytes, sizeof bytes);
    CHECK(pf_thrift_binary(&in, &number, &size) == NULL);
    CHECK_HAS(in.wrong, "text");
    pf_thrift_input_init(&in, bytes, sizeof bytes);
    CHECK(!pf_thrift_bool(&in, &number));
    CHECK_HAS(in.wrong, "true");
    pf_thrift_input_init(&in, bytes, sizeof bytes);
    CHECK(!pf_thrift_struct(&in, &number));
    CHECK_HAS(in.wrong, "structure");
    pf_thrift_input_init(&in, bytes, sizeof bytes);
    CHECK_INT(pf_thrift_list(&in, &number, THRIFT_I32, 1), 0);
    CHECK_HAS(in.wrong, "list");
    /* Only the first fault is told. */
    pf_thrift_fault(&in, "another");
    CHECK_HAS(in.wrong, "list");
    pf_thrift_input_init(&in, (const uint8_t[]){ 0x80, 0x80, 0x80, 0x80, 0x20 }, 5);
    CHECK_INT(pf_thrift_int32(&in, &number), 0);
    CHECK_HAS(in.wrong, "too large for its field");
    pf_thrift_input_init(&in, (const uint8_t[]){ 0xff, 0xff, 0xff, 0xff, 0x0f }, 5);
    CHECK_INT(pf_thrift_int32(&in, &number), INT32_MIN);
    CHECK(in.wrong == NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_bad),         cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_wrong_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
