/* info and validate: what is known of a file, and whether it can be read. */
#include "cli/cli.h"

static int tell_failure(const struct cli *cli, enum pf_status status, const struct pf_error *err)
{
    if (status == PF_CANCELLED && cli_signal_caught() != 0) {
        fputs("pyforge: interrupted\n", stderr);
        return 128 + cli_signal_caught();
    }
    cli_error(err);
    return pf_request_exit_code(cli->request, status);
}

int cli_info(struct cli *cli)
{
    bool json = cli->options.json || cli->options.info_format == CLI_INFO_JSON;
    struct cli_progress progress;
    struct pf_error err;
    char *text = NULL;
    enum pf_status status = pf_request_paths(cli->request, cli->arguments[0], NULL, &err);

    if (status == PF_OK) {
        cli_progress_begin(&progress, cli);
        status = pf_info(cli->request, json, &text, &err);
        cli_progress_end(&progress, cli);
    }
    if (status != PF_OK)
        return tell_failure(cli, status, &err);
    if (json)
        fprintf(stdout, "%s\n", text);
    else
        cli_put_lines(stdout, text);
    pf_text_free(cli->ctx, text);
    return CLI_DONE;
}

/* Version 1.0 answered 0 whatever it found. */
static int verdict_code(struct cli *cli, enum pf_status status)
{
    int code = pf_request_exit_code(cli->request, status);
    bool compat = pf_request_exit_code(cli->request, PF_UNSUPPORTED) == CLI_DONE;

    return compat && code == CLI_FAILED ? CLI_DONE : code;
}

int cli_validate(struct cli *cli)
{
    struct cli_progress progress;
    struct pf_error err;
    char *text = NULL;
    enum pf_status status = pf_request_paths(cli->request, cli->arguments[0], NULL, &err);

    if (status == PF_OK) {
        cli_progress_begin(&progress, cli);
        status = pf_validate(cli->request, &text, &err);
        cli_progress_end(&progress, cli);
    }
    if (status != PF_OK) {
        (void)tell_failure(cli, status, &err);
        return status == PF_CANCELLED && cli_signal_caught() != 0 ? 128 + cli_signal_caught() : verdict_code(cli, status);
    }
    fputs("\xe2\x9c\x93 ", stdout);
    cli_put(stdout, text);
    fputc('\n', stdout);
    pf_text_free(cli->ctx, text);
    return CLI_DONE;
}
