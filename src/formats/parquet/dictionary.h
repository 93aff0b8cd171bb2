/* The distinct values of a column chunk, numbered in the order in which they first occur. */
#ifndef PF_FORMATS_PARQUET_DICTIONARY_H
#define PF_FORMATS_PARQUET_DICTIONARY_H

#include "formats/parquet/encode.h"
#include "formats/parquet/statistics.h"

enum {
    PF_DICTIONARY_ENTRIES = (1 << 17) - 1, /* at most: an index and the hash bits beside it share 32 bits */
    PF_DICTIONARY_BYTES = 1 << 20,         /* at most, in PLAIN: what readers keep in their caches while they decode */
    PF_DICTIONARY_SPAN = 1 << 16
};

enum pf_dictionary_result {
    PF_DICTIONARY_DONE,
    PF_DICTIONARY_FULL, /* a limit was reached: there are too many distinct values */
    PF_DICTIONARY_NO_MEMORY
};

struct pf_dictionary_text {
    uint64_t head[2]; /* the first 16 bytes, zeros after a shorter string */
    uint32_t size;
    uint32_t offset; /* of the bytes in text */
};

struct pf_dictionary {
    struct pf_memory *memory;
    uint32_t width;        /* of a value: 4, 8, 16; 0 = text */
    uint32_t count, limit; /* entries */
    uint32_t capacity;     /* entries that values has room for */
    uint32_t slot_bits;
    uint32_t *slots; /* hash table: hash bits and index, or empty; direct: the index of least, least + 1, ... */
    bool direct;
    uint64_t least;        /* direct: the smallest value */
    uint8_t *values;       /* width > 0: the entries; else struct pf_dictionary_text each */
    struct pf_buffer text; /* width 0: the entries in PLAIN */
};

/* entries, bytes: limits (bytes in PLAIN, 4 or 8 or 16 a fixed-size value), held to those above. expected: entries likely to come.
 * false = out of memory. dictionary needs pf_dictionary_free also then. */
bool pf_dictionary_init(struct pf_dictionary *dictionary, struct pf_memory *memory, uint32_t width, size_t entries,
                        size_t bytes, size_t expected);
/* The same for integers known to lie in least..least + span: no hash is needed. span < PF_DICTIONARY_SPAN. */
bool pf_dictionary_init_direct(struct pf_dictionary *dictionary, struct pf_memory *memory, uint32_t width, size_t entries,
                               size_t bytes, uint64_t least, uint64_t span);
void pf_dictionary_free(struct pf_dictionary *dictionary);
/* Looks count values up, adding those that are new; indexes has room for count. */
enum pf_dictionary_result pf_dictionary_add(struct pf_dictionary *dictionary, const uint8_t *values, size_t count,
                                            uint32_t *indexes);
/* The same with the strings of the next rows that are not null; *found is how many these were. Moves the cursor. */
enum pf_dictionary_result pf_dictionary_add_text(struct pf_dictionary *dictionary, struct pf_slice_cursor *cursor, size_t rows,
                                                 uint32_t *indexes, size_t *found);
/* Width 0: an entry's bytes. */
struct pf_text_view pf_dictionary_text_at(const struct pf_dictionary *dictionary, uint32_t index);
/* Bytes of the entries in PLAIN, stored bytes each (or the strings with their lengths). */
size_t pf_dictionary_plain_size(const struct pf_dictionary *dictionary, uint32_t stored);

#endif
