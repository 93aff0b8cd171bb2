/* Settings and manifests from anywhere. Held to: what is read is UTF-8 without NUL, has its line, is found again by its name, and
 * no name is there twice; what is refused says on which line. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    size_t size = strlen(text);

    if (pf_utf8_valid((const uint8_t *)text, size, 0) != size)
        abort();
}

static void check_value(const struct pf_toml_value *value, int64_t line)
{
    if (value->line < line)
        abort();
    if (value->kind != PF_TOML_ARRAY) {
        check_text(value->text);
        return;
    }
    for (uint32_t i = 0; i < value->count; i++) {
        if (value->items[i].kind == PF_TOML_ARRAY)
            abort();
        check_value(&value->items[i], line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_memory memory;
    struct pf_toml toml;
    struct pf_error err;

    if (!pf_memory_init(&memory, (size_t)64 << 20))
        return 0;
    pf_toml_init(&toml, &memory);
    if (pf_toml_read(&toml, (const char *)data, size, &err) != PF_OK && err.status == PF_BAD_DATA && err.line < 1)
        abort();
    for (uint32_t i = 0; err.status == PF_OK && i < toml.entry_count; i++) {
        const struct pf_toml_entry *entry = &toml.entries[i];
        check_value(&entry->value, entry->line);
        if (pf_toml_find(&toml, entry->table, entry->name) != &entry->value)
            abort();
    }
    pf_toml_free(&toml);
    if (atomic_load(&memory.in_use) != 0)
        abort();
    pf_memory_destroy(&memory);
    return 0;
}
