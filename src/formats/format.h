/* Formats: the interface every reader and writer implements. Adding a format is adding a folder and a line in registry.c.
 *
 * Reading: open, table (lists the tables), start (begins a pass over one), then cut (one thread, in order) and decode (any thread).
 * cut ends a block at a record border by the format's own rules, so that quotes and newlines need no speculation. Text formats
 * decode to text columns; formats with types of their own decode to typed columns. */
#ifndef PF_FORMATS_FORMAT_H
#define PF_FORMATS_FORMAT_H

#include "arrow/array.h"
#include "arrow/schema.h"
#include "base/context.h"
#include "storage/storage.h"

enum { PF_ABI = 0 }; /* 0 = may change */

/* ---- reader */

/* With --compat 1.0: what the version 1.0 left out of an input with several tables. */
enum pf_doubt {
    PF_NO_DOUBT,
    PF_SMALL_TABLE, /* as it had one row, or one column: that was a loss, and it is read; as the only table in the end */
    PF_NO_TABLE     /* it was not like a table: it is read when it is named, or alone */
};

struct pf_table {
    const char *name;        /* borrowed until close; "" when the format has one unnamed table */
    struct pf_schema schema; /* made by the reader (initialised by the caller); text formats: every field PF_TYPE_STRING */
    int64_t rows;            /* -1 = not known without reading */
    enum pf_doubt doubt;
    bool uncalculated;    /* of a table without columns: it has formulas, whose values nobody has calculated */
    const int64_t *nulls; /* one a field, -1 = not known; borrowed until close. The caller zeroes it: NULL = nothing is known */
};

/* A table that a source is said to have. */
struct pf_listed {
    const char *name; /* borrowed until close */
    bool hidden;
    bool chosen;        /* an option of the reader's names it: no other is meant */
    const char *cannot; /* why it is no table at all: "a chart or a macro sheet"; NULL = it may be one */
};

/* A pass over one table. columns: indexes into the schema, ascending; NULL = all. */
struct pf_pass {
    uint32_t table;
    const uint32_t *columns;
    uint32_t column_count;
    bool keep_records; /* of text: decoding is to tell the text of every row that it keeps, if it can */
    bool survey;       /* decoding is to tell what the blocks have that other readers read otherwise, if it can */
};

struct pf_block {
    int64_t offset; /* of the block in the decompressed source; -1 = not known */
    uint8_t *bytes; /* pf_alloc'd, freed by the engine; readable 64 bytes past size; NULL = decode reads the range itself */
    size_t size;
    int64_t cost;    /* bytes of memory that decoding will need at most, bytes included */
    uint64_t own[4]; /* the reader's */
};

/* One row that was not kept. Places are relative to the block until the engine makes them absolute. */
struct pf_reject {
    int64_t row;        /* in the block, from 0, among rows kept and rejected */
    int64_t line;       /* in the block, from 0: physical line on which the record starts */
    int64_t offset;     /* in the block: first byte of the record */
    uint32_t column;    /* from 1; 0 = the whole row */
    bool by_on_error;   /* a fault that --on-error fail makes an error (bad UTF-8); a ragged row is not: --ragged decides */
    const char *reason; /* static or in the arena */
    const uint8_t *raw; /* the record's text, in the block or the arena */
    size_t raw_size;
};

struct pf_decoded {
    int64_t rows_read; /* = kept + rejected + left_out, checked by the engine */
    int64_t rows_kept, rows_rejected, rows_left_out;
    int64_t rows_short;             /* of those kept: had fewer fields than columns, and got nulls */
    int64_t rows_like_header;       /* of those kept: are the header once more */
    int64_t formulas_without_value; /* in columns of the pass: null, as nobody has calculated them */
    int64_t numbers_rounded;        /* in columns of the pass: whole numbers of more digits than a double keeps */
    int64_t lines;                  /* physical lines in the block */
    uint32_t met;                   /* of a survey: bits of the reader's own, for foreign */
    struct pf_text_column *text;    /* per column of the pass, rows_kept values each; NULL when typed */
    struct pf_batch typed;          /* else this (rows_kept rows, columns of the pass); the engine frees it */
    struct pf_reject *rejects;      /* rows_rejected entries, ascending, in the arena */
    const uint64_t *row_place;      /* per kept row, for messages: pf_place of line and offset in the block; NULL = not known */
    const uint64_t *row_record;     /* per kept row: size << 32 | offset in records; NULL = not told */
    const uint8_t *records;         /* the text of the block as it was before values were rewritten in place; in the arena */
};

/* Blocks are smaller than 4 GiB (a record is at most 1 GiB), and so are the lines in one fewer. */
static inline uint64_t pf_place(uint64_t line, uint64_t offset)
{
    return line << 32 | offset;
}
static inline int64_t pf_place_line(uint64_t place)
{
    return (int64_t)(place >> 32);
}
static inline int64_t pf_place_offset(uint64_t place)
{
    return (int64_t)(place & UINT32_MAX);
}

/* A named fact that info shows: "encoding" = "utf-8", "delimiter" = ",". number: value is a JSON number or true/false, or a list in JSON,
 * which is for programs alone. */
typedef void (*pf_fact_fn)(void *user, const char *name, const char *value, bool number);

/* How another reader of the same format, Spark's, has to be called to read what this one reads. */
enum pf_foreign {
    PF_FOREIGN_OPTION, /* name, value: an option of that reader */
    PF_FOREIGN_NULL,   /* value: a text that means null */
    PF_FOREIGN_SCHEMA, /* value: of what is read, in Spark's words; without it, as many texts as the table has columns */
    PF_FOREIGN_COLUMN, /* value: the expression of the next column in that schema; without any, columns are taken by position */
    PF_FOREIGN_FAILED  /* memory ran out */
};
typedef bool (*pf_foreign_fn)(void *user, enum pf_foreign kind, const char *name, const char *value, size_t size);

enum {
    PF_READER_TYPED = 1,        /* decode gives typed columns */
    PF_READER_READ_AT = 2,      /* needs a source with read_at; the engine unpacks one that has not */
    PF_READER_TELLS_HEADER = 8, /* warns itself when the first row of a table is taken for data */
    PF_READER_NESTED = 16,      /* its columns may be lists and structs: for writers that take them */
    PF_READER_FOLDER_1_0 = 4    /* under --compat 1.0 the output is a folder with a Parquet file in it, called as the input */
};

struct pf_reader {
    uint32_t abi, flags;
    const char *name; /* what --from takes */
    const char *description;
    const char *const *suffixes; /* without the dot, NULL-ended */
    const struct pf_option *options;
    size_t state_size, option_size; /* zeroed by the core; option structs are filled from the table */
    const char *table_word;         /* what a table is called in such files: "sheet"; NULL = "table" */
    size_t compat_offset;           /* of the bool in the option struct that --compat 1.0 sets; 0 = none */
    size_t texts_offset;            /* of a typed one: of the bool that --types string sets; 0 = none */
    /* 0 = not mine ... 100 = certain. head is what the source begins with (decompressed, up to 64 KiB). */
    int (*probe)(const struct pf_reader *self, const uint8_t *head, size_t size); /* NULL = by suffix only */
    enum pf_status (*open)(const struct pf_reader *self, void *state, struct pf_context *ctx, struct pf_source *src,
                           const void *options, struct pf_error *err);
    /* For a format that can have several tables: which there are, without their columns; PF_END after the last. NULL = there is one. */
    enum pf_status (*list)(void *state, uint32_t index, struct pf_listed *out, struct pf_error *err);
    /* What is known of a table; its indexes are those of list. PF_END after the last table. A table without columns is empty. */
    enum pf_status (*table)(void *state, uint32_t index, struct pf_table *out, struct pf_error *err);
    /* Begins a pass; called again for a second one (the engine has rewound the source). pass stays valid until close or the next start. */
    enum pf_status (*start)(void *state, const struct pf_pass *pass, struct pf_error *err);
    /* PF_END after the last block. */
    enum pf_status (*cut)(void *state, struct pf_block *block, struct pf_error *err);
    /* May change block->bytes in place (the block has one owner). Everything in out lives in arena or block, except typed. */
    enum pf_status (*decode)(const void *state, const struct pf_pass *pass, struct pf_block *block, struct pf_arena *arena,
                             struct pf_decoded *out, struct pf_error *err);
    /* After a pass that failed: *again = the pass has shown that the table is another than it seemed, which table tells now; the
     * caller begins anew. NULL = it never does. */
    enum pf_status (*again)(void *state, bool *again, struct pf_error *err);
    /* After a pass that was read whole: warns of what it met. On the thread that cuts. NULL = nothing to tell. */
    void (*tell)(void *state);
    void (*facts)(const void *state, pf_fact_fn emit, void *user);
    void (*close)(void *state); /* also after a failed open */
    /* PF_BAD_OPTION when the options cannot be meant, whatever the source has. NULL = there is nothing to tell. */
    enum pf_status (*check)(const void *options, struct pf_memory *memory, struct pf_error *err);
    /* The reader, with the same options and state, that does what these ask for. NULL = it is this one. */
    const struct pf_reader *(*as)(const void *options);
    /* Of an open reader. Emits how Spark's reader of the format of this name is called, by texts for columns by position; gives NULL, or
     * why that reader would read other values (static, the rest of a sentence). met: of all blocks of a survey; 0 = only the beginning is
     * known. An emit that gives false has run out of memory, and ends it. NULL = it always would. */
    const char *(*foreign)(const void *state, uint32_t met, pf_foreign_fn emit, void *user);
};

/* ---- writer */

enum pf_settle {
    PF_SETTLE_NONE,   /* text is written as it is; nothing is inferred */
    PF_SETTLE_REPAIR, /* columns whose type was contradicted can be replaced afterwards */
    PF_SETTLE_FIRST   /* types must be known before the first row */
};

/* A part of the output that is encoded by any threads and emitted in order (a Parquet row group, a batch as CSV text). Defined by
 * each writer; starts with this. */
struct pf_unit {
    uint64_t number;    /* order, from 0 */
    uint32_t job_count; /* encode is called once for each job 0..job_count-1, concurrently, in about this order */
};

/* What a suffix says of an option that is not given: ".tsv" of the delimiter. Tables end with a row whose suffix is NULL. */
struct pf_implied {
    const char *suffix, *option, *value;
};

struct pf_writer {
    uint32_t abi;
    enum pf_settle settle;
    const char *name; /* what --to takes */
    const char *description;
    const char *const *suffixes;
    const struct pf_option *options;
    size_t state_size, option_size;
    const struct pf_implied *implied; /* NULL = nothing */
    /* sink is borrowed until close. schema is copied. */
    enum pf_status (*open)(const struct pf_writer *self, void *state, struct pf_context *ctx, struct pf_sink *sink,
                           const struct pf_schema *schema, const void *options, struct pf_error *err);
    /* Takes the batch (moved, also on failure). Columns may be absent when the settle is REPAIR: their type is open, they
     * come later by repair. One thread, in order. */
    enum pf_status (*add)(void *state, struct pf_batch *batch, struct pf_error *err);
    /* The next unit that is complete, or NULL; call until NULL after each add, and with last once at the end. The unit is the
     * caller's to bring through encode and emit. */
    enum pf_status (*take)(void *state, bool last, struct pf_unit **unit, struct pf_error *err);
    enum pf_status (*encode)(const void *state, struct pf_unit *unit, uint32_t job, struct pf_error *err); /* any thread */
    enum pf_status (*emit)(void *state, struct pf_unit *unit, struct pf_error *err); /* in order; frees the unit */
    void (*drop)(void *state, struct pf_unit *unit);                                 /* frees one not emitted */
    /* REPAIR only, after the last emit: schema is the settled one; from now on batches hold the given columns only (the others are
     * absent) and the whole file is written anew to sink, old columns copied from the first sink (which has read_at). */
    enum pf_status (*repair)(void *state, const struct pf_schema *schema, const uint32_t *columns, uint32_t column_count,
                             struct pf_sink *sink, struct pf_error *err);
    /* For a format that holds several tables; NULL = it holds one. Right after open it names the first table; after the last unit of a
     * table it begins the next, whose schema is copied. */
    enum pf_status (*table)(void *state, const char *name, const struct pf_schema *schema, struct pf_error *err);
    /* Writes what follows the last unit. rows: what the engine counted, of all tables; PF_INTERNAL when the writer counted otherwise. */
    enum pf_status (*finish)(void *state, int64_t rows, struct pf_error *err);
    void (*close)(void *state); /* also after a failed open */
    /* As of a reader. */
    enum pf_status (*check)(const void *options, struct pf_memory *memory, struct pf_error *err);
    bool nested; /* takes lists, structs and maps; the engine refuses them for others */
};

/* ---- registry */

struct pf_format {
    const struct pf_reader *reader;          /* NULL = not read */
    const struct pf_writer *writer;          /* NULL = not written */
    const char *reader_owner, *writer_owner; /* names of their option tables: "csv reader", "csv writer" */
};

struct pf_format_list {
    const struct pf_format *formats;
    uint32_t count;
    const struct pf_writer *usual_writer; /* when neither option nor suffix names one; NULL = none */
};

extern const struct pf_format_list pf_builtin_formats;

/* "sheet" */
static inline const char *pf_table_word(const struct pf_reader *reader)
{
    return reader->table_word != NULL ? reader->table_word : "table";
}

const struct pf_reader *pf_reader_by_name(const struct pf_format_list *list, const char *name);
const struct pf_writer *pf_writer_by_name(const struct pf_format_list *list, const char *name);
/* By the suffix of a path (a compression suffix is looked through); NULL = none. */
const struct pf_reader *pf_reader_by_suffix(const struct pf_format_list *list, const char *path);
const struct pf_writer *pf_writer_by_suffix(const struct pf_format_list *list, const char *path);
/* By content, then by suffix. PF_UNSUPPORTED names what was seen and the formats known. */
enum pf_status pf_detect_reader(const struct pf_format_list *list, struct pf_source *src, const struct pf_reader **out,
                                struct pf_error *err);
/* Whether path is called a workbook, but its content is read by another reader: text called .xls. */
bool pf_reader_is_misnamed(const struct pf_reader *reader, const char *path);

#endif
