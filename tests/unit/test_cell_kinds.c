/* Values whose source says what they are: text cells and errors. In the tables ' stands before a text cell, ! before an error. */
#include "support_column.h"

#include "base/number.h"
#include "transform/infer.h"

static struct column marked(const char *const *values, int64_t rows)
{
    struct column column = column_new(values, rows);

    for (int64_t i = 0; i < rows; i++) {
        const uint8_t mark = column.size[i] != 0 ? column.bytes[column.offset[i]] : 0;

        if (mark != '\'' && mark != '!')
            continue;
        column.offset[i]++;
        column.size[i]--;
        column.text.total--;
        column.kind[i] = mark == '!' ? PF_TEXT_ERROR : PF_TEXT_CELL;
        column.text.marked++;
    }
    return column;
}

enum { MOST = 6 };

struct kinds_case {
    const char *name;
    const char *values[MOST];
    enum pf_type type;
    uint64_t counted, errors, nulls, empties;
    int64_t null_count; /* of the column cast to the type */
};

static const struct kinds_case cases[] = {
    { "numbers", { "1", "2" }, PF_TYPE_INT64, 2, 0, 0, 0, 0 },
    { "a text cell like a number", { "1", "'2" }, PF_TYPE_STRING, 2, 0, 0, 0, 0 },
    { "text cells alone", { "'1", "'2", "'3" }, PF_TYPE_STRING, 3, 0, 0, 0, 0 },
    { "a text cell like a date", { "2024-01-31", "'2024-02-01" }, PF_TYPE_STRING, 2, 0, 0, 0, 0 },
    { "a text cell like a bool", { "'TRUE" }, PF_TYPE_STRING, 1, 0, 0, 0, 0 },
    { "errors say nothing", { "1", "!#N/A", "2", "!#REF!" }, PF_TYPE_INT64, 2, 2, 0, 0, 2 },
    { "errors and nulls", { "1.5", "!#N/A", COLUMN_NULL, COLUMN_EMPTY }, PF_TYPE_FLOAT64, 1, 1, 1, 1, 3 },
    { "an error among booleans", { "TRUE", "!#N/A" }, PF_TYPE_BOOL, 1, 1, 0, 0, 1 },
    { "an error among texts keeps its text", { "a", "!#N/A" }, PF_TYPE_STRING, 1, 1, 0, 0, 0 },
    { "errors alone", { "!#N/A", "!#N/A" }, PF_TYPE_STRING, 0, 2, 0, 0, 0 },
    { "an empty text cell is an empty text", { "1", "'" }, PF_TYPE_INT64, 1, 0, 0, 1, 1 },
};

static int64_t count_of(const struct kinds_case *c)
{
    int64_t count = 0;

    while (count < MOST && c->values[count] != NULL)
        count++;
    return count;
}

static void check_case(const struct kinds_case *c, struct pf_memory *memory)
{
    struct column column = marked(c->values, count_of(c));
    struct pf_evidence evidence = { 0 }, again = { 0 };
    struct ArrowArray array = { 0 };
    struct pf_target target;
    struct pf_error err;
    bool fits;

    pf_evidence_add(&evidence, &column.text, column.rows);
    pf_evidence_decide(&evidence, &target);
    if (target.field.type != c->type)
        fail_msg("%s: type %d, expected %d", c->name, target.field.type, c->type);
    CHECK_INT(evidence.values, c->counted);
    CHECK_INT(evidence.errors, c->errors);
    CHECK_INT(evidence.nulls, c->nulls);
    CHECK_INT(evidence.empties, c->empties);
    CHECK_OK(pf_cast_inferred(&column.text, column.rows, &target, &again, memory, &array, &fits, &err), err);
    CHECK(fits);
    CHECK(again.values == evidence.values && again.errors == evidence.errors && again.nulls == evidence.nulls);
    CHECK_INT(array.null_count, c->null_count);
    pf_array_free(&array);
    column_free(&column);
}

static void types_and_counts(void **state)
{
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(cases); i++)
        check_case(&cases[i], &memory);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

static void a_text_cell_does_not_fit(void **state)
{
    static const char *const values[] = { "1", "!#N/A", "'2" };
    struct column column = marked(values, PF_COUNT(values));
    struct pf_target target = { .field = { .name = "", .type = PF_TYPE_INT64 } };
    struct pf_evidence evidence = { 0 };
    struct ArrowArray array = { 0 };
    struct pf_memory memory;
    struct pf_reason reason;
    struct pf_error err;
    char text[PF_REASON_TEXT];
    bool fits;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    CHECK_OK(pf_cast_inferred(&column.text, column.rows, &target, &evidence, &memory, &array, &fits, &err), err);
    CHECK(!fits && array.release == NULL);
    CHECK(pf_evidence_is_text(&evidence));
    CHECK(pf_evidence_reason(&column.text, column.rows, 0, &reason));
    CHECK_INT(reason.row, 3);
    CHECK(pf_reason_text(&reason, &evidence, text));
    CHECK_TEXT(text, "'2' is stored as text");
    column_free(&column);
    pf_memory_destroy(&memory);
}

/* Who declares a type wants the text of a cell read; an error is null and no misfit. */
static void declared_types(void **state)
{
    static const char *const values[] = { "'00123", "!#N/A", "7", "'x" };
    const struct pf_field field = { .name = "", .type = PF_TYPE_INT64 }, string = { .name = "", .type = PF_TYPE_STRING };
    struct column column = marked(values, PF_COUNT(values));
    struct ArrowArray array = { 0 };
    struct pf_memory memory;
    struct pf_error err;
    uint8_t bad = 0;
    int64_t count;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    CHECK_OK(pf_cast_declared(&column.text, column.rows, &field, &memory, &array, &bad, &count, &err), err);
    CHECK_INT(count, 1);
    CHECK_INT(bad, 8);
    CHECK_INT(array.null_count, 2);
    CHECK(((const int64_t *)pf_array_data(&array))[0] == 123 && ((const int64_t *)pf_array_data(&array))[2] == 7);
    pf_array_free(&array);
    CHECK_OK(pf_cast_declared(&column.text, column.rows, &string, &memory, &array, &bad, &count, &err), err);
    CHECK_INT(array.null_count, 0);
    CHECK(memcmp(pf_array_bytes(&array), "00123#N/A7x", 11) == 0);
    pf_array_free(&array);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    column_free(&column);
    pf_memory_destroy(&memory);
}

/* Numbers of sheets are doubles, of which 15 digits are shown: those count where a decimal or an integer is wanted. */
static const struct shown_case {
    const char *text;
    int64_t value; /* in hundredths */
    bool fits;
} shown[] = {
    { "809.1899999999999", 80919, true },
    { "-809.1899999999999", -80919, true },
    { "809.19000000000005", 80919, true },
    { "999.99999999999994", 100000, true },
    { "0.30000000000000004", 30, true },
    { "-99999999999999.96", -INT64_C(10000000000000000), false }, /* 16 digits are too many for the type */
    { "99999999999.989999", INT64_C(9999999999999), true },
    { "809.189", 0, false },
    { "809.18500000000006", 0, false },
    { "1234567890123456.7", 0, false },
    { "1.2345678901234567e17", 0, false },
    { "0.12.34567890123456789", 0, false },
    { "'809.1899999999999", 0, false },
    { "8091899999999999900000000000000000000000.1", 0, false },
};

static void numbers_are_as_shown(void **state)
{
    const struct pf_field field = { .name = "", .type = PF_TYPE_DECIMAL128, .precision = 15, .scale = 2 };
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(shown) * 2; i++) {
        const struct shown_case *c = &shown[i / 2];
        struct column column = marked(&c->text, 1);
        struct ArrowArray array = { 0 };
        struct pf_error err;
        int64_t count = 0;
        uint8_t bad = 0;

        column.text.cells = i % 2 == 0;
        CHECK_OK(pf_cast_declared(&column.text, 1, &field, &memory, &array, &bad, &count, &err), err);
        if (count != !(c->fits && column.text.cells) || (count == 0 && *(const pf_int128 *)pf_array_data(&array) != c->value))
            fail_msg("%s: %lld misfits", c->text, (long long)count);
        pf_array_free(&array);
        column_free(&column);
    }
    pf_memory_destroy(&memory);
}

static void refused_memory(void **state)
{
    static const char *const values[] = { "1", "!#N/A", "2" };
    const struct pf_target target = { .field = { .name = "", .type = PF_TYPE_INT64 } };
    struct column column = marked(values, PF_COUNT(values));
    enum pf_status status = PF_NO_MEMORY;
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (long allowed = 0; status != PF_OK && allowed < 20; allowed++) {
        struct pf_evidence evidence = { 0 };
        struct ArrowArray array = { 0 };
        struct pf_error err;
        bool fits;

        atomic_store(&memory.fail_at, allowed);
        status = pf_cast_inferred(&column.text, column.rows, &target, &evidence, &memory, &array, &fits, &err);
        CHECK(status == PF_OK || (status == PF_NO_MEMORY && array.release == NULL));
        pf_array_free(&array);
        CHECK_INT(atomic_load(&memory.in_use), 0);
    }
    CHECK_INT(status, PF_OK);
    atomic_store(&memory.fail_at, -1);
    column_free(&column);
    pf_memory_destroy(&memory);
}

/* A source that writes dates and times: the type by the values in any order and in any parts, and whatever type was tried first. */
static const struct moments_case {
    const char *values[3];
    enum pf_type type;
} moments[] = {
    { { "2024-01-31", "2024-02-01", "2024-02-02" }, PF_TYPE_DATE32 },
    { { "2024-01-31", "2024-02-01 06:00:00", "2024-02-02" }, PF_TYPE_TIMESTAMP },
    { { "2024-01-31", "2024-02-01 06:00:00.5", "2024-02-02 00:00:00" }, PF_TYPE_TIMESTAMP },
    { { "2024-01-31", "2024-02-01 06:00:00", "7" }, PF_TYPE_STRING },
    { { "2024-01-31", "2024/02/01", "2024-02-02" }, PF_TYPE_STRING },
    { { "2024-01-31", "2024-02-01 06:00:00Z", "2024-02-02" }, PF_TYPE_STRING },
    { { "2024-01-31", "2024-02-30", "2024-02-01 06:00:00" }, PF_TYPE_STRING },
    { { "08:30:01", "23:59:59.999999", "00:00:00" }, PF_TYPE_TIME64 },
    { { "08:30:01", "24:00:00", "00:00:00" }, PF_TYPE_STRING },
    { { "08:30:01", "2024-01-31", "00:00:00" }, PF_TYPE_STRING },
    { { "08:30:01", "2024-01-31 06:00:00", "00:00:00" }, PF_TYPE_STRING },
    { { "08:30:01", "7", "0.5" }, PF_TYPE_STRING },
    { { "08:30:01", "26:30:00", "8:30:01" }, PF_TYPE_STRING },
};

static void check_moments(const struct moments_case *c, const int order[3], enum pf_type first, struct pf_memory *memory)
{
    const char *const values[] = { c->values[order[0]], c->values[order[1]], c->values[order[2]] };
    struct pf_target target = { .field = { .name = "", .type = first } };
    struct pf_evidence tried = { 0 }, merged = { 0 };
    struct column column = marked(values, 3);
    struct ArrowArray array = { 0 };
    struct pf_error err;
    bool fits;

    column.text.cells = true;
    CHECK_OK(pf_cast_inferred(&column.text, 3, &target, &tried, memory, &array, &fits, &err), err);
    pf_array_free(&array);
    pf_evidence_decide(&tried, &target);
    if (target.field.type != c->type)
        fail_msg("%s, %s, %s tried as %d: type %d, expected %d", values[0], values[1], values[2], first, target.field.type,
                 c->type);
    for (int i = 0; i < 3; i++) {
        struct column alone = marked(&values[i], 1);
        struct pf_evidence one = { 0 };

        alone.text.cells = true;
        pf_evidence_add(&one, &alone.text, 1);
        pf_evidence_merge(&merged, &one);
        column_free(&alone);
    }
    CHECK(merged.refuted == tried.refuted);
    CHECK_OK(pf_cast_inferred(&column.text, 3, &target, &merged, memory, &array, &fits, &err), err);
    CHECK(fits);
    if (c->type == PF_TYPE_TIMESTAMP)
        CHECK(((const int64_t *)pf_array_data(&array))[order[0] == 0 ? 0 : order[1] == 0 ? 1 : 2] == INT64_C(1706659200000000));
    pf_array_free(&array);
    column_free(&column);
}

static void moments_are_dates_times_and_timestamps(void **state)
{
    static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    static const enum pf_type tried[] = { PF_TYPE_STRING, PF_TYPE_DATE32, PF_TYPE_TIMESTAMP,
                                          PF_TYPE_TIME64, PF_TYPE_INT64,  PF_TYPE_FLOAT64 };
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(moments) * PF_COUNT(orders) * PF_COUNT(tried); i++)
        check_moments(&moments[i / PF_COUNT(orders) / PF_COUNT(tried)], orders[i / PF_COUNT(tried) % PF_COUNT(orders)],
                      tried[i % PF_COUNT(tried)], &memory);
    pf_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_and_counts),     cmocka_unit_test(a_text_cell_does_not_fit),
        cmocka_unit_test(declared_types),       cmocka_unit_test(refused_memory),
        cmocka_unit_test(numbers_are_as_shown), cmocka_unit_test(moments_are_dates_times_and_timestamps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
