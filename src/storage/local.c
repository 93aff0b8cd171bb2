/* Local files as sinks: a file is built without a name (O_TMPFILE) or under a private one beside its target, and appears at
 * commit.
 *
 * The name of a temporary file says which process writes it, so that a later run can tell one that was left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "storage/raw.h"
#include "storage/scheme.h"
#include "storage/sink.h"

#define TEMPORARY_PREFIX ".pyforge-"
#define TEMPORARY_SUFFIX ".tmp"

enum {
    NAME_TRIES = 16,
    WAIT_MILLISECONDS = 100,
    LEFT_OVER_SECONDS = 24 * 60 * 60 /* a file of another machine that is not written to for so long is nobody's */
};

/* What the user has named comes first, then the preferred folder, then the system's. */
static const char *temporary_folder(const struct pf_context *ctx, const char *preferred)
{
    const char *const choices[] = { ctx->temp_dir, getenv("PYFORGE_TEMP_DIR"), preferred, getenv("TMPDIR") };

    for (size_t i = 0; i < PF_COUNT(choices); i++) {
        if (choices[i] != NULL && choices[i][0] != '\0')
            return choices[i];
    }
    return "/tmp";
}

const char *pf_temp_dir(const struct pf_context *ctx)
{
    return temporary_folder(ctx, NULL);
}

/* ---- writing */

/* A full pipe may stay so for long: whether the context was cancelled meanwhile is asked for now and then. */
static enum pf_status wait_for_room(const struct pf_sink *sink, struct pf_error *err)
{
    struct pollfd waiting = { .fd = sink->fd, .events = POLLOUT };

    for (;;) {
        if (pf_check_cancel(sink->ctx, err) != PF_OK)
            return err->status;
        /* anything but time-out and signal is for write() to tell */
        if (poll(&waiting, 1, WAIT_MILLISECONDS) > 0)
            return PF_OK;
        pf_waiting(sink->ctx);
    }
}

static enum pf_status fail_write(const struct pf_sink *sink, int reason, struct pf_error *err)
{
    pf_fail_io(err, reason, "write", sink->name);
    if (reason == ENOSPC || reason == EDQUOT)
        pf_remedy(err, "free some space, or write to another disk");
    if (reason == EFBIG)
        pf_remedy(err, "raise the limit on the size of files (ulimit -f), or write to a file system that takes larger ones");
    return err->status;
}

static enum pf_status fd_write(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err)
{
    const size_t most = sink->piece != 0 ? sink->piece : SSIZE_MAX / 2;
    const uint8_t *at = bytes;

    while (size != 0) {
        ssize_t count;

        if (sink->piece != 0 && wait_for_room(sink, err) != PF_OK)
            return err->status;
        count = write(sink->fd, at, size < most ? size : most);
        if (count < 0 && errno == EINTR) {
            if (pf_check_cancel(sink->ctx, err) != PF_OK)
                return err->status;
            continue;
        }
        if (count < 0 && errno == EAGAIN) {
            if (wait_for_room(sink, err) != PF_OK)
                return err->status;
            continue;
        }
        if (count < 0)
            return fail_write(sink, errno, err);
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

/* Standard output and devices: bytes are seen as they come. */
static const struct pf_sink_functions direct_functions = { fd_write, NULL, pf_sink_nothing_to_commit, close_fd, true };
static const struct pf_sink_functions scratch_functions = { fd_write, fd_read_at, pf_sink_nothing_to_commit, close_fd, false };

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
    char owner[PF_OWNER_BYTES], *text = NULL;
    struct pf_buffer name;

    pf_owner_name(owner);
    pf_buffer_init(&name, memory, SIZE_MAX);
    if (pf_buffer_printf(&name, "%s/" TEMPORARY_PREFIX "%s" TEMPORARY_SUFFIX, folder, owner))
        text = pf_buffer_take_text(&name);
    pf_buffer_free(&name);
    return text;
}

/* A temporary file, as it was opened. */
struct temporary {
    int fd;
    char *name; /* NULL = it has none */
};

/* Opens a file in folder that has no name; where the file system has no such thing, or nameless is not wanted, one with a
 * temporary name. */
static enum pf_status open_temporary(struct pf_memory *memory, const char *folder, mode_t mode, bool nameless,
                                     struct temporary *file, struct pf_error *err)
{
    file->name = NULL;
    file->fd = -1;
    errno = EOPNOTSUPP;
    if (nameless)
        file->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    for (int i = 0;
         file->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == EEXIST) && i < NAME_TRIES;
         i++) {
        pf_free(memory, file->name);
        file->name = temporary_name(memory, folder);
        if (file->name == NULL)
            return pf_fail_memory(err, strlen(folder));
        file->fd = open(file->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode);
    }
    if (file->fd >= 0)
        return PF_OK;
    pf_fail_io(err, errno, "create a file in", folder);
    pf_free(memory, file->name);
    file->name = NULL;
    return err->status;
}

static bool is_left_over(int folder, const char *name)
{
    const size_t length = strlen(name), prefix = strlen(TEMPORARY_PREFIX), suffix = strlen(TEMPORARY_SUFFIX);
    enum pf_owner owner;
    struct stat st;

    /* most names of a folder are none, and there may be many */
    if (strncmp(name, TEMPORARY_PREFIX, prefix) != 0 || length <= prefix + suffix ||
        strcmp(name + length - suffix, TEMPORARY_SUFFIX) != 0)
        return false;
    owner = pf_owner_of(name + prefix, length - prefix - suffix);
    if (owner != PF_OWNER_ELSEWHERE)
        return owner == PF_OWNER_GONE;
    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime > LEFT_OVER_SECONDS;
}

void pf_location_clean(struct pf_context *ctx, const char *location)
{
    char *resolved = realpath(location, NULL); /* as for the file itself: it is built beside what a link leads to */
    char *folder = folder_of(&ctx->memory, resolved != NULL ? resolved : location);
    DIR *listing = folder != NULL ? opendir(folder) : NULL;
    const struct dirent *entry;

    pf_free(&ctx->memory, folder);
    free(resolved);
    if (listing == NULL)
        return;
    while ((entry = readdir(listing)) != NULL) {
        if (is_left_over(dirfd(listing), entry->d_name))
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
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

/* A nameless file gets its name through /proc. Without that it takes a capability, which is not to be relied on. */
static bool can_name(void)
{
    return access("/proc/self/fd", X_OK) == 0;
}

static int link_fd(int fd, const char *path)
{
    char self[64];
    int failed;

    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    failed = linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
    if (failed != 0 && errno == ENOENT)
        failed = linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH);
    return failed;
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

/* The file is in place by now: that its name may not outlive a power cut is no failure. */
static void sync_folder(struct pf_sink *sink)
{
    char *folder = folder_of(&sink->ctx->memory, sink->target);
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        (void)close(fd);
    pf_free(&sink->ctx->memory, folder);
    if (!synced)
        pf_warn(sink->ctx, "%s is complete and in place, but its folder could not be synced: a power cut may still undo it",
                sink->name);
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
        sync_folder(sink);
    return status;
}

static const struct pf_sink_functions file_functions = { fd_write, fd_read_at, file_commit, file_discard, false };

/* Looks at what is at the location: nothing, a file that may be replaced, or something else. */
static enum pf_status open_file(struct pf_sink *sink, const char *location, const struct stat *old, struct pf_error *err)
{
    struct pf_memory *memory = &sink->ctx->memory;
    char *resolved = old != NULL ? realpath(location, NULL) : NULL;
    const char *target = resolved != NULL ? resolved : location;
    struct temporary file;
    char *folder;
    enum pf_status status;

    sink->target = pf_copy_text(memory, target, strlen(target));
    free(resolved);
    folder = sink->target != NULL ? folder_of(memory, sink->target) : NULL;
    if (folder == NULL)
        return pf_fail_memory(err, strlen(location));
    status = open_temporary(memory, folder, 0666, can_name(), &file, err);
    sink->fd = file.fd;
    sink->temporary = file.name;
    if (status == PF_OK && old != NULL)
        (void)fchmod(sink->fd, old->st_mode & 07777);
    if (status != PF_OK && strcmp(folder, ".") != 0)
        pf_remedy(err, "check that the folder exists and may be written to");
    pf_free(memory, folder);
    return status;
}

/* A pipe with a name can be opened once somebody reads from it, which may be never. It stays in the mode that does not block. */
static enum pf_status open_pipe(struct pf_sink *sink, const char *location, struct pf_error *err)
{
    do {
        if (pf_check_cancel(sink->ctx, err) != PF_OK)
            return err->status;
        sink->fd = open(location, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
        if (sink->fd >= 0)
            return PF_OK;
        if (errno != ENXIO && errno != EINTR)
            return pf_fail_io(err, errno, "open", location);
        (void)poll(NULL, 0, WAIT_MILLISECONDS);
    } while (true);
}

/* What is neither a file nor a directory: bytes are seen as they come. */
static enum pf_status open_direct(struct pf_sink *sink, const char *location, const struct stat *st, struct pf_error *err)
{
    sink->functions = &direct_functions;
    if (S_ISFIFO(st->st_mode))
        return open_pipe(sink, location, err);
    sink->fd = open(location, O_WRONLY | O_CLOEXEC);
    return sink->fd >= 0 ? PF_OK : pf_fail_io(err, errno, "open", location);
}

/* Standard output. Where it may be full for long, write() must not wait: a signal that comes just before it would not end that. The mode
 * belongs to the description, which others share; so a pipe gets one of its own, and what cannot be opened anew is asked for room. */
static void open_standard(struct pf_sink *sink)
{
    struct stat st;

    sink->fd = STDOUT_FILENO;
    if (fstat(STDOUT_FILENO, &st) != 0)
        return;
    if (S_ISFIFO(st.st_mode)) {
        int fd = open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC | O_NONBLOCK);

        if (fd > STDERR_FILENO) {
            sink->fd = fd;
            return;
        }
        if (fd >= 0)
            (void)close(fd);
    }
    if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(STDOUT_FILENO))
        sink->piece = PIPE_BUF;
}

/* A link that leads nowhere: somebody else may have laid it to have a file written where it leads. */
static enum pf_status check_link(const char *location, struct pf_error *err)
{
    struct stat st;

    if (lstat(location, &st) != 0 || !S_ISLNK(st.st_mode))
        return PF_OK;
    pf_fail(err, PF_EXISTS, "%s is a link to something that does not exist", location);
    pf_remedy(err, "remove the link, or give the path of the file itself");
    return err->status;
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
    if (exists && !S_ISREG(old.st_mode))
        return open_direct(sink, location, &old, err);
    if (!exists && check_link(location, err) != PF_OK)
        return err->status;
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
    const struct pf_scheme *scheme;

    if (pf_scheme_of(ctx, location, &scheme, err) != PF_OK)
        return err->status;
    if (scheme != NULL)
        return pf_sink_scheme(ctx, scheme, location, options->replace, out, err);
    if (strcmp(location, "-") == 0) {
        if (pf_sink_new(ctx, location, &direct_functions, out, err) != PF_OK)
            return err->status;
        open_standard(*out);
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

/* A store that is mounted may take a file and not give it back before it is whole: what is found out with the first byte, and not after
 * hours. A disk that is full, or fails, is found out by who writes. */
static enum pf_status check_scratch(const struct pf_sink *sink, struct pf_error *err)
{
    char byte = 0;

    if (pwrite(sink->fd, &byte, 1, 0) != 1 || pread(sink->fd, &byte, 1, 0) >= 0)
        return PF_OK;
    pf_fail_io(err, errno, "use the folder for temporary files", sink->name);
    pf_remedy(err, "what is written there cannot be read back: name a local folder with --temp-dir, or in PYFORGE_TEMP_DIR");
    return err->status;
}

enum pf_status pf_sink_scratch(struct pf_context *ctx, struct pf_sink **out, struct pf_error *err)
{
    return pf_sink_scratch_in(ctx, NULL, out, err);
}

enum pf_status pf_sink_scratch_in(struct pf_context *ctx, const char *folder, struct pf_sink **out, struct pf_error *err)
{
    struct temporary file;

    folder = temporary_folder(ctx, folder);
    if (pf_sink_new(ctx, folder, &scratch_functions, out, err) != PF_OK)
        return err->status;
    if (open_temporary(&ctx->memory, folder, 0600, true, &file, err) != PF_OK) {
        pf_remedy(err, "name a folder that may be written to with --temp-dir, or in PYFORGE_TEMP_DIR");
        pf_sink_free(*out);
        *out = NULL;
        return err->status;
    }
    (*out)->fd = file.fd;
    if (file.name != NULL)
        (void)unlink(file.name);
    pf_free(&ctx->memory, file.name);
    if (check_scratch(*out, err) == PF_OK)
        return PF_OK;
    pf_sink_free(*out);
    *out = NULL;
    return err->status;
}

/* ---- locations */

enum pf_status pf_location_stat(struct pf_context *ctx, const char *location, struct pf_source_stat *out, bool *directory,
                                struct pf_error *err)
{
    const struct pf_scheme *scheme;
    struct stat st;

    if (pf_scheme_of(ctx, location, &scheme, err) != PF_OK)
        return err->status;
    if (scheme != NULL)
        return pf_scheme_stat(ctx, scheme, location, out, directory, err);
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
    pf_source_stat_fill(out, &st);
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
