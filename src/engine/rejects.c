#include "engine/rejects.h"

#include <string.h>

/* Of a row's text, unless --rejects-full. */
enum { RAW_CEILING = 1024 };

static const char heading[] = "row,line,byte_offset,column,column_name,reason,raw\n";

void pf_rejects_init(struct pf_rejects_file *file, struct pf_context *ctx, const struct pf_job *job)
{
    file->ctx = ctx;
    file->location = job->rejects;
    file->replace = job->replace;
    file->sync = job->sync;
    file->full = job->rejects_full;
    pf_buffer_init(&file->text, &ctx->memory, SIZE_MAX);
}

static enum pf_status open_file(struct pf_rejects_file *file, struct pf_error *err)
{
    struct pf_sink_options options = { .replace = file->replace, .sync = file->sync };

    if (file->sink != NULL)
        return PF_OK;
    if (pf_sink_open(file->ctx, file->location, &options, &file->sink, err) != PF_OK)
        return err->status;
    return pf_sink_write(file->sink, heading, sizeof heading - 1, err);
}

bool pf_rejects_quote(struct pf_buffer *to, const uint8_t *bytes, size_t size)
{
    bool ok = pf_buffer_append(to, "\"", 1);

    while (ok && size != 0) {
        const uint8_t *quote = memchr(bytes, '"', size);
        size_t part = quote != NULL ? (size_t)(quote - bytes) + 1 : size;

        ok = pf_buffer_append(to, bytes, part) && (quote == NULL || pf_buffer_append(to, "\"", 1));
        bytes += part;
        size -= part;
    }
    return ok && pf_buffer_append(to, "\"", 1);
}

static bool append_number(struct pf_buffer *to, int64_t before, int64_t relative)
{
    return relative < 0 ? pf_buffer_append(to, ",", 1) : pf_buffer_printf(to, "%lld,", (long long)(before + relative));
}

static bool append_reject(struct pf_rejects_file *file, const struct pf_reject *reject, const struct pf_schema *table,
                          int64_t rows, int64_t lines, int64_t offset, const char *part)
{
    struct pf_buffer *to = &file->text;
    size_t raw_size = !file->full && reject->raw_size > RAW_CEILING ? RAW_CEILING : reject->raw_size;
    bool named = reject->column > 0 && reject->column <= table->count;
    const char *name = named ? table->fields[reject->column - 1].name : "";
    struct pf_buffer reason;
    bool good;

    pf_buffer_init(&reason, to->memory, SIZE_MAX);
    good = (part == NULL || pf_buffer_printf(&reason, "table '%s': ", part)) && pf_buffer_append_text(&reason, reject->reason);
    good = good && append_number(to, rows + 1, reject->row) && append_number(to, lines + 1, reject->line) &&
           append_number(to, offset, offset >= 0 ? reject->offset : -1) &&
           append_number(to, 0, named ? (int64_t)reject->column : -1) &&
           pf_rejects_quote(to, (const uint8_t *)name, strlen(name)) && pf_buffer_append(to, ",", 1) &&
           pf_rejects_quote(to, reason.data, reason.size) && pf_buffer_append(to, ",", 1) &&
           pf_rejects_quote(to, reject->raw, raw_size) && pf_buffer_append(to, "\n", 1);
    pf_buffer_free(&reason);
    return good;
}

enum pf_status pf_rejects_add(struct pf_rejects_file *file, const struct pf_reject *rejects, int64_t count,
                              const struct pf_schema *table, int64_t rows, int64_t lines, int64_t offset, const char *part,
                              struct pf_error *err)
{
    if (count == 0 || file->location == NULL)
        return PF_OK;
    if (open_file(file, err) != PF_OK)
        return err->status;
    pf_buffer_clear(&file->text);
    for (int64_t i = 0; i < count; i++) {
        if (!append_reject(file, &rejects[i], table, rows, lines, offset, part))
            return pf_fail_memory(err, file->text.size);
    }
    return pf_sink_write(file->sink, file->text.data, file->text.size, err);
}

enum pf_status pf_rejects_commit(struct pf_rejects_file *file, struct pf_error *err)
{
    return file->sink != NULL ? pf_sink_commit(file->sink, err) : PF_OK;
}

void pf_rejects_retract(struct pf_rejects_file *file)
{
    if (file->sink != NULL)
        pf_sink_retract(file->sink);
}

void pf_rejects_close(struct pf_rejects_file *file)
{
    pf_sink_free(file->sink);
    pf_buffer_free(&file->text);
    memset(file, 0, sizeof *file);
}
