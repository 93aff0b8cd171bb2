/* Several files in one go: convert with a folder, a pattern, or more than one input. */
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

enum { MOST_JOBS = 1024 };

struct bulk {
    struct cli *cli;
    struct cli_progress progress;
    struct pf_bulk *files;
};

static bool is_folder(const char *path)
{
    size_t size = strlen(path);
    struct stat found;

    return (size > 0 && path[size - 1] == '/') || (stat(path, &found) == 0 && S_ISDIR(found.st_mode));
}

bool cli_is_bulk(const struct cli *cli)
{
    return cli->argument_count > 2 || pf_bulk_is_meant(cli->request, cli->arguments[0]);
}

/* Names of several inputs, the last argument being the folder for the outputs where there is more than one. */
static int open_bulk(struct bulk *bulk)
{
    struct cli *cli = bulk->cli;
    uint32_t inputs = cli->argument_count > 1 ? (uint32_t)cli->argument_count - 1 : 1;
    const char *folder = cli->argument_count > 1 ? cli->arguments[cli->argument_count - 1] : NULL;
    struct pf_error err;

    if (folder != NULL && !is_folder(folder) && (inputs > 1 || strcmp(folder, "-") == 0 || strchr(folder, '.') != NULL))
        return cli_usage_error(cli, "end it with / if it is to be made",
                               "with several inputs the last argument is the folder for "
                               "the outputs, and '%.200s' is none",
                               folder);
    if (cli->options.jobs < 0 || cli->options.jobs > MOST_JOBS)
        return cli_usage_error(cli, "it takes 0 (as many as there are threads) to 1024", "option --jobs is out of range");
    for (uint32_t i = 0; i < inputs; i++) {
        if (strcmp(cli->arguments[i], "-") == 0)
            return cli_usage_error(cli, "convert it by itself", "standard input cannot be one of several inputs");
    }
    if (pf_bulk_new(cli->request, (const char *const *)cli->arguments, inputs, folder, cli->options.recursive, &bulk->files,
                    &err) == PF_OK)
        return CLI_GO_ON;
    cli_error(cli, &err);
    return pf_request_exit_code(cli->request, err.status);
}

/* A note about one of the files, under its name. */
static void note_of(struct cli *cli, const char *input, const char *text)
{
    char line[2048];
    size_t used;

    (void)snprintf(line, sizeof line, "%.1000s", input);
    pf_hide_secrets(line);
    used = strlen(line);
    if (strncmp(text, line, used) == 0 && text[used] == ':') { /* a reader has named it */
        cli_note(cli, text);
        return;
    }
    (void)snprintf(line + used, sizeof line - used, ": %.1000s", text);
    cli_note(cli, line);
}

static void tell_file(void *user, uint32_t index, enum pf_status status, const struct pf_result *result,
                      const struct pf_error *err)
{
    struct bulk *bulk = user;
    struct cli *cli = bulk->cli;
    const char *input, *output, *warning;
    bool tells = pf_context_log_level(cli->ctx) <= PF_LOG_WARNING;

    if (!pf_bulk_at(bulk->files, index, &input, &output) || status == PF_CANCELLED)
        return;
    cli_progress_clear(&bulk->progress);
    if (cli->options.json && result != NULL) {
        cli_write(&cli->out, pf_result_json(result));
        cli_write(&cli->out, "\n");
    }
    for (uint32_t i = 0; result != NULL && tells && (warning = pf_result_warning(result, i)) != NULL; i++)
        note_of(cli, input, warning);
    if (status != PF_OK) {
        struct pf_error told = *err;
        if (told.source[0] == '\0')
            (void)snprintf(told.source, sizeof told.source, "%.255s", input);
        cli_error(cli, &told);
    } else if (result != NULL && tells) {
        cli_summary(cli, pf_result_summary(result));
    }
}

static int tell_totals(struct cli *cli, const struct pf_bulk_totals *totals)
{
    uint32_t failed = totals->files - totals->converted;
    char line[256], rejects[64] = "", failures[64] = "";

    if (cli->options.json)
        cli_print(&cli->out,
                  "{\"totals\": {\"files\": %u, \"converted\": %u, \"failed\": %u, \"with_rejects\": %u, \"seconds\": %.3f}}\n",
                  totals->files, totals->converted, failed, totals->with_rejects, totals->seconds);
    if (failed > 0)
        (void)snprintf(failures, sizeof failures, ", %u failed", failed);
    if (totals->with_rejects > 0)
        (void)snprintf(rejects, sizeof rejects, ", %u with rejected rows", totals->with_rejects);
    (void)snprintf(line, sizeof line, "%u of %u files converted%s%s, %.1f s", totals->converted, totals->files, failures,
                   rejects, totals->seconds);
    if (pf_context_log_level(cli->ctx) <= PF_LOG_WARNING)
        cli_message(cli, PF_LOG_INFO, line);
    if (totals->converted == 0)
        return CLI_FAILED;
    return failed > 0 || totals->with_rejects > 0 ? CLI_PARTLY : CLI_DONE;
}

static int list_files(struct bulk *bulk)
{
    enum { SHOWN = 4096 };
    struct cli *cli = bulk->cli;
    const char *from, *to;
    char input[SHOWN], output[SHOWN];

    for (uint32_t i = 0; pf_bulk_at(bulk->files, i, &from, &to); i++) {
        (void)snprintf(input, sizeof input, "%s", from);
        (void)snprintf(output, sizeof output, "%s", to);
        pf_hide_secrets(input);
        pf_hide_secrets(output);
        if (cli->options.json) {
            cli_write(&cli->out, "{\"input_path\": ");
            cli_json_text(&cli->out, input);
            cli_write(&cli->out, ", \"output_path\": ");
            cli_json_text(&cli->out, output);
            cli_write(&cli->out, "}\n");
        } else {
            cli_put(&cli->out, input);
            cli_write(&cli->out, output[0] != '\0' ? " -> " : ": it cannot be listed");
            cli_put(&cli->out, output);
            cli_write(&cli->out, "\n");
        }
    }
    return CLI_DONE;
}

static int run_bulk(struct bulk *bulk)
{
    struct cli *cli = bulk->cli;
    struct pf_bulk_totals totals;
    struct pf_error err;
    enum pf_status status;
    int signal_number;

    cli_convert_log(cli);
    cli_progress_begin(&bulk->progress, cli);
    status = pf_bulk_run(bulk->files, (uint32_t)cli->options.jobs, tell_file, bulk, &totals, &err);
    cli_progress_end(&bulk->progress);
    if (status == PF_OK)
        return tell_totals(cli, &totals);
    signal_number = cli_interrupted(cli);
    if (status == PF_CANCELLED && signal_number != 0) {
        char line[128];
        (void)snprintf(line, sizeof line, "pyforge: interrupted; %u of %u files are converted", totals.converted, totals.files);
        cli_message(cli, PF_LOG_ERROR, line);
        return 128 + signal_number;
    }
    cli_error(cli, &err);
    return pf_request_exit_code(cli->request, status);
}

int cli_convert_bulk(struct cli *cli)
{
    struct bulk bulk = { .cli = cli };
    int code = open_bulk(&bulk);

    if (code == CLI_GO_ON)
        code = cli->options.explain ? list_files(&bulk) : run_bulk(&bulk);
    pf_bulk_free(bulk.files);
    return code;
}
