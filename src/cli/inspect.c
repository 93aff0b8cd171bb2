/* info and validate: what is known of a file, and whether it can be read. */
#include "cli/cli.h"

/* Version 1.0 answered 0 whatever it found. */
static int verdict_code(struct cli *cli, enum pf_status status)
{
    int code = pf_request_exit_code(cli->request, status);
    bool compat = pf_request_exit_code(cli->request, PF_UNSUPPORTED) == CLI_DONE;

    return compat && code == CLI_FAILED ? CLI_DONE : code;
}

static int tell_failure(struct cli *cli, enum pf_status status, const struct pf_error *err)
{
    if (status == PF_CANCELLED && cli_interrupted(cli) != 0) {
        cli_message(cli, PF_LOG_ERROR, "pyforge: interrupted");
        return 128 + cli_interrupted(cli);
    }
    cli_error(cli, err);
    return verdict_code(cli, status);
}

/* What is said of the input, as text or as JSON. */
typedef enum pf_status ask_fn(struct pf_request *request, bool json, char **text, struct pf_error *err);

static enum pf_status ask(struct cli *cli, ask_fn *about, bool json, char **text, struct pf_error *err)
{
    struct cli_progress progress;
    enum pf_status status = pf_request_paths(cli->request, cli->arguments[0], NULL, err);

    *text = NULL;
    if (status != PF_OK)
        return status;
    cli_progress_begin(&progress, cli);
    status = about(cli->request, json, text, err);
    cli_progress_end(&progress);
    return status;
}

int cli_info(struct cli *cli)
{
    bool json = cli->options.json || cli->options.info_format == CLI_INFO_JSON;
    struct pf_error err;
    char *text;
    enum pf_status status = ask(cli, pf_info, json, &text, &err);

    if (status != PF_OK)
        return tell_failure(cli, status, &err);
    cli_answer(cli, json, text);
    pf_text_free(cli->ctx, text);
    return CLI_DONE;
}

static void tell_valid(struct cli *cli, const char *text)
{
    cli_write(&cli->out, "\xe2\x9c\x93 ");
    cli_put(&cli->out, text);
    cli_write(&cli->out, "\n");
}

static enum pf_status validate(struct pf_request *request, bool json, char **text, struct pf_error *err)
{
    return json ? pf_validate_json(request, text, err) : pf_validate(request, text, err);
}

int cli_validate(struct cli *cli)
{
    bool json = cli->options.json;
    struct pf_error err;
    char *text;
    enum pf_status status = ask(cli, validate, json, &text, &err);

    if (json && text != NULL)
        cli_answer(cli, true, text);
    else if (status == PF_OK && !cli->options.quiet)
        tell_valid(cli, text);
    pf_text_free(cli->ctx, text);
    if (status == PF_OK)
        return CLI_DONE;
    return tell_failure(cli, status, &err);
}
