/* Page compression: every codec gives back what it was given, and refuses what is damaged or of another size. */
#include "support_unit.h"

#include <stdlib.h>

#include <libdeflate.h>

#include "formats/parquet/compress.h"

static const enum parquet_codec codecs[] = { PARQUET_UNCOMPRESSED, PARQUET_SNAPPY, PARQUET_GZIP, PARQUET_ZSTD,
                                             PARQUET_LZ4_RAW };

static void fill(uint8_t *bytes, size_t size, bool repeats)
{
    uint32_t state = 12345;

    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = repeats ? (uint8_t)(i / 100 % 7) : (uint8_t)(state >> 24);
    }
}

/* Compresses size bytes; the caller frees *out with free(). */
static size_t squeeze(struct pf_memory *memory, enum parquet_codec codec, int level, const uint8_t *bytes, size_t size,
                      uint8_t **out)
{
    struct pf_compressor compressor;
    struct pf_error err;
    size_t room, written = 0;

    CHECK_OK(pf_compressor_init(&compressor, memory, codec, level, &err), err);
    room = pf_compress_bound(&compressor, size);
    *out = malloc(room + 1);
    CHECK(*out != NULL);
    CHECK_OK(pf_compress(&compressor, bytes, size, *out, room, &written, &err), err);
    CHECK(written <= room);
    pf_compressor_free(&compressor);
    return written;
}

static void test_round_trip(void **unused)
{
    static const size_t sizes[] = { 0, 1, 15, 1000, 65536, 300001 };
    struct pf_memory memory;
    struct pf_decompressor decompressor;

    (void)unused;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_decompressor_init(&decompressor, &memory);
    for (size_t i = 0; i < PF_COUNT(codecs) * PF_COUNT(sizes) * 2; i++) {
        enum parquet_codec codec = codecs[i % PF_COUNT(codecs)];
        size_t size = sizes[i / PF_COUNT(codecs) % PF_COUNT(sizes)];
        bool repeats = i / PF_COUNT(codecs) / PF_COUNT(sizes);
        uint8_t *bytes = malloc(size + 1), *back = malloc(size + 1), *packed;
        struct pf_error err;
        size_t written;

        CHECK(bytes && back);
        fill(bytes, size, repeats);
        written = squeeze(&memory, codec, 0, bytes, size, &packed);
        if (repeats && size > 1000 && codec != PARQUET_UNCOMPRESSED)
            CHECK(written < size / 4);
        CHECK_OK(pf_decompress(&decompressor, (int32_t)codec, packed, written, back, size, &err), err);
        assert_memory_equal(bytes, back, size);
        if (size > 0) {
            CHECK_INT(pf_decompress(&decompressor, (int32_t)codec, packed, written, back, size - 1, &err), PF_BAD_DATA);
            CHECK_HAS(err.message, pf_codec_name((int32_t)codec));
        }
        free(packed);
        packed = NULL;
        free(back);
        back = malloc(size + 2);
        written = squeeze(&memory, codec, 0, bytes, size, &packed);
        if (written > 0)
            CHECK_INT(pf_decompress(&decompressor, (int32_t)codec, packed, written, back, size + 1, &err), PF_BAD_DATA);
        free(packed);
        free(bytes);
        free(back);
    }
    pf_decompressor_free(&decompressor);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

/* Every prefix, and every byte changed, of a compressed page: an error or (a changed literal) other bytes, never more of them. */
static void test_damage(void **unused)
{
    enum { SIZE = 400 };
    uint8_t bytes[SIZE], *back = malloc(SIZE);
    struct pf_memory memory;
    struct pf_decompressor decompressor;
    struct pf_error err;

    (void)unused;
    CHECK(back != NULL && pf_memory_init(&memory, SIZE_MAX));
    pf_decompressor_init(&decompressor, &memory);
    fill(bytes, SIZE, true);
    for (size_t i = 1; i < PF_COUNT(codecs); i++) {
        uint8_t *packed, *part;
        size_t written = squeeze(&memory, codecs[i], 0, bytes, SIZE, &packed);

        for (size_t size = 0; size < written; size++) {
            part = malloc(size + !size);
            CHECK(part != NULL);
            memcpy(part, packed, size);
            CHECK_INT(pf_decompress(&decompressor, (int32_t)codecs[i], part, size, back, SIZE, &err), PF_BAD_DATA);
            free(part);
        }
        for (size_t at = 0; at < written; at++) {
            packed[at] ^= 0x55;
            (void)pf_decompress(&decompressor, (int32_t)codecs[i], packed, written, back, SIZE, &err);
            packed[at] ^= 0x55;
        }
        free(packed);
    }
    free(back);
    pf_decompressor_free(&decompressor);
    pf_memory_destroy(&memory);
}

static void test_gzip_forms(void **unused)
{
    static const uint8_t bytes[] = "one member, and another of zlib's kind";
    struct libdeflate_compressor *deflater = libdeflate_alloc_compressor(6);
    uint8_t packed[512], back[2 * sizeof bytes];
    size_t first, second;
    struct pf_memory memory;
    struct pf_decompressor decompressor;
    struct pf_error err;

    (void)unused;
    CHECK(deflater != NULL && pf_memory_init(&memory, SIZE_MAX));
    pf_decompressor_init(&decompressor, &memory);
    first = libdeflate_gzip_compress(deflater, bytes, sizeof bytes, packed, sizeof packed);
    second = libdeflate_gzip_compress(deflater, bytes, sizeof bytes, packed + first, sizeof packed - first);
    CHECK_OK(pf_decompress(&decompressor, PARQUET_GZIP, packed, first + second, back, sizeof back, &err), err);
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_memory_equal(back + sizeof bytes, bytes, sizeof bytes);
    first = libdeflate_zlib_compress(deflater, bytes, sizeof bytes, packed, sizeof packed);
    CHECK_OK(pf_decompress(&decompressor, PARQUET_GZIP, packed, first, back, sizeof bytes, &err), err);
    assert_memory_equal(back, bytes, sizeof bytes);
    libdeflate_free_compressor(deflater);
    pf_decompressor_free(&decompressor);
    pf_memory_destroy(&memory);
}

static void test_names_and_levels(void **unused)
{
    static const struct {
        int32_t codec;
        const char *name;
        bool known;
        int low, high, usual;
    } cases[] = {
        { PARQUET_UNCOMPRESSED, "none", true, 0, 0, 0 }, { PARQUET_SNAPPY, "snappy", true, 0, 0, 0 },
        { PARQUET_GZIP, "gzip", true, 1, 12, 6 },        { PARQUET_LZO, "lzo", false, 0, 0, 0 },
        { PARQUET_BROTLI, "brotli", false, 0, 0, 0 },    { PARQUET_LZ4, "lz4", false, 0, 0, 0 },
        { PARQUET_ZSTD, "zstd", true, 1, 22, 3 },        { PARQUET_LZ4_RAW, "lz4_raw", true, 0, 0, 0 },
        { -1, "unknown codec", false, 0, 0, 0 },         { 99, "unknown codec", false, 0, 0, 0 },
    };
    struct pf_memory memory;

    (void)unused;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        int low, high, usual;
        struct pf_error err;
        struct pf_compressor compressor;
        struct pf_decompressor decompressor;
        uint8_t byte = 0;

        CHECK_TEXT(pf_codec_name(cases[i].codec), cases[i].name);
        CHECK_INT(pf_codec_known(cases[i].codec), cases[i].known);
        pf_codec_levels((enum parquet_codec)cases[i].codec, &low, &high, &usual);
        CHECK_INT(low, cases[i].low);
        CHECK_INT(high, cases[i].high);
        CHECK_INT(usual, cases[i].usual);
        if (cases[i].known)
            continue;
        pf_decompressor_init(&decompressor, &memory);
        CHECK_INT(pf_decompress(&decompressor, cases[i].codec, &byte, 1, &byte, 1, &err), PF_UNSUPPORTED);
        CHECK_HAS(err.message, cases[i].name);
        CHECK_INT(pf_compressor_init(&compressor, &memory, (enum parquet_codec)cases[i].codec, 0, &err), PF_UNSUPPORTED);
        pf_compressor_free(&compressor);
        pf_decompressor_free(&decompressor);
    }
    pf_memory_destroy(&memory);
}

/* Higher levels make less of compressible bytes. */
static void test_levels(void **unused)
{
    enum { SIZE = 200000 };
    uint8_t *bytes = malloc(SIZE), *packed;
    struct pf_memory memory;

    (void)unused;
    CHECK(bytes != NULL && pf_memory_init(&memory, SIZE_MAX));
    /* Words, in an order without a pattern. */
    fill(bytes, SIZE, false);
    for (size_t i = 0; i + 8 <= SIZE; i += 8)
        memset(bytes + i + 1, 'a' + bytes[i] % 64 % 23, 1 + bytes[i] % 7);
    for (size_t i = 0; i < PF_COUNT(codecs); i++) {
        int low, high, usual;
        size_t least, most;

        pf_codec_levels(codecs[i], &low, &high, &usual);
        if (usual == 0)
            continue;
        least = squeeze(&memory, codecs[i], high > 19 ? 19 : high, bytes, SIZE, &packed);
        free(packed);
        most = squeeze(&memory, codecs[i], low, bytes, SIZE, &packed);
        free(packed);
        CHECK(least < most);
    }
    free(bytes);
    pf_memory_destroy(&memory);
}

static void test_no_memory(void **unused)
{
    uint8_t bytes[1000], back[1000];

    (void)unused;
    fill(bytes, sizeof bytes, true);
    for (size_t i = 0; i < PF_COUNT(codecs); i++) {
        for (long nth = 0;; nth++) {
            struct pf_memory memory;
            struct pf_compressor compressor;
            struct pf_decompressor decompressor;
            struct pf_error err;
            uint8_t packed[4096];
            size_t written = 0;
            enum pf_status status;

            CHECK(pf_memory_init(&memory, SIZE_MAX));
            pf_decompressor_init(&decompressor, &memory);
            atomic_store(&memory.fail_at, nth);
            status = pf_compressor_init(&compressor, &memory, codecs[i], 0, &err);
            if (status == PF_OK)
                status = pf_compress(&compressor, bytes, sizeof bytes, packed, sizeof packed, &written, &err);
            if (status == PF_OK)
                status = pf_decompress(&decompressor, (int32_t)codecs[i], packed, written, back, sizeof back, &err);
            pf_compressor_free(&compressor);
            pf_decompressor_free(&decompressor);
            CHECK_INT(atomic_load(&memory.in_use), 0);
            pf_memory_destroy(&memory);
            if (status == PF_OK)
                break;
            CHECK(nth < 100);
            CHECK_INT(status, PF_NO_MEMORY);
        }
    }
}

/* What is given back is taken again, and one that has nothing to keep is not kept. */
static void test_waiting(void **unused)
{
    struct pf_compressor first, second, again, none = { 0 };
    struct pf_compressors *waiting;
    struct pf_memory memory;
    struct pf_error err;

    (void)unused;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    CHECK_OK(pf_compressors_new(&waiting, &memory, PARQUET_ZSTD, 3, &err), err);
    CHECK_OK(pf_compressors_take(waiting, &first, &err), err);
    CHECK_OK(pf_compressors_take(waiting, &second, &err), err);
    CHECK(first.state != second.state);
    again = first;
    pf_compressors_give(waiting, &first);
    CHECK(first.state == NULL);
    pf_compressors_give(waiting, &none);
    CHECK_OK(pf_compressors_take(waiting, &first, &err), err);
    CHECK(first.state == again.state);
    CHECK_INT(first.level, 3);
    pf_compressors_give(waiting, &first);
    pf_compressors_give(waiting, &second);
    pf_compressors_free(waiting);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage),    cmocka_unit_test(test_gzip_forms),
        cmocka_unit_test(test_levels),     cmocka_unit_test(test_no_memory), cmocka_unit_test(test_names_and_levels),
        cmocka_unit_test(test_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
