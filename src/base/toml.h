/* TOML: the part of it that settings and manifests need, read strictly.
 *
 * Read are comments, [tables] (also [a.b]), keys of letters, digits, '-' and '_', basic and literal texts on one line, decimal
 * integers and floats, true and false, and arrays of these on one or several lines. All else of TOML 1.0 (dotted and quoted keys,
 * dates, texts of several lines, numbers to another base, inf and nan, arrays in arrays, inline tables, arrays of tables), and
 * all that is not TOML, is refused with its line. */
#ifndef PF_BASE_TOML_H
#define PF_BASE_TOML_H

#include "base/error.h"
#include "base/memory.h"

enum {
    PF_TOML_BYTES = 256 << 10, /* of a file */
    PF_TOML_ENTRIES = 1024,    /* of a file */
    PF_TOML_TABLES = 256,
    PF_TOML_ITEMS = 1024 /* of an array */
};

enum pf_toml_kind { PF_TOML_TEXT, PF_TOML_INTEGER, PF_TOML_FLOAT, PF_TOML_BOOL, PF_TOML_ARRAY };

struct pf_toml_value {
    enum pf_toml_kind kind;
    /* The text; of a number, true and false as it is written, without '_' and without a '+' in front. NULL for an array. Valid
     * UTF-8 that ends with NUL and has no NUL in it. */
    const char *text;
    int64_t integer;                   /* INTEGER; BOOL: 0 or 1 */
    double number;                     /* FLOAT and INTEGER */
    const struct pf_toml_value *items; /* of an array; none of them is an array */
    uint32_t count;
    int64_t line;
};

struct pf_toml_entry {
    const char *table; /* "" = before the first table; "a.b" for [a.b] */
    const char *name;
    struct pf_toml_value value;
    int64_t line;
};

struct pf_toml_table {
    const char *name;
    int64_t line;
};

/* What was read, in the order of the file. It owns every text. */
struct pf_toml {
    struct pf_arena arena;
    struct pf_toml_entry *entries;
    struct pf_toml_table *tables;
    uint32_t entry_count, entry_capacity, table_count, table_capacity;
};

void pf_toml_init(struct pf_toml *toml, struct pf_memory *memory);
void pf_toml_free(struct pf_toml *toml);
/* Reads size bytes into an empty toml. PF_BAD_DATA with err->line, PF_LIMIT, PF_NO_MEMORY; the caller adds the source. */
enum pf_status pf_toml_read(struct pf_toml *toml, const char *bytes, size_t size, struct pf_error *err);
/* The same for a file; errors name it. PF_NOT_FOUND when there is none, PF_IO when it cannot be read. */
enum pf_status pf_toml_load(struct pf_toml *toml, const char *path, struct pf_error *err);
/* The value of a name in a table ("" = before the first); NULL = there is none. */
const struct pf_toml_value *pf_toml_find(const struct pf_toml *toml, const char *table, const char *name);
/* "a text", "an array": for messages about a value of the wrong kind. */
const char *pf_toml_kind_word(enum pf_toml_kind kind);

#endif
