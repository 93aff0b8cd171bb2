/* Small files that are no data: manifests, caches, markers; and what may be believed of them. */
#ifndef PF_BASE_FOLDER_H
#define PF_BASE_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

enum { PF_PATH_BYTES = 4096 };

struct pf_file_facts {
    bool directory, regular;
    int64_t size;
    int64_t modified_ns; /* since 1970 */
    uint64_t device, inode;
    bool ours;   /* belongs to the user this process acts as, or to root */
    bool shared; /* somebody else may write to it: by group or by all */
};

/* false = nothing is there, or it may not be looked at. */
bool pf_file_look(const char *path, struct pf_file_facts *facts);
/* What is wrong with where the file lies, all links followed: its folder, or one above it in which anybody may put another in its
 * place. NULL = nothing. folder is filled with the one that is meant. */
const char *pf_file_distrust(const char *path, char folder[PF_PATH_BYTES]);
/* The whole file, at most limit bytes, with a NUL behind it; the caller frees *text. facts are those of the file that was read;
 * NULL = not wanted. PF_NOT_FOUND, PF_IO, PF_LIMIT. */
enum pf_status pf_file_load(struct pf_memory *memory, const char *path, size_t limit, char **text, size_t *size,
                            struct pf_file_facts *facts, struct pf_error *err);
/* Puts a file of the user's own in its place, whole or not at all; the folder is there. */
bool pf_file_store(const char *path, const void *bytes, size_t size);
bool pf_file_remove(const char *path);
/* Calls fn with each name but "." and ".." until it answers false. false = the folder cannot be listed. */
bool pf_folder_list(const char *path, bool (*fn)(void *user, const char *name), void *user);
/* Makes a folder that only the user may enter, and those above it. */
bool pf_folder_make_private(const char *path);

/* A marker is a file that is locked for as long as the process that made it lives and has not dropped it. It carries no
 * contents. Negative = it cannot be made; such a marker may be dropped, too. */
int pf_marker_make(const char *path);
void pf_marker_drop(int marker, const char *path);
/* Takes away a marker whose process ended without dropping it. true = it was one, and nobody else has taken it. */
bool pf_marker_take(const char *path);

enum { PF_HOST_BYTES = 65 };
/* The name of this machine, of letters, digits, '.', '-' and '_'. */
void pf_host_name(char to[PF_HOST_BYTES]);
/* The path of the program that runs; false = not known. */
bool pf_program_path(char to[PF_PATH_BYTES]);
/* Nanoseconds since 1970. */
int64_t pf_now_ns(void);

#endif
