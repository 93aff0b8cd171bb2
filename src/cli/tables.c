/* formats and options: the library's tables, printed. */
#include <string.h>

#include "cli/cli.h"

/* ---- JSON of texts that are our own: ASCII without control characters */

static void put_text(const char *text)
{
    if (text == NULL) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void put_member(const char *name, const char *text)
{
    put_text(name);
    fputs(": ", stdout);
    put_text(text);
}

/* The words between marks as an array; NULL gives an empty one. A choice's other spellings, after "=", are left out. */
static void put_words(const char *words, char mark)
{
    char part[120];
    bool first = true;

    putchar('[');
    while (words != NULL && *words != '\0') {
        const char *end = strchr(words, mark);
        size_t size = end != NULL ? (size_t)(end - words) : strlen(words);
        size_t shown = strcspn(words, "=") < size ? strcspn(words, "=") : size;
        if (shown < sizeof part) {
            memcpy(part, words, shown);
            part[shown] = '\0';
            fputs(first ? "" : ", ", stdout);
            put_text(part);
            first = false;
        }
        words = end != NULL ? end + 1 : NULL;
    }
    putchar(']');
}

/* ---- formats */

int cli_formats(struct cli *cli)
{
    struct pf_format_entry format;

    if (cli->options.json)
        putchar('[');
    else
        printf("Supported Formats\n\n%-10s%-7s%-8s%-24s%s\n", "Format", "Reads", "Writes", "Suffixes", "Description");
    for (uint32_t i = 0; pf_format_at(cli->ctx, i, &format); i++) {
        if (!cli->options.json) {
            printf("%-10s%-7s%-8s%-24s%s\n", format.name, format.reads ? "yes" : "no", format.writes ? "yes" : "no",
                   format.suffixes, format.description);
            continue;
        }
        fputs(i > 0 ? ", {" : "{", stdout);
        put_member("name", format.name);
        fputs(", ", stdout);
        put_member("description", format.description);
        printf(", \"reads\": %s, \"writes\": %s, \"suffixes\": ", format.reads ? "true" : "false",
               format.writes ? "true" : "false");
        put_words(format.suffixes, ' ');
        putchar('}');
    }
    if (cli->options.json)
        fputs("]\n", stdout);
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

static void put_option_json(const struct pf_option *option)
{
    putchar('{');
    put_member("name", option->name);
    fputs(", \"aliases\": ", stdout);
    put_words(option->aliases, '|');
    fputs(", ", stdout);
    put_member("kind", kind_word(option->kind));
    fputs(", \"choices\": ", stdout);
    put_words(option->choices, '|');
    fputs(", ", stdout);
    put_member("default", option->initial);
    fputs(", ", stdout);
    put_member("unit", option->unit);
    fputs(", ", stdout);
    put_member("group", option->group);
    fputs(", ", stdout);
    put_member("help", option->help);
    putchar('}');
}

static void put_table(const char *owner, const struct pf_option *table, bool json, bool first)
{
    if (json) {
        fputs(first ? "{" : ", {", stdout);
        put_member("owner", owner);
        fputs(", \"options\": [", stdout);
    } else {
        printf("%s%s\n", first ? "" : "\n", owner);
    }
    for (const struct pf_option *option = table; option->name != NULL; option++) {
        if (!json) {
            printf("  --%-22s%s\n", option->name, option->help);
            continue;
        }
        fputs(option == table ? "" : ", ", stdout);
        put_option_json(option);
    }
    if (json)
        fputs("]}", stdout);
}

int cli_options_command(struct cli *cli)
{
    const struct pf_option *table;
    const char *owner;
    char name[64];
    bool json = cli->options.json;

    if (json)
        putchar('[');
    put_table("command line", cli_common_options, json, true);
    for (const struct cli_command *command = cli_commands; command->name != NULL; command++) {
        if (command->options == NULL)
            continue;
        (void)snprintf(name, sizeof name, "command line: %s", command->name);
        put_table(name, command->options, json, false);
    }
    for (uint32_t i = 0; (table = pf_option_table(cli->ctx, i, &owner)) != NULL; i++)
        put_table(owner, table, json, false);
    if (json)
        fputs("]\n", stdout);
    return CLI_DONE;
}
