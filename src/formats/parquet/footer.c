#include "formats/parquet/footer.h"

#include "formats/parquet/thrift_write.h"

static const char created_by[] = "pyforge version " PF_VERSION;

enum { FORMAT_VERSION = 2 };

void pf_footer_init(struct pf_footer *footer, struct pf_memory *memory, const struct pf_schema *schema,
                    const struct pf_leaf *leaves, uint32_t leaf_count)
{
    memset(footer, 0, sizeof *footer);
    footer->memory = memory;
    footer->schema = schema;
    footer->leaves = leaves;
    footer->leaf_count = leaf_count;
    pf_arena_init(&footer->arena, memory, SIZE_MAX);
}

void pf_footer_free(struct pf_footer *footer)
{
    if (!footer->memory)
        return;
    pf_free(footer->memory, footer->groups);
    pf_arena_free(&footer->arena);
    memset(footer, 0, sizeof *footer);
}

/* ---- records */

enum pf_status pf_footer_add_group(struct pf_footer *footer, int64_t rows, struct pf_error *err)
{
    uint32_t leaves = footer->leaf_count;
    struct pf_row_group_record group = { .rows = rows };

    if (footer->group_count == footer->group_capacity) {
        size_t capacity = footer->group_capacity ? footer->group_capacity * 2 : 64;
        struct pf_row_group_record *groups = pf_resize(footer->memory, footer->groups, capacity * sizeof *groups);

        if (!groups)
            return pf_fail_memory(err, capacity * sizeof *groups);
        footer->groups = groups;
        footer->group_capacity = capacity;
    }
    group.chunks = pf_arena_alloc_zero(&footer->arena, leaves, sizeof *group.chunks);
    if (!group.chunks)
        return pf_fail_memory(err, leaves * sizeof *group.chunks);
    for (uint32_t leaf = 0; leaf < leaves; leaf++)
        group.chunks[leaf].offset = -1;
    footer->groups[footer->group_count++] = group;
    return PF_OK;
}

enum pf_status pf_footer_set_chunk(struct pf_footer *footer, size_t group, uint32_t leaf, const struct pf_chunk_meta *meta,
                                   int64_t offset, struct pf_error *err)
{
    bool indexed = meta->page_count > 1;
    struct pf_chunk_record record = {
        .offset = offset,
        .size = meta->size,
        .plain_size = meta->plain_size,
        .entries = meta->entries,
        .nulls = meta->nulls,
        .dictionary_size = meta->dictionary_size,
        .page_count = meta->page_count,
        .statistics_size = (uint32_t)meta->statistics.size,
        .index_size = indexed ? (uint32_t)meta->index.size : 0,
        .codec = (uint8_t)meta->codec,
        .encoding = (uint8_t)meta->encoding,
    };
    size_t places = indexed ? meta->page_count * sizeof *meta->places : 0;
    size_t size = record.statistics_size + record.index_size + places;
    uint8_t *kept = pf_arena_alloc(&footer->arena, size);

    if (!kept)
        return pf_fail_memory(err, size);
    if (record.statistics_size)
        memcpy(kept, meta->statistics.data, record.statistics_size);
    if (record.index_size)
        memcpy(kept + record.statistics_size, meta->index.data, record.index_size);
    if (places)
        memcpy(kept + record.statistics_size + record.index_size, meta->places, places);
    record.kept = kept;
    footer->groups[group].chunks[leaf] = record;
    return PF_OK;
}

/* ---- schema */

static void put_integer_type(struct pf_thrift_writer *thrift, int8_t bits, bool is_signed)
{
    pf_thrift_put_struct(thrift, PARQUET_LOGICAL_INTEGER);
    pf_thrift_put_i8(thrift, 1, bits);
    pf_thrift_put_bool(thrift, 2, is_signed);
    pf_thrift_put_end(thrift);
}

static void put_time_type(struct pf_thrift_writer *thrift, enum parquet_logical_type type, bool utc)
{
    pf_thrift_put_struct(thrift, (int16_t)type);
    pf_thrift_put_bool(thrift, 1, utc);
    pf_thrift_put_struct(thrift, 2);
    pf_thrift_put_struct(thrift, PARQUET_MICROS);
    pf_thrift_put_end(thrift);
    pf_thrift_put_end(thrift);
    pf_thrift_put_end(thrift);
}

static void put_decimal_type(struct pf_thrift_writer *thrift, const struct pf_field *field)
{
    pf_thrift_put_struct(thrift, PARQUET_LOGICAL_DECIMAL);
    pf_thrift_put_i32(thrift, 1, field->scale);
    pf_thrift_put_i32(thrift, 2, field->precision);
    pf_thrift_put_end(thrift);
}

static void put_bare_type(struct pf_thrift_writer *thrift, enum parquet_logical_type type)
{
    pf_thrift_put_struct(thrift, (int16_t)type);
    pf_thrift_put_end(thrift);
}

/* The members of the LogicalType union; nothing for types that are told by the physical type alone. */
static void put_logical_type(struct pf_thrift_writer *thrift, const struct pf_field *field)
{
    switch (field->type) {
    case PF_TYPE_STRING:
        put_bare_type(thrift, PARQUET_LOGICAL_STRING);
        break;
    case PF_TYPE_INT8:
    case PF_TYPE_UINT8:
        put_integer_type(thrift, 8, field->type == PF_TYPE_INT8);
        break;
    case PF_TYPE_INT16:
    case PF_TYPE_UINT16:
        put_integer_type(thrift, 16, field->type == PF_TYPE_INT16);
        break;
    case PF_TYPE_UINT32:
        put_integer_type(thrift, 32, false);
        break;
    case PF_TYPE_UINT64:
        put_integer_type(thrift, 64, false);
        break;
    case PF_TYPE_DECIMAL128:
        put_decimal_type(thrift, field);
        break;
    case PF_TYPE_DATE32:
        put_bare_type(thrift, PARQUET_LOGICAL_DATE);
        break;
    case PF_TYPE_TIME64:
        put_time_type(thrift, PARQUET_LOGICAL_TIME, false);
        break;
    case PF_TYPE_TIMESTAMP:
        put_time_type(thrift, PARQUET_LOGICAL_TIMESTAMP, field->utc);
        break;
    default:
        break;
    }
}

/* -1 = none says the same. TIME_MICROS and TIMESTAMP_MICROS would say that the value is adjusted to UTC. */
static int32_t converted_type(const struct pf_field *field)
{
    switch (field->type) {
    case PF_TYPE_STRING:
        return PARQUET_CONVERTED_UTF8;
    case PF_TYPE_INT8:
        return PARQUET_CONVERTED_INT_8;
    case PF_TYPE_INT16:
        return PARQUET_CONVERTED_INT_16;
    case PF_TYPE_UINT8:
        return PARQUET_CONVERTED_UINT_8;
    case PF_TYPE_UINT16:
        return PARQUET_CONVERTED_UINT_16;
    case PF_TYPE_UINT32:
        return PARQUET_CONVERTED_UINT_32;
    case PF_TYPE_UINT64:
        return PARQUET_CONVERTED_UINT_64;
    case PF_TYPE_DECIMAL128:
        return PARQUET_CONVERTED_DECIMAL;
    case PF_TYPE_DATE32:
        return PARQUET_CONVERTED_DATE;
    case PF_TYPE_TIMESTAMP:
        return field->utc ? PARQUET_CONVERTED_TIMESTAMP_MICROS : -1;
    default:
        return -1;
    }
}

static bool has_logical_type(enum pf_type type)
{
    return type != PF_TYPE_BOOL && type != PF_TYPE_INT32 && type != PF_TYPE_INT64 && type != PF_TYPE_FLOAT32 &&
           type != PF_TYPE_FLOAT64 && type != PF_TYPE_BINARY;
}

/* A schema element without children. name: what it is called there. */
static void put_leaf(struct pf_thrift_writer *thrift, const struct pf_leaf *leaf, const char *name)
{
    const struct pf_field *field = leaf->field;
    int32_t converted = converted_type(field);

    pf_thrift_put_item_struct(thrift);
    pf_thrift_put_i32(thrift, SCHEMA_TYPE, (int32_t)leaf->physical);
    if (leaf->physical == PARQUET_FIXED_LEN_BYTE_ARRAY)
        pf_thrift_put_i32(thrift, SCHEMA_TYPE_LENGTH, (int32_t)leaf->stored);
    pf_thrift_put_i32(thrift, SCHEMA_REPETITION_TYPE, field->required ? PARQUET_REQUIRED : PARQUET_OPTIONAL);
    pf_thrift_put_text(thrift, SCHEMA_NAME, name);
    if (converted >= 0)
        pf_thrift_put_i32(thrift, SCHEMA_CONVERTED_TYPE, converted);
    if (field->type == PF_TYPE_DECIMAL128) {
        pf_thrift_put_i32(thrift, SCHEMA_SCALE, field->scale);
        pf_thrift_put_i32(thrift, SCHEMA_PRECISION, field->precision);
    }
    if (has_logical_type(field->type)) {
        pf_thrift_put_struct(thrift, SCHEMA_LOGICAL_TYPE);
        put_logical_type(thrift, field);
        pf_thrift_put_end(thrift);
    }
    pf_thrift_put_end(thrift);
}

/* An element with children; of a list or map it is annotated as one. */
static void put_parent(struct pf_thrift_writer *thrift, const struct pf_field *field, enum parquet_repetition repetition,
                       const char *name, uint32_t children)
{
    bool map = field && field->type == PF_TYPE_MAP;

    pf_thrift_put_item_struct(thrift);
    pf_thrift_put_i32(thrift, SCHEMA_REPETITION_TYPE, (int32_t)repetition);
    pf_thrift_put_text(thrift, SCHEMA_NAME, name);
    pf_thrift_put_i32(thrift, SCHEMA_NUM_CHILDREN, (int32_t)children);
    if (field && field->type != PF_TYPE_STRUCT) {
        pf_thrift_put_i32(thrift, SCHEMA_CONVERTED_TYPE, map ? PARQUET_CONVERTED_MAP : PARQUET_CONVERTED_LIST);
        pf_thrift_put_struct(thrift, SCHEMA_LOGICAL_TYPE);
        put_bare_type(thrift, map ? PARQUET_LOGICAL_MAP : PARQUET_LOGICAL_LIST);
        pf_thrift_put_end(thrift);
    }
    pf_thrift_put_end(thrift);
}

/* The format's names of what is in a list or a map, whatever it is called elsewhere. */
static const char list_name[] = "list", element_name[] = "element", entries_name[] = "key_value";
static const char *const entry_names[] = { "key", "value" };

/* The elements of a column; *leaf moves over its leaves. Returns how many elements there are. thrift NULL: they are only counted. */
static uint32_t put_field(struct pf_thrift_writer *thrift, const struct pf_field *field, const char *name,
                          const struct pf_leaf **leaf)
{
    const struct pf_field *members = field;
    bool map = field->type == PF_TYPE_MAP;
    uint32_t elements = 1;

    if (!pf_type_is_nested(field->type)) {
        if (thrift)
            put_leaf(thrift, (*leaf)++, name);
        return 1;
    }
    if (thrift)
        put_parent(thrift, field, field->required ? PARQUET_REQUIRED : PARQUET_OPTIONAL, name,
                   field->type == PF_TYPE_STRUCT ? field->child_count : 1);
    if (field->type != PF_TYPE_STRUCT) {
        members = map ? field->children : field;
        elements++;
        if (thrift)
            put_parent(thrift, NULL, PARQUET_REPEATED, map ? entries_name : list_name, members->child_count);
    }
    for (uint32_t i = 0; i < members->child_count; i++) {
        const char *known = map ? entry_names[i] : field->type == PF_TYPE_LIST ? element_name : members->children[i].name;

        elements += put_field(thrift, &members->children[i], known, leaf);
    }
    return elements;
}

static void put_schema(struct pf_thrift_writer *thrift, const struct pf_footer *footer)
{
    const struct pf_schema *schema = footer->schema;
    const struct pf_leaf *leaf = footer->leaves;
    uint32_t elements = 1;

    for (uint32_t column = 0; column < schema->count; column++)
        elements += put_field(NULL, &schema->fields[column], "", NULL);
    pf_thrift_put_list(thrift, FILE_SCHEMA, THRIFT_STRUCT, elements);
    pf_thrift_put_item_struct(thrift);
    pf_thrift_put_text(thrift, SCHEMA_NAME, "schema");
    pf_thrift_put_i32(thrift, SCHEMA_NUM_CHILDREN, (int32_t)schema->count);
    pf_thrift_put_end(thrift);
    for (uint32_t column = 0; column < schema->count; column++)
        (void)put_field(thrift, &schema->fields[column], schema->fields[column].name, &leaf);
}

static void put_path_name(struct pf_thrift_writer *thrift, const char *name)
{
    pf_thrift_put_item_binary(thrift, name, strlen(name));
}

/* The names of the schema's elements on the way to a leaf. */
static void put_path(struct pf_thrift_writer *thrift, const struct pf_leaf *leaf)
{
    uint32_t count = 1u + leaf->repetition;

    if (leaf->step_count == 0) {
        pf_thrift_put_list(thrift, META_PATH_IN_SCHEMA, THRIFT_BINARY, 1);
        put_path_name(thrift, leaf->field->name);
        return;
    }
    for (uint32_t step = 1; step < leaf->step_count; step++)
        count += leaf->steps[step - 1].field->type != PF_TYPE_MAP;
    pf_thrift_put_list(thrift, META_PATH_IN_SCHEMA, THRIFT_BINARY, count);
    put_path_name(thrift, leaf->steps[0].field->name);
    for (uint32_t step = 1; step < leaf->step_count; step++) {
        const struct pf_field *parent = leaf->steps[step - 1].field;

        if (parent->type == PF_TYPE_MAP) {
            put_path_name(thrift, entries_name);
        } else if (parent->type == PF_TYPE_LIST) {
            put_path_name(thrift, list_name);
            put_path_name(thrift, element_name);
        } else if (step > 1 && leaf->steps[step - 2].field->type == PF_TYPE_MAP) {
            put_path_name(thrift, entry_names[leaf->steps[step].child]);
        } else {
            put_path_name(thrift, leaf->steps[step].field->name);
        }
    }
}

/* ---- row groups */

static void put_encoding_stats(struct pf_thrift_writer *thrift, enum parquet_page_type page, enum parquet_encoding encoding,
                               uint32_t count)
{
    pf_thrift_put_item_struct(thrift);
    pf_thrift_put_i32(thrift, ENCODING_STATS_PAGE_TYPE, (int32_t)page);
    pf_thrift_put_i32(thrift, ENCODING_STATS_ENCODING, (int32_t)encoding);
    pf_thrift_put_i32(thrift, ENCODING_STATS_COUNT, (int32_t)count);
    pf_thrift_put_end(thrift);
}

/* Every encoding in the chunk: of its data pages, of the dictionary page, of the levels. */
static void put_encodings(struct pf_thrift_writer *thrift, const struct pf_chunk_record *chunk, bool levels)
{
    bool runs = levels && chunk->encoding != PARQUET_RLE;

    pf_thrift_put_list(thrift, META_ENCODINGS, THRIFT_I32, 1u + (chunk->dictionary_size > 0) + runs);
    if (chunk->dictionary_size > 0)
        pf_thrift_put_item_i32(thrift, PARQUET_PLAIN);
    if (runs)
        pf_thrift_put_item_i32(thrift, PARQUET_RLE);
    pf_thrift_put_item_i32(thrift, chunk->encoding);
}

static void put_chunk_meta(struct pf_thrift_writer *thrift, const struct pf_leaf *leaf, const struct pf_chunk_record *chunk)
{
    bool dictionary = chunk->dictionary_size > 0;

    pf_thrift_put_i32(thrift, META_TYPE, (int32_t)leaf->physical);
    put_encodings(thrift, chunk, leaf->definition > 0);
    put_path(thrift, leaf);
    pf_thrift_put_i32(thrift, META_CODEC, chunk->codec);
    pf_thrift_put_i64(thrift, META_NUM_VALUES, chunk->entries);
    pf_thrift_put_i64(thrift, META_TOTAL_UNCOMPRESSED_SIZE, chunk->plain_size);
    pf_thrift_put_i64(thrift, META_TOTAL_COMPRESSED_SIZE, chunk->size);
    pf_thrift_put_i64(thrift, META_DATA_PAGE_OFFSET, chunk->offset + chunk->dictionary_size);
    if (dictionary)
        pf_thrift_put_i64(thrift, META_DICTIONARY_PAGE_OFFSET, chunk->offset);
    if (chunk->statistics_size > 0)
        pf_thrift_put_raw_struct(thrift, META_STATISTICS, chunk->kept, chunk->statistics_size);
    pf_thrift_put_list(thrift, META_ENCODING_STATS, THRIFT_STRUCT, dictionary ? 2 : 1);
    if (dictionary)
        put_encoding_stats(thrift, PARQUET_DICTIONARY_PAGE, PARQUET_PLAIN, 1);
    put_encoding_stats(thrift, PARQUET_DATA_PAGE, chunk->encoding, chunk->page_count);
}

/* Where a chunk's page index was written; sizes 0 = there is none. */
struct index_place {
    int64_t column_offset, offset_offset;
    uint32_t column_size, offset_size;
};

static void put_chunk(struct pf_thrift_writer *thrift, const struct pf_leaf *leaf, const struct pf_chunk_record *chunk,
                      const struct index_place *index)
{
    pf_thrift_put_item_struct(thrift);
    /* The specification asks for 0: there is no copy of the metadata beside the chunk. */
    pf_thrift_put_i64(thrift, COLUMN_FILE_OFFSET, 0);
    pf_thrift_put_struct(thrift, COLUMN_META_DATA);
    put_chunk_meta(thrift, leaf, chunk);
    pf_thrift_put_end(thrift);
    if (index->offset_size > 0) {
        pf_thrift_put_i64(thrift, COLUMN_OFFSET_INDEX_OFFSET, index->offset_offset);
        pf_thrift_put_i32(thrift, COLUMN_OFFSET_INDEX_LENGTH, (int32_t)index->offset_size);
    }
    if (index->column_size > 0) {
        pf_thrift_put_i64(thrift, COLUMN_COLUMN_INDEX_OFFSET, index->column_offset);
        pf_thrift_put_i32(thrift, COLUMN_COLUMN_INDEX_LENGTH, (int32_t)index->column_size);
    }
    pf_thrift_put_end(thrift);
}

static void put_group(struct pf_thrift_writer *thrift, const struct pf_footer *footer, size_t number,
                      const struct index_place *indexes)
{
    const struct pf_row_group_record *group = &footer->groups[number];
    uint32_t leaves = footer->leaf_count;
    int64_t plain = 0, stored = 0;

    pf_thrift_put_item_struct(thrift);
    pf_thrift_put_list(thrift, ROW_GROUP_COLUMNS, THRIFT_STRUCT, leaves);
    for (uint32_t leaf = 0; leaf < leaves; leaf++) {
        put_chunk(thrift, &footer->leaves[leaf], &group->chunks[leaf], &indexes[leaf]);
        plain += group->chunks[leaf].plain_size;
        stored += group->chunks[leaf].size;
    }
    pf_thrift_put_i64(thrift, ROW_GROUP_TOTAL_BYTE_SIZE, plain);
    pf_thrift_put_i64(thrift, ROW_GROUP_NUM_ROWS, group->rows);
    if (leaves > 0)
        pf_thrift_put_i64(thrift, ROW_GROUP_FILE_OFFSET, group->chunks[0].offset);
    pf_thrift_put_i64(thrift, ROW_GROUP_TOTAL_COMPRESSED_SIZE, stored);
    if (number <= INT16_MAX)
        pf_thrift_put_i16(thrift, ROW_GROUP_ORDINAL, (int16_t)number);
    pf_thrift_put_end(thrift);
}

/* ---- the page index */

static void put_offset_index(struct pf_buffer *out, const struct pf_chunk_record *chunk, bool *failed)
{
    const uint8_t *places = chunk->kept + chunk->statistics_size + chunk->index_size;
    int64_t offset = chunk->offset + chunk->dictionary_size;
    struct pf_thrift_writer thrift;

    pf_thrift_put_begin(&thrift, out);
    pf_thrift_put_list(&thrift, OFFSET_INDEX_PAGE_LOCATIONS, THRIFT_STRUCT, chunk->page_count);
    for (size_t page = 0; page < chunk->page_count; page++) {
        struct pf_page_place place;

        memcpy(&place, places + page * sizeof place, sizeof place);
        pf_thrift_put_item_struct(&thrift);
        pf_thrift_put_i64(&thrift, PAGE_LOCATION_OFFSET, offset);
        pf_thrift_put_i32(&thrift, PAGE_LOCATION_COMPRESSED_PAGE_SIZE, (int32_t)place.size);
        pf_thrift_put_i64(&thrift, PAGE_LOCATION_FIRST_ROW_INDEX, place.first_row);
        pf_thrift_put_end(&thrift);
        offset += place.size;
    }
    pf_thrift_put_end(&thrift);
    *failed = *failed || thrift.failed;
}

static const struct pf_chunk_record *chunk_at(const struct pf_footer *footer, size_t at)
{
    return &footer->groups[at / footer->leaf_count].chunks[at % footer->leaf_count];
}

/* All column indexes, then all offset indexes; out stands at offset in the file. */
static enum pf_status put_indexes(const struct pf_footer *footer, int64_t offset, struct index_place *indexes,
                                  struct pf_buffer *out, struct pf_error *err)
{
    size_t chunks = footer->group_count * footer->leaf_count;
    bool failed = false;

    for (size_t at = 0; at < chunks; at++) {
        const struct pf_chunk_record *chunk = chunk_at(footer, at);

        indexes[at].column_offset = offset + (int64_t)out->size;
        indexes[at].column_size = chunk->index_size;
        failed = failed || !pf_buffer_append(out, chunk->kept + chunk->statistics_size, chunk->index_size);
    }
    for (size_t at = 0; at < chunks; at++) {
        size_t before = out->size;

        if (chunk_at(footer, at)->page_count > 1)
            put_offset_index(out, chunk_at(footer, at), &failed);
        indexes[at].offset_offset = offset + (int64_t)before;
        indexes[at].offset_size = (uint32_t)(out->size - before);
    }
    return failed ? pf_fail_memory(err, out->size) : PF_OK;
}

/* ---- the footer */

static void put_pairs(struct pf_thrift_writer *thrift, const struct pf_footer *footer)
{
    if (footer->pair_count == 0)
        return;
    pf_thrift_put_list(thrift, FILE_KEY_VALUE_METADATA, THRIFT_STRUCT, footer->pair_count);
    for (uint32_t at = 0; at < footer->pair_count; at++) {
        pf_thrift_put_item_struct(thrift);
        pf_thrift_put_text(thrift, KEY_VALUE_KEY, footer->pairs[at].key);
        pf_thrift_put_text(thrift, KEY_VALUE_VALUE, footer->pairs[at].value);
        pf_thrift_put_end(thrift);
    }
}

static enum pf_status put_file_meta(const struct pf_footer *footer, const struct index_place *indexes, struct pf_buffer *out,
                                    struct pf_error *err)
{
    struct pf_thrift_writer thrift;
    uint32_t leaves = footer->leaf_count;
    int64_t rows = 0;

    for (size_t group = 0; group < footer->group_count; group++)
        rows += footer->groups[group].rows;
    pf_thrift_put_begin(&thrift, out);
    pf_thrift_put_i32(&thrift, FILE_VERSION, FORMAT_VERSION);
    put_schema(&thrift, footer);
    pf_thrift_put_i64(&thrift, FILE_NUM_ROWS, rows);
    pf_thrift_put_list(&thrift, FILE_ROW_GROUPS, THRIFT_STRUCT, (uint32_t)footer->group_count);
    for (size_t group = 0; group < footer->group_count; group++)
        put_group(&thrift, footer, group, indexes + group * leaves);
    put_pairs(&thrift, footer);
    pf_thrift_put_binary(&thrift, FILE_CREATED_BY, created_by, sizeof created_by - 1);
    pf_thrift_put_list(&thrift, FILE_COLUMN_ORDERS, THRIFT_STRUCT, leaves);
    for (uint32_t leaf = 0; leaf < leaves; leaf++) {
        pf_thrift_put_item_struct(&thrift);
        put_bare_type(&thrift, 1); /* TYPE_ORDER */
        pf_thrift_put_end(&thrift);
    }
    pf_thrift_put_end(&thrift);
    return thrift.failed ? pf_fail_memory(err, out->size) : PF_OK;
}

static enum pf_status check_complete(const struct pf_footer *footer, struct pf_error *err)
{
    for (size_t group = 0; group < footer->group_count; group++) {
        for (uint32_t leaf = 0; leaf < footer->leaf_count; leaf++) {
            if (footer->groups[group].chunks[leaf].offset < 0)
                return pf_fail(err, PF_INTERNAL, "row group %zu was never given column '%s'", group,
                               footer->schema->fields[footer->leaves[leaf].column].name);
        }
    }
    return PF_OK;
}

static enum pf_status put_tail(struct pf_buffer *out, size_t footer_size, struct pf_error *err)
{
    uint8_t tail[PARQUET_TAIL_SIZE];

    if (footer_size > INT32_MAX)
        return pf_fail(err, PF_LIMIT, "a footer of %zu bytes: at most 2 GiB fit; raise --row-group-bytes", footer_size);
    for (unsigned at = 0; at < 4; at++)
        tail[at] = (uint8_t)(footer_size >> (8 * at));
    memcpy(tail + 4, PARQUET_MAGIC, PARQUET_MAGIC_SIZE);
    return pf_buffer_append(out, tail, sizeof tail) ? PF_OK : pf_fail_memory(err, sizeof tail);
}

enum pf_status pf_footer_write(const struct pf_footer *footer, struct pf_sink *sink, struct pf_error *err)
{
    size_t chunks = footer->group_count * footer->leaf_count;
    struct index_place *indexes = NULL;
    enum pf_status status = check_complete(footer, err);
    struct pf_buffer out;
    size_t before = 0;

    pf_buffer_init(&out, footer->memory, SIZE_MAX);
    if (status == PF_OK) {
        indexes = pf_alloc_zero(footer->memory, chunks, sizeof *indexes);
        status = indexes ? put_indexes(footer, pf_sink_size(sink), indexes, &out, err)
                         : pf_fail_memory(err, chunks * sizeof *indexes);
    }
    before = out.size;
    if (status == PF_OK)
        status = put_file_meta(footer, indexes, &out, err);
    if (status == PF_OK)
        status = put_tail(&out, out.size - before, err);
    if (status == PF_OK)
        status = pf_sink_write(sink, out.data, out.size, err);
    pf_free(footer->memory, indexes);
    pf_buffer_free(&out);
    return status;
}
