#include "base/slab.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 4096, HUGE_PAGE = 2 * 1024 * 1024, SLAB_SIZE = 8 * 1024 * 1024 };

/* Stands in the first page of the slab, which is aligned to its size: a piece finds it by its address. */
struct pf_slab {
    atomic_size_t owners; /* pieces, and one for the one who cuts */
    size_t used;
};

static size_t in_pages(size_t size)
{
    return (size + PAGE - 1) / PAGE * PAGE;
}

/* What lies before and behind the aligned part of a larger mapping is given back. */
static void *map_aligned(size_t size, size_t alignment)
{
    uint8_t *all, *begin;
    size_t before, behind;

    size = in_pages(size);
    if (size > SIZE_MAX - alignment)
        return NULL;
    all = mmap(NULL, size + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    before = (alignment - (uintptr_t)all % alignment) % alignment;
    behind = alignment - before;
    begin = all + before;
    if (before != 0)
        (void)munmap(all, before);
    if (behind != 0)
        (void)munmap(begin + size, behind);
    /* a system without huge pages says no, and small ones serve */
    (void)madvise(begin, size, MADV_HUGEPAGE);
    return begin;
}

void *pf_map_huge(size_t size)
{
    return map_aligned(size, HUGE_PAGE);
}

struct pf_slab *pf_slab_new(void)
{
    struct pf_slab *slab = map_aligned(SLAB_SIZE, SLAB_SIZE);

    if (slab == NULL)
        return NULL;
    atomic_init(&slab->owners, 1);
    slab->used = PAGE;
    return slab;
}

void *pf_slab_cut(struct pf_slab *slab, size_t size)
{
    void *piece = (uint8_t *)slab + slab->used;

    size = in_pages(size);
    if (size > SLAB_SIZE - slab->used)
        return NULL;
    slab->used += size;
    atomic_fetch_add(&slab->owners, 1);
    return piece;
}

void pf_slab_leave(struct pf_slab *slab)
{
    if (slab != NULL && atomic_fetch_sub(&slab->owners, 1) == 1)
        (void)munmap(slab, SLAB_SIZE);
}

void pf_slab_free(void *piece, size_t size)
{
    struct pf_slab *slab = (void *)((uintptr_t)piece / SLAB_SIZE * SLAB_SIZE);

    /* pieces around this one may live long */
    if (atomic_load(&slab->owners) > 1)
        (void)madvise(piece, in_pages(size), MADV_DONTNEED);
    pf_slab_leave(slab);
}
