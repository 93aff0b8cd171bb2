/* What the command writes, on its way to the host: collected, so that the host is not called for every piece of a line. */
#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"

enum { PIECE = 1024 };

void cli_flush(struct cli_output *to)
{
    size_t size = to->used;

    to->used = 0;
    if (size > 0 && !to->failed)
        to->failed = !to->write(to->user, to->buffer, size);
}

static void put_bytes(struct cli_output *to, const char *bytes, size_t size)
{
    while (size > 0) {
        size_t room = sizeof to->buffer - to->used;
        size_t part = size < room ? size : room;

        memcpy(to->buffer + to->used, bytes, part);
        to->used += part;
        bytes += part;
        size -= part;
        if (to->used == sizeof to->buffer)
            cli_flush(to);
    }
}

/* Answers stand before the messages that follow them, and a message is seen as soon as its line ends. */
static void put(struct cli_output *to, const char *bytes, size_t size)
{
    if (to->before != NULL)
        cli_flush(to->before);
    put_bytes(to, bytes, size);
    if (to->before != NULL && size > 0 && bytes[size - 1] == '\n')
        cli_flush(to);
}

void cli_write(struct cli_output *to, const char *text)
{
    put(to, text, strlen(text));
}

void cli_print(struct cli_output *to, const char *format, ...)
{
    char piece[PIECE];
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    if (size > 0)
        put(to, piece, (size_t)size < sizeof piece ? (size_t)size : sizeof piece - 1);
}

void cli_put_part(struct cli_output *to, const char *text, size_t size)
{
    const char *plain = text, *end = text + size;

    for (; text < end; text++) {
        const unsigned char *at = (const unsigned char *)text;
        /* 0xc2 0x80 to 0xc2 0x9f are control characters, too. */
        bool two = *at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
        if (*at >= 0x20 && *at != 0x7f && !two)
            continue;
        put(to, plain, (size_t)(text - plain));
        cli_print(to, "\\x%02x", at[0]);
        if (two) {
            cli_print(to, "\\x%02x", at[1]);
            text++;
        }
        plain = text + 1;
    }
    put(to, plain, (size_t)(text - plain));
}

void cli_put(struct cli_output *to, const char *text)
{
    cli_put_part(to, text, strlen(text));
}

void cli_put_lines(struct cli_output *to, char *text)
{
    for (char *end; *text != '\0'; text = end) {
        end = text + strcspn(text, "\n");
        if (*end == '\n')
            *end++ = '\0';
        cli_put(to, text);
        cli_write(to, "\n");
    }
}
