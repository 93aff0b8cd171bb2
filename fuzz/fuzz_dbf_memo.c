/* A memo file: the first byte says of which kind, ten bytes are the field of a record, the rest is the file. Held to: no memo is longer
 * than the file; what cannot be read is told apart from what is empty; nothing stays allocated. */
#include <stdlib.h>

#include "formats/dbf/dbf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELD = 10, BLOCKS = 32, MEMORY = 96 << 20 };

static void read_memo(const struct dbf_memo *memo, struct dbf_memo_place place, struct pf_buffer *to)
{
    struct pf_error err;

    pf_error_clear(&err);
    if (dbf_memo_read(memo, place, to, &err) == DBF_FAILED)
        abort();
    if ((int64_t)to->size > memo->size)
        abort();
}

static void read_all(const struct dbf_memo *memo, const uint8_t *field, struct pf_context *ctx)
{
    struct dbf_memo_place place;
    struct pf_buffer text;

    pf_buffer_init(&text, &ctx->memory, SIZE_MAX);
    if (dbf_memo_locate(memo, field, FIELD, &place) == DBF_FOUND)
        read_memo(memo, place, &text);
    if (dbf_memo_locate(memo, field, 4, &place) == DBF_FOUND)
        read_memo(memo, place, &text);
    for (uint32_t block = 0; block < BLOCKS; block++)
        read_memo(memo, (struct dbf_memo_place){ block, field[0] }, &text);
    pf_buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dbf_memo_kind kinds[] = { DBF_MEMO_DBT_3, DBF_MEMO_DBT_4, DBF_MEMO_FPT, DBF_MEMO_SMT };
    struct pf_context *ctx = pf_context_new();
    struct dbf_memo memo = { .kind = DBF_MEMO_NONE };
    struct pf_source *src;
    struct pf_error err;

    if (ctx == NULL)
        abort();
    /* a memo file may be compressed, and its frame may ask for a window of 2 GiB, which the budget decides about */
    ctx->memory.limit = MEMORY;
    if (size > FIELD + 1 && pf_source_memory(ctx, data + FIELD + 1, size - FIELD - 1, "memo", &src, &err) == PF_OK) {
        if (dbf_memo_begin(&memo, src, kinds[data[0] % PF_COUNT(kinds)], &err) == PF_OK)
            read_all(&memo, data + 1, ctx);
        dbf_memo_close(&memo);
    }
    if (atomic_load(&ctx->memory.in_use) != 0)
        abort();
    pf_context_free(ctx);
    return 0;
}
