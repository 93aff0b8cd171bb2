/* Decompression of whole sources: gzip (RFC 1952, several members) and Zstandard (RFC 8878, several frames). */
#include <string.h>

#include <zlib.h>
/* allocators of one's own are in the part of zstd.h that asks for this */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include "storage/raw.h"

struct pf_inflate {
    struct pf_memory *memory;
    bool is_zstd;
    bool inside;  /* of a member or frame */
    bool behind;  /* gzip: at least one member is complete */
    bool padded;  /* gzip: zeros followed the last member; nothing else may follow them */
    size_t wants; /* bytes of the last allocation that was refused */
    z_stream zlib;
    ZSTD_DCtx *zstd;
};

/* ---- memory: that of the decoders counts, too (a window is up to 8 MiB usually, and up to 2 GiB) */

static void *take(void *user, size_t size)
{
    struct pf_inflate *inflate = user;
    void *pointer = pf_alloc(inflate->memory, size);

    if (pointer == NULL)
        inflate->wants = size;
    return pointer;
}

static void give_back(void *user, void *pointer)
{
    const struct pf_inflate *inflate = user;

    pf_free(inflate->memory, pointer);
}

static voidpf take_items(voidpf user, uInt items, uInt size)
{
    return take(user, (size_t)items * size);
}

/* ---- */

const char *pf_inflate_detect(const uint8_t *head, size_t size)
{
    static const uint8_t zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

    if (size >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8)
        return "gzip";
    if (size >= sizeof zstd_magic && memcmp(head, zstd_magic, sizeof zstd_magic) == 0)
        return "zstd";
    /* A frame to be skipped, which parallel writers put in front (RFC 8878, section 3.1.2). */
    if (size >= 8 && (head[0] & 0xf0) == 0x50 && memcmp(head + 1, "\x2a\x4d\x18", 3) == 0)
        return "zstd";
    return "";
}

enum pf_status pf_inflate_new(struct pf_memory *memory, const char *method, struct pf_inflate **out, struct pf_error *err)
{
    struct pf_inflate *inflate = pf_alloc_zero(memory, 1, sizeof *inflate);
    size_t wants;
    bool ok;

    *out = inflate;
    if (inflate == NULL)
        return pf_fail_memory(err, sizeof *inflate);
    inflate->memory = memory;
    inflate->is_zstd = strcmp(method, "zstd") == 0;
    if (inflate->is_zstd) {
        inflate->zstd =
            ZSTD_createDCtx_advanced((ZSTD_customMem){ .customAlloc = take, .customFree = give_back, .opaque = inflate });
        ok = inflate->zstd != NULL;
        /* any window: what it takes is counted */
        if (ok)
            (void)ZSTD_DCtx_setParameter(inflate->zstd, ZSTD_d_windowLogMax,
                                         ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound);
    } else {
        inflate->zlib.zalloc = take_items;
        inflate->zlib.zfree = give_back;
        inflate->zlib.opaque = inflate;
        ok = inflateInit2(&inflate->zlib, 15 + 16) == Z_OK; /* 16: gzip framing only */
    }
    if (ok)
        return PF_OK;
    wants = inflate->wants;
    pf_free(memory, inflate);
    *out = NULL;
    return pf_fail_memory(err, wants);
}

void pf_inflate_free(struct pf_inflate *inflate)
{
    if (inflate == NULL)
        return;
    if (inflate->is_zstd)
        ZSTD_freeDCtx(inflate->zstd);
    else
        inflateEnd(&inflate->zlib);
    pf_free(inflate->memory, inflate);
}

enum pf_status pf_inflate_reset(struct pf_inflate *inflate, struct pf_error *err)
{
    inflate->inside = inflate->behind = inflate->padded = false;
    if (inflate->is_zstd)
        ZSTD_DCtx_reset(inflate->zstd, ZSTD_reset_session_only);
    else if (inflateReset(&inflate->zlib) != Z_OK)
        return pf_fail(err, PF_INTERNAL, "the gzip decoder cannot be reset");
    return PF_OK;
}

static const char *method_of(const struct pf_inflate *inflate)
{
    return inflate->is_zstd ? "zstd" : "gzip";
}

static enum pf_status fail_damaged(const struct pf_inflate *inflate, const char *found, struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "the %s data is damaged: %s", method_of(inflate), found);
    pf_remedy(err, "fetch or pack the file again, and test it with %s -t", method_of(inflate));
    return err->status;
}

static enum pf_status step_zstd(struct pf_inflate *inflate, const uint8_t *in, size_t *in_size, uint8_t *out, size_t *out_size,
                                struct pf_error *err)
{
    ZSTD_inBuffer from = { in, *in_size, 0 };
    ZSTD_outBuffer to = { out, *out_size, 0 };
    size_t result = ZSTD_decompressStream(inflate->zstd, &to, &from);

    *in_size = from.pos;
    *out_size = to.pos;
    if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) {
        pf_fail(err, PF_NO_MEMORY, "out of memory: the zstd data needs %zu bytes to be decompressed", inflate->wants);
        pf_remedy(err, "raise --memory");
        return err->status;
    }
    if (ZSTD_isError(result))
        return fail_damaged(inflate, ZSTD_getErrorName(result), err);
    inflate->inside = result != 0;
    return PF_OK;
}

static enum pf_status fail_behind(const char *found, struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "behind the gzip data stands something that is not gzip: %s", found);
    pf_remedy(err, "if it does not belong to the data, unpack the file with gzip -d and convert the result");
    return err->status;
}

/* Zeros behind the last member (tapes and disk images have them) are padding, as for gzip itself; anything else that is not a
 * member is not ours to leave out. */
static enum pf_status skip_padding(struct pf_inflate *self, const uint8_t *in, size_t *in_size, struct pf_error *err)
{
    size_t at = 0;

    while (at < *in_size && in[at] == 0)
        at++;
    if (at < *in_size && (self->padded || at != 0))
        return fail_behind("bytes after zeros", err);
    if (at == 0 && *in_size != 0 && in[0] != 0x1f)
        return fail_behind("another kind of bytes", err);
    self->padded = self->padded || at != 0;
    *in_size = at;
    return PF_OK;
}

static enum pf_status run_inflate(struct pf_inflate *self, const uint8_t *in, size_t *in_size, uint8_t *out, size_t *out_size,
                                  struct pf_error *err)
{
    z_stream *z = &self->zlib;
    int result;

    z->next_in = (Bytef *)(uintptr_t)in;
    z->avail_in = (uInt)*in_size;
    z->next_out = out;
    z->avail_out = (uInt)*out_size;
    self->inside = true;
    result = inflate(z, Z_NO_FLUSH);
    *in_size -= z->avail_in;
    *out_size -= z->avail_out;
    if (result == Z_STREAM_END) {
        self->inside = false;
        self->behind = true;
        return inflateReset(z) == Z_OK ? PF_OK : pf_fail(err, PF_INTERNAL, "the gzip decoder cannot be reset");
    }
    if (result == Z_MEM_ERROR)
        return pf_fail_memory(err, self->wants);
    if (result == Z_OK || result == Z_BUF_ERROR)
        return PF_OK;
    if (self->behind && z->total_in <= 2)
        return fail_behind("another kind of bytes", err);
    return fail_damaged(self, z->msg != NULL ? z->msg : "unexpected data", err);
}

static enum pf_status step_gzip(struct pf_inflate *self, const uint8_t *in, size_t *in_size, uint8_t *out, size_t *out_size,
                                struct pf_error *err)
{
    if (!self->inside && self->behind && (self->padded || in[0] != 0x1f)) {
        *out_size = 0;
        return skip_padding(self, in, in_size, err);
    }
    return run_inflate(self, in, in_size, out, out_size, err);
}

enum pf_status pf_inflate_step(struct pf_inflate *inflate, const uint8_t *in, size_t *in_size, uint8_t *out, size_t *out_size,
                               bool ended, bool *done, struct pf_error *err)
{
    enum pf_status status = PF_OK;

    /* zlib counts in 32 bits */
    if (*in_size > (size_t)1 << 30)
        *in_size = (size_t)1 << 30;
    if (*out_size > (size_t)1 << 30)
        *out_size = (size_t)1 << 30;
    if (*in_size == 0 && !inflate->inside) {
        *out_size = 0;
    } else if (inflate->is_zstd) {
        status = step_zstd(inflate, in, in_size, out, out_size, err);
    } else {
        status = step_gzip(inflate, in, in_size, out, out_size, err);
    }
    *done = status == PF_OK && ended && *in_size == 0 && *out_size == 0;
    if (*done && inflate->inside) {
        pf_fail(err, PF_BAD_DATA, "the %s data ends in the middle: the file was cut short", method_of(inflate));
        pf_remedy(err, "fetch or pack the file again, and test it with %s -t", method_of(inflate));
        return err->status;
    }
    return status;
}
