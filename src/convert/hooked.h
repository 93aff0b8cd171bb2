/* A conversion and the hooks of extensions: what they are told of it, and what they change. */
#ifndef PF_CONVERT_HOOKED_H
#define PF_CONVERT_HOOKED_H

#include "base/json.h"
#include "convert/request.h"
#include "extension/use.h"

struct pf_hooked_fact; /* hooked.c */

struct pf_hooked {
    struct pf_hook_run run;
    struct pf_hook_subject subject;
    struct pf_request *request;
    struct pf_arena arena;
    const struct pf_setting *given; /* by the user, wherever; by the settings files and the environment, too */
    uint32_t given_count;
    struct pf_setting *set; /* by hooks */
    uint32_t set_count, set_capacity;
    const char **notes;
    uint32_t note_count, note_capacity;
    struct pf_hooked_fact *facts; /* in the order of being told */
    bool facts_lost;              /* there was no memory for one */
    char *environment;            /* the facts, complete; NULL = none */
    const char *options;          /* JSON, made when it is asked for */
    bool may_retry, retried;      /* the input can be read and the output be written a second time */
};

/* Environment, parameters, performance, pre: until the end the request has what hooks set. hooked is zero before; _end also after
 * a failure. Nothing happens without extensions. */
enum pf_status pf_hooked_begin(struct pf_hooked *hooked, struct pf_request *request, struct pf_error *err);
void pf_hooked_end(struct pf_hooked *hooked);
/* After success, with the result; true = there are new notes. */
bool pf_hooked_post(struct pf_hooked *hooked, const char *result);
/* After a failure; true = there are new notes. */
bool pf_hooked_error(struct pf_hooked *hooked, const struct pf_error *err);
/* Whether the conversion is to be tried again; once. */
bool pf_hooked_retry(struct pf_hooked *hooked);

#endif
