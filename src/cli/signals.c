#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "cli/cli.h"

/* A signal handler is given nothing but the signal's number: what it works on has to be static. */
static _Atomic(struct pf_context *) running;
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    struct pf_context *ctx = atomic_load(&running);

    if (caught != 0 || ctx == NULL) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
        return;
    }
    caught = number;
    pf_context_cancel(ctx);
}

/* A signal that the caller had ignored (nohup, a script's background job) stays so. */
static void handle(int number)
{
    struct sigaction old, new;

    memset(&new, 0, sizeof new);
    new.sa_handler = on_signal;
    (void)sigemptyset(&new.sa_mask);
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        (void)sigaction(number, &new, NULL);
}

void cli_signals_begin(struct pf_context *ctx)
{
    atomic_store(&running, ctx);
    handle(SIGINT);
    handle(SIGTERM);
    (void)signal(SIGPIPE, SIG_IGN);
}

int cli_signal_caught(void)
{
    return caught;
}
