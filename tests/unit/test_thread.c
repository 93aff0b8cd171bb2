#include "support_unit.h"

#include "base/thread.h"

enum { TASKS = 1000 };

struct add {
    struct pf_task task;
    atomic_int *sum;
    int value;
};

static void run_add(struct pf_task *task)
{
    struct add *add = (struct add *)(void *)task;

    atomic_fetch_add(add->sum, add->value);
}

static void every_task_runs_once(uint32_t threads)
{
    static struct add adds[TASKS];
    struct pf_memory memory;
    struct pf_pool *pool;
    struct pf_error err;
    atomic_int sum = 0;

    CHECK(pf_memory_init(&memory, SIZE_MAX));
    CHECK_OK(pf_pool_new(&pool, &memory, threads, &err), err);
    CHECK_INT(pf_pool_threads(pool), threads);
    for (int i = 0; i < TASKS; i++) {
        adds[i] = (struct add){ .task.run = run_add, .sum = &sum, .value = i };
        pf_pool_submit(pool, &adds[i].task);
    }
    for (int i = TASKS - 1; i >= 0; i--)
        pf_pool_wait(pool, &adds[i].task);
    CHECK_INT(atomic_load(&sum), TASKS * (TASKS - 1) / 2);
    CHECK(!pf_pool_help(pool));
    pf_pool_free(pool);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

static void one_thread(void **state)
{
    (void)state;
    every_task_runs_once(1);
}

static void four_threads(void **state)
{
    (void)state;
    every_task_runs_once(4);
}

static void tasks_not_begun_are_dropped(void **state)
{
    struct pf_memory memory;
    struct pf_pool *pool;
    struct pf_error err;
    atomic_int sum = 0;
    struct add add = { .task.run = run_add, .sum = &sum, .value = 1 };

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    CHECK_OK(pf_pool_new(&pool, &memory, 1, &err), err);
    pf_pool_submit(pool, &add.task);
    pf_pool_free(pool);
    CHECK_INT(atomic_load(&sum), 0);
    CHECK(!atomic_load(&add.task.done));
    pf_memory_destroy(&memory);
}

static void refused_memory_is_an_error(void **state)
{
    struct pf_memory memory;
    struct pf_pool *pool;
    struct pf_error err;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (long n = 0; n < 2; n++) {
        atomic_store(&memory.fail_at, n);
        CHECK_INT(pf_pool_new(&pool, &memory, 2, &err), PF_NO_MEMORY);
        CHECK(pool == NULL);
        CHECK_INT(atomic_load(&memory.in_use), 0);
    }
    pf_memory_destroy(&memory);
}

static void the_clock_and_the_cores(void **state)
{
    double before = pf_clock();

    (void)state;
    CHECK(pf_cpu_count() >= 1);
    CHECK(pf_clock() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread),
        cmocka_unit_test(four_threads),
        cmocka_unit_test(tasks_not_begun_are_dropped),
        cmocka_unit_test(refused_memory_is_an_error),
        cmocka_unit_test(the_clock_and_the_cores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
