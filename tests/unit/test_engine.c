/* The engine against inputs that change under its hands, and what it says of rows when some were rejected. */
#include "support_convert.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pyforge/arrow_abi.h"

static int begin(void **state)
{
    return make_place(state, "in.csv");
}

/* Rows of two columns; text_at: the row in which the second column is a text (-1 = none). */
static void make_input(const struct place *place, int rows, int text_at)
{
    FILE *file = fopen(place->input, "wb");

    CHECK(file != NULL);
    (void)fputs("id,count\n", file);
    for (int i = 0; i < rows; i++)
        (void)fprintf(file, i == text_at ? "%07d,many\n" : "%07d,1234\n", i);
    CHECK_INT(fclose(file), 0);
    (void)usleep(20000); /* what changes the file afterwards gives it another time */
}

static void append_row(const struct place *place)
{
    FILE *file = fopen(place->input, "ab");

    CHECK(file != NULL);
    (void)fputs("1,2\n", file);
    CHECK_INT(fclose(file), 0);
}

struct growing {
    const struct place *place;
    bool touched;
};

static void append_at_progress(void *user, const struct pf_progress *progress)
{
    struct growing *growing = user;

    if (progress->rows > 0 && !growing->touched)
        append_row(growing->place);
    growing->touched = growing->touched || progress->rows > 0;
}

static void a_growing_input_is_told(void **state)
{
    static const struct {
        const char *output, *threads;
        int text_at;
    } cases[] = {
        { "out.parquet", "1", -1 },     { "out.parquet", "3", -1 }, { "out.parquet", "1", 499999 },
        { "out.parquet", "3", 499999 }, { "out.csv", "1", -1 },     { "out.csv", "3", -1 },
    };
    struct place *place = *state;

    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_request *request = pf_request_new(ctx);
        struct pf_result *result = NULL;
        struct growing growing = { .place = place };
        struct pf_error err;

        make_input(place, 500000, cases[i].text_at);
        name_output(place, cases[i].output);
        pf_context_on_progress(ctx, append_at_progress, &growing);
        CHECK_OK(pf_request_paths(request, place->input, place->output, &err), err);
        CHECK_OK(pf_request_set(request, "threads", cases[i].threads, &err), err);
        CHECK_INT(pf_convert(request, &result, &err), PF_BAD_DATA);
        CHECK(growing.touched);
        CHECK_HAS(err.message, "changed");
        CHECK_HAS(err.source, "in.csv");
        CHECK_INT(access(place->output, F_OK), -1);
        pf_result_free(result);
        pf_request_free(request);
        pf_context_free(ctx);
    }
}

/* ---- streams */

static void open_stream(struct pf_context *ctx, const struct place *place, struct ArrowArrayStream *stream)
{
    struct pf_request *request = pf_request_new(ctx);
    struct pf_error err;

    CHECK_OK(pf_request_paths(request, place->input, NULL, &err), err);
    CHECK_OK(pf_read_stream(request, stream, &err), err);
    pf_request_free(request);
}

/* Reads until the stream fails or ends; what get_next answered. */
static int read_on(struct ArrowArrayStream *stream)
{
    for (;;) {
        struct ArrowArray array;
        int answer = stream->get_next(stream, &array);

        if (answer != 0 || array.release == NULL)
            return answer;
        array.release(&array);
    }
}

/* Makes one row of two, too long for the table, and gives the file the time it had: it looks as it did. */
static void join_two_rows(const struct place *place)
{
    int fd = open(place->input, O_RDWR);
    struct timespec times[2];
    struct stat st;

    CHECK(fd >= 0);
    CHECK_INT(fstat(fd, &st), 0);
    CHECK_INT(pwrite(fd, "9", 1, 21), 1); /* behind a line of 9 bytes and 12 of the first row, whose end it is */
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    CHECK_INT(futimens(fd, times), 0);
    CHECK_INT(close(fd), 0);
}

static void a_stream_fails_again_as_it_failed(void **state)
{
    struct place *place = *state;

    for (int hidden = 0; hidden < 2; hidden++) {
        struct pf_context *ctx = pf_context_new();
        struct ArrowArrayStream stream;
        struct ArrowArray array;
        char message[sizeof((struct pf_error *)NULL)->message];
        int answer;

        make_input(place, 500000, 499999);
        open_stream(ctx, place, &stream);
        if (hidden)
            join_two_rows(place);
        else
            append_row(place);
        answer = read_on(&stream);
        CHECK(answer != 0);
        CHECK_HAS(stream.get_last_error(&stream), hidden ? "the second reading gave" : "changed");
        (void)snprintf(message, sizeof message, "%s", stream.get_last_error(&stream));
        for (int again = 0; again < 2; again++) {
            CHECK_INT(stream.get_next(&stream, &array), answer);
            CHECK(array.release == NULL);
            CHECK_TEXT(stream.get_last_error(&stream), message);
        }
        stream.release(&stream);
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
        pf_context_free(ctx);
    }
}

/* ---- what is said of rows */

/* The value that made a column text is told with its row; behind rejected rows, which the count of rows leaves out, without. */
static void the_row_of_a_reason_is_right_or_not_told(void **state)
{
    static const struct {
        const char *text, *because;
    } cases[] = {
        { "id,count\n1,5\n2,x\n3,6\n", "\"text_because\": {\"row\": 2, \"reason\": \"'x' does not fit int64\"}" },
        { "id,count\n1,5\n2,5,9\n3,x\n4,6\n", "\"text_because\": {\"row\": null, \"reason\": \"'x' does not fit int64\"}" },
    };
    struct place *place = *state;

    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_request *request = pf_request_new(ctx);
        FILE *file = fopen(place->input, "wb");
        struct pf_result *result = NULL;
        struct pf_error err;

        CHECK(file != NULL);
        (void)fputs(cases[i].text, file);
        CHECK_INT(fclose(file), 0);
        (void)snprintf(place->output, sizeof place->output, "%s/out%zu.parquet", place->folder, i);
        CHECK_OK(pf_request_paths(request, place->input, place->output, &err), err);
        CHECK_OK(pf_request_set(request, "schema", "id:int64", &err), err);
        CHECK_OK(pf_request_set(request, "on-error", "reject", &err), err);
        CHECK_OK(pf_request_set(request, "max-rejects", "100%", &err), err);
        CHECK_OK(pf_convert(request, &result, &err), err);
        CHECK_HAS(pf_result_json(result), cases[i].because);
        pf_result_free(result);
        pf_request_free(request);
        pf_context_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_growing_input_is_told, begin, remove_place),
        cmocka_unit_test_setup_teardown(the_row_of_a_reason_is_right_or_not_told, begin, remove_place),
        cmocka_unit_test_setup_teardown(a_stream_fails_again_as_it_failed, begin, remove_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
