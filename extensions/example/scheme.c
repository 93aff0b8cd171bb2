/* The scheme dir: "dir:a/b.csv" is the file a/b.csv in the folder that PYFORGE_EXAMPLE_DIR names.
 *
 * A real one speaks to a service instead. What counts is what PyForge relies on: nothing is seen at a location before commit, all of
 * it is seen after, and where replace is false the store itself decides that nothing was there (here link, which fails then). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "example.h"

enum { PATH = 4096 };

struct reader {
    const struct pf_host *host;
    int fd;
};

struct writer {
    const struct pf_host *host;
    struct pf_context *ctx;
    int fd;
    bool replace, named; /* named: the temporary file is still there */
    char temporary[PATH], target[PATH];
};

static enum pf_status fail(const struct pf_host *host, struct pf_error *err, enum pf_status status, const char *doing,
                           const char *what)
{
    char text[600];

    (void)snprintf(text, sizeof text, "cannot %s %.300s: %s", doing, what, strerror(errno));
    return host->fail(err, status, text);
}

/* The file of a location. A location that would lead out of the folder is refused. */
static enum pf_status path_of(const struct pf_host *host, const char *location, char to[PATH], struct pf_error *err)
{
    const char *folder = getenv("PYFORGE_EXAMPLE_DIR");
    const char *rest = strchr(location, ':') + 1;
    int wrote;

    if (folder == NULL || folder[0] == '\0') {
        (void)host->fail(err, PF_BAD_OPTION, "the scheme dir has no folder");
        host->remedy(err, "set PYFORGE_EXAMPLE_DIR to one");
        return PF_BAD_OPTION;
    }
    if (rest[0] == '/' || strstr(rest, "..") != NULL)
        return host->fail(err, PF_BAD_OPTION, "a location of the scheme dir stays in its folder");
    wrote = snprintf(to, PATH, "%s/%s", folder, rest);
    return wrote > 0 && wrote < PATH ? PF_OK : host->fail(err, PF_LIMIT, "the location is too long");
}

/* ---- what is there */

static enum pf_status dir_stat(void *self, struct pf_context *ctx, const char *location, struct pf_location *out,
                               struct pf_error *err)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    char path[PATH];
    struct stat st;

    (void)ctx;
    if (path_of(host, location, path, err) != PF_OK)
        return err->status;
    if (stat(path, &st) != 0)
        return fail(host, err, errno == ENOENT || errno == ENOTDIR ? PF_NOT_FOUND : PF_IO, "find", location);
    out->directory = S_ISDIR(st.st_mode);
    out->bytes = out->directory ? -1 : (int64_t)st.st_size;
    out->modified_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return PF_OK;
}

static enum pf_status dir_list(void *self, struct pf_context *ctx, const char *location, pf_list_fn emit, void *user,
                               struct pf_error *err)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    char path[PATH], entry[PATH];
    size_t size = strlen(location);
    const char *between = location[size - 1] == '/' || location[size - 1] == ':' ? "" : "/";
    enum pf_status status = PF_OK;
    const struct dirent *found;
    DIR *listing;

    if (path_of(host, location, path, err) != PF_OK)
        return err->status;
    listing = opendir(path);
    if (listing == NULL)
        return fail(host, err, errno == ENOENT ? PF_NOT_FOUND : PF_IO, "list", location);
    while (status == PF_OK && (found = readdir(listing)) != NULL) {
        struct pf_location what;
        int wrote = snprintf(entry, sizeof entry, "%s%s%s", location, between, found->d_name);

        if (found->d_name[0] == '.' || wrote < 0 || wrote >= PATH)
            continue;
        status = dir_stat(self, ctx, entry, &what, err);
        if (status == PF_OK)
            status = emit(user, entry, &what, err);
    }
    (void)closedir(listing);
    return status;
}

static enum pf_status dir_remove(void *self, struct pf_context *ctx, const char *location, struct pf_error *err)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    char path[PATH];

    (void)ctx;
    if (path_of(host, location, path, err) != PF_OK)
        return err->status;
    if (remove(path) == 0)
        return PF_OK;
    return fail(host, err, errno == ENOENT ? PF_NOT_FOUND : PF_IO, "remove", location);
}

static enum pf_status dir_make(void *self, struct pf_context *ctx, const char *location, struct pf_error *err)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    char path[PATH];

    (void)ctx;
    if (path_of(host, location, path, err) != PF_OK)
        return err->status;
    return mkdir(path, 0777) == 0 || errno == EEXIST ? PF_OK : fail(host, err, PF_IO, "make", location);
}

/* ---- reading */

static enum pf_status dir_open(void *self, struct pf_context *ctx, const char *location, void **out, struct pf_error *err)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    struct reader *reader;
    char path[PATH];
    int fd;

    (void)ctx;
    if (path_of(host, location, path, err) != PF_OK)
        return err->status;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(host, err, errno == ENOENT ? PF_NOT_FOUND : PF_IO, "open", location);
    reader = host->allocate(NULL, sizeof *reader);
    if (reader == NULL) {
        (void)close(fd);
        return host->fail(err, PF_NO_MEMORY, "there is no memory to open a file");
    }
    reader->host = host;
    reader->fd = fd;
    *out = reader;
    return PF_OK;
}

static enum pf_status dir_read(void *self, void *to, size_t size, size_t *got, struct pf_error *err)
{
    const struct reader *reader = self;
    ssize_t count;

    do {
        count = read(reader->fd, to, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return fail(reader->host, err, PF_IO, "read", "the file");
    *got = (size_t)count;
    return PF_OK;
}

/* Called by any thread, by several at once: pread keeps no place. */
static enum pf_status dir_read_at(void *self, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    const struct reader *reader = self;

    while (size > 0) {
        ssize_t count = pread(reader->fd, to, size, offset);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail(reader->host, err, PF_IO, "read", "the file");
        if (count == 0)
            return reader->host->fail(err, PF_BAD_DATA, "the file ends too early");
        to = (char *)to + count;
        offset += count;
        size -= (size_t)count;
    }
    return PF_OK;
}

static void dir_close(void *self)
{
    struct reader *reader = self;

    (void)close(reader->fd);
    reader->host->release(NULL, reader);
}

/* ---- writing */

static enum pf_status begin_file(struct writer *writer, const char *location, struct pf_error *err)
{
    char owner[PF_OWNER_BYTES];
    int wrote;

    if (path_of(writer->host, location, writer->target, err) != PF_OK)
        return err->status;
    if (!writer->replace && access(writer->target, F_OK) == 0)
        return writer->host->fail(err, PF_EXISTS, "it exists already");
    writer->host->owner_name(owner);
    wrote = snprintf(writer->temporary, PATH, "%s.%s.tmp", writer->target, owner);
    if (wrote < 0 || wrote >= PATH)
        return writer->host->fail(err, PF_LIMIT, "the location is too long");
    writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (writer->fd < 0)
        return fail(writer->host, err, PF_IO, "create", location);
    writer->named = true;
    return PF_OK;
}

static enum pf_status dir_create(void *self, struct pf_context *ctx, const char *location, bool replace, void **out,
                                 struct pf_error *err)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    struct writer *writer = host->allocate(ctx, sizeof *writer);

    if (writer == NULL)
        return host->fail(err, PF_NO_MEMORY, "there is no memory to write a file");
    memset(writer, 0, sizeof *writer);
    writer->host = host;
    writer->ctx = ctx;
    writer->replace = replace;
    writer->fd = -1;
    if (begin_file(writer, location, err) != PF_OK) {
        host->release(ctx, writer);
        return err->status;
    }
    *out = writer;
    return PF_OK;
}

static enum pf_status dir_write(void *self, const void *bytes, size_t size, struct pf_error *err)
{
    const struct writer *writer = self;

    while (size > 0) {
        ssize_t count = write(writer->fd, bytes, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail(writer->host, err, PF_IO, "write", "the file");
        bytes = (const char *)bytes + count;
        size -= (size_t)count;
    }
    return PF_OK;
}

static enum pf_status dir_commit(void *self, struct pf_error *err)
{
    struct writer *writer = self;

    if (writer->replace) {
        if (rename(writer->temporary, writer->target) != 0)
            return fail(writer->host, err, PF_IO, "name", writer->target);
        writer->named = false;
        return PF_OK;
    }
    if (link(writer->temporary, writer->target) != 0)
        return fail(writer->host, err, errno == EEXIST ? PF_EXISTS : PF_IO, "name", writer->target);
    return PF_OK;
}

static void dir_discard(void *self)
{
    struct writer *writer = self;

    if (writer->named)
        (void)unlink(writer->temporary);
    (void)close(writer->fd);
    writer->host->release(writer->ctx, writer);
}

const struct pf_scheme_addition example_scheme = {
    .size = sizeof example_scheme,
    .name = "dir",
    .description = "Files in the folder that PYFORGE_EXAMPLE_DIR names",
    .stat = dir_stat,
    .open = dir_open,
    .read = dir_read,
    .read_at = dir_read_at,
    .close = dir_close,
    .list = dir_list,
    .make_directory = dir_make,
    .remove = dir_remove,
    .create = dir_create,
    .write = dir_write,
    .commit = dir_commit,
    .discard = dir_discard,
};
