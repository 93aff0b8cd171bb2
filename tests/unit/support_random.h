/* Random numbers that are the same every time. */
#ifndef PF_TESTS_SUPPORT_RANDOM_H
#define PF_TESTS_SUPPORT_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state; /* not zero */
};

static inline uint64_t random_bits(struct random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state * UINT64_C(0x2545F4914F6CDD1D);
}

static inline uint32_t random_below(struct random *random, uint32_t limit)
{
    return (uint32_t)((random_bits(random) >> 32) * limit >> 32);
}

#endif
