/* Nested columns: Arrow arrays of lists, structs and maps, good ones and hostile ones, on their way to Parquet; and what the writer
 * makes of arrays that break the rules of arrow/array.h. That the files are right is seen to by tests/python/test_parquet_nested.py. */
#include "support_unit.h"

#include <stdlib.h>

#include "arrow/array.h"
#include "formats/parquet/chunk_work.h"
#include "pyforge/arrow_abi.h"

/* ---- a stream of one batch with one column, c, made of nodes */

enum { CHILDREN = 3, NODES = 80 };

struct node {
    const char *format, *name;
    int64_t length, offset;
    const void *valid, *data, *bytes;
    int64_t buffers; /* 0 = as many as the format asks for; -1 = none */
    const struct node *child[CHILDREN];
    int64_t count; /* of children; 0 = those that there are */
    bool required;
};

struct made_stream {
    struct ArrowSchema schemas[NODES], *schema_children[NODES][CHILDREN];
    struct ArrowArray arrays[NODES], *array_children[NODES][CHILDREN];
    const void *buffers[NODES][4];
    int used, batches;
};

static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static int64_t buffers_of(const struct node *node)
{
    if (node->buffers != 0)
        return node->buffers < 0 ? 0 : node->buffers;
    if (strcmp(node->format, "+s") == 0 || strncmp(node->format, "+w", 2) == 0)
        return 1;
    return strncmp(node->format, "+v", 2) == 0 || strchr("uU", node->format[0]) != NULL ? 3 : 2;
}

static int make_node(struct made_stream *made, const struct node *node)
{
    int at = made->used++;
    int64_t children = 0;

    CHECK(at < NODES);
    for (; children < CHILDREN && node->child[children] != NULL; children++) {
        int child = make_node(made, node->child[children]);

        made->schema_children[at][children] = &made->schemas[child];
        made->array_children[at][children] = &made->arrays[child];
    }
    made->buffers[at][0] = node->valid;
    made->buffers[at][1] = node->data;
    made->buffers[at][2] = node->bytes;
    made->schemas[at] = (struct ArrowSchema){ .format = node->format,
                                              .name = node->name != NULL ? node->name : "item",
                                              .flags = node->required ? 0 : ARROW_FLAG_NULLABLE,
                                              .n_children = node->count != 0 ? node->count : children,
                                              .children = made->schema_children[at],
                                              .release = release_schema };
    made->arrays[at] = (struct ArrowArray){ .length = node->length,
                                            .offset = node->offset,
                                            .null_count = node->valid != NULL ? -1 : 0,
                                            .n_buffers = buffers_of(node),
                                            .n_children = children,
                                            .buffers = made->buffers[at],
                                            .children = made->array_children[at],
                                            .release = release_array };
    return at;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    *out = ((struct made_stream *)stream->private_data)->schemas[0];
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct made_stream *made = stream->private_data;

    *out = made->arrays[0];
    if (made->batches-- == 0)
        out->release = NULL;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return NULL;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

static void make_stream(struct made_stream *made, const struct node *column, struct ArrowArrayStream *out)
{
    struct node named = *column, batch = { .format = "+s", .length = column->length, .child = { &named } };

    named.name = "c";
    memset(made, 0, sizeof *made);
    made->batches = 1;
    (void)make_node(made, &batch);
    *out = (struct ArrowArrayStream){ get_schema, get_next, get_last_error, release_stream, made };
}

/* ---- an output that takes everything */

static enum pf_status take(void *user, const void *bytes, size_t size, struct pf_error *err)
{
    (void)bytes;
    (void)err;
    *(size_t *)user += size;
    return PF_OK;
}

/* fail_at: as in struct pf_memory; *refused: whether an allocation was. */
static enum pf_status write_column(const struct node *column, const char *name, long fail_at, bool *refused,
                                   struct pf_error *err)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = pf_request_new(ctx);
    struct pf_result *result = NULL;
    struct ArrowArrayStream stream;
    size_t size = 0;
    struct pf_output output = { .name = name, .write = take, .user = &size };
    struct made_stream *made = calloc(1, sizeof *made);
    enum pf_status status;

    memset(err, 0, sizeof *err);
    make_stream(made, column, &stream);
    CHECK_OK(pf_request_output(request, &output, err), *err);
    CHECK_OK(pf_request_set(request, "threads", "1", err), *err);
    atomic_store(&ctx->memory.fail_at, fail_at);
    status = pf_write_stream(request, &stream, &result, err);
    *refused = fail_at >= 0 && atomic_load(&ctx->memory.fail_at) < 0;
    CHECK(stream.release == NULL);
    CHECK((size > 0) == (status == PF_OK));
    pf_result_free(result);
    pf_request_free(request);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
    free(made);
    return status;
}

/* ---- columns */

static const int32_t numbers[] = { 5, 6, 7, 8, 9, 10 };
static const int32_t offsets[] = { 0, 2, 2, 3, 4 };
static const int32_t down[] = { 0, 2, 1, 3, 4 };
static const int32_t below[] = { -1, 2, 2, 3, 4 };
static const int32_t beyond[] = { 0, 2, 2, 3, 9 };
static const int64_t long_offsets[] = { 0, 2, 2, 3, 4 };
static const int64_t long_beyond[] = { INT64_MIN, 2, 2, 3, INT64_MAX };
static const int32_t view_offsets[] = { 2, 0, 1, 0 }, view_sizes[] = { 2, 1, 0, 4 }, bad_sizes[] = { 2, 1, -1, 4 };
static const int64_t long_views[] = { 0, 1, 2, 3 }, long_sizes[] = { 1, 1, 1, INT64_MAX };
static const int32_t text_offsets[] = { 0, 1, 1, 3, 4 };
static const uint8_t half[] = { 0x0b }; /* row 2, from 0, is null: it is the last of a list's, or has an element of its own */
static const uint8_t all_bits[] = { 0xff };

static const struct node plain = { "i", "a", 6, .data = numbers }, plain_four = { "i", "a", 4, .valid = half, .data = numbers };
static const struct node needed = { "i", "n", 4, .valid = half, .data = numbers, .required = true };
static const struct node text = { "u", "b", 4, .data = text_offsets, .bytes = "a\xc3\xa4z" };
static const struct node bad_text = { "u", "b", 4, .data = text_offsets, .bytes = "ab\xff\xff" };
static const struct node texts = { "+l", "t", 4, .valid = half, .data = offsets, .child = { &text } };
static const struct node bad_texts = { "+l", "t", 4, .data = offsets, .child = { &bad_text } };
static const struct node pair = { "+s", "p", 4, .valid = half, .child = { &plain, &texts } };
static const struct node pairs = { "+l", "c", 4, .valid = half, .data = offsets, .child = { &pair } };
static const struct node bad_pair = { "+s", "p", 4, .child = { &plain, &bad_texts } };
static const struct node no_buffers = { "i", "a", 4, .buffers = -1 };
static const struct node nothing_in_it = { "i", "a", 4, .data = NULL };
static const struct node short_child = { "i", "a", 3, .data = numbers };
static const struct node key = { "u", "key", 4, .data = text_offsets, .bytes = "abcd" };
static const struct node null_key = { "u", "key", 4, .valid = half, .data = text_offsets, .bytes = "abcd" };
static const struct node entries = { "+s", "entries", 4, .child = { &key, &plain_four } };
static const struct node null_keys = { "+s", "entries", 4, .child = { &null_key, &plain_four } };
static const struct node null_entries = { "+s", "entries", 4, .valid = half, .child = { &key, &plain_four } };
static const struct node years = { "tDs", "took", 4, .data = numbers };

/* Much that takes no memory: 27 members of nulls. */
#define MANY (INT64_MAX / 64)
static const struct node null_1 = { "n", "1", MANY, .buffers = -1 }, null_2 = { "n", "2", MANY, .buffers = -1 },
                         null_3 = { "n", "3", MANY, .buffers = -1 };
static const struct node nine_1 = { "+s", "1", MANY, .child = { &null_1, &null_2, &null_3 } };
static const struct node nine_2 = { "+s", "2", MANY, .child = { &null_1, &null_2, &null_3 } };
static const struct node nine_3 = { "+s", "3", MANY, .child = { &null_1, &null_2, &null_3 } };
static const struct node all_1 = { "+s", "1", MANY, .child = { &nine_1, &nine_2, &nine_3 } };
static const struct node all_2 = { "+s", "2", MANY, .child = { &nine_1, &nine_2, &nine_3 } };
static const struct node all_3 = { "+s", "3", MANY, .child = { &nine_1, &nine_2, &nine_3 } };
static const struct node all = { "+s", "item", MANY, .child = { &all_1, &all_2, &all_3 } };
static const int64_t to_many[] = { 0, 0, MANY };
static const int64_t view_of_many[] = { 0, 0 }, many_sizes[] = { 0, MANY };

static const struct {
    struct node column;
    enum pf_status status;
    const char *says;
    int64_t row;
} cases[] = {
    { { "+l", "c", 4, .valid = half, .data = offsets, .child = { &pair } }, PF_OK, "", 0 },
    { { "+l", "c", 2, 2, .valid = half, .data = offsets, .child = { &pair } }, PF_OK, "", 0 },
    { { "+L", "c", 4, .data = long_offsets, .child = { &pair } }, PF_OK, "", 0 },
    { { "+vl", "c", 4, .valid = half, .data = view_offsets, .bytes = view_sizes, .child = { &pair } }, PF_OK, "", 0 },
    { { "+vL", "c", 3, .data = long_views, .bytes = long_sizes, .child = { &pair } }, PF_OK, "", 0 },
    { { "+w:2", "c", 2, .child = { &pair } }, PF_OK, "", 0 },
    { { "+w:0", "c", 4, .valid = half, .child = { &plain } }, PF_OK, "", 0 },
    { { "+m", "c", 4, .valid = half, .data = offsets, .child = { &entries } }, PF_OK, "", 0 },
    { { "+s", "c", 4, .valid = half, .child = { &needed, &pairs } }, PF_OK, "", 0 },
    { { "+l", "c", 0, .child = { &pair } }, PF_OK, "", 0 },

    { { "+l", "c", 4, .data = down, .child = { &pair } }, PF_BAD_DATA, "the place of a list", 2 },
    { { "+l", "c", 4, .data = below, .child = { &pair } }, PF_BAD_DATA, "the place of a list", 1 },
    { { "+l", "c", 4, .data = beyond, .child = { &pair } }, PF_BAD_DATA, "the place of a list", 4 },
    { { "+L", "c", 4, .data = long_beyond, .child = { &pair } }, PF_BAD_DATA, "the place of a list", 1 },
    { { "+vl", "c", 4, .data = view_offsets, .bytes = bad_sizes, .child = { &pair } }, PF_BAD_DATA, "the place of a list", 3 },
    { { "+vL", "c", 4, .data = long_views, .bytes = long_sizes, .child = { &pair } }, PF_BAD_DATA, "the place of a list", 4 },
    { { "+l", "c", 4, .data = offsets, .child = { &bad_pair } }, PF_BAD_DATA, "not valid UTF-8", 3 },
    { { "+l", "c", 4, .data = offsets, .child = { &needed } }, PF_BAD_DATA, "the schema says that none is", 3 },
    { { "+m", "c", 4, .data = offsets, .child = { &null_keys } }, PF_BAD_DATA, "the schema says that none is", 3 },
    { { "+m", "c", 4, .data = offsets, .child = { &null_entries } }, PF_BAD_DATA, "the schema says that none is", 3 },
    { { "+s", "c", 4, .valid = all_bits, .child = { &plain, &needed } }, PF_BAD_DATA, "the schema says that none is", 3 },

    { { "+L", "c", 2, .data = to_many, .child = { &all } }, PF_LIMIT, "more than 2^31 elements", 2 },
    { { "+vL", "c", 2, .data = view_of_many, .bytes = many_sizes, .child = { &all } }, PF_LIMIT, "more than 2^31 elements", 2 },

    { { "+l", "c", 4, .child = { &pair } }, PF_BAD_DATA, "lacks what its type asks for", 0 },
    { { "+vl", "c", 4, .data = view_offsets, .child = { &pair } }, PF_BAD_DATA, "lacks what its type asks for", 0 },
    { { "+l", "c", 4, .data = offsets, .buffers = 1, .child = { &pair } }, PF_BAD_DATA, "lacks what its type asks for", 0 },
    { { "+l", "c", 4, .data = offsets, .child = { &no_buffers } }, PF_BAD_DATA, "lacks what its type asks for", 0 },
    { { "+l", "c", 4, .data = offsets, .child = { &nothing_in_it } }, PF_BAD_DATA, "lacks what its type asks for", 0 },
    { { "+s", "c", 4, .child = { &plain, &short_child } }, PF_UNSUPPORTED, "two members called 'a'", 0 },
    { { "+s", "c", 4, .child = { &short_child } }, PF_BAD_DATA, "lacks what its type asks for", 0 },
    { { "+s", "c", 4, .buffers = -1, .child = { &plain } }, PF_BAD_DATA, "lacks what its type asks for", 0 },
    { { "+w:2", "c", 3, .child = { &pair } }, PF_BAD_DATA, "lacks what its type asks for", 0 },
    { { "+w:2147483647", "c", 3, .child = { &pair } }, PF_BAD_DATA, "lacks what its type asks for", 0 },
    { { "+w:x", "c", 3, .child = { &pair } }, PF_UNSUPPORTED, "Arrow format '+w:x'", 0 },
    { { "+s", "c", 4, .data = NULL }, PF_UNSUPPORTED, "a struct without members", 0 },
    { { "+l", "c", 4, .data = offsets }, PF_BAD_DATA, "breaks the rules", 0 },
    { { "+l", "c", 4, .data = offsets, .child = { &plain, &text } }, PF_BAD_DATA, "breaks the rules", 0 },
    { { "+s", "c", 4, .child = { &plain, &text }, .count = -1 }, PF_BAD_DATA, "breaks the rules", 0 },
    { { "+m", "c", 4, .data = offsets, .child = { &plain } }, PF_BAD_DATA, "no pairs of a key and a value", 0 },
    { { "+l", "c", 4, .data = offsets, .child = { &years } }, PF_UNSUPPORTED, "'took' in column 'c' is a duration", 0 },
};

static void test_columns(void **unused)
{
    struct pf_error err;
    bool refused;

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        enum pf_status status = write_column(&cases[i].column, "out.parquet", -1, &refused, &err);

        if (status != cases[i].status)
            fail_msg("case %zu, %s: %s, %s", i, cases[i].column.format, pf_status_name(status), err.message);
        if (status == PF_OK)
            continue;
        if (strstr(err.message, cases[i].says) == NULL)
            fail_msg("case %zu, %s: '%s', expected '%s'", i, cases[i].column.format, err.message, cases[i].says);
        CHECK_INT(err.row, cases[i].row);
    }
}

/* Lists in lists: as deep as is allowed, and one deeper. */
static void test_depth(void **unused)
{
    static const int32_t one[] = { 0, 1 };
    struct node lists[PF_NESTING + 1];
    struct pf_error err;
    bool refused;

    (void)unused;
    for (int i = 0; i <= PF_NESTING; i++)
        lists[i] = (struct node){ "+l", "item", 1, .data = one, .child = { i == 0 ? &plain : &lists[i - 1] } };
    CHECK_OK(write_column(&lists[PF_NESTING - 1], "out.parquet", -1, &refused, &err), err);
    CHECK_INT(write_column(&lists[PF_NESTING], "out.parquet", -1, &refused, &err), PF_LIMIT);
    CHECK_HAS(err.message, "column 'c' has more than 32 lists and structs inside one another");
}

static void test_other_writers(void **unused)
{
    static const char *const names[] = { "out.csv", "out.xlsx" };
    struct pf_error err;
    bool refused;

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(names); i++) {
        CHECK_INT(write_column(&pairs, names[i], -1, &refused, &err), PF_UNSUPPORTED);
        CHECK_HAS(err.message, "column 'c' is list<struct<a: int32, t: list<string>>>");
    }
}

/* The n-th of all allocations is refused, for every n. */
static void test_no_memory(void **unused)
{
    static const struct node whole = { "+s", "c", 4, .valid = half, .child = { &needed, &pairs } };
    static const struct node views = {
        "+vl", "c", 4, .valid = half, .data = view_offsets, .bytes = view_sizes, .child = { &pair }
    };
    static const struct node map = { "+m", "c", 4, .data = offsets, .child = { &entries } };
    static const struct node *const columns[] = { &whole, &views, &map };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(columns); i++) {
        bool refused = true;

        for (long nth = 0; refused; nth++) {
            struct pf_error err;
            enum pf_status status = write_column(columns[i], "out.parquet", nth, &refused, &err);

            if (refused && status != PF_OK && status != PF_NO_MEMORY)
                fail_msg("allocation %ld: %s, %s", nth, pf_status_name(status), err.message);
            CHECK(refused || status == PF_OK);
            CHECK(nth < 20000);
        }
    }
}

/* ---- arrays that break the rules of the library's own */

static struct ArrowArray *make_numbers(struct pf_memory *memory, struct ArrowArray *out, int64_t rows, int64_t null)
{
    struct pf_error err;

    CHECK_OK(pf_array_new(out, memory, PF_TYPE_INT32, rows, 0, &err), err);
    memset((void *)(uintptr_t)out->buffers[1], 1, (size_t)rows * 4);
    if (null >= 0) {
        pf_bit_clear(pf_array_add_validity(out), null);
        out->null_count = 1;
    }
    return out;
}

static const struct pf_field number_field = { .name = "n", .type = PF_TYPE_INT32 };
static const struct pf_field needed_field = { .name = "n", .type = PF_TYPE_INT32, .required = true };

static enum pf_status encode(struct pf_context *ctx, const struct pf_field *field, struct ArrowArray *array,
                             struct pf_column_chunk *chunk, struct pf_error *err)
{
    struct pf_chunk_options options = { .codec = PARQUET_UNCOMPRESSED, .dictionary = true, .statistics = true };
    struct pf_slice slice = { array, 0, array->length };
    struct pf_schema schema;
    struct pf_leaf leaf;
    enum pf_status status;

    pf_schema_init(&schema, &ctx->memory);
    CHECK(pf_schema_add(&schema, field->name, strlen(field->name), field));
    CHECK_INT(pf_leaf_count(&schema), 1);
    CHECK(pf_leaves_of(&schema, &schema.arena, &leaf));
    CHECK_OK(pf_compressors_new(&options.compressors, &ctx->memory, options.codec, 0, err), *err);
    status = pf_column_chunk_encode(chunk, &ctx->memory, &leaf, &slice, array->length, &options, err);
    pf_compressors_free(options.compressors);
    pf_schema_free(&schema);
    return status;
}

static void test_broken_rules(void **unused)
{
    static const struct {
        bool list, required;
        int64_t null, child_null; /* -1 = none */
        const char *says;         /* NULL = good */
    } broken[] = {
        { true, false, -1, -1, NULL },         { true, false, 1, -1, "elements under a null" },
        { true, true, -1, 2, "nulls in 'n'" }, { false, false, 1, 1, NULL },
        { false, true, 1, 1, NULL },           { false, false, 1, -1, "values where its levels say" },
        { false, false, -1, 1, NULL },         { false, true, -1, 1, "nulls in 'n' of column 'c'" },
    };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(broken); i++) {
        const struct pf_field field = { .name = "c",
                                        .type = broken[i].list ? PF_TYPE_LIST : PF_TYPE_STRUCT,
                                        .child_count = 1,
                                        .children = broken[i].required ? &needed_field : &number_field };
        struct pf_context *ctx = pf_context_new();
        struct pf_column_chunk chunk;
        struct ArrowArray array;
        struct pf_error err;

        CHECK_OK(pf_array_new_nested(&array, &ctx->memory, field.type, 3, 1, &err), err);
        for (int32_t row = 0; broken[i].list && row < 3; row++)
            ((int32_t *)(uintptr_t)array.buffers[1])[row + 1] = row + 1;
        (void)make_numbers(&ctx->memory, array.children[0], 3, broken[i].child_null);
        if (broken[i].null >= 0) {
            pf_bit_clear(pf_array_add_validity(&array), broken[i].null);
            array.null_count = 1;
        }
        if (broken[i].says == NULL) {
            CHECK_OK(encode(ctx, &field, &array, &chunk, &err), err);
            CHECK_INT(chunk.meta.entries, 3);
            CHECK_INT(chunk.meta.nulls, broken[i].child_null >= 0);
        } else {
            CHECK_INT(encode(ctx, &field, &array, &chunk, &err), PF_INTERNAL);
            CHECK_HAS(err.message, broken[i].says);
        }
        pf_column_chunk_free(&chunk);
        pf_array_free(&array);
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
        pf_context_free(ctx);
    }
}

/* ---- out of the library */

static void test_export(void **unused)
{
    const struct pf_field list = { .name = "c", .type = PF_TYPE_LIST, .child_count = 1, .children = &number_field };
    struct pf_context *ctx = pf_context_new();
    struct ArrowSchema schema_out;
    struct ArrowArray out;
    struct pf_schema schema;
    struct pf_batch batch;
    struct pf_error err;

    (void)unused;
    pf_schema_init(&schema, &ctx->memory);
    CHECK(pf_schema_add(&schema, "c", 1, &list));
    CHECK_OK(pf_schema_export(&schema, &schema_out, &err), err);
    CHECK_OK(pf_batch_new(&batch, &ctx->memory, 2, 1, &err), err);
    CHECK_OK(pf_array_new_nested(&batch.columns[0], &ctx->memory, PF_TYPE_LIST, 2, 1, &err), err);
    ((int32_t *)(uintptr_t)batch.columns[0].buffers[1])[1] = 1;
    ((int32_t *)(uintptr_t)batch.columns[0].buffers[1])[2] = 3;
    (void)make_numbers(&ctx->memory, batch.columns[0].children[0], 3, 0);
    CHECK_INT(pf_array_size(&batch.columns[0], &list, 1, 1), 4 + 2 * 4);
    CHECK_OK(pf_batch_export(&batch, &out, &err), err);
    pf_schema_free(&schema);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
    CHECK_TEXT(schema_out.children[0]->format, "+l");
    CHECK_TEXT(schema_out.children[0]->children[0]->format, "i");
    CHECK_INT(out.children[0]->children[0]->length, 3);
    CHECK_INT(pf_array_offsets(out.children[0])[2], 3);
    out.release(&out);
    schema_out.release(&schema_out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),   cmocka_unit_test(test_depth),        cmocka_unit_test(test_other_writers),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_broken_rules), cmocka_unit_test(test_export),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
