/* The one file of a zip archive, read as if it were not packed. */
#ifndef PF_STORAGE_MEMBER_H
#define PF_STORAGE_MEMBER_H

#include "storage/zip.h"

struct pf_member;

/* src has read_at, and is borrowed until close. *out is NULL when the archive is a document of parts (a workbook), which is somebody
 * else's to read. PF_UNSUPPORTED lists the files when there are several. */
enum pf_status pf_member_open(struct pf_context *ctx, const struct pf_source *src, struct pf_member **out,
                              struct pf_error *err);
void pf_member_close(struct pf_member *member);
const struct pf_zip_entry *pf_member_entry(const struct pf_member *member);
int64_t pf_member_consumed(const struct pf_member *member);
enum pf_status pf_member_read(struct pf_member *member, void *to, size_t size, size_t *got, struct pf_error *err);
enum pf_status pf_member_rewind(struct pf_member *member, struct pf_error *err);

#endif
