/* The program pyforge: the command line with the process's own streams and signals. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

static bool write_out(void *user, const char *bytes, size_t size)
{
    int *error = user;

    errno = 0;
    if (fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0)
        return true;
    *error = errno;
    return false;
}

static bool write_err(void *user, const char *bytes, size_t size)
{
    (void)user;
    return fwrite(bytes, 1, size, stderr) == size;
}

/* Characters in a line of the terminal, 0 = it is none. */
static int width_of(int descriptor)
{
    struct winsize size;

    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Help is as wide as COLUMNS says, if it does. */
static int out_width(void)
{
    const char *columns = getenv("COLUMNS");
    long width = columns != NULL ? strtol(columns, NULL, 10) : 0;

    return width > 0 && width < 10000 ? (int)width : width_of(STDOUT_FILENO);
}

/* A descriptor that is closed would be given to the next file that is opened, and messages would go into it. What takes its place cannot
 * be used, so that an output nobody gets is an error. */
static void open_missing_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _Exit(CLI_FAILED);
    }
}

int main(int argc, char **argv)
{
    int error = 0, code;
    struct pf_cli_host host = { .user = &error, .write_out = write_out, .write_err = write_err, .handles_signals = true };

    open_missing_streams();
    host.out_is_terminal = isatty(STDOUT_FILENO) != 0;
    host.err_is_terminal = isatty(STDERR_FILENO) != 0;
    host.out_width = out_width();
    host.err_width = width_of(STDERR_FILENO);
    code = pf_cli_main(argc, argv, &host);
    if (error == EPIPE)
        return CLI_PIPE_CLOSED;
    if (error != 0)
        fprintf(stderr, "pyforge: error: cannot write to standard output: %s\n", strerror(error));
    return code;
}
