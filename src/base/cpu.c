#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

/* Which register states the operating system saves: bit 1 SSE, bit 2 AVX. Asked by instruction because the intrinsic would need the
 * whole file to be compiled for newer processors. */
static uint32_t saved_states(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static uint32_t ask_processor(void)
{
    const uint32_t avx_saved = 6;
    uint32_t a, b, c, d, base, features = 0;

    if (!__get_cpuid(1, &a, &b, &base, &d))
        return 0;
    if (base & bit_SSE4_2)
        features |= PF_CPU_SSE42;
    if (!(base & bit_OSXSAVE) || !(base & bit_AVX) || !(base & bit_PCLMUL) || (saved_states() & avx_saved) != avx_saved)
        return features;
    if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(c & bit_LZCNT))
        return features;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2) || !(b & bit_BMI) || !(b & bit_BMI2))
        return features;
    return features | PF_CPU_AVX2;
}
#elif defined(__aarch64__)
static uint32_t ask_processor(void)
{
    return PF_CPU_NEON;
} /* part of the architecture */
#else
static uint32_t ask_processor(void)
{
    return 0;
}
#endif

uint32_t pf_cpu_features(void)
{
    const char *wanted = getenv("PYFORGE_CPU");

    return wanted && strcmp(wanted, "scalar") == 0 ? 0 : ask_processor();
}
