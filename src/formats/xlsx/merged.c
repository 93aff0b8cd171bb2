/* --fill-merged: the value of a merged range in all its cells.
 *
 * Which cells are merged stands behind the rows of a sheet, so the sheet is read once more for that, and up to the last merged range for
 * the values. Rows are not added: a row that has no value of its own stays a blank one where blank rows are dropped, or the table ends. */
#include <stdlib.h>
#include <string.h>

#include "formats/xlsx/decode.h"
#include "formats/xlsx/package.h"

enum {
    WINDOW_VALUES = 1 << 20, /* rows times columns that are decoded together for the values */
    MOST = 1 << 20           /* merged ranges of a sheet */
};

static const int64_t most_width = INT64_C(1) << 31; /* of all ranges together */

/* ---- which cells are merged */

static int by_place(const void *a, const void *b)
{
    const struct pf_xlsx_range *one = &((const struct xlsx_merged *)a)->range, *other = &((const struct xlsx_merged *)b)->range;

    if (one->top != other->top)
        return one->top < other->top ? -1 : 1;
    return one->left < other->left ? -1 : one->left > other->left;
}

static enum pf_status fail_tail(const struct xlsx_reader *reader, const char *what, struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "%s, behind its rows: %s", reader->feed.part, what);
    pf_remedy(err, "the workbook is damaged: open it in a spreadsheet program and save it anew");
    return err->status;
}

/* <mergeCells>, which the cursor is in. */
static enum pf_status read_list(const struct xlsx_reader *reader, struct xlsx_cursor *cursor, struct pf_buffer *list,
                                struct pf_error *err)
{
    for (;;) {
        struct xlsx_merged one = { .kind = PF_TEXT_NULL };
        struct xlsx_tag tag;
        const uint8_t *value;
        size_t size;

        if (!xlsx_next_tag(cursor, &tag))
            return fail_tail(reader, cursor->wrong, err);
        if (tag.close)
            return PF_OK;
        value = xlsx_tag_is(&tag, "mergeCell") ? xlsx_attribute(&tag, "ref", &size) : NULL;
        if (value != NULL && !pf_xlsx_range_parse((const char *)value, size, &one.range))
            return fail_tail(reader, "a merged range is none", err);
        if (value != NULL && list->size / sizeof one == MOST)
            return pf_fail(err, PF_LIMIT, "%s has more than %d merged ranges", reader->feed.part, (int)MOST);
        if (value != NULL && !pf_buffer_append(list, &one, sizeof one))
            return pf_fail_memory(err, list->size + sizeof one);
        if (!xlsx_skip_element(cursor, &tag))
            return fail_tail(reader, cursor->wrong, err);
    }
}

/* What stands behind the rows, the feed being at their end. */
static enum pf_status read_tail(struct xlsx_reader *reader, struct pf_buffer *list, struct pf_error *err)
{
    struct xlsx_cursor cursor;
    struct xlsx_tag tag;

    if (xlsx_feed_rest(&reader->feed, err) != PF_OK)
        return err->status;
    cursor = (struct xlsx_cursor){ .at = reader->feed.carry.data,
                                   .start = reader->feed.carry.data,
                                   .end = reader->feed.carry.data + reader->feed.carry.size,
                                   .prefix = reader->feed.prefix,
                                   .prefix_size = reader->feed.prefix_size };
    if (!xlsx_next_tag(&cursor, &tag)) /* the end of the rows */
        return fail_tail(reader, cursor.wrong, err);
    for (;;) {
        if (!xlsx_next_tag(&cursor, &tag))
            return fail_tail(reader, cursor.wrong, err);
        if (tag.close)
            return PF_OK;
        if (xlsx_tag_is(&tag, "mergeCells") && !tag.empty) {
            if (read_list(reader, &cursor, list, err) != PF_OK)
                return err->status;
        } else if (!xlsx_skip_element(&cursor, &tag)) {
            return fail_tail(reader, cursor.wrong, err);
        }
    }
}

static enum pf_status open_feed(struct xlsx_reader *reader, struct pf_error *err)
{
    xlsx_feed_close(&reader->feed);
    return xlsx_feed_open(&reader->feed, reader->ctx, &reader->workbook, reader->table.sheet->entry, &xlsx_sheet_feed,
                          reader->block_bytes, err);
}

static enum pf_status find_ranges(struct xlsx_reader *reader, struct pf_buffer *list, struct pf_error *err)
{
    if (open_feed(reader, err) != PF_OK)
        return err->status;
    if (reader->feed.ended)
        return PF_OK;
    while (!reader->feed.ended) {
        struct xlsx_piece piece;
        enum pf_status status = pf_check_cancel(reader->ctx, err);

        if (status == PF_OK)
            status = xlsx_feed_next(&reader->feed, &piece, err);
        if (status != PF_OK)
            return status;
        pf_free(&reader->ctx->memory, piece.bytes);
    }
    return read_tail(reader, list, err);
}

/* Ranges in order, none of which has a cell of another: that bounds what filling them takes. */
static enum pf_status check_ranges(struct xlsx_reader *reader, struct xlsx_merged *merged, uint32_t count, struct pf_error *err)
{
    uint32_t *free_from = pf_alloc_zero(&reader->ctx->memory, PF_XLSX_COLUMNS, sizeof *free_from); /* row, one a column */
    int64_t width = 0;

    if (free_from == NULL)
        return pf_fail_memory(err, PF_XLSX_COLUMNS * sizeof *free_from);
    pf_error_clear(err);
    qsort(merged, count, sizeof *merged, by_place);
    for (uint32_t i = 0; i < count && err->status == PF_OK; i++) {
        const struct pf_xlsx_range *range = &merged[i].range;

        width += (int64_t)(range->right - range->left) + 1;
        if (width > most_width)
            (void)pf_fail(err, PF_LIMIT, "%s has merged ranges of too many cells", reader->table.sheet->part);
        for (uint32_t column = range->left; column <= range->right && err->status == PF_OK; column++) {
            if (free_from[column] > range->top)
                (void)pf_fail(err, PF_BAD_DATA, "%s has merged ranges that overlap, in row %u", reader->table.sheet->part,
                              range->top + 1);
            free_from[column] = range->bottom + 1;
        }
    }
    pf_free(&reader->ctx->memory, free_from);
    return err->status;
}

/* Ranges of one cell fill nothing: its value is there anyway. */
static void drop_single(struct xlsx_reader *reader)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < reader->merged_count; i++) {
        const struct pf_xlsx_range *range = &reader->merged[i].range;

        if (range->left != range->right || range->top != range->bottom)
            reader->merged[kept++] = reader->merged[i];
    }
    reader->merged_count = kept;
}

void xlsx_merged_group(struct xlsx_merged *merged, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct xlsx_merged *first = &merged[i - i % XLSX_MERGED_GROUP];

        if (i % XLSX_MERGED_GROUP == 0 || merged[i].range.bottom > first->reach)
            first->reach = merged[i].range.bottom;
    }
}

/* Of the ranges whose values were read, those that show something, with the reach of their groups. */
static void keep_shown(struct xlsx_reader *reader)
{
    struct xlsx_merged *merged = reader->merged;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < reader->merged_count; i++) {
        if (merged[i].kind != PF_TEXT_NULL)
            merged[kept++] = merged[i];
    }
    reader->merged_count = kept;
    xlsx_merged_group(merged, kept);
}

/* ---- their values */

/* The ranges from *from on whose values are decoded together, and the columns of those. Gives how many. */
static uint32_t next_window(struct xlsx_reader *reader, uint32_t from, uint32_t last_row, uint32_t *columns)
{
    const struct xlsx_merged *merged = reader->merged;
    uint32_t count = 0;

    *columns = 0;
    for (uint32_t i = 0; i < PF_XLSX_COLUMNS; i++)
        reader->slot[i] = XLSX_NOT_READ;
    while (from + count < reader->merged_count && merged[from + count].range.top <= last_row) {
        const struct pf_xlsx_range *range = &merged[from + count].range;
        const uint64_t rows = (uint64_t)range->top - merged[from].range.top + 1;
        const bool known = reader->slot[range->left] >= 0;

        if (count != 0 && rows * (*columns + !known) > WINDOW_VALUES)
            break;
        if (!known)
            reader->slot[range->left] = (int32_t)(*columns)++;
        count++;
    }
    return count;
}

/* The values of count ranges from from on, all in the piece. */
static enum pf_status read_window(struct xlsx_reader *reader, const struct xlsx_piece *piece, uint32_t from, uint32_t count,
                                  uint32_t columns, struct pf_error *err)
{
    static const struct pf_pass all = { .columns = NULL };
    struct xlsx_merged *merged = reader->merged + from;
    struct pf_block block = { .size = piece->size };
    struct pf_decoded decoded;
    struct pf_arena arena;
    enum pf_status status = PF_OK;

    pf_arena_init(&arena, &reader->ctx->memory, SIZE_MAX);
    block.bytes = pf_arena_alloc(&arena, piece->size + XLSX_PAD); /* decoding rewrites what it reads */
    if (block.bytes == NULL)
        status = pf_fail_memory(err, piece->size + XLSX_PAD);
    if (status == PF_OK) {
        memcpy(block.bytes, piece->bytes, piece->size + XLSX_PAD);
        block.own[0] = merged[0].range.top;
        block.own[1] = merged[count - 1].range.top - merged[0].range.top + 1;
        block.own[3] = piece->before;
        reader->pass_columns = columns;
        status = xlsx_decode(reader, &all, &block, &arena, &decoded, err);
    }
    for (uint32_t i = 0; status == PF_OK && i < count; i++) {
        const struct pf_text_column *text = &decoded.text[reader->slot[merged[i].range.left]];
        const uint32_t row = merged[i].range.top - merged[0].range.top;

        merged[i].kind = text->kind[row];
        merged[i].size = text->size[row];
        if (merged[i].size != 0)
            merged[i].text =
                (const uint8_t *)pf_arena_copy(&reader->arena, (const char *)text->bytes + text->offset[row], text->size[row]);
        if (merged[i].size != 0 && merged[i].text == NULL)
            status = pf_fail_memory(err, merged[i].size);
    }
    pf_arena_free(&arena);
    return status;
}

static enum pf_status read_piece(struct xlsx_reader *reader, const struct xlsx_piece *piece, uint32_t *next,
                                 struct pf_error *err)
{
    enum pf_status status = PF_OK;

    while (*next < reader->merged_count && reader->merged[*next].range.top < piece->first)
        ++*next; /* in a row that is not there */
    while (status == PF_OK && *next < reader->merged_count && reader->merged[*next].range.top <= piece->last) {
        uint32_t columns, count = next_window(reader, *next, piece->last, &columns);

        status = pf_check_cancel(reader->ctx, err);
        if (status == PF_OK)
            status = read_window(reader, piece, *next, count, columns, err);
        *next += count;
    }
    return status;
}

static enum pf_status read_values(struct xlsx_reader *reader, struct pf_error *err)
{
    uint32_t next = 0;
    enum pf_status status = open_feed(reader, err);

    while (status == PF_OK && next < reader->merged_count) {
        struct xlsx_piece piece;

        status = xlsx_feed_next(&reader->feed, &piece, err);
        if (status != PF_OK)
            break;
        status = xlsx_count_rows(&reader->feed, &reader->table.range, &piece, err);
        if (status == PF_OK && !piece.empty)
            status = read_piece(reader, &piece, &next, err);
        pf_free(&reader->ctx->memory, piece.bytes);
    }
    return status == PF_END ? PF_OK : status;
}

static enum pf_status load(struct xlsx_reader *reader, struct pf_error *err)
{
    struct pf_buffer list;
    enum pf_status status;

    pf_buffer_init(&list, &reader->ctx->memory, SIZE_MAX);
    status = find_ranges(reader, &list, err);
    if (status == PF_OK && list.size != 0) {
        reader->merged = pf_arena_alloc(&reader->arena, list.size);
        status = reader->merged != NULL ? PF_OK : pf_fail_memory(err, list.size);
    }
    if (status == PF_OK && list.size != 0) {
        memcpy(reader->merged, list.data, list.size);
        reader->merged_count = (uint32_t)(list.size / sizeof *reader->merged);
        status = check_ranges(reader, reader->merged, reader->merged_count, err);
    }
    pf_buffer_free(&list);
    if (status == PF_OK)
        drop_single(reader);
    if (status == PF_OK && reader->merged_count != 0)
        status = read_values(reader, err);
    keep_shown(reader);
    xlsx_feed_close(&reader->feed);
    return status;
}

enum pf_status xlsx_merged_load(struct xlsx_reader *reader, struct pf_error *err)
{
    const bool drop_blank = reader->drop_blank;
    enum pf_status status;

    if (!reader->options->fill_merged || reader->merged_of == reader->table.sheet)
        return PF_OK;
    if (reader->slot == NULL)
        reader->slot = pf_arena_alloc(&reader->arena, PF_XLSX_COLUMNS * sizeof *reader->slot);
    if (reader->slot == NULL)
        return pf_fail_memory(err, PF_XLSX_COLUMNS * sizeof *reader->slot);
    reader->merged_of = reader->table.sheet;
    reader->merged_count = 0;
    reader->fill = reader->drop_blank = false; /* rows are found by their number */
    status = load(reader, err);
    reader->drop_blank = drop_blank;
    return status;
}

/* ---- filling */

/* The first range from i on that reaches the row, or lies below it. */
static uint32_t next_reaching(const struct xlsx_reader *reader, uint32_t i, uint32_t row)
{
    while (i < reader->merged_count && reader->merged[i].range.bottom < row)
        i = xlsx_merged_step(reader->merged, i, row);
    return i < reader->merged_count ? i : reader->merged_count;
}

void xlsx_merged_mark(const struct xlsx_reader *reader, uint32_t from, uint8_t *used)
{
    const struct pf_xlsx_range *whole = &reader->table.range;

    for (uint32_t i = next_reaching(reader, 0, from); i < reader->merged_count; i = next_reaching(reader, i + 1, from)) {
        const struct xlsx_merged *one = &reader->merged[i];

        if (one->range.top > whole->bottom)
            break;
        for (uint32_t column = one->range.left; column <= one->range.right; column++)
            used[column] |= column >= whole->left && column <= whole->right;
    }
}

uint32_t xlsx_merged_first(const struct xlsx_reader *reader, uint32_t from, uint32_t below)
{
    const struct pf_xlsx_range *whole = &reader->table.range;

    for (uint32_t i = next_reaching(reader, 0, from); i < reader->merged_count; i = next_reaching(reader, i + 1, from)) {
        const struct pf_xlsx_range *range = &reader->merged[i].range;

        if (range->top >= below)
            break;
        if (range->left <= whole->right && range->right >= whole->left)
            return range->top > from ? range->top : from;
    }
    return below;
}

void xlsx_merged_names(const struct xlsx_reader *reader, uint32_t first, uint32_t row, const struct xlsx_merged **over)
{
    memset(over, 0, PF_XLSX_COLUMNS * sizeof(void *));
    for (uint32_t i = next_reaching(reader, 0, row); i < reader->merged_count; i = next_reaching(reader, i + 1, row)) {
        const struct xlsx_merged *one = &reader->merged[i];

        if (one->range.top > row)
            break;
        if (row != (one->range.top > first ? one->range.top : first))
            continue; /* several rows of one name are one name */
        for (uint32_t column = one->range.left; column <= one->range.right; column++)
            over[column] = one;
    }
}

/* The first of the rows kept that is row, or below it. */
static int64_t first_kept(const struct xlsx_decode *decode, uint32_t row)
{
    int64_t low = 0, high = decode->out->rows_kept;

    row -= decode->first;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;

        if (pf_place_line(decode->row_place[middle]) < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Column by column: most columns of a wide range may be none of the pass, and cost nothing a row. */
static bool fill_range(struct xlsx_decode *decode, const struct xlsx_merged *one, uint32_t top, uint32_t bottom)
{
    const int64_t from = first_kept(decode, top), to = first_kept(decode, bottom + 1);
    uint32_t place;

    if (from == to)
        return true;
    if (!xlsx_add_other(decode, one->text, one->size, one->kind, &place))
        return false;
    for (uint32_t column = one->range.left; column <= one->range.right; column++) {
        const int32_t slot = decode->slot[column];

        for (int64_t at = from; slot >= 0 && at < to; at++) {
            if (xlsx_kinds(&decode->columns, (uint32_t)slot)[at] != PF_TEXT_NULL)
                continue;
            xlsx_offsets(&decode->columns, (uint32_t)slot)[at] = place;
            xlsx_sizes(&decode->columns, (uint32_t)slot)[at] = one->size;
            xlsx_kinds(&decode->columns, (uint32_t)slot)[at] = XLSX_ELSEWHERE;
            decode->mixed[slot] = 1;
        }
    }
    return true;
}

bool xlsx_merged_fill(struct xlsx_decode *decode)
{
    const struct xlsx_reader *reader = decode->reader;
    const uint32_t last = decode->first + decode->rows - 1;

    if (decode->rows == 0)
        return true;
    for (uint32_t i = next_reaching(reader, 0, decode->first); i < reader->merged_count;
         i = next_reaching(reader, i + 1, decode->first)) {
        const struct xlsx_merged *one = &reader->merged[i];

        if (one->range.top > last)
            break;
        if (!fill_range(decode, one, one->range.top > decode->first ? one->range.top : decode->first,
                        one->range.bottom < last ? one->range.bottom : last))
            return false;
    }
    return true;
}
