#include "base/text.h"

#include <string.h>

#include "base/cpu.h"
#include "base/swar.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* ---- UTF-8 */

static bool continues(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Length of the valid sequence of more than one byte at the start of left bytes; 0 = none. */
static size_t sequence(const uint8_t *at, size_t left)
{
    const uint8_t lead = at[0];

    if (lead < 0xC2 || lead > 0xF4 || left < 2 || !continues(at[1]))
        return 0;
    if (lead < 0xE0)
        return 2;
    if (left < 3 || !continues(at[2]))
        return 0;
    if (lead < 0xF0) {
        if ((lead == 0xE0 && at[1] < 0xA0) || (lead == 0xED && at[1] > 0x9F)) /* overlong, surrogate */
            return 0;
        return 3;
    }
    if (left < 4 || !continues(at[3]))
        return 0;
    if ((lead == 0xF0 && at[1] < 0x90) || (lead == 0xF4 && at[1] > 0x8F)) /* overlong, beyond U+10FFFF */
        return 0;
    return 4;
}

/* at is the start of a character. */
static size_t valid_scalar(const uint8_t *bytes, size_t at, size_t size)
{
    while (at < size) {
        size_t length;

        if (bytes[at] < 0x80) {
            at++;
            while (size - at >= 8 && (pf_load8(bytes + at) & PF_EACH_BYTE(0x80)) == 0)
                at += 8;
            continue;
        }
        length = sequence(bytes + at, size - at);
        if (length == 0)
            return at;
        at += length;
    }
    return size;
}

#if defined(__x86_64__)

/* After J. Keiser and D. Lemire, "Validating UTF-8 in less than one instruction per byte" (2021): three tables, asked by the halves
 * of a byte and of the one before it, each give the ways in which the pair may be wrong; what all three agree on is an error. */
enum {
    TOO_SHORT = 1,    /* a lead byte without its continuation */
    TOO_LONG = 2,     /* a continuation behind ASCII */
    OVERLONG_3 = 4,   /* E0 80..9F */
    TOO_LARGE = 8,    /* F4 90.. and above */
    SURROGATE = 16,   /* ED A0..BF */
    OVERLONG_2 = 32,  /* C0, C1 */
    OVERLONG_4 = 64,  /* F0 80..8F; also F5 and above before 80..8F */
    TWO_FOLLOW = 128, /* two continuations: right only where a third or fourth byte is due */
    ANY_LOW = TOO_SHORT | TOO_LONG | TWO_FOLLOW,
    LARGE_LOW = ANY_LOW | TOO_LARGE | OVERLONG_4,
    FOLLOW_HIGH = TOO_LONG | OVERLONG_2 | TWO_FOLLOW
};

static const uint8_t before_high[16] = { TOO_LONG,
                                         TOO_LONG,
                                         TOO_LONG,
                                         TOO_LONG,
                                         TOO_LONG,
                                         TOO_LONG,
                                         TOO_LONG,
                                         TOO_LONG,
                                         TWO_FOLLOW,
                                         TWO_FOLLOW,
                                         TWO_FOLLOW,
                                         TWO_FOLLOW,
                                         TOO_SHORT | OVERLONG_2,
                                         TOO_SHORT,
                                         TOO_SHORT | OVERLONG_3 | SURROGATE,
                                         TOO_SHORT | TOO_LARGE | OVERLONG_4 };
static const uint8_t before_low[16] = { ANY_LOW | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
                                        ANY_LOW | OVERLONG_2,
                                        ANY_LOW,
                                        ANY_LOW,
                                        ANY_LOW | TOO_LARGE,
                                        LARGE_LOW,
                                        LARGE_LOW,
                                        LARGE_LOW,
                                        LARGE_LOW,
                                        LARGE_LOW,
                                        LARGE_LOW,
                                        LARGE_LOW,
                                        LARGE_LOW,
                                        LARGE_LOW | SURROGATE,
                                        LARGE_LOW,
                                        LARGE_LOW };
static const uint8_t here_high[16] = { TOO_SHORT,
                                       TOO_SHORT,
                                       TOO_SHORT,
                                       TOO_SHORT,
                                       TOO_SHORT,
                                       TOO_SHORT,
                                       TOO_SHORT,
                                       TOO_SHORT,
                                       FOLLOW_HIGH | OVERLONG_3 | OVERLONG_4,
                                       FOLLOW_HIGH | OVERLONG_3 | TOO_LARGE,
                                       FOLLOW_HIGH | SURROGATE | TOO_LARGE,
                                       FOLLOW_HIGH | SURROGATE | TOO_LARGE,
                                       TOO_SHORT,
                                       TOO_SHORT,
                                       TOO_SHORT,
                                       TOO_SHORT };

__attribute__((target("avx2"))) static inline __m256i table16(const uint8_t table[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

__attribute__((target("avx2"))) static inline __m256i high_half(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
}

/* Not zero where the 32 bytes, or a sequence that reaches into them from before, are wrong. */
__attribute__((target("avx2"))) static inline __m256i find_errors(__m256i here, __m256i previous)
{
    const __m256i across = _mm256_permute2x128_si256(previous, here, 0x21);
    const __m256i before1 = _mm256_alignr_epi8(here, across, 15);
    const __m256i before2 = _mm256_alignr_epi8(here, across, 14);
    const __m256i before3 = _mm256_alignr_epi8(here, across, 13);
    const __m256i low = _mm256_and_si256(before1, _mm256_set1_epi8(15));
    const __m256i pair = _mm256_and_si256(_mm256_and_si256(_mm256_shuffle_epi8(table16(before_high), high_half(before1)),
                                                           _mm256_shuffle_epi8(table16(before_low), low)),
                                          _mm256_shuffle_epi8(table16(here_high), high_half(here)));
    const __m256i third = _mm256_subs_epu8(before2, _mm256_set1_epi8((char)(0xE0 - 0x80)));
    const __m256i fourth = _mm256_subs_epu8(before3, _mm256_set1_epi8((char)(0xF0 - 0x80)));
    const __m256i due = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));

    return _mm256_xor_si256(due, pair);
}

/* Whether the last three bytes begin a sequence that they do not end. */
__attribute__((target("avx2"))) static inline bool ends_open(const uint8_t *end)
{
    return end[-1] >= 0xC0 || end[-2] >= 0xE0 || end[-3] >= 0xF0;
}

/* Bytes known to be valid, in whole characters or up to three bytes into one; the scalar code goes on from there. */
__attribute__((target("avx2"))) static size_t valid_avx2(const uint8_t *bytes, size_t size)
{
    __m256i previous = _mm256_setzero_si256();
    size_t at = 0;

    for (; size - at >= 32; at += 32) {
        const __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + at));

        if (_mm256_movemask_epi8(here) == 0) {
            if (at > 0 && ends_open(bytes + at))
                break;
        } else {
            const __m256i errors = find_errors(here, previous);

            if (!_mm256_testz_si256(errors, errors))
                break;
        }
        previous = here;
    }
    return at;
}
#endif

size_t pf_utf8_valid(const uint8_t *bytes, size_t size, uint32_t features)
{
    size_t at = 0;

#if defined(__x86_64__)
    if ((features & PF_CPU_AVX2) && size >= 32) {
        at = valid_avx2(bytes, size);
        /* A sequence may reach over the border: go back to its first byte. */
        for (int i = 0; i < 3 && at > 0 && continues(bytes[at - 1]); i++)
            at--;
        if (at > 0 && bytes[at - 1] >= 0xC0)
            at--;
    }
#else
    (void)features;
#endif
    return valid_scalar(bytes, at, size);
}

size_t pf_utf8_tail(const uint8_t *bytes, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        const uint8_t byte = bytes[size - back];
        size_t length = 1;

        if (continues(byte))
            continue;
        if (byte >= 0xC2 && byte <= 0xF4)
            length = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        return length > back ? back : 0;
    }
    return 0;
}

size_t pf_utf8_put(uint8_t *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (uint8_t)(0xC0 | code >> 6);
        to[1] = (uint8_t)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (uint8_t)(0xE0 | code >> 12);
        to[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | code >> 18);
    to[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (code & 0x3F));
    return 4;
}

/* ---- words */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool pf_same_word(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

uint32_t pf_edit_distance(const char *a, const char *b, uint32_t limit)
{
    enum { LONGEST = 63 };
    uint32_t row[LONGEST + 1];
    const size_t size_a = strlen(a), size_b = strlen(b);
    const size_t apart = size_a > size_b ? size_a - size_b : size_b - size_a;

    if (apart > limit || size_a > LONGEST || size_b > LONGEST)
        return limit + 1;
    for (uint32_t j = 0; j <= size_b; j++)
        row[j] = j;
    for (uint32_t i = 1; i <= size_a; i++) {
        uint32_t corner = row[0]; /* distance of the parts before both letters */

        row[0] = i;
        for (uint32_t j = 1; j <= size_b; j++) {
            const uint32_t change = corner + (lower(a[i - 1]) != lower(b[j - 1]));
            const uint32_t insert = row[j - 1] + 1, remove = row[j] + 1;

            corner = row[j];
            row[j] = change < insert ? change : insert;
            if (remove < row[j])
                row[j] = remove;
        }
    }
    return row[size_b] <= limit ? row[size_b] : limit + 1;
}

uint64_t pf_text_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}
