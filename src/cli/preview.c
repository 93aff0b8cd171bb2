/* --preview-schema: what a conversion would make is shown before, and asked on a terminal whether it is to be made. */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* A line of standard input begins with y or Y; what is behind it on the line is read as well. The end of input is no yes. */
static bool said_yes(void)
{
    char first = '\0', byte;
    bool begun = false;

    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
        if (!begun && byte != ' ' && byte != '\t') {
            first = byte;
            begun = true;
        }
    }
    return first == 'y' || first == 'Y';
}

static int ask(struct cli *cli)
{
    if (cli->host->err_is_terminal == 0 || isatty(STDIN_FILENO) == 0)
        return CLI_GO_ON;
    cli_write(&cli->err, "Continue with conversion? (y/n): ");
    cli_flush(&cli->err);
    if (said_yes())
        return CLI_GO_ON;
    cli_message(cli, PF_LOG_ERROR, "pyforge: not converted; nothing was written");
    return CLI_FAILED;
}

int cli_preview(struct cli *cli)
{
    struct pf_error err;
    enum pf_status status;
    char *text;

    if (!cli->options.preview || cli->options.quiet || cli->options.log_json)
        return CLI_GO_ON;
    if (strcmp(cli->arguments[0], "-") == 0) {
        cli_note(cli, "--preview-schema has no effect: standard input can be read only once");
        return CLI_GO_ON;
    }
    status = pf_explain(cli->request, false, &text, &err);
    if (status != PF_OK) {
        cli_error(cli, &err);
        return pf_request_exit_code(cli->request, status);
    }
    cli_write(&cli->err, text);
    pf_text_free(cli->ctx, text);
    return ask(cli);
}
