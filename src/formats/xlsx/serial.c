/* Serial days: a whole number of days and a part of a day, to microseconds. */
#include "formats/xlsx/serial.h"

#include <math.h>
#include <stdlib.h>

#include "base/date.h"

enum {
    LEAP_DAY = 60,           /* 1900-02-29, which never was */
    DAYS_1900 = 25569,       /* the serial day of 1970-01-01 from 1900-03-01 on */
    DAYS_1900_EARLY = 25568, /* the same, as the days before the leap day count */
    DAYS_1904 = 24107,       /* of the 1904 system */
    LAST_DAY = 2932896,      /* 9999-12-31 in days since 1970 */
    DIGITS = 17              /* of a double */
};

static const int64_t day_micros = INT64_C(86400000000), second_micros = 1000000, milli_micros = 1000;
static const double longest_duration = 1e8; /* days */
static const double day_bit = 0x1p-37;      /* the last bit of a serial day of our time, 32768 to 65535: 0.63 microseconds */
static const double chance = 0.01;          /* microseconds; what a double tells so much apart is where it is for a reason */

/* Places before the point of the first digit that is not 0: 5 of 45000.5, 0 of 0.5, -2 of 0.005. */
static int places_of(double value)
{
    int places = 0;

    for (; value >= 1; value /= 10)
        places++;
    for (; value < 0.1 && value > 0; value *= 10)
        places--;
    return places;
}

/* Microseconds that value may be off: half of the last bit of a double, half of the last digit of its text, and where that has not all
 * digits of a double half of the bit that the writer had. Excel itself and many others write 15 digits at most, without the zeros at
 * their end. */
static double error_of(double value, int decimals)
{
    const double half_bit = (nextafter(value, INFINITY) - value) / 2 * 86400e6;
    const int places = places_of(value), fewest = 15 - places;

    if (decimals < 0)
        return half_bit;
    return (places + decimals >= DIGITS ? 1 : 2) * half_bit + 0.5 * pow(10, -(decimals > fewest ? decimals : fewest)) * 86400e6;
}

/* Microseconds that the text of value can be off the one meant, and what is made of it here. */
static double doubt_of(double value, int decimals, double raw)
{
    const double last_digit = decimals >= 0 ? 0.5 * pow(10, -decimals) * 86400e6 : 0;

    return error_of(value, decimals) + last_digit + nextafter(raw, INFINITY) - raw;
}

/* Whether value, raw microseconds of a day, is meant as the microsecond exact and not as what lies around it: its text has more digits
 * than a double, which only a writer that means them gives; or a double tells so much more apart that it can be no chance. */
static bool is_exact(double value, int decimals, double raw, double exact)
{
    static const double told_apart = 0.5;
    const double doubt = doubt_of(value, decimals, raw);

    if (places_of(value) + decimals > DIGITS && doubt < told_apart)
        return true;
    return doubt < chance && fabs(raw - exact) <= doubt;
}

/* Whether value is a whole second, in days, but for the last bit that arithmetic on serial days gets wrong. A small value that is no exact
 * microsecond is a difference of two of them, and has their last bit. */
static bool is_second(double value, double second, double doubt)
{
    const double bit = nextafter(second, INFINITY) - second;

    return fabs(value - second) <= (doubt < chance && bit < day_bit ? day_bit : bit);
}

/* Whether milli is midnight, and value is not. A whole number needs no digits that a text of 16 or fewer had to leave out, so such a text
 * means what comes before or after: the last microsecond of a day is what Python has for its end, and is no part of the next day. */
static bool misses_midnight(double value, int decimals, int64_t milli)
{
    return milli % day_micros == 0 && decimals >= 0 && places_of(value) + decimals < DIGITS;
}

/* Splits value, which is not negative, into days and microseconds of the day. What is a whole second or millisecond but for the digits
 * that a double, the file, or arithmetic on serial days has is taken as that, and nothing else is. */
static void split(double value, int decimals, int64_t *days, int64_t *micros)
{
    double whole = floor(value), raw = (value - whole) * 86400e6;
    int64_t exact = (int64_t)nearbyint(raw);
    int64_t second = (exact + second_micros / 2) / second_micros * second_micros;
    int64_t milli = (exact + milli_micros / 2) / milli_micros * milli_micros;

    if (exact != milli && !is_exact(value, decimals, raw, (double)exact) && !misses_midnight(value, decimals, milli)) {
        if (is_second(value, whole + (double)second / 86400e6, doubt_of(value, decimals, raw)))
            exact = second;
        else if (fabs(raw - (double)milli) <= error_of(value, decimals))
            exact = milli;
    }
    *days = (int64_t)whole + exact / day_micros;
    *micros = exact % day_micros;
}

/* Days since 1970. false = there is no such day. */
static bool day_of(int64_t serial, bool date1904, int64_t *day)
{
    if (date1904)
        *day = serial - DAYS_1904;
    else if (serial > LEAP_DAY)
        *day = serial - DAYS_1900;
    else if (serial > 0 && serial < LEAP_DAY)
        *day = serial - DAYS_1900_EARLY;
    else
        return false;
    return *day <= LAST_DAY;
}

size_t pf_xlsx_duration_text(bool negative, int64_t days, int64_t micros, char to[PF_XLSX_SERIAL_SIZE])
{
    char digits[24];
    size_t size = 0, count = 0;
    int64_t hours = days * 24 + micros / (3600 * second_micros);

    if (negative && (days != 0 || micros != 0))
        to[size++] = '-';
    do {
        digits[count++] = (char)('0' + hours % 10);
        hours /= 10;
    } while (hours != 0);
    while (count != 0)
        to[size++] = digits[--count];
    /* The minutes and what follows are those of the time of the day: "hh:mm:ss.f" without its hours. */
    count = pf_print_time(micros, digits);
    for (size_t i = 2; i < count; i++)
        to[size++] = digits[i];
    return size;
}

static size_t put_duration(double value, int decimals, char *to)
{
    int64_t days, micros;

    split(fabs(value), decimals, &days, &micros);
    return pf_xlsx_duration_text(value < 0, days, micros, to);
}

size_t pf_xlsx_serial_text(double value, int decimals, enum pf_xlsx_kind kind, bool date1904, char to[PF_XLSX_SERIAL_SIZE])
{
    int64_t serial, micros, day;
    size_t size;

    if (kind == PF_XLSX_NUMBER || kind == PF_XLSX_TEXT || !(fabs(value) < longest_duration))
        return 0;
    if (kind == PF_XLSX_DURATION)
        return put_duration(value, decimals, to);
    if (value < 0)
        return 0;
    split(value, decimals, &serial, &micros);
    if (value < 1 && serial != 0) { /* a part of a day is none: the last of its moments */
        serial = 0;
        micros = day_micros - 1;
    }
    if (serial == 0 && (kind == PF_XLSX_TIME || (micros != 0 && !date1904)))
        return pf_print_time(micros, to);
    if (!day_of(serial, date1904, &day))
        return 0;
    size = pf_print_date((int32_t)day, to);
    if (kind == PF_XLSX_DATE && micros == 0)
        return size;
    to[size++] = ' ';
    return size + pf_print_time(micros, to + size);
}
