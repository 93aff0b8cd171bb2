#include "support_parquet_make.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/thread.h"
#include "formats/parquet/parquet_format.h"
#include "support_unit.h"

enum { THREADS_MOST = 8 };

uint64_t made_random(uint32_t seed, int64_t row)
{
    uint64_t z = ((uint64_t)seed << 32 ^ (uint64_t)row) + 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

bool made_context(struct pf_context *ctx)
{
    memset(ctx, 0, sizeof *ctx);
    return pf_memory_init(&ctx->memory, SIZE_MAX);
}

/* ---- values */

static bool is_null(const struct made_column *column, uint64_t random, int64_t row, int64_t rows)
{
    switch (column->nulls) {
    case MADE_ALL_NULL:
        return true;
    case MADE_RANDOM_NULLS:
        return (random >> 40) % 5 == 0;
    case MADE_END_NULLS:
        return row == 0 || row == rows - 1;
    case MADE_RUN_NULLS:
        return row / 1000 % 2 == 0;
    case MADE_PAGE_NULLS:
        return row / 65536 % 2 == 0;
    default:
        return false;
    }
}

static uint64_t number(enum made_pattern pattern, uint64_t random, int64_t row, int64_t rows)
{
    switch (pattern) {
    case MADE_ID:
        return (uint64_t)row;
    case MADE_SAME:
        return 7;
    case MADE_FEW:
        return random % 10;
    case MADE_SOME:
    case MADE_LONG:
        return random % 5000;
    case MADE_WIDE:
        return random % 1000000;
    case MADE_RUNS:
        return (uint64_t)row / 100;
    case MADE_DOWN:
        return (uint64_t)(rows - row);
    case MADE_STEPS:
        return random % 31536000 * 1000000;
    case MADE_SPECIAL:
        return (uint64_t)row % 8;
    default:
        return random;
    }
}

static double real(enum made_pattern pattern, uint64_t n)
{
    static const double special[] = { NAN, INFINITY, -INFINITY, 0.0, -0.0, 1.5, -1.5, NAN };

    return pattern == MADE_SPECIAL ? special[n % PF_COUNT(special)] : (double)(n % 100000000) / 100;
}

/* Digits of n, repeated until there are enough, odd n negative. */
static pf_int128 decimal(uint64_t n, uint8_t precision)
{
    pf_int128 limit = 1, value = (pf_int128)n * 1000000007;

    for (uint8_t digit = 0; digit < precision; digit++)
        limit *= 10;
    value %= limit;
    return n & 1 ? -value : value;
}

static void store(const struct made_column *column, uint64_t n, uint8_t *to)
{
    double wide = real(column->pattern, n);
    float narrow = (float)wide;
    pf_int128 value;
    int64_t signed_value;

    switch (column->type) {
    case PF_TYPE_FLOAT32:
        memcpy(to, &narrow, 4);
        break;
    case PF_TYPE_FLOAT64:
        memcpy(to, &wide, 8);
        break;
    case PF_TYPE_DECIMAL128:
        value = decimal(n, column->precision);
        memcpy(to, &value, 16);
        break;
    case PF_TYPE_DATE32:
        signed_value = (int64_t)(n % 40000) - 10000;
        memcpy(to, &signed_value, 4);
        break;
    case PF_TYPE_TIME64:
        n %= 86400000000;
        memcpy(to, &n, 8);
        break;
    case PF_TYPE_TIMESTAMP:
        n %= 4000000000000000;
        memcpy(to, &n, 8);
        break;
    default:
        memcpy(to, &n, pf_type_width(column->type));
    }
}

/* "v123"; every seventh number an empty string; long ones padded. Returns the size. */
static int text(const struct made_column *column, uint64_t n, char to[256])
{
    int size = n % 7 == 0 && column->pattern != MADE_LONG ? 0 : snprintf(to, 256, "v%llu", (unsigned long long)n);

    if (column->pattern == MADE_LONG) {
        int end = 100 + (int)(n % 100);

        for (; size < end; size++)
            to[size] = (char)('a' + size % 26);
    }
    return size;
}

static void make_array(struct ArrowArray *array, struct pf_memory *memory, const struct made_table *table, uint32_t at,
                       int64_t first, int64_t rows)
{
    const struct made_column *column = &table->columns[at];
    bool varied = column->type == PF_TYPE_STRING || column->type == PF_TYPE_BINARY;
    size_t width = pf_type_width(column->type);
    int32_t size = 0;
    uint8_t *validity = NULL;
    struct pf_error err;

    CHECK_OK(pf_array_new(array, memory, column->type, rows, rows * 256, &err), err);
    for (int64_t i = 0; i < rows; i++) {
        uint64_t random = made_random(at, first + i);
        uint64_t n = number(column->pattern, random, first + i, table->rows);
        bool null = is_null(column, random, first + i, table->rows);

        if (null && !validity) {
            validity = pf_array_add_validity(array);
            CHECK(validity != NULL);
        }
        if (null) {
            pf_bit_clear(validity, i);
            array->null_count++;
        }
        if (varied) {
            int32_t *offsets = (int32_t *)(uintptr_t)array->buffers[1];

            offsets[i] = size;
            if (!null)
                size += text(column, n, (char *)(uintptr_t)array->buffers[2] + size);
            offsets[i + 1] = size;
        } else if (column->type == PF_TYPE_BOOL) {
            if (n & 1)
                pf_bit_set((uint8_t *)(uintptr_t)array->buffers[1], i);
        } else {
            store(column, n, (uint8_t *)(uintptr_t)array->buffers[1] + (size_t)i * width);
        }
    }
    if (varied && rows == 0)
        memset((void *)(uintptr_t)array->buffers[1], 0, sizeof(int32_t));
}

void made_schema(struct pf_schema *to, const struct made_table *table)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct made_column *column = &table->columns[i];
        struct pf_field field = { .type = column->type,
                                  .precision = column->precision,
                                  .scale = column->scale,
                                  .utc = column->utc,
                                  .required = column->required };

        CHECK(pf_schema_add(to, column->name, strlen(column->name), &field));
    }
}

void made_batch(struct pf_batch *to, struct pf_memory *memory, const struct made_table *table, int64_t first, int64_t rows,
                const bool *with)
{
    struct pf_error err;

    CHECK_OK(pf_batch_new(to, memory, rows, table->column_count, &err), err);
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (!with || with[i])
            make_array(&to->columns[i], memory, table, i, first, rows);
    }
}

/* ---- writing */

void *made_writer_options(const struct made_options *options)
{
    const struct pf_option *table = pf_parquet_writer.options;
    uint8_t *values = calloc(1, pf_parquet_writer.option_size);

    CHECK(values != NULL);
    for (const struct pf_option *option = table; option->name; option++) {
        int64_t large = -1;
        int choice = -1;

        if (strcmp(option->name, "compression") == 0)
            choice = options->compression;
        else if (strcmp(option->name, "use-dictionary") == 0)
            choice = options->no_dictionary;
        else if (strcmp(option->name, "statistics") == 0)
            choice = options->no_statistics;
        else if (strcmp(option->name, "compression-level") == 0)
            large = options->level;
        else if (strcmp(option->name, "row-group-size") == 0)
            large = options->row_group_size ? options->row_group_size : 1048576;
        else if (strcmp(option->name, "row-group-bytes") == 0)
            large = options->row_group_bytes ? options->row_group_bytes : 32 << 20;
        if (option->kind == PF_OPTION_CHOICE)
            memcpy(values + option->offset, &choice, sizeof choice);
        else
            memcpy(values + option->offset, &large, sizeof large);
    }
    return values;
}

struct job {
    struct pf_task task; /* first */
    const void *state;
    struct pf_unit *unit;
    uint32_t number;
    enum pf_status status;
    struct pf_error err;
};

static void run_job(struct pf_task *task)
{
    struct job *job = (struct job *)(void *)task;

    job->status = pf_parquet_writer.encode(job->state, job->unit, job->number, &job->err);
}

static enum pf_status encode_unit(void *state, struct pf_unit *unit, struct pf_pool *pool, struct pf_error *err)
{
    struct job *jobs = calloc(unit->job_count + 1, sizeof *jobs);
    enum pf_status status = PF_OK;

    CHECK(jobs != NULL);
    for (uint32_t i = 0; i < unit->job_count; i++) {
        jobs[i] = (struct job){ .task.run = run_job, .state = state, .unit = unit, .number = i };
        pf_pool_submit(pool, &jobs[i].task);
    }
    for (uint32_t i = 0; i < unit->job_count; i++) {
        pf_pool_wait(pool, &jobs[i].task);
        if (status == PF_OK && jobs[i].status != PF_OK) {
            status = jobs[i].status;
            *err = jobs[i].err;
        }
    }
    free(jobs);
    if (status == PF_OK)
        return pf_parquet_writer.emit(state, unit, err);
    pf_parquet_writer.drop(state, unit);
    return status;
}

static enum pf_status drain(void *state, bool last, struct pf_pool *pool, struct pf_error *err)
{
    for (;;) {
        struct pf_unit *unit;

        if (pf_parquet_writer.take(state, last, &unit, err) != PF_OK)
            return err->status;
        if (!unit)
            return PF_OK;
        if (encode_unit(state, unit, pool, err) != PF_OK)
            return err->status;
    }
}

static enum pf_status feed(struct pf_context *ctx, void *state, const struct made_table *table,
                           const struct made_options *options, bool repairing, struct pf_pool *pool, struct pf_error *err)
{
    bool with[64] = { false };

    CHECK(table->column_count <= PF_COUNT(with));
    for (int64_t first = 0; first < table->rows; first += table->batch_rows) {
        int64_t rows = table->rows - first < table->batch_rows ? table->rows - first : table->batch_rows;
        struct pf_batch batch;

        for (uint32_t i = 0; i < table->column_count; i++) {
            bool late = options->repair && options->repair[i];

            with[i] = repairing ? late : !late || first < options->absent_from;
        }
        made_batch(&batch, options->memory ? options->memory : &ctx->memory, table, first, rows, with);
        if (pf_parquet_writer.add(state, &batch, err) != PF_OK || drain(state, false, pool, err) != PF_OK)
            return err->status;
    }
    return drain(state, true, pool, err);
}

static enum pf_status repair(struct pf_context *ctx, void *state, const struct made_table *table,
                             const struct pf_schema *schema, const struct made_options *options, struct pf_sink *second,
                             struct pf_pool *pool, struct pf_error *err)
{
    uint32_t columns[64], count = 0;

    for (uint32_t i = 0; i < table->column_count; i++) {
        if (options->repair[i])
            columns[count++] = i;
    }
    if (pf_parquet_writer.repair(state, schema, columns, count, second, err) != PF_OK)
        return err->status;
    return feed(ctx, state, table, options, true, pool, err);
}

enum pf_status made_write(struct pf_context *ctx, const struct made_table *table, const struct made_options *options,
                          struct pf_sink *sink, struct pf_sink *second, struct pf_error *err)
{
    void *state = calloc(1, pf_parquet_writer.state_size), *values = made_writer_options(options);
    struct pf_schema schema;
    struct pf_pool *pool = NULL;
    enum pf_status status;

    CHECK(state != NULL);
    pf_schema_init(&schema, options->memory ? options->memory : &ctx->memory);
    made_schema(&schema, table);
    status = pf_pool_new(&pool, &ctx->memory, options->threads ? options->threads : 1, err);
    if (status == PF_OK)
        status = pf_parquet_writer.open(&pf_parquet_writer, state, ctx, sink, &schema, values, err);
    if (status == PF_OK)
        status = feed(ctx, state, table, options, false, pool, err);
    if (status == PF_OK && options->repair && second)
        status = repair(ctx, state, table, &schema, options, second, pool, err);
    if (status == PF_OK)
        status = pf_parquet_writer.finish(state, table->rows, err);
    pf_parquet_writer.close(state);
    pf_pool_free(pool);
    pf_schema_free(&schema);
    free(state);
    free(values);
    return status;
}
