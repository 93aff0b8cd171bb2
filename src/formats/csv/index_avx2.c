/* The structural scan with AVX2: 64 bytes are two registers, a comparison and a move-mask give 32 bits each. The parity of
 * quotes is a carry-less multiplication by all ones. */
#include "formats/csv/csv.h"
#include "formats/csv/csv_masks.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define CSV_TARGET __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,pclmul")))

CSV_TARGET static inline uint64_t equal_bytes(__m256i low, __m256i high, __m256i byte)
{
    uint32_t bits_low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, byte));
    uint32_t bits_high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, byte));

    return bits_low | (uint64_t)bits_high << 32;
}

CSV_TARGET static inline struct csv_masks csv_masks_at(const uint8_t *from, uint8_t delimiter, uint8_t quote, bool quotes)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)from);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(from + 32));
    struct csv_masks masks;

    masks.delimiter = equal_bytes(low, high, _mm256_set1_epi8((char)delimiter));
    masks.lf = equal_bytes(low, high, _mm256_set1_epi8('\n'));
    masks.cr = equal_bytes(low, high, _mm256_set1_epi8('\r'));
    masks.quote = quotes ? equal_bytes(low, high, _mm256_set1_epi8((char)quote)) : 0;
    return masks;
}

CSV_TARGET static inline uint64_t csv_prefix_xor(uint64_t bits)
{
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8(-1), 0);

    return (uint64_t)_mm_cvtsi128_si64(product);
}

#include "formats/csv/csv_words.h"

const struct csv_kernel csv_kernel_avx2 = { csv_border_of_words, csv_index_of_words };

#endif
