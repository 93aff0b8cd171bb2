#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "cli/cli.h"

enum { SIGNALS = 3 };
static const int numbers[SIGNALS] = { SIGINT, SIGTERM, SIGHUP };

/* A signal handler is given nothing but the signal's number: what it works on has to be static. */
static _Atomic(struct pf_context *) running;
static volatile sig_atomic_t caught;
static struct sigaction before[SIGNALS];
static bool handled[SIGNALS];

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

void cli_signals_begin(struct pf_context *ctx)
{
    struct sigaction ours;

    memset(&ours, 0, sizeof ours);
    ours.sa_handler = on_signal;
    (void)sigemptyset(&ours.sa_mask);
    caught = 0;
    atomic_store(&running, ctx);
    for (int i = 0; i < SIGNALS; i++) {
        /* A signal that the caller had ignored (nohup, a script's background job) stays so. */
        handled[i] = sigaction(numbers[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN &&
                     sigaction(numbers[i], &ours, NULL) == 0;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* write() tells that the file would be too large */
}

void cli_signals_end(void)
{
    for (int i = 0; i < SIGNALS; i++) {
        if (handled[i])
            (void)sigaction(numbers[i], &before[i], NULL);
    }
    atomic_store(&running, NULL);
}

int cli_signal_caught(void)
{
    return caught;
}
