/* A block as columns of the shape: entries are put where they belong as they come, and what is not there is filled with nulls when the
 * next one comes, or at the end. */
#include "formats/xml/nested.h"
#include "transform/number_form.h"

static bool is_struct(const struct xml_slot *slot)
{
    return slot->member_count != 0;
}

/* ---- entries */

static bool add_entry(struct xml_nesting *nesting, uint32_t slot, bool there, const struct xml_item *item)
{
    struct xml_cells *cells = &nesting->cells[slot];

    if (cells->entries >= INT32_MAX)
        return false;
    if (!is_struct(&nesting->shape->slots[slot])) {
        if (!xml_texts_add(&cells->texts, nesting->arena, item))
            return false;
        cells->entries++;
        return true;
    }
    cells->there = pf_arena_grow(nesting->arena, cells->there, cells->entries, &cells->entry_capacity, 1);
    if (cells->there == NULL)
        return false;
    cells->there[cells->entries++] = there;
    return true;
}

static bool add_list(struct xml_nesting *nesting, struct xml_cells *cells, bool there)
{
    uint32_t capacity = cells->list_capacity;

    cells->ends = pf_arena_grow(nesting->arena, cells->ends, cells->lists, &capacity, sizeof *cells->ends);
    cells->list_there = pf_arena_grow(nesting->arena, cells->list_there, cells->lists, &cells->list_capacity, 1);
    if (cells->ends == NULL || cells->list_there == NULL)
        return false;
    if (capacity < cells->list_capacity)
        cells->list_capacity = capacity;
    cells->ends[cells->lists] = (int32_t)cells->entries;
    cells->list_there[cells->lists++] = there;
    return true;
}

bool xml_fill(struct xml_nesting *nesting, uint32_t slot, uint32_t count)
{
    struct xml_cells *cells = &nesting->cells[slot];

    if (nesting->shape->slots[slot].list) {
        while (cells->lists < count) {
            if (!add_list(nesting, cells, false))
                return false;
        }
        return true;
    }
    while (cells->entries < count) {
        if (!add_entry(nesting, slot, false, NULL))
            return false;
    }
    return true;
}

/* An entry for the one around; *second: it has one, and is no list. */
static bool enter(struct xml_nesting *nesting, uint32_t slot, uint32_t around, bool there, const struct xml_item *item,
                  bool *second)
{
    struct xml_cells *cells = &nesting->cells[slot];

    if (!xml_fill(nesting, slot, around))
        return false;
    if (!nesting->shape->slots[slot].list) {
        *second = *second || cells->entries > around;
        return *second || add_entry(nesting, slot, there, item);
    }
    if (cells->lists == around && !add_list(nesting, cells, true))
        return false;
    if (!add_entry(nesting, slot, there, item))
        return false;
    cells->ends[around] = (int32_t)cells->entries;
    return true;
}

/* An element or attribute inside of the row; *unlike: the shape has no place for it. */
static bool put_item(struct xml_nesting *nesting, struct xml_walk *walk, uint32_t index, bool *unlike)
{
    struct xml_item *item = &walk->items[index];
    const struct xml_item *parent = &walk->items[item->parent];
    const uint32_t around = item->parent == 0 ? (uint32_t)nesting->rows : parent->height;
    const uint32_t slot = nesting->shape->element[item->path], text = nesting->shape->text[item->path];
    const struct xml_item *value = item->value ? item : NULL;
    bool nil;

    if (slot == XML_NO_SLOT) { /* of attributes that are left out, or of empty elements that were no values */
        *unlike = *unlike || value != NULL;
        return true;
    }
    if (nesting->table != NULL && !nesting->table->wanted[slot])
        return true;
    nil = value != NULL && item->kind == PF_TEXT_NULL && !item->children && !item->attributes;
    if (!enter(nesting, slot, around, !nil, value, unlike) || *unlike)
        return *unlike;
    item->height = nesting->cells[slot].entries - 1;
    walk->counts.stored += value != NULL && nesting->table != NULL && nesting->table->wanted[slot] == XML_WANTED_IN;
    if (!is_struct(&nesting->shape->slots[slot]) || value == NULL || item->kind == PF_TEXT_NULL)
        return true;
    *unlike = *unlike || text == XML_NO_SLOT;
    return *unlike || (nesting->table != NULL && !nesting->table->wanted[text]) ||
           enter(nesting, text, item->height, true, value, unlike);
}

static bool put_around(struct xml_nesting *nesting, const struct xml_item *item, bool *unlike)
{
    const uint32_t slot = nesting->shape->text[item->path];

    *unlike = *unlike || slot == XML_NO_SLOT;
    return *unlike || (nesting->table != NULL && !nesting->table->wanted[slot]) ||
           enter(nesting, slot, (uint32_t)nesting->rows, true, item, unlike);
}

static enum pf_status put_row(struct xml_walk *walk, void *user)
{
    struct xml_nesting *nesting = user;
    bool ok = nesting->rows < INT32_MAX, unlike = false;
    int64_t values = 0;

    /* what is in other tables counts as written: each of them has a pass */
    for (uint32_t i = 0; i < walk->item_count; i++)
        values += walk->items[i].value;
    walk->counts.written += values;
    walk->counts.inside += values;
    if (nesting->table != NULL && nesting->table->row != walk->items[0].path)
        return PF_OK;
    for (uint32_t i = 0; ok && i < walk->live_count; i++)
        ok = put_around(nesting, &walk->outside[walk->live[i]], &unlike);
    if (ok && walk->items[0].value) {
        ok = put_around(nesting, &walk->items[0], &unlike);
        walk->counts.stored += nesting->table != NULL && nesting->table->slot == XML_NO_SLOT;
    }
    for (uint32_t i = 1; ok && !unlike && i < walk->item_count; i++)
        ok = put_item(nesting, walk, i, &unlike);
    if (!ok)
        return pf_fail_memory(walk->err, walk->item_count * sizeof *walk->items);
    walk->again = unlike;
    nesting->rows++;
    return PF_OK;
}

/* ---- columns */

static enum pf_status mark_nulls(struct xml_nesting *nesting, struct ArrowArray *array, const uint8_t *there)
{
    int64_t nulls = 0;
    uint8_t *bits;

    for (int64_t i = 0; i < array->length; i++)
        nulls += there[i] == 0;
    if (nulls == 0)
        return PF_OK;
    bits = pf_array_add_validity(array);
    if (bits == NULL)
        return pf_fail_memory(nesting->err, (size_t)array->length);
    for (int64_t i = 0; i < array->length; i++) {
        if (there[i] == 0)
            pf_bit_clear(bits, i);
    }
    array->null_count = nulls;
    return PF_OK;
}

enum pf_status xml_make_values(struct xml_nesting *nesting, uint32_t slot, struct ArrowArray *out)
{
    const struct xml_slot *made = &nesting->shape->slots[slot];
    const struct pf_text_column column = xml_texts_column(&nesting->cells[slot].texts, nesting->bytes);
    struct pf_evidence evidence = { .refuted = made->refuted, .unlike = PF_UNLIKE_ALL };
    bool fits = true;

    if (pf_cast_inferred(&column, nesting->cells[slot].texts.count, &made->target, &evidence, nesting->memory, out, &fits,
                         nesting->err) != PF_OK)
        return nesting->err->status;
    return fits ? PF_OK : pf_fail(nesting->err, PF_INTERNAL, "'%.80s' changed its type between two readings", made->name);
}

static enum pf_status make_column(struct xml_nesting *nesting, uint32_t slot, uint32_t count, struct ArrowArray *out);

static enum pf_status make_structs(struct xml_nesting *nesting, uint32_t slot, struct ArrowArray *out)
{
    const struct xml_slot *made = &nesting->shape->slots[slot];
    const uint32_t count = nesting->cells[slot].entries;

    if (pf_array_new_nested(out, nesting->memory, PF_TYPE_STRUCT, count, made->member_count, nesting->err) != PF_OK ||
        mark_nulls(nesting, out, nesting->cells[slot].there) != PF_OK)
        return nesting->err->status;
    for (uint32_t i = 0; i < made->member_count; i++) {
        if (make_column(nesting, made->members + i, count, out->children[i]) != PF_OK)
            return nesting->err->status;
    }
    return PF_OK;
}

static enum pf_status make_entries(struct xml_nesting *nesting, uint32_t slot, struct ArrowArray *out)
{
    return is_struct(&nesting->shape->slots[slot]) ? make_structs(nesting, slot, out) : xml_make_values(nesting, slot, out);
}

/* On failure what is made already is out's, which the caller frees. */
static enum pf_status make_column(struct xml_nesting *nesting, uint32_t slot, uint32_t count, struct ArrowArray *out)
{
    const struct xml_cells *cells = &nesting->cells[slot];
    int32_t *offsets;

    if (!xml_fill(nesting, slot, count))
        return pf_fail_memory(nesting->err, count);
    if (!nesting->shape->slots[slot].list)
        return make_entries(nesting, slot, out);
    if (pf_array_new_nested(out, nesting->memory, PF_TYPE_LIST, count, 1, nesting->err) != PF_OK ||
        mark_nulls(nesting, out, cells->list_there) != PF_OK)
        return nesting->err->status;
    offsets = (int32_t *)(uintptr_t)pf_array_offsets(out);
    if (count != 0)
        memcpy(offsets + 1, cells->ends, count * sizeof *offsets);
    return make_entries(nesting, slot, out->children[0]);
}

static enum pf_status make_batch(struct xml_nesting *nesting, const struct pf_pass *pass, struct pf_batch *out)
{
    const uint32_t count = pass->columns != NULL ? pass->column_count : nesting->reader->column_count;

    if (pf_batch_new(out, nesting->memory, nesting->rows, count, nesting->err) != PF_OK)
        return nesting->err->status;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t slot = pass->columns != NULL ? pass->columns[i] : i;

        if (make_column(nesting, slot, (uint32_t)nesting->rows, &out->columns[i]) != PF_OK)
            return nesting->err->status;
    }
    return PF_OK;
}

/* ---- */

static enum pf_status decode(struct xml_walk *walk, struct xml_nesting *nesting, const struct pf_pass *pass,
                             struct pf_block *block, struct pf_decoded *out)
{
    const size_t prefix = xml_prefix_of(block);
    enum pf_status status = xml_walk_run(walk, block->bytes, block->size, (block->own[XML_OWN_FLAGS] & XML_BLOCK_ENDS) != 0);

    out->rows_read = out->rows_kept = nesting->rows;
    if (walk->again)
        return status;
    if (status == PF_BAD_DATA)
        status = xml_reject_rest(walk, block->bytes + prefix, block->size - prefix, nesting->arena, out, walk->err);
    out->lines = (int64_t)block->own[XML_OWN_LINES];
    if (status != PF_OK)
        return status;
    if (!pf_buffer_reserve(&walk->values, XML_PAD))
        return pf_fail_memory(walk->err, XML_PAD);
    memset(walk->values.data + walk->values.size, 0, XML_PAD);
    nesting->bytes = walk->values.data;
    if (nesting->table != NULL)
        return xml_make_table(nesting, pass, xml_number_of(block), walk->counts.broken != 0, out);
    return make_batch(nesting, pass, &out->typed);
}

enum pf_status xml_nested_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                                 struct pf_decoded *out, struct pf_error *err)
{
    struct xml_reader *reader = (struct xml_reader *)(uintptr_t)state; /* for its lock */
    struct xml_nesting nesting = { .reader = reader,
                                   .shape = reader->shape,
                                   .table = reader->shape->table_count != 0 ? &reader->shape->tables[pass->table] : NULL,
                                   .arena = arena,
                                   .memory = &reader->ctx->memory,
                                   .err = err };
    struct xml_walk walk = { .row = put_row, .user = &nesting };

    *out = (struct pf_decoded){ 0 };
    pf_error_clear(err);
    nesting.cells = pf_arena_alloc_zero(arena, (size_t)reader->shape->slot_count + 1, sizeof *nesting.cells);
    if (nesting.cells == NULL)
        pf_fail_memory(err, reader->shape->slot_count * sizeof *nesting.cells);
    else if (xml_walk_begin(&walk, reader, &reader->tree, block, err) == PF_OK)
        (void)decode(&walk, &nesting, pass, block, out);
    if (err->status != PF_OK)
        pf_batch_free(&out->typed);
    return xml_walk_done(&walk, reader, err);
}
