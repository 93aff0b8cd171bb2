/* The reader of dBase tables as the registry sees it: probe, open, table, cut, decode, facts, options. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "formats/dbf/dbf.h"
#include "transform/infer.h"

enum {
    BLOCK_BYTES = 1 << 20,
    MEMO_ROWS = 4096 /* of a block when every row may bring texts of any length */
};

#define DELETED_COLUMN "_deleted"

/* ---- probe */

/* A version byte says little; the fields and sizes of the header say more. */
static int dbf_probe(const struct pf_reader *self, const uint8_t *head, size_t size)
{
    struct pf_memory memory;
    struct pf_arena arena;
    struct dbf_header header;
    struct pf_error err;
    int certainty = 0;

    (void)self;
    if (size < DBF_HEAD || dbf_version_name(head[0]) == NULL || !pf_memory_init(&memory, (size_t)16 << 20))
        return 0;
    pf_arena_init(&arena, &memory, SIZE_MAX);
    pf_error_clear(&err);
    if (dbf_header_read(&header, &arena, head, size, &err) == PF_OK)
        certainty = 92;
    pf_arena_free(&arena);
    pf_memory_destroy(&memory);
    return certainty;
}

/* ---- open */

static enum pf_status read_header(struct dbf_reader *reader, struct pf_error *err)
{
    const int64_t size = pf_source_size(reader->src);
    const size_t wanted = size < DBF_HEADER_CEILING ? (size_t)size : DBF_HEADER_CEILING;
    uint8_t *bytes = pf_alloc(&reader->ctx->memory, wanted + 1);
    enum pf_status status;

    if (bytes == NULL)
        return pf_fail_memory(err, wanted);
    status = wanted != 0 ? pf_source_read_at(reader->src, 0, bytes, wanted, err) : PF_OK;
    if (status == PF_OK)
        status = dbf_header_read(&reader->header, &reader->arena, bytes, wanted, err);
    pf_free(&reader->ctx->memory, bytes);
    return status;
}

/* Names in UTF-8, none empty and none twice. */
static enum pf_status name_columns(struct dbf_reader *reader, struct pf_error *err)
{
    const uint32_t count = reader->shown_count + reader->with_deleted;
    const char **names = pf_arena_alloc_zero(&reader->arena, count + 1, sizeof *names);
    struct pf_buffer name;
    bool bad, ok = names != NULL;

    pf_buffer_init(&name, &reader->ctx->memory, SIZE_MAX);
    for (uint32_t i = 0; ok && i < reader->shown_count; i++) {
        const struct dbf_field *field = &reader->header.fields[reader->shown[i]];
        const uint8_t *stored = field->long_name != NULL ? (const uint8_t *)field->long_name : field->raw_name;
        const size_t size = field->long_name != NULL ? strlen(field->long_name) : field->raw_size;

        pf_buffer_clear(&name);
        ok = dbf_decode(&reader->page, stored, size, &name, &bad) && pf_buffer_reserve(&name, 1);
        if (ok)
            names[i] = pf_arena_copy(&reader->arena, (const char *)name.data, name.size);
        ok = ok && names[i] != NULL;
    }
    pf_buffer_free(&name);
    if (!ok)
        return pf_fail_memory(err, count * sizeof *names);
    if (reader->with_deleted)
        names[reader->shown_count] = DELETED_COLUMN;
    if (pf_names_settle(names, NULL, count, false, &reader->arena, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < reader->shown_count; i++)
        reader->header.fields[reader->shown[i]].name = names[i];
    reader->deleted_name = names[reader->shown_count];
    return PF_OK;
}

static enum pf_status choose_columns(struct dbf_reader *reader, struct pf_error *err)
{
    struct dbf_header *header = &reader->header;

    reader->shown = pf_arena_alloc_zero(&reader->arena, header->field_count, sizeof *reader->shown);
    reader->troubles = pf_arena_alloc_zero(&reader->arena, header->field_count, sizeof *reader->troubles);
    reader->unreadable = pf_arena_alloc_zero(&reader->arena, header->field_count, sizeof *reader->unreadable);
    if (reader->shown == NULL || reader->troubles == NULL || reader->unreadable == NULL)
        return pf_fail_memory(err, header->field_count * sizeof *reader->troubles);
    for (uint32_t i = 0; i < header->field_count; i++) {
        struct dbf_field *field = &header->fields[i];

        if (field->way == DBF_HIDDEN)
            continue;
        reader->shown[reader->shown_count++] = i;
        if (reader->options->texts && field->field.type != PF_TYPE_BINARY)
            field->field = (struct pf_field){ .type = PF_TYPE_STRING };
    }
    if (reader->shown_count == 0)
        return pf_fail(err, PF_BAD_DATA, "the table has no columns");
    if (reader->shown_count > reader->ctx->limits.columns) {
        pf_fail(err, PF_LIMIT, "the table has %u columns", reader->shown_count);
        pf_remedy(err, "if that is right, raise --max-columns");
        return err->status;
    }
    return PF_OK;
}

/* What is not as the header says, and does not keep the table from being read. */
static void tell_layout(const struct dbf_reader *reader)
{
    const struct dbf_layout *layout = &reader->layout;
    const char *name = pf_source_name(reader->src);

    if (layout->rows > reader->header.counted || (layout->missing != 0 && !layout->cut))
        pf_warn(reader->ctx, "%s: the header counts %u records, the file has %lld: these are read", name,
                reader->header.counted, (long long)layout->rows);
    if (layout->behind > 0)
        pf_log(reader->ctx, PF_LOG_INFO, "%s: %lld bytes behind the last record are no record", name,
               (long long)layout->behind);
    if (reader->memo.looked_for[0] != '\0' && reader->memo.src == NULL)
        pf_warn(reader->ctx, "%s: there is no memo file %s beside it (in upper or lower case): memos are null", name,
                reader->memo.looked_for);
}

static enum pf_status open_parts(struct dbf_reader *reader, struct pf_error *err)
{
    if (read_header(reader, err) != PF_OK || dbf_layout_find(&reader->header, reader->src, &reader->layout, err) != PF_OK ||
        choose_columns(reader, err) != PF_OK ||
        dbf_memo_open(&reader->memo, reader->ctx, reader->src, &reader->header, &reader->arena, err) != PF_OK ||
        dbf_find_encoding(reader, err) != PF_OK || dbf_take_long_names(reader, err) != PF_OK ||
        name_columns(reader, err) != PF_OK)
        return err->status;
    reader->lock = pf_mutex_new();
    if (reader->lock == NULL)
        return pf_fail_memory(err, 64);
    tell_layout(reader);
    return PF_OK;
}

static enum pf_status dbf_open(const struct pf_reader *self, void *state, struct pf_context *ctx, struct pf_source *src,
                               const void *options, struct pf_error *err)
{
    struct dbf_reader *reader = state;

    (void)self;
    reader->ctx = ctx;
    reader->src = src;
    reader->options = options;
    reader->with_deleted = reader->options->with_deleted;
    pf_error_clear(err);
    pf_arena_init(&reader->arena, &ctx->memory, SIZE_MAX);
    reader->opened = true;
    if (open_parts(reader, err) != PF_OK)
        pf_error_source(err, pf_source_name(src));
    return err->status;
}

static enum pf_status dbf_table(void *state, uint32_t index, struct pf_table *out, struct pf_error *err)
{
    const struct pf_field deleted = { .type = PF_TYPE_BOOL, .required = true };
    const struct pf_field deleted_text = { .type = PF_TYPE_STRING };
    const struct dbf_reader *reader = state;

    if (index != 0)
        return PF_END;
    out->name = "";
    out->rows = -1;
    for (uint32_t i = 0; i < reader->shown_count; i++) {
        const struct dbf_field *field = &reader->header.fields[reader->shown[i]];

        if (!pf_schema_add(&out->schema, field->name, strlen(field->name), &field->field))
            return pf_fail_memory(err, strlen(field->name));
    }
    if (reader->with_deleted && !pf_schema_add(&out->schema, reader->deleted_name, strlen(reader->deleted_name),
                                               reader->options->texts ? &deleted_text : &deleted))
        return pf_fail_memory(err, strlen(reader->deleted_name));
    return PF_OK;
}

/* ---- a pass */

static enum pf_status dbf_start(void *state, const struct pf_pass *pass, struct pf_error *err)
{
    struct dbf_reader *reader = state;
    const size_t wanted = reader->options->block_bytes != 0 ? reader->options->block_bytes : BLOCK_BYTES;

    (void)err;
    reader->chosen = pass->columns;
    reader->chosen_count = pass->columns != NULL ? pass->column_count : reader->shown_count + reader->with_deleted;
    reader->next = 0;
    reader->cut_told = false;
    reader->deleted = 0;
    memset(reader->troubles, 0, reader->header.field_count * sizeof *reader->troubles);
    memset(reader->unreadable, 0, reader->header.field_count * sizeof *reader->unreadable);
    reader->block_rows = (int64_t)(wanted / reader->header.record) + 1;
    if (reader->memo.kind != DBF_MEMO_NONE && reader->block_rows > MEMO_ROWS)
        reader->block_rows = MEMO_ROWS;
    return PF_OK;
}

/* own: first record, records, bytes of a record that is cut. The cut one is the last of the last block, or of one of its own. */
static enum pf_status dbf_cut(void *state, struct pf_block *block, struct pf_error *err)
{
    struct dbf_reader *reader = state;
    const int64_t left = reader->layout.rows - reader->next;
    const int64_t rows = left < reader->block_rows ? left : reader->block_rows;
    const bool last = rows == left && reader->layout.cut && !reader->cut_told;

    (void)err;
    if (rows == 0 && !last)
        return PF_END;
    block->bytes = NULL;
    block->offset = (int64_t)reader->header.size + reader->next * reader->header.record;
    block->size = (size_t)(rows * reader->header.record) + (last ? reader->layout.rest : 0);
    block->own[0] = (uint64_t)reader->next;
    block->own[1] = (uint64_t)rows;
    block->own[2] = last;
    block->cost = (int64_t)block->size * 4 + rows * 16 * reader->chosen_count + 65536;
    reader->next += rows;
    reader->cut_told = reader->cut_told || last;
    return PF_OK;
}

/* ---- decoding a block */

/* A record whose flag is none: what is read of it, and of all behind it, may be of another record. */
static enum pf_status reject(struct pf_decoded *out, struct pf_arena *arena, int64_t row, const uint8_t *record, size_t size,
                             uint32_t stride, const char *reason, struct pf_error *err)
{
    struct pf_reject *rejects = pf_arena_alloc_zero(arena, (size_t)out->rows_rejected + 1, sizeof *rejects);
    char *copy = pf_arena_copy(arena, (const char *)record, size);

    if (rejects == NULL || copy == NULL)
        return pf_fail_memory(err, size);
    if (out->rows_rejected != 0)
        memcpy(rejects, out->rejects, (size_t)out->rows_rejected * sizeof *rejects);
    rejects[out->rows_rejected++] = (struct pf_reject){ .row = row,
                                                        .line = -1,
                                                        .offset = row * (int64_t)stride,
                                                        .by_on_error = true,
                                                        .reason = reason,
                                                        .raw = (const uint8_t *)copy,
                                                        .raw_size = size };
    out->rejects = rejects;
    return PF_OK;
}

static enum pf_status reject_flag(struct pf_decoded *out, struct pf_arena *arena, int64_t row, const uint8_t *record,
                                  uint32_t stride, struct pf_error *err)
{
    char *reason = pf_arena_alloc(arena, 96);

    if (reason == NULL)
        return pf_fail_memory(err, 96);
    (void)snprintf(reason, 96, "the record begins with 0x%02x: that is neither a blank nor a star", record[0]);
    return reject(out, arena, row, record, stride, stride, reason, err);
}

static enum pf_status reject_cut(const struct dbf_reader *reader, struct pf_decoded *out, struct pf_arena *arena, int64_t row,
                                 const uint8_t *record, struct pf_error *err)
{
    char *reason = pf_arena_alloc(arena, 128);

    if (reason == NULL)
        return pf_fail_memory(err, 128);
    (void)snprintf(reason, 128, "the file is cut short: it ends in record %lld of %u", (long long)reader->layout.rows + 1,
                   reader->header.counted);
    out->rows_read++;
    return reject(out, arena, row, record, reader->layout.rest, reader->header.record, reason, err);
}

static bool all_live(const uint8_t *records, int64_t count, uint32_t stride)
{
    uint8_t other = 0;

    for (int64_t i = 0; i < count; i++)
        other |= (uint8_t)(records[i * (int64_t)stride] ^ ' ');
    return other == 0;
}

/* Moves the records that are kept together. places, one a record: where each was. */
static enum pf_status sift(const struct dbf_reader *reader, uint8_t *records, struct dbf_rows *rows, struct pf_arena *arena,
                           struct pf_decoded *out, struct pf_error *err)
{
    const uint32_t stride = rows->stride;
    const int64_t count = rows->count;
    uint32_t *places;
    int64_t kept = 0;

    if (all_live(records, count, stride))
        return PF_OK;
    places = pf_arena_alloc(arena, (size_t)count * sizeof *places);
    if (places == NULL)
        return pf_fail_memory(err, (size_t)count * sizeof *places);
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *record = records + i * (int64_t)stride;

        if (*record == '*' && !reader->with_deleted) {
            out->rows_left_out++;
            continue;
        }
        if (*record != ' ' && *record != '*') {
            if (reject_flag(out, arena, kept + out->rows_rejected, record, stride, err) != PF_OK)
                return err->status;
            out->rejects[out->rows_rejected - 1].offset = i * (int64_t)stride;
            continue;
        }
        places[kept] = (uint32_t)i;
        if (kept != i)
            memmove(records + kept * (int64_t)stride, record, stride);
        kept++;
    }
    rows->count = kept;
    rows->places = places;
    return PF_OK;
}

static enum pf_status deleted_column(const struct dbf_decoding *decoding, struct ArrowArray *out, struct pf_error *err)
{
    const struct dbf_rows *rows = &decoding->rows;
    const bool text = decoding->reader->options->texts;
    int32_t *offsets;
    uint8_t *values;

    if (pf_array_new(out, &decoding->reader->ctx->memory, text ? PF_TYPE_STRING : PF_TYPE_BOOL, rows->count, rows->count * 5,
                     err) != PF_OK)
        return err->status;
    offsets = (int32_t *)(uintptr_t)pf_array_offsets(out);
    values = (uint8_t *)(uintptr_t)(text ? (const void *)pf_array_bytes(out) : pf_array_data(out));
    if (text)
        offsets[0] = 0;
    for (int64_t row = 0; row < rows->count; row++) {
        const bool deleted = *dbf_record(rows, row) == '*';

        if (text) {
            memcpy(values + offsets[row], deleted ? "true" : "false", deleted ? 4 : 5);
            offsets[row + 1] = offsets[row] + (deleted ? 4 : 5);
        } else if (deleted) {
            pf_bit_set(values, row);
        }
    }
    return PF_OK;
}

static void merge_trouble(struct dbf_trouble *to, const struct dbf_trouble *from)
{
    const int64_t count = to->count + from->count;

    if (from->count == 0)
        return;
    if (to->count == 0 || from->row < to->row)
        *to = *from;
    to->count = count;
}

static enum pf_status decode_columns(struct dbf_decoding *decoding, struct pf_batch *batch, struct pf_error *err)
{
    struct dbf_reader *reader = (struct dbf_reader *)(uintptr_t)decoding->reader;

    for (uint32_t i = 0; i < reader->chosen_count; i++) {
        const uint32_t column = reader->chosen != NULL ? reader->chosen[i] : i;
        uint32_t place;

        if (column == reader->shown_count) {
            if (deleted_column(decoding, &batch->columns[i], err) != PF_OK)
                return err->status;
            continue;
        }
        place = reader->shown[column];
        memset(&decoding->trouble, 0, sizeof decoding->trouble);
        memset(&decoding->unreadable, 0, sizeof decoding->unreadable);
        if (dbf_column(decoding, &reader->header.fields[place], &batch->columns[i], err) != PF_OK)
            return err->status;
        if (decoding->trouble.count == 0 && decoding->unreadable.count == 0)
            continue;
        pf_mutex_lock(reader->lock);
        merge_trouble(&reader->troubles[place], &decoding->trouble);
        merge_trouble(&reader->unreadable[place], &decoding->unreadable);
        pf_mutex_unlock(reader->lock);
    }
    return PF_OK;
}

static enum pf_status decode_records(const struct dbf_reader *reader, struct pf_block *block, uint8_t *records,
                                     struct pf_arena *arena, struct pf_decoded *out, struct pf_error *err)
{
    struct dbf_decoding decoding = { .reader = reader };

    decoding.rows = (struct dbf_rows){
        .records = records, .count = (int64_t)block->own[1], .stride = reader->header.record, .first = (int64_t)block->own[0]
    };
    out->rows_read = decoding.rows.count;
    if (sift(reader, records, &decoding.rows, arena, out, err) != PF_OK)
        return err->status;
    out->rows_kept = decoding.rows.count;
    if (block->own[2] != 0 && reject_cut(reader, out, arena, out->rows_kept + out->rows_rejected,
                                         records + (int64_t)block->own[1] * reader->header.record, err) != PF_OK)
        return err->status;
    if (pf_batch_new(&out->typed, &reader->ctx->memory, out->rows_kept, reader->chosen_count, err) != PF_OK)
        return err->status;
    if (decode_columns(&decoding, &out->typed, err) != PF_OK)
        pf_batch_free(&out->typed);
    return err->status;
}

static enum pf_status dbf_decode_block(const void *state, const struct pf_pass *pass, struct pf_block *block,
                                       struct pf_arena *arena, struct pf_decoded *out, struct pf_error *err)
{
    const struct dbf_reader *reader = state;
    struct pf_memory *memory = &reader->ctx->memory;
    uint8_t *records = pf_alloc(memory, block->size + DBF_PAD);

    (void)pass;
    memset(out, 0, sizeof *out);
    pf_error_clear(err);
    if (records == NULL)
        return pf_fail_memory(err, block->size);
    memset(records + block->size, 0, DBF_PAD);
    if (pf_source_read_at(reader->src, block->offset, records, block->size, err) == PF_OK)
        (void)decode_records(reader, block, records, arena, out, err);
    pf_free(memory, records);
    if (err->status == PF_OK && out->rows_left_out != 0) {
        pf_mutex_lock(reader->lock);
        ((struct dbf_reader *)(uintptr_t)reader)->deleted += out->rows_left_out;
        pf_mutex_unlock(reader->lock);
    }
    return err->status;
}

/* ---- what a pass found */

static void print_sample(const struct dbf_trouble *trouble, char to[4 * DBF_SAMPLE + 8])
{
    size_t used = 0;

    for (uint32_t i = 0; i < trouble->sample_size; i++) {
        const uint8_t byte = trouble->sample[i];

        used += (size_t)snprintf(to + used, 5, byte >= 0x20 && byte < 0x7F ? "%c" : "\\x%02x", byte);
    }
    to[used] = '\0';
}

/* After a pass that was read whole. */
static void dbf_tell(void *state)
{
    const struct dbf_reader *reader = state;
    char sample[4 * DBF_SAMPLE + 8];

    if (reader->deleted != 0)
        pf_warn(reader->ctx, "%lld deleted record%s left out (--with-deleted keeps them)", (long long)reader->deleted,
                reader->deleted == 1 ? " was" : "s were");
    for (uint32_t i = 0; i < reader->header.field_count; i++) {
        const struct dbf_trouble *trouble = &reader->troubles[i], *unreadable = &reader->unreadable[i];
        const struct dbf_field *field = &reader->header.fields[i];
        const bool memo = field->way == DBF_MEMO_TEXT || field->way == DBF_MEMO_BYTES;

        print_sample(trouble, sample);
        if (trouble->count != 0)
            pf_warn(reader->ctx, "column '%s': %lld value%s null, such as '%s' in record %lld, which is no value of its type",
                    field->name, (long long)trouble->count, trouble->count == 1 ? " was made" : "s were made", sample,
                    (long long)trouble->row + 1);
        print_sample(unreadable, sample);
        if (unreadable->count != 0 && memo)
            pf_warn(reader->ctx,
                    "column '%s': %lld memo%s damaged (null, or with characters replaced), the first '%s' in record %lld",
                    field->name, (long long)unreadable->count, unreadable->count == 1 ? " is" : "s are", sample,
                    (long long)unreadable->row + 1);
        else if (unreadable->count != 0)
            pf_warn(reader->ctx,
                    "column '%s': %lld text%s not all %s, such as '%s' in record %lld: what is no character became U+FFFD",
                    field->name, (long long)unreadable->count, unreadable->count == 1 ? " is" : "s are", reader->page.name,
                    sample, (long long)unreadable->row + 1);
    }
}

/* ---- facts */

static void number_fact(pf_fact_fn emit, void *user, const char *name, int64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    emit(user, name, text, true);
}

static void dbf_facts(const void *state, pf_fact_fn emit, void *user)
{
    const struct dbf_reader *reader = state;
    const struct dbf_header *header = &reader->header;
    char text[64];

    emit(user, "version", dbf_version_name(header->version), false);
    (void)snprintf(text, sizeof text, "0x%02x", header->version);
    emit(user, "version_byte", text, false);
    (void)snprintf(text, sizeof text, "%04d-%02d-%02d", header->year, header->month, header->day);
    emit(user, "last_update", text, false);
    emit(user, "encoding", reader->page.name, false);
    emit(user, "encoding_from", reader->encoding_from, false);
    (void)snprintf(text, sizeof text, "0x%02x", header->language);
    emit(user, "language_byte", text, false);
    number_fact(emit, user, "records", reader->layout.rows);
    number_fact(emit, user, "records_by_header", header->counted);
    number_fact(emit, user, "record_bytes", header->record);
    number_fact(emit, user, "header_bytes", header->size);
    number_fact(emit, user, "columns", reader->shown_count + reader->with_deleted);
    emit(user, "memo_file", reader->memo.src != NULL ? pf_source_name(reader->memo.src) : "none", false);
    if (header->driver[0] != '\0')
        emit(user, "language_driver", header->driver, false);
    if (header->backlink[0] != '\0')
        emit(user, "database", header->backlink, false);
}

static void dbf_close(void *state)
{
    struct dbf_reader *reader = state;

    if (!reader->opened)
        return;
    dbf_memo_close(&reader->memo);
    pf_mutex_free(reader->lock);
    pf_arena_free(&reader->arena);
    memset(reader, 0, sizeof *reader);
}

/* ---- descriptor */

#define AT(member) offsetof(struct pf_dbf_read_options, member)

static const struct pf_option dbf_options[] = {
    { .name = "encoding",
      .kind = PF_OPTION_TEXT,
      .unit = "NAME",
      .help = "Of the texts; without it, as the file says, else as its text shows.",
      .group = "dBase input",
      .offset = AT(encoding) },
    { .name = "with-deleted",
      .kind = PF_OPTION_FLAG,
      .help = "Keep deleted records; the column _deleted tells which they are.",
      .group = "dBase input",
      .offset = AT(with_deleted) },
    { .name = NULL },
};

static const char *const dbf_suffixes[] = { "dbf", NULL };

const struct pf_reader pf_dbf_reader = {
    .abi = PF_ABI,
    .flags = PF_READER_TYPED | PF_READER_READ_AT | PF_READER_FOLDER_1_0,
    .name = "dbf",
    .description = "dBase tables (dBase II to 7, FoxPro, Clipper), with memos",
    .suffixes = dbf_suffixes,
    .options = dbf_options,
    .state_size = sizeof(struct dbf_reader),
    .option_size = sizeof(struct pf_dbf_read_options),
    .compat_offset = AT(compat),
    .texts_offset = AT(texts),
    .probe = dbf_probe,
    .open = dbf_open,
    .table = dbf_table,
    .start = dbf_start,
    .cut = dbf_cut,
    .decode = dbf_decode_block,
    .tell = dbf_tell,
    .facts = dbf_facts,
    .close = dbf_close,
};
