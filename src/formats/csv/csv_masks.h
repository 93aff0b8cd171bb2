/* What a word of 64 bytes holds, before quotes are considered. Bit i is byte i. */
#ifndef PF_FORMATS_CSV_CSV_MASKS_H
#define PF_FORMATS_CSV_CSV_MASKS_H

#include <stdint.h>

struct csv_masks {
    uint64_t delimiter, quote, lf, cr;
};

#endif
