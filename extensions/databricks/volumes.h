/* The volumes of the mount, and what a path needs to be of use. */
#ifndef DATABRICKS_VOLUMES_H
#define DATABRICKS_VOLUMES_H

#include "grants.h"

/* Where catalogs lie as folders; tests have a folder of their own in place of /Volumes. */
#define VOLUMES_MOUNT "/Volumes"

/* One volume; or, when reason is not NULL, a catalog or schema whose folder cannot be read: what is below it is "". false ends it. */
typedef bool (*volumes_fn)(void *user, const char *catalog, const char *schema, const char *volume, const char *reason);

/* In the order of names. catalog and schema may be "": all of them. 0, or the errno with which the mount, or the catalog or schema
 * asked for, cannot be listed; ECANCELED when emit answered false. */
int volumes_walk(const struct pf_host *host, const char *mount, const char *catalog, const char *schema, volumes_fn emit,
                 void *user);

enum volumes_state {
    VOLUMES_NOT_LOOKED_AT, /* as something above it is not usable */
    VOLUMES_OK,
    VOLUMES_MISSING, /* or hidden from who has no right to see it */
    VOLUMES_REFUSED, /* a right is missing */
    VOLUMES_FAILED   /* the disk is full, the mount does not answer: no right helps */
};

enum volumes_part { VOLUMES_CATALOG, VOLUMES_SCHEMA, VOLUMES_VOLUME, VOLUMES_PATH, VOLUMES_WRITING, VOLUMES_PARTS };

struct volumes_check {
    enum volumes_state state;
    char reason[160]; /* the system's words; "" = there are none */
};

/* Looks from the catalog down to the path until something is not usable. writing: also makes a small file in the folder that the path
 * is, or would be made in, and removes it again. */
void volumes_check(const struct pf_host *host, const char *mount, const struct path *path, bool writing,
                   struct volumes_check out[VOLUMES_PARTS]);

#endif
