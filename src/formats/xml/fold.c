/* Several values as one text, and a whole element as one. */
#include <stdio.h>

#include "formats/xml/xml.h"

/* Bytes of values itself. */
static bool append_own(struct pf_buffer *values, uint32_t offset, uint32_t size)
{
    if (size == 0)
        return true;
    if (values->size + size > UINT32_MAX - XML_PAD || !pf_buffer_reserve(values, size))
        return false;
    memcpy(values->data + values->size, values->data + offset, size);
    values->size += size;
    return true;
}

static bool append_json(struct pf_buffer *values, uint32_t offset, uint32_t size)
{
    if ((uint64_t)values->size + (uint64_t)size * 6 + 2 > UINT32_MAX - XML_PAD ||
        !pf_buffer_reserve(values, (size_t)size * 6 + 2))
        return false;
    values->data[values->size++] = '"';
    for (uint32_t i = offset; i < offset + size; i++) {
        const uint8_t byte = values->data[i];

        if (byte < 0x20) {
            values->size += (size_t)snprintf((char *)values->data + values->size, 7, "\\u%04x", byte);
            continue;
        }
        if (byte == '"' || byte == '\\')
            values->data[values->size++] = '\\';
        values->data[values->size++] = byte;
    }
    values->data[values->size++] = '"';
    return true;
}

enum pf_status xml_join(struct xml_walk *walk, uint32_t first, bool json, struct xml_item *out)
{
    struct pf_buffer *values = &walk->values;
    const size_t begin = values->size;
    bool ok = !json || pf_buffer_append(values, "[", 1);

    for (uint32_t i = first, more = 1; ok && more != 0; i = more) {
        const struct xml_item *item = &walk->items[i];

        if (i != first)
            ok = pf_buffer_append(values, json ? ", " : "; ", 2);
        if (json && item->kind == PF_TEXT_NULL)
            ok = ok && pf_buffer_append(values, "null", 4);
        else
            ok = ok && (json ? append_json(values, item->offset, item->size) : append_own(values, item->offset, item->size));
        more = item->next;
    }
    ok = ok && (!json || pf_buffer_append(values, "]", 1));
    if (!ok)
        return pf_fail_memory(walk->err, values->size);
    *out = walk->items[first];
    out->offset = (uint32_t)begin;
    out->size = (uint32_t)(values->size - begin);
    out->kind = out->size != 0 ? PF_TEXT_PLAIN : PF_TEXT_QUOTED;
    return PF_OK;
}

/* "type=home; city:Rome; part:(a:1; b:2)", text of its own first. */
static bool render(struct xml_walk *walk, uint32_t index)
{
    const struct xml_item *item = &walk->items[index];
    struct pf_buffer *values = &walk->values;
    bool ok = append_own(values, item->offset, item->value ? item->size : 0);
    bool first = !item->value || item->size == 0;

    walk->counts.written += item->value;
    for (uint32_t i = index + 1; ok && i < item->end; i = walk->items[i].end) {
        const struct xml_item *child = &walk->items[i];
        const struct xml_path *path = &walk->tree->paths[child->path];
        const bool nested = child->end != i + 1;

        ok = (first || pf_buffer_append(values, "; ", 2)) && pf_buffer_append(values, path->name, path->name_size) &&
             pf_buffer_append(values,
                              path->attribute ? "="
                              : nested        ? ":("
                                              : ":",
                              nested ? 2 : 1) &&
             render(walk, i) && (!nested || pf_buffer_append(values, ")", 1));
        first = false;
    }
    return ok;
}

enum pf_status xml_fold_children(struct xml_walk *walk)
{
    for (uint32_t i = 1; i < walk->items[0].end; i = walk->items[i].end) {
        struct xml_item *item = &walk->items[i];
        const size_t begin = walk->values.size;

        if (!item->children)
            continue;
        if (!render(walk, i))
            return pf_fail_memory(walk->err, walk->values.size);
        walk->counts.written--; /* it is counted as a value once more */
        item->offset = (uint32_t)begin;
        item->size = (uint32_t)(walk->values.size - begin);
        item->kind = item->size != 0 ? PF_TEXT_PLAIN : PF_TEXT_QUOTED;
        item->value = true;
        item->folded = true;
    }
    return PF_OK;
}
