/* Conformance of engines: a small conversion, one that is cancelled, and what is left when it does not work out. */
#include <stdio.h>
#include <string.h>

#include "extension/conform.h"

static const char table[] = "id,name\n1,a\n2,b\n3,c\n";

struct trial {
    struct conform *c;
    const struct pf_engine_addition *engine;
    char input[PF_PATH_BYTES], output[PF_PATH_BYTES];
    struct pf_context *ctx;
    uint32_t progress;
    /* of the record: it tells of as many rows as there are, of columns at all, and of those there are */
    bool rows, columns, same_columns;
};

static void cancel(void *user, const struct pf_progress *progress)
{
    struct trial *trial = user;

    (void)progress;
    trial->progress++;
    pf_context_cancel(trial->ctx);
}

static void look_at_record(struct trial *trial, const char *record)
{
    const char *first = strstr(record, "\"columns\": [{\"name\": \"id\", ");

    trial->rows = strstr(record, "\"row_count\": 3,") != NULL;
    trial->columns = strstr(record, "\"columns\": []") == NULL;
    trial->same_columns = first != NULL && strstr(first, "}, {\"name\": \"name\", ") != NULL;
}

/* Runs the conversion with this engine and no other, and looks at the record. */
static enum pf_status convert(struct trial *trial, bool cancelled, struct pf_error *err)
{
    const struct pf_host *host = &trial->c->set->host;
    struct pf_request *request;
    struct pf_result *result = NULL;
    enum pf_status status;

    trial->rows = trial->columns = trial->same_columns = false;
    trial->progress = 0;
    trial->ctx = host->context_new(trial->c->ctx);
    request = trial->ctx != NULL ? host->request_new(trial->ctx) : NULL;
    if (request == NULL) {
        host->context_free(trial->ctx);
        return pf_fail_memory(err, 1);
    }
    if (cancelled)
        pf_context_on_progress(trial->ctx, cancel, trial);
    status = host->request_paths(request, trial->input, trial->output, err);
    if (status == PF_OK)
        status = host->request_set(request, "engine", trial->engine->name, err);
    if (status == PF_OK)
        status = host->convert(request, &result, err);
    if (result != NULL)
        look_at_record(trial, host->result_json(result));
    host->result_free(result);
    host->request_free(request);
    host->context_free(trial->ctx);
    return status;
}

static bool is_there(const char *path)
{
    struct pf_file_facts facts;

    return pf_file_look(path, &facts);
}

/* Which columns it wrote, an engine need not tell; what it tells is shown to users. */
static void check_columns(const struct trial *trial)
{
    char what[160];

    (void)snprintf(what, sizeof what, "engine %.60s: tells which columns it has written", trial->engine->name);
    if (trial->columns)
        (void)pf_conform_check(trial->c, trial->same_columns, what, "the columns are not those that were given");
    else
        pf_conform_note(trial->c, what, "it tells of none");
}

static void check_conversion(struct trial *trial)
{
    struct conform *c = trial->c;
    char what[160];
    struct pf_error err;
    enum pf_status status;

    pf_error_clear(&err);
    status = convert(trial, false, &err);
    (void)snprintf(what, sizeof what, "engine %.60s: converts a small file, or says why not", trial->engine->name);
    if (status == PF_OK) {
        (void)pf_conform_check(c, trial->rows && is_there(trial->output), what, "the rows are not those that were given");
        check_columns(trial);
    } else if (pf_conform_check(c, pf_conform_is_told(status, &err), what, "it fails without a word")) {
        pf_conform_note(c, what, err.message);
        (void)snprintf(what, sizeof what, "engine %.60s: leaves nothing when it has failed", trial->engine->name);
        (void)pf_conform_check(c, !is_there(trial->output), what, "something is at the output");
    }
    (void)pf_file_remove(trial->output);
}

static void check_cancel(struct trial *trial)
{
    struct conform *c = trial->c;
    char what[160];
    struct pf_error err;
    enum pf_status status;

    pf_error_clear(&err);
    status = convert(trial, true, &err);
    (void)snprintf(what, sizeof what, "engine %.60s: ends when it is cancelled, and leaves nothing", trial->engine->name);
    /* progress that is told once, when all is done, comes too late to end anything */
    if (trial->progress == 0 || (trial->progress == 1 && status == PF_OK))
        pf_conform_note(c, what, "it tells too little progress to be cancelled here");
    else if (pf_conform_check(c, status == PF_CANCELLED, what, "it was told to end, and %s",
                              status == PF_OK ? "went on to the end" : err.message))
        (void)pf_conform_check(c, !is_there(trial->output), what, "something is at the output");
    (void)pf_file_remove(trial->output);
}

void pf_conform_engine(struct conform *c, const struct pf_engine_addition *engine)
{
    struct trial trial = { .c = c, .engine = engine };
    const char *folder = pf_temp_dir(c->ctx);
    long long now = (long long)pf_now_ns();
    char what[160];

    (void)snprintf(what, sizeof what, "engine %.60s: has a description of one line", engine->name);
    (void)pf_conform_check(
        c, engine->description != NULL && engine->description[0] != '\0' && strchr(engine->description, '\n') == NULL, what,
        "it has none, or one of several lines");
    (void)snprintf(trial.input, sizeof trial.input, "%.3900s/pyforge-conform-%lld.csv", folder, now);
    (void)snprintf(trial.output, sizeof trial.output, "%.3900s/pyforge-conform-%lld.parquet", folder, now);
    if (!pf_file_store(trial.input, table, sizeof table - 1)) {
        pf_conform_note(c, "engines", "the folder for temporary files cannot be written to");
        return;
    }
    check_conversion(&trial);
    check_cancel(&trial);
    (void)pf_file_remove(trial.input);
}
