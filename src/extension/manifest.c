/* Manifests: what an extension says of itself before any of its code runs. */
#include <stdio.h>
#include <string.h>

#include "base/toml.h"
#include "extension/set.h"

#define MANIFEST_SUFFIX ".pyforge-extension"

/* One manifest being read. */
struct manifest {
    struct pf_extensions *set;
    struct pf_toml toml;
    const char *path, *folder;
    struct pf_error err;
};

/* "" when the manifest does not have it; anything but a text is an error. */
static const char *text_of(struct manifest *manifest, const char *name)
{
    const struct pf_toml_value *value = pf_toml_find(&manifest->toml, "", name);

    if (value == NULL)
        return "";
    if (value->kind == PF_TOML_TEXT)
        return pf_set_line(manifest->set, value->text, 1000);
    pf_fail(&manifest->err, PF_BAD_DATA, "%s is %s, a text was expected", name, pf_toml_kind_word(value->kind));
    manifest->err.line = value->line;
    return "";
}

static bool is_known(const char *name)
{
    static const char *const names[] = { "name", "version", "description", "licence", "abi", "library", "adds" };

    for (size_t i = 0; i < PF_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static enum pf_status read_adds(struct manifest *manifest, struct pf_entry *entry)
{
    const struct pf_toml_value *adds = pf_toml_find(&manifest->toml, "", "adds");
    char why[400];

    if (adds == NULL)
        return PF_OK;
    if (adds->kind != PF_TOML_ARRAY) {
        manifest->err.line = adds->line;
        return pf_fail(&manifest->err, PF_BAD_DATA, "adds is %s, a list of texts was expected", pf_toml_kind_word(adds->kind));
    }
    for (uint32_t i = 0; i < adds->count; i++) {
        const char *text = adds->items[i].kind == PF_TOML_TEXT ? adds->items[i].text : "";

        if (pf_promise_parse(manifest->set, text, &entry->promises, why, sizeof why))
            continue;
        pf_fail(&manifest->err, PF_BAD_DATA, "%s", why);
        manifest->err.line = adds->items[i].line;
        return PF_BAD_DATA;
    }
    return PF_OK;
}

static enum pf_status read_abi(struct manifest *manifest, struct pf_entry *entry)
{
    const struct pf_toml_value *abi = pf_toml_find(&manifest->toml, "", "abi");

    if (abi == NULL)
        return PF_OK;
    if (abi->kind != PF_TOML_INTEGER || abi->integer < 0 || abi->integer > INT32_MAX) {
        pf_fail(&manifest->err, PF_BAD_DATA, "abi is no whole number");
        manifest->err.line = abi->line;
        return PF_BAD_DATA;
    }
    entry->manifest_abi = (uint32_t)abi->integer;
    return PF_OK;
}

/* What the manifest of either kind says goes to the entry. */
static enum pf_status read_members(struct manifest *manifest, struct pf_entry *entry)
{
    for (uint32_t i = 0; i < manifest->toml.entry_count; i++) {
        const struct pf_toml_entry *row = &manifest->toml.entries[i];
        /* a later version may say more, in tables; a misspelt name would go unseen */
        if (row->table[0] == '\0' && !is_known(row->name)) {
            pf_fail(&manifest->err, PF_BAD_DATA, "a manifest has no '%.60s'", row->name);
            manifest->err.line = row->line;
            return PF_BAD_DATA;
        }
    }
    entry->version = text_of(manifest, "version");
    entry->description = text_of(manifest, "description");
    entry->licence = text_of(manifest, "licence");
    if (manifest->err.status != PF_OK)
        return manifest->err.status;
    if (read_abi(manifest, entry) != PF_OK || read_adds(manifest, entry) != PF_OK)
        return manifest->err.status;
    entry->has_manifest = true;
    entry->adds = pf_promise_text(manifest->set, entry->promises);
    return PF_OK;
}

static void refuse_manifest(const struct manifest *manifest, struct pf_entry *entry)
{
    const struct pf_error *err = &manifest->err;
    char line[40] = "";

    if (err->line > 0)
        (void)snprintf(line, sizeof line, ", line %lld", (long long)err->line);
    pf_entry_refuse(manifest->set, entry, "its manifest %.300s%s: %s", manifest->path, line, err->message);
}

/* "" = nothing speaks against it. */
static const char *distrust(const struct pf_file_facts *facts)
{
    return !facts->ours ? "belongs to another user" : facts->shared ? "may be written to by others" : "";
}

/* ---- native extensions */

static bool is_plain_name(const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && name[0] != '.';
}

static void check_library(struct manifest *manifest, struct pf_entry *entry, const char *file)
{
    char folder[PF_PATH_BYTES];
    struct pf_file_facts facts;
    const char *wrong;

    if (!is_plain_name(file)) {
        pf_entry_refuse(manifest->set, entry, "its manifest %.300s names no library beside it", manifest->path);
        return;
    }
    entry->library = pf_set_text(manifest->set, "%s/%s", manifest->folder, file);
    entry->origin = entry->library;
    if (!pf_file_look(entry->library, &facts) || !facts.regular)
        pf_entry_refuse(manifest->set, entry, "its library %.300s is not there; install the extension again", entry->library);
    else if (distrust(&facts)[0] != '\0')
        pf_entry_refuse(manifest->set, entry, "its library %.300s %s; it is not loaded before that is changed (chmod go-w)",
                        entry->library, distrust(&facts));
    else if ((wrong = pf_file_distrust(entry->library, folder)) != NULL)
        pf_entry_refuse(manifest->set, entry,
                        "its library %.300s lies in %.300s, which %s; it is not loaded before that is changed", entry->library,
                        folder, wrong);
    else if (entry->manifest_abi != PF_EXTENSION_ABI)
        pf_entry_refuse(manifest->set, entry, "it was made for abi %u, this is abi %d: get the build for PyForge %s",
                        entry->manifest_abi, PF_EXTENSION_ABI, pf_version());
}

/* By two paths, such as a link, or a folder that is named twice. */
static bool is_listed(const struct pf_extensions *set, const struct pf_file_facts *facts)
{
    for (const struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        if (entry->kind == PF_ENTRY_NATIVE && facts->inode != 0 && entry->inode == facts->inode &&
            entry->device == facts->device)
            return true;
    }
    return false;
}

/* The entry of a manifest that could be read so far as to know its name. */
static struct pf_entry *enter(struct manifest *manifest, const char *stem)
{
    const char *name = manifest->err.status == PF_OK ? text_of(manifest, "name") : "";
    const struct pf_entry *other;
    struct pf_entry *entry;

    other = pf_entry_find(manifest->set, name[0] != '\0' ? name : stem);
    entry = pf_entry_new(manifest->set, PF_ENTRY_NATIVE, name[0] != '\0' ? name : stem, manifest->path);
    if (entry == NULL)
        return NULL;
    if (manifest->err.status != PF_OK)
        refuse_manifest(manifest, entry);
    else if (!pf_name_is_legal(name))
        pf_entry_refuse(manifest->set, entry, "its manifest %.300s gives it no legal name", manifest->path);
    else if (other != NULL)
        pf_entry_refuse(manifest->set, entry, "an extension of this name was found before: %.300s; this one is %.300s",
                        other->origin, manifest->path);
    return entry;
}

static void read_native(struct manifest *manifest, const char *stem, const struct pf_file_facts *folder_facts,
                        const struct pf_file_facts *facts)
{
    struct pf_entry *entry = enter(manifest, stem);
    const char *library;

    if (entry == NULL)
        return;
    entry->device = facts->device;
    entry->inode = facts->inode;
    if (entry->refused)
        return;
    library = text_of(manifest, "library");
    if (manifest->err.status != PF_OK || read_members(manifest, entry) != PF_OK)
        refuse_manifest(manifest, entry);
    else if (distrust(folder_facts)[0] != '\0')
        pf_entry_refuse(manifest->set, entry,
                        "its folder %.300s %s; nothing in it is loaded before that is changed (chmod go-w)", manifest->folder,
                        distrust(folder_facts));
    else if (distrust(facts)[0] != '\0')
        pf_entry_refuse(manifest->set, entry, "its manifest %.300s %s; it is not loaded before that is changed (chmod go-w)",
                        manifest->path, distrust(facts));
    else
        check_library(manifest, entry, library);
}

/* Reads the file; what cannot be read or is no TOML is in err. */
static void load(struct manifest *manifest, struct pf_file_facts *facts)
{
    char *text;
    size_t size;

    pf_error_clear(&manifest->err);
    pf_toml_init(&manifest->toml, &manifest->set->memory);
    if (pf_file_load(&manifest->set->memory, manifest->path, PF_TOML_BYTES, &text, &size, facts, &manifest->err) != PF_OK)
        return;
    (void)pf_toml_read(&manifest->toml, text, size, &manifest->err);
    pf_free(&manifest->set->memory, text);
}

void pf_manifest_find(struct pf_extensions *set, const char *folder, const char *file, const struct pf_file_facts *folder_facts)
{
    struct manifest manifest = { .set = set, .folder = folder };
    struct pf_file_facts facts;
    size_t size = strlen(file), suffix = strlen(MANIFEST_SUFFIX);

    if (size <= suffix || strcmp(file + size - suffix, MANIFEST_SUFFIX) != 0 || file[0] == '.')
        return;
    memset(&facts, 0, sizeof facts);
    manifest.path = pf_set_text(set, "%s/%s", folder, file);
    load(&manifest, &facts);
    if (!is_listed(set, &facts))
        read_native(&manifest, pf_set_text(set, "%.*s", (int)(size - suffix), file), folder_facts, &facts);
    pf_toml_free(&manifest.toml);
}

/* ---- extensions in a language */

void pf_manifest_beside(struct pf_extensions *set, struct pf_entry *entry, const char *path)
{
    struct manifest manifest = { .set = set, .path = path };
    struct pf_file_facts facts;
    const struct pf_toml_value *name;

    load(&manifest, &facts);
    name = pf_toml_find(&manifest.toml, "", "name");
    if (manifest.err.status == PF_NOT_FOUND) {
        pf_toml_free(&manifest.toml);
        return;
    }
    /* a package with several extensions has a manifest for one of them only */
    if (manifest.err.status != PF_OK || (name != NULL && name->kind == PF_TOML_TEXT && strcmp(name->text, entry->name) == 0 &&
                                         read_members(&manifest, entry) != PF_OK))
        refuse_manifest(&manifest, entry);
    pf_toml_free(&manifest.toml);
}
