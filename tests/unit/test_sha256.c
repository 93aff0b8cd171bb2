#include "support_unit.h"

#include <stdlib.h>

#include "base/sha256.h"

/* FIPS 180-2, appendix B, and what sha256sum says of sizes around a block. */
static const struct sum_case {
    const char *piece;
    int times;
    const char *sum;
} sums[] = {
    { "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
    { "a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
    { "a", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
    { "a", 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
    { "a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
};

static void sums_are_those_of_the_standard(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(sums); i++) {
        char text[PF_SHA256_TEXT];
        struct pf_sha256 sum;

        pf_sha256_begin(&sum);
        for (int n = 0; n < sums[i].times; n++)
            pf_sha256_add(&sum, sums[i].piece, strlen(sums[i].piece));
        pf_sha256_end(&sum, text);
        CHECK_TEXT(text, sums[i].sum);
    }
}

static void the_pieces_do_not_matter(void **state)
{
    uint8_t bytes[300];
    char whole[PF_SHA256_TEXT], parts[PF_SHA256_TEXT];
    struct pf_sha256 sum;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    pf_sha256_begin(&sum);
    pf_sha256_add(&sum, bytes, sizeof bytes);
    pf_sha256_end(&sum, whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        pf_sha256_begin(&sum);
        pf_sha256_add(&sum, bytes, cut);
        pf_sha256_add(&sum, bytes + cut, sizeof bytes - cut);
        pf_sha256_end(&sum, parts);
        CHECK_TEXT(parts, whole);
    }
}

static void files_are_summed(void **state)
{
    struct pf_context *ctx = pf_context_new();
    char text[PF_SHA256_TEXT];
    struct pf_error err;
    int64_t size;
    FILE *file = fopen("test_sha256.tmp", "wb");

    (void)state;
    CHECK(ctx != NULL && file != NULL && fputs("abc", file) >= 0 && fclose(file) == 0);
    CHECK_OK(pf_sha256_file(ctx, "test_sha256.tmp", text, &size, &err), err);
    CHECK_TEXT(text, sums[1].sum);
    CHECK_INT(size, 3);
    CHECK_INT(pf_sha256_file(ctx, "test_sha256.gone", text, &size, &err), PF_IO);
    CHECK_HAS(err.message, "test_sha256.gone");
    atomic_store(&ctx->memory.fail_at, 0);
    CHECK_INT(pf_sha256_file(ctx, "test_sha256.tmp", text, &size, &err), PF_NO_MEMORY);
    atomic_store(&ctx->memory.fail_at, -1);
    pf_context_cancel(ctx);
    CHECK_INT(pf_sha256_file(ctx, "test_sha256.tmp", text, &size, &err), PF_CANCELLED);
    CHECK_INT(remove("test_sha256.tmp"), 0);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_the_standard),
        cmocka_unit_test(the_pieces_do_not_matter),
        cmocka_unit_test(files_are_summed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
