/* Storage: where bytes come from and where they go. Schemes implement sources and sinks; formats know only these. */
#ifndef PF_STORAGE_STORAGE_H
#define PF_STORAGE_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/context.h"

/* ---- source: bytes to read. Sequential reads and rewind are one thread's; read_at is for any thread. */
struct pf_source;

struct pf_source_stat {
    int64_t size;        /* bytes as stored; -1 = not known (pipe) */
    int64_t modified_ns; /* since 1970; 0 = not known */
    int64_t changed_ns;  /* the same of what is known of it, which no process can set; 0 = not known */
    uint64_t device, inode;
    bool regular; /* a file that can be read again and at any place */
};

/* Opens location ("-": standard input) and, unless raw, unwraps gzip, zstd and zip archives of one file, found by their magic bytes. */
enum pf_status pf_source_open(struct pf_context *ctx, const char *location, bool raw, struct pf_source **out,
                              struct pf_error *err);
/* Reads from memory (borrowed); a zip archive stays one. */
enum pf_status pf_source_memory(struct pf_context *ctx, const void *bytes, size_t size, const char *name,
                                struct pf_source **out, struct pf_error *err);
/* Reads what a caller of the library gives: bytes, or a function. input and name are borrowed until the source is closed; release
 * is not called here. */
enum pf_status pf_source_given(struct pf_context *ctx, const struct pf_input *input, const char *name, struct pf_source **out,
                               struct pf_error *err);
void pf_source_close(struct pf_source *src);

/* The name for messages: the location. */
const char *pf_source_name(const struct pf_source *src);
const struct pf_source_stat *pf_source_stat_of(const struct pf_source *src);
/* "" = none, "gzip", "zstd", "zip". */
const char *pf_source_compression(const struct pf_source *src);
/* The name of the file in a zip archive that is read in its place; "" = none. */
const char *pf_source_member(const struct pf_source *src);
/* Size of the bytes as read (after decompression); -1 = not known. */
int64_t pf_source_size(const struct pf_source *src);
/* Stored bytes consumed by sequential reading so far (for progress). */
int64_t pf_source_consumed(const struct pf_source *src);

/* The first bytes, without consuming them: up to size (at most 1 MiB) are in *head, fewer only at the end of the source.
 * Borrowed, valid until the next call on src. */
enum pf_status pf_source_peek(struct pf_source *src, size_t size, const uint8_t **head, size_t *got, struct pf_error *err);
/* Next bytes: *got = size unless the source ends (then fewer, 0 at the end). */
enum pf_status pf_source_read(struct pf_source *src, void *to, size_t size, size_t *got, struct pf_error *err);
/* Whether pf_source_read_at works: an uncompressed regular file, or memory. */
bool pf_source_has_read_at(const struct pf_source *src);
/* Exactly size bytes from offset; PF_BAD_DATA when the source is shorter. */
enum pf_status pf_source_read_at(const struct pf_source *src, int64_t offset, void *to, size_t size, struct pf_error *err);
/* Whether pf_source_rewind works without a spool. */
bool pf_source_can_rewind(const struct pf_source *src);
/* From here on keeps a compressed private copy of what is read, so that rewind works. Before the first read only. */
enum pf_status pf_source_spool(struct pf_source *src, struct pf_error *err);
/* Makes read_at work: the rest of a pipe or of a compressed file is copied, decompressed, to a private temporary file. Before the first
 * read only. */
enum pf_status pf_source_unpack(struct pf_source *src, struct pf_error *err);
/* PF_BAD_DATA when a file has another size or time than when it was opened: whoever writes to it, what was read of it may be of two
 * minds. PF_OK where that cannot be told. Reading a file to its end checks it, too. */
enum pf_status pf_source_check(const struct pf_source *src, struct pf_error *err);
/* Back to the first byte, after pf_source_check. */
enum pf_status pf_source_rewind(struct pf_source *src, struct pf_error *err);

/* ---- sink: bytes to write. Nothing is seen at the location before commit, and all of it is then. One thread. */
struct pf_sink;

struct pf_sink_options {
    bool replace; /* an existing file may be replaced (otherwise PF_EXISTS, also when it appears before commit) */
    bool sync;    /* file and directory are synced before commit returns */
};

/* location "-": standard output, written as it comes. A link that leads nowhere is PF_EXISTS, whatever the options say. */
enum pf_status pf_sink_open(struct pf_context *ctx, const char *location, const struct pf_sink_options *options,
                            struct pf_sink **out, struct pf_error *err);
/* Writes to the functions of a caller of the library; commit calls finish, release is not called here. output is borrowed until the
 * sink is freed. */
enum pf_status pf_sink_given(struct pf_context *ctx, const struct pf_output *output, const char *name, struct pf_sink **out,
                             struct pf_error *err);
/* A private temporary file that is never committed: read back with read_at, gone when freed. */
enum pf_status pf_sink_scratch(struct pf_context *ctx, struct pf_sink **out, struct pf_error *err);
/* Grows in memory; tests and small results. */
enum pf_status pf_sink_memory(struct pf_context *ctx, struct pf_sink **out, struct pf_error *err);
const uint8_t *pf_sink_memory_bytes(const struct pf_sink *sink, size_t *size);

enum pf_status pf_sink_write(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err);
/* Bytes written so far. */
int64_t pf_sink_size(const struct pf_sink *sink);
bool pf_sink_has_read_at(const struct pf_sink *sink);
/* Whether what is written cannot be taken back: standard output, a pipe, a caller's functions. */
bool pf_sink_is_seen(const struct pf_sink *sink);
enum pf_status pf_sink_read_at(struct pf_sink *sink, int64_t offset, void *to, size_t size, struct pf_error *err);
/* Appends size bytes of from at offset to to; the kernel copies where it can. */
enum pf_status pf_sink_copy(struct pf_sink *to, struct pf_sink *from, int64_t offset, int64_t size, struct pf_error *err);
enum pf_status pf_sink_commit(struct pf_sink *sink, struct pf_error *err);
/* After a commit: removes the file that appeared. One that was replaced does not come back. */
void pf_sink_retract(struct pf_sink *sink);
/* Without a commit before it: everything written is discarded. NULL is allowed. */
void pf_sink_free(struct pf_sink *sink);

/* ---- locations */
/* PF_NOT_FOUND when there is nothing. directory is set for a directory. */
enum pf_status pf_location_stat(struct pf_context *ctx, const char *location, struct pf_source_stat *out, bool *directory,
                                struct pf_error *err);
/* file:/x and file:///x as the path /x, which is a part of location; any other location as it is. */
const char *pf_location_path(const char *location);
/* Whether location is of a storage scheme (storage/scheme.h) and not a path. */
bool pf_location_is_remote(struct pf_context *ctx, const char *location);
/* Whether both name the same existing file, also through links. */
bool pf_location_same(const char *a, const char *b);
/* Whether both would be the same file, also when neither exists: the same name in the same folder. */
bool pf_location_same_target(const char *a, const char *b);
/* Removes temporary files beside location that a dead process of ours left there. */
void pf_location_clean(struct pf_context *ctx, const char *location);
/* The directory for private temporary files: the job's --temp-dir, PYFORGE_TEMP_DIR, TMPDIR, else the system's. */
const char *pf_temp_dir(const struct pf_context *ctx);

#endif
