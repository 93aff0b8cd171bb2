#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void fill_facts(struct pf_file_facts *facts, const struct stat *st)
{
    facts->directory = S_ISDIR(st->st_mode);
    facts->regular = S_ISREG(st->st_mode);
    facts->size = (int64_t)st->st_size;
    facts->modified_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    facts->device = (uint64_t)st->st_dev;
    facts->inode = (uint64_t)st->st_ino;
    facts->ours = st->st_uid == geteuid() || st->st_uid == 0;
    facts->shared = (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

bool pf_file_look(const char *path, struct pf_file_facts *facts)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return false;
    fill_facts(facts, &st);
    return true;
}

const char *pf_file_distrust(const char *path, char folder[PF_PATH_BYTES])
{
    const uid_t me = geteuid();
    bool nearest = true;
    char *slash;

    if (realpath(path, folder) == NULL)
        return "cannot be followed";
    while ((slash = strrchr(folder, '/')) != NULL) {
        struct stat st;

        slash[slash == folder ? 1 : 0] = '\0';
        if (stat(folder, &st) != 0)
            return "cannot be examined";
        if (nearest && st.st_uid != me && st.st_uid != 0)
            return "belongs to another user";
        if ((nearest && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) ||
            ((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0))
            return "may be written to by others";
        if (folder[1] == '\0')
            break;
        nearest = false;
    }
    return NULL;
}

/* ---- reading */

static enum pf_status read_all(int fd, const char *path, char *to, size_t *size, struct pf_error *err)
{
    size_t got = 0;

    while (got < *size) {
        ssize_t count = read(fd, to + got, *size - got);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return pf_fail_io(err, errno, "read", path);
        if (count == 0)
            break;
        got += (size_t)count;
    }
    *size = got;
    to[got] = '\0';
    return PF_OK;
}

static enum pf_status load_open(struct pf_memory *memory, int fd, const char *path, size_t limit, char **text, size_t *size,
                                struct pf_file_facts *facts, struct pf_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return pf_fail_io(err, errno, "examine", path);
    if (!S_ISREG(st.st_mode))
        return pf_fail(err, PF_IO, "cannot read %s: it is no file", path);
    if (st.st_size < 0 || (uint64_t)st.st_size > limit)
        return pf_fail(err, PF_LIMIT, "%s has %lld bytes, at most %zu are read", path, (long long)st.st_size, limit);
    if (facts != NULL)
        fill_facts(facts, &st);
    *size = (size_t)st.st_size;
    *text = pf_alloc(memory, *size + 1);
    if (*text == NULL)
        return pf_fail_memory(err, *size + 1);
    if (read_all(fd, path, *text, size, err) == PF_OK)
        return PF_OK;
    pf_free(memory, *text);
    *text = NULL;
    return err->status;
}

enum pf_status pf_file_load(struct pf_memory *memory, const char *path, size_t limit, char **text, size_t *size,
                            struct pf_file_facts *facts, struct pf_error *err)
{
    /* a pipe in the place of the file must not hold everything up */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int reason = errno;
    enum pf_status status;

    *text = NULL;
    if (fd < 0) {
        pf_fail_io(err, reason, "open", path);
        if (reason == ENOENT || reason == ENOTDIR)
            err->status = PF_NOT_FOUND;
        return err->status;
    }
    status = load_open(memory, fd, path, limit, text, size, facts, err);
    (void)close(fd);
    return status;
}

/* ---- writing */

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

bool pf_file_store(const char *path, const void *bytes, size_t size)
{
    char beside[PF_PATH_BYTES];
    int wrote = snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
    bool good;
    int fd;

    if (wrote < 0 || (size_t)wrote >= sizeof beside)
        return false;
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    good = write_all(fd, bytes, size);
    good = close(fd) == 0 && good;
    good = good && rename(beside, path) == 0;
    if (!good)
        (void)unlink(beside);
    return good;
}

bool pf_file_remove(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT;
}

/* ---- folders */

bool pf_folder_list(const char *path, bool (*fn)(void *user, const char *name), void *user)
{
    DIR *listing = opendir(path);
    const struct dirent *entry;

    if (listing == NULL)
        return false;
    while ((entry = readdir(listing)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !fn(user, entry->d_name))
            break;
    }
    (void)closedir(listing);
    return true;
}

bool pf_folder_make_private(const char *path)
{
    char part[PF_PATH_BYTES];
    size_t size = strlen(path);

    if (size >= sizeof part)
        return false;
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return false;
    }
    return true;
}

/* ---- markers */

int pf_marker_make(const char *path)
{
    char beside[PF_PATH_BYTES];
    int wrote = snprintf(beside, sizeof beside, "%s.new", path);
    int fd;

    if (wrote < 0 || (size_t)wrote >= sizeof beside)
        return -1;
    fd = open(beside, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    /* it gets its name once it is locked, so that nobody takes it for one that was left */
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && rename(beside, path) == 0)
        return fd;
    (void)unlink(beside);
    (void)close(fd);
    return -1;
}

void pf_marker_drop(int marker, const char *path)
{
    if (marker < 0)
        return;
    (void)unlink(path);
    (void)close(marker);
}

bool pf_marker_take(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    bool left;

    if (fd < 0)
        return false;
    /* Its owner, or another who takes it, may have removed it since it was opened: the lock is free then, too. */
    left = flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0 && unlink(path) == 0;
    (void)close(fd);
    return left;
}

/* ---- this process */

void pf_host_name(char to[PF_HOST_BYTES])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

    if (gethostname(to, PF_HOST_BYTES) != 0)
        to[0] = '\0';
    to[PF_HOST_BYTES - 1] = '\0';
    for (; *to != '\0'; to++)
        *to = strchr(plain, *to) != NULL ? *to : '_';
}

bool pf_program_path(char to[PF_PATH_BYTES])
{
    ssize_t size = readlink("/proc/self/exe", to, PF_PATH_BYTES - 1);

    if (size <= 0)
        return false;
    to[size] = '\0';
    return true;
}

int64_t pf_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
