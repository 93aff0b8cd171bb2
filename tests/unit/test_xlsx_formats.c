#include "support_unit.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "formats/xlsx/number_format.h"
#include "formats/xlsx/serial.h"

/* ---- number formats */

static const struct code_case {
    const char *code;
    enum pf_xlsx_kind kind;
} codes[] = {
    { "", PF_XLSX_NUMBER },
    { "General", PF_XLSX_NUMBER },
    { "GENERAL", PF_XLSX_NUMBER },
    { "General;[Red]-General", PF_XLSX_NUMBER },
    { "\"day \"General", PF_XLSX_NUMBER },
    { "G/\xe6\xa8\x99\xe6\xba\x96", PF_XLSX_NUMBER },
    { "0", PF_XLSX_NUMBER },
    { "#,##0.00", PF_XLSX_NUMBER },
    { "0.00E+00", PF_XLSX_NUMBER },
    { "##0.0E+0", PF_XLSX_NUMBER },
    { "# ?/?", PF_XLSX_NUMBER },
    { "0%", PF_XLSX_NUMBER },
    { "[Red]0.00", PF_XLSX_NUMBER },
    { "[Red]", PF_XLSX_NUMBER },
    { "[Color 12]#,##0", PF_XLSX_NUMBER },
    { "[$\xe2\x82\xac-407] #,##0.00", PF_XLSX_NUMBER },
    { "#,##0.00 [$USD]", PF_XLSX_NUMBER },
    { "[$DM-407] #,##0", PF_XLSX_NUMBER },
    { "_-* #,##0.00\\ \"\xe2\x82\xac\"_-;\\-* #,##0.00\\ \"\xe2\x82\xac\"_-;_-* \"-\"??\\ \"\xe2\x82\xac\"_-;_-@_-",
      PF_XLSX_NUMBER },
    { "_(* #,##0_);_(* \\(#,##0\\);_(* \"-\"_);_(@_)", PF_XLSX_NUMBER },
    { "0\" days\"", PF_XLSX_NUMBER },
    { "0\\d", PF_XLSX_NUMBER },
    { "0.0 m", PF_XLSX_NUMBER },
    { "##,##0 KM", PF_XLSX_NUMBER },
    { "\"year\"", PF_XLSX_NUMBER },
    { "\"unterminated yyyy", PF_XLSX_NUMBER },
    { "\\y\\m\\d", PF_XLSX_NUMBER },
    { "_y_m*d", PF_XLSX_NUMBER },
    { "[yyyy", PF_XLSX_NUMBER },
    { "[]0", PF_XLSX_NUMBER },
    { "\\", PF_XLSX_NUMBER },
    { "_", PF_XLSX_NUMBER },
    { "[<1]0.00;yyyy", PF_XLSX_NUMBER },
    { ";;;", PF_XLSX_NUMBER },
    { ";yyyy", PF_XLSX_NUMBER },
    { "\"\";yyyy", PF_XLSX_NUMBER },
    { "[=0]\"\"", PF_XLSX_NUMBER },
    { "[DBNum1][$-804]General", PF_XLSX_NUMBER },

    { "yyyy-mm-dd", PF_XLSX_DATE },
    { "YYYY-MM-DD", PF_XLSX_DATE },
    { "m/d/yy", PF_XLSX_DATE },
    { "mm-dd-yy;@", PF_XLSX_DATE },
    { "d.m.yyyy", PF_XLSX_DATE },
    { "TT.MM.JJJJ", PF_XLSX_DATE },
    { "mmm", PF_XLSX_DATE },
    { "m", PF_XLSX_DATE },
    { "mmm yy", PF_XLSX_DATE },
    { "dddd", PF_XLSX_DATE },
    { "yyyy", PF_XLSX_DATE },
    { "[$-409]d\\-mmm\\-yyyy;@", PF_XLSX_DATE },
    { "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", PF_XLSX_DATE },
    { "[$-x-sysdate]dddd, mmmm dd, yyyy", PF_XLSX_DATE },
    { "[ENG][$-409]d mmm", PF_XLSX_DATE },
    { "[Red]yyyy", PF_XLSX_DATE },
    { "\"on \"d mmmm", PF_XLSX_DATE },
    { "d\" hours\"", PF_XLSX_DATE },
    { "yyyy\"\xe5\xb9\xb4\"m\"\xe6\x9c\x88\"d\"\xe6\x97\xa5\"", PF_XLSX_DATE },
    { "yyyy\xe5\xb9\xb4m\xe6\x9c\x88", PF_XLSX_DATE },
    { "[$-411]ggge\"\xe5\xb9\xb4\"m\"\xe6\x9c\x88\"d\"\xe6\x97\xa5\"", PF_XLSX_DATE },
    { "e/m/d", PF_XLSX_DATE },
    { "bbbb", PF_XLSX_DATE },
    { "B2dd/mm/yyyy", PF_XLSX_DATE },
    { "aaaa", PF_XLSX_DATE },
    { "[=0]\"\";d/m/yyyy", PF_XLSX_DATE },
    { "[<=0]\"\";[<1]\"\";yyyy", PF_XLSX_DATE },
    { "yyyy;;", PF_XLSX_DATE },

    { "h:mm", PF_XLSX_TIME },
    { "hh:mm:ss", PF_XLSX_TIME },
    { "mm:ss", PF_XLSX_TIME },
    { "mm:ss.0", PF_XLSX_TIME },
    { "ss.000", PF_XLSX_TIME },
    { "h:mm:ss\\.000", PF_XLSX_TIME },
    { "h:mm AM/PM", PF_XLSX_TIME },
    { "xxxaam/pm", PF_XLSX_TIME },
    { "[$-409]h:mm:ss am/pm;@", PF_XLSX_TIME },
    { "h A/P:mm", PF_XLSX_TIME },
    { "h \"o'clock and\" m", PF_XLSX_TIME },
    { "[$-F400]h:mm:ss\\ AM/PM", PF_XLSX_TIME },
    { "h\"\xe6\x97\xb6\"mm\"\xe5\x88\x86\"", PF_XLSX_TIME },
    { "m \"minutes\" s", PF_XLSX_TIME },

    { "m/d/yy h:mm", PF_XLSX_TIMESTAMP },
    { "yyyy-mm-dd hh:mm:ss", PF_XLSX_TIMESTAMP },
    { "yyyy-mm-ddThh:mm:ssZ", PF_XLSX_TIMESTAMP },
    { "yyyy-mm-dd\\Thh:mm:ss.000", PF_XLSX_TIMESTAMP },
    { "hh:mm dd/mm", PF_XLSX_TIMESTAMP },
    { "h mmm", PF_XLSX_TIMESTAMP },
    { "d AM/PM", PF_XLSX_TIMESTAMP },
    { "mm hh", PF_XLSX_TIMESTAMP },

    { "[h]:mm", PF_XLSX_DURATION },
    { "[hh]:mm:ss", PF_XLSX_DURATION },
    { "[H]:MM:SS.000", PF_XLSX_DURATION },
    { "[m]", PF_XLSX_DURATION },
    { "[mm]:ss", PF_XLSX_DURATION },
    { "[ss]", PF_XLSX_DURATION },
    { "[s].00", PF_XLSX_DURATION },
    { "[Blue][h]:mm;[Red]-[h]:mm", PF_XLSX_DURATION },
    { "[$-409][h]:mm", PF_XLSX_DURATION },

    { "@", PF_XLSX_TEXT },
    { "\"text: \"@", PF_XLSX_TEXT },
    { "@_)", PF_XLSX_TEXT },
};

static void codes_have_their_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(codes); i++) {
        enum pf_xlsx_kind kind = pf_xlsx_kind_of_code(codes[i].code, strlen(codes[i].code));
        if (kind != codes[i].kind)
            fail_msg("'%s' is of kind %d, expected %d", codes[i].code, (int)kind, (int)codes[i].kind);
    }
}

/* What a prefix of a code looks like does not matter, but it is read within its bounds (a sanitizer sees to that). */
static void prefixes_are_read_within_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(codes); i++) {
        for (size_t size = 0; size < strlen(codes[i].code); size++) {
            char *copy = test_malloc(size + 1);
            memcpy(copy + 1, codes[i].code, size);
            CHECK(pf_xlsx_kind_of_code(copy + 1, size) <= PF_XLSX_TEXT);
            test_free(copy);
        }
    }
}

static void builtin_ids_have_their_kind(void **state)
{
    static const struct builtin_case {
        uint32_t first, last;
        enum pf_xlsx_kind kind;
    } builtins[] = {
        { 0, 13, PF_XLSX_NUMBER },
        { 14, 17, PF_XLSX_DATE },
        { 18, 21, PF_XLSX_TIME },
        { 22, 22, PF_XLSX_TIMESTAMP },
        { 23, 26, PF_XLSX_NUMBER },
        { 27, 31, PF_XLSX_DATE },
        { 32, 33, PF_XLSX_TIME },
        { 34, 36, PF_XLSX_DATE },
        { 37, 44, PF_XLSX_NUMBER },
        { 45, 45, PF_XLSX_TIME },
        { 46, 46, PF_XLSX_DURATION },
        { 47, 47, PF_XLSX_TIME },
        { 48, 48, PF_XLSX_NUMBER },
        { 49, 49, PF_XLSX_TEXT },
        { 50, 58, PF_XLSX_DATE },
        { 59, 200, PF_XLSX_NUMBER },
        { UINT32_MAX, UINT32_MAX, PF_XLSX_NUMBER },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(builtins); i++) {
        for (uint64_t id = builtins[i].first; id <= builtins[i].last; id++) {
            if (pf_xlsx_kind_of_builtin((uint32_t)id) != builtins[i].kind)
                fail_msg("format %u is not of kind %d", (unsigned)id, (int)builtins[i].kind);
        }
    }
}

/* ---- serial days */

static const struct serial_case {
    double value;
    enum pf_xlsx_kind kind;
    bool date1904;
    const char *text; /* "" = no date */
} serials[] = {
    { 45351, PF_XLSX_DATE, false, "2024-02-29" },
    { 45351, PF_XLSX_TIMESTAMP, false, "2024-02-29 00:00:00" },
    { 45351.5, PF_XLSX_DATE, false, "2024-02-29 12:00:00" },
    { 45351.572916666664, PF_XLSX_TIMESTAMP, false, "2024-02-29 13:45:00" },
    { 25569, PF_XLSX_DATE, false, "1970-01-01" },
    { 2958465, PF_XLSX_DATE, false, "9999-12-31" },
    { 2958465.9999884259, PF_XLSX_TIMESTAMP, false, "9999-12-31 23:59:59" },
    { 2958466, PF_XLSX_DATE, false, "" },
    { 1e300, PF_XLSX_DATE, false, "" },
    /* the first days of 1900, and the one that never was */
    { 1, PF_XLSX_DATE, false, "1900-01-01" },
    { 59, PF_XLSX_DATE, false, "1900-02-28" },
    { 59.75, PF_XLSX_TIMESTAMP, false, "1900-02-28 18:00:00" },
    { 60, PF_XLSX_DATE, false, "" },
    { 60.5, PF_XLSX_TIMESTAMP, false, "" },
    { 61, PF_XLSX_DATE, false, "1900-03-01" },
    { 0, PF_XLSX_DATE, false, "" },
    { 0, PF_XLSX_TIMESTAMP, false, "" },
    { 0.5, PF_XLSX_TIMESTAMP, false, "12:00:00" },
    { 0.25, PF_XLSX_DATE, false, "06:00:00" },
    { 0.5, PF_XLSX_DATE, true, "1904-01-01 12:00:00" },
    { -1, PF_XLSX_DATE, false, "" },
    { -0.5, PF_XLSX_TIME, false, "" },
    /* 1904 */
    { 0, PF_XLSX_DATE, true, "1904-01-01" },
    { 60, PF_XLSX_DATE, true, "1904-03-01" },
    { 43889, PF_XLSX_DATE, true, "2024-02-29" },
    { 2957003, PF_XLSX_DATE, true, "9999-12-31" },
    { 2957004, PF_XLSX_DATE, true, "" },
    { -1, PF_XLSX_DATE, true, "" },
    /* times */
    { 0, PF_XLSX_TIME, false, "00:00:00" },
    { 0.57291666666666663, PF_XLSX_TIME, false, "13:45:00" },
    { 0.57291666666666663, PF_XLSX_TIME, true, "13:45:00" },
    { 0.5 + 0.5 / 86400, PF_XLSX_TIME, false, "12:00:00.5" },
    { 0.5 + 0.000001 / 86400 * 123, PF_XLSX_TIME, false, "12:00:00.000123" },
    { 0.99999999999999989, PF_XLSX_TIME, false, "23:59:59.999999" }, /* a part of a day is no day */
    { 0.9999999999884259, PF_XLSX_TIME, false, "23:59:59.999999" },
    { 0.4166666666782407, PF_XLSX_TIME, false, "10:00:00.000001" },
    { 0.41666666667151731, PF_XLSX_TIME, false, "10:00:00" }, /* 45000.416666666667 - 45000 */
    { 1, PF_XLSX_TIME, false, "1900-01-01 00:00:00" },
    { 60.5, PF_XLSX_TIME, false, "" },
    { 45351.5, PF_XLSX_TIME, false, "2024-02-29 12:00:00" },
    /* rounding: what carries into the next day, and what doubles and 15 digits leave over */
    { 45351.99999999999, PF_XLSX_TIMESTAMP, false, "2024-03-01 00:00:00" },
    { 45351.99999999999, PF_XLSX_DATE, false, "2024-03-01" },
    { 59.999999999999993, PF_XLSX_DATE, false, "" },
    { 45351.572916666664 + 7.3e-12, PF_XLSX_TIMESTAMP, false, "2024-02-29 13:45:00" },
    { 45351.5 + 123.4567 / 86400, PF_XLSX_TIMESTAMP, false, "2024-02-29 12:02:03.4567" },
    /* durations */
    { 0, PF_XLSX_DURATION, false, "0:00:00" },
    { 1.1041666666666667, PF_XLSX_DURATION, false, "26:30:00" },
    { -1.1041666666666667, PF_XLSX_DURATION, false, "-26:30:00" },
    { -1e-15, PF_XLSX_DURATION, false, "0:00:00" },
    { 1.5 / 86400, PF_XLSX_DURATION, false, "0:00:01.5" },
    { 0.125, PF_XLSX_DURATION, true, "3:00:00" },
    { 60, PF_XLSX_DURATION, false, "1440:00:00" },
    { 99999999, PF_XLSX_DURATION, false, "2399999976:00:00" },
    { 1e8, PF_XLSX_DURATION, false, "" },
    { -1e8, PF_XLSX_DURATION, false, "" },
    /* no dates at all */
    { 45351, PF_XLSX_NUMBER, false, "" },
    { 45351, PF_XLSX_TEXT, false, "" },
    { (double)NAN, PF_XLSX_DATE, false, "" },
    { (double)INFINITY, PF_XLSX_TIMESTAMP, false, "" },
    { (double)-INFINITY, PF_XLSX_DURATION, false, "" },
};

/* The text in a file, of a timestamp: 15 digits as Excel writes them, 16, and 17 with and without a microsecond that is meant. */
static const char *const texts_of_serials[][2] = {
    { "45351.0416666667", "2024-02-29 01:00:00" },
    { "45351.5000057870", "2024-02-29 12:00:00.5" },
    { "145351.041666667", "2297-12-14 01:00:00" },
    { "1145351.04166667", "5035-11-11 01:00:00" },
    { "45292.66946327546", "2024-01-01 16:04:01.627" },
    { "45292.669463275466", "2024-01-01 16:04:01.627" },
    { "45292.669463275474", "2024-01-01 16:04:01.627001" },
    { "4.5292669463275474E4", "2024-01-01 16:04:01.627001" },
    /* one bit off a whole second is that second, as Excel's arithmetic gets it; a microsecond, which is two, is none */
    { "45351.999999999993", "2024-03-01 00:00:00" },
    { "45351.999999999985", "2024-02-29 23:59:59.999999" },
    { "45351.000000000007", "2024-02-29 00:00:00" },
    { "45351.000000000015", "2024-02-29 00:00:00.000001" },
    { "45351.999999999978", "2024-02-29 23:59:59.999998" },
    { "45351.000000000022", "2024-02-29 00:00:00.000002" },
    { "45351.500000000007", "2024-02-29 12:00:00" },
    { "45351.500000000015", "2024-02-29 12:00:00.000001" },
    { "45351.99999999999", "2024-02-29 23:59:59.999999" }, /* 16 digits, as openpyxl writes the end of a day */
    { "45351.00000000001", "2024-02-29 00:00:00.000001" },
    { "0.41666666666787932", "10:00:00" },
    { "0.41666666668", "10:00:00.000001" },
};

static void serials_are_read_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(texts_of_serials); i++) {
        const char *serial = texts_of_serials[i][0], *point = strchr(serial, '.');
        int decimals = strchr(serial, 'E') != NULL ? -1 : (int)strlen(point + 1);
        char text[PF_XLSX_SERIAL_SIZE + 1];
        size_t size = pf_xlsx_serial_text(strtod(serial, NULL), decimals, PF_XLSX_TIMESTAMP, false, text);

        text[size] = '\0';
        CHECK_TEXT(text, texts_of_serials[i][1]);
    }
}

static const struct {
    const char *iso;
    enum pf_xlsx_kind kind;
    const char *text; /* "" = it is none */
} isos[] = {
    { "2024-02-29", PF_XLSX_NUMBER, "2024-02-29" },
    { "2023-02-29", PF_XLSX_NUMBER, "" },
    { "0000-01-01", PF_XLSX_NUMBER, "" },
    { "2024-02-29T", PF_XLSX_NUMBER, "" },
    { "2024-2-29", PF_XLSX_NUMBER, "" },
    { "2024-02-29T10:20:30Z", PF_XLSX_NUMBER, "2024-02-29 10:20:30Z" },
    { "2024-02-29T10:20:30.5+02:00", PF_XLSX_NUMBER, "2024-02-29 10:20:30.5+02:00" },
    { "2024-02-29T00:00-11:30", PF_XLSX_DATE, "2024-02-29 00:00:00-11:30" },
    { "2024-02-29T10:20:30+2", PF_XLSX_NUMBER, "" },
    { "2024-02-29T10:20:30ZZ", PF_XLSX_NUMBER, "" },
    { "2024-02-29T00:00:00", PF_XLSX_DATE, "2024-02-29" },
    { "2024-02-29T00:00:00", PF_XLSX_TIMESTAMP, "2024-02-29 00:00:00" },
    { "2024-02-29T10:20:30.", PF_XLSX_NUMBER, "" },
    { "2024-02-29T10:20:30,1234564", PF_XLSX_NUMBER, "2024-02-29 10:20:30.123456" },
    { "2024-02-28T23:59:59.9999995", PF_XLSX_NUMBER, "2024-02-29 00:00:00" },
    { "9999-12-31T23:59:59.9999995", PF_XLSX_NUMBER, "" },
    { "24:00", PF_XLSX_TIME, "" },
    { "23:59:60", PF_XLSX_TIME, "" },
    { "T07:05", PF_XLSX_TIME, "07:05:00" },
    { "PT0S", PF_XLSX_DURATION, "0:00:00" },
    { "-PT1H", PF_XLSX_DURATION, "-1:00:00" },
    { "P9999999DT9999999H9999999M9999999.9S", PF_XLSX_DURATION, "250169419:25:39.9" },
    { "PT99999999S", PF_XLSX_DURATION, "" },
    { "P1M", PF_XLSX_DURATION, "" },
    { "PT1M1H", PF_XLSX_DURATION, "" },
    { "PT1.5H", PF_XLSX_DURATION, "" },
    { "PT", PF_XLSX_DURATION, "" },
    { "P", PF_XLSX_DURATION, "" },
    { "PT5", PF_XLSX_DURATION, "" },
    { "", PF_XLSX_DATE, "" },
};

static void iso_dates_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(isos); i++) {
        char text[PF_XLSX_SERIAL_SIZE + 1];
        size_t size = pf_xlsx_iso_text((const uint8_t *)isos[i].iso, strlen(isos[i].iso), isos[i].kind, text);

        CHECK(size <= PF_XLSX_SERIAL_SIZE);
        text[size] = '\0';
        if (strcmp(text, isos[i].text) != 0)
            fail_msg("%s of kind %d is '%s', expected '%s'", isos[i].iso, (int)isos[i].kind, text, isos[i].text);
    }
}

static void serials_are_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(serials); i++) {
        char text[PF_XLSX_SERIAL_SIZE + 1];
        size_t size = pf_xlsx_serial_text(serials[i].value, -1, serials[i].kind, serials[i].date1904, text);

        CHECK(size <= PF_XLSX_SERIAL_SIZE);
        text[size] = '\0';
        if (strcmp(text, serials[i].text) != 0)
            fail_msg("%.17g of kind %d is '%s', expected '%s'", serials[i].value, (int)serials[i].kind, text, serials[i].text);
    }
}

/* Every microsecond that a timestamp may have comes back from its serial day, and each day of four centuries. */
static void serials_come_back(void **state)
{
    const int64_t day = INT64_C(86400000000);
    char expected[64], text[PF_XLSX_SERIAL_SIZE + 1];

    (void)state;
    for (int64_t i = 0; i < 150000; i++) {
        int64_t micros = (i - 25000) * day + i * 7919 % 86400 * 1000000 + (i % 3 == 0 ? 0 : 500000);
        double serial = (double)(micros / day + 25569) + (double)(micros % day) / (double)day;
        size_t size = pf_xlsx_serial_text(serial, -1, PF_XLSX_TIMESTAMP, false, text);
        time_t seconds = (time_t)((micros - (micros % 1000000 + 1000000) % 1000000) / 1000000);
        struct tm parts;

        text[size] = '\0';
        CHECK(gmtime_r(&seconds, &parts) != NULL);
        CHECK(strftime(expected, sizeof expected, i % 3 == 0 ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M:%S.5", &parts) > 0);
        CHECK_TEXT(text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_their_kind),       cmocka_unit_test(prefixes_are_read_within_bounds),
        cmocka_unit_test(builtin_ids_have_their_kind), cmocka_unit_test(serials_are_written),
        cmocka_unit_test(iso_dates_are_read),          cmocka_unit_test(serials_come_back),
        cmocka_unit_test(serials_are_read_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
