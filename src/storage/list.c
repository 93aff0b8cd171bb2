/* The entries of a folder, of the local system or of a storage scheme. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/folder.h"
#include "storage/scheme.h"
#include "storage/storage.h"

/* A link that leads nowhere is told as a file: whoever wants it will say what is wrong. What may not be looked at is no smaller
 * set of entries: it is refused, and the other entries do not go missing for it. */
static enum pf_status tell_entry(struct pf_context *ctx, const char *folder, const char *name, pf_list_fn emit, void *user,
                                 struct pf_error *refused, struct pf_error *err)
{
    char path[PF_PATH_BYTES];
    size_t length = strlen(folder), size = strlen(name);
    bool slash = length > 0 && folder[length - 1] != '/';
    struct pf_location what = { .bytes = -1 };
    struct stat st;

    if (length + slash + size + 1 > sizeof path)
        return pf_fail_io(err, ENAMETOOLONG, "list", folder);
    memcpy(path, folder, length);
    if (slash)
        path[length] = '/';
    memcpy(path + length + slash, name, size + 1);
    if (stat(path, &st) != 0) {
        if (lstat(path, &st) == 0)
            return emit(user, path, &what, err);
        if (errno != ENOENT) /* else it is gone since */
            pf_fail_io(refused, errno, "look at", path);
        return PF_OK;
    }
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
        pf_log(ctx, PF_LOG_WARNING, "%s is left out: it is neither a file nor a folder", path);
        return PF_OK;
    }
    what.directory = S_ISDIR(st.st_mode);
    what.modified_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    if (S_ISREG(st.st_mode))
        what.bytes = st.st_size;
    return emit(user, path, &what, err);
}

static enum pf_status list_local(struct pf_context *ctx, const char *folder, pf_list_fn emit, void *user, struct pf_error *err)
{
    DIR *open = opendir(folder[0] != '\0' ? folder : ".");
    enum pf_status status = PF_OK;
    struct pf_error refused = { .status = PF_OK };
    const struct dirent *entry;

    if (open == NULL) {
        int reason = errno;
        pf_fail_io(err, reason, "list", folder);
        if (reason == ENOENT || reason == ENOTDIR)
            err->status = PF_NOT_FOUND;
        return err->status;
    }
    errno = 0;
    while (status == PF_OK && (entry = readdir(open)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = tell_entry(ctx, folder, entry->d_name, emit, user, &refused, err);
        errno = 0;
    }
    if (status == PF_OK && errno != 0)
        status = pf_fail_io(err, errno, "list", folder);
    closedir(open);
    if (status != PF_OK || refused.status == PF_OK)
        return status;
    *err = refused;
    return refused.status;
}

enum pf_status pf_location_list(struct pf_context *ctx, const char *folder, pf_list_fn emit, void *user, struct pf_error *err)
{
    const struct pf_scheme *scheme;

    if (pf_scheme_of(ctx, folder, &scheme, err) != PF_OK)
        return err->status;
    if (scheme == NULL)
        return list_local(ctx, folder, emit, user, err);
    if (scheme->calls.list != NULL) {
        pf_error_clear(err);
        return pf_foreign_answer(scheme->calls.list(scheme->self, ctx, folder, emit, user, err), folder, "listed", err);
    }
    pf_fail(err, PF_UNSUPPORTED, "the entries of a folder of the storage scheme %s cannot be listed", scheme->calls.name);
    pf_error_source(err, folder);
    pf_remedy(err, "name the files one by one");
    return PF_UNSUPPORTED;
}

bool pf_location_is_link(const char *location)
{
    char name[PF_SCHEME_NAME];
    struct stat st;

    pf_scheme_name(location, name);
    return (name[0] == '\0' || location[0] == '/') && lstat(location, &st) == 0 && S_ISLNK(st.st_mode);
}

static enum pf_status pass_over(void *user, const char *location, const struct pf_location *what, struct pf_error *err)
{
    (void)user;
    (void)location;
    (void)what;
    (void)err;
    return PF_OK;
}

enum pf_status pf_location_check_listed(struct pf_context *ctx, const char *folder, struct pf_error *err)
{
    enum pf_status status = pf_location_list(ctx, folder, pass_over, NULL, err);

    return status == PF_IO ? status : PF_OK;
}
