/* A format of an extension as a reader and a writer of the core.
 *
 * The reader is the Arrow reader (formats/arrow) over the extension's stream: batches are asked for by the thread that cuts, and
 * made into our columns by any. Of an untyped format the columns are turned into text columns on the way, as CSV has them. */
#include <errno.h>
#include <string.h>

#include "extension/set.h"
#include "formats/arrow/arrow_format.h"

enum { TEXT_TAIL = 64 /* readable behind the last value */ };

struct ext_reader {
    const struct pf_format_use *use;
    struct pf_context *ctx;
    struct pf_source *src;
    void *reader;                    /* the extension's; NULL = not open */
    struct ArrowArrayStream given;   /* of the table at hand */
    struct ArrowArrayStream checked; /* what the Arrow reader sees of it */
    int failed;                      /* what a function of the stream answered last */
    struct pf_arrow_read_options options;
    void *arrow; /* the Arrow reader's state */
    bool arrow_open;
    uint32_t table;
    bool started;
};

static const struct pf_format_use *use_of_reader(const struct pf_reader *reader)
{
    return (const struct pf_format_use *)(const void *)((const uint8_t *)reader - offsetof(struct pf_format_use, reader));
}

static const struct pf_format_use *use_of_writer(const struct pf_writer *writer)
{
    return (const struct pf_format_use *)(const void *)((const uint8_t *)writer - offsetof(struct pf_format_use, writer));
}

/* What a function of the extension answered; one that fails without a word gets one. */
static enum pf_status said(const struct pf_format_use *use, enum pf_status status, const char *doing, struct pf_error *err)
{
    if (status == PF_OK)
        return PF_OK;
    if (status < PF_OK || status > PF_INTERNAL || status == PF_END)
        status = PF_BAD_DATA;
    if (err->message[0] == '\0')
        pf_fail(err, status, "the extension %s could not %s", use->entry->name, doing);
    err->status = status;
    return status;
}

/* ---- the extension's stream, looked at before it is believed */

static int checked_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct ext_reader *reader = stream->private_data;

    memset(out, 0, sizeof *out);
    reader->failed = reader->given.get_schema(&reader->given, out);
    if (reader->failed == 0 && (out->release == NULL || out->format == NULL))
        reader->failed = EINVAL;
    return reader->failed;
}

static int checked_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct ext_reader *reader = stream->private_data;

    memset(out, 0, sizeof *out);
    reader->failed = reader->given.get_next(&reader->given, out);
    return reader->failed;
}

static const char *checked_error(struct ArrowArrayStream *stream)
{
    struct ext_reader *reader = stream->private_data;

    return reader->given.get_last_error != NULL ? reader->given.get_last_error(&reader->given) : NULL;
}

static void checked_release(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

/* A failure of the stream as the status that its number stands for, in its own words. */
static enum pf_status stream_failed(struct ext_reader *reader, struct pf_error *err)
{
    const char *words = checked_error(&reader->checked);
    enum pf_status status = reader->failed == ENOMEM      ? PF_NO_MEMORY
                            : reader->failed == EIO       ? PF_IO
                            : reader->failed == ENOTSUP   ? PF_UNSUPPORTED
                            : reader->failed == ECANCELED ? PF_CANCELLED
                                                          : PF_BAD_DATA;

    if (words != NULL)
        return pf_fail(err, status, "%s", words);
    return pf_fail(err, status, "the extension %s could not read it and does not say why", reader->use->entry->name);
}

/* ---- tables */

static void end_table(struct ext_reader *reader)
{
    if (reader->arrow_open)
        pf_arrow_reader.close(reader->arrow);
    reader->arrow_open = false;
    if (reader->given.release != NULL)
        reader->given.release(&reader->given);
    reader->given.release = NULL;
}

static enum pf_status open_arrow(struct ext_reader *reader, struct pf_error *err)
{
    enum pf_status status;

    if (reader->arrow == NULL)
        reader->arrow = pf_alloc(&reader->ctx->memory, pf_arrow_reader.state_size);
    if (reader->arrow == NULL)
        return pf_fail_memory(err, pf_arrow_reader.state_size);
    memset(reader->arrow, 0, pf_arrow_reader.state_size);
    reader->arrow_open = true;
    reader->options.stream = &reader->checked;
    status = pf_arrow_reader.open(&pf_arrow_reader, reader->arrow, reader->ctx, reader->src, &reader->options, err);
    return status != PF_OK && reader->failed != 0 ? stream_failed(reader, err) : status;
}

/* Begins to read a table from its start; the source is at its first byte. */
static enum pf_status begin_table(struct ext_reader *reader, uint32_t table, struct pf_error *err)
{
    const struct pf_format_use *use = reader->use;

    end_table(reader);
    reader->started = false;
    reader->failed = 0;
    reader->table = table;
    pf_error_clear(err);
    memset(&reader->given, 0, sizeof reader->given);
    if (said(use, use->calls.read(reader->reader, table, &reader->given, err), "read it", err) != PF_OK) {
        reader->given.release = NULL;
        return err->status;
    }
    if (reader->given.release == NULL || reader->given.get_schema == NULL || reader->given.get_next == NULL)
        return pf_fail(err, PF_BAD_DATA, "the extension %s gives no stream", use->entry->name);
    reader->checked.private_data = reader;
    reader->checked.get_schema = checked_schema;
    reader->checked.get_next = checked_next;
    reader->checked.get_last_error = checked_error;
    reader->checked.release = checked_release;
    return open_arrow(reader, err);
}

static enum pf_status ext_open(const struct pf_reader *self, void *state, struct pf_context *ctx, struct pf_source *src,
                               const void *options, struct pf_error *err)
{
    struct ext_reader *reader = state;
    const struct pf_format_use *use = use_of_reader(self);

    reader->use = use;
    reader->ctx = ctx;
    reader->src = src;
    /* its types may need a second reading, and reading begins here */
    if ((use->calls.flags & PF_FORMAT_UNTYPED) != 0 && pf_source_spool(src, err) != PF_OK)
        return err->status;
    pf_error_clear(err);
    if (said(use, use->calls.open(use->self, ctx, src, options, &reader->reader, err), "open it", err) != PF_OK) {
        reader->reader = NULL;
        return err->status;
    }
    return begin_table(reader, 0, err);
}

/* Brings another table than the one at hand to its start. */
static enum pf_status change_table(struct ext_reader *reader, uint32_t table, struct pf_error *err)
{
    if (pf_source_rewind(reader->src, err) != PF_OK)
        return err->status;
    return begin_table(reader, table, err);
}

static enum pf_status check_untyped(const struct ext_reader *reader, const struct pf_schema *schema, struct pf_error *err)
{
    for (uint32_t i = 0; (reader->use->calls.flags & PF_FORMAT_UNTYPED) != 0 && i < schema->count; i++) {
        if (schema->fields[i].type != PF_TYPE_STRING)
            return pf_fail(err, PF_BAD_DATA, "the extension %s says that its format has no types, but column '%.100s' has one",
                           reader->use->entry->name, schema->fields[i].name);
    }
    return PF_OK;
}

static enum pf_status ext_table(void *state, uint32_t index, struct pf_table *out, struct pf_error *err)
{
    struct ext_reader *reader = state;
    const char *name = "";

    if (reader->use->calls.table == NULL && index > 0)
        return PF_END;
    pf_error_clear(err);
    if (reader->use->calls.table != NULL) {
        enum pf_status status = reader->use->calls.table(reader->reader, index, &name, err);

        if (status == PF_END)
            return PF_END;
        if (said(reader->use, status, "list its tables", err) != PF_OK)
            return err->status;
    }
    if (index != reader->table && change_table(reader, index, err) != PF_OK)
        return err->status;
    if (pf_arrow_reader.table(reader->arrow, 0, out, err) != PF_OK)
        return err->status;
    out->name = name != NULL ? name : "";
    return check_untyped(reader, &out->schema, err);
}

/* ---- a pass */

static enum pf_status ext_start(void *state, const struct pf_pass *pass, struct pf_error *err)
{
    struct ext_reader *reader = state;
    enum pf_status status = PF_OK;

    if (pass->table != reader->table)
        status = change_table(reader, pass->table, err);
    else if (reader->started)
        status = begin_table(reader, pass->table, err); /* the engine has rewound the source */
    reader->started = true;
    return status == PF_OK ? pf_arrow_reader.start(reader->arrow, pass, err) : status;
}

static enum pf_status ext_cut(void *state, struct pf_block *block, struct pf_error *err)
{
    struct ext_reader *reader = state;
    enum pf_status status = pf_arrow_reader.cut(reader->arrow, block, err);

    block->offset = -1;
    return status != PF_OK && status != PF_END && reader->failed != 0 ? stream_failed(reader, err) : status;
}

/* A column of texts as a text column; everything in the arena. */
static enum pf_status make_text(const struct ArrowArray *array, struct pf_arena *arena, struct pf_text_column *out,
                                struct pf_error *err)
{
    size_t rows = (size_t)array->length;
    const int32_t *offsets = pf_array_offsets(array);
    const uint8_t *valid = pf_array_validity(array);
    size_t total = (size_t)offsets[rows];
    uint32_t *at = pf_arena_alloc(arena, rows * 2 * sizeof *at);
    uint8_t *kinds = pf_arena_alloc(arena, rows), *bytes = pf_arena_alloc(arena, total + TEXT_TAIL);

    if (at == NULL || kinds == NULL || bytes == NULL)
        return pf_fail_memory(err, total + rows * 9);
    memcpy(bytes, pf_array_bytes(array), total);
    memset(bytes + total, 0, TEXT_TAIL);
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < rows; i++) {
        uint32_t size = (uint32_t)(offsets[i + 1] - offsets[i]);
        bool null = valid != NULL && !pf_bit(valid, (int64_t)i);

        at[i] = (uint32_t)offsets[i];
        at[rows + i] = null ? 0 : size;
        /* an empty text is a value, not the absence of one */
        kinds[i] = null ? PF_TEXT_NULL : size == 0 ? PF_TEXT_QUOTED : PF_TEXT_PLAIN;
        out->nulls += null;
        out->total += null ? 0 : size;
    }
    out->bytes = bytes;
    out->offset = at;
    out->size = at + rows;
    out->kind = kinds;
    return PF_OK;
}

static enum pf_status ext_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                                 struct pf_decoded *out, struct pf_error *err)
{
    const struct ext_reader *reader = state;
    enum pf_status status = pf_arrow_reader.decode(reader->arrow, pass, block, arena, out, err);
    uint32_t columns = out->typed.column_count;
    struct pf_text_column *text;

    if (status != PF_OK || (reader->use->calls.flags & PF_FORMAT_UNTYPED) == 0)
        return status;
    text = pf_arena_alloc_zero(arena, columns, sizeof *text);
    if (text == NULL)
        status = pf_fail_memory(err, columns * sizeof *text);
    for (uint32_t i = 0; i < columns && status == PF_OK; i++)
        status = make_text(&out->typed.columns[i], arena, &text[i], err);
    pf_batch_free(&out->typed);
    out->text = text;
    return status;
}

static void ext_close(void *state)
{
    struct ext_reader *reader = state;

    if (reader->ctx == NULL)
        return;
    end_table(reader);
    pf_free(&reader->ctx->memory, reader->arrow);
    if (reader->reader != NULL)
        reader->use->calls.close(reader->reader);
}

static int ext_probe(const struct pf_reader *self, const uint8_t *head, size_t size)
{
    const struct pf_format_use *use = use_of_reader(self);
    int score = use->calls.probe(use->self, head, size);

    return score < 0 ? 0 : score > 100 ? 100 : score;
}

/* ---- writer */

struct ext_writer {
    const struct pf_format_use *use;
    struct pf_context *ctx;
    void *writer; /* the extension's; NULL = not open */
    int64_t rows;
};

static enum pf_status ext_create(const struct pf_writer *self, void *state, struct pf_context *ctx, struct pf_sink *sink,
                                 const struct pf_schema *schema, const void *options, struct pf_error *err)
{
    struct ext_writer *writer = state;
    const struct pf_format_use *use = use_of_writer(self);
    struct ArrowSchema exported;
    enum pf_status status;

    writer->use = use;
    writer->ctx = ctx;
    if (pf_schema_export(schema, &exported, err) != PF_OK)
        return err->status;
    pf_error_clear(err);
    status = said(use, use->calls.create(use->self, ctx, sink, &exported, options, &writer->writer, err), "write it", err);
    if (status != PF_OK)
        writer->writer = NULL;
    exported.release(&exported);
    return status;
}

static enum pf_status ext_add(void *state, struct pf_batch *batch, struct pf_error *err)
{
    struct ext_writer *writer = state;
    struct ArrowArray array;
    int64_t rows = batch->rows;

    if (rows == 0) {
        pf_batch_free(batch);
        return PF_OK;
    }
    if (pf_batch_export(batch, &array, err) != PF_OK) {
        pf_batch_free(batch);
        return err->status;
    }
    pf_error_clear(err);
    writer->rows += rows;
    return said(writer->use, writer->use->calls.add(writer->writer, &array, err), "write it", err);
}

/* There are no units: batches are written as they come. */
static enum pf_status ext_take(void *state, bool last, struct pf_unit **unit, struct pf_error *err)
{
    (void)state;
    (void)last;
    (void)err;
    *unit = NULL;
    return PF_OK;
}

static enum pf_status ext_finish(void *state, int64_t rows, struct pf_error *err)
{
    struct ext_writer *writer = state;

    if (writer->rows != rows)
        return pf_fail(err, PF_INTERNAL, "%lld rows were given to the extension %s, there were %lld", (long long)writer->rows,
                       writer->use->entry->name, (long long)rows);
    pf_error_clear(err);
    return said(writer->use, writer->use->calls.finish(writer->writer, rows, err), "complete it", err);
}

static void ext_writer_close(void *state)
{
    struct ext_writer *writer = state;

    if (writer->writer != NULL)
        writer->use->calls.discard(writer->writer);
    writer->writer = NULL;
}

void *pf_format_writer_of(void *state)
{
    return ((struct ext_writer *)state)->writer;
}

/* ---- descriptors */

static void fill_reader(struct pf_format_use *use, const char *const *suffixes)
{
    const struct pf_format_addition *calls = &use->calls;
    struct pf_reader *reader = &use->reader;

    reader->abi = PF_ABI;
    reader->flags = ((calls->flags & PF_FORMAT_UNTYPED) != 0 ? 0 : PF_READER_TYPED) |
                    ((calls->flags & PF_FORMAT_READ_AT) != 0 ? PF_READER_READ_AT : 0);
    reader->name = calls->name;
    reader->description = calls->description;
    reader->suffixes = suffixes;
    reader->options = calls->read_options;
    reader->state_size = sizeof(struct ext_reader);
    reader->option_size = calls->read_option_size;
    reader->probe = calls->probe != NULL ? ext_probe : NULL;
    reader->open = ext_open;
    reader->table = ext_table;
    reader->start = ext_start;
    reader->cut = ext_cut;
    reader->decode = ext_decode;
    reader->close = ext_close;
}

static void fill_writer(struct pf_format_use *use, const char *const *suffixes)
{
    const struct pf_format_addition *calls = &use->calls;
    struct pf_writer *writer = &use->writer;

    writer->abi = PF_ABI;
    writer->settle = PF_SETTLE_FIRST;
    writer->name = calls->name;
    writer->description = calls->description;
    writer->suffixes = suffixes;
    writer->options = calls->write_options;
    writer->state_size = sizeof(struct ext_writer);
    writer->option_size = calls->write_option_size;
    writer->open = ext_create;
    writer->add = ext_add;
    writer->take = ext_take;
    writer->finish = ext_finish;
    writer->close = ext_writer_close;
}

/* A format without suffixes is known by its name, which outputs of it are given as their suffix. */
static const char *const *suffixes_of(struct pf_extensions *set, const struct pf_format_addition *calls)
{
    const char **own;

    if (calls->suffixes != NULL && calls->suffixes[0] != NULL)
        return calls->suffixes;
    own = pf_arena_alloc_zero(&set->arena, 2, sizeof *own);
    if (own != NULL)
        own[0] = calls->name;
    return own;
}

struct pf_format_use *pf_format_use_new(struct pf_extensions *set, const struct pf_entry *entry,
                                        const struct pf_format_addition *calls)
{
    struct pf_format_use *use = pf_arena_alloc_zero(&set->arena, 1, sizeof *use);
    const char *const *suffixes = suffixes_of(set, calls);

    if (use == NULL || suffixes == NULL)
        return NULL;
    use->entry = entry;
    use->calls = *calls;
    if (use->calls.description == NULL)
        use->calls.description = "";
    if (calls->open != NULL) {
        fill_reader(use, suffixes);
        use->format.reader = &use->reader;
        use->format.reader_owner = pf_set_text(set, "%s reader", calls->name);
    }
    if (calls->create != NULL) {
        fill_writer(use, suffixes);
        use->format.writer = &use->writer;
        use->format.writer_owner = pf_set_text(set, "%s writer", calls->name);
    }
    return use;
}
