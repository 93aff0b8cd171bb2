/* Number formats and serial days. Held to: a literal in front of a code does not change its kind; what is written of a serial day has only
 * the characters of dates, fits, and comes back when it is taken to a serial day again. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "formats/xlsx/serial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_code(const uint8_t *data, size_t size)
{
    static const char literal[] = "\"yd\"\\m_s*h[Red]";
    const size_t before = sizeof literal - 1;
    char *code = malloc(before + size);
    enum pf_xlsx_kind kind;

    if (!code)
        abort();
    memcpy(code, literal, before);
    if (size != 0)
        memcpy(code + before, data, size);
    kind = pf_xlsx_kind_of_code(code + before, size);
    if (kind > PF_XLSX_TEXT || pf_xlsx_kind_of_code(code, before + size) != kind)
        abort();
    free(code);
}

/* Microseconds since 1970 of a timestamp as it is written. */
static int64_t read_back(const char *text, size_t size)
{
    char copy[PF_XLSX_SERIAL_SIZE + 1];
    int year, month, day, hour, minute, taken = 0;
    double seconds;
    int32_t days;

    memcpy(copy, text, size);
    copy[size] = '\0';
    if (sscanf(copy, "%d-%d-%d %d:%d:%lf%n", &year, &month, &day, &hour, &minute, &seconds, &taken) != 6 ||
        (size_t)taken != size || hour > 23 || minute > 59 || seconds >= 60 || !pf_date_from_civil(year, month, day, &days))
        abort();
    return ((days * INT64_C(24) + hour) * 60 + minute) * 60000000 + (int64_t)(seconds * 1e6 + 0.5);
}

/* From 1900-03-01 on a timestamp comes back, but for what 15 digits cannot tell: later days have fewer bits left for microseconds. */
static void check_back(const char *text, size_t size)
{
    enum { OFF = 6, DAYS_1970 = 25569, MARCH_1900 = 61 };
    static const int64_t day = INT64_C(86400000000);
    int64_t micros = read_back(text, size), difference;
    char again[PF_XLSX_SERIAL_SIZE];
    double serial = (double)(micros / day + DAYS_1970) + (double)(micros % day) / (double)day;

    if (serial < MARCH_1900 || serial >= 65536)
        return;
    size = pf_xlsx_serial_text(serial, -1, PF_XLSX_TIMESTAMP, false, again);
    difference = size != 0 ? read_back(again, size) - micros : INT64_MAX;
    if (difference > OFF || difference < -OFF)
        abort();
}

static void check_serial(double value)
{
    for (int kind = PF_XLSX_NUMBER; kind <= PF_XLSX_TEXT; kind++) {
        for (int date1904 = 0; date1904 < 2; date1904++) {
            char text[PF_XLSX_SERIAL_SIZE];
            size_t size = pf_xlsx_serial_text(value, -1, (enum pf_xlsx_kind)kind, date1904 != 0, text);

            if (size > sizeof text)
                abort();
            for (size_t i = 0; i < size; i++) {
                if (text[i] == '\0' || strchr("0123456789-: .", text[i]) == NULL)
                    abort();
            }
            /* a part of a day alone is a time, and comes back as one */
            if (kind == PF_XLSX_TIMESTAMP && memchr(text, '-', size) != NULL)
                check_back(text, size);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_code(data, size);
    if (size >= sizeof(double)) {
        double value;
        int64_t whole;

        memcpy(&value, data, sizeof value);
        memcpy(&whole, data, sizeof whole);
        check_serial(value);
        check_serial((double)(whole & 0x3FFFFF) + (double)(whole >> 22 & 0x7FFFFFFFFF) / 86400e6);
        check_serial((double)(whole & 0xFFFFFFFFFFFF) / 1e10);
    }
    return 0;
}
