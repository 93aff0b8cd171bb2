/* Outputs of schemes that take a file in one pass: built locally, given whole, and straight where local space is short. */
#include "support_unit.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "storage/scheme.h"

enum { STORE_MOST = 64 << 20 };

/* A store of one file, and what was asked of it. */
struct store {
    char *bytes;
    size_t size;
    int prepared, created, written, committed, discarded, cancel_at;
    enum pf_status prepare_status, create_status, write_status, commit_status;
    struct pf_context *ctx;
};

/* What fstatvfs tells of every disk; blocks of one byte. */
static struct {
    int64_t all, left;
} disk;

int fstatvfs(int fd, struct statvfs *out)
{
    (void)fd;
    memset(out, 0, sizeof *out);
    out->f_frsize = 1;
    out->f_blocks = (fsblkcnt_t)disk.all;
    out->f_bavail = (fsblkcnt_t)disk.left;
    return 0;
}

static enum pf_status store_prepare(void *self, struct pf_context *ctx, const char *location, bool replace,
                                    struct pf_error *err)
{
    struct store *store = self;

    (void)ctx;
    (void)location;
    (void)replace;
    store->prepared++;
    return store->prepare_status == PF_OK ? PF_OK : pf_fail(err, store->prepare_status, "not prepared");
}

static enum pf_status store_create(void *self, struct pf_context *ctx, const char *location, bool replace, void **writer,
                                   struct pf_error *err)
{
    struct store *store = self;

    (void)ctx;
    (void)location;
    (void)replace;
    store->created++;
    store->size = 0;
    *writer = store;
    return store->create_status == PF_OK ? PF_OK : pf_fail(err, store->create_status, "not created");
}

static enum pf_status store_write(void *writer, const void *bytes, size_t size, struct pf_error *err)
{
    struct store *store = writer;

    assert_true(store->size + size <= STORE_MOST);
    memcpy(store->bytes + store->size, bytes, size);
    store->size += size;
    if (++store->written == store->cancel_at)
        pf_context_cancel(store->ctx);
    return store->write_status == PF_OK ? PF_OK : pf_fail(err, store->write_status, "not written");
}

static enum pf_status store_commit(void *writer, struct pf_error *err)
{
    struct store *store = writer;

    store->committed++;
    return store->commit_status == PF_OK ? PF_OK : pf_fail(err, store->commit_status, "not committed");
}

static void store_discard(void *writer)
{
    ((struct store *)writer)->discarded++;
}

struct place {
    struct pf_context ctx;
    struct store store;
    struct pf_scheme scheme;
    char *bytes; /* STORE_MOST of them */
    char warned[300];
};

static void keep_warning(void *user, struct pf_context *ctx, const char *text)
{
    (void)ctx;
    (void)snprintf(((struct place *)user)->warned, sizeof((struct place *)user)->warned, "%s", text);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    disk.all = disk.left = (int64_t)1 << 40;
    CHECK(pf_memory_init(&place->ctx.memory, SIZE_MAX));
    place->ctx.warn = keep_warning;
    place->ctx.warn_user = place;
    place->store.ctx = &place->ctx;
    place->store.bytes = malloc(STORE_MOST);
    place->bytes = malloc(STORE_MOST);
    for (size_t i = 0; i < STORE_MOST; i++)
        place->bytes[i] = (char)(i * 2654435761u >> 13);
    place->scheme.self = &place->store;
    place->scheme.calls = (struct pf_scheme_addition){
        .size = sizeof place->scheme.calls,
        .name = "store",
        .prepare = store_prepare,
        .create = store_create,
        .write = store_write,
        .commit = store_commit,
        .discard = store_discard,
        .flags = PF_SCHEME_STAGED,
    };
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;

    CHECK_INT(place->store.discarded, place->store.created - (place->store.create_status != PF_OK ? place->store.created : 0));
    CHECK_INT(atomic_load(&place->ctx.memory.in_use), 0);
    pf_memory_destroy(&place->ctx.memory);
    free(place->store.bytes);
    free(place->bytes);
    free(place);
    return 0;
}

/* Writes size bytes in pieces; *out is the sink, not committed. */
static enum pf_status write_all(struct place *place, size_t size, struct pf_sink **out, struct pf_error *err)
{
    enum { PIECE = 3000001 };

    pf_error_clear(err);
    if (pf_sink_scheme(&place->ctx, &place->scheme, "store:a", true, out, err) != PF_OK)
        return err->status;
    for (size_t at = 0; at < size; at += PIECE) {
        if (pf_sink_write(*out, place->bytes + at, size - at < PIECE ? size - at : PIECE, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

static void nothing_is_asked_before_it_is_whole(void **state)
{
    struct place *place = *state;
    struct pf_error err;
    struct pf_sink *sink;
    char back[100];

    CHECK_OK(write_all(place, 10000000, &sink, &err), err);
    CHECK_INT(place->store.prepared, 1);
    CHECK_INT(place->store.created, 0);
    CHECK_INT(pf_sink_size(sink), 10000000);
    CHECK(pf_sink_has_read_at(sink));
    CHECK_OK(pf_sink_read_at(sink, 5000000, back, sizeof back, &err), err);
    CHECK(memcmp(back, place->bytes + 5000000, sizeof back) == 0);
    CHECK_OK(pf_sink_commit(sink, &err), err);
    CHECK_INT(place->store.committed, 1);
    CHECK_INT(place->store.size, 10000000);
    CHECK(memcmp(place->store.bytes, place->bytes, 10000000) == 0);
    CHECK_TEXT(place->warned, "");
    pf_sink_free(sink);
    CHECK_OK(write_all(place, 100, &sink, &err), err);
    pf_sink_free(sink);
    CHECK_INT(place->store.created, 1);
}

static void little_space_goes_straight(void **state)
{
    struct place *place = *state;
    struct pf_error err;
    struct pf_sink *sink;
    char back[1];

    /* a sixteenth of the disk is not for us */
    disk.all = 160000000;
    disk.left = 13500000;
    CHECK_OK(write_all(place, 3000001, &sink, &err), err);
    CHECK_INT(place->store.created, 0);
    disk.left = 13000000;
    CHECK_OK(pf_sink_write(sink, place->bytes + 3000001, 3000000, &err), err);
    CHECK_INT(place->store.created, 0);
    CHECK_OK(pf_sink_write(sink, place->bytes + 6000001, 3000001, &err), err);
    CHECK_INT(place->store.created, 1);
    CHECK_INT(place->store.size, 9000002);
    CHECK_HAS(place->warned, "written straight");
    CHECK_INT(pf_sink_read_at(sink, 0, back, 1, &err), PF_IO);
    CHECK_HAS(err.remedy, "PYFORGE_TEMP_DIR");
    CHECK_INT(place->store.committed, 0);
    pf_error_clear(&err);
    CHECK_OK(pf_sink_commit(sink, &err), err);
    CHECK(memcmp(place->store.bytes, place->bytes, 9000002) == 0);
    pf_sink_free(sink);
}

static void refusals_reach_the_caller(void **state)
{
    struct place *place = *state;
    struct pf_error err;
    struct pf_sink *sink;

    place->store.prepare_status = PF_EXISTS;
    CHECK_INT(write_all(place, 10, &sink, &err), PF_EXISTS);
    CHECK(sink == NULL);
    place->store.prepare_status = PF_OK;
    place->store.write_status = PF_IO;
    CHECK_OK(write_all(place, 10, &sink, &err), err);
    CHECK_INT(pf_sink_commit(sink, &err), PF_IO);
    CHECK_INT(place->store.committed, 0);
    pf_sink_free(sink);
    place->store.write_status = PF_OK;
    place->store.commit_status = PF_EXISTS;
    CHECK_OK(write_all(place, 10, &sink, &err), err);
    CHECK_INT(pf_sink_commit(sink, &err), PF_EXISTS);
    pf_sink_free(sink);
}

static void creation_that_fails_is_told(void **state)
{
    struct place *place = *state;
    struct pf_error err;
    struct pf_sink *sink;

    place->store.create_status = PF_IO;
    CHECK_OK(write_all(place, 10, &sink, &err), err);
    CHECK_INT(pf_sink_commit(sink, &err), PF_IO);
    pf_sink_free(sink);
    disk.left = 0;
    CHECK_INT(write_all(place, 10, &sink, &err), PF_IO);
    CHECK_TEXT(place->warned, "");
    pf_sink_free(sink);
}

static void cancelled_while_it_is_given(void **state)
{
    struct place *place = *state;
    struct pf_error err;
    struct pf_sink *sink;

    place->store.cancel_at = 1;
    CHECK_OK(write_all(place, 30000000, &sink, &err), err);
    CHECK_INT(pf_sink_commit(sink, &err), PF_CANCELLED);
    CHECK(place->store.size < 30000000);
    CHECK_INT(place->store.committed, 0);
    pf_sink_free(sink);
}

static void any_allocation_may_fail(void **state)
{
    struct place *place = *state;

    for (int i = 0; i < 2; i++) {
        disk.left = i == 0 ? disk.all : 0;
        for (long n = 0;; n++) {
            struct pf_sink *sink = NULL;
            struct pf_error err;
            enum pf_status status;

            atomic_store(&place->ctx.memory.fail_at, n);
            status = write_all(place, 100, &sink, &err);
            if (status == PF_OK)
                status = pf_sink_commit(sink, &err);
            atomic_store(&place->ctx.memory.fail_at, -1);
            pf_sink_free(sink);
            if (status == PF_OK) {
                CHECK(n > 3);
                break;
            }
            CHECK_INT(status, PF_NO_MEMORY);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_asked_before_it_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(little_space_goes_straight, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_reach_the_caller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(creation_that_fails_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancelled_while_it_is_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_allocation_may_fail, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
