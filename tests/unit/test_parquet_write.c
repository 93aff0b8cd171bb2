/* The Parquet writer as the engine drives it: borders of row groups, absent columns and repair, accounting, options, refused memory. What
 * the files hold is checked with other readers in tests/python/test_parquet_write.py. */
#include "support_unit.h"

#include <stdlib.h>

#include "formats/parquet/column_chunk.h"
#include "support_parquet_make.h"

static const struct made_column columns[] = {
    { .name = "id", .type = PF_TYPE_INT64, .pattern = MADE_ID, .nulls = MADE_NO_NULLS },
    { .name = "some", .type = PF_TYPE_INT32, .pattern = MADE_SOME, .nulls = MADE_RANDOM_NULLS },
    { .name = "real", .type = PF_TYPE_FLOAT64, .pattern = MADE_WIDE, .nulls = MADE_RUN_NULLS },
    { .name = "text", .type = PF_TYPE_STRING, .pattern = MADE_SOME, .nulls = MADE_END_NULLS },
    { .name = "wide", .type = PF_TYPE_DECIMAL128, .pattern = MADE_FEW, .nulls = MADE_NO_NULLS, .precision = 30, .scale = 2 },
    { .name = "flag", .type = PF_TYPE_BOOL, .pattern = MADE_FEW, .nulls = MADE_RANDOM_NULLS },
    { .name = "note", .type = PF_TYPE_STRING, .pattern = MADE_ALL, .nulls = MADE_NO_NULLS },
};
enum { COLUMNS = PF_COUNT(columns) };

/* An open writer and what it needs. */
struct run {
    struct pf_context ctx;
    struct pf_schema schema;
    struct pf_sink *sink, *second; /* second: of a repair */
    struct made_table table;
    void *state, *options;
    struct pf_error err;
};

static enum pf_status start(struct run *run, int64_t rows, int64_t batch_rows, const struct made_options *options)
{
    memset(run, 0, sizeof *run);
    CHECK(made_context(&run->ctx));
    run->table = (struct made_table){ columns, COLUMNS, rows, batch_rows };
    pf_schema_init(&run->schema, &run->ctx.memory);
    made_schema(&run->schema, &run->table);
    CHECK_OK(pf_sink_memory(&run->ctx, &run->sink, &run->err), run->err);
    run->options = made_writer_options(options);
    run->state = calloc(1, pf_parquet_writer.state_size);
    CHECK(run->state != NULL);
    return pf_parquet_writer.open(&pf_parquet_writer, run->state, &run->ctx, run->sink, &run->schema, run->options, &run->err);
}

static void stop(struct run *run)
{
    pf_parquet_writer.close(run->state);
    pf_sink_free(run->sink);
    pf_sink_free(run->second);
    pf_schema_free(&run->schema);
    free(run->state);
    free(run->options);
    CHECK_INT(atomic_load(&run->ctx.memory.in_use), 0);
    pf_memory_destroy(&run->ctx.memory);
}

static void add(struct run *run, int64_t first, int64_t rows, const bool *with)
{
    struct pf_batch batch;

    made_batch(&batch, &run->ctx.memory, &run->table, first, rows, with);
    CHECK_OK(pf_parquet_writer.add(run->state, &batch, &run->err), run->err);
}

/* Takes all units there are, encodes and emits them. Returns how many. */
static int drain(struct run *run, bool last)
{
    int units = 0;

    for (;; units++) {
        struct pf_unit *unit;

        CHECK_OK(pf_parquet_writer.take(run->state, last, &unit, &run->err), run->err);
        if (!unit)
            return units;
        CHECK_INT(unit->job_count > 0, true);
        for (uint32_t job = 0; job < unit->job_count; job++)
            CHECK_OK(pf_parquet_writer.encode(run->state, unit, job, &run->err), run->err);
        CHECK_OK(pf_parquet_writer.emit(run->state, unit, &run->err), run->err);
    }
}

/* Units complete after each batch; row_group_bytes decides by size (a row of the columns takes about 63 bytes, 10 rows less than an
 * eighth of 10,000). */
static void test_borders(void **unused)
{
    static const struct {
        int64_t group_rows, group_bytes, batch_rows;
        int batches, expected[8], rest;
    } cases[] = {
        { 100, 0, 100, 3, { 1, 1, 1 }, 0 },     { 100, 0, 40, 6, { 0, 0, 1, 0, 1, 0 }, 1 },
        { 100, 0, 350, 2, { 3, 4 }, 0 },        { 1, 0, 5, 2, { 5, 5 }, 0 },
        { 1000, 0, 10, 3, { 0, 0, 0 }, 1 },     { 0, 1, 10, 3, { 10, 10, 10 }, 0 },
        { 0, 1000, 10, 4, { 0, 1, 0, 1 }, 1 },  { 0, 10000, 10, 14, { 0 }, 1 },
        { 15, 1000, 10, 4, { 0, 1, 1, 0 }, 1 }, { 15, 100000, 10, 4, { 0, 1, 1, 0 }, 1 },
        { 0, 1000, 700, 2, { 44, 45 }, 1 },
    };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct made_options options = { .row_group_size = cases[i].group_rows, .row_group_bytes = cases[i].group_bytes };
        int64_t rows = cases[i].batches * cases[i].batch_rows;
        struct run run;

        CHECK_OK(start(&run, rows, cases[i].batch_rows, &options), run.err);
        for (int batch = 0; batch < cases[i].batches; batch++) {
            add(&run, batch * cases[i].batch_rows, cases[i].batch_rows, NULL);
            CHECK_INT(drain(&run, false), batch < 8 ? cases[i].expected[batch] : 0);
        }
        CHECK_INT(drain(&run, true), cases[i].rest);
        CHECK_OK(pf_parquet_writer.finish(run.state, rows, &run.err), run.err);
        stop(&run);
    }
}

/* Absent columns of fixed size do not move borders; dropped units and batches in the queue are given back. */
static void test_absent_and_dropped(void **unused)
{
    static const bool with[COLUMNS] = { false, false, false, true, false, false, true };
    struct made_options options = { .row_group_bytes = 1000 };
    struct run run;
    struct pf_unit *unit;

    (void)unused;
    CHECK_OK(start(&run, 100, 10, &options), run.err);
    add(&run, 0, 10, with);
    CHECK_INT(drain(&run, false), 0);
    add(&run, 10, 10, with);
    CHECK_OK(pf_parquet_writer.take(run.state, false, &unit, &run.err), run.err);
    CHECK(unit != NULL);
    CHECK_OK(pf_parquet_writer.encode(run.state, unit, 3, &run.err), run.err);
    CHECK_OK(pf_parquet_writer.encode(run.state, unit, 0, &run.err), run.err);
    pf_parquet_writer.drop(run.state, unit);
    add(&run, 20, 0, NULL);
    add(&run, 20, 10, NULL);
    stop(&run);
}

/* What is not accounted for is refused, whatever the file looks like. */
static void test_accounting(void **unused)
{
    static const bool without_id[COLUMNS] = { false, true, true, true, true, true, true };
    struct made_options options = { .row_group_size = 100 };
    struct run run;

    (void)unused;
    CHECK_OK(start(&run, 200, 100, &options), run.err);
    add(&run, 0, 100, NULL);
    CHECK_INT(drain(&run, true), 1);
    CHECK_INT(pf_parquet_writer.finish(run.state, 101, &run.err), PF_INTERNAL);
    CHECK_HAS(run.err.message, "101 rows");
    stop(&run);

    CHECK_OK(start(&run, 200, 100, &options), run.err);
    add(&run, 0, 50, NULL);
    CHECK_INT(pf_parquet_writer.finish(run.state, 50, &run.err), PF_INTERNAL);
    CHECK_HAS(run.err.message, "not written");
    stop(&run);

    CHECK_OK(start(&run, 200, 100, &options), run.err);
    add(&run, 0, 50, NULL);
    add(&run, 50, 50, without_id);
    CHECK_INT(drain(&run, true), 1);
    CHECK_INT(pf_parquet_writer.finish(run.state, 100, &run.err), PF_INTERNAL);
    CHECK_HAS(run.err.message, "column 'id'");
    stop(&run);
}

static void test_required(void **unused)
{
    struct made_options options = { 0 };
    struct run run;
    struct pf_unit *unit;
    int failed = 0;

    (void)unused;
    memset(&run, 0, sizeof run);
    CHECK_OK(start(&run, 100, 100, &options), run.err);
    pf_parquet_writer.close(run.state);
    run.schema.fields[1].required = true;
    CHECK_OK(pf_parquet_writer.open(&pf_parquet_writer, run.state, &run.ctx, run.sink, &run.schema, run.options, &run.err),
             run.err);
    add(&run, 0, 100, NULL);
    CHECK_OK(pf_parquet_writer.take(run.state, true, &unit, &run.err), run.err);
    /* which job is whose is the writer's choice */
    for (uint32_t job = 0; job < unit->job_count; job++)
        failed += pf_parquet_writer.encode(run.state, unit, job, &run.err) == PF_INTERNAL;
    CHECK_INT(failed, 1);
    CHECK_HAS(run.err.message, "nulls in column 'some'");
    pf_parquet_writer.drop(run.state, unit);
    stop(&run);
}

static struct pf_sink *written(struct pf_context *ctx, const struct made_table *table, const struct made_options *options)
{
    struct pf_sink *first, *second = NULL;
    struct pf_error err;

    CHECK_OK(pf_sink_memory(ctx, &first, &err), err);
    if (options->repair)
        CHECK_OK(pf_sink_memory(ctx, &second, &err), err);
    CHECK_OK(made_write(ctx, table, options, first, second, &err), err);
    if (!second)
        return first;
    pf_sink_free(first);
    return second;
}

/* A repaired file is, byte for byte, the file that one pass over the settled types gives. */
static void test_repair(void **unused)
{
    static const bool sets[][COLUMNS] = {
        { true },
        { [COLUMNS - 1] = true },
        { [1] = true, [2] = true, [5] = true },
        { true, true, true, true, true, true, true },
    };
    static const int64_t absent_from[] = { 0, 1000, 1700, 100000 };
    struct made_table table = { columns, COLUMNS, 5000, 170 };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(sets) * PF_COUNT(absent_from); i++) {
        struct made_options plain = { .row_group_size = 1111 }, repaired = plain;
        struct pf_context ctx;
        struct pf_sink *expected, *got;
        size_t expected_size, got_size;
        const uint8_t *expected_bytes, *got_bytes;

        repaired.repair = sets[i % PF_COUNT(sets)];
        repaired.absent_from = absent_from[i / PF_COUNT(sets)];
        repaired.threads = (uint32_t)(1 + i % 3);
        CHECK(made_context(&ctx));
        expected = written(&ctx, &table, &plain);
        got = written(&ctx, &table, &repaired);
        expected_bytes = pf_sink_memory_bytes(expected, &expected_size);
        got_bytes = pf_sink_memory_bytes(got, &got_size);
        CHECK_INT(got_size, expected_size);
        assert_memory_equal(got_bytes, expected_bytes, got_size);
        pf_sink_free(expected);
        pf_sink_free(got);
        CHECK_INT(atomic_load(&ctx.memory.in_use), 0);
        pf_memory_destroy(&ctx.memory);
    }
}

/* A second pass with another number of rows is noticed. */
static void test_repair_rows(void **unused)
{
    static const int64_t second_rows[] = { 250, 199, 350 };
    static const uint32_t repaired[] = { 1 };
    static const bool with[COLUMNS] = { [1] = true };
    struct made_options options = { .row_group_size = 100 };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(second_rows); i++) {
        struct run run;
        struct pf_unit *unit = NULL;
        enum pf_status status;

        CHECK_OK(start(&run, 300, 300, &options), run.err);
        add(&run, 0, 300, NULL);
        CHECK_INT(pf_parquet_writer.repair(run.state, &run.schema, repaired, 1, run.sink, &run.err), PF_INTERNAL);
        CHECK_INT(drain(&run, true), 3);
        CHECK_OK(pf_sink_memory(&run.ctx, &run.second, &run.err), run.err);
        CHECK_OK(pf_parquet_writer.repair(run.state, &run.schema, repaired, 1, run.second, &run.err), run.err);
        add(&run, 0, second_rows[i], with);
        do {
            status = pf_parquet_writer.take(run.state, true, &unit, &run.err);
            if (status == PF_OK && unit) {
                CHECK_INT(unit->job_count, 1);
                CHECK_OK(pf_parquet_writer.encode(run.state, unit, 0, &run.err), run.err);
                CHECK_OK(pf_parquet_writer.emit(run.state, unit, &run.err), run.err);
            }
        } while (status == PF_OK && unit);
        CHECK_INT(status, PF_INTERNAL);
        CHECK_HAS(run.err.message, "first pass");
        stop(&run);
    }
}

/* Strings larger than what a sample looks at, and than a page: a page each, and no dictionary. */
static void test_enormous_strings(void **unused)
{
    enum { COUNT = 10, SIZE = 1200000 };
    static const struct pf_field field = { .name = "t", .type = PF_TYPE_STRING };
    struct pf_leaf leaf = pf_leaf_of(&field);
    struct pf_chunk_options options = { .codec = PARQUET_SNAPPY, .dictionary = true, .statistics = true };
    struct pf_context ctx;
    struct ArrowArray array;
    struct pf_slice slice = { &array, 0, COUNT };
    struct pf_column_chunk chunk;
    struct pf_error err;
    int32_t *offsets;

    (void)unused;
    CHECK(made_context(&ctx));
    CHECK_OK(pf_array_new(&array, &ctx.memory, PF_TYPE_STRING, COUNT, (int64_t)COUNT * SIZE, &err), err);
    offsets = (int32_t *)(uintptr_t)array.buffers[1];
    for (int32_t i = 0; i <= COUNT; i++)
        offsets[i] = i * SIZE;
    memset((void *)(uintptr_t)array.buffers[2], 'x', (size_t)COUNT * SIZE);
    CHECK_OK(pf_compressors_new(&options.compressors, &ctx.memory, PARQUET_SNAPPY, 0, &err), err);
    CHECK_OK(pf_column_chunk_encode(&chunk, &ctx.memory, &leaf, &slice, COUNT, &options, &err), err);
    pf_compressors_free(options.compressors);
    CHECK_INT(chunk.meta.encoding, PARQUET_PLAIN);
    CHECK_INT(chunk.meta.codec, PARQUET_SNAPPY);
    CHECK_INT(chunk.meta.page_count, COUNT);
    CHECK(chunk.meta.plain_size > (int64_t)COUNT * SIZE && chunk.meta.size < chunk.meta.plain_size / 10);
    CHECK_INT(chunk.meta.size, chunk.bytes.size);
    pf_column_chunk_free(&chunk);
    pf_array_free(&array);
    CHECK_INT(atomic_load(&ctx.memory.in_use), 0);
    pf_memory_destroy(&ctx.memory);
}

static void test_options(void **unused)
{
    static const struct {
        struct made_options options;
        enum pf_status status;
        const char *says;
    } cases[] = {
        { { .compression = 1, .level = 22 }, PF_OK, "" },
        { { .compression = 1, .level = 23 }, PF_BAD_OPTION, "zstd has levels 1 to 22" },
        { { .compression = 1, .level = -1 }, PF_BAD_OPTION, "zstd has levels" },
        { { .compression = 2, .level = 12 }, PF_OK, "" },
        { { .compression = 2, .level = 13 }, PF_BAD_OPTION, "gzip has levels 1 to 12" },
        { { .compression = 0, .level = 1 }, PF_BAD_OPTION, "snappy has no levels" },
        { { .compression = 4, .level = 5 }, PF_BAD_OPTION, "none has no levels" },
        { { .row_group_size = -1 }, PF_BAD_OPTION, "--row-group-size -1" },
        { { .row_group_size = (int64_t)1 << 31 }, PF_BAD_OPTION, "--row-group-size 2147483648" },
        { { .row_group_bytes = -5 }, PF_BAD_OPTION, "--row-group-bytes -5" },
    };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct run run;

        CHECK_INT(start(&run, 10, 10, &cases[i].options), cases[i].status);
        if (cases[i].status != PF_OK)
            CHECK_HAS(run.err.message, cases[i].says);
        stop(&run);
    }
}

/* The n-th of all allocations is refused, for every n: PF_NO_MEMORY, and nothing is left. */
static void test_no_memory(void **unused)
{
    static const bool repaired[COLUMNS] = { [1] = true, [3] = true };
    struct made_table table = { columns, COLUMNS, 700, 130 };

    (void)unused;
    for (int codec = 0; codec < 5; codec++) {
        for (long nth = 0;; nth++) {
            struct made_options options = {
                .compression = codec, .row_group_size = 300, .repair = repaired, .absent_from = 260
            };
            struct pf_context ctx;
            struct pf_memory batches;
            struct pf_sink *first = NULL, *second = NULL;
            struct pf_error err;
            enum pf_status status;
            bool refused;

            CHECK(made_context(&ctx) && pf_memory_init(&batches, SIZE_MAX));
            options.memory = &batches;
            CHECK_OK(pf_sink_memory(&ctx, &first, &err), err);
            CHECK_OK(pf_sink_memory(&ctx, &second, &err), err);
            atomic_store(&ctx.memory.fail_at, nth);
            status = made_write(&ctx, &table, &options, first, second, &err);
            refused = atomic_load(&ctx.memory.fail_at) < 0;
            pf_sink_free(first);
            pf_sink_free(second);
            CHECK_INT(atomic_load(&ctx.memory.in_use), 0);
            CHECK_INT(atomic_load(&batches.in_use), 0);
            pf_memory_destroy(&ctx.memory);
            pf_memory_destroy(&batches);
            if (!refused) {
                CHECK_OK(status, err);
                break;
            }
            CHECK(nth < 20000);
            CHECK_INT(status, PF_NO_MEMORY);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_borders),    cmocka_unit_test(test_absent_and_dropped),
        cmocka_unit_test(test_accounting), cmocka_unit_test(test_required),
        cmocka_unit_test(test_repair),     cmocka_unit_test(test_repair_rows),
        cmocka_unit_test(test_options),    cmocka_unit_test(test_enormous_strings),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
