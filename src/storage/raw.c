#include "storage/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel reads at most this much a call (2 GiB less a page); larger requests are split. */
static const size_t read_ceiling = (size_t)1 << 30;

enum { WAIT_MILLISECONDS = 100 };

void pf_source_stat_fill(struct pf_source_stat *out, const struct stat *st)
{
    out->regular = S_ISREG(st->st_mode);
    out->size = out->regular ? (int64_t)st->st_size : -1;
    out->modified_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    out->changed_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
    out->device = (uint64_t)st->st_dev;
    out->inode = (uint64_t)st->st_ino;
}

/* ---- files */

static enum pf_status read_fully_at(int fd, int64_t offset, void *to, size_t size, size_t *got, const char *name,
                                    struct pf_error *err)
{
    size_t total = 0;

    while (total < size) {
        size_t part = size - total < read_ceiling ? size - total : read_ceiling;
        ssize_t count = pread(fd, (uint8_t *)to + total, part, offset + (int64_t)total);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return pf_fail_io(err, errno, "read", name);
        if (count == 0)
            break;
        total += (size_t)count;
    }
    *got = total;
    return PF_OK;
}

/* A pipe may stay silent for long: whether the context was cancelled meanwhile is asked for now and then. */
static enum pf_status wait_for_bytes(struct pf_raw *raw, struct pf_error *err)
{
    struct pollfd waiting = { .fd = raw->fd, .events = POLLIN };

    for (;;) {
        if (pf_check_cancel(raw->ctx, err) != PF_OK)
            return err->status;
        /* anything but time-out and signal is for read() to tell */
        if (poll(&waiting, 1, WAIT_MILLISECONDS) > 0)
            return PF_OK;
        pf_waiting(raw->ctx);
    }
}

/* What a file has for somebody who reads it from base on. */
static void stat_from(struct pf_source_stat *out, const struct stat *st, int64_t base)
{
    pf_source_stat_fill(out, st);
    out->size = out->size > base ? out->size - base : 0;
}

static enum pf_status file_check(const struct pf_raw *raw, struct pf_error *err)
{
    struct pf_source_stat now;
    struct stat st;

    if (fstat(raw->fd, &st) != 0)
        return pf_fail_io(err, errno, "examine", raw->name);
    stat_from(&now, &st, raw->base);
    if (now.size == raw->stat.size && now.modified_ns == raw->stat.modified_ns)
        return PF_OK;
    pf_fail(err, PF_BAD_DATA, "the file was changed by another program while it was read");
    pf_remedy(err, "convert a file that is no longer written to, or a copy of it");
    pf_error_source(err, raw->name);
    return err->status;
}

static enum pf_status file_read(struct pf_raw *raw, void *to, size_t size, size_t *got, struct pf_error *err)
{
    ssize_t count;

    if (!raw->stat.regular && wait_for_bytes(raw, err) != PF_OK)
        return err->status;
    if (raw->stat.regular) {
        if (read_fully_at(raw->fd, raw->base + raw->at, to, size, got, raw->name, err) != PF_OK)
            return err->status;
        raw->at += (int64_t)*got;
        /* the size it had does not tell where it ends: what the kernel makes up claims any */
        return *got == size ? PF_OK : file_check(raw, err);
    }
    for (;;) {
        count = read(raw->fd, to, size < read_ceiling ? size : read_ceiling);
        if (count >= 0 || (errno != EINTR && errno != EAGAIN))
            break;
        if (errno == EAGAIN && wait_for_bytes(raw, err) != PF_OK) /* somebody else took the bytes */
            return err->status;
    }
    if (count < 0)
        return pf_fail_io(err, errno, "read", raw->name);
    raw->at += count;
    *got = (size_t)count;
    return PF_OK;
}

static enum pf_status file_read_at(const struct pf_raw *raw, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    size_t got = 0;

    if (read_fully_at(raw->fd, raw->base + offset, to, size, &got, raw->name, err) != PF_OK)
        return err->status;
    if (got != size && file_check(raw, err) == PF_OK) {
        pf_fail(err, PF_BAD_DATA, "the file ends at byte %lld, %zu bytes were expected at %lld",
                (long long)(offset + (int64_t)got), size, (long long)offset);
        pf_error_source(err, raw->name);
    }
    return got == size ? PF_OK : err->status;
}

static enum pf_status file_rewind(struct pf_raw *raw, struct pf_error *err)
{
    if (file_check(raw, err) != PF_OK)
        return err->status;
    raw->at = 0;
    return PF_OK;
}

static void file_close(struct pf_raw *raw)
{
    if (raw->fd > STDIN_FILENO)
        (void)close(raw->fd);
    pf_free(raw->memory, raw);
}

static const struct pf_raw_functions file_functions = { file_read, file_read_at, file_rewind, file_close, file_check };
static const struct pf_raw_functions pipe_functions = { file_read, NULL, NULL, file_close, NULL };

static enum pf_status check_kind(const struct stat *st, const char *location, struct pf_error *err)
{
    if (!S_ISDIR(st->st_mode))
        return PF_OK;
    pf_fail(err, PF_UNSUPPORTED, "%s is a directory, a file was expected", location);
    pf_error_source(err, location);
    return err->status;
}

static enum pf_status open_fd(const char *location, int *fd, struct pf_error *err)
{
    if (strcmp(location, "-") == 0) {
        *fd = STDIN_FILENO;
        return PF_OK;
    }
    /* a pipe with a name would be waited for here, and not even a signal could end that; poll() waits for it later */
    *fd = open(location, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd >= 0)
        return PF_OK;
    pf_fail_io(err, errno, "open", location);
    if (errno == ENOENT)
        err->status = PF_NOT_FOUND;
    return err->status;
}

enum pf_status pf_raw_file(struct pf_context *ctx, const char *location, struct pf_raw **out, struct pf_error *err)
{
    struct pf_memory *memory = &ctx->memory;
    struct pf_raw *raw = pf_alloc_zero(memory, 1, sizeof *raw);
    struct stat st;

    *out = NULL;
    if (raw == NULL)
        return pf_fail_memory(err, sizeof *raw);
    raw->ctx = ctx;
    raw->memory = memory;
    raw->name = location;
    raw->fd = -1;
    if (open_fd(location, &raw->fd, err) != PF_OK) {
        pf_free(memory, raw);
        return err->status;
    }
    if (fstat(raw->fd, &st) != 0)
        (void)pf_fail_io(err, errno, "examine", location);
    else if (check_kind(&st, location, err) == PF_OK)
        err->status = PF_OK;
    if (err->status != PF_OK) {
        file_close(raw);
        return err->status;
    }
    pf_source_stat_fill(&raw->stat, &st);
    raw->functions = raw->stat.regular ? &file_functions : &pipe_functions;
    if (raw->stat.regular) {
        off_t at = lseek(raw->fd, 0, SEEK_CUR);

        raw->base = at > 0 ? at : 0;
        stat_from(&raw->stat, &st, raw->base);
        (void)posix_fadvise(raw->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    *out = raw;
    return PF_OK;
}

/* ---- memory */

static enum pf_status memory_read(struct pf_raw *raw, void *to, size_t size, size_t *got, struct pf_error *err)
{
    size_t left = (size_t)(raw->stat.size - raw->at);

    (void)err;
    *got = size < left ? size : left;
    if (*got != 0)
        memcpy(to, raw->bytes + raw->at, *got);
    raw->at += (int64_t)*got;
    return PF_OK;
}

static enum pf_status check_inside(const struct pf_raw *raw, int64_t offset, size_t size, struct pf_error *err)
{
    if (offset >= 0 && offset <= raw->stat.size && size <= (size_t)(raw->stat.size - offset))
        return PF_OK;
    return pf_fail(err, PF_BAD_DATA, "the data ends at byte %lld, %zu bytes were expected at %lld", (long long)raw->stat.size,
                   size, (long long)offset);
}

static enum pf_status memory_read_at(const struct pf_raw *raw, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    if (check_inside(raw, offset, size, err) != PF_OK)
        return err->status;
    if (size != 0)
        memcpy(to, raw->bytes + offset, size);
    return PF_OK;
}

static enum pf_status memory_rewind(struct pf_raw *raw, struct pf_error *err)
{
    (void)err;
    raw->at = 0;
    return PF_OK;
}

static void memory_close(struct pf_raw *raw)
{
    pf_free(raw->memory, raw);
}

static const struct pf_raw_functions memory_functions = { memory_read, memory_read_at, memory_rewind, memory_close, NULL };

enum pf_status pf_raw_memory(struct pf_memory *memory, const void *bytes, size_t size, const char *name, struct pf_raw **out,
                             struct pf_error *err)
{
    struct pf_raw *raw = pf_alloc_zero(memory, 1, sizeof *raw);

    *out = raw;
    if (raw == NULL)
        return pf_fail_memory(err, sizeof *raw);
    raw->memory = memory;
    raw->functions = &memory_functions;
    raw->name = name;
    raw->bytes = bytes;
    raw->stat.size = (int64_t)size;
    raw->stat.regular = true;
    raw->fd = -1;
    return PF_OK;
}

/* ---- a copy in a scratch sink */

static enum pf_status copy_read_at(const struct pf_raw *raw, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    if (check_inside(raw, offset, size, err) != PF_OK)
        return err->status;
    return pf_sink_read_at(raw->copy, offset, to, size, err);
}

static enum pf_status copy_read(struct pf_raw *raw, void *to, size_t size, size_t *got, struct pf_error *err)
{
    const size_t left = (size_t)(raw->stat.size - raw->at);

    *got = size < left ? size : left;
    if (copy_read_at(raw, raw->at, to, *got, err) != PF_OK)
        return err->status;
    raw->at += (int64_t)*got;
    return PF_OK;
}

static void copy_close(struct pf_raw *raw)
{
    pf_sink_free(raw->copy);
    pf_free(raw->memory, raw);
}

static const struct pf_raw_functions copy_functions = { copy_read, copy_read_at, memory_rewind, copy_close, NULL };

enum pf_status pf_raw_copy(struct pf_memory *memory, struct pf_sink *copy, const char *name, struct pf_raw **out,
                           struct pf_error *err)
{
    struct pf_raw *raw = pf_alloc_zero(memory, 1, sizeof *raw);

    *out = raw;
    if (raw == NULL) {
        pf_sink_free(copy);
        return pf_fail_memory(err, sizeof *raw);
    }
    raw->memory = memory;
    raw->functions = &copy_functions;
    raw->name = name;
    raw->copy = copy;
    raw->stat.size = pf_sink_size(copy);
    raw->fd = -1;
    return PF_OK;
}
