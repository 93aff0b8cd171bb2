#include "support_column.h"

#include <math.h>
#include <stdlib.h>

#include "base/date.h"
#include "base/number.h"
#include "support_random.h"
#include "transform/infer.h"

/* ---- declared types: one text each, as it is printed when it was read */

#define BAD   "<bad>"   /* does not fit: null, and marked */
#define BLANK "<blank>" /* nothing there: null, and not marked */

static const struct declared_case {
    const char *type, *text, *printed;
} declared[] = {
    { "int64", "12", "12" },
    { "int64", " 12\t", "12" },
    { "int64", "+12", "12" },
    { "int64", "0012", "12" },
    { "int64", "-0012", "-12" },
    { "int64", "-0", "0" },
    { "int64", "12.0", "12" },
    { "int64", "1.2e1", "12" },
    { "int64", "9223372036854775807", "9223372036854775807" },
    { "int64", "-9223372036854775808", "-9223372036854775808" },
    { "int64", "9223372036854775808", BAD },
    { "int64", "12.5", BAD },
    { "int64", "1,234", BAD },
    { "int64", "abc", BAD },
    { "int64", "   ", BLANK },
    { "int64", COLUMN_EMPTY, BLANK },
    { "int64", COLUMN_NULL, BLANK },
    { "int8", "127", "127" },
    { "int8", "128", BAD },
    { "int8", "-128", "-128" },
    { "int8", "-129", BAD },
    { "int16", "-32768", "-32768" },
    { "int16", "32768", BAD },
    { "int32", "2147483647", "2147483647" },
    { "int32", "2147483648", BAD },
    { "int32", "0007", "7" },
    { "uint8", "255", "255" },
    { "uint8", "256", BAD },
    { "uint8", "-1", BAD },
    { "uint16", "65535", "65535" },
    { "uint16", "65536", BAD },
    { "uint32", "4294967295", "4294967295" },
    { "uint32", "4294967296", BAD },
    { "uint64", "18446744073709551615", "18446744073709551615" },
    { "uint64", "18446744073709551616", BAD },
    { "float64", "1.5", "1.5" },
    { "float64", " +01.50 ", "1.5" },
    { "float64", ".5", "0.5" },
    { "float64", "5.", "5" },
    { "float64", "0.10000000000000001", "0.1" },
    { "float64", "123456789012345678901234567890", "1.2345678901234568e29" },
    { "float64", "1e400", BAD },
    { "float64", "NAN", "NaN" },
    { "float64", "Infinity", "inf" },
    { "float64", "-INF", "-inf" },
    { "float64", "+inf", "inf" },
    { "float64", "infinite", BAD },
    { "float64", "in", BAD },
    { "float64", "1,5", BAD },
    { "float64", "-", BAD },
    { "float32", "0.1", "0.10000000149011612" },
    { "float32", "16777217", "16777216" },
    { "float32", "1e39", BAD },
    { "float32", "-inf", "-inf" },
    { "float32", "x", BAD },
    { "decimal(5,2)", "123.45", "123.45" },
    { "decimal(5,2)", " -1.5 ", "-1.50" },
    { "decimal(5,2)", "999.99", "999.99" },
    { "decimal(5,2)", "1000", BAD },
    { "decimal(5,2)", "-1000", BAD },
    { "decimal(5,2)", "1.234", BAD },
    { "decimal(5,2)", "1.2300", "1.23" },
    { "decimal(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999" },
    { "bool", "true", "true" },
    { "bool", " FALSE ", "false" },
    { "bool", "T", "true" },
    { "bool", "f", "false" },
    { "bool", "Yes", "true" },
    { "bool", "no", "false" },
    { "bool", "Y", "true" },
    { "bool", "n", "false" },
    { "bool", "1", "true" },
    { "bool", "0", "false" },
    { "bool", "2", BAD },
    { "bool", "ye", BAD },
    { "bool", "yess", BAD },
    { "bool", "", BLANK },
    { "date", "2024-01-31", "2024-01-31" },
    { "date", " 2024/1/31 ", "2024-01-31" },
    { "date", "2024.01.31", "2024-01-31" },
    { "date", "20240131", "2024-01-31" },
    { "date", "31/12/2024", "2024-12-31" },
    { "date", "12/31/2024", "2024-12-31" },
    { "date", "31.1.2024", "2024-01-31" },
    { "date", "1-31-2024", "2024-01-31" },
    { "date", "05/05/2024", "2024-05-05" },
    { "date", "01/02/2024", BAD },
    { "date", "2024-02-30", BAD },
    { "date", "2024-13-01", BAD },
    { "date", "2024-01/31", BAD },
    { "date", "31/12/24", BAD },
    { "date", "2024-01-031", BAD },
    { "date", "2024-001-31", BAD },
    { "date", "202401310", BAD },
    { "date", "2024-01", BAD },
    { "date", "2024-01-31 00:00:00", "2024-01-31" },
    { "date", "2024-01-31T00:00", "2024-01-31" },
    { "date", "2024-01-31 10:00", BAD },
    { "date", "2024-01-31T00:00Z", BAD },
    { "date", "yesterday", BAD },
    { "time", "10:20:30", "10:20:30" },
    { "time", "9:05", "09:05:00" },
    { "time", "10:20:30.25", "10:20:30.25" },
    { "time", "10:20:30,5", "10:20:30.5" },
    { "time", "102030", "10:20:30" },
    { "time", "1020", "10:20:00" },
    { "time", "10:20:30.123456000", "10:20:30.123456" },
    { "time", "10:20:30.1234567", BAD },
    { "time", "24:00:00", BAD },
    { "time", "10:60", BAD },
    { "time", "10:20:60", BAD },
    { "time", "10:2", BAD },
    { "time", "10:20:", BAD },
    { "time", "10:20:30.", BAD },
    { "time", "10", BAD },
    { "time", "", BLANK },
    { "timestamp", "2024-01-31 10:20:30", "2024-01-31 10:20:30" },
    { "timestamp", "2024-01-31T10:20:30.5", "2024-01-31 10:20:30.500" },
    { "timestamp", "2024-1-31  9:05", "2024-01-31 09:05:00" },
    { "timestamp", "2024-01-31t10:20", "2024-01-31 10:20:00" },
    { "timestamp", "20240131T102030", "2024-01-31 10:20:30" },
    { "timestamp", "2024-01-31", "2024-01-31 00:00:00" },
    { "timestamp", "31/12/2024 10:20", "2024-12-31 10:20:00" },
    { "timestamp", "01/02/2024 10:20", BAD },
    { "timestamp", "2024-01-31T10:20:30Z", BAD },
    { "timestamp", "2024-01-31 10:20:30.1234567", BAD },
    { "timestamp", "2024-01-31x10:20:30", BAD },
    { "timestamp", "2024-01-31 10:20:30 x", BAD },
    { "timestamp", "10:20:30", BAD },
    { "timestamptz", "2024-01-31T10:20:30Z", "2024-01-31 10:20:30Z" },
    { "timestamptz", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00Z" },
    { "timestamptz", "0001-01-01T00:00:00+02:00", BAD },
    { "timestamptz", "9999-12-31T23:59:59Z", "9999-12-31 23:59:59Z" },
    { "timestamptz", "9999-12-31T23:59:59-00:01", BAD },
    { "timestamptz", "2024-01-31T10:20:30z", "2024-01-31 10:20:30Z" },
    { "timestamptz", "2024-01-31 10:20:30", "2024-01-31 10:20:30Z" },
    { "timestamptz", "2024-01-31 10:20:30 +02:00", "2024-01-31 08:20:30Z" },
    { "timestamptz", "2024-01-31 10:20:30-0530", "2024-01-31 15:50:30Z" },
    { "timestamptz", "2024-01-31 10:20:30+2", "2024-01-31 08:20:30Z" },
    { "timestamptz", "2024-01-31 10:20:30 UTC", "2024-01-31 10:20:30Z" },
    { "timestamptz", "2024-01-31 10:20:30 GMT", "2024-01-31 10:20:30Z" },
    { "timestamptz", "2024-01-31 10:20:30 CET", BAD },
    { "timestamptz", "2024-01-31 10:20:30+24", BAD },
    { "timestamptz", "2024-01-31 10:20:30+02:", BAD },
    { "timestamptz", "2024-01-31 10:20:30+", BAD },
    { "string", " a ", " a " },
    { "string", COLUMN_EMPTY, "" },
    { "string", COLUMN_NULL, BLANK },
    { "binary", " a ", " a " },
    { "binary", COLUMN_NULL, BLANK },
};

static size_t print_integer(const void *data, int64_t row, const struct pf_field *field, char *to)
{
    const size_t width = pf_type_width(field->type);
    uint64_t bits = 0;

    memcpy(&bits, (const uint8_t *)data + (size_t)row * width, width);
    if (field->type == PF_TYPE_UINT8 || field->type == PF_TYPE_UINT16 || field->type == PF_TYPE_UINT32 ||
        field->type == PF_TYPE_UINT64)
        return (size_t)sprintf(to, "%llu", (unsigned long long)bits);
    return (size_t)sprintf(to, "%lld", (long long)((int64_t)(bits << (64 - 8 * width)) >> (64 - 8 * width)));
}

static size_t print_decimal_at(const void *data, int64_t row, const struct pf_field *field, char *to)
{
    pf_int128 value;

    memcpy(&value, (const uint8_t *)data + row * 16, sizeof value);
    return pf_print_decimal(value, field->scale, to);
}

static void print_value(const struct ArrowArray *array, int64_t row, const struct pf_field *field, char to[256])
{
    const void *data = pf_array_data(array);
    const int32_t *offset = data;
    size_t size;

    switch (field->type) {
    case PF_TYPE_STRING:
    case PF_TYPE_BINARY:
        size = (size_t)(offset[row + 1] - offset[row]);
        CHECK(size < 256);
        memcpy(to, pf_array_bytes(array) + offset[row], size);
        break;
    case PF_TYPE_BOOL:
        size = (size_t)sprintf(to, "%s", pf_bit(data, row) ? "true" : "false");
        break;
    case PF_TYPE_FLOAT32:
        size = pf_print_float64((double)((const float *)data)[row], to);
        break;
    case PF_TYPE_FLOAT64:
        size = pf_print_float64(((const double *)data)[row], to);
        break;
    case PF_TYPE_DECIMAL128:
        size = print_decimal_at(data, row, field, to);
        break;
    case PF_TYPE_DATE32:
        size = pf_print_date(((const int32_t *)data)[row], to);
        break;
    case PF_TYPE_TIME64:
        size = pf_print_time(((const int64_t *)data)[row], to);
        break;
    case PF_TYPE_TIMESTAMP:
        size = pf_print_timestamp(((const int64_t *)data)[row], field->utc, to);
        break;
    default:
        size = print_integer(data, row, field, to);
    }
    to[size] = '\0';
}

/* The case stands between a row that fits strictly and one that fits only leniently. */
static void check_declared(const struct declared_case *expected, const char *before, const char *behind,
                           struct pf_memory *memory)
{
    const char *const values[] = { before, expected->text, behind, expected->text };
    struct column column = column_new(values, 4);
    struct pf_field field = { .name = "" };
    struct ArrowArray array;
    struct pf_error err;
    uint8_t bad = 0;
    int64_t bad_count = 0, nulls = 0;

    CHECK(pf_type_parse(expected->type, strlen(expected->type), &field));
    CHECK_OK(pf_cast_declared(&column.text, 4, &field, memory, &array, &bad, &bad_count, &err), err);
    for (int64_t row = 1; row < 4; row += 2) {
        char printed[256] = BLANK;
        const bool valid = !pf_array_validity(&array) || pf_bit(pf_array_validity(&array), row);

        if (valid)
            print_value(&array, row, &field, printed);
        else if (pf_bit(&bad, row))
            (void)strcpy(printed, BAD);
        if (strcmp(printed, expected->printed) != 0)
            fail_msg("'%s' as %s is '%s', expected '%s'", expected->text, expected->type, printed, expected->printed);
        nulls += !valid;
    }
    if (strcmp(expected->printed, BAD) == 0)
        CHECK_INT(bad & 0x0A, 0x0A);
    CHECK_INT(bad_count, __builtin_popcount(bad));
    CHECK(array.null_count >= nulls);
    pf_array_free(&array);
    column_free(&column);
}

static void declared_types_are_read_leniently(void **state)
{
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(declared); i++) {
        check_declared(&declared[i], COLUMN_NULL, "?", &memory);
        check_declared(&declared[i], declared[i].text, COLUMN_EMPTY, &memory);
    }
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

/* ---- strings */

static void texts_of_all_lengths_are_copied(void **state)
{
    enum { ROWS = 600 };
    const struct pf_target target = { .field = { .name = "", .type = PF_TYPE_STRING } };
    struct random random = { 10 };
    const char *values[ROWS];
    struct pf_evidence evidence = { 0 };
    struct pf_memory memory;
    struct column column;
    struct ArrowArray array;
    struct pf_error err;
    char *texts = malloc(ROWS * 201);
    int64_t nulls = 0;
    bool fits;

    (void)state;
    CHECK(texts != NULL);
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < ROWS; i++) {
        char *text = texts + i * 201;
        const size_t size = i < 200 ? i : random_below(&random, 4) ? random_below(&random, 20) : random_below(&random, 200);

        for (size_t at = 0; at < size; at++)
            text[at] = (char)('a' + random_below(&random, 26));
        text[size] = '\0';
        values[i] = i % 7 == 3 ? COLUMN_NULL : text;
        nulls += i % 7 == 3;
    }
    column = column_new(values, ROWS);
    CHECK_OK(pf_cast_inferred(&column.text, ROWS, &target, &evidence, &memory, &array, &fits, &err), err);
    CHECK(fits);
    CHECK_INT(array.null_count, nulls);
    for (int64_t row = 0; row < ROWS; row++) {
        const int32_t *offset = pf_array_offsets(&array) + row;
        const bool null = row % 7 == 3;

        CHECK_INT(pf_bit(pf_array_validity(&array), row), !null);
        CHECK_INT(offset[1] - offset[0], null ? 0 : strlen(values[row]));
        CHECK(null || memcmp(pf_array_bytes(&array) + offset[0], values[row], strlen(values[row])) == 0);
    }
    pf_array_free(&array);
    column_free(&column);
    free(texts);
    pf_memory_destroy(&memory);
}

static void too_much_text_is_refused(void **state)
{
    const struct pf_target target = { .field = { .name = "", .type = PF_TYPE_STRING } };
    const char *const value = "x";
    struct column column = column_new(&value, 1);
    struct pf_evidence evidence = { 0 };
    struct pf_memory memory;
    struct ArrowArray array;
    struct pf_error err;
    bool fits;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    column.text.total = INT64_C(1) << 31;
    CHECK_INT(pf_cast_inferred(&column.text, 1, &target, &evidence, &memory, &array, &fits, &err), PF_LIMIT);
    CHECK(array.release == NULL);
    CHECK(err.remedy[0] != '\0');
    column_free(&column);
    pf_memory_destroy(&memory);
}

/* ---- nothing leaks and nothing crashes, whichever allocation fails */

static void refused_memory_is_reported(void **state)
{
    static const char *const values[] = { "1", COLUMN_NULL, "abc", COLUMN_EMPTY };
    static const enum pf_type types[] = { PF_TYPE_STRING, PF_TYPE_INT64, PF_TYPE_BOOL, PF_TYPE_DATE32 };
    struct column column = column_new(values, PF_COUNT(values)), numbers = column_new(values, 2);

    (void)state;
    for (size_t i = 0; i < PF_COUNT(types); i++) {
        const struct pf_target target = { .field = { .name = "", .type = types[i] } };
        struct pf_evidence evidence = { 0 };
        enum pf_status status = PF_NO_MEMORY;
        struct pf_memory memory;
        struct ArrowArray array;
        struct pf_error err;
        bool fits;

        for (long nth = 0; status != PF_OK; nth++) {
            uint8_t bad = 0;
            int64_t bad_count = 0;

            CHECK(nth < 20);
            CHECK(pf_memory_init(&memory, SIZE_MAX));
            atomic_store(&memory.fail_at, nth);
            status = pf_cast_inferred(&numbers.text, numbers.rows, &target, &evidence, &memory, &array, &fits, &err);
            CHECK(status == PF_OK || (status == PF_NO_MEMORY && array.release == NULL));
            pf_array_free(&array);
            atomic_store(&memory.fail_at, nth);
            if (status == PF_OK)
                status = pf_cast_declared(&column.text, column.rows, &target.field, &memory, &array, &bad, &bad_count, &err);
            CHECK(status == PF_OK || (status == PF_NO_MEMORY && array.release == NULL));
            pf_array_free(&array);
            CHECK_INT(atomic_load(&memory.in_use), 0);
            pf_memory_destroy(&memory);
        }
    }
    column_free(&column);
    column_free(&numbers);
}

/* ---- leaving rows out */

static void filter_keeps_the_rows_asked_for(void **state)
{
    static const char *const values[] = { "a", COLUMN_NULL, "ccc", COLUMN_EMPTY, "ee", COLUMN_NULL, "g", "h", "iiii", "j" };
    const uint8_t keep[] = { 0x56, 0x01 }; /* rows 1, 2, 4, 6, 8 */
    struct column column = column_new(values, PF_COUNT(values));
    struct pf_text_column text = column.text;
    struct pf_memory memory;
    struct pf_arena arena;
    struct pf_error err;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_arena_init(&arena, &memory, SIZE_MAX);
    CHECK_OK(pf_text_filter(&text, column.rows, keep, 5, &arena, &err), err);
    CHECK_INT(text.nulls, 1);
    CHECK_INT(text.total, 10);
    CHECK_INT(text.kind[0], PF_TEXT_NULL);
    CHECK(text.size[1] == 3 && memcmp(text.bytes + text.offset[1], "ccc", 3) == 0);
    CHECK(text.size[2] == 2 && memcmp(text.bytes + text.offset[2], "ee", 2) == 0);
    CHECK(text.size[3] == 1 && memcmp(text.bytes + text.offset[3], "g", 1) == 0);
    CHECK(text.size[4] == 4 && memcmp(text.bytes + text.offset[4], "iiii", 4) == 0);
    text = column.text;
    CHECK_OK(pf_text_filter(&text, column.rows, (const uint8_t[]){ 0, 0 }, 0, &arena, &err), err);
    CHECK_INT(text.total + text.nulls, 0);
    pf_arena_free(&arena);
    column_free(&column);
    pf_memory_destroy(&memory);
}

static void filter_without_memory_changes_nothing(void **state)
{
    static const char *const values[] = { "a", "b" };
    struct column column = column_new(values, PF_COUNT(values));
    struct pf_text_column text = column.text;
    struct pf_memory memory;
    struct pf_arena arena;
    struct pf_error err;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_arena_init(&arena, &memory, SIZE_MAX);
    atomic_store(&memory.fail_at, 0);
    CHECK_INT(pf_text_filter(&text, column.rows, (const uint8_t[]){ 1 }, 1, &arena, &err), PF_NO_MEMORY);
    CHECK(memcmp(&text, &column.text, sizeof text) == 0);
    pf_arena_free(&arena);
    column_free(&column);
    pf_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_types_are_read_leniently), cmocka_unit_test(texts_of_all_lengths_are_copied),
        cmocka_unit_test(too_much_text_is_refused),          cmocka_unit_test(refused_memory_is_reported),
        cmocka_unit_test(filter_keeps_the_rows_asked_for),   cmocka_unit_test(filter_without_memory_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
