#include "support_unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "pyforge/extension.h"
#include "storage/storage.h"

/* Each test has a folder of its own. */
struct place {
    char folder[64];
    struct pf_context ctx;
};

static int begin(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    strcpy(place->folder, "/tmp/pyforge-test-XXXXXX");
    if (mkdtemp(place->folder) == NULL || !pf_memory_init(&place->ctx.memory, SIZE_MAX))
        return -1;
    place->ctx.limits.expansion = 1000;
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    char command[128];

    CHECK_INT(atomic_load(&place->ctx.memory.in_use), 0);
    pf_memory_destroy(&place->ctx.memory);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
    if (system(command) != 0)
        return -1;
    free(place);
    return 0;
}

static const char *path_in(const struct place *place, const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", place->folder, name);
    return path;
}

static void put(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    CHECK_INT(fwrite(bytes, 1, size, file), size);
    CHECK_INT(fclose(file), 0);
}

static void check_content(const char *path, const char *expected)
{
    char got[256] = "";
    FILE *file = fopen(path, "rb");

    CHECK(file != NULL);
    got[fread(got, 1, sizeof got - 1, file)] = '\0';
    (void)fclose(file);
    CHECK_TEXT(got, expected);
}

static int entries(const struct place *place)
{
    DIR *listing = opendir(place->folder);
    int count = 0;

    while (readdir(listing) != NULL)
        count++;
    (void)closedir(listing);
    return count - 2;
}

/* Reads all of a source in parts of odd sizes; the caller frees. */
static char *read_all(struct pf_source *src, size_t *size)
{
    char *bytes = NULL;
    size_t got, part = 1;
    struct pf_error err;

    *size = 0;
    do {
        bytes = realloc(bytes, *size + part + 1);
        CHECK_OK(pf_source_read(src, bytes + *size, part, &got, &err), err);
        *size += got;
        part = part * 3 % 9973 + 1;
    } while (got != 0);
    bytes[*size] = '\0';
    return bytes;
}

/* A text that is not the same everywhere. */
static char *sample(size_t size)
{
    char *text = malloc(size + 1);

    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + (i * i / 7 + i) % 23);
    text[size] = '\0';
    return text;
}

/* Reads the file at path twice (with a rewind) and once after a peek; every time it is text. */
static void check_reads(struct place *place, const char *path, const char *text, size_t size, const char *compression)
{
    struct pf_source *src;
    struct pf_error err;
    const uint8_t *head;
    size_t got;

    CHECK_OK(pf_source_open(&place->ctx, path, false, &src, &err), err);
    CHECK_TEXT(pf_source_compression(src), compression);
    CHECK_OK(pf_source_peek(src, 1000, &head, &got, &err), err);
    CHECK_INT(got, size < 1000 ? size : 1000);
    CHECK(memcmp(head, text, got) == 0);
    for (int pass = 0; pass < 2; pass++) {
        char *all = read_all(src, &got);

        CHECK_INT(got, size);
        CHECK(memcmp(all, text, size) == 0);
        free(all);
        CHECK_OK(pf_source_rewind(src, &err), err);
    }
    CHECK_INT(pf_source_has_read_at(src), compression[0] == '\0');
    pf_source_close(src);
}

static void plain_file(void **state)
{
    struct place *place = *state;
    const size_t sizes[] = { 0, 1, 999, 1000, 1001, 300000 };

    for (size_t i = 0; i < PF_COUNT(sizes); i++) {
        char *text = sample(sizes[i]);

        put(path_in(place, "plain"), text, sizes[i]);
        check_reads(place, path_in(place, "plain"), text, sizes[i], "");
        free(text);
    }
}

static void gzip_file_of_two_members(void **state)
{
    struct place *place = *state;
    char *text = sample(500000);
    gzFile file = gzopen(path_in(place, "x.gz"), "wb");

    gzwrite(file, text, 200000);
    gzclose(file);
    file = gzopen(path_in(place, "x.gz"), "ab");
    gzwrite(file, text + 200000, 300000);
    gzclose(file);
    check_reads(place, path_in(place, "x.gz"), text, 500000, "gzip");
    free(text);
}

/* Zeros behind gzip data are padding; anything else is neither left out nor read. */
static void what_follows_gzip_data(void **state)
{
    static const struct {
        size_t zeros;
        const char *tail;
        enum pf_status status;
    } cases[] = {
        { 1, "", PF_OK },
        { 511, "", PF_OK },
        { 700000, "", PF_OK },
        { 0, "x", PF_BAD_DATA },
        { 0, "\x1f", PF_BAD_DATA },
        { 0, "\x1f\x8c", PF_BAD_DATA },
        { 0, "name,id\n1,2\n", PF_BAD_DATA },
        { 512, "x", PF_BAD_DATA },
        { 3, "\x1f\x8b", PF_BAD_DATA },
    };
    struct place *place = *state;
    char *text = sample(30000), *to = malloc(40000);

    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        char *zeros = calloc(cases[i].zeros + 1, 1);
        struct pf_source *src;
        struct pf_error err;
        size_t got = 0, more = 1;
        enum pf_status status;
        FILE *raw;
        gzFile file = gzopen(path_in(place, "x.gz"), "wb");

        gzwrite(file, text, 30000);
        gzclose(file);
        raw = fopen(path_in(place, "x.gz"), "ab");
        (void)fwrite(zeros, 1, cases[i].zeros, raw);
        (void)fwrite(cases[i].tail, 1, strlen(cases[i].tail), raw);
        CHECK_INT(fclose(raw), 0);
        CHECK_OK(pf_source_open(&place->ctx, path_in(place, "x.gz"), false, &src, &err), err);
        for (int pass = 0; pass < 2; pass++) {
            status = pf_source_read(src, to, 30000, &got, &err);
            if (status == PF_OK)
                status = pf_source_read(src, to + 30000, 100, &more, &err);
            CHECK_INT(status, cases[i].status);
            if (status != PF_OK) {
                CHECK_HAS(err.message, "gzip data");
                break;
            }
            CHECK_INT(got, 30000);
            CHECK_INT(more, 0);
            CHECK(memcmp(to, text, 30000) == 0);
            CHECK_OK(pf_source_rewind(src, &err), err);
        }
        pf_source_close(src);
        free(zeros);
    }
    free(text);
    free(to);
}

/* What the decoders allocate counts: a window of 64 MiB does not fit into 8. */
static void memory_of_decoders_is_counted(void **state)
{
    struct place *place = *state;
    size_t size = (size_t)65 << 20, bound = ZSTD_compressBound(size), before, got;
    char *plain = calloc(size, 1), *packed = malloc(bound);
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    gzFile file = gzopen(path_in(place, "x.gz"), "wb");
    struct pf_source *src;
    struct pf_error err;

    gzwrite(file, plain, 1 << 20);
    gzclose(file);
    before = atomic_load(&place->ctx.memory.in_use);
    CHECK_OK(pf_source_open(&place->ctx, path_in(place, "x.gz"), false, &src, &err), err);
    CHECK_OK(pf_source_read(src, plain, 1 << 19, &got, &err), err);
    CHECK(atomic_load(&place->ctx.memory.in_use) > before + (256 + 32) * 1024);
    pf_source_close(src);

    ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 26);
    size = ZSTD_compress2(zstd, packed, bound, plain, size);
    CHECK(!ZSTD_isError(size));
    ZSTD_freeCCtx(zstd);
    put(path_in(place, "x.zst"), packed, size);
    place->ctx.limits.expansion = 0;
    place->ctx.memory.limit = (size_t)8 << 20;
    CHECK_OK(pf_source_open(&place->ctx, path_in(place, "x.zst"), false, &src, &err), err);
    CHECK_INT(pf_source_read(src, plain, 1 << 20, &got, &err), PF_NO_MEMORY);
    CHECK_HAS(err.message, "zstd");
    CHECK_HAS(err.remedy, "--memory");
    pf_source_close(src);
    place->ctx.memory.limit = SIZE_MAX;
    CHECK_OK(pf_source_open(&place->ctx, path_in(place, "x.zst"), false, &src, &err), err);
    CHECK_OK(pf_source_read(src, plain, 1 << 20, &got, &err), err);
    CHECK_INT(got, 1 << 20);
    pf_source_close(src);
    free(plain);
    free(packed);
}

/* A source that was unpacked is still told by what is stored. */
static void unpacked_source_is_told_as_stored(void **state)
{
    struct place *place = *state;
    char *text = sample(500000), *to = malloc(500000);
    gzFile file = gzopen(path_in(place, "x.gz"), "wb");
    struct pf_source *src;
    struct pf_error err;
    struct stat st;

    gzwrite(file, text, 500000);
    gzclose(file);
    CHECK_INT(stat(path_in(place, "x.gz"), &st), 0);
    CHECK_OK(pf_source_open(&place->ctx, path_in(place, "x.gz"), false, &src, &err), err);
    CHECK_OK(pf_source_unpack(src, &err), err);
    CHECK_INT(pf_source_size(src), 500000);
    CHECK_INT(pf_source_stat_of(src)->size, st.st_size);
    CHECK_INT(pf_source_consumed(src), st.st_size);
    CHECK_OK(pf_source_read_at(src, 0, to, 500000, &err), err);
    CHECK(memcmp(to, text, 500000) == 0);
    pf_source_close(src);
    free(text);
    free(to);
}

static void *cancel_soon(void *ctx)
{
    (void)usleep(150000);
    atomic_store(&((struct pf_context *)ctx)->cancelled, true);
    return NULL;
}

/* Nobody is at the other end, and nobody will be. */
static void waiting_for_a_pipe_ends_when_cancelled(void **state)
{
    struct place *place = *state;
    struct pf_sink_options options = { .replace = true };
    struct pf_source *src;
    struct pf_sink *sink;
    struct pf_error err;
    pthread_t thread;

    CHECK_INT(mkfifo(path_in(place, "pipe"), 0600), 0);
    CHECK_INT(pthread_create(&thread, NULL, cancel_soon, &place->ctx), 0);
    CHECK_INT(pf_source_open(&place->ctx, path_in(place, "pipe"), false, &src, &err), PF_CANCELLED);
    CHECK_INT(pthread_join(thread, NULL), 0);
    atomic_store(&place->ctx.cancelled, false);
    CHECK_INT(pthread_create(&thread, NULL, cancel_soon, &place->ctx), 0);
    CHECK_INT(pf_sink_open(&place->ctx, path_in(place, "pipe"), &options, &sink, &err), PF_CANCELLED);
    CHECK_INT(pthread_join(thread, NULL), 0);
}

/* A reader who does not read: the pipe is full. */
static void a_full_pipe_ends_when_cancelled(void **state)
{
    struct place *place = *state;
    struct pf_sink_options options = { .replace = true };
    char *bytes = calloc(1, (size_t)1 << 20);
    struct pf_sink *sink;
    struct pf_error err;
    pthread_t thread;
    int fd;

    CHECK_INT(mkfifo(path_in(place, "pipe"), 0600), 0);
    fd = open(path_in(place, "pipe"), O_RDONLY | O_NONBLOCK);
    CHECK(fd >= 0);
    CHECK_OK(pf_sink_open(&place->ctx, path_in(place, "pipe"), &options, &sink, &err), err);
    CHECK_INT(pthread_create(&thread, NULL, cancel_soon, &place->ctx), 0);
    CHECK_INT(pf_sink_write(sink, bytes, (size_t)1 << 20, &err), PF_CANCELLED);
    CHECK_INT(pthread_join(thread, NULL), 0);
    pf_sink_free(sink);
    CHECK_INT(close(fd), 0);
    free(bytes);
}

static void zstd_file_of_two_frames(void **state)
{
    struct place *place = *state;
    char *text = sample(500000);
    size_t bound = ZSTD_compressBound(500000), size;
    char *packed = malloc(bound * 2);

    size = ZSTD_compress(packed, bound, text, 123456, 3);
    size += ZSTD_compress(packed + size, bound, text + 123456, 500000 - 123456, 1);
    put(path_in(place, "x.zst"), packed, size);
    check_reads(place, path_in(place, "x.zst"), text, 500000, "zstd");
    free(packed);
    free(text);
}

/* Every cut of a compressed file is an error that says so, or (cut between members) a shorter file. */
static void cut_compressed_file(void **state)
{
    struct place *place = *state;
    char packed[2048], text[2000];
    size_t size;

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(rand() % 100);
    size = ZSTD_compress(packed, sizeof packed, text, sizeof text, 1);
    for (size_t cut = 5; cut < size; cut += 7) {
        struct pf_source *src;
        struct pf_error err;
        size_t got;
        char to[4000];
        enum pf_status status;

        put(path_in(place, "cut.zst"), packed, cut);
        status = pf_source_open(&place->ctx, path_in(place, "cut.zst"), false, &src, &err);
        if (status == PF_OK) {
            status = pf_source_read(src, to, sizeof to, &got, &err);
            pf_source_close(src);
        }
        CHECK_INT(status, PF_BAD_DATA);
        CHECK_HAS(err.message, "zstd");
        CHECK_HAS(err.source, "cut.zst");
    }
}

static void expansion_is_limited(void **state)
{
    struct place *place = *state;
    size_t bound = ZSTD_compressBound((size_t)1 << 27), size, got;
    char *zeros = calloc(1, (size_t)1 << 27), *packed = malloc(bound);
    struct pf_source *src;
    struct pf_error err;

    size = ZSTD_compress(packed, bound, zeros, (size_t)1 << 27, 1);
    put(path_in(place, "bomb.zst"), packed, size);
    CHECK_OK(pf_source_open(&place->ctx, path_in(place, "bomb.zst"), false, &src, &err), err);
    CHECK_INT(pf_source_read(src, zeros, (size_t)1 << 27, &got, &err), PF_LIMIT);
    CHECK_HAS(err.remedy, "--max-expansion");
    pf_source_close(src);
    free(zeros);
    free(packed);
}

static void spooled_pipe(void **state)
{
    struct place *place = *state;
    char *text = sample(700000);
    struct pf_source *src;
    struct pf_error err;
    const uint8_t *head;
    size_t got;
    char *all;
    pid_t child;

    CHECK_INT(mkfifo(path_in(place, "pipe"), 0600), 0);
    child = fork();
    if (child == 0) {
        int fd = open(path_in(place, "pipe"), O_WRONLY);
        _exit(write(fd, text, 700000) == 700000 ? 0 : 1);
    }
    CHECK_OK(pf_source_open(&place->ctx, path_in(place, "pipe"), false, &src, &err), err);
    CHECK(!pf_source_can_rewind(src));
    CHECK_OK(pf_source_peek(src, 5000, &head, &got, &err), err);
    CHECK_OK(pf_source_spool(src, &err), err);
    for (int pass = 0; pass < 3; pass++) {
        all = read_all(src, &got);
        CHECK_INT(got, 700000);
        CHECK(memcmp(all, text, 700000) == 0);
        free(all);
        CHECK_OK(pf_source_rewind(src, &err), err);
    }
    pf_source_close(src);
    CHECK_INT(waitpid(child, NULL, 0), child);
    free(text);
}

static void changed_file_is_told(void **state)
{
    struct place *place = *state;
    struct pf_source *src;
    struct pf_error err;

    put(path_in(place, "x"), "abc", 3);
    CHECK_OK(pf_source_open(&place->ctx, path_in(place, "x"), false, &src, &err), err);
    put(path_in(place, "x"), "abcd", 4);
    CHECK_INT(pf_source_rewind(src, &err), PF_BAD_DATA);
    CHECK_HAS(err.message, "changed");
    pf_source_close(src);
}

static void a_file_cut_short_is_told(void **state)
{
    struct place *place = *state;
    char *text = sample(300000);
    struct pf_source *src;
    struct pf_error err;
    char *to = malloc(300000);
    size_t got;

    put(path_in(place, "x"), text, 300000);
    CHECK_OK(pf_source_open(&place->ctx, path_in(place, "x"), false, &src, &err), err);
    CHECK_OK(pf_source_read(src, to, 100000, &got, &err), err);
    CHECK_INT(truncate(path_in(place, "x"), 200000), 0);
    CHECK_INT(pf_source_read(src, to, 200000, &got, &err), PF_BAD_DATA);
    CHECK_HAS(err.message, "changed");
    pf_source_close(src);
    free(to);
    free(text);
}

/* What the kernel makes up as it is read claims sizes that mean nothing: 0, or a page. */
static void pseudo_files_are_read(void **state)
{
    const char *const paths[] = { "/proc/self/status", "/sys/devices/system/cpu/possible", "/proc/self/mountinfo" };
    struct place *place = *state;

    for (size_t i = 0; i < PF_COUNT(paths); i++) {
        struct pf_source *src;
        struct pf_error err;
        size_t size;

        if (access(paths[i], R_OK) != 0)
            continue;
        CHECK_OK(pf_source_open(&place->ctx, paths[i], false, &src, &err), err);
        free(read_all(src, &size));
        CHECK(size > 0);
        CHECK_OK(pf_source_check(src, &err), err);
        CHECK_OK(pf_source_rewind(src, &err), err);
        free(read_all(src, &size));
        CHECK(size > 0);
        pf_source_close(src);
    }
}

/* Whatever is met first at the end of a pass: more bytes than there were, or as many but others. */
static void a_file_written_to_is_told_at_its_end(void **state)
{
    struct place *place = *state;

    for (int rewritten = 0; rewritten < 2; rewritten++) {
        struct pf_source *src;
        struct pf_error err;
        char to[16];
        size_t got;

        put(path_in(place, "x"), "0123456789", 10);
        CHECK_OK(pf_source_open(&place->ctx, path_in(place, "x"), false, &src, &err), err);
        CHECK_OK(pf_source_read(src, to, 4, &got, &err), err);
        CHECK_OK(pf_source_check(src, &err), err);
        (void)usleep(20000); /* the clock of file times has a tick of some milliseconds */
        put(path_in(place, "x"), rewritten ? "9876543210" : "0123456789abc", rewritten ? 10 : 13);
        CHECK_INT(pf_source_check(src, &err), PF_BAD_DATA);
        CHECK_INT(pf_source_read(src, to, sizeof to, &got, &err), PF_BAD_DATA);
        CHECK_HAS(err.message, "changed");
        CHECK_HAS(err.source, "/x");
        CHECK_HAS(err.remedy, "copy");
        pf_source_close(src);
    }
}

/* A file that standard input is at the end of already, or behind it. */
static void an_input_that_begins_behind_the_end_is_empty(void **state)
{
    struct place *place = *state;
    int fd, old = dup(STDIN_FILENO);
    struct pf_source *src;
    struct pf_error err;
    size_t size;

    put(path_in(place, "x"), "0123456789", 10);
    fd = open(path_in(place, "x"), O_RDONLY);
    CHECK(fd >= 0 && old >= 0);
    CHECK_INT(lseek(fd, 20, SEEK_SET), 20);
    CHECK_INT(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    CHECK_OK(pf_source_open(&place->ctx, "-", false, &src, &err), err);
    for (int pass = 0; pass < 2; pass++) {
        free(read_all(src, &size));
        CHECK_INT(size, 0);
        CHECK_OK(pf_source_rewind(src, &err), err);
    }
    pf_source_close(src);
    CHECK_INT(dup2(old, STDIN_FILENO), STDIN_FILENO);
    CHECK_INT(close(old) + close(fd), 0);
}

static void read_at_checks_the_end(void **state)
{
    struct place *place = *state;
    struct pf_source *src;
    struct pf_error err;
    char to[4];

    put(path_in(place, "x"), "0123456789", 10);
    CHECK_OK(pf_source_open(&place->ctx, path_in(place, "x"), false, &src, &err), err);
    CHECK_OK(pf_source_read_at(src, 6, to, 4, &err), err);
    CHECK(memcmp(to, "6789", 4) == 0);
    CHECK_INT(pf_source_read_at(src, 7, to, 4, &err), PF_BAD_DATA);
    pf_source_close(src);
    CHECK_OK(pf_source_memory(&place->ctx, "0123456789", 10, "memory", &src, &err), err);
    CHECK_OK(pf_source_read_at(src, 6, to, 4, &err), err);
    CHECK_INT(pf_source_read_at(src, 7, to, 4, &err), PF_BAD_DATA);
    CHECK_INT(pf_source_read_at(src, -1, to, 1, &err), PF_BAD_DATA);
    pf_source_close(src);
}

static void what_cannot_be_opened(void **state)
{
    struct place *place = *state;
    struct pf_source *src;
    struct pf_error err;

    CHECK_INT(pf_source_open(&place->ctx, path_in(place, "none"), false, &src, &err), PF_NOT_FOUND);
    CHECK(src == NULL);
    CHECK_INT(pf_source_open(&place->ctx, place->folder, false, &src, &err), PF_UNSUPPORTED);
    CHECK_HAS(err.message, "directory");
}

/* ---- sinks */

static struct pf_sink *open_sink(struct place *place, const char *name, bool replace)
{
    struct pf_sink_options options = { .replace = replace };
    struct pf_sink *sink;
    struct pf_error err;

    CHECK_OK(pf_sink_open(&place->ctx, path_in(place, name), &options, &sink, &err), err);
    return sink;
}

static void output_appears_at_commit(void **state)
{
    struct place *place = *state;
    struct pf_error err;
    struct pf_sink *sink = open_sink(place, "out", false);

    CHECK_OK(pf_sink_write(sink, "hello", 5, &err), err);
    CHECK_INT(access(path_in(place, "out"), F_OK), -1);
    CHECK_OK(pf_sink_commit(sink, &err), err);
    pf_sink_free(sink);
    check_content(path_in(place, "out"), "hello");
    CHECK_INT(entries(place), 1);
}

static void without_commit_nothing_is_left(void **state)
{
    struct place *place = *state;
    struct pf_error err;
    struct pf_sink *sink = open_sink(place, "out", false);

    CHECK_OK(pf_sink_write(sink, "hello", 5, &err), err);
    pf_sink_free(sink);
    CHECK_INT(entries(place), 0);
}

static void the_old_file_stays_until_the_new_is_whole(void **state)
{
    struct place *place = *state;
    struct pf_error err;
    struct stat st;
    struct pf_sink *sink;

    put(path_in(place, "out"), "old", 3);
    CHECK_INT(chmod(path_in(place, "out"), 0640), 0);
    CHECK_INT(symlink("out", path_in(place, "link")), 0);
    sink = open_sink(place, "link", true);
    CHECK_OK(pf_sink_write(sink, "new", 3, &err), err);
    check_content(path_in(place, "out"), "old");
    CHECK_OK(pf_sink_commit(sink, &err), err);
    pf_sink_free(sink);
    check_content(path_in(place, "out"), "new");
    CHECK_INT(lstat(path_in(place, "link"), &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_INT(stat(path_in(place, "out"), &st), 0);
    CHECK_INT(st.st_mode & 0777, 0640);
    CHECK_INT(entries(place), 2);
}

static void existing_output_is_refused(void **state)
{
    struct place *place = *state;
    struct pf_sink_options options = { .replace = false };
    struct pf_error err;
    struct pf_sink *sink;

    put(path_in(place, "out"), "old", 3);
    CHECK_INT(pf_sink_open(&place->ctx, path_in(place, "out"), &options, &sink, &err), PF_EXISTS);
    CHECK_INT(pf_sink_open(&place->ctx, place->folder, &options, &sink, &err), PF_EXISTS);
    CHECK_INT(unlink(path_in(place, "out")), 0);
    sink = open_sink(place, "out", false);
    put(path_in(place, "out"), "raced", 5);
    CHECK_INT(pf_sink_commit(sink, &err), PF_EXISTS);
    pf_sink_free(sink);
    check_content(path_in(place, "out"), "raced");
    CHECK_INT(entries(place), 1);
}

static void copies_between_sinks(void **state)
{
    struct place *place = *state;
    struct pf_error err;
    struct pf_sink *scratch, *memory, *out = open_sink(place, "out", false);
    const uint8_t *bytes;
    size_t size;

    CHECK_OK(pf_sink_scratch(&place->ctx, &scratch, &err), err);
    CHECK_OK(pf_sink_memory(&place->ctx, &memory, &err), err);
    CHECK_OK(pf_sink_write(scratch, "0123456789", 10, &err), err);
    CHECK_OK(pf_sink_copy(out, scratch, 2, 5, &err), err);
    CHECK_OK(pf_sink_copy(memory, scratch, 0, 3, &err), err);
    CHECK_OK(pf_sink_copy(out, memory, 1, 2, &err), err);
    CHECK_INT(pf_sink_size(out), 7);
    bytes = pf_sink_memory_bytes(memory, &size);
    CHECK_INT(size, 3);
    CHECK(memcmp(bytes, "012", 3) == 0);
    CHECK_INT(pf_sink_read_at(memory, 2, (char[2]){ 0 }, 2, &err), PF_INTERNAL);
    CHECK_OK(pf_sink_commit(out, &err), err);
    check_content(path_in(place, "out"), "2345612");
    pf_sink_free(out);
    pf_sink_free(scratch);
    pf_sink_free(memory);
}

static void full_disk_is_told(void **state)
{
    struct place *place = *state;
    struct pf_sink_options options = { .replace = false };
    struct pf_sink *sink;
    struct pf_error err;

    CHECK_OK(pf_sink_open(&place->ctx, "/dev/full", &options, &sink, &err), err);
    CHECK_INT(pf_sink_write(sink, "x", 1, &err), PF_IO);
    CHECK_HAS(err.remedy, "space");
    pf_sink_free(sink);
}

/* A temporary file of this process, or of one with another start (which it is not), on this host or on another. */
static const char *path_of_temporary(const struct place *place, const char *folder, bool here, bool alive)
{
    char name[64 + PF_OWNER_BYTES], owner[PF_OWNER_BYTES], *start;

    pf_owner_name(owner);
    if (!here)
        memcpy(owner, strncmp(owner, "0badc0de", 8) == 0 ? "0badc0df" : "0badc0de", 8);
    start = strchr(strchr(owner, '-') + 1, '-') + 1;
    if (!alive)
        start[0] = start[0] == '9' ? '8' : (char)(start[0] + 1);
    (void)snprintf(name, sizeof name, "%s.pyforge-%s.tmp", folder, owner);
    return path_in(place, name);
}

static void put_aged(const char *path, int seconds)
{
    struct timespec times[2] = { { .tv_sec = time(NULL) - seconds }, { .tv_sec = time(NULL) - seconds } };

    put(path, "x", 1);
    CHECK_INT(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void what_a_dead_process_left_is_removed(void **state)
{
    static const struct {
        bool here, alive;
        int age;
        bool stays;
    } cases[] = {
        { true, false, 0, false },     { true, true, 0, true },      { true, true, 200000, true },
        { false, false, 80000, true }, { false, true, 80000, true }, { false, true, 90000, false },
    };
    struct place *place = *state;
    char path[256];

    put(path_in(place, ".pyforge-notes"), "x", 1);
    put(path_in(place, ".pyforge-notes.tmp"), "x", 1);
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        (void)snprintf(path, sizeof path, "%s", path_of_temporary(place, "", cases[i].here, cases[i].alive));
        put_aged(path, cases[i].age);
        pf_location_clean(&place->ctx, path_in(place, "out"));
        if ((access(path, F_OK) == 0) != cases[i].stays)
            fail_msg("case %zu: %s", i, cases[i].stays ? "is gone" : "stays");
    }
    CHECK_INT(access(path_in(place, ".pyforge-notes"), F_OK), 0);
    CHECK_INT(access(path_in(place, ".pyforge-notes.tmp"), F_OK), 0);
}

/* An output that is a link is built beside what it leads to: that is where something may have been left. */
static void the_folder_that_a_link_leads_to_is_cleaned(void **state)
{
    struct place *place = *state;
    char inner[128], left[256], beside[256];

    (void)snprintf(inner, sizeof inner, "%s/inner", place->folder);
    CHECK_INT(mkdir(inner, 0700), 0);
    put(path_in(place, "inner/out"), "x", 1);
    CHECK_INT(symlink("inner/out", path_in(place, "link")), 0);
    (void)snprintf(left, sizeof left, "%s", path_of_temporary(place, "inner/", true, false));
    put(left, "x", 1);
    (void)snprintf(beside, sizeof beside, "%s", path_of_temporary(place, "", true, false));
    put(beside, "x", 1);
    pf_location_clean(&place->ctx, path_in(place, "link"));
    CHECK_INT(access(left, F_OK), -1);
    CHECK_INT(access(beside, F_OK), 0);
}

/* Nothing is written through a link that leads nowhere, with or without --force. */
static void link_that_leads_nowhere_is_refused(void **state)
{
    struct place *place = *state;
    struct pf_sink *sink;
    struct pf_error err;

    CHECK_INT(symlink("nowhere", path_in(place, "link")), 0);
    for (int replace = 0; replace < 2; replace++) {
        struct pf_sink_options options = { .replace = replace != 0 };

        CHECK_INT(pf_sink_open(&place->ctx, path_in(place, "link"), &options, &sink, &err), PF_EXISTS);
        CHECK(sink == NULL);
        CHECK_HAS(err.message, "link");
        CHECK_HAS(err.remedy, "remove the link");
    }
    CHECK_INT(entries(place), 1);
}

static void same_file_through_links(void **state)
{
    struct place *place = *state;
    char other[256];

    put(path_in(place, "a"), "x", 1);
    put(path_in(place, "b"), "x", 1);
    CHECK_INT(symlink("a", path_in(place, "c")), 0);
    (void)snprintf(other, sizeof other, "%s/a", place->folder);
    CHECK(pf_location_same(other, path_in(place, "c")));
    CHECK(!pf_location_same(other, path_in(place, "b")));
    CHECK(!pf_location_same(other, path_in(place, "none")));
}

/* Every allocation of a reading and a writing is refused once. */
static void refused_memory_is_an_error(void **state)
{
    struct place *place = *state;
    char packed[256];
    size_t size = ZSTD_compress(packed, sizeof packed, "hello hello hello", 17, 1);

    put(path_in(place, "x.zst"), packed, size);
    for (long n = 0;; n++) {
        struct pf_source *src = NULL;
        struct pf_sink *sink = NULL;
        struct pf_sink_options options = { .replace = true };
        struct pf_error err;
        char to[32];
        size_t got;
        enum pf_status status;

        atomic_store(&place->ctx.memory.fail_at, n);
        status = pf_source_open(&place->ctx, path_in(place, "x.zst"), false, &src, &err);
        if (status == PF_OK)
            status = pf_source_read(src, to, sizeof to, &got, &err);
        if (status == PF_OK)
            status = pf_sink_open(&place->ctx, path_in(place, "out"), &options, &sink, &err);
        if (status == PF_OK)
            status = pf_sink_write(sink, to, got, &err);
        if (status == PF_OK)
            status = pf_sink_commit(sink, &err);
        atomic_store(&place->ctx.memory.fail_at, -1);
        pf_source_close(src);
        pf_sink_free(sink);
        if (status == PF_OK) {
            CHECK(n > 3);
            break;
        }
        CHECK_INT(status, PF_NO_MEMORY);
        CHECK_INT(entries(place), 1);
    }
    check_content(path_in(place, "out"), "hello hello hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_file, begin, end),
        cmocka_unit_test_setup_teardown(gzip_file_of_two_members, begin, end),
        cmocka_unit_test_setup_teardown(zstd_file_of_two_frames, begin, end),
        cmocka_unit_test_setup_teardown(what_follows_gzip_data, begin, end),
        cmocka_unit_test_setup_teardown(memory_of_decoders_is_counted, begin, end),
        cmocka_unit_test_setup_teardown(unpacked_source_is_told_as_stored, begin, end),
        cmocka_unit_test_setup_teardown(waiting_for_a_pipe_ends_when_cancelled, begin, end),
        cmocka_unit_test_setup_teardown(a_full_pipe_ends_when_cancelled, begin, end),
        cmocka_unit_test_setup_teardown(the_folder_that_a_link_leads_to_is_cleaned, begin, end),
        cmocka_unit_test_setup_teardown(link_that_leads_nowhere_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(cut_compressed_file, begin, end),
        cmocka_unit_test_setup_teardown(expansion_is_limited, begin, end),
        cmocka_unit_test_setup_teardown(spooled_pipe, begin, end),
        cmocka_unit_test_setup_teardown(changed_file_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_file_cut_short_is_told, begin, end),
        cmocka_unit_test_setup_teardown(pseudo_files_are_read, begin, end),
        cmocka_unit_test_setup_teardown(a_file_written_to_is_told_at_its_end, begin, end),
        cmocka_unit_test_setup_teardown(an_input_that_begins_behind_the_end_is_empty, begin, end),
        cmocka_unit_test_setup_teardown(read_at_checks_the_end, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened, begin, end),
        cmocka_unit_test_setup_teardown(output_appears_at_commit, begin, end),
        cmocka_unit_test_setup_teardown(without_commit_nothing_is_left, begin, end),
        cmocka_unit_test_setup_teardown(the_old_file_stays_until_the_new_is_whole, begin, end),
        cmocka_unit_test_setup_teardown(existing_output_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(copies_between_sinks, begin, end),
        cmocka_unit_test_setup_teardown(full_disk_is_told, begin, end),
        cmocka_unit_test_setup_teardown(what_a_dead_process_left_is_removed, begin, end),
        cmocka_unit_test_setup_teardown(same_file_through_links, begin, end),
        cmocka_unit_test_setup_teardown(refused_memory_is_an_error, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
