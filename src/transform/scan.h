/* One value's text as a type, inline for the loops over columns. All of these may read up to 32 bytes past the text, which text
 * columns allow, and none is given an empty text. */
#ifndef PF_TRANSFORM_SCAN_H
#define PF_TRANSFORM_SCAN_H

#include "base/date_core.h"
#include "base/number_core.h"
#include "base/swar.h"
#include "transform/pattern.h"

/* The values of a column lie a record apart: each is a cache line of its own, so the loops ask for them well ahead. */
static inline void pf_prefetch_text(const struct pf_text_column *text, int64_t row, int64_t rows)
{
    const int64_t ahead = 24;

    __builtin_prefetch(text->bytes + text->offset[row + ahead < rows ? row + ahead : row]);
}

/* ---- bool */

/* "true" or "false" in any case. */
static inline bool pf_scan_bool(const uint8_t *at, uint32_t size, bool *value)
{
    const uint64_t word = pf_load8(at) | PF_EACH_BYTE(0x20);

    *value = size == 4;
    return (size == 4 && (uint32_t)word == 0x65757274) || (size == 5 && (word << 24) == UINT64_C(0x65736c6166000000));
}

/* ---- numbers */

/* Only what pf_print_int64 prints. */
static inline bool pf_scan_int64(const uint8_t *at, uint32_t size, int64_t *value)
{
    const uint32_t negative = *at == '-', count = size - negative;
    uint64_t first, bad, total;

    at += negative;
    first = pf_load8(at) ^ PF_EACH_BYTE('0');
    if ((uint8_t)first == 0 && size > 1) /* "007", "-0", "-007" */
        return false;
    if (PF_LIKELY(count <= 8)) {
        first = pf_align_digits(first, count);
        bad = pf_not_digits(first) | (count == 0);
        total = pf_join8(first);
    } else if (count <= 16) {
        const uint64_t second = pf_align_digits(pf_load8(at + 8) ^ PF_EACH_BYTE('0'), count - 8);

        bad = pf_not_digits(first) | pf_not_digits(second);
        total = pf_join8(first) * pf_integer_powers[count - 8] + pf_join8(second);
    } else {
        const uint64_t second = pf_load8(at + 8) ^ PF_EACH_BYTE('0');
        uint64_t third;

        if (count > 19)
            return false;
        third = pf_align_digits(pf_load8(at + 16) ^ PF_EACH_BYTE('0'), count - 16);
        bad = pf_not_digits(first) | pf_not_digits(second) | pf_not_digits(third);
        total = (pf_join8(first) * UINT64_C(100000000) + pf_join8(second)) * pf_integer_powers[count - 16] + pf_join8(third);
        bad |= total > (uint64_t)INT64_MAX + negative;
    }
    *value = (int64_t)((total ^ (0 - (uint64_t)negative)) + negative);
    return bad == 0;
}

/* Whether a double keeps all digits of the integer. */
static inline bool pf_double_keeps(int64_t value)
{
    const uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    return magnitude <= UINT64_C(1) << 53 || pf_keeps_digits(magnitude, 0, pf_bits_of((double)magnitude));
}

/* "NaN", "inf", "-inf": the words that are printed for what is no ordinary number. */
static inline bool pf_scan_float_word(const uint8_t *at, uint32_t size, double *value)
{
    const uint32_t word = pf_load4(at);

    if (size == 3 && (word << 8) == 0x4e614e00) {
        *value = (double)__builtin_nanf("");
        return true;
    }
    if (size == 3 && (word << 8) == 0x666e6900) {
        *value = (double)__builtin_inff();
        return true;
    }
    if (size == 4 && word == 0x666e692d) {
        *value = (double)-__builtin_inff();
        return true;
    }
    return false;
}

/* A number in a form whose digits print back. */
static inline bool pf_scan_float64(const uint8_t *at, uint32_t size, double *value)
{
    struct pf_number number;

    if (!pf_scan_number(at, size, &number) || number.leading_zero || number.bare_point || number.plus || number.cut)
        return false;
    *value = pf_number_double(&number);
    return pf_keeps_digits(number.digits, number.power, pf_bits_of(*value) & ~(UINT64_C(1) << 63));
}

/* The common shape of fractions: 1 to 8 digits, a point, 1 to 18 digits, 19 in all. printed: it is known to be what is printed for a
 * double. false = not that, which says nothing yet. */
static inline bool pf_scan_printed(const uint8_t *at, uint32_t size, bool printed, double *value)
{
    const uint32_t negative = *at == '-', count = size - negative;
    uint64_t whole, part, digits, bad;
    uint32_t before, behind;
    double result;

    at += negative;
    whole = pf_load8(at) ^ PF_EACH_BYTE('0');
    before = pf_digit_run(whole);
    behind = count - before - 1; /* wraps to a large number when there is no room for a point */
    if (behind - 1 > 17 || before == 0 || at[before] != '.' || ((uint8_t)whole == 0 && before > 1))
        return false;
    part = pf_load8(at + before + 1) ^ PF_EACH_BYTE('0');
    digits = pf_join8(pf_align_digits(whole, before));
    if (PF_LIKELY(behind <= 8)) {
        part = pf_align_digits(part, behind);
        bad = pf_not_digits(part);
        digits = digits * pf_integer_powers[behind] + pf_join8(part);
    } else {
        const uint32_t second = behind < 16 ? behind - 8 : 8, third = behind - 8 - second;
        const uint64_t rest = pf_align_digits(pf_load8(at + before + 9) ^ PF_EACH_BYTE('0'), second);

        if (before + behind > 19)
            return false;
        bad = pf_not_digits(part) | pf_not_digits(rest);
        digits = digits * 100000000 + pf_join8(part);
        digits = digits * pf_integer_powers[second] + pf_join8(rest);
        if (PF_UNLIKELY(third != 0)) { /* leading zeros mostly: 0.012345678901234567 */
            const uint64_t last = pf_align_digits(pf_load8(at + before + 17) ^ PF_EACH_BYTE('0'), third);

            bad |= pf_not_digits(last);
            digits = digits * pf_integer_powers[third] + pf_join8(last);
        }
    }
    if (bad)
        return false;
    if (PF_LIKELY(digits < pf_integer_powers[PF_DIGITS_CERTAIN])) {
        result = (double)digits / pf_exact_powers[behind];
    } else {
        uint64_t bits;

        if (!pf_round_decimal(digits, -(int32_t)behind, false, PF_DOUBLE_BITS, PF_DOUBLE_LOWEST, &bits) ||
            !(printed || pf_keeps_digits(digits, -(int32_t)behind, bits)))
            return false;
        result = pf_double_of(bits);
    }
    *value = pf_double_of(pf_bits_of(result) | (uint64_t)negative << 63);
    return true;
}

static inline bool pf_scan_fraction(const uint8_t *at, uint32_t size, double *value)
{
    return pf_scan_printed(at, size, false, value);
}

/* ---- dates */

#define PF_DATE_DASHES  UINT64_C(0x2D30302D30303030) /* "0000-00-" */
#define PF_DATE_SLASHES UINT64_C(0x2F30302F30303030)

/* Ten bytes YYYY-MM-DD; form is one of the two above. */
static inline bool pf_scan_ymd(const uint8_t *at, uint64_t form, int32_t *days)
{
    const uint64_t head = pf_load8(at) ^ form, pairs = head * 10 + (head >> 8);
    const uint32_t tail = pf_load2(at + 8) ^ 0x3030;
    const uint64_t bad =
        (((head + UINT64_C(0x7F76767F76767676)) | head) & PF_EACH_BYTE(0x80)) | (((tail + 0x7676) | tail) & 0x8080);
    const uint32_t year = (uint32_t)(pairs & 0xFF) * 100 + (uint32_t)(pairs >> 16 & 0xFF);
    const uint32_t month = (uint32_t)(pairs >> 40 & 0xFF), day = (tail & 0xFF) * 10 + (tail >> 8);

    if (PF_UNLIKELY(bad) || PF_UNLIKELY(!pf_is_day(year, month, day)))
        return false;
    *days = pf_days_of(year, month, day);
    return true;
}

/* One or two digits; moves *at behind them. */
static inline bool pf_take_pair(const uint8_t **at, uint32_t *value, bool *zero, bool *single)
{
    const uint32_t first = (uint32_t)(*at)[0] - '0', second = (uint32_t)(*at)[1] - '0';

    if (first > 9)
        return false;
    *zero |= first == 0;
    if (second > 9) {
        *single = true;
        *value = first;
        *at += 1;
    } else {
        *value = first * 10 + second;
        *at += 2;
    }
    return true;
}

/* Day and month in either order, then the year. days[0]: day first, days[1]: month first. Returns the candidates that stay. */
static inline uint64_t pf_scan_dmy(const uint8_t *at, uint32_t size, int32_t days[2])
{
    const uint8_t *end = at + size;
    uint32_t first, second, year, kind;
    bool zero = false, single = false;
    uint64_t digits, forms, keep = 0;

    if (size < 8 || size > 10 || !pf_take_pair(&at, &first, &zero, &single))
        return 0;
    if (*at != '/' && *at != '-' && *at != '.')
        return 0;
    kind = *at == '/' ? 0 : *at == '-' ? 1 : 2;
    at++;
    if (!pf_take_pair(&at, &second, &zero, &single) || *at != "/-."[kind] || end - at != 5)
        return 0;
    digits = pf_align_digits(pf_load8(at + 1) ^ PF_EACH_BYTE('0'), 4);
    if (pf_not_digits(digits))
        return 0;
    year = pf_join8(digits);
    forms = (single ? 0 : PF_BIT(kind)) | (zero ? 0 : PF_BIT(kind + 3));
    if (pf_is_day(year, second, first)) {
        days[0] = pf_days_of(year, second, first);
        keep |= forms << PF_CAN_DMY;
    }
    if (pf_is_day(year, first, second)) {
        days[1] = pf_days_of(year, first, second);
        keep |= forms << PF_CAN_MDY;
    }
    return keep;
}

/* ---- timestamps */

static inline bool pf_two_digits(const uint8_t *at, uint32_t *value)
{
    const uint32_t first = (uint32_t)at[0] - '0', second = (uint32_t)at[1] - '0';

    *value = first * 10 + second;
    return first <= 9 && second <= 9;
}

/* "Z", "+02:00", "+0200", "+02", to the end of the text. */
static inline bool pf_scan_zone(const uint8_t *at, const uint8_t *end, int64_t *offset)
{
    const int64_t minute = 60000000;
    const ptrdiff_t size = end - at;
    uint32_t hours, minutes = 0;

    *offset = 0;
    if (*at == 'Z')
        return size == 1;
    if ((*at != '+' && *at != '-') || (size != 3 && size != 5 && size != 6) || !pf_two_digits(at + 1, &hours))
        return false;
    if (size == 6 && at[3] != ':')
        return false;
    if (size > 3 && !pf_two_digits(end - 2, &minutes))
        return false;
    *offset = (int64_t)(hours * 60 + minutes) * (*at == '-' ? -minute : minute);
    return hours <= 23 && minutes <= 59;
}

/* at: behind the point. Moves *at behind the digits. Digits that microseconds cannot hold must be zeros. */
static inline bool pf_scan_micros(const uint8_t **at, const uint8_t *end, uint32_t *micros, uint64_t *keep)
{
    const uint64_t digits = pf_load8(*at) ^ PF_EACH_BYTE('0');
    const uint32_t left = (uint32_t)(end - *at);
    uint32_t count = pf_digit_run(digits), kept;

    count = count > left ? left : count;
    if (count == 8 && left > 8 && (*at)[8] == '0')
        count = 9;
    if (count == 0 || (count > 6 && pf_align_digits(digits >> 48, (count > 8 ? 8 : count) - 6) != 0))
        return false;
    kept = count > 6 ? 6 : count;
    *micros = pf_join8(pf_align_digits(digits, kept)) * (uint32_t)pf_integer_powers[6 - kept];
    *keep = PF_BIT(PF_CAN_SECONDS + count);
    if (*micros != 0 && count <= 6) {
        *keep |= (*at)[count - 1] != '0' ? PF_BIT(PF_CAN_TRIMMED) : 0;
        *keep |= count == 6 ? PF_BIT(PF_CAN_0_OR_6) : 0;
        *keep |= count == 3 || (count == 6 && *micros % 1000 != 0) ? PF_BIT(PF_CAN_0_3_6) : 0;
    }
    *at += count;
    return true;
}

/* "10:20:30", with a point and a fraction or without. */
static inline bool pf_scan_time(const uint8_t *at, uint32_t size, int64_t *micros)
{
    const uint8_t *end = at + size;
    uint32_t hour, minute, second, fraction = 0;
    uint64_t ignored;

    if (size < 8 || at[2] != ':' || at[5] != ':' || !pf_two_digits(at, &hour) || !pf_two_digits(at + 3, &minute) ||
        !pf_two_digits(at + 6, &second) || hour > 23 || minute > 59 || second > 59)
        return false;
    at += 8;
    if (at < end && (*at++ != '.' || !pf_scan_micros(&at, end, &fraction, &ignored)))
        return false;
    *micros = (hour * 3600 + minute * 60 + second) * INT64_C(1000000) + fraction;
    return at == end;
}

/* The candidates that a time without fraction leaves. */
#define PF_WHOLE_SECONDS (PF_BIT(PF_CAN_SECONDS) | PF_BIT(PF_CAN_TRIMMED) | PF_BIT(PF_CAN_0_OR_6) | PF_BIT(PF_CAN_0_3_6))

/* Microseconds of 0001-01-01 and 10000-01-01. */
#define PF_FIRST_MICROS INT64_C(-62135596800000000)
#define PF_END_MICROS   INT64_C(253402300800000000)

/* Returns the candidates that stay, 0 when the text is no timestamp. *micros: of UTC when there is a zone. */
static inline uint64_t pf_scan_timestamp(const uint8_t *at, uint32_t size, int64_t *micros)
{
    const uint8_t *end = at + size, separator = at[10];
    uint64_t time, pairs, bad, keep = PF_WHOLE_SECONDS;
    uint32_t hour, minute, second, fraction = 0;
    int64_t offset;
    int32_t days;

    if (size < 16 || (separator != ' ' && separator != 'T') || !pf_scan_ymd(at, PF_DATE_DASHES, &days))
        return 0;
    time = pf_load8(at + 11) ^ UINT64_C(0x30303A30303A3030); /* "00:00:00" */
    if (PF_LIKELY(size >= 19 && at[16] == ':')) {
        at += 19;
    } else {
        time = time << 24 >> 24; /* no seconds: they count as zero */
        keep = PF_BIT(PF_CAN_MINUTES);
        at += 16;
    }
    bad = ((time + UINT64_C(0x76767F76767F7676)) | time) & PF_EACH_BYTE(0x80);
    pairs = time * 10 + (time >> 8);
    hour = (uint32_t)(pairs & 0xFF);
    minute = (uint32_t)(pairs >> 24 & 0xFF);
    second = (uint32_t)(pairs >> 48 & 0xFF);
    if (PF_UNLIKELY(bad) || hour > 23 || minute > 59 || second > 59)
        return 0;
    if (at < end && *at == '.' && keep != PF_BIT(PF_CAN_MINUTES)) {
        at++;
        if (!pf_scan_micros(&at, end, &fraction, &keep))
            return 0;
    }
    keep |= separator == ' ' ? PF_BIT(PF_CAN_BLANK) : PF_BIT(PF_CAN_T);
    *micros = days * INT64_C(86400000000) + (hour * 3600 + minute * 60 + second) * INT64_C(1000000) + fraction;
    if (at == end)
        return keep | PF_BIT(PF_CAN_NO_ZONE);
    if (!pf_scan_zone(at, end, &offset))
        return 0;
    *micros -= offset;
    if (*micros < PF_FIRST_MICROS || *micros >= PF_END_MICROS) /* the instant has no date that others can show */
        return 0;
    return keep | PF_BIT(PF_CAN_ZONE);
}

#endif
