/* Whole conversions in one process: refused allocations, the Arrow stream, cancelling, threads that agree. */
#include "support_convert.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "pyforge/arrow_abi.h"

static int begin(void **state)
{
    if (make_place(state, "in.csv") != 0)
        return -1;
    name_output(*state, "out.parquet");
    return 0;
}

/* rows of four columns; text_at: the row in which the second column has a text (-1 = none). */
static void make_input(const struct place *place, int rows, int text_at)
{
    FILE *file = fopen(place->input, "wb");

    CHECK(file != NULL);
    (void)fputs("id,count,day,note\n", file);
    for (int i = 0; i < rows; i++) {
        if (i == text_at)
            (void)fprintf(file, "%d,many,2024-02-%02d,\"a \"\"late\"\" text\"\n", i, i % 28 + 1);
        else
            (void)fprintf(file, "%d,%d,2024-02-%02d,row number %d with its text\n", i, i % 100, i % 28 + 1, i);
    }
    CHECK_INT(fclose(file), 0);
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

static void remove_outputs(const struct place *place)
{
    char rejects[160];

    CHECK_INT(unlink(place->output), 0);
    (void)snprintf(rejects, sizeof rejects, "%s.rejects.csv", place->output);
    (void)unlink(rejects);
}

/* Makes allocation n, n + stride, ... fail, each in a conversion of its own, until there are fewer than n. A conversion may do
 * without some of them (a look for leftovers of others). */
static void fail_every_allocation(const struct place *place, const struct setting *settings, long stride, int outputs)
{
    long n = 0;

    for (;; n += stride) {
        struct pf_context *ctx = pf_context_new();
        struct pf_error err;
        enum pf_status status;
        bool all_granted;

        atomic_store(&ctx->memory.fail_at, n);
        status = convert(ctx, place, settings, &err);
        all_granted = atomic_load(&ctx->memory.fail_at) >= 0;
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
        pf_context_free(ctx);
        if (all_granted) {
            CHECK_OK(status, err);
            break;
        }
        if (status != PF_OK && status != PF_NO_MEMORY)
            fail_msg("allocation %ld refused: %s, %s", n, pf_status_name(status), err.message);
        if (status == PF_OK) {
            CHECK_INT(entries(place), 1 + outputs);
            remove_outputs(place);
        }
        CHECK_INT(entries(place), 1);
    }
    CHECK(n > 40);
    CHECK_INT(entries(place), 1 + outputs);
}

static void nth_allocation_fails(void **state)
{
    const struct place *place = *state;
    const struct setting settings[] = { { "threads", "1" }, { NULL, NULL } };

    make_input(place, 50, 40);
    fail_every_allocation(place, settings, 1, 1);
}

static void nth_allocation_fails_with_rejects(void **state)
{
    const struct place *place = *state;
    const struct setting settings[] = { { "threads", "1" },
                                        { "schema", "count:int64,id:int32" },
                                        { "on-error", "reject" },
                                        { "compression", "zstd" },
                                        { NULL, NULL } };

    make_input(place, 50, 40);
    fail_every_allocation(place, settings, 1, 2);
}

/* Two blocks, and a column that the second contradicts. */
static void nth_allocation_fails_in_a_repair(void **state)
{
    const struct place *place = *state;
    const struct setting settings[] = { { "threads", "1" }, { NULL, NULL } };

    make_input(place, 60000, 59990);
    fail_every_allocation(place, settings, getenv("PYFORGE_TEST_FULL") != NULL ? 1 : 13, 1);
}

static void nth_allocation_fails_to_csv(void **state)
{
    struct place *place = *state;
    const struct setting settings[] = { { "threads", "1" }, { "format", "csv" }, { NULL, NULL } };

    make_input(place, 50, -1);
    strcpy(strrchr(place->output, '.'), ".csv");
    fail_every_allocation(place, settings, 1, 1);
}

/* ---- the same bytes from any number of threads */

static char *slurp(const char *path, long *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes;

    CHECK(file != NULL);
    CHECK_INT(fseek(file, 0, SEEK_END), 0);
    *size = ftell(file);
    rewind(file);
    bytes = malloc((size_t)*size);
    CHECK_INT(fread(bytes, 1, (size_t)*size, file), *size);
    (void)fclose(file);
    return bytes;
}

static void threads_do_not_change_the_bytes(void **state)
{
    const struct place *place = *state;
    const char *const counts[] = { "1", "2", "5" };
    char *first = NULL;
    long first_size = 0;

    make_input(place, 150000, 149000);
    for (size_t i = 0; i < PF_COUNT(counts); i++) {
        const struct setting settings[] = {
            { "threads", counts[i] }, { "force", NULL }, { "row-group-size", "40000" }, { NULL, NULL }
        };
        struct pf_context *ctx = pf_context_new();
        struct pf_error err;
        long size;
        char *bytes;

        CHECK_OK(convert(ctx, place, settings, &err), err);
        pf_context_free(ctx);
        bytes = slurp(place->output, &size);
        if (first == NULL) {
            first = bytes;
            first_size = size;
            continue;
        }
        CHECK_INT(size, first_size);
        CHECK(memcmp(bytes, first, (size_t)size) == 0);
        free(bytes);
    }
    free(first);
}

/* ---- cancelling */

static void cancel_at_progress(void *user, const struct pf_progress *progress)
{
    struct pf_context *ctx = user;

    if (progress->rows > 0)
        pf_context_cancel(ctx);
}

static void cancelled_conversion_leaves_nothing(void **state)
{
    const struct place *place = *state;
    const struct setting settings[] = { { NULL, NULL } };
    struct pf_context *ctx = pf_context_new();
    struct pf_error err;

    make_input(place, 150000, -1);
    pf_context_on_progress(ctx, cancel_at_progress, ctx);
    CHECK_INT(convert(ctx, place, settings, &err), PF_CANCELLED);
    CHECK(pf_context_cancelled(ctx));
    CHECK_INT(entries(place), 1);
    /* the next conversion is not cancelled by the last */
    pf_context_on_progress(ctx, NULL, NULL);
    CHECK_OK(convert(ctx, place, settings, &err), err);
    CHECK_INT(entries(place), 2);
    pf_context_free(ctx);
}

/* ---- rejected rows */

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    (void)fputs(text, file);
    CHECK_INT(fclose(file), 0);
}

static void rejects_of_before_are_found_by_the_plan(void **state)
{
    const struct place *place = *state;
    const struct setting settings[] = { { NULL, NULL } }, forced[] = { { "force", NULL }, { NULL, NULL } };
    struct pf_context *ctx = pf_context_new();
    struct pf_error err;
    char rejects[160];

    put_file(place->input, "a,b\n1,2\n3,4\n");
    (void)snprintf(rejects, sizeof rejects, "%s.rejects.csv", place->output);
    put_file(rejects, "old");
    CHECK_INT(convert(ctx, place, settings, &err), PF_EXISTS);
    CHECK_HAS(err.source, ".rejects.csv");
    CHECK_INT(entries(place), 2);
    CHECK_OK(convert(ctx, place, forced, &err), err);
    CHECK_INT(entries(place), 3);
    pf_context_free(ctx);
}

/* A fault of decoding and one of casting in the same block: the first of them is told. */
static void the_first_fault_is_told(void **state)
{
    static const struct {
        const char *text;
        int64_t row;
        const char *says;
    } cases[] = {
        { "a,b\n1,x\nword,y\n3,\xff\xff\n", 2, "'word' is not of the declared type" },
        { "a,b\n1,\xff\xff\nword,y\n3,z\n", 1, "UTF-8" },
    };
    const struct place *place = *state;
    const struct setting settings[] = { { "schema", "a:int64" }, { "encoding", "utf-8" }, { NULL, NULL } };

    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_error err;

        put_file(place->input, cases[i].text);
        CHECK_INT(convert(ctx, place, settings, &err), PF_BAD_DATA);
        CHECK_INT(err.row, cases[i].row);
        CHECK_INT(err.line, cases[i].row + 1);
        CHECK_HAS(err.message, cases[i].says);
        pf_context_free(ctx);
    }
}

static enum pf_status take_anything(void *user, const void *bytes, size_t size, struct pf_error *err)
{
    (void)user;
    (void)bytes;
    (void)size;
    (void)err;
    return PF_OK;
}

/* The rejects must be there before the output is. */
static enum pf_status refuse_to_finish(void *user, struct pf_error *err)
{
    (void)err;
    return access(user, F_OK) == 0 ? PF_IO : PF_INTERNAL;
}

static void an_output_that_fails_takes_its_rejects_along(void **state)
{
    struct place *place = *state;
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct pf_output output = { .name = "x.csv", .write = take_anything, .finish = refuse_to_finish, .user = place->output };
    struct pf_result *result;
    struct pf_error err;

    put_file(place->input, "a,b\n1,2\n1,2,3\n3,4\n");
    CHECK_OK(pf_request_paths(request, place->input, NULL, &err), err);
    CHECK_OK(pf_request_output(request, &output, &err), err);
    CHECK_OK(pf_request_set(request, "rejects", place->output, &err), err);
    CHECK_OK(pf_request_set(request, "max-rejects", "100%", &err), err);
    CHECK_INT(pf_convert(request, &result, &err), PF_IO);
    CHECK_INT(entries(place), 1);
    pf_result_free(result);
    pf_request_free(request);
    pf_context_free(ctx);
}

/* ---- Arrow stream */

static void open_stream(struct pf_context *ctx, const struct place *place, struct ArrowArrayStream *stream)
{
    struct pf_request *request = pf_request_new(ctx);
    struct pf_error err;

    CHECK_OK(pf_request_paths(request, place->input, NULL, &err), err);
    CHECK_OK(pf_read_stream(request, stream, &err), err);
    pf_request_free(request);
}

static void stream_has_settled_types_and_all_rows(void **state)
{
    const struct place *place = *state;
    struct pf_context *ctx = pf_context_new();
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    int64_t rows = 0;

    make_input(place, 100000, 99999);
    open_stream(ctx, place, &stream);
    CHECK_INT(stream.get_schema(&stream, &schema), 0);
    CHECK_TEXT(schema.format, "+s");
    CHECK_INT(schema.n_children, 4);
    CHECK_TEXT(schema.children[0]->format, "l");
    CHECK_TEXT(schema.children[1]->format, "u");
    CHECK_TEXT(schema.children[2]->format, "tdD");
    CHECK_TEXT(schema.children[3]->name, "note");
    schema.release(&schema);
    for (;;) {
        struct ArrowArray array;

        CHECK_INT(stream.get_next(&stream, &array), 0);
        if (array.release == NULL)
            break;
        CHECK_INT(array.n_children, 4);
        CHECK_INT(((const int64_t *)array.children[0]->buffers[1])[0], rows);
        rows += array.length;
        array.release(&array);
    }
    CHECK_INT(rows, 100000);
    CHECK(stream.get_last_error(&stream) == NULL);
    stream.release(&stream);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
}

static void stream_may_be_left_early(void **state)
{
    const struct place *place = *state;
    struct pf_context *ctx = pf_context_new();
    struct ArrowArrayStream stream;
    struct ArrowArray array;

    make_input(place, 100000, -1);
    open_stream(ctx, place, &stream);
    CHECK_INT(stream.get_next(&stream, &array), 0);
    stream.release(&stream);
    CHECK(array.length > 0);
    array.release(&array);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nth_allocation_fails, begin, remove_place),
        cmocka_unit_test_setup_teardown(nth_allocation_fails_with_rejects, begin, remove_place),
        cmocka_unit_test_setup_teardown(nth_allocation_fails_in_a_repair, begin, remove_place),
        cmocka_unit_test_setup_teardown(nth_allocation_fails_to_csv, begin, remove_place),
        cmocka_unit_test_setup_teardown(threads_do_not_change_the_bytes, begin, remove_place),
        cmocka_unit_test_setup_teardown(cancelled_conversion_leaves_nothing, begin, remove_place),
        cmocka_unit_test_setup_teardown(rejects_of_before_are_found_by_the_plan, begin, remove_place),
        cmocka_unit_test_setup_teardown(the_first_fault_is_told, begin, remove_place),
        cmocka_unit_test_setup_teardown(an_output_that_fails_takes_its_rejects_along, begin, remove_place),
        cmocka_unit_test_setup_teardown(stream_has_settled_types_and_all_rows, begin, remove_place),
        cmocka_unit_test_setup_teardown(stream_may_be_left_early, begin, remove_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
