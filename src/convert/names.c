/* Names of outputs, and the folders they lie in. */
#include <stdio.h>
#include <string.h>

#include "base/system.h"
#include "base/text.h"
#include "convert/plan.h"

/* The dot before the last suffix of the size bytes at name; size when there is none. A dot in front is no suffix's. */
static size_t suffix_dot(const char *name, size_t size)
{
    for (size_t i = size; i > 1; i--) {
        if (name[i - 1] == '.')
            return i - 1;
    }
    return size;
}

enum pf_status pf_last_name(const char *input, struct pf_arena *arena, const char **name, struct pf_error *err)
{
    const char *slash = strrchr(input, '/'), *host;

    *name = slash != NULL ? slash + 1 : input;
    if (strstr(input, "://") == NULL)
        return PF_OK;
    host = slash[-1] == '/' ? strrchr(*name, '@') : NULL;
    if (host != NULL)
        *name = host + 1;
    if (strchr(*name, '=') == NULL)
        return PF_OK;
    *name = pf_arena_copy(arena, *name, strcspn(*name, "?"));
    return *name != NULL ? PF_OK : pf_fail_memory(err, strlen(input));
}

const char *pf_shown_name(const char *location, char shown[PF_SHOWN])
{
    const char *slash;

    (void)snprintf(shown, PF_SHOWN, "%s", location);
    pf_hide_secrets(shown);
    slash = strrchr(shown, '/');
    return slash != NULL ? slash + 1 : shown;
}

enum pf_status pf_stem(const char *input, struct pf_arena *arena, const char **stem, struct pf_error *err)
{
    const char *name;
    size_t dot;

    if (strcmp(input, "-") == 0) {
        *stem = "stdin";
        return PF_OK;
    }
    if (pf_last_name(input, arena, &name, err) != PF_OK)
        return err->status;
    dot = suffix_dot(name, strlen(name));
    if (pf_same_word(name + dot, ".gz") || pf_same_word(name + dot, ".zst") || pf_same_word(name + dot, ".zip"))
        dot = suffix_dot(name, dot);
    *stem = pf_arena_copy(arena, name, dot);
    return *stem != NULL ? PF_OK : pf_fail_memory(err, dot);
}

enum pf_status pf_output_name(const char *input, const char *folder, const char *suffix, struct pf_arena *arena,
                              const char **name, struct pf_error *err)
{
    const char *slash = strrchr(input, '/');
    struct pf_buffer path;
    const char *stem;
    bool good;

    if (pf_stem(input, arena, &stem, err) != PF_OK)
        return err->status;
    pf_buffer_init(&path, arena->memory, SIZE_MAX);
    if (folder == NULL) {
        good = slash == NULL || pf_buffer_append(&path, input, (size_t)(slash + 1 - input));
    } else {
        size_t length = strlen(folder);
        good = pf_buffer_append(&path, folder, length);
        if (good && (length == 0 || folder[length - 1] != '/'))
            good = pf_buffer_append(&path, "/", 1);
    }
    good =
        good && pf_buffer_append_text(&path, stem) && pf_buffer_append(&path, ".", 1) && pf_buffer_append_text(&path, suffix);
    *name = good ? pf_arena_copy(arena, (const char *)path.data, path.size) : NULL;
    pf_buffer_free(&path);
    return *name != NULL ? PF_OK : pf_fail_memory(err, strlen(input) + strlen(suffix));
}

/* ---- folders */

static uint32_t depth_of(const char *path)
{
    uint32_t depth = 0;

    for (; *path != '\0'; path++)
        depth += *path == '/' ? 1 : 0;
    return depth;
}

enum pf_status pf_folders_make(struct pf_folders *folders, const char *path, struct pf_arena *arena, struct pf_error *err)
{
    char *part = pf_arena_copy(arena, path, strlen(path));

    folders->count = 0;
    folders->made = pf_arena_alloc_zero(arena, (size_t)depth_of(path) + 1, sizeof *folders->made);
    if (part == NULL || folders->made == NULL)
        return pf_fail_memory(err, strlen(path));
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        bool made = false;
        if (slash[-1] == '/')
            continue;
        *slash = '\0';
        /* Looked at first: a folder that exists may stand on a file system that cannot be written to. */
        if (!pf_folder_exists(part) && pf_folder_make(part, &made, err) != PF_OK)
            return err->status;
        if (made) {
            folders->made[folders->count] = pf_arena_copy(arena, part, strlen(part));
            if (folders->made[folders->count] == NULL) {
                pf_folder_remove(part);
                return pf_fail_memory(err, strlen(part));
            }
            folders->count++;
        }
        *slash = '/';
    }
    return PF_OK;
}

void pf_folders_remove(const struct pf_folders *folders)
{
    for (uint32_t i = folders->count; i > 0; i--)
        pf_folder_remove(folders->made[i - 1]);
}
