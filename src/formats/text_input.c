/* A source of text as UTF-8: read directly when it is that, through a decoder otherwise; and what was read too far can be given back. */
#include "formats/text_input.h"

#include <string.h>

enum { RAW = 128 * 1024 };

enum pf_status pf_text_input_open(struct pf_text_input *input, struct pf_context *ctx, struct pf_source *src,
                                  const char *encoding, uint32_t bom_size, struct pf_error *err)
{
    input->ctx = ctx;
    input->src = src;
    pf_buffer_init(&input->decoded, &ctx->memory, SIZE_MAX);
    pf_buffer_init(&input->held, &ctx->memory, SIZE_MAX);
    if (encoding != NULL) {
        input->raw = pf_alloc(&ctx->memory, RAW);
        if (input->raw == NULL)
            return pf_fail_memory(err, RAW);
    }
    return pf_text_input_rewind(input, encoding, bom_size, err);
}

void pf_text_input_close(struct pf_text_input *input)
{
    if (input->ctx == NULL)
        return;
    pf_decoder_free(input->decoder);
    pf_free(&input->ctx->memory, input->raw);
    pf_buffer_free(&input->decoded);
    pf_buffer_free(&input->held);
    memset(input, 0, sizeof *input);
}

enum pf_status pf_text_input_rewind(struct pf_text_input *input, const char *encoding, uint32_t bom_size, struct pf_error *err)
{
    uint8_t bom[4];
    size_t got;

    pf_decoder_free(input->decoder);
    input->decoder = NULL;
    pf_buffer_clear(&input->decoded);
    pf_buffer_clear(&input->held);
    input->decoded_at = input->held_at = 0;
    input->ended = false;
    if (bom_size != 0 && pf_source_read(input->src, bom, bom_size, &got, err) != PF_OK)
        return err->status;
    if (encoding == NULL)
        return PF_OK;
    if (pf_decoder_new(&input->decoder, &input->ctx->memory, encoding, err) != PF_OK)
        return err->status;
    pf_decoder_pass(input->decoder, bom_size);
    return PF_OK;
}

/* Decodes the next part of the source; sets ended at its end. */
static enum pf_status decode_part(struct pf_text_input *input, struct pf_error *err)
{
    size_t got;

    pf_buffer_clear(&input->decoded);
    input->decoded_at = 0;
    if (pf_source_read(input->src, input->raw, RAW, &got, err) != PF_OK)
        return err->status;
    input->ended = got < RAW;
    if (pf_decoder_feed(input->decoder, input->raw, got, input->ended, &input->decoded, err) == PF_OK)
        return PF_OK;
    if (err->status == PF_BAD_DATA)
        pf_remedy(err, "the file has another encoding than was taken for it: name it with --encoding");
    pf_error_source(err, pf_source_name(input->src));
    return err->status;
}

static size_t take_from(const struct pf_buffer *buffer, size_t *at, uint8_t *to, size_t size)
{
    size_t part = buffer->size - *at < size ? buffer->size - *at : size;

    if (part != 0)
        memcpy(to, buffer->data + *at, part);
    *at += part;
    return part;
}

enum pf_status pf_text_input_read(struct pf_text_input *input, uint8_t *to, size_t size, size_t *got, struct pf_error *err)
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

void pf_text_input_mark(struct pf_text_input *input)
{
    input->fresh = false;
}

enum pf_status pf_text_input_unread(struct pf_text_input *input, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    if (!input->fresh) { /* all of it came from what is held: step back there */
        input->held_at -= size;
        return PF_OK;
    }
    pf_buffer_clear(&input->held);
    input->held_at = 0;
    return pf_buffer_append(&input->held, bytes, size) ? PF_OK : pf_fail_memory(err, size);
}
