#include "storage/zip_inflate.h"

#ifdef PYFORGE_HAVE_ISAL
#include <isa-l/igzip_lib.h>

struct zip_inflate {
    struct pf_memory *memory;
    struct inflate_state state;
};

struct zip_inflate *pf_zip_inflate_new(struct pf_memory *memory)
{
    struct zip_inflate *inflate = pf_alloc(memory, sizeof *inflate);

    if (inflate == NULL)
        return NULL;
    inflate->memory = memory;
    isal_inflate_init(&inflate->state);
    return inflate;
}

void pf_zip_inflate_free(struct zip_inflate *inflate)
{
    if (inflate != NULL)
        pf_free(inflate->memory, inflate);
}

static const char *reason(int result)
{
    switch (result) {
    case ISAL_INVALID_BLOCK:
        return "it has a block of no kind";
    case ISAL_INVALID_SYMBOL:
        return "it has a code that is none";
    case ISAL_INVALID_LOOKBACK:
        return "it copies what lies before its beginning";
    default:
        return "its compressed bytes make no sense";
    }
}

enum zip_inflated pf_zip_inflate_run(struct zip_inflate *inflate, const uint8_t **in, size_t *left, uint8_t **to, size_t *room,
                                     const char **wrong)
{
    struct inflate_state *state = &inflate->state;
    int result;

    state->next_in = (uint8_t *)(uintptr_t)*in;
    state->avail_in = (uint32_t)*left;
    state->next_out = *to;
    state->avail_out = (uint32_t)*room;
    result = isal_inflate(state);
    *in = state->next_in;
    *left = state->avail_in;
    *to = state->next_out;
    *room = state->avail_out;
    if (result != ISAL_DECOMP_OK) {
        *wrong = reason(result);
        return ZIP_INFLATE_BAD;
    }
    return state->block_state == ISAL_BLOCK_FINISH ? ZIP_INFLATE_DONE : ZIP_INFLATE_MORE;
}

#else
#include <zlib.h>

struct zip_inflate {
    struct pf_memory *memory;
    z_stream zlib;
};

static voidpf take_items(voidpf user, uInt items, uInt size)
{
    return pf_alloc(user, (size_t)items * size);
}

static void give_back(voidpf user, voidpf pointer)
{
    pf_free(user, pointer);
}

struct zip_inflate *pf_zip_inflate_new(struct pf_memory *memory)
{
    struct zip_inflate *inflate = pf_alloc_zero(memory, 1, sizeof *inflate);

    if (inflate == NULL)
        return NULL;
    inflate->memory = memory;
    inflate->zlib.zalloc = take_items;
    inflate->zlib.zfree = give_back;
    inflate->zlib.opaque = memory;
    /* raw: no header of zlib's or gzip's */
    if (inflateInit2(&inflate->zlib, -MAX_WBITS) == Z_OK)
        return inflate;
    pf_free(memory, inflate);
    return NULL;
}

void pf_zip_inflate_free(struct zip_inflate *inflate)
{
    if (inflate == NULL)
        return;
    inflateEnd(&inflate->zlib);
    pf_free(inflate->memory, inflate);
}

enum zip_inflated pf_zip_inflate_run(struct zip_inflate *of, const uint8_t **in, size_t *left, uint8_t **to, size_t *room,
                                     const char **wrong)
{
    z_stream *zlib = &of->zlib;
    int result;

    zlib->next_in = (Bytef *)(uintptr_t)*in;
    zlib->avail_in = (uInt)*left;
    zlib->next_out = *to;
    zlib->avail_out = (uInt)*room;
    result = inflate(zlib, Z_NO_FLUSH);
    *in = zlib->next_in;
    *left = zlib->avail_in;
    *to = zlib->next_out;
    *room = zlib->avail_out;
    if (result == Z_MEM_ERROR)
        return ZIP_INFLATE_NO_MEMORY;
    if (result == Z_OK || result == Z_BUF_ERROR)
        return ZIP_INFLATE_MORE;
    *wrong = zlib->msg != NULL ? zlib->msg : "its compressed bytes make no sense";
    return result == Z_STREAM_END ? ZIP_INFLATE_DONE : ZIP_INFLATE_BAD;
}
#endif
