/* --nested: rows whose columns are values, structs of what is in an element, and lists of what is repeated in one.
 * --relational: the same, but that what is repeated is a table of its own, with keys.
 *
 *   nested_shape.c  the whole document once, for what every path is; and the fields
 *   nested_rows.c   a block as columns of that shape
 *   relational.c    which tables that shape makes, and a block as rows of one of them */
#ifndef PF_FORMATS_XML_NESTED_H
#define PF_FORMATS_XML_NESTED_H

#include "formats/xml/xml.h"
#include "transform/infer.h"

#define XML_NO_SLOT UINT32_MAX

/* A column, or what is in one. It has an entry (a value, or a struct), or a list of them, for each entry of the slot around; a column
 * has one for each row. */
struct xml_slot {
    const char *name;
    uint32_t path;
    uint32_t around;                /* the slot of the struct; XML_NO_SLOT = it is a column */
    uint32_t members, member_count; /* of a struct: slots that follow one another; 0 = values */
    struct pf_target target;        /* of values */
    uint64_t refuted;               /* by what all the values are */
    bool list;
    bool text; /* of the path's own text, beside what is in it */
};

/* The keys are the first columns of a table: its own, and, of what is repeated in something, that and the place in it. */
enum { XML_KEY_ID, XML_KEY_PARENT, XML_KEY_INDEX, XML_ROW_KEYS = 1, XML_ENTRY_KEYS = 3 };

/* What a slot is to a table: nothing, what its rows are in, or a column or what columns are in. */
enum xml_wanted { XML_WANTED_NOT, XML_WANTED_AROUND, XML_WANTED_IN };

/* The rows of one path, or the entries of one list, wherever they are in such rows. */
struct xml_table {
    const char *name;
    uint32_t path; /* of its elements */
    uint32_t row;  /* of the row element that they are, or are in */
    uint32_t slot; /* the list; XML_NO_SLOT = it is one of rows */
    uint32_t key_count;
    uint32_t column_count; /* behind the keys */
    uint32_t *slots;       /* of those columns: values */
    const char **names;    /* of keys and columns */
    uint8_t *wanted;       /* by slot: enum xml_wanted */
    int64_t *before;       /* by block, and one more: its rows in the blocks before */
};

/* How many elements of a path a block has: of those that have any. */
struct xml_tally {
    uint32_t block, path, count;
};

/* What every path of the document is. In the reader's arena. */
struct xml_shape {
    struct xml_slot *slots; /* the columns first */
    uint32_t slot_count;
    uint32_t
        *element; /* by path: the slot of such elements or attributes inside of rows; XML_NO_SLOT = there is nothing in them */
    uint32_t *text;           /* by path: the slot of the own text of a struct or row, or of a value outside of rows */
    struct xml_table *tables; /* with relational: a table comes behind the one that it is of */
    uint32_t table_count;
    uint32_t block_count; /* of the document */
};

/* Texts of one path, as they come. */
struct xml_texts {
    uint32_t count, capacity;
    uint32_t *offset, *size;
    uint8_t *kind;
};

/* item NULL = null. false = out of memory. */
bool xml_texts_add(struct xml_texts *texts, struct pf_arena *arena, const struct xml_item *item);
struct pf_text_column xml_texts_column(const struct xml_texts *texts, const uint8_t *bytes);

/* What a slot has in a block. */
struct xml_cells {
    struct xml_texts texts; /* of values: one an entry */
    uint32_t entries, entry_capacity;
    uint8_t *there; /* of structs: a byte an entry */
    uint32_t lists, list_capacity;
    int32_t *ends; /* of lists: entries up to the end of each */
    uint8_t *list_there;
};

/* A block on its way to columns. */
struct xml_nesting {
    const struct xml_reader *reader;
    const struct xml_shape *shape;
    const struct xml_table *table; /* that is made; NULL = there are no tables */
    struct pf_arena *arena;
    struct xml_cells *cells; /* by slot */
    struct pf_memory *memory;
    const uint8_t *bytes;
    int64_t rows;
    struct pf_error *err;
};

/* So that the slot has something for each of count entries around. false = out of memory. */
bool xml_fill(struct xml_nesting *nesting, uint32_t slot, uint32_t count);
/* The column of a slot of values: its entries. */
enum pf_status xml_make_values(struct xml_nesting *nesting, uint32_t slot, struct ArrowArray *out);

/* ---- tables */

/* The tables of the shape, from what blocks the tallies are of, in their order. */
enum pf_status xml_tables_lay_out(struct xml_reader *reader, struct xml_shape *shape, const struct xml_tally *tallies,
                                  size_t count, struct pf_error *err);
enum pf_status xml_table_schema(const struct xml_reader *reader, uint32_t table, struct pf_schema *schema,
                                struct pf_error *err);
/* After a pass. false = all the tables were read, and together they do not have what is inside of rows. */
bool xml_tables_add_up(struct xml_reader *reader);
/* "tables": their names, how many rows each has, and which has what it is of. */
void xml_tables_fact(const struct xml_shape *shape, pf_fact_fn emit, void *user);
/* Columns of the pass, of the block with that number. broken: it is not well-formed, and has fewer rows than it had when counted. */
enum pf_status xml_make_table(struct xml_nesting *nesting, const struct pf_pass *pass, uint32_t block, bool broken,
                              struct pf_decoded *out);

/* Reads the whole source, which is rewound before and after, and makes the reader's shape, names and column_count. */
enum pf_status xml_nested_survey(struct xml_reader *reader, struct pf_error *err);
enum pf_status xml_nested_schema(const struct xml_reader *reader, struct pf_schema *schema, struct pf_error *err);
/* As pf_reader.decode; typed. */
enum pf_status xml_nested_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                                 struct pf_decoded *out, struct pf_error *err);
/* PF_BAD_OPTION for options that have no meaning together with --nested or --relational. */
enum pf_status xml_nested_check(const struct pf_xml_read_options *options, struct pf_error *err);

#endif
