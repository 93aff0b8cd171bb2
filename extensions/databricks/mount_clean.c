/* Which folders have been cleaned. */
#include <string.h>
#include <time.h>

#include "mount.h"

struct mount *mount_new(const struct pf_host *host)
{
    struct mount *mount = host->allocate(NULL, sizeof *mount);

    if (mount == NULL)
        return NULL;
    memset(mount, 0, sizeof *mount);
    mount->host = host;
    if (pthread_mutex_init(&mount->lock, NULL) == 0)
        return mount;
    host->release(NULL, mount);
    return NULL;
}

void mount_free(struct mount *mount)
{
    (void)pthread_mutex_destroy(&mount->lock);
    mount->host->release(NULL, mount);
}

static uint64_t hash_of(const char *folder)
{
    uint64_t hash = 14695981039346656037u;

    for (; *folder != '\0'; folder++)
        hash = (hash ^ (uint8_t)*folder) * 1099511628211u;
    return hash != 0 ? hash : 1;
}

static int64_t now(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

/* The place of a folder; where it has none, the one that is soonest forgotten. */
static size_t place_of(const struct mount *mount, uint64_t folder)
{
    size_t first = 0;

    for (size_t i = 0; i < MOUNT_CLEANED; i++) {
        if (mount->cleaned[i].folder == folder)
            return i;
        if (mount->cleaned[i].until < mount->cleaned[first].until)
            first = i;
    }
    return first;
}

static bool is_cleaned(struct mount *mount, uint64_t folder)
{
    bool cleaned;
    size_t at;

    (void)pthread_mutex_lock(&mount->lock);
    at = place_of(mount, folder);
    cleaned = mount->cleaned[at].folder == folder && now() < mount->cleaned[at].until;
    (void)pthread_mutex_unlock(&mount->lock);
    return cleaned;
}

/* until 0 = it is forgotten. */
static void remember(struct mount *mount, uint64_t folder, int64_t until)
{
    size_t at;

    (void)pthread_mutex_lock(&mount->lock);
    at = place_of(mount, folder);
    if (until != 0 || mount->cleaned[at].folder == folder) {
        mount->cleaned[at].folder = until != 0 ? folder : 0;
        mount->cleaned[at].until = until;
    }
    (void)pthread_mutex_unlock(&mount->lock);
}

void mount_clean(struct mount *mount, struct pf_context *ctx, const char *folder)
{
    uint64_t hash = hash_of(folder);
    int64_t began, ended, rest;

    if (is_cleaned(mount, hash))
        return;
    began = now();
    if (!mount_part_clean(mount->host, ctx, folder))
        return;
    ended = now();
    rest = MOUNT_CLEAN_SHARE * (ended - began);
    remember(mount, hash, ended + (rest < MOUNT_CLEAN_AGAIN ? rest : MOUNT_CLEAN_AGAIN));
}

void mount_left(struct mount *mount, const char *folder)
{
    remember(mount, hash_of(folder), 0);
}
