#include "formats/parquet/read_load.h"

#include <libdeflate.h>
#include <string.h>

enum { READ_AHEAD = 256 * 1024 };
/* Below this many bytes a high ratio is harmless. */
static const size_t expansion_from = (size_t)64 << 20;

uint8_t *parquet_scratch_need(struct parquet_scratch *scratch, struct pf_memory *memory, size_t size, struct pf_error *err)
{
    if (size > SIZE_MAX / 2) {
        pf_fail_memory(err, size);
        return NULL;
    }
    size += PF_DECODE_SLACK;
    if (scratch->size < size) {
        /* Not resized: nothing in it is wanted. */
        pf_free(memory, scratch->bytes);
        scratch->size = 0;
        scratch->bytes = pf_alloc(memory, size);
        if (scratch->bytes == NULL) {
            pf_fail_memory(err, size);
            return NULL;
        }
        scratch->size = pf_alloc_size(scratch->bytes);
    }
    return scratch->bytes;
}

void parquet_loader_init(struct parquet_loader *loader, struct pf_context *ctx, const struct pf_source *src)
{
    memset(loader, 0, sizeof *loader);
    loader->ctx = ctx;
    loader->src = src;
    pf_decompressor_init(&loader->decompressor, &ctx->memory);
}

void parquet_loader_free(struct parquet_loader *loader)
{
    pf_decompressor_free(&loader->decompressor);
    pf_free(&loader->ctx->memory, loader->stored.bytes);
}

/* The page as stored, read ahead a little where pages are small. NULL after filling err. */
static const uint8_t *stored_bytes(struct parquet_loader *loader, const struct parquet_page *page, int64_t read_until,
                                   struct pf_error *err)
{
    int64_t skip = page->offset - loader->stored_at;
    size_t size = (size_t)page->size;

    if (skip >= 0 && (uint64_t)skip <= loader->stored_size && size <= loader->stored_size - (size_t)skip)
        return loader->stored.bytes + skip;
    if (size < READ_AHEAD && read_until > page->offset + page->size)
        size = read_until - page->offset < READ_AHEAD ? (size_t)(read_until - page->offset) : READ_AHEAD;
    loader->stored_size = 0;
    if (parquet_scratch_need(&loader->stored, &loader->ctx->memory, size, err) == NULL ||
        pf_source_read_at(loader->src, page->offset, loader->stored.bytes, size, err) != PF_OK)
        return NULL;
    loader->stored_at = page->offset;
    loader->stored_size = size;
    return loader->stored.bytes;
}

static enum pf_status check_expansion(const struct parquet_loader *loader, const struct parquet_page *page,
                                      struct pf_error *err)
{
    double limit = loader->ctx->limits.expansion;

    if ((size_t)page->plain_size < expansion_from || limit <= 0 || page->plain_size <= limit * (page->size + 1.0))
        return PF_OK;
    pf_fail(err, PF_LIMIT, "a page of %d bytes says it expands to %d, which is more than %.0f times its size", page->size,
            page->plain_size, limit);
    pf_remedy(err, "if the file is trusted, raise --max-expansion");
    return PF_LIMIT;
}

/* ---- the old LZ4 */

static uint32_t big32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* A frame is: plain size, stored size (big-endian), a bare block. False when the bytes are not a row of frames. */
static bool is_framed(const uint8_t *from, size_t size, size_t expected)
{
    while (size >= 8) {
        size_t plain = big32(from), stored = big32(from + 4);

        if (stored > size - 8 || plain > expected)
            return false;
        from += 8 + stored;
        size -= 8 + stored;
        expected -= plain;
    }
    return size == 0 && expected == 0;
}

enum pf_status parquet_decompress_lz4(struct pf_decompressor *decompressor, const uint8_t *from, size_t size, uint8_t *to,
                                      size_t expected, struct pf_error *err)
{
    if (!is_framed(from, size, expected))
        return pf_decompress(decompressor, PARQUET_LZ4_RAW, from, size, to, expected, err);
    while (size != 0) {
        size_t plain = big32(from), stored = big32(from + 4);

        if (pf_decompress(decompressor, PARQUET_LZ4_RAW, from + 8, stored, to, plain, err) != PF_OK)
            return err->status;
        from += 8 + stored;
        size -= 8 + stored;
        to += plain;
    }
    return PF_OK;
}

/* ---- decompression */

static enum pf_status decompress(struct parquet_loader *loader, int32_t codec, const uint8_t *from, size_t size, uint8_t *to,
                                 size_t expected, struct pf_error *err)
{
    if (codec == PARQUET_LZ4)
        return parquet_decompress_lz4(&loader->decompressor, from, size, to, expected, err);
    return pf_decompress(&loader->decompressor, codec, from, size, to, expected, err);
}

/* The part of the page after stored levels, decompressed. */
static enum pf_status plain_bytes(struct parquet_loader *loader, int32_t codec, const struct parquet_page *page,
                                  const uint8_t *stored, bool keep, struct parquet_scratch *plain, struct pf_section *out,
                                  struct pf_error *err)
{
    size_t size = (size_t)(page->size - page->level_size);
    size_t expected = (size_t)(page->plain_size - page->level_size);
    bool as_it_is = codec == PARQUET_UNCOMPRESSED || !page->compressed;

    *out = (struct pf_section){ stored + page->level_size, expected };
    if (as_it_is && size != expected)
        return pf_fail(err, PF_BAD_DATA, "a page that is not compressed has %zu bytes, but says %zu", size, expected);
    if (as_it_is && !keep)
        return PF_OK;
    if (check_expansion(loader, page, err) != PF_OK || parquet_scratch_need(plain, &loader->ctx->memory, expected, err) == NULL)
        return err->status;
    out->bytes = plain->bytes;
    if (expected == 0)
        return PF_OK; /* some writers store nothing for nothing */
    if (as_it_is) {
        memcpy(plain->bytes, stored + page->level_size, size);
        return PF_OK;
    }
    return decompress(loader, codec, stored + page->level_size, size, plain->bytes, expected, err);
}

/* Version 1 has the levels in front of the values, in the same compressed whole. */
static enum pf_status split_levels(const struct parquet_page *page, struct pf_section *levels, struct pf_section *values,
                                   struct pf_error *err)
{
    size_t size;

    if (page->level_encoding != PARQUET_RLE)
        return pf_fail(err, PF_UNSUPPORTED, "definition levels are encoded as %s, which is not read",
                       parquet_encoding_name(page->level_encoding));
    if (values->size < 4 || (size = pf_load32(values->bytes)) > values->size - 4)
        return pf_fail(err, PF_BAD_DATA, "a page ends inside its definition levels");
    *levels = (struct pf_section){ values->bytes + 4, size };
    *values = (struct pf_section){ values->bytes + 4 + size, values->size - 4 - size };
    return PF_OK;
}

enum pf_status parquet_load_page(struct parquet_loader *loader, int32_t codec, const struct parquet_page *page,
                                 int64_t read_until, bool optional, bool keep, struct parquet_scratch *plain,
                                 struct pf_section *levels, struct pf_section *values, struct pf_error *err)
{
    const uint8_t *stored = stored_bytes(loader, page, read_until, err);

    if (stored == NULL)
        return err->status;
    if (page->has_crc && libdeflate_crc32(0, stored, (size_t)page->size) != page->crc) {
        pf_fail(err, PF_BAD_DATA, "a page of %d bytes does not match its checksum", page->size);
        pf_remedy(err, "the file was damaged after it was written; get it again");
        return PF_BAD_DATA;
    }
    *levels = (struct pf_section){ stored, (size_t)page->level_size };
    if (plain_bytes(loader, codec, page, stored, keep, plain, values, err) != PF_OK)
        return err->status;
    return optional && !page->version_2 ? split_levels(page, levels, values, err) : PF_OK;
}
