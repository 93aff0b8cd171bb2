/* The format kv: records of lines.
 *
 *   %kv 1
 *   %columns: id<TAB>name
 *   id: 1
 *   name: Ann
 *
 *   id: 2
 *
 * A record ends with an empty line. A value that is missing is null, one that is empty is an empty text. Backslash, newline, carriage
 * return and tab are written \\, \n, \r and \t, a colon in a name \:. Lines that begin with # are comments.
 *
 * Tables go both ways as Arrow record batches (pyforge/arrow_abi.h). The texts have no types: PF_FORMAT_UNTYPED lets PyForge find
 * them as it does for CSV. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "example.h"

#define FIRST_LINE "%kv 1"

enum { PART = 64 * 1024, BATCH_ROWS = 4096, MOST_COLUMNS = 10000, MOST_LINE = 64 << 20 };

/* ---- options: PyForge fills these structs from the tables and hands them to open and create */

struct read_options {
    bool strict;
};

struct write_options {
    const char *comment;
};

static const struct pf_option read_table[] = {
    { "kv-strict", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "A name that is no column is an error, not left out.", "KV input",
      offsetof(struct read_options, strict) },
    { .name = NULL },
};

static const struct pf_option write_table[] = {
    { "kv-comment", NULL, PF_OPTION_TEXT, NULL, NULL, "TEXT", "Write this comment behind the head of the file.", "KV output",
      offsetof(struct write_options, comment) },
    { .name = NULL },
};

/* ---- bytes that grow */

struct bytes {
    const struct pf_host *host;
    struct pf_context *ctx; /* what is allocated counts against the budget of the conversion */
    char *data;
    size_t size, capacity;
};

static bool put(struct bytes *to, const void *from, size_t size)
{
    if (to->data == NULL || to->size + size > to->capacity) {
        size_t capacity = (to->size + size) * 2 + 256;
        char *larger = to->host->resize(to->ctx, to->data, capacity);

        if (larger == NULL)
            return false;
        to->data = larger;
        to->capacity = capacity;
    }
    if (size > 0)
        memcpy(to->data + to->size, from, size);
    to->size += size;
    return true;
}

static void drop(struct bytes *bytes)
{
    if (bytes->host != NULL)
        bytes->host->release(bytes->ctx, bytes->data);
    bytes->data = NULL;
    bytes->size = bytes->capacity = 0;
}

static enum pf_status no_memory(const struct pf_host *host, struct pf_error *err)
{
    return host->fail(err, PF_NO_MEMORY, "there is no memory for a table of format kv");
}

/* ---- reading */

struct column {
    char *name;
    struct bytes texts;   /* of the batch being built */
    struct bytes offsets; /* int32_t, one more than rows */
    struct bytes valid;   /* a byte a row; becomes bits */
    bool seen;            /* in the record being read */
};

struct reader {
    const struct pf_host *host;
    struct pf_context *ctx;
    struct pf_source *src;
    bool strict;
    struct bytes part, line;
    size_t at; /* in part */
    bool ended;
    int64_t line_number, rows; /* rows: of the batch being built */
    struct column *columns;
    int64_t column_count;
    struct pf_error err; /* of the stream */
};

static void free_columns(struct reader *reader)
{
    for (int64_t i = 0; i < reader->column_count; i++) {
        reader->host->release(reader->ctx, reader->columns[i].name);
        drop(&reader->columns[i].texts);
        drop(&reader->columns[i].offsets);
        drop(&reader->columns[i].valid);
    }
    reader->host->release(reader->ctx, reader->columns);
    reader->columns = NULL;
    reader->column_count = 0;
}

/* The next line, without its end and with a NUL behind it, in reader->line. PF_END after the last. */
static enum pf_status next_line(struct reader *reader, struct pf_error *err)
{
    bool any = false;

    reader->line.size = 0;
    for (;;) {
        const char *from = reader->part.data + reader->at;
        size_t left = reader->part.size - reader->at;
        const char *end = left > 0 ? memchr(from, '\n', left) : NULL;
        size_t size = end != NULL ? (size_t)(end - from) : left;

        any = any || left > 0;
        if (!put(&reader->line, from, size))
            return no_memory(reader->host, err);
        reader->at += size + (end != NULL ? 1 : 0);
        if (end != NULL || reader->ended)
            break;
        if (reader->line.size > MOST_LINE)
            return reader->host->fail(err, PF_LIMIT, "a line has more than 64 MiB");
        reader->at = 0;
        if (reader->host->source_read(reader->src, reader->part.data, PART, &reader->part.size, err) != PF_OK)
            return err->status;
        reader->ended = reader->part.size == 0;
    }
    if (!any && reader->line.size == 0)
        return PF_END;
    reader->line_number++;
    if (reader->line.size > 0 && reader->line.data[reader->line.size - 1] == '\r')
        reader->line.size--;
    if (!put(&reader->line, "", 1))
        return no_memory(reader->host, err);
    reader->line.size--;
    return PF_OK;
}

/* Takes the escapes out of size bytes, in place; gives the new size. */
static size_t unescape(char *text, size_t size)
{
    size_t to = 0;

    for (size_t i = 0; i < size; i++) {
        char c = text[i];

        if (c == '\\' && i + 1 < size) {
            c = text[++i];
            c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
        }
        text[to++] = c;
    }
    return to;
}

static enum pf_status bad_line(struct reader *reader, const char *message, struct pf_error *err)
{
    (void)reader->host->fail(err, PF_BAD_DATA, message);
    err->line = reader->line_number;
    return PF_BAD_DATA;
}

static enum pf_status add_column(struct reader *reader, char *name, size_t size, struct pf_error *err)
{
    struct column *larger;
    struct column *column;

    if (reader->column_count == MOST_COLUMNS)
        return reader->host->fail(err, PF_LIMIT, "the table has more than 10000 columns");
    size = unescape(name, size);
    larger = reader->host->resize(reader->ctx, reader->columns, (size_t)(reader->column_count + 1) * sizeof *larger);
    if (larger == NULL)
        return no_memory(reader->host, err);
    reader->columns = larger;
    column = &larger[reader->column_count];
    memset(column, 0, sizeof *column);
    column->texts.host = column->offsets.host = column->valid.host = reader->host;
    column->texts.ctx = column->offsets.ctx = column->valid.ctx = reader->ctx;
    column->name = reader->host->allocate(reader->ctx, size + 1);
    if (column->name == NULL)
        return no_memory(reader->host, err);
    memcpy(column->name, name, size);
    column->name[size] = '\0';
    reader->column_count++;
    return PF_OK;
}

/* The two lines that every file begins with. */
static enum pf_status read_head(struct reader *reader, struct pf_error *err)
{
    static const char columns[] = "%columns:";
    enum pf_status status = next_line(reader, err);
    char *name;

    if (status != PF_OK && status != PF_END)
        return status;
    if (status == PF_END || strcmp(reader->line.data, FIRST_LINE) != 0)
        return bad_line(reader, "the first line of a kv file is " FIRST_LINE, err);
    status = next_line(reader, err);
    if (status != PF_OK && status != PF_END)
        return status;
    if (status == PF_END || strncmp(reader->line.data, columns, strlen(columns)) != 0 ||
        strlen(reader->line.data) != reader->line.size)
        return bad_line(reader, "the second line of a kv file names the columns: %columns: a<TAB>b", err);
    name = reader->line.data + strlen(columns);
    name += *name == ' ' ? 1 : 0;
    for (;;) {
        size_t size = strcspn(name, "\t");
        bool last = name[size] == '\0';

        if (add_column(reader, name, size, err) != PF_OK)
            return err->status;
        if (last)
            return PF_OK;
        name += size + 1;
    }
}

/* A colon that no backslash stands before. */
static char *find_colon(char *line)
{
    for (; *line != '\0'; line++) {
        if (*line == ':')
            return line;
        if (*line == '\\' && line[1] != '\0')
            line++;
    }
    return NULL;
}

static enum pf_status take_value(struct reader *reader, struct pf_error *err)
{
    char *colon = find_colon(reader->line.data), *value;
    size_t name_size, size;

    if (colon == NULL)
        return bad_line(reader, "a line is 'name: value'", err);
    value = colon + 1;
    value += *value == ' ' ? 1 : 0;
    name_size = unescape(reader->line.data, (size_t)(colon - reader->line.data));
    size = unescape(value, reader->line.size - (size_t)(value - reader->line.data));
    for (int64_t i = 0; i < reader->column_count; i++) {
        struct column *column = &reader->columns[i];

        if (strlen(column->name) != name_size || memcmp(column->name, reader->line.data, name_size) != 0 || column->seen)
            continue;
        column->seen = true;
        if (column->texts.size + size > INT32_MAX)
            return reader->host->fail(err, PF_LIMIT, "a batch has more than 2 GiB of text");
        return put(&column->texts, value, size) ? PF_OK : no_memory(reader->host, err);
    }
    return reader->strict ? bad_line(reader, "the name is no column of the file, or stands twice in a record", err) : PF_OK;
}

static enum pf_status end_record(struct reader *reader, struct pf_error *err)
{
    for (int64_t i = 0; i < reader->column_count; i++) {
        struct column *column = &reader->columns[i];
        const int32_t end = (int32_t)column->texts.size;
        const char valid = column->seen ? 1 : 0;

        if (!put(&column->offsets, &end, sizeof end) || !put(&column->valid, &valid, 1))
            return no_memory(reader->host, err);
        column->seen = false;
    }
    reader->rows++;
    return PF_OK;
}

/* Records of one batch; fewer, or none, at the end of the file. */
static enum pf_status read_records(struct reader *reader, struct pf_error *err)
{
    bool open = false;

    while (reader->rows < BATCH_ROWS) {
        enum pf_status status = next_line(reader, err);

        if (status != PF_OK && status != PF_END)
            return status;
        if (status == PF_END || reader->line.size == 0) {
            if (open && end_record(reader, err) != PF_OK)
                return err->status;
            open = false;
            if (status == PF_END)
                return PF_OK;
        } else if (strcmp(reader->line.data, "%") == 0) {
            open = true; /* a record that has no values at all */
        } else if (reader->line.data[0] != '#') {
            open = true;
            if (take_value(reader, err) != PF_OK)
                return err->status;
        }
    }
    return PF_OK;
}

/* ---- a batch as an Arrow array: it owns its buffers and gives them back by release */

struct owned {
    const struct pf_host *host;
    struct pf_context *ctx;
    const void *buffers[3];
    struct ArrowArray *children;
    struct ArrowArray **pointers;
};

static void release_array(struct ArrowArray *array)
{
    struct owned *owned = array->private_data;

    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release != NULL)
            array->children[i]->release(array->children[i]);
    }
    for (size_t i = 0; i < 3; i++)
        owned->host->release(owned->ctx, (void *)(uintptr_t)owned->buffers[i]);
    owned->host->release(owned->ctx, owned->children);
    owned->host->release(owned->ctx, owned->pointers);
    owned->host->release(owned->ctx, owned);
    array->release = NULL;
}

static bool make_array(const struct reader *reader, struct ArrowArray *array, int64_t buffers)
{
    struct owned *owned = reader->host->allocate(reader->ctx, sizeof *owned);

    memset(array, 0, sizeof *array);
    if (owned == NULL)
        return false;
    memset(owned, 0, sizeof *owned);
    owned->host = reader->host;
    owned->ctx = reader->ctx;
    array->length = reader->rows;
    array->n_buffers = buffers;
    array->buffers = owned->buffers;
    array->private_data = owned;
    array->release = release_array;
    return true;
}

/* Bytes of 0 and 1 become bits, in place. */
static int64_t pack_bits(struct bytes *valid)
{
    int64_t nulls = 0;

    for (size_t i = 0; i < valid->size; i++) {
        char one = valid->data[i];

        if (i % 8 == 0)
            valid->data[i / 8] = 0;
        if (one != 0)
            valid->data[i / 8] = (char)(valid->data[i / 8] | 1 << (i % 8));
        nulls += one == 0;
    }
    return nulls;
}

/* The column's buffers go to the array, and the column begins anew. */
static bool move_column(const struct reader *reader, struct column *column, struct ArrowArray *array)
{
    struct owned *owned;

    if (!make_array(reader, array, 3))
        return false;
    owned = array->private_data;
    array->null_count = pack_bits(&column->valid);
    owned->buffers[0] = column->valid.data;
    owned->buffers[1] = column->offsets.data;
    owned->buffers[2] = column->texts.data;
    column->valid.data = column->offsets.data = column->texts.data = NULL;
    column->valid.size = column->offsets.size = column->texts.size = 0;
    column->valid.capacity = column->offsets.capacity = column->texts.capacity = 0;
    return true;
}

static bool move_batch(struct reader *reader, struct ArrowArray *out)
{
    size_t count = (size_t)reader->column_count;
    struct owned *owned;

    if (!make_array(reader, out, 1))
        return false;
    owned = out->private_data;
    owned->children = reader->host->allocate(reader->ctx, count * sizeof *owned->children);
    owned->pointers = reader->host->allocate(reader->ctx, count * sizeof(struct ArrowArray *));
    out->children = owned->pointers;
    if (owned->children == NULL || owned->pointers == NULL) {
        release_array(out);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        owned->pointers[i] = &owned->children[i];
        if (!move_column(reader, &reader->columns[i], &owned->children[i])) {
            release_array(out);
            return false;
        }
        out->n_children++;
    }
    return true;
}

/* ---- the stream */

static int answer(struct reader *reader, enum pf_status status)
{
    /* PyForge makes the status of it again: PF_IO of EIO, PF_NO_MEMORY of ENOMEM, else PF_BAD_DATA. */
    (void)reader;
    return status == PF_OK ? 0 : status == PF_NO_MEMORY ? ENOMEM : status == PF_IO ? EIO : EINVAL;
}

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        free((char *)(uintptr_t)schema->children[i]->name);
    if (schema->n_children > 0)
        free(schema->children[0]);
    free(schema->children);
    schema->release = NULL;
}

static void release_field(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

/* A schema may outlive the conversion, so its memory is the C library's. */
static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct reader *reader = stream->private_data;
    size_t count = (size_t)reader->column_count;
    struct ArrowSchema *fields = calloc(count, sizeof *fields);

    memset(out, 0, sizeof *out);
    out->format = "+s";
    out->release = release_schema;
    out->children = calloc(count, sizeof(struct ArrowSchema *));
    if (fields == NULL || out->children == NULL) {
        free(fields);
        release_schema(out);
        return ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        fields[i].format = "u";
        fields[i].name = strdup(reader->columns[i].name);
        fields[i].flags = ARROW_FLAG_NULLABLE;
        fields[i].release = release_field;
        out->children[i] = &fields[i];
        out->n_children++;
        if (fields[i].name == NULL) {
            release_schema(out);
            return ENOMEM;
        }
    }
    return 0;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct reader *reader = stream->private_data;
    const int32_t zero = 0;
    enum pf_status status;

    memset(out, 0, sizeof *out);
    reader->rows = 0;
    for (int64_t i = 0; i < reader->column_count; i++) {
        struct column *column = &reader->columns[i];

        column->texts.size = column->offsets.size = column->valid.size = 0;
        /* a buffer of no bytes is still a buffer */
        if (!put(&column->offsets, &zero, sizeof zero) || !put(&column->texts, "", 0))
            return answer(reader, no_memory(reader->host, &reader->err));
    }
    status = reader->host->check_cancel(reader->ctx, &reader->err);
    if (status == PF_OK)
        status = read_records(reader, &reader->err);
    if (status == PF_OK && reader->rows > 0 && !move_batch(reader, out))
        status = no_memory(reader->host, &reader->err);
    return answer(reader, status);
}

static const char *stream_error(struct ArrowArrayStream *stream)
{
    const struct reader *reader = stream->private_data;

    return reader->err.message[0] != '\0' ? reader->err.message : NULL;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    stream->release = NULL; /* everything is the reader's */
}

/* ---- the reader */

static int probe(void *self, const uint8_t *head, size_t size)
{
    (void)self;
    return size >= strlen(FIRST_LINE) && memcmp(head, FIRST_LINE, strlen(FIRST_LINE)) == 0 ? 100 : 0;
}

static enum pf_status kv_open(void *self, struct pf_context *ctx, struct pf_source *src, const void *options, void **out,
                              struct pf_error *err)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    struct reader *reader = host->allocate(ctx, sizeof *reader);

    if (reader == NULL)
        return no_memory(host, err);
    memset(reader, 0, sizeof *reader);
    reader->host = reader->part.host = reader->line.host = host;
    reader->ctx = reader->part.ctx = reader->line.ctx = ctx;
    reader->src = src;
    reader->strict = ((const struct read_options *)options)->strict;
    reader->part.data = host->allocate(ctx, PART);
    if (reader->part.data == NULL) {
        host->release(ctx, reader);
        return no_memory(host, err);
    }
    *out = reader;
    return PF_OK;
}

/* Called again for a second reading: the source is at its first byte. */
static enum pf_status kv_read(void *self, uint32_t table, struct ArrowArrayStream *out, struct pf_error *err)
{
    struct reader *reader = self;

    (void)table; /* there is one */
    free_columns(reader);
    memset(&reader->err, 0, sizeof reader->err);
    reader->part.size = reader->at = 0;
    reader->ended = false;
    reader->line_number = 0;
    if (read_head(reader, err) != PF_OK)
        return err->status;
    out->private_data = reader;
    out->get_schema = stream_schema;
    out->get_next = stream_next;
    out->get_last_error = stream_error;
    out->release = stream_release;
    return PF_OK;
}

static void kv_close(void *self)
{
    struct reader *reader = self;

    free_columns(reader);
    drop(&reader->line);
    drop(&reader->part);
    reader->host->release(reader->ctx, reader);
}

/* ---- writing */

struct writer {
    const struct pf_host *host;
    struct pf_context *ctx;
    struct pf_sink *sink;
    struct bytes text;
    char **names, *formats; /* a letter a column: the Arrow format */
    int64_t column_count, rows;
};

static bool put_escaped(struct bytes *to, const char *text, size_t size, bool name)
{
    bool good = true;

    for (size_t i = 0; i < size && good; i++) {
        const char *as = text[i] == '\\'          ? "\\\\"
                         : text[i] == '\n'        ? "\\n"
                         : text[i] == '\r'        ? "\\r"
                         : text[i] == '\t'        ? "\\t"
                         : text[i] == ':' && name ? "\\:"
                                                  : NULL;

        good = as != NULL ? put(to, as, 2) : put(to, text + i, 1);
    }
    return good;
}

/* The shortest text that reads back as the number. */
static int print_number(double value, int least, int most, char to[40])
{
    int size = 0;

    for (int digits = least; digits <= most; digits++) {
        size = snprintf(to, 40, "%.*g", digits, value);
        if (most == 9 ? (float)strtod(to, NULL) == (float)value : strtod(to, NULL) == value)
            break;
    }
    return size;
}

static int print_value(char format, const void *data, int64_t at, char to[40])
{
    switch (format) {
    case 'b':
        return snprintf(to, 40, "%s", ((const uint8_t *)data)[at / 8] >> (at % 8) & 1 ? "true" : "false");
    case 'c':
        return snprintf(to, 40, "%d", ((const int8_t *)data)[at]);
    case 'C':
        return snprintf(to, 40, "%u", ((const uint8_t *)data)[at]);
    case 's':
        return snprintf(to, 40, "%d", ((const int16_t *)data)[at]);
    case 'S':
        return snprintf(to, 40, "%u", ((const uint16_t *)data)[at]);
    case 'i':
        return snprintf(to, 40, "%" PRId32, ((const int32_t *)data)[at]);
    case 'I':
        return snprintf(to, 40, "%" PRIu32, ((const uint32_t *)data)[at]);
    case 'l':
        return snprintf(to, 40, "%" PRId64, ((const int64_t *)data)[at]);
    case 'L':
        return snprintf(to, 40, "%" PRIu64, ((const uint64_t *)data)[at]);
    case 'f':
        return print_number((double)((const float *)data)[at], 6, 9, to);
    default:
        return print_number(((const double *)data)[at], 15, 17, to);
    }
}

static bool put_value(struct writer *writer, int64_t index, const struct ArrowArray *array, int64_t row)
{
    const char *name = writer->names[index];
    const uint8_t *valid = array->buffers[0];
    int64_t at = array->offset + row;
    char number[40];

    if (array->null_count != 0 && valid != NULL && (valid[at / 8] >> (at % 8) & 1) == 0)
        return true;
    if (!put_escaped(&writer->text, name, strlen(name), true) || !put(&writer->text, ": ", 2))
        return false;
    if (writer->formats[index] == 'u') {
        const int32_t *offsets = array->buffers[1];
        const char *texts = array->buffers[2];

        return put_escaped(&writer->text, texts + offsets[at], (size_t)(offsets[at + 1] - offsets[at]), false) &&
               put(&writer->text, "\n", 1);
    }
    return put(&writer->text, number, (size_t)print_value(writer->formats[index], array->buffers[1], at, number)) &&
           put(&writer->text, "\n", 1);
}

static enum pf_status flush(struct writer *writer, size_t from, struct pf_error *err)
{
    if (writer->text.size < from)
        return PF_OK;
    if (writer->text.size > 0 && writer->host->sink_write(writer->sink, writer->text.data, writer->text.size, err) != PF_OK)
        return err->status;
    writer->text.size = 0;
    return PF_OK;
}

static enum pf_status add_rows(struct writer *writer, const struct ArrowArray *batch, struct pf_error *err)
{
    for (int64_t row = 0; row < batch->length; row++) {
        size_t before = writer->text.size;
        bool good = true;

        for (int64_t i = 0; i < writer->column_count && good; i++)
            good = put_value(writer, i, batch->children[i], batch->offset + row);
        if (good && writer->text.size == before)
            good = put(&writer->text, "%\n", 2);
        if (!good || !put(&writer->text, "\n", 1))
            return no_memory(writer->host, err);
        if (flush(writer, PART, err) != PF_OK)
            return err->status;
        writer->rows++;
    }
    return PF_OK;
}

static enum pf_status kv_add(void *self, struct ArrowArray *batch, struct pf_error *err)
{
    enum pf_status status = add_rows(self, batch, err);

    batch->release(batch); /* it is ours, also when it could not be written */
    return status;
}

static enum pf_status unsupported(struct writer *writer, const struct ArrowSchema *field, struct pf_error *err)
{
    char text[300];

    (void)snprintf(text, sizeof text, "the format kv has no values of the type of column '%.100s' (Arrow format '%.40s')",
                   field->name, field->format);
    (void)writer->host->fail(err, PF_UNSUPPORTED, text);
    writer->host->remedy(err, "use --types string, or leave the column out with --columns");
    return PF_UNSUPPORTED;
}

static enum pf_status take_schema(struct writer *writer, const struct ArrowSchema *schema, struct pf_error *err)
{
    size_t count = (size_t)schema->n_children;

    writer->names = writer->host->allocate(writer->ctx, (count + 1) * sizeof *writer->names);
    writer->formats = writer->host->allocate(writer->ctx, count + 1);
    if (writer->names == NULL || writer->formats == NULL ||
        !put(&writer->text, FIRST_LINE "\n%columns: ", strlen(FIRST_LINE) + 11))
        return no_memory(writer->host, err);
    for (size_t i = 0; i < count; i++) {
        const struct ArrowSchema *field = schema->children[i];
        size_t size = strlen(field->name);

        if (strlen(field->format) != 1 || strchr("ubcCsSiIlLfg", field->format[0]) == NULL)
            return unsupported(writer, field, err);
        writer->formats[i] = field->format[0];
        writer->names[i] = writer->host->allocate(writer->ctx, size + 1);
        if (writer->names[i] == NULL)
            return no_memory(writer->host, err);
        memcpy(writer->names[i], field->name, size + 1);
        writer->column_count++;
        if ((i > 0 && !put(&writer->text, "\t", 1)) || !put_escaped(&writer->text, field->name, size, true))
            return no_memory(writer->host, err);
    }
    return put(&writer->text, "\n", 1) ? PF_OK : no_memory(writer->host, err);
}

static void kv_discard(void *self)
{
    struct writer *writer = self;

    for (int64_t i = 0; i < writer->column_count; i++)
        writer->host->release(writer->ctx, writer->names[i]);
    writer->host->release(writer->ctx, writer->names);
    writer->host->release(writer->ctx, writer->formats);
    drop(&writer->text);
    writer->host->release(writer->ctx, writer);
}

static enum pf_status put_comment(struct writer *writer, const char *comment, struct pf_error *err)
{
    if (comment == NULL)
        return PF_OK;
    return put(&writer->text, "# ", 2) && put_escaped(&writer->text, comment, strlen(comment), false) &&
                   put(&writer->text, "\n", 1)
               ? PF_OK
               : no_memory(writer->host, err);
}

static enum pf_status kv_create(void *self, struct pf_context *ctx, struct pf_sink *sink, const struct ArrowSchema *schema,
                                const void *options, void **out, struct pf_error *err)
{
    const struct pf_host *host = ((const struct example *)self)->host;
    struct writer *writer = host->allocate(ctx, sizeof *writer);

    if (writer == NULL)
        return no_memory(host, err);
    memset(writer, 0, sizeof *writer);
    writer->host = writer->text.host = host;
    writer->ctx = writer->text.ctx = ctx;
    writer->sink = sink;
    if (take_schema(writer, schema, err) != PF_OK ||
        put_comment(writer, ((const struct write_options *)options)->comment, err) != PF_OK) {
        kv_discard(writer);
        return err->status;
    }
    *out = writer;
    return PF_OK;
}

/* What was written is counted against what there was: the last check that nothing was lost. */
static enum pf_status kv_finish(void *self, int64_t rows, struct pf_error *err)
{
    struct writer *writer = self;

    if (writer->rows != rows)
        return writer->host->fail(err, PF_INTERNAL, "the format kv has written another number of rows than there were");
    return flush(writer, 0, err);
}

static const char *const suffixes[] = { "kv", NULL };

const struct pf_format_addition example_format = {
    .size = sizeof example_format,
    .name = "kv",
    .description = "Records of 'name: value' lines (example extension)",
    .suffixes = suffixes,
    .flags = PF_FORMAT_UNTYPED,
    .read_options = read_table,
    .write_options = write_table,
    .read_option_size = sizeof(struct read_options),
    .write_option_size = sizeof(struct write_options),
    .probe = probe,
    .open = kv_open,
    .read = kv_read,
    .close = kv_close,
    .create = kv_create,
    .add = kv_add,
    .finish = kv_finish,
    .discard = kv_discard,
};
