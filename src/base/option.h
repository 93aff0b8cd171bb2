/* Options: values read by table into their owner's struct. The functions are public (pyforge.h, "options"); this is what the
 * library itself needs besides. */
#ifndef PF_BASE_OPTION_H
#define PF_BASE_OPTION_H

#include "base/error.h"
#include "base/memory.h"

/* A password or token: its value goes into no message, log or record. */
bool pf_option_is_secret(const struct pf_option *option);
/* The value of one option alone, whatever its kind. */
union pf_option_value {
    bool flag;
    int64_t integer;
    double number;
    const char *text;
    int choice;
};
/* As pf_option_set, for an option that stands by itself: its place in a structure does not count. */
enum pf_status pf_option_set_alone(const struct pf_option *option, const char *name, const char *value,
                                   union pf_option_value *to, struct pf_error *err);
/* The rows of a table before its end. */
uint32_t pf_option_count(const struct pf_option *table);
/* True when name (as users write it) means this option. *negated: it was named with "no-" in front. */
bool pf_option_named(const struct pf_option *option, const char *name, bool *negated);
/* Whether name means one of these options of the table; names ends with NULL. */
bool pf_option_is_among(const struct pf_option *table, const char *name, const char *const *names);
/* Whether it takes a list of texts, which goes on where the option is given again. */
bool pf_option_goes_on(const struct pf_option *option);
/* The first spelling of the choice at place; its length is in *size. NULL = there is no such place. */
const char *pf_option_choice(const struct pf_option *option, int place, size_t *size);
/* "256M" as bytes, with K, M, G or T as powers of 1024. false = not a size, or too large. */
bool pf_parse_size(const char *text, int64_t *bytes);

#endif
