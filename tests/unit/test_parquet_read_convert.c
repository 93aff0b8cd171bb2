/* Conversions: the edges of each, exactly, and which value is the first that does not fit. */
#include "support_unit.h"

#include <lz4.h>
#include <stdlib.h>

#include "base/number.h"
#include "formats/parquet/read_convert.h"
#include "formats/parquet/read_load.h"

/* ---- integers and times */

struct integer_case {
    const char *name;
    enum pf_convert convert;
    enum pf_type type;
    uint32_t width; /* as stored */
    int64_t from[3];
    size_t good; /* values that fit */
    int64_t to[3];
};

static const struct integer_case integer_cases[] = {
    { "int8", PF_CONVERT_INT8, PF_TYPE_INT8, 4, { -128, 127, 128 }, 2, { -128, 127 } },
    { "int8 below", PF_CONVERT_INT8, PF_TYPE_INT8, 4, { 0, -129, 0 }, 1, { 0 } },
    { "int16", PF_CONVERT_INT16, PF_TYPE_INT16, 4, { -32768, 32767, 32768 }, 2, { -32768, 32767 } },
    { "uint8", PF_CONVERT_UINT8, PF_TYPE_UINT8, 4, { 0, 255, 256 }, 2, { 0, 255 } },
    { "uint8 below", PF_CONVERT_UINT8, PF_TYPE_UINT8, 4, { -1, 255, 256 }, 0, { 0 } },
    { "uint16", PF_CONVERT_UINT16, PF_TYPE_UINT16, 4, { 0, 65535, 65536 }, 2, { 0, 65535 } },
    { "time in ms", PF_CONVERT_TIME_MS, PF_TYPE_TIME64, 4, { 0, 86400000, 86400001 }, 2, { 0, 86400000000 } },
    { "time below", PF_CONVERT_TIME_MS, PF_TYPE_TIME64, 4, { -1, 0, 0 }, 0, { 0 } },
    { "time in us", PF_CONVERT_TIME_US, PF_TYPE_TIME64, 8, { 1, 86400000000, 86400000001 }, 2, { 1, 86400000000 } },
    { "time in ns", PF_CONVERT_TIME_NS, PF_TYPE_TIME64, 8, { 0, 1000, 1001 }, 2, { 0, 1 } },
    { "time in ns over a day",
      PF_CONVERT_TIME_NS,
      PF_TYPE_TIME64,
      8,
      { 86400000000000, 86400000001000, 0 },
      1,
      { 86400000000 } },
    { "timestamp in ms",
      PF_CONVERT_TIMESTAMP_MS,
      PF_TYPE_TIMESTAMP,
      8,
      { INT64_MAX / 1000, INT64_MIN / 1000, INT64_MAX / 1000 + 1 },
      2,
      { INT64_MAX / 1000 * 1000, INT64_MIN / 1000 * 1000 } },
    { "timestamp in ns", PF_CONVERT_TIMESTAMP_NS, PF_TYPE_TIMESTAMP, 8, { -1000, 5000, -1 }, 2, { -1, 5 } },
    { "nothing to do", PF_CONVERT_NONE, PF_TYPE_INT64, 8, { 1, INT64_MIN, INT64_MAX }, 3, { 1, INT64_MIN, INT64_MAX } },
};

static void test_integers(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(integer_cases); i++) {
        const struct integer_case *c = &integer_cases[i];
        struct parquet_column column = { .field = { .type = c->type }, .convert = c->convert, .width = c->width };
        size_t width = pf_type_width(c->type), good;
        uint8_t from[24], to[24];
        struct pf_error err;

        for (size_t k = 0; k < 3; k++)
            memcpy(from + k * c->width, &c->from[k], c->width);
        good = pf_convert_values(&column, from, 3, to);
        if (good != c->good)
            fail_msg("%s: %zu values fit, expected %zu", c->name, good, c->good);
        for (size_t k = 0; k < good; k++) {
            if (memcmp(to + k * width, &c->to[k], width) != 0)
                fail_msg("%s: value %zu is wrong", c->name, k);
        }
        if (good < 3) {
            enum pf_status status = pf_convert_fault(&column, from + good * c->width, c->width, &err);
            bool nanos =
                c->convert == PF_CONVERT_TIMESTAMP_NS || (c->convert == PF_CONVERT_TIME_NS && c->from[good] % 1000 != 0);

            CHECK_INT(status, nanos ? PF_UNSUPPORTED : PF_BAD_DATA);
        }
    }
}

/* ---- INT96 */

struct int96_case {
    int64_t nanos;
    int32_t day;
    bool good;
    int64_t us;
};

static const struct int96_case int96_cases[] = {
    { 0, 2440588, true, 0 },
    { 86399999999000, 2440587, true, -1 },
    { 1000, 2440589, true, 86400000001 },
    { 1, 2440588, false, 0 },
    { -1000, 2440588, false, 0 },
    { 86400000000000, 2440588, false, 0 },
    { 0, INT32_MAX, false, 0 },
    { 0, INT32_MIN, false, 0 },
    /* The last microsecond that an int64 has, and the next one. */
    { 14454775807000, 2440588 + 106751991, true, INT64_MAX },
    { 14454775808000, 2440588 + 106751991, false, 0 },
};

static void test_int96(void **state)
{
    struct parquet_column column = { .field = { .type = PF_TYPE_TIMESTAMP }, .convert = PF_CONVERT_INT96, .width = 12 };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(int96_cases); i++) {
        const struct int96_case *c = &int96_cases[i];
        uint8_t value[12];
        struct pf_error err;
        int64_t us = 0;

        memcpy(value, &c->nanos, 8);
        memcpy(value + 8, &c->day, 4);
        CHECK_INT(pf_convert_values(&column, value, 1, (uint8_t *)&us), c->good);
        if (c->good)
            CHECK_INT(us, c->us);
        else
            CHECK_INT(pf_convert_fault(&column, value, 12, &err), c->nanos == 1 ? PF_UNSUPPORTED : PF_BAD_DATA);
    }
}

/* ---- halves */

static void test_halves(void **state)
{
    static const uint16_t from[] = { 0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x83ff, 0x7c00, 0xfc00, 0x7e00 };
    static const uint32_t expected[] = { 0x00000000, 0x80000000, 0x3f800000, 0xc0000000, 0x477fe000, 0x38800000,
                                         0x33800000, 0xb87fc000, 0x7f800000, 0xff800000, 0x7fc00000 };
    struct parquet_column column = { .field = { .type = PF_TYPE_FLOAT32 }, .convert = PF_CONVERT_HALF, .width = 2 };
    uint32_t got[PF_COUNT(from)];

    (void)state;
    CHECK_INT(pf_convert_values(&column, (const uint8_t *)from, PF_COUNT(from), (uint8_t *)got), PF_COUNT(from));
    for (size_t i = 0; i < PF_COUNT(from); i++)
        CHECK_INT(got[i], expected[i]);
}

/* ---- decimals */

struct decimal_case {
    const char *name;
    uint8_t precision;
    const char *bytes;
    size_t size;
    const char *text; /* NULL = does not fit */
};

static const struct decimal_case decimal_cases[] = {
    { "one byte", 2, "\x05", 1, "5" },
    { "negative", 2, "\xff", 1, "-1" },
    { "digits of the precision", 2, "\x63", 1, "99" },
    { "one digit more", 2, "\x64", 1, NULL },
    { "one digit more, negative", 2, "\x9c", 1, NULL },
    { "nothing", 2, "", 0, NULL },
    { "leading zeros", 3, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x7b", 20, "123" },
    { "leading signs", 3, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x85", 18, "-123" },
    { "bits above", 38, "\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17, NULL },
    { "a sign that would be lost", 38, "\0\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17, NULL },
    { "a sign that would be lost, negative", 38, "\xff\x7f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17, NULL },
    { "38 digits", 38, "\x4b\x3b\x4c\xa8\x5a\x86\xc4\x7a\x09\x8a\x22\x3f\xff\xff\xff\xff", 16,
      "99999999999999999999999999999999999999" },
    { "39 digits", 38, "\x4b\x3b\x4c\xa8\x5a\x86\xc4\x7a\x09\x8a\x22\x40\0\0\0\0", 16, NULL },
};

static void check_decimal(const struct decimal_case *c, size_t good, pf_int128 value)
{
    char text[49];

    if (good != (c->text != NULL))
        fail_msg("%s: %s", c->name, good ? "fits" : "does not fit");
    if (c->text == NULL)
        return;
    text[pf_print_decimal(value, 0, text)] = '\0';
    if (strcmp(text, c->text) != 0)
        fail_msg("%s: %s, expected %s", c->name, text, c->text);
}

static void test_decimal_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(decimal_cases); i++) {
        const struct decimal_case *c = &decimal_cases[i];
        struct parquet_column column = { .field = { .type = PF_TYPE_DECIMAL128, .precision = c->precision },
                                         .convert = PF_CONVERT_DECIMAL_BYTES,
                                         .width = (uint32_t)c->size };
        const int32_t ends[] = { 0, (int32_t)c->size };
        pf_int128 value = 0;
        struct pf_error err;

        size_t good = pf_convert_decimals(&column, (const uint8_t *)c->bytes, ends + 1, 1, (uint8_t *)&value);

        check_decimal(c, good, value);
        if (c->size != 0) {
            good = pf_convert_values(&column, (const uint8_t *)c->bytes, 1, (uint8_t *)&value);
            check_decimal(c, good, value);
        }
        if (c->text == NULL)
            CHECK_INT(pf_convert_fault(&column, (const uint8_t *)c->bytes, c->size, &err), PF_BAD_DATA);
    }
}

static void test_decimal_integers(void **state)
{
    struct parquet_column narrow = { .field = { .type = PF_TYPE_DECIMAL128, .precision = 3 },
                                     .convert = PF_CONVERT_DECIMAL32,
                                     .width = 4 };
    struct parquet_column wide = { .field = { .type = PF_TYPE_DECIMAL128, .precision = 18 },
                                   .convert = PF_CONVERT_DECIMAL64,
                                   .width = 8 };
    static const int32_t ints[] = { -999, 999, -1000 };
    static const int64_t longs[] = { -999999999999999999, 999999999999999999, 1000000000000000000 };
    pf_int128 got[3];

    (void)state;
    CHECK_INT(pf_convert_values(&narrow, (const uint8_t *)ints, 3, (uint8_t *)got), 2);
    CHECK(got[0] == -999 && got[1] == 999);
    CHECK_INT(pf_convert_values(&wide, (const uint8_t *)longs, 3, (uint8_t *)got), 2);
    CHECK(got[0] == longs[0] && got[1] == longs[1]);
}

static void test_uuid(void **state)
{
    static const uint8_t from[] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                    0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
    uint8_t text[PF_UUID_TEXT + 1] = { 0 };

    (void)state;
    pf_convert_uuids(from, 1, text);
    CHECK_TEXT((const char *)text, "00112233-4455-6677-8899-aabbccddeeff");
}

/* ---- the old LZ4 codec */

static size_t put_frame(uint8_t *to, const char *text)
{
    size_t size = strlen(text);
    int stored = LZ4_compress_default(text, (char *)to + 8, (int)size, 256);

    CHECK(stored > 0);
    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)(size >> (24 - 8 * i));
        to[4 + i] = (uint8_t)((size_t)stored >> (24 - 8 * i));
    }
    return (size_t)stored + 8;
}

static void test_lz4_frames(void **state)
{
    static const char first[] = "hello hello hello hello", second[] = "and so on and so on and so on";
    struct pf_decompressor decompressor;
    uint8_t stored[600], got[64];
    size_t size, expected = strlen(first) + strlen(second);
    struct pf_memory memory;
    struct pf_error err;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_decompressor_init(&decompressor, &memory);
    size = put_frame(stored, first);
    size += put_frame(stored + size, second);
    CHECK_OK(parquet_decompress_lz4(&decompressor, stored, size, got, expected, &err), err);
    assert_memory_equal(got, "hello hello hello helloand so on and so on and so on", expected);
    /* Frames that do not add up are taken for a bare block, which they are not either. */
    for (size_t cut = 1; cut < size; cut++)
        CHECK_INT(parquet_decompress_lz4(&decompressor, stored, cut, got, expected, &err), PF_BAD_DATA);
    CHECK_INT(parquet_decompress_lz4(&decompressor, stored, size, got, expected + 1, &err), PF_BAD_DATA);
    stored[8] ^= 0xf0;
    CHECK_INT(parquet_decompress_lz4(&decompressor, stored, size, got, expected, &err), PF_BAD_DATA);
    /* A bare block, as some writers stored it. */
    size = (size_t)LZ4_compress_default(first, (char *)stored, (int)strlen(first), 256);
    CHECK_OK(parquet_decompress_lz4(&decompressor, stored, size, got, strlen(first), &err), err);
    assert_memory_equal(got, first, strlen(first));
    pf_decompressor_free(&decompressor);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),         cmocka_unit_test(test_int96),
        cmocka_unit_test(test_halves),           cmocka_unit_test(test_decimal_bytes),
        cmocka_unit_test(test_decimal_integers), cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_lz4_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
