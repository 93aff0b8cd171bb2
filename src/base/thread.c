#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct pf_mutex {
    pthread_mutex_t lock;
};

struct pf_mutex *pf_mutex_new(void)
{
    struct pf_mutex *mutex = malloc(sizeof *mutex);

    if (mutex != NULL && pthread_mutex_init(&mutex->lock, NULL) != 0) {
        free(mutex);
        mutex = NULL;
    }
    return mutex;
}

struct pf_mutex *pf_mutex_new_nested(void)
{
    struct pf_mutex *mutex = malloc(sizeof *mutex);
    pthread_mutexattr_t kind;
    bool good = mutex != NULL && pthread_mutexattr_init(&kind) == 0;

    if (good) {
        good = pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE) == 0 && pthread_mutex_init(&mutex->lock, &kind) == 0;
        (void)pthread_mutexattr_destroy(&kind);
    }
    if (!good) {
        free(mutex);
        mutex = NULL;
    }
    return mutex;
}

void pf_mutex_free(struct pf_mutex *mutex)
{
    if (mutex == NULL)
        return;
    pthread_mutex_destroy(&mutex->lock);
    free(mutex);
}

void pf_mutex_lock(struct pf_mutex *mutex)
{
    pthread_mutex_lock(&mutex->lock);
}

bool pf_mutex_try(struct pf_mutex *mutex)
{
    return pthread_mutex_trylock(&mutex->lock) == 0;
}

void pf_mutex_unlock(struct pf_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->lock);
}

/* ---- pool: one queue, first in first out; a finished task wakes the owner only while it waits */

struct pf_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;     /* a task was submitted, or the pool stops */
    pthread_cond_t finished; /* a task was done */
    struct pf_task *first, *last;
    struct pf_memory *memory;
    pthread_t *workers;
    uint32_t worker_count, wanted; /* running; when not at rest */
    uint64_t ended;                /* tasks, by workers */
    bool stopping, owner_waits;
};

/* Takes the first task; the lock is held. */
static struct pf_task *take_task(struct pf_pool *pool)
{
    struct pf_task *task = pool->first;

    if (task != NULL) {
        pool->first = task->next;
        if (pool->first == NULL)
            pool->last = NULL;
    }
    return task;
}

static void run_task(struct pf_task *task)
{
    task->run(task);
    /* Release: what the task wrote is seen by whoever sees done. */
    atomic_store_explicit(&task->done, true, memory_order_release);
}

static void *worker(void *argument)
{
    struct pf_pool *pool = argument;

    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        struct pf_task *task = take_task(pool);

        if (task == NULL) {
            pthread_cond_wait(&pool->work, &pool->lock);
            continue;
        }
        pthread_mutex_unlock(&pool->lock);
        run_task(task);
        pthread_mutex_lock(&pool->lock);
        pool->ended++;
        if (pool->owner_waits)
            pthread_cond_signal(&pool->finished);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static enum pf_status start_workers(struct pf_pool *pool, struct pf_error *err)
{
    while (pool->worker_count < pool->wanted) {
        int failed = pthread_create(&pool->workers[pool->worker_count], NULL, worker, pool);

        if (failed != 0) {
            pf_fail_io(err, failed, "start", "a thread");
            pf_remedy(err, "use fewer --threads");
            return err->status;
        }
        pool->worker_count++;
    }
    return PF_OK;
}

enum pf_status pf_pool_new(struct pf_pool **out, struct pf_memory *memory, uint32_t threads, struct pf_error *err)
{
    struct pf_pool *pool = pf_alloc_zero(memory, 1, sizeof *pool);
    pthread_condattr_t clock;

    *out = NULL;
    if (pool == NULL)
        return pf_fail_memory(err, sizeof *pool);
    pool->memory = memory;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    if (pthread_condattr_init(&clock) == 0) {
        (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
        pthread_cond_init(&pool->finished, &clock);
        (void)pthread_condattr_destroy(&clock);
    }
    pool->workers = pf_alloc_zero(memory, threads, sizeof *pool->workers);
    if (pool->workers == NULL) {
        pf_pool_free(pool);
        return pf_fail_memory(err, threads * sizeof *pool->workers);
    }
    pool->wanted = threads - 1;
    if (start_workers(pool, err) != PF_OK) {
        pf_pool_free(pool);
        return err->status;
    }
    *out = pool;
    return PF_OK;
}

void pf_pool_rest(struct pf_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->worker_count; i++)
        pthread_join(pool->workers[i], NULL);
    pool->worker_count = 0;
    pool->stopping = false;
}

void pf_pool_resume(struct pf_pool *pool)
{
    struct pf_error fewer;

    (void)start_workers(pool, &fewer);
}

void pf_pool_free(struct pf_pool *pool)
{
    if (pool == NULL)
        return;
    pf_pool_rest(pool);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    pf_free(pool->memory, pool->workers);
    pf_free(pool->memory, pool);
}

void pf_pool_submit(struct pf_pool *pool, struct pf_task *task)
{
    task->next = NULL;
    atomic_store_explicit(&task->done, false, memory_order_relaxed);
    pthread_mutex_lock(&pool->lock);
    if (pool->last != NULL)
        pool->last->next = task;
    else
        pool->first = task;
    pool->last = task;
    if (pool->worker_count != 0)
        pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

bool pf_pool_help(struct pf_pool *pool)
{
    struct pf_task *task;

    pthread_mutex_lock(&pool->lock);
    task = take_task(pool);
    pthread_mutex_unlock(&pool->lock);
    if (task == NULL)
        return false;
    run_task(task);
    return true;
}

void pf_pool_wait(struct pf_pool *pool, struct pf_task *task)
{
    while (!atomic_load_explicit(&task->done, memory_order_acquire)) {
        if (pf_pool_help(pool))
            continue;
        pthread_mutex_lock(&pool->lock);
        pool->owner_waits = true;
        while (pool->first == NULL && !atomic_load_explicit(&task->done, memory_order_acquire))
            pthread_cond_wait(&pool->finished, &pool->lock);
        pool->owner_waits = false;
        pthread_mutex_unlock(&pool->lock);
    }
}

uint64_t pf_pool_wait_any(struct pf_pool *pool, uint64_t ended, double seconds)
{
    struct timespec until;
    int64_t nanoseconds;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    nanoseconds = until.tv_nsec + (int64_t)(seconds * 1e9);
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    pthread_mutex_lock(&pool->lock);
    pool->owner_waits = true;
    while (pool->ended == ended && pthread_cond_timedwait(&pool->finished, &pool->lock, &until) == 0) {
    }
    pool->owner_waits = false;
    ended = pool->ended;
    pthread_mutex_unlock(&pool->lock);
    return ended;
}

uint32_t pf_pool_threads(const struct pf_pool *pool)
{
    return pool->wanted + 1;
}

/* ---- cores */

/* Cores allowed by the cgroup's quota ("max 100000" or "200000 100000" in cpu.max); 0 = no quota. */
static uint32_t quota_cores(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    char text[64];
    long quota = 0, period = 0;
    char *end;

    if (file == NULL)
        return 0;
    if (fgets(text, sizeof text, file) != NULL) {
        quota = strtol(text, &end, 10);
        period = strtol(end, NULL, 10);
    }
    (void)fclose(file);
    if (quota <= 0 || period <= 0)
        return 0;
    return (uint32_t)((quota + period - 1) / period);
}

uint32_t pf_cpu_count(void)
{
    cpu_set_t set;
    uint32_t cores = 1, quota = quota_cores();

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        cores = (uint32_t)CPU_COUNT(&set);
    else if (sysconf(_SC_NPROCESSORS_ONLN) > 0)
        cores = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    if (quota != 0 && quota < cores)
        cores = quota;
    return cores != 0 ? cores : 1;
}

double pf_clock(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
