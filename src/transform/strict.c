#include "transform/strict.h"

#include "transform/number_form.h"
#include "transform/scan.h"

/* Evidence is gathered in locals: what every value of a type refutes is added once, after the loop. */
static void add(struct pf_evidence *evidence, bool any, uint64_t refuted, uint64_t witnessed)
{
    if (any) {
        evidence->refuted |= refuted;
        evidence->witnessed |= witnessed;
        if ((refuted & PF_NUMBERS) == PF_NUMBERS)
            evidence->unlike = PF_UNLIKE_ALL;
    }
    pf_evidence_close(evidence);
}

int64_t pf_strict_bool(const struct pf_text_column *text, int64_t from, int64_t rows, uint8_t *data,
                       struct pf_evidence *evidence)
{
    bool any = false;
    int64_t row = from;

    for (; row < rows; row++) {
        const uint32_t size = text->size[row];

        pf_prefetch_text(text, row, rows);
        bool value = false;

        if (PF_UNLIKELY(size == 0))
            continue;
        if (PF_UNLIKELY(!pf_scan_bool(text->bytes + text->offset[row], size, &value)))
            break;
        data[row >> 3] |= (uint8_t)(value << (row & 7));
        any = true;
    }
    add(evidence, any, PF_ALL & ~PF_BIT(PF_CAN_BOOL), 0);
    return row;
}

int64_t pf_strict_int64(const struct pf_text_column *text, int64_t from, int64_t rows, int64_t *data,
                        struct pf_evidence *evidence)
{
    const uint64_t exact = UINT64_C(1) << 53; /* integers up to here are doubles */
    bool any = false, wide = false, keeps = !(evidence->refuted & PF_BIT(PF_CAN_FLOAT64));
    int64_t row = from;

    for (; row < rows; row++) {
        const uint32_t size = text->size[row];

        pf_prefetch_text(text, row, rows);

        if (PF_UNLIKELY(size == 0)) {
            data[row] = 0;
            continue;
        }
        if (PF_UNLIKELY(!pf_scan_int64(text->bytes + text->offset[row], size, &data[row])))
            break;
        if (PF_UNLIKELY((uint64_t)data[row] + exact > 2 * exact) && keeps)
            keeps = pf_double_keeps(data[row]);
        wide |= (uint64_t)data[row] + 999 > 2 * 999;
        any = true;
    }
    evidence->unlike |= wide ? PF_UNLIKE_WIDE : 0;
    add(evidence, any, PF_ALL & ~(keeps ? PF_NUMBERS : PF_BIT(PF_CAN_INT64)), PF_SAW_NUMBER);
    return row;
}

/* What the common shape is not: integers, exponents, long numbers, words. */
static bool read_float(const uint8_t *at, uint32_t size, double *value, uint64_t *refuted, uint64_t *witnessed)
{
    int64_t integer;

    if (pf_scan_int64(at, size, &integer)) {
        *value = (double)integer;
        *witnessed = PF_SAW_NUMBER;
        return pf_double_keeps(integer);
    }
    if (pf_scan_float64(at, size, value))
        *witnessed = PF_SAW_NUMBER;
    else if (!pf_scan_float_word(at, size, value))
        return false;
    *refuted |= PF_BIT(PF_CAN_INT64);
    return true;
}

int64_t pf_strict_float64(const struct pf_text_column *text, int64_t from, int64_t rows, double *data,
                          struct pf_evidence *evidence)
{
    uint64_t refuted = 0, witnessed = 0;
    const bool printed = text->cells && text->numbers == NULL;
    bool any = false, fractions = false, wide = false;
    int64_t row = from;

    for (; row < rows; row++) {
        const uint32_t size = text->size[row];

        pf_prefetch_text(text, row, rows);
        const uint8_t *at = text->bytes + text->offset[row];

        if (PF_UNLIKELY(size == 0)) {
            data[row] = 0;
            continue;
        }
        if (PF_LIKELY(pf_scan_printed(at, size, printed, &data[row]))) {
            fractions = true;
            wide |= data[row] >= 1000.0 || data[row] <= -1000.0;
        } else if (read_float(at, size, &data[row], &refuted, &witnessed)) {
            any = true;
            evidence->unlike |= pf_number_unlike(at, size, true, 0);
        } else {
            break;
        }
    }
    if (fractions) {
        evidence->unlike |= PF_UNLIKE_POINT | (wide ? PF_UNLIKE_WIDE : 0);
        refuted |= PF_BIT(PF_CAN_INT64);
        witnessed = PF_SAW_NUMBER;
    }
    add(evidence, any || fractions, refuted | (PF_ALL & ~PF_NUMBERS), witnessed);
    return row;
}

static int64_t read_ymd(const struct pf_text_column *text, int64_t from, int64_t rows, int32_t *data,
                        struct pf_evidence *evidence)
{
    bool dashes = false, slashes = false;
    int64_t row = from;

    for (; row < rows; row++) {
        const uint32_t size = text->size[row];

        pf_prefetch_text(text, row, rows);
        const uint8_t *at = text->bytes + text->offset[row];

        if (PF_UNLIKELY(size == 0)) {
            data[row] = 0;
            continue;
        }
        if (PF_UNLIKELY(size != 10))
            break;
        if (PF_LIKELY(at[4] == '-' && pf_scan_ymd(at, PF_DATE_DASHES, &data[row])))
            dashes = true;
        else if (at[4] == '/' && pf_scan_ymd(at, PF_DATE_SLASHES, &data[row]))
            slashes = true;
        else
            break;
    }
    add(evidence, dashes, PF_ALL & ~(text->cells ? PF_MIDNIGHT : PF_BIT(PF_CAN_YMD_DASH)), 0);
    add(evidence, slashes, PF_ALL & ~PF_BIT(PF_CAN_YMD_SLASH), 0);
    return row;
}

int64_t pf_strict_date(const struct pf_text_column *text, int64_t from, int64_t rows, uint32_t pattern, int32_t *data,
                       struct pf_evidence *evidence)
{
    const uint64_t order = pf_date_order(pattern);
    uint64_t keep = PF_ALL;
    int64_t row = from;

    if (order == PF_YMD)
        return read_ymd(text, from, rows, data, evidence);
    for (; row < rows; row++) {
        const uint32_t size = text->size[row];

        pf_prefetch_text(text, row, rows);
        int32_t days[2] = { 0, 0 };
        uint64_t fits;

        data[row] = 0;
        if (PF_UNLIKELY(size == 0))
            continue;
        fits = pf_scan_dmy(text->bytes + text->offset[row], size, days);
        if (PF_UNLIKELY(!(fits & order)))
            break;
        data[row] = days[order == PF_MDY];
        keep &= fits;
    }
    add(evidence, keep != PF_ALL, PF_ALL & ~keep, 0);
    return row;
}

/* A date alone, in a column where that is a midnight. */
static uint64_t read_midnight(const uint8_t *at, uint32_t size, int64_t *micros)
{
    int32_t days;

    if (size != 10 || !pf_scan_ymd(at, PF_DATE_DASHES, &days))
        return 0;
    *micros = days * INT64_C(86400000000);
    return PF_MIDNIGHT;
}

int64_t pf_strict_timestamp(const struct pf_text_column *text, int64_t from, int64_t rows, bool utc, int64_t *data,
                            struct pf_evidence *evidence)
{
    const uint64_t zone = PF_BIT(utc ? PF_CAN_ZONE : PF_CAN_NO_ZONE);
    uint64_t keep = PF_ALL;
    int64_t row = from;

    for (; row < rows; row++) {
        const uint32_t size = text->size[row];

        pf_prefetch_text(text, row, rows);
        uint64_t fits;

        if (PF_UNLIKELY(size == 0)) {
            data[row] = 0;
            continue;
        }
        fits = pf_scan_timestamp(text->bytes + text->offset[row], size, &data[row]);
        if (PF_UNLIKELY(!(fits & zone)) && text->cells)
            fits = read_midnight(text->bytes + text->offset[row], size, &data[row]);
        if (PF_UNLIKELY(!(fits & zone)))
            break;
        keep &= fits;
    }
    add(evidence, keep != PF_ALL, PF_ALL & ~keep, 0);
    return row;
}

int64_t pf_strict_time(const struct pf_text_column *text, int64_t from, int64_t rows, int64_t *data,
                       struct pf_evidence *evidence)
{
    bool any = false;
    int64_t row = from;

    for (; row < rows; row++) {
        const uint32_t size = text->size[row];

        pf_prefetch_text(text, row, rows);
        data[row] = 0;
        if (PF_UNLIKELY(size == 0))
            continue;
        if (PF_UNLIKELY(!text->cells || !pf_scan_time(text->bytes + text->offset[row], size, &data[row])))
            break;
        any = true;
    }
    add(evidence, any, PF_ALL & ~PF_BIT(PF_CAN_TIME), 0);
    return row;
}
