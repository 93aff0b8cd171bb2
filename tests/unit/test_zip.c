#include "support_unit.h"

#include <stdlib.h>
#include <zlib.h>

#include "storage/zip.h"
#include "storage/zip_bytes.h"

/* Archives made by Python's zipfile: two entries, a folder and a comment; an entry written without seeking, so that its sizes follow
 * it; an entry with zip64 sizes. */
static const uint8_t usual[] = {
    0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x83, 0x18, 0x22, 0x58, 0x00, 0x88, 0x59, 0x0b, 0x0b,
    0x00, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x61, 0x2e, 0x74, 0x78, 0x74, 0xcb, 0x48, 0xcd,
    0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0xb9, 0x00, 0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x83,
    0x18, 0x22, 0x58, 0x0b, 0xf9, 0x43, 0x56, 0x06, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00,
    0x62, 0x2e, 0x62, 0x69, 0x6e, 0x73, 0x74, 0x6f, 0x72, 0x65, 0x64, 0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x83, 0x18, 0x22, 0x58, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04,
    0x00, 0x00, 0x00, 0x64, 0x69, 0x72, 0x2f, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00,
    0x83, 0x18, 0x22, 0x58, 0x00, 0x88, 0x59, 0x0b, 0x0b, 0x00, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0x61, 0x2e, 0x74, 0x78,
    0x74, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x83, 0x18, 0x22, 0x58, 0x0b, 0xf9,
    0x43, 0x56, 0x06, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x80, 0x01, 0x2e, 0x00, 0x00, 0x00, 0x62, 0x2e, 0x62, 0x69, 0x6e, 0x50, 0x4b, 0x01, 0x02, 0x14,
    0x03, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x83, 0x18, 0x22, 0x58, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x57,
    0x00, 0x00, 0x00, 0x64, 0x69, 0x72, 0x2f, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x03, 0x00,
    0x98, 0x00, 0x00, 0x00, 0x79, 0x00, 0x00, 0x00, 0x09, 0x00, 0x61, 0x20, 0x63, 0x6f, 0x6d, 0x6d, 0x65, 0x6e, 0x74,
};
static const uint8_t streamed[] = {
    0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x08, 0x08, 0x08, 0x00, 0x83, 0x18, 0x22, 0x58, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0xc3, 0xa9, 0x2e, 0x63, 0x73, 0x76, 0xab, 0xd0, 0xa9, 0xe4,
    0x32, 0xd4, 0x31, 0xe2, 0x02, 0x00, 0x50, 0x4b, 0x07, 0x08, 0x23, 0xdf, 0x72, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x08, 0x00,
    0x00, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00, 0x08, 0x08, 0x08, 0x00, 0x83, 0x18, 0x22, 0x58, 0x23, 0xdf,
    0x72, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0xc3, 0xa9, 0x2e, 0x63, 0x73, 0x76, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x34, 0x00, 0x00, 0x00, 0x3e, 0x00, 0x00, 0x00, 0x00, 0x00,
};
static const uint8_t wide[] = {
    0x50, 0x4b, 0x03, 0x04, 0x2d, 0x00, 0x00, 0x00, 0x08, 0x00, 0x83, 0x18, 0x22, 0x58, 0x40, 0x41, 0x35, 0xa2,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x08, 0x00, 0x14, 0x00, 0x77, 0x69, 0x64, 0x65, 0x2e, 0x74,
    0x78, 0x74, 0x01, 0x00, 0x10, 0x00, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x2b, 0xcf, 0x4c, 0x49, 0x55, 0x28, 0x87, 0x11, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x2d,
    0x03, 0x2d, 0x00, 0x00, 0x00, 0x08, 0x00, 0x83, 0x18, 0x22, 0x58, 0x40, 0x41, 0x35, 0xa2, 0x09, 0x00, 0x00,
    0x00, 0x0e, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80,
    0x01, 0x00, 0x00, 0x00, 0x00, 0x77, 0x69, 0x64, 0x65, 0x2e, 0x74, 0x78, 0x74, 0x50, 0x4b, 0x05, 0x06, 0x00,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x36, 0x00, 0x00, 0x00, 0x43, 0x00, 0x00, 0x00, 0x00, 0x00,
};

struct place {
    struct pf_context ctx;
};

static int begin(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    if (place == NULL || !pf_memory_init(&place->ctx.memory, SIZE_MAX))
        return -1;
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;

    CHECK_INT(atomic_load(&place->ctx.memory.in_use), 0);
    pf_memory_destroy(&place->ctx.memory);
    free(place);
    return 0;
}

/* Opens bytes as an archive. The source is the caller's to close, whatever comes out. */
static enum pf_status open_bytes(struct pf_context *ctx, const uint8_t *bytes, size_t size, struct pf_source **src,
                                 struct pf_zip **zip, struct pf_error *err)
{
    CHECK_OK(pf_source_memory(ctx, bytes, size, "a.bin", src, err), *err);
    return pf_zip_open(ctx, *src, &pf_zip_usual_limits, zip, err);
}

/* What one entry holds is content. */
static void check_entry(struct pf_context *ctx, const struct pf_zip *zip, const char *name, const char *content)
{
    const struct pf_zip_entry *entry = pf_zip_find(zip, name, strlen(name));
    struct pf_error err;
    uint8_t *bytes;
    size_t size;

    if (entry == NULL)
        fail_msg("there is no entry '%s'", name);
    CHECK_INT(entry->size, strlen(content));
    CHECK_OK(pf_zip_read_all(zip, entry, 1000, &bytes, &size, &err), err);
    CHECK_INT(size, strlen(content));
    CHECK(memcmp(bytes, content, size) == 0);
    for (size_t i = 0; i < 64; i++)
        CHECK_INT(bytes[size + i], 0);
    pf_free(&ctx->memory, bytes);
}

/* The archive cannot be opened, or entry 0 cannot be read, for this reason. */
static void check_refused(struct pf_context *ctx, const uint8_t *bytes, size_t size, enum pf_status status, const char *reason)
{
    struct pf_source *src;
    struct pf_zip *zip;
    struct pf_error err;
    uint8_t *content = NULL;
    size_t got;
    enum pf_status result = open_bytes(ctx, bytes, size, &src, &zip, &err);

    if (result == PF_OK)
        result = pf_zip_read_all(zip, pf_zip_entry_at(zip, 0), 1 << 20, &content, &got, &err);
    CHECK(result != PF_OK && content == NULL);
    CHECK_HAS(err.message, reason);
    CHECK_INT(result, status);
    CHECK_TEXT(err.source, "a.bin");
    pf_zip_close(zip);
    pf_source_close(src);
}

/* ---- what others wrote */

static void test_archives_of_others(void **state)
{
    static const struct {
        const uint8_t *bytes;
        size_t size;
        uint32_t count;
        const char *name, *content;
    } cases[] = {
        { usual, sizeof usual, 3, "a.txt", "hello hello hello hello\n" },
        { usual, sizeof usual, 3, "b.bin", "stored" },
        { usual, sizeof usual, 3, "dir/", "" },
        { streamed, sizeof streamed, 1, "\xc3\xa9.csv", "x,y\n1,2\n" },
        { wide, sizeof wide, 1, "wide.txt", "wide wide wide" },
    };
    struct pf_context *ctx = &((struct place *)*state)->ctx;

    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_source *src;
        struct pf_zip *zip;
        struct pf_error err;

        CHECK(pf_zip_is_like(cases[i].bytes, cases[i].size));
        CHECK_OK(open_bytes(ctx, cases[i].bytes, cases[i].size, &src, &zip, &err), err);
        CHECK_INT(pf_zip_count(zip), cases[i].count);
        check_entry(ctx, zip, cases[i].name, cases[i].content);
        pf_zip_close(zip);
        pf_source_close(src);
    }
}

static void test_find(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    struct pf_source *src;
    struct pf_zip *zip;
    struct pf_error err;

    CHECK_OK(open_bytes(ctx, usual, sizeof usual, &src, &zip, &err), err);
    CHECK(pf_zip_find(zip, "a.txt", 5) == pf_zip_entry_at(zip, 0));
    CHECK(pf_zip_find(zip, "A.tXt", 5) == pf_zip_entry_at(zip, 0));
    CHECK(pf_zip_find(zip, "a.tx", 4) == NULL);
    CHECK(pf_zip_find(zip, "a.txz", 5) == NULL);
    pf_zip_close(zip);
    pf_source_close(src);
}

/* Bytes before the first entry (a program that unpacks itself), and after the end record. */
static void test_bytes_around(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    static const struct {
        const uint8_t *bytes;
        size_t size;
        const char *name, *content;
    } archives[] = { { usual, sizeof usual, "a.txt", "hello hello hello hello\n" },
                     { streamed, sizeof streamed, "\xc3\xa9.csv", "x,y\n1,2\n" } };
    uint8_t bytes[2000];

    for (size_t i = 0; i < PF_COUNT(archives); i++) {
        for (size_t before = 0; before < 200; before += 67) {
            for (size_t behind = 0; behind < 60; behind += 19) {
                size_t size = before + archives[i].size + behind;
                struct pf_source *src;
                struct pf_zip *zip;
                struct pf_error err;

                memset(bytes, 'x', sizeof bytes);
                memcpy(bytes + before, archives[i].bytes, archives[i].size);
                CHECK_OK(open_bytes(ctx, bytes, size, &src, &zip, &err), err);
                check_entry(ctx, zip, archives[i].name, archives[i].content);
                pf_zip_close(zip);
                pf_source_close(src);
            }
        }
    }
}

/* ---- damage */

static void test_every_prefix(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;

    for (size_t size = 0; size < sizeof streamed; size++) {
        uint8_t *copy = malloc(size + 1); /* so that reading beyond it is found */

        memcpy(copy, streamed, size);
        check_refused(ctx, copy, size, PF_BAD_DATA, "the zip archive ");
        free(copy);
    }
}

/* Reads every entry; what is read without an error is what was packed. */
static void read_changed(struct pf_context *ctx, const uint8_t *bytes, size_t size)
{
    static const char *const contents[] = { "hello hello hello hello\n", "stored", "" };
    struct pf_source *src;
    struct pf_zip *zip;
    struct pf_error err;

    if (open_bytes(ctx, bytes, size, &src, &zip, &err) == PF_OK) {
        for (uint32_t i = 0; i < pf_zip_count(zip); i++) {
            uint8_t *content;
            size_t got;

            if (pf_zip_read_all(zip, pf_zip_entry_at(zip, i), 1 << 20, &content, &got, &err) != PF_OK)
                continue;
            CHECK(i < PF_COUNT(contents) && got == strlen(contents[i]) && memcmp(content, contents[i], got) == 0);
            pf_free(&ctx->memory, content);
        }
    }
    pf_zip_close(zip);
    pf_source_close(src);
}

static void test_every_byte_changed(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    uint8_t bytes[sizeof usual];

    for (size_t at = 0; at < sizeof usual; at++) {
        for (unsigned change = 1; change < 256; change += change < 16 ? 1 : 13) {
            memcpy(bytes, usual, sizeof usual);
            bytes[at] = (uint8_t)(bytes[at] ^ change);
            read_changed(ctx, bytes, sizeof usual);
        }
    }
}

static void set(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* Where the directory of the archive begins. */
static size_t directory_at(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at + 4 <= size; at++) {
        if (zip_load32(bytes + at) == ZIP_CENTRAL)
            return at;
    }
    fail_msg("no directory");
    return 0;
}

static void test_lies(void **state)
{
    enum { FROM_END = 1000 };
    static const struct {
        size_t at; /* in the first entry of the directory, or FROM_END + place in the end record */
        uint64_t value;
        size_t size;
        enum pf_status status;
        const char *reason;
    } cases[] = {
        { 8, 1, 2, PF_UNSUPPORTED, "'a.txt' of the zip archive is encrypted" },
        { 10, 12, 2, PF_UNSUPPORTED, "compressed by method 12; stored and deflate are read" },
        { 10, 0, 2, PF_BAD_DATA, "an entry that is not compressed has two sizes" },
        { 16, 7, 4, PF_BAD_DATA, "its checksum (CRC-32) is another" },
        { 20, 10, 4, PF_BAD_DATA, "its compressed bytes end in the middle" },
        { 20, 60, 4, PF_BAD_DATA, "its entries overlap" },
        { 20, UINT32_MAX, 4, PF_BAD_DATA, "beyond its directory" },
        { 24, 23, 4, PF_BAD_DATA, "it is larger than the directory says" },
        { 24, 25, 4, PF_BAD_DATA, "it is smaller than the directory says" },
        { 24, 1 << 20, 4, PF_BAD_DATA, "larger than its compressed bytes can be" },
        { 28, 60000, 2, PF_BAD_DATA, "is cut off" },
        { 42, 1, 4, PF_BAD_DATA, "it does not begin where the directory says" },
        { 42, 20000, 4, PF_BAD_DATA, "beyond its directory" },
        { 42, 46, 4, PF_BAD_DATA, "its entries overlap" }, /* the place of the second entry */
        { 46, 0, 1, PF_BAD_DATA, "has a zero byte in it" },
        { FROM_END + 4, 1, 2, PF_BAD_DATA, "one part of an archive of several" },
        { FROM_END + 8, 0x20002, 4, PF_BAD_DATA, "more entries than its end record says" },
        { 0, 0, 4, PF_BAD_DATA, "something else in place of an entry" },
        { FROM_END + 8, 0x40004, 4, PF_BAD_DATA, "too small for the entries" },
        { FROM_END + 8, 0x50006, 4, PF_BAD_DATA, "one part of an archive of several" },
        { FROM_END + 12, 100000, 4, PF_BAD_DATA, "would begin before the archive" },
        { FROM_END + 16, 100000, 4, PF_BAD_DATA, "would begin before the archive" },
    };
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    uint8_t bytes[sizeof usual];

    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        size_t at = directory_at(usual, sizeof usual) + cases[i].at;

        if (cases[i].at >= FROM_END)
            at = sizeof usual - strlen("a comment") - ZIP_END_SIZE + cases[i].at - FROM_END;
        memcpy(bytes, usual, sizeof usual);
        set(bytes + at, cases[i].value, cases[i].size);
        check_refused(ctx, bytes, sizeof bytes, cases[i].status, cases[i].reason);
    }
}

/* ---- zip64 */

/* An archive of one stored entry "w", which holds "data", all of whose numbers are in the fields of zip64. */
enum {
    WIDE_EXTRA_AT = 35 + ZIP_CENTRAL_SIZE + 1,
    WIDE_RECORD_AT = WIDE_EXTRA_AT + 4 + 28,
    WIDE_LOCATOR_AT = WIDE_RECORD_AT + 56
};
enum { WIDE_END_AT = WIDE_LOCATOR_AT + 20, WIDE_SIZE = WIDE_END_AT + ZIP_END_SIZE };

static void make_wide(uint8_t bytes[WIDE_SIZE])
{
    uint8_t *central = bytes + 35, *extra = bytes + WIDE_EXTRA_AT, *record = bytes + WIDE_RECORD_AT;

    memset(bytes, 0, WIDE_SIZE);
    set(bytes, ZIP_LOCAL, 4);
    set(bytes + 26, 1, 2);
    memcpy(bytes + 30, "wdata", 5);
    set(central, ZIP_CENTRAL, 4);
    set(central + 16, crc32(0, (const Bytef *)"data", 4), 4);
    set(central + 20, UINT64_MAX, 8);
    set(central + 28, 1, 2);
    set(central + 30, 4 + 28, 2);
    set(central + 42, UINT32_MAX, 4);
    central[ZIP_CENTRAL_SIZE] = 'w';
    set(extra, 0xcafe, 2); /* a field of somebody else's, without content */
    set(extra + 4, ZIP_EXTRA_WIDE, 2);
    set(extra + 6, 24, 2);
    set(extra + 8, 4, 8);
    set(extra + 16, 4, 8);
    set(record, ZIP_WIDE_END, 4);
    set(record + 4, 44, 8);
    set(record + 24, 1, 8);
    set(record + 32, 1, 8);
    set(record + 40, WIDE_RECORD_AT - 35, 8);
    set(record + 48, 35, 8);
    set(bytes + WIDE_LOCATOR_AT, ZIP_LOCATOR, 4);
    set(bytes + WIDE_LOCATOR_AT + 8, WIDE_RECORD_AT, 8);
    set(bytes + WIDE_END_AT, ZIP_END, 4);
    set(bytes + WIDE_END_AT + 8, UINT64_MAX, 8);
    set(bytes + WIDE_END_AT + 16, UINT32_MAX, 4);
}

static void test_wide(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        size_t size;
        const char *reason; /* NULL = it is read all the same */
    } cases[] = {
        { 0, ZIP_LOCAL, 4, NULL },
        { WIDE_LOCATOR_AT + 8, 0, 8, NULL }, /* the record is found right before the locator */
        { WIDE_LOCATOR_AT + 8, UINT64_MAX, 8, NULL },
        { WIDE_EXTRA_AT + 6, 16, 2, "does not have the zip64 sizes" },
        { WIDE_EXTRA_AT + 6, 25, 2, "beyond its directory" },
        { WIDE_EXTRA_AT + 4, 7, 2, "beyond its directory" },
        { WIDE_EXTRA_AT + 8, UINT64_MAX, 8, "impossible size" },
        { WIDE_EXTRA_AT + 16, UINT64_MAX, 8, "beyond its directory" },
        { WIDE_EXTRA_AT + 24, UINT64_MAX, 8, "beyond its directory" },
        { WIDE_RECORD_AT + 16, 1, 4, "one part of an archive of several" },
        { WIDE_RECORD_AT + 24, 2, 8, "one part of an archive of several" },
        { WIDE_RECORD_AT + 40, UINT64_MAX, 8, "a directory of 1 entries in 18446744073709551615 bytes" },
        { WIDE_RECORD_AT + 48, UINT64_MAX, 8, "would begin before the archive" },
        { WIDE_RECORD_AT, 0, 4, "zip64 end record is not where it should be" },
        { WIDE_LOCATOR_AT, 0, 4, "a directory of 65535 entries" }, /* then the numbers are what they look like */
    };
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    uint8_t bytes[WIDE_SIZE];

    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_source *src;
        struct pf_zip *zip;
        struct pf_error err;

        make_wide(bytes);
        set(bytes + cases[i].at, cases[i].value, cases[i].size);
        if (cases[i].reason == NULL) {
            CHECK_OK(open_bytes(ctx, bytes, sizeof bytes, &src, &zip, &err), err);
            check_entry(ctx, zip, "w", "data");
        } else {
            enum pf_status status = open_bytes(ctx, bytes, sizeof bytes, &src, &zip, &err);

            if (status == PF_OK)
                fail_msg("case %zu was read", i);
            CHECK_HAS(err.message, cases[i].reason);
        }
        pf_zip_close(zip);
        pf_source_close(src);
    }
}

/* Nearly 5 GiB of zeros, as pieces of which each is the same. */
static void test_large_entry(void **state)
{
    enum { PIECE = 1 << 20, PIECES = 5000 };
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    uint8_t *zeros = calloc(1, PIECE);
    struct pf_zip_writer *writer;
    struct pf_zip_stream *stream;
    struct pf_zip_piece *piece;
    struct pf_buffer deflated;
    struct pf_source *src;
    struct pf_sink *sink;
    struct pf_zip *zip;
    struct pf_error err;
    const uint8_t *bytes;
    int64_t plain;
    uint32_t crc;
    size_t size;

    pf_buffer_init(&deflated, &ctx->memory, SIZE_MAX);
    CHECK_OK(pf_zip_piece_new(&ctx->memory, 9, &deflated, &piece, &err), err);
    CHECK_OK(pf_zip_piece_add(piece, zeros, PIECE, &err), err);
    CHECK_OK(pf_zip_piece_end(piece, &crc, &plain, &err), err);
    pf_zip_piece_free(piece);
    CHECK_OK(pf_sink_memory(ctx, &sink, &err), err);
    CHECK_OK(pf_zip_writer_new(ctx, sink, &writer, &err), err);
    CHECK_OK(pf_zip_writer_begin(writer, "zeros", 1, &err), err);
    for (int i = 0; i < PIECES; i++)
        CHECK_OK(pf_zip_writer_add_deflated(writer, deflated.data, deflated.size, crc, plain, &err), err);
    CHECK_OK(pf_zip_writer_end(writer, &err), err);
    CHECK_OK(pf_zip_writer_finish(writer, &err), err);
    pf_zip_writer_free(writer);
    bytes = pf_sink_memory_bytes(sink, &size);
    CHECK_OK(open_bytes(ctx, bytes, size, &src, &zip, &err), err);
    CHECK_INT(pf_zip_entry_at(zip, 0)->size, (int64_t)PIECE * PIECES);
    CHECK_INT(pf_zip_entry_at(zip, 0)->stored, (int64_t)deflated.size * PIECES + 2);
    CHECK_OK(pf_zip_stream_open(zip, pf_zip_entry_at(zip, 0), &stream, &err), err);
    zeros[PIECE - 1] = 1;
    CHECK_OK(pf_zip_stream_read(stream, zeros, PIECE, &size, &err), err);
    CHECK_INT(size, PIECE);
    CHECK_INT(zeros[PIECE - 1], 0);
    pf_zip_stream_close(stream);
    pf_zip_close(zip);
    pf_source_close(src);
    pf_sink_free(sink);
    pf_buffer_free(&deflated);
    free(zeros);
}

/* Names that are no UTF-8 are of code page 437. */
static void test_old_names(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    uint8_t bytes[sizeof usual];
    struct pf_source *src;
    struct pf_zip *zip;
    struct pf_error err;

    memcpy(bytes, usual, sizeof usual);
    bytes[directory_at(usual, sizeof usual) + ZIP_CENTRAL_SIZE] = 0x84;
    CHECK_OK(open_bytes(ctx, bytes, sizeof bytes, &src, &zip, &err), err);
    CHECK_TEXT(pf_zip_entry_at(zip, 0)->name, "\xc3\xa4.txt");
    CHECK_INT(pf_zip_entry_at(zip, 0)->name_size, 6);
    pf_zip_close(zip);
    pf_source_close(src);
}

static void test_limits(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    struct pf_zip_limits few = pf_zip_usual_limits, small = few, low = few;
    struct pf_source *src;
    struct pf_zip_stream *stream;
    struct pf_zip *zip;
    struct pf_error err;
    uint8_t *bytes;
    size_t size;

    CHECK_OK(pf_source_memory(ctx, usual, sizeof usual, "a.bin", &src, &err), err);
    few.entries = 2;
    CHECK_INT(pf_zip_open(ctx, src, &few, &zip, &err), PF_LIMIT);
    small.directory = 100;
    CHECK_INT(pf_zip_open(ctx, src, &small, &zip, &err), PF_LIMIT);
    CHECK_HAS(err.message, "a directory of 3 entries in");
    low.expansion = 1;
    low.expansion_from = 10;
    CHECK_OK(pf_zip_open(ctx, src, &low, &zip, &err), err);
    CHECK_INT(pf_zip_stream_open(zip, pf_zip_entry_at(zip, 0), &stream, &err), PF_LIMIT);
    CHECK_HAS(err.message, "expands to more than 1 times its size");
    CHECK_HAS(err.remedy, "--max-expansion");
    CHECK_INT(pf_zip_read_all(zip, pf_zip_entry_at(zip, 1), 5, &bytes, &size, &err), PF_LIMIT);
    CHECK_HAS(err.message, "'b.bin' of the zip archive has 6 bytes; at most 5");
    pf_zip_close(zip);
    pf_source_close(src);
}

/* ---- what we write */

static const char *piece_of(size_t number, char to[64])
{
    (void)snprintf(to, 64, "<row r=\"%zu\"><c t=\"b\"><v>%zu</v></c></row>\n", number, number * 7919 % 1000);
    return to;
}

/* Three entries: own bytes and deflated pieces mixed, stored, empty. The bytes of the first are in plain. */
static enum pf_status write_archive(struct pf_context *ctx, struct pf_sink *sink, struct pf_buffer *plain, struct pf_error *err)
{
    struct pf_zip_writer *writer;
    enum pf_status status = pf_zip_writer_new(ctx, sink, &writer, err);
    char text[64];

    if (status == PF_OK)
        status = pf_zip_writer_begin(writer, "xl/sheet1.xml", 6, err);
    for (size_t i = 0; status == PF_OK && i < 400; i++) {
        size_t size = strlen(piece_of(i, text));
        struct pf_zip_piece *piece;
        struct pf_buffer deflated;
        int64_t plain_size;
        uint32_t crc;

        if (!pf_buffer_append(plain, text, size))
            status = pf_fail_memory(err, size);
        if (status == PF_OK && i % 3 != 0)
            status = pf_zip_writer_add(writer, text, size, err);
        if (status != PF_OK || i % 3 != 0)
            continue;
        pf_buffer_init(&deflated, &ctx->memory, SIZE_MAX);
        status = pf_zip_piece_new(&ctx->memory, 1, &deflated, &piece, err);
        if (status == PF_OK)
            status = pf_zip_piece_add(piece, text, size, err);
        if (status == PF_OK)
            status = pf_zip_piece_end(piece, &crc, &plain_size, err);
        if (status == PF_OK)
            status = pf_zip_writer_add_deflated(writer, deflated.data, deflated.size, crc, plain_size, err);
        pf_zip_piece_free(piece);
        pf_buffer_free(&deflated);
    }
    if (status == PF_OK)
        status = pf_zip_writer_end(writer, err);
    if (status == PF_OK)
        status = pf_zip_writer_begin(writer, "stored", 0, err);
    if (status == PF_OK)
        status = pf_zip_writer_add(writer, "as it is", 8, err);
    if (status == PF_OK)
        status = pf_zip_writer_end(writer, err);
    if (status == PF_OK)
        status = pf_zip_writer_begin(writer, "empty", 9, err);
    if (status == PF_OK)
        status = pf_zip_writer_end(writer, err);
    if (status == PF_OK)
        status = pf_zip_writer_finish(writer, err);
    pf_zip_writer_free(writer);
    return status;
}

static void test_round_trip(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    struct pf_buffer plain;
    struct pf_sink *sink;
    struct pf_source *src;
    struct pf_zip *zip;
    struct pf_error err;
    const uint8_t *bytes;
    uint8_t *content;
    size_t size;

    pf_buffer_init(&plain, &ctx->memory, SIZE_MAX);
    CHECK_OK(pf_sink_memory(ctx, &sink, &err), err);
    CHECK_OK(write_archive(ctx, sink, &plain, &err), err);
    bytes = pf_sink_memory_bytes(sink, &size);
    CHECK_OK(open_bytes(ctx, bytes, size, &src, &zip, &err), err);
    CHECK_INT(pf_zip_count(zip), 3);
    CHECK_OK(pf_zip_read_all(zip, pf_zip_find(zip, "xl/sheet1.xml", 13), 1 << 20, &content, &size, &err), err);
    CHECK_INT(size, plain.size);
    CHECK(memcmp(content, plain.data, size) == 0);
    pf_free(&ctx->memory, content);
    check_entry(ctx, zip, "stored", "as it is");
    check_entry(ctx, zip, "empty", "");
    pf_zip_close(zip);
    pf_source_close(src);
    pf_sink_free(sink);
    pf_buffer_free(&plain);
}

/* In parts of odd sizes, with the check at the very end. */
static void test_parts(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    struct pf_zip_stream *stream;
    struct pf_source *src;
    struct pf_zip *zip;
    struct pf_error err;
    char text[64] = "";
    size_t at = 0, got;

    CHECK_OK(open_bytes(ctx, usual, sizeof usual, &src, &zip, &err), err);
    CHECK_OK(pf_zip_stream_open(zip, pf_zip_entry_at(zip, 0), &stream, &err), err);
    do {
        CHECK_OK(pf_zip_stream_read(stream, text + at, 5, &got, &err), err);
        at += got;
    } while (got == 5);
    CHECK_TEXT(text, "hello hello hello hello\n");
    CHECK_INT(pf_zip_stream_consumed(stream), pf_zip_entry_at(zip, 0)->stored);
    CHECK_OK(pf_zip_stream_read(stream, text, 5, &got, &err), err);
    CHECK_INT(got, 0);
    pf_zip_stream_close(stream);
    pf_zip_close(zip);
    pf_source_close(src);
}

/* More than 65,535 entries need the records of zip64, also with bytes before the archive. */
static void test_many_entries(void **state)
{
    enum { MANY = 70000, BEFORE = 100 };
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    struct pf_zip_writer *writer;
    struct pf_sink *sink;
    struct pf_error err;
    const uint8_t *bytes;
    uint8_t *shifted;
    char name[16];
    size_t size;

    CHECK_OK(pf_sink_memory(ctx, &sink, &err), err);
    CHECK_OK(pf_zip_writer_new(ctx, sink, &writer, &err), err);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        CHECK_OK(pf_zip_writer_begin(writer, name, 0, &err), err);
        CHECK_OK(pf_zip_writer_add(writer, name, strlen(name), &err), err);
        CHECK_OK(pf_zip_writer_end(writer, &err), err);
    }
    CHECK_OK(pf_zip_writer_finish(writer, &err), err);
    pf_zip_writer_free(writer);
    bytes = pf_sink_memory_bytes(sink, &size);
    shifted = calloc(1, size + BEFORE);
    memcpy(shifted + BEFORE, bytes, size);
    for (size_t before = 0; before <= BEFORE; before += BEFORE) {
        struct pf_source *src;
        struct pf_zip *zip;

        CHECK_OK(open_bytes(ctx, shifted + BEFORE - before, size + before, &src, &zip, &err), err);
        CHECK_INT(pf_zip_count(zip), MANY);
        check_entry(ctx, zip, "n69999", "n69999");
        pf_zip_close(zip);
        pf_source_close(src);
    }
    free(shifted);
    pf_sink_free(sink);
}

/* Whatever allocation is refused, there is an error and nothing is left. */
static void test_memory(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    bool done = false;

    for (long n = 0; !done; n++) {
        struct pf_buffer plain;
        struct pf_sink *sink = NULL;
        struct pf_source *src = NULL;
        struct pf_zip *zip = NULL;
        struct pf_error err;
        const uint8_t *bytes;
        uint8_t *content = NULL;
        enum pf_status status;
        size_t size;

        pf_buffer_init(&plain, &ctx->memory, SIZE_MAX);
        atomic_store(&ctx->memory.fail_at, n);
        status = pf_sink_memory(ctx, &sink, &err);
        if (status == PF_OK)
            status = write_archive(ctx, sink, &plain, &err);
        if (status == PF_OK) {
            bytes = pf_sink_memory_bytes(sink, &size);
            status = pf_source_memory(ctx, bytes, size, "a.bin", &src, &err);
        }
        if (status == PF_OK)
            status = pf_zip_open(ctx, src, &pf_zip_usual_limits, &zip, &err);
        if (status == PF_OK)
            status = pf_zip_read_all(zip, pf_zip_entry_at(zip, 0), 1 << 20, &content, &size, &err);
        done = atomic_load(&ctx->memory.fail_at) >= 0;
        CHECK_INT(status, done ? PF_OK : PF_NO_MEMORY);
        atomic_store(&ctx->memory.fail_at, -1);
        pf_free(&ctx->memory, content);
        pf_zip_close(zip);
        pf_source_close(src);
        pf_sink_free(sink);
        pf_buffer_free(&plain);
    }
}

/* ---- the one file of an archive, as a source */

static enum pf_status read_member(struct pf_context *ctx, char *text, size_t room, struct pf_error *err)
{
    const struct pf_input input = { .bytes = wide, .size = sizeof wide };
    struct pf_source *src;
    enum pf_status status = pf_source_given(ctx, &input, "a.zip", &src, err);
    const uint8_t *head;
    size_t got;

    if (status != PF_OK)
        return status;
    CHECK_TEXT(pf_source_member(src), "wide.txt");
    CHECK_TEXT(pf_source_compression(src), "zip");
    CHECK_INT(pf_source_size(src), 14);
    CHECK(!pf_source_has_read_at(src) && pf_source_can_rewind(src));
    status = pf_source_peek(src, 4, &head, &got, err);
    if (status == PF_OK)
        status = pf_source_read(src, text, room, &got, err);
    if (status == PF_OK)
        CHECK_INT(got, 14);
    if (status == PF_OK)
        status = pf_source_rewind(src, err);
    if (status == PF_OK)
        status = pf_source_unpack(src, err);
    if (status == PF_OK) {
        CHECK(pf_source_has_read_at(src));
        status = pf_source_read_at(src, 5, text + got, 4, err);
        text[got + 4] = '\0';
    }
    pf_source_close(src);
    return status;
}

static void test_member(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    bool done = false;

    ctx->limits.expansion = 2000;
    for (long n = 0; !done; n++) {
        char text[64];
        struct pf_error err;
        enum pf_status status;

        atomic_store(&ctx->memory.fail_at, n);
        status = read_member(ctx, text, sizeof text, &err);
        done = atomic_load(&ctx->memory.fail_at) >= 0;
        atomic_store(&ctx->memory.fail_at, -1);
        CHECK_INT(status, done ? PF_OK : PF_NO_MEMORY);
        if (done)
            CHECK_TEXT(text, "wide wide widewide");
    }
}

/* Several files are refused; from memory of our own, archives are left as they are. */
static void test_no_member(void **state)
{
    struct pf_context *ctx = &((struct place *)*state)->ctx;
    const struct pf_input input = { .bytes = usual, .size = sizeof usual };
    struct pf_source *src;
    struct pf_error err;

    CHECK_INT(pf_source_given(ctx, &input, "a.zip", &src, &err), PF_UNSUPPORTED);
    CHECK_HAS(err.message, "holds 2 files, and one is what can be looked into: a.txt, b.bin");
    CHECK_TEXT(err.source, "a.zip");
    CHECK(src == NULL);
    CHECK_OK(pf_source_memory(ctx, usual, sizeof usual, "a.zip", &src, &err), err);
    CHECK_TEXT(pf_source_member(src), "");
    CHECK_INT(pf_source_size(src), sizeof usual);
    pf_source_close(src);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_archives_of_others),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_bytes_around),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_large_entry),
        cmocka_unit_test(test_old_names),
        cmocka_unit_test(test_member),
        cmocka_unit_test(test_no_member),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
