/* Runs the conversions of a bulk, several at a time. Each has a context of its own, as contexts serve one conversion at a time; the
 * calling thread prepares them, asks for cancel and progress, and tells what became of each. */
#include "convert/bulk.h"

#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "base/thread.h"
#include "convert/check.h"
#include "convert/settings.h"
#include "convert/words.h"
#include "extension/use.h"

/* Less than this each, and fewer are run at a time. */
static const int64_t job_memory = (int64_t)64 << 20;
/* Seconds between two looks at whether to go on, while no file ends. */
static const double between_looks = 0.02;

/* ---- which files */

/* From the options in force what the outputs' names end in. */
static enum pf_status choose_suffix(struct pf_bulk *bulk, struct pf_error *err)
{
    struct pf_context *ctx = bulk->request->ctx;
    const struct pf_writer *writer = ctx->formats->usual_writer;
    const struct pf_convert_options *options = &bulk->options;

    if (options->rejects != NULL) {
        pf_fail(err, PF_BAD_OPTION, "--rejects names one file, and there are several inputs");
        pf_remedy(err, "leave it out: rejected rows go to a file beside each output");
        return PF_BAD_OPTION;
    }
    bulk->suffix = "txt";
    if (pf_is_compat_txt(options))
        return PF_OK;
    if (options->format != NULL && pf_find_writer(ctx, options->format, &writer, err) != PF_OK)
        return err->status;
    /* One that is not known is told by each conversion, with what there is. */
    bulk->suffix = writer != NULL ? writer->suffixes[0] : options->format;
    return PF_OK;
}

/* A wrong value is one error, not one for each file. */
static enum pf_status check_values(struct pf_bulk *bulk, struct pf_error *err)
{
    const char **inputs = pf_arena_alloc_zero(&bulk->arena, (size_t)bulk->count + 1, sizeof *inputs);

    if (inputs == NULL)
        return pf_fail_memory(err, bulk->count * sizeof *inputs);
    for (uint32_t i = 0; i < bulk->count; i++)
        inputs[i] = bulk->files[i].input;
    return pf_request_check_inputs(bulk->request, inputs, bulk->count, err);
}

static enum pf_status fill_bulk(struct pf_bulk *bulk, const char *const *inputs, uint32_t count, const char *folder,
                                bool recursive, struct pf_error *err)
{
    char files[PF_WORDS];

    if (pf_request_check(bulk->request, err) != PF_OK ||
        pf_request_in_force(bulk->request, &bulk->arena, &bulk->options, err) != PF_OK || choose_suffix(bulk, err) != PF_OK)
        return err->status;
    if (folder == NULL || folder[0] == '\0')
        folder = bulk->options.output_dir;
    if (folder != NULL && folder[0] != '\0') {
        folder = pf_location_path(folder);
        bulk->folder = pf_arena_copy(&bulk->arena, folder, strlen(folder));
        if (bulk->folder == NULL)
            return pf_fail_memory(err, strlen(folder));
    }
    bulk->request->ctx->memory.limit = (size_t)bulk->options.memory;
    for (uint32_t i = 0; i < count; i++) {
        if (pf_bulk_find(bulk, pf_location_path(inputs[i]), recursive, err) != PF_OK)
            return err->status;
    }
    if (bulk->left_out > 0)
        pf_log(bulk->request->ctx, PF_LOG_WARNING, "%s of rejected rows %s left out ('*.rejects.csv' takes them)",
               pf_words_of(bulk->left_out, "file", files), bulk->left_out == 1 ? "is" : "are");
    if (bulk->not_entered != NULL)
        pf_log(bulk->request->ctx, PF_LOG_WARNING,
               "links to folders are not followed, such as %s: name one to have what it leads to", bulk->not_entered);
    return check_values(bulk, err) == PF_OK ? pf_bulk_name(bulk, err) : err->status;
}

bool pf_bulk_is_meant(const struct pf_request *request, const char *input)
{
    struct pf_convert_options options;
    struct pf_source_stat stat;
    struct pf_arena arena;
    struct pf_error err;
    bool directory = false, compat;
    enum pf_status status;

    if (strcmp(input, "-") == 0)
        return false;
    status = pf_location_stat(request->ctx, pf_location_path(input), &stat, &directory, &err);
    if (!directory && (status != PF_NOT_FOUND || strpbrk(input, PF_BULK_WILDCARDS) == NULL))
        return false;
    pf_arena_init(&arena, &request->ctx->memory, SIZE_MAX);
    compat = pf_request_in_force(request, &arena, &options, &err) == PF_OK && options.compat == PF_COMPAT_1_0;
    pf_arena_free(&arena);
    return !compat;
}

enum pf_status pf_bulk_new(struct pf_request *request, const char *const *inputs, uint32_t count, const char *folder,
                           bool recursive, struct pf_bulk **out, struct pf_error *err)
{
    struct pf_memory *memory = &request->ctx->memory;
    struct pf_bulk *bulk = pf_alloc_zero(memory, 1, sizeof *bulk);
    enum pf_status status;

    pf_error_clear(err);
    *out = NULL;
    if (bulk == NULL)
        return pf_fail_memory(err, sizeof *bulk);
    bulk->request = request;
    pf_context_hold(request->ctx);
    pf_arena_init(&bulk->arena, memory, SIZE_MAX);
    atomic_store(&request->ctx->cancelled, false);
    pf_extensions_use(request->ctx->extensions);
    status = fill_bulk(bulk, inputs, count, folder, recursive, err);
    if (status == PF_OK)
        status = pf_check_cancel(request->ctx, err);
    memory->limit = SIZE_MAX;
    pf_extensions_leave(request->ctx->extensions);
    if (status == PF_OK) {
        pf_error_clear(err); /* of folders that were gone */
        *out = bulk;
    } else {
        pf_bulk_free(bulk);
    }
    return status;
}

void pf_bulk_free(struct pf_bulk *bulk)
{
    struct pf_context *ctx;

    if (bulk == NULL)
        return;
    ctx = bulk->request->ctx;
    pf_arena_free(&bulk->arena);
    pf_free(&ctx->memory, bulk);
    pf_context_release(ctx);
}

bool pf_bulk_at(const struct pf_bulk *bulk, uint32_t index, const char **input, const char **output)
{
    if (index >= bulk->count)
        return false;
    *input = bulk->files[index].input;
    *output = bulk->files[index].output;
    return true;
}

/* ---- running */

struct run;

/* One of the conversions that are under way. */
struct job {
    struct pf_task task;
    struct run *run;
    uint32_t file;
    bool busy;
    atomic_llong bytes; /* of the file that are read */
    struct pf_context *ctx;
    struct pf_request *request;
    struct pf_result *result;
    struct pf_error err;
    enum pf_status status;
};

struct run {
    struct pf_bulk *bulk;
    struct pf_bulk_totals *totals;
    pf_bulk_fn done;
    void *user;
    struct pf_pool *pool; /* NULL = one at a time, on the calling thread */
    struct pf_mutex *log_lock;
    struct job *jobs;
    uint32_t job_count;
    uint32_t next; /* file to begin with next */
    /* Made for each file before it begins: a conversion that fails would take a folder away that another needs. */
    struct pf_folders *folders;
    int64_t bytes, bytes_total, memory;
    uint32_t threads; /* of all jobs */
    double started;
    bool cancelled;
};

/* Messages of several conversions reach the caller's function one at a time. */
static void forward_log(void *user, enum pf_log_level level, const char *message)
{
    struct run *run = user;
    const struct pf_context *ctx = run->bulk->request->ctx;

    pf_mutex_lock(run->log_lock);
    ctx->log(ctx->log_user, level, message);
    pf_mutex_unlock(run->log_lock);
}

static enum pf_status give_number(struct pf_request *request, const char *name, int64_t number, struct pf_error *err)
{
    char text[PF_INT64_TEXT + 1];

    text[pf_print_int64(number, text)] = '\0';
    return pf_request_set(request, name, text, err);
}

/* What each conversion is given a part of, and what a later setting says otherwise. */
static bool is_settled(const struct pf_request *like, uint32_t index)
{
    const char *name = like->settings[index].name;

    return pf_setting_same(like->ctx, name, "threads") || pf_setting_same(like->ctx, name, "memory") ||
           pf_setting_later(like->ctx, like->settings, like->setting_count, index) != NULL;
}

static enum pf_status fill_request(struct job *job, struct pf_error *err)
{
    struct run *run = job->run;
    const struct pf_bulk_file *file = &run->bulk->files[job->file];
    const struct pf_request *like = run->bulk->request;
    uint32_t number = (uint32_t)(job - run->jobs);
    int64_t threads = run->threads / run->job_count + (number < run->threads % run->job_count ? 1 : 0);

    for (uint32_t i = 0; i < like->setting_count; i++) {
        if (is_settled(like, i))
            continue;
        if (pf_request_set(job->request, like->settings[i].name, like->settings[i].value, err) != PF_OK)
            return err->status;
    }
    if (give_number(job->request, "threads", threads > 0 ? threads : 1, err) != PF_OK ||
        give_number(job->request, "memory", run->memory, err) != PF_OK)
        return err->status;
    pf_request_derived(job->request);
    return pf_request_paths(job->request, file->input, file->output, err);
}

static void convert_one(struct job *job)
{
    job->status = fill_request(job, &job->err);
    if (job->status == PF_OK)
        job->status = pf_convert(job->request, &job->result, &job->err);
}

static void run_job(struct pf_task *task)
{
    convert_one((struct job *)(void *)task);
}

static void tell_progress(const struct run *run)
{
    const struct pf_context *ctx = run->bulk->request->ctx;
    struct pf_progress progress = {
        .bytes_read = run->bytes, .bytes_total = run->bytes_total, .seconds = pf_clock() - run->started, .step = "reading"
    };

    for (uint32_t i = 0; i < run->job_count; i++)
        progress.bytes_read += run->jobs[i].busy ? atomic_load_explicit(&run->jobs[i].bytes, memory_order_relaxed) : 0;
    if (ctx->progress != NULL)
        ctx->progress(ctx->progress_user, &progress);
}

/* Cancels what is under way once the caller's context was cancelled. Again and again: a conversion that begins just now takes it back. */
static void pass_cancel(struct run *run)
{
    run->cancelled = run->cancelled || pf_context_cancelled(run->bulk->request->ctx);
    for (uint32_t i = 0; run->cancelled && i < run->job_count; i++) {
        if (run->jobs[i].busy)
            pf_context_cancel(run->jobs[i].ctx);
    }
}

/* Of the file that is converted on the calling thread: the caller can say only here that it shall not go on. */
static void forward_wait(void *user)
{
    struct job *job = user;

    pf_waiting(job->run->bulk->request->ctx);
    pass_cancel(job->run);
}

static void forward_progress(void *user, const struct pf_progress *progress)
{
    struct job *job = user;
    int64_t most = job->run->bulk->files[job->file].bytes;

    atomic_store_explicit(&job->bytes,
                          progress->bytes_read < most ? progress->bytes_read
                          : most > 0                  ? most
                                                      : 0,
                          memory_order_relaxed);
    if (job->run->pool == NULL) {
        tell_progress(job->run);
        pass_cancel(job->run);
    }
}

static enum pf_status begin_job(struct run *run, struct job *job, struct pf_error *err)
{
    struct pf_context *like = run->bulk->request->ctx;
    const char *output = run->bulk->files[run->next].output;

    if (output[0] != '\0' && !pf_location_is_remote(like, output) &&
        pf_folders_make(&run->folders[run->next], output, &run->bulk->arena, err) != PF_OK)
        pf_error_clear(err); /* the conversion will find so, too, and tells it of its file */
    job->run = run;
    job->file = run->next++;
    job->result = NULL;
    job->ctx = pf_context_make(like->formats);
    job->request = job->ctx != NULL ? pf_request_new(job->ctx) : NULL;
    if (job->request == NULL) {
        pf_context_free(job->ctx);
        return pf_fail_memory(err, sizeof *job);
    }
    pf_context_extensions(job->ctx, like->extensions);
    job->ctx->reword = like->reword;
    job->ctx->inside_hook = like->inside_hook || like->hook_run != NULL;
    if (like->log != NULL)
        pf_context_on_log(job->ctx, forward_log, run, like->log_as_set ? PF_LOG_AS_SET : like->log_from);
    pf_context_on_progress(job->ctx, forward_progress, job);
    if (run->pool == NULL)
        pf_context_on_wait(job->ctx, forward_wait, job);
    atomic_store(&job->bytes, 0);
    job->busy = true;
    job->task.run = run_job;
    atomic_store(&job->task.done, false);
    if (run->pool != NULL)
        pf_pool_submit(run->pool, &job->task);
    else
        convert_one(job);
    return PF_OK;
}

static void end_job(struct run *run, struct job *job)
{
    struct pf_bulk_totals *totals = run->totals;
    const struct pf_bulk_file *file = &run->bulk->files[job->file];
    int code = job->result != NULL ? pf_result_exit_code(job->result) : 1;

    totals->finished++;
    totals->converted += job->status == PF_OK;
    totals->with_rejects += job->status == PF_OK && code == 3;
    run->bytes += file->bytes > 0 ? file->bytes : 0;
    run->cancelled = run->cancelled || job->status == PF_CANCELLED;
    run->done(run->user, job->file, job->status, job->result, &job->err);
    pf_result_free(job->result);
    pf_request_free(job->request);
    pf_context_free(job->ctx);
    job->busy = false;
}

static bool collect(struct run *run)
{
    bool busy = false;

    for (uint32_t i = 0; i < run->job_count; i++) {
        struct job *job = &run->jobs[i];

        if (job->busy && (run->pool == NULL || atomic_load(&job->task.done)))
            end_job(run, job);
        busy = busy || job->busy;
    }
    return busy;
}

static enum pf_status run_all(struct run *run, struct pf_error *err)
{
    uint64_t ended = 0;
    enum pf_status status = PF_OK;
    bool busy = false;

    while (busy || (run->next < run->bulk->count && !run->cancelled && status == PF_OK)) {
        for (uint32_t i = 0; i < run->job_count && run->next < run->bulk->count && !run->cancelled && status == PF_OK; i++) {
            if (!run->jobs[i].busy)
                status = begin_job(run, &run->jobs[i], err);
        }
        if (run->pool != NULL)
            ended = pf_pool_wait_any(run->pool, ended, between_looks);
        tell_progress(run);
        pf_waiting(run->bulk->request->ctx);
        pass_cancel(run);
        busy = collect(run);
    }
    if (status == PF_OK && run->cancelled)
        status =
            pf_fail(err, PF_CANCELLED, "the bulk was cancelled after %u of %u files", run->totals->converted, run->bulk->count);
    return status;
}

/* Threads and memory are totals: so many jobs at a time that each has a share worth having. */
static void share(struct run *run, uint32_t jobs)
{
    const struct pf_convert_options *options = &run->bulk->options;
    uint32_t threads = options->threads > 0 ? (uint32_t)options->threads : pf_cpu_count();

    jobs = jobs == 0 || jobs > threads ? threads : jobs;
    jobs = jobs > run->bulk->count ? run->bulk->count : jobs;
    if (jobs > options->memory / job_memory)
        jobs = (uint32_t)(options->memory / job_memory);
    run->job_count = jobs > 0 ? jobs : 1;
    run->threads = threads;
    run->memory = options->memory / run->job_count;
}

/* One worker a job; fewer jobs of one thread each where the system has no more threads. The calling thread takes none of the tasks. */
static enum pf_status start(struct run *run, struct pf_error *err)
{
    struct pf_context *ctx = run->bulk->request->ctx;
    uint32_t wanted = run->job_count;

    while (run->job_count > 1 && pf_pool_new(&run->pool, &ctx->memory, run->job_count + 1, err) != PF_OK) {
        if (err->status != PF_IO)
            return err->status;
        run->job_count /= 2;
        run->threads = run->job_count;
    }
    if (run->job_count != wanted)
        pf_log(ctx, PF_LOG_WARNING, "--jobs %u needs more threads than the system allows: there are %u at a time", wanted,
               run->job_count);
    pf_error_clear(err);
    return PF_OK;
}

static enum pf_status run_bulk(struct run *run, uint32_t jobs, struct pf_error *err)
{
    share(run, jobs);
    run->jobs = pf_arena_alloc_zero(&run->bulk->arena, run->job_count, sizeof *run->jobs);
    run->log_lock = pf_mutex_new();
    run->folders = pf_arena_alloc_zero(&run->bulk->arena, run->bulk->count + 1, sizeof *run->folders);
    if (run->jobs == NULL || run->log_lock == NULL || run->folders == NULL)
        return pf_fail_memory(err, run->job_count * sizeof *run->jobs + run->bulk->count * sizeof *run->folders);
    if (start(run, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < run->bulk->count && run->bytes_total >= 0; i++) {
        int64_t bytes = run->bulk->files[i].bytes;
        run->bytes_total = bytes < 0 ? -1 : run->bytes_total + bytes;
    }
    return run_all(run, err);
}

enum pf_status pf_bulk_run(struct pf_bulk *bulk, uint32_t jobs, pf_bulk_fn done, void *user, struct pf_bulk_totals *totals,
                           struct pf_error *err)
{
    struct run run = { .bulk = bulk, .totals = totals, .done = done, .user = user, .started = pf_clock() };
    enum pf_status status;

    pf_error_clear(err);
    atomic_store(&bulk->request->ctx->cancelled, false);
    memset(totals, 0, sizeof *totals);
    totals->files = bulk->count;
    status = run_bulk(&run, jobs, err);
    if (run.pool != NULL)
        pf_pool_free(run.pool);
    pf_mutex_free(run.log_lock);
    for (uint32_t i = bulk->count; run.folders != NULL && i > 0; i--)
        pf_folders_remove(&run.folders[i - 1]);
    totals->seconds = pf_clock() - run.started;
    return status;
}
