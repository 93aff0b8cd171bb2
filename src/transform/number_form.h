/* Numbers written with a decimal comma or in groups of three digits, made plain (docs/design/types.md). */
#ifndef PF_TRANSFORM_NUMBER_FORM_H
#define PF_TRANSFORM_NUMBER_FORM_H

#include "arrow/array.h"
#include "base/error.h"

enum {
    PF_PLAIN_MOST = 96,                     /* longer texts are no numbers */
    PF_PLAIN_ROOM = 32 + PF_PLAIN_MOST + 64 /* readable around the number, as scans want it */
};

/* The plain text of a number written in the form, in to; a text that is none as it is; one that would be a plain number, but is none
 * in the form, as a text that no type fits. *size is changed with it. *saw: the bits PF_SAW_GROUPS and PF_SAW_NO_GROUPS. */
const uint8_t *pf_number_plain(const struct pf_number_form *form, const uint8_t *at, uint32_t *size, uint8_t to[PF_PLAIN_ROOM],
                               uint64_t *saw);

/* ---- forms that a text column's values may all have, though they were not asked for; a bit each */
#define PF_UNLIKE_ALL   UINT32_C(0x1F)
/* Those that a plain number contradicts with a point, and with four digits or more before it. */
#define PF_UNLIKE_POINT UINT32_C(0x07)
#define PF_UNLIKE_WIDE  UINT32_C(0x1E)

/* The forms that a value contradicts, of those not in unlike. plain: it is a number, or a word for one, without any form. */
uint32_t pf_number_unlike(const uint8_t *at, uint32_t size, bool plain, uint32_t unlike);
/* The options for the forms that are left, as text; NULL = none is. */
const char *pf_number_like_options(uint32_t unlike);

/* A column whose numbers are plain; owns its memory. */
struct pf_plain_column {
    struct pf_text_column text;
    struct pf_memory *memory;
    uint8_t *bytes;
    uint32_t *places;
};

/* plain is freed with pf_plain_free, also after a failure. */
enum pf_status pf_plain_make(struct pf_plain_column *plain, const struct pf_text_column *text, int64_t rows, uint64_t *saw,
                             struct pf_memory *memory, struct pf_error *err);
void pf_plain_free(struct pf_plain_column *plain);

#endif
