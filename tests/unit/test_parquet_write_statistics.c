/* Statistics: the order of each type, truncation of strings, zeros and NaN; and the dictionary, which finds distinct values. */
#include "support_unit.h"

#include <math.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "formats/parquet/dictionary.h"
#include "formats/parquet/statistics.h"
#include "support_parquet_make.h"

#define A16    "aaaaaaaaaaaaaaaa"
#define A60    A16 A16 A16 "aaaaaaaaaaaa"
#define LAST   "\xf4\x8f\xbf\xbf" /* U+10FFFF */
#define LAST16 LAST LAST LAST LAST

/* A string as the only value, and what is stored of it. NULL = there is no maximum. */
#define STRING(only, least, most)                                                                                              \
    {                                                                                                                          \
        .text = (only), .min = (least), .max = (most)                                                                          \
    }
#define BINARY(only, least, most)                                                                                              \
    {                                                                                                                          \
        .text = (only), .min = (least), .max = (most), .binary = true                                                          \
    }
static const struct {
    const char *text, *min, *max;
    bool binary;
} bounds[] = {
    STRING("", "", ""),
    STRING("short", "short", "short"),
    STRING(A60 "bcde", A60 "bcde", A60 "bcde"),
    STRING(A60 "bcdef", A60 "bcde", A60 "bcdf"),
    STRING(A60 "bcd\x7f"
               "x",
           A60 "bcd\x7f", A60 "bce"),
    /* A character that the 64th byte would cut is left out. */
    STRING(A60 "bcd\xc3\xa9\xc3\xa9", A60 "bcd", A60 "bce"),
    STRING(A60 "\xe2\x82\xac\xe2\x82\xac", A60 "\xe2\x82\xac", A60 "\xe2\x82\xad"),
    STRING(A60 "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", A60 "\xf0\x9f\x98\x80", A60 "\xf0\x9f\x98\x81"),
    /* U+D7FF is followed by U+E000. */
    STRING(A60 "x\xed\x9f\xbf"
               "y",
           A60 "x\xed\x9f\xbf", A60 "x\xee\x80\x80"),
    /* The last characters of one length are dropped and the one before is raised. */
    STRING(A60 "bc\xdf\xbf"
               "y",
           A60 "bc\xdf\xbf", A60 "bd"),
    STRING(A60 LAST "y", A60 LAST, A16 A16 A16 "aaaaaaaaaaab"),
    STRING(LAST16 LAST16 LAST16 LAST16 "y", LAST16 LAST16 LAST16 LAST16, NULL),
    BINARY(A60 "bcdef", A60 "bcde", A60 "bcdf"),
    BINARY(A60 "bc\xff\xff"
               "f",
           A60 "bc\xff\xff", A60 "bd"),
    BINARY(A60 "bcd\xc3\xa9\xc3\xa9", A60 "bcd\xc3", A60 "bcd\xc4"),
};

static void test_truncation(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < PF_COUNT(bounds); i++) {
        struct pf_field field = { .name = "t", .type = bounds[i].binary ? PF_TYPE_BINARY : PF_TYPE_STRING };
        struct pf_leaf leaf = pf_leaf_of(&field);
        struct pf_range range = { .any = false };
        struct pf_stored_bound min, max;
        size_t size = strlen(bounds[i].text);

        pf_range_add_text(&range, (struct pf_text_view){ (const uint8_t *)bounds[i].text, (uint32_t)size });
        pf_store_min(&leaf, &range, &min);
        pf_store_max(&leaf, &range, &max);
        CHECK_INT(min.size, strlen(bounds[i].min));
        assert_memory_equal(min.bytes, bounds[i].min, min.size);
        CHECK_INT(min.exact, size <= PF_BOUND_SIZE);
        CHECK_INT(max.known, bounds[i].max != NULL);
        if (!max.known)
            continue;
        CHECK_INT(max.size, strlen(bounds[i].max));
        assert_memory_equal(max.bytes, bounds[i].max, max.size);
        CHECK_INT(max.exact, size <= PF_BOUND_SIZE);
        CHECK(max.exact || memcmp(max.bytes, bounds[i].text, max.size) > 0);
    }
}

/* Ranges of made columns against plain loops over the same values, with and without vector code. */
static void test_integers(void **unused)
{
    static const struct {
        enum pf_type type;
        bool is_unsigned;
    } types[] = { { PF_TYPE_INT32, false }, { PF_TYPE_UINT32, true }, { PF_TYPE_INT64, false }, { PF_TYPE_UINT64, true } };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(types) * 70; i++) {
        struct pf_field field = { .name = "n", .type = types[i % PF_COUNT(types)].type };
        struct pf_leaf leaf = pf_leaf_of(&field);
        size_t count = i / PF_COUNT(types) + 1;
        uint8_t *values = malloc(count * leaf.width);
        struct pf_range vector, scalar;
        int64_t low = 0, high = 0;

        CHECK(values != NULL);
        for (size_t at = 0; at < count; at++) {
            int64_t value = (int64_t)made_random((uint32_t)i, (int64_t)at);
            bool less, more;

            memcpy(values + at * leaf.width, &value, leaf.width);
            value = leaf.width == 4 ? (int32_t)value : value;
            less = types[i % PF_COUNT(types)].is_unsigned ? (uint64_t)value < (uint64_t)low : value < low;
            more = types[i % PF_COUNT(types)].is_unsigned ? (uint64_t)value > (uint64_t)high : value > high;
            low = at == 0 || less ? value : low;
            high = at == 0 || more ? value : high;
        }
        vector = pf_range_of(&leaf, values, count, pf_cpu_features());
        scalar = pf_range_of(&leaf, values, count, 0);
        CHECK(vector.any && scalar.any);
        CHECK_INT(vector.min.integer, low);
        CHECK_INT(vector.max.integer, high);
        CHECK_INT(scalar.min.integer, low);
        CHECK_INT(scalar.max.integer, high);
        free(values);
    }
}

static const struct {
    double values[20];
    size_t count;
    bool any;
    double min, max;
    bool min_minus, max_minus; /* signs as stored */
} reals[] = {
    { { 1.5 }, 1, true, 1.5, 1.5, false, false },
    { { NAN }, 1, false, 0, 0, false, false },
    { { NAN, NAN, 2, NAN }, 4, true, 2, 2, false, false },
    { { 0.0 }, 1, true, 0, 0, true, false },
    { { -0.0 }, 1, true, 0, 0, true, false },
    { { 0.0, 3 }, 2, true, 0, 3, true, false },
    { { -2, -0.0 }, 2, true, -2, 0, true, false },
    { { -2, -1 }, 2, true, -2, -1, true, true },
    { { INFINITY, NAN }, 2, true, INFINITY, INFINITY, false, false },
    { { -INFINITY, 5 }, 2, true, -INFINITY, 5, true, false },
    { { 9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5, 1, 2, 3, 4, 5, 6, 7, 8, 11, 8 }, 20, true, 0.5, 11, false, false },
    { { 9, 8, 7, 6, 5, 4, 3, 2, 1, NAN, 1, 2, 3, 4, 5, 6, 7, 8, 11, -8 }, 20, true, -8, 11, true, false },
};

static void check_real(size_t number, enum pf_type type, uint32_t features)
{
    struct pf_field field = { .name = "r", .type = type };
    struct pf_leaf leaf = pf_leaf_of(&field);
    struct pf_stored_bound min, max;
    struct pf_range range;
    float narrow[20];
    double low, high;

    for (size_t i = 0; i < reals[number].count; i++)
        narrow[i] = (float)reals[number].values[i];
    range = pf_range_of(&leaf, type == PF_TYPE_FLOAT32 ? (const uint8_t *)narrow : (const uint8_t *)reals[number].values,
                        reals[number].count, features);
    CHECK_INT(range.any, reals[number].any);
    if (!range.any)
        return;
    pf_store_min(&leaf, &range, &min);
    pf_store_max(&leaf, &range, &max);
    CHECK_INT(min.size, leaf.width);
    if (type == PF_TYPE_FLOAT32) {
        memcpy(narrow, min.bytes, 4);
        memcpy(narrow + 1, max.bytes, 4);
        low = (double)narrow[0];
        high = (double)narrow[1];
    } else {
        memcpy(&low, min.bytes, 8);
        memcpy(&high, max.bytes, 8);
    }
    CHECK(!(low < reals[number].min) && !(low > reals[number].min) && !(high < reals[number].max) &&
          !(high > reals[number].max));
    CHECK_INT(signbit(low) != 0, reals[number].min_minus);
    CHECK_INT(signbit(high) != 0, reals[number].max_minus);
}

static void test_reals(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < PF_COUNT(reals); i++) {
        check_real(i, PF_TYPE_FLOAT64, pf_cpu_features());
        check_real(i, PF_TYPE_FLOAT64, 0);
        check_real(i, PF_TYPE_FLOAT32, pf_cpu_features());
        check_real(i, PF_TYPE_FLOAT32, 0);
    }
}

/* Strings whose first 8 bytes agree, differ only in length, or hold zeros and bytes above 127. */
static void test_text(void **unused)
{
    static const char *const texts[] = { "",          "a",    "ab",       "abcdefgh",         "abcdefgha",
                                         "abcdefg",   "\x7f", "\xc3\xa9", "zzzzzzzz",         "zzzzzzzzz",
                                         "zzzzzzzy~", "m",    "abcdefgi", "\xf0\x90\x80\x80", "\xef\xbf\xbf" };

    (void)unused;
    for (size_t a = 0; a < PF_COUNT(texts); a++) {
        for (size_t b = 0; b < PF_COUNT(texts); b++) {
            const char *pair[2] = { texts[a], texts[b] };
            bool first_less = strcmp(pair[0], pair[1]) < 0;
            uint8_t bytes[64];
            int32_t offsets[3] = { 0, (int32_t)strlen(pair[0]), (int32_t)(strlen(pair[0]) + strlen(pair[1])) };
            const void *buffers[3] = { NULL, offsets, bytes };
            struct ArrowArray array = { .length = 2, .n_buffers = 3, .buffers = buffers };
            struct pf_slice slice = { &array, 0, 2 };
            struct pf_range range;

            memcpy(bytes, pair[0], strlen(pair[0]));
            memcpy(bytes + strlen(pair[0]), pair[1], strlen(pair[1]));
            range = pf_range_of_text((struct pf_slice_cursor){ &slice, 0 }, 2);
            CHECK(range.any);
            CHECK_INT(range.min.text.size, strlen(pair[!first_less]));
            assert_memory_equal(range.min.text.bytes, pair[!first_less], range.min.text.size);
            CHECK_INT(range.max.text.size, strlen(pair[first_less]));
            assert_memory_equal(range.max.text.bytes, pair[first_less], range.max.text.size);
        }
    }
}

/* ---- the dictionary */

static void check_fixed(uint32_t width, uint64_t distinct, bool direct)
{
    enum { COUNT = 20000 };
    struct pf_memory memory;
    struct pf_dictionary dictionary;
    uint8_t *values = malloc((size_t)COUNT * width);
    uint32_t *indexes = malloc(COUNT * sizeof *indexes);

    CHECK(values && indexes && pf_memory_init(&memory, SIZE_MAX));
    for (int64_t i = 0; i < COUNT; i++) {
        uint64_t value[2] = { made_random(3, i) % distinct - distinct / 2, made_random(3, i) % distinct };

        memcpy(values + (size_t)i * width, value, width);
    }
    if (direct)
        CHECK(pf_dictionary_init_direct(&dictionary, &memory, width, 100000, 1 << 20, 0 - distinct / 2, distinct - 1));
    else
        CHECK(pf_dictionary_init(&dictionary, &memory, width, 100000, 1 << 20, 10));
    CHECK_INT(pf_dictionary_add(&dictionary, values, COUNT / 2, indexes), PF_DICTIONARY_DONE);
    CHECK_INT(pf_dictionary_add(&dictionary, values + (size_t)COUNT / 2 * width, COUNT / 2, indexes + COUNT / 2),
              PF_DICTIONARY_DONE);
    CHECK(dictionary.count <= distinct);
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(indexes[i] < dictionary.count);
        assert_memory_equal(dictionary.values + (size_t)indexes[i] * width, values + i * width, width);
    }
    /* Each entry stands once. */
    for (uint32_t i = 1; i < dictionary.count && i < 200; i++)
        CHECK(memcmp(dictionary.values, dictionary.values + (size_t)i * width, width) != 0);
    CHECK_INT(pf_dictionary_plain_size(&dictionary, width), dictionary.count * width);
    pf_dictionary_free(&dictionary);
    free(values);
    free(indexes);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

static void test_dictionary(void **unused)
{
    static const uint64_t distinct[] = { 1, 2, 100, 5000, 15000 };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(distinct); i++) {
        check_fixed(4, distinct[i], false);
        check_fixed(8, distinct[i], false);
        check_fixed(16, distinct[i], false);
        check_fixed(4, distinct[i], true);
        check_fixed(8, distinct[i], true);
    }
}

static void test_dictionary_text(void **unused)
{
    static const enum made_pattern patterns[] = { MADE_FEW, MADE_SOME, MADE_WIDE, MADE_LONG };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(patterns); i++) {
        const struct made_column column = {
            .name = "t", .type = PF_TYPE_STRING, .pattern = patterns[i], .nulls = MADE_RANDOM_NULLS
        };
        const struct made_table table = { &column, 1, 3000, 3000 };
        struct pf_context ctx;
        struct pf_batch batch;
        struct pf_slice slice;
        struct pf_slice_cursor cursor = { &slice, 0 };
        struct pf_dictionary dictionary;
        uint32_t indexes[3000];
        size_t found, at = 0;

        CHECK(made_context(&ctx));
        made_batch(&batch, &ctx.memory, &table, 0, 3000, NULL);
        slice = (struct pf_slice){ &batch.columns[0], 0, 3000 };
        CHECK(pf_dictionary_init(&dictionary, &ctx.memory, 0, 100000, 1 << 20, 1));
        CHECK_INT(pf_dictionary_add_text(&dictionary, &cursor, 3000, indexes, &found), PF_DICTIONARY_DONE);
        CHECK_INT(found, 3000 - batch.columns[0].null_count);
        for (int64_t row = 0; row < 3000; row++) {
            const int32_t *offsets = pf_array_offsets(&batch.columns[0]);
            struct pf_text_view text;

            if (!pf_bit(pf_array_validity(&batch.columns[0]), row))
                continue;
            text = pf_dictionary_text_at(&dictionary, indexes[at++]);
            CHECK_INT(text.size, offsets[row + 1] - offsets[row]);
            assert_memory_equal(text.bytes, pf_array_bytes(&batch.columns[0]) + offsets[row], text.size);
        }
        pf_dictionary_free(&dictionary);
        pf_batch_free(&batch);
        CHECK_INT(atomic_load(&ctx.memory.in_use), 0);
        pf_memory_destroy(&ctx.memory);
    }
}

static void test_dictionary_limits(void **unused)
{
    struct pf_memory memory;
    struct pf_dictionary dictionary;
    uint64_t values[1000];
    uint32_t indexes[1000];

    (void)unused;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (uint64_t i = 0; i < PF_COUNT(values); i++)
        values[i] = i * 1000003;
    CHECK(pf_dictionary_init(&dictionary, &memory, 8, 999, 1 << 20, 1));
    CHECK_INT(pf_dictionary_add(&dictionary, (const uint8_t *)values, 999, indexes), PF_DICTIONARY_DONE);
    CHECK_INT(pf_dictionary_add(&dictionary, (const uint8_t *)values, 999, indexes), PF_DICTIONARY_DONE);
    CHECK_INT(pf_dictionary_add(&dictionary, (const uint8_t *)values, 1000, indexes), PF_DICTIONARY_FULL);
    pf_dictionary_free(&dictionary);
    CHECK(pf_dictionary_init(&dictionary, &memory, 8, 100000, 80, 1));
    CHECK_INT(pf_dictionary_add(&dictionary, (const uint8_t *)values, 11, indexes), PF_DICTIONARY_FULL);
    pf_dictionary_free(&dictionary);
    CHECK(pf_dictionary_init_direct(&dictionary, &memory, 8, 5, 1 << 20, 10, 100));
    for (uint64_t i = 0; i < 6; i++)
        values[i] = 10 + i;
    CHECK_INT(pf_dictionary_add(&dictionary, (const uint8_t *)values, 6, indexes), PF_DICTIONARY_FULL);
    pf_dictionary_free(&dictionary);
    pf_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_reals),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_dictionary),
        cmocka_unit_test(test_dictionary_text),
        cmocka_unit_test(test_dictionary_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
