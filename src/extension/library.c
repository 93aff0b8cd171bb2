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
    struct pf_file_facts facts;

    if (!pf_file_look(entry->library, &facts))
        return pf_fail(err, PF_NOT_FOUND, "its library %.300s is not there any more", entry->library);
    if (facts.ours && !facts.shared)
        return PF_OK;
    pf_fail(err, PF_IO, "its library %.300s may be written to by others", entry->library);
    pf_remedy(err, "chmod go-w, if it is to be trusted");
    return PF_IO;
}

enum pf_status pf_library_load(struct pf_extensions *set, struct pf_entry *entry, const struct pf_extension **out,
                               struct pf_error *err)
{
    pf_extension_entry_fn function;
    char why[300] = "";
    void *library, *address;

    if (check_file(entry, err) != PF_OK)
        return err->status;
    library = pf_library_open(entry->library, entry->loads > 0, why, sizeof why);
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
