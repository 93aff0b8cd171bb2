/* The tables of the input: which are read, and which of them become one. */
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "convert/plan.h"
#include "convert/plan_tables.h"
#include "engine/parts.h"

static const char column_of_names[] = "_sheet";
static const char uncalculated[] = "it has formulas that nobody has calculated, and no values";

struct tables {
    enum pf_plan_purpose purpose;
    struct pf_listed *listed;
    uint32_t count;
    bool *chosen, *named;
    bool usual;      /* nobody has said which are meant */
    uint32_t *index; /* of those that are read, in listed */
    struct pf_schema *schemas;
    enum pf_doubt *doubt;
    bool uncalculated; /* one that is left out has formulas without values */
    uint32_t used;
};

bool pf_is_tables_option(const char *name)
{
    static const char *const names[] = { "tables", "combine", "combine-by", "separate", "sheet-column", NULL };

    return pf_option_is_among(pf_convert_option_table, name, names);
}

bool pf_plan_is_many(const struct pf_plan *plan)
{
    return plan->tables.count > 1;
}

bool pf_plan_can_combine(const struct pf_plan *plan)
{
    return (plan->job.reader->flags & PF_READER_TYPED) == 0;
}

/* 1.0.9 made a folder of a workbook whatever was in it. */
bool pf_plan_wants_folder(const struct pf_plan *plan, const char *output)
{
    const char *slash = output != NULL ? strrchr(output, '/') : NULL;

    if (plan->tables.one_file || plan->tables.count == 0)
        return false;
    return pf_plan_is_many(plan) ||
           (plan->options.compat == PF_COMPAT_1_0 &&
            (output == NULL || (strcmp(output, "-") != 0 && strchr(slash != NULL ? slash : output, '.') == NULL)));
}

struct pf_job pf_plan_job(const struct pf_plan *plan, uint32_t table)
{
    const struct pf_plan_table *one = &plan->tables.tables[table];
    const bool column = plan->options.sheet_column;
    struct pf_job job = plan->job;

    job.table = one->parts[0].table;
    job.parts = NULL;
    job.part_count = 0;
    job.part_column = NULL;
    if (one->part_count > 1 || column) {
        job.parts = one->parts;
        job.part_count = one->part_count;
        job.part_column = column ? column_of_names : NULL;
    }
    if (one->path != NULL)
        job.output = one->path;
    if (one->rejects != NULL)
        job.rejects = one->rejects;
    return job;
}

/* ---- what there is */

static enum pf_status list_tables(struct pf_plan *plan, struct tables *tables, struct pf_error *err)
{
    const struct pf_reader *reader = plan->job.reader;
    struct pf_listed one;
    uint32_t count = 0;
    enum pf_status status;

    while ((status = reader->list(plan->job.reader_state, count, &one, err)) == PF_OK)
        count++;
    if (status != PF_END)
        return status;
    tables->listed = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *tables->listed);
    tables->chosen = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *tables->chosen);
    tables->named = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *tables->named);
    tables->index = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *tables->index);
    tables->doubt = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *tables->doubt);
    tables->schemas = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *tables->schemas);
    plan->tables.left_out = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *plan->tables.left_out);
    if (tables->listed == NULL || tables->chosen == NULL || tables->named == NULL || tables->index == NULL ||
        tables->schemas == NULL || tables->doubt == NULL || plan->tables.left_out == NULL)
        return pf_fail_memory(err, count * sizeof *tables->listed);
    for (; tables->count < count; tables->count++) {
        if (reader->list(plan->job.reader_state, tables->count, &tables->listed[tables->count], err) != PF_OK)
            return err->status;
        tables->usual = tables->usual && !tables->listed[tables->count].chosen;
    }
    return PF_OK;
}

static void leave_out(struct pf_plan *plan, const struct pf_listed *table, const char *why)
{
    plan->tables.left_out[plan->tables.left_out_count++] = (struct pf_left_out){ table->name, why };
}

/* Asks for the columns of a table that is chosen; one without any is left out. */
static enum pf_status look_at(struct pf_plan *plan, struct tables *tables, uint32_t at, struct pf_error *err)
{
    const struct pf_listed *listed = &tables->listed[at];
    struct pf_table table = { .name = NULL };
    enum pf_status status;

    if (listed->cannot != NULL && !tables->named[at]) {
        leave_out(plan, listed, listed->cannot);
        return PF_OK;
    }
    pf_schema_init(&table.schema, &plan->ctx->memory);
    status = plan->job.reader->table(plan->job.reader_state, at, &table, err);
    if (status == PF_OK && table.schema.count != 0) {
        tables->index[tables->used] = at;
        tables->doubt[tables->used] = tables->named[at] ? PF_NO_DOUBT : table.doubt;
        tables->schemas[tables->used++] = table.schema;
        return PF_OK;
    }
    pf_schema_free(&table.schema);
    if (status == PF_OK)
        leave_out(plan, listed, table.uncalculated ? uncalculated : "it has no values");
    tables->uncalculated = tables->uncalculated || (status == PF_OK && table.uncalculated);
    return status;
}

/* Tables with as little doubt as there is; of no table at all, the first. One that was small is left out of what is of one table only. */
static void leave_doubtful(struct pf_plan *plan, struct tables *tables)
{
    enum pf_doubt least = PF_NO_TABLE, most;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < tables->used; i++)
        least = tables->doubt[i] < least ? tables->doubt[i] : least;
    most = tables->purpose == PF_PLAN_READ || least == PF_NO_TABLE ? least : PF_SMALL_TABLE;
    for (uint32_t i = 0; i < tables->used; i++) {
        if (tables->doubt[i] > most || (most == PF_NO_TABLE && i != 0)) {
            leave_out(plan, &tables->listed[tables->index[i]], "version 1.0 took it for no table");
            pf_schema_free(&tables->schemas[i]);
            continue;
        }
        tables->index[kept] = tables->index[i];
        tables->schemas[kept++] = tables->schemas[i];
    }
    tables->used = kept;
}

/* Nothing that is chosen has values. */
static enum pf_status fail_empty(const struct pf_plan *plan, const struct tables *tables, struct pf_error *err)
{
    const char *word = pf_table_word(plan->job.reader);
    const struct pf_option *range = pf_option_find(plan->job.reader->options, "range");
    const char *where = range != NULL && pf_plan_is_set(plan, plan->job.reader->options, range) ? " in the range" : "";
    const struct pf_listed *first = NULL;
    uint32_t chosen = 0;

    for (uint32_t i = 0; i < tables->count; i++) {
        if (!tables->chosen[i] || tables->listed[i].cannot != NULL)
            continue;
        first = first == NULL ? &tables->listed[i] : first;
        chosen++;
    }
    if (first == NULL)
        pf_fail(err, PF_BAD_DATA, "the input has no visible %s with cells", word);
    else
        pf_fail(err, PF_BAD_DATA, "the %s '%.100s' has no values%s%s", word, first->name, where,
                chosen > 1 ? ", nor has any other that is read" : "");
    if (tables->uncalculated)
        pf_remedy(err, "it has formulas that nobody has calculated: open and save the file in a spreadsheet program");
    else
        pf_remedy(err, "check that this is the right file, or name another %s with --%s", word,
                  strcmp(word, "sheet") == 0 ? word : "tables");
    pf_error_source(err, plan->job.input);
    return PF_BAD_DATA;
}

/* A stream or a description is of one table; that of the others nothing is read is told, unless somebody chose. */
static enum pf_status tell_others(struct pf_plan *plan, const struct tables *tables, uint32_t read, struct pf_error *err)
{
    const char *word = pf_table_word(plan->job.reader);
    char names[200] = "";
    uint32_t others = 0;
    size_t used = 0;

    for (uint32_t i = 0; i < tables->count; i++) {
        const size_t size = strlen(tables->listed[i].name);

        if (i == read || tables->listed[i].cannot != NULL)
            continue;
        others++;
        if (used + size + 5 < sizeof names)
            used +=
                (size_t)snprintf(names + used, sizeof names - used, "%s'%s'", used != 0 ? ", " : "", tables->listed[i].name);
    }
    if (others == 0)
        return PF_OK;
    return pf_plan_warn(plan, "%s: only the %s '%s' is read; there %s %u more: %s (--%s names one)", plan->job.input, word,
                        tables->listed[read].name, others == 1 ? "is" : "are", others, names,
                        strcmp(word, "sheet") == 0 ? word : "tables")
               ? PF_OK
               : pf_fail_memory(err, 1);
}

/* ---- what becomes of them */

/* 1.0.9 combined unasked what had the same columns. */
static enum pf_grouping grouping(const struct pf_convert_options *options, enum pf_plan_purpose purpose)
{
    const bool usual = options->compat == PF_COMPAT_1_0 && purpose != PF_PLAN_READ && !options->separate;

    if (options->combine_by == PF_COMBINE_BY_NAME && !options->separate)
        return PF_GROUP_NAMES;
    return options->combine || usual ? PF_GROUP_COLUMNS : PF_GROUP_EACH;
}

/* --combine is of tables with the same columns: who asked for it is told why there are still several. */
static enum pf_status tell_apart(struct pf_plan *plan, const struct tables *tables, uint32_t other, struct pf_error *err)
{
    const struct pf_schema *a = &tables->schemas[0], *b = &tables->schemas[other];
    const char *first = tables->listed[tables->index[0]].name, *second = tables->listed[tables->index[other]].name;
    const char *word = pf_table_word(plan->job.reader);
    uint32_t at = 0;
    bool told;

    while (at < a->count && at < b->count && pf_part_same_name(a->fields[at].name, b->fields[at].name))
        at++;
    if (at < a->count && at < b->count)
        told = pf_plan_warn(plan,
                            "%ss whose columns differ stay apart: column %u is '%.60s' in '%.60s' and '%.60s' in '%.60s' "
                            "(--combine-by name makes one table of all)",
                            word, at + 1, a->fields[at].name, first, b->fields[at].name, second);
    else
        told =
            pf_plan_warn(plan,
                         "%ss whose columns differ stay apart: '%.60s' has %u columns, '%.60s' %u (--combine-by name makes one "
                         "table of all)",
                         word, first, a->count, second, b->count);
    return told ? PF_OK : pf_fail_memory(err, 1);
}

/* Room for the parts of each table, by the numbers of the tables that they become. */
static enum pf_status place_parts(struct pf_plan *plan, uint32_t used, const uint32_t *number, uint32_t count,
                                  struct pf_error *err)
{
    struct pf_part *parts = pf_arena_alloc_zero(&plan->arena, (size_t)used + 1, sizeof *parts);
    uint32_t *size = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *size);

    plan->tables.tables = pf_arena_alloc_zero(&plan->arena, (size_t)count + 1, sizeof *plan->tables.tables);
    if (parts == NULL || size == NULL || plan->tables.tables == NULL)
        return pf_fail_memory(err, count * sizeof *plan->tables.tables);
    for (uint32_t i = 0; i < used; i++)
        size[number[i]]++;
    for (uint32_t i = 0; i < count; i++) {
        plan->tables.tables[i].parts = parts;
        parts += size[i];
    }
    plan->tables.count = count;
    return PF_OK;
}

static enum pf_status group(struct pf_plan *plan, const struct tables *tables, struct pf_error *err)
{
    uint32_t *number = pf_arena_alloc_zero(&plan->arena, (size_t)tables->used + 1, sizeof *number), count;

    if (number == NULL)
        return pf_fail_memory(err, tables->used * sizeof *number);
    count = pf_tables_group(tables->schemas, tables->used, grouping(&plan->options, tables->purpose), number);
    if (place_parts(plan, tables->used, number, count, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < tables->used; i++) {
        const struct pf_listed *listed = &tables->listed[tables->index[i]];
        struct pf_plan_table *table = &plan->tables.tables[number[i]];

        if (table->part_count == 0)
            table->name = listed->name;
        if (number[i] == 1 && table->part_count == 0 && plan->options.combine && tell_apart(plan, tables, i, err) != PF_OK)
            return err->status;
        table->parts[table->part_count++] = (struct pf_part){ .table = tables->index[i], .name = listed->name };
    }
    return PF_OK;
}

static enum pf_status read_one(struct pf_plan *plan, const struct tables *tables, struct pf_error *err)
{
    const bool asked = plan->options.tables != NULL || grouping(&plan->options, PF_PLAN_READ) != PF_GROUP_EACH;

    if (asked && plan->tables.count > 1) {
        pf_fail(err, PF_BAD_OPTION, "there are %u tables, and one is read", plan->tables.count);
        pf_remedy(err, !pf_plan_can_combine(plan) ? "name one of them"
                       : plan->options.combine    ? "name one of them, or make one of all with --combine-by name"
                                                  : "name one of them, or make one of all with --combine or --combine-by name");
        return PF_BAD_OPTION;
    }
    if (asked)
        return PF_OK;
    return !tables->usual ? PF_OK : tell_others(plan, tables, tables->index[0], err);
}

/* What the reader tells of a table, is told of the first. */
static enum pf_status recall_first(struct pf_plan *plan, const struct tables *tables, struct pf_error *err)
{
    struct pf_table table = { .name = NULL };
    enum pf_status status;

    pf_schema_init(&table.schema, &plan->ctx->memory);
    status = plan->job.reader->table(plan->job.reader_state, tables->index[0], &table, err);
    pf_schema_free(&table.schema);
    return status;
}

static enum pf_status settle(struct pf_plan *plan, const struct tables *tables, struct pf_error *err)
{
    if (tables->used == 0)
        return fail_empty(plan, tables, err);
    if (group(plan, tables, err) != PF_OK)
        return err->status;
    if (tables->purpose == PF_PLAN_READ && read_one(plan, tables, err) != PF_OK)
        return err->status;
    plan->job = pf_plan_job(plan, 0);
    return tables->used > 1 ? recall_first(plan, tables, err) : PF_OK;
}

static enum pf_status choose(struct pf_plan *plan, void *user, struct pf_error *err)
{
    struct tables *tables = user;
    enum pf_status status = list_tables(plan, tables, err);
    const bool first = tables->purpose == PF_PLAN_READ && plan->options.tables == NULL &&
                       grouping(&plan->options, PF_PLAN_READ) == PF_GROUP_EACH;

    if (status == PF_OK)
        status = pf_tables_select(tables->listed, tables->count, plan->options.tables, pf_table_word(plan->job.reader),
                                  &plan->arena, tables->chosen, tables->named, err);
    for (uint32_t i = 0; status == PF_OK && i < tables->count; i++) {
        if (first && tables->used != 0 && tables->doubt[tables->used - 1] == PF_NO_DOUBT)
            break;
        if (tables->chosen[i])
            status = look_at(plan, tables, i, err);
        else if (tables->usual && tables->listed[i].hidden)
            leave_out(plan, &tables->listed[i], "it is hidden");
    }
    if (status == PF_OK) {
        leave_doubtful(plan, tables);
        status = settle(plan, tables, err);
    }
    for (uint32_t i = 0; i < tables->used; i++)
        pf_schema_free(&tables->schemas[i]);
    return status;
}

static enum pf_status check_combining(const struct pf_plan *plan, struct pf_error *err)
{
    const struct pf_convert_options *options = &plan->options;
    const char *option = options->combine                            ? "--combine"
                         : options->combine_by == PF_COMBINE_BY_NAME ? "--combine-by"
                         : options->sheet_column                     ? "--sheet-column"
                                                                     : NULL;

    if (option == NULL)
        return PF_OK;
    if (!pf_plan_can_combine(plan)) {
        pf_fail(err, PF_BAD_OPTION, "%s makes one table of several, but these tables have types and keys of their own", option);
        pf_remedy(err, "leave it out: each table is an output of its own, or a sheet of a workbook");
        return PF_BAD_OPTION;
    }
    if ((options->combine || options->combine_by == PF_COMBINE_BY_NAME) && options->separate) {
        pf_fail(err, PF_BAD_OPTION, "%s and --separate are both given", option);
        pf_remedy(err, "leave one of them out");
        return PF_BAD_OPTION;
    }
    return PF_OK;
}

enum pf_status pf_plan_choose_tables(struct pf_plan *plan, enum pf_plan_purpose purpose, struct pf_error *err)
{
    struct tables tables = { .purpose = purpose, .usual = plan->options.tables == NULL };

    return check_combining(plan, err) != PF_OK ? err->status : pf_plan_ask(plan, choose, &tables, err);
}
