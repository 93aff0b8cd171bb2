/* What every path of a document is: a value, a struct, or a list of either, and of which type. The last record may make a list of
 * what was no list before, so that the whole document is read for it before any row is made. */
#include <stdlib.h>

#include "formats/xml/nested.h"

enum { MOST_SLOTS = 1 << 24 };

/* ---- texts of one path */

static bool grow_texts(struct xml_texts *texts, struct pf_arena *arena)
{
    const uint32_t capacity = texts->capacity < 16 ? 32 : texts->capacity * 2;
    uint32_t *both = capacity <= UINT32_MAX / 16 ? pf_arena_alloc(arena, (size_t)capacity * 2 * sizeof *both) : NULL;
    uint8_t *kind = both != NULL ? pf_arena_alloc(arena, capacity) : NULL;

    if (kind == NULL)
        return false;
    if (texts->count != 0) {
        memcpy(both, texts->offset, texts->count * sizeof *both);
        memcpy(both + capacity, texts->size, texts->count * sizeof *both);
        memcpy(kind, texts->kind, texts->count);
    }
    texts->offset = both;
    texts->size = both + capacity;
    texts->kind = kind;
    texts->capacity = capacity;
    return true;
}

bool xml_texts_add(struct xml_texts *texts, struct pf_arena *arena, const struct xml_item *item)
{
    if (texts->count == texts->capacity && !grow_texts(texts, arena))
        return false;
    texts->offset[texts->count] = item != NULL ? item->offset : 0;
    texts->size[texts->count] = item != NULL ? item->size : 0;
    texts->kind[texts->count++] = item != NULL ? item->kind : PF_TEXT_NULL;
    return true;
}

struct pf_text_column xml_texts_column(const struct xml_texts *texts, const uint8_t *bytes)
{
    struct pf_text_column column = { .bytes = bytes, .offset = texts->offset, .size = texts->size, .kind = texts->kind };

    for (uint32_t i = 0; i < texts->count; i++) {
        column.total += texts->size[i];
        column.nulls += texts->kind[i] == PF_TEXT_NULL;
    }
    return column;
}

/* ---- the whole document */

struct seen {
    uint64_t parent;        /* the element that had the last one */
    uint32_t order;         /* in which paths were met, from 1 */
    bool listed;            /* there were several in one element */
    bool texted;            /* it had a value that is not null */
    bool held;              /* it had a value */
    bool full;              /* it, or something in it, had one */
    uint32_t items;         /* of the block */
    struct xml_texts texts; /* of the block */
    struct pf_evidence evidence;
};

struct shaping {
    struct xml_reader *reader;
    struct pf_memory *memory;
    struct pf_arena block;
    struct seen *seen; /* by path */
    uint32_t seen_capacity, order;
    uint64_t items;           /* of the rows before */
    uint32_t blocks;          /* before */
    struct pf_buffer tallies; /* struct xml_tally */
};

static struct seen *seen_at(struct shaping *shaping, uint32_t path)
{
    void *seen = shaping->seen;

    while (path >= shaping->seen_capacity) {
        if (!xml_room(shaping->memory, &seen, shaping->seen_capacity, &shaping->seen_capacity, sizeof *shaping->seen))
            return NULL;
        shaping->seen = seen;
    }
    if (shaping->seen[path].order == 0)
        shaping->seen[path].order = ++shaping->order;
    return &shaping->seen[path];
}

static bool see_value(struct shaping *shaping, struct seen *seen, const struct xml_item *item)
{
    seen->held = true;
    seen->texted = seen->texted || item->kind != PF_TEXT_NULL;
    return xml_texts_add(&seen->texts, &shaping->block, item);
}

static enum pf_status see_row(struct xml_walk *walk, void *user)
{
    struct shaping *shaping = user;
    bool ok = true;

    for (uint32_t i = 0; ok && i < walk->live_count; i++) {
        const struct xml_item *item = &walk->outside[walk->live[i]];
        struct seen *seen = seen_at(shaping, item->path);

        ok = seen != NULL && (item->used || see_value(shaping, seen, item));
    }
    for (uint32_t i = 0; ok && i < walk->item_count; i++) {
        const struct xml_item *item = &walk->items[i];
        const uint64_t parent = shaping->items + item->parent + 1;
        struct seen *seen = seen_at(shaping, item->path);

        ok = seen != NULL && (!item->value || see_value(shaping, seen, item));
        if (ok)
            seen->items++;
        if (ok && i != 0) {
            seen->listed = seen->listed || seen->parent == parent;
            seen->parent = parent;
        }
    }
    shaping->items += walk->item_count;
    return ok ? PF_OK : pf_fail_memory(walk->err, walk->item_count * sizeof(struct seen));
}

/* For --relational: how many elements of each path the block has. */
static bool tally_block(struct shaping *shaping)
{
    bool ok = true;

    for (uint32_t i = 0; ok && i < shaping->seen_capacity; i++) {
        const struct xml_tally tally = { shaping->blocks, i, shaping->seen[i].items };

        if (tally.count != 0)
            ok = pf_buffer_append(&shaping->tallies, &tally, sizeof tally);
        shaping->seen[i].items = 0;
    }
    shaping->blocks++;
    return ok;
}

/* The texts of the block become evidence. */
static enum pf_status end_block(struct xml_walk *walk, void *user)
{
    struct shaping *shaping = user;

    if (!pf_buffer_reserve(&walk->values, XML_PAD))
        return pf_fail_memory(walk->err, XML_PAD);
    memset(walk->values.data + walk->values.size, 0, XML_PAD);
    for (uint32_t i = 0; i < shaping->seen_capacity; i++) {
        struct seen *seen = &shaping->seen[i];
        const struct pf_text_column column = xml_texts_column(&seen->texts, walk->values.data);

        if (seen->texts.count != 0 && !shaping->reader->options->texts)
            pf_evidence_add(&seen->evidence, &column, seen->texts.count);
        seen->texts = (struct xml_texts){ 0 };
    }
    pf_arena_free(&shaping->block);
    if (shaping->reader->options->relational && !tally_block(shaping))
        return pf_fail_memory(walk->err, shaping->tallies.size);
    return PF_OK;
}

/* ---- the slots */

struct laying {
    struct shaping *shaping;
    struct xml_shape *shape;
    const struct xml_path *paths;
    uint32_t path_count;
    uint32_t *order;        /* paths, in the order in which they were met */
    uint32_t *first, *next; /* by path: those in it that are full, in that order; 0 = none */
    bool *inside;           /* by path: of a row */
    uint32_t capacity;
    struct pf_error *err;
};

struct place {
    uint32_t order, path;
};

static int by_order(const void *a, const void *b)
{
    const struct place *left = a, *right = b;

    return left->order < right->order ? -1 : left->order > right->order;
}

/* What is full, what is inside of rows, and what is in what. */
static enum pf_status link_paths(struct laying *laying)
{
    struct seen *seen = laying->shaping->seen;
    struct pf_memory *memory = laying->shaping->memory;
    struct place *places = pf_alloc_zero(memory, laying->path_count, sizeof *places);
    uint32_t count = 0;

    if (places == NULL)
        return pf_fail_memory(laying->err, laying->path_count * sizeof *places);
    for (uint32_t i = laying->path_count - 1; i > 0; i--) {
        seen[i].full = seen[i].full || seen[i].held;
        seen[laying->paths[i].parent].full |= seen[i].full && seen[i].order != 0;
    }
    for (uint32_t i = 1; i < laying->path_count; i++) {
        const uint32_t parent = laying->paths[i].parent;

        laying->inside[i] = laying->paths[parent].row || laying->inside[parent];
        if (seen[i].order != 0 && seen[i].full)
            places[count++] = (struct place){ seen[i].order, i };
    }
    qsort(places, count, sizeof *places, by_order);
    for (uint32_t i = count; i > 0; i--) {
        const uint32_t path = places[i - 1].path, parent = laying->paths[path].parent;

        laying->next[path] = laying->first[parent];
        laying->first[parent] = path;
    }
    for (uint32_t i = 0; i < count; i++)
        laying->order[i] = places[i].path;
    laying->order[count] = 0;
    pf_free(memory, places);
    return PF_OK;
}

static struct xml_slot *add_slot(struct laying *laying, uint32_t path, uint32_t around, bool text)
{
    const struct xml_reader *reader = laying->shaping->reader;
    struct xml_shape *shape = laying->shape;
    const struct seen *seen = &laying->shaping->seen[path];
    struct xml_slot *slots;

    if (shape->slot_count >= reader->ctx->limits.columns || shape->slot_count >= MOST_SLOTS) {
        pf_fail(laying->err, PF_LIMIT, "the document makes more than %u columns, with what is in them", shape->slot_count);
        pf_remedy(laying->err, "name a smaller element with --row-tag, or raise --max-columns");
        return NULL;
    }
    slots = pf_arena_grow(&laying->shaping->reader->arena, shape->slots, shape->slot_count, &laying->capacity, sizeof *slots);
    if (slots == NULL) {
        pf_fail_memory(laying->err, sizeof *slots);
        return NULL;
    }
    shape->slots = slots;
    (text ? shape->text : shape->element)[path] = shape->slot_count;
    slots += shape->slot_count++;
    *slots = (struct xml_slot){ .path = path, .around = around, .text = text, .list = !text && seen->listed };
    pf_evidence_decide(&seen->evidence, &slots->target);
    if (reader->options->texts)
        slots->target = (struct pf_target){ .field = { .type = PF_TYPE_STRING } };
    slots->refuted = reader->options->texts ? UINT64_MAX : seen->evidence.refuted;
    return slots;
}

/* The slots of what is in the element; its own text is the last. */
static bool add_members(struct laying *laying, uint32_t slot)
{
    const uint32_t path = laying->shape->slots[slot].path, begin = laying->shape->slot_count;

    for (uint32_t i = laying->first[path]; i != 0; i = laying->next[i]) {
        if (add_slot(laying, i, slot, false) == NULL)
            return false;
    }
    if (laying->shaping->seen[path].texted && add_slot(laying, path, slot, true) == NULL)
        return false;
    laying->shape->slots[slot].members = begin;
    laying->shape->slots[slot].member_count = laying->shape->slot_count - begin;
    return true;
}

static enum pf_status lay_slots(struct laying *laying)
{
    struct xml_shape *shape = laying->shape;

    for (uint32_t i = 0; laying->order[i] != 0; i++) {
        const uint32_t path = laying->order[i];
        const bool of_row = laying->paths[laying->paths[path].parent].row && laying->inside[path];

        if ((of_row || (!laying->inside[path] && laying->shaping->seen[path].held)) &&
            add_slot(laying, path, XML_NO_SLOT, !of_row) == NULL)
            return laying->err->status;
    }
    laying->shaping->reader->column_count = shape->slot_count;
    for (uint32_t slot = 0; slot < shape->slot_count; slot++) {
        if (!shape->slots[slot].text && laying->first[shape->slots[slot].path] != 0 && !add_members(laying, slot))
            return laying->err->status;
    }
    return PF_OK;
}

/* ---- names */

static bool append_slot_name(const struct xml_reader *reader, struct pf_buffer *to, const struct xml_slot *slot)
{
    if (slot->around == XML_NO_SLOT)
        return xml_append_column_name(reader, to, slot->path);
    if (slot->text)
        return pf_buffer_append_text(to, "#text");
    return (!reader->tree.paths[slot->path].attribute || pf_buffer_append(to, "@", 1)) &&
           xml_append_step(reader, to, &reader->tree.paths[slot->path]);
}

/* Of slots that follow one another: their names differ. */
static enum pf_status name_slots(struct xml_reader *reader, const char **names, uint32_t first, uint32_t count,
                                 struct pf_error *err)
{
    struct xml_slot *slots = reader->shape->slots + first;
    struct pf_buffer name;
    bool ok = true;

    pf_buffer_init(&name, &reader->ctx->memory, SIZE_MAX);
    for (uint32_t i = 0; ok && i < count; i++) {
        pf_buffer_clear(&name);
        ok = append_slot_name(reader, &name, &slots[i]);
        names[i] = ok ? pf_arena_copy(&reader->arena, (const char *)name.data, name.size) : NULL;
        ok = names[i] != NULL;
    }
    pf_buffer_free(&name);
    if (!ok)
        return pf_fail_memory(err, count * sizeof *names);
    if (pf_names_settle(names, NULL, count, reader->options->compat, &reader->arena, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < count; i++)
        slots[i].name = names[i];
    return PF_OK;
}

static enum pf_status name_all(struct xml_reader *reader, struct pf_error *err)
{
    const uint32_t count = reader->shape->slot_count;
    const char **names = pf_arena_alloc_zero(&reader->arena, (size_t)count + 1, sizeof *names);

    reader->names = names;
    if (names == NULL)
        return pf_fail_memory(err, count * sizeof *names);
    if (name_slots(reader, names, 0, reader->column_count, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < count; i++) {
        const struct xml_slot *slot = &reader->shape->slots[i];

        if (slot->member_count != 0 &&
            name_slots(reader, names + slot->members, slot->members, slot->member_count, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

/* ---- */

static enum pf_status lay_out(struct shaping *shaping, struct pf_error *err)
{
    struct xml_reader *reader = shaping->reader;
    const uint32_t count = reader->tree.count;
    struct xml_shape *shape = pf_arena_alloc_zero(&reader->arena, 1, sizeof *shape);
    struct pf_arena scratch;
    struct laying laying = { .shaping = shaping, .shape = shape, .paths = reader->tree.paths, .path_count = count, .err = err };
    const struct seen *last = seen_at(shaping, count); /* so that there is one for every path */

    if (shape == NULL || last == NULL)
        return pf_fail_memory(err, sizeof *shape);
    pf_arena_init(&scratch, shaping->memory, SIZE_MAX);
    shape->element = pf_arena_alloc(&reader->arena, count * sizeof *shape->element);
    shape->text = pf_arena_alloc(&reader->arena, count * sizeof *shape->text);
    laying.order = pf_arena_alloc_zero(&scratch, (size_t)count + 1, sizeof *laying.order);
    laying.first = pf_arena_alloc_zero(&scratch, count, sizeof *laying.first);
    laying.next = pf_arena_alloc_zero(&scratch, count, sizeof *laying.next);
    laying.inside = pf_arena_alloc_zero(&scratch, count, sizeof *laying.inside);
    if (shape->element == NULL || shape->text == NULL || laying.order == NULL || laying.first == NULL || laying.next == NULL ||
        laying.inside == NULL) {
        pf_fail_memory(err, count * sizeof *laying.order);
    } else {
        memset(shape->element, 0xFF, count * sizeof *shape->element);
        memset(shape->text, 0xFF, count * sizeof *shape->text);
        reader->shape = shape;
        if (link_paths(&laying) == PF_OK && lay_slots(&laying) == PF_OK && name_all(reader, err) == PF_OK &&
            reader->options->relational) {
            shape->block_count = shaping->blocks;
            (void)xml_tables_lay_out(reader, shape, (const struct xml_tally *)(const void *)shaping->tallies.data,
                                     shaping->tallies.size / sizeof(struct xml_tally), err);
        }
    }
    pf_arena_free(&scratch);
    return err->status;
}

enum pf_status xml_nested_survey(struct xml_reader *reader, struct pf_error *err)
{
    struct shaping shaping = { .reader = reader, .memory = &reader->ctx->memory };
    const struct xml_surveyor surveyor = { .row = see_row, .block = end_block, .user = &shaping };

    pf_arena_init(&shaping.block, shaping.memory, SIZE_MAX);
    pf_buffer_init(&shaping.tallies, shaping.memory, SIZE_MAX);
    reader->cut_columns = reader->column_count;
    if (pf_source_spool(reader->src, err) == PF_OK && xml_survey_blocks(reader, &surveyor, err) == PF_OK)
        (void)lay_out(&shaping, err);
    pf_arena_free(&shaping.block);
    pf_buffer_free(&shaping.tallies);
    pf_free(shaping.memory, shaping.seen);
    return err->status;
}

/* ---- fields */

struct fields {
    const struct xml_reader *reader;
    struct pf_arena *arena;
    struct pf_error *err;
};

static enum pf_status fail_depth(const struct fields *fields, const struct xml_slot *slot)
{
    pf_fail(fields->err, PF_LIMIT, "element '%.80s' is nested deeper than a column can be (%d lists and structs)", slot->name,
            PF_NESTING);
    pf_remedy(fields->err, "name a smaller element with --row-tag, or leave --nested out");
    return PF_LIMIT;
}

static enum pf_status make_field(const struct fields *fields, const struct xml_slot *slot, uint32_t depth, struct pf_field *out)
{
    const uint32_t count = slot->member_count;
    struct pf_field *members;

    *out = slot->target.field;
    out->name = slot->name;
    depth += (uint32_t)slot->list + (uint32_t)(count != 0);
    if (depth > PF_NESTING)
        return fail_depth(fields, slot);
    if (count != 0) {
        members = pf_arena_alloc_zero(fields->arena, count, sizeof *members);
        if (members == NULL)
            return pf_fail_memory(fields->err, count * sizeof *members);
        for (uint32_t i = 0; i < count; i++) {
            if (make_field(fields, &fields->reader->shape->slots[slot->members + i], depth, &members[i]) != PF_OK)
                return fields->err->status;
        }
        *out = (struct pf_field){ .name = slot->name, .type = PF_TYPE_STRUCT, .child_count = count, .children = members };
    }
    if (!slot->list)
        return PF_OK;
    members = pf_arena_alloc(fields->arena, sizeof *members);
    if (members == NULL)
        return pf_fail_memory(fields->err, sizeof *members);
    *members = *out;
    members->name = "item";
    *out = (struct pf_field){ .name = slot->name, .type = PF_TYPE_LIST, .child_count = 1, .children = members };
    return PF_OK;
}

enum pf_status xml_nested_schema(const struct xml_reader *reader, struct pf_schema *schema, struct pf_error *err)
{
    struct pf_arena arena;
    const struct fields fields = { .reader = reader, .arena = &arena, .err = err };

    pf_error_clear(err);
    pf_arena_init(&arena, &reader->ctx->memory, SIZE_MAX);
    for (uint32_t i = 0; i < reader->column_count && err->status == PF_OK; i++) {
        const struct xml_slot *slot = &reader->shape->slots[i];
        struct pf_field field;

        if (make_field(&fields, slot, 0, &field) == PF_OK && !pf_schema_add(schema, slot->name, strlen(slot->name), &field))
            pf_fail_memory(err, strlen(slot->name));
    }
    pf_arena_free(&arena);
    return err->status;
}

/* Both ways at once, and what each of them replaces. */
enum pf_status xml_nested_check(const struct pf_xml_read_options *options, struct pf_error *err)
{
    const char *way = options->nested ? "nested" : "relational", *other = NULL;

    if (!options->nested && !options->relational)
        return PF_OK;
    if (options->nested && options->relational)
        other = "relational";
    else if (options->arrays != PF_XML_EXPAND)
        other = "array-handling";
    else if (options->flatten_nested)
        other = "flatten-nested";
    else if (options->relational && options->compat)
        other = "compat 1.0";
    if (other == NULL)
        return PF_OK;
    pf_fail(err, PF_BAD_OPTION, "--%s and --%s exclude each other", way, other);
    if (options->nested)
        pf_remedy(err, "with --nested what is repeated is a list, and what has something in it a struct: leave --%s out",
                  other);
    else
        pf_remedy(err, "with --relational what is repeated is a table of its own: leave --%s out", other);
    return PF_BAD_OPTION;
}
