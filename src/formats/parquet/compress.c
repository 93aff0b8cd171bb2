#include "formats/parquet/compress.h"

#include <limits.h>
#include <string.h>

#include <libdeflate.h>
#include <lz4.h>
#include <snappy-c.h>
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include "base/thread.h"

const char *pf_codec_name(int32_t codec)
{
    static const char *const names[] = {
        [PARQUET_UNCOMPRESSED] = "none", [PARQUET_SNAPPY] = "snappy", [PARQUET_GZIP] = "gzip", [PARQUET_LZO] = "lzo",
        [PARQUET_BROTLI] = "brotli",     [PARQUET_LZ4] = "lz4",       [PARQUET_ZSTD] = "zstd", [PARQUET_LZ4_RAW] = "lz4_raw",
    };

    return codec >= 0 && (size_t)codec < PF_COUNT(names) ? names[codec] : "unknown codec";
}

bool pf_codec_known(int32_t codec)
{
    return codec == PARQUET_UNCOMPRESSED || codec == PARQUET_SNAPPY || codec == PARQUET_GZIP || codec == PARQUET_ZSTD ||
           codec == PARQUET_LZ4_RAW;
}

void pf_codec_levels(enum parquet_codec codec, int *low, int *high, int *usual)
{
    *low = *high = *usual = 0;
    if (codec == PARQUET_ZSTD) {
        *low = 1;
        *high = ZSTD_maxCLevel();
        *usual = ZSTD_CLEVEL_DEFAULT;
    } else if (codec == PARQUET_GZIP) {
        *low = 1;
        *high = 12;
        *usual = 6;
    }
}

static void *zstd_alloc(void *memory, size_t size)
{
    return pf_alloc(memory, size);
}
static void zstd_free(void *memory, void *pointer)
{
    pf_free(memory, pointer);
}

static ZSTD_customMem zstd_memory(struct pf_memory *memory)
{
    return (ZSTD_customMem){ .customAlloc = zstd_alloc, .customFree = zstd_free, .opaque = memory };
}

enum pf_status pf_compressor_init(struct pf_compressor *compressor, struct pf_memory *memory, enum parquet_codec codec,
                                  int level, struct pf_error *err)
{
    int low, high, usual;

    pf_codec_levels(codec, &low, &high, &usual);
    compressor->codec = codec;
    compressor->level = level || codec == PARQUET_ZSTD ? level : usual;
    compressor->content = PF_CONTENT_NUMBERS;
    compressor->memory = memory;
    compressor->state = NULL;
    switch (codec) {
    case PARQUET_UNCOMPRESSED:
    case PARQUET_SNAPPY:
        return PF_OK;
    case PARQUET_LZ4_RAW:
        compressor->state = pf_alloc(memory, (size_t)LZ4_sizeofState());
        return compressor->state ? PF_OK : pf_fail_memory(err, (size_t)LZ4_sizeofState());
    case PARQUET_GZIP:
        compressor->state = libdeflate_alloc_compressor(compressor->level);
        return compressor->state ? PF_OK : pf_fail(err, PF_NO_MEMORY, "out of memory: no room for a gzip compressor");
    case PARQUET_ZSTD:
        compressor->state = ZSTD_createCCtx_advanced(zstd_memory(memory));
        return compressor->state ? PF_OK : pf_fail(err, PF_NO_MEMORY, "out of memory: no room for a zstd compressor");
    default:
        return pf_fail(err, PF_UNSUPPORTED, "compression %s (codec %d) is not written", pf_codec_name((int32_t)codec),
                       (int)codec);
    }
}

void pf_compressor_free(struct pf_compressor *compressor)
{
    if (compressor->codec == PARQUET_GZIP)
        libdeflate_free_compressor(compressor->state);
    else if (compressor->codec == PARQUET_ZSTD)
        (void)ZSTD_freeCCtx(compressor->state);
    else
        pf_free(compressor->memory, compressor->state);
    compressor->state = NULL;
}

/* ---- compressors that wait */

enum { MOST_WAITING = 64 };

struct pf_compressors {
    struct pf_memory *memory;
    struct pf_mutex *lock; /* guards waiting */
    enum parquet_codec codec;
    int level;
    uint32_t count;
    struct pf_compressor waiting[MOST_WAITING];
};

enum pf_status pf_compressors_new(struct pf_compressors **out, struct pf_memory *memory, enum parquet_codec codec, int level,
                                  struct pf_error *err)
{
    struct pf_compressors *own = pf_alloc_zero(memory, 1, sizeof *own);

    *out = own;
    if (own == NULL)
        return pf_fail_memory(err, sizeof *own);
    own->memory = memory;
    own->codec = codec;
    own->level = level;
    own->lock = pf_mutex_new();
    return own->lock != NULL ? PF_OK : pf_fail_memory(err, sizeof *own);
}

void pf_compressors_free(struct pf_compressors *compressors)
{
    if (compressors == NULL)
        return;
    for (uint32_t i = 0; i < compressors->count; i++)
        pf_compressor_free(&compressors->waiting[i]);
    pf_mutex_free(compressors->lock);
    pf_free(compressors->memory, compressors);
}

enum pf_status pf_compressors_take(struct pf_compressors *compressors, struct pf_compressor *compressor, struct pf_error *err)
{
    bool found;

    pf_mutex_lock(compressors->lock);
    found = compressors->count > 0;
    if (found)
        *compressor = compressors->waiting[--compressors->count];
    pf_mutex_unlock(compressors->lock);
    return found ? PF_OK : pf_compressor_init(compressor, compressors->memory, compressors->codec, compressors->level, err);
}

void pf_compressors_give(struct pf_compressors *compressors, struct pf_compressor *compressor)
{
    bool kept;

    if (compressor->state == NULL)
        return;
    pf_mutex_lock(compressors->lock);
    kept = compressors->count < MOST_WAITING;
    if (kept)
        compressors->waiting[compressors->count++] = *compressor;
    pf_mutex_unlock(compressors->lock);
    if (!kept)
        pf_compressor_free(compressor);
    compressor->state = NULL;
}

/* ---- compressing */

size_t pf_compress_bound(const struct pf_compressor *compressor, size_t size)
{
    /* A page's sizes are 32-bit signed in its header. */
    if (size > INT32_MAX)
        return 0;
    switch (compressor->codec) {
    case PARQUET_SNAPPY:
        return snappy_max_compressed_length(size);
    case PARQUET_GZIP:
        return libdeflate_gzip_compress_bound(compressor->state, size);
    case PARQUET_ZSTD:
        return ZSTD_compressBound(size);
    case PARQUET_LZ4_RAW:
        return size > LZ4_MAX_INPUT_SIZE ? 0 : (size_t)LZ4_compressBound((int)size);
    default:
        return size;
    }
}

/* Only text has repetitions long enough for the effort of the library's own level to find more (measured in docs/design/parquet.md). */
static int usual_zstd_level(enum pf_content content)
{
    switch (content) {
    case PF_CONTENT_TEXT:
        return ZSTD_CLEVEL_DEFAULT;
    case PF_CONTENT_NUMBERS:
        return 2;
    default:
        return 1; /* to a few kilobytes the library does at level 1 what it does to pages at level 2 */
    }
}

static enum pf_status compress_zstd(struct pf_compressor *compressor, const void *from, size_t size, void *to, size_t room,
                                    size_t *written, struct pf_error *err)
{
    const int level = compressor->level != 0 ? compressor->level : usual_zstd_level(compressor->content);
    size_t got = ZSTD_compressCCtx(compressor->state, to, room, from, size, level);

    if (!ZSTD_isError(got)) {
        *written = got;
        return PF_OK;
    }
    if (ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
        return pf_fail(err, PF_NO_MEMORY, "out of memory: no room for zstd at level %d", level);
    return pf_fail(err, PF_INTERNAL, "zstd refused %zu bytes: %s", size, ZSTD_getErrorName(got));
}

enum pf_status pf_compress(struct pf_compressor *compressor, const void *from, size_t size, void *to, size_t room,
                           size_t *written, struct pf_error *err)
{
    *written = room;
    switch (compressor->codec) {
    case PARQUET_UNCOMPRESSED:
        *written = size;
        if (size > room)
            break;
        memcpy(to, from, size);
        return PF_OK;
    case PARQUET_SNAPPY:
        if (snappy_compress(from, size, to, written) != SNAPPY_OK)
            break;
        return PF_OK;
    case PARQUET_GZIP:
        *written = libdeflate_gzip_compress(compressor->state, from, size, to, room);
        if (*written == 0)
            break;
        return PF_OK;
    case PARQUET_ZSTD:
        return compress_zstd(compressor, from, size, to, room, written, err);
    case PARQUET_LZ4_RAW:
        *written =
            (size_t)LZ4_compress_fast_extState(compressor->state, from, to, (int)size, room > INT_MAX ? INT_MAX : (int)room, 1);
        if (*written == 0)
            break;
        return PF_OK;
    default:
        break;
    }
    return pf_fail(err, PF_INTERNAL, "%s refused %zu bytes", pf_codec_name((int32_t)compressor->codec), size);
}

void pf_decompressor_init(struct pf_decompressor *decompressor, struct pf_memory *memory)
{
    decompressor->memory = memory;
    decompressor->gzip = NULL;
    decompressor->zstd = NULL;
}

void pf_decompressor_free(struct pf_decompressor *decompressor)
{
    libdeflate_free_decompressor(decompressor->gzip);
    (void)ZSTD_freeDCtx(decompressor->zstd);
    decompressor->gzip = NULL;
    decompressor->zstd = NULL;
}

static enum pf_status damaged(int32_t codec, size_t size, size_t expected, struct pf_error *err)
{
    return pf_fail(err, PF_BAD_DATA, "a page of %zu bytes does not decompress with %s to the %zu bytes its header promises",
                   size, pf_codec_name(codec), expected);
}

/* One member of gzip, or zlib as some writers have it. false = damaged or too large. */
static bool inflate_member(struct libdeflate_decompressor *inflater, const uint8_t *from, size_t size, uint8_t *to, size_t room,
                           size_t *used, size_t *got)
{
    if (size >= 2 && from[0] == 0x1f && from[1] == 0x8b)
        return libdeflate_gzip_decompress_ex(inflater, from, size, to, room, used, got) == LIBDEFLATE_SUCCESS;
    return libdeflate_zlib_decompress_ex(inflater, from, size, to, room, used, got) == LIBDEFLATE_SUCCESS;
}

static enum pf_status decompress_gzip(struct pf_decompressor *decompressor, const uint8_t *from, size_t size, uint8_t *to,
                                      size_t expected, struct pf_error *err)
{
    size_t at = 0, filled = 0;

    if (!decompressor->gzip)
        decompressor->gzip = libdeflate_alloc_decompressor();
    if (!decompressor->gzip)
        return pf_fail(err, PF_NO_MEMORY, "out of memory: no room for a gzip decompressor");
    do {
        size_t used = 0, got = 0;

        if (!inflate_member(decompressor->gzip, from + at, size - at, to + filled, expected - filled, &used, &got) || used == 0)
            return damaged(PARQUET_GZIP, size, expected, err);
        at += used;
        filled += got;
    } while (at < size);
    return filled == expected ? PF_OK : damaged(PARQUET_GZIP, size, expected, err);
}

static enum pf_status decompress_zstd(struct pf_decompressor *decompressor, const void *from, size_t size, void *to,
                                      size_t expected, struct pf_error *err)
{
    if (!decompressor->zstd)
        decompressor->zstd = ZSTD_createDCtx_advanced(zstd_memory(decompressor->memory));
    if (!decompressor->zstd)
        return pf_fail(err, PF_NO_MEMORY, "out of memory: no room for a zstd decompressor");
    return ZSTD_decompressDCtx(decompressor->zstd, to, expected, from, size) == expected
               ? PF_OK
               : damaged(PARQUET_ZSTD, size, expected, err);
}

static enum pf_status decompress_snappy(const void *from, size_t size, void *to, size_t expected, struct pf_error *err)
{
    size_t got = 0;

    if (snappy_uncompressed_length(from, size, &got) != SNAPPY_OK || got != expected ||
        snappy_uncompress(from, size, to, &got) != SNAPPY_OK || got != expected)
        return damaged(PARQUET_SNAPPY, size, expected, err);
    return PF_OK;
}

enum pf_status pf_decompress(struct pf_decompressor *decompressor, int32_t codec, const void *from, size_t size, void *to,
                             size_t expected, struct pf_error *err)
{
    /* Some writers leave out the codec's own frame when there is nothing to compress. */
    if (size == 0 && expected == 0)
        return PF_OK;
    switch (codec) {
    case PARQUET_UNCOMPRESSED:
        if (size != expected)
            return damaged(codec, size, expected, err);
        memcpy(to, from, size);
        return PF_OK;
    case PARQUET_SNAPPY:
        return decompress_snappy(from, size, to, expected, err);
    case PARQUET_GZIP:
        return decompress_gzip(decompressor, from, size, to, expected, err);
    case PARQUET_ZSTD:
        return decompress_zstd(decompressor, from, size, to, expected, err);
    case PARQUET_LZ4_RAW:
        if (size > INT_MAX || expected > INT_MAX || LZ4_decompress_safe(from, to, (int)size, (int)expected) != (int)expected)
            return damaged(codec, size, expected, err);
        return PF_OK;
    default:
        pf_fail(err, PF_UNSUPPORTED, "compression %s (codec %d) is not read by this version", pf_codec_name(codec), (int)codec);
        pf_remedy(err, "write the file again with snappy, zstd, gzip, lz4_raw or no compression");
        return PF_UNSUPPORTED;
    }
}
