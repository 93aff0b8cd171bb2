/* What --header says, of text and of sheets alike. */
#ifndef PF_FORMATS_HEADER_OPTION_H
#define PF_FORMATS_HEADER_OPTION_H

#include <stdint.h>

#include "base/error.h"

enum pf_header_mode { PF_HEADER_AUTO, PF_HEADER_YES, PF_HEADER_NO, PF_HEADER_PLACED };
struct pf_header_option {
    enum pf_header_mode mode;
    int64_t first, last; /* PF_HEADER_PLACED: from 1 */
};

/* text NULL = auto. where: what is counted, "line" or "row"; most: the last there can be. PF_BAD_OPTION. */
enum pf_status pf_header_option_parse(const char *text, const char *where, int64_t most, struct pf_header_option *out,
                                      struct pf_error *err);

#endif
