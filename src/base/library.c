#include "base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *open_path(const char *path, char *why, size_t size)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *said = library == NULL ? dlerror() : NULL;

    if (library == NULL)
        (void)snprintf(why, size, "%s", said != NULL ? said : "the system does not say why");
    return library;
}

static bool copy_file(int from, int to)
{
    char part[65536];
    ssize_t got;

    while ((got = read(from, part, sizeof part)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || write(to, part, (size_t)got) != got)
            return false;
    }
    return true;
}

/* The system takes libraries for the same by their file, so that a second loading needs a file of its own. */
static void *open_copy(const char *path, char *why, size_t size)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int copy = from >= 0 ? memfd_create("pyforge-extension", MFD_CLOEXEC) : -1;
    void *library = NULL;
    char name[64];

    if (copy >= 0 && copy_file(from, copy)) {
        (void)snprintf(name, sizeof name, "/proc/self/fd/%d", copy);
        library = open_path(name, why, size);
    } else {
        (void)snprintf(why, size, "%s cannot be copied into memory", path);
    }
    /* The name may be given to another file from here on: the loader would take that one for the same library. */
    if (copy >= 0 && library == NULL)
        (void)close(copy);
    if (from >= 0)
        (void)close(from);
    return library;
}

void *pf_library_open(const char *path, bool again, char *why, size_t size)
{
    return again ? open_copy(path, why, size) : open_path(path, why, size);
}

void *pf_library_find(void *library, const char *name)
{
    return dlsym(library, name);
}

bool pf_library_of(const void *address, char to[PF_PATH_BYTES])
{
    Dl_info info;

    if (dladdr(address, &info) == 0 || info.dli_fname == NULL || strlen(info.dli_fname) >= PF_PATH_BYTES)
        return false;
    strcpy(to, info.dli_fname);
    return true;
}
