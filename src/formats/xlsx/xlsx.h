/* What the files of the workbook reader share. */
#ifndef PF_FORMATS_XLSX_XLSX_H
#define PF_FORMATS_XLSX_XLSX_H

#include <stdatomic.h>

#include "base/text.h"
#include "formats/header_option.h"
#include "formats/xlsx/workbook.h"
#include "formats/xlsx/xlsx_format.h"

enum {
    XLSX_BLOCK = (1 << 20) - 8192, /* usual size; with what stands around it, a buffer fits a size of the pool */
    XLSX_PAD = 64,                 /* readable bytes behind a block */
    XLSX_PREFIX = 32,              /* longest prefix of element names, with its colon */
    XLSX_REFERENCE = 16            /* room for "XFD1048576" */
};

/* ---- feed: one part of the archive as blocks of whole items: rows of a sheet, entries of the shared strings */

struct xlsx_kind_of_feed {
    const char *container, *item; /* local names */
    char mark[2];                 /* two letters of the container's name that seldom stand together elsewhere ... */
    size_t mark_at;               /* ... and where they stand in it */
    uint32_t depth;               /* of the container: 1 = the root */
};
extern const struct xlsx_kind_of_feed xlsx_sheet_feed, xlsx_strings_feed;

struct xlsx_feed {
    struct pf_context *ctx;
    const struct xlsx_kind_of_feed *kind;
    const char *part; /* for messages */
    struct pf_zip_stream *stream;
    struct pf_buffer carry; /* of the part, behind the block cut last */
    int64_t offset;         /* of carry in the part */
    size_t next_size;       /* bytes to inflate for the next block */
    size_t block_bytes;
    char prefix[XLSX_PREFIX]; /* of the elements, with its colon; "" = none */
    size_t prefix_size;
    uint32_t next_row; /* number (from 0) of the next row that does not say its own */
    bool preserve;     /* xml:space of the container, or the root: blanks around texts count */
    bool ended;        /* the container was closed */
    bool drained;      /* the stream gives no more */
    /* of a part that is not in UTF-8: */
    struct pf_decoder *decoder;
    struct pf_buffer plain; /* as UTF-8, from plain_at on not given yet */
    size_t plain_at;
    bool decoded; /* all of the part is in plain */
};

/* A block in the making. bytes are the caller's to free. */
struct xlsx_piece {
    uint8_t *bytes;
    size_t size;     /* of whole items */
    size_t capacity; /* XLSX_PAD more are allocated */
    int64_t offset;  /* in the part */
    bool special;    /* there are comments, CDATA sections or instructions in it */
    /* of rows, all from 0: */
    bool empty;           /* there is no row */
    uint32_t before;      /* number that the first row has if it says none */
    uint32_t first, last; /* numbers of the first and last row */
    int64_t valued;       /* number of the last row that has a value or a formula within the range; -1 = none has */
};

/* Opens the part and reads up to the container's first item. */
enum pf_status xlsx_feed_open(struct xlsx_feed *feed, struct pf_context *ctx, const struct pf_xlsx_workbook *workbook,
                              const struct pf_zip_entry *entry, const struct xlsx_kind_of_feed *kind, size_t block_bytes,
                              struct pf_error *err);
void xlsx_feed_close(struct xlsx_feed *feed);
/* PF_END after the last. */
enum pf_status xlsx_feed_next(struct xlsx_feed *feed, struct xlsx_piece *piece, struct pf_error *err);
/* Finds out which rows the piece has, and the last with a value within the range; of a feed of rows, once a piece and in order. */
enum pf_status xlsx_count_rows(struct xlsx_feed *feed, const struct pf_xlsx_range *within, struct xlsx_piece *piece,
                               struct pf_error *err);
/* Leaves a part of about size bytes of the piece, at least one item; the rest comes again. false = it has one item only. */
enum pf_status xlsx_feed_split(struct xlsx_feed *feed, struct xlsx_piece *piece, size_t size, bool *done, struct pf_error *err);

/* Behind the end of the container: the rest of the part, from its closing tag on, to carry. PF_LIMIT when it is very long. */
enum pf_status xlsx_feed_rest(struct xlsx_feed *feed, struct pf_error *err);

/* ---- cursor: what stands between tags, in bytes of one's own that may be rewritten in place */

struct xlsx_cursor {
    uint8_t *at, *end, *start;
    const char *prefix; /* of the elements known here, with its colon */
    size_t prefix_size;
    bool preserve;     /* blanks around texts count, whatever their xml:space says */
    const char *wrong; /* what is not well formed; NULL = nothing */
};

struct xlsx_tag {
    const uint8_t *name; /* local part */
    size_t name_size;
    const uint8_t *attributes; /* behind the name */
    size_t attribute_size;
    bool ours;  /* has the prefix */
    bool close; /* </a> */
    bool empty; /* <a/> */
};

/* Goes over white space, comments and processing instructions to the next tag, and reads it. false = wrong is set: there is text, the
 * bytes end, or the tag is not well formed. */
bool xlsx_next_tag(struct xlsx_cursor *cursor, struct xlsx_tag *tag);
bool xlsx_tag_is(const struct xlsx_tag *tag, const char *name);
/* Whether it is an extension, which may stand in most elements and is passed over: one of another namespace, or the list of them. Whatever
 * else is not known might hold a value, which must not be lost without a word. */
bool xlsx_is_extension(const struct xlsx_tag *tag);
/* The value of an attribute without prefix, raw; NULL = there is none. */
const uint8_t *xlsx_attribute(const struct xlsx_tag *tag, const char *name, size_t *size);
/* After an opening tag that is not empty: to behind its end. */
bool xlsx_skip_element(struct xlsx_cursor *cursor, const struct xlsx_tag *tag);
/* After the opening tag of an element that holds text alone: appends its text at *to, which lies before cursor->at, and goes behind its
 * end. References are resolved, line ends made LF; blanks around it go, as Excel lets them go, unless xml:space keeps them. */
bool xlsx_take_text(struct xlsx_cursor *cursor, const struct xlsx_tag *tag, uint8_t **to);
/* The same for an element of rich text (si, is): its t, and those of its runs, not those of phonetic ones. escapes: _xHHHH_ is the
 * character it names. */
bool xlsx_take_rich(struct xlsx_cursor *cursor, const struct xlsx_tag *tag, uint8_t **to);
/* Replaces _xHHHH_ by the characters; gives the new size. */
size_t xlsx_unescape(uint8_t *text, size_t size);
/* To the first '<' at or behind at; end when there is none. */
const uint8_t *xlsx_find_tag(const uint8_t *at, const uint8_t *end);

/* ---- shared strings */

enum { XLSX_SEGMENT_BITS = 14, XLSX_SEGMENT = 1 << XLSX_SEGMENT_BITS };

struct xlsx_segment {
    uint32_t *offset; /* one a string, and the end */
    uint8_t *bytes;   /* readable 32 bytes past the last; NULL = in the scratch file at place */
    int64_t place;
};

struct xlsx_strings {
    struct xlsx_segment *segments;
    uint32_t segment_count, count;
    uint64_t total;          /* bytes of all texts */
    struct pf_sink *scratch; /* NULL = all is in memory */
};

/* room: bytes of memory that the texts may take before they go to a private file. preserve: blanks around texts count always. */
enum pf_status xlsx_strings_load(struct xlsx_strings *strings, struct pf_context *ctx, const struct pf_xlsx_workbook *workbook,
                                 size_t room, bool preserve, struct pf_error *err);
/* Without the blanks around it: moves *text, and gives the size. */
size_t xlsx_trim(const uint8_t **text, size_t size);
void xlsx_strings_free(struct xlsx_strings *strings, struct pf_context *ctx);

static inline uint32_t xlsx_string_size(const struct xlsx_strings *strings, uint32_t index)
{
    const uint32_t *offset = strings->segments[index >> XLSX_SEGMENT_BITS].offset + (index & (XLSX_SEGMENT - 1));

    return offset[1] - offset[0];
}
/* Copies the text; may write 32 bytes past it. */
enum pf_status xlsx_string_copy(const struct xlsx_strings *strings, uint32_t index, uint8_t *to, struct pf_error *err);

/* ---- the table of a sheet */

enum { XLSX_OUTSIDE = -3, XLSX_UNKNOWN = -2, XLSX_NOT_READ = -1 };

struct xlsx_table {
    const struct pf_xlsx_sheet *sheet;
    struct pf_xlsx_range range; /* of cells that count */
    uint32_t first;             /* row of the first data */
    const char **names;
    uint32_t *place; /* the column of the sheet, one a column of the table; ascending */
    uint32_t column_count;
    bool has_header;
    uint32_t header_row; /* from 0 */
    enum pf_doubt doubt; /* told with compat alone */
    bool uncalculated;   /* no cell has a value, but some have formulas */
    bool scanned;        /* all of the sheet was looked at for columns that have values */
    bool ready;
};

/* A merged range of the sheet, and the value it shows. */
struct xlsx_merged {
    struct pf_xlsx_range range;
    uint32_t reach; /* in the first of each group of ranges: the last row of them all */
    uint32_t size;
    uint8_t kind; /* enum pf_text_kind; PF_TEXT_NULL = it shows nothing */
    const uint8_t *text;
};

enum { XLSX_MERGED_GROUP = 256 }; /* ranges that are passed over together when none of them reaches a row */

/* Sets the reach of the groups. */
void xlsx_merged_group(struct xlsx_merged *merged, uint32_t count);
/* The range to look at after i, which does not reach the row: one that is tall does not make those around it be looked at. */
static inline uint32_t xlsx_merged_step(const struct xlsx_merged *merged, uint32_t i, uint32_t row)
{
    return i % XLSX_MERGED_GROUP == 0 && merged[i].reach < row ? i + XLSX_MERGED_GROUP : i + 1;
}

struct xlsx_reader {
    struct pf_context *ctx;
    struct pf_source *src;
    struct pf_arena arena;
    struct pf_xlsx_workbook workbook;
    bool opened, has_strings, drop_blank, compat;
    struct xlsx_strings strings;
    const struct pf_xlsx_read_options *options;
    size_t block_bytes;
    uint32_t features;
    struct pf_xlsx_range range;              /* of cells that count, in each sheet */
    const struct pf_xlsx_sheet *range_sheet; /* the one that --range names; NULL = none */
    const struct pf_xlsx_named *range_table; /* the Excel table that it names, which has its own header; NULL = none */
    struct xlsx_table table;                 /* at hand */
    struct xlsx_table *tables;               /* one a sheet; those that are ready were looked for */
    const struct pf_xlsx_sheet *merged_of;   /* the sheet whose merged ranges were read */
    struct xlsx_merged *merged;              /* from the top down */
    uint32_t merged_count;
    bool fill;         /* the values of merged ranges are given in all their cells */
    atomic_bool wider; /* a value stands in a column that the table has not */

    /* the pass */
    const struct pf_pass *pass;
    uint32_t pass_columns;
    int32_t *slot; /* one a column of the sheet: column of the pass, or one of those above */
    struct xlsx_feed feed;
    bool feeding;
    struct xlsx_piece held; /* waits behind blank rows */
    int64_t cells;          /* handed out */
    uint32_t next;          /* first row that was not handed out */
    uint64_t number;
    bool ended;
};

enum pf_status xlsx_start(void *state, const struct pf_pass *pass, struct pf_error *err);
enum pf_status xlsx_cut(void *state, struct pf_block *block, struct pf_error *err);
enum pf_status xlsx_decode(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                           struct pf_decoded *out, struct pf_error *err);
/* Which columns of the sheet have values in a piece: used has a byte a column. */
enum pf_status xlsx_mark_used(const struct xlsx_reader *reader, struct xlsx_piece *piece, uint32_t from, uint8_t *used,
                              struct pf_arena *arena, struct pf_error *err);
/* PF_LIMIT when the part is larger than --max-unpacked. */
enum pf_status xlsx_check_size(const struct xlsx_reader *reader, const struct pf_zip_entry *entry, struct pf_error *err);
/* Finds the table of the sheet: header, columns, first row of data. */
enum pf_status xlsx_find_table(struct xlsx_reader *reader, struct pf_error *err);

/* Reads the merged ranges of the sheet and their values, where --fill-merged wants them; once a sheet. */
enum pf_status xlsx_merged_load(struct xlsx_reader *reader, struct pf_error *err);
/* Marks the columns that merged ranges give values to, from a row on. */
void xlsx_merged_mark(const struct xlsx_reader *reader, uint32_t from, uint8_t *used);
/* The first of the rows from `from` on, and before `below`, that a merged range gives a value to; below = none. */
uint32_t xlsx_merged_first(const struct xlsx_reader *reader, uint32_t from, uint32_t below);
/* The merged ranges that name the cells of a row of the header, whose first row is first: one a column of the sheet, NULL = none. */
void xlsx_merged_names(const struct xlsx_reader *reader, uint32_t first, uint32_t row, const struct xlsx_merged **over);

/* PF_BAD_OPTION for a --header or --range that no workbook can have. */
enum pf_status xlsx_check(const void *options, struct pf_memory *memory, struct pf_error *err);
/* What --range says. */
enum pf_status xlsx_choose_range(struct xlsx_reader *reader, struct pf_error *err);

#endif
