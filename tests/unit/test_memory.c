#include "support_unit.h"

#include "base/memory.h"
#include "base/slab.h"

static void alloc_is_aligned_and_counted(void **state)
{
    struct pf_memory memory;
    const size_t sizes[] = { 0, 1, 63, 64, 65, 4096, 70000, 1 << 20 };

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t i = 0; i < PF_COUNT(sizes); i++) {
        void *p = pf_alloc(&memory, sizes[i]);

        CHECK(p != NULL);
        CHECK_INT((uintptr_t)p % 64, 0);
        CHECK(pf_alloc_size(p) >= sizes[i]);
        CHECK_INT(atomic_load(&memory.in_use), pf_alloc_size(p) + PF_ALLOC_OVERHEAD);
        memset(p, 0xaa, sizes[i]);
        pf_free(&memory, p);
        CHECK_INT(atomic_load(&memory.in_use), 0);
    }
    CHECK(pf_alloc(&memory, SIZE_MAX - 10) == NULL);
    CHECK(pf_alloc_zero(&memory, SIZE_MAX / 2, 3) == NULL);
    pf_memory_destroy(&memory);
}

static void limit_refuses(void **state)
{
    struct pf_memory memory;
    void *p;

    (void)state;
    CHECK(pf_memory_init(&memory, 10000));
    p = pf_alloc(&memory, 6000);
    CHECK(p != NULL);
    CHECK(pf_alloc(&memory, 6000) == NULL);
    pf_free(&memory, p);
    p = pf_alloc(&memory, 6000);
    CHECK(p != NULL);
    pf_free(&memory, p);
    pf_memory_destroy(&memory);
}

static void nth_allocation_fails_once(void **state)
{
    struct pf_memory memory;
    void *first, *third;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    atomic_store(&memory.fail_at, 1);
    first = pf_alloc(&memory, 10);
    CHECK(first != NULL);
    CHECK(pf_alloc(&memory, 10) == NULL);
    third = pf_alloc(&memory, 10);
    CHECK(third != NULL);
    pf_free(&memory, first);
    pf_free(&memory, third);
    pf_memory_destroy(&memory);
}

static void resize_keeps_contents(void **state)
{
    struct pf_memory memory;
    char *p;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    p = pf_resize(&memory, NULL, 10);
    memcpy(p, "forge", 6);
    p = pf_resize(&memory, p, 200000);
    CHECK_TEXT(p, "forge");
    atomic_store(&memory.fail_at, 0);
    CHECK(pf_resize(&memory, p, 2000000) == NULL);
    CHECK_TEXT(p, "forge");
    pf_free(&memory, p);
    pf_free(&memory, NULL);
    pf_memory_destroy(&memory);
}

static void pool_gives_the_same_buffer_again(void **state)
{
    struct pf_memory memory;
    void *p;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    p = pf_alloc(&memory, 1 << 20);
    pf_free(&memory, p);
    if (atomic_load(&memory.held) != 0) { /* there is no pool under AddressSanitizer */
        void *again = pf_alloc(&memory, (1 << 20) - 100);

        CHECK(again == p);
        CHECK_INT(atomic_load(&memory.held), 0);
        pf_free(&memory, again);
    }
    pf_memory_trim(&memory);
    CHECK_INT(atomic_load(&memory.held), 0);
    pf_memory_destroy(&memory);
}

/* Under AddressSanitizer all of these are allocations of the C library, which does no harm here. */
static void large_use_is_cut_from_slabs(void **state)
{
    enum { COUNT = 120, SIZE = 300000 };
    struct pf_memory memory;
    uint8_t *all[COUNT];
    void *kept;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            all[i] = pf_alloc(&memory, i % 10 == 9 ? 10 * SIZE : SIZE);
            CHECK(all[i] != NULL);
            CHECK_INT((uintptr_t)all[i] % 64, 0);
            memset(all[i], (int)i, SIZE);
        }
        for (size_t i = 0; i < COUNT; i++)
            CHECK(all[i][0] == i && all[i][SIZE - 1] == i && memcmp(all[i], all[i] + 1, SIZE - 1) == 0);
        /* every other one first, so that slabs are left with holes */
        for (size_t i = 0; i < COUNT; i++)
            pf_free(&memory, all[i * 2 % COUNT + (i * 2 >= COUNT)]);
        CHECK_INT(atomic_load(&memory.in_use), 0);
        if (round == 1)
            pf_memory_trim(&memory);
    }
    for (size_t i = 0; i < COUNT; i++)
        all[i] = pf_alloc(&memory, SIZE);
    kept = all[COUNT / 2];
    pf_disown(&memory, kept);
    for (size_t i = 0; i < COUNT; i++) {
        if (all[i] != kept)
            pf_free(&memory, all[i]);
    }
    pf_memory_destroy(&memory);
    memset(kept, 1, SIZE);
    pf_free_disowned(kept);
}

static void slab_goes_with_its_last_piece(void **state)
{
    enum { SIZE = 700000 };
    struct pf_slab *slab = pf_slab_new();
    uint8_t *pieces[20] = { NULL };
    size_t count = 0;

    (void)state;
    CHECK(slab != NULL);
    while ((pieces[count] = pf_slab_cut(slab, SIZE)) != NULL) {
        CHECK_INT((uintptr_t)pieces[count] % 4096, 0);
        CHECK(count == 0 || pieces[count] >= pieces[count - 1] + SIZE);
        memset(pieces[count], 0xab, SIZE);
        count++;
    }
    CHECK_INT(count, 11);
    pf_slab_free(pieces[3], SIZE);
    /* given back to the system, and its neighbours are not */
    CHECK_INT(pieces[3][0], 0);
    CHECK_INT(pieces[3][SIZE - 1], 0);
    CHECK_INT(pieces[2][SIZE - 1], 0xab);
    CHECK_INT(pieces[4][0], 0xab);
    pf_slab_leave(slab);
    pf_slab_leave(NULL);
    for (size_t i = 0; i < count; i++) {
        if (i != 3)
            pf_slab_free(pieces[i], SIZE);
    }
}

static void buffer_grows_up_to_its_limit(void **state)
{
    struct pf_memory memory;
    struct pf_buffer buffer;
    char *text;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_buffer_init(&buffer, &memory, 1001);
    for (int i = 0; i < 100; i++)
        CHECK(pf_buffer_printf(&buffer, "%09d,", i));
    CHECK_INT(buffer.size, 1000);
    CHECK(!pf_buffer_append(&buffer, "xy", 2));
    CHECK_INT(buffer.size, 1000);
    pf_buffer_clear(&buffer);
    CHECK(pf_buffer_append_text(&buffer, "ready"));
    text = pf_buffer_take_text(&buffer);
    CHECK_TEXT(text, "ready");
    pf_free(&memory, text);
    pf_buffer_free(&buffer);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    pf_memory_destroy(&memory);
}

static void arena_frees_all_at_once(void **state)
{
    struct pf_memory memory;
    struct pf_arena arena;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_arena_init(&arena, &memory, 1 << 20);
    for (size_t size = 0; size < 3000; size += 7) {
        uint8_t *p = pf_arena_alloc(&arena, size);

        CHECK(p != NULL);
        CHECK_INT((uintptr_t)p % 64, 0);
        memset(p, 1, size);
    }
    CHECK(pf_arena_alloc(&arena, 2 << 20) == NULL);
    CHECK(pf_arena_alloc_zero(&arena, SIZE_MAX / 4, 8) == NULL);
    CHECK_TEXT(pf_arena_copy(&arena, "spine and more", 5), "spine");
    pf_arena_free(&arena);
    CHECK_INT(atomic_load(&memory.in_use), 0);
    CHECK(pf_arena_alloc_zero(&arena, 4, 4) != NULL);
    pf_arena_free(&arena);
    pf_memory_destroy(&memory);
}

struct pair {
    uint32_t number;
    uint8_t rest[9]; /* a size that no power of two divides */
};

static void arena_grows_a_list(void **state)
{
    struct pf_memory memory;
    struct pf_arena arena;
    struct pair *list = NULL, *grown;
    uint32_t capacity = 0, copies = 0, full = UINT32_MAX;

    (void)state;
    CHECK(pf_memory_init(&memory, SIZE_MAX));
    pf_arena_init(&arena, &memory, 1 << 20);
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t before = capacity;

        grown = pf_arena_grow(&arena, list, i, &capacity, sizeof *list);
        CHECK(grown != NULL);
        CHECK(capacity > i);
        CHECK((grown == list) == (before == capacity));
        copies += grown != list;
        CHECK_INT(grown[i].number, 0);
        CHECK_INT(grown[capacity - 1].rest[8], 0);
        grown[i].number = i + 1;
        list = grown;
    }
    for (uint32_t i = 0; i < 1000; i++)
        CHECK_INT(list[i].number, i + 1);
    CHECK_INT(copies, 9); /* 4, 8, ... 1024 */
    /* refused: by the arena's limit, by the number of entries */
    capacity = 70000;
    CHECK(pf_arena_grow(&arena, list, capacity, &capacity, sizeof *list) == NULL);
    CHECK_INT(capacity, 70000);
    CHECK(pf_arena_grow(&arena, list, full, &full, sizeof *list) == NULL);
    CHECK(full == UINT32_MAX);
    pf_arena_free(&arena);
    pf_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_is_aligned_and_counted),     cmocka_unit_test(limit_refuses),
        cmocka_unit_test(nth_allocation_fails_once),        cmocka_unit_test(resize_keeps_contents),
        cmocka_unit_test(pool_gives_the_same_buffer_again), cmocka_unit_test(buffer_grows_up_to_its_limit),
        cmocka_unit_test(arena_frees_all_at_once),          cmocka_unit_test(arena_grows_a_list),
        cmocka_unit_test(large_use_is_cut_from_slabs),      cmocka_unit_test(slab_goes_with_its_last_piece),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
