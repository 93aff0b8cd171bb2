/* Byte arrays: PLAIN, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY. Layout: Encodings.md. */
#include "formats/parquet/decode.h"

enum { BATCH = 256, MUCH_TEXT = 4096, USUAL_TEXT = 32 };

enum pf_status pf_text_reserve(struct pf_buffer *bytes, size_t extra, struct pf_error *err)
{
    if (pf_buffer_reserve(bytes, extra + PF_DECODE_SLACK))
        return PF_OK;
    if (extra > bytes->limit || bytes->size > bytes->limit - extra)
        return pf_fail(err, PF_LIMIT, "a block has more than 2 GiB of text in one column");
    return pf_fail_memory(err, bytes->size + extra);
}

static enum pf_status ends_early(struct pf_error *err)
{
    return pf_fail(err, PF_BAD_DATA, "a page ends before its last value");
}

/* Copies by whole words where that reads and writes no more than the slack beyond. */
static inline void copy_short(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size <= 16) {
        memcpy(to, from, 16);
    } else if (size <= 32) {
        memcpy(to, from, 16);
        memcpy(to + 16, from + 16, 16);
    } else {
        memcpy(to, from, size);
    }
}

/* Bytes of text in the next count values; more than there are when they end early. */
static size_t plain_size(const uint8_t *at, const uint8_t *end, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size;

        if (end - at < 4 || (size = pf_load32(at)) > (size_t)(end - at) - 4)
            return SIZE_MAX;
        at += 4 + size;
        total += size;
    }
    return total;
}

enum pf_status pf_plain_text(struct pf_section section, size_t skip, size_t count, struct pf_text_target to,
                             struct pf_error *err)
{
    const uint8_t *at = section.bytes;
    const uint8_t *end = at + section.size;
    size_t used, room;

    for (; skip != 0; skip--) {
        size_t size;

        if (end - at < 4 || (size = pf_load32(at)) > (size_t)(end - at) - 4)
            return ends_early(err);
        at += 4 + size;
    }
    /* No more than what is left of the page can be text. Where that is far more than usual texts take, it is looked at: the page may
     * go on for long behind these values. */
    if (count > (size_t)(end - at) / 4)
        return ends_early(err);
    room = (size_t)(end - at) - 4 * count;
    if (room > MUCH_TEXT + USUAL_TEXT * count && (room = plain_size(at, end, count)) == SIZE_MAX)
        return ends_early(err);
    if (pf_text_reserve(to.bytes, room, err) != PF_OK)
        return err->status;
    used = to.bytes->size;
    for (size_t i = 0; i < count; i++) {
        size_t size = pf_load32(at);

        /* The lengths of this value and of those after it must fit, too. */
        if (size > (size_t)(end - at) - 4 * (count - i))
            return ends_early(err);
        copy_short(to.bytes->data + used, at + 4, size);
        at += 4 + size;
        used += size;
        to.ends[i] = (int32_t)used;
    }
    to.bytes->size = used;
    return PF_OK;
}

bool pf_plain_text_in_place(uint8_t *bytes, size_t size, size_t count, int32_t *ends)
{
    const uint8_t *at = bytes, *end = bytes + size;
    uint8_t *to = bytes;

    for (size_t i = 0; i < count; i++) {
        size_t length;

        if (end - at < 4 || (length = pf_load32(at)) > (size_t)(end - at) - 4)
            return false;
        at += 4;
        /* copies by whole words must not reach what is still to be read */
        if (length <= 32 && at - to >= 32)
            copy_short(to, at, length);
        else
            memmove(to, at, length);
        at += length;
        to += length;
        ends[i] = (int32_t)(to - bytes);
    }
    return true;
}

/* Reads lengths and sums them up. false = they end early or one is negative or over 2 GiB in all. */
static bool read_lengths(struct pf_delta *delta, int32_t *lengths, size_t count, size_t *total)
{
    uint32_t negative = 0;
    size_t sum = 0;

    if (!pf_delta_read(delta, lengths, 4, count))
        return false;
    for (size_t i = 0; i < count; i++) {
        negative |= (uint32_t)lengths[i];
        sum += (uint32_t)lengths[i];
    }
    *total = sum;
    return negative <= INT32_MAX;
}

static bool skip_lengths(struct pf_delta *delta, size_t count, size_t *total)
{
    int32_t lengths[BATCH];

    *total = 0;
    while (count != 0) {
        size_t part = count < BATCH ? count : BATCH;
        size_t sum;

        if (!read_lengths(delta, lengths, part, &sum))
            return false;
        *total += sum;
        count -= part;
    }
    return true;
}

enum pf_status pf_delta_length_text(struct pf_section section, size_t skip, size_t count, struct pf_text_target to,
                                    struct pf_error *err)
{
    const uint8_t *end = section.bytes + section.size;
    const uint8_t *text;
    struct pf_delta delta;
    size_t total, used = to.bytes->size;

    if (!pf_delta_init(&delta, section) || (text = pf_delta_end(&delta)) == NULL || !skip_lengths(&delta, skip, &total) ||
        total > (size_t)(end - text))
        return ends_early(err);
    text += total;
    if (!read_lengths(&delta, to.ends, count, &total) || total > (size_t)(end - text))
        return ends_early(err);
    if (pf_text_reserve(to.bytes, total, err) != PF_OK)
        return err->status;
    if (total != 0)
        memcpy(to.bytes->data + used, text, total);
    to.bytes->size = used + total;
    for (size_t i = 0; i < count; i++) {
        used += (uint32_t)to.ends[i];
        to.ends[i] = (int32_t)used;
    }
    return PF_OK;
}

/* ---- DELTA_BYTE_ARRAY: each value is the start of the one before and a suffix */

struct fronts {
    struct pf_delta prefixes, suffixes;
    const uint8_t *text, *end; /* suffixes not yet used */
    int32_t prefix[BATCH], suffix[BATCH];
};

static bool open_fronts(struct fronts *fronts, struct pf_section section)
{
    const uint8_t *end = section.bytes + section.size;
    const uint8_t *at;

    if (!pf_delta_init(&fronts->prefixes, section) || (at = pf_delta_end(&fronts->prefixes)) == NULL)
        return false;
    if (!pf_delta_init(&fronts->suffixes, (struct pf_section){ at, (size_t)(end - at) }))
        return false;
    fronts->text = pf_delta_end(&fronts->suffixes);
    fronts->end = end;
    return fronts->text != NULL;
}

/* The lengths of the next values, and bytes that these take altogether. */
static bool read_fronts(struct fronts *fronts, size_t count, size_t *total)
{
    size_t prefixes, suffixes;

    if (!read_lengths(&fronts->prefixes, fronts->prefix, count, &prefixes) ||
        !read_lengths(&fronts->suffixes, fronts->suffix, count, &suffixes) || suffixes > (size_t)(fronts->end - fronts->text))
        return false;
    *total = prefixes + suffixes;
    return true;
}

/* size bytes of the value before, which may end where to begins. */
static inline void copy_front(uint8_t *to, const uint8_t *from, size_t size)
{
    uint8_t words[16];

    if (size > sizeof words) {
        memcpy(to, from, size);
        return;
    }
    /* Sixteen bytes may overlap, so they are all read before any is written. */
    memcpy(words, from, sizeof words);
    memcpy(to, words, sizeof words);
}

/* Appends the values of a batch. *last: where the value before it begins in bytes. false: a prefix is longer than that value. */
static bool append_fronts(struct fronts *fronts, size_t count, struct pf_text_target to, size_t *last)
{
    size_t used = to.bytes->size;

    for (size_t i = 0; i < count; i++) {
        size_t prefix = (uint32_t)fronts->prefix[i];
        size_t suffix = (uint32_t)fronts->suffix[i];
        uint8_t *value = to.bytes->data + used;

        if (prefix > used - *last)
            return false;
        copy_front(value, to.bytes->data + *last, prefix);
        copy_short(value + prefix, fronts->text, suffix);
        fronts->text += suffix;
        *last = used;
        used += prefix + suffix;
        to.ends[i] = (int32_t)used;
    }
    to.bytes->size = used;
    return true;
}

/* Passes over values, keeping only the last one: at the front of kept, with *last = 0. */
static enum pf_status skip_fronts(struct fronts *fronts, struct pf_buffer *kept, size_t skip, struct pf_error *err)
{
    int32_t ends[BATCH];

    while (skip != 0) {
        size_t part = skip < BATCH ? skip : BATCH;
        size_t total, last = 0;

        if (!read_fronts(fronts, part, &total))
            return ends_early(err);
        if (pf_text_reserve(kept, total, err) != PF_OK)
            return err->status;
        if (!append_fronts(fronts, part, (struct pf_text_target){ kept, ends }, &last))
            return pf_fail(err, PF_BAD_DATA, "a value shares more with the one before than that one has");
        kept->size -= last;
        memmove(kept->data, kept->data + last, kept->size);
        skip -= part;
    }
    return PF_OK;
}

static enum pf_status take_fronts(struct fronts *fronts, const struct pf_buffer *kept, size_t count, struct pf_text_target to,
                                  struct pf_error *err)
{
    size_t start = to.bytes->size, last = start;

    /* The value before the first one stands in front while it is needed, and is taken out at the end. */
    if (pf_text_reserve(to.bytes, kept->size, err) != PF_OK)
        return err->status;
    if (kept->size != 0)
        memcpy(to.bytes->data + start, kept->data, kept->size);
    to.bytes->size += kept->size;
    for (size_t done = 0; done < count;) {
        size_t part = count - done < BATCH ? count - done : BATCH;
        size_t total;

        if (!read_fronts(fronts, part, &total))
            return ends_early(err);
        if (pf_text_reserve(to.bytes, total, err) != PF_OK)
            return err->status;
        if (!append_fronts(fronts, part, (struct pf_text_target){ to.bytes, to.ends + done }, &last))
            return pf_fail(err, PF_BAD_DATA, "a value shares more with the one before than that one has");
        done += part;
    }
    if (kept->size != 0) {
        to.bytes->size -= kept->size;
        memmove(to.bytes->data + start, to.bytes->data + start + kept->size, to.bytes->size - start);
        for (size_t i = 0; i < count; i++)
            to.ends[i] -= (int32_t)kept->size;
    }
    return PF_OK;
}

enum pf_status pf_delta_text(struct pf_section section, struct pf_memory *memory, size_t skip, size_t count,
                             struct pf_text_target to, struct pf_error *err)
{
    struct fronts fronts;
    struct pf_buffer kept;
    enum pf_status status;

    if (!open_fronts(&fronts, section))
        return ends_early(err);
    pf_buffer_init(&kept, memory, INT32_MAX);
    status = skip_fronts(&fronts, &kept, skip, err);
    if (status == PF_OK)
        status = take_fronts(&fronts, &kept, count, to, err);
    pf_buffer_free(&kept);
    return status;
}
