/* What an extension without a manifest added when it was loaded last, kept for the time when it cannot be loaded: its files must not be
 * taken for another format's then, nor its locations for local paths.
 *
 * One small file an extension: a first line that says whose, then a line an addition, as manifests have them. */
#include <stdio.h>
#include <string.h>

#include "extension/set.h"

enum { MOST_TEXT = 1 << 16 };

static bool memory_path(const struct pf_extensions *set, const struct pf_entry *entry, char to[PF_PATH_BYTES])
{
    int wrote = snprintf(to, PF_PATH_BYTES, "%s/adds-%s", set->cache_folder, entry->name);

    return set->cache_folder[0] != '\0' && entry->kind == PF_ENTRY_LANGUAGE && pf_name_is_legal(entry->name) && wrote > 0 &&
           wrote < PF_PATH_BYTES - 32;
}

static bool put_first(struct pf_buffer *text, const struct pf_entry *entry)
{
    return pf_buffer_printf(text, "pyforge 1 %s\n", entry->origin);
}

static bool put_all(struct pf_buffer *text, const struct pf_entry *entry)
{
    bool good = put_first(text, entry);

    for (const struct pf_promise *one = entry->added; good && one != NULL; one = one->next) {
        good = pf_buffer_printf(text, "%s %s", pf_adds_begin(one->kind), one->name);
        for (const char *const *more = one->suffixes; good && more != NULL && *more != NULL; more++)
            good = pf_buffer_printf(text, " %s", *more);
        good = good && pf_buffer_append(text, "\n", 1);
    }
    return good;
}

char *pf_kept_load(struct pf_extensions *set, const char *path, size_t most)
{
    struct pf_file_facts facts;
    struct pf_error ignored;
    size_t size;
    char *text;

    if (pf_file_load(&set->memory, path, most, &text, &size, &facts, &ignored) != PF_OK)
        return NULL;
    if (facts.ours && !facts.shared && strlen(text) == size)
        return text;
    pf_free(&set->memory, text);
    return NULL;
}

void pf_remember(struct pf_extensions *set, const struct pf_entry *entry)
{
    char path[PF_PATH_BYTES], *before;
    struct pf_buffer text;

    if (entry->has_manifest || !memory_path(set, entry, path))
        return;
    pf_buffer_init(&text, &set->memory, MOST_TEXT);
    if (put_all(&text, entry) && pf_buffer_append(&text, "", 1)) {
        before = pf_kept_load(set, path, MOST_TEXT);
        if ((before == NULL || strcmp(before, (const char *)text.data) != 0) && pf_folder_make_private(set->cache_folder))
            (void)pf_file_store(path, text.data, text.size - 1);
        pf_free(&set->memory, before);
    }
    pf_buffer_free(&text);
}

void pf_recall(struct pf_extensions *set, struct pf_entry *entry)
{
    char path[PF_PATH_BYTES], why[400], *text, *line;
    struct pf_buffer first;

    if (entry->has_manifest || entry->refused || !memory_path(set, entry, path) ||
        (text = pf_kept_load(set, path, MOST_TEXT)) == NULL)
        return;
    pf_buffer_init(&first, &set->memory, MOST_TEXT);
    if (put_first(&first, entry) && strncmp(text, (const char *)first.data, first.size) == 0) {
        for (line = text + first.size; *line != '\0';) {
            char *end = strchr(line, '\n');

            if (end == NULL)
                break;
            *end = '\0';
            (void)pf_promise_parse(set, line, &entry->promises, why, sizeof why);
            line = end + 1;
        }
    }
    pf_buffer_free(&first);
    pf_free(&set->memory, text);
}
