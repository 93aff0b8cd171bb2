/* Outputs of schemes that take a file in one pass (PF_SCHEME_STAGED): built in local temporary space, and given to the scheme when they are
 * whole, so that a conversion that fails has not touched it. Where that space runs short, what is there and all that follows goes
 * straight to the scheme, which shows nothing before its commit either; only reading back is then not possible. */
#include <sys/statvfs.h>

#include "storage/scheme.h"
#include "storage/sink.h"

enum { PIECE = 4 << 20, RESERVE_PART = 16 };

static const int64_t most_reserve = (int64_t)256 << 20;

/* Whether the disk has room for size more bytes and some for others: a sixteenth of it, 256 MiB at most. */
static bool has_room(const struct pf_sink *built, size_t size)
{
    struct statvfs disk;
    int64_t all, left, reserve;

    if (fstatvfs(built->fd, &disk) != 0)
        return true; /* writing tells */
    all = (int64_t)disk.f_blocks * (int64_t)disk.f_frsize;
    left = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    reserve = all / RESERVE_PART < most_reserve ? all / RESERVE_PART : most_reserve;
    return left - reserve >= (int64_t)size;
}

/* From here on the scheme has all bytes there are, and gets those that follow. */
static enum pf_status go_straight(struct pf_sink *sink, struct pf_error *err)
{
    int64_t size = pf_sink_size(sink->built);

    if (pf_sink_straight(sink->ctx, sink->scheme, sink->name, sink->replace, &sink->straight, err) != PF_OK)
        return err->status;
    for (int64_t at = 0; at < size; at += PIECE) {
        if (pf_check_cancel(sink->ctx, err) != PF_OK ||
            pf_sink_copy(sink->straight, sink->built, at, size - at < PIECE ? size - at : PIECE, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

static enum pf_status staged_write(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err)
{
    if (sink->straight == NULL) {
        /* what was written of bytes before it failed does not count as written */
        if (has_room(sink->built, size) && pf_sink_write(sink->built, bytes, size, err) == PF_OK)
            return PF_OK;
        pf_error_clear(err);
        if (go_straight(sink, err) != PF_OK)
            return err->status;
        pf_warn(sink->ctx, "%s was written straight to its storage: %s has too little space to build it there", sink->name,
                sink->built->name);
        pf_sink_free(sink->built);
        sink->built = NULL;
    }
    return pf_sink_write(sink->straight, bytes, size, err);
}

static enum pf_status staged_read_at(struct pf_sink *sink, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    if (sink->built != NULL)
        return pf_sink_read_at(sink->built, offset, to, size, err);
    pf_fail(err, PF_IO, "types of columns changed late, and there was too little local space to write them again");
    pf_remedy(err,
              "set PYFORGE_TEMP_DIR to a folder with room for the output, or give the types with --schema or --types string");
    return PF_IO;
}

static enum pf_status staged_commit(struct pf_sink *sink, struct pf_error *err)
{
    if (sink->straight == NULL && go_straight(sink, err) != PF_OK)
        return err->status;
    return pf_sink_commit(sink->straight, err);
}

static void staged_discard(struct pf_sink *sink)
{
    pf_sink_free(sink->built);
    pf_sink_free(sink->straight);
    sink->built = sink->straight = NULL;
}

static const struct pf_sink_functions staged_functions = { staged_write, staged_read_at, staged_commit, staged_discard, false };

enum pf_status pf_sink_staged(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location, bool replace,
                              struct pf_sink **out, struct pf_error *err)
{
    const char *folder = scheme->calls.scratch != NULL ? scheme->calls.scratch(scheme->self) : NULL;

    if (pf_sink_new(ctx, location, &staged_functions, out, err) != PF_OK)
        return err->status;
    (*out)->scheme = scheme;
    (*out)->replace = replace;
    if (pf_sink_scratch_in(ctx, folder, &(*out)->built, err) == PF_OK)
        return PF_OK;
    pf_sink_free(*out);
    *out = NULL;
    return err->status;
}
