/* Cutting a sheet: which rows a block has, and how many rows it gives. Rows that are not in the sheet are blank rows of the table, except
 * after the last row that has a value. */
#include <string.h>

#include "formats/xlsx/feed.h"

enum {
    VALUES_PER_BLOCK = 1 << 18,
    BYTES_PER_VALUE = 9, /* offset, size and kind */
    TYPED_BYTES = 8,
    COLUMN_BYTES = 768,        /* of a block, whatever its rows */
    CELL_BYTES = 32,           /* of XML that a cell with a shared string takes at least, or nearly so */
    TEXTS_PER_BLOCK = 8 << 20, /* bytes of shared strings that a block should bring at most */
    LEAST_BLOCK = 16 << 10
};

/* Bytes of shared strings that so many bytes of XML bring, if their strings are as long as all are. */
static uint64_t texts_of(const struct xlsx_reader *reader, size_t size)
{
    const struct xlsx_strings *strings = &reader->strings;

    return strings->count != 0 ? size / CELL_BYTES * (strings->total / strings->count + 1) : 0;
}

/* Long strings make small blocks. */
static size_t usual_block(const struct xlsx_reader *reader)
{
    size_t size = XLSX_BLOCK;

    if (reader->block_bytes != 0)
        return reader->block_bytes;
    while (size > LEAST_BLOCK && texts_of(reader, size) > TEXTS_PER_BLOCK)
        size /= 2;
    return size;
}

/* ---- numbers of rows */

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The value of the attribute r of a tag, without blanks; 0 = it has none; -1 = the tag is not complete. */
static int find_r(const uint8_t *tag, const uint8_t *end, const uint8_t **value, size_t *size)
{
    const uint8_t *at = tag;
    bool empty;
    const uint8_t *after = xlsx_tag_end(tag, end, &empty);

    if (after == NULL)
        return -1;
    /* names and values are gone over with their quotes, so that no value is taken for a name */
    while (at < after && !is_space(*at))
        at++;
    while (at < after) {
        const uint8_t *name, *close;
        size_t length;

        while (at < after && is_space(*at))
            at++;
        name = at;
        while (at < after && *at != '=' && *at != '"' && *at != '\'')
            at++;
        length = (size_t)(at - name);
        while (length != 0 && name[length - 1] <= ' ')
            length--;
        while (at < after && *at != '"' && *at != '\'')
            at++;
        if (at == after)
            return 0;
        close = memchr(at + 1, *at, (size_t)(after - at - 1));
        if (close == NULL)
            return -1;
        if (length == 1 && *name == 'r') {
            *value = at + 1;
            *size = xlsx_trim(value, (size_t)(close - at - 1));
            return 1;
        }
        at = close + 1;
    }
    return 0;
}

/* The number a row tag says (from 1); 0 = it says none; -1 = what it says is no row. */
static int64_t row_number(const uint8_t *tag, const uint8_t *end)
{
    const uint8_t *at, *after;
    size_t size;
    int64_t number = 0;
    const int found = find_r(tag, end, &at, &size);

    if (found != 1)
        return found;
    after = at + size;
    for (; at < after && *at >= '0' && *at <= '9' && number <= PF_XLSX_ROWS; at++)
        number = number * 10 + (*at - '0');
    return at == after && number >= 1 && number <= PF_XLSX_ROWS ? number : -1;
}

/* The column a cell's tag says (from 1); 0 = it says none. What is no column is refused when the cell is decoded. */
static uint32_t column_number(const uint8_t *tag, const uint8_t *end)
{
    const uint8_t *at;
    size_t size;
    uint32_t column = 0;

    if (find_r(tag, end, &at, &size) != 1)
        return 0;
    for (; size != 0 && *at >= 'A' && *at <= 'Z' && column <= PF_XLSX_COLUMNS; at++, size--)
        column = column * 26 + (*at - (uint32_t)'A' + 1);
    return column;
}

/* ---- which rows have values */

/* Whether the tag at at makes its cell one with a value, or with a formula, whose value may be missing. */
static bool is_value(const struct xlsx_feed *feed, const uint8_t *at, const uint8_t *end)
{
    bool empty;
    const uint8_t *after;

    if (xlsx_feed_tag(feed, at, end, false, "is") || xlsx_feed_tag(feed, at, end, false, "f"))
        return true;
    if (!xlsx_feed_tag(feed, at, end, false, "v"))
        return false;
    after = xlsx_tag_end(at, end, &empty);
    return after != NULL && !empty && !xlsx_feed_tag(feed, after, end, true, "v");
}

static bool is_narrow(const struct pf_xlsx_range *within)
{
    return within->left != 0 || within->right < PF_XLSX_COLUMNS - 1;
}

static bool is_inside(const struct pf_xlsx_range *within, uint32_t column)
{
    return column > within->left && column - 1 <= within->right;
}

static enum pf_status fail_number(const struct xlsx_feed *feed, const struct xlsx_piece *piece, const uint8_t *at,
                                  struct pf_error *err)
{
    const char *const what = "has the number of no row of a sheet, or of one that came before";

    pf_fail(err, PF_BAD_DATA, "%s: the row at byte %lld %s", feed->part, (long long)(piece->offset + (at - piece->bytes)),
            what);
    pf_remedy(err, "the workbook is damaged: open it in a spreadsheet program and save it anew");
    return err->status;
}

/* Where counting stands. */
struct forward {
    uint32_t column; /* of the cell under way, from 1 */
    bool any;        /* a row was seen */
};

static enum pf_status enter_row(struct xlsx_feed *feed, struct xlsx_piece *piece, struct forward *forward, const uint8_t *at,
                                struct pf_error *err)
{
    int64_t number = row_number(at, piece->bytes + piece->size);

    number = number == 0 ? (int64_t)feed->next_row + 1 : number;
    if (number <= feed->next_row || number > PF_XLSX_ROWS)
        return fail_number(feed, piece, at, err);
    piece->last = (uint32_t)(number - 1);
    piece->first = forward->any ? piece->first : piece->last;
    feed->next_row = (uint32_t)number;
    *forward = (struct forward){ .column = 0, .any = true };
    return PF_OK;
}

/* Tag by tag: for pieces with comments and the like, and where cells and rows must be known to be inside of a range. */
static enum pf_status count_forward(struct xlsx_feed *feed, const struct pf_xlsx_range *within, struct xlsx_piece *piece,
                                    struct pf_error *err)
{
    const uint8_t *end = piece->bytes + piece->size, *at = piece->bytes;
    struct forward forward = { .any = false };

    piece->valued = -1;
    while ((at = xlsx_find_tag(at, end)) < end) {
        bool tag;
        const uint8_t *after = xlsx_next_markup(at, end, &tag);

        if (after == NULL)
            break;
        if (tag && xlsx_feed_tag(feed, at, end, false, "row")) {
            if (enter_row(feed, piece, &forward, at, err) != PF_OK)
                return err->status;
        } else if (tag && forward.any && xlsx_feed_tag(feed, at, end, false, "c")) {
            const uint32_t said = column_number(at, end);

            forward.column = said != 0 ? said : forward.column + 1;
        } else if (tag && forward.any && piece->last <= within->bottom && is_inside(within, forward.column) &&
                   is_value(feed, at, end)) {
            piece->valued = piece->last;
        }
        at = after;
    }
    piece->empty = !forward.any;
    return PF_OK;
}

/* Rows, seen from the end of a piece. */
struct backwards {
    int64_t seen;      /* row tags */
    int64_t numbered;  /* of the row seen last: what it says of itself */
    int64_t valued_at; /* place of the last row with a value among those seen; -1 = none yet */
    bool cell;         /* the cell under way has a value */
    bool value;        /* the row under way has one */
    bool unsure;       /* a value may be outside of the range, or inside */
};

/* What the tag at at, which is none of a row, tells of the cell and row under way. */
static void look_at_cell(struct backwards *b, const struct xlsx_feed *feed, const struct pf_xlsx_range *within,
                         const uint8_t *at, const uint8_t *end)
{
    if (is_value(feed, at, end)) {
        b->cell = true;
    } else if (b->cell && xlsx_feed_tag(feed, at, end, false, "c")) {
        const uint32_t column = is_narrow(within) ? column_number(at, end) : 0;

        b->unsure = b->unsure || (is_narrow(within) && column == 0);
        b->value = b->value || !is_narrow(within) || is_inside(within, column);
        b->cell = false;
    }
}

/* The number of the first row of a piece, which begins with it. */
static int64_t first_number(const struct xlsx_feed *feed, const struct xlsx_piece *piece)
{
    const uint8_t *end = piece->bytes + piece->size;
    const uint8_t *at = xlsx_find_tag(piece->bytes, end);
    int64_t number = at < end ? row_number(at, end) : -1;

    return number == 0 ? (int64_t)feed->next_row + 1 : number;
}

/* From the end, as far as needed. */
static enum pf_status count_backwards(struct xlsx_feed *feed, const struct pf_xlsx_range *within, struct xlsx_piece *piece,
                                      struct pf_error *err)
{
    const uint8_t *bytes = piece->bytes, *end = bytes + piece->size, *at;
    struct backwards b = { .valued_at = -1 };
    int64_t first = first_number(feed, piece), last = 0, valued = -1;
    size_t left = piece->size;

    /* of rows that say no number, as many follow one that does */
    while ((last == 0 || valued < 0) && (at = memrchr(bytes, '<', left)) != NULL) {
        left = (size_t)(at - bytes);
        if (!xlsx_feed_tag(feed, at, end, false, "row")) {
            if (b.valued_at < 0)
                look_at_cell(&b, feed, within, at, end);
            continue;
        }
        b.numbered = row_number(at, end);
        if (b.numbered < 0)
            return fail_number(feed, piece, at, err);
        if (b.value && b.valued_at < 0)
            b.valued_at = b.seen;
        if (b.numbered != 0 && last == 0)
            last = b.numbered + b.seen;
        if (b.numbered != 0 && b.valued_at >= 0)
            valued = b.numbered + (b.seen - b.valued_at) - 1;
        b.seen++;
    }
    piece->empty = b.seen == 0;
    if (b.seen == 0)
        return PF_OK;
    /* the beginning was reached: its row follows the piece before */
    if (last == 0)
        last = first + b.seen - 1;
    if (valued < 0 && b.valued_at >= 0)
        valued = first + (b.seen - 1 - b.valued_at) - 1;
    if (first <= feed->next_row || last < first || last > PF_XLSX_ROWS)
        return fail_number(feed, piece, bytes, err);
    if (b.unsure || valued > within->bottom)
        return count_forward(feed, within, piece, err);
    piece->first = (uint32_t)(first - 1);
    piece->last = (uint32_t)(last - 1);
    piece->valued = valued;
    feed->next_row = (uint32_t)last;
    return PF_OK;
}

enum pf_status xlsx_count_rows(struct xlsx_feed *feed, const struct pf_xlsx_range *within, struct xlsx_piece *piece,
                               struct pf_error *err)
{
    piece->before = feed->next_row;
    return piece->special ? count_forward(feed, within, piece, err) : count_backwards(feed, within, piece, err);
}

/* ---- the pass */

static void drop_held(struct xlsx_reader *reader)
{
    pf_free(&reader->ctx->memory, reader->held.bytes);
    reader->held.bytes = NULL;
}

/* Which column of the pass each column of the sheet is. */
static enum pf_status place_columns(struct xlsx_reader *reader, struct pf_error *err)
{
    const struct xlsx_table *table = &reader->table;
    const struct pf_pass *pass = reader->pass;

    if (reader->slot == NULL)
        reader->slot = pf_arena_alloc(&reader->arena, PF_XLSX_COLUMNS * sizeof *reader->slot);
    if (reader->slot == NULL)
        return pf_fail_memory(err, PF_XLSX_COLUMNS * sizeof *reader->slot);
    for (uint32_t i = 0; i < PF_XLSX_COLUMNS; i++)
        reader->slot[i] = i < table->range.left || i > table->range.right ? XLSX_OUTSIDE : XLSX_UNKNOWN;
    for (uint32_t i = 0; i < table->column_count; i++)
        reader->slot[table->place[i]] = pass->columns == NULL ? (int32_t)i : XLSX_NOT_READ;
    for (uint32_t i = 0; pass->columns != NULL && i < pass->column_count; i++)
        reader->slot[table->place[pass->columns[i]]] = (int32_t)i;
    reader->pass_columns = pass->columns == NULL ? table->column_count : pass->column_count;
    return PF_OK;
}

enum pf_status xlsx_start(void *state, const struct pf_pass *pass, struct pf_error *err)
{
    struct xlsx_reader *reader = state;

    reader->pass = pass;
    reader->next = reader->table.first;
    reader->number = 0;
    reader->cells = 0;
    reader->ended = false;
    drop_held(reader);
    xlsx_feed_close(&reader->feed);
    if (xlsx_merged_load(reader, err) != PF_OK)
        return err->status;
    reader->fill = reader->options->fill_merged && reader->merged_count != 0;
    if (place_columns(reader, err) != PF_OK)
        return err->status;
    return xlsx_feed_open(&reader->feed, reader->ctx, &reader->workbook, reader->table.sheet->entry, &xlsx_sheet_feed,
                          usual_block(reader), err);
}

/* Rows that may be in one block. */
static uint32_t most_rows(const struct xlsx_reader *reader)
{
    uint32_t columns = reader->pass_columns != 0 ? reader->pass_columns : 1;

    return VALUES_PER_BLOCK / columns + 1;
}

/* The first row that the block is to give, and how many. */
static void give_rows(struct xlsx_reader *reader, struct pf_block *block, uint32_t rows)
{
    const int64_t columns = reader->pass_columns, values = rows * columns;

    block->own[0] = reader->next;
    block->own[1] = rows;
    block->own[2] = reader->number++ == 0 ? reader->next : 0;
    block->cost = (int64_t)block->size * 2 + values * (BYTES_PER_VALUE + TYPED_BYTES) + rows * (int64_t)sizeof(uint64_t) +
                  columns * COLUMN_BYTES + XLSX_PAD + 2 * (int64_t)texts_of(reader, block->size);
    reader->next += rows;
}

/* Blank rows alone: a block without bytes would mean that decoding reads them itself, so it has one that is no row. */
static enum pf_status give_blank_rows(struct xlsx_reader *reader, struct pf_block *block, uint32_t rows, struct pf_error *err)
{
    *block = (struct pf_block){ .offset = -1, .size = 0 };
    block->bytes = pf_alloc_zero(&reader->ctx->memory, 1, XLSX_PAD);
    if (block->bytes == NULL)
        return pf_fail_memory(err, XLSX_PAD);
    block->own[3] = reader->next;
    give_rows(reader, block, rows);
    return PF_OK;
}

/* The rows up to and with last that the held piece adds to the table. */
static uint32_t rows_of_held(const struct xlsx_reader *reader)
{
    int64_t last = reader->held.valued;

    if (last > reader->table.range.bottom)
        last = reader->table.range.bottom;
    return last >= reader->next ? (uint32_t)(last - reader->next) + 1 : 0;
}

static enum pf_status next_piece(struct xlsx_reader *reader, struct pf_error *err)
{
    enum pf_status status = xlsx_feed_next(&reader->feed, &reader->held, err);

    if (status != PF_OK)
        return status;
    return xlsx_count_rows(&reader->feed, &reader->table.range, &reader->held, err);
}

/* A piece whose rows lie far apart is cut smaller. */
static enum pf_status shrink(struct xlsx_reader *reader, struct pf_error *err)
{
    struct xlsx_piece *piece = &reader->held;

    while (rows_of_held(reader) > most_rows(reader)) {
        bool done;

        if (xlsx_feed_split(&reader->feed, piece, piece->size / 2, &done, err) != PF_OK)
            return err->status;
        if (!done)
            return PF_OK;
        reader->feed.next_row = piece->before;
        piece->valued = -1;
        if (xlsx_count_rows(&reader->feed, &reader->table.range, piece, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

static enum pf_status give_piece(struct xlsx_reader *reader, struct pf_block *block)
{
    struct xlsx_piece *piece = &reader->held;

    *block = (struct pf_block){ .offset = piece->offset, .bytes = piece->bytes, .size = piece->size };
    block->own[3] = piece->before | (uint64_t)piece->capacity << 32;
    give_rows(reader, block, rows_of_held(reader));
    block->cost += (int64_t)(piece->capacity - piece->size);
    piece->bytes = NULL;
    return PF_OK;
}

/* Rows that are to be handed out count towards --max-cells: of a wide gap before the first of its blank rows is made. */
static enum pf_status check_cells(const struct xlsx_reader *reader, uint32_t rows, struct pf_error *err)
{
    const int64_t limit = reader->options->max_cells;

    if (limit <= 0 || reader->cells + (int64_t)rows * reader->pass_columns <= limit)
        return PF_OK;
    pf_fail(err, PF_LIMIT, "the sheet '%s' has more than %lld cells", reader->table.sheet->name, (long long)limit);
    pf_remedy(err, "raise --max-cells, or read a part of the sheet with --range or --columns");
    return err->status;
}

static enum pf_status cut(struct xlsx_reader *reader, struct pf_block *block, struct pf_error *err)
{
    for (;;) {
        struct xlsx_piece *piece = &reader->held;
        enum pf_status status = PF_OK;

        if (piece->bytes == NULL) {
            status = reader->feed.next_row > reader->table.range.bottom ? PF_END : next_piece(reader, err);
            if (status == PF_OK)
                status = shrink(reader, err);
        }
        if (status != PF_OK)
            return status;
        if (rows_of_held(reader) > most_rows(reader) && check_cells(reader, rows_of_held(reader), err) != PF_OK)
            return err->status;
        if (rows_of_held(reader) > most_rows(reader))
            return give_blank_rows(reader, block, most_rows(reader) - 1, err);
        return give_piece(reader, block);
    }
}

/* The cells of the block count towards --max-cells. */
static enum pf_status count_cells(struct xlsx_reader *reader, struct pf_block *block, struct pf_error *err)
{
    if (check_cells(reader, (uint32_t)block->own[1], err) != PF_OK) {
        pf_free(&reader->ctx->memory, block->bytes);
        block->bytes = NULL;
        return err->status;
    }
    reader->cells += (int64_t)block->own[1] * reader->pass_columns;
    return PF_OK;
}

enum pf_status xlsx_cut(void *state, struct pf_block *block, struct pf_error *err)
{
    struct xlsx_reader *reader = state;
    enum pf_status status = reader->ended ? PF_END : cut(reader, block, err);

    if (status == PF_OK)
        status = count_cells(reader, block, err);
    if (status == PF_OK)
        return PF_OK;
    reader->ended = true;
    drop_held(reader);
    if (status != PF_END) {
        block->offset = -1;
        pf_error_source(err, pf_source_name(reader->src));
    }
    return status;
}
