/* What the files of the CSV format share. */
#ifndef PF_FORMATS_CSV_CSV_H
#define PF_FORMATS_CSV_CSV_H

#include "base/text.h"
#include "formats/csv/csv_format.h"
#include "formats/header_option.h"
#include "formats/text_input.h"

enum {
    CSV_PAD = 64,     /* readable bytes behind a block */
    CSV_SEQUENCE = 8, /* longest delimiter or comment mark, in bytes */
    CSV_LOOK_AHEAD = CSV_SEQUENCE + 3
};

/* ---- dialect */

struct csv_dialect {
    uint8_t delimiter[CSV_SEQUENCE], comment[CSV_SEQUENCE];
    uint8_t delimiter_size; /* 1.. */
    uint8_t comment_size;   /* 0 = no comments */
    int quote;              /* a byte; -1 = none */
    int escape;             /* a byte; -1 = none (a quote inside quotes is doubled) */
    bool escape_in_quotes;  /* only: it was guessed, and elsewhere a backslash is more often part of a path */
    bool trim;              /* compat: spaces before a field do not count, lines of blanks are blank */
};

/* Which parts of the dialect the user has set; the rest is detected. */
struct csv_given {
    bool delimiter, quote, escape, comment;
};

/* Reads the options into dialect. PF_BAD_OPTION, PF_UNSUPPORTED. */
enum pf_status csv_dialect_options(const struct pf_csv_read_options *options, struct csv_dialect *dialect,
                                   struct csv_given *given, struct pf_error *err);
/* The bytes that a text such as "tab", "\t", "\x01" or "||" means; false when they are none or too many. */
bool csv_option_bytes(const char *text, uint8_t to[CSV_SEQUENCE], uint8_t *size);
/* The reverse, for messages and facts. */
const char *csv_show_bytes(const uint8_t *bytes, size_t size, char to[4 * CSV_SEQUENCE + 1]);

/* --header, in physical lines. */
enum pf_status csv_header_option(const char *text, struct pf_header_option *out, struct pf_error *err);

/* Texts that stand for null. */
struct csv_null {
    const uint8_t *text;
    uint32_t size;
};
struct csv_null_list {
    struct csv_null *items;
    uint32_t count;
    uint64_t sizes; /* bit min(size, 63) is set for the size of every item */
};
/* All options by themselves. PF_BAD_OPTION, PF_UNSUPPORTED. */
enum pf_status csv_check(const void *options, struct pf_memory *memory, struct pf_error *err);
/* PF_BAD_OPTION where no number could have the form in the dialect. A field in quotes may hold a delimiter. */
enum pf_status csv_number_check(const struct pf_number_form *form, const struct csv_dialect *dialect,
                                const struct csv_given *given, struct pf_error *err);
/* --decimal and --thousands; *given: they differ from what is usual. */
enum pf_status csv_number_option(const struct pf_csv_read_options *options, struct pf_number_form *out, bool *given,
                                 struct pf_error *err);
enum pf_status csv_null_option(const char *text, struct pf_arena *arena, struct csv_null_list *out, struct pf_error *err);

/* ---- walk: the grammar, a step at a time; for every dialect. The words below must say the same, only faster. */

enum csv_state {
    CSV_AT_RECORD, /* before the first byte of a record */
    CSV_AT_FIELD,
    CSV_PLAIN,
    CSV_QUOTED,
    CSV_CLOSED, /* behind a quote that ends a quoted field or is the first of two */
    CSV_COMMENT
};
enum csv_event {
    CSV_NOTHING,
    CSV_FIELD_END,  /* a delimiter began at the byte stepped on */
    CSV_RECORD_END, /* a line ended at the byte before the new *at */
    CSV_INNER_LINE  /* the same, inside a record */
};
/* Takes the byte or sequence at *at and moves *at behind it. size is the end of all bytes; what a step needs to see lies within
 * CSV_LOOK_AHEAD bytes. */
enum csv_event csv_step(const struct csv_dialect *dialect, enum csv_state *state, const uint8_t *bytes, size_t size,
                        size_t *at);
bool csv_is_delimiter(const struct csv_dialect *dialect, const uint8_t *bytes, size_t size, size_t at);

struct csv_value {
    uint32_t offset, size;
    uint8_t kind; /* enum pf_text_kind; a field without text is PF_TEXT_NULL unless it stood in quotes */
};
/* Value of the field at start..end, without quotes and escapes; changes bytes in place. */
struct csv_value csv_take(const struct csv_dialect *dialect, uint8_t *bytes, uint32_t start, uint32_t end);
/* The same for a field that begins with quote, in a dialect without escape. */
struct csv_value csv_take_quoted(uint8_t *bytes, uint32_t start, uint32_t end, uint8_t quote);

/* ---- index: where fields and records end */

/* What is carried from one word of 64 bytes to the next. A block begins with inside 0 and before 1. */
struct csv_words {
    uint64_t inside; /* all ones inside quotes, else 0 */
    uint64_t before; /* 1 when a quote would open a field or double the quote before it */
};

/* Where a block may end. */
struct csv_border {
    struct csv_words words;
    enum csv_state state;
    size_t at;         /* bytes looked at */
    size_t end;        /* bytes up to the last end of a record; 0 = none yet */
    int64_t rows;      /* records that end there or before, blank lines included */
    int64_t lines;     /* physical lines that end there or before */
    int64_t all_lines; /* physical lines that end before at */
    int64_t max_rows;  /* at least 1 */
    bool full;         /* max_rows are there: end is where to cut */
};

/* Field ends, record ends and line ends inside records of a part of a block. Room is the caller's: 64 more than the bytes
 * indexed. */
struct csv_index {
    struct csv_words words;
    enum csv_state state;
    size_t at;
    uint32_t *position;   /* of delimiters and line ends outside quotes */
    uint32_t *record_end; /* indexes into position */
    uint32_t *inner;      /* positions of line ends inside records */
    uint32_t position_count, record_count, inner_count;
};

/* Once all size bytes of a block are indexed: ends the last record where no line end does. */
void csv_index_last(struct csv_index *index, size_t size);

struct csv_kernel {
    /* Goes on looking until size, or until short of it by what must be seen ahead unless final (nothing follows). */
    void (*border)(const struct csv_dialect *dialect, struct csv_border *border, const uint8_t *bytes, size_t size, bool final);
    /* Adds what lies between index->at and to (a multiple of 64, or size). */
    void (*index)(const struct csv_dialect *dialect, struct csv_index *index, const uint8_t *bytes, size_t to, size_t size);
};

extern const struct csv_kernel csv_kernel_walk;   /* every dialect */
extern const struct csv_kernel csv_kernel_scalar; /* one-byte delimiter, no escape, no comment, no trim */
#if defined(__x86_64__)
extern const struct csv_kernel csv_kernel_avx2;
#endif
/* features: bits of enum pf_cpu_feature. */
const struct csv_kernel *csv_kernel_for(const struct csv_dialect *dialect, uint32_t features);

/* ---- samples, for detection */

struct csv_sample {
    const uint8_t *bytes;
    size_t size;
    bool starts; /* its first byte begins a record */
    bool ends;   /* nothing follows it in the source */
};
struct csv_samples {
    struct csv_sample part[3]; /* head, middle, tail */
    uint32_t count;
};

struct csv_span {
    size_t start, end;
    bool quoted;
};
struct csv_record {
    size_t start, end, next; /* end: without the line end */
    uint32_t fields;
    uint32_t quoted;    /* fields that begin with a quote */
    uint32_t malformed; /* quoted fields with text behind the closing quote */
    uint32_t lines;     /* physical lines it takes */
    bool blank, comment;
};
/* The record at *at, which is moved behind it; false when none is complete. spans gets the first room fields. */
bool csv_next_record(const struct csv_dialect *dialect, const struct csv_sample *sample, size_t *at, struct csv_span *spans,
                     uint32_t room, struct csv_record *out);
/* Bytes of the physical line at at, its line end included. */
size_t csv_line_size(const uint8_t *bytes, size_t size, size_t at);
/* 0 when no line ends at at, else the bytes of the line end. */
size_t csv_line_end(const uint8_t *bytes, size_t size, size_t at);

enum csv_cell { CSV_CELL_EMPTY, CSV_CELL_TEXT, CSV_CELL_NUMBER, CSV_CELL_TIME, CSV_CELL_BOOL };
/* What a field looks like; blanks around it do not count. */
enum csv_cell csv_cell_of(const uint8_t *bytes, size_t size);

struct csv_score {
    double value;     /* 0..1 */
    uint32_t records; /* seen in all samples */
    uint32_t same;    /* of them with fields fields */
    uint32_t fields;  /* most records have so many */
    uint32_t quoted, malformed, nonempty;
    bool torn; /* at least half of the records are split, but not as prose is by commas */
};
void csv_score_dialect(const struct csv_dialect *dialect, const struct csv_samples *samples, struct csv_score *out);

struct csv_detected {
    struct csv_score score;
    bool unsure;
    char tried[160]; /* what was tried, for the warning */
};
/* Fills what is not given. */
void csv_detect_dialect(struct csv_dialect *dialect, const struct csv_given *given, const struct csv_samples *samples,
                        struct csv_detected *out);

/* ---- encoding */

struct csv_encoding {
    const char *name;  /* static, or the user's text */
    double confidence; /* 1 = known */
    uint32_t bom_size;
    uint32_t unit; /* pf_encoding_unit; 0 = where a character stands in the source is not known, unless it is UTF-8 */
    bool utf8;
    bool unsure;
};
/* Of raw samples; head first. */
void csv_detect_encoding(const struct csv_sample *samples, uint32_t count, struct csv_encoding *out);

/* ---- input: the source as UTF-8, with a way back */

enum pf_status csv_input_open(struct pf_text_input *input, struct pf_context *ctx, struct pf_source *src,
                              const struct csv_encoding *encoding, struct pf_error *err);
/* Back to the first byte behind the byte order mark; the source has been rewound. */
enum pf_status csv_input_rewind(struct pf_text_input *input, const struct csv_encoding *encoding, struct pf_error *err);
/* *source_size grows by what the bytes passed over take in the source. */
enum pf_status csv_input_skip(struct pf_text_input *input, const struct csv_encoding *encoding, int64_t size,
                              int64_t *source_size, struct pf_error *err);
/* What text read from a source takes there. */
int64_t csv_source_size(const struct csv_encoding *encoding, const uint8_t *bytes, size_t size);

/* ---- the reader */

struct csv_reader {
    struct pf_context *ctx;
    struct pf_source *src;
    struct pf_arena arena;
    struct csv_dialect dialect;
    const struct csv_kernel *kernel;
    uint32_t features;
    struct csv_encoding encoding;
    struct csv_null_list nulls;
    enum pf_csv_ragged ragged;
    size_t max_record, block_bytes;
    bool compat;
    bool skips_marks; /* lines of '#' at the head may be left out */
    uint32_t marks;   /* that were */

    const char **names;
    uint32_t column_count;
    bool has_header;
    const uint8_t *header_text; /* the header's record, when it is one; header_size 0 = none */
    uint32_t header_size;
    const struct pf_number_form *numbers; /* NULL = plain */
    struct pf_number_form number_form;
    int64_t header_line;  /* from 1; 0 = none */
    const char *line_end; /* "lf", "crlf", "cr", "mixed", "" */
    int64_t data_offset;  /* bytes of UTF-8 between the byte order mark and the first record of data */
    int64_t data_line;    /* physical lines before it */
    bool opened_input;    /* open has read beyond what can be peeked at: input stands at the first record */

    /* the pass */
    const struct pf_pass *pass;
    struct pf_text_input input;
    int64_t offset, line; /* of the next block, in the source; offset -1 = not known */
    uint64_t number;
    size_t next_size; /* bytes to read for the next block */
    bool ended;
};

enum pf_status csv_open(const struct pf_reader *self, void *state, struct pf_context *ctx, struct pf_source *src,
                        const void *options, struct pf_error *err);
enum pf_status csv_start(void *state, const struct pf_pass *pass, struct pf_error *err);
enum pf_status csv_cut(void *state, struct pf_block *block, struct pf_error *err);
enum pf_status csv_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                          struct pf_decoded *out, struct pf_error *err);

/* What the bytes, whole records, have that Spark's reader reads otherwise: bits for csv_foreign. */
uint32_t csv_survey(const struct csv_dialect *dialect, const uint8_t *bytes, size_t size);
const char *csv_foreign(const void *state, uint32_t met, pf_foreign_fn emit, void *user);

/* The header and the columns, from a sample that begins behind skipped rows: fills names, column_count, header_*, data_*.
 * line, offset: of the sample in the source. *more: the sample is too short to tell. */
enum pf_status csv_find_header(struct csv_reader *reader, const struct pf_header_option *option, const struct csv_sample *head,
                               const struct csv_score *score, int64_t line, int64_t offset, bool *more, struct pf_error *err);
/* Whether the record at at is a header; see docs/design/csv.md. */
bool csv_looks_like_header(const struct csv_dialect *dialect, const struct csv_sample *head, size_t at);
/* Where no delimiter fits, so that a row would be one column: that of 1.0.9, which filled short rows. Not one that tears text apart
 * (blanks, colons), nor one by which a row is longer than the first: such files were damaged or refused. */
void csv_compat_delimiter(struct csv_dialect *dialect, const struct csv_sample *head, struct csv_score *score);
/* The rule of 1.0.9. */
bool csv_compat_header(const struct csv_dialect *dialect, const struct csv_sample *head);
/* Columns without a name, up to count columns in all. */
enum pf_status csv_add_columns(struct csv_reader *reader, uint32_t count, struct pf_error *err);
/* --ragged extend: reads all of the source for the widest row and rewinds it. */
enum pf_status csv_find_widest(struct csv_reader *reader, uint32_t *widest, struct pf_error *err);

#endif
