/* From UTF-8 to other encodings, through the platform's iconv. */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/encoding.h"
#include "base/text.h"

enum { LEAST_ROOM = 64, PIECE = 64 * 1024 };

/* iconv's name of an encoding. */
static const char *platform_name(const char *encoding)
{
    const struct pf_encoding *known = pf_encoding_find(encoding);

    if (known == NULL)
        return encoding;
    switch (known->kind) {
    case PF_ENCODING_UTF_8:
        return pf_same_word(encoding, "ascii") || pf_same_word(encoding, "us-ascii") ? "ASCII" : "UTF-8";
    case PF_ENCODING_LATIN_1:
        return "ISO-8859-1";
    case PF_ENCODING_WINDOWS_1252:
        return "CP1252";
    case PF_ENCODING_UTF_16:
    case PF_ENCODING_UTF_16LE:
        return "UTF-16LE";
    case PF_ENCODING_UTF_16BE:
        return "UTF-16BE";
    case PF_ENCODING_PLATFORM:
        break;
    }
    /* without an order in its name, iconv would begin every text with a mark */
    return strcmp(known->platform, "UTF-32") == 0 ? "UTF-32LE" : known->platform;
}

enum pf_status pf_encode_check(const char *encoding, struct pf_error *err)
{
    iconv_t conversion = iconv_open(platform_name(encoding), "UTF-8");

    if (conversion == (iconv_t)-1)
        return pf_fail(err, PF_BAD_OPTION, "the encoding '%s' is not known", encoding);
    (void)iconv_close(conversion);
    return PF_OK;
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

static enum pf_status convert(iconv_t conversion, const char *encoding, const uint8_t *text, size_t size, struct pf_buffer *out,
                              struct pf_error *err)
{
    char *from = (char *)(uintptr_t)text; /* iconv does not write there */
    size_t left = size;

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
        if (result != 0 && (result != (size_t)-1 || reason != E2BIG)) {
            pf_fail(err, PF_BAD_DATA, "the character U+%04X cannot be written in %s", code_at((const uint8_t *)from, left),
                    pf_encoding_name(encoding));
            err->offset = (int64_t)(size - left);
            return err->status;
        }
    }
    return PF_OK;
}

enum pf_status pf_encode_text(const char *encoding, const uint8_t *text, size_t size, struct pf_buffer *out,
                              struct pf_error *err)
{
    iconv_t conversion = iconv_open(platform_name(encoding), "UTF-8");
    enum pf_status status;

    if (conversion == (iconv_t)-1)
        return pf_fail(err, PF_BAD_OPTION, "the encoding '%s' is not known", encoding);
    status = convert(conversion, encoding, text, size, out, err);
    (void)iconv_close(conversion);
    return status;
}
