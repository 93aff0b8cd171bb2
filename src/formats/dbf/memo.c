/* The file beside the table that holds long texts and binaries.
 *
 *   .dbt of dBase III   blocks of 512 bytes; a text ends with 1A
 *   .dbt of dBase IV    block size in the header; a memo begins with FF FF 08 00 and its length, these 8 bytes included
 *   .fpt of FoxPro      block size in the header, highest byte first; a memo begins with its kind and its length, likewise
 *   .smt of HiPer-Six   block size in the header; kind and length are in the record, the block is all memo */
#include <stdio.h>
#include <string.h>

#include "formats/dbf/dbf.h"
#include "storage/scheme.h"

enum { BLOCK_3 = 512, HEAD_SIZE = 24, MEMO_HEAD = 8, END_OF_TEXT = 0x1A, PIECE = 4096, SMT_FIELD = 10 };

static uint32_t low_first(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t high_first(const uint8_t *at)
{
    return at[3] | (uint32_t)at[2] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[0] << 24;
}

/* ---- finding it */

struct search {
    const char *stem;
    size_t stem_size;
    const char *const *suffixes;
    char *name; /* in the arena: the best so far */
    size_t rank;
    struct pf_arena *arena;
    bool failed;
};

static bool same_letters(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const char x = a[i] >= 'A' && a[i] <= 'Z' ? (char)(a[i] | 0x20) : a[i];
        const char y = b[i] >= 'A' && b[i] <= 'Z' ? (char)(b[i] | 0x20) : b[i];

        if (x != y || x == '\0')
            return x == y;
    }
    return true;
}

/* Ranked by the suffixes' order; of two that differ in case, the one that is written as the table is comes first. */
static void look_at(struct search *search, const char *name)
{
    const size_t size = strlen(name);

    if (size <= search->stem_size + 1 || name[search->stem_size] != '.' || !same_letters(name, search->stem, search->stem_size))
        return;
    for (size_t i = 0; search->suffixes[i] != NULL; i++) {
        const size_t rank = i * 2 + (memcmp(name, search->stem, search->stem_size) != 0);

        if (!pf_same_word(name + search->stem_size + 1, search->suffixes[i]) || (search->name != NULL && rank >= search->rank))
            continue;
        search->name = pf_arena_copy(search->arena, name, size);
        search->rank = rank;
        search->failed = search->failed || search->name == NULL;
    }
}

/* Whether the table was read from a place that has neighbours. */
static bool has_place(const struct pf_source *src)
{
    const struct pf_source_stat *stat = pf_source_stat_of(src);

    return stat->regular && (stat->inode != 0 || stat->device != 0) && strcmp(pf_source_name(src), "-") != 0;
}

/* The part of a location that names the file, and the length of its name without the suffix. */
static const char *name_of(const char *location, size_t *stem)
{
    const char *slash = strrchr(location, '/');
    const char *name = slash != NULL ? slash + 1 : location, *dot = strrchr(name, '.');

    *stem = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    return name;
}

/* Of a compressed table its suffix is before that of the compression. */
const char *dbf_stem(const struct pf_source *src, size_t *stem)
{
    const char *name = name_of(pf_location_path(pf_source_name(src)), stem);
    const bool member = pf_source_member(src)[0] != '\0';

    if (pf_source_compression(src)[0] != '\0' && !member && *stem > 4 && name[*stem] == '.' &&
        same_letters(name + *stem - 4, ".dbf", 4))
        *stem -= 4;
    return name;
}

static enum pf_status take_entry(void *user, const char *location, const struct pf_location *what, struct pf_error *err)
{
    struct search *search = user;
    size_t ignored;

    if (!what->directory)
        look_at(search, name_of(location, &ignored));
    return search->failed ? pf_fail_memory(err, search->stem_size) : PF_OK;
}

/* A folder that cannot be listed is one without the file. */
static enum pf_status list_folder(struct pf_context *ctx, const char *location, size_t folder, struct search *search,
                                  struct pf_error *err)
{
    const size_t size = folder > 1 ? folder - 1 : folder;
    char *text = pf_copy_text(&ctx->memory, location, size);
    struct pf_error ignored;
    enum pf_status status;

    if (text == NULL)
        return pf_fail_memory(err, size);
    pf_error_clear(&ignored);
    status = pf_location_list(ctx, text, take_entry, search, &ignored);
    pf_free(&ctx->memory, text);
    if (status == PF_NO_MEMORY || status == PF_CANCELLED) {
        *err = ignored;
        return status;
    }
    return PF_OK;
}

enum pf_status dbf_neighbour(struct pf_context *ctx, const struct pf_source *src, struct pf_arena *arena, const char *stem,
                             size_t stem_size, const char *const *suffixes, const char **path, struct pf_error *err)
{
    const char *location = pf_location_path(pf_source_name(src));
    struct search search = { .suffixes = suffixes, .arena = arena, .stem = stem, .stem_size = stem_size };
    size_t folder, size, ignored;
    char *whole;

    *path = NULL;
    if (!has_place(src))
        return PF_OK;
    folder = (size_t)(name_of(location, &ignored) - location);
    if (list_folder(ctx, location, folder, &search, err) != PF_OK)
        return err->status;
    if (search.name == NULL)
        return PF_OK;
    size = strlen(search.name);
    whole = pf_arena_alloc(arena, folder + size + 1);
    if (whole == NULL)
        return pf_fail_memory(err, folder + size);
    memcpy(whole, location, folder);
    memcpy(whole + folder, search.name, size + 1);
    *path = whole;
    return PF_OK;
}

enum pf_status dbf_sibling(struct pf_context *ctx, const struct pf_source *src, struct pf_arena *arena,
                           const char *const *suffixes, const char **path, struct pf_error *err)
{
    size_t size;
    const char *stem = dbf_stem(src, &size);

    return dbf_neighbour(ctx, src, arena, stem, size, suffixes, path, err);
}

/* ---- opening */

static uint32_t block_size(enum dbf_memo_kind kind, const uint8_t *head)
{
    uint32_t size = BLOCK_3;

    if (kind == DBF_MEMO_DBT_4)
        size = head[20] | (uint32_t)head[21] << 8;
    else if (kind == DBF_MEMO_FPT)
        size = high_first(head + 4) & 0xFFFF;
    else if (kind == DBF_MEMO_SMT)
        size = low_first(head + 4);
    if (size == 0)
        size = kind == DBF_MEMO_FPT ? 1 : BLOCK_3;
    return size;
}

enum pf_status dbf_memo_begin(struct dbf_memo *memo, struct pf_source *src, enum dbf_memo_kind kind, struct pf_error *err)
{
    uint8_t head[HEAD_SIZE] = { 0 };

    memo->src = src;
    if (pf_source_unpack(src, err) != PF_OK)
        return err->status;
    memo->size = pf_source_size(src);
    if (memo->size > 0 &&
        pf_source_read_at(src, 0, head, memo->size < HEAD_SIZE ? (size_t)memo->size : HEAD_SIZE, err) != PF_OK)
        return err->status;
    memo->kind = kind;
    memo->block = block_size(kind, head);
    return PF_OK;
}

static bool has_memos(const struct dbf_header *header)
{
    for (uint32_t i = 0; i < header->field_count; i++) {
        if (header->fields[i].way == DBF_MEMO_TEXT || header->fields[i].way == DBF_MEMO_BYTES)
            return true;
    }
    return false;
}

/* Of a .dbt the table's version tells which it is; where it does not, a block size in the memo file's header does. */
static enum dbf_memo_kind kind_of(const char *path, const struct dbf_header *header)
{
    const char *suffix = strrchr(path, '.') + 1;

    if (pf_same_word(suffix, "fpt"))
        return DBF_MEMO_FPT;
    if (pf_same_word(suffix, "smt"))
        return DBF_MEMO_SMT;
    return header->version == 0x83 || header->version == 0x87 || header->version == 0x03 ? DBF_MEMO_DBT_3 : DBF_MEMO_DBT_4;
}

enum pf_status dbf_memo_open(struct dbf_memo *memo, struct pf_context *ctx, const struct pf_source *src,
                             const struct dbf_header *header, struct pf_arena *arena, struct pf_error *err)
{
    static const char *const fox[] = { "fpt", "dbt", "smt", NULL }, *const six[] = { "smt", "fpt", "dbt", NULL },
                             *const base[] = { "dbt", "fpt", "smt", NULL };
    const bool is_fox = dbf_is_visual(header) || header->version == 0xF5 || header->version == 0xFB;
    const char *const *suffixes = is_fox ? fox : header->version == 0xE5 ? six : base;
    struct pf_source *found;
    const char *path, *name;
    size_t stem;

    memset(memo, 0, sizeof *memo);
    if (!has_memos(header))
        return PF_OK;
    name = dbf_stem(src, &stem);
    (void)snprintf(memo->looked_for, sizeof memo->looked_for, "%.*s.%s", stem < 240 ? (int)stem : 240, name, suffixes[0]);
    if (dbf_sibling(ctx, src, arena, suffixes, &path, err) != PF_OK)
        return err->status;
    if (path == NULL)
        return PF_OK;
    if (pf_source_open(ctx, path, false, &found, err) != PF_OK)
        return err->status;
    return dbf_memo_begin(memo, found, kind_of(path, header), err);
}

void dbf_memo_close(struct dbf_memo *memo)
{
    pf_source_close(memo->src);
    memo->src = NULL;
    memo->kind = DBF_MEMO_NONE;
}

/* ---- reading */

enum dbf_found dbf_memo_locate(const struct dbf_memo *memo, const uint8_t *stored, uint32_t size, struct dbf_memo_place *place)
{
    int64_t number = 0;
    enum dbf_value value;

    *place = (struct dbf_memo_place){ 0, 0 };
    if (memo->kind == DBF_MEMO_SMT && size == SMT_FIELD) {
        if (dbf_text_size(stored, size) == 0)
            return DBF_EMPTY;
        place->length = low_first(stored + 2);
        place->block = low_first(stored + 6);
        return place->block != 0 ? DBF_FOUND : DBF_EMPTY;
    }
    if (size == 4) {
        place->block = low_first(stored);
        return place->block == 0 || place->block == UINT32_C(0x20202020) ? DBF_EMPTY : DBF_FOUND;
    }
    value = dbf_read_int64(stored, size, &number);
    if (value == DBF_BAD || number < 0 || number > UINT32_MAX)
        return DBF_DAMAGED;
    place->block = (uint32_t)number;
    return value == DBF_NOTHING || number == 0 ? DBF_EMPTY : DBF_FOUND;
}

static enum dbf_found fail_memory(size_t size, struct pf_error *err)
{
    pf_fail_memory(err, size);
    return DBF_FAILED;
}

static enum dbf_found read_range(const struct dbf_memo *memo, int64_t at, uint64_t length, struct pf_buffer *to,
                                 struct pf_error *err)
{
    if (at > memo->size || length > (uint64_t)(memo->size - at) || length > DBF_MEMO_CEILING)
        return DBF_DAMAGED;
    if (!pf_buffer_reserve(to, (size_t)length + 1))
        return fail_memory((size_t)length, err);
    if (pf_source_read_at(memo->src, at, to->data, (size_t)length, err) != PF_OK)
        return DBF_FAILED;
    to->size = (size_t)length;
    return DBF_FOUND;
}

/* Up to the mark of the end, or the end of the file. */
static enum dbf_found read_marked(const struct dbf_memo *memo, int64_t at, struct pf_buffer *to, struct pf_error *err)
{
    while (at < memo->size && to->size < DBF_MEMO_CEILING) {
        const size_t piece = memo->size - at < PIECE ? (size_t)(memo->size - at) : PIECE;
        const uint8_t *mark;

        if (!pf_buffer_reserve(to, piece))
            return fail_memory(piece, err);
        if (pf_source_read_at(memo->src, at, to->data + to->size, piece, err) != PF_OK)
            return DBF_FAILED;
        mark = memchr(to->data + to->size, END_OF_TEXT, piece);
        if (mark != NULL) {
            to->size = (size_t)(mark - to->data);
            return DBF_FOUND;
        }
        to->size += piece;
        at += (int64_t)piece;
    }
    return at < memo->size ? DBF_DAMAGED : DBF_FOUND;
}

static enum dbf_found read_headed(const struct dbf_memo *memo, int64_t at, struct pf_buffer *to, struct pf_error *err)
{
    static const uint8_t mark[] = { 0xFF, 0xFF, 0x08, 0x00 };
    uint8_t head[MEMO_HEAD];
    uint32_t length;

    if (at + MEMO_HEAD > memo->size)
        return DBF_DAMAGED;
    if (pf_source_read_at(memo->src, at, head, sizeof head, err) != PF_OK)
        return DBF_FAILED;
    if (memo->kind == DBF_MEMO_FPT)
        return read_range(memo, at + MEMO_HEAD, high_first(head + 4), to, err);
    if (memcmp(head, mark, sizeof mark) != 0) /* as dBase III wrote it */
        return read_marked(memo, at, to, err);
    length = low_first(head + 4);
    return length < MEMO_HEAD ? DBF_DAMAGED : read_range(memo, at + MEMO_HEAD, length - MEMO_HEAD, to, err);
}

enum dbf_found dbf_memo_read(const struct dbf_memo *memo, struct dbf_memo_place place, struct pf_buffer *to,
                             struct pf_error *err)
{
    int64_t at;

    pf_buffer_clear(to);
    if (memo->kind == DBF_MEMO_NONE)
        return DBF_EMPTY;
    if (place.block > memo->size / memo->block)
        return DBF_DAMAGED;
    at = (int64_t)place.block * memo->block;
    if (at >= memo->size)
        return DBF_DAMAGED;
    if (memo->kind == DBF_MEMO_SMT)
        return read_range(memo, at, place.length, to, err);
    return memo->kind == DBF_MEMO_DBT_3 ? read_marked(memo, at, to, err) : read_headed(memo, at, to, err);
}
