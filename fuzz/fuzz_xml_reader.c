/* The XML reader over bytes from anywhere: opened, read block by block, every value touched. The first three bytes choose the options; the
 * third whether rows are flattened, nested or tables.
 *
 * Held to: leaf values found are written, outside or left out; small blocks give the same rows as one block, and a second pass the same
 * as the first; tables have every value of a row once, number their rows, and name rows that are there. */
#include <string.h>

#include "formats/xml/nested.h"
#include "support_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPTION_BYTES = 3, MEMORY = 96 << 20, PASSES = 64 };

/* What a reading gave; readings that must agree are compared. */
struct outcome {
    enum pf_status status;
    int64_t kept, rejected;
    uint32_t columns;
    bool keys_wrong;
    uint64_t hash;
};

/* A pass over one table. */
struct passing {
    struct xml_reader *reader;
    const struct pf_reader *as;
    const struct pf_schema *schema;
    struct pf_pass pass;
};

static void add(struct outcome *outcome, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        outcome->hash = (outcome->hash ^ at[i]) * UINT64_C(0x100000001b3);
    outcome->hash = (outcome->hash ^ size) * UINT64_C(0x100000001b3);
}

static void add_value(struct outcome *outcome, const struct ArrowArray *array, const struct pf_field *field, int64_t row)
{
    const uint8_t *validity = pf_array_validity(array), *data = pf_array_data(array);
    const uint8_t there = validity == NULL || pf_bit(validity, row);
    const int32_t *ends = pf_array_offsets(array);
    const size_t width = pf_type_width(field->type);

    add(outcome, &there, 1);
    if (field->type == PF_TYPE_LIST || field->type == PF_TYPE_STRING) {
        const uint32_t size = (uint32_t)(ends[row + 1] - ends[row]);

        if (!there && size != 0)
            abort();
        add(outcome, &size, sizeof size);
        if (field->type == PF_TYPE_STRING)
            add(outcome, pf_array_bytes(array) + ends[row], size);
        for (int64_t i = ends[row]; field->type == PF_TYPE_LIST && i < ends[row + 1]; i++)
            add_value(outcome, array->children[0], field->children, i);
    } else if (field->type == PF_TYPE_STRUCT) {
        for (uint32_t i = 0; i < field->child_count; i++)
            add_value(outcome, array->children[i], &field->children[i], row);
    } else if (field->type == PF_TYPE_BOOL) {
        const uint8_t value = there && pf_bit(data, row);

        add(outcome, &value, 1);
    } else if (there) {
        add(outcome, data + width * (size_t)row, width);
    }
}

/* Numbers go up one by one; what a row is in has a number that is there. */
static void check_keys(const struct passing *passing, struct outcome *outcome, const struct pf_batch *batch, int64_t row)
{
    const struct xml_shape *shape = passing->reader->shape;
    const struct xml_table *table = &shape->tables[passing->pass.table];
    const int64_t *id = pf_array_data(&batch->columns[0]), *parent, *index;
    bool found = false;

    outcome->keys_wrong = outcome->keys_wrong || id[row] != outcome->kept + row + 1;
    if (table->key_count != XML_ENTRY_KEYS)
        return;
    parent = pf_array_data(&batch->columns[XML_KEY_PARENT]);
    index = pf_array_data(&batch->columns[XML_KEY_INDEX]);
    for (uint32_t i = 0; i < passing->pass.table; i++)
        found = found || parent[row] <= shape->tables[i].before[shape->block_count];
    if (!found || parent[row] < 1 || index[row] < 1 ||
        (row > 0 && (parent[row] < parent[row - 1] ||
                     (parent[row] == parent[row - 1] ? index[row] != index[row - 1] + 1 : index[row] != 1))))
        outcome->keys_wrong = true;
}

static void add_typed(const struct passing *passing, struct outcome *outcome, const struct pf_decoded *decoded)
{
    const struct pf_batch *batch = &decoded->typed;

    if (batch->rows != decoded->rows_kept || batch->column_count != passing->schema->count)
        abort();
    for (int64_t row = 0; row < batch->rows; row++) {
        if (passing->as == &pf_xml_relational_reader && passing->reader->shape->table_count != 0)
            check_keys(passing, outcome, batch, row);
        for (uint32_t i = 0; i < batch->column_count; i++)
            add_value(outcome, &batch->columns[i], &passing->schema->fields[i], row);
    }
}

static void add_block(const struct passing *passing, struct outcome *outcome, const struct pf_decoded *decoded)
{
    if (decoded->rows_read != decoded->rows_kept + decoded->rows_rejected + decoded->rows_left_out)
        abort();
    if (decoded->text == NULL)
        add_typed(passing, outcome, decoded);
    for (int64_t row = 0; decoded->text != NULL && row < decoded->rows_kept; row++) {
        for (uint32_t i = 0; i < outcome->columns; i++) {
            const struct pf_text_column *text = &decoded->text[i];

            if (text->kind[row] == PF_TEXT_NULL && text->size[row] != 0)
                abort();
            add(outcome, text->bytes + text->offset[row], text->size[row]);
            add(outcome, text->kind + row, 1);
        }
    }
    for (int64_t i = 0; i < decoded->rows_rejected; i++) {
        if (decoded->rejects[i].reason[0] == '\0')
            abort();
    }
    outcome->kept += decoded->rows_kept;
    outcome->rejected += decoded->rows_rejected;
}

static void read_pass(const struct passing *passing, struct outcome *outcome, struct pf_error *err)
{
    struct xml_reader *reader = passing->reader;
    enum pf_status status = passing->as->start(reader, &passing->pass, err);

    memset(outcome, 0, sizeof *outcome);
    outcome->columns = reader->column_count;
    while (status == PF_OK) {
        struct pf_block block = { .offset = -1 };
        struct pf_decoded decoded = { .rows_read = 0 };
        struct pf_arena arena;

        pf_arena_init(&arena, &reader->ctx->memory, SIZE_MAX);
        status = passing->as->cut(reader, &block, err);
        if (status == PF_OK)
            status = passing->as->decode(reader, &passing->pass, &block, &arena, &decoded, err);
        if (status == PF_OK)
            add_block(passing, outcome, &decoded);
        pf_batch_free(&decoded.typed);
        pf_free(&reader->ctx->memory, block.bytes);
        pf_arena_free(&arena);
    }
    outcome->status = status;
}

/* Until no pass shows that the table is another than it seemed. */
static void read_text(struct xml_reader *reader, struct outcome *outcome, struct pf_error *err)
{
    const struct passing passing = { .reader = reader, .as = &pf_xml_reader };
    bool again = true;

    for (int pass = 0; again; pass++) {
        if (pass == PASSES)
            abort();
        again = false;
        read_pass(&passing, outcome, err);
        if (outcome->status == PF_BAD_DATA && pf_xml_reader.again(reader, &again, err) != PF_OK)
            outcome->status = err->status;
    }
    for (uint32_t i = 0; i < reader->column_count; i++)
        add(outcome, reader->names[i], strlen(reader->names[i]));
}

/* Tables one behind the other; after each, its values are counted. */
static void read_typed(struct xml_reader *reader, const struct pf_reader *as, struct outcome *outcome, struct pf_error *err)
{
    memset(outcome, 0, sizeof *outcome);
    for (uint32_t index = 0; outcome->status == PF_OK; index++) {
        struct pf_table table = { .rows = -1 };
        struct outcome one = { .status = PF_OK };
        const struct passing passing = { .reader = reader, .as = as, .schema = &table.schema, .pass = { .table = index } };

        pf_schema_init(&table.schema, &reader->ctx->memory);
        outcome->status = as->table(reader, index, &table, err);
        if (outcome->status == PF_OK) {
            read_pass(&passing, &one, err);
            add(outcome, table.name, strlen(table.name));
            for (uint32_t i = 0; i < table.schema.count; i++)
                add(outcome, table.schema.fields[i].name, strlen(table.schema.fields[i].name));
            add(outcome, &one.hash, sizeof one.hash);
            outcome->kept += one.kept;
            outcome->rejected += one.rejected;
            outcome->columns += table.schema.count;
            outcome->status = one.status == PF_END ? PF_OK : one.status;
            if (one.status == PF_END)
                as->tell(reader);
            if (one.status == PF_END && reader->counts.broken == 0 &&
                (one.keys_wrong || (reader->stored != NULL && !xml_tables_add_up(reader))))
                abort();
        }
        pf_schema_free(&table.schema);
    }
}

static void read_table(struct xml_reader *reader, const struct pf_reader *as, struct outcome *outcome, struct pf_error *err)
{
    if (as == &pf_xml_reader)
        read_text(reader, outcome, err);
    else
        read_typed(reader, as, outcome, err);
}

static void check(struct xml_reader *reader, const struct pf_reader *as, const struct outcome *outcome, struct pf_error *err)
{
    const struct xml_counts *counts = &reader->counts;
    struct outcome second;

    if (outcome->status != PF_END) {
        if (err->message[0] == '\0')
            abort();
        return;
    }
    if (as == &pf_xml_reader)
        as->tell(reader);
    if (counts->broken == 0 && counts->found != counts->written + counts->outside + counts->left_out)
        abort();
    if (pf_source_rewind(reader->src, err) != PF_OK)
        abort();
    read_table(reader, as, &second, err);
    if (memcmp(&second, outcome, sizeof second) != 0)
        abort();
}

struct using
{
    const struct pf_reader *as;
    struct outcome *outcome;
};

static void use(void *state, void *user, struct pf_error *err)
{
    struct using *using = user;

    read_table(state, using->as, using->outcome, err);
    check(state, using->as, using->outcome, err);
}

static void read_all(const uint8_t *data, size_t size, const struct pf_xml_read_options *options, struct outcome *outcome)
{
    struct using using = { .as = pf_xml_reader.as(options), .outcome = outcome };
    enum pf_status status;

    memset(outcome, 0, sizeof *outcome);
    status = fuzz_read(using.as, options, MEMORY, data, size, use, &using);
    if (status != PF_OK)
        outcome->status = status;
}

static struct pf_xml_read_options choose(const uint8_t bytes[OPTION_BYTES])
{
    static const char *const rows[] = { NULL, NULL, NULL, "r", "r,x" };
    static const char *const roots[] = { NULL, NULL, NULL, "a" };
    struct pf_xml_read_options options;

    memset(&options, 0, sizeof options);
    pf_option_defaults(pf_xml_reader.options, &options);
    options.row_tag = rows[bytes[0] % PF_COUNT(rows)];
    options.root_tag = roots[bytes[0] / 8 % PF_COUNT(roots)];
    options.strategy = bytes[0] / 32 % 3;
    options.arrays = bytes[1] % 3;
    options.namespaces = bytes[1] / 4 % 3;
    options.attributes = (bytes[1] & 0x30) != 0x30;
    options.flatten_nested = (bytes[1] & 0x40) != 0;
    options.keep_blanks = (bytes[1] & 0x80) != 0;
    options.compat = bytes[0] == 255;
    options.nested = bytes[2] % 4 == 1;
    options.relational = bytes[2] % 4 == 2 && !options.compat;
    if (options.nested || options.relational) {
        options.arrays = PF_XML_EXPAND;
        options.flatten_nested = false;
        options.texts = (bytes[2] & 0x80) != 0;
    }
    return options;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_xml_read_options options;
    struct outcome whole, pieces;

    if (size < OPTION_BYTES)
        return 0;
    options = choose(data);
    (void)pf_xml_reader.probe(&pf_xml_reader, data + OPTION_BYTES, size - OPTION_BYTES);
    read_all(data + OPTION_BYTES, size - OPTION_BYTES, &options, &whole);
    options.block_bytes = 1 + data[0];
    read_all(data + OPTION_BYTES, size - OPTION_BYTES, &options, &pieces);
    /* what is not well-formed ends at the block it is in: rows before it may be in one and not in the other */
    if (whole.status == PF_END && whole.rejected == 0 && memcmp(&whole, &pieces, sizeof whole) != 0)
        abort();
    return 0;
}
