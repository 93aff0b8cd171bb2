#include "support_unit.h"

#include <stdlib.h>

#include "transform/infer.h"

enum { MOST = 8 };

static const struct names_case {
    bool compat;
    const char *names[MOST], *settled[MOST];
} cases[] = {
    { false, { "a", "b" }, { "a", "b" } },
    { false, { "a", "a", "a" }, { "a", "a_2", "a_3" } },
    { false, { "a", "a", "a_2" }, { "a", "a_3", "a_2" } },
    { false, { "a_2", "a", "a" }, { "a_2", "a", "a_3" } },
    { false, { "a", "a_2", "a", "a_2" }, { "a", "a_2", "a_3", "a_2_2" } },
    { false, { " a ", "a\t", "\r\n b" }, { "a", "a_2", "b" } },
    { false, { "", "x", "", "  " }, { "column_1", "x", "column_3", "column_4" } },
    { false, { "column_2", "" }, { "column_2", "column_2_2" } },
    { false, { "column_2", "", "column_2", "column_2_2" }, { "column_2", "column_2_3", "column_2_4", "column_2_2" } },
    { false, { "a", "A", "\"a\"" }, { "a", "A", "\"a\"" } },
    { false, { "caf\xC3\xA9", "caf\xC3\xA9" }, { "caf\xC3\xA9", "caf\xC3\xA9_2" } },
    /* as 1.0.9 */
    { true, { "a", "b" }, { "a", "b" } },
    { true, { "a", "b", "a", "a" }, { "a", "b", "a.1", "a.2" } },
    { true, { "a", "a", "a.1" }, { "a", "a.2", "a.1" } },
    { true, { "a", "", "e" }, { "a", "Unnamed: 1", "e" } },
    { true, { "Unnamed: 1", "" }, { "Unnamed: 1", "Unnamed: 1.1" } },
    { true, { "", "", "" }, { "Column_1", "Column_2", "Column_3" } },
    { true, { " a ", "'a'", "\"a\"" }, { "a", "a_duplicate_1", "a_duplicate_2" } },
    { true, { "x", " ", "\"'" }, { "x", "Column_2", "Column_3" } },
    { true, { "Column_2", " " }, { "Column_2", "Column_2_duplicate_1" } },
    { true, { "a b", "a_b" }, { "a b", "a_b" } },
};

static void names_are_settled(void **state)
{
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        const char *names[MOST];
        struct pf_arena arena;
        struct pf_error err;
        uint32_t count = 0;

        while (count < MOST && cases[i].names[count]) {
            names[count] = cases[i].names[count];
            count++;
        }
        pf_arena_init(&arena, &memory, SIZE_MAX);
        CHECK_OK(pf_names_settle(names, NULL, count, cases[i].compat, &arena, &err), err);
        for (uint32_t at = 0; at < count; at++)
            if (strcmp(names[at], cases[i].settled[at]) != 0)
                fail_msg("case %zu, name %u ('%s') is '%s', expected '%s'", i, at + 1, cases[i].names[at], names[at],
                         cases[i].settled[at]);
        pf_arena_free(&arena);
    }
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Very many columns of the same name, and some that look like the made names: quick, and no name twice. */
static void many_names_are_settled_quickly(void **state)
{
    enum { COUNT = 100000 };
    const char **names = malloc(COUNT * sizeof *names);
    struct pf_memory memory;
    struct pf_error err;

    (void)state;
    CHECK(names != NULL);
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (int compat = 0; compat < 2; compat++) {
        struct pf_arena arena;

        for (size_t i = 0; i < COUNT; i++)
            names[i] = i % 5 == 0 ? "" : i % 5 == 1 ? "a_7" : i % 5 == 2 ? "a.7" : i % 5 == 3 ? "'a'" : "a";
        pf_arena_init(&arena, &memory, SIZE_MAX);
        CHECK_OK(pf_names_settle(names, NULL, COUNT, compat != 0, &arena, &err), err);
        qsort(names, COUNT, sizeof *names, by_text);
        for (size_t i = 0; i + 1 < COUNT; i++)
            CHECK(strcmp(names[i], names[i + 1]) != 0);
        CHECK(names[0][0] != '\0');
        pf_arena_free(&arena);
    }
    free(names);
    pf_memory_destroy(&memory);
}

static void refused_memory_is_reported(void **state)
{
    (void)state;
    for (int compat = 0; compat < 2; compat++) {
        enum pf_status status = PF_NO_MEMORY;

        for (long nth = 0; status != PF_OK; nth++) {
            const char *names[] = { " a ", "a", "", "'a'", "a", NULL };
            struct pf_memory memory;
            struct pf_arena arena;
            struct pf_error err;

            CHECK(nth < 50);
            CHECK(pf_memory_init(&memory, SIZE_MAX));
            pf_arena_init(&arena, &memory, SIZE_MAX);
            atomic_store(&memory.fail_at, nth);
            status = pf_names_settle(names, NULL, PF_COUNT(names), compat != 0, &arena, &err);
            CHECK(status == PF_OK || status == PF_NO_MEMORY);
            pf_arena_free(&arena);
            pf_memory_destroy(&memory);
        }
    }
}

static void misspelt_names_are_found(void **state)
{
    static const char *const columns[] = { "id", "Order Date", "amount", "amounts", "x" };
    static const struct {
        const char *name, *near; /* NULL = none */
    } wanted[] = {
        { "Id", "id" },
        { "order_date", "Order Date" },
        { "orderdate", "Order Date" },
        { "amuont", "amount" },
        { "AMOUNT", "amount" },
        { "ammounts", "amounts" },
        { "quantity", NULL },
        { "y", NULL },
        { "X", "x" },
        { "", NULL },
    };
    struct pf_field field = { .type = PF_TYPE_STRING };
    struct pf_memory memory;
    struct pf_schema schema;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_schema_init(&schema, &memory);
    for (size_t i = 0; i < PF_COUNT(columns); i++)
        CHECK(pf_schema_add(&schema, columns[i], strlen(columns[i]), &field));
    for (size_t i = 0; i < PF_COUNT(wanted); i++) {
        const char *near = pf_names_near(&schema, wanted[i].name);

        CHECK_TEXT(near != NULL ? near : "(none)", wanted[i].near != NULL ? wanted[i].near : "(none)");
    }
    pf_schema_free(&schema);
    pf_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_settled),
        cmocka_unit_test(many_names_are_settled_quickly),
        cmocka_unit_test(refused_memory_is_reported),
        cmocka_unit_test(misspelt_names_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
