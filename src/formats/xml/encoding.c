/* The encoding of a document. */
#include <stdio.h>

#include "formats/xml/xml.h"

enum { DECLARATION = 512 };

static const struct {
    const char *bytes, *name;
    uint32_t size, bom_size;
} beginnings[] = {
    { "\xEF\xBB\xBF", "utf-8", 3, 3 }, { "\xFF\xFE\0\0", "utf-32le", 4, 4 }, { "\0\0\xFE\xFF", "utf-32be", 4, 4 },
    { "\xFF\xFE", "utf-16le", 2, 2 },  { "\xFE\xFF", "utf-16be", 2, 2 },     { "<\0\0\0", "utf-32le", 4, 0 },
    { "\0\0\0<", "utf-32be", 4, 0 },   { "<\0", "utf-16le", 2, 0 },          { "\0<", "utf-16be", 2, 0 },
};

/* encoding="name" of a declaration. */
static void declared(struct xml_encoding *out, const char *text, size_t size)
{
    const char *end = memmem(text, size, "?>", 2), *at;
    size_t length = 0;
    char quote;

    if (size < 6 || memcmp(text, "<?xml", 5) != 0 || end == NULL)
        return;
    at = memmem(text, (size_t)(end - text), "encoding", 8);
    if (at == NULL)
        return;
    at += 8;
    while (at < end && (xml_is_blank((uint8_t)*at) || *at == '='))
        at++;
    if (at >= end || (*at != '"' && *at != '\''))
        return;
    quote = *at++;
    while (at + length < end && at[length] != quote && length < sizeof out->name - 1)
        length++;
    memcpy(out->name, at, length);
    out->name[length] = '\0';
    if (out->name[0] == '\0' || pf_same_word(out->name, "us-ascii") || pf_same_word(out->name, "ascii") ||
        pf_same_word(out->name, "utf-16")) /* then it is none, as the declaration could be read */
        (void)snprintf(out->name, sizeof out->name, "utf-8");
}

void xml_find_encoding(struct xml_encoding *out, const uint8_t *head, size_t size)
{
    size_t at = 0;

    *out = (struct xml_encoding){ .name = "utf-8", .utf8 = true };
    for (size_t i = 0; i < PF_COUNT(beginnings); i++) {
        if (size >= beginnings[i].size && memcmp(head, beginnings[i].bytes, beginnings[i].size) == 0) {
            (void)snprintf(out->name, sizeof out->name, "%s", beginnings[i].name);
            out->bom_size = beginnings[i].bom_size;
            out->utf8 = pf_encoding_is_utf8(out->name);
            return;
        }
    }
    while (at < size && xml_is_blank(head[at]))
        at++;
    declared(out, (const char *)head + at, size - at < DECLARATION ? size - at : DECLARATION);
    out->utf8 = pf_encoding_is_utf8(out->name);
    if (out->utf8)
        (void)snprintf(out->name, sizeof out->name, "utf-8");
}

enum pf_status xml_input_open(struct pf_text_input *input, struct pf_context *ctx, struct pf_source *src,
                              const struct xml_encoding *encoding, struct pf_error *err)
{
    const char *name = encoding->utf8 ? NULL : encoding->name;

    return pf_text_input_open(input, ctx, src, name, encoding->bom_size, err);
}
