/* Numbers as text: exact both ways, and independent of the locale. */
#ifndef PF_BASE_NUMBER_H
#define PF_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PF_INT64_TEXT = 20,  /* "-9223372036854775808" */
    PF_FLOAT64_TEXT = 32 /* longest text of pf_print_float64 */
};

__extension__ typedef __int128 pf_int128;

/* Canonical form only: what pf_print_int64 prints and nothing else (no plus, no leading zeros, no "-0"). false = not that. */
bool pf_parse_int64(const uint8_t *text, size_t size, int64_t *value);

/* What pf_parse_float64 saw, so that inference can tell whether printing gives the text back. */
struct pf_float_form {
    uint8_t digits; /* significant digits, without leading zeros and zeros at the end; 255 = 255 or more */
    bool integer;   /* no point and no exponent */
    bool exponent;
    bool leading_zero; /* a zero before another digit of the whole part: "007.5", or a point without a digit before it: ".5" */
    bool bare_point;   /* a point without a digit after it: "1." */
    bool plus;         /* a plus sign in front */
};
/* Optional sign, digits with an optional point, optional exponent; nothing else (no blanks, no words, no hexadecimal). Correctly
 * rounded; too large gives infinity. false = not a number. */
bool pf_parse_float64(const uint8_t *text, size_t size, double *value, struct pf_float_form *form);
/* The same for the nearest float32 (rounded once, not through a double). */
bool pf_parse_float32(const uint8_t *text, size_t size, float *value);

/* The shortest text that reads back as value; fixed notation for 1e-6 <= |value| < 1e16 ("0.1", "1", "1e16", "1e-7"), "NaN", "inf",
 * "-inf", "-0". No NUL; returns the length. */
size_t pf_print_float64(double value, char to[PF_FLOAT64_TEXT]);
/* Significant digits (no leading or trailing zeros) of the shortest text of a finite value; 0 for zero. */
uint32_t pf_float64_digits(double value);

size_t pf_print_int64(int64_t value, char to[PF_INT64_TEXT]);

/* Decimal text ("-12.50", "+3", "1e3" are taken) as value * 10^scale. false = not a number, or digits would be lost, or more than 38. */
bool pf_parse_decimal(const uint8_t *text, size_t size, int32_t scale, pf_int128 *value);
/* At most 48 bytes; no NUL; returns the length. */
size_t pf_print_decimal(pf_int128 value, int32_t scale, char to[48]);

#endif
