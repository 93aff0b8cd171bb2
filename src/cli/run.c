/* A command line from its first word: finds the command, reads its options, runs it. */
#include <string.h>

#include "cli/cli.h"

/* What stands where a command should, and is none: a file to convert, or a word of other programs. "" = neither. */
static void guess_meaning(const char *word, char *to, size_t size)
{
    to[0] = '\0';
    if (strcmp(word, "version") == 0)
        (void)snprintf(to, size, "pyforge --version shows the version");
    else if (strchr(word, '.') != NULL || strchr(word, '/') != NULL)
        (void)snprintf(to, size, "a command comes first: pyforge convert %s", word);
}

/* A mistyped command: the option tables' suggestions, without their dashes. */
static int unknown_command(struct cli *cli, const char *name)
{
    enum { MOST = 16 };
    struct pf_option rows[MOST + 1];
    const struct pf_option *table = rows;
    char near[200], hint[400];
    size_t at = 0, count = 0;

    guess_meaning(name, hint, sizeof hint);
    if (hint[0] != '\0')
        return cli_usage_error(cli, hint, "there is no command '%s'", name);
    memset(rows, 0, sizeof rows);
    for (const struct cli_command *command = cli_commands; command->name != NULL && count < MOST; command++) {
        if (command->parts == NULL)
            rows[count++].name = command->name;
    }
    pf_option_suggest(&table, 1, name, near, sizeof near);
    for (const char *from = near; *from != '\0'; from++) {
        if (from[0] == '-' && from[1] == '-')
            from++;
        else
            hint[at++] = *from;
    }
    hint[at] = '\0';
    return cli_usage_error(cli, hint, "there is no command '%s'", name);
}

int cli_interrupted(const struct cli *cli)
{
    return cli->interrupted != 0 ? cli->interrupted : cli->host->handles_signals ? cli_signal_caught() : 0;
}

static int show_version(struct cli *cli)
{
    cli_print(&cli->out, "pyforge, version %s\n", pf_version());
    return CLI_DONE;
}

/* The command with its options read. */
static int carry_out(struct cli *cli, int count, char **words)
{
    const struct cli_options *options = &cli->options;
    int code = cli_parse(cli, count, words);

    if (code != CLI_GO_ON)
        return code;
    if (options->help) {
        cli_help_command(cli, cli->command);
        return CLI_DONE;
    }
    if (options->version)
        return show_version(cli);
    cli_show_log(cli, cli_log_from(cli));
    if (cli->host->handles_signals)
        cli_signals_begin(cli->ctx);
    code = cli->command->run(cli);
    if (cli->host->handles_signals)
        cli_signals_end();
    return code;
}

static int run_command(struct cli *cli, int count, char **words)
{
    int code = CLI_FAILED;

    if (cli->command->parts != NULL)
        return cli_run_group(cli, count, words);
    cli->options.no_extensions = cli->options.no_extensions || cli_words_have(count, words, "--no-extensions");
    cli->ctx = cli_extensions_begin(cli) ? pf_context_new() : NULL;
    if (cli->ctx != NULL)
        pf_context_extensions(cli->ctx, cli->extensions);
    if (cli->ctx != NULL && cli->command->converts)
        cli->request = pf_request_new(cli->ctx);
    if (cli->ctx == NULL || (cli->request == NULL && cli->command->converts)) {
        cli_write(&cli->err, "pyforge: error: out of memory\n");
    } else {
        if (cli->command->options != NULL)
            pf_option_defaults(cli->command->options, &cli->options);
        code = carry_out(cli, count, words);
    }
    pf_request_free(cli->request);
    pf_context_free(cli->ctx);
    return code;
}

static int run(struct cli *cli, int count, char **words)
{
    int at = 0;

    pf_option_defaults(cli_common_options, &cli->options);
    while (at < count && cli_is_option(words[at]) && strcmp(words[at], "--") != 0) {
        if (!cli_set_common(&cli->options, words[at]))
            return cli_usage_error(cli, "options of a command follow its name: pyforge convert --force ...",
                                   "there is no option %s before a command", words[at]);
        at++;
    }
    if (cli->options.version)
        return show_version(cli);
    if (cli->options.help || (at == count && !cli->options.list_extensions)) {
        cli_help_main(cli);
        return CLI_DONE;
    }
    if (cli->options.list_extensions)
        return cli_extensions_begin(cli) ? cli_extension_lines(cli) : CLI_FAILED;
    cli->command = cli_command_find(words[at]);
    if (cli->command == NULL && cli_extension_command(cli, words[at]))
        return cli_run_extension_command(cli, count - at, words + at);
    if (cli->command == NULL)
        return unknown_command(cli, words[at]);
    return run_command(cli, count - at - 1, words + at + 1);
}

/* The exit code where the answer could not be written. That of convert is a record: what it tells of has happened. */
static int untold(struct cli *cli, int code)
{
    bool converted = cli->command != NULL && cli->command->run == cli_convert && !cli->options.help && !cli->options.version &&
                     !cli->options.explain;

    if (!converted)
        return code == CLI_DONE ? CLI_FAILED : code;
    if (code == CLI_DONE || code == CLI_PARTLY)
        cli_message(cli, PF_LOG_ERROR, "pyforge: the conversion is done and its output is in place; only its record is lost");
    return code == CLI_DONE ? CLI_UNTOLD : code;
}

int pf_cli_main(int argc, char **argv, const struct pf_cli_host *host)
{
    struct cli cli;
    int code;

    memset(&cli, 0, sizeof cli);
    cli.host = host;
    cli.out.write = host->write_out;
    cli.out.user = host->user;
    cli.err.write = host->write_err;
    cli.err.user = host->user;
    cli.err.before = &cli.out;
    code = run(&cli, argc > 0 ? argc - 1 : 0, argv + (argc > 0 ? 1 : 0));
    cli_extensions_end(&cli);
    cli_flush(&cli.out);
    cli_flush(&cli.err);
    return cli.out.failed ? untold(&cli, code) : code;
}
