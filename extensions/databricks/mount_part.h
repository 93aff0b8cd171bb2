/* What stands beside a file on a mount while it is written.
 *
 *   .NAME.HOST-PID-START-UNIQUE.pyforge-part    the new content; its owner (pf_owner_name) is in its name
 *   .NAME.HOST-PID-START-UNIQUE.pyforge-whole   only while the content is copied over NAME, where it cannot be renamed: the part is
 *                                               complete, and has as many bytes as the text of this file says
 *   .NAME.HOST-PID-START-UNIQUE.pyforge-left    the same, from an owner that could not finish and has given up
 *
 * Mounts have no locks, so that an owner is gone is told from its name; on another host, or after a restart of this one, it counts as gone
 * when the part has not been written to for a day. A process of which nothing more can be told lives. */
#ifndef DATABRICKS_MOUNT_PART_H
#define DATABRICKS_MOUNT_PART_H

#include "pyforge/extension.h"

enum { MOUNT_PATH = 4096 };

struct mount_part {
    char target[MOUNT_PATH], part[MOUNT_PATH], whole[MOUNT_PATH], left[MOUNT_PATH];
    bool named; /* the target's name is whole in the others; a very long one is cut */
};

/* Names for a new part. false = the path is too long. */
bool mount_part_of(const struct pf_host *host, const char *target, struct mount_part *out);
/* Whether a name in a folder is one of those above. */
bool mount_part_is(const struct pf_host *host, const char *name);

enum mount_turn {
    MOUNT_TURN_MINE,   /* nobody else copies over the target */
    MOUNT_TURN_WAIT,   /* somebody else has a record, and comes later */
    MOUNT_TURN_YIELD,  /* somebody else has one, and comes first */
    MOUNT_TURN_UNKNOWN /* the folder cannot be listed */
};

/* With a record of one's own in place: of several who would copy over one target at the same time each sees the others' records, and the
 * first by name goes on once they have taken theirs away. */
enum mount_turn mount_part_turn(const struct pf_host *host, const struct mount_part *mine);
/* Writes the record whole of mine, which is the caller's to remove, and waits until nobody else copies over the target, as often as tries
 * says (50 ms each). 0 or an errno: EBUSY = it did not end, ECANCELED, EACCES = whose turn it is cannot be told. */
int mount_part_take_turn(const struct pf_host *host, struct pf_context *ctx, const struct mount_part *mine, int64_t size,
                         int tries);

/* Deals with what dead owners have left in the folder: a target they were copying over is completed, everything else removed. Says by a
 * warning what was done to a target, and what could not be. false = some of it stays, or the folder cannot be listed. */
bool mount_part_clean(const struct pf_host *host, struct pf_context *ctx, const char *folder);

/* Writes or removes the record that the part is whole: the name is that of whole or left. 0 or an errno. */
int mount_part_record(const char *name, int64_t size);

/* One sequential pass over the open file from, from where it is, into the open file to, which is closed, also on failure. 0 or an errno;
 * ECANCELED when ctx is, NULL = it cannot be. */
int mount_part_copy(const struct pf_host *host, struct pf_context *ctx, int from, int to);
/* All of bytes in as few calls as it takes. 0 or an errno. */
int mount_part_write(int fd, const void *bytes, size_t size);
/* Whether a file has size bytes; what was just closed is given a moment to show them. 0 or an errno; EIO = it has another size. */
int mount_part_check(const char *path, int64_t size);

#endif
