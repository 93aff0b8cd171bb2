/* The grammar of paths, and what has to be granted for one.
 *
 *   /Volumes/CATALOG/SCHEMA/VOLUME/...   dbfs:/Volumes/... and /dbfs/Volumes/... are the same
 *   /dbfs/...                            dbfs:/... is the same
 *   /Workspace/...
 *   anything else                        a local path; file:/... is the same
 *
 * Only the text is looked at; what there is tells environment.h. */
#ifndef DATABRICKS_PATH_H
#define DATABRICKS_PATH_H

#include "pyforge/extension.h"

enum {
    PATH_BYTES = 4096,
    PATH_NAME = 1024, /* of a catalog, schema or volume: 255 characters */
    PATH_WHY = 500
};

enum path_kind {
    PATH_LOCAL,
    PATH_ABOVE_VOLUME, /* /Volumes, a catalog or a schema in it: no place for files */
    PATH_VOLUME,       /* a volume, or in one */
    PATH_DBFS,
    PATH_WORKSPACE
};

/* A part of a path that can be wrong. */
enum path_part { PATH_PART_NONE, PATH_PART_SCHEME, PATH_PART_CATALOG, PATH_PART_SCHEMA, PATH_PART_VOLUME, PATH_PART_REST };

struct path {
    enum path_kind kind;
    /* As a process sees it. Without empty parts, "." and "..", and without a slash at the end, unless the kind is PATH_LOCAL: a
     * local path stays as it was written. Parsing it gives the same path again. */
    char path[PATH_BYTES];
    char catalog[PATH_NAME], schema[PATH_NAME], volume[PATH_NAME]; /* "" = not in it */
    size_t
        fixed; /* so many bytes of path are no folders of the user's: the mount, catalog, schema and volume; 0 for PATH_LOCAL */
};

struct path_wrong {
    enum path_part part;
    char message[PATH_WHY]; /* one line: which part is wrong, and what was expected */
    char remedy[256];       /* one line: what to do */
};

/* PF_BAD_OPTION with wrong filled; out is then not to be used. text may hold any bytes. */
enum pf_status path_parse(const char *text, size_t size, struct path *out, struct path_wrong *wrong);
/* PF_BAD_OPTION when it is above a volume: which of catalog, schema and volume is missing. */
enum pf_status path_needs_volume(const struct path *path, struct path_wrong *wrong);
/* wrong as an error of the host's. Gives status. */
enum pf_status path_fail(const struct pf_host *host, enum pf_status status, const struct path_wrong *wrong,
                         struct pf_error *err);

/* What comes after fixed, without a slash in front; "" at the volume itself. */
const char *path_rest(const struct path *path);

/* `name`, with backticks in it doubled. Gives the bytes needed, without the NUL; to is cut and ended when size is less. */
size_t path_quote(const char *name, char *to, size_t size);

#endif
