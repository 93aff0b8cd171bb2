/* Numbers with decimal commas and groups, dates whose order is stated, and why columns are text. */
#include "support_column.h"

#include "transform/infer.h"
#include "transform/lenient.h"
#include "transform/number_form.h"
#include "transform/pattern.h"

enum { MOST = 6 };

static const struct pf_number_form comma = { .decimal = ',' };
static const struct pf_number_form german = { .decimal = ',', .thousands = { '.' }, .thousands_size = 1 };
static const struct pf_number_form english = { .decimal = '.', .thousands = { ',' }, .thousands_size = 1 };
static const struct pf_number_form french = { .decimal = ',', .thousands = { 0xE2, 0x80, 0xAF }, .thousands_size = 3 };

static const struct {
    const struct pf_number_form *form;
    const char *text, *plain; /* "?" = no number, though a plain one would read as one */
    uint64_t saw;
} plain_cases[] = {
    { &comma, "1,5", "1.5", 0 },
    { &comma, "-1,50", "-1.50", 0 },
    { &comma, "+,5", "+.5", 0 },
    { &comma, "5,", "5.", 0 },
    { &comma, "12", "12", 0 },
    { &comma, " 1,5\t", " 1.5\t", 0 },
    { &comma, "1,5e-3", "1.5e-3", 0 },
    { &comma, "1,5e", "1,5e", 0 },
    { &comma, "1.5", "?", 0 },
    { &comma, "1.5e3", "?", 0 },
    { &comma, "31.01.2024", "31.01.2024", 0 },
    { &comma, "2024-01-31 10:20:30.5", "2024-01-31 10:20:30.5", 0 },
    { &comma, "v1.5", "v1.5", 0 },
    { &comma, ",", ",", 0 },
    { &comma, "-", "-", 0 },
    { &comma, "NaN", "NaN", 0 },
    { &german, "1.234", "1234", PF_SAW_GROUPS },
    { &german, "12.345.678,9", "12345678.9", PF_SAW_GROUPS },
    { &german, "1234,5", "1234.5", PF_SAW_NO_GROUPS },
    { &german, "999", "999", 0 },
    { &german, "1.23", "?", 0 },
    { &german, "1.2345", "?", 0 },
    { &german, "1234.567", "?", 0 },
    { &german, "1..234", "1..234", 0 },
    { &german, ".234", "?", 0 },
    { &german, "1,234.5", "1,234.5", 0 },
    { &english, "1,234.50", "1234.50", PF_SAW_GROUPS },
    { &english, "1.50", "1.50", 0 },
    { &english, "1,23", "1,23", 0 },
    { &french,
      "1\xE2\x80\xAF"
      "234,5",
      "1234.5", PF_SAW_GROUPS },
};

static void numbers_are_made_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(plain_cases); i++) {
        struct column column = column_new(&plain_cases[i].text, 1);
        uint8_t room[PF_PLAIN_ROOM];
        uint32_t size = column.size[0];
        uint64_t saw = 0;
        const uint8_t *plain = pf_number_plain(plain_cases[i].form, column.bytes, &size, room, &saw);

        if (size != strlen(plain_cases[i].plain) || memcmp(plain, plain_cases[i].plain, size) != 0 || saw != plain_cases[i].saw)
            fail_msg("'%s' gives '%.*s' and %llu", plain_cases[i].text, (int)size, (const char *)plain,
                     (unsigned long long)saw);
        column_free(&column);
    }
}

static void long_texts_are_no_numbers(void **state)
{
    char text[PF_PLAIN_MOST + 8];
    const char *value = text;

    (void)state;
    memset(text, '7', sizeof text);
    text[sizeof text - 1] = '\0';
    for (int dots = 0; dots < 2; dots++) {
        struct column column;
        uint8_t room[PF_PLAIN_ROOM];
        uint32_t size;
        uint64_t saw = 0;

        text[1] = dots ? '.' : '7';
        column = column_new(&value, 1);
        size = column.size[0];
        CHECK_INT(*pf_number_plain(&comma, column.bytes, &size, room, &saw), dots ? '?' : '7');
        CHECK_INT(size, dots ? 1 : sizeof text - 1);
        column_free(&column);
    }
}

/* ---- columns */

static const struct {
    const struct pf_number_form *form;
    const char *values[MOST];
    enum pf_type type;
} column_cases[] = {
    { &german, { "1.234", "12", "999.999" }, PF_TYPE_INT64 },
    { &german, { "1234", "12" }, PF_TYPE_INT64 },
    { &german, { "1.234", "12,5" }, PF_TYPE_FLOAT64 },
    { &german, { "1.234", "1234" }, PF_TYPE_STRING },
    { &german, { "1.234,5", "1234" }, PF_TYPE_STRING },
    { &german, { "0,5", "1234", "2.000" }, PF_TYPE_STRING },
    { &german, { "1.234", "x" }, PF_TYPE_STRING },
    { &german, { "31.01.2024", "01.02.2024" }, PF_TYPE_DATE32 },
    { &german, { "true", COLUMN_NULL, "FALSE" }, PF_TYPE_BOOL },
    { &german, { "007,5" }, PF_TYPE_STRING },
    { &german, { COLUMN_NULL, COLUMN_EMPTY, "1.000" }, PF_TYPE_INT64 },
    { &comma, { "1,5", "1.5" }, PF_TYPE_STRING },
};

static int64_t count_values(const char *const values[MOST])
{
    int64_t count = 0;

    while (count < MOST && values[count] != NULL)
        count++;
    return count;
}

/* Values in reverse order, in one block or one a block, and cast under the type meanwhile: the evidence is the same. */
static void types_do_not_depend_on_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(column_cases); i++) {
        int64_t rows = count_values(column_cases[i].values);
        struct pf_evidence whole = { 0 }, apart = { 0 };
        struct column column = column_new(column_cases[i].values, rows);
        struct pf_target target;

        column.text.numbers = column_cases[i].form;
        pf_evidence_add(&whole, &column.text, rows);
        pf_evidence_decide(&whole, &target);
        CHECK_INT(target.field.type, column_cases[i].type);
        for (int64_t row = rows; row > 0; row--) {
            struct column one = column_new(&column_cases[i].values[row - 1], 1);
            struct pf_evidence evidence = { .refuted = apart.refuted };

            one.text.numbers = column_cases[i].form;
            pf_evidence_add(&evidence, &one.text, 1);
            pf_evidence_merge(&apart, &evidence);
            column_free(&one);
        }
        CHECK(memcmp(&whole, &apart, sizeof whole) == 0);
        column_free(&column);
    }
}

/* The cast, with the nth allocation refused. */
static enum pf_status cast(const struct column *column, const struct pf_target *target, long nth, int64_t *first, bool *fits)
{
    struct pf_evidence evidence = { 0 }, expected = { 0 };
    struct pf_memory memory;
    struct ArrowArray array;
    struct pf_error err;
    enum pf_status status;

    CHECK(pf_memory_init(&memory, SIZE_MAX));
    atomic_store(&memory.fail_at, nth);
    status = pf_cast_inferred(&column->text, column->rows, target, &evidence, &memory, &array, fits, &err);
    if (status == PF_OK) {
        pf_evidence_add(&expected, &column->text, column->rows);
        CHECK(memcmp(&evidence, &expected, sizeof evidence) == 0);
    }
    if (status == PF_OK && *fits)
        memcpy(first, array.buffers[1], sizeof *first);
    pf_array_free(&array);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
    return status;
}

static void columns_are_cast(void **state)
{
    static const char *const good[] = { "1.234", "12" }, *const bad[] = { "1.234", "x", "5" },
                             *const mixed[] = { "1.234", "1234" };
    static const struct {
        const char *const *values;
        int64_t rows;
        bool fits;
    } cases[] = { { good, 2, true }, { bad, 3, false }, { mixed, 2, false } };
    struct pf_target target = { .field = { .type = PF_TYPE_INT64 } };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct column column = column_new(cases[i].values, cases[i].rows);
        enum pf_status status = PF_NO_MEMORY;
        int64_t first = 0;
        bool fits = false;

        column.text.numbers = &german;
        for (long nth = 0; status != PF_OK; nth++) {
            CHECK(nth < 20);
            status = cast(&column, &target, nth, &first, &fits);
            CHECK(status == PF_OK || status == PF_NO_MEMORY);
        }
        CHECK_INT(fits, cases[i].fits);
        if (fits)
            CHECK_INT(first, 1234);
        column_free(&column);
    }
}

/* ---- dates */

static void order_of_dates(void **state)
{
    static const struct {
        const char *text;
        uint8_t order;
        int32_t days; /* -1 = does not fit */
        bool unclear;
    } cases[] = {
        { "01/02/2024", PF_ORDER_SHOWN, -1, true },     { "01/02/2024", PF_DAY_FIRST, 19754, false },
        { "01/02/2024", PF_MONTH_FIRST, 19724, false }, { "31/12/2024", PF_ORDER_SHOWN, 20088, false },
        { "31/12/2024", PF_DAY_FIRST, 20088, false },   { "31/12/2024", PF_MONTH_FIRST, -1, false },
        { "2024-02-01", PF_MONTH_FIRST, 19754, false }, { "32/13/2024", PF_ORDER_SHOWN, -1, false },
        { "05/05/2024", PF_ORDER_SHOWN, 19848, false }, { "01/02/2024 10:00", PF_ORDER_SHOWN, -1, true },
        { "someday", PF_ORDER_SHOWN, -1, false },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        const struct pf_field field = { .type = PF_TYPE_DATE32, .order = cases[i].order };
        const uint8_t *text = (const uint8_t *)cases[i].text;
        int32_t days = -1;

        CHECK_INT(pf_lenient_date(text, strlen(cases[i].text), &field, &days), cases[i].days >= 0);
        CHECK_INT(days, cases[i].days);
        CHECK_INT(pf_lenient_unclear(text, strlen(cases[i].text), &field), cases[i].unclear);
    }
}

/* ---- reasons */

static void reasons_are_told(void **state)
{
    static const struct {
        const char *values[MOST];
        int64_t row;
        const char *says; /* "" = nothing */
    } cases[] = {
        { { "1", COLUMN_NULL, "N/A", "3" }, 3, "'N/A' does not fit int64" },
        { { "2024-01-31", "2024-02-30" }, 2, "'2024-02-30' does not fit date" },
        { { "1", "2.5", "x" }, 3, "'x' does not fit float64" },
        { { "1", "true" }, 2, "'true' does not fit int64" },
        { { "007" }, 1, "'007' fits no type" },
        { { "anna", "7" }, 1, "" },
        { { "1", "2" }, 0, "" },
        { { COLUMN_NULL }, 0, "" },
        { { "01/02/2024", "03/04/2024" }, 0, "dates whose day and month may stand in either order" },
        { { "1", "a text that goes on and on, beyond what is to be shown of it \xC3\xA4" },
          2,
          "'a text that goes on and on, beyond what is t...' does not fit int64" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        int64_t rows = count_values(cases[i].values);
        struct column column = column_new(cases[i].values, rows);
        struct pf_evidence evidence = { 0 };
        struct pf_reason reason = { 0 };
        char text[PF_REASON_TEXT];

        pf_evidence_add(&evidence, &column.text, rows);
        CHECK_INT(pf_evidence_reason(&column.text, rows, 0, &reason), cases[i].row > 0);
        CHECK_INT(reason.row, cases[i].row);
        CHECK_INT(pf_evidence_is_text(&evidence), cases[i].row > 0);
        CHECK_INT(pf_reason_text(&reason, &evidence, text), cases[i].says[0] != '\0');
        CHECK_TEXT(text, cases[i].says);
        column_free(&column);
    }
}

static void text_is_cut_between_characters(void **state)
{
    struct pf_evidence evidence = { .values = 2, .refuted = PF_ALL };
    struct pf_reason reason = { .row = 1, .size = 60 };
    char text[PF_REASON_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof reason.text; i++)
        reason.text[i] = i % 2 ? 0xC3 : 0xA4;
    reason.text[0] = '1';
    CHECK(pf_reason_text(&reason, &evidence, text));
    CHECK_HAS(text, "\xC3\xA4...' fits no type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_made_plain),
        cmocka_unit_test(long_texts_are_no_numbers),
        cmocka_unit_test(types_do_not_depend_on_order),
        cmocka_unit_test(columns_are_cast),
        cmocka_unit_test(order_of_dates),
        cmocka_unit_test(reasons_are_told),
        cmocka_unit_test(text_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
