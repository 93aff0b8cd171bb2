/* A part of the archive as blocks that end where an item (a row of a sheet, a shared string) ends.
 *
 * The end of the last whole item is looked for backwards from the end of what was inflated. A forward look, which is quick, only
 * makes sure that there are no comments or CDATA sections, and finds the end of the container; where there is one of those the block
 * is walked over tag by tag. */
#include <stdio.h>
#include <string.h>

#include "formats/xlsx/feed.h"
#include "formats/xlsx/package.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum {
    SMALLEST_BLOCK = 4096,
    DECODED = 64 << 10,     /* bytes that a decoder is given at a time */
    LONGEST_HEAD = 64 << 20 /* of what stands before the rows: columns, views */
};

const struct xlsx_kind_of_feed xlsx_sheet_feed = { "sheetData", "row", { 't', 'D' }, 4, 2 };
const struct xlsx_kind_of_feed xlsx_strings_feed = { "sst", "si", { 's', 's' }, 0, 1 };

static enum pf_status fail_at(const struct xlsx_feed *feed, int64_t offset, const char *what, struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "%s at byte %lld: %s", feed->part, (long long)offset, what);
    pf_remedy(err, "the workbook is damaged: open it in a spreadsheet program and save it anew");
    return err->status;
}

/* ---- the head: what stands before the first item */

static bool keeps_space(const struct pf_scan *scan)
{
    for (uint32_t i = 0; i < scan->attribute_count; i++) {
        if (pf_view_is(scan->attributes[i].name, "space") && pf_view_is(scan->attributes[i].value, "preserve"))
            return true;
    }
    return false;
}

static enum pf_status fail_container(const struct xlsx_feed *feed, int64_t offset, const char *what, struct pf_error *err)
{
    char text[96];

    (void)snprintf(text, sizeof text, "<%s> %s", feed->kind->container, what);
    return fail_at(feed, offset, text, err);
}

/* Looks for the container in the head. *found = bytes up to behind its opening tag; 0 = more is needed. */
static enum pf_status scan_head(struct xlsx_feed *feed, struct pf_arena *arena, size_t *found, struct pf_error *err)
{
    struct pf_scan *scan = pf_arena_alloc(arena, sizeof *scan);
    const uint8_t *bytes = feed->carry.data, *name;
    enum pf_scan_item item;

    *found = 0;
    if (scan == NULL)
        return pf_fail_memory(err, sizeof *scan);
    pf_scan_begin(scan, arena, feed->part, bytes, feed->carry.size);
    feed->preserve = false;
    for (;;) {
        if (pf_scan_next(scan, &item, err) != PF_OK)
            return err->status;
        if (item == PF_SCAN_END)
            return fail_at(feed, (int64_t)feed->carry.size, "there are no rows, not even an empty list of them", err);
        if (item != PF_SCAN_OPEN)
            continue;
        if (scan->depth == 1 || pf_scan_is(scan, feed->kind->container))
            feed->preserve |= keeps_space(scan);
        if (!pf_scan_is(scan, feed->kind->container))
            continue;
        if (scan->depth == feed->kind->depth)
            break;
        return fail_container(feed, (const uint8_t *)scan->at - bytes, "stands inside an element that has none", err);
    }
    *found = (size_t)((const uint8_t *)scan->at - bytes);
    name = memrchr(bytes, '<', *found);
    feed->ended = scan->pending_close;
    feed->prefix_size = (size_t)((const uint8_t *)scan->name.text - name) - 1;
    if (name == NULL || feed->prefix_size >= XLSX_PREFIX)
        return fail_at(feed, (int64_t)*found, "the prefix of an element is too long", err);
    memcpy(feed->prefix, name + 1, feed->prefix_size);
    feed->prefix[feed->prefix_size] = '\0';
    return PF_OK;
}

/* More of the part into plain. */
static enum pf_status decode_more(struct xlsx_feed *feed, struct pf_error *err)
{
    uint8_t *raw = pf_alloc(&feed->ctx->memory, DECODED);
    size_t got = 0;
    enum pf_status status;

    if (raw == NULL)
        return pf_fail_memory(err, DECODED);
    status = pf_zip_stream_read(feed->stream, raw, DECODED, &got, err);
    feed->decoded = got < DECODED;
    if (status == PF_OK) {
        status = pf_decoder_feed(feed->decoder, raw, got, feed->decoded, &feed->plain, err);
        if (status != PF_OK)
            status = pf_xlsx_fail_encoding(status, feed->part, "that it has", err);
    }
    pf_free(&feed->ctx->memory, raw);
    return status;
}

static enum pf_status take_decoded(struct xlsx_feed *feed, uint8_t *to, size_t size, size_t *got, struct pf_error *err)
{
    size_t left;

    while (feed->plain.size - feed->plain_at < size && !feed->decoded) {
        if (decode_more(feed, err) != PF_OK)
            return err->status;
    }
    left = feed->plain.size - feed->plain_at;
    *got = left < size ? left : size;
    memcpy(to, feed->plain.data + feed->plain_at, *got);
    feed->plain_at += *got;
    if (feed->plain_at > DECODED) {
        left = feed->plain.size - feed->plain_at;
        memmove(feed->plain.data, feed->plain.data + feed->plain_at, left);
        feed->plain.size = left;
        feed->plain_at = 0;
    }
    return PF_OK;
}

/* Appends size bytes of the part, fewer at its end. */
static enum pf_status inflate(struct xlsx_feed *feed, uint8_t *to, size_t size, size_t *got, struct pf_error *err)
{
    *got = 0;
    if (feed->drained || size == 0)
        return PF_OK;
    if (feed->decoder != NULL) {
        if (take_decoded(feed, to, size, got, err) != PF_OK)
            return err->status;
    } else if (pf_zip_stream_read(feed->stream, to, size, got, err) != PF_OK)
        return err->status;
    feed->drained = *got < size;
    return PF_OK;
}

/* Reads the first bytes, and finds out which encoding the part is in. */
static enum pf_status begin(struct xlsx_feed *feed, struct pf_error *err)
{
    char encoding[PF_XLSX_ENCODING];
    size_t got, skip;
    enum pf_status status;

    if (!pf_buffer_reserve(&feed->carry, SMALLEST_BLOCK + XLSX_PAD))
        return pf_fail_memory(err, SMALLEST_BLOCK);
    if (inflate(feed, feed->carry.data, SMALLEST_BLOCK, &got, err) != PF_OK)
        return err->status;
    skip = pf_xlsx_encoding(feed->carry.data, got, encoding);
    if (encoding[0] == '\0') {
        feed->carry.size = got;
        return PF_OK;
    }
    status = pf_decoder_new(&feed->decoder, &feed->ctx->memory, encoding, err);
    if (status == PF_OK) {
        pf_decoder_pass(feed->decoder, skip);
        feed->decoded = feed->drained;
        feed->drained = false;
        status = pf_decoder_feed(feed->decoder, feed->carry.data + skip, got - skip, feed->decoded, &feed->plain, err);
    }
    return status == PF_OK ? PF_OK : pf_xlsx_fail_encoding(status, feed->part, encoding, err);
}

static enum pf_status grow_head(struct xlsx_feed *feed, struct pf_error *err)
{
    size_t part = feed->carry.size > SMALLEST_BLOCK ? feed->carry.size : SMALLEST_BLOCK, got;

    if (!pf_buffer_reserve(&feed->carry, part + XLSX_PAD))
        return pf_fail_memory(err, part);
    if (inflate(feed, feed->carry.data + feed->carry.size, part, &got, err) != PF_OK)
        return err->status;
    feed->carry.size += got;
    memset(feed->carry.data + feed->carry.size, 0, XLSX_PAD);
    return PF_OK;
}

static enum pf_status find_head(struct xlsx_feed *feed, struct pf_error *err)
{
    size_t found = 0;

    while (found == 0) {
        struct pf_arena arena;
        enum pf_status status = grow_head(feed, err);

        if (status != PF_OK)
            return status;
        pf_arena_init(&arena, &feed->ctx->memory, LONGEST_HEAD);
        status = scan_head(feed, &arena, &found, err);
        pf_arena_free(&arena);
        /* what is cut off looks malformed */
        if (status != PF_OK && (status != PF_BAD_DATA || feed->drained || feed->carry.size > LONGEST_HEAD))
            return status;
        if (status != PF_OK)
            found = 0;
    }
    pf_error_clear(err);
    memmove(feed->carry.data, feed->carry.data + found, feed->carry.size - found);
    feed->carry.size -= found;
    feed->offset = (int64_t)found;
    return PF_OK;
}

enum pf_status xlsx_feed_open(struct xlsx_feed *feed, struct pf_context *ctx, const struct pf_xlsx_workbook *workbook,
                              const struct pf_zip_entry *entry, const struct xlsx_kind_of_feed *kind, size_t block_bytes,
                              struct pf_error *err)
{
    *feed = (struct xlsx_feed){ .ctx = ctx, .kind = kind, .part = entry->name };
    feed->block_bytes = block_bytes != 0 ? block_bytes : XLSX_BLOCK;
    feed->next_size = feed->block_bytes;
    pf_buffer_init(&feed->carry, &ctx->memory, SIZE_MAX);
    pf_buffer_init(&feed->plain, &ctx->memory, SIZE_MAX);
    if (pf_zip_stream_open(workbook->zip, entry, &feed->stream, err) != PF_OK || begin(feed, err) != PF_OK ||
        find_head(feed, err) != PF_OK) {
        xlsx_feed_close(feed);
        return err->status;
    }
    return PF_OK;
}

void xlsx_feed_close(struct xlsx_feed *feed)
{
    if (feed->ctx == NULL)
        return;
    if (feed->stream != NULL)
        pf_zip_stream_close(feed->stream);
    pf_decoder_free(feed->decoder);
    pf_buffer_free(&feed->plain);
    pf_buffer_free(&feed->carry);
    memset(feed, 0, sizeof *feed);
}

/* ---- the forward look */

#if defined(__SSE2__)
/* 16 bits: where '<' is followed by '!' or '?', or the mark of the container stands. */
static uint32_t marks16(const uint8_t *at, const char mark[2])
{
    const __m128i first = _mm_loadu_si128((const __m128i *)(const void *)at);
    const __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(at + 1));
    const __m128i open = _mm_cmpeq_epi8(first, _mm_set1_epi8('<'));
    const __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(second, _mm_set1_epi8('!')), _mm_cmpeq_epi8(second, _mm_set1_epi8('?')));
    const __m128i named =
        _mm_and_si128(_mm_cmpeq_epi8(first, _mm_set1_epi8(mark[0])), _mm_cmpeq_epi8(second, _mm_set1_epi8(mark[1])));

    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_and_si128(open, special), named));
}
#endif

/* The first place from at on where something of interest may stand; size = nowhere. bytes are readable 64 beyond. */
static size_t next_mark(const struct xlsx_feed *feed, const uint8_t *bytes, size_t at, size_t size)
{
    const char *mark = feed->kind->mark;

#if defined(__SSE2__)
    for (; at + 16 <= size; at += 16) {
        const uint32_t found = marks16(bytes + at, mark);

        if (found != 0)
            return at + (size_t)__builtin_ctz(found);
    }
#endif
    for (; at < size; at++) {
        if ((bytes[at] == '<' && (bytes[at + 1] == '!' || bytes[at + 1] == '?')) ||
            (bytes[at] == (uint8_t)mark[0] && bytes[at + 1] == (uint8_t)mark[1]))
            return at;
    }
    return size;
}

/* Whether the tag at at is that of name: "<" or "</", prefix, name. */
bool xlsx_feed_tag(const struct xlsx_feed *feed, const uint8_t *at, const uint8_t *end, bool close, const char *name)
{
    size_t size = strlen(name), all = 1 + (size_t)close + feed->prefix_size + size;

    if ((size_t)(end - at) <= all || *at != '<' || (close && at[1] != '/'))
        return false;
    at += 1 + close;
    if (memcmp(at, feed->prefix, feed->prefix_size) != 0 || memcmp(at + feed->prefix_size, name, size) != 0)
        return false;
    at += feed->prefix_size + size;
    return *at == '>' || *at == ' ' || *at == '/' || *at == '\t' || *at == '\n' || *at == '\r';
}

/* Whether the closing tag of the container begins so that its mark stands at mark; *at = its begin. */
static bool closes_container(const struct xlsx_feed *feed, const uint8_t *bytes, size_t mark, size_t size, size_t *at)
{
    size_t before = 2 + feed->prefix_size + feed->kind->mark_at;

    if (mark < before)
        return false;
    *at = mark - before;
    return xlsx_feed_tag(feed, bytes + *at, bytes + size, true, feed->kind->container);
}

/* ---- backwards */

/* Behind the '>' of the tag at at, quotes respected; NULL = it is not complete. *empty: it is <a/>. No tag goes beyond the next '<',
 * which is refused when the tag is read: to look further takes the square of what such tags have. */
const uint8_t *xlsx_tag_end(const uint8_t *at, const uint8_t *end, bool *empty)
{
    uint8_t quote = 0;

    *empty = false;
    for (at++; at < end; at++) {
        if (*at == '<')
            return at;
        if (quote != 0)
            quote = *at == quote ? 0 : quote;
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else if (*at == '>') {
            *empty = at[-1] == '/';
            return at + 1;
        }
    }
    return NULL;
}

/* Bytes up to the end of the last whole item. */
static size_t last_border(const struct xlsx_feed *feed, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = bytes + size, *at;
    size_t left = size;
    bool empty;

    while ((at = memrchr(bytes, '<', left)) != NULL) {
        const bool close = xlsx_feed_tag(feed, at, end, true, feed->kind->item);

        if (close || xlsx_feed_tag(feed, at, end, false, feed->kind->item)) {
            const uint8_t *after = xlsx_tag_end(at, end, &empty);

            if (after != NULL && (close || empty))
                return (size_t)(after - bytes);
        }
        left = (size_t)(at - bytes);
    }
    return 0;
}

/* ---- tag by tag */

static const struct special {
    const char *open, *close;
} specials[] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" } };

/* The comment, instruction or CDATA section that begins at at; NULL = none does. */
static const struct special *special_at(const uint8_t *at, const uint8_t *end)
{
    for (size_t i = 0; i < PF_COUNT(specials); i++) {
        const size_t size = strlen(specials[i].open);

        if ((size_t)(end - at) >= size && memcmp(at, specials[i].open, size) == 0)
            return &specials[i];
    }
    return NULL;
}

/* Behind the first place where text stands; NULL = it stands nowhere. */
static const uint8_t *behind(const uint8_t *at, const uint8_t *end, const char *text)
{
    const size_t size = strlen(text);
    const uint8_t *found = memmem(at, (size_t)(end - at), text, size);

    return found != NULL ? found + size : NULL;
}

/* Behind the comment, instruction or CDATA section at at; NULL = it is not complete. */
static const uint8_t *special_end(const uint8_t *at, const uint8_t *end)
{
    const struct special *special = special_at(at, end);

    return special != NULL ? behind(at + strlen(special->open), end, special->close) : NULL;
}

const uint8_t *xlsx_next_markup(const uint8_t *at, const uint8_t *end, bool *tag)
{
    bool empty;

    *tag = end - at > 1 && at[1] != '!' && at[1] != '?';
    return *tag ? xlsx_tag_end(at, end, &empty) : special_end(at, end);
}

/* Where the last whole item ends, and whether the container does. */
static size_t walk(struct xlsx_feed *feed, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = bytes + size, *at = bytes;
    size_t border = 0;

    while ((at = xlsx_find_tag(at, end)) < end) {
        bool tag, empty = false;
        const uint8_t *after = xlsx_next_markup(at, end, &tag);

        if (after == NULL)
            break;
        if (tag && xlsx_feed_tag(feed, at, end, true, feed->kind->container)) {
            feed->ended = true;
            return (size_t)(at - bytes);
        }
        if (tag)
            empty = after[-1] == '>' && after[-2] == '/' && xlsx_feed_tag(feed, at, end, false, feed->kind->item);
        if (empty || (tag && xlsx_feed_tag(feed, at, end, true, feed->kind->item)))
            border = (size_t)(after - bytes);
        at = after;
    }
    return border;
}

/* ---- blocks */

/* Bytes of whole items; sets feed->ended. *special: there are comments, CDATA sections or instructions. *looked: bytes that need not be
 * looked at again. */
static size_t find_border(struct xlsx_feed *feed, const struct xlsx_piece *piece, size_t *looked, bool *special)
{
    const uint8_t *bytes = piece->bytes;
    size_t size = piece->size, at = *looked, container;

    while (!*special && (at = next_mark(feed, bytes, at, size)) < size) {
        *special = bytes[at] == '<';
        if (!*special && closes_container(feed, bytes, at, size, &container)) {
            feed->ended = true;
            return container;
        }
        at++;
    }
    if (*special)
        return walk(feed, bytes, size);
    /* the end may cut a mark, or the name behind it, in two */
    *looked = size > XLSX_PREFIX + 16 ? size - XLSX_PREFIX - 16 : 0;
    return last_border(feed, bytes, size);
}

static enum pf_status fill(struct xlsx_feed *feed, struct xlsx_piece *piece, struct pf_error *err)
{
    size_t got;

    if (inflate(feed, piece->bytes + piece->size, piece->capacity - piece->size, &got, err) != PF_OK)
        return err->status;
    piece->size += got;
    memset(piece->bytes + piece->size, 0, XLSX_PAD);
    return PF_OK;
}

static enum pf_status grow(struct xlsx_feed *feed, struct xlsx_piece *piece, struct pf_error *err)
{
    size_t capacity = piece->capacity * 2;
    uint8_t *grown;

    if (feed->drained)
        return fail_at(feed, feed->offset + (int64_t)piece->size, "the part ends before its rows do", err);
    if (piece->size >= feed->ctx->limits.record_bytes) {
        pf_fail(err, PF_LIMIT, "%s: the row that begins at byte %lld is longer than %zu bytes", feed->part,
                (long long)feed->offset, feed->ctx->limits.record_bytes);
        return err->status;
    }
    if (capacity > feed->ctx->limits.record_bytes)
        capacity = feed->ctx->limits.record_bytes > piece->capacity ? feed->ctx->limits.record_bytes : capacity;
    grown = pf_resize(&feed->ctx->memory, piece->bytes, capacity + XLSX_PAD);
    if (grown == NULL)
        return pf_fail_memory(err, capacity);
    piece->bytes = grown;
    piece->capacity = capacity;
    return PF_OK;
}

static enum pf_status keep_rest(struct xlsx_feed *feed, struct xlsx_piece *piece, size_t border, struct pf_error *err)
{
    size_t rest = piece->size - border;

    pf_buffer_clear(&feed->carry);
    if (!pf_buffer_append(&feed->carry, piece->bytes + border, rest))
        return pf_fail_memory(err, rest);
    piece->size = border;
    memset(piece->bytes + border, 0, XLSX_PAD);
    return PF_OK;
}

static enum pf_status cut_piece(struct xlsx_feed *feed, struct xlsx_piece *piece, struct pf_error *err)
{
    size_t border = 0, looked = 0;
    bool special = false;

    memcpy(piece->bytes, feed->carry.data, feed->carry.size);
    piece->size = feed->carry.size;
    for (;;) {
        if (fill(feed, piece, err) != PF_OK)
            return err->status;
        border = find_border(feed, piece, &looked, &special);
        if (feed->ended)
            break;
        if (border != 0 && !(feed->drained && border == piece->size))
            break;
        if (grow(feed, piece, err) != PF_OK)
            return err->status;
    }
    if (keep_rest(feed, piece, border, err) != PF_OK)
        return err->status;
    piece->special = special;
    piece->offset = feed->offset;
    feed->offset += (int64_t)border;
    feed->next_size = feed->next_size * 4 < feed->block_bytes ? feed->next_size * 4 : feed->block_bytes;
    return PF_OK;
}

enum pf_status xlsx_feed_rest(struct xlsx_feed *feed, struct pf_error *err)
{
    while (!feed->drained) {
        size_t got;

        if (feed->carry.size > LONGEST_HEAD)
            return pf_fail(err, PF_LIMIT, "%s has more than %d bytes behind its rows", feed->part, (int)LONGEST_HEAD);
        if (!pf_buffer_reserve(&feed->carry, DECODED + XLSX_PAD))
            return pf_fail_memory(err, DECODED);
        if (inflate(feed, feed->carry.data + feed->carry.size, DECODED, &got, err) != PF_OK)
            return err->status;
        feed->carry.size += got;
    }
    return PF_OK;
}

/* The rows of a second container would be lost: a part that has one is refused. Looks at what is in carry, up to where something begins
 * that may go on behind it, which it leaves there. *inside: the end mark of a comment or the like that is under way; NULL = none is. */
static enum pf_status check_tail(struct xlsx_feed *feed, const char **inside, struct pf_error *err)
{
    enum { LONGEST = XLSX_PREFIX + 16 }; /* of what a mark or the name of a tag takes */
    const uint8_t *at = feed->carry.data, *end = at + feed->carry.size;
    const uint8_t *stop = feed->drained ? end : feed->carry.size > LONGEST ? end - LONGEST : at;

    while (at < stop) {
        const struct special *special;

        if (*inside != NULL) {
            const uint8_t *after = behind(at, end, *inside);

            at = after != NULL ? after : stop;
            *inside = after != NULL ? NULL : *inside;
            continue;
        }
        at = xlsx_find_tag(at, stop);
        if (at == stop)
            break;
        if (xlsx_feed_tag(feed, at, end, false, feed->kind->container))
            return fail_container(feed, feed->offset, "comes a second time, somewhere behind this", err);
        special = special_at(at, end);
        *inside = special != NULL ? special->close : NULL;
        at += special != NULL ? strlen(special->open) : 1;
    }
    feed->carry.size = (size_t)(end - at);
    memmove(feed->carry.data, at, feed->carry.size);
    return PF_OK;
}

/* What follows the container is not needed, but its bytes count for the checksum, and there must be no second one. */
static enum pf_status drain(struct xlsx_feed *feed, struct pf_error *err)
{
    struct pf_buffer *carry = &feed->carry;
    const char *inside = NULL;
    size_t got;

    while (carry->size != 0 || !feed->drained) {
        if (!pf_buffer_reserve(carry, SMALLEST_BLOCK))
            return pf_fail_memory(err, SMALLEST_BLOCK);
        if (inflate(feed, carry->data + carry->size, SMALLEST_BLOCK, &got, err) != PF_OK)
            return err->status;
        carry->size += got;
        if (check_tail(feed, &inside, err) != PF_OK)
            return err->status;
    }
    return PF_END;
}

enum pf_status xlsx_feed_next(struct xlsx_feed *feed, struct xlsx_piece *piece, struct pf_error *err)
{
    *piece = (struct xlsx_piece){ .valued = -1 };
    if (feed->ended)
        return drain(feed, err);
    piece->capacity = feed->carry.size > feed->next_size ? feed->carry.size : feed->next_size;
    piece->bytes = pf_alloc(&feed->ctx->memory, piece->capacity + XLSX_PAD);
    if (piece->bytes == NULL)
        return pf_fail_memory(err, piece->capacity + XLSX_PAD);
    if (cut_piece(feed, piece, err) == PF_OK)
        return PF_OK;
    pf_free(&feed->ctx->memory, piece->bytes);
    piece->bytes = NULL;
    return err->status;
}

enum pf_status xlsx_feed_split(struct xlsx_feed *feed, struct xlsx_piece *piece, size_t size, bool *done, struct pf_error *err)
{
    const uint8_t *bytes = piece->bytes, *end = bytes + piece->size, *at = bytes;
    size_t border = 0;

    *done = false;
    while (border < size && (at = xlsx_find_tag(at, end)) < end) {
        bool tag;
        const uint8_t *after = xlsx_next_markup(at, end, &tag);

        if (after == NULL)
            return PF_OK;
        if (tag && (xlsx_feed_tag(feed, at, end, true, feed->kind->item) ||
                    (after[-1] == '>' && after[-2] == '/' && xlsx_feed_tag(feed, at, end, false, feed->kind->item))))
            border = (size_t)(after - bytes);
        at = after;
    }
    if (border == 0 || border == piece->size)
        return PF_OK;
    /* the rest goes before what was kept already */
    if (feed->ended || feed->carry.size != 0) {
        size_t rest = piece->size - border, kept = feed->carry.size;

        if (!pf_buffer_reserve(&feed->carry, rest + XLSX_PAD))
            return pf_fail_memory(err, rest);
        if (kept != 0)
            memmove(feed->carry.data + rest, feed->carry.data, kept);
        memcpy(feed->carry.data, bytes + border, rest);
        feed->carry.size = rest + kept;
        feed->ended = false;
        piece->size = border;
        memset(piece->bytes + border, 0, XLSX_PAD);
    } else if (keep_rest(feed, piece, border, err) != PF_OK) {
        return err->status;
    }
    feed->offset = piece->offset + (int64_t)border;
    feed->next_size = border * 2 > SMALLEST_BLOCK ? border * 2 : SMALLEST_BLOCK;
    *done = true;
    return PF_OK;
}
