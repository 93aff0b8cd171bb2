/* What is at the output, by which an engine that fails is seen to have written nothing. */
#ifndef PF_CONVERT_ENGINE_PLACE_H
#define PF_CONVERT_ENGINE_PLACE_H

#include "base/sha256.h"
#include "convert/engines.h"
#include "storage/storage.h"

enum pf_change {
    PF_CHANGE_NONE,
    PF_CHANGE_SAME_BYTES, /* it holds what it held, and may have been written */
    PF_CHANGE_DONE,
    PF_CHANGE_NOT_SEEN, /* times and size do not tell; pf_place_compare_bytes does, which takes time */
    PF_CHANGE_UNKNOWN
};

struct pf_place {
    bool there, unknown; /* unknown: it could not be looked at */
    bool young;          /* its times would not tell that it is written again */
    struct pf_source_stat stat;
    char sum[PF_SHA256_TEXT]; /* "" = was not taken */
};

/* Before an engine is run, and after it. */
void pf_place_look(const struct pf_plan *plan, struct pf_place *place);
enum pf_change pf_place_compare(const struct pf_plan *plan, const struct pf_place *before, struct pf_place *after);
/* What PF_CHANGE_NOT_SEEN is, by the bytes. */
enum pf_change pf_place_compare_bytes(const struct pf_plan *plan, const struct pf_place *before, struct pf_place *after);

#endif
