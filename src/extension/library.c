/* Native extensions: from a shared library to its descriptor. */
#include <string.h>

#include "base/library.h"
#include "extension/set.h"

/* A function from the address of one: ISO C has no conversion, POSIX promises that it works. */
static pf_extension_entry_fn function_at(void *address)
{
    pf_extension_entry_fn function;

    memcpy(&function, &address, sizeof function);
    return function;
}

/* The library may have been put there after its manifest was read. */
static enum pf_status check_file(const struct pf_entry *entry, struct pf_error *err)
{
    char folder[PF_PATH_BYTES];
    struct pf_file_facts facts;
    const char *wrong;

    if (!pf_file_look(entry->library, &facts))
        return pf_fail(err, PF_NOT_FOUND, "its library %.300s is not there any more", entry->library);
    wrong = pf_file_distrust(entry->library, folder);
    if (wrong != NULL)
        return pf_fail(err, PF_IO, "its library %.200s lies in %.200s, which %s", entry->library, folder, wrong);
    if (facts.ours && !facts.shared)
        return PF_OK;
    pf_fail(err, PF_IO, "its library %.300s may be written to by others", entry->library);
    pf_remedy(err, "chmod go-w, if it is to be trusted");
    return PF_IO;
}

/* again: it was loaded before, perhaps as another file of that name. */
static enum pf_status descriptor_of(const struct pf_extensions *set, const char *path, bool again,
                                    const struct pf_extension **out, struct pf_error *err)
{
    pf_extension_entry_fn function;
    char why[300] = "";
    void *library, *address;

    library = pf_library_open(path, again, why, sizeof why);
    if (library == NULL) {
        pf_fail(err, PF_IO, "its library cannot be loaded: %s", why);
        pf_remedy(err, "install what it needs, or get a build of it for this system");
        return PF_IO;
    }
    address = pf_library_find(library, PF_EXTENSION_ENTRY);
    if (address == NULL) {
        pf_fail(err, PF_BAD_DATA, "its library exports no " PF_EXTENSION_ENTRY);
        pf_remedy(err, "it is no extension of PyForge, or was linked without exporting its entry function");
        return PF_BAD_DATA;
    }
    function = function_at(address);
    *out = function(&set->host);
    return *out != NULL ? PF_OK : pf_fail(err, PF_BAD_DATA, "its entry function gives no descriptor");
}

enum pf_status pf_library_load(struct pf_extensions *set, struct pf_entry *entry, const struct pf_extension **out,
                               struct pf_error *err)
{
    return check_file(entry, err) == PF_OK ? descriptor_of(set, entry->library, entry->loads > 0, out, err) : err->status;
}

/* ---- the library of a class */

static enum pf_status take_half(struct pf_registration *to, const char *path, struct pf_error *err)
{
    struct pf_half *half = &to->entry->half;
    char reason[PF_REASON] = "";
    const struct pf_extension *given = NULL;

    if (half->initialised)
        return pf_fail(err, PF_EXISTS, "an extension has one library");
    /* its entry was counted as loaded before its class was initialised */
    if (descriptor_of(to->set, path, to->entry->loads > 1, &given, err) != PF_OK ||
        pf_descriptor_take(to->entry, given, &half->extension, err) != PF_OK)
        return err->status;
    if (half->extension.available == NULL || half->extension.available(&to->set->host, reason, sizeof reason))
        return PF_OK;
    reason[sizeof reason - 1] = '\0';
    return pf_fail(err, PF_UNSUPPORTED, "it is not available here: %s", reason);
}

static enum pf_status initialise_half(struct pf_registration *to, struct pf_error *err)
{
    struct pf_half *half = &to->entry->half;
    struct pf_registration own = { to->set, to->entry, true };
    enum pf_status status = PF_OK;

    half->self = NULL;
    if (half->extension.initialise != NULL)
        status = half->extension.initialise(&to->set->host, &own, &half->self, err);
    if (status != PF_OK && err->message[0] == '\0')
        pf_fail(err, status, "it could not be initialised (%s)", pf_status_name(status));
    half->initialised = status == PF_OK;
    if (status != PF_OK)
        memset(&half->extension, 0, sizeof half->extension);
    return status;
}

enum pf_status pf_extension_add_library(struct pf_registration *to, const char *path, struct pf_error *err)
{
    char why[sizeof err->message], remedy[sizeof err->remedy];

    pf_error_clear(err);
    if (to->entry->state != PF_EXTENSION_LOADING || to->entry->kind == PF_ENTRY_NATIVE || to->of_half)
        return pf_fail(err, PF_BAD_OPTION, "a library is added while an extension in a language is initialised");
    if (take_half(to, path, err) == PF_OK && initialise_half(to, err) == PF_OK)
        return PF_OK;
    memcpy(why, err->message, sizeof why);
    memcpy(remedy, err->remedy, sizeof remedy);
    pf_fail(err, err->status != PF_OK ? err->status : PF_INTERNAL, "its library %.200s: %.300s", path, why);
    if (remedy[0] != '\0')
        pf_remedy(err, "%s", remedy);
    return err->status;
}

void pf_half_end(struct pf_entry *entry)
{
    struct pf_half *half = &entry->half;

    if (half->initialised && half->extension.shutdown != NULL)
        half->extension.shutdown(half->self);
    memset(half, 0, sizeof *half);
}
