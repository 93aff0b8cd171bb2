/* The shortest decimal that reads back as a double, found by trying. */
#ifndef PF_TESTS_SUPPORT_FLOAT_H
#define PF_TESTS_SUPPORT_FLOAT_H

#include <math.h>
#include <stdlib.h>

#include "support_unit.h"

/* Adds one to the last digit in front of the e; false when all are nines. */
static inline bool shortest_step(char *text)
{
    char *at = strchr(text, 'e') - 1;

    while (at > text && (*at == '9' || *at == '.'))
        at--;
    if (*at == '9')
        return false;
    (*at)++;
    for (at++; *at != 'e'; at++)
        *at = *at == '.' ? '.' : '0';
    return true;
}

/* Without sign. The nearest decimal of so many digits, or its neighbour away from zero: where the step below a double is half of the
 * step above, that one may read back when the nearest does not. */
static inline void shortest_text(double value, char to[64])
{
    for (int precision = 0; precision < 17; precision++) {
        (void)snprintf(to, 64, "%.*e", precision, fabs(value));
        if (strtod(to, NULL) == fabs(value) || (shortest_step(to) && strtod(to, NULL) == fabs(value)))
            return;
    }
}

#endif
