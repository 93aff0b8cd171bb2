/* Writing: the text of every type, quotes where they are needed, encodings, and that reading gives the same back. */
#include "support_csv.h"
#include "support_random.h"

#include "base/number.h"
#include "formats/csv/csv_write.h"

/* ---- batches */

/* A column of texts; NULL = null. */
static void text_column(struct pf_context *ctx, enum pf_type type, const char *const *values, int64_t rows,
                        struct ArrowArray *out)
{
    struct pf_error err;
    int64_t bytes = 0;
    int32_t *offsets;
    uint8_t *to;

    for (int64_t i = 0; i < rows; i++)
        bytes += values[i] != NULL ? (int64_t)strlen(values[i]) : 0;
    CHECK_OK(pf_array_new(out, &ctx->memory, type, rows, bytes, &err), err);
    offsets = (int32_t *)(uintptr_t)out->buffers[1];
    to = (uint8_t *)(uintptr_t)out->buffers[2];
    offsets[0] = 0;
    for (int64_t i = 0; i < rows; i++) {
        size_t size = values[i] != NULL ? strlen(values[i]) : 0;

        memcpy(to + offsets[i], values[i] != NULL ? values[i] : "", size);
        offsets[i + 1] = offsets[i] + (int32_t)size;
        if (values[i] != NULL)
            continue;
        if (out->null_count++ == 0)
            CHECK(pf_array_add_validity(out) != NULL);
        pf_bit_clear((uint8_t *)(uintptr_t)out->buffers[0], i);
    }
}

/* A column of fixed size from its bytes; the row null_row (negative: none) is null. */
static void fixed_column(struct pf_context *ctx, enum pf_type type, const void *values, size_t size, int64_t rows,
                         int64_t null_row, struct ArrowArray *out)
{
    struct pf_error err;

    CHECK_OK(pf_array_new(out, &ctx->memory, type, rows, 0, &err), err);
    memcpy((void *)(uintptr_t)out->buffers[1], values, size);
    if (null_row < 0)
        return;
    CHECK(pf_array_add_validity(out) != NULL);
    pf_bit_clear((uint8_t *)(uintptr_t)out->buffers[0], null_row);
    out->null_count = 1;
}

struct output {
    struct pf_context *ctx;
    struct pf_schema schema;
    struct pf_sink *sink;
    void *state;
    struct pf_error err;
    enum pf_status status;
    int64_t rows;
};

static void output_begin(struct output *out)
{
    memset(out, 0, sizeof *out);
    out->ctx = pf_context_new();
    out->state = calloc(1, pf_csv_writer.state_size);
    CHECK(out->ctx != NULL && out->state != NULL);
    pf_schema_init(&out->schema, &out->ctx->memory);
    pf_error_clear(&out->err);
    CHECK_OK(pf_sink_memory(out->ctx, &out->sink, &out->err), out->err);
}

static void output_field(struct output *out, const char *name, struct pf_field field)
{
    CHECK(pf_schema_add(&out->schema, name, strlen(name), &field));
}

static void output_open(struct output *out, const struct pf_csv_write_options *options)
{
    out->status = pf_csv_writer.open(&pf_csv_writer, out->state, out->ctx, out->sink, &out->schema, options, &out->err);
}

/* Takes the batch through the writer, as the engine does. */
static void output_add(struct output *out, struct pf_batch *batch)
{
    out->rows += batch->rows;
    out->status = pf_csv_writer.add(out->state, batch, &out->err);
    while (out->status == PF_OK) {
        struct pf_unit *unit;

        out->status = pf_csv_writer.take(out->state, false, &unit, &out->err);
        if (out->status != PF_OK || unit == NULL)
            return;
        for (uint32_t job = 0; job < unit->job_count && out->status == PF_OK; job++)
            out->status = pf_csv_writer.encode(out->state, unit, job, &out->err);
        if (out->status == PF_OK)
            out->status = pf_csv_writer.emit(out->state, unit, &out->err);
        else
            pf_csv_writer.drop(out->state, unit);
    }
}

static const char *output_end(struct output *out, char *to, size_t room)
{
    const uint8_t *bytes;
    size_t size;

    if (out->status == PF_OK)
        out->status = pf_csv_writer.finish(out->state, out->rows, &out->err);
    bytes = pf_sink_memory_bytes(out->sink, &size);
    CHECK(size < room);
    if (size != 0)
        memcpy(to, bytes, size);
    to[size] = '\0';
    return to;
}

static void output_free(struct output *out)
{
    pf_csv_writer.close(out->state);
    pf_sink_free(out->sink);
    pf_schema_free(&out->schema);
    CHECK_INT(atomic_load(&out->ctx->memory.in_use), 0);
    pf_context_free(out->ctx);
    free(out->state);
}

/* A batch of text columns: rows times columns values, row by row. */
static struct pf_batch text_batch(struct output *out, const char *const *values, int64_t rows, uint32_t columns)
{
    struct pf_batch batch;

    CHECK_OK(pf_batch_new(&batch, &out->ctx->memory, rows, columns, &out->err), out->err);
    for (uint32_t i = 0; i < columns; i++) {
        const char *column[64];

        CHECK(rows <= 64);
        for (int64_t row = 0; row < rows; row++)
            column[row] = values[row * columns + i];
        text_column(out->ctx, PF_TYPE_STRING, column, rows, &batch.columns[i]);
    }
    return batch;
}

/* ---- texts */

struct text_case {
    struct pf_csv_write_options options;
    uint32_t columns;
    int64_t rows;
    const char *values[12];
    const char *text; /* without the header */
};

static const struct text_case text_cases[] = {
    { { 0 }, 2, 2, { "a", "b c", "x,y", "q\"r" }, "a,b c\n\"x,y\",\"q\"\"r\"\n" },
    { { 0 }, 2, 3, { NULL, "", "", NULL, "l\nm", "c\rd" }, ",\"\"\n\"\",\n\"l\nm\",\"c\rd\"\n" },
    { { 0 }, 2, 1, { " a ", "\t" }, " a ,\t\n" },
    { { 0 }, 2, 2, { "#a", "#b", "c#", "d" }, "\"#a\",#b\nc#,d\n" },
    { { 0 }, 1, 3, { NULL, "", "x" }, "\"\"\n\"\"\nx\n" },
    { { .null = "NA" }, 2, 2, { NULL, "NA", "", "NAN" }, "NA,\"NA\"\n\"\",NAN\n" },
    { { .null = "NA" }, 1, 2, { NULL, "NA" }, "NA\n\"NA\"\n" },
    { { .delimiter = ";" }, 2, 1, { "a,b", "c;d" }, "a,b;\"c;d\"\n" },
    { { .delimiter = "tab" }, 2, 1, { "a\tb", "c d" }, "\"a\tb\"\tc d\n" },
    { { .delimiter = "||" }, 2, 1, { "a|b", "c" }, "\"a|b\"||c\n" },
    { { .quote = "'" }, 2, 1, { "it's", "a\"b" }, "'it''s',a\"b\n" },
    { { .line_ending = PF_CSV_CRLF }, 2, 1, { "a", "b\nc" }, "a,\"b\nc\"\r\n" },
    { { .escape_formulas = true },
      2,
      4,
      { "=1+1", "-5", "+4 9", "@x", "-a,b", "+1e5", "=", "a=b" },
      "'=1+1,-5\n'+4 9,'@x\n\"'-a,b\",+1e5\n'=,a=b\n" },
    { { 0 },
      2,
      1,
      { "a text longer than sixteen bytes", "one longer than sixteen, with a comma" },
      "a text longer than sixteen bytes,\"one longer than sixteen, with a comma\"\n" },
    { { 0 }, 2, 1, { "sixteen bytes ..", "sixteen bytes .," }, "sixteen bytes ..,\"sixteen bytes .,\"\n" },
    { { 0 }, 2, 1, { "\xC3\xA9\xE2\x82\xAC", "\xF0\x9F\x98\x80" }, "\xC3\xA9\xE2\x82\xAC,\xF0\x9F\x98\x80\n" },
};

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(text_cases); i++) {
        const struct text_case *c = &text_cases[i];
        struct pf_csv_write_options options = c->options;
        struct output out;
        struct pf_batch batch;
        char text[512];

        output_begin(&out);
        for (uint32_t column = 0; column < c->columns; column++)
            output_field(&out, "a", (struct pf_field){ .type = PF_TYPE_STRING });
        options.header = PF_CSV_HEADER_NO;
        output_open(&out, &options);
        CHECK_OK(out.status, out.err);
        batch = text_batch(&out, c->values, c->rows, c->columns);
        output_add(&out, &batch);
        CHECK_OK(out.status, out.err);
        CHECK_TEXT(output_end(&out, text, sizeof text), c->text);
        CHECK_OK(out.status, out.err);
        output_free(&out);
    }
}

static void test_headers(void **state)
{
    static const struct {
        struct pf_csv_write_options options;
        const char *first, *second, *text;
    } cases[] = {
        { { 0 }, "a", "b", "a,b\n" },
        { { .bom = true },
          "a",
          "b",
          "\xEF\xBB\xBF"
          "a,b\n" },
        { { .header = PF_CSV_HEADER_NO, .bom = true }, "a", "b", "\xEF\xBB\xBF" },
        { { 0 }, "", "b,c", "\"\",\"b,c\"\n" },
        { { 0 }, "#a", "=b", "\"#a\",=b\n" },
        { { .escape_formulas = true, .line_ending = PF_CSV_CRLF }, "a\nb", "=b", "\"a\nb\",=b\r\n" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct output out;
        char text[128];

        output_begin(&out);
        output_field(&out, cases[i].first, (struct pf_field){ .type = PF_TYPE_STRING });
        output_field(&out, cases[i].second, (struct pf_field){ .type = PF_TYPE_INT64 });
        output_open(&out, &cases[i].options);
        CHECK_OK(out.status, out.err);
        CHECK_TEXT(output_end(&out, text, sizeof text), cases[i].text);
        output_free(&out);
    }
}

/* ---- types */

struct value_case {
    struct pf_field field;
    size_t size;        /* of all values in bytes */
    const void *values; /* four rows; the second is null */
    const char *text;
};

#define VALUES(type, ...)                                                                                                      \
    sizeof((const type[]){ __VA_ARGS__ }), (const type[])                                                                      \
    {                                                                                                                          \
        __VA_ARGS__                                                                                                            \
    }

static void test_types(void **state)
{
    static const float inexact = 16777216.0f;
    const struct value_case cases[] = {
        { { .type = PF_TYPE_INT8 }, VALUES(int8_t, -128, 0, 0, 127), "-128\n\"\"\n0\n127\n" },
        { { .type = PF_TYPE_INT16 }, VALUES(int16_t, -32768, 0, 9, 10), "-32768\n\"\"\n9\n10\n" },
        { { .type = PF_TYPE_INT32 }, VALUES(int32_t, INT32_MIN, 0, 99, 100), "-2147483648\n\"\"\n99\n100\n" },
        { { .type = PF_TYPE_INT64 },
          VALUES(int64_t, INT64_MIN, 0, INT64_MAX, -1),
          "-9223372036854775808\n\"\"\n9223372036854775807\n-1\n" },
        { { .type = PF_TYPE_UINT8 }, VALUES(uint8_t, 255, 0, 0, 1), "255\n\"\"\n0\n1\n" },
        { { .type = PF_TYPE_UINT16 }, VALUES(uint16_t, 65535, 0, 999, 1000), "65535\n\"\"\n999\n1000\n" },
        { { .type = PF_TYPE_UINT32 }, VALUES(uint32_t, UINT32_MAX, 0, 9999, 10000), "4294967295\n\"\"\n9999\n10000\n" },
        { { .type = PF_TYPE_UINT64 },
          VALUES(uint64_t, UINT64_MAX, 0, 10000000000000000000u, 9999999999999999999u),
          "18446744073709551615\n\"\"\n10000000000000000000\n9999999999999999999\n" },
        { { .type = PF_TYPE_BOOL }, 1, (const uint8_t[]){ 0x05 }, "true\n\"\"\ntrue\nfalse\n" },
        { { .type = PF_TYPE_FLOAT64 }, VALUES(double, 0.1, 0, -1.5e300, 100), "0.1\n\"\"\n-1.5e300\n100\n" },
        { { .type = PF_TYPE_FLOAT32 },
          VALUES(float, 0.1f, 0, -3.4028235e38f, inexact),
          "0.1\n\"\"\n-3.4028235e38\n16777216\n" },
        { { .type = PF_TYPE_FLOAT32 },
          VALUES(float, 0.3f, 0, 1.17549435e-38f, 99999.99f),
          "0.3\n\"\"\n1.1754944e-38\n99999.99\n" },
        { { .type = PF_TYPE_DECIMAL128, .precision = 5, .scale = 2 },
          VALUES(pf_int128, -12345, 0, 0, 7),
          "-123.45\n\"\"\n0.00\n0.07\n" },
        { { .type = PF_TYPE_DATE32 }, VALUES(int32_t, 0, 0, 19723, -719162), "1970-01-01\n\"\"\n2024-01-01\n0001-01-01\n" },
        { { .type = PF_TYPE_DATE32 }, VALUES(int32_t, 2932896, 0, 11016, -1), "9999-12-31\n\"\"\n2000-02-29\n1969-12-31\n" },
        { { .type = PF_TYPE_TIMESTAMP },
          VALUES(int64_t, 0, 0, -1, 1704103445120000),
          "1970-01-01 00:00:00\n\"\"\n1969-12-31 23:59:59.999999\n2024-01-01 10:04:05.120\n" },
        { { .type = PF_TYPE_TIMESTAMP, .utc = true },
          VALUES(int64_t, 1704103445000001, 0, 1704103445000000, 1),
          "2024-01-01 10:04:05.000001Z\n\"\"\n2024-01-01 10:04:05Z\n1970-01-01 00:00:00.000001Z\n" },
        { { .type = PF_TYPE_TIME64 }, VALUES(int64_t, 0, 0, 86399999999, -1), "00:00:00\n\"\"\n23:59:59.999999\n-1\n" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        static const struct pf_csv_write_options options = { .header = PF_CSV_HEADER_NO };
        struct output out;
        struct pf_batch batch;
        char text[512];

        output_begin(&out);
        output_field(&out, "a", cases[i].field);
        output_open(&out, &options);
        CHECK_OK(pf_batch_new(&batch, &out.ctx->memory, 4, 1, &out.err), out.err);
        fixed_column(out.ctx, cases[i].field.type, cases[i].values, cases[i].size, 4, 1, &batch.columns[0]);
        output_add(&out, &batch);
        CHECK_OK(out.status, out.err);
        CHECK_TEXT(output_end(&out, text, sizeof text), cases[i].text);
        output_free(&out);
    }
}

static void test_binary(void **state)
{
    static const struct pf_csv_write_options options = { .header = PF_CSV_HEADER_NO, .delimiter = ";" };
    static const char *const values[] = { "a", "", "ab", NULL, "abc", "\xFB\xFF\xFE" };
    struct output out;
    struct pf_batch batch;
    char text[128];

    (void)state;
    output_begin(&out);
    output_field(&out, "a", (struct pf_field){ .type = PF_TYPE_BINARY });
    output_field(&out, "b", (struct pf_field){ .type = PF_TYPE_BINARY });
    output_open(&out, &options);
    CHECK_OK(pf_batch_new(&batch, &out.ctx->memory, 3, 2, &out.err), out.err);
    text_column(out.ctx, PF_TYPE_BINARY, (const char *const[]){ values[0], values[2], values[4] }, 3, &batch.columns[0]);
    text_column(out.ctx, PF_TYPE_BINARY, (const char *const[]){ values[1], values[3], values[5] }, 3, &batch.columns[1]);
    output_add(&out, &batch);
    CHECK_OK(out.status, out.err);
    CHECK_TEXT(output_end(&out, text, sizeof text), "YQ==;\"\"\nYWI=;\nYWJj;+//+\n");
    output_free(&out);
}

/* Float32 in all its forms comes back as the same float32. */
static void test_random_floats(void **state)
{
    struct random random = { 5 };

    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t bits = (uint32_t)random_bits(&random);
        struct csv_put_column column = { .data = (const uint8_t *)&bits };
        char text[CSV_VALUE_ROOM + 1];
        float value, back;
        size_t size;

        memcpy(&value, &bits, sizeof value);
        if (value != value)
            continue;
        size = (size_t)(csv_put_function(PF_TYPE_FLOAT32)(&column, 0, (uint8_t *)text) - (uint8_t *)text);
        text[size] = '\0';
        back = strtof(text, NULL);
        CHECK(back == value);
        CHECK(size <= 20);
    }
}

static void test_random_integers(void **state)
{
    struct random random = { 9 };

    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t bits = random_bits(&random) >> random_below(&random, 64);
        struct csv_put_column column = { .data = (const uint8_t *)&bits };
        char text[CSV_VALUE_ROOM + 1], expected[32];

        *csv_put_function(PF_TYPE_UINT64)(&column, 0, (uint8_t *)text) = '\0';
        (void)snprintf(expected, sizeof expected, "%llu", (unsigned long long)bits);
        CHECK_TEXT(text, expected);
        *csv_put_function(PF_TYPE_INT64)(&column, 0, (uint8_t *)text) = '\0';
        (void)snprintf(expected, sizeof expected, "%lld", (long long)bits);
        CHECK_TEXT(text, expected);
    }
}

/* A delimiter that numbers and dates have in them makes quotes around these. */
static void test_delimiter_within_values(void **state)
{
    static const struct pf_csv_write_options options = { .header = PF_CSV_HEADER_NO, .delimiter = "-" };
    struct output out;
    struct pf_batch batch;
    char text[128];

    (void)state;
    output_begin(&out);
    output_field(&out, "a", (struct pf_field){ .type = PF_TYPE_DATE32 });
    output_field(&out, "b", (struct pf_field){ .type = PF_TYPE_INT64 });
    output_open(&out, &options);
    CHECK_OK(pf_batch_new(&batch, &out.ctx->memory, 2, 2, &out.err), out.err);
    fixed_column(out.ctx, PF_TYPE_DATE32, (const int32_t[]){ 0, 1 }, 8, 2, -1, &batch.columns[0]);
    fixed_column(out.ctx, PF_TYPE_INT64, (const int64_t[]){ -5, 5 }, 16, 2, -1, &batch.columns[1]);
    output_add(&out, &batch);
    CHECK_OK(out.status, out.err);
    CHECK_TEXT(output_end(&out, text, sizeof text), "\"1970-01-01\"-\"-5\"\n\"1970-01-02\"-5\n");
    output_free(&out);
}

/* ---- encodings */

static void test_encodings(void **state)
{
    static const struct {
        struct pf_csv_write_options options;
        const char *value, *bytes;
        size_t size;
    } cases[] = {
        { { .encoding = "windows-1252" }, "\xC3\xA9\xE2\x82\xAC", "a\n\xE9\x80\n", 5 },
        { { .encoding = "latin-1" }, "\xC3\xA9", "a\n\xE9\n", 4 },
        { { .encoding = "utf-16le" }, "\xC3\xA9", "a\0\n\0\xE9\0\n\0", 8 },
        { { .encoding = "utf-16" },
          "b",
          "\xFF\xFE"
          "a\0\n\0b\0\n\0",
          10 },
        { { .encoding = "utf-16be", .bom = true }, "b", "\xFE\xFF\0a\0\n\0b\0\n", 10 },
        { { .encoding = "UTF8", .bom = true },
          "b",
          "\xEF\xBB\xBF"
          "a\nb\n",
          7 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct output out;
        struct pf_batch batch;
        char text[128];

        output_begin(&out);
        output_field(&out, "a", (struct pf_field){ .type = PF_TYPE_STRING });
        output_open(&out, &cases[i].options);
        CHECK_OK(out.status, out.err);
        batch = text_batch(&out, &cases[i].value, 1, 1);
        output_add(&out, &batch);
        CHECK_OK(out.status, out.err);
        (void)output_end(&out, text, sizeof text);
        CHECK_INT(pf_sink_size(out.sink), cases[i].size);
        CHECK(memcmp(text, cases[i].bytes, cases[i].size) == 0);
        output_free(&out);
    }
}

/* A character that the encoding does not have is an error that says where. */
static void test_unencodable(void **state)
{
    static const struct pf_csv_write_options options = { .encoding = "iso-8859-1" };
    static const char *const values[] = { "a", "b", "\xC3\xA9", NULL, "x", "say \xE2\x82\xAC" };
    struct output out;
    struct pf_batch batch;
    char text[64];

    (void)state;
    output_begin(&out);
    output_field(&out, "first", (struct pf_field){ .type = PF_TYPE_STRING });
    output_field(&out, "second", (struct pf_field){ .type = PF_TYPE_STRING });
    output_open(&out, &options);
    batch = text_batch(&out, values, 3, 2);
    output_add(&out, &batch);
    CHECK_INT(out.status, PF_BAD_DATA);
    CHECK_HAS(out.err.message, "U+20AC cannot be written in iso-8859-1");
    CHECK_HAS(out.err.remedy, "utf-8");
    CHECK_INT(out.err.row, 3);
    CHECK_INT(out.err.column, 2);
    CHECK_TEXT(out.err.column_name, "second");
    output_free(&out);

    output_begin(&out);
    output_field(&out, "\xE2\x82\xAC", (struct pf_field){ .type = PF_TYPE_STRING });
    output_open(&out, &options);
    (void)output_end(&out, text, sizeof text);
    CHECK_INT(out.status, PF_BAD_DATA);
    output_free(&out);
}

/* ---- options that cannot be */

static void test_bad_options(void **state)
{
    static const struct {
        struct pf_csv_write_options options;
        const char *says;
    } cases[] = {
        { { .delimiter = "" }, "--output-delimiter" }, { { .delimiter = "123456789" }, "--output-delimiter" },
        { { .delimiter = "\n" }, "line end" },         { { .delimiter = "\"" }, "cannot be the same" },
        { { .quote = "" }, "--output-quote" },         { { .quote = "ab" }, "--output-quote" },
        { { .quote = "\xC3\xA9" }, "--output-quote" }, { { .null = "a,b" }, "--output-null" },
        { { .null = "a\nb" }, "--output-null" },       { { .encoding = "no-such" }, "no-such" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct output out;

        output_begin(&out);
        output_field(&out, "a", (struct pf_field){ .type = PF_TYPE_STRING });
        output_open(&out, &cases[i].options);
        CHECK_INT(out.status, PF_BAD_OPTION);
        CHECK_HAS(out.err.message, cases[i].says);
        output_free(&out);
    }
}

static void test_rows_are_counted(void **state)
{
    static const struct pf_csv_write_options options = { 0 };
    static const char *const value = "x";
    struct output out;
    struct pf_batch batch;
    char text[64];

    (void)state;
    output_begin(&out);
    output_field(&out, "a", (struct pf_field){ .type = PF_TYPE_STRING });
    output_open(&out, &options);
    batch = text_batch(&out, &value, 1, 1);
    output_add(&out, &batch);
    out.rows = 2;
    (void)output_end(&out, text, sizeof text);
    CHECK_INT(out.status, PF_INTERNAL);
    output_free(&out);
}

/* ---- there and back */

enum { ROWS = 20, COLUMNS = 3, LONGEST = 39 };

struct table {
    char texts[ROWS * COLUMNS][LONGEST + 1];
    const char *values[ROWS * COLUMNS]; /* row by row; NULL = null */
};

static void make_table(struct random *random, struct table *table)
{
    static const char alphabet[] = "ab,;\"'\r\n #|\t\\=";

    for (uint32_t i = 0; i < ROWS * COLUMNS; i++) {
        uint32_t size = random_below(random, 4) == 0 ? 0 : random_below(random, LONGEST);

        for (uint32_t j = 0; j < size; j++)
            table->texts[i][j] = alphabet[random_below(random, sizeof alphabet - 1)];
        table->texts[i][size] = '\0';
        table->values[i] = size == 0 && random_below(random, 2) != 0 ? NULL : table->texts[i];
    }
}

static void check_decoded(const struct table *table, const struct pf_decoded *decoded)
{
    CHECK_INT(decoded->rows_kept, ROWS);
    for (uint32_t i = 0; i < ROWS * COLUMNS; i++) {
        const struct pf_text_column *text = &decoded->text[i % COLUMNS];
        uint32_t row = i / COLUMNS;

        CHECK((table->values[i] == NULL) == (text->kind[row] == PF_TEXT_NULL));
        if (table->values[i] == NULL)
            continue;
        CHECK_INT(text->size[row], strlen(table->values[i]));
        CHECK(memcmp(text->bytes + text->offset[row], table->values[i], text->size[row]) == 0);
    }
}

static void read_back(const struct table *table, const uint8_t *bytes, size_t size, const char *delimiter)
{
    struct pf_csv_read_options options = { .delimiter = delimiter, .quote = "\"", .header = "yes", .encoding = "utf-8" };
    struct pf_pass pass = { .columns = NULL };
    struct pf_block block = { 0 };
    struct pf_decoded decoded;
    struct pf_arena arena;
    struct csv_run run;

    csv_run_open(&run, bytes, size, &options, -1);
    CHECK_OK(run.status, run.err);
    pf_arena_init(&arena, &run.ctx->memory, SIZE_MAX);
    CHECK_OK(pf_csv_reader.start(run.state, &pass, &run.err), run.err);
    CHECK_OK(pf_csv_reader.cut(run.state, &block, &run.err), run.err);
    CHECK_OK(pf_csv_reader.decode(run.state, &pass, &block, &arena, &decoded, &run.err), run.err);
    check_decoded(table, &decoded);
    pf_arena_free(&arena);
    pf_free(&run.ctx->memory, block.bytes);
    csv_run_free(&run);
}

/* Random texts and nulls: written, read again, they are the same. */
static void test_round_trip(void **state)
{
    static const char *const delimiters[] = { ",", ";", "tab", "|" };
    struct random random = { 21 };

    (void)state;
    for (uint32_t round = 0; round < 500; round++) {
        struct pf_csv_write_options options = { .delimiter = delimiters[random_below(&random, 4)],
                                                .line_ending = (int)random_below(&random, 2) };
        struct table table;
        struct pf_batch batch;
        struct output out;
        const uint8_t *bytes;
        size_t size;

        make_table(&random, &table);
        output_begin(&out);
        for (uint32_t i = 0; i < COLUMNS; i++)
            output_field(&out, (const char *const[]){ "a", "b", "c" }[i], (struct pf_field){ .type = PF_TYPE_STRING });
        output_open(&out, &options);
        CHECK_OK(out.status, out.err);
        batch = text_batch(&out, table.values, ROWS, COLUMNS);
        output_add(&out, &batch);
        CHECK_OK(out.status, out.err);
        CHECK_OK(pf_csv_writer.finish(out.state, out.rows, &out.err), out.err);
        bytes = pf_sink_memory_bytes(out.sink, &size);
        read_back(&table, bytes, size, options.delimiter);
        output_free(&out);
    }
}

/* A batch of more rows than a unit takes, and each allocation refused in turn. */
static void test_many_rows(void **state)
{
    enum { MANY = 2 * CSV_JOB_ROWS * CSV_UNIT_JOBS + 5 };
    static const struct pf_csv_write_options options = { 0 };
    int64_t *values = malloc(MANY * sizeof *values);

    (void)state;
    CHECK(values != NULL);
    for (int64_t i = 0; i < MANY; i++)
        values[i] = i;
    for (long at = -1;; at++) {
        struct output out;
        struct pf_batch batch;
        enum pf_status status;

        output_begin(&out);
        output_field(&out, "a", (struct pf_field){ .type = PF_TYPE_INT64 });
        output_open(&out, &options);
        CHECK_OK(out.status, out.err);
        CHECK_OK(pf_batch_new(&batch, &out.ctx->memory, MANY, 1, &out.err), out.err);
        fixed_column(out.ctx, PF_TYPE_INT64, values, MANY * sizeof *values, MANY, -1, &batch.columns[0]);
        atomic_store(&out.ctx->memory.fail_at, at);
        output_add(&out, &batch);
        if (out.status == PF_OK)
            out.status = pf_csv_writer.finish(out.state, out.rows, &out.err);
        status = out.status;
        CHECK(status == PF_OK || (at >= 0 && status == PF_NO_MEMORY));
        if (status == PF_OK) {
            size_t size;
            const char *text = (const char *)pf_sink_memory_bytes(out.sink, &size), *last = text + size - strlen("131076\n");

            CHECK_INT(strtoll(last, NULL, 10), MANY - 1);
            CHECK(memcmp(text, "a\n0\n1\n2\n", 8) == 0);
        }
        output_free(&out);
        if (status == PF_OK && at >= 0)
            break;
    }
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_random_floats),
        cmocka_unit_test(test_random_integers),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_delimiter_within_values),
        cmocka_unit_test(test_unencodable),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_rows_are_counted),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_many_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
