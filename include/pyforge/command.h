/* The command line as a function, for programs that offer the command pyforge from inside themselves: a console script of
 * another language, a notebook. Its library is libpyforge_cli; it writes messages and answers nowhere but through the host. Data
 * that the command line sends to "-" goes from descriptor 0 and to descriptor 1, and is not seen by the host. */
#ifndef PYFORGE_COMMAND_H
#define PYFORGE_COMMAND_H

#include "pyforge/pyforge.h"

struct pf_extensions; /* pyforge/extension.h */

#ifdef __cplusplus
extern "C" {
#endif

/* What the command asks of the program around it. Functions are called on the thread that called pf_cli_main; bytes are whole
 * lines or pieces of them, UTF-8 where the names of files and columns are. */
struct pf_cli_host {
    void *user;
    /* Answers and messages. false = what was given cannot be written, and nothing more will be. */
    bool (*write_out)(void *user, const char *bytes, size_t size);
    bool (*write_err)(void *user, const char *bytes, size_t size);
    bool out_is_terminal, err_is_terminal; /* a terminal gets a progress bar */
    int out_width, err_width;              /* characters in a line; 0 = not known */
    /* May handlers of SIGINT and SIGTERM be installed while a command runs? They are put back afterwards. SIGPIPE is then
     * ignored, and stays so. Only one thread at a time may run commands with them. */
    bool handles_signals;
    /* Asked between blocks of a running conversion: 0 = go on; else the number of the signal for which it shall end (2 for
     * Ctrl-C). NULL = never. */
    int (*interrupted)(void *user);
    /* The extensions there are; NULL = native ones, which the command line looks for by itself. */
    struct pf_extensions *extensions;
};

/* Carries out a command line; argv[0] is not looked at, and the order of the words of argv is changed. Gives the exit code. */
PF_API int pf_cli_main(int argc, char **argv, const struct pf_cli_host *host);

#ifdef __cplusplus
}
#endif

#endif
