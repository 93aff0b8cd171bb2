/* One piece of markup at a time. Only borders matter here: what is well-formed is told by expat. */
#include "formats/xml/xml.h"

static bool begins(const uint8_t *bytes, size_t size, const char *with, size_t with_size)
{
    return size >= with_size && memcmp(bytes, with, with_size) == 0;
}

/* Behind text, when it is there. */
static void up_to(const uint8_t *bytes, size_t size, size_t from, const char *text, enum xml_kind kind, struct xml_mark *out)
{
    const uint8_t *found = from < size ? memmem(bytes + from, size - from, text, strlen(text)) : NULL;

    if (found == NULL)
        return;
    out->kind = kind;
    out->end = (size_t)(found - bytes) + strlen(text);
}

/* A document type: brackets, quotes, comments and instructions in it. */
static void scan_doctype(const uint8_t *bytes, size_t size, struct xml_mark *out)
{
    size_t at = out->start + 2;
    int brackets = 0;

    while (at < size) {
        const uint8_t byte = bytes[at];
        const uint8_t *end;

        if (byte == '"' || byte == '\'') {
            end = memchr(bytes + at + 1, byte, size - at - 1);
            if (end == NULL)
                return;
            at = (size_t)(end - bytes);
        } else if (byte == '<' && (begins(bytes + at, size - at, "<!--", 4) || begins(bytes + at, size - at, "<?", 2))) {
            const char *text = bytes[at + 1] == '!' ? "-->" : "?>";

            end = memmem(bytes + at + 2, size - at - 2, text, strlen(text));
            if (end == NULL)
                return;
            at = (size_t)(end - bytes) + strlen(text) - 1;
        } else if (byte == '[') {
            brackets++;
        } else if (byte == ']') {
            brackets--;
        } else if (byte == '>' && brackets <= 0) {
            out->kind = XML_DOCTYPE;
            out->end = at + 1;
            return;
        }
        at++;
    }
}

static bool ends_name(uint8_t byte)
{
    return xml_is_blank(byte) || byte == '>' || byte == '/';
}

static void scan_tag(const uint8_t *bytes, size_t size, struct xml_mark *out)
{
    const bool end = bytes[out->start + 1] == '/';
    size_t at = out->start + 1 + end;

    out->name = at;
    while (at < size && !ends_name(bytes[at]))
        at++;
    out->name_size = at - out->name;
    while (at < size && bytes[at] != '>') {
        const uint8_t *quote = bytes + at;

        at++;
        if ((*quote == '"' || *quote == '\'') && !end) {
            const uint8_t *closing = memchr(bytes + at, *quote, size - at);

            if (closing == NULL)
                return;
            at = (size_t)(closing - bytes) + 1;
        }
    }
    if (at >= size)
        return;
    out->end = at + 1;
    out->kind = end ? XML_END : bytes[at - 1] == '/' ? XML_EMPTY : XML_START;
}

static void scan_exclamation(const uint8_t *bytes, size_t size, struct xml_mark *out)
{
    const uint8_t *text = bytes + out->start;
    const size_t left = size - out->start;

    if (begins(text, left, "<!--", 4))
        up_to(bytes, size, out->start + 4, "-->", XML_COMMENT, out);
    else if (begins(text, left, "<![CDATA[", 9))
        up_to(bytes, size, out->start + 9, "]]>", XML_CDATA, out);
    else if (begins(text, left, "<!DOCTYPE", 9))
        scan_doctype(bytes, size, out);
    else if (left >= 9)
        *out = (struct xml_mark){ .kind = XML_BAD, .start = out->start, .end = out->start + 2 };
}

void xml_scan(const uint8_t *bytes, size_t size, size_t at, struct xml_mark *out)
{
    const uint8_t *found = at < size ? memchr(bytes + at, '<', size - at) : NULL;

    *out = (struct xml_mark){ .kind = XML_MORE, .start = size };
    if (found == NULL)
        return;
    out->start = (size_t)(found - bytes);
    if (out->start + 2 > size - 1)
        return;
    if (found[1] == '!') {
        scan_exclamation(bytes, size, out);
    } else if (found[1] == '?') {
        const bool declaration =
            begins(found, size - out->start, "<?xml", 5) && out->start + 5 < size && xml_is_blank(found[5]);

        up_to(bytes, size, out->start + 2, "?>", declaration ? XML_DECLARATION : XML_INSTRUCTION, out);
    } else {
        scan_tag(bytes, size, out);
    }
}
