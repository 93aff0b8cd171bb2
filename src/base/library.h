/* Shared libraries loaded while the program runs. None is ever unloaded: code of it may stand on any stack. */
#ifndef PF_BASE_LIBRARY_H
#define PF_BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/folder.h"

/* NULL = it cannot be loaded; why says why. again: it is loaded anew from a copy without a name, though one of that path is loaded
 * already. */
void *pf_library_open(const char *path, bool again, char *why, size_t size);
/* The address of an exported function or object; NULL = there is none. */
void *pf_library_find(void *library, const char *name);
/* The path of the library or program that has the address. */
bool pf_library_of(const void *address, char to[PF_PATH_BYTES]);

#endif
