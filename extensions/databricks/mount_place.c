/* Where a location leads, and what is said when it cannot be used. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "environment.h"
#include "grants.h"
#include "messages.h"
#include "mount.h"
#include "mount_messages.h"

enum { TEXT = 512 };

static enum pf_status refuse(const struct pf_host *host, const char *message, const char *remedy, struct pf_error *err)
{
    (void)host->fail(err, PF_UNSUPPORTED, message);
    host->remedy(err, remedy);
    return PF_UNSUPPORTED;
}

/* ---- whether there is a mount */

static enum pf_status check_volumes(const struct pf_host *host, const struct mount_place *place, const struct environment *here,
                                    struct pf_error *err)
{
    char text[TEXT + PATH_BYTES];

    if (!here->volumes.on && !here->volumes_ordinary) {
        (void)snprintf(text, sizeof text, SAY_NO_MOUNT, place->path.path, here->volumes.signal);
        return refuse(host, text, here->is_databricks ? SAY_NO_MOUNT_CLUSTER_REMEDY : SAY_NO_MOUNT_REMEDY, err);
    }
    if (place->writing && here->is_databricks && !here->volumes_keep.on) {
        (void)snprintf(text, sizeof text, SAY_OLD_RUNTIME, here->runtime_version.text);
        return refuse(host, text, SAY_OLD_RUNTIME_REMEDY, err);
    }
    return PF_OK;
}

static enum pf_status check_dbfs(const struct pf_host *host, const struct mount_place *place, const struct environment *here,
                                 struct pf_error *err)
{
    char text[TEXT + PATH_BYTES];

    if (here->dbfs.on || (!here->is_databricks && access("/dbfs", F_OK) == 0))
        return PF_OK;
    (void)snprintf(text, sizeof text, SAY_NO_DBFS, place->path.path, here->dbfs.signal);
    return refuse(host, text, SAY_NO_DBFS_REMEDY, err);
}

static enum pf_status check_mount(const struct pf_host *host, const struct mount_place *place, struct pf_error *err)
{
    struct environment here;

    if (place->path.kind == PATH_LOCAL || place->path.kind == PATH_WORKSPACE)
        return PF_OK;
    environment_look(&environment_here, &here);
    return place->path.kind == PATH_DBFS ? check_dbfs(host, place, &here, err) : check_volumes(host, place, &here, err);
}

/* Where /Volumes is a folder as any other, as on macOS, nothing below it has a catalog. */
static bool take_ordinary(const char *location, struct path *out)
{
    struct environment here;

    if (strncmp(location, "/Volumes/", strlen("/Volumes/")) != 0 || strlen(location) >= sizeof out->path)
        return false;
    environment_look(&environment_here, &here);
    if (!here.volumes_ordinary)
        return false;
    memset(out, 0, sizeof *out);
    out->kind = PATH_LOCAL;
    memcpy(out->path, location, strlen(location) + 1);
    return true;
}

enum pf_status mount_place_of(const struct pf_host *host, const char *location, bool writing, struct mount_place *out,
                              struct pf_error *err)
{
    struct path_wrong wrong;

    out->writing = writing;
    if (take_ordinary(location, &out->path))
        return PF_OK;
    if (path_parse(location, strlen(location), &out->path, &wrong) != PF_OK ||
        (writing && path_needs_volume(&out->path, &wrong) != PF_OK))
        return path_fail(host, PF_BAD_OPTION, &wrong, err);
    return writing ? check_mount(host, out, err) : PF_OK;
}

/* ---- errors */

enum pf_status mount_fail_exists(const struct pf_host *host, struct pf_error *err)
{
    (void)host->fail(err, PF_EXISTS, SAY_MOUNT_EXISTS);
    host->remedy(err, SAY_MOUNT_EXISTS_REMEDY);
    return PF_EXISTS;
}

/* Which of catalog, schema and volume is not there, or hidden from who has no right to use it; GRANTS_LEVELS = none. */
static enum grants_level missing_level(const struct path *path)
{
    char above[PATH_BYTES];
    size_t sizes[GRANTS_LEVELS];

    if (path->kind != PATH_VOLUME)
        return GRANTS_LEVELS;
    sizes[GRANTS_CATALOG] = strlen("/Volumes/") + strlen(path->catalog);
    sizes[GRANTS_SCHEMA] = sizes[GRANTS_CATALOG] + 1 + strlen(path->schema);
    sizes[GRANTS_VOLUME] = sizes[GRANTS_SCHEMA] + 1 + strlen(path->volume);
    for (int level = GRANTS_CATALOG; level < GRANTS_LEVELS; level++) {
        (void)snprintf(above, sizeof above, "%.*s", (int)sizes[level], path->path);
        if (access(above, F_OK) != 0 && errno == ENOENT)
            return (enum grants_level)level;
    }
    return GRANTS_LEVELS;
}

static enum pf_status fail_level(const struct pf_host *host, const struct mount_place *place, enum grants_level level,
                                 struct pf_error *err)
{
    static const char *const words[] = { "catalog", "schema", "volume" };
    const struct path *path = &place->path;
    char text[2 * TEXT], name[TEXT], create[GRANTS_STATEMENT], remedy[sizeof err->remedy];

    (void)snprintf(name, sizeof name, "%.140s%s%.140s%s%.140s", path->catalog, level >= GRANTS_SCHEMA ? "." : "",
                   level >= GRANTS_SCHEMA ? path->schema : "", level >= GRANTS_VOLUME ? "." : "",
                   level >= GRANTS_VOLUME ? path->volume : "");
    (void)snprintf(text, sizeof text, SAY_MOUNT_NO_LEVEL, words[level], name);
    (void)host->fail(err, PF_NOT_FOUND, text);
    /* making it brings no input, and one that is there is seen only by who may use it */
    if (place->writing && grants_creation(path, level, create, sizeof create) &&
        (size_t)snprintf(remedy, sizeof remedy, SAY_MOUNT_NO_LEVEL_REMEDY, create) < sizeof remedy) {
        host->remedy(err, remedy);
        return PF_NOT_FOUND;
    }
    grants_remedy(path, place->writing, remedy, sizeof err->remedy);
    host->remedy(err, remedy);
    return PF_NOT_FOUND;
}

static void advise(const struct pf_host *host, const struct mount_place *place, int why, struct pf_error *err)
{
    static const struct {
        int why;
        const char *remedy;
    } known[] = {
        { ENOSPC, SAY_MOUNT_SPACE_REMEDY },      { EDQUOT, SAY_MOUNT_SPACE_REMEDY }, { EISDIR, SAY_MOUNT_FOLDER_REMEDY },
        { ENOTDIR, SAY_MOUNT_FILE_REMEDY },      { ENOENT, SAY_MOUNT_PATH_REMEDY },  { ENOTEMPTY, SAY_MOUNT_FULL_REMEDY },
        { ENAMETOOLONG, SAY_MOUNT_NAME_REMEDY },
    };
    const char *remedy = place->writing ? SAY_MOUNT_FAILED_WRITING_REMEDY : SAY_MOUNT_FAILED_READING_REMEDY;
    char text[sizeof err->remedy];

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].why == why)
            remedy = known[i].remedy;
    }
    if (why == EACCES || why == EPERM || why == EROFS) {
        grants_remedy(&place->path, place->writing, text, sizeof err->remedy);
        remedy = text;
    } else if (why == EOPNOTSUPP && place->path.kind == PATH_VOLUME && path_rest(&place->path)[0] == '\0') {
        grants_make_remedy(&place->path, text, sizeof err->remedy);
        remedy = text;
    }
    host->remedy(err, remedy);
}

enum pf_status mount_fail_memory(const struct pf_host *host, struct pf_error *err)
{
    (void)host->fail(err, PF_NO_MEMORY, SAY_MOUNT_MEMORY);
    host->remedy(err, SAY_MOUNT_MEMORY_REMEDY);
    return PF_NO_MEMORY;
}

enum pf_status mount_fail_advised(const struct pf_host *host, const struct mount_place *place, int why, const char *done,
                                  const char *remedy, struct pf_error *err)
{
    enum pf_status status = why == ENOENT || why == ENOTDIR ? PF_NOT_FOUND : why == EISDIR ? PF_EXISTS : PF_IO;
    char text[TEXT];

    (void)snprintf(text, sizeof text, SAY_MOUNT_FAILED, done, strerror(why));
    (void)host->fail(err, status, text);
    if (remedy != NULL)
        host->remedy(err, remedy);
    else
        advise(host, place, why, err);
    return status;
}

enum pf_status mount_fail(const struct pf_host *host, const struct mount_place *place, int why, const char *done,
                          struct pf_error *err)
{
    enum grants_level level;

    if (why == ENOMEM)
        return mount_fail_memory(host, err);
    if (why != ENOENT)
        return mount_fail_advised(host, place, why, done, NULL, err);
    if (check_mount(host, place, err) != PF_OK)
        return err->status;
    level = missing_level(&place->path);
    if (level != GRANTS_LEVELS)
        return fail_level(host, place, level, err);
    return mount_fail_advised(host, place, why, done, NULL, err);
}
