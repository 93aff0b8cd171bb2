/* DELTA_BINARY_PACKED. Layout: Encodings.md, "Delta Encoding". */
#include "formats/parquet/decode.h"

/* Writers in use have blocks of 128 to 2048 values; the ceiling keeps a few bytes from standing for endless values. */
enum { BLOCK_LIMIT = 1 << 20 };

static bool read_varint(struct pf_delta *delta, uint64_t *value)
{
    *value = 0;
    for (uint32_t shift = 0; shift < 70 && delta->next < delta->end; shift += 7) {
        uint8_t byte = *delta->next++;

        *value |= shift < 63 ? (uint64_t)(byte & 0x7f) << shift : (uint64_t)byte << 63;
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

static bool read_zigzag(struct pf_delta *delta, uint64_t *value)
{
    uint64_t folded;

    if (!read_varint(delta, &folded))
        return false;
    *value = folded >> 1 ^ (0 - (folded & 1));
    return true;
}

bool pf_delta_init(struct pf_delta *delta, struct pf_section section)
{
    uint64_t miniblocks;

    memset(delta, 0, sizeof *delta);
    delta->next = section.bytes;
    delta->end = section.bytes + section.size;
    if (!read_varint(delta, &delta->block_values) || !read_varint(delta, &miniblocks) || !read_varint(delta, &delta->left) ||
        !read_zigzag(delta, &delta->value))
        return false;
    if (delta->block_values == 0 || delta->block_values > BLOCK_LIMIT || miniblocks == 0 || miniblocks > delta->block_values ||
        delta->block_values % miniblocks != 0 || delta->block_values / miniblocks % 32 != 0)
        return false;
    delta->miniblocks = (uint32_t)miniblocks;
    delta->miniblock_values = (uint32_t)(delta->block_values / miniblocks);
    delta->miniblock = delta->miniblocks;
    delta->unpacked = delta->miniblock_values;
    delta->first = delta->left != 0;
    return true;
}

/* Opens the next miniblock, and the next block where that one is over. */
static bool next_miniblock(struct pf_delta *delta)
{
    uint64_t size;

    if (delta->miniblock == delta->miniblocks) {
        if (!read_zigzag(delta, &delta->least) || delta->miniblocks > (uint64_t)(delta->end - delta->next))
            return false;
        delta->widths = delta->next;
        delta->next += delta->miniblocks;
        delta->miniblock = 0;
    }
    delta->width = delta->widths[delta->miniblock++];
    size = (uint64_t)delta->width * (delta->miniblock_values / 8);
    if (delta->width > 64 || size > (uint64_t)(delta->end - delta->next))
        return false;
    delta->packed = delta->next;
    delta->next += size;
    delta->unpacked = 0;
    return true;
}

/* The next 32 differences of the miniblock; 32 values of any width end at a byte border. */
static void unpack(struct pf_delta *delta)
{
    const uint8_t *from = delta->packed + (size_t)delta->unpacked / 8 * delta->width;
    uint32_t width = delta->width;
    uint64_t mask = width < 64 ? ((uint64_t)1 << width) - 1 : UINT64_MAX;

    if (width == 0) {
        memset(delta->differences, 0, sizeof delta->differences);
    } else if (width <= 57) {
        for (uint32_t i = 0, bit = 0; i < 32; i++, bit += width)
            delta->differences[i] = pf_load64(from + bit / 8) >> (bit % 8) & mask;
    } else {
        for (uint32_t i = 0, bit = 0; i < 32; i++, bit += width) {
            uint32_t shift = bit % 8;
            uint64_t high = shift != 0 ? (uint64_t)from[bit / 8 + 8] << (64 - shift) : 0;

            delta->differences[i] = (pf_load64(from + bit / 8) >> shift | high) & mask;
        }
    }
    delta->unpacked += 32;
    delta->ready_at = 0;
    delta->ready = 32;
}

static inline __attribute__((always_inline)) bool read_values(struct pf_delta *delta, uint8_t *to, size_t width, size_t count)
{
    if (count > delta->left)
        return false;
    delta->left -= count;
    if (count != 0 && delta->first) {
        memcpy(to, &delta->value, width);
        delta->first = false;
        to += width;
        count--;
    }
    while (count != 0) {
        uint64_t value = delta->value;
        size_t part;

        if (delta->ready_at == delta->ready) {
            if (delta->unpacked == delta->miniblock_values && !next_miniblock(delta))
                return false;
            unpack(delta);
        }
        part = delta->ready - delta->ready_at;
        if (part > count)
            part = count;
        for (size_t i = 0; i < part; i++) {
            value += delta->least + delta->differences[delta->ready_at + i];
            memcpy(to + i * width, &value, width);
        }
        delta->value = value;
        delta->ready_at += (uint32_t)part;
        to += part * width;
        count -= part;
    }
    return true;
}

bool pf_delta_read(struct pf_delta *delta, void *to, size_t width, size_t count)
{
    return width == 4 ? read_values(delta, to, 4, count) : read_values(delta, to, 8, count);
}

bool pf_delta_skip(struct pf_delta *delta, uint64_t count)
{
    uint64_t passed[128];

    while (count != 0) {
        size_t part = count < PF_COUNT(passed) ? (size_t)count : PF_COUNT(passed);

        if (!read_values(delta, (uint8_t *)passed, 8, part))
            return false;
        count -= part;
    }
    return true;
}

const uint8_t *pf_delta_end(const struct pf_delta *delta)
{
    struct pf_delta walk = *delta;
    uint64_t left = walk.left != 0 ? walk.left - 1 : 0; /* the first value is in the header */

    while (left != 0) {
        if (!next_miniblock(&walk))
            return NULL;
        left -= left < walk.miniblock_values ? left : walk.miniblock_values;
    }
    /* Of the last block, the widths of miniblocks that hold nothing are there, the miniblocks are not. */
    return walk.next;
}
