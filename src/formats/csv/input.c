/* The source as UTF-8, and what text of it takes there. */
#include "formats/csv/csv.h"

static const char *decoded_from(const struct csv_encoding *encoding)
{
    return encoding->utf8 ? NULL : encoding->name;
}

enum pf_status csv_input_open(struct pf_text_input *input, struct pf_context *ctx, struct pf_source *src,
                              const struct csv_encoding *encoding, struct pf_error *err)
{
    return pf_text_input_open(input, ctx, src, decoded_from(encoding), encoding->bom_size, err);
}

enum pf_status csv_input_rewind(struct pf_text_input *input, const struct csv_encoding *encoding, struct pf_error *err)
{
    return pf_text_input_rewind(input, decoded_from(encoding), encoding->bom_size, err);
}

int64_t csv_source_size(const struct csv_encoding *encoding, const uint8_t *bytes, size_t size)
{
    size_t characters = 0, pairs = 0;

    if (encoding->utf8)
        return (int64_t)size;
    for (size_t i = 0; i < size; i++) {
        characters += (bytes[i] & 0xC0) != 0x80;
        pairs += bytes[i] >= 0xF0;
    }
    return (int64_t)((encoding->unit == 2 ? characters + pairs : characters) * encoding->unit);
}

enum pf_status csv_input_skip(struct pf_text_input *input, const struct csv_encoding *encoding, int64_t size,
                              int64_t *source_size, struct pf_error *err)
{
    enum { STEP = 64 * 1024 };
    uint8_t *part = pf_alloc(&input->ctx->memory, STEP);
    enum pf_status status = part != NULL ? PF_OK : pf_fail_memory(err, STEP);

    while (status == PF_OK && size > 0) {
        size_t got, want = size < STEP ? (size_t)size : STEP;

        status = pf_text_input_read(input, part, want, &got, err);
        if (status == PF_OK && got < want)
            status = pf_fail(err, PF_BAD_DATA, "the source is shorter than when it was first read");
        if (status == PF_OK)
            *source_size += csv_source_size(encoding, part, want);
        size -= (int64_t)want;
    }
    pf_free(&input->ctx->memory, part);
    return status;
}
