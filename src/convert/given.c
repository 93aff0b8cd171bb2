/* Inputs and outputs of a request that are no files. */
#include <string.h>

#include "convert/request.h"

void pf_given_drop_input(struct pf_given *given)
{
    if (given->has_input && given->input.release != NULL)
        given->input.release(given->input.user);
    given->has_input = false;
}

void pf_given_drop_output(struct pf_given *given)
{
    if (given->has_output && given->output.release != NULL)
        given->output.release(given->output.user);
    given->has_output = false;
}

void pf_given_release(struct pf_given *given)
{
    pf_given_drop_input(given);
    pf_given_drop_output(given);
    if (given->stream.release != NULL)
        given->stream.release(&given->stream);
    memset(given, 0, sizeof *given);
}

/* NULL stays NULL. */
static enum pf_status copy_name(struct pf_request *request, const char *name, const char **to, struct pf_error *err)
{
    *to = NULL;
    if (name == NULL)
        return PF_OK;
    *to = pf_arena_copy(&request->arena, name, strlen(name));
    return *to != NULL ? PF_OK : pf_fail_memory(err, strlen(name));
}

enum pf_status pf_request_input(struct pf_request *request, const struct pf_input *input, struct pf_error *err)
{
    pf_error_clear(err);
    pf_given_drop_input(&request->given);
    request->given.input = *input;
    request->given.has_input = true;
    if (copy_name(request, input->name != NULL ? input->name : "input", &request->input, err) == PF_OK &&
        (input->size >= 0 || (input->bytes == NULL && input->read != NULL)))
        return PF_OK;
    pf_given_drop_input(&request->given);
    return err->status != PF_OK ? err->status : pf_fail(err, PF_BAD_OPTION, "bytes were given without their number");
}

enum pf_status pf_request_output(struct pf_request *request, const struct pf_output *output, struct pf_error *err)
{
    pf_error_clear(err);
    pf_given_drop_output(&request->given);
    request->given.output = *output;
    request->given.has_output = true;
    if (copy_name(request, output->name, &request->output, err) == PF_OK)
        return PF_OK;
    pf_given_drop_output(&request->given);
    return err->status;
}
