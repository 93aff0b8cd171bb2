/* A folder for one test's conversions, and a conversion in it. */
#ifndef PF_TESTS_SUPPORT_CONVERT_H
#define PF_TESTS_SUPPORT_CONVERT_H

#include <stdlib.h>
#include <unistd.h>

#include "support_unit.h"

struct place {
    char folder[64], input[128], output[128];
};

/* Set-up: the state is a place of the test's own, whose input is to be called name. */
static inline int make_place(void **state, const char *name)
{
    struct place *place = calloc(1, sizeof *place);

    if (place == NULL)
        return -1;
    *state = place;
    strcpy(place->folder, "/tmp/pyforge-test-XXXXXX");
    if (mkdtemp(place->folder) == NULL)
        return -1;
    (void)snprintf(place->input, sizeof place->input, "%s/%s", place->folder, name);
    return 0;
}

/* Names the output in the place's folder. */
static inline void name_output(struct place *place, const char *name)
{
    (void)snprintf(place->output, sizeof place->output, "%s/%s", place->folder, name);
}

/* Tear-down: the folder is removed with all that is in it. */
static inline int remove_place(void **state)
{
    struct place *place = *state;
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
    free(place);
    return system(command) == 0 ? 0 : -1;
}

struct setting {
    const char *name, *value;
};

/* Runs one conversion; settings end with a NULL name. */
static inline enum pf_status convert(struct pf_context *ctx, const struct place *place, const struct setting *settings,
                                     struct pf_error *err)
{
    struct pf_request *request = pf_request_new(ctx);
    struct pf_result *result = NULL;
    enum pf_status status;

    if (request == NULL)
        return pf_fail_memory(err, 0);
    status = pf_request_paths(request, place->input, place->output, err);
    for (; status == PF_OK && settings->name != NULL; settings++)
        status = pf_request_set(request, settings->name, settings->value, err);
    if (status == PF_OK)
        status = pf_convert(request, &result, err);
    pf_result_free(result);
    pf_request_free(request);
    return status;
}

#endif
