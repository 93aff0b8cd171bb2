/* Whose a temporary file is, told by its name alone: file systems that are mounted from elsewhere have no locks. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "pyforge/extension.h"

struct owner {
    unsigned long long host, pid, start; /* clock ticks since boot; 0 = not known */
    unsigned long long unique;
};

static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return hash;
}

/* The first bytes of a small file; "" = it cannot be read. */
static void read_text(const char *path, char *to, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd >= 0 ? read(fd, to, size - 1) : 0;

    to[count > 0 ? count : 0] = '\0';
    if (fd >= 0)
        (void)close(fd);
}

/* A process number means something within a machine that was started once and, there, a namespace of processes. The first namespace of
 * every machine has one and the same name, and machines are called alike. 0 = it cannot be told. */
static uint32_t host_mark(void)
{
    char space[64], boot[64];
    struct utsname system;
    ssize_t size = readlink("/proc/self/ns/pid", space, sizeof space - 1);

    space[size > 0 ? size : 0] = '\0';
    read_text("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    if (space[0] == '\0' || boot[0] == '\0')
        return 0;
    return hash_text(hash_text(hash_text(2166136261u, uname(&system) == 0 ? system.nodename : ""), space), boot);
}

/* When a process started; 0 = there is none, or it cannot be told. *ended: it waits for its parent to ask what became of it. */
static unsigned long long start_of(long pid, bool *ended)
{
    char path[64], text[1024];
    const char *at;

    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    read_text(path, text, sizeof text);
    /* the name of the program, in brackets, may hold anything; the state follows it, and nineteen fields later the one looked for */
    at = strrchr(text, ')');
    *ended = at != NULL && at[1] == ' ' && (at[2] == 'Z' || at[2] == 'X');
    for (int field = 0; at != NULL && field < 20; field++)
        at = strchr(at + 1, ' ');
    return at != NULL ? strtoull(at + 1, NULL, 10) : 0;
}

void pf_owner_name(char to[PF_OWNER_BYTES])
{
    const long pid = (long)getpid();
    uint32_t unique;
    bool ended;

    if (getrandom(&unique, sizeof unique, 0) != (ssize_t)sizeof unique)
        unique = (uint32_t)clock();
    (void)snprintf(to, PF_OWNER_BYTES, "%08x-%ld-%llu-%08x", host_mark(), pid, start_of(pid, &ended), unique);
}

/* Reads the hexadecimal or decimal number at *at, which ends before the character end. */
static bool take_number(const char **at, int base, char end, unsigned long long *out)
{
    char *after;

    if (!((**at >= '0' && **at <= '9') || (base == 16 && **at >= 'a' && **at <= 'f')))
        return false;
    errno = 0;
    *out = strtoull(*at, &after, base);
    if (errno != 0 || *after != end)
        return false;
    *at = after + (end != '\0' ? 1 : 0);
    return true;
}

static bool parse(const char *name, size_t size, struct owner *out)
{
    char text[PF_OWNER_BYTES];
    const char *at = text;

    if (size >= sizeof text || memchr(name, '\0', size) != NULL)
        return false;
    memcpy(text, name, size);
    text[size] = '\0';
    return take_number(&at, 16, '-', &out->host) && take_number(&at, 10, '-', &out->pid) &&
           take_number(&at, 10, '-', &out->start) && take_number(&at, 16, '\0', &out->unique) && out->pid != 0 &&
           out->pid <= INT32_MAX;
}

enum pf_owner pf_owner_of(const char *name, size_t size)
{
    const uint32_t here = host_mark();
    unsigned long long start;
    struct owner owner;
    bool ended;

    if (!parse(name, size, &owner))
        return PF_OWNER_NONE;
    if (here == 0 || owner.host != here)
        return PF_OWNER_ELSEWHERE;
    if (kill((pid_t)owner.pid, 0) != 0 && errno == ESRCH)
        return PF_OWNER_GONE;
    /* there is such a process: a start that may not be seen (hidepid) is no proof of another */
    start = start_of((long)owner.pid, &ended);
    return ended || (owner.start != 0 && start != 0 && start != owner.start) ? PF_OWNER_GONE : PF_OWNER_LIVES;
}
