/* Where the output goes and as what: the writer, the name, and what may not be written over. */
#include <stdio.h>
#include <string.h>

#include "base/system.h"
#include "base/text.h"
#include "convert/plan.h"
#include "extension/use.h"
#include "formats/format.h"

enum { NAMED_TABLES = 8 }; /* in a message */

/* ---- writer */

enum pf_status pf_plan_no_writer(struct pf_plan *plan, struct pf_error *err)
{
    char names[PF_FORMAT_NAMES];

    pf_list_formats(plan->ctx, true, names);
    pf_fail(err, PF_BAD_OPTION, "option --%.40s cannot be '%.100s'", pf_plan_spelled(plan, "format"), plan->options.format);
    if (pf_same_word(plan->options.format, "txt"))
        pf_remedy(err, "this version writes %s; --compat 1.0 names Parquet files .txt as version 1.0 did", names);
    else
        pf_remedy(err, "this version writes %s", names);
    return PF_BAD_OPTION;
}

static enum pf_status unknown_suffix(struct pf_plan *plan, const char *output, struct pf_error *err)
{
    char names[PF_FORMAT_NAMES];

    pf_list_formats(plan->ctx, true, names);
    pf_fail(err, PF_UNSUPPORTED, "the suffix of the output names no format that is written here");
    pf_error_source(err, output);
    pf_remedy(err, "this version writes %s; --to NAME decides whatever the suffix", names);
    return PF_UNSUPPORTED;
}

/* The last suffix of path with its dot, "" when it has none. */
static const char *suffix_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');

    return dot != NULL && dot > (slash != NULL ? slash + 1 : path) ? dot : "";
}

static enum pf_status check_compressed_name(const char *output, struct pf_error *err)
{
    const char *suffix = suffix_of(output);

    if (!pf_same_word(suffix, ".gz") && !pf_same_word(suffix, ".zst") && !pf_same_word(suffix, ".zip"))
        return PF_OK;
    pf_fail(err, PF_UNSUPPORTED, "the output would be named %s but compressed output is not written here", suffix);
    pf_error_source(err, output);
    pf_remedy(err, "write to - with --to csv and pipe it through %s",
              suffix[1] == 'g'               ? "gzip"
              : pf_same_word(suffix, ".zip") ? "zip"
                                             : "zstd");
    return PF_UNSUPPORTED;
}

static enum pf_status fail_kind(const struct pf_plan *plan, const char *file, struct pf_error *err)
{
    pf_fail(err, PF_BAD_OPTION, "the output is named %s, and only .%s is written", suffix_of(file),
            plan->job.writer->suffixes[0]);
    pf_error_source(err, file);
    pf_remedy(err, "name it *.%s", plan->job.writer->suffixes[0]);
    return PF_BAD_OPTION;
}

/* A name that says CSV of a file that is Parquet misleads whoever reads it. Version 1.0 wrote Parquet under every name. */
static enum pf_status check_suffix(const struct pf_plan *plan, const char *file, struct pf_error *err)
{
    const struct pf_writer *named = file != NULL ? pf_writer_by_suffix(pf_formats(plan->ctx), file) : NULL;
    const struct pf_reader *read = file != NULL && named == NULL ? pf_reader_by_suffix(pf_formats(plan->ctx), file) : NULL;

    /* such as a .xlsm: other programs refuse a file that is not of the kind of its name */
    if (read != NULL && plan->job.writer->settle != PF_SETTLE_NONE && strcmp(read->name, plan->job.writer->name) == 0)
        return fail_kind(plan, file, err);
    if (named == NULL || named == plan->job.writer || plan->options.compat == PF_COMPAT_1_0)
        return PF_OK;
    pf_fail(err, PF_BAD_OPTION, "the output is named %s, and --%.40s is %s: which of them is meant?", suffix_of(file),
            pf_plan_spelled(plan, "format"), plan->job.writer->name);
    pf_error_source(err, file);
    pf_remedy(err, "name it *.%s, or leave out --%.40s", plan->job.writer->suffixes[0], pf_plan_spelled(plan, "format"));
    return PF_BAD_OPTION;
}

/* file: the output's name as given, NULL when it is still to be derived. */
static enum pf_status choose_writer(struct pf_plan *plan, const char *file, struct pf_error *err)
{
    const struct pf_format_list *list = plan->ctx->formats;
    bool compat = plan->options.compat == PF_COMPAT_1_0;

    if (file != NULL && check_compressed_name(file, err) != PF_OK)
        return err->status;
    if (plan->options.format != NULL && !pf_is_compat_txt(&plan->options)) {
        plan->writer_chosen_by = "--format";
        if (pf_find_writer(plan->ctx, plan->options.format, &plan->job.writer, err) != PF_OK)
            return err->status;
        return plan->job.writer != NULL ? check_suffix(plan, file, err) : pf_plan_no_writer(plan, err);
    }
    plan->job.writer = NULL;
    if (file != NULL && !(compat && pf_same_word(suffix_of(file), ".txt")) &&
        pf_find_writer_of(plan->ctx, file, &plan->job.writer, err) != PF_OK)
        return err->status;
    plan->writer_chosen_by = plan->job.writer != NULL ? "suffix" : "default";
    if (plan->job.writer != NULL)
        return PF_OK;
    if (file != NULL && suffix_of(file)[0] != '\0' && !compat)
        return unknown_suffix(plan, file, err);
    plan->job.writer = list->usual_writer;
    return plan->job.writer != NULL ? PF_OK : pf_fail(err, PF_UNSUPPORTED, "no writer is built in");
}

/* ---- name */

static bool is_folder(const struct pf_plan *plan, const char *output)
{
    struct pf_source_stat stat;
    struct pf_error ignored;
    bool directory;
    size_t size = strlen(output);

    if (output[size - 1] == '/')
        return true;
    return pf_location_stat(plan->ctx, output, &stat, &directory, &ignored) == PF_OK && directory;
}

/* A folder with the name of a file, out.csv, was made for several tables: what comes into it has their format. */
static bool is_named_by_format(const struct pf_plan *plan, const char *folder)
{
    return plan->options.format == NULL && plan->options.compat != PF_COMPAT_1_0 && folder[strlen(folder) - 1] != '/' &&
           pf_writer_by_suffix(pf_formats(plan->ctx), folder) != NULL;
}

/* Whether version 1.0 made a folder of the output, whatever its name. */
static bool is_folder_of_1_0(const struct pf_plan *plan, const char *output)
{
    return !plan->given.has_output && (output == NULL || strcmp(output, "-") != 0) && plan->options.compat == PF_COMPAT_1_0 &&
           (plan->job.reader->flags & PF_READER_FOLDER_1_0) != 0 && plan->job.writer == plan->ctx->formats->usual_writer;
}

/* The file in the folder; without an output the folder is beside the input, or in --output-dir. */
static enum pf_status settle_folder_of_1_0(struct pf_plan *plan, const char *output, struct pf_error *err)
{
    const char *file, *input = plan->job.input, *suffix = pf_is_compat_txt(&plan->options) ? ".txt" : "_parquet";
    char *named;
    size_t size;

    if (output != NULL && (plan->options.output_dir == NULL || output != pf_location_path(plan->options.output_dir)))
        return pf_output_name(input, output, plan->job.writer->suffixes[0], &plan->arena, &plan->job.output, err);
    if (pf_output_name(input, output, "", &plan->arena, &file, err) != PF_OK)
        return err->status;
    size = strlen(file) - 1; /* without the point */
    named = pf_arena_alloc(&plan->arena, size + strlen(suffix) + 1);
    if (named == NULL)
        return pf_fail_memory(err, size);
    memcpy(named, file, size);
    memcpy(named + size, suffix, strlen(suffix) + 1);
    return pf_output_name(input, named, plan->job.writer->suffixes[0], &plan->arena, &plan->job.output, err);
}

static enum pf_status settle_name(struct pf_plan *plan, const char *output, bool folder, struct pf_error *err)
{
    struct pf_job *job = &plan->job;
    const char *input = job->input;

    if (is_folder_of_1_0(plan, output))
        return settle_folder_of_1_0(plan, output, err);
    if (output != NULL && !folder) {
        job->output = pf_arena_copy(&plan->arena, output, strlen(output));
        return job->output != NULL ? PF_OK : pf_fail_memory(err, strlen(output));
    }
    /* the name of a storage scheme is no part of a file's name */
    if (output != NULL && pf_plan_input_located(plan) && pf_location_is_remote(plan->ctx, input))
        input = input[0] == '/' ? input : strchr(input, ':') + 1;
    return pf_output_name(input, output, pf_is_compat_txt(&plan->options) ? "txt" : job->writer->suffixes[0], &plan->arena,
                          &job->output, err);
}

enum pf_status pf_plan_no_place(const struct pf_error *absent, struct pf_error *err)
{
    if (absent->status != PF_BAD_OPTION)
        return PF_OK;
    *err = *absent;
    return absent->status;
}

/* An old file in their place is found before the work is done, not with the first row that is rejected. */
static enum pf_status check_rejects(const struct pf_plan *plan, struct pf_error *err)
{
    const struct pf_job *job = &plan->job;
    struct pf_source_stat stat;
    struct pf_error absent;
    bool directory;

    if (pf_plan_input_located(plan) &&
        (pf_location_same(job->rejects, job->input) || pf_scheme_same(plan->ctx, job->rejects, job->input)))
        return pf_fail(err, PF_BAD_OPTION, "--rejects names the input");
    if (pf_plan_output_located(plan) && job->output != NULL &&
        (pf_location_same_target(job->rejects, job->output) || pf_scheme_same(plan->ctx, job->rejects, job->output)))
        return pf_fail(err, PF_BAD_OPTION, "--rejects names the output");
    if ((job->reader->flags & PF_READER_TYPED) != 0)
        return PF_OK;
    if (pf_location_stat(plan->ctx, job->rejects, &stat, &directory, &absent) != PF_OK)
        return pf_plan_no_place(&absent, err);
    if (!directory && (!stat.regular || job->replace))
        return PF_OK;
    pf_fail(err, PF_EXISTS, "the place for rejected rows is taken: %s", directory ? "it is a directory" : "a file is there");
    pf_error_source(err, job->rejects);
    pf_remedy(err, directory ? "name another with --rejects" : "use --force to replace it, or name another with --rejects");
    return PF_EXISTS;
}

static enum pf_status settle_rejects(struct pf_plan *plan, struct pf_error *err)
{
    struct pf_job *job = &plan->job;
    struct pf_buffer path;

    if (plan->options.rejects != NULL) {
        job->rejects = pf_location_path(plan->options.rejects);
    } else if (pf_plan_output_located(plan) && strcmp(job->output, "-") != 0) {
        pf_buffer_init(&path, &plan->ctx->memory, SIZE_MAX);
        job->rejects = pf_buffer_append_text(&path, job->output) && pf_buffer_append_text(&path, ".rejects.csv")
                           ? pf_arena_copy(&plan->arena, (const char *)path.data, path.size)
                           : NULL;
        pf_buffer_free(&path);
        if (job->rejects == NULL)
            return pf_fail_memory(err, strlen(job->output));
    }
    return job->rejects != NULL ? check_rejects(plan, err) : PF_OK;
}

enum pf_status pf_plan_rejects(struct pf_plan *plan, struct pf_error *err)
{
    return plan->options.rejects != NULL ? settle_rejects(plan, err) : PF_OK;
}

/* ---- checks */

static enum pf_status check_stdout(const struct pf_plan *plan, struct pf_error *err)
{
    if (plan->job.writer->settle != PF_SETTLE_NONE && pf_stdout_is_terminal()) {
        pf_fail(err, PF_BAD_OPTION, "%s is binary and standard output is a terminal", plan->job.writer->name);
        pf_remedy(err, "name a file, or send the output through a pipe");
        return PF_BAD_OPTION;
    }
    return PF_OK;
}

static enum pf_status check_target(struct pf_plan *plan, struct pf_error *err)
{
    const char *output = plan->job.output;
    struct pf_source_stat stat;
    struct pf_error absent;
    bool directory;

    if (pf_location_stat(plan->ctx, output, &stat, &directory, &absent) != PF_OK)
        return pf_plan_no_place(&absent, err);
    plan->output_exists = stat.regular;
    if (stat.regular && stat.device == plan->input_stat.device && stat.inode == plan->input_stat.inode) {
        pf_fail(err, PF_EXISTS, "the output is the input itself");
        pf_remedy(err, "name another output, or another format with --to");
    } else if (directory) {
        pf_fail(err, PF_EXISTS, "Output directory %.300s already exists.", output);
        pf_remedy(err, "name a file; a directory in its place is not replaced");
    } else if (stat.regular && !plan->job.replace) {
        pf_fail(err, PF_EXISTS, "Output file %.300s already exists. Use --force to overwrite.", output);
    } else {
        return PF_OK;
    }
    pf_error_source(err, output);
    return PF_EXISTS;
}

/* ---- the file that is replaced */

static bool all_text(const struct pf_schema *schema)
{
    for (uint32_t i = 0; i < schema->count; i++) {
        if (schema->fields[i].type != PF_TYPE_STRING)
            return false;
    }
    return schema->count > 0;
}

/* The schema of the output that exists, when its format has types and its columns are of text only, as version 1.0 wrote it. What
 * cannot be read is no obstacle: it is to be replaced. */
static void look_at_replaced(struct pf_plan *plan)
{
    const struct pf_reader *reader = pf_reader_by_name(plan->ctx->formats, plan->job.writer->name);
    struct pf_source *src = NULL;
    struct pf_table table;
    struct pf_error ignored;
    const void *options;
    void *state;

    if (reader == NULL || !plan->output_exists || (reader->flags & PF_READER_TYPED) == 0)
        return;
    state = pf_arena_alloc_zero(&plan->arena, 1, reader->state_size);
    options = pf_arena_alloc_zero(&plan->arena, 1, reader->option_size + 1);
    if (state == NULL || options == NULL || pf_source_open(plan->ctx, plan->job.output, true, &src, &ignored) != PF_OK)
        return;
    pf_schema_init(&table.schema, &plan->ctx->memory);
    if (reader->open(reader, state, plan->ctx, src, options, &ignored) == PF_OK &&
        reader->table(state, 0, &table, &ignored) == PF_OK && all_text(&table.schema))
        (void)pf_schema_copy(&plan->replaced, &table.schema);
    pf_schema_free(&table.schema);
    reader->close(state);
    pf_source_close(src);
}

bool pf_plan_output_located(const struct pf_plan *plan)
{
    return plan->job.target == NULL;
}

/* One file may hold several tables. */
static void name_tables(struct pf_plan *plan)
{
    for (uint32_t i = 0; i < plan->tables.count; i++) {
        plan->tables.tables[i].path = plan->job.output;
        plan->tables.tables[i].rejects = plan->job.rejects;
        plan->tables.tables[i].exists = plan->output_exists;
    }
}

static void choose_places(struct pf_plan *plan)
{
    plan->tables.one_file = pf_plan_is_many(plan) && plan->job.writer->table != NULL;
}

/* "Q1, Q2, Q3 ...", of a few. */
static void list_tables(const struct pf_plan_tables *tables, char *to, size_t size)
{
    const uint32_t most = tables->count < NAMED_TABLES ? tables->count : NAMED_TABLES;
    size_t used = 0;

    for (uint32_t i = 0; i < most && used < size; i++)
        used += (size_t)snprintf(to + used, size - used, "%s%.40s", i > 0 ? ", " : "", tables->tables[i].name);
    if (most < tables->count && used < size)
        (void)snprintf(to + used, size - used, " ...");
}

/* Where one table goes, and no file with a format of several. */
static enum pf_status check_one(const struct pf_plan *plan, struct pf_error *err)
{
    const char *word, *option;
    char names[64 * NAMED_TABLES];

    if (!pf_plan_is_many(plan))
        return PF_OK;
    word = pf_table_word(plan->job.reader);
    option = strcmp(word, "sheet") == 0 ? "sheet" : "tables";
    list_tables(&plan->tables, names, sizeof names);
    pf_fail(err, PF_BAD_OPTION, "the input has %u %ss, and one is written: %s", plan->tables.count, word, names);
    pf_remedy(err,
              !pf_plan_can_combine(plan) ? "name one with --%s, each in a call of its own"
              : plan->options.combine
                  ? "name one with --%s, each in a call of its own, or make one of all with --combine-by name"
                  : "name one with --%s, each in a call of its own, or make one of all with --combine or "
                    "--combine-by name",
              option);
    return PF_BAD_OPTION;
}

/* Functions in the place of a file: a name they have decides the format as that of a file does. */
static enum pf_status plan_given(struct pf_plan *plan, const char *name, struct pf_error *err)
{
    plan->job.target = &plan->given.output;
    if (name == NULL && plan->options.format == NULL) {
        pf_fail(err, PF_BAD_OPTION, "the format to write is not known");
        pf_remedy(err, "name it with --to, or give the output a name with a suffix");
        return PF_BAD_OPTION;
    }
    if (choose_writer(plan, name, err) != PF_OK || settle_name(plan, name != NULL ? name : "output", false, err) != PF_OK)
        return err->status;
    choose_places(plan);
    if (!plan->tables.one_file && check_one(plan, err) != PF_OK)
        return err->status;
    if (settle_rejects(plan, err) == PF_OK)
        name_tables(plan);
    return err->status;
}

enum pf_status pf_plan_output(struct pf_plan *plan, const struct pf_request *request, struct pf_error *err)
{
    const char *output = request->output;
    bool located = pf_plan_input_located(plan);
    bool folder, from_stdin = located && strcmp(plan->job.input, "-") == 0;
    bool to_stdout = output != NULL ? strcmp(output, "-") == 0 : from_stdin;

    if (pf_plan_target(plan, request, err) != PF_OK)
        return err->status;
    if (plan->engines_only)
        return check_one(plan, err);
    if (plan->given.has_output)
        return plan_given(plan, output, err);
    if (output == NULL && !located) {
        pf_fail(err, PF_BAD_OPTION, "no output is named");
        pf_remedy(err, "an input that is no file lends the output no name: name the output");
        return PF_BAD_OPTION;
    }

    if (to_stdout && (plan->options.format == NULL || pf_is_compat_txt(&plan->options))) {
        pf_fail(err, PF_BAD_OPTION, "the format to write to standard output is not known");
        pf_remedy(err, "name it: --to csv; or name an output file");
        return PF_BAD_OPTION;
    }
    if (to_stdout)
        output = "-";
    else if (output == NULL && plan->options.output_dir != NULL && plan->options.output_dir[0] != '\0')
        output = pf_location_path(plan->options.output_dir);
    folder = output != NULL && !to_stdout && (request->output == NULL || is_folder(plan, output));
    if (choose_writer(plan, to_stdout || (folder && !is_named_by_format(plan, output)) ? NULL : output, err) != PF_OK)
        return err->status;
    choose_places(plan);
    if (pf_plan_wants_folder(plan, request->output_derived || (folder && request->output == NULL) ? NULL : output))
        return pf_plan_spread(plan, request, output, folder, err);
    /* the target comes first: what is wrong with it is wrong with the place of rejected rows beside it, too */
    if (settle_name(plan, output, folder, err) != PF_OK || (!to_stdout && check_target(plan, err) != PF_OK) ||
        settle_rejects(plan, err) != PF_OK)
        return err->status;
    name_tables(plan);
    if (to_stdout)
        return check_stdout(plan, err);
    look_at_replaced(plan);
    return PF_OK;
}
