/* Words for people: counts, sizes and times, and the width of a text on a terminal. */
#ifndef PF_CONVERT_WORDS_H
#define PF_CONVERT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

enum { PF_WORDS = 48 };

/* "1,234,567" */
const char *pf_words_count(int64_t count, char to[PF_WORDS]);
/* "1,234 rows", "1 row": one is the singular. */
const char *pf_words_of(int64_t count, const char *one, char to[PF_WORDS]);
/* "1 row has", "1,234 rows have": the words for one and for more. */
const char *pf_words_verb(int64_t count, const char *one, const char *has, const char *have, char to[PF_WORDS]);
/* "950 bytes", "1.24 kB", "62.1 MB", "171 MB": powers of 1000, three digits. */
const char *pf_words_bytes(int64_t bytes, char to[PF_WORDS]);
/* "4 ms", "0.71 s", "12.3 s", "2 min 5 s" */
const char *pf_words_seconds(double seconds, char to[PF_WORDS]);

/* The value of a fact; a character that cannot be seen by its name ("tab", "blank"), nothing as "none". */
const char *pf_words_visible(const char *value);

/* Appends text with a picture of its own for each control character (a line feed as U+240A), each a column wide: what is to be a
 * line stays one. false = out of memory. */
bool pf_words_line(struct pf_buffer *to, const char *text);
/* Columns of a terminal that text takes: two for wide characters, none for combining ones; a byte that is not UTF-8 counts
 * as one. */
size_t pf_words_width(const char *text);

#endif
