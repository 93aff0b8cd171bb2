/* Schema: the names and types of a table's columns. */
#ifndef PF_ARROW_SCHEMA_H
#define PF_ARROW_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "pyforge/arrow_abi.h"

enum pf_type {
    PF_TYPE_STRING, /* UTF-8 */
    PF_TYPE_BOOL,
    PF_TYPE_INT8,
    PF_TYPE_INT16,
    PF_TYPE_INT32,
    PF_TYPE_INT64,
    PF_TYPE_UINT8,
    PF_TYPE_UINT16,
    PF_TYPE_UINT32,
    PF_TYPE_UINT64,
    PF_TYPE_FLOAT32,
    PF_TYPE_FLOAT64,
    PF_TYPE_DECIMAL128, /* precision 1..38, scale */
    PF_TYPE_DATE32,     /* days since 1970-01-01 */
    PF_TYPE_TIME64,     /* microseconds since midnight */
    PF_TYPE_TIMESTAMP,  /* microseconds since 1970-01-01T00:00:00, of UTC when utc, else of no zone */
    PF_TYPE_BINARY,
    /* Nested types, of columns with types of their own only: no text becomes one. */
    PF_TYPE_LIST,   /* one child: the elements */
    PF_TYPE_STRUCT, /* its members: at least one, of different names */
    PF_TYPE_MAP     /* one child, the entries: a required struct of a required key and a value */
};

enum { PF_NESTING = 32 }; /* lists, structs and maps that a column may have inside one another */

/* Of day and month in dates as text: 31/12/2024 or 12/31/2024. */
enum pf_day_order {
    PF_ORDER_SHOWN, /* the values have to show it */
    PF_DAY_FIRST,
    PF_MONTH_FIRST
};

struct pf_field {
    const char *name; /* UTF-8, the schema's */
    enum pf_type type;
    uint8_t precision;               /* decimal */
    int8_t scale;                    /* decimal */
    bool utc;                        /* timestamp */
    bool required;                   /* the source promises that there are no nulls (of a child: where its parent is there) */
    uint8_t order;                   /* enum pf_day_order: how texts of a declared date or timestamp are read */
    uint32_t child_count;            /* nested types */
    const struct pf_field *children; /* the schema's */
};

static inline bool pf_type_is_nested(enum pf_type type)
{
    return type >= PF_TYPE_LIST;
}

struct pf_schema {
    struct pf_arena arena;
    struct pf_field *fields;
    uint32_t count, capacity;
};

void pf_schema_init(struct pf_schema *schema, struct pf_memory *memory);
void pf_schema_free(struct pf_schema *schema);
/* Adds a field; name (size bytes) and the rest of *like are copied, its children as well. false = out of memory. */
bool pf_schema_add(struct pf_schema *schema, const char *name, size_t size, const struct pf_field *like);
bool pf_schema_copy(struct pf_schema *to, const struct pf_schema *from); /* to is initialised and empty */
/* Index of the field called name, or -1. */
int64_t pf_schema_find(const struct pf_schema *schema, const char *name);
/* "int64", "decimal(12,2)", "timestamp", "timestamptz" (UTC), ... as --schema takes and info shows them. Of a nested type: "list",
 * "struct" or "map". */
const char *pf_type_text(const struct pf_field *field, char to[32]);
/* Appends the type; of a nested one with all that is in it: "list<struct<a: int64, b: string>>". false = out of memory. */
bool pf_type_print(const struct pf_field *field, struct pf_buffer *to);
/* The reverse; also common synonyms (int, integer, bigint, long, text, varchar, double, float, boolean, datetime, ...). */
bool pf_type_parse(const char *text, size_t size, struct pf_field *field);
/* Bytes of one value of a fixed-size type in its data buffer; 0 for bool, string, binary and nested types. */
size_t pf_type_width(enum pf_type type);

/* The schema as an Arrow C schema (a struct of the fields). The caller releases it; it does not refer to schema afterwards. */
enum pf_status pf_schema_export(const struct pf_schema *schema, struct ArrowSchema *out, struct pf_error *err);
/* One field as an Arrow C schema. */
enum pf_status pf_field_export(const struct pf_field *field, struct ArrowSchema *out, struct pf_error *err);

#endif
