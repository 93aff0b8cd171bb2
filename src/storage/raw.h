/* Raw bytes: the lowest layer of a source, without decompression, peeking or spooling. One table of functions a kind of place.
 */
#ifndef PF_STORAGE_RAW_H
#define PF_STORAGE_RAW_H

#include "storage/storage.h"

struct pf_raw;

struct pf_raw_functions {
    /* Next bytes; *got 0 at the end; may give fewer than asked for. */
    enum pf_status (*read)(struct pf_raw *raw, void *to, size_t size, size_t *got, struct pf_error *err);
    /* Any thread; exactly size bytes; NULL = not possible. */
    enum pf_status (*read_at)(const struct pf_raw *raw, int64_t offset, void *to, size_t size, struct pf_error *err);
    /* NULL = not possible. */
    enum pf_status (*rewind)(struct pf_raw *raw, struct pf_error *err);
    void (*close)(struct pf_raw *raw);
    /* PF_BAD_DATA when it is not what it was when it was opened; NULL = that cannot be told. */
    enum pf_status (*check)(const struct pf_raw *raw, struct pf_error *err);
};

struct pf_raw {
    const struct pf_raw_functions *functions;
    struct pf_context *ctx; /* waiting for a pipe ends when the context is cancelled */
    struct pf_memory *memory;
    struct pf_source_stat stat;
    const char *name;             /* borrowed from the source */
    const uint8_t *bytes;         /* memory */
    const struct pf_input *input; /* a caller's functions */
    struct pf_sink *copy;         /* a scratch sink, owned */
    int fd;                       /* file */
    int64_t base;                 /* where the source begins in the file (standard input may be part-way through one) */
    int64_t at;                   /* of sequential reading, from base */
};

struct stat; /* sys/stat.h */
void pf_source_stat_fill(struct pf_source_stat *out, const struct stat *st);

enum pf_status pf_raw_file(struct pf_context *ctx, const char *location, struct pf_raw **out, struct pf_error *err);
enum pf_status pf_raw_memory(struct pf_memory *memory, const void *bytes, size_t size, const char *name, struct pf_raw **out,
                             struct pf_error *err);

/* What a function that is not ours answered: a failure without a word gets one ("NAME could not be read"), and what is no failure of a
 * function is made one. err was clear before the call. */
enum pf_status pf_foreign_answer(enum pf_status status, const char *name, const char *what, struct pf_error *err);
/* Bytes from the function of a caller; input is borrowed. */
enum pf_status pf_raw_given(struct pf_context *ctx, const struct pf_input *input, const char *name, struct pf_raw **out,
                            struct pf_error *err);

/* Reads back what was written to a scratch sink, which is taken over, also on failure. */
enum pf_status pf_raw_copy(struct pf_memory *memory, struct pf_sink *copy, const char *name, struct pf_raw **out,
                           struct pf_error *err);

/* ---- decompression of a stream: one table of functions a method */
struct pf_inflate;

/* "gzip" or "zstd" by the magic bytes at head, "" for neither. */
const char *pf_inflate_detect(const uint8_t *head, size_t size);
enum pf_status pf_inflate_new(struct pf_memory *memory, const char *method, struct pf_inflate **out, struct pf_error *err);
void pf_inflate_free(struct pf_inflate *inflate);
/* Consumes up to *in_size bytes and produces up to *out_size; both are set to what was used. ended: the stored bytes end here.
 * *done is set once the last member is complete. */
enum pf_status pf_inflate_step(struct pf_inflate *inflate, const uint8_t *in, size_t *in_size, uint8_t *out, size_t *out_size,
                               bool ended, bool *done, struct pf_error *err);
/* Back to the start of a stream. */
enum pf_status pf_inflate_reset(struct pf_inflate *inflate, struct pf_error *err);

/* ---- spool: a private compressed copy of a stream that cannot be read again */
struct pf_spool;

enum pf_status pf_spool_new(struct pf_context *ctx, struct pf_spool **out, struct pf_error *err);
void pf_spool_free(struct pf_spool *spool);
enum pf_status pf_spool_add(struct pf_spool *spool, const uint8_t *bytes, size_t size, struct pf_error *err);
/* From now on the copy is read, from its start. */
enum pf_status pf_spool_rewind(struct pf_spool *spool, struct pf_error *err);
/* *got 0 at the end. */
enum pf_status pf_spool_read(struct pf_spool *spool, void *to, size_t size, size_t *got, struct pf_error *err);

#endif
