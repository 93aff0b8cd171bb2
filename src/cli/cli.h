/* The command pyforge: a thin layer over the public interface. Answers go to standard output, everything else to standard
 * error. */
#ifndef PF_CLI_CLI_H
#define PF_CLI_CLI_H

#include <stdio.h>

#include "pyforge/pyforge.h"

#define CLI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__GNUC__)
#define CLI_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define CLI_PRINTF(format_at, first_at)
#endif

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_REFUSED = 4, CLI_PIPE_CLOSED = 141, CLI_GO_ON = -1 };

enum cli_progress_choice { CLI_PROGRESS_AUTO, CLI_PROGRESS_NEVER };
enum cli_info_format { CLI_INFO_TABLE, CLI_INFO_JSON };

/* Options that are the command line's own; the others are the library's. */
struct cli_options {
    bool help, version, verbose, quiet;
    bool json, explain;
    int progress;    /* enum cli_progress_choice */
    int info_format; /* enum cli_info_format */
};

struct cli;

/* Name and meaning of an argument. Lists end with NULL. */
struct cli_argument {
    const char *name, *help;
};

struct cli_command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *summary;
    const char *description;
    const struct cli_argument *arguments;
    int least, most;                 /* arguments */
    bool converts;                   /* takes the options of a conversion */
    const char *const *shared;       /* of these only those named are shown in help; NULL = all */
    const struct pf_option *options; /* its own, in struct cli_options */
    const char *const *examples;     /* ends with NULL */
    int (*run)(struct cli *cli);     /* gives the exit code */
};

struct cli {
    const struct cli_command *command;
    struct cli_options options;
    struct pf_context *ctx;
    struct pf_request *request; /* NULL when the command takes no conversion options */
    char **arguments;           /* those that are no options, at the front of argv */
    int argument_count;
};

extern const struct pf_option cli_common_options[];
/* Ends with a command without a name. */
extern const struct cli_command cli_commands[];

const struct cli_command *cli_command_find(const char *name);

/* ---- commands.c, convert.c, inspect.c, tables.c, help.c: one function a command */
int cli_convert(struct cli *cli);
int cli_info(struct cli *cli);
int cli_validate(struct cli *cli);
int cli_formats(struct cli *cli);
int cli_options_command(struct cli *cli);
int cli_help(struct cli *cli);
int cli_not_here(struct cli *cli);

/* ---- arguments.c */
/* Takes options and arguments after the command's name. CLI_GO_ON, or the exit code after a message. */
int cli_parse(struct cli *cli, int count, char **words);
/* Whether word is an option (and not an argument, "-" being one). */
bool cli_is_option(const char *word);
/* Sets the cli's own option from a word such as "-v" or "--quiet"; false = it is not one of the table. */
bool cli_set_common(struct cli_options *options, const char *word);

/* ---- help.c */
void cli_help_main(FILE *to);
void cli_help_command(FILE *to, struct pf_context *ctx, const struct cli_command *command);

/* ---- messages.c */
/* Text with control characters made visible, so that a file name cannot steer the terminal. */
void cli_put(FILE *to, const char *text);
/* The same for a text of lines. */
void cli_put_lines(FILE *to, char *text);
void cli_error(const struct pf_error *err);
/* A mistake in the command line; says how to get help. Gives CLI_USAGE. */
int cli_usage_error(const char *command, const char *hint, const char *format, ...) CLI_PRINTF(3, 4);
void cli_note(const char *text);
/* Prints what the library logs from this level on. */
void cli_log_to_stderr(struct pf_context *ctx, enum pf_log_level from);
/* The exit code, after standard output has been flushed: a closed pipe or a full disk is found out here. */
int cli_close_stdout(int code);

/* ---- progress.c */
struct cli_progress {
    bool shown;
    double last; /* when it was drawn, in seconds of the conversion */
};
/* Draws a bar on standard error while the conversion runs, if that is a terminal. */
void cli_progress_begin(struct cli_progress *progress, struct cli *cli);
void cli_progress_end(struct cli_progress *progress, struct cli *cli);

/* ---- signals.c */
/* From now on SIGINT and SIGTERM cancel what ctx does; a second one ends the process at once. SIGPIPE is ignored. */
void cli_signals_begin(struct pf_context *ctx);
/* The signal that arrived, or 0. */
int cli_signal_caught(void);

#endif
