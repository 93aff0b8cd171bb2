#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void pf_error_clear(struct pf_error *err)
{
    memset(err, 0, sizeof *err);
    err->offset = -1;
}

enum pf_status pf_fail(struct pf_error *err, enum pf_status status, const char *format, ...)
{
    va_list args;

    pf_error_clear(err);
    err->status = status;
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    pf_hide_secrets(err->message);
    return status;
}

enum pf_status pf_fail_memory(struct pf_error *err, size_t size)
{
    /* a small piece is refused when many others took the room */
    if (size >= (size_t)1 << 20)
        pf_fail(err, PF_NO_MEMORY, "out of memory: there is no room for %zu MiB more", size >> 20);
    else
        pf_fail(err, PF_NO_MEMORY, "out of memory: all that --memory allows is in use");
    pf_remedy(err, "raise --memory, or give the machine more memory");
    return PF_NO_MEMORY;
}

enum pf_status pf_fail_io(struct pf_error *err, int error_number, const char *doing, const char *path)
{
    char reason[128];

    reason[0] = '\0';
    /* The XSI form: reason is ours, so nothing is shared between threads. */
    if (strerror_r(error_number, reason, sizeof reason) != 0)
        (void)snprintf(reason, sizeof reason, "error %d", error_number);
    pf_fail(err, PF_IO, "cannot %s %s: %s", doing, path, reason);
    pf_error_source(err, path);
    if (error_number == EMFILE)
        pf_remedy(err, "raise the number of files that a process may have open (ulimit -n)");
    return PF_IO;
}

void pf_remedy(struct pf_error *err, const char *format, ...)
{
    va_list args;

    if (err->remedy[0] != '\0')
        return;
    va_start(args, format);
    (void)vsnprintf(err->remedy, sizeof err->remedy, format, args);
    va_end(args);
    pf_hide_secrets(err->remedy);
}

void pf_error_source(struct pf_error *err, const char *source)
{
    size_t length = strlen(source);
    size_t room = sizeof err->source - 1;

    if (err->source[0] != '\0')
        return;
    if (length > room && strstr(source, ":/") != NULL) { /* what a secret is, is told by what stands before it */
        memcpy(err->source, source, room);
        err->source[room] = '\0';
    } else if (length > room) {
        memcpy(err->source, "...", 3);
        memcpy(err->source + 3, source + length - (room - 3), room - 3);
        err->source[room] = '\0';
    } else {
        memcpy(err->source, source, length + 1);
    }
    pf_hide_secrets(err->source);
}

const char *pf_status_name(enum pf_status status)
{
    static const char *const names[] = {
        [PF_OK] = "PF_OK",
        [PF_END] = "PF_END",
        [PF_NO_MEMORY] = "PF_NO_MEMORY",
        [PF_IO] = "PF_IO",
        [PF_BAD_DATA] = "PF_BAD_DATA",
        [PF_UNSUPPORTED] = "PF_UNSUPPORTED",
        [PF_LIMIT] = "PF_LIMIT",
        [PF_BAD_OPTION] = "PF_BAD_OPTION",
        [PF_NOT_FOUND] = "PF_NOT_FOUND",
        [PF_EXISTS] = "PF_EXISTS",
        [PF_CANCELLED] = "PF_CANCELLED",
        [PF_REJECTED] = "PF_REJECTED",
        [PF_INTERNAL] = "PF_INTERNAL",
    };

    return (size_t)status < PF_COUNT(names) ? names[status] : "unknown status";
}
