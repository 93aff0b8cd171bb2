/* Pages from the file into memory: read, checked against their CRC, decompressed, taken apart. */
#ifndef PF_FORMATS_PARQUET_READ_LOAD_H
#define PF_FORMATS_PARQUET_READ_LOAD_H

#include "formats/parquet/compress.h"
#include "formats/parquet/decode.h"
#include "formats/parquet/read_pages.h"

/* Memory that is used again and again and grows when needed; what was in it is then gone. */
struct parquet_scratch {
    uint8_t *bytes;
    size_t size;
};

/* What one decode call works with, column after column. One thread. */
struct parquet_loader {
    struct pf_context *ctx;
    const struct pf_source *src;
    struct pf_decompressor decompressor;
    struct parquet_scratch stored; /* bytes of the file from stored_at */
    int64_t stored_at;
    size_t stored_size;
};

/* size bytes at *scratch and PF_DECODE_SLACK more. NULL after filling err. */
uint8_t *parquet_scratch_need(struct parquet_scratch *scratch, struct pf_memory *memory, size_t size, struct pf_error *err);

void parquet_loader_init(struct parquet_loader *loader, struct pf_context *ctx, const struct pf_source *src);
void parquet_loader_free(struct parquet_loader *loader);

/* Loads a page of a chunk with the given codec. read_until: end of the bytes that the caller will want next (more than the page may
 * be read at once). optional: the column has definition levels. Sections lie in plain or in the loader, and are valid until the next
 * load; keep: they lie in plain for certain. PF_BAD_DATA, PF_UNSUPPORTED (codec, level encoding), PF_LIMIT, PF_IO, PF_NO_MEMORY. */
enum pf_status parquet_load_page(struct parquet_loader *loader, int32_t codec, const struct parquet_page *page,
                                 int64_t read_until, bool optional, bool keep, struct parquet_scratch *plain,
                                 struct pf_section *levels, struct pf_section *values, struct pf_error *err);

/* Decompresses the deprecated LZ4 codec: Hadoop's frames, or a bare LZ4 block as some writers had it. */
enum pf_status parquet_decompress_lz4(struct pf_decompressor *decompressor, const uint8_t *from, size_t size, uint8_t *to,
                                      size_t expected, struct pf_error *err);

#endif
