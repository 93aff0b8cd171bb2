/* The spool: frames in a private temporary file, each after its two sizes; an LZ4 block, or the bytes themselves where LZ4 gains
 * little. Fast rather than small: it is written once and read at most once, by the thread that everything else waits for. */
#include <string.h>

#include <lz4.h>

#include "storage/raw.h"

/* LZ4 is worth its time when it saves half of the writing and reading. Where it did not, so many frames are not tried. */
enum { FRAME = 256 * 1024, ACCELERATION = 8, UNTRIED = 31 };

struct frame_head {
    uint32_t size, stored; /* equal = not compressed */
};

struct pf_spool {
    struct pf_memory *memory;
    struct pf_sink *file;
    uint8_t *plain;  /* FRAME bytes: being filled, or being read */
    uint8_t *packed; /* LZ4_compressBound(FRAME) bytes */
    size_t filled, taken;
    uint32_t untried; /* frames still to be written without a trial */
    int64_t read_from;
};

enum pf_status pf_spool_new(struct pf_context *ctx, struct pf_spool **out, struct pf_error *err)
{
    struct pf_spool *spool = pf_alloc_zero(&ctx->memory, 1, sizeof *spool);

    *out = spool;
    if (spool == NULL)
        return pf_fail_memory(err, sizeof *spool);
    spool->memory = &ctx->memory;
    spool->plain = pf_alloc(spool->memory, FRAME);
    spool->packed = pf_alloc(spool->memory, (size_t)LZ4_compressBound(FRAME));
    if (spool->plain == NULL || spool->packed == NULL)
        (void)pf_fail_memory(err, FRAME);
    else if (pf_sink_scratch(ctx, &spool->file, err) == PF_OK)
        return PF_OK;
    pf_spool_free(spool);
    *out = NULL;
    return err->status;
}

void pf_spool_free(struct pf_spool *spool)
{
    if (spool == NULL)
        return;
    pf_sink_free(spool->file);
    pf_free(spool->memory, spool->plain);
    pf_free(spool->memory, spool->packed);
    pf_free(spool->memory, spool);
}

static enum pf_status write_frame(struct pf_spool *spool, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    struct frame_head head = { .size = (uint32_t)size, .stored = (uint32_t)size };
    const uint8_t *stored = bytes;

    if (spool->untried > 0) {
        spool->untried--;
    } else {
        int packed =
            LZ4_compress_fast((const char *)bytes, (char *)spool->packed, (int)size, LZ4_compressBound(FRAME), ACCELERATION);

        if (packed > 0 && (size_t)packed <= size / 2) {
            head.stored = (uint32_t)packed;
            stored = spool->packed;
        } else {
            spool->untried = UNTRIED;
        }
    }
    if (pf_sink_write(spool->file, &head, sizeof head, err) != PF_OK)
        return err->status;
    return pf_sink_write(spool->file, stored, head.stored, err);
}

enum pf_status pf_spool_add(struct pf_spool *spool, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    while (size != 0) {
        size_t room = FRAME - spool->filled;
        size_t part = size < room ? size : room;

        if (part == FRAME) { /* a whole frame needs no copy */
            if (write_frame(spool, bytes, part, err) != PF_OK)
                return err->status;
        } else {
            memcpy(spool->plain + spool->filled, bytes, part);
            spool->filled += part;
        }
        bytes += part;
        size -= part;
        if (spool->filled == FRAME) {
            spool->filled = 0;
            if (write_frame(spool, spool->plain, FRAME, err) != PF_OK)
                return err->status;
        }
    }
    return PF_OK;
}

enum pf_status pf_spool_rewind(struct pf_spool *spool, struct pf_error *err)
{
    size_t rest = spool->read_from == 0 ? spool->filled : 0;

    spool->filled = spool->taken = 0;
    spool->read_from = 0;
    return rest != 0 ? write_frame(spool, spool->plain, rest, err) : PF_OK;
}

/* The next frame, to a place that has room for one. */
static enum pf_status read_frame(struct pf_spool *spool, uint8_t *to, size_t *size, struct pf_error *err)
{
    struct frame_head head;
    uint8_t *stored = spool->packed;

    if (pf_sink_read_at(spool->file, spool->read_from, &head, sizeof head, err) != PF_OK)
        return err->status;
    if (head.size > FRAME || head.stored > head.size)
        return pf_fail(err, PF_IO, "the temporary copy of the input was damaged");
    if (head.stored == head.size)
        stored = to;
    if (pf_sink_read_at(spool->file, spool->read_from + (int64_t)sizeof head, stored, head.stored, err) != PF_OK)
        return err->status;
    if (stored != to && LZ4_decompress_safe((const char *)stored, (char *)to, (int)head.stored, FRAME) != (int)head.size)
        return pf_fail(err, PF_IO, "the temporary copy of the input was damaged");
    spool->read_from += (int64_t)sizeof head + head.stored;
    *size = head.size;
    return PF_OK;
}

enum pf_status pf_spool_read(struct pf_spool *spool, void *to, size_t size, size_t *got, struct pf_error *err)
{
    *got = 0;
    if (spool->taken == spool->filled) {
        if (spool->read_from == pf_sink_size(spool->file))
            return PF_OK;
        if (size >= FRAME)
            return read_frame(spool, to, got, err);
        spool->taken = 0;
        if (read_frame(spool, spool->plain, &spool->filled, err) != PF_OK)
            return err->status;
    }
    *got = spool->filled - spool->taken;
    if (*got > size)
        *got = size;
    memcpy(to, spool->plain + spool->taken, *got);
    spool->taken += *got;
    return PF_OK;
}
