/* A file system that behaves as Databricks' FUSE mount of Unity Catalog volumes does: folders and files of a backing folder, which
 * can be read at any place but written only once, from the first byte to the last.
 *
 *   volumefs BACKING MOUNTPOINT CONTROL      in the foreground, until SIGTERM
 *
 * Always refused: writing anywhere but at the end of what this handle has written (EOPNOTSUPP), appending (ESPIPE), reading back what is
 * being written, cutting, links (ENOSYS), locks, extended attributes, changing modes, files without a name, fallocate, renaming with
 * flags, and making or removing catalogs, schemas and volumes (EOPNOTSUPP).
 *
 * CONTROL is a file of switches, read again whenever it has changed; one "name value" a line, paths as seen from the mount's root:
 *   rename ERRNO      every rename fails so        rename-over ERRNO   only those onto a file that is there
 *   rename-once ERRNO only the first does          rename-lost ERRNO   it is done, and fails so all the same
 *   fsync ERRNO       fsync fails so               close ERRNO         closing a written file fails so
 *   unlink ERRNO      removing fails so            exclusive ignored   O_EXCL opens what is there
 *   space BYTES       so many can still be written since the switch was set, then ENOSPC
 *   room BYTES        so much is left, as statfs tells it
 *   cut BYTES         a closed file has silently lost its last bytes
 *   delay MICROSECONDS                             each write takes so long
 *   denied PATH       EACCES for everything at and below it
 *   unlisted PATH     it cannot be listed          unwritable PATH     nothing below it can be written
 *   access told       access() tells of both; else they are found out by trying */
#define FUSE_USE_VERSION 314
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { PATHS = 8, UC_LEVELS = 3, LARGEST_WRITE = 128 << 10 };

struct paths {
    char path[PATHS][512];
    int count;
};

struct switches {
    struct timespec changed; /* of the file they were read from */
    ino_t inode;
    int rename, rename_over, rename_once, rename_lost, fsync, close, unlink;
    bool exclusive_ignored, access_told;
    int64_t space, room, cut; /* space, room -1 = as much as there is */
    long delay;
    struct paths denied, unlisted, unwritable;
};

struct volumefs {
    char backing[PATH_MAX], control[PATH_MAX];
    struct switches on;
    int64_t written; /* since the switches were read */
    bool renamed;    /* or tried to */
};

/* An open file. */
struct file {
    int fd;
    bool writes;
    int64_t next; /* where the next write has to begin */
};

static struct volumefs *state(void)
{
    return fuse_get_context()->private_data;
}

/* ---- switches */

static void take_switch(struct switches *to, const char *name, const char *value)
{
    const struct {
        const char *name;
        int *number;
    } errors[] = { { "rename", &to->rename },
                   { "rename-over", &to->rename_over },
                   { "rename-once", &to->rename_once },
                   { "rename-lost", &to->rename_lost },
                   { "fsync", &to->fsync },
                   { "close", &to->close },
                   { "unlink", &to->unlink } };
    const struct {
        const char *name;
        struct paths *paths;
    } places[] = { { "denied", &to->denied }, { "unlisted", &to->unlisted }, { "unwritable", &to->unwritable } };

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(name, errors[i].name) == 0)
            *errors[i].number = atoi(value);
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(name, places[i].name) == 0 && places[i].paths->count < PATHS)
            (void)snprintf(places[i].paths->path[places[i].paths->count++], sizeof places[i].paths->path[0], "%s", value);
    }
    if (strcmp(name, "exclusive") == 0)
        to->exclusive_ignored = true;
    if (strcmp(name, "access") == 0)
        to->access_told = true;
    if (strcmp(name, "space") == 0)
        to->space = atoll(value);
    if (strcmp(name, "room") == 0)
        to->room = atoll(value);
    if (strcmp(name, "cut") == 0)
        to->cut = atoll(value);
    if (strcmp(name, "delay") == 0)
        to->delay = atol(value);
}

static const struct switches *switches(void)
{
    struct volumefs *fs = state();
    char name[64], value[512];
    struct stat st;
    FILE *file;

    if (stat(fs->control, &st) != 0)
        memset(&st, 0, sizeof st);
    if (fs->on.inode == st.st_ino && fs->on.changed.tv_sec == st.st_mtim.tv_sec && fs->on.changed.tv_nsec == st.st_mtim.tv_nsec)
        return &fs->on;
    fs->on = (struct switches){ .changed = st.st_mtim, .inode = st.st_ino, .space = -1, .room = -1 };
    fs->written = 0;
    fs->renamed = false;
    file = fopen(fs->control, "r");
    while (file != NULL && fscanf(file, "%63s %511[^\n]", name, value) == 2)
        take_switch(&fs->on, name, value);
    if (file != NULL)
        (void)fclose(file);
    return &fs->on;
}

static bool below(const struct paths *paths, const char *path)
{
    for (int i = 0; i < paths->count; i++) {
        size_t size = strlen(paths->path[i]);

        if (strncmp(path, paths->path[i], size) == 0 && (path[size] == '\0' || path[size] == '/'))
            return true;
    }
    return false;
}

/* ---- paths */

/* 0 or a negative errno; the path in the backing folder. */
static int find(const char *path, bool writing, char to[PATH_MAX])
{
    const struct switches *on = switches();
    int wrote = snprintf(to, PATH_MAX, "%s%s", state()->backing, path);

    if (wrote < 0 || wrote >= PATH_MAX)
        return -ENAMETOOLONG;
    if (below(&on->denied, path) || (writing && below(&on->unwritable, path)))
        return -EACCES;
    return 0;
}

/* Catalogs, schemas and volumes are no folders. */
static bool is_object(const char *path)
{
    int levels = 0;

    for (; *path != '\0'; path++)
        levels += *path == '/' && path[1] != '\0';
    return levels <= UC_LEVELS;
}

static struct file *file_of(const struct fuse_file_info *info)
{
    return (struct file *)(uintptr_t)info->fh;
}

/* ---- what is there */

static void *volume_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
    connection->max_write = LARGEST_WRITE;
    config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
    config->hard_remove = 1;
    return state();
}

static int volume_getattr(const char *path, struct stat *st, struct fuse_file_info *info)
{
    char real[PATH_MAX];
    int failed = find(path, false, real);

    (void)info;
    if (failed != 0)
        return failed;
    return lstat(real, st) != 0 ? -errno : 0;
}

static int volume_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
                          enum fuse_readdir_flags flags)
{
    char real[PATH_MAX];
    int failed = find(path, false, real);
    const struct dirent *entry;
    DIR *listing;

    (void)offset;
    (void)info;
    (void)flags;
    if (failed != 0)
        return failed;
    if (below(&switches()->unlisted, path))
        return -EACCES;
    listing = opendir(real);
    if (listing == NULL)
        return -errno;
    while ((entry = readdir(listing)) != NULL)
        (void)fill(buffer, entry->d_name, NULL, 0, 0);
    (void)closedir(listing);
    return 0;
}

static int volume_access(const char *path, int mode)
{
    char real[PATH_MAX];
    int failed = find(path, (mode & W_OK) != 0 && switches()->access_told, real);

    if (failed != 0)
        return failed;
    return access(real, mode) != 0 ? -errno : 0;
}

static int volume_statfs(const char *path, struct statvfs *to)
{
    const struct switches *on = switches();

    (void)path;
    if (statvfs(state()->backing, to) != 0)
        return -errno;
    if (on->room >= 0)
        to->f_bavail = to->f_bfree = (fsblkcnt_t)on->room / to->f_frsize;
    return 0;
}

static int volume_mkdir(const char *path, mode_t mode)
{
    char real[PATH_MAX];
    int failed = find(path, true, real);

    if (failed != 0)
        return failed;
    if (is_object(path))
        return access(real, F_OK) == 0 ? -EEXIST : -EOPNOTSUPP;
    return mkdir(real, mode) != 0 ? -errno : 0;
}

static int volume_rmdir(const char *path)
{
    char real[PATH_MAX];
    int failed = find(path, true, real);

    if (failed != 0)
        return failed;
    if (is_object(path))
        return -EOPNOTSUPP;
    return rmdir(real) != 0 ? -errno : 0;
}

static int volume_unlink(const char *path)
{
    char real[PATH_MAX];
    int failed = find(path, true, real);

    if (failed == 0 && switches()->unlink != 0)
        failed = -switches()->unlink;
    if (failed != 0)
        return failed;
    return unlink(real) != 0 ? -errno : 0;
}

static int volume_rename(const char *from, const char *to, unsigned int flags)
{
    const struct switches *on = switches();
    char real_from[PATH_MAX], real_to[PATH_MAX];
    int failed = find(from, true, real_from);

    if (failed == 0)
        failed = find(to, true, real_to);
    if (failed != 0)
        return failed;
    if (flags != 0)
        return -EINVAL;
    if (on->rename != 0)
        return -on->rename;
    if (on->rename_once != 0 && !state()->renamed) {
        state()->renamed = true;
        return -on->rename_once;
    }
    if (on->rename_over != 0 && access(real_to, F_OK) == 0)
        return -on->rename_over;
    if (rename(real_from, real_to) != 0)
        return -errno;
    return -on->rename_lost;
}

/* ---- reading and writing */

static int open_file(const char *real, struct fuse_file_info *info, mode_t mode)
{
    bool writes = (info->flags & O_ACCMODE) != O_RDONLY;
    struct file *file;
    struct stat st;
    int fd;

    if (writes && (info->flags & O_APPEND) != 0)
        return -ESPIPE;
    fd = open(real, (info->flags & ~(O_APPEND | O_DIRECT)) | O_CLOEXEC, mode);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) != 0 || (writes && st.st_size != 0)) {
        (void)close(fd);
        return -EOPNOTSUPP;
    }
    file = calloc(1, sizeof *file);
    if (file == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    *file = (struct file){ .fd = fd, .writes = writes };
    info->fh = (uintptr_t)file;
    info->direct_io = writes;
    return 0;
}

static int volume_open(const char *path, struct fuse_file_info *info)
{
    char real[PATH_MAX];
    int failed = find(path, (info->flags & O_ACCMODE) != O_RDONLY, real);

    return failed != 0 ? failed : open_file(real, info, 0);
}

static int volume_create(const char *path, mode_t mode, struct fuse_file_info *info)
{
    char real[PATH_MAX];
    int failed = find(path, true, real);

    if (failed != 0)
        return failed;
    if (is_object(path))
        return -EOPNOTSUPP;
    if (switches()->exclusive_ignored)
        info->flags = (info->flags & ~O_EXCL) | O_TRUNC;
    return open_file(real, info, mode);
}

static int volume_read(const char *path, char *to, size_t size, off_t offset, struct fuse_file_info *info)
{
    const struct file *file = file_of(info);
    ssize_t count;

    (void)path;
    if (file->writes)
        return -EOPNOTSUPP;
    count = pread(file->fd, to, size, offset);
    return count < 0 ? -errno : (int)count;
}

static int volume_write(const char *path, const char *bytes, size_t size, off_t offset, struct fuse_file_info *info)
{
    const struct switches *on = switches();
    struct file *file = file_of(info);
    ssize_t count;

    (void)path;
    if (offset != file->next)
        return -EOPNOTSUPP;
    if (on->delay != 0)
        (void)usleep((useconds_t)on->delay);
    if (on->space >= 0 && state()->written >= on->space)
        return -ENOSPC;
    if (on->space >= 0 && (int64_t)size > on->space - state()->written)
        size = (size_t)(on->space - state()->written);
    count = pwrite(file->fd, bytes, size, offset);
    if (count < 0)
        return -errno;
    file->next += count;
    state()->written += count;
    return (int)count;
}

/* Only as part of opening. */
static int volume_truncate(const char *path, off_t size, struct fuse_file_info *info)
{
    char real[PATH_MAX];
    int failed = find(path, true, real);

    if (failed != 0)
        return failed;
    if (size != 0 || (info != NULL && file_of(info)->next != 0))
        return -EOPNOTSUPP;
    return truncate(real, 0) != 0 ? -errno : 0;
}

static int volume_flush(const char *path, struct fuse_file_info *info)
{
    const struct switches *on = switches();
    const struct file *file = file_of(info);

    (void)path;
    if (!file->writes)
        return 0;
    if (on->cut != 0 && ftruncate(file->fd, file->next > on->cut ? file->next - on->cut : 0) != 0)
        return -errno;
    return -on->close;
}

static int volume_release(const char *path, struct fuse_file_info *info)
{
    struct file *file = file_of(info);

    (void)path;
    (void)close(file->fd);
    free(file);
    return 0;
}

static int volume_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
    (void)path;
    (void)data_only;
    (void)info;
    return -switches()->fsync;
}

/* ---- what there is not */

static int no_link(const char *from, const char *to)
{
    (void)from;
    (void)to;
    return -ENOSYS;
}

static int no_mknod(const char *path, mode_t mode, dev_t device)
{
    (void)path;
    (void)mode;
    (void)device;
    return -EOPNOTSUPP;
}

static int no_chmod(const char *path, mode_t mode, struct fuse_file_info *info)
{
    (void)path;
    (void)mode;
    (void)info;
    return -EOPNOTSUPP;
}

static int no_chown(const char *path, uid_t user, gid_t group, struct fuse_file_info *info)
{
    (void)path;
    (void)user;
    (void)group;
    (void)info;
    return -EOPNOTSUPP;
}

static int no_flock(const char *path, struct fuse_file_info *info, int operation)
{
    (void)path;
    (void)info;
    (void)operation;
    return -EOPNOTSUPP;
}

static int no_lock(const char *path, struct fuse_file_info *info, int command, struct flock *lock)
{
    (void)path;
    (void)info;
    (void)command;
    (void)lock;
    return -EOPNOTSUPP;
}

static int no_fallocate(const char *path, int mode, off_t offset, off_t size, struct fuse_file_info *info)
{
    (void)path;
    (void)mode;
    (void)offset;
    (void)size;
    (void)info;
    return -EOPNOTSUPP;
}

static const struct fuse_operations operations = {
    .init = volume_init,
    .getattr = volume_getattr,
    .readdir = volume_readdir,
    .access = volume_access,
    .statfs = volume_statfs,
    .mkdir = volume_mkdir,
    .rmdir = volume_rmdir,
    .unlink = volume_unlink,
    .rename = volume_rename,
    .open = volume_open,
    .create = volume_create,
    .read = volume_read,
    .write = volume_write,
    .truncate = volume_truncate,
    .flush = volume_flush,
    .release = volume_release,
    .fsync = volume_fsync,
    .link = no_link,
    .symlink = no_link,
    .mknod = no_mknod,
    .chmod = no_chmod,
    .chown = no_chown,
    .flock = no_flock,
    .lock = no_lock,
    .fallocate = no_fallocate,
};

int main(int argc, char **argv)
{
    struct volumefs *fs = calloc(1, sizeof *fs);
    /* one thread: an operation ends before the next begins, and what a test has seen stays so. */
    char *arguments[] = { argv[0], argc == 4 ? argv[2] : NULL, "-f", "-s", "-o", "fsname=volumes,subtype=volumefs", NULL };

    if (fs == NULL || argc != 4 || realpath(argv[1], fs->backing) == NULL) {
        (void)fprintf(stderr, "volumefs BACKING MOUNTPOINT CONTROL\n");
        return 2;
    }
    (void)snprintf(fs->control, sizeof fs->control, "%s", argv[3]);
    fs->on.space = fs->on.room = -1;
    (void)umask(0);
    return fuse_main((int)(sizeof arguments / sizeof *arguments) - 1, arguments, &operations, fs);
}
