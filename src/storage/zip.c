/* The directory of a zip archive. What it says is believed before what stands in front of the entries, and nothing that it says is
 * believed before it was compared with the size of the archive. */
#include "storage/zip.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "storage/zip_bytes.h"

const struct pf_zip_limits pf_zip_usual_limits = {
    .entries = 1u << 20, .directory = (int64_t)256 << 20, .expansion = 2000, .expansion_from = (int64_t)64 << 20
};

enum {
    LOCATOR_SIZE = 20,
    WIDE_END_SIZE = 56,
    COMMENT_CEILING = 65535,
    TAIL = ZIP_END_SIZE + COMMENT_CEILING,
    /* Deflate gives at most 1032 bytes for one; a few more bytes are the smallest stream that there is. */
    MOST_EXPANSION = 1032
};

struct pf_zip {
    struct pf_zip_head head;
    struct pf_arena arena; /* names */
    struct pf_zip_entry *entries;
    int64_t *ends;         /* per entry */
    uint32_t *by_name;     /* entries in the order of their names: see compare_names */
    uint32_t *last_of_kin; /* per place in by_name that begins a run of kin: the last of the run's entries in the directory */
    uint32_t count;
};

/* What the records at the end tell. */
struct ending {
    int64_t at;       /* of the first of these records: the directory ends there, or before */
    uint64_t entries; /* in the directory */
    uint64_t size, offset;
};

const struct pf_zip_head *pf_zip_head_of(const struct pf_zip *zip)
{
    return &zip->head;
}

uint32_t pf_zip_count(const struct pf_zip *zip)
{
    return zip->count;
}

const struct pf_zip_entry *pf_zip_entry_at(const struct pf_zip *zip, uint32_t index)
{
    return &zip->entries[index];
}

int64_t pf_zip_entry_end(const struct pf_zip *zip, const struct pf_zip_entry *entry)
{
    return zip->ends[entry - zip->entries];
}

bool pf_zip_is_like(const uint8_t *head, size_t size)
{
    return size >= 4 && (zip_load32(head) == ZIP_LOCAL || (size >= ZIP_END_SIZE && zip_load32(head) == ZIP_END));
}

static enum pf_status fail_damaged(const struct pf_zip *zip, int64_t offset, const char *found, struct pf_error *err)
{
    pf_fail(err, PF_BAD_DATA, "the zip archive is damaged: %s", found);
    pf_remedy(err, "fetch the file again, or test it with unzip -t");
    err->offset = offset;
    pf_error_source(err, pf_source_name(zip->head.src));
    return err->status;
}

/* ---- the records at the end */

/* The last place in the tail where an end record can be; one whose comment ends with the archive is preferred. -1 = none. */
static int64_t find_end(const uint8_t *tail, size_t size)
{
    int64_t loose = -1;

    for (int64_t at = (int64_t)size - ZIP_END_SIZE; at >= 0; at--) {
        size_t ends;

        if (tail[at] != 'P' || zip_load32(tail + at) != ZIP_END)
            continue;
        ends = (size_t)at + ZIP_END_SIZE + zip_load16(tail + at + 20);
        if (ends == size)
            return at;
        if (ends < size && loose < 0)
            loose = at;
    }
    return loose;
}

/* The record of zip64, when a locator stands before the end record. */
static enum pf_status read_wide(const struct pf_zip *zip, struct ending *ending, struct pf_error *err)
{
    uint8_t locator[LOCATOR_SIZE], record[WIDE_END_SIZE];
    int64_t end_at = ending->at, at;

    if (end_at < LOCATOR_SIZE)
        return PF_OK;
    if (pf_source_read_at(zip->head.src, end_at - LOCATOR_SIZE, locator, sizeof locator, err) != PF_OK)
        return err->status;
    if (zip_load32(locator) != ZIP_LOCATOR)
        return PF_OK;
    /* With data before the first entry, the place that the locator names is too small: then the record is the one right before. */
    for (int attempt = 0; attempt < 2; attempt++) {
        uint64_t named = attempt == 0 ? zip_load64(locator + 8) : (uint64_t)(end_at - LOCATOR_SIZE - WIDE_END_SIZE);

        if (end_at < LOCATOR_SIZE + WIDE_END_SIZE || named > (uint64_t)(end_at - LOCATOR_SIZE - WIDE_END_SIZE))
            continue;
        at = (int64_t)named;
        if (pf_source_read_at(zip->head.src, at, record, sizeof record, err) != PF_OK)
            return err->status;
        if (zip_load32(record) != ZIP_WIDE_END)
            continue;
        if (zip_load32(record + 16) != 0 || zip_load32(record + 20) != 0 || zip_load64(record + 24) != zip_load64(record + 32))
            return fail_damaged(zip, at, "it is one part of an archive of several", err);
        *ending = (struct ending){ at, zip_load64(record + 32), zip_load64(record + 40), zip_load64(record + 48) };
        return PF_OK;
    }
    return fail_damaged(zip, end_at - LOCATOR_SIZE, "its zip64 end record is not where it should be", err);
}

static enum pf_status read_ending(const struct pf_zip *zip, int64_t size, struct ending *ending, struct pf_error *err)
{
    size_t tail_size = size < TAIL ? (size_t)size : TAIL;
    int64_t at, tail_at = size - (int64_t)tail_size;
    struct pf_memory *memory = &zip->head.ctx->memory;
    uint8_t *tail = pf_alloc(memory, tail_size), record[ZIP_END_SIZE];
    bool wide;

    if (tail == NULL)
        return pf_fail_memory(err, tail_size);
    if (pf_source_read_at(zip->head.src, tail_at, tail, tail_size, err) != PF_OK) {
        pf_free(memory, tail);
        return err->status;
    }
    at = find_end(tail, tail_size);
    if (at >= 0)
        memcpy(record, tail + at, sizeof record);
    pf_free(memory, tail);
    if (at < 0) {
        pf_fail(err, PF_BAD_DATA, "the zip archive has no directory at its end: it was cut short, or it is no zip archive");
        pf_remedy(err, "fetch the file again, or test it with unzip -t");
        pf_error_source(err, pf_source_name(zip->head.src));
        return err->status;
    }
    *ending = (struct ending){ tail_at + at, zip_load16(record + 10), zip_load32(record + 12), zip_load32(record + 16) };
    wide = ending->entries == UINT16_MAX || ending->size == UINT32_MAX || ending->offset == UINT32_MAX;
    if (wide && read_wide(zip, ending, err) != PF_OK)
        return err->status;
    if (!wide && (zip_load16(record + 4) != 0 || zip_load16(record + 6) != 0 || zip_load16(record + 8) != ending->entries))
        return fail_damaged(zip, ending->at, "it is one part of an archive of several", err);
    return PF_OK;
}

/* ---- the directory */

static enum pf_status has_signature(const struct pf_zip *zip, int64_t at, uint32_t signature, bool *has, struct pf_error *err)
{
    uint8_t bytes[4];

    if (pf_source_read_at(zip->head.src, at, bytes, sizeof bytes, err) != PF_OK)
        return err->status;
    *has = zip_load32(bytes) == signature;
    return PF_OK;
}

/* Where the directory begins, and how many bytes stand before the archive: all places in it are too small by them. Usually the
 * directory ends where the records at the end begin; between them may be a signature. */
static enum pf_status find_directory(const struct pf_zip *zip, const struct ending *ending, int64_t *at, int64_t *before,
                                     struct pf_error *err)
{
    uint64_t room = (uint64_t)ending->at;
    bool has = false;

    *at = *before = 0;
    if (ending->size > room || ending->offset > room - ending->size)
        return fail_damaged(zip, ending->at, "its directory would begin before the archive", err);
    *at = (int64_t)(room - ending->size);
    *before = *at - (int64_t)ending->offset;
    if (ending->entries == 0 || *before == 0)
        return PF_OK;
    if (ending->size >= 4 && has_signature(zip, *at, ZIP_CENTRAL, &has, err) != PF_OK)
        return err->status;
    if (!has) {
        *at = (int64_t)ending->offset;
        *before = 0;
    }
    return PF_OK;
}

static enum pf_status check_limits(const struct pf_zip *zip, const struct ending *ending, struct pf_error *err)
{
    if (ending->entries > zip->head.limits.entries || ending->size > (uint64_t)zip->head.limits.directory) {
        pf_fail(err, PF_LIMIT, "the zip archive has a directory of %llu entries in %llu bytes; at most %lu in %lld are read",
                (unsigned long long)ending->entries, (unsigned long long)ending->size, (unsigned long)zip->head.limits.entries,
                (long long)zip->head.limits.directory);
        pf_error_source(err, pf_source_name(zip->head.src));
        return err->status;
    }
    if (ending->entries > ending->size / ZIP_CENTRAL_SIZE)
        return fail_damaged(zip, ending->at, "its directory is too small for the entries it is said to have", err);
    return PF_OK;
}

/* The name as UTF-8. A flag says whether it is that or of code page 437; but many writers put UTF-8 there and do not say so. */
static enum pf_status set_name(struct pf_zip *zip, struct pf_zip_entry *entry, const uint8_t *name, size_t size,
                               struct pf_error *err)
{
    struct pf_decoder *decoder;
    struct pf_buffer text;
    enum pf_status status;

    if (pf_utf8_valid(name, size, 0) == size) {
        entry->name = pf_arena_copy(&zip->arena, (const char *)name, size);
        entry->name_size = (uint32_t)size;
        return entry->name != NULL ? PF_OK : pf_fail_memory(err, size);
    }
    if (pf_decoder_new(&decoder, &zip->head.ctx->memory, "cp437", err) != PF_OK)
        return err->status;
    pf_buffer_init(&text, &zip->head.ctx->memory, SIZE_MAX);
    status = pf_decoder_feed(decoder, name, size, true, &text, err);
    if (status == PF_OK) {
        entry->name = pf_arena_copy(&zip->arena, (const char *)text.data, text.size);
        entry->name_size = (uint32_t)text.size;
        status = entry->name != NULL ? PF_OK : pf_fail_memory(err, text.size);
    }
    pf_buffer_free(&text);
    pf_decoder_free(decoder);
    return status;
}

/* Takes the sizes and the place that do not fit 32 bits from the extra field of zip64. false = it does not have them. */
static bool take_wide(const uint8_t *extra, size_t size, uint64_t *plain, uint64_t *stored, uint64_t *at)
{
    uint64_t *const fields[] = { plain, stored, at };
    size_t part = 0;

    for (; size >= 4; extra += 4 + part, size -= 4 + part) {
        part = zip_load16(extra + 2);
        if (part > size - 4)
            break;
        if (zip_load16(extra) != ZIP_EXTRA_WIDE)
            continue;
        for (size_t i = 0, used = 4; i < PF_COUNT(fields); i++) {
            if (*fields[i] != UINT32_MAX)
                continue;
            if (used + 8 > 4 + part)
                return false;
            *fields[i] = zip_load64(extra + used);
            used += 8;
        }
        return true;
    }
    /* Sizes that happen to be 2^32 - 1 need no such field. */
    return true;
}

/* Whether the sizes can be true. directory_at: where the entries end. */
static const char *find_lie(const struct pf_zip_entry *entry, uint64_t plain, uint64_t stored, uint64_t at, int64_t before,
                            int64_t directory_at)
{
    uint64_t room = (uint64_t)(directory_at - before);

    if (at > room || room - at < ZIP_LOCAL_SIZE || stored > room - at - ZIP_LOCAL_SIZE)
        return "an entry would lie beyond its directory";
    if (plain > INT64_MAX)
        return "an entry has an impossible size";
    if (entry->method == ZIP_STORED && !entry->encrypted && plain != stored)
        return "an entry that is not compressed has two sizes";
    if (entry->method == ZIP_DEFLATED && plain / MOST_EXPANSION > stored)
        return "an entry says it is larger than its compressed bytes can be";
    return NULL;
}

/* One record of the directory; *used = its bytes. */
static enum pf_status take_entry(struct pf_zip *zip, const uint8_t *record, size_t size, int64_t record_at, int64_t before,
                                 int64_t directory_at, size_t *used, struct pf_error *err)
{
    struct pf_zip_entry *entry = &zip->entries[zip->count];
    size_t name_size, extra_size;
    uint64_t plain, stored, at;
    const char *lie;
    uint16_t flags;

    if (size < ZIP_CENTRAL_SIZE || zip_load32(record) != ZIP_CENTRAL)
        return fail_damaged(zip, record_at, "its directory has something else in place of an entry", err);
    name_size = zip_load16(record + 28);
    extra_size = zip_load16(record + 30);
    *used = ZIP_CENTRAL_SIZE + name_size + extra_size + zip_load16(record + 32);
    if (*used > size)
        return fail_damaged(zip, record_at, "an entry of its directory is cut off", err);
    if (memchr(record + ZIP_CENTRAL_SIZE, 0, name_size) != NULL)
        return fail_damaged(zip, record_at, "the name of an entry has a zero byte in it", err);
    flags = zip_load16(record + 8);
    entry->method = zip_load16(record + 10);
    entry->encrypted = (flags & (ZIP_FLAG_ENCRYPTED | ZIP_FLAG_MASKED)) != 0;
    entry->crc = zip_load32(record + 16);
    stored = zip_load32(record + 20);
    plain = zip_load32(record + 24);
    at = zip_load32(record + 42);
    if (!take_wide(record + ZIP_CENTRAL_SIZE + name_size, extra_size, &plain, &stored, &at))
        return fail_damaged(zip, record_at, "an entry does not have the zip64 sizes that it says it has", err);
    lie = find_lie(entry, plain, stored, at, before, directory_at);
    if (lie != NULL)
        return fail_damaged(zip, record_at, lie, err);
    entry->stored = (int64_t)stored;
    entry->size = (int64_t)plain;
    entry->header_at = (int64_t)at + before;
    zip->count++;
    return set_name(zip, entry, record + ZIP_CENTRAL_SIZE, name_size, err);
}

static enum pf_status take_entries(struct pf_zip *zip, const struct ending *ending, const uint8_t *directory, int64_t at,
                                   int64_t before, struct pf_error *err)
{
    size_t size = (size_t)ending->size, place = 0, used = 0;

    for (; zip->count < ending->entries; place += used) {
        if (take_entry(zip, directory + place, size - place, at + (int64_t)place, before, at, &used, err) != PF_OK)
            return err->status;
    }
    if (size - place >= 4 && zip_load32(directory + place) == ZIP_CENTRAL)
        return fail_damaged(zip, at + (int64_t)place, "its directory has more entries than its end record says", err);
    return PF_OK;
}

/* ---- entries do not overlap: the same bytes read again and again are how small archives become huge ones */

struct extent {
    int64_t at;
    uint32_t entry;
};

static int by_place(const void *a, const void *b)
{
    const struct extent *one = a, *other = b;

    return (one->at > other->at) - (one->at < other->at);
}

static enum pf_status set_ends(struct pf_zip *zip, int64_t directory_at, struct pf_error *err)
{
    struct pf_memory *memory = &zip->head.ctx->memory;
    struct extent *extents = pf_alloc_zero(memory, (size_t)zip->count + 1, sizeof *extents);
    enum pf_status status = PF_OK;

    if (extents == NULL)
        return pf_fail_memory(err, zip->count * sizeof *extents);
    for (uint32_t i = 0; i < zip->count; i++)
        extents[i] = (struct extent){ zip->entries[i].header_at, i };
    if (zip->count > 1)
        qsort(extents, zip->count, sizeof *extents, by_place);
    extents[zip->count].at = directory_at;
    for (uint32_t i = 0; status == PF_OK && i < zip->count; i++) {
        const struct pf_zip_entry *entry = &zip->entries[extents[i].entry];

        zip->ends[extents[i].entry] = extents[i + 1].at;
        if (entry->header_at + ZIP_LOCAL_SIZE + entry->stored > extents[i + 1].at)
            status = fail_damaged(zip, entry->header_at, "its entries overlap", err);
    }
    pf_free(memory, extents);
    return status;
}

/* ---- names: an index, as a hostile archive has a million entries and asks for each of them */

static uint8_t fold(char letter)
{
    return (uint8_t)(letter == '\\' ? '/' : letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter);
}

static const char *without_slash(const char *name, size_t *size)
{
    const bool slash = *size != 0 && fold(*name) == '/';

    *size -= slash;
    return name + slash;
}

/* Kin are names that differ at most in the case of ASCII letters, in the kind of their slashes and in one in front. */
static int compare_kin(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t size;

    a = without_slash(a, &a_size);
    b = without_slash(b, &b_size);
    size = a_size < b_size ? a_size : b_size;
    for (size_t i = 0; i < size; i++) {
        const int order = fold(a[i]) - fold(b[i]);

        if (order != 0)
            return order;
    }
    return (a_size > b_size) - (a_size < b_size);
}

bool pf_zip_same_name(const char *a, const char *b)
{
    return compare_kin(a, strlen(a), b, strlen(b)) == 0;
}

static int compare_exactly(const char *a, size_t a_size, const char *b, size_t b_size)
{
    const int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

struct named {
    const struct pf_zip_entry *entry;
    uint32_t index;
};

/* Kin together, the same names in the order of the directory. */
static int compare_names(const void *a, const void *b)
{
    const struct named *one = a, *other = b;
    int order = compare_kin(one->entry->name, one->entry->name_size, other->entry->name, other->entry->name_size);

    if (order == 0)
        order = compare_exactly(one->entry->name, one->entry->name_size, other->entry->name, other->entry->name_size);
    return order != 0 ? order : (one->index > other->index) - (one->index < other->index);
}

static bool are_kin(const struct pf_zip_entry *a, const struct pf_zip_entry *b)
{
    return compare_kin(a->name, a->name_size, b->name, b->name_size) == 0;
}

static enum pf_status index_names(struct pf_zip *zip, struct pf_error *err)
{
    struct pf_memory *memory = &zip->head.ctx->memory;
    struct named *list = pf_alloc_zero(memory, (size_t)zip->count + 1, sizeof *list);
    uint32_t first = 0;

    zip->by_name = pf_alloc_zero(memory, (size_t)zip->count + 1, sizeof *zip->by_name);
    zip->last_of_kin = pf_alloc_zero(memory, (size_t)zip->count + 1, sizeof *zip->last_of_kin);
    if (list == NULL || zip->by_name == NULL || zip->last_of_kin == NULL) {
        pf_free(memory, list);
        return pf_fail_memory(err, zip->count * sizeof *list);
    }
    for (uint32_t i = 0; i < zip->count; i++)
        list[i] = (struct named){ &zip->entries[i], i };
    if (zip->count > 1)
        qsort(list, zip->count, sizeof *list, compare_names);
    for (uint32_t i = 0; i < zip->count; i++) {
        first = i == 0 || !are_kin(list[i].entry, list[first].entry) ? i : first;
        zip->by_name[i] = list[i].index;
        if (list[i].index > zip->last_of_kin[first])
            zip->last_of_kin[first] = list[i].index;
    }
    pf_free(memory, list);
    return PF_OK;
}

/* ---- */

static enum pf_status read_directory(struct pf_zip *zip, const struct ending *ending, struct pf_error *err)
{
    struct pf_memory *memory = &zip->head.ctx->memory;
    enum pf_status status;
    int64_t at, before;
    uint8_t *directory;

    if (check_limits(zip, ending, err) != PF_OK || find_directory(zip, ending, &at, &before, err) != PF_OK)
        return err->status;
    zip->entries = pf_alloc_zero(memory, (size_t)ending->entries + 1, sizeof *zip->entries);
    zip->ends = pf_alloc_zero(memory, (size_t)ending->entries + 1, sizeof *zip->ends);
    directory = pf_alloc(memory, (size_t)ending->size);
    if (zip->entries == NULL || zip->ends == NULL || directory == NULL)
        status = pf_fail_memory(err, (size_t)ending->size);
    else
        status = pf_source_read_at(zip->head.src, at, directory, (size_t)ending->size, err);
    if (status == PF_OK)
        status = take_entries(zip, ending, directory, at, before, err);
    pf_free(memory, directory);
    if (status == PF_OK)
        status = set_ends(zip, at, err);
    return status == PF_OK ? index_names(zip, err) : status;
}

enum pf_status pf_zip_open(struct pf_context *ctx, const struct pf_source *src, const struct pf_zip_limits *limits,
                           struct pf_zip **out, struct pf_error *err)
{
    struct pf_zip *zip = pf_alloc_zero(&ctx->memory, 1, sizeof *zip);
    int64_t size = pf_source_size(src);
    struct ending ending = { 0 };
    enum pf_status status;

    *out = NULL;
    if (zip == NULL)
        return pf_fail_memory(err, sizeof *zip);
    zip->head.ctx = ctx;
    zip->head.src = src;
    zip->head.limits = *limits;
    pf_arena_init(&zip->arena, &ctx->memory, SIZE_MAX);
    status = size < ZIP_END_SIZE ? fail_damaged(zip, 0, "it is too short", err) : read_ending(zip, size, &ending, err);
    if (status == PF_OK)
        status = read_directory(zip, &ending, err);
    if (status == PF_OK)
        *out = zip;
    else
        pf_zip_close(zip);
    return status;
}

void pf_zip_close(struct pf_zip *zip)
{
    struct pf_memory *memory;

    if (zip == NULL)
        return;
    memory = &zip->head.ctx->memory;
    pf_arena_free(&zip->arena);
    pf_free(memory, zip->entries);
    pf_free(memory, zip->ends);
    pf_free(memory, zip->by_name);
    pf_free(memory, zip->last_of_kin);
    pf_free(memory, zip);
}

/* The first place in by_name from low on whose name does not come before name and its kin; after_exact: behind name itself. */
static uint32_t first_place(const struct pf_zip *zip, uint32_t low, const char *name, size_t size, bool after_exact)
{
    uint32_t high = zip->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const struct pf_zip_entry *entry = &zip->entries[zip->by_name[middle]];
        int order = compare_kin(entry->name, entry->name_size, name, size);

        if (order == 0 && after_exact)
            order = compare_exactly(entry->name, entry->name_size, name, size) <= 0 ? -1 : 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct pf_zip_entry *pf_zip_find(const struct pf_zip *zip, const char *name, size_t size)
{
    const uint32_t first = first_place(zip, 0, name, size, false), behind = first_place(zip, first, name, size, true);
    const struct pf_zip_entry *entry;

    if (first == zip->count)
        return NULL;
    /* Of two with one name, the later one was written to replace the other. */
    if (behind > first) {
        entry = &zip->entries[zip->by_name[behind - 1]];
        if (compare_exactly(entry->name, entry->name_size, name, size) == 0)
            return entry;
    }
    entry = &zip->entries[zip->by_name[first]];
    return compare_kin(entry->name, entry->name_size, name, size) == 0 ? &zip->entries[zip->last_of_kin[first]] : NULL;
}
