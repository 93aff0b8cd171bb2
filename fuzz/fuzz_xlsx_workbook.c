/* Workbooks from anywhere: an archive, or the parts of one, each as a line with \x01 and its name before its bytes, of which an archive
 * is made here, so that damage is not just found by checksums. Held to: what is opened is whole, what is refused says why, and nothing
 * is left behind. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "formats/xlsx/workbook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS = 64, NAME = 256 };

static void check_name(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || pf_utf8_valid((const uint8_t *)name, size, 0) != size)
        abort();
}

static void check_range(const struct pf_xlsx_range *range)
{
    if (range->top > range->bottom || range->left > range->right || range->bottom >= PF_XLSX_ROWS ||
        range->right >= PF_XLSX_COLUMNS)
        abort();
}

static void take_fact(void *user, const char *name, const char *value, bool number)
{
    (void)user;
    (void)number;
    check_name(name);
    check_name(value);
}

static void check_workbook(struct pf_xlsx_workbook *workbook)
{
    if (workbook->sheet_count == 0)
        abort();
    for (uint32_t i = 0; i < workbook->sheet_count; i++) {
        const struct pf_xlsx_sheet *sheet = &workbook->sheets[i];
        struct pf_xlsx_range range;
        struct pf_error err;
        bool found;

        check_name(sheet->name);
        if ((sheet->worksheet && sheet->entry == NULL) || sheet->part == NULL || sheet->visibility > PF_XLSX_VERY_HIDDEN)
            abort();
        if (pf_xlsx_dimension(workbook, i, &range, &found, &err) == PF_OK && found)
            check_range(&range);
    }
    for (uint32_t i = 0; i < workbook->named_count; i++) {
        check_name(workbook->named[i].name);
        check_range(&workbook->named[i].range);
        if (workbook->named[i].sheet >= workbook->sheet_count)
            abort();
    }
    for (uint32_t i = 0; i < workbook->style_count; i++) {
        if (workbook->style_kind[i] > PF_XLSX_TEXT)
            abort();
    }
    pf_xlsx_facts(workbook, take_fact, NULL);
}

static void open_bytes(struct pf_context *ctx, const void *bytes, size_t size)
{
    struct pf_zip_limits limits = pf_zip_usual_limits;
    struct pf_source *src;
    struct pf_xlsx_workbook workbook;
    struct pf_error err;
    enum pf_status status;

    pf_error_clear(&err);
    if (pf_source_memory(ctx, bytes, size, "book.xlsx", &src, &err) != PF_OK)
        return;
    limits.expansion_from = (int64_t)1 << 20;
    if (pf_source_has_read_at(src)) {
        status = pf_xlsx_workbook_open(ctx, src, &limits, &workbook, &err);
        if (status == PF_OK)
            check_workbook(&workbook);
        else if (err.message[0] == '\0' || err.status != status || err.source[0] == '\0')
            abort();
        pf_xlsx_workbook_close(&workbook);
    }
    pf_source_close(src);
}

/* One part: its name up to the end of the line. */
static enum pf_status add_part(struct pf_zip_writer *writer, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    const uint8_t *line = memchr(bytes, '\n', size);
    size_t length = line != NULL ? (size_t)(line - bytes) : size;
    char name[NAME];
    enum pf_status status;

    if (length == 0 || length >= sizeof name || memchr(bytes, '\0', length) != NULL)
        return PF_OK;
    memcpy(name, bytes, length);
    name[length] = '\0';
    length += line != NULL;
    status = pf_zip_writer_begin(writer, name, 0, err);
    if (status == PF_OK)
        status = pf_zip_writer_add(writer, bytes + length, size - length, err);
    return status == PF_OK ? pf_zip_writer_end(writer, err) : status;
}

static void open_parts(struct pf_context *ctx, const uint8_t *data, size_t size)
{
    struct pf_sink *sink;
    struct pf_zip_writer *writer;
    struct pf_error err;
    enum pf_status status = PF_OK;
    uint32_t parts = 0;

    if (pf_sink_memory(ctx, &sink, &err) != PF_OK || pf_zip_writer_new(ctx, sink, &writer, &err) != PF_OK)
        abort();
    for (const uint8_t *at = data, *end = data + size; status == PF_OK && at < end && parts < PARTS; parts++) {
        const uint8_t *next = memchr(at, 1, (size_t)(end - at));
        status = add_part(writer, at, (size_t)((next != NULL ? next : end) - at), &err);
        at = next != NULL ? next + 1 : end;
    }
    if (status == PF_OK && pf_zip_writer_finish(writer, &err) == PF_OK) {
        size_t stored;
        const uint8_t *bytes = pf_sink_memory_bytes(sink, &stored);
        open_bytes(ctx, bytes, stored);
    }
    pf_zip_writer_free(writer);
    pf_sink_free(sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_context *ctx = pf_context_make(NULL);

    if (ctx == NULL)
        return 0;
    ctx->memory.limit = (size_t)256 << 20;
    if (size != 0 && data[0] == 1)
        open_parts(ctx, data + 1, size - 1);
    else
        open_bytes(ctx, data, size);
    if (atomic_load(&ctx->memory.in_use) != 0)
        abort();
    pf_context_free(ctx);
    return 0;
}
