/* Striping: the rows of a nested column become the entries of one of its leaves, each with two levels. The definition level counts the
 * optional and repeated fields on the way that are there; the repetition level tells which list the entry goes on in, 0 = a new record.
 *
 * A page's records are taken step by step from the column down: entries begin as one a record, a list makes several of one, and what is
 * null or empty stays as it is from there on. All entries of a step are done in one loop. Because nothing lies under a null (arrow/array.h),
 * the rows that belong to a range of records are a range at every step. */
#include "formats/parquet/chunk_work.h"

enum { LENGTH_SIZE = 4 };

/* Levels of the entries of a piece; bytes, as no level is above 2 * PF_NESTING + 2. */
struct entries {
    struct pf_buffer repetition, definition; /* size: the number of entries */
};

struct stripe {
    struct pf_chunk_work *work;
    struct entries now, next;
    struct pf_buffer page_repetition, page_definition; /* uint32_t each: of the page so far */
    size_t defined;
};

/* Where a piece stands on its way down. */
struct descent {
    const struct ArrowArray *array;
    int64_t first; /* the row of array that the first entry with a row stands for */
    uint8_t full;  /* definition level of entries that are there so far */
    uint8_t base;  /* entries have a row of array from this level on */
    uint8_t depth; /* lists so far */
};

/* ---- extents */

static bool repeats(const struct pf_field *field)
{
    return field->type == PF_TYPE_LIST || field->type == PF_TYPE_MAP;
}

struct extent {
    int64_t first, rows; /* of the leaf's array */
    size_t most;         /* rows, where the way down is widest */
    size_t text;         /* bytes in PLAIN at most */
    const struct ArrowArray *array;
};

/* What belongs to count rows of a column from row on. */
static struct extent extent_of(const struct pf_leaf *leaf, const struct ArrowArray *array, int64_t row, int64_t count)
{
    struct extent extent = { .first = row, .rows = count, .most = (size_t)count };
    int64_t end = row + count;

    for (uint32_t at = 0; at < leaf->step_count; at++) {
        if (at > 0)
            array = array->children[leaf->steps[at].child];
        if (!repeats(leaf->steps[at].field))
            continue;
        extent.first = pf_array_offsets(array)[extent.first];
        end = pf_array_offsets(array)[end];
        if ((size_t)(end - extent.first) > extent.most)
            extent.most = (size_t)(end - extent.first);
    }
    extent.rows = end - extent.first;
    extent.array = array;
    if (leaf->order == PF_ORDER_TEXT)
        extent.text = (size_t)(pf_array_offsets(array)[end] - pf_array_offsets(array)[extent.first]) + (size_t)extent.rows * 4;
    return extent;
}

/* Slices of the leaf for slices of the column; without those that are empty. */
static enum pf_status find_slices(struct pf_chunk_work *work, size_t records, struct pf_error *err)
{
    const struct pf_slice *slices = work->slices;
    size_t count = 0, kept = 0;

    for (size_t row = 0; row < records; count++)
        row += (size_t)slices[count].rows;
    work->leaf_slices = pf_alloc_zero(work->memory, count, sizeof *work->leaf_slices);
    if (!work->leaf_slices)
        return pf_fail_memory(err, count * sizeof *work->leaf_slices);
    work->rows = 0;
    for (size_t at = 0; at < count; at++) {
        struct extent extent = extent_of(work->leaf, slices[at].array, slices[at].start, slices[at].rows);

        if (extent.rows > 0)
            work->leaf_slices[kept++] = (struct pf_slice){ extent.array, extent.first, extent.rows };
        work->rows += (size_t)extent.rows;
    }
    work->slices = work->leaf_slices;
    return PF_OK;
}

/* ---- levels of a piece */

/* Room for count entries more. */
static bool add_entries(struct entries *entries, size_t count)
{
    return pf_buffer_reserve(&entries->repetition, count) && pf_buffer_reserve(&entries->definition, count);
}

/* Entries that are there and not null count one more. */
static void define_optional(struct entries *entries, struct descent *at)
{
    const uint8_t *valid = at->array->null_count != 0 ? pf_array_validity(at->array) : NULL;
    uint8_t *definition = entries->definition.data;
    size_t count = entries->definition.size;
    int64_t row = at->first;

    if (!valid) {
        for (size_t i = 0; i < count; i++)
            definition[i] = (uint8_t)(definition[i] + (definition[i] == at->full));
    } else {
        for (size_t i = 0; i < count; i++) {
            if (definition[i] < at->base)
                continue;
            definition[i] = (uint8_t)(definition[i] + (definition[i] == at->full && pf_bit(valid, row)));
            row++;
        }
    }
    at->full++;
}

/* Of a required field: whether it has a null where its parent is there. */
static bool lacks_required(const struct entries *entries, const struct descent *at)
{
    const uint8_t *valid = at->array->null_count != 0 ? pf_array_validity(at->array) : NULL;
    const uint8_t *definition = entries->definition.data;
    int64_t row = at->first;

    for (size_t i = 0; valid && i < entries->definition.size; i++) {
        if (definition[i] < at->base)
            continue;
        if (definition[i] == at->full && !pf_bit(valid, row))
            return true;
        row++;
    }
    return false;
}

/* An entry for each element; a list that has none keeps its entry. false = elements under a null. */
static bool expand(const struct entries *from, struct entries *to, struct descent *at)
{
    const int32_t *offsets = pf_array_offsets(at->array) + at->first;
    const uint8_t *from_repetition = from->repetition.data, *from_definition = from->definition.data;
    uint8_t *repetition = to->repetition.data, *definition = to->definition.data;
    uint8_t full = at->full, deeper = (uint8_t)(at->depth + 1);
    size_t out = 0;

    for (size_t i = 0; i < from->definition.size; i++) {
        int32_t elements = 0;

        if (from_definition[i] >= at->base) {
            elements = offsets[1] - offsets[0];
            offsets++;
        }
        repetition[out] = from_repetition[i];
        if (elements == 0) {
            definition[out++] = from_definition[i];
            continue;
        }
        if (from_definition[i] != full)
            return false;
        memset(definition + out, full + 1, (size_t)elements);
        memset(repetition + out + 1, deeper, (size_t)elements - 1);
        out += (size_t)elements;
    }
    to->repetition.size = to->definition.size = out;
    at->first = pf_array_offsets(at->array)[at->first];
    at->base = at->full = (uint8_t)(full + 1);
    at->depth = deeper;
    return true;
}

static enum pf_status go_into_list(struct stripe *stripe, struct descent *at, int64_t end, struct pf_error *err)
{
    size_t elements = (size_t)(pf_array_offsets(at->array)[end] - pf_array_offsets(at->array)[at->first]);
    size_t room = stripe->now.definition.size + elements;
    struct entries before = stripe->now;

    stripe->next.repetition.size = stripe->next.definition.size = 0;
    if (!add_entries(&stripe->next, room))
        return pf_fail_memory(err, room);
    if (!expand(&stripe->now, &stripe->next, at))
        return pf_fail(err, PF_INTERNAL, "elements under a null in column '%s'", stripe->work->leaf->steps[0].field->name);
    stripe->now = stripe->next;
    stripe->next = before;
    return PF_OK;
}

static bool widen(struct pf_buffer *to, const struct pf_buffer *levels)
{
    uint32_t *wide;

    if (!pf_buffer_reserve(to, levels->size * sizeof *wide))
        return false;
    wide = (uint32_t *)(void *)(to->data + to->size);
    for (size_t i = 0; i < levels->size; i++)
        wide[i] = levels->data[i];
    to->size += levels->size * sizeof *wide;
    return true;
}

/* Adds the finished levels of a piece to the page. */
static enum pf_status add_to_page(struct stripe *stripe, struct pf_error *err)
{
    const struct pf_buffer *definition = &stripe->now.definition;
    size_t defined = 0;

    for (size_t i = 0; i < definition->size; i++)
        defined += definition->data[i] == stripe->work->leaf->definition;
    stripe->defined += defined;
    if (!widen(&stripe->page_definition, definition) || !widen(&stripe->page_repetition, &stripe->now.repetition))
        return pf_fail_memory(err, definition->size * sizeof(uint32_t));
    return PF_OK;
}

/* The levels of count rows of the column from row on. */
static enum pf_status stripe_piece(struct stripe *stripe, const struct ArrowArray *column, int64_t row, int64_t count,
                                   struct pf_error *err)
{
    const struct pf_leaf *leaf = stripe->work->leaf;
    struct descent at = { .array = column, .first = row };
    int64_t end = row + count; /* of the rows of at.array */

    stripe->now.repetition.size = stripe->now.definition.size = 0;
    if (!add_entries(&stripe->now, (size_t)count))
        return pf_fail_memory(err, (size_t)count);
    stripe->now.repetition.size = stripe->now.definition.size = (size_t)count;
    memset(stripe->now.repetition.data, 0, (size_t)count);
    memset(stripe->now.definition.data, 0, (size_t)count);
    for (uint32_t step = 0; step < leaf->step_count; step++) {
        const struct pf_field *field = leaf->steps[step].field;

        if (step > 0)
            at.array = at.array->children[leaf->steps[step].child];
        if (!field->required)
            define_optional(&stripe->now, &at);
        else if (lacks_required(&stripe->now, &at))
            return pf_fail(err, PF_INTERNAL, "nulls in '%s' of column '%s', which was said to have none", field->name,
                           leaf->steps[0].field->name);
        if (repeats(field)) {
            int64_t next_end = pf_array_offsets(at.array)[end];

            if (go_into_list(stripe, &at, end, err) != PF_OK)
                return err->status;
            end = next_end;
        }
    }
    return add_to_page(stripe, err);
}

/* ---- pages */

/* How many of the next rows of a column, at most left, a page takes that has so much already. */
static int64_t rows_that_fit(const struct pf_leaf *leaf, const struct ArrowArray *column, int64_t row, int64_t left,
                             const struct extent *has)
{
    int64_t fits = 0;

    while (fits < left) {
        int64_t middle = left - (left - fits) / 2;
        struct extent more = extent_of(leaf, column, row, middle);

        if (has->most + more.most <= PF_PAGE_ROWS && has->text + more.text <= PF_PAGE_BYTES)
            fits = middle;
        else
            left = middle - 1;
    }
    return fits;
}

static enum pf_status append_levels(struct pf_buffer *out, const struct pf_buffer *levels, uint32_t most, struct pf_error *err)
{
    size_t count = levels->size / sizeof(uint32_t), room;
    uint32_t width = pf_bit_width(most), size;

    if (most == 0)
        return PF_OK;
    room = LENGTH_SIZE + pf_hybrid_bound(count, width);
    if (!pf_buffer_reserve(out, room))
        return pf_fail_memory(err, room);
    size = (uint32_t)pf_encode_hybrid((const uint32_t *)(const void *)levels->data, count, width,
                                      out->data + out->size + LENGTH_SIZE);
    memcpy(out->data + out->size, &size, LENGTH_SIZE);
    out->size += LENGTH_SIZE + size;
    return PF_OK;
}

/* The page's levels are complete: encodes them. */
static enum pf_status finish_page(struct stripe *stripe, struct pf_chunk_page *page, struct pf_error *err)
{
    struct pf_chunk_work *work = stripe->work;

    page->entries = stripe->page_definition.size / sizeof(uint32_t);
    if (page->entries > INT32_MAX)
        return pf_fail(err, PF_LIMIT, "a row of column '%s' has %zu entries: at most 2^31 fit",
                       work->leaf->steps[0].field->name, page->entries);
    page->defined = stripe->defined;
    page->levels_at = work->nested_levels.size;
    if (append_levels(&work->nested_levels, &stripe->page_repetition, work->leaf->repetition, err) != PF_OK ||
        append_levels(&work->nested_levels, &stripe->page_definition, work->leaf->definition, err) != PF_OK)
        return err->status;
    page->levels = work->nested_levels.size - page->levels_at;
    work->entries += page->entries;
    if (page->rows > work->page_rows)
        work->page_rows = page->rows;
    return PF_OK;
}

/* Fills a page with records, as many as fit and one at least; they begin at *from, of which left are left. *records is how many it
 * took. */
static enum pf_status fill_page(struct stripe *stripe, struct pf_slice_cursor *from, size_t left, struct pf_chunk_page *page,
                                size_t *records, struct pf_error *err)
{
    const struct pf_leaf *leaf = stripe->work->leaf;
    struct extent has = { .most = 0 };
    bool whole = true;

    pf_buffer_clear(&stripe->page_repetition);
    pf_buffer_clear(&stripe->page_definition);
    stripe->defined = 0;
    *records = 0;
    while (whole && *records < left) {
        const struct ArrowArray *column = from->slice->array;
        int64_t row = from->slice->start + from->row, here = from->slice->rows - from->row;
        int64_t count = rows_that_fit(leaf, column, row, here, &has);
        struct extent more;

        if (count == 0 && *records > 0)
            break;
        count = count > 0 ? count : 1;
        more = extent_of(leaf, column, row, count);
        if (stripe_piece(stripe, column, row, count, err) != PF_OK)
            return err->status;
        has.most += more.most;
        has.text += more.text;
        page->rows += (size_t)more.rows;
        *records += (size_t)count;
        whole = count == here;
        pf_slice_skip(from, count);
    }
    page->text_size = has.text;
    return finish_page(stripe, page, err);
}

static enum pf_status list_pages(struct stripe *stripe, const struct pf_slice *column, size_t records, struct pf_buffer *pages,
                                 struct pf_error *err)
{
    struct pf_slice_cursor from = { column, 0 }, cursor = { stripe->work->leaf_slices, 0 };
    size_t row = 0, taken;

    for (size_t record = 0; record < records; record += taken) {
        struct pf_chunk_page page = { .cursor = cursor, .row = row, .record = record };

        if (fill_page(stripe, &from, records - record, &page, &taken, err) != PF_OK)
            return err->status;
        if (!pf_buffer_append(pages, &page, sizeof page))
            return pf_fail_memory(err, sizeof page);
        pf_slice_skip(&cursor, (int64_t)page.rows);
        row += page.rows;
    }
    return PF_OK;
}

enum pf_status pf_chunk_stripe(struct pf_chunk_work *work, size_t records, struct pf_error *err)
{
    const struct pf_slice *column = work->slices;
    struct stripe stripe = { .work = work };
    struct pf_buffer *scratch[] = { &stripe.now.repetition,  &stripe.now.definition,  &stripe.next.repetition,
                                    &stripe.next.definition, &stripe.page_repetition, &stripe.page_definition };
    enum pf_status status = find_slices(work, records, err);
    struct pf_buffer pages;

    if (status != PF_OK)
        return status;
    for (size_t i = 0; i < PF_COUNT(scratch); i++)
        pf_buffer_init(scratch[i], work->memory, SIZE_MAX);
    pf_buffer_init(&pages, work->memory, SIZE_MAX);
    status = list_pages(&stripe, column, records, &pages, err);
    for (size_t i = 0; i < PF_COUNT(scratch); i++)
        pf_buffer_free(scratch[i]);
    work->page_count = pages.size / sizeof *work->pages;
    work->pages = (struct pf_chunk_page *)(void *)pages.data; /* freed with the work */
    return status;
}
