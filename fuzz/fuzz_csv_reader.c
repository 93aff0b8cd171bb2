/* The CSV reader over bytes from anywhere: opened, read block by block, every value touched. The first four bytes choose the
 * options.
 *
 * Held to: counts add up; the same rows come out of small blocks, out of the kernel for every dialect, and out of a second
 * pass. */
#include <stdlib.h>
#include <string.h>

#include "formats/csv/csv_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPTION_BYTES = 4, MEMORY = 96 << 20 };

/* What a pass gave; passes that must agree are compared. */
struct outcome {
    enum pf_status status;
    int64_t read, kept, rejected, left_out;
    uint64_t hash_kept, hash_rejected;
};

static void add(uint64_t *hash, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    *hash = (*hash ^ size) * UINT64_C(0x100000001b3);
}

static void add_block(struct outcome *outcome, const struct pf_decoded *decoded, uint32_t columns)
{
    if (decoded->rows_read != decoded->rows_kept + decoded->rows_rejected + decoded->rows_left_out)
        abort();
    for (int64_t row = 0; row < decoded->rows_kept; row++) {
        for (uint32_t i = 0; i < columns; i++) {
            const struct pf_text_column *text = &decoded->text[i];

            if (text->kind[row] > PF_TEXT_QUOTED || (text->kind[row] == PF_TEXT_NULL && text->size[row] != 0))
                abort();
            add(&outcome->hash_kept, text->bytes + text->offset[row], text->size[row]);
            add(&outcome->hash_kept, text->kind + row, 1);
        }
    }
    for (int64_t i = 0; i < decoded->rows_rejected; i++) {
        add(&outcome->hash_rejected, decoded->rejects[i].raw, decoded->rejects[i].raw_size);
        if (decoded->rejects[i].reason[0] == '\0')
            abort();
    }
    outcome->read += decoded->rows_read;
    outcome->kept += decoded->rows_kept;
    outcome->rejected += decoded->rows_rejected;
    outcome->left_out += decoded->rows_left_out;
}

static void read_pass(void *state, struct pf_context *ctx, uint32_t columns, struct outcome *outcome, struct pf_error *err)
{
    struct pf_pass pass = { .columns = NULL };
    enum pf_status status = pf_csv_reader.start(state, &pass, err);

    memset(outcome, 0, sizeof *outcome);
    while (status == PF_OK) {
        struct pf_block block = { 0 };
        struct pf_decoded decoded;
        struct pf_arena arena;

        pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
        status = pf_csv_reader.cut(state, &block, err);
        if (status == PF_OK)
            status = pf_csv_reader.decode(state, &pass, &block, &arena, &decoded, err);
        if (status == PF_OK)
            add_block(outcome, &decoded, columns);
        pf_free(&ctx->memory, block.bytes);
        pf_arena_free(&arena);
    }
    outcome->status = status;
}

static void touch_fact(void *user, const char *name, const char *value, bool number)
{
    (void)user;
    (void)number;
    if (name[0] == '\0' || strlen(value) > 4096)
        abort();
}

static struct outcome drain(const uint8_t *data, size_t size, const struct pf_csv_read_options *options)
{
    struct pf_context *ctx = pf_context_new();
    void *state = calloc(1, pf_csv_reader.state_size);
    struct outcome outcome = { .status = PF_NO_MEMORY }, again;
    struct pf_source *src;
    struct pf_table table = { .rows = 0 };
    struct pf_error err;

    if (ctx == NULL || state == NULL)
        abort();
    ctx->memory.limit = MEMORY;
    pf_error_clear(&err);
    pf_schema_init(&table.schema, &ctx->memory);
    outcome.status = pf_source_memory(ctx, data, size, "fuzz", &src, &err);
    if (outcome.status == PF_OK) {
        outcome.status = pf_csv_reader.open(&pf_csv_reader, state, ctx, src, options, &err);
        if (outcome.status == PF_OK)
            outcome.status = pf_csv_reader.table(state, 0, &table, &err);
        if (outcome.status == PF_OK) {
            pf_csv_reader.facts(state, touch_fact, NULL);
            read_pass(state, ctx, table.schema.count, &outcome, &err);
        }
        if (outcome.status == PF_END) {
            if (pf_source_rewind(src, &err) != PF_OK)
                abort();
            read_pass(state, ctx, table.schema.count, &again, &err);
            if (memcmp(&again, &outcome, sizeof again) != 0)
                abort();
        } else if (err.message[0] == '\0') {
            abort();
        }
        pf_csv_reader.close(state);
        pf_source_close(src);
    }
    pf_schema_free(&table.schema);
    if (atomic_load(&ctx->memory.in_use) != 0)
        abort();
    pf_context_free(ctx);
    free(state);
    return outcome;
}

static struct pf_csv_read_options choose(const uint8_t bytes[OPTION_BYTES])
{
    static const char *const delimiters[] = { NULL, NULL, ",", ";", "tab", "||", "a", "space" };
    static const char *const quotes[] = { NULL, NULL, "\"", "'", "none" };
    static const char *const headers[] = { NULL, NULL, "yes", "no", "2", "1-2" };
    static const char *const encodings[] = { NULL, NULL, NULL, "utf-8", "windows-1252", "utf-16" };

    return (struct pf_csv_read_options){ .delimiter = delimiters[bytes[0] % PF_COUNT(delimiters)],
                                         .quote = quotes[bytes[0] / 8 % PF_COUNT(quotes)],
                                         .escape = bytes[0] >= 128 ? "\\" : NULL,
                                         .header = headers[bytes[1] % PF_COUNT(headers)],
                                         .encoding = encodings[bytes[1] / 8 % PF_COUNT(encodings)],
                                         .null_values = bytes[1] >= 128 ? "NA,x," : NULL,
                                         .ragged = bytes[2] % 3,
                                         .skip_rows = bytes[2] / 4 % 4,
                                         .compat = bytes[2] >= 224,
                                         .comment = (bytes[3] & 1) != 0 ? "#" : NULL,
                                         .max_record = (bytes[3] & 6) == 6 ? 50 : 0 };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_csv_read_options options;
    struct outcome whole, other;

    if (size < OPTION_BYTES)
        return 0;
    (void)pf_csv_reader.probe(&pf_csv_reader, data + OPTION_BYTES, size - OPTION_BYTES);
    options = choose(data);
    if ((data[3] & 8) != 0)
        options.comment = "none";
    options.block_bytes = 16 * 1024; /* clearing megabytes for each input would be most of the work */
    whole = drain(data + OPTION_BYTES, size - OPTION_BYTES, &options);
    options.block_bytes = 1 + data[3];
    if ((data[3] & 8) != 0)
        options.comment = "\x01\x02\x01\x02\x01\x02"; /* nothing begins so, but it needs the kernel for every dialect */
    other = drain(data + OPTION_BYTES, size - OPTION_BYTES, &options);
    if (whole.status == PF_END && memcmp(&whole, &other, sizeof whole) != 0 && memmem(data, size, "\x01\x02", 2) == NULL)
        abort();
    return 0;
}
