/* Every option with its value in force, and which origin won. */
#include <string.h>

#include "base/json.h"
#include "base/option.h"
#include "convert/settings.h"

enum { WIDTH = 20 };

/* An option of a table as it stands. */
struct standing {
    const char *owner;
    const struct pf_option *option;
    const struct pf_setting *setting; /* NULL = nothing but the default */
    const char *value;                /* NULL = none */
    char scratch[32];
};

/* The setting that counts for the option of this table: the last. */
static const struct pf_setting *setting_of(const struct pf_settings *settings, const struct pf_option *table,
                                           const struct pf_option *option)
{
    for (uint32_t i = settings->count; i > 0; i--) {
        if (pf_option_find(table, settings->list[i - 1].name) == option)
            return &settings->list[i - 1];
    }
    return NULL;
}

/* The value of one option alone. A value that another table took for an option of the same name leaves the default. */
static void settle(struct standing *row)
{
    union pf_option_value member;
    struct pf_option alone[2] = { *row->option, { .name = NULL } };
    struct pf_error ignored;
    const char *value;

    alone[0].offset = 0;
    pf_option_defaults(alone, &member);
    if (row->setting != NULL && pf_option_set(alone, row->setting->name, row->setting->value, &member, &ignored) != PF_OK)
        row->setting = NULL;
    value = pf_option_text(alone, &member, row->scratch);
    row->value = value != NULL && value[0] == '\0' && row->option->kind != PF_OPTION_TEXT ? NULL : value;
}

static const char *origin(const struct pf_setting *setting)
{
    if (setting == NULL)
        return "default";
    return setting->variable == NULL ? "option" : setting->line > 0 ? "file" : "environment";
}

/* Calls put for every option; false = out of memory. */
static bool each(const struct pf_request *request, const struct pf_settings *settings,
                 bool (*put)(void *to, const struct standing *row), void *to)
{
    const struct pf_option *table;
    const char *owner;

    for (uint32_t i = 0; (table = pf_option_table(request->ctx, i, &owner)) != NULL; i++) {
        for (const struct pf_option *option = table; option->name != NULL; option++) {
            struct standing row = { .owner = owner, .option = option, .setting = setting_of(settings, table, option) };
            settle(&row);
            if (!put(to, &row))
                return false;
        }
    }
    return true;
}

/* ---- JSON */

static bool put_json(void *to, const struct standing *row)
{
    struct pf_json *json = to;

    pf_json_open(json, '{');
    pf_json_set_text(json, "owner", row->owner);
    pf_json_set_text(json, "name", row->option->name);
    pf_json_set_location(json, "value", row->value);
    pf_json_set_text(json, "source", origin(row->setting));
    pf_json_set_text(json, "place", row->setting != NULL ? row->setting->variable : NULL);
    pf_json_set_place(json, "line", row->setting != NULL ? row->setting->line : 0);
    pf_json_close(json, '}');
    return true;
}

static char *as_json(const struct pf_request *request, const struct pf_settings *settings)
{
    struct pf_json json;

    pf_json_begin(&json, &request->ctx->memory);
    pf_json_open(&json, '{');
    pf_json_name(&json, "files");
    pf_json_open(&json, '[');
    for (uint32_t i = 0; i < settings->file_count; i++) {
        pf_json_open(&json, '{');
        pf_json_set_text(&json, "path", settings->files[i].path);
        pf_json_set_text(&json, "named_by", settings->files[i].named_by);
        pf_json_set_bool(&json, "read", settings->files[i].read);
        pf_json_set_text(&json, "problem", settings->files[i].problem);
        pf_json_close(&json, '}');
    }
    pf_json_close(&json, ']');
    pf_json_name(&json, "settings");
    pf_json_open(&json, '[');
    (void)each(request, settings, put_json, &json);
    pf_json_close(&json, ']');
    pf_json_close(&json, '}');
    return pf_json_end(&json);
}

/* ---- text */

struct listing {
    struct pf_buffer text;
    const char *owner; /* whose options are being listed */
};

static bool put_place(struct pf_buffer *text, const struct pf_setting *setting)
{
    if (setting == NULL)
        return pf_buffer_append_text(text, "default");
    if (setting->variable == NULL)
        return pf_buffer_append_text(text, "option");
    if (setting->line == 0)
        return pf_buffer_append_text(text, setting->variable);
    return pf_buffer_append_text(text, setting->variable) && pf_buffer_printf(text, ", line %lld", (long long)setting->line);
}

static bool put_line(void *to, const struct standing *row)
{
    struct listing *listing = to;
    struct pf_buffer *text = &listing->text;
    const char *value = row->value != NULL ? row->value : "-";
    bool good = true;

    if (listing->owner != row->owner)
        good = pf_buffer_printf(text, "\n%s\n", row->owner);
    listing->owner = row->owner;
    good = good && pf_buffer_printf(text, "  %-*s ", WIDTH, row->option->name) && pf_buffer_append_text(text, value) &&
           pf_buffer_printf(text, "%*s ", strlen(value) < WIDTH ? (int)(WIDTH - strlen(value)) : 0, "");
    return good && put_place(text, row->setting) && pf_buffer_append_text(text, "\n");
}

static char *as_text(const struct pf_request *request, const struct pf_settings *settings)
{
    struct listing listing = { .owner = NULL };
    struct pf_buffer *text = &listing.text;
    char *taken = NULL;
    bool good;

    pf_buffer_init(text, &request->ctx->memory, SIZE_MAX);
    good = pf_buffer_append_text(text, "files of settings; a later one wins, then the environment, then options\n");
    for (uint32_t i = 0; good && i < settings->file_count; i++) {
        const struct pf_setting_file *file = &settings->files[i];
        const char *state = file->read ? "read" : file->problem != NULL ? file->problem : "there is none";
        good = pf_buffer_append_text(text, "  ") && pf_buffer_append_text(text, file->path) &&
               pf_buffer_append_text(text, ": ") && pf_buffer_append_text(text, state) && pf_buffer_append_text(text, "\n");
    }
    if (good && each(request, settings, put_line, &listing))
        taken = pf_buffer_take_text(text);
    pf_buffer_free(text);
    if (taken != NULL)
        pf_hide_secrets(taken);
    return taken;
}

enum pf_status pf_config(struct pf_request *request, bool json, char **text, struct pf_error *err)
{
    struct pf_settings settings;
    struct pf_arena arena;

    *text = NULL;
    pf_arena_init(&arena, &request->ctx->memory, SIZE_MAX);
    if (pf_settings_gather(request, &arena, &settings, err) == PF_OK) {
        *text = json ? as_json(request, &settings) : as_text(request, &settings);
        if (*text == NULL)
            pf_fail_memory(err, 1);
    }
    pf_arena_free(&arena);
    return err->status;
}
