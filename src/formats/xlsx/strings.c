/* Shared strings: read once, kept as one run of bytes and 32-bit offsets a segment of so many strings. */
#include <string.h>

#include "base/cpu.h"
#include "base/swar.h"
#include "base/text.h"
#include "formats/xlsx/feed.h"

enum {
    STRINGS_BLOCK = (1 << 18) - 8192,
    AFTER = 32,               /* bytes that must be readable past the last value */
    LEAST_GATHERED = 1 << 18, /* bytes, however little room is left: each write to the scratch file takes its time */
    MOST_KEPT = 1 << 19       /* bytes of the buffer that stay allocated after a write */
};

struct loading {
    struct xlsx_strings *strings;
    struct pf_context *ctx;
    struct xlsx_feed feed;
    struct pf_buffer bytes; /* of the segment under way: those that are not in the scratch file */
    uint32_t *offset;
    uint32_t count;   /* of the segment under way */
    uint32_t written; /* bytes of the segment under way that are in the scratch file */
    uint32_t room;    /* segments */
    size_t left;      /* bytes of memory that texts may still take */
    uint32_t features;
};

static enum pf_status fail_at(const struct loading *loading, int64_t offset, const char *what, struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "%s at byte %lld (shared string %u): %s", loading->feed.part, (long long)offset,
            loading->strings->count + 1, what);
    pf_remedy(err, "the workbook is damaged: open it in a spreadsheet program and save it anew");
    return err->status;
}

/* ---- segments */

static enum pf_status begin_segment(struct loading *loading, struct pf_error *err)
{
    struct xlsx_strings *strings = loading->strings;
    struct pf_memory *memory = &loading->ctx->memory;

    if (strings->segment_count == loading->room) {
        uint32_t room = loading->room != 0 ? loading->room * 2 : 16;
        struct xlsx_segment *grown = pf_resize(memory, strings->segments, room * sizeof *grown);

        if (grown == NULL)
            return pf_fail_memory(err, room * sizeof *grown);
        strings->segments = grown;
        loading->room = room;
    }
    loading->offset = pf_alloc(memory, (XLSX_SEGMENT + 1) * sizeof *loading->offset);
    if (loading->offset == NULL)
        return pf_fail_memory(err, (XLSX_SEGMENT + 1) * sizeof *loading->offset);
    strings->segments[strings->segment_count++] = (struct xlsx_segment){ .offset = loading->offset };
    loading->count = loading->written = 0;
    loading->offset[0] = 0;
    pf_buffer_clear(&loading->bytes);
    return PF_OK;
}

/* Texts of the segment under way to the scratch file, which is made when it is needed first. A segment lies there in one run: nothing else
 * is written in between. */
static enum pf_status write_texts(struct loading *loading, const uint8_t *texts, size_t size, struct pf_error *err)
{
    struct xlsx_strings *strings = loading->strings;

    if (strings->scratch == NULL && pf_sink_scratch(loading->ctx, &strings->scratch, err) != PF_OK)
        return err->status;
    if (loading->written == 0)
        strings->segments[strings->segment_count - 1].place = pf_sink_size(strings->scratch);
    loading->written += (uint32_t)size;
    return size != 0 ? pf_sink_write(strings->scratch, texts, size, err) : PF_OK;
}

/* What was gathered goes to the scratch file, and its memory back if it is much. */
static enum pf_status write_gathered(struct loading *loading, struct pf_error *err)
{
    enum pf_status status = write_texts(loading, loading->bytes.data, loading->bytes.size, err);

    if (loading->bytes.capacity > MOST_KEPT)
        pf_buffer_free(&loading->bytes);
    pf_buffer_clear(&loading->bytes);
    return status;
}

static enum pf_status end_segment(struct loading *loading, struct pf_error *err)
{
    struct xlsx_segment *segment;
    size_t size = loading->bytes.size;

    if (loading->offset == NULL)
        return PF_OK;
    segment = &loading->strings->segments[loading->strings->segment_count - 1];
    loading->offset = NULL;
    if (loading->written != 0 || size + AFTER > loading->left)
        return write_gathered(loading, err);
    segment->bytes = pf_alloc(&loading->ctx->memory, size + AFTER);
    if (segment->bytes == NULL)
        return pf_fail_memory(err, size);
    if (size != 0)
        memcpy(segment->bytes, loading->bytes.data, size);
    memset(segment->bytes + size, 0, AFTER);
    loading->left -= size + AFTER;
    return PF_OK;
}

/* The bytes that may be gathered: gathering takes twice as much and more while it grows, and keeping a copy. */
static size_t most_gathered(const struct loading *loading)
{
    return loading->left / 2 > LEAST_GATHERED ? loading->left / 2 : LEAST_GATHERED;
}

static enum pf_status gather(struct loading *loading, const uint8_t *text, size_t size, struct pf_error *err)
{
    const size_t most = most_gathered(loading);

    if (size > most || loading->bytes.size > most - size) {
        if (write_gathered(loading, err) != PF_OK)
            return err->status;
        if (size > most)
            return write_texts(loading, text, size, err);
    }
    if (!pf_buffer_reserve(&loading->bytes, size + AFTER))
        return pf_fail_memory(err, size);
    if (size <= AFTER)
        memcpy(loading->bytes.data + loading->bytes.size, text, AFTER); /* a block is readable beyond its end */
    else
        memcpy(loading->bytes.data + loading->bytes.size, text, size);
    loading->bytes.size += size;
    return PF_OK;
}

static enum pf_status add(struct loading *loading, const uint8_t *text, size_t size, struct pf_error *err)
{
    if (loading->offset == NULL || loading->count == XLSX_SEGMENT) {
        if (end_segment(loading, err) != PF_OK || begin_segment(loading, err) != PF_OK)
            return err->status;
    }
    if (size > UINT32_MAX - loading->offset[loading->count]) {
        pf_fail(err, PF_LIMIT, "%s has more than 4 GiB of text in %d strings", loading->feed.part, (int)XLSX_SEGMENT);
        pf_remedy(err, "shorten the texts of the workbook: a cell may hold 32,767 characters");
        return err->status;
    }
    loading->offset[loading->count + 1] = loading->offset[loading->count] + (uint32_t)size;
    if (gather(loading, text, size, err) != PF_OK)
        return err->status;
    loading->count++;
    loading->strings->total += size;
    if (++loading->strings->count == UINT32_MAX)
        return pf_fail(err, PF_LIMIT, "%s has too many strings", loading->feed.part);
    return PF_OK;
}

/* ---- reading */

/* <si><t>text</t></si> without anything to resolve in the text: what is behind it, or NULL. */
static const uint8_t *quick(const uint8_t *at, const uint8_t *end, bool preserve, const uint8_t **text, size_t *size)
{
    const uint8_t *close;

    if (memcmp(at, "<si><t", 6) != 0)
        return NULL;
    at += 6;
    if (memcmp(at, " xml:space=\"preserve\"", 21) == 0) {
        at += 21;
        preserve = true;
    }
    if (*at != '>')
        return NULL;
    *text = ++at;
    close = xlsx_find_tag(at, end);
    *size = (size_t)(close - at);
    if (memcmp(close, "</t></si>", 9) != 0)
        return NULL;
    for (; at < close; at++) {
        if (*at == '&' || *at == '\r' || (*at == '_' && at[1] == 'x'))
            return NULL;
    }
    if (!preserve)
        *size = xlsx_trim(text, *size);
    return close + 9;
}

static enum pf_status add_piece(struct loading *loading, struct xlsx_piece *piece, struct pf_error *err)
{
    struct xlsx_cursor cursor = { .at = piece->bytes,
                                  .start = piece->bytes,
                                  .end = piece->bytes + piece->size,
                                  .prefix = loading->feed.prefix,
                                  .prefix_size = loading->feed.prefix_size,
                                  .preserve = loading->feed.preserve };
    size_t valid = pf_utf8_valid(piece->bytes, piece->size, loading->features);

    if (valid != piece->size)
        return fail_at(loading, piece->offset + (int64_t)valid, "the text is not valid UTF-8", err);
    for (;;) {
        const uint8_t *text, *after;
        struct xlsx_tag tag;
        uint8_t *begin, *to;
        size_t size;

        while (cursor.at < cursor.end && *cursor.at <= ' ')
            cursor.at++;
        if (cursor.at == cursor.end)
            return PF_OK;
        after = cursor.prefix_size == 0 ? quick(cursor.at, cursor.end, cursor.preserve, &text, &size) : NULL;
        if (after != NULL) {
            if (add(loading, text, size, err) != PF_OK)
                return err->status;
            cursor.at += after - cursor.at;
            continue;
        }
        if (cursor.at[0] == '<' && (cursor.at[1] == '!' || cursor.at[1] == '?')) {
            bool is_tag;

            after = xlsx_next_markup(cursor.at, cursor.end, &is_tag);
            if (after == NULL || cursor.at[2] == '[')
                return fail_at(loading, piece->offset + (cursor.at - cursor.start), "text stands where only elements may", err);
            cursor.at += after - cursor.at;
            continue;
        }
        if (!xlsx_next_tag(&cursor, &tag))
            return fail_at(loading, piece->offset + (cursor.at - cursor.start), cursor.wrong, err);
        begin = to = cursor.at;
        if (!tag.close && !xlsx_tag_is(&tag, "si") && !xlsx_is_extension(&tag)) /* numbers would be off by it */
            return fail_at(loading, piece->offset + (cursor.at - cursor.start), "something stands in the place of a string",
                           err);
        if (tag.close || !(xlsx_tag_is(&tag, "si") ? xlsx_take_rich(&cursor, &tag, &to) : xlsx_skip_element(&cursor, &tag)))
            return fail_at(loading, piece->offset + (cursor.at - cursor.start),
                           tag.close ? "a closing tag has no opening one" : cursor.wrong, err);
        if (xlsx_tag_is(&tag, "si") && add(loading, begin, (size_t)(to - begin), err) != PF_OK)
            return err->status;
    }
}

static enum pf_status load(struct loading *loading, struct pf_error *err)
{
    enum pf_status status = PF_OK;

    while (status == PF_OK) {
        struct xlsx_piece piece;

        status = pf_check_cancel(loading->ctx, err);
        if (status == PF_OK)
            status = xlsx_feed_next(&loading->feed, &piece, err);
        if (status != PF_OK)
            break;
        status = add_piece(loading, &piece, err);
        pf_free(&loading->ctx->memory, piece.bytes);
    }
    return status == PF_END ? end_segment(loading, err) : status;
}

enum pf_status xlsx_strings_load(struct xlsx_strings *strings, struct pf_context *ctx, const struct pf_xlsx_workbook *workbook,
                                 size_t room, bool preserve, struct pf_error *err)
{
    struct loading loading = { .strings = strings, .ctx = ctx, .left = room, .features = pf_cpu_features() };
    enum pf_status status;

    pf_buffer_init(&loading.bytes, &ctx->memory, SIZE_MAX);
    status = xlsx_feed_open(&loading.feed, ctx, workbook, workbook->strings, &xlsx_strings_feed, STRINGS_BLOCK, err);
    loading.feed.preserve |= preserve;
    if (status == PF_OK)
        status = load(&loading, err);
    xlsx_feed_close(&loading.feed);
    pf_buffer_free(&loading.bytes);
    return status;
}

void xlsx_strings_free(struct xlsx_strings *strings, struct pf_context *ctx)
{
    for (uint32_t i = 0; i < strings->segment_count; i++) {
        pf_free(&ctx->memory, strings->segments[i].offset);
        pf_free(&ctx->memory, strings->segments[i].bytes);
    }
    pf_free(&ctx->memory, strings->segments);
    pf_sink_free(strings->scratch);
    memset(strings, 0, sizeof *strings);
}

enum pf_status xlsx_string_copy(const struct xlsx_strings *strings, uint32_t index, uint8_t *to, struct pf_error *err)
{
    const struct xlsx_segment *segment = &strings->segments[index >> XLSX_SEGMENT_BITS];
    const uint32_t *offset = segment->offset + (index & (XLSX_SEGMENT - 1));
    const uint32_t size = offset[1] - offset[0];

    if (segment->bytes == NULL)
        return size != 0 ? pf_sink_read_at(strings->scratch, segment->place + offset[0], to, size, err) : PF_OK;
    if (PF_LIKELY(size <= AFTER))
        memcpy(to, segment->bytes + offset[0], AFTER);
    else
        memcpy(to, segment->bytes + offset[0], size);
    return PF_OK;
}
