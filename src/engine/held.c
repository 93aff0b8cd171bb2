#include "engine/held.h"

#include <string.h>

enum pf_status pf_held_commit(struct pf_held *held, bool *rejects, struct pf_error *err)
{
    /* The rejects first: wherever the new output is seen, the rows that are not in it are seen, too. */
    if (pf_rejects_commit(&held->rejects, err) != PF_OK)
        return err->status;
    *rejects = held->rejects.sink != NULL;
    if (pf_writing_commit(&held->writing, err) == PF_OK)
        return PF_OK;
    pf_rejects_retract(&held->rejects);
    return err->status;
}

void pf_held_retract(struct pf_held *held)
{
    pf_writing_retract(&held->writing);
    pf_rejects_retract(&held->rejects);
}

void pf_held_free(struct pf_held *held)
{
    pf_writing_close(&held->writing);
    if (held->rejects.ctx != NULL)
        pf_rejects_close(&held->rejects);
    memset(held, 0, sizeof *held);
}
