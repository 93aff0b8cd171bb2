/* Decoding: from a block to text columns.
 *
 * The block is indexed in strips that stay in cache; a record is taken once all its field ends are known, so that a row that
 * is not kept leaves the block as it was. Values are views into the block; only those with quotes or escapes inside are
 * rewritten, in place. */
#include <stdio.h>
#include <string.h>

#include "base/swar.h"
#include "formats/csv/csv.h"

enum { STRIP = 8192, SLACK = 64, FEW_ROWS = 256 };

/* Columns of the pass, in one piece a column: offsets, sizes, kinds of stride rows. */
struct columns {
    uint8_t *base;
    size_t stride, piece; /* rows; bytes from one column to the next */
    uint32_t count;
};

struct decode {
    const struct csv_reader *reader;
    const uint32_t *pick; /* columns of the pass; NULL = all, in order */
    struct pf_block *block;
    struct pf_arena *arena;
    struct pf_decoded *out;
    struct pf_error *err;
    uint8_t *bytes;
    struct columns columns;
    struct csv_index index;
    uint64_t *row_place;
    uint64_t *row_record; /* NULL = not asked for */
    int64_t row_limit;
    size_t utf8_until; /* all before it is known to be UTF-8 */
    int64_t reject_capacity;

    /* where it stands */
    uint32_t record_start;
    int64_t place; /* of the record in the source, from the start of the block */
    int64_t line;
    int64_t inner_lines; /* of the record under way, in strips before */
    uint64_t dropped;    /* field ends of the record under way that found no room: it is longer than any row that is kept */
};

static uint32_t *offsets_of(const struct columns *columns, uint32_t column)
{
    return (uint32_t *)(void *)(columns->base + columns->piece * column);
}

static uint32_t *sizes_of(const struct columns *columns, uint32_t column)
{
    return offsets_of(columns, column) + columns->stride;
}

static uint8_t *kinds_of(const struct columns *columns, uint32_t column)
{
    return (uint8_t *)(sizes_of(columns, column) + columns->stride);
}

/* ---- rows that are kept */

static void put_value(const struct columns *columns, uint32_t column, int64_t row, struct csv_value value)
{
    offsets_of(columns, column)[row] = value.offset;
    sizes_of(columns, column)[row] = value.size;
    kinds_of(columns, column)[row] = value.kind;
}

/* A row with all its fields, in a dialect without escapes. ends: one a field, the last one adjusted for the line end. */
static void keep_whole(const struct decode *decode, const uint32_t *ends, int64_t row)
{
    const struct columns *columns = &decode->columns;
    const int quote = decode->reader->dialect.quote;
    const size_t step = columns->piece;
    uint8_t *bytes = decode->bytes;
    uint8_t *offset_at = columns->base + (size_t)row * 4;
    uint8_t *size_at = offset_at + columns->stride * 4;
    uint8_t *kind_at = columns->base + columns->stride * 8 + (size_t)row;
    uint32_t start = decode->record_start;

    for (uint32_t i = 0; i < columns->count; i++) {
        struct csv_value value = { .offset = start, .size = ends[i] - start };

        value.kind = value.size != 0;
        if (bytes[start] == quote)
            value = csv_take_quoted(bytes, start, ends[i], (uint8_t)quote);
        start = ends[i] + 1;
        *(uint32_t *)(void *)offset_at = value.offset;
        *(uint32_t *)(void *)size_at = value.size;
        *kind_at = value.kind;
        offset_at += step;
        size_at += step;
        kind_at += step;
    }
}

/* Any other row: columns left out, missing at its end, or a dialect with escapes. */
static void keep_picked(const struct decode *decode, const uint32_t *ends, uint32_t fields, int64_t row)
{
    const struct csv_dialect *dialect = &decode->reader->dialect;

    for (uint32_t i = 0; i < decode->columns.count; i++) {
        uint32_t column = decode->pick != NULL ? decode->pick[i] : i;
        struct csv_value value = { .offset = decode->record_start };

        if (column < fields) {
            uint32_t start = column != 0 ? ends[column - 1] + dialect->delimiter_size : decode->record_start;

            value = csv_take(dialect, decode->bytes, start, ends[column]);
        }
        put_value(&decode->columns, i, row, value);
    }
}

/* ---- rows that are not */

static bool add_reject(struct decode *decode, const struct pf_reject *reject)
{
    struct pf_decoded *out = decode->out;

    if (out->rows_rejected == decode->reject_capacity) {
        int64_t capacity = decode->reject_capacity != 0 ? decode->reject_capacity * 2 : 16;
        struct pf_reject *grown = pf_arena_alloc(decode->arena, (size_t)capacity * sizeof *grown);

        if (grown == NULL) {
            pf_fail_memory(decode->err, (size_t)capacity * sizeof *grown);
            return false;
        }
        if (out->rows_rejected != 0)
            memcpy(grown, out->rejects, (size_t)out->rows_rejected * sizeof *grown);
        out->rejects = grown;
        decode->reject_capacity = capacity;
    }
    out->rejects[out->rows_rejected++] = *reject;
    return true;
}

/* line: of the record, in the block, from 0. */
static struct pf_reject reject_at(const struct decode *decode, int64_t line, uint32_t end)
{
    return (struct pf_reject){ .row = decode->out->rows_kept + decode->out->rows_rejected,
                               .line = line,
                               .offset = decode->place,
                               .raw = decode->bytes + decode->record_start,
                               .raw_size = end - decode->record_start };
}

static bool reject_long(struct decode *decode, int64_t line, uint32_t end, uint64_t fields)
{
    struct pf_reject reject = reject_at(decode, line, end);
    char reason[96];
    int size = snprintf(reason, sizeof reason, "the row has %llu fields, but the table has %u column%s",
                        (unsigned long long)fields, decode->reader->column_count, decode->reader->column_count != 1 ? "s" : "");

    if (decode->reader->ragged == PF_CSV_RAGGED_FAIL || decode->reader->ragged == PF_CSV_RAGGED_FAIL_LONG) {
        pf_fail(decode->err, PF_BAD_DATA, "%s", reason);
        pf_remedy(decode->err, "set long rows aside with --ragged reject, or add columns for them with --ragged extend");
        decode->err->row = reject.row + 1;
        decode->err->line = line + 1;
        decode->err->offset = reject.offset;
        return false;
    }
    reject.reason = pf_arena_copy(decode->arena, reason, (size_t)size);
    if (reject.reason == NULL) {
        pf_fail_memory(decode->err, (size_t)size);
        return false;
    }
    return add_reject(decode, &reject);
}

static bool fail_short(struct decode *decode, int64_t line, uint32_t end, uint64_t fields)
{
    struct pf_reject reject = reject_at(decode, line, end);

    pf_fail(decode->err, PF_BAD_DATA, "the row has %llu field%s, but the table has %u columns", (unsigned long long)fields,
            fields != 1 ? "s" : "", decode->reader->column_count);
    pf_remedy(decode->err, "--ragged fail-long fills short rows with nulls and stops at long ones only");
    decode->err->row = reject.row + 1;
    decode->err->line = line + 1;
    decode->err->offset = reject.offset;
    return false;
}

/* bad: offset of the first byte that is not UTF-8. ends: field ends of the record, stored of them. */
static bool reject_text(struct decode *decode, int64_t line, uint32_t end, uint32_t bad, const uint32_t *ends, uint32_t stored)
{
    struct pf_reject reject = reject_at(decode, line, end);
    char reason[96];
    int size = snprintf(reason, sizeof reason, "the byte 0x%02X is not UTF-8; name the file's encoding", decode->bytes[bad]);

    reject.by_on_error = true;
    reject.column = 1;
    for (uint32_t i = 0; i < stored && ends[i] < bad; i++)
        reject.column++;
    reject.reason = pf_arena_copy(decode->arena, reason, (size_t)size);
    if (reject.reason == NULL) {
        pf_fail_memory(decode->err, (size_t)size);
        return false;
    }
    return add_reject(decode, &reject);
}

static bool fail_record(struct decode *decode, int64_t line)
{
    pf_fail(decode->err, PF_LIMIT, "a record is longer than %zu bytes", decode->reader->max_record);
    pf_remedy(decode->err, "raise the limit with --max-record");
    decode->err->row = decode->out->rows_kept + decode->out->rows_rejected + 1;
    decode->err->line = line + 1;
    decode->err->offset = decode->place;
    return false;
}

/* ---- records */

/* A long row whose surplus fields are all empty loses nothing without them. from: the end of the last field that has a
 * column. */
static bool is_surplus_empty(const struct decode *decode, uint32_t from, uint32_t end)
{
    const struct csv_dialect *dialect = &decode->reader->dialect;

    while (from < end && csv_is_delimiter(dialect, decode->bytes, end, from))
        from += dialect->delimiter_size;
    return from == end;
}

static bool is_left_out(const struct decode *decode, uint32_t end, uint64_t fields)
{
    const struct csv_dialect *dialect = &decode->reader->dialect;
    uint32_t start = decode->record_start;

    if (start == end)
        return true;
    if (dialect->comment_size != 0 && end - start >= dialect->comment_size &&
        memcmp(decode->bytes + start, dialect->comment, dialect->comment_size) == 0)
        return true;
    if (!dialect->trim || fields != 1)
        return false;
    while (start < end && (decode->bytes[start] == ' ' || decode->bytes[start] == '\t'))
        start++;
    return start == end;
}

/* The rest of finish_record, for a record that does not have exactly one field a column, or that may not be UTF-8. *kept: it
 * is a row. */
static bool judge(struct decode *decode, const uint32_t *ends, uint32_t stored, uint32_t end, int64_t line, bool *kept)
{
    uint64_t fields = stored + decode->dropped;
    uint32_t columns = decode->reader->column_count;

    *kept = false;
    if (is_left_out(decode, end, fields)) {
        decode->out->rows_left_out++;
        return true;
    }
    if (fields > columns && !is_surplus_empty(decode, ends[columns - 1], end))
        return reject_long(decode, line, end, fields);
    if (end > decode->utf8_until) {
        const uint8_t *text = decode->bytes + decode->record_start;
        size_t valid = pf_utf8_valid(text, end - decode->record_start, decode->reader->features);

        if (valid != end - decode->record_start)
            return reject_text(decode, line, end, decode->record_start + (uint32_t)valid, ends, stored);
    }
    if (fields < columns && decode->reader->ragged == PF_CSV_RAGGED_FAIL)
        return fail_short(decode, line, end, fields);
    decode->out->rows_short += fields < columns;
    *kept = true;
    return true;
}

/* ends: field ends of the record, stored of them; the last is the line end. */
static bool finish_record(struct decode *decode, uint32_t *ends, uint32_t stored, int64_t inner_lines)
{
    const struct csv_reader *reader = decode->reader;
    struct pf_decoded *out = decode->out;
    uint32_t stop = ends[stored - 1], end = stop, start = decode->record_start;
    int64_t line = decode->line, next = stop + 1;
    bool kept = true;

    /* before values are rewritten */
    if (PF_UNLIKELY(reader->encoding.unit != 0)) {
        next = decode->place + csv_source_size(&reader->encoding, decode->bytes + start, stop + 1 - start);
        next = next < UINT32_MAX ? next : UINT32_MAX; /* UTF-32 can take four times the block */
    }
    end -= end > start && decode->bytes[end] == '\n' && decode->bytes[end - 1] == '\r';
    ends[stored - 1] = end;
    if (PF_UNLIKELY(end - start > reader->max_record))
        return fail_record(decode, line);
    if (PF_UNLIKELY(stored != reader->column_count || decode->dropped != 0 || stored == 1 ||
                    reader->dialect.comment_size != 0 || end > decode->utf8_until)) {
        if (!judge(decode, ends, stored, end, line, &kept))
            return false;
    }
    if (kept) {
        if (PF_UNLIKELY(end - start == reader->header_size) &&
            memcmp(decode->bytes + start, reader->header_text, reader->header_size) == 0)
            out->rows_like_header++;
        if (out->rows_kept == decode->row_limit) {
            pf_fail(decode->err, PF_INTERNAL, "a block holds more records than were counted");
            return false;
        }
        decode->row_place[out->rows_kept] = pf_place((uint64_t)line, (uint64_t)decode->place);
        if (PF_UNLIKELY(decode->row_record != NULL))
            decode->row_record[out->rows_kept] = (uint64_t)(end - start) << 32 | start;
        if (decode->pick == NULL && stored == reader->column_count && reader->kernel != &csv_kernel_walk)
            keep_whole(decode, ends, out->rows_kept);
        else
            keep_picked(decode, ends, stored, out->rows_kept);
        out->rows_kept++;
    }
    out->rows_read++;
    decode->line = line + 1 + inner_lines;
    decode->record_start = stop + 1;
    decode->place = next;
    return true;
}

/* ---- strips */

/* The records that ended in the strip; what is left of the last one moves to the front. */
static bool finish_strip(struct decode *decode)
{
    struct csv_index *index = &decode->index;
    uint32_t first = 0, inner = 0, left;

    for (uint32_t i = 0; i < index->record_count; i++) {
        uint32_t last = index->record_end[i], before = inner;

        while (inner < index->inner_count && index->inner[inner] < index->position[last])
            inner++;
        if (!finish_record(decode, index->position + first, last - first + 1, decode->inner_lines + (inner - before)))
            return false;
        decode->inner_lines = 0;
        decode->dropped = 0;
        first = last + 1;
    }
    decode->inner_lines += index->inner_count - inner;
    left = index->position_count - first;
    if (left > decode->reader->column_count) {
        decode->dropped += left - decode->reader->column_count;
        left = decode->reader->column_count;
    }
    memmove(index->position, index->position + first, left * sizeof *index->position);
    index->position_count = left;
    index->record_count = index->inner_count = 0;
    return true;
}

static bool decode_strips(struct decode *decode)
{
    struct csv_index *index = &decode->index;
    size_t size = decode->block->size;

    while (index->at < size) {
        size_t to = size - index->at < STRIP ? size : (index->at + STRIP) & ~(size_t)63;

        decode->reader->kernel->index(&decode->reader->dialect, index, decode->bytes, to, size);
        csv_index_last(index, size);
        if (!finish_strip(decode))
            return false;
    }
    return true;
}

/* ---- the block */

static bool set_up(struct decode *decode)
{
    const struct csv_reader *reader = decode->reader;
    struct csv_index *index = &decode->index;
    struct columns *columns = &decode->columns;
    size_t room = (size_t)STRIP + SLACK, rows = (size_t)decode->row_limit, bytes;

    /* An odd number of cache lines from column to column, so that the columns of a row do not all fall into the same sets. Where a
     * column has few rows there are very many columns, and what they take counts. */
    columns->stride = rows < FEW_ROWS ? (rows + 7) / 8 * 8 : (rows + 63) / 64 * 64;
    columns->piece = rows < FEW_ROWS ? columns->stride * 9 : columns->stride * 9 | 64;
    bytes = columns->piece * columns->count;
    columns->base = pf_arena_alloc(decode->arena, bytes);
    decode->row_place = pf_arena_alloc(decode->arena, rows * sizeof *decode->row_place);
    decode->out->text = pf_arena_alloc_zero(decode->arena, columns->count, sizeof *decode->out->text);
    index->position = pf_arena_alloc(decode->arena, (room + reader->column_count) * sizeof *index->position);
    index->record_end = pf_arena_alloc(decode->arena, room * sizeof *index->record_end);
    index->inner = pf_arena_alloc(decode->arena, room * sizeof *index->inner);
    if (columns->base != NULL && decode->row_place != NULL && decode->out->text != NULL && index->position != NULL &&
        index->record_end != NULL && index->inner != NULL)
        return true;
    pf_fail_memory(decode->err, bytes);
    return false;
}

static bool is_null_text(const struct csv_null_list *nulls, const uint8_t *text, uint32_t size)
{
    for (uint32_t i = 0; i < nulls->count; i++) {
        if (nulls->items[i].size == size && memcmp(nulls->items[i].text, text, size) == 0)
            return true;
    }
    return false;
}

/* Values that the null list names become null, quoted or not. */
static void apply_nulls(const struct decode *decode, const uint32_t *offset, uint32_t *size, uint8_t *kind)
{
    const struct csv_null_list *nulls = &decode->reader->nulls;

    for (int64_t i = 0; i < decode->out->rows_kept; i++) {
        uint32_t place = size[i] < 63 ? size[i] : 63;

        if ((nulls->sizes >> place & 1) != 0 && is_null_text(nulls, decode->bytes + offset[i], size[i])) {
            kind[i] = PF_TEXT_NULL;
            size[i] = 0;
        }
    }
}

/* Hands a column out. */
static void finish_column(const struct decode *decode, uint32_t column)
{
    struct pf_text_column *text = &decode->out->text[column];
    uint32_t *size = sizes_of(&decode->columns, column);
    uint8_t *kind = kinds_of(&decode->columns, column);
    int64_t rows = decode->out->rows_kept, total = 0, nulls = 0;

    text->bytes = decode->bytes;
    text->numbers = decode->reader->numbers;
    text->offset = offsets_of(&decode->columns, column);
    text->size = size;
    text->kind = kind;
    if (decode->reader->compat) {
        for (int64_t i = 0; i < rows; i++)
            kind[i] = size[i] == 0 ? PF_TEXT_QUOTED : kind[i];
    }
    if (decode->reader->nulls.count != 0)
        apply_nulls(decode, text->offset, size, kind);
    for (int64_t i = 0; i < rows; i++)
        total += size[i];
    for (int64_t i = 0; i < rows; i++)
        nulls += kind[i] == PF_TEXT_NULL;
    text->total = total;
    text->nulls = nulls;
}

/* Values are rewritten in place, so the text of a row that may still be rejected is kept apart. */
static bool keep_records(struct decode *decode)
{
    size_t size = decode->block->size, rows = (size_t)decode->row_limit;
    uint8_t *copy = pf_arena_alloc(decode->arena, size);

    decode->row_record = pf_arena_alloc(decode->arena, rows * sizeof *decode->row_record);
    if (copy == NULL || decode->row_record == NULL) {
        pf_fail_memory(decode->err, size);
        return false;
    }
    if (size != 0)
        memcpy(copy, decode->bytes, size);
    decode->out->records = copy;
    decode->out->row_record = decode->row_record;
    return true;
}

enum pf_status csv_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                          struct pf_decoded *out, struct pf_error *err)
{
    const struct csv_reader *reader = state;
    struct decode decode = { .reader = reader,
                             .block = block,
                             .arena = arena,
                             .out = out,
                             .err = err,
                             .bytes = block->bytes,
                             .columns.count = pass->columns != NULL ? pass->column_count : reader->column_count,
                             .index.words.before = 1,
                             .row_limit = (int64_t)block->own[1],
                             .utf8_until = block->size,
                             .line = (int64_t)block->own[0] };

    *out = (struct pf_decoded){ 0 };
    if (pass->columns != NULL && (pass->column_count != reader->column_count || reader->column_count == 0))
        decode.pick = pass->columns;
    if (reader->encoding.utf8)
        decode.utf8_until = pf_utf8_valid(block->bytes, block->size, reader->features);
    if (pass->survey)
        out->met = csv_survey(&reader->dialect, block->bytes, block->size);
    if (!set_up(&decode) || (pass->keep_records && !keep_records(&decode)) || !decode_strips(&decode)) {
        pf_error_source(err, pf_source_name(reader->src));
        return err->status;
    }
    out->lines = decode.line;
    out->row_place = decode.row_place;
    for (uint32_t i = 0; i < decode.columns.count; i++)
        finish_column(&decode, i);
    return PF_OK;
}
