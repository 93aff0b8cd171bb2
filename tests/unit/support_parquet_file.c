#include "support_parquet_file.h"

#include <stdlib.h>

#include "base/number.h"
#include "formats/parquet/thrift_write.h"
#include "support_unit.h"

/* ---- writing */

static void put_page_header(struct pf_buffer *out, const struct hand_page *page)
{
    struct pf_thrift_writer thrift;
    int32_t level_encoding = page->level_encoding != 0 ? page->level_encoding : PARQUET_RLE;

    pf_thrift_put_begin(&thrift, out);
    pf_thrift_put_i32(&thrift, PAGE_TYPE, page->kind);
    pf_thrift_put_i32(&thrift, PAGE_UNCOMPRESSED_SIZE, page->plain_size != 0 ? page->plain_size : (int32_t)page->size);
    pf_thrift_put_i32(&thrift, PAGE_COMPRESSED_SIZE, (int32_t)page->size);
    if (page->has_crc)
        pf_thrift_put_i32(&thrift, PAGE_CRC, (int32_t)page->crc);
    if (page->kind == PARQUET_DATA_PAGE_V2) {
        pf_thrift_put_struct(&thrift, PAGE_DATA_HEADER_V2);
        pf_thrift_put_i32(&thrift, DATA_PAGE_V2_NUM_VALUES, page->values);
        pf_thrift_put_i32(&thrift, DATA_PAGE_V2_NUM_NULLS, 0);
        pf_thrift_put_i32(&thrift, DATA_PAGE_V2_NUM_ROWS, page->values);
        pf_thrift_put_i32(&thrift, DATA_PAGE_V2_ENCODING, page->encoding);
        pf_thrift_put_i32(&thrift, DATA_PAGE_V2_DEFINITION_LEVELS_BYTE_LENGTH, page->level_size);
        pf_thrift_put_i32(&thrift, DATA_PAGE_V2_REPETITION_LEVELS_BYTE_LENGTH, page->repetition_size);
        if (page->not_compressed)
            pf_thrift_put_bool(&thrift, DATA_PAGE_V2_IS_COMPRESSED, false);
    } else if (page->kind == PARQUET_INDEX_PAGE) {
        pf_thrift_put_struct(&thrift, PAGE_INDEX_HEADER);
    } else {
        pf_thrift_put_struct(&thrift, page->kind == PARQUET_DICTIONARY_PAGE ? PAGE_DICTIONARY_HEADER : PAGE_DATA_HEADER);
        pf_thrift_put_i32(&thrift, DATA_PAGE_NUM_VALUES, page->values);
        pf_thrift_put_i32(&thrift, DATA_PAGE_ENCODING, page->encoding);
        if (page->kind == PARQUET_DATA_PAGE) {
            pf_thrift_put_i32(&thrift, DATA_PAGE_DEFINITION_LEVEL_ENCODING, level_encoding);
            pf_thrift_put_i32(&thrift, DATA_PAGE_REPETITION_LEVEL_ENCODING, PARQUET_BIT_PACKED);
        }
    }
    pf_thrift_put_end(&thrift);
    pf_thrift_put_end(&thrift);
    CHECK(!thrift.failed);
}

static void put_logical(struct pf_thrift_writer *thrift, const struct hand_column *column)
{
    pf_thrift_put_struct(thrift, SCHEMA_LOGICAL_TYPE);
    pf_thrift_put_struct(thrift, (int16_t)column->logical);
    if (column->logical == PARQUET_LOGICAL_DECIMAL) {
        pf_thrift_put_i32(thrift, 1, column->scale);
        pf_thrift_put_i32(thrift, 2, column->precision);
    } else if (column->logical == PARQUET_LOGICAL_INTEGER) {
        pf_thrift_put_i8(thrift, 1, (int8_t)column->bits);
        pf_thrift_put_bool(thrift, 2, column->is_signed);
    } else if (column->logical == PARQUET_LOGICAL_TIME || column->logical == PARQUET_LOGICAL_TIMESTAMP) {
        pf_thrift_put_bool(thrift, 1, column->utc);
        pf_thrift_put_struct(thrift, 2);
        pf_thrift_put_struct(thrift, (int16_t)column->unit);
        pf_thrift_put_end(thrift);
        pf_thrift_put_end(thrift);
    }
    pf_thrift_put_end(thrift);
    pf_thrift_put_end(thrift);
}

static void put_element(struct pf_thrift_writer *thrift, const struct hand_column *column)
{
    pf_thrift_put_item_struct(thrift);
    if (column->children == 0) {
        pf_thrift_put_i32(thrift, SCHEMA_TYPE, column->type);
        if (column->type_length != 0)
            pf_thrift_put_i32(thrift, SCHEMA_TYPE_LENGTH, column->type_length);
    }
    pf_thrift_put_i32(thrift, SCHEMA_REPETITION_TYPE, column->repetition);
    pf_thrift_put_text(thrift, SCHEMA_NAME, column->name);
    if (column->children != 0)
        pf_thrift_put_i32(thrift, SCHEMA_NUM_CHILDREN, column->children);
    if (column->converted != 0)
        pf_thrift_put_i32(thrift, SCHEMA_CONVERTED_TYPE, column->converted - 1);
    if (column->precision != 0) {
        pf_thrift_put_i32(thrift, SCHEMA_SCALE, column->scale);
        pf_thrift_put_i32(thrift, SCHEMA_PRECISION, column->precision);
    }
    if (column->logical != 0)
        put_logical(thrift, column);
    pf_thrift_put_end(thrift);
}

struct place {
    int64_t start, data, dictionary, size;
};

static void put_pages(struct pf_buffer *out, const struct hand_column *column, struct place *place)
{
    place->start = (int64_t)out->size;
    place->data = place->dictionary = 0;
    for (uint32_t i = 0; i < column->page_count; i++) {
        const struct hand_page *page = &column->pages[i];

        if (page->kind == PARQUET_DICTIONARY_PAGE)
            place->dictionary = (int64_t)out->size;
        else if (place->data == 0)
            place->data = (int64_t)out->size;
        put_page_header(out, page);
        CHECK(pf_buffer_append(out, page->bytes, page->size));
    }
    place->size = (int64_t)out->size - place->start;
    if (column->no_dictionary_offset || place->data == 0) {
        place->data = place->start;
        place->dictionary = 0;
    }
}

static void put_chunk(struct pf_thrift_writer *thrift, const struct hand_column *column, const struct place *place,
                      int64_t rows)
{
    pf_thrift_put_item_struct(thrift);
    if (column->elsewhere)
        pf_thrift_put_text(thrift, COLUMN_FILE_PATH, "other.parquet");
    pf_thrift_put_i64(thrift, COLUMN_FILE_OFFSET, 0);
    pf_thrift_put_struct(thrift, COLUMN_META_DATA);
    pf_thrift_put_i32(thrift, META_TYPE, column->type);
    pf_thrift_put_list(thrift, META_ENCODINGS, THRIFT_I32, 1);
    pf_thrift_put_item_i32(thrift, column->page_count != 0 ? column->pages[column->page_count - 1].encoding : 0);
    pf_thrift_put_list(thrift, META_PATH_IN_SCHEMA, THRIFT_BINARY, 1);
    pf_thrift_put_item_binary(thrift, column->name, strlen(column->name));
    pf_thrift_put_i32(thrift, META_CODEC, column->codec);
    pf_thrift_put_i64(thrift, META_NUM_VALUES, column->values != 0 ? column->values : rows);
    pf_thrift_put_i64(thrift, META_TOTAL_UNCOMPRESSED_SIZE, place->size);
    pf_thrift_put_i64(thrift, META_TOTAL_COMPRESSED_SIZE, place->size);
    pf_thrift_put_i64(thrift, META_DATA_PAGE_OFFSET, place->data);
    if (place->dictionary != 0)
        pf_thrift_put_i64(thrift, META_DICTIONARY_PAGE_OFFSET, place->dictionary);
    if (column->with_text_bytes) {
        pf_thrift_put_struct(thrift, META_SIZE_STATISTICS);
        pf_thrift_put_i64(thrift, 1, 10 * rows);
        pf_thrift_put_end(thrift);
    }
    pf_thrift_put_end(thrift);
    if (column->encrypted) {
        pf_thrift_put_struct(thrift, COLUMN_CRYPTO_METADATA);
        pf_thrift_put_end(thrift);
    }
    pf_thrift_put_end(thrift);
}

static void put_groups(struct pf_thrift_writer *thrift, const struct hand_file *file, const struct place *places,
                       uint32_t groups)
{
    uint32_t leaves = 0;

    for (uint32_t c = 0; c < file->column_count; c++)
        leaves += file->columns[c].children == 0;
    pf_thrift_put_list(thrift, FILE_ROW_GROUPS, THRIFT_STRUCT, groups);
    for (uint32_t g = 0; g < groups; g++) {
        pf_thrift_put_item_struct(thrift);
        pf_thrift_put_list(thrift, ROW_GROUP_COLUMNS, THRIFT_STRUCT, leaves);
        for (uint32_t c = 0; c < file->column_count; c++) {
            if (file->columns[c].children == 0)
                put_chunk(thrift, &file->columns[c], &places[g * file->column_count + c], file->rows);
        }
        pf_thrift_put_i64(thrift, ROW_GROUP_TOTAL_BYTE_SIZE, 0);
        pf_thrift_put_i64(thrift, ROW_GROUP_NUM_ROWS, file->rows);
        pf_thrift_put_end(thrift);
    }
}

void hand_write(struct pf_buffer *out, const struct hand_file *file)
{
    uint32_t groups = file->groups != 0 ? file->groups : 1;
    struct place *places = calloc((size_t)groups * file->column_count + 1, sizeof *places);
    struct hand_column root = { .name = "schema",
                                .children = (int32_t)(file->top_count != 0 ? file->top_count : file->column_count) };
    struct pf_thrift_writer thrift;
    size_t footer;
    uint32_t size;

    CHECK(places != NULL);
    CHECK(pf_buffer_append(out, PARQUET_MAGIC, PARQUET_MAGIC_SIZE));
    for (uint32_t g = 0; g < groups; g++) {
        for (uint32_t c = 0; c < file->column_count; c++)
            put_pages(out, &file->columns[c], &places[g * file->column_count + c]);
    }
    footer = out->size;
    pf_thrift_put_begin(&thrift, out);
    pf_thrift_put_i32(&thrift, FILE_VERSION, 1);
    pf_thrift_put_list(&thrift, FILE_SCHEMA, THRIFT_STRUCT, file->column_count + 1);
    if (root.children != 0) {
        put_element(&thrift, &root);
    } else {
        pf_thrift_put_item_struct(&thrift);
        pf_thrift_put_text(&thrift, SCHEMA_NAME, root.name);
        pf_thrift_put_end(&thrift);
    }
    for (uint32_t c = 0; c < file->column_count; c++)
        put_element(&thrift, &file->columns[c]);
    pf_thrift_put_i64(&thrift, FILE_NUM_ROWS, file->rows_said != 0 ? file->rows_said : file->rows * groups);
    put_groups(&thrift, file, places, groups);
    pf_thrift_put_text(&thrift, FILE_CREATED_BY, "by hand");
    pf_thrift_put_end(&thrift);
    CHECK(!thrift.failed);
    size = (uint32_t)(out->size - footer);
    CHECK(pf_buffer_append(out, &size, 4) && pf_buffer_append(out, PARQUET_MAGIC, PARQUET_MAGIC_SIZE));
    free(places);
}

/* ---- reading */

struct dump {
    char *to;
    size_t used, room;
};

static void put(struct dump *dump, const void *bytes, size_t size)
{
    if (size > dump->room - dump->used)
        size = dump->room - dump->used;
    memcpy(dump->to + dump->used, bytes, size);
    dump->used += size;
    dump->to[dump->used] = '\0';
}

static int64_t integer_at(enum pf_type type, const uint8_t *data, int64_t row)
{
    size_t width = pf_type_width(type);
    int64_t value = 0;

    memcpy(&value, data + (size_t)row * width, width);
    switch (type) {
    case PF_TYPE_INT8:
        return (int8_t)value;
    case PF_TYPE_INT16:
        return (int16_t)value;
    case PF_TYPE_INT32:
    case PF_TYPE_DATE32:
        return (int32_t)value;
    default:
        return value;
    }
}

static void put_value(struct dump *dump, const struct pf_field *field, const struct ArrowArray *column, int64_t row)
{
    const uint8_t *data = pf_array_data(column);
    const int32_t *offsets = pf_array_offsets(column);
    char text[64];
    pf_int128 decimal;
    float single;
    double number;
    size_t size = 0;

    if (pf_array_validity(column) != NULL && !pf_bit(pf_array_validity(column), row)) {
        put(dump, "N", 1);
        return;
    }
    switch (field->type) {
    case PF_TYPE_STRING:
        put(dump, pf_array_bytes(column) + offsets[row], (size_t)(offsets[row + 1] - offsets[row]));
        return;
    case PF_TYPE_BINARY:
        for (int32_t i = offsets[row]; i < offsets[row + 1]; i++) {
            (void)snprintf(text, sizeof text, "%02x", pf_array_bytes(column)[i]);
            put(dump, text, 2);
        }
        return;
    case PF_TYPE_BOOL:
        put(dump, pf_bit(data, row) ? "t" : "f", 1);
        return;
    case PF_TYPE_FLOAT32:
        memcpy(&single, data + 4 * row, 4);
        size = (size_t)snprintf(text, sizeof text, "%.9g", (double)single);
        break;
    case PF_TYPE_FLOAT64:
        memcpy(&number, data + 8 * row, 8);
        size = (size_t)snprintf(text, sizeof text, "%.17g", number);
        break;
    case PF_TYPE_DECIMAL128:
        memcpy(&decimal, data + 16 * row, 16);
        size = pf_print_decimal(decimal, field->scale, text);
        break;
    case PF_TYPE_UINT64:
        size = (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)integer_at(field->type, data, row));
        break;
    default:
        size = (size_t)snprintf(text, sizeof text, "%lld", (long long)integer_at(field->type, data, row));
    }
    put(dump, text, size);
}

static void check_nulls(const struct ArrowArray *column)
{
    int64_t nulls = 0;

    for (int64_t row = 0; pf_array_validity(column) != NULL && row < column->length; row++)
        nulls += !pf_bit(pf_array_validity(column), row);
    CHECK_INT(column->null_count, nulls);
}

struct run {
    const struct pf_reader *reader;
    void *state;
    struct pf_table table;
    struct pf_pass pass;
    struct dump dump;
    struct hand_outcome *out;
};

static void put_batch(struct run *run, const struct pf_batch *batch)
{
    for (uint32_t c = 0; c < batch->column_count; c++)
        check_nulls(&batch->columns[c]);
    for (int64_t row = 0; row < batch->rows && run->dump.used < run->dump.room; row++) {
        if (run->out->rows + row != 0)
            put(&run->dump, ";", 1);
        for (uint32_t c = 0; c < batch->column_count; c++) {
            uint32_t field = run->pass.columns != NULL ? run->pass.columns[c] : c;

            if (c != 0)
                put(&run->dump, ",", 1);
            put_value(&run->dump, &run->table.schema.fields[field], &batch->columns[c], row);
        }
    }
}

static enum pf_status read_block(struct run *run, struct pf_context *ctx, struct pf_error *err)
{
    struct pf_block block = { 0 };
    struct pf_decoded decoded;
    struct pf_arena arena;
    enum pf_status status = run->reader->cut(run->state, &block, err);

    if (status != PF_OK)
        return status;
    pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
    status = run->reader->decode(run->state, &run->pass, &block, &arena, &decoded, err);
    if (status == PF_OK) {
        CHECK_INT(decoded.rows_read, decoded.rows_kept);
        CHECK_INT(decoded.typed.rows, decoded.rows_kept);
        CHECK(block.bytes == NULL && block.cost > 0);
        put_batch(run, &decoded.typed);
        run->out->rows += decoded.rows_kept;
        run->out->blocks++;
        pf_batch_free(&decoded.typed);
    } else if (err->row > 0) {
        err->row += run->out->rows;
    }
    pf_arena_free(&arena);
    return status;
}

static enum pf_status read_table(struct run *run, struct pf_context *ctx, struct pf_source *src,
                                 const struct parquet_read_options *options, struct pf_error *err)
{
    enum pf_status status = run->reader->open(run->reader, run->state, ctx, src, options, err);

    if (status == PF_OK)
        status = run->reader->table(run->state, 0, &run->table, err);
    if (status == PF_OK) {
        CHECK_INT(run->reader->table(run->state, 1, &run->table, err), PF_END);
        status = run->reader->start(run->state, &run->pass, err);
    }
    while (status == PF_OK)
        status = read_block(run, ctx, err);
    return status;
}

void hand_read(struct pf_context *ctx, const uint8_t *bytes, size_t size, const struct parquet_read_options *options,
               const uint32_t *columns, uint32_t column_count, struct hand_outcome *out)
{
    struct run run = { .reader = &pf_parquet_reader,
                       .pass = { .columns = columns, .column_count = column_count },
                       .dump = { out->text, 0, sizeof out->text - 1 },
                       .out = out };
    struct parquet_read_options none = { 0 };
    struct pf_source *src = NULL;

    memset(out, 0, sizeof *out);
    pf_error_clear(&out->err);
    run.state = calloc(1, run.reader->state_size);
    CHECK(run.state != NULL);
    pf_schema_init(&run.table.schema, &ctx->memory);
    out->status = pf_source_memory(ctx, bytes, size, "by hand", &src, &out->err);
    if (out->status == PF_OK)
        out->status = read_table(&run, ctx, src, options != NULL ? options : &none, &out->err);
    if (out->status == PF_END)
        out->status = PF_OK;
    run.reader->close(run.state);
    free(run.state);
    pf_schema_free(&run.table.schema);
    pf_source_close(src);
}

void hand_context_begin(struct pf_context *ctx)
{
    memset(ctx, 0, sizeof *ctx);
    CHECK(pf_memory_init(&ctx->memory, SIZE_MAX));
    ctx->limits.columns = 1000;
    ctx->limits.expansion = 2000;
}

void hand_context_end(struct pf_context *ctx)
{
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_memory_destroy(&ctx->memory);
}
