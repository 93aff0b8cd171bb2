#include "convert/request.h"

#include <string.h>

#include "base/option.h"
#include "base/text.h"
#include "convert/plan.h"
#include "extension/use.h"
#include "formats/format.h"

struct pf_context *pf_context_new(void)
{
    return pf_context_make(&pf_builtin_formats);
}

struct pf_request *pf_request_new(struct pf_context *ctx)
{
    struct pf_request *request = pf_alloc_zero(&ctx->memory, 1, sizeof *request);

    if (request == NULL)
        return NULL;
    request->ctx = ctx;
    pf_context_hold(ctx);
    pf_arena_init(&request->arena, &ctx->memory, SIZE_MAX);
    return request;
}

void pf_request_free(struct pf_request *request)
{
    struct pf_context *ctx;

    if (request == NULL)
        return;
    ctx = request->ctx;
    pf_given_release(&request->given);
    pf_arena_free(&request->arena);
    pf_free(&ctx->memory, request->settings);
    pf_free(&ctx->memory, request);
    pf_context_release(ctx);
}

static enum pf_status take_path(struct pf_request *request, const char *path, const char **to, struct pf_error *err)
{
    path = pf_location_path(path);
    *to = pf_arena_copy(&request->arena, path, strlen(path));
    return *to != NULL ? PF_OK : pf_fail_memory(err, strlen(path));
}

enum pf_status pf_request_paths(struct pf_request *request, const char *input, const char *output, struct pf_error *err)
{
    pf_error_clear(err);
    if (input != NULL && input[0] == '\0') {
        pf_fail(err, PF_BAD_OPTION, "no input is named");
        pf_remedy(err, "name the file to read, or - for standard input");
        return PF_BAD_OPTION;
    }
    if (input != NULL && take_path(request, input, &request->input, err) != PF_OK)
        return err->status;
    if (input != NULL)
        pf_given_drop_input(&request->given);
    if (output == NULL || output[0] == '\0') {
        if (!request->given.has_output)
            request->output = NULL;
        return PF_OK;
    }
    pf_given_drop_output(&request->given);
    return take_path(request, output, &request->output, err);
}

void pf_request_derived(struct pf_request *request)
{
    request->output_derived = true;
}

/* ---- tables */

/* The table at index and its owner: convert's, those of the formats, the one of formats to come, and last those of extensions. */
const struct pf_option *pf_option_table(const struct pf_context *ctx, uint32_t index, const char **owner)
{
    const struct pf_format_list *list = pf_formats(ctx);
    const struct pf_option *added;

    if (index == 0) {
        *owner = "convert";
        return pf_convert_option_table;
    }
    index--;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct pf_format *format = &list->formats[i];
        if (format->reader != NULL && format->reader->options != NULL && index-- == 0) {
            *owner = format->reader_owner;
            return format->reader->options;
        }
        if (format->writer != NULL && format->writer->options != NULL && index-- == 0) {
            *owner = format->writer_owner;
            return format->writer->options;
        }
    }
    *owner = "other formats";
    if (index == 0)
        return pf_other_option_table;
    added = pf_extension_options(ctx, index - 1, owner);
    return added;
}

bool pf_format_at(const struct pf_context *ctx, uint32_t index, struct pf_format_entry *out)
{
    const struct pf_format *format;
    const struct pf_format_list *list = pf_formats(ctx);
    const char *const *suffixes;
    size_t used = 0;

    if (index >= list->count)
        return false;
    format = &list->formats[index];
    out->name = format->reader != NULL ? format->reader->name : format->writer->name;
    out->description = format->reader != NULL ? format->reader->description : format->writer->description;
    out->reads = format->reader != NULL;
    out->writes = format->writer != NULL;
    suffixes = format->reader != NULL ? format->reader->suffixes : format->writer->suffixes;
    for (; *suffixes != NULL && used + strlen(*suffixes) + 3 < sizeof out->suffixes; suffixes++) {
        if (used > 0)
            out->suffixes[used++] = ' ';
        out->suffixes[used++] = '.';
        memcpy(out->suffixes + used, *suffixes, strlen(*suffixes));
        used += strlen(*suffixes);
    }
    out->suffixes[used] = '\0';
    return true;
}

const struct pf_option *pf_option_there(const struct pf_context *ctx, const char *name)
{
    const struct pf_option *table, *option;
    const char *owner;

    for (uint32_t i = 0; (table = pf_option_table(ctx, i, &owner)) != NULL; i++) {
        option = pf_option_find(table, name);
        if (option != NULL)
            return option;
    }
    return NULL;
}

const struct pf_option *pf_option_anywhere(const struct pf_context *ctx, const char *name)
{
    const struct pf_option *option = pf_option_there(ctx, name);

    while (*name == '-')
        name++;
    return option == NULL && pf_want_option(ctx, name) ? pf_option_there(ctx, name) : option;
}

int pf_request_is_flag(const struct pf_request *request, const char *name)
{
    const struct pf_option *option = pf_option_anywhere(request->ctx, name);

    return option == NULL ? -1 : option->kind == PF_OPTION_FLAG ? 1 : 0;
}

static enum pf_status unknown_option(const struct pf_context *ctx, const char *name, struct pf_error *err)
{
    const struct pf_option *tables[PF_REQUEST_TABLES];
    uint32_t count = 0;
    const char *owner;
    char near[160];

    pf_want_options(ctx);
    while (count < PF_REQUEST_TABLES && (tables[count] = pf_option_table(ctx, count, &owner)) != NULL)
        count++;
    pf_option_suggest(tables, count, name, near, sizeof near);
    pf_fail(err, PF_BAD_OPTION, "there is no option %s%s", name[0] == '\0' || name[1] != '\0' ? "--" : "-", name);
    pf_remedy(err, "%s", near[0] != '\0' ? near : "pyforge convert --help lists the options");
    return PF_BAD_OPTION;
}

enum pf_status pf_setting_check(const struct pf_context *ctx, const char *name, const char *value, struct pf_error *err)
{
    union pf_option_value scratch;
    const struct pf_option *table, *found;
    const char *owner;
    enum pf_status status = PF_END;

    if (pf_option_anywhere(ctx, name) == NULL)
        return unknown_option(ctx, name, err);
    for (uint32_t i = 0; status != PF_OK && (table = pf_option_table(ctx, i, &owner)) != NULL; i++) {
        found = pf_option_find(table, name);
        if (found != NULL)
            status = pf_option_set_alone(found, name, value, &scratch, err);
    }
    if (status == PF_OK) /* an earlier table may have refused what a later one took */
        pf_error_clear(err);
    return status;
}

enum pf_status pf_request_set(struct pf_request *request, const char *name, const char *value, struct pf_error *err)
{
    struct pf_setting given = { .value = value }, *setting;

    pf_error_clear(err);
    while (*name == '-')
        name++;
    given.name = name;
    if (pf_setting_check(request->ctx, name, value, err) != PF_OK || pf_setting_range(request->ctx, &given, err) != PF_OK)
        return err->status;
    if (request->setting_count == request->setting_capacity) {
        uint32_t capacity = request->setting_capacity * 2 + 8;
        setting = pf_resize(&request->ctx->memory, request->settings, capacity * sizeof *setting);
        if (setting == NULL)
            return pf_fail_memory(err, capacity * sizeof *setting);
        request->settings = setting;
        request->setting_capacity = capacity;
    }
    setting = &request->settings[request->setting_count];
    setting->name = pf_arena_copy(&request->arena, name, strlen(name));
    setting->value = value != NULL ? pf_arena_copy(&request->arena, value, strlen(value)) : NULL;
    setting->variable = NULL;
    setting->line = 0;
    if (setting->name == NULL || (value != NULL && setting->value == NULL))
        return pf_fail_memory(err, strlen(name));
    request->setting_count++;
    pf_error_clear(err);
    return PF_OK;
}

/* ---- settings in force */

enum pf_status pf_request_options(const struct pf_setting *settings, uint32_t count, struct pf_convert_options *options,
                                  struct pf_error *err)
{
    memset(options, 0, sizeof *options);
    pf_option_defaults(pf_convert_option_table, options);
    for (uint32_t i = 0; i < count; i++) {
        const struct pf_option *option = pf_option_find(pf_convert_option_table, settings[i].name);
        if (option != NULL && pf_option_set(option, settings[i].name, settings[i].value, options, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

enum pf_status pf_request_in_force(const struct pf_request *request, struct pf_arena *arena, struct pf_convert_options *options,
                                   struct pf_error *err)
{
    const struct pf_setting *settings;
    uint32_t count;

    if (pf_request_settings(request, arena, &settings, &count, err) != PF_OK)
        return err->status;
    return pf_request_options(settings, count, options, err);
}

bool pf_is_compat_txt(const struct pf_convert_options *options)
{
    return options->compat == PF_COMPAT_1_0 && (options->format == NULL || pf_same_word(options->format, "txt"));
}

enum pf_status pf_process_path(struct pf_request *request, char **text, struct pf_error *err)
{
    *text = NULL;
    pf_error_clear(err);
    if (request->input == NULL)
        return pf_fail(err, PF_BAD_OPTION, "no input is named");
    return pf_scheme_resolve(request->ctx, request->input, text, err);
}
