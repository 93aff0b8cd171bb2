/* install and mdf-tools: groups of commands of version 1.0 whose names and options are accepted, and which are not in this
 * version. Each says what to do instead. */
#include <stddef.h>
#include <string.h>

#include "cli/cli.h"

/* Values are checked and not kept: the options of one command share their places. */
#define AT(member) offsetof(struct cli_options, unused.member)
#define END_OF_OPTIONS                                                                                                         \
    {                                                                                                                          \
        .name = NULL                                                                                                           \
    }

#define SAMPLES_COME_LATER "Not in this version: sample datasets come with a later one."
#define NO_SERVER                                                                                                              \
    "Not in this version: it ran a database server in a container, for MDF files, which no version of pyforge has converted."
#define EXPORT_INSTEAD                                                                                                         \
    "read .mdf files with SQL Server, export their tables as CSV (bcp, sqlcmd), and convert those: pyforge convert table.csv"
#define FETCH_INSTEAD "fetch the archives of the release by hand and unpack them; pyforge convert reads the files in them"

/* clang-format off */
static const struct pf_option sample_options[] = {
    { "version", "v", PF_OPTION_TEXT, NULL, NULL, "TAG", "The release to take; without it the newest.", "Options", AT(text) },
    { "formats", "f", PF_OPTION_TEXT, NULL, NULL, "NAMES", "Of pdf, excel, xml, access, dbf, mdf and csv.", "Options", AT(text) },
    { "sizes", "s", PF_OPTION_TEXT, NULL, NULL, "NAMES", "Of small, medium and large.", "Options", AT(text) },
    { "list-releases", "l", PF_OPTION_FLAG, NULL, NULL, NULL, "List the releases there are.", "Options", AT(flag) },
    { "list-installed", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "List what is installed.", "Options", AT(flag) },
    { "force", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "Replace what is there.", "Options", AT(flag) },
    { "uninstall", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "Remove what was installed.", "Options", AT(flag) },
    END_OF_OPTIONS,
};

static const struct pf_option server_options[] = {
    { "password", NULL, PF_OPTION_TEXT, NULL, NULL, PF_OPTION_SECRET, "Password of the server.", "Options", AT(text) },
    { "port", NULL, PF_OPTION_INTEGER, NULL, "1433", "PORT", "Port of the server.", "Options", AT(number) },
    { "non-interactive", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "Ask nothing.", "Options", AT(flag) },
    END_OF_OPTIONS,
};

static const struct pf_option log_options[] = {
    { "lines", "n", PF_OPTION_INTEGER, NULL, "50", "N", "Lines to show.", "Options", AT(number) },
    END_OF_OPTIONS,
};
/* clang-format on */

static const struct cli_argument folder_argument[] = {
    { "PATH", "Where the datasets go." },
    { NULL, NULL },
};

const struct cli_command cli_install_parts[] = {
    {
        .name = "install sample-datasets",
        .usage = "[OPTIONS] [PATH]",
        .summary = "Fetch sample files (not in this version)",
        .description = SAMPLES_COME_LATER,
        .instead = FETCH_INSTEAD,
        .arguments = folder_argument,
        .most = 1,
        .options = sample_options,
        .run = cli_not_here,
    },
    {
        .name = "install mdf-tools",
        .usage = "[OPTIONS]",
        .summary = "Set up a database server (not in this version)",
        .description = NO_SERVER,
        .instead = EXPORT_INSTEAD,
        .options = server_options,
        .run = cli_not_here,
    },
    { .name = NULL },
};

#define MDF_PART(word, text)                                                                                                   \
    {                                                                                                                          \
        .name = "mdf-tools " word, .usage = "", .summary = text " (not in this version)", .description = NO_SERVER,            \
        .instead = EXPORT_INSTEAD, .run = cli_not_here                                                                         \
    }

const struct cli_command cli_mdf_parts[] = {
    MDF_PART("status", "State of the server"),
    MDF_PART("start", "Start the server"),
    MDF_PART("stop", "Stop the server"),
    MDF_PART("restart", "Start the server anew"),
    {
        .name = "mdf-tools logs",
        .usage = "[OPTIONS]",
        .summary = "Messages of the server (not in this version)",
        .description = NO_SERVER,
        .instead = EXPORT_INSTEAD,
        .options = log_options,
        .run = cli_not_here,
    },
    MDF_PART("config", "Settings of the server"),
    MDF_PART("test", "Try the connection"),
    MDF_PART("uninstall", "Remove the server"),
    { .name = NULL },
};

/* "status" of "mdf-tools status" */
static const char *last_word(const struct cli_command *part)
{
    return strrchr(part->name, ' ') + 1;
}

void cli_help_group(struct cli *cli, const struct cli_command *group)
{
    cli_print(&cli->out, "Usage: pyforge %s COMMAND ...\n\n%s\n\nCommands:\n", group->name, group->description);
    for (const struct cli_command *part = group->parts; part->name != NULL; part++)
        cli_print(&cli->out, "  %-17s%s\n", last_word(part), part->summary);
}

int cli_run_group(struct cli *cli, int count, char **words)
{
    const struct cli_command *group = cli->command;
    int code;

    if (count == 0 || strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0) {
        cli_help_group(cli, group);
        return CLI_DONE;
    }
    if (cli_is_option(words[0]))
        return cli_usage_error(cli, NULL, "there is no option %s of a group of commands", words[0]);
    for (const struct cli_command *part = group->parts; part->name != NULL; part++) {
        if (strcmp(last_word(part), words[0]) != 0)
            continue;
        cli->command = part;
        if (part->options != NULL)
            pf_option_defaults(part->options, &cli->options);
        code = cli_parse(cli, count - 1, words + 1);
        if (code != CLI_GO_ON || !cli->options.help)
            return code != CLI_GO_ON ? code : part->run(cli);
        cli_help_command(cli, part);
        return CLI_DONE;
    }
    return cli_usage_error(cli, NULL, "there is no command '%s %s'", group->name, words[0]);
}

int cli_not_here(struct cli *cli)
{
    struct pf_error err = { .status = PF_UNSUPPORTED, .offset = -1 };

    (void)snprintf(err.message, sizeof err.message, "'%s' is not in this version", cli->command->name);
    (void)snprintf(err.remedy, sizeof err.remedy, "%s", cli->command->instead);
    cli_error(cli, &err);
    return CLI_REFUSED;
}
