#include "volumes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mount_part.h"

/* ---- listing */

struct names {
    char **names;
    size_t count, capacity;
};

static void free_names(const struct pf_host *host, struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        host->release(NULL, names->names[i]);
    host->release(NULL, names->names);
}

static int add_name(const struct pf_host *host, struct names *names, const char *name)
{
    size_t size = strlen(name) + 1;

    if (names->count == names->capacity) {
        size_t capacity = 2 * names->capacity + 16;
        char **larger = host->resize(NULL, names->names, capacity * sizeof(char *));

        if (larger == NULL)
            return ENOMEM;
        names->names = larger;
        names->capacity = capacity;
    }
    names->names[names->count] = host->allocate(NULL, size);
    if (names->names[names->count] == NULL)
        return ENOMEM;
    memcpy(names->names[names->count++], name, size);
    return 0;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool is_folder(int parent, const struct dirent *entry)
{
    struct stat st;

    if (entry->d_name[0] == '.')
        return false;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(parent, entry->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* The folders in a folder, sorted; or the one of this name. 0 or an errno. */
static int list_names(const struct pf_host *host, const char *folder, const char *only, struct names *out)
{
    const struct dirent *entry;
    int why = 0;
    DIR *listing;

    *out = (struct names){ NULL, 0, 0 };
    if (*only != '\0')
        return add_name(host, out, only);
    listing = opendir(folder);
    if (listing == NULL)
        return errno;
    errno = 0;
    while (why == 0 && (entry = readdir(listing)) != NULL) {
        why = is_folder(dirfd(listing), entry) ? add_name(host, out, entry->d_name) : 0;
        errno = 0;
    }
    why = why != 0 ? why : errno;
    (void)closedir(listing);
    if (why == 0 && out->count > 1)
        qsort(out->names, out->count, sizeof(char *), by_name);
    return why;
}

struct walk {
    const struct pf_host *host;
    const char *only[3]; /* catalog and schema, "" = all; and "" */
    const char *names[3];
    volumes_fn emit;
    void *user;
};

static bool emit(const struct walk *walk, size_t levels, const char *reason)
{
    return walk->emit(walk->user, levels > 0 ? walk->names[0] : "", levels > 1 ? walk->names[1] : "",
                      levels > 2 ? walk->names[2] : "", reason);
}

static int walk_level(struct walk *walk, const char *folder, size_t level)
{
    struct names names;
    int why = list_names(walk->host, folder, walk->only[level], &names);

    if (why != 0 && level > 0 && walk->only[level - 1][0] == '\0' && why != ENOMEM) {
        /* one of many */
        why = emit(walk, level, strerror(why)) ? 0 : ECANCELED;
        names.count = 0;
    }
    for (size_t i = 0; why == 0 && i < names.count; i++) {
        char below[PATH_BYTES];

        walk->names[level] = names.names[i];
        if (level == 2)
            why = emit(walk, 3, NULL) ? 0 : ECANCELED;
        else if ((size_t)snprintf(below, sizeof below, "%s/%s", folder, names.names[i]) < sizeof below)
            why = walk_level(walk, below, level + 1);
    }
    free_names(walk->host, &names);
    return why;
}

int volumes_walk(const struct pf_host *host, const char *mount, const char *catalog, const char *schema, volumes_fn emit_to,
                 void *user)
{
    struct walk walk = { .host = host, .only = { catalog, schema, "" }, .emit = emit_to, .user = user };

    return walk_level(&walk, mount, 0);
}

/* ---- checking */

/* Whether it is the system's trouble, which no grant ends. */
static bool is_trouble(int why)
{
    static const int troubles[] = { ENOSPC, EDQUOT, EIO, EROFS, ETIMEDOUT, ENOTCONN, EAGAIN, ENOMEM, EMFILE, ENFILE };
    bool found = false;

    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++)
        found = found || troubles[i] == why;
    return found;
}

static bool tell(struct volumes_check *check, int why)
{
    if (why == 0)
        check->state = VOLUMES_OK;
    else if (why == ENOENT || why == ENOTDIR)
        check->state = VOLUMES_MISSING;
    else
        check->state = is_trouble(why) ? VOLUMES_FAILED : VOLUMES_REFUSED;
    (void)snprintf(check->reason, sizeof check->reason, "%s", why == 0 ? "" : strerror(why));
    return why == 0;
}

/* Whether a volume's files can be listed, or a file be read. */
static int try_reading(const char *path)
{
    struct stat st;
    DIR *listing;
    int fd, why;

    if (stat(path, &st) != 0)
        return errno;
    if (S_ISDIR(st.st_mode)) {
        listing = opendir(path);
        why = listing == NULL ? errno : 0;
        if (listing == NULL)
            return why;
        /* a mount may tell only here; the end of an empty folder leaves errno as it is */
        errno = 0;
        if (readdir(listing) == NULL)
            why = errno;
        (void)closedir(listing);
        return why;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    why = fd < 0 ? errno : 0;
    if (fd >= 0)
        (void)close(fd);
    return why;
}

/* Cuts place to the folder in which the path would be made: the nearest one that is there, from fixed bytes on. */
static void find_folder(char *place, size_t fixed)
{
    struct stat st;

    while (strlen(place) > fixed && (stat(place, &st) != 0 || !S_ISDIR(st.st_mode)))
        *strrchr(place, '/') = '\0';
}

/* The file is a part, so that the next run takes away what a killed one has left. */
static int try_writing(const struct pf_host *host, const char *folder)
{
    static const char content[] = "pyforge validate-volume\n";
    char target[PATH_BYTES + 16];
    struct mount_part part;
    const char *name = part.part;
    int fd, why = 0;

    (void)snprintf(target, sizeof target, "%s/validate", folder);
    if (!mount_part_of(host, target, &part))
        return ENAMETOOLONG;
    fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    errno = 0;
    if (write(fd, content, sizeof content - 1) != (ssize_t)(sizeof content - 1))
        why = errno != 0 ? errno : EIO;
    if (close(fd) != 0 && why == 0)
        why = errno; /* a mount may tell only here */
    if (unlink(name) != 0 && why == 0)
        why = errno;
    return why;
}

void volumes_check(const struct pf_host *host, const char *mount, const struct path *path, bool writing,
                   struct volumes_check out[VOLUMES_PARTS])
{
    const char *const names[] = { path->catalog, path->schema, path->volume };
    char place[2 * PATH_BYTES];
    size_t used = (size_t)snprintf(place, sizeof place, "%s", mount), fixed;
    struct stat st;

    memset(out, 0, VOLUMES_PARTS * sizeof *out);
    for (size_t i = 0; i < 3; i++) {
        used += (size_t)snprintf(place + used, sizeof place - used, "/%s", names[i]);
        if (!tell(&out[i], i == VOLUMES_VOLUME ? try_reading(place) : stat(place, &st) != 0 ? errno : 0))
            return;
    }
    fixed = used;
    if (path_rest(path)[0] != '\0') {
        (void)snprintf(place + used, sizeof place - used, "/%s", path_rest(path));
        (void)tell(&out[VOLUMES_PATH], try_reading(place));
    } else {
        out[VOLUMES_PATH].state = VOLUMES_OK;
    }
    if (!writing)
        return;
    find_folder(place, fixed);
    (void)tell(&out[VOLUMES_WRITING], try_writing(host, place));
}
