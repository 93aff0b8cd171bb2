/* Inflating, against zlib: equal bytes of what is right, and refused what zlib refuses. */
#include "support_unit.h"

#include <stdlib.h>
#include <zlib.h>

#include "storage/zip_inflate.h"
#include "support_random.h"

enum { MOST = 600000, ROOM = MOST + 100 /* to see that no more comes */, PACKED = MOST + (64 << 10) };

struct bytes {
    uint8_t *at;
    size_t size;
};

/* One piece of input after another, as the reader of archives gives them. BAD: also when the input ends in the middle. */
static enum zip_inflated run_pieces(struct bytes in, size_t piece, size_t room, struct bytes *out)
{
    struct pf_memory memory;
    struct zip_inflate *inflate;
    enum zip_inflated result = ZIP_INFLATE_MORE;
    const char *wrong = NULL;
    size_t given = 0;

    CHECK(pf_memory_init(&memory, SIZE_MAX));
    inflate = pf_zip_inflate_new(&memory);
    CHECK(inflate != NULL);
    out->size = 0;
    while (result == ZIP_INFLATE_MORE && out->size < ROOM) {
        const size_t part = in.size - given < piece ? in.size - given : piece;
        size_t left = part, free = ROOM - out->size < room ? ROOM - out->size : room, before = free;
        const uint8_t *from = in.at + given;
        uint8_t *to = out->at + out->size;

        result = pf_zip_inflate_run(inflate, &from, &left, &to, &free, &wrong);
        CHECK(free <= before && to == out->at + out->size + (before - free));
        if (result == ZIP_INFLATE_BAD)
            break;
        CHECK(left <= part && from == in.at + given + part - left);
        given += part - left;
        out->size += before - free;
        if (result == ZIP_INFLATE_MORE && before == free && given == in.size)
            break;
    }
    CHECK(result != ZIP_INFLATE_BAD || wrong != NULL);
    pf_zip_inflate_free(inflate);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
    return result;
}

/* Z_STREAM_END, or what is wrong. */
static int run_zlib(struct bytes in, struct bytes *out)
{
    z_stream stream = { .next_in = in.at, .avail_in = (uInt)in.size, .next_out = out->at, .avail_out = MOST };
    int result;

    CHECK_INT(inflateInit2(&stream, -MAX_WBITS), Z_OK);
    result = inflate(&stream, Z_FINISH);
    out->size = MOST - stream.avail_out;
    inflateEnd(&stream);
    return result;
}

static size_t pack(struct bytes plain, int level, int strategy, size_t flush, uint8_t *to)
{
    z_stream stream = { .next_in = plain.at, .next_out = to, .avail_out = PACKED };
    size_t size;

    CHECK_INT(deflateInit2(&stream, level, Z_DEFLATED, -MAX_WBITS, 9, strategy), Z_OK);
    for (size_t at = 0; flush != 0 && at + flush < plain.size; at += flush) {
        stream.avail_in = (uInt)flush;
        CHECK_INT(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    }
    stream.avail_in = (uInt)(plain.at + plain.size - stream.next_in);
    CHECK_INT(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size = PACKED - stream.avail_out;
    deflateEnd(&stream);
    return size;
}

/* ---- what the bytes are like */

static void make_zeros(struct bytes *to, struct random *random)
{
    (void)random;
    memset(to->at, 0, to->size);
}

static void make_noise(struct bytes *to, struct random *random)
{
    for (size_t i = 0; i < to->size; i++)
        to->at[i] = (uint8_t)random_bits(random);
}

/* Codes of every length. */
static void make_skewed(struct bytes *to, struct random *random)
{
    for (size_t i = 0; i < to->size; i++) {
        const uint64_t value = random_bits(random);

        to->at[i] = (uint8_t)(value == 0 ? 0 : (uint64_t)__builtin_ctzll(value) * 3 + (value >> 40) % 3);
    }
}

static void make_cells(struct bytes *to, struct random *random)
{
    size_t at = 0;

    while (at < to->size) {
        char cell[64];
        const int size = snprintf(cell, sizeof cell, "<c r=\"B%zu\"><v>%llu</v></c>", at / 40,
                                  (unsigned long long)random_bits(random) % 100000);
        const size_t part = to->size - at < (size_t)size ? to->size - at : (size_t)size;

        memcpy(to->at + at, cell, part);
        at += part;
    }
}

/* Copies from each distance, near ones and the farthest. */
static void make_copies(struct bytes *to, struct random *random)
{
    size_t at = 40000;

    make_noise(&(struct bytes){ to->at, at }, random);
    while (at < to->size) {
        const uint64_t value = random_bits(random);
        const size_t distance = value % 3 == 0   ? 1 + (value >> 8) % 40
                                : value % 3 == 1 ? 32768 - (value >> 8) % 300
                                                 : 1 + (value >> 8) % 32768;
        size_t length = 3 + (value >> 32) % 300;

        for (; length != 0 && at < to->size; length--, at++)
            to->at[at] = to->at[at - distance];
    }
}

static void (*const makers[])(struct bytes *to, struct random *random) = { make_zeros, make_noise, make_skewed, make_cells,
                                                                           make_copies };

/* ---- */

static void test_as_zlib(void **state)
{
    static const struct {
        int level, strategy;
        size_t flush, piece;
    } cases[] = { { 6, Z_DEFAULT_STRATEGY, 0, 1 << 20 },
                  { 1, Z_DEFAULT_STRATEGY, 0, 1500 },
                  { 9, Z_DEFAULT_STRATEGY, 0, 70001 },
                  { 0, Z_DEFAULT_STRATEGY, 0, 3000 },
                  { 6, Z_FIXED, 0, 5000 },
                  { 6, Z_HUFFMAN_ONLY, 0, 9999 },
                  { 6, Z_RLE, 0, 4321 },
                  { 4, Z_DEFAULT_STRATEGY, 777, 64000 },
                  { 6, Z_DEFAULT_STRATEGY, 100000, 1 } };
    struct bytes plain = { malloc(MOST), MOST }, packed = { malloc(PACKED), 0 }, out = { malloc(ROOM), 0 };
    struct random random = { 20261123 };

    (void)state;
    for (size_t maker = 0; maker < sizeof makers / sizeof makers[0]; maker++) {
        makers[maker](&plain, &random);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            packed.size = pack(plain, cases[i].level, cases[i].strategy, cases[i].flush, packed.at);
            CHECK_INT(run_pieces(packed, cases[i].piece, i % 2 == 0 ? MOST : 7001, &out), ZIP_INFLATE_DONE);
            CHECK_INT(out.size, plain.size);
            CHECK(memcmp(out.at, plain.at, plain.size) == 0);
        }
    }
    free(plain.at);
    free(packed.at);
    free(out.at);
}

/* A byte changed, and the end cut off: refused by both, or the same bytes of both. */
static void test_damage(void **state)
{
    enum { SMALL = 5000, TIMES = 6000 };
    struct bytes plain = { malloc(MOST), SMALL }, packed = { malloc(PACKED), 0 };
    struct bytes out = { malloc(ROOM), 0 }, expected = { malloc(MOST), 0 };
    struct random random = { 20261123 };
    int refused = 0, taken = 0;

    (void)state;
    for (int i = 0; i < TIMES; i++) {
        const int strategy = i % 7 == 0 ? Z_FIXED : Z_DEFAULT_STRATEGY;
        struct bytes damaged;
        int result;

        /* copies begin with 40,000 bytes of their own */
        makers[i % 4](&plain, &random);
        damaged = (struct bytes){ packed.at, pack(plain, i % 11 == 0 ? 0 : 6, strategy, i % 5 == 0 ? 1000 : 0, packed.at) };
        if (i % 3 == 0)
            damaged.size = random_bits(&random) % damaged.size;
        else
            /* the beginning has the codes */
            damaged.at[random_bits(&random) % (i % 3 == 1 ? damaged.size : damaged.size / 20 + 1)] ^=
                (uint8_t)(1 << random_bits(&random) % 8);
        result = run_zlib(damaged, &expected);
        if (result == Z_STREAM_END) {
            CHECK_INT(run_pieces(damaged, 2000, MOST, &out), ZIP_INFLATE_DONE);
            CHECK_INT(out.size, expected.size);
            CHECK(memcmp(out.at, expected.at, out.size) == 0);
            taken++;
        } else {
            (void)run_pieces(damaged, 2000, 3000,
                             &out); /* sizes and checksums decide what one refuses and the other does not */
            refused++;
        }
    }
    CHECK(refused > TIMES / 4 && taken > 20);
    free(plain.at);
    free(packed.at);
    free(out.at);
    free(expected.at);
}

/* Streams made by hand. */
static void test_refused(void **state)
{
    static const struct {
        uint8_t bytes[12];
        size_t size;
        enum zip_inflated result;
    } cases[] = {
        { { 0x03, 0x00 }, 2, ZIP_INFLATE_DONE },                             /* fixed codes, nothing in it */
        { { 0x01, 0x00, 0x00, 0xFF, 0xFF }, 5, ZIP_INFLATE_DONE },           /* stored, nothing in it */
        { { 0x01, 0x02, 0x00, 0xFD, 0xFF, 'a', 'b' }, 7, ZIP_INFLATE_DONE }, /* stored */
        { { 0x01, 0x02, 0x00, 0xFD, 0xFF, 'a' }, 6, ZIP_INFLATE_MORE },      /* less than it says */
        { { 0x00, 0x00, 0x00, 0xFF, 0xFF }, 5, ZIP_INFLATE_MORE },           /* it was not the last block */
        { { 0 }, 0, ZIP_INFLATE_MORE },                                      /* nothing at all */
        { { 0x03 }, 1, ZIP_INFLATE_MORE },                                   /* in the middle of a code */
        { { 0x01, 0x02, 0x00, 0xFD, 0xFE, 'a', 'b' }, 7, ZIP_INFLATE_BAD },  /* no length */
        { { 0x07, 0x00, 0x00, 0x00 }, 4, ZIP_INFLATE_BAD },                  /* a block of no kind */
        { { 0x4B, 0x04, 0x42, 0x00 }, 4, ZIP_INFLATE_BAD },                  /* "a", then a copy from 2 bytes back or more */
        { { 0x1B, 0x03, 0x00, 0x00 }, 4, ZIP_INFLATE_BAD },                  /* symbol 286 */
    };
    struct bytes out = { malloc(ROOM), 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[12];

        memcpy(bytes, cases[i].bytes, sizeof bytes);
        CHECK_INT(run_pieces((struct bytes){ bytes, cases[i].size }, 12, MOST, &out), cases[i].result);
    }
    free(out.at);
}

static void test_refused_memory(void **state)
{
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (int n = 0; n < 2; n++) {
        struct zip_inflate *inflate;

        atomic_store(&memory.fail_at, n);
        inflate = pf_zip_inflate_new(&memory);
        if (n == 0)
            CHECK(inflate == NULL);
        pf_zip_inflate_free(inflate);
        CHECK_INT(atomic_load(&memory.in_use), 0);
    }
    pf_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_as_zlib), cmocka_unit_test(test_damage),
                                        cmocka_unit_test(test_refused), cmocka_unit_test(test_refused_memory) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
