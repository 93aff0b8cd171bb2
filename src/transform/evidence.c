/* What values say of their column's type. */
#include "transform/infer.h"

#include "transform/pattern.h"
#include "transform/scan.h"

void pf_evidence_merge(struct pf_evidence *to, const struct pf_evidence *from)
{
    to->values += from->values;
    to->empties += from->empties;
    to->nulls += from->nulls;
    to->refuted |= from->refuted;
    to->witnessed |= from->witnessed;
    pf_evidence_close(to);
}

/* The number candidates that the text leaves. */
static uint64_t keep_number(const uint8_t *at, uint32_t size, uint64_t refuted, uint64_t *witnessed)
{
    const bool want_float = !(refuted & PF_BIT(PF_CAN_FLOAT64));
    int64_t integer;
    double value;

    if (pf_scan_int64(at, size, &integer)) {
        *witnessed |= PF_SAW_NUMBER;
        return PF_BIT(PF_CAN_INT64) | (want_float && pf_double_keeps(integer) ? PF_BIT(PF_CAN_FLOAT64) : 0);
    }
    if (!want_float)
        return 0;
    if (pf_scan_fraction(at, size, &value) || pf_scan_float64(at, size, &value)) {
        *witnessed |= PF_SAW_NUMBER;
        return PF_BIT(PF_CAN_FLOAT64);
    }
    return pf_scan_float_word(at, size, &value) ? PF_BIT(PF_CAN_FLOAT64) : 0;
}

static bool is_date_mark(uint8_t byte)
{
    return byte == '/' || byte == '-' || byte == '.';
}

/* The date and timestamp candidates that the text, of 8 bytes or more, leaves. */
static uint64_t keep_moment(const uint8_t *at, uint32_t size)
{
    int32_t days[2];
    int64_t micros;

    if (is_date_mark(at[1]) || is_date_mark(at[2]))
        return pf_scan_dmy(at, size, days);
    if (at[4] == '-' && size != 10)
        return pf_scan_timestamp(at, size, &micros);
    if (at[4] == '-')
        return pf_scan_ymd(at, PF_DATE_DASHES, days) ? PF_BIT(PF_CAN_YMD_DASH) : 0;
    if (at[4] == '/' && size == 10)
        return pf_scan_ymd(at, PF_DATE_SLASHES, days) ? PF_BIT(PF_CAN_YMD_SLASH) : 0;
    return 0;
}

/* The candidates that one value leaves, among those not refuted yet; of the others nothing is said. */
static uint64_t keep(const uint8_t *at, uint32_t size, uint64_t refuted, uint64_t *witnessed)
{
    uint64_t left = 0;
    bool value;

    switch (*at) {
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        if (size >= 8 && (refuted & (PF_DATES | PF_TIMESTAMPS)) != (PF_DATES | PF_TIMESTAMPS))
            left = keep_moment(at, size);
        if (left)
            return left;
        /* fall through */
    case '-':
    case 'N':
    case 'i':
        return (refuted & PF_NUMBERS) != PF_NUMBERS ? keep_number(at, size, refuted, witnessed) : 0;
    case 't':
    case 'T':
    case 'f':
    case 'F':
        return pf_scan_bool(at, size, &value) ? PF_BIT(PF_CAN_BOOL) : 0;
    default:
        return 0;
    }
}

void pf_evidence_scan(struct pf_evidence *evidence, const struct pf_text_column *text, int64_t from, int64_t rows)
{
    pf_evidence_close(evidence);
    for (int64_t row = from; row < rows && evidence->refuted != PF_ALL; row++) {
        const uint32_t size = text->size[row];

        pf_prefetch_text(text, row, rows);
        if (size == 0)
            continue;
        evidence->refuted |= PF_ALL & ~keep(text->bytes + text->offset[row], size, evidence->refuted, &evidence->witnessed);
        pf_evidence_close(evidence);
    }
}

int64_t pf_evidence_count(struct pf_evidence *evidence, const struct pf_text_column *text, int64_t rows)
{
    int64_t blank = 0;

    for (int64_t row = 0; row < rows; row++)
        blank += text->size[row] == 0;
    evidence->values += (uint64_t)(rows - blank);
    evidence->empties += (uint64_t)(blank - text->nulls);
    evidence->nulls += (uint64_t)text->nulls;
    return blank;
}

void pf_evidence_add(struct pf_evidence *to, const struct pf_text_column *text, int64_t rows)
{
    (void)pf_evidence_count(to, text, rows);
    pf_evidence_scan(to, text, 0, rows);
}
