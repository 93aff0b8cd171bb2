/* One case a row of the table in docs/design/types.md, by the row's name. */
#include "support_column.h"

#include "base/date.h"
#include "base/number.h"
#include "transform/infer.h"

enum { MOST = 8 };

static const struct rule {
    const char *row;
    const char *type;
    const char *first; /* the first value as we print it; NULL for columns that stay text */
    const char *values[MOST];
} rules[] = {
    /* numbers */
    { "plain integers", "int64", "1", { "1", "-2", "0", "9223372036854775807", "-9223372036854775808" } },
    { "leading zeros", "string", NULL, { "00123", "00456", "07000" } },
    { "leading zeros, one value", "string", NULL, { "1", "2", "007" } },
    { "minus zero", "string", NULL, { "-0", "007" } },
    { "minus zero, alone", "float64", "-0", { "-0", "1" } },
    { "int64 overflow", "string", NULL, { "9223372036854775807", "9223372036854775808", "18446744073709551616" } },
    { "uint64 range", "string", NULL, { "1", "9223372036854775808", "18446744073709551615" } },
    { "large, but few digits", "float64", "1e22", { "10000000000000000000000", "1" } },
    { "exponent", "float64", "100000", { "1e5", "2E-3", "12" } },
    { "plus sign", "string", NULL, { "+1", "-2", "+3" } },
    { "thousands", "string", NULL, { "1,234", "5,678.5", "9" } },
    { "decimal comma", "string", NULL, { "1,5", "2,25" } },
    { "money", "string", NULL, { "$1.50", "$2.00" } },
    { "percent", "string", NULL, { "50%", "7%" } },
    { "hexadecimal", "string", NULL, { "0x10", "0x20" } },
    { "trailing zeros", "float64", "1.5", { "1.50", "2.00" } },
    { "bare points", "string", NULL, { ".5", "1.5" } },
    { "bare points, behind", "string", NULL, { "1.", "1.5" } },
    { "padded fractions", "string", NULL, { "007.5", "1.5" } },
    { "float long", "string", NULL, { "0.1234567890123456789", "1.10" } },
    { "float of 17 digits", "float64", "0.12345678901234568", { "0.12345678901234568", "0.1" } },
    { "float of 17 digits, not the shortest", "string", NULL, { "0.10000000000000001", "0.5" } },
    { "float overflow", "string", NULL, { "1e400", "1" } },
    { "float underflow", "string", NULL, { "1e-400", "1" } },
    { "smallest float", "float64", "5e-324", { "5e-324", "0.0" } },
    { "integers and floats", "float64", "1", { "1", "2.5", "3" } },
    { "long integers and floats", "string", NULL, { "9007199254740993", "2.5" } },
    { "long integers that survive", "float64", "9007199254740992", { "9007199254740992", "2.5" } },
    { "special floats", "string", NULL, { "NaN", "inf", "-Infinity", "1.5" } },
    { "special floats as we print them", "float64", "NaN", { "NaN", "inf", "-inf", "1.5" } },
    { "special floats and integers", "float64", "1", { "1", "NaN" } },
    { "special floats alone", "string", NULL, { "NaN", "inf", "-inf" } },
    { "special floats, other case", "string", NULL, { "nan", "1.5" } },
    /* null and empty */
    { "NA in numbers", "string", NULL, { "1", "NA", "3" } },
    { "NULL in numbers", "string", NULL, { "1", "NULL", "3" } },
    { "NA in text", "string", NULL, { "abc", "NA", "NULL", "null", "None", "" } },
    { "empty and quoted empty", "string", NULL, { "abc", COLUMN_NULL, COLUMN_EMPTY, " " } },
    { "empty in numbers", "int64", "1", { "1", COLUMN_NULL, "3" } },
    { "quoted empty in numbers", "int64", "1", { "1", COLUMN_EMPTY, "3" } },
    { "all empty", "string", NULL, { COLUMN_NULL, COLUMN_NULL } },
    { "all quoted empty", "string", NULL, { COLUMN_EMPTY, COLUMN_EMPTY } },
    { "no rows", "string", NULL, { NULL } },
    /* bool */
    { "bool lower case", "bool", "true", { "true", "false" } },
    { "bool any case", "bool", "true", { "True", "FALSE", "tRuE" } },
    { "bool yes and no", "string", NULL, { "Y", "N", "yes" } },
    { "bool as letters", "string", NULL, { "t", "f" } },
    { "bool 0 and 1", "int64", "0", { "0", "1" } },
    { "bool and numbers", "string", NULL, { "true", "1" } },
    /* dates */
    { "date ISO", "date", "2024-01-31", { "2024-01-31", "2023-12-01" } },
    { "date with slashes", "date", "2024-01-31", { "2024/01/31", "2023/12/01" } },
    { "date ISO and slashes mixed", "string", NULL, { "2024-01-31", "2023/12/01" } },
    { "date ISO unpadded", "string", NULL, { "2024-1-31", "2023-12-1" } },
    { "date month first", "date", "2024-01-31", { "01/31/2024", "12/01/2023" } },
    { "date day first", "date", "2024-01-31", { "31/01/2024", "01/12/2023" } },
    { "date ambiguous", "string", NULL, { "01/02/2024", "03/04/2023" } },
    { "date contradictory", "string", NULL, { "31/01/2024", "01/31/2024" } },
    { "date dots", "date", "2024-01-31", { "31.01.2024", "01.12.2023" } },
    { "date dashes day first", "date", "2024-01-31", { "31-01-2024", "01-12-2023" } },
    { "date unpadded", "date", "2024-01-31", { "31/1/2024", "1/12/2023", "12/11/2023" } },
    { "date half padded", "string", NULL, { "31/1/2024", "01/12/2023" } },
    { "date separators mixed", "string", NULL, { "31/01/2024", "31.01.2024" } },
    { "date two-digit year", "string", NULL, { "31/01/24", "30/01/24" } },
    { "date compact", "int64", "20240131", { "20240131", "20231201" } },
    { "date bad", "string", NULL, { "2024-02-30", "2024-01-31" } },
    { "date not a leap year", "string", NULL, { "2023-02-29", "2024-02-29" } },
    { "date year 0", "string", NULL, { "0000-01-01", "2024-01-31" } },
    { "date edges", "date", "0001-01-01", { "0001-01-01", "9999-12-31" } },
    { "date month name", "string", NULL, { "31-Jan-2024", "01-Dec-2023" } },
    { "date and text", "string", NULL, { "2024-01-31", "later" } },
    /* timestamps */
    { "timestamp blank", "timestamp", "2024-01-31 10:20:30", { "2024-01-31 10:20:30", "2023-12-01 00:00:00" } },
    { "timestamp T", "timestamp", "2024-01-31 10:20:30", { "2024-01-31T10:20:30", "2023-12-01T00:00:00" } },
    { "timestamp T and blank mixed", "string", NULL, { "2024-01-31T10:20:30", "2023-12-01 00:00:00" } },
    { "timestamp Z", "timestamptz", "2024-01-31 10:20:30Z", { "2024-01-31T10:20:30Z", "2023-12-01T00:00:00Z" } },
    { "timestamp offset", "timestamptz", "2024-01-31 08:20:30Z", { "2024-01-31T10:20:30+02:00", "2023-12-01T00:00:00-05:00" } },
    { "timestamp offset forms",
      "timestamptz",
      "2024-01-31 08:20:30Z",
      { "2024-01-31T10:20:30+0200", "2024-01-31T10:20:30-05", "2024-01-31T10:20:30Z" } },
    { "timestamp zone and none", "string", NULL, { "2024-01-31T10:20:30Z", "2024-01-31T10:20:30" } },
    { "timestamp bad offset", "string", NULL, { "2024-01-31T10:20:30+24:00", "2024-01-31T10:20:30+02:60" } },
    { "timestamp instant out of range", "string", NULL, { "0001-01-01T00:00:00+02:00" } },
    { "timestamp fraction of 3",
      "timestamp",
      "2024-01-31 10:20:30.500",
      { "2024-01-31 10:20:30.500", "2023-12-01 00:00:00.000" } },
    { "timestamp fraction of 1", "timestamp", "2024-01-31 10:20:30", { "2024-01-31 10:20:30.0", "2023-12-01 00:00:00.5" } },
    { "timestamp fraction trimmed",
      "timestamp",
      "2024-01-31 10:20:30.120",
      { "2024-01-31 10:20:30.12", "2023-12-01 00:00:00.5", "2023-12-01 00:00:00" } },
    { "timestamp fraction 0 or 6",
      "timestamp",
      "2024-01-31 10:20:30.500",
      { "2024-01-31 10:20:30.500000", "2023-12-01 00:00:00" } },
    { "timestamp fraction 0, 3 or 6",
      "timestamp",
      "2024-01-31 10:20:30.500",
      { "2024-01-31 10:20:30.500", "2023-12-01 00:00:00", "2023-12-01 00:00:00.000001" } },
    { "timestamp fraction without a pattern", "string", NULL, { "2024-01-31 10:20:30.500", "2023-12-01 00:00:00.50" } },
    { "timestamp fraction of 9", "string", NULL, { "2024-01-31 10:20:30.123456789", "2023-12-01 00:00:00.500000000" } },
    { "timestamp fraction of 9, zeros",
      "timestamp",
      "2024-01-31 10:20:30.123456",
      { "2024-01-31 10:20:30.123456000", "2023-12-01 00:00:00.500000000" } },
    { "timestamp fraction of 10", "string", NULL, { "2024-01-31 10:20:30.1234560000" } },
    { "timestamp minutes", "timestamp", "2024-01-31 10:20:00", { "2024-01-31 10:20", "2023-12-01 00:00" } },
    { "timestamp minutes and seconds", "string", NULL, { "2024-01-31 10:20", "2023-12-01 00:00:30" } },
    { "timestamp hour 24", "string", NULL, { "2024-01-31 24:00:00" } },
    { "timestamp second 60", "string", NULL, { "2024-01-31 23:59:60" } },
    { "timestamp of a bad date", "string", NULL, { "2024-02-30 10:20:30" } },
    { "date and timestamp", "string", NULL, { "2024-01-31", "2023-12-01 10:00:00" } },
    { "time only", "string", NULL, { "10:20:30", "23:59:59" } },
    /* mixed, blanks */
    { "integers and text", "string", NULL, { "1", "abc", "3" } },
    { "blanks around", "string", NULL, { " 1", "2 ", " 3 " } },
    { "blanks around text", "string", NULL, { " a ", "b " } },
    { "text", "string", NULL, { "caf\xC3\xA9", "na\xC3\xAFve", "\xE6\x97\xA5\xE6\x9C\xAC" } },
};

static int64_t count_values(const struct rule *rule)
{
    int64_t count = 0;

    while (count < MOST && rule->values[count])
        count++;
    return count;
}

static void print_first(const struct ArrowArray *array, const struct pf_field *field, char to[64])
{
    const void *data = pf_array_data(array);
    size_t size = 0;

    switch (field->type) {
    case PF_TYPE_BOOL:
        size = (size_t)snprintf(to, 64, "%s", pf_bit(data, 0) ? "true" : "false");
        break;
    case PF_TYPE_INT64:
        size = pf_print_int64(*(const int64_t *)data, to);
        break;
    case PF_TYPE_FLOAT64:
        size = pf_print_float64(*(const double *)data, to);
        break;
    case PF_TYPE_DATE32:
        size = pf_print_date(*(const int32_t *)data, to);
        break;
    case PF_TYPE_TIMESTAMP:
        size = pf_print_timestamp(*(const int64_t *)data, field->utc, to);
        break;
    default:
        break;
    }
    to[size] = '\0';
}

static void check_rule(const struct rule *rule, struct pf_memory *memory)
{
    struct column column = column_new(rule->values, count_values(rule));
    struct pf_evidence evidence = { 0 }, again = { 0 };
    struct pf_target target;
    struct ArrowArray array;
    struct pf_error err;
    bool fits = false;
    char type[32], first[64];

    pf_evidence_add(&evidence, &column.text, column.rows);
    pf_evidence_decide(&evidence, &target);
    if (strcmp(pf_type_text(&target.field, type), rule->type) != 0)
        fail_msg("%s: the type is %s, expected %s", rule->row, type, rule->type);
    CHECK_OK(pf_cast_inferred(&column.text, column.rows, &target, &again, memory, &array, &fits, &err), err);
    CHECK(fits);
    CHECK(memcmp(&evidence, &again, sizeof evidence) == 0);
    CHECK_INT(evidence.values + evidence.empties + evidence.nulls, column.rows);
    if (rule->first) {
        print_first(&array, &target.field, first);
        if (strcmp(first, rule->first) != 0)
            fail_msg("%s: the first value is %s, expected %s", rule->row, first, rule->first);
    }
    pf_array_free(&array);
    column_free(&column);
}

static void every_row_of_the_table_holds(void **state)
{
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(rules); i++)
        check_rule(&rules[i], &memory);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

/* A text behind a million integers: the type is text, whoever has seen what first. */
static void late_text_decides(void **state)
{
    static const char *const late[] = { "oops" };
    const char **values = malloc(150000 * sizeof *values);
    struct column integers, text;
    struct pf_evidence first = { 0 }, second = { 0 };
    struct pf_target target;

    (void)state;
    CHECK(values != NULL);
    for (size_t i = 0; i < 150000; i++)
        values[i] = "149999";
    integers = column_new(values, 150000);
    text = column_new(late, 1);
    pf_evidence_add(&first, &integers.text, integers.rows);
    pf_evidence_decide(&first, &target);
    CHECK_INT(target.field.type, PF_TYPE_INT64);
    pf_evidence_add(&second, &text.text, text.rows);
    pf_evidence_merge(&second, &first);
    pf_evidence_decide(&second, &target);
    CHECK_INT(target.field.type, PF_TYPE_STRING);
    CHECK_INT(second.values, 150001);
    column_free(&integers);
    column_free(&text);
    free(values);
}

static struct pf_target decide(const char *value)
{
    struct column column = column_new(&value, 1);
    struct pf_evidence evidence = { 0 };
    struct pf_target target;

    pf_evidence_add(&evidence, &column.text, 1);
    pf_evidence_decide(&evidence, &target);
    column_free(&column);
    return target;
}

static void targets_are_the_same_when_values_are(void **state)
{
    static const struct {
        const char *made, *settled;
        bool same;
    } cases[] = {
        { "2024-01-31 10:20:30", "2024-01-31T10:20:30.5", true },
        { "2024-01-31 10:20:30", "2024-01-31 10:20", true },
        { "2024-01-31 10:20:30", "2024-01-31 10:20:30Z", false },
        { "2024-01-31 10:20:30Z", "2024-01-31T10:20:30.123+02:00", true },
        { "31/12/2024", "31.1.2024", true },
        { "31/12/2024", "12/31/2024", false },
        { "2024-01-31", "2024/01/31", true },
        { "2024-01-31", "31/01/2024", false },
        { "1", "1.5", false },
        { "1", "2", true },
        { "1", "text", false },
        { "text", "other", true },
        { "2024-01-31", "2024-01-31 10:20", false },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        const struct pf_target made = decide(cases[i].made), settled = decide(cases[i].settled);

        if (pf_target_same(&made, &settled) != cases[i].same)
            fail_msg("%s and %s", cases[i].made, cases[i].settled);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_holds),
        cmocka_unit_test(late_text_decides),
        cmocka_unit_test(targets_are_the_same_when_values_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
