
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mount.h"
#include "mount_messages.h"

static const struct pf_host *host_of(const struct mount *mount)
{
    return mount->host;
}

struct reader {
    const struct pf_host *host;
    struct mount_place place;
    int fd;
};

/* ---- what is there */

static void fill(struct pf_location *out, const struct stat *st)
{
    out->directory = S_ISDIR(st->st_mode);
    out->bytes = out->directory ? -1 : (int64_t)st->st_size;
    out->modified_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static enum pf_status mount_stat(void *self, struct pf_context *ctx, const char *location, struct pf_location *out,
                                 struct pf_error *err)
{
    const struct pf_host *host = host_of(self);
    struct mount_place place;
    struct stat st;

    (void)ctx;
    if (mount_place_of(host, location, false, &place, err) != PF_OK)
        return err->status;
    if (stat(place.path.path, &st) != 0)
        return mount_fail(host, &place, errno, "found", err);
    fill(out, &st);
    return PF_OK;
}

static bool is_left_out(const struct pf_host *host, const char *name)
{
    return name[0] == '.' && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || mount_part_is(host, name));
}

/* What cannot be looked at is told all the same: who needs it is to fail by it, not to go without. refused: it cannot be told as what. */
static enum pf_status emit_entry(const struct mount_place *place, const char *location, const struct dirent *found,
                                 const struct pf_host *host, pf_list_fn emit, void *user, struct pf_error *refused,
                                 struct pf_error *err)
{
    size_t size = strlen(location);
    const char *between = size != 0 && (location[size - 1] == '/' || location[size - 1] == ':') ? "" : "/";
    struct pf_location what = { .bytes = -1, .directory = found->d_type == DT_DIR };
    char entry[MOUNT_PATH], real[MOUNT_PATH];
    struct stat st;

    if (snprintf(entry, sizeof entry, "%s%s%s", location, between, found->d_name) >= MOUNT_PATH ||
        snprintf(real, sizeof real, "%s/%s", place->path.path, found->d_name) >= MOUNT_PATH)
        return mount_fail(host, place, ENAMETOOLONG, "listed", err);
    if (stat(real, &st) == 0) {
        fill(&what, &st);
    } else if (errno == ENOENT) {
        return PF_OK; /* removed meanwhile */
    } else if (found->d_type == DT_UNKNOWN) {
        (void)mount_fail(host, place, errno, "listed", refused);
        return PF_OK;
    }
    return emit(user, entry, &what, err);
}

static enum pf_status emit_entries(const struct mount_place *place, const char *location, DIR *listing,
                                   const struct pf_host *host, pf_list_fn emit, void *user, struct pf_error *err)
{
    struct pf_error refused = { .status = PF_OK };
    enum pf_status status = PF_OK;
    const struct dirent *found;

    errno = 0;
    while (status == PF_OK && (found = readdir(listing)) != NULL) {
        if (!is_left_out(host, found->d_name))
            status = emit_entry(place, location, found, host, emit, user, &refused, err);
        errno = 0;
    }
    if (status == PF_OK && errno != 0)
        status = mount_fail(host, place, errno, "listed", err);
    if (status != PF_OK || refused.status == PF_OK)
        return status;
    *err = refused;
    return refused.status;
}

static enum pf_status mount_list(void *self, struct pf_context *ctx, const char *location, pf_list_fn emit, void *user,
                                 struct pf_error *err)
{
    const struct pf_host *host = host_of(self);
    struct mount_place place;
    enum pf_status status;
    DIR *listing;

    (void)ctx;
    if (mount_place_of(host, location, false, &place, err) != PF_OK)
        return err->status;
    listing = opendir(place.path.path);
    if (listing == NULL)
        return mount_fail(host, &place, errno, "listed", err);
    status = emit_entries(&place, location, listing, host, emit, user, err);
    (void)closedir(listing);
    return status;
}

static enum pf_status mount_make(void *self, struct pf_context *ctx, const char *location, struct pf_error *err)
{
    const struct pf_host *host = host_of(self);
    struct mount_place place;

    (void)ctx;
    if (mount_place_of(host, location, true, &place, err) != PF_OK)
        return err->status;
    if (mkdir(place.path.path, 0777) == 0 || errno == EEXIST)
        return PF_OK;
    return mount_fail(host, &place, errno, "made", err);
}

static enum pf_status mount_remove(void *self, struct pf_context *ctx, const char *location, struct pf_error *err)
{
    const struct pf_host *host = host_of(self);
    struct mount_place place;

    (void)ctx;
    if (mount_place_of(host, location, true, &place, err) != PF_OK)
        return err->status;
    return remove(place.path.path) == 0 ? PF_OK : mount_fail(host, &place, errno, "removed", err);
}

/* ---- reading */

static enum pf_status mount_open(void *self, struct pf_context *ctx, const char *location, void **out, struct pf_error *err)
{
    const struct pf_host *host = host_of(self);
    struct reader *reader = host->allocate(NULL, sizeof *reader);

    (void)ctx;
    if (reader == NULL)
        return mount_fail_memory(host, err);
    reader->host = host;
    reader->fd = -1;
    if (mount_place_of(host, location, false, &reader->place, err) == PF_OK) {
        reader->fd = open(reader->place.path.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (reader->fd >= 0) {
            *out = reader;
            return PF_OK;
        }
        (void)mount_fail(host, &reader->place, errno, "opened", err);
    }
    host->release(NULL, reader);
    return err->status;
}

static enum pf_status mount_read(void *self, void *to, size_t size, size_t *got, struct pf_error *err)
{
    const struct reader *reader = self;
    ssize_t count;

    do {
        count = read(reader->fd, to, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return mount_fail(reader->host, &reader->place, errno, "read", err);
    *got = (size_t)count;
    return PF_OK;
}

static enum pf_status fail_cut(const struct pf_host *host, struct pf_error *err)
{
    (void)host->fail(err, PF_BAD_DATA, SAY_MOUNT_CUT);
    host->remedy(err, SAY_MOUNT_CUT_REMEDY);
    return PF_BAD_DATA;
}

static enum pf_status mount_read_at(void *self, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    const struct reader *reader = self;

    while (size > 0) {
        ssize_t count = pread(reader->fd, to, size, offset);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return mount_fail(reader->host, &reader->place, errno, "read", err);
        if (count == 0)
            return fail_cut(reader->host, err);
        to = (char *)to + count;
        offset += count;
        size -= (size_t)count;
    }
    return PF_OK;
}

static void mount_close(void *self)
{
    struct reader *reader = self;

    (void)close(reader->fd);
    reader->host->release(NULL, reader);
}

static enum pf_status mount_identity(void *self, struct pf_context *ctx, const char *location, char *to, size_t size,
                                     struct pf_error *err)
{
    const struct pf_host *host = host_of(self);
    struct mount_place place;

    (void)ctx;
    if (mount_place_of(host, location, false, &place, err) != PF_OK)
        return err->status;
    if ((size_t)snprintf(to, size, "%s", place.path.path) >= size)
        return mount_fail(host, &place, ENAMETOOLONG, "named", err);
    return PF_OK;
}

/* The node's own disk; /tmp lies on a small one there. */
static const char *mount_scratch(void *self)
{
    (void)self;
    return access("/local_disk0/tmp", W_OK | X_OK) == 0 ? "/local_disk0/tmp" : NULL;
}

static const char *const claimed[] = { "/Volumes/", "/dbfs/", NULL };

void mount_scheme(struct mount *mount, struct pf_scheme_addition *out)
{
    *out = (struct pf_scheme_addition){
        .size = sizeof *out,
        .name = "dbfs",
        .description = "Unity Catalog volumes and DBFS, where they are mounted",
        .stat = mount_stat,
        .open = mount_open,
        .read = mount_read,
        .read_at = mount_read_at,
        .close = mount_close,
        .list = mount_list,
        .make_directory = mount_make,
        .remove = mount_remove,
        .create = mount_create,
        .write = mount_write,
        .commit = mount_commit,
        .discard = mount_discard,
        .self = mount,
        .paths = claimed,
        .identity = mount_identity,
        .flags = PF_SCHEME_STAGED,
        .prepare = mount_prepare,
        .scratch = mount_scratch,
    };
}
