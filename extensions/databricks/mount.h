/* The storage scheme of what Databricks mounts: /Volumes/..., dbfs:... and /dbfs/... .
 *
 * Reading is at any place. Writing goes the one way that such a mount offers: a new file from its first byte to its last, then a
 * rename (mount_write.c); what a stopped run has left is dealt with by the next one (mount_part.h). */
#ifndef DATABRICKS_MOUNT_H
#define DATABRICKS_MOUNT_H

#include <pthread.h>

#include "mount_part.h"
#include "path.h"

enum {
    MOUNT_CLEANED = 64,               /* folders that are remembered, */
    MOUNT_CLEAN_SHARE = 100,          /* so many times as long as it took to look through them, */
    MOUNT_CLEAN_AGAIN = 5 * 60 * 1000 /* and so many milliseconds at most */
};

/* What the scheme keeps for as long as its extension is loaded. Any thread. */
struct mount {
    const struct pf_host *host; /* borrowed */
    pthread_mutex_t lock;       /* of what follows */
    /* Folders where nothing of a dead owner was left: one that takes long to list is not listed for each of many files written to it. */
    struct {
        uint64_t folder; /* of its path; 0 = none */
        int64_t until;   /* milliseconds of a clock that never goes back */
    } cleaned[MOUNT_CLEANED];
};

/* NULL = there is no memory. host is borrowed until mount_free. */
struct mount *mount_new(const struct pf_host *host);
void mount_free(struct mount *mount);
/* The scheme dbfs, which also claims /Volumes/ and /dbfs/. mount is borrowed for as long as the scheme is used. */
void mount_scheme(struct mount *mount, struct pf_scheme_addition *out);

/* mount_part_clean, unless it was done not long ago, for what it takes. */
void mount_clean(struct mount *mount, struct pf_context *ctx, const char *folder);
/* Something was left in the folder: the next one who writes there is to deal with it. */
void mount_left(struct mount *mount, const char *folder);

/* Where a location leads, and what for. */
struct mount_place {
    struct path path;
    bool writing;
};

/* Refused when it is wrong and, for writing, when it is in no volume, or what is written there would be lost. */
enum pf_status mount_place_of(const struct pf_host *host, const char *location, bool writing, struct mount_place *out,
                              struct pf_error *err);
/* An errno as an error with its remedy. done: what could not be done to it, "written". */
enum pf_status mount_fail(const struct pf_host *host, const struct mount_place *place, int why, const char *done,
                          struct pf_error *err);
/* The same with a remedy of the caller's. */
enum pf_status mount_fail_advised(const struct pf_host *host, const struct mount_place *place, int why, const char *done,
                                  const char *remedy, struct pf_error *err);
enum pf_status mount_fail_memory(const struct pf_host *host, struct pf_error *err);
enum pf_status mount_fail_exists(const struct pf_host *host, struct pf_error *err);

/* Whether a file can be written, as far as that can be told without writing. What stopped runs have left in its folder is dealt with. */
enum pf_status mount_prepare(void *self, struct pf_context *ctx, const char *location, bool replace, struct pf_error *err);
enum pf_status mount_create(void *self, struct pf_context *ctx, const char *location, bool replace, void **writer,
                            struct pf_error *err);
enum pf_status mount_write(void *writer, const void *bytes, size_t size, struct pf_error *err);
enum pf_status mount_commit(void *writer, struct pf_error *err);
void mount_discard(void *writer);

#endif
