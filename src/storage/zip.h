/* Zip archives: the directory of one, its entries as streams, and the writing of one in order.
 *
 * Source: APPNOTE.TXT 6.3.10, sections 4.3 (structure), 4.4 (fields), 4.5.3 (zip64). Methods: stored and deflate. */
#ifndef PF_STORAGE_ZIP_H
#define PF_STORAGE_ZIP_H

#include "storage/storage.h"

/* ---- reading. The archive itself is read with read_at only, and its functions may be called by any thread once it is open. */
struct pf_zip;

struct pf_zip_entry {
    const char *name; /* UTF-8 (of code page 437 where the flag says nothing else), ended with NUL; the archive's */
    uint32_t name_size;
    uint16_t method;   /* 0 = stored, 8 = deflate */
    bool encrypted;    /* told by the directory; such an entry cannot be opened */
    uint32_t crc;      /* of the bytes as read */
    int64_t stored;    /* bytes in the archive */
    int64_t size;      /* bytes as read */
    int64_t header_at; /* of its local header, from the start of the source */
};

struct pf_zip_limits {
    uint32_t entries;       /* more are refused */
    int64_t directory;      /* bytes of directory */
    int64_t expansion;      /* an entry may give this many times its stored bytes ... */
    int64_t expansion_from; /* ... once it has given this many bytes */
};
extern const struct pf_zip_limits pf_zip_usual_limits;

/* Whether head begins like an archive (a local header, or the end record of an empty one). */
bool pf_zip_is_like(const uint8_t *head, size_t size);
/* src has read_at, and is borrowed until close. limits are copied. PF_BAD_DATA: not an archive, or a damaged one, with what and where. */
enum pf_status pf_zip_open(struct pf_context *ctx, const struct pf_source *src, const struct pf_zip_limits *limits,
                           struct pf_zip **out, struct pf_error *err);
void pf_zip_close(struct pf_zip *zip);
uint32_t pf_zip_count(const struct pf_zip *zip);
const struct pf_zip_entry *pf_zip_entry_at(const struct pf_zip *zip, uint32_t index);
/* Whether names of entries differ at most in the case of ASCII letters, in the kind of their slashes and in one in front. */
bool pf_zip_same_name(const char *a, const char *b);
/* By its exact name, then by one that is the same so; of several the last. NULL = none. */
const struct pf_zip_entry *pf_zip_find(const struct pf_zip *zip, const char *name, size_t size);

/* One entry, read in order. Several may be open at a time, each used by one thread. */
struct pf_zip_stream;
enum pf_status pf_zip_stream_open(const struct pf_zip *zip, const struct pf_zip_entry *entry, struct pf_zip_stream **out,
                                  struct pf_error *err);
/* Next bytes: *got = size unless the entry ends (then fewer, 0 at the end). Size and CRC-32 are checked when the end is reached:
 * PF_BAD_DATA names the entry. */
enum pf_status pf_zip_stream_read(struct pf_zip_stream *stream, void *to, size_t size, size_t *got, struct pf_error *err);
void pf_zip_stream_close(struct pf_zip_stream *stream);
/* Stored bytes that were read so far. */
int64_t pf_zip_stream_consumed(const struct pf_zip_stream *stream);
/* The whole entry, at most limit bytes, pf_alloc'd with 64 readable zero bytes after it. */
enum pf_status pf_zip_read_all(const struct pf_zip *zip, const struct pf_zip_entry *entry, int64_t limit, uint8_t **bytes,
                               size_t *size, struct pf_error *err);

/* ---- what zip.c and zip_read.c share */
struct pf_zip_head {
    struct pf_context *ctx;
    const struct pf_source *src;
    struct pf_zip_limits limits;
};
const struct pf_zip_head *pf_zip_head_of(const struct pf_zip *zip);
/* The first byte of the archive that is not the entry's any more: of the next entry, or of the directory. */
int64_t pf_zip_entry_end(const struct pf_zip *zip, const struct pf_zip_entry *entry);

/* ---- writing, strictly in order: every entry has its sizes after its bytes, the directory comes last. Times are fixed. */
struct pf_zip_writer;
enum pf_status pf_zip_writer_new(struct pf_context *ctx, struct pf_sink *sink, struct pf_zip_writer **out,
                                 struct pf_error *err);
void pf_zip_writer_free(struct pf_zip_writer *writer);
/* Begins an entry; level 0 = stored, 1 to 9 deflate. */
enum pf_status pf_zip_writer_begin(struct pf_zip_writer *writer, const char *name, int level, struct pf_error *err);
enum pf_status pf_zip_writer_add(struct pf_zip_writer *writer, const void *bytes, size_t size, struct pf_error *err);
/* Adds bytes that another thread has deflated (raw deflate that ends on a byte with a sync flush, no final block), with the CRC-32
 * and size of what they hold: so a sheet is compressed in pieces by any threads and put together in order. */
enum pf_status pf_zip_writer_add_deflated(struct pf_zip_writer *writer, const void *bytes, size_t size, uint32_t crc,
                                          int64_t plain_size, struct pf_error *err);
/* A piece for pf_zip_writer_add_deflated, made by any thread: bytes are deflated as they come and appended to out. */
struct pf_zip_piece;
enum pf_status pf_zip_piece_new(struct pf_memory *memory, int level, struct pf_buffer *out, struct pf_zip_piece **piece,
                                struct pf_error *err);
enum pf_status pf_zip_piece_add(struct pf_zip_piece *piece, const void *bytes, size_t size, struct pf_error *err);
/* Ends the piece on a byte; crc and size of all that was added. */
enum pf_status pf_zip_piece_end(struct pf_zip_piece *piece, uint32_t *crc, int64_t *plain_size, struct pf_error *err);
void pf_zip_piece_free(struct pf_zip_piece *piece);
enum pf_status pf_zip_writer_end(struct pf_zip_writer *writer, struct pf_error *err);
/* The directory. */
enum pf_status pf_zip_writer_finish(struct pf_zip_writer *writer, struct pf_error *err);

#endif
