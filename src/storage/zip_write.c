/* Writing a zip archive in order. The sizes of an entry are not known when it begins, so they follow it in a data descriptor, and
 * zip64 is used where 32 bits do not do, not before: Excel reads an archive without it with fewer questions. */
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#include "storage/zip.h"
#include "storage/zip_bytes.h"

enum {
    OUT_PART = 64 * 1024,
    VERSION = 20,
    WIDE_VERSION = 45,
    FIXED_DATE = 1 << 5 | 1, /* 1980-01-01, 00:00: the first day that there is */
    MADE_BY_UNIX = 3 << 8,
    MODE_SHIFT = 16,
    FILE_MODE = 0100644
};

struct pf_zip_writer {
    struct pf_context *ctx;
    struct pf_sink *sink;
    struct pf_buffer directory;
    uint64_t count;
    z_stream zlib;
    bool deflates;   /* zlib is to be ended */
    bool begun;      /* an entry is open */
    bool compressed; /* it is */
    bool own;        /* zlib has bytes of it since its last reset */
    uint8_t *out;    /* OUT_PART bytes */
    struct pf_buffer name;
    int64_t header_at, bytes_at;
    uint32_t crc;
    int64_t plain;
};

static voidpf take_items(voidpf user, uInt items, uInt size)
{
    return pf_alloc(user, (size_t)items * size);
}

static void give_back(voidpf user, voidpf pointer)
{
    pf_free(user, pointer);
}

static bool begin_deflate(z_stream *zlib, struct pf_memory *memory, int level)
{
    zlib->zalloc = take_items;
    zlib->zfree = give_back;
    zlib->opaque = memory;
    return deflateInit2(zlib, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK;
}

/* ---- records */

struct record {
    uint8_t bytes[80];
    size_t size;
};

static void put(struct record *record, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        record->bytes[record->size++] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t narrow(int64_t value)
{
    return value >= (int64_t)UINT32_MAX ? UINT32_MAX : (uint64_t)value;
}

/* ---- */

enum pf_status pf_zip_writer_new(struct pf_context *ctx, struct pf_sink *sink, struct pf_zip_writer **out, struct pf_error *err)
{
    struct pf_zip_writer *writer = pf_alloc_zero(&ctx->memory, 1, sizeof *writer);

    *out = writer;
    if (writer == NULL)
        return pf_fail_memory(err, sizeof *writer);
    writer->ctx = ctx;
    writer->sink = sink;
    pf_buffer_init(&writer->directory, &ctx->memory, SIZE_MAX);
    pf_buffer_init(&writer->name, &ctx->memory, SIZE_MAX);
    writer->out = pf_alloc(&ctx->memory, OUT_PART);
    if (writer->out != NULL)
        return PF_OK;
    pf_zip_writer_free(writer);
    *out = NULL;
    return pf_fail_memory(err, OUT_PART);
}

void pf_zip_writer_free(struct pf_zip_writer *writer)
{
    struct pf_memory *memory;

    if (writer == NULL)
        return;
    memory = &writer->ctx->memory;
    if (writer->deflates)
        deflateEnd(&writer->zlib);
    pf_buffer_free(&writer->directory);
    pf_buffer_free(&writer->name);
    pf_free(memory, writer->out);
    pf_free(memory, writer);
}

enum pf_status pf_zip_writer_begin(struct pf_zip_writer *writer, const char *name, int level, struct pf_error *err)
{
    struct record local = { .size = 0 };
    size_t name_size = strlen(name);

    if (writer->deflates)
        deflateEnd(&writer->zlib);
    writer->compressed = level != 0;
    writer->deflates = writer->compressed && begin_deflate(&writer->zlib, &writer->ctx->memory, level);
    if (writer->compressed && !writer->deflates)
        return pf_fail_memory(err, (size_t)256 << 10);
    pf_buffer_clear(&writer->name);
    if (!pf_buffer_append(&writer->name, name, name_size))
        return pf_fail_memory(err, name_size);
    writer->begun = true;
    writer->own = false;
    writer->crc = 0;
    writer->plain = 0;
    writer->header_at = pf_sink_size(writer->sink);
    put(&local, ZIP_LOCAL, 4);
    put(&local, VERSION, 2);
    put(&local, ZIP_FLAG_DESCRIPTOR | ZIP_FLAG_UTF8, 2);
    put(&local, writer->compressed ? ZIP_DEFLATED : ZIP_STORED, 2);
    put(&local, 0, 2);
    put(&local, FIXED_DATE, 2);
    put(&local, 0, 12);
    put(&local, name_size, 2);
    put(&local, 0, 2);
    if (pf_sink_write(writer->sink, local.bytes, local.size, err) != PF_OK ||
        pf_sink_write(writer->sink, name, name_size, err) != PF_OK)
        return err->status;
    writer->bytes_at = pf_sink_size(writer->sink);
    return PF_OK;
}

/* Runs zlib over what it was given until there is nothing more to come. */
static enum pf_status run_deflate(struct pf_zip_writer *writer, int flush, struct pf_error *err)
{
    z_stream *zlib = &writer->zlib;

    do {
        zlib->next_out = writer->out;
        zlib->avail_out = OUT_PART;
        if (deflate(zlib, flush) == Z_STREAM_ERROR)
            return pf_fail(err, PF_INTERNAL, "the deflate encoder is in no state to go on");
        if (pf_sink_write(writer->sink, writer->out, OUT_PART - zlib->avail_out, err) != PF_OK)
            return err->status;
    } while (zlib->avail_out == 0);
    return PF_OK;
}

enum pf_status pf_zip_writer_add(struct pf_zip_writer *writer, const void *bytes, size_t size, struct pf_error *err)
{
    const uint8_t *from = bytes;

    writer->crc = libdeflate_crc32(writer->crc, bytes, size);
    writer->plain += (int64_t)size;
    if (!writer->compressed)
        return pf_sink_write(writer->sink, bytes, size, err);
    writer->own = writer->own || size != 0;
    while (size != 0) {
        size_t part = size < (size_t)1 << 30 ? size : (size_t)1 << 30;

        writer->zlib.next_in = (Bytef *)(uintptr_t)from;
        writer->zlib.avail_in = (uInt)part;
        if (run_deflate(writer, Z_NO_FLUSH, err) != PF_OK)
            return err->status;
        from += part;
        size -= part;
    }
    return PF_OK;
}

/* zlib's bytes end on a byte, and it forgets them: it would refer back to them as if nothing stood between. */
static enum pf_status end_own(struct pf_zip_writer *writer, struct pf_error *err)
{
    if (!writer->own)
        return PF_OK;
    if (run_deflate(writer, Z_SYNC_FLUSH, err) != PF_OK)
        return err->status;
    writer->own = false;
    return deflateReset(&writer->zlib) == Z_OK ? PF_OK : pf_fail(err, PF_INTERNAL, "the deflate encoder cannot be reset");
}

enum pf_status pf_zip_writer_add_deflated(struct pf_zip_writer *writer, const void *bytes, size_t size, uint32_t crc,
                                          int64_t plain_size, struct pf_error *err)
{
    if (end_own(writer, err) != PF_OK)
        return err->status;
    writer->crc = (uint32_t)crc32_combine64(writer->crc, crc, plain_size);
    writer->plain += plain_size;
    return pf_sink_write(writer->sink, bytes, size, err);
}

/* What the directory keeps of the entry. */
static enum pf_status add_to_directory(struct pf_zip_writer *writer, int64_t stored, struct pf_error *err)
{
    bool wide_plain = writer->plain >= (int64_t)UINT32_MAX, wide_stored = stored >= (int64_t)UINT32_MAX;
    bool wide_place = writer->header_at >= (int64_t)UINT32_MAX, wide = wide_plain || wide_stored || wide_place;
    struct record record = { .size = 0 }, extra = { .size = 0 };

    if (wide) {
        put(&extra, ZIP_EXTRA_WIDE, 2);
        put(&extra, 8u * ((unsigned)wide_plain + wide_stored + wide_place), 2);
        put(&extra, (uint64_t)writer->plain, wide_plain ? 8 : 0);
        put(&extra, (uint64_t)stored, wide_stored ? 8 : 0);
        put(&extra, (uint64_t)writer->header_at, wide_place ? 8 : 0);
    }
    put(&record, ZIP_CENTRAL, 4);
    put(&record, MADE_BY_UNIX | (wide ? WIDE_VERSION : VERSION), 2);
    put(&record, wide ? WIDE_VERSION : VERSION, 2);
    put(&record, ZIP_FLAG_DESCRIPTOR | ZIP_FLAG_UTF8, 2);
    put(&record, writer->compressed ? ZIP_DEFLATED : ZIP_STORED, 2);
    put(&record, 0, 2);
    put(&record, FIXED_DATE, 2);
    put(&record, writer->crc, 4);
    put(&record, narrow(stored), 4);
    put(&record, narrow(writer->plain), 4);
    put(&record, writer->name.size, 2);
    put(&record, extra.size, 2);
    put(&record, 0, 6); /* comment, disk, text or not */
    put(&record, (uint64_t)FILE_MODE << MODE_SHIFT, 4);
    put(&record, narrow(writer->header_at), 4);
    writer->count++;
    if (!pf_buffer_append(&writer->directory, record.bytes, record.size) ||
        !pf_buffer_append(&writer->directory, writer->name.data, writer->name.size) ||
        !pf_buffer_append(&writer->directory, extra.bytes, extra.size))
        return pf_fail_memory(err, writer->directory.size);
    return PF_OK;
}

enum pf_status pf_zip_writer_end(struct pf_zip_writer *writer, struct pf_error *err)
{
    static const uint8_t last_block[] = { 3, 0 }; /* empty, with the fixed codes */
    struct record descriptor = { .size = 0 };
    enum pf_status status = PF_OK;
    int64_t stored;
    size_t width;

    if (writer->compressed && writer->own)
        status = run_deflate(writer, Z_FINISH, err);
    else if (writer->compressed)
        status = pf_sink_write(writer->sink, last_block, sizeof last_block, err);
    if (status != PF_OK)
        return status;
    stored = pf_sink_size(writer->sink) - writer->bytes_at;
    width = stored >= (int64_t)UINT32_MAX || writer->plain >= (int64_t)UINT32_MAX ? 8 : 4;
    put(&descriptor, ZIP_DESCRIPTOR, 4);
    put(&descriptor, writer->crc, 4);
    put(&descriptor, (uint64_t)stored, width);
    put(&descriptor, (uint64_t)writer->plain, width);
    writer->begun = false;
    if (pf_sink_write(writer->sink, descriptor.bytes, descriptor.size, err) != PF_OK)
        return err->status;
    return add_to_directory(writer, stored, err);
}

enum pf_status pf_zip_writer_finish(struct pf_zip_writer *writer, struct pf_error *err)
{
    int64_t at = pf_sink_size(writer->sink), size = (int64_t)writer->directory.size;
    struct record wide = { .size = 0 }, end = { .size = 0 };

    if (writer->count >= UINT16_MAX || at >= (int64_t)UINT32_MAX || size >= (int64_t)UINT32_MAX) {
        put(&wide, ZIP_WIDE_END, 4);
        put(&wide, 44, 8); /* bytes of this record that follow */
        put(&wide, MADE_BY_UNIX | WIDE_VERSION, 2);
        put(&wide, WIDE_VERSION, 2);
        put(&wide, 0, 8); /* disks */
        put(&wide, writer->count, 8);
        put(&wide, writer->count, 8);
        put(&wide, (uint64_t)size, 8);
        put(&wide, (uint64_t)at, 8);
        put(&wide, ZIP_LOCATOR, 4);
        put(&wide, 0, 4);
        put(&wide, (uint64_t)(at + size), 8);
        put(&wide, 1, 4);
    }
    put(&end, ZIP_END, 4);
    put(&end, 0, 4); /* disks */
    put(&end, writer->count < UINT16_MAX ? writer->count : UINT16_MAX, 2);
    put(&end, writer->count < UINT16_MAX ? writer->count : UINT16_MAX, 2);
    put(&end, narrow(size), 4);
    put(&end, narrow(at), 4);
    put(&end, 0, 2);
    if (pf_sink_write(writer->sink, writer->directory.data, writer->directory.size, err) != PF_OK ||
        pf_sink_write(writer->sink, wide.bytes, wide.size, err) != PF_OK)
        return err->status;
    return pf_sink_write(writer->sink, end.bytes, end.size, err);
}

/* ---- pieces */

struct pf_zip_piece {
    struct pf_memory *memory;
    struct pf_buffer *out;
    z_stream zlib;
    bool deflates;
    uint32_t crc;
    int64_t plain;
};

enum pf_status pf_zip_piece_new(struct pf_memory *memory, int level, struct pf_buffer *out, struct pf_zip_piece **piece,
                                struct pf_error *err)
{
    struct pf_zip_piece *made = pf_alloc_zero(memory, 1, sizeof *made);

    *piece = NULL;
    if (made == NULL)
        return pf_fail_memory(err, sizeof *made);
    made->memory = memory;
    made->out = out;
    made->deflates = begin_deflate(&made->zlib, memory, level);
    if (!made->deflates) {
        pf_free(memory, made);
        return pf_fail_memory(err, (size_t)256 << 10);
    }
    *piece = made;
    return PF_OK;
}

static enum pf_status run_piece(struct pf_zip_piece *piece, int flush, struct pf_error *err)
{
    z_stream *zlib = &piece->zlib;

    do {
        if (!pf_buffer_reserve(piece->out, OUT_PART))
            return pf_fail_memory(err, piece->out->size + OUT_PART);
        zlib->next_out = piece->out->data + piece->out->size;
        zlib->avail_out = OUT_PART;
        if (deflate(zlib, flush) == Z_STREAM_ERROR)
            return pf_fail(err, PF_INTERNAL, "the deflate encoder is in no state to go on");
        piece->out->size += OUT_PART - zlib->avail_out;
    } while (zlib->avail_out == 0);
    return PF_OK;
}

enum pf_status pf_zip_piece_add(struct pf_zip_piece *piece, const void *bytes, size_t size, struct pf_error *err)
{
    piece->crc = libdeflate_crc32(piece->crc, bytes, size);
    piece->plain += (int64_t)size;
    piece->zlib.next_in = (Bytef *)(uintptr_t)bytes;
    piece->zlib.avail_in = (uInt)size;
    return run_piece(piece, Z_NO_FLUSH, err);
}

enum pf_status pf_zip_piece_end(struct pf_zip_piece *piece, uint32_t *crc, int64_t *plain_size, struct pf_error *err)
{
    *crc = piece->crc;
    *plain_size = piece->plain;
    return run_piece(piece, Z_SYNC_FLUSH, err);
}

void pf_zip_piece_free(struct pf_zip_piece *piece)
{
    if (piece == NULL)
        return;
    if (piece->deflates)
        deflateEnd(&piece->zlib);
    pf_free(piece->memory, piece);
}
