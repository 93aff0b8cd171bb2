/* Help, printed from the tables of commands and options. */
#include <string.h>

#include "cli/cli.h"

enum { INDENT = 2, TEXT_AT = 28, LEAST_WIDTH = 60, MOST_WIDTH = 110, USUAL_WIDTH = 80, MOST_TABLES = 40 };

/* The tables whose options a command takes, its own first. */
struct tables {
    const struct pf_option *list[MOST_TABLES];
    const char *owner[MOST_TABLES];
    uint32_t count;
};

static size_t line_width(const struct cli *cli)
{
    int width = cli->host->out_width > 0 ? cli->host->out_width : USUAL_WIDTH;

    return width < LEAST_WIDTH ? LEAST_WIDTH : width > MOST_WIDTH ? MOST_WIDTH : (size_t)width;
}

/* Writes text in words, from column at on; lines after the first begin at column indent. */
static void put_wrapped(struct cli *cli, const char *text, size_t at, size_t indent)
{
    size_t width = line_width(cli);
    bool first = true;

    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (!first && at + 1 + size > width) {
            cli_print(&cli->out, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        cli_print(&cli->out, "%s%.*s", first ? "" : " ", (int)size, text);
        at += size + (first ? 0 : 1);
        first = false;
        text += size;
        text += strspn(text, " ");
    }
    cli_write(&cli->out, "\n");
}

/* ---- options */

/* The part of the aliases that are words (long) or letters, "" when there are none: "--to, --output-format". */
static void list_aliases(const struct pf_option *option, bool letters, char *to, size_t size)
{
    const char *rest = option->aliases != NULL ? option->aliases : "";
    size_t used = 0;

    to[0] = '\0';
    while (*rest != '\0' && used < size) {
        size_t length = strcspn(rest, "|");
        if ((length == 1) == letters && length > 0) {
            int wrote =
                snprintf(to + used, size - used, "%s%s%.*s", used > 0 ? ", " : "", letters ? "-" : "--", (int)length, rest);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
        rest += length;
        rest += *rest == '|' ? 1 : 0;
    }
}

/* "infer|string": the first spelling of each choice. */
static void list_choices(const struct pf_option *option, char *to, size_t size)
{
    const char *from = option->choices;
    size_t used = 0;
    bool skipping = false;

    for (; *from != '\0' && used + 1 < size; from++) {
        skipping = *from == '=' || (skipping && *from != '|');
        if (!skipping)
            to[used++] = *from;
    }
    to[used] = '\0';
}

/* A flag that is set unless it is taken away. */
static bool is_on(const struct pf_option *option)
{
    return option->kind == PF_OPTION_FLAG && option->initial != NULL;
}

static void put_option(struct cli *cli, const struct pf_option *option)
{
    char value[120] = "", left[240], letters[32], words[120], text[800];
    size_t width;

    list_aliases(option, true, letters, sizeof letters);
    list_aliases(option, false, words, sizeof words);
    if (option->kind == PF_OPTION_CHOICE)
        list_choices(option, value, sizeof value);
    else if (option->kind != PF_OPTION_FLAG)
        (void)snprintf(value, sizeof value, "%s", option->unit != NULL ? option->unit : "TEXT");
    (void)snprintf(left, sizeof left, "%*s%s%s--%s%s%s%s", INDENT, "", letters[0] != '\0' ? letters : "  ",
                   letters[0] != '\0' ? ", " : "  ", is_on(option) ? "[no-]" : "", option->name, value[0] != '\0' ? " " : "",
                   value);
    (void)snprintf(text, sizeof text, "%s%s%s%s%s%s%s", option->help, words[0] != '\0' ? " Also " : "", words,
                   words[0] != '\0' ? "." : "", option->initial != NULL ? " [default: " : "",
                   option->initial != NULL ? option->initial : "", option->initial != NULL ? "]" : "");
    width = strlen(left);
    cli_write(&cli->out, left);
    if (width + 2 > TEXT_AT) {
        cli_write(&cli->out, "\n");
        width = 0;
    }
    cli_print(&cli->out, "%*s", (int)(TEXT_AT - width), "");
    put_wrapped(cli, text, TEXT_AT, TEXT_AT);
}

static bool is_named(const char *const *names, const char *name)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0)
            return true;
    }
    return false;
}

/* Whether help of the command shows the option: reading commands take the readers' options and few of the conversion's. */
static bool is_shown(const struct cli_command *command, const char *owner, const struct pf_option *option)
{
    if (strcmp(owner, "common") == 0)
        return strcmp(option->name, "version") != 0 && strcmp(option->name, "list-extensions") != 0;
    if (strcmp(owner, "other formats") == 0)
        return false;
    if (command->shared == NULL)
        return true;
    if (strstr(owner, "writer") != NULL)
        return false;
    return strcmp(owner, "convert") != 0 || is_named(command->shared, option->name);
}

static const char *group_of(const struct pf_option *option)
{
    return option->group != NULL ? option->group : "Options";
}

/* Whether the group of an option was printed already, with one that stands before it. */
static bool was_printed(const struct tables *tables, const struct cli_command *command, uint32_t table,
                        const struct pf_option *option)
{
    for (uint32_t t = 0; t <= table; t++) {
        for (const struct pf_option *row = tables->list[t]; row->name != NULL && row != option; row++) {
            if (is_shown(command, tables->owner[t], row) && strcmp(group_of(row), group_of(option)) == 0)
                return true;
        }
    }
    return false;
}

static void put_group(struct cli *cli, const struct tables *tables, const struct cli_command *command, const char *group)
{
    cli_print(&cli->out, "\n%s:\n", group);
    for (uint32_t t = 0; t < tables->count; t++) {
        for (const struct pf_option *row = tables->list[t]; row->name != NULL; row++) {
            if (is_shown(command, tables->owner[t], row) && strcmp(group_of(row), group) == 0)
                put_option(cli, row);
        }
    }
}

static void put_options(struct cli *cli, const struct tables *tables, const struct cli_command *command)
{
    for (uint32_t t = 0; t < tables->count; t++) {
        for (const struct pf_option *row = tables->list[t]; row->name != NULL; row++) {
            if (is_shown(command, tables->owner[t], row) && !was_printed(tables, command, t, row))
                put_group(cli, tables, command, group_of(row));
        }
    }
}

static bool has_option(const struct pf_option *row, const char *name)
{
    while (row != NULL && row->name != NULL && strcmp(row->name, name) != 0)
        row++;
    return row != NULL && row->name != NULL;
}

/* Accepted without effect: named, so that a script of before can be told what became of them. What the command itself has is none of them. */
static void put_other_formats(struct cli *cli, const struct tables *tables, const struct cli_command *command)
{
    char text[600] = "";
    size_t used = 0;

    for (uint32_t t = 0; t < tables->count; t++) {
        if (strcmp(tables->owner[t], "other formats") != 0)
            continue;
        for (const struct pf_option *row = tables->list[t]; row->name != NULL && used < sizeof text; row++) {
            if (has_option(command->options, row->name))
                continue;
            int wrote = snprintf(text + used, sizeof text - used, "%s--%s", used > 0 ? ", " : "", row->name);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    if (used == 0)
        return;
    cli_print(&cli->out, "\nAccepted without effect on the formats of this version:\n%*s", INDENT, "");
    put_wrapped(cli, text, INDENT, INDENT);
}

static void collect_tables(struct tables *tables, const struct pf_context *ctx, const struct cli_command *command)
{
    tables->count = 0;
    for (uint32_t i = 0; command->converts && tables->count + 2 < MOST_TABLES; i++) {
        const struct pf_option *table = pf_option_table(ctx, i, &tables->owner[tables->count]);
        if (table == NULL)
            break;
        tables->list[tables->count++] = table;
    }
    if (command->options != NULL) {
        tables->owner[tables->count] = command->name;
        tables->list[tables->count++] = command->options;
    }
    if (command->run == cli_not_here)
        return;
    tables->owner[tables->count] = "common";
    tables->list[tables->count++] = cli_common_options;
}

/* ---- pages */

static void put_examples(struct cli *cli, const char *const *examples)
{
    if (examples == NULL)
        return;
    cli_write(&cli->out, "\nExamples:\n");
    for (; *examples != NULL; examples++)
        cli_print(&cli->out, "%*s%s\n", INDENT, "", *examples);
}

void cli_help_command(struct cli *cli, const struct cli_command *command)
{
    struct tables tables;

    if (command->parts != NULL) {
        cli_help_group(cli, command);
        return;
    }
    collect_tables(&tables, cli->ctx, command);
    cli_print(&cli->out, "Usage: pyforge %s %s\n\n", command->name, command->usage);
    put_wrapped(cli, command->description, 0, 0);
    if (command->arguments != NULL)
        cli_write(&cli->out, "\nArguments:\n");
    for (const struct cli_argument *argument = command->arguments; argument != NULL && argument->name != NULL; argument++) {
        cli_print(&cli->out, "%*s%-*s", INDENT, "", TEXT_AT - INDENT, argument->name);
        put_wrapped(cli, argument->help, TEXT_AT, TEXT_AT);
    }
    put_options(cli, &tables, command);
    if (command->shared == NULL)
        put_other_formats(cli, &tables, command);
    if (command->converts)
        cli_help_extension_options(cli);
    put_examples(cli, command->examples);
}

void cli_help_main(struct cli *cli)
{
    static const char *const examples[] = { "pyforge convert sales.csv", "pyforge info sales.csv", "pyforge convert --help",
                                            NULL };

    cli_write(&cli->out, "Usage: pyforge [-v] COMMAND [OPTIONS] ...\n\n");
    put_wrapped(cli, "Turns data files into analysis-ready tables: types found without loss, outputs whole or not at all.", 0,
                0);
    cli_write(&cli->out, "\nCommands:\n");
    for (const struct cli_command *command = cli_commands; command->name != NULL; command++) {
        if (command->parts == NULL)
            cli_print(&cli->out, "%*s%-16s%s\n", INDENT, "", command->name, command->summary);
    }
    cli_help_extension_commands(cli);
    cli_write(&cli->out, "\nOptions:\n");
    for (const struct pf_option *option = cli_common_options; option->name != NULL; option++)
        put_option(cli, option);
    put_examples(cli, examples);
    cli_write(&cli->out,
              "\nExit codes: 0 done; 1 failed; 2 wrong command line or no such input; 3 rows were rejected; 4 refused.\n");
}

int cli_help(struct cli *cli)
{
    const struct cli_command *command;

    if (cli->argument_count == 0) {
        cli_help_main(cli);
        return CLI_DONE;
    }
    command = cli_command_find(cli->arguments[0]);
    if (command == NULL)
        return cli_usage_error(cli, NULL, "there is no command '%s'", cli->arguments[0]);
    cli_help_command(cli, command);
    return CLI_DONE;
}
