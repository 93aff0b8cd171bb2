/* Between the files of the example. Only pyforge/extension.h is needed of PyForge, and nothing of it is linked. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <pyforge/extension.h>

/* What the extension keeps while it is loaded. Every function of it gets this as self; there are no globals. */
struct example {
    const struct pf_host *host;
};

extern const struct pf_format_addition example_format;
extern const struct pf_scheme_addition example_scheme;
extern const struct pf_engine_addition example_engine;

#endif
