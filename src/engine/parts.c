#include "engine/parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/pipeline.h"

/* Readable bytes behind the last value of a text column. */
enum { TEXT_PAD = 32 };

void pf_parts_init(struct pf_parts *parts, struct pf_memory *memory)
{
    memset(parts, 0, sizeof *parts);
    pf_arena_init(&parts->arena, memory, SIZE_MAX);
}

void pf_parts_free(struct pf_parts *parts)
{
    pf_arena_free(&parts->arena);
    memset(parts, 0, sizeof *parts);
}

const struct pf_part_map *pf_parts_at(const struct pf_parts *parts, uint32_t part)
{
    return &parts->maps[part];
}

/* ---- the whole */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t trimmed(const char **name)
{
    size_t size;

    while (is_blank(**name))
        (*name)++;
    size = strlen(*name);
    while (size != 0 && is_blank((*name)[size - 1]))
        size--;
    return size;
}

bool pf_part_same_name(const char *a, const char *b)
{
    size_t a_size = trimmed(&a), b_size = trimmed(&b);

    return a_size == b_size && strncasecmp(a, b, a_size) == 0;
}

static bool is_same(const char *a, const char *b, bool exactly)
{
    return exactly ? strcmp(a, b) == 0 : pf_part_same_name(a, b);
}

/* The column of the whole that is this one of the table: in the same place, where the names allow it, so that tables alike but for names
 * that differ in case only keep their order. count = there is none. */
static uint32_t find_column(const struct pf_schema *whole, uint32_t count, const bool *taken, const char *name, uint32_t place,
                            bool exactly)
{
    if (place < count && !taken[place] && is_same(whole->fields[place].name, name, exactly))
        return place;
    for (uint32_t i = 0; i < count; i++) {
        if (!taken[i] && is_same(whole->fields[i].name, name, exactly))
            return i;
    }
    return count;
}

/* Columns of the table that are in the whole already. Those called exactly alike come first: of "id" and "ID" in one table none takes the
 * other's place. */
static void meet(struct pf_part_map *map, const struct pf_schema *table, const struct pf_schema *whole, uint32_t before,
                 bool *taken)
{
    for (uint32_t i = 0; i < table->count; i++)
        map->to[i] = before;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < table->count; i++) {
            if (map->to[i] == before)
                map->to[i] = find_column(whole, before, taken, table->fields[i].name, i, round == 0);
            if (map->to[i] != before)
                taken[map->to[i]] = true;
        }
    }
}

static enum pf_status add_column(struct pf_schema *whole, const struct pf_field *field, const char *name, struct pf_error *err)
{
    return pf_schema_add(whole, name, strlen(name), field) ? PF_OK : pf_fail_memory(err, strlen(name));
}

static enum pf_status add_table(struct pf_parts *parts, struct pf_part_map *map, const struct pf_schema *table,
                                struct pf_schema *whole, struct pf_error *err)
{
    const uint32_t before = whole->count; /* columns of the table itself are no two of the whole */
    bool *taken = pf_arena_alloc_zero(&parts->arena, (size_t)before + 1, sizeof *taken);

    map->columns = table->count;
    map->to = pf_arena_alloc_zero(&parts->arena, (size_t)table->count + 1, sizeof *map->to);
    if (taken == NULL || map->to == NULL)
        return pf_fail_memory(err, table->count * sizeof *map->to);
    meet(map, table, whole, before, taken);
    for (uint32_t i = 0; i < table->count; i++) {
        const struct pf_field *field = &table->fields[i];

        if (map->to[i] != before)
            continue;
        map->to[i] = whole->count;
        if (add_column(whole, field, field->name, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

/* The column of names, under the name asked for if no table has a column of that name. */
static enum pf_status add_names(struct pf_parts *parts, const char *wanted, struct pf_schema *whole, struct pf_error *err)
{
    static const struct pf_field text = { .type = PF_TYPE_STRING };
    struct pf_buffer name;
    enum pf_status status;
    uint32_t number = 1, same;

    pf_buffer_init(&name, parts->arena.memory, SIZE_MAX);
    do {
        bool made;

        pf_buffer_clear(&name);
        made = number == 1 ? pf_buffer_printf(&name, "%s", wanted) : pf_buffer_printf(&name, "%s_%u", wanted, number);
        if (!made || !pf_buffer_append(&name, "", 1)) {
            pf_buffer_free(&name);
            return pf_fail_memory(err, strlen(wanted));
        }
        same = 0;
        while (same < whole->count && !pf_part_same_name(whole->fields[same].name, (const char *)name.data))
            same++;
        number++;
    } while (same < whole->count);
    status = add_column(whole, &text, (const char *)name.data, err);
    pf_buffer_free(&name);
    parts->named = true;
    return status;
}

static enum pf_status invert(struct pf_parts *parts, struct pf_part_map *map, struct pf_error *err)
{
    map->from = pf_arena_alloc(&parts->arena, ((size_t)parts->columns + 1) * sizeof *map->from);
    if (map->from == NULL)
        return pf_fail_memory(err, parts->columns * sizeof *map->from);
    for (uint32_t i = 0; i < parts->columns; i++)
        map->from[i] = parts->named && i + 1 == parts->columns ? PF_PART_NAME : PF_PART_NULL;
    for (uint32_t i = 0; i < map->columns; i++)
        map->from[map->to[i]] = (int32_t)i;
    return PF_OK;
}

enum pf_status pf_parts_open(struct pf_parts *parts, const struct pf_job *job, void *reader_state, struct pf_schema *schema,
                             struct pf_error *err)
{
    enum pf_status status;

    parts->maps = pf_arena_alloc_zero(&parts->arena, job->part_count, sizeof *parts->maps);
    if (parts->maps == NULL)
        return pf_fail_memory(err, job->part_count * sizeof *parts->maps);
    for (uint32_t i = 0; i < job->part_count; i++) {
        struct pf_table table = { .name = NULL };

        pf_schema_init(&table.schema, parts->arena.memory);
        parts->maps[i].name = job->parts[i].name;
        status = job->reader->table(reader_state, job->parts[i].table, &table, err);
        if (status == PF_OK)
            status = add_table(parts, &parts->maps[i], &table.schema, schema, err);
        pf_schema_free(&table.schema);
        if (status != PF_OK)
            return status;
    }
    if (job->part_column != NULL && add_names(parts, job->part_column, schema, err) != PF_OK)
        return err->status;
    parts->columns = schema->count;
    for (uint32_t i = 0; i < job->part_count; i++) {
        if (invert(parts, &parts->maps[i], err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

void pf_parts_settle(const struct pf_parts *parts, struct pf_pass_plan *plan)
{
    for (uint32_t i = 0; parts->named && i < plan->column_count; i++) {
        struct pf_column_plan *column = &plan->columns[i];

        if (column->table_column + 1 != parts->columns || column->way != PF_WAY_INFERRED)
            continue;
        column->way = PF_WAY_SETTLED;
        column->refuted = UINT64_MAX;
    }
}

/* ---- blocks of a part */

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

void pf_part_place(const struct pf_part_map *map, uint32_t *columns, uint32_t count, int32_t *place, uint32_t *read)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < count; i++)
        place[i] = map->from[columns[i]];
    for (uint32_t i = 0; i < count; i++) {
        if (place[i] >= 0)
            columns[used++] = (uint32_t)place[i];
    }
    /* rows are counted by what is read */
    if (used == 0 && count != 0)
        columns[used++] = 0;
    qsort(columns, used, sizeof *columns, by_value);
    for (uint32_t i = 0; i < count; i++) {
        if (place[i] >= 0) {
            const uint32_t key = (uint32_t)place[i];
            const uint32_t *found = bsearch(&key, columns, used, sizeof *columns, by_value);

            place[i] = (int32_t)(found - columns);
        }
    }
    *read = used;
}

/* A column that has the same text in every row; NULL = null. */
static enum pf_status repeat(const char *text, int64_t rows, struct pf_arena *arena, struct pf_text_column *out,
                             struct pf_error *err)
{
    const size_t size = text != NULL ? strlen(text) : 0;
    uint8_t *bytes = pf_arena_alloc_zero(arena, size + TEXT_PAD, 1);
    uint8_t *kind = pf_arena_alloc(arena, (size_t)rows + 1);
    uint32_t *sizes = pf_arena_alloc_zero(arena, (size_t)rows + 1, sizeof *sizes);

    memset(out, 0, sizeof *out);
    out->offset = pf_arena_alloc_zero(arena, (size_t)rows + 1, sizeof *out->offset);
    if (bytes == NULL || kind == NULL || sizes == NULL || out->offset == NULL)
        return pf_fail_memory(err, (size_t)rows * sizeof *sizes);
    if (size != 0)
        memcpy(bytes, text, size);
    memset(kind, text != NULL ? PF_TEXT_CELL : PF_TEXT_NULL, (size_t)rows);
    for (int64_t i = 0; i < rows; i++)
        sizes[i] = (uint32_t)size;
    out->bytes = bytes;
    out->kind = kind;
    out->size = sizes;
    out->nulls = text == NULL ? rows : 0;
    out->marked = text != NULL ? rows : 0;
    out->total = rows * (int64_t)size;
    return PF_OK;
}

enum pf_status pf_part_arrange(const struct pf_part_map *map, const int32_t *place, uint32_t count, struct pf_arena *arena,
                               struct pf_decoded *decoded, struct pf_error *err)
{
    struct pf_text_column *columns = pf_arena_alloc_zero(arena, (size_t)count + 1, sizeof *columns);
    int64_t column;

    if (columns == NULL)
        return pf_fail_memory(err, count * sizeof *columns);
    for (uint32_t i = 0; i < count; i++) {
        if (place[i] >= 0)
            columns[i] = decoded->text[place[i]];
        else if (repeat(place[i] == PF_PART_NAME ? map->name : NULL, decoded->rows_kept, arena, &columns[i], err) != PF_OK)
            return err->status;
    }
    decoded->text = columns;
    for (int64_t i = 0; i < decoded->rows_rejected; i++) {
        column = decoded->rejects[i].column;
        pf_part_column(map, &column);
        decoded->rejects[i].column = (uint32_t)column;
    }
    return PF_OK;
}

void pf_part_column(const struct pf_part_map *map, int64_t *column)
{
    if (*column > 0 && *column <= map->columns)
        *column = (int64_t)map->to[*column - 1] + 1;
}
