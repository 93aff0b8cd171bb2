/* The context: everything hangs on it; there is no other state. */
#ifndef PF_BASE_CONTEXT_H
#define PF_BASE_CONTEXT_H

#include <stdatomic.h>

#include "base/error.h"
#include "base/memory.h"

/* Limits against hostile input. Options raise them. */
struct pf_limits {
    size_t record_bytes; /* one record of a text format */
    uint32_t columns;    /* of one table */
    double expansion;    /* decompressed bytes per stored byte, once over 64 MiB */
};

struct pf_format_list; /* formats/registry.h */
struct pf_extensions;  /* extension/set.h */
struct pf_schemes;     /* storage/scheme.h */
struct pf_hook_run;    /* extension/hooks.c */

struct pf_context {
    atomic_uint holders; /* the owner, and what was made from the context and may outlive it */
    struct pf_memory memory;
    struct pf_limits limits;
    const struct pf_format_list *formats;
    struct pf_extensions *extensions; /* NULL = none */
    const struct pf_schemes *schemes; /* what locations may begin with; NULL = there are local files only */
    struct pf_hook_run *hook_run;     /* a hook is being called */
    bool inside_hook;                 /* what is done is done for a hook: no hooks are called for it */
    bool inside_environment;          /* the environment is being asked for, perhaps by a hook that tells of it */
    atomic_bool cancelled;
    void (*reword)(const struct pf_context *ctx, char *line,
                   size_t room); /* puts advice in the caller's words; NULL = as it is */
    pf_log_fn log;
    void *log_user;
    enum pf_log_level log_from;
    bool log_as_set;      /* log_from follows the setting log-level */
    const char *temp_dir; /* of the running job, which owns the text; NULL = as the environment says */
    void (*warn)(void *user, struct pf_context *ctx,
                 const char *text); /* where warnings about the running job go; NULL = to the log */
    void *warn_user;
    pf_progress_fn progress;
    void *progress_user;
    void (*wait)(void *user);
    void *wait_user;
};

/* A context for these formats; NULL = out of memory. pf_context_free gives it back. */
struct pf_context *pf_context_make(const struct pf_format_list *formats);
/* Keeps the context until as many calls of pf_context_release; the last one frees it. Any thread. */
void pf_context_hold(struct pf_context *ctx);
void pf_context_release(struct pf_context *ctx);

/* Calls the log function when one is set and the level is asked for. Calling thread only. */
void pf_log(struct pf_context *ctx, enum pf_log_level level, const char *format, ...) PF_PRINTF(3, 4);
/* A warning as its reader is to see it, without the secrets of locations. */
void pf_reword(const struct pf_context *ctx, char *line, size_t room);
/* A warning that belongs to the result of the running job (how an input was understood, what was left out). Calling thread
 * only. */
void pf_warn(struct pf_context *ctx, const char *format, ...) PF_PRINTF(2, 3);
/* PF_CANCELLED (err filled) once the context was cancelled, else PF_OK. Any thread. */
enum pf_status pf_check_cancel(struct pf_context *ctx, struct pf_error *err);
/* Calls the owner's function for it, which may cancel: in loops that wait for somebody else. Calling thread only. */
void pf_waiting(const struct pf_context *ctx);

#endif
