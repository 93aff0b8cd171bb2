/* dBase tables: the parts of the reader.
 *
 *   header.c     what the first bytes say: version, fields, where records begin
 *   layout.c     which records there are, whatever the header counts
 *   code_page.c  the encoding of texts, and texts in it as UTF-8
 *   guess.c      the encoding of a file that does not name it
 *   encoding.c   which encoding a table has
 *   database.c   long names of fields, which the database of Visual FoxPro has that the table is of
 *   memo.c       the file beside the table that holds long texts and binaries
 *   value.c      one stored value: numbers, days, moments
 *   column.c     a column of a block, in its own type
 *   text.c       a column of a block as text
 *   reader.c     the descriptor: open, table, cut, decode, facts
 *
 * A record is a flag (blank, or * when it is deleted) and its fields, each of a fixed width. */
#ifndef PF_FORMATS_DBF_DBF_H
#define PF_FORMATS_DBF_DBF_H

#include <string.h>

#include "arrow/array.h"
#include "base/number.h"
#include "base/text.h"
#include "base/thread.h"
#include "formats/dbf/dbf_format.h"

enum {
    DBF_HEAD = 32,               /* bytes before the fields, and of a field, in the usual layout */
    DBF_HEADER_CEILING = 0xFFFF, /* it is a 16 bit number */
    DBF_PAD = 64,                /* readable bytes behind a block */
    DBF_SAMPLE = 24,             /* of a value that was made null */
    DBF_MEMO_CEILING = 1 << 30   /* bytes of one memo */
};

enum dbf_level { DBF_LEVEL_2, DBF_LEVEL_3, DBF_LEVEL_7 };

/* How a field is stored. */
enum dbf_way {
    DBF_HIDDEN, /* null flags, and fields of no type that holds data */
    DBF_TEXT,
    DBF_TEXT_VARYING, /* its last byte may be its length */
    DBF_BYTES,
    DBF_BYTES_VARYING,
    DBF_MEMO_TEXT,
    DBF_MEMO_BYTES,
    DBF_DIGITS,  /* whole number as text */
    DBF_DECIMAL, /* number with decimals as text */
    DBF_FLOAT,   /* number as text, of any size */
    DBF_DAY,
    DBF_LOGICAL,
    DBF_INT32,
    DBF_INT32_LEVEL_7, /* highest byte first, the sign turned around */
    DBF_DOUBLE,
    DBF_DOUBLE_LEVEL_7, /* highest byte first, turned so that bytes sort as numbers do */
    DBF_CURRENCY,
    DBF_MOMENT,
    DBF_MOMENT_LEVEL_7
};

struct dbf_field {
    const char *name; /* UTF-8, in the reader's arena */
    uint8_t raw_name[33];
    uint8_t raw_size;
    const char *long_name; /* of the table's database, in the reader's arena; NULL = the header's it is */
    char type;             /* as stored */
    uint8_t decimals;
    uint8_t flags;
    uint32_t at, size; /* in the record */
    enum dbf_way way;
    int32_t null_bit, length_bit; /* in the null flags; -1 = it has none */
    struct pf_field field;
};

struct dbf_header {
    uint8_t version, language, mdx, encrypted;
    enum dbf_level level;
    uint32_t counted; /* records, by the header */
    uint32_t size;    /* of the header */
    uint32_t record;  /* bytes, with the flag */
    int32_t year, month, day;
    uint32_t field_count;
    struct dbf_field *fields;      /* in the arena */
    const struct dbf_field *nulls; /* the hidden field of null flags; NULL = none */
    char driver[33];               /* level 7: the name of the language driver */
    char backlink[264];            /* the database that the table is of; "" = none */
};

/* Visual FoxPro. */
static inline bool dbf_is_visual(const struct dbf_header *header)
{
    return header->version >= 0x30 && header->version <= 0x32;
}

/* What a table is called, by its first byte. NULL = not one of a table. */
const char *dbf_version_name(uint8_t version);
/* bytes: the first of the file, at most DBF_HEADER_CEILING. */
enum pf_status dbf_header_read(struct dbf_header *header, struct pf_arena *arena, const uint8_t *bytes, size_t size,
                               struct pf_error *err);

/* ---- which records there are */

struct dbf_layout {
    int64_t rows;    /* whole records */
    int64_t missing; /* records that the header counts and the file does not have */
    uint32_t rest;   /* bytes of a record that is cut by the end of the file */
    bool cut;        /* the file ends before its end */
    int64_t behind;  /* bytes behind the last record, without the mark of the end */
};

enum pf_status dbf_layout_find(const struct dbf_header *header, const struct pf_source *src, struct dbf_layout *out,
                               struct pf_error *err);

/* ---- text */

struct dbf_code_page {
    char name[48];
    bool utf8;
    bool single;         /* a byte is a character: by the table */
    uint8_t size[256];   /* bytes of the character in UTF-8 */
    uint8_t to[256][4];  /* them */
    bool undefined[256]; /* the byte is no character */
    uint32_t features;
};

/* The encoding of a language byte; NULL = it names none. */
const char *dbf_language_encoding(uint8_t language);
enum pf_status dbf_code_page_make(struct dbf_code_page *page, struct pf_memory *memory, const char *encoding,
                                  struct pf_error *err);
/* Appends the text in UTF-8. What is no character becomes U+FFFD; *bad tells. false = out of memory. */
bool dbf_decode(const struct dbf_code_page *page, const uint8_t *bytes, size_t size, struct pf_buffer *out, bool *bad);
static inline bool dbf_is_ascii(const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    uint64_t high = 0;

    for (; at + 8 <= size; at += 8) {
        uint64_t word;

        memcpy(&word, bytes + at, sizeof word);
        high |= word;
    }
    for (; at < size; at++)
        high |= bytes[at];
    return (high & UINT64_C(0x8080808080808080)) == 0;
}

/* The texts of a table, to guess by: pairs of bytes of which one is not ASCII. */
struct dbf_guess {
    uint32_t *pairs; /* [before * 256 + byte] */
    bool utf8;       /* all of it is */
    bool high;       /* some of it is not ASCII */
    uint32_t features;
};

bool dbf_guess_begin(struct dbf_guess *guess, struct pf_memory *memory);
void dbf_guess_add(struct dbf_guess *guess, const uint8_t *bytes, size_t size);
/* The likeliest encoding; static. */
enum pf_status dbf_guess_end(const struct dbf_guess *guess, struct pf_memory *memory, const char **encoding,
                             struct pf_error *err);
void dbf_guess_free(struct dbf_guess *guess, struct pf_memory *memory);

/* ---- memos */

enum dbf_memo_kind { DBF_MEMO_NONE, DBF_MEMO_DBT_3, DBF_MEMO_DBT_4, DBF_MEMO_FPT, DBF_MEMO_SMT };

struct dbf_memo {
    enum dbf_memo_kind kind; /* NONE = there is no file */
    struct pf_source *src;
    int64_t size;
    uint32_t block;
    char looked_for[256]; /* when there is none */
};

/* The table's file name, and the length of it without the suffix. */
const char *dbf_stem(const struct pf_source *src, size_t *stem);
/* Looks beside the table for a file of the same name and one of the suffixes, whatever their case. *path in the arena; NULL = none. */
enum pf_status dbf_sibling(struct pf_context *ctx, const struct pf_source *src, struct pf_arena *arena,
                           const char *const *suffixes, const char **path, struct pf_error *err);
/* The same for a file called otherwise: stem and one of the suffixes. */
enum pf_status dbf_neighbour(struct pf_context *ctx, const struct pf_source *src, struct pf_arena *arena, const char *stem,
                             size_t stem_size, const char *const *suffixes, const char **path, struct pf_error *err);
enum pf_status dbf_memo_open(struct dbf_memo *memo, struct pf_context *ctx, const struct pf_source *src,
                             const struct dbf_header *header, struct pf_arena *arena, struct pf_error *err);
/* From a file in memory or on disk, which is the memo's from here on, also after a failure. */
enum pf_status dbf_memo_begin(struct dbf_memo *memo, struct pf_source *src, enum dbf_memo_kind kind, struct pf_error *err);
void dbf_memo_close(struct dbf_memo *memo);

enum dbf_found { DBF_FOUND, DBF_EMPTY, DBF_DAMAGED, DBF_FAILED };

/* Where a memo is, by the field of the record. */
struct dbf_memo_place {
    uint32_t block, length; /* length: of SMT */
};
enum dbf_found dbf_memo_locate(const struct dbf_memo *memo, const uint8_t *stored, uint32_t size, struct dbf_memo_place *place);
/* Its bytes, in to (which is emptied first). FAILED: err says why. */
enum dbf_found dbf_memo_read(const struct dbf_memo *memo, struct dbf_memo_place place, struct pf_buffer *to,
                             struct pf_error *err);

/* ---- values */

enum dbf_value { DBF_VALUE, DBF_NOTHING, DBF_BAD };

enum dbf_value dbf_read_int64(const uint8_t *text, uint32_t size, int64_t *value);
enum dbf_value dbf_read_decimal(const uint8_t *text, uint32_t size, uint32_t precision, uint32_t scale, pf_int128 *value);
enum dbf_value dbf_read_float(const uint8_t *text, uint32_t size, double *value);
enum dbf_value dbf_read_day(const uint8_t *text, int32_t *days);
enum dbf_value dbf_read_logical(uint8_t byte, bool *value);
/* Of eight bytes; microseconds since 1970. */
enum dbf_value dbf_read_moment(const uint8_t *bytes, int64_t *moment);
enum dbf_value dbf_read_moment_7(const uint8_t *bytes, int64_t *moment);
int32_t dbf_read_int32_7(const uint8_t *bytes);
double dbf_read_double_7(const uint8_t *bytes);
/* The bytes of a text without the blanks and zeros at its end. */
uint32_t dbf_text_size(const uint8_t *text, uint32_t size);

/* ---- columns of a block */

/* Values that a column has not, although something is stored. */
struct dbf_trouble {
    int64_t count;
    int64_t row; /* of the first, in the file from 0, deleted ones counted */
    uint8_t sample[DBF_SAMPLE];
    uint32_t sample_size;
};

struct dbf_rows {
    const uint8_t *records; /* of the flag of the first; readable DBF_PAD bytes behind the last */
    int64_t count;
    uint32_t stride;
    int64_t first;          /* in the file, from 0 */
    const uint32_t *places; /* of each in the block; NULL = one after another */
};

struct dbf_reader {
    struct pf_context *ctx;
    struct pf_source *src;
    const struct pf_dbf_read_options *options;
    struct pf_arena arena;
    bool opened;
    struct dbf_header header;
    struct dbf_layout layout;
    struct dbf_code_page page;
    const char *encoding_from;
    struct dbf_memo memo;
    uint32_t *shown; /* fields that are columns, by their place in the header */
    uint32_t shown_count;
    bool with_deleted;        /* one column more, the last */
    const char *deleted_name; /* of it */
    const uint32_t *chosen;
    uint32_t chosen_count;
    int64_t next, block_rows;
    bool cut_told;
    struct pf_mutex *lock;
    struct dbf_trouble *troubles;   /* one a field; guarded by lock */
    struct dbf_trouble *unreadable; /* one a field: characters of no meaning, and memos; guarded by lock */
    int64_t deleted;                /* guarded by lock */
};

/* Fills the code page: what the user says, the language byte, the .cpg file, the text itself; the first that tells. */
enum pf_status dbf_find_encoding(struct dbf_reader *reader, struct pf_error *err);

/* Where the table is of a database of Visual FoxPro: the names that fields have there. A note tells when they cannot be had. */
enum pf_status dbf_take_long_names(struct dbf_reader *reader, struct pf_error *err);

/* What a decoding has at hand. */
struct dbf_decoding {
    const struct dbf_reader *reader;
    struct dbf_rows rows;
    struct dbf_trouble trouble, unreadable; /* of the column */
};

/* Whether the record's null flags say that the field has no value. */
static inline bool dbf_bit_of(const struct dbf_header *header, const uint8_t *record, int32_t bit)
{
    return bit >= 0 && (record[header->nulls->at + (uint32_t)bit / 8] >> (bit & 7) & 1) != 0;
}
static inline const uint8_t *dbf_record(const struct dbf_rows *rows, int64_t row)
{
    return rows->records + row * (int64_t)rows->stride;
}
void dbf_trouble_add(struct dbf_trouble *trouble, const struct dbf_rows *rows, int64_t row, const uint8_t *stored,
                     uint32_t size);
enum pf_status dbf_column(struct dbf_decoding *decoding, const struct dbf_field *field, struct ArrowArray *out,
                          struct pf_error *err);
/* Columns of text and bytes, whatever their type is in the file. */
enum pf_status dbf_text_column(struct dbf_decoding *decoding, const struct dbf_field *field, struct ArrowArray *out,
                               struct pf_error *err);
/* A value as text, for columns that are text on request; compat: as version 1.0 wrote it. At most 400 bytes at to; false = no value. */
bool dbf_print_value(struct dbf_decoding *decoding, const struct dbf_field *field, const uint8_t *stored, int64_t row, char *to,
                     size_t *size);

#endif
