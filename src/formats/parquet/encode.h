/* The encodings of Parquet values: arrays in, bytes out. Nothing here knows of pages or files.
 *
 * Output goes to memory the caller has sized with the _bound functions; these include the bytes past the end that the encoders
 * overwrite for speed. All functions may be called from any thread. */
#ifndef PF_FORMATS_PARQUET_ENCODE_H
#define PF_FORMATS_PARQUET_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "arrow/array.h"

/* Bits needed for values up to max; 0 for 0. */
static inline uint32_t pf_bit_width(uint64_t max)
{
    return max ? 64 - (uint32_t)__builtin_clzll(max) : 0;
}

/* ---- bit-packing, least significant bit first. Each group of 8 values becomes width bytes; up to 8 bytes past the last group
 * are overwritten. Values must fit. */
void pf_pack32(const uint32_t *values, size_t groups, uint32_t width, uint8_t *to); /* width 0..32 */
void pf_pack64(const uint64_t *values, size_t groups, uint32_t width, uint8_t *to); /* width 0..64 */

/* ---- the hybrid of run lengths and bit-packing, without the length or width byte in front. Returns the size. */
size_t pf_hybrid_bound(size_t count, uint32_t width);
size_t pf_encode_hybrid(const uint32_t *values, size_t count, uint32_t width, uint8_t *to);
/* Width 1, from a bitmap that starts at bit 0. */
size_t pf_encode_hybrid_bits(const uint8_t *bits, size_t count, uint8_t *to);

/* ---- DELTA_BINARY_PACKED. Returns the size. features: bits of enum pf_cpu_feature. */
size_t pf_delta_bound(size_t count, uint32_t width);
/* width 4 or 8: of a value in bytes. */
size_t pf_encode_delta(const void *values, size_t count, uint32_t width, uint32_t features, uint8_t *to);

/* ---- slices: the rows of one column in one row group, as pieces of arrays one after another */
struct pf_slice {
    const struct ArrowArray *array;
    int64_t start, rows; /* rows > 0 */
};

/* A place in slices; {0, 0} is the first row. */
struct pf_slice_cursor {
    const struct pf_slice *slice;
    int64_t row; /* in the slice, from 0; < slice->rows */
};

/* Appends count bits of from, starting at bit from_at, to to, whose bits from to_at on are free. */
void pf_bits_append(uint8_t *to, size_t to_at, const uint8_t *from, size_t from_at, size_t count);
size_t pf_bits_count(const uint8_t *bits, size_t count);

/* Validity of the next rows as a bitmap from bit 0 (room: rows / 8 + 9 bytes), its spare bits 0. Returns the number of nulls;
 * at 0 the bitmap may have been left unwritten. */
size_t pf_gather_validity(struct pf_slice_cursor cursor, size_t rows, uint8_t *bits);

/* The next rows' values, nulls left out, as they are stored: bools as bits, 1- and 2-byte integers as 4 bytes, decimals as the
 * integers of width bytes (4, 8 or 16), all else as it is. Moves the cursor. validity: from pf_gather_validity; NULL = no
 * nulls. to: room for all rows and 64 bytes more. */
void pf_gather_values(struct pf_slice_cursor *cursor, size_t rows, enum pf_type type, uint32_t width, const uint8_t *validity,
                      uint8_t *to);

/* The next rows' strings as PLAIN has them: 4 bytes of length, bytes. Moves the cursor. Returns the end. to: room for
 * pf_text_rows' size and 32 bytes more. */
uint8_t *pf_gather_text(struct pf_slice_cursor *cursor, size_t rows, uint8_t *to);
/* How many of the next rows (at most limit) fit a page of about target bytes in PLAIN (at least one row); *size is what they
 * take. */
size_t pf_text_rows(struct pf_slice_cursor cursor, size_t limit, size_t target, size_t *size);
/* Moves the cursor by rows. At the end of all slices it stands one past the last slice. */
void pf_slice_skip(struct pf_slice_cursor *cursor, int64_t rows);

/* Big-endian two's complement of width bytes from 16-byte integers; to may be values itself. */
void pf_encode_fixed_decimals(const uint8_t *values, size_t count, uint32_t width, uint8_t *to);

#endif
