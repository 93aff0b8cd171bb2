/* Which records there are. Programs that end without closing a table leave a count in its header that is wrong, so what the file
 * holds is believed first. */
#include "formats/dbf/dbf.h"

enum { END_OF_FILE = 0x1A, LIVE = ' ', DELETED = '*' };

/* The byte at offset; END_OF_FILE where the file ends. */
static enum pf_status byte_at(const struct pf_source *src, int64_t size, int64_t offset, uint8_t *byte, struct pf_error *err)
{
    *byte = END_OF_FILE;
    return offset < size ? pf_source_read_at(src, offset, byte, 1, err) : PF_OK;
}

enum pf_status dbf_layout_find(const struct dbf_header *header, const struct pf_source *src, struct dbf_layout *out,
                               struct pf_error *err)
{
    const int64_t size = pf_source_size(src), data = size - (int64_t)header->size;
    const int64_t whole = data / header->record, counted = header->counted;
    uint8_t next;

    *out = (struct dbf_layout){ .rows = whole < counted ? whole : counted };
    if (byte_at(src, size, (int64_t)header->size + out->rows * header->record, &next, err) != PF_OK)
        return err->status;
    if (counted <= whole && (next == LIVE || next == DELETED) && whole > counted) {
        out->rows = whole; /* records that the header does not count */
        if (byte_at(src, size, (int64_t)header->size + whole * header->record, &next, err) != PF_OK)
            return err->status;
    }
    if (counted > whole) {
        out->missing = counted - whole;
        out->cut = data % header->record != 0 ? next != END_OF_FILE : true;
        out->rest = out->cut ? (uint32_t)(data % header->record) : 0;
    }
    out->behind = data - out->rows * header->record - out->rest - (next == END_OF_FILE && data % header->record != 0);
    if (out->behind < 0)
        out->behind = 0;
    return PF_OK;
}
