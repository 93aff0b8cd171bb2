/* dBase tables, as the registry sees them. */
#ifndef PF_FORMATS_DBF_DBF_FORMAT_H
#define PF_FORMATS_DBF_DBF_FORMAT_H

#include "formats/format.h"

struct pf_dbf_read_options {
    const char *encoding; /* NULL = as the file says, else by its text */
    bool with_deleted;
    bool compat;        /* texts as version 1.0 wrote them; set by the core */
    bool texts;         /* every column is text; set by the core */
    size_t block_bytes; /* about this much of the file in a block; 0 = as usual. No option: tests set it */
};

extern const struct pf_reader pf_dbf_reader;

#endif
