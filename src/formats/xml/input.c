/* The source as UTF-8, with a way back. */
#include <stdio.h>

#include "formats/xml/xml.h"

enum { RAW = 128 * 1024, DECLARATION = 512 };

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

enum pf_status xml_input_open(struct xml_input *input, struct pf_context *ctx, struct pf_source *src,
                              const struct xml_encoding *encoding, struct pf_error *err)
{
    uint8_t bom[4];
    size_t got;

    *input = (struct xml_input){ .ctx = ctx, .src = src };
    pf_buffer_init(&input->decoded, &ctx->memory, SIZE_MAX);
    pf_buffer_init(&input->held, &ctx->memory, SIZE_MAX);
    if (encoding->bom_size != 0 && pf_source_read(src, bom, encoding->bom_size, &got, err) != PF_OK)
        return err->status;
    if (encoding->utf8)
        return PF_OK;
    input->raw = pf_alloc(&ctx->memory, RAW);
    if (input->raw == NULL)
        return pf_fail_memory(err, RAW);
    if (pf_decoder_new(&input->decoder, &ctx->memory, encoding->name, err) != PF_OK) {
        pf_remedy(err, "the document names this encoding; name the one it has with --encoding");
        return err->status;
    }
    pf_decoder_pass(input->decoder, encoding->bom_size);
    return PF_OK;
}

void xml_input_close(struct xml_input *input)
{
    if (input->ctx == NULL)
        return;
    pf_decoder_free(input->decoder);
    pf_free(&input->ctx->memory, input->raw);
    pf_buffer_free(&input->decoded);
    pf_buffer_free(&input->held);
    memset(input, 0, sizeof *input);
}

static size_t take_from(const struct pf_buffer *buffer, size_t *at, uint8_t *to, size_t size)
{
    const size_t part = buffer->size - *at < size ? buffer->size - *at : size;

    if (part != 0)
        memcpy(to, buffer->data + *at, part);
    *at += part;
    return part;
}

static enum pf_status decode_part(struct xml_input *input, struct pf_error *err)
{
    size_t got;

    pf_buffer_clear(&input->decoded);
    input->decoded_at = 0;
    if (pf_source_read(input->src, input->raw, RAW, &got, err) != PF_OK)
        return err->status;
    input->ended = got < RAW;
    if (pf_decoder_feed(input->decoder, input->raw, got, input->ended, &input->decoded, err) != PF_OK &&
        err->status == PF_BAD_DATA)
        pf_remedy(err, "the document has another encoding than it says: name it with --encoding");
    return err->status;
}

enum pf_status xml_input_read(struct xml_input *input, uint8_t *to, size_t size, size_t *got, struct pf_error *err)
{
    *got = take_from(&input->held, &input->held_at, to, size);
    if (*got == size)
        return PF_OK;
    input->fresh = true;
    if (input->decoder == NULL && !input->ended) {
        size_t part;

        if (pf_source_read(input->src, to + *got, size - *got, &part, err) != PF_OK)
            return err->status;
        *got += part;
        input->ended = *got < size;
    }
    while (input->decoder != NULL && *got < size) {
        if (input->decoded_at == input->decoded.size) {
            if (input->ended)
                break;
            if (decode_part(input, err) != PF_OK)
                return err->status;
        }
        *got += take_from(&input->decoded, &input->decoded_at, to + *got, size - *got);
    }
    return PF_OK;
}

void xml_input_mark(struct xml_input *input)
{
    input->fresh = false;
}

enum pf_status xml_input_unread(struct xml_input *input, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    if (!input->fresh) { /* all of it came from what is held: step back there */
        input->held_at -= size;
        return PF_OK;
    }
    pf_buffer_clear(&input->held);
    input->held_at = 0;
    return pf_buffer_append(&input->held, bytes, size) ? PF_OK : pf_fail_memory(err, size);
}
