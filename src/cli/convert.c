#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
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

/* Whether what was written so far is gone: a file is put in its place whole or not at all, a pipe has had what it was given. */
static bool leaves_nothing(const struct cli *cli)
{
    const char *output = output_of(cli);
    struct stat found;

    if (cli->options.explain)
        return true;
    if (writes_to_stdout(cli))
        return false;
    return output == NULL || stat(output, &found) != 0 || S_ISREG(found.st_mode) || S_ISDIR(found.st_mode);
}

/* Whether whoever read standard output has gone away. */
static bool stdout_is_closed(void)
{
    struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

static void tell_notes(struct cli *cli, const struct pf_result *result)
{
    const char *warning;

    if (pf_context_log_level(cli->ctx) > PF_LOG_WARNING || result == NULL)
        return;
    for (uint32_t i = 0; (warning = pf_result_warning(result, i)) != NULL; i++)
        cli_note(cli, warning);
}

/* The last suffix of a name with its dot; "" when there is none. */
static const char *suffix_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash != NULL ? slash : path, '.');

    return dot != NULL ? dot : "";
}

/* Two files of one format, of which the second exists: a shell's "*.csv" that matched twice, more likely than a copy. To advise
 * --force would be to advise the loss of an input. */
static void advise_folder(const struct cli *cli, struct pf_error *err)
{
    const char *output = output_of(cli);
    struct stat found;

    if (err->status != PF_EXISTS || output == NULL || strncmp(err->message, "Output file", 11) != 0 ||
        stat(output, &found) != 0 || !S_ISREG(found.st_mode) ||
        strcasecmp(suffix_of(cli->arguments[0]), suffix_of(output)) != 0)
        return;
    (void)snprintf(err->message, sizeof err->message, "Output file %.300s already exists.", output);
    (void)snprintf(err->remedy, sizeof err->remedy,
                   "with several inputs the last argument is the folder for the outputs (end it with /); --force would "
                   "replace %.80s",
                   output);
}

/* The exit code of a conversion that failed, after telling why. */
static int tell_failure(struct cli *cli, enum pf_status status, const struct pf_result *result, const struct pf_error *err,
                        int code)
{
    int signal_number = cli_interrupted(cli);
    struct pf_error told = *err;

    if (status == PF_IO && writes_to_stdout(cli) && stdout_is_closed())
        return CLI_PIPE_CLOSED;
    if (status == PF_CANCELLED && signal_number != 0) {
        cli_message(cli, PF_LOG_ERROR,
                    leaves_nothing(cli) ? "pyforge: interrupted; nothing was written"
                                        : "pyforge: interrupted; what was written is not whole");
        return 128 + signal_number;
    }
    /* How the input was understood may be why it failed. */
    tell_notes(cli, result);
    advise_folder(cli, &told);
    cli_error(cli, &told);
    return code;
}

static void tell_success(struct cli *cli, const struct pf_result *result)
{
    if (pf_context_log_level(cli->ctx) > PF_LOG_WARNING)
        return;
    tell_notes(cli, result);
    cli_summary(cli, pf_result_summary(result));
}

/* Warnings come with the result. */
static void print_detail(void *user, enum pf_log_level level, const char *message)
{
    struct cli *cli = user;

    if (level == PF_LOG_WARNING)
        return;
    if (level == PF_LOG_ERROR) /* of a conversion that goes well: what --quiet does not hide */
        cli_note(cli, message);
    else
        cli_message(cli, level, message);
}

void cli_convert_log(struct cli *cli)
{
    pf_context_on_log(cli->ctx, print_detail, cli, cli_log_from(cli));
}

static int explain(struct cli *cli)
{
    struct cli_progress progress;
    struct pf_error err;
    char *text;
    enum pf_status status;

    cli_progress_begin(&progress, cli);
    status = pf_explain(cli->request, cli->options.json, &text, &err);
    cli_progress_end(&progress);
    if (status != PF_OK)
        return tell_failure(cli, status, NULL, &err, pf_request_exit_code(cli->request, status));
    cli_answer(cli, cli->options.json, text);
    pf_text_free(cli->ctx, text);
    return CLI_DONE;
}

int cli_convert(struct cli *cli)
{
    struct cli_progress progress;
    struct pf_result *result = NULL;
    struct pf_error err;
    enum pf_status status;
    int code;

    if (cli_is_bulk(cli)) {
        if (cli->options.preview)
            cli_note(cli, "--preview-schema has no effect with several inputs");
        return cli_convert_bulk(cli);
    }
    cli_convert_log(cli);
    status = pf_request_paths(cli->request, cli->arguments[0], output_of(cli), &err);
    if (status != PF_OK)
        return cli_usage_error(cli, err.remedy, "%s", err.message);
    if (cli->options.explain)
        return explain(cli);
    code = cli_preview(cli);
    if (code != CLI_GO_ON)
        return code;
    cli_progress_begin(&progress, cli);
    status = pf_convert(cli->request, &result, &err);
    cli_progress_end(&progress);
    code = result != NULL ? pf_result_exit_code(result) : pf_request_exit_code(cli->request, status);
    if (cli->options.json && result != NULL) {
        struct cli_output *to = writes_to_stdout(cli) ? &cli->err : &cli->out;
        cli_write(to, pf_result_json(result));
        cli_write(to, "\n");
    }
    if (status != PF_OK)
        code = tell_failure(cli, status, result, &err, code);
    else if (result != NULL)
        tell_success(cli, result);
    pf_result_free(result);
    return code;
}
