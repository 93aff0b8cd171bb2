/* Web pages where a table was expected: what a download gives that failed, or that wanted a sign-in. */
#ifndef PF_FORMATS_MARKUP_H
#define PF_FORMATS_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PF_MARKUP_HEAD = 4096, PF_MARKUP_TITLE = 96, PF_MARKUP_WORDS = PF_MARKUP_TITLE + 40 };

/* The first bytes of a text, at most PF_MARKUP_HEAD of them, one byte a character: of UTF-16 the low bytes. Without byte order mark and
 * leading blanks, ended with NUL. Returns the bytes before it. */
size_t pf_markup_head(const uint8_t *head, size_t size, char to[PF_MARKUP_HEAD + 1]);
/* Whether text, made by pf_markup_head, begins an HTML document. */
bool pf_markup_is_html(const char *text);
/* "a web page (HTML), titled 'Sign in'": valid UTF-8 in one line, whatever the page holds. */
const char *pf_markup_words(const char *text, char to[PF_MARKUP_WORDS]);

#endif
