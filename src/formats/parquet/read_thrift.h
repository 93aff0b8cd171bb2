/* Thrift's compact protocol, input side: footers and page headers out of bytes that nobody vouches for.
 *
 * Nothing is allocated. Reading never leaves the given bytes; after the first fault `wrong` is set, every further call gives zero or
 * NULL, and every loop over fields or elements ends. So a caller may parse a whole structure and look at `wrong` once. */
#ifndef PF_FORMATS_PARQUET_READ_THRIFT_H
#define PF_FORMATS_PARQUET_READ_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pf_thrift_input {
    const uint8_t *next, *end;
    const char *wrong; /* what is wrong, as the end of "the footer ..."; static; NULL = nothing so far */
    bool cut_off;      /* the fault is that the bytes end too soon: more of them may help */
};

/* A field's header. Zeroed before the first field of a structure; ids are told relative to the one before. */
struct pf_thrift_field {
    int16_t id;
    uint8_t type; /* enum thrift_type; a boolean's value is in it */
};

void pf_thrift_input_init(struct pf_thrift_input *in, const uint8_t *bytes, size_t size);
/* Notes the first fault. why is static. */
void pf_thrift_fault(struct pf_thrift_input *in, const char *why);

/* The next field's header; false at the end of the structure or after a fault. Each field must then be read or skipped. */
bool pf_thrift_next(struct pf_thrift_input *in, struct pf_thrift_field *field);
void pf_thrift_skip(struct pf_thrift_input *in, const struct pf_thrift_field *field);

/* The value of a field; another type than asked for is a fault, except that the integer types stand in for each other. */
int64_t pf_thrift_int64(struct pf_thrift_input *in, const struct pf_thrift_field *field);
int32_t pf_thrift_int32(struct pf_thrift_input *in, const struct pf_thrift_field *field);
bool pf_thrift_bool(struct pf_thrift_input *in, const struct pf_thrift_field *field);
/* Borrowed from the input; NULL after a fault. */
const uint8_t *pf_thrift_binary(struct pf_thrift_input *in, const struct pf_thrift_field *field, size_t *size);
/* True when the field is a structure, whose fields then follow. */
bool pf_thrift_struct(struct pf_thrift_input *in, const struct pf_thrift_field *field);
/* Opens a list and gives its number of elements: never more than the bytes left can hold at least_size bytes an element, so that it
 * may be allocated for. Elements follow one after another: structures by pf_thrift_next, integers by pf_thrift_element. */
uint32_t pf_thrift_list(struct pf_thrift_input *in, const struct pf_thrift_field *field, uint8_t element_type,
                        size_t least_size);
int64_t pf_thrift_element(struct pf_thrift_input *in);

#endif
