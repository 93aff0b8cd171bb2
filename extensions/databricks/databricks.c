/* Databricks for PyForge: where the process runs, the volumes of Unity Catalog, and what is missing to use them. The guide is
 * docs/databricks.md; why it is as it is, docs/design/databricks.md. */
#include "databricks.h"
#include "mount.h"

static enum pf_status initialise(const struct pf_host *host, struct pf_registration *to, void **self, struct pf_error *err)
{
    struct pf_scheme_addition scheme;
    struct mount *mount = mount_new(host);

    if (mount == NULL)
        return mount_fail_memory(host, err);
    mount_scheme(mount, &scheme);
    if (host->add_scheme(to, &scheme, err) == PF_OK && commands_add(host, to, err) == PF_OK) {
        *self = mount;
        return PF_OK;
    }
    mount_free(mount);
    return err->status;
}

static void shut_down(void *self)
{
    mount_free(self);
}

static const struct pf_extension extension = {
    .size = sizeof extension,
    .abi = PF_EXTENSION_ABI,
    .name = "databricks",
    .version = PF_VERSION,
    .description = "Databricks Unity Catalog and Spark integration",
    .licence = "MIT",
    .initialise = initialise,
    .shutdown = shut_down,
};

/* The only thing that the library exports. */
PF_API const struct pf_extension *pf_extension_entry(const struct pf_host *host);

PF_API const struct pf_extension *pf_extension_entry(const struct pf_host *host)
{
    (void)host;
    return &extension;
}
