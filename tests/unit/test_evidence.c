/* Evidence against its definition: a value fits a pattern if printing what it means under the pattern gives the text back. The
 * reference below does just that, slowly and with the C library, for every candidate. */
#include "support_column.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <time.h>

#include "base/number_core.h"
#include "support_float.h"
#include "support_random.h"
#include "transform/pattern.h"

/* ---- the reference */

/* What a text means under a candidate. */
struct meaning {
    int64_t integer;
    double number;
    int64_t days[3]; /* year first, day first, month first */
    int64_t micros;
};

static bool all_of(const char *text, const char *set)
{
    return text[strspn(text, set)] == '\0';
}

static bool is_civil(int year, int month, int day, int64_t *days)
{
    struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
    const struct tm asked = tm;
    time_t seconds;

    if (year < 1 || year > 9999)
        return false;
    seconds = timegm(&tm);
    *days = (int64_t)(seconds / 86400);
    return tm.tm_year == asked.tm_year && tm.tm_mon == asked.tm_mon && tm.tm_mday == asked.tm_mday;
}

static uint64_t refer_integer(const char *text, struct meaning *out)
{
    char again[32];

    if (!all_of(text, "-0123456789"))
        return 0;
    errno = 0;
    out->integer = strtoll(text, NULL, 10);
    (void)snprintf(again, sizeof again, "%lld", (long long)out->integer);
    return errno == 0 && strcmp(text, again) == 0 ? PF_BIT(PF_CAN_INT64) : 0;
}

/* The digits without point, sign, exponent and the zeros around. */
static void significant(const char *text, char to[128])
{
    size_t size = 0;

    for (; *text && *text != 'e' && *text != 'E' && size < 127; text++)
        if (isdigit((unsigned char)*text) && (size > 0 || *text != '0'))
            to[size++] = *text;
    while (size > 0 && to[size - 1] == '0')
        size--;
    to[size] = '\0';
}

static bool is_number_form(const char *text)
{
    const char *at = text + (*text == '-');
    const size_t whole = strspn(at, "0123456789");

    if (whole == 0 || (whole > 1 && *at == '0'))
        return false;
    at += whole;
    if (*at == '.') {
        const size_t fraction = strspn(++at, "0123456789");

        if (fraction == 0)
            return false;
        at += fraction;
    }
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '-' || at[1] == '+' ? 2 : 1;
        return *at != '\0' && all_of(at, "0123456789");
    }
    return *at == '\0';
}

static uint64_t refer_float(const char *text, struct meaning *out, bool *ordinary)
{
    char digits[128], shortest[128], printed[64];

    *ordinary = false;
    out->number = strtod(text, NULL);
    if (strcmp(text, "NaN") == 0 || strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0)
        return PF_BIT(PF_CAN_FLOAT64);
    if (!is_number_form(text) || isinf(out->number))
        return 0;
    shortest_text(out->number, printed);
    significant(text, digits);
    significant(printed, shortest);
    *ordinary = strcmp(digits, shortest) == 0;
    return *ordinary ? PF_BIT(PF_CAN_FLOAT64) : 0;
}

/* Three numbers with the mark between them. */
static bool split(const char *text, char mark, int parts[3])
{
    for (int i = 0; i < 3; i++) {
        char *end;

        parts[i] = (int)strtol(text, &end, 10);
        if (end == text || end - text > 4 || *end != (i < 2 ? mark : '\0'))
            return false;
        text = end + 1;
    }
    return true;
}

static uint64_t refer_date(const char *text, struct meaning *out)
{
    static const char marks[] = "/-.";
    uint64_t keep = 0;
    char again[64];
    int part[3];

    for (int mark = 0; mark < 3; mark++) {
        const char m = marks[mark];

        if (!split(text, m, part))
            continue;
        (void)snprintf(again, sizeof again, "%04d%c%02d%c%02d", part[0], m, part[1], m, part[2]);
        if (mark < 2 && strcmp(again, text) == 0 && is_civil(part[0], part[1], part[2], &out->days[0]))
            keep |= PF_BIT(mark == 0 ? PF_CAN_YMD_SLASH : PF_CAN_YMD_DASH);
        for (int bare = 0; bare < 2; bare++) {
            (void)snprintf(again, sizeof again, "%0*d%c%0*d%c%04d", 2 - bare, part[0], m, 2 - bare, part[1], m, part[2]);
            if (strcmp(again, text) != 0)
                continue;
            if (is_civil(part[2], part[1], part[0], &out->days[1]))
                keep |= PF_BIT(PF_CAN_DMY + mark + 3 * bare);
            if (is_civil(part[2], part[0], part[1], &out->days[2]))
                keep |= PF_BIT(PF_CAN_MDY + mark + 3 * bare);
        }
    }
    return keep;
}

/* The number that count digits make; -1 = they are not digits. */
static int number_at(const char *text, size_t at, size_t count)
{
    int value = 0;

    for (size_t i = 0; i < count; i++) {
        if (!isdigit((unsigned char)text[at + i]))
            return -1;
        value = value * 10 + (text[at + i] - '0');
    }
    return value;
}

/* The offset in minutes; false = no zone. */
static bool refer_zone(const char *text, int *offset)
{
    const int sign = *text == '-' ? -1 : 1;
    const char *at = text + 1;
    char digits[8] = "";
    int value;

    *offset = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if (*text != '+' && *text != '-')
        return false;
    if (strlen(at) == 5 && at[2] == ':')
        (void)snprintf(digits, sizeof digits, "%.2s%s", at, at + 3);
    else if (strlen(at) == 4)
        (void)snprintf(digits, sizeof digits, "%s", at);
    else if (strlen(at) == 2)
        (void)snprintf(digits, sizeof digits, "%s00", at);
    value = number_at(digits, 0, 4);
    if (value < 0)
        return false;
    *offset = sign * (value / 100 * 60 + value % 100);
    return value / 100 <= 23 && value % 100 <= 59;
}

/* The fraction as each pattern prints it. */
static void print_fraction(int candidate, int micros, char to[16])
{
    char nine[16];
    size_t size = 0;

    (void)snprintf(nine, sizeof nine, "%06d000", micros);
    if (candidate < PF_CAN_TRIMMED) {
        size = (size_t)(candidate - PF_CAN_SECONDS);
    } else if (micros != 0 && candidate == PF_CAN_TRIMMED) {
        for (size = 6; nine[size - 1] == '0'; size--)
            ;
    } else if (micros != 0) {
        size = candidate == PF_CAN_0_3_6 && micros % 1000 == 0 ? 3 : 6;
    }
    (void)snprintf(to, 16, "%s%.*s", size ? "." : "", (int)size, nine);
}

/* The numbers of a timestamp, and what stands behind them. */
struct moment {
    int year, month, day, hour, minute, second, micros;
    const char *zone;
};

static bool split_timestamp(const char *text, struct moment *out)
{
    size_t fraction = 0, at = 16;

    *out = (struct moment){ 0 };
    if (strlen(text) < 16 || strlen(text) > 40 || text[4] != '-' || text[7] != '-' || !strchr(" T", text[10]) ||
        text[13] != ':')
        return false;
    out->year = number_at(text, 0, 4);
    out->month = number_at(text, 5, 2);
    out->day = number_at(text, 8, 2);
    out->hour = number_at(text, 11, 2);
    out->minute = number_at(text, 14, 2);
    if (text[16] == ':') {
        out->second = number_at(text, 17, 2);
        at = out->second < 0 ? at : 19;
    }
    if (at == 19 && text[19] == '.') {
        char digits[16];

        fraction = strspn(text + 20, "0123456789");
        (void)snprintf(digits, sizeof digits, "%.*s000000", fraction > 6 ? 6 : (int)fraction, text + 20);
        out->micros = number_at(digits, 0, 6);
        at = 20 + fraction;
    }
    out->zone = text + at;
    return fraction <= 9 && out->year > 0 && out->hour >= 0 && out->hour <= 23 && out->minute >= 0 && out->minute <= 59 &&
           out->second >= 0 && out->second <= 59;
}

static uint64_t refer_timestamp(const char *text, struct meaning *out)
{
    const int64_t first = INT64_C(-62135596800000000), end = INT64_C(253402300800000000);
    struct moment m;
    int offset = 0;
    uint64_t keep = 0;
    int64_t days = 0;
    bool zoned;

    if (!split_timestamp(text, &m) || !is_civil(m.year, m.month, m.day, &days))
        return 0;
    zoned = refer_zone(m.zone, &offset);
    out->micros = ((days * 24 + m.hour) * 60 + m.minute - offset) * 60000000 + m.second * INT64_C(1000000) + m.micros;
    if ((*m.zone && !zoned) || (zoned && (out->micros < first || out->micros >= end)))
        return 0;
    for (int candidate = PF_CAN_SECONDS; candidate <= PF_CAN_MINUTES; candidate++) {
        char date[80], seconds[32] = "", fraction[16], printed[200];

        (void)snprintf(date, sizeof date, "%04d-%02d-%02d%c%02d:%02d", m.year, m.month, m.day, text[10], m.hour, m.minute);
        print_fraction(candidate, m.micros, fraction);
        if (candidate != PF_CAN_MINUTES)
            (void)snprintf(seconds, sizeof seconds, ":%02d%s", m.second, fraction);
        (void)snprintf(printed, sizeof printed, "%s%s%s", date, seconds, m.zone);
        if (strcmp(printed, text) == 0)
            keep |= PF_BIT(candidate);
    }
    return keep ? keep | PF_BIT(text[10] == ' ' ? PF_CAN_BLANK : PF_CAN_T) | PF_BIT(zoned ? PF_CAN_ZONE : PF_CAN_NO_ZONE) : 0;
}

/* The candidates that a text leaves, by the definition. */
static uint64_t refer(const char *text, struct meaning *out, bool *ordinary)
{
    uint64_t keep =
        refer_integer(text, out) | refer_float(text, out, ordinary) | refer_date(text, out) | refer_timestamp(text, out);

    if (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0)
        keep |= PF_BIT(PF_CAN_BOOL);
    return keep;
}

/* ---- random texts */

enum { TEXT = 64 };

static void random_fraction(struct random *random, char to[16])
{
    static const uint32_t units[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
    const uint32_t digits = 1 + random_below(random, 10);
    const uint32_t micros =
        random_below(random, 1000000) / units[random_below(random, 7)] * units[random_below(random, 7)] % 1000000;

    if (random_below(random, 3) == 0)
        to[0] = '\0';
    else
        (void)snprintf(to, 16, ".%.*s", (int)digits,
                       (char[]){ (char)('0' + micros / 100000), (char)('0' + micros / 10000 % 10),
                                 (char)('0' + micros / 1000 % 10), (char)('0' + micros / 100 % 10),
                                 (char)('0' + micros / 10 % 10), (char)('0' + micros % 10), '0', '0', '0',
                                 random_below(random, 9) ? '0' : '1', '\0' });
}

static void random_timestamp(struct random *random, uint32_t kind, char *to)
{
    static const char *const zones[] = { "", "Z", "+02:00", "-05:30", "+0100", "-11", "+23:59", "+9", "Z+01:00", " Z" };
    char fraction[16];
    const char separator = kind % 2 ? 'T' : ' ', *zone = kind < 6 ? "" : zones[random_below(random, 10)];
    const uint32_t year = random_below(random, 20) ? 1900 + random_below(random, 200) : random_below(random, 10100);

    random_fraction(random, fraction);
    if (kind % 3 == 0)
        fraction[0] = '\0';
    if (random_below(random, 12) == 0)
        (void)snprintf(to, TEXT, "%04u-%02u-%02u%c%02u:%02u%s", year, 1 + random_below(random, 12),
                       1 + random_below(random, 28), separator, random_below(random, 24), random_below(random, 60), zone);
    else
        (void)snprintf(to, TEXT, "%04u-%02u-%02u%c%02u:%02u:%02u%s%s", year, 1 + random_below(random, 12),
                       1 + random_below(random, 31), separator, random_below(random, 24), random_below(random, 60),
                       random_below(random, 60), fraction, zone);
}

static void random_date(struct random *random, uint32_t kind, char *to)
{
    const uint32_t year = random_below(random, 20) ? 1900 + random_below(random, 200) : random_below(random, 10100);
    const uint32_t large = 1 + random_below(random, 31), small = 1 + random_below(random, 12), form = (kind - 2) % 6;
    const char mark = kind < 2 ? "-/"[kind] : "/-."[form / 2];

    if (kind < 2)
        (void)snprintf(to, TEXT, "%04u%c%02u%c%02u", year, mark, small, mark, large);
    else
        (void)snprintf(to, TEXT, "%0*u%c%0*u%c%04u", form % 2 ? 1 : 2, kind < 8 ? large : small, mark, form % 2 ? 1 : 2,
                       kind < 8 ? small : large, mark, year);
}

static void random_number(struct random *random, uint32_t kind, char *to)
{
    const int64_t integer = (int64_t)random_bits(random) >> random_below(random, 64);

    switch (kind) {
    case 0:
        (void)snprintf(to, TEXT, "%lld", (long long)integer);
        break;
    case 1:
        (void)snprintf(to, TEXT, "%d", (int)random_below(random, 2000) - 1000);
        break;
    case 2:
        (void)snprintf(to, TEXT, "%.*f", (int)random_below(random, 12), (double)(integer % 100000000) / 1e4);
        break;
    case 3:
        (void)snprintf(to, TEXT, "%.*g", 1 + (int)random_below(random, 19), (double)integer / 1e9);
        break;
    case 4:
        (void)snprintf(to, TEXT, "%.*e", (int)random_below(random, 18),
                       ldexp((double)integer, (int)random_below(random, 2000) - 1000));
        break;
    default:
        (void)snprintf(to, TEXT, "%lld%0*d", (long long)integer, (int)random_below(random, 8), 0);
        break;
    }
}

/* Now and then something goes wrong with a text. */
static void damage(struct random *random, char *text)
{
    static const char letters[] = "0123456789-+.:/TZ eEnNif";
    const size_t size = strlen(text), at = random_below(random, (uint32_t)size + 1);
    const char letter = letters[random_below(random, sizeof letters - 1)];

    if (random_below(random, 2) && at < size) {
        text[at] = letter;
    } else if (random_below(random, 2) && at < size) {
        memmove(text + at, text + at + 1, size - at);
    } else if (size < TEXT - 1) {
        memmove(text + at + 1, text + at, size - at + 1);
        text[at] = letter;
    }
}

static void random_text(struct random *random, uint32_t kind, uint32_t harm, char *to)
{
    static const char *const words[] = { "true", "false", "True", "FALSE", "NaN",  "inf", "-inf",
                                         "t",    "nan",   "0",    "-0",    "text", "-" };

    kind %= 30;
    if (kind < 8)
        random_number(random, kind < 6 ? kind : random_below(random, 6), to);
    else if (kind < 18)
        random_date(random, kind - 8 + (random_below(random, 10) ? 0 : random_below(random, 14)), to);
    else if (kind < 27)
        random_timestamp(random, kind - 18, to);
    else if (kind == 27)
        (void)snprintf(to, TEXT, "%s", words[random_below(random, 4)]);
    else
        (void)snprintf(to, TEXT, "%s", words[random_below(random, PF_COUNT(words))]);
    if (random_below(random, 100) < harm)
        damage(random, to);
}

/* ---- single values */

static void every_value_refutes_what_it_should(void **state)
{
    struct random random = { 7 };

    (void)state;
    for (int i = 0; i < 300000; i++) {
        char text[TEXT + 1];
        const char *value = text;
        struct pf_evidence evidence = { 0 }, expected = { 0 };
        struct meaning meaning;
        struct column column;
        bool ordinary;

        random_text(&random, random_below(&random, 30), 40, text);
        if (text[0] == '\0')
            continue;
        expected.values = 1;
        expected.refuted = PF_ALL & ~refer(text, &meaning, &ordinary);
        expected.witnessed = ordinary ? PF_SAW_NUMBER : 0;
        pf_evidence_close(&expected);
        column = column_new(&value, 1);
        pf_evidence_add(&evidence, &column.text, 1);
        expected.unlike = evidence.unlike; /* test_number_form.c */
        if (memcmp(&evidence, &expected, sizeof evidence) != 0)
            fail_msg("'%s' leaves %llx and witnesses %llx, expected %llx and %llx", text,
                     (unsigned long long)(PF_ALL & ~evidence.refuted), (unsigned long long)evidence.witnessed,
                     (unsigned long long)(PF_ALL & ~expected.refuted), (unsigned long long)expected.witnessed);
        column_free(&column);
    }
}

/* ---- columns */

enum { ROWS = 40 };

/* A random column; the texts are in texts. */
static struct column random_column(struct random *random, char texts[ROWS][TEXT + 1], const char *values[ROWS])
{
    const uint32_t kind = random_below(random, 30), other = random_below(random, 4) ? kind : random_below(random, 30);
    const uint32_t harm = random_below(random, 3) ? 0 : random_below(random, 10), blank = random_below(random, 4) ? 0 : 30;
    const int64_t rows = 1 + random_below(random, ROWS);

    for (int64_t i = 0; i < rows; i++) {
        random_text(random, random_below(random, 2) ? kind : other, harm, texts[i]);
        values[i] = random_below(random, 100) >= blank ? texts[i] : random_below(random, 2) ? COLUMN_NULL : COLUMN_EMPTY;
    }
    return column_new(values, rows);
}

static struct pf_text_column slice(const struct column *column, int64_t from, int64_t rows)
{
    struct pf_text_column text = column->text;

    text.offset += from;
    text.size += from;
    text.kind += from;
    text.nulls = text.total = 0;
    for (int64_t i = 0; i < rows; i++) {
        text.nulls += text.kind[i] == PF_TEXT_NULL;
        text.total += text.size[i];
    }
    return text;
}

static void evidence_does_not_depend_on_order(void **state)
{
    struct random random = { 8 };

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char texts[ROWS][TEXT + 1];
        const char *values[ROWS];
        struct column column = random_column(&random, texts, values), shuffled;
        struct pf_evidence whole = { 0 }, parts = { 0 }, other = { 0 };

        pf_evidence_add(&whole, &column.text, column.rows);
        /* in parts, merged from either side */
        for (int64_t at = 0; at < column.rows;) {
            const int64_t rows = 1 + random_below(&random, (uint32_t)(column.rows - at));
            const struct pf_text_column text = slice(&column, at, rows);
            struct pf_evidence part = { 0 };

            pf_evidence_add(&part, &text, rows);
            if (random_below(&random, 2)) {
                pf_evidence_merge(&parts, &part);
            } else {
                pf_evidence_merge(&part, &parts);
                parts = part;
            }
            at += rows;
        }
        CHECK(memcmp(&whole, &parts, sizeof whole) == 0);
        /* in another order */
        for (int64_t row = column.rows - 1; row > 0; row--) {
            const uint32_t with = random_below(&random, (uint32_t)row + 1);
            const char *swap = values[row];

            values[row] = values[with];
            values[with] = swap;
        }
        shuffled = column_new(values, column.rows);
        pf_evidence_add(&other, &shuffled.text, shuffled.rows);
        CHECK(memcmp(&whole, &other, sizeof whole) == 0);
        column_free(&column);
        column_free(&shuffled);
    }
}

/* The candidates under which the target's values would be what they are. */
static uint64_t candidates_of(const struct pf_target *target)
{
    switch (target->field.type) {
    case PF_TYPE_BOOL:
        return PF_BIT(PF_CAN_BOOL);
    case PF_TYPE_INT64:
        return PF_BIT(PF_CAN_INT64);
    case PF_TYPE_FLOAT64:
        return PF_BIT(PF_CAN_FLOAT64);
    case PF_TYPE_DATE32:
        return pf_date_order(target->pattern);
    default:
        return PF_BIT(target->field.utc ? PF_CAN_ZONE : PF_CAN_NO_ZONE);
    }
}

static void check_value(const struct pf_target *target, const struct ArrowArray *array, int64_t row, const char *text)
{
    const void *data = pf_array_data(array);
    struct meaning meaning = { 0 };
    bool ordinary, same;

    (void)refer(text, &meaning, &ordinary);
    switch (target->field.type) {
    case PF_TYPE_BOOL:
        same = pf_bit(data, row) == (tolower((unsigned char)*text) == 't');
        break;
    case PF_TYPE_INT64:
        same = ((const int64_t *)data)[row] == meaning.integer;
        break;
    case PF_TYPE_FLOAT64:
        same = pf_bits_of(((const double *)data)[row]) == pf_bits_of(meaning.number) ||
               (isnan(meaning.number) && isnan(((const double *)data)[row]));
        break;
    case PF_TYPE_DATE32: {
        const uint64_t order = pf_date_order(target->pattern);

        same = ((const int32_t *)data)[row] == meaning.days[order == PF_YMD ? 0 : order == PF_DMY ? 1 : 2];
        break;
    }
    default:
        same = ((const int64_t *)data)[row] == meaning.micros;
    }
    if (!same)
        fail_msg("'%s' is cast to another value", text);
}

static void check_array(const struct pf_target *target, const struct ArrowArray *array, const struct column *column,
                        const char *const *values)
{
    int64_t nulls = 0;

    CHECK_INT(array->length, column->rows);
    for (int64_t row = 0; row < column->rows; row++) {
        const bool valid = !pf_array_validity(array) || pf_bit(pf_array_validity(array), row);
        const bool text = target->field.type == PF_TYPE_STRING;

        CHECK_INT(valid, text ? column->kind[row] != PF_TEXT_NULL : column->size[row] != 0);
        nulls += !valid;
        if (text) {
            const int32_t *offset = pf_array_offsets(array) + row;

            CHECK_INT(offset[1] - offset[0], column->size[row]);
            CHECK(memcmp(pf_array_bytes(array) + offset[0], column->bytes + column->offset[row], column->size[row]) == 0);
        } else if (valid) {
            check_value(target, array, row, values[row]);
        }
    }
    CHECK_INT(array->null_count, nulls);
}

/* Casts the column to the target, beginning with the given evidence; whole is what the column says by itself. */
static void check_cast(const struct pf_target *target, const struct column *column, const char *const *values,
                       const struct pf_evidence *before, const struct pf_evidence *whole, struct pf_memory *memory)
{
    struct pf_evidence evidence = *before, expected = *before;
    const uint64_t candidates = candidates_of(target);
    struct ArrowArray array;
    struct pf_error err;
    bool fits = false, should = target->field.type == PF_TYPE_STRING || whole->values == 0;

    pf_evidence_merge(&expected, whole);
    CHECK_OK(pf_cast_inferred(&column->text, column->rows, target, &evidence, memory, &array, &fits, &err), err);
    CHECK(memcmp(&evidence, &expected, sizeof evidence) == 0);
    should |= (candidates & ~expected.refuted) != 0;
    if (before->refuted == 0 && fits != should)
        fail_msg("type %d, pattern %u: fits is %d for a column with '%s'", (int)target->field.type, target->pattern, fits,
                 values[0]);
    CHECK_INT(array.release != NULL, fits);
    if (fits)
        check_array(target, &array, column, values);
    pf_array_free(&array);
}

static void casts_add_the_same_evidence_whatever_the_target(void **state)
{
    struct random random = { 9 };
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (int i = 0; i < 6000; i++) {
        char texts[ROWS][TEXT + 1];
        const char *values[ROWS];
        struct pf_evidence whole = { 0 };
        const struct pf_evidence nothing = { 0 }, all = { .refuted = PF_ALL };
        struct column column = random_column(&random, texts, values);
        struct pf_target target = { .field = { .name = "", .type = PF_TYPE_STRING } };

        pf_evidence_add(&whole, &column.text, column.rows);
        check_cast(&target, &column, values, &nothing, &whole, &memory);
        check_cast(&target, &column, values, &all, &whole, &memory);
        target.field.type = PF_TYPE_BOOL;
        check_cast(&target, &column, values, &nothing, &whole, &memory);
        target.field.type = PF_TYPE_INT64;
        check_cast(&target, &column, values, &nothing, &whole, &memory);
        target.field.type = PF_TYPE_FLOAT64;
        check_cast(&target, &column, values, &nothing, &whole, &memory);
        target.field.type = PF_TYPE_DATE32;
        for (target.pattern = 0; target.pattern < 14; target.pattern++)
            check_cast(&target, &column, values, &nothing, &whole, &memory);
        target.field.type = PF_TYPE_TIMESTAMP;
        target.pattern = 0;
        check_cast(&target, &column, values, &nothing, &whole, &memory);
        target.field.utc = true;
        check_cast(&target, &column, values, &nothing, &whole, &memory);
        /* What the evidence decides fits, and goes on fitting when the evidence is known before. */
        pf_evidence_decide(&whole, &target);
        check_cast(&target, &column, values, &whole, &whole, &memory);
        column_free(&column);
    }
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_refutes_what_it_should),
        cmocka_unit_test(evidence_does_not_depend_on_order),
        cmocka_unit_test(casts_add_the_same_evidence_whatever_the_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
