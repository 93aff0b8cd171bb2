/* Secrets that stand in locations: the password of "https://user:password@host/", what follows the ? of a signed address, the
 * parameters of "sc://host/;token=...". Locations are used as they were given, and shown without these. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "pyforge/pyforge.h"

/* A location in a text: "name:/" with one slash or two, to the next blank. */
struct place {
    char *name, *authority, *end;
    bool slashes; /* two at least */
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool in_name(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

/* What ends a sentence or a quotation belongs to no location. */
static char *end_of(char *text)
{
    char *end = text;

    while (!is_blank(*end))
        end++;
    while (end > text && strchr(".,;:!)]}'\"`", end[-1]) != NULL)
        end--;
    return end;
}

static bool next_place(char *text, struct place *out)
{
    for (char *colon = strstr(text, ":/"); colon != NULL; colon = strstr(colon + 1, ":/")) {
        char *name = colon;

        while (name > text && in_name(name[-1]))
            name--;
        while (name < colon && !is_letter(*name))
            name++;
        if (name == colon)
            continue;
        out->name = name;
        out->authority = colon + 1 + strspn(colon + 1, "/");
        out->slashes = out->authority - colon > 2;
        out->end = end_of(out->authority);
        return true;
    }
    return false;
}

static bool is_called(const struct place *place, const char *name)
{
    return strncasecmp(place->name, name, strlen(name)) == 0 && place->name[strlen(name)] == ':';
}

/* Stars for what there was; how long a secret is, is none of its reader's business either. Gives where the text goes on. */
static char *hide(char *from, char *to)
{
    size_t size = (size_t)(to - from), stars = size < 3 ? size : 3;

    memset(from, '*', stars);
    memmove(from + stars, to, strlen(to) + 1);
    return from + stars;
}

static char *last_at(char *from, const char *to)
{
    char *last = NULL;

    for (; from < to; from++)
        last = *from == '@' ? from : last;
    return last;
}

/* Passwords may have blanks in them that nobody has written as %20: then the @ is looked for in the rest of the line. */
static char *at_in_line(char *from)
{
    return last_at(from, from + strcspn(from, "\n"));
}

static bool is_port(const char *text, size_t size)
{
    return strspn(text, "0123456789") >= size;
}

/* The secret between the : of a user and the @ of a host. A password may have any sign in it, and one that was cut has no @ any
 * more. false = there is none. */
static bool find_password(const struct place *place, char **from, char **to)
{
    char *host = place->authority + strcspn(place->authority, "/?#"), *colon, *at;

    if (host > place->end)
        host = place->end;
    if (*place->authority == '[')
        return false;
    colon = memchr(place->authority, ':', (size_t)(host - place->authority));
    at = last_at(place->authority, host);
    if (colon == NULL || (at != NULL && at < colon)) {
        /* a user alone is a token, where it is not the container of a store */
        *from = place->authority;
        *to = at;
        return at != NULL && (is_called(place, "http") || is_called(place, "https"));
    }
    *from = colon + 1;
    if (at == NULL && is_port(colon + 1, (size_t)(host - colon - 1)))
        return false;
    if (at == NULL)
        at = last_at(colon, place->end);
    if (at == NULL)
        at = at_in_line(colon);
    if (at == NULL && !place->slashes)
        return false;
    *to = at != NULL ? at : place->end;
    return *to > *from;
}

/* Where the query or the parameters begin that may have a token in them; NULL = nowhere. */
static char *find_query(char *from, const char *end)
{
    for (; from < end; from++) {
        if (*from == '?')
            return from + 1;
        if ((*from == ';' || *from == '#') && memchr(from, '=', (size_t)(end - from)) != NULL)
            return from + 1;
    }
    return NULL;
}

/* Paths, in which the signs of a query are signs as others. */
static bool is_path(const struct place *place)
{
    return is_called(place, "file") || is_called(place, "dbfs");
}

void pf_hide_secrets(char *text)
{
    struct place place;

    while (next_place(text, &place)) {
        char *from, *to;

        text = place.authority;
        if (is_path(&place))
            continue;
        if (find_password(&place, &from, &to)) {
            text = hide(from, to);
            place.end = end_of(text);
        }
        from = find_query(text, place.end);
        if (from != NULL && from < place.end)
            text = hide(from, place.end);
    }
}
