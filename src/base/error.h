/* Errors: who detects one writes the message, callers above add the place and return the same status. Secrets in locations are hidden in
 * all texts. */
#ifndef PF_BASE_ERROR_H
#define PF_BASE_ERROR_H

#include "pyforge/pyforge.h"

#if defined(__GNUC__)
#define PF_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define PF_PRINTF(format_at, first_at)
#endif

#define PF_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Empties err: status PF_OK, offset -1. */
void pf_error_clear(struct pf_error *err);
/* Fills err (place and remedy are cleared) and returns status. err is never NULL inside src/. */
enum pf_status pf_fail(struct pf_error *err, enum pf_status status, const char *format, ...) PF_PRINTF(3, 4);
/* The usual message for a refused allocation of size bytes. */
enum pf_status pf_fail_memory(struct pf_error *err, size_t size);
/* PF_IO with what the operating system said of error_number. */
enum pf_status pf_fail_io(struct pf_error *err, int error_number, const char *doing, const char *path);
/* Adds what to do about it; only when none is there yet. */
void pf_remedy(struct pf_error *err, const char *format, ...) PF_PRINTF(2, 3);
/* Sets err->source, shortened from the left if it does not fit, a location with a scheme from the right; only when none is there yet. */
void pf_error_source(struct pf_error *err, const char *source);

#endif
