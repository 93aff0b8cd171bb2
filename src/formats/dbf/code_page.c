/* The encoding of texts: what the language byte says, and decoding by it. */
#include <string.h>

#include "base/cpu.h"
#include "base/encoding.h"
#include "formats/dbf/dbf.h"

static const uint8_t replacement[3] = { 0xEF, 0xBF, 0xBD }; /* U+FFFD */

struct language {
    uint8_t byte;
    const char *encoding;
};

/* Of the language drivers of dBase and the code page marks of FoxPro. */
static const struct language languages[] = {
    { 0x01, "cp437" },        { 0x02, "cp850" },        { 0x03, "windows-1252" }, { 0x04, "macintosh" },
    { 0x08, "cp865" },        { 0x09, "cp437" },        { 0x0A, "cp850" },        { 0x0B, "cp437" },
    { 0x0D, "cp437" },        { 0x0E, "cp850" },        { 0x0F, "cp437" },        { 0x10, "cp850" },
    { 0x11, "cp437" },        { 0x12, "cp850" },        { 0x13, "cp932" },        { 0x14, "cp850" },
    { 0x15, "cp437" },        { 0x16, "cp850" },        { 0x17, "cp865" },        { 0x18, "cp437" },
    { 0x19, "cp437" },        { 0x1A, "cp850" },        { 0x1B, "cp437" },        { 0x1C, "cp863" },
    { 0x1D, "cp850" },        { 0x1F, "cp852" },        { 0x22, "cp852" },        { 0x23, "cp852" },
    { 0x24, "cp860" },        { 0x25, "cp850" },        { 0x26, "cp866" },        { 0x37, "cp850" },
    { 0x40, "cp852" },        { 0x4D, "gbk" },          { 0x4E, "cp949" },        { 0x4F, "big5" },
    { 0x50, "windows-874" },  { 0x57, "windows-1252" }, { 0x58, "windows-1252" }, { 0x59, "windows-1252" },
    { 0x64, "cp852" },        { 0x65, "cp866" },        { 0x66, "cp865" },        { 0x67, "cp861" },
    { 0x6A, "cp737" },        { 0x6B, "cp857" },        { 0x6C, "cp863" },        { 0x78, "big5" },
    { 0x79, "cp949" },        { 0x7A, "gbk" },          { 0x7B, "cp932" },        { 0x7C, "windows-874" },
    { 0x7D, "windows-1255" }, { 0x7E, "windows-1256" }, { 0x86, "cp737" },        { 0x87, "cp852" },
    { 0x88, "cp857" },        { 0x96, "mac-cyrillic" }, { 0xC8, "windows-1250" }, { 0xC9, "windows-1251" },
    { 0xCA, "windows-1254" }, { 0xCB, "windows-1253" }, { 0xCC, "windows-1257" },
};

const char *dbf_language_encoding(uint8_t language)
{
    for (size_t i = 0; i < PF_COUNT(languages); i++) {
        if (languages[i].byte == language)
            return languages[i].encoding;
    }
    return NULL;
}

/* Whether a byte is a character; of code pages of DOS that the table of encodings does not have it is known here. */
static bool is_single(const char *name)
{
    static const char *const more[] = { "cp737", "cp775", "cp857", "cp860", "cp861",       "cp862",
                                        "cp863", "cp864", "cp865", "cp869", "mac-cyrillic" };

    for (size_t i = 0; i < PF_COUNT(more); i++) {
        if (pf_same_word(name, more[i]))
            return true;
    }
    return pf_encoding_unit(name) == 1;
}

static void set_undefined(struct dbf_code_page *page, uint8_t byte)
{
    page->undefined[byte] = true;
    page->size[byte] = sizeof replacement;
    memcpy(page->to[byte], replacement, sizeof replacement);
}

/* What each byte is. After one that is none the decoder begins anew. */
static enum pf_status fill_table(struct dbf_code_page *page, struct pf_memory *memory, struct pf_buffer *text,
                                 struct pf_error *err)
{
    struct pf_decoder *decoder = NULL;
    struct pf_error local;

    for (uint32_t i = 0; i < 256; i++) {
        const uint8_t byte = (uint8_t)i;
        enum pf_status status;

        if (decoder == NULL && pf_decoder_new(&decoder, memory, page->name, err) != PF_OK)
            return err->status;
        pf_buffer_clear(text);
        pf_error_clear(&local);
        status = pf_decoder_feed(decoder, &byte, 1, false, text, &local);
        if (status == PF_OK && text->size != 0 && text->size <= sizeof page->to[byte]) {
            page->size[byte] = (uint8_t)text->size;
            memcpy(page->to[byte], text->data, text->size);
            continue;
        }
        pf_decoder_free(decoder);
        decoder = NULL;
        if (status != PF_OK && status != PF_BAD_DATA) {
            *err = local;
            return status;
        }
        set_undefined(page, byte);
    }
    pf_decoder_free(decoder);
    return PF_OK;
}

enum pf_status dbf_code_page_make(struct dbf_code_page *page, struct pf_memory *memory, const char *encoding,
                                  struct pf_error *err)
{
    struct pf_decoder *decoder;
    struct pf_buffer text;
    enum pf_status status = PF_OK;

    memset(page, 0, sizeof *page);
    if (pf_decoder_new(&decoder, memory, encoding, err) != PF_OK)
        return err->status;
    pf_decoder_free(decoder);
    memcpy(page->name, pf_encoding_name(encoding), strlen(pf_encoding_name(encoding)) + 1);
    page->features = pf_cpu_features();
    page->utf8 = pf_encoding_is_utf8(encoding);
    page->single = !page->utf8 && is_single(page->name);
    pf_buffer_init(&text, memory, SIZE_MAX);
    if (page->single)
        status = fill_table(page, memory, &text, err);
    pf_buffer_free(&text);
    return status;
}

static bool decode_single(const struct dbf_code_page *page, const uint8_t *bytes, size_t size, struct pf_buffer *out, bool *bad)
{
    uint8_t *to;

    if (!pf_buffer_reserve(out, size * 4 + 4))
        return false;
    to = out->data + out->size;
    for (size_t i = 0; i < size; i++) {
        memcpy(to, page->to[bytes[i]], 4);
        to += page->size[bytes[i]];
        *bad = *bad || page->undefined[bytes[i]];
    }
    out->size = (size_t)(to - out->data);
    return true;
}

static bool decode_utf8(const struct dbf_code_page *page, const uint8_t *bytes, size_t size, struct pf_buffer *out, bool *bad)
{
    while (size != 0) {
        const size_t valid = pf_utf8_valid(bytes, size, page->features);

        if (!pf_buffer_append(out, bytes, valid))
            return false;
        bytes += valid;
        size -= valid;
        if (size == 0)
            return true;
        *bad = true;
        if (!pf_buffer_append(out, replacement, sizeof replacement))
            return false;
        do {
            bytes++;
            size--;
        } while (size != 0 && (*bytes & 0xC0) == 0x80);
    }
    return true;
}

/* Of several bytes a character: a byte that begins none is replaced, and what follows is read on. */
static bool decode_wide(const struct dbf_code_page *page, const uint8_t *bytes, size_t size, struct pf_buffer *out, bool *bad)
{
    while (size != 0) {
        struct pf_decoder *decoder;
        struct pf_error err;
        enum pf_status status;
        size_t taken;

        pf_error_clear(&err);
        if (pf_decoder_new(&decoder, out->memory, page->name, &err) != PF_OK)
            return false;
        status = pf_decoder_feed(decoder, bytes, size, true, out, &err);
        pf_decoder_free(decoder);
        if (status != PF_BAD_DATA)
            return status == PF_OK;
        *bad = true;
        taken = err.offset >= 0 && (size_t)err.offset < size ? (size_t)err.offset + 1 : size;
        if (!pf_buffer_append(out, replacement, sizeof replacement))
            return false;
        bytes += taken;
        size -= taken;
    }
    return true;
}

bool dbf_decode(const struct dbf_code_page *page, const uint8_t *bytes, size_t size, struct pf_buffer *out, bool *bad)
{
    *bad = false;
    if (dbf_is_ascii(bytes, size))
        return pf_buffer_append(out, bytes, size);
    if (page->single)
        return decode_single(page, bytes, size, out, bad);
    return page->utf8 ? decode_utf8(page, bytes, size, out, bad) : decode_wide(page, bytes, size, out, bad);
}
