/* The numbers of the Parquet format, shared by reader and writer.
 *
 * Names and values are those of parquet.thrift in the Apache Parquet format specification (version 2.11); the compact protocol
 * is that of Apache Thrift. Nothing here knows how a file is read or written. */
#ifndef PF_FORMATS_PARQUET_PARQUET_FORMAT_H
#define PF_FORMATS_PARQUET_PARQUET_FORMAT_H

#include <stdint.h>

struct pf_reader;
struct pf_writer;

extern const struct pf_reader pf_parquet_reader;
extern const struct pf_writer pf_parquet_writer;

/* A file is: magic, column chunks, page indexes, footer (FileMetaData), footer size (4 bytes, little-endian), magic. */
enum {
    PARQUET_MAGIC_SIZE = 4, /* "PAR1"; "PARE" when the footer is encrypted */
    PARQUET_TAIL_SIZE = 8   /* footer size and magic */
};
#define PARQUET_MAGIC           "PAR1"
#define PARQUET_MAGIC_ENCRYPTED "PARE"

enum parquet_type {
    PARQUET_BOOLEAN = 0,
    PARQUET_INT32 = 1,
    PARQUET_INT64 = 2,
    PARQUET_INT96 = 3,
    PARQUET_FLOAT = 4,
    PARQUET_DOUBLE = 5,
    PARQUET_BYTE_ARRAY = 6,
    PARQUET_FIXED_LEN_BYTE_ARRAY = 7
};

enum parquet_repetition { PARQUET_REQUIRED = 0, PARQUET_OPTIONAL = 1, PARQUET_REPEATED = 2 };

enum parquet_converted_type {
    PARQUET_CONVERTED_UTF8 = 0,
    PARQUET_CONVERTED_MAP = 1,
    PARQUET_CONVERTED_MAP_KEY_VALUE = 2,
    PARQUET_CONVERTED_LIST = 3,
    PARQUET_CONVERTED_ENUM = 4,
    PARQUET_CONVERTED_DECIMAL = 5,
    PARQUET_CONVERTED_DATE = 6,
    PARQUET_CONVERTED_TIME_MILLIS = 7,
    PARQUET_CONVERTED_TIME_MICROS = 8,
    PARQUET_CONVERTED_TIMESTAMP_MILLIS = 9,
    PARQUET_CONVERTED_TIMESTAMP_MICROS = 10,
    PARQUET_CONVERTED_UINT_8 = 11,
    PARQUET_CONVERTED_UINT_16 = 12,
    PARQUET_CONVERTED_UINT_32 = 13,
    PARQUET_CONVERTED_UINT_64 = 14,
    PARQUET_CONVERTED_INT_8 = 15,
    PARQUET_CONVERTED_INT_16 = 16,
    PARQUET_CONVERTED_INT_32 = 17,
    PARQUET_CONVERTED_INT_64 = 18,
    PARQUET_CONVERTED_JSON = 19,
    PARQUET_CONVERTED_BSON = 20,
    PARQUET_CONVERTED_INTERVAL = 21
};

/* Field ids of the LogicalType union. */
enum parquet_logical_type {
    PARQUET_LOGICAL_STRING = 1,
    PARQUET_LOGICAL_MAP = 2,
    PARQUET_LOGICAL_LIST = 3,
    PARQUET_LOGICAL_ENUM = 4,
    PARQUET_LOGICAL_DECIMAL = 5, /* 1: scale, 2: precision */
    PARQUET_LOGICAL_DATE = 6,
    PARQUET_LOGICAL_TIME = 7,      /* 1: isAdjustedToUTC, 2: unit */
    PARQUET_LOGICAL_TIMESTAMP = 8, /* 1: isAdjustedToUTC, 2: unit */
    PARQUET_LOGICAL_INTEGER = 10,  /* 1: bit width (an i8), 2: is signed */
    PARQUET_LOGICAL_NULL = 11,
    PARQUET_LOGICAL_JSON = 12,
    PARQUET_LOGICAL_BSON = 13,
    PARQUET_LOGICAL_UUID = 14,
    PARQUET_LOGICAL_FLOAT16 = 15,
    PARQUET_LOGICAL_VARIANT = 16,
    PARQUET_LOGICAL_GEOMETRY = 17,
    PARQUET_LOGICAL_GEOGRAPHY = 18
};

/* Field ids of the TimeUnit union. */
enum parquet_time_unit { PARQUET_MILLIS = 1, PARQUET_MICROS = 2, PARQUET_NANOS = 3 };

enum parquet_encoding {
    PARQUET_PLAIN = 0,
    PARQUET_PLAIN_DICTIONARY = 2, /* format 1.0: in dictionary pages PLAIN, in data pages RLE_DICTIONARY */
    PARQUET_RLE = 3,
    PARQUET_BIT_PACKED = 4, /* old definition levels, most significant bit first */
    PARQUET_DELTA_BINARY_PACKED = 5,
    PARQUET_DELTA_LENGTH_BYTE_ARRAY = 6,
    PARQUET_DELTA_BYTE_ARRAY = 7,
    PARQUET_RLE_DICTIONARY = 8,
    PARQUET_BYTE_STREAM_SPLIT = 9
};

enum parquet_codec {
    PARQUET_UNCOMPRESSED = 0,
    PARQUET_SNAPPY = 1,
    PARQUET_GZIP = 2,
    PARQUET_LZO = 3,
    PARQUET_BROTLI = 4,
    PARQUET_LZ4 = 5, /* Hadoop's framing, not written by anyone any more */
    PARQUET_ZSTD = 6,
    PARQUET_LZ4_RAW = 7
};

enum parquet_page_type { PARQUET_DATA_PAGE = 0, PARQUET_INDEX_PAGE = 1, PARQUET_DICTIONARY_PAGE = 2, PARQUET_DATA_PAGE_V2 = 3 };

enum parquet_boundary_order { PARQUET_UNORDERED = 0, PARQUET_ASCENDING = 1, PARQUET_DESCENDING = 2 };

/* Types of the compact protocol, as they stand in field and list headers. */
enum thrift_type {
    THRIFT_STOP = 0,
    THRIFT_TRUE = 1, /* a field's whole value; in lists 1 or 2 is a byte a value */
    THRIFT_FALSE = 2,
    THRIFT_I8 = 3,
    THRIFT_I16 = 4,
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_DOUBLE = 7,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_SET = 10,
    THRIFT_MAP = 11,
    THRIFT_STRUCT = 12,
    THRIFT_UUID = 13
};

/* ---- field ids of the structs of parquet.thrift */

enum parquet_file_meta_data {
    FILE_VERSION = 1,
    FILE_SCHEMA = 2,
    FILE_NUM_ROWS = 3,
    FILE_ROW_GROUPS = 4,
    FILE_KEY_VALUE_METADATA = 5,
    FILE_CREATED_BY = 6,
    FILE_COLUMN_ORDERS = 7
};

enum parquet_key_value { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };

enum parquet_schema_element {
    SCHEMA_TYPE = 1,
    SCHEMA_TYPE_LENGTH = 2,
    SCHEMA_REPETITION_TYPE = 3,
    SCHEMA_NAME = 4,
    SCHEMA_NUM_CHILDREN = 5,
    SCHEMA_CONVERTED_TYPE = 6,
    SCHEMA_SCALE = 7,
    SCHEMA_PRECISION = 8,
    SCHEMA_FIELD_ID = 9,
    SCHEMA_LOGICAL_TYPE = 10
};

enum parquet_row_group {
    ROW_GROUP_COLUMNS = 1,
    ROW_GROUP_TOTAL_BYTE_SIZE = 2,
    ROW_GROUP_NUM_ROWS = 3,
    ROW_GROUP_SORTING_COLUMNS = 4,
    ROW_GROUP_FILE_OFFSET = 5,
    ROW_GROUP_TOTAL_COMPRESSED_SIZE = 6,
    ROW_GROUP_ORDINAL = 7
};

enum parquet_column_chunk {
    COLUMN_FILE_PATH = 1,
    COLUMN_FILE_OFFSET = 2,
    COLUMN_META_DATA = 3,
    COLUMN_OFFSET_INDEX_OFFSET = 4,
    COLUMN_OFFSET_INDEX_LENGTH = 5,
    COLUMN_COLUMN_INDEX_OFFSET = 6,
    COLUMN_COLUMN_INDEX_LENGTH = 7,
    COLUMN_CRYPTO_METADATA = 8
};

enum parquet_column_meta_data {
    META_TYPE = 1,
    META_ENCODINGS = 2,
    META_PATH_IN_SCHEMA = 3,
    META_CODEC = 4,
    META_NUM_VALUES = 5,
    META_TOTAL_UNCOMPRESSED_SIZE = 6,
    META_TOTAL_COMPRESSED_SIZE = 7,
    META_KEY_VALUE_METADATA = 8,
    META_DATA_PAGE_OFFSET = 9,
    META_INDEX_PAGE_OFFSET = 10,
    META_DICTIONARY_PAGE_OFFSET = 11,
    META_STATISTICS = 12,
    META_ENCODING_STATS = 13,
    META_BLOOM_FILTER_OFFSET = 14,
    META_BLOOM_FILTER_LENGTH = 15,
    META_SIZE_STATISTICS = 16
};

enum parquet_encoding_stats { ENCODING_STATS_PAGE_TYPE = 1, ENCODING_STATS_ENCODING = 2, ENCODING_STATS_COUNT = 3 };

enum parquet_statistics {
    STATISTICS_MAX = 1, /* old, compared as signed bytes: ignored for anything but signed numbers */
    STATISTICS_MIN = 2,
    STATISTICS_NULL_COUNT = 3,
    STATISTICS_DISTINCT_COUNT = 4,
    STATISTICS_MAX_VALUE = 5,
    STATISTICS_MIN_VALUE = 6,
    STATISTICS_IS_MAX_VALUE_EXACT = 7,
    STATISTICS_IS_MIN_VALUE_EXACT = 8
};

enum parquet_page_header {
    PAGE_TYPE = 1,
    PAGE_UNCOMPRESSED_SIZE = 2,
    PAGE_COMPRESSED_SIZE = 3,
    PAGE_CRC = 4, /* CRC-32 of the page as stored, without its header */
    PAGE_DATA_HEADER = 5,
    PAGE_INDEX_HEADER = 6,
    PAGE_DICTIONARY_HEADER = 7,
    PAGE_DATA_HEADER_V2 = 8
};

enum parquet_data_page_header {
    DATA_PAGE_NUM_VALUES = 1,
    DATA_PAGE_ENCODING = 2,
    DATA_PAGE_DEFINITION_LEVEL_ENCODING = 3,
    DATA_PAGE_REPETITION_LEVEL_ENCODING = 4,
    DATA_PAGE_STATISTICS = 5
};

enum parquet_data_page_header_v2 {
    DATA_PAGE_V2_NUM_VALUES = 1,
    DATA_PAGE_V2_NUM_NULLS = 2,
    DATA_PAGE_V2_NUM_ROWS = 3,
    DATA_PAGE_V2_ENCODING = 4,
    DATA_PAGE_V2_DEFINITION_LEVELS_BYTE_LENGTH = 5,
    DATA_PAGE_V2_REPETITION_LEVELS_BYTE_LENGTH = 6,
    DATA_PAGE_V2_IS_COMPRESSED = 7, /* absent = true */
    DATA_PAGE_V2_STATISTICS = 8
};

enum parquet_dictionary_page_header {
    DICTIONARY_PAGE_NUM_VALUES = 1,
    DICTIONARY_PAGE_ENCODING = 2,
    DICTIONARY_PAGE_IS_SORTED = 3
};

enum parquet_column_index {
    COLUMN_INDEX_NULL_PAGES = 1,
    COLUMN_INDEX_MIN_VALUES = 2,
    COLUMN_INDEX_MAX_VALUES = 3,
    COLUMN_INDEX_BOUNDARY_ORDER = 4,
    COLUMN_INDEX_NULL_COUNTS = 5
};

enum parquet_offset_index { OFFSET_INDEX_PAGE_LOCATIONS = 1 };

enum parquet_page_location {
    PAGE_LOCATION_OFFSET = 1,
    PAGE_LOCATION_COMPRESSED_PAGE_SIZE = 2,
    PAGE_LOCATION_FIRST_ROW_INDEX = 3
};

/* ---- fixed numbers of the encodings */
enum {
    PARQUET_HYBRID_GROUP = 8,    /* values a bit-packed run of the RLE hybrid comes in */
    PARQUET_DELTA_BLOCK = 128,   /* values a block of DELTA_BINARY_PACKED, as everyone writes it (readers take any multiple) */
    PARQUET_DELTA_MINIBLOCKS = 4 /* of 32 values */
};

#endif
