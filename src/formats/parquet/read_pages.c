/* Layout: PageHeader of parquet.thrift in the Apache Parquet format specification. */
#include "formats/parquet/read_pages.h"

#include <string.h>

#include "formats/parquet/read_thrift.h"

enum {
    HEADER_READ = 512,       /* most headers are under 100 bytes; with statistics some hundreds */
    HEADER_LIMIT = 16 << 20, /* a header with two very long texts as its statistics */
    CHUNK_SLACK = 100,       /* old writers leave the dictionary page's header out of the chunk's size */
    BLOCK_ROWS = 128 * 1024, /* most rows of a block */
    BLOCK_ROWS_LEAST = 1,
    BLOCK_BYTES = 16 << 20,      /* decoded bytes a block is meant to have */
    BLOCK_BYTES_MOST = 64 << 20, /* and may have where smaller ones would decompress pages again and again */
    BLOCK_BYTES_LEAST = 1 << 20,
    BLOCKS_IN_MEMORY =
        8 /* of the largest, that the memory limit should have room for: several are under way, and their output */
};

/* ---- one header */

struct header {
    int32_t type, plain_size, size;
    int32_t values, encoding, level_encoding;
    int32_t definition_size, repetition_size;
    int32_t crc;
    bool has_crc, has_details, not_compressed;
};

/* The details of all page kinds but v2 share their field ids. */
static void read_details(struct pf_thrift_input *in, const struct pf_thrift_field *owner, struct header *header)
{
    struct pf_thrift_field field = { 0 };

    if (!pf_thrift_struct(in, owner))
        return;
    header->has_details = true;
    while (pf_thrift_next(in, &field)) {
        if (field.id == DATA_PAGE_NUM_VALUES)
            header->values = pf_thrift_int32(in, &field);
        else if (field.id == DATA_PAGE_ENCODING)
            header->encoding = pf_thrift_int32(in, &field);
        else if (field.id == DATA_PAGE_DEFINITION_LEVEL_ENCODING && owner->id == PAGE_DATA_HEADER)
            header->level_encoding = pf_thrift_int32(in, &field);
        else
            pf_thrift_skip(in, &field);
    }
}

static void read_details_v2(struct pf_thrift_input *in, const struct pf_thrift_field *owner, struct header *header)
{
    struct pf_thrift_field field = { 0 };
    int32_t *const numbers[] = {
        [DATA_PAGE_V2_NUM_VALUES] = &header->values,
        [DATA_PAGE_V2_ENCODING] = &header->encoding,
        [DATA_PAGE_V2_DEFINITION_LEVELS_BYTE_LENGTH] = &header->definition_size,
        [DATA_PAGE_V2_REPETITION_LEVELS_BYTE_LENGTH] = &header->repetition_size,
    };

    if (!pf_thrift_struct(in, owner))
        return;
    header->has_details = true;
    header->level_encoding = PARQUET_RLE;
    while (pf_thrift_next(in, &field)) {
        if (field.id == DATA_PAGE_V2_IS_COMPRESSED)
            header->not_compressed = !pf_thrift_bool(in, &field);
        else if (field.id > 0 && (size_t)field.id < PF_COUNT(numbers) && numbers[field.id] != NULL)
            *numbers[field.id] = pf_thrift_int32(in, &field);
        else
            pf_thrift_skip(in, &field);
    }
}

static void read_header(struct pf_thrift_input *in, struct header *header)
{
    struct pf_thrift_field field = { 0 };

    memset(header, 0, sizeof *header);
    header->type = header->size = header->plain_size = header->values = -1;
    while (pf_thrift_next(in, &field)) {
        switch (field.id) {
        case PAGE_TYPE:
            header->type = pf_thrift_int32(in, &field);
            break;
        case PAGE_UNCOMPRESSED_SIZE:
            header->plain_size = pf_thrift_int32(in, &field);
            break;
        case PAGE_COMPRESSED_SIZE:
            header->size = pf_thrift_int32(in, &field);
            break;
        case PAGE_CRC:
            header->crc = pf_thrift_int32(in, &field);
            header->has_crc = true;
            break;
        case PAGE_DATA_HEADER:
        case PAGE_DICTIONARY_HEADER:
            read_details(in, &field, header);
            break;
        case PAGE_DATA_HEADER_V2:
            read_details_v2(in, &field, header);
            break;
        default:
            pf_thrift_skip(in, &field);
        }
    }
}

static enum pf_status check_header(const struct header *header, struct pf_error *err)
{
    if (header->size < 0 || header->plain_size < 0)
        return pf_fail(err, PF_BAD_DATA, "a page header gives no size, or one below 0");
    if (header->type == PARQUET_INDEX_PAGE)
        return PF_OK;
    if (header->type < PARQUET_DATA_PAGE || header->type > PARQUET_DATA_PAGE_V2)
        return pf_fail(err, PF_UNSUPPORTED, "a page is of the type %d, which is not known", header->type);
    if (!header->has_details || header->values < 0)
        return pf_fail(err, PF_BAD_DATA, "a page header does not say how many values the page has");
    if (header->encoding < 0 || header->encoding > INT16_MAX || header->level_encoding < 0 ||
        header->level_encoding > INT16_MAX)
        return pf_fail(err, PF_BAD_DATA, "a page header names no encoding");
    if (header->repetition_size != 0)
        return pf_fail(err, PF_BAD_DATA, "a page of a flat column has repetition levels");
    if (header->definition_size < 0 || header->definition_size > header->size || header->definition_size > header->plain_size)
        return pf_fail(err, PF_BAD_DATA, "a page of %d bytes says that %d of them are definition levels", header->size,
                       header->definition_size);
    return PF_OK;
}

enum pf_status parquet_page_header_read(const uint8_t *bytes, size_t size, struct parquet_page *out, int32_t *type,
                                        size_t *used, struct pf_error *err)
{
    struct pf_thrift_input in;
    struct header header;

    *used = 0;
    pf_thrift_input_init(&in, bytes, size);
    read_header(&in, &header);
    if (in.cut_off)
        return PF_OK;
    if (in.wrong != NULL)
        return pf_fail(err, PF_BAD_DATA, "a page header %s", in.wrong);
    if (check_header(&header, err) != PF_OK)
        return err->status;
    *type = header.type;
    *used = (size_t)(in.next - bytes);
    *out = (struct parquet_page){
        .size = header.size,
        .plain_size = header.plain_size,
        .values = header.values,
        .level_size = header.definition_size,
        .crc = (uint32_t)header.crc,
        .encoding = (int16_t)header.encoding,
        .level_encoding = (int16_t)header.level_encoding,
        .version_2 = header.type == PARQUET_DATA_PAGE_V2,
        .compressed = !header.not_compressed,
        .has_crc = header.has_crc,
    };
    return PF_OK;
}

/* ---- the pages of a column chunk */

struct scan {
    struct parquet_pages *pages;
    struct pf_memory *memory;
    const struct pf_source *src;
    int64_t at, end; /* in the file: next header, end of the chunk */
    uint8_t *window; /* bytes of the file from window_at */
    int64_t window_at;
    size_t window_size;
    int64_t row; /* rows seen so far */
    double text; /* bytes of text expected so far */
};

static enum pf_status read_window(struct scan *scan, size_t want, struct pf_error *err)
{
    size_t left = (size_t)(scan->end - scan->at);
    uint8_t *grown;

    if (want > left)
        want = left;
    grown = pf_resize(scan->memory, scan->window, want);
    if (grown == NULL)
        return pf_fail_memory(err, want);
    scan->window = grown;
    scan->window_size = 0;
    if (pf_source_read_at(scan->src, scan->at, scan->window, want, err) != PF_OK)
        return err->status;
    scan->window_at = scan->at;
    scan->window_size = want;
    return PF_OK;
}

/* Reads the header at scan->at and moves on to the page's first byte. */
static enum pf_status next_header(struct scan *scan, struct parquet_page *page, int32_t *type, struct pf_error *err)
{
    size_t want = HEADER_READ;
    size_t used = 0;

    for (;;) {
        int64_t skip = scan->at - scan->window_at;

        if (skip >= 0 && (uint64_t)skip < scan->window_size) {
            if (parquet_page_header_read(scan->window + skip, scan->window_size - (size_t)skip, page, type, &used, err) !=
                PF_OK) {
                err->offset = scan->at;
                return err->status;
            }
            if (used != 0)
                break;
        }
        if (scan->window_at == scan->at && scan->window_size >= (uint64_t)(scan->end - scan->at))
            return pf_fail(err, PF_BAD_DATA, "the column chunk ends inside a page header");
        if (want > HEADER_LIMIT)
            return pf_fail(err, PF_BAD_DATA, "a page header at byte %lld does not end", (long long)scan->at);
        if (read_window(scan, want, err) != PF_OK)
            return err->status;
        want *= 8;
    }
    scan->at += (int64_t)used;
    page->offset = scan->at;
    if (page->size > scan->end - scan->at)
        return pf_fail(err, PF_BAD_DATA, "a page at byte %lld should have %d bytes, but only %lld are left of its column chunk",
                       (long long)page->offset, page->size, (long long)(scan->end - scan->at));
    scan->at += page->size;
    return PF_OK;
}

/* How much text the rows of a page are likely to be. Dictionary entries are taken to be equally frequent. */
static double expected_text(const struct scan *scan, const struct parquet_page *page)
{
    const struct parquet_page *dictionary = &scan->pages->dictionary;

    if (page->encoding == PARQUET_PLAIN_DICTIONARY || page->encoding == PARQUET_RLE_DICTIONARY) {
        double entry = dictionary->values > 0 ? (double)dictionary->plain_size / dictionary->values - 4.0 : 0.0;
        return entry > 0.0 ? entry * page->values : 0.0;
    }
    return page->encoding == PARQUET_DELTA_BYTE_ARRAY ? 3.0 * page->plain_size : (double)page->plain_size;
}

static enum pf_status add_page(struct scan *scan, struct parquet_page *page, int32_t type, int64_t rows, struct pf_error *err)
{
    struct parquet_pages *pages = scan->pages;

    if (type == PARQUET_INDEX_PAGE)
        return PF_OK;
    if (page->plain_size > pages->largest)
        pages->largest = page->plain_size;
    if (type == PARQUET_DICTIONARY_PAGE) {
        if (pages->has_dictionary || pages->count != 0)
            return pf_fail(err, PF_BAD_DATA, "a dictionary page stands after other pages of its column chunk");
        pages->dictionary = *page;
        pages->has_dictionary = true;
        return PF_OK;
    }
    if (page->values == 0)
        return PF_OK;
    if (page->values > rows - scan->row)
        return pf_fail(err, PF_BAD_DATA, "the pages of a column chunk have more values than the %lld rows of the row group",
                       (long long)rows);
    page->first_row = scan->row;
    scan->row += page->values;
    scan->text += expected_text(scan, page);
    if (!pf_buffer_append(&pages->data, page, sizeof *page))
        return pf_fail_memory(err, pages->data.size + sizeof *page);
    pages->count++;
    return PF_OK;
}

enum pf_status parquet_pages_read(struct parquet_pages *pages, struct pf_memory *memory, const struct pf_source *src,
                                  const struct parquet_column *column, const struct parquet_chunk *chunk, int64_t rows,
                                  int64_t pages_end, struct pf_error *err)
{
    struct scan scan = { .pages = pages, .memory = memory, .src = src, .at = chunk->start };
    enum pf_status status = PF_OK;

    memset(pages, 0, sizeof *pages);
    pf_buffer_init(&pages->data, memory, SIZE_MAX);
    scan.end = chunk->start + chunk->compressed_size;
    scan.end = pages_end - scan.end > CHUNK_SLACK ? scan.end + CHUNK_SLACK : pages_end;
    while (status == PF_OK && scan.row < rows) {
        struct parquet_page page;
        int32_t type;

        if (scan.at >= scan.end) {
            status = pf_fail(err, PF_BAD_DATA, "the column chunk ends after %lld of %lld values", (long long)scan.row,
                             (long long)rows);
            break;
        }
        status = next_header(&scan, &page, &type, err);
        if (status == PF_OK)
            status = add_page(&scan, &page, type, rows, err);
    }
    pf_free(memory, scan.window);
    if (column->field.type == PF_TYPE_STRING || column->field.type == PF_TYPE_BINARY) {
        double text = chunk->text_bytes >= 0               ? (double)chunk->text_bytes
                      : column->convert == PF_CONVERT_UUID ? (double)rows * PF_UUID_TEXT
                      : column->width != 0                 ? (double)rows * column->width
                                                           : scan.text;
        pages->text_a_row = rows > 0 ? text / (double)rows : 0.0;
    }
    if (status != PF_OK && err->offset < 0)
        err->offset = scan.at;
    return status;
}

void parquet_pages_free(struct parquet_pages *pages)
{
    pf_buffer_free(&pages->data);
    memset(pages, 0, sizeof *pages);
}

uint32_t parquet_page_of_row(const struct parquet_pages *pages, int64_t row)
{
    uint32_t low = 0, high = pages->count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (parquet_page_at(pages, middle)->first_row <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ---- blocks */

static double row_width(const struct parquet_column *column, const struct parquet_pages *pages)
{
    if (column->field.type == PF_TYPE_STRING || column->field.type == PF_TYPE_BINARY)
        return 4.125 + pages->text_a_row;
    return 0.125 + (column->field.type == PF_TYPE_BOOL ? 0.125 : (double)pf_type_width(column->field.type));
}

/* Bytes that blocks of block_rows rows would decompress more than once. */
static double repeated_bytes(const struct parquet_group_pages *group, int64_t block_rows, int64_t rows)
{
    double repeated = 0;

    for (uint32_t c = 0; c < group->column_count; c++) {
        const struct parquet_pages *pages = &group->columns[c];

        for (uint32_t i = 0; i < pages->count; i++) {
            const struct parquet_page *page = parquet_page_at(pages, i);
            int64_t borders = (page->first_row + page->values - 1) / block_rows - page->first_row / block_rows;

            repeated += (double)borders * page->plain_size;
        }
        if (pages->has_dictionary)
            repeated += (double)((rows - 1) / block_rows) * pages->dictionary.plain_size;
    }
    return repeated;
}

/* Pages of many columns often end at the same rows: blocks that end there, too, repeat nothing. */
static int64_t align_to_pages(const struct parquet_group_pages *group, int64_t block_rows, int64_t rows)
{
    int64_t page_rows =
        group->column_count != 0 && group->columns[0].count != 0 ? parquet_page_at(&group->columns[0], 0)->values : 0;
    int64_t aligned = page_rows != 0 ? block_rows / page_rows * page_rows : 0;

    if (aligned == 0 && page_rows <= block_rows / 2 * 3)
        aligned = page_rows;
    if (aligned == 0 || repeated_bytes(group, aligned, rows) >= repeated_bytes(group, block_rows, rows))
        return block_rows;
    return aligned;
}

/* Blocks of equal size, of whole words of validity bits where blocks are not small. */
static int64_t even_out(int64_t block_rows, int64_t rows)
{
    int64_t blocks = (rows - 1) / block_rows + 1, even = (rows - 1) / blocks + 1;

    return even < 1024 ? even : (even + 63) / 64 * 64;
}

static double most_bytes(const struct pf_memory *memory)
{
    double share = (double)memory->limit / BLOCKS_IN_MEMORY;

    return share < BLOCK_BYTES_LEAST ? BLOCK_BYTES_LEAST : share > BLOCK_BYTES_MOST ? BLOCK_BYTES_MOST : share;
}

void parquet_choose_block_rows(struct parquet_group_pages *group, const struct parquet_column *const *columns, int64_t rows)
{
    double most = most_bytes(group->memory), usual = most / 2 < BLOCK_BYTES ? most / 2 : BLOCK_BYTES;
    double bytes = 0, all; /* of a row, of the row group: as decoded */
    int64_t block_rows;

    for (uint32_t c = 0; c < group->column_count; c++)
        bytes += row_width(columns[c], &group->columns[c]);
    group->bytes_a_row = bytes;
    group->times = 1.0;
    all = (double)rows * bytes;
    block_rows = bytes * BLOCK_ROWS <= usual ? BLOCK_ROWS : (int64_t)(usual / bytes);
    if (block_rows < BLOCK_ROWS_LEAST)
        block_rows = BLOCK_ROWS_LEAST;
    while (block_rows < rows && 2.0 * (double)block_rows * bytes <= most && repeated_bytes(group, block_rows, rows) > all)
        block_rows *= 2;
    /* A row group that is little more than a block stays whole, so that no small remainder is left; one of two blocks or so does if
     * much of it would be decompressed twice. */
    if (all <= 1.5 * most &&
        (rows / 3 <= block_rows / 2 || (rows / 5 <= block_rows / 2 && repeated_bytes(group, block_rows, rows) > all / 2))) {
        group->block_rows = rows;
        return;
    }
    block_rows = align_to_pages(group, block_rows, rows);
    if (repeated_bytes(group, block_rows, rows) > 0)
        block_rows = even_out(block_rows, rows);
    group->block_rows = block_rows;
    if (all > 0)
        group->times += repeated_bytes(group, block_rows, rows) / all;
}

void parquet_group_pages_free(struct parquet_group_pages *group)
{
    if (group == NULL)
        return;
    for (uint32_t c = 0; group->columns != NULL && c < group->column_count; c++)
        parquet_pages_free(&group->columns[c]);
    pf_free(group->memory, group->columns);
    pf_free(group->memory, group);
}
