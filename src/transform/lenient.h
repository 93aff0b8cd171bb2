/* One value's text as a declared type, by the lenient rules (docs/design/types.md). at has no blanks around and is not empty; no
 * byte outside it is read. */
#ifndef PF_TRANSFORM_LENIENT_H
#define PF_TRANSFORM_LENIENT_H

#include "arrow/schema.h"

/* Integers of any width ("+007", "12.0", "1e3"), into data as field's type. */
bool pf_lenient_integer(const uint8_t *at, size_t size, const struct pf_field *field, void *data);
/* Rounded to the nearest; words for NaN and infinity in any case. */
bool pf_lenient_float(const uint8_t *at, size_t size, const struct pf_field *field, void *data);
bool pf_lenient_decimal(const uint8_t *at, size_t size, const struct pf_field *field, void *data);
enum { PF_SHOWN_ROOM = 40 };
/* A number as a sheet shows it: rounded to 15 digits, behind the point alone. Returns the size; 0 = it has no more, or is none. */
size_t pf_lenient_shown(const uint8_t *at, size_t size, uint8_t to[PF_SHOWN_ROOM]);
/* true/false, t/f, yes/no, y/n, 1/0, in any case. */
bool pf_lenient_bool(const uint8_t *at, size_t size, bool *value);
/* Any ISO form, also without leading zeros or separators; day and month in front of the year in the field's order, or, where it has
 * none, only if one order alone is possible. */
bool pf_lenient_date(const uint8_t *at, size_t size, const struct pf_field *field, void *data);
bool pf_lenient_time(const uint8_t *at, size_t size, const struct pf_field *field, void *data);
bool pf_lenient_timestamp(const uint8_t *at, size_t size, const struct pf_field *field, void *data);
/* Whether the only fault of a date or timestamp is that day and month may stand in either order. */
bool pf_lenient_unclear(const uint8_t *at, size_t size, const struct pf_field *field);

#endif
