/* Threads: the few things the library needs from the operating system, and a pool of workers.
 *
 * No thread outlives the call of the library that started it: a pool that lives longer rests in between. The thread that owns the pool works too: with one thread in all, tasks run
 * on the calling thread, in the order of their submission, when it waits. */
#ifndef PF_BASE_THREAD_H
#define PF_BASE_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

/* Plain allocation (not through pf_memory, which needs one itself); NULL = out of memory. */
struct pf_mutex *pf_mutex_new(void);
/* The thread that has locked it may lock it again; it is free after as many unlocks. */
struct pf_mutex *pf_mutex_new_nested(void);
void pf_mutex_free(struct pf_mutex *mutex);
void pf_mutex_lock(struct pf_mutex *mutex);
/* false = another thread has it. */
bool pf_mutex_try(struct pf_mutex *mutex);
void pf_mutex_unlock(struct pf_mutex *mutex);

struct pf_pool;

/* A task lives in its owner's memory and is the owner's again once done. */
struct pf_task {
    void (*run)(struct pf_task *task); /* must not wait for other tasks */
    struct pf_task *next;              /* the pool's */
    atomic_bool done;
};

/* threads counts the caller: threads - 1 workers are started. threads >= 1. */
enum pf_status pf_pool_new(struct pf_pool **out, struct pf_memory *memory, uint32_t threads, struct pf_error *err);
/* Ends the workers, once the tasks under way are done; tasks may be submitted again after pf_pool_resume, which starts as many as the
 * system allows (the owner's thread works in any case). Owner's thread only. */
void pf_pool_rest(struct pf_pool *pool);
void pf_pool_resume(struct pf_pool *pool);
/* Waits for running tasks; tasks not yet begun are dropped (their done stays false). */
void pf_pool_free(struct pf_pool *pool);
void pf_pool_submit(struct pf_pool *pool, struct pf_task *task);
/* Works on submitted tasks until this one is done. Owner's thread only. */
void pf_pool_wait(struct pf_pool *pool, struct pf_task *task);
/* Sleeps until workers have ended more tasks than these, or the time is over, and gives how many they have: for an owner that does
 * something else than waiting for one task. Owner's thread only. */
uint64_t pf_pool_wait_any(struct pf_pool *pool, uint64_t ended, double seconds);
/* Runs one submitted task on the calling thread; false = there was none. Owner's thread only. */
bool pf_pool_help(struct pf_pool *pool);
uint32_t pf_pool_threads(const struct pf_pool *pool);

/* Cores this process may use (affinity and cgroup quota), at least 1. */
uint32_t pf_cpu_count(void);
/* Seconds on a clock that never goes back. */
double pf_clock(void);

#endif
