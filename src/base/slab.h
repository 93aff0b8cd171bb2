/* Slabs: mappings of 8 MiB of which buffers are cut, so that the kernel can back them with huge pages. The first touch of a page costs
 * more than filling it does, and a job that writes its row groups from memory touches tens of thousands of small ones. */
#ifndef PF_BASE_SLAB_H
#define PF_BASE_SLAB_H

#include <stdbool.h>
#include <stddef.h>

enum { PF_SLAB_PIECE_MOST = 800 * 1024 /* larger pieces would waste too much of a slab's end */ };

struct pf_slab; /* owned together by the one who cuts it and by its pieces */

/* NULL = out of memory. */
struct pf_slab *pf_slab_new(void);
/* size bytes (at most PF_SLAB_PIECE_MOST) that begin at a page; NULL = the slab has no room left. Calls for one slab must not overlap. */
void *pf_slab_cut(struct pf_slab *slab, size_t size);
/* The one who cuts it is done: the slab goes with its last piece. slab may be NULL. */
void pf_slab_leave(struct pf_slab *slab);
/* Gives a piece of size bytes back. Any thread, whether the slab was left or not; the memory returns to the system at once. */
void pf_slab_free(void *piece, size_t size);

/* A mapping of its own, of size bytes, that begins where a huge page can; freed by munmap. NULL = out of memory. */
void *pf_map_huge(size_t size);

#endif
