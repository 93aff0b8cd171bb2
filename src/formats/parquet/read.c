/* The Parquet reader. A block is a range of rows of one row group; it has no bytes: decode reads the pages it needs. Design and
 * reasons: docs/design/parquet-reader.md. */
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "formats/format.h"
#include "formats/parquet/read_column.h"

enum { LEAST_FILE = PARQUET_MAGIC_SIZE + PARQUET_TAIL_SIZE, GROUPS_SHOWN = 16, NAMES_SHOWN = 400, TIMES_TOLD = 3 };
/* Of a column of a block, whatever its rows: the array and the least size of its buffers. */
enum { COLUMN_BYTES = 768 };

struct parquet_reader {
    struct pf_context *ctx;
    struct pf_source *src;
    struct parquet_read_options options;
    uint32_t cpu_features;
    int64_t pages_end; /* where the footer begins */
    bool has_metadata;
    struct parquet_metadata metadata;
    const struct parquet_column **readable; /* the columns of the table, in order */
    uint32_t readable_count;
    /* Of the pass. */
    const struct parquet_column **chosen;
    uint32_t chosen_count;
    /* Per row group; NULL = not yet cut, or all decoded. An entry is cut's until the blocks of its row group are handed out, and then
     * that of the one decode that counts the last of them down; no other decode looks at it after its own count. */
    struct parquet_group_pages **pages;
    uint32_t group; /* being cut */
    int64_t row;    /* of the group: first of the next block */
    bool told;      /* that pages are decompressed again and again */
};

/* ---- open */

static int parquet_probe(const struct pf_reader *self, const uint8_t *head, size_t size)
{
    (void)self;
    if (size < PARQUET_MAGIC_SIZE)
        return 0;
    if (memcmp(head, PARQUET_MAGIC, PARQUET_MAGIC_SIZE) == 0 || memcmp(head, PARQUET_MAGIC_ENCRYPTED, PARQUET_MAGIC_SIZE) == 0)
        return 100;
    return 0;
}

static enum pf_status encrypted(struct pf_error *err)
{
    pf_fail(err, PF_UNSUPPORTED, "the file is encrypted (magic 'PARE'); encrypted Parquet files are not read");
    pf_remedy(err, "decrypt it with the program that wrote it");
    return PF_UNSUPPORTED;
}

static enum pf_status cut_off(struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "the file does not end with 'PAR1': it was cut off, or is not a Parquet file");
    pf_remedy(err, "get the file again; a Parquet file cannot be read without its end");
    return PF_BAD_DATA;
}

/* Where the footer is: [pages_end, pages_end + *size). */
static enum pf_status find_footer(struct parquet_reader *reader, int64_t file_size, size_t *size, struct pf_error *err)
{
    uint8_t head[PARQUET_MAGIC_SIZE], tail[PARQUET_TAIL_SIZE];
    uint32_t footer;

    if (file_size < LEAST_FILE)
        return pf_fail(err, PF_BAD_DATA, "the file has %lld bytes; a Parquet file has at least %d", (long long)file_size,
                       (int)LEAST_FILE);
    if (pf_source_read_at(reader->src, 0, head, sizeof head, err) != PF_OK ||
        pf_source_read_at(reader->src, file_size - PARQUET_TAIL_SIZE, tail, sizeof tail, err) != PF_OK)
        return err->status;
    if (memcmp(tail + 4, PARQUET_MAGIC_ENCRYPTED, PARQUET_MAGIC_SIZE) == 0 ||
        memcmp(head, PARQUET_MAGIC_ENCRYPTED, PARQUET_MAGIC_SIZE) == 0)
        return encrypted(err);
    if (memcmp(head, PARQUET_MAGIC, PARQUET_MAGIC_SIZE) != 0)
        return pf_fail(err, PF_BAD_DATA, "the file does not begin with 'PAR1': it is not a Parquet file");
    if (memcmp(tail + 4, PARQUET_MAGIC, PARQUET_MAGIC_SIZE) != 0)
        return cut_off(err);
    footer = pf_load32(tail);
    if (footer > file_size - LEAST_FILE)
        return pf_fail(err, PF_BAD_DATA, "the footer should have %u bytes, but the file has only %lld", footer,
                       (long long)file_size);
    *size = footer;
    reader->pages_end = file_size - PARQUET_TAIL_SIZE - (int64_t)footer;
    return PF_OK;
}

static enum pf_status read_footer(struct parquet_reader *reader, size_t size, struct pf_error *err)
{
    uint8_t *footer = pf_alloc(&reader->ctx->memory, size);
    enum pf_status status;

    if (footer == NULL)
        return pf_fail_memory(err, size);
    status = pf_source_read_at(reader->src, reader->pages_end, footer, size, err);
    if (status == PF_OK) {
        reader->has_metadata = true;
        status = parquet_metadata_read(&reader->metadata, reader->ctx, &reader->options, footer, size, reader->pages_end, err);
    }
    pf_free(&reader->ctx->memory, footer);
    return status;
}

/* The names of the columns that are not read, in quotation marks, with their types where these are wanted and known; "..." where there
 * is no more room. Returns how many there are. */
static uint32_t name_refused(const struct parquet_metadata *metadata, bool types, char *to, size_t room)
{
    uint32_t count = 0, left = 0;
    size_t used = 0;

    to[0] = '\0';
    for (uint32_t i = 0; i < metadata->column_count; i++) {
        const char *name = metadata->columns[i].field.name;
        const char *type = types && metadata->columns[i].nested != NULL ? metadata->columns[i].nested : "";

        if (metadata->columns[i].refused == NULL)
            continue;
        count++;
        /* Names are whole or not there: half a character would not be UTF-8. */
        if (used + strlen(name) + strlen(type) + sizeof ", '' , ..." <= room)
            used += (size_t)snprintf(to + used, room - used, "%s'%s'%s%s", used == 0 ? "" : ", ", name,
                                     type[0] != '\0' ? " " : "", type);
        else
            left++;
    }
    if (left != 0)
        (void)snprintf(to + used, room - used, "%s", used == 0 ? "..." : ", ...");
    return count;
}

/* One warning for all columns that are left out. */
static void warn_left_out(const struct parquet_reader *reader)
{
    char names[NAMES_SHOWN];
    uint32_t count = name_refused(&reader->metadata, false, names, sizeof names);

    if (count != 0)
        pf_warn(reader->ctx, "left out %u column%s that cannot be read yet: %s", count, count == 1 ? "" : "s", names);
}

/* What Arrow's types say and the library's do not: told once, with the names of the columns. */
static void warn_of_meanings(const struct parquet_reader *reader)
{
    const struct parquet_column *zoned = NULL;
    char names[NAMES_SHOWN] = "";
    uint32_t durations = 0, zones = 0;
    size_t used = 0;

    for (uint32_t i = 0; i < reader->readable_count; i++) {
        const struct parquet_column *column = reader->readable[i];

        if (column->zone != NULL && zones++ == 0)
            zoned = column;
        if (column->duration == NULL)
            continue;
        durations++;
        if (used + strlen(column->field.name) + sizeof ", '' (milliseconds), ..." <= sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s'%s' (%s)", used == 0 ? "" : ", ",
                                     column->field.name, column->duration);
    }
    if (durations != 0)
        pf_warn(reader->ctx, "%u column%s of durations %s read as whole numbers: %s", durations, durations == 1 ? "" : "s",
                durations == 1 ? "is" : "are", used != 0 ? names : "...");
    if (zoned != NULL)
        pf_warn(reader->ctx, "column '%s': the instants are kept in UTC, its zone '%s' is not%s", zoned->field.name,
                zoned->zone, zones > 1 ? " (and so with other columns)" : "");
}

static enum pf_status list_readable(struct parquet_reader *reader, struct pf_error *err)
{
    struct parquet_metadata *metadata = &reader->metadata;
    size_t pointer = sizeof(void *);

    reader->readable = pf_arena_alloc_zero(&metadata->arena, metadata->column_count, pointer);
    reader->chosen = pf_arena_alloc_zero(&metadata->arena, metadata->column_count, pointer);
    reader->pages = pf_arena_alloc_zero(&metadata->arena, metadata->group_count, pointer);
    if (reader->readable == NULL || reader->chosen == NULL || reader->pages == NULL)
        return pf_fail_memory(err, metadata->column_count * pointer);
    for (uint32_t i = 0; i < metadata->column_count; i++) {
        if (metadata->columns[i].refused == NULL)
            reader->readable[reader->readable_count++] = &metadata->columns[i];
    }
    return PF_OK;
}

static enum pf_status open_file(struct parquet_reader *reader, struct pf_error *err)
{
    int64_t file_size = pf_source_size(reader->src);
    size_t size = 0;

    if (!pf_source_has_read_at(reader->src) || file_size < 0)
        return pf_fail(err, PF_UNSUPPORTED, "Parquet is read from its end, which this source does not allow");
    if (find_footer(reader, file_size, &size, err) != PF_OK || read_footer(reader, size, err) != PF_OK ||
        list_readable(reader, err) != PF_OK)
        return err->status;
    if (reader->options.skip_nested)
        warn_left_out(reader);
    warn_of_meanings(reader);
    return PF_OK;
}

static enum pf_status parquet_open(const struct pf_reader *self, void *state, struct pf_context *ctx, struct pf_source *src,
                                   const void *options, struct pf_error *err)
{
    struct parquet_reader *reader = state;

    (void)self;
    reader->ctx = ctx;
    reader->src = src;
    if (options != NULL)
        reader->options = *(const struct parquet_read_options *)options;
    reader->cpu_features = pf_cpu_features();
    if (open_file(reader, err) == PF_OK)
        return PF_OK;
    pf_error_source(err, pf_source_name(src));
    return err->status;
}

/* ---- table */

static enum pf_status refuse_columns(const struct parquet_reader *reader, struct pf_error *err)
{
    const struct parquet_metadata *metadata = &reader->metadata;
    const struct parquet_column *first = NULL;
    uint32_t others = 0;

    for (uint32_t i = 0; i < metadata->column_count; i++) {
        if (metadata->columns[i].refused != NULL && first == NULL)
            first = &metadata->columns[i];
        else if (metadata->columns[i].refused != NULL)
            others++;
    }
    if (first == NULL)
        return PF_OK;
    if (others == 0)
        pf_fail(err, PF_UNSUPPORTED, "%s", first->refused);
    else
        pf_fail(err, PF_UNSUPPORTED, "%s (and %u more such column%s)", first->refused, others, others == 1 ? "" : "s");
    pf_remedy(err, "--skip-nested leaves out the columns that cannot be read");
    pf_error_source(err, pf_source_name(reader->src));
    return PF_UNSUPPORTED;
}

/* -1 = a row group does not tell. */
static int64_t count_nulls(const struct parquet_metadata *metadata, const struct parquet_column *column)
{
    int64_t nulls = 0;

    for (uint32_t g = 0; g < metadata->group_count && column->optional; g++) {
        const struct parquet_group *group = &metadata->groups[g];
        const int64_t more = group->chunks[column->leaf].nulls;

        if (more < 0 || more > group->rows)
            return -1;
        nulls += more;
    }
    return nulls;
}

/* ---- Spark's reader of Parquet */

static const char *refuse_column(const struct parquet_column *column)
{
    const enum pf_type type = column->field.type;

    if (column->convert == PF_CONVERT_INT96)
        return "it has timestamps of 96 bits, which Spark takes for instants";
    if (column->convert == PF_CONVERT_TIMESTAMP_NS || column->convert == PF_CONVERT_HALF || column->convert == PF_CONVERT_UUID)
        return "it has timestamps in nanoseconds, floats of 16 bits or UUIDs, which Spark does not read";
    if ((type >= PF_TYPE_UINT8 && type <= PF_TYPE_UINT64) || type == PF_TYPE_TIME64)
        return "it has unsigned integers or times of day, which Spark does not have";
    if (pf_type_is_nested(type) || column->duration != NULL)
        return "it has nested columns or durations";
    return strstr(column->field.name, "${") != NULL ? "a column has '${' in its name, which Spark cannot read" : NULL;
}

static const char *parquet_foreign(const void *state, uint32_t met, pf_foreign_fn emit, void *user)
{
    static const char mode[] = "CORRECTED";
    const struct parquet_reader *reader = state;
    const char *why = NULL;

    (void)met;
    if (reader->readable_count != reader->metadata.column_count)
        return "it has columns that are left out";
    if (reader->options.binary_as_text)
        return "bytes are read as text";
    for (uint32_t i = 0; why == NULL && i < reader->readable_count; i++)
        why = refuse_column(reader->readable[i]);
    if (why == NULL)
        (void)emit(user, PF_FOREIGN_OPTION, "datetimeRebaseMode", mode, sizeof mode - 1);
    return why;
}

static enum pf_status parquet_table(void *state, uint32_t index, struct pf_table *out, struct pf_error *err)
{
    struct parquet_reader *reader = state;
    int64_t *nulls;

    if (index != 0)
        return PF_END;
    if (!reader->options.skip_nested && refuse_columns(reader, err) != PF_OK)
        return err->status;
    out->name = "";
    out->rows = reader->metadata.rows;
    nulls = pf_arena_alloc(&reader->metadata.arena, reader->readable_count * sizeof *nulls);
    if (nulls == NULL)
        return pf_fail_memory(err, reader->readable_count * sizeof *nulls);
    out->nulls = nulls;
    for (uint32_t i = 0; i < reader->readable_count; i++) {
        const struct pf_field *field = &reader->readable[i]->field;

        if (!pf_schema_add(&out->schema, field->name, strlen(field->name), field))
            return pf_fail_memory(err, sizeof *field);
        nulls[i] = count_nulls(&reader->metadata, reader->readable[i]);
    }
    return PF_OK;
}

/* ---- a pass */

static void free_pages(struct parquet_reader *reader)
{
    for (uint32_t g = 0; reader->pages != NULL && g < reader->metadata.group_count; g++) {
        parquet_group_pages_free(reader->pages[g]);
        reader->pages[g] = NULL;
    }
}

static enum pf_status place_of_column(const struct parquet_reader *reader, const struct parquet_column *column,
                                      struct pf_error *err)
{
    (void)snprintf(err->column_name, sizeof err->column_name, "%s", column->field.name);
    err->column = column - reader->metadata.columns + 1;
    pf_error_source(err, pf_source_name(reader->src));
    return err->status;
}

/* What is told only of columns that are asked for. */
static enum pf_status check_chunk(const struct parquet_reader *reader, const struct parquet_column *column, uint32_t group,
                                  struct pf_error *err)
{
    const struct parquet_chunk *chunk = &reader->metadata.groups[group].chunks[column->leaf];

    if (chunk->encrypted)
        pf_fail(err, PF_UNSUPPORTED, "the column is encrypted in row group %u", group + 1);
    else if (chunk->elsewhere)
        pf_fail(err, PF_UNSUPPORTED, "the column's data of row group %u is in another file", group + 1);
    else if (!pf_codec_known(chunk->codec) && chunk->codec != PARQUET_LZ4)
        pf_fail(err, PF_UNSUPPORTED, "the column is compressed with %s, which is not read", pf_codec_name(chunk->codec));
    else
        return PF_OK;
    return place_of_column(reader, column, err);
}

static enum pf_status parquet_start(void *state, const struct pf_pass *pass, struct pf_error *err)
{
    struct parquet_reader *reader = state;

    free_pages(reader);
    reader->group = 0;
    reader->row = 0;
    reader->chosen_count = pass->columns != NULL ? pass->column_count : reader->readable_count;
    for (uint32_t i = 0; i < reader->chosen_count; i++)
        reader->chosen[i] = reader->readable[pass->columns != NULL ? pass->columns[i] : i];
    for (uint32_t g = 0; g < reader->metadata.group_count; g++) {
        for (uint32_t i = 0; i < reader->chosen_count; i++) {
            if (check_chunk(reader, reader->chosen[i], g, err) != PF_OK)
                return err->status;
        }
    }
    return PF_OK;
}

/* Finds the pages of the chosen columns of a row group. */
static enum pf_status find_pages(struct parquet_reader *reader, uint32_t index, struct pf_error *err)
{
    struct pf_memory *memory = &reader->ctx->memory;
    const struct parquet_group *group = &reader->metadata.groups[index];
    struct parquet_group_pages *pages = pf_alloc_zero(memory, 1, sizeof *pages);

    if (pages == NULL)
        return pf_fail_memory(err, sizeof *pages);
    reader->pages[index] = pages;
    pages->memory = memory;
    pages->columns = pf_alloc_zero(memory, reader->chosen_count, sizeof *pages->columns);
    if (pages->columns == NULL)
        return pf_fail_memory(err, reader->chosen_count * sizeof *pages->columns);
    for (uint32_t i = 0; i < reader->chosen_count; i++) {
        const struct parquet_column *column = reader->chosen[i];

        pages->column_count++;
        if (parquet_pages_read(&pages->columns[i], memory, reader->src, column, &group->chunks[column->leaf], group->rows,
                               reader->pages_end, err) != PF_OK)
            return place_of_column(reader, column, err);
    }
    parquet_choose_block_rows(pages, reader->chosen, group->rows);
    if (pages->times > TIMES_TOLD && !reader->told) {
        reader->told = true;
        pf_log(
            reader->ctx, PF_LOG_INFO,
            "row group %u has large pages and many columns: to stay within --memory its pages are decompressed %.0f times over",
            index + 1, pages->times);
    }
    atomic_init(&pages->left, (group->rows - 1) / pages->block_rows + 1);
    return PF_OK;
}

/* What decoding rows rows takes at most, if text is as long as expected: the columns, and one column's working memory. */
static int64_t block_cost(const struct parquet_reader *reader, const struct parquet_group_pages *pages, int64_t rows)
{
    double columns = pages->bytes_a_row * (double)rows;
    double working = 0;

    for (uint32_t i = 0; i < pages->column_count; i++) {
        const struct parquet_column *column = reader->chosen[i];
        /* A page as stored and decompressed, the dictionary as stored and converted, values before they are converted. */
        double own = 3.0 * pages->columns[i].largest + (double)rows * (column->width <= 16 ? column->width : 16);

        working = own > working ? own : working;
    }
    /* Buffers come in classes of sizes, and one that grows is there twice for a moment. */
    columns = (columns + working) * 1.5 + 65536 + (double)pages->column_count * COLUMN_BYTES;
    return columns < 1e18 ? (int64_t)columns : (int64_t)1e18;
}

static enum pf_status parquet_cut(void *state, struct pf_block *block, struct pf_error *err)
{
    struct parquet_reader *reader = state;
    const struct parquet_metadata *metadata = &reader->metadata;
    const struct parquet_group_pages *pages;
    int64_t rows;

    while (reader->group < metadata->group_count && metadata->groups[reader->group].rows == 0)
        reader->group++;
    if (reader->group == metadata->group_count)
        return PF_END;
    if (reader->row == 0 && find_pages(reader, reader->group, err) != PF_OK)
        return err->status;
    pages = reader->pages[reader->group];
    rows = metadata->groups[reader->group].rows - reader->row;
    if (rows > pages->block_rows)
        rows = pages->block_rows;
    block->bytes = NULL;
    block->size = 0;
    block->offset = 0; /* places in errors are those of the file already */
    block->own[0] = reader->group;
    block->own[1] = (uint64_t)reader->row;
    block->own[2] = (uint64_t)rows;
    block->cost = block_cost(reader, pages, rows);
    reader->row += rows;
    if (reader->row == metadata->groups[reader->group].rows) {
        reader->row = 0;
        reader->group++;
    }
    return PF_OK;
}

/* A piece that was refused says little to the user; what the rows take in all, and which --memory is enough, does. */
static enum pf_status explain_memory(const struct parquet_reader *reader, const struct parquet_group_pages *pages,
                                     const struct pf_block *block, struct pf_error *err)
{
    const int64_t mib = 1 << 20, limit = (int64_t)(reader->ctx->memory.limit >> 20);
    const int64_t rows = (int64_t)block->own[2], cost = block_cost(reader, pages, rows) / mib + 1;
    const int64_t enough = (2 * (limit > cost ? limit : cost) + 255) / 256 * 256;

    if (err->status != PF_NO_MEMORY || reader->ctx->memory.limit > (size_t)1 << 48)
        return err->status;
    pf_fail(err, PF_NO_MEMORY,
            "out of memory: %lld row%s of row group %llu may take %lld MiB while being read, of %lld MiB in all",
            (long long)rows, rows == 1 ? "" : "s", (unsigned long long)block->own[0] + 1, (long long)cost, (long long)limit);
    pf_remedy(err, "use --memory %lldM", (long long)enough);
    return err->status;
}

static enum pf_status decode_columns(const struct parquet_reader *reader, const struct pf_block *block, struct pf_batch *batch,
                                     struct pf_error *err)
{
    const struct parquet_group *group = &reader->metadata.groups[block->own[0]];
    const struct parquet_group_pages *pages = reader->pages[block->own[0]];
    struct parquet_decoder decoder;
    enum pf_status status = PF_OK;

    parquet_decoder_init(&decoder, reader->ctx, reader->src, reader->cpu_features);
    for (uint32_t i = 0; i < reader->chosen_count && status == PF_OK; i++) {
        const struct parquet_column *column = reader->chosen[i];

        status = parquet_decode_column(&decoder, column, &group->chunks[column->leaf], &pages->columns[i],
                                       (int64_t)block->own[1], (int64_t)block->own[2], &batch->columns[i], err);
        if (status != PF_OK) {
            (void)explain_memory(reader, pages, block, err);
            (void)place_of_column(reader, column, err);
        }
    }
    parquet_decoder_free(&decoder);
    return status;
}

static enum pf_status parquet_decode(const void *state, const struct pf_pass *pass, struct pf_block *block,
                                     struct pf_arena *arena, struct pf_decoded *out, struct pf_error *err)
{
    const struct parquet_reader *reader = state;
    struct parquet_group_pages *pages = reader->pages[block->own[0]];
    int64_t rows = (int64_t)block->own[2];

    (void)pass;
    (void)arena;
    memset(out, 0, sizeof *out);
    if (pf_batch_new(&out->typed, &reader->ctx->memory, rows, reader->chosen_count, err) != PF_OK)
        return err->status;
    if (decode_columns(reader, block, &out->typed, err) != PF_OK) {
        pf_batch_free(&out->typed);
        return err->status;
    }
    out->rows_read = out->rows_kept = rows;
    /* The last block frees the table of pages: nobody else looks at it any more. */
    if (atomic_fetch_sub(&pages->left, 1) == 1) {
        reader->pages[block->own[0]] = NULL;
        parquet_group_pages_free(pages);
    }
    return PF_OK;
}

/* ---- facts */

static void emit_names(const struct parquet_reader *reader, bool codecs, pf_fact_fn emit, void *user)
{
    const struct parquet_metadata *metadata = &reader->metadata;
    uint32_t seen = 0;
    char text[256] = "";
    size_t used = 0;

    for (uint32_t g = 0; g < metadata->group_count; g++) {
        for (uint32_t c = 0; c < metadata->leaf_count; c++) {
            const struct parquet_chunk *chunk = &metadata->groups[g].chunks[c];

            seen |= codecs ? (chunk->codec >= 0 && chunk->codec < 32 ? 1u << chunk->codec : 0) : chunk->encodings;
        }
    }
    for (int32_t i = 0; i < 32; i++) {
        if ((seen >> i & 1) != 0 && used < sizeof text) {
            int wrote = snprintf(text + used, sizeof text - used, "%s%s", used == 0 ? "" : ", ",
                                 codecs ? pf_codec_name(i) : parquet_encoding_name(i));
            used += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    if (seen != 0)
        emit(user, codecs ? "compression" : "encodings", text, false);
}

static void emit_number(pf_fact_fn emit, void *user, const char *name, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    emit(user, name, text, true);
}

static int64_t group_bytes(const struct parquet_group *group, bool stored)
{
    int64_t bytes = 0;

    for (uint32_t c = 0; c < group->chunk_count; c++) {
        int64_t size = stored ? group->chunks[c].compressed_size : group->chunks[c].uncompressed_size;

        if (size > 0 && size < INT64_MAX - bytes)
            bytes += size;
    }
    return bytes;
}

static void parquet_facts(const void *state, pf_fact_fn emit, void *user)
{
    const struct parquet_reader *reader = state;
    const struct parquet_metadata *metadata = &reader->metadata;
    double stored = 0, plain = 0;
    char left_out[NAMES_SHOWN];

    if (!reader->has_metadata)
        return;
    emit_number(emit, user, "rows", metadata->rows);
    emit_number(emit, user, "row_groups", metadata->group_count);
    for (uint32_t g = 0; g < metadata->group_count; g++) {
        const struct parquet_group *group = &metadata->groups[g];
        char name[32], text[64];

        stored += (double)group_bytes(group, true);
        plain += (double)group_bytes(group, false);
        if (g >= GROUPS_SHOWN)
            continue;
        (void)snprintf(name, sizeof name, "row_group_%u", g + 1);
        (void)snprintf(text, sizeof text, "%lld rows, %lld bytes", (long long)group->rows, (long long)group_bytes(group, true));
        emit(user, name, text, false);
    }
    emit_number(emit, user, "data_bytes", stored < 9e18 ? (int64_t)stored : INT64_MAX);
    emit_number(emit, user, "uncompressed_bytes", plain < 9e18 ? (int64_t)plain : INT64_MAX);
    emit_names(reader, true, emit, user);
    emit_names(reader, false, emit, user);
    if (metadata->created_by[0] != '\0')
        emit(user, "created_by", metadata->created_by, false);
    emit_number(emit, user, "format_version", metadata->version);
    if (reader->options.skip_nested && name_refused(metadata, true, left_out, sizeof left_out) != 0)
        emit(user, "columns_left_out", left_out, false);
}

static void parquet_close(void *state)
{
    struct parquet_reader *reader = state;

    free_pages(reader);
    if (reader->has_metadata)
        parquet_metadata_free(&reader->metadata);
    memset(reader, 0, sizeof *reader);
}

/* ---- descriptor */

#define AT(member) offsetof(struct parquet_read_options, member)

static const struct pf_option parquet_options[] = {
    { .name = "skip-nested",
      .kind = PF_OPTION_FLAG,
      .help = "Leave out columns that cannot be read yet (lists, maps, structs, intervals) instead of refusing the file.",
      .group = "Parquet input",
      .offset = AT(skip_nested) },
    { .name = "binary-as-text",
      .kind = PF_OPTION_FLAG,
      .help = "Take byte arrays without a logical type as UTF-8 text, as old Impala, Hive and Spark meant them.",
      .group = "Parquet input",
      .offset = AT(binary_as_text) },
    { .name = "int96-instants",
      .kind = PF_OPTION_FLAG,
      .help = "Take timestamps of 96 bits as instants, in UTC, as Spark writes them, and not as times without a zone.",
      .group = "Parquet input",
      .offset = AT(int96_instants) },
    { .name = NULL },
};

static const char *const parquet_suffixes[] = { "parquet", "parq", "pq", NULL };

const struct pf_reader pf_parquet_reader = {
    .abi = PF_ABI,
    .flags = PF_READER_TYPED | PF_READER_READ_AT,
    .name = "parquet",
    .description = "Apache Parquet",
    .suffixes = parquet_suffixes,
    .options = parquet_options,
    .state_size = sizeof(struct parquet_reader),
    .option_size = sizeof(struct parquet_read_options),
    .probe = parquet_probe,
    .open = parquet_open,
    .table = parquet_table,
    .start = parquet_start,
    .cut = parquet_cut,
    .decode = parquet_decode,
    .facts = parquet_facts,
    .foreign = parquet_foreign,
    .close = parquet_close,
};
