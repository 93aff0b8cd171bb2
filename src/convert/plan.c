#include "convert/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "base/text.h"
#include "formats/csv/csv_format.h"
#include "formats/format.h"

enum { WARNING_LINE = 640, MOST_THREADS = 1024 };
/* Less than this is too little for the blocks of one thread. */
static const int64_t least_memory = (int64_t)16 << 20;

bool pf_plan_warn(struct pf_plan *plan, const char *format, ...)
{
    char line[WARNING_LINE];
    va_list args;
    char *copy;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (plan->warning_count == plan->warning_capacity) {
        uint32_t capacity = plan->warning_capacity * 2 + 4;
        const char **warnings = pf_resize(&plan->ctx->memory, plan->warnings, capacity * sizeof *warnings);
        if (warnings == NULL)
            return false;
        plan->warnings = warnings;
        plan->warning_capacity = capacity;
    }
    copy = pf_arena_copy(&plan->arena, line, strlen(line));
    if (copy == NULL)
        return false;
    plan->warnings[plan->warning_count++] = copy;
    return true;
}

/* ---- options */

static enum pf_status copy_text(struct pf_plan *plan, const char **text, struct pf_error *err)
{
    if (*text == NULL)
        return PF_OK;
    *text = pf_arena_copy(&plan->arena, *text, strlen(*text));
    return *text != NULL ? PF_OK : pf_fail_memory(err, 1);
}

/* The settings, with every text in the plan's arena: options point into them. */
static enum pf_status take_settings(struct pf_plan *plan, const struct pf_request *request, struct pf_error *err)
{
    const struct pf_setting *given;
    struct pf_setting *own;

    if (pf_request_settings(request, &plan->arena, &given, &plan->setting_count, err) != PF_OK)
        return err->status;
    own = pf_arena_alloc_zero(&plan->arena, (size_t)plan->setting_count + 1, sizeof *own);
    if (own == NULL)
        return pf_fail_memory(err, sizeof *own);
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        own[i] = given[i];
        if (copy_text(plan, &own[i].name, err) != PF_OK || copy_text(plan, &own[i].value, err) != PF_OK)
            return err->status;
    }
    plan->settings = own;
    return pf_request_options(own, plan->setting_count, &plan->options, err);
}

static enum pf_status out_of_range(const char *option, const char *wanted, struct pf_error *err)
{
    pf_fail(err, PF_BAD_OPTION, "option --%s is out of range", option);
    pf_remedy(err, "it takes %s", wanted);
    return PF_BAD_OPTION;
}

static enum pf_status check_options(const struct pf_convert_options *options, struct pf_error *err)
{
    if (options->threads < 0 || options->threads > MOST_THREADS)
        return out_of_range("threads", "0 (all cores) to 1024", err);
    if (options->memory < least_memory)
        return out_of_range("memory", "16M or more", err);
    if (!(options->max_rejects >= 0.0 && options->max_rejects <= 1.0))
        return out_of_range("max-rejects", "0% to 100%, or 0 to 1", err);
    if (options->max_record < 1024 || options->max_record > (int64_t)1 << 30)
        return out_of_range("max-record", "1K to 1G", err);
    if (options->max_columns < 1 || options->max_columns > 10000000)
        return out_of_range("max-columns", "1 to 10000000", err);
    if (!(options->max_expansion >= 1.0))
        return out_of_range("max-expansion", "1 or more", err);
    return PF_OK;
}

/* A format's option struct: defaults, then the settings that its table knows. */
static enum pf_status fill_options(struct pf_plan *plan, const struct pf_option *table, size_t size, void **struct_out,
                                   struct pf_error *err)
{
    void *target = pf_arena_alloc_zero(&plan->arena, 1, size > 0 ? size : 1);

    if (target == NULL)
        return pf_fail_memory(err, size);
    *struct_out = target;
    if (table == NULL)
        return PF_OK;
    pf_option_defaults(table, target);
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const struct pf_option *option = pf_option_find(table, plan->settings[i].name);
        if (option != NULL && pf_option_set(option, plan->settings[i].name, plan->settings[i].value, target, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

/* How CSV was read by 1.0.9 is no option of its own: --compat, which is the conversion's, decides it. */
static void pass_compat(struct pf_plan *plan, void *reader_options)
{
    if (plan->job.reader == &pf_csv_reader)
        ((struct pf_csv_read_options *)reader_options)->compat = plan->options.compat == PF_COMPAT_1_0;
}

/* A .tsv or .psv output is separated by what its name says, unless the user says otherwise. */
static void pass_suffix(struct pf_plan *plan, void *writer_options)
{
    static const char *const separated[][2] = { { ".tsv", "\t" }, { ".tab", "\t" }, { ".psv", "|" } };
    const char *dot = strrchr(plan->job.output, '.');

    if (plan->job.writer != &pf_csv_writer || dot == NULL)
        return;
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const struct pf_option *option = pf_option_find(plan->job.writer->options, plan->settings[i].name);
        if (option != NULL && option->offset == offsetof(struct pf_csv_write_options, delimiter))
            return;
    }
    for (size_t i = 0; i < PF_COUNT(separated); i++) {
        if (pf_same_word(dot, separated[i][0]))
            ((struct pf_csv_write_options *)writer_options)->delimiter = separated[i][1];
    }
}

static bool table_knows(const struct pf_option *table, const char *name)
{
    return table != NULL && pf_option_find(table, name) != NULL;
}

/* An option of a format that takes no part is said to have no effect; a mistyped one was refused when it was set. */
static enum pf_status warn_unused(struct pf_plan *plan, struct pf_error *err)
{
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const struct pf_setting *setting = &plan->settings[i];
        const struct pf_writer *writer = plan->job.writer;
        if (setting->variable != NULL || table_knows(pf_convert_option_table, setting->name) ||
            table_knows(plan->job.reader->options, setting->name) ||
            (writer != NULL && table_knows(writer->options, setting->name)))
            continue;
        if (!pf_plan_warn(plan, "option %s%s has no effect here (%s%s%s)", setting->name[1] == '\0' ? "-" : "--", setting->name,
                          plan->job.reader->name, writer != NULL ? " to " : " is read", writer != NULL ? writer->name : ""))
            return pf_fail_memory(err, 1);
    }
    return PF_OK;
}

/* Where there is no result to carry the warnings. */
static enum pf_status log_unused(struct pf_plan *plan, struct pf_error *err)
{
    if (warn_unused(plan, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < plan->warning_count; i++)
        pf_log(plan->ctx, PF_LOG_WARNING, "%s", plan->warnings[i]);
    return PF_OK;
}

static enum pf_status choose_engine(struct pf_plan *plan, struct pf_error *err)
{
    if (plan->options.engine == PF_ENGINE_SPARK) {
        pf_fail(err, PF_UNSUPPORTED, "the Spark engine is not part of this version");
        pf_remedy(err, "leave out --engine, or write --engine native");
        return PF_UNSUPPORTED;
    }
    if (plan->options.force_pyspark && !pf_plan_warn(plan, "Spark is not part of this version; the native engine was used"))
        return pf_fail_memory(err, 1);
    return PF_OK;
}

/* ---- reader */

static enum pf_status no_such_reader(struct pf_plan *plan, struct pf_error *err)
{
    const struct pf_format_list *list = plan->ctx->formats;
    char names[128] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < list->count && used < sizeof names; i++) {
        if (list->formats[i].reader == NULL)
            continue;
        int wrote = snprintf(names + used, sizeof names - used, "%s%s", used == 0 ? "" : ", ", list->formats[i].reader->name);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    pf_fail(err, PF_BAD_OPTION, "option --from cannot be '%.100s'", plan->options.from);
    pf_remedy(err, "this version reads %s", names);
    return PF_BAD_OPTION;
}

/* The source is opened once, for the whole job: a pipe cannot be opened again. */
static enum pf_status open_source(struct pf_plan *plan, struct pf_error *err)
{
    if (pf_source_open(plan->ctx, plan->job.input, false, &plan->job.source, err) != PF_OK)
        return err->status;
    plan->input_stat = *pf_source_stat_of(plan->job.source);
    plan->compression = pf_source_compression(plan->job.source);
    return PF_OK;
}

static enum pf_status detect_reader(struct pf_plan *plan, struct pf_error *err)
{
    plan->reader_chosen_by = "content";
    if (pf_detect_reader(plan->ctx->formats, plan->job.source, &plan->job.reader, err) == PF_OK)
        return PF_OK;
    pf_error_source(err, plan->job.input);
    return err->status;
}

static enum pf_status stat_input(struct pf_plan *plan, struct pf_error *err)
{
    bool directory;

    if (strcmp(plan->job.input, "-") == 0)
        return PF_OK;
    if (pf_location_stat(plan->job.input, &plan->input_stat, &directory, err) != PF_OK) {
        if (err->status == PF_NOT_FOUND) {
            pf_fail(err, PF_NOT_FOUND, "Path '%.400s' does not exist.", plan->job.input);
            pf_error_source(err, plan->job.input);
        }
        return err->status;
    }
    if (directory) {
        pf_fail(err, PF_UNSUPPORTED, "Unsupported input format '': this is a directory");
        pf_error_source(err, plan->job.input);
        pf_remedy(err, "name one file; this version converts one at a time");
        return PF_UNSUPPORTED;
    }
    return PF_OK;
}

static enum pf_status choose_reader(struct pf_plan *plan, struct pf_error *err)
{
    plan->compression = "";
    if (stat_input(plan, err) != PF_OK || open_source(plan, err) != PF_OK)
        return err->status;
    if (plan->options.from == NULL)
        return detect_reader(plan, err);
    plan->job.reader = pf_reader_by_name(plan->ctx->formats, plan->options.from);
    plan->reader_chosen_by = "--from";
    return plan->job.reader != NULL ? PF_OK : no_such_reader(plan, err);
}

/* ---- job */

static enum pf_status fill_lists(struct pf_plan *plan, struct pf_error *err)
{
    struct pf_job *job = &plan->job;

    if (plan->options.columns != NULL &&
        pf_names_parse(plan->options.columns, &plan->arena, &job->columns, &job->column_count, err) != PF_OK)
        return err->status;
    if (plan->options.schema == NULL)
        return PF_OK;
    if (pf_schema_parse(plan->options.schema, &plan->declared, err) != PF_OK)
        return err->status;
    job->declared = &plan->declared;
    return PF_OK;
}

static void fill_job(struct pf_plan *plan)
{
    const struct pf_convert_options *options = &plan->options;
    struct pf_job *job = &plan->job;
    bool compat = options->compat == PF_COMPAT_1_0;

    job->types = compat ? PF_TYPES_STRING : (enum pf_types_mode)options->types;
    job->on_error = (enum pf_on_error)options->on_error;
    job->replace = options->force;
    job->sync = options->sync;
    job->rejects_full = options->rejects_full;
    job->max_rejects = options->max_rejects;
    job->threads = (uint32_t)options->threads;
    job->memory = (size_t)options->memory;
    plan->ctx->limits.record_bytes = (size_t)options->max_record;
    plan->ctx->limits.columns = (uint32_t)options->max_columns;
    plan->ctx->limits.expansion = options->max_expansion;
}

enum pf_status pf_plan_make(struct pf_plan *plan, const struct pf_request *request, enum pf_plan_purpose purpose,
                            struct pf_error *err)
{
    struct pf_job *job = &plan->job;
    void *options;

    memset(plan, 0, sizeof *plan);
    plan->ctx = request->ctx;
    pf_arena_init(&plan->arena, &plan->ctx->memory, SIZE_MAX);
    pf_schema_init(&plan->declared, &plan->ctx->memory);
    pf_schema_init(&plan->replaced, &plan->ctx->memory);
    if (request->input == NULL)
        return pf_fail(err, PF_BAD_OPTION, "no input is named");
    job->input = pf_arena_copy(&plan->arena, request->input, strlen(request->input));
    if (job->input == NULL)
        return pf_fail_memory(err, 1);
    if (take_settings(plan, request, err) != PF_OK || check_options(&plan->options, err) != PF_OK)
        return err->status;
    fill_job(plan);
    if (fill_lists(plan, err) != PF_OK || choose_engine(plan, err) != PF_OK || choose_reader(plan, err) != PF_OK)
        return err->status;
    if (fill_options(plan, job->reader->options, job->reader->option_size, &options, err) != PF_OK)
        return err->status;
    pass_compat(plan, options);
    job->reader_options = options;
    if (purpose == PF_PLAN_READ)
        return log_unused(plan, err);
    if (pf_plan_output(plan, request, err) != PF_OK)
        return err->status;
    if (fill_options(plan, job->writer->options, job->writer->option_size, &options, err) != PF_OK)
        return err->status;
    pass_suffix(plan, options);
    job->writer_options = options;
    return warn_unused(plan, err);
}

void pf_plan_free(struct pf_plan *plan)
{
    if (plan->ctx == NULL)
        return;
    pf_source_close(plan->job.source);
    pf_schema_free(&plan->declared);
    pf_schema_free(&plan->replaced);
    pf_free(&plan->ctx->memory, plan->warnings);
    pf_arena_free(&plan->arena);
    memset(plan, 0, sizeof *plan);
}

int pf_exit_code(enum pf_status status, bool rejected, const struct pf_convert_options *options)
{
    bool compat = options->compat == PF_COMPAT_1_0;

    switch (status) {
    case PF_OK:
    case PF_END:
        return rejected ? 3 : 0;
    case PF_BAD_OPTION:
    case PF_NOT_FOUND:
        return 2;
    case PF_UNSUPPORTED:
        return compat ? 0 : 4;
    case PF_EXISTS:
        /* The original took no part in replacing a file by itself: that refusal is ours, and an error with --force. */
        return compat && !options->force ? 0 : 4;
    case PF_NO_MEMORY:
    case PF_IO:
    case PF_BAD_DATA:
    case PF_LIMIT:
    case PF_CANCELLED:
    case PF_REJECTED:
    case PF_INTERNAL:
        break;
    }
    return 1;
}

int pf_request_exit_code(const struct pf_request *request, enum pf_status status)
{
    const struct pf_setting *settings;
    struct pf_convert_options options;
    struct pf_arena arena;
    struct pf_error err;
    uint32_t count;

    memset(&options, 0, sizeof options);
    pf_arena_init(&arena, &request->ctx->memory, SIZE_MAX);
    if (pf_request_settings(request, &arena, &settings, &count, &err) == PF_OK)
        (void)pf_request_options(settings, count, &options, &err);
    pf_arena_free(&arena);
    return pf_exit_code(status, false, &options);
}
