/* What can be told of the values of options before anything is opened: an error once, and not one for each file. */
#include "convert/check.h"

#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "base/text.h"
#include "base/zone.h"
#include "convert/engines.h"
#include "convert/settings.h"
#include "extension/use.h"
#include "formats/format.h"

/* ---- values by themselves */

static enum pf_status check_columns(struct pf_context *ctx, const char *text, struct pf_error *err)
{
    const char *const *names;
    struct pf_arena arena;
    uint32_t count;

    pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
    (void)pf_names_parse(text, &arena, &names, &count, err);
    pf_arena_free(&arena);
    return err->status;
}

static enum pf_status check_schema(struct pf_context *ctx, const char *text, struct pf_error *err)
{
    struct pf_schema schema;

    pf_schema_init(&schema, &ctx->memory);
    (void)pf_schema_parse(text, &schema, err);
    pf_schema_free(&schema);
    return err->status;
}

/* A zone that is younger than our list: the system may have it. */
static bool system_has_zone(struct pf_context *ctx, const char *name)
{
    struct pf_source_stat stat;
    struct pf_error ignored;
    char path[96];
    bool directory;

    if (name[0] == '\0' || strlen(name) >= PF_ZONE_NAME || strchr(name, '.') != NULL)
        return false;
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    return pf_location_stat(ctx, path, &stat, &directory, &ignored) == PF_OK && !directory;
}

static enum pf_status check_zone(struct pf_context *ctx, const char *name, struct pf_error *err)
{
    char near[PF_ZONE_NAME];

    if (pf_zone_is_known(name) || system_has_zone(ctx, name))
        return PF_OK;
    pf_fail(err, PF_BAD_OPTION, "option --timezone cannot be '%.100s': there is no such time zone", name);
    if (pf_zone_suggest(name, near))
        pf_remedy(err, "did you mean %s?", near);
    else
        pf_remedy(err, "it takes names such as Europe/Berlin or UTC, and offsets such as +02:00");
    return PF_BAD_OPTION;
}

/* "{stem}" is filled in by who converts many files into tables, before it comes here; any other would become the table's name. In
 * backquotes it is a name. */
static enum pf_status check_table(const char *name, struct pf_error *err)
{
    const char *open = NULL;
    bool quoted = false;

    for (const char *at = name; *at != '\0'; at++) {
        quoted = quoted != (*at == '`');
        if (quoted || *at == '`')
            continue;
        if (*at == '{')
            open = at;
        if (*at != '}' || open == NULL)
            continue;
        pf_fail(err, PF_BAD_OPTION, "option --table has %.*s, which nothing here fills in",
                (int)(at + 1 - open < 60 ? at + 1 - open : 60), open);
        pf_remedy(err, "name the table; forge.batch_convert() puts the names of files in place of {stem}");
        return PF_BAD_OPTION;
    }
    return PF_OK;
}

enum pf_status pf_check_texts(struct pf_context *ctx, const struct pf_convert_options *options, struct pf_error *err)
{
    double share;
    int64_t rows;

    if ((options->columns != NULL && check_columns(ctx, options->columns, err) != PF_OK) ||
        (options->schema != NULL && check_schema(ctx, options->schema, err) != PF_OK) ||
        (options->max_rejects != NULL && pf_max_rejects_parse(options->max_rejects, &share, &rows, err) != PF_OK) ||
        (options->timezone != NULL && check_zone(ctx, options->timezone, err) != PF_OK) ||
        (options->table != NULL && check_table(options->table, err) != PF_OK))
        return err->status;
    return PF_OK;
}

/* Each setting, with the place of one that stands in a file or the environment. */
static enum pf_status check_settings(struct pf_context *ctx, const struct pf_setting *settings, uint32_t count,
                                     struct pf_error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        if (pf_setting_range(ctx, &settings[i], err) == PF_OK)
            continue;
        if (settings[i].variable != NULL) {
            pf_error_source(err, settings[i].variable);
            err->line = settings[i].line;
        }
        return err->status;
    }
    return PF_OK;
}

/* ---- one option given twice */

static bool says_the_same(const struct pf_context *ctx, const struct pf_setting *a, const struct pf_setting *b)
{
    const struct pf_option *option = pf_option_there(ctx, a->name);
    const char *one = pf_setting_text(ctx, a), *other = pf_setting_text(ctx, b);

    return strcmp(one, other) == 0 || (option != NULL && option->kind == PF_OPTION_CHOICE && pf_same_word(one, other));
}

const struct pf_setting *pf_setting_later(const struct pf_context *ctx, const struct pf_setting *settings, uint32_t count,
                                          uint32_t index)
{
    const struct pf_setting *setting = &settings[index];
    const struct pf_option *option = pf_option_there(ctx, setting->name);

    if (setting->variable != NULL || option == NULL || pf_option_goes_on(option))
        return NULL;
    for (uint32_t i = index + 1; i < count; i++) {
        if (settings[i].variable == NULL && pf_setting_same(ctx, setting->name, settings[i].name) &&
            !says_the_same(ctx, setting, &settings[i]))
            return &settings[i];
    }
    return NULL;
}

/* How a message shows it: a secret is not shown. */
static const char *shown(const struct pf_context *ctx, const struct pf_setting *setting)
{
    const struct pf_option *option = pf_option_there(ctx, setting->name);

    return option != NULL && pf_option_is_secret(option) ? "***" : pf_setting_text(ctx, setting);
}

/* On a command line the later one counts, as everywhere there; keywords have no order. */
static enum pf_status check_twice(struct pf_plan *plan, struct pf_error *err)
{
    const struct pf_context *ctx = plan->ctx;

    for (uint32_t i = 0; i < plan->setting_count; i++) {
        const struct pf_setting *setting = &plan->settings[i];
        const struct pf_setting *later = pf_setting_later(ctx, plan->settings, plan->setting_count, i);

        if (later == NULL)
            continue;
        if (ctx->reword != NULL) {
            pf_fail(err, PF_BAD_OPTION, "--%.40s is '%.100s' and --%.40s is '%.100s', and they are one option", setting->name,
                    shown(ctx, setting), later->name, shown(ctx, later));
            pf_remedy(err, "give it once");
            return PF_BAD_OPTION;
        }
        if (!pf_plan_warn(plan, "option %s%.40s is given twice: '%.100s' counts, '%.100s' does not",
                          setting->name[1] == '\0' ? "-" : "--", setting->name, shown(ctx, later), shown(ctx, setting)))
            return pf_fail_memory(err, 1);
    }
    return PF_OK;
}

/* ---- formats */

/* NULL = it is not known before the input is looked at. */
static enum pf_status find_reader(struct pf_plan *plan, const char *input, const struct pf_reader **reader,
                                  struct pf_error *err)
{
    if (plan->options.from == NULL) {
        *reader = input != NULL ? pf_reader_by_suffix(pf_formats(plan->ctx), input) : NULL;
        return PF_OK;
    }
    if (pf_find_reader(plan->ctx, plan->options.from, reader, err) != PF_OK)
        return err->status;
    return *reader != NULL ? PF_OK : pf_plan_no_reader(plan, err);
}

static enum pf_status check_reader_options(struct pf_plan *plan, const struct pf_reader *reader, struct pf_error *err)
{
    void *options;

    if (reader == NULL || reader->check == NULL)
        return PF_OK;
    if (pf_plan_fill(plan, reader->options, reader->option_size, &options, err) != PF_OK)
        return err->status;
    return reader->check(options, &plan->ctx->memory, err);
}

static enum pf_status check_reader(struct pf_plan *plan, const char *input, struct pf_error *err)
{
    const struct pf_reader *reader = NULL;

    return find_reader(plan, input, &reader, err) == PF_OK ? check_reader_options(plan, reader, err) : err->status;
}

/* output NULL = its name is still to be made. */
static enum pf_status check_writer(struct pf_plan *plan, const char *output, struct pf_error *err)
{
    const struct pf_writer *writer = output != NULL ? pf_writer_by_suffix(pf_formats(plan->ctx), output) : NULL;
    const char *engines_format = NULL;
    void *options;

    if (plan->options.table != NULL || pf_is_compat_txt(&plan->options))
        return PF_OK;
    if (plan->options.format != NULL) {
        if (pf_plan_find_format(plan, &engines_format, err) != PF_OK)
            return err->status;
        if (engines_format != NULL)
            return PF_OK;
        if (pf_find_writer(plan->ctx, plan->options.format, &writer, err) != PF_OK)
            return err->status;
        if (writer == NULL)
            return pf_plan_no_writer(plan, err);
    } else if (output == NULL || strchr(output, '.') == NULL) {
        writer = plan->ctx->formats->usual_writer;
    }
    if (writer == NULL || writer->check == NULL)
        return PF_OK;
    if (pf_plan_fill(plan, writer->options, writer->option_size, &options, err) != PF_OK)
        return err->status;
    return writer->check(options, &plan->ctx->memory, err);
}

/* ---- all of it */

enum pf_status pf_plan_check(struct pf_plan *plan, const char *output, enum pf_plan_purpose purpose, struct pf_error *err)
{
    if (check_settings(plan->ctx, plan->settings, plan->setting_count, err) != PF_OK || check_twice(plan, err) != PF_OK ||
        check_reader(plan, plan->job.input, err) != PF_OK ||
        (purpose == PF_PLAN_CONVERT && check_writer(plan, output, err) != PF_OK))
        return err->status;
    return PF_OK;
}

/* A plan of nothing but the settings in force. */
static enum pf_status begin(struct pf_plan *plan, const struct pf_request *request, struct pf_error *err)
{
    memset(plan, 0, sizeof *plan);
    plan->ctx = request->ctx;
    pf_arena_init(&plan->arena, &request->ctx->memory, SIZE_MAX);
    if (pf_request_settings(request, &plan->arena, &plan->settings, &plan->setting_count, err) != PF_OK)
        return err->status;
    return pf_request_options(plan->settings, plan->setting_count, &plan->options, err);
}

enum pf_status pf_request_check(const struct pf_request *request, struct pf_error *err)
{
    struct pf_plan plan;

    if (begin(&plan, request, err) == PF_OK && check_settings(plan.ctx, plan.settings, plan.setting_count, err) == PF_OK &&
        check_twice(&plan, err) == PF_OK && pf_engines_check(&plan, err) == PF_OK && check_reader(&plan, NULL, err) == PF_OK)
        (void)check_writer(&plan, NULL, err);
    pf_arena_free(&plan.arena);
    return err->status;
}

enum pf_status pf_request_check_inputs(const struct pf_request *request, const char *const *inputs, uint32_t count,
                                       struct pf_error *err)
{
    const struct pf_reader *checked = NULL;
    struct pf_plan plan;
    enum pf_status status = begin(&plan, request, err);

    for (uint32_t i = 0; i < count && status == PF_OK && plan.options.from == NULL; i++) {
        const struct pf_reader *reader = pf_reader_by_suffix(pf_formats(plan.ctx), inputs[i]);
        if (reader != checked)
            status = check_reader_options(&plan, reader, err);
        checked = reader;
    }
    pf_arena_free(&plan.arena);
    return status;
}
