/* The Excel writer: batches are queued until there are rows for a unit; its jobs make XML of their rows and deflate it, each to a piece
 * that can stand behind any other; the pieces are written in order. Where a piece begins depends on the rows before it alone, so the
 * bytes do not depend on how the input was cut. */
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "formats/xlsx_write/xlsx_write.h"

enum {
    UNIT_JOBS = 4,
    JOB_CELLS = 64 * 1024, /* some 3 MB of XML */
    JOB_BYTES = 4 << 20    /* of texts */
};

/* A batch in the queue or in units. */
struct queued {
    struct pf_batch batch; /* first: a slice knows it only */
    struct queued *next;
    uint32_t holders; /* the queue and units; writer's thread only */
};

struct piece {
    struct pf_buffer bytes; /* deflated */
    struct xlsx_counts counts;
    int64_t plain;
    uint32_t crc;
};

struct xlsx_unit {
    struct pf_unit unit; /* first: it is what the engine sees */
    int64_t first, rows; /* of the table */
    int64_t job_rows;
    struct xlsx_slice *slices;
    uint32_t slice_count;
    struct piece pieces[UNIT_JOBS];
};

struct xlsx_writer {
    struct pf_context *ctx;
    struct pf_memory *memory;
    struct pf_zip_writer *zip;
    struct pf_schema schema;
    struct pf_xlsx_write_options options;
    char name[XLSX_NAME_ROOM];   /* of the first sheet of the table */
    uint32_t tables;             /* that were named */
    uint32_t table_sheets;       /* of the table at hand */
    char second[XLSX_NAME_ROOM]; /* the name of the second of them */
    int64_t rows_before;         /* of the tables before */
    int64_t sheet_rows;          /* of a sheet at most, without the header */
    uint32_t *texts;             /* columns of text */
    uint32_t text_count;
    struct queued *first, *last;
    int64_t start;             /* rows of first that are in units already */
    const struct queued *seen; /* how far the next unit was counted: a batch of the queue, and its next row */
    int64_t seen_row;
    int64_t unit_rows, unit_bytes; /* counted for it; bytes are those of texts */
    int64_t taken, emitted;        /* rows */
    uint64_t units;
    struct pf_buffer widths; /* <cols>, made of the first rows */
    bool widths_made;
    struct pf_buffer sheets; /* a struct xlsx_sheet for each that was begun */
    struct xlsx_counts counts;
};

/* ---- open */

static uint32_t sheet_count(const struct xlsx_writer *writer)
{
    return (uint32_t)(writer->sheets.size / sizeof(struct xlsx_sheet));
}

static enum pf_status check_schema(const struct pf_schema *schema, struct pf_error *err)
{
    if (schema->count > XLSX_COLUMNS) {
        pf_fail(err, PF_LIMIT, "the table has %lu columns; a sheet of Excel has %d, of which the last would be '%.96s'",
                (unsigned long)schema->count, XLSX_COLUMNS, schema->fields[XLSX_COLUMNS - 1].name);
        pf_remedy(err, "choose columns, or write Parquet or CSV");
        return err->status;
    }
    for (uint32_t i = 0; i < schema->count; i++) {
        const char *name = schema->fields[i].name;

        if (xlsx_units((const uint8_t *)name, strlen(name)) <= XLSX_CELL_UNITS)
            continue;
        pf_fail(err, PF_LIMIT, "the name of column %lu is too long for a cell of Excel, which holds %d characters",
                (unsigned long)i + 1, XLSX_CELL_UNITS);
        pf_remedy(err, "give the column a shorter name, or write Parquet or CSV");
        return err->status;
    }
    return PF_OK;
}

static void set_name(struct xlsx_writer *writer, const char *name)
{
    bool changed;

    xlsx_clean_name(name, writer->name, &changed);
    if (changed)
        pf_warn(writer->ctx, "Excel does not take '%.200s' as the name of a sheet: it is called '%s'", name, writer->name);
}

static enum pf_status set_schema(struct xlsx_writer *writer, const struct pf_schema *schema, struct pf_error *err)
{
    pf_schema_free(&writer->schema);
    pf_free(writer->memory, writer->texts);
    writer->texts = NULL;
    writer->text_count = 0;
    if (check_schema(schema, err) != PF_OK)
        return err->status;
    if (!pf_schema_copy(&writer->schema, schema))
        return pf_fail_memory(err, schema->count * sizeof *schema->fields);
    writer->texts = pf_alloc_zero(writer->memory, (size_t)schema->count + 1, sizeof *writer->texts);
    if (writer->texts == NULL)
        return pf_fail_memory(err, schema->count * sizeof *writer->texts);
    for (uint32_t i = 0; i < schema->count; i++) {
        if (schema->fields[i].type == PF_TYPE_STRING || schema->fields[i].type == PF_TYPE_BINARY)
            writer->texts[writer->text_count++] = i;
    }
    return PF_OK;
}

static enum pf_status check_name(const char *name, struct pf_error *err)
{
    const size_t size = name != NULL ? strlen(name) : 0;

    if (size == 0 || pf_utf8_valid((const uint8_t *)name, size, 0) == size)
        return PF_OK;
    pf_fail(err, PF_BAD_OPTION, "option --sheet-name: the name is not UTF-8");
    pf_remedy(err, "write it in a terminal whose locale is UTF-8");
    return PF_BAD_OPTION;
}

static enum pf_status xlsx_open(const struct pf_writer *self, void *state, struct pf_context *ctx, struct pf_sink *sink,
                                const struct pf_schema *schema, const void *options, struct pf_error *err)
{
    struct xlsx_writer *writer = state;

    (void)self;
    writer->ctx = ctx;
    writer->memory = &ctx->memory;
    writer->options = *(const struct pf_xlsx_write_options *)options;
    pf_schema_init(&writer->schema, writer->memory);
    pf_buffer_init(&writer->widths, writer->memory, SIZE_MAX);
    pf_buffer_init(&writer->sheets, writer->memory, SIZE_MAX);
    writer->sheet_rows = (writer->options.sheet_rows != 0 ? writer->options.sheet_rows : XLSX_ROWS) - 1;
    if (check_name(writer->options.sheet_name, err) != PF_OK)
        return err->status;
    set_name(writer, writer->options.sheet_name != NULL ? writer->options.sheet_name : "Sheet1");
    if (set_schema(writer, schema, err) != PF_OK)
        return err->status;
    if (pf_zip_writer_new(ctx, sink, &writer->zip, err) != PF_OK)
        return err->status;
    return xlsx_write_first_parts(writer->zip, writer->memory, err);
}

/* ---- units */

static void release(struct xlsx_writer *writer, struct queued *queued)
{
    if (--queued->holders != 0)
        return;
    pf_batch_free(&queued->batch);
    pf_free(writer->memory, queued);
}

static void free_unit(struct xlsx_writer *writer, struct xlsx_unit *unit)
{
    for (uint32_t i = 0; i < unit->slice_count; i++)
        release(writer, (struct queued *)(uintptr_t)unit->slices[i].batch);
    for (uint32_t i = 0; i < UNIT_JOBS; i++)
        pf_buffer_free(&unit->pieces[i].bytes);
    pf_free(writer->memory, unit->slices);
    pf_free(writer->memory, unit);
}

static enum pf_status xlsx_add(void *state, struct pf_batch *batch, struct pf_error *err)
{
    struct xlsx_writer *writer = state;
    struct queued *queued = pf_alloc_zero(writer->memory, 1, sizeof *queued);

    if (queued == NULL) {
        pf_batch_free(batch);
        return pf_fail_memory(err, sizeof *queued);
    }
    queued->batch = *batch;
    queued->holders = 1;
    *batch = (struct pf_batch){ 0 };
    if (writer->last != NULL)
        writer->last->next = queued;
    else
        writer->first = queued;
    writer->last = queued;
    return PF_OK;
}

static void drop_first(struct xlsx_writer *writer)
{
    struct queued *first = writer->first;

    writer->first = first->next;
    if (writer->first == NULL)
        writer->last = NULL;
    writer->start = 0;
    release(writer, first);
}

/* Moves rows from the queue to the unit. */
static enum pf_status fill_unit(struct xlsx_writer *writer, struct xlsx_unit *unit, struct pf_error *err)
{
    int64_t wanted = unit->rows, left = wanted;
    uint32_t slices = 0;

    for (const struct queued *queued = writer->first; left > 0; queued = queued->next) {
        left -= queued->batch.rows - (queued == writer->first ? writer->start : 0);
        slices++;
    }
    unit->slices = pf_alloc_zero(writer->memory, slices, sizeof *unit->slices);
    if (unit->slices == NULL)
        return pf_fail_memory(err, slices * sizeof *unit->slices);
    for (left = wanted; left > 0;) {
        struct queued *first = writer->first;
        int64_t rows = first->batch.rows - writer->start;

        rows = rows < left ? rows : left;
        unit->slices[unit->slice_count++] = (struct xlsx_slice){ &first->batch, writer->start, writer->start + rows };
        first->holders++;
        writer->start += rows;
        left -= rows;
        if (writer->start == first->batch.rows)
            drop_first(writer);
    }
    writer->taken += wanted;
    return PF_OK;
}

/* The widths are those of the first rows, or, without any, of the names. */
static enum pf_status make_widths(struct xlsx_writer *writer, const struct xlsx_unit *unit, struct pf_error *err)
{
    bool made;

    if (writer->widths_made)
        return PF_OK;
    writer->widths_made = true;
    if (writer->options.column_width != 0 || writer->schema.count == 0)
        return PF_OK;
    made = unit != NULL ? xlsx_put_widths(&writer->schema, unit->slices, unit->slice_count, &writer->widths)
                        : xlsx_put_widths(&writer->schema, NULL, 0, &writer->widths);
    return made ? PF_OK : pf_fail_memory(err, writer->widths.size);
}

static int64_t text_bytes(const struct xlsx_writer *writer, const struct pf_batch *batch, int64_t row)
{
    int64_t bytes = 0;

    for (uint32_t i = 0; i < writer->text_count; i++) {
        const int32_t *offsets = pf_array_offsets(&batch->columns[writer->texts[i]]);

        bytes += offsets[row + 1] - offsets[row];
    }
    return bytes;
}

/* Counts rows of the queue for the next unit; true = it is full. It is that by cells, by the bytes of its texts, or with the sheet. */
static bool count_unit(struct xlsx_writer *writer)
{
    int64_t most = UNIT_JOBS * JOB_CELLS / (int64_t)(writer->schema.count != 0 ? writer->schema.count : 1);
    int64_t sheet = writer->sheet_rows - writer->taken % writer->sheet_rows;

    most = most < sheet ? most : sheet;
    most = most != 0 ? most : 1;
    if (writer->seen == NULL) {
        writer->seen = writer->first;
        writer->seen_row = writer->start;
    }
    while (writer->seen != NULL && writer->unit_rows < most && writer->unit_bytes < UNIT_JOBS * JOB_BYTES) {
        const struct pf_batch *batch = &writer->seen->batch;

        if (writer->seen_row < batch->rows) {
            writer->unit_bytes += text_bytes(writer, batch, writer->seen_row++);
            writer->unit_rows++;
        } else if (writer->seen->next != NULL) {
            writer->seen = writer->seen->next;
            writer->seen_row = 0;
        } else {
            break;
        }
    }
    return writer->unit_rows >= most || writer->unit_bytes >= UNIT_JOBS * JOB_BYTES;
}

static int64_t parts_of(int64_t whole, int64_t part)
{
    return (whole + part - 1) / part;
}

/* The rows that were counted, shared out among as many jobs as they are worth. */
static void cut_jobs(struct xlsx_writer *writer, struct xlsx_unit *unit)
{
    int64_t jobs = parts_of(writer->unit_rows * writer->schema.count, JOB_CELLS),
            by_bytes = parts_of(writer->unit_bytes, JOB_BYTES);

    jobs = jobs > by_bytes ? jobs : by_bytes;
    jobs = jobs < UNIT_JOBS ? jobs : UNIT_JOBS;
    unit->first = writer->taken;
    unit->rows = writer->unit_rows;
    unit->job_rows = parts_of(unit->rows, jobs != 0 ? jobs : 1);
    unit->unit.job_count = (uint32_t)parts_of(unit->rows, unit->job_rows);
    writer->seen = NULL;
    writer->unit_rows = writer->unit_bytes = 0;
}

static enum pf_status xlsx_take(void *state, bool last, struct pf_unit **out, struct pf_error *err)
{
    struct xlsx_writer *writer = state;
    struct xlsx_unit *unit;

    *out = NULL;
    if (!count_unit(writer) && (!last || writer->unit_rows == 0))
        return PF_OK;
    unit = pf_alloc_zero(writer->memory, 1, sizeof *unit);
    if (unit == NULL)
        return pf_fail_memory(err, sizeof *unit);
    for (uint32_t i = 0; i < UNIT_JOBS; i++)
        pf_buffer_init(&unit->pieces[i].bytes, writer->memory, SIZE_MAX);
    cut_jobs(writer, unit);
    if (fill_unit(writer, unit, err) != PF_OK || make_widths(writer, unit, err) != PF_OK) {
        free_unit(writer, unit);
        return err->status;
    }
    unit->unit.number = writer->units++;
    *out = &unit->unit;
    return PF_OK;
}

/* Rows from..to of the unit. */
static enum pf_status encode_rows(const struct xlsx_writer *writer, struct xlsx_unit *unit, int64_t from, int64_t to,
                                  uint8_t *buffer, struct pf_zip_piece *deflate, struct piece *piece, struct pf_error *err)
{
    int64_t at = 0; /* in the unit, of the slice */

    for (uint32_t i = 0; i < unit->slice_count && at < to; i++) {
        const struct xlsx_slice *slice = &unit->slices[i];
        int64_t rows = slice->to - slice->from, begin = from > at ? from - at : 0, end = to < at + rows ? to - at : rows;

        if (begin < end) {
            struct xlsx_slice part = { slice->batch, slice->from + begin, slice->from + end };
            int64_t row = unit->first + at + begin;

            if (xlsx_put_rows(&writer->schema, &part, row % writer->sheet_rows + 2, row, buffer, deflate, &piece->counts,
                              err) != PF_OK)
                return err->status;
        }
        at += rows;
    }
    return PF_OK;
}

static enum pf_status xlsx_encode(const void *state, struct pf_unit *pf_unit, uint32_t job, struct pf_error *err)
{
    const struct xlsx_writer *writer = state;
    struct xlsx_unit *unit = (struct xlsx_unit *)(void *)pf_unit;
    struct piece *piece = &unit->pieces[job];
    int64_t from = (int64_t)job * unit->job_rows, to = from + unit->job_rows;
    struct pf_zip_piece *deflate = NULL;
    uint8_t *buffer = pf_alloc(writer->memory, XLSX_BUFFER);
    enum pf_status status;

    if (to > unit->rows)
        to = unit->rows;
    if (buffer == NULL)
        return pf_fail_memory(err, XLSX_BUFFER);
    status = pf_zip_piece_new(writer->memory, XLSX_LEVEL, &piece->bytes, &deflate, err);
    if (status == PF_OK)
        status = encode_rows(writer, unit, from, to, buffer, deflate, piece, err);
    if (status == PF_OK)
        status = pf_zip_piece_end(deflate, &piece->crc, &piece->plain, err);
    pf_zip_piece_free(deflate);
    pf_free(writer->memory, buffer);
    return status;
}

/* ---- sheets */

static enum pf_status add_text(struct xlsx_writer *writer, struct pf_buffer *text, bool made, struct pf_error *err)
{
    enum pf_status status =
        made ? pf_zip_writer_add(writer->zip, text->data, text->size, err) : pf_fail_memory(err, text->size);

    pf_buffer_free(text);
    return status;
}

/* Whether a sheet is called so, in whatever case: then *number is the highest that names which begin alike were given. */
static bool is_taken(const struct xlsx_writer *writer, const char *name, uint32_t *number)
{
    const struct xlsx_sheet *sheets = (const struct xlsx_sheet *)(const void *)writer->sheets.data;
    uint64_t hash, begins;
    uint32_t highest = *number;
    bool taken = false;

    xlsx_name_hashes(name, &hash, &begins);
    for (uint32_t i = 0; i < sheet_count(writer); i++) {
        taken = taken || (sheets[i].hash == hash && pf_same_letters(sheets[i].name, name));
        if (sheets[i].begins == begins && sheets[i].number > highest)
            highest = sheets[i].number;
    }
    *number = taken ? highest : *number;
    return taken;
}

static enum pf_status add_sheet(struct xlsx_writer *writer, struct pf_error *err)
{
    struct xlsx_sheet sheet = { .rows = 1, .columns = writer->schema.count };
    uint32_t number = ++writer->table_sheets;

    memcpy(sheet.name, writer->name, sizeof sheet.name);
    if (number > 1)
        xlsx_numbered_name(writer->name, number, sheet.name);
    while (is_taken(writer, sheet.name, &number))
        xlsx_numbered_name(writer->name, ++number, sheet.name);
    xlsx_name_hashes(sheet.name, &sheet.hash, &sheet.begins);
    sheet.number = number;
    if (writer->table_sheets == 2)
        memcpy(writer->second, sheet.name, sizeof sheet.name);
    if (writer->table_sheets == 1 && number > 1)
        pf_warn(writer->ctx, "a sheet called '%s' is there already: this one is called '%s'", writer->name, sheet.name);
    return pf_buffer_append(&writer->sheets, &sheet, sizeof sheet) ? PF_OK : pf_fail_memory(err, sizeof sheet);
}

static enum pf_status begin_sheet(struct xlsx_writer *writer, struct pf_error *err)
{
    struct pf_buffer text;
    char part[48];

    if (make_widths(writer, NULL, err) != PF_OK || add_sheet(writer, err) != PF_OK)
        return err->status;
    pf_buffer_init(&text, writer->memory, SIZE_MAX);
    if (!pf_buffer_printf(&text, "xl/worksheets/sheet%u.xml", sheet_count(writer)) || text.size >= sizeof part) {
        pf_buffer_free(&text);
        return pf_fail_memory(err, sizeof part);
    }
    memcpy(part, text.data, text.size);
    part[text.size] = '\0';
    pf_buffer_clear(&text);
    if (pf_zip_writer_begin(writer->zip, part, XLSX_LEVEL, err) != PF_OK) {
        pf_buffer_free(&text);
        return err->status;
    }
    return add_text(writer, &text,
                    xlsx_put_sheet_head(&writer->schema, &writer->options, &writer->widths, sheet_count(writer) == 1, &text),
                    err);
}

static struct xlsx_sheet *last_sheet(struct xlsx_writer *writer)
{
    return (struct xlsx_sheet *)(void *)writer->sheets.data + sheet_count(writer) - 1;
}

static enum pf_status end_sheet(struct xlsx_writer *writer, struct pf_error *err)
{
    struct pf_buffer text;

    pf_buffer_init(&text, writer->memory, SIZE_MAX);
    if (add_text(writer, &text, xlsx_put_sheet_tail(&writer->schema, &writer->options, last_sheet(writer)->rows, &text), err) !=
        PF_OK)
        return err->status;
    return pf_zip_writer_end(writer->zip, err);
}

static enum pf_status emit_pieces(struct xlsx_writer *writer, const struct xlsx_unit *unit, struct pf_error *err)
{
    if (unit->first % writer->sheet_rows == 0) {
        if (writer->table_sheets != 0 && end_sheet(writer, err) != PF_OK)
            return err->status;
        if (begin_sheet(writer, err) != PF_OK)
            return err->status;
    }
    for (uint32_t i = 0; i < unit->unit.job_count; i++) {
        const struct piece *piece = &unit->pieces[i];

        if (pf_zip_writer_add_deflated(writer->zip, piece->bytes.data, piece->bytes.size, piece->crc, piece->plain, err) !=
            PF_OK)
            return err->status;
        writer->counts.long_numbers += piece->counts.long_numbers;
        writer->counts.no_numbers += piece->counts.no_numbers;
        writer->counts.dates += piece->counts.dates;
    }
    last_sheet(writer)->rows += unit->rows;
    writer->emitted += unit->rows;
    return PF_OK;
}

static enum pf_status xlsx_emit(void *state, struct pf_unit *pf_unit, struct pf_error *err)
{
    struct xlsx_unit *unit = (struct xlsx_unit *)(void *)pf_unit;
    enum pf_status status = emit_pieces(state, unit, err);

    free_unit(state, unit);
    return status;
}

static void xlsx_drop(void *state, struct pf_unit *unit)
{
    free_unit(state, (struct xlsx_unit *)(void *)unit);
}

/* ---- finish */

static void tell_counts(const struct xlsx_writer *writer)
{
    const struct xlsx_counts *counts = &writer->counts;

    if (counts->long_numbers != 0)
        pf_warn(writer->ctx, "%lld number%s of more than 15 digits %s written as text: Excel would round %s",
                (long long)counts->long_numbers, counts->long_numbers == 1 ? "" : "s", counts->long_numbers == 1 ? "is" : "are",
                counts->long_numbers == 1 ? "it" : "them");
    if (counts->no_numbers != 0)
        pf_warn(writer->ctx, "%lld value%s NaN, inf or -inf %s written as text: Excel has no such numbers",
                (long long)counts->no_numbers, counts->no_numbers == 1 ? "" : "s", counts->no_numbers == 1 ? "is" : "are");
    if (counts->dates != 0)
        pf_warn(
            writer->ctx,
            "%lld date%s or time%s that Excel cannot hold %s written as text: it counts from 1900-03-01 to the year 9999, and "
            "in steps larger than a microsecond from 2079 on",
            (long long)counts->dates, counts->dates == 1 ? "" : "s", counts->dates == 1 ? "" : "s",
            counts->dates == 1 ? "is" : "are");
    for (uint32_t i = 0; i < writer->schema.count; i++) {
        const struct pf_field *field = &writer->schema.fields[i];

        if (field->type == PF_TYPE_TIMESTAMP && field->utc) {
            pf_warn(writer->ctx, "the times of column '%.96s'%s are written as they are in UTC: Excel knows no time zones",
                    field->name, i + 1 < writer->schema.count ? " (and others of its type)" : "");
            break;
        }
    }
    if (writer->table_sheets > 1)
        pf_warn(writer->ctx, "%lld rows do not fit one sheet: they go on in '%s' and so on, %lu sheets in all",
                (long long)writer->emitted, writer->second, (unsigned long)writer->table_sheets);
}

/* A table without rows has a sheet, too. */
static enum pf_status end_table(struct xlsx_writer *writer, struct pf_error *err)
{
    if (writer->table_sheets == 0 && begin_sheet(writer, err) != PF_OK)
        return err->status;
    if (end_sheet(writer, err) != PF_OK)
        return err->status;
    tell_counts(writer);
    return PF_OK;
}

static enum pf_status xlsx_table(void *state, const char *name, const struct pf_schema *schema, struct pf_error *err)
{
    struct xlsx_writer *writer = state;

    if (writer->tables++ == 0) {
        set_name(writer, name);
        return PF_OK;
    }
    if (end_table(writer, err) != PF_OK)
        return err->status;
    writer->rows_before += writer->emitted;
    writer->taken = writer->emitted = 0;
    writer->table_sheets = 0;
    writer->widths_made = false;
    pf_buffer_clear(&writer->widths);
    memset(&writer->counts, 0, sizeof writer->counts);
    set_name(writer, name);
    return set_schema(writer, schema, err);
}

static enum pf_status xlsx_finish(void *state, int64_t rows, struct pf_error *err)
{
    struct xlsx_writer *writer = state;
    struct xlsx_book book;

    if (rows != writer->rows_before + writer->emitted)
        return pf_fail(err, PF_INTERNAL, "%lld rows were written, but %lld were given out",
                       (long long)(writer->rows_before + writer->emitted), (long long)rows);
    if (end_table(writer, err) != PF_OK)
        return err->status;
    book = (struct xlsx_book){ .sheets = (const struct xlsx_sheet *)(const void *)writer->sheets.data,
                               .sheet_count = sheet_count(writer),
                               .filtered = writer->options.autofilter == 0 };
    if (xlsx_write_last_parts(writer->zip, writer->memory, &book, err) != PF_OK)
        return err->status;
    return pf_zip_writer_finish(writer->zip, err);
}

static void xlsx_close(void *state)
{
    struct xlsx_writer *writer = state;

    if (writer->ctx == NULL)
        return;
    while (writer->first != NULL)
        drop_first(writer);
    pf_zip_writer_free(writer->zip);
    pf_free(writer->memory, writer->texts);
    pf_schema_free(&writer->schema);
    pf_buffer_free(&writer->widths);
    pf_buffer_free(&writer->sheets);
    *writer = (struct xlsx_writer){ 0 };
}

/* ---- descriptor */

#define AT(member) offsetof(struct pf_xlsx_write_options, member)
#define GROUP      "Excel output"
/* Rows are set in columns by hand: a table to be read. */
/* clang-format off */
static const struct pf_option xlsx_options[] = {
    { "sheet-name", NULL, PF_OPTION_TEXT, NULL, "Sheet1", "NAME",
      "The name of the sheet; further ones of the same table are NAME_2 and so on.", GROUP, AT(sheet_name) },
    { "header-style", NULL, PF_OPTION_CHOICE, "yes|no", "yes", NULL,
      "Whether the column names are bold.", GROUP, AT(header_style) },
    { "freeze-header", NULL, PF_OPTION_CHOICE, "yes|no", "yes", NULL,
      "Whether the column names stay in sight while the rows are scrolled.", GROUP, AT(freeze_header) },
    { "autofilter", NULL, PF_OPTION_CHOICE, "yes|no", "yes", NULL,
      "Whether the column names have buttons that filter and sort.", GROUP, AT(autofilter) },
    { "column-width", NULL, PF_OPTION_CHOICE, "yes|no", "yes", NULL,
      "Whether columns are as wide as their names and first values.", GROUP, AT(column_width) },
    { .name = NULL },
};
/* clang-format on */

static const char *const xlsx_suffixes[] = { "xlsx", NULL };

const struct pf_writer pf_xlsx_writer = {
    .abi = PF_ABI,
    .settle = PF_SETTLE_FIRST,
    .name = "excel",
    .description = "Excel workbook",
    .suffixes = xlsx_suffixes,
    .options = xlsx_options,
    .state_size = sizeof(struct xlsx_writer),
    .option_size = sizeof(struct pf_xlsx_write_options),
    .open = xlsx_open,
    .add = xlsx_add,
    .take = xlsx_take,
    .encode = xlsx_encode,
    .emit = xlsx_emit,
    .drop = xlsx_drop,
    .table = xlsx_table,
    .finish = xlsx_finish,
    .close = xlsx_close,
};
