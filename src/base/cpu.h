/* What the processor can do, asked at run time. Scalar code is always built; vector code is chosen by these. */
#ifndef PF_BASE_CPU_H
#define PF_BASE_CPU_H

#include <stdint.h>

enum pf_cpu_feature {
    PF_CPU_SSE42 = 1,
    PF_CPU_AVX2 = 2, /* with BMI1/2, LZCNT and PCLMUL, and the operating system saving the registers */
    PF_CPU_NEON = 4,
};

/* Bits of enum pf_cpu_feature, by cpuid and xgetbv; cheap enough to ask once an open. The environment variable PYFORGE_CPU=scalar
 * gives 0, so that tests reach the scalar code on any machine. */
uint32_t pf_cpu_features(void);

#endif
