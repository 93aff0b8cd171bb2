/* Kinds of sink: one table of functions each. */
#ifndef PF_STORAGE_SINK_H
#define PF_STORAGE_SINK_H

#include "storage/storage.h"

struct pf_sink_functions {
    enum pf_status (*write)(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err);
    enum pf_status (*read_at)(struct pf_sink *sink, int64_t offset, void *to, size_t size,
                              struct pf_error *err); /* NULL = not */
    enum pf_status (*commit)(struct pf_sink *sink, struct pf_error *err);
    void (*discard)(struct pf_sink *sink); /* frees what the kind holds; after a commit, keeps the output */
    bool seen; /* somebody else has the bytes as soon as they are written: no discard takes them back */
};

struct pf_scheme; /* storage/scheme.h */

struct pf_sink {
    const struct pf_sink_functions *functions;
    struct pf_context *ctx;
    char *name;      /* location, for messages */
    int64_t size;    /* written so far */
    int fd;          /* files; -1 = none */
    size_t piece;    /* what poll() promises room for, where write() would wait; 0 = write() does not wait for somebody else */
    char *target;    /* file: the path to appear at commit, links resolved */
    char *temporary; /* file: its name beside the target until then; NULL = it has none yet */
    bool replace, sync, committed;
    struct pf_buffer memory;
    const struct pf_output *given;  /* a caller's functions */
    const struct pf_scheme *scheme; /* and what its writer is */
    void *writer;
    struct pf_sink *built, *straight; /* staged: the local file, until there is none; the scheme's sink, NULL = not yet */
};

/* For kinds that have nothing to do there. */
enum pf_status pf_sink_nothing_to_commit(struct pf_sink *sink, struct pf_error *err);
void pf_sink_nothing_to_discard(struct pf_sink *sink);

/* A scratch sink in folder, unless the user has named one for temporary files; NULL = the system's. */
enum pf_status pf_sink_scratch_in(struct pf_context *ctx, const char *folder, struct pf_sink **out, struct pf_error *err);

enum pf_status pf_sink_new(struct pf_context *ctx, const char *name, const struct pf_sink_functions *functions,
                           struct pf_sink **out, struct pf_error *err);

#endif
