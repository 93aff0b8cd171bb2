/* The spool: frames of LZ4 blocks in a private temporary file, each after its two sizes. Fast rather than small: it is written
 * once and read at most once. */
#include <string.h>

#include <lz4.h>

#include "storage/raw.h"

enum { FRAME = 256 * 1024, ACCELERATION = 8 };

struct frame_head {
    uint32_t size, stored;
};

struct pf_spool {
    struct pf_memory *memory;
    struct pf_sink *file;
    uint8_t *plain;  /* FRAME bytes: being filled, or being read */
    uint8_t *packed; /* LZ4_compressBound(FRAME) bytes */
    size_t filled, taken;
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

static enum pf_status write_frame(struct pf_spool *spool, struct pf_error *err)
{
    struct frame_head head = { .size = (uint32_t)spool->filled };
    int bound = LZ4_compressBound(FRAME);

    head.stored =
        (uint32_t)LZ4_compress_fast((const char *)spool->plain, (char *)spool->packed, (int)spool->filled, bound, ACCELERATION);
    if (pf_sink_write(spool->file, &head, sizeof head, err) != PF_OK ||
        pf_sink_write(spool->file, spool->packed, head.stored, err) != PF_OK)
        return err->status;
    spool->filled = 0;
    return PF_OK;
}

enum pf_status pf_spool_add(struct pf_spool *spool, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    while (size != 0) {
        size_t room = FRAME - spool->filled;
        size_t part = size < room ? size : room;

        memcpy(spool->plain + spool->filled, bytes, part);
        spool->filled += part;
        bytes += part;
        size -= part;
        if (spool->filled == FRAME && write_frame(spool, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

enum pf_status pf_spool_rewind(struct pf_spool *spool, struct pf_error *err)
{
    if (spool->read_from == 0 && spool->filled != 0 && write_frame(spool, err) != PF_OK)
        return err->status;
    spool->filled = spool->taken = 0;
    spool->read_from = 0;
    return PF_OK;
}

static enum pf_status read_frame(struct pf_spool *spool, struct pf_error *err)
{
    struct frame_head head;

    if (pf_sink_read_at(spool->file, spool->read_from, &head, sizeof head, err) != PF_OK)
        return err->status;
    if (pf_sink_read_at(spool->file, spool->read_from + (int64_t)sizeof head, spool->packed, head.stored, err) != PF_OK)
        return err->status;
    if (LZ4_decompress_safe((const char *)spool->packed, (char *)spool->plain, (int)head.stored, FRAME) != (int)head.size)
        return pf_fail(err, PF_IO, "the temporary copy of the input was damaged");
    spool->read_from += (int64_t)sizeof head + head.stored;
    spool->filled = head.size;
    spool->taken = 0;
    return PF_OK;
}

enum pf_status pf_spool_read(struct pf_spool *spool, void *to, size_t size, size_t *got, struct pf_error *err)
{
    size_t part;

    *got = 0;
    if (spool->taken == spool->filled) {
        if (spool->read_from == pf_sink_size(spool->file))
            return PF_OK;
        if (read_frame(spool, err) != PF_OK)
            return err->status;
    }
    part = spool->filled - spool->taken;
    if (part > size)
        part = size;
    memcpy(to, spool->plain + spool->taken, part);
    spool->taken += part;
    *got = part;
    return PF_OK;
}
