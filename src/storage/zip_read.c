/* The entries of a zip archive as streams. */
#include <string.h>

#include <libdeflate.h>

#include "storage/zip.h"
#include "storage/zip_bytes.h"
#include "storage/zip_inflate.h"

enum {
    STORED_PART = 128 * 1024,
    PLAIN_PART = 256 * 1024, /* so that the checksum finds in the cache what was inflated just before */
    PADDING = 64
};

struct pf_zip_stream {
    const struct pf_zip *zip;
    const struct pf_zip_head *head;
    const struct pf_zip_entry *entry;
    int64_t at;       /* in the archive, of the next stored byte */
    int64_t left;     /* stored bytes not yet read */
    int64_t produced; /* bytes given out */
    uint32_t crc;     /* of them */
    bool checked;
    uint8_t *stored;             /* STORED_PART bytes of the archive; NULL when the entry is not compressed ... */
    struct zip_inflate *inflate; /* ... and this */
    const uint8_t *in;           /* of stored: what is not inflated yet */
    size_t in_left;
};

/* Names are shown up to this many bytes. */
enum { SHOWN = 160 };

static int shown(const struct pf_zip_entry *entry)
{
    return entry->name_size < SHOWN ? (int)entry->name_size : SHOWN;
}

static enum pf_status fail_entry(const struct pf_zip_stream *stream, const char *found, struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "the entry '%.*s' of the zip archive is damaged: %s", shown(stream->entry), stream->entry->name,
            found);
    pf_remedy(err, "fetch the file again, or test it with unzip -t");
    pf_error_source(err, pf_source_name(stream->head->src));
    return err->status;
}

/* Where the bytes of the entry are: behind the local header, whose name and extra field may differ from those of the directory. */
static enum pf_status find_bytes(struct pf_zip_stream *stream, struct pf_error *err)
{
    const struct pf_zip_entry *entry = stream->entry;
    uint8_t local[ZIP_LOCAL_SIZE];

    if (pf_source_read_at(stream->head->src, entry->header_at, local, sizeof local, err) != PF_OK)
        return err->status;
    if (zip_load32(local) != ZIP_LOCAL)
        return fail_entry(stream, "it does not begin where the directory says", err);
    stream->at = entry->header_at + ZIP_LOCAL_SIZE + zip_load16(local + 26) + zip_load16(local + 28);
    stream->left = entry->stored;
    if (stream->at + entry->stored > pf_zip_entry_end(stream->zip, entry))
        return fail_entry(stream, "it runs into what follows it", err);
    return PF_OK;
}

static enum pf_status check_kind(const struct pf_zip_stream *stream, struct pf_error *err)
{
    const struct pf_zip_entry *entry = stream->entry;

    if (entry->encrypted) {
        pf_fail(err, PF_UNSUPPORTED, "the entry '%.*s' of the zip archive is encrypted", shown(entry), entry->name);
        pf_remedy(err, "unpack it with its password and convert the result");
    } else if (entry->method != ZIP_STORED && entry->method != ZIP_DEFLATED) {
        pf_fail(err, PF_UNSUPPORTED,
                "the entry '%.*s' of the zip archive is compressed by method %u; stored and deflate are read", shown(entry),
                entry->name, entry->method);
        pf_remedy(err, "unpack the archive and convert the result");
    } else if (entry->size > stream->head->limits.expansion_from && stream->head->limits.expansion > 0 &&
               entry->size / stream->head->limits.expansion > entry->stored) {
        pf_fail(err, PF_LIMIT, "the entry '%.*s' of the zip archive expands to more than %lld times its size", shown(entry),
                entry->name, (long long)stream->head->limits.expansion);
        pf_remedy(err, "if the file is trusted, raise --max-expansion");
    } else {
        return PF_OK;
    }
    pf_error_source(err, pf_source_name(stream->head->src));
    return err->status;
}

static enum pf_status begin_inflate(struct pf_zip_stream *stream, struct pf_error *err)
{
    struct pf_memory *memory = &stream->head->ctx->memory;

    stream->stored = pf_alloc(memory, STORED_PART);
    if (stream->stored == NULL)
        return pf_fail_memory(err, STORED_PART);
    stream->inflate = pf_zip_inflate_new(memory);
    return stream->inflate != NULL ? PF_OK : pf_fail_memory(err, STORED_PART);
}

enum pf_status pf_zip_stream_open(const struct pf_zip *zip, const struct pf_zip_entry *entry, struct pf_zip_stream **out,
                                  struct pf_error *err)
{
    const struct pf_zip_head *head = pf_zip_head_of(zip);
    struct pf_zip_stream *stream = pf_alloc_zero(&head->ctx->memory, 1, sizeof *stream);
    enum pf_status status;

    *out = NULL;
    if (stream == NULL)
        return pf_fail_memory(err, sizeof *stream);
    stream->zip = zip;
    stream->head = head;
    stream->entry = entry;
    status = check_kind(stream, err);
    if (status == PF_OK)
        status = find_bytes(stream, err);
    if (status == PF_OK && entry->method == ZIP_DEFLATED)
        status = begin_inflate(stream, err);
    if (status == PF_OK)
        *out = stream;
    else
        pf_zip_stream_close(stream);
    return status;
}

void pf_zip_stream_close(struct pf_zip_stream *stream)
{
    struct pf_memory *memory;

    if (stream == NULL)
        return;
    memory = &stream->head->ctx->memory;
    pf_zip_inflate_free(stream->inflate);
    pf_free(memory, stream->stored);
    pf_free(memory, stream);
}

int64_t pf_zip_stream_consumed(const struct pf_zip_stream *stream)
{
    return stream->entry->stored - stream->left;
}

/* Stored bytes to inflate, when there are none. */
static enum pf_status fill(struct pf_zip_stream *stream, struct pf_error *err)
{
    size_t part = stream->left < STORED_PART ? (size_t)stream->left : STORED_PART;

    if (stream->in_left != 0 || part == 0)
        return PF_OK;
    if (pf_source_read_at(stream->head->src, stream->at, stream->stored, part, err) != PF_OK)
        return err->status;
    stream->at += (int64_t)part;
    stream->left -= (int64_t)part;
    stream->in = stream->stored;
    stream->in_left = part;
    return PF_OK;
}

/* Inflates up to size bytes; *ended = the last block was complete. */
static enum pf_status inflate_part(struct pf_zip_stream *stream, uint8_t *to, size_t size, size_t *got, bool *ended,
                                   struct pf_error *err)
{
    const char *wrong = NULL;
    size_t room = size;

    *ended = false;
    while (!*ended && room != 0) {
        const size_t before = room;
        enum zip_inflated result;

        if (fill(stream, err) != PF_OK)
            return err->status;
        result = pf_zip_inflate_run(stream->inflate, &stream->in, &stream->in_left, &to, &room, &wrong);
        if (result == ZIP_INFLATE_NO_MEMORY)
            return pf_fail_memory(err, size);
        if (result == ZIP_INFLATE_BAD)
            return fail_entry(stream, wrong, err);
        *ended = result == ZIP_INFLATE_DONE;
        if (!*ended && room == before && stream->in_left == 0 && stream->left == 0)
            return fail_entry(stream, "its compressed bytes end in the middle", err);
    }
    *got = size - room;
    return PF_OK;
}

/* All its bytes were given out: is that all of it, and are they right? */
static enum pf_status check_end(struct pf_zip_stream *stream, bool ended, struct pf_error *err)
{
    uint8_t more[1];
    size_t got = 0;

    if (stream->inflate != NULL && !ended && inflate_part(stream, more, sizeof more, &got, &ended, err) != PF_OK)
        return err->status;
    if (got != 0)
        return fail_entry(stream, "it is larger than the directory says", err);
    if (stream->crc != stream->entry->crc)
        return fail_entry(stream, "its checksum (CRC-32) is another than the directory says", err);
    stream->checked = true;
    return PF_OK;
}

static enum pf_status read_part(struct pf_zip_stream *stream, uint8_t *to, size_t size, bool *ended, struct pf_error *err)
{
    size_t got = size;

    *ended = false;
    if (stream->inflate != NULL) {
        if (inflate_part(stream, to, size, &got, ended, err) != PF_OK)
            return err->status;
        if (got != size)
            return fail_entry(stream, "it is smaller than the directory says", err);
    } else {
        if (pf_source_read_at(stream->head->src, stream->at, to, size, err) != PF_OK)
            return err->status;
        stream->at += (int64_t)size;
        stream->left -= (int64_t)size;
    }
    stream->crc = libdeflate_crc32(stream->crc, to, size);
    stream->produced += (int64_t)size;
    return PF_OK;
}

enum pf_status pf_zip_stream_read(struct pf_zip_stream *stream, void *to, size_t size, size_t *got, struct pf_error *err)
{
    int64_t rest = stream->entry->size - stream->produced;
    size_t total = 0, wanted = rest < (int64_t)size ? (size_t)rest : size;
    bool ended = false;

    *got = 0;
    while (total < wanted) {
        size_t part = wanted - total < PLAIN_PART ? wanted - total : PLAIN_PART;

        if (read_part(stream, (uint8_t *)to + total, part, &ended, err) != PF_OK)
            return err->status;
        total += part;
    }
    if (!stream->checked && stream->produced == stream->entry->size && check_end(stream, ended, err) != PF_OK)
        return err->status;
    *got = total;
    return PF_OK;
}

enum pf_status pf_zip_read_all(const struct pf_zip *zip, const struct pf_zip_entry *entry, int64_t limit, uint8_t **bytes,
                               size_t *size, struct pf_error *err)
{
    const struct pf_zip_head *head = pf_zip_head_of(zip);
    struct pf_zip_stream *stream;
    enum pf_status status;

    *bytes = NULL;
    *size = 0;
    if (entry->size > limit) {
        pf_fail(err, PF_LIMIT, "the entry '%.*s' of the zip archive has %lld bytes; at most %lld are read", shown(entry),
                entry->name, (long long)entry->size, (long long)limit);
        pf_error_source(err, pf_source_name(head->src));
        return err->status;
    }
    if (pf_zip_stream_open(zip, entry, &stream, err) != PF_OK)
        return err->status;
    *bytes = pf_alloc(&head->ctx->memory, (size_t)entry->size + PADDING);
    status = *bytes != NULL ? pf_zip_stream_read(stream, *bytes, (size_t)entry->size, size, err)
                            : pf_fail_memory(err, (size_t)entry->size);
    pf_zip_stream_close(stream);
    if (status == PF_OK) {
        memset(*bytes + *size, 0, PADDING);
        return PF_OK;
    }
    pf_free(&head->ctx->memory, *bytes);
    *bytes = NULL;
    return status;
}
