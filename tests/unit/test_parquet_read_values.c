/* Each physical type in each encoding, through the whole reader, from pages made by hand: some bytes are enough to see them all. */
#include "support_unit.h"

#include "base/text.h"
#include "support_parquet_file.h"

#define PAGES(array)     .pages = (array), .page_count = PF_COUNT(array)
#define LE4(n)           (uint8_t)(n), 0, 0, 0
#define LE8(n)           (uint8_t)(n), 0, 0, 0, 0, 0, 0, 0
/* Three rows: a value, null, a value; as version 1 has it. */
#define LEVELS_1N1       LE4(2), 0x03, 0x05
/* DELTA_BINARY_PACKED: 128 values a block, 4 miniblocks, three values. */
#define DELTA_HEAD       0x80, 0x01, 0x04, 0x03
#define DELTA_123        DELTA_HEAD, 0x02, 0x02, 0, 0, 0, 0
#define DELTA_LENGTH_102 DELTA_HEAD, 0x02, 0x01, 2, 0, 0, 0, 0x0c, 0, 0, 0, 0, 0, 0, 0
#define DELTA_PREFIX_011 DELTA_HEAD, 0x00, 0x00, 1, 0, 0, 0, 0x01, 0, 0, 0
#define DELTA_SUFFIX_211 DELTA_HEAD, 0x04, 0x01, 1, 0, 0, 0, 0x02, 0, 0, 0

#define DATA(...)                                                                                                              \
    {                                                                                                                          \
        .values = 3, __VA_ARGS__                                                                                               \
    }
#define DICTIONARY(...)                                                                                                        \
    {                                                                                                                          \
        .kind = PARQUET_DICTIONARY_PAGE, .values = 2, __VA_ARGS__                                                              \
    }
#define INDEXES_101 DATA(.encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(1, 0x03, 0x05))

static const struct hand_page delta_ints[] = { DATA(.encoding = PARQUET_DELTA_BINARY_PACKED, HAND_BYTES(DELTA_123)) };
static const struct hand_page split_ints[] = { DATA(.encoding = PARQUET_BYTE_STREAM_SPLIT,
                                                    HAND_BYTES(1, 2, 3, 0, 0, 1, 0, 0, 0, 0, 0, 0)) };
static const struct hand_page split_fixed[] = { DATA(.encoding = PARQUET_BYTE_STREAM_SPLIT, HAND_BYTES(1, 2, 3, 4, 5, 6)) };
static const struct hand_page rle_bools[] = { DATA(.encoding = PARQUET_RLE, HAND_BYTES(LE4(4), 0x04, 1, 0x02, 0)) };
static const struct hand_page null_bools[] = { DATA(HAND_BYTES(LEVELS_1N1, 0x01)) };
static const struct hand_page indexed_bools[] = { DICTIONARY(HAND_BYTES(0x02)), INDEXES_101 };
static const struct hand_page indexed_ints[] = { DICTIONARY(HAND_BYTES(LE4(7), LE4(9))), INDEXES_101 };
static const struct hand_page indexed_shorts[] = { DICTIONARY(HAND_BYTES(LE4(70), 0xff, 0xff, 0xff, 0xff)), INDEXES_101 };
static const struct hand_page indexed_fixed[] = { DICTIONARY(HAND_BYTES(1, 2, 3, 4)), INDEXES_101 };
static const struct hand_page indexed_bytes[] = { DICTIONARY(HAND_BYTES(LE4(1), 5, LE4(2), 1, 0)), INDEXES_101 };
static const struct hand_page one_entry[] = { { .kind = PARQUET_DICTIONARY_PAGE, .values = 1, HAND_BYTES(LE4(7)) },
                                              DATA(.encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(0)) };
static const struct hand_page no_entries[] = { { .kind = PARQUET_DICTIONARY_PAGE, .values = 0, HAND_BYTES(0) },
                                               DATA(.encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(LE4(2), 0x06, 0)) };
static const struct hand_page fixed[] = { DATA(HAND_BYTES(1, 2, 3, 4, 5, 6)) };
static const struct hand_page fronts_fixed[] = { DATA(.encoding = PARQUET_DELTA_BYTE_ARRAY,
                                                      HAND_BYTES(DELTA_PREFIX_011, DELTA_SUFFIX_211, 'a', 'b', 'c', 'd')) };
static const struct hand_page lengths[] = { DATA(.encoding = PARQUET_DELTA_LENGTH_BYTE_ARRAY,
                                                 HAND_BYTES(DELTA_LENGTH_102, 'a', 'b', 'c')) };
static const struct hand_page decimals[] = { DATA(HAND_BYTES(LEVELS_1N1, LE4(1), 5, LE4(2), 0xff, 0x00)) };
static const struct hand_page halves[] = { DATA(HAND_BYTES(0x00, 0x3c, 0x00, 0xc0, 0x00, 0x00)) };
static const struct hand_page int96s[] = {
    { .values = 2, HAND_BYTES(LE8(0), 0x8d, 0x3d, 0x25, 0, 0xe8, 3, 0, 0, 0, 0, 0, 0, 0x8c, 0x3d, 0x25, 0) }
};
static const struct hand_page uuids[] = {
    { .values = 1, HAND_BYTES(0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff) }
};
static const struct hand_page indexed_uuids[] = {
    { .kind = PARQUET_DICTIONARY_PAGE,
      .values = 1,
      HAND_BYTES(0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff) },
    { .values = 1, .encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(0) },
};
/* Version 2, its values not compressed although the column chunk is. */
static const struct hand_page stored_plainly[] = {
    { .kind = PARQUET_DATA_PAGE_V2, .values = 3, .not_compressed = true, HAND_BYTES(LE4(1), LE4(2), LE4(3)) }
};
/* Null, then a null that lies between pages with and without any. */
static const struct hand_page late_null[] = {
    { .values = 2, HAND_BYTES(LE4(2), 0x04, 1, LE4(1), LE4(2)) },
    { .values = 1, HAND_BYTES(LE4(2), 0x02, 0) },
};

struct value_case {
    const char *name;
    struct hand_column column;
    int64_t rows;
    const char *text;
};

#define COLUMN(physical, ...)                                                                                                  \
    {                                                                                                                          \
        .name = "a", .type = PARQUET_##physical, __VA_ARGS__                                                                   \
    }
#define FIXED(width, ...) COLUMN(FIXED_LEN_BYTE_ARRAY, .type_length = (width), __VA_ARGS__)
#define OPTIONAL          .repetition = PARQUET_OPTIONAL
#define DECIMAL           .logical = PARQUET_LOGICAL_DECIMAL, .precision = 9, .scale = 1

static const struct value_case cases[] = {
    { "int32 as deltas", COLUMN(INT32, PAGES(delta_ints)), 3, "1;2;3" },
    { "int64 as deltas", COLUMN(INT64, PAGES(delta_ints)), 3, "1;2;3" },
    { "int16 as deltas", COLUMN(INT32, .converted = PARQUET_CONVERTED_INT_16 + 1, PAGES(delta_ints)), 3, "1;2;3" },
    { "int32 in streams", COLUMN(INT32, PAGES(split_ints)), 3, "1;2;259" },
    { "fixed in streams", FIXED(2, PAGES(split_fixed)), 3, "0104;0205;0306" },
    { "boolean in runs", COLUMN(BOOLEAN, PAGES(rle_bools)), 3, "t;t;f" },
    { "boolean with null", COLUMN(BOOLEAN, OPTIONAL, PAGES(null_bools)), 3, "t;N;f" },
    { "boolean from a dictionary", COLUMN(BOOLEAN, PAGES(indexed_bools)), 3, "t;f;t" },
    { "int32 from a dictionary", COLUMN(INT32, PAGES(indexed_ints)), 3, "9;7;9" },
    { "int8 from a dictionary", COLUMN(INT32, .converted = PARQUET_CONVERTED_INT_8 + 1, PAGES(indexed_shorts)), 3, "-1;70;-1" },
    { "fixed from a dictionary", FIXED(2, PAGES(indexed_fixed)), 3, "0304;0102;0304" },
    { "fixed decimal from a dictionary", FIXED(2, DECIMAL, PAGES(indexed_fixed)), 3, "77.2;25.8;77.2" },
    { "decimal from a dictionary", COLUMN(BYTE_ARRAY, DECIMAL, PAGES(indexed_bytes)), 3, "25.6;0.5;25.6" },
    { "binary from a dictionary", COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_BSON, PAGES(indexed_bytes)), 3,
      "0100;05;0100" },
    { "a dictionary of one entry, indexes of no bits", COLUMN(INT32, PAGES(one_entry)), 3, "7;7;7" },
    { "a dictionary of nothing for nulls only", COLUMN(INT32, OPTIONAL, PAGES(no_entries)), 3, "N;N;N" },
    { "text from a dictionary of nothing", COLUMN(BYTE_ARRAY, OPTIONAL, PAGES(no_entries)), 3, "N;N;N" },
    { "fixed", FIXED(2, PAGES(fixed)), 3, "0102;0304;0506" },
    { "fixed text", FIXED(2, .converted = PARQUET_CONVERTED_UTF8 + 1, PAGES(fronts_fixed)), 3, "ab;ac;ad" },
    { "fixed decimal", FIXED(2, DECIMAL, PAGES(fixed)), 3, "25.8;77.2;128.6" },
    { "fixed decimal as fronts", FIXED(2, DECIMAL, PAGES(fronts_fixed)), 3, "2493.0;2493.1;2493.2" },
    { "lengths as deltas", COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_STRING, PAGES(lengths)), 3, "a;;bc" },
    { "fronts", COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_STRING, PAGES(fronts_fixed)), 3, "ab;ac;ad" },
    { "decimals with a null", COLUMN(BYTE_ARRAY, OPTIONAL, DECIMAL, PAGES(decimals)), 3, "0.5;N;-25.6" },
    { "decimals as fronts", COLUMN(BYTE_ARRAY, DECIMAL, PAGES(fronts_fixed)), 3, "2493.0;2493.1;2493.2" },
    { "float16", FIXED(2, .logical = PARQUET_LOGICAL_FLOAT16, PAGES(halves)), 3, "1;-2;0" },
    { "int96", COLUMN(INT96, PAGES(int96s)), 2, "86400000000;1" },
    { "uuid", FIXED(16, .logical = PARQUET_LOGICAL_UUID, PAGES(uuids)), 1, "00112233-4455-6677-8899-aabbccddeeff" },
    { "uuid from a dictionary", FIXED(16, .logical = PARQUET_LOGICAL_UUID, PAGES(indexed_uuids)), 1,
      "00112233-4455-6677-8899-aabbccddeeff" },
    { "version 2, not compressed", COLUMN(INT32, .codec = PARQUET_ZSTD, PAGES(stored_plainly)), 3, "1;2;3" },
    { "a null in the second page", COLUMN(INT32, OPTIONAL, PAGES(late_null)), 3, "1;2;N" },
    { "null type", COLUMN(INT32, OPTIONAL, .logical = PARQUET_LOGICAL_NULL, PAGES(no_entries)), 3, "N;N;N" },
};

/* Wrong ones of the same kinds. */
static const struct hand_page odd_width[] = { DATA(.encoding = PARQUET_DELTA_BYTE_ARRAY,
                                                   HAND_BYTES(DELTA_PREFIX_011, DELTA_SUFFIX_211, 'a', 'b', 'c', 'd')) };
static const struct hand_page empty_values[] = {
    { .kind = PARQUET_DATA_PAGE_V2, .values = 3, .encoding = PARQUET_RLE_DICTIONARY }, { .values = 1, HAND_BYTES(0) }
};
static const struct hand_page short_indexes[] = { DICTIONARY(HAND_BYTES(LE4(7), LE4(9))),
                                                  DATA(.encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(1, 0x04, 1)) };
static const struct hand_page short_deltas[] = { DATA(.encoding = PARQUET_DELTA_BINARY_PACKED, HAND_BYTES(DELTA_HEAD)) };
static const struct hand_page rle_anything[] = { DATA(.encoding = PARQUET_RLE, HAND_BYTES(LE4(4), 0x04, 1, 0x02, 0)) };
static const struct hand_page delta_anything[] = { DATA(.encoding = PARQUET_DELTA_BINARY_PACKED, HAND_BYTES(DELTA_123)) };
static const struct hand_page fronts_anything[] = { DATA(.encoding = PARQUET_DELTA_BYTE_ARRAY, HAND_BYTES(DELTA_123)) };
static const struct hand_page split_anything[] = { DATA(.encoding = PARQUET_BYTE_STREAM_SPLIT, HAND_BYTES(1)) };
static const struct hand_page huge_dictionary[] = { { .kind = PARQUET_DICTIONARY_PAGE, .values = 1000, HAND_BYTES(0x02) },
                                                    INDEXES_101 };
static const struct hand_page no_sense[] = { DICTIONARY(HAND_BYTES(LE4(1), 5, LE4(0))), INDEXES_101 };

static const struct value_case wrong_cases[] = {
    { "fronts of another width", FIXED(3, PAGES(odd_width)), 3, "2 bytes in a column of values of 3" },
    { "no indexes at all", COLUMN(INT32, PAGES(empty_values)), 3, "has none" },
    { "indexes cut", COLUMN(INT32, PAGES(short_indexes)), 3, "ends before" },
    { "deltas cut", COLUMN(INT64, PAGES(short_deltas)), 3, "ends before" },
    { "runs of numbers", COLUMN(INT32, PAGES(rle_anything)), 3, "RLE" },
    { "deltas of doubles", COLUMN(DOUBLE, PAGES(delta_anything)), 3, "DELTA_BINARY_PACKED" },
    { "fronts of numbers", COLUMN(INT32, PAGES(fronts_anything)), 3, "DELTA_BYTE_ARRAY" },
    { "streams of booleans", COLUMN(BOOLEAN, PAGES(split_anything)), 3, "BYTE_STREAM_SPLIT" },
    { "streams cut", FIXED(200, .logical = PARQUET_LOGICAL_DECIMAL, .precision = 3, PAGES(split_anything)), 3, "ends before" },
    { "dictionary of more booleans than it has", COLUMN(BOOLEAN, PAGES(huge_dictionary)), 3, "cannot hold" },
    { "dictionary entry without digits", COLUMN(BYTE_ARRAY, DECIMAL, PAGES(no_sense)), 3, "no digits" },
    { "text in a date", COLUMN(DOUBLE, .logical = PARQUET_LOGICAL_DECIMAL, .precision = 3, PAGES(split_anything)), 3,
      "does not go together" },
    { "float16 of three bytes", FIXED(3, .logical = PARQUET_LOGICAL_FLOAT16, PAGES(fixed)), 3, "does not go together" },
};

static void read_case(struct pf_context *ctx, const struct value_case *c, struct hand_outcome *out)
{
    struct hand_file file = { .columns = &c->column, .column_count = 1, .rows = c->rows };
    struct pf_buffer bytes;

    pf_buffer_init(&bytes, &ctx->memory, SIZE_MAX);
    hand_write(&bytes, &file);
    hand_read(ctx, bytes.data, bytes.size, NULL, NULL, 0, out);
    pf_buffer_free(&bytes);
}

static void test_values(void **state)
{
    struct pf_context ctx;
    struct hand_outcome got;

    (void)state;
    hand_context_begin(&ctx);
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        read_case(&ctx, &cases[i], &got);
        if (got.status != PF_OK || strcmp(got.text, cases[i].text) != 0)
            fail_msg("%s: %s '%s' gave '%s', expected '%s'", cases[i].name, pf_status_name(got.status), got.err.message,
                     got.text, cases[i].text);
    }
    hand_context_end(&ctx);
}

static void test_wrong(void **state)
{
    struct pf_context ctx;
    struct hand_outcome got;

    (void)state;
    hand_context_begin(&ctx);
    for (size_t i = 0; i < PF_COUNT(wrong_cases); i++) {
        read_case(&ctx, &wrong_cases[i], &got);
        if (got.status == PF_OK || strstr(got.err.message, wrong_cases[i].text) == NULL)
            fail_msg("%s: %s '%s', expected '%s'", wrong_cases[i].name, pf_status_name(got.status), got.err.message,
                     wrong_cases[i].text);
    }
    hand_context_end(&ctx);
}

/* Each of the files, with the n-th allocation refused, for every n. */
static void test_every_allocation_refused(void **state)
{
    struct pf_context ctx;
    struct hand_outcome got;

    (void)state;
    hand_context_begin(&ctx);
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct hand_file file = { .columns = &cases[i].column, .column_count = 1, .rows = cases[i].rows };
        struct pf_buffer bytes;

        pf_buffer_init(&bytes, &ctx.memory, SIZE_MAX);
        hand_write(&bytes, &file);
        got.status = PF_NO_MEMORY;
        for (long refused = 0; got.status != PF_OK; refused++) {
            atomic_store(&ctx.memory.fail_at, refused);
            hand_read(&ctx, bytes.data, bytes.size, NULL, NULL, 0, &got);
            if (got.status != PF_OK)
                CHECK_INT(got.status, PF_NO_MEMORY);
        }
        atomic_store(&ctx.memory.fail_at, -1);
        CHECK_TEXT(got.text, cases[i].text);
        pf_buffer_free(&bytes);
    }
    hand_context_end(&ctx);
}

static char logged[1024];

static void keep_log(void *user, enum pf_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)snprintf(logged, sizeof logged, "%s", message);
}

/* Many columns with long names that are left out: the warning stays whole characters and says that there are more. */
static void test_names_left_out(void **state)
{
    enum { MANY = 40 };
    static const struct hand_column interval =
        FIXED(12, .converted = PARQUET_CONVERTED_INTERVAL + 1, .repetition = PARQUET_REQUIRED);
    struct parquet_read_options skip = { .skip_nested = true };
    static struct hand_column columns[MANY];
    static char names[MANY][64];
    struct hand_file file = { .columns = columns, .column_count = MANY };
    struct hand_outcome got;
    struct pf_context ctx;
    struct pf_buffer bytes;

    (void)state;
    hand_context_begin(&ctx);
    ctx.log = keep_log;
    for (int i = 0; i < MANY; i++) {
        columns[i] = interval;
        (void)snprintf(names[i], sizeof names[i], "%*s%d", i % 20 + 10, "\xc3\xbc", i);
        columns[i].name = names[i];
    }
    pf_buffer_init(&bytes, &ctx.memory, SIZE_MAX);
    hand_write(&bytes, &file);
    hand_read(&ctx, bytes.data, bytes.size, NULL, NULL, 0, &got);
    CHECK_INT(got.status, PF_UNSUPPORTED);
    CHECK_HAS(got.err.message, "39 more such columns");
    hand_read(&ctx, bytes.data, bytes.size, &skip, NULL, 0, &got);
    CHECK_OK(got.status, got.err);
    CHECK_INT(got.rows, 0);
    CHECK_HAS(logged, "left out 40 columns");
    CHECK_TEXT(logged + strlen(logged) - 6, "', ...");
    CHECK(strlen(logged) < 500);
    CHECK_INT(pf_utf8_valid((const uint8_t *)logged, strlen(logged), 0), strlen(logged));
    pf_buffer_free(&bytes);
    hand_context_end(&ctx);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_every_allocation_refused),
        cmocka_unit_test(test_names_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
