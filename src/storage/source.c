/* A source: raw bytes, unwrapped if they are compressed or the one file of a zip archive, with a head that can be peeked at, and a spool where reading twice
 * needs it. */
#include <string.h>

#include "storage/member.h"
#include "storage/raw.h"
#include "storage/scheme.h"

enum { STORED_PART = 256 * 1024, PEEK_CEILING = 1 << 20 };
/* Below this many bytes a high ratio is harmless. */
static const int64_t expansion_from = (int64_t)64 << 20;

struct pf_source {
    struct pf_context *ctx;
    char *name;
    struct pf_raw *raw;
    struct pf_source_stat stat; /* of what is stored, also when raw is an unpacked copy of it */
    int64_t unpacked_from;      /* stored bytes that were unpacked; 0 = not unpacked */
    struct pf_inflate *inflate; /* NULL = stored plainly, or a member */
    struct pf_member *member;   /* of a zip archive; NULL = none */
    const char *compression;
    uint8_t *stored; /* STORED_PART bytes of compressed input */
    size_t stored_at, stored_size;
    bool stored_ended, done;
    uint8_t *head; /* peeked at, not yet consumed */
    size_t head_at, head_size, head_capacity;
    int64_t produced; /* bytes given out since the start, for the expansion limit */
    struct pf_spool *spool;
    bool from_spool;
};

const char *pf_source_name(const struct pf_source *src)
{
    return src->name;
}

const struct pf_source_stat *pf_source_stat_of(const struct pf_source *src)
{
    return &src->stat;
}

const char *pf_source_compression(const struct pf_source *src)
{
    return src->compression;
}

const char *pf_source_member(const struct pf_source *src)
{
    return src->member != NULL ? pf_member_entry(src->member)->name : "";
}

int64_t pf_source_size(const struct pf_source *src)
{
    if (src->member != NULL)
        return pf_member_entry(src->member)->size;
    return src->inflate == NULL ? src->raw->stat.size : -1;
}

int64_t pf_source_consumed(const struct pf_source *src)
{
    if (src->unpacked_from != 0)
        return src->unpacked_from;
    if (src->member != NULL)
        return pf_member_consumed(src->member);
    return src->raw->at - (int64_t)(src->stored_size - src->stored_at) -
           (src->inflate == NULL ? (int64_t)(src->head_size - src->head_at) : 0);
}

bool pf_source_has_read_at(const struct pf_source *src)
{
    return src->inflate == NULL && src->member == NULL && src->raw->functions->read_at != NULL;
}

bool pf_source_can_rewind(const struct pf_source *src)
{
    return src->member != NULL || src->raw->functions->rewind != NULL;
}

/* Reads stored bytes when none are left; sets stored_ended at their end. */
static enum pf_status fill_stored(struct pf_source *src, struct pf_error *err)
{
    size_t got;

    if (src->stored_at < src->stored_size || src->stored_ended)
        return PF_OK;
    if (src->raw->functions->read(src->raw, src->stored, STORED_PART, &got, err) != PF_OK)
        return err->status;
    src->stored_at = 0;
    src->stored_size = got;
    src->stored_ended = got == 0;
    return PF_OK;
}

static enum pf_status check_expansion(const struct pf_source *src, struct pf_error *err)
{
    double limit = src->ctx->limits.expansion;

    if (src->produced < expansion_from || limit <= 0 || (double)src->produced <= limit * (double)(src->raw->at + 1))
        return PF_OK;
    pf_fail(err, PF_LIMIT, "the %s data expands to more than %.0f times its size", src->compression, limit);
    pf_remedy(err, "if the file is trusted, raise --max-expansion");
    return err->status;
}

static enum pf_status inflate_some(struct pf_source *src, void *to, size_t size, size_t *got, struct pf_error *err)
{
    *got = 0;
    while (*got == 0 && !src->done) {
        size_t in_size, out_size = size;

        if (fill_stored(src, err) != PF_OK)
            return err->status;
        in_size = src->stored_size - src->stored_at;
        if (pf_inflate_step(src->inflate, src->stored + src->stored_at, &in_size, to, &out_size, src->stored_ended, &src->done,
                            err) != PF_OK) {
            pf_error_source(err, src->name);
            return err->status;
        }
        src->stored_at += in_size;
        src->produced += (int64_t)out_size;
        *got = out_size;
    }
    return check_expansion(src, err);
}

static enum pf_status read_member(struct pf_source *src, void *to, size_t size, size_t *got, struct pf_error *err)
{
    enum pf_status status = pf_member_read(src->member, to, size, got, err);

    return status != PF_OK || *got != 0 || size == 0 ? status : pf_source_check(src, err);
}

/* Some of the next bytes, from wherever they come now; *got 0 at the end. */
static enum pf_status next_bytes(struct pf_source *src, void *to, size_t size, size_t *got, struct pf_error *err)
{
    enum pf_status status;

    if (src->from_spool)
        return pf_spool_read(src->spool, to, size, got, err);
    if (src->member != NULL)
        status = read_member(src, to, size, got, err);
    else if (src->inflate != NULL)
        status = inflate_some(src, to, size, got, err);
    else
        status = src->raw->functions->read(src->raw, to, size, got, err);
    if (status == PF_OK && src->spool != NULL && *got != 0)
        status = pf_spool_add(src->spool, to, *got, err);
    return status;
}

enum pf_status pf_source_read(struct pf_source *src, void *to, size_t size, size_t *got, struct pf_error *err)
{
    size_t total = src->head_size - src->head_at;

    if (total > size)
        total = size;
    if (total != 0) {
        memcpy(to, src->head + src->head_at, total);
        src->head_at += total;
    }
    while (total < size) {
        size_t part;

        if (next_bytes(src, (uint8_t *)to + total, size - total, &part, err) != PF_OK) {
            pf_error_source(err, src->name);
            return err->status;
        }
        if (part == 0)
            break;
        total += part;
    }
    *got = total;
    return PF_OK;
}

enum pf_status pf_source_peek(struct pf_source *src, size_t size, const uint8_t **head, size_t *got, struct pf_error *err)
{
    if (size > PEEK_CEILING)
        size = PEEK_CEILING;
    if (src->head_at != 0 && src->head_size != 0) {
        memmove(src->head, src->head + src->head_at, src->head_size - src->head_at);
        src->head_size -= src->head_at;
        src->head_at = 0;
    }
    if (src->head_capacity < size) {
        uint8_t *grown = pf_resize(&src->ctx->memory, src->head, size);

        if (grown == NULL)
            return pf_fail_memory(err, size);
        src->head = grown;
        src->head_capacity = size;
    }
    while (src->head_size < size) {
        size_t part;

        if (next_bytes(src, src->head + src->head_size, size - src->head_size, &part, err) != PF_OK)
            return err->status;
        if (part == 0)
            break;
        src->head_size += part;
    }
    *head = src->head;
    *got = src->head_size < size ? src->head_size : size;
    return PF_OK;
}

enum pf_status pf_source_read_at(const struct pf_source *src, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    if (src->raw->functions->read_at(src->raw, offset, to, size, err) == PF_OK)
        return PF_OK;
    pf_error_source(err, src->name);
    return err->status;
}

enum pf_status pf_source_spool(struct pf_source *src, struct pf_error *err)
{
    if (src->spool != NULL || pf_source_can_rewind(src))
        return PF_OK;
    if (pf_spool_new(src->ctx, &src->spool, err) != PF_OK)
        return err->status;
    /* what was peeked at has already left the pipe */
    return pf_spool_add(src->spool, src->head + src->head_at, src->head_size - src->head_at, err);
}

/* Reads what nobody has read yet: into `copy`, or, where that is NULL, only so that it is in the spool. */
static enum pf_status read_rest(struct pf_source *src, struct pf_sink *copy, struct pf_error *err)
{
    uint8_t *part = pf_alloc(&src->ctx->memory, STORED_PART);
    enum pf_status status = PF_OK;
    size_t got = 1;

    if (part == NULL)
        return pf_fail_memory(err, STORED_PART);
    while (status == PF_OK && got != 0) {
        status = pf_check_cancel(src->ctx, err);
        if (status == PF_OK)
            status = pf_source_read(src, part, STORED_PART, &got, err);
        if (status == PF_OK && copy != NULL)
            status = pf_sink_write(copy, part, got, err);
    }
    pf_free(&src->ctx->memory, part);
    return status;
}

enum pf_status pf_source_unpack(struct pf_source *src, struct pf_error *err)
{
    struct pf_sink *copy;
    struct pf_raw *raw;
    int64_t unpacked_from;

    if (pf_source_has_read_at(src))
        return PF_OK;
    if (pf_sink_scratch(src->ctx, &copy, err) != PF_OK)
        return err->status;
    if (read_rest(src, copy, err) != PF_OK) {
        pf_sink_free(copy);
        return err->status;
    }
    unpacked_from = pf_source_consumed(src);
    if (pf_raw_copy(&src->ctx->memory, copy, src->name, &raw, err) != PF_OK)
        return err->status;
    pf_member_close(src->member);
    src->member = NULL;
    src->raw->functions->close(src->raw);
    src->raw = raw;
    src->unpacked_from = unpacked_from;
    pf_inflate_free(src->inflate);
    src->inflate = NULL;
    src->head_at = src->head_size = src->stored_at = src->stored_size = 0;
    return PF_OK;
}

enum pf_status pf_source_check(const struct pf_source *src, struct pf_error *err)
{
    return src->raw->functions->check != NULL ? src->raw->functions->check(src->raw, err) : PF_OK;
}

enum pf_status pf_source_rewind(struct pf_source *src, struct pf_error *err)
{
    src->head_at = src->head_size = 0;
    if (src->spool != NULL) {
        if (!src->from_spool && read_rest(src, NULL, err) != PF_OK)
            return err->status;
        src->from_spool = true;
        return pf_spool_rewind(src->spool, err);
    }
    if (src->member != NULL) {
        if (pf_source_check(src, err) != PF_OK)
            return err->status;
        return pf_member_rewind(src->member, err);
    }
    if (src->raw->functions->rewind == NULL)
        return pf_fail(err, PF_INTERNAL, "a source that cannot be read again was not spooled");
    if (src->raw->functions->rewind(src->raw, err) != PF_OK)
        return err->status;
    src->stored_at = src->stored_size = 0;
    src->stored_ended = src->done = false;
    src->produced = 0;
    return src->inflate != NULL ? pf_inflate_reset(src->inflate, err) : PF_OK;
}

/* ---- opening and closing */

void pf_source_close(struct pf_source *src)
{
    struct pf_memory *memory;

    if (src == NULL)
        return;
    memory = &src->ctx->memory;
    pf_spool_free(src->spool);
    pf_member_close(src->member);
    pf_inflate_free(src->inflate);
    pf_free(memory, src->stored);
    pf_free(memory, src->head);
    if (src->raw != NULL)
        src->raw->functions->close(src->raw);
    pf_free(memory, src->name);
    pf_free(memory, src);
}

static enum pf_status new_source(struct pf_context *ctx, const char *name, struct pf_source **out, struct pf_error *err)
{
    struct pf_source *src = pf_alloc_zero(&ctx->memory, 1, sizeof *src);

    *out = src;
    if (src == NULL)
        return pf_fail_memory(err, sizeof *src);
    src->ctx = ctx;
    src->compression = "";
    src->name = pf_copy_text(&ctx->memory, name, strlen(name));
    return src->name != NULL ? PF_OK : pf_fail_memory(err, strlen(name));
}

/* The directory of an archive is at its end, so a pipe is copied first. */
static enum pf_status unwrap_zip(struct pf_source *src, struct pf_error *err)
{
    if (pf_source_unpack(src, err) != PF_OK || pf_member_open(src->ctx, src, &src->member, err) != PF_OK) {
        pf_error_source(err, src->name);
        return err->status;
    }
    if (src->member != NULL) {
        src->compression = "zip";
        src->head_at = src->head_size = 0;
    }
    return PF_OK;
}

/* Peeks at the stored bytes; if they are compressed, what was peeked becomes the first part of the compressed input. */
static enum pf_status unwrap(struct pf_source *src, bool zip, struct pf_error *err)
{
    const uint8_t *head;
    size_t size;

    if (pf_source_peek(src, 4096, &head, &size, err) != PF_OK)
        return err->status;
    if (zip && pf_zip_is_like(head, size))
        return unwrap_zip(src, err);
    src->compression = pf_inflate_detect(head, size);
    if (src->compression[0] == '\0')
        return PF_OK;
    src->stored = pf_alloc(&src->ctx->memory, STORED_PART);
    if (src->stored == NULL)
        return pf_fail_memory(err, STORED_PART);
    memcpy(src->stored, head, size);
    src->stored_size = size;
    src->head_at = src->head_size = 0;
    return pf_inflate_new(&src->ctx->memory, src->compression, &src->inflate, err);
}

enum pf_status pf_source_open(struct pf_context *ctx, const char *location, bool raw, struct pf_source **out,
                              struct pf_error *err)
{
    const struct pf_scheme *scheme = NULL;
    enum pf_status status = new_source(ctx, location, out, err);

    if (status == PF_OK)
        status = pf_scheme_of(ctx, location, &scheme, err);
    if (status == PF_OK && scheme != NULL)
        status = pf_raw_scheme(ctx, scheme, (*out)->name, &(*out)->raw, err);
    else if (status == PF_OK)
        status = pf_raw_file(ctx, (*out)->name, &(*out)->raw, err);
    if (status == PF_OK)
        (*out)->stat = (*out)->raw->stat;
    if (status == PF_OK && !raw)
        status = unwrap(*out, true, err);
    if (status != PF_OK) {
        pf_error_source(err, location);
        pf_source_close(*out);
        *out = NULL;
    }
    return status;
}

/* zip: whether archives of one file are looked into. */
static enum pf_status open_given(struct pf_context *ctx, const struct pf_input *input, const char *name, bool zip,
                                 struct pf_source **out, struct pf_error *err)
{
    enum pf_status status = new_source(ctx, name, out, err);

    if (status == PF_OK && (input->bytes != NULL || input->read == NULL))
        status = pf_raw_memory(&ctx->memory, input->bytes, (size_t)input->size, (*out)->name, &(*out)->raw, err);
    else if (status == PF_OK)
        status = pf_raw_given(ctx, input, (*out)->name, &(*out)->raw, err);
    if (status == PF_OK)
        (*out)->stat = (*out)->raw->stat;
    if (status == PF_OK)
        status = unwrap(*out, zip, err);
    if (status != PF_OK) {
        pf_source_close(*out);
        *out = NULL;
    }
    return status;
}

enum pf_status pf_source_memory(struct pf_context *ctx, const void *bytes, size_t size, const char *name,
                                struct pf_source **out, struct pf_error *err)
{
    const struct pf_input input = { .bytes = bytes, .size = (int64_t)size };

    return open_given(ctx, &input, name, false, out, err);
}

enum pf_status pf_source_given(struct pf_context *ctx, const struct pf_input *input, const char *name, struct pf_source **out,
                               struct pf_error *err)
{
    return open_given(ctx, input, name, true, out, err);
}
