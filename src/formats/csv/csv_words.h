/* The structural scan over words of 64 bytes: which delimiters and line ends stand outside quotes.
 *
 * Included by one file a kind of processor, which defines CSV_TARGET (an attribute) and, with it, csv_masks_at and
 * csv_prefix_xor before. Bit i of a mask is byte i of the word.
 *
 * Quotes count only at the start of a field, or inside a quoted one. As long as they do, whether a byte is inside quotes is
 * the parity of the quotes before it: a prefix xor. A quote that would open a field anywhere else shows by the byte before
 * it; then (and only for that word) the quotes are gone through one by one. */
#ifndef PF_FORMATS_CSV_CSV_WORDS_H
#define PF_FORMATS_CSV_CSV_WORDS_H

#include "base/swar.h"
#include "formats/csv/csv.h"

struct csv_word {
    uint64_t ends;      /* delimiters and line ends outside quotes */
    uint64_t lines;     /* line ends; of two bytes (CRLF) the second */
    uint64_t lines_out; /* those outside quotes: ends of records */
};

static CSV_TARGET inline uint64_t csv_bit(uint32_t at)
{
    return UINT64_C(1) << at;
}

static CSV_TARGET inline uint32_t csv_count(uint64_t bits)
{
    return (uint32_t)__builtin_popcountll(bits);
}

/* The quotes one by one: which bytes are inside, and which quotes closed. any: bytes before which a field may end. */
static CSV_TARGET uint64_t csv_resolve(const struct csv_words *words, uint64_t quotes, uint64_t any, uint64_t *closed)
{
    uint64_t inside = 0;
    uint32_t open_at = 0;
    bool in = words->inside != 0;

    *closed = 0;
    for (; quotes != 0; quotes &= quotes - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(quotes);

        if (in) {
            inside |= csv_bit(at) - csv_bit(open_at);
            *closed |= csv_bit(at);
            in = false;
        } else if ((((any | *closed) << 1 | words->before) & csv_bit(at)) != 0) {
            open_at = at;
            in = true;
        }
    }
    return in ? inside | ~UINT64_C(0) << open_at : inside;
}

static CSV_TARGET inline struct csv_word csv_look(struct csv_words *words, const struct csv_masks *masks, bool next_lf)
{
    uint64_t lines = masks->lf | (masks->cr & ~(masks->lf >> 1 | (uint64_t)next_lf << 63));
    uint64_t any = masks->delimiter | masks->lf | masks->cr;
    uint64_t inside = csv_prefix_xor(masks->quote) ^ words->inside;
    uint64_t closed = masks->quote & ~inside;
    uint64_t before = (any | closed) << 1 | words->before;

    if (PF_UNLIKELY((masks->quote & inside & ~before) != 0))
        inside = csv_resolve(words, masks->quote, any, &closed);
    words->inside = inside >> 63 != 0 ? ~UINT64_C(0) : 0;
    words->before = (any | closed) >> 63;
    return (struct csv_word){ .ends = (masks->delimiter | lines) & ~inside, .lines = lines, .lines_out = lines & ~inside };
}

static CSV_TARGET inline void csv_clip(struct csv_masks *masks, size_t size)
{
    uint64_t valid = csv_bit((uint32_t)size) - 1;

    masks->delimiter &= valid;
    masks->quote &= valid;
    masks->lf &= valid;
    masks->cr &= valid;
}

static CSV_TARGET inline struct csv_word csv_word_at(const struct csv_dialect *dialect, struct csv_words *words,
                                                     const uint8_t *bytes, size_t at, size_t size, bool quotes)
{
    struct csv_masks masks = csv_masks_at(bytes + at, dialect->delimiter[0], (uint8_t)dialect->quote, quotes);
    bool next_lf = at + 64 < size && bytes[at + 64] == '\n';

    if (PF_UNLIKELY(at + 64 > size))
        csv_clip(&masks, size - at);
    return csv_look(words, &masks, next_lf);
}

/* The records of a word that fit under max_rows: the border after the last of them. */
static CSV_TARGET void csv_border_full(struct csv_border *border, const struct csv_word *word, size_t at)
{
    uint64_t left = word->lines_out;
    uint32_t last;

    for (int64_t room = border->max_rows - border->rows; room > 1; room--)
        left &= left - 1;
    last = (uint32_t)__builtin_ctzll(left);
    border->end = at + last + 1;
    border->lines = border->all_lines + csv_count(word->lines & (csv_bit(last) * 2 - 1));
    border->rows = border->max_rows;
    border->full = true;
}

static CSV_TARGET inline void csv_border_words(const struct csv_dialect *dialect, struct csv_border *border,
                                               const uint8_t *bytes, size_t to, size_t size, bool quotes)
{
    for (; border->at < to; border->at += 64) {
        struct csv_word word = csv_word_at(dialect, &border->words, bytes, border->at, size, quotes);
        uint32_t ends = csv_count(word.lines_out);

        if (word.lines_out != 0) {
            uint32_t last = 63 - (uint32_t)__builtin_clzll(word.lines_out);

            if (PF_UNLIKELY(border->rows + ends >= border->max_rows)) {
                csv_border_full(border, &word, border->at);
                return;
            }
            border->rows += ends;
            border->end = border->at + last + 1;
            border->lines = border->all_lines + csv_count(word.lines & (csv_bit(last) * 2 - 1));
        }
        border->all_lines += csv_count(word.lines);
    }
}

static CSV_TARGET void csv_border_of_words(const struct csv_dialect *dialect, struct csv_border *border, const uint8_t *bytes,
                                           size_t size, bool final)
{
    /* A carriage return at the end of what is there may have its line feed still to come. */
    size_t to = final ? size : (size - (size != 0)) & ~(size_t)63;

    if (dialect->quote >= 0)
        csv_border_words(dialect, border, bytes, to, size, true);
    else
        csv_border_words(dialect, border, bytes, to, size, false);
    if (final && border->at > size)
        border->at = size;
}

/* Writes the places of the bits and returns the new end. Writes up to 15 entries more than there are bits: the room of an index
 * allows for that. */
static CSV_TARGET inline uint32_t *csv_put_places(uint32_t *to, uint64_t bits, uint32_t base)
{
    uint32_t *end = to + csv_count(bits);

    do {
        for (uint32_t i = 0; i < 8; i++) {
            to[i] = base + (bits != 0 ? (uint32_t)__builtin_ctzll(bits) : 64);
            bits &= bits - 1;
        }
        to += 8;
    } while (PF_UNLIKELY(bits != 0));
    return end;
}

static CSV_TARGET inline void csv_index_words(const struct csv_dialect *dialect, struct csv_index *index, const uint8_t *bytes,
                                              size_t to, size_t size, bool quotes)
{
    struct csv_words words = index->words;
    uint32_t *next = index->position + index->position_count;
    uint32_t *record = index->record_end + index->record_count;
    size_t at = index->at;

    for (; at < to; at += 64) {
        struct csv_word word = csv_word_at(dialect, &words, bytes, at, size, quotes);
        uint32_t before = (uint32_t)(next - index->position);

        for (uint64_t left = word.lines_out; left != 0; left &= left - 1)
            *record++ = before + csv_count(word.ends & (left ^ (left - 1)) >> 1);
        if (word.ends != 0)
            next = csv_put_places(next, word.ends, (uint32_t)at);
        if (PF_UNLIKELY(word.lines != word.lines_out)) {
            uint32_t *inner = index->inner + index->inner_count;

            index->inner_count = (uint32_t)(csv_put_places(inner, word.lines & ~word.lines_out, (uint32_t)at) - index->inner);
        }
    }
    index->words = words;
    index->position_count = (uint32_t)(next - index->position);
    index->record_count = (uint32_t)(record - index->record_end);
    index->at = at < size ? at : size;
}

static CSV_TARGET void csv_index_of_words(const struct csv_dialect *dialect, struct csv_index *index, const uint8_t *bytes,
                                          size_t to, size_t size)
{
    if (dialect->quote >= 0)
        csv_index_words(dialect, index, bytes, to, size, true);
    else
        csv_index_words(dialect, index, bytes, to, size, false);
}

#endif
