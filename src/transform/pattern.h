/* What the bits of evidence mean, and the patterns a target records (docs/design/types.md).
 *
 * A candidate is a type, or a type under a pattern. Timestamps have three properties that vary on their own (separator, zone,
 * seconds); a pattern is one of each, and a value contradicts a pattern exactly if it contradicts one of the three. So each
 * property has bits of its own, and the column is a timestamp while each property has a bit left. */
#ifndef PF_TRANSFORM_PATTERN_H
#define PF_TRANSFORM_PATTERN_H

#include "transform/infer.h"

enum pf_candidate {
    PF_CAN_BOOL,
    PF_CAN_INT64,
    PF_CAN_FLOAT64,
    /* dates; pattern = place from PF_CAN_YMD_DASH */
    PF_CAN_YMD_DASH,  /* 2024-01-31 */
    PF_CAN_YMD_SLASH, /* 2024/01/31 */
    PF_CAN_DMY,       /* six: / - . with leading zeros (31/01/2024), then / - . without (31/1/2024) */
    PF_CAN_MDY = PF_CAN_DMY + 6,
    /* timestamps */
    PF_CAN_BLANK = PF_CAN_MDY + 6, /* a blank between date and time */
    PF_CAN_T,                      /* a T */
    PF_CAN_NO_ZONE,
    PF_CAN_ZONE,                          /* Z or an offset, in any form */
    PF_CAN_SECONDS,                       /* ten: 10:20:30 with 0 to 9 digits of fraction, always the same number */
    PF_CAN_TRIMMED = PF_CAN_SECONDS + 10, /* as many digits as needed, none when the fraction is zero */
    PF_CAN_0_OR_6,                        /* no fraction when it is zero, else 6 digits */
    PF_CAN_0_3_6,                         /* the fewest of 0, 3 or 6 digits */
    PF_CAN_MINUTES,                       /* 10:20 */
    PF_CAN_TIME,                          /* 10:20:30 with a fraction or none, where the source writes times */
    PF_CANDIDATES
};

#define PF_BIT(candidate)         (UINT64_C(1) << (candidate))
#define PF_BITS(candidate, count) (((UINT64_C(1) << (count)) - 1) << (candidate))

#define PF_ALL        PF_BITS(0, PF_CANDIDATES)
#define PF_NUMBERS    (PF_BIT(PF_CAN_INT64) | PF_BIT(PF_CAN_FLOAT64))
#define PF_YMD        PF_BITS(PF_CAN_YMD_DASH, 2)
#define PF_DMY        PF_BITS(PF_CAN_DMY, 6)
#define PF_MDY        PF_BITS(PF_CAN_MDY, 6)
#define PF_DATES      (PF_YMD | PF_DMY | PF_MDY)
#define PF_SEPARATORS PF_BITS(PF_CAN_BLANK, 2)
#define PF_ZONES      PF_BITS(PF_CAN_NO_ZONE, 2)
#define PF_SECONDS    PF_BITS(PF_CAN_SECONDS, 14)
#define PF_TIMESTAMPS (PF_SEPARATORS | PF_ZONES | PF_SECONDS)

/* What a date of a column of cells leaves: itself, or a timestamp as the source writes them. */
#define PF_MIDNIGHT (PF_BIT(PF_CAN_YMD_DASH) | PF_BIT(PF_CAN_BLANK) | PF_BIT(PF_CAN_NO_ZONE) | PF_SECONDS)

/* Bits of pf_evidence.witnessed. */
enum {
    PF_SAW_NUMBER = 1,   /* beside the words NaN, inf and -inf there is an ordinary number */
    PF_SAW_GROUPS = 2,   /* of numbers in another form than the plain one: one of four digits or more in groups */
    PF_SAW_NO_GROUPS = 4 /* one that is not */
};
#define PF_SAW_BOTH ((uint64_t)PF_SAW_GROUPS | PF_SAW_NO_GROUPS)

/* Patterns of a date target. */
static inline uint32_t pf_date_pattern(uint32_t candidate)
{
    return candidate - PF_CAN_YMD_DASH;
}
static inline uint32_t pf_date_candidate(uint32_t pattern)
{
    return pattern + PF_CAN_YMD_DASH;
}
/* The candidates that read the same day, month and year from a text. */
static inline uint64_t pf_date_order(uint32_t pattern)
{
    const uint64_t bit = PF_BIT(pf_date_candidate(pattern));

    return bit & PF_YMD ? PF_YMD : bit & PF_DMY ? PF_DMY : PF_MDY;
}

/* Draws what follows from the bits set: a property without a candidate leaves no timestamp; facts about a refuted type are dropped.
 * This makes evidence a function of the set of values, in whatever order they came. */
static inline void pf_evidence_close(struct pf_evidence *evidence)
{
    uint64_t refuted = evidence->refuted;

    /* One pattern would have to print both. */
    if ((evidence->witnessed & PF_SAW_BOTH) == PF_SAW_BOTH)
        refuted = evidence->refuted |= PF_NUMBERS;
    if ((refuted & PF_NUMBERS) == PF_NUMBERS)
        evidence->witnessed &= ~PF_SAW_BOTH;
    if ((refuted & PF_SEPARATORS) == PF_SEPARATORS || (refuted & PF_ZONES) == PF_ZONES || (refuted & PF_SECONDS) == PF_SECONDS)
        evidence->refuted |= PF_TIMESTAMPS;
    if (refuted & PF_BIT(PF_CAN_FLOAT64))
        evidence->witnessed &= ~(uint64_t)PF_SAW_NUMBER;
}

/* Adds what the rows from on say to refuted and witnessed; the counts are not touched. */
void pf_evidence_scan(struct pf_evidence *evidence, const struct pf_text_column *text, int64_t from, int64_t rows);
/* Adds the counts of all rows; returns how many rows have no text (null or empty). */
int64_t pf_evidence_count(struct pf_evidence *evidence, const struct pf_text_column *text, int64_t rows);

#endif
