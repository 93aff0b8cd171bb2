/* extensions: which there are, what they add, and changing that; and the commands they bring. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* ---- the set of a command line */

bool cli_words_have(int count, char **words, const char *option)
{
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], option) == 0)
            return true;
    }
    return false;
}

bool cli_extensions_begin(struct cli *cli)
{
    if (cli->options.no_extensions || cli->extensions != NULL)
        return true;
    cli->extensions = cli->host->extensions;
    if (cli->extensions != NULL)
        return true;
    cli->extensions = pf_extensions_new(NULL);
    cli->own_extensions = cli->extensions != NULL;
    return cli->own_extensions;
}

void cli_extensions_end(struct cli *cli)
{
    if (cli->own_extensions)
        pf_extensions_free(cli->extensions);
    cli->extensions = NULL;
    cli->own_extensions = false;
}

void cli_extensions_load(struct cli *cli, const char *what)
{
    struct pf_extension_info info;
    struct pf_error ignored; /* the list tells */

    for (uint32_t i = 0; cli->extensions != NULL && pf_extension_at(cli->extensions, i, &info); i++) {
        if (info.state == PF_EXTENSION_DISCOVERED && (what == NULL || info.adds[0] == '\0' || strstr(info.adds, what) != NULL))
            (void)pf_extension_load(cli->extensions, info.name, &ignored);
    }
}

/* ---- the list */

static const char *state_word(const struct pf_extension_info *info)
{
    static const char *const words[] = { "Discovered", "Loading", "✓ Loaded", "✗ Failed", "- Disabled", "- Not available" };

    return words[info->state];
}

static const char *state_name(enum pf_extension_state state)
{
    static const char *const names[] = { "discovered", "loading", "loaded", "failed", "disabled", "unloaded" };

    return names[state];
}

static void put_member(struct cli_output *to, const char *name, const char *text)
{
    cli_print(to, "\"%s\": ", name);
    cli_json_text(to, text);
    cli_write(to, ", ");
}

static void put_json(struct cli_output *to, const struct pf_extension_info *info)
{
    cli_write(to, "{");
    put_member(to, "name", info->name);
    put_member(to, "version", info->version);
    put_member(to, "description", info->description);
    put_member(to, "licence", info->licence);
    put_member(to, "kind", info->kind);
    put_member(to, "origin", info->origin);
    put_member(to, "state", state_name(info->state));
    put_member(to, "reason", info->reason);
    put_member(to, "adds", info->adds);
    cli_print(to, "\"available\": %s, \"load_seconds\": %.6f}", info->available ? "true" : "false", info->load_seconds);
}

/* Extensions in other languages are another program's to load. */
static void tell_of_others(struct cli *cli)
{
    if (cli->host->extensions == NULL && !cli->options.quiet && !cli->options.no_extensions)
        cli_write(&cli->out,
                  "\nThis program loads native extensions; those in Python need the pyforge of the Python package.\n");
}

/* Behind it in a description stands what the extension has to say of its surroundings. */
static const char details_mark[] = " | ";

static void put_first(struct cli_output *to, const char *text)
{
    const char *end = strstr(text, details_mark);
    char line[1024];

    (void)snprintf(line, sizeof line, "%.*s", (int)(end != NULL ? (size_t)(end - text) : strlen(text)), text);
    cli_put(to, line);
}

static void put_table(struct cli *cli)
{
    struct pf_extension_info info;
    uint32_t count = 0, name = 9, version = 7;
    struct cli_output *to = &cli->out;

    for (; pf_extension_at(cli->extensions, count, &info); count++) {
        name = strlen(info.name) > name ? (uint32_t)strlen(info.name) : name;
        version = strlen(info.version) > version ? (uint32_t)strlen(info.version) : version;
    }
    cli_print(to, "PyForge CLI Extensions\n\n%-*s  %-*s  %-15s  %-9s  Details\n", (int)name, "Extension", (int)version,
              "Version", "Status", "Load Time");
    for (uint32_t i = 0; pf_extension_at(cli->extensions, i, &info); i++) {
        const char *word = state_word(&info);
        char seconds[24] = "-";

        if (info.load_seconds > 0)
            (void)snprintf(seconds, sizeof seconds, "%.3f s", info.load_seconds);
        /* the marks take three bytes and one place */
        cli_print(to, "%-*s  %-*s  %-*s  %-9s  ", (int)name, info.name, (int)version, info.version,
                  (unsigned char)word[0] < 0x80 ? 15 : 17, word, seconds);
        put_first(to, info.reason[0] != '\0' ? info.reason : info.description);
        if (info.adds[0] != '\0' && (cli->options.verbose || info.reason[0] == '\0')) {
            cli_write(to, info.reason[0] != '\0' || info.description[0] != '\0' ? " (" : "(");
            cli_put(to, info.adds);
            cli_write(to, ")");
        }
        cli_write(to, "\n");
    }
    cli_print(to, "\nTotal: %u extension%s\n", count, count == 1 ? "" : "s");
}

static void tell_warnings(struct cli *cli)
{
    const char *text;

    for (uint32_t i = 0; cli->extensions != NULL && (text = pf_extension_warning_at(cli->extensions, i)) != NULL; i++)
        cli_note(cli, text);
}

static int list(struct cli *cli)
{
    struct pf_extension_info info;
    bool any;

    cli_extensions_load(cli, NULL);
    tell_warnings(cli);
    any = cli->extensions != NULL && pf_extension_at(cli->extensions, 0, &info);
    if (cli->options.json) {
        cli_write(&cli->out, "[");
        for (uint32_t i = 0; any && pf_extension_at(cli->extensions, i, &info); i++) {
            cli_write(&cli->out, i > 0 ? ", " : "");
            put_json(&cli->out, &info);
        }
        cli_write(&cli->out, "]\n");
        return CLI_DONE;
    }
    if (any)
        put_table(cli);
    else
        cli_write(&cli->out, "No extensions discovered\n");
    tell_of_others(cli);
    return CLI_DONE;
}

int cli_list_extensions(struct cli *cli)
{
    return list(cli);
}

int cli_extension_lines(struct cli *cli)
{
    struct pf_extension_info info;
    uint32_t count = 0;

    cli_extensions_load(cli, NULL);
    for (; cli->extensions != NULL && pf_extension_at(cli->extensions, count, &info); count++) {
        bool good = info.available && info.state == PF_EXTENSION_LOADED;

        cli_put(&cli->out, info.name);
        cli_write(&cli->out, good ? ": Available - " : ": Not available - ");
        put_first(&cli->out, good ? info.description : info.reason[0] != '\0' ? info.reason : "it is not loaded");
        cli_write(&cli->out, "\n");
    }
    if (count == 0)
        cli_write(&cli->out, "No extensions discovered\n");
    return CLI_DONE;
}

/* ---- one extension */

static bool find(const struct cli *cli, const char *name, struct pf_extension_info *info)
{
    for (uint32_t i = 0; cli->extensions != NULL && pf_extension_at(cli->extensions, i, info); i++) {
        if (strcmp(info->name, name) == 0)
            return true;
    }
    return false;
}

static void put_line(struct cli *cli, const char *what, const char *text)
{
    if (text[0] == '\0')
        return;
    cli_print(&cli->out, "%-12s", what);
    cli_put(&cli->out, text);
    cli_write(&cli->out, "\n");
}

static void put_description(struct cli *cli, const char *text)
{
    const char *details = strstr(text, details_mark);

    cli_print(&cli->out, "%-12s", "description");
    put_first(&cli->out, text);
    cli_write(&cli->out, "\n");
    if (details != NULL)
        put_line(cli, "details", details + strlen(details_mark));
}

static int show(struct cli *cli, const char *name)
{
    struct pf_extension_info info;
    struct pf_error ignored;

    if (find(cli, name, &info) && info.state == PF_EXTENSION_DISCOVERED)
        (void)pf_extension_load(cli->extensions, name, &ignored);
    if (!find(cli, name, &info))
        return cli_usage_error(cli, "pyforge extensions lists those that were found", "there is no extension '%s'", name);
    if (cli->options.json) {
        put_json(&cli->out, &info);
        cli_write(&cli->out, "\n");
        return CLI_DONE;
    }
    put_line(cli, "name", info.name);
    put_line(cli, "version", info.version);
    put_description(cli, info.description);
    put_line(cli, "licence", info.licence);
    put_line(cli, "kind", info.kind);
    put_line(cli, "from", info.origin);
    put_line(cli, "state", state_name(info.state));
    put_line(cli, "reason", info.reason);
    put_line(cli, "adds", info.adds);
    if (info.load_seconds > 0)
        cli_print(&cli->out, "%-12s%.3f s\n", "loaded in", info.load_seconds);
    return CLI_DONE;
}

static int failed(struct cli *cli, const struct pf_error *err)
{
    cli_error(cli, err);
    return err->status == PF_NOT_FOUND ? CLI_USAGE : CLI_FAILED;
}

static int change(struct cli *cli, const char *name, bool enabled)
{
    struct pf_error err;

    if (pf_extension_enable(cli->extensions, name, enabled, &err) != PF_OK)
        return failed(cli, &err);
    cli_print(&cli->out, "%s: %s\n", name, enabled ? "enabled" : "disabled");
    return CLI_DONE;
}

static int reload(struct cli *cli, const char *name)
{
    struct pf_error err;

    if (pf_extension_reload(cli->extensions, name, &err) != PF_OK)
        return failed(cli, &err);
    cli_print(&cli->out, "%s: loaded\n", name);
    return CLI_DONE;
}

struct checking {
    struct cli *cli;
    int good, bad;
};

static void tell_check(void *user, bool good, const char *what, const char *why)
{
    struct checking *checking = user;
    struct cli_output *to = &checking->cli->out;

    checking->good += good ? 1 : 0;
    checking->bad += good ? 0 : 1;
    cli_write(to, good ? "ok      " : "FAILED  ");
    cli_put(to, what);
    if (!good || why[0] != '\0') {
        cli_write(to, good ? " - " : ": ");
        cli_put(to, why);
    }
    cli_write(to, "\n");
}

static int test(struct cli *cli, const char *name, const char *location)
{
    struct checking checking = { cli, 0, 0 };
    struct pf_error err;
    enum pf_status status = pf_extension_test(cli->extensions, name, location, tell_check, &checking, &err);

    if (status != PF_OK && checking.bad == 0)
        return failed(cli, &err);
    cli_print(&cli->out, "%s: %d checks, %d failed\n", name, checking.good + checking.bad, checking.bad);
    return checking.bad == 0 ? CLI_DONE : CLI_FAILED;
}

/* For completion: the names of commands, and nothing is loaded. */
static int list_commands(struct cli *cli)
{
    struct pf_extension_command command;

    for (uint32_t i = 0; cli->extensions != NULL && pf_extension_command_at(cli->extensions, i, &command); i++) {
        cli_put(&cli->out, command.name);
        cli_write(&cli->out, "\n");
    }
    return CLI_DONE;
}

int cli_extensions(struct cli *cli)
{
    char **words = cli->arguments;
    int count = cli->argument_count;
    const char *action = count > 0 ? words[0] : "list";

    if (strcmp(action, "list") == 0 && count < 2)
        return list(cli);
    if (strcmp(action, "commands") == 0 && count < 2)
        return list_commands(cli);
    if (cli->extensions == NULL)
        return cli_usage_error(cli, "leave out --no-extensions", "there are no extensions to look at");
    if (count < 2 || (count > 2 && strcmp(action, "test") != 0))
        return cli_usage_error(cli, NULL, "'%s' takes the name of one extension", action);
    if (strcmp(action, "info") == 0)
        return show(cli, words[1]);
    if (strcmp(action, "enable") == 0 || strcmp(action, "disable") == 0)
        return change(cli, words[1], action[0] == 'e');
    if (strcmp(action, "reload") == 0)
        return reload(cli, words[1]);
    if (strcmp(action, "test") == 0)
        return test(cli, words[1], count > 2 ? words[2] : NULL);
    return cli_usage_error(cli, "list, info, enable, disable, reload and test are", "'%s' is nothing to do with extensions",
                           action);
}

/* ---- commands of extensions */

bool cli_extension_command(struct cli *cli, const char *name)
{
    struct pf_extension_command command;

    if (!cli_extensions_begin(cli))
        return false;
    for (uint32_t i = 0; cli->extensions != NULL && pf_extension_command_at(cli->extensions, i, &command); i++) {
        if (strcmp(command.name, name) == 0)
            return true;
    }
    /* one without a manifest may yet bring it */
    cli_extensions_load(cli, "command ");
    for (uint32_t i = 0; cli->extensions != NULL && pf_extension_command_at(cli->extensions, i, &command); i++) {
        if (strcmp(command.name, name) == 0)
            return true;
    }
    return false;
}

static bool write_out(void *user, const char *bytes, size_t size)
{
    struct cli *cli = user;

    cli_flush(&cli->out);
    return !cli->out.failed && cli->host->write_out(cli->host->user, bytes, size);
}

static bool write_err(void *user, const char *bytes, size_t size)
{
    struct cli *cli = user;

    cli_flush(&cli->err);
    return cli->host->write_err(cli->host->user, bytes, size);
}

int cli_run_extension_command(struct cli *cli, int count, char **words)
{
    const struct pf_command_host host = { cli, write_out, write_err };
    struct pf_error err;
    int code = CLI_FAILED;

    cli->ctx = pf_context_new();
    if (cli->ctx == NULL) {
        cli_write(&cli->err, "pyforge: error: out of memory\n");
        return CLI_FAILED;
    }
    pf_context_extensions(cli->ctx, cli->extensions);
    cli_show_log(cli, cli_log_from(cli));
    if (cli->host->handles_signals)
        cli_signals_begin(cli->ctx);
    if (pf_extension_command_run(cli->extensions, cli->ctx, words[0], &host, count, (const char *const *)words, &code, &err) !=
        PF_OK) {
        cli_error(cli, &err);
        code = err.status == PF_NOT_FOUND ? CLI_USAGE : CLI_FAILED;
    }
    if (cli->host->handles_signals)
        cli_signals_end();
    pf_context_free(cli->ctx);
    cli->ctx = NULL;
    return code;
}

/* ---- help */

void cli_help_extension_commands(struct cli *cli)
{
    struct pf_extension_command command;

    if (!cli_extensions_begin(cli))
        return;
    for (uint32_t i = 0; cli->extensions != NULL && pf_extension_command_at(cli->extensions, i, &command); i++) {
        cli_write(&cli->out, i == 0 ? "\nCommands of extensions:\n" : "");
        cli_print(&cli->out, "  %-15s ", command.name);
        if (command.summary[0] != '\0')
            cli_put(&cli->out, command.summary);
        else
            cli_print(&cli->out, "of the extension %s; pyforge %s --help tells more", command.extension, command.name);
        cli_write(&cli->out, "\n");
    }
}

void cli_help_extension_options(struct cli *cli)
{
    struct pf_extension_info info;
    bool first = true;

    for (uint32_t i = 0; cli->extensions != NULL && pf_extension_at(cli->extensions, i, &info); i++) {
        const char *options = info.state == PF_EXTENSION_DISCOVERED ? strstr(info.adds, "options ") : NULL;
        const char *end;

        if (options == NULL)
            continue;
        options += strlen("options ");
        end = options + strcspn(options, ",");
        cli_write(&cli->out, first ? "\nOptions of extensions that are not loaded yet (pyforge options tells more):\n" : "");
        first = false;
        cli_print(&cli->out, "  %s:", info.name);
        while (options < end) {
            size_t size = strcspn(options, " ,");

            cli_print(&cli->out, " --%.*s", (int)size, options);
            options += size;
            options += *options == ' ' ? 1 : 0;
        }
        cli_write(&cli->out, "\n");
    }
}
