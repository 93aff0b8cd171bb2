/* What our own writer writes is read back: every type, pattern of values and of nulls, codec, with and without dictionaries, in row
 * groups small and large; and the same with memory that fails, with damage, and from several threads. */
#include "support_unit.h"

#include <stdlib.h>

#include "base/thread.h"
#include "support_parquet_file.h"
#include "support_parquet_make.h"

static const struct made_column columns[] = {
    { .name = "bool", .type = PF_TYPE_BOOL, .pattern = MADE_FEW, .nulls = MADE_RANDOM_NULLS },
    { .name = "bool_full", .type = PF_TYPE_BOOL, .pattern = MADE_ALL, .nulls = MADE_NO_NULLS, .required = true },
    { .name = "int8", .type = PF_TYPE_INT8, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "int16", .type = PF_TYPE_INT16, .pattern = MADE_ALL, .nulls = MADE_END_NULLS },
    { .name = "int32", .type = PF_TYPE_INT32, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "int64", .type = PF_TYPE_INT64, .pattern = MADE_ALL, .nulls = MADE_RUN_NULLS },
    { .name = "id", .type = PF_TYPE_INT64, .pattern = MADE_ID, .nulls = MADE_NO_NULLS },
    { .name = "down", .type = PF_TYPE_INT64, .pattern = MADE_DOWN, .nulls = MADE_RANDOM_NULLS },
    { .name = "runs", .type = PF_TYPE_INT32, .pattern = MADE_RUNS, .nulls = MADE_NO_NULLS },
    { .name = "uint8", .type = PF_TYPE_UINT8, .pattern = MADE_ALL, .nulls = MADE_NO_NULLS },
    { .name = "uint16", .type = PF_TYPE_UINT16, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "uint32", .type = PF_TYPE_UINT32, .pattern = MADE_ALL, .nulls = MADE_NO_NULLS },
    { .name = "uint64", .type = PF_TYPE_UINT64, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "float32", .type = PF_TYPE_FLOAT32, .pattern = MADE_SPECIAL, .nulls = MADE_RANDOM_NULLS },
    { .name = "float64", .type = PF_TYPE_FLOAT64, .pattern = MADE_SPECIAL, .nulls = MADE_NO_NULLS },
    { .name = "decimal_9",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_WIDE,
      .nulls = MADE_RANDOM_NULLS,
      .precision = 9,
      .scale = 2 },
    { .name = "decimal_18",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_SOME,
      .nulls = MADE_NO_NULLS,
      .precision = 18,
      .scale = 6 },
    { .name = "decimal_38",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_ALL,
      .nulls = MADE_END_NULLS,
      .precision = 38,
      .scale = 37 },
    { .name = "date", .type = PF_TYPE_DATE32, .pattern = MADE_SOME, .nulls = MADE_RANDOM_NULLS },
    { .name = "time", .type = PF_TYPE_TIME64, .pattern = MADE_WIDE, .nulls = MADE_RANDOM_NULLS },
    { .name = "timestamp", .type = PF_TYPE_TIMESTAMP, .pattern = MADE_STEPS, .nulls = MADE_NO_NULLS },
    { .name = "timestamptz", .type = PF_TYPE_TIMESTAMP, .pattern = MADE_WIDE, .nulls = MADE_RUN_NULLS, .utc = true },
    { .name = "few_texts", .type = PF_TYPE_STRING, .pattern = MADE_FEW, .nulls = MADE_RANDOM_NULLS },
    { .name = "texts", .type = PF_TYPE_STRING, .pattern = MADE_WIDE, .nulls = MADE_NO_NULLS },
    { .name = "long_texts", .type = PF_TYPE_STRING, .pattern = MADE_LONG, .nulls = MADE_RUN_NULLS },
    { .name = "binary", .type = PF_TYPE_BINARY, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "nothing", .type = PF_TYPE_STRING, .pattern = MADE_ALL, .nulls = MADE_ALL_NULL },
    { .name = "no_numbers", .type = PF_TYPE_INT64, .pattern = MADE_ALL, .nulls = MADE_ALL_NULL },
};

/* ---- comparing */

static void compare_texts(const struct ArrowArray *got, const struct ArrowArray *expected, int64_t row)
{
    const int32_t *a = pf_array_offsets(got), *b = pf_array_offsets(expected);

    CHECK_INT(a[row + 1] - a[row], b[row + 1] - b[row]);
    if (a[row + 1] != a[row])
        assert_memory_equal(pf_array_bytes(got) + a[row], pf_array_bytes(expected) + b[row], (size_t)(a[row + 1] - a[row]));
}

static void compare(const struct ArrowArray *got, const struct ArrowArray *expected, const struct made_column *column)
{
    size_t width = pf_type_width(column->type);

    CHECK_INT(got->length, expected->length);
    CHECK_INT(got->null_count, expected->null_count);
    CHECK((pf_array_validity(got) == NULL) == (got->null_count == 0));
    for (int64_t row = 0; row < got->length; row++) {
        bool present = pf_array_validity(expected) == NULL || pf_bit(pf_array_validity(expected), row);

        if (got->null_count != 0)
            CHECK_INT(pf_bit(pf_array_validity(got), row), present);
        if (column->type == PF_TYPE_STRING || column->type == PF_TYPE_BINARY) {
            if (present)
                compare_texts(got, expected, row);
            else
                CHECK_INT(pf_array_offsets(got)[row], pf_array_offsets(got)[row + 1]);
        } else if (present && column->type == PF_TYPE_BOOL) {
            CHECK_INT(pf_bit(pf_array_data(got), row), pf_bit(pf_array_data(expected), row));
        } else if (present && memcmp((const uint8_t *)pf_array_data(got) + (size_t)row * width,
                                     (const uint8_t *)pf_array_data(expected) + (size_t)row * width, width) != 0) {
            fail_msg("column %s, row %lld of a block differs", column->name, (long long)row);
        }
    }
}

/* ---- reading */

struct opened {
    struct pf_source *src;
    void *state;
    struct pf_table table;
};

static void open_bytes(struct opened *opened, struct pf_context *ctx, const uint8_t *bytes, size_t size)
{
    struct pf_error err;

    memset(opened, 0, sizeof *opened);
    opened->state = calloc(1, pf_parquet_reader.state_size);
    CHECK(opened->state != NULL);
    pf_schema_init(&opened->table.schema, &ctx->memory);
    CHECK_OK(pf_source_memory(ctx, bytes, size, "written", &opened->src, &err), err);
    CHECK_OK(pf_parquet_reader.open(&pf_parquet_reader, opened->state, ctx, opened->src, NULL, &err), err);
    CHECK_OK(pf_parquet_reader.table(opened->state, 0, &opened->table, &err), err);
}

static void close_opened(struct opened *opened)
{
    pf_parquet_reader.close(opened->state);
    free(opened->state);
    pf_schema_free(&opened->table.schema);
    pf_source_close(opened->src);
}

static void check_schema(const struct pf_schema *schema, const struct made_table *table)
{
    CHECK_INT(schema->count, table->column_count);
    for (uint32_t i = 0; i < schema->count; i++) {
        const struct pf_field *field = &schema->fields[i];

        CHECK_TEXT(field->name, table->columns[i].name);
        CHECK_INT(field->type, table->columns[i].type);
        CHECK_INT(field->utc, table->columns[i].utc);
        CHECK_INT(field->required, table->columns[i].required);
        if (field->type == PF_TYPE_DECIMAL128) {
            CHECK_INT(field->precision, table->columns[i].precision);
            CHECK_INT(field->scale, table->columns[i].scale);
        }
    }
}

/* Reads a pass and compares every block with what was written. */
static void check_pass(struct opened *opened, struct pf_context *ctx, const struct made_table *table,
                       const struct pf_pass *pass)
{
    enum pf_status status;
    struct pf_error err;
    int64_t rows = 0;

    CHECK_OK(pf_parquet_reader.start(opened->state, pass, &err), err);
    for (;;) {
        struct pf_block block = { 0 };
        struct pf_decoded decoded;
        struct pf_batch expected;

        status = pf_parquet_reader.cut(opened->state, &block, &err);
        if (status == PF_END)
            break;
        CHECK_OK(status, err);
        CHECK_OK(pf_parquet_reader.decode(opened->state, pass, &block, NULL, &decoded, &err), err);
        made_batch(&expected, &ctx->memory, table, rows, decoded.rows_kept, NULL);
        for (uint32_t c = 0; c < decoded.typed.column_count; c++) {
            uint32_t column = pass->columns != NULL ? pass->columns[c] : c;
            compare(&decoded.typed.columns[c], &expected.columns[column], &table->columns[column]);
        }
        rows += decoded.rows_kept;
        pf_batch_free(&expected);
        pf_batch_free(&decoded.typed);
    }
    CHECK_INT(rows, table->rows);
}

struct round_case {
    int64_t rows;
    struct made_options options;
};

static const struct round_case round_cases[] = {
    { 0, { .compression = 0 } },
    { 1, { .compression = 0 } },
    { 3000, { .compression = 0 } },
    { 3000, { .compression = 1 } },
    { 3000, { .compression = 2 } },
    { 3000, { .compression = 3 } },
    { 3000, { .compression = 4 } },
    { 3000, { .compression = 0, .no_dictionary = true } },
    { 3000, { .compression = 1, .no_dictionary = true, .row_group_size = 700 } },
    /* More rows than a block has, in one row group. */
    { 260000, { .compression = 0, .row_group_bytes = INT64_C(1) << 40 } },
};

static void test_round(void **state)
{
    static const uint32_t some[] = { 1, 5, 8, 17, 23, 26 };
    struct pf_context ctx;

    (void)state;
    hand_context_begin(&ctx);
    for (size_t i = 0; i < PF_COUNT(round_cases); i++) {
        struct made_table table = { columns, PF_COUNT(columns), round_cases[i].rows, 100000 };
        struct pf_pass all = { 0 }, picked = { .columns = some, .column_count = PF_COUNT(some) };
        struct opened opened;
        struct pf_sink *sink;
        struct pf_error err;
        const uint8_t *bytes;
        size_t size;

        CHECK_OK(pf_sink_memory(&ctx, &sink, &err), err);
        CHECK_OK(made_write(&ctx, &table, &round_cases[i].options, sink, NULL, &err), err);
        bytes = pf_sink_memory_bytes(sink, &size);
        open_bytes(&opened, &ctx, bytes, size);
        check_schema(&opened.table.schema, &table);
        CHECK_INT(opened.table.rows, table.rows);
        check_pass(&opened, &ctx, &table, &all);
        check_pass(&opened, &ctx, &table, &picked);
        check_pass(&opened, &ctx, &table, &all);
        close_opened(&opened);
        pf_sink_free(sink);
    }
    hand_context_end(&ctx);
}

/* ---- a file of every type, for what follows */

static struct pf_sink *write_all_types(struct pf_context *ctx, int64_t rows, const struct made_options *options)
{
    struct made_table table = { columns, PF_COUNT(columns), rows, rows };
    struct pf_sink *sink;
    struct pf_error err;

    CHECK_OK(pf_sink_memory(ctx, &sink, &err), err);
    CHECK_OK(made_write(ctx, &table, options, sink, NULL, &err), err);
    return sink;
}

static void test_every_allocation_refused(void **state)
{
    struct hand_outcome got = { .status = PF_NO_MEMORY };
    struct pf_context ctx;
    struct pf_sink *sink;
    const uint8_t *bytes;
    size_t size;
    long refused;

    (void)state;
    hand_context_begin(&ctx);
    sink = write_all_types(&ctx, 50, &(struct made_options){ .compression = 1, .row_group_size = 20 });
    bytes = pf_sink_memory_bytes(sink, &size);
    for (refused = 0; got.status != PF_OK; refused++) {
        atomic_store(&ctx.memory.fail_at, refused);
        hand_read(&ctx, bytes, size, NULL, NULL, 0, &got);
        if (got.status != PF_OK)
            CHECK_INT(got.status, PF_NO_MEMORY);
    }
    atomic_store(&ctx.memory.fail_at, -1);
    CHECK_INT(got.rows, 50);
    CHECK(refused > 50);
    pf_sink_free(sink);
    hand_context_end(&ctx);
}

static void test_every_prefix(void **state)
{
    struct hand_outcome got;
    struct pf_context ctx;
    struct pf_sink *sink;
    const uint8_t *bytes;
    size_t size;

    (void)state;
    hand_context_begin(&ctx);
    sink = write_all_types(&ctx, 12, &(struct made_options){ .compression = 0 });
    bytes = pf_sink_memory_bytes(sink, &size);
    for (size_t cut = 0; cut < size; cut++) {
        hand_read(&ctx, bytes, cut, NULL, NULL, 0, &got);
        CHECK_INT(got.status, PF_BAD_DATA);
    }
    pf_sink_free(sink);
    hand_context_end(&ctx);
}

/* One byte in a hundred changed, many times over: refused or read, never a crash. */
static void test_damage(void **state)
{
    struct hand_outcome got;
    struct pf_context ctx;
    struct pf_sink *sink;
    const uint8_t *bytes;
    uint8_t *damaged;
    size_t size;

    (void)state;
    hand_context_begin(&ctx);
    for (int compression = 0; compression < 5; compression++) {
        sink = write_all_types(&ctx, 40, &(struct made_options){ .compression = compression });
        bytes = pf_sink_memory_bytes(sink, &size);
        ctx.memory.limit = (size_t)256 << 20;
        for (uint32_t seed = 0; seed < 200; seed++) {
            /* At first in one place only, so that what is behind the first checks is reached, too. */
            uint32_t steps = seed < 150 ? 1 : (uint32_t)(size / 100);

            damaged = malloc(size);
            CHECK(damaged != NULL);
            memcpy(damaged, bytes, size);
            for (uint32_t i = 0; i < steps; i++) {
                uint64_t random = made_random(seed, i);
                damaged[random % size] ^= (uint8_t)(1u + (random >> 40) % 255);
            }
            hand_read(&ctx, damaged, size, NULL, NULL, 0, &got);
            CHECK(got.status == PF_OK || got.err.message[0] != '\0');
            free(damaged);
        }
        ctx.memory.limit = SIZE_MAX;
        pf_sink_free(sink);
    }
    hand_context_end(&ctx);
}

/* ---- blocks decoded by several threads at once */

struct decoding {
    struct pf_task task;
    const struct opened *opened;
    const struct pf_pass *pass;
    struct pf_block block;
    struct pf_decoded decoded;
    struct pf_error err;
    enum pf_status status;
};

static void run_decoding(struct pf_task *task)
{
    struct decoding *decoding = (struct decoding *)(void *)task;

    decoding->status = pf_parquet_reader.decode(decoding->opened->state, decoding->pass, &decoding->block, NULL,
                                                &decoding->decoded, &decoding->err);
}

static void test_threads(void **state)
{
    enum { BLOCKS = 64 };
    static struct decoding work[BLOCKS];
    struct made_table table = { columns, PF_COUNT(columns), 30000, 30000 };
    struct pf_pass all = { 0 };
    struct opened opened;
    struct pf_context ctx;
    struct pf_sink *sink;
    struct pf_pool *pool;
    struct pf_error err;
    const uint8_t *bytes;
    uint32_t count = 0;
    int64_t rows = 0;
    size_t size;

    (void)state;
    hand_context_begin(&ctx);
    sink = write_all_types(&ctx, table.rows, &(struct made_options){ .compression = 1, .row_group_size = 1000 });
    bytes = pf_sink_memory_bytes(sink, &size);
    open_bytes(&opened, &ctx, bytes, size);
    CHECK_OK(pf_pool_new(&pool, &ctx.memory, 4, &err), err);
    CHECK_OK(pf_parquet_reader.start(opened.state, &all, &err), err);
    while (count < BLOCKS && pf_parquet_reader.cut(opened.state, &work[count].block, &err) == PF_OK) {
        work[count].opened = &opened;
        work[count].pass = &all;
        work[count].task.run = run_decoding;
        pf_pool_submit(pool, &work[count++].task);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct pf_batch expected;

        pf_pool_wait(pool, &work[i].task);
        CHECK_OK(work[i].status, work[i].err);
        made_batch(&expected, &ctx.memory, &table, rows, work[i].decoded.rows_kept, NULL);
        for (uint32_t c = 0; c < PF_COUNT(columns); c++)
            compare(&work[i].decoded.typed.columns[c], &expected.columns[c], &columns[c]);
        rows += work[i].decoded.rows_kept;
        pf_batch_free(&expected);
        pf_batch_free(&work[i].decoded.typed);
    }
    CHECK_INT(rows, table.rows);
    pf_pool_free(pool);
    close_opened(&opened);
    pf_sink_free(sink);
    hand_context_end(&ctx);
}

/* A pass that is given up in the middle leaves nothing behind. */
static void test_abandoned(void **state)
{
    struct pf_pass all = { 0 };
    struct pf_block block = { 0 };
    struct opened opened;
    struct pf_context ctx;
    struct pf_sink *sink;
    struct pf_error err;
    const uint8_t *bytes;
    size_t size;

    (void)state;
    hand_context_begin(&ctx);
    sink = write_all_types(&ctx, 100, &(struct made_options){ .row_group_size = 10 });
    bytes = pf_sink_memory_bytes(sink, &size);
    open_bytes(&opened, &ctx, bytes, size);
    CHECK_OK(pf_parquet_reader.start(opened.state, &all, &err), err);
    for (int i = 0; i < 3; i++)
        CHECK_OK(pf_parquet_reader.cut(opened.state, &block, &err), err);
    close_opened(&opened);
    pf_sink_free(sink);
    hand_context_end(&ctx);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),        cmocka_unit_test(test_every_allocation_refused),
        cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_threads),      cmocka_unit_test(test_abandoned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
