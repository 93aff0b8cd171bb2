/* The little that a plan asks of the operating system: folders, and what standard output is. */
#ifndef PF_BASE_SYSTEM_H
#define PF_BASE_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Makes one folder; its parent is there. *made: it was not there before. A file in its place is PF_IO. */
enum pf_status pf_folder_make(const char *path, bool *made, struct pf_error *err);
bool pf_folder_exists(const char *path);
/* Only when it is empty. */
void pf_folder_remove(const char *path);
bool pf_stdout_is_terminal(void);
int64_t pf_process_id(void);
/* Microseconds since 1970, UTC. */
int64_t pf_wall_clock(void);

#endif
