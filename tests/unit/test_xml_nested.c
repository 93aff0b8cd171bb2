/* Rows of XML as lists and structs: the columns of documents and their entries, whatever the size of the blocks; and a whole reading of
 * which each allocation fails in turn. Values are compared with another parser's by tests/python/test_xml_nested.py. */
#include "support_unit.h"

#include <stdlib.h>

#include "formats/xml/nested.h"

struct reading {
    struct pf_xml_read_options options;
    char schema[1024]; /* "name: type" a line */
    int64_t rows;
    int64_t entries; /* of the columns, and of all that is in them, that are not null */
    int64_t rejected;
    char error[800];
};

static enum pf_status print_schema(struct reading *reading, const struct pf_schema *schema, struct pf_memory *memory)
{
    enum pf_status status = PF_OK;
    size_t used = 0;

    for (uint32_t i = 0; i < schema->count; i++) {
        struct pf_buffer type;

        pf_buffer_init(&type, memory, SIZE_MAX);
        if (!pf_type_print(&schema->fields[i], &type))
            status = PF_NO_MEMORY;
        used += (size_t)snprintf(reading->schema + used, sizeof reading->schema - used, "%s: %.*s\n", schema->fields[i].name,
                                 (int)type.size, (const char *)type.data);
        pf_buffer_free(&type);
    }
    return status;
}

/* Entries with a value; what lies under a null has to be null as well. */
static int64_t count_entries(const struct ArrowArray *array)
{
    const uint8_t *validity = pf_array_validity(array);
    int64_t count = array->n_children == 0 ? array->length - array->null_count : 0, nulls = 0;

    for (int64_t i = 0; validity != NULL && i < array->length; i++)
        nulls += !pf_bit(validity, i);
    CHECK_INT(nulls, array->null_count);
    for (int64_t i = 0; i < array->n_children; i++)
        count += count_entries(array->children[i]);
    return count;
}

static enum pf_status read_blocks(struct reading *reading, struct xml_reader *reader, struct pf_error *err)
{
    static const struct pf_pass all = { .column_count = 0 };
    struct pf_context *ctx = reader->ctx;
    enum pf_status status = pf_xml_nested_reader.start(reader, &all, err);

    while (status == PF_OK) {
        struct pf_block block = { .offset = -1 };
        struct pf_decoded decoded = { .rows_read = 0 };
        struct pf_arena arena;

        status = pf_xml_nested_reader.cut(reader, &block, err);
        if (status != PF_OK)
            break;
        pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
        status = pf_xml_nested_reader.decode(reader, &all, &block, &arena, &decoded, err);
        if (status == PF_OK) {
            CHECK_INT(decoded.typed.column_count, reader->column_count);
            for (uint32_t i = 0; i < decoded.typed.column_count; i++) {
                CHECK_INT(decoded.typed.columns[i].length, decoded.rows_kept);
                reading->entries += count_entries(&decoded.typed.columns[i]);
            }
            reading->rows += decoded.rows_kept;
            reading->rejected += decoded.rows_rejected;
        }
        pf_batch_free(&decoded.typed);
        pf_free(&ctx->memory, block.bytes);
        pf_arena_free(&arena);
    }
    return status;
}

static enum pf_status read_source(struct reading *reading, struct pf_context *ctx, struct pf_source *src, struct pf_error *err)
{
    struct xml_reader *reader = calloc(1, sizeof *reader);
    struct pf_table table = { .rows = 0 };
    enum pf_status status;

    assert_non_null(reader);
    assert_ptr_equal(pf_xml_reader.as(&reading->options), &pf_xml_nested_reader);
    pf_schema_init(&table.schema, &ctx->memory);
    status = pf_xml_nested_reader.open(&pf_xml_nested_reader, reader, ctx, src, &reading->options, err);
    if (status == PF_OK)
        status = pf_xml_nested_reader.table(reader, 0, &table, err);
    if (status == PF_OK)
        status = print_schema(reading, &table.schema, &ctx->memory);
    if (status == PF_OK)
        status = read_blocks(reading, reader, err);
    if (status == PF_END && reader->counts.broken == 0)
        CHECK_INT(reader->counts.found, reader->counts.written + reader->counts.outside + reader->counts.left_out);
    pf_schema_free(&table.schema);
    pf_xml_nested_reader.close(reader);
    free(reader);
    return status;
}

static struct reading usual(size_t block_bytes)
{
    const struct reading reading = { .options = { .attributes = true,
                                                  .nested = true,
                                                  .max_depth = 1000,
                                                  .max_name = 4096,
                                                  .max_attribute = 1 << 20,
                                                  .max_entities = 100,
                                                  .block_bytes = block_bytes } };

    return reading;
}

static const struct {
    const char *text, *schema;
    int64_t rows, entries;
} cases[] = {
    { "<a><r>1</r><r>2</r></a>", "a_r: int64\n", 2, 2 },
    { "<a><r><x>1</x></r><r><x>2</x><x>3</x></r></a>", "a_r_x: list<int64>\n", 2, 3 },
    { "<a><r><x k='1'>t</x></r><r><x/></r></a>", "a_r_x: struct<@k: int64, #text: string>\n", 2, 3 },
    { "<a v='1'><r><x><y>1</y></x></r><r><x><y>2</y><y>3</y></x><x/></r></a>",
      "a@v: int64\na_r_x: list<struct<y: list<int64>, #text: string>>\n", 2, 6 },
    { "<a xmlns:i='u'><r><x i:nil='true'/></r><r><x k='1'/></r></a>", "a_r_x: struct<@k: int64>\n", 2, 1 },
    { "<a><r>t<x><y/>u</x></r><r><x>v<y/>w</x></r></a>", "a_r: string\na_r_x: struct<y: string, #text: string>\n", 2, 5 },
    { "<a><r><x><s><x>1</x></s></x></r><r/></a>", "a_r: string\na_r_x: struct<s: struct<x: int64>>\n", 2, 2 },
    { "<a><r><x>1</x></r><r><x>2</x></r><s k='1'/><s k='2'/></a>", "a_r_x: int64\na_s@k: int64\n", 4, 4 },
};

static void what_documents_become(void **state)
{
    static const size_t blocks[] = { 0, 1, 24 };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        for (size_t n = 0; n < PF_COUNT(blocks); n++) {
            struct pf_context *ctx = pf_context_make(NULL);
            struct reading reading = usual(blocks[n]);
            struct pf_source *src;
            struct pf_error err;
            enum pf_status status;

            pf_error_clear(&err);
            assert_int_equal(pf_source_memory(ctx, cases[i].text, strlen(cases[i].text), "t.xml", &src, &err), PF_OK);
            status = read_source(&reading, ctx, src, &err);
            if (status != PF_END || strcmp(reading.schema, cases[i].schema) != 0 || reading.rows != cases[i].rows ||
                reading.entries != cases[i].entries)
                fail_msg("case %zu, blocks of %zu: status %d %s, %lld rows, %lld entries, schema\n%s", i, blocks[n], status,
                         err.message, (long long)reading.rows, (long long)reading.entries, reading.schema);
            pf_source_close(src);
            CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
            pf_context_release(ctx);
        }
    }
}

static void damage_is_one_reject(void **state)
{
    static const char text[] = "<a><r><x>1</x></r><r><x>2</x><x>3</x></r><r><x></y></r></a>";
    struct pf_context *ctx = pf_context_make(NULL);
    struct reading reading = usual(0);
    struct pf_source *src;
    struct pf_error err;

    (void)state;
    pf_error_clear(&err);
    assert_int_equal(pf_source_memory(ctx, text, strlen(text), "t.xml", &src, &err), PF_OK);
    assert_int_equal(read_source(&reading, ctx, src, &err), PF_END);
    CHECK_INT(reading.rejected, 1);
    CHECK_INT(reading.rows, 2);
    CHECK_INT(reading.entries, 3);
    pf_source_close(src);
    pf_context_release(ctx);
}

static void what_excludes_what(void **state)
{
    struct reading reading = usual(0);
    struct pf_error err;

    (void)state;
    reading.options.flatten_nested = true;
    assert_int_equal(xml_nested_check(&reading.options, &err), PF_BAD_OPTION);
    reading.options.flatten_nested = false;
    reading.options.arrays = PF_XML_JSON;
    assert_int_equal(xml_nested_check(&reading.options, &err), PF_BAD_OPTION);
    reading.options.nested = false;
    assert_int_equal(xml_nested_check(&reading.options, &err), PF_OK);
}

static void each_allocation_fails(void **state)
{
    static const char text[] = "<a v='1'><h>h</h><r k='1'><x><y>1</y><y>2</y></x>t</r><r><x/><x n='3'>4</x>"
                               "<x><y/></x></r><s>1</s><s>2</s></a>";
    bool granted = false;

    (void)state;
    for (long n = 0; !granted; n++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct reading reading = usual(24);
        struct pf_source *src = NULL;
        enum pf_status status;
        struct pf_error err;

        pf_error_clear(&err);
        atomic_store(&ctx->memory.fail_at, n);
        status = pf_source_memory(ctx, text, strlen(text), "t.xml", &src, &err);
        if (status == PF_OK)
            status = read_source(&reading, ctx, src, &err);
        granted = atomic_load(&ctx->memory.fail_at) >= 0;
        if (!granted && status != PF_NO_MEMORY)
            fail_msg("allocation %ld: status %d, %s", n, status, err.message);
        if (granted)
            assert_int_equal(status, PF_END);
        atomic_store(&ctx->memory.fail_at, -1);
        pf_source_close(src);
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
        pf_context_release(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_documents_become),
        cmocka_unit_test(damage_is_one_reject),
        cmocka_unit_test(what_excludes_what),
        cmocka_unit_test(each_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
