#include "support_unit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/number_core.h"
#include "support_float.h"
#include "support_random.h"

static const char *hex(double value)
{
    static char text[8][40];
    static int next;

    next = (next + 1) % 8;
    (void)snprintf(text[next], sizeof text[next], "%a", value);
    return text[next];
}

/* ---- integers */

static void integers_are_read_in_one_form_only(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        { "0", true, 0 },
        { "7", true, 7 },
        { "-7", true, -7 },
        { "12345678", true, 12345678 },
        { "123456789", true, 123456789 },
        { "1234567890123456", true, 1234567890123456 },
        { "12345678901234567", true, 12345678901234567 },
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "18446744073709551616", false, 0 },
        { "99999999999999999999", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "-0", false, 0 },
        { "00", false, 0 },
        { "007", false, 0 },
        { "-01", false, 0 },
        { "+1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "1.0", false, 0 },
        { "1e5", false, 0 },
        { "12345678x", false, 0 },
        { "1234567/", false, 0 },
        { "1234567:", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        int64_t value = 0;
        bool ok = pf_parse_int64((const uint8_t *)cases[i].text, strlen(cases[i].text), &value);

        if (ok != cases[i].ok || value != cases[i].value)
            fail_msg("'%s': %d, %lld", cases[i].text, ok, (long long)value);
    }
}

static void integers_survive_print_and_read(void **state)
{
    struct random random = { 1 };

    (void)state;
    for (int i = 0; i < 200000; i++) {
        const int64_t value = (int64_t)random_bits(&random) >> random_below(&random, 64);
        char text[PF_INT64_TEXT], expected[24];
        const size_t size = pf_print_int64(value, text);
        int64_t again = 0;

        (void)snprintf(expected, sizeof expected, "%lld", (long long)value);
        CHECK_INT(size, strlen(expected));
        CHECK(memcmp(text, expected, size) == 0);
        CHECK(pf_parse_int64((const uint8_t *)text, size, &again));
        CHECK_INT(again, value);
    }
    CHECK_INT(pf_print_int64(INT64_MIN, (char[PF_INT64_TEXT]){ 0 }), PF_INT64_TEXT);
}

/* ---- floats: reading, against the C library */

static void check_read(const char *text)
{
    const double expected = strtod(text, NULL);
    const float expected32 = strtof(text, NULL);
    struct pf_float_form form;
    double value = 0;
    float value32 = 0;

    if (!pf_parse_float64((const uint8_t *)text, strlen(text), &value, &form))
        fail_msg("'%s' is not read", text);
    if (pf_bits_of(value) != pf_bits_of(expected))
        fail_msg("'%s' is %s, expected %s", text, hex(value), hex(expected));
    CHECK(pf_parse_float32((const uint8_t *)text, strlen(text), &value32));
    if (value32 != expected32 || signbit(value32) != signbit(expected32))
        fail_msg("'%s' is %s as float32, expected %s", text, hex((double)value32), hex((double)expected32));
}

/* clang-format off */
static const char *const hard_floats[] = {
    "0", "-0", "0.0", "0e999999999999", "1", "-1", "0.1", "1e23", "8.5e22", "9007199254740993", "9007199254740992.5",
    "9007199254740993.00000000000000000000000000000001", "4503599627370496.5", "4503599627370497.5", "1e22", "1e-22",
    "123456789012345678901234567890", "0.000000000000000000000000000001234567890123456789012345", "5e-324",
    "2.4703282292062327e-324", "2.4703282292062328e-324", "2.47032822920623272088284396434110686182e-324",
    "2.47032822920623272088284396434110686183e-324", "1e-400", "1e-343", "1e-342", "1.8e-324", "2.2250738585072014e-308",
    "2.2250738585072011e-308", "2.225073858507201136e-308", "1.7976931348623157e308", "1.7976931348623158e308",
    "1.7976931348623159e308", "1.797693134862315807e308", "1.797693134862315808e308", "1e308", "1e309", "-1e309",
    "1e99999999999999999999", "1e-99999999999999999999", "1797693134862315708145274237317043567981e270",
    "6929871835017213e-2", "3.4028234663852886e38", "3.4028235677973366e38", "3.4028235677973367e38", "1.401298464324817e-45",
    "7.006492321624085e-46", "7.006492321624086e-46", "16777217", "16777219", "0.30000000000000004",
    "1.00000005960464477539062", "1.000000059604644775390625", "1.000000059604644775390626",
    "100000000000000000000000000000000000000000000000000000000",
};
/* clang-format on */

static void hard_floats_are_read_right(void **state)
{
    char text[1200];

    (void)state;
    for (size_t i = 0; i < PF_COUNT(hard_floats); i++)
        check_read(hard_floats[i]);
    /* more digits than any comparison keeps, the last of which decides */
    for (int nudge = 0; nudge < 2; nudge++) {
        const int size = snprintf(text, sizeof text, "9007199254740993.%0900d%d", 0, nudge);

        CHECK(size > 900);
        check_read(text);
    }
    (void)snprintf(text, sizeof text, "0.%0400d12345e400", 0);
    check_read(text);
    (void)snprintf(text, sizeof text, "12345%0400de-400", 0);
    check_read(text);
}

static void random_floats_are_read_right(void **state)
{
    struct random random = { 2 };
    char text[1400];

    (void)state;
    for (int i = 0; i < 60000; i++) {
        const double value = pf_double_of(random_bits(&random) & ~(UINT64_C(1) << 62)),
                     large = pf_double_of(random_bits(&random));
        const uint64_t digits = random_bits(&random) >> random_below(&random, 64);

        (void)snprintf(text, sizeof text, "%.17g", isfinite(value) ? value : 1.0);
        check_read(text);
        (void)snprintf(text, sizeof text, "%.*e", (int)random_below(&random, 40), isfinite(large) ? large : 1.0);
        check_read(text);
        (void)snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, (int)random_below(&random, 700) - 370);
        check_read(text);
        (void)snprintf(text, sizeof text, "%llu.%0*u", (unsigned long long)digits, 1 + (int)random_below(&random, 18),
                       random_below(&random, 1000000));
        check_read(text);
    }
}

/* The middle between two floats, written out in full, and a little more and less than that. */
static void middles_are_rounded_right(void **state)
{
    struct random random = { 3 };
    char text[1400];

    (void)state;
    for (int i = 0; i < 4000; i++) {
        const uint64_t whole = random_bits(&random) >> 11 | UINT64_C(1) << 52;
        const int exponent = i % 2 ? (int)random_below(&random, 120) - 90 : (int)random_below(&random, 1900) - 1070;
        const long double middle = ldexpl((long double)whole * 2 + 1, exponent);
        const double small = ldexp((double)(whole >> random_below(&random, 52)), -1074 - 1);
        const float single = ldexpf((float)(whole >> 30), (int)random_below(&random, 250) - 150);
        char *end = text + snprintf(text, sizeof text, "%.1100Le", middle);
        char *mantissa_end = strchr(text, 'e') - 1;

        CHECK(end > mantissa_end);
        check_read(text);
        *mantissa_end = '1';
        check_read(text);
        (void)snprintf(text, sizeof text, "%.1100e", small); /* half of it are middles between subnormal numbers */
        check_read(text);
        if (isfinite(single)) {
            (void)snprintf(text, sizeof text, "%.60e", ((double)single + (double)nextafterf(single, INFINITY)) / 2);
            check_read(text);
        }
    }
}

static void float_forms_are_told(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        struct pf_float_form form;
    } cases[] = {
        { "0", true, { .integer = true } },
        { "-0", true, { .integer = true } },
        { "12", true, { .digits = 2, .integer = true } },
        { "1200", true, { .digits = 2, .integer = true } },
        { "0.00120", true, { .digits = 2 } },
        { "1.50", true, { .digits = 2 } },
        { "10.5", true, { .digits = 3 } },
        { "1e5", true, { .digits = 1, .exponent = true } },
        { "1.5E-07", true, { .digits = 2, .exponent = true } },
        { "1e+5", true, { .digits = 1, .exponent = true } },
        { "+1", true, { .digits = 1, .integer = true, .plus = true } },
        { ".5", true, { .digits = 1, .leading_zero = true } },
        { "-.5", true, { .digits = 1, .leading_zero = true } },
        { "5.", true, { .digits = 1, .bare_point = true } },
        { "007.5", true, { .digits = 2, .leading_zero = true } },
        { "00", true, { .integer = true, .leading_zero = true } },
        { "0.12345678901234567890123", true, { .digits = 23 } },
        { "123456789012345678900", true, { .digits = 19, .integer = true } },
        { "", false, { 0 } },
        { ".", false, { 0 } },
        { "-", false, { 0 } },
        { "e5", false, { 0 } },
        { "1e", false, { 0 } },
        { "1e+", false, { 0 } },
        { "1e5.", false, { 0 } },
        { "1..2", false, { 0 } },
        { "1,5", false, { 0 } },
        { "0x10", false, { 0 } },
        { "inf", false, { 0 } },
        { "nan", false, { 0 } },
        { " 1", false, { 0 } },
        { "1 ", false, { 0 } },
        { "--1", false, { 0 } },
        { "1f", false, { 0 } },
    };
    struct pf_float_form long_form;
    double value;
    char text[400];

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        const struct pf_float_form *expected = &cases[i].form;
        struct pf_float_form form = { 0 };
        bool ok = pf_parse_float64((const uint8_t *)cases[i].text, strlen(cases[i].text), &value, &form);

        if (ok != cases[i].ok || form.digits != expected->digits || form.integer != expected->integer ||
            form.exponent != expected->exponent || form.leading_zero != expected->leading_zero ||
            form.bare_point != expected->bare_point || form.plus != expected->plus)
            fail_msg("'%s': %d, %d digits", cases[i].text, ok, form.digits);
    }
    memset(text, '7', sizeof text);
    CHECK(pf_parse_float64((const uint8_t *)text, sizeof text, &value, &long_form));
    CHECK_INT(long_form.digits, 255);
}

/* ---- floats: printing */

static void floats_print_as_written(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        { 0.0, "0" },
        { -0.0, "-0" },
        { 1, "1" },
        { -1.5, "-1.5" },
        { 0.1, "0.1" },
        { 0.30000000000000004, "0.30000000000000004" },
        { 100, "100" },
        { 123456, "123456" },
        { 1e15, "1000000000000000" },
        { 9007199254740992.0, "9007199254740992" },
        { 9999999999999998, "9999999999999998" },
        { 1e16, "1e16" },
        { 1.2345678901234568e17, "1.2345678901234568e17" },
        { 1e22, "1e22" },
        { 1e23, "1e23" },
        { 1e-6, "0.000001" },
        { 1.5e-6, "0.0000015" },
        { -1.2345678901234567e-6, "-0.0000012345678901234567" },
        { 1e-7, "1e-7" },
        { 9.5e-7, "9.5e-7" },
        { 5e-324, "5e-324" },
        { 2.2250738585072014e-308, "2.2250738585072014e-308" },
        { 1.7976931348623157e308, "1.7976931348623157e308" },
        { 0x1p-957, "8.209073602596753e-289" }, /* nearer to ...752, which reads as another number */
        { 2e-44, "2e-44" },
        { INFINITY, "inf" },
        { -INFINITY, "-inf" },
        { (double)NAN, "NaN" },
        { -(double)NAN, "NaN" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        char text[PF_FLOAT64_TEXT + 1];

        text[pf_print_float64(cases[i].value, text)] = '\0';
        CHECK_TEXT(text, cases[i].text);
    }
}

static int count_digits_of(const char *text)
{
    const char *at = text, *end = text + strcspn(text, "e");
    int count = 0;

    while (at < end && !(*at >= '1' && *at <= '9'))
        at++;
    while (end > at && !(end[-1] >= '1' && end[-1] <= '9'))
        end--;
    for (; at < end; at++)
        count += *at != '.';
    return count;
}

static void check_print(double value)
{
    char text[PF_FLOAT64_TEXT + 1], nearest[64], shortest[64];
    double again;

    text[pf_print_float64(value, text)] = '\0';
    again = strtod(text, NULL);
    if (pf_bits_of(again) != pf_bits_of(value))
        fail_msg("%s prints as '%s', which reads as %s", hex(value), text, hex(again));
    CHECK_INT(count_digits_of(text), pf_float64_digits(value));
    shortest_text(value, shortest);
    if (count_digits_of(text) != count_digits_of(shortest))
        fail_msg("%s prints as '%s', but '%s' is enough", hex(value), text, shortest);
    /* Of several with so many digits it is the nearest, if that reads back. */
    (void)snprintf(nearest, sizeof nearest, "%.*e", count_digits_of(text) - 1, value);
    if (strtod(nearest, NULL) == value)
        CHECK(strtold(nearest, NULL) == strtold(text, NULL));
}

static void random_floats_print_shortest(void **state)
{
    struct random random = { 4 };

    (void)state;
    for (int i = 0; i < 60000; i++) {
        const double any = pf_double_of(random_bits(&random));
        const double decimal = (double)(int64_t)(random_bits(&random) >> (1 + random_below(&random, 63))) /
                               pf_exact_powers[random_below(&random, 18)];

        if (isfinite(any) && any != 0)
            check_print(any);
        if (decimal != 0)
            check_print(decimal);
        check_print(pf_double_of(1 + (random_bits(&random) >> (12 + random_below(&random, 51))))); /* subnormal */
    }
    for (int exponent = -1074; exponent < 1024; exponent++) {
        const double power = ldexp(1, exponent);

        check_print(power);
        check_print(nextafter(power, INFINITY) < INFINITY ? nextafter(power, INFINITY) : power);
        if (exponent > -1074)
            check_print(nextafter(power, 0));
    }
}

static void table_holds_the_powers_of_ten(void **state)
{
    pf_uint128 power = 1;

    (void)state;
    for (int i = 0; i <= 38; i++, power *= 10) {
        const uint64_t *entry = pf_powers_of_ten[i - PF_POWER_LOWEST];
        pf_uint128 significand = power;

        while (!(significand >> 127))
            significand <<= 1;
        CHECK(entry[0] == (uint64_t)(significand >> 64) && entry[1] == (uint64_t)significand);
    }
    for (int i = 0; i + 1 < PF_POWER_COUNT; i++) {
        /* Five times an entry is the next one, but for the shift and what rounding down cuts off. */
        const uint64_t *entry = pf_powers_of_ten[i], *next = pf_powers_of_ten[i + 1];
        const pf_uint128 fifth = ((pf_uint128)entry[0] << 64 | entry[1]) >> 3;
        const pf_uint128 whole = (pf_uint128)next[0] << 64 | next[1];
        const pf_uint128 grown = fifth * 5, lower = whole >> 1, upper = whole;
        const pf_uint128 difference = grown > upper - (upper >> 2) ? (grown > upper ? grown - upper : upper - grown)
                                                                   : (grown > lower ? grown - lower : lower - grown);

        CHECK(entry[0] >> 63 == 1);
        CHECK(difference < 64);
    }
}

/* ---- decimals */

static void decimals_are_exact(void **state)
{
    static const struct {
        const char *text;
        int scale;
        bool ok;
        const char *printed;
    } cases[] = {
        { "0", 2, true, "0.00" },
        { "-0", 2, true, "0.00" },
        { "12.5", 2, true, "12.50" },
        { "-12.50", 2, true, "-12.50" },
        { "+3", 0, true, "3" },
        { "007", 0, true, "7" },
        { "1e3", 0, true, "1000" },
        { "1.5e-1", 2, true, "0.15" },
        { "12.500", 1, true, "12.5" },
        { "12.51", 1, false, "" },
        { "0.001", 2, false, "" },
        { "0.000", 2, true, "0.00" },
        { "-0.05", 2, true, "-0.05" },
        { "99999999999999999999999999999999999999", 0, true, "99999999999999999999999999999999999999" },
        { "-99999999999999999999999999999999999999", 0, true, "-99999999999999999999999999999999999999" },
        { "100000000000000000000000000000000000000", 0, false, "" },
        { "99999999999999999999999999999999999999", 1, false, "" },
        { "0.12345678901234567890123456789012345678", 38, true, "0.12345678901234567890123456789012345678" },
        { "0.123456789012345678901234567890123456789", 38, false, "" },
        { "0.0000000000000000000000000000000000000000000000001e49", 0, true, "1" },
        { "1e37", 0, true, "10000000000000000000000000000000000000" },
        { "1e38", 0, false, "" },
        { "1e999999999999", 0, false, "" },
        { "0e999999999999", 0, true, "0" },
        { "", 0, false, "" },
        { "1,5", 2, false, "" },
        { "abc", 2, false, "" },
        { "1e", 2, false, "" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        pf_int128 value = 0;
        char text[48 + 1] = "";
        bool ok = pf_parse_decimal((const uint8_t *)cases[i].text, strlen(cases[i].text), cases[i].scale, &value);

        if (ok)
            text[pf_print_decimal(value, cases[i].scale, text)] = '\0';
        if (ok != cases[i].ok || strcmp(text, cases[i].printed) != 0)
            fail_msg("'%s' with scale %d: %d, '%s'", cases[i].text, cases[i].scale, ok, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_in_one_form_only),
        cmocka_unit_test(integers_survive_print_and_read),
        cmocka_unit_test(hard_floats_are_read_right),
        cmocka_unit_test(random_floats_are_read_right),
        cmocka_unit_test(middles_are_rounded_right),
        cmocka_unit_test(float_forms_are_told),
        cmocka_unit_test(floats_print_as_written),
        cmocka_unit_test(random_floats_print_shortest),
        cmocka_unit_test(table_holds_the_powers_of_ten),
        cmocka_unit_test(decimals_are_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
