/* --nested: rows whose columns are values, structs of what is in an element, and lists of what is repeated in one.
 *
 *   nested_shape.c  the whole document once, for what every path is; and the fields
 *   nested_rows.c   a block as columns of that shape */
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

/* What every path of the document is. In the reader's arena. */
struct xml_shape {
    struct xml_slot *slots; /* the columns first */
    uint32_t slot_count;
    uint32_t
        *element; /* by path: the slot of such elements or attributes inside of rows; XML_NO_SLOT = there is nothing in them */
    uint32_t *text; /* by path: the slot of the own text of a struct or row, or of a value outside of rows */
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

/* Reads the whole source, which is rewound before and after, and makes the reader's shape, names and column_count. */
enum pf_status xml_nested_survey(struct xml_reader *reader, struct pf_error *err);
enum pf_status xml_nested_schema(const struct xml_reader *reader, struct pf_schema *schema, struct pf_error *err);
/* As pf_reader.decode; typed. */
enum pf_status xml_nested_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                                 struct pf_decoded *out, struct pf_error *err);
/* PF_BAD_OPTION for options that have no meaning together with --nested. */
enum pf_status xml_nested_check(const struct pf_xml_read_options *options, struct pf_error *err);

#endif
