/* What is no workbook that can be read: its kind is told from its bytes, so that the error can say what to do.
 *
 * Source for compound files: [MS-CFB] 2.2 (header), 2.3 (FAT), 2.6 (directory); their streams: [MS-XLS] 2.1.2, [MS-OFFCRYPTO] 2.1. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "formats/markup.h"
#include "formats/xlsx/package.h"

enum {
    HEAD = PF_MARKUP_HEAD, /* bytes by which the kind of a text is told */
    CFB_HEAD = 512,        /* the header of a compound file */
    CFB_FATS = 109,        /* places of the FAT in the header; a directory beyond them is not looked for */
    CFB_SECTORS = 64,      /* of a directory that are looked through */
    CFB_ENTRY = 128,       /* a directory entry */
    CFB_NAME_SIZE = 64,    /* where it has the size of its name */
    CFB_SHIFT = 30,        /* where the header has the size of a sector, as a power of 2 */
    CFB_DIRECTORY = 48,    /* the first sector of the directory */
    CFB_FAT = 76           /* the sectors of the FAT */
};

static const char save_as[] = "open it in Excel or LibreOffice and save it as .xlsx";

static uint32_t le16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t le32(const uint8_t *at)
{
    return le16(at) | le16(at + 2) << 16;
}

/* ---- compound files */

/* The stream that a directory entry names is one of these kinds. Earlier ones decide. */
static const struct stream_kind {
    const char *stream;
    const char *what;
    const char *remedy;
} stream_kinds[] = {
    { "EncryptedPackage", "is encrypted: it needs a password to be opened",
      "open it in Excel with its password, take the password away (File, Info, Protect Workbook), and save it" },
    { "Workbook", "is a workbook of Excel 97 to 2003 (.xls), which is not read yet", save_as },
    { "Book", "is a workbook of Excel 5 or 95 (.xls), which is not read yet", save_as },
    { "WordDocument", "is a Word document (.doc), not a workbook", NULL },
    { "PowerPoint Document", "is a PowerPoint presentation (.ppt), not a workbook", NULL },
};

static bool is_stream(const uint8_t *entry, const char *name)
{
    const size_t size = strlen(name);

    if (le16(entry + CFB_NAME_SIZE) != (size + 1) * 2)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (entry[2 * i] != (uint8_t)name[i] || entry[2 * i + 1] != 0)
            return false;
    }
    return true;
}

/* The first kind of the list above that an entry of a directory sector names, when it comes before best. */
static size_t kind_in_sector(const struct pf_source *src, int64_t at, uint32_t sector_size, size_t best)
{
    uint8_t entry[CFB_ENTRY];
    struct pf_error err;

    for (uint32_t offset = 0; offset < sector_size; offset += CFB_ENTRY) {
        if (pf_source_read_at(src, at + offset, entry, sizeof entry, &err) != PF_OK)
            return best;
        for (size_t i = 0; i < best; i++) {
            if (is_stream(entry, stream_kinds[i].stream))
                best = i;
        }
    }
    return best;
}

/* The sector after sector in its chain; *ok = false: it cannot be told. */
static uint32_t next_sector(const struct pf_source *src, const uint8_t *head, uint32_t shift, uint32_t sector, bool *ok)
{
    const uint32_t each = shift - 2, fat = sector >> each;
    uint8_t next[4] = { 0 };
    struct pf_error err;
    int64_t at;

    *ok = fat < CFB_FATS;
    if (!*ok)
        return 0;
    at = ((int64_t)le32(head + CFB_FAT + 4 * fat) + 1) << shift;
    at += (int64_t)(sector & ((1u << each) - 1)) * 4;
    *ok = pf_source_read_at(src, at, next, sizeof next, &err) == PF_OK;
    return le32(next);
}

static enum pf_status refuse_compound(const struct pf_source *src, struct pf_error *err)
{
    const size_t unknown = PF_COUNT(stream_kinds);
    size_t best = unknown;
    uint8_t head[CFB_HEAD] = { 0 };
    bool ok = pf_source_read_at(src, 0, head, sizeof head, err) == PF_OK;
    uint32_t shift = le16(head + CFB_SHIFT), sector = le32(head + CFB_DIRECTORY);

    ok = ok && (shift == 9 || shift == 12);
    for (uint32_t count = 0; ok && count < CFB_SECTORS && sector < 0xFFFFFFFA; count++) {
        best = kind_in_sector(src, ((int64_t)sector + 1) << shift, 1u << shift, best);
        sector = next_sector(src, head, shift, sector, &ok);
    }
    if (best == unknown)
        return pf_fail(err, PF_BAD_DATA, "it is a compound file, as .xls files are, but has no workbook in it");
    pf_fail(err, PF_UNSUPPORTED, "it %s", stream_kinds[best].what);
    if (stream_kinds[best].remedy != NULL)
        pf_remedy(err, "%s", stream_kinds[best].remedy);
    return PF_UNSUPPORTED;
}

/* ---- texts */

static bool is_binary(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)text[i] < 0x20 && strchr("\t\n\r\f\x1a", text[i]) == NULL)
            return true;
        if (text[i] == '\0')
            return true;
    }
    return false;
}

static const struct text_kind {
    const char *start; /* what it begins with; NULL = anything */
    const char *has;   /* and what is in its head; NULL = nothing asked for */
    const char *what;
    const char *remedy;
    enum pf_status status;
} text_kinds[] = {
    { "<?xml", "urn:schemas-microsoft-com:office:spreadsheet",
      "is a workbook of Excel 2003 in XML (SpreadsheetML 2003), not .xlsx", save_as, PF_UNSUPPORTED },
    { "<?mso-application", NULL, "is a workbook of Excel 2003 in XML (SpreadsheetML 2003), not .xlsx", save_as,
      PF_UNSUPPORTED },
    { "<?xml", "urn:oasis:names:tc:opendocument", "is an OpenDocument file in XML, not .xlsx", save_as, PF_UNSUPPORTED },
    { "<?xml", NULL, "is an XML document, not a workbook", NULL, PF_BAD_DATA },
    { "<", "<table", "is a table of a web page (HTML), not a workbook", save_as, PF_UNSUPPORTED },
    { "<", NULL, "is text in XML or HTML, not a workbook", NULL, PF_BAD_DATA },
    { "mime-version:", NULL, "is a web archive (.mht), not .xlsx", save_as, PF_UNSUPPORTED },
    { "id;p", NULL, "is a SYLK file (.slk), not .xlsx", save_as, PF_UNSUPPORTED },
    { "{\\rtf", NULL, "is an RTF document, not a workbook", NULL, PF_BAD_DATA },
    { "%pdf-", NULL, "is a PDF document, not a workbook", NULL, PF_BAD_DATA },
    { NULL, NULL, "is text, such as CSV, not a workbook", "read it with --from csv", PF_UNSUPPORTED },
};

/* Also one that begins in another way than pages do: what Excel itself saves as a page. */
static bool is_page(const char *text)
{
    return pf_markup_is_html(text) || (text[0] == '<' && strcasestr(text, "<html") != NULL);
}

static enum pf_status refuse_text(const char *text, struct pf_error *err)
{
    const struct text_kind *kind = text_kinds;
    char words[PF_MARKUP_WORDS];

    if (is_page(text)) {
        pf_fail(err, PF_UNSUPPORTED, "it is %s, not a workbook", pf_markup_words(text, words));
        pf_remedy(err, "a download that failed, or wanted a sign-in? If it has the table, %s", save_as);
        return PF_UNSUPPORTED;
    }
    while (kind->start != NULL && (strncasecmp(text, kind->start, strlen(kind->start)) != 0 ||
                                   (kind->has != NULL && strcasestr(text, kind->has) == NULL)))
        kind++;
    pf_fail(err, kind->status, "it %s", kind->what);
    if (kind->remedy != NULL)
        pf_remedy(err, "%s", kind->remedy);
    return kind->status;
}

/* The first record of a workbook before compound files: BIFF2 to BIFF4. */
static bool is_old_biff(const uint8_t *head, size_t size)
{
    return size >= 4 && head[0] == 9 && (head[1] == 0 || head[1] == 2 || head[1] == 4) && (head[2] == 4 || head[2] == 6) &&
           head[3] == 0;
}

enum pf_status pf_xlsx_refuse_bytes(const struct pf_source *src, struct pf_error *err)
{
    static const uint8_t compound[8] = { 0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1 };
    uint8_t head[HEAD];
    char text[HEAD + 1];
    const int64_t whole = pf_source_size(src);
    const size_t size = whole < 0 || whole > HEAD ? HEAD : (size_t)whole;
    size_t length;
    enum pf_status status = pf_source_read_at(src, 0, head, size, err);

    if (status != PF_OK)
        return status;
    if (size == 0)
        return pf_fail(err, PF_BAD_DATA, "it is empty");
    if (pf_zip_is_like(head, size))
        return PF_OK;
    if (size >= sizeof compound && memcmp(head, compound, sizeof compound) == 0)
        return refuse_compound(src, err);
    if (is_old_biff(head, size)) {
        pf_fail(err, PF_UNSUPPORTED, "it is a workbook of Excel 2 to 4 (.xls), which is not read yet");
        pf_remedy(err, "%s", save_as);
        return PF_UNSUPPORTED;
    }
    length = pf_markup_head(head, size, text);
    /* Anything else may be in front of an archive. */
    return is_binary(text, length) ? PF_OK : refuse_text(text, err);
}

/* ---- archives */

static const struct type_kind {
    const char *part; /* of the content type */
    const char *what;
    const char *remedy;
} type_kinds[] = {
    { "ms-excel.sheet.binary", "is a binary workbook (.xlsb), which is not read yet", save_as },
    { "wordprocessingml", "is a Word document (.docx), not a workbook", NULL },
    { "ms-word", "is a Word document (.docm), not a workbook", NULL },
    { "presentationml", "is a PowerPoint presentation (.pptx), not a workbook", NULL },
    { "ms-powerpoint", "is a PowerPoint presentation (.pptm), not a workbook", NULL },
    { "ms-visio", "is a Visio drawing, not a workbook", NULL },
};

static const struct mime_kind {
    const char *start;
    const char *what;
    const char *remedy;
} mime_kinds[] = {
    { "application/vnd.oasis.opendocument.spreadsheet", "is an OpenDocument workbook (.ods), which is not read yet", save_as },
    { "application/vnd.oasis.opendocument.", "is an OpenDocument file of another kind, not a workbook", NULL },
    { "application/epub", "is a book (.epub), not a workbook", NULL },
};

static enum pf_status refuse_kind(const char *what, const char *remedy, struct pf_error *err)
{
    pf_fail(err, PF_UNSUPPORTED, "it %s", what);
    if (remedy != NULL)
        pf_remedy(err, "%s", remedy);
    return PF_UNSUPPORTED;
}

/* OpenDocument and its like say what they are in their first entry. PF_OK: this one does not. */
static enum pf_status refuse_mime(struct pf_xlsx_workbook *workbook, struct pf_error *err)
{
    const struct pf_zip_entry *entry = pf_xlsx_find(workbook, "mimetype");
    uint8_t *bytes = NULL;
    size_t size;
    enum pf_status status = PF_OK;

    if (entry == NULL || entry->size > HEAD || pf_zip_read_all(workbook->zip, entry, HEAD, &bytes, &size, err) != PF_OK)
        return PF_OK;
    for (size_t i = 0; i < PF_COUNT(mime_kinds) && status == PF_OK; i++) {
        if (size >= strlen(mime_kinds[i].start) && memcmp(bytes, mime_kinds[i].start, strlen(mime_kinds[i].start)) == 0)
            status = refuse_kind(mime_kinds[i].what, mime_kinds[i].remedy, err);
    }
    pf_free(workbook->arena.memory, bytes);
    return status;
}

enum pf_status pf_xlsx_refuse_package(struct pf_xlsx_workbook *workbook, const char *type, struct pf_error *err)
{
    const uint32_t count = pf_zip_count(workbook->zip);
    enum pf_status status;

    for (size_t i = 0; type != NULL && i < PF_COUNT(type_kinds); i++) {
        if (strcasestr(type, type_kinds[i].part) != NULL)
            return refuse_kind(type_kinds[i].what, type_kinds[i].remedy, err);
    }
    if (type != NULL)
        return pf_fail(err, PF_BAD_DATA, "it is a package of another kind (%.100s), not a workbook", type);
    status = refuse_mime(workbook, err);
    if (status != PF_OK)
        return status;
    return pf_fail(err, PF_BAD_DATA, "it is an archive of %u files (the first is \"%.100s\"), not a workbook", (unsigned)count,
                   pf_zip_entry_at(workbook->zip, 0)->name);
}
