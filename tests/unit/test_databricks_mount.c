/* The scheme of mounted volumes on a folder of the machine's own;
 * tests/python/test_databricks_volumes.py has it on a mount. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "databricks/mount.h"
#include "support_unit.h"

/* ---- a host of which any allocation can be made to fail */

struct counts {
    int allocations, fail_at, fail_from; /* 0 = none */
    int held;
    bool cancelled;
    int refused;   /* what renaming fails with, */
    int refusals;  /* so often; 0 = always */
    bool done;     /* though it is done */
    int renames;   /* asked for */
    bool no_flags; /* and that it takes no flags */
    bool rival;    /* just before a rename somebody else makes the target, if he can */
    bool rival_came;
    bool everyone_lives; /* every process is there, whatever /proc shows */
    char warned[2000];
};

static struct counts counts;

static void *allocate(struct pf_context *ctx, size_t size)
{
    bool refused = ++counts.allocations == counts.fail_at || (counts.fail_from != 0 && counts.allocations >= counts.fail_from);
    void *pointer = refused ? NULL : malloc(size);

    (void)ctx;
    counts.held += pointer != NULL;
    return pointer;
}

static void release(struct pf_context *ctx, void *pointer)
{
    (void)ctx;
    counts.held -= pointer != NULL;
    free(pointer);
}

static enum pf_status fail_with(struct pf_error *err, enum pf_status status, const char *message)
{
    err->status = status;
    (void)snprintf(err->message, sizeof err->message, "%s", message);
    err->remedy[0] = '\0';
    return status;
}

/* The first one stays, as in the real host. */
static void remedy_with(struct pf_error *err, const char *message)
{
    if (err->remedy[0] == '\0')
        (void)snprintf(err->remedy, sizeof err->remedy, "%s", message);
}

static void warn(struct pf_context *ctx, const char *message)
{
    (void)ctx;
    (void)snprintf(counts.warned, sizeof counts.warned, "%s", message);
}

static enum pf_status check_cancel(struct pf_context *ctx, struct pf_error *err)
{
    (void)ctx;
    return counts.cancelled ? fail_with(err, PF_CANCELLED, "cancelled") : PF_OK;
}

static const struct pf_host host = {
    .size = sizeof host,
    .allocate = allocate,
    .release = release,
    .fail = fail_with,
    .remedy = remedy_with,
    .warn = warn,
    .check_cancel = check_cancel,
    .owner_name = pf_owner_name,
    .owner_of = pf_owner_of,
};

static struct mount *mount;

/* In place of the system's. */
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags)
{
    if (counts.no_flags && flags != 0) {
        errno = EINVAL;
        return -1;
    }
    if (counts.rival) {
        int fd = open(to, O_WRONLY | O_CREAT | O_EXCL, 0666);

        counts.rival_came = fd >= 0 && mount_part_write(fd, "rival", 5) == 0 && close(fd) == 0;
    }
    counts.renames++;
    if (counts.refused == 0 || (counts.refusals != 0 && counts.renames > counts.refusals))
        return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (counts.done)
        CHECK_INT(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags), 0);
    errno = counts.refused;
    return -1;
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int kill(pid_t process, int number)
{
    return counts.everyone_lives ? 0 : (int)syscall(SYS_kill, process, number);
}

/* ---- a folder of its own */

static char folder[MOUNT_PATH];

static const char *path_of(const char *name)
{
    static char paths[4][MOUNT_PATH + 300];
    static int next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof paths[0], "%.2000s/%.2000s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);

    assert_true(fd >= 0);
    CHECK_INT(mount_part_write(fd, text, strlen(text)), 0);
    CHECK_INT(close(fd), 0);
}

/* "" also when there is no such file. */
static const char *get(const char *name)
{
    static char text[4096];
    int fd = open(path_of(name), O_RDONLY);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

    if (fd >= 0)
        (void)close(fd);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static bool there(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&counts, 0, sizeof counts);
    mount = mount_new(&host);
    if (mount == NULL)
        return -1;
    memset(&counts, 0, sizeof counts);
    (void)snprintf(folder, sizeof folder, "%s/pyforge-mount-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    char command[MOUNT_PATH + 20];

    (void)state;
    mount_free(mount);
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static enum pf_status write_file(const char *name, bool replace, const char *text, struct pf_error *err)
{
    struct pf_scheme_addition scheme;
    enum pf_status status;
    void *writer;

    memset(err, 0, sizeof *err);
    mount_scheme(mount, &scheme);
    status = scheme.prepare(scheme.self, NULL, path_of(name), replace, err);
    if (status == PF_OK)
        status = scheme.create(scheme.self, NULL, path_of(name), replace, &writer, err);
    if (status != PF_OK)
        return status;
    status = scheme.write(writer, text, strlen(text), err);
    if (status == PF_OK)
        status = scheme.commit(writer, err);
    scheme.discard(writer);
    return status;
}

/* ---- names */

static void names_are_told_from_others(void **state)
{
    static const struct {
        const char *name;
        bool ours;
    } cases[] = {
        { ".a.csv.0badc0de-1-1-00000001.pyforge-part", true },
        { ".a.csv.0badc0de-1-1-00000001.pyforge-whole", true },
        { ".a.csv.0badc0de-1-1-00000001.pyforge-left", true },
        { ".a.csv.0badc0de-123456-18446744073709551615-ffffffff.pyforge-part", true },
        { "a.csv.0badc0de-1-1-00000001.pyforge-part", false },
        { ".a.csv.0badc0de-1-1-00000001.pyforge-other", false },
        { ".a.csv.0badc0de-1-1.pyforge-part", false },
        { ".a.csv.0badc0de-1-1-00000001-2.pyforge-part", false },
        { ".a.csv.0badc0de-0-1-00000001.pyforge-part", false },
        { ".a.csv.0badc0de-1-99999999999999999999-00000001.pyforge-part", false },
        { ".a.csv.0badc0de--1-1-00000001.pyforge-part", false },
        { ".a.csv.xyz-1-1-00000001.pyforge-part", false },
        { ".0badc0de-1-1-00000001.pyforge-part", false },
        { "..0badc0de-1-1-00000001.pyforge-part", false },
        { ".pyforge-part", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (mount_part_is(&host, cases[i].name) != cases[i].ours)
            fail_msg("'%s' counts as %s", cases[i].name, cases[i].ours ? "a stranger's" : "ours");
    }
}

static void names_are_as_long_as_they_may_be(void **state)
{
    char target[600] = "/x/";
    struct mount_part part;

    (void)state;
    for (size_t size = 1; size <= 255; size++) {
        memset(target + 3, 'n', size);
        target[3 + size] = '\0';
        CHECK(mount_part_of(&host, target, &part));
        CHECK_TEXT(part.target, target);
        CHECK(mount_part_is(&host, part.part + 3) && mount_part_is(&host, part.whole + 3) &&
              mount_part_is(&host, part.left + 3));
        CHECK(strlen(part.whole + 3) <= 255);
        CHECK(part.named == (strncmp(part.part + 4, target + 3, size) == 0 && part.part[4 + size] == '.'));
    }
}

/* ---- what was left behind */

static void dead_owners_leave_nothing(void **state)
{
    struct mount_part mine;

    (void)state;
    CHECK(mount_part_of(&host, path_of("a.csv"), &mine));
    put(strrchr(mine.part, '/') + 1, "mine");
    /* the same owner, but for the start of its process, or for its number, which
   * nobody has */
    {
        char name[MOUNT_PATH], *at;

        (void)snprintf(name, sizeof name, "%s", strrchr(mine.part, '/') + 1);
        at = strchr(strchr(name, '-') + 1, '-');
        at[1] = at[1] == '9' ? '8' : (char)(at[1] + 1);
        put(name, "of another start");
        mount_part_clean(&host, NULL, folder);
        CHECK(!there(name));
        (void)snprintf(name, sizeof name, ".a.csv.%.8s-4194304-1-00000001.pyforge-part",
                       strrchr(mine.part, '/') + strlen("/.a.csv."));
        put(name, "of a process that is not");
        mount_part_clean(&host, NULL, folder);
        CHECK(!there(name));
    }
    CHECK_TEXT(get(strrchr(mine.part, '/') + 1), "mine");
    CHECK_TEXT(counts.warned, "");
}

static void torn_targets_are_completed(void **state)
{
    (void)state;
    put(".a.csv.0badc0de-1-1-00000001.pyforge-part", "whole text");
    put(".a.csv.0badc0de-1-1-00000001.pyforge-left", "10\n");
    put("a.csv", "whole");
    mount_part_clean(&host, NULL, folder);
    CHECK_TEXT(get("a.csv"), "whole text");
    CHECK_HAS(counts.warned, "complete now");
    CHECK(!there(".a.csv.0badc0de-1-1-00000001.pyforge-part"));
    CHECK(!there(".a.csv.0badc0de-1-1-00000001.pyforge-left"));
    CHECK_INT(counts.held, 0);
}

/* Where /proc hides the processes of others (hidepid), a living owner keeps its part. */
static void hidden_owners_live(void **state)
{
    struct mount_part mine;
    char name[MOUNT_PATH];

    (void)state;
    CHECK(mount_part_of(&host, path_of("a.csv"), &mine));
    (void)snprintf(name, sizeof name, ".a.csv.%.8s-4194304-7-00000001.pyforge-part",
                   strrchr(mine.part, '/') + strlen("/.a.csv."));
    put(name, "of somebody else");
    counts.everyone_lives = true;
    mount_part_clean(&host, NULL, folder);
    CHECK_TEXT(get(name), "of somebody else");
    counts.everyone_lives = false;
    mount_part_clean(&host, NULL, folder);
    CHECK(!there(name));
}

/* What stands in the place of a record or a part, and is no file, holds nothing up. */
static void pipes_hold_nothing_up(void **state)
{
    struct pf_error err;

    (void)state;
    put("a.csv", "");
    assert_int_equal(mkfifo(path_of(".a.csv.0badc0de-1-1-00000001.pyforge-part"), 0666), 0);
    put(".a.csv.0badc0de-1-1-00000001.pyforge-left", "0\n");
    assert_int_equal(mkfifo(path_of(".b.csv.0badc0de-1-1-00000002.pyforge-left"), 0666), 0);
    assert_int_equal(mkfifo(path_of("b.csv"), 0666), 0);
    put(".b.csv.0badc0de-1-1-00000003.pyforge-part", "x");
    put(".b.csv.0badc0de-1-1-00000003.pyforge-left", "1\n");
    (void)alarm(20);
    CHECK_OK(write_file("c.csv", true, "text", &err), err);
    (void)alarm(0);
    CHECK_TEXT(get("c.csv"), "text");
}

/* What a dead owner left is completed by one at a time: while somebody else copies over the target nobody touches it. */
static void completing_takes_turns(void **state)
{
    (void)state;
    put(".a.csv.0badc0de-1-1-00000001.pyforge-part", "whole text");
    put(".a.csv.0badc0de-1-1-00000001.pyforge-left", "10\n");
    put(".a.csv.00000000-1-1-00000001.pyforge-whole", "1\n");
    put("a.csv", "whole");
    counts.cancelled = true; /* else it would wait */
    mount_part_clean(&host, NULL, folder);
    CHECK_TEXT(get("a.csv"), "whole");
    CHECK_TEXT(get(".a.csv.0badc0de-1-1-00000001.pyforge-part"), "whole text");
    counts.cancelled = false;
    CHECK_INT(unlink(path_of(".a.csv.00000000-1-1-00000001.pyforge-whole")), 0);
    mount_part_clean(&host, NULL, folder);
    CHECK_TEXT(get("a.csv"), "whole text");
    CHECK(!there(".a.csv.0badc0de-1-1-00000001.pyforge-part"));
}

static void whole_text_stays_when_it_cannot_be_copied(void **state)
{
    (void)state;
    put(".a.csv.0badc0de-1-1-00000001.pyforge-part", "whole text");
    put(".a.csv.0badc0de-1-1-00000001.pyforge-left", "10\n");
    put("a.csv", "whole");
    /* the first is for comparing, the second for copying */
    counts.fail_from = 2;
    mount_part_clean(&host, NULL, folder);
    CHECK_HAS(counts.warned, "its whole content is");
    CHECK_TEXT(get(".a.csv.0badc0de-1-1-00000001.pyforge-part"), "whole text");
    counts.fail_from = 0;
    mount_part_clean(&host, NULL, folder);
    CHECK_TEXT(get("a.csv"), "whole text");
}

#define DEAD_PART ".a.csv.0badc0de-1-1-00000001.pyforge-part"
#define DEAD_LEFT ".a.csv.0badc0de-1-1-00000001.pyforge-left"

/* As if folders took long to list, or time passed. */
static void remember_longer(int64_t milliseconds)
{
    for (size_t i = 0; i < MOUNT_CLEANED; i++)
        mount->cleaned[i].until += milliseconds;
}

/* A folder that takes long to list is not listed for each of many files, and again later. */
static void folders_are_cleaned_now_and_then(void **state)
{
    struct pf_error err;

    (void)state;
    CHECK_OK(write_file("b.csv", true, "text", &err), err);
    remember_longer(100000);
    put(DEAD_PART, "x");
    put(DEAD_LEFT, "");
    CHECK_OK(write_file("b.csv", true, "text", &err), err);
    CHECK(there(DEAD_PART));
    remember_longer(-90000);
    CHECK_OK(write_file("b.csv", true, "text", &err), err);
    CHECK(there(DEAD_PART));
    remember_longer(-MOUNT_CLEAN_AGAIN);
    CHECK_OK(write_file("b.csv", true, "text", &err), err);
    CHECK(!there(DEAD_PART) && !there(DEAD_LEFT));
    CHECK_INT(counts.held, 0);
}

/* Those remembered by now are so for as long as can be, later ones longer: however long each took to list. */
static void remember_in_order(int64_t order)
{
    const int64_t late = INT64_MAX / 2;

    for (size_t i = 0; i < MOUNT_CLEANED; i++) {
        if (mount->cleaned[i].folder != 0 && mount->cleaned[i].until < late)
            mount->cleaned[i].until = late + order;
    }
}

/* Of many folders those of late are remembered. */
static void many_folders_are_cleaned(void **state)
{
    char name[64];

    (void)state;
    for (int i = 0; i < 2 * MOUNT_CLEANED; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        CHECK_INT(mkdir(path_of(name), 0777), 0);
        mount_clean(mount, NULL, path_of(name));
        remember_in_order(i);
    }
    for (int i = 0; i < 2 * MOUNT_CLEANED; i += MOUNT_CLEANED) {
        (void)snprintf(name, sizeof name, "%d/" DEAD_PART, i + 1);
        put(name, "x");
        (void)snprintf(name, sizeof name, "%d/" DEAD_LEFT, i + 1);
        put(name, "");
        (void)snprintf(name, sizeof name, "%d", i + 1);
        mount_clean(mount, NULL, path_of(name));
        (void)snprintf(name, sizeof name, "%d/" DEAD_PART, i + 1);
        CHECK(there(name) == (i > 0));
    }
}

/* Of a torn target the part may be all there is: a record that cannot be read is no leave to remove it. */
static void parts_are_not_removed_on_suspicion(void **state)
{
    (void)state;
    put("a.csv", "who");
    put(DEAD_PART, "whole text");
    CHECK_INT(mkdir(path_of(DEAD_LEFT), 0777), 0);
    mount_part_clean(&host, NULL, folder);
    CHECK_TEXT(get(DEAD_PART), "whole text");
    CHECK_INT(rmdir(path_of(DEAD_LEFT)), 0);
    CHECK_TEXT(get("a.csv"), "who");
    put(DEAD_LEFT, "10\n");
    mount_part_clean(&host, NULL, folder);
    CHECK_TEXT(get("a.csv"), "whole text");
    CHECK(!there(DEAD_PART) && !there(DEAD_LEFT));
}

/* A folder in which something could not be dealt with, or where somebody has just left something, is not done with. */
static void folders_with_something_left_are_cleaned_again(void **state)
{
    (void)state;
    put(DEAD_PART, "whole text");
    put(DEAD_LEFT, "10\n");
    put("a.csv", "whole");
    counts.fail_from = 2;
    mount_clean(mount, NULL, folder);
    CHECK_TEXT(get(DEAD_PART), "whole text");
    counts.fail_from = 0;
    mount_clean(mount, NULL, folder);
    CHECK_TEXT(get("a.csv"), "whole text");
    put(DEAD_PART, "whole text");
    put(DEAD_LEFT, "10\n");
    remember_longer(100000);
    mount_clean(mount, NULL, folder);
    CHECK(there(DEAD_PART));
    mount_left(mount, folder);
    mount_clean(mount, NULL, folder);
    CHECK(!there(DEAD_PART));
}

/* ---- writing */

static void files_appear_whole(void **state)
{
    struct pf_error err;

    (void)state;
    CHECK_OK(write_file("a.csv", false, "one", &err), err);
    CHECK_INT(write_file("a.csv", false, "two", &err), PF_EXISTS);
    CHECK_HAS(err.remedy, "--force");
    CHECK_TEXT(get("a.csv"), "one");
    CHECK_OK(write_file("a.csv", true, "two", &err), err);
    CHECK_TEXT(get("a.csv"), "two");
    CHECK_OK(write_file("b/c/d.csv", false, "three", &err), err);
    CHECK_TEXT(get("b/c/d.csv"), "three");
    CHECK_INT(write_file("b", true, "four", &err), PF_EXISTS);
    CHECK_INT(write_file("a.csv/e.csv", true, "five", &err), PF_NOT_FOUND);
    CHECK_HAS(err.remedy, "folder");
    CHECK_INT(counts.held, 0);
}

static void every_piece_arrives(void **state)
{
    static char bytes[3 << 20];
    static const size_t pieces[] = { 1, 1000, (1 << 20) - 1001, 1, 1 << 20, (1 << 20) + 1, 7 };
    struct pf_scheme_addition scheme;
    struct pf_error err = { 0 };
    size_t at = 0;
    struct stat st;
    void *writer;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 2654435761u >> 11);
    mount_scheme(mount, &scheme);
    CHECK_OK(scheme.create(scheme.self, NULL, path_of("a"), false, &writer, &err), err);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        CHECK_OK(scheme.write(writer, bytes + at % 1000, pieces[i], &err), err);
        at += pieces[i];
    }
    CHECK_OK(scheme.commit(writer, &err), err);
    scheme.discard(writer);
    CHECK_INT(stat(path_of("a"), &st), 0);
    CHECK_INT(st.st_size, at);
    {
        char *back = malloc(at);
        void *reader;

        at = 0;
        CHECK_OK(scheme.open(scheme.self, NULL, path_of("a"), &reader, &err), err);
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
            CHECK_OK(scheme.read_at(reader, (int64_t)at, back, pieces[i], &err), err);
            CHECK(memcmp(back, bytes + at % 1000, pieces[i]) == 0);
            at += pieces[i];
        }
        CHECK_INT(scheme.read_at(reader, (int64_t)at - 1, back, 2, &err), PF_BAD_DATA);
        scheme.close(reader);
        free(back);
    }
    CHECK_INT(counts.held, 0);
}

static void any_allocation_may_fail(void **state)
{
    struct pf_error err;
    int n;

    (void)state;
    for (n = 1; n < 20; n++) {
        counts.allocations = 0;
        counts.fail_at = n;
        if (write_file("a.csv", true, "text", &err) == PF_OK)
            break;
        CHECK_INT(err.status, PF_NO_MEMORY);
        CHECK(!there("a.csv"));
        CHECK_INT(counts.held, 0);
    }
    CHECK_INT(n, 3);
    CHECK_TEXT(get("a.csv"), "text");
}

/* ---- where renaming is refused */

static int files_in_folder(void)
{
    struct dirent *entry;
    DIR *listing = opendir(folder);
    int count = 0;

    assert_non_null(listing);
    while ((entry = readdir(listing)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(listing);
    return count;
}

static void refused_names_are_copied(void **state)
{
    struct pf_error err;

    (void)state;
    counts.refused = ENOSYS;
    CHECK_OK(write_file("a.csv", false, "one", &err), err);
    CHECK_TEXT(get("a.csv"), "one");
    CHECK_TEXT(counts.warned, "");
    CHECK_INT(write_file("a.csv", false, "two", &err), PF_EXISTS);
    CHECK_OK(write_file("a.csv", true, "two", &err), err);
    CHECK_TEXT(get("a.csv"), "two");
    CHECK_HAS(counts.warned, "not atomic");
    CHECK_INT(files_in_folder(), 1);
}

/* A rename that fails for another reason leaves what is there, and is tried once more where that may help. */
static void failed_names_are_not_copied(void **state)
{
    static const struct {
        int why, renames;
    } cases[] = { { EACCES, 1 }, { EXDEV, 1 }, { EINVAL, 1 }, { ENOSPC, 1 }, { ESPIPE, 1 }, { EIO, 2 }, { EAGAIN, 2 } };
    struct pf_error err;

    (void)state;
    put("a.csv", "old");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        counts.refused = cases[i].why;
        counts.renames = 0;
        CHECK_INT(write_file("a.csv", true, "new", &err), PF_IO);
        CHECK_TEXT(get("a.csv"), "old");
        CHECK_INT(counts.renames, cases[i].renames);
        CHECK_INT(write_file("b.csv", false, "new", &err), PF_IO);
        CHECK_INT(files_in_folder(), 1);
        CHECK_TEXT(counts.warned, "");
    }
}

/* The answer of a rename is lost, or it fails once: the file is there, and nobody takes it away again. */
static void names_are_had_at_the_second_try(void **state)
{
    struct pf_error err;

    (void)state;
    for (int i = 0; i < 8; i++) {
        bool replace = (i & 1) != 0;

        counts.refused = EIO;
        counts.refusals = (i & 2) != 0 ? 1 : 0;
        counts.done = (i & 2) == 0;
        counts.no_flags = (i & 4) != 0;
        counts.renames = 0;
        if (replace)
            put("a.csv", "old");
        CHECK_OK(write_file("a.csv", replace, "new", &err), err);
        CHECK_TEXT(get("a.csv"), "new");
        CHECK_INT(files_in_folder(), 1);
        CHECK_INT(unlink(path_of("a.csv")), 0);
    }
}

/* Two without --force: a name that one has is not taken by the other, also where renaming takes no flags. */
static void names_are_not_taken_from_others(void **state)
{
    static const int refused[] = { 0, ENOSYS };
    struct pf_error err;

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *name = i == 0 ? "a.csv" : "b.csv";
        enum pf_status status;

        counts.no_flags = counts.rival = true;
        counts.refused = refused[i];
        status = write_file(name, false, "one", &err);
        CHECK_INT(status, counts.rival_came ? PF_EXISTS : PF_OK);
        CHECK_TEXT(get(name), counts.rival_came ? "rival" : "one");
        CHECK_INT(files_in_folder(), i + 1);
    }
}

static void turns_need_a_list(void **state)
{
    struct mount_part mine;
    char target[MOUNT_PATH];

    (void)state;
    (void)snprintf(target, sizeof target, "%.2000s/none/a.csv", folder);
    CHECK(mount_part_of(&host, target, &mine));
    CHECK_INT(mount_part_turn(&host, &mine), MOUNT_TURN_UNKNOWN);
}

static void copies_take_turns(void **state)
{
    struct mount_part one, two, *first = &one, *second = &two;

    (void)state;
    CHECK(mount_part_of(&host, path_of("a.csv"), &one) && mount_part_of(&host, path_of("a.csv"), &two));
    if (strcmp(one.whole, two.whole) > 0) {
        first = &two;
        second = &one;
    }
    CHECK_INT(mount_part_record(second->whole, 1), 0);
    CHECK_INT(mount_part_turn(&host, second), MOUNT_TURN_MINE);
    CHECK_INT(mount_part_record(first->whole, 1), 0);
    CHECK_INT(mount_part_turn(&host, first), MOUNT_TURN_WAIT);
    CHECK_INT(mount_part_turn(&host, second), MOUNT_TURN_YIELD);
    CHECK_INT(unlink(second->whole), 0);
    CHECK_INT(mount_part_turn(&host, first), MOUNT_TURN_MINE);
    /* others are no rivals: of another target, begun only, dead */
    put(".b.csv.0badc0de-1-1-00000001.pyforge-whole", "1\n");
    put(".a.csv.00000000-1-1-00000001.pyforge-part", "1\n");
    CHECK_INT(mount_part_turn(&host, first), MOUNT_TURN_MINE);
}

static void waiting_for_a_turn_can_be_cancelled(void **state)
{
    struct pf_error err;

    (void)state;
    counts.refused = ENOSYS;
    counts.cancelled = true;
    put("a.csv", "old");
    put(".a.csv.00000000-1-1-00000001.pyforge-whole", "1\n");
    CHECK_INT(write_file("a.csv", true, "new", &err), PF_CANCELLED);
    CHECK_TEXT(get("a.csv"), "old");
    CHECK_INT(files_in_folder(), 2);
}

/* ---- what is not there */

static enum pf_status ignore_entry(void *user, const char *location, const struct pf_location *what, struct pf_error *err)
{
    (void)location;
    (void)what;
    (void)err;
    ++*(int *)user;
    return PF_OK;
}

static void what_is_not_there_is_told(void **state)
{
    struct pf_scheme_addition scheme;
    struct pf_error err = { 0 };
    struct pf_location found;
    char sub[MOUNT_PATH];
    int entries = 0;
    void *reader;

    (void)state;
    mount_scheme(mount, &scheme);
    put("file", "x");
    put(".a.csv.0badc0de-1-1-00000001.pyforge-part", "x");
    CHECK_INT(scheme.stat(scheme.self, NULL, path_of("none"), &found, &err), PF_NOT_FOUND);
    CHECK_INT(scheme.open(scheme.self, NULL, path_of("none"), &reader, &err), PF_NOT_FOUND);
    CHECK_INT(scheme.list(scheme.self, NULL, path_of("none"), ignore_entry, &entries, &err), PF_NOT_FOUND);
    CHECK_INT(scheme.remove(scheme.self, NULL, path_of("none"), &err), PF_NOT_FOUND);
    CHECK_INT(scheme.make_directory(scheme.self, NULL, path_of("file/sub"), &err), PF_NOT_FOUND);
    err.status = PF_OK;
    CHECK_OK(scheme.make_directory(scheme.self, NULL, path_of("sub"), &err), err);
    CHECK_OK(scheme.make_directory(scheme.self, NULL, path_of("sub"), &err), err);
    put("sub/file", "x");
    CHECK_INT(scheme.remove(scheme.self, NULL, path_of("sub"), &err), PF_IO);
    CHECK_HAS(err.remedy, "in the folder");
    CHECK_OK(scheme.list(scheme.self, NULL, folder, ignore_entry, &entries, &err), err);
    CHECK_INT(entries, 2);
    (void)snprintf(sub, sizeof sub, "%s", path_of("sub"));
    CHECK_OK(scheme.open(scheme.self, NULL, sub, &reader, &err), err);
    CHECK_INT(scheme.read(reader, sub, 1, &(size_t){ 0 }, &err), PF_EXISTS);
    CHECK_INT(scheme.read_at(reader, 0, sub, 1, &err), PF_EXISTS);
    scheme.close(reader);
    counts.allocations = 0;
    counts.fail_at = 1;
    CHECK_INT(scheme.open(scheme.self, NULL, path_of("file"), &reader, &err), PF_NO_MEMORY);
    CHECK_INT(counts.held, 0);
}

static void wrong_places_are_told(void **state)
{
    static const struct {
        const char *location, *says;
    } cases[] = {
        { "/Volumes/main", "schema is missing" },
        { "/Volumes/main/default//a.csv", "volume is empty" },
        { "/Volumes/main/default/v/../../a.csv", ".." },
        { "dbfs:a.csv", "slash" },
    };
    struct pf_scheme_addition scheme;

    (void)state;
    mount_scheme(mount, &scheme);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *location = cases[i].location;
        struct pf_error err = { 0 };
        void *writer;

        CHECK_INT(scheme.create(scheme.self, NULL, location, false, &writer, &err), PF_BAD_OPTION);
        CHECK_HAS(err.message, cases[i].says);
        CHECK(err.remedy[0] != '\0');
        CHECK_INT(scheme.prepare(scheme.self, NULL, location, false, &err), PF_BAD_OPTION);
        CHECK_INT(scheme.make_directory(scheme.self, NULL, location, &err), PF_BAD_OPTION);
        CHECK_INT(scheme.remove(scheme.self, NULL, location, &err), PF_BAD_OPTION);
        CHECK_INT(counts.held, 0);
    }
}

/* The statements are whole, or not there. */
static void statements_are_not_cut(void **state)
{
    (void)state;
    for (int size = 1; size <= 255; size++) {
        static const int whys[] = { EACCES, EOPNOTSUPP };

        for (size_t i = 0; i < sizeof whys / sizeof *whys; i++) {
            struct mount_place place = { .writing = true };
            struct path_wrong wrong;
            struct pf_error err = { 0 };
            char text[1000], name[256];
            size_t end;

            memset(name, 'n', sizeof name);
            name[size] = '\0';
            (void)snprintf(text, sizeof text, "/Volumes/%s/%s/%s", name, name, name);
            CHECK_INT(path_parse(text, strlen(text), &place.path, &wrong), PF_OK);
            (void)mount_fail(&host, &place, whys[i], "written", &err);
            end = strlen(err.remedy);
            CHECK(end < sizeof err.remedy - 1);
            if (strstr(err.remedy, "`n") != NULL)
                CHECK(err.remedy[end - 1] == ';');
            else
                CHECK_HAS(err.remedy, "pyforge validate-volume");
        }
    }
}

static void one_file_has_one_identity(void **state)
{
    static const char *const same[] = { "/Volumes/a/b/c/d.csv", "dbfs:/Volumes/a/b/c/d.csv", "/dbfs/Volumes/a/b/c/./d.csv" };
    struct pf_scheme_addition scheme;
    struct pf_error err = { 0 };
    char text[200];

    (void)state;
    mount_scheme(mount, &scheme);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        CHECK_OK(scheme.identity(scheme.self, NULL, same[i], text, sizeof text, &err), err);
        CHECK_TEXT(text, same[0]);
    }
    CHECK_INT(scheme.identity(scheme.self, NULL, same[0], text, 5, &err), PF_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_told_from_others),
        cmocka_unit_test(names_are_as_long_as_they_may_be),
        cmocka_unit_test_setup_teardown(dead_owners_leave_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hidden_owners_live, set_up, tear_down),
        cmocka_unit_test_setup_teardown(torn_targets_are_completed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pipes_hold_nothing_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(completing_takes_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whole_text_stays_when_it_cannot_be_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folders_are_cleaned_now_and_then, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_folders_are_cleaned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folders_with_something_left_are_cleaned_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_are_not_removed_on_suspicion, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_appear_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_piece_arrives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_allocation_may_fail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_names_are_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_names_are_not_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_had_at_the_second_try, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_not_taken_from_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(turns_need_a_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_take_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waiting_for_a_turn_can_be_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_places_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(statements_are_not_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_file_has_one_identity, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
