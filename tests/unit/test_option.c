/* Options: names, values, defaults, suggestions, and that every table of the library is sound. */
#include "base/option.h"
#include "support_unit.h"

struct sample {
    const char *text;
    double share;
    int64_t count, size;
    int choice;
    bool flag, on;
};

#define AT(member) offsetof(struct sample, member)

static const struct pf_option sample_table[] = {
    { "text", "t|words", PF_OPTION_TEXT, NULL, NULL, "TEXT", "A text.", "Sample", AT(text) },
    { "max-share", NULL, PF_OPTION_NUMBER, NULL, "10%", "SHARE", "A share.", "Sample", AT(share) },
    { "count", "n", PF_OPTION_INTEGER, NULL, "7", "N", "A count.", "Sample", AT(count) },
    { "row-size", NULL, PF_OPTION_SIZE, NULL, "256M", "SIZE", "A size.", "Sample", AT(size) },
    { "on-error", NULL, PF_OPTION_CHOICE, "fail|null|reject=skip=drop", "null", NULL, "A choice.", "Sample", AT(choice) },
    { "flag", "f", PF_OPTION_FLAG, NULL, NULL, NULL, "A flag.", "Sample", AT(flag) },
    { "dictionary", "use-dictionary", PF_OPTION_FLAG, NULL, "yes", NULL, "A flag that is set.", "Sample", AT(on) },
    { .name = NULL },
};

static struct sample defaults(void)
{
    struct sample sample;

    memset(&sample, 0xee, sizeof sample);
    pf_option_defaults(sample_table, &sample);
    return sample;
}

static void test_defaults(void **state)
{
    struct sample sample = defaults();

    (void)state;
    CHECK(sample.text == NULL);
    CHECK(sample.share > 0.0999 && sample.share < 0.1001);
    CHECK_INT(sample.count, 7);
    CHECK_INT(sample.size, 256 << 20);
    CHECK_INT(sample.choice, 1);
    CHECK(!sample.flag);
    CHECK(sample.on);
}

static void test_names(void **state)
{
    static const struct {
        const char *name, *found;
    } cases[] = {
        { "text", "text" },
        { "--text", "text" },
        { "t", "text" },
        { "-t", "text" },
        { "words", "text" },
        { "on_error", "on-error" },
        { "--row_size", "row-size" },
        { "no-flag", "flag" },
        { "--no-f", "flag" },
        { "no_use-dictionary", "dictionary" },
        { "no-count", NULL },
        { "tex", NULL },
        { "texts", NULL },
        { "", NULL },
        { "--", NULL },
        { "-", NULL },
        { "T", NULL },
        { "word", NULL },
        { "no-", NULL },
        { "wordss", NULL },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        const struct pf_option *option = pf_option_find(sample_table, cases[i].name);
        if (cases[i].found == NULL)
            CHECK_TEXT(option == NULL ? "nothing" : option->name, "nothing");
        else
            CHECK_TEXT(option == NULL ? "nothing" : option->name, cases[i].found);
    }
}

/* What is stored, as the option's own text. */
static void test_values(void **state)
{
    static const struct {
        const char *name, *value, *stored; /* stored NULL = refused */
    } cases[] = {
        { "text", "", "" },
        { "text", "a b", "a b" },
        { "text", NULL, NULL },
        { "max-share", "25%", "0.25" },
        { "max-share", "25 %", "0.25" },
        { "max-share", "1", "1" },
        { "max-share", "x", NULL },
        { "max-share", "%", NULL },
        { "max-share", "", NULL },
        { "count", "-3", "-3" },
        { "count", "9223372036854775807", "9223372036854775807" },
        { "count", "9223372036854775808", NULL },
        { "count", "3x", NULL },
        { "count", " 3", NULL },
        { "count", "", NULL },
        { "count", "-", NULL },
        { "row-size", "0", "0" },
        { "row-size", "1000", "1000" },
        { "row-size", "64K", "64K" },
        { "row-size", "64k", "64K" },
        { "row-size", "1 MiB", "1M" },
        { "row-size", "2GB", "2G" },
        { "row-size", "3T", "3T" },
        { "row-size", "1.5G", "1536M" },
        { "row-size", "512b", "512" },
        { "row-size", "9007199254740993", "9007199254740993" },
        { "row-size", "8388608T", NULL },
        { "row-size", "8388607.999999T", "9223372036853676296" },
        { "row-size", "-1", NULL },
        { "row-size", "1X", NULL },
        { "row-size", "1KK", NULL },
        { "row-size", "K", NULL },
        { "on-error", "FAIL", "fail" },
        { "on-error", "Reject", "reject" },
        { "on-error", "skip", "reject" },
        { "on-error", "drop", "reject" },
        { "on-error", "rej", NULL },
        { "on-error", "reject=skip", NULL },
        { "on-error", "", NULL },
        { "flag", NULL, "yes" },
        { "flag", "no", "no" },
        { "flag", "TRUE", "yes" },
        { "flag", "0", "no" },
        { "flag", "maybe", NULL },
        { "no-flag", NULL, "no" },
        { "no-dictionary", NULL, "no" },
        { "no-dictionary", "false", "yes" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        const struct pf_option *option = pf_option_find(sample_table, cases[i].name);
        struct sample sample = defaults();
        struct pf_error err;
        char scratch[32];
        enum pf_status status = pf_option_set(option, cases[i].name, cases[i].value, &sample, &err);
        CHECK_INT(status, cases[i].stored != NULL ? PF_OK : PF_BAD_OPTION);
        if (status == PF_OK)
            CHECK_TEXT(pf_option_text(option, &sample, scratch), cases[i].stored);
        else
            CHECK_HAS(err.message, cases[i].name);
    }
}

static void test_bad_values_name_what_is_possible(void **state)
{
    struct sample sample = defaults();
    struct pf_error err;

    (void)state;
    CHECK_INT(pf_option_set(&sample_table[4], "--on-error", "stop", &sample, &err), PF_BAD_OPTION);
    CHECK_TEXT(err.message, "option --on-error cannot be 'stop'");
    CHECK_TEXT(err.remedy, "it takes fail, null or reject");
    CHECK_INT(pf_option_set(&sample_table[2], "-n", "many", &sample, &err), PF_BAD_OPTION);
    CHECK_TEXT(err.message, "option -n cannot be 'many'");
    CHECK_INT(pf_option_set(&sample_table[0], NULL, NULL, &sample, &err), PF_BAD_OPTION);
    CHECK_TEXT(err.message, "option --text needs a value");
    CHECK_INT(sample.count, 7);
}

static void test_suggestions(void **state)
{
    static const struct {
        const char *name, *says;
    } cases[] = {
        { "dictionery", "did you mean --dictionary?" },
        { "--on-eror", "did you mean --on-error?" },
        { "wrods", "did you mean --text?" },
        { "dict", "did you mean --dictionary?" },
        { "row", "did you mean --row-size?" },
        { "cuont", "did you mean --count?" },
        { "xyzzy", "" },
        { "x", "" },
        { "", "" },
    };
    const struct pf_option *tables[] = { sample_table, sample_table };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        char says[80];
        pf_option_suggest(tables, 2, cases[i].name, says, sizeof says);
        CHECK_TEXT(says, cases[i].says);
        /* Short of room the text is cut, not written past its end. */
        for (size_t size = 1; size < sizeof says; size++) {
            char cut[80];
            memset(cut, 'x', sizeof cut);
            pf_option_suggest(tables, 2, cases[i].name, cut, size);
            CHECK(memchr(cut, '\0', size) != NULL);
            CHECK_INT(cut[size], 'x');
        }
    }
}

/* ---- the tables of the library */

/* Reads the default of every option as a user would write it. */
static void check_row(const struct pf_option *row, const char *owner)
{
    union {
        const char *text;
        double number;
        int64_t integer;
        int choice;
        bool flag;
    } target;
    struct pf_option alone = *row;
    struct pf_error err;

    alone.offset = 0;
    if (row->help == NULL || row->group == NULL)
        fail_msg("--%s of the %s has no help or no group", row->name, owner);
    if (row->help[strlen(row->help) - 1] != '.')
        fail_msg("the help of --%s is no sentence: %s", row->name, row->help);
    if ((row->kind == PF_OPTION_CHOICE) != (row->choices != NULL))
        fail_msg("--%s of the %s: choices do not go with its kind", row->name, owner);
    if (row->initial != NULL && pf_option_set(&alone, NULL, row->initial, &target, &err) != PF_OK)
        fail_msg("--%s of the %s cannot be its own default '%s'", row->name, owner, row->initial);
    if (row->kind == PF_OPTION_CHOICE && row->initial == NULL)
        fail_msg("--%s of the %s does not say its default", row->name, owner);
}

/* No name means two things: a name that stands in two tables stands there for the same kind of option. */
static void check_same_elsewhere(const struct pf_context *ctx, const struct pf_option *row)
{
    const struct pf_option *table;
    const char *owner;

    for (uint32_t i = 0; (table = pf_option_table(ctx, i, &owner)) != NULL; i++) {
        const struct pf_option *other = pf_option_find(table, row->name);
        if (other != NULL && (strcmp(other->name, row->name) != 0 || other->kind != row->kind))
            fail_msg("--%s means something else in the table of the %s", row->name, owner);
    }
}

static void check_aliases_elsewhere(const struct pf_context *ctx, const struct pf_option *row)
{
    const struct pf_option *table;
    const char *owner, *rest = row->aliases;
    char alias[64];

    while (rest != NULL && *rest != '\0') {
        size_t size = strcspn(rest, "|");
        CHECK(size > 0 && size < sizeof alias);
        memcpy(alias, rest, size);
        alias[size] = '\0';
        for (uint32_t i = 0; (table = pf_option_table(ctx, i, &owner)) != NULL; i++) {
            const struct pf_option *other = pf_option_find(table, alias);
            if (other != NULL && strcmp(other->name, row->name) != 0)
                fail_msg("'%s' is --%s, and --%s of the %s", alias, row->name, other->name, owner);
        }
        rest += size + (rest[size] == '|' ? 1 : 0);
    }
}

static void test_tables_are_sound(void **state)
{
    struct pf_context *ctx = pf_context_new();
    const struct pf_option *table;
    const char *owner;
    uint32_t count = 0;

    (void)state;
    CHECK(ctx != NULL);
    for (; (table = pf_option_table(ctx, count, &owner)) != NULL; count++) {
        CHECK(owner != NULL && owner[0] != '\0');
        for (const struct pf_option *row = table; row->name != NULL; row++) {
            check_row(row, owner);
            check_same_elsewhere(ctx, row);
            check_aliases_elsewhere(ctx, row);
            CHECK(pf_option_find(table, row->name) == row);
        }
    }
    CHECK(count >= 4);
    CHECK(pf_option_table(ctx, count + 1, &owner) == NULL);
    pf_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),    cmocka_unit_test(test_names),
        cmocka_unit_test(test_values),      cmocka_unit_test(test_bad_values_name_what_is_possible),
        cmocka_unit_test(test_suggestions), cmocka_unit_test(test_tables_are_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
