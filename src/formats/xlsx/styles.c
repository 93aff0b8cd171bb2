/* Cell styles: what a number under each is. Source: ECMA-376 part 1, 18.8.10 (cellXfs), 18.8.30 (numFmt), 18.8.45 (xf). */
#include <string.h>

#include "formats/xlsx/package.h"

enum { DIRECT = 65536 /* ids that have a place of their own */, FAR = 1024 /* ids beyond, which Excel does not write */ };

/* The workbook's own formats. An id that comes twice means what it means last. */
struct formats {
    uint8_t kind[DIRECT]; /* enum pf_xlsx_kind + 1; 0 = not defined */
    uint32_t far_id[FAR];
    uint8_t far_kind[FAR];
    uint32_t far_count;
};

static void define(struct formats *formats, uint32_t id, enum pf_xlsx_kind kind)
{
    uint32_t at = 0;

    if (id < DIRECT) {
        formats->kind[id] = (uint8_t)(kind + 1);
        return;
    }
    while (at < formats->far_count && formats->far_id[at] != id)
        at++;
    if (at == FAR)
        return;
    formats->far_id[at] = id;
    formats->far_kind[at] = (uint8_t)kind;
    formats->far_count += at == formats->far_count;
}

static enum pf_xlsx_kind kind_of(const struct formats *formats, uint32_t id)
{
    if (id < DIRECT)
        return formats->kind[id] != 0 ? (enum pf_xlsx_kind)(formats->kind[id] - 1) : pf_xlsx_kind_of_builtin(id);
    for (uint32_t i = 0; i < formats->far_count; i++) {
        if (formats->far_id[i] == id)
            return (enum pf_xlsx_kind)formats->far_kind[i];
    }
    return PF_XLSX_NUMBER;
}

/* <numFmts>: the formats; text is room for one. */
static enum pf_status read_formats(struct pf_xlsx_part *part, struct formats *formats, struct pf_buffer *text,
                                   struct pf_error *err)
{
    bool found = true;
    enum pf_status status = PF_OK;

    while (status == PF_OK) {
        struct pf_view code;
        int64_t id;

        status = pf_xlsx_part_next(part, 2, "numFmt", &found, err);
        if (status != PF_OK || !found)
            break;
        code = pf_scan_value(&part->scan, "formatCode");
        if (code.text != NULL && pf_scan_number(pf_scan_value(&part->scan, "numFmtId"), 0, UINT32_MAX, &id)) {
            pf_buffer_clear(text);
            if (!pf_scan_append(text, code, true))
                return pf_fail_memory(err, code.size);
            define(formats, (uint32_t)id, pf_xlsx_kind_of_code((const char *)text->data, text->size));
        }
        status = pf_scan_skip(&part->scan, err);
    }
    return status;
}

/* <cellXfs>: the id of each style's format. A style without one has the format called General. */
static enum pf_status read_styles(struct pf_xlsx_part *part, struct pf_buffer *ids, struct pf_error *err)
{
    bool found = true;
    enum pf_status status = PF_OK;

    while (status == PF_OK) {
        int64_t number;
        uint32_t id;

        status = pf_xlsx_part_next(part, 2, "xf", &found, err);
        if (status != PF_OK || !found)
            break;
        id = pf_scan_number(pf_scan_value(&part->scan, "numFmtId"), 0, UINT32_MAX, &number) ? (uint32_t)number : 0;
        if (ids->size / sizeof id == PF_XLSX_STYLES)
            return pf_fail(err, PF_BAD_DATA, "%s has more than %d cell styles", part->scan.part, (int)PF_XLSX_STYLES);
        if (!pf_buffer_append(ids, &id, sizeof id))
            return pf_fail_memory(err, ids->size + sizeof id);
        status = pf_scan_skip(&part->scan, err);
    }
    return status;
}

static enum pf_status read_sheet_of_styles(struct pf_xlsx_part *part, struct formats *formats, struct pf_buffer *text,
                                           struct pf_buffer *ids, struct pf_error *err)
{
    bool found = true;
    enum pf_status status = pf_xlsx_part_root(part, "styleSheet", err);

    while (status == PF_OK) {
        status = pf_xlsx_part_child(part, 1, &found, err);
        if (status != PF_OK || !found)
            break;
        if (pf_scan_is(&part->scan, "numFmts"))
            status = read_formats(part, formats, text, err);
        else if (pf_scan_is(&part->scan, "cellXfs"))
            status = read_styles(part, ids, err);
        else
            status = pf_scan_skip(&part->scan, err);
    }
    return status;
}

/* One byte a style. Formats are looked up only now: most files have them before the styles, but not all. */
static enum pf_status keep_styles(struct pf_xlsx_workbook *workbook, const struct formats *formats, const struct pf_buffer *ids,
                                  struct pf_error *err)
{
    const uint32_t *id = (const uint32_t *)(const void *)ids->data;
    const uint32_t count = (uint32_t)(ids->size / sizeof *id);
    uint8_t *kinds = pf_arena_alloc(&workbook->arena, count + 1);

    if (kinds == NULL)
        return pf_fail_memory(err, count + 1);
    for (uint32_t i = 0; i < count; i++)
        kinds[i] = (uint8_t)kind_of(formats, id[i]);
    workbook->style_kind = kinds;
    workbook->style_count = count;
    return PF_OK;
}

enum pf_status pf_xlsx_styles_load(struct pf_xlsx_workbook *workbook, const struct pf_zip_entry *entry, struct pf_error *err)
{
    struct pf_memory *memory = workbook->arena.memory;
    struct formats *formats;
    struct pf_buffer text, ids;
    struct pf_xlsx_part part;
    enum pf_status status;

    if (entry == NULL)
        return PF_OK;
    formats = pf_alloc_zero(memory, 1, sizeof *formats);
    if (formats == NULL)
        return pf_fail_memory(err, sizeof *formats);
    pf_buffer_init(&text, memory, PF_XLSX_PART_BYTES);
    pf_buffer_init(&ids, memory, SIZE_MAX);
    status = pf_xlsx_part_open(workbook, entry, &part, err);
    if (status == PF_OK)
        status = read_sheet_of_styles(&part, formats, &text, &ids, err);
    if (status == PF_OK)
        status = keep_styles(workbook, formats, &ids, err);
    pf_xlsx_part_close(&part);
    pf_buffer_free(&ids);
    pf_buffer_free(&text);
    pf_free(memory, formats);
    return status;
}
