/* Extensions, as the room above uses them. All functions do nothing, or answer as if there were none, for a context without
 * extensions. */
#ifndef PF_EXTENSION_USE_H
#define PF_EXTENSION_USE_H

#include "extension/set.h"

/* ---- formats and options */

/* The built-in formats and those of loaded extensions. Stays valid and as it is: what is added makes a new list. */
const struct pf_format_list *pf_formats(const struct pf_context *ctx);
/* *out NULL = there is none. An error when an extension promises it and cannot be had. */
enum pf_status pf_find_reader(struct pf_context *ctx, const char *name, const struct pf_reader **out, struct pf_error *err);
enum pf_status pf_find_writer(struct pf_context *ctx, const char *name, const struct pf_writer **out, struct pf_error *err);
enum pf_status pf_find_writer_of(struct pf_context *ctx, const char *path, const struct pf_writer **out, struct pf_error *err);
/* By content and by the suffix of the source's name. */
enum pf_status pf_find_reader_of(struct pf_context *ctx, struct pf_source *src, const struct pf_reader **out,
                                 struct pf_error *err);

/* An extension that cannot be had and of which nobody knows what it adds: a file may be of its format. why: "is disabled" and so on.
 * NULL = there is none. */
const char *pf_extension_silent(const struct pf_context *ctx, const char **why);

/* The option tables of loaded extensions that belong to no format, and whose each is: "NAME extension". NULL after the last. */
const struct pf_option *pf_extension_options(const struct pf_context *ctx, uint32_t index, const char **owner);
/* Loads what promises the option, else what promises nothing. false = nothing was loaded, so there is nothing new. */
bool pf_want_option(const struct pf_context *ctx, const char *name);
/* Loads all that promises options: what was meant by a name that nobody knows may be among them. */
void pf_want_options(const struct pf_context *ctx);
/* Loads extensions of which nothing is known before: they may add anything. Before a conversion. */
void pf_want_unknown(struct pf_context *ctx);

/* ---- engines; borrowed for as long as the set is in use */
/* Loads those that are for any conversion, and those for what only engines write: a table, or this format. */
void pf_want_engines(const struct pf_context *ctx, bool table, const char *format);
/* Of those that are loaded. NULL after the last. */
const struct pf_engine_addition *pf_engine_at(struct pf_context *ctx, uint32_t index, void **self);
/* NULL = there is none; err is filled when it should be there. */
const struct pf_engine_addition *pf_find_engine(struct pf_context *ctx, const char *name, void **self, struct pf_error *err);

/* ---- hooks of one conversion */

/* What a conversion offers to hooks. by is the extension's name. */
struct pf_hook_subject {
    void *user;
    const char *input, *output; /* NULL = there is none */
    const char *(*option)(void *user, const char *name);
    const char *(*options)(void *user); /* JSON */
    enum pf_status (*set)(void *user, const char *by, const char *name, const char *value, struct pf_error *err);
    void (*note)(void *user, const char *text);                                   /* becomes part of the result */
    void (*fact)(void *user, const char *by, const char *name, const char *json); /* the JSON is valid */
    const char *result;                                                           /* NULL except for POST */
    const struct pf_error *error;                                                 /* NULL except for ERROR */
};

struct pf_hook_user; /* an extension that has hooks */

struct pf_hook_run {
    struct pf_context *ctx;
    struct pf_extensions *set;
    struct pf_hook_subject *subject; /* borrowed */
    struct pf_hook_user *users;      /* in the order in which they are called */
    uint32_t count;
    double limit; /* seconds a hook may take */
    bool retry;   /* an ERROR hook asks for one more attempt */
    const struct pf_hook_user *current;
    enum pf_hook hook;
    struct pf_mutex *log_lock; /* the watch may log while a hook does */
    struct pf_buffer pending;  /* what a hook logged while the watch did: a level and a text each */
};

/* Loads what has hooks. run is zero before; _end also after a failure. */
enum pf_status pf_hooks_begin(struct pf_hook_run *run, struct pf_context *ctx, struct pf_hook_subject *subject,
                              struct pf_error *err);
/* With the hooks of one extension, which is loaded. */
enum pf_status pf_hooks_begin_one(struct pf_hook_run *run, struct pf_context *ctx, struct pf_hook_subject *subject,
                                  const struct pf_entry *entry, struct pf_error *err);
/* Calls all hooks of a kind. What goes wrong in one becomes a note. */
void pf_hooks_call(struct pf_hook_run *run, enum pf_hook hook);
void pf_hooks_end(struct pf_hook_run *run);
/* What probes know of the machine goes to subject->fact; all = those of extensions that are not loaded yet, too. */
void pf_hooks_probe(struct pf_hook_run *run, bool all);
/* Notes which extensions could not be loaded: their hooks are missing. Those that the user has disabled are not meant. */
void pf_hooks_tell_failed(const struct pf_hook_run *run);

#endif
