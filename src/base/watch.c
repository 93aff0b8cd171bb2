#include "base/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct pf_watch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct timespec until;
    bool armed, stopping, was_late;
    void (*late)(void *user);
    void *user;
};

static void *run_watch(void *argument)
{
    struct pf_watch *watch = argument;

    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping) {
        if (!watch->armed) {
            pthread_cond_wait(&watch->changed, &watch->lock);
        } else if (pthread_cond_timedwait(&watch->changed, &watch->lock, &watch->until) == ETIMEDOUT && watch->armed) {
            watch->armed = false;
            watch->was_late = true;
            /* under the lock: _end waits for it */
            watch->late(watch->user);
        }
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

static bool prepare(struct pf_watch *watch)
{
    pthread_condattr_t monotonic;
    bool good;

    if (pthread_mutex_init(&watch->lock, NULL) != 0)
        return false;
    good = pthread_condattr_init(&monotonic) == 0;
    if (good) {
        good =
            pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&watch->changed, &monotonic) == 0;
        (void)pthread_condattr_destroy(&monotonic);
    }
    if (!good)
        (void)pthread_mutex_destroy(&watch->lock);
    return good;
}

struct pf_watch *pf_watch_new(void (*late)(void *user), void *user)
{
    struct pf_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL || !prepare(watch)) {
        free(watch);
        return NULL;
    }
    watch->late = late;
    watch->user = user;
    if (pthread_create(&watch->thread, NULL, run_watch, watch) == 0)
        return watch;
    (void)pthread_cond_destroy(&watch->changed);
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
    return NULL;
}

void pf_watch_free(struct pf_watch *watch)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    (void)pthread_join(watch->thread, NULL);
    (void)pthread_cond_destroy(&watch->changed);
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
}

void pf_watch_begin(struct pf_watch *watch, double seconds)
{
    long nanoseconds;

    pthread_mutex_lock(&watch->lock);
    (void)clock_gettime(CLOCK_MONOTONIC, &watch->until);
    watch->until.tv_sec += (time_t)seconds;
    nanoseconds = watch->until.tv_nsec + (long)((seconds - (double)(time_t)seconds) * 1e9);
    watch->until.tv_sec += nanoseconds / 1000000000;
    watch->until.tv_nsec = nanoseconds % 1000000000;
    watch->armed = true;
    watch->was_late = false;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
}

bool pf_watch_end(struct pf_watch *watch)
{
    bool late;

    pthread_mutex_lock(&watch->lock);
    watch->armed = false;
    late = watch->was_late;
    pthread_mutex_unlock(&watch->lock);
    return late;
}
