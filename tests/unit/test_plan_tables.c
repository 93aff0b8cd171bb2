/* Which tables are meant, which become one, and what their files are called. */
#include "support_unit.h"

#include "convert/plan_tables.h"

enum { MOST = 8 };

struct fixture {
    struct pf_memory memory;
    struct pf_arena arena;
};

static int begin(void **state)
{
    static struct fixture fixture;

    if (!pf_memory_init(&fixture.memory, SIZE_MAX))
        return -1;
    pf_arena_init(&fixture.arena, &fixture.memory, SIZE_MAX);
    *state = &fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;

    pf_arena_free(&fixture->arena);
    pf_memory_destroy(&fixture->memory);
    return 0;
}

/* ---- selection: chosen is a letter a table, '.' = not chosen, 'p' = by a pattern, 'n' = by name or number */

static const struct pf_listed book[] = {
    { .name = "Sales 2023" }, { .name = "Sales 2024" }, { .name = "Notes", .hidden = true },
    { .name = "3" },          { .name = "a,b" },        { .name = "Chart", .cannot = "a chart" },
};

static const struct selection_case {
    const char *wanted, *chosen;
    enum pf_status status;
    const char *says;
} selections[] = {
    { NULL, "pp.ppp", PF_OK, "" },
    { "", "pp.ppp", PF_OK, "" },
    { "all", "pp.ppp", PF_OK, "" },
    { "sales 2023", "n.....", PF_OK, "" },
    { "1", "n.....", PF_OK, "" },
    { "3", "...n..", PF_OK, "" }, /* a name goes before a number */
    { "5", "....n.", PF_OK, "" },
    { "6", ".....n", PF_OK, "" },
    { "a,b", "....n.", PF_OK, "" },
    { "'a,b',1", "n...n.", PF_OK, "" },
    { "Notes", "..n...", PF_OK, "" },
    { "Sales*", "pp....", PF_OK, "" },
    { "SALES*, notes", "ppn...", PF_OK, "" },
    { "*[34]", "pp.p..", PF_OK, "" },
    { "/^sales [0-9]{4}$/", "pp....", PF_OK, "" },
    { "/4$/,Sales 2023", "np....", PF_OK, "" },
    { "0", "", PF_NOT_FOUND, "there is no sheet '0'" },
    { "7", "", PF_NOT_FOUND, "there is no sheet '7'" },
    { "99999999999999999999", "", PF_NOT_FOUND, "there is no sheet" },
    { "Sales", "", PF_NOT_FOUND, "there is no sheet 'Sales'" },
    { "N*", "", PF_NOT_FOUND, "no visible sheet has a name that matches 'N*'" },
    { "/^n/", "", PF_NOT_FOUND, "no visible sheet has a name that matches" },
    { "//", "", PF_NOT_FOUND, "there is no sheet '//'" },
    { "/(/", "", PF_BAD_OPTION, "is no regular expression" },
    { "1,,3", "", PF_BAD_OPTION, "--tables '1,,3' is not a list of names" },
};

static void tables_are_selected(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < PF_COUNT(selections); i++) {
        const struct selection_case *one = &selections[i];
        bool chosen[MOST] = { false }, named[MOST] = { false };
        char got[MOST + 1] = "";
        struct pf_error err;

        pf_error_clear(&err);
        CHECK_INT(pf_tables_select(book, PF_COUNT(book), one->wanted, "sheet", &fixture->arena, chosen, named, &err),
                  one->status);
        for (size_t at = 0; at < PF_COUNT(book) && one->status == PF_OK; at++)
            got[at] = named[at] ? 'n' : chosen[at] ? 'p' : '.';
        if (one->wanted != NULL)
            CHECK_TEXT(got, one->chosen);
        if (one->status != PF_OK)
            CHECK_HAS(err.message, one->says);
        if (one->status == PF_NOT_FOUND)
            CHECK_HAS(err.remedy, "Sales 2023, Sales 2024, Notes, 3, a,b, Chart");
    }
}

/* Characters count, not bytes, and the case of no letter, whatever the locale. */
static const struct pf_listed foreign[] = {
    { .name = "\u00dcber" }, { .name = "\u0418\u0442\u043e\u0433 1" }, { .name = "\u00e9t\u00e9" }, { .name = "a*[b]" }
};
static const struct selection_case foreign_selections[] = {
    { "?ber", "p...", PF_OK, "" },
    { "\u00fcb*", "p...", PF_OK, "" },
    { "\u0418\u0422*", ".p..", PF_OK, "" },
    { "*\u0413 [!2-9]", ".p..", PF_OK, "" },
    { "[\u00c0-\u00ff]?\u00c9", "..p.", PF_OK, "" },
    { "[!a-z]*[!0-9]", "p.p.", PF_OK, "" },
    { "*b*e*", "p...", PF_OK, "" },
    { "a\\*\\[[]b]]", "...p", PF_OK, "" },
    { "a\\*\\[[]!b]", "", PF_NOT_FOUND, "no visible sheet" },
    { "a\\*[[]?[]]", "...p", PF_OK, "" },
    { "*[", "", PF_NOT_FOUND, "no visible sheet" },
    { "?*[\\]-]", "...p", PF_OK, "" },
    { "/^.ber$/", "p...", PF_OK, "" },
    { "/^\u0438\u0442\u041e\u0413/", ".p..", PF_OK, "" },
    { "/^[\u00c8\u00c9]t.$/", "..p.", PF_OK, "" },
};

static void foreign_names_are_selected(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < PF_COUNT(foreign_selections); i++) {
        const struct selection_case *one = &foreign_selections[i];
        bool chosen[MOST] = { false }, named[MOST] = { false };
        char got[MOST + 1] = "";
        struct pf_error err;

        pf_error_clear(&err);
        if (pf_tables_select(foreign, PF_COUNT(foreign), one->wanted, "sheet", &fixture->arena, chosen, named, &err) !=
            one->status)
            fail_msg("%s: %s", one->wanted, err.message);
        for (size_t at = 0; at < PF_COUNT(foreign) && one->status == PF_OK; at++)
            got[at] = named[at] ? 'n' : chosen[at] ? 'p' : '.';
        if (one->status == PF_OK && strcmp(got, one->chosen) != 0)
            fail_msg("%s: %s, expected %s", one->wanted, got, one->chosen);
        if (one->status != PF_OK)
            CHECK_HAS(err.message, one->says);
    }
}

static void what_the_reader_was_told_counts(void **state)
{
    struct fixture *fixture = *state;
    const struct pf_listed listed[] = { { .name = "a" }, { .name = "b", .hidden = true, .chosen = true }, { .name = "c" } };
    bool chosen[MOST] = { false }, named[MOST] = { false };
    struct pf_error err;

    CHECK_OK(pf_tables_select(listed, 3, NULL, "sheet", &fixture->arena, chosen, named, &err), err);
    CHECK(!chosen[0] && chosen[1] && named[1] && !chosen[2]);
}

static void many_names_are_cut(void **state)
{
    struct fixture *fixture = *state;
    static char names[60][8];
    struct pf_listed listed[60];
    bool chosen[60] = { false }, named[60] = { false };
    struct pf_error err;

    for (size_t i = 0; i < 60; i++) {
        (void)snprintf(names[i], sizeof names[i], "name %zu", i);
        listed[i] = (struct pf_listed){ .name = names[i] };
    }
    pf_error_clear(&err);
    CHECK_INT(pf_tables_select(listed, 60, "x", "sheet", &fixture->arena, chosen, named, &err), PF_NOT_FOUND);
    CHECK_HAS(err.remedy, "name 0, name 1, ");
    CHECK_HAS(err.remedy, ", ...");
}

/* ---- groups */

static const struct group_case {
    const char *columns[MOST]; /* a letter a column, upper case and blanks as in names */
    enum pf_grouping grouping;
    const char *groups;
} groups[] = {
    { { "ab", "ab", "ba" }, PF_GROUP_EACH, "012" },
    { { "ab", "ab", "ba" }, PF_GROUP_COLUMNS, "001" },
    { { "ab", "AB", "abc", "Ab", "ABC" }, PF_GROUP_COLUMNS, "00101" },
    { { "ba", "ab", "ba" }, PF_GROUP_COLUMNS, "010" },
    { { "ab", "c", "x" }, PF_GROUP_NAMES, "000" },
    { { "a" }, PF_GROUP_NAMES, "0" },
};

static void tables_are_grouped(void **state)
{
    struct fixture *fixture = *state;
    static const struct pf_field text = { .type = PF_TYPE_STRING };

    for (size_t i = 0; i < PF_COUNT(groups); i++) {
        struct pf_schema schemas[MOST];
        uint32_t count = 0, group[MOST], most = 0;
        char got[MOST + 1] = "";

        for (; count < MOST && groups[i].columns[count] != NULL; count++) {
            pf_schema_init(&schemas[count], &fixture->memory);
            for (const char *c = groups[i].columns[count]; *c != '\0'; c++) {
                char name[] = { ' ', *c, ' ', '\0' };
                bool blanks = *c < 'a';

                CHECK(pf_schema_add(&schemas[count], blanks ? name : name + 1, blanks ? 3 : 1, &text));
            }
        }
        most = pf_tables_group(schemas, count, groups[i].grouping, group);
        for (uint32_t at = 0; at < count; at++) {
            got[at] = (char)('0' + group[at]);
            CHECK(group[at] < most);
            pf_schema_free(&schemas[at]);
        }
        CHECK_TEXT(got, groups[i].groups);
    }
}

/* ---- names of files */

static const struct file_case {
    const char *names[MOST], *files[MOST], *tail;
} files[] = {
    { { "Jan", "Feb" }, { "Jan", "Feb" }, "" },
    { { "A B", "A_B", "a b" }, { "A_B", "A_B_2", "a_b_3" }, "" },
    { { "x", "x_2", "X" }, { "x", "x_2", "X_3" }, "" },
    { { "a/b\\c:d*e?f\"g<h>i|j" }, { "a_b_c_d_e_f_g_h_i_j" }, "" },
    { { "  a  //  b  " }, { "a_b" }, "" },
    { { "__a__b__" }, { "a_b" }, "" },
    { { "", "/", "  " }, { "table", "table_2", "table_3" }, "" },
    { { "\xC3\xBC\x7F\x01z" }, { "\xC3\xBC_z" }, "" },
    { { ".." }, { ".." }, "" }, /* something stands before it */
    { { "a", "a.csv.rejects", "A.csv.rejects" }, { "a", "a.csv.rejects_2", "A.csv.rejects_3" }, ".csv.rejects" },
    { { "a.csv.rejects", "A" }, { "a.csv.rejects", "A_2" }, ".csv.rejects" },
    { { "\xC3\x84", "\xC3\xA4" }, { "\xC3\x84", "\xC3\xA4_2" }, "" },
};

static void files_are_named(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < PF_COUNT(files); i++) {
        const char *got[MOST];
        uint32_t count = 0;
        struct pf_error err;

        while (count < MOST && files[i].names[count] != NULL)
            count++;
        CHECK_OK(pf_tables_file_names(files[i].names, count, files[i].tail, &fixture->arena, got, &err), err);
        for (uint32_t at = 0; at < count; at++)
            CHECK_TEXT(got[at], files[i].files[at]);
    }
}

static void long_names_are_cut_between_characters(void **state)
{
    struct fixture *fixture = *state;
    char name[400] = "x";
    const char *wanted = name, *got;
    struct pf_error err;

    for (size_t i = 1; i + 2 < sizeof name; i += 2)
        memcpy(name + i, "\xC3\xBC", 3);
    CHECK_OK(pf_tables_file_names(&wanted, 1, "", &fixture->arena, &got, &err), err);
    CHECK_INT(strlen(got), 119);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tables_are_selected, begin, end),
        cmocka_unit_test_setup_teardown(foreign_names_are_selected, begin, end),
        cmocka_unit_test_setup_teardown(what_the_reader_was_told_counts, begin, end),
        cmocka_unit_test_setup_teardown(many_names_are_cut, begin, end),
        cmocka_unit_test_setup_teardown(tables_are_grouped, begin, end),
        cmocka_unit_test_setup_teardown(files_are_named, begin, end),
        cmocka_unit_test_setup_teardown(long_names_are_cut_between_characters, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
