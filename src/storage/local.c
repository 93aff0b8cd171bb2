/* Local files as sinks: a file is built without a name (O_TMPFILE) or under a private one beside its target, and appears at
 * commit.
 *
 * A temporary file is locked (flock) by the process that writes it, so that a later run can tell one that was left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/sink.h"

#define TEMPORARY_PREFIX ".pyforge-"
#define TEMPORARY_SUFFIX ".tmp"

enum { NAME_TRIES = 16 };

const char *pf_temp_dir(void)
{
    const char *const names[] = { "PYFORGE_TEMP_DIR", "TMPDIR" };

    for (size_t i = 0; i < PF_COUNT(names); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return value;
    }
    return "/tmp";
}

/* ---- writing */

static enum pf_status fd_write(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err)
{
    const uint8_t *at = bytes;

    while (size != 0) {
        ssize_t count = write(sink->fd, at, size < SSIZE_MAX / 2 ? size : SSIZE_MAX / 2);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            int reason = errno;

            pf_fail_io(err, reason, "write", sink->name);
            if (reason == ENOSPC || reason == EDQUOT)
                pf_remedy(err, "free some space, or write to another disk");
            return err->status;
        }
        at += count;
        size -= (size_t)count;
    }
    return PF_OK;
}

static enum pf_status fd_read_at(struct pf_sink *sink, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    while (size != 0) {
        ssize_t count = pread(sink->fd, to, size, offset);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return pf_fail_io(err, count < 0 ? errno : EIO, "read back", sink->name);
        to = (uint8_t *)to + count;
        offset += count;
        size -= (size_t)count;
    }
    return PF_OK;
}

static void close_fd(struct pf_sink *sink)
{
    if (sink->fd > STDERR_FILENO)
        (void)close(sink->fd);
    sink->fd = -1;
}

static enum pf_status nothing_to_commit(struct pf_sink *sink, struct pf_error *err)
{
    (void)sink;
    (void)err;
    return PF_OK;
}

/* Standard output and devices: bytes are seen as they come. */
static const struct pf_sink_functions direct_functions = { fd_write, NULL, nothing_to_commit, close_fd };
static const struct pf_sink_functions scratch_functions = { fd_write, fd_read_at, nothing_to_commit, close_fd };

/* ---- temporary names */

/* The folder of path, in a buffer of the caller's memory; "." when it has none. */
static char *folder_of(struct pf_memory *memory, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return pf_copy_text(memory, ".", 1);
    return pf_copy_text(memory, path, slash == path ? 1 : (size_t)(slash - path));
}

static char *temporary_name(struct pf_memory *memory, const char *folder)
{
    struct pf_buffer name;
    uint64_t random = 0;
    char *text = NULL;

    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random ^= (uint64_t)getpid();
    pf_buffer_init(&name, memory, SIZE_MAX);
    if (pf_buffer_printf(&name, "%s/" TEMPORARY_PREFIX "%016llx" TEMPORARY_SUFFIX, folder, (unsigned long long)random))
        text = pf_buffer_take_text(&name);
    pf_buffer_free(&name);
    return text;
}

/* Opens a file in folder that has no name; where the file system has no such thing, one with a temporary name, returned in
 * *name. */
static enum pf_status open_temporary(struct pf_memory *memory, const char *folder, mode_t mode, int *fd, char **name,
                                     struct pf_error *err)
{
    *name = NULL;
    *fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    for (int i = 0; *fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == EEXIST) && i < NAME_TRIES;
         i++) {
        pf_free(memory, *name);
        *name = temporary_name(memory, folder);
        if (*name == NULL)
            return pf_fail_memory(err, strlen(folder));
        *fd = open(*name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode);
    }
    if (*fd < 0) {
        pf_fail_io(err, errno, "create a file in", folder);
        pf_free(memory, *name);
        *name = NULL;
        return err->status;
    }
    (void)flock(*fd, LOCK_EX | LOCK_NB);
    return PF_OK;
}

void pf_location_clean(struct pf_context *ctx, const char *location)
{
    char *folder = folder_of(&ctx->memory, location);
    DIR *listing = folder != NULL ? opendir(folder) : NULL;
    const struct dirent *entry;

    pf_free(&ctx->memory, folder);
    if (listing == NULL)
        return;
    while ((entry = readdir(listing)) != NULL) {
        size_t length = strlen(entry->d_name);
        int fd;

        if (strncmp(entry->d_name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) != 0 || length < strlen(TEMPORARY_SUFFIX) ||
            strcmp(entry->d_name + length - strlen(TEMPORARY_SUFFIX), TEMPORARY_SUFFIX) != 0)
            continue;
        fd = openat(dirfd(listing), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
            continue;
        /* the writer holds the lock for as long as it lives */
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
        (void)close(fd);
    }
    (void)closedir(listing);
}

/* ---- files */

static void file_discard(struct pf_sink *sink)
{
    if (!sink->committed && sink->temporary != NULL)
        (void)unlink(sink->temporary);
    close_fd(sink);
}

/* Gives the nameless file a name. */
static int link_fd(int fd, const char *path)
{
    char self[64];

    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static enum pf_status fail_exists(struct pf_sink *sink, struct pf_error *err)
{
    pf_fail(err, PF_EXISTS, "%s was created by another program meanwhile", sink->name);
    pf_error_source(err, sink->name);
    pf_remedy(err, "use --force to replace it");
    return err->status;
}

/* The target must not exist: link() makes it in one step and fails where something is. */
static enum pf_status appear(struct pf_sink *sink, struct pf_error *err)
{
    int failed = sink->temporary != NULL ? link(sink->temporary, sink->target) : link_fd(sink->fd, sink->target);

    if (failed != 0 && errno == EEXIST)
        return fail_exists(sink, err);
    if (failed != 0 && sink->temporary != NULL) {
        /* no hard links here: rename, after a last look */
        if (access(sink->target, F_OK) == 0)
            return fail_exists(sink, err);
        failed = rename(sink->temporary, sink->target);
        if (failed == 0)
            return PF_OK;
    }
    if (failed != 0)
        return pf_fail_io(err, errno, "create", sink->target);
    if (sink->temporary != NULL)
        (void)unlink(sink->temporary);
    return PF_OK;
}

/* The old file stays until the new one takes its name. */
static enum pf_status take_over(struct pf_sink *sink, struct pf_error *err)
{
    if (sink->temporary == NULL) {
        char *folder = folder_of(&sink->ctx->memory, sink->target);
        char *name = folder != NULL ? temporary_name(&sink->ctx->memory, folder) : NULL;

        pf_free(&sink->ctx->memory, folder);
        if (name == NULL)
            return pf_fail_memory(err, strlen(sink->target));
        if (link_fd(sink->fd, name) != 0) {
            pf_fail_io(err, errno, "create", name);
            pf_free(&sink->ctx->memory, name);
            return err->status;
        }
        sink->temporary = name;
    }
    if (rename(sink->temporary, sink->target) != 0)
        return pf_fail_io(err, errno, "replace", sink->target);
    return PF_OK;
}

static enum pf_status sync_folder(struct pf_sink *sink, struct pf_error *err)
{
    char *folder = folder_of(&sink->ctx->memory, sink->target);
    int fd, failed;

    if (folder == NULL)
        return pf_fail_memory(err, strlen(sink->target));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    failed = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        (void)close(fd);
    if (failed != 0)
        (void)pf_fail_io(err, failed, "sync", folder);
    pf_free(&sink->ctx->memory, folder);
    return failed == 0 ? PF_OK : err->status;
}

static enum pf_status file_commit(struct pf_sink *sink, struct pf_error *err)
{
    struct stat st;
    enum pf_status status;

    /* a file that something else cut short must not take the name */
    if (fstat(sink->fd, &st) != 0 || st.st_size != sink->size)
        return pf_fail(err, PF_IO, "%s was changed while it was written", sink->name);
    if (sink->sync && fsync(sink->fd) != 0)
        return pf_fail_io(err, errno, "sync", sink->name);
    status = sink->replace ? take_over(sink, err) : appear(sink, err);
    if (status == PF_OK && sink->sync)
        status = sync_folder(sink, err);
    return status;
}

static const struct pf_sink_functions file_functions = { fd_write, fd_read_at, file_commit, file_discard };

/* Looks at what is at the location: nothing, a file that may be replaced, or something else. */
static enum pf_status open_file(struct pf_sink *sink, const char *location, const struct stat *old, struct pf_error *err)
{
    struct pf_memory *memory = &sink->ctx->memory;
    char *resolved = old != NULL ? realpath(location, NULL) : NULL;
    const char *target = resolved != NULL ? resolved : location;
    char *folder;
    enum pf_status status;

    sink->target = pf_copy_text(memory, target, strlen(target));
    free(resolved);
    folder = sink->target != NULL ? folder_of(memory, sink->target) : NULL;
    if (folder == NULL)
        return pf_fail_memory(err, strlen(location));
    status = open_temporary(memory, folder, 0666, &sink->fd, &sink->temporary, err);
    if (status == PF_OK && old != NULL)
        (void)fchmod(sink->fd, old->st_mode & 07777);
    if (status != PF_OK && strcmp(folder, ".") != 0)
        pf_remedy(err, "check that the folder exists and may be written to");
    pf_free(memory, folder);
    return status;
}

static enum pf_status fill_sink(struct pf_sink *sink, const char *location, const struct pf_sink_options *options,
                                struct pf_error *err)
{
    struct stat old;
    bool exists = stat(location, &old) == 0;

    sink->replace = options->replace;
    sink->sync = options->sync;
    if (exists && S_ISDIR(old.st_mode)) {
        pf_fail(err, PF_EXISTS, "%s is a directory, a file was to be written", location);
        return err->status;
    }
    if (exists && !S_ISREG(old.st_mode)) {
        sink->functions = &direct_functions;
        sink->fd = open(location, O_WRONLY | O_CLOEXEC);
        return sink->fd >= 0 ? PF_OK : pf_fail_io(err, errno, "open", location);
    }
    if (exists && !options->replace) {
        pf_fail(err, PF_EXISTS, "%s already exists", location);
        pf_remedy(err, "use --force to replace it");
        return err->status;
    }
    return open_file(sink, location, exists ? &old : NULL, err);
}

enum pf_status pf_sink_open(struct pf_context *ctx, const char *location, const struct pf_sink_options *options,
                            struct pf_sink **out, struct pf_error *err)
{
    if (strcmp(location, "-") == 0) {
        if (pf_sink_new(ctx, location, &direct_functions, out, err) != PF_OK)
            return err->status;
        (*out)->fd = STDOUT_FILENO;
        return PF_OK;
    }
    if (pf_sink_new(ctx, location, &file_functions, out, err) != PF_OK)
        return err->status;
    if (fill_sink(*out, location, options, err) == PF_OK)
        return PF_OK;
    pf_error_source(err, location);
    pf_sink_free(*out);
    *out = NULL;
    return err->status;
}

enum pf_status pf_sink_scratch(struct pf_context *ctx, struct pf_sink **out, struct pf_error *err)
{
    const char *folder = pf_temp_dir();
    char *name;

    if (pf_sink_new(ctx, folder, &scratch_functions, out, err) != PF_OK)
        return err->status;
    if (open_temporary(&ctx->memory, folder, 0600, &(*out)->fd, &name, err) != PF_OK) {
        pf_remedy(err, "set PYFORGE_TEMP_DIR to a folder that may be written to");
        pf_sink_free(*out);
        *out = NULL;
        return err->status;
    }
    if (name != NULL)
        (void)unlink(name);
    pf_free(&ctx->memory, name);
    return PF_OK;
}

/* ---- locations */

enum pf_status pf_location_stat(const char *location, struct pf_source_stat *out, bool *directory, struct pf_error *err)
{
    struct stat st;

    *directory = false;
    memset(out, 0, sizeof *out);
    if (stat(location, &st) != 0) {
        int reason = errno;

        pf_fail_io(err, reason, "find", location);
        if (reason == ENOENT || reason == ENOTDIR)
            err->status = PF_NOT_FOUND;
        return err->status;
    }
    *directory = S_ISDIR(st.st_mode);
    out->regular = S_ISREG(st.st_mode);
    out->size = out->regular ? (int64_t)st.st_size : -1;
    out->modified_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    out->device = (uint64_t)st.st_dev;
    out->inode = (uint64_t)st.st_ino;
    return PF_OK;
}

bool pf_location_same(const char *a, const char *b)
{
    struct stat one, two;

    return stat(a, &one) == 0 && stat(b, &two) == 0 && S_ISREG(one.st_mode) && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

bool pf_location_same_target(const char *a, const char *b)
{
    const char *slash_a = strrchr(a, '/'), *slash_b = strrchr(b, '/');
    const char *name_a = slash_a != NULL ? slash_a + 1 : a, *name_b = slash_b != NULL ? slash_b + 1 : b;
    struct stat one, two;
    char folder[PATH_MAX];

    if (pf_location_same(a, b))
        return true;
    if (strcmp(name_a, name_b) != 0 || name_a - a >= PATH_MAX || name_b - b >= PATH_MAX)
        return false;
    (void)snprintf(folder, sizeof folder, "%.*s.", (int)(name_a - a), a);
    if (stat(folder, &one) != 0)
        return strcmp(a, b) == 0;
    (void)snprintf(folder, sizeof folder, "%.*s.", (int)(name_b - b), b);
    return stat(folder, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}
