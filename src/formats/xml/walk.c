/* Walking: what expat tells of a block, as the items of its rows and as leaf values outside of them. */
#include <stdio.h>

#include "formats/xml/xml.h"

enum { PIECE = 1 << 30 /* bytes given to expat at a time: of all blocks but those of very large rows, all of them */ };

bool xml_room(struct pf_memory *memory, void **list, uint32_t count, uint32_t *capacity, size_t size)
{
    const uint32_t wanted = *capacity < 64 ? 64 : *capacity * 2;
    void *grown;

    if (count < *capacity)
        return true;
    if (wanted > UINT32_MAX / 4)
        return false;
    grown = pf_resize(memory, *list, wanted * size);
    if (grown == NULL)
        return false;
    memset((uint8_t *)grown + *capacity * size, 0, (wanted - *capacity) * size);
    *list = grown;
    *capacity = wanted;
    return true;
}

void xml_counts_add(struct xml_counts *to, const struct xml_counts *from)
{
    if (to->outside == 0)
        to->outside_path = from->outside_path;
    if (to->skipped == 0)
        memcpy(to->entity, from->entity, sizeof to->entity);
    to->found += from->found;
    to->written += from->written;
    to->outside += from->outside;
    to->left_out += from->left_out;
    to->inside += from->inside;
    to->stored += from->stored;
    to->skipped += from->skipped;
    to->broken += from->broken;
}

static void stop(struct xml_walk *walk)
{
    (void)XML_StopParser(walk->parser, XML_FALSE);
}

static void stop_for_memory(struct xml_walk *walk)
{
    if (walk->err->status == PF_OK)
        pf_fail_memory(walk->err, walk->values.size);
    stop(walk);
}

static void stop_for_limit(struct xml_walk *walk, const char *before, int64_t limit, const char *behind, const char *option)
{
    pf_fail(walk->err, PF_LIMIT, "%s %lld %s", before, (long long)limit, behind);
    pf_remedy(walk->err, "if the document is what it should be, raise %s", option);
    stop(walk);
}

/* The end of <a/> is where the tag begins: expat tells the place behind it, which may be that of another. */
static int64_t place_of_event(const struct xml_walk *walk)
{
    return walk->empty_at >= 0 ? walk->empty_at : (int64_t)XML_GetCurrentByteIndex(walk->parser);
}

static bool in_prefix(const struct xml_walk *walk)
{
    return walk->prefix != 0 && place_of_event(walk) < (int64_t)walk->prefix;
}

/* Of the prefix, and rows came behind it. */
static bool was_used(const struct xml_walk *walk)
{
    return walk->prefix_used != 0 && place_of_event(walk) < (int64_t)walk->prefix_used;
}

static struct xml_item *top_item(struct xml_walk *walk)
{
    struct xml_open *open = &walk->open[walk->depth - 1];

    return walk->in_row && walk->depth > walk->row_depth ? &walk->items[open->item] : &walk->outside[open->item];
}

/* ---- leaf values outside of rows */

static void count_outside(struct xml_walk *walk, const struct xml_item *item)
{
    if (walk->counts.outside++ == 0)
        walk->counts.outside_path = item->path;
}

/* A value that a later one of the same path takes the place of, or whose element ends. */
static void drop_outside(struct xml_walk *walk, uint32_t index, bool replaying)
{
    struct xml_item *item = &walk->outside[index];

    if (item->value && !item->used && !replaying)
        count_outside(walk, item);
    if (item->path < walk->last_capacity && walk->last[item->path] == index + 1)
        walk->last[item->path] = 0;
    item->value = false;
    walk->live_stale = true;
}

/* The item is a value from here on. */
static void add_outside(struct xml_walk *walk, uint32_t index)
{
    struct xml_item *item = &walk->outside[index];
    const bool replaying = in_prefix(walk);
    void *last = walk->last;

    item->used = replaying && was_used(walk);
    walk->counts.found += !replaying;
    if (walk->no_carry && !replaying) {
        count_outside(walk, item);
        return;
    }
    if (item->path >= walk->last_capacity) {
        uint32_t capacity = walk->last_capacity;

        while (item->path >= capacity) {
            if (!xml_room(walk->memory, &last, capacity, &capacity, sizeof *walk->last)) {
                stop_for_memory(walk);
                return;
            }
            walk->last = last;
            walk->last_capacity = capacity;
        }
    }
    if (walk->last[item->path] != 0)
        drop_outside(walk, walk->last[item->path] - 1, replaying);
    item->value = true;
    walk->live_stale = true;
    walk->last[item->path] = index + 1;
}

static struct xml_item *new_item(struct xml_walk *walk, uint32_t path)
{
    const bool row = walk->in_row;
    uint32_t *count = row ? &walk->item_count : &walk->outside_count;
    void *list = row ? walk->items : walk->outside;
    struct xml_item *item;

    if (!xml_room(walk->memory, &list, *count, row ? &walk->item_capacity : &walk->outside_capacity, sizeof *item)) {
        stop_for_memory(walk);
        return NULL;
    }
    if (row)
        walk->items = list;
    else
        walk->outside = list;
    item = (struct xml_item *)list + *count;
    *item = (struct xml_item){ .path = path, .offset = (uint32_t)walk->values.size, .end = *count + 1 };
    ++*count;
    return item;
}

/* The path below the one that is open; 0 = stopped. */
static uint32_t path_of(struct xml_walk *walk, uint32_t parent, bool attribute, const char *name, size_t size)
{
    uint32_t path;

    if (size > (size_t)walk->reader->options->max_name) {
        stop_for_limit(walk, "a name has more than", walk->reader->options->max_name, "bytes", "--max-name");
        return 0;
    }
    path = walk->survey ? xml_tree_add(walk->tree, parent, attribute, name, size)
                        : xml_tree_find(walk->tree, parent, attribute, name, size);
    if (path == 0 && walk->survey)
        stop_for_memory(walk);
    if (path == 0 && !walk->survey) {
        walk->again = true;
        stop(walk);
    }
    return path;
}

/* ---- elements */

static bool is_nil(const char *name, const char *value)
{
    const char *colon = strchr(name, ':');

    return colon != NULL && strcmp(colon, ":nil") == 0 && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}
static bool is_namespace(const char *name)
{
    return strncmp(name, "xmlns", 5) == 0 && (name[5] == '\0' || name[5] == ':');
}

static void add_attribute(struct xml_walk *walk, uint32_t element, const char *name, const char *value)
{
    const size_t size = strlen(value);
    struct xml_item *item;
    uint32_t path;

    if (size > (size_t)walk->reader->options->max_attribute) {
        stop_for_limit(walk, "the value of an attribute has more than", walk->reader->options->max_attribute, "bytes",
                       "--max-attribute");
        return;
    }
    if (!walk->reader->options->attributes) {
        walk->counts.left_out += !in_prefix(walk);
        walk->counts.found += !in_prefix(walk);
        return;
    }
    path = path_of(walk, walk->in_row ? walk->items[element].path : walk->outside[element].path, true, name, strlen(name));
    item = path != 0 ? new_item(walk, path) : NULL;
    if (item == NULL)
        return;
    item->parent = element;
    if (!pf_buffer_append(&walk->values, value, size)) {
        stop_for_memory(walk);
        return;
    }
    item->size = (uint32_t)size;
    item->kind = size == 0 ? PF_TEXT_QUOTED : PF_TEXT_PLAIN;
    if (walk->notes)
        xml_note_value(walk, (const uint8_t *)value, size, true);
    if (walk->in_row) {
        item->value = true;
        walk->counts.found += !walk->replayed;
    } else {
        add_outside(walk, walk->outside_count - 1);
    }
}

static bool note_namespace(struct xml_walk *walk, const char *const *attribute)
{
    struct xml_reader *reader = (struct xml_reader *)(uintptr_t)walk->reader; /* which is being opened */

    if (xml_add_namespace(reader, attribute[0], attribute[1]))
        return true;
    stop_for_memory(walk);
    return false;
}

static void add_attributes(struct xml_walk *walk, uint32_t element, const char *const *attributes)
{
    for (; *attributes != NULL && walk->err->status == PF_OK && !walk->again; attributes += 2) {
        struct xml_item *item = walk->in_row ? &walk->items[element] : &walk->outside[element];

        if (walk->notes && walk->in_row && (is_namespace(attributes[0]) || is_nil(attributes[0], attributes[1])))
            walk->met |= XML_MET_NAMESPACE;
        if (is_namespace(attributes[0])) {
            if (walk->survey && walk->reader->options->compat && !note_namespace(walk, attributes))
                return;
            continue;
        }
        if (is_nil(attributes[0], attributes[1])) {
            item->nil = true;
            continue;
        }
        item->attributes = true;
        add_attribute(walk, element, attributes[0], attributes[1]);
    }
}

/* An element inside of another: that has no text of its own but blanks, so far. */
static void mark_parent(struct xml_walk *walk)
{
    struct xml_item *item;

    if (walk->depth == 0)
        return;
    item = top_item(walk);
    item->children = true;
    item->split = item->text;
    if (!item->text && item->offset + item->size == walk->values.size) {
        walk->values.size = item->offset;
        item->size = 0;
    }
}

static void place_open(const struct xml_walk *walk, struct xml_open *open)
{
    open->start = (int64_t)XML_GetCurrentByteIndex(walk->parser);
    open->after = open->start + XML_GetCurrentByteCount(walk->parser);
}

/* A row in the text of an entity has the place of one before: the parser tells none there, or that of the reference in the prefix. */
static void place_row(struct xml_walk *walk)
{
    const int64_t at = (int64_t)XML_GetCurrentByteIndex(walk->parser) - (int64_t)walk->prefix;

    if (at > walk->row_offset)
        walk->row_offset = at;
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_walk *walk = user;
    const size_t size = strlen(name);
    const bool nested = walk->in_row;
    void *open = walk->open;
    struct xml_item *item;
    uint32_t path, parent = 0, index, parent_item = 0;

    if (walk->err->status != PF_OK || walk->again)
        return;
    if (walk->depth >= walk->reader->options->max_depth) {
        stop_for_limit(walk, "elements are nested more than", walk->reader->options->max_depth, "deep", "--max-depth");
        return;
    }
    mark_parent(walk);
    if (walk->depth != 0) {
        parent = top_item(walk)->path;
        parent_item = walk->open[walk->depth - 1].item;
    }
    path = path_of(walk, parent, false, name, size);
    if (path == 0)
        return;
    if (!nested && xml_enter(&walk->reader->rule, &walk->where, name, size)) {
        walk->in_row = true;
        walk->replayed = in_prefix(walk);
        walk->row_depth = walk->depth;
        walk->item_count = 0;
        if (walk->survey)
            walk->tree->paths[path].row = true;
    }
    index = walk->in_row ? walk->item_count : walk->outside_count;
    item = new_item(walk, path);
    if (item == NULL || !xml_room(walk->memory, &open, walk->depth, &walk->open_capacity, sizeof *walk->open)) {
        stop_for_memory(walk);
        return;
    }
    walk->open = open;
    item->parent = nested ? parent_item : index;
    walk->open[walk->depth++] = (struct xml_open){ .item = index,
                                                   .mark = walk->in_row ? 0 : index,
                                                   .had_rows = !walk->in_row && was_used(walk),
                                                   .old = !walk->in_row && in_prefix(walk) };
    if (!walk->in_row)
        place_open(walk, &walk->open[walk->depth - 1]);
    else if (!nested)
        place_row(walk);
    add_attributes(walk, index, (const char *const *)attributes);
}

/* Text without the blanks around it, and what it means that there is none. */
static void finish_text(struct xml_walk *walk, struct xml_item *item)
{
    const uint8_t *bytes = walk->values.data;
    uint32_t from = item->offset, to = item->offset + item->size;

    if (!walk->reader->options->keep_blanks || item->children) {
        while (from < to && xml_is_blank(bytes[from]))
            from++;
        while (to > from && xml_is_blank(bytes[to - 1]))
            to--;
    }
    item->offset = from;
    item->size = to - from;
    item->kind = item->size != 0 ? PF_TEXT_PLAIN : item->nil ? PF_TEXT_NULL : PF_TEXT_QUOTED;
}

/* compat: an empty element had no value. */
static bool is_leaf(const struct xml_walk *walk, const struct xml_item *item)
{
    if (walk->reader->options->compat)
        return item->size != 0;
    return item->size != 0 || item->nil || (!item->children && !item->attributes);
}

/* There may be many rows between changes of what stands around them. */
static bool list_live(struct xml_walk *walk)
{
    walk->live_count = 0;
    for (uint32_t i = 0; i < walk->outside_count; i++) {
        void *live = walk->live;

        if (!walk->outside[i].value)
            continue;
        if (!xml_room(walk->memory, &live, walk->live_count, &walk->live_capacity, sizeof *walk->live))
            return false;
        walk->live = live;
        walk->live[walk->live_count++] = i;
    }
    walk->live_stale = false;
    return true;
}

static void end_row(struct xml_walk *walk)
{
    walk->in_row = false;
    if (walk->live_stale && !list_live(walk)) {
        stop_for_memory(walk);
        return;
    }
    for (uint32_t i = 0; i < walk->live_count && !walk->replayed; i++)
        walk->counts.written += !walk->outside[walk->live[i]].used;
    if (!walk->replayed && (walk->row(walk, walk->user) != PF_OK || walk->again)) {
        stop(walk);
        return;
    }
    for (uint32_t i = 0; i < walk->live_count; i++)
        walk->outside[walk->live[i]].used = true;
    if (walk->depth != 0)
        walk->open[walk->depth - 1].had_rows = true;
    walk->rows_done++;
    if (walk->survey && !walk->keep_values)
        walk->values.size = 0;
}

static void end_outside(struct xml_walk *walk, const struct xml_open *open, const char *name)
{
    xml_leave(&walk->reader->rule, &walk->where, name, strlen(name));
    if (is_leaf(walk, &walk->outside[open->item]) && !walk->outside[open->item].value)
        add_outside(walk, open->item);
    if (in_prefix(walk))
        return;
    if (walk->depth != 0 && open->had_rows)
        walk->open[walk->depth - 1].had_rows = true;
    if (!open->had_rows && !walk->no_carry && walk->depth != 0)
        return;
    for (uint32_t i = open->mark; i < walk->outside_count; i++)
        drop_outside(walk, i, false);
    walk->outside_count = open->mark;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    struct xml_walk *walk = user;
    struct xml_open open;
    struct xml_item *item;

    if (walk->err->status != PF_OK || walk->again || walk->depth == 0)
        return;
    item = top_item(walk);
    open = walk->open[--walk->depth];
    if (!walk->in_row) {
        const bool empty = XML_GetCurrentByteCount(walk->parser) == 0 && XML_GetCurrentByteIndex(walk->parser) == open.after;

        walk->empty_at = empty ? open.start : -1;
        item->children = item->children || (open.old && !in_prefix(walk)); /* they were in blocks before */
        finish_text(walk, item);
        end_outside(walk, &open, name);
        walk->empty_at = -1;
        return;
    }
    finish_text(walk, item);
    if (walk->notes)
        xml_note_value(walk, item->size != 0 ? walk->values.data + item->offset : NULL, item->size, false);
    item->end = walk->item_count;
    item->value = is_leaf(walk, item);
    walk->counts.found += item->value && !walk->replayed;
    if (walk->depth == walk->row_depth)
        end_row(walk);
}

/* Text that does not follow at once on what the element has: behind a child. */
static bool move_text(struct xml_walk *walk, struct xml_item *item)
{
    const uint32_t size = item->text ? item->size : 0;

    if (walk->values.size + size + 1 > UINT32_MAX || !pf_buffer_reserve(&walk->values, (size_t)size + 1))
        return false;
    memmove(walk->values.data + walk->values.size, walk->values.data + item->offset, size);
    item->offset = (uint32_t)walk->values.size;
    item->size = size;
    walk->values.size += size;
    if (size != 0) {
        walk->values.data[walk->values.size++] = ' ';
        item->size++;
    }
    return true;
}

static void XMLCALL on_text(void *user, const XML_Char *text, int size)
{
    struct xml_walk *walk = user;
    struct xml_item *item;
    bool blank;

    if (walk->err->status != PF_OK || walk->again || walk->depth == 0 || size <= 0)
        return;
    item = top_item(walk);
    blank = xml_all_blank((const uint8_t *)text, (size_t)size);
    if (walk->cdata_ended && !blank)
        walk->met |= XML_MET_PIECES;
    if (item->children && blank && (item->split || !(item->text && item->offset + item->size == walk->values.size)))
        return;
    if (walk->values.size + (size_t)size > UINT32_MAX - XML_PAD) {
        stop_for_memory(walk);
        return;
    }
    if ((item->split || item->offset + item->size != walk->values.size) && !move_text(walk, item)) {
        stop_for_memory(walk);
        return;
    }
    if (!pf_buffer_append(&walk->values, text, (size_t)size)) {
        stop_for_memory(walk);
        return;
    }
    item->size += (uint32_t)size;
    item->text = item->text || !blank;
    item->split = false;
}

/* A reference to an entity that is not in the document stays as it is written. */
static void XMLCALL on_skipped(void *user, const XML_Char *name, int parameter)
{
    struct xml_walk *walk = user;
    char text[80];

    if (parameter != 0)
        return;
    if (!in_prefix(walk) && walk->counts.skipped++ == 0)
        (void)snprintf(walk->counts.entity, sizeof walk->counts.entity, "%.63s", name);
    on_text(user, text, snprintf(text, sizeof text, "&%.70s;", name));
}

/* An entity that stands outside of the document: nothing is fetched. The context begins with its name. */
static int XMLCALL on_external(XML_Parser arg, const XML_Char *context, const XML_Char *base, const XML_Char *system,
                               const XML_Char *public)
{
    struct xml_walk *walk = (void *)arg;
    char name[72];

    (void)base;
    (void)system;
    (void)public;
    if (context != NULL) {
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(context, "\f"), context);
        on_skipped(walk, name, 0);
    }
    return XML_STATUS_OK;
}

/* ---- a block */

enum pf_status xml_walk_begin(struct xml_walk *walk, const struct xml_reader *reader, struct xml_tree *tree,
                              const struct pf_block *block, struct pf_error *err)
{
    walk->prefix = xml_prefix_of(block);
    walk->prefix_used = xml_used_of(block);
    walk->no_carry = (block->own[XML_OWN_FLAGS] & XML_BLOCK_NO_CARRY) != 0;
    walk->reader = reader;
    walk->tree = tree;
    walk->memory = &reader->ctx->memory;
    walk->err = err;
    pf_buffer_init(&walk->values, walk->memory, SIZE_MAX);
    walk->empty_at = -1;
    walk->parser = XML_ParserCreate("UTF-8");
    if (walk->parser == NULL)
        return pf_fail_memory(err, 4096);
    XML_SetUserData(walk->parser, walk);
    XML_SetElementHandler(walk->parser, on_start, on_end);
    XML_SetCharacterDataHandler(walk->parser, on_text);
    XML_SetSkippedEntityHandler(walk->parser, on_skipped);
    XML_SetExternalEntityRefHandler(walk->parser, on_external);
    XML_SetExternalEntityRefHandlerArg(walk->parser, walk);
    XML_SetParamEntityParsing(walk->parser, XML_PARAM_ENTITY_PARSING_NEVER);
    (void)XML_SetBillionLaughsAttackProtectionMaximumAmplification(walk->parser, (float)reader->options->max_entities);
    return PF_OK;
}

void xml_walk_end(struct xml_walk *walk)
{
    if (walk->parser != NULL)
        XML_ParserFree(walk->parser);
    pf_buffer_free(&walk->values);
    pf_free(walk->memory, walk->items);
    pf_free(walk->memory, walk->outside);
    pf_free(walk->memory, walk->open);
    pf_free(walk->memory, walk->last);
    pf_free(walk->memory, walk->live);
    walk->parser = NULL;
}

enum pf_status xml_walk_done(struct xml_walk *walk, struct xml_reader *reader, struct pf_error *err)
{
    if (walk->memory != NULL)
        xml_walk_end(walk);
    if (err->status != PF_OK) {
        pf_error_source(err, pf_source_name(reader->src));
        return err->status;
    }
    pf_mutex_lock(reader->lock);
    xml_counts_add(&reader->counts, &walk->counts);
    pf_mutex_unlock(reader->lock);
    return PF_OK;
}

static enum pf_status fail_place(struct xml_walk *walk)
{
    walk->err->offset = (int64_t)XML_GetCurrentByteIndex(walk->parser) - (int64_t)walk->prefix;
    if (walk->err->offset < 0)
        walk->err->offset = 0;
    return PF_BAD_DATA;
}

/* What expat refused. */
static enum pf_status fail_parse(struct xml_walk *walk)
{
    const enum XML_Error code = XML_GetErrorCode(walk->parser);

    if (walk->err->status != PF_OK)
        return walk->err->status;
    if (code == XML_ERROR_NO_MEMORY)
        return pf_fail_memory(walk->err, 4096);
    if (code == XML_ERROR_AMPLIFICATION_LIMIT_BREACH) {
        pf_fail(walk->err, PF_LIMIT, "entities make the document grow to more than %lld times its size",
                (long long)walk->reader->options->max_entities);
        pf_remedy(walk->err, "if the document is what it should be, raise --max-entities");
        return walk->err->status;
    }
    pf_fail(walk->err, PF_BAD_DATA, "%s", XML_ErrorString(code));
    return fail_place(walk);
}

enum pf_status xml_walk_run(struct xml_walk *walk, const uint8_t *bytes, size_t size, bool last)
{
    size_t at = 0;

    do {
        const size_t part = size - at < PIECE ? size - at : PIECE;
        const enum XML_Status status = XML_Parse(walk->parser, (const char *)bytes + at, (int)part, last && at + part == size);

        if (walk->again)
            return pf_fail(walk->err, PF_BAD_DATA, "the document has a path that opening has not seen");
        if (status == XML_STATUS_ERROR || walk->err->status != PF_OK)
            return fail_parse(walk);
        at += part;
    } while (at < size);
    /* a block ends behind a tag: what expat keeps back is a tag that only looks like one. What is surveyed may end anywhere. */
    if (!last && !walk->survey && (int64_t)XML_GetCurrentByteIndex(walk->parser) != (int64_t)size) {
        pf_fail(walk->err, PF_BAD_DATA, "not well-formed (invalid token)");
        return fail_place(walk);
    }
    return PF_OK;
}
