#include "support_unit.h"

#include <iconv.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/encoding.h"
#include "base/text.h"
#include "support_random.h"

/* ---- UTF-8 */

/* The definition, as plainly as it can be written. */
static size_t valid_plainly(const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    while (at < size) {
        const uint8_t lead = bytes[at];
        const size_t length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        uint32_t code;

        if (length == 0 || size - at < length)
            return at;
        code = length == 1 ? lead : lead & (0x7Fu >> length);
        for (size_t i = 1; i < length; i++) {
            if ((bytes[at + i] & 0xC0) != 0x80)
                return at;
            code = code << 6 | (bytes[at + i] & 0x3F);
        }
        if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return at;
        at += length;
    }
    return size;
}

static void check_valid(const uint8_t *bytes, size_t size, uint32_t features)
{
    const size_t expected = valid_plainly(bytes, size);

    CHECK_INT(pf_utf8_valid(bytes, size, 0), expected);
    CHECK_INT(pf_utf8_valid(bytes, size, features), expected);
}

static void every_short_sequence_is_judged_right(void **state)
{
    enum { SIZE = 100 };
    /* each end of a vector, and the middle */
    static const size_t places[] = { 0, 29, 30, 31, 32, 61, 62, 63, 70 };
    static const uint8_t edges[] = { 0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                     0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xED, 0xF0, 0xFF };
    static const uint8_t leads[] = { 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
                                     0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF };
    const uint32_t features = pf_cpu_features();
    uint8_t *bytes = malloc(SIZE);

    (void)state;
    CHECK(bytes != NULL);
    memset(bytes, 'a', SIZE);
    for (uint32_t pair = 0; pair < 65536; pair++) {
        const size_t place = places[pair % PF_COUNT(places)];

        bytes[place] = (uint8_t)(pair >> 8);
        bytes[place + 1] = (uint8_t)pair;
        check_valid(bytes, SIZE, features);
        bytes[place] = bytes[place + 1] = 'a';
    }
    for (size_t i = 0; i < PF_COUNT(leads); i++) {
        for (uint32_t rest = 0; rest < 16 * 16 * 16; rest++) {
            const size_t place = places[rest % PF_COUNT(places)];

            bytes[place] = leads[i];
            bytes[place + 1] = edges[rest >> 8];
            bytes[place + 2] = edges[rest >> 4 & 15];
            bytes[place + 3] = edges[rest & 15];
            check_valid(bytes, SIZE, features);
            memset(bytes + place, 'a', 4);
        }
    }
    free(bytes);
}

static void damaged_text_is_found_where_it_is(void **state)
{
    const uint32_t features = pf_cpu_features();
    struct random random = { 5 };
    uint8_t bytes[300];

    (void)state;
    for (int i = 0; i < 100000; i++) {
        const size_t wanted = random_below(&random, 200);
        const uint32_t plain = random_below(&random, 4);
        size_t size = 0;
        uint8_t *copy;

        while (size < wanted) {
            uint32_t code = random_below(&random, 4) < plain ? random_below(&random, 0x80)
                                                             : random_below(&random, 0x110000) >> random_below(&random, 12);

            size += pf_utf8_put(bytes + size, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
        }
        if (size > 0 && i % 2)
            bytes[random_below(&random, (uint32_t)size)] = (uint8_t)(random_bits(&random) >> 56);
        if (size > 3 && i % 3 == 0)
            size -= random_below(&random, 4);
        /* In memory of exactly this size, so that reading beyond is seen. */
        copy = malloc(size ? size : 1);
        CHECK(copy != NULL);
        memcpy(copy, bytes, size);
        check_valid(copy, size, features);
        free(copy);
    }
}

static void incomplete_end_is_measured(void **state)
{
    static const struct {
        const char *bytes;
        size_t tail;
    } cases[] = {
        { "", 0 },
        { "abc", 0 },
        { "a\xC3\xA9", 0 },
        { "a\xC3", 1 },
        { "\xE2\x82", 2 },
        { "\xE2", 1 },
        { "\xE2\x82\xAC", 0 },
        { "\xF0\x9F\x98", 3 },
        { "x\xF0\x9F", 2 },
        { "\xF0\x9F\x98\x80", 0 },
        { "\x80", 0 },
        { "\xFF", 0 },
        { "\xC3\xA9\xE2", 1 },
        { "\x80\x80\x80\x80", 0 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++)
        CHECK_INT(pf_utf8_tail((const uint8_t *)cases[i].bytes, strlen(cases[i].bytes)), cases[i].tail);
}

static void every_code_point_is_written_and_valid(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x110000; code++) {
        uint8_t bytes[4];

        if (code >= 0xD800 && code < 0xE000)
            continue;
        if (valid_plainly(bytes, pf_utf8_put(bytes, code)) != (code < 0x80 ? 1u : code < 0x800 ? 2u : code < 0x10000 ? 3u : 4u))
            fail_msg("U+%04X", code);
    }
}

/* ---- decoding */

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct decode_case {
    const char *encoding;
    const uint8_t *bytes;
    size_t size;
    const char *utf8; /* NULL = bad data */
    int64_t offset;   /* of the bad byte */
} decodings[] = {
    { "latin-1", BYTES("caf\xE9 \x80\xFF"), "caf\xC3\xA9 \xC2\x80\xC3\xBF", 0 },
    { "ISO-8859-1", BYTES("plain ASCII text of some length"), "plain ASCII text of some length", 0 },
    { "cp1252", BYTES("\x80 \x93na\xEFve\x94"), "\xE2\x82\xAC \xE2\x80\x9Cna\xC3\xAFve\xE2\x80\x9D", 0 },
    { "windows-1252", BYTES("\x81\x8D\x8F\x90\x9D"), "\xC2\x81\xC2\x8D\xC2\x8F\xC2\x90\xC2\x9D", 0 },
    { "utf-16le", BYTES("a\0\xE9\0\x3D\xD8\x00\xDE"), "a\xC3\xA9\xF0\x9F\x98\x80", 0 },
    { "utf-16be", BYTES("\0a\0\xE9\xD8\x3D\xDE\x00"), "a\xC3\xA9\xF0\x9F\x98\x80", 0 },
    { "utf-16",
      BYTES("\xFF\xFE"
            "a\0b\0"),
      "ab", 0 },
    { "utf-16", BYTES("\xFE\xFF\0a\0b"), "ab", 0 },
    { "utf-16", BYTES("a\0b\0"), "ab", 0 },
    { "utf-16le",
      BYTES("\xFF\xFE"
            "a\0\xFF\xFE"),
      "a\xEF\xBB\xBF", 0 }, /* only the first mark is one */
    { "utf-16le", BYTES("a\0\x00\xDE"), NULL, 2 },
    { "utf-16le",
      BYTES("a\0\x3D\xD8"
            "a\0"),
      NULL, 2 },
    { "utf-16le", BYTES("a\0\x3D\xD8"), NULL, 2 },
    { "utf-16le", BYTES("a\0b"), NULL, 2 },
    { "utf-8",
      BYTES("\xEF\xBB\xBF"
            "caf\xC3\xA9 \xF0\x9F\x98\x80"),
      "caf\xC3\xA9 \xF0\x9F\x98\x80", 0 },
    { "utf8", BYTES("ab\xC3("), NULL, 2 },
    { "utf8", BYTES("ab\xE2\x82"), NULL, 2 },
    { "cp1251", BYTES("\xCF\xF0\xE8"), "\xD0\x9F\xD1\x80\xD0\xB8", 0 },
    { "iso8859_2", BYTES("\xB1"), "\xC4\x85", 0 },
    { "Shift_JIS", BYTES("a\x93\xFA\x96\x7B"), "a\xE6\x97\xA5\xE6\x9C\xAC", 0 },
    { "shift_jis", BYTES("ab\x93"), NULL, 2 },
    { "gb18030", BYTES("\xC8\xD5\x81\x30\x81\x30"), "\xE6\x97\xA5\xC2\x80", 0 },
    { "euc_jp", BYTES("\xC6\xFC\xCB\xDC"), "\xE6\x97\xA5\xE6\x9C\xAC", 0 },
    { "euc-jp", BYTES("abc\xFF"), NULL, 3 },
    { "iso-2022-jp", BYTES("a\x1B$BF|K\\\x1B(Bb"),
      "a\xE6\x97\xA5\xE6\x9C\xAC"
      "b",
      0 },
    { "ibm1047", BYTES("\x81\x82"), "ab", 0 }, /* not in our table */
    { "ISO_8859-7", BYTES("\xE1"), "\xCE\xB1", 0 },
};

/* Decodes in two pieces. */
static void check_decoding(const struct decode_case *expected, size_t cut, struct pf_memory *memory)
{
    struct pf_decoder *decoder = NULL;
    struct pf_error err;
    struct pf_buffer out;
    enum pf_status status;
    uint8_t *first = malloc(cut + 1), *second = malloc(expected->size - cut + 1);

    CHECK(first && second);
    memcpy(first, expected->bytes, cut);
    memcpy(second, expected->bytes + cut, expected->size - cut);
    pf_buffer_init(&out, memory, 1 << 20);
    CHECK_OK(pf_decoder_new(&decoder, memory, expected->encoding, &err), err);
    status = pf_decoder_feed(decoder, first, cut, false, &out, &err);
    if (status == PF_OK)
        status = pf_decoder_feed(decoder, second, expected->size - cut, true, &out, &err);
    CHECK_INT(status, expected->utf8 ? PF_OK : PF_BAD_DATA);
    if (expected->utf8) {
        if (out.size != strlen(expected->utf8) || memcmp(out.data, expected->utf8, out.size) != 0)
            fail_msg("%s, cut at %zu: '%.*s'", expected->encoding, cut, (int)out.size, (const char *)out.data);
    } else {
        CHECK_INT(err.offset, expected->offset);
    }
    pf_decoder_free(decoder);
    pf_buffer_free(&out);
    free(first);
    free(second);
}

static void decodes_whatever_the_pieces(void **state)
{
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(decodings); i++)
        for (size_t cut = 0; cut <= decodings[i].size; cut++)
            check_decoding(&decodings[i], cut, &memory);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

/* From UTF-8, by the platform. */
static size_t encode(const char *encoding, const uint8_t *bytes, size_t size, uint8_t *to, size_t room)
{
    iconv_t platform = iconv_open(encoding, "UTF-8");
    char *from = (char *)(uintptr_t)bytes, *end = (char *)to;

    CHECK(platform != (iconv_t)(intptr_t)-1);
    CHECK(iconv(platform, &from, &size, &end, &room) != (size_t)-1);
    CHECK_INT(iconv_close(platform), 0);
    return (size_t)((uint8_t *)end - to);
}

/* 100,000 characters in pieces of many sizes come out as they came in, over every internal border. */
static void long_text_is_decoded_whole(void **state)
{
    static const char *const encodings[] = { "utf-8", "utf-16le", "utf-16be", "gb18030", "utf-32" };
    static const uint32_t firsts[] = { 'a', 0xE0, 0x3B1, 'A', 0x65E5, 0x1F600, '0' };
    struct random random = { 6 };
    struct pf_memory memory;
    struct pf_buffer plain;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_buffer_init(&plain, &memory, SIZE_MAX);
    for (size_t i = 0; i < 100000; i++) {
        uint8_t bytes[4];
        const uint32_t code = firsts[i % PF_COUNT(firsts)] + random_below(&random, 20);

        CHECK(pf_buffer_append(&plain, bytes, pf_utf8_put(bytes, code)));
    }
    for (size_t i = 0; i < PF_COUNT(encodings); i++) {
        struct pf_decoder *decoder;
        struct pf_buffer out, encoded;
        struct pf_error err;
        size_t at = 0;

        pf_buffer_init(&out, &memory, SIZE_MAX);
        pf_buffer_init(&encoded, &memory, SIZE_MAX);
        CHECK(pf_buffer_reserve(&encoded, plain.size * 4 + 4));
        encoded.size = encode(encodings[i], plain.data, plain.size, encoded.data, encoded.capacity);
        CHECK_OK(pf_decoder_new(&decoder, &memory, encodings[i], &err), err);
        while (at < encoded.size) {
            size_t piece = random_below(&random, 3) ? random_below(&random, 40) : random_below(&random, 60000);

            piece = piece > encoded.size - at ? encoded.size - at : piece;
            CHECK_OK(pf_decoder_feed(decoder, encoded.data + at, piece, at + piece == encoded.size, &out, &err), err);
            at += piece;
        }
        CHECK_INT(out.size, plain.size);
        CHECK(memcmp(out.data, plain.data, plain.size) == 0);
        pf_decoder_free(decoder);
        pf_buffer_free(&out);
        pf_buffer_free(&encoded);
    }
    pf_buffer_free(&plain);
    pf_memory_destroy(&memory);
}

static void unknown_encodings_are_refused(void **state)
{
    static const char *const names[] = {
        "", "no-such-code", "utf-8//TRANSLIT", "../../x", "a b", "a-name-that-is-longer-than-any-encoding-that-exists-anywhere"
    };
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(names); i++) {
        struct pf_decoder *decoder;
        struct pf_error err;

        CHECK_INT(pf_decoder_new(&decoder, &memory, names[i], &err), PF_BAD_OPTION);
        CHECK(decoder == NULL);
        CHECK(err.remedy[0] != '\0');
    }
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

static void limits_of_memory_are_kept(void **state)
{
    static const char *const encodings[] = { "utf-8", "latin-1", "utf-16le", "shift_jis" };
    uint8_t text[40000];

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < PF_COUNT(encodings); i++) {
        struct pf_memory memory;
        struct pf_decoder *decoder;
        struct pf_buffer out;
        struct pf_error err;

        CHECK(pf_memory_init(&memory, SIZE_MAX));
        atomic_store(&memory.fail_at, 0);
        CHECK_INT(pf_decoder_new(&decoder, &memory, encodings[i], &err), PF_NO_MEMORY);
        atomic_store(&memory.fail_at, -1);
        CHECK_OK(pf_decoder_new(&decoder, &memory, encodings[i], &err), err);
        pf_buffer_init(&out, &memory, SIZE_MAX);
        atomic_store(&memory.fail_at, 0);
        CHECK_INT(pf_decoder_feed(decoder, text, sizeof text, true, &out, &err), PF_NO_MEMORY);
        atomic_store(&memory.fail_at, -1);
        pf_buffer_free(&out);
        pf_buffer_init(&out, &memory, 1000);
        CHECK_INT(pf_decoder_feed(decoder, text, sizeof text, true, &out, &err), PF_LIMIT);
        pf_buffer_free(&out);
        pf_decoder_free(decoder);
        pf_memory_destroy(&memory);
    }
    pf_decoder_free(NULL);
}

static void names_of_encodings_are_one(void **state)
{
    static const char *const cases[][2] = {
        { "UTF8", "utf-8" },
        { "utf_8", "utf-8" },
        { "ascii", "utf-8" },
        { "utf-8-sig", "utf-8" },
        { "Latin1", "iso-8859-1" },
        { "ISO_8859-1", "iso-8859-1" },
        { "ISO-8859-15", "iso-8859-15" },
        { "cp1252", "windows-1252" },
        { "Windows-1251", "windows-1251" },
        { "SJIS", "shift_jis" },
        { "UTF-16LE", "utf-16le" },
        { "utf_16_be", "utf-16be" },
        { "x-something", "x-something" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++)
        CHECK_TEXT(pf_encoding_name(cases[i][0]), cases[i][1]);
    CHECK(pf_encoding_is_utf8("UTF-8") && pf_encoding_is_utf8("us-ascii"));
    CHECK(!pf_encoding_is_utf8("utf-16") && !pf_encoding_is_utf8("something"));
}

static void bytes_of_a_character_are_known(void **state)
{
    static const struct {
        const char *name;
        uint32_t unit;
    } cases[] = {
        { "latin1", 1 },    { "iso-8859-15", 1 }, { "cp1252", 1 },    { "windows-1250", 1 }, { "windows-874", 1 },
        { "koi8-u", 1 },    { "cp437", 1 },       { "macintosh", 1 }, { "utf-16", 2 },       { "UTF16LE", 2 },
        { "utf-16be", 2 },  { "utf-32le", 4 },    { "utf-32", 4 },    { "windows-1255", 0 }, { "windows-1258", 0 },
        { "shift_jis", 0 }, { "gb18030", 0 },     { "big5", 0 },      { "utf-8", 0 },        { "something", 0 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        if (pf_encoding_unit(cases[i].name) != cases[i].unit)
            fail_msg("%s: %u bytes, expected %u", cases[i].name, pf_encoding_unit(cases[i].name), cases[i].unit);
    }
}

/* ---- words */

static void letters_without_case(void **state)
{
    static const char *const alike[][2] = {
        { "Sheet1", "SHEET1" },
        { "\xC3\x84rger", "\xC3\xA4RGER" },
        { "\xD0\x9B\xD0\x98", "\xD0\xBB\xD0\xB8" },
        { "", "" },
        { "\xCE\xA3\xCF\x82", "\xCF\x83\xCF\x83" },
        { "\xEF\xBC\xA1", "\xEF\xBD\x81" },
        { "\xFF"
          "A",
          "\xFF"
          "a" },
    };
    static const char *const others[][2] = {
        { "a", "b" }, { "a", "" }, { "\xC3\x97", "\xC3\xB7" }, { "\xFF", "\xFE" }, { "\xC3", "\xC3\x80" }, { "k", "\xE2\x84" }
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(alike); i++)
        CHECK(pf_same_letters(alike[i][0], alike[i][1]) && pf_same_letters(alike[i][1], alike[i][0]));
    for (size_t i = 0; i < PF_COUNT(others); i++)
        CHECK(!pf_same_letters(others[i][0], others[i][1]) && !pf_same_letters(others[i][1], others[i][0]));
}

static void words_are_compared(void **state)
{
    static const struct {
        const char *a, *b;
        uint32_t limit, distance;
    } cases[] = {
        { "delimiter", "delimiter", 3, 0 },
        { "delimter", "delimiter", 3, 1 },
        { "kitten", "sitting", 3, 3 },
        { "kitten", "sitting", 2, 3 },
        { "", "abc", 3, 3 },
        { "", "abcd", 3, 4 },
        { "abcd", "", 3, 4 },
        { "Force", "force", 1, 0 },
        { "ab", "ba", 2, 2 },
    };

    (void)state;
    CHECK(pf_same_word("Yes", "yEs") && pf_same_word("", ""));
    CHECK(!pf_same_word("yes", "ye") && !pf_same_word("ye", "yes") && !pf_same_word("a[", "a{"));
    for (size_t i = 0; i < PF_COUNT(cases); i++)
        CHECK_INT(pf_edit_distance(cases[i].a, cases[i].b, cases[i].limit), cases[i].distance);
}

static void environment_turns_vectors_off(void **state)
{
    (void)state;
    CHECK_INT(setenv("PYFORGE_CPU", "scalar", 1), 0);
    CHECK_INT(pf_cpu_features(), 0);
    CHECK_INT(unsetenv("PYFORGE_CPU"), 0);
#if defined(__x86_64__)
    CHECK_INT((pf_cpu_features() & PF_CPU_AVX2) != 0, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"));
    CHECK_INT((pf_cpu_features() & PF_CPU_SSE42) != 0, __builtin_cpu_supports("sse4.2") != 0);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_sequence_is_judged_right),
        cmocka_unit_test(damaged_text_is_found_where_it_is),
        cmocka_unit_test(incomplete_end_is_measured),
        cmocka_unit_test(every_code_point_is_written_and_valid),
        cmocka_unit_test(decodes_whatever_the_pieces),
        cmocka_unit_test(long_text_is_decoded_whole),
        cmocka_unit_test(unknown_encodings_are_refused),
        cmocka_unit_test(limits_of_memory_are_kept),
        cmocka_unit_test(names_of_encodings_are_one),
        cmocka_unit_test(bytes_of_a_character_are_known),
        cmocka_unit_test(words_are_compared),
        cmocka_unit_test(letters_without_case),
        cmocka_unit_test(environment_turns_vectors_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
