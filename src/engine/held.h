/* An output that is complete, or waits for its next table, and is not seen yet: so that all outputs of a call appear together. */
#ifndef PF_ENGINE_HELD_H
#define PF_ENGINE_HELD_H

#include "engine/output.h"
#include "engine/rejects.h"

/* All zero before; the job's texts are borrowed until pf_held_free. */
struct pf_held {
    struct pf_writing writing;
    struct pf_rejects_file rejects;
    int64_t rows; /* written so far */
    bool waits;   /* another table is to follow */
};

/* Makes the output visible, the rejected rows first. *rejects: whether there are any. After a failure neither is there. */
enum pf_status pf_held_commit(struct pf_held *held, bool *rejects, struct pf_error *err);
/* Takes a commit back; what was replaced does not come back. */
void pf_held_retract(struct pf_held *held);
/* Without a commit before it: nothing is left. */
void pf_held_free(struct pf_held *held);

#endif
