/* The conformance suite: between its files. */
#ifndef PF_EXTENSION_CONFORM_H
#define PF_EXTENSION_CONFORM_H

#include "extension/use.h"

struct conform {
    struct pf_extensions *set;
    struct pf_entry *entry;
    struct pf_context *ctx; /* has the set */
    pf_extension_check_fn tell;
    void *user;
    uint32_t failed;
};

/* Tells one check, and when it is not good, why. Gives good. */
bool pf_conform_check(struct conform *c, bool good, const char *what, const char *why, ...) PF_PRINTF(4, 5);
/* Tells what is no fault and worth knowing. */
void pf_conform_note(struct conform *c, const char *what, const char *note);
/* Whether the context has as much memory out as before. */
void pf_conform_memory(struct conform *c, size_t before, const char *what);
size_t pf_conform_in_use(const struct conform *c);
/* A failure has a known status and says something. */
bool pf_conform_is_told(enum pf_status status, const struct pf_error *err);

void pf_conform_format(struct conform *c, const struct pf_format_use *use);
void pf_conform_engine(struct conform *c, const struct pf_engine_addition *engine);
void pf_conform_scheme(struct conform *c, const struct pf_scheme *scheme, const char *location);

#endif
