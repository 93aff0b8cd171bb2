/* XML documents, as the registry sees them. docs/design/xml.md says what the reader accepts and how it works. */
#ifndef PF_FORMATS_XML_XML_FORMAT_H
#define PF_FORMATS_XML_XML_FORMAT_H

#include "formats/format.h"

enum pf_xml_strategy { PF_XML_CONSERVATIVE, PF_XML_MODERATE, PF_XML_AGGRESSIVE };
enum pf_xml_arrays { PF_XML_EXPAND, PF_XML_CONCATENATE, PF_XML_JSON };
enum pf_xml_namespaces { PF_XML_PRESERVE, PF_XML_STRIP, PF_XML_PREFIX };

struct pf_xml_read_options {
    const char *row_tag;  /* one name, or several with commas; NULL = found by evidence */
    const char *root_tag; /* rows are in elements of this name; NULL = anywhere */
    const char *encoding; /* NULL = as the document says */
    int strategy;         /* enum pf_xml_strategy */
    int arrays;           /* enum pf_xml_arrays */
    int namespaces;       /* enum pf_xml_namespaces */
    bool attributes;      /* they are columns, too */
    bool flatten_nested;
    bool nested;     /* lists and structs in place of flattened columns */
    bool relational; /* what is repeated has tables of its own */
    bool keep_blanks;
    int64_t max_depth, max_name, max_attribute, max_entities;
    bool texts;         /* with nested: values are not typed; set by the core */
    bool compat;        /* names as in 1.0.9, empty elements are null; set by the core */
    size_t block_bytes; /* about this much of the document in a block; 0 = as usual. No option: tests set it */
};

extern const struct pf_reader pf_xml_reader;
extern const struct pf_reader pf_xml_nested_reader;     /* which it is with nested */
extern const struct pf_reader pf_xml_relational_reader; /* ... and with relational */

#endif
