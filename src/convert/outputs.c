/* Several tables: where the output of each goes, and how they are written so that all appear or none. */
#include "convert/outputs.h"

#include <string.h>

#include "base/text.h"
#include "base/thread.h"
#include "convert/notes.h"
#include "convert/plan_tables.h"
#include "engine/held.h"
#include "extension/use.h"

/* Each holds a file open until the last is written. */
enum { MOST_OUTPUTS = 500 };

static const char *fewer_tables(const struct pf_plan *plan)
{
    return pf_plan_can_combine(plan) ? "name the tables to read with --tables, or make one of them with --combine-by name"
                                     : "name the tables to read with --tables";
}

/* ---- names */

static enum pf_status join(struct pf_arena *arena, const char *const *texts, const char **out, struct pf_error *err)
{
    struct pf_buffer path;
    bool good = true;

    pf_buffer_init(&path, arena->memory, SIZE_MAX);
    for (; good && *texts != NULL; texts++)
        good = pf_buffer_append_text(&path, *texts);
    *out = good ? pf_arena_copy(arena, path.size != 0 ? (const char *)path.data : "", path.size) : NULL;
    pf_buffer_free(&path);
    return *out != NULL ? PF_OK : pf_fail_memory(err, 1);
}

/* The folder of the outputs, with a slash at its end, and what their names begin with. output: what one output would be called, or the
 * folder that the caller names. */
static enum pf_status choose_folder(struct pf_plan *plan, const char *output, bool derived, const char **stem,
                                    struct pf_error *err)
{
    const size_t size = strlen(output), suffix = strlen(plan->tables.suffix) + 1;
    const char *base = output;

    if (derived) {
        const char *slash;

        base = pf_arena_copy(&plan->arena, output, size > suffix ? size - suffix : size);
        if (base == NULL)
            return pf_fail_memory(err, size);
        slash = strrchr(base, '/');
        *stem = slash != NULL ? slash + 1 : base;
        /* 1.0.9 named the folder "sales.txt" where no format was named */
        return pf_is_compat_txt(&plan->options)
                   ? join(&plan->arena, (const char *[]){ base, ".txt/", NULL }, &plan->job.output, err)
                   : join(&plan->arena, (const char *[]){ base, "_", plan->job.writer->name, "/", NULL }, &plan->job.output,
                          err);
    }
    if (pf_stem(plan->job.input, &plan->arena, stem, err) != PF_OK)
        return err->status;
    return join(&plan->arena, (const char *[]){ output, size != 0 && output[size - 1] == '/' ? "" : "/", NULL },
                &plan->job.output, err);
}

static enum pf_status name_outputs(struct pf_plan *plan, const char *stem, struct pf_error *err)
{
    struct pf_plan_tables *tables = &plan->tables;
    const char **names = pf_arena_alloc_zero(&plan->arena, tables->count, 2 * sizeof *names);
    const char **files = names + tables->count;
    const char *tail = "";
    bool compat = plan->options.compat == PF_COMPAT_1_0;

    if (names == NULL)
        return pf_fail_memory(err, tables->count * sizeof *names);
    for (uint32_t i = 0; i < tables->count; i++)
        names[i] = tables->tables[i].name;
    /* rejected rows of "a" go to "a.csv.rejects.csv", which is also what a table called "a.csv.rejects" would have */
    if (strcmp(tables->suffix, "csv") == 0)
        tail = ".csv.rejects";
    if (pf_tables_file_names(names, tables->count, tail, &plan->arena, files, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < tables->count; i++) {
        struct pf_plan_table *table = &tables->tables[i];
        const bool plain =
            compat && table->part_count > 1; /* 1.0.9 gave all that it had combined this name, and lost all but one */

        compat = compat && !plain;
        if (join(&plan->arena,
                 (const char *[]){ plan->job.output, stem, plain ? "" : "_", plain ? "" : files[i], ".", tables->suffix, NULL },
                 &table->path, err) != PF_OK ||
            join(&plan->arena, (const char *[]){ table->path, ".rejects.csv", NULL }, &table->rejects, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

/* ---- what is there */

static enum pf_status check_file(struct pf_plan *plan, const char *path, bool *exists, struct pf_error *err)
{
    struct pf_source_stat stat;
    struct pf_error absent;
    bool directory;

    *exists = false;
    if (pf_location_stat(plan->ctx, path, &stat, &directory, &absent) != PF_OK)
        return pf_plan_no_place(&absent, err);
    *exists = stat.regular;
    if (stat.regular && stat.device == plan->input_stat.device && stat.inode == plan->input_stat.inode)
        pf_fail(err, PF_EXISTS, "an output is the input itself");
    else if (directory)
        pf_fail(err, PF_EXISTS, "Output directory %.300s already exists.", path);
    else if (stat.regular && !plan->job.replace)
        pf_fail(err, PF_EXISTS, "Output file %.300s already exists. Use --force to overwrite.", path);
    else
        return PF_OK;
    if (!stat.regular || plan->job.replace)
        pf_remedy(err, "name another folder for the outputs");
    pf_error_source(err, path);
    return PF_EXISTS;
}

static enum pf_status check_folder(struct pf_plan *plan, struct pf_error *err)
{
    const size_t size = strlen(plan->job.output);
    char *folder = pf_arena_copy(&plan->arena, plan->job.output, size - 1);
    struct pf_source_stat stat;
    struct pf_error absent;
    bool directory;

    if (folder == NULL)
        return pf_fail_memory(err, size);
    if (size < 2 || pf_location_stat(plan->ctx, folder, &stat, &directory, &absent) != PF_OK || directory)
        return PF_OK;
    pf_fail(err, PF_EXISTS, "there are %u tables, and a file is where the folder of their outputs is to be",
            plan->tables.count);
    pf_error_source(err, folder);
    pf_remedy(err, "name another folder; %s", fewer_tables(plan));
    return PF_EXISTS;
}

static enum pf_status check_outputs(struct pf_plan *plan, struct pf_error *err)
{
    bool exists;

    if (check_folder(plan, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < plan->tables.count; i++) {
        struct pf_plan_table *table = &plan->tables.tables[i];

        if (check_file(plan, table->path, &table->exists, err) != PF_OK ||
            check_file(plan, table->rejects, &exists, err) != PF_OK)
            return err->status;
        plan->output_exists = plan->output_exists || table->exists;
    }
    return PF_OK;
}

static enum pf_status refuse(struct pf_plan *plan, const char *why, const char *remedy, struct pf_error *err)
{
    pf_fail(err, PF_BAD_OPTION, "the input has %u tables, and %s", plan->tables.count, why);
    pf_remedy(err, "%s", remedy);
    return PF_BAD_OPTION;
}

enum pf_status pf_plan_spread(struct pf_plan *plan, const struct pf_request *request, const char *output, bool folder,
                              struct pf_error *err)
{
    const bool derived = request->output == NULL || request->output_derived;
    const char *dot = output != NULL && !folder ? strrchr(output, '.') : NULL, *stem;

    if (output != NULL && strcmp(output, "-") == 0)
        return refuse(plan, "standard output takes one", fewer_tables(plan), err);
    if (plan->options.rejects != NULL && pf_plan_is_many(plan))
        return refuse(plan, "--rejects names one file", "leave it out: rejected rows go to a file beside each output", err);
    if (plan->tables.count > MOST_OUTPUTS) {
        pf_fail(err, PF_LIMIT, "the input has %u tables, and at most %d outputs are written at once", plan->tables.count,
                MOST_OUTPUTS);
        pf_remedy(err, "%s", fewer_tables(plan));
        return PF_LIMIT;
    }
    plan->tables.suffix = plan->job.writer->suffixes[0];
    if (derived) {
        if ((output == NULL || folder) &&
            pf_output_name(plan->job.input, output, plan->tables.suffix, &plan->arena, &output, err) != PF_OK)
            return err->status;
    } else if (dot != NULL && plan->options.format == NULL && strchr(dot, '/') == NULL && dot[1] != '\0') {
        plan->tables.suffix = dot + 1;
    }
    if (choose_folder(plan, output, derived, &stem, err) != PF_OK || name_outputs(plan, stem, err) != PF_OK ||
        check_outputs(plan, err) != PF_OK)
        return err->status;
    if (pf_plan_is_many(plan))
        return PF_OK;
    if (plan->options.rejects != NULL)
        plan->tables.tables[0].rejects = pf_location_path(plan->options.rejects);
    plan->job = pf_plan_job(plan, 0);
    return PF_OK;
}

/* ---- writing */

static bool is_last(const struct pf_plan *plan, uint32_t table)
{
    return table + 1 == plan->tables.count;
}

static void add_up(struct pf_outcome *sum, const struct pf_outcome *one, bool one_file)
{
    sum->rows_read += one->rows_read;
    sum->rows_written += one->rows_written;
    sum->rows_rejected += one->rows_rejected;
    sum->rows_left_out += one->rows_left_out;
    sum->rows_short += one->rows_short;
    sum->rows_like_header += one->rows_like_header;
    if (sum->first_reject.row == 0)
        sum->first_reject = one->first_reject;
    sum->bytes_read = one->bytes_read;
    sum->bytes_written = one_file ? one->bytes_written : sum->bytes_written + one->bytes_written;
    sum->seconds += one->seconds;
    sum->repaired += one->repaired;
    sum->threads = one->threads > sum->threads ? one->threads : sum->threads;
    sum->peak_memory = one->peak_memory > sum->peak_memory ? one->peak_memory : sum->peak_memory;
}

static enum pf_status take_warnings(const struct pf_plan *plan, uint32_t table, const struct pf_outcome *one,
                                    struct pf_outcome *to, struct pf_error *err)
{
    const char *word = pf_table_word(plan->job.reader), *name = plan->tables.tables[table].name;

    for (uint32_t i = 0; i < one->warning_count; i++) {
        const char *text;

        if (join(&to->arena, (const char *[]){ word, " '", name, "': ", one->warnings[i], NULL }, &text, err) != PF_OK)
            return err->status;
        if (!pf_arena_list_add(&to->arena, &to->warnings, &to->warning_count, text))
            return pf_fail_memory(err, 1);
    }
    return PF_OK;
}

/* Notes of one table. */
static enum pf_status note(struct pf_conversion *c, uint32_t table, struct pf_error *err)
{
    struct pf_plan *plan = &c->plan;
    const struct pf_job whole = plan->job;
    bool good;

    plan->job = pf_plan_job(plan, table);
    plan->about = plan->tables.tables[table].name;
    good = pf_note_rows(plan, &c->tables[table]);
    pf_log_reasons(plan, &c->tables[table]);
    plan->about = NULL;
    plan->job = whole;
    return good ? PF_OK : pf_fail_memory(err, 1);
}

static enum pf_status write_table(struct pf_conversion *c, uint32_t table, struct pf_held *held, struct pf_error *err)
{
    struct pf_plan *plan = &c->plan;
    struct pf_job job = pf_plan_job(plan, table);
    enum pf_status status;

    job.held = held;
    if (plan->tables.one_file) {
        job.table_name = plan->tables.tables[table].name;
        job.goes_on = !is_last(plan, table);
    }
    status = pf_native_run(plan->ctx, &job, &c->tables[table], err);
    add_up(&c->outcome, &c->tables[table], plan->tables.one_file);
    if (status == PF_OK)
        status = take_warnings(plan, table, &c->tables[table], &c->outcome, err);
    return status == PF_OK ? note(c, table, err) : status;
}

/* Of outputs that appeared before one that did not, those that replaced nothing are taken back; the others cannot be. */
static void take_back(struct pf_conversion *c, struct pf_held *held, uint32_t count, struct pf_error *err)
{
    uint32_t stand = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (c->plan.tables.tables[i].exists)
            stand++;
        else
            pf_held_retract(&held[i]);
    }
    if (stand == 0)
        return;
    err->remedy[0] = '\0';
    pf_remedy(err, "%u of %u outputs were replaced before, and are new: look at the folder before you convert again", stand,
              c->plan.tables.count);
}

static enum pf_status commit(struct pf_conversion *c, struct pf_held *held, uint32_t count, struct pf_error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        if (pf_held_commit(&held[i], &c->tables[i].rejects_written, err) != PF_OK) {
            take_back(c, held, i, err);
            return err->status;
        }
        c->outcome.rejects_written = c->outcome.rejects_written || c->tables[i].rejects_written;
    }
    return PF_OK;
}

enum pf_status pf_outputs_run(struct pf_conversion *c, struct pf_error *err)
{
    struct pf_plan *plan = &c->plan;
    const uint32_t tables = plan->tables.count, outputs = plan->tables.one_file ? 1 : tables;
    struct pf_held *held = pf_arena_alloc_zero(&plan->arena, outputs, sizeof *held);
    enum pf_status status = PF_OK;

    c->tables = pf_arena_alloc_zero(&plan->arena, tables, sizeof *c->tables);
    if (held == NULL || c->tables == NULL)
        return pf_fail_memory(err, outputs * sizeof *held);
    for (uint32_t i = 0; i < tables; i++)
        pf_outcome_init(&c->tables[i], plan->ctx);
    c->table_count = tables;
    for (uint32_t i = 0; status == PF_OK && i < tables; i++)
        status = write_table(c, i, &held[plan->tables.one_file ? 0 : i], err);
    if (status == PF_OK)
        status = commit(c, held, outputs, err);
    for (uint32_t i = 0; i < outputs; i++)
        pf_held_free(&held[i]);
    return status;
}

static enum pf_status scan_table(const struct pf_plan *plan, uint32_t table, enum pf_types_mode types, struct pf_outcome *sum,
                                 struct pf_outcome *one, struct pf_error *err)
{
    struct pf_job job = pf_plan_job(plan, table);
    enum pf_status status;

    job.types = types;
    status = pf_native_scan(plan->ctx, &job, one, err);
    add_up(sum, one, false);
    if (status != PF_OK)
        return status;
    return take_warnings(plan, table, one, sum, err);
}

enum pf_status pf_outputs_scan(const struct pf_plan *plan, enum pf_types_mode types, struct pf_outcome *outcome,
                               struct pf_outcome *tables, struct pf_error *err)
{
    enum pf_status status = PF_OK;

    if (!pf_plan_is_many(plan)) {
        struct pf_job job = plan->job;

        job.types = types;
        return pf_native_scan(plan->ctx, &job, outcome, err);
    }
    for (uint32_t i = 0; status == PF_OK && i < plan->tables.count; i++) {
        struct pf_outcome own;

        pf_outcome_init(&own, plan->ctx);
        status = scan_table(plan, i, types, outcome, tables != NULL ? &tables[i] : &own, err);
        pf_outcome_free(&own);
    }
    return status;
}

void pf_outputs_free(struct pf_conversion *c)
{
    for (uint32_t i = 0; i < c->table_count; i++)
        pf_outcome_free(&c->tables[i]);
    c->table_count = 0;
}
