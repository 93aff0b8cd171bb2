/* From other encodings to UTF-8. Those that files have most are decoded here; the platform's iconv knows the rest. */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/cpu.h"
#include "base/encoding.h"
#include "base/swar.h"
#include "base/text.h"

enum {
    KEPT = 16,         /* longer than any character's bytes in any encoding */
    PIECE = 16 * 1024, /* bytes decoded at a time, so that room is asked for in small steps */
    LONGEST_NAME = 47
};

struct pf_decoder {
    struct pf_memory *memory;
    enum pf_encoding_kind kind;
    iconv_t platform;
    bool begun; /* the first character was seen: no byte order mark can follow */
    uint32_t features;
    uint64_t taken;     /* bytes of the stream decoded */
    uint8_t kept[KEPT]; /* of a character cut by the end of a piece */
    size_t kept_size;
    char name[LONGEST_NAME + 1];
};

/* How far a decoding function got. */
struct progress {
    size_t taken;          /* bytes decoded */
    enum pf_status status; /* PF_OK, also when the rest is an incomplete character; PF_BAD_DATA; PF_NO_MEMORY */
};

/* windows-1252 as browsers have it: the five bytes that the code page leaves open are the control characters of the same number. */
static const uint16_t windows_1252[32] = { 0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                           0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                           0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                           0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178 };

static struct progress decode_bytes(const struct pf_decoder *decoder, const uint8_t *bytes, size_t size, struct pf_buffer *out)
{
    const bool windows = decoder->kind == PF_ENCODING_WINDOWS_1252;
    uint8_t *to;
    size_t at = 0;

    if (!pf_buffer_reserve(out, size * 3 + 8))
        return (struct progress){ 0, PF_NO_MEMORY };
    to = out->data + out->size;
    while (at < size) {
        uint32_t code = bytes[at];

        if (size - at >= 8 && (pf_load8(bytes + at) & PF_EACH_BYTE(0x80)) == 0) {
            memcpy(to, bytes + at, 8);
            to += 8;
            at += 8;
            continue;
        }
        if (windows && code >= 0x80 && code < 0xA0)
            code = windows_1252[code - 0x80];
        to += pf_utf8_put(to, code);
        at++;
    }
    out->size = (size_t)(to - out->data);
    return (struct progress){ size, PF_OK };
}

static uint32_t unit_at(const uint8_t *bytes, bool big)
{
    return big ? (uint32_t)bytes[0] << 8 | bytes[1] : (uint32_t)bytes[1] << 8 | bytes[0];
}

static bool is_high_surrogate(uint32_t unit)
{
    return unit >= 0xD800 && unit < 0xDC00;
}
static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xDC00 && unit < 0xE000;
}

/* Four units at once when all are ASCII. */
static bool take_plain(const uint8_t *bytes, bool big, uint8_t *to)
{
    uint64_t units = pf_load8(bytes);
    uint32_t four;

    if (units & (big ? UINT64_C(0x80FF80FF80FF80FF) : UINT64_C(0xFF80FF80FF80FF80)))
        return false;
    units = big ? units >> 8 : units;
    units = (units | units >> 8) & UINT64_C(0x0000FFFF0000FFFF);
    four = (uint32_t)(units | units >> 16);
    memcpy(to, &four, sizeof four);
    return true;
}

static struct progress decode_utf16(struct pf_decoder *decoder, const uint8_t *bytes, size_t size, struct pf_buffer *out)
{
    struct progress progress = { 0, PF_OK };
    uint8_t *to;
    bool big;

    if (size < 2)
        return progress;
    if (!pf_buffer_reserve(out, size / 2 * 3 + 4))
        return (struct progress){ 0, PF_NO_MEMORY };
    if (decoder->kind == PF_ENCODING_UTF_16) /* the mark decides; without one it is Windows' order */
        decoder->kind = unit_at(bytes, true) == 0xFEFF ? PF_ENCODING_UTF_16BE : PF_ENCODING_UTF_16LE;
    big = decoder->kind == PF_ENCODING_UTF_16BE;
    if (!decoder->begun && unit_at(bytes, big) == 0xFEFF)
        progress.taken = 2;
    decoder->begun = true;
    to = out->data + out->size;
    while (size - progress.taken >= 2) {
        const uint8_t *at = bytes + progress.taken;
        uint32_t code, low;

        if (size - progress.taken >= 8 && take_plain(at, big, to)) {
            progress.taken += 8;
            to += 4;
            continue;
        }
        code = unit_at(at, big);
        if (is_high_surrogate(code)) {
            if (size - progress.taken < 4)
                break;
            low = unit_at(at + 2, big);
            if (!is_low_surrogate(low)) {
                progress.status = PF_BAD_DATA;
                break;
            }
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            progress.taken += 2;
        } else if (is_low_surrogate(code)) {
            progress.status = PF_BAD_DATA;
            break;
        }
        to += pf_utf8_put(to, code);
        progress.taken += 2;
    }
    out->size = (size_t)(to - out->data);
    return progress;
}

static struct progress check_utf8(struct pf_decoder *decoder, const uint8_t *bytes, size_t size, struct pf_buffer *out)
{
    size_t valid = pf_utf8_valid(bytes, size, decoder->features), skip = 0;
    const bool cut = size - valid == pf_utf8_tail(bytes, size);

    if (!decoder->begun && valid >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        skip = 3;
    decoder->begun |= valid > 0;
    if (!pf_buffer_append(out, bytes + skip, valid - skip))
        return (struct progress){ 0, PF_NO_MEMORY };
    return (struct progress){ valid, cut ? PF_OK : PF_BAD_DATA };
}

static struct progress decode_platform(struct pf_decoder *decoder, const uint8_t *bytes, size_t size, struct pf_buffer *out)
{
    char *from = (char *)(uintptr_t)bytes; /* iconv asks for char *, but does not write */
    size_t left = size;

    for (;;) {
        char *to;
        size_t room, result;

        if (!pf_buffer_reserve(out, left * 2 + 64))
            return (struct progress){ 0, PF_NO_MEMORY };
        to = (char *)out->data + out->size;
        room = out->capacity - out->size;
        result = iconv(decoder->platform, &from, &left, &to, &room);
        out->size = (size_t)((uint8_t *)to - out->data);
        if (result != (size_t)-1 || errno == EINVAL)
            return (struct progress){ size - left, PF_OK };
        if (errno != E2BIG)
            return (struct progress){ size - left, PF_BAD_DATA };
    }
}

static struct progress decode(struct pf_decoder *decoder, const uint8_t *bytes, size_t size, struct pf_buffer *out)
{
    switch (decoder->kind) {
    case PF_ENCODING_UTF_8:
        return check_utf8(decoder, bytes, size, out);
    case PF_ENCODING_LATIN_1:
    case PF_ENCODING_WINDOWS_1252:
        return decode_bytes(decoder, bytes, size, out);
    case PF_ENCODING_UTF_16:
    case PF_ENCODING_UTF_16LE:
    case PF_ENCODING_UTF_16BE:
        return decode_utf16(decoder, bytes, size, out);
    case PF_ENCODING_PLATFORM:
        break;
    }
    return decode_platform(decoder, bytes, size, out);
}

static enum pf_status fail(const struct pf_decoder *decoder, enum pf_status status, const struct pf_buffer *out,
                           const uint8_t *bytes, size_t size, struct pf_error *err)
{
    if (status != PF_BAD_DATA && out->limit - out->size < (size_t)4 * PIECE)
        return pf_fail(err, PF_LIMIT, "the text in UTF-8 is longer than %zu bytes", out->limit);
    if (status != PF_BAD_DATA)
        return pf_fail_memory(err, (size_t)4 * PIECE);
    pf_fail(err, PF_BAD_DATA, "byte 0x%02x at offset %llu is not %s text", size ? bytes[0] : 0u,
            (unsigned long long)decoder->taken, decoder->name);
    err->offset = (int64_t)decoder->taken;
    pf_remedy(err, "name the right encoding with --encoding");
    return PF_BAD_DATA;
}

/* Completes the character that the last piece cut, byte by byte. *used: bytes of the new piece taken. */
static enum pf_status finish_kept(struct pf_decoder *decoder, const uint8_t *bytes, size_t size, size_t *used,
                                  struct pf_buffer *out, struct pf_error *err)
{
    while (decoder->kept_size > 0 && *used < size) {
        struct progress progress;

        if (decoder->kept_size == KEPT)
            return fail(decoder, PF_BAD_DATA, out, decoder->kept, KEPT, err);
        decoder->kept[decoder->kept_size++] = bytes[(*used)++];
        progress = decode(decoder, decoder->kept, decoder->kept_size, out);
        decoder->taken += progress.taken;
        decoder->kept_size -= progress.taken;
        memmove(decoder->kept, decoder->kept + progress.taken, decoder->kept_size);
        if (progress.status != PF_OK)
            return fail(decoder, progress.status, out, decoder->kept, decoder->kept_size, err);
    }
    return PF_OK;
}

static enum pf_status end_stream(struct pf_decoder *decoder, struct pf_buffer *out, struct pf_error *err)
{
    if (decoder->kept_size > 0) {
        pf_fail(err, PF_BAD_DATA, "the %s text ends within a character", decoder->name);
        err->offset = (int64_t)decoder->taken;
        return PF_BAD_DATA;
    }
    if (decoder->kind == PF_ENCODING_PLATFORM) {
        /* Some encodings hold a character back until the next one is seen. */
        char *to;
        size_t room;

        if (!pf_buffer_reserve(out, 64))
            return pf_fail_memory(err, 64);
        to = (char *)out->data + out->size;
        room = out->capacity - out->size;
        (void)iconv(decoder->platform, NULL, NULL, &to, &room);
        out->size = (size_t)((uint8_t *)to - out->data);
    }
    return PF_OK;
}

enum pf_status pf_decoder_feed(struct pf_decoder *decoder, const uint8_t *bytes, size_t size, bool last, struct pf_buffer *out,
                               struct pf_error *err)
{
    size_t at = 0;
    enum pf_status status = finish_kept(decoder, bytes, size, &at, out, err);

    if (status != PF_OK)
        return status;
    while (at < size) {
        const size_t piece = size - at < PIECE ? size - at : PIECE;
        const bool final = piece == size - at;
        struct progress progress = decode(decoder, bytes + at, piece, out);

        decoder->taken += progress.taken;
        at += progress.taken;
        if (progress.status != PF_OK)
            return fail(decoder, progress.status, out, bytes + at, size - at, err);
        if (final && size - at < KEPT) {
            decoder->kept_size = size - at;
            memcpy(decoder->kept, bytes + at, decoder->kept_size);
            break;
        }
        if (progress.taken == 0) /* incomplete, although more follows than any character has */
            return fail(decoder, PF_BAD_DATA, out, bytes + at, size - at, err);
    }
    return last ? end_stream(decoder, out, err) : PF_OK;
}

/* ---- opening */

static bool plain_name(const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size <= LONGEST_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+") == size;
}

/* iconv with the name as it is, then with the hyphens that other programs write as underscores. */
static bool open_platform(struct pf_decoder *decoder, const char *name)
{
    const iconv_t none = (iconv_t)(intptr_t)-1;
    char other[LONGEST_NAME + 1];
    size_t size = strlen(name);

    decoder->platform = iconv_open("UTF-8", name);
    if (decoder->platform == none) {
        for (size_t i = 0; i <= size; i++)
            other[i] = name[i] == '_' ? '-' : name[i];
        decoder->platform = iconv_open("UTF-8", other);
    }
    return decoder->platform != none;
}

enum pf_status pf_decoder_new(struct pf_decoder **out, struct pf_memory *memory, const char *encoding, struct pf_error *err)
{
    const struct pf_encoding *known = pf_encoding_find(encoding);
    struct pf_decoder *decoder;

    *out = NULL;
    if (!plain_name(encoding)) {
        pf_fail(err, PF_BAD_OPTION, "\"%.60s\" is not the name of an encoding", encoding);
        pf_remedy(err, "use a name such as utf-8, utf-16, windows-1252, iso-8859-1 or shift_jis");
        return PF_BAD_OPTION;
    }
    decoder = pf_alloc_zero(memory, 1, sizeof *decoder);
    if (!decoder)
        return pf_fail_memory(err, sizeof *decoder);
    decoder->memory = memory;
    decoder->kind = known ? known->kind : PF_ENCODING_PLATFORM;
    decoder->features = pf_cpu_features();
    memcpy(decoder->name, pf_encoding_name(encoding), strlen(pf_encoding_name(encoding)) + 1);
    if (decoder->kind == PF_ENCODING_PLATFORM && !open_platform(decoder, known ? known->platform : encoding)) {
        pf_free(memory, decoder);
        pf_fail(err, PF_BAD_OPTION, "the encoding \"%s\" is not known", encoding);
        pf_remedy(err, "`iconv -l` lists the names this system knows");
        return PF_BAD_OPTION;
    }
    *out = decoder;
    return PF_OK;
}

void pf_decoder_pass(struct pf_decoder *decoder, size_t size)
{
    decoder->taken += size;
    decoder->begun = decoder->begun || size != 0;
}

void pf_decoder_free(struct pf_decoder *decoder)
{
    if (!decoder)
        return;
    if (decoder->kind == PF_ENCODING_PLATFORM)
        (void)iconv_close(decoder->platform);
    pf_free(decoder->memory, decoder);
}
