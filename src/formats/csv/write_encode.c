/* Output in other encodings than UTF-8, through the platform's iconv. */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/encoding.h"
#include "base/text.h"
#include "formats/csv/csv_write.h"

enum { LEAST_ROOM = 64, PIECE = 64 * 1024 };

enum pf_status csv_encoding_open(const char *encoding, const char **platform, struct pf_error *err)
{
    static const struct {
        enum pf_encoding_kind kind;
        const char *platform;
    } own[] = { { PF_ENCODING_LATIN_1, "ISO-8859-1" },
                { PF_ENCODING_WINDOWS_1252, "CP1252" },
                { PF_ENCODING_UTF_16, "UTF-16LE" },
                { PF_ENCODING_UTF_16LE, "UTF-16LE" },
                { PF_ENCODING_UTF_16BE, "UTF-16BE" } };
    const struct pf_encoding *known = pf_encoding_find(encoding);
    iconv_t conversion;

    *platform = known != NULL && known->platform != NULL ? known->platform : encoding;
    for (size_t i = 0; known != NULL && i < PF_COUNT(own); i++) {
        if (own[i].kind == known->kind)
            *platform = own[i].platform;
    }
    if (strcmp(*platform, "UTF-32") == 0)
        *platform = "UTF-32LE";
    conversion = iconv_open(*platform, "UTF-8");
    if (conversion != (iconv_t)-1) {
        (void)iconv_close(conversion);
        return PF_OK;
    }
    pf_fail(err, PF_BAD_OPTION, "the encoding '%s' is not known", encoding);
    pf_remedy(err, "give --output-encoding a name such as utf-8, utf-16, windows-1252, iso-8859-15");
    return err->status;
}

/* Code point of the character at text. */
static uint32_t code_at(const uint8_t *text, size_t size)
{
    uint32_t count = text[0] >= 0xF0 ? 3 : text[0] >= 0xE0 ? 2 : text[0] >= 0xC0 ? 1 : 0;
    uint32_t code = count == 0 ? text[0] : text[0] & (0x3Fu >> count);

    for (uint32_t i = 1; i <= count && i < size; i++)
        code = code << 6 | (text[i] & 0x3Fu);
    return code;
}

static enum pf_status fail_character(const char *platform, const uint8_t *text, size_t size, struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "the character U+%04X cannot be written in %s", code_at(text, size), platform);
    pf_remedy(err, "choose --output-encoding utf-8");
    return err->status;
}

static enum pf_status convert(iconv_t conversion, const char *platform, const struct pf_buffer *text, struct pf_buffer *out,
                              struct pf_error *err)
{
    char *from = (char *)text->data;
    size_t left = text->size;

    while (left != 0) {
        char *to;
        size_t room, result, before;
        int reason;

        if (!pf_buffer_reserve(out, left < PIECE ? left * 2 + LEAST_ROOM : PIECE))
            return pf_fail_memory(err, left);
        to = (char *)out->data + out->size;
        before = room = out->capacity - out->size;
        result = iconv(conversion, &from, &left, &to, &room);
        reason = errno;
        out->size += before - room;
        /* a positive result counts characters that were replaced by similar ones: that is a loss, too */
        if (result != 0 && (result != (size_t)-1 || reason != E2BIG))
            return fail_character(platform, (const uint8_t *)from, left, err);
    }
    return PF_OK;
}

enum pf_status csv_encode_text(const char *platform, struct pf_buffer *text, struct pf_error *err)
{
    iconv_t conversion = iconv_open(platform, "UTF-8");
    struct pf_buffer out;
    enum pf_status status;

    if (conversion == (iconv_t)-1)
        return pf_fail(err, PF_UNSUPPORTED, "the encoding %s is not known any more", platform);
    pf_buffer_init(&out, text->memory, SIZE_MAX);
    status = convert(conversion, platform, text, &out, err);
    (void)iconv_close(conversion);
    if (status == PF_OK) {
        pf_buffer_free(text);
        *text = out;
    } else {
        pf_buffer_free(&out);
    }
    return status;
}

static bool is_encodable(const char *platform, const struct ArrowArray *array, int64_t row)
{
    const int32_t *offsets = pf_array_offsets(array);
    struct pf_buffer text;
    struct pf_error err;
    bool ok;

    pf_buffer_init(&text, NULL, 0);
    text.data = (uint8_t *)(uintptr_t)pf_array_bytes(array) + offsets[row];
    text.size = (size_t)(offsets[row + 1] - offsets[row]);
    ok = csv_encode_text(platform, &text, &err) == PF_OK;
    return ok;
}

void csv_find_unencodable(const char *platform, const struct pf_schema *schema, const struct pf_batch *batch, int64_t from,
                          int64_t to, int64_t first_row, struct pf_error *err)
{
    for (int64_t row = from; row < to; row++) {
        for (uint32_t i = 0; i < schema->count; i++) {
            size_t size = strlen(schema->fields[i].name);

            if (schema->fields[i].type != PF_TYPE_STRING || is_encodable(platform, &batch->columns[i], row))
                continue;
            err->row = first_row + (row - from) + 1;
            err->column = (int64_t)i + 1;
            size = size < sizeof err->column_name ? size : sizeof err->column_name - 1;
            memcpy(err->column_name, schema->fields[i].name, size);
            err->column_name[size] = '\0';
            return;
        }
    }
}
