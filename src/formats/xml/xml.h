/* XML: the parts of the reader.
 *
 *   encoding.c the encoding of a document, and the source as UTF-8
 *   path.c     the tree of paths, and the rule that tells which elements are rows
 *   scan.c     one piece of markup at a time, for cutting
 *   cut.c      blocks that are whole rows and parse by themselves
 *   walk.c     expat's events as the items of a row
 *   rows.c     items in columns
 *   fold.c     several values, or a whole element, as one text
 *   survey.c   opening: the row element and the columns
 *   names.c    what the columns are called
 *   decode.c   a block as text columns
 *   foreign.c  how Spark is called to read the same
 *   nested.h   --nested and --relational: what paths are, and a block as lists and structs, or as the rows of one table
 *   reader.c   the descriptor: open, table, tell, facts, options */
#ifndef PF_FORMATS_XML_XML_H
#define PF_FORMATS_XML_XML_H

/* The limits of entities are declared for a library that has document types; ours has. */
#define XML_DTD 1
#include <expat.h>
#include <stdatomic.h>
#include <string.h>

#include "arrow/array.h"
#include "base/text.h"
#include "base/thread.h"
#include "formats/text_input.h"
#include "formats/xml/xml_format.h"

enum {
    XML_PAD = 64, /* readable bytes behind a block */
    XML_DEEPEST = 100000
};

#define XML_NO_COLUMN UINT32_MAX

static inline bool xml_is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}
/* Line ends; in a loop that is made of vectors, as lines are short. */
static inline int64_t xml_count_lines(const uint8_t *bytes, size_t size)
{
    int64_t lines = 0;
    size_t at = 0;

    while (at < size) {
        const size_t part = size - at < 255 ? size - at : 255;
        uint8_t count = 0;

        for (size_t i = 0; i < part; i++)
            count = (uint8_t)(count + (bytes[at + i] == '\n'));
        lines += count;
        at += part;
    }
    return lines;
}
static inline bool xml_all_blank(const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    while (at < size && xml_is_blank(bytes[at]))
        at++;
    return at == size;
}

struct xml_encoding {
    char name[48];
    uint32_t bom_size;
    bool utf8;
};

/* By byte order mark, zeros and declaration. */
void xml_find_encoding(struct xml_encoding *out, const uint8_t *head, size_t size);
enum pf_status xml_input_open(struct pf_text_input *input, struct pf_context *ctx, struct pf_source *src,
                              const struct xml_encoding *encoding, struct pf_error *err);
/* ---- paths */

struct xml_path {
    uint32_t parent; /* 0 = of the document itself, which is path 0 */
    uint32_t name_size;
    const char *name; /* as written, with its prefix */
    uint64_t hash;
    uint32_t column;
    uint32_t depth;
    bool attribute;
    bool repeated; /* has had several values in one row */
    bool row;      /* is a row element */
};

struct xml_tree {
    struct pf_memory *memory;
    struct pf_arena arena;
    struct xml_path *paths;
    uint32_t count, capacity;
    uint32_t *slots; /* path + 0 = free */
    uint32_t slot_count;
};

enum pf_status xml_tree_init(struct xml_tree *tree, struct pf_memory *memory, struct pf_error *err);
void xml_tree_free(struct xml_tree *tree);
/* 0 = there is none. */
uint32_t xml_tree_find(const struct xml_tree *tree, uint32_t parent, bool attribute, const char *name, size_t size);
/* Finds or adds; 0 = out of memory. */
uint32_t xml_tree_add(struct xml_tree *tree, uint32_t parent, bool attribute, const char *name, size_t size);

struct xml_name {
    const char *text;
    size_t size;
};

/* Which elements are rows: those of one path, or of some names. */
struct xml_rule {
    struct xml_name *steps;  /* from the root */
    uint32_t step_count;     /* 0 = by name */
    struct xml_name *others; /* what the last step may be called besides; by xml_order_names */
    uint32_t other_count;
    struct xml_name *tags;
    uint32_t tag_count;
    struct xml_name root; /* size 0 = anywhere */
};

/* How far the open elements outside of rows agree with the rule. */
struct xml_where {
    uint32_t depth, matched, roots;
};

/* Shorter ones first, so that few need to be looked at. */
int xml_order_names(const struct xml_name *a, const struct xml_name *b);
bool xml_same_name(const struct xml_name *name, const char *text, size_t size);
/* An element begins that is in no row. true = it is a row, and where is as before. */
bool xml_enter(const struct xml_rule *rule, struct xml_where *where, const char *name, size_t size);
void xml_leave(const struct xml_rule *rule, struct xml_where *where, const char *name, size_t size);

/* ---- scanning */

enum xml_kind {
    XML_MORE,
    XML_START,
    XML_EMPTY,
    XML_END,
    XML_CDATA,
    XML_COMMENT,
    XML_INSTRUCTION,
    XML_DECLARATION,
    XML_DOCTYPE,
    XML_BAD
};

struct xml_mark {
    enum xml_kind kind;
    size_t start, end; /* of the markup */
    size_t name, name_size;
};

/* The next piece of markup at or behind at. XML_MORE: it is not complete, or there is none; start is where it begins. */
void xml_scan(const uint8_t *bytes, size_t size, size_t at, struct xml_mark *out);

/* ---- what is counted: leaf values */

struct xml_counts {
    int64_t found, written, outside, left_out, skipped; /* skipped: references to entities that are not in the document */
    int64_t inside, stored; /* with several tables: of those written, inside of rows, and in the table of the pass */
    int64_t broken; /* blocks that are not well-formed: what was found in the row that is not whole is not counted further */
    uint32_t outside_path; /* of the first outside; 0 = none */
    char entity[64];
};
void xml_counts_add(struct xml_counts *to, const struct xml_counts *from);

/* ---- reader */

struct xml_ancestor {
    size_t mark; /* bytes of prefix in front of its start tag */
    bool had_rows;
};

/* The state of cutting, outside of rows. */
/* What stands in front of rows, and is carried from block to block. */
enum { XML_HEADING_KIB = 256 };

struct xml_cut {
    struct pf_text_input input;
    struct pf_buffer prefix;
    size_t used; /* bytes of prefix that rows have used */
    struct xml_ancestor *stack;
    uint32_t stack_capacity;
    struct xml_where where;
    bool in_document, no_carry, ended;
    bool capped; /* some of what stands in front of rows was not carried, as there is too much of it */
    int64_t offset, line, documents;
    size_t next_size, block_bytes;
    uint32_t blocks; /* cut so far */
};

struct xml_namespace {
    const char *prefix, *uri;
};

struct xml_shape; /* nested.h */

/* For Spark: the borders of blocks, each with what makes documents of the bytes on both sides. */
struct xml_pieces {
    struct pf_foreign_piece *list;
    uint32_t count, capacity;
    bool none; /* there are borders that have too much in front of them */
};

struct xml_reader {
    struct pf_context *ctx;
    struct pf_source *src;
    const struct pf_xml_read_options *options;
    struct pf_arena arena;
    bool opened;
    struct xml_encoding encoding;
    struct xml_tree tree;
    struct xml_rule rule;
    struct xml_namespace *namespaces; /* with compat only */
    uint32_t namespace_count, namespace_capacity;
    const char **names;
    const struct xml_shape *shape; /* with nested or relational only */
    uint32_t column_count;
    uint32_t cut_columns; /* with shape: as many as blocks were cut for when it was found, so that they are cut alike again */
    uint32_t first_table; /* with several tables: that of the first pass, plus one: what is not well-formed is a reject there */
    int64_t *stored;      /* with several tables: of each, counts.stored of its last pass; -1 = there was none */
    bool told;            /* with several tables: what there is to tell of the document was told */
    char runners[200];    /* what else might have been a row, with counts */
    char row_name[96], root_name[96];
    int64_t sample_rows;
    uint32_t max_depth, element_paths, array_paths;
    bool surveyed;     /* all of the source was looked at */
    atomic_bool wider; /* a pass met what is in no column */
    const struct pf_pass *pass;
    uint32_t *place; /* of a column in the pass; XML_NO_COLUMN = not asked for */
    struct xml_cut cut;
    struct xml_pieces pieces; /* of a survey */
    struct pf_mutex *lock;
    struct xml_counts counts; /* of the pass; guarded by lock */
};

enum pf_status xml_cut_begin(struct xml_reader *reader, struct pf_error *err);
enum pf_status xml_cut_block(struct xml_reader *reader, struct pf_block *block, struct pf_error *err);
void xml_cut_close(struct xml_reader *reader);
static inline size_t xml_prefix_of(const struct pf_block *block)
{
    return (size_t)(uint32_t)block->own[0];
}
static inline size_t xml_used_of(const struct pf_block *block)
{
    return (size_t)(block->own[0] >> 32);
}
/* Of a block's own. */
enum { XML_OWN_PREFIX /* bytes, and in the high half those used */, XML_OWN_LINES, XML_OWN_ROWS, XML_OWN_FLAGS };
enum { XML_BLOCK_ENDS = 1, XML_BLOCK_NO_CARRY = 2, XML_BLOCK_CUT_SHORT = 4, XML_BLOCK_NUMBER = 32 /* a shift */ };
static inline uint32_t xml_number_of(const struct pf_block *block)
{
    return (uint32_t)(block->own[XML_OWN_FLAGS] >> XML_BLOCK_NUMBER);
}

/* ---- walking */

struct xml_item {
    uint32_t path, parent; /* parent: an item; the row's own is itself */
    uint32_t end;          /* behind the last item inside of it */
    uint32_t offset, size; /* in values */
    uint32_t height;       /* rows that it needs */
    uint32_t next;         /* item of the same path in the row; 0 = none */
    bool single;           /* no other of its path has the same parent */
    uint8_t kind;          /* enum pf_text_kind */
    bool value;            /* it is a leaf value, perhaps null */
    bool children;         /* elements are in it */
    bool attributes;
    bool text;  /* some of its text is not blank */
    bool split; /* a child stands behind it */
    bool nil;
    bool folded; /* its value stands for all that is in it */
    bool used;   /* outside: a row had it */
};

struct xml_open {
    uint32_t item;        /* of items or outside */
    uint32_t mark;        /* outside values in front of it */
    int64_t start, after; /* of its start tag; outside of rows only */
    bool had_rows;
    bool old; /* its start stands in the prefix */
};

struct xml_walk {
    const struct xml_reader *reader;
    struct xml_tree *tree; /* grows while surveying */
    struct pf_memory *memory;
    XML_Parser parser;
    struct pf_error *err; /* status other than PF_OK: the walk has stopped */
    bool survey;
    bool keep_values; /* surveying: they stay until the block ends */
    bool again;       /* stopped, as something is in no column */
    bool notes;       /* what Spark reads otherwise is noted in met */
    bool cdata_ended; /* a CDATA section was in the element */
    uint32_t met;
    struct xml_name row_tag; /* of notes */
    size_t prefix, prefix_used;
    bool replayed;    /* the row is of an entity that stands in the prefix: it was given by the block that had the reference */
    int64_t empty_at; /* while an element outside ends that is one tag: where that is; else -1 */
    bool no_carry;
    struct pf_buffer values;
    struct xml_item *items, *outside;
    uint32_t item_count, item_capacity, outside_count, outside_capacity;
    struct xml_open *open;
    uint32_t depth, open_capacity;
    uint32_t row_depth; /* elements that are open around the row; meaningful in_row */
    bool in_row;
    struct xml_where where;
    uint32_t *last; /* by path: outside value + 1 */
    uint32_t last_capacity;
    uint32_t *live; /* outside values that rows get */
    uint32_t live_count, live_capacity;
    bool live_stale;
    struct xml_counts counts;
    int64_t rows_done;
    int64_t row_offset;                                       /* of the row, behind the prefix */
    enum pf_status (*row)(struct xml_walk *walk, void *user); /* a row is whole: items */
    void *user;
};

/* Over the block, with what the caller has set in the walk: row and user, and how it surveys. */
enum pf_status xml_walk_begin(struct xml_walk *walk, const struct xml_reader *reader, struct xml_tree *tree,
                              const struct pf_block *block, struct pf_error *err);
/* The prefix and what follows. PF_BAD_DATA with a place relative to the body: not well-formed. */
enum pf_status xml_walk_run(struct xml_walk *walk, const uint8_t *bytes, size_t size, bool last);
void xml_walk_end(struct xml_walk *walk);
/* Ends the walk of a block that is decoded, begun or not: what it counted goes to the reader, unless err tells a failure, which gets its source. */
enum pf_status xml_walk_done(struct xml_walk *walk, struct xml_reader *reader, struct pf_error *err);
/* Room for count + 1 entries. */
bool xml_room(struct pf_memory *memory, void **list, uint32_t count, uint32_t *capacity, size_t size);

/* ---- rows */

struct xml_columns {
    struct pf_arena *arena;
    uint32_t count;
    int64_t rows, capacity;
    uint32_t **offset, **size;
    uint8_t **kind;
    uint64_t *seen; /* by path: the stamp under which sum was set */
    uint32_t *sum;  /* by path */
    uint64_t stamp;
    bool repeated;             /* a path had several values in one row */
    uint64_t *place;           /* a row */
    const uint8_t *bytes;      /* of the block, behind the prefix */
    int64_t line, line_offset; /* lines before that place */
};

enum pf_status xml_columns_begin(struct xml_columns *columns, const struct xml_reader *reader, struct pf_arena *arena,
                                 int64_t rows, struct pf_error *err);
/* As xml_walk.row; user: struct xml_columns. */
enum pf_status xml_add_row(struct xml_walk *walk, void *user);
/* Under moderate: children of the row that have children become one text. */
enum pf_status xml_fold_children(struct xml_walk *walk);
/* The values of the item and those that follow it by next, as one text: a JSON list, or joined. */
enum pf_status xml_join(struct xml_walk *walk, uint32_t first, bool json, struct xml_item *out);

/* ---- survey */

enum pf_status xml_survey_head(struct xml_reader *reader, const uint8_t *bytes, size_t size, bool all, struct pf_error *err);
/* All of the source, which is rewound before and after. */
enum pf_status xml_survey_all(struct xml_reader *reader, struct pf_error *err);

/* Walks the whole source, which is rewound before and after: row is as in the walk; block (NULL = nothing) comes behind the rows of
 * one, while their values are there. */
struct xml_surveyor {
    enum pf_status (*row)(struct xml_walk *walk, void *user);
    enum pf_status (*block)(struct xml_walk *walk, void *user);
    void *user;
};
enum pf_status xml_survey_blocks(struct xml_reader *reader, const struct xml_surveyor *surveyor, struct pf_error *err);
enum pf_status xml_rule_given(struct xml_reader *reader, struct pf_error *err);
bool xml_append_step(const struct xml_reader *reader, struct pf_buffer *to, const struct xml_path *path);
/* The steps from first, which is path or around it, to path. */
bool xml_append_steps(const struct xml_reader *reader, struct pf_buffer *to, uint32_t path, uint32_t first);
/* What a column of the path is called, before names are told apart. false = out of memory. */
bool xml_append_column_name(const struct xml_reader *reader, struct pf_buffer *to, uint32_t path);
enum pf_status xml_name_columns(struct xml_reader *reader, struct pf_error *err);
/* xmlns or xmlns:prefix; the first of a prefix counts. false = out of memory. */
bool xml_add_namespace(struct xml_reader *reader, const char *name, const char *uri);

/* ---- Spark */

/* What a survey met that Spark reads otherwise. */
enum {
    XML_MET_REPEATED = 1,  /* several values of one path in a row */
    XML_MET_NAMESPACE = 2, /* a namespace is declared in a row, or an element is nil */
    XML_MET_BLANKS = 4,    /* an attribute begins or ends with blanks */
    XML_MET_ROW_TAG = 8,   /* the tag of a row in a value, a comment or an instruction */
    XML_MET_PIECES = 16,   /* a comment or an instruction within a value, or a CDATA section beside other text */
    XML_MET_DOCTYPE = 32,
    XML_MET_DOCUMENTS = 64 /* several documents */
};
/* The walk is one of a survey: it notes in met what its markup is. */
void xml_note_markup(struct xml_walk *walk);
void xml_note_value(struct xml_walk *walk, const uint8_t *value, size_t size, bool attribute);
/* The border at which the next block begins. */
enum pf_status xml_add_piece(struct xml_reader *reader, struct pf_error *err);
const char *xml_foreign(const void *state, uint32_t met, pf_foreign_fn emit, void *user);

/* What expat refused, with all behind it in the block: one reject. err is cleared. */
enum pf_status xml_reject_rest(struct xml_walk *walk, const uint8_t *bytes, size_t size, struct pf_arena *arena,
                               struct pf_decoded *out, struct pf_error *err);
enum pf_status xml_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                          struct pf_decoded *out, struct pf_error *err);

#endif
