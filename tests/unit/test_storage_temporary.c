/* Temporary files where the file system has no nameless ones: open is this file's, and tells so. */
#include "support_unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pyforge/extension.h"
#include "storage/storage.h"

struct place {
    char folder[64], output[128];
    struct pf_context ctx;
};

static struct place *cleaned; /* whose folder is cleaned by somebody else as soon as a file is there */

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    int fd;

    va_start(args, flags);
    mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if ((flags & __O_TMPFILE) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && (flags & O_CREAT) != 0 && cleaned != NULL)
        pf_location_clean(&cleaned->ctx, cleaned->output);
    return fd;
}

static int begin(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    strcpy(place->folder, "/tmp/pyforge-test-XXXXXX");
    if (mkdtemp(place->folder) == NULL || !pf_memory_init(&place->ctx.memory, SIZE_MAX))
        return -1;
    (void)snprintf(place->output, sizeof place->output, "%s/out", place->folder);
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    char command[128];

    cleaned = NULL;
    CHECK_INT(atomic_load(&place->ctx.memory.in_use), 0);
    pf_memory_destroy(&place->ctx.memory);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
    free(place);
    return system(command) == 0 ? 0 : -1;
}

/* Files in the folder; the name of the last one found. */
static int entries(const struct place *place, char name[128])
{
    DIR *listing = opendir(place->folder);
    const struct dirent *entry;
    int count = 0;

    while ((entry = readdir(listing)) != NULL) {
        if (entry->d_name[0] == '.' && strlen(entry->d_name) <= 2)
            continue;
        (void)snprintf(name, 128, "%.127s", entry->d_name);
        count++;
    }
    (void)closedir(listing);
    return count;
}

static void a_file_that_is_written_is_not_cleaned(void **state)
{
    struct place *place = *state;
    struct pf_sink_options options = { .replace = true };
    struct pf_sink *sink;
    struct pf_error err;
    char name[128] = "";

    cleaned = place;
    CHECK_OK(pf_sink_open(&place->ctx, place->output, &options, &sink, &err), err);
    cleaned = NULL;
    CHECK_INT(entries(place, name), 1);
    CHECK_HAS(name, ".tmp");
    CHECK_INT(pf_owner_of(name + strlen(".pyforge-"), strlen(name) - strlen(".pyforge-.tmp")), PF_OWNER_LIVES);
    pf_location_clean(&place->ctx, place->output);
    CHECK_INT(entries(place, name), 1);
    CHECK_OK(pf_sink_write(sink, "abc", 3, &err), err);
    CHECK_OK(pf_sink_commit(sink, &err), err);
    pf_sink_free(sink);
    CHECK_INT(entries(place, name), 1);
    CHECK_TEXT(name, "out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_that_is_written_is_not_cleaned, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
