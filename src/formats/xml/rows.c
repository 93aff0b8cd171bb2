/* Items in columns. A row of the document without repetition is one row; else its values are joined, or it becomes as many rows as its
 * longest repetition needs: heights are counted upwards, rows given downwards. */
#include "formats/xml/xml.h"

/* ---- columns */

static enum pf_status grow(struct xml_columns *columns, int64_t rows, struct pf_error *err)
{
    int64_t capacity = columns->capacity * 2 > rows ? columns->capacity * 2 : rows;
    const size_t old = (size_t)columns->rows;
    uint64_t *place;

    if (capacity < 16)
        capacity = 16;
    place = pf_arena_alloc(columns->arena, (size_t)capacity * sizeof *place);
    if (place == NULL)
        return pf_fail_memory(err, (size_t)capacity);
    if (old != 0)
        memcpy(place, columns->place, old * sizeof *place);
    columns->place = place;
    for (uint32_t i = 0; i < columns->count; i++) {
        uint32_t *both = pf_arena_alloc_zero(columns->arena, (size_t)capacity * 2, sizeof *both);
        uint8_t *kind = pf_arena_alloc_zero(columns->arena, (size_t)capacity, 1);

        if (both == NULL || kind == NULL)
            return pf_fail_memory(err, (size_t)capacity * sizeof *both);
        if (old != 0) {
            memcpy(both, columns->offset[i], old * sizeof *both);
            memcpy(both + capacity, columns->size[i], old * sizeof *both);
            memcpy(kind, columns->kind[i], old);
        }
        columns->offset[i] = both;
        columns->size[i] = both + capacity;
        columns->kind[i] = kind;
    }
    columns->capacity = capacity;
    return PF_OK;
}

enum pf_status xml_columns_begin(struct xml_columns *columns, const struct xml_reader *reader, struct pf_arena *arena,
                                 int64_t rows, struct pf_error *err)
{
    const uint32_t count = reader->pass->columns != NULL ? reader->pass->column_count : reader->column_count;

    *columns = (struct xml_columns){ .arena = arena, .count = count };
    columns->offset = pf_arena_alloc_zero(arena, (size_t)count + 1, sizeof *columns->offset);
    columns->size = pf_arena_alloc_zero(arena, (size_t)count + 1, sizeof *columns->size);
    columns->kind = pf_arena_alloc_zero(arena, (size_t)count + 1, sizeof *columns->kind);
    columns->seen = pf_arena_alloc_zero(arena, reader->tree.count, sizeof *columns->seen);
    columns->sum = pf_arena_alloc_zero(arena, reader->tree.count, sizeof *columns->sum);
    if (columns->offset == NULL || columns->size == NULL || columns->kind == NULL || columns->seen == NULL ||
        columns->sum == NULL)
        return pf_fail_memory(err, count * sizeof *columns->offset);
    return grow(columns, rows, err);
}

/* What stores a row. */
struct store {
    struct xml_walk *walk;
    struct xml_columns *columns;
    const uint32_t *place;
    const struct xml_path *paths;
};

static inline void put(const struct store *store, const struct xml_item *item, int64_t row)
{
    const uint32_t column = store->paths[item->path].column;
    const uint32_t at = store->place != NULL ? store->place[column] : column;

    if (at == XML_NO_COLUMN)
        return;
    store->columns->offset[at][row] = item->offset;
    store->columns->size[at][row] = item->size;
    store->columns->kind[at][row] = item->kind;
}

static uint64_t place_of_row(struct xml_columns *columns, const struct xml_walk *walk)
{
    columns->line += xml_count_lines(columns->bytes + columns->line_offset, (size_t)(walk->row_offset - columns->line_offset));
    columns->line_offset = walk->row_offset;
    return pf_place((uint64_t)columns->line, (uint64_t)walk->row_offset);
}

/* Room for rows more, with what stands outside in each. */
static enum pf_status begin_rows(const struct store *store, int64_t rows)
{
    struct xml_columns *columns = store->columns;
    const struct xml_walk *walk = store->walk;
    uint64_t place;

    if (columns->rows + rows > columns->capacity && grow(columns, columns->rows + rows, walk->err) != PF_OK)
        return walk->err->status;
    place = place_of_row(columns, walk);
    for (int64_t i = 0; i < rows; i++)
        columns->place[columns->rows + i] = place;
    for (uint32_t i = 0; i < walk->live_count; i++) {
        for (int64_t row = 0; row < rows; row++)
            put(store, &walk->outside[walk->live[i]], columns->rows + row);
    }
    return PF_OK;
}

/* ---- one row */

static enum pf_status plain(const struct store *store)
{
    const struct xml_walk *walk = store->walk;

    if (begin_rows(store, 1) != PF_OK)
        return walk->err->status;
    for (uint32_t i = 0; i < walk->item_count;) {
        const struct xml_item *item = &walk->items[i];

        if (item->value)
            put(store, item, store->columns->rows);
        i = item->folded ? item->end : i + 1;
    }
    store->columns->rows++;
    return PF_OK;
}

/* Links the values of each path; the first of each has single. */
static void link_values(const struct store *store)
{
    struct xml_columns *columns = store->columns;
    struct xml_item *items = store->walk->items;
    const uint64_t stamp = ++columns->stamp;

    for (uint32_t i = 0; i < store->walk->item_count;) {
        struct xml_item *item = &items[i];

        item->next = 0;
        item->single = false;
        if (item->value) {
            item->single = columns->seen[item->path] != stamp;
            if (!item->single)
                items[columns->sum[item->path]].next = i;
            columns->seen[item->path] = stamp;
            columns->sum[item->path] = i;
        }
        i = item->folded ? item->end : i + 1;
    }
}

static enum pf_status joined(const struct store *store)
{
    struct xml_walk *walk = store->walk;
    const bool json = walk->reader->options->arrays == PF_XML_JSON;

    link_values(store);
    if (begin_rows(store, 1) != PF_OK)
        return walk->err->status;
    for (uint32_t i = 0; i < walk->item_count;) {
        const struct xml_item *item = &walk->items[i];
        const uint32_t next = item->folded ? item->end : i + 1;

        if (item->value && item->single) {
            const bool repeated = store->paths[item->path].repeated;
            struct xml_item all = *item;

            if (json && item->next != 0 && !repeated) {
                walk->again = true;
                return PF_OK;
            }
            if ((item->next != 0 || (json && repeated)) && xml_join(walk, i, json, &all) != PF_OK)
                return walk->err->status;
            put(store, &all, store->columns->rows);
        }
        i = next;
    }
    store->columns->rows++;
    return PF_OK;
}

/* ---- several rows */

static uint32_t measure(const struct store *store, uint32_t index)
{
    struct xml_columns *columns = store->columns;
    struct xml_item *items = store->walk->items;
    const uint64_t stamp = ++columns->stamp;
    uint32_t height = 1;

    for (uint32_t i = index + 1; i < items[index].end && !items[index].folded; i = items[i].end) {
        const uint32_t path = items[i].path, more = measure(store, i);

        if (columns->seen[path] != stamp) {
            columns->seen[path] = stamp;
            columns->sum[path] = 0;
            items[i].single = true;
            items[i].next = 0;
        } else {
            items[i].single = false;
        }
        columns->sum[path] += more;
        height = columns->sum[path] > height ? columns->sum[path] : height;
    }
    items[index].height = height;
    return height;
}

static void spread(const struct store *store, uint32_t index, int64_t row, uint32_t rows)
{
    struct xml_columns *columns = store->columns;
    struct xml_item *items = store->walk->items;
    const struct xml_item *item = &items[index];
    const uint64_t stamp = ++columns->stamp, second = ++columns->stamp;

    for (uint32_t i = 0; i < rows && item->value; i++)
        put(store, item, row + i);
    if (item->folded)
        return;
    for (uint32_t i = index + 1; i < item->end; i = items[i].end) { /* a path that is there again has no single one */
        if (columns->seen[items[i].path] == stamp)
            items[columns->sum[items[i].path]].single = false;
        columns->seen[items[i].path] = stamp;
        columns->sum[items[i].path] = i;
    }
    for (uint32_t i = index + 1; i < item->end; i = items[i].end) {
        const uint32_t path = items[i].path;

        if (items[i].single) {
            spread(store, i, row, rows);
            continue;
        }
        if (columns->seen[path] != second) {
            columns->seen[path] = second;
            columns->sum[path] = 0;
        }
        spread(store, i, row + columns->sum[path], items[i].height);
        columns->sum[path] += items[i].height;
    }
}

static enum pf_status expand(const struct store *store)
{
    const uint32_t rows = measure(store, 0);

    if (begin_rows(store, rows) != PF_OK)
        return store->walk->err->status;
    spread(store, 0, store->columns->rows, rows);
    store->columns->rows += rows;
    return PF_OK;
}

/* ---- */

/* For Spark: an attribute with blanks around it. */
static bool has_edges(const struct store *store, const struct xml_item *item)
{
    const uint8_t *text = store->walk->values.data + item->offset;

    return item->value && item->size != 0 && store->paths[item->path].attribute &&
           (xml_is_blank(text[0]) || xml_is_blank(text[item->size - 1]));
}

static void survey_row(const struct store *store, bool repeated)
{
    const struct xml_walk *walk = store->walk;

    if (repeated)
        store->columns->met |= XML_MET_REPEATED;
    for (uint32_t i = 0; i < walk->item_count; i++) {
        if (has_edges(store, &walk->items[i]))
            store->columns->met |= XML_MET_BLANKS;
    }
}

/* Whether a path is there twice. *unknown: one with a value has no column. */
static bool looks_repeated(const struct store *store, bool *unknown)
{
    struct xml_columns *columns = store->columns;
    struct xml_walk *walk = store->walk;
    const uint64_t stamp = ++columns->stamp;
    bool repeated = false;
    int64_t values = 0;

    for (uint32_t i = 0; i < walk->item_count;) {
        const struct xml_item *item = &walk->items[i];

        repeated = repeated || columns->seen[item->path] == stamp;
        columns->seen[item->path] = stamp;
        values += item->value;
        *unknown = *unknown || (item->value && store->paths[item->path].column == XML_NO_COLUMN);
        i = item->folded ? item->end : i + 1;
    }
    for (uint32_t i = 0; i < walk->live_count; i++)
        *unknown = *unknown || store->paths[walk->outside[walk->live[i]].path].column == XML_NO_COLUMN;
    walk->counts.written += values;
    return repeated;
}

enum pf_status xml_add_row(struct xml_walk *walk, void *user)
{
    const struct pf_xml_read_options *options = walk->reader->options;
    const struct store store = { .walk = walk, .columns = user, .place = walk->reader->place, .paths = walk->tree->paths };
    bool unknown = false, repeated;

    if (options->strategy == PF_XML_MODERATE && !options->flatten_nested && xml_fold_children(walk) != PF_OK)
        return walk->err->status;
    repeated = looks_repeated(&store, &unknown);
    if (unknown) {
        walk->again = true;
        return PF_OK;
    }
    if (store.columns->surveyed)
        survey_row(&store, repeated);
    if (options->arrays == PF_XML_JSON || (repeated && options->arrays == PF_XML_CONCATENATE))
        return joined(&store);
    return repeated ? expand(&store) : plain(&store);
}
