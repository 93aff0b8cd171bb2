/* Decompression of whole sources: gzip (RFC 1952, several members) and Zstandard (RFC 8878, several frames). */
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "storage/raw.h"

struct pf_inflate {
    struct pf_memory *memory;
    bool is_zstd;
    bool inside; /* of a member or frame */
    z_stream zlib;
    ZSTD_DCtx *zstd;
};

const char *pf_inflate_detect(const uint8_t *head, size_t size)
{
    static const uint8_t zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

    if (size >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8)
        return "gzip";
    if (size >= sizeof zstd_magic && memcmp(head, zstd_magic, sizeof zstd_magic) == 0)
        return "zstd";
    return "";
}

enum pf_status pf_inflate_new(struct pf_memory *memory, const char *method, struct pf_inflate **out, struct pf_error *err)
{
    struct pf_inflate *inflate = pf_alloc_zero(memory, 1, sizeof *inflate);
    bool ok;

    *out = inflate;
    if (inflate == NULL)
        return pf_fail_memory(err, sizeof *inflate);
    inflate->memory = memory;
    inflate->is_zstd = strcmp(method, "zstd") == 0;
    if (inflate->is_zstd) {
        inflate->zstd = ZSTD_createDCtx();
        ok = inflate->zstd != NULL;
    } else {
        ok = inflateInit2(&inflate->zlib, 15 + 16) == Z_OK; /* 16: gzip framing only */
    }
    if (ok)
        return PF_OK;
    pf_free(memory, inflate);
    *out = NULL;
    return pf_fail_memory(err, sizeof *inflate);
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
    inflate->inside = false;
    if (inflate->is_zstd)
        ZSTD_DCtx_reset(inflate->zstd, ZSTD_reset_session_only);
    else if (inflateReset(&inflate->zlib) != Z_OK)
        return pf_fail(err, PF_INTERNAL, "the gzip decoder cannot be reset");
    return PF_OK;
}

static enum pf_status step_zstd(struct pf_inflate *inflate, const uint8_t *in, size_t *in_size, uint8_t *out, size_t *out_size,
                                struct pf_error *err)
{
    ZSTD_inBuffer from = { in, *in_size, 0 };
    ZSTD_outBuffer to = { out, *out_size, 0 };
    size_t result = ZSTD_decompressStream(inflate->zstd, &to, &from);

    *in_size = from.pos;
    *out_size = to.pos;
    if (ZSTD_isError(result))
        return pf_fail(err, PF_BAD_DATA, "the zstd data is damaged: %s", ZSTD_getErrorName(result));
    inflate->inside = result != 0;
    return PF_OK;
}

static enum pf_status step_gzip(struct pf_inflate *self, const uint8_t *in, size_t *in_size, uint8_t *out, size_t *out_size,
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
        return pf_inflate_reset(self, err);
    }
    if (result != Z_OK && result != Z_BUF_ERROR)
        return pf_fail(err, PF_BAD_DATA, "the gzip data is damaged: %s", z->msg != NULL ? z->msg : "unexpected data");
    return PF_OK;
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
        pf_fail(err, PF_BAD_DATA, "the %s data ends in the middle: the file was cut short", inflate->is_zstd ? "zstd" : "gzip");
        pf_remedy(err, "fetch the file again");
        return err->status;
    }
    return status;
}
