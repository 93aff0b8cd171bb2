/* Tables that enter and leave the library as Arrow C streams, and inputs and outputs that are no files: who owns what, for how
 * long, and on which thread. */
#include "support_unit.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pyforge/arrow_abi.h"

/* ---- outputs and inputs in memory */

struct memory_file {
    char bytes[1 << 16];
    size_t size, at;
    size_t piece;      /* bytes a read gives at most; 0 = as many as asked for */
    size_t fails_from; /* bytes after which read and write fail; 0 = never */
    int finished, released;
    const char *says; /* message of a failure */
    int answer;       /* of a failure; 0 = PF_BAD_DATA */
};

static enum pf_status fail_as(const struct memory_file *file, struct pf_error *err)
{
    if (file->says != NULL)
        (void)snprintf(err->message, sizeof err->message, "%s", file->says);
    return file->answer != 0 ? (enum pf_status)file->answer : PF_BAD_DATA;
}

static enum pf_status write_memory(void *user, const void *bytes, size_t size, struct pf_error *err)
{
    struct memory_file *file = user;

    CHECK(file->released == 0);
    if (file->fails_from != 0 && file->size + size > file->fails_from)
        return fail_as(file, err);
    CHECK(size < sizeof file->bytes - file->size);
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
    file->bytes[file->size] = '\0';
    return PF_OK;
}

static enum pf_status read_memory(void *user, void *to, size_t size, size_t *got, struct pf_error *err)
{
    struct memory_file *file = user;

    CHECK(file->released == 0);
    if (file->fails_from != 0 && file->at >= file->fails_from)
        return fail_as(file, err);
    *got = file->size - file->at < size ? file->size - file->at : size;
    if (file->piece != 0 && *got > file->piece)
        *got = file->piece;
    memcpy(to, file->bytes + file->at, *got);
    file->at += *got;
    return PF_OK;
}

static enum pf_status finish_memory(void *user, struct pf_error *err)
{
    struct memory_file *file = user;

    (void)err;
    file->finished++;
    return PF_OK;
}

static void release_memory(void *user)
{
    struct memory_file *file = user;

    file->released++;
}

static struct pf_output output_to(struct memory_file *file, const char *name)
{
    return (struct pf_output){
        .name = name, .write = write_memory, .finish = finish_memory, .release = release_memory, .user = file
    };
}

static struct memory_file *new_file(const void *bytes, size_t size)
{
    struct memory_file *file = calloc(1, sizeof *file);

    CHECK(size < sizeof file->bytes);
    memcpy(file->bytes, bytes, size);
    file->size = size;
    return file;
}

/* ---- arrays made by hand */

struct made {
    struct ArrowArray array;
    const void *buffers[6];
};

struct made_stream {
    struct ArrowSchema schema, column, dictionary;
    struct ArrowSchema *columns[1];
    struct ArrowArray batch;
    struct ArrowArray *children[1];
    struct made child, values;
    const void *no_buffers[1];
    int batches; /* still to be given */
    int batches_alive, streams_alive;
    pthread_t thread;
    bool fails;
};

static void release_array(struct ArrowArray *array)
{
    struct made_stream *made = array->private_data;

    CHECK(pthread_equal(pthread_self(), made->thread));
    made->batches_alive--;
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct made_stream *made = stream->private_data;

    *out = made->schema;
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct made_stream *made = stream->private_data;

    CHECK(pthread_equal(pthread_self(), made->thread));
    memset(out, 0, sizeof *out);
    if (made->fails)
        return 5;
    if (made->batches == 0)
        return 0;
    made->batches--;
    made->batches_alive++;
    *out = made->batch;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "the disk is on fire";
}

static void release_stream(struct ArrowArrayStream *stream)
{
    struct made_stream *made = stream->private_data;

    made->streams_alive--;
    stream->release = NULL;
}

/* One column called c; its child array begins at offset, as does the batch in it. */
struct column_case {
    const char *format;
    int64_t length, offset, batch_offset;
    const void *valid, *data, *bytes;
    const char *dictionary; /* format of the dictionary: data are its indexes */
    int64_t dictionary_length;
    const void *dictionary_valid, *dictionary_data, *dictionary_bytes;
    bool required;
    enum pf_status status;
    const char *says; /* the CSV, or a part of the message */
    int64_t row;
};

static void fill_array(struct made *made, int64_t length, int64_t offset, const char *format, const void *valid,
                       const void *data, const void *bytes)
{
    static const int64_t sizes[] = { 64 };

    made->buffers[0] = valid;
    made->buffers[1] = data;
    made->buffers[2] = bytes;
    made->buffers[3] = sizes;
    made->array.length = length;
    made->array.offset = offset;
    made->array.null_count = valid != NULL ? -1 : 0;
    made->array.n_buffers = strcmp(format, "n") == 0 ? 0 : format[0] == 'v' ? 4 : strchr("uUzZ", format[0]) != NULL ? 3 : 2;
    made->array.buffers = made->buffers;
}

static void make_stream(struct made_stream *made, const struct column_case *c, struct ArrowArrayStream *out)
{
    memset(made, 0, sizeof *made);
    made->thread = pthread_self();
    made->column = (struct ArrowSchema){ .format = c->format, .name = "c", .flags = c->required ? 0 : ARROW_FLAG_NULLABLE };
    made->column.release = release_schema;
    if (c->dictionary != NULL) {
        made->dictionary = (struct ArrowSchema){ .format = c->dictionary, .release = release_schema };
        made->column.dictionary = &made->dictionary;
        fill_array(&made->values, c->dictionary_length, 0, c->dictionary, c->dictionary_valid, c->dictionary_data,
                   c->dictionary_bytes);
        made->child.array.dictionary = &made->values.array;
    }
    made->columns[0] = &made->column;
    made->schema =
        (struct ArrowSchema){ .format = "+s", .n_children = 1, .children = made->columns, .release = release_schema };
    fill_array(&made->child, c->length + c->batch_offset, c->offset, c->format, c->valid, c->data, c->bytes);
    made->children[0] = &made->child.array;
    made->batch = (struct ArrowArray){ .length = c->length,
                                       .offset = c->batch_offset,
                                       .n_buffers = 1,
                                       .n_children = 1,
                                       .buffers = made->no_buffers,
                                       .children = made->children,
                                       .release = release_array,
                                       .private_data = made };
    made->batches = made->streams_alive = 1;
    *out = (struct ArrowArrayStream){ get_schema, get_next, get_last_error, release_stream, made };
}

/* ---- columns of every type */

static const uint8_t odd_bits[] = { 0xaa, 0x02 }; /* rows 1, 3, 5, 7, 9 */
static const int8_t int8s[] = { 0, -128, 1, 127, 2 };
static const uint64_t uint64s[] = { 0, UINT64_MAX };
static const uint16_t halves[] = { 0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00 };
static const int32_t text_offsets[] = { 0, 1, 1, 3, 6 };
static const int64_t long_offsets[] = { 0, 1, 1, 3, 6 };
static const int64_t times[] = { 0, 1500000, -1000, 1700000000123456 };
static const int64_t nanos[] = { 0, 1500000000, -1000, 1700000000123456789 };
static const int32_t days[] = { 0, 19000, -1 };
static const int64_t day_millis[] = { 0, 86400000, 86400001 };
static const int32_t millis[] = { 0, 3600001, 86399999 };
static const uint64_t decimals[] = { 12345, 0, UINT64_MAX, UINT64_MAX };
static const int32_t small_decimals[] = { 12345, -1 };
static const uint8_t indexes[] = { 1, 0, 9, 1 };
static const uint8_t bad_indexes[] = { 1, 2 };
static const uint8_t index_valid[] = { 0x0b };
static const struct {
    int32_t size;
    char bytes[12];
} views[] = { { 5, "short" }, { 20, "0123\0\0\0\0\2\0\0" }, { 0, "" } };

static const struct column_case cases[] = {
    { "b", 4, 1, 0, NULL, odd_bits, .says = "c\ntrue\nfalse\ntrue\nfalse\n" },
    { "c", 3, 1, 1, NULL, int8s, .says = "c\n1\n127\n2\n" },
    { "c", 3, 1, 0, odd_bits, int8s, .says = "c\n-128\nNA\n127\n" },
    { "L", 2, .data = uint64s, .says = "c\n0\n18446744073709551615\n" },
    { "e", 5, .data = halves, .says = "c\n1\n-2\n5.9604645e-8\n65504\ninf\n" },
    { "u", 4, .data = text_offsets, .bytes = "ab\nxyz", .says = "c\na\n\"\"\n\"b\n\"\nxyz\n" },
    { "u", 2, 2, 0, NULL, text_offsets, "ab\xc3\xa4yz", .status = PF_BAD_DATA, .says = "not valid UTF-8", .row = 1 },
    { "U", 3, 0, 1, NULL, long_offsets, "ab,xyz", .says = "c\n\"\"\n\"b,\"\nxyz\n" },
    { "vu", 2, .data = views, .bytes = "--abcdefghijklmnopqrst", .says = "c\nshort\nabcdefghijklmnopqrst\n" },
    { "n", 2, .says = "c\nNA\nNA\n" },
    { "tsu:", 2, .data = times, .says = "c\n1970-01-01 00:00:00\n1970-01-01 00:00:01.500\n" },
    { "tsn:UTC", 3, .data = nanos, .says = "c\n1970-01-01 00:00:00Z\n1970-01-01 00:00:01.500Z\n1969-12-31 23:59:59.999999Z\n" },
    { "tsn:", 4, .data = nanos, .status = PF_BAD_DATA, .says = "1700000000123456789 nanoseconds", .row = 4 },
    { "tss:", 4, .data = times, .status = PF_BAD_DATA, .says = "out of range", .row = 4 },
    { "tdD", 3, .data = days, .says = "c\n1970-01-01\n2022-01-08\n1969-12-31\n" },
    { "tdm", 2, .data = day_millis, .says = "c\n1970-01-01\n1970-01-02\n" },
    { "tdm", 3, .data = day_millis, .status = PF_BAD_DATA, .says = "no whole day", .row = 3 },
    { "ttm", 3, .data = millis, .says = "c\n00:00:00\n01:00:00.001\n23:59:59.999\n" },
    { "d:10,2", 2, .data = decimals, .says = "c\n123.45\n-0.01\n" },
    { "d:7,3,32", 2, .data = small_decimals, .says = "c\n12.345\n-0.001\n" },
    { "C", 4, .valid = index_valid, .data = indexes, .dictionary = "u", .dictionary_length = 2, .dictionary_data = text_offsets,
      .dictionary_bytes = "ab", .says = "c\n\"\"\na\nNA\n\"\"\n" },
    { "C", 2, .data = indexes, .dictionary = "tdD", .dictionary_length = 2, .dictionary_data = days,
      .says = "c\n2022-01-08\n1970-01-01\n" },
    { "C", 2, .data = bad_indexes, .dictionary = "u", .dictionary_length = 2, .dictionary_data = text_offsets,
      .dictionary_bytes = "ab", .status = PF_BAD_DATA, .says = "not in the column's dictionary", .row = 2 },
    { "c", 3, 1, 0, odd_bits, int8s, .required = true, .status = PF_BAD_DATA, .says = "says that none is", .row = 2 },
    { "+l", 1, .data = days, .status = PF_BAD_DATA, .says = "column 'c' breaks the rules" },
    { "+us:0,1", 1, .data = days, .status = PF_UNSUPPORTED, .says = "column 'c' is a union" },
    { "tDn", 1, .data = times, .status = PF_UNSUPPORTED, .says = "column 'c' is a duration" },
    { "d:50,2,256", 1, .data = decimals, .status = PF_UNSUPPORTED, .says = "column 'c' is a decimal" },
};

static void convert_case(const struct column_case *c, const char *threads)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct memory_file *file = new_file("", 0);
    struct pf_output output = output_to(file, "out.csv");
    struct pf_result *result = NULL;
    struct ArrowArrayStream stream;
    struct made_stream made;
    struct pf_error err;
    enum pf_status status;

    make_stream(&made, c, &stream);
    CHECK_OK(pf_request_output(request, &output, &err), err);
    CHECK_OK(pf_request_set(request, "threads", threads, &err), err);
    CHECK_OK(pf_request_set(request, "output-null", "NA", &err), err);
    status = pf_write_stream(request, &stream, &result, &err);
    if (status != c->status)
        fail_msg("%s: %s, %s", c->format, pf_status_name(status), status != PF_OK ? err.message : file->bytes);
    if (status == PF_OK) {
        CHECK_TEXT(file->bytes, c->says);
    } else if (c->row != 0) {
        CHECK_INT(err.row, c->row);
        CHECK_TEXT(err.column_name, "c");
    }
    if (status != PF_OK)
        CHECK_HAS(err.message, c->says);
    CHECK_INT(file->finished, status == PF_OK);
    CHECK_INT(file->released, 1);
    CHECK(stream.release == NULL);
    CHECK_INT(made.streams_alive, 0);
    CHECK_INT(made.batches_alive, 0);
    pf_result_free(result);
    pf_request_free(request);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
    free(file);
}

static void columns_of_every_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        convert_case(&cases[i], "1");
        convert_case(&cases[i], "3");
    }
}

static void a_stream_that_fails_is_released(void **state)
{
    static const struct column_case c = { "c", 3, .data = int8s };
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct memory_file *file = new_file("", 0);
    struct pf_output output = output_to(file, "out.parquet");
    struct pf_result *result = NULL;
    struct ArrowArrayStream stream;
    struct made_stream made;
    struct pf_error err;

    (void)state;
    make_stream(&made, &c, &stream);
    made.fails = true;
    CHECK_OK(pf_request_output(request, &output, &err), err);
    CHECK_INT(pf_write_stream(request, &stream, &result, &err), PF_IO);
    CHECK_HAS(err.message, "the disk is on fire");
    CHECK_INT(made.streams_alive, 0);
    CHECK_INT(file->finished, 0);
    CHECK_INT(file->released, 1);
    pf_request_free(request);
    pf_context_free(ctx); /* the result holds it */
    CHECK_HAS(pf_result_json(result), "the disk is on fire");
    pf_result_free(result);
    free(file);
}

/* What a producer can get wrong in a batch of one int8 column. */
static void break_batch(struct made_stream *made, int way)
{
    switch (way) {
    case 0:
        made->batch.children = NULL;
        break;
    case 1:
        made->children[0] = NULL;
        break;
    case 2:
        made->child.array.buffers = NULL;
        break;
    case 3:
        made->child.buffers[1] = NULL;
        break;
    case 4:
        made->child.array.n_buffers = 1;
        break;
    case 5:
        made->child.array.offset = -1;
        break;
    case 6:
        made->child.array.offset = INT64_MAX;
        break;
    case 7:
        made->batch.offset = -1;
        break;
    case 8:
        made->batch.length = -1;
        break;
    case 9:
        made->batch.length = INT64_MAX;
        break;
    default:
        made->child.array.length = 2;
        break;
    }
}

static void batches_that_break_the_rules(void **state)
{
    static const struct column_case c = { "c", 3, .data = int8s };

    (void)state;
    for (int way = 0; way <= 10; way++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_request *request = pf_request_new(ctx);
        struct memory_file *file = new_file("", 0);
        struct pf_output output = output_to(file, "out.parquet");
        struct pf_result *result = NULL;
        struct ArrowArrayStream stream;
        struct made_stream made;
        struct pf_error err;

        make_stream(&made, &c, &stream);
        break_batch(&made, way);
        CHECK_OK(pf_request_output(request, &output, &err), err);
        CHECK_INT(pf_write_stream(request, &stream, &result, &err), PF_BAD_DATA);
        CHECK_INT(made.batches_alive, 0);
        CHECK_INT(made.streams_alive, 0);
        CHECK_INT(file->finished, 0);
        pf_result_free(result);
        pf_request_free(request);
        pf_context_free(ctx);
        free(file);
    }
}

/* ---- reading as a stream */

enum { ROWS = 400000 };

static char *big_csv(size_t *size)
{
    char *text = malloc((size_t)ROWS * 40 + 64);
    size_t used = (size_t)sprintf(text, "id,word\n");

    for (int i = 0; i < ROWS; i++)
        used += (size_t)sprintf(text + used, "%d,the word of row %d\n", i, i);
    *size = used;
    return text;
}

/* The stream of the bytes; context and request are gone when it comes back. */
static void open_orphan(const char *bytes, size_t size, const char *memory, struct memory_file *file,
                        struct ArrowArrayStream *stream)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct pf_input input = {
        .name = "big.csv", .bytes = bytes, .size = (int64_t)size, .release = release_memory, .user = file
    };
    struct pf_error err;

    CHECK_OK(pf_request_input(request, &input, &err), err);
    CHECK_OK(pf_request_set(request, "threads", "3", &err), err);
    CHECK_OK(pf_request_set(request, "memory", memory, &err), err);
    CHECK_OK(pf_read_stream(request, stream, &err), err);
    pf_request_free(request);
    pf_context_free(ctx);
}

static int threads_alive(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = -2;

    while (readdir(tasks) != NULL)
        count++;
    (void)closedir(tasks);
    return count;
}

/* A thread that was joined may be listed for a moment. */
static void check_threads(int expected)
{
    for (int i = 0; i < 400 && threads_alive() > expected; i++)
        (void)usleep(5000);
    CHECK_INT(threads_alive(), expected);
}

static void *release_batches(void *user)
{
    struct ArrowArray *batches = user;

    for (; batches->release != NULL; batches++)
        batches->release(batches);
    return NULL;
}

static void batches_outlive_everything(void **state)
{
    struct memory_file *file = new_file("", 0);
    struct ArrowArrayStream stream;
    struct ArrowArray batches[64];
    uint32_t count = 0;
    int64_t rows = 0;
    pthread_t thread;
    size_t size;
    char *bytes = big_csv(&size);
    int threads = threads_alive(); /* a sanitizer may have one of its own */

    (void)state;
    /* all batches together are larger than the budget */
    open_orphan(bytes, size, "16M", file, &stream);
    check_threads(threads);
    for (;; count++) {
        CHECK(count < PF_COUNT(batches));
        CHECK_INT(stream.get_next(&stream, &batches[count]), 0);
        check_threads(threads);
        if (batches[count].release == NULL)
            break;
    }
    CHECK_INT(file->released, 0);
    stream.release(&stream);
    CHECK_INT(file->released, 1);
    free(bytes);
    for (uint32_t i = 0; i < count; i++) {
        CHECK_INT(((const int64_t *)batches[i].children[0]->buffers[1])[0], rows);
        rows += batches[i].length;
    }
    CHECK_INT(rows, ROWS);
    CHECK_INT(pthread_create(&thread, NULL, release_batches, batches), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    free(file);
}

/* Rows that are left in the stream. */
static int64_t drain(struct ArrowArrayStream *stream)
{
    int64_t rows = 0;

    for (;;) {
        struct ArrowArray batch;

        if (stream->get_next(stream, &batch) != 0)
            return -1;
        if (batch.release == NULL)
            return rows;
        rows += batch.length;
        batch.release(&batch);
    }
}

/* A process forked off between two calls has the stream, too, and no thread is missing in it. */
static void a_forked_child_reads_on(void **state)
{
    struct memory_file *file = new_file("", 0);
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    size_t size;
    char *bytes = big_csv(&size);
    int how = 1;
    pid_t child;

    (void)state;
    open_orphan(bytes, size, "64M", file, &stream);
    CHECK_INT(stream.get_next(&stream, &batch), 0);
    child = fork();
    if (child == 0) {
        struct ArrowArrayStream second;
        bool good = drain(&stream) == ROWS - batch.length;

        stream.release(&stream);
        open_orphan(bytes, size, "64M", file, &second);
        _exit(good && drain(&second) == ROWS ? 0 : 1);
    }
    CHECK(child > 0);
    CHECK_INT(waitpid(child, &how, 0), child);
    CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    CHECK_INT(drain(&stream), ROWS - batch.length);
    stream.release(&stream);
    batch.release(&batch);
    free(bytes);
    free(file);
}

static void every_allocation_of_a_stream_fails_once(void **state)
{
    static const char text[] = "id,word\n1,a\n2,b\n3,c\n";
    long n = 0;

    (void)state;
    for (;; n++) {
        struct memory_file *file = new_file("", 0);
        struct pf_input input = { .bytes = text, .size = sizeof text - 1, .release = release_memory, .user = file };
        struct pf_context *ctx = pf_context_new();
        struct pf_request *request = pf_request_new(ctx);
        struct ArrowArrayStream stream;
        struct pf_error err;
        enum pf_status status;
        int64_t rows = -1;
        bool all_granted;

        CHECK_OK(pf_request_set(request, "threads", "1", &err), err);
        atomic_store(&ctx->memory.fail_at, n);
        status = pf_request_input(request, &input, &err);
        if (status == PF_OK)
            status = pf_read_stream(request, &stream, &err);
        if (status == PF_OK) {
            rows = drain(&stream);
            stream.release(&stream);
        }
        all_granted = atomic_load(&ctx->memory.fail_at) >= 0;
        pf_request_free(request);
        CHECK_INT(file->released, 1);
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
        pf_context_free(ctx);
        free(file);
        if (all_granted) {
            CHECK_INT(rows, 3);
            break;
        }
        CHECK(status == PF_NO_MEMORY || (status == PF_OK && (rows == 3 || rows == -1)));
    }
    CHECK(n > 40);
}

/* ---- given inputs and outputs */

struct given_case {
    const char *name, *text;
    size_t piece, fails_from;
    const char *failure;
    enum pf_status status;
    const char *says;
};

static const struct given_case given_cases[] = {
    { "x.csv", "a,b\n1,2\n", .says = "a,b\n1,2\n" },
    { "x.csv", "a,b\n1,2\n", .piece = 1, .says = "a,b\n1,2\n" },
    { NULL, "a;b\n1;2\n3;4\n", .piece = 3, .says = "a,b\n1,2\n3,4\n" },
    { "x.csv", "a,b\n1,2\n", .piece = 4, .fails_from = 4, .status = PF_BAD_DATA, .says = "x.csv could not be read" },
    { "x.csv", "a,b\n1,2\n", .piece = 4, .fails_from = 4, .failure = "no luck", .status = PF_BAD_DATA, .says = "no luck" },
    { "x.csv", "", .status = PF_BAD_DATA, .says = "" },
};

/* The input by a function (by_function) or as bytes; what the CSV is. */
static void convert_given(const struct given_case *c, bool by_function)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct memory_file *from = new_file(c->text, strlen(c->text)), *to = new_file("", 0);
    struct pf_input input = { .name = c->name, .size = -1, .read = read_memory, .release = release_memory, .user = from };
    struct pf_output output = output_to(to, NULL);
    struct pf_result *result = NULL;
    struct pf_error err;
    enum pf_status status;

    from->piece = c->piece;
    from->fails_from = c->fails_from;
    from->says = c->failure;
    if (!by_function) {
        input.bytes = from->bytes;
        input.size = (int64_t)from->size;
    }
    CHECK_OK(pf_request_input(request, &input, &err), err);
    CHECK_OK(pf_request_output(request, &output, &err), err);
    CHECK_OK(pf_request_set(request, "to", "csv", &err), err);
    status = pf_convert(request, &result, &err);
    CHECK_INT(status, c->status);
    if (status == PF_OK)
        CHECK_TEXT(to->bytes, c->says);
    else
        CHECK_HAS(err.message, c->says);
    CHECK_INT(to->finished, status == PF_OK);
    CHECK_INT(from->released, 1);
    CHECK_INT(to->released, 1);
    /* what was given is used up */
    pf_result_free(result);
    CHECK_INT(pf_convert(request, &result, &err), PF_BAD_OPTION);
    pf_result_free(result);
    pf_request_free(request);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
    free(from);
    free(to);
}

static void inputs_by_function_and_as_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(given_cases); i++) {
        convert_given(&given_cases[i], true);
        if (given_cases[i].fails_from == 0)
            convert_given(&given_cases[i], false);
    }
}

/* What is no status of ours is a failure to read, and an input that is no file has its name in the answer. */
static void validate_given(void **state)
{
    static const int answers[] = { 0, 77, -3, PF_END };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(answers); i++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_request *request = pf_request_new(ctx);
        struct memory_file *file = new_file("a,b\n1,2\n", 8);
        struct pf_input input = { .name = "x.csv", .size = -1, .read = read_memory, .user = file };
        struct pf_error err;
        char *text = NULL;

        file->answer = answers[i];
        file->fails_from = answers[i] != 0 ? 1 : 0;
        file->piece = 4;
        CHECK_OK(pf_request_input(request, &input, &err), err);
        CHECK_INT(pf_validate_json(request, &text, &err), answers[i] != 0 ? PF_IO : PF_OK);
        CHECK(text != NULL);
        CHECK_HAS(text, "\"input_path\": \"x.csv\"");
        pf_text_free(ctx, text);
        pf_request_free(request);
        pf_context_free(ctx);
        free(file);
    }
}

/* Text to Parquet and back, both ways by functions: the reader reads at any place, the writer repairs. */
static void parquet_by_functions(void **state)
{
    static const char text[] = "id,word,day\n1,a,2024-01-01\n2,,2024-01-02\n,\"x,y\",\n";
    struct memory_file *files[3] = { new_file(text, sizeof text - 1), new_file("", 0), new_file("", 0) };
    static const char *const names[] = { "a.csv", "b.parquet", "c.csv" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_request *request = pf_request_new(ctx);
        struct pf_input input = { .name = names[i], .size = -1, .read = read_memory, .user = files[i] };
        struct pf_output output = output_to(files[i + 1], names[i + 1]);
        struct pf_result *result = NULL;
        struct pf_error err;

        files[i]->piece = 5;
        files[i]->released = 0;
        CHECK_OK(pf_request_input(request, &input, &err), err);
        CHECK_OK(pf_request_output(request, &output, &err), err);
        CHECK_OK(pf_convert(request, &result, &err), err);
        CHECK_INT(files[i + 1]->finished, 1);
        pf_result_free(result);
        pf_request_free(request);
        pf_context_free(ctx);
    }
    CHECK_TEXT(files[2]->bytes, "id,word,day\n1,a,2024-01-01\n2,,2024-01-02\n,\"x,y\",\n");
    for (int i = 0; i < 3; i++)
        free(files[i]);
}

static void an_output_that_fails(void **state)
{
    static const char *const formats[] = { "csv", "parquet" };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(formats); i++) {
        struct pf_context *ctx = pf_context_new();
        struct pf_request *request = pf_request_new(ctx);
        struct memory_file *to = new_file("", 0);
        struct pf_input input = { .bytes = "a,b\n1,2\n", .size = 8 };
        struct pf_output output = output_to(to, NULL);
        struct pf_result *result = NULL;
        struct pf_error err;

        to->fails_from = 2;
        to->says = "the paper is used up";
        CHECK_OK(pf_request_input(request, &input, &err), err);
        CHECK_OK(pf_request_output(request, &output, &err), err);
        CHECK_OK(pf_request_set(request, "to", formats[i], &err), err);
        CHECK_INT(pf_convert(request, &result, &err), PF_BAD_DATA);
        CHECK_TEXT(err.message, "the paper is used up");
        CHECK_INT(to->finished, 0);
        CHECK_INT(to->released, 1);
        pf_result_free(result);
        pf_request_free(request);
        pf_context_free(ctx);
        free(to);
    }
}

static void what_is_not_used_is_released(void **state)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct memory_file *from = new_file("", 0), *to = new_file("", 0);
    struct pf_input input = { .size = -1, .read = read_memory, .release = release_memory, .user = from };
    struct pf_output output = output_to(to, NULL);
    struct pf_error err;

    (void)state;
    CHECK_OK(pf_request_input(request, &input, &err), err);
    CHECK_OK(pf_request_output(request, &output, &err), err);
    /* another one in its place */
    CHECK_OK(pf_request_input(request, &input, &err), err);
    CHECK_INT(from->released, 1);
    CHECK_OK(pf_request_paths(request, "there.csv", NULL, &err), err);
    CHECK_INT(from->released, 2);
    CHECK_INT(to->released, 0);
    /* bytes without their number are taken over all the same */
    input.bytes = from->bytes;
    CHECK_INT(pf_request_input(request, &input, &err), PF_BAD_OPTION);
    CHECK_INT(from->released, 3);
    pf_context_free(ctx); /* the request holds it */
    pf_request_free(request);
    CHECK_INT(to->released, 1);
    free(from);
    free(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_of_every_type),
        cmocka_unit_test(a_stream_that_fails_is_released),
        cmocka_unit_test(batches_that_break_the_rules),
        cmocka_unit_test(batches_outlive_everything),
        cmocka_unit_test(a_forked_child_reads_on),
        cmocka_unit_test(every_allocation_of_a_stream_fails_once),
        cmocka_unit_test(inputs_by_function_and_as_bytes),
        cmocka_unit_test(validate_given),
        cmocka_unit_test(parquet_by_functions),
        cmocka_unit_test(an_output_that_fails),
        cmocka_unit_test(what_is_not_used_is_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
