/* Where extensions are looked for, and in which order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/library.h"
#include "base/text.h"
#include "extension/set.h"

enum { MOST_MANIFESTS = 4096 };

/* ---- native extensions */

struct files {
    struct pf_extensions *set;
    const char **names; /* sorted */
    uint32_t count, capacity;
};

static bool take_name(void *user, const char *name)
{
    struct files *files = user;
    uint32_t at = files->count;

    if (strstr(name, ".pyforge-extension") == NULL || files->count == MOST_MANIFESTS)
        return true;
    if (files->count == files->capacity) {
        uint32_t capacity = files->capacity * 2 + 16;
        const char **larger = pf_resize(&files->set->memory, files->names, capacity * sizeof(const char *));
        if (larger == NULL)
            return false;
        files->names = larger;
        files->capacity = capacity;
    }
    for (; at > 0 && strcmp(files->names[at - 1], name) > 0; at--)
        files->names[at] = files->names[at - 1];
    files->names[at] = pf_set_text(files->set, "%s", name);
    files->count++;
    return true;
}

static void look_into(struct pf_extensions *set, const char *folder)
{
    struct files files = { .set = set };
    struct pf_file_facts facts;

    if (!pf_file_look(folder, &facts) || !facts.directory)
        return;
    (void)pf_folder_list(folder, take_name, &files);
    for (uint32_t i = 0; i < files.count; i++)
        pf_manifest_find(set, folder, files.names[i], &facts);
    pf_free(&set->memory, files.names);
}

static void look_along_path(struct pf_extensions *set, const char *path)
{
    while (path != NULL && *path != '\0') {
        size_t size = strcspn(path, ":");

        if (size > 0 && size < PF_PATH_BYTES)
            look_into(set, pf_set_text(set, "%.*s", (int)size, path));
        path += size;
        path += *path == ':' ? 1 : 0;
    }
}

/* lib/pyforge/extensions in the folder of a program or library, or beside that folder, where bin and lib lie side by side. */
static void look_beside(struct pf_extensions *set, char path[PF_PATH_BYTES])
{
    char *slash = strrchr(path, '/');

    if (slash == NULL)
        return;
    *slash = '\0';
    look_into(set, pf_set_text(set, "%s/lib/pyforge/extensions", path));
    slash = strrchr(path, '/');
    if (slash != NULL && strcmp(slash, "/bin") == 0) {
        *slash = '\0';
        look_into(set, pf_set_text(set, "%s/lib/pyforge/extensions", path));
    }
}

static void find_native(struct pf_extensions *set)
{
    char program[PF_PATH_BYTES], library[PF_PATH_BYTES];
    const char *home = getenv("HOME");
    bool known = pf_program_path(program);

    look_along_path(set, getenv("PYFORGE_EXTENSION_PATH"));
    if (home != NULL && home[0] == '/')
        look_into(set, pf_set_text(set, "%s/.pyforge/extensions", home));
    /* of an interpreter that has us as a module, the folder of the module counts, and that of the interpreter does not */
    if (!set->has_language && known)
        look_beside(set, program);
    else if (set->has_language && pf_library_of(&pf_builtin_formats, library) && library[0] == '/')
        look_beside(set, library);
}

/* ---- extensions in a language */

/* It stands in both groups, or its folder stands in the path twice. */
static bool is_known(const struct pf_extensions *set, const struct pf_entry_point *point)
{
    for (const struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        if (entry->kind == PF_ENTRY_LANGUAGE && strcmp(entry->name, point->name) == 0 &&
            strcmp(entry->point, point->value) == 0)
            return true;
    }
    return false;
}

/* The manifest lies in the package of the module that the entry point names, or in one above it. */
static void find_manifest(struct pf_extensions *set, struct pf_entry *entry)
{
    char module[PF_PATH_BYTES];
    size_t size = strcspn(entry->point, ":");

    if (size == 0 || size >= sizeof module)
        return;
    memcpy(module, entry->point, size);
    module[size] = '\0';
    for (char *at = module; *at != '\0'; at++)
        *at = *at == '.' ? '/' : *at;
    for (;;) {
        char *slash;

        for (const char *const *folder = set->language.path; *folder != NULL && !entry->has_manifest && !entry->refused;
             folder++)
            pf_manifest_beside(set, entry, pf_set_text(set, "%s/%s/pyforge-extension.toml", *folder, module));
        slash = strrchr(module, '/');
        if (slash == NULL || entry->has_manifest || entry->refused)
            return;
        *slash = '\0';
    }
}

static void take_point(void *user, const struct pf_entry_point *point)
{
    struct pf_extensions *set = user;
    const struct pf_entry *other = pf_entry_find(set, point->name);
    struct pf_entry *entry;

    if (is_known(set, point))
        return;
    entry =
        pf_entry_new(set, PF_ENTRY_LANGUAGE, point->name, pf_set_text(set, "%.300s (%.200s)", point->value, point->package));
    if (entry == NULL)
        return;
    entry->point = pf_set_text(set, "%.1000s", point->value);
    if (point->wrong[0] != '\0')
        pf_entry_refuse(set, entry,
                        "its entry points in %.200s %s: NAME = MODULE:CLASS was expected; install the package again",
                        point->package, point->wrong);
    else if (!pf_name_is_legal(entry->name))
        pf_entry_refuse(set, entry, "its entry point in %.200s has no legal name", point->package);
    else if (other != NULL)
        pf_entry_refuse(set, entry, "an extension of this name was found before: %.300s; this one is %.300s", other->origin,
                        entry->origin);
    else
        find_manifest(set, entry);
}

static void find_in_packages(struct pf_extensions *set)
{
    for (const char *const *at = set->language.points; at != NULL && *at != NULL; at += 3)
        take_point(set, &(struct pf_entry_point){ .name = at[0], .value = at[1], .package = at[2], .wrong = "" });
    for (const char *const *folder = set->language.path; *folder != NULL; folder++) {
        if ((*folder)[0] == '/')
            pf_entry_points_cached(set, *folder, take_point, set);
    }
}

/* ---- all */

static bool is_listed(const char *list, const char *name)
{
    size_t size = strlen(name);

    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, ", ");
        if ((length == size && strncmp(list, name, size) == 0) || (length == 1 && list[0] == '*'))
            return true;
        list += length;
        list += strspn(list, ", ");
    }
    return false;
}

/* The variable by which version 1.0 said it of its one extension. */
static bool is_off_by_variable(const char *name)
{
    const char *value = getenv("DATABRICKS_EXTENSION_DISABLED");

    return strcmp(name, "databricks") == 0 && value != NULL && value[0] != '\0' && strcmp(value, "0") != 0 &&
           !pf_same_word(value, "false") && !pf_same_word(value, "no") && !pf_same_word(value, "off");
}

const char *pf_why_disabled(struct pf_extensions *set, const char *name)
{
    char path[PF_PATH_BYTES];
    struct pf_file_facts facts;

    if (is_listed(getenv("PYFORGE_DISABLE_EXTENSIONS"), name))
        return "disabled by PYFORGE_DISABLE_EXTENSIONS";
    if (is_off_by_variable(name))
        return "disabled by DATABRICKS_EXTENSION_DISABLED";
    if (pf_disabled_path(set, name, path) && pf_file_look(path, &facts))
        return pf_set_text(set, "disabled by the user; pyforge extensions enable %s", name);
    return pf_configured_off(set, name);
}

static void apply_choices(struct pf_extensions *set)
{
    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        const char *why = entry->refused ? NULL : pf_why_disabled(set, entry->name);

        if (why == NULL)
            continue;
        entry->reason = why;
        entry->state = PF_EXTENSION_DISABLED;
        entry->available = false;
    }
}

void pf_discover(struct pf_extensions *set)
{
    find_native(set);
    if (set->has_language)
        find_in_packages(set);
    apply_choices(set);
    pf_configured_check(set);
    for (struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next)
        pf_recall(set, entry);
}
