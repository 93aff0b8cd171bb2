/* Reading CSV from memory into a text that tests can compare. */
#ifndef PF_TESTS_SUPPORT_CSV_H
#define PF_TESTS_SUPPORT_CSV_H

#include <stdlib.h>

#include "support_unit.h"

#include "formats/csv/csv.h"

/* What reading gave. rows: names on the first line, then a line a row; values are separated by '|', null is ~, what stood in
 * quotes is in quotes; bytes that would confuse are \n, \r, \0, \p for '|', \t for '~'. */
struct csv_run {
    struct pf_context *ctx;
    struct pf_source *src;
    void *state;
    enum pf_status status; /* PF_OK when all was read */
    struct pf_error err;   /* places made absolute, as the engine does */
    struct pf_table table;
    struct pf_buffer text;
    struct pf_buffer rejects; /* line:column:reason, a line each */
    struct pf_buffer log;
    int64_t read, kept, rejected, left_out, lines, blocks, offset;
};

static inline void csv_log(void *user, enum pf_log_level level, const char *message)
{
    struct csv_run *run = user;

    (void)pf_buffer_printf(&run->log, "%s %s\n", level == PF_LOG_WARNING ? "warning" : "info", message);
}

static inline bool csv_put(struct pf_buffer *to, const uint8_t *bytes, size_t size)
{
    bool ok = true;

    for (size_t i = 0; i < size && ok; i++) {
        const char *shown = bytes[i] == '\n'   ? "\\n"
                            : bytes[i] == '\r' ? "\\r"
                            : bytes[i] == 0    ? "\\0"
                            : bytes[i] == '|'  ? "\\p"
                            : bytes[i] == '~'  ? "\\t"
                                               : NULL;

        ok = shown != NULL ? pf_buffer_append_text(to, shown) : pf_buffer_append(to, bytes + i, 1);
    }
    return ok;
}

static inline bool csv_put_value(struct pf_buffer *to, const uint8_t *bytes, size_t size, uint8_t kind)
{
    if (kind == PF_TEXT_NULL)
        return pf_buffer_append_text(to, "~");
    return (kind == PF_TEXT_PLAIN || pf_buffer_append_text(to, "\"")) && csv_put(to, bytes, size) &&
           (kind == PF_TEXT_PLAIN || pf_buffer_append_text(to, "\""));
}

/* What must hold of any block. */
static inline void csv_check_block(const struct csv_run *run, const struct pf_block *block, const struct pf_decoded *decoded,
                                   uint32_t columns)
{
    CHECK_INT(decoded->rows_read, decoded->rows_kept + decoded->rows_rejected + decoded->rows_left_out);
    CHECK(run->blocks == 0 || block->offset == run->offset || !((const struct csv_reader *)run->state)->encoding.utf8);
    for (uint32_t i = 0; i < columns; i++) {
        const struct pf_text_column *text = &decoded->text[i];
        int64_t nulls = 0, total = 0;
        volatile uint8_t touched = 0;

        for (int64_t row = 0; row < decoded->rows_kept; row++) {
            nulls += text->kind[row] == PF_TEXT_NULL;
            total += text->size[row];
            CHECK(text->kind[row] != PF_TEXT_NULL || text->size[row] == 0);
            CHECK(text->offset[row] + (size_t)text->size[row] <= block->size);
            touched ^= text->bytes[text->offset[row] + (size_t)text->size[row] + 31];
        }
        CHECK_INT(text->nulls, nulls);
        CHECK_INT(text->total, total);
    }
    for (int64_t row = 1; row < decoded->rows_kept; row++)
        CHECK(decoded->row_place[row] > decoded->row_place[row - 1]);
    for (int64_t i = 1; i < decoded->rows_rejected; i++)
        CHECK(decoded->rejects[i].row > decoded->rejects[i - 1].row);
}

static inline void csv_add_block(struct csv_run *run, const struct pf_block *block, const struct pf_decoded *decoded,
                                 uint32_t columns)
{
    bool ok = true;

    csv_check_block(run, block, decoded, columns);
    for (int64_t row = 0; row < decoded->rows_kept && ok; row++) {
        for (uint32_t i = 0; i < columns && ok; i++) {
            const struct pf_text_column *text = &decoded->text[i];

            ok = (i == 0 || pf_buffer_append_text(&run->text, "|")) &&
                 csv_put_value(&run->text, text->bytes + text->offset[row], text->size[row], text->kind[row]);
        }
        ok = ok && pf_buffer_append_text(&run->text, "\n");
    }
    for (int64_t i = 0; i < decoded->rows_rejected && ok; i++)
        ok = pf_buffer_printf(&run->rejects, "%lld:%u:%s\n", (long long)(run->lines + decoded->rejects[i].line + 1),
                              decoded->rejects[i].column, decoded->rejects[i].reason);
    if (!ok)
        run->status = pf_fail_memory(&run->err, 1);
    run->read += decoded->rows_read;
    run->kept += decoded->rows_kept;
    run->rejected += decoded->rows_rejected;
    run->left_out += decoded->rows_left_out;
    run->lines += decoded->lines;
    run->offset = block->offset + (int64_t)block->size;
    run->blocks++;
}

/* One pass over all columns, or over count of them. */
static inline void csv_run_pass(struct csv_run *run, const uint32_t *columns, uint32_t count)
{
    const struct pf_reader *reader = &pf_csv_reader;
    struct pf_pass pass = { .columns = columns, .column_count = count };

    run->read = run->kept = run->rejected = run->left_out = run->lines = run->blocks = 0;
    run->status = reader->start(run->state, &pass, &run->err);
    while (run->status == PF_OK) {
        struct pf_block block = { 0 };
        struct pf_decoded decoded;
        struct pf_arena arena;

        pf_arena_init(&arena, &run->ctx->memory, SIZE_MAX);
        run->status = reader->cut(run->state, &block, &run->err);
        if (run->status == PF_OK)
            run->status = reader->decode(run->state, &pass, &block, &arena, &decoded, &run->err);
        if (run->status == PF_OK)
            csv_add_block(run, &block, &decoded, columns != NULL ? count : run->table.schema.count);
        else if (run->status != PF_END && run->err.line > 0)
            run->err.line += run->lines;
        if (run->status != PF_OK && run->status != PF_END && run->err.offset >= 0)
            run->err.offset = block.offset >= 0 ? run->err.offset + block.offset : -1;
        pf_free(&run->ctx->memory, block.bytes);
        pf_arena_free(&arena);
    }
    if (run->status == PF_END)
        run->status = PF_OK;
}

/* Opens bytes (which must outlive the run). fail_at: that allocation is refused; negative = none. */
static inline void csv_run_open(struct csv_run *run, const void *bytes, size_t size, const struct pf_csv_read_options *options,
                                long fail_at)
{
    const struct pf_reader *reader = &pf_csv_reader;

    memset(run, 0, sizeof *run);
    run->ctx = pf_context_new();
    CHECK(run->ctx != NULL);
    pf_context_on_log(run->ctx, csv_log, run, PF_LOG_INFO);
    pf_buffer_init(&run->text, &run->ctx->memory, SIZE_MAX);
    pf_buffer_init(&run->rejects, &run->ctx->memory, SIZE_MAX);
    pf_buffer_init(&run->log, &run->ctx->memory, SIZE_MAX);
    pf_schema_init(&run->table.schema, &run->ctx->memory);
    pf_error_clear(&run->err);
    run->state = calloc(1, reader->state_size);
    CHECK(run->state != NULL);
    atomic_store(&run->ctx->memory.fail_at, fail_at);
    run->status = pf_source_memory(run->ctx, bytes, size, "test", &run->src, &run->err);
    if (run->status == PF_OK)
        run->status = reader->open(reader, run->state, run->ctx, run->src, options, &run->err);
    if (run->status == PF_OK)
        run->status = reader->table(run->state, 0, &run->table, &run->err);
    for (uint32_t i = 0; run->status == PF_OK && i < run->table.schema.count; i++) {
        const char *name = run->table.schema.fields[i].name;

        if ((i != 0 && !pf_buffer_append_text(&run->text, "|")) || !csv_put(&run->text, (const uint8_t *)name, strlen(name)))
            run->status = pf_fail_memory(&run->err, 1);
    }
    if (run->status == PF_OK && !pf_buffer_append_text(&run->text, "\n"))
        run->status = pf_fail_memory(&run->err, 1);
}

static inline void csv_run_free(struct csv_run *run)
{
    pf_csv_reader.close(run->state);
    pf_source_close(run->src);
    pf_schema_free(&run->table.schema);
    pf_buffer_free(&run->text);
    pf_buffer_free(&run->rejects);
    pf_buffer_free(&run->log);
    CHECK_INT(atomic_load(&run->ctx->memory.in_use), 0);
    pf_context_free(run->ctx);
    free(run->state);
}

static inline void csv_run_all(struct csv_run *run, const void *bytes, size_t size, const struct pf_csv_read_options *options)
{
    csv_run_open(run, bytes, size, options, -1);
    if (run->status == PF_OK)
        csv_run_pass(run, NULL, 0);
}

/* The text of a buffer; "" when it is empty. Valid until the buffer changes. */
static inline const char *csv_text(struct pf_buffer *buffer)
{
    CHECK(pf_buffer_reserve(buffer, 1));
    buffer->data[buffer->size] = '\0';
    return (const char *)buffer->data;
}

#endif
