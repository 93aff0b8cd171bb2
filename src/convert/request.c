#include "convert/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "formats/format.h"

struct pf_request *pf_request_new(struct pf_context *ctx)
{
    struct pf_request *request = pf_alloc_zero(&ctx->memory, 1, sizeof *request);

    if (request == NULL)
        return NULL;
    request->ctx = ctx;
    pf_arena_init(&request->arena, &ctx->memory, SIZE_MAX);
    return request;
}

void pf_request_free(struct pf_request *request)
{
    if (request == NULL)
        return;
    pf_arena_free(&request->arena);
    pf_free(&request->ctx->memory, request->settings);
    pf_free(&request->ctx->memory, request);
}

enum pf_status pf_request_paths(struct pf_request *request, const char *input, const char *output, struct pf_error *err)
{
    pf_error_clear(err);
    if (input == NULL || input[0] == '\0') {
        pf_fail(err, PF_BAD_OPTION, "no input is named");
        pf_remedy(err, "name the file to read, or - for standard input");
        return PF_BAD_OPTION;
    }
    request->input = pf_arena_copy(&request->arena, input, strlen(input));
    request->output = NULL;
    if (output != NULL && output[0] != '\0')
        request->output = pf_arena_copy(&request->arena, output, strlen(output));
    if (request->input == NULL || (output != NULL && output[0] != '\0' && request->output == NULL))
        return pf_fail_memory(err, strlen(input));
    return PF_OK;
}

/* ---- tables */

/* The table at index and its owner: convert's, those of the formats, and last the one of formats to come. */
const struct pf_option *pf_option_table(const struct pf_context *ctx, uint32_t index, const char **owner)
{
    if (index == 0) {
        *owner = "convert";
        return pf_convert_option_table;
    }
    index--;
    for (uint32_t i = 0; i < ctx->formats->count; i++) {
        const struct pf_format *format = &ctx->formats->formats[i];
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
    return index == 0 ? pf_other_option_table : NULL;
}

bool pf_format_at(const struct pf_context *ctx, uint32_t index, struct pf_format_entry *out)
{
    const struct pf_format *format;
    const char *const *suffixes;
    size_t used = 0;

    if (index >= ctx->formats->count)
        return false;
    format = &ctx->formats->formats[index];
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

/* The first table that has an option called name. */
static const struct pf_option *find_anywhere(const struct pf_context *ctx, const char *name)
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

int pf_request_is_flag(const struct pf_request *request, const char *name)
{
    const struct pf_option *option = find_anywhere(request->ctx, name);

    return option == NULL ? -1 : option->kind == PF_OPTION_FLAG ? 1 : 0;
}

static enum pf_status unknown_option(const struct pf_context *ctx, const char *name, struct pf_error *err)
{
    const struct pf_option *tables[PF_REQUEST_TABLES];
    uint32_t count = 0;
    const char *owner;
    char near[160];

    while (count < PF_REQUEST_TABLES && (tables[count] = pf_option_table(ctx, count, &owner)) != NULL)
        count++;
    pf_option_suggest(tables, count, name, near, sizeof near);
    pf_fail(err, PF_BAD_OPTION, "there is no option %s%s", name[0] == '\0' || name[1] != '\0' ? "--" : "-", name);
    pf_remedy(err, "%s", near[0] != '\0' ? near : "pyforge convert --help lists the options");
    return PF_BAD_OPTION;
}

/* A value is good when one of the tables that know the option takes it: which of them counts is decided with the formats. */
static enum pf_status try_value(const struct pf_context *ctx, const char *name, const char *value, struct pf_error *err)
{
    union {
        bool flag;
        int64_t integer;
        double number;
        const char *text;
        int choice;
    } scratch;
    const struct pf_option *table, *found;
    const char *owner;
    enum pf_status status = PF_END;

    for (uint32_t i = 0; status != PF_OK && (table = pf_option_table(ctx, i, &owner)) != NULL; i++) {
        struct pf_option alone;
        found = pf_option_find(table, name);
        if (found == NULL)
            continue;
        alone = *found;
        alone.offset = 0;
        status = pf_option_set(&alone, name, value, &scratch, err);
    }
    return status == PF_END ? unknown_option(ctx, name, err) : status;
}

enum pf_status pf_request_set(struct pf_request *request, const char *name, const char *value, struct pf_error *err)
{
    struct pf_setting *setting;

    pf_error_clear(err);
    while (*name == '-')
        name++;
    if (try_value(request->ctx, name, value, err) != PF_OK)
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
    if (setting->name == NULL || (value != NULL && setting->value == NULL))
        return pf_fail_memory(err, strlen(name));
    request->setting_count++;
    pf_error_clear(err);
    return PF_OK;
}

/* ---- settings in force */

static enum pf_status add_variables(const struct pf_request *request, struct pf_arena *arena, struct pf_setting *to,
                                    uint32_t *count, struct pf_error *err)
{
    for (const struct pf_option_variable *row = pf_option_variables; row->variable != NULL; row++) {
        const char *value = getenv(row->variable);
        if (value == NULL || value[0] == '\0' || find_anywhere(request->ctx, row->option) == NULL)
            continue;
        if (try_value(request->ctx, row->option, value, err) != PF_OK) {
            char remedy[sizeof err->remedy];
            memcpy(remedy, err->remedy, sizeof remedy);
            pf_fail(err, PF_BAD_OPTION, "the environment variable %s cannot be '%.100s'", row->variable, value);
            pf_remedy(err, "%s", remedy);
            return PF_BAD_OPTION;
        }
        to[*count].name = row->option;
        to[*count].value = pf_arena_copy(arena, value, strlen(value));
        to[*count].variable = row->variable;
        if (to[*count].value == NULL)
            return pf_fail_memory(err, strlen(value));
        (*count)++;
    }
    return PF_OK;
}

static uint32_t variable_count(void)
{
    uint32_t count = 0;

    while (pf_option_variables[count].variable != NULL)
        count++;
    return count;
}

enum pf_status pf_request_settings(const struct pf_request *request, struct pf_arena *arena, const struct pf_setting **settings,
                                   uint32_t *count, struct pf_error *err)
{
    size_t most = (size_t)request->setting_count + variable_count();
    struct pf_setting *all = pf_arena_alloc_zero(arena, most, sizeof *all);

    *count = 0;
    if (all == NULL)
        return pf_fail_memory(err, most * sizeof *all);
    if (add_variables(request, arena, all, count, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < request->setting_count; i++)
        all[(*count)++] = request->settings[i];
    *settings = all;
    return PF_OK;
}

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
