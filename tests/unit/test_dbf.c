/* The parts of the dBase reader: values, which records there are, memos, code pages; and a whole reading of which each allocation fails
 * in turn. End to end it is tested by tests/python/test_dbf_read.py. */
#include "support_failing.h"
#include "support_folder.h"

#include <math.h>

#include "base/date.h"
#include "formats/dbf/dbf.h"

/* ---- numbers */

static void whole_numbers(void **state)
{
    static const struct {
        const char *text;
        enum dbf_value found;
        int64_t value;
    } rows[] = {
        { "12", DBF_VALUE, 12 },    { "  12", DBF_VALUE, 12 },
        { "12  ", DBF_VALUE, 12 },  { "-7", DBF_VALUE, -7 },
        { "+7", DBF_VALUE, 7 },     { "007", DBF_VALUE, 7 },
        { "0.0", DBF_VALUE, 0 },    { "5.", DBF_VALUE, 5 },
        { "2e3", DBF_VALUE, 2000 }, { "999999999999999999", DBF_VALUE, 999999999999999999 },
        { "", DBF_NOTHING, 0 },     { "    ", DBF_NOTHING, 0 },
        { "*****", DBF_BAD, 0 },    { "1.E+3", DBF_BAD, 0 },
        { "1.5", DBF_BAD, 0 },      { "1 2", DBF_BAD, 0 },
        { ".", DBF_BAD, 0 },        { "-", DBF_BAD, 0 },
        { "1e99", DBF_BAD, 0 },     { "9999999999999999999", DBF_BAD, 0 },
        { "nan", DBF_BAD, 0 },      { "0x10", DBF_BAD, 0 },
        { "1\t", DBF_BAD, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        int64_t value = -1;
        enum dbf_value found = dbf_read_int64((const uint8_t *)rows[i].text, (uint32_t)strlen(rows[i].text), &value);

        if (found != rows[i].found || (found == DBF_VALUE && value != rows[i].value))
            fail_msg("'%s' is %d, %lld", rows[i].text, found, (long long)value);
    }
}

static void decimals(void **state)
{
    static const struct {
        const char *text;
        uint32_t precision, scale;
        enum dbf_value found;
        int64_t value;
    } rows[] = {
        { "    1.50", 10, 2, DBF_VALUE, 150 }, { "-1.50", 7, 2, DBF_VALUE, -150 },
        { "1,5", 5, 2, DBF_VALUE, 150 },       { "7", 3, 2, DBF_VALUE, 700 },
        { ".5", 4, 2, DBF_VALUE, 50 },         { "1.50  ", 8, 2, DBF_VALUE, 150 },
        { "1.5e1", 7, 2, DBF_VALUE, 1500 },    { "-.50", 6, 2, DBF_VALUE, -50 },
        { "  ", 4, 2, DBF_NOTHING, 0 },        { "1.505", 7, 2, DBF_BAD, 0 },
        { "10.00", 3, 2, DBF_BAD, 0 },         { "9.99", 3, 2, DBF_VALUE, 999 },
        { "*****", 7, 2, DBF_BAD, 0 },         { "1.x0", 6, 2, DBF_BAD, 0 },
        { "x.50", 6, 2, DBF_BAD, 0 },          { "1234567890123456.50", 38, 2, DBF_VALUE, 123456789012345650 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        pf_int128 value = -1;
        enum dbf_value found = dbf_read_decimal((const uint8_t *)rows[i].text, (uint32_t)strlen(rows[i].text),
                                                rows[i].precision, rows[i].scale, &value);

        if (found != rows[i].found || (found == DBF_VALUE && value != rows[i].value))
            fail_msg("'%s' is %d, %lld", rows[i].text, found, (long long)value);
    }
}

static void floats(void **state)
{
    static const struct {
        const char *text;
        enum dbf_value found;
        double value;
    } rows[] = {
        { " 1.25", DBF_VALUE, 1.25 }, { "1.234567890e+004", DBF_VALUE, 12345.6789 },
        { "-2", DBF_VALUE, -2 },      { "0,5", DBF_VALUE, 0.5 },
        { "", DBF_NOTHING, 0 },       { "1.E+3", DBF_BAD, 0 },
        { "1e999", DBF_BAD, 0 },      { "***", DBF_BAD, 0 },
        { "inf", DBF_BAD, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        double value = -1;
        enum dbf_value found = dbf_read_float((const uint8_t *)rows[i].text, (uint32_t)strlen(rows[i].text), &value);

        if (found != rows[i].found || (found == DBF_VALUE && fabs(value - rows[i].value) > 1e-9))
            fail_msg("'%s' is %d, %g", rows[i].text, found, value);
    }
}

/* ---- days and moments */

static void days_and_moments(void **state)
{
    static const uint8_t blank[8] = "        ", zero[8], late[8] = { 0x8C, 0x3D, 0x25, 0, 0x01, 0x5C, 0x26, 0x05 };
    static const uint8_t first[8] = { 0x8C, 0x3D, 0x25, 0, 0xE8, 0x03, 0, 0 }; /* 1970-01-01 and a second */
    static const uint8_t seven[8] = { 0x42, 0xCC, 0x41, 0x8B, 0xA9, 0x9A, 0, 0 };
    int32_t days;
    int64_t moment;

    (void)state;
    CHECK_INT(dbf_read_day((const uint8_t *)"19700102", &days), DBF_VALUE);
    CHECK_INT(days, 1);
    CHECK_INT(dbf_read_day(blank, &days), DBF_NOTHING);
    CHECK_INT(dbf_read_day(zero, &days), DBF_NOTHING);
    CHECK_INT(dbf_read_day((const uint8_t *)"00000000", &days), DBF_BAD);
    CHECK_INT(dbf_read_day((const uint8_t *)"20230229", &days), DBF_BAD);
    CHECK_INT(dbf_read_day((const uint8_t *)"2023 229", &days), DBF_BAD);
    CHECK_INT(dbf_read_moment(first, &moment), DBF_VALUE);
    CHECK_INT(moment, 1000000);
    CHECK_INT(dbf_read_moment(zero, &moment), DBF_NOTHING);
    CHECK_INT(dbf_read_moment(blank, &moment), DBF_NOTHING);
    CHECK_INT(dbf_read_moment(late, &moment), DBF_BAD);
    CHECK_INT(dbf_read_moment_7(seven, &moment), DBF_VALUE);
    CHECK_INT(dbf_read_moment_7(zero, &moment), DBF_NOTHING);
    CHECK_INT(dbf_read_moment_7((const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff", &moment), DBF_BAD);
    CHECK_INT(dbf_read_moment_7((const uint8_t *)"\x01\0\0\0\0\0\0\0", &moment), DBF_BAD);
}

static void level_7(void **state)
{
    (void)state;
    CHECK_INT(dbf_read_int32_7((const uint8_t *)"\x80\0\0\x05"), 5);
    CHECK_INT(dbf_read_int32_7((const uint8_t *)"\x7f\xff\xff\xfb"), -5);
    CHECK(dbf_read_double_7((const uint8_t *)"\xbf\xf8\0\0\0\0\0\0") == 1.5);
    CHECK(dbf_read_double_7((const uint8_t *)"\x40\x07\xff\xff\xff\xff\xff\xff") == -1.5);
}

/* ---- which records there are */

static void layouts(void **state)
{
    /* records of 4 bytes behind a header of 40; what of them is there, and the end */
    static const struct {
        uint32_t counted;
        const char *records;
        int64_t rows, missing;
        uint32_t rest;
        bool cut;
    } rows[] = {
        { 2, " abc abc\x1a", 2, 0, 0, false },
        { 2, " abc abc", 2, 0, 0, false },
        { 1, " abc abc\x1a", 2, 0, 0, false },
        { 0, " abc*abc", 2, 0, 0, false },
        { 1, " abc\x1a", 1, 0, 0, false },
        { 1, " abc\x1a    junk", 1, 0, 0, false },
        { 3, " abc abc\x1a", 2, 1, 0, false },
        { 3, " abc abc", 2, 1, 0, true },
        { 3, " abc abc ab", 2, 1, 3, true },
        { 9, "", 0, 9, 0, true },
        { 0, "", 0, 0, 0, false },
        { 0, "\x1a", 0, 0, 0, false },
        { 4294967295u, " abc\x1a", 1, 4294967294, 0, false },
    };
    const struct dbf_header base = { .size = 40, .record = 4 };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct dbf_header header = base;
        struct dbf_layout layout;
        struct pf_source *src;
        struct pf_error err;
        char bytes[100] = "";
        size_t size = 40 + strlen(rows[i].records);

        memcpy(bytes + 40, rows[i].records, size - 40);
        header.counted = rows[i].counted;
        CHECK_OK(pf_source_memory(ctx, bytes, size, "t", &src, &err), err);
        CHECK_OK(dbf_layout_find(&header, src, &layout, &err), err);
        if (layout.rows != rows[i].rows || layout.missing != rows[i].missing || layout.rest != rows[i].rest ||
            layout.cut != rows[i].cut)
            fail_msg("case %zu: %lld rows, %lld missing, %u rest, %d", i, (long long)layout.rows, (long long)layout.missing,
                     layout.rest, layout.cut);
        pf_source_close(src);
        pf_context_release(ctx);
    }
}

/* ---- code pages */

static void every_language_is_known(void **state)
{
    struct pf_context *ctx = pf_context_make(NULL);
    struct dbf_code_page *page = malloc(sizeof *page);
    struct pf_error err;
    uint32_t known = 0;

    (void)state;
    assert_non_null(page);
    for (uint32_t language = 0; language < 256; language++) {
        const char *encoding = dbf_language_encoding((uint8_t)language);

        if (encoding == NULL)
            continue;
        known++;
        pf_error_clear(&err);
        CHECK_OK(dbf_code_page_make(page, &ctx->memory, encoding, &err), err);
        CHECK_INT(page->single, strstr(" cp932 gbk cp949 big5 windows-1255 ", encoding) == NULL);
        CHECK(!page->single || (page->size['A'] == 1 && page->to['A'][0] == 'A'));
    }
    CHECK(known > 50);
    free(page);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_release(ctx);
}

static void decoding(void **state)
{
    static const struct {
        const char *encoding, *bytes, *text;
        bool bad;
    } rows[] = {
        { "cp866", "\x8f\xe0", "Пр", false },           { "windows-1252", "a\xe4", "aä", false },
        { "windows-1251", "a\x98z", "a\uFFFDz", true }, { "utf-8", "\xc3\xa4\xc3", "ä\uFFFD", true },
        { "utf-8", "a\x80\x80z", "a\uFFFDz", true },    { "cp932", "\x93\xfa\x96", "日\uFFFD", true },
        { "cp932", "\x93\xfa", "日", false },
    };
    struct pf_context *ctx = pf_context_make(NULL);
    struct dbf_code_page *page = malloc(sizeof *page);
    struct pf_buffer text;
    struct pf_error err;

    (void)state;
    assert_non_null(page);
    pf_buffer_init(&text, &ctx->memory, SIZE_MAX);
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        bool bad;

        pf_error_clear(&err);
        CHECK_OK(dbf_code_page_make(page, &ctx->memory, rows[i].encoding, &err), err);
        pf_buffer_clear(&text);
        CHECK(dbf_decode(page, (const uint8_t *)rows[i].bytes, strlen(rows[i].bytes), &text, &bad));
        CHECK(pf_buffer_append(&text, "", 1));
        CHECK_TEXT((const char *)text.data, rows[i].text);
        CHECK_INT(bad, rows[i].bad);
    }
    pf_buffer_free(&text);
    free(page);
    pf_context_release(ctx);
}

static void guesses(void **state)
{
    static const struct {
        const char *bytes, *encoding;
    } rows[] = {
        { "plain", "utf-8" },
        { "Gr\xc3\xbc\xc3\x9f\x65", "utf-8" },
        { "Gr\xfc\xdf\x65 aus K\xf6ln", "windows-1252" },
        { "Gr\x81\xe1\x65 aus K\x94ln", "cp850" },
        { "\xcf\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0", "windows-1251" },
        { "\x8f\xe0\xa8\xa2\xa5\xe2 \xac\xa8\xe0", "cp866" },
    };
    struct pf_context *ctx = pf_context_make(NULL);
    struct pf_error err;

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        struct dbf_guess guess;
        const char *encoding;

        pf_error_clear(&err);
        CHECK(dbf_guess_begin(&guess, &ctx->memory));
        dbf_guess_add(&guess, (const uint8_t *)rows[i].bytes, strlen(rows[i].bytes));
        CHECK_OK(dbf_guess_end(&guess, &ctx->memory, &encoding, &err), err);
        CHECK_TEXT(encoding, rows[i].encoding);
        dbf_guess_free(&guess, &ctx->memory);
    }
    pf_context_release(ctx);
}

/* ---- memos */

static void memo_places(void **state)
{
    static const struct {
        enum dbf_memo_kind kind;
        const char *stored;
        uint32_t size;
        enum dbf_found found;
        uint32_t block, length;
    } rows[] = {
        { DBF_MEMO_DBT_3, "         7", 10, DBF_FOUND, 7, 0 },
        { DBF_MEMO_DBT_3, "0000000012", 10, DBF_FOUND, 12, 0 },
        { DBF_MEMO_DBT_3, "          ", 10, DBF_EMPTY, 0, 0 },
        { DBF_MEMO_DBT_3, "         0", 10, DBF_EMPTY, 0, 0 },
        { DBF_MEMO_DBT_3, "\0\0\0\0\0\0\0\0\0\0", 10, DBF_EMPTY, 0, 0 },
        { DBF_MEMO_DBT_3, "  seven   ", 10, DBF_DAMAGED, 0, 0 },
        { DBF_MEMO_DBT_3, "        -7", 10, DBF_DAMAGED, 0, 0 },
        { DBF_MEMO_DBT_3, "9999999999", 10, DBF_DAMAGED, 0, 0 },
        { DBF_MEMO_FPT, "\x07\0\0\0", 4, DBF_FOUND, 7, 0 },
        { DBF_MEMO_FPT, "\0\0\0\0", 4, DBF_EMPTY, 0, 0 },
        { DBF_MEMO_FPT, "    ", 4, DBF_EMPTY, 0, 0 },
        { DBF_MEMO_SMT, "\x01\0\x05\0\0\0\x10\0\0\0", 10, DBF_FOUND, 16, 5 },
        { DBF_MEMO_SMT, "          ", 10, DBF_EMPTY, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        const struct dbf_memo memo = { .kind = rows[i].kind, .block = 512, .size = 1 << 20 };
        struct dbf_memo_place place;
        enum dbf_found found = dbf_memo_locate(&memo, (const uint8_t *)rows[i].stored, rows[i].size, &place);

        if (found != rows[i].found || (found == DBF_FOUND && (place.block != rows[i].block || place.length != rows[i].length)))
            fail_msg("case %zu: %d, block %u, length %u", i, found, place.block, place.length);
    }
}

/* Block and block size multiply to more than any number has. */
static void memo_far_away(void **state)
{
    static const uint8_t bytes[600] = { 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF };
    struct pf_context *ctx = pf_context_make(NULL);
    struct dbf_memo memo = { .kind = DBF_MEMO_NONE };
    struct pf_buffer text;
    struct pf_source *src;
    struct pf_error err;

    (void)state;
    pf_buffer_init(&text, &ctx->memory, SIZE_MAX);
    CHECK_OK(pf_source_memory(ctx, bytes, sizeof bytes, "t.smt", &src, &err), err);
    CHECK_OK(dbf_memo_begin(&memo, src, DBF_MEMO_SMT, &err), err);
    CHECK_INT(dbf_memo_read(&memo, (struct dbf_memo_place){ UINT32_MAX, 5 }, &text, &err), DBF_DAMAGED);
    CHECK_INT(dbf_memo_read(&memo, (struct dbf_memo_place){ 0, UINT32_MAX }, &text, &err), DBF_DAMAGED);
    CHECK_INT(dbf_memo_read(&memo, (struct dbf_memo_place){ 0, 600 }, &text, &err), DBF_FOUND);
    pf_buffer_free(&text);
    dbf_memo_close(&memo);
    pf_context_release(ctx);
}

/* ---- a whole reading */

static void put_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The header of a file of Visual FoxPro that has no language byte; where its records begin. */
static uint32_t put_header(uint8_t *bytes, int records, int record_size, const char (*fields)[32], size_t n_fields)
{
    const uint32_t header = 32 + 32 * (uint32_t)n_fields + 1 + 263;

    bytes[0] = 0x30;
    bytes[4] = (uint8_t)records;
    bytes[8] = (uint8_t)header;
    bytes[9] = (uint8_t)(header >> 8);
    bytes[10] = (uint8_t)record_size;
    memcpy(bytes + 32, fields, 32 * n_fields);
    bytes[32 + 32 * n_fields] = 0x0D;
    return header;
}

/* The database that the table below is of. */
static void put_database(void)
{
    static const char fields[4][32] = { { "OBJECTID\0\0\0I\0\0\0\0\x04" },
                                        { "PARENTID\0\0\0I\0\0\0\0\x04" },
                                        { "OBJECTTYPE\0C\0\0\0\0\x05" },
                                        { "OBJECTNAME\0C\0\0\0\0\x04" } };
    static const char records[] = " \x02\0\0\0\x01\0\0\0TableT    \x03\0\0\0\x02\0\0\0Fieldname \x04\0\0\0\x02\0\0\0Fieldsize"
                                  " \x05\0\0\0\x02\0\0\0Fieldnote\x1a";
    static uint8_t bytes[600];
    const uint32_t header = put_header(bytes, 4, 18, fields, 4);

    memcpy(bytes + header, records, sizeof records - 1);
    put_file("Base.DBC", bytes, header + sizeof records - 1);
}

/* A table with a text, a number, a memo; two rows and a deleted one, the last with what is no number. */
static void put_table(void)
{
    static const char fields[3][32] = { { "NAME\0\0\0\0\0\0\0C\0\0\0\0\x06" },
                                        { "SIZE\0\0\0\0\0\0\0N\0\0\0\0\x04" },
                                        { "NOTE\0\0\0\0\0\0\0M\0\0\0\0\x04" } };
    static const char records[] = " M\xfcller  12\x01\0\0\0*Gelb     1\0\0\0\0 K\xf6ln  ****\x02\0\0\0\x1a";
    static const char memo[] = "\0\0\0\x03\0\0\x02\0";
    static uint8_t bytes[512], memos[1600];
    const uint32_t header = put_header(bytes, 3, 15, fields, 3);

    memcpy(bytes + 129, "base.dbc", 8);
    put_database();
    memcpy(bytes + header, records, sizeof records - 1);
    put_file("t.dbf", bytes, header + sizeof records - 1);
    memcpy(memos, memo, sizeof memo);
    memcpy(memos + 512, "\0\0\0\x01\0\0\0\x05gr\xfc\xdf\x65", 13);
    memcpy(memos + 1024, "\0\0\0\x01\0\0\0\x04more", 12);
    put_file("T.FPT", memos, sizeof memos);
}

static enum pf_status read_blocks(void *reader, struct pf_context *ctx, int64_t *rows, char *names, struct pf_error *err)
{
    static const struct pf_pass pass = { .columns = NULL };
    enum pf_status status = pf_dbf_reader.start(reader, &pass, err);

    while (status == PF_OK) {
        struct pf_block block = { 0 };
        struct pf_decoded decoded = { 0 };
        struct pf_arena arena;

        pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
        status = pf_dbf_reader.cut(reader, &block, err);
        if (status == PF_OK)
            status = pf_dbf_reader.decode(reader, &pass, &block, &arena, &decoded, err);
        if (status == PF_OK) {
            const struct ArrowArray *name = &decoded.typed.columns[0], *note = &decoded.typed.columns[2];

            *rows += decoded.rows_kept;
            (void)snprintf(names, 64, "%.*s/%.*s", pf_array_offsets(name)[name->length], (const char *)pf_array_bytes(name),
                           pf_array_offsets(note)[note->length], (const char *)pf_array_bytes(note));
        }
        pf_batch_free(&decoded.typed);
        pf_arena_free(&arena);
    }
    return status;
}

static void count_warnings(void *user, struct pf_context *ctx, const char *text)
{
    (void)ctx;
    CHECK(text[0] != '\0');
    ++*(int *)user;
}

static enum pf_status read_once(struct pf_context *ctx, int64_t *rows, char *names, int *warnings, struct pf_error *err)
{
    static const struct pf_dbf_read_options options = { .encoding = NULL };
    void *reader = calloc(1, pf_dbf_reader.state_size);
    struct pf_table table = { .rows = 0 };
    struct pf_source *src = NULL;
    enum pf_status status;

    assert_non_null(reader);
    ctx->warn = count_warnings;
    ctx->warn_user = warnings;
    pf_schema_init(&table.schema, &ctx->memory);
    status = pf_source_open(ctx, "t.dbf", false, &src, err);
    if (status == PF_OK) {
        status = pf_dbf_reader.open(&pf_dbf_reader, reader, ctx, src, &options, err);
        if (status == PF_OK)
            status = pf_dbf_reader.table(reader, 0, &table, err);
        if (status == PF_OK) {
            CHECK_INT(table.schema.count, 3);
            CHECK_TEXT(table.schema.fields[2].name, "note");
        }
        if (status == PF_OK)
            status = read_blocks(reader, ctx, rows, names, err);
        if (status == PF_END)
            pf_dbf_reader.tell(reader);
        pf_dbf_reader.close(reader);
    }
    pf_schema_free(&table.schema);
    pf_source_close(src);
    free(reader);
    return status;
}

struct once {
    int64_t rows;
    char names[64];
    int warnings;
};

static enum pf_status run_once(struct pf_context *ctx, void *user, struct pf_error *err)
{
    struct once *once = user;

    memset(once, 0, sizeof *once);
    return read_once(ctx, &once->rows, once->names, &once->warnings, err);
}

static void each_allocation_fails(void **state)
{
    struct once once;

    (void)state;
    put_table();
    fail_each_allocation(run_once, &once, PF_END);
    CHECK_INT(once.rows, 2);
    CHECK_INT(once.warnings, 2); /* a deleted record, stars */
    CHECK_TEXT(once.names, "MüllerKöln/grüßemore");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(decimals),
        cmocka_unit_test(floats),
        cmocka_unit_test(days_and_moments),
        cmocka_unit_test(level_7),
        cmocka_unit_test(layouts),
        cmocka_unit_test(every_language_is_known),
        cmocka_unit_test(decoding),
        cmocka_unit_test(guesses),
        cmocka_unit_test(memo_places),
        cmocka_unit_test(memo_far_away),
        cmocka_unit_test(each_allocation_fails),
    };

    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
