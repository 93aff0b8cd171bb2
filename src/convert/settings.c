/* Where options come from that are not given with a call: /etc/pyforge/config.toml, the file that PYFORGE_CONFIG names, the user's
 * file, the environment. Each later one wins. */
#include "convert/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "base/toml.h"

#define SYSTEM_FILE     "/etc/pyforge/config.toml"
#define EXTENSION_TABLE "extension."
#define OWN_TABLES      "extensions" /* [extensions], [extensions.NAME]: read when extensions are looked for */

/* A later layer wins. The files come first, as they are numbered. */
enum { LAYER_ENVIRONMENT = PF_SETTING_FILES, LAYER_CALLER, LAYERS };

struct gathering {
    const struct pf_request *request;
    struct pf_arena *arena;
    struct pf_settings *to;
    struct pf_setting *list;
    uint32_t capacity;
    uint32_t ends[LAYERS]; /* of each layer's part of the list */
    struct pf_error *err;
};

/* ---- the list */

static enum pf_status add(struct gathering *g, const struct pf_setting *setting)
{
    if (g->to->count == g->capacity) {
        uint32_t capacity = g->capacity * 2 + 16;
        struct pf_setting *larger = pf_arena_alloc(g->arena, capacity * sizeof *larger);
        if (larger == NULL)
            return pf_fail_memory(g->err, capacity * sizeof *larger);
        if (g->to->count > 0)
            memcpy(larger, g->list, g->to->count * sizeof *larger);
        g->list = larger;
        g->capacity = capacity;
    }
    g->list[g->to->count++] = *setting;
    return PF_OK;
}

/* --force-core is another word for --engine native. */
static bool is_force_core(const struct pf_setting *setting, bool *on)
{
    const struct pf_option *option = pf_option_find(pf_convert_option_table, setting->name);
    struct pf_convert_options scratch;
    struct pf_error ignored;

    if (option == NULL || strcmp(option->name, "force-core") != 0)
        return false;
    memset(&scratch, 0, sizeof scratch);
    *on = pf_option_set(option, setting->name, setting->value, &scratch, &ignored) == PF_OK && scratch.force_core;
    return true;
}

static enum pf_status put(struct gathering *g, const struct pf_setting *setting)
{
    struct pf_setting engine = *setting;
    bool on;

    if (!is_force_core(setting, &on))
        return add(g, setting);
    if (!on)
        return PF_OK;
    engine.name = "engine";
    engine.value = "native";
    return add(g, &engine);
}

static enum pf_status keep(struct gathering *g, const char *text, size_t size, const char **kept)
{
    *kept = pf_arena_copy(g->arena, text, size);
    return *kept != NULL ? PF_OK : pf_fail_memory(g->err, size);
}

/* ---- places of files */

static enum pf_status add_file(struct gathering *g, const char *folder, const char *name, const char *named_by)
{
    struct pf_setting_file *file = &g->to->files[g->to->file_count];
    size_t size = strlen(folder), more = strlen(name);
    char *path = pf_arena_alloc(g->arena, size + more + 1);

    if (path == NULL)
        return pf_fail_memory(g->err, size + more + 1);
    memcpy(path, folder, size);
    memcpy(path + size, name, more + 1);
    memset(file, 0, sizeof *file);
    file->path = path;
    file->named_by = named_by;
    g->to->file_count++;
    return PF_OK;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static enum pf_status find_files(struct gathering *g)
{
    const char *named = variable("PYFORGE_CONFIG");
    const char *folder = variable("XDG_CONFIG_HOME");
    const char *home = variable("HOME");

    /* As elsewhere, the empty device stands for having no file, and nobody names it to have the others. */
    if (named != NULL && strcmp(named, "/dev/null") == 0)
        return PF_OK;
    if (add_file(g, SYSTEM_FILE, "", "system") != PF_OK)
        return g->err->status;
    if (named != NULL && add_file(g, named, "", "PYFORGE_CONFIG") != PF_OK)
        return g->err->status;
    /* Of the folders for settings only absolute paths count, by the rules they come from. */
    if (folder != NULL && folder[0] == '/')
        return add_file(g, folder, "/pyforge/config.toml", "user");
    return home != NULL ? add_file(g, home, "/.config/pyforge/config.toml", "user") : PF_OK;
}

uint32_t pf_setting_places(struct pf_arena *arena, const char **paths, uint32_t most)
{
    struct pf_settings settings;
    struct pf_error ignored;
    struct gathering g = { .arena = arena, .to = &settings, .err = &ignored };
    uint32_t count = 0;

    memset(&settings, 0, sizeof settings);
    pf_error_clear(&ignored);
    if (find_files(&g) != PF_OK)
        return 0;
    for (; count < settings.file_count && count < most; count++)
        paths[count] = settings.files[count].path;
    return count;
}

/* ---- one file */

struct file {
    struct gathering *g;
    const char *path;
};

static enum pf_status at_line(const struct file *file, int64_t line)
{
    struct pf_error *err = file->g->err;

    pf_error_source(err, file->path);
    err->line = line;
    return err->status;
}

/* Whether the owner of an option table is the format or extension called name: "csv reader" is csv's. */
static bool owned_by(const char *owner, const char *name)
{
    size_t size = strlen(name);

    return strncmp(owner, name, size) == 0 && (owner[size] == '\0' || owner[size] == ' ');
}

/* The tables of name; how many there are. With option, those that know it. */
static uint32_t tables_of(const struct file *file, const char *name, const char *option, const struct pf_option **tables)
{
    const struct pf_option *table;
    uint32_t count = 0;
    const char *owner;

    for (uint32_t i = 0; (table = pf_option_table(file->g->request->ctx, i, &owner)) != NULL; i++) {
        if (count < PF_REQUEST_TABLES && owned_by(owner, name) && (option == NULL || pf_option_find(table, option) != NULL))
            tables[count++] = table;
    }
    return count;
}

static bool is_own(const char *table)
{
    size_t size = strlen(OWN_TABLES);

    return strncmp(table, OWN_TABLES, size) == 0 && (table[size] == '\0' || table[size] == '.');
}

/* What [extensions] may say; what [extensions.NAME] says is the extension's affair. */
static enum pf_status check_own(const struct file *file, const struct pf_toml_entry *entry)
{
    const struct pf_toml_value *value = &entry->value;
    struct pf_error *err = file->g->err;
    bool good = value->kind == PF_TOML_TEXT || value->kind == PF_TOML_ARRAY;

    if (strcmp(entry->table, OWN_TABLES) != 0)
        return PF_OK;
    for (uint32_t i = 0; good && value->kind == PF_TOML_ARRAY && i < value->count; i++)
        good = value->items[i].kind == PF_TOML_TEXT;
    if (strcmp(entry->name, "enable") != 0 && strcmp(entry->name, "disable") != 0)
        pf_fail(err, PF_BAD_OPTION, "[extensions] has no '%.100s'", entry->name);
    else if (!good)
        pf_fail(err, PF_BAD_OPTION, "'%s' in [extensions] takes names of extensions", entry->name);
    else
        return PF_OK;
    pf_remedy(err, "it takes enable and disable, each a list of names: disable = [\"a\", \"b\"]");
    return at_line(file, entry->line);
}

/* A table [csv] holds options of the format, [extension.NAME] those of an extension. */
static enum pf_status check_table(const struct file *file, const struct pf_toml_table *table)
{
    const struct pf_option *tables[PF_REQUEST_TABLES];
    struct pf_error *err = file->g->err;

    if (is_own(table->name) || strncmp(table->name, EXTENSION_TABLE, strlen(EXTENSION_TABLE)) == 0 ||
        tables_of(file, table->name, NULL, tables) > 0)
        return PF_OK;
    pf_fail(err, PF_BAD_OPTION, "there is no format '%.100s' with settings", table->name);
    pf_remedy(err,
              "a table is [FORMAT], [extension.NAME], [extensions] or [extensions.NAME]; all other settings stand before the "
              "first table");
    return at_line(file, table->line);
}

/* Options that tell the command how to run and to speak, and what says the same in a file, if anything does. */
/* clang-format off */
static const struct pf_option of_command_line[] = {
    { .name = "verbose", .aliases = "v", .help = "in a file, log-level = \"debug\" says the same" },
    { .name = "quiet", .aliases = "q", .help = "in a file, log-level = \"error\" says the same" },
    { .name = "no-extensions", .help = "in a file, disable = [\"*\"] in the table [extensions] says the same" },
    { .name = "log-json" }, { .name = "json" }, { .name = "explain" }, { .name = "progress" }, { .name = "jobs" },
    { .name = "recursive" }, { .name = "list-extensions" }, { .name = "help" }, { .name = "version" },
    { .name = NULL },
};
/* clang-format on */

static enum pf_status only_for_commands(const struct file *file, const struct pf_toml_entry *entry,
                                        const struct pf_option *option)
{
    struct pf_error *err = file->g->err;

    pf_fail(err, PF_BAD_OPTION, "--%s is for the command line only", option->name);
    pf_remedy(err, "%s",
              option->help != NULL ? option->help : "leave it out of the file, and give it where the command is called");
    return at_line(file, entry->line);
}

static enum pf_status check_name(const struct file *file, const struct pf_toml_entry *entry, const char *owner)
{
    const struct pf_option *tables[PF_REQUEST_TABLES];
    struct pf_error *err = file->g->err;
    uint32_t count;
    char near[160];

    if (tables_of(file, owner, entry->name, tables) > 0)
        return PF_OK;
    count = tables_of(file, owner, NULL, tables);
    pf_option_suggest(tables, count, entry->name, near, sizeof near);
    pf_fail(err, PF_BAD_OPTION, "'%.100s' has no option '%.100s'", owner, entry->name);
    pf_remedy(err, "%s", near[0] != '\0' ? near : "pyforge options lists them");
    return at_line(file, entry->line);
}

static bool needs_quotes(const char *text)
{
    return text[0] == '\0' || text[0] == ' ' || text[strlen(text) - 1] == ' ' || strpbrk(text, ",:\"'") != NULL;
}

static bool put_item(struct pf_buffer *text, const char *item, bool quote)
{
    if (!quote || !needs_quotes(item))
        return pf_buffer_append_text(text, item);
    if (!pf_buffer_append(text, "\"", 1))
        return false;
    for (; *item != '\0'; item++) {
        if ((*item == '"' && !pf_buffer_append(text, "\"", 1)) || !pf_buffer_append(text, item, 1))
            return false;
    }
    return pf_buffer_append(text, "\"", 1);
}

/* An array is the list of an option that takes one: ["a", "b"] is a,b. */
static enum pf_status join_items(const struct file *file, const struct pf_option *option, const struct pf_toml_entry *entry,
                                 const char **value)
{
    const struct pf_toml_value *array = &entry->value;
    bool texts = pf_option_goes_on(option);
    bool names = option->unit != NULL && strcmp(option->unit, "NAMES") == 0;
    struct pf_error *err = file->g->err;
    struct pf_buffer text;
    bool good = true;

    if (option->kind != PF_OPTION_TEXT || (!texts && !names)) {
        pf_fail(err, PF_BAD_OPTION, "option '%.100s' takes one value, not an array", entry->name);
        return at_line(file, entry->line);
    }
    pf_buffer_init(&text, &file->g->request->ctx->memory, SIZE_MAX);
    for (uint32_t i = 0; good && i < array->count; i++)
        good = (i == 0 || pf_buffer_append(&text, ",", 1)) && put_item(&text, array->items[i].text, names);
    if (!good)
        pf_fail_memory(err, text.size);
    else
        (void)keep(file->g, text.size > 0 ? (const char *)text.data : "", text.size, value);
    pf_buffer_free(&text);
    return err->status;
}

/* The value as a command line would have it. */
static enum pf_status value_text(const struct file *file, const struct pf_option *option, const struct pf_toml_entry *entry,
                                 const char **value)
{
    const char *text = entry->value.text;

    if (entry->value.kind == PF_TOML_ARRAY)
        return join_items(file, option, entry, value);
    if (entry->value.kind == PF_TOML_BOOL)
        text = entry->value.integer != 0 ? "yes" : "no";
    return keep(file->g, text, strlen(text), value);
}

static enum pf_status take_entry(const struct file *file, const struct pf_toml_entry *entry)
{
    struct gathering *g = file->g;
    const struct pf_context *ctx = g->request->ctx;
    const struct pf_option *tables[PF_REQUEST_TABLES];
    const struct pf_option *option = pf_option_anywhere(ctx, entry->name);
    const struct pf_option *command = option == NULL ? pf_option_find(of_command_line, entry->name) : NULL;
    struct pf_setting setting = { .variable = file->path, .line = entry->line };
    const char *owner = entry->table;

    if (is_own(owner))
        return check_own(file, entry);
    if (command != NULL && strncmp(owner, EXTENSION_TABLE, strlen(EXTENSION_TABLE)) != 0)
        return only_for_commands(file, entry, command);
    if (strncmp(owner, EXTENSION_TABLE, strlen(EXTENSION_TABLE)) == 0) {
        owner += strlen(EXTENSION_TABLE);
        if (tables_of(file, owner, NULL, tables) == 0)
            return PF_OK; /* it is not here, and the file may be for several machines */
    }
    if (owner[0] != '\0' && check_name(file, entry, owner) != PF_OK)
        return g->err->status;
    if (option != NULL && value_text(file, option, entry, &setting.value) != PF_OK)
        return g->err->status;
    if (pf_setting_check(ctx, entry->name, setting.value, g->err) != PF_OK)
        return at_line(file, entry->line);
    if (keep(g, entry->name, strlen(entry->name), &setting.name) != PF_OK)
        return g->err->status;
    return put(g, &setting);
}

static enum pf_status take_toml(const struct file *file, const struct pf_toml *toml)
{
    for (uint32_t i = 0; i < toml->table_count; i++) {
        if (check_table(file, &toml->tables[i]) != PF_OK)
            return file->g->err->status;
    }
    for (uint32_t i = 0; i < toml->entry_count; i++) {
        if (take_entry(file, &toml->entries[i]) != PF_OK)
            return file->g->err->status;
    }
    return PF_OK;
}

/* What is wrong with a file of settings is wrong with an option. */
static enum pf_status file_failed(struct gathering *g, struct pf_setting_file *place)
{
    struct pf_error *err = g->err;
    bool named = strcmp(place->named_by, "PYFORGE_CONFIG") == 0;

    if (err->status == PF_NO_MEMORY)
        return PF_NO_MEMORY;
    if ((err->status == PF_NOT_FOUND || err->status == PF_IO) && !named) {
        const char *message = err->message;
        if (err->status == PF_IO && keep(g, message, strlen(message), &place->problem) != PF_OK)
            return err->status;
        pf_error_clear(err);
        return PF_OK;
    }
    if (err->status == PF_NOT_FOUND || err->status == PF_IO)
        pf_remedy(err, "PYFORGE_CONFIG names this file: name another, or unset it");
    else
        pf_remedy(err, "settings are a TOML file: NAME = VALUE, one a line, with texts in quotes");
    err->status = PF_BAD_OPTION;
    return PF_BAD_OPTION;
}

static enum pf_status take_file(struct gathering *g, struct pf_setting_file *place)
{
    struct file file = { g, place->path };
    struct pf_toml toml;

    pf_toml_init(&toml, &g->request->ctx->memory);
    if (pf_toml_load(&toml, place->path, g->err) != PF_OK) {
        (void)file_failed(g, place);
    } else {
        place->read = true;
        (void)take_toml(&file, &toml);
    }
    pf_toml_free(&toml);
    return g->err->status;
}

/* ---- environment and caller */

static enum pf_status take_variables(struct gathering *g)
{
    const struct pf_context *ctx = g->request->ctx;
    struct pf_error *err = g->err;

    for (const struct pf_option_variable *row = pf_option_variables; row->variable != NULL; row++) {
        struct pf_setting setting = { .name = row->option, .variable = row->variable };
        const char *value = variable(row->variable);
        if (value == NULL || pf_option_anywhere(ctx, row->option) == NULL)
            continue;
        if (pf_setting_check(ctx, row->option, value, err) != PF_OK) {
            char remedy[sizeof err->remedy];
            memcpy(remedy, err->remedy, sizeof remedy);
            pf_fail(err, PF_BAD_OPTION, "the environment variable %s cannot be '%.100s'", row->variable, value);
            pf_remedy(err, "%s", remedy);
            return PF_BAD_OPTION;
        }
        if (keep(g, value, strlen(value), &setting.value) != PF_OK || put(g, &setting) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

static enum pf_status take_given(struct gathering *g)
{
    for (uint32_t i = 0; i < g->request->setting_count; i++) {
        if (put(g, &g->request->settings[i]) != PF_OK)
            return g->err->status;
    }
    return PF_OK;
}

/* ---- which of them count */

bool pf_setting_same(const struct pf_context *ctx, const char *a, const char *b)
{
    const struct pf_option *table, *found;
    const char *owner;

    for (uint32_t i = 0; (table = pf_option_table(ctx, i, &owner)) != NULL; i++) {
        found = pf_option_find(table, a);
        if (found != NULL && pf_option_find(table, b) == found)
            return true;
    }
    return false;
}

/* Takes out what a later layer overrides. */
static void drop_overridden(struct gathering *g)
{
    const struct pf_context *ctx = g->request->ctx;
    uint32_t kept = 0, layer = 0;

    for (uint32_t i = 0; i < g->to->count; i++) {
        bool overridden = false;
        while (i >= g->ends[layer])
            layer++;
        for (uint32_t j = g->ends[layer]; j < g->to->count && !overridden; j++)
            overridden = pf_setting_same(ctx, g->list[i].name, g->list[j].name);
        if (!overridden)
            g->list[kept++] = g->list[i];
    }
    g->to->count = kept;
}

enum pf_status pf_settings_gather(const struct pf_request *request, struct pf_arena *arena, struct pf_settings *settings,
                                  struct pf_error *err)
{
    struct gathering g = { .request = request, .arena = arena, .to = settings, .err = err };

    memset(settings, 0, sizeof *settings);
    pf_error_clear(err);
    if (find_files(&g) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < PF_SETTING_FILES; i++) {
        if (i < settings->file_count && take_file(&g, &settings->files[i]) != PF_OK)
            return err->status;
        g.ends[i] = settings->count;
    }
    if (take_variables(&g) != PF_OK)
        return err->status;
    g.ends[LAYER_ENVIRONMENT] = settings->count;
    if (take_given(&g) != PF_OK)
        return err->status;
    g.ends[LAYER_CALLER] = settings->count;
    drop_overridden(&g);
    settings->list = g.list;
    return PF_OK;
}

enum pf_status pf_request_settings(const struct pf_request *request, struct pf_arena *arena, const struct pf_setting **settings,
                                   uint32_t *count, struct pf_error *err)
{
    struct pf_settings all;

    *count = 0;
    *settings = NULL;
    if (pf_settings_gather(request, arena, &all, err) != PF_OK)
        return err->status;
    *settings = all.list;
    *count = all.count;
    return PF_OK;
}

/* ---- telling */

const char *pf_setting_text(const struct pf_context *ctx, const struct pf_setting *setting)
{
    const struct pf_option *option = pf_option_anywhere(ctx, setting->name);
    union pf_option_value value = { .flag = false };
    struct pf_error ignored;

    if (option == NULL || option->kind != PF_OPTION_FLAG)
        return setting->value != NULL ? setting->value : "yes";
    return pf_option_set_alone(option, setting->name, setting->value, &value, &ignored) == PF_OK && !value.flag ? "no" : "yes";
}
