/* The one file of a zip archive. */
#include "storage/member.h"

#include <stdio.h>
#include <string.h>

struct pf_member {
    struct pf_memory *memory;
    struct pf_zip *zip;
    struct pf_zip_stream *stream;
    const struct pf_zip_entry *entry;
};

/* A document of parts says what it is in an entry of this name: Office, OpenDocument and EPUB, Java. */
static bool is_document(const struct pf_zip *zip)
{
    static const char *const names[] = { "[Content_Types].xml", "mimetype", "META-INF/manifest.xml", "META-INF/MANIFEST.MF" };

    for (size_t i = 0; i < PF_COUNT(names); i++) {
        if (pf_zip_find(zip, names[i], strlen(names[i])) != NULL)
            return true;
    }
    /* one that lost it is still no archive of files */
    for (uint32_t i = 0; i < pf_zip_count(zip); i++) {
        const char *name = pf_zip_entry_at(zip, i)->name;

        if (strncmp(name, "xl/", 3) == 0 || strncmp(name, "_rels/", 6) == 0)
            return true;
    }
    return false;
}

/* Folders are no files, and neither is what macOS keeps beside each file. */
static bool is_file(const struct pf_zip_entry *entry)
{
    static const char beside[] = "__MACOSX/";

    return entry->name_size != 0 && entry->name[entry->name_size - 1] != '/' &&
           strncmp(entry->name, beside, strlen(beside)) != 0;
}

static enum pf_status fail_many(const struct pf_zip *zip, uint32_t files, struct pf_error *err)
{
    enum { LISTED = 8 };
    char names[400] = "";
    size_t used = 0;
    uint32_t listed = 0;

    for (uint32_t i = 0; i < pf_zip_count(zip) && listed < LISTED; i++) {
        const struct pf_zip_entry *entry = pf_zip_entry_at(zip, i);
        size_t room = sizeof names - used;

        if (!is_file(entry))
            continue;
        if (entry->name_size + 3 > room)
            break;
        used += (size_t)snprintf(names + used, room, "%s%s", listed == 0 ? "" : ", ", entry->name);
        listed++;
    }
    pf_fail(err, PF_UNSUPPORTED, "the zip archive holds %lu files, and one is what can be looked into: %s%s",
            (unsigned long)files, names, listed < files ? ", ..." : "");
    pf_remedy(err, "unpack it and convert its files: a folder or a pattern converts many at once");
    return PF_UNSUPPORTED;
}

static enum pf_status choose(struct pf_member *member, struct pf_error *err)
{
    uint32_t files = 0;

    for (uint32_t i = 0; i < pf_zip_count(member->zip); i++) {
        if (!is_file(pf_zip_entry_at(member->zip, i)))
            continue;
        member->entry = pf_zip_entry_at(member->zip, i);
        files++;
    }
    if (files > 1)
        return fail_many(member->zip, files, err);
    if (files == 0)
        return pf_fail(err, PF_BAD_DATA, "the zip archive holds no file");
    return pf_zip_stream_open(member->zip, member->entry, &member->stream, err);
}

enum pf_status pf_member_open(struct pf_context *ctx, const struct pf_source *src, struct pf_member **out, struct pf_error *err)
{
    struct pf_member *member = pf_alloc_zero(&ctx->memory, 1, sizeof *member);
    struct pf_zip_limits limits = pf_zip_usual_limits;
    enum pf_status status;

    *out = NULL;
    if (member == NULL)
        return pf_fail_memory(err, sizeof *member);
    limits.expansion = (int64_t)ctx->limits.expansion;
    member->memory = &ctx->memory;
    status = pf_zip_open(ctx, src, &limits, &member->zip, err);
    if (status == PF_OK && is_document(member->zip)) {
        pf_member_close(member);
        return PF_OK;
    }
    if (status == PF_OK)
        status = choose(member, err);
    if (status == PF_OK)
        *out = member;
    else
        pf_member_close(member);
    return status;
}

void pf_member_close(struct pf_member *member)
{
    if (member == NULL)
        return;
    pf_zip_stream_close(member->stream);
    pf_zip_close(member->zip);
    pf_free(member->memory, member);
}

const struct pf_zip_entry *pf_member_entry(const struct pf_member *member)
{
    return member->entry;
}

int64_t pf_member_consumed(const struct pf_member *member)
{
    return pf_zip_stream_consumed(member->stream);
}

enum pf_status pf_member_read(struct pf_member *member, void *to, size_t size, size_t *got, struct pf_error *err)
{
    return pf_zip_stream_read(member->stream, to, size, got, err);
}

enum pf_status pf_member_rewind(struct pf_member *member, struct pf_error *err)
{
    pf_zip_stream_close(member->stream);
    member->stream = NULL;
    return pf_zip_stream_open(member->zip, member->entry, &member->stream, err);
}
