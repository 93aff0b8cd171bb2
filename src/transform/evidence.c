/* What values say of their column's type. */
#include "transform/infer.h"

#include <stdio.h>
#include <string.h>

#include "transform/number_form.h"
#include "transform/pattern.h"
#include "transform/scan.h"

void pf_evidence_merge(struct pf_evidence *to, const struct pf_evidence *from)
{
    to->values += from->values;
    to->empties += from->empties;
    to->nulls += from->nulls;
    to->errors += from->errors;
    to->refuted |= from->refuted;
    to->witnessed |= from->witnessed;
    to->unlike |= from->unlike;
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

static uint64_t keep_time(const uint8_t *at, uint32_t size)
{
    int64_t micros;

    return pf_scan_time(at, size, &micros) ? PF_BIT(PF_CAN_TIME) : 0;
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

static void add_value(struct pf_evidence *evidence, const struct pf_text_column *text, int64_t row)
{
    const uint8_t *at = text->bytes + text->offset[row];
    uint8_t plain[PF_PLAIN_ROOM];
    uint32_t size = text->size[row];
    uint64_t left;

    if (PF_UNLIKELY(text->marked != 0) && text->kind[row] >= PF_TEXT_CELL) {
        if (text->kind[row] == PF_TEXT_CELL) {
            evidence->refuted |= PF_ALL;
            evidence->unlike = PF_UNLIKE_ALL;
        }
        return;
    }
    if (text->numbers != NULL)
        at = pf_number_plain(text->numbers, at, &size, plain, &evidence->witnessed);
    left = keep(at, size, evidence->refuted, &evidence->witnessed);
    if (PF_UNLIKELY(text->cells))
        left = left == PF_BIT(PF_CAN_YMD_DASH) ? PF_MIDNIGHT : left != 0 ? left : keep_time(at, size);
    if (evidence->unlike != PF_UNLIKE_ALL)
        evidence->unlike |= left & ~PF_NUMBERS ? PF_UNLIKE_ALL : pf_number_unlike(at, size, left != 0, evidence->unlike);
    evidence->refuted |= PF_ALL & ~left;
    pf_evidence_close(evidence);
}

static bool all_refuted(const struct pf_evidence *evidence)
{
    return (evidence->refuted & PF_ALL) == PF_ALL;
}

void pf_evidence_scan(struct pf_evidence *evidence, const struct pf_text_column *text, int64_t from, int64_t rows)
{
    if (evidence->refuted == UINT64_MAX) /* the type was not left to the values */
        return;
    if (text->numbers != NULL)
        evidence->unlike = PF_UNLIKE_ALL;
    pf_evidence_close(evidence);
    for (int64_t row = from; row < rows && !(all_refuted(evidence) && evidence->unlike == PF_UNLIKE_ALL); row++) {
        pf_prefetch_text(text, row, rows);
        if (text->size[row] != 0)
            add_value(evidence, text, row);
    }
}

bool pf_evidence_reason(const struct pf_text_column *text, int64_t rows, uint64_t refuted, struct pf_reason *out)
{
    struct pf_evidence evidence = { .refuted = refuted, .unlike = PF_UNLIKE_ALL };

    pf_evidence_close(&evidence);
    for (int64_t row = 0; row < rows && !all_refuted(&evidence); row++) {
        const uint64_t before = evidence.refuted;

        if (text->size[row] == 0)
            continue;
        add_value(&evidence, text, row);
        if (!all_refuted(&evidence))
            continue;
        *out = (struct pf_reason){ .row = row + 1, .before = before, .size = text->size[row] };
        out->cell = text->kind[row] == PF_TEXT_CELL;
        memcpy(out->text, text->bytes + text->offset[row], out->size < sizeof out->text ? out->size : sizeof out->text);
        return true;
    }
    return false;
}

bool pf_evidence_is_text(const struct pf_evidence *evidence)
{
    return all_refuted(evidence);
}

const char *pf_evidence_number_options(const struct pf_evidence *evidence)
{
    return evidence->values != 0 && all_refuted(evidence) ? pf_number_like_options(evidence->unlike) : NULL;
}

/* Bytes of the text that are shown: whole characters. */
static int shown_size(const struct pf_reason *reason)
{
    const size_t all = reason->size < sizeof reason->text ? reason->size : sizeof reason->text;
    size_t at = all;

    while (at > 0 && (reason->text[at - 1] & 0xC0) == 0x80)
        at--;
    if (at > 0 && reason->text[at - 1] >= 0xC0) {
        const uint8_t lead = reason->text[at - 1];
        const size_t needs = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (at - 1 + needs > all)
            return (int)(at - 1);
    }
    return (int)all;
}

/* Of ordinary text nobody asks why it is text. */
static bool looks_typed(const struct pf_reason *reason)
{
    static const char marks[] = "0123456789+-.,";

    return reason->text[0] != 0 && strchr(marks, reason->text[0]) != NULL;
}

bool pf_reason_text(const struct pf_reason *reason, const struct pf_evidence *evidence, char to[PF_REASON_TEXT])
{
    struct pf_evidence before = { .values = 1, .refuted = reason->before, .witnessed = PF_SAW_NUMBER };
    const uint64_t left = PF_ALL & ~evidence->refuted;
    struct pf_target target;
    char type[32];

    to[0] = '\0';
    if (reason->size > 0) {
        const char *dots = reason->size > sizeof reason->text ? "..." : "";
        if (reason->before == 0 && !looks_typed(reason))
            return false;
        pf_evidence_decide(&before, &target);
        if (reason->cell && looks_typed(reason))
            (void)snprintf(to, PF_REASON_TEXT, "'%.*s%s' is stored as text", shown_size(reason), (const char *)reason->text,
                           dots);
        else if (reason->before == 0 || target.field.type == PF_TYPE_STRING)
            (void)snprintf(to, PF_REASON_TEXT, "'%.*s%s' fits no type", shown_size(reason), (const char *)reason->text, dots);
        else
            (void)snprintf(to, PF_REASON_TEXT, "'%.*s%s' does not fit %s", shown_size(reason), (const char *)reason->text, dots,
                           pf_type_text(&target.field, type));
    } else if (evidence->values != 0 && (left & PF_DMY) != 0 && (left & PF_MDY) != 0) {
        (void)snprintf(to, PF_REASON_TEXT, "dates whose day and month may stand in either order");
    } else if (evidence->values != 0 && pf_evidence_is_text(evidence)) {
        (void)snprintf(to, PF_REASON_TEXT, "values of different types");
    }
    return to[0] != '\0';
}

int64_t pf_evidence_count(struct pf_evidence *evidence, const struct pf_text_column *text, int64_t rows)
{
    int64_t blank = 0, errors = 0;

    for (int64_t row = 0; row < rows; row++)
        blank += text->size[row] == 0;
    for (int64_t row = 0; text->marked != 0 && row < rows; row++)
        errors += text->kind[row] == PF_TEXT_ERROR;
    evidence->errors += (uint64_t)errors;
    evidence->values += (uint64_t)(rows - blank - errors);
    evidence->empties += (uint64_t)(blank - text->nulls);
    evidence->nulls += (uint64_t)text->nulls;
    return blank;
}

void pf_evidence_add(struct pf_evidence *to, const struct pf_text_column *text, int64_t rows)
{
    (void)pf_evidence_count(to, text, rows);
    pf_evidence_scan(to, text, 0, rows);
}
