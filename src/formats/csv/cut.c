/* Cutting: blocks that end where a record ends, found with the exact state of quotes from the beginning of the source. */
#include <string.h>

#include "formats/csv/csv.h"

enum {
    BLOCK_BYTES = (2 << 20) - 8192, /* with what stands around it, a buffer fits a size of the pool */
    SMALLEST_READ = 4096,
    VALUES_PER_BLOCK = 2 << 20, /* short rows of a wide table would otherwise make a block without bound */
    BYTES_PER_VALUE = 9,        /* offset, size and kind */
    TYPED_BYTES = 8,
    COLUMN_BYTES = 768, /* of a block, whatever its rows: text column, evidence, array and the least size of its buffers */
    WIDE_ROWS = 64, /* a block of a wide table is to have, or what each column takes besides its values would be most of it */
    BLOCKS_IN_MEMORY = 16 /* that the memory limit should have room for */
};

/* Usual values are 8 bytes with their delimiter. */
static size_t usual_block_bytes(const struct csv_reader *reader)
{
    size_t wide = (size_t)reader->column_count * WIDE_ROWS * 8, most = reader->ctx->memory.limit / BLOCKS_IN_MEMORY;

    wide = wide < most ? wide : most;
    return wide > BLOCK_BYTES ? wide : BLOCK_BYTES;
}

/* Characters of some encodings take more or fewer bytes: places are not known then. */
static enum pf_status tell_place(struct csv_reader *reader)
{
    if (!reader->encoding.utf8 && reader->encoding.unit == 0)
        reader->offset = -1;
    return PF_OK;
}

enum pf_status csv_start(void *state, const struct pf_pass *pass, struct pf_error *err)
{
    struct csv_reader *reader = state;

    reader->pass = pass;
    if (reader->block_bytes == 0)
        reader->block_bytes = usual_block_bytes(reader);
    reader->next_size = reader->block_bytes;
    reader->line = reader->data_line;
    reader->number = 0;
    reader->ended = false;
    if (reader->opened_input) { /* open stands where the data begins */
        reader->opened_input = false;
        return tell_place(reader);
    }
    if (reader->input.ctx == NULL) {
        if (csv_input_open(&reader->input, reader->ctx, reader->src, &reader->encoding, err) != PF_OK)
            return err->status;
    } else if (csv_input_rewind(&reader->input, &reader->encoding, err) != PF_OK) {
        return err->status;
    }
    reader->offset = reader->encoding.bom_size;
    if (csv_input_skip(&reader->input, &reader->encoding, reader->data_offset, &reader->offset, err) != PF_OK)
        return err->status;
    return tell_place(reader);
}

static uint32_t columns_of(const struct csv_reader *reader)
{
    return reader->pass->columns != NULL ? reader->pass->column_count : reader->column_count;
}

/* ---- what is wrong at the end: places are relative to the block that was not made, as those of decoding are */

/* Lines before the data count as lines of the first block, so that line numbers are those of the file. */
static int64_t lines_before(const struct csv_reader *reader)
{
    return reader->number == 0 ? reader->data_line : 0;
}

/* Where the last quote opened that is not closed: bytes before it, and physical lines. false when none is open. */
static bool find_open_quote(const struct csv_reader *reader, const uint8_t *bytes, size_t size, size_t *offset, int64_t *lines)
{
    enum csv_state state = CSV_AT_RECORD;
    int64_t line = 0;
    size_t at = 0;

    while (at < size) {
        enum csv_state before = state;
        size_t here = at;
        enum csv_event event = csv_step(&reader->dialect, &state, bytes, size, &at);

        if (state == CSV_QUOTED && before != CSV_QUOTED && before != CSV_CLOSED) {
            *offset = here;
            *lines = line;
        }
        line += event == CSV_INNER_LINE || event == CSV_RECORD_END;
    }
    return state == CSV_QUOTED;
}

static enum pf_status fail_unclosed(const struct csv_reader *reader, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    size_t offset = 0;
    int64_t lines = 0;

    (void)find_open_quote(reader, bytes, size, &offset, &lines);
    pf_fail(err, PF_BAD_DATA, "the quote (%c) that opens on line %lld is not closed before the end", reader->dialect.quote,
            (long long)(reader->line + lines + 1));
    pf_remedy(err, "close it in the file, or read quotes as plain text with --quote none");
    err->line = lines_before(reader) + lines + 1;
    err->offset = csv_source_size(&reader->encoding, bytes, offset);
    return err->status;
}

static enum pf_status fail_long(const struct csv_reader *reader, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    size_t offset = 0;
    int64_t lines = 0;

    pf_fail(err, PF_LIMIT, "the record that begins on line %lld is longer than %zu bytes", (long long)(reader->line + 1),
            reader->max_record);
    if (find_open_quote(reader, bytes, size, &offset, &lines))
        pf_remedy(err, "if the quote on line %lld is not meant as one, use --quote none; else raise --max-record",
                  (long long)(reader->line + lines + 1));
    else
        pf_remedy(err, "raise the limit with --max-record");
    err->line = lines_before(reader) + 1;
    err->offset = 0;
    return err->status;
}

/* ---- cutting */

/* A block in the making. */
struct cut {
    uint8_t *bytes;
    size_t size, capacity; /* CSV_PAD more than capacity are allocated */
    struct csv_border border;
    bool final; /* the source ends with these bytes */
};

static bool is_inside(const struct csv_border *border)
{
    return border->words.inside != 0 || border->state == CSV_QUOTED;
}

/* Twice the room, for a record that is longer than the block. */
static enum pf_status grow(struct csv_reader *reader, struct cut *cut, struct pf_error *err)
{
    size_t capacity = cut->capacity * 2;
    uint8_t *grown;

    if (cut->border.at > reader->max_record)
        return fail_long(reader, cut->bytes, cut->size, err);
    if (capacity > reader->max_record + SMALLEST_READ)
        capacity = reader->max_record + SMALLEST_READ;
    grown = pf_resize(&reader->ctx->memory, cut->bytes, capacity + CSV_PAD);
    if (grown == NULL) {
        pf_fail(err, PF_NO_MEMORY, "out of memory: there is no room for a record of more than %zu MiB", cut->border.at >> 20);
        pf_remedy(err, "raise --memory, or give the machine more memory");
        err->line = lines_before(reader) + 1;
        err->offset = 0;
        return err->status;
    }
    cut->bytes = grown;
    cut->capacity = capacity;
    return PF_OK;
}

/* Reads until there is a place to cut. */
static enum pf_status find_border(struct csv_reader *reader, struct cut *cut, struct pf_error *err)
{
    for (;;) {
        size_t got, want = cut->capacity - cut->size;

        if (pf_text_input_read(&reader->input, cut->bytes + cut->size, want, &got, err) != PF_OK)
            return err->status;
        cut->size += got;
        cut->final = got < want;
        reader->kernel->border(&reader->dialect, &cut->border, cut->bytes, cut->size, cut->final);
        if (cut->border.full || cut->final || cut->border.end != 0)
            return PF_OK;
        if (grow(reader, cut, err) != PF_OK)
            return err->status;
    }
}

/* The last record of a source need not end with a line end. */
static enum pf_status close_last(struct csv_reader *reader, struct cut *cut, struct pf_error *err)
{
    struct csv_border *border = &cut->border;

    if (is_inside(border))
        return fail_unclosed(reader, cut->bytes, cut->size, err);
    if (border->end < cut->size) {
        border->end = cut->size;
        border->lines = border->all_lines + 1;
        border->rows++;
    }
    return PF_OK;
}

/* At most what decoding the block and casting it takes. */
static int64_t cost_of(const struct csv_reader *reader, const struct cut *cut)
{
    int64_t columns = columns_of(reader), values = cut->border.rows * columns, records = 0;

    if (reader->pass->keep_records)
        records = (int64_t)cut->border.end + cut->border.rows * (int64_t)sizeof(uint64_t);
    return (int64_t)cut->capacity + records + values * (BYTES_PER_VALUE + TYPED_BYTES) + (int64_t)cut->border.end +
           cut->border.rows * (int64_t)sizeof(uint64_t) + columns * COLUMN_BYTES;
}

static enum pf_status make_block(struct csv_reader *reader, struct cut *cut, struct pf_block *block, struct pf_error *err)
{
    size_t end = cut->border.end;

    if (pf_text_input_unread(&reader->input, cut->bytes + end, cut->size - end, err) != PF_OK)
        return err->status;
    memset(cut->bytes + end, 0, CSV_PAD);
    *block = (struct pf_block){ .offset = reader->offset, .bytes = cut->bytes, .size = end };
    block->cost = cost_of(reader, cut);
    block->own[0] = (uint64_t)lines_before(reader);
    block->own[1] = (uint64_t)cut->border.rows;
    reader->number++;
    if (reader->offset >= 0)
        reader->offset += csv_source_size(&reader->encoding, cut->bytes, end);
    reader->line += cut->border.lines;
    reader->ended = cut->final && !cut->border.full;
    if (cut->border.full)
        reader->next_size = end * 2 > SMALLEST_READ ? end * 2 : SMALLEST_READ;
    else
        reader->next_size *= 4;
    if (reader->next_size > reader->block_bytes)
        reader->next_size = reader->block_bytes;
    return PF_OK;
}

enum pf_status csv_cut(void *state, struct pf_block *block, struct pf_error *err)
{
    struct csv_reader *reader = state;
    uint32_t columns = columns_of(reader);
    struct cut cut = { .capacity = reader->next_size,
                       .border = { .words = { .before = 1 },
                                   .max_rows = 1 + VALUES_PER_BLOCK / (int64_t)(columns != 0 ? columns : 1) } };
    enum pf_status status;

    if (reader->ended)
        return PF_END;
    cut.bytes = pf_alloc(&reader->ctx->memory, cut.capacity + CSV_PAD);
    if (cut.bytes == NULL)
        return pf_fail_memory(err, cut.capacity + CSV_PAD);
    pf_text_input_mark(&reader->input);
    status = find_border(reader, &cut, err);
    if (status == PF_OK && cut.final && !cut.border.full)
        status = close_last(reader, &cut, err);
    if (status == PF_OK && cut.size == 0) {
        reader->ended = true;
        status = PF_END;
    }
    if (status == PF_OK)
        status = make_block(reader, &cut, block, err);
    if (status == PF_OK)
        return PF_OK;
    pf_free(&reader->ctx->memory, cut.bytes);
    if (status != PF_END && err->line > 0)
        block->offset = reader->offset;
    if (status != PF_END)
        pf_error_source(err, pf_source_name(reader->src));
    return status;
}
