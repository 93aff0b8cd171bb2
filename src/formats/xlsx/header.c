/* Where the table of a sheet begins: its header, its columns, its first row of data. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/xlsx/decode.h"
#include "formats/xlsx/feed.h"
#include "transform/infer.h"

enum {
    LOOKED_AT = 120, /* rows with which the header is found */
    CANDIDATES = 10, /* rows that may be the header */
    BELOW = 100,     /* rows below a candidate that speak for it */
    LONG_NAME = 50
};

/* The first rows of a sheet. */
struct grid {
    const struct pf_text_column *text;
    const uint32_t *place; /* column of the sheet, one a column of the grid */
    uint32_t columns;
    uint32_t first; /* row of the sheet that is row 0 */
    uint32_t rows;
    bool compat; /* rules of 1.0.9 in all */
};

enum kind { KIND_BLANK, KIND_TEXT, KIND_NUMBER, KIND_OTHER };

static const uint8_t *text_of(const struct grid *grid, uint32_t column, uint32_t row, uint32_t *size)
{
    const struct pf_text_column *text = &grid->text[column];

    *size = text->size[row];
    return text->bytes + (*size != 0 ? text->offset[row] : 0);
}

static enum kind kind_of(const struct grid *grid, uint32_t column, uint32_t row)
{
    uint32_t size;
    const uint8_t *text = text_of(grid, column, row, &size);

    if (size == 0)
        return KIND_BLANK;
    switch (grid->text[column].kind[row]) {
    case PF_TEXT_CELL:
    case PF_TEXT_ERROR:
        return KIND_TEXT;
    default:
        break;
    }
    if (*text == 'T' || *text == 'F' || memchr(text, ':', size) != NULL || (size >= 10 && text[4] == '-' && text[7] == '-'))
        return KIND_OTHER;
    return KIND_NUMBER;
}

static uint32_t filled(const struct grid *grid, uint32_t row)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < grid->columns; i++)
        count += kind_of(grid, i, row) != KIND_BLANK;
    return count;
}

/* ---- which row is the header: the rule of 1.0.9 */

static bool is_blank_text(const uint8_t *text, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\n' && text[i] != '\r')
            return false;
    }
    return true;
}

/* Short, not of digits alone, and no sentence. */
static bool is_like_header(const uint8_t *text, uint32_t size)
{
    uint32_t digits = 0, blanks = 0, characters = 0;

    for (uint32_t i = 0; i < size; i++) {
        digits += text[i] >= '0' && text[i] <= '9';
        blanks += text[i] == ' ';
        characters += (text[i] & 0xC0) != 0x80;
    }
    if (characters > LONG_NAME || digits == size || blanks * 10 > characters * 3)
        return false;
    return text[size - 1] != '.' && text[size - 1] != '!' && text[size - 1] != '?';
}

static bool is_repeated(const struct grid *grid, uint32_t column, uint32_t row)
{
    uint32_t size, other_size;
    const uint8_t *text = text_of(grid, column, row, &size);

    for (uint32_t i = 0; i < column; i++) {
        const uint8_t *other = text_of(grid, i, row, &other_size);

        if (size == other_size && memcmp(text, other, size) == 0)
            return true;
    }
    return false;
}

/* 1.0.9 took a zero and FALSE for no name. */
static bool is_nothing(const struct grid *grid, const uint8_t *text, uint32_t size)
{
    return grid->compat && ((size == 1 && *text == '0') || (size == 5 && memcmp(text, "False", 5) == 0));
}

/* How much the row is like a header: 0 to 1; negative = it cannot be one. */
static double score_header(const struct grid *grid, uint32_t row)
{
    uint32_t distinct = 0, like = 0, cells = 0;

    for (uint32_t i = 0; i < grid->columns; i++) {
        uint32_t size;
        const uint8_t *text = text_of(grid, i, row, &size);

        if (is_blank_text(text, size) || is_nothing(grid, text, size))
            continue;
        cells++;
        /* wide rows are names often enough: the comparison of all with all stays small */
        distinct += i > 1000 || !is_repeated(grid, i, row);
        like += is_like_header(text, size);
    }
    if (cells < 2)
        return -1;
    return 0.3 + 0.3 * distinct / cells + 0.4 * like / cells;
}

/* How full the rows below are, over all columns; *any = rows that are not blank. */
static double score_data(const struct grid *grid, uint32_t row, uint32_t *any)
{
    /* of columns without any value, 1.0.9 counted those before the last */
    const uint32_t columns = grid->compat && grid->columns != 0 ? grid->place[grid->columns - 1] + 1 : grid->columns;
    uint32_t rows = 0, total = 0;

    *any = 0;
    for (uint32_t at = row + 1; at < grid->rows && rows < BELOW; at++, rows++) {
        const uint32_t count = filled(grid, at);

        *any += count != 0;
        total += count;
    }
    if (*any == 0)
        return 0;
    return 0.6 * *any / rows + 0.4 * total / ((double)*any * columns);
}

/* Numbers in a header are years. */
static bool is_year(const struct grid *grid, uint32_t column, uint32_t row)
{
    uint32_t size;
    const uint8_t *text = text_of(grid, column, row, &size);

    return size == 4 && (memcmp(text, "19", 2) == 0 || memcmp(text, "20", 2) == 0) && !is_repeated(grid, column, row);
}

/* A row that may be the header though others stand above it: those are titles, with few cells. */
static bool stands_below_titles(const struct grid *grid, uint32_t first, uint32_t row)
{
    uint32_t cells = filled(grid, row);

    for (uint32_t above = first; above < row; above++) {
        if (filled(grid, above) * 2 > cells)
            return false;
    }
    for (uint32_t i = 0; i < grid->columns; i++) {
        enum kind kind = kind_of(grid, i, row);

        if (kind == KIND_OTHER || (kind == KIND_NUMBER && !is_year(grid, i, row)))
            return false;
    }
    return true;
}

/* The row of the grid that is likeliest to be the header. */
static uint32_t likeliest(const struct grid *grid, uint32_t first)
{
    const bool compat = grid->compat;
    double best = -1;
    uint32_t found = first;

    for (uint32_t row = first; row < grid->rows && row + grid->first < CANDIDATES + (compat ? 0 : first + grid->first); row++) {
        uint32_t any;
        double header, score;

        if (!compat && row != first && !stands_below_titles(grid, first, row))
            continue;
        header = score_header(grid, row);
        if (header < 0)
            continue;
        score = 0.4 * header + 0.6 * score_data(grid, row, &any);
        if (score > best) {
            best = score;
            found = row;
        }
    }
    return found;
}

/* Whether 1.0.9 was sure enough that it had found a table: its sheets with less were left out, and those of one row or column. sheet_rows: of the
 * sheet, or of as much of it as was read, which is so much then that the part below the header is small in both. */
static enum pf_doubt doubt_of(const struct grid *grid, uint32_t row, uint32_t sheet_rows)
{
    const double header = score_header(grid, row), most = 1;
    double rows, share, size;
    uint32_t any;
    const double data = score_data(grid, row, &any);

    rows = any;
    share = 2 * rows / sheet_rows;
    size = any < 3 ? 0.7 : any > 50 ? 1.1 : 1;
    if (grid->columns < 2)
        return PF_SMALL_TABLE;
    if (header < 0 || 0.3 * header + 0.4 * data + 0.2 * (share < most ? share : most) + 0.1 * size < 0.6)
        return PF_NO_TABLE;
    return any < 2 ? PF_SMALL_TABLE : PF_NO_DOUBT;
}

/* ---- whether it is one at all */

/* A row is no header when it is as those below: numbers over numbers, dates over dates. */
static bool is_header(const struct grid *grid, uint32_t row)
{
    uint32_t same = 0, text = 0;

    for (uint32_t i = 0; i < grid->columns; i++) {
        enum kind kind = kind_of(grid, i, row), below = KIND_BLANK;

        for (uint32_t at = row + 1; at < grid->rows && below == KIND_BLANK; at++)
            below = kind_of(grid, i, at);
        text += kind == KIND_TEXT;
        same += kind != KIND_TEXT && kind != KIND_BLANK && kind == below && !(kind == KIND_NUMBER && is_year(grid, i, row));
    }
    return text != 0 && same == 0;
}

/* ---- columns and names */

static enum pf_status join_name(struct xlsx_reader *reader, const char **name, const uint8_t *text, uint32_t size,
                                struct pf_error *err)
{
    size_t before = *name != NULL ? strlen(*name) : 0;
    char *joined;

    if (size == 0)
        return PF_OK;
    joined = pf_arena_alloc(&reader->arena, before + size + 2);
    if (joined == NULL)
        return pf_fail_memory(err, before + size);
    if (before != 0) {
        memcpy(joined, *name, before);
        joined[before++] = '_';
    }
    for (uint32_t i = 0; i < size; i++)
        joined[before + i] = text[i] != 0 ? (char)text[i] : ' ';
    joined[before + size] = '\0';
    *name = joined;
    return PF_OK;
}

/* over: room for the merged ranges that name a column each; NULL = there are none. */
static enum pf_status take_row(struct xlsx_reader *reader, const struct grid *grid, uint32_t row,
                               const struct xlsx_merged **over, const char **names, uint8_t *headed, struct pf_error *err)
{
    for (uint32_t i = 0; i < grid->columns; i++) {
        const uint32_t place = grid->place[i];
        uint32_t size;
        const uint8_t *text = text_of(grid, i, row, &size);

        if (is_blank_text(text, size) && over != NULL && over[place] != NULL) {
            text = over[place]->text;
            size = over[place]->size;
        }
        if (is_blank_text(text, size))
            continue;
        headed[place] = 1;
        if (join_name(reader, &names[place], text, size, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

/* headed: a byte a column of the sheet, set for those that a header row names. */
static enum pf_status take_names(struct xlsx_reader *reader, const struct grid *grid, uint32_t first, uint32_t last,
                                 const char **names, uint8_t *headed, struct pf_error *err)
{
    const struct xlsx_merged **over = NULL;
    enum pf_status status = PF_OK;

    if (reader->merged_count != 0) {
        over = pf_alloc(&reader->ctx->memory, PF_XLSX_COLUMNS * sizeof(void *));
        if (over == NULL)
            return pf_fail_memory(err, PF_XLSX_COLUMNS * sizeof(void *));
    }
    for (uint32_t row = first; row <= last && row < grid->rows && status == PF_OK; row++) {
        if (over != NULL)
            xlsx_merged_names(reader, first + grid->first, row + grid->first, over);
        status = take_row(reader, grid, row, over, names, headed, err);
    }
    pf_free(&reader->ctx->memory, over);
    return status;
}

/* A column without a name is called by its place in the sheet, or in the range that was asked for: not by how many blank ones stand
 * before it, so that columns of several sheets that have the same place are called the same. */
static enum pf_status settle_names(struct xlsx_reader *reader, struct pf_error *err)
{
    const struct xlsx_table *table = &reader->table;
    uint32_t *numbers = pf_arena_alloc(&reader->arena, table->column_count * sizeof *numbers);

    if (numbers == NULL)
        return pf_fail_memory(err, table->column_count * sizeof *numbers);
    for (uint32_t i = 0; i < table->column_count; i++)
        numbers[i] = table->place[i] - table->range.left + 1;
    return pf_names_settle(table->names, numbers, table->column_count, reader->compat, &reader->arena, err);
}

/* Columns from the first that is headed or used to the last; right of the header only those that are used. */
static enum pf_status settle_columns(struct xlsx_reader *reader, const char *const *names, const uint8_t *headed,
                                     const uint8_t *used, struct pf_error *err)
{
    struct xlsx_table *table = &reader->table;
    uint32_t left = PF_XLSX_COLUMNS, right = 0, header_right = 0, count = 0;

    for (uint32_t i = table->range.left; i <= table->range.right; i++) {
        if (!headed[i] && !used[i])
            continue;
        left = left < i ? left : i;
        right = i;
        header_right = headed[i] ? i : header_right;
    }
    if (left == PF_XLSX_COLUMNS) {
        table->column_count = 0;
        return PF_OK;
    }
    table->names = pf_arena_alloc_zero(&reader->arena, right - left + 1, sizeof *table->names);
    table->place = pf_arena_alloc_zero(&reader->arena, right - left + 1, sizeof *table->place);
    if (table->names == NULL || table->place == NULL)
        return pf_fail_memory(err, (right - left + 1) * sizeof *table->names);
    for (uint32_t i = left; i <= right; i++) {
        if (i > header_right && !used[i])
            continue;
        table->names[count] = names[i] != NULL ? names[i] : "";
        table->place[count++] = i;
    }
    table->column_count = count;
    return settle_names(reader, err);
}

/* ---- reading the first rows */

/* Which columns of a piece are used, as a list. */
static uint32_t list_used(const uint8_t *used, uint32_t *place)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < PF_XLSX_COLUMNS; i++) {
        if (used[i])
            place[count++] = i;
    }
    return count;
}

/* What finding the table needs for a while. */
struct finding {
    struct xlsx_reader *reader;
    struct pf_arena arena;
    uint8_t *used, *headed; /* a byte a column of the sheet */
    uint32_t *place;
    const char **names;
    uint8_t *copy; /* of the piece: decoding rewrites what it reads */
    uint32_t top;  /* row of the sheet with which the table begins at the earliest */
    struct pf_decoded decoded;
    struct grid grid;
};

/* Marks what is used in a piece, from the row on. */
static enum pf_status mark(struct finding *finding, struct xlsx_piece *piece, uint32_t from, struct pf_error *err)
{
    struct xlsx_reader *reader = finding->reader;

    for (uint32_t i = 0; i < PF_XLSX_COLUMNS; i++)
        reader->slot[i] = i < reader->table.range.left || i > reader->table.range.right ? XLSX_OUTSIDE : XLSX_UNKNOWN;
    return xlsx_mark_used(reader, piece, from, finding->used, &finding->arena, err);
}

/* Decodes rows of the piece from first on. */
static enum pf_status decode_grid(struct finding *finding, struct xlsx_piece *piece, uint32_t first, struct pf_error *err)
{
    struct xlsx_reader *reader = finding->reader;
    const uint32_t count = list_used(finding->used, finding->place);
    struct pf_block block = { .bytes = piece->bytes, .size = piece->size };
    static const struct pf_pass all = { .columns = NULL };
    int64_t rows;

    memcpy(piece->bytes, finding->copy, piece->size + XLSX_PAD);
    for (uint32_t i = 0; i < count; i++)
        reader->slot[finding->place[i]] = (int32_t)i;
    reader->pass_columns = count;
    block.own[0] = first;
    rows = (reader->compat ? piece->last : piece->valued) - first + 1; /* 1.0.9 counted rows without values */
    block.own[1] = (uint64_t)(rows < LOOKED_AT ? rows : LOOKED_AT);
    block.own[3] = piece->before;
    if (xlsx_decode(reader, &all, &block, &finding->arena, &finding->decoded, err) != PF_OK)
        return err->status;
    finding->grid = (struct grid){ finding->decoded.text, finding->place, count, first, (uint32_t)finding->decoded.rows_kept,
                                   reader->compat };
    return PF_OK;
}

static uint32_t blank_rows(const struct grid *grid)
{
    uint32_t rows = 0;

    while (rows < grid->rows && filled(grid, rows) == 0)
        rows++;
    return rows;
}

/* Decodes the first rows that have values, which may lie far behind the first that are there; rows above top do not count. */
static enum pf_status read_grid(struct finding *finding, struct xlsx_piece *piece, struct pf_error *err)
{
    const bool skip = !finding->reader->compat && finding->top == finding->reader->table.range.top;
    uint32_t first = piece->first > finding->top ? piece->first : finding->top, blank;

    do {
        if (decode_grid(finding, piece, first, err) != PF_OK)
            return err->status;
        blank = skip ? blank_rows(&finding->grid) : 0;
        first += blank;
    } while (blank != 0 && first <= piece->valued);
    return PF_OK;
}

static bool has_formula(const struct xlsx_feed *feed, const uint8_t *bytes, size_t size)
{
    const uint8_t *at = bytes, *end = at + size;

    for (; (at = xlsx_find_tag(at, end)) < end; at++) {
        if (xlsx_feed_tag(feed, at, end, false, "f"))
            return true;
    }
    return false;
}

/* The first piece with a value or a formula within the range; PF_END = there is none. */
static enum pf_status first_piece(struct finding *finding, struct xlsx_piece *piece, struct pf_error *err)
{
    struct xlsx_reader *reader = finding->reader;

    for (;;) {
        enum pf_status status = xlsx_feed_next(&reader->feed, piece, err);

        if (status != PF_OK)
            return status;
        status = xlsx_count_rows(&reader->feed, &reader->table.range, piece, err);
        if (status == PF_OK && piece->valued >= finding->top)
            return PF_OK;
        pf_free(&reader->ctx->memory, piece->bytes);
        piece->bytes = NULL;
        if (status != PF_OK)
            return status;
    }
}

/* ---- the table */

/* 1.0.9 took the likeliest row for the header, and said nothing of those above it. */
static void tell_passed_over(const struct xlsx_reader *reader, const struct grid *grid, uint32_t first, uint32_t header)
{
    uint32_t rows = 0;

    for (uint32_t row = first; row < header; row++)
        rows += filled(grid, row) != 0;
    pf_warn(reader->ctx,
            "%s: the header of sheet '%s' is taken to be row %u; %u row%s with values above it %s left out (--header %u begins "
            "there)",
            pf_source_name(reader->src), reader->table.sheet->name, header + grid->first + 1, rows, rows == 1 ? "" : "s",
            rows == 1 ? "is" : "are", first + grid->first + 1);
}

static void tell_titles(const struct xlsx_reader *reader, const struct grid *grid, uint32_t first, uint32_t header)
{
    const uint32_t row = header + grid->first + 1;
    char both[96] = "";
    uint32_t above;

    if (header == first)
        return;
    if (reader->compat) {
        tell_passed_over(reader, grid, first, header);
        return;
    }
    /* names over several columns each, most often merged cells */
    if (header == first + 1 && filled(grid, first) > 1)
        (void)snprintf(both, sizeof both, "; --header %u-%u --fill-merged joins both rows", row - 1, row);
    above = filled(grid, header) / 2;
    pf_warn(reader->ctx,
            "%s: the header of sheet '%s' is taken to be row %u: what stands above has %u cell%s at most, the header has %u "
            "(--header N names the header's row%s)",
            pf_source_name(reader->src), reader->table.sheet->name, row, above, above == 1 ? "" : "s", filled(grid, header),
            both);
}

/* Names over several columns each, most often in merged cells, with others below them. */
static void tell_two_rows(const struct xlsx_reader *reader, const struct grid *grid, uint32_t header)
{
    const uint32_t below = header + 1, row = header + grid->first + 1;
    uint32_t values = 0;

    if (reader->compat || below + 1 >= grid->rows || filled(grid, header) >= filled(grid, below))
        return;
    for (uint32_t i = 0; i < grid->columns; i++) {
        const int kind = (int)kind_of(grid, i, below), under = (int)kind_of(grid, i, below + 1);

        if (kind != KIND_BLANK && kind != KIND_TEXT)
            return;
        values += under != KIND_BLANK && under != KIND_TEXT;
    }
    if (values != 0)
        pf_warn(reader->ctx,
                "%s: row %u of sheet '%s' was taken for the names of its columns, and row %u looks like names, too "
                "(--header %u-%u --fill-merged joins both)",
                pf_source_name(reader->src), row, reader->table.sheet->name, row + 1, row, row + 1);
}

static void tell_no_header(const struct xlsx_reader *reader, const struct pf_header_option *option)
{
    if (option->mode != PF_HEADER_AUTO || reader->table.has_header || reader->table.column_count == 0 || reader->compat)
        return;
    pf_warn(reader->ctx,
            "%s: row %u, the first of sheet '%s', was taken for data, not for column names (--header yes or no decides)",
            pf_source_name(reader->src), reader->table.header_row + 1, reader->table.sheet->name);
}

static enum pf_status fail_header(int64_t row, struct pf_error *err)
{
    pf_fail(err, PF_BAD_OPTION, "--header: row %lld is not among the rows that have values", (long long)row);
    pf_remedy(err, "give a row in which column names stand, or leave --header out; rows count from 1");
    return PF_BAD_OPTION;
}

/* The header's rows in the grid, or *count = 0. */
static enum pf_status find_header(struct finding *finding, const struct pf_header_option *option, uint32_t *at, uint32_t *count,
                                  struct pf_error *err)
{
    struct xlsx_reader *reader = finding->reader;
    const struct grid *grid = &finding->grid;
    const uint32_t first = blank_rows(grid);

    *count = 1;
    *at = first;
    if (option->mode == PF_HEADER_PLACED) {
        if (option->first <= grid->first || option->last > (int64_t)grid->first + grid->rows)
            return fail_header(option->first <= grid->first ? option->first : option->last, err);
        *at = (uint32_t)option->first - 1 - grid->first;
        *count = (uint32_t)(option->last - option->first) + 1;
    } else if (option->mode == PF_HEADER_AUTO) {
        if (first == grid->rows) {
            *count = 0;
            return PF_OK;
        }
        if (reader->options->range == NULL)
            *at = likeliest(grid, first);
        *count = reader->compat || is_header(grid, *at);
        tell_titles(reader, grid, first, *at);
        if (*count != 0)
            tell_two_rows(reader, grid, *at);
    } else if (option->mode == PF_HEADER_NO) {
        *count = 0;
    }
    return PF_OK;
}

/* From the first piece on: which columns have values. After it only when all of the sheet is to be looked at. */
static enum pf_status mark_columns(struct finding *finding, struct xlsx_piece *piece, struct pf_error *err)
{
    struct xlsx_reader *reader = finding->reader;
    enum pf_status status = PF_OK;

    memset(finding->used, 0, PF_XLSX_COLUMNS);
    while (status == PF_OK) {
        status = pf_check_cancel(reader->ctx, err);
        if (status == PF_OK)
            status = mark(finding, piece, reader->table.first, err);
        pf_free(&reader->ctx->memory, piece->bytes);
        piece->bytes = NULL;
        if (status != PF_OK || !reader->table.scanned || reader->feed.next_row > reader->table.range.bottom)
            return status;
        status = xlsx_feed_next(&reader->feed, piece, err);
        if (status == PF_OK)
            status = xlsx_count_rows(&reader->feed, &reader->table.range, piece, err);
    }
    return status == PF_END ? PF_OK : status;
}

/* Whether the piece has values within the range, and which columns they are in. */
static enum pf_status list_columns(struct finding *finding, struct xlsx_piece *piece, bool *any, struct pf_error *err)
{
    finding->copy = pf_arena_alloc(&finding->arena, piece->size + XLSX_PAD);
    if (finding->copy == NULL)
        return pf_fail_memory(err, piece->size);
    memcpy(finding->copy, piece->bytes, piece->size + XLSX_PAD);
    if (mark(finding, piece, finding->top, err) != PF_OK)
        return err->status;
    *any = list_used(finding->used, finding->place) != 0;
    return PF_OK;
}

static enum pf_status find_in_piece(struct finding *finding, struct xlsx_piece *piece, const struct pf_header_option *option,
                                    struct pf_error *err)
{
    struct xlsx_reader *reader = finding->reader;
    struct xlsx_table *table = &reader->table;
    uint32_t at, count;

    if (read_grid(finding, piece, err) != PF_OK || find_header(finding, option, &at, &count, err) != PF_OK)
        return err->status;
    table->doubt = reader->compat ? doubt_of(&finding->grid, at, piece->last + 1) : PF_NO_DOUBT;
    table->has_header = count != 0;
    table->header_row = at + finding->grid.first;
    table->first = table->header_row + count;
    if (count == 0)
        table->first = xlsx_merged_first(reader, finding->top, table->first);
    if (count != 0 && take_names(reader, &finding->grid, at, at + count - 1, finding->names, finding->headed, err) != PF_OK)
        return err->status;
    if (option->mode == PF_HEADER_PLACED && memchr(finding->headed, 1, PF_XLSX_COLUMNS) == NULL)
        return fail_header(option->first, err);
    memcpy(piece->bytes, finding->copy, piece->size + XLSX_PAD);
    if (mark_columns(finding, piece, err) != PF_OK)
        return err->status;
    xlsx_merged_mark(reader, table->first, finding->used);
    if (settle_columns(reader, finding->names, finding->headed, finding->used, err) != PF_OK)
        return err->status;
    tell_no_header(reader, option);
    return PF_OK;
}

/* In the first piece that has values, or in none: rows of formulas without values tell no columns. */
static enum pf_status find_in_pieces(struct finding *finding, const struct pf_header_option *option, struct pf_error *err)
{
    struct xlsx_reader *reader = finding->reader;
    struct xlsx_piece piece = { .bytes = NULL };
    bool any = false;
    enum pf_status status;

    do {
        pf_free(&reader->ctx->memory, piece.bytes);
        piece.bytes = NULL;
        status = first_piece(finding, &piece, err);
        if (status == PF_OK)
            status = list_columns(finding, &piece, &any, err);
        if (status == PF_OK && !any)
            reader->table.uncalculated = reader->table.uncalculated || has_formula(&reader->feed, finding->copy, piece.size);
    } while (status == PF_OK && !any);
    if (status == PF_OK)
        status = find_in_piece(finding, &piece, option, err);
    reader->table.uncalculated = reader->table.uncalculated && reader->table.column_count == 0;
    pf_free(&reader->ctx->memory, piece.bytes);
    return status;
}

/* An Excel table says itself which of its rows are the header. */
static void take_header_of_table(const struct xlsx_reader *reader, struct pf_header_option *option)
{
    const struct pf_xlsx_named *table = reader->range_table;

    if (table == NULL || option->mode != PF_HEADER_AUTO || reader->compat)
        return;
    option->mode = table->header_rows == 0 ? PF_HEADER_NO : PF_HEADER_PLACED;
    option->first = (int64_t)table->range.top + 1;
    option->last = (int64_t)table->range.top + table->header_rows;
}

static enum pf_status find(struct finding *finding, struct pf_error *err)
{
    struct xlsx_reader *reader = finding->reader;
    struct pf_header_option option;
    enum pf_status status;

    finding->used = pf_arena_alloc_zero(&finding->arena, PF_XLSX_COLUMNS, 1);
    finding->headed = pf_arena_alloc_zero(&finding->arena, PF_XLSX_COLUMNS, 1);
    finding->place = pf_arena_alloc_zero(&finding->arena, PF_XLSX_COLUMNS, sizeof *finding->place);
    finding->names = pf_arena_alloc_zero(&finding->arena, PF_XLSX_COLUMNS, sizeof *finding->names);
    if (reader->slot == NULL)
        reader->slot = pf_arena_alloc(&reader->arena, PF_XLSX_COLUMNS * sizeof *reader->slot);
    if (finding->used == NULL || finding->headed == NULL || finding->place == NULL || finding->names == NULL ||
        reader->slot == NULL)
        return pf_fail_memory(err, PF_XLSX_COLUMNS * sizeof *finding->names);
    reader->fill = false;
    if (xlsx_check_size(reader, reader->table.sheet->entry, err) != PF_OK ||
        pf_header_option_parse(reader->options->header, "row", PF_XLSX_ROWS, &option, err) != PF_OK ||
        xlsx_merged_load(reader, err) != PF_OK ||
        xlsx_feed_open(&reader->feed, reader->ctx, &reader->workbook, reader->table.sheet->entry, &xlsx_sheet_feed,
                       reader->block_bytes, err) != PF_OK)
        return err->status;
    take_header_of_table(reader, &option);
    finding->top = reader->table.range.top;
    if (option.mode == PF_HEADER_PLACED && option.first - 1 > finding->top)
        finding->top = (uint32_t)option.first - 1;
    status = find_in_pieces(finding, &option, err);
    if (status == PF_END && finding->top > reader->table.range.top)
        return fail_header(option.first, err);
    if (status == PF_END)
        reader->table.column_count = 0;
    return status == PF_END ? PF_OK : status;
}

enum pf_status xlsx_find_table(struct xlsx_reader *reader, struct pf_error *err)
{
    struct finding finding = { .reader = reader };
    const bool drop_blank = reader->drop_blank;
    enum pf_status status;

    pf_arena_init(&finding.arena, &reader->ctx->memory, SIZE_MAX);
    reader->drop_blank = false;
    status = find(&finding, err);
    reader->drop_blank = drop_blank;
    xlsx_feed_close(&reader->feed);
    pf_arena_free(&finding.arena);
    return status;
}
