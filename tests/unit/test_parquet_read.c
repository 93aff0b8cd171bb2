/* The Parquet reader over files made by hand: what is read, what is refused, and where an error says it is. */
#include "support_unit.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "support_parquet_file.h"

#define PAGES(array)    .pages = (array), .page_count = PF_COUNT(array)
#define PLAIN_INTS(...) HAND_BYTES(__VA_ARGS__)
#define LE4(n)          (uint8_t)(n), 0, 0, 0
#define LE8(n)          (uint8_t)(n), 0, 0, 0, 0, 0, 0, 0

/* ---- pages */

static const struct hand_page ints_123[] = { { .values = 3, HAND_BYTES(LE4(1), LE4(2), LE4(3)) } };
static const struct hand_page longs_123[] = { { .values = 3, HAND_BYTES(LE8(1), LE8(2), LE8(3)) } };
/* Levels 1, 0, 1 as a packed run of one byte; two values. */
static const struct hand_page ints_1N3[] = { { .values = 3, HAND_BYTES(LE4(2), 0x03, 0x05, LE4(1), LE4(3)) } };
static const struct hand_page ints_1N3_v2[] = {
    { .kind = PARQUET_DATA_PAGE_V2, .values = 3, .level_size = 2, HAND_BYTES(0x03, 0x05, LE4(1), LE4(3)) }
};
static const struct hand_page ints_NNN[] = { { .values = 3, HAND_BYTES(LE4(2), 0x06, 0x00) } };
static const struct hand_page ints_two_pages[] = { { .values = 1, HAND_BYTES(LE4(1)) },
                                                   { .values = 0, HAND_BYTES(0) },
                                                   { .kind = PARQUET_INDEX_PAGE, HAND_BYTES(1, 2, 3) },
                                                   { .values = 2, HAND_BYTES(LE4(2), LE4(3)) } };
static const struct hand_page texts_abc[] = { { .values = 3, HAND_BYTES(LE4(1), 'a', LE4(0), LE4(2), 'b', 'c') } };
static const struct hand_page texts_indexed[] = {
    { .kind = PARQUET_DICTIONARY_PAGE, .values = 2, HAND_BYTES(LE4(1), 'x', LE4(3), 'y', 'y', 'y') },
    { .values = 3, .encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(1, 0x03, 0x05) },
};
static const struct hand_page bools_tft[] = { { .values = 3, HAND_BYTES(0x05) } };
static const struct hand_page doubles[] = {
    { .values = 3, HAND_BYTES(LE8(0), 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf) }
};

/* ---- what is read */

struct good_case {
    const char *name;
    struct hand_column column;
    int64_t rows;
    const char *text;
};

#define COLUMN(physical, ...)                                                                                                  \
    {                                                                                                                          \
        .name = "a", .type = PARQUET_##physical, __VA_ARGS__                                                                   \
    }

static const struct good_case good_cases[] = {
    { "required int32", COLUMN(INT32, PAGES(ints_123)), 3, "1;2;3" },
    { "int64", COLUMN(INT64, PAGES(longs_123)), 3, "1;2;3" },
    { "nulls", COLUMN(INT32, .repetition = PARQUET_OPTIONAL, PAGES(ints_1N3)), 3, "1;N;3" },
    { "nulls, version 2", COLUMN(INT32, .repetition = PARQUET_OPTIONAL, PAGES(ints_1N3_v2)), 3, "1;N;3" },
    { "nothing but nulls", COLUMN(INT32, .repetition = PARQUET_OPTIONAL, PAGES(ints_NNN)), 3, "N;N;N" },
    { "two pages, an empty one and an index page between them", COLUMN(INT32, PAGES(ints_two_pages)), 3, "1;2;3" },
    { "uint8", COLUMN(INT32, .converted = PARQUET_CONVERTED_UINT_8 + 1, PAGES(ints_123)), 3, "1;2;3" },
    { "date", COLUMN(INT32, .logical = PARQUET_LOGICAL_DATE, PAGES(ints_123)), 3, "1;2;3" },
    { "time in ms", COLUMN(INT32, .converted = PARQUET_CONVERTED_TIME_MILLIS + 1, PAGES(ints_123)), 3, "1000;2000;3000" },
    { "time in us", COLUMN(INT64, .logical = PARQUET_LOGICAL_TIME, .unit = PARQUET_MICROS, PAGES(longs_123)), 3, "1;2;3" },
    { "timestamp in ms", COLUMN(INT64, .logical = PARQUET_LOGICAL_TIMESTAMP, .unit = PARQUET_MILLIS, PAGES(longs_123)), 3,
      "1000;2000;3000" },
    { "decimal", COLUMN(INT32, .logical = PARQUET_LOGICAL_DECIMAL, .precision = 4, .scale = 2, PAGES(ints_123)), 3,
      "0.01;0.02;0.03" },
    { "double", COLUMN(DOUBLE, PAGES(doubles)), 3, "0;1.5;-1" },
    { "boolean", COLUMN(BOOLEAN, PAGES(bools_tft)), 3, "t;f;t" },
    { "text", COLUMN(BYTE_ARRAY, .converted = PARQUET_CONVERTED_UTF8 + 1, PAGES(texts_abc)), 3, "a;;bc" },
    { "text whose size is known",
      COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_JSON, .with_text_bytes = true, PAGES(texts_abc)), 3, "a;;bc" },
    { "binary", COLUMN(BYTE_ARRAY, PAGES(texts_abc)), 3, "61;;6263" },
    { "dictionary", COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_STRING, PAGES(texts_indexed)), 3, "yyy;x;yyy" },
    { "dictionary whose place is not told",
      COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_ENUM, .no_dictionary_offset = true, PAGES(texts_indexed)), 3, "yyy;x;yyy" },
    { "no rows", COLUMN(INT32, .unit = 0), 0, "" },
};

static void one_column(struct pf_context *ctx, const struct hand_column *column, int64_t rows,
                       const struct parquet_read_options *options, struct hand_outcome *out)
{
    struct hand_file file = { .columns = column, .column_count = 1, .rows = rows };
    struct pf_buffer bytes;

    pf_buffer_init(&bytes, &ctx->memory, SIZE_MAX);
    hand_write(&bytes, &file);
    hand_read(ctx, bytes.data, bytes.size, options, NULL, 0, out);
    pf_buffer_free(&bytes);
}

static void test_good(void **state)
{
    struct pf_context ctx;
    struct hand_outcome got;

    (void)state;
    hand_context_begin(&ctx);
    for (size_t i = 0; i < PF_COUNT(good_cases); i++) {
        const struct good_case *c = &good_cases[i];

        one_column(&ctx, &c->column, c->rows, NULL, &got);
        if (got.status != PF_OK || strcmp(got.text, c->text) != 0 || got.rows != c->rows)
            fail_msg("%s: %s '%s' gave '%s', expected '%s'", c->name, pf_status_name(got.status), got.err.message, got.text,
                     c->text);
    }
    hand_context_end(&ctx);
}

/* ---- what is refused */

static const struct hand_page bad_utf8[] = { { .values = 3, HAND_BYTES(LE4(1), 'a', LE4(1), 0xc3, LE4(1), 0xa9) } };
static const struct hand_page bad_utf8_indexed[] = {
    { .kind = PARQUET_DICTIONARY_PAGE, .values = 3, HAND_BYTES(LE4(1), 0xff, LE4(1), 'x', LE4(1), 0xfe) },
    { .values = 3, .encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(2, 0x03, 0x25, 0x00) }, /* 1, 1, 2 */
};
static const struct hand_page nanos_1500[] = { { .values = 3,
                                                 HAND_BYTES(LE8(0), 0xe8, 3, 0, 0, 0, 0, 0, 0, 0xdc, 5, 0, 0, 0, 0, 0, 0) } };
static const struct hand_page nanos_indexed[] = {
    { .kind = PARQUET_DICTIONARY_PAGE, .values = 2, HAND_BYTES(LE8(0), LE8(1)) },
    { .values = 3,
      .encoding = PARQUET_PLAIN_DICTIONARY,
      HAND_BYTES(LE4(2), 0x03, 0x05, 1, 0x03, 0x02) }, /* present, null, present */
};
static const struct hand_page short_page[] = { { .values = 3, HAND_BYTES(LE4(1), LE4(2)) } };
static const struct hand_page few_pages[] = { { .values = 2, HAND_BYTES(LE4(1), LE4(2)) } };
static const struct hand_page many_values[] = { { .values = 4, HAND_BYTES(LE4(1), LE4(2), LE4(3), LE4(4)) } };
static const struct hand_page packed_levels[] = {
    { .values = 3, .level_encoding = PARQUET_BIT_PACKED, HAND_BYTES(0xa0, LE4(1), LE4(3)) }
};
static const struct hand_page short_levels[] = { { .values = 3, HAND_BYTES(LE4(2), 0x02, 0x01, LE4(1)) } };
static const struct hand_page long_levels[] = { { .values = 3, HAND_BYTES(LE4(200), 0x02, 0x01, LE4(1)) } };
static const struct hand_page level_size[] = {
    { .kind = PARQUET_DATA_PAGE_V2, .values = 3, .level_size = 20, HAND_BYTES(0x03, 0x05, LE4(1), LE4(3)) }
};
static const struct hand_page repeated[] = {
    { .kind = PARQUET_DATA_PAGE_V2, .values = 3, .repetition_size = 2, HAND_BYTES(0x03, 0x05, LE4(1), LE4(3)) }
};
static const struct hand_page no_dictionary[] = {
    { .values = 3, .encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(1, 0x03, 0x05) }
};
static const struct hand_page late_dictionary[] = {
    { .values = 1, HAND_BYTES(LE4(0)) },
    { .kind = PARQUET_DICTIONARY_PAGE, .values = 1, HAND_BYTES(LE4(0)) },
    { .values = 2, HAND_BYTES(LE4(0), LE4(1)) },
};
static const struct hand_page wide_index[] = {
    { .kind = PARQUET_DICTIONARY_PAGE, .values = 1, HAND_BYTES(LE4(0)) },
    { .values = 3, .encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(254, 0x03, 0x05) },
};
static const struct hand_page far_index[] = {
    { .kind = PARQUET_DICTIONARY_PAGE, .values = 1, HAND_BYTES(LE4(0)) },
    { .values = 3, .encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(1, 0x03, 0x05) },
};
static const struct hand_page full_dictionary[] = {
    { .kind = PARQUET_DICTIONARY_PAGE, .values = 1000000, HAND_BYTES(LE4(0)) },
    { .values = 3, .encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(1, 0x03, 0x05) },
};
static const struct hand_page delta_dictionary[] = {
    { .kind = PARQUET_DICTIONARY_PAGE, .encoding = PARQUET_DELTA_BYTE_ARRAY, .values = 1, HAND_BYTES(LE4(0)) },
    { .values = 3, .encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(1, 0x03, 0x05) },
};
static const struct hand_page alp[] = { { .values = 3, .encoding = 10, HAND_BYTES(LE4(0)) } };
static const struct hand_page split_text[] = { { .values = 3, .encoding = PARQUET_BYTE_STREAM_SPLIT, HAND_BYTES(LE4(0)) } };
static const struct hand_page unknown_kind[] = { { .kind = 9, .values = 3, HAND_BYTES(LE4(0)) } };
static const struct hand_page below_zero[] = { { .values = -3, HAND_BYTES(LE4(0)) } };
static const struct hand_page wrong_crc[] = { { .values = 3, .has_crc = true, .crc = 7, HAND_BYTES(LE4(1), LE4(2), LE4(3)) } };
static const struct hand_page other_size[] = { { .values = 3, .plain_size = 99, HAND_BYTES(LE4(1), LE4(2), LE4(3)) } };
static const struct hand_page huge[] = { { .values = 3, .plain_size = 0x7fffffff, HAND_BYTES(LE4(1)) } };
static const struct hand_page not_snappy[] = { { .values = 3, .plain_size = 12, HAND_BYTES(0xff, 0xff, 0xff) } };
static const struct hand_page int96_bad[] = { { .values = 1, HAND_BYTES(LE8(0), 0xff, 0xff, 0xff, 0x7f) } };
static const struct hand_page int96_nanos[] = { { .values = 1, HAND_BYTES(LE8(1), 0x8c, 0x3d, 0x25, 0) } };
static const struct hand_page decimal_empty[] = { { .values = 1, HAND_BYTES(LE4(0)) } };

struct bad_case {
    const char *name;
    struct hand_column column;
    int64_t rows;
    enum pf_status status;
    int64_t row; /* in the error */
    const char *says;
};

#define OPTIONAL .repetition = PARQUET_OPTIONAL
#define STRING   .logical = PARQUET_LOGICAL_STRING

static const struct bad_case bad_cases[] = {
    { "characters over a border", COLUMN(BYTE_ARRAY, STRING, PAGES(bad_utf8)), 3, PF_BAD_DATA, 2, "UTF-8" },
    { "bad entry of a dictionary", COLUMN(BYTE_ARRAY, STRING, PAGES(bad_utf8_indexed)), 3, PF_BAD_DATA, 3, "UTF-8" },
    { "nanoseconds", COLUMN(INT64, .logical = PARQUET_LOGICAL_TIMESTAMP, .unit = PARQUET_NANOS, PAGES(nanos_1500)), 3,
      PF_UNSUPPORTED, 3, "1500 ns" },
    { "time in nanoseconds", COLUMN(INT64, .logical = PARQUET_LOGICAL_TIME, .unit = PARQUET_NANOS, PAGES(nanos_1500)), 3,
      PF_UNSUPPORTED, 3, "1500 ns" },
    { "nanoseconds in a dictionary, after a null",
      COLUMN(INT64, OPTIONAL, .logical = PARQUET_LOGICAL_TIMESTAMP, .unit = PARQUET_NANOS, PAGES(nanos_indexed)), 3,
      PF_UNSUPPORTED, 3, "1 ns" },
    { "int8 out of range",
      COLUMN(INT32, .converted = PARQUET_CONVERTED_INT_8 + 1,
             PAGES(((const struct hand_page[]){ { .values = 2, HAND_BYTES(LE4(127), LE4(128)) } }))),
      2, PF_BAD_DATA, 2, "128" },
    { "int96 out of range", COLUMN(INT96, PAGES(int96_bad)), 1, PF_BAD_DATA, 1, "out of range" },
    { "int96 with nanoseconds", COLUMN(INT96, PAGES(int96_nanos)), 1, PF_UNSUPPORTED, 1, "INT96" },
    { "decimal of nothing", COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_DECIMAL, .precision = 4, PAGES(decimal_empty)), 1,
      PF_BAD_DATA, 1, "no digits" },
    { "decimal over its precision",
      COLUMN(INT32, .logical = PARQUET_LOGICAL_DECIMAL, .precision = 1,
             PAGES(((const struct hand_page[]){ { .values = 1, HAND_BYTES(LE4(10)) } }))),
      1, PF_BAD_DATA, 1, "digits" },
    { "page cut short", COLUMN(INT32, PAGES(short_page)), 3, PF_BAD_DATA, 0, "ends before" },
    { "too few values", COLUMN(INT32, PAGES(few_pages)), 3, PF_BAD_DATA, 0, "2 of 3" },
    { "too many values", COLUMN(INT32, PAGES(many_values)), 3, PF_BAD_DATA, 0, "more values" },
    { "BIT_PACKED levels", COLUMN(INT32, OPTIONAL, PAGES(packed_levels)), 3, PF_UNSUPPORTED, 0, "BIT_PACKED" },
    { "too few levels", COLUMN(INT32, OPTIONAL, PAGES(short_levels)), 3, PF_BAD_DATA, 0, "levels" },
    { "levels longer than the page", COLUMN(INT32, OPTIONAL, PAGES(long_levels)), 3, PF_BAD_DATA, 0, "levels" },
    { "levels longer than the page, version 2", COLUMN(INT32, OPTIONAL, PAGES(level_size)), 3, PF_BAD_DATA, 0, "levels" },
    { "repetition levels", COLUMN(INT32, PAGES(repeated)), 3, PF_BAD_DATA, 0, "repetition" },
    { "no dictionary", COLUMN(INT32, PAGES(no_dictionary)), 3, PF_BAD_DATA, 0, "has none" },
    { "late dictionary", COLUMN(INT32, PAGES(late_dictionary)), 3, PF_BAD_DATA, 0, "after other pages" },
    { "index of 254 bits", COLUMN(INT32, PAGES(wide_index)), 3, PF_BAD_DATA, 0, "254 bits" },
    { "index past the dictionary", COLUMN(INT32, PAGES(far_index)), 3, PF_BAD_DATA, 0, "entry 1 of a dictionary of 1" },
    { "dictionary larger than its page", COLUMN(INT32, PAGES(full_dictionary)), 3, PF_BAD_DATA, 0, "cannot hold" },
    { "dictionary of text larger than its page", COLUMN(BYTE_ARRAY, STRING, PAGES(full_dictionary)), 3, PF_BAD_DATA, 0,
      "cannot hold" },
    { "dictionary in an odd encoding", COLUMN(BYTE_ARRAY, STRING, PAGES(delta_dictionary)), 3, PF_UNSUPPORTED, 0,
      "DELTA_BYTE_ARRAY" },
    { "unknown encoding", COLUMN(DOUBLE, PAGES(alp)), 3, PF_UNSUPPORTED, 0, "(10)" },
    { "encoding of another type", COLUMN(BYTE_ARRAY, STRING, PAGES(split_text)), 3, PF_UNSUPPORTED, 0, "BYTE_STREAM_SPLIT" },
    { "unknown kind of page", COLUMN(INT32, PAGES(unknown_kind)), 3, PF_UNSUPPORTED, 0, "type 9" },
    { "number of values below zero", COLUMN(INT32, PAGES(below_zero)), 3, PF_BAD_DATA, 0, "how many" },
    { "checksum", COLUMN(INT32, PAGES(wrong_crc)), 3, PF_BAD_DATA, 0, "checksum" },
    { "two sizes of one page", COLUMN(INT32, PAGES(other_size)), 3, PF_BAD_DATA, 0, "not compressed" },
    { "page that claims to be huge", COLUMN(INT32, .codec = PARQUET_ZSTD, PAGES(huge)), 3, PF_LIMIT, 0, "2147483647" },
    { "not snappy", COLUMN(INT32, .codec = PARQUET_SNAPPY, PAGES(not_snappy)), 3, PF_BAD_DATA, 0, "" },
    { "brotli", COLUMN(INT32, .codec = PARQUET_BROTLI, PAGES(not_snappy)), 3, PF_UNSUPPORTED, 0, "brotli" },
    { "lzo", COLUMN(INT32, .codec = PARQUET_LZO, PAGES(not_snappy)), 3, PF_UNSUPPORTED, 0, "lzo" },
    { "unknown codec", COLUMN(INT32, .codec = 77, PAGES(not_snappy)), 3, PF_UNSUPPORTED, 0, "codec" },
    { "another file", COLUMN(INT32, .elsewhere = true, PAGES(ints_123)), 3, PF_UNSUPPORTED, 0, "another file" },
    { "encrypted column", COLUMN(INT32, .encrypted = true, PAGES(ints_123)), 3, PF_UNSUPPORTED, 0, "encrypted" },
    { "values that are not rows", COLUMN(INT32, .values = 5, PAGES(ints_123)), 3, PF_BAD_DATA, 0, "5 values" },
    { "interval", COLUMN(FIXED_LEN_BYTE_ARRAY, .type_length = 12, .converted = PARQUET_CONVERTED_INTERVAL + 1), 0,
      PF_UNSUPPORTED, 0, "INTERVAL" },
    { "geometry", COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_GEOMETRY), 0, PF_UNSUPPORTED, 0, "GEOMETRY" },
    { "logical type of the future", COLUMN(BYTE_ARRAY, .logical = 99), 0, PF_UNSUPPORTED, 0, "newer" },
    { "converted type of the future", COLUMN(BYTE_ARRAY, .converted = 99), 0, PF_UNSUPPORTED, 0, "newer" },
    { "date as text", COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_DATE), 0, PF_UNSUPPORTED, 0, "does not go together" },
    { "text as numbers", COLUMN(INT32, STRING), 0, PF_UNSUPPORTED, 0, "does not go together" },
    { "int64 of 32 bits", COLUMN(INT32, .logical = PARQUET_LOGICAL_INTEGER, .bits = 64, .is_signed = true), 0, PF_UNSUPPORTED,
      0, "does not go together" },
    { "integer of 7 bits", COLUMN(INT32, .logical = PARQUET_LOGICAL_INTEGER, .bits = 7), 0, PF_UNSUPPORTED, 0,
      "does not go together" },
    { "uuid of 15 bytes", COLUMN(FIXED_LEN_BYTE_ARRAY, .type_length = 15, .logical = PARQUET_LOGICAL_UUID), 0, PF_UNSUPPORTED,
      0, "does not go together" },
    { "decimal of 39 digits", COLUMN(BYTE_ARRAY, .logical = PARQUET_LOGICAL_DECIMAL, .precision = 39), 0, PF_UNSUPPORTED, 0,
      "39" },
    { "decimal with more places than digits", COLUMN(INT32, .logical = PARQUET_LOGICAL_DECIMAL, .precision = 2, .scale = 3), 0,
      PF_UNSUPPORTED, 0, "does not go together" },
    { "timestamp without a unit", COLUMN(INT64, .logical = PARQUET_LOGICAL_TIMESTAMP, .unit = 9), 0, PF_UNSUPPORTED, 0,
      "does not go together" },
    { "fixed length of nothing", COLUMN(FIXED_LEN_BYTE_ARRAY, .unit = 0), 0, PF_BAD_DATA, 0, "values of -1 bytes" },
    { "unknown physical type", { .name = "a", .type = 12 }, 0, PF_BAD_DATA, 0, "" },
    { "repeated", COLUMN(INT32, .repetition = PARQUET_REPEATED, PAGES(ints_123)), 3, PF_UNSUPPORTED, 0, "nested (repeated)" },
    { "repetition of the future", COLUMN(INT32, .repetition = 3, PAGES(ints_123)), 3, PF_UNSUPPORTED, 0, "repetition 3" },
    { "a name that is not UTF-8",
      { .name = "\xff", .type = PARQUET_INT32, PAGES(ints_123) },
      3,
      PF_BAD_DATA,
      0,
      "name of column 1" },
};

static void test_bad(void **state)
{
    struct pf_context ctx;
    struct hand_outcome got;

    (void)state;
    hand_context_begin(&ctx);
    for (size_t i = 0; i < PF_COUNT(bad_cases); i++) {
        const struct bad_case *c = &bad_cases[i];

        one_column(&ctx, &c->column, c->rows, NULL, &got);
        if (got.status != c->status || got.err.row != c->row || strstr(got.err.message, c->says) == NULL)
            fail_msg("%s: %s in row %lld, '%s'; expected %s in row %lld, '%s'", c->name, pf_status_name(got.status),
                     (long long)got.err.row, got.err.message, pf_status_name(c->status), (long long)c->row, c->says);
        if (c->row != 0) {
            CHECK_TEXT(got.err.column_name, "a");
            CHECK_INT(got.err.column, 1);
            CHECK(got.err.offset > 0);
        }
        CHECK_TEXT(got.err.source, "by hand");
    }
    hand_context_end(&ctx);
}

/* ---- several columns */

static const struct hand_column mixed[] = {
    { .name = "n", .type = PARQUET_INT32, PAGES(ints_123) },
    { .name = "list", .repetition = PARQUET_OPTIONAL, .children = 1, .logical = PARQUET_LOGICAL_LIST },
    { .name = "list", .repetition = PARQUET_REPEATED, .children = 1 },
    { .name = "element", .type = PARQUET_INT32, .values = 9, PAGES(ints_1N3) },
    { .name = "s", .type = PARQUET_BYTE_ARRAY, .logical = PARQUET_LOGICAL_STRING, PAGES(texts_abc) },
    { .name = "pair", .repetition = PARQUET_REQUIRED, .children = 2 },
    { .name = "left", .type = PARQUET_INT32, PAGES(ints_123) },
    { .name = "right", .type = PARQUET_INT32, PAGES(ints_123) },
    { .name = "b", .type = PARQUET_BOOLEAN, PAGES(bools_tft) },
};
static const struct hand_file mixed_file = {
    .columns = mixed, .column_count = PF_COUNT(mixed), .top_count = 5, .rows = 3, .groups = 2
};

static char logged[1024];

static void keep_log(void *user, enum pf_log_level level, const char *message)
{
    (void)user;
    CHECK_INT(level, PF_LOG_WARNING);
    (void)snprintf(logged, sizeof logged, "%s", message);
}

/* How the types of nested columns are told, by the shapes that writers old and new have given them. */
static void test_nested_types(void **state)
{
#define LEAF(name_, repetition_)                                                                                               \
    {                                                                                                                          \
        .name = (name_), .type = PARQUET_INT32, .repetition = PARQUET_##repetition_, PAGES(ints_123)                           \
    }
#define GROUP(name_, repetition_, children_, logical_)                                                                         \
    {                                                                                                                          \
        .name = (name_), .repetition = PARQUET_##repetition_, .children = (children_), .logical = (logical_)                   \
    }
    static const struct {
        struct hand_column columns[6];
        uint32_t count;
        const char *says;
    } shapes[] = {
        { { GROUP("a", OPTIONAL, 1, PARQUET_LOGICAL_LIST), LEAF("array", REPEATED) }, 2, "(list<int32>)" },
        { { GROUP("a", OPTIONAL, 1, PARQUET_LOGICAL_LIST), GROUP("array", REPEATED, 2, 0), LEAF("x", REQUIRED),
            LEAF("y", OPTIONAL) },
          4,
          "(list<struct<x: int32, y: int32>>)" },
        { { GROUP("a", REPEATED, 1, 0), LEAF("x", REPEATED) }, 2, "(list<struct<x: list<int32>>>)" },
        { { GROUP("a", OPTIONAL, 1, PARQUET_LOGICAL_MAP), GROUP("map", REPEATED, 2, 0), LEAF("key", REQUIRED),
            GROUP("value", OPTIONAL, 1, 0), LEAF("x", OPTIONAL) },
          5,
          "(map<int32, struct<x: int32>>)" },
        { { GROUP("a", OPTIONAL, 1, PARQUET_LOGICAL_MAP), LEAF("x", REPEATED) }, 2, "(struct<x: list<int32>>)" },
        { { GROUP("a", OPTIONAL, 1, 0), LEAF("not\xff", REQUIRED) }, 2, "(struct<?: int32>)" },
        { { GROUP("a", OPTIONAL, 2, 0),
            LEAF("x1234567890123456789012345678901234567890123456789012345678901234567890", REQUIRED),
            LEAF("y1234567890123456789012345678901234567890123456789012345678901234567890", REQUIRED) },
          3,
          "(struct<x1234567890123456789012345678901234567890123456789012345678901234567890: int32, ...)" },
    };
    struct hand_outcome got;
    struct pf_context ctx;

    (void)state;
    hand_context_begin(&ctx);
    for (size_t i = 0; i < PF_COUNT(shapes); i++) {
        struct hand_file file = { .columns = shapes[i].columns, .column_count = shapes[i].count, .top_count = 1, .rows = 3 };
        struct pf_buffer bytes;

        pf_buffer_init(&bytes, &ctx.memory, SIZE_MAX);
        hand_write(&bytes, &file);
        hand_read(&ctx, bytes.data, bytes.size, NULL, NULL, 0, &got);
        CHECK_INT(got.status, PF_UNSUPPORTED);
        CHECK_HAS(got.err.message, shapes[i].says);
        pf_buffer_free(&bytes);
    }
    hand_context_end(&ctx);
#undef LEAF
#undef GROUP
}

static void test_nested_and_projection(void **state)
{
    static const uint32_t picked[] = { 0, 2 };
    struct parquet_read_options skip = { .skip_nested = true };
    struct hand_outcome got;
    struct pf_context ctx;
    struct pf_buffer bytes;

    (void)state;
    hand_context_begin(&ctx);
    ctx.log = keep_log;
    pf_buffer_init(&bytes, &ctx.memory, SIZE_MAX);
    hand_write(&bytes, &mixed_file);

    hand_read(&ctx, bytes.data, bytes.size, NULL, NULL, 0, &got);
    CHECK_INT(got.status, PF_UNSUPPORTED);
    CHECK_TEXT(got.err.message,
               "column 'list' is nested (list<int32>); nested columns are not read yet (and 1 more such column)");
    CHECK_HAS(got.err.remedy, "--skip-nested");
    CHECK_TEXT(got.err.source, "by hand");

    hand_read(&ctx, bytes.data, bytes.size, &skip, NULL, 0, &got);
    CHECK_OK(got.status, got.err);
    CHECK_TEXT(got.text, "1,a,t;2,,f;3,bc,t;1,a,t;2,,f;3,bc,t");
    CHECK_INT(got.blocks, 2);
    CHECK_TEXT(logged, "left out 2 columns that cannot be read yet: 'list', 'pair'");

    hand_read(&ctx, bytes.data, bytes.size, &skip, picked, 2, &got);
    CHECK_OK(got.status, got.err);
    CHECK_TEXT(got.text, "1,t;2,f;3,t;1,t;2,f;3,t");

    hand_read(&ctx, bytes.data, bytes.size, &skip, picked, 0, &got);
    CHECK_OK(got.status, got.err);
    CHECK_INT(got.rows, 6);
    pf_buffer_free(&bytes);
    hand_context_end(&ctx);
}

/* A column that cannot be read does not matter when it is not asked for. */
static void test_unused_columns_are_not_looked_at(void **state)
{
    static const struct hand_column columns[] = {
        { .name = "bad", .type = PARQUET_INT32, .codec = PARQUET_BROTLI, PAGES(short_page) },
        { .name = "good", .type = PARQUET_INT32, PAGES(ints_123) },
    };
    static const struct hand_file file = { .columns = columns, .column_count = 2, .rows = 3 };
    static const uint32_t second[] = { 1 };
    struct hand_outcome got;
    struct pf_context ctx;
    struct pf_buffer bytes;

    (void)state;
    hand_context_begin(&ctx);
    pf_buffer_init(&bytes, &ctx.memory, SIZE_MAX);
    hand_write(&bytes, &file);
    hand_read(&ctx, bytes.data, bytes.size, NULL, second, 1, &got);
    CHECK_OK(got.status, got.err);
    CHECK_TEXT(got.text, "1;2;3");
    pf_buffer_free(&bytes);
    hand_context_end(&ctx);
}

static void test_binary_as_text(void **state)
{
    static const struct hand_column column = { .name = "a", .type = PARQUET_BYTE_ARRAY, PAGES(texts_abc) };
    struct parquet_read_options options = { .binary_as_text = true };
    struct hand_outcome got;
    struct pf_context ctx;

    (void)state;
    hand_context_begin(&ctx);
    one_column(&ctx, &column, 3, &options, &got);
    CHECK_OK(got.status, got.err);
    CHECK_TEXT(got.text, "a;;bc");
    hand_context_end(&ctx);
}

static const struct hand_page first_instant[] = { { .values = 1, HAND_BYTES(LE8(0), 0x8c, 0x3d, 0x25, 0) } };

/* What they mean is told by the option. */
static void test_int96_instants(void **state)
{
    static const struct hand_column column = { .name = "a", .type = PARQUET_INT96, PAGES(first_instant) };
    struct parquet_read_options options = { .int96_instants = true };
    struct hand_outcome got;
    struct pf_context ctx;

    (void)state;
    hand_context_begin(&ctx);
    one_column(&ctx, &column, 1, &options, &got);
    CHECK_OK(got.status, got.err);
    CHECK_TEXT(got.text, "0");
    hand_context_end(&ctx);
}

/* ---- the frame of the file */

struct frame_case {
    const char *name;
    const char *bytes;
    size_t size;
    enum pf_status status;
    const char *says;
};

static const struct frame_case frame_cases[] = {
    { "empty", "", 0, PF_BAD_DATA, "has 0 bytes" },
    { "short", "PAR1PAR1", 8, PF_BAD_DATA, "has 8 bytes" },
    { "encrypted", "PARE\0\0\0\0\0\0\0\0PARE", 16, PF_UNSUPPORTED, "encrypted" },
    { "encrypted footer", "PAR1\0\0\0\0\0\0\0\0PARE", 16, PF_UNSUPPORTED, "encrypted" },
    { "something else", "abcd\0\0\0\0\0\0\0\0PAR1", 16, PF_BAD_DATA, "does not begin" },
    { "cut off", "PAR1\0\0\0\0\0\0\0\0\0\0\0\0", 16, PF_BAD_DATA, "cut off" },
    { "footer larger than the file", "PAR1\0\0\0\0\xff\xff\xff\xffPAR1", 16, PF_BAD_DATA, "4294967295" },
    { "footer of nothing", "PAR1\0\0\0\0PAR1", 12, PF_BAD_DATA, "footer" },
    { "footer of zeros", "PAR1\0\0\0\0\4\0\0\0PAR1", 16, PF_BAD_DATA, "no schema" },
};

static void test_frame(void **state)
{
    struct hand_outcome got;
    struct pf_context ctx;

    (void)state;
    hand_context_begin(&ctx);
    for (size_t i = 0; i < PF_COUNT(frame_cases); i++) {
        const struct frame_case *c = &frame_cases[i];

        hand_read(&ctx, (const uint8_t *)c->bytes, c->size, NULL, NULL, 0, &got);
        if (got.status != c->status || strstr(got.err.message, c->says) == NULL)
            fail_msg("%s: %s, '%s'; expected %s, '%s'", c->name, pf_status_name(got.status), got.err.message,
                     pf_status_name(c->status), c->says);
    }
    hand_context_end(&ctx);
}

static void test_probe(void **state)
{
    (void)state;
    CHECK_INT(pf_parquet_reader.probe(&pf_parquet_reader, (const uint8_t *)"PAR1", 4), 100);
    CHECK_INT(pf_parquet_reader.probe(&pf_parquet_reader, (const uint8_t *)"PARE...", 7), 100);
    CHECK_INT(pf_parquet_reader.probe(&pf_parquet_reader, (const uint8_t *)"PAR2", 4), 0);
    CHECK_INT(pf_parquet_reader.probe(&pf_parquet_reader, (const uint8_t *)"PAR", 3), 0);
}

static void test_row_counts_must_agree(void **state)
{
    struct hand_file file = { .columns = &good_cases[0].column, .column_count = 1, .rows = 3, .rows_said = 4 };
    struct hand_outcome got;
    struct pf_context ctx;
    struct pf_buffer bytes;

    (void)state;
    hand_context_begin(&ctx);
    pf_buffer_init(&bytes, &ctx.memory, SIZE_MAX);
    hand_write(&bytes, &file);
    hand_read(&ctx, bytes.data, bytes.size, NULL, NULL, 0, &got);
    CHECK_INT(got.status, PF_BAD_DATA);
    CHECK_HAS(got.err.message, "4 rows, but its row groups have 3");
    pf_buffer_clear(&bytes);
    file.rows_said = 0;
    hand_write(&bytes, &file);
    ctx.limits.columns = 0;
    hand_read(&ctx, bytes.data, bytes.size, NULL, NULL, 0, &got);
    CHECK_INT(got.status, PF_LIMIT);
    CHECK_HAS(got.err.remedy, "--max-columns");
    pf_buffer_free(&bytes);
    hand_context_end(&ctx);
}

static void test_checksums_are_checked(void **state)
{
    struct hand_page page = ints_123[0];
    struct hand_column column = { .name = "a", .type = PARQUET_INT32, .pages = &page, .page_count = 1 };
    struct hand_outcome got;
    struct pf_context ctx;

    (void)state;
    hand_context_begin(&ctx);
    page.has_crc = true;
    page.crc = libdeflate_crc32(0, page.bytes, page.size);
    one_column(&ctx, &column, 3, NULL, &got);
    CHECK_OK(got.status, got.err);
    hand_context_end(&ctx);
}

/* ---- damage */

static void make_mixed(struct pf_buffer *bytes, struct pf_context *ctx)
{
    pf_buffer_init(bytes, &ctx->memory, SIZE_MAX);
    hand_write(bytes, &mixed_file);
}

/* Every prefix, at the end of memory of its own, so that reading past it is found. */
static void test_every_prefix(void **state)
{
    struct parquet_read_options skip = { .skip_nested = true };
    struct hand_outcome got;
    struct pf_context ctx;
    struct pf_buffer bytes;

    (void)state;
    hand_context_begin(&ctx);
    make_mixed(&bytes, &ctx);
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *prefix = malloc(size + 1);

        CHECK(prefix != NULL);
        memcpy(prefix + 1, bytes.data, size);
        hand_read(&ctx, prefix + 1, size, &skip, NULL, 0, &got);
        CHECK_INT(got.status, PF_BAD_DATA);
        free(prefix);
    }
    pf_buffer_free(&bytes);
    hand_context_end(&ctx);
}

/* Each byte with each of some changes: no crash, no leak, and never more rows than the file had. */
static void test_every_byte_damaged(void **state)
{
    static const uint8_t changes[] = { 0x01, 0x80, 0x7f, 0xff, 0x10 };
    struct parquet_read_options skip = { .skip_nested = true };
    struct hand_outcome got;
    struct pf_context ctx;
    struct pf_buffer bytes;
    size_t refused = 0;

    (void)state;
    hand_context_begin(&ctx);
    ctx.memory.limit = (size_t)64 << 20;
    make_mixed(&bytes, &ctx);
    for (size_t at = 0; at < bytes.size; at++) {
        for (size_t i = 0; i < PF_COUNT(changes); i++) {
            bytes.data[at] ^= changes[i];
            hand_read(&ctx, bytes.data, bytes.size, &skip, NULL, 0, &got);
            bytes.data[at] ^= changes[i];
            refused += got.status != PF_OK;
            CHECK(got.status == PF_OK || got.err.message[0] != '\0');
        }
    }
    CHECK(refused > bytes.size);
    pf_buffer_free(&bytes);
    hand_context_end(&ctx);
}

static void test_every_allocation_refused(void **state)
{
    struct parquet_read_options skip = { .skip_nested = true };
    struct hand_outcome got = { .status = PF_NO_MEMORY };
    struct pf_context ctx;
    struct pf_buffer bytes;
    long refused;

    (void)state;
    hand_context_begin(&ctx);
    make_mixed(&bytes, &ctx);
    for (refused = 0; got.status != PF_OK; refused++) {
        atomic_store(&ctx.memory.fail_at, refused);
        hand_read(&ctx, bytes.data, bytes.size, &skip, NULL, 0, &got);
        if (got.status != PF_OK)
            CHECK_INT(got.status, PF_NO_MEMORY);
    }
    atomic_store(&ctx.memory.fail_at, -1);
    CHECK(refused > 10);
    CHECK_TEXT(got.text, "1,a,t;2,,f;3,bc,t;1,a,t;2,,f;3,bc,t");
    pf_buffer_free(&bytes);
    hand_context_end(&ctx);
}

static void test_cancel(void **state)
{
    struct hand_outcome got;
    struct pf_context ctx;

    (void)state;
    hand_context_begin(&ctx);
    atomic_store(&ctx.cancelled, true);
    one_column(&ctx, &good_cases[0].column, 3, NULL, &got);
    CHECK_INT(got.status, PF_CANCELLED);
    hand_context_end(&ctx);
}

/* ---- large row groups */

/* 499,999 times entry 0, once entry 1. */
#define MANY_ROWS                                                                                                              \
    {                                                                                                                          \
        .values = 500000, .encoding = PARQUET_RLE_DICTIONARY, HAND_BYTES(1, 0xbe, 0x84, 0x3d, 0, 0x02, 1)                      \
    }

static const struct hand_page many_fives[] = { { .kind = PARQUET_DICTIONARY_PAGE, .values = 2, HAND_BYTES(LE8(5), LE8(1)) },
                                               MANY_ROWS };
static const struct hand_page many_zeros[] = { { .kind = PARQUET_DICTIONARY_PAGE, .values = 2, HAND_BYTES(LE8(0), LE8(1)) },
                                               MANY_ROWS };

/* 500,000 rows in a few bytes: cut into blocks. */
static void test_blocks(void **state)
{
    struct hand_column column = { .name = "a", .type = PARQUET_INT64, PAGES(many_fives) };
    struct hand_outcome got;
    struct pf_context ctx;

    (void)state;
    hand_context_begin(&ctx);
    one_column(&ctx, &column, 500000, NULL, &got);
    CHECK_OK(got.status, got.err);
    CHECK_INT(got.rows, 500000);
    CHECK(got.blocks >= 3 && got.blocks <= 8);
    column.logical = PARQUET_LOGICAL_TIMESTAMP;
    column.unit = PARQUET_NANOS;
    one_column(&ctx, &column, 500000, NULL, &got);
    CHECK_INT(got.status, PF_UNSUPPORTED);
    CHECK_INT(got.err.row, 1);
    CHECK_HAS(got.err.message, "5 ns");
    hand_context_end(&ctx);
}

static void test_error_in_last_row(void **state)
{
    struct hand_column column = {
        .name = "a", .type = PARQUET_INT64, .logical = PARQUET_LOGICAL_TIMESTAMP, .unit = PARQUET_NANOS, PAGES(many_zeros)
    };
    struct hand_outcome got;
    struct pf_context ctx;

    (void)state;
    hand_context_begin(&ctx);
    one_column(&ctx, &column, 500000, NULL, &got);
    CHECK_INT(got.status, PF_UNSUPPORTED);
    CHECK_INT(got.err.row, 500000);
    hand_context_end(&ctx);
}

/* ---- facts */

struct facts {
    char text[1024];
};

static void keep_fact(void *user, const char *name, const char *value, bool number)
{
    struct facts *facts = user;
    size_t used = strlen(facts->text);

    (void)snprintf(facts->text + used, sizeof facts->text - used, "%s=%s%s;", name, value, number ? "#" : "");
}

static void test_facts(void **state)
{
    struct facts facts = { "" };
    struct pf_source *src;
    struct pf_context ctx;
    struct pf_buffer bytes;
    struct pf_error err;
    struct parquet_read_options skip = { .skip_nested = true };
    void *reader = calloc(1, pf_parquet_reader.state_size);

    (void)state;
    CHECK(reader != NULL);
    hand_context_begin(&ctx);
    make_mixed(&bytes, &ctx);
    CHECK_OK(pf_source_memory(&ctx, bytes.data, bytes.size, "by hand", &src, &err), err);
    CHECK_OK(pf_parquet_reader.open(&pf_parquet_reader, reader, &ctx, src, &skip, &err), err);
    pf_parquet_reader.facts(reader, keep_fact, &facts);
    CHECK_HAS(facts.text, "rows=6#;row_groups=2#;row_group_1=3 rows, ");
    CHECK_HAS(facts.text, "compression=");
    CHECK_HAS(facts.text, "encodings=PLAIN;");
    CHECK_HAS(facts.text, "created_by=by hand;");
    CHECK_HAS(facts.text, "columns_left_out='list' list<int32>, 'pair' struct<left: int32, right: int32>;");
    pf_parquet_reader.close(reader);
    facts.text[0] = '\0';
    pf_parquet_reader.facts(reader, keep_fact, &facts);
    CHECK_TEXT(facts.text, "");
    pf_source_close(src);
    pf_buffer_free(&bytes);
    free(reader);
    hand_context_end(&ctx);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_nested_and_projection),
        cmocka_unit_test(test_nested_types),
        cmocka_unit_test(test_unused_columns_are_not_looked_at),
        cmocka_unit_test(test_binary_as_text),
        cmocka_unit_test(test_int96_instants),
        cmocka_unit_test(test_frame),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_row_counts_must_agree),
        cmocka_unit_test(test_checksums_are_checked),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_every_byte_damaged),
        cmocka_unit_test(test_every_allocation_refused),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_error_in_last_row),
        cmocka_unit_test(test_facts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
