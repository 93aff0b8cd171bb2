/* The Arrow reader: batches of a C stream are cut into blocks of rows; any thread makes our columns of them. The functions of
 * the stream, and the release of its arrays, are called by the thread that cuts and closes only. */
#include <stdatomic.h>
#include <string.h>

#include "formats/arrow/arrow.h"

/* Of our columns, about; rows of a block besides. */
enum { BLOCK_BYTES = 4 << 20, BLOCK_ROWS = 1 << 17 };

/* One batch of the stream. Blocks refer to it until they are decoded. */
struct part {
    struct ArrowArray array;
    atomic_llong left; /* blocks cut and not yet decoded */
    bool is_cut;       /* no more blocks will be cut from it */
    struct part *next;
};

struct arrow_reader {
    struct pf_context *ctx;
    struct ArrowArrayStream *stream;
    struct pf_arena arena;
    struct arrow_column *columns;
    uint32_t column_count;
    int64_t row_bytes; /* of the columns with values of a fixed size */
    const struct pf_pass *pass;
    struct part *parts; /* all that are not released, newest first */
    int64_t row;        /* of the newest: the first that is in no block yet */
    bool started;
};

/* The last line that says something. A producer in Python tells the whole way to its exception, which stands at the end. */
static const char *last_line(const char *text, int *size)
{
    const char *end = text + strlen(text), *start;

    while (end > text && (unsigned char)end[-1] <= ' ')
        end--;
    for (start = end; start > text && start[-1] != '\n';)
        start--;
    *size = end - start < 800 ? (int)(end - start) : 800;
    return start;
}

static enum pf_status fail_stream(struct arrow_reader *reader, struct pf_error *err)
{
    const char *said = reader->stream->get_last_error(reader->stream);
    int size = said != NULL ? (int)strnlen(said, 800) : 0;

    if (said != NULL && strstr(said, "Traceback (most recent call last)") != NULL)
        said = last_line(said, &size);
    if (said == NULL)
        return pf_fail(err, PF_IO, "the Arrow stream failed: it does not say why");
    return pf_fail(err, PF_IO, "the Arrow stream failed: %.*s", size, said);
}

/* ---- opening */

/* The first zone in a column, or what is in it, that is not UTC. */
static const char *zone_of(const struct arrow_column *column)
{
    const char *zone = column->zone;

    for (uint32_t i = 0; zone == NULL && i < column->field.child_count; i++)
        zone = zone_of(&column->children[i]);
    return zone;
}

static void warn_of_zones(const struct arrow_reader *reader)
{
    const struct arrow_column *first = NULL;
    uint32_t others = 0;

    for (uint32_t i = 0; i < reader->column_count; i++) {
        if (zone_of(&reader->columns[i]) == NULL)
            continue;
        others += first != NULL;
        first = first == NULL ? &reader->columns[i] : first;
    }
    if (first == NULL)
        return;
    pf_warn(reader->ctx, "column '%s': the instants are kept in UTC, its zone '%s' is not%s", first->field.name, zone_of(first),
            others != 0 ? " (and so with other columns)" : "");
}

static enum pf_status describe_columns(struct arrow_reader *reader, const struct ArrowSchema *schema, struct pf_error *err)
{
    if (schema->format == NULL || schema->n_children < 0 || (schema->n_children > 0 && schema->children == NULL))
        return pf_fail(err, PF_BAD_DATA, "the schema of the Arrow stream breaks the rules of the Arrow C data interface");
    if (strcmp(schema->format, "+s") != 0) {
        pf_fail(err, PF_UNSUPPORTED, "the Arrow stream holds values of format '%.20s', record batches were expected",
                schema->format);
        pf_remedy(err, "give a table: one column can be a table of one column");
        return PF_UNSUPPORTED;
    }
    if (schema->n_children > (int64_t)reader->ctx->limits.columns) {
        pf_fail(err, PF_LIMIT, "the table has %lld columns", (long long)schema->n_children);
        pf_remedy(err, "raise the limit with --max-columns");
        return PF_LIMIT;
    }
    reader->columns = pf_arena_alloc_zero(&reader->arena, (size_t)schema->n_children, sizeof *reader->columns);
    if (reader->columns == NULL)
        return pf_fail_memory(err, (size_t)schema->n_children * sizeof *reader->columns);
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (arrow_describe(schema->children[i], &reader->arena, &reader->columns[i], err) != PF_OK) {
            err->column = i + 1;
            return err->status;
        }
        reader->column_count++;
        reader->row_bytes += (int64_t)pf_type_width(reader->columns[i].field.type) + 4;
    }
    return PF_OK;
}

static enum pf_status arrow_open(const struct pf_reader *self, void *state, struct pf_context *ctx, struct pf_source *src,
                                 const void *options, struct pf_error *err)
{
    struct arrow_reader *reader = state;
    struct ArrowSchema schema;
    enum pf_status status;

    (void)self;
    (void)src;
    reader->ctx = ctx;
    reader->stream = ((const struct pf_arrow_read_options *)options)->stream;
    pf_arena_init(&reader->arena, &ctx->memory, SIZE_MAX);
    memset(&schema, 0, sizeof schema);
    if (reader->stream->get_schema(reader->stream, &schema) != 0)
        return fail_stream(reader, err);
    status = describe_columns(reader, &schema, err);
    if (schema.release != NULL)
        schema.release(&schema);
    if (status == PF_OK)
        warn_of_zones(reader);
    return status;
}

static enum pf_status arrow_table(void *state, uint32_t index, struct pf_table *out, struct pf_error *err)
{
    const struct arrow_reader *reader = state;

    if (index != 0)
        return PF_END;
    out->name = "";
    out->rows = -1;
    for (uint32_t i = 0; i < reader->column_count; i++) {
        const struct pf_field *field = &reader->columns[i].field;

        if (!pf_schema_add(&out->schema, field->name, strlen(field->name), field))
            return pf_fail_memory(err, sizeof *field);
    }
    return PF_OK;
}

/* ---- a pass */

static enum pf_status arrow_start(void *state, const struct pf_pass *pass, struct pf_error *err)
{
    struct arrow_reader *reader = state;

    if (reader->started)
        return pf_fail(err, PF_INTERNAL, "an Arrow stream was to be read twice");
    reader->started = true;
    reader->pass = pass;
    return PF_OK;
}

static void free_part(struct arrow_reader *reader, struct part *part)
{
    if (part->array.release != NULL)
        part->array.release(&part->array);
    pf_free(&reader->ctx->memory, part);
}

/* Gives back the batches that no block needs any more. */
static void sweep(struct arrow_reader *reader)
{
    struct part **at = &reader->parts;

    while (*at != NULL) {
        struct part *part = *at;

        if (part->is_cut && atomic_load_explicit(&part->left, memory_order_acquire) == 0) {
            *at = part->next;
            free_part(reader, part);
        } else {
            at = &part->next;
        }
    }
}

/* The fewest buffers an array of the layout has. */
static int64_t least_buffers(enum arrow_layout layout)
{
    switch (layout) {
    case ARROW_NOTHING:
        return 0;
    case ARROW_FIXED_LISTS:
    case ARROW_STRUCT:
        return 1;
    case ARROW_OFFSETS_32:
    case ARROW_OFFSETS_64:
    case ARROW_LIST_VIEWS_32:
    case ARROW_LIST_VIEWS_64:
        return 3;
    default:
        return 2;
    }
}

static bool sound_extent(const struct ArrowArray *array)
{
    return array->length >= 0 && array->offset >= 0 && array->length <= INT64_MAX / 64 - array->offset;
}

/* Whether an array has the parts its type asks for. What lies in the buffers can only be believed: their sizes are not told. */
static bool sound_array(const struct ArrowArray *array, enum arrow_layout layout)
{
    if (array == NULL || !sound_extent(array) || array->n_buffers < least_buffers(layout))
        return false;
    if (layout == ARROW_NOTHING)
        return true;
    if (array->buffers == NULL)
        return false;
    if (layout == ARROW_FIXED_LISTS || layout == ARROW_STRUCT || array->length + array->offset == 0)
        return true;
    if ((layout == ARROW_LIST_VIEWS_32 || layout == ARROW_LIST_VIEWS_64) && array->buffers[2] == NULL)
        return false;
    return array->buffers[1] != NULL;
}

/* Whether a child has the elements that its parent's rows must have. */
static bool long_enough(const struct arrow_column *column, const struct ArrowArray *array, const struct ArrowArray *child)
{
    int64_t rows = array->offset + array->length;

    if (column->layout == ARROW_STRUCT)
        return child->length >= rows;
    return column->layout != ARROW_FIXED_LISTS || column->width == 0 || child->length / column->width >= rows;
}

static bool sound_column(const struct arrow_column *column, const struct ArrowArray *array);

static bool sound_nested(const struct arrow_column *column, const struct ArrowArray *array)
{
    if (!sound_array(array, column->layout) || array->n_children != (int64_t)column->field.child_count ||
        array->children == NULL)
        return false;
    for (uint32_t i = 0; i < column->field.child_count; i++) {
        if (!sound_column(&column->children[i], array->children[i]) || !long_enough(column, array, array->children[i]))
            return false;
    }
    return true;
}

static bool sound_column(const struct arrow_column *column, const struct ArrowArray *array)
{
    if (pf_type_is_nested(column->field.type))
        return sound_nested(column, array);
    if (column->index == 0)
        return sound_array(array, column->layout);
    return sound_array(array, ARROW_SAME) && sound_array(array->dictionary, column->layout);
}

static enum pf_status check_part(const struct arrow_reader *reader, const struct ArrowArray *array, struct pf_error *err)
{
    const uint8_t *valid = array->n_buffers > 0 && array->buffers != NULL ? array->buffers[0] : NULL;

    if (!sound_extent(array) || (array->n_children > 0 && array->children == NULL))
        return pf_fail(err, PF_BAD_DATA, "a batch of the Arrow stream breaks the rules of the Arrow C data interface");
    if (array->n_children != (int64_t)reader->column_count)
        return pf_fail(err, PF_BAD_DATA, "a batch of the Arrow stream has %lld columns, its schema %u",
                       (long long)array->n_children, reader->column_count);
    for (int64_t i = 0; i < array->n_children; i++) {
        const struct ArrowArray *child = array->children[i];

        if (!sound_column(&reader->columns[i], child))
            return pf_fail(err, PF_BAD_DATA, "column %lld of a batch of the Arrow stream lacks what its type asks for",
                           (long long)i + 1);
        if (child->length < array->offset + array->length)
            return pf_fail(err, PF_BAD_DATA, "column %lld of a batch of the Arrow stream has %lld rows, the batch %lld",
                           (long long)i + 1, (long long)child->length, (long long)(array->offset + array->length));
    }
    for (int64_t i = 0; valid != NULL && i < array->length; i++) {
        if (!pf_bit(valid, array->offset + i))
            return pf_fail(err, PF_UNSUPPORTED, "a batch of the Arrow stream has a row that is null as a whole");
    }
    return PF_OK;
}

/* Makes the next batch that has rows the newest part; PF_END after the last. */
static enum pf_status next_part(struct arrow_reader *reader, struct pf_error *err)
{
    for (;;) {
        struct part *part = pf_alloc_zero(&reader->ctx->memory, 1, sizeof *part);

        if (part == NULL)
            return pf_fail_memory(err, sizeof *part);
        part->next = reader->parts;
        reader->parts = part;
        reader->row = 0;
        if (reader->stream->get_next(reader->stream, &part->array) != 0) {
            part->array.release = NULL;
            part->is_cut = true;
            return fail_stream(reader, err);
        }
        part->is_cut = part->array.release == NULL || part->array.length == 0;
        if (part->array.release == NULL)
            return PF_END;
        if (check_part(reader, &part->array, err) != PF_OK)
            return err->status;
        if (!part->is_cut)
            return PF_OK;
        sweep(reader);
    }
}

static uint32_t pass_column(const struct arrow_reader *reader, uint32_t index)
{
    return reader->pass->columns != NULL ? reader->pass->columns[index] : index;
}

static uint32_t pass_count(const struct arrow_reader *reader)
{
    return reader->pass->columns != NULL ? reader->pass->column_count : reader->column_count;
}

static int64_t text_size(const struct arrow_reader *reader, const struct ArrowArray *array, int64_t row, int64_t rows)
{
    int64_t size = 0;

    for (uint32_t i = 0; i < pass_count(reader); i++) {
        uint32_t column = pass_column(reader, i);
        const struct ArrowArray *child = array->children[column];

        size += arrow_text_size(&reader->columns[column], child, child->offset + array->offset + row, rows);
        if (size > ARROW_SIZE_LIMIT)
            size = ARROW_SIZE_LIMIT;
    }
    return size;
}

static enum pf_status arrow_cut(void *state, struct pf_block *block, struct pf_error *err)
{
    struct arrow_reader *reader = state;
    struct part *part = reader->parts;
    int64_t rows, text;

    if (part == NULL || part->is_cut) {
        enum pf_status status;

        sweep(reader);
        status = next_part(reader, err);
        if (status != PF_OK)
            return status;
        part = reader->parts;
    }
    rows = part->array.length - reader->row;
    if (rows > BLOCK_ROWS)
        rows = BLOCK_ROWS;
    if (rows > BLOCK_BYTES / reader->row_bytes)
        rows = BLOCK_BYTES / reader->row_bytes + 1;
    text = text_size(reader, &part->array, reader->row, rows);
    while (rows > 1 && text > BLOCK_BYTES) {
        rows = (rows + 1) / 2;
        text = text_size(reader, &part->array, reader->row, rows);
    }
    block->bytes = NULL;
    block->offset = 0;
    block->cost = rows * reader->row_bytes + text;
    block->own[0] = (uint64_t)(uintptr_t)part;
    block->own[1] = (uint64_t)reader->row;
    block->own[2] = (uint64_t)rows;
    atomic_fetch_add(&part->left, 1);
    reader->row += rows;
    part->is_cut = reader->row == part->array.length;
    return PF_OK;
}

static enum pf_status convert_columns(const struct arrow_reader *reader, const struct part *part, int64_t row,
                                      struct pf_arena *arena, struct pf_batch *batch, struct pf_error *err)
{
    for (uint32_t i = 0; i < batch->column_count; i++) {
        uint32_t column = pass_column(reader, i);
        const struct ArrowArray *child = part->array.children[column];

        if (arrow_convert(&reader->columns[column], child, child->offset + part->array.offset + row, batch->rows, arena,
                          batch->memory, &batch->columns[i], err) != PF_OK) {
            err->column = (int64_t)column + 1;
            return err->status;
        }
    }
    return PF_OK;
}

static enum pf_status arrow_decode(const void *state, const struct pf_pass *pass, struct pf_block *block,
                                   struct pf_arena *arena, struct pf_decoded *out, struct pf_error *err)
{
    const struct arrow_reader *reader = state;
    struct part *part = (struct part *)(uintptr_t)block->own[0];
    int64_t rows = (int64_t)block->own[2];
    enum pf_status status;

    (void)pass;
    memset(out, 0, sizeof *out);
    status = pf_batch_new(&out->typed, &reader->ctx->memory, rows, pass_count(reader), err);
    if (status == PF_OK)
        status = convert_columns(reader, part, (int64_t)block->own[1], arena, &out->typed, err);
    if (status == PF_OK)
        out->rows_read = out->rows_kept = rows;
    else
        pf_batch_free(&out->typed);
    atomic_fetch_sub_explicit(&part->left, 1, memory_order_release);
    return status;
}

static void arrow_close(void *state)
{
    struct arrow_reader *reader = state;

    while (reader->parts != NULL) {
        struct part *part = reader->parts;

        reader->parts = part->next;
        free_part(reader, part);
    }
    if (reader->ctx != NULL)
        pf_arena_free(&reader->arena);
}

/* Nothing in a file says that it is one. */
static int arrow_probe(const struct pf_reader *self, const uint8_t *head, size_t size)
{
    (void)self;
    (void)head;
    (void)size;
    return 0;
}

static const char *const arrow_suffixes[] = { NULL };

const struct pf_reader pf_arrow_reader = {
    .abi = PF_ABI,
    .flags = PF_READER_TYPED,
    .name = "arrow",
    .description = "Arrow C stream",
    .suffixes = arrow_suffixes,
    .state_size = sizeof(struct arrow_reader),
    .option_size = sizeof(struct pf_arrow_read_options),
    .probe = arrow_probe,
    .open = arrow_open,
    .table = arrow_table,
    .start = arrow_start,
    .cut = arrow_cut,
    .decode = arrow_decode,
    .close = arrow_close,
};
