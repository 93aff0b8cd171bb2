#include "mount_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mount_messages.h"

#define PART_SUFFIX  ".pyforge-part"
#define WHOLE_SUFFIX ".pyforge-whole"
#define LEFT_SUFFIX  ".pyforge-left"

enum {
    NAME_MOST = 255,          /* bytes of a file's name */
    COPY_BYTES = 1 << 20,     /* one write of a copy */
    DAY = 24 * 60 * 60,       /* seconds */
    CHECKS = 10,              /* looks at a size, */
    CHECK_MILLISECONDS = 100, /* so far apart */
    TURN_MILLISECONDS = 50,
    CLEAN_TRIES = 200, /* who cleans up after others waits ten seconds for its turn */
    NO_RECORD = -1,
    UNREADABLE = -2
};

/* Nobody writes to them any more. */
static bool is_gone(enum pf_owner owner, const struct mount_part *left)
{
    struct stat st;

    if (owner != PF_OWNER_ELSEWHERE)
        return owner == PF_OWNER_GONE;
    return (stat(left->part, &st) == 0 || stat(left->whole, &st) == 0) && time(NULL) - st.st_mtime > DAY;
}

/* ---- names */

/* The first bytes of a name that fit, ended between two characters. */
static int fitting(const char *name, size_t most)
{
    size_t size = strlen(name);

    if (size <= most)
        return (int)size;
    size = most;
    while (size > 0 && ((uint8_t)name[size] & 0xC0u) == 0x80u)
        size--;
    return (int)size;
}

bool mount_part_of(const struct pf_host *host, const char *target, struct mount_part *out)
{
    const char *slash = strrchr(target, '/'), *name = slash != NULL ? slash + 1 : target;
    char owner[PF_OWNER_BYTES];
    int wrote, kept;

    host->owner_name(owner);
    kept = fitting(name, NAME_MOST - strlen(owner) - sizeof WHOLE_SUFFIX - 2);
    (void)snprintf(out->target, sizeof out->target, "%s", target);
    wrote = snprintf(out->part, sizeof out->part, "%.*s.%.*s.%s" PART_SUFFIX, (int)(name - target), target, kept, name, owner);
    if (wrote < 0 || wrote >= MOUNT_PATH - 1 || strlen(target) >= MOUNT_PATH)
        return false;
    wrote -= (int)sizeof PART_SUFFIX - 1;
    (void)snprintf(out->whole, sizeof out->whole, "%.*s" WHOLE_SUFFIX, wrote, out->part);
    (void)snprintf(out->left, sizeof out->left, "%.*s" LEFT_SUFFIX, wrote, out->part);
    out->named = kept == (int)strlen(name);
    return true;
}

/* Takes a name apart: *name_size bytes after its first dot are those of the target, *stem_size all that comes before the suffix. */
static enum pf_owner parse(const struct pf_host *host, const char *name, size_t *name_size, size_t *stem_size)
{
    static const char *const suffixes[] = { PART_SUFFIX, WHOLE_SUFFIX, LEFT_SUFFIX };
    size_t size = strlen(name), stem = 0, dot;

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t suffix = strlen(suffixes[i]);

        if (size > suffix && strcmp(name + size - suffix, suffixes[i]) == 0)
            stem = size - suffix;
    }
    if (stem == 0 || name[0] != '.')
        return PF_OWNER_NONE;
    for (dot = stem - 1; dot > 0 && name[dot] != '.'; dot--)
        continue;
    if (dot < 2)
        return PF_OWNER_NONE;
    *name_size = dot - 1;
    *stem_size = stem;
    return host->owner_of(name + dot + 1, stem - dot - 1);
}

bool mount_part_is(const struct pf_host *host, const char *name)
{
    size_t name_size, stem_size;

    return parse(host, name, &name_size, &stem_size) != PF_OWNER_NONE;
}

/* ---- writing */

int mount_part_write(int fd, const void *bytes, size_t size)
{
    while (size != 0) {
        ssize_t count = write(fd, bytes, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? errno : EIO;
        bytes = (const char *)bytes + count;
        size -= (size_t)count;
    }
    return 0;
}

int mount_part_check(const char *path, int64_t size)
{
    for (int i = 0;; i++) {
        struct stat st;
        bool there = stat(path, &st) == 0;

        if (!there && (errno != ENOENT || i == CHECKS))
            return errno;
        if (there && (int64_t)st.st_size == size)
            return 0;
        if (i == CHECKS)
            return EIO;
        (void)poll(NULL, 0, CHECK_MILLISECONDS);
    }
}

int mount_part_record(const char *name, int64_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    char text[32];
    int length = snprintf(text, sizeof text, "%lld\n", (long long)size), failed;

    if (fd < 0)
        return errno;
    failed = mount_part_write(fd, text, (size_t)length);
    if (close(fd) != 0 && failed == 0)
        failed = errno;
    if (failed == 0)
        failed = mount_part_check(name, length);
    if (failed != 0)
        (void)unlink(name);
    return failed;
}

/* The size a record tells; or what it is instead: not there, or not finished, which it is before the target is touched. */
static int64_t recorded(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char text[32], *end;
    long long size;
    ssize_t count;

    if (fd < 0)
        return errno == ENOENT ? NO_RECORD : UNREADABLE;
    count = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (count < 0)
        return UNREADABLE;
    text[count] = '\0';
    errno = 0;
    size = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\n' ? size : NO_RECORD;
}

/* ---- copying */

static int copy_bytes(const struct pf_host *host, struct pf_context *ctx, int from, int to, char *bytes)
{
    struct pf_error ignored;

    for (;;) {
        ssize_t count = read(from, bytes, COPY_BYTES);
        int why;

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? errno : 0;
        why = mount_part_write(to, bytes, (size_t)count);
        if (why != 0)
            return why;
        if (ctx != NULL && host->check_cancel(ctx, &ignored) != PF_OK)
            return ECANCELED;
    }
}

int mount_part_copy(const struct pf_host *host, struct pf_context *ctx, int from, int to)
{
    char *bytes = host->allocate(NULL, COPY_BYTES);
    int why = bytes != NULL ? copy_bytes(host, ctx, from, to, bytes) : ENOMEM;

    host->release(NULL, bytes);
    if (close(to) != 0 && why == 0)
        why = errno;
    return why;
}

/* The files of a name in the folder, and whose they are. */
static enum pf_owner found_part(const struct pf_host *host, const char *folder, const char *name, struct mount_part *out)
{
    size_t name_size, stem_size;
    enum pf_owner owner = parse(host, name, &name_size, &stem_size);
    int wrote;

    if (owner == PF_OWNER_NONE)
        return PF_OWNER_NONE;
    wrote = snprintf(out->part, sizeof out->part, "%s/%.*s" PART_SUFFIX, folder, (int)stem_size, name);
    if (wrote < 0 || wrote >= MOUNT_PATH - 1)
        return PF_OWNER_NONE;
    wrote -= (int)sizeof PART_SUFFIX - 1;
    (void)snprintf(out->whole, sizeof out->whole, "%.*s" WHOLE_SUFFIX, wrote, out->part);
    (void)snprintf(out->left, sizeof out->left, "%.*s" LEFT_SUFFIX, wrote, out->part);
    wrote = snprintf(out->target, sizeof out->target, "%s/%.*s", folder, (int)name_size, name + 1);
    return wrote >= 0 && wrote < MOUNT_PATH ? owner : PF_OWNER_NONE;
}

/* ---- taking turns */

enum mount_turn mount_part_turn(const struct pf_host *host, const struct mount_part *mine)
{
    enum mount_turn turn = MOUNT_TURN_MINE;
    const struct dirent *entry;
    char folder[MOUNT_PATH];
    DIR *listing;

    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(mine->target, '/') - mine->target), mine->target);
    listing = opendir(folder);
    if (listing == NULL)
        return MOUNT_TURN_UNKNOWN;
    errno = 0;
    while (turn != MOUNT_TURN_YIELD && (entry = readdir(listing)) != NULL) {
        struct mount_part other;
        enum pf_owner owner = found_part(host, folder, entry->d_name, &other);
        int order = 0;

        if (owner != PF_OWNER_NONE && strcmp(other.target, mine->target) == 0 && access(other.whole, F_OK) == 0 &&
            !is_gone(owner, &other))
            order = strcmp(other.whole, mine->whole);
        if (order != 0)
            turn = order < 0 ? MOUNT_TURN_YIELD : MOUNT_TURN_WAIT;
        errno = 0;
    }
    if (turn == MOUNT_TURN_MINE && errno != 0)
        turn = MOUNT_TURN_UNKNOWN;
    (void)closedir(listing);
    return turn;
}

int mount_part_take_turn(const struct pf_host *host, struct pf_context *ctx, const struct mount_part *mine, int64_t size,
                         int tries)
{
    struct pf_error ignored;
    bool recorded_it = false;

    for (int i = 0; i < tries; i++) {
        int why = recorded_it ? 0 : mount_part_record(mine->whole, size);
        enum mount_turn turn = why == 0 ? mount_part_turn(host, mine) : MOUNT_TURN_UNKNOWN;

        if (turn == MOUNT_TURN_MINE)
            return 0;
        if (turn == MOUNT_TURN_UNKNOWN)
            return why != 0 ? why : EACCES;
        recorded_it = turn == MOUNT_TURN_WAIT;
        if (!recorded_it)
            (void)unlink(mine->whole);
        if (host->check_cancel(ctx, &ignored) != PF_OK)
            return ECANCELED;
        (void)poll(NULL, 0, TURN_MILLISECONDS);
    }
    return EBUSY;
}

/* ---- what was left behind */

enum likeness { TORN, SAME, OTHER, UNKNOWN };

static ssize_t read_full(int fd, char *to, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t count = read(fd, to + got, size - got);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        got += (size_t)count;
    }
    return (ssize_t)got;
}

/* Whether a target is the part, its first bytes only, or something else, which whoever wrote it will want to keep. */
static enum likeness compare_open(int target, int part, char *bytes)
{
    for (;;) {
        ssize_t got = read_full(target, bytes, COPY_BYTES / 2), count = read_full(part, bytes + COPY_BYTES / 2, COPY_BYTES / 2);

        if (got < 0 || count < 0)
            return UNKNOWN;
        if (count < got || memcmp(bytes, bytes + COPY_BYTES / 2, (size_t)got) != 0)
            return OTHER;
        if (got < count)
            return TORN;
        if (got == 0)
            return SAME;
    }
}

/* part is read from its beginning, and is left anywhere. */
static enum likeness compare(const struct pf_host *host, const char *target, int part)
{
    int fd = open(target, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum likeness like = fd < 0 && errno == ENOENT ? TORN : UNKNOWN;
    struct stat st;
    char *bytes;

    if (fd < 0)
        return like;
    bytes = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? host->allocate(NULL, COPY_BYTES) : NULL;
    if (bytes != NULL && lseek(part, 0, SEEK_SET) == 0)
        like = compare_open(fd, part, bytes);
    host->release(NULL, bytes);
    (void)close(fd);
    return like;
}

/* Copies the open part over the target, if that is still its beginning: somebody may have put another file there. */
static bool complete_from(const struct pf_host *host, struct pf_context *ctx, const struct mount_part *left, int part,
                          int64_t size)
{
    enum likeness like = compare(host, left->target, part);
    char text[2 * MOUNT_PATH + 300];
    int fd;

    if (like == SAME || like == OTHER)
        return true;
    if (like == TORN && lseek(part, 0, SEEK_SET) == 0) {
        fd = open(left->target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (fd >= 0 && mount_part_copy(host, ctx, part, fd) == 0 && mount_part_check(left->target, size) == 0) {
            (void)snprintf(text, sizeof text, SAY_MOUNT_COMPLETED, left->target);
            host->warn(ctx, text);
            return true;
        }
    }
    (void)snprintf(text, sizeof text, SAY_MOUNT_LEFT, left->target, left->part);
    host->warn(ctx, text);
    return false;
}

static void remove_all(const struct mount_part *left)
{
    (void)unlink(left->part);
    (void)unlink(left->whole);
    (void)unlink(left->left);
}

/* The target that a dead owner was copying over. Several may come upon it at once: as all who copy over a target do, each writes a record
 * of its own, and only whose turn it is goes on. What cannot be completed stays as it is. */
static bool complete(const struct pf_host *host, struct pf_context *ctx, const struct mount_part *left, int64_t size)
{
    struct mount_part mine;
    bool done = false;
    struct stat st;
    int part;

    if (!mount_part_of(host, left->target, &mine) || !mine.named)
        return false;
    if (mount_part_take_turn(host, ctx, &mine, size, CLEAN_TRIES) == 0) {
        /* whose turn it was before may have done it all */
        part = open(left->part, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        done = part >= 0 && fstat(part, &st) == 0 && S_ISREG(st.st_mode) && (int64_t)st.st_size == size &&
               complete_from(host, ctx, left, part, size);
        if (done)
            remove_all(left);
        if (part >= 0)
            (void)close(part);
    }
    (void)unlink(mine.whole);
    return done;
}

/* Everything of one stem. false = some of it stays: while it cannot be told whether a part is all there is of a target. */
static bool settle(const struct pf_host *host, struct pf_context *ctx, const struct mount_part *left)
{
    int64_t size = recorded(left->whole);
    struct stat st;
    bool there;
    int why;

    if (size == NO_RECORD)
        size = recorded(left->left);
    there = stat(left->part, &st) == 0;
    why = there || errno == ENOENT ? 0 : errno;
    if (size == UNREADABLE || why != 0)
        return false;
    if (there && size >= 0 && (int64_t)st.st_size == size)
        return complete(host, ctx, left, size);
    remove_all(left);
    return true;
}

bool mount_part_clean(const struct pf_host *host, struct pf_context *ctx, const char *folder)
{
    DIR *listing = opendir(folder);
    const struct dirent *entry;
    bool settled = true;

    if (listing == NULL)
        return false;
    while ((entry = readdir(listing)) != NULL) {
        struct mount_part found;
        enum pf_owner owner = found_part(host, folder, entry->d_name, &found);

        if (owner != PF_OWNER_NONE && (is_gone(owner, &found) || access(found.left, F_OK) == 0))
            settled = settle(host, ctx, &found) && settled;
    }
    (void)closedir(listing);
    return settled;
}
