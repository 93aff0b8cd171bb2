/* Text of values that more than one writer puts out. */
#ifndef PF_BASE_PRINT_H
#define PF_BASE_PRINT_H

#include "base/number.h"

/* As pf_print_float64: the shortest decimal that is read back as the same float32. */
size_t pf_print_float32(float value, char to[PF_FLOAT64_TEXT]);
/* Four characters for three bytes; returns the end. Room: 4 * ((size + 2) / 3). */
uint8_t *pf_put_base64(uint8_t *to, const uint8_t *bytes, size_t size);

#endif
