#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const char *output_of(const struct cli *cli)
{
    return cli->argument_count > 1 ? cli->arguments[1] : NULL;
}

static bool writes_to_stdout(const struct cli *cli)
{
    const char *output = output_of(cli);

    return output != NULL ? strcmp(output, "-") == 0 : strcmp(cli->arguments[0], "-") == 0;
}

/* Whether whoever read standard output has gone away. */
static bool stdout_is_closed(void)
{
    struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/* The exit code of a conversion that failed, after telling why. */
static int tell_failure(const struct cli *cli, enum pf_status status, const struct pf_error *err, int code)
{
    int signal_number = cli_signal_caught();

    if (status == PF_IO && writes_to_stdout(cli) && stdout_is_closed())
        return CLI_PIPE_CLOSED;
    if (status == PF_CANCELLED && signal_number != 0) {
        fputs("pyforge: interrupted; nothing was written\n", stderr);
        return 128 + signal_number;
    }
    cli_error(err);
    return code;
}

static void tell_success(const struct cli *cli, const struct pf_result *result)
{
    const char *warning;

    if (cli->options.quiet)
        return;
    for (uint32_t i = 0; (warning = pf_result_warning(result, i)) != NULL; i++)
        cli_note(warning);
    cli_put(stderr, pf_result_summary(result));
    fputc('\n', stderr);
}

static int explain(struct cli *cli)
{
    struct pf_error err;
    char *text;
    enum pf_status status = pf_explain(cli->request, cli->options.json, &text, &err);

    if (status != PF_OK) {
        cli_error(&err);
        return pf_request_exit_code(cli->request, status);
    }
    if (cli->options.json)
        fprintf(stdout, "%s\n", text);
    else
        cli_put_lines(stdout, text);
    pf_text_free(cli->ctx, text);
    return CLI_DONE;
}

/* Warnings come with the result; what is logged besides is for --verbose. */
static void print_detail(void *user, enum pf_log_level level, const char *message)
{
    (void)user;
    if (level == PF_LOG_WARNING)
        return;
    cli_put(stderr, message);
    fputc('\n', stderr);
}

int cli_convert(struct cli *cli)
{
    struct cli_progress progress;
    struct pf_result *result = NULL;
    struct pf_error err;
    enum pf_status status = pf_request_paths(cli->request, cli->arguments[0], output_of(cli), &err);
    int code;

    if (status != PF_OK)
        return cli_usage_error(cli->command->name, err.remedy, "%s", err.message);
    if (cli->options.explain)
        return explain(cli);
    pf_context_on_log(cli->ctx, print_detail, NULL, cli->options.verbose ? PF_LOG_DEBUG : PF_LOG_ERROR);
    cli_progress_begin(&progress, cli);
    status = pf_convert(cli->request, &result, &err);
    cli_progress_end(&progress, cli);
    code = result != NULL ? pf_result_exit_code(result) : pf_request_exit_code(cli->request, status);
    if (cli->options.json && result != NULL)
        fprintf(writes_to_stdout(cli) ? stderr : stdout, "%s\n", pf_result_json(result));
    if (status != PF_OK)
        code = tell_failure(cli, status, &err, code);
    else if (result != NULL)
        tell_success(cli, result);
    pf_result_free(result);
    return code;
}
