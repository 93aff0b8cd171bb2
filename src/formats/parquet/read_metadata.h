/* What the footer of a Parquet file says, checked and in structs: columns with their types here, row groups, column chunks. */
#ifndef PF_FORMATS_PARQUET_READ_METADATA_H
#define PF_FORMATS_PARQUET_READ_METADATA_H

#include "arrow/schema.h"
#include "base/context.h"
#include "formats/parquet/parquet_format.h"

/* How a value as stored becomes a value of the field's type. */
enum pf_convert {
    PF_CONVERT_NONE, /* the same bytes; also booleans, strings and binary of varying length */
    PF_CONVERT_INT8, /* from INT32, whose range is checked */
    PF_CONVERT_INT16,
    PF_CONVERT_UINT8,
    PF_CONVERT_UINT16,
    PF_CONVERT_HALF,    /* float16 to float32 */
    PF_CONVERT_TIME_MS, /* INT32 to microseconds; times must lie within a day */
    PF_CONVERT_TIME_US,
    PF_CONVERT_TIME_NS,
    PF_CONVERT_TIMESTAMP_MS,
    PF_CONVERT_TIMESTAMP_NS,
    PF_CONVERT_INT96, /* nanoseconds of a day and its Julian number, to microseconds since 1970 */
    PF_CONVERT_DECIMAL32,
    PF_CONVERT_DECIMAL64,
    PF_CONVERT_DECIMAL_BYTES, /* big-endian two's complement, fixed or varying length */
    PF_CONVERT_UUID           /* 16 bytes to the canonical text */
};

enum { PF_UUID_TEXT = 36 };

/* A top-level column of the file. */
struct parquet_column {
    struct pf_field field; /* what it is read as */
    enum parquet_type physical;
    enum pf_convert convert;
    uint32_t width;      /* bytes of a value as decoded: a boolean takes one; 0 = BYTE_ARRAY */
    uint32_t leaf;       /* its place among the column chunks of a row group */
    bool optional;       /* has definition levels */
    const char *refused; /* why it is not read, naming it; NULL = it is */
    const char *nested;  /* of one that is refused as nested: its type, perhaps cut short; else NULL */
    /* By Arrow's own schema, for which the library has no type; NULL = no such thing. */
    const char *duration; /* the unit of an INT64 that is a duration: "milliseconds"; static */
    const char *zone;     /* of instants, when it is not UTC */
};

struct parquet_chunk {
    int64_t start;           /* of the first page: dictionary or data */
    int64_t compressed_size; /* of all pages with their headers */
    int64_t uncompressed_size;
    int64_t values;     /* including nulls */
    int64_t text_bytes; /* of all BYTE_ARRAY values; -1 = not said */
    int64_t nulls;      /* by its statistics; -1 = not said */
    int32_t codec;
    uint32_t encodings;        /* a bit an encoding */
    int16_t type;              /* enum parquet_type; -1 = not said */
    bool elsewhere, encrypted; /* the pages are in another file; are encrypted */
};

struct parquet_group {
    int64_t rows, first_row; /* first_row: in the file, from 0 */
    uint32_t chunk_count;
    struct parquet_chunk *chunks;
};

struct parquet_metadata {
    struct pf_arena arena; /* owns all that follows */
    int32_t version;
    int64_t rows;
    const char *created_by; /* "" = not said */
    struct parquet_column *columns;
    struct parquet_group *groups;
    uint32_t column_count, group_count, leaf_count;
};

/* Of reading, not of the file. */
struct parquet_read_options {
    bool skip_nested;    /* leave out what is not read instead of refusing the table */
    bool binary_as_text; /* BYTE_ARRAY without a logical type is text */
    bool int96_instants; /* INT96 is an instant, in UTC */
};

/* Reads the footer (without its size and magic). The pages of chunks lie before pages_end, or it is PF_BAD_DATA; a column of a kind
 * that is not read is no error here. Also PF_LIMIT (columns), PF_NO_MEMORY. out is freed also after a failure. */
enum pf_status parquet_metadata_read(struct parquet_metadata *out, struct pf_context *ctx,
                                     const struct parquet_read_options *options, const uint8_t *footer, size_t size,
                                     int64_t pages_end, struct pf_error *err);
void parquet_metadata_free(struct parquet_metadata *metadata);

/* ---- between read_metadata.c and read_schema.c */

/* A SchemaElement. Integers are -1 where not said. */
struct parquet_element {
    const uint8_t *name;
    size_t name_size;
    int32_t type, type_length, repetition, children, converted, scale, precision;
    int32_t logical; /* field id in the LogicalType union */
    int32_t unit;    /* enum parquet_time_unit */
    int32_t bits;    /* INTEGER */
    bool utc, is_signed;
};

/* Makes metadata->columns of the elements, of which the first is the root. */
enum pf_status parquet_schema_read(struct parquet_metadata *metadata, const struct parquet_read_options *options,
                                   const struct pf_limits *limits, const struct parquet_element *elements, uint32_t count,
                                   struct pf_error *err);

/* ---- read_arrow.c */

/* Adds what the value of the key ARROW:schema says of the columns; text NULL = there is none. false = out of memory. */
bool parquet_arrow_read(struct parquet_metadata *metadata, struct pf_memory *memory, const uint8_t *text, size_t size);

const char *parquet_type_name(int32_t type);         /* "INT32" */
const char *parquet_encoding_name(int32_t encoding); /* "PLAIN" */

#endif
