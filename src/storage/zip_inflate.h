/* Raw deflate (RFC 1951) in pieces: by ISA-L where the build has it, which takes less than half of zlib's time, else by zlib. */
#ifndef PF_STORAGE_ZIP_INFLATE_H
#define PF_STORAGE_ZIP_INFLATE_H

#include "base/memory.h"

struct zip_inflate;

enum zip_inflated {
    ZIP_INFLATE_MORE, /* the input is used up, or there is no more room */
    ZIP_INFLATE_DONE, /* the last block is complete */
    ZIP_INFLATE_BAD,  /* *wrong says why */
    ZIP_INFLATE_NO_MEMORY
};

/* NULL = no memory. */
struct zip_inflate *pf_zip_inflate_new(struct pf_memory *memory);
void pf_zip_inflate_free(struct zip_inflate *inflate);
/* Inflates from *in to *to, and moves both and what is left of them, each below 2 GiB. To be called without input, too: bytes may be held
 * back for which there was no room. wrong: static. */
enum zip_inflated pf_zip_inflate_run(struct zip_inflate *inflate, const uint8_t **in, size_t *left, uint8_t **to, size_t *room,
                                     const char **wrong);

#endif
