#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"

/* "row 12 (line 14), column 3 'amount'" */
static void put_place(struct cli_output *to, const struct pf_error *err)
{
    const char *between = "";

    if (err->row > 0 && err->line > 0)
        cli_print(to, "row %lld (line %lld)", (long long)err->row, (long long)err->line);
    else if (err->row > 0)
        cli_print(to, "row %lld", (long long)err->row);
    else if (err->line > 0)
        cli_print(to, "line %lld", (long long)err->line);
    else if (err->offset >= 0)
        cli_print(to, "byte %lld", (long long)err->offset);
    if (err->row > 0 || err->line > 0 || err->offset >= 0)
        between = ", ";
    if (err->column > 0) {
        cli_print(to, "%scolumn %lld", between, (long long)err->column);
        between = " ";
    }
    if (err->column_name[0] != '\0') {
        cli_print(to, "%s'", between);
        cli_put(to, err->column_name);
        cli_write(to, "'");
        between = " ";
    }
    if (between[0] != '\0')
        cli_write(to, ": ");
}

/* What the command itself has put in, its arguments, is not yet without secrets. */
static void hide_secrets(struct pf_error *err)
{
    pf_hide_secrets(err->message);
    pf_hide_secrets(err->remedy);
    pf_hide_secrets(err->source);
}

void cli_error(struct cli *cli, const struct pf_error *error)
{
    struct cli_output *to = &cli->err;
    struct pf_error shown = *error;
    const struct pf_error *err = &shown;

    hide_secrets(&shown);
    if (cli->options.log_json) {
        cli_record(cli, PF_LOG_ERROR, err->message, err);
        return;
    }
    cli_write(to, "pyforge: error: ");
    if (err->source[0] != '\0' && strstr(err->message, err->source) == NULL) {
        cli_put(to, strcmp(err->source, "-") == 0 ? "standard input" : err->source);
        cli_write(to, ": ");
    }
    put_place(to, err);
    cli_put(to, err->message);
    cli_write(to, "\n");
    if (err->remedy[0] != '\0') {
        cli_write(to, "  hint: ");
        cli_put(to, err->remedy);
        cli_write(to, "\n");
    }
}

static void usage_record(struct cli *cli, const char *hint, const char *message)
{
    struct pf_error err = { .status = PF_BAD_OPTION, .offset = -1 };

    if (hint != NULL)
        (void)snprintf(err.remedy, sizeof err.remedy, "%s", hint);
    cli_record(cli, PF_LOG_ERROR, message, &err);
}

int cli_usage_error(struct cli *cli, const char *hint, const char *format, ...)
{
    struct cli_output *to = &cli->err;
    char message[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    pf_hide_secrets(message);
    if (cli->options.log_json) {
        usage_record(cli, hint, message);
        return CLI_USAGE;
    }
    cli_write(to, "pyforge: error: ");
    cli_put(to, message);
    cli_write(to, "\n  hint: ");
    if (hint != NULL && hint[0] != '\0')
        cli_put(to, hint);
    else
        cli_print(to, "pyforge %s%s--help shows what is possible", cli->command != NULL ? cli->command->name : "",
                  cli->command != NULL ? " " : "");
    cli_write(to, "\n");
    return CLI_USAGE;
}

void cli_message(struct cli *cli, enum pf_log_level level, const char *text)
{
    if (cli->options.log_json) {
        cli_record(cli, level, text, NULL);
        return;
    }
    cli_put(&cli->err, text);
    cli_write(&cli->err, "\n");
}

void cli_summary(struct cli *cli, const char *text)
{
    static const char next[] = "\n  ";
    const char *end;

    if (cli->options.log_json) {
        cli_record(cli, PF_LOG_INFO, text, NULL);
        return;
    }
    for (; (end = strstr(text, next)) != NULL; text = end + 1) {
        cli_put_part(&cli->err, text, (size_t)(end - text));
        cli_write(&cli->err, "\n");
    }
    cli_put(&cli->err, text);
    cli_write(&cli->err, "\n");
}

void cli_note(struct cli *cli, const char *text)
{
    if (cli->options.log_json) {
        cli_record(cli, PF_LOG_WARNING, text, NULL);
        return;
    }
    cli_write(&cli->err, "note: ");
    cli_put(&cli->err, text);
    cli_write(&cli->err, "\n");
}

void cli_answer(struct cli *cli, bool json, char *text)
{
    if (!json) {
        cli_put_lines(&cli->out, text);
        return;
    }
    cli_write(&cli->out, text);
    cli_write(&cli->out, "\n");
}

static void print_log(void *user, enum pf_log_level level, const char *message)
{
    static const char *const words[] = {
        [PF_LOG_DEBUG] = "debug: ", [PF_LOG_INFO] = "info: ", [PF_LOG_WARNING] = "note: ", [PF_LOG_ERROR] = "error: "
    };
    struct cli *cli = user;

    if (!cli->options.log_json)
        cli_write(&cli->err, words[level]);
    cli_message(cli, level, message);
}

enum pf_log_level cli_log_from(const struct cli *cli)
{
    return cli->options.quiet ? PF_LOG_ERROR : cli->options.verbose ? PF_LOG_DEBUG : PF_LOG_AS_SET;
}

void cli_show_log(struct cli *cli, enum pf_log_level from)
{
    pf_context_on_log(cli->ctx, print_log, cli, from);
}
