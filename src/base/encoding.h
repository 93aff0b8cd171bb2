/* The names of encodings. */
#ifndef PF_BASE_ENCODING_H
#define PF_BASE_ENCODING_H

#include <stdint.h>

enum pf_encoding_kind {
    PF_ENCODING_UTF_8,
    PF_ENCODING_LATIN_1,
    PF_ENCODING_WINDOWS_1252,
    PF_ENCODING_UTF_16, /* order by the byte order mark */
    PF_ENCODING_UTF_16LE,
    PF_ENCODING_UTF_16BE,
    PF_ENCODING_PLATFORM /* iconv */
};

struct pf_encoding {
    const char *name; /* as shown */
    enum pf_encoding_kind kind;
    const char *platform; /* iconv's name */
    const char *keys;     /* spellings, in lower case without "-_ .", each between blanks */
};

/* NULL = not one of the table's. */
const struct pf_encoding *pf_encoding_find(const char *name);
/* Bytes of a character: 1, 2 (UTF-16; 4 beyond the basic plane), 4 (UTF-32); 0 = they differ, or are not known. */
uint32_t pf_encoding_unit(const char *name);

#endif
