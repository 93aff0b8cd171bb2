/* Writing to a mount: one pass into a part beside the target, then a rename. Where that is refused the part is copied over the target. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mount.h"
#include "mount_messages.h"
#include "mount_part.h"

/* What is given in small pieces reaches the mount in large ones. */
enum { LARGE_WRITE = 1 << 20 };

/* Five minutes for somebody else's copy, at 50 ms each. */
enum { TURN_TRIES = 6000 };

/* A rename that failed is tried once more, after so long. */
enum { MOVE_MILLISECONDS = 200 };

struct writer {
    struct mount *mount;
    const struct pf_host *host;
    struct pf_context *ctx;
    struct mount_part names;
    struct mount_place place;
    int fd; /* of the part; -1 = it is closed */
    bool replace;
    bool kept;     /* the part is all that has the new content: it is not to be removed */
    int64_t size;  /* given so far */
    char *pending; /* LARGE_WRITE bytes, */
    size_t held;   /* so many of them not yet written */
};

static enum pf_status fail(const struct writer *writer, int why, const char *doing, struct pf_error *err)
{
    return mount_fail(writer->host, &writer->place, why, doing, err);
}

/* ---- creating */

/* The folders above the file, in its volume. 0 or an errno. */
static int make_above(const struct path *path)
{
    char folder[PATH_BYTES];

    (void)snprintf(folder, sizeof folder, "%s", path->path);
    for (char *slash = strchr(folder + path->fixed + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return errno;
        *slash = '/';
    }
    return 0;
}

static void folder_of(const struct path *path, char to[PATH_BYTES])
{
    const char *slash = strrchr(path->path, '/');

    (void)snprintf(to, PATH_BYTES, "%.*s", slash != NULL ? (int)(slash - path->path) : 1, slash != NULL ? path->path : ".");
}

/* The folder, or the nearest above it that is there, can be written to. */
static enum pf_status check_folder(const struct pf_host *host, const struct mount_place *place, char folder[PATH_BYTES],
                                   struct pf_error *err)
{
    struct stat st;

    while (stat(folder, &st) != 0) {
        char *slash = strrchr(folder, '/');

        if (errno != ENOENT || slash == NULL || slash == folder || (size_t)(slash - folder) < place->path.fixed)
            return mount_fail(host, place, errno, "written", err);
        *slash = '\0';
    }
    if (!S_ISDIR(st.st_mode))
        return mount_fail(host, place, ENOTDIR, "written", err);
    return access(folder, W_OK | X_OK) == 0 ? PF_OK : mount_fail(host, place, errno, "written", err);
}

/* What is at the target allows it to be written. */
static enum pf_status check_target(const struct pf_host *host, const struct mount_place *place, bool replace,
                                   struct pf_error *err)
{
    struct stat st;

    if (stat(place->path.path, &st) != 0)
        return PF_OK;
    if (S_ISDIR(st.st_mode))
        return mount_fail(host, place, EISDIR, "written", err);
    return replace ? PF_OK : mount_fail_exists(host, err);
}

enum pf_status mount_prepare(void *self, struct pf_context *ctx, const char *location, bool replace, struct pf_error *err)
{
    struct mount *mount = self;
    const struct pf_host *host = mount->host;
    struct mount_place place;
    char folder[PATH_BYTES];

    if (mount_place_of(host, location, true, &place, err) != PF_OK)
        return err->status;
    folder_of(&place.path, folder);
    mount_clean(mount, ctx, folder);
    if (check_target(host, &place, replace, err) != PF_OK)
        return err->status;
    return check_folder(host, &place, folder, err);
}

static int open_part(const struct writer *writer)
{
    return open(writer->names.part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static enum pf_status begin(struct writer *writer, struct pf_error *err)
{
    int why;

    if (!mount_part_of(writer->host, writer->place.path.path, &writer->names))
        return fail(writer, ENAMETOOLONG, "written", err);
    if (check_target(writer->host, &writer->place, writer->replace, err) != PF_OK)
        return err->status;
    writer->fd = open_part(writer);
    if (writer->fd < 0 && errno == ENOENT) {
        why = make_above(&writer->place.path);
        if (why != 0)
            return fail(writer, why, "written", err);
        writer->fd = open_part(writer);
    }
    return writer->fd >= 0 ? PF_OK : fail(writer, errno, "written", err);
}

enum pf_status mount_create(void *self, struct pf_context *ctx, const char *location, bool replace, void **out,
                            struct pf_error *err)
{
    struct mount *mount = self;
    const struct pf_host *host = mount->host;
    struct writer *writer = host->allocate(ctx, sizeof *writer);

    if (writer == NULL)
        return mount_fail_memory(host, err);
    memset(writer, 0, sizeof *writer);
    writer->mount = mount;
    writer->host = host;
    writer->ctx = ctx;
    writer->replace = replace;
    writer->fd = -1;
    writer->pending = host->allocate(ctx, LARGE_WRITE);
    if (writer->pending == NULL)
        (void)mount_fail_memory(host, err);
    else if (mount_place_of(host, location, true, &writer->place, err) == PF_OK && begin(writer, err) == PF_OK) {
        *out = writer;
        return PF_OK;
    }
    mount_discard(writer);
    return err->status;
}

/* ---- writing */

static enum pf_status write_held(struct writer *writer, struct pf_error *err)
{
    int why = writer->held != 0 ? mount_part_write(writer->fd, writer->pending, writer->held) : 0;

    writer->held = 0;
    return why == 0 ? PF_OK : fail(writer, why, "written", err);
}

enum pf_status mount_write(void *self, const void *bytes, size_t size, struct pf_error *err)
{
    struct writer *writer = self;
    int why;

    writer->size += (int64_t)size;
    if (writer->held + size <= LARGE_WRITE) {
        memcpy(writer->pending + writer->held, bytes, size);
        writer->held += size;
        return PF_OK;
    }
    if (write_held(writer, err) != PF_OK)
        return err->status;
    if (size < LARGE_WRITE) {
        memcpy(writer->pending, bytes, size);
        writer->held = size;
        return PF_OK;
    }
    why = mount_part_write(writer->fd, bytes, size);
    return why == 0 ? PF_OK : fail(writer, why, "written", err);
}

/* ---- where renaming is refused */

/* Whether an errno of rename says that this mount does not rename. Every other one is a failure, which may pass: a target that is
 * there is not cut for it. */
static bool is_refused(int why)
{
    return why == ENOSYS || why == EOPNOTSUPP || why == ENOTSUP || why == EPERM;
}

/* What is missing for the copy is not there, as far as the mount tells of its space; what the target has comes free. */
static bool lacks_room(const struct writer *writer)
{
    const char *target = writer->names.target;
    struct statvfs space;
    struct stat st;
    uint64_t missing;

    if (stat(target, &st) != 0 || (int64_t)st.st_size >= writer->size)
        return false;
    if (statvfs(target, &space) != 0 || space.f_blocks == 0 || space.f_frsize == 0)
        return false;
    missing = (uint64_t)(writer->size - (int64_t)st.st_size);
    return (missing - 1) / space.f_frsize + 1 > space.f_bavail;
}

/* The copy over the target stopped half-way: what is whole stays beside it, for the next run or a person to complete. */
static enum pf_status leave(struct writer *writer, int why, struct pf_error *err)
{
    char text[2 * MOUNT_PATH + 200], folder[PATH_BYTES];

    writer->kept = true;
    folder_of(&writer->place.path, folder);
    mount_left(writer->mount, folder);
    if (mount_part_record(writer->names.left, writer->size) == 0)
        (void)unlink(writer->names.whole);
    (void)snprintf(text, sizeof text, SAY_MOUNT_LEFT, writer->names.target, writer->names.part);
    writer->host->warn(writer->ctx, text);
    return mount_fail_advised(writer->host, &writer->place, why, "written", SAY_MOUNT_LEFT_REMEDY, err);
}

/* A target that was there is torn from here on until the copy is complete, so it is not given up unless the mount makes us. */
static enum pf_status copy_over(struct writer *writer, bool fresh, int from, int to, struct pf_error *err)
{
    const struct mount_part *names = &writer->names;
    int why = mount_part_copy(writer->host, fresh ? writer->ctx : NULL, from, to);

    if (why == 0)
        why = mount_part_check(names->target, writer->size);
    if (why != 0 && !fresh)
        return leave(writer, why, err);
    if (why != 0)
        (void)unlink(names->target);
    (void)unlink(names->whole);
    if (why == ECANCELED)
        return writer->host->check_cancel(writer->ctx, err);
    return why == 0 ? PF_OK : fail(writer, why, "written", err);
}

/* A name that is free is taken exclusively, so that of two writers one is told; a file that is there is opened in its place. */
static int open_target(const struct writer *writer, bool *fresh)
{
    int fd = -1;

    *fresh = access(writer->names.target, F_OK) != 0;
    if (*fresh)
        fd = open(writer->names.target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (*fresh && (fd >= 0 || errno != EEXIST))
        return fd;
    *fresh = false;
    if (!writer->replace) {
        errno = EEXIST;
        return -1;
    }
    return open(writer->names.target, O_WRONLY | O_TRUNC | O_CLOEXEC);
}

/* Writes the record, and waits until nobody else copies over the target. */
static enum pf_status take_turn(struct writer *writer, struct pf_error *err)
{
    const struct mount_part *names = &writer->names;
    int why = mount_part_take_turn(writer->host, writer->ctx, names, writer->size, TURN_TRIES);

    /* where it cannot be told, a name that is free is taken exclusively, which is enough */
    if (why == 0 || (why == EACCES && access(names->whole, F_OK) == 0 && access(names->target, F_OK) != 0))
        return PF_OK;
    (void)unlink(names->whole);
    if (why == ECANCELED)
        return writer->host->check_cancel(writer->ctx, err);
    if (why == EBUSY)
        return mount_fail_advised(writer->host, &writer->place, EBUSY, "replaced", SAY_MOUNT_BUSY_REMEDY, err);
    return fail(writer, why, "replaced", err);
}

/* With the part open: what is to be written is at hand before anything is cut. */
static enum pf_status place_open_part(struct writer *writer, int refused, int part, struct pf_error *err)
{
    char text[MOUNT_PATH + 300];
    bool fresh;
    int fd = open_target(writer, &fresh), why = fd < 0 ? errno : 0;

    if (fd < 0) {
        (void)unlink(writer->names.whole);
        return why == EEXIST ? mount_fail_exists(writer->host, err) : fail(writer, why, "replaced", err);
    }
    if (copy_over(writer, fresh, part, fd, err) != PF_OK)
        return err->status;
    if (!fresh) {
        (void)snprintf(text, sizeof text, SAY_MOUNT_COPIED, writer->names.target, strerror(refused));
        writer->host->warn(writer->ctx, text);
    }
    (void)unlink(writer->names.part);
    return PF_OK;
}

static enum pf_status place_by_copy(struct writer *writer, int refused, struct pf_error *err)
{
    enum pf_status status;
    int part, why;

    if (!writer->names.named)
        return mount_fail_advised(writer->host, &writer->place, refused, "renamed", SAY_MOUNT_NAME_REMEDY, err);
    if (take_turn(writer, err) != PF_OK)
        return err->status;
    if (lacks_room(writer)) {
        (void)unlink(writer->names.whole);
        return fail(writer, ENOSPC, "replaced", err);
    }
    part = open(writer->names.part, O_RDONLY | O_CLOEXEC);
    if (part < 0) {
        why = errno;
        (void)unlink(writer->names.whole);
        return fail(writer, why, "read", err);
    }
    status = place_open_part(writer, refused, part, err);
    (void)close(part);
    return status;
}

/* ---- the end */

static enum pf_status close_part(struct writer *writer, struct pf_error *err)
{
    int why, failed;

    if (write_held(writer, err) != PF_OK)
        return err->status;
    /* a mount may keep what was written until now, and tell only here what became of it */
    failed = close(writer->fd);
    why = failed != 0 ? errno : 0;
    writer->fd = -1;
    if (why == 0)
        why = mount_part_check(writer->names.part, writer->size);
    return why == 0 ? PF_OK : fail(writer, why, "completed", err);
}

/* A rename of which the answer was lost: the part is gone, and the target is what the part was. */
static bool has_moved(const struct writer *writer)
{
    struct stat st;

    return access(writer->names.part, F_OK) != 0 && errno == ENOENT && stat(writer->names.target, &st) == 0 &&
           (int64_t)st.st_size == writer->size;
}

/* Gives the part the target's name. What may pass is tried once more. 0 or an errno. */
static int move(const struct writer *writer, unsigned int flags)
{
    const struct mount_part *names = &writer->names;
    int why = 0;

    for (int tries = 0; tries < 2; tries++) {
        if (tries > 0)
            (void)poll(NULL, 0, MOVE_MILLISECONDS);
        if (renameat2(AT_FDCWD, names->part, AT_FDCWD, names->target, flags) == 0)
            return 0;
        why = errno;
        if (has_moved(writer))
            return 0;
        if (why != EIO && why != EAGAIN && why != EBUSY && why != ETIMEDOUT)
            break;
    }
    return why;
}

/* Where a rename cannot refuse what is there by itself: the name is taken by an empty file, which only one can make, and the part renamed
 * over that. The record has a run that is killed in between completed. 0 or an errno. */
static int claim_name(const struct writer *writer)
{
    const struct mount_part *names = &writer->names;
    int why = names->named ? mount_part_record(names->whole, writer->size) : 0, fd;
    struct stat st;

    if (why != 0)
        return why;
    fd = open(names->target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    why = fd < 0 ? errno : close(fd) != 0 ? errno : 0;
    if (why == 0 && stat(names->target, &st) == 0 && st.st_size != 0)
        why = EEXIST; /* somebody has replaced it */
    else if (why == 0)
        why = move(writer, 0);
    /* the empty file of our own, and nothing else that may be there by now */
    if (fd >= 0 && why != 0 && why != EEXIST && stat(names->target, &st) == 0 && st.st_size == 0)
        (void)unlink(names->target);
    if (names->named)
        (void)unlink(names->whole);
    return why;
}

/* 0 or an errno; EEXIST = something is there that is not to be replaced. */
static int take_name(const struct writer *writer)
{
    int why = move(writer, writer->replace ? 0 : RENAME_NOREPLACE);

    if (why == 0 || writer->replace)
        return why;
    if (why == EEXIST || access(writer->names.target, F_OK) == 0)
        return EEXIST;
    return claim_name(writer);
}

enum pf_status mount_commit(void *self, struct pf_error *err)
{
    struct writer *writer = self;
    int why;

    if (close_part(writer, err) != PF_OK)
        return err->status;
    why = take_name(writer);
    if (why == EEXIST)
        return mount_fail_exists(writer->host, err);
    if (why != 0 && is_refused(why) && access(writer->names.part, F_OK) == 0)
        return place_by_copy(writer, why, err);
    return why == 0 ? PF_OK : fail(writer, why, "replaced", err);
}

void mount_discard(void *self)
{
    struct writer *writer = self;
    const struct pf_host *host = writer->host;

    if (writer->fd >= 0)
        (void)close(writer->fd);
    if (!writer->kept && writer->names.part[0] != '\0')
        (void)unlink(writer->names.part);
    host->release(writer->ctx, writer->pending);
    host->release(writer->ctx, writer);
}
