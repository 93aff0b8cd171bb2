/* The encoders against decoders written here from the specification: every width, run lengths at every border, extremes. Outputs stand
 * in memory of exactly the size promised by the bounds, so that the sanitizers see a byte too many. */
#include "support_unit.h"

#include <stdlib.h>

#include "base/cpu.h"
#include "formats/parquet/encode.h"
#include "formats/parquet/thrift_write.h"
#include "support_parquet_make.h"

static uint64_t bits_at(const uint8_t *bytes, size_t at, uint32_t width)
{
    uint64_t value = 0;

    for (uint32_t bit = 0; bit < width; bit++)
        value |= (uint64_t)pf_bit(bytes, (int64_t)(at + bit)) << bit;
    return value;
}

static uint64_t read_varint(const uint8_t **at)
{
    uint64_t value = 0;
    uint32_t shift = 0;

    do {
        value |= (uint64_t)(**at & 0x7f) << shift;
        shift += 7;
    } while (*(*at)++ & 0x80);
    return value;
}

static int64_t read_zigzag(const uint8_t **at)
{
    uint64_t value = read_varint(at);

    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

static uint64_t below(uint64_t value, uint32_t width)
{
    return width == 64 ? value : value & (((uint64_t)1 << width) - 1);
}

static void test_pack(void **unused)
{
    (void)unused;
    for (uint32_t width = 0; width <= 64; width++) {
        enum { GROUPS = 5 };
        uint64_t wide[GROUPS * 8];
        uint32_t narrow[GROUPS * 8];
        uint8_t *to = malloc(GROUPS * 64 + 8);

        CHECK(to != NULL);
        for (uint32_t i = 0; i < GROUPS * 8; i++) {
            wide[i] = i == 3 ? below(UINT64_MAX, width) : below(made_random(width, i), width);
            narrow[i] = (uint32_t)wide[i];
        }
        pf_pack64(wide, GROUPS, width, to);
        for (uint32_t i = 0; i < GROUPS * 8; i++)
            CHECK(bits_at(to, (size_t)i * width, width) == wide[i]);
        if (width <= 32) {
            pf_pack32(narrow, GROUPS, width, to);
            for (uint32_t i = 0; i < GROUPS * 8; i++)
                CHECK(bits_at(to, (size_t)i * width, width) == narrow[i]);
        }
        free(to);
    }
}

/* Decodes count values; returns the end. */
static const uint8_t *read_hybrid(const uint8_t *at, uint32_t width, uint32_t *values, size_t count)
{
    for (size_t done = 0; done < count;) {
        uint64_t head = read_varint(&at);

        if (head & 1) {
            for (size_t i = 0; i < (head >> 1) * 8; i++) {
                if (done < count)
                    values[done++] = (uint32_t)bits_at(at, i * width, width);
                else
                    CHECK_INT(bits_at(at, i * width, width), 0);
            }
            at += (head >> 1) * width;
        } else {
            uint32_t value = (uint32_t)bits_at(at, 0, (width + 7) / 8 * 8);

            CHECK(done + (head >> 1) <= count);
            for (uint64_t i = 0; i < head >> 1; i++)
                values[done++] = value;
            at += (width + 7) / 8;
        }
    }
    return at;
}

/* How values repeat: pattern 0 random; 1 one value; 2 runs of random lengths up to 40; 3 runs between random stretches; 4 a run at
 * the end. */
static uint32_t patterned(int pattern, uint32_t seed, size_t at, size_t count)
{
    switch (pattern) {
    case 1:
        return 5;
    case 2:
        return (uint32_t)made_random(seed, (int64_t)(at / (1 + seed % 40)));
    case 3:
        return at / 100 % 2 ? 9 : (uint32_t)made_random(seed, (int64_t)at);
    case 4:
        return at + 50 > count ? 3 : (uint32_t)made_random(seed, (int64_t)at);
    default:
        return (uint32_t)made_random(seed, (int64_t)at);
    }
}

static void check_hybrid(uint32_t width, size_t count, int pattern)
{
    uint32_t *values = malloc((count + 1) * sizeof *values), *back = malloc((count + 1) * sizeof *back);
    uint8_t *to = malloc(pf_hybrid_bound(count, width));
    size_t size;

    CHECK(values && back && to);
    for (size_t i = 0; i < count; i++)
        values[i] = (uint32_t)below(patterned(pattern, width * 7 + (uint32_t)count, i, count), width);
    size = pf_encode_hybrid(values, count, width, to);
    CHECK_INT(read_hybrid(to, width, back, count) - to, size);
    for (size_t i = 0; i < count; i++)
        CHECK_INT(back[i], values[i]);
    if (pattern == 1 && count > 0)
        CHECK(size <= 4 + (width + 7) / 8);
    free(values);
    free(back);
    free(to);
}

static void test_hybrid(void **unused)
{
    static const size_t counts[] = { 0, 1, 7, 8, 9, 63, 64, 65, 200, 505, 1000, 70000 };

    (void)unused;
    for (uint32_t width = 1; width <= 20; width++) {
        for (size_t i = 0; i < PF_COUNT(counts); i++) {
            for (int pattern = 0; pattern < 5; pattern++)
                check_hybrid(width, counts[i], pattern);
        }
    }
}

static void check_hybrid_bits(size_t count, int pattern)
{
    uint8_t *bits = calloc(count / 8 + 1, 1), *to = malloc(pf_hybrid_bound(count, 1));
    uint32_t *back = malloc((count + 1) * sizeof *back);
    size_t size;

    CHECK(bits && to && back);
    for (size_t i = 0; i < count; i++) {
        if (patterned(pattern, (uint32_t)count, i, count) & 1)
            pf_bit_set(bits, (int64_t)i);
    }
    /* What follows the last bit must not matter. */
    if (count % 8)
        bits[count / 8] |= (uint8_t)(0xffu << (count % 8));
    size = pf_encode_hybrid_bits(bits, count, to);
    CHECK_INT(read_hybrid(to, 1, back, count) - to, size);
    for (size_t i = 0; i < count; i++)
        CHECK_INT(back[i], pf_bit(bits, (int64_t)i));
    free(bits);
    free(to);
    free(back);
}

static void test_hybrid_bits(void **unused)
{
    (void)unused;
    for (size_t count = 0; count < 700; count += 1 + count / 60) {
        for (int pattern = 0; pattern < 5; pattern++)
            check_hybrid_bits(count, pattern);
    }
}

static int64_t number_at(int pattern, uint32_t width, size_t at)
{
    static const int64_t extremes[] = { INT64_MIN, INT64_MAX, 0, -1, 1, INT64_MAX, INT64_MIN, INT64_MIN };
    static const int32_t narrow[] = { INT32_MIN, INT32_MAX, 0, -1, 1, INT32_MAX, INT32_MIN, INT32_MIN };

    switch (pattern) {
    case 0:
        return (int64_t)made_random(width, (int64_t)at);
    case 1:
        return (int64_t)at * 3 - 500;
    case 2:
        return (int64_t)(made_random(width, (int64_t)at) % 1000) - 500;
    case 3:
        return at % 97 == 0 ? INT32_MAX : 4;
    default:
        return width == 4 ? narrow[at % 8] : extremes[at % 8];
    }
}

static int64_t wrap(int64_t value, uint32_t width)
{
    return width == 4 ? (int32_t)(uint32_t)(uint64_t)value : value;
}

static const uint8_t *read_delta(const uint8_t *at, uint32_t width, int64_t *values, size_t *count)
{
    uint64_t block = read_varint(&at), minis = read_varint(&at), total = read_varint(&at);
    int64_t value = read_zigzag(&at);
    size_t done = 0;

    *count = total;
    if (total > 0)
        values[done++] = value;
    while (done < total) {
        int64_t least = read_zigzag(&at);
        const uint8_t *widths = at;

        at += minis;
        for (uint64_t mini = 0; mini < minis && done < total; mini++) {
            CHECK(widths[mini] <= width * 8);
            for (uint64_t i = 0; i < block / minis && done < total; i++) {
                value = wrap((int64_t)((uint64_t)value + (uint64_t)least + bits_at(at, i * widths[mini], widths[mini])), width);
                values[done++] = value;
            }
            at += widths[mini] * (block / minis) / 8;
        }
    }
    return at;
}

static void check_delta(uint32_t width, size_t count, int pattern, uint32_t features)
{
    size_t bound = pf_delta_bound(count, width), size, found;
    uint8_t *values = malloc(count * width + 1), *to = malloc(bound), *scalar = malloc(bound);
    int64_t *back = malloc((count + 1) * sizeof *back);

    CHECK(values && to && scalar && back);
    for (size_t i = 0; i < count; i++) {
        int64_t value = number_at(pattern, width, i);

        memcpy(values + i * width, &value, width);
    }
    size = pf_encode_delta(values, count, width, features, to);
    CHECK_INT(pf_encode_delta(values, count, width, 0, scalar), size);
    assert_memory_equal(to, scalar, size);
    CHECK_INT(read_delta(to, width, back, &found) - to, size);
    CHECK_INT(found, count);
    for (size_t i = 0; i < count; i++)
        CHECK_INT(back[i], wrap(number_at(pattern, width, i), width));
    free(values);
    free(to);
    free(scalar);
    free(back);
}

static void test_delta(void **unused)
{
    static const size_t counts[] = { 0, 1, 2, 31, 32, 33, 34, 127, 128, 129, 130, 257, 1000 };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(counts); i++) {
        for (int pattern = 0; pattern < 5; pattern++) {
            check_delta(4, counts[i], pattern, pf_cpu_features());
            check_delta(8, counts[i], pattern, pf_cpu_features());
        }
    }
}

static void test_bits_append(void **unused)
{
    uint8_t from[40];

    (void)unused;
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)made_random(1, (int64_t)i);
    for (size_t to_at = 0; to_at < 9; to_at++) {
        for (size_t from_at = 0; from_at < 9; from_at++) {
            for (size_t count = 0; count + from_at <= sizeof from * 8; count += 1 + count / 8) {
                uint8_t *exact = malloc((from_at + count + 7) / 8 + 1), to[64] = { 0 };
                size_t ones = 0;

                CHECK(exact != NULL);
                memcpy(exact, from, (from_at + count + 7) / 8);
                memset(to, 0xff, (to_at + 7) / 8);
                pf_bits_append(to, to_at, exact, from_at, count);
                for (size_t i = 0; i < to_at; i++)
                    CHECK(pf_bit(to, (int64_t)i));
                for (size_t i = 0; i < count; i++) {
                    CHECK_INT(pf_bit(to, (int64_t)(to_at + i)), pf_bit(from, (int64_t)(from_at + i)));
                    ones += pf_bit(from, (int64_t)(from_at + i));
                }
                CHECK_INT(pf_bits_count(to, to_at + count), to_at + ones);
                free(exact);
            }
        }
    }
}

/* Rows of a column in slices that begin and end anywhere, against the values by rule. */
static void check_gather(const struct made_column *column, uint32_t width)
{
    enum { ROWS = 500, BATCH = 90 };
    struct made_table table = { column, 1, ROWS, BATCH };
    struct pf_batch batches[ROWS / BATCH + 1], whole;
    struct pf_slice slices[ROWS / BATCH + 1];
    struct pf_slice_cursor cursor = { slices, 0 }, plain;
    struct pf_slice one;
    struct pf_context ctx;
    size_t count = 0, valid = 0, nulls;
    uint8_t validity[ROWS / 8 + 9], all[ROWS / 8 + 9];
    uint8_t *values = malloc((size_t)ROWS * 16 + 64), *expected = malloc((size_t)ROWS * 16 + 64);

    CHECK(values && expected && made_context(&ctx));
    memset(validity, 0, sizeof validity);
    memset(all, 0, sizeof all);
    for (int64_t first = 0; first < ROWS; first += BATCH, count++) {
        int64_t rows = ROWS - first < BATCH ? ROWS - first : BATCH;

        made_batch(&batches[count], &ctx.memory, &table, first, rows, NULL);
        slices[count] = (struct pf_slice){ &batches[count].columns[0], 0, rows };
    }
    slices[0].start = 3;
    slices[0].rows -= 3;
    made_batch(&whole, &ctx.memory, &table, 0, ROWS, NULL);
    one = (struct pf_slice){ &whole.columns[0], 3, ROWS - 3 };
    plain = (struct pf_slice_cursor){ &one, 0 };
    nulls = pf_gather_validity(cursor, ROWS - 3, validity);
    CHECK_INT(pf_gather_validity(plain, ROWS - 3, all), nulls);
    for (int64_t i = 3; i < ROWS; i++)
        valid += !pf_array_validity(one.array) || pf_bit(pf_array_validity(one.array), i);
    CHECK_INT(nulls + valid, ROWS - 3);
    if (nulls > 0)
        assert_memory_equal(validity, all, (ROWS - 3) / 8);
    pf_gather_values(&cursor, ROWS - 3, column->type, width, nulls ? validity : NULL, values);
    pf_gather_values(&plain, ROWS - 3, column->type, width, nulls ? all : NULL, expected);
    assert_memory_equal(values, expected, width ? (ROWS - 3 - nulls) * width : (ROWS - 3 - nulls + 7) / 8);
    for (size_t i = 0; i < count; i++)
        pf_batch_free(&batches[i]);
    pf_batch_free(&whole);
    free(values);
    free(expected);
    CHECK_INT(atomic_load(&ctx.memory.in_use), 0);
    pf_memory_destroy(&ctx.memory);
}

static void test_gather(void **unused)
{
    static const struct {
        enum pf_type type;
        uint32_t width;
    } types[] = {
        { PF_TYPE_BOOL, 0 },       { PF_TYPE_INT8, 4 },       { PF_TYPE_UINT8, 4 },       { PF_TYPE_INT16, 4 },
        { PF_TYPE_UINT16, 4 },     { PF_TYPE_INT32, 4 },      { PF_TYPE_INT64, 8 },       { PF_TYPE_FLOAT32, 4 },
        { PF_TYPE_DECIMAL128, 4 }, { PF_TYPE_DECIMAL128, 8 }, { PF_TYPE_DECIMAL128, 16 },
    };

    (void)unused;
    for (size_t i = 0; i < PF_COUNT(types); i++) {
        for (int nulls = MADE_NO_NULLS; nulls <= MADE_END_NULLS; nulls++) {
            struct made_column column = {
                .name = "c", .type = types[i].type, .pattern = MADE_ALL, .nulls = (enum made_nulls)nulls
            };

            column.precision = types[i].width == 4 ? 9 : types[i].width == 8 ? 18 : 38;
            check_gather(&column, types[i].width);
        }
    }
}

static void test_thrift(void **unused)
{
    static const uint8_t expected[] = {
        0x15, 0x03,                                                                   /* 1: i32 -2 */
        0x11,                                                                         /* 2: true */
        0x12,                                                                         /* 3: false */
        0x18, 0x03, 'a',  'b',  'c',                                                  /* 4: "abc" */
        0x06, 0x80, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, /* 128: i64 least, id in full */
        0x1c, 0x13, 0x80, 0x00,                                                       /* 129: struct with 1: i8 -128 */
        0x1c, 0x00,                                                                   /* 130: struct, empty, written raw */
        0x19, 0xf5, 0x0f,                                                             /* 131: list of 15 i32 */
        0x00, 0x02, 0x04, 0x06, 0x08, 0x0a, 0x0c, 0x0e, 0x10, 0x12, 0x14, 0x16, 0x18,
        0x1a, 0x1c, 0x19, 0x21, 0x01, 0x02, /* 132: list of true, false */
        0x14, 0x05,                         /* 133: i16 -3 */
        0x00,
    };
    struct pf_memory memory;
    struct pf_buffer out;
    struct pf_thrift_writer thrift;
    uint8_t stop = 0;

    (void)unused;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_buffer_init(&out, &memory, SIZE_MAX);
    pf_thrift_put_begin(&thrift, &out);
    pf_thrift_put_i32(&thrift, 1, -2);
    pf_thrift_put_bool(&thrift, 2, true);
    pf_thrift_put_bool(&thrift, 3, false);
    pf_thrift_put_text(&thrift, 4, "abc");
    pf_thrift_put_i64(&thrift, 128, INT64_MIN);
    pf_thrift_put_struct(&thrift, 129);
    pf_thrift_put_i8(&thrift, 1, -128);
    pf_thrift_put_end(&thrift);
    pf_thrift_put_raw_struct(&thrift, 130, &stop, 1);
    pf_thrift_put_list(&thrift, 131, THRIFT_I32, 15);
    for (int32_t i = 0; i < 15; i++)
        pf_thrift_put_item_i32(&thrift, i);
    pf_thrift_put_list(&thrift, 132, THRIFT_TRUE, 2);
    pf_thrift_put_item_bool(&thrift, true);
    pf_thrift_put_item_bool(&thrift, false);
    pf_thrift_put_i16(&thrift, 133, -3);
    pf_thrift_put_end(&thrift);
    CHECK(!thrift.failed);
    CHECK_INT(out.size, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    pf_buffer_free(&out);

    pf_buffer_init(&out, &memory, 3);
    pf_thrift_put_begin(&thrift, &out);
    pf_thrift_put_text(&thrift, 1, "longer than three");
    pf_thrift_put_i32(&thrift, 2, 1);
    pf_thrift_put_end(&thrift);
    CHECK(thrift.failed);
    pf_buffer_free(&out);
    pf_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),   cmocka_unit_test(test_hybrid),      cmocka_unit_test(test_hybrid_bits),
        cmocka_unit_test(test_delta),  cmocka_unit_test(test_bits_append), cmocka_unit_test(test_gather),
        cmocka_unit_test(test_thrift),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
