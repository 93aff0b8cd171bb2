/* Targets that are no files: tables, and formats that only engines write. What is there already, and whether it may be written over, is
 * the engine's to say. */
#include <string.h>

#include "base/option.h"
#include "base/text.h"
#include "convert/engines.h"
#include "extension/use.h"
#include "formats/format.h"

static const char *const no_suffixes[] = { NULL };
static const char delta[] = "delta"; /* known by name where no engine writes it */

bool pf_is_target_option(const char *name)
{
    static const char *const names[] = { "table", "mode", "merge-schema", "staging", "timezone", NULL };

    return pf_option_is_among(pf_convert_option_table, name, names);
}

/* Whether the caller gave the option, not a settings file, the environment or a hook. */
static bool is_of_call(const struct pf_plan *plan, const char *name)
{
    const struct pf_option *option = pf_option_find(pf_convert_option_table, name);

    for (uint32_t i = 0; i < plan->setting_count; i++) {
        if (plan->settings[i].variable == NULL && pf_option_find(pf_convert_option_table, plan->settings[i].name) == option)
            return true;
    }
    return false;
}

/* Whether --force is meant for this very target: what is given once and for all means files, which a table of a catalog is not. */
static bool is_forced(const struct pf_plan *plan)
{
    return plan->options.force && (plan->options.table == NULL || (is_of_call(plan, "force") && is_of_call(plan, "table")));
}

const char *pf_plan_mode(const struct pf_plan *plan)
{
    bool given = pf_plan_is_set(plan, pf_convert_option_table, pf_option_find(pf_convert_option_table, "mode"));

    switch (given || !is_forced(plan) ? (enum pf_table_mode)plan->options.mode : PF_TABLE_OVERWRITE) {
    case PF_TABLE_APPEND:
        return "append";
    case PF_TABLE_OVERWRITE:
        return "overwrite";
    case PF_TABLE_ERROR:
        break;
    }
    return "error";
}

/* ---- who writes it */

static const char *format_among(const struct pf_engine_addition *engine, const char *name)
{
    for (const char *const *format = engine->formats; format != NULL && *format != NULL; format++) {
        if (name == NULL || pf_same_word(*format, name))
            return *format;
    }
    return NULL;
}

bool pf_engine_writes(const struct pf_engine_addition *engine, bool table, const char *format)
{
    return (!table || (engine->flags & PF_ENGINE_TABLES) != 0) && (format == NULL || format_among(engine, format) != NULL);
}

/* The name of the format as the first engine that writes it spells it; format NULL: that of its tables. NULL = no engine does. */
static const char *who_writes(const struct pf_plan *plan, bool table, const char *format)
{
    const struct pf_engine_addition *engine;
    void *self;

    pf_want_engines(plan->ctx, table, format);
    for (uint32_t i = 0; (engine = pf_engine_at(plan->ctx, i, &self)) != NULL; i++) {
        if (pf_engine_writes(engine, table, format))
            return format_among(engine, format) != NULL ? format_among(engine, format) : "table";
    }
    return NULL;
}

static enum pf_status nobody(const char *what, struct pf_error *err)
{
    pf_fail(err, PF_UNSUPPORTED, "no engine here writes %.60s: it needs a Spark session, and the extension that uses it", what);
    pf_remedy(err, "run it in a Databricks notebook, or with the Python package where a session of Spark is; or write a file");
    return PF_UNSUPPORTED;
}

/* ---- the target */

/* Stands for what engines write. Its data are on their way as files of the usual format, whose options count. */
static enum pf_status make_writer(struct pf_plan *plan, const char *name, struct pf_error *err)
{
    struct pf_writer *writer = pf_arena_alloc_zero(&plan->arena, 1, sizeof *writer);

    if (writer == NULL)
        return pf_fail_memory(err, sizeof *writer);
    if (plan->ctx->formats->usual_writer != NULL)
        *writer = *plan->ctx->formats->usual_writer;
    writer->name = pf_arena_copy(&plan->arena, name, strlen(name));
    writer->suffixes = no_suffixes;
    writer->implied = NULL;
    plan->job.writer = writer;
    return writer->name != NULL ? PF_OK : pf_fail_memory(err, strlen(name));
}

static enum pf_status check_rest(struct pf_plan *plan, struct pf_error *err)
{
    struct pf_job *job = &plan->job;

    job->rejects = plan->options.rejects;
    job->replace = strcmp(pf_plan_mode(plan), "overwrite") == 0;
    if (job->rejects == NULL && job->on_error == PF_ON_ERROR_REJECT) {
        pf_fail(err, PF_BAD_OPTION, "where rejected rows go is not known: the output is no file that they could lie beside");
        pf_remedy(err, "name a file for them with --rejects");
        return PF_BAD_OPTION;
    }
    return job->rejects != NULL ? pf_plan_rejects(plan, err) : PF_OK;
}

static enum pf_status take_table(struct pf_plan *plan, const struct pf_request *request, struct pf_error *err)
{
    const char *name = plan->options.table;

    if (request->output != NULL || plan->given.has_output) {
        pf_fail(err, PF_BAD_OPTION, "an output and a table are named, and one of them can be written");
        pf_remedy(err, "leave out the output, or --table");
        return PF_BAD_OPTION;
    }
    if (name[0] == '\0')
        return pf_fail(err, PF_BAD_OPTION, "option --table names no table");
    plan->job.output = name;
    return PF_OK;
}

/* A location whatever is there: a folder is what such a format mostly is. */
static enum pf_status take_location(struct pf_plan *plan, const struct pf_request *request, struct pf_error *err)
{
    const char *output = request->output, *folder = plan->options.output_dir;

    if (plan->given.has_output || (output != NULL && strcmp(output, "-") == 0) ||
        (output == NULL && (!pf_plan_input_located(plan) || strcmp(plan->job.input, "-") == 0))) {
        pf_fail(err, PF_BAD_OPTION, "%s is written to a place that has a name", plan->job.writer->name);
        pf_remedy(err, "name the output");
        return PF_BAD_OPTION;
    }
    if (output == NULL)
        return pf_output_name(plan->job.input, folder != NULL && folder[0] != '\0' ? pf_location_path(folder) : NULL,
                              plan->job.writer->name, &plan->arena, &plan->job.output, err);
    plan->job.output = pf_arena_copy(&plan->arena, output, strlen(output));
    return plan->job.output != NULL ? PF_OK : pf_fail_memory(err, strlen(output));
}

enum pf_status pf_plan_find_format(struct pf_plan *plan, const char **name, struct pf_error *err)
{
    const char *format = plan->options.format;
    const struct pf_writer *writer = NULL;

    *name = NULL;
    if (format == NULL || pf_is_compat_txt(&plan->options))
        return PF_OK;
    if (pf_find_writer(plan->ctx, format, &writer, err) != PF_OK)
        return err->status;
    if (writer == NULL)
        *name = who_writes(plan, false, format);
    if (writer == NULL && *name == NULL && pf_same_word(format, delta))
        return nobody(delta, err);
    return PF_OK;
}

enum pf_status pf_plan_target(struct pf_plan *plan, const struct pf_request *request, struct pf_error *err)
{
    bool table = plan->options.table != NULL;
    const char *name = NULL;

    if (table) {
        name = who_writes(plan, true, plan->options.format);
        plan->writer_chosen_by = "--table";
        if (name == NULL)
            return nobody(plan->options.format != NULL ? "tables of this format" : "tables", err);
    } else if (pf_plan_find_format(plan, &name, err) != PF_OK) {
        return err->status;
    }
    if (name == NULL)
        return PF_OK;
    if (!table)
        plan->writer_chosen_by = "--format";
    plan->engines_only = true;
    if (make_writer(plan, name, err) != PF_OK ||
        (table ? take_table(plan, request, err) : take_location(plan, request, err)) != PF_OK)
        return err->status;
    return check_rest(plan, err);
}
