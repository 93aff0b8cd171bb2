/* The XML reader over bytes from anywhere: opened, read block by block, every value touched. The first two bytes choose the options.
 *
 * Held to: leaf values found are written, outside or left out; small blocks give the same rows as one block, and a second pass the same
 * as the first. */
#include <stdlib.h>
#include <string.h>

#include "formats/xml/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPTION_BYTES = 2, MEMORY = 96 << 20, PASSES = 64 };

/* What a reading gave; readings that must agree are compared. */
struct outcome {
    enum pf_status status;
    int64_t kept, rejected;
    uint32_t columns;
    uint64_t hash;
};

static void add(struct outcome *outcome, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        outcome->hash = (outcome->hash ^ at[i]) * UINT64_C(0x100000001b3);
    outcome->hash = (outcome->hash ^ size) * UINT64_C(0x100000001b3);
}

static void add_block(struct outcome *outcome, const struct pf_decoded *decoded)
{
    if (decoded->rows_read != decoded->rows_kept + decoded->rows_rejected + decoded->rows_left_out)
        abort();
    for (int64_t row = 0; row < decoded->rows_kept; row++) {
        for (uint32_t i = 0; i < outcome->columns; i++) {
            const struct pf_text_column *text = &decoded->text[i];

            if (text->kind[row] == PF_TEXT_NULL && text->size[row] != 0)
                abort();
            add(outcome, text->bytes + text->offset[row], text->size[row]);
            add(outcome, text->kind + row, 1);
        }
    }
    for (int64_t i = 0; i < decoded->rows_rejected; i++) {
        if (decoded->rejects[i].reason[0] == '\0')
            abort();
    }
    outcome->kept += decoded->rows_kept;
    outcome->rejected += decoded->rows_rejected;
}

static void read_pass(struct xml_reader *reader, struct outcome *outcome, struct pf_error *err)
{
    static const struct pf_pass all = { .columns = NULL };
    enum pf_status status = pf_xml_reader.start(reader, &all, err);

    memset(outcome, 0, sizeof *outcome);
    outcome->columns = reader->column_count;
    while (status == PF_OK) {
        struct pf_block block = { .offset = -1 };
        struct pf_decoded decoded;
        struct pf_arena arena;

        pf_arena_init(&arena, &reader->ctx->memory, SIZE_MAX);
        status = pf_xml_reader.cut(reader, &block, err);
        if (status == PF_OK)
            status = pf_xml_reader.decode(reader, &all, &block, &arena, &decoded, err);
        if (status == PF_OK)
            add_block(outcome, &decoded);
        pf_free(&reader->ctx->memory, block.bytes);
        pf_arena_free(&arena);
    }
    outcome->status = status;
}

/* Until no pass shows that the table is another than it seemed. */
static void read_table(struct xml_reader *reader, struct outcome *outcome, struct pf_error *err)
{
    bool again = true;

    for (int pass = 0; again; pass++) {
        if (pass == PASSES)
            abort();
        again = false;
        read_pass(reader, outcome, err);
        if (outcome->status == PF_BAD_DATA && pf_xml_reader.again(reader, &again, err) != PF_OK)
            outcome->status = err->status;
    }
    for (uint32_t i = 0; i < reader->column_count; i++)
        add(outcome, reader->names[i], strlen(reader->names[i]));
}

static void check(struct xml_reader *reader, const struct outcome *outcome, struct pf_error *err)
{
    const struct xml_counts *counts = &reader->counts;
    struct outcome second;

    if (outcome->status != PF_END) {
        if (err->message[0] == '\0')
            abort();
        return;
    }
    pf_xml_reader.tell(reader);
    if (counts->broken == 0 && counts->found != counts->written + counts->outside + counts->left_out)
        abort();
    if (pf_source_rewind(reader->src, err) != PF_OK)
        abort();
    read_table(reader, &second, err);
    if (memcmp(&second, outcome, sizeof second) != 0)
        abort();
}

static struct outcome drain(const uint8_t *data, size_t size, const struct pf_xml_read_options *options)
{
    struct pf_context *ctx = pf_context_new();
    struct xml_reader *reader = calloc(1, sizeof *reader);
    struct outcome outcome;
    struct pf_source *src;
    struct pf_error err;

    if (ctx == NULL || reader == NULL)
        abort();
    ctx->memory.limit = MEMORY;
    memset(&outcome, 0, sizeof outcome);
    pf_error_clear(&err);
    outcome.status = pf_source_memory(ctx, data, size, "fuzz", &src, &err);
    if (outcome.status == PF_OK) {
        outcome.status = pf_xml_reader.open(&pf_xml_reader, reader, ctx, src, options, &err);
        if (outcome.status == PF_OK)
            read_table(reader, &outcome, &err);
        check(reader, &outcome, &err);
        pf_xml_reader.close(reader);
        pf_source_close(src);
    }
    if (atomic_load(&ctx->memory.in_use) != 0)
        abort();
    pf_context_free(ctx);
    free(reader);
    return outcome;
}

static struct pf_xml_read_options choose(const uint8_t bytes[OPTION_BYTES])
{
    static const char *const rows[] = { NULL, NULL, NULL, "r", "r,x" };
    static const char *const roots[] = { NULL, NULL, NULL, "a" };
    struct pf_xml_read_options options;

    memset(&options, 0, sizeof options);
    pf_option_defaults(pf_xml_reader.options, &options);
    options.row_tag = rows[bytes[0] % PF_COUNT(rows)];
    options.root_tag = roots[bytes[0] / 8 % PF_COUNT(roots)];
    options.strategy = bytes[0] / 32 % 3;
    options.arrays = bytes[1] % 3;
    options.namespaces = bytes[1] / 4 % 3;
    options.attributes = (bytes[1] & 0x30) != 0x30;
    options.flatten_nested = (bytes[1] & 0x40) != 0;
    options.keep_blanks = (bytes[1] & 0x80) != 0;
    options.compat = bytes[0] == 255;
    return options;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_xml_read_options options;
    struct outcome whole, pieces;

    if (size < OPTION_BYTES)
        return 0;
    options = choose(data);
    (void)pf_xml_reader.probe(&pf_xml_reader, data + OPTION_BYTES, size - OPTION_BYTES);
    whole = drain(data + OPTION_BYTES, size - OPTION_BYTES, &options);
    options.block_bytes = 1 + data[0];
    pieces = drain(data + OPTION_BYTES, size - OPTION_BYTES, &options);
    /* what is not well-formed ends at the block it is in: rows before it may be in one and not in the other */
    if (whole.status == PF_END && whole.rejected == 0 && memcmp(&whole, &pieces, sizeof whole) != 0)
        abort();
    return 0;
}
