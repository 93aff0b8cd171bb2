/* What the footer and the page index say of a chunk's values. */
#include "formats/parquet/chunk_work.h"
#include "formats/parquet/thrift_write.h"

/* Text behind a dictionary: each page looks once at each entry it uses. */
static enum pf_status ranges_by_entry(struct pf_chunk_work *work, struct pf_error *err)
{
    uint32_t *last_page = pf_alloc(work->memory, work->dictionary.count * sizeof *last_page);

    if (!last_page)
        return pf_fail_memory(err, work->dictionary.count * sizeof *last_page);
    memset(last_page, 0xff, work->dictionary.count * sizeof *last_page);
    for (uint32_t number = 0; number < work->page_count; number++) {
        struct pf_chunk_page *page = &work->pages[number];

        page->ranged = true;
        for (size_t at = page->value; at < page->value + page->count; at++) {
            uint32_t index = work->indexes[at];

            if (last_page[index] == number)
                continue;
            last_page[index] = number;
            pf_range_add_text(&page->range, pf_dictionary_text_at(&work->dictionary, index));
        }
    }
    pf_free(work->memory, last_page);
    return PF_OK;
}

/* A single page of text behind a dictionary: all entries are used. */
static void range_of_entries(struct pf_chunk_work *work)
{
    for (uint32_t index = 0; index < work->dictionary.count; index++)
        pf_range_add_text(&work->pages[0].range, pf_dictionary_text_at(&work->dictionary, index));
    work->pages[0].ranged = true;
}

static enum parquet_boundary_order boundary_order(const struct pf_chunk_work *work)
{
    const struct pf_chunk_page *before = NULL;
    bool ascending = true, descending = true;

    for (size_t at = 0; at < work->page_count; at++) {
        const struct pf_chunk_page *page = &work->pages[at];
        int min, max;

        if (!page->range.any)
            continue;
        if (before) {
            min = pf_bound_compare(work->leaf, &before->range.min, &page->range.min);
            max = pf_bound_compare(work->leaf, &before->range.max, &page->range.max);
            ascending = ascending && min <= 0 && max <= 0;
            descending = descending && min >= 0 && max >= 0;
        }
        before = page;
    }
    return ascending ? PARQUET_ASCENDING : descending ? PARQUET_DESCENDING : PARQUET_UNORDERED;
}

/* A column index needs bounds for every page that has values. */
static bool can_index(const struct pf_chunk_work *work)
{
    for (size_t at = 0; at < work->page_count; at++) {
        const struct pf_chunk_page *page = &work->pages[at];
        struct pf_stored_bound max;

        if (page->count == 0)
            continue;
        if (!page->range.any)
            return false;
        pf_store_max(work->leaf, &page->range, &max);
        if (!max.known)
            return false;
    }
    return true;
}

static void put_bounds(struct pf_thrift_writer *thrift, const struct pf_chunk_work *work, int16_t id,
                       void (*store)(const struct pf_leaf *, const struct pf_range *, struct pf_stored_bound *))
{
    pf_thrift_put_list(thrift, id, THRIFT_BINARY, (uint32_t)work->page_count);
    for (size_t at = 0; at < work->page_count; at++) {
        const struct pf_chunk_page *page = &work->pages[at];
        struct pf_stored_bound bound = { .size = 0 };

        if (page->count > 0)
            store(work->leaf, &page->range, &bound);
        pf_thrift_put_item_binary(thrift, bound.bytes, bound.size);
    }
}

static bool put_column_index(const struct pf_chunk_work *work)
{
    struct pf_thrift_writer thrift;

    pf_thrift_put_begin(&thrift, &work->out->meta.index);
    pf_thrift_put_list(&thrift, COLUMN_INDEX_NULL_PAGES, THRIFT_TRUE, (uint32_t)work->page_count);
    for (size_t at = 0; at < work->page_count; at++)
        pf_thrift_put_item_bool(&thrift, work->pages[at].count == 0);
    put_bounds(&thrift, work, COLUMN_INDEX_MIN_VALUES, pf_store_min);
    put_bounds(&thrift, work, COLUMN_INDEX_MAX_VALUES, pf_store_max);
    pf_thrift_put_i32(&thrift, COLUMN_INDEX_BOUNDARY_ORDER, (int32_t)boundary_order(work));
    pf_thrift_put_list(&thrift, COLUMN_INDEX_NULL_COUNTS, THRIFT_I64, (uint32_t)work->page_count);
    for (size_t at = 0; at < work->page_count; at++)
        pf_thrift_put_item_i64(&thrift, (int64_t)(work->pages[at].entries - work->pages[at].count));
    pf_thrift_put_end(&thrift);
    return !thrift.failed;
}

enum pf_status pf_chunk_describe(struct pf_chunk_work *work, struct pf_error *err)
{
    struct pf_range range = { .any = false };
    int64_t nulls = (int64_t)(work->entries - work->values);

    if (!work->pages[0].ranged && work->page_count > 1) {
        enum pf_status status = ranges_by_entry(work, err);

        if (status != PF_OK)
            return status;
    } else if (!work->pages[0].ranged) {
        range_of_entries(work);
    }
    for (size_t at = 0; at < work->page_count; at++)
        pf_range_merge(work->leaf, &range, &work->pages[at].range);
    if (!pf_statistics_write(work->leaf, &range, nulls, &work->out->meta.statistics))
        return pf_fail_memory(err, 256);
    if (can_index(work) && !put_column_index(work))
        return pf_fail_memory(err, work->page_count * (2 * sizeof(struct pf_stored_bound)));
    return PF_OK;
}
