/* Whether a text is JSON: what extensions answer goes into records of ours as it stands. */
#include <string.h>

#include "base/text.h"
#include "extension/set.h"

enum { MOST_DEPTH = 64 };

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Each of these gives the place behind what it read; NULL = it is not there. */
static const char *read_value(const char *at, int depth);

static const char *read_text(const char *at)
{
    for (at++; *at != '"'; at++) {
        if ((uint8_t)*at < 0x20)
            return NULL;
        if (*at != '\\')
            continue;
        at++;
        if (*at == 'u') {
            for (int i = 0; i < 4; i++) {
                if (strchr("0123456789abcdefABCDEF", at[1]) == NULL || at[1] == '\0')
                    return NULL;
                at++;
            }
        } else if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL) {
            return NULL;
        }
    }
    return at + 1;
}

static const char *read_digits(const char *at)
{
    size_t size = strspn(at, "0123456789");

    return size > 0 ? at + size : NULL;
}

static const char *read_number(const char *at)
{
    at += *at == '-' ? 1 : 0;
    at = *at == '0' ? at + 1 : read_digits(at);
    if (at != NULL && *at == '.')
        at = read_digits(at + 1);
    if (at != NULL && (*at == 'e' || *at == 'E')) {
        at++;
        at = read_digits(at + (*at == '+' || *at == '-' ? 1 : 0));
    }
    return at;
}

/* Members of an object (named) or items of an array. */
static const char *read_list(const char *at, char end, bool named, int depth)
{
    at = skip_blanks(at + 1);
    if (*at == end)
        return at + 1;
    for (;;) {
        if (named) {
            at = *at == '"' ? read_text(at) : NULL;
            at = at != NULL ? skip_blanks(at) : NULL;
            if (at == NULL || *at != ':')
                return NULL;
            at++;
        }
        at = read_value(at, depth + 1);
        if (at == NULL)
            return NULL;
        at = skip_blanks(at);
        if (*at == end)
            return at + 1;
        if (*at != ',')
            return NULL;
        at = skip_blanks(at + 1);
    }
}

static const char *read_value(const char *at, int depth)
{
    static const char *const words[] = { "true", "false", "null" };

    if (depth > MOST_DEPTH)
        return NULL;
    at = skip_blanks(at);
    if (*at == '{')
        return read_list(at, '}', true, depth);
    if (*at == '[')
        return read_list(at, ']', false, depth);
    if (*at == '"')
        return read_text(at);
    for (size_t i = 0; i < PF_COUNT(words); i++) {
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    }
    return read_number(at);
}

bool pf_json_is_valid(const char *text)
{
    const char *end = read_value(text, 0);

    return end != NULL && *skip_blanks(end) == '\0' && pf_utf8_valid((const uint8_t *)text, strlen(text), 0) == strlen(text) &&
           strpbrk(text, "\n\r") == NULL;
}
