#include "convert/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "base/text.h"
#include "convert/bulk.h"
#include "convert/check.h"
#include "convert/engines.h"
#include "convert/settings.h"
#include "extension/use.h"
#include "formats/arrow/arrow_format.h"
#include "formats/format.h"

enum { WARNING_LINE = 640, MOST_THREADS = 1024 };
/* Less than this is too little for the blocks of one thread. */
static const int64_t least_memory = (int64_t)16 << 20;
static const char several_files[] = "name one file; folders and patterns are for the command convert, in Python for "
                                    "pyforge_cli.files(), which lists their files";

bool pf_plan_warn(struct pf_plan *plan, const char *format, ...)
{
    char line[WARNING_LINE];
    va_list args;
    int used = 0;

    va_start(args, format);
    if (plan->about != NULL)
        used = snprintf(line, sizeof line, "%s '%.100s': ", pf_table_word(plan->job.reader), plan->about);
    (void)vsnprintf(line + used, sizeof line - (size_t)used, format, args);
    va_end(args);
    pf_reword(plan->ctx, line, sizeof line);
    pf_log(plan->ctx, PF_LOG_WARNING, "%s", line);
    return pf_arena_list_add(&plan->arena, &plan->warnings, &plan->warning_count, line);
}

bool pf_plan_warn_loss(struct pf_plan *plan, const char *format, ...)
{
    char line[WARNING_LINE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    pf_reword(plan->ctx, line, sizeof line);
    if (pf_context_log_level(plan->ctx) > PF_LOG_WARNING)
        pf_log(plan->ctx, PF_LOG_ERROR, "%s", line);
    return pf_plan_warn(plan, "%s", line);
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
    const uint32_t hooked = request->hooked_count;
    const struct pf_setting *given;
    struct pf_setting *own;

    if (pf_request_settings(request, &plan->arena, &given, &plan->setting_count, err) != PF_OK)
        return err->status;
    own = pf_arena_alloc_zero(&plan->arena, (size_t)plan->setting_count + hooked + 1, sizeof *own);
    if (own == NULL)
        return pf_fail_memory(err, sizeof *own);
    plan->setting_count += hooked;
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        own[i] = i < hooked ? request->hooked[i] : given[i - hooked];
        if (copy_text(plan, &own[i].name, err) != PF_OK || copy_text(plan, &own[i].value, err) != PF_OK)
            return err->status;
    }
    plan->settings = own;
    return pf_request_options(own, plan->setting_count, &plan->options, err);
}

static enum pf_status out_of_range(const char *name, const char *wanted, struct pf_error *err)
{
    pf_fail(err, PF_BAD_OPTION, "option --%s is out of range", name);
    pf_remedy(err, "it takes %s", wanted);
    return PF_BAD_OPTION;
}

static enum pf_status check_ranges(const struct pf_convert_options *options, struct pf_error *err)
{
    if (options->threads < 0 || options->threads > MOST_THREADS)
        return out_of_range("threads", "0 (all cores) to 1024", err);
    if (options->memory < least_memory)
        return out_of_range("memory", "16M or more", err);
    if (options->max_record < 1024 || options->max_record > (int64_t)1 << 30)
        return out_of_range("max-record", "1K to 1G", err);
    if (options->max_columns < 1 || options->max_columns > 10000000)
        return out_of_range("max-columns", "1 to 10000000", err);
    if (!(options->max_expansion >= 1.0))
        return out_of_range("max-expansion", "1 or more", err);
    return PF_OK;
}

enum pf_status pf_setting_range(struct pf_context *ctx, const struct pf_setting *setting, struct pf_error *err)
{
    struct pf_convert_options options;

    if (pf_option_find(pf_convert_option_table, setting->name) == NULL)
        return PF_OK;
    if (pf_request_options(setting, 1, &options, err) != PF_OK || check_ranges(&options, err) != PF_OK)
        return err->status;
    return pf_check_texts(ctx, &options, err);
}

static enum pf_status join_texts(struct pf_plan *plan, const struct pf_option *option, const char *before, void *target,
                                 struct pf_error *err)
{
    const char **text = (const char **)(void *)((uint8_t *)target + option->offset);
    size_t size, more;
    char *joined;

    if (before == NULL || !pf_option_goes_on(option))
        return PF_OK;
    size = strlen(before);
    more = strlen(*text);
    joined = pf_arena_alloc(&plan->arena, size + more + 2);
    if (joined == NULL)
        return pf_fail_memory(err, size + more + 2);
    memcpy(joined, before, size);
    joined[size] = ',';
    memcpy(joined + size + 1, *text, more + 1);
    *text = joined;
    return PF_OK;
}

enum pf_status pf_plan_fill(struct pf_plan *plan, const struct pf_option *table, size_t size, void **struct_out,
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
        const char *before = NULL;
        if (option != NULL && option->kind == PF_OPTION_TEXT)
            before = *(const char **)(void *)((uint8_t *)target + option->offset);
        if (option != NULL && pf_option_set(option, plan->settings[i].name, plan->settings[i].value, target, err) != PF_OK)
            return err->status;
        if (option != NULL && option->kind == PF_OPTION_TEXT && join_texts(plan, option, before, target, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

bool pf_plan_is_set(const struct pf_plan *plan, const struct pf_option *table, const struct pf_option *option)
{
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        if (pf_option_find(table, plan->settings[i].name) == option)
            return true;
    }
    return false;
}

/* What is no option of the reader's own: --compat and --types, which are the conversion's, and what a caller gives. */
static void pass_to_reader(struct pf_plan *plan, void *options)
{
    const struct pf_reader *reader = plan->job.reader;

    if (reader->compat_offset != 0)
        *(bool *)((uint8_t *)options + reader->compat_offset) = plan->options.compat == PF_COMPAT_1_0;
    if (reader->texts_offset != 0)
        *(bool *)((uint8_t *)options + reader->texts_offset) = plan->job.types == PF_TYPES_STRING;
    if (reader == &pf_arrow_reader)
        ((struct pf_arrow_read_options *)options)->stream = &plan->given.stream;
}

/* A .tsv output is separated by what its name says, unless the user says otherwise. */
static enum pf_status pass_suffix(struct pf_plan *plan, void *options, struct pf_error *err)
{
    const struct pf_writer *writer = plan->job.writer;
    const char *dot = strrchr(plan->job.output, '.');

    for (const struct pf_implied *row = writer->implied; row != NULL && row->suffix != NULL; row++) {
        const struct pf_option *option = pf_option_find(writer->options, row->option);

        if (dot != NULL && pf_same_word(dot + 1, row->suffix) && !pf_plan_is_set(plan, writer->options, option) &&
            pf_option_set(option, NULL, row->value, options, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

static bool is_of_extension(const struct pf_plan *plan, const char *name)
{
    const struct pf_option *table;
    const char *owner;

    for (uint32_t i = 0; (table = pf_extension_options(plan->ctx, i, &owner)) != NULL; i++) {
        if (pf_option_find(table, name) != NULL)
            return true;
    }
    return false;
}

static bool table_knows(const struct pf_option *table, const char *name)
{
    return table != NULL && pf_option_find(table, name) != NULL;
}

static bool is_sheet_name(const struct pf_plan *plan, const char *name)
{
    static const char *const names[] = { "sheet-name", NULL };
    const struct pf_writer *writer = pf_writer_by_name(pf_formats(plan->ctx), "excel");

    return writer != NULL && pf_option_is_among(writer->options, name, names);
}

/* Elsewhere "sheet_name" is the sheet that is read: who means that must not get another one. */
static enum pf_status check_sheet_name(const struct pf_plan *plan, struct pf_error *err)
{
    if (plan->job.writer != NULL && table_knows(plan->job.writer->options, "sheet-name")) {
        if (!plan->tables.one_file)
            return PF_OK;
        pf_fail(err, PF_BAD_OPTION, "--sheet-name is one name, but the workbook gets %u sheets", plan->tables.count);
    } else if (plan->job.reader->list != NULL) {
        pf_fail(err, PF_BAD_OPTION, "--sheet-name names the sheet of a workbook that is written, not one that is read");
    } else {
        return PF_OK;
    }
    pf_remedy(err, "name the sheet to read with --sheet");
    return PF_BAD_OPTION;
}

/* An option of a format that takes no part is said to have no effect; a mistyped one was refused when it was set. */
static enum pf_status warn_unused(struct pf_plan *plan, struct pf_error *err)
{
    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const struct pf_setting *setting = &plan->settings[i];
        const struct pf_writer *writer = plan->job.writer;
        if (is_sheet_name(plan, setting->name) && check_sheet_name(plan, err) != PF_OK)
            return err->status;
        if (setting->variable != NULL ||
            (table_knows(pf_convert_option_table, setting->name) &&
             (plan->job.reader->list != NULL || !pf_is_tables_option(setting->name)) &&
             (plan->engines_only || writer == NULL || !pf_is_target_option(setting->name))) ||
            table_knows(plan->job.reader->options, setting->name) || is_of_extension(plan, setting->name) ||
            (writer != NULL && table_knows(writer->options, setting->name)))
            continue;
        if (!pf_plan_warn(plan, "option %s%s has no effect here (%s%s%s)", setting->name[1] == '\0' ? "-" : "--", setting->name,
                          plan->job.reader->name, writer != NULL ? " to " : " is read", writer != NULL ? writer->name : ""))
            return pf_fail_memory(err, 1);
    }
    return PF_OK;
}

/* ---- reader */

const char *pf_plan_spelled(const struct pf_plan *plan, const char *name)
{
    const char *spelled = name;

    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const char *given = plan->settings[i].name;

        if (given[1] != '\0' && pf_setting_same(plan->ctx, given, name))
            spelled = given;
    }
    return spelled;
}

enum pf_status pf_plan_no_reader(struct pf_plan *plan, struct pf_error *err)
{
    char names[PF_FORMAT_NAMES];

    pf_list_formats(plan->ctx, false, names);
    pf_fail(err, PF_BAD_OPTION, "option --%.40s cannot be '%.100s'", pf_plan_spelled(plan, "from"), plan->options.from);
    pf_remedy(err, "this version reads %s", names);
    return PF_BAD_OPTION;
}

bool pf_plan_input_located(const struct pf_plan *plan)
{
    return !plan->given.has_input && plan->given.stream.release == NULL;
}

static enum pf_status open_raw(struct pf_plan *plan, struct pf_error *err)
{
    const char *name = plan->job.input;

    if (plan->given.stream.release != NULL)
        return pf_source_memory(plan->ctx, "", 0, name, &plan->job.source, err); /* nobody reads it */
    if (plan->given.has_input)
        return pf_source_given(plan->ctx, &plan->given.input, name, &plan->job.source, err);
    return pf_source_open(plan->ctx, name, false, &plan->job.source, err);
}

/* The source is opened once, for the whole job: a pipe cannot be opened again. */
static enum pf_status open_source(struct pf_plan *plan, struct pf_error *err)
{
    if (open_raw(plan, err) != PF_OK)
        return err->status;
    plan->input_stat = *pf_source_stat_of(plan->job.source);
    plan->compression = pf_source_compression(plan->job.source);
    return PF_OK;
}

/* Here and not where it is detected: what a plan warns of is in the result. */
static enum pf_status warn_misnamed(struct pf_plan *plan, struct pf_error *err)
{
    const char *name = plan->job.reader->name;

    return !pf_reader_is_misnamed(plan->job.reader, plan->job.input) ||
                   pf_plan_warn(plan, "the input is called a workbook, but it is text: it is read as %s", name)
               ? PF_OK
               : pf_fail_memory(err, 1);
}

/* Text of a suffix that nobody knows may be of a format whose extension is not there, and does not say what it adds. */
static enum pf_status warn_silent(struct pf_plan *plan, struct pf_error *err)
{
    const char *path = plan->job.input, *slash = strrchr(path, '/'), *dot = strrchr(path, '.'), *why, *name;

    if (strcmp(plan->job.reader->name, "csv") != 0 || dot == NULL || (slash != NULL && dot < slash) || dot[1] == '\0' ||
        pf_reader_by_suffix(pf_formats(plan->ctx), path) != NULL)
        return PF_OK;
    name = pf_extension_silent(plan->ctx, &why);
    if (name != NULL &&
        !pf_plan_warn(plan, "%.60s is read as CSV for want of a better guess: the extension %s, which may read such files, %s",
                      dot, name, why))
        return pf_fail_memory(err, 1);
    return PF_OK;
}

static enum pf_status detect_reader(struct pf_plan *plan, struct pf_error *err)
{
    plan->reader_chosen_by = "content";
    if (pf_find_reader_of(plan->ctx, plan->job.source, &plan->job.reader, err) == PF_OK)
        return warn_misnamed(plan, err) == PF_OK ? warn_silent(plan, err) : err->status;
    pf_error_source(err, plan->job.input);
    return err->status;
}

/* What a scheme knows of why nothing is there is told too: it may be a permission that is missing. */
static enum pf_status no_input(struct pf_plan *plan, struct pf_error *err)
{
    bool has_pattern = strpbrk(plan->job.input, PF_BULK_WILDCARDS) != NULL;
    char why[sizeof err->message], remedy[sizeof err->remedy];

    memcpy(why, err->message, sizeof why);
    memcpy(remedy, err->remedy, sizeof remedy);
    if (pf_location_is_remote(plan->ctx, plan->job.input)) {
        pf_fail(err, PF_NOT_FOUND, "Path '%.250s' does not exist: %.200s", plan->job.input, why);
        pf_remedy(err, "%s", has_pattern ? several_files : remedy);
    } else {
        pf_fail(err, PF_NOT_FOUND, "Path '%.400s' does not exist.", plan->job.input);
        pf_remedy(err, "%s", has_pattern ? several_files : "");
    }
    pf_error_source(err, plan->job.input);
    return PF_NOT_FOUND;
}

static enum pf_status stat_input(struct pf_plan *plan, struct pf_error *err)
{
    bool directory;

    if (!pf_plan_input_located(plan) || strcmp(plan->job.input, "-") == 0)
        return PF_OK;
    if (pf_location_stat(plan->ctx, plan->job.input, &plan->input_stat, &directory, err) != PF_OK) {
        return err->status == PF_NOT_FOUND ? no_input(plan, err) : err->status;
    }
    if (directory && pf_location_check_listed(plan->ctx, plan->job.input, err) != PF_OK) {
        pf_error_source(err, plan->job.input);
        return err->status;
    }
    if (directory) {
        pf_fail(err, PF_UNSUPPORTED, "Unsupported input format '': this is a directory");
        pf_error_source(err, plan->job.input);
        pf_remedy(err, "%s", several_files);
        return PF_UNSUPPORTED;
    }
    return PF_OK;
}

static enum pf_status choose_reader(struct pf_plan *plan, struct pf_error *err)
{
    plan->compression = "";
    if (stat_input(plan, err) != PF_OK || open_source(plan, err) != PF_OK)
        return err->status;
    if (plan->given.stream.release != NULL) {
        plan->job.reader = &pf_arrow_reader;
        plan->reader_chosen_by = "the caller";
        return PF_OK;
    }
    if (plan->options.from == NULL)
        return detect_reader(plan, err);
    if (pf_find_reader(plan->ctx, plan->options.from, &plan->job.reader, err) != PF_OK)
        return err->status;
    plan->reader_chosen_by = "--from";
    return plan->job.reader != NULL ? PF_OK : pf_plan_no_reader(plan, err);
}

/* ---- job */

static enum pf_status fill_lists(struct pf_plan *plan, struct pf_error *err)
{
    struct pf_job *job = &plan->job;

    if (pf_max_rejects_parse(plan->options.max_rejects, &job->max_rejects, &job->max_reject_rows, err) != PF_OK)
        return err->status;
    if (plan->options.columns != NULL &&
        pf_names_parse(plan->options.columns, &plan->arena, &job->columns, &job->column_count, err) != PF_OK)
        return err->status;
    if (plan->options.schema == NULL)
        return PF_OK;
    if (pf_schema_parse(plan->options.schema, &plan->declared, err) != PF_OK)
        return err->status;
    job->declared = &plan->declared;
    job->declared_may_lack = plan->options.schema_missing != 0;
    return PF_OK;
}

static void fill_job(struct pf_plan *plan)
{
    const struct pf_convert_options *options = &plan->options;
    struct pf_job *job = &plan->job;
    bool compat = options->compat == PF_COMPAT_1_0;
    bool chosen = pf_plan_is_set(plan, pf_convert_option_table, pf_option_find(pf_convert_option_table, "types"));

    job->types = compat && !chosen ? PF_TYPES_STRING : (enum pf_types_mode)options->types;
    job->on_error = (enum pf_on_error)options->on_error;
    job->replace = options->force;
    job->sync = options->sync;
    job->rejects_full = options->rejects_full;
    job->threads = (uint32_t)options->threads;
    job->memory = (size_t)options->memory;
    plan->ctx->temp_dir = options->temp_dir;
    if (plan->ctx->log_as_set)
        plan->ctx->log_from = (enum pf_log_level)options->log_level;
    plan->ctx->limits.record_bytes = (size_t)options->max_record;
    plan->ctx->limits.columns = (uint32_t)options->max_columns;
    plan->ctx->limits.expansion = options->max_expansion;
}

static enum pf_status take_input(struct pf_plan *plan, struct pf_request *request, struct pf_error *err)
{
    plan->given = request->given;
    memset(&request->given, 0, sizeof request->given);
    plan->job.input = plan->given.stream.release != NULL ? "Arrow stream" : request->input;
    if (plan->job.input == NULL)
        return pf_fail(err, PF_BAD_OPTION, "no input is named");
    if (plan->given.has_input)
        request->input = NULL; /* used up */
    return copy_text(plan, &plan->job.input, err);
}

static enum pf_status plan_reading(struct pf_plan *plan, struct pf_error *err)
{
    const struct pf_reader *reader;
    void *options;

    if (fill_lists(plan, err) != PF_OK || pf_engines_check(plan, err) != PF_OK || choose_reader(plan, err) != PF_OK)
        return err->status;
    reader = plan->job.reader;
    if (pf_plan_fill(plan, reader->options, reader->option_size, &options, err) != PF_OK)
        return err->status;
    if (reader->as != NULL)
        plan->job.reader = reader->as(options);
    pass_to_reader(plan, options);
    plan->job.reader_options = options;
    return PF_OK;
}

/* Before anything is read: what the columns are is known only behind the whole of the input. */
static enum pf_status check_nested(const struct pf_plan *plan, struct pf_error *err)
{
    if ((plan->job.reader->flags & PF_READER_NESTED) == 0 || plan->job.writer->nested)
        return PF_OK;
    pf_fail(err, PF_BAD_OPTION, "--nested makes lists and structs, and %s holds none", plan->job.writer->name);
    pf_remedy(err, "write parquet, or leave --nested out: the columns are flattened then");
    return PF_BAD_OPTION;
}

static enum pf_status plan_writing(struct pf_plan *plan, struct pf_request *request, struct pf_error *err)
{
    const struct pf_writer *writer;
    void *options;

    if (pf_plan_output(plan, request, err) != PF_OK)
        return err->status;
    if (plan->given.has_output)
        request->output = NULL; /* used up */
    writer = plan->job.writer;
    if (check_nested(plan, err) != PF_OK)
        return err->status;
    if (pf_plan_fill(plan, writer->options, writer->option_size, &options, err) != PF_OK ||
        pass_suffix(plan, options, err) != PF_OK)
        return err->status;
    plan->job.writer_options = options;
    return pf_engines_choose(plan, err);
}

enum pf_status pf_plan_make(struct pf_plan *plan, struct pf_request *request, enum pf_plan_purpose purpose,
                            struct pf_error *err)
{
    memset(plan, 0, sizeof *plan);
    plan->ctx = request->ctx;
    pf_arena_init(&plan->arena, &plan->ctx->memory, SIZE_MAX);
    pf_schema_init(&plan->declared, &plan->ctx->memory);
    pf_schema_init(&plan->replaced, &plan->ctx->memory);
    pf_extensions_use(plan->ctx->extensions);
    pf_want_unknown(plan->ctx);
    if (take_input(plan, request, err) != PF_OK || take_settings(plan, request, err) != PF_OK)
        return err->status;
    request->has_answered = true;
    request->compat = plan->options.compat;
    request->force = plan->options.force;
    fill_job(plan);
    if (pf_plan_check(plan, request->output, purpose, err) != PF_OK || plan_reading(plan, err) != PF_OK)
        return err->status;
    if (plan->job.reader->list != NULL && pf_plan_choose_tables(plan, purpose, err) != PF_OK)
        return err->status;
    if (purpose == PF_PLAN_CONVERT && plan_writing(plan, request, err) != PF_OK)
        return err->status;
    return warn_unused(plan, err);
}

void pf_plan_free(struct pf_plan *plan)
{
    if (plan->ctx == NULL)
        return;
    if (plan->reader_opened)
        plan->job.reader->close(plan->job.reader_state);
    pf_source_close(plan->job.source);
    plan->ctx->temp_dir = NULL;
    pf_given_release(&plan->given);
    pf_schema_free(&plan->declared);
    pf_schema_free(&plan->replaced);
    pf_arena_free(&plan->arena);
    pf_memory_trim(&plan->ctx->memory);
    pf_extensions_leave(plan->ctx->extensions);
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
    struct pf_convert_options options;
    struct pf_arena arena;
    struct pf_error err;

    memset(&options, 0, sizeof options);
    if (request->has_answered) {
        options.compat = request->compat;
        options.force = request->force;
        return pf_exit_code(status, false, &options);
    }
    pf_arena_init(&arena, &request->ctx->memory, SIZE_MAX);
    (void)pf_request_in_force(request, &arena, &options, &err);
    pf_arena_free(&arena);
    return pf_exit_code(status, false, &options);
}
