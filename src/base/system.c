#include "base/system.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool pf_folder_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum pf_status pf_folder_make(const char *path, bool *made, struct pf_error *err)
{
    int reason;

    *made = mkdir(path, 0777) == 0;
    if (*made)
        return PF_OK;
    reason = errno;
    /* Another process may have made it just now. */
    if (reason == EEXIST && pf_folder_exists(path))
        return PF_OK;
    pf_fail_io(err, reason == EEXIST ? ENOTDIR : reason, "create the folder", path);
    pf_remedy(err, "choose an output in a folder that may be written to");
    return err->status;
}

void pf_folder_remove(const char *path)
{
    (void)rmdir(path);
}

bool pf_stdout_is_terminal(void)
{
    return isatty(STDOUT_FILENO) != 0;
}

int64_t pf_process_id(void)
{
    return (int64_t)getpid();
}

int64_t pf_wall_clock(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
