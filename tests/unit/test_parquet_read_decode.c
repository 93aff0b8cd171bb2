/* Each value decoder: bytes of the specification, everything an encoder of our own makes, and bytes that lie. */
#include "support_unit.h"

#include <stdlib.h>

#include "arrow/array.h"
#include "formats/parquet/decode.h"
#include "formats/parquet/encode.h"
#include "support_random.h"

enum { MOST = 5000 };

#define SECTION(...) ((struct pf_section){ (const uint8_t[]){ __VA_ARGS__, SLACK }, sizeof((const uint8_t[]){ __VA_ARGS__ }) })
#define SLACK        0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, SLACK_HALF
#define SLACK_HALF   0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee

/* Bytes with nothing but the slack after them, so that reading further is found. The caller frees. */
static struct pf_section copy_of(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + PF_DECODE_SLACK);

    CHECK(copy != NULL);
    memcpy(copy, bytes, size);
    memset(copy + size, 0xee, PF_DECODE_SLACK);
    return (struct pf_section){ copy, size };
}

/* ---- hybrid */

static void test_hybrid_of_the_specification(void **state)
{
    static const uint32_t expected[] = { 0, 1, 2, 3, 4, 5, 6, 7, 4, 4, 4 };
    struct pf_hybrid hybrid;
    uint32_t got[11];

    (void)state;
    /* 0..7 packed in 3 bits, then 4 three times. */
    pf_hybrid_init(&hybrid, SECTION(0x03, 0x88, 0xc6, 0xfa, 0x06, 0x04), 3);
    CHECK(pf_hybrid_read(&hybrid, got, 11));
    assert_memory_equal(got, expected, sizeof expected);
    CHECK(!pf_hybrid_read(&hybrid, got, 1));
    CHECK(pf_hybrid_read(&hybrid, got, 0));
}

/* Any width, any pieces, any number skipped before: what the encoder was given. */
static void test_hybrid_round(void **state)
{
    static uint32_t values[MOST], got[MOST];
    static uint8_t bytes[MOST * 8 + 4096];
    struct random random = { 7 };

    (void)state;
    for (uint32_t width = 0; width <= 32; width++) {
        uint32_t mask = width == 32 ? UINT32_MAX : (1u << width) - 1;
        struct pf_section section;
        struct pf_hybrid hybrid;
        size_t done, size;

        for (size_t i = 0; i < MOST; i++)
            values[i] = (i / 300) % 2 != 0 ? (uint32_t)(i / 300) & mask : (uint32_t)random_bits(&random) & mask;
        size = pf_encode_hybrid(values, MOST, width, bytes);
        section = copy_of(bytes, size);
        pf_hybrid_init(&hybrid, section, width);
        for (done = 0; done < MOST;) {
            size_t part = random_bits(&random) % 700;

            part = part < MOST - done ? part : MOST - done;
            if (random_bits(&random) % 2 != 0) {
                CHECK(pf_hybrid_skip(&hybrid, part));
                memcpy(got + done, values + done, part * sizeof *got);
            } else {
                CHECK(pf_hybrid_read(&hybrid, got + done, part));
            }
            done += part;
        }
        assert_memory_equal(got, values, sizeof values);
        free((void *)(uintptr_t)section.bytes);
    }
}

static void test_hybrid_ends_early(void **state)
{
    const struct {
        struct pf_section section;
        uint32_t width, values; /* values that can be read */
    } cases[] = {
        { { (const uint8_t *)"", 0 }, 1, 0 },
        { SECTION(0x80), 1, 0 },                               /* run header cut */
        { SECTION(0xff, 0xff, 0xff, 0xff, 0xff, 0x01), 1, 0 }, /* run header of more than 32 bits */
        { SECTION(0x08), 8, 0 },                               /* value of the run cut */
        { SECTION(0x08, 0x01), 9, 0 },
        { SECTION(0x05, 0x01), 1, 8 }, /* two groups said, one there */
        { SECTION(0x03), 1, 0 },
        { SECTION(0x00, 0x00, 0x01, 0x02, 0x01), 1, 1 }, /* runs of nothing come first */
        { SECTION(0x02, 0x01), 1, 1 },
    };
    uint32_t got[64];

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_hybrid hybrid;

        pf_hybrid_init(&hybrid, cases[i].section, cases[i].width);
        CHECK(pf_hybrid_read(&hybrid, got, cases[i].values));
        CHECK(!pf_hybrid_read(&hybrid, got, 1));
        pf_hybrid_init(&hybrid, cases[i].section, cases[i].width);
        CHECK(pf_hybrid_skip(&hybrid, cases[i].values));
        CHECK(!pf_hybrid_skip(&hybrid, 1));
    }
}

/* ---- levels */

static void test_levels_round(void **state)
{
    static uint8_t bits[MOST / 8 + 16], bytes[MOST + 4096];
    struct random random = { 11 };

    (void)state;
    for (uint32_t round = 0; round < 200; round++) {
        int64_t rows = 1 + (int64_t)(random_bits(&random) % MOST), skip, at = (int64_t)(random_bits(&random) % 17);
        int64_t before, known, present, expected_before = 0, expected = 0;
        uint8_t *got = malloc((size_t)(rows + at + 7) / 8);
        struct pf_section section;
        struct pf_hybrid levels;

        CHECK(got != NULL);
        for (int64_t i = 0; i < rows; i++) {
            bool is_set = round % 3 == 0 ? i / 100 % 2 == 0 : round % 3 == 1 ? random_bits(&random) % 8 != 0 : true;
            is_set ? pf_bit_set(bits, i) : pf_bit_clear(bits, i);
        }
        section = copy_of(bytes, pf_encode_hybrid_bits(bits, (size_t)rows, bytes));
        skip = (int64_t)(random_bits(&random) % (uint64_t)rows);
        memset(got, 0xff, (size_t)(rows + at + 7) / 8);
        pf_hybrid_init(&levels, section, 1);
        CHECK(pf_levels_skip(&levels, skip, &before));
        known = pf_levels_all_present(&levels, rows - skip);
        CHECK(pf_levels_take(&levels, rows - skip - known, got, at + known, &present));
        for (int64_t i = 0; i < rows; i++) {
            if (i < skip)
                expected_before += pf_bit(bits, i);
            else
                expected += pf_bit(bits, i);
            CHECK(i < skip || pf_bit(got, at + i - skip) == pf_bit(bits, i));
        }
        CHECK_INT(before, expected_before);
        CHECK_INT(known + present, expected);
        for (int64_t i = 0; i < at; i++)
            CHECK(pf_bit(got, i));
        CHECK(!pf_levels_take(&levels, 1 + 7, got, 0, &present)); /* up to 7 of padding */
        free((void *)(uintptr_t)section.bytes);
        free(got);
    }
}

/* ---- spreading */

static void test_spread(void **state)
{
    static const size_t widths[] = { 1, 2, 4, 8, 16 };
    struct random random = { 5 };

    (void)state;
    for (uint32_t round = 0; round < 300; round++) {
        size_t width = widths[round % PF_COUNT(widths)];
        int64_t rows = (int64_t)(random_bits(&random) % 300), at = (int64_t)(random_bits(&random) % 9), count = 0, value = 0;
        uint8_t validity[64];
        uint8_t *values = calloc((size_t)rows + 1, width);
        int32_t *ends = calloc((size_t)rows + 2, sizeof *ends);

        CHECK(values != NULL && ends != NULL);
        *ends++ = 1000;
        for (int64_t i = 0; i < rows; i++) {
            bool is_set = round % 7 == 0 ? round % 2 : random_bits(&random) % 3 != 0;

            is_set ? pf_bit_set(validity, at + i) : pf_bit_clear(validity, at + i);
            if (!is_set)
                continue;
            memset(values + (size_t)count * width, (int)(count % 250) + 1, width);
            ends[count] = 1000 + (int32_t)count + 1;
            count++;
        }
        pf_spread_values(values, width, validity, at, rows, count);
        pf_spread_ends(ends, validity, at, rows, count);
        for (int64_t i = 0; i < rows; i++) {
            bool is_set = pf_bit(validity, at + i);

            for (size_t byte = 0; byte < width; byte++)
                CHECK_INT(values[(size_t)i * width + byte], is_set ? value % 250 + 1 : 0);
            value += is_set;
            CHECK_INT(ends[i], 1000 + value);
        }
        free(values);
        free(ends - 1);
    }
}

/* ---- fixed width */

static void test_bools(void **state)
{
    uint8_t plain[16], got[130], packed[20];
    struct random random = { 3 };

    (void)state;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)random_bits(&random);
    for (size_t skip = 0; skip <= 128; skip++) {
        size_t count = 128 - skip;

        CHECK(pf_plain_bool((struct pf_section){ plain, 16 }, skip, count, got));
        for (size_t i = 0; i < count; i++)
            CHECK_INT(got[i], pf_bit(plain, (int64_t)(skip + i)));
        pf_pack_bools(got, count, packed);
        for (size_t i = 0; i < count; i++)
            CHECK_INT(pf_bit(packed, (int64_t)i), got[i]);
        CHECK(!pf_plain_bool((struct pf_section){ plain, 16 }, skip, count + 1, got));
    }
    CHECK(!pf_plain_bool((struct pf_section){ plain, 16 }, 129, 0, got));
    /* Run lengths with the size in front: five times true, then false. */
    CHECK(pf_rle_bool(SECTION(4, 0, 0, 0, 0x0a, 0x01, 0x02, 0x00), 3, 3, got));
    CHECK(got[0] == 1 && got[1] == 1 && got[2] == 0);
    CHECK(!pf_rle_bool(SECTION(4, 0, 0, 0, 0x0a, 0x01, 0x02, 0x00), 3, 4, got));
    CHECK(!pf_rle_bool(SECTION(4, 0, 0, 0, 0x0a, 0x01, 0x02, 0x00), 7, 0, got));
    CHECK(!pf_rle_bool(SECTION(5, 0, 0, 0, 0x0a, 0x01, 0x02, 0x00), 0, 1, got));
    CHECK(!pf_rle_bool(SECTION(0, 0, 0), 0, 0, got));
}

static void test_plain_fixed(void **state)
{
    struct pf_section section = SECTION(1, 2, 3, 4, 5, 6, 7);
    const uint8_t *values;

    (void)state;
    CHECK(pf_plain_fixed(section, 3, 1, 1, &values));
    CHECK_INT(values[0], 4);
    CHECK(!pf_plain_fixed(section, 3, 1, 2, &values));
    CHECK(!pf_plain_fixed(section, 3, 3, 0, &values));
    CHECK(!pf_plain_fixed(section, 8, 0, 1, &values));
    CHECK(!pf_plain_fixed(section, 1, 0, SIZE_MAX, &values));
}

static void test_stream_split(void **state)
{
    static const size_t widths[] = { 1, 2, 4, 5, 8, 16 };
    uint8_t split[320], got[320];

    (void)state;
    for (size_t w = 0; w < PF_COUNT(widths); w++) {
        size_t width = widths[w];

        for (size_t i = 0; i < 20; i++) {
            for (size_t byte = 0; byte < width; byte++)
                split[byte * 20 + i] = (uint8_t)(i * width + byte);
        }
        CHECK(pf_stream_split((struct pf_section){ split, 20 * width }, width, 3, 17, got));
        for (size_t i = 0; i < 17 * width; i++)
            CHECK_INT(got[i], (uint8_t)(3 * width + i));
        CHECK(!pf_stream_split((struct pf_section){ split, 20 * width }, width, 3, 18, got));
        CHECK(!pf_stream_split((struct pf_section){ split, 20 * width }, width, 21, 0, got));
        CHECK(width == 1 || !pf_stream_split((struct pf_section){ split, 20 * width - 1 }, width, 0, 1, got));
    }
}

/* ---- deltas */

static void test_delta_round(void **state)
{
    static int64_t longs[MOST], got_longs[MOST];
    static int32_t ints[MOST], got_ints[MOST];
    static uint8_t bytes[MOST * 16 + 4096];
    struct random random = { 21 };

    (void)state;
    for (uint32_t bits = 0; bits <= 64; bits++) {
        size_t count = bits % 5 == 0 ? MOST : random_bits(&random) % 400, skip;
        struct pf_section section;
        struct pf_delta delta;

        for (size_t i = 0; i < count; i++) {
            uint64_t any = random_bits(&random);
            longs[i] = (int64_t)(bits == 64 ? any : any & (((uint64_t)1 << bits) - 1));
            ints[i] = (int32_t)(uint32_t)(uint64_t)longs[i];
        }
        section = copy_of(bytes, pf_encode_delta(longs, count, 8, 0, bytes));
        skip = count != 0 ? random_bits(&random) % count : 0;
        CHECK(pf_delta_init(&delta, section));
        CHECK(pf_delta_end(&delta) == section.bytes + section.size);
        CHECK(pf_delta_skip(&delta, skip) && pf_delta_read(&delta, got_longs, 8, count - skip));
        assert_memory_equal(got_longs, longs + skip, (count - skip) * sizeof *longs);
        CHECK(!pf_delta_read(&delta, got_longs, 8, 1));
        free((void *)(uintptr_t)section.bytes);

        section = copy_of(bytes, pf_encode_delta(ints, count, 4, 0, bytes));
        CHECK(pf_delta_init(&delta, section));
        for (size_t done = 0; done < count;) {
            size_t part = 1 + random_bits(&random) % 50;

            part = part < count - done ? part : count - done;
            CHECK(pf_delta_read(&delta, got_ints + done, 4, part));
            done += part;
        }
        assert_memory_equal(got_ints, ints, count * sizeof *ints);
        free((void *)(uintptr_t)section.bytes);
    }
}

static void test_delta_of_the_specification(void **state)
{
    static const int64_t expected[] = { 7, 5, 3, 1, 2, 3, 4, 5 };
    /* 128 values a block, 4 miniblocks, 8 values, the first is 7; least difference -2, the first miniblock of 2 bits. */
    struct pf_section section =
        SECTION(0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 0x02, 0xaa, 0xbb, 0xcc, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0);
    struct pf_delta delta;
    int64_t got[8];

    (void)state;
    CHECK(pf_delta_init(&delta, section));
    CHECK(pf_delta_end(&delta) == section.bytes + section.size);
    CHECK(pf_delta_read(&delta, got, 8, 8));
    assert_memory_equal(got, expected, sizeof expected);
}

static void test_delta_wrong(void **state)
{
    const struct {
        const char *name;
        struct pf_section section;
        bool header; /* the header is right */
    } cases[] = {
        { "nothing", { (const uint8_t *)"", 0 }, false },
        { "header cut", SECTION(0x80, 0x01, 0x04, 0x08), false },
        { "block of nothing", SECTION(0x00, 0x01, 0x08, 0x0e), false },
        { "no miniblocks", SECTION(0x80, 0x01, 0x00, 0x08, 0x0e), false },
        { "miniblocks of 16", SECTION(0x80, 0x01, 0x08, 0x08, 0x0e), false },
        { "miniblocks that do not divide", SECTION(0x80, 0x01, 0x03, 0x08, 0x0e), false },
        { "block of 2^31", SECTION(0x80, 0x80, 0x80, 0x80, 0x08, 0x01, 0x08, 0x0e), false },
        { "endless number", SECTION(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), false },
        { "no block", SECTION(0x80, 0x01, 0x04, 0x08, 0x0e), true },
        { "widths cut", SECTION(0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 0x02, 0x00, 0x00), true },
        { "miniblock cut", SECTION(0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 0x02, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7), true },
        { "65 bits", SECTION(0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 0x41, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7), true },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_delta delta;
        int64_t got[8];

        if (pf_delta_init(&delta, cases[i].section) != cases[i].header)
            fail_msg("%s: the header was %s", cases[i].name, cases[i].header ? "refused" : "taken");
        if (!cases[i].header)
            continue;
        CHECK(pf_delta_end(&delta) == NULL);
        CHECK(!pf_delta_read(&delta, got, 8, 8));
        CHECK(pf_delta_init(&delta, cases[i].section));
        CHECK(!pf_delta_skip(&delta, 8));
    }
}

/* ---- text */

struct texts {
    struct pf_context ctx;
    struct pf_buffer bytes;
    int32_t ends[MOST + 1];
    struct pf_error err;
};

static int begin(void **state)
{
    struct texts *texts = calloc(1, sizeof *texts);

    if (texts == NULL || !pf_memory_init(&texts->ctx.memory, SIZE_MAX))
        return -1;
    pf_buffer_init(&texts->bytes, &texts->ctx.memory, INT32_MAX);
    *state = texts;
    return 0;
}

static int end(void **state)
{
    struct texts *texts = *state;

    pf_buffer_free(&texts->bytes);
    CHECK_INT(atomic_load(&texts->ctx.memory.in_use), 0);
    pf_memory_destroy(&texts->ctx.memory);
    free(texts);
    return 0;
}

static struct pf_text_target target(struct texts *texts)
{
    pf_buffer_clear(&texts->bytes);
    texts->ends[0] = 0;
    return (struct pf_text_target){ &texts->bytes, texts->ends + 1 };
}

static void check_texts(const struct texts *texts, size_t count, const char *const *expected)
{
    for (size_t i = 0; i < count; i++) {
        int32_t size = texts->ends[i + 1] - texts->ends[i];

        if ((size_t)size != strlen(expected[i]) || memcmp(texts->bytes.data + texts->ends[i], expected[i], (size_t)size) != 0)
            fail_msg("text %zu is '%.*s', expected '%s'", i, size, (const char *)texts->bytes.data + texts->ends[i],
                     expected[i]);
    }
    CHECK_INT(texts->bytes.size, texts->ends[count]);
}

static void test_plain_text(void **state)
{
    static const char *const expected[] = { "a", "", "a text of more than sixteen bytes, and of more than thirty-two" };
    uint8_t bytes[128] = { 1, 0, 0, 0, 'a', 0, 0, 0, 0, 62, 0, 0, 0 };
    size_t size = 13 + strlen(expected[2]);
    struct texts *texts = *state;
    struct pf_section section;

    memcpy(bytes + 13, expected[2], strlen(expected[2]));
    section = copy_of(bytes, size);
    for (size_t skip = 0; skip <= 3; skip++) {
        CHECK_OK(pf_plain_text(section, skip, 3 - skip, target(texts), &texts->err), texts->err);
        check_texts(texts, 3 - skip, expected + skip);
        CHECK_INT(pf_plain_text(section, skip, 4 - skip, target(texts), &texts->err), PF_BAD_DATA);
    }
    CHECK_INT(pf_plain_text(section, 4, 0, target(texts), &texts->err), PF_BAD_DATA);
    for (size_t cut = 0; cut < size; cut++)
        CHECK_INT(pf_plain_text((struct pf_section){ section.bytes, cut }, 0, 3, target(texts), &texts->err), PF_BAD_DATA);
    free((void *)(uintptr_t)section.bytes);
    section = SECTION(0xff, 0xff, 0xff, 0xff, 'a', 0, 0, 0, 0);
    CHECK_INT(pf_plain_text(section, 0, 1, target(texts), &texts->err), PF_BAD_DATA);
    CHECK_INT(pf_plain_text(section, 1, 1, target(texts), &texts->err), PF_BAD_DATA);
}

/* Only the values asked for count, however long the page goes on behind them. */
static void test_plain_text_of_a_long_page(void **state)
{
    enum { LONG = 1 << 20 };
    uint8_t *bytes = calloc(1, LONG + 13);
    struct texts *texts = *state;

    bytes[0] = 1;
    bytes[4] = 'a';
    bytes[11] = LONG >> 16; /* the third value: LONG bytes */
    CHECK_OK(pf_plain_text((struct pf_section){ bytes, LONG + 13 }, 0, 2, target(texts), &texts->err), texts->err);
    CHECK(texts->bytes.capacity < LONG / 2);
    CHECK_OK(pf_plain_text((struct pf_section){ bytes, LONG + 13 }, 0, 3, target(texts), &texts->err), texts->err);
    CHECK_INT(texts->ends[3], LONG + 1);
    CHECK_INT(pf_plain_text((struct pf_section){ bytes, LONG + 12 }, 0, 3, target(texts), &texts->err), PF_BAD_DATA);
    free(bytes);
}

/* The same values as by a copy, for every length around the sizes of words, and from every prefix an answer. */
static void test_plain_text_in_place(void **state)
{
    enum { COUNT = 200 };
    uint8_t page[COUNT * (4 + 80) + PF_DECODE_SLACK], copy[sizeof page];
    struct texts *texts = *state;
    int32_t ends[COUNT];
    size_t size = 0;

    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t length = (i * 37) % 80;

        memcpy(page + size, &length, 4);
        for (uint32_t at = 0; at < length; at++)
            page[size + 4 + at] = (uint8_t)(i + at * 3);
        size += 4 + length;
    }
    memcpy(copy, page, size);
    texts->ends[0] = 0;
    CHECK(pf_plain_text_in_place(copy, size, COUNT, ends));
    for (uint32_t i = 0, from = 4; i < COUNT; i++) {
        uint32_t start = i != 0 ? (uint32_t)ends[i - 1] : 0, length = (i * 37) % 80;

        CHECK_INT((uint32_t)ends[i] - start, length);
        CHECK(memcmp(copy + start, page + from, length) == 0);
        from += length + 4;
    }
    for (size_t cut = 0; cut < size; cut++) {
        memcpy(copy, page, size);
        CHECK(!pf_plain_text_in_place(copy, cut, COUNT, ends));
    }
}

/* Appends values as DELTA_BINARY_PACKED. */
static size_t put_delta(uint8_t *to, const int32_t *values, size_t count)
{
    return pf_encode_delta(values, count, 4, 0, to);
}

static void test_delta_length_text(void **state)
{
    static const char *const expected[] = { "Hello", "World", "Foobar", "ABCDEF", "" };
    static const int32_t lengths[] = { 5, 5, 6, 6, 0 }, negative[] = { 5, -1, 6, 6, 0 };
    static const char text[] = "HelloWorldFoobarABCDEF";
    uint8_t bytes[4096];
    size_t head = put_delta(bytes, lengths, 5), size = head + sizeof text - 1;
    struct texts *texts = *state;
    struct pf_section section;

    memcpy(bytes + head, text, sizeof text - 1);
    section = copy_of(bytes, size);
    for (size_t skip = 0; skip <= 5; skip++) {
        CHECK_OK(pf_delta_length_text(section, skip, 5 - skip, target(texts), &texts->err), texts->err);
        check_texts(texts, 5 - skip, expected + skip);
    }
    CHECK_INT(pf_delta_length_text(section, 0, 6, target(texts), &texts->err), PF_BAD_DATA);
    for (size_t cut = 0; cut < size; cut++)
        CHECK_INT(pf_delta_length_text((struct pf_section){ section.bytes, cut }, 0, 5, target(texts), &texts->err),
                  PF_BAD_DATA);
    free((void *)(uintptr_t)section.bytes);
    head = put_delta(bytes, negative, 5);
    memcpy(bytes + head, text, sizeof text - 1);
    section = copy_of(bytes, head + sizeof text - 1);
    CHECK_INT(pf_delta_length_text(section, 0, 5, target(texts), &texts->err), PF_BAD_DATA);
    CHECK_INT(pf_delta_length_text(section, 2, 3, target(texts), &texts->err), PF_BAD_DATA);
    free((void *)(uintptr_t)section.bytes);
}

static size_t put_fronts(uint8_t *to, const int32_t *prefixes, const int32_t *suffixes, size_t count, const char *text)
{
    size_t size = put_delta(to, prefixes, count);

    size += put_delta(to + size, suffixes, count);
    memcpy(to + size, text, strlen(text));
    return size + strlen(text);
}

static void test_delta_text(void **state)
{
    static const char *const expected[] = { "axis", "axle", "babble", "babyhood" };
    static const int32_t prefixes[] = { 0, 2, 0, 3 }, suffixes[] = { 4, 2, 6, 5 }, too_long[] = { 0, 5, 0, 3 },
                         first[] = { 1, 2, 0, 3 };
    struct texts *texts = *state;
    struct pf_memory *memory = &texts->ctx.memory;
    uint8_t bytes[4096];
    size_t size = put_fronts(bytes, prefixes, suffixes, 4, "axislebabbleyhood");
    struct pf_section section = copy_of(bytes, size);

    for (size_t skip = 0; skip <= 4; skip++) {
        CHECK_OK(pf_delta_text(section, memory, skip, 4 - skip, target(texts), &texts->err), texts->err);
        check_texts(texts, 4 - skip, expected + skip);
    }
    CHECK_INT(pf_delta_text(section, memory, 0, 5, target(texts), &texts->err), PF_BAD_DATA);
    CHECK_INT(pf_delta_text(section, memory, 5, 0, target(texts), &texts->err), PF_BAD_DATA);
    for (size_t cut = 0; cut < size; cut++)
        CHECK_INT(pf_delta_text((struct pf_section){ section.bytes, cut }, memory, 1, 3, target(texts), &texts->err),
                  PF_BAD_DATA);
    free((void *)(uintptr_t)section.bytes);
    section = copy_of(bytes, put_fronts(bytes, too_long, suffixes, 4, "axislebabbleyhood"));
    CHECK_INT(pf_delta_text(section, memory, 0, 4, target(texts), &texts->err), PF_BAD_DATA);
    CHECK_INT(pf_delta_text(section, memory, 3, 1, target(texts), &texts->err), PF_BAD_DATA);
    free((void *)(uintptr_t)section.bytes);
    section = copy_of(bytes, put_fronts(bytes, first, suffixes, 4, "axislebabbleyhood"));
    CHECK_INT(pf_delta_text(section, memory, 0, 1, target(texts), &texts->err), PF_BAD_DATA);
    free((void *)(uintptr_t)section.bytes);
}

/* Long prefixes over many batches, after skipping, against a plain loop. */
static void test_delta_text_long(void **state)
{
    static int32_t prefixes[1000], suffixes[1000];
    static uint8_t bytes[65536];
    char text[32768], value[4096] = "", *at = text;
    struct texts *texts = *state;
    struct pf_section section;
    struct random random = { 77 };
    size_t size;

    for (size_t i = 0; i < 1000; i++) {
        prefixes[i] = i == 0 ? 0 : (int32_t)(random_bits(&random) % (uint64_t)(prefixes[i - 1] + suffixes[i - 1] + 1));
        suffixes[i] = (int32_t)(random_bits(&random) % 40);
        for (int32_t k = 0; k < suffixes[i] && at < text + sizeof text - 1; k++)
            *at++ = (char)('a' + random_bits(&random) % 26);
    }
    *at = '\0';
    size = put_fronts(bytes, prefixes, suffixes, 1000, text);
    section = copy_of(bytes, size);
    for (size_t skip = 0; skip < 1000; skip += 333) {
        const char *from = text;

        CHECK_OK(pf_delta_text(section, &texts->ctx.memory, skip, 1000 - skip, target(texts), &texts->err), texts->err);
        for (size_t i = 0; i < 1000; i++) {
            memcpy(value + prefixes[i], from, (size_t)suffixes[i]);
            from += suffixes[i];
            if (i < skip)
                continue;
            CHECK_INT(texts->ends[i - skip + 1] - texts->ends[i - skip], prefixes[i] + suffixes[i]);
            assert_memory_equal(texts->bytes.data + texts->ends[i - skip], value, (size_t)(prefixes[i] + suffixes[i]));
        }
    }
    free((void *)(uintptr_t)section.bytes);
}

/* ---- dictionary */

static void test_dictionary_values(void **state)
{
    static const size_t widths[] = { 1, 2, 4, 8, 16 };
    static const uint32_t indexes[] = { 3, 0, 0, 2, 1, 3 };
    uint8_t values[64], got[96];

    (void)state;
    for (size_t w = 0; w < PF_COUNT(widths); w++) {
        struct pf_dictionary dictionary = { .count = 4, .width = widths[w], .values = values };

        for (size_t i = 0; i < 4 * widths[w]; i++)
            values[i] = (uint8_t)(i * 7);
        pf_dictionary_values(&dictionary, indexes, 6, got);
        for (size_t i = 0; i < 6; i++)
            assert_memory_equal(got + i * widths[w], values + indexes[i] * widths[w], widths[w]);
    }
    CHECK_INT(pf_largest_index(indexes, 6), 3);
    CHECK_INT(pf_largest_index(indexes, 0), 0);
}

static void test_dictionary_text(void **state)
{
    static const char *const words[] = { "", "one", "seventeen letters", "four letters or more of them" };
    static const uint32_t indexes[] = { 3, 0, 0, 2, 1, 3 };
    static const char *const expected[] = { "four letters or more of them", "", "", "seventeen letters", "one",
                                            "four letters or more of them" };
    static const uint32_t lengths[] = { 8, 16, 28, 60, 1000 };
    struct texts *texts = *state;
    uint8_t bytes[256] = "";
    int32_t ends[5] = { 0 };

    for (size_t i = 0; i < 4; i++) {
        memcpy(bytes + ends[i], words[i], strlen(words[i]));
        ends[i + 1] = ends[i] + (int32_t)strlen(words[i]);
    }
    /* The longest value decides how they are copied: each way must do, as long as no value is longer than it says. */
    for (size_t i = 0; i < PF_COUNT(lengths); i++) {
        struct pf_dictionary dictionary = { .count = 4, .values = bytes, .ends = ends + 1, .longest = lengths[i] };
        size_t from = lengths[i] < 17 ? 4 : 0, count = lengths[i] < 17 ? 1 : 6;

        CHECK_OK(pf_dictionary_text(&dictionary, indexes + from, count, target(texts), &texts->err), texts->err);
        check_texts(texts, count, expected + from);
    }
}

static void test_text_is_limited(void **state)
{
    static const uint32_t indexes[3] = { 0, 0, 0 };
    struct texts *texts = *state;
    int32_t ends[2] = { 0, INT32_MAX / 2 };
    struct pf_dictionary dictionary = { .count = 1, .values = (const uint8_t *)"", .ends = ends + 1, .longest = INT32_MAX / 2 };

    CHECK_INT(pf_dictionary_text(&dictionary, indexes, 3, target(texts), &texts->err), PF_LIMIT);
    CHECK_HAS(texts->err.message, "2 GiB");
    texts->ctx.memory.limit = 1 << 20;
    CHECK_INT(pf_dictionary_text(&dictionary, indexes, 1, target(texts), &texts->err), PF_NO_MEMORY);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hybrid_of_the_specification),
        cmocka_unit_test(test_hybrid_round),
        cmocka_unit_test(test_hybrid_ends_early),
        cmocka_unit_test(test_levels_round),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_bools),
        cmocka_unit_test(test_plain_fixed),
        cmocka_unit_test(test_stream_split),
        cmocka_unit_test(test_delta_round),
        cmocka_unit_test(test_delta_of_the_specification),
        cmocka_unit_test(test_delta_wrong),
        cmocka_unit_test_setup_teardown(test_plain_text, begin, end),
        cmocka_unit_test_setup_teardown(test_plain_text_of_a_long_page, begin, end),
        cmocka_unit_test_setup_teardown(test_plain_text_in_place, begin, end),
        cmocka_unit_test_setup_teardown(test_delta_length_text, begin, end),
        cmocka_unit_test_setup_teardown(test_delta_text, begin, end),
        cmocka_unit_test_setup_teardown(test_delta_text_long, begin, end),
        cmocka_unit_test(test_dictionary_values),
        cmocka_unit_test_setup_teardown(test_dictionary_text, begin, end),
        cmocka_unit_test_setup_teardown(test_text_is_limited, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
