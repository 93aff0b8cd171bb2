/* formats and options: the library's tables, printed. */
#include <string.h>

#include "cli/cli.h"

/* ---- JSON of texts that are our own: ASCII without control characters */

static void put_text(struct cli_output *to, const char *text)
{
    if (text == NULL) {
        cli_write(to, "null");
        return;
    }
    cli_write(to, "\"");
    for (; *text != '\0'; text++)
        cli_print(to, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    cli_write(to, "\"");
}

static void put_member(struct cli_output *to, const char *name, const char *text)
{
    put_text(to, name);
    cli_write(to, ": ");
    put_text(to, text);
}

/* The words between marks as an array; NULL gives an empty one. A choice's other spellings, after "=", are left out. */
static void put_words(struct cli_output *to, const char *words, char mark)
{
    char part[120];
    bool first = true;

    cli_write(to, "[");
    while (words != NULL && *words != '\0') {
        const char *end = strchr(words, mark);
        size_t size = end != NULL ? (size_t)(end - words) : strlen(words);
        size_t shown = strcspn(words, "=") < size ? strcspn(words, "=") : size;
        if (shown < sizeof part) {
            memcpy(part, words, shown);
            part[shown] = '\0';
            cli_write(to, first ? "" : ", ");
            put_text(to, part);
            first = false;
        }
        words = end != NULL ? end + 1 : NULL;
    }
    cli_write(to, "]");
}

/* ---- formats */

/* Of the suffixes, as the widest list has it. */
static int suffixes_width(const struct cli *cli)
{
    struct pf_format_entry format;
    size_t widest = strlen("Suffixes");

    for (uint32_t i = 0; pf_format_at(cli->ctx, i, &format); i++)
        widest = strlen(format.suffixes) > widest ? strlen(format.suffixes) : widest;
    return (int)widest;
}

int cli_formats(struct cli *cli)
{
    struct cli_output *to = &cli->out;
    struct pf_format_entry format;
    int width;

    cli_extensions_load(cli, "format ");
    width = suffixes_width(cli);

    if (cli->options.json)
        cli_write(to, "[");
    else
        cli_print(to, "Supported Formats\n\n%-10s%-7s%-8s%-*s  %s\n", "Format", "Reads", "Writes", width, "Suffixes",
                  "Description");
    for (uint32_t i = 0; pf_format_at(cli->ctx, i, &format); i++) {
        if (!cli->options.json) {
            cli_print(to, "%-10s%-7s%-8s%-*s  %s\n", format.name, format.reads ? "yes" : "no", format.writes ? "yes" : "no",
                      width, format.suffixes, format.description);
            continue;
        }
        cli_write(to, i > 0 ? ", {" : "{");
        put_member(to, "name", format.name);
        cli_write(to, ", ");
        put_member(to, "description", format.description);
        cli_print(to, ", \"reads\": %s, \"writes\": %s, \"suffixes\": ", format.reads ? "true" : "false",
                  format.writes ? "true" : "false");
        put_words(to, format.suffixes, ' ');
        cli_write(to, "}");
    }
    if (cli->options.json)
        cli_write(to, "]\n");
    return CLI_DONE;
}

/* ---- options */

static const char *kind_word(enum pf_option_kind kind)
{
    static const char *const words[] = {
        [PF_OPTION_FLAG] = "flag",     [PF_OPTION_INTEGER] = "integer", [PF_OPTION_SIZE] = "size",
        [PF_OPTION_NUMBER] = "number", [PF_OPTION_TEXT] = "text",       [PF_OPTION_CHOICE] = "choice",
    };

    return words[kind];
}

static void put_option_json(struct cli_output *to, const struct pf_option *option)
{
    cli_write(to, "{");
    put_member(to, "name", option->name);
    cli_write(to, ", \"aliases\": ");
    put_words(to, option->aliases, '|');
    cli_write(to, ", ");
    put_member(to, "kind", kind_word(option->kind));
    cli_write(to, ", \"choices\": ");
    put_words(to, option->choices, '|');
    cli_write(to, ", ");
    put_member(to, "default", option->initial);
    cli_write(to, ", ");
    put_member(to, "unit", option->unit);
    cli_write(to, ", ");
    put_member(to, "group", option->group);
    cli_write(to, ", ");
    put_member(to, "help", option->help);
    cli_write(to, "}");
}

static void put_table(struct cli_output *to, const char *owner, const struct pf_option *table, bool json, bool first)
{
    if (json) {
        cli_write(to, first ? "{" : ", {");
        put_member(to, "owner", owner);
        cli_write(to, ", \"options\": [");
    } else {
        cli_print(to, "%s%s\n", first ? "" : "\n", owner);
    }
    for (const struct pf_option *option = table; option->name != NULL; option++) {
        if (!json) {
            cli_print(to, "  --%-22s%s\n", option->name, option->help);
            continue;
        }
        cli_write(to, option == table ? "" : ", ");
        put_option_json(to, option);
    }
    if (json)
        cli_write(to, "]}");
}

int cli_options_command(struct cli *cli)
{
    struct cli_output *to = &cli->out;
    const struct pf_option *table;
    const char *owner;
    char name[64];
    bool json = cli->options.json;

    cli_extensions_load(cli, "options ");
    if (json)
        cli_write(to, "[");
    put_table(to, "command line", cli_common_options, json, true);
    for (const struct cli_command *command = cli_commands; command->name != NULL; command++) {
        if (command->options == NULL)
            continue;
        (void)snprintf(name, sizeof name, "command line: %s", command->name);
        put_table(to, name, command->options, json, false);
    }
    for (uint32_t i = 0; (table = pf_option_table(cli->ctx, i, &owner)) != NULL; i++)
        put_table(to, owner, table, json, false);
    if (json)
        cli_write(to, "]\n");
    return CLI_DONE;
}
