/* Size, times, device and inode tell that a file was written, but for one that was written just before: what is written again within a
 * tick of its clock keeps its time. The bytes of such a one are compared. */
#include "convert/engine_place.h"

#include <string.h>

#include "base/folder.h"

enum { PART = 1 << 16 };

/* Of a store a tick is long, and its clock is not ours. */
static const int64_t local_tick_ns = 20000000, store_tick_ns = 10000000000;
/* What is read at most for a sum. More than that is seldom written within a tick before it is converted to. */
static const int64_t summed_bytes = 64 << 20;

/* A sum of what is there; "" when it cannot be told. */
static void sum_up(const struct pf_plan *plan, struct pf_place *place)
{
    struct pf_source *src = NULL;
    struct pf_sha256 sum;
    struct pf_error err;
    uint8_t *part;
    size_t got = 0;

    place->sum[0] = '\0';
    if (!place->stat.regular || place->stat.size < 0 || place->stat.size > summed_bytes)
        return;
    pf_error_clear(&err);
    part = pf_alloc(&plan->ctx->memory, PART);
    if (part != NULL && pf_source_open(plan->ctx, plan->job.output, true, &src, &err) == PF_OK) {
        pf_sha256_begin(&sum);
        while (pf_source_read(src, part, PART, &got, &err) == PF_OK && got > 0)
            pf_sha256_add(&sum, part, got);
        if (err.status == PF_OK)
            pf_sha256_end(&sum, place->sum);
    }
    pf_source_close(src);
    pf_free(&plan->ctx->memory, part);
}

static void look(const struct pf_plan *plan, struct pf_place *place)
{
    struct pf_error absent;
    bool directory;

    memset(place, 0, sizeof *place);
    pf_error_clear(&absent);
    place->there = pf_location_stat(plan->ctx, plan->job.output, &place->stat, &directory, &absent) == PF_OK;
    place->unknown = !place->there && absent.status != PF_NOT_FOUND;
}

void pf_place_look(const struct pf_plan *plan, struct pf_place *place)
{
    int64_t latest, tick;

    look(plan, place);
    if (!place->there)
        return;
    tick = place->stat.device == UINT64_MAX ? store_tick_ns : local_tick_ns;
    latest = place->stat.changed_ns > place->stat.modified_ns ? place->stat.changed_ns : place->stat.modified_ns;
    place->young = latest == 0 || latest > pf_now_ns() - tick;
    if (place->young)
        sum_up(plan, place);
}

static bool is_same_file(const struct pf_source_stat *a, const struct pf_source_stat *b)
{
    return a->size == b->size && a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns && a->device == b->device &&
           a->inode == b->inode;
}

enum pf_change pf_place_compare(const struct pf_plan *plan, const struct pf_place *before, struct pf_place *after)
{
    look(plan, after);
    if (before->unknown || after->unknown)
        return PF_CHANGE_UNKNOWN;
    if (before->there != after->there)
        return PF_CHANGE_DONE;
    if (!after->there)
        return PF_CHANGE_NONE;
    if (!is_same_file(&before->stat, &after->stat))
        return PF_CHANGE_DONE;
    return before->young ? PF_CHANGE_NOT_SEEN : PF_CHANGE_NONE;
}

enum pf_change pf_place_compare_bytes(const struct pf_plan *plan, const struct pf_place *before, struct pf_place *after)
{
    sum_up(plan, after);
    if (before->sum[0] == '\0' || after->sum[0] == '\0')
        return PF_CHANGE_UNKNOWN;
    return strcmp(before->sum, after->sum) == 0 ? PF_CHANGE_SAME_BYTES : PF_CHANGE_DONE;
}
