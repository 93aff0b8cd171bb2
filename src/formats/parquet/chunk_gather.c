/* Gathering: values of a fixed size are brought together once, in the form in which PLAIN stores them, page by page with room for the
 * definition levels before each page's values. Everything after works on these; a page in PLAIN is compressed from where it stands. */
#include "formats/parquet/chunk_work.h"

#include "formats/parquet/thrift_write.h"

enum { ALIGNMENT = 64, LENGTH_SIZE = 4 };

/* Of a flat column. */
static size_t levels_bound(const struct pf_leaf *leaf, size_t rows)
{
    return leaf->field->required ? 0 : LENGTH_SIZE + pf_hybrid_bound(rows, 1);
}

size_t pf_chunk_levels_bound(const struct pf_chunk_work *work, const struct pf_chunk_page *page)
{
    return work->nested ? page->levels : levels_bound(work->leaf, page->rows);
}

/* nulls == 0: the bitmap is not looked at. */
static size_t put_levels(const struct pf_leaf *leaf, const uint8_t *validity, size_t rows, size_t nulls, uint8_t *to)
{
    uint8_t one_run[16];
    uint32_t size;

    if (leaf->field->required)
        return 0;
    if (nulls > 0) {
        size = (uint32_t)pf_encode_hybrid_bits(validity, rows, to + LENGTH_SIZE);
    } else {
        size = pf_put_varint(one_run, (uint64_t)rows << 1);
        one_run[size++] = 1;
        memcpy(to + LENGTH_SIZE, one_run, size);
    }
    memcpy(to, &size, LENGTH_SIZE);
    return LENGTH_SIZE + size;
}

size_t pf_chunk_levels(struct pf_chunk_work *work, const struct pf_chunk_page *page, uint8_t *to)
{
    if (!work->nested) {
        size_t nulls = pf_gather_validity(page->cursor, page->rows, work->validity);

        return put_levels(work->leaf, work->validity, page->rows, nulls, to);
    }
    if (page->levels > 0)
        memcpy(to, work->nested_levels.data + page->levels_at, page->levels);
    return page->levels;
}

static bool has_nulls(const struct pf_chunk_work *work)
{
    size_t rows = 0;

    for (const struct pf_slice *slice = work->slices; rows < work->rows; rows += (size_t)slice->rows, slice++) {
        if (slice->array->null_count != 0)
            return true;
    }
    return false;
}

/* Pages of PF_PAGE_ROWS rows. */
static enum pf_status list_pages(struct pf_chunk_work *work, struct pf_error *err)
{
    struct pf_slice_cursor cursor = { work->slices, 0 };
    size_t count = (work->rows + PF_PAGE_ROWS - 1) / PF_PAGE_ROWS;

    work->pages = pf_alloc_zero(work->memory, count, sizeof *work->pages);
    if (!work->pages)
        return pf_fail_memory(err, count * sizeof *work->pages);
    work->page_count = count;
    work->page_rows = PF_PAGE_ROWS;
    work->entries = work->rows;
    for (size_t at = 0; at < count; at++) {
        struct pf_chunk_page *page = &work->pages[at];
        size_t left = work->rows - at * PF_PAGE_ROWS;

        page->cursor = cursor;
        page->row = page->record = at * PF_PAGE_ROWS;
        page->rows = page->entries = left < PF_PAGE_ROWS ? left : PF_PAGE_ROWS;
        pf_slice_skip(&cursor, (int64_t)page->rows);
    }
    return PF_OK;
}

static enum pf_status refuse_nulls(const struct pf_chunk_work *work, size_t nulls, struct pf_error *err)
{
    return pf_fail(err, PF_INTERNAL, "%zu nulls in column '%s', which was said to have none", nulls, work->leaf->field->name);
}

static size_t gathered_size(const struct pf_chunk_work *work, size_t rows)
{
    return work->leaf->order == PF_ORDER_BITS ? rows / 8 + 9 : rows * work->leaf->width;
}

static void gather_page(struct pf_chunk_work *work, struct pf_chunk_page *page, uint8_t *values)
{
    size_t nulls = pf_gather_validity(page->cursor, page->rows, work->validity);
    struct pf_slice_cursor cursor = page->cursor;

    page->count = page->rows - nulls;
    page->value = work->values;
    page->values = values;
    work->values += page->count;
    if (!work->nested) {
        page->levels = put_levels(work->leaf, work->validity, page->rows, nulls, work->levels);
        memcpy(values - page->levels, work->levels, page->levels);
    }
    pf_gather_values(&cursor, page->rows, work->leaf->field->type, work->leaf->width, nulls > 0 ? work->validity : NULL,
                     values);
    page->range = pf_range_of(work->leaf, values, page->count, work->options->features);
    page->ranged = true;
    pf_range_merge(work->leaf, &work->range, &page->range);
}

static enum pf_status gather_fixed(struct pf_chunk_work *work, struct pf_error *err)
{
    size_t page_rows = work->rows < PF_PAGE_ROWS ? work->rows : PF_PAGE_ROWS;
    size_t room = !work->nested && has_nulls(work) ? levels_bound(work->leaf, page_rows) : ALIGNMENT;
    size_t total;
    uint8_t *at;

    room = (room + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    total = gathered_size(work, work->rows) + work->page_count * (room + 2 * (size_t)ALIGNMENT);
    work->gathered = pf_alloc(work->memory, total);
    if (!work->gathered)
        return pf_fail_memory(err, total);
    at = work->gathered;
    for (size_t page = 0; page < work->page_count; page++) {
        gather_page(work, &work->pages[page], at + room);
        at += (room + gathered_size(work, work->pages[page].rows) + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return PF_OK;
}

/* A nested column's levels were made of the arrays above the leaf, its values of the leaf's: both tell which rows have one. */
static enum pf_status check_values(const struct pf_chunk_work *work, struct pf_error *err)
{
    if (!work->nested && work->leaf->field->required && work->values != work->rows)
        return refuse_nulls(work, work->rows - work->values, err);
    for (size_t at = 0; work->nested && at < work->page_count; at++) {
        if (work->pages[at].count != work->pages[at].defined)
            return pf_fail(err, PF_INTERNAL, "column '%s' has %zu values where its levels say %zu", work->leaf->field->name,
                           work->pages[at].count, work->pages[at].defined);
    }
    return PF_OK;
}

enum pf_status pf_chunk_gather(struct pf_chunk_work *work, struct pf_error *err)
{
    enum pf_status status = work->nested ? pf_chunk_stripe(work, work->rows, err) : list_pages(work, err);
    size_t bitmap, scratch;

    if (status != PF_OK)
        return status;
    bitmap = work->page_rows / 8 + ALIGNMENT;
    scratch = bitmap + (work->nested ? 0 : levels_bound(work->leaf, work->page_rows));
    work->validity = pf_alloc(work->memory, scratch);
    if (!work->validity)
        return pf_fail_memory(err, scratch);
    work->levels = work->validity + bitmap;
    if (work->leaf->order != PF_ORDER_TEXT) {
        status = gather_fixed(work, err);
    } else {
        for (size_t at = 0; at < work->page_count; at++) {
            struct pf_chunk_page *page = &work->pages[at];

            page->value = work->values;
            page->count = page->rows - pf_gather_validity(page->cursor, page->rows, work->validity);
            work->values += page->count;
        }
    }
    return status == PF_OK ? check_values(work, err) : status;
}

enum pf_status pf_chunk_pages_by_bytes(struct pf_chunk_work *work, struct pf_error *err)
{
    struct pf_slice_cursor cursor = { work->slices, 0 };
    struct pf_buffer pages;

    if (work->nested)
        return PF_OK; /* they do already: with their levels they cannot be cut once more */
    pf_buffer_init(&pages, work->memory, SIZE_MAX);
    for (size_t row = 0; row < work->rows;) {
        struct pf_chunk_page page = { .cursor = cursor, .row = row, .record = row };
        size_t left = work->rows - row;

        page.rows = pf_text_rows(cursor, left < PF_PAGE_ROWS ? left : PF_PAGE_ROWS, PF_PAGE_BYTES, &page.text_size);
        page.entries = page.rows;
        page.count = page.rows - pf_gather_validity(cursor, page.rows, work->validity);
        if (!pf_buffer_append(&pages, &page, sizeof page)) {
            pf_buffer_free(&pages);
            return pf_fail_memory(err, sizeof page);
        }
        pf_slice_skip(&cursor, (int64_t)page.rows);
        row += page.rows;
    }
    pf_free(work->memory, work->pages);
    work->page_count = pages.size / sizeof *work->pages;
    work->pages = (struct pf_chunk_page *)(void *)pages.data;
    return PF_OK;
}
