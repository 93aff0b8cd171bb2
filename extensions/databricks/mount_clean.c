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

/* The place of a folder; where it has none, the one that was taken the longest time ago. */
static size_t place_of(const struct mount *mount, uint64_t folder)
{
    size_t oldest = 0;

    for (size_t i = 0; i < MOUNT_CLEANED; i++) {
        if (mount->cleaned[i].folder == folder)
            return i;
        if (mount->cleaned[i].when < mount->cleaned[oldest].when)
            oldest = i;
    }
    return oldest;
}

static bool is_cleaned(struct mount *mount, uint64_t folder)
{
    bool cleaned;
    size_t at;

    (void)pthread_mutex_lock(&mount->lock);
    at = place_of(mount, folder);
    cleaned = mount->cleaned[at].folder == folder && now() - mount->cleaned[at].when < MOUNT_CLEAN_AGAIN;
    (void)pthread_mutex_unlock(&mount->lock);
    return cleaned;
}

static void remember(struct mount *mount, uint64_t folder, bool cleaned)
{
    size_t at;

    (void)pthread_mutex_lock(&mount->lock);
    at = place_of(mount, folder);
    if (cleaned) {
        mount->cleaned[at].folder = folder;
        mount->cleaned[at].when = now();
    } else if (mount->cleaned[at].folder == folder) {
        mount->cleaned[at].folder = 0;
        mount->cleaned[at].when = 0;
    }
    (void)pthread_mutex_unlock(&mount->lock);
}

void mount_clean(struct mount *mount, struct pf_context *ctx, const char *folder)
{
    uint64_t hash = hash_of(folder);

    if (!is_cleaned(mount, hash) && mount_part_clean(mount->host, ctx, folder))
        remember(mount, hash, true);
}

void mount_left(struct mount *mount, const char *folder)
{
    remember(mount, hash_of(folder), false);
}
