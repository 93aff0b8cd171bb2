/* SHA-256 (FIPS 180-4), for reports that say which bytes were read and written. Not for secrets: its time depends on nothing but
 * the size, but nothing is wiped. */
#ifndef PF_BASE_SHA256_H
#define PF_BASE_SHA256_H

#include "base/context.h"

enum { PF_SHA256_TEXT = 65 };

struct pf_sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    uint8_t block[64];
};

void pf_sha256_begin(struct pf_sha256 *sum);
void pf_sha256_add(struct pf_sha256 *sum, const void *bytes, size_t size);
/* In lower-case hexadecimal, as sha256sum prints it. */
void pf_sha256_end(struct pf_sha256 *sum, char text[PF_SHA256_TEXT]);

/* The sum of a file and how many bytes it has. What is no regular file is not opened: reading a pipe would take what somebody else
 * is to read. PF_UNSUPPORTED for such a one, PF_IO, PF_NO_MEMORY, PF_CANCELLED. */
enum pf_status pf_sha256_file(struct pf_context *ctx, const char *path, char text[PF_SHA256_TEXT], int64_t *size,
                              struct pf_error *err);

#endif
