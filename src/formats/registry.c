/* The formats built in, and how one is picked: by name, by suffix, by content. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "formats/csv/csv_format.h"
#include "formats/dbf/dbf_format.h"
#include "formats/format.h"
#include "formats/parquet/parquet_format.h"
#include "formats/xlsx/xlsx_format.h"
#include "formats/xlsx_write/xlsx_write_format.h"

enum { HEAD = 64 * 1024, CERTAIN = 90, POSSIBLE = 20, TEXT_TABLE = 10 /* of text that may be a table */ };

static const struct pf_format builtin[] = {
    { .reader = &pf_csv_reader, .writer = &pf_csv_writer, .reader_owner = "csv reader", .writer_owner = "csv writer" },
    { .reader = &pf_parquet_reader,
      .writer = &pf_parquet_writer,
      .reader_owner = "parquet reader",
      .writer_owner = "parquet writer" },
    { .reader = &pf_xlsx_reader, .writer = &pf_xlsx_writer, .reader_owner = "excel reader", .writer_owner = "excel writer" },
    { .reader = &pf_dbf_reader, .reader_owner = "dbf reader" },
};

const struct pf_format_list pf_builtin_formats = { builtin, PF_COUNT(builtin), &pf_parquet_writer };

/* ---- by name and by suffix */

/* Excel's format has two names that both are in use. */
static const char *usual_name(const char *name)
{
    return pf_same_word(name, "xlsx") ? "excel" : name;
}

const struct pf_reader *pf_reader_by_name(const struct pf_format_list *list, const char *name)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->formats[i].reader != NULL && pf_same_word(list->formats[i].reader->name, usual_name(name)))
            return list->formats[i].reader;
    }
    return NULL;
}

const struct pf_writer *pf_writer_by_name(const struct pf_format_list *list, const char *name)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->formats[i].writer != NULL && pf_same_word(list->formats[i].writer->name, usual_name(name)))
            return list->formats[i].writer;
    }
    return NULL;
}

/* The last suffix of the file's name, without the dot and with compression looked through, in to (lower case does not matter:
 * suffixes are compared without case). "" = none. */
static void suffix_of(const char *path, char to[32])
{
    static const char *const compressions[] = { "gz", "zst", "zip" };
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *end = name + strlen(name);

    for (int pass = 0; pass < 2; pass++) {
        const char *dot = end;
        bool compressed = false;
        do {
            dot--;
        } while (dot > name && *dot != '.');
        to[0] = '\0';
        /* A dot in front makes a hidden file, not a suffix. */
        if (dot <= name || end - dot > 31)
            return;
        memcpy(to, dot + 1, (size_t)(end - dot - 1));
        to[end - dot - 1] = '\0';
        for (size_t i = 0; i < PF_COUNT(compressions); i++)
            compressed = compressed || pf_same_word(to, compressions[i]);
        if (!compressed)
            return;
        end = dot;
    }
}

static bool has_suffix(const char *const *suffixes, const char *suffix)
{
    for (; *suffixes != NULL; suffixes++) {
        if (pf_same_word(*suffixes, suffix))
            return true;
    }
    return false;
}

const struct pf_reader *pf_reader_by_suffix(const struct pf_format_list *list, const char *path)
{
    char suffix[32];

    suffix_of(path, suffix);
    for (uint32_t i = 0; i < list->count && suffix[0] != '\0'; i++) {
        if (list->formats[i].reader != NULL && has_suffix(list->formats[i].reader->suffixes, suffix))
            return list->formats[i].reader;
    }
    return NULL;
}

const struct pf_writer *pf_writer_by_suffix(const struct pf_format_list *list, const char *path)
{
    char suffix[32];

    suffix_of(path, suffix);
    for (uint32_t i = 0; i < list->count && suffix[0] != '\0'; i++) {
        if (list->formats[i].writer != NULL && has_suffix(list->formats[i].writer->suffixes, suffix))
            return list->formats[i].writer;
    }
    return NULL;
}

/* ---- by content */

/* What is not read yet but can be told by name or content, so that it is refused by its own name instead of being read as if it
 * were CSV. */
struct foreign {
    const char *what;
    const char *suffixes; /* "|xlsx|xlsm|" */
    const char *magic;    /* NULL = not told by content */
    size_t magic_size;
    const char *reader; /* of ours that tells better what it is, and what to do; NULL = none */
};

static const struct foreign foreign_formats[] = {
    { "an Excel workbook", "|xlsx|xlsm|xltx|xltm|xlsb|xls|xlt|", NULL, 0, "excel" },
    { "a zip archive", "|zip|", "PK\x03\x04", 4, NULL },
    { "an old Office document", "", "\xd0\xcf\x11\xe0", 4, "excel" },
    { "a PDF document", "|pdf|", "%PDF-", 5, NULL },
    { "an XML document", "|xml|", "<?xml", 5, NULL },
    { "an Access database", "|mdb|accdb|", NULL, 0, NULL },
    { "a dBase table", "|dbf|", NULL, 0, "dbf" },
    { "an SQL Server database", "|mdf|", NULL, 0, NULL },
    { "JSON", "|json|jsonl|ndjson|", NULL, 0, NULL },
    { "an SQLite database", "|sqlite|db|", "SQLite format 3\0", 16, NULL },
    { "an Avro file", "|avro|", "Obj\x01", 4, NULL },
    { "an ORC file", "|orc|", NULL, 0, NULL },
    { "an Arrow file", "|arrow|feather|", "ARROW1\0\0", 8, NULL },
    { "an image", "|png|jpg|jpeg|gif|", "\x89PNG", 4, NULL },
};

static const struct foreign *const workbook = &foreign_formats[0], *const zip_archive = &foreign_formats[1];

static const struct foreign *foreign_by_suffix(const char *suffix)
{
    char marked[34];

    if (suffix[0] == '\0')
        return NULL;
    marked[0] = '|';
    for (size_t i = 0; i < strlen(suffix) + 1; i++)
        marked[i + 1] = suffix[i] >= 'A' && suffix[i] <= 'Z' ? (char)(suffix[i] + ('a' - 'A')) : suffix[i];
    strcat(marked, "|");
    for (size_t i = 0; i < PF_COUNT(foreign_formats); i++) {
        if (strstr(foreign_formats[i].suffixes, marked) != NULL)
            return &foreign_formats[i];
    }
    return NULL;
}

static const struct foreign *foreign_of(const char *suffix, const uint8_t *head, size_t size)
{
    const struct foreign *foreign = foreign_by_suffix(suffix);

    for (size_t i = 0; i < PF_COUNT(foreign_formats); i++) {
        const struct foreign *other = &foreign_formats[i];
        if (other->magic == NULL || size < other->magic_size || memcmp(head, other->magic, other->magic_size) != 0)
            continue;
        if (other == zip_archive && foreign == workbook)
            return workbook;
        return other;
    }
    return foreign;
}

bool pf_reader_is_misnamed(const struct pf_reader *reader, const char *path)
{
    char suffix[32];

    suffix_of(path, suffix);
    return foreign_by_suffix(suffix) == workbook && !pf_same_word(reader->name, workbook->reader);
}

static void list_readers(const struct pf_format_list *list, char *to, size_t size)
{
    size_t used = 0;

    to[0] = '\0';
    for (uint32_t i = 0; i < list->count && used < size; i++) {
        if (list->formats[i].reader == NULL)
            continue;
        int wrote = snprintf(to + used, size - used, "%s%s", used == 0 ? "" : ", ", list->formats[i].reader->name);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

static enum pf_status unsupported(const struct pf_format_list *list, const char *suffix, const struct foreign *foreign,
                                  struct pf_error *err)
{
    char names[96];

    list_readers(list, names, sizeof names);
    if (foreign != NULL && suffix[0] != '\0')
        pf_fail(err, PF_UNSUPPORTED, "Unsupported input format '.%s': this is %s", suffix, foreign->what);
    else if (foreign != NULL)
        pf_fail(err, PF_UNSUPPORTED, "Unsupported input format: this is %s", foreign->what);
    else
        pf_fail(err, PF_UNSUPPORTED, "Unsupported input format '%s%s': the content is of no format known here",
                suffix[0] != '\0' ? "." : "", suffix);
    pf_remedy(err, "this version reads %s; --from NAME reads the input as one of them", names);
    return PF_UNSUPPORTED;
}

enum pf_status pf_detect_reader(const struct pf_format_list *list, struct pf_source *src, const struct pf_reader **out,
                                struct pf_error *err)
{
    const char *name = pf_source_member(src)[0] != '\0' ? pf_source_member(src) : pf_source_name(src);
    const struct pf_reader *by_suffix = pf_reader_by_suffix(list, name);
    const struct pf_reader *best = NULL;
    const struct foreign *foreign;
    const uint8_t *head;
    char suffix[32];
    size_t size;
    int best_score = 0;

    if (pf_source_peek(src, HEAD, &head, &size, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct pf_reader *reader = list->formats[i].reader;
        int score = reader == NULL          ? 0
                    : reader->probe != NULL ? reader->probe(reader, head, size)
                    : reader == by_suffix   ? CERTAIN /* it is told by nothing else */
                                            : 0;
        /* Of equal scores, the suffix decides. */
        if (score > best_score || (score > 0 && score == best_score && reader == by_suffix)) {
            best = reader;
            best_score = score;
        }
    }
    suffix_of(name, suffix);
    foreign = best_score < CERTAIN ? foreign_of(suffix, head, size) : NULL;
    if (foreign != NULL && foreign->reader != NULL) {
        const struct pf_reader *named = pf_reader_by_name(list, foreign->reader);
        /* Many a program calls the text it writes .xls, so that Excel opens it. */
        if (foreign != workbook || best_score < TEXT_TABLE)
            best = named;
        foreign = named != NULL ? NULL : foreign;
    }
    /* The suffix of a format of ours and nothing speaking for another: its reader says best what is wrong with the content. */
    if (best == NULL && foreign == NULL)
        best = by_suffix;
    /* What looks possible to the reader that the suffix names is its own: workbooks are archives, whatever comes first in them. */
    if (best != NULL && best == by_suffix && best_score >= POSSIBLE)
        foreign = NULL;
    if (best == NULL || foreign != NULL)
        return unsupported(list, suffix, foreign, err);
    *out = best;
    return PF_OK;
}
