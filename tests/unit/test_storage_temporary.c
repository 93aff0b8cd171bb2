/* Temporary files where the file system has no nameless ones: open, flock and rename are this file's, and tell so. */
#include "support_unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storage/storage.h"

struct place {
    char folder[64], output[128];
    struct pf_context ctx;
};

/* Of the system calls below: C's own names take nothing of ours along. */
static struct place *cleaned;   /* whose folder is cleaned by somebody else before a file is locked */
static bool no_locks, no_names; /* flock, rename fail */
static int locks_asked_for;

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if ((flags & __O_TMPFILE) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int flock(int fd, int operation)
{
    if (cleaned != NULL) {
        struct place *place = cleaned;

        locks_asked_for++;
        cleaned = NULL;
        pf_location_clean(&place->ctx, place->output);
        cleaned = place;
    }
    if (no_locks) {
        errno = ENOLCK;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

int rename(const char *from, const char *to)
{
    if (no_names) {
        errno = EROFS;
        return -1;
    }
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
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
    no_locks = no_names = false;
    locks_asked_for = 0;
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

/* Writes a file while others clean the folder. suffix: of the name it has meanwhile. */
static void write_while_cleaned(struct place *place, const char *suffix)
{
    struct pf_sink_options options = { .replace = true };
    struct pf_sink *sink;
    struct pf_error err;
    char name[128] = "";

    CHECK_OK(pf_sink_open(&place->ctx, place->output, &options, &sink, &err), err);
    CHECK_INT(entries(place, name), 1);
    CHECK_HAS(name, suffix);
    pf_location_clean(&place->ctx, place->output);
    CHECK_INT(entries(place, name), 1);
    CHECK_OK(pf_sink_write(sink, "abc", 3, &err), err);
    CHECK_OK(pf_sink_commit(sink, &err), err);
    pf_sink_free(sink);
    CHECK_INT(entries(place, name), 1);
    CHECK_TEXT(name, "out");
}

static void a_file_is_not_cleaned_before_it_is_locked(void **state)
{
    struct place *place = *state;

    cleaned = place;
    write_while_cleaned(place, ".tmp");
    CHECK(locks_asked_for > 0);
}

static void a_file_that_cannot_be_locked_is_left_alone(void **state)
{
    struct place *place = *state;

    no_locks = true;
    write_while_cleaned(place, ".new");
}

static void a_file_that_gets_no_name_is_told_and_gone(void **state)
{
    struct place *place = *state;
    struct pf_sink_options options = { .replace = true };
    struct pf_sink *sink;
    struct pf_error err;
    char name[128];

    no_names = true;
    CHECK_INT(pf_sink_open(&place->ctx, place->output, &options, &sink, &err), PF_IO);
    CHECK_HAS(err.message, "Read-only");
    CHECK_INT(entries(place, name), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_not_cleaned_before_it_is_locked, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_locked_is_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_gets_no_name_is_told_and_gone, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
