#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* A mistyped command: the option tables' suggestions, without their dashes. */
static int unknown_command(const char *name)
{
    enum { MOST = 16 };
    struct pf_option rows[MOST + 1];
    const struct pf_option *table = rows;
    char near[200], hint[200];
    size_t at = 0, count = 0;

    memset(rows, 0, sizeof rows);
    for (const struct cli_command *command = cli_commands; command->name != NULL && count < MOST; command++) {
        if (command->run != cli_not_here)
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
    return cli_usage_error(NULL, hint, "there is no command '%s'", name);
}

static int run_command(struct cli *cli, int count, char **words)
{
    int code;

    if (cli->command->run == cli_not_here)
        return cli_not_here(cli);
    cli->ctx = pf_context_new();
    if (cli->ctx == NULL) {
        fputs("pyforge: error: out of memory\n", stderr);
        return CLI_FAILED;
    }
    if (cli->command->converts) {
        cli->request = pf_request_new(cli->ctx);
        if (cli->request == NULL) {
            fputs("pyforge: error: out of memory\n", stderr);
            pf_context_free(cli->ctx);
            return CLI_FAILED;
        }
    }
    if (cli->command->options != NULL)
        pf_option_defaults(cli->command->options, &cli->options);
    code = cli_parse(cli, count, words);
    if (code == CLI_GO_ON && cli->options.help) {
        cli_help_command(stdout, cli->ctx, cli->command);
        code = CLI_DONE;
    } else if (code == CLI_GO_ON) {
        cli_signals_begin(cli->ctx);
        cli_log_to_stderr(cli->ctx, cli->options.quiet ? PF_LOG_ERROR : cli->options.verbose ? PF_LOG_DEBUG : PF_LOG_WARNING);
        code = cli->command->run(cli);
    }
    pf_request_free(cli->request);
    pf_context_free(cli->ctx);
    return code;
}

static int run(int count, char **words)
{
    struct cli cli;
    int at = 0;

    memset(&cli, 0, sizeof cli);
    pf_option_defaults(cli_common_options, &cli.options);
    while (at < count && cli_is_option(words[at]) && strcmp(words[at], "--") != 0) {
        if (!cli_set_common(&cli.options, words[at]))
            return cli_usage_error(NULL, "options of a command follow its name: pyforge convert --force ...",
                                   "there is no option %s before a command", words[at]);
        at++;
    }
    if (cli.options.version) {
        printf("pyforge, version %s\n", pf_version());
        return CLI_DONE;
    }
    if (cli.options.help || at == count) {
        cli_help_main(stdout);
        return CLI_DONE;
    }
    cli.command = cli_command_find(words[at]);
    if (cli.command == NULL)
        return unknown_command(words[at]);
    return run_command(&cli, count - at - 1, words + at + 1);
}

/* A descriptor that is closed would be given to the next file that is opened, and messages would go into it. */
static void open_missing_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0)
            _Exit(CLI_FAILED);
    }
}

int main(int argc, char **argv)
{
    open_missing_streams();
    return cli_close_stdout(run(argc - 1, argv + 1));
}
