/* Conversions at the same time: a context for each thread, one set of extensions for all. For ThreadSanitizer above all. */
#include "support_unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "pyforge/arrow_abi.h"
#include "pyforge/extension.h"

enum { THREADS = 4, TURNS = 3, ROWS = 60000 };

static char folder[] = "/tmp/pyforge-parallel-XXXXXX";

/* ---- the extension of all: a hook that sets an option, and counts */

struct counts {
    const struct pf_host *host;
    atomic_int started, hooked, stopped;
};

static struct counts counts;

static enum pf_status start(const struct pf_host *host, struct pf_registration *to, void **self, struct pf_error *err)
{
    (void)to;
    (void)err;
    counts.host = host;
    atomic_fetch_add(&counts.started, 1);
    *self = &counts;
    return PF_OK;
}

static void stop(void *self)
{
    atomic_fetch_add(&((struct counts *)self)->stopped, 1);
}

static enum pf_status hook(void *self, enum pf_hook which, struct pf_context *ctx, struct pf_hook_call *call,
                           struct pf_error *err)
{
    const struct counts *own = self;

    (void)ctx;
    (void)err;
    atomic_fetch_add(&counts.hooked, 1);
    if (which == PF_HOOK_PARAMETERS) {
        struct pf_error ignored;
        (void)own->host->hook_set(call, "compression", "zstd", &ignored);
    }
    if (which == PF_HOOK_POST)
        own->host->hook_note(call, "hooked");
    return PF_OK;
}

static const struct pf_extension extension = {
    .size = sizeof extension,
    .abi = PF_EXTENSION_ABI,
    .name = "counts",
    .version = "1",
    .description = "for tests",
    .licence = "MIT",
    .initialise = start,
    .shutdown = stop,
    .hooks = (1u << PF_HOOK_PARAMETERS) | (1u << PF_HOOK_POST),
    .hook = hook,
};

/* ---- what each thread does */

struct worker {
    pthread_t thread;
    int number;
    struct pf_extensions *set;
    atomic_bool *over;                    /* for those that go on until the others have ended */
    _Atomic(struct pf_context *) *victim; /* cancelled by another thread; NULL = none */
    char said[600];                       /* what went wrong; cmocka's checks are for the main thread */
};

static void say(struct worker *worker, const char *what, const struct pf_error *err)
{
    if (worker->said[0] == '\0')
        (void)snprintf(worker->said, sizeof worker->said, "thread %d: %s: %s", worker->number, what, err->message);
}

static struct pf_request *request_new(struct pf_context *ctx, const struct worker *worker, struct pf_error *err)
{
    struct pf_request *request = pf_request_new(ctx);
    char input[100], output[100];

    (void)snprintf(input, sizeof input, "%s/in.csv", folder);
    (void)snprintf(output, sizeof output, "%s/%d.parquet", folder, worker->number);
    if (pf_request_paths(request, input, output, err) != PF_OK || pf_request_set(request, "force", NULL, err) != PF_OK ||
        pf_request_set(request, "threads", "2", err) != PF_OK) {
        pf_request_free(request);
        return NULL;
    }
    return request;
}

static void convert_once(struct worker *worker, struct pf_context *ctx)
{
    struct pf_result *result = NULL;
    struct pf_error err;
    struct pf_request *request = request_new(ctx, worker, &err);

    if (request == NULL || pf_convert(request, &result, &err) != PF_OK)
        say(worker, "convert", &err);
    else if (strstr(pf_result_json(result), "\"row_count\": 60000,") == NULL)
        say(worker, pf_result_json(result), &err);
    pf_result_free(result);
    pf_request_free(request);
}

static void read_once(struct worker *worker, struct pf_context *ctx)
{
    struct ArrowArrayStream stream = { .release = NULL };
    struct pf_error err;
    struct pf_request *request = request_new(ctx, worker, &err);
    int64_t rows = 0;

    if (request == NULL || pf_read_stream(request, &stream, &err) != PF_OK) {
        say(worker, "read", &err);
        pf_request_free(request);
        return;
    }
    pf_request_free(request);
    for (;;) {
        struct ArrowArray batch = { .release = NULL };
        if (stream.get_next(&stream, &batch) != 0 || batch.release == NULL)
            break;
        rows += batch.length;
        batch.release(&batch);
    }
    stream.release(&stream);
    if (rows != ROWS)
        say(worker, "rows are missing", &err);
}

static void *convert_and_read(void *given)
{
    struct worker *worker = given;

    for (int turn = 0; turn < TURNS; turn++) {
        struct pf_context *ctx = pf_context_new();

        pf_context_extensions(ctx, worker->set);
        convert_once(worker, ctx);
        read_once(worker, ctx);
        pf_context_free(ctx);
    }
    return NULL;
}

/* What a program asks for meanwhile: which there are, and a load of what is loaded. */
static void *look(void *given)
{
    struct worker *worker = given;

    while (!atomic_load(worker->over)) {
        struct pf_extension_info info;
        struct pf_error err;

        for (uint32_t i = 0; pf_extension_at(worker->set, i, &info); i++) {
            if (strcmp(info.name, "counts") == 0 && info.state == PF_EXTENSION_FAILED)
                (void)snprintf(worker->said, sizeof worker->said, "%s", info.reason);
        }
        if (pf_extension_load(worker->set, "counts", &err) != PF_OK)
            say(worker, "load", &err);
        (void)usleep(1000);
    }
    return NULL;
}

/* ---- tests */

static int make_input(void **state)
{
    char path[100];
    FILE *file;

    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/in.csv", folder);
    file = fopen(path, "wb");
    if (file == NULL)
        return -1;
    (void)fputs("id,amount,day,note\n", file);
    for (int i = 0; i < ROWS; i++)
        (void)fprintf(file, "%d,%d.25,2024-02-%02d,\"note, %d\"\n", i, i, i % 28 + 1, i % 7);
    return fclose(file);
}

static int remove_folder(void **state)
{
    char command[100];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void conversions_share_a_set(void **state)
{
    struct worker workers[THREADS + 1];
    struct pf_error err;
    struct pf_extensions *set = pf_extensions_new(NULL);
    atomic_bool over = false;

    (void)state;
    CHECK_OK(pf_extension_add(set, &extension, &err), err);
    for (int i = 0; i <= THREADS; i++) {
        workers[i] = (struct worker){ .number = i, .set = set, .over = &over };
        CHECK_INT(pthread_create(&workers[i].thread, NULL, i < THREADS ? convert_and_read : look, &workers[i]), 0);
    }
    for (int i = 0; i <= THREADS; i++) {
        if (i == THREADS)
            atomic_store(&over, true);
        CHECK_INT(pthread_join(workers[i].thread, NULL), 0);
    }
    for (int i = 0; i <= THREADS; i++)
        CHECK_TEXT(workers[i].said, "");
    pf_extensions_free(set);
    CHECK_INT(atomic_load(&counts.started), 1);
    CHECK_INT(atomic_load(&counts.stopped), 1);
    CHECK(atomic_load(&counts.hooked) >= 2 * THREADS * TURNS);
}

static void *cancel_again_and_again(void *given)
{
    struct worker *worker = given;

    while (!atomic_load(worker->over)) {
        pf_context_cancel(atomic_load(worker->victim));
        (void)usleep(500);
    }
    return NULL;
}

/* A context is cancelled by any thread: the call ends well, or as cancelled. */
static void cancelled_by_another_thread(void **state)
{
    _Atomic(struct pf_context *) victim = pf_context_new();
    atomic_bool over = false;
    struct worker other = { .number = 9, .over = &over, .victim = &victim };
    struct pf_context *ctx = atomic_load(&victim);

    (void)state;
    CHECK_INT(pthread_create(&other.thread, NULL, cancel_again_and_again, &other), 0);
    for (int turn = 0; turn < 4 * TURNS; turn++) {
        struct pf_result *result = NULL;
        struct pf_error err;
        struct pf_request *request = request_new(ctx, &other, &err);
        enum pf_status status = pf_convert(request, &result, &err);

        CHECK(status == PF_OK || status == PF_CANCELLED);
        pf_result_free(result);
        pf_request_free(request);
    }
    atomic_store(&over, true);
    CHECK_INT(pthread_join(other.thread, NULL), 0);
    pf_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions_share_a_set),
        cmocka_unit_test(cancelled_by_another_thread),
    };

    return cmocka_run_group_tests(tests, make_input, remove_folder);
}
