/* Arrow C streams as an input: a reader that is given a stream instead of a source. It is in no registry, as no file is read
 * by it. */
#ifndef PF_FORMATS_ARROW_ARROW_FORMAT_H
#define PF_FORMATS_ARROW_ARROW_FORMAT_H

#include "formats/format.h"

struct pf_arrow_read_options {
    struct ArrowArrayStream *stream; /* borrowed until close, released by its owner */
};

/* It may be read once: start can be called for one pass only. */
extern const struct pf_reader pf_arrow_reader;

#endif
