/* The directory of a zip archive and its entries, over bytes from anywhere. */
#include <stdlib.h>

#include "storage/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Entries are read while they are few: the directory is what matters. */
enum { READ = 16, LIMIT = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_context ctx = { 0 };
    struct pf_source *src;
    struct pf_zip *zip;
    struct pf_error err;

    if (!pf_memory_init(&ctx.memory, (size_t)64 << 20))
        abort();
    ctx.limits.expansion = 2000;
    (void)pf_zip_is_like(data, size);
    if (pf_source_memory(&ctx, data, size, "input", &src, &err) == PF_OK) {
        if (pf_zip_open(&ctx, src, &pf_zip_usual_limits, &zip, &err) == PF_OK) {
            for (uint32_t i = 0; i < pf_zip_count(zip) && i < READ; i++) {
                const struct pf_zip_entry *entry = pf_zip_entry_at(zip, i);
                uint8_t *bytes;
                size_t got;

                (void)pf_zip_find(zip, entry->name, entry->name_size);
                if (pf_zip_read_all(zip, entry, LIMIT, &bytes, &got, &err) == PF_OK)
                    pf_free(&ctx.memory, bytes);
            }
            pf_zip_close(zip);
        }
        pf_source_close(src);
    }
    if (atomic_load(&ctx.memory.in_use) != 0)
        abort();
    pf_memory_destroy(&ctx.memory);
    return 0;
}
