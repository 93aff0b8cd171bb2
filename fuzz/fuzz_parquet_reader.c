/* The Parquet reader over bytes from anywhere: opened, listed, read block by block, every value touched. */
#include <stdlib.h>
#include <string.h>

#include "formats/format.h"
#include "formats/parquet/read_metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 128 << 20 };
/* A few bytes can stand for very many rows; that is no fault, but takes its time. */
static const int64_t rows_most = 300000;

/* Reads every byte of the column, so that a sanitizer sees whether it was set and is there. */
static uint64_t touch(const struct ArrowArray *column, enum pf_type type)
{
    const uint8_t *validity = pf_array_validity(column);
    const uint8_t *data = pf_array_data(column);
    size_t size = type == PF_TYPE_BOOL ? (size_t)(column->length + 7) / 8 : (size_t)column->length * pf_type_width(type);
    uint64_t sum = 0;
    int64_t nulls = 0;

    for (int64_t row = 0; validity != NULL && row < column->length; row++)
        nulls += !pf_bit(validity, row);
    if (nulls != column->null_count)
        abort();
    if (type == PF_TYPE_STRING || type == PF_TYPE_BINARY) {
        const int32_t *offsets = pf_array_offsets(column);

        for (int64_t row = 0; row < column->length; row++) {
            if (offsets[row] < 0 || offsets[row + 1] < offsets[row])
                abort();
        }
        data = pf_array_bytes(column);
        size = (size_t)offsets[column->length];
    }
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    return sum;
}

static uint64_t drain(const struct pf_reader *reader, void *state, struct pf_context *ctx, const struct pf_schema *schema)
{
    const struct pf_pass pass = { 0 };
    struct pf_error err;
    uint64_t sum = 0;
    int64_t rows = 0;

    if (reader->start(state, &pass, &err) != PF_OK)
        return 0;
    while (rows < rows_most) {
        struct pf_block block = { 0 };
        struct pf_decoded decoded;
        struct pf_arena arena;
        enum pf_status status;

        if (reader->cut(state, &block, &err) != PF_OK)
            break;
        pf_arena_init(&arena, &ctx->memory, MEMORY);
        status = reader->decode(state, &pass, &block, &arena, &decoded, &err);
        for (uint32_t c = 0; status == PF_OK && c < decoded.typed.column_count; c++)
            sum += touch(&decoded.typed.columns[c], schema->fields[c].type);
        if (status == PF_OK) {
            rows += decoded.rows_kept;
            pf_batch_free(&decoded.typed);
        }
        pf_arena_free(&arena);
        if (status != PF_OK)
            break;
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct parquet_read_options options = { .skip_nested = true, .binary_as_text = (size & 1) != 0 };
    const struct pf_reader *reader = &pf_parquet_reader;
    struct pf_context *ctx = pf_context_new();
    void *state = calloc(1, reader->state_size);
    struct pf_source *src = NULL;
    struct pf_table table;
    struct pf_error err;
    volatile uint64_t sum = 0;

    if (ctx == NULL || state == NULL)
        abort();
    ctx->memory.limit = MEMORY;
    memset(&table, 0, sizeof table);
    pf_schema_init(&table.schema, &ctx->memory);
    (void)reader->probe(reader, data, size);
    if (pf_source_memory(ctx, data, size, "fuzz", &src, &err) == PF_OK) {
        if (reader->open(reader, state, ctx, src, &options, &err) == PF_OK && reader->table(state, 0, &table, &err) == PF_OK)
            sum += drain(reader, state, ctx, &table.schema);
        reader->close(state);
    }
    pf_schema_free(&table.schema);
    pf_source_close(src);
    if (atomic_load(&ctx->memory.in_use) != 0)
        abort();
    free(state);
    pf_context_free(ctx);
    return 0;
}
