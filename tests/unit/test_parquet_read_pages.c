/* How row groups are cut into blocks: by memory, by the borders of pages, and so that little is decompressed twice. */
#include "support_unit.h"

#include "formats/parquet/read_pages.h"

#define MIB *(1 << 20)

struct choice_case {
    const char *name;
    uint32_t columns; /* int64, all alike */
    int64_t rows, page_rows;
    int32_t page_size; /* 0 = 8 bytes a row */
    size_t limit;
    int64_t block_rows; /* expected */
    double times;       /* expected at most */
};

static const struct choice_case cases[] = {
    { "few rows", 10, 1000, 500, 0, SIZE_MAX, 1000, 1 },
    { "a little more than a block", 1, 190000, 190000, 0, SIZE_MAX, 190000, 1 },
    { "pages that divide a block", 10, 1000000, 65536, 0, SIZE_MAX, 131072, 1 },
    { "pages that do not", 10, 1000000, 100000, 0, SIZE_MAX, 100000, 1 },
    { "one page, much smaller than its values", 1, 1000000, 1000000, 1000, SIZE_MAX, 125056, 1.01 },
    { "one page, as large as its values", 12, 1000000, 1000000, 0, SIZE_MAX, 1000000, 1 },
    { "the same twice as large", 12, 2000000, 2000000, 0, SIZE_MAX, 500032, 4 },
    { "the same with little memory", 12, 1000000, 1000000, 0, 256 MIB, 250048, 4 },
    { "wide", 500, 122880, 20000, 0, 1024 MIB, 20000, 1 },
    { "wide, one page each, much memory", 500, 122880, 122880, 0, SIZE_MAX, 15360, 8 },
    { "wide, one page each, little memory", 500, 122880, 122880, 0, 256 MIB, 8192, 15 },
    { "wide, very little memory", 500, 122880, 122880, 0, 16 MIB, 515, 250 },
    { "no columns", 0, 1000000, 1, 0, SIZE_MAX, 131072, 1 },
    { "rows of a megabyte", 130000, 1000, 10, 0, 256 MIB, 10, 1 },
    { "rows of a megabyte, very little memory", 130000, 1000, 10, 0, 16 MIB, 1, 10 },
    { "values of a megabyte, one page", 1, 60, 60, 60000000, 256 MIB, 60, 1 },
};

static void fill(struct parquet_pages *pages, struct pf_memory *memory, const struct choice_case *c)
{
    memset(pages, 0, sizeof *pages);
    pf_buffer_init(&pages->data, memory, SIZE_MAX);
    for (int64_t row = 0; row < c->rows; row += c->page_rows) {
        struct parquet_page page = { .first_row = row,
                                     .values = (int32_t)(c->rows - row < c->page_rows ? c->rows - row : c->page_rows) };

        page.plain_size = c->page_size != 0 ? c->page_size : 8 * page.values;
        CHECK(pf_buffer_append(&pages->data, &page, sizeof page));
        pages->count++;
    }
}

static void test_choices(void **state)
{
    struct parquet_column column = { .field = { .type = PF_TYPE_INT64 }, .width = 8 };
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        const struct choice_case *c = &cases[i];
        struct parquet_group_pages *group = pf_alloc_zero(&memory, 1, sizeof *group);
        const struct parquet_column **columns = pf_alloc_zero(&memory, c->columns, sizeof(void *));

        CHECK(group != NULL && columns != NULL);
        group->memory = &memory;
        group->columns = pf_alloc_zero(&memory, c->columns, sizeof *group->columns);
        CHECK(group->columns != NULL);
        for (; group->column_count < c->columns; group->column_count++) {
            columns[group->column_count] = &column;
            fill(&group->columns[group->column_count], &memory, c);
        }
        memory.limit = c->limit;
        parquet_choose_block_rows(group, columns, c->rows);
        memory.limit = SIZE_MAX;
        if (group->block_rows != c->block_rows || group->times > c->times)
            fail_msg("%s: blocks of %lld rows, decompressed %.2f times; expected %lld, %.2f", c->name,
                     (long long)group->block_rows, group->times, (long long)c->block_rows, c->times);
        parquet_group_pages_free(group);
        pf_free(&memory, columns);
    }
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

static void test_page_of_row(void **state)
{
    const struct choice_case c = { .rows = 1000, .page_rows = 30 };
    struct parquet_pages pages;
    struct pf_memory memory;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    fill(&pages, &memory, &c);
    for (int64_t row = 0; row < c.rows; row++)
        CHECK_INT(parquet_page_of_row(&pages, row), row / 30);
    parquet_pages_free(&pages);
    pf_memory_destroy(&memory);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_page_of_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
