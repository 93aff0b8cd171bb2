/* The formats built in, and how one is picked: by name, by suffix, by content. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "formats/csv/csv_format.h"
#include "formats/dbf/dbf_format.h"
#include "formats/format.h"
#include "formats/markup.h"
#include "formats/parquet/parquet_format.h"
#include "formats/xlsx/xlsx_format.h"
#include "formats/xlsx_write/xlsx_write_format.h"
#include "formats/xml/xml_format.h"

enum { HEAD = 64 * 1024, CERTAIN = 90, POSSIBLE = 20, TEXT_TABLE = 10 /* of text that may be a table */ };

static const struct pf_format builtin[] = {
    { .reader = &pf_csv_reader, .writer = &pf_csv_writer, .reader_owner = "csv reader", .writer_owner = "csv writer" },
    { .reader = &pf_parquet_reader,
      .writer = &pf_parquet_writer,
      .reader_owner = "parquet reader",
      .writer_owner = "parquet writer" },
    { .reader = &pf_xlsx_reader, .writer = &pf_xlsx_writer, .reader_owner = "excel reader", .writer_owner = "excel writer" },
    { .reader = &pf_dbf_reader, .reader_owner = "dbf reader" },
    { .reader = &pf_xml_reader, .reader_owner = "xml reader" },
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
    { "a web page (HTML)", "|html|htm|xhtml|", NULL, 0, NULL },
    { "a PDF document", "|pdf|", "%PDF-", 5, NULL },
    { "an XML document", "|xml|", "<?xml", 5, "xml" },
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

static const struct foreign *const workbook = &foreign_formats[0], *const zip_archive = &foreign_formats[1],
                                   *const web_page = &foreign_formats[3];

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

/* Suffixes under which many a program writes text, so that Excel opens it. */
static bool is_lent_to_text(const char *suffix)
{
    return pf_same_word(suffix, "xls") || pf_same_word(suffix, "xlt");
}

bool pf_reader_is_misnamed(const struct pf_reader *reader, const char *path)
{
    char suffix[32];

    suffix_of(path, suffix);
    return foreign_by_suffix(suffix) == workbook && !pf_same_word(reader->name, workbook->reader);
}

/* ---- what is refused */

/* What is being told apart. */
struct detection {
    const struct pf_format_list *list;
    const struct pf_reader *by_suffix;
    const struct pf_reader *best; /* by content */
    int score;
    const uint8_t *head;
    size_t size;
    char suffix[32];
    char text[PF_MARKUP_HEAD + 1]; /* the beginning as text */
};

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

static enum pf_status unsupported(const struct detection *detection, const struct foreign *foreign, struct pf_error *err)
{
    const char *suffix = detection->suffix;
    char names[96];

    list_readers(detection->list, names, sizeof names);
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

/* A page where a table was expected is most often what a server said in the table's place. */
static enum pf_status refuse_page(const struct detection *detection, struct pf_error *err)
{
    char words[PF_MARKUP_WORDS];

    pf_fail(err, PF_BAD_DATA, "it is %s, not a table", pf_markup_words(detection->text, words));
    pf_remedy(err, "a download that failed, or wanted a sign-in? Look at it in a browser; --from csv reads it as text");
    return PF_BAD_DATA;
}

/* The suffix promises what the content, which is text, is not. */
static enum pf_status refuse_text(const struct detection *detection, const char *promised, struct pf_error *err)
{
    const char first = detection->text[0];
    const char *what = first == '{' || first == '[' ? "JSON" : first == '<' ? "XML" : "text, such as CSV";

    pf_fail(err, PF_BAD_DATA, "'.%s' says that it is %s, but the content looks like %s", detection->suffix, promised, what);
    if (first == '{' || first == '[' || first == '<')
        pf_remedy(err, "a download that failed? Look at its beginning; --from csv reads it as text");
    else
        pf_remedy(err, "read it with --from csv, or give it the suffix .csv");
    return PF_BAD_DATA;
}

/* Whether nothing but the reader of any text takes it. */
static bool is_any_text(const struct detection *detection)
{
    return detection->best == &pf_csv_reader && detection->by_suffix != &pf_csv_reader && detection->size != 0;
}

/* Text as one of the formats that are told by their first characters. */
static bool is_markup(const struct detection *detection)
{
    return detection->best != NULL && detection->best != detection->by_suffix && pf_same_word(detection->best->name, "xml");
}

static enum pf_status refuse_misnamed(const struct detection *detection, struct pf_error *err)
{
    const struct pf_reader *by_suffix = detection->by_suffix;
    const struct foreign *foreign = foreign_by_suffix(detection->suffix);

    /* "<DATE>,<TIME>" begins tables, too: a page is known by more. */
    if (detection->score < POSSIBLE && pf_markup_is_html(detection->text) && foreign != workbook && foreign != web_page)
        return refuse_page(detection, err);
    if ((!is_any_text(detection) && !is_markup(detection)) || foreign == workbook)
        return PF_OK;
    if (by_suffix != NULL && (by_suffix->flags & PF_READER_TYPED) != 0)
        return refuse_text(detection, by_suffix->name, err);
    if (foreign != NULL && foreign->magic != NULL && foreign->magic[0] != '<')
        return refuse_text(detection, foreign->what, err);
    return PF_OK;
}

/* ---- by content, then by suffix */

static void ask_readers(struct detection *detection)
{
    for (uint32_t i = 0; i < detection->list->count; i++) {
        const struct pf_reader *reader = detection->list->formats[i].reader;
        int score = reader == NULL                   ? 0
                    : reader->probe != NULL          ? reader->probe(reader, detection->head, detection->size)
                    : reader == detection->by_suffix ? CERTAIN /* it is told by nothing else */
                                                     : 0;
        /* Of equal scores, the suffix decides. */
        if (score > detection->score || (score > 0 && score == detection->score && reader == detection->by_suffix)) {
            detection->best = reader;
            detection->score = score;
        }
    }
}

static enum pf_status settle(struct detection *detection, struct pf_error *err)
{
    const struct foreign *foreign =
        detection->score < CERTAIN ? foreign_of(detection->suffix, detection->head, detection->size) : NULL;

    if (foreign != NULL && foreign->reader != NULL) {
        const struct pf_reader *named = pf_reader_by_name(detection->list, foreign->reader);
        if (foreign != workbook || detection->score < TEXT_TABLE ||
            (is_any_text(detection) && !is_lent_to_text(detection->suffix)))
            detection->best = named;
        foreign = named != NULL ? NULL : foreign;
    }
    /* The suffix of a format of ours and nothing speaking for another: its reader says best what is wrong with the content. */
    if (detection->best == NULL && foreign == NULL)
        detection->best = detection->by_suffix;
    /* What looks possible to the reader that the suffix names is its own: workbooks are archives, whatever comes first in them. */
    if (detection->best != NULL && detection->best == detection->by_suffix && detection->score >= POSSIBLE)
        foreign = NULL;
    return detection->best == NULL || foreign != NULL ? unsupported(detection, foreign, err) : PF_OK;
}

enum pf_status pf_detect_reader(const struct pf_format_list *list, struct pf_source *src, const struct pf_reader **out,
                                struct pf_error *err)
{
    const char *name = pf_source_member(src)[0] != '\0' ? pf_source_member(src) : pf_source_name(src);
    struct detection detection = { .list = list, .by_suffix = pf_reader_by_suffix(list, name) };

    if (pf_source_peek(src, HEAD, &detection.head, &detection.size, err) != PF_OK)
        return err->status;
    suffix_of(name, detection.suffix);
    (void)pf_markup_head(detection.head, detection.size, detection.text);
    ask_readers(&detection);
    if (refuse_misnamed(&detection, err) != PF_OK || settle(&detection, err) != PF_OK)
        return err->status;
    *out = detection.best;
    return PF_OK;
}
