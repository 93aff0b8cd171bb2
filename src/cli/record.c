/* Messages as records, for programs that collect logs: one JSON object a line on standard error. */
#include <string.h>
#include <time.h>

#include "cli/cli.h"

/* Bytes of the valid UTF-8 sequence at text, 0 when there is none. */
static int sequence_size(const unsigned char *text)
{
    int size = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;

    for (int i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Longer than needed, a surrogate, or beyond the last character. */
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0) || (text[0] == 0xf0 && text[1] < 0x90) ||
        (text[0] == 0xf4 && text[1] >= 0x90))
        return 0;
    return size;
}

/* A byte that is not UTF-8 becomes \udc80 to \udcff, as in the library's own JSON. */
void cli_json_text(struct cli_output *to, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    cli_write(to, "\"");
    while (*at != '\0') {
        int size = sequence_size(at);
        if (size == 0)
            cli_print(to, "\\udc%02x", *at);
        else if (*at == '"' || *at == '\\')
            cli_print(to, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            cli_print(to, "\\u%04x", *at);
        else
            cli_print(to, "%.*s", size, (const char *)at);
        at += size == 0 ? 1 : size;
    }
    cli_write(to, "\"");
}

static void put_member(struct cli_output *to, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    cli_print(to, ", \"%s\": ", name);
    cli_json_text(to, text);
}

static void put_place(struct cli_output *to, const char *name, long long place)
{
    if (place > 0)
        cli_print(to, ", \"%s\": %lld", name, place);
}

static void put_time(struct cli_output *to)
{
    char text[32] = "";
    struct timespec now;
    struct tm utc;

    (void)timespec_get(&now, TIME_UTC);
    if (gmtime_r(&now.tv_sec, &utc) != NULL)
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    cli_print(to, "{\"time\": \"%s.%03ldZ\"", text, now.tv_nsec / 1000000);
}

void cli_record(struct cli *cli, enum pf_log_level level, const char *message, const struct pf_error *err)
{
    static const char *const words[] = {
        [PF_LOG_DEBUG] = "debug", [PF_LOG_INFO] = "info", [PF_LOG_WARNING] = "warning", [PF_LOG_ERROR] = "error"
    };
    struct cli_output *to = &cli->err;

    put_time(to);
    put_member(to, "level", words[level]);
    put_member(to, "command", cli->command != NULL ? cli->command->name : "");
    cli_write(to, ", \"message\": ");
    cli_json_text(to, message);
    if (err != NULL) {
        put_member(to, "code", pf_status_name(err->status));
        put_member(to, "source", err->source);
        put_place(to, "row", err->row);
        put_place(to, "line", err->line);
        put_place(to, "column", err->column);
        put_member(to, "column_name", err->column_name);
        if (err->offset >= 0)
            cli_print(to, ", \"offset\": %lld", (long long)err->offset);
        put_member(to, "hint", err->remedy);
    }
    cli_write(to, "}\n");
}
