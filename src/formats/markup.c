#include "formats/markup.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

size_t pf_markup_head(const uint8_t *head, size_t size, char to[PF_MARKUP_HEAD + 1])
{
    const bool little = size >= 2 && head[0] == 0xFF && head[1] == 0xFE, big = size >= 2 && head[0] == 0xFE && head[1] == 0xFF;
    const size_t step = little || big ? 2 : 1;
    size_t at = little || big ? 2u + (big ? 1 : 0) : size >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    size_t count = 0;

    for (; at < size && count < PF_MARKUP_HEAD; at += step) {
        if (count != 0 || !is_blank(head[at]))
            to[count++] = (char)head[at];
    }
    to[count] = '\0';
    return count;
}

/* What follows a declaration or comment at text and the blanks behind it; text itself when there is none. */
static const char *pass(const char *text, const char *begin, const char *end)
{
    const char *found = strncmp(text, begin, strlen(begin)) == 0 ? strstr(text, end) : NULL;

    if (found == NULL)
        return text;
    found += strlen(end);
    while (is_blank(*found))
        found++;
    return found;
}

bool pf_markup_is_html(const char *text)
{
    static const char *const tags[] = { "<!doctype html", "<html", "<head", "<body" };
    const char *before;

    do {
        before = text;
        text = pass(pass(text, "<?xml", "?>"), "<!--", "-->");
    } while (text != before);
    for (size_t i = 0; i < PF_COUNT(tags); i++) {
        const size_t size = strlen(tags[i]);

        if (strncasecmp(text, tags[i], size) == 0 && (is_blank(text[size]) || text[size] == '>'))
            return true;
    }
    return false;
}

/* The text of the title in one line; "" when there is none in what is there of the page. */
static void find_title(const char *text, char to[PF_MARKUP_TITLE])
{
    const char *at = strcasestr(text, "<title");
    size_t size = 0;

    to[0] = '\0';
    at = at != NULL ? strchr(at, '>') : NULL;
    if (at == NULL)
        return;
    for (at++; *at != '\0' && *at != '<' && size + 1 < PF_MARKUP_TITLE; at++) {
        const bool blank = (uint8_t)*at <= ' ' || *at == 0x7F;

        if (!blank || (size != 0 && to[size - 1] != ' '))
            to[size++] = blank ? ' ' : *at;
    }
    size -= pf_utf8_tail((const uint8_t *)to, size);
    while (size != 0 && to[size - 1] == ' ')
        size--;
    to[size] = '\0';
    if (pf_utf8_valid((const uint8_t *)to, size, 0) == size)
        return;
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)to[i] < 0x80 ? to[i] : '?';
}

const char *pf_markup_words(const char *text, char to[PF_MARKUP_WORDS])
{
    char title[PF_MARKUP_TITLE];

    find_title(text, title);
    (void)snprintf(to, PF_MARKUP_WORDS, title[0] != '\0' ? "a web page (HTML), titled '%s'" : "a web page (HTML)%s", title);
    return to;
}
