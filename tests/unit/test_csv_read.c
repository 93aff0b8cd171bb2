/* Reading: what becomes of odd rows, wrong bytes, limits, and of sources that cannot be read twice. */
#include "support_csv.h"

#include <unistd.h>

/* ---- rows */

struct row_case {
    struct pf_csv_read_options options;
    const char *text;
    const char *rows;
    const char *rejects;
    int64_t left_out;
};

static const struct row_case row_cases[] = {
    /* what is null */
    { { 0 }, "a,b\n1,\n,2\n\"\",3\n,\n", "a|b\n1|~\n~|2\n\"\"|3\n~|~\n", "", 0 },
    { { .null_values = "NA,NULL" }, "a,b\n1,NA\nNULL,\"NA\"\nNa,\"\"\n", "a|b\n1|~\n~|~\nNa|\"\"\n", "", 0 },
    { { .null_values = ",x" }, "a,b\n1,\"\"\n2,x\n", "a|b\n1|~\n2|~\n", "", 0 },
    { { .null_values = "1234567890123456789012345678901234567890123456789012345678901234567890" },
      "a,b\n1,1234567890123456789012345678901234567890123456789012345678901234567890\n"
      "2,1234567890123456789012345678901234567890123456789012345678901234567891\n",
      "a|b\n1|~\n2|1234567890123456789012345678901234567890123456789012345678901234567891\n",
      "",
      0 },
    { { .compat = true, .null_values = "NA" }, "a,b\n1,NA\n2\n", "a|b\n1|~\n2|\"\"\n", "", 0 },
    /* short and long rows */
    { { 0 }, "a,b,c\n1\n1,2\n1,2,3\n", "a|b|c\n1|~|~\n1|2|~\n1|2|3\n", "", 0 },
    { { 0 }, "a,b\n1,2,3\n4,5\n6,7,,\n", "a|b\n4|5\n6|7\n", "2:0:the row has 3 fields, but the table has 2 columns\n", 0 },
    { { 0 }, "a,b\n1,2,\n4,5\n6,7,\"\"\n", "a|b\n1|2\n4|5\n", "4:0:the row has 3 fields, but the table has 2 columns\n", 0 },
    { { .ragged = PF_CSV_RAGGED_EXTEND },
      "a,b\n1,2,3\n4\n5,6,,,\n7,8,,9\n",
      "a|b|column_3|column_4\n1|2|3|~\n4|~|~|~\n5|6|~|~\n7|8|~|9\n",
      "",
      0 },
    { { .ragged = PF_CSV_RAGGED_EXTEND, .delimiter = "||" }, "a||b\n1||2|||3\n", "a|b|column_3\n1|2|\\p3\n", "", 0 },
    /* lines */
    { { 0 }, "a,b\n\n1,2\r\n\r\n\r3,4\r\r5,6", "a|b\n1|2\n3|4\n5|6\n", "", 4 },
    { { 0 }, "a\n1\n\n2\n\"\"\n", "a\n1\n2\n\"\"\n", "", 1 },
    { { 0 }, "a,b\n \n1,2\n", "a|b\n |~\n1|2\n", "", 0 },
    { { 0 }, "a,b\n1,\"x\r\ny\n\rz\"\r\n2,3\r\n", "a|b\n1|\"x\\r\\ny\\n\\rz\"\n2|3\n", "", 0 },
    { { .comment = "#" }, "a,b\n1,2\n#3,4\n5,#6\n", "a|b\n1|2\n5|#6\n", "", 1 },
    /* quotes */
    { { 0 }, "a,b\n5\" pipe,6\" pipe\n", "a|b\n5\" pipe|6\" pipe\n", "", 0 },
    { { 0 }, "a,b\n\"abc\"def,\"x\" \n", "a|b\n\"abcdef\"|\"x \"\n", "", 0 },
    { { 0 }, "a,b\n\"a\"\"b\"\"\",\"\"\"\"\n", "a|b\n\"a\"b\"\"|\"\"\"\n", "", 0 },
    { { 0 }, "a,b\n \"x\",y\n", "a|b\n \"x\"|y\n", "", 0 },
    { { 0 }, "a,b\n\"x\"y\"z\",\"\"\"\n\n\"\n", "a|b\n\"xy\"z\"\"|\"\"\\n\\n\"\n", "", 0 },
    /* bytes that are not UTF-8 */
    { { .encoding = "utf-8" },
      "a,b\n1,x\xFFy\n2,ok\n\xC3(,\xC3\xA9\n3,\xC3\xA9\n",
      "a|b\n2|ok\n3|\xC3\xA9\n",
      "2:2:the byte 0xFF is not UTF-8; name the file's encoding\n"
      "4:1:the byte 0xC3 is not UTF-8; name the file's encoding\n",
      0 },
    { { .encoding = "utf-8" }, "a\n\"x\ny\n\xFF\"\n", "a\n", "2:1:the byte 0xFF is not UTF-8; name the file's encoding\n", 0 },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(row_cases); i++) {
        const struct row_case *c = &row_cases[i];
        struct csv_run run;

        csv_run_all(&run, c->text, strlen(c->text), &c->options);
        CHECK_OK(run.status, run.err);
        CHECK_TEXT(csv_text(&run.text), c->rows);
        CHECK_TEXT(csv_text(&run.rejects), c->rejects);
        CHECK_INT(run.left_out, c->left_out);
        csv_run_free(&run);
    }
}

static void test_zero_bytes_are_kept(void **state)
{
    static const char text[] = "a\0,b\n1\0,\"x\0y\"\n";
    struct pf_csv_read_options options = { .encoding = "utf-8" };
    struct csv_run run;

    (void)state;
    csv_run_all(&run, text, sizeof text - 1, &options);
    CHECK_OK(run.status, run.err);
    CHECK_TEXT(csv_text(&run.text), "a|b\n1\\0|\"x\\0y\"\n");
    csv_run_free(&run);
}

/* ---- errors and their places */

struct error_case {
    struct pf_csv_read_options options;
    const char *text;
    enum pf_status status;
    const char *says;
    const char *advises;
    int64_t line, offset;
};

static const struct error_case error_cases[] = {
    { { 0 }, "", PF_BAD_DATA, "the file is empty", "right file", 0, -1 },
    { { 0 }, "\n\r\n\n", PF_BAD_DATA, "nothing to read", "right file", 0, -1 },
    { { .comment = "#" }, "# a\n# b\n", PF_BAD_DATA, "nothing to read", "right file", 0, -1 },
    { { 0 }, "a,b\n1,2\n3,\"4\n5,6\n", PF_BAD_DATA, "opens on line 3 is not closed", "--quote none", 3, 10 },
    { { 0 }, "a,b\n1,\"2\n3\"\n4,5\" \"\n6,\"\"\"", PF_BAD_DATA, "opens on line 5", "--quote none", 5, 21 },
    { { 0 }, "\"a,b\n1,2\n", PF_BAD_DATA, "opens on line 1", "--quote none", 1, 0 },
    { { .escape = "\\" }, "a,b\n1,\"x\\\"\n", PF_BAD_DATA, "opens on line 2", "--quote none", 2, 6 },
    { { .max_record = 100, .block_bytes = 64 },
      "a,b\n1,2\n3,\"a quoted text that is not closed "
      "and goes on and on and on and on and on and on and on and on "
      "and goes on and on and on and on and on and on and on and on "
      "and goes on and on and on and on and on and on and on and on "
      "and goes on and on and on and on and on and on and on and on "
      "and goes on and on and on and on and on and on and on and on\n",
      PF_LIMIT,
      "begins on line 3 is longer than 100 bytes",
      "--quote none",
      3,
      8 },
    { { .max_record = 20 },
      "a,b\n1,2\n3,a text of more than twenty bytes\n",
      PF_LIMIT,
      "longer than 20 bytes",
      "--max-record",
      3,
      8 },
    { { .ragged = PF_CSV_RAGGED_FAIL },
      "a,b\n1,2\n3,4,5\n",
      PF_BAD_DATA,
      "3 fields, but the table has 2 columns",
      "--ragged reject",
      3,
      8 },
    { { .encoding = "utf-8" }, "a,\xFF\n1,2\n", PF_BAD_DATA, "header on line 1 is not valid UTF-8", "--encoding", 1, -1 },
    { { .max_record = INT64_MAX }, "a,b\n1,2\n", PF_BAD_OPTION, "--max-record", "", 0, -1 },
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(error_cases); i++) {
        const struct error_case *c = &error_cases[i];
        struct csv_run run;

        csv_run_all(&run, c->text, strlen(c->text), &c->options);
        if (run.status != c->status)
            fail_msg("'%s' is %d, expected %d: %s", c->text, run.status, c->status, run.err.message);
        CHECK_HAS(run.err.message, c->says);
        CHECK_HAS(run.err.remedy, c->advises);
        CHECK_INT(run.err.line, c->line);
        CHECK_INT(run.err.offset, c->offset);
        CHECK_TEXT(run.err.source, "test");
        csv_run_free(&run);
    }
}

/* Lines and offsets are those of the source, also in the blocks behind the first. */
static void test_places(void **state)
{
    char text[40000];
    size_t size = (size_t)sprintf(text, "title\r\na,b\r\n");
    int64_t line = 3;
    struct pf_csv_read_options options = { .header = "2", .block_bytes = 2048 };
    struct csv_run run;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        size += (size_t)sprintf(text + size, i % 7 == 0 ? "%u,\"two\r\nlines\"\r\n" : "%u,x\n", i);
        line += i % 7 == 0 ? 2 : 1;
    }
    size += (size_t)sprintf(text + size, "1,2,3\n");
    csv_run_all(&run, text, size, &options);
    CHECK_OK(run.status, run.err);
    CHECK(run.blocks > 2);
    CHECK_INT(run.kept, 1000);
    CHECK_INT(run.rejected, 1);
    CHECK_INT(strtoll(csv_text(&run.rejects), NULL, 10), line);
    CHECK_INT(run.lines, line);
    CHECK_INT(run.offset, (int64_t)size);
    csv_run_free(&run);
}

/* ---- passes */

static void test_passes_and_columns(void **state)
{
    static const char text[] = "a,b,c\n1,\"x\ny\",3\n4\n7,8,9,10\n,,z\n";
    static const uint32_t picked[] = { 0, 2 };
    struct pf_csv_read_options options = { 0 };
    struct csv_run run;

    (void)state;
    csv_run_all(&run, text, sizeof text - 1, &options);
    CHECK_OK(run.status, run.err);
    CHECK_TEXT(csv_text(&run.text), "a|b|c\n1|\"x\\ny\"|3\n4|~|~\n~|~|z\n");
    for (int pass = 0; pass < 2; pass++) {
        pf_buffer_clear(&run.text);
        pf_buffer_clear(&run.rejects);
        CHECK_OK(pf_source_rewind(run.src, &run.err), run.err);
        csv_run_pass(&run, picked, 2);
        CHECK_OK(run.status, run.err);
        CHECK_TEXT(csv_text(&run.text), "1|3\n4|~\n~|z\n");
        CHECK_TEXT(csv_text(&run.rejects), "5:0:the row has 4 fields, but the table has 3 columns\n");
    }
    CHECK_INT(pf_csv_reader.table(run.state, 1, &run.table, &run.err), PF_END);
    csv_run_free(&run);
}

/* ---- size: headers, tables and records beyond what is looked at */

static char *repeat(char *to, const char *text, size_t times)
{
    size_t size = strlen(text);

    for (size_t i = 0; i < times; i++)
        memcpy(to + i * size, text, size);
    return to + times * size;
}

/* A header and lines to skip that are longer than what can be peeked at. */
static void test_long_header(void **state)
{
    enum { COLUMNS = 60000 };
    char *text = malloc((size_t)4 << 20), *end = text;
    struct pf_csv_read_options options = { .skip_rows = 300000 };

    (void)state;
    CHECK(text != NULL);
    end = repeat(end, "\"a line\n", 300000);
    for (uint32_t i = 0; i < COLUMNS; i++)
        end += sprintf(end, i == 0 ? "a%07u__________" : ",a%07u__________", i);
    *end++ = '\n';
    end = repeat(end, "1,", COLUMNS - 1);
    end = repeat(end, "2\nx\n", 1);
    for (int pass = 0; pass < 2; pass++) {
        struct csv_run run;

        csv_run_open(&run, text, (size_t)(end - text), &options, -1);
        CHECK_OK(run.status, run.err);
        CHECK_INT(run.table.schema.count, COLUMNS);
        CHECK_TEXT(run.table.schema.fields[COLUMNS - 1].name, "a0059999__________");
        pf_buffer_clear(&run.text);
        if (pass == 1) { /* whoever rewinds begins anew */
            csv_run_pass(&run, NULL, 0);
            CHECK_OK(pf_source_rewind(run.src, &run.err), run.err);
            pf_buffer_clear(&run.text);
        }
        csv_run_pass(&run, NULL, 0);
        CHECK_OK(run.status, run.err);
        CHECK_INT(run.kept, 2);
        CHECK_INT(run.text.size, 2 * (size_t)COLUMNS * 2);
        CHECK_INT(run.lines, 300003);
        csv_run_free(&run);
    }
    free(text);
}

/* Short rows of a wide table must not take memory without bound. */
static void test_wide_table_of_short_rows(void **state)
{
    enum { COLUMNS = 50000, ROWS = 3000 };
    char *text = malloc((size_t)1 << 20), *end = text;
    struct pf_csv_read_options options = { 0 };
    struct csv_run run;

    (void)state;
    CHECK(text != NULL);
    for (uint32_t i = 0; i < COLUMNS; i++)
        end += sprintf(end, i == 0 ? "a%u" : ",a%u", i);
    *end++ = '\n';
    end = repeat(end, "x\n", ROWS);
    csv_run_open(&run, text, (size_t)(end - text), &options, -1);
    CHECK_OK(run.status, run.err);
    {
        struct pf_pass pass = { .columns = NULL };
        int64_t rows = 0;

        CHECK_OK(pf_csv_reader.start(run.state, &pass, &run.err), run.err);
        for (;;) {
            struct pf_block block = { 0 };
            struct pf_decoded decoded;
            struct pf_arena arena;
            size_t before = atomic_load(&run.ctx->memory.in_use);
            enum pf_status status = pf_csv_reader.cut(run.state, &block, &run.err);

            if (status == PF_END)
                break;
            CHECK_OK(status, run.err);
            pf_arena_init(&arena, &run.ctx->memory, SIZE_MAX);
            CHECK_OK(pf_csv_reader.decode(run.state, &pass, &block, &arena, &decoded, &run.err), run.err);
            CHECK((int64_t)(atomic_load(&run.ctx->memory.in_use) - before) < block.cost + ((int64_t)8 << 20));
            rows += decoded.rows_kept;
            pf_free(&run.ctx->memory, block.bytes);
            pf_arena_free(&arena);
        }
        CHECK_INT(rows, ROWS);
    }
    CHECK(atomic_load(&run.ctx->memory.peak) < (size_t)64 << 20);
    csv_run_free(&run);
    free(text);
}

static void test_too_many_columns(void **state)
{
    char *text = malloc((size_t)1 << 20), *end = text;
    struct pf_csv_read_options options = { 0 };
    struct csv_run run;

    (void)state;
    CHECK(text != NULL);
    end = repeat(end, "a,", 200000);
    end = repeat(end, "\n1,2\n", 1);
    csv_run_open(&run, text, (size_t)(end - text), &options, -1);
    CHECK_INT(run.status, PF_LIMIT);
    CHECK_HAS(run.err.message, "200001 columns");
    CHECK_HAS(run.err.remedy, "--max-columns");
    csv_run_free(&run);
    options = (struct pf_csv_read_options){ .ragged = PF_CSV_RAGGED_EXTEND, .header = "no", .skip_rows = 1 };
    memcpy(text + 20, "\n1,2\n3,4\n5,6\n", 13);
    options.delimiter = ",";
    csv_run_open(&run, text, (size_t)(end - text), &options, -1);
    CHECK_INT(run.status, PF_LIMIT);
    csv_run_free(&run);
    free(text);
}

/* A record longer than a block makes the block grow. */
static void test_long_record(void **state)
{
    enum { LONG = 5 << 20 };
    char *text = malloc(LONG + 100), *end = text;
    struct pf_csv_read_options options = { 0 };
    struct csv_run run;

    (void)state;
    CHECK(text != NULL);
    end = repeat(end, "a,b\n1,\"", 1);
    memset(end, '\n', LONG);
    end = repeat(end + LONG, "\"\n2,x\n", 1);
    csv_run_open(&run, text, (size_t)(end - text), &options, -1);
    CHECK_OK(run.status, run.err);
    pf_buffer_clear(&run.text);
    csv_run_pass(&run, NULL, 0);
    CHECK_OK(run.status, run.err);
    CHECK_INT(run.kept, 2);
    CHECK_INT(run.text.size, 2 * (size_t)LONG + strlen("1|\"\"\n2|x\n"));
    CHECK_INT(run.lines, LONG + 3);
    csv_run_free(&run);
    free(text);
}

/* ---- a pipe */

static void test_pipe(void **state)
{
    static const char text[] = "a;b\n1;2\n3;4\n";
    struct pf_csv_read_options options = { .ragged = PF_CSV_RAGGED_EXTEND };
    struct pf_context *ctx = pf_context_new();
    struct pf_source *src;
    struct pf_error err;
    struct csv_run run = { 0 };
    int ends[2], input;
    void *reader = calloc(1, pf_csv_reader.state_size);

    (void)state;
    (void)run;
    CHECK(ctx != NULL && reader != NULL);
    CHECK_INT(pipe(ends), 0);
    CHECK_INT(write(ends[1], text, sizeof text - 1), (long long)sizeof text - 1);
    close(ends[1]);
    input = dup(0);
    CHECK(dup2(ends[0], 0) == 0);
    pf_error_clear(&err);
    CHECK_OK(pf_source_open(ctx, "-", false, &src, &err), err);
    CHECK_INT(pf_csv_reader.open(&pf_csv_reader, reader, ctx, src, &options, &err), PF_UNSUPPORTED);
    CHECK_HAS(err.message, "a pipe does not allow");
    CHECK_HAS(err.remedy, "save the input to a file");
    pf_csv_reader.close(reader);
    pf_source_close(src);
    CHECK(dup2(input, 0) == 0);
    close(input);
    close(ends[0]);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
    free(reader);
}

/* ---- cut short, and out of memory */

static const char sample[] =
    "\xEF\xBB\xBF"
    "# by hand\r\nid;text;\"more\r\nwords\"\r\n1;\"a \"\"quoted\"\"\r\ntext\";x\r\n2;;\"\"\r\n\r\n3;5\" pipe\r\n"
    "# and\r\n4;caf\xC3\xA9;y;z;\r\n5;\"\xE2\x82\xAC\";-\r\n";

static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof sample; size++) {
        for (int way = 0; way < 4; way++) {
            struct pf_csv_read_options options = { .block_bytes = way == 1 ? 100 : 0,
                                                   .escape = way == 2 ? "\\" : NULL,
                                                   .ragged = way == 3 ? PF_CSV_RAGGED_EXTEND : PF_CSV_RAGGED_REJECT };
            char *exact = malloc(size + 1);
            struct csv_run run;

            CHECK(exact != NULL);
            memcpy(exact, sample, size);
            csv_run_all(&run, exact, size, &options);
            CHECK(run.status == PF_OK || run.status == PF_BAD_DATA);
            CHECK(run.status == PF_OK || run.err.message[0] != '\0');
            csv_run_free(&run);
            free(exact);
        }
    }
}

/* UTF-16 of the sample's ASCII, so that the decoder is there as well. */
static size_t widen(const char *text, size_t size, char *to)
{
    for (size_t i = 0; i < size; i++) {
        to[2 * i] = (char)(text[i] & 0x7F);
        to[2 * i + 1] = 0;
    }
    return 2 * size;
}

static void test_every_allocation_refused(void **state)
{
    static const struct pf_csv_read_options options[] = {
        { .block_bytes = 100 },
        { .null_values = "NA,x", .header = "1-2", .comment = "#" },
        { .ragged = PF_CSV_RAGGED_EXTEND },
        { .encoding = "utf-16le" },
    };
    char wide[2 * sizeof sample];
    size_t wide_size = widen(sample + 3, sizeof sample - 4, wide);

    (void)state;
    for (size_t i = 0; i < PF_COUNT(options); i++) {
        long at = 0;

        for (;; at++) {
            struct csv_run run;
            enum pf_status status;

            csv_run_open(&run, options[i].encoding != NULL ? wide : sample,
                         options[i].encoding != NULL ? wide_size : sizeof sample - 1, &options[i], at);
            if (run.status == PF_OK)
                csv_run_pass(&run, NULL, 0);
            status = run.status;
            CHECK(status == PF_OK || status == PF_NO_MEMORY);
            csv_run_free(&run);
            if (status == PF_OK)
                break;
        }
        CHECK(at > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_zero_bytes_are_kept),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_passes_and_columns),
        cmocka_unit_test(test_long_header),
        cmocka_unit_test(test_wide_table_of_short_rows),
        cmocka_unit_test(test_too_many_columns),
        cmocka_unit_test(test_long_record),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_every_allocation_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
