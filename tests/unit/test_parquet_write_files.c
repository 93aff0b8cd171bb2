/* Files of every type, pattern of nulls, codec and encoding. Here: that they are written, whatever the number of threads, with the same
 * bytes. With PYFORGE_WRITE_FILES=FOLDER they are kept there with a manifest.json, and tests/python/test_parquet_write.py reads them
 * with other tools and compares every value. */
#include "support_unit.h"

#include <stdlib.h>

#include "support_parquet_make.h"

static const struct made_column all_types[] = {
    { .name = "bool_few", .type = PF_TYPE_BOOL, .pattern = MADE_FEW, .nulls = MADE_RANDOM_NULLS },
    { .name = "bool_same", .type = PF_TYPE_BOOL, .pattern = MADE_SAME, .nulls = MADE_NO_NULLS },
    { .name = "int8", .type = PF_TYPE_INT8, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "int16", .type = PF_TYPE_INT16, .pattern = MADE_ALL, .nulls = MADE_END_NULLS },
    { .name = "int32", .type = PF_TYPE_INT32, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "int64", .type = PF_TYPE_INT64, .pattern = MADE_ALL, .nulls = MADE_RUN_NULLS },
    { .name = "uint8", .type = PF_TYPE_UINT8, .pattern = MADE_ALL, .nulls = MADE_NO_NULLS },
    { .name = "uint16", .type = PF_TYPE_UINT16, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "uint32", .type = PF_TYPE_UINT32, .pattern = MADE_ALL, .nulls = MADE_END_NULLS },
    { .name = "uint64", .type = PF_TYPE_UINT64, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "float32", .type = PF_TYPE_FLOAT32, .pattern = MADE_WIDE, .nulls = MADE_RANDOM_NULLS },
    { .name = "float32_special", .type = PF_TYPE_FLOAT32, .pattern = MADE_SPECIAL, .nulls = MADE_NO_NULLS },
    { .name = "float64", .type = PF_TYPE_FLOAT64, .pattern = MADE_WIDE, .nulls = MADE_RUN_NULLS },
    { .name = "float64_special", .type = PF_TYPE_FLOAT64, .pattern = MADE_SPECIAL, .nulls = MADE_NO_NULLS },
    { .name = "decimal_4",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_SOME,
      .nulls = MADE_RANDOM_NULLS,
      .precision = 4,
      .scale = 2 },
    { .name = "decimal_9",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_WIDE,
      .nulls = MADE_NO_NULLS,
      .precision = 9,
      .scale = 0 },
    { .name = "decimal_18",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_ALL,
      .nulls = MADE_RANDOM_NULLS,
      .precision = 18,
      .scale = 6 },
    { .name = "decimal_20",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_ALL,
      .nulls = MADE_NO_NULLS,
      .precision = 20,
      .scale = 3 },
    { .name = "decimal_28",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_SOME,
      .nulls = MADE_RANDOM_NULLS,
      .precision = 28,
      .scale = 10 },
    { .name = "decimal_38",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_ALL,
      .nulls = MADE_END_NULLS,
      .precision = 38,
      .scale = 37 },
    { .name = "date", .type = PF_TYPE_DATE32, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "time", .type = PF_TYPE_TIME64, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "timestamp", .type = PF_TYPE_TIMESTAMP, .pattern = MADE_STEPS, .nulls = MADE_RANDOM_NULLS },
    { .name = "timestamp_utc", .type = PF_TYPE_TIMESTAMP, .pattern = MADE_STEPS, .nulls = MADE_NO_NULLS, .utc = true },
    { .name = "string_few", .type = PF_TYPE_STRING, .pattern = MADE_FEW, .nulls = MADE_RANDOM_NULLS },
    { .name = "string_all", .type = PF_TYPE_STRING, .pattern = MADE_ALL, .nulls = MADE_RANDOM_NULLS },
    { .name = "binary", .type = PF_TYPE_BINARY, .pattern = MADE_WIDE, .nulls = MADE_RUN_NULLS },
    { .name = "all_null_int", .type = PF_TYPE_INT64, .pattern = MADE_ALL, .nulls = MADE_ALL_NULL },
    { .name = "all_null_text", .type = PF_TYPE_STRING, .pattern = MADE_ALL, .nulls = MADE_ALL_NULL },
    { .name = "all_null_bool", .type = PF_TYPE_BOOL, .pattern = MADE_ALL, .nulls = MADE_ALL_NULL },
};

static const struct made_column patterns[] = {
    { .name = "id", .type = PF_TYPE_INT64, .pattern = MADE_ID, .nulls = MADE_NO_NULLS, .required = true },
    { .name = "id32", .type = PF_TYPE_INT32, .pattern = MADE_ID, .nulls = MADE_RANDOM_NULLS },
    { .name = "down", .type = PF_TYPE_INT64, .pattern = MADE_DOWN, .nulls = MADE_NO_NULLS },
    { .name = "same", .type = PF_TYPE_INT64, .pattern = MADE_SAME, .nulls = MADE_NO_NULLS },
    { .name = "few", .type = PF_TYPE_INT64, .pattern = MADE_FEW, .nulls = MADE_RANDOM_NULLS },
    { .name = "some", .type = PF_TYPE_INT32, .pattern = MADE_SOME, .nulls = MADE_NO_NULLS, .required = true },
    { .name = "wide", .type = PF_TYPE_INT64, .pattern = MADE_WIDE, .nulls = MADE_RUN_NULLS },
    { .name = "all", .type = PF_TYPE_INT64, .pattern = MADE_ALL, .nulls = MADE_NO_NULLS },
    { .name = "runs", .type = PF_TYPE_INT64, .pattern = MADE_RUNS, .nulls = MADE_RANDOM_NULLS },
    { .name = "real_few", .type = PF_TYPE_FLOAT64, .pattern = MADE_FEW, .nulls = MADE_NO_NULLS },
    { .name = "real_some", .type = PF_TYPE_FLOAT64, .pattern = MADE_SOME, .nulls = MADE_RANDOM_NULLS },
    { .name = "real_all", .type = PF_TYPE_FLOAT64, .pattern = MADE_ALL, .nulls = MADE_NO_NULLS },
    { .name = "real_runs", .type = PF_TYPE_FLOAT64, .pattern = MADE_RUNS, .nulls = MADE_NO_NULLS },
    { .name = "seconds", .type = PF_TYPE_TIMESTAMP, .pattern = MADE_STEPS, .nulls = MADE_NO_NULLS },
    { .name = "wide_runs",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_RUNS,
      .nulls = MADE_NO_NULLS,
      .precision = 30,
      .scale = 2 },
    { .name = "wide_some",
      .type = PF_TYPE_DECIMAL128,
      .pattern = MADE_SOME,
      .nulls = MADE_RANDOM_NULLS,
      .precision = 38,
      .scale = 2 },
    { .name = "text_same", .type = PF_TYPE_STRING, .pattern = MADE_SAME, .nulls = MADE_NO_NULLS },
    { .name = "text_some", .type = PF_TYPE_STRING, .pattern = MADE_SOME, .nulls = MADE_NO_NULLS, .required = true },
    { .name = "text_runs", .type = PF_TYPE_STRING, .pattern = MADE_RUNS, .nulls = MADE_RANDOM_NULLS },
    { .name = "text_all", .type = PF_TYPE_STRING, .pattern = MADE_ALL, .nulls = MADE_NO_NULLS },
    { .name = "text_long", .type = PF_TYPE_STRING, .pattern = MADE_LONG, .nulls = MADE_RANDOM_NULLS },
    { .name = "page_id", .type = PF_TYPE_INT64, .pattern = MADE_ID, .nulls = MADE_PAGE_NULLS },
    { .name = "page_few", .type = PF_TYPE_INT32, .pattern = MADE_FEW, .nulls = MADE_PAGE_NULLS },
    { .name = "page_real", .type = PF_TYPE_FLOAT64, .pattern = MADE_ALL, .nulls = MADE_PAGE_NULLS },
    { .name = "page_text", .type = PF_TYPE_STRING, .pattern = MADE_ALL, .nulls = MADE_PAGE_NULLS },
    { .name = "page_text_few", .type = PF_TYPE_STRING, .pattern = MADE_FEW, .nulls = MADE_PAGE_NULLS },
    { .name = "page_bool", .type = PF_TYPE_BOOL, .pattern = MADE_RUNS, .nulls = MADE_PAGE_NULLS },
    { .name = "bool", .type = PF_TYPE_BOOL, .pattern = MADE_FEW, .nulls = MADE_NO_NULLS, .required = true },
    { .name = "bool_runs", .type = PF_TYPE_BOOL, .pattern = MADE_RUNS, .nulls = MADE_RANDOM_NULLS },
};

#define ALL_TYPES all_types, PF_COUNT(all_types)
#define PATTERNS  patterns, PF_COUNT(patterns)

static const bool repaired[PF_COUNT(patterns)] = { [0] = true, [4] = true, [5] = true, [17] = true };

static const struct file_case {
    const char *name;
    struct made_table table;
    struct made_options options;
} files[] = {
    { .name = "empty", .table = { ALL_TYPES, 0, 10 } },
    { .name = "one-row", .table = { ALL_TYPES, 1, 10 } },
    { .name = "nine-rows", .table = { ALL_TYPES, 9, 4 } },
    { .name = "types-snappy", .table = { ALL_TYPES, 5000, 777 }, .options = { .compression = 0 } },
    { .name = "types-zstd", .table = { ALL_TYPES, 5000, 5000 }, .options = { .compression = 1, .level = 9 } },
    { .name = "types-gzip", .table = { ALL_TYPES, 5000, 1 }, .options = { .compression = 2 } },
    { .name = "types-lz4", .table = { ALL_TYPES, 5000, 64 }, .options = { .compression = 3 } },
    { .name = "types-none", .table = { ALL_TYPES, 5000, 3000 }, .options = { .compression = 4 } },
    { .name = "types-plain",
      .table = { ALL_TYPES, 5000, 777 },
      .options = { .compression = 4, .no_dictionary = true, .no_statistics = true } },
    { .name = "many-groups", .table = { ALL_TYPES, 5000, 130 }, .options = { .row_group_size = 97 } },
    { .name = "byte-groups", .table = { ALL_TYPES, 5000, 130 }, .options = { .row_group_bytes = 65536 } },
    { .name = "patterns-snappy", .table = { PATTERNS, 140000, 7001 }, .options = { .compression = 0 } },
    { .name = "patterns-zstd", .table = { PATTERNS, 100000, 65536 }, .options = { .compression = 1 } },
    { .name = "patterns-none", .table = { PATTERNS, 100000, 100000 }, .options = { .compression = 4 } },
    { .name = "patterns-groups",
      .table = { PATTERNS, 150000, 9973 },
      .options = { .compression = 6, .row_group_size = 70000 } },
    { .name = "repaired",
      .table = { PATTERNS, 30000, 1000 },
      .options = { .row_group_size = 7000, .repair = repaired, .absent_from = 8000 } },
    { .name = "repaired-all-absent",
      .table = { PATTERNS, 30000, 1000 },
      .options = { .row_group_size = 7000, .repair = repaired, .absent_from = 0 } },
};

static void write_case(struct pf_context *ctx, const struct file_case *file, uint32_t threads, struct pf_sink **sink)
{
    struct made_options options = file->options;
    struct pf_sink *first = NULL;
    struct pf_error err;

    options.threads = threads;
    CHECK_OK(pf_sink_memory(ctx, sink, &err), err);
    if (options.repair)
        CHECK_OK(pf_sink_memory(ctx, &first, &err), err);
    CHECK_OK(made_write(ctx, &file->table, &options, first ? first : *sink, first ? *sink : NULL, &err), err);
    pf_sink_free(first);
}

static void put_columns(FILE *to, const struct made_table *table)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct made_column *column = &table->columns[i];

        (void)fprintf(
            to,
            "%s\n   {\"name\": \"%s\", \"type\": %d, \"pattern\": %d, \"nulls\": %d, \"precision\": %d, \"scale\": %d, "
            "\"utc\": %s, \"required\": %s}",
            i ? "," : "", column->name, (int)column->type, (int)column->pattern, (int)column->nulls, column->precision,
            column->scale, column->utc ? "true" : "false", column->required ? "true" : "false");
    }
}

static void keep(const char *folder, const struct file_case *file, const struct pf_sink *sink, FILE *manifest)
{
    size_t size;
    const uint8_t *bytes = pf_sink_memory_bytes(sink, &size);
    char path[512];
    FILE *to;

    (void)snprintf(path, sizeof path, "%s/%s.parquet", folder, file->name);
    to = fopen(path, "wb");
    CHECK(to != NULL);
    CHECK_INT(fwrite(bytes, 1, size, to), size);
    CHECK_INT(fclose(to), 0);
    (void)fprintf(manifest, "%s\n {\"name\": \"%s\", \"rows\": %lld, \"compression\": %d, \"statistics\": %s, \"columns\": [",
                  file == files ? "" : ",", file->name, (long long)file->table.rows, file->options.compression,
                  file->options.no_statistics ? "false" : "true");
    put_columns(manifest, &file->table);
    (void)fprintf(manifest, "]}");
}

static void test_files(void **unused)
{
    const char *folder = getenv("PYFORGE_WRITE_FILES");
    FILE *manifest = NULL;
    char path[512];

    (void)unused;
    if (folder) {
        (void)snprintf(path, sizeof path, "%s/manifest.json", folder);
        manifest = fopen(path, "w");
        CHECK(manifest != NULL);
        (void)fprintf(manifest, "[");
    }
    for (size_t i = 0; i < PF_COUNT(files); i++) {
        struct pf_context ctx;
        struct pf_sink *one, *three;
        size_t one_size, three_size;
        const uint8_t *one_bytes, *three_bytes;

        CHECK(made_context(&ctx));
        write_case(&ctx, &files[i], 1, &one);
        write_case(&ctx, &files[i], 3, &three);
        one_bytes = pf_sink_memory_bytes(one, &one_size);
        three_bytes = pf_sink_memory_bytes(three, &three_size);
        CHECK_INT(one_size, three_size);
        assert_memory_equal(one_bytes, three_bytes, one_size);
        if (folder)
            keep(folder, &files[i], one, manifest);
        pf_sink_free(one);
        pf_sink_free(three);
        CHECK_INT(atomic_load(&ctx.memory.in_use), 0);
        pf_memory_destroy(&ctx.memory);
    }
    if (folder) {
        (void)fprintf(manifest, "\n]\n");
        CHECK_INT(fclose(manifest), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
