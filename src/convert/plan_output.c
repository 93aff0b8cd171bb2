/* Where the output goes and as what: the writer, the name, and what may not be written over. */
#include <stdio.h>
#include <string.h>

#include "base/system.h"
#include "base/text.h"
#include "convert/plan.h"
#include "formats/format.h"

/* ---- writer */

static void list_writers(const struct pf_format_list *list, char *to, size_t size)
{
    size_t used = 0;

    to[0] = '\0';
    for (uint32_t i = 0; i < list->count && used < size; i++) {
        if (list->formats[i].writer == NULL)
            continue;
        int wrote = snprintf(to + used, size - used, "%s%s", used == 0 ? "" : ", ", list->formats[i].writer->name);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

static enum pf_status no_such_writer(struct pf_plan *plan, struct pf_error *err)
{
    char names[96];

    list_writers(plan->ctx->formats, names, sizeof names);
    pf_fail(err, PF_BAD_OPTION, "option --format cannot be '%.100s'", plan->options.format);
    if (pf_same_word(plan->options.format, "txt"))
        pf_remedy(err, "this version writes %s; --compat 1.0 names Parquet files .txt as version 1.0 did", names);
    else
        pf_remedy(err, "this version writes %s", names);
    return PF_BAD_OPTION;
}

static enum pf_status unknown_suffix(struct pf_plan *plan, const char *output, struct pf_error *err)
{
    char names[96];

    list_writers(plan->ctx->formats, names, sizeof names);
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

    if (!pf_same_word(suffix, ".gz") && !pf_same_word(suffix, ".zst"))
        return PF_OK;
    pf_fail(err, PF_UNSUPPORTED, "the output would be named %s but compressed output is not written here", suffix);
    pf_error_source(err, output);
    pf_remedy(err, "write to - with --to csv and pipe it through %s", suffix[1] == 'g' ? "gzip" : "zstd");
    return PF_UNSUPPORTED;
}

/* The original wrote Parquet under every name, and txt was its word for that. */
static bool is_compat_txt(const struct pf_plan *plan)
{
    return plan->options.compat == PF_COMPAT_1_0 && (plan->options.format == NULL || pf_same_word(plan->options.format, "txt"));
}

/* file: the output's name as given, NULL when it is still to be derived. */
static enum pf_status choose_writer(struct pf_plan *plan, const char *file, struct pf_error *err)
{
    const struct pf_format_list *list = plan->ctx->formats;
    bool compat = plan->options.compat == PF_COMPAT_1_0;

    if (file != NULL && check_compressed_name(file, err) != PF_OK)
        return err->status;
    if (plan->options.format != NULL && !is_compat_txt(plan)) {
        plan->writer_chosen_by = "--format";
        plan->job.writer = pf_writer_by_name(list, plan->options.format);
        return plan->job.writer != NULL ? PF_OK : no_such_writer(plan, err);
    }
    plan->job.writer = NULL;
    if (file != NULL && !(compat && pf_same_word(suffix_of(file), ".txt")))
        plan->job.writer = pf_writer_by_suffix(list, file);
    plan->writer_chosen_by = plan->job.writer != NULL ? "suffix" : "default";
    if (plan->job.writer != NULL)
        return PF_OK;
    if (file != NULL && suffix_of(file)[0] != '\0' && !compat)
        return unknown_suffix(plan, file, err);
    plan->job.writer = pf_writer_by_name(list, "parquet");
    return plan->job.writer != NULL ? PF_OK : pf_fail(err, PF_UNSUPPORTED, "no writer for Parquet is built in");
}

/* ---- name */

static bool is_folder(const char *output)
{
    struct pf_source_stat stat;
    struct pf_error ignored;
    bool directory;
    size_t size = strlen(output);

    if (output[size - 1] == '/')
        return true;
    return pf_location_stat(output, &stat, &directory, &ignored) == PF_OK && directory;
}

static enum pf_status settle_name(struct pf_plan *plan, const char *output, bool folder, struct pf_error *err)
{
    struct pf_job *job = &plan->job;

    if (output != NULL && !folder) {
        job->output = pf_arena_copy(&plan->arena, output, strlen(output));
        return job->output != NULL ? PF_OK : pf_fail_memory(err, strlen(output));
    }
    return pf_output_name(job->input, output, is_compat_txt(plan) ? "txt" : job->writer->suffixes[0], &plan->arena,
                          &job->output, err);
}

static enum pf_status settle_rejects(struct pf_plan *plan, struct pf_error *err)
{
    struct pf_job *job = &plan->job;
    struct pf_buffer path;

    if (plan->options.rejects != NULL) {
        job->rejects = plan->options.rejects;
    } else if (strcmp(job->output, "-") != 0) {
        pf_buffer_init(&path, &plan->ctx->memory, SIZE_MAX);
        job->rejects = pf_buffer_append_text(&path, job->output) && pf_buffer_append_text(&path, ".rejects.csv")
                           ? pf_arena_copy(&plan->arena, (const char *)path.data, path.size)
                           : NULL;
        pf_buffer_free(&path);
        if (job->rejects == NULL)
            return pf_fail_memory(err, strlen(job->output));
    }
    if (job->rejects != NULL &&
        (pf_location_same_target(job->rejects, job->output) || pf_location_same(job->rejects, job->input)))
        return pf_fail(err, PF_BAD_OPTION, "--rejects names the %s",
                       pf_location_same(job->rejects, job->input) ? "input" : "output");
    return PF_OK;
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

    if (pf_location_stat(output, &stat, &directory, &absent) != PF_OK)
        return PF_OK; /* what stands in the way otherwise is told when it is made */
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

/* The schema of the output that exists, when it is Parquet with columns of text only, as version 1.0 wrote it. What cannot
 * be read is no obstacle: it is to be replaced. */
static void look_at_replaced(struct pf_plan *plan)
{
    const struct pf_reader *reader = pf_reader_by_name(plan->ctx->formats, "parquet");
    struct pf_source *src = NULL;
    struct pf_table table;
    struct pf_error ignored;
    const void *options;
    void *state;

    if (reader == NULL || !plan->output_exists || strcmp(plan->job.writer->name, "parquet") != 0)
        return;
    state = pf_arena_alloc_zero(&plan->arena, 1, reader->state_size);
    options = pf_arena_alloc_zero(&plan->arena, 1, reader->option_size + 1);
    if (state == NULL || options == NULL || pf_source_open(plan->ctx, plan->job.output, true, &src, &ignored) != PF_OK)
        return;
    pf_schema_init(&table.schema, &plan->ctx->memory);
    if (reader->open(state, plan->ctx, src, options, &ignored) == PF_OK && reader->table(state, 0, &table, &ignored) == PF_OK &&
        all_text(&table.schema))
        (void)pf_schema_copy(&plan->replaced, &table.schema);
    pf_schema_free(&table.schema);
    reader->close(state);
    pf_source_close(src);
}

enum pf_status pf_plan_output(struct pf_plan *plan, const struct pf_request *request, struct pf_error *err)
{
    const char *output = request->output;
    bool folder, from_stdin = strcmp(plan->job.input, "-") == 0;
    bool to_stdout = output != NULL ? strcmp(output, "-") == 0 : from_stdin;

    if (to_stdout && (plan->options.format == NULL || is_compat_txt(plan))) {
        pf_fail(err, PF_BAD_OPTION, "the format to write to standard output is not known");
        pf_remedy(err, "name it: --to csv; or name an output file");
        return PF_BAD_OPTION;
    }
    if (to_stdout)
        output = "-";
    folder = output != NULL && !to_stdout && is_folder(output);
    if (choose_writer(plan, folder || to_stdout ? NULL : output, err) != PF_OK ||
        settle_name(plan, output, folder, err) != PF_OK || settle_rejects(plan, err) != PF_OK)
        return err->status;
    if (to_stdout)
        return check_stdout(plan, err);
    if (check_target(plan, err) != PF_OK)
        return err->status;
    look_at_replaced(plan);
    return PF_OK;
}
