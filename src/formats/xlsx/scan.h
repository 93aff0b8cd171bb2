/* XML as SpreadsheetML needs it: elements and attributes as views into the bytes. Source: XML 1.0 fifth edition, Namespaces in XML 1.0.
 *
 * A part that is small (all but sheets and shared strings) is in memory as a whole and is pulled item by item. Well-formedness is
 * checked as far as hostile input needs it: names match, attributes are quoted and come once, references are known, one root, depth
 * limited; a DTD is refused. UTF-8 (with or without BOM) is taken as it is; parts in UTF-16 are converted before (pf_xlsx_part_open). */
#ifndef PF_XLSX_SCAN_H
#define PF_XLSX_SCAN_H

#include "base/memory.h"

enum pf_scan_item {
    PF_SCAN_OPEN,  /* <a ...> or <a ... />: name, attributes; an empty element is followed by its CLOSE */
    PF_SCAN_CLOSE, /* </a> */
    PF_SCAN_TEXT,  /* characters between; runs of text, CDATA and references come one by one */
    PF_SCAN_END
};

struct pf_view {
    const char *text;
    size_t size;
};

/* More than any program writes, and so few that looking for one among them is no work to speak of, for each element of a hostile part. */
enum {
    PF_SCAN_DEPTH = 256,
    PF_SCAN_ATTRIBUTES = 128,
    PF_SCAN_SPACES = 128, /* declarations in scope at a time */
    PF_SCAN_BUCKETS = 64  /* of their prefixes */
};

struct pf_scan_attribute {
    struct pf_view name;  /* local part, without prefix */
    struct pf_view space; /* namespace URI as declared; empty = none */
    struct pf_view value; /* raw: references are resolved by pf_scan_text */
};

struct pf_scan_space;

/* Some 16 KiB: it may lie on the stack. */
struct pf_scan {
    const char *at, *start, *end;
    const char *part; /* for messages */
    uint32_t depth;
    struct pf_view name;  /* of the element opened or closed: local part */
    struct pf_view space; /* its namespace URI as declared */
    struct pf_view text;  /* raw (references) or literal (CDATA) */
    bool literal;         /* text is from CDATA */
    bool pending_close;
    uint32_t attribute_count;
    struct pf_scan_attribute attributes[PF_SCAN_ATTRIBUTES];
    struct pf_view open[PF_SCAN_DEPTH];            /* qualified names, to match ends */
    struct pf_view open_space[PF_SCAN_DEPTH];      /* their namespaces */
    bool rooted;                                   /* the root has been opened */
    struct pf_arena *arena;                        /* namespace declarations */
    struct pf_scan_space *spaces;                  /* those in scope, newest first */
    struct pf_scan_space *bucket[PF_SCAN_BUCKETS]; /* the same by their prefixes */
    struct pf_scan_space *spare;                   /* those out of scope, to be used again */
    uint32_t space_count;
};

void pf_scan_begin(struct pf_scan *scan, struct pf_arena *arena, const char *part, const void *bytes, size_t size);
/* The next item. PF_BAD_DATA names part and byte. */
enum pf_status pf_scan_next(struct pf_scan *scan, enum pf_scan_item *item, struct pf_error *err);
/* After OPEN: everything up to and with the matching CLOSE is passed over. */
enum pf_status pf_scan_skip(struct pf_scan *scan, struct pf_error *err);
/* Whether the element is called local, in a namespace of SpreadsheetML (transitional or strict) or in none. */
bool pf_scan_is(const struct pf_scan *scan, const char *local);
/* Whether view is text. */
bool pf_view_is(struct pf_view view, const char *text);
/* The raw value of an attribute without prefix; text NULL = there is none. */
struct pf_view pf_scan_value(const struct pf_scan *scan, const char *name);
/* Of an attribute in the relationships namespace (r:id), transitional or strict. */
struct pf_view pf_scan_relation(const struct pf_scan *scan);
/* The reference that begins at at ('&'): the character that it stands for, which takes fewer bytes, and the byte after its ';'. NULL =
 * none is known that is written so. */
const char *pf_scan_reference(const char *at, const char *end, uint32_t *code);
/* Appends value with references resolved (&amp; &#10; ...) and, in attributes, white space made blanks. false = out of memory;
 * an unknown reference was refused by pf_scan_next already. */
bool pf_scan_append(struct pf_buffer *to, struct pf_view value, bool attribute);
/* A whole number within limits, blanks around it allowed: false = it is none. */
bool pf_scan_number(struct pf_view value, int64_t least, int64_t most, int64_t *out);

#endif
