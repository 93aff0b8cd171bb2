#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"

void cli_put(FILE *to, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    for (; *at != '\0'; at++) {
        /* 0xc2 0x80 to 0xc2 0x9f are control characters, too. */
        if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)) {
            fprintf(to, "\\x%02x", *at);
            if (*at == 0xc2)
                fprintf(to, "\\x%02x", *++at);
        } else {
            fputc(*at, to);
        }
    }
}

void cli_put_lines(FILE *to, char *text)
{
    for (char *end; *text != '\0'; text = end) {
        end = text + strcspn(text, "\n");
        if (*end == '\n')
            *end++ = '\0';
        cli_put(to, text);
        fputc('\n', to);
    }
}

/* "row 12 (line 14), column 3 'amount'" */
static void put_place(const struct pf_error *err)
{
    const char *between = "";

    if (err->row > 0 && err->line > 0)
        fprintf(stderr, "row %lld (line %lld)", (long long)err->row, (long long)err->line);
    else if (err->row > 0)
        fprintf(stderr, "row %lld", (long long)err->row);
    else if (err->line > 0)
        fprintf(stderr, "line %lld", (long long)err->line);
    else if (err->offset >= 0)
        fprintf(stderr, "byte %lld", (long long)err->offset);
    if (err->row > 0 || err->line > 0 || err->offset >= 0)
        between = ", ";
    if (err->column > 0) {
        fprintf(stderr, "%scolumn %lld", between, (long long)err->column);
        between = " ";
    }
    if (err->column_name[0] != '\0') {
        fprintf(stderr, "%s'", between);
        cli_put(stderr, err->column_name);
        fputc('\'', stderr);
        between = " ";
    }
    if (between[0] != '\0')
        fputs(": ", stderr);
}

void cli_error(const struct pf_error *err)
{
    fputs("pyforge: error: ", stderr);
    if (err->source[0] != '\0' && strstr(err->message, err->source) == NULL) {
        cli_put(stderr, strcmp(err->source, "-") == 0 ? "standard input" : err->source);
        fputs(": ", stderr);
    }
    put_place(err);
    cli_put(stderr, err->message);
    fputc('\n', stderr);
    if (err->remedy[0] != '\0') {
        fputs("  hint: ", stderr);
        cli_put(stderr, err->remedy);
        fputc('\n', stderr);
    }
}

int cli_usage_error(const char *command, const char *hint, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fputs("pyforge: error: ", stderr);
    cli_put(stderr, message);
    fputs("\n  hint: ", stderr);
    if (hint != NULL && hint[0] != '\0')
        cli_put(stderr, hint);
    else
        fprintf(stderr, "pyforge %s%s--help shows what is possible", command != NULL ? command : "",
                command != NULL ? " " : "");
    fputc('\n', stderr);
    return CLI_USAGE;
}

void cli_note(const char *text)
{
    fputs("note: ", stderr);
    cli_put(stderr, text);
    fputc('\n', stderr);
}

static void print_log(void *user, enum pf_log_level level, const char *message)
{
    static const char *const words[] = {
        [PF_LOG_DEBUG] = "debug: ", [PF_LOG_INFO] = "info: ", [PF_LOG_WARNING] = "note: ", [PF_LOG_ERROR] = "error: "
    };

    (void)user;
    fputs(words[level], stderr);
    cli_put(stderr, message);
    fputc('\n', stderr);
}

void cli_log_to_stderr(struct pf_context *ctx, enum pf_log_level from)
{
    pf_context_on_log(ctx, print_log, NULL, from);
}

int cli_close_stdout(int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return code;
    if (errno == EPIPE)
        return CLI_PIPE_CLOSED;
    fprintf(stderr, "pyforge: error: cannot write to standard output: %s\n", strerror(errno));
    return code == CLI_DONE ? CLI_FAILED : code;
}
