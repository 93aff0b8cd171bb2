/* The package of a workbook: parts as text, their relationships and types. Source: ECMA-376 part 2, clauses 6 to 8. */
#ifndef PF_XLSX_PACKAGE_H
#define PF_XLSX_PACKAGE_H

#include "formats/xlsx/scan.h"
#include "formats/xlsx/workbook.h"

/* Against hostile packages. Excel's own files stay far below. */
enum {
    PF_XLSX_PART_BYTES = 64 << 20, /* of a part that is read as a whole */
    PF_XLSX_ALL_BYTES = 512 << 20, /* of all of them: each reading counts */
    PF_XLSX_RELATIONS = 65536,     /* of one part */
    PF_XLSX_TYPES = 131072,        /* in [Content_Types].xml */
    PF_XLSX_SHEETS = 16384,
    PF_XLSX_NAMED = 65536,   /* tables and defined names */
    PF_XLSX_STYLES = 1048576 /* cell styles */
};

/* A part being read: its text and the scanner over it. Views point into it, so they end with it. */
struct pf_xlsx_part {
    struct pf_memory *memory;
    char *bytes; /* UTF-8 with 64 zero bytes after it */
    size_t size;
    struct pf_arena arena;
    struct pf_scan scan;
};

/* Reads the part and stands before its root. The caller closes it, also when this fails. */
enum pf_status pf_xlsx_part_open(struct pf_xlsx_workbook *workbook, const struct pf_zip_entry *entry, struct pf_xlsx_part *part,
                                 struct pf_error *err);
void pf_xlsx_part_close(struct pf_xlsx_part *part);
/* Opens the root element: PF_BAD_DATA when it is not called name. */
enum pf_status pf_xlsx_part_root(struct pf_xlsx_part *part, const char *name, struct pf_error *err);
/* The next child of the element that is open at depth; *found = false: the element is closed. Text is passed over. */
enum pf_status pf_xlsx_part_child(struct pf_xlsx_part *part, uint32_t depth, bool *found, struct pf_error *err);
/* The same for the elements of a list: what is not called name is passed over with all it holds. */
enum pf_status pf_xlsx_part_next(struct pf_xlsx_part *part, uint32_t depth, const char *name, bool *found,
                                 struct pf_error *err);
/* Bytes of a byte order mark, and the encoding that the bytes of a part are in, by the mark, their looks and the declaration; "" = UTF-8. */
enum { PF_XLSX_ENCODING = 32 };
size_t pf_xlsx_encoding(const uint8_t *bytes, size_t size, char to[PF_XLSX_ENCODING]);
/* What a decoder fails with, in words that name the part. */
enum pf_status pf_xlsx_fail_encoding(enum pf_status status, const char *name, const char *encoding, struct pf_error *err);
/* The value of an attribute with its references resolved, in the arena; view without text = NULL without failure. */
enum pf_status pf_xlsx_text_of(struct pf_arena *arena, struct pf_view view, const char **out, struct pf_error *err);

/* The entry called name, however the archive writes slashes and letters; NULL = none. */
const struct pf_zip_entry *pf_xlsx_find(const struct pf_xlsx_workbook *workbook, const char *name);

struct pf_xlsx_relation {
    const char *id;
    const char *type; /* the last word of its URI, the same in strict and transitional packages: "worksheet" */
    const char *part; /* what it points to, without a slash in front; NULL = something outside of the package */
};

struct pf_xlsx_relations {
    struct pf_xlsx_relation *list; /* in their order */
    const struct pf_xlsx_relation **by_id;
    uint32_t count;
};

/* Those of a part ("" = the package); none when the part has none. In arena. */
enum pf_status pf_xlsx_relations_load(struct pf_xlsx_workbook *workbook, struct pf_arena *arena, const char *part,
                                      struct pf_xlsx_relations *out, struct pf_error *err);
/* NULL = none. */
const struct pf_xlsx_relation *pf_xlsx_relation_by_id(const struct pf_xlsx_relations *relations, const char *id);
const struct pf_xlsx_relation *pf_xlsx_relation_by_type(const struct pf_xlsx_relations *relations, const char *type);

/* The content type of the part; when part is NULL, the first part with the type of a workbook that can be read. *type and *found
 * (its name) are in arena, NULL when there is none. */
enum pf_status pf_xlsx_content_type(struct pf_xlsx_workbook *workbook, struct pf_arena *arena, const char *part,
                                    const char **type, const char **found, struct pf_error *err);
/* Whether a content type is that of a workbook that can be read: .xlsx, .xlsm, .xltx, .xltm, .xlam. */
bool pf_xlsx_is_workbook_type(const char *type);

/* ---- kinds.c: what is no such workbook is refused by its kind */

/* By its first bytes. PF_OK: it may be an archive. */
enum pf_status pf_xlsx_refuse_bytes(const struct pf_source *src, struct pf_error *err);
/* An archive without a workbook that can be read. type = of its main part, NULL = it has none. Always fails. */
enum pf_status pf_xlsx_refuse_package(struct pf_xlsx_workbook *workbook, const char *type, struct pf_error *err);

/* ---- styles.c and names.c: entry NULL = the workbook has no such part */

enum pf_status pf_xlsx_styles_load(struct pf_xlsx_workbook *workbook, const struct pf_zip_entry *entry, struct pf_error *err);
/* A list of named ranges that grows; it becomes workbook->named. */
enum pf_status pf_xlsx_named_add(struct pf_buffer *named, const struct pf_xlsx_named *one, struct pf_error *err);
/* The end of the sheet's name in front of a range ('It''s'!A1 or Data!A1), at its '!'; NULL = there is none. */
const char *pf_xlsx_sheet_end(const char *formula);
/* Puts the sheets in the order of their names too, once all are known: names of cells look for theirs. */
enum pf_status pf_xlsx_sheets_sort(struct pf_xlsx_workbook *workbook, struct pf_error *err);
/* What a defined name says, when it is one range of a sheet of the workbook; the name itself and its scope are the caller's. */
bool pf_xlsx_named_range(const struct pf_xlsx_workbook *workbook, const char *formula, struct pf_xlsx_named *out);
/* Adds the tables of all sheets. */
enum pf_status pf_xlsx_tables_load(struct pf_xlsx_workbook *workbook, struct pf_buffer *named, struct pf_error *err);

#endif
