#include "support_random.h"
#include "support_unit.h"

#include <stdlib.h>

#include "storage/raw.h"

enum { SIZE = 24 << 20, MOST = 700000 };

/* Stretches that compress well, and stretches that do not. */
static uint8_t *mixed_bytes(struct random *random)
{
    uint8_t *bytes = malloc(SIZE);

    CHECK(bytes != NULL);
    for (size_t at = 0; at < SIZE; at++)
        bytes[at] = (at >> 21) % 2 == 0 ? (uint8_t)(at / 1000) : (uint8_t)random_bits(random);
    return bytes;
}

static void add_in_parts(struct pf_spool *spool, const uint8_t *bytes, struct random *random)
{
    struct pf_error err;

    for (size_t at = 0; at < SIZE;) {
        size_t part = random_below(random, MOST);

        if (part > SIZE - at)
            part = SIZE - at;
        CHECK_OK(pf_spool_add(spool, bytes + at, part, &err), err);
        at += part;
    }
}

static void read_in_parts(struct pf_spool *spool, const uint8_t *bytes, struct random *random)
{
    uint8_t *to = malloc(MOST);
    struct pf_error err;
    size_t at = 0, got = 1;

    CHECK(to != NULL);
    while (got != 0) {
        CHECK_OK(pf_spool_read(spool, to, 1 + random_below(random, MOST - 1), &got, &err), err);
        CHECK(got <= SIZE - at);
        CHECK(memcmp(to, bytes + at, got) == 0);
        at += got;
    }
    CHECK_INT(at, SIZE);
    free(to);
}

static void what_was_added_is_read(void **state)
{
    struct random random = { .state = 7 };
    uint8_t *bytes = mixed_bytes(&random);
    struct pf_context ctx = { 0 };
    struct pf_spool *spool;
    struct pf_error err;

    (void)state;
    CHECK(pf_memory_init(&ctx.memory, SIZE_MAX));
    CHECK_OK(pf_spool_new(&ctx, &spool, &err), err);
    add_in_parts(spool, bytes, &random);
    for (int pass = 0; pass < 3; pass++) {
        CHECK_OK(pf_spool_rewind(spool, &err), err);
        read_in_parts(spool, bytes, &random);
    }
    pf_spool_free(spool);
    CHECK_INT(atomic_load(&ctx.memory.in_use), 0);
    pf_memory_destroy(&ctx.memory);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_added_is_read) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
