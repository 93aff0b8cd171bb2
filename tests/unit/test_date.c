#include "support_unit.h"

#include "base/date.h"

static void every_day_has_its_number(void **state)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int32_t expected = -719162; /* 0001-01-01 */

    (void)state;
    for (int year = 1; year <= 9999; year++) {
        const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        for (int month = 1; month <= 12; month++) {
            const int length = lengths[month - 1] + (month == 2 && leap);

            for (int day = 1; day <= length; day++, expected++) {
                int32_t days = 0, back[3];

                if (!pf_date_from_civil(year, month, day, &days) || days != expected)
                    fail_msg("%d-%d-%d is day %d", year, month, day, days);
                pf_date_to_civil(days, &back[0], &back[1], &back[2]);
                if (back[0] != year || back[1] != month || back[2] != day)
                    fail_msg("day %d is %d-%d-%d", days, back[0], back[1], back[2]);
            }
        }
    }
    CHECK_INT(expected, 2932897);
}

static void days_that_are_not_are_refused(void **state)
{
    static const int cases[][3] = {
        { 0, 1, 1 },     { -1, 1, 1 },    { 10000, 1, 1 }, { 2024, 0, 1 },  { 2024, 13, 1 },        { 2024, -1, 1 },
        { 2024, 17, 1 }, { 2024, 1, 0 },  { 2024, 1, 32 }, { 2024, 4, 31 }, { 2023, 2, 29 },        { 1900, 2, 29 },
        { 2024, 2, 30 }, { 2024, 1, -1 }, { 2024, 16, 1 }, { 2024, 32, 5 }, { 2024, INT32_MAX, 1 }, { INT32_MIN, 1, 1 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        int32_t days = 0;

        if (pf_date_from_civil(cases[i][0], cases[i][1], cases[i][2], &days))
            fail_msg("%d-%d-%d is day %d", cases[i][0], cases[i][1], cases[i][2], days);
    }
}

static void dates_are_printed(void **state)
{
    static const struct {
        int32_t days;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01" },
        { -1, "1969-12-31" },
        { 19782, "2024-02-29" },
        { -719162, "0001-01-01" },
        { 2932896, "9999-12-31" },
        { -719163, "+0000-12-31" },
        { 2932897, "+10000-01-01" },
        { -719529, "-0001-12-31" },
        { INT32_MAX, "+5881580-07-11" },
        { INT32_MIN, "-5877641-06-23" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        char text[16 + 1];

        text[pf_print_date(cases[i].days, text)] = '\0';
        CHECK_TEXT(text, cases[i].text);
    }
}

static void timestamps_are_printed(void **state)
{
    static const struct {
        int64_t micros;
        bool utc;
        const char *text;
    } cases[] = {
        { 0, false, "1970-01-01 00:00:00" },
        { 0, true, "1970-01-01 00:00:00Z" },
        { -1, false, "1969-12-31 23:59:59.999999" },
        { 1500000, true, "1970-01-01 00:00:01.500Z" },
        { 1000, false, "1970-01-01 00:00:00.001" },
        { 10, false, "1970-01-01 00:00:00.000010" },
        { INT64_C(1706696430) * 1000000, false, "2024-01-31 10:20:30" },
        { INT64_C(253402300799999999), false, "9999-12-31 23:59:59.999999" },
        { INT64_MAX, true, "+294247-01-10 04:00:54.775807Z" },
        { INT64_MIN, true, "-290308-12-21 19:59:05.224192Z" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        char text[48 + 1];

        text[pf_print_timestamp(cases[i].micros, cases[i].utc, text)] = '\0';
        CHECK_TEXT(text, cases[i].text);
    }
}

static void times_are_printed(void **state)
{
    static const struct {
        int64_t micros;
        const char *text;
    } cases[] = {
        { 0, "00:00:00" },
        { INT64_C(37230500000), "10:20:30.5" },
        { INT64_C(37230000001), "10:20:30.000001" },
        { INT64_C(86399999999), "23:59:59.999999" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        char text[24 + 1];

        text[pf_print_time(cases[i].micros, text)] = '\0';
        CHECK_TEXT(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_has_its_number), cmocka_unit_test(days_that_are_not_are_refused),
        cmocka_unit_test(dates_are_printed),        cmocka_unit_test(timestamps_are_printed),
        cmocka_unit_test(times_are_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
