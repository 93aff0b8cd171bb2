/* Names of temporary files: whose they are. */
#include "support_unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pyforge/extension.h"

static bool everyone_lives; /* every process is there, whatever /proc shows */

/* In place of the system's. */
int kill(pid_t process, int number)
{
    return everyone_lives ? 0 : (int)syscall(SYS_kill, process, number);
}

static enum pf_owner owner_of(const char *name)
{
    return pf_owner_of(name, strlen(name));
}

/* A name of this process with another host, process or start; NULL = as it is. */
static const char *changed(const char *host, const char *process, const char *start)
{
    static char name[200];
    char mine[PF_OWNER_BYTES], *parts[4], *at = mine;

    pf_owner_name(mine);
    for (int i = 0; i < 4; i++) {
        parts[i] = at;
        at = strchr(at, '-');
        CHECK((at != NULL) == (i < 3));
        if (at != NULL)
            *at++ = '\0';
    }
    (void)snprintf(name, sizeof name, "%s-%s-%s-%s", host != NULL ? host : parts[0], process != NULL ? process : parts[1],
                   start != NULL ? start : parts[2], parts[3]);
    return name;
}

static void names_are_told_from_others(void **state)
{
    static const char *const others[] = {
        "",
        "0badc0de",
        "0badc0de-1-1",
        "0badc0de-1-1-",
        "0badc0de-1-1-00000001-2",
        "0badc0de-0-1-00000001",
        "0badc0de-4294967297-1-00000001",
        "0badc0de-1-99999999999999999999-00000001",
        "0badc0de--1-1-00000001",
        "0badc0de-1--1-00000001",
        "0badc0de-1- 1-00000001",
        "xyz-1-1-00000001",
        "0badc0de-1-1-00000001.tmp",
        "0badc0de-1-1-000000000000000000000000000000000000000000000000000000001",
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(others); i++) {
        if (owner_of(others[i]) != PF_OWNER_NONE)
            fail_msg("'%s' counts as a name", others[i]);
    }
    CHECK_INT(pf_owner_of("0badc0de-1-1-00000001\0x", 23), PF_OWNER_NONE);
    CHECK_INT(pf_owner_of("0badc0de-1-1-00000001x", 21), PF_OWNER_ELSEWHERE);
    CHECK_INT(owner_of("0badc0de-123456-18446744073709551615-ffffffff"), PF_OWNER_ELSEWHERE);
}

static void no_two_names_are_alike(void **state)
{
    char one[PF_OWNER_BYTES], two[PF_OWNER_BYTES];

    (void)state;
    pf_owner_name(one);
    pf_owner_name(two);
    CHECK(strcmp(one, two) != 0);
    CHECK_INT(owner_of(one), PF_OWNER_LIVES);
    CHECK_INT(owner_of(two), PF_OWNER_LIVES);
}

static void whose_a_name_is(void **state)
{
    static const struct {
        const char *host, *process, *start;
        enum pf_owner owner;
    } cases[] = {
        { NULL, NULL, NULL, PF_OWNER_LIVES },
        { "0badc0de", NULL, NULL, PF_OWNER_ELSEWHERE },
        { "00000000", NULL, NULL, PF_OWNER_ELSEWHERE },
        { NULL, NULL, "7", PF_OWNER_GONE }, /* the number is another process's by now */
        { NULL, NULL, "0", PF_OWNER_LIVES },
        { NULL, "4194304", NULL, PF_OWNER_GONE },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++)
        CHECK_INT(owner_of(changed(cases[i].host, cases[i].process, cases[i].start)), cases[i].owner);
}

/* Where /proc hides the processes of others (hidepid). */
static void hidden_processes_live(void **state)
{
    (void)state;
    everyone_lives = true;
    CHECK_INT(owner_of(changed(NULL, "4194304", "7")), PF_OWNER_LIVES);
    everyone_lives = false;
}

/* A killed process whose parent never asks for it keeps its number, as in containers without an init. */
static void one_that_waits_for_its_parent_is_gone(void **state)
{
    char number[24];
    siginfo_t told;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(0);
    CHECK(child > 0);
    CHECK_INT(waitid(P_PID, (id_t)child, &told, WEXITED | WNOWAIT), 0);
    (void)snprintf(number, sizeof number, "%ld", (long)child);
    CHECK_INT(owner_of(changed(NULL, number, "0")), PF_OWNER_GONE);
    CHECK_INT(waitpid(child, NULL, 0), child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_told_from_others),
        cmocka_unit_test(no_two_names_are_alike),
        cmocka_unit_test(whose_a_name_is),
        cmocka_unit_test(hidden_processes_live),
        cmocka_unit_test(one_that_waits_for_its_parent_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
