/* The conformance suite for formats: tables of each type out and back in, tables without rows, and bytes that are no such file. */
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "extension/conform.h"

enum { ROWS = 5, NULL_ROW = 3, CUTS = 64 };

struct format_check {
    struct conform *c;
    const struct pf_format_use *use;
    struct pf_schema schema; /* of the table at hand */
    uint8_t *file;           /* the last one that was written whole */
    size_t file_size;
    uint32_t taken; /* types */
};

static bool tell(const struct format_check *f, bool good, const char *what, const char *why)
{
    char text[160];

    (void)snprintf(text, sizeof text, "format %.40s: %s", f->use->calls.name, what);
    return pf_conform_check(f->c, good, text, "%.700s", why);
}

static void note(const struct format_check *f, const char *what, const char *text)
{
    char line[160];

    (void)snprintf(line, sizeof line, "format %.40s: %s", f->use->calls.name, what);
    pf_conform_note(f->c, line, text);
}

/* ---- a table of one column */

static const char *text_of_row(int64_t row)
{
    static const char *const texts[ROWS] = { "a", "", "two\nlines, \"quoted\"\tand: \\ more", "", "Stra\303\237e" };

    return texts[row];
}

static void fill_column(struct ArrowArray *column, enum pf_type type)
{
    size_t width = pf_type_width(type);
    uint8_t *data = (uint8_t *)(uintptr_t)pf_array_data(column);

    for (int64_t row = 0; row < column->length; row++) {
        double number = (double)row * 0.5;
        float narrow = (float)number;

        if (type == PF_TYPE_BOOL && row % 2 == 0)
            pf_bit_set(data, row);
        else if (type == PF_TYPE_FLOAT64)
            memcpy(data + (size_t)row * width, &number, sizeof number);
        else if (type == PF_TYPE_FLOAT32)
            memcpy(data + (size_t)row * width, &narrow, sizeof narrow);
        else if (type != PF_TYPE_BOOL)
            data[(size_t)row * width] = (uint8_t)(row * 7 + 1); /* little end first: small whole numbers */
    }
}

static enum pf_status make_column(struct pf_memory *memory, enum pf_type type, int64_t rows, struct ArrowArray *out,
                                  struct pf_error *err)
{
    bool varied = type == PF_TYPE_STRING || type == PF_TYPE_BINARY;
    int64_t total = 0;
    uint8_t *valid;

    for (int64_t row = 0; row < rows && varied; row++)
        total += (int64_t)strlen(text_of_row(row));
    if (pf_array_new(out, memory, type, rows, total, err) != PF_OK)
        return err->status;
    if (varied) {
        int32_t *offsets = (int32_t *)(uintptr_t)pf_array_offsets(out);
        char *bytes = (char *)(uintptr_t)pf_array_bytes(out);

        offsets[0] = 0;
        for (int64_t row = 0; row < rows; row++) {
            size_t size = strlen(text_of_row(row));
            memcpy(bytes + offsets[row], text_of_row(row), size);
            offsets[row + 1] = offsets[row] + (int32_t)size;
        }
    } else {
        if (type != PF_TYPE_BOOL)
            memset((void *)(uintptr_t)pf_array_data(out), 0, (size_t)rows * pf_type_width(type));
        fill_column(out, type);
    }
    if (rows <= NULL_ROW)
        return PF_OK;
    valid = pf_array_add_validity(out);
    if (valid == NULL) {
        pf_array_free(out);
        return pf_fail_memory(err, 1);
    }
    pf_bit_clear(valid, NULL_ROW);
    out->null_count = 1;
    return PF_OK;
}

static enum pf_status make_batch(const struct format_check *f, int64_t rows, struct pf_batch *batch, struct pf_error *err)
{
    struct pf_memory *memory = &f->c->ctx->memory;

    memset(batch, 0, sizeof *batch);
    if (pf_batch_new(batch, memory, rows, 1, err) != PF_OK)
        return err->status;
    if (make_column(memory, f->schema.fields[0].type, rows, &batch->columns[0], err) != PF_OK)
        pf_batch_free(batch);
    return err->status;
}

/* ---- writing */

static void *make_options(const struct format_check *f, const struct pf_option *table, size_t size)
{
    void *options = pf_alloc_zero(&f->c->ctx->memory, 1, size + 1);

    if (options != NULL && table != NULL)
        pf_option_defaults(table, options);
    return options;
}

static void keep_file(struct format_check *f, const struct pf_sink *sink)
{
    size_t size;
    const uint8_t *bytes = pf_sink_memory_bytes(sink, &size);
    uint8_t *copy = pf_alloc(&f->c->ctx->memory, size);

    if (copy == NULL)
        return;
    if (size > 0)
        memcpy(copy, bytes, size);
    pf_free(&f->c->ctx->memory, f->file);
    f->file = copy;
    f->file_size = size;
}

static enum pf_status write_rows(struct format_check *f, struct pf_sink *sink, void *state, const void *options, int64_t rows,
                                 int64_t told, struct pf_error *err)
{
    const struct pf_writer *writer = &f->use->writer;
    struct pf_batch batch;

    if (writer->open(writer, state, f->c->ctx, sink, &f->schema, options, err) != PF_OK)
        return err->status;
    for (int part = 0; part < 2 && rows > 0; part++) {
        if (make_batch(f, rows, &batch, err) != PF_OK || writer->add(state, &batch, err) != PF_OK)
            return err->status;
    }
    if (told < 0)
        return PF_OK; /* left unfinished */
    return told == rows * 2 ? writer->finish(state, told, err) : f->use->calls.finish(pf_format_writer_of(state), told, err);
}

/* Writes a table of twice rows; told: the rows it is said to have at the end, negative = it is left unfinished. */
static enum pf_status write_table(struct format_check *f, int64_t rows, int64_t told, struct pf_error *err)
{
    struct pf_context *ctx = f->c->ctx;
    const struct pf_writer *writer = &f->use->writer;
    void *options = make_options(f, writer->options, writer->option_size);
    void *state = pf_alloc_zero(&ctx->memory, 1, writer->state_size);
    struct pf_sink *sink = NULL;

    pf_error_clear(err);
    if (options == NULL || state == NULL) {
        pf_fail_memory(err, writer->state_size);
    } else if (pf_sink_memory(ctx, &sink, err) == PF_OK) {
        (void)write_rows(f, sink, state, options, rows, told, err);
        if (err->status == PF_OK && told >= 0)
            keep_file(f, sink);
        writer->close(state);
    }
    pf_sink_free(sink);
    pf_free(&ctx->memory, state);
    pf_free(&ctx->memory, options);
    return err->status;
}

/* ---- reading */

struct read_check {
    struct format_check *f;
    void *state;
    struct pf_table table;
    struct pf_pass pass;
    int64_t rows, nulls;
    bool same;       /* every value compared is what was written */
    bool comparable; /* the column came back with a type whose values can be compared */
};

static bool same_text(const struct pf_text_column *text, int64_t at, int64_t row)
{
    const char *wanted = text_of_row(row % ROWS);

    if (row % ROWS == NULL_ROW)
        return text->kind[at] == PF_TEXT_NULL;
    return text->kind[at] != PF_TEXT_NULL && text->size[at] == strlen(wanted) &&
           memcmp(text->bytes + text->offset[at], wanted, strlen(wanted)) == 0;
}

/* Column 0 of a batch against what was written; row: the first of it, in the whole table. */
static bool same_values(const struct format_check *f, const struct ArrowArray *column, int64_t row, struct pf_error *err)
{
    enum pf_type type = f->schema.fields[0].type;
    size_t width = pf_type_width(type);
    struct ArrowArray wanted;
    bool same = true;

    if (make_column(&f->c->ctx->memory, type, ROWS, &wanted, err) != PF_OK)
        return false;
    for (int64_t i = 0; i < column->length && same; i++) {
        int64_t at = (row + i) % ROWS;
        const uint8_t *valid = pf_array_validity(column);
        bool null = valid != NULL && !pf_bit(valid, i);

        if (null || at == NULL_ROW) {
            same = null && at == NULL_ROW;
        } else if (type == PF_TYPE_BOOL) {
            same = pf_bit(pf_array_data(column), i) == pf_bit(pf_array_data(&wanted), at);
        } else if (width > 0) {
            same = memcmp((const uint8_t *)pf_array_data(column) + (size_t)i * width,
                          (const uint8_t *)pf_array_data(&wanted) + (size_t)at * width, width) == 0;
        } else {
            size_t size = strlen(text_of_row(at));
            const int32_t *offsets = pf_array_offsets(column);
            same = (size_t)(offsets[i + 1] - offsets[i]) == size &&
                   memcmp(pf_array_bytes(column) + offsets[i], text_of_row(at), size) == 0;
        }
    }
    pf_array_free(&wanted);
    return same;
}

static void look_at_block(struct read_check *r, const struct pf_decoded *d, struct pf_error *err)
{
    const struct format_check *f = r->f;

    if (r->table.schema.count == 0 || f->schema.count == 0)
        return;
    if (d->text != NULL) {
        r->nulls += d->text[0].nulls;
        r->comparable = f->schema.fields[0].type == PF_TYPE_STRING;
        for (int64_t i = 0; i < d->rows_kept && r->comparable; i++)
            r->same = r->same && same_text(&d->text[0], i, r->rows + i);
    } else if (d->typed.column_count > 0) {
        r->nulls += d->typed.columns[0].null_count;
        r->comparable = r->table.schema.fields[0].type == f->schema.fields[0].type;
        r->same = r->same && (!r->comparable || same_values(f, &d->typed.columns[0], r->rows, err));
    }
}

/* One pass, block by block. */
static enum pf_status read_pass(struct read_check *r, struct pf_error *err)
{
    const struct pf_reader *reader = &r->f->use->reader;
    struct pf_memory *memory = &r->f->c->ctx->memory;
    enum pf_status status = reader->start(r->state, &r->pass, err);

    r->rows = r->nulls = 0;
    r->same = true;
    while (status == PF_OK) {
        struct pf_block block;
        struct pf_decoded decoded;
        struct pf_arena arena;

        memset(&block, 0, sizeof block);
        memset(&decoded, 0, sizeof decoded);
        status = reader->cut(r->state, &block, err);
        if (status != PF_OK)
            break;
        pf_arena_init(&arena, memory, SIZE_MAX);
        status = reader->decode(r->state, &r->pass, &block, &arena, &decoded, err);
        if (status == PF_OK) {
            look_at_block(r, &decoded, err);
            r->rows += decoded.rows_kept;
        }
        pf_batch_free(&decoded.typed);
        pf_arena_free(&arena);
        pf_free(memory, block.bytes);
    }
    return status == PF_END ? PF_OK : status;
}

static enum pf_status read_source(struct read_check *r, struct pf_source *src, const void *options, bool twice,
                                  struct pf_error *err)
{
    const struct pf_reader *reader = &r->f->use->reader;
    int64_t rows;

    if (reader->open(reader, r->state, r->f->c->ctx, src, options, err) != PF_OK ||
        reader->table(r->state, 0, &r->table, err) != PF_OK || read_pass(r, err) != PF_OK)
        return err->status;
    rows = r->rows;
    if (!twice)
        return PF_OK;
    if (pf_source_rewind(src, err) != PF_OK || read_pass(r, err) != PF_OK)
        return err->status;
    return rows == r->rows ? PF_OK
                           : pf_fail(err, PF_INTERNAL, "the second reading gave %lld rows, the first %lld", (long long)r->rows,
                                     (long long)rows);
}

/* Reads bytes as a file of the format. */
static enum pf_status read_bytes(struct read_check *r, const uint8_t *bytes, size_t size, bool twice, struct pf_error *err)
{
    struct pf_context *ctx = r->f->c->ctx;
    const struct pf_reader *reader = &r->f->use->reader;
    void *options = make_options(r->f, reader->options, reader->option_size);
    struct pf_source *src = NULL;

    pf_error_clear(err);
    r->comparable = false;
    pf_schema_init(&r->table.schema, &ctx->memory);
    r->state = pf_alloc_zero(&ctx->memory, 1, reader->state_size);
    if (options == NULL || r->state == NULL) {
        pf_fail_memory(err, reader->state_size);
    } else if (pf_source_memory(ctx, size > 0 ? (const void *)bytes : "", size, "conformance", &src, err) == PF_OK) {
        (void)read_source(r, src, options, twice, err);
        reader->close(r->state);
    }
    pf_source_close(src);
    pf_schema_free(&r->table.schema);
    pf_free(&ctx->memory, r->state);
    pf_free(&ctx->memory, options);
    return err->status;
}

/* ---- checks */

static bool set_type(struct format_check *f, enum pf_type type)
{
    const struct pf_field field = { .type = type, .precision = 10, .scale = 2 };

    pf_schema_free(&f->schema);
    pf_schema_init(&f->schema, &f->c->ctx->memory);
    return pf_schema_add(&f->schema, "a column", 8, &field);
}

static void check_read_back(struct format_check *f, const char *type, int64_t rows)
{
    struct read_check r = { .f = f };
    struct pf_error err;
    char what[100];
    const bool good = read_bytes(&r, f->file, f->file_size, true, &err) == PF_OK;

    (void)snprintf(what, sizeof what, "%s with %lld rows comes back", type, (long long)rows);
    if (good && r.rows != rows)
        pf_fail(&err, PF_INTERNAL, "%lld rows came back", (long long)r.rows);
    else if (good && rows > 0 && r.nulls != 2)
        pf_fail(&err, PF_INTERNAL, "%lld nulls came back, there were 2", (long long)r.nulls);
    else if (good && !r.same)
        pf_fail(&err, PF_INTERNAL, "other values came back");
    if (err.status == PF_OK && rows > 0 && !r.comparable)
        note(f, what, "as another type: its values were not compared");
    else
        (void)tell(f, err.status == PF_OK, what, err.message);
}

static void check_type(struct format_check *f, enum pf_type type)
{
    char name[32], what[100];
    struct pf_error err;

    if (!set_type(f, type))
        return;
    (void)pf_type_text(&f->schema.fields[0], name);
    (void)snprintf(what, sizeof what, "writes %s", name);
    if (write_table(f, ROWS, ROWS * 2, &err) == PF_UNSUPPORTED) {
        if (pf_conform_is_told(err.status, &err))
            note(f, what, "it does not, and says so");
        else
            (void)tell(f, false, what, "it does not, and does not say so");
        return;
    }
    if (!tell(f, err.status == PF_OK, what, err.message))
        return;
    f->taken++;
    if (f->use->format.reader != NULL)
        check_read_back(f, name, ROWS * 2);
}

static void check_writer(struct format_check *f)
{
    struct pf_error err;
    size_t before;

    for (int type = PF_TYPE_STRING; type <= PF_TYPE_BINARY; type++)
        check_type(f, (enum pf_type)type);
    if (!tell(f, f->taken > 0, "takes a type at least", "it takes none"))
        return;
    if (!set_type(f, PF_TYPE_STRING) || write_table(f, ROWS, ROWS * 2, &err) != PF_OK)
        return;
    (void)tell(f, write_table(f, ROWS, ROWS * 2 + 1, &err) == PF_INTERNAL, "a wrong number of rows is PF_INTERNAL",
               pf_status_name(err.status));
    before = pf_conform_in_use(f->c);
    (void)tell(f, write_table(f, ROWS, -1, &err) == PF_OK && pf_conform_in_use(f->c) == before,
               "a table that is left unfinished is freed", err.status == PF_OK ? "memory is kept" : err.message);
    (void)tell(f, write_table(f, 0, 0, &err) == PF_OK, "writes a table without rows", err.message);
    if (err.status == PF_OK && f->use->format.reader != NULL)
        check_read_back(f, "a table", 0);
}

/* Whatever the bytes: an error that says something, or a table; and no crash. */
static bool survives(struct format_check *f, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    struct read_check r = { .f = f };
    size_t before = pf_conform_in_use(f->c);

    if (read_bytes(&r, bytes, size, false, err) != PF_OK && !pf_conform_is_told(err->status, err))
        return false;
    if (pf_conform_in_use(f->c) == before)
        return true;
    pf_fail(err, PF_NO_MEMORY, "memory is kept after %zu bytes", size);
    return false;
}

static void check_garbage(struct format_check *f)
{
    struct pf_memory *memory = &f->c->ctx->memory;
    uint8_t *bytes = pf_alloc(memory, 4096);
    struct pf_error err;
    bool good = true;
    uint32_t seed = 1;

    if (bytes == NULL)
        return;
    pf_error_clear(&err);
    for (int fill = 0; fill < 3 && good; fill++) {
        for (size_t i = 0; i < 4096; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = fill == 0 ? 0 : fill == 1 ? 0xff : (uint8_t)(seed >> 24);
        }
        good = survives(f, bytes, 4096, &err) && survives(f, bytes, 1, &err);
    }
    good = good && survives(f, bytes, 0, &err);
    (void)tell(f, good, "survives bytes that are no such file", err.message);
    pf_free(memory, bytes);
}

/* The last file that was written, cut off and with single bytes changed. */
static void check_damage(struct format_check *f)
{
    struct pf_error err;
    bool good = true;

    pf_error_clear(&err);
    for (size_t i = 0; i < CUTS && good; i++)
        good = survives(f, f->file, f->file_size * i / CUTS, &err);
    (void)tell(f, good, "survives a file that is cut off", err.message);
    for (size_t i = 0; i < CUTS && good && f->file_size > 0; i++) {
        uint8_t *byte = &f->file[(f->file_size - 1) * i / CUTS];
        uint8_t was = *byte;

        *byte = (uint8_t)~was;
        good = survives(f, f->file, f->file_size, &err);
        *byte = was;
    }
    (void)tell(f, good, "survives a damaged file", err.message);
}

static void check_probe(struct format_check *f)
{
    const struct pf_reader *reader = &f->use->reader;
    int written, nothing;

    if (reader->probe == NULL) {
        note(f, "probe", "there is none: it is told by its suffix only");
        return;
    }
    nothing = reader->probe(reader, (const uint8_t *)"", 0);
    (void)tell(f, nothing < 90, "probe is not certain of nothing", "it is");
    if (f->file == NULL)
        return;
    written = reader->probe(reader, f->file, f->file_size < 65536 ? f->file_size : 65536);
    (void)tell(f, written > 0, "probe knows what it has written", "it does not");
}

void pf_conform_format(struct conform *c, const struct pf_format_use *use)
{
    struct format_check f = { .c = c, .use = use };
    struct pf_error err;

    pf_schema_init(&f.schema, &c->ctx->memory);
    (void)tell(&f, use->calls.description[0] != '\0', "has a description", "it has none");
    if (use->format.writer != NULL)
        check_writer(&f);
    if (use->format.reader != NULL) {
        /* the damage is to be done to a file with rows */
        if (use->format.writer != NULL && set_type(&f, PF_TYPE_STRING))
            (void)write_table(&f, ROWS, ROWS * 2, &err);
        check_garbage(&f);
        check_probe(&f);
        if (f.file != NULL)
            check_damage(&f);
    }
    pf_schema_free(&f.schema);
    pf_free(&c->ctx->memory, f.file);
}
