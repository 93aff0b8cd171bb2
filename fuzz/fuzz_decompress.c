/* Page decompression over bytes from anywhere. The first byte picks the codec, the next two say how many bytes are expected. */
#include <stdlib.h>

#include "formats/parquet/read_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_decompressor decompressor;
    struct pf_memory memory;
    struct pf_error err;
    size_t expected;
    uint8_t *to;

    if (size < 3)
        return 0;
    expected = (size_t)data[1] | (size_t)data[2] << 8;
    /* Exactly as large as is promised, so that writing beyond is found. */
    to = malloc(expected != 0 ? expected : 1);
    if (to == NULL || !pf_memory_init(&memory, (size_t)64 << 20))
        abort();
    pf_decompressor_init(&decompressor, &memory);
    if (data[0] % 9 == PARQUET_LZ4)
        (void)parquet_decompress_lz4(&decompressor, data + 3, size - 3, to, expected, &err);
    else
        (void)pf_decompress(&decompressor, data[0] % 9, data + 3, size - 3, to, expected, &err);
    pf_decompressor_free(&decompressor);
    if (atomic_load(&memory.in_use) != 0)
        abort();
    pf_memory_destroy(&memory);
    free(to);
    return 0;
}
