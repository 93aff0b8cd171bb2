/* Rows of XML as lists and structs, and as tables with keys: the columns of documents and their entries, whatever the size of the blocks;
 * and a whole reading of which each allocation fails in turn. Values are compared with another parser's by tests/python/test_xml_nested.py
 * and test_xml_relational.py. */
#include "support_failing.h"

#include <stdarg.h>
#include <stdlib.h>

#include "formats/xml/nested.h"

struct reading {
    struct pf_xml_read_options options;
    char schema[1024]; /* "name: type" a line, the name of the table in front, if it has one */
    size_t schema_size;
    char keys[512]; /* of tables: "_id<_parent_id.index" of each row */
    size_t keys_size;
    char tables[640]; /* as info tells them */
    int64_t rows;
    int64_t entries; /* of the columns, and of all that is in them, that are not null */
    int64_t rejected;
    char error[800];
};

static void take_tables(void *user, const char *name, const char *value, bool number)
{
    struct reading *reading = user;

    if (strcmp(name, "tables") == 0 && !number)
        (void)snprintf(reading->tables, sizeof reading->tables, "%s", value);
}

/* As much as fits. */
static void PF_PRINTF(4, 5) append(char *to, size_t room, size_t *used, const char *format, ...)
{
    va_list values;
    int more;

    va_start(values, format);
    more = vsnprintf(to + *used, room - *used, format, values);
    va_end(values);
    assert_true(more >= 0);
    *used = *used + (size_t)more < room ? *used + (size_t)more : room - 1;
}

static enum pf_status print_schema(struct reading *reading, const char *table, const struct pf_schema *schema,
                                   struct pf_memory *memory, struct pf_error *err)
{
    pf_error_clear(err);
    if (table[0] != '\0')
        append(reading->schema, sizeof reading->schema, &reading->schema_size, "[%s]\n", table);
    for (uint32_t i = 0; i < schema->count; i++) {
        struct pf_buffer type;

        pf_buffer_init(&type, memory, SIZE_MAX);
        if (!pf_type_print(&schema->fields[i], &type))
            pf_fail_memory(err, 1);
        append(reading->schema, sizeof reading->schema, &reading->schema_size, "%s: %.*s\n", schema->fields[i].name,
               (int)type.size, type.size != 0 ? (const char *)type.data : "");
        pf_buffer_free(&type);
    }
    return err->status;
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

/* Of tables only: "_id<_parent_id.index" of each row. */
static void print_keys(struct reading *reading, const struct pf_batch *batch, bool of_parent)
{
    const int64_t *id = pf_array_data(&batch->columns[0]);

    for (int64_t i = 0; i < batch->rows; i++) {
        append(reading->keys, sizeof reading->keys, &reading->keys_size, "%lld", (long long)id[i]);
        if (of_parent)
            append(reading->keys, sizeof reading->keys, &reading->keys_size, "<%lld.%lld",
                   (long long)((const int64_t *)pf_array_data(&batch->columns[1]))[i],
                   (long long)((const int64_t *)pf_array_data(&batch->columns[2]))[i]);
        append(reading->keys, sizeof reading->keys, &reading->keys_size, " ");
    }
}

/* The reader keeps the pass. */
static enum pf_status read_blocks(struct reading *reading, struct xml_reader *reader, const struct pf_pass *all,
                                  uint32_t columns, struct pf_error *err)
{
    const struct pf_reader *const made = pf_xml_reader.as(&reading->options);
    struct pf_context *ctx = reader->ctx;
    enum pf_status status = made->start(reader, all, err);

    while (status == PF_OK) {
        struct pf_block block = { .offset = -1 };
        struct pf_decoded decoded = { .rows_read = 0 };
        struct pf_arena arena;

        status = made->cut(reader, &block, err);
        if (status != PF_OK)
            break;
        pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
        status = made->decode(reader, all, &block, &arena, &decoded, err);
        if (status == PF_OK) {
            CHECK_INT(decoded.typed.column_count, columns);
            for (uint32_t i = 0; i < decoded.typed.column_count; i++) {
                CHECK_INT(decoded.typed.columns[i].length, decoded.rows_kept);
                reading->entries += count_entries(&decoded.typed.columns[i]);
            }
            if (reading->options.relational)
                print_keys(reading, &decoded.typed, reader->shape->tables[all->table].key_count == XML_ENTRY_KEYS);
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
    const struct pf_reader *const made = pf_xml_reader.as(&reading->options);
    struct xml_reader *reader = calloc(1, sizeof *reader);
    enum pf_status status;

    assert_non_null(reader);
    assert_ptr_equal(made, reading->options.nested ? &pf_xml_nested_reader : &pf_xml_relational_reader);
    status = made->open(made, reader, ctx, src, &reading->options, err);
    for (uint32_t index = 0; status == PF_OK; index++) {
        const struct pf_pass all = { .table = index };
        struct pf_table table = { .rows = 0 };

        pf_schema_init(&table.schema, &ctx->memory);
        status = made->table(reader, index, &table, err);
        if (status == PF_OK)
            status = print_schema(reading, table.name, &table.schema, &ctx->memory, err);
        if (status == PF_OK)
            status = read_blocks(reading, reader, &all, table.schema.count, err) == PF_END ? PF_OK : err->status;
        if (status == PF_OK && reader->counts.broken == 0) {
            CHECK_INT(reader->counts.found, reader->counts.written + reader->counts.outside + reader->counts.left_out);
            assert_true(reader->stored == NULL || xml_tables_add_up(reader));
        }
        pf_schema_free(&table.schema);
    }
    if (status == PF_END)
        made->facts(reader, take_tables, reading);
    made->close(reader);
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

static struct reading relational(size_t block_bytes)
{
    struct reading reading = usual(block_bytes);

    reading.options.nested = false;
    reading.options.relational = true;
    return reading;
}

static const struct {
    const char *text, *schema;
    int64_t rows, entries;
    const char *keys; /* NULL = with lists and structs, not with tables */
} cases[] = {
    { "<a><r>1</r><r>2</r></a>", "a_r: int64\n", 2, 2, NULL },
    { "<a><r><x>1</x></r><r><x>2</x><x>3</x></r></a>", "a_r_x: list<int64>\n", 2, 3, NULL },
    { "<a><r><x k='1'>t</x></r><r><x/></r></a>", "a_r_x: struct<@k: int64, #text: string>\n", 2, 3, NULL },
    { "<a v='1'><r><x><y>1</y></x></r><r><x><y>2</y><y>3</y></x><x/></r></a>",
      "a@v: int64\na_r_x: list<struct<y: list<int64>, #text: string>>\n", 2, 6, NULL },
    { "<a xmlns:i='u'><r><x i:nil='true'/></r><r><x k='1'/></r></a>", "a_r_x: struct<@k: int64>\n", 2, 1, NULL },
    { "<a><r>t<x><y/>u</x></r><r><x>v<y/>w</x></r></a>", "a_r: string\na_r_x: struct<y: string, #text: string>\n", 2, 5, NULL },
    { "<a><r><x><s><x>1</x></s></x></r><r/></a>", "a_r: string\na_r_x: struct<s: struct<x: int64>>\n", 2, 2, NULL },
    { "<a><r><x>1</x></r><r><x>2</x></r><s k='1'/><s k='2'/></a>", "a_r_x: int64\na_s@k: int64\n", 4, 4, NULL },
    { "<a><r>1</r><r>2</r></a>", "[r]\n_id: int64\na_r: int64\n", 2, 4, "1 2 " },
    { "<a v='x'><r><x>1</x></r><r><x>2</x><x>3</x></r></a>",
      "[r]\n_id: int64\na@v: string\n[r_x]\n_id: int64\n_parent_id: int64\n_index: int64\nx: int64\n", 5, 16,
      "1 2 1<1.1 2<2.1 3<2.2 " },
    { "<a><r><x><y>1</y></x></r><r/><r>t<x><y>2</y><y>3</y></x><x/></r></a>",
      "[r]\n_id: int64\na_r: string\n[r_x]\n_id: int64\n_parent_id: int64\n_index: int64\nx: string\n"
      "[r_x_y]\n_id: int64\n_parent_id: int64\n_index: int64\ny: int64\n",
      9, 27, "1 2 3 1<1.1 2<3.1 3<3.2 1<1.1 2<2.1 3<2.2 " },
    { "<a><r><p><q><x>1</x></q></p></r><r/><r><p/></r><r><p k='1'><q><x>2</x><x/></q></p></r></a>",
      "[r]\n_id: int64\na_r: string\na_r_p@k: int64\na_r_p: string\n"
      "[r_p_q_x]\n_id: int64\n_parent_id: int64\n_index: int64\nx: int64\n",
      7, 18, "1 2 3 4 1<1.1 2<4.1 3<4.2 " },
    { "<a><r><x/></r><s>1</s><r><x/></r><s>2</s><r><x/><x/></r><q/></a>",
      "[r]\n_id: int64\n[s]\n_id: int64\na_s: int64\n[r_x]\n_id: int64\n_parent_id: int64\n_index: int64\nx: string\n", 9, 23,
      "1 2 3 1 2 1<1.1 2<2.1 3<3.1 4<3.2 " },
};

static void what_documents_become(void **state)
{
    static const size_t blocks[] = { 0, 1, 24 };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        for (size_t n = 0; n < PF_COUNT(blocks); n++) {
            struct pf_context *ctx = pf_context_make(NULL);
            struct reading reading = cases[i].keys == NULL ? usual(blocks[n]) : relational(blocks[n]);
            struct pf_source *src;
            struct pf_error err;
            enum pf_status status;

            pf_error_clear(&err);
            assert_int_equal(pf_source_memory(ctx, cases[i].text, strlen(cases[i].text), "t.xml", &src, &err), PF_OK);
            status = read_source(&reading, ctx, src, &err);
            if (status != PF_END || strcmp(reading.schema, cases[i].schema) != 0 || reading.rows != cases[i].rows ||
                reading.entries != cases[i].entries || (cases[i].keys != NULL && strcmp(reading.keys, cases[i].keys) != 0))
                fail_msg("case %zu, blocks of %zu: status %d %s, %lld rows, %lld entries, keys %s, schema\n%s", i, blocks[n],
                         status, err.message, (long long)reading.rows, (long long)reading.entries, reading.keys,
                         reading.schema);
            pf_source_close(src);
            CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
            pf_context_release(ctx);
        }
    }
}

static void what_info_tells(void **state)
{
    char text[4096];
    size_t used = 0;

    (void)state;
    append(text, sizeof text, &used, "<a><r>");
    for (int i = 0; i < 40; i++)
        append(text, sizeof text, &used, "<x%d>1</x%d><x%d/>", i, i, i);
    append(text, sizeof text, &used, "</r><r/></a>");
    for (int whole = 0; whole < 2; whole++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct reading reading = relational(0);
        const char *document = whole ? "<a><r><x><y/><y/></x></r><r><x/></r><r><x/><x/></r></a>" : text;
        struct pf_source *src;
        struct pf_error err;

        assert_int_equal(pf_source_memory(ctx, document, strlen(document), "t.xml", &src, &err), PF_OK);
        assert_int_equal(read_source(&reading, ctx, src, &err), PF_END);
        if (whole)
            assert_string_equal(reading.tables, "r (3 rows), r_x (4 rows, of r), r_x_y (2 rows, of r_x)");
        else
            assert_non_null(strstr(reading.tables, "r (2 rows), r_x0 (2 rows, of r), "));
        assert_int_equal(strstr(reading.tables, ", ...") == NULL, whole);
        pf_source_close(src);
        pf_context_release(ctx);
    }
}

/* Of tables, too: it is one place of the document, and not one of each. */
static void damage_is_one_reject(void **state)
{
    static const char text[] = "<a><r><x>1</x></r><r><x>2</x><x>3</x></r><r><x></y></r></a>";

    (void)state;
    for (int tables = 0; tables < 2; tables++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct reading reading = tables ? relational(0) : usual(0);
        struct pf_source *src;
        struct pf_error err;

        pf_error_clear(&err);
        assert_int_equal(pf_source_memory(ctx, text, strlen(text), "t.xml", &src, &err), PF_OK);
        assert_int_equal(read_source(&reading, ctx, src, &err), PF_END);
        CHECK_INT(reading.rejected, 1);
        CHECK_INT(reading.rows, tables ? 5 : 2);
        CHECK_INT(reading.entries, tables ? 14 : 3);
        pf_source_close(src);
        pf_context_release(ctx);
    }
}

/* Keys would be those of other rows. */
static void a_document_that_changes_is_told(void **state)
{
    static const struct pf_pass all = { .table = 0 };
    char text[] = "<a><r>1</r><s>2</s><r>3</r><s>4</s></a>";
    struct pf_context *ctx = pf_context_make(NULL);
    struct xml_reader *reader = calloc(1, sizeof *reader);
    struct reading reading = relational(0);
    struct pf_block block = { .offset = -1 };
    struct pf_decoded decoded;
    struct pf_arena arena;
    struct pf_source *src;
    struct pf_error err;

    (void)state;
    assert_non_null(reader);
    assert_int_equal(pf_source_memory(ctx, text, strlen(text), "t.xml", &src, &err), PF_OK);
    assert_int_equal(pf_xml_relational_reader.open(&pf_xml_relational_reader, reader, ctx, src, &reading.options, &err), PF_OK);
    text[4] = text[9] = 's';
    assert_int_equal(pf_xml_relational_reader.start(reader, &all, &err), PF_OK);
    assert_int_equal(pf_xml_relational_reader.cut(reader, &block, &err), PF_OK);
    pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
    assert_int_equal(pf_xml_relational_reader.decode(reader, &all, &block, &arena, &decoded, &err), PF_BAD_DATA);
    assert_string_equal(err.message, "the document changed while it was read");
    pf_arena_free(&arena);
    pf_free(&ctx->memory, block.bytes);
    pf_xml_relational_reader.close(reader);
    free(reader);
    pf_source_close(src);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_release(ctx);
}

static void count_warning(void *user, struct pf_context *ctx, const char *text)
{
    (void)ctx;
    *(int *)user += strstr(text, "do not have each of the") != NULL;
}

/* Tables that together have another number of values than the rows are a fault of the reader: one that is made here. */
static void a_difference_is_told(void **state)
{
    static const char text[] = "<a><r><x>1</x><x>2</x></r><r/></a>";

    (void)state;
    for (int missing = 0; missing < 2; missing++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct xml_reader *reader = calloc(1, sizeof *reader);
        struct reading reading = relational(0);
        int warnings = 0;
        struct pf_source *src;
        struct pf_error err;

        assert_non_null(reader);
        ctx->warn = count_warning;
        ctx->warn_user = &warnings;
        assert_int_equal(pf_source_memory(ctx, text, strlen(text), "t.xml", &src, &err), PF_OK);
        assert_int_equal(pf_xml_relational_reader.open(&pf_xml_relational_reader, reader, ctx, src, &reading.options, &err),
                         PF_OK);
        for (uint32_t table = 0; table < 2; table++) {
            const struct pf_pass all = { .table = table };

            assert_int_equal(read_blocks(&reading, reader, &all, table == 0 ? 2 : 4, &err), PF_END);
            reader->counts.stored -= missing != 0 && table == 1;
            pf_xml_relational_reader.tell(reader);
            CHECK_INT(warnings, missing != 0 && table == 1);
        }
        pf_xml_relational_reader.close(reader);
        free(reader);
        pf_source_close(src);
        pf_context_release(ctx);
    }
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
    reading.options.relational = true;
    assert_int_equal(xml_nested_check(&reading.options, &err), PF_BAD_OPTION);
    reading.options.arrays = PF_XML_EXPAND;
    assert_int_equal(xml_nested_check(&reading.options, &err), PF_OK);
    reading.options.compat = true;
    assert_int_equal(xml_nested_check(&reading.options, &err), PF_BAD_OPTION);
    reading.options.compat = false;
    reading.options.nested = true;
    assert_int_equal(xml_nested_check(&reading.options, &err), PF_BAD_OPTION);
}

struct failing {
    struct reading usual;
    const char *text;
    bool opened; /* it is not read then */
};

static enum pf_status run_failing(struct pf_context *ctx, void *user, struct pf_error *err)
{
    const struct failing *failing = user;
    const struct pf_reader *const made = pf_xml_reader.as(&failing->usual.options);
    struct reading reading = failing->usual;
    struct pf_source *src = NULL;
    enum pf_status status = pf_source_memory(ctx, failing->text, strlen(failing->text), "t.xml", &src, err);

    if (status == PF_OK && failing->opened) {
        struct xml_reader *reader = calloc(1, sizeof *reader);

        assert_non_null(reader);
        status = made->open(made, reader, ctx, src, &reading.options, err);
        made->close(reader);
        free(reader);
    } else if (status == PF_OK) {
        status = read_source(&reading, ctx, src, err);
    }
    pf_source_close(src);
    return status;
}

static void each_allocation_fails(void **state)
{
    static const char *const texts[] = {
        "<a v='1'><h>h</h><r k='1'><x><y>1</y><y>2</y></x>t</r><r><x/><x n='3'>4</x><x><y/></x></r><s>1</s><s>2</s></a>",
        "<a xmlns:i='u'><r><x i:nil='true'/></r><r><x k='1'>t<z><q>1.5</q></z>t</x></r></a>",
        "<a><r><x>1</x></r><r><x>2</x><x>3</x></r><r><x></y></r></a>",
    };

    (void)state;
    for (size_t i = 0; i < 2 * PF_COUNT(texts); i++) {
        struct failing failing = { .usual = i % 2 == 0 ? usual(24) : relational(24), .text = texts[i / 2] };

        fail_each_allocation(run_failing, &failing, PF_END);
    }
}

/* So many that what holds them has to grow. */
static void each_allocation_for_many_paths_fails(void **state)
{
    char wide[1 << 13], tall[1 << 13];
    size_t used = 0;

    (void)state;
    append(wide, sizeof wide, &used, "<a><r>");
    for (int i = 0; i < 60; i++)
        append(wide, sizeof wide, &used, "<an_element_%d><p><q>%d</q></p></an_element_%d><an_element_%d k='1'/>", i, i, i, i);
    append(wide, sizeof wide, &used, "</r><r/></a>");
    used = 0;
    append(tall, sizeof tall, &used, "<a><q/>");
    for (int i = 0; i < 200; i++)
        append(tall, sizeof tall, &used, "<r>%s<x/></r>", i % 7 == 0 ? "<y><z/><z k='1'/></y>" : "");
    append(tall, sizeof tall, &used, "</a>");
    for (int i = 0; i < 4; i++) {
        struct failing failing = { .usual = i % 2 == 0 ? usual(0) : relational(0),
                                   .text = i < 2 ? wide : tall,
                                   .opened = i < 2 };

        fail_each_allocation(run_failing, &failing, i < 2 ? PF_OK : PF_END);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_documents_become), cmocka_unit_test(what_info_tells),
        cmocka_unit_test(damage_is_one_reject),  cmocka_unit_test(a_document_that_changes_is_told),
        cmocka_unit_test(a_difference_is_told),  cmocka_unit_test(what_excludes_what),
        cmocka_unit_test(each_allocation_fails), cmocka_unit_test(each_allocation_for_many_paths_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
