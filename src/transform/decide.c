/* From evidence to a type. */
#include "transform/infer.h"
#include "transform/pattern.h"

static uint32_t lowest(uint64_t bits)
{
    return (uint32_t)__builtin_ctzll(bits);
}

/* false = no date. Day-first and month-first are told apart by the values or not at all. */
static bool decide_date(uint64_t left, struct pf_target *out)
{
    uint64_t fits = left & PF_YMD;

    if (!fits && !((left & PF_DMY) && (left & PF_MDY)))
        fits = left & (PF_DMY | PF_MDY);
    if (!fits)
        return false;
    out->field.type = PF_TYPE_DATE32;
    out->pattern = pf_date_pattern(lowest(fits));
    return true;
}

static bool decide_timestamp(uint64_t left, struct pf_target *out)
{
    if (!(left & PF_SEPARATORS) || !(left & PF_ZONES) || !(left & PF_SECONDS))
        return false;
    out->field.type = PF_TYPE_TIMESTAMP;
    out->field.utc = !(left & PF_BIT(PF_CAN_NO_ZONE));
    out->pattern = (lowest(left & PF_SECONDS) - PF_CAN_SECONDS) * 2 + !(left & PF_BIT(PF_CAN_BLANK));
    return true;
}

void pf_evidence_decide(const struct pf_evidence *evidence, struct pf_target *out)
{
    struct pf_evidence closed = *evidence;
    uint64_t left;

    pf_evidence_close(&closed);
    left = PF_ALL & ~closed.refuted;
    *out = (struct pf_target){ .field = { .name = "", .type = PF_TYPE_STRING } };
    if (evidence->values == 0)
        return;
    if (left & PF_BIT(PF_CAN_BOOL))
        out->field.type = PF_TYPE_BOOL;
    else if (left & PF_BIT(PF_CAN_INT64))
        out->field.type = PF_TYPE_INT64;
    else if (decide_date(left, out) || decide_timestamp(left, out))
        return;
    else if (left & PF_BIT(PF_CAN_TIME))
        out->field.type = PF_TYPE_TIME64;
    else if ((left & PF_BIT(PF_CAN_FLOAT64)) && (closed.witnessed & PF_SAW_NUMBER))
        out->field.type = PF_TYPE_FLOAT64;
}

bool pf_target_same(const struct pf_target *made, const struct pf_target *settled)
{
    const struct pf_field *a = &made->field, *b = &settled->field;

    if (a->type != b->type || a->precision != b->precision || a->scale != b->scale || a->utc != b->utc)
        return false;
    return a->type != PF_TYPE_DATE32 || pf_date_order(made->pattern) == pf_date_order(settled->pattern);
}
