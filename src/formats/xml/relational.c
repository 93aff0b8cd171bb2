/* --relational: which tables the shape of a document makes, and a block as rows of one of them.
 *
 * The keys of a table are the numbers of its rows, in the order of the document. Blocks are decoded by themselves, so the first reading
 * counts how many elements of each path every block has; cut in the same way again, a block knows where its numbers begin. */
#include <stdio.h>

#include "formats/xml/nested.h"

#define XML_NO_TABLE UINT32_MAX

/* Each is a pass over the document: names that a document makes up must not take time without end. */
enum { MOST_TABLES = 1000 };

static const char *const key_names[XML_ENTRY_KEYS] = { "_id", "_parent_id", "_index" };

struct tabling {
    struct xml_reader *reader;
    struct xml_shape *shape;
    const struct xml_path *paths;
    uint32_t table_capacity, slot_capacity; /* of the tables, and of the slots of the last of them */
    struct pf_error *err;
};

/* The row element that the path is of, or is in; 0 = it is outside of rows. */
static uint32_t row_of(const struct xml_path *paths, uint32_t path)
{
    while (path != 0 && !paths[path].row)
        path = paths[path].parent;
    return path;
}

/* ---- the columns of a table */

static enum pf_status add_column(struct tabling *tabling, struct xml_table *table, uint32_t slot)
{
    uint32_t *slots =
        pf_arena_grow(&tabling->reader->arena, table->slots, table->column_count, &tabling->slot_capacity, sizeof *slots);

    if (slots == NULL)
        return pf_fail_memory(tabling->err, table->column_count * sizeof *slots);
    table->slots = slots;
    table->slots[table->column_count++] = slot;
    return PF_OK;
}

/* The slot, or the values in it; what is a list is a table of its own. */
static enum pf_status add_slot(struct tabling *tabling, struct xml_table *table, uint32_t index)
{
    const struct xml_slot *slot = &tabling->shape->slots[index];

    if (slot->list && index != table->slot)
        return PF_OK;
    table->wanted[index] = XML_WANTED_IN;
    if (slot->member_count == 0)
        return add_column(tabling, table, index);
    for (uint32_t i = 0; i < slot->member_count; i++) {
        if (add_slot(tabling, table, slot->members + i) != PF_OK)
            return tabling->err->status;
    }
    return PF_OK;
}

/* What stands outside of rows is in the tables of all of them. */
static enum pf_status add_columns(struct tabling *tabling, struct xml_table *table)
{
    const struct xml_shape *shape = tabling->shape;

    table->wanted = pf_arena_alloc_zero(&tabling->reader->arena, (size_t)shape->slot_count + 1, sizeof *table->wanted);
    if (table->wanted == NULL)
        return pf_fail_memory(tabling->err, shape->slot_count);
    tabling->slot_capacity = 0;
    if (table->slot != XML_NO_SLOT) {
        for (uint32_t slot = shape->slots[table->slot].around; slot != XML_NO_SLOT; slot = shape->slots[slot].around)
            table->wanted[slot] = XML_WANTED_AROUND;
        return add_slot(tabling, table, table->slot);
    }
    for (uint32_t i = 0; i < tabling->reader->column_count; i++) {
        const uint32_t row = row_of(tabling->paths, shape->slots[i].path);

        if ((row == 0 || row == table->row) && add_slot(tabling, table, i) != PF_OK)
            return tabling->err->status;
    }
    return PF_OK;
}

/* ---- names */

/* The steps below the table's element; its own text is called as it is. */
static bool append_entry_name(const struct tabling *tabling, struct pf_buffer *to, const struct xml_table *table, uint32_t path)
{
    uint32_t first = path;

    if (path == table->path)
        return xml_append_step(tabling->reader, to, &tabling->paths[path]);
    while (tabling->paths[first].parent != table->path)
        first = tabling->paths[first].parent;
    return (!tabling->paths[first].attribute || pf_buffer_append(to, "@", 1)) &&
           xml_append_steps(tabling->reader, to, path, first);
}

static enum pf_status name_columns(struct tabling *tabling, struct xml_table *table)
{
    struct xml_reader *reader = tabling->reader;
    const uint32_t count = table->key_count + table->column_count;
    struct pf_buffer name;
    bool ok;

    table->names = pf_arena_alloc_zero(&reader->arena, count, sizeof *table->names);
    ok = table->names != NULL;
    for (uint32_t i = 0; ok && i < table->key_count; i++)
        table->names[i] = key_names[i];
    pf_buffer_init(&name, &reader->ctx->memory, SIZE_MAX);
    for (uint32_t i = 0; ok && i < table->column_count; i++) {
        const uint32_t path = tabling->shape->slots[table->slots[i]].path;

        pf_buffer_clear(&name);
        ok = table->slot == XML_NO_SLOT ? xml_append_column_name(reader, &name, path)
                                        : append_entry_name(tabling, &name, table, path);
        if (ok)
            table->names[table->key_count + i] = pf_arena_copy(&reader->arena, (const char *)name.data, name.size);
        ok = ok && table->names[table->key_count + i] != NULL;
    }
    pf_buffer_free(&name);
    return ok ? pf_names_settle(table->names, NULL, count, false, &reader->arena, tabling->err)
              : pf_fail_memory(tabling->err, count * sizeof *table->names);
}

/* From the row element on. */
static enum pf_status name_tables(struct tabling *tabling)
{
    struct xml_reader *reader = tabling->reader;
    struct xml_shape *shape = tabling->shape;
    const char **names = pf_arena_alloc_zero(&reader->arena, (size_t)shape->table_count + 1, sizeof *names);
    struct pf_buffer name;
    bool ok = names != NULL;

    pf_buffer_init(&name, &reader->ctx->memory, SIZE_MAX);
    for (uint32_t i = 0; ok && i < shape->table_count; i++) {
        pf_buffer_clear(&name);
        ok = xml_append_steps(reader, &name, shape->tables[i].path, shape->tables[i].row);
        names[i] = ok ? pf_arena_copy(&reader->arena, (const char *)name.data, name.size) : NULL;
        ok = names[i] != NULL;
    }
    pf_buffer_free(&name);
    if (!ok)
        return pf_fail_memory(tabling->err, shape->table_count * sizeof *names);
    if (pf_names_settle(names, NULL, shape->table_count, false, &reader->arena, tabling->err) != PF_OK)
        return tabling->err->status;
    for (uint32_t i = 0; i < shape->table_count; i++)
        shape->tables[i].name = names[i];
    return PF_OK;
}

/* ---- the tables */

static enum pf_status add_table(struct tabling *tabling, uint32_t path, uint32_t slot)
{
    struct xml_shape *shape = tabling->shape;
    struct pf_arena *arena = &tabling->reader->arena;
    const size_t blocks = (size_t)shape->block_count + 1;
    struct xml_table *tables;

    if (shape->table_count == MOST_TABLES) {
        pf_fail(tabling->err, PF_LIMIT, "more than %d elements are repeated in the rows, and each would be a table",
                MOST_TABLES);
        pf_remedy(tabling->err, "name a smaller element with --row-tag, or have lists with --nested");
        return PF_LIMIT;
    }
    tables = pf_arena_grow(arena, shape->tables, shape->table_count, &tabling->table_capacity, sizeof *tables);
    if (tables == NULL)
        return pf_fail_memory(tabling->err, shape->table_count * sizeof *tables);
    shape->tables = tables;
    tables += shape->table_count++;
    *tables = (struct xml_table){ .path = path,
                                  .row = row_of(tabling->paths, path),
                                  .slot = slot,
                                  .key_count = slot == XML_NO_SLOT ? XML_ROW_KEYS : XML_ENTRY_KEYS };
    tables->before = pf_arena_alloc_zero(arena, blocks, sizeof *tables->before);
    if (tables->before == NULL)
        return pf_fail_memory(tabling->err, blocks * sizeof *tables->before);
    return add_columns(tabling, tables) == PF_OK ? name_columns(tabling, tables) : tabling->err->status;
}

/* The numbers of rows in front of each block, from how many each has. */
static enum pf_status add_up(struct tabling *tabling, const struct xml_tally *tallies, size_t count)
{
    struct xml_shape *shape = tabling->shape;
    struct pf_memory *memory = &tabling->reader->ctx->memory;
    uint32_t *table_of = pf_alloc(memory, tabling->reader->tree.count * sizeof *table_of);

    if (table_of == NULL)
        return pf_fail_memory(tabling->err, tabling->reader->tree.count * sizeof *table_of);
    memset(table_of, 0xFF, tabling->reader->tree.count * sizeof *table_of);
    for (uint32_t i = 0; i < shape->table_count; i++)
        table_of[shape->tables[i].path] = i;
    for (size_t i = 0; i < count; i++) {
        if (table_of[tallies[i].path] != XML_NO_TABLE)
            shape->tables[table_of[tallies[i].path]].before[tallies[i].block + 1] = tallies[i].count;
    }
    pf_free(memory, table_of);
    for (uint32_t i = 0; i < shape->table_count; i++) {
        for (uint32_t block = 0; block < shape->block_count; block++)
            shape->tables[i].before[block + 1] += shape->tables[i].before[block];
    }
    return PF_OK;
}

/* Rows that the document has none of are no table. */
static bool has_rows(const struct xml_tally *tallies, size_t count, uint32_t path)
{
    for (size_t i = 0; i < count; i++) {
        if (tallies[i].path == path)
            return true;
    }
    return false;
}

enum pf_status xml_tables_lay_out(struct xml_reader *reader, struct xml_shape *shape, const struct xml_tally *tallies,
                                  size_t count, struct pf_error *err)
{
    struct tabling tabling = { .reader = reader, .shape = shape, .paths = reader->tree.paths, .err = err };

    for (uint32_t i = 1; i < reader->tree.count; i++) {
        if (reader->tree.paths[i].row && has_rows(tallies, count, i) && add_table(&tabling, i, XML_NO_SLOT) != PF_OK)
            return err->status;
    }
    for (uint32_t i = 0; i < shape->slot_count; i++) {
        if (shape->slots[i].list && add_table(&tabling, shape->slots[i].path, i) != PF_OK)
            return err->status;
    }
    reader->stored = pf_arena_alloc(&reader->arena, ((size_t)shape->table_count + 1) * sizeof *reader->stored);
    if (reader->stored == NULL)
        return pf_fail_memory(err, shape->table_count * sizeof *reader->stored);
    memset(reader->stored, 0xFF, ((size_t)shape->table_count + 1) * sizeof *reader->stored);
    return add_up(&tabling, tallies, count) == PF_OK ? name_tables(&tabling) : err->status;
}

enum pf_status xml_table_schema(const struct xml_reader *reader, uint32_t index, struct pf_schema *schema, struct pf_error *err)
{
    const struct xml_table *table = &reader->shape->tables[index];
    const struct pf_field key = { .type = PF_TYPE_INT64 };

    for (uint32_t i = 0; i < table->key_count + table->column_count; i++) {
        const struct pf_field *field =
            i < table->key_count ? &key : &reader->shape->slots[table->slots[i - table->key_count]].target.field;

        if (!pf_schema_add(schema, table->names[i], strlen(table->names[i]), field))
            return pf_fail_memory(err, strlen(table->names[i]));
    }
    return PF_OK;
}

/* The table that the list's one is of. */
static const struct xml_table *parent_of(const struct xml_shape *shape, const struct xml_table *table)
{
    uint32_t around = shape->slots[table->slot].around;

    while (around != XML_NO_SLOT && !shape->slots[around].list)
        around = shape->slots[around].around;
    for (uint32_t i = 0; i < shape->table_count; i++) {
        if (shape->tables[i].slot == around && shape->tables[i].row == table->row)
            return &shape->tables[i];
    }
    return NULL;
}

bool xml_tables_add_up(struct xml_reader *reader)
{
    int64_t sum = 0;

    reader->stored[reader->pass->table] = reader->counts.stored;
    for (uint32_t i = 0; i < reader->shape->table_count; i++) {
        if (reader->stored[i] < 0)
            return true;
        sum += reader->stored[i];
    }
    return sum == reader->counts.inside;
}

void xml_tables_fact(const struct xml_shape *shape, pf_fact_fn emit, void *user)
{
    char text[600] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < shape->table_count; i++) {
        const struct xml_table *table = &shape->tables[i];
        const struct xml_table *parent = table->slot != XML_NO_SLOT ? parent_of(shape, table) : NULL;
        const int64_t rows = table->before[shape->block_count];

        if (used + strlen(table->name) + (parent != NULL ? strlen(parent->name) : 0) + 48 > sizeof text) {
            (void)snprintf(text + used, sizeof text - used, ", ...");
            break;
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s (%lld row%s%s%s)", i != 0 ? ", " : "", table->name,
                                 (long long)rows, rows == 1 ? "" : "s", parent != NULL ? ", of " : "",
                                 parent != NULL ? parent->name : "");
    }
    emit(user, "tables", text, false);
}

/* ---- a block */

/* The entries of a struct that is in another, and is no list, are as many as there are of that: so the list with the number n around is in
 * the nth row of the parent. */
static void put_keys(const struct xml_nesting *nesting, uint32_t block, uint32_t key, int64_t *to, int64_t rows)
{
    const struct xml_table *table = nesting->table;
    const struct xml_cells *cells = table->slot != XML_NO_SLOT ? &nesting->cells[table->slot] : NULL;
    const struct xml_table *parent;
    int64_t before;

    if (key == XML_KEY_ID) {
        for (int64_t i = 0; i < rows; i++)
            to[i] = table->before[block] + i + 1;
        return;
    }
    parent = parent_of(nesting->shape, table);
    before = parent != NULL ? parent->before[block] : 0;
    for (uint32_t list = 0, at = 0; list < cells->lists; list++) {
        for (int64_t index = 1; at < (uint32_t)cells->ends[list]; at++, index++)
            to[at] = key == XML_KEY_PARENT ? before + list + 1 : index;
    }
}

static enum pf_status make_key(const struct xml_nesting *nesting, uint32_t block, uint32_t key, int64_t rows,
                               struct ArrowArray *out)
{
    if (pf_array_new(out, nesting->memory, PF_TYPE_INT64, rows, 0, nesting->err) != PF_OK)
        return nesting->err->status;
    put_keys(nesting, block, key, (int64_t *)(uintptr_t)out->buffers[1], rows);
    return PF_OK;
}

/* So that every value of the table has as many entries as the table has rows: those around it first. */
static bool fill_up(struct xml_nesting *nesting, uint32_t slot, uint32_t rows)
{
    const uint32_t around = nesting->shape->slots[slot].around;

    if (slot == nesting->table->slot)
        return true;
    return (around == XML_NO_SLOT || fill_up(nesting, around, rows)) && xml_fill(nesting, slot, rows);
}

static enum pf_status check_rows(const struct xml_nesting *nesting, uint32_t block, int64_t rows, bool broken)
{
    const int64_t *before = nesting->table->before;

    if (block <= nesting->shape->block_count &&
        (broken || (block < nesting->shape->block_count && before[block + 1] - before[block] == rows)))
        return PF_OK;
    pf_fail(nesting->err, PF_BAD_DATA, "the document changed while it was read");
    pf_remedy(nesting->err, "convert it again when nobody writes to it any more");
    return PF_BAD_DATA;
}

enum pf_status xml_make_table(struct xml_nesting *nesting, const struct pf_pass *pass, uint32_t block, bool broken,
                              struct pf_decoded *out)
{
    const struct xml_table *table = nesting->table;
    const uint32_t count = pass->columns != NULL ? pass->column_count : table->key_count + table->column_count;
    const int64_t rows = table->slot != XML_NO_SLOT ? nesting->cells[table->slot].entries : nesting->rows;

    if (check_rows(nesting, block, rows, broken) != PF_OK ||
        pf_batch_new(&out->typed, nesting->memory, rows, count, nesting->err) != PF_OK)
        return nesting->err->status;
    if (pass->table + 1 != nesting->reader->first_table)
        out->rows_rejected = 0;
    out->rows_kept = rows;
    out->rows_read = rows + out->rows_rejected;
    for (uint32_t i = 0; i < out->rows_rejected; i++)
        out->rejects[i].row = rows;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t column = pass->columns != NULL ? pass->columns[i] : i;
        const uint32_t slot = column < table->key_count ? XML_NO_SLOT : table->slots[column - table->key_count];

        if (slot == XML_NO_SLOT) {
            if (make_key(nesting, block, column, rows, &out->typed.columns[i]) != PF_OK)
                return nesting->err->status;
        } else if (!fill_up(nesting, slot, (uint32_t)rows)) {
            return pf_fail_memory(nesting->err, (size_t)rows);
        } else if (xml_make_values(nesting, slot, &out->typed.columns[i]) != PF_OK) {
            return nesting->err->status;
        }
    }
    return PF_OK;
}
