/* The structural scan with plain 64-bit arithmetic, and the choice among the kernels. */
#include "base/cpu.h"
#include "base/swar.h"
#include "formats/csv/csv.h"
#include "formats/csv/csv_masks.h"

#define CSV_TARGET

/* Bit i: byte i of word equals byte. */
static inline uint64_t equal_bytes(uint64_t word, uint8_t byte)
{
    uint64_t other = word ^ PF_EACH_BYTE(byte);
    uint64_t low = (other & PF_EACH_BYTE(0x7F)) + PF_EACH_BYTE(0x7F);
    uint64_t hit = ~(low | other) & PF_EACH_BYTE(0x80);

    return (hit >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static inline struct csv_masks csv_masks_at(const uint8_t *from, uint8_t delimiter, uint8_t quote, bool quotes)
{
    struct csv_masks masks = { 0 };

    for (uint32_t i = 0; i < 8; i++) {
        uint64_t word = pf_load8(from + (size_t)i * 8);

        masks.delimiter |= equal_bytes(word, delimiter) << (8 * i);
        masks.lf |= equal_bytes(word, '\n') << (8 * i);
        masks.cr |= equal_bytes(word, '\r') << (8 * i);
        if (quotes)
            masks.quote |= equal_bytes(word, quote) << (8 * i);
    }
    return masks;
}

static inline uint64_t csv_prefix_xor(uint64_t bits)
{
    for (uint32_t shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

#include "formats/csv/csv_words.h"

const struct csv_kernel csv_kernel_scalar = { csv_border_of_words, csv_index_of_words };

void csv_index_last(struct csv_index *index, size_t size)
{
    uint32_t ended = index->record_count != 0 ? index->record_end[index->record_count - 1] + 1 : 0;

    if (index->at < size || (ended != 0 && ended == index->position_count && index->position[ended - 1] + 1 == size))
        return;
    index->record_end[index->record_count++] = index->position_count;
    index->position[index->position_count++] = (uint32_t)size;
}

const struct csv_kernel *csv_kernel_for(const struct csv_dialect *dialect, uint32_t features)
{
    if (dialect->delimiter_size != 1 || dialect->escape >= 0 || dialect->comment_size != 0 || dialect->trim)
        return &csv_kernel_walk;
#if defined(__x86_64__)
    if ((features & PF_CPU_AVX2) != 0)
        return &csv_kernel_avx2;
#else
    (void)features;
#endif
    return &csv_kernel_scalar;
}
