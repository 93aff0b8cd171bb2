/* Value decoders: the bytes of a page to physical values.
 *
 * All take a section of bytes that nobody vouches for. They never read beyond its end by more than PF_DECODE_SLACK bytes, which must
 * be readable (what is in them does not matter), and never write beyond what was asked for. Values before the ones wanted are passed
 * over: skip, then count. false or PF_BAD_DATA: the section ends early or contradicts itself. */
#ifndef PF_FORMATS_PARQUET_DECODE_H
#define PF_FORMATS_PARQUET_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"

enum { PF_DECODE_SLACK = 32 };

struct pf_section {
    const uint8_t *bytes;
    size_t size;
};

static inline uint32_t pf_load32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint64_t pf_load64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

/* ---- RLE and bit-packing hybrid (RLE) */

struct pf_hybrid {
    const uint8_t *next, *end;
    uint32_t width;        /* bits, 0..32 */
    uint32_t value;        /* of a repeated run */
    uint64_t left;         /* values left in the run */
    const uint8_t *packed; /* NULL = repeated run */
    uint64_t packed_at;    /* values of the packed run used */
};

void pf_hybrid_init(struct pf_hybrid *hybrid, struct pf_section section, uint32_t width);
bool pf_hybrid_read(struct pf_hybrid *hybrid, uint32_t *to, size_t count);
bool pf_hybrid_skip(struct pf_hybrid *hybrid, size_t count);
/* Unpacks count values of width bits (0..32) that begin at bit 0 of from. Reads up to 8 bytes past them. */
void pf_unpack32(const uint8_t *from, uint32_t width, uint32_t *to, size_t count);

/* ---- definition levels of a flat optional column: one bit a row, hybrid of width 1 */

/* Passes over count rows; *present counts those that are not null. */
bool pf_levels_skip(struct pf_hybrid *levels, int64_t count, int64_t *present);
/* How many of the next limit rows are known to be all present because a run says so; they are consumed. */
int64_t pf_levels_all_present(struct pf_hybrid *levels, int64_t limit);
/* Clears the bits of rows that are null among count bits from bit `at`, which are all set. */
bool pf_levels_take(struct pf_hybrid *levels, int64_t count, uint8_t *bits, int64_t at, int64_t *present);

/* ---- spreading: count values without nulls at the front become rows values with nulls between them, in place */

/* Values of width 1, 2, 4, 8 or 16 bytes. Nulls become zero. bit `at` of validity is the first row's. */
void pf_spread_values(uint8_t *values, size_t width, const uint8_t *validity, int64_t at, int64_t rows, int64_t count);
/* ends[-1] is where the first value begins; ends[i] where value i ends. A null ends where it begins. */
void pf_spread_ends(int32_t *ends, const uint8_t *validity, int64_t at, int64_t rows, int64_t count);

/* ---- fixed width */

bool pf_plain_fixed(struct pf_section section, size_t width, size_t skip, size_t count, const uint8_t **values);
/* A byte a value. */
bool pf_plain_bool(struct pf_section section, size_t skip, size_t count, uint8_t *to);
bool pf_rle_bool(struct pf_section section, size_t skip, size_t count, uint8_t *to);
bool pf_stream_split(struct pf_section section, size_t width, size_t skip, size_t count, uint8_t *to);
/* Eight values to a byte, as Arrow has booleans. */
void pf_pack_bools(const uint8_t *from, size_t count, uint8_t *to);

/* ---- DELTA_BINARY_PACKED */

struct pf_delta {
    const uint8_t *next, *end;
    uint64_t left;  /* values not yet read */
    uint64_t value; /* the one read last; arithmetic wraps around */
    uint64_t least; /* of the block: least difference */
    uint64_t block_values;
    uint32_t miniblocks, miniblock_values;
    const uint8_t *widths; /* of the block's miniblocks */
    uint32_t miniblock;    /* next one of the block */
    bool first;            /* value is yet to be given out */
    uint32_t ready, ready_at;
    uint64_t differences[32]; /* unpacked, ready_at..ready */
    uint32_t unpacked;        /* values of the current miniblock that were unpacked */
    uint32_t width;           /* of the current miniblock */
    const uint8_t *packed;    /* the current miniblock */
};

bool pf_delta_init(struct pf_delta *delta, struct pf_section section);
/* count values of 4 or 8 bytes. */
bool pf_delta_read(struct pf_delta *delta, void *to, size_t width, size_t count);
bool pf_delta_skip(struct pf_delta *delta, uint64_t count);
/* Where the section ends; NULL when it ends early. delta was just initialised. */
const uint8_t *pf_delta_end(const struct pf_delta *delta);

/* ---- byte arrays: values are appended to text, ends[i] is where value i ends in it. PF_LIMIT: over 2 GiB. */

struct pf_text_target {
    struct pf_buffer *bytes; /* grows; limit INT32_MAX; room for PF_DECODE_SLACK more is kept */
    int32_t *ends;
};

enum pf_status pf_text_reserve(struct pf_buffer *bytes, size_t extra, struct pf_error *err);
enum pf_status pf_plain_text(struct pf_section section, size_t skip, size_t count, struct pf_text_target to,
                             struct pf_error *err);
/* The same for all count values of bytes, which are moved together where they stand; ends: where each ends. bytes is writable for
 * PF_DECODE_SLACK bytes beyond size; size is at most INT32_MAX. false = they end early. */
bool pf_plain_text_in_place(uint8_t *bytes, size_t size, size_t count, int32_t *ends);
enum pf_status pf_delta_length_text(struct pf_section section, size_t skip, size_t count, struct pf_text_target to,
                                    struct pf_error *err);
enum pf_status pf_delta_text(struct pf_section section, struct pf_memory *memory, size_t skip, size_t count,
                             struct pf_text_target to, struct pf_error *err);

/* ---- dictionary */

struct pf_dictionary {
    uint32_t count;
    size_t width;          /* bytes of a value; 0 = text */
    const uint8_t *values; /* or the text's bytes */
    const int32_t *ends;   /* text: ends[-1] is 0 */
    uint32_t longest;      /* text: bytes of the longest value */
};

/* The largest of count indexes; 0 for none. */
uint32_t pf_largest_index(const uint32_t *indexes, size_t count);
/* Indexes are below dictionary->count. */
void pf_dictionary_values(const struct pf_dictionary *dictionary, const uint32_t *indexes, size_t count, uint8_t *to);
enum pf_status pf_dictionary_text(const struct pf_dictionary *dictionary, const uint32_t *indexes, size_t count,
                                  struct pf_text_target to, struct pf_error *err);

#endif
