/* The workbook reader as the registry sees it: probe, open, table, facts, options. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/number.h"
#include "formats/xlsx/xlsx.h"

enum { STRINGS_SHARE = 4 /* of the memory limit that shared strings may take: one in so many */ };

/* ---- limits */

enum pf_status xlsx_check_size(const struct xlsx_reader *reader, const struct pf_zip_entry *entry, struct pf_error *err)
{
    const int64_t limit = reader->options->max_unpacked;

    if (limit == 0 || entry->size <= limit)
        return PF_OK;
    pf_fail(err, PF_LIMIT, "%s has %lld bytes when it is unpacked, more than %lld", entry->name, (long long)entry->size,
            (long long)limit);
    pf_remedy(err, "if the file is trusted, raise --max-unpacked");
    return err->status;
}

/* ---- probe */

struct mark {
    const char *bytes;
    size_t size;
};

static bool has_mark(const uint8_t *head, size_t size, const struct mark *marks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memmem(head, size, marks[i].bytes, marks[i].size) != NULL)
            return true;
    }
    return false;
}

/* Workbooks of other kinds are taken as well: opening tells them by their names. */
static int xlsx_probe(const struct pf_reader *self, const uint8_t *head, size_t size)
{
    static const struct mark parts[] = { { "xl/", 3 }, { "xl\\", 3 }, { "opendocument.spreadsheet", 24 } };
    static const struct mark package[] = { { "[Content_Types].xml", 19 } };
    static const struct mark streams[] = { { "W\0o\0r\0k\0b\0o\0o\0k", 15 },
                                           { "B\0o\0o\0k", 7 },
                                           { "E\0n\0c\0r\0y\0p\0t\0e\0d\0P", 19 } };
    static const uint8_t compound[] = { 0xD0, 0xCF, 0x11, 0xE0 };

    (void)self;
    if (size >= sizeof compound && memcmp(head, compound, sizeof compound) == 0)
        return has_mark(head, size, streams, PF_COUNT(streams)) ? 91 : 20;
    if (!pf_zip_is_like(head, size))
        return 0;
    if (has_mark(head, size, parts, PF_COUNT(parts)))
        return 95;
    return has_mark(head, size, package, PF_COUNT(package)) ? 40 : 20;
}

/* ---- open */

static enum pf_status load_strings(struct xlsx_reader *reader, struct pf_error *err)
{
    size_t limit = reader->ctx->memory.limit;

    if (reader->has_strings || reader->workbook.strings == NULL)
        return PF_OK;
    if (xlsx_check_size(reader, reader->workbook.strings, err) != PF_OK)
        return err->status;
    reader->has_strings = true;
    return xlsx_strings_load(&reader->strings, reader->ctx, &reader->workbook,
                             limit == SIZE_MAX ? SIZE_MAX : limit / STRINGS_SHARE, reader->compat, err);
}

static enum pf_status xlsx_open(const struct pf_reader *self, void *state, struct pf_context *ctx, struct pf_source *src,
                                const void *options, struct pf_error *err)
{
    struct xlsx_reader *reader = state;
    struct pf_zip_limits limits = pf_zip_usual_limits;

    (void)self;
    limits.expansion = (int64_t)ctx->limits.expansion;
    reader->ctx = ctx;
    reader->src = src;
    reader->options = options;
    reader->block_bytes = reader->options->block_bytes;
    reader->drop_blank = reader->options->drop_blank_rows || reader->options->compat;
    reader->compat = reader->options->compat;
    reader->features = pf_cpu_features();
    pf_arena_init(&reader->arena, &ctx->memory, SIZE_MAX);
    if (pf_xlsx_workbook_open(ctx, src, &limits, &reader->workbook, err) != PF_OK) {
        pf_error_source(err, pf_source_name(src));
        return err->status;
    }
    reader->opened = true;
    reader->tables = pf_arena_alloc_zero(&reader->arena, (size_t)reader->workbook.sheet_count + 1, sizeof *reader->tables);
    if (reader->tables == NULL)
        return pf_fail_memory(err, reader->workbook.sheet_count * sizeof *reader->tables);
    return xlsx_choose_range(reader, err);
}

static enum pf_status xlsx_list(void *state, uint32_t index, struct pf_listed *out, struct pf_error *err)
{
    const struct xlsx_reader *reader = state;
    const struct pf_xlsx_sheet *sheet;

    (void)err;
    if (index >= reader->workbook.sheet_count)
        return PF_END;
    sheet = &reader->workbook.sheets[index];
    *out = (struct pf_listed){ .name = sheet->name,
                               .hidden = sheet->visibility != PF_XLSX_VISIBLE,
                               .chosen = reader->range_sheet == sheet,
                               .cannot = sheet->worksheet ? NULL : "a chart or a macro sheet, which has no cells" };
    return PF_OK;
}

/* Makes the sheet's table that of the reader; the first time it is looked for. */
static enum pf_status find_table(struct xlsx_reader *reader, uint32_t index, struct pf_error *err)
{
    const struct pf_xlsx_sheet *sheet = &reader->workbook.sheets[index];

    if (reader->tables[index].ready) {
        reader->table = reader->tables[index];
        return PF_OK;
    }
    if (!sheet->worksheet)
        return pf_fail(err, PF_UNSUPPORTED, "the sheet '%s' is a chart or a macro sheet: it has no cells", sheet->name);
    if (sheet->entry == NULL)
        return pf_fail(err, PF_BAD_DATA, "the sheet '%s' is not in the archive", sheet->name);
    reader->table = (struct xlsx_table){ .sheet = sheet, .range = reader->range };
    if (load_strings(reader, err) != PF_OK || xlsx_find_table(reader, err) != PF_OK)
        return err->status;
    reader->table.ready = true;
    reader->tables[index] = reader->table;
    return PF_OK;
}

static enum pf_status xlsx_table(void *state, uint32_t index, struct pf_table *out, struct pf_error *err)
{
    static const struct pf_field text = { .type = PF_TYPE_STRING };
    struct xlsx_reader *reader = state;

    if (index >= reader->workbook.sheet_count)
        return PF_END;
    if (find_table(reader, index, err) != PF_OK) {
        pf_error_source(err, pf_source_name(reader->src));
        return err->status;
    }
    out->name = reader->table.sheet->name;
    out->rows = -1;
    out->doubt = reader->table.doubt;
    out->uncalculated = reader->table.uncalculated;
    for (uint32_t i = 0; i < reader->table.column_count; i++) {
        if (!pf_schema_add(&out->schema, reader->table.names[i], strlen(reader->table.names[i]), &text))
            return pf_fail_memory(err, strlen(reader->table.names[i]));
    }
    return PF_OK;
}

static enum pf_status xlsx_begin(void *state, const struct pf_pass *pass, struct pf_error *err)
{
    struct xlsx_reader *reader = state;

    return find_table(reader, pass->table, err) == PF_OK ? xlsx_start(state, pass, err) : err->status;
}

/* A pass met a value in a column that the first rows do not have: the whole sheet is looked at for such columns. */
static enum pf_status xlsx_again(void *state, bool *again, struct pf_error *err)
{
    struct xlsx_reader *reader = state;

    *again = reader->opened && atomic_load(&reader->wider) && !reader->table.scanned;
    if (!*again)
        return PF_OK;
    atomic_store(&reader->wider, false);
    pf_free(&reader->ctx->memory, reader->held.bytes);
    reader->held.bytes = NULL;
    xlsx_feed_close(&reader->feed);
    reader->table.scanned = true;
    if (xlsx_find_table(reader, err) != PF_OK)
        return err->status;
    reader->tables[reader->table.sheet - reader->workbook.sheets] = reader->table;
    return PF_OK;
}

/* ---- facts */

static void number_fact(pf_fact_fn emit, void *user, const char *name, int64_t number)
{
    char text[PF_INT64_TEXT + 1];

    text[pf_print_int64(number, text)] = '\0';
    emit(user, name, text, true);
}

static void xlsx_facts(const void *state, pf_fact_fn emit, void *user)
{
    const struct xlsx_reader *reader = state;

    pf_xlsx_facts((struct pf_xlsx_workbook *)(uintptr_t)&reader->workbook, emit, user);
    if (reader->table.sheet == NULL)
        return;
    emit(user, "sheet", reader->table.sheet->name, false);
    emit(user, "header", reader->table.has_header ? "true" : "false", true);
    if (reader->table.has_header)
        number_fact(emit, user, "header_row", (int64_t)reader->table.header_row + 1);
    number_fact(emit, user, "columns", reader->table.column_count);
}

static void xlsx_close(void *state)
{
    struct xlsx_reader *reader = state;

    if (reader->ctx == NULL)
        return;
    pf_free(&reader->ctx->memory, reader->held.bytes);
    xlsx_feed_close(&reader->feed);
    xlsx_strings_free(&reader->strings, reader->ctx);
    if (reader->opened)
        pf_xlsx_workbook_close(&reader->workbook);
    pf_arena_free(&reader->arena);
    memset(reader, 0, sizeof *reader);
}

/* ---- descriptor */

#define AT(member) offsetof(struct pf_xlsx_read_options, member)
/* Rows are set in columns by hand: a table to be read. */
/* clang-format off */
static const struct pf_option xlsx_options[] = {
    { "range", NULL, PF_OPTION_TEXT, NULL, NULL, "CELLS",
      "The cells to read: B4:F, Sheet!B4:F20, the name of an Excel table or of a range.",
      "Excel input", AT(range) },
    { "header", NULL, PF_OPTION_TEXT, NULL, "auto", "auto|yes|no|N|N-M",
      "Whether there is a header, or its row; several rows are joined with _.",
      "Excel input", AT(header) },
    { "drop-blank-rows", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Leave out rows without any value; those at the end always are.",
      "Excel input", AT(drop_blank_rows) },
    { "fill-merged", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Repeat the value of merged cells in all of them; without it the first has it alone.",
      "Excel input", AT(fill_merged) },
    { "max-cells", NULL, PF_OPTION_INTEGER, NULL, "500000000", "N",
      "Refuse a sheet with more cells, those of blank rows among them; 0: as many as a sheet can have.",
      "Excel input", AT(max_cells) },
    { "max-unpacked", NULL, PF_OPTION_SIZE, NULL, "64G", "SIZE",
      "Refuse a sheet, or shared strings, of more XML than this when unpacked.",
      "Excel input", AT(max_unpacked) },
    { .name = NULL },
};
/* clang-format on */

static const char *const xlsx_suffixes[] = { "xlsx", "xlsm", "xltx", "xltm", NULL };

const struct pf_reader pf_xlsx_reader = {
    .abi = PF_ABI,
    .flags = PF_READER_READ_AT | PF_READER_TELLS_HEADER,
    .name = "excel",
    .description = "Excel workbooks (xlsx, xlsm, xltx, xltm)",
    .suffixes = xlsx_suffixes,
    .options = xlsx_options,
    .state_size = sizeof(struct xlsx_reader),
    .option_size = sizeof(struct pf_xlsx_read_options),
    .table_word = "sheet",
    .compat_offset = AT(compat),
    .probe = xlsx_probe,
    .open = xlsx_open,
    .list = xlsx_list,
    .table = xlsx_table,
    .start = xlsx_begin,
    .cut = xlsx_cut,
    .decode = xlsx_decode,
    .again = xlsx_again,
    .facts = xlsx_facts,
    .close = xlsx_close,
    .check = xlsx_check,
};
