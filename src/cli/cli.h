/* The command pyforge: a thin layer over the public interface. Answers go to the host's standard output, everything else to its
 * standard error; nothing here writes by itself. */
#ifndef PF_CLI_CLI_H
#define PF_CLI_CLI_H

#include <stdio.h>

#include "pyforge/command.h"
#include "pyforge/extension.h"

#define CLI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__GNUC__)
#define CLI_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define CLI_PRINTF(format_at, first_at)
#endif

enum {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_PARTLY = 3,
    CLI_REFUSED = 4,
    CLI_UNTOLD = 5,
    CLI_PIPE_CLOSED = 141,
    CLI_GO_ON = -1
};

enum cli_progress_choice { CLI_PROGRESS_AUTO, CLI_PROGRESS_NEVER };
enum cli_info_format { CLI_INFO_TABLE, CLI_INFO_JSON };

/* Options that are the command line's own; the others are the library's. */
struct cli_options {
    bool help, version, verbose, quiet, log_json, no_extensions, list_extensions;
    bool json, explain, preview, recursive;
    int64_t jobs;    /* of several files; 0 = as many as there are threads */
    int progress;    /* enum cli_progress_choice */
    int info_format; /* enum cli_info_format */
    struct {
        const char *text;
        int64_t number;
        bool flag;
    } unused; /* of commands that are not in this version */
};

struct cli;

/* Name and meaning of an argument. Lists end with NULL. */
struct cli_argument {
    const char *name, *help;
};

/* One of the host's two ways out. */
struct cli_output {
    bool (*write)(void *user, const char *bytes, size_t size);
    void *user;
    struct cli_output *before; /* flushed first; NULL = none. What has it is flushed at every line's end. */
    bool failed;               /* the host could not write */
    size_t used;
    char buffer[4096];
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
    const struct cli_command *parts; /* the commands of a group, which has no run of its own; NULL = it is none */
    const char *instead;             /* what to do, where the command is not in this version */
};

struct cli {
    const struct pf_cli_host *host;
    struct cli_output out, err;
    const struct cli_command *command; /* NULL before its name was read */
    struct cli_options options;
    struct pf_context *ctx;
    struct pf_request *request;       /* NULL when the command takes no conversion options */
    struct pf_extensions *extensions; /* NULL = none, or not looked for yet */
    bool own_extensions;
    char **arguments; /* those that are no options, at the front of argv */
    int argument_count;
    int interrupted; /* the signal for which the host ends the command; 0 = none */
};

extern const struct pf_option cli_common_options[];
/* Ends with a command without a name. */
extern const struct cli_command cli_commands[];

extern const struct cli_command cli_install_parts[];
extern const struct cli_command cli_mdf_parts[];

const struct cli_command *cli_command_find(const char *name);

/* ---- commands.c, convert.c, inspect.c, tables.c, help.c: one function a command */
int cli_convert(struct cli *cli);
/* From here on the log is shown without warnings, which results hold. */
void cli_convert_log(struct cli *cli);
/* bulk.c: whether the arguments of convert name several files, and converting them. */
bool cli_is_bulk(const struct cli *cli);
int cli_convert_bulk(struct cli *cli);
int cli_info(struct cli *cli);
int cli_validate(struct cli *cli);
int cli_formats(struct cli *cli);
int cli_options_command(struct cli *cli);
int cli_config(struct cli *cli);
int cli_help(struct cli *cli);
int cli_extensions(struct cli *cli);
int cli_list_extensions(struct cli *cli);
int cli_not_here(struct cli *cli);

/* ---- preview.c */
/* --preview-schema: shows what the conversion of one input would make, and asks on a terminal. CLI_GO_ON, or the exit code. */
int cli_preview(struct cli *cli);

/* ---- groups.c */
/* The command of a group that words[0] names; none = help. */
int cli_run_group(struct cli *cli, int count, char **words);
void cli_help_group(struct cli *cli, const struct cli_command *group);

/* ---- arguments.c */
/* Takes options and arguments after the command's name. CLI_GO_ON, or the exit code after a message. */
int cli_parse(struct cli *cli, int count, char **words);
/* Whether word is an option (and not an argument, "-" being one). */
bool cli_is_option(const char *word);
/* Sets the cli's own option from a word such as "-v" or "--quiet"; false = it is not one of the table. */
bool cli_set_common(struct cli_options *options, const char *word);

/* ---- help.c */
void cli_help_main(struct cli *cli);
void cli_help_command(struct cli *cli, const struct cli_command *command);

/* ---- extensions.c */
/* Finds extensions, unless they are not wanted. false = out of memory. */
bool cli_extensions_begin(struct cli *cli);
void cli_extensions_end(struct cli *cli);
/* Loads those whose additions have what in them ("format "), or are not known; NULL = all. */
void cli_extensions_load(struct cli *cli, const char *what);
/* --list-extensions */
int cli_extension_lines(struct cli *cli);
/* Whether an extension has a command of this name; runs it, words[0] being the name. */
bool cli_extension_command(struct cli *cli, const char *name);
int cli_run_extension_command(struct cli *cli, int count, char **words);
void cli_help_extension_commands(struct cli *cli);
void cli_help_extension_options(struct cli *cli);
/* Whether an option stands among the words, before "--". */
bool cli_words_have(int count, char **words, const char *option);

/* ---- output.c */
void cli_write(struct cli_output *to, const char *text);
/* For short pieces: what is longer than 1 KiB is cut off. */
void cli_print(struct cli_output *to, const char *format, ...) CLI_PRINTF(2, 3);
/* Text with control characters made visible, so that a file name cannot steer the terminal. */
void cli_put(struct cli_output *to, const char *text);
void cli_put_part(struct cli_output *to, const char *text, size_t size);
/* The same for a text of lines. */
void cli_put_lines(struct cli_output *to, char *text);
void cli_flush(struct cli_output *to);

/* ---- messages.c */
void cli_error(struct cli *cli, const struct pf_error *err);
/* A mistake in the command line; hint NULL or "" = how to get help. Gives CLI_USAGE. */
int cli_usage_error(struct cli *cli, const char *hint, const char *format, ...) CLI_PRINTF(3, 4);
/* One message of this level: as a line, or with --log-json as a record. */
void cli_message(struct cli *cli, enum pf_log_level level, const char *text);
/* What a conversion did, whose further lines begin with two blanks: a name with a line break in it makes no line. */
void cli_summary(struct cli *cli, const char *text);
void cli_note(struct cli *cli, const char *text);
/* What was asked for: JSON on one line, or a text of lines, which is changed. */
void cli_answer(struct cli *cli, bool json, char *text);
/* Prints what the library logs from this level on. */
void cli_show_log(struct cli *cli, enum pf_log_level from);

/* Where messages begin: as --quiet and --verbose say, else as the settings do. */
enum pf_log_level cli_log_from(const struct cli *cli);

/* ---- record.c */
/* Text as JSON, with quotes. */
void cli_json_text(struct cli_output *to, const char *text);
/* One JSON object on a line of standard error; err NULL = the message is all there is. */
void cli_record(struct cli *cli, enum pf_log_level level, const char *message, const struct pf_error *err);

/* ---- progress.c */
struct cli_progress {
    struct cli *cli;
    bool drawn; /* may be drawn at all */
    bool shown;
    double begun, last; /* on the clock: of the work, and when it was drawn */
};
/* While the conversion runs: draws a bar if messages go to a terminal, and asks the host whether to go on. */
void cli_progress_begin(struct cli_progress *progress, struct cli *cli);
/* Takes the bar away, for a message; it comes back with the next progress. */
void cli_progress_clear(struct cli_progress *progress);
void cli_progress_end(struct cli_progress *progress);

/* ---- signals.c */
/* SIGINT, SIGTERM and SIGHUP cancel what ctx does until _end; a second one ends the process at once. SIGPIPE is ignored. */
void cli_signals_begin(struct pf_context *ctx);
/* Handlers are as they were before. */
void cli_signals_end(void);
/* The signal that arrived, or 0. */
int cli_signal_caught(void);
/* The signal for which the command has to end, whoever told of it, or 0. */
int cli_interrupted(const struct cli *cli);

#endif
