/* Page compression: the codecs of Parquet, both ways, on whole pages in memory. */
#ifndef PF_FORMATS_PARQUET_COMPRESS_H
#define PF_FORMATS_PARQUET_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "formats/parquet/parquet_format.h"

/* What is compressed, as far as it tells how much effort is worth while: pages of text, of numbers or indexes, of differences in bits,
 * or a few thousand numbers that are to tell how well a page would do. */
enum pf_content { PF_CONTENT_TEXT, PF_CONTENT_NUMBERS, PF_CONTENT_PACKED, PF_CONTENT_SAMPLE };

/* A compressor with its working memory, made once and used for many pages by one thread at a time. */
struct pf_compressor {
    enum parquet_codec codec;
    int level;               /* zstd: 0 = as the content asks for */
    enum pf_content content; /* PF_CONTENT_NUMBERS at first; set by who compresses */
    struct pf_memory *memory;
    void *state; /* the library's own, or NULL where it needs none */
};

/* "snappy", "zstd", ...; "codec 99" is "unknown codec". */
const char *pf_codec_name(int32_t codec);
/* Whether this codec is read and written here: UNCOMPRESSED, SNAPPY, GZIP, ZSTD, LZ4_RAW. */
bool pf_codec_known(int32_t codec);
/* The levels pf_compressor_init takes: *low = *high = 0 when the codec has none; *usual is what level 0 stands for. */
void pf_codec_levels(enum parquet_codec codec, int *low, int *high, int *usual);

/* level 0 = the codec's usual one. PF_NO_MEMORY, PF_UNSUPPORTED (a codec that is not known). compressor needs
 * pf_compressor_free also after a failure. */
enum pf_status pf_compressor_init(struct pf_compressor *compressor, struct pf_memory *memory, enum parquet_codec codec,
                                  int level, struct pf_error *err);
void pf_compressor_free(struct pf_compressor *compressor);
/* Room that pf_compress may need at most for size bytes; 0 when size is too large for the codec. */
size_t pf_compress_bound(const struct pf_compressor *compressor, size_t size);
/* Compresses size bytes into to (room >= pf_compress_bound); *written is what it took. */
enum pf_status pf_compress(struct pf_compressor *compressor, const void *from, size_t size, void *to, size_t room,
                           size_t *written, struct pf_error *err);

/* Compressors of one codec and level that wait for work, as making one takes as long as compressing a small chunk. take and give are for
 * any thread. */
struct pf_compressors;

enum pf_status pf_compressors_new(struct pf_compressors **out, struct pf_memory *memory, enum parquet_codec codec, int level,
                                  struct pf_error *err);
/* Those that were taken have been given back. NULL is allowed. */
void pf_compressors_free(struct pf_compressors *compressors);
/* compressor is to be given back also after a failure. */
enum pf_status pf_compressors_take(struct pf_compressors *compressors, struct pf_compressor *compressor, struct pf_error *err);
void pf_compressors_give(struct pf_compressors *compressors, struct pf_compressor *compressor);

/* A decompressor with its working memory, for one thread at a time. Zeroed = empty; what it needs is made at first use. */
struct pf_decompressor {
    struct pf_memory *memory;
    void *gzip, *zstd; /* the libraries' own */
};

void pf_decompressor_init(struct pf_decompressor *decompressor, struct pf_memory *memory);
void pf_decompressor_free(struct pf_decompressor *decompressor);
/* Decompresses size bytes into exactly expected bytes at to. PF_BAD_DATA when they are damaged or hold another number of bytes,
 * PF_UNSUPPORTED names a codec that is not known, PF_NO_MEMORY. UNCOMPRESSED copies. to is never written beyond expected bytes.
 */
enum pf_status pf_decompress(struct pf_decompressor *decompressor, int32_t codec, const void *from, size_t size, void *to,
                             size_t expected, struct pf_error *err);

#endif
