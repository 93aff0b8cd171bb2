/* XML from anywhere. Held to: every view lies within the bytes, an element opened is closed once, nothing is deeper than it may be, what
 * is refused says where, and text that was UTF-8 is UTF-8 when its references are resolved. */
#include <stdlib.h>

#include "base/text.h"
#include "formats/xlsx/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct checked {
    const char *start, *end;
    bool utf8;
    struct pf_buffer text;
};

static void check_text(struct checked *checked, struct pf_view view, bool attribute)
{
    int64_t number;

    if (view.size != 0 &&
        (view.text < checked->start || view.text > checked->end || view.size > (size_t)(checked->end - view.text)))
        abort();
    pf_buffer_clear(&checked->text);
    if (!pf_scan_append(&checked->text, view, attribute))
        return;
    if (checked->text.size > view.size)
        abort();
    if (checked->utf8 && pf_utf8_valid(checked->text.data, checked->text.size, 0) != checked->text.size)
        abort();
    if (pf_scan_number(view, -1000, 1000, &number) && (number < -1000 || number > 1000))
        abort();
}

static void check_element(struct checked *checked, const struct pf_scan *scan)
{
    if (scan->depth == 0 || scan->depth > PF_SCAN_DEPTH || scan->attribute_count > PF_SCAN_ATTRIBUTES || scan->name.size == 0)
        abort();
    check_text(checked, scan->name, false);
    for (uint32_t i = 0; i < scan->attribute_count; i++) {
        check_text(checked, scan->attributes[i].name, false);
        check_text(checked, scan->attributes[i].value, true);
    }
    (void)pf_scan_relation(scan);
    (void)pf_scan_is(scan, "row");
}

/* skip: elements called so are passed over. */
static void scan_all(struct checked *checked, struct pf_memory *memory, const void *bytes, size_t size, const char *skip)
{
    struct pf_arena arena;
    struct pf_scan scan;
    struct pf_error err;
    enum pf_scan_item item = PF_SCAN_TEXT;
    enum pf_status status = PF_OK;
    uint32_t depth = 0;

    pf_error_clear(&err);
    pf_arena_init(&arena, memory, (size_t)16 << 20);
    pf_scan_begin(&scan, &arena, "part", bytes, size);
    while (status == PF_OK && item != PF_SCAN_END) {
        status = pf_scan_next(&scan, &item, &err);
        if (status != PF_OK)
            break;
        if (item == PF_SCAN_OPEN)
            check_element(checked, &scan);
        else if (item == PF_SCAN_TEXT)
            check_text(checked, scan.text, false);
        depth += item == PF_SCAN_OPEN;
        depth -= item == PF_SCAN_CLOSE;
        if (item == PF_SCAN_OPEN && pf_view_is(scan.name, skip)) {
            status = pf_scan_skip(&scan, &err);
            depth--;
        }
        if (status == PF_OK && depth != scan.depth)
            abort();
    }
    if (status == PF_BAD_DATA && (err.offset < 0 || err.offset > (int64_t)size || err.message[0] == '\0'))
        abort();
    if (status == PF_OK && scan.depth != 0)
        abort();
    pf_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char none[] = "";
    struct pf_memory memory;
    struct checked checked = { .start = (const char *)data, .end = (const char *)data + size };

    if (size == 0)
        checked.start = checked.end = none;
    checked.utf8 = pf_utf8_valid((const uint8_t *)checked.start, size, 0) == size;
    if (!pf_memory_init(&memory, (size_t)64 << 20))
        return 0;
    pf_buffer_init(&checked.text, &memory, SIZE_MAX);
    scan_all(&checked, &memory, checked.start, size, "");
    scan_all(&checked, &memory, checked.start, size, "b");
    pf_buffer_free(&checked.text);
    if (atomic_load(&memory.in_use) != 0)
        abort();
    pf_memory_destroy(&memory);
    return 0;
}
