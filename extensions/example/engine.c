/* An engine: another way to carry out a conversion. This one has PyForge's own engine do the work, and tells it as its own. */
#include <stdlib.h>
#include <string.h>

#include "example.h"

/* Quick, and nothing is started: --explain asks, too. The reason is what users see. */
static bool takes(void *self, struct pf_context *ctx, const struct pf_engine_job *job, struct pf_engine_answer *answer)
{
    const char *asked = ((const struct example *)self)->host->job_option(job, "engine");

    (void)ctx;
    (void)strcpy(answer->reason, "the example works only where --engine example asks for it");
    return asked != NULL && strcmp(asked, "example") == 0;
}

/* A number of a result record; 0 = it has none of that name. */
static int64_t number_of(const char *record, const char *name)
{
    const char *at = record != NULL ? strstr(record, name) : NULL;

    return at != NULL ? strtoll(at + strlen(name), NULL, 10) : 0;
}

static enum pf_status run(void *self, struct pf_context *ctx, const struct pf_engine_job *job, struct pf_engine_outcome *out,
                          struct pf_error *err)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    struct pf_request *request = NULL;
    struct pf_result *result = NULL;
    enum pf_status status = host->job_request(job, &request, err);

    (void)ctx;
    if (status == PF_OK)
        status = host->convert(request, &result, err);
    if (status == PF_OK) {
        const char *record = host->result_json(result);

        out->rows_read = number_of(record, "\"rows_read\": ");
        out->rows_written = number_of(record, "\"row_count\": ");
        out->rows_rejected = number_of(record, "\"rows_rejected\": ");
        out->rows_left_out = number_of(record, "\"rows_left_out\": ");
    }
    /* out->failure stays 0: the status says whether another engine could do better. */
    host->result_free(result);
    host->request_free(request);
    return status;
}

const struct pf_engine_addition example_engine = {
    .size = sizeof example_engine,
    .name = "example",
    .description = "PyForge's own engine under another name",
    .takes = takes,
    .run = run,
};
