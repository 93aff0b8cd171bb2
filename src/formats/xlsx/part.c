/* Parts of a package as UTF-8 text, and walks over their elements. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "formats/xlsx/package.h"

enum { AFTER = 64 /* readable bytes after a part */, DECLARATION = 256 /* bytes in which an XML declaration ends */ };

/* ---- to UTF-8 */

/* What an XML declaration says of the encoding, in to; "" = nothing. */
static void declared_encoding(const uint8_t *bytes, size_t size, char *to, size_t room)
{
    const char *text = (const char *)bytes, *end, *at;
    size_t length = 0;

    to[0] = '\0';
    size = size < DECLARATION ? size : DECLARATION;
    if (size < 5 || memcmp(bytes, "<?xml", 5) != 0)
        return;
    end = memmem(text, size, "?>", 2);
    at = end != NULL ? memmem(text, (size_t)(end - text), "encoding", 8) : NULL;
    if (at == NULL)
        return;
    at += 8;
    while (at < end && (*at == ' ' || *at == '=' || *at == '"' || *at == '\''))
        at++;
    while (at + length < end && at[length] != '"' && at[length] != '\'' && length + 1 < room)
        length++;
    memcpy(to, at, length);
    to[length] = '\0';
}

size_t pf_xlsx_encoding(const uint8_t *bytes, size_t size, char to[PF_XLSX_ENCODING])
{
    static const struct {
        const char *bytes;
        size_t size, skip;
        const char *name;
    } starts[] = {
        { "\xef\xbb\xbf", 3, 3, "" },   { "\xff\xfe", 2, 2, "utf-16le" }, { "\xfe\xff", 2, 2, "utf-16be" },
        { "<\0?\0", 4, 0, "utf-16le" }, { "\0<\0?", 4, 0, "utf-16be" },
    };

    to[0] = '\0';
    for (size_t i = 0; i < PF_COUNT(starts); i++) {
        if (size >= starts[i].size && memcmp(bytes, starts[i].bytes, starts[i].size) == 0) {
            memcpy(to, starts[i].name, strlen(starts[i].name) + 1);
            return starts[i].skip;
        }
    }
    declared_encoding(bytes, size, to, PF_XLSX_ENCODING);
    /* Bytes that are not UTF-16 by their looks are not made so by what they say. */
    if (pf_encoding_is_utf8(to) || strncasecmp(to, "utf-16", 6) == 0 || pf_same_word(to, "us-ascii"))
        to[0] = '\0';
    return 0;
}

enum pf_status pf_xlsx_fail_encoding(enum pf_status status, const char *name, const char *encoding, struct pf_error *err)
{
    if (status == PF_BAD_OPTION)
        return pf_fail(err, PF_UNSUPPORTED, "%s is in the encoding \"%s\", which is not known", name, encoding);
    if (status == PF_BAD_DATA)
        return pf_fail(err, PF_BAD_DATA, "%s is not text in the encoding %s", name, encoding);
    return status;
}

static enum pf_status convert(struct pf_xlsx_part *part, const char *name, const char *encoding, size_t skip,
                              struct pf_error *err)
{
    struct pf_decoder *decoder = NULL;
    struct pf_buffer out;
    enum pf_status status;

    pf_buffer_init(&out, part->memory, (size_t)PF_XLSX_PART_BYTES + AFTER);
    status = pf_decoder_new(&decoder, part->memory, encoding, err);
    if (status == PF_OK)
        status = pf_decoder_feed(decoder, (const uint8_t *)part->bytes + skip, part->size - skip, true, &out, err);
    pf_decoder_free(decoder);
    if (status == PF_OK && !pf_buffer_reserve(&out, AFTER))
        status = pf_fail_memory(err, out.size + AFTER);
    if (status != PF_OK) {
        pf_buffer_free(&out);
        return pf_xlsx_fail_encoding(status, name, encoding, err);
    }
    memset(out.data + out.size, 0, AFTER);
    pf_free(part->memory, part->bytes);
    part->bytes = (char *)out.data;
    part->size = out.size;
    return PF_OK;
}

static enum pf_status read_part(struct pf_xlsx_workbook *workbook, const struct pf_zip_entry *entry, struct pf_xlsx_part *part,
                                struct pf_error *err)
{
    char encoding[PF_XLSX_ENCODING];
    uint8_t *bytes = NULL;
    size_t skip, valid;
    enum pf_status status = pf_zip_read_all(workbook->zip, entry, PF_XLSX_PART_BYTES, &bytes, &part->size, err);

    if (status != PF_OK)
        return status;
    part->bytes = (char *)bytes;
    workbook->read_whole += (int64_t)part->size;
    if (workbook->read_whole > PF_XLSX_ALL_BYTES)
        return pf_fail(err, PF_LIMIT, "the workbook's styles, relationships and tables take more than %d MiB of XML",
                       (int)PF_XLSX_ALL_BYTES >> 20);
    skip = pf_xlsx_encoding(bytes, part->size, encoding);
    if (encoding[0] != '\0')
        return convert(part, entry->name, encoding, skip, err);
    valid = pf_utf8_valid(bytes, part->size, 0);
    if (valid != part->size) {
        pf_fail(err, PF_BAD_DATA, "%s is not UTF-8 (byte %zu)", entry->name, valid);
        err->offset = (int64_t)valid;
        return PF_BAD_DATA;
    }
    return PF_OK;
}

enum pf_status pf_xlsx_part_open(struct pf_xlsx_workbook *workbook, const struct pf_zip_entry *entry, struct pf_xlsx_part *part,
                                 struct pf_error *err)
{
    enum pf_status status;

    part->memory = workbook->arena.memory;
    part->bytes = NULL;
    part->size = 0;
    pf_arena_init(&part->arena, part->memory, PF_XLSX_PART_BYTES);
    status = read_part(workbook, entry, part, err);
    if (status == PF_OK)
        pf_scan_begin(&part->scan, &part->arena, entry->name, part->bytes, part->size);
    return status;
}

void pf_xlsx_part_close(struct pf_xlsx_part *part)
{
    pf_free(part->memory, part->bytes);
    pf_arena_free(&part->arena);
    part->bytes = NULL;
}

/* ---- walks */

enum pf_status pf_xlsx_part_root(struct pf_xlsx_part *part, const char *name, struct pf_error *err)
{
    enum pf_scan_item item;
    enum pf_status status = pf_scan_next(&part->scan, &item, err);

    if (status == PF_OK && !pf_view_is(part->scan.name, name))
        return pf_fail(err, PF_BAD_DATA, "%s holds <%.*s>, expected <%s>", part->scan.part,
                       part->scan.name.size < 64 ? (int)part->scan.name.size : 64, part->scan.name.text, name);
    return status;
}

/* Alternatives for programs that know an extension: none is known here, so what stands for all others is taken. ECMA-376 part 3, 7.5. */
static enum pf_status take_alternative(struct pf_scan *scan, bool *inside, struct pf_error *err)
{
    *inside = false;
    if (!pf_view_is(scan->space, "http://schemas.openxmlformats.org/markup-compatibility/2006"))
        return PF_OK;
    *inside = true;
    return pf_view_is(scan->name, "Choice") ? pf_scan_skip(scan, err) : PF_OK;
}

enum pf_status pf_xlsx_part_child(struct pf_xlsx_part *part, uint32_t depth, bool *found, struct pf_error *err)
{
    enum pf_scan_item item;
    enum pf_status status;
    bool alternative;

    do {
        status = pf_scan_next(&part->scan, &item, err);
        *found = status == PF_OK && item == PF_SCAN_OPEN;
        if (*found) {
            status = take_alternative(&part->scan, &alternative, err);
            *found = status == PF_OK && !alternative;
        }
    } while (status == PF_OK && !*found && part->scan.depth >= depth);
    return status;
}

enum pf_status pf_xlsx_part_next(struct pf_xlsx_part *part, uint32_t depth, const char *name, bool *found, struct pf_error *err)
{
    enum pf_status status = pf_xlsx_part_child(part, depth, found, err);

    while (status == PF_OK && *found && !pf_scan_is(&part->scan, name)) {
        status = pf_scan_skip(&part->scan, err);
        if (status == PF_OK)
            status = pf_xlsx_part_child(part, depth, found, err);
    }
    return status;
}

enum pf_status pf_xlsx_text_of(struct pf_arena *arena, struct pf_view view, const char **out, struct pf_error *err)
{
    struct pf_buffer text;
    const char *copy = NULL;

    *out = NULL;
    if (view.text == NULL)
        return PF_OK;
    pf_buffer_init(&text, arena->memory, PF_XLSX_PART_BYTES);
    if (pf_scan_append(&text, view, true))
        copy = pf_arena_copy(arena, (const char *)text.data, text.size);
    pf_buffer_free(&text);
    *out = copy;
    return copy != NULL ? PF_OK : pf_fail_memory(err, view.size);
}
