/* A dBase table. The first byte chooses the options, the rest is the file; its first half is its memo file once more, so that fields find
 * something there.
 *
 * Held to: counts add up; the same values come out of small blocks; what is refused says why; nothing stays allocated. */
#include <stdlib.h>
#include <string.h>

#include "formats/dbf/dbf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 96 << 20 };

struct outcome {
    enum pf_status status;
    int64_t read, kept, rejected, left_out, nulls;
    uint64_t hash;
};

static void add(uint64_t *hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ at[i]) * UINT64_C(0x100000001b3);
}

static void add_column(struct outcome *outcome, const struct ArrowArray *array, enum pf_type type)
{
    const uint8_t *validity = pf_array_validity(array);
    int64_t nulls = 0;

    for (int64_t row = 0; row < array->length; row++) {
        if (validity != NULL && !pf_bit(validity, row)) {
            nulls++;
            add(&outcome->hash, "null", 4);
        } else if (type == PF_TYPE_STRING || type == PF_TYPE_BINARY) {
            const int32_t *offsets = pf_array_offsets(array);

            if (offsets[row + 1] < offsets[row])
                abort();
            if (type == PF_TYPE_STRING &&
                pf_utf8_valid(pf_array_bytes(array) + offsets[row], (size_t)(offsets[row + 1] - offsets[row]), 0) !=
                    (size_t)(offsets[row + 1] - offsets[row]))
                abort();
            add(&outcome->hash, pf_array_bytes(array) + offsets[row], (size_t)(offsets[row + 1] - offsets[row]));
        } else if (type == PF_TYPE_BOOL) {
            add(&outcome->hash, pf_bit(pf_array_data(array), row) ? "t" : "f", 1);
        } else {
            add(&outcome->hash, (const uint8_t *)pf_array_data(array) + (size_t)row * pf_type_width(type), pf_type_width(type));
        }
    }
    if (nulls != array->null_count)
        abort();
    outcome->nulls += nulls;
}

static void add_block(struct outcome *outcome, struct pf_decoded *decoded, const struct pf_schema *schema)
{
    if (decoded->rows_read != decoded->rows_kept + decoded->rows_rejected + decoded->rows_left_out)
        abort();
    for (int64_t i = 0; i < decoded->rows_rejected; i++) {
        if (decoded->rejects[i].reason == NULL || decoded->rejects[i].raw == NULL)
            abort();
    }
    for (uint32_t i = 0; i < schema->count; i++) {
        struct outcome column = { .hash = outcome->hash };

        add_column(&column, &decoded->typed.columns[i], schema->fields[i].type);
        outcome->hash ^= column.hash * (i + 1); /* blocks differ, so columns are added up without an order */
        outcome->nulls += column.nulls;
    }
    outcome->read += decoded->rows_read;
    outcome->kept += decoded->rows_kept;
    outcome->rejected += decoded->rows_rejected;
    outcome->left_out += decoded->rows_left_out;
}

static void read_pass(void *state, struct pf_context *ctx, const struct pf_schema *schema, struct outcome *outcome,
                      struct pf_error *err)
{
    static const struct pf_pass pass = { .columns = NULL };
    enum pf_status status = pf_dbf_reader.start(state, &pass, err);

    while (status == PF_OK) {
        struct pf_block block = { 0 };
        struct pf_decoded decoded = { 0 };
        struct pf_arena arena;

        pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
        status = pf_dbf_reader.cut(state, &block, err);
        if (status == PF_OK)
            status = pf_dbf_reader.decode(state, &pass, &block, &arena, &decoded, err);
        if (status == PF_OK)
            add_block(outcome, &decoded, schema);
        pf_batch_free(&decoded.typed);
        pf_arena_free(&arena);
    }
    if (status == PF_END)
        pf_dbf_reader.tell(state);
    else if (err->message[0] == '\0')
        abort();
    outcome->status = status;
}

static void ignore(void *user, const char *name, const char *value, bool number)
{
    (void)user;
    (void)number;
    if (name[0] == '\0' || value == NULL)
        abort();
}

static void read_table(struct dbf_reader *state, struct pf_context *ctx, const uint8_t *data, size_t size,
                       struct outcome *outcome, struct pf_error *err)
{
    static const enum dbf_memo_kind kinds[] = { DBF_MEMO_NONE, DBF_MEMO_DBT_3, DBF_MEMO_DBT_4, DBF_MEMO_FPT, DBF_MEMO_SMT };
    struct pf_table table = { .rows = 0 };
    struct pf_source *memo;

    if (pf_source_memory(ctx, data, size / 2, "memo", &memo, err) != PF_OK ||
        dbf_memo_begin(&state->memo, memo, kinds[data[size - 1] % PF_COUNT(kinds)], err) != PF_OK) {
        outcome->status = err->status;
        return;
    }
    pf_schema_init(&table.schema, &ctx->memory);
    if (pf_dbf_reader.table(state, 0, &table, err) != PF_OK)
        abort();
    read_pass(state, ctx, &table.schema, outcome, err);
    pf_dbf_reader.facts(state, ignore, NULL);
    pf_schema_free(&table.schema);
}

static struct outcome drain(const uint8_t *data, size_t size, const struct pf_dbf_read_options *options)
{
    struct pf_context *ctx = pf_context_new();
    struct dbf_reader *state = calloc(1, pf_dbf_reader.state_size);
    struct outcome outcome = { .status = PF_NO_MEMORY };
    struct pf_source *src;
    struct pf_error err;

    if (ctx == NULL || state == NULL)
        abort();
    pf_error_clear(&err);
    ctx->memory.limit = MEMORY;
    (void)pf_dbf_reader.probe(&pf_dbf_reader, data, size);
    if (pf_source_memory(ctx, data, size, "fuzz", &src, &err) != PF_OK)
        goto refused; /* it looks compressed and is not */
    if (pf_source_unpack(src, &err) == PF_OK) {
        outcome.status = pf_dbf_reader.open(&pf_dbf_reader, state, ctx, src, options, &err);
        if (outcome.status == PF_OK)
            read_table(state, ctx, data, size, &outcome, &err);
        else if (err.message[0] == '\0')
            abort();
        pf_dbf_reader.close(state);
    }
    pf_source_close(src);
refused:
    if (atomic_load(&ctx->memory.in_use) != 0)
        abort();
    pf_context_free(ctx);
    free(state);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const encodings[] = { NULL, "utf-8", "cp866", "cp932" };
    struct pf_dbf_read_options options = { .encoding = NULL };
    struct outcome whole, small;

    if (size < 2)
        return 0;
    options.encoding = encodings[data[0] & 3];
    options.with_deleted = (data[0] & 4) != 0;
    options.texts = (data[0] & 8) != 0;
    options.compat = (data[0] & 24) == 24;
    whole = drain(data + 1, size - 1, &options);
    options.block_bytes = 1;
    small = drain(data + 1, size - 1, &options);
    if (whole.status != small.status || whole.kept != small.kept || whole.nulls != small.nulls ||
        whole.rejected != small.rejected || whole.left_out != small.left_out)
        abort();
    return 0;
}
